//! One call from evidence to a verdict: [`verify`].
//!
//! What a file *is* comes from the ledger (its digest, or else its number) or from a receipt; whether it
//! is *in force now* comes from the newest checkpoint among the evidence. Whichever piece is newer judges.
//! Nothing counts before it is verified under the network's genesis and agrees with what the caller
//! remembers ([`Memory`]); each piece that does not is named with its reason, and the rest judges.
//!
//! All arguments are plain values, and so is what comes back: this function asks no node, reads no file
//! and has no clock. The command line and the browser call it alike. Who asks nodes first needs to know
//! what to ask for: [`absence::needed`].

use crate::catalogue::Catalogue;
use crate::certificate::{StatusCertificate, Value, VerifiedState};
use crate::fact::{self, FactLeaf};
use crate::memory::Memory;
use crate::receipt::{Receipt, VerifiedReceipt};
use crate::verdict::{
    document, freshness, of_record, trust, Answer, Detail, Dimension, HeldUse, Match, Question,
    Said, Verdict,
};
use crate::verifier::Verifier;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{Kind, MemberLeaf, TypeRules};
use hefu_types::operation::{copy_user, member_identifier, named_member, UseRight};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::{CopyTerms, OpenFact, PublicPart, UseItem};
use hefu_types::time::Day;
use hefu_types::{Code, Digest, Hash, Millis, PrivateRoot, Salt, StateKey};

pub mod absence;
mod compare;
mod find;
pub mod number;

use compare::Agreement;
pub use compare::{compare_facts, number_of};

/// How long what was learnt of a network's validators is relied on without anything newer, in
/// milliseconds: 400 days, so that who looks at documents once a year never falls out of it, and
/// validators know for how long after they left their keys must stay secret.
pub const TRUST_PERIOD_MS: u64 = 400 * 24 * Millis::HOUR;

/// How old a catalogue may be whose rule of recognition is relied on, in milliseconds: 31 days. A rule that
/// ended since is not in it.
pub const CATALOGUE_AGE_MS_MAX: u64 = 31 * 24 * Millis::HOUR;

/// What a person holds or asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The digest of the file's bytes; `None` where only a number is at hand.
    pub digest: Option<Digest>,
    /// The legal number that the file says.
    pub said: Option<Identity>,
    /// Invoice or licence, where the file says so.
    pub kind: Option<Kind>,
    /// The profile under which the number of such a file stands.
    pub profile: Option<Profile>,
    /// The legal number that somebody typed.
    pub typed: Option<Identity>,
    /// The document type that somebody named.
    pub document_type: Option<String>,
    /// The key of the record, where it is known otherwise.
    pub record: Option<StateKey>,
    /// What the file states: names and values of facts.
    pub facts: Vec<(String, String)>,
    /// What opens for whom a lending copy was made.
    pub copy: Option<OpenedCopy>,
}

/// For whom a lending copy was made, and facts of its licence: what a copy file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedCopy {
    /// The user's name, normalised ([`member_identifier`]).
    pub user: String,
    /// Opens the commitment to the name.
    pub salt: Salt,
    /// The leaves under the licence's fact root.
    pub licence_facts: Vec<FactLeaf>,
}

/// Everything that may prove something, none of it verified.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Receipts of the document's registration or of later operations.
    pub receipts: Vec<Receipt>,
    /// Status certificates, long or short, and certificates of absence.
    pub certificates: Vec<StatusCertificate>,
    /// Certificates of agencies, types and rules of recognition. They may be older than what judges: what
    /// they say is used where nothing newer is at hand, and its age is told.
    pub catalogue: Vec<StatusCertificate>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The time now, as the caller knows it.
    pub now: Millis,
    /// How old a checkpoint may be and still speak for now, in milliseconds.
    pub age_ms_max: u64,
    /// How old the newest anchor of trust may be, in milliseconds, see [`Memory::is_trusted`].
    pub trust_period_ms: u64,
    /// A time at which the caller knows by another way, such as a witness, that the evidence is of the
    /// true network.
    pub anchor: Option<Millis>,
    /// May it be used for this purpose?
    pub purpose: Option<String>,
    /// By this member.
    pub member: Option<Asker>,
    /// Does this region recognise it?
    pub region: Option<String>,
    /// Who would rely on a lending copy, normalised ([`member_identifier`]).
    pub user: Option<String>,
}

impl Request {
    /// Is it authentic and in force, by a checkpoint of the last day?
    pub fn at(now: Millis) -> Self {
        Self {
            now,
            age_ms_max: 24 * Millis::HOUR,
            trust_period_ms: TRUST_PERIOD_MS,
            anchor: None,
            purpose: None,
            member: None,
            region: None,
            user: None,
        }
    }
}

/// A member that asks whether it may use a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// Its id on the ledger.
    pub id: String,
    /// Its legal identifier, where it shows that it is the one whom the document names.
    pub identifier: Option<String>,
    /// The commitment to the identifier with which it was admitted, opened with its own salt.
    pub commitment: Option<Hash>,
}

/// One piece of evidence, by its place in [`Evidence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Of the receipts.
    Receipt(usize),
    /// Of the certificates.
    Certificate(usize),
    /// Of the catalogue.
    Catalogue(usize),
    /// What opens a lending copy.
    Copy,
}

/// A piece of evidence that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub which: Piece,
    /// Why, for programs: the innermost cause, such as `no-quorum` or `retired-set`; `other-document`
    /// where it holds, but is of something else.
    pub reason: &'static str,
    /// The code of what is wrong with it; `None` where it holds, but is of something else.
    pub code: Option<Code>,
    /// Why, for people.
    pub said: Said,
}

/// The document that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The key of its record.
    pub key: StateKey,
    /// Its record.
    pub record: PublicPart,
    /// Whether a receipt judges, not a certificate.
    pub by_receipt: bool,
    /// The member's own lock or use for the purpose, and whether the record still holds it so.
    pub held: Option<(UseItem, bool)>,
    /// Whether the member is shown to be the one that the document names; never shown not to be.
    pub opens_use_right: Option<bool>,
}

/// The answer: every dimension with its reason, and what the caller keeps.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Every dimension.
    pub verdict: Verdict,
    /// How the file relates to what was registered; `None` where there was nothing to judge by.
    pub matched: Option<Match>,
    /// The document, where it was found.
    pub found: Option<Found>,
    /// What is proven under the checkpoint that judged, with what the catalogue adds.
    pub state: Option<VerifiedState>,
    /// The receipts that hold and are of the document.
    pub receipts: Vec<VerifiedReceipt>,
    /// What does not count, and why.
    pub refused: Vec<Refused>,
    /// What the caller stores in the place of the memory that it gave.
    pub memory: Memory,
}

impl Verification {
    /// Until when what judged speaks: its quorum time.
    pub fn as_of(&self) -> Option<Millis> {
        let seconds = self.state.as_ref()?.checkpoint().quorum_seconds();
        Some(Millis(seconds.saturating_mul(1_000)))
    }

    /// Whether the file is a lending copy, byte for byte.
    pub fn is_copy(&self) -> bool {
        let is_copy = |found: &Found| found.record.copy.is_some();
        self.matched == Some(Match::RegisteredBytes) && self.found.as_ref().is_some_and(is_copy)
    }
}

impl Subject {
    /// What is known besides the number that the file says.
    pub fn hint(&self) -> number::Hint<'_> {
        number::Hint {
            document_type: self.document_type.as_deref(),
            kind: self.kind,
            profile: self.profile,
        }
    }

    /// Whether the document says on which day it was issued, without which no promise covers it.
    pub fn has_issue_day(&self) -> bool {
        self.issue_day().is_some()
    }

    /// The day of issue, as the document says it.
    fn issue_day(&self) -> Option<Day> {
        let fact = |name: &str| {
            let mut facts = self.facts.iter();
            facts
                .find(|(stated, _)| stated == name)
                .map(|(_, value)| value.as_str())
        };
        let of_moment = || fact("issue-time")?.get(..10);
        fact("issue-date").or_else(of_moment)?.parse().ok()
    }
}

impl OpenedCopy {
    fn opens(&self, network: &Network, record: &StateKey, terms: &CopyTerms) -> bool {
        copy_user(network.suite(), record, &self.salt, &self.user) == terms.user
    }

    /// The facts of the licence that it opens, where they are those that were registered.
    fn facts_of(&self, network: &Network, licence: &PublicPart) -> Vec<OpenFact> {
        let root = fact::root(network.suite(), &self.licence_facts);
        if licence.fact_root.is_none() || root != licence.fact_root {
            return Vec::new();
        }
        let open = self.licence_facts.iter().filter_map(FactLeaf::open);
        open.map(plain).collect()
    }
}

fn plain(fact: &fact::OpenFact) -> OpenFact {
    OpenFact {
        name: fact.name.clone(),
        value: fact.value.clone(),
    }
}

/// Judges a document by evidence. See the module.
pub fn verify(
    network: &Network,
    memory: &Memory,
    subject: &Subject,
    evidence: &Evidence,
    request: &Request,
) -> Verification {
    let is_trusted = memory.is_trusted(
        network,
        request.now,
        request.trust_period_ms,
        request.anchor,
    );
    let mut judge = Judge {
        network,
        subject,
        request,
        memory: memory.clone(),
        receipts: Vec::new(),
        certificates: Vec::new(),
        catalogue: Catalogue::default(),
        refused: Vec::new(),
    };
    judge.admit(evidence);
    let found = judge.find();
    let (mut dimensions, matched, found, state) = match found {
        Some(found) => judge.judged(found),
        None => judge.not_found(),
    };
    if !is_trusted && state.is_some() {
        // What may be forged is shown neither as so nor as not so.
        for dimension in &mut dimensions {
            dimension.answer = Answer::CouldNotTell;
        }
        let anchor = memory
            .anchor(network)
            .max(request.anchor.unwrap_or(Millis(0)));
        dimensions.push(trust(anchor, request.now));
    }
    Verification {
        verdict: Verdict { dimensions },
        matched,
        found,
        state,
        receipts: judge.receipts,
        refused: judge.refused,
        // Nothing is learnt from what is not believed.
        memory: if is_trusted {
            judge.memory
        } else {
            memory.clone()
        },
    }
}

/// What [`verify`] knows on its way.
struct Judge<'a> {
    network: &'a Network,
    subject: &'a Subject,
    request: &'a Request,
    memory: Memory,
    /// Those that hold and are of the document.
    receipts: Vec<VerifiedReceipt>,
    certificates: Vec<VerifiedState>,
    catalogue: Catalogue,
    refused: Vec<Refused>,
}

/// What a verdict consists of: dimensions, match, document, and the proof.
type Judged = (
    Vec<Dimension>,
    Option<Match>,
    Option<Found>,
    Option<VerifiedState>,
);

impl<'a> Judge<'a> {
    /// Receipts that speak of this record as it was registered.
    fn receipts_of<'b>(
        &'b self,
        key: StateKey,
        record: &'b PublicPart,
    ) -> impl Iterator<Item = &'b VerifiedReceipt> {
        let of_record = self.receipts.iter().filter(move |r| r.record_key() == key);
        of_record.filter(|receipt| receipt.record().fact_root == record.fact_root)
    }

    /// The rules of a type: of genesis, or else of the catalogue.
    fn rules(&self, document_type: &str) -> Option<TypeRules> {
        let mut types = self.network.genesis().types.iter();
        let own = types.find(|rules| rules.id == document_type).cloned();
        own.or_else(|| self.catalogue.rules(self.network.suite(), document_type))
    }

    fn judged(&mut self, (key, record, state, by_receipt, is_withdrawn): find::Found) -> Judged {
        let (network, subject, request) = (self.network, self.subject, self.request);
        let suite = network.suite();
        let matched = self.matched(is_withdrawn, key, &record);
        let (state, told) = self
            .catalogue
            .fill(suite, state, &record, request.region.as_deref());
        let copy = self.opened_copy(key, &record);
        let held = self.held(key, &state);
        let rules = self.rules(&record.document_type);
        let opens_use_right = self.opens(key, &record, &state);
        let lent_by_holder = record
            .copy
            .as_ref()
            .is_some_and(|terms| terms.lent_by.is_some());
        let attested = matched == Match::RegisteredBytes && !lent_by_holder;
        let shown = self.shown_facts(key, &record, &state, copy, attested);
        let question = Question {
            now: request.now,
            zone_minutes: rules.as_ref().map_or(480, |rules| rules.zone_minutes),
            age_ms_max: request.age_ms_max,
            rules: rules.as_ref(),
            purpose: request.purpose.as_deref(),
            member: request.member.as_ref().map(|member| member.id.as_str()),
            opens_use_right,
            held: (held.as_ref()).map(|(item, is_current)| HeldUse {
                item,
                is_current: *is_current,
            }),
            region: request.region.as_deref(),
            stated: &subject.facts,
            attested,
            shown: &shown,
            made_for: copy.map(|copy| copy.user.as_str()),
            user: request.user.as_deref(),
        };
        let mut dimensions = vec![self.document(&matched, key, &record)];
        let mut of_record = of_record(suite, &state, &record, &question);
        for (name, said, as_of) in told {
            if let Some(dimension) = of_record.iter_mut().find(|d| d.name == name) {
                let is_old = request.now.0.saturating_sub(as_of.0) > CATALOGUE_AGE_MS_MAX;
                if name == "recognition" && dimension.answer == Answer::Yes && is_old {
                    dimension.answer = Answer::CouldNotTell;
                }
                dimension.details.push(Detail::told(said));
            }
        }
        dimensions.append(&mut of_record);
        let found = Found {
            key,
            record,
            by_receipt,
            held,
            opens_use_right,
        };
        (dimensions, Some(matched), Some(found), Some(state))
    }

    /// The first dimension, with the number that was typed.
    fn document(&self, matched: &Match, key: StateKey, record: &PublicPart) -> Dimension {
        if *matched != Match::RegisteredBytes {
            return document(matched);
        }
        let mut dimension = match &record.copy {
            Some(_) => copy_dimension(),
            None => document(matched),
        };
        let typed = self.subject.typed.as_ref();
        match typed.map(|typed| self.agreement(typed, key, record)) {
            None | Some(Agreement::Agrees) => {}
            Some(Agreement::Differs(_)) => {
                let code = Code::FileTaken;
                (dimension.answer, dimension.code) = (Answer::No, Some(code));
                dimension.said = Said::new(code.sentence_en(), code.sentence_zh());
            }
            Some(Agreement::Unknown) => {
                dimension.answer = Answer::CouldNotTell;
                dimension.said = Said::new(
                    "this file is registered, but whether under the number that was given is \
                     not shown; give its receipt, or leave the number out",
                    "该文件已登记，但未能证明其号码即所给号码；请提供回执，或不给号码",
                );
            }
        }
        dimension
    }

    /// What opens for whom a lending copy was made, if it does.
    fn opened_copy(&mut self, key: StateKey, record: &PublicPart) -> Option<&'a OpenedCopy> {
        let terms = record.copy.as_ref()?;
        let copy = self.subject.copy.as_ref()?;
        if copy.opens(self.network, &key, terms) {
            return Some(copy);
        }
        self.refused.push(Refused {
            which: Piece::Copy,
            reason: "other-copy",
            code: None,
            said: Said::new(
                "it does not open for whom this copy was made",
                "与该加注件不符，不能证明其使用方",
            ),
        });
        None
    }

    /// Facts that are shown to be the document's though its record does not open them: by a receipt, or
    /// in the very bytes that its agency registered. Those of a copy are those of its licence, which the
    /// copy file opens: what a holder had registered as a copy shows nothing.
    fn shown_facts(
        &self,
        key: StateKey,
        record: &PublicPart,
        state: &VerifiedState,
        copy: Option<&OpenedCopy>,
        attested: bool,
    ) -> Vec<OpenFact> {
        let mut facts: Vec<OpenFact> = match &record.copy {
            Some(terms) => {
                let licence = state.record(&terms.of).ok().flatten();
                let opened = copy.zip(licence);
                opened.map_or(Vec::new(), |(copy, licence)| {
                    copy.facts_of(self.network, licence)
                })
            }
            None => {
                let receipts = self.receipts_of(key, record);
                let open = receipts.flat_map(|receipt| receipt.disclosed().open_facts());
                open.map(plain).collect()
            }
        };
        if attested {
            let stated = self.subject.facts.iter().cloned();
            facts.extend(stated.map(|(name, value)| OpenFact { name, value }));
        }
        facts
    }

    /// The member's own lock or use, and whether the record still holds it so. Of several receipts of
    /// one use the newest counts.
    fn held(&self, key: StateKey, state: &VerifiedState) -> Option<(UseItem, bool)> {
        let (purpose, member) = (
            self.request.purpose.as_ref()?,
            self.request.member.as_ref()?,
        );
        let own = |receipt: &VerifiedReceipt| {
            let used = receipt.used()?;
            (used.purpose == *purpose && used.member == member.id)
                .then(|| (used.block_time, receipt.state().height()))
        };
        let newest = self
            .receipts
            .iter()
            .filter(|receipt| own(receipt).is_some());
        let receipt = newest.max_by_key(|receipt| own(receipt))?;
        let root = private_root(state, key)?;
        let is_current = private_root(receipt.state(), key) == Some(root);
        (receipt.record_key() == key).then_some((receipt.used()?.clone(), is_current))
    }

    /// Whether the member is the one that the document names: both commitments are opened with the
    /// member's identifier, as `consume` does. The salt of a receipt is not proven, so what does not open
    /// shows nothing: never `Some(false)`.
    fn opens(&self, key: StateKey, record: &PublicPart, state: &VerifiedState) -> Option<bool> {
        let asker = self.request.member.as_ref()?;
        let Some(UseRight::NamedMember(commitment)) = &record.use_right else {
            return None;
        };
        let suite = self.network.suite();
        let identifier = member_identifier(asker.identifier.as_deref()?);
        let salts = (self.receipts.iter()).filter_map(|r| r.disclosed().named_member_salt);
        let mut named = salts.map(|salt| named_member(suite, &key, &salt, &identifier));
        let is_named = named.any(|named| named == *commitment);
        let at = key::member(suite, &asker.id);
        let leaf = state.leaf::<MemberLeaf>(&at, "the member").ok().flatten();
        // Without the leaf the verdict already says that the member is not proven.
        let is_own = leaf.is_none_or(|leaf| asker.commitment == Some(leaf.identifier));
        (is_named && is_own).then_some(true)
    }

    fn not_found(&self) -> Judged {
        let newest = self.certificates.iter().max_by_key(|state| state.height());
        let Some(newest) = newest else {
            let said = Said::new(
                "offline there is nothing to judge by without a receipt of this document; give \
                 --receipt, or ask online",
                "离线核验需要该文档的回执；请给出 --receipt，或联网核验",
            );
            let nothing = Dimension::new("document", Answer::CouldNotTell, None, said);
            return (vec![nothing], None, None, None);
        };
        let states: Vec<&VerifiedState> = self.certificates.iter().collect();
        let (matched, told_by) = absence::told(self.network, self.subject, &states);
        let state = told_by.unwrap_or(newest);
        let mut dimensions = vec![document(&matched)];
        if let Match::AbsentThoughCovered(_) = matched {
            // What was absent a while ago may be there now.
            let question = Question {
                now: self.request.now,
                age_ms_max: self.request.age_ms_max,
                ..Question::default()
            };
            dimensions.push(freshness(state, &question));
        }
        (dimensions, Some(matched), None, Some(state.clone()))
    }
}

/// What a registered copy is.
fn copy_dimension() -> Dimension {
    let said = Said::new(
        "registered bytes: this file is a copy that was lent for one use; it is not the licence itself",
        "字节一致：该文件是为一次用途出具的加注件，不是许可原件",
    );
    Dimension::new("document", Answer::Yes, None, said)
}

fn private_root(state: &VerifiedState, key: StateKey) -> Option<PrivateRoot> {
    match state.value(&key)? {
        Value::Record(_, root) => Some(*root),
        _ => None,
    }
}
