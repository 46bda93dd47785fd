//! `cancel`: the agency that issued an invoice voids it, whole, unused, within the type's window.

use super::{check_no_reversal, check_own, check_text, record_with_type, set_status, wrong_state};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use crate::shares;
use hefu_types::leaf::Kind;
use hefu_types::operation::Cancel;
use hefu_types::record::State;
use hefu_types::Code;

pub(crate) fn apply(
    context: &Context<'_>,
    cancel: &Cancel,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, rules) = record_with_type(context, ledger, &cancel.record, Kind::Invoice)?;
    let public = &record.public;
    check_own(agency, public)?;
    check_text("reason", &cancel.reason)?;
    // What is only proposed may be taken back.
    if !matches!(public.status.state, State::Issued | State::Proposed) {
        return Err(wrong_state(public));
    }
    if shares::binding(&record, context).next().is_some() {
        return Err(Refused::new(Code::InUse));
    }
    check_no_reversal(context, public)?;
    if context.block_time >= public.registration.block_time.plus(rules.cancel_window_ms) {
        return Err(Refused::new(Code::CancelWindowOver));
    }
    let now = context.block_time;
    set_status(
        context.suite,
        &mut record.public,
        context.event(),
        State::Cancelled,
        now,
        Some(&cancel.reason),
    );
    shares::tell(&mut record, context);
    ledger.write_record(cancel.record, record)
}
