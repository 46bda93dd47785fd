//! What becomes of a licence: withheld, given back, withdrawn, renewed, moved, lent.
//!
//! Start at [`succeed`] for a licence that takes the place of another, at [`lend`] for copies, and at
//! [`copy`] for the file that goes with one. Verbs that need nothing but the record are here.

pub mod copy;
mod lend;
mod succeed;

use crate::act::{by_agency, Acting};
use crate::cli::licence::{Annul, LicenceCommand, Suspend, TransferOut};
use crate::cli::{Act, Shared};
use crate::failure::Failure;
use crate::register::check_region;
use crate::say::Report;
use crate::status::zone_minutes;
use crate::times::{time, When};
use hefu_types::operation::{self, Operation};
use hefu_wire::file::KeyRole;

/// What becomes of a licence.
pub fn run(shared: &Shared, command: &LicenceCommand) -> Result<Report, Failure> {
    match command {
        LicenceCommand::Suspend(args) => suspend(shared, args),
        LicenceCommand::Resume(args) => resume(shared, args),
        LicenceCommand::Annul(args) => annul(shared, args),
        LicenceCommand::Renew(args) => succeed::renew(shared, args),
        LicenceCommand::TransferOut(args) => transfer_out(shared, args),
        LicenceCommand::TransferIn(args) => succeed::transfer_in(shared, args),
        LicenceCommand::CancelTransfer(args) => cancel_transfer(shared, args),
        LicenceCommand::Lend(args) => lend::lend(shared, args),
        LicenceCommand::Consent(args) => lend::consent(shared, args),
    }
}

fn suspend(shared: &Shared, args: &Suspend) -> Result<Report, Failure> {
    let until = args.until.as_deref().map(When::parse).transpose()?;
    let acting = Acting::open(shared, &args.act.on, &[KeyRole::Agency])?;
    let (record, found) = match acting.find()? {
        Ok(found) => found,
        Err(report) => return Ok(*report),
    };
    let document_type = found.answered.record.map(|public| public.document_type);
    let zone = zone_minutes(acting.nodes.network(), &document_type.unwrap_or_default());
    let operation = Operation::Suspend(operation::Suspend {
        record,
        reason: args.act.reason.clone(),
        until: until.map(|until| until.before(zone)),
    });
    acting.perform(&record, operation, |_, _| {})
}

fn resume(shared: &Shared, args: &Act) -> Result<Report, Failure> {
    let reason = args.reason.clone();
    by_agency(shared, &args.on, |record| {
        Operation::Resume(operation::Resume { record, reason })
    })
}

fn annul(shared: &Shared, args: &Annul) -> Result<Report, Failure> {
    let effective_at = args.effective_at.as_deref().map(time).transpose()?;
    let reason = args.act.reason.clone();
    by_agency(shared, &args.act.on, |record| {
        Operation::Annul(operation::Annul {
            record,
            reason,
            effective_at,
        })
    })
}

fn transfer_out(shared: &Shared, args: &TransferOut) -> Result<Report, Failure> {
    let (to, reason) = (args.to.clone(), args.act.reason.clone());
    let acting = Acting::open(shared, &args.act.on, &[KeyRole::Agency])?;
    check_region(acting.nodes.network(), &to)?;
    acting
        .on_document(|record| Operation::TransferOut(operation::TransferOut { record, to, reason }))
}

fn cancel_transfer(shared: &Shared, args: &Act) -> Result<Report, Failure> {
    let reason = args.reason.clone();
    by_agency(shared, &args.on, |record| {
        Operation::CancelTransfer(operation::CancelTransfer { record, reason })
    })
}

#[cfg(test)]
mod tests;
