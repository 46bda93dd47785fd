//! `confirm` and `reject`: what the supervising agency says of a document that a unit proposed.

use super::{check_supervises, check_text, record_with_type, set_status, wrong_state};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use hefu_types::operation::{Confirm, Reject};
use hefu_types::record::State;
use hefu_types::{Code, StateKey};

pub(crate) fn confirm(
    context: &Context<'_>,
    confirm: &Confirm,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let seen = Some(confirm.event_count);
    answer(context, &confirm.record, seen, State::Issued, None, ledger)
}

pub(crate) fn reject(
    context: &Context<'_>,
    reject: &Reject,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    check_text("reason", &reject.reason)?;
    let reason = Some(reject.reason.as_str());
    answer(
        context,
        &reject.record,
        None,
        State::Rejected,
        reason,
        ledger,
    )
}

fn answer(
    context: &Context<'_>,
    key: &StateKey,
    seen: Option<u32>,
    state: State,
    reason: Option<&str>,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = record_with_type(context, ledger, key, None)?;
    let public = &mut record.public;
    check_supervises(
        agency,
        &public.document_type,
        &public.region,
        &public.legal_issuer,
    )?;
    // Two sides are two agencies.
    if agency.id == public.agency {
        return Err(Refused::new(Code::NotEntitled));
    }
    if public.status.state != State::Proposed {
        return Err(wrong_state(public));
    }
    // What was corrected since is not what the signer has looked at.
    if seen.is_some_and(|seen| seen != public.event_count) {
        return Err(Refused::new(Code::OtherVersion));
    }
    let now = context.block_time;
    public.supervisor = Some(agency.id.clone());
    set_status(context.suite, public, context.event(), state, now, reason);
    ledger.write_record(*key, record)
}
