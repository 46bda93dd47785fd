//! Proofs: everything that an outsider needs to check what the ledger said.
//!
//! Start at [`Receipt::verify`] and [`StatusCertificate::verify`]; what they mean for a person is
//! told by [`verdict`]. The log is that of RFC 9162, section 2.1, its checkpoints are those of C2SP.
//!
//! In scope: inclusion in the log, proofs of the state tree, checkpoints and their cosignatures,
//! receipts, what holds at a time.
//! Not here: storage (`hefu-store`), what a valid operation is (`hefu-state`), HTTP (`hefu-wire`).
//! This crate has no clock, no socket and no disk, so it also runs in a browser.

pub mod bundle;
pub mod certificate;
pub mod checkpoint;
pub mod derived;
pub mod equivocation;
pub mod fact;
pub mod handover;
pub mod log;
pub mod receipt;
pub mod state_proof;
pub mod verdict;
pub mod verifier;

pub use bundle::ReceiptBundle;
pub use certificate::{ProvenLeaf, StatusCertificate, VerifiedState};
pub use checkpoint::{Checkpoint, SignedCheckpoint, VerifiedCheckpoint};
pub use equivocation::Equivocation;
pub use handover::Handover;
pub use receipt::{Receipt, VerifiedReceipt};
pub use state_proof::StateProof;
pub use verifier::Verifier;
