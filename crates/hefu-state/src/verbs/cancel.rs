//! `cancel`: the agency that issued an invoice voids it, whole, unused, within the type's window; a licence
//! at its holder's wish, at any time.

use super::{
    check_no_reversal, check_own, check_text, record_with_type, set_status, state_now, wrong_state,
};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use crate::shares;
use hefu_types::leaf::Kind;
use hefu_types::operation::Cancel;
use hefu_types::record::{Link, Relation, State};
use hefu_types::Code;

pub(crate) fn apply(
    context: &Context<'_>,
    cancel: &Cancel,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, rules) = record_with_type(context, ledger, &cancel.record, None)?;
    let public = &record.public;
    check_own(agency, public)?;
    check_text("reason", &cancel.reason)?;
    let is_licence = rules.kind == Kind::Licence;
    // What is only proposed may be taken back.
    let is_open = match state_now(public, context.block_time) {
        State::Issued | State::Proposed => true,
        State::Suspended => is_licence,
        _ => false,
    };
    if !is_open {
        return Err(wrong_state(public));
    }
    // Since version 2: what was reversed by a credit note would stay reversed by nothing.
    let reverses = |link: &Link| link.relation == Relation::Reverses;
    if context.rules_version >= 2 && public.links.iter().any(reverses) {
        return Err(Refused::new(Code::BadLink));
    }
    if shares::binding(&record, context).next().is_some() {
        return Err(Refused::new(Code::InUse));
    }
    check_no_reversal(context, public)?;
    let over = public.registration.block_time.plus(rules.cancel_window_ms);
    if !is_licence && context.block_time >= over {
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
