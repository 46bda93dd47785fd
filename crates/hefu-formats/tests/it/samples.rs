//! The Chinese samples that the project ships are what the generators here make, so that whoever
//! changes the values changes the files. `HEFU_WRITE_SAMPLES=1 cargo test -p hefu-formats samples`
//! writes them anew.

use std::path::Path;

use crate::chinese_pdf::{pdf, sheet, Lettering};
use crate::chinese_samples::{ofd, xml, With, DOCUMENTS};

#[test]
fn the_chinese_samples_are_what_is_made_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/chinese");
    let is_asked = std::env::var_os("HEFU_WRITE_SAMPLES").is_some();
    for document in DOCUMENTS {
        let files = [
            Some(("ofd", ofd(document, With::Data))),
            Some(("pdf", pdf(&[sheet(document)], Lettering::Subset))),
            xml(document).map(|xml| ("xml", xml.into_bytes())),
        ];
        for (ending, made) in files.into_iter().flatten() {
            let path = folder.join(format!("{document}.{ending}"));
            if is_asked {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &made).unwrap();
            }
            let kept = std::fs::read(&path).unwrap();
            assert!(kept == made, "{} is of other values", path.display());
        }
    }
}
