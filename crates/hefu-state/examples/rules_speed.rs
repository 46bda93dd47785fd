//! What the rules cost an operation: `cargo run --release --example rules_speed [ROUNDS [first]]`
//!
//! One thread, everything in memory, blocks of 64 statements with 256 operations each. Measured is
//! the processor time of [`execute`]: the guards, the new records with their hashes, the state tree and
//! the refusals; not signatures, disk or engine. Each row is one kind of operation, each figure the
//! median of the rounds in microseconds an operation, over documents that are new in each round. `first`
//! leaves out all but what the first rules had, to compare with a program of that time.

use hefu_proof::checkpoint::Checkpoint;
use hefu_state::block::{Before, CheckedBlock, ReadBlock, Surroundings};
use hefu_state::{execute, Loaded, Outcome, StateTree};
use hefu_types::block::{Block, Header};
use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey, Region, Seat,
};
use hefu_types::key;
use hefu_types::leaf::{Entitlement, Kind, Part, PurposeRules, SetLeaf, TypeRules};
use hefu_types::operation::{
    member_commitment, named_member, ActivateRange, AllocateRange, Amount, Claim, Consume, Lock,
    MemberOpening, Numbering, Operation, Register, RequestRange, Reverse, RightProof, Share,
    UseRight,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::Record;
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{
    Blinding, Digest, Hash, Millis, NetworkId, Nonce, OperationId, Salt, StateKey, StatementId,
    Suite,
};
use std::collections::BTreeMap;
use std::time::Duration;

const SUITE: Suite = Suite::Sha256Ed25519;
const START: Millis = Millis(1_800_000_000_000);
const NETWORK: NetworkId = NetworkId([7; 16]);
const STATEMENTS: u64 = 64;
const OPERATIONS: u64 = 256;

fn main() {
    let rounds: u64 = std::env::args()
        .nth(1)
        .map_or(9, |rounds| rounds.parse().expect("a number"));
    let all = std::env::args().nth(2).as_deref() != Some("first");
    let mut ledger = Ledger::new();
    let mut rows: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for round in 0..=rounds {
        for (name, per_operation) in ledger.round(round, all) {
            // The first round finds everything cold.
            if round > 0 {
                rows.entry(name).or_default().push(per_operation);
            }
        }
    }
    println!(
        "{rounds} rounds of {} operations, {} records",
        STATEMENTS * OPERATIONS,
        ledger.records()
    );
    for (name, mut figures) in rows {
        figures.sort_by(f64::total_cmp);
        println!("{name:32} {:6.2} us", figures[figures.len() / 2]);
    }
}

struct Ledger {
    network: Network,
    values: BTreeMap<StateKey, Vec<u8>>,
    tree: StateTree,
    before: Before,
    nonce: u64,
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
    fn new() -> Self {
        let network = Network::new(genesis()).expect("the genesis holds");
        let values: BTreeMap<_, _> = network.leaves().into_iter().collect();
        let hashes = values
            .iter()
            .map(|(key, bytes)| (*key, SUITE.hash(&[bytes])));
        let tree = StateTree::from_leaves(SUITE, hashes);
        let checkpoint = Checkpoint::genesis(&network, tree.root());
        let before = Before {
            height: 0,
            time: START,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: checkpoint.state_root,
            checkpoint_hash: checkpoint.text_hash(SUITE, network.origin()),
        };
        Self {
            network,
            values,
            tree,
            before,
            nonce: 0,
        }
    }

    fn records(&self) -> usize {
        self.values
            .values()
            .filter(|bytes| Record::decode(bytes).is_ok())
            .count()
    }

    /// One block of each kind over new documents.
    fn round(&mut self, round: u64, all: bool) -> Vec<(&'static str, f64)> {
        let count = STATEMENTS * OPERATIONS;
        let numbers: Vec<u64> = (0..count).map(|n| round * count + n).collect();
        let of = |make: fn(u64) -> Operation| numbers.iter().copied().map(make).collect::<Vec<_>>();
        let mut rows = Vec::new();
        rows.push(("register", self.run("agency", &of(register))));
        rows.push(("consume, whole", self.run("member", &of(consume))));
        if !all {
            return rows;
        }
        self.run("agency", &of(register_shared));
        let (time, ids) = self.run_ids("other", &of(lock));
        rows.push(("lock, a part", time));
        let locked: Vec<Operation> = (numbers.iter().zip(&ids))
            .map(|(number, lock)| consume_lock(*number, *lock))
            .collect();
        rows.push(("consume of a lock", self.run("other", &locked)));
        rows.push((
            "consume beside it, a part",
            self.run("other", &of(consume_part)),
        ));
        self.run("agency", &of(register_reversed));
        rows.push(("reverse, in part", self.run("agency", &of(reverse))));
        self.range(round);
        rows.push((
            "register in a range",
            self.run("agency", &of(register_ranged)),
        ));
        rows
    }

    fn range(&mut self, round: u64) {
        let numbering = numbering();
        let first = round * STATEMENTS * OPERATIONS;
        let range = u32::try_from(round).expect("few rounds");
        let request = RequestRange {
            numbering: numbering.clone(),
            first,
            last: first + STATEMENTS * OPERATIONS - 1,
            digits: 10,
        };
        let allocate = AllocateRange {
            numbering: numbering.clone(),
            range,
            valid_before: Millis(u64::MAX),
        };
        let activate = ActivateRange { numbering, range };
        self.run("agency", &[Operation::RequestRange(request)]);
        self.run("bureau", &[Operation::AllocateRange(allocate)]);
        self.run("agency", &[Operation::ActivateRange(activate)]);
    }

    fn run(&mut self, actor: &str, operations: &[Operation]) -> f64 {
        self.run_ids(actor, operations).0
    }

    /// Executes one block: microseconds an operation, and the ids of the operations.
    fn run_ids(&mut self, actor: &str, operations: &[Operation]) -> (f64, Vec<OperationId>) {
        let role = if ["agency", "bureau"].contains(&actor) {
            "agency"
        } else {
            "member"
        };
        let secret = secret(role, actor);
        let time = self.before.time.plus(1);
        let statements: Vec<Statement> = (operations.chunks(OPERATIONS as usize))
            .map(|chunk| {
                self.nonce += 1;
                let mut nonce = Nonce([0; 16]);
                nonce.0[..8].copy_from_slice(&self.nonce.to_be_bytes());
                let (network, origin) = (self.network.digest(), self.network.origin());
                let until = time.plus(60_000);
                Statement::sign(
                    SUITE,
                    network,
                    origin,
                    &secret,
                    actor,
                    nonce,
                    until,
                    Mode::Each,
                    chunk,
                )
            })
            .collect();
        let header = Header {
            network: self.network.digest(),
            height: self.before.height + 1,
            time,
            parent_size: self.before.size,
            parent_log_root: self.before.log_root,
            parent_state_root: self.before.state_root,
            carried: None,
        };
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
        let begun = processor_time();
        let done = execute(
            &self.network,
            &checked,
            &bytes,
            &self.before,
            &loaded,
            &self.tree,
        );
        let took = processor_time() - begun;
        let refused = done
            .outcomes
            .iter()
            .flatten()
            .find(|o| **o != Outcome::Accepted);
        assert_eq!(refused, None, "{}", operations[0].verb());
        let ids = (checked.statements().iter())
            .flat_map(|of| (0..of.operations().len() as u32).map(|n| of.operation_id(SUITE, n)))
            .collect();
        for (key, change) in done.changes {
            self.values.insert(key, change.bytes);
        }
        self.tree = done.tree;
        // The log is not what is measured: its root is any.
        let checkpoint = Checkpoint::of_block(&done.entry, Hash([0; 32]));
        self.before = Before {
            height: done.entry.height,
            time,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: done.entry.state_root,
            checkpoint_hash: checkpoint.text_hash(SUITE, self.network.origin()),
        };
        (took.as_secs_f64() * 1e6 / operations.len() as f64, ids)
    }
}

/// The processor time of this process so far.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux tells it");
    let nanoseconds = stat.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.expect("nanoseconds on the processor"))
}

fn invoice(series: &str, number: u64, document_type: &str) -> Register {
    let file = SUITE.hash(&[series.as_bytes(), &number.to_be_bytes()]);
    Register {
        document_type: document_type.to_owned(),
        region: "east".to_owned(),
        identity: Identity {
            legal_issuer: "9133SELLER".to_owned(),
            series: series.to_owned(),
            number: format!("{number:010}"),
            ..Identity::default()
        },
        digests: vec![Digest(file.0)],
        fact_root: None,
        valid_from: None,
        valid_until: None,
        use_right: Some(UseRight::FirstMember),
        total: Some(Amount {
            currency: "CNY".to_owned(),
            minor_units: 100_000,
        }),
        blinding: Blinding([1; 16]),
        issued_offline_at: None,
        open_facts: vec![],
    }
}

fn register(number: u64) -> Operation {
    Operation::Register(invoice("WHOLE", number, "invoice"))
}

/// One whose buyer is named: locks of a first member are counted.
fn shared(number: u64) -> Register {
    let register = invoice("SHARED", number, "invoice");
    let commitment = named_member(SUITE, &record_of(&register), &Salt([9; 16]), "other");
    Register {
        use_right: Some(UseRight::NamedMember(commitment)),
        ..register
    }
}

fn register_shared(number: u64) -> Operation {
    Operation::Register(shared(number))
}

fn register_reversed(number: u64) -> Operation {
    Operation::Register(invoice("REVERSED", number, "invoice"))
}

fn register_ranged(number: u64) -> Operation {
    Operation::Register(invoice("RANGED", number, "bill"))
}

fn numbering() -> Numbering {
    invoice("RANGED", 0, "bill").numbering()
}

fn record_of(register: &Register) -> StateKey {
    key::record(
        SUITE,
        &Profile::Generic.check(&register.identity).expect("it fits"),
    )
}

fn claim(register: &Register, share: Share) -> (StateKey, Claim) {
    let opening = MemberOpening {
        identifier: "other".to_owned(),
        record_salt: Salt([9; 16]),
        member_salt: Salt([0; 16]),
    };
    let is_named = matches!(register.use_right, Some(UseRight::NamedMember(_)));
    let claim = Claim {
        share,
        right: is_named.then_some(RightProof::Named(opening)),
        ..Claim::whole("reimburse", register.digests[0])
    };
    (record_of(register), claim)
}

fn consume(number: u64) -> Operation {
    let (record, claim) = claim(&invoice("WHOLE", number, "invoice"), Share::Whole);
    Operation::Consume(Consume {
        record,
        claim,
        lock: None,
        blinding: Blinding([2; 16]),
    })
}

fn lock(number: u64) -> Operation {
    let register = shared(number);
    let (record, claim) = claim(&register, Share::Amount(40_000));
    Operation::Lock(Lock {
        record,
        claim,
        for_ms: None,
        blinding: Blinding([3; 16]),
    })
}

fn consume_lock(number: u64, lock: OperationId) -> Operation {
    let (record, claim) = claim(&shared(number), Share::Whole);
    Operation::Consume(Consume {
        record,
        claim,
        lock: Some(lock),
        blinding: Blinding([4; 16]),
    })
}

fn consume_part(number: u64) -> Operation {
    let register = shared(number);
    let (record, claim) = claim(&register, Share::Amount(30_000));
    Operation::Consume(Consume {
        record,
        claim,
        lock: None,
        blinding: Blinding([5; 16]),
    })
}

fn reverse(number: u64) -> Operation {
    let record = record_of(&invoice("REVERSED", number, "invoice"));
    Operation::Reverse(Reverse {
        record,
        minor_units: Some(1_000),
        credit_note: None,
        reason: "discount".to_owned(),
        blinding: Blinding([6; 16]),
    })
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

fn genesis() -> Genesis {
    let agency = |id: &str, part: Part| Agency {
        id: id.to_owned(),
        name: id.to_owned(),
        region: "east".to_owned(),
        contact: "counter".to_owned(),
        key: proven("agency", id),
        entitlements: (["invoice", "bill"].into_iter())
            .map(|document_type| Entitlement {
                document_type: document_type.to_owned(),
                region: "east".to_owned(),
                issuer_prefixes: vec!["9133".to_owned()],
                legal_basis: "list".to_owned(),
                part,
            })
            .collect(),
        key_valid_before: Millis(u64::MAX),
    };
    let member = |id: &str| Member {
        id: id.to_owned(),
        region: "east".to_owned(),
        identifier: member_commitment(SUITE, id, &Salt([0; 16]), id),
        key: proven("member", id),
        key_valid_before: Millis(u64::MAX),
    };
    let rules = |id: &str, ranges: bool| TypeRules {
        purposes: vec![PurposeRules {
            divisible: true,
            ..PurposeRules::new("reimburse")
        }],
        first_member: true,
        ranges,
        ..TypeRules::new(id, Kind::Invoice, Profile::Generic.name())
    };
    Genesis {
        format: 0,
        network_id: NETWORK,
        name: "speed.example".to_owned(),
        suite: SUITE.name().to_owned(),
        time: START,
        heartbeat_ms: 10_000,
        regions: vec![Region {
            id: "east".to_owned(),
            name_zh: "east".to_owned(),
            name_en: "east".to_owned(),
        }],
        validators: vec![GenesisValidator {
            name: "v".to_owned(),
            region: "east".to_owned(),
            consensus: proven("consensus", "v"),
            checkpoint: proven("checkpoint", "v"),
            log: proven("log", "v"),
            peer: proven("peer", "v"),
        }],
        council: Council {
            threshold: 1,
            seats: vec![Seat {
                name: "s".to_owned(),
                key: proven("council", "s"),
            }],
        },
        registrars: vec![],
        agencies: vec![
            agency("agency", Part::Issue),
            agency("bureau", Part::Supervise),
        ],
        members: vec![member("member"), member("other")],
        types: vec![rules("invoice", false), rules("bill", true)],
        recognition: vec![],
        rules_version: 2,
    }
}
