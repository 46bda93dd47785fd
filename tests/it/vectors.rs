//! The golden files are what is generated, byte for byte, and the shipped verifier finds of each what the
//! manifest says.

use hefu_tests::vectors::{generate, Expect};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// The data files below the folder: all but the generator.
fn files_below(folder: &Path, at: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    let entries = fs::read_dir(folder).expect("the folder of the golden files can be listed");
    for entry in entries {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = format!("{at}{}", name.expect("a name in ASCII"));
        if path.is_dir() {
            files_below(&path, &format!("{name}/"), found);
        } else if !name.ends_with(".rs") {
            found.insert(name, fs::read(&path).expect("a golden file can be read"));
        }
    }
}

#[test]
fn the_golden_files_are_what_is_generated_and_hold_or_not_as_the_manifest_says() {
    // `generate` checks each case with the shipped verifier.
    let made = generate();
    if std::env::var_os("HEFU_WRITE_VECTORS").is_some() {
        for part in ["good", "bad", "networks"] {
            let part = folder().join(part);
            if part.exists() {
                fs::remove_dir_all(&part).expect("the old files can be removed");
            }
            fs::create_dir_all(&part).expect("a folder can be made");
        }
        for (path, bytes) in &made.files {
            fs::write(folder().join(path), bytes).expect("a golden file can be written");
        }
    }
    let mut found = BTreeMap::new();
    files_below(&folder(), "", &mut found);
    for (path, bytes) in &made.files {
        let same = found.remove(path).is_some_and(|found| found == *bytes);
        assert!(
            same,
            "{path} is missing or differs from what is generated: if the format was to change, run this \
             test with HEFU_WRITE_VECTORS=1 in its environment and say in CHANGELOG.md why"
        );
    }
    let left: Vec<&String> = found.keys().collect();
    assert!(left.is_empty(), "nothing generates {left:?}");
    let good = made
        .cases
        .iter()
        .filter(|case| matches!(case.expect, Expect::Accept(_)));
    let (good, all) = (good.count(), made.cases.len());
    println!("{good} good and {} bad golden files", all - good);
    assert!(good >= 40 && all - good >= 120, "{good} good of {all}");
}
