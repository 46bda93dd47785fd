//! Golden files: proofs of every kind, good and bad, the same bytes at every run.
//!
//! `tests/vectors/manifest.json` lists them; [`manifest`] says what stands in it. The networks are those of
//! [`world`], the good files are what a node serves of them ([`good`]), the bad ones are made of the good
//! ones ([`bad`]). [`native`] checks a case with the verifier that ships. `tests/it/vectors.rs` compares the
//! files with what is generated; with `HEFU_WRITE_VECTORS=1` in its environment it writes them.

pub mod bad;
mod bad_bytes;
mod bad_log;
mod bad_receipts;
pub mod good;
pub mod manifest;
pub mod native;
pub mod parties;
pub mod world;

pub use manifest::{Ask, Case, Expect, Kind};

use hefu_types::genesis::Network;
use hefu_wire::file::NetworkFile;
use std::collections::BTreeMap;

/// All files by their path below `tests/vectors`, and the cases that the manifest lists.
pub struct Vectors {
    /// Path and bytes.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The cases, good ones first.
    pub cases: Vec<Case>,
    /// The networks by name.
    pub networks: BTreeMap<&'static str, Network>,
}

/// Makes all of them.
///
/// # Panics
///
/// If the shipped verifier finds something else of a case than was written down for it.
pub fn generate() -> Vectors {
    let good = good::Good::new();
    let mut cases = good.cases.clone();
    cases.extend(bad::cases(&good));
    let mut files = BTreeMap::new();
    for (name, network) in &good.networks {
        let file = NetworkFile {
            genesis: network.genesis().clone(),
            digest: network.digest(),
            nodes: Vec::new(),
        };
        let mut json = serde_json::to_vec_pretty(&file).expect("a genesis is JSON");
        json.push(b'\n');
        files.insert(manifest::network_path(name), json);
    }
    let mut wrong = Vec::new();
    for case in &mut cases {
        let found = native::check(&good.networks[case.network], case);
        match (&mut case.expect, found) {
            (Expect::Accept(proves), Ok(found)) => *proves = found,
            (Expect::Refuse(reason), Err(found)) if *reason == found => {}
            (expected, found) => {
                wrong.push(format!(
                    "{}: expected {expected:?}, found {found:?}",
                    case.name
                ));
            }
        }
        let before = files.insert(case.path(), case.bytes.clone());
        assert_eq!(before, None, "{} stands twice", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    files.insert("manifest.json".to_owned(), manifest::bytes_of(&cases));
    Vectors {
        files,
        cases,
        networks: good.networks,
    }
}
