//! Proofs: everything that an outsider needs to check what the ledger said.
//!
//! Start at [`Receipt::verify`] and [`StatusCertificate::verify`]; what they mean for a person is
//! told by [`verdict`]. The log is that of RFC 9162, section 2.1, its checkpoints are those of C2SP.
//!
//! In scope: inclusion in the log, proofs of the state tree, checkpoints and their cosignatures,
//! receipts, what holds at a time; and the same log for other people's verifiers: C2SP's text formats
//! ([`tlog_proof`], [`tlog_consistency`]) and COSE ([`cose_receipt`]).
//! Not here: storage (`hefu-store`), what a valid operation is (`hefu-state`), HTTP (`hefu-wire`).
//! This crate has no clock, no socket and no disk, so it also runs in a browser.

pub mod bundle;
pub mod certificate;
pub mod checkpoint;
pub mod cose_receipt;
pub mod derived;
pub mod fact;
pub mod handover;
pub mod log;
pub mod receipt;
pub mod state_proof;
pub mod tlog_consistency;
pub mod tlog_proof;
pub mod verdict;
pub mod verifier;

pub use bundle::ReceiptBundle;
pub use certificate::{ProvenLeaf, StatusCertificate, VerifiedState};
pub use checkpoint::{Checkpoint, SignedCheckpoint, VerifiedCheckpoint};
pub use cose_receipt::{CoseReceipt, TransparentStatement};
pub use handover::Handover;
pub use receipt::{Receipt, VerifiedReceipt};
pub use state_proof::StateProof;
pub use tlog_consistency::TlogConsistency;
pub use tlog_proof::TlogProof;
pub use verifier::Verifier;
