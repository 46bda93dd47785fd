//! `clawback`: a use for good is taken back when its member and the agency both have signed.
//!
//! Each side signs a statement of its own; the second one does it, if the amounts agree and the first
//! has not lapsed. What is taken back stays recorded.

use super::{check_own, check_text, record_with_type};
use crate::execute::{signing_agency, signing_member, Context, Ledger, Refused};
use crate::shares;
use hefu_proof::derived::has_passed;
use hefu_types::leaf::{Holder, Kind};
use hefu_types::operation::Clawback;
use hefu_types::record::{AskedClawback, Side, UseItem, UseItemState};
use hefu_types::{Code, OperationId};

pub(crate) fn apply(
    context: &Context<'_>,
    clawback: &Clawback,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let (mut record, rules) = record_with_type(context, ledger, &clawback.record, Kind::Invoice)?;
    let (side, member) = if matches!(context.key.holder, Holder::Agency(_)) {
        check_own(signing_agency(context)?, &record.public)?;
        (Side::Issuer, None)
    } else {
        (Side::User, Some(&signing_member(context)?.id))
    };
    check_text("reason", &clawback.reason)?;
    let item = record.uses_mut().find(|item| {
        item.state == UseItemState::Consumed
            && item.consumption == Some(clawback.consumption)
            && member.is_none_or(|member| item.member == *member)
    });
    let item = item.ok_or_else(|| Refused::new(Code::UnknownUse))?;
    match (clawback.minor_units, item.share) {
        (None, _) => {}
        (Some(_), None) => return Err(Refused::new(Code::NotDivisible)),
        (Some(units), Some(share)) if units == 0 || units > share.len() => {
            let detail = format!("the use is of {} minor units", share.len());
            return Err(Refused::saying(Code::ExceedsBalance, detail));
        }
        (Some(_), Some(_)) => {}
    }
    let now = context.block_time;
    let standing = (item.clawback.take())
        .filter(|asked| !has_passed(asked.deadline, now, context.halt))
        .filter(|asked| asked.minor_units == clawback.minor_units);
    match standing {
        Some(asked) if asked.by == side => return Err(Refused::new(Code::AlreadySigned)),
        Some(_) => take_back(item, clawback.minor_units, context.operation),
        None => {
            item.clawback = Some(AskedClawback {
                by: side,
                minor_units: clawback.minor_units,
                operation: context.operation,
                deadline: now.plus(rules.consent_ms),
            });
        }
    }
    shares::tell(&mut record, context);
    record.public.event_count = record.public.event_count.saturating_add(1);
    ledger.write_record(clawback.record, record)
}

/// Takes minor units back from the end of a use's share; all of it where none are named.
pub(super) fn take_back(item: &mut UseItem, minor_units: Option<u64>, operation: OperationId) {
    item.operation = operation;
    let Some(share) = &mut item.share else {
        item.state = UseItemState::TakenBack;
        return;
    };
    let units = minor_units.unwrap_or(share.len()).min(share.len());
    item.taken_back = item.taken_back.saturating_add(units);
    if units == share.len() {
        item.state = UseItemState::TakenBack;
    } else {
        share.to -= units;
    }
}
