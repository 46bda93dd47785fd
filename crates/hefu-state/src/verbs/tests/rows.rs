//! The language of the rows. A table is text, and each of its lines a sentence:
//!
//! ```text
//! tax register I1 total=10                 -> ok
//! buyer lock I1 reimburse 4 for=10m        -> ok as L1
//! other consume I1 reimburse whole         -> Locked
//! tax all: cancel I1; cancel I2            -> SiblingRefused, UnknownRecord
//! wait 10m                                    (with a block at least each hour)
//! halt 2h                                     (no block for so long)
//! carry 1                                     (a block with the quorum of the last block but one)
//! ? I1 state=Issued uses=none
//! ? range S 0 now=active open=3..9
//! ```
//!
//! A document is what its first line says of it; later lines change that for themselves alone. It has
//! one file and facts of its name, and anybody may use it, unless the line says otherwise. Who uses it
//! shows the right that the record asks for, as well as he can, unless `by=` says otherwise.

mod governance;
mod licences;

use super::market::{identifier, length, market, small_market};
use super::province::province;
use super::world::{nonce, salt, secret, World, SUITE};
use crate::Outcome;
use hefu_proof::derived::{deadline, has_passed, reversal_at, status_at};
use hefu_types::key;
use hefu_types::leaf::Leaf;
use hefu_types::numbering::{NumberSpan, NumberingLeaf};
use hefu_types::operation::{
    named_member, ActivateRange, AddRendition, AllocateRange, Amount, AnswerReversal, Archive,
    Cancel, Claim, Clawback, Confirm, Consume, Correct, Cover, DelegateRange, HandOver, Lock,
    MemberOpening, Numbering, Operation, Register, Reject, Release, Replace, RequestRange,
    RequestReversal, Reverse, Revoke, RightProof, Share, Unattested, UseRight, VoidNumbers,
    WithdrawRange, WithdrawReversal,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::{Item, OpenFact, Record, Span, UseItemState};
use hefu_types::statement::Mode;
use hefu_types::{
    Blinding, ClaimNonce, Code, Digest, FactRoot, Millis, OperationId, PublicKey, StateKey,
};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A table with its name.
pub(super) type Table = (&'static str, &'static str);

/// Plays a table from genesis.
#[track_caller]
pub(super) fn check(table: &Table) {
    check_at(Desk::new(), table);
}

/// Plays a table from where a desk is.
#[track_caller]
pub(super) fn check_at(mut desk: Desk, table: &Table) {
    for (number, line) in table.1.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            desk.context = format!("{}, line {number}: {line}", table.0);
            desk.line(line);
        }
    }
}

/// The codes that rows expect, in a text that holds rows.
pub(super) fn codes(text: &str) -> impl Iterator<Item = Code> + '_ {
    let expected = text.lines().filter_map(|line| line.split_once("->"));
    expected
        .flat_map(|(_, expected)| expected.split(|c: char| !c.is_alphanumeric()))
        .filter_map(code_named)
}

fn code_named(name: &str) -> Option<Code> {
    Code::ALL
        .iter()
        .copied()
        .find(|code| format!("{code:?}") == name)
}

/// The world with the names that the rows give to things.
#[derive(Clone)]
pub(super) struct Desk {
    pub world: World,
    documents: BTreeMap<String, Register>,
    operations: BTreeMap<String, OperationId>,
    claim_keys: BTreeMap<PublicKey, String>,
    /// Copies that were lent, under their names.
    copies: BTreeMap<String, StateKey>,
    /// What is told when a row is not as it says.
    context: String,
}

/// The words of a row behind its verb: those with `=`, and the others in order.
struct Words<'a> {
    plain: Vec<&'a str>,
    named: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let mut words = Self {
            plain: Vec::new(),
            named: BTreeMap::new(),
        };
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) => drop(words.named.insert(name, value)),
                None => words.plain.push(word),
            }
        }
        words
    }

    fn at(&self, index: usize) -> &'a str {
        self.plain
            .get(index)
            .copied()
            .unwrap_or_else(|| panic!("too few words"))
    }

    fn named(&self, name: &str, otherwise: &'a str) -> &'a str {
        self.named.get(name).copied().unwrap_or(otherwise)
    }

    fn reason(&self) -> String {
        match self.named("reason", "error") {
            "none" => String::new(),
            reason => reason.replace('_', "\n"),
        }
    }
}

fn digest(file: &str) -> Digest {
    Digest(SUITE.hash(&[b"file", file.as_bytes()]).0)
}

fn digests(files: &str) -> Vec<Digest> {
    let mut digests: Vec<Digest> = match files {
        "none" => vec![],
        files => files.split(',').map(digest).collect(),
    };
    digests.sort_unstable();
    digests
}

fn facts(name: &str) -> Option<FactRoot> {
    let root = || FactRoot(SUITE.hash(&[b"facts", name.as_bytes()]).0);
    (name != "none").then(root)
}

fn amount(text: &str) -> Option<Amount> {
    let (units, currency) = text.split_once('/').unwrap_or((text, "CNY"));
    (units != "none").then(|| Amount {
        currency: currency.to_owned(),
        minor_units: units.parse().expect("minor units"),
    })
}

fn span(text: &str) -> (u64, u64) {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    (
        from.parse().expect("a number"),
        to.parse().expect("a number"),
    )
}

fn blinding(of: &str) -> Blinding {
    Blinding(salt(of).0)
}

/// `grade:A,scope:road`.
fn open_facts(text: &str) -> Vec<OpenFact> {
    let facts = text.split(',').filter(|fact| *fact != "none");
    let facts = facts.map(|fact| fact.split_once(':').expect("a name and a value"));
    let fact = |(name, value): (&str, &str)| OpenFact {
        name: name.to_owned(),
        value: value.replace("nothing", ""),
    };
    facts.map(fact).collect()
}

fn day(text: &str) -> Option<String> {
    (text != "none").then(|| text.to_owned())
}

/// The issuer, class, series and period that documents of a type have here.
fn identity(of_type: &str, name: &str) -> Identity {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let (legal_issuer, class, series, number, period) = match of_type {
        "licence" => ("1133OFFICE", "", "", name.to_owned(), ""),
        "permit" | "diploma" | "ration" | "deed" | "patent" => {
            ("11EOFFICE", "", "", name.to_owned(), "")
        }
        "bill" => ("12HOSPITAL", "", "S", digits, ""),
        "fattura" => ("IT01", "invoice", "", format!("{name}/1"), "2027"),
        "cfdi" => {
            let hex = SUITE.hash(&[name.as_bytes()]).to_string().to_uppercase();
            let parts = [
                &hex[..8],
                &hex[8..12],
                &hex[12..16],
                &hex[16..20],
                &hex[20..32],
            ];
            ("AAA010101AAA", "", "", parts.join("-"), "")
        }
        _ => ("9133SELLER", "invoice", "", name.to_owned(), ""),
    };
    Identity {
        legal_issuer: legal_issuer.into(),
        class: class.into(),
        series: series.into(),
        number,
        period: period.into(),
    }
}

fn profile(of_type: &str) -> Profile {
    match of_type {
        "licence" | "bill" | "permit" | "diploma" | "ration" | "deed" | "patent" => {
            Profile::Generic
        }
        "fattura" => Profile::ItSdi,
        "cfdi" => Profile::MxCfdi,
        _ => Profile::En16931,
    }
}

pub(super) fn key_of(register: &Register) -> StateKey {
    let number = profile(&register.document_type).normalise(&register.identity);
    key::record(SUITE, &number.expect("a number"))
}

impl Desk {
    pub(super) fn new() -> Self {
        static FIRST: OnceLock<World> = OnceLock::new();
        Self::of(FIRST.get_or_init(|| World::of(market())).clone())
    }

    /// Without the crowd.
    pub(super) fn small() -> Self {
        static FIRST: OnceLock<World> = OnceLock::new();
        Self::of(FIRST.get_or_init(|| World::of(small_market())).clone())
    }

    /// With registrars, a council of three and seven validators.
    pub(super) fn province() -> Self {
        static FIRST: OnceLock<World> = OnceLock::new();
        Self::of(FIRST.get_or_init(|| World::of(province())).clone())
    }

    pub(super) fn of(world: World) -> Self {
        Self {
            world,
            documents: BTreeMap::new(),
            operations: BTreeMap::new(),
            claim_keys: BTreeMap::new(),
            copies: BTreeMap::new(),
            context: String::new(),
        }
    }

    /// Plays one line.
    #[track_caller]
    pub(super) fn line(&mut self, line: &str) {
        let words = Words::of(line);
        match words.at(0) {
            "wait" => self.world.wait(length(words.at(1))),
            "halt" => self.world.pass(length(words.at(1))),
            "carry" => {
                let before = words
                    .at(1)
                    .parse::<u64>()
                    .expect("so many blocks before the last");
                self.world.carry(self.world.before.height - before);
                self.world.pass(1);
            }
            "?" => self.look(&words),
            actor => {
                let rest = line.trim_start_matches(actor).trim();
                let (said, expected) = rest.split_once("->").expect("an arrow");
                let (expected, name) = match expected.split_once(" as ") {
                    Some((expected, name)) => (expected, Some(name.trim())),
                    None => (expected, None),
                };
                let found = self.play(actor, said.trim());
                let expected: Vec<&str> = expected.split(',').map(str::trim).collect();
                let known = |text: &&str| *text == "ok" || code_named(text).is_some();
                assert!(expected.iter().all(known), "{}: no such code", self.context);
                assert_eq!(found, expected, "{}", self.context);
                if let Some(name) = name {
                    self.operations
                        .insert(name.to_owned(), self.world.last[0][0]);
                }
            }
        }
    }

    /// Gives the last operation a name.
    pub(super) fn name(&mut self, name: String) {
        self.operations.insert(name, self.world.last[0][0]);
    }

    /// One statement a millisecond later: `ok` or the codes.
    pub(super) fn play(&mut self, actor: &str, said: &str) -> Vec<String> {
        let (mode, said) = match (said.strip_prefix("all:"), said.strip_prefix("each:")) {
            (Some(all), _) => (Mode::Atomic, all),
            (_, Some(each)) => (Mode::Each, each),
            _ => (Mode::Each, said),
        };
        let operations: Vec<Operation> = said
            .split(';')
            .map(|one| self.operation(actor, one.trim()))
            .collect();
        let statement = self.world.sign(actor, mode, &operations);
        let time = self.world.before.time.plus(1);
        let outcomes = self.world.execute(time, vec![statement]).remove(0);
        let said = outcomes.iter().map(|outcome| match outcome {
            Outcome::Accepted => "ok".to_owned(),
            Outcome::Refused(refused) => format!("{:?}", refused.code),
        });
        said.collect()
    }

    fn right(&mut self, name: &str, right: &str, at: &StateKey) -> Option<UseRight> {
        let (kind, of) = right.split_once(':').unwrap_or((right, name));
        match kind {
            "none" => None,
            "any" => Some(UseRight::FirstMember),
            "named" => {
                let identifier = identifier(of);
                Some(UseRight::NamedMember(named_member(
                    SUITE,
                    at,
                    &salt("record"),
                    &identifier,
                )))
            }
            "claim" => {
                let key = secret(&format!("claim {of}")).public_key();
                self.claim_keys.insert(key, of.to_owned());
                Some(UseRight::ClaimKey(key))
            }
            "bad-key" => Some(UseRight::ClaimKey(PublicKey([0; 32]))),
            _ => panic!("{}: no such right", self.context),
        }
    }

    /// The document of a name with what the row says of it.
    fn document(&mut self, name: &str, words: &Words<'_>) -> Register {
        let is_known = self.documents.contains_key(name);
        let mut register = match self.documents.get(name) {
            Some(known) => known.clone(),
            None => {
                let of_type = words.named("type", "invoice");
                Register {
                    document_type: of_type.into(),
                    region: "east".into(),
                    identity: identity(of_type, name),
                    digests: vec![digest(name)],
                    fact_root: facts(name),
                    valid_from: None,
                    valid_until: None,
                    use_right: None,
                    total: None,
                    blinding: blinding(name),
                    issued_offline_at: None,
                    open_facts: vec![],
                }
            }
        };
        let now = self.world.before.time.plus(1);
        for (word, value) in &words.named {
            let value = (*value).to_owned();
            match *word {
                "type" => register.document_type = value,
                "region" => register.region = value,
                "issuer" => register.identity.legal_issuer = value,
                "class" => register.identity.class = value,
                "series" => register.identity.series = value,
                "number" => register.identity.number = value,
                "file" => register.digests = digests(&value),
                "files-as-they-are" => {
                    register.digests = value.split(',').map(digest).collect();
                }
                "facts" => register.fact_root = facts(&value),
                "from" => register.valid_from = day(&value),
                "until" => register.valid_until = day(&value),
                "total" => register.total = amount(&value),
                "open" => register.open_facts = open_facts(&value),
                "offline" if value == "none" => register.issued_offline_at = None,
                "offline" => register.issued_offline_at = Some(relative(now, &value)),
                "right" | "reason" => {}
                _ => panic!("{}: what is {word}?", self.context),
            }
        }
        let otherwise = match register.document_type.as_str() {
            "licence" | "deed" => "none",
            "strict" | "cfdi" | "permit" | "diploma" | "ration" => "named:buyer",
            _ => "any",
        };
        let key = profile(&register.document_type).normalise(&register.identity);
        let key = key.map_or(StateKey([0; 32]), |number| key::record(SUITE, &number));
        if !is_known || words.named.contains_key("right") {
            register.use_right = self.right(name, words.named("right", otherwise), &key);
        }
        register
    }

    /// The same, to be known under this name from now on.
    fn new_document(&mut self, name: &str, words: &Words<'_>) -> Register {
        let register = self.document(name, words);
        let known = self.documents.entry(name.to_owned());
        known.or_insert_with(|| register.clone());
        register
    }

    /// The record of a document that was named before, or would be, under this name.
    pub(super) fn key(&mut self, name: &str) -> StateKey {
        match name {
            "the-clock" => key::clock(SUITE),
            "the-agency" => key::agency(SUITE, "tax"),
            copy if self.copies.contains_key(copy) => self.copies[copy],
            _ => key_of(&self.document(name, &Words::of(""))),
        }
    }

    /// Shows a right as well as the actor can.
    fn proof(&self, actor: &str, at: &StateKey, by: &str) -> Option<RightProof> {
        let named = |member: &str, of: &str| {
            Some(RightProof::Named(MemberOpening {
                identifier: identifier(of),
                record_salt: salt("record"),
                member_salt: salt(member),
            }))
        };
        let claim = |key: &str, member: &str| {
            let nonce = ClaimNonce(nonce(self.world.nonce).0);
            let network = self.world.network.digest();
            let signature =
                secret(&format!("claim {key}")).sign_claim(&network, at, member, &nonce);
            Some(RightProof::Claim(nonce, signature))
        };
        let record = self.world.values.get(at);
        let record = record.and_then(|bytes| hefu_types::record::Record::decode(bytes).ok());
        let right = record.and_then(|record| record.public.use_right);
        match by.split_once(':').unwrap_or((by, "")) {
            ("right", _) => match right? {
                UseRight::FirstMember => None,
                UseRight::NamedMember(_) => named(actor, actor),
                UseRight::ClaimKey(key) => claim(&self.claim_keys[&key], actor),
            },
            ("none", _) => None,
            // The identifier of another, with one's own salt or with the other's.
            ("named", of) => named(actor, of),
            ("opening", of) => named(of, of),
            ("claim", key) => claim(key, actor),
            // A signature that was made for another member.
            ("claim-of", member) => match right? {
                UseRight::ClaimKey(key) => claim(&self.claim_keys[&key], member),
                _ => None,
            },
            _ => panic!("{}: by what?", self.context),
        }
    }

    fn claim(&mut self, actor: &str, words: &Words<'_>) -> (StateKey, Claim) {
        let name = words.at(0);
        let register = if words.named.contains_key("unattested") {
            self.new_document(name, &Words::of(""))
        } else {
            self.document(name, &Words::of(""))
        };
        let at = match name {
            "the-clock" | "the-agency" => self.key(name),
            copy if self.copies.contains_key(copy) => self.key(name),
            _ => key_of(&register),
        };
        let unattested = words.named.get("unattested").map(|total| {
            let of_type = words.named("type", &register.document_type).to_owned();
            let mut identity = register.identity.clone();
            if let Some(number) = words.named.get("number") {
                (*number).clone_into(&mut identity.number);
            }
            Unattested {
                document_type: of_type,
                identity,
                total: amount(total),
            }
        });
        let share = match words.plain.get(2).copied().unwrap_or("whole") {
            "whole" => Share::Whole,
            part if part.contains("..") => {
                let (from, to) = span(part);
                Share::Units(Span { from, to })
            }
            part => Share::Amount(part.parse().expect("minor units")),
        };
        let file = words.named.get("file").map(|file| digest(file));
        let claim = Claim {
            purpose: words.at(1).replace("nothing", ""),
            digest: file.unwrap_or(register.digests[0]),
            share,
            right: self.proof(actor, &at, words.named("by", "right")),
            unattested,
        };
        (at, claim)
    }

    fn numbering(&self, words: &Words<'_>) -> Numbering {
        let of_type = words.named("type", "bill").to_owned();
        Numbering {
            region: words.named("region", "east").into(),
            legal_issuer: words.named("issuer", "12HOSPITAL").into(),
            class: words
                .named("class", if of_type == "invoice" { "invoice" } else { "" })
                .into(),
            series: words.at(0).into(),
            period: String::new(),
            document_type: of_type,
        }
    }

    /// How many events the signer has seen of a document: `seen=`, or all.
    fn seen(&mut self, words: &Words<'_>) -> u32 {
        let stands = self
            .stored(words.at(0))
            .map(|record| record.public.event_count);
        match words.named.get("seen") {
            Some(seen) => seen.parse().expect("a number of events"),
            None => stands.unwrap_or(0),
        }
    }

    /// The request of a reversal that is answered: `request=`, or the one that stands.
    fn asked(&mut self, words: &Words<'_>) -> OperationId {
        let record = self.stored(words.at(0));
        let stands = record.and_then(|record| Some(record.public.reversal?.request));
        match words.named.get("request") {
            Some(name) => self.named_operation(name),
            None => stands.unwrap_or(OperationId([0; 32])),
        }
    }

    /// The record of a document, where there is one.
    fn stored(&mut self, name: &str) -> Option<Record> {
        let key = self.key(name);
        Record::decode(self.world.values.get(&key)?).ok()
    }

    fn named_operation(&self, name: &str) -> OperationId {
        self.operations
            .get(name)
            .copied()
            .unwrap_or(OperationId([0; 32]))
    }

    pub(super) fn operation(&mut self, actor: &str, said: &str) -> Operation {
        let (verb, rest) = said.split_once(' ').expect("a verb and its subject");
        // Whoever signs with which key shows what the holder has.
        let actor = actor.split('/').next().unwrap_or(actor);
        let words = Words::of(rest);
        let now = self.world.before.time.plus(1);
        let blinding = blinding(said);
        let units = || {
            words
                .plain
                .get(1)
                .map(|units| units.parse().expect("minor units"))
        };
        let place = || words.at(1).parse().expect("the place of a range");
        match verb {
            "register" => Operation::Register(self.new_document(words.at(0), &words)),
            "add-rendition" => Operation::AddRendition(AddRendition {
                record: self.key(words.at(0)),
                digests: digests(words.named("file", words.at(0))),
                fact_root: facts(words.named("facts", words.at(0))).expect("facts"),
            }),
            "correct" => {
                let right = self.document(words.at(0), &words);
                Operation::Correct(Correct {
                    record: self.key(words.at(0)),
                    digests: right.digests,
                    fact_root: right.fact_root,
                    valid_from: right.valid_from,
                    valid_until: right.valid_until,
                    use_right: right.use_right,
                    total: right.total,
                    open_facts: right.open_facts,
                    reason: words.reason(),
                    blinding,
                })
            }
            "confirm" => Operation::Confirm(Confirm {
                record: self.key(words.at(0)),
                event_count: self.seen(&words),
            }),
            "reject" => Operation::Reject(Reject {
                record: key_of(&self.document(words.at(0), &words)),
                reason: words.reason(),
            }),
            "cancel" => Operation::Cancel(Cancel {
                record: self.key(words.at(0)),
                reason: words.reason(),
            }),
            "revoke" => Operation::Revoke(Revoke {
                record: self.key(words.at(0)),
                reason: words.reason(),
                effective_at: words.named.get("at").map(|at| relative(now, at)),
            }),
            "request-reversal" => Operation::RequestReversal(RequestReversal {
                record: self.key(words.at(0)),
                minor_units: units(),
                reason: words.reason(),
                blinding,
            }),
            "agree" | "deny" => Operation::AnswerReversal(AnswerReversal {
                record: self.key(words.at(0)),
                agrees: verb == "agree",
                request: self.asked(&words),
            }),
            "withdraw-reversal" => Operation::WithdrawReversal(WithdrawReversal {
                record: self.key(words.at(0)),
            }),
            "reverse" => Operation::Reverse(Reverse {
                record: self.key(words.at(0)),
                minor_units: units(),
                credit_note: words.named.get("note").map(|note| self.key(note)),
                reason: words.reason(),
                blinding,
            }),
            "replace" => Operation::Replace(Replace {
                record: self.key(words.at(0)),
                by: self.key(words.named("by", "")),
                reason: words.reason(),
            }),
            "archive" => Operation::Archive(Archive {
                record: self.key(words.at(0)),
            }),
            "lock" => {
                let (record, claim) = self.claim(actor, &words);
                Operation::Lock(Lock {
                    record,
                    claim,
                    for_ms: words.named.get("for").map(|text| length(text)),
                    blinding,
                })
            }
            "consume" => {
                let (record, claim) = self.claim(actor, &words);
                Operation::Consume(Consume {
                    record,
                    claim,
                    lock: words
                        .named
                        .get("lock")
                        .map(|name| self.named_operation(name)),
                    blinding,
                })
            }
            "release" => Operation::Release(Release {
                record: self.key(words.at(0)),
                lock: self.named_operation(words.at(1)),
            }),
            "clawback" => Operation::Clawback(Clawback {
                record: self.key(words.at(0)),
                consumption: self.named_operation(words.at(1)),
                minor_units: words
                    .plain
                    .get(2)
                    .map(|units| units.parse().expect("minor units")),
                reason: words.reason(),
            }),
            "hand-over" => {
                let name = words.at(0);
                let record = self.key(name);
                let proof = self.proof(actor, &record, words.named("by", "right"));
                let proof = proof.or_else(|| self.proof(actor, &record, "named:nobody"));
                Operation::HandOver(HandOver {
                    record,
                    right: proof.expect("some proof"),
                    to: self
                        .right(name, words.named("to", ""), &record)
                        .expect("somebody"),
                })
            }
            "request-range" => {
                let (first, last) = span(words.at(1));
                Operation::RequestRange(RequestRange {
                    numbering: self.numbering(&words),
                    first,
                    last,
                    digits: words.named("digits", "4").parse().expect("digits"),
                })
            }
            "allocate-range" => Operation::AllocateRange(AllocateRange {
                numbering: self.numbering(&words),
                range: place(),
                valid_before: relative(now, words.named("until", "+30d")),
            }),
            "activate-range" => Operation::ActivateRange(ActivateRange {
                numbering: self.numbering(&words),
                range: place(),
            }),
            "withdraw-range" => Operation::WithdrawRange(WithdrawRange {
                numbering: self.numbering(&words),
                range: place(),
                reason: words.reason(),
            }),
            "delegate-range" => {
                let (first, last) = span(words.at(2));
                Operation::DelegateRange(DelegateRange {
                    numbering: self.numbering(&words),
                    range: place(),
                    first,
                    last,
                    to: words.named("to", "clinic").into(),
                })
            }
            "void-numbers" => {
                let (first, last) = span(words.at(2));
                Operation::VoidNumbers(VoidNumbers {
                    numbering: self.numbering(&words),
                    range: place(),
                    first,
                    last,
                    reason: words.reason(),
                })
            }
            "cover" => Operation::Cover(Cover {
                document_type: words.at(0).into(),
                region: words.named("region", "east").into(),
                from: relative(now, words.named("from", "+0")),
                before: words
                    .named
                    .get("before")
                    .map(|before| relative(now, before)),
                within_ms: length(words.named("within", "24h")),
            }),
            _ => (self.licence_operation(actor, verb, &words))
                .or_else(|| self.act_of_governance(verb, rest))
                .unwrap_or_else(|| panic!("{}: no such verb", self.context)),
        }
    }

    /// Compares what a record or a range is with what the row says.
    fn look(&mut self, words: &Words<'_>) {
        for (what, expected) in &words.named {
            let found = match words.at(1) {
                kind @ ("key" | "agency" | "registrar" | "member" | "set" | "council" | "rules"
                | "type" | "rule") => self.leaf_said(kind, words.plain.get(2).copied(), what),
                "range" => {
                    let (series, place) = (words.at(2), words.at(3));
                    self.range_said(series, place.parse().expect("a place"), what)
                }
                name => self.record_said(name, what),
            };
            assert_eq!(found, *expected, "{}: {what}", self.context);
        }
    }

    /// All ranges of a series of bills.
    pub(super) fn numbering_leaf(&self, series: &str) -> Option<NumberingLeaf> {
        let key = key::numbering(SUITE, Profile::Generic, &self.numbering(&Words::of(series)));
        let bytes = self.world.values.get(&key)?;
        Some(NumberingLeaf::from_bytes(bytes).expect("the ranges"))
    }

    pub(super) fn range_said(&self, series: &str, place: usize, what: &str) -> String {
        let leaf = self.numbering_leaf(series).expect("some ranges");
        let range = &leaf.ranges[place];
        let spans = |spans: &[NumberSpan]| match spans {
            [] => "none".to_owned(),
            spans => {
                let said = spans
                    .iter()
                    .map(|span| format!("{}..{}", span.first, span.last));
                said.collect::<Vec<_>>().join(",")
            }
        };
        match what {
            "now" => range.now(self.world.before.time).name().to_owned(),
            "open" => spans(&range.open()),
            "gaps" => spans(&range.gaps()),
            "issued" => spans(&range.issued),
            "void" => spans(&range.voided),
            "given" => spans(&range.delegated),
            "holder" => range.holder.clone(),
            _ => panic!("{}: what is {what}?", self.context),
        }
    }

    pub(super) fn record_said(&mut self, name: &str, what: &str) -> String {
        let key = self.key(name);
        let record = self.world.record(&key);
        let public = &record.public;
        let (now, halt) = (self.world.before.time, self.world.halt());
        let yes = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
        match what {
            "state" => format!("{:?}", public.status.state),
            "now" => {
                let now = format!("{:?}", status_at(public, now));
                now.split(' ').next().unwrap_or_default().to_owned()
            }
            "moves-to" => public.transferred_to.clone().unwrap_or("none".to_owned()),
            "lent-by" => (public.copy.as_ref()).map_or("no copy".to_owned(), |copy| {
                copy.lent_by.clone().unwrap_or("agency".to_owned())
            }),
            "open" => {
                let facts = public.open_facts.iter();
                let facts = facts.map(|fact| format!("{}:{}", fact.name, fact.value));
                facts.collect::<Vec<_>>().join(",")
            }
            "stage" => (public.reversal.as_ref()).map_or("none".to_owned(), |reversal| {
                format!("{:?}", reversal_at(reversal, now, halt))
            }),
            "uses" => {
                let uses = record.uses().filter_map(|item| {
                    let state = match item.state {
                        UseItemState::Consumed => "used".to_owned(),
                        UseItemState::Locked(at) if !has_passed(at, now, halt) => {
                            let minutes = (deadline(at, halt).0 - now.0).div_ceil(60_000);
                            format!("{minutes}m")
                        }
                        _ => return None,
                    };
                    let share = item.share.map_or("all".to_owned(), |span| {
                        format!("{}..{}", span.from, span.to)
                    });
                    Some(format!("{}:{}:{share}:{state}", item.member, item.purpose))
                });
                let uses: Vec<_> = uses.collect();
                if uses.is_empty() {
                    "none".to_owned()
                } else {
                    uses.join(",")
                }
            }
            "total" => record
                .total()
                .map_or("none".to_owned(), |t| t.minor_units.to_string()),
            "reversed" => record.reversed().to_string(),
            "credited" => {
                let credited = record
                    .private
                    .iter()
                    .find_map(|private| match private.item {
                        Item::Credited(units) => Some(units),
                        _ => None,
                    });
                credited.unwrap_or(0).to_string()
            }
            "links" => {
                let documents = &self.documents;
                let links = public.links.iter().map(|link| {
                    let is_it = |(_, of): &(&String, &Register)| key_of(of) == link.record;
                    let other = documents.iter().find(is_it).map_or("?", |(name, _)| name);
                    format!("{}:{other}", link.relation.name())
                });
                let links: Vec<_> = links.collect();
                if links.is_empty() {
                    "none".to_owned()
                } else {
                    links.join(",")
                }
            }
            "files" => public.digests.len().to_string(),
            "agency" => public.agency.clone(),
            "late" => {
                (public.offline.as_ref()).map_or("online".to_owned(), |offline| yes(offline.late))
            }
            "past" => {
                let past = public.past.iter().map(|past| past.status.state.name());
                past.collect::<Vec<_>>().join(",")
            }
            "events" => public.event_count.to_string(),
            "folded" => public.history.map_or(0, |folded| folded.count).to_string(),
            "supervisor" => public.supervisor.clone().unwrap_or("none".to_owned()),
            "archived" => yes(public.archived_at.is_some()),
            "unattested" => yes(public.uses.iter().any(|used| used.unattested)),
            "whole" => {
                let whole = public.uses.iter().filter(|used| used.whole);
                let whole: Vec<_> = whole.map(|used| used.purpose.as_str()).collect();
                if whole.is_empty() {
                    "none".to_owned()
                } else {
                    whole.join(",")
                }
            }
            _ => panic!("{}: what is {what}?", self.context),
        }
    }
}

/// `+3d` or `-2h` from now; `ever` is as late as can be.
fn relative(now: Millis, text: &str) -> Millis {
    match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(ahead), _) => now.plus(length(ahead)),
        (_, Some(ago)) => now.minus(length(ago)),
        _ if text == "ever" => Millis(u64::MAX),
        _ => panic!("{text:?} is no time: +3d or -2h"),
    }
}
