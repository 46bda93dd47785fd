//! `hefu use`: members lock and consume invoices, give locks back, take uses back, hand the right on.
//!
//! Start at [`take`]: the receipts of locks and uses are what entitles to pay. The signed statement is
//! written down before it is sent ([`pending`]), no node is believed that it was refused ([`settle`]),
//! and the right to use is shown in one place ([`right`]).
//!
//! A use is a statement of its member, so a run that is stopped must neither lose a receipt nor use an
//! invoice a second time. A statement is taken away after its receipts are on disk, or when a
//! certificate proves that it was not done and never will be.

mod ask;
mod clawback;
mod hand_over;
pub mod money;
pub mod pending;
mod release;
mod report;
pub mod right;
pub mod settle;
pub mod take;
mod told;
mod unattested;

use crate::cli::uses::UseCommand;
use crate::cli::Shared;
use crate::failure::Failure;
use crate::say::Report;

/// `hefu use`.
pub fn run(shared: &Shared, command: &UseCommand) -> Result<Report, Failure> {
    match command {
        UseCommand::Lock(args) => take::lock(shared, args),
        UseCommand::Consume(args) => take::consume(shared, args),
        UseCommand::Release(args) => release::run(shared, args),
        UseCommand::Clawback(args) => clawback::run(shared, args),
        UseCommand::HandOver(args) => hand_over::run(shared, args),
    }
}

#[cfg(test)]
mod tests;
