//! Handovers: from the validator set of genesis to the one that cosigned a checkpoint.
//!
//! The council writes the next set into the state. It comes into force after the first block that
//! carries a quorum *of the set before* over a checkpoint not below that write, and this quorum, the
//! checkpoint, and the proof of the new set under it are the handover: whoever trusts the set before
//! trusts the one after it. The block carries cosignatures only, so a handover has no line in the
//! log's name, and every node makes the same one of the same block.
//!
//! A chain begins with the set of genesis, epoch 0, and has at most [`HANDOVERS_MAX`] links. Each holds
//! under the set before it, of epoch e, if
//!
//! - its checkpoint's height is more than that of the link before;
//! - its checkpoint's epoch is e;
//! - the leaf's key is that of the set of epoch e + 1, its value is a set of that epoch with a member or
//!   more, and its proof holds under the checkpoint's state root;
//! - its cosignatures are a quorum of the set before over the checkpoint's text, as in
//!   [`crate::checkpoint`].
//!
//! A checkpoint beside a chain holds only if it is higher than the last link's and of exactly the last
//! set's epoch: what a retired set cosigns for a later height proves nothing to whoever has seen the chain
//! move on.

use crate::certificate::{CertificateError, ProvenLeaf, Value};
use crate::checkpoint::{
    verify_quorum, Checkpoint, CheckpointError, SignedCheckpoint, VerifiedCheckpoint,
};
use hefu_types::block::MemberCosignature;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{Leaf, SetLeaf};
use hefu_types::Suite;
use minicbor::{Decode, Encode};

/// The most handovers in a chain.
pub const HANDOVERS_MAX: usize = 1_024;

/// The end of one validator set: a checkpoint of the set before and, under it, the set after.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Handover {
    /// Of the epoch of the set before, and not below the block that wrote the set after.
    #[n(0)]
    pub checkpoint: Checkpoint,
    /// A quorum of the set before, ascending by member.
    #[n(1)]
    pub cosignatures: Vec<MemberCosignature>,
    /// `set/<epoch + 1>` under the checkpoint's state root.
    #[n(2)]
    pub set: ProvenLeaf,
}

impl Handover {
    /// Checks it under the set before, and tells the set after.
    pub fn verify(
        &self,
        suite: Suite,
        origin: &str,
        before: &SetLeaf,
    ) -> Result<SetLeaf, CertificateError> {
        let Self {
            checkpoint,
            cosignatures,
            set,
        } = self;
        if checkpoint.epoch != before.epoch {
            let (found, trusted) = (checkpoint.epoch, before.epoch);
            return Err(CheckpointError::OtherEpoch { found, trusted }.into());
        }
        let Some(next) = before.epoch.checked_add(1) else {
            return Err(CertificateError::Handover("there is no later epoch"));
        };
        // Cheap checks first: a quorum of signatures costs more than all the rest.
        if set.key != key::set(suite, next) {
            return Err(CertificateError::Handover("a link is not the next set"));
        }
        let Value::Leaf(bytes) = &set.value else {
            return Err(CertificateError::Handover("a link holds no set"));
        };
        let after = SetLeaf::from_bytes(bytes).map_err(|_| CertificateError::BadLeaf("a set"))?;
        if after.epoch != next || after.validators.is_empty() {
            let why = "a set is empty or of another epoch";
            return Err(CertificateError::Handover(why));
        }
        set.verify(suite, &checkpoint.state_root)?;
        verify_quorum(suite, &checkpoint.text(origin), before, cosignatures)?;
        Ok(after)
    }
}

/// Walks a chain of handovers from the first set. Tells the last set, and the height of the last
/// handover, below which no checkpoint of that set lies.
pub fn last_set(
    suite: Suite,
    origin: &str,
    first: SetLeaf,
    handovers: &[Handover],
) -> Result<(SetLeaf, Option<u64>), CertificateError> {
    if handovers.len() > HANDOVERS_MAX {
        return Err(CertificateError::Handover("it is too long"));
    }
    let (mut set, mut height) = (first, None);
    for handover in handovers {
        let of_handover = handover.checkpoint.height;
        if height.is_some_and(|before| of_handover <= before) {
            return Err(CertificateError::Handover("its heights do not grow"));
        }
        set = handover.verify(suite, origin, &set)?;
        height = Some(of_handover);
    }
    Ok((set, height))
}

/// Checks a checkpoint under the set to which a chain leads, from the genesis of a network on.
pub(crate) fn verify_under(
    network: &Network,
    handovers: &[Handover],
    signed: &SignedCheckpoint,
) -> Result<VerifiedCheckpoint, CertificateError> {
    let (suite, origin) = (network.suite(), network.origin());
    let (set, height) = last_set(suite, origin, network.first_set(), handovers)?;
    verify_after(suite, origin, &set, height, signed)
}

fn verify_after(
    suite: Suite,
    origin: &str,
    set: &SetLeaf,
    handed_over: Option<u64>,
    signed: &SignedCheckpoint,
) -> Result<VerifiedCheckpoint, CertificateError> {
    if handed_over.is_some_and(|height| signed.checkpoint.height <= height) {
        let why = "the checkpoint is not after the last handover";
        return Err(CertificateError::Handover(why));
    }
    // It is of the epoch of the set, or it does not verify.
    Ok(signed.verify(suite, origin, set)?)
}

#[cfg(test)]
mod tests;
