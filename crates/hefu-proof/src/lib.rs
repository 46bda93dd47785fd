//! Proofs: everything that an outsider needs to check what the ledger said.
//!
//! Start at [`verify()`]: from evidence to every dimension of a verdict, under what the caller remembers
//! ([`Memory`]). Single pieces are checked by [`Receipt::verify`] and [`StatusCertificate::verify`]. The
//! log is that of RFC 9162, section 2.1, its checkpoints are those of C2SP.
//!
//! In scope: inclusion in the log, proofs of the state tree, checkpoints and their cosignatures,
//! receipts, what holds at a time; and the same log for other people's verifiers: C2SP's text formats
//! ([`tlog_proof`], [`tlog_consistency`]) and COSE ([`cose_receipt`]).
//! Not here: storage (`hefu-store`), what a valid operation is (`hefu-state`), HTTP (`hefu-wire`).
//! This crate has no clock, no socket and no disk, so it also runs in a browser.

pub mod bundle;
mod catalogue;
pub mod certificate;
pub mod checkpoint;
pub mod cose_receipt;
pub mod derived;
pub mod equivocation;
pub mod fact;
pub mod handover;
pub mod log;
pub mod memory;
pub mod receipt;
mod short;
pub mod state_proof;
pub mod tlog_consistency;
pub mod tlog_proof;
pub mod verdict;
pub mod verifier;
pub mod verify;

pub use bundle::ReceiptBundle;
pub use certificate::{ProvenLeaf, StatusCertificate, VerifiedState};
pub use checkpoint::{Checkpoint, SignedCheckpoint, VerifiedCheckpoint};
pub use cose_receipt::{CoseReceipt, TransparentStatement};
pub use equivocation::Equivocation;
pub use handover::{Handover, Sighting};
pub use memory::Memory;
pub use receipt::{Receipt, VerifiedReceipt};
pub use state_proof::StateProof;
pub use tlog_consistency::TlogConsistency;
pub use tlog_proof::TlogProof;
pub use verifier::Verifier;
pub use verify::{verify, Evidence, Request, Subject, Verification};
