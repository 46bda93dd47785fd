//! A small network whose agency signs, and the way of a block without engine and node. The example
//! `store_speed` uses it too.

use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::log::Frontier;
use hefu_state::block::Surroundings;
use hefu_state::{execute, Before, CheckedBlock, Executed, Loaded, ReadBlock, StateTree};
use hefu_types::block::{Block, Header};
use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Network, ProvenKey, Region, Seat,
};
use hefu_types::key;
use hefu_types::leaf::{Entitlement, Kind, PurposeRules, SetLeaf, TypeRules};
use hefu_types::operation::{Amount, Operation, Register, Revoke};
use hefu_types::profile::{Identity, Profile};
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{
    Blinding, FactRoot, Hash, Millis, NetworkId, Nonce, StateKey, StatementId, Suite,
};

pub const SUITE: Suite = Suite::Sha256Ed25519;
const START: Millis = Millis(1_800_000_000_000);

/// A network of four validators and one agency that registers licences and invoices.
pub struct World {
    pub network: Network,
    agency: SecretKey,
    nonce: u128,
}

impl World {
    pub fn new(name: &str) -> Self {
        let network_id = NetworkId([7; 16]);
        let mut seed = 0;
        let mut proven = |role: &str, holder: &str| {
            seed += 1;
            let key = SecretKey::from_seed(SUITE, &[seed; 32]);
            let proof = key.prove_possession(&network_id, role, holder);
            let proven = ProvenKey {
                key: key.public_key(),
                proof,
            };
            (proven, key)
        };
        let validators = ["a", "b", "c", "d"].map(|name| GenesisValidator {
            name: name.to_owned(),
            region: "north".to_owned(),
            consensus: proven("consensus", name).0,
            checkpoint: proven("checkpoint", name).0,
            log: proven("log", name).0,
            peer: proven("peer", name).0,
        });
        let (seat, _) = proven("council", "first");
        let (agency_key, agency) = proven("agency", "bureau");
        let entitlement = |document_type: &str| Entitlement {
            document_type: document_type.to_owned(),
            region: "north".to_owned(),
            issuer_prefixes: vec![String::new()],
            legal_basis: "Act 1".to_owned(),
            part: Default::default(),
        };
        let genesis = Genesis {
            format: 0,
            rules_version: 1,
            network_id,
            name: name.to_owned(),
            suite: SUITE.name().to_owned(),
            time: START,
            heartbeat_ms: 10_000,
            regions: vec![Region {
                id: "north".to_owned(),
                name_zh: "北".to_owned(),
                name_en: "North".to_owned(),
            }],
            validators: validators.to_vec(),
            council: Council {
                threshold: 1,
                seats: vec![Seat {
                    name: "first".to_owned(),
                    key: seat,
                }],
            },
            registrars: Vec::new(),
            agencies: vec![Agency {
                id: "bureau".to_owned(),
                name: "Bureau".to_owned(),
                region: "north".to_owned(),
                contact: "counter 1".to_owned(),
                key: agency_key,
                entitlements: vec![entitlement("licence"), entitlement("invoice")],
                key_valid_before: Millis(u64::MAX),
            }],
            members: Vec::new(),
            types: vec![
                type_rules("licence", Kind::Licence),
                type_rules("invoice", Kind::Invoice),
            ],
            recognition: Vec::new(),
        };
        Self {
            network: Network::new(genesis).expect("the genesis is valid"),
            agency,
            nonce: 0,
        }
    }

    fn identity(document_type: &str, number: u64) -> Identity {
        Identity {
            legal_issuer: "BUREAU".to_owned(),
            class: document_type.to_owned(),
            number: format!("N-{number}"),
            ..Identity::default()
        }
    }

    /// The key of a document's record.
    pub fn record(document_type: &str, number: u64) -> StateKey {
        let identity = Self::identity(document_type, number);
        let number = Profile::Generic.check(&identity).expect("a valid number");
        key::record(SUITE, &number)
    }

    /// Registers a licence, or an invoice with a total.
    pub fn register(document_type: &str, number: u64) -> Operation {
        let file = format!("{document_type} {number}");
        let digest = SUITE.document_digest(file.as_bytes());
        let total = (document_type == "invoice").then(|| Amount {
            currency: "CNY".to_owned(),
            minor_units: i64::try_from(number).expect("a small number"),
        });
        Operation::Register(Register {
            document_type: document_type.to_owned(),
            region: "north".to_owned(),
            identity: Self::identity(document_type, number),
            digests: vec![digest],
            fact_root: Some(FactRoot(digest.0)),
            valid_from: None,
            valid_until: None,
            use_right: None,
            total,
            blinding: Blinding([3; 16]),
            issued_offline_at: None,
            open_facts: Vec::new(),
        })
    }

    pub fn revoke(number: u64) -> Operation {
        Operation::Revoke(Revoke {
            record: Self::record("licence", number),
            reason: "fraud".to_owned(),
            effective_at: None,
        })
    }

    /// Signs operations for a block one second after the last.
    pub fn sign(&mut self, before: &Before, operations: &[Operation]) -> Statement {
        self.nonce += 1;
        Statement::sign(
            SUITE,
            self.network.digest(),
            self.network.origin(),
            &self.agency,
            "bureau",
            Nonce(self.nonce.to_be_bytes()),
            before.time.plus(60_000),
            Mode::Each,
            operations,
        )
    }
}

fn type_rules(id: &str, kind: Kind) -> TypeRules {
    TypeRules {
        purposes: vec![PurposeRules::new("reimburse")],
        ..TypeRules::new(id, kind, "generic")
    }
}

/// No window, no signature seen before, no carried cosignatures.
struct Nothing;

impl Surroundings for Nothing {
    type Fault = std::convert::Infallible;
    fn in_window(&self, _: &StatementId) -> Result<bool, Self::Fault> {
        Ok(false)
    }
    fn checkpoint_text(&self, _: u64) -> Result<Option<(String, SetLeaf)>, Self::Fault> {
        Ok(None)
    }
}

/// A block that was decided and executed.
pub struct Made {
    pub height: u64,
    pub bytes: Vec<u8>,
    pub checked: CheckedBlock,
    pub executed: Executed,
    pub nodes: Vec<(u8, u64, Hash)>,
    pub frontier: Frontier,
    pub log_root: Hash,
    /// What the next block follows.
    pub after: Before,
}

/// The block of these statements.
pub fn propose(network: &Network, before: &Before, statements: Vec<Statement>) -> Vec<u8> {
    let header = Header {
        network: network.digest(),
        height: before.height + 1,
        time: before.time.plus(1_000),
        parent_size: before.size,
        parent_log_root: before.log_root,
        parent_state_root: before.state_root,
        carried: None,
    };
    Block { header, statements }.encode()
}

/// Loads, checks and executes a block. `load` gives the value under a key.
pub fn execute_block(
    network: &Network,
    before: &Before,
    tree: &StateTree,
    frontier: &Frontier,
    bytes: Vec<u8>,
    load: impl Fn(&StateKey) -> Option<Vec<u8>>,
) -> Made {
    let read = ReadBlock::read(&bytes, network, |_| None).expect("the block is well formed");
    let mut loaded = Loaded::default();
    loop {
        let missing = loaded.missing(network, &read);
        if missing.is_empty() {
            break;
        }
        for touch in missing {
            let key = touch.key(SUITE);
            let value = tree.value_hash(&key).and_then(|_| load(&key));
            loaded.put(touch, value.as_deref()).expect("a value");
        }
    }
    let Ok(checked) = CheckedBlock::check(read, network, before, &loaded, &Nothing);
    let checked = checked.expect("the block is valid");
    let executed = execute(network, &checked, &bytes, before, &loaded, tree);
    let mut frontier = frontier.clone();
    let mut nodes = Vec::new();
    let mut append = |entry: &[u8]| {
        let leaf = SUITE.log_leaf(entry);
        frontier.append(leaf, |level, index, hash| nodes.push((level, index, hash)));
    };
    for statement in checked.statements() {
        append(statement.statement().cose());
    }
    append(&executed.entry.encode());
    let log_root = frontier.root();
    let checkpoint = Checkpoint::of_block(&executed.entry, log_root);
    let after = Before {
        height: checkpoint.height,
        time: checkpoint.time,
        size: checkpoint.size,
        log_root,
        state_root: checkpoint.state_root,
        checkpoint_hash: checkpoint.text_hash(SUITE, network.origin()),
    };
    Made {
        height: after.height,
        bytes,
        checked,
        executed,
        nodes,
        frontier,
        log_root,
        after,
    }
}
