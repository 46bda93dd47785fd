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
//! set's epoch. What a retired set cosigns for a later height, presented without the chain that leads on, is
//! refused by the [`Memory`](crate::memory::Memory) of whoever has seen the next epoch.

use crate::certificate::{CertificateError, ProvenLeaf, Value};
use crate::checkpoint::{verify_quorum, Checkpoint, CheckpointError, SignedCheckpoint};
use hefu_types::block::MemberCosignature;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{value_hash, Leaf, SetLeaf};
use hefu_types::{Hash, NetworkDigest, Suite};
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
            return Err(HandoverError::NoLaterEpoch.into());
        };
        // Cheap checks first: a quorum of signatures costs more than all the rest.
        if set.key != key::set(suite, next) {
            return Err(HandoverError::NotTheNextSet.into());
        }
        let Value::Leaf(bytes) = &set.value else {
            return Err(HandoverError::NoSet.into());
        };
        let after = SetLeaf::from_bytes(bytes).map_err(|_| CertificateError::BadLeaf("a set"))?;
        if after.epoch != next || after.validators.is_empty() {
            return Err(HandoverError::BadSet.into());
        }
        set.verify(suite, &checkpoint.state_root)?;
        verify_quorum(suite, &checkpoint.text(origin), before, cosignatures)?;
        Ok(after)
    }
}

/// Why a chain of handovers leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandoverError {
    /// The set before is of the last epoch that a number can hold.
    #[error("there is no later epoch")]
    NoLaterEpoch,
    /// Another leaf than that of the next set.
    #[error("a link is not the next set")]
    NotTheNextSet,
    /// Nothing, or a record, where the next set should be.
    #[error("a link holds no set")]
    NoSet,
    /// A set without members, or that says another epoch of itself.
    #[error("a set is empty or of another epoch")]
    BadSet,
    /// More than [`HANDOVERS_MAX`].
    #[error("it is too long")]
    TooLong,
    /// A handover that is not after the one before it.
    #[error("its heights do not grow")]
    HeightsDoNotGrow,
    /// The checkpoint beside the chain lies before its end.
    #[error("the checkpoint is not after the last handover")]
    NotAfter,
}

impl HandoverError {
    /// Its name for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoLaterEpoch => "no-later-epoch",
            Self::NotTheNextSet => "not-the-next-set",
            Self::NoSet => "no-set",
            Self::BadSet => "bad-set",
            Self::TooLong => "chain-too-long",
            Self::HeightsDoNotGrow => "chain-heights",
            Self::NotAfter => "not-after-handover",
        }
    }
}

/// A checkpoint that holds, as it was signed, with every set on the way to it: what a
/// [`Memory`](crate::memory::Memory) learns from. It is made by verifying and by nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub(crate) network: NetworkDigest,
    pub(crate) signed: SignedCheckpoint,
    pub(crate) quorum_seconds: u64,
    /// Of each epoch from the first on: the epoch, the hash of its set's leaf, a checkpoint of it. The
    /// last is that of `signed`.
    pub(crate) epochs: Vec<(u64, Hash, Checkpoint)>,
}

impl Sighting {
    /// The checkpoint with its signatures, which hold.
    pub fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Its quorum time, as in [`quorum_seconds`](crate::checkpoint::VerifiedCheckpoint::quorum_seconds).
    pub fn quorum_seconds(&self) -> u64 {
        self.quorum_seconds
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
    walk(suite, origin, first, handovers, |_, _| {})
}

/// The same, and tells each set with its handover's checkpoint.
fn walk(
    suite: Suite,
    origin: &str,
    first: SetLeaf,
    handovers: &[Handover],
    mut tell: impl FnMut(&SetLeaf, &Checkpoint),
) -> Result<(SetLeaf, Option<u64>), CertificateError> {
    if handovers.len() > HANDOVERS_MAX {
        return Err(HandoverError::TooLong.into());
    }
    let (mut set, mut height) = (first, None);
    for handover in handovers {
        let of_handover = handover.checkpoint.height;
        if height.is_some_and(|before| of_handover <= before) {
            return Err(HandoverError::HeightsDoNotGrow.into());
        }
        let after = handover.verify(suite, origin, &set)?;
        tell(&set, &handover.checkpoint);
        (set, height) = (after, Some(of_handover));
    }
    Ok((set, height))
}

/// Checks a checkpoint under the set to which a chain leads, from the genesis of a network on.
pub fn verify_under(
    network: &Network,
    handovers: &[Handover],
    signed: &SignedCheckpoint,
) -> Result<Sighting, CertificateError> {
    let from = (network.suite(), network.origin(), network.digest());
    sight(from, network.first_set(), handovers, signed)
}

/// The same from what it needs of a network: suite, origin, digest and first set.
pub(crate) fn sight(
    (suite, origin, network): (Suite, &str, NetworkDigest),
    first: SetLeaf,
    handovers: &[Handover],
    signed: &SignedCheckpoint,
) -> Result<Sighting, CertificateError> {
    let hash = |set: &SetLeaf| value_hash(suite, &set.to_bytes());
    let mut epochs = Vec::with_capacity(handovers.len().min(HANDOVERS_MAX) + 1);
    let (set, handed_over) = walk(suite, origin, first, handovers, |set, checkpoint| {
        epochs.push((set.epoch, hash(set), checkpoint.clone()));
    })?;
    if handed_over.is_some_and(|height| signed.checkpoint.height <= height) {
        return Err(HandoverError::NotAfter.into());
    }
    // It is of the epoch of the set, or it does not verify.
    let verified = signed.verify(suite, origin, &set)?;
    epochs.push((set.epoch, hash(&set), signed.checkpoint.clone()));
    Ok(Sighting {
        network,
        signed: signed.clone(),
        quorum_seconds: verified.quorum_seconds(),
        epochs,
    })
}

#[cfg(test)]
pub(crate) mod tests;
