//! `transfer-out`, `transfer-in`, `cancel-transfer`: a licence moves to another region, and is taken in
//! there once, under a number of that region that cites the old one.

use super::{
    add_link, check_own, check_text, has_room_for, is_successor, licence, note, set_status,
    state_now, wrong_state,
};
use crate::execute::{signing_agency, Context, Ledger, Refused};
use crate::shares;
use hefu_proof::derived::{status_at, Derived};
use hefu_types::key;
use hefu_types::leaf::RegionLeaf;
use hefu_types::operation::{CancelTransfer, TransferIn, TransferOut};
use hefu_types::record::{Link, PublicPart, Relation, State};
use hefu_types::Code;

pub(crate) fn out(
    context: &Context<'_>,
    transfer: &TransferOut,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = licence(context, ledger, &transfer.record)?;
    let public = &record.public;
    check_own(agency, public)?;
    check_text("reason", &transfer.reason)?;
    match status_at(public, context.block_time) {
        // One whose revocation is still to come stays to be revoked: it does not leave.
        Derived::InForce if state_now(public, context.block_time) == State::Issued => {}
        Derived::Expired { .. } | Derived::NotYetValid { .. } => {
            return Err(Refused::new(Code::NotInValidity));
        }
        _ => return Err(wrong_state(public)),
    }
    if shares::binding(&record, context).next().is_some() {
        return Err(Refused::new(Code::InUse));
    }
    let region = key::region(context.suite, &transfer.to);
    if transfer.to == public.region || ledger.leaf::<RegionLeaf>(&region).is_none() {
        return Err(Refused::new(Code::UnknownRegion));
    }
    let public = &mut record.public;
    let (now, reason) = (context.block_time, Some(transfer.reason.as_str()));
    let (suite, event) = (context.suite, context.event());
    set_status(suite, public, event, State::TransferredOut, now, reason);
    public.transferred_to = Some(transfer.to.clone());
    ledger.write_record(transfer.record, record)
}

/// Whether a licence that left was taken in.
fn was_taken_in(public: &PublicPart) -> bool {
    (public.links.iter()).any(|link| link.relation == Relation::TransferredTo)
}

/// It is on its way to nobody any more; the event that took it in is the evidence.
fn not_open(public: &PublicPart) -> Refused {
    Refused {
        evidence: public.noted.as_ref().map(|event| event.operation),
        ..Refused::new(Code::TransferNotOpen)
    }
}

pub(crate) fn take_in(
    context: &Context<'_>,
    transfer: &TransferIn,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut new, _) = licence(context, ledger, &transfer.record)?;
    check_own(agency, &new.public)?;
    let (mut old, _) = licence(context, ledger, &transfer.from)?;
    if old.public.status.state != State::TransferredOut {
        return Err(wrong_state(&old.public));
    }
    let is_for = old.public.transferred_to.as_ref() == Some(&new.public.region);
    if !is_for || was_taken_in(&old.public) {
        return Err(not_open(&old.public));
    }
    let forth = Link {
        relation: Relation::TransferredTo,
        record: transfer.record,
    };
    let back = Link {
        relation: Relation::TransferredFrom,
        record: transfer.from,
    };
    let fits = state_now(&new.public, context.block_time) == State::Issued
        && new.public.document_type == old.public.document_type
        && !is_successor(&new.public)
        && has_room_for(&old.public, &forth)
        && has_room_for(&new.public, &back);
    if !fits {
        return Err(Refused::new(Code::BadLink));
    }
    add_link(&mut old.public, forth);
    add_link(&mut new.public, back);
    note(&mut old.public, context.event());
    note(&mut new.public, context.event());
    ledger.write_records([(transfer.from, old), (transfer.record, new)])
}

pub(crate) fn cancel(
    context: &Context<'_>,
    cancel: &CancelTransfer,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    let agency = signing_agency(context)?;
    let (mut record, _) = licence(context, ledger, &cancel.record)?;
    let public = &mut record.public;
    check_own(agency, public)?;
    check_text("reason", &cancel.reason)?;
    if public.status.state != State::TransferredOut {
        return Err(wrong_state(public));
    }
    if was_taken_in(public) {
        return Err(not_open(public));
    }
    let (now, reason) = (context.block_time, Some(cancel.reason.as_str()));
    let (suite, event) = (context.suite, context.event());
    set_status(suite, public, event, State::Issued, now, reason);
    public.transferred_to = None;
    ledger.write_record(cancel.record, record)
}
