//! The rules under arbitrary blocks: bytes become a sequence of blocks of real operations over a small
//! ledger, and after each block every invariant is derived anew from the state and from its past.
//!
//! The bytes choose among few names, numbers and files, so that operations meet one another; now and
//! then they spell a text themselves. A block that the rules call invalid is passed over, as a validator
//! would; a block that they call valid must execute.

use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::log::Frontier;
use hefu_state::block::Surroundings;
use hefu_state::{
    execute, Before, CheckedBlock, Executed, Loaded, Outcome, ReadBlock, StateTree, Touch,
};
use hefu_types::block::{Block, Header};
use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey, Region, Seat,
};
use hefu_types::key;
use hefu_types::leaf::{DigestLeaf, Entitlement, Kind, Leaf, PurposeRules, SetLeaf, TypeRules};
use hefu_types::operation::{
    member_commitment, named_member, Amount, Cancel, Claim, Consume, MemberOpening, Operation,
    Register, Revoke, RightProof, Share, UseRight,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::{Item, Record, Span, State};
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{
    Blinding, Digest, FactRoot, Millis, NetworkId, Nonce, PublicKey, Salt, StateKey, StatementId,
    Suite,
};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::OnceLock;

const SUITE: Suite = Suite::Sha256Ed25519;
const START: Millis = Millis(1_800_000_000_000);
const DAY: u64 = 24 * Millis::HOUR;
const NETWORK_ID: NetworkId = NetworkId([9; 16]);
const AGENCIES: [&str; 3] = ["tax", "west-tax", "retired"];
const MEMBERS: [&str; 2] = ["buyer", "other"];
const BLOCKS_MAX: usize = 12;

/// Bytes that choose. When they are used up they choose the first.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[usize::from(self.byte()) % list.len()].clone()
    }

    fn count(&mut self, most: u8) -> usize {
        usize::from(self.byte() % (most + 1))
    }

    fn yes(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.yes().then(|| make(self))
    }

    /// Mostly one of the list, seldom whatever the bytes spell.
    fn text(&mut self, list: &[&str]) -> String {
        let choice = self.byte();
        if choice < 0xf0 {
            return list[usize::from(choice) % list.len()].to_owned();
        }
        let length = usize::from(self.byte()).min(self.0.len());
        let (spelt, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(spelt).into_owned()
    }

    fn digest(&mut self) -> Digest {
        Digest([self.byte() % 12; 32])
    }

    fn time(&mut self, now: Millis) -> Millis {
        match self.byte() % 6 {
            0 => now,
            1 => now.plus(u64::from(self.byte())),
            2 => now.plus(DAY * u64::from(self.byte())),
            3 => now.minus(DAY),
            4 => Millis(u64::MAX),
            _ => Millis(0),
        }
    }

    fn register(&mut self) -> Register {
        let mut digests: Vec<Digest> = (0..self.count(4)).map(|_| self.digest()).collect();
        if !self.yes() {
            digests.sort_unstable();
            digests.dedup();
        }
        let class = self.text(&["invoice", "", "credit-note"]);
        let identity = Identity {
            legal_issuer: self.text(&["9133SELLER", "9152SELLER", "1133OFFICE"]),
            class,
            number: self.text(&["1", "2", "3", "4"]),
            series: self.text(&["", "", "S"]),
            period: self.text(&["", "", "2026"]),
        };
        let day = |choices: &mut Self| {
            choices.text(&[
                "2027-01-15",
                "2027-01-16",
                "2027-02-30",
                "0000-01-01",
                "9999-12-31",
            ])
        };
        Register {
            document_type: self.text(&["invoice", "licence", "digital", "poem"]),
            region: self.text(&["east", "west"]),
            identity,
            digests,
            fact_root: self.maybe(|c| FactRoot([c.byte() % 3; 32])),
            valid_from: self.maybe(day),
            valid_until: self.maybe(day),
            use_right: self.maybe(|c| match c.byte() % 3 {
                0 => UseRight::FirstMember,
                1 => UseRight::NamedMember(named_member(
                    SUITE,
                    &c.record(),
                    &Salt([1; 16]),
                    c.of(&MEMBERS),
                )),
                _ => UseRight::ClaimKey(PublicKey([c.byte(); 32])),
            }),
            total: self.maybe(|c| Amount {
                currency: c.text(&["CNY", "cny"]),
                minor_units: i64::from(c.byte()) - 1,
            }),
            blinding: Blinding([self.byte(); 16]),
            issued_offline_at: None,
            open_facts: Vec::new(),
        }
    }

    /// The key of a record that a registration may have made, or of some other leaf.
    fn record(&mut self) -> StateKey {
        let choice = self.byte();
        if choice >= 0xf0 {
            return match choice {
                0xf0 => key::clock(SUITE),
                0xf1 => key::agency(SUITE, "tax"),
                0xf2 => key::member(SUITE, "buyer"),
                0xf3 => key::digest(SUITE, &self.digest()),
                0xf4 => key::document_type(SUITE, "invoice"),
                _ => StateKey([choice; 32]),
            };
        }
        let number = ["1", "2", "3", "4"][usize::from(choice & 3)];
        let (profile, legal_issuer, class) = match choice >> 2 & 3 {
            0 => (Profile::En16931, "9133SELLER", "invoice"),
            1 => (Profile::En16931, "9152SELLER", "invoice"),
            2 => (Profile::En16931, "9133SELLER", "credit-note"),
            _ => (Profile::Generic, "1133OFFICE", ""),
        };
        let identity = Identity {
            legal_issuer: legal_issuer.into(),
            class: class.into(),
            number: number.into(),
            ..Identity::default()
        };
        key::record(SUITE, &profile.check(&identity).expect("it fits"))
    }

    fn claim(&mut self) -> Claim {
        Claim {
            share: match self.byte() % 4 {
                0 => Share::Amount(self.byte().into()),
                1 => {
                    let (from, to) = (self.byte().into(), self.byte().into());
                    Share::Units(Span { from, to })
                }
                _ => Share::Whole,
            },
            right: self.maybe(|c| {
                let member = c.of(&MEMBERS);
                RightProof::Named(MemberOpening {
                    identifier: c.text(&[member, "buyer"]),
                    record_salt: Salt([1; 16]),
                    member_salt: salt(member),
                })
            }),
            ..Claim::whole(&self.text(&["reimburse", "finance"]), self.digest())
        }
    }

    fn operation(&mut self, now: Millis) -> Operation {
        match self.byte() % 8 {
            0..=2 => Operation::Register(self.register()),
            3 => Operation::Revoke(Revoke {
                record: self.record(),
                reason: self.text(&["penalty", "error"]),
                effective_at: self.maybe(|c| c.time(now)),
            }),
            4 => Operation::Cancel(Cancel {
                record: self.record(),
                reason: self.text(&["error"]),
            }),
            _ => Operation::Consume(Consume {
                record: self.record(),
                claim: self.claim(),
                lock: None,
                blinding: Blinding([self.byte(); 16]),
            }),
        }
    }
}

fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(SUITE, &SUITE.hash(&[name.as_bytes()]).0)
}

/// The key of an actor. Deriving one takes as long as a signature, so it is done once.
fn signing_key(name: &str) -> &'static SecretKey {
    static KNOWN: OnceLock<BTreeMap<String, SecretKey>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let agencies = AGENCIES.map(|id| format!("agency {id}"));
        let members = MEMBERS.map(|id| format!("member {id}"));
        let names = agencies.into_iter().chain(members);
        names.map(|name| (name.clone(), secret(&name))).collect()
    });
    &known[name]
}

fn salt(of: &str) -> Salt {
    let mut salt = Salt([0; 16]);
    salt.0
        .copy_from_slice(&SUITE.hash(&[b"salt", of.as_bytes()]).0[..16]);
    salt
}

fn proven(role: &str, holder: &str) -> ProvenKey {
    let key = secret(&format!("{role} {holder}"));
    ProvenKey {
        key: key.public_key(),
        proof: key.prove_possession(&NETWORK_ID, role, holder),
    }
}

fn genesis() -> Genesis {
    let entitled = |kind: &str, region: &str, prefix: &str| Entitlement {
        document_type: kind.into(),
        region: region.into(),
        issuer_prefixes: vec![prefix.into()],
        legal_basis: "list, item 1".into(),
        part: Default::default(),
    };
    let agency = |id: &str, region: &str, entitlements: Vec<Entitlement>, days: u64| Agency {
        id: id.into(),
        name: id.into(),
        region: region.into(),
        contact: "counter".into(),
        key: proven("agency", id),
        entitlements,
        key_valid_before: START.plus(days * DAY),
    };
    let rules = |id: &str, kind: Kind, profile: Profile| TypeRules {
        purposes: match kind {
            Kind::Invoice => vec![
                PurposeRules {
                    divisible: true,
                    ..PurposeRules::new("reimburse")
                },
                PurposeRules::new("finance"),
            ],
            Kind::Licence => vec![],
        },
        exclusions: match kind {
            Kind::Invoice => vec![vec!["reimburse".into(), "finance".into()]],
            Kind::Licence => vec![],
        },
        first_member: kind == Kind::Invoice,
        unattested: kind == Kind::Invoice,
        ..TypeRules::new(id, kind, profile.name())
    };
    let region = |id: &str| Region {
        id: id.into(),
        name_zh: id.into(),
        name_en: id.into(),
    };
    let member = |id: &str| Member {
        id: id.into(),
        region: "east".into(),
        identifier: member_commitment(SUITE, id, &salt(id), id),
        key: proven("member", id),
        key_valid_before: START.plus(10_000 * DAY),
    };
    Genesis {
        format: 0,
        rules_version: 1,
        network_id: NETWORK_ID,
        name: "fuzz.example".into(),
        suite: SUITE.name().into(),
        time: START,
        heartbeat_ms: 10_000,
        regions: vec![region("east"), region("west")],
        validators: vec![GenesisValidator {
            name: "v".into(),
            region: "east".into(),
            consensus: proven("consensus", "v"),
            checkpoint: proven("checkpoint", "v"),
            log: proven("log", "v"),
            peer: proven("peer", "v"),
        }],
        council: Council {
            threshold: 1,
            seats: vec![Seat {
                name: "s".into(),
                key: proven("council", "s"),
            }],
        },
        registrars: vec![],
        agencies: vec![
            agency(
                "tax",
                "east",
                vec![
                    entitled("invoice", "east", "9133"),
                    entitled("licence", "east", "1133"),
                ],
                10_000,
            ),
            agency(
                "west-tax",
                "west",
                vec![entitled("invoice", "west", "9152")],
                10_000,
            ),
            // Its key is over after two days.
            agency(
                "retired",
                "west",
                vec![entitled("digital", "west", "9152")],
                2,
            ),
        ],
        members: MEMBERS.map(member).to_vec(),
        types: vec![
            rules("invoice", Kind::Invoice, Profile::En16931),
            rules("licence", Kind::Licence, Profile::Generic),
            rules("digital", Kind::Invoice, Profile::CnDigitalInvoice),
        ],
        recognition: vec![],
    }
}

struct Around<'a>(&'a BTreeSet<StatementId>);

impl Surroundings for Around<'_> {
    type Fault = Infallible;
    fn in_window(&self, id: &StatementId) -> Result<bool, Infallible> {
        Ok(self.0.contains(id))
    }
    fn checkpoint_text(&self, _: u64) -> Result<Option<(String, SetLeaf)>, Infallible> {
        Ok(None)
    }
}

#[derive(Clone)]
struct Ledger {
    network: Network,
    values: BTreeMap<StateKey, Vec<u8>>,
    tree: StateTree,
    frontier: Frontier,
    before: Before,
    window: BTreeSet<StatementId>,
    nonce: u8,
}

/// Proving a genesis takes many signatures, so it is done once.
fn ledger() -> Ledger {
    static FIRST: OnceLock<Ledger> = OnceLock::new();
    FIRST.get_or_init(Ledger::new).clone()
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
            frontier: Frontier::new(SUITE),
            before,
            window: BTreeSet::new(),
            nonce: 0,
        }
    }

    fn statement(&mut self, choices: &mut Choices<'_>, time: Millis) -> Statement {
        let actors = [&AGENCIES[..], &MEMBERS[..]].concat();
        let actor = choices.of(&actors);
        let role = if AGENCIES.contains(&actor) {
            "agency"
        } else {
            "member"
        };
        let issuer = choices.text(&[actor, actor, actor, "tax"]);
        let mode = choices.of(&[Mode::Each, Mode::Atomic]);
        let operations: Vec<Operation> = (0..=choices.count(3))
            .map(|_| choices.operation(time))
            .collect();
        // Now and then the same statement again.
        self.nonce = self.nonce.wrapping_add(choices.of(&[1, 1, 1, 0]));
        Statement::sign(
            SUITE,
            self.network.digest(),
            self.network.origin(),
            signing_key(&format!("{role} {actor}")),
            &issuer,
            Nonce([self.nonce; 16]),
            time.plus(Millis::HOUR / 2),
            mode,
            &operations,
        )
    }

    /// Executes a block, unless it is invalid.
    fn block(&mut self, time: Millis, statements: Vec<Statement>) {
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
        let Ok(read) = ReadBlock::read(&bytes, &self.network, |_| None) else {
            return;
        };
        assert_eq!(read.names(&self.before), Ok(()));
        let loaded = self.load(&read);
        let around = Around(&self.window);
        let Ok(checked) = CheckedBlock::check(read, &self.network, &self.before, &loaded, &around);
        let Ok(checked) = checked else { return };
        let run = || {
            execute(
                &self.network,
                &checked,
                &bytes,
                &self.before,
                &loaded,
                &self.tree,
            )
        };
        let (done, again) = (run(), run());
        assert_eq!(done.entry, again.entry, "executing is a function");
        assert_eq!(done.outcomes, again.outcomes, "executing is a function");
        self.verify_outcomes(&checked, &done);
        self.take(time, &checked, done);
    }

    fn load(&self, read: &ReadBlock) -> Loaded {
        let mut loaded = Loaded::default();
        for _ in 0..=3 {
            let missing = loaded.missing(&self.network, read);
            if missing.is_empty() {
                return loaded;
            }
            for touch in missing {
                let found = self.values.get(&touch.key(SUITE)).cloned();
                // As the store does: another leaf under a record's name is no record.
                let is_record = found.as_deref().is_some_and(|b| Record::decode(b).is_ok());
                let found = found.filter(|_| is_record || !matches!(touch, Touch::Record(_)));
                loaded
                    .put(touch, found.as_deref())
                    .expect("the state is sound");
            }
        }
        panic!("more than three rounds of loading");
    }

    fn verify_outcomes(&self, checked: &CheckedBlock, done: &Executed) {
        let counts = checked.statements().iter().map(|s| s.operations().len());
        assert!(
            counts.eq(done.outcomes.iter().map(Vec::len)),
            "one outcome each"
        );
        let refused = done.outcomes.iter().flatten();
        let refused = refused.filter(|o| matches!(o, Outcome::Refused(_))).count();
        assert_eq!(refused, done.refusals.len());
        assert!(done
            .refusals
            .windows(2)
            .all(|two| two[0].index < two[1].index));
        for (statement, outcomes) in checked.statements().iter().zip(&done.outcomes) {
            let accepted = outcomes.iter().filter(|o| **o == Outcome::Accepted).count();
            let whole = accepted == 0 || accepted == outcomes.len();
            assert!(
                whole || statement.payload().mode == Mode::Each,
                "atomic is all or none"
            );
        }
        if refused == done.outcomes.iter().map(Vec::len).sum::<usize>() {
            let written: Vec<_> = done.changes.keys().collect();
            assert_eq!(
                written,
                [&key::clock(SUITE)],
                "what is refused leaves nothing"
            );
        }
    }

    fn take(&mut self, time: Millis, checked: &CheckedBlock, done: Executed) {
        for statement in checked.statements() {
            assert!(self.window.insert(statement.id()), "executed twice");
            self.frontier
                .append(SUITE.log_leaf(statement.statement().cose()), |_, _, _| {});
        }
        self.frontier
            .append(SUITE.log_leaf(&done.entry.encode()), |_, _, _| {});
        let past = std::mem::replace(&mut self.tree, done.tree);
        assert_eq!(
            past.root(),
            self.before.state_root,
            "a snapshot stays as it was"
        );
        for (key, change) in &done.changes {
            let old = self.values.insert(*key, change.bytes.clone());
            if change.is_record {
                let new = Record::decode(&change.bytes).expect("a record");
                if let Some(old) = old {
                    verify_step(&Record::decode(&old).expect("a record stays one"), &new);
                }
                self.tree
                    .prove(key)
                    .verify(SUITE, &done.entry.state_root, key, Some(&change.value_hash))
                    .expect("what was written is proven");
            }
        }
        let checkpoint = Checkpoint::of_block(&done.entry, self.frontier.root());
        assert_eq!(checkpoint.size, self.frontier.size());
        self.before = Before {
            height: done.entry.height,
            time,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: done.entry.state_root,
            checkpoint_hash: checkpoint.text_hash(SUITE, self.network.origin()),
        };
        self.verify_state();
    }

    /// What must hold of any state, from the leaves alone.
    fn verify_state(&self) {
        let mut renditions: BTreeMap<Digest, StateKey> = BTreeMap::new();
        let mut hashes = Vec::new();
        for (key, bytes) in &self.values {
            let Ok(record) = Record::decode(bytes) else {
                hashes.push((*key, SUITE.hash(&[bytes])));
                continue;
            };
            hashes.push((*key, record.value_hash(SUITE)));
            assert!((1..=8).contains(&record.public.digests.len()));
            for digest in &record.public.digests {
                let other = renditions.insert(*digest, *key);
                assert_eq!(other, None, "one file is one document");
                let leaf = &self.values[&key::digest(SUITE, digest)];
                let leaf = DigestLeaf::from_bytes(leaf).expect("a rendition's leaf");
                assert_eq!(leaf.record, *key, "a rendition leads to its document");
            }
            let uses = &record.public.uses;
            assert!(
                uses.windows(2).all(|two| two[0].purpose < two[1].purpose),
                "one use for a purpose"
            );
            let items = record.private.iter();
            let items = items.filter(|i| matches!(i.item, Item::Use(_))).count();
            assert_eq!(items, uses.len(), "each use has its private item");
            let status = &record.public.status;
            assert!(status.recorded_at <= self.before.time);
            assert!(record.public.registration.block_time <= self.before.time);
        }
        let rebuilt = StateTree::from_leaves(SUITE, hashes);
        assert_eq!(
            rebuilt.root(),
            self.before.state_root,
            "the root is that of the leaves"
        );
    }
}

/// What no block may do to a record.
fn verify_step(old: &Record, new: &Record) {
    let (was, is) = (&old.public, &new.public);
    assert_eq!(
        (
            &was.document_type,
            &was.agency,
            &was.region,
            &was.legal_issuer
        ),
        (&is.document_type, &is.agency, &is.region, &is.legal_issuer),
        "what a registration said stays"
    );
    assert_eq!(
        was.registration, is.registration,
        "the first registration stays"
    );
    assert_eq!(was.fact_root, is.fact_root, "facts stay");
    assert_eq!(
        was.use_right, is.use_right,
        "the right to use is that of the first"
    );
    let kept = was.digests.iter().all(|digest| is.digests.contains(digest));
    assert!(kept, "no rendition is forgotten");
    assert!(
        was.uses.iter().all(|used| is.uses.contains(used)),
        "no use is forgotten"
    );
    assert!(is.event_count > was.event_count, "every change is an event");
    assert!(
        new.private.starts_with(&old.private),
        "private items are only appended"
    );
    if was.status.state != State::Issued {
        assert_eq!(was.status.state, is.status.state, "an end is for good");
        assert!(
            is.status.effective_at <= was.status.effective_at,
            "and not put off"
        );
        assert_eq!(was.uses, is.uses, "what has ended is not used");
    }
}

/// See the module.
pub fn apply(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let mut ledger = ledger();
    for _ in 0..BLOCKS_MAX {
        if choices.0.is_empty() {
            break;
        }
        let pause = choices.of(&[1, 1, 1, 1000, Millis::HOUR + 1, DAY, 3 * DAY]);
        let time = ledger.before.time.plus(pause);
        let statements = (0..choices.count(3))
            .map(|_| ledger.statement(&mut choices, time))
            .collect();
        ledger.block(time, statements);
    }
}
