//! Auditing: following a network from outside and checking everything that it publishes.
//!
//! Start at [`Auditor`]. It trusts the genesis that its owner gave it and nothing else: checkpoints by
//! their signatures, entries by the log that a quorum signed, operations by the roots in signed statements,
//! and what they led to because it executes every block again, by the very rules of a node
//! (`hefu_state::ReadBlock` to `hefu_state::execute`).
//!
//! In scope: judging what was fetched, what is wrong with it ([`Finding`]), what is remembered from one
//! run to the next ([`memory`]).
//! Not here: fetching (the client's `audit`), what a valid operation is (`hefu-state`), the proof that a
//! quorum signed two histories (`hefu_proof::equivocation`). This crate has no clock, socket or disk.

pub mod auditor;
mod block;
pub mod finding;
mod ledger;
pub mod log;
pub mod memory;

pub use auditor::{Auditor, Next, NextBlock, Stop, Tally};
pub use block::{Done, Parts, HEADER_BYTES_MAX};
pub use finding::Finding;
pub use memory::MemoryError;

#[cfg(test)]
mod tests;
