//! The rules under arbitrary blocks: bytes become a sequence of blocks of real operations over a small
//! ledger, and after each block every invariant is derived anew from the state and from its past.
//!
//! The bytes choose among few names, numbers and files, so that operations meet one another; now and
//! then they spell a text themselves. A block that the rules call invalid is passed over, as a validator
//! would; a block that they call valid must execute.

use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::derived::has_passed;
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
use hefu_types::leaf::{
    ClockLeaf, DigestLeaf, Entitlement, Kind, Leaf, Part, PurposeRules, SetLeaf, TypeRules,
    LEAF_BYTES_MAX,
};
use hefu_types::numbering::{self, NumberSpan, NumberingLeaf};
use hefu_types::operation::{
    member_commitment, named_member, ActivateRange, AddRendition, AllocateRange, Amount,
    AnswerReversal, Archive, Cancel, Claim, Clawback, Confirm, Consume, Correct, Cover,
    DelegateRange, HandOver, Lock, MemberOpening, Numbering, Operation, Register, Reject, Release,
    Replace, RequestRange, RequestReversal, Reverse, Revoke, RightProof, Share, Unattested,
    UseRight, VoidNumbers, WithdrawRange, WithdrawReversal,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::{Item, Record, Span, State, UseItem, UseItemState};
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{
    Blinding, Digest, FactRoot, Millis, NetworkId, Nonce, OperationId, PublicKey, Salt, StateKey,
    StatementId, Suite,
};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::OnceLock;

const SUITE: Suite = Suite::Sha256Ed25519;
const START: Millis = Millis(1_800_000_000_000);
const DAY: u64 = 24 * Millis::HOUR;
const NETWORK_ID: NetworkId = NetworkId([9; 16]);
const AGENCIES: [&str; 5] = ["tax", "west-tax", "retired", "hospital", "bureau"];
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
            legal_issuer: self.text(&["9133SELLER", "9152SELLER", "1133OFFICE", "12UNIT"]),
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
            document_type: self.text(&["invoice", "licence", "digital", "bill", "poem"]),
            region: self.text(&["east", "west"]),
            identity,
            digests,
            fact_root: self.maybe(|c| FactRoot([c.byte() % 3; 32])),
            valid_from: self.maybe(day),
            valid_until: self.maybe(day),
            use_right: self.maybe(Self::right),
            total: self.maybe(Self::total),
            blinding: Blinding([self.byte(); 16]),
            issued_offline_at: None,
            open_facts: Vec::new(),
        }
    }

    fn right(&mut self) -> UseRight {
        match self.byte() % 4 {
            0 | 1 => UseRight::FirstMember,
            2 => UseRight::NamedMember(named_member(
                SUITE,
                &self.record(),
                &Salt([1; 16]),
                self.of(&MEMBERS),
            )),
            _ => UseRight::ClaimKey(PublicKey([self.byte(); 32])),
        }
    }

    fn total(&mut self) -> Amount {
        Amount {
            currency: self.text(&["CNY", "CNY", "CNY", "cny"]),
            minor_units: i64::from(self.byte() % 16) - 1,
        }
    }

    /// An amount that an invoice of this target may have.
    fn units(&mut self) -> u64 {
        u64::from(self.byte() % 16)
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
        let (profile, legal_issuer, class) = match choice >> 2 & 7 {
            0 | 5 => (Profile::En16931, "9133SELLER", "invoice"),
            1 => (Profile::En16931, "9152SELLER", "invoice"),
            2 | 6 => (Profile::En16931, "9133SELLER", "credit-note"),
            3 => (Profile::Generic, "1133OFFICE", ""),
            _ => (Profile::Generic, "12UNIT", ""),
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
                0 => Share::Amount(self.units()),
                1 => {
                    let (from, to) = (self.units(), self.units());
                    Share::Units(Span { from, to })
                }
                _ => Share::Whole,
            },
            right: self.maybe(Self::proof),
            unattested: self.maybe(|c| Unattested {
                document_type: c.text(&["invoice", "invoice", "bill", "licence"]),
                identity: Identity {
                    legal_issuer: c.text(&["9133SELLER", "9152SELLER"]),
                    class: "invoice".into(),
                    number: c.text(&["1", "2", "3", "4"]),
                    ..Identity::default()
                },
                total: c.maybe(Self::total),
            }),
            ..Claim::whole(&self.text(&["reimburse", "finance", "book"]), self.digest())
        }
    }

    fn proof(&mut self) -> RightProof {
        let member = self.of(&MEMBERS);
        RightProof::Named(MemberOpening {
            identifier: self.text(&[member, "buyer"]),
            record_salt: Salt([1; 16]),
            member_salt: salt(member),
        })
    }

    /// The files that a correction or a rendition brings.
    fn digests(&mut self) -> Vec<Digest> {
        let mut digests: Vec<Digest> = (0..=self.count(3)).map(|_| self.digest()).collect();
        digests.sort_unstable();
        digests.dedup();
        digests
    }

    fn reason(&mut self) -> String {
        self.text(&["error", "return", "penalty"])
    }

    /// One of the last operations, or none that there is.
    fn earlier(&mut self, known: &[OperationId]) -> OperationId {
        let choice = usize::from(self.byte());
        match known.len() {
            0 => OperationId([0; 32]),
            length => known[length - 1 - choice % length],
        }
    }

    fn numbering(&mut self) -> Numbering {
        Numbering {
            document_type: self.text(&["bill", "bill", "bill", "invoice"]),
            region: self.text(&["east"]),
            legal_issuer: self.text(&["12UNIT", "12UNIT", "12UNIT", "9133SELLER"]),
            class: String::new(),
            series: self.text(&["", "", "S"]),
            period: String::new(),
        }
    }

    /// Some of the few numbers of a range.
    fn numbers(&mut self) -> (u64, u64) {
        let first = u64::from(self.byte() % 6);
        (first, first + u64::from(self.byte() % 5))
    }

    fn range(&mut self) -> u32 {
        u32::from(self.byte() % 4)
    }

    fn operation(&mut self, now: Millis, known: &[OperationId]) -> Operation {
        let blinding = Blinding([self.byte(); 16]);
        match self.byte() % 40 {
            0..=5 => Operation::Register(self.register()),
            6 => Operation::Revoke(Revoke {
                record: self.record(),
                reason: self.reason(),
                effective_at: self.maybe(|c| c.time(now)),
            }),
            7 => Operation::Cancel(Cancel {
                record: self.record(),
                reason: self.reason(),
            }),
            8..=10 => Operation::Consume(Consume {
                record: self.record(),
                claim: self.claim(),
                lock: self.maybe(|c| c.earlier(known)),
                blinding,
            }),
            11..=13 => Operation::Lock(Lock {
                record: self.record(),
                claim: self.claim(),
                for_ms: self.maybe(|c| u64::from(c.byte()) * 60_000),
                blinding,
            }),
            14 => Operation::Release(Release {
                record: self.record(),
                lock: self.earlier(known),
            }),
            15 | 16 => Operation::Clawback(Clawback {
                record: self.record(),
                consumption: self.earlier(known),
                minor_units: self.maybe(Self::units),
                reason: self.reason(),
            }),
            17 => Operation::AddRendition(AddRendition {
                record: self.record(),
                digests: self.digests(),
                fact_root: FactRoot([self.byte() % 3; 32]),
            }),
            18 => Operation::Correct(Correct {
                record: self.record(),
                digests: self.digests(),
                fact_root: self.maybe(|c| FactRoot([c.byte() % 3; 32])),
                valid_from: None,
                valid_until: None,
                use_right: self.maybe(Self::right),
                total: self.maybe(Self::total),
                reason: self.reason(),
                blinding,
                open_facts: Vec::new(),
            }),
            19 | 20 => Operation::Confirm(Confirm {
                record: self.record(),
                event_count: 1 + u32::from(self.byte() % 2),
            }),
            21 => Operation::Reject(Reject {
                record: self.record(),
                reason: self.reason(),
            }),
            22 | 23 => Operation::RequestReversal(RequestReversal {
                record: self.record(),
                minor_units: self.maybe(Self::units),
                reason: self.reason(),
                blinding,
            }),
            24 | 25 => Operation::AnswerReversal(AnswerReversal {
                record: self.record(),
                agrees: !self.yes(),
                request: self.earlier(known),
            }),
            26 => Operation::WithdrawReversal(WithdrawReversal {
                record: self.record(),
            }),
            27 | 28 => Operation::Reverse(Reverse {
                record: self.record(),
                minor_units: self.maybe(Self::units),
                credit_note: self.maybe(Self::record),
                reason: self.reason(),
                blinding,
            }),
            29 => Operation::Replace(Replace {
                record: self.record(),
                by: self.record(),
                reason: self.reason(),
            }),
            30 => Operation::Archive(Archive {
                record: self.record(),
            }),
            31 => Operation::HandOver(HandOver {
                record: self.record(),
                right: self.proof(),
                to: self.right(),
            }),
            32 => {
                let (numbering, (first, last)) = (self.numbering(), self.numbers());
                Operation::RequestRange(RequestRange {
                    numbering,
                    first,
                    last,
                    digits: 1 + self.byte() % 2,
                })
            }
            33 => Operation::AllocateRange(AllocateRange {
                numbering: self.numbering(),
                range: self.range(),
                valid_before: self.time(now),
            }),
            34 => Operation::ActivateRange(ActivateRange {
                numbering: self.numbering(),
                range: self.range(),
            }),
            35 => Operation::WithdrawRange(WithdrawRange {
                numbering: self.numbering(),
                range: self.range(),
                reason: self.reason(),
            }),
            36 => {
                let (numbering, range, (first, last)) =
                    (self.numbering(), self.range(), self.numbers());
                Operation::DelegateRange(DelegateRange {
                    numbering,
                    range,
                    first,
                    last,
                    to: self.text(&["hospital", "bureau", "tax"]),
                })
            }
            37 => {
                let (numbering, range, (first, last)) =
                    (self.numbering(), self.range(), self.numbers());
                Operation::VoidNumbers(VoidNumbers {
                    numbering,
                    range,
                    first,
                    last,
                    reason: self.reason(),
                })
            }
            _ => Operation::Cover(Cover {
                document_type: self.text(&["invoice", "bill", "poem"]),
                region: self.text(&["east", "west"]),
                from: self.time(now),
                before: self.maybe(|c| c.time(now)),
                within_ms: u64::from(self.byte()) * Millis::HOUR,
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
        part: Part::Issue,
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
                PurposeRules {
                    divisible: true,
                    ..PurposeRules::new("book")
                },
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
            agency(
                "hospital",
                "east",
                vec![entitled("bill", "east", "12")],
                10_000,
            ),
            agency(
                "bureau",
                "east",
                vec![Entitlement {
                    part: Part::Supervise,
                    ..entitled("bill", "east", "12")
                }],
                10_000,
            ),
        ],
        members: MEMBERS.map(member).to_vec(),
        types: vec![
            rules("invoice", Kind::Invoice, Profile::En16931),
            rules("licence", Kind::Licence, Profile::Generic),
            rules("digital", Kind::Invoice, Profile::CnDigitalInvoice),
            TypeRules {
                two_party: true,
                ranges: true,
                offline_ms: 3 * DAY,
                ..rules("bill", Kind::Invoice, Profile::Generic)
            },
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
    rules: BTreeMap<String, TypeRules>,
    /// The operations so far, the last at the end.
    known: Vec<OperationId>,
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
            rules: (genesis().types.into_iter())
                .map(|rules| (rules.id.clone(), rules))
                .collect(),
            known: Vec::new(),
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
            .map(|_| choices.operation(time, &self.known))
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
            let count = u32::try_from(statement.operations().len()).expect("few");
            let ids = (0..count).map(|index| statement.operation_id(SUITE, index));
            self.known.extend(ids);
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
                    let old = Record::decode(&old).expect("a record stays one");
                    verify_step(&old, &new, &self.rules[&new.public.document_type]);
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
        let mut renditions: BTreeMap<StateKey, StateKey> = BTreeMap::new();
        let mut leading: BTreeMap<StateKey, StateKey> = BTreeMap::new();
        let mut hashes = Vec::new();
        for (key, bytes) in &self.values {
            let Ok(record) = Record::decode(bytes) else {
                assert!(bytes.len() <= LEAF_BYTES_MAX, "a leaf can be read again");
                hashes.push((*key, SUITE.hash(&[bytes])));
                if let Ok(leaf) = NumberingLeaf::from_bytes(bytes) {
                    verify_ranges(&leaf);
                } else if let Ok(leaf) = DigestLeaf::from_bytes(bytes) {
                    leading.extend((!leaf.withdrawn).then_some((*key, leaf.record)));
                }
                continue;
            };
            hashes.push((*key, record.value_hash(SUITE)));
            // Only a stranger's file may have turned out to be that of another document.
            let fewest = usize::from(record.public.status.state != State::Unattested);
            assert!((fewest..=8).contains(&record.public.digests.len()));
            for digest in &record.public.digests {
                let other = renditions.insert(key::digest(SUITE, digest), *key);
                assert_eq!(other, None, "one file is one document");
            }
            self.verify_uses(&record);
            let status = &record.public.status;
            assert!(status.recorded_at <= self.before.time);
            assert!(record.public.registration.block_time <= self.before.time);
        }
        assert_eq!(
            renditions, leading,
            "each rendition leads to its document, and nothing else leads anywhere"
        );
        let rebuilt = StateTree::from_leaves(SUITE, hashes);
        assert_eq!(
            rebuilt.root(),
            self.before.state_root,
            "the root is that of the leaves"
        );
    }

    /// Whatever binds of one line is apart, and no more than is left; everybody is told of it.
    fn verify_uses(&self, record: &Record) {
        let clock = ClockLeaf::from_bytes(&self.values[&key::clock(SUITE)]).expect("the clock");
        let is_over = |until| has_passed(until, self.before.time, clock.last_halt);
        let binds = |item: &&UseItem| match item.state {
            UseItemState::Consumed => true,
            UseItemState::Locked(until) => !is_over(until),
            _ => false,
        };
        let rules = &self.rules[&record.public.document_type];
        let total = (record.total()).and_then(|total| u64::try_from(total.minor_units).ok());
        let left = total.map(|total| total.checked_sub(record.reversed()).expect("within it"));
        let own = rules.purposes.iter().map(|purpose| vec![&purpose.name]);
        let shared = rules.exclusions.iter().map(|set| set.iter().collect());
        for line in own.chain(shared) {
            let of_line = |item: &&UseItem| line.contains(&&item.purpose);
            let items: Vec<_> = record.uses().filter(binds).filter(of_line).collect();
            let mut spans: Vec<Span> = items.iter().filter_map(|item| item.share).collect();
            assert!(
                spans.len() == items.len() || items.len() == 1,
                "a whole is alone"
            );
            spans.sort_unstable();
            assert!(
                spans.windows(2).all(|two| two[0].to <= two[1].from),
                "shares are apart"
            );
            assert!(spans
                .iter()
                .all(|span| span.from < span.to && total.is_some_and(|total| span.to <= total)));
            let sum: u64 = spans.iter().map(Span::len).sum();
            assert!(left.is_none_or(|left| sum <= left), "no more than is left");
        }
        let told = record.public.uses.iter().filter(|told| {
            told.consumed_at.is_some() || told.locked_until.is_some_and(|until| !is_over(until))
        });
        let told: BTreeSet<&str> = told.map(|told| told.purpose.as_str()).collect();
        let bound: BTreeSet<&str> = (record.uses().filter(binds))
            .map(|item| item.purpose.as_str())
            .collect();
        assert_eq!(told, bound, "everybody is told of every use");
    }
}

/// Every number of a range is one of issued, void, given away and open; no two ranges overlap, but where
/// one was given out of the other.
fn verify_ranges(leaf: &NumberingLeaf) {
    for (place, range) in leaf.ranges.iter().enumerate() {
        let lists = [&range.issued, &range.voided, &range.delegated];
        let mut taken: Vec<NumberSpan> = lists.into_iter().flatten().copied().collect();
        taken.sort_unstable();
        assert!(
            taken.windows(2).all(|two| two[0].last < two[1].first),
            "a number is issued, void or given away once"
        );
        let all = numbering::count(&taken) + numbering::count(&range.open());
        assert_eq!(all, range.span().count(), "every number is accounted for");
        for other in &leaf.ranges[place + 1..] {
            let apart = other.is_void()
                || range.is_void()
                || other.digits != range.digits
                || other.parent != range.parent
                || !numbering::meets(&[other.span()], range.span());
            assert!(apart, "no two ranges overlap");
        }
    }
}

/// What no block may do to a record: undo what cannot be undone.
fn verify_step(old: &Record, new: &Record, rules: &TypeRules) {
    let (was, is) = (&old.public, &new.public);
    assert!(is.event_count > was.event_count, "every change is an event");
    assert!(
        old.reversed() <= new.reversed(),
        "what is reversed stays so"
    );
    let reuse = Profile::by_name(&rules.profile).expect("a profile").reuse();
    let is_free = match was.status.state {
        State::Unattested => true,
        State::Rejected => reuse.after_rejection,
        // Within one block a proposal may be rejected and its number used again.
        State::Proposed => reuse.after_rejection && was.registration != is.registration,
        State::Cancelled => reuse.after_cancellation,
        _ => false,
    };
    if !is_free {
        assert_eq!(
            (
                &was.document_type,
                &was.agency,
                &was.region,
                &was.legal_issuer
            ),
            (&is.document_type, &is.agency, &is.region, &is.legal_issuer),
            "what a registration said of its issuer stays"
        );
        assert_eq!(
            was.registration, is.registration,
            "the first registration stays"
        );
        if was.status.state.is_final() {
            assert_eq!(was.status.state, is.status.state, "an end is for good");
            assert!(
                is.status.effective_at <= was.status.effective_at,
                "and not put off"
            );
        }
        assert!(
            was.links.iter().all(|link| is.links.contains(link)),
            "a link stays"
        );
    }
    let is_folded = |item: &Item| matches!(item, Item::FoldedUses(_));
    let has_folded = new.private.iter().any(|private| is_folded(&private.item));
    for used in old
        .uses()
        .filter(|item| item.state == UseItemState::Consumed)
    {
        let now = new.uses().find(|item| item.consumption == used.consumption);
        let Some(now) = now else {
            assert!(has_folded, "no use is forgotten");
            continue;
        };
        assert_eq!((&now.member, &now.purpose), (&used.member, &used.purpose));
        assert!(
            match now.state {
                UseItemState::Consumed | UseItemState::TakenBack => true,
                UseItemState::SetAside => used.unattested,
                UseItemState::Locked(_) | UseItemState::Released => false,
            },
            "a use for good is taken back by both or set aside by who has the right"
        );
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
