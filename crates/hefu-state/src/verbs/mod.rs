//! The verbs: one small module for each operation. The guards stand in the order of the rules.

pub mod cancel;
pub mod consume;
pub mod register;
pub mod revoke;

#[cfg(test)]
mod tests;

use crate::execute::{Context, Ledger, Refused};
use hefu_types::leaf::{AgencyLeaf, Kind, TypeRules};
use hefu_types::operation::NAME_BYTES_MAX;
use hefu_types::record::{Event, PublicPart, Record, State, Status};
use hefu_types::{Code, Hash, Millis, StateKey, Suite};

/// A record that is there, with the rules of its type.
fn record_with_type<'a>(
    context: &Context<'a>,
    ledger: &Ledger<'_>,
    key: &StateKey,
    kind: Kind,
) -> Result<(Record, &'a TypeRules), Refused> {
    let record = ledger
        .record(key)
        .ok_or_else(|| Refused::new(Code::UnknownRecord))?
        .clone();
    let rules = document_type(context, &record.public.document_type)?;
    if rules.kind != kind {
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
        entitlement.document_type == record.document_type && entitlement.region == record.region
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

/// Ends a document: the event before, if any, folds into the history.
fn end(
    suite: Suite,
    record: &mut Record,
    event: Event,
    state: State,
    effective_at: Millis,
    reason: &str,
) {
    let public = &mut record.public;
    if let Some(before) = &public.status_event {
        let chain = public.history.unwrap_or(Hash([0; 32]));
        let before = hefu_types::canonical::encode(before);
        public.history = Some(suite.hash(&[b"hefu/history/0", &chain.0, &before]));
    }
    public.status = Status {
        state,
        effective_at,
        recorded_at: event.block_time,
        reason: Some(reason.to_owned()),
    };
    public.status_event = Some(event);
    public.event_count = public.event_count.saturating_add(1);
}
