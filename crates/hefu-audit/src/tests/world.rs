//! A network of four validators in memory: its blocks are made by the rules, its checkpoints are signed by
//! whoever a test names, and every piece can be altered before the auditor sees it.

use crate::auditor::{Auditor, Next, Stop};
use crate::block::{Done, Parts};
use crate::finding::Finding;
use crate::ledger::{Around, Ledger};
use crate::log::Log;
use hefu_proof::certificate::{ProvenLeaf, Value};
use hefu_proof::checkpoint::{Checkpoint, LogSignature};
use hefu_proof::{Handover, SignedCheckpoint};
use hefu_state::{execute, CheckedBlock, Executed, Outcome, ReadBlock};
use hefu_types::block::{Block, CarriedQuorum, Header, MemberCosignature};
use hefu_types::canonical;
use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Network, ProvenKey, Region, Seat,
};
use hefu_types::leaf::{Addresses, Entitlement, Kind, Part, SetLeaf, TypeRules};
use hefu_types::operation::{
    CouncilAction, CouncilChange, CouncilSignature, Govern, NewValidator, Operation, Register,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{key, ActionId, Blinding, Digest, Millis, NetworkId, Nonce, Suite};
use minicbor::bytes::ByteVec;

pub(super) const SUITE: Suite = Suite::Sha256Ed25519;
const NETWORK: NetworkId = NetworkId([5; 16]);
const START: Millis = Millis(1_800_000_000_000);

pub(super) fn secret(role: &str, holder: &str) -> SecretKey {
    SecretKey::from_seed(SUITE, &SUITE.hash(&[role.as_bytes(), holder.as_bytes()]).0)
}

fn proven(role: &str, holder: &str) -> ProvenKey {
    let key = secret(role, holder);
    ProvenKey {
        key: key.public_key(),
        proof: key.prove_possession(&NETWORK, role, holder),
    }
}

fn validator(name: &str) -> GenesisValidator {
    GenesisValidator {
        name: name.to_owned(),
        region: "east".to_owned(),
        consensus: proven("consensus", name),
        checkpoint: proven("checkpoint", name),
        log: proven("log", name),
        peer: proven("peer", name),
    }
}

pub(super) fn network() -> Network {
    let genesis = Genesis {
        format: 0,
        network_id: NETWORK,
        name: "audit.example".to_owned(),
        suite: SUITE.name().to_owned(),
        time: START,
        heartbeat_ms: 10_000,
        regions: vec![Region {
            id: "east".to_owned(),
            name_zh: "east".to_owned(),
            name_en: "east".to_owned(),
        }],
        validators: ["v1", "v2", "v3", "v4"].map(validator).to_vec(),
        council: Council {
            threshold: 1,
            seats: vec![Seat {
                name: "s".to_owned(),
                key: proven("council", "s"),
            }],
        },
        registrars: vec![],
        agencies: vec![Agency {
            id: "market".to_owned(),
            name: "market".to_owned(),
            region: "east".to_owned(),
            contact: "counter".to_owned(),
            key: proven("agency", "market"),
            entitlements: vec![Entitlement {
                document_type: "licence".to_owned(),
                region: "east".to_owned(),
                issuer_prefixes: vec!["11".to_owned()],
                legal_basis: "list".to_owned(),
                part: Part::Issue,
            }],
            key_valid_before: Millis(u64::MAX),
        }],
        members: vec![],
        types: vec![TypeRules::new(
            "licence",
            Kind::Licence,
            Profile::Generic.name(),
        )],
        recognition: vec![],
        rules_version: 1,
    };
    Network::new(genesis).expect("the genesis holds")
}

/// A licence of its own.
pub(super) fn register(number: u32) -> Operation {
    let mut digest = [3; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    Operation::Register(Register {
        document_type: "licence".into(),
        region: "east".into(),
        identity: Identity {
            legal_issuer: "11OFFICE".into(),
            number: format!("L-{number}"),
            ..Identity::default()
        },
        digests: vec![Digest(digest)],
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

/// The validators that sign, where a test does not care: a quorum of the set in force.
pub(super) const QUORUM: [u16; 3] = [0, 1, 2];

#[derive(Clone)]
pub(super) struct World {
    pub network: Network,
    pub log: Log,
    pub ledger: Ledger,
    pub blocks: Vec<Parts>,
    pub handovers: Vec<Handover>,
    nonce: u64,
}

impl World {
    pub fn new() -> Self {
        let network = network();
        Self {
            log: Log::new(SUITE),
            ledger: Ledger::genesis(&network),
            blocks: Vec::new(),
            handovers: Vec::new(),
            nonce: 0,
            network,
        }
    }

    /// A few blocks: with statements, with a refusal, and one without anything.
    pub fn of_some_blocks() -> Self {
        let mut world = Self::new();
        world.registers(&[1, 2, 3]);
        world.registers(&[4]);
        world.block(vec![], None);
        // 3 is registered already: the statement is refused in part.
        world.registers(&[5, 3, 6]);
        world
    }

    pub fn sign(&mut self, operations: &[Operation]) -> Statement {
        self.nonce += 1;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.nonce.to_be_bytes());
        Statement::sign(
            SUITE,
            self.network.digest(),
            self.network.origin(),
            &secret("agency", "market"),
            "market",
            Nonce(nonce),
            self.ledger.last().time.plus(Millis::HOUR),
            Mode::Each,
            operations,
        )
    }

    /// One block of one statement that registers these.
    pub fn registers(&mut self, numbers: &[u32]) -> Executed {
        let operations: Vec<_> = numbers.iter().copied().map(register).collect();
        let statement = self.sign(&operations);
        self.block(vec![statement], None)
    }

    /// One block in which the council does this.
    pub fn govern(&mut self, change: CouncilChange) -> Executed {
        let action = CouncilAction {
            id: ActionId([self.blocks.len() as u8; 16]),
            council_epoch: 0,
            valid_before: self.ledger.last().time.plus(Millis::HOUR),
            reason: "a test".to_owned(),
            changes: vec![change],
        };
        let seat = secret("council", "s");
        let signatures = vec![CouncilSignature {
            key: seat.key_id(),
            signature: seat.sign_statement(&action.preimage(&self.network.digest())),
        }];
        let statement = self.sign(&[Operation::Govern(Govern { action, signatures })]);
        let executed = self.block(vec![statement], None);
        assert_eq!(
            executed.outcomes,
            [[Outcome::Accepted]],
            "the council's act"
        );
        executed
    }

    pub fn newcomer(name: &str) -> NewValidator {
        NewValidator {
            validator: validator(name),
            addresses: Addresses {
                engine: "/ip4/127.0.0.1/tcp/1".to_owned(),
                gossip: "/ip4/127.0.0.1/tcp/2".to_owned(),
            },
        }
    }

    /// A valid block of these statements, which may carry the quorum over a height.
    pub fn block(&mut self, statements: Vec<Statement>, carried: Option<u64>) -> Executed {
        let before = self.ledger.before(&self.network, &self.log);
        let carried = carried.map(|height| CarriedQuorum {
            height,
            cosignatures: self.cosign(&self.checkpoint(height), &QUORUM),
        });
        let header = Header {
            network: self.network.digest(),
            height: before.height + 1,
            time: before.time.plus(1_000),
            parent_size: before.size,
            parent_log_root: before.log_root,
            parent_state_root: before.state_root,
            carried,
        };
        self.decide(Block { header, statements })
    }

    /// Executes a block that is valid.
    pub fn decide(&mut self, block: Block) -> Executed {
        let before = self.ledger.before(&self.network, &self.log);
        let bytes = block.encode();
        let read = ReadBlock::read(&bytes, &self.network, |_| None).expect("a block");
        let loaded = self.ledger.load(&self.network, &read).expect("the state");
        let around = Around {
            network: &self.network,
            ledger: &self.ledger,
            log: &self.log,
        };
        let Ok(checked) = CheckedBlock::check(read, &self.network, &before, &loaded, &around);
        let checked = checked.expect("the block is valid");
        let tree = &self.ledger.tree;
        let executed = execute(&self.network, &checked, &bytes, &before, &loaded, tree);
        let ends = checked.statements().iter();
        let ends: Vec<_> = ends.map(|of| (of.payload().valid_until, of.id())).collect();
        self.push(&block, &executed);
        let taken = executed.clone();
        self.ledger
            .take(taken.changes, taken.tree, ends.into_iter(), &taken.entry);
        executed
    }

    /// Adds the pieces of a block and what is said that it leads to.
    pub fn push(&mut self, block: &Block, executed: &Executed) {
        let mut parts = Parts {
            header: canonical::encode(&block.header),
            refusals: canonical::encode(&executed.refusals),
            ..Parts::default()
        };
        for statement in &block.statements {
            let operations = statement.operations();
            let operations: Vec<ByteVec> = operations.map(|of| of.to_vec().into()).collect();
            parts.entries.push(statement.cose().to_vec());
            parts.operations.push(canonical::encode(&operations));
        }
        parts.entries.push(executed.entry.encode());
        for entry in &parts.entries {
            self.log.append(SUITE.log_leaf(entry));
        }
        self.blocks.push(parts);
    }

    /// The checkpoint of a height.
    pub fn checkpoint(&self, height: u64) -> Checkpoint {
        let checkpoint = self.ledger.checkpoint(height, &self.log);
        checkpoint.expect("the height is there")
    }

    fn set(&self, epoch: u64) -> SetLeaf {
        self.ledger.set(&self.network, epoch).expect("the set")
    }

    pub fn cosign(&self, checkpoint: &Checkpoint, members: &[u16]) -> Vec<MemberCosignature> {
        let text = checkpoint.text(self.network.origin());
        let set = self.set(checkpoint.epoch);
        let cosign = |member: &u16| MemberCosignature {
            member: *member,
            seconds: 7,
            signature: secret("checkpoint", &set.validators[usize::from(*member)].name)
                .cosign(&text, 7),
        };
        members.iter().map(cosign).collect()
    }

    /// A checkpoint with the signatures of members of its set.
    pub fn signed_by(&self, checkpoint: Checkpoint, members: &[u16]) -> SignedCheckpoint {
        let text = checkpoint.text(self.network.origin());
        let log = &self.set(checkpoint.epoch).validators[0].name;
        SignedCheckpoint {
            log_signature: LogSignature {
                member: 0,
                signature: secret("log", log).sign_note(&text),
            },
            cosignatures: self.cosign(&checkpoint, members),
            checkpoint,
        }
    }

    /// The newest checkpoint as a quorum signs it.
    pub fn signed(&self) -> SignedCheckpoint {
        self.signed_by(self.checkpoint(self.ledger.height()), &QUORUM)
    }

    /// The handover to a set, over the newest checkpoint.
    pub fn hand_over(&mut self, epoch: u64) {
        let checkpoint = self.checkpoint(self.ledger.height());
        let at = key::set(SUITE, epoch);
        let bytes = self.ledger.values[&at].bytes.to_vec();
        self.handovers.push(Handover {
            cosignatures: self.cosign(&checkpoint, &QUORUM),
            set: ProvenLeaf {
                key: at,
                value: Value::Leaf(bytes.into()),
                proof: self.ledger.tree.prove(&at),
            },
            checkpoint,
        });
    }

    /// The hashes that a checkpoint asks for.
    pub fn leaves(&self, next: Next) -> &[hefu_types::Hash] {
        match next {
            Next::Known => &[],
            Next::Leaves { from, to } => &self.log.leaves()[from as usize..to as usize],
        }
    }

    /// Shows the auditor the newest checkpoint and its entries.
    pub fn show(&self, auditor: &mut Auditor) -> Result<(), Finding> {
        let next = auditor.checkpoint(self.signed(), &self.handovers)?;
        if next != Next::Known {
            assert!(
                auditor.leaves(self.leaves(next))?,
                "the log is as it was signed"
            );
        }
        Ok(())
    }

    /// Lets it execute every block that is left.
    pub fn execute_all(&self, auditor: &mut Auditor) -> Result<Vec<Done>, Stop> {
        let mut done = Vec::new();
        while let Some(next) = auditor.next() {
            done.push(auditor.block(&self.blocks[next.height as usize - 1])?);
        }
        Ok(done)
    }

    /// All of it.
    pub fn follow(&self, auditor: &mut Auditor) -> Result<Vec<Done>, Stop> {
        self.show(auditor)?;
        self.execute_all(auditor)
    }
}
