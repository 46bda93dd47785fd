//! The good files: what nodes serve, at heights that one after another changes.

use super::collect::Cases;
use super::documents::Document;
use super::four::four;
use super::manifest::{Case, Kind};
use super::parties::SUITE;
use super::world::{Placed, World, BLOCK_MS};
use hefu_node::prove::Beside;
use hefu_proof::{Receipt, StatusCertificate};
use hefu_types::genesis::Network;
use hefu_types::{EntryIndex, TreeSize};
use serde_json::json;
use std::collections::BTreeMap;

/// The good cases, and what the bad ones are made of.
pub struct Good {
    /// The networks by name.
    pub networks: BTreeMap<&'static str, Network>,
    /// The cases.
    pub cases: Vec<Case>,
    /// The network of four after everything that happens in it.
    pub four: World,
    /// Statements of its log that no receipt is of: refused, or about no document.
    pub without_receipt: BTreeMap<&'static str, Placed>,
    /// The network whose set changed three times.
    pub handed: World,
}

impl Good {
    /// Lets everything happen and keeps what is served.
    pub fn new() -> Self {
        let mut cases = Cases::default();
        let (four, without_receipt) = four(&mut cases);
        let seven = larger(&mut cases, "seven", 7);
        let twenty = larger(&mut cases, "twenty", 20);
        let handed = handed(&mut cases);
        let networks = [
            ("four", &four),
            ("handed", &handed),
            ("seven", &seven),
            ("twenty", &twenty),
        ];
        let networks = networks.map(|(name, world)| (name, world.network.clone()));
        Self {
            networks: networks.into_iter().collect(),
            cases: cases.0,
            four,
            without_receipt,
            handed,
        }
    }

    /// A good case by its name.
    pub fn case(&self, name: &str) -> &Case {
        let case = self.cases.iter().find(|case| case.name == name);
        case.unwrap_or_else(|| panic!("no good case {name}"))
    }

    /// The receipt of a good case.
    pub fn receipt(&self, name: &str) -> Receipt {
        Receipt::decode(&self.case(name).bytes).expect("it is good")
    }

    /// The certificate of a good case.
    pub fn certificate(&self, name: &str) -> StatusCertificate {
        StatusCertificate::decode(&self.case(name).bytes).expect("it is good")
    }
}

impl Default for Good {
    fn default() -> Self {
        Self::new()
    }
}

/// The log of a network.
pub fn logs(cases: &mut Cases, world: &World) {
    let published = world.published();
    let note = published
        .signed
        .note(world.network.origin(), &published.set)
        .expect("its members are of the set");
    cases.add("checkpoint", Kind::Note, "four", note.into_bytes());
    let last = world.checkpoint(world.height());
    for index in [0, 5, last.size.0 - 1] {
        let (entry, path) = world.entry_path(EntryIndex(index), last.size);
        let proof = json!({
            "leaf": SUITE.log_leaf(&entry).to_string(),
            "index": index,
            "size": last.size.0,
            "path": path.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "root": last.log_root.to_string(),
        });
        let bytes = proof.to_string().into_bytes();
        cases.add(&format!("entry-{index}"), Kind::Inclusion, "four", bytes);
    }
    for height in [1, 2, 7, last.height] {
        let first = world.checkpoint(height);
        let path = world.consistency(first.size, last.size);
        let proof = json!({
            "first_size": first.size.0,
            "first_root": first.log_root.to_string(),
            "second_size": last.size.0,
            "second_root": last.log_root.to_string(),
            "path": path.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        let name = format!("log-from-{}", first.size.0);
        cases.add(
            &name,
            Kind::Consistency,
            "four",
            proof.to_string().into_bytes(),
        );
    }
    assert_ne!(last.size, TreeSize(0));
}

/// The same with more validators.
fn larger(cases: &mut Cases, name: &'static str, validators: u8) -> World {
    let mut world = World::new(validators, usize::from(validators));
    let licence = Document::licence("housing", 1);
    let placed = licence.registered(&mut world);
    world.rest(2);
    let now = world.now();
    let receipt = world.receipt(placed, 0);
    cases.receipt(&format!("register-{name}"), name, &receipt, now);
    cases.document(&format!("status-{name}"), &world, &licence, &[now]);
    let absent = Document::licence("housing", 1000);
    let beside = Beside::default();
    cases.beside(
        &format!("absent-{name}"),
        &world,
        &absent,
        &beside,
        &[],
        &[],
    );
    let record = world.certificate(|prover| {
        prover.record(licence.key()).expect("memory");
    });
    let short = format!("status-record-only-{name}");
    cases.certificate(&short, name, &record, &[licence.ask()], &[now]);
    let published = world.published();
    let note = published
        .signed
        .note(world.network.origin(), &published.set);
    let note = note.expect("its members are of the set").into_bytes();
    cases.add(&format!("checkpoint-{name}"), Kind::Note, name, note);
    world
}

/// Three times another validator takes the place of one.
fn handed(cases: &mut Cases) -> World {
    let mut world = World::new(5, 4);
    let licence = Document::licence("housing", 1);
    let placed = licence.registered(&mut world);
    let mut serve = |world: &World, epoch: u32| {
        let now = world.now();
        let receipt = world.receipt(placed, 0);
        cases.receipt(&format!("register-epoch-{epoch}"), "handed", &receipt, now);
        cases.document(&format!("status-epoch-{epoch}"), world, &licence, &[now]);
    };
    serve(&world, 0);
    for (epoch, leaves) in [(1, "v1.example"), (2, "v0.example"), (3, "v2.example")] {
        world.replace_validator(leaves, 3 + epoch as usize);
        serve(&world, epoch);
        world.block(BLOCK_MS, Vec::new(), None);
    }
    world
}
