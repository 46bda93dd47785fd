//! Chinese invoices, bills, tickets and licences.

use std::fs;

use hefu_formats::{read, Format, Reading};
use serde_json::Value;

use crate::chinese_samples::{ofd, values, xml, With, DOCUMENTS};
use crate::corpus::{corpus, minor_units};

/// The facts that `values.json` gives a document, as far as a reading has them.
fn check_facts(document: &str, reading: &Reading, rendition: &str) {
    let expected = values(document);
    let stated = &reading.documents[0];
    let context = format!("{document} as {rendition}: {stated:#?}");
    assert_eq!(reading.documents.len(), 1, "{context}");
    assert!(
        stated.missing.is_empty() && stated.doubts.is_empty(),
        "{context}"
    );
    let identity = stated.identity.clone().unwrap();
    assert_eq!(
        stated.profile.name(),
        expected["identity"]["profile"],
        "{context}"
    );
    assert_eq!(
        identity.legal_issuer, expected["identity"]["legal_issuer"],
        "{context}"
    );
    assert_eq!(identity.series, expected["identity"]["series"], "{context}");
    assert_eq!(identity.number, expected["identity"]["number"], "{context}");
    for (name, value) in expected["facts"].as_object().unwrap() {
        let fact = stated.fact(name).map(|fact| fact.value.as_str());
        assert_eq!(fact, value.as_str(), "{name} of {context}");
    }
    // The legal number fits its profile, check characters included.
    stated.profile.normalise(&identity).unwrap();
}

#[test]
fn xml_and_ofd_and_the_face_alone_give_one_document() {
    for document in DOCUMENTS {
        if let Some(xml) = xml(document) {
            let reading = read(xml.as_bytes()).unwrap();
            assert_eq!(reading.format, Format::ChineseXml);
            check_facts(document, &reading, "XML");
        }
        let reading = read(&ofd(document, With::Data)).unwrap();
        let has_xml = xml(document).is_some();
        assert_eq!(reading.format == Format::Ofd, !has_xml, "{document}");
        check_facts(document, &reading, "OFD");
        let reading = read(&ofd(document, With::FaceAlone)).unwrap();
        assert_eq!(reading.format, Format::Ofd);
        check_facts(document, &reading, "page of an OFD");
    }
}

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
