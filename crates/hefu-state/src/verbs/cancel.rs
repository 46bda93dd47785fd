//! `cancel`: the agency that issued an invoice voids it, whole, unused, within the type's window.

use super::{check_own, check_text, end, record_with_type};
use crate::execute::{signing_agency, Context, Ledger, Refused};
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
    if public.status.state != State::Issued {
        let evidence = public.status_event.as_ref().map(|event| event.operation);
        return Err(Refused {
            evidence,
            ..Refused::new(Code::WrongState)
        });
    }
    if !public.uses.is_empty() {
        return Err(Refused::new(Code::InUse));
    }
    if context.block_time >= public.registration.block_time.plus(rules.cancel_window_ms) {
        return Err(Refused::new(Code::CancelWindowOver));
    }
    let now = context.block_time;
    end(
        context.suite,
        &mut record,
        context.event(),
        State::Cancelled,
        now,
        &cancel.reason,
    );
    ledger.write_record(cancel.record, record)
}
