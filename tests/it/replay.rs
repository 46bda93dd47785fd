//! What fuzzing found is tried again in every run of the tests: all inputs under `fuzz/corpus`, through
//! the very functions that the fuzzer calls.

#[path = "../../fuzz/targets/engine.rs"]
mod engine;
#[path = "../../fuzz/targets/mod.rs"]
mod targets;

/// The targets name it by the crate that includes them.
pub(crate) use hefu_node::gossip::Message;

use std::collections::BTreeMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;

/// The folder with one folder for each target, in which are its inputs.
fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

fn inputs(target: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = corpus().join(target);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let inputs = entries.map(|entry| {
        let entry = entry.expect("a listed file");
        let bytes = std::fs::read(entry.path()).expect("a file that can be read");
        (entry.file_name().to_string_lossy().into_owned(), bytes)
    });
    inputs.collect()
}

#[test]
fn what_fuzzing_found_stays_mended() {
    let targets: Vec<targets::Target> = [targets::TARGETS, engine::TARGETS].concat();
    let (mut replayed, mut failed) = (0, Vec::new());
    for (name, target) in &targets {
        let inputs = inputs(name);
        assert!(!inputs.is_empty(), "no input of {name} is replayed");
        for (input, bytes) in &inputs {
            if catch_unwind(AssertUnwindSafe(|| target(bytes))).is_err() {
                failed.push(format!("fuzz/corpus/{name}/{input}"));
            }
            replayed += 1;
        }
    }
    assert!(failed.is_empty(), "failed again: {failed:#?}");
    println!("{replayed} inputs of {} targets replayed", targets.len());
    // Every folder is of a target: a renamed target does not lose its inputs silently.
    let names: Vec<&str> = targets.iter().map(|(name, _)| *name).collect();
    for folder in std::fs::read_dir(corpus()).expect("the corpus") {
        let folder = folder.expect("a listed folder").file_name();
        let folder = folder.to_string_lossy();
        assert!(
            names.contains(&&*folder),
            "fuzz/corpus/{folder} is of no target"
        );
    }
}
