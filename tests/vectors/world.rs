//! A network in memory: the node's own ledger over a store in memory, blocks by hand, and cosignatures of
//! as many validators as make a quorum. What it serves is what nodes serve.

use super::parties::{self, CheckpointKeys, Maker, SUITE};
use bytes::Bytes;
use hefu_engine::Application;
use hefu_node::clock::Clock;
use hefu_node::gossip::{Gossip, GossipLimits, HeightCosignature};
use hefu_node::ledger::Ledger;
use hefu_node::metrics::Metrics;
use hefu_node::prove::{self, Prover};
use hefu_node::publication::Publication;
use hefu_node::shared::{Published, Shared};
use hefu_node::start::{start, Started};
use hefu_proof::checkpoint::{Checkpoint, LogSignature, SignedCheckpoint};
use hefu_proof::log::{consistency_path, inclusion_path, ListTree};
use hefu_proof::receipt::ProvenOperation;
use hefu_proof::{Receipt, ReceiptBundle, StatusCertificate};
use hefu_store::{MemoryDisk, OperationPosition, Store};
use hefu_types::block::{Block, CarriedQuorum, Header, MemberCosignature};
use hefu_types::genesis::Network;
use hefu_types::leaf::{Addresses, SetLeaf};
use hefu_types::operation::{
    CouncilAction, CouncilChange, CouncilSignature, Govern, NewValidator, Operation, SetValidators,
};
use hefu_types::statement::{Mode, Statement};
use hefu_types::{ActionId, EntryIndex, Hash, Millis, Nonce, PublicKey, TreeSize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Milliseconds between two blocks, if nothing else is said.
pub const BLOCK_MS: u64 = 1_000;

/// See the module.
pub struct World {
    /// The network.
    pub network: Network,
    /// All secret keys.
    pub maker: Maker,
    shared: Arc<Shared>,
    publication: Arc<Mutex<Publication>>,
    ledger: Ledger,
    clock: Clock,
    quorums: BTreeMap<u64, Vec<MemberCosignature>>,
    nonce: u128,
}

/// Where a statement stands in the log.
#[derive(Clone, Copy, Debug)]
pub struct Placed(pub EntryIndex);

impl World {
    /// Genesis.
    pub fn new(number: u8, validators: usize) -> Self {
        let (network, maker) = parties::network(number, validators);
        let clock = Clock::by_hand(parties::START);
        let opened = Store::open_memory(&MemoryDisk::new(), &network).expect("an empty disk");
        let name = "golden".to_owned();
        let started = start(network.clone(), name, opened, None, clock.clone());
        let Started {
            shared,
            publication,
            frontier,
        } = started.expect("an empty store");
        let publication = Arc::new(Mutex::new(publication));
        let ledger = Ledger::new(
            Arc::clone(&shared),
            Arc::clone(&publication),
            Gossip::by_hand(&[], GossipLimits::default()),
            Arc::new(Metrics::default()),
            frontier,
        );
        Self {
            network,
            maker,
            shared,
            publication,
            ledger,
            clock,
            quorums: BTreeMap::new(),
            nonce: 0,
        }
    }

    /// The name of the network in the manifest.
    pub fn name(&self) -> &'static str {
        match self.network.genesis().network_id.0[0] {
            4 => "four",
            5 => "handed",
            7 => "seven",
            _ => "twenty",
        }
    }

    /// The time of the last block.
    pub fn now(&self) -> Millis {
        self.shared.head().before.time
    }

    /// The height of the last block.
    pub fn height(&self) -> u64 {
        self.shared.head().before.height
    }

    /// Signs operations of an actor for the next blocks.
    pub fn sign(&mut self, actor: &str, operations: &[Operation]) -> Statement {
        self.nonce += 1;
        let valid_until = self.now().plus(600_000);
        self.sign_with(actor, actor, valid_until, operations)
    }

    /// The same in the name of somebody else, or for another time.
    pub fn sign_with(
        &self,
        actor: &str,
        issuer: &str,
        valid_until: Millis,
        operations: &[Operation],
    ) -> Statement {
        Statement::sign(
            SUITE,
            self.network.digest(),
            self.network.origin(),
            &self.maker.actors[actor],
            issuer,
            Nonce(self.nonce.to_be_bytes()),
            valid_until,
            Mode::Each,
            operations,
        )
    }

    /// One statement in a block of its own, all of whose operations are accepted.
    pub fn act(&mut self, actor: &str, operations: &[Operation]) -> Placed {
        let statement = self.sign(actor, operations);
        let at = EntryIndex(self.shared.head().before.size.0);
        self.block(BLOCK_MS, vec![statement], None);
        let outcomes = self.shared.store.outcomes(at).expect("memory");
        for outcome in outcomes.expect("the statement was executed") {
            assert_eq!(
                outcome,
                hefu_state::Outcome::Accepted,
                "{actor}: {operations:?}"
            );
        }
        Placed(at)
    }

    /// One statement in a block of its own, none of whose operations is accepted.
    pub fn refused(&mut self, actor: &str, operations: &[Operation]) -> Placed {
        let statement = self.sign(actor, operations);
        let at = EntryIndex(self.shared.head().before.size.0);
        self.block(BLOCK_MS, vec![statement], None);
        let outcomes = self.shared.store.outcomes(at).expect("memory");
        for outcome in outcomes.expect("the statement was executed") {
            assert_ne!(
                outcome,
                hefu_state::Outcome::Accepted,
                "{actor}: {operations:?}"
            );
        }
        Placed(at)
    }

    /// So many empty blocks.
    pub fn rest(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.block(BLOCK_MS, Vec::new(), None);
        }
    }

    /// A block so many milliseconds after the last one; it is published.
    pub fn block(&mut self, after_ms: u64, statements: Vec<Statement>, carried: Option<u64>) {
        let before = self.shared.head().before.clone();
        let time = before.time.plus(after_ms);
        self.clock.set(time);
        let carried = carried.map(|height| CarriedQuorum {
            height,
            cosignatures: self.quorums[&height].clone(),
        });
        let header = Header {
            network: self.network.digest(),
            height: before.height + 1,
            time,
            parent_size: before.size,
            parent_log_root: before.log_root,
            parent_state_root: before.state_root,
            carried,
        };
        let height = header.height;
        let bytes = Bytes::from(Block { header, statements }.encode());
        let decided = self.ledger.decided(height, bytes, Bytes::new());
        decided.expect("the block is valid");
        self.publish(height);
    }

    /// A quorum cosigns a height: another choice of members at every height.
    fn publish(&mut self, height: u64) {
        let checkpoint = self.shared.store.checkpoint(height).expect("memory");
        let checkpoint = checkpoint.expect("the height was executed");
        let set = self.shared.epochs.of_height(height).set;
        let signed = self.cosigned(&checkpoint, &set, height);
        let text = checkpoint.text(self.network.origin());
        let mut publication = self
            .publication
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for member in &signed.cosignatures {
            let keys = self.keys_of(&set, member.member);
            let cosignature = HeightCosignature {
                height,
                member: member.clone(),
                log_signature: keys.log.sign_note(&text),
            };
            publication.hear(&PublicKey([0; 32]), cosignature);
        }
        drop(publication);
        assert_eq!(self.published().signed, signed, "what a quorum cosigned");
        self.quorums.insert(height, signed.cosignatures);
    }

    fn keys_of(&self, set: &SetLeaf, member: u16) -> &CheckpointKeys {
        let validator = &set.validators[usize::from(member)];
        &self.maker.validators[&validator.name]
    }

    /// A checkpoint with the signatures of a quorum of a set, chosen by a number.
    pub fn cosigned(
        &self,
        checkpoint: &Checkpoint,
        set: &SetLeaf,
        choice: u64,
    ) -> SignedCheckpoint {
        let members = set.validators.len() as u64;
        let mut chosen: Vec<u16> = (0..set.quorum() as u64)
            .map(|n| ((choice + n) % members) as u16)
            .collect();
        chosen.sort_unstable();
        self.cosigned_by(checkpoint, set, &chosen)
    }

    /// A checkpoint with the signatures of these members of a set.
    pub fn cosigned_by(
        &self,
        checkpoint: &Checkpoint,
        set: &SetLeaf,
        members: &[u16],
    ) -> SignedCheckpoint {
        let text = checkpoint.text(self.network.origin());
        let cosign = |member: &u16| {
            let seconds = checkpoint.time.0 / 1000 + u64::from(*member);
            let keys = self.keys_of(set, *member);
            MemberCosignature {
                member: *member,
                seconds,
                signature: keys.checkpoint.cosign(&text, seconds),
            }
        };
        SignedCheckpoint {
            checkpoint: checkpoint.clone(),
            log_signature: LogSignature {
                member: members[0],
                signature: self.keys_of(set, members[0]).log.sign_note(&text),
            },
            cosignatures: members.iter().map(cosign).collect(),
        }
    }

    /// What is published.
    pub fn published(&self) -> Arc<Published> {
        let published = self.shared.published();
        published.expect("every block is published")
    }

    /// The receipt of an operation of a statement.
    pub fn receipt(&self, statement: Placed, index: u32) -> Receipt {
        let entry = statement.0;
        let position = OperationPosition { entry, index };
        let receipt = prove::receipt(&self.shared, &self.published(), position).expect("memory");
        receipt.expect("the operation was done")
    }

    /// What somebody would show as the receipt of an operation, with these leaves.
    pub fn forged(
        &self,
        statement: Placed,
        index: u32,
        add: impl FnOnce(&mut Prover<'_>),
    ) -> Receipt {
        let certificate = self.certificate(add);
        let (cose, entry_path) =
            self.entry_path(statement.0, certificate.checkpoint.checkpoint.size);
        let operations = self.shared.store.operations(statement.0).expect("memory");
        let operations = operations.expect("the statement is in the log");
        let leaves = operations.iter().map(|operation| SUITE.log_leaf(operation));
        let path = ListTree::new(SUITE, leaves.collect()).path(index as usize);
        Receipt {
            certificate,
            operation: ProvenOperation {
                operation: operations[index as usize].clone().into(),
                index,
                path,
                cose: cose.into(),
                entry_index: statement.0,
                entry_path,
            },
            opened: None,
            disclosed: None,
        }
    }

    /// The receipts of a statement's first operations.
    pub fn bundle(&self, statement: Placed, count: u32) -> ReceiptBundle {
        let published = self.published();
        let bundle = prove::receipts(&self.shared, &published, statement.0, None, 0, count);
        bundle.expect("memory").expect("the statement is published")
    }

    /// A certificate of what is added to it.
    pub fn certificate(&self, add: impl FnOnce(&mut Prover<'_>)) -> StatusCertificate {
        let published = self.published();
        let mut prover = Prover::new(&self.shared, &published);
        add(&mut prover);
        prover.certificate()
    }

    /// The path of an entry in the log of a size.
    pub fn entry_path(&self, index: EntryIndex, size: TreeSize) -> (Vec<u8>, Vec<Hash>) {
        let mut node = |level, index| self.shared.store.log_node(level, index);
        let path = inclusion_path(SUITE, index, size, &mut node).expect("memory");
        let entry = self.shared.store.entry(index).expect("memory");
        (entry.expect("the log has the entry"), path)
    }

    /// The proof that the log of one size begins with that of another.
    pub fn consistency(&self, first: TreeSize, second: TreeSize) -> Vec<Hash> {
        let mut node = |level, index| self.shared.store.log_node(level, index);
        consistency_path(SUITE, first, second, &mut node).expect("memory")
    }

    /// The checkpoint of a height.
    pub fn checkpoint(&self, height: u64) -> Checkpoint {
        let checkpoint = self.shared.store.checkpoint(height).expect("memory");
        checkpoint.expect("the height was executed")
    }

    /// The council lets a new validator take the place of one; it is in force when this returns.
    pub fn replace_validator(&mut self, leaves: &str, comes: usize) {
        let epoch = self.shared.head().set.epoch;
        let mut id = [0xac; 16];
        id[0] = comes as u8;
        let action = CouncilAction {
            id: ActionId(id),
            council_epoch: 0,
            valid_before: self.now().plus(3_600_000),
            reason: "decision 1".to_owned(),
            changes: vec![CouncilChange::SetValidators(SetValidators {
                remove: vec![leaves.to_owned()],
                add: vec![NewValidator {
                    validator: self.maker.validator(comes),
                    addresses: Addresses {
                        engine: format!("/memory/{comes}1"),
                        gossip: format!("/memory/{comes}2"),
                    },
                }],
            })],
        };
        let seat = &self.maker.actors["seat"];
        let signature = CouncilSignature {
            key: seat.key_id(),
            signature: seat.sign_council(&self.network.digest(), &action),
        };
        let govern = Govern {
            action,
            signatures: vec![signature],
        };
        self.act("tax", &[Operation::Govern(govern)]);
        let written = self.height();
        self.rest(1);
        self.block(BLOCK_MS, Vec::new(), Some(written));
        assert_eq!(self.shared.head().set.epoch, epoch + 1, "it is in force");
        self.rest(1);
    }
}
