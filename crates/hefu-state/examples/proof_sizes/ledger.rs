//! A small ledger that the rules run on: what it registers is what a node would have on its disk.

use hefu_proof::checkpoint::{Checkpoint, LogSignature, SignedCheckpoint};
use hefu_state::block::{Before, CheckedBlock, ReadBlock, Surroundings};
use hefu_state::{execute, Loaded, Outcome, StateTree};
use hefu_types::block::{Block, Header, MemberCosignature};
use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey, Region, Seat,
};
use hefu_types::leaf::{quorum, Entitlement, Kind, Part, PurposeRules, SetLeaf, TypeRules};
use hefu_types::operation::{
    member_commitment, named_member, Amount, Claim, Consume, Cover, MemberOpening, Operation,
    Register, RightProof, Share, UseRight,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{
    key, Blinding, Digest, Hash, Millis, NetworkId, Nonce, OperationId, Salt, StateKey,
    StatementId, Suite,
};
use std::collections::BTreeMap;

pub const SUITE: Suite = Suite::Sha256Ed25519;
const START: Millis = Millis(1_795_335_806_030);
const NETWORK: NetworkId = NetworkId([7; 16]);
pub const AGENCY: &str = "agency-gd-tax";
pub const MEMBER: &str = "member-guiyang";
pub const TYPE: &str = "cn.digital-invoice";
pub const REGION: &str = "guangdong";
const SELLER: &str = "91440101MA59K1TX0N";
const BUYER: &str = "91520100MA6DL0FE4P";
const REGIONS: [&str; 10] = [
    "guangdong",
    "zhejiang",
    "guizhou",
    "shanghai",
    "beijing",
    "sichuan",
    "jiangsu",
    "fujian",
    "hainan",
    "yunnan",
];
/// What an invoice states, as many facts as its XML gives.
pub const FACTS: [(&str, &str); 12] = [
    ("buyer", "贵阳数据科技有限公司"),
    ("buyer-id", BUYER),
    ("currency", "CNY"),
    ("document-type", "380"),
    ("due-date", "2026-12-20"),
    ("issue-date", "2026-11-20"),
    ("number", "26442000000012345678"),
    ("seller", "广州新月贸易有限公司"),
    ("seller-id", SELLER),
    ("tax", "209612"),
    ("total", "1821980"),
    ("total-without-tax", "1612368"),
];

/// A statement that was executed, and what it was about.
pub struct Executed {
    pub cose: Vec<u8>,
    pub operations: Vec<Vec<u8>>,
    pub records: Vec<StateKey>,
    pub first: OperationId,
    /// The leaves of whoever signed: its own and that of its key.
    pub signer: [StateKey; 2],
}

pub struct Ledger {
    pub network: Network,
    pub values: BTreeMap<StateKey, Vec<u8>>,
    hashes: BTreeMap<StateKey, Hash>,
    tree: StateTree,
    before: Before,
    nonce: u8,
    validators: usize,
}

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

impl Ledger {
    /// A network of so many validators, in which an agency has promised to register all.
    pub fn new(validators: usize) -> Self {
        let network = Network::new(genesis(validators)).expect("the genesis holds");
        let values: BTreeMap<_, _> = network.leaves().into_iter().collect();
        let hashes: BTreeMap<_, _> = (values.iter())
            .map(|(key, bytes)| (*key, SUITE.hash(&[bytes])))
            .collect();
        let tree = StateTree::from_leaves(SUITE, hashes.clone());
        let checkpoint = Checkpoint::genesis(&network, tree.root());
        let before = Before {
            height: 0,
            time: START,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: checkpoint.state_root,
            checkpoint_hash: checkpoint.text_hash(SUITE, network.origin()),
        };
        let mut ledger = Self {
            network,
            values,
            hashes,
            tree,
            before,
            nonce: 0,
            validators,
        };
        let cover = Cover {
            document_type: TYPE.to_owned(),
            region: REGION.to_owned(),
            from: START,
            before: None,
            within_ms: 24 * Millis::HOUR,
        };
        ledger.run("agency", AGENCY, &[Operation::Cover(cover)]);
        ledger
    }

    /// Adds all that the ledger holds to a tree.
    pub fn fill(&self, tree: &mut StateTree) {
        let mut changes: Vec<_> = self
            .hashes
            .iter()
            .map(|(k, hash)| (*k, Some(*hash)))
            .collect();
        tree.apply(&mut changes);
    }

    pub fn time(&self) -> Millis {
        self.before.time
    }

    /// How many cosignatures make a quorum.
    pub fn quorum(&self) -> usize {
        quorum(self.validators)
    }

    /// Registers so many invoices with one statement.
    pub fn register(&mut self, series: &str, count: u64) -> Executed {
        let registers: Vec<Register> = (0..count).map(|number| invoice(series, number)).collect();
        let records = registers.iter().map(record_of).collect();
        let operations: Vec<_> = registers.into_iter().map(Operation::Register).collect();
        let executed = self.run("agency", AGENCY, &operations);
        Executed {
            records,
            ..executed
        }
    }

    /// The member that the invoice names reimburses the first of a statement.
    pub fn consume(&mut self, series: &str) -> Executed {
        let register = invoice(series, 0);
        let record = record_of(&register);
        let opening = MemberOpening {
            identifier: BUYER.to_owned(),
            record_salt: Salt([9; 16]),
            member_salt: Salt([0; 16]),
        };
        let claim = Claim {
            share: Share::Whole,
            right: Some(RightProof::Named(opening)),
            ..Claim::whole("reimburse", register.digests[0])
        };
        let consume = Operation::Consume(Consume {
            record,
            claim,
            lock: None,
            blinding: Blinding([2; 16]),
        });
        let executed = self.run("member", MEMBER, &[consume]);
        Executed {
            records: vec![record],
            ..executed
        }
    }

    fn run(&mut self, role: &str, actor: &str, operations: &[Operation]) -> Executed {
        self.nonce += 1;
        let time = self.before.time.plus(1_000);
        let statement = Statement::sign(
            SUITE,
            self.network.digest(),
            self.network.origin(),
            &secret(role, actor),
            actor,
            Nonce([self.nonce; 16]),
            time.plus(60_000),
            Mode::Each,
            operations,
        );
        let cose = statement.cose().to_vec();
        let header = Header {
            network: self.network.digest(),
            height: self.before.height + 1,
            time,
            parent_size: self.before.size,
            parent_log_root: self.before.log_root,
            parent_state_root: self.before.state_root,
            carried: None,
        };
        let statements = vec![statement];
        let bytes = Block { header, statements }.encode();
        let read = ReadBlock::read(&bytes, &self.network, |_| None).expect("well formed");
        let mut loaded = Loaded::default();
        loop {
            let missing = loaded.missing(&self.network, &read);
            if missing.is_empty() {
                break;
            }
            for touch in missing {
                let found = self.values.get(&touch.key(SUITE));
                loaded
                    .put(touch, found.map(Vec::as_slice))
                    .expect("a sound state");
            }
        }
        let Ok(checked) = CheckedBlock::check(read, &self.network, &self.before, &loaded, &Nothing);
        let checked = checked.expect("a valid block");
        let (network, before) = (&self.network, &self.before);
        let done = execute(network, &checked, &bytes, before, &loaded, &self.tree);
        let mut outcomes = done.outcomes.iter().flatten();
        let refused = outcomes.find(|outcome| **outcome != Outcome::Accepted);
        assert_eq!(refused, None, "{}", operations[0].verb());
        for (key, change) in done.changes {
            self.hashes.insert(key, change.value_hash);
            self.values.insert(key, change.bytes);
        }
        self.tree = done.tree;
        // The log of this small ledger is in no proof.
        let checkpoint = Checkpoint::of_block(&done.entry, Hash([0; 32]));
        self.before = Before {
            height: done.entry.height,
            time,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: done.entry.state_root,
            checkpoint_hash: checkpoint.text_hash(SUITE, self.network.origin()),
        };
        Executed {
            cose,
            operations: operations.iter().map(Operation::encode).collect(),
            records: Vec::new(),
            first: checked.statements()[0].operation_id(SUITE, 0),
            signer: [
                match role {
                    "agency" => key::agency(SUITE, actor),
                    _ => key::member(SUITE, actor),
                },
                key::public_key(SUITE, &secret(role, actor).key_id()),
            ],
        }
    }

    /// The set after that of genesis: the first member has another checkpoint key.
    pub fn next_set(&self) -> SetLeaf {
        let mut set = self.network.first_set();
        set.epoch = 1;
        set.validators[0].checkpoint_key = checkpoint_key(0, 1).public_key();
        set
    }

    /// A checkpoint with this many cosignatures, of the set of its epoch.
    pub fn sign(&self, checkpoint: Checkpoint, cosignatures: usize) -> SignedCheckpoint {
        let text = checkpoint.text(self.network.origin());
        let seconds = checkpoint.time.0 / 1_000 + 1;
        let cosign = |member: usize| MemberCosignature {
            member: member as u16,
            seconds,
            signature: checkpoint_key(member, checkpoint.epoch).cosign(&text, seconds),
        };
        SignedCheckpoint {
            log_signature: LogSignature {
                member: 0,
                signature: secret("log", &name(0)).sign_note(&text),
            },
            cosignatures: (0..cosignatures).map(cosign).collect(),
            checkpoint,
        }
    }
}

/// The checkpoint key of a validator in a set: the first one's changes with the epoch.
fn checkpoint_key(member: usize, epoch: u64) -> SecretKey {
    match (member, epoch) {
        (0, 1) => secret("next checkpoint", &name(0)),
        _ => secret("checkpoint", &name(member)),
    }
}

fn name(validator: usize) -> String {
    let region = REGIONS[validator % REGIONS.len()];
    match validator / REGIONS.len() {
        0 => format!("{region}.hefu.example"),
        more => format!("{region}-{}.hefu.example", more + 1),
    }
}

/// The facts of an invoice with their salts.
pub fn facts(record: &StateKey) -> Vec<hefu_proof::fact::OpenFact> {
    hefu_proof::fact::salted(SUITE, &[5; 32], record, FACTS)
}

fn invoice(series: &str, number: u64) -> Register {
    let file = SUITE.hash(&[series.as_bytes(), &number.to_be_bytes()]);
    let mut register = Register {
        document_type: TYPE.to_owned(),
        region: REGION.to_owned(),
        identity: Identity {
            legal_issuer: SELLER.to_owned(),
            series: series.to_owned(),
            number: format!("264420000000{number:08}"),
            ..Identity::default()
        },
        digests: vec![Digest(file.0)],
        fact_root: None,
        valid_from: None,
        valid_until: None,
        use_right: None,
        total: Some(Amount {
            currency: "CNY".to_owned(),
            minor_units: 1_821_980,
        }),
        blinding: Blinding([1; 16]),
        issued_offline_at: None,
        open_facts: vec![],
    };
    let record = record_of(&register);
    let leaves = hefu_proof::fact::all_open(facts(&record));
    register.fact_root = hefu_proof::fact::root(SUITE, &leaves);
    let buyer = named_member(SUITE, &record, &Salt([9; 16]), BUYER);
    register.use_right = Some(UseRight::NamedMember(buyer));
    register
}

fn record_of(register: &Register) -> StateKey {
    let number = Profile::Generic.check(&register.identity);
    key::record(SUITE, &number.expect("it fits"))
}

/// A record that nobody registered.
pub fn unknown_record() -> StateKey {
    record_of(&invoice("DZFP-Z", 0))
}

fn secret(role: &str, holder: &str) -> SecretKey {
    SecretKey::from_seed(SUITE, &SUITE.hash(&[role.as_bytes(), holder.as_bytes()]).0)
}

fn proven(role: &str, holder: &str) -> ProvenKey {
    let key = secret(role, holder);
    ProvenKey {
        key: key.public_key(),
        proof: key.prove_possession(&NETWORK, role, holder),
    }
}

fn genesis(validators: usize) -> Genesis {
    let region = |id: &&str| Region {
        id: (*id).to_owned(),
        name_zh: (*id).to_owned(),
        name_en: (*id).to_owned(),
    };
    let validator = |number: usize| {
        let name = name(number);
        GenesisValidator {
            region: REGIONS[number % REGIONS.len()].to_owned(),
            consensus: proven("consensus", &name),
            checkpoint: proven("checkpoint", &name),
            log: proven("log", &name),
            peer: proven("peer", &name),
            name,
        }
    };
    let rules = TypeRules {
        purposes: vec![PurposeRules {
            divisible: true,
            ..PurposeRules::new("reimburse")
        }],
        ..TypeRules::new(TYPE, Kind::Invoice, Profile::Generic.name())
    };
    Genesis {
        format: 0,
        network_id: NETWORK,
        name: "invoices.hefu.example".to_owned(),
        suite: SUITE.name().to_owned(),
        time: START,
        heartbeat_ms: 10_000,
        regions: REGIONS.iter().map(region).collect(),
        validators: (0..validators).map(validator).collect(),
        council: Council {
            threshold: 1,
            seats: vec![Seat {
                name: "seat-gd".to_owned(),
                key: proven("council", "seat-gd"),
            }],
        },
        registrars: vec![],
        agencies: vec![Agency {
            id: AGENCY.to_owned(),
            name: "国家税务总局广东省税务局".to_owned(),
            region: REGION.to_owned(),
            contact: "020-12366".to_owned(),
            key: proven("agency", AGENCY),
            entitlements: vec![Entitlement {
                document_type: TYPE.to_owned(),
                region: REGION.to_owned(),
                issuer_prefixes: vec!["9144".to_owned(), "9244".to_owned()],
                legal_basis: "发票管理办法".to_owned(),
                part: Part::Issue,
            }],
            key_valid_before: Millis(u64::MAX),
        }],
        members: vec![Member {
            id: MEMBER.to_owned(),
            region: "guizhou".to_owned(),
            identifier: member_commitment(SUITE, MEMBER, &Salt([0; 16]), BUYER),
            key: proven("member", MEMBER),
            key_valid_before: Millis(u64::MAX),
        }],
        types: vec![rules],
        recognition: vec![],
        rules_version: 2,
    }
}
