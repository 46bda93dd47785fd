//! A node with room for very few keys: what it refuses, what it goes on doing, where it stops.

use super::{keys_within, usual_memory_mib};
use crate::admission::{admit, AdmissionError, Admitted};
use crate::clock::Clock;
use crate::config::{read_json, NodeConfig};
use crate::devnet::{prepare, Plan};
use crate::gossip::{Gossip, GossipLimits};
use crate::ledger::{Ledger, LedgerFault};
use crate::metrics::Metrics;
use crate::shared::Shared;
use crate::start::{start, Started};
use bytes::Bytes;
use hefu_engine::Application;
use hefu_store::{MemoryDisk, Store};
use hefu_types::operation::{Operation, Register, Revoke};
use hefu_types::profile::Identity;
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{Blinding, Digest, Nonce, StateKey};
use hefu_wire::file::KeyFile;
use std::sync::{Arc, Mutex};

/// A network of one validator, driven by hand.
struct Node {
    shared: Arc<Shared>,
    ledger: Ledger,
    agency: SecretKey,
    statements: u8,
    _folder: tempfile::TempDir,
}

impl Node {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let nodes = prepare(&Plan {
            folder: folder.path().to_owned(),
            validators: 1,
            port: 0,
            heartbeat_ms: 10_000,
            rules_version: None,
        });
        let config = &nodes.expect("a devnet")[0].config;
        let network = NodeConfig::read(config).and_then(|config| config.network());
        let network = network.expect("a genesis");
        let agency: KeyFile =
            read_json(&folder.path().join("keys/agency-gz-housing.json")).expect("a key file");
        let opened = Store::open_memory(&MemoryDisk::new(), &network).expect("an empty disk");
        let clock = Clock::by_hand(network.genesis().time.plus(1_000));
        let started = start(network, "one".into(), opened, None, clock);
        let Started {
            shared,
            publication,
            frontier,
        } = started.expect("a new store");
        let ledger = Ledger::new(
            Arc::clone(&shared),
            Arc::new(Mutex::new(publication)),
            Gossip::by_hand(&[], GossipLimits::default()),
            Arc::new(Metrics::default()),
            frontier,
        );
        Self {
            shared,
            ledger,
            agency: agency.secret_key().expect("a key"),
            statements: 0,
            _folder: folder,
        }
    }

    fn keys(&self) -> usize {
        self.shared.head().tree.len()
    }

    fn admit(&mut self, operation: Operation) -> Result<Admitted, AdmissionError> {
        self.statements += 1;
        let network = &self.shared.network;
        let statement = Statement::sign(
            network.suite(),
            network.digest(),
            network.origin(),
            &self.agency,
            "gz-housing",
            Nonce([self.statements; 16]),
            self.shared.clock.now().plus(600_000),
            Mode::Each,
            &[operation],
        );
        admit(&self.shared, statement)
    }

    fn propose(&mut self) -> Bytes {
        let height = self.ledger.height() + 1;
        self.ledger.propose(height, 0).expect("the store is sound")
    }

    fn decided(&mut self, block: Bytes) -> Result<(), LedgerFault> {
        let height = self.ledger.height() + 1;
        self.ledger.decided(height, block, Bytes::new())
    }

    fn wait(&self) -> usize {
        self.shared.pool().len()
    }
}

fn licence(number: u8) -> Operation {
    Operation::Register(Register {
        document_type: "licence".into(),
        region: "guizhou".into(),
        identity: Identity {
            legal_issuer: "1152OFFICE".into(),
            number: format!("MADE-UP-{number}"),
            ..Identity::default()
        },
        digests: vec![Digest([number; 32])],
        fact_root: None,
        valid_from: None,
        valid_until: None,
        use_right: None,
        total: None,
        blinding: Blinding([1; 16]),
        issued_offline_at: None,
        open_facts: Vec::new(),
    })
}

fn revocation() -> Operation {
    Operation::Revoke(Revoke {
        record: StateKey([0x80; 32]),
        reason: "fraud".into(),
        effective_at: None,
    })
}

#[test]
fn when_memory_is_full_new_records_are_refused_and_all_else_goes_on() {
    let mut node = Node::new();
    let genesis = node.keys();
    node.shared.room.limit_to(genesis + 1);
    node.admit(licence(1)).expect("there is room");
    let block = node.propose();
    node.admit(licence(2)).expect("there is room still");
    node.decided(block).expect("it is executed");
    assert_eq!(node.keys(), genesis + 2, "a record and its file");

    let refused = node.admit(licence(3)).expect_err("there is no room");
    assert_eq!(refused.code().number(), 7007);
    assert!(
        refused.to_string().contains("records_memory_mib"),
        "{refused}"
    );
    let admitted = node.admit(revocation()).expect("it needs no room");
    assert!(matches!(admitted, Admitted::Waiting { new: true, .. }));
    // What registers and came before is not proposed, and waits no more; the revocation is.
    assert_eq!(node.wait(), 2);
    let block = node.propose();
    assert_eq!(node.wait(), 1);
    assert!(!node.shared.pool().all().is_empty());
    node.decided(block).expect("it is executed");
    assert_eq!((node.wait(), node.keys()), (0, genesis + 2));
}

#[test]
fn what_others_decide_is_executed_up_to_the_second_limit() {
    let mut node = Node::new();
    let genesis = node.keys();
    // Another validator has room.
    node.admit(licence(1)).expect("no limit");
    let theirs = node.propose();
    node.shared.room.limit_to(genesis);
    node.admit(licence(2)).expect_err("there is no room here");
    node.decided(theirs).expect("it is executed");
    assert_eq!(node.keys(), genesis + 2);

    // A quarter above the limit is where it stops, with the height before untouched.
    node.shared.room.limit_to(genesis * 4 / 5);
    let (height, next) = (node.ledger.height(), node.propose());
    let fault = node.decided(next.clone()).expect_err("it stops");
    assert!(matches!(fault, LedgerFault::NoRoom { .. }));
    assert!(fault.to_string().contains("records_memory_mib"), "{fault}");
    assert_eq!(node.shared.store.height(), height);
    // Given more, it goes on from there.
    node.shared.room.limit_to(genesis * 2);
    node.decided(next).expect("it is executed");
    assert_eq!(node.shared.store.height(), height + 1);
}

#[test]
fn the_limit_follows_from_memory() {
    assert_eq!(keys_within(1), 8_192);
    assert_eq!(
        keys_within(u64::MAX),
        usize::try_from(u64::MAX >> 7).expect("64 bits")
    );
    assert!(usual_memory_mib() > 0);
}
