//! Chinese invoices, bills, tickets and licences.

use std::fs;

use hefu_formats::{read, Reading};
use serde_json::Value;

use crate::corpus::{corpus, minor_units};

#[test]
fn zz_print() {
    let Some(corpus) = corpus() else { return };
    for file in [
        "invoices/ofd-china/ofdrw-converter/src/test/resources/999.ofd",
        "invoices/ofd-china/ofdrw-converter/src/test/resources/draw_param_ref.ofd",
        "invoices/ofd-china/ofdrw-converter/src/test/resources/fapiao-example.ofd",
        "invoices/ofd-china/ofdrw-layout/src/test/resources/fptpl.ofd",
        "invoices/ofd-china/ofdrw-sign/src/test/resources/v4signed.ofd",
        "certificates/elicence-china-ofd/ofdrw-converter/src/test/resources/zsbk.ofd",
        "certificates/elicence-china-ofd/ofdrw-converter/src/test/resources/testImageNotFound.ofd",
    ] {
        println!("===== {file}");
        let bytes = fs::read(corpus.join(file)).unwrap();
        let start = std::time::Instant::now();
        match read(&bytes) {
            Ok(reading) => {
                println!("{} {:?}", reading.format, start.elapsed());
                for document in reading.documents {
                    println!(
                        "{:?} {:?} {:?}",
                        document.profile, document.identity, document.missing
                    );
                    for fact in document.facts {
                        println!(
                            "  {}={} [{}] {}",
                            fact.name, fact.value, fact.written, fact.place
                        );
                    }
                    println!("  doubts {:#?}", document.doubts);
                }
            }
            Err(error) => println!("ERR {error}"),
        }
    }
}
