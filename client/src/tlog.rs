//! The log for other people's verifiers, in the formats of C2SP: policy, proofs of inclusion, proofs of growth.
//!
//! Start at [`held`] (a checkpoint, in whatever file it lies) and [`sets`] (the validator sets under which it
//! must hold). Hashes come from [`tiles`], which no one trusts: what is made of them has to lead to a root
//! that a quorum signed.

pub mod consistency;
pub mod held;
pub mod policy;
pub mod proof;
pub mod sets;
pub mod tiles;

use std::path::Path;

/// The name of a file for programs, also where it is no Unicode.
pub(crate) fn name_of(file: Option<&Path>) -> Option<String> {
    file.map(|file| file.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
