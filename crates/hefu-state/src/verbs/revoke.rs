//! `revoke`: the agency that issued a licence takes it, or a copy that was lent of it, away for good, from
//! now or a later time.

use super::{check_own, check_text, record_or_copy, set_status, state_now, wrong_state};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use hefu_proof::derived::{status_at, Derived};
use hefu_types::leaf::Kind;
use hefu_types::operation::Revoke;
use hefu_types::record::State;
use hefu_types::{Code, Millis};

/// How far ahead a revocation may take effect: a slip of units must not make one for ever to come.
const EFFECTIVE_AHEAD_MS_MAX: u64 = 10 * 366 * 24 * Millis::HOUR;

pub(crate) fn apply(
    context: &Context<'_>,
    revoke: &Revoke,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = record_or_copy(context, ledger, &revoke.record, Kind::Licence)?;
    let public = &record.public;
    check_own(agency, public)?;
    check_text("reason", &revoke.reason)?;
    let effective_at = revoke.effective_at.unwrap_or(context.block_time);
    // A revocation that is still to come may be brought forward; one that has come is final.
    let pending = public.status.state == State::Revoked
        && public.status.effective_at > context.block_time
        && effective_at < public.status.effective_at;
    let is_open = matches!(
        state_now(public, context.block_time),
        State::Issued | State::Suspended
    );
    if !is_open && !pending {
        return Err(wrong_state(public));
    }
    if let Derived::Expired { .. } = status_at(public, context.block_time) {
        return Err(Refused::new(Code::NotInValidity));
    }
    let latest = context.block_time.plus(EFFECTIVE_AHEAD_MS_MAX);
    if effective_at < context.block_time || effective_at > latest {
        return Err(Refused::new(Code::BadEffectiveTime));
    }
    set_status(
        context.suite,
        &mut record.public,
        context.event(),
        State::Revoked,
        effective_at,
        Some(&revoke.reason),
    );
    ledger.write_record(revoke.record, record)
}
