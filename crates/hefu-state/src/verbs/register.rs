//! `register`: an agency puts a document on the ledger.
//!
//! Same again is asked before any conflict: digests that the record has already are the same
//! document; an equal fact root with new digests is another rendition of it; anything else under the
//! same number is a conflict, and a file stands under one number only. A registration takes a record
//! over where its use alone was known, and where the profile gives the number of what ended out again.

use super::correct::withdraw;
use super::numbers::has_room;
use super::{document_type, set_status};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use crate::shares;
use hefu_proof::derived::has_passed;
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, DigestLeaf, Kind, Part, TypeRules};
use hefu_types::numbering::{self, NumberSpan, RangeNow, RangeState};
use hefu_types::operation::{Amount, Register, UseRight, DIGESTS_MAX};
use hefu_types::profile::Profile;
use hefu_types::record::{
    Item, OfflineIssue, OpenFact, PrivateItem, PublicPart, Record, Span, State, Status,
    UseItemState, OPEN_FACT_BYTES_MAX,
};
use hefu_types::time::Day;
use hefu_types::{Code, Digest, Millis, StateKey, Suite};
use std::collections::BTreeMap;

/// How long ago a document may have been issued without a connection, in milliseconds: a year.
const OFFLINE_AGO_MS_MAX: u64 = 366 * 24 * Millis::HOUR;

/// A registration that has passed the guards that ask nothing of the record.
struct Asked<'a> {
    register: &'a Register,
    agency: &'a AgencyLeaf,
    rules: &'a TypeRules,
    profile: Profile,
    at: StateKey,
    dates: (Option<Millis>, Option<Millis>),
    offline: Option<OfflineIssue>,
    /// Its number as a range counts it, to be marked as issued.
    number: Option<(StateKey, usize, u64)>,
}

pub(crate) fn apply(
    context: &Context<'_>,
    register: &Register,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let rules = document_type(context, &register.document_type)?;
    let content = Content {
        digests: &register.digests,
        use_right: register.use_right.as_ref(),
        total: register.total.as_ref(),
        open_facts: &register.open_facts,
    };
    check_content(context.suite, &content, rules)?;
    let profile =
        Profile::by_name(&rules.profile).ok_or_else(|| Refused::new(Code::UnknownType))?;
    let number = profile
        .check(&register.identity)
        .map_err(|error| Refused::saying(Code::BadIdentity, error.to_string()))?;
    let mut entitlements = agency.entitlements.iter().filter(|entitlement| {
        entitlement.document_type == register.document_type
            && entitlement.region == register.region
            && entitlement.part == Part::Issue
    });
    let Some(first) = entitlements.next() else {
        return Err(Refused::new(Code::NotEntitled));
    };
    let legal_issuer = &register.identity.legal_issuer;
    let in_scope =
        first.covers(legal_issuer) || entitlements.any(|other| other.covers(legal_issuer));
    let offline = offline(context, register, rules)?;
    let issued_at = (offline.as_ref()).map_or(context.block_time, |offline| offline.issued_at);
    let ranged = if rules.ranges {
        Some(in_range(
            context, register, profile, agency, issued_at, ledger,
        )?)
    } else {
        None
    };
    // A branch issues the numbers that were given to it for whom they were given.
    let is_branch = ranged.as_ref().is_some_and(|ranged| ranged.is_branch);
    if !in_scope && !is_branch {
        let basis = first.legal_basis.clone();
        return Err(Refused::saying(Code::OutsideScope, basis));
    }
    let (from, until) = (
        register.valid_from.as_deref(),
        register.valid_until.as_deref(),
    );
    let asked = Asked {
        register,
        agency,
        rules,
        profile,
        at: key::record(context.suite, &number),
        dates: dates(from, until, rules)?,
        offline,
        number: ranged.and_then(|ranged| ranged.number),
    };
    match ledger.record(&asked.at).cloned() {
        None => {
            refuse_taken_files(&register.digests, &asked.at, ledger)?;
            let record = asked.record(context);
            asked.write(context, record, &[], ledger)
        }
        Some(record) => again(context, &asked, record, ledger),
    }
}

impl Asked<'_> {
    /// The record of a document that was not there.
    fn record(&self, context: &Context<'_>) -> Record {
        let Self {
            register,
            agency,
            rules,
            ..
        } = self;
        let event = context.event();
        let total = register.total.clone().map(|total| PrivateItem {
            blinding: register.blinding,
            item: Item::Total(total),
        });
        let state = if rules.two_party {
            State::Proposed
        } else {
            State::Issued
        };
        let public = PublicPart {
            digests: register.digests.clone(),
            fact_root: register.fact_root,
            valid_from: self.dates.0,
            valid_before: self.dates.1,
            use_right: register.use_right.clone(),
            offline: self.offline.clone(),
            open_facts: register.open_facts.clone(),
            ..PublicPart::new(
                &register.document_type,
                &agency.id,
                &register.region,
                &register.identity.legal_issuer,
                Status::new(state, self.issued_at(context), context.block_time),
                event,
            )
        };
        let private = total.into_iter().collect();
        Record { public, private }
    }

    fn issued_at(&self, context: &Context<'_>) -> Millis {
        (self.offline.as_ref()).map_or(context.block_time, |offline| offline.issued_at)
    }

    /// Writes a record that this registration makes, its files and its number. `before` are the files
    /// that the record had.
    fn write(
        &self,
        context: &Context<'_>,
        record: Record,
        before: &[Digest],
        ledger: &mut Ledger<'_>,
    ) -> Result<(), Refused> {
        let digests = &self.register.digests;
        ledger.write_records(with_freed(digests, self.at, record, ledger))?;
        withdraw(context, before, digests, self.at, ledger);
        write_digests(context, digests, self.at, ledger);
        if let Some((key, range, number)) = self.number {
            let span = NumberSpan {
                first: number,
                last: number,
            };
            let range = ledger.numbering_mut(&key).ranges.get_mut(range);
            if let Some(range) = range.filter(|range| !numbering::meets(&range.issued, span)) {
                numbering::insert(&mut range.issued, span);
            }
        }
        Ok(())
    }

    /// The record of a document that takes the place of one under its number: the status before stays
    /// in its history.
    fn record_after(&self, context: &Context<'_>, before: &PublicPart) -> Record {
        let mut record = self.record(context);
        let Status {
            state,
            effective_at,
            ..
        } = record.public.status;
        let mut kept = before.clone();
        set_status(
            context.suite,
            &mut kept,
            context.event(),
            state,
            effective_at,
            None,
        );
        record.public.past = kept.past;
        record.public.history = kept.history;
        record.public.event_count = kept.event_count;
        record.public.status_event = kept.status_event;
        record
    }
}

/// What a registration and a correction both say of a document.
pub(super) struct Content<'a> {
    pub digests: &'a [Digest],
    pub use_right: Option<&'a UseRight>,
    pub total: Option<&'a Amount>,
    pub open_facts: &'a [OpenFact],
}

pub(super) fn check_digests(digests: &[Digest]) -> Result<(), Refused> {
    if digests.is_empty() || digests.len() > DIGESTS_MAX {
        let detail = format!("a document has 1 to {DIGESTS_MAX} files");
        return Err(Refused::saying(Code::BadField, detail));
    }
    if digests.windows(2).any(|pair| pair[0] >= pair[1]) {
        let detail = "the digests must be ascending";
        return Err(Refused::saying(Code::BadField, detail));
    }
    Ok(())
}

pub(super) fn check_content(
    suite: Suite,
    content: &Content<'_>,
    rules: &TypeRules,
) -> Result<(), Refused> {
    check_digests(content.digests)?;
    match content.use_right {
        None | Some(UseRight::NamedMember(_)) => {}
        Some(UseRight::FirstMember) if rules.first_member => {}
        Some(UseRight::FirstMember) => {
            let detail = "this type does not leave the use to the first member";
            return Err(Refused::saying(Code::BadField, detail));
        }
        Some(UseRight::ClaimKey(key)) if suite.check_public_key(key).is_ok() => {}
        Some(UseRight::ClaimKey(_)) => {
            return Err(Refused::saying(Code::BadField, "the claim key is none"));
        }
    }
    let is_invoice = rules.kind == Kind::Invoice;
    let is_used = is_invoice || !rules.purposes.is_empty() || rules.lending.is_some();
    if content.use_right.is_some() && !is_used {
        let detail = "documents of this type are neither used nor lent";
        return Err(Refused::saying(Code::BadField, detail));
    }
    if content.total.is_some() && !is_invoice {
        let detail = "only an invoice has a total";
        return Err(Refused::saying(Code::BadField, detail));
    }
    check_open_facts(content.open_facts, rules)?;
    content.total.map_or(Ok(()), check_total)
}

/// Open facts are those that the type calls so, in its order, each once.
fn check_open_facts(facts: &[OpenFact], rules: &TypeRules) -> Result<(), Refused> {
    let mut open = rules.facts.iter().filter(|field| field.open);
    for fact in facts {
        // What was passed over is not looked at again.
        if !open.any(|field| field.name == fact.name) {
            let detail = format!(
                "{:?} is no open fact of this type, or not in its order",
                fact.name
            );
            return Err(Refused::saying(Code::BadField, detail));
        }
        let value = &fact.value;
        let fits = (1..=OPEN_FACT_BYTES_MAX).contains(&value.len());
        if !fits || value.chars().any(char::is_control) {
            let detail = format!("{} must be 1 to {OPEN_FACT_BYTES_MAX} bytes", fact.name);
            return Err(Refused::saying(Code::BadField, detail));
        }
    }
    Ok(())
}

pub(super) fn check_total(total: &Amount) -> Result<(), Refused> {
    let code = total.currency.as_bytes();
    if code.len() != 3 || !code.iter().all(u8::is_ascii_uppercase) {
        let detail = "the currency must be of ISO 4217";
        return Err(Refused::saying(Code::BadField, detail));
    }
    Ok(())
}

/// The times between which a document is valid, from the days that it says.
pub(super) fn dates(
    from: Option<&str>,
    until: Option<&str>,
    rules: &TypeRules,
) -> Result<(Option<Millis>, Option<Millis>), Refused> {
    let zone = rules.zone_minutes;
    let from = day(from, "valid_from")?.map(|day| day.begins(zone));
    let before = day(until, "valid_until")?.map(|day| day.ends(zone));
    if from
        .zip(before)
        .is_some_and(|(from, before)| before <= from)
    {
        let detail = "valid_until lies before valid_from";
        return Err(Refused::saying(Code::BadField, detail));
    }
    Ok((from, before))
}

fn day(text: Option<&str>, name: &str) -> Result<Option<Day>, Refused> {
    text.map(|text| text.parse())
        .transpose()
        .map_err(|error| Refused::saying(Code::BadField, format!("{name}: {error}")))
}

/// How the document was issued without a connection. Late is no refusal: it is written down.
fn offline(
    context: &Context<'_>,
    register: &Register,
    rules: &TypeRules,
) -> Result<Option<OfflineIssue>, Refused> {
    let Some(issued_at) = register.issued_offline_at else {
        return Ok(None);
    };
    let now = context.block_time;
    let is_possible =
        rules.offline_ms > 0 && issued_at <= now && now <= issued_at.plus(OFFLINE_AGO_MS_MAX);
    if !is_possible {
        return Err(Refused::new(Code::BadOfflineIssue));
    }
    let deadline = issued_at.plus(rules.offline_ms);
    Ok(Some(OfflineIssue {
        issued_at,
        deadline,
        late: has_passed(deadline, now, context.halt),
    }))
}

/// A number in a range.
struct Ranged {
    /// Where it is to be marked as issued; none if it is.
    number: Option<(StateKey, usize, u64)>,
    /// Whether the range was given to the agency by another.
    is_branch: bool,
}

/// The number is one that this agency may issue at the time of issue.
fn in_range(
    context: &Context<'_>,
    register: &Register,
    profile: Profile,
    agency: &AgencyLeaf,
    issued_at: Millis,
    ledger: &Ledger<'_>,
) -> Result<Ranged, Refused> {
    let outside = || Refused::new(Code::OutsideRange);
    let (number, digits) = numbering::value(&register.identity.number).ok_or_else(outside)?;
    let key = key::numbering(context.suite, profile, &register.numbering());
    let leaf = ledger.numbering(&key).ok_or_else(outside)?;
    let at = leaf.range_of(number, digits).ok_or_else(outside)?;
    let range = &leaf.ranges[at];
    if range.holder != agency.id || range.document_type != register.document_type {
        return Err(outside());
    }
    let span = NumberSpan {
        first: number,
        last: number,
    };
    let is_branch = range.parent.is_some();
    // An issued number is told of by its record, whatever became of the range since.
    if numbering::meets(&range.issued, span) {
        return Ok(Ranged {
            number: None,
            is_branch,
        });
    }
    if numbering::meets(&range.voided, span) {
        return Err(Refused::because_of(Code::NumberVoid, range.operation));
    }
    match range.now(issued_at) {
        RangeNow::Stored(RangeState::Active) => {}
        now => return Err(Refused::saying(Code::RangeNotActive, now.name())),
    }
    if !has_room(leaf, &range.issued, span) {
        let detail = "too many gaps between the numbers issued; issue or void those between first";
        return Err(Refused::saying(Code::TooLarge, detail));
    }
    Ok(Ranged {
        number: Some((key, at, number)),
        is_branch,
    })
}

/// The number is on the ledger: the same document, another rendition, one that takes its place, or a
/// conflict.
fn again(
    context: &Context<'_>,
    asked: &Asked<'_>,
    mut record: Record,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let register = asked.register;
    let public = &mut record.public;
    let first = public.registration.operation;
    if public.status.state == State::Unattested {
        return join(context, asked, record, ledger);
    }
    let rules_of_record = document_type(context, &public.document_type)?;
    let reuse = asked.profile.reuse();
    let is_free = match public.status.state {
        State::Rejected => reuse.after_rejection,
        State::Cancelled => reuse.after_cancellation,
        _ => false,
    };
    // A licence that was in force may have been lent, or have taken the place of another: whoever cites
    // it does not find another document under its number.
    let is_cited = rules_of_record.kind == Kind::Licence
        && (public.history.is_some() || public.past.iter().any(|of| of.status.state.is_in_force()));
    if is_free && !is_cited && public.agency == asked.agency.id {
        refuse_taken_files(&register.digests, &asked.at, ledger)?;
        let next = asked.record_after(context, public);
        return asked.write(context, next, &public.digests, ledger);
    }
    let has = |digest: &Digest| public.digests.contains(digest);
    if register.digests.iter().all(has) {
        return Err(Refused::because_of(Code::SameAgain, first));
    }
    if matches!(public.status.state, State::Rejected | State::Cancelled) {
        return Err(Refused::because_of(Code::NumberBurned, first));
    }
    let same_facts = public.fact_root.is_some() && public.fact_root == register.fact_root;
    // Terms too: a rendition changes nothing but the files. (The right to use stays the first one's.)
    let same_terms = public.region == register.region
        && asked.dates == (public.valid_from, public.valid_before)
        && public.document_type == register.document_type
        && public.agency == asked.agency.id
        && public.open_facts == register.open_facts;
    if !same_facts || !same_terms {
        return Err(Refused::because_of(Code::NumberTaken, first));
    }
    refuse_taken_files(&register.digests, &asked.at, ledger)?;
    public.digests.extend(&register.digests);
    public.digests.sort_unstable();
    public.digests.dedup();
    if public.digests.len() > DIGESTS_MAX {
        let detail = format!("a document has at most {DIGESTS_MAX} files");
        return Err(Refused::saying(Code::BadField, detail));
    }
    public.event_count = public.event_count.saturating_add(1);
    ledger.write_records(with_freed(&register.digests, asked.at, record, ledger))?;
    write_digests(context, &register.digests, asked.at, ledger);
    Ok(())
}

/// The issuer registers a document of which the ledger knew the use: what members recorded stays,
/// within the total that the issuer states, and is shown as recorded before.
fn join(
    context: &Context<'_>,
    asked: &Asked<'_>,
    before: Record,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    refuse_taken_files(&asked.register.digests, &asked.at, ledger)?;
    let mut record = asked.record_after(context, &before.public);
    let stated = record.total().is_some();
    let Record { public, private } = before;
    // Where the issuer states no total, the members' stays: their shares are parts of it.
    let kept = private
        .into_iter()
        .filter(|item| !stated || !matches!(item.item, Item::Total(_)));
    record.private.extend(kept);
    if let Some(total) = shares::total(&record).filter(|_| stated) {
        let (now, halt) = (context.block_time, context.halt);
        for item in record.uses_mut() {
            let share = item.share.map_or((0, total), |span| (span.from, span.to));
            let share = Span {
                from: share.0.min(total),
                to: share.1.min(total),
            };
            item.share = Some(share);
            if share.is_empty() && shares::binds(item, now, halt) {
                item.state = UseItemState::SetAside;
                item.operation = context.operation;
            }
        }
    } else if stated {
        keep_one_use(&mut record, asked.rules, context);
    }
    shares::tell(&mut record, context);
    asked.write(context, record, &public.digests, ledger)
}

/// Of a document that cannot be divided one use of each line stays: the first for good, or the first
/// lock where there is none.
fn keep_one_use(record: &mut Record, rules: &TypeRules, context: &Context<'_>) {
    let (now, halt) = (context.block_time, context.halt);
    let mut kept: Vec<String> = Vec::new();
    let mut uses: Vec<_> = record.uses_mut().collect();
    uses.sort_by_key(|item| item.state != UseItemState::Consumed);
    for item in uses {
        item.share = None;
        if !shares::binds(item, now, halt) {
            continue;
        }
        if kept
            .iter()
            .any(|purpose| rules.excludes(purpose, &item.purpose))
        {
            item.state = UseItemState::SetAside;
            item.operation = context.operation;
        } else {
            kept.push(item.purpose.clone());
        }
    }
}

/// The leaf of a file that is another document's.
fn of_another<'l>(
    digest: &Digest,
    at: &StateKey,
    ledger: &'l Ledger<'_>,
) -> Option<&'l DigestLeaf> {
    ledger
        .digest(digest)
        .filter(|leaf| !leaf.withdrawn && leaf.record != *at)
}

fn is_unattested(record: &StateKey, ledger: &Ledger<'_>) -> bool {
    let state = ledger
        .record(record)
        .map(|record| record.public.status.state);
    state == Some(State::Unattested)
}

/// One file is one document. What a member said of a file keeps nobody who is entitled to issue from
/// saying of which document it is: else a stranger could keep a document off the ledger.
pub(super) fn refuse_taken_files(
    digests: &[Digest],
    at: &StateKey,
    ledger: &Ledger<'_>,
) -> Result<(), Refused> {
    for digest in digests {
        let leaf = of_another(digest, at, ledger);
        if let Some(leaf) = leaf.filter(|leaf| !is_unattested(&leaf.record, ledger)) {
            return Err(Refused::because_of(Code::FileTaken, leaf.operation));
        }
    }
    Ok(())
}

/// A record that is written with its files, and those that lose one of these to it: a member had used
/// the file under another number. Its use stays under that number.
pub(super) fn with_freed(
    digests: &[Digest],
    at: StateKey,
    record: Record,
    ledger: &Ledger<'_>,
) -> BTreeMap<StateKey, Record> {
    let mut records = BTreeMap::from([(at, record)]);
    for digest in digests {
        let Some(leaf) = of_another(digest, &at, ledger) else {
            continue;
        };
        let before = (records.get(&leaf.record)).or_else(|| ledger.record(&leaf.record));
        if let Some(mut loser) = before.cloned() {
            loser.public.digests.retain(|of| of != digest);
            loser.public.event_count = loser.public.event_count.saturating_add(1);
            records.insert(leaf.record, loser);
        }
    }
    records
}

pub(super) fn write_digests(
    context: &Context<'_>,
    digests: &[Digest],
    at: StateKey,
    ledger: &mut Ledger<'_>,
) {
    for digest in digests {
        // A rendition keeps the operation that registered it first.
        let is_there = |leaf: &DigestLeaf| leaf.record == at && !leaf.withdrawn;
        if !ledger.digest(digest).is_some_and(is_there) {
            let leaf = DigestLeaf {
                record: at,
                operation: context.operation,
                withdrawn: false,
            };
            ledger.write_digest(*digest, leaf);
        }
    }
}
