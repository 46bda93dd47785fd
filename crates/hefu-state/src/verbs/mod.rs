//! The verbs: one small module for each operation. The guards stand in the order of the rules.

pub mod agency;
pub mod cancel;
pub mod clawback;
pub mod confirm;
pub mod correct;
pub mod council;
pub mod cover;
pub mod hand_over;
pub mod keys;
pub mod lend;
pub mod lock;
pub mod numbers;
pub mod recognise;
pub mod register;
pub mod registrar;
pub mod renew;
pub mod replace;
pub mod reversal;
pub mod revoke;
pub mod scope;
pub mod standing;
pub mod suspend;
pub mod transfer;
pub mod validators;

#[cfg(test)]
mod tests;

use crate::execute::{Context, Ledger, Refused};
use hefu_proof::derived::reversal_at;
use hefu_types::genesis::is_id;
use hefu_types::leaf::{AgencyLeaf, Kind, Part, TypeRules};
use hefu_types::operation::{LONG_NAME_BYTES_MAX, NAME_BYTES_MAX};
use hefu_types::record::{
    Event, Folded, Link, PastStatus, PublicPart, Record, Relation, State, Status, LINKS_MAX,
    PAST_MAX,
};
use hefu_types::{Code, Millis, StateKey, Suite};

/// A record that is there, with the rules of its type, which is of a kind where one is named. A lending
/// copy is not one: nothing is done with it but to revoke it.
fn record_with_type<'a>(
    context: &Context<'a>,
    ledger: &Ledger<'_>,
    key: &StateKey,
    kind: impl Into<Option<Kind>>,
) -> Result<(Record, &'a TypeRules), Refused> {
    let (record, rules) = record_or_copy(context, ledger, key, kind)?;
    if record.public.copy.is_some() {
        return Err(Refused::new(Code::NotForThisType));
    }
    Ok((record, rules))
}

/// A licence that is there, with the rules of its type.
fn licence<'a>(
    context: &Context<'a>,
    ledger: &Ledger<'_>,
    key: &StateKey,
) -> Result<(Record, &'a TypeRules), Refused> {
    record_with_type(context, ledger, key, Kind::Licence)
}

/// The same of a document or of a copy that was lent of it.
fn record_or_copy<'a>(
    context: &Context<'a>,
    ledger: &Ledger<'_>,
    key: &StateKey,
    kind: impl Into<Option<Kind>>,
) -> Result<(Record, &'a TypeRules), Refused> {
    let record = ledger
        .record(key)
        .ok_or_else(|| Refused::new(Code::UnknownRecord))?
        .clone();
    let rules = document_type(context, &record.public.document_type)?;
    if kind.into().is_some_and(|kind| rules.kind != kind) {
        return Err(Refused::new(Code::NotForThisType));
    }
    Ok((record, rules))
}

fn document_type<'a>(context: &Context<'a>, id: &str) -> Result<&'a TypeRules, Refused> {
    let leaf = context.loaded.document_type(id);
    leaf.map(|leaf| &leaf.rules)
        .ok_or_else(|| Refused::new(Code::UnknownType))
}

/// The agency that registered a document acts on it, while it is entitled to its type: judged now,
/// not at the time of issue, so an agency that lost the right does not act.
fn check_own(agency: &AgencyLeaf, record: &PublicPart) -> Result<(), Refused> {
    let entitled = agency.entitlements.iter().any(|entitlement| {
        entitlement.document_type == record.document_type
            && entitlement.region == record.region
            && entitlement.part == Part::Issue
    });
    if agency.id == record.agency && entitled {
        Ok(())
    } else {
        Err(Refused::new(Code::NotEntitled))
    }
}

/// A short text that people read: bounded, without control characters.
fn check_text(name: &str, text: &str) -> Result<(), Refused> {
    if text.is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control) {
        let detail =
            format!("{name} must be 1 to {NAME_BYTES_MAX} bytes without control characters");
        return Err(Refused::saying(Code::BadField, detail));
    }
    Ok(())
}

/// The name of something that an act of governance makes.
fn check_id(name: &str, id: &str) -> Result<(), Refused> {
    if is_id(id) {
        Ok(())
    } else {
        let detail = format!("{name} must be 1 to {NAME_BYTES_MAX} of a-z, 0-9, . - _");
        Err(Refused::saying(Code::BadField, detail))
    }
}

/// A longer text that people read.
fn check_long_text(name: &str, text: &str) -> Result<(), Refused> {
    let fits = (1..=LONG_NAME_BYTES_MAX).contains(&text.len());
    if !fits || text.chars().any(char::is_control) {
        let detail =
            format!("{name} must be 1 to {LONG_NAME_BYTES_MAX} bytes without control characters");
        return Err(Refused::saying(Code::BadField, detail));
    }
    Ok(())
}

/// The agency that supervises documents of a type, region and legal issuer.
fn check_supervises(
    agency: &AgencyLeaf,
    document_type: &str,
    region: &str,
    legal_issuer: &str,
) -> Result<(), Refused> {
    let supervises = agency.entitlements.iter().any(|entitlement| {
        entitlement.part == Part::Supervise
            && entitlement.document_type == document_type
            && entitlement.region == region
            && entitlement.covers(legal_issuer)
    });
    if supervises {
        Ok(())
    } else {
        Err(Refused::new(Code::NotEntitled))
    }
}

/// A state from which an operation does not start; the event that led there is the evidence.
fn wrong_state(record: &PublicPart) -> Refused {
    Refused {
        evidence: record.status_event.as_ref().map(|event| event.operation),
        ..Refused::new(Code::WrongState)
    }
}

/// Refuses while a reversal is asked for.
fn check_no_reversal(context: &Context<'_>, record: &PublicPart) -> Result<(), Refused> {
    match &record.reversal {
        Some(reversal) if reversal_at(reversal, context.block_time, context.halt).is_open() => {
            Err(Refused::new(Code::ConsentPending))
        }
        _ => Ok(()),
    }
}

/// The state in which a document is at a time: a suspension with an end is over when it has come.
fn state_now(public: &PublicPart, now: Millis) -> State {
    let status = &public.status;
    match (status.state, status.until) {
        (State::Suspended, Some(until)) if until <= now => State::Issued,
        (state, _) => state,
    }
}

/// Whether a licence took the place of another: it takes that of one only.
fn is_successor(public: &PublicPart) -> bool {
    let relations = [Relation::Renews, Relation::TransferredFrom];
    (public.links.iter()).any(|link| relations.contains(&link.relation))
}

/// Gives a document another status: the one before stands among its past ones, the oldest of which
/// fold into the history.
fn set_status(
    suite: Suite,
    public: &mut PublicPart,
    event: Event,
    state: State,
    effective_at: Millis,
    reason: Option<&str>,
) {
    let status = Status {
        state,
        effective_at,
        recorded_at: event.block_time,
        reason: reason.map(str::to_owned),
        until: None,
    };
    let before = PastStatus {
        status: std::mem::replace(&mut public.status, status),
        event: public
            .status_event
            .replace(event)
            .unwrap_or_else(|| public.registration.clone()),
    };
    public.past.push(before);
    while public.past.len() > PAST_MAX {
        let oldest = public.past.remove(0);
        public.history = Some(Folded::and(public.history, suite, &oldest));
    }
    public.event_count = public.event_count.saturating_add(1);
}

/// Notes an event that changes neither status nor use.
fn note(public: &mut PublicPart, event: Event) {
    public.noted = Some(event);
    public.event_count = public.event_count.saturating_add(1);
}

/// Whether a link more has room, or is there already.
fn has_room_for(public: &PublicPart, link: &Link) -> bool {
    public.links.len() < LINKS_MAX || public.links.contains(link)
}

fn add_link(public: &mut PublicPart, link: Link) {
    if !public.links.contains(&link) {
        public.links.push(link);
    }
}
