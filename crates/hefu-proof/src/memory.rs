//! Memory: what a client has seen of a network, and therefore no longer believes the contrary of.
//!
//! A quorum's signatures do not age, and a chain of handovers that is left out is not missed: what a
//! retired set cosigns later holds under the genesis, as does a chain that it forges to a set of its own.
//! Whoever has seen the network move on refuses both, if it remembers. This value is what it has to
//! remember, for each network one; the caller stores it, gives it to [`verify`](crate::verify::verify) and
//! keeps the one that comes back. Two processes that learnt different things join theirs ([`Memory::join`]).
//!
//! # What is refused
//!
//! 1. `other-set`: an epoch with other members than those that were seen for it.
//! 2. `retired-set`: a checkpoint, or a handover, of an epoch at or after a height at which a later epoch
//!    was seen. `early-set`: one of an epoch at or before a height at which an earlier epoch was seen.
//! 3. `equivocation`: a checkpoint with the size of the newest one and another text. Both are at hand in
//!    the error, with their signatures.
//! 4. `contradictory-checkpoint`: more entries than the newest, but not a greater height and a later time,
//!    or an earlier epoch or a smaller compromise counter; or the reverse.
//!
//! An older checkpoint that contradicts nothing is accepted, so old receipts stay good. It speaks for no
//! later time than that of the block of the newest one: after it there was another state, so who cosigns
//! an old checkpoint today does not make it young.
//!
//! # Bytes
//!
//! Deterministic CBOR (RFC 8949, 4.2.1; [`hefu_types::canonical`]), at most [`MEMORY_BYTES_MAX`] bytes, a
//! map with these keys; integers are unsigned:
//!
//! | key | value |
//! | --- | --- |
//! | 0 | 0, the version of this format |
//! | 1 | the network digest, 32 bytes |
//! | 2 | array of the epochs that were seen, ascending, each a map: 0 the epoch; 1 the hash of its set's leaf, 32 bytes, as in the state tree; 2 the lowest and 3 the highest height that is known to be of it |
//! | 3 | left out while nothing was seen; else a map: 0 the checkpoint of the highest size with its signatures, a [`SignedCheckpoint`] as in a receipt; 1 its quorum time in seconds since 1970 |
//!
//! Heights of different epochs do not overlap, and the newest checkpoint is of the highest epoch at a height
//! of it; bytes of which this is not so are refused. The signatures in a memory are not checked when it is
//! read: it is the caller's own, or of somebody whom the caller trusts.

use crate::certificate::{unreadable, CertificateError, VerifiedState};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::handover::{Sighting, HANDOVERS_MAX};
use crate::receipt::VerifiedReceipt;
use hefu_types::canonical::{self, DecodeError};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::SetCurrentLeaf;
use hefu_types::{Hash, Millis, NetworkDigest};
use minicbor::{Decode, Encode};
use std::cmp::Ordering;

/// The longest memory in bytes.
pub const MEMORY_BYTES_MAX: usize = 256 * 1024;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Memory {
    #[n(0)]
    format: u32,
    #[n(1)]
    network: NetworkDigest,
    #[n(2)]
    epochs: Vec<SeenEpoch>,
    #[n(3)]
    newest: Option<Newest>,
}

/// What was seen of one validator set.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct SeenEpoch {
    #[n(0)]
    epoch: u64,
    #[n(1)]
    set: Hash,
    #[n(2)]
    lowest: u64,
    #[n(3)]
    highest: u64,
}

/// The checkpoint of the highest size that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Newest {
    /// As it was signed.
    #[n(0)]
    pub signed: SignedCheckpoint,
    /// Its quorum time, in seconds since 1970.
    #[n(1)]
    pub quorum_seconds: u64,
}

/// Why something is not believed, or two memories are not of one network's history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// Not the canonical bytes of one.
    #[error("the memory cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// Of a format that this program does not know.
    #[error("the memory's format {0} is not known; a newer program may read it")]
    UnknownFormat(u32),
    /// What it says cannot be.
    #[error("the memory contradicts itself: it is damaged")]
    Inconsistent,
    /// Of another network.
    #[error("it is of another network than the memory")]
    OtherNetwork,
    /// Two sets of one epoch.
    #[error("epoch {epoch} has other validators than those that were seen for it")]
    OtherSet {
        /// The epoch.
        epoch: u64,
    },
    /// A set that had been retired.
    #[error(
        "it is of epoch {epoch} at height {height}, but epoch {later} was seen at height {since}: a \
         retired set of validators proves nothing any more"
    )]
    RetiredSet {
        /// The epoch that is over.
        epoch: u64,
        /// The height that it claims.
        height: u64,
        /// The epoch that was seen.
        later: u64,
        /// The lowest height at which it was.
        since: u64,
    },
    /// A set before its time.
    #[error(
        "it is of epoch {epoch} at height {height}, but epoch {earlier} was seen at height {until}"
    )]
    EarlySet {
        /// The epoch that has not begun.
        epoch: u64,
        /// The height that it claims.
        height: u64,
        /// The epoch that was seen.
        earlier: u64,
        /// The highest height at which it was.
        until: u64,
    },
    /// A second checkpoint of one size: the validators that signed both broke the rules, and the two are
    /// the evidence.
    #[error("another checkpoint of the same size {} was seen: validators signed both", known.checkpoint.size)]
    Equivocation {
        /// The one that was remembered.
        known: Box<SignedCheckpoint>,
        /// The one that came.
        found: Box<SignedCheckpoint>,
    },
    /// Not one history with what was seen.
    #[error(
        "its checkpoint (size {}, height {}) and one that was seen (size {}, height {}) cannot be of \
         one history",
        found.checkpoint.size, found.checkpoint.height, known.checkpoint.size, known.checkpoint.height
    )]
    Contradictory {
        /// The one that was remembered.
        known: Box<SignedCheckpoint>,
        /// The one that came.
        found: Box<SignedCheckpoint>,
    },
    /// What the certificate says of the epoch in force is not so.
    #[error("the leaf of the epoch in force does not agree with its checkpoint")]
    BadCurrentSet,
}

impl MemoryError {
    /// Its name for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => unreadable(error),
            Self::UnknownFormat(_) => "unknown-format",
            Self::Inconsistent => "inconsistent-memory",
            Self::OtherNetwork => "other-network",
            Self::OtherSet { .. } => "other-set",
            Self::RetiredSet { .. } => "retired-set",
            Self::EarlySet { .. } => "early-set",
            Self::Equivocation { .. } => "equivocation",
            Self::Contradictory { .. } => "contradictory-checkpoint",
            Self::BadCurrentSet => "bad-current-set",
        }
    }

    /// The two checkpoints that cannot both be honest, where there are two.
    pub fn evidence(&self) -> Option<(&SignedCheckpoint, &SignedCheckpoint)> {
        match self {
            Self::Equivocation { known, found } | Self::Contradictory { known, found } => {
                Some((known, found))
            }
            _ => None,
        }
    }
}

impl Memory {
    /// Nothing was seen yet but the genesis.
    pub fn new(network: &Network) -> Self {
        Self::of_network(network.digest())
    }

    fn of_network(network: NetworkDigest) -> Self {
        Self {
            format: 0,
            network,
            epochs: Vec::new(),
            newest: None,
        }
    }

    /// The bytes that are stored.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads what was stored, of this network.
    pub fn decode(bytes: &[u8], network: NetworkDigest) -> Result<Self, MemoryError> {
        let memory: Self = canonical::decode(bytes, MEMORY_BYTES_MAX)?;
        if memory.format != 0 {
            return Err(MemoryError::UnknownFormat(memory.format));
        }
        if memory.network != network {
            return Err(MemoryError::OtherNetwork);
        }
        let epochs = &memory.epochs;
        let overlap = |pair: &[SeenEpoch]| {
            pair[0].epoch >= pair[1].epoch || pair[0].highest >= pair[1].lowest
        };
        let is_newest = match (epochs.last(), &memory.newest) {
            (None, None) => true,
            (Some(last), Some(newest)) => {
                let checkpoint = &newest.signed.checkpoint;
                checkpoint.epoch == last.epoch
                    && (last.lowest..=last.highest).contains(&checkpoint.height)
            }
            _ => false,
        };
        let is_sound = epochs.len() <= HANDOVERS_MAX + 1
            && epochs.iter().all(|seen| seen.lowest <= seen.highest)
            && !epochs.windows(2).any(overlap)
            && is_newest;
        is_sound.then_some(memory).ok_or(MemoryError::Inconsistent)
    }

    /// The network.
    pub fn network(&self) -> NetworkDigest {
        self.network
    }

    /// The highest epoch that was seen.
    pub fn epoch(&self) -> Option<u64> {
        self.epochs.last().map(|seen| seen.epoch)
    }

    /// The checkpoint of the highest size that was seen.
    pub fn newest(&self) -> Option<&Newest> {
        self.newest.as_ref()
    }

    /// The newest time at which it is known that the network was what is remembered: the quorum time of
    /// the newest checkpoint, or that of the genesis.
    pub fn anchor(&self, network: &Network) -> Millis {
        let seen = (self.newest.as_ref())
            .map(|newest| Millis(newest.quorum_seconds.saturating_mul(1_000)));
        seen.into_iter()
            .fold(network.genesis().time, std::cmp::Ord::max)
    }

    /// Whether what validators signed is believed at a time: an anchor is not older than the trust period.
    /// `vouched` is a time at which the caller knows by another way that all of this was so.
    pub fn is_trusted(
        &self,
        network: &Network,
        now: Millis,
        period_ms: u64,
        vouched: Option<Millis>,
    ) -> bool {
        let anchor = self.anchor(network).max(vouched.unwrap_or(Millis(0)));
        now.0.saturating_sub(anchor.0) <= period_ms
    }

    /// Learns from a certificate that holds, or refuses it and stays as it is. Of a checkpoint that is
    /// older than the newest, the time until which it speaks is bounded, see the module.
    pub fn admit(
        &mut self,
        network: &Network,
        state: &mut VerifiedState,
    ) -> Result<(), MemoryError> {
        let at = key::set_current(network.suite());
        let current = match state.leaf::<SetCurrentLeaf>(&at, "the epoch in force") {
            Ok(leaf) => leaf,
            Err(CertificateError::Missing(_)) => None,
            Err(_) => return Err(MemoryError::BadCurrentSet),
        };
        let of = &state.sighting.signed.checkpoint;
        let is_retired = self.epoch().is_some_and(|last| of.epoch < last);
        let is_shown =
            (self.epochs.iter()).any(|known| known.epoch == of.epoch && of.height <= known.highest);
        if is_retired && !is_shown {
            // Between the handover and what was seen of the next epoch anybody with old keys may sign.
            self.join(&Self::of_sighting(&state.sighting, current.as_ref())?)?;
            state.checkpoint.quorum_seconds = 0;
            return Ok(());
        }
        self.learn(&state.sighting, current.as_ref())?;
        let seconds = &mut state.checkpoint.quorum_seconds;
        *seconds = self.speaks_until(&state.sighting.signed.checkpoint, *seconds);
        Ok(())
    }

    /// The same from a receipt.
    pub fn admit_receipt(
        &mut self,
        network: &Network,
        receipt: &mut VerifiedReceipt,
    ) -> Result<(), MemoryError> {
        self.admit(network, &mut receipt.state)
    }

    fn learn(
        &mut self,
        sighting: &Sighting,
        current: Option<&SetCurrentLeaf>,
    ) -> Result<(), MemoryError> {
        *self = self.join(&Self::of_sighting(sighting, current)?)?;
        Ok(())
    }

    fn of_sighting(
        sighting: &Sighting,
        current: Option<&SetCurrentLeaf>,
    ) -> Result<Self, MemoryError> {
        let seen = |(epoch, set, checkpoint): &(u64, Hash, Checkpoint)| SeenEpoch {
            epoch: *epoch,
            set: *set,
            lowest: checkpoint.height,
            highest: checkpoint.height,
        };
        let mut epochs: Vec<SeenEpoch> = sighting.epochs.iter().map(seen).collect();
        if let (Some(current), Some(last)) = (current, epochs.last()) {
            // The leaf tells exactly where one epoch ends and the next begins.
            // The last block of an epoch writes already which comes next.
            let is_last = current.epoch.checked_sub(1) == Some(last.epoch)
                && current.first_height.checked_sub(1) == Some(last.lowest);
            if !is_last && (current.epoch != last.epoch || current.first_height > last.lowest) {
                return Err(MemoryError::BadCurrentSet);
            }
        }
        let of_last = |current: &&SetCurrentLeaf| {
            epochs
                .last()
                .is_some_and(|last| current.epoch == last.epoch)
        };
        let current = current.filter(of_last);
        if let (Some(current), [before @ .., last]) = (current, epochs.as_mut_slice()) {
            last.lowest = current.first_height;
            if let Some(before) = before.last_mut() {
                let Some(end) = current.first_height.checked_sub(1) else {
                    return Err(MemoryError::BadCurrentSet);
                };
                if end < before.highest {
                    return Err(MemoryError::BadCurrentSet);
                }
                before.highest = end;
            }
        }
        Ok(Self {
            epochs,
            newest: Some(Newest {
                signed: sighting.signed.clone(),
                quorum_seconds: sighting.quorum_seconds,
            }),
            ..Self::of_network(sighting.network)
        })
    }

    /// All that two memories have seen: commutative, associative and idempotent wherever they are of one
    /// history. Where they are not, the error names `other` as what came.
    pub fn join(&self, other: &Self) -> Result<Self, MemoryError> {
        if self.network != other.network {
            return Err(MemoryError::OtherNetwork);
        }
        let mut epochs = self.epochs.clone();
        for found in &other.epochs {
            match epochs.binary_search_by_key(&found.epoch, |known| known.epoch) {
                Ok(at) => {
                    let known = &mut epochs[at];
                    if known.set != found.set {
                        return Err(MemoryError::OtherSet { epoch: found.epoch });
                    }
                    known.lowest = known.lowest.min(found.lowest);
                    known.highest = known.highest.max(found.highest);
                }
                Err(at) => epochs.insert(at, found.clone()),
            }
        }
        for pair in epochs.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            if before.highest < after.lowest {
                continue;
            }
            let came_late = (self.epochs.iter())
                .all(|known| known.epoch != before.epoch || known.highest < before.highest);
            return Err(match came_late {
                true => MemoryError::RetiredSet {
                    epoch: before.epoch,
                    height: before.highest,
                    later: after.epoch,
                    since: after.lowest,
                },
                false => MemoryError::EarlySet {
                    epoch: after.epoch,
                    height: after.lowest,
                    earlier: before.epoch,
                    until: before.highest,
                },
            });
        }
        let newest = match (&self.newest, &other.newest) {
            (Some(known), Some(found)) => Some(newer(known, found)?),
            (one, None) | (None, one) => one.clone(),
        };
        Ok(Self {
            epochs,
            newest,
            ..Self::of_network(self.network)
        })
    }

    /// The time in seconds until which a checkpoint speaks that was cosigned at this one: after the block
    /// of the newest checkpoint there was another state.
    fn speaks_until(&self, checkpoint: &Checkpoint, quorum_seconds: u64) -> u64 {
        match &self.newest {
            Some(newest) if newest.signed.checkpoint.size > checkpoint.size => {
                quorum_seconds.min(newest.signed.checkpoint.time.0.div_ceil(1_000))
            }
            _ => quorum_seconds,
        }
    }
}

/// The newer of two, if they are of one history.
fn newer(known: &Newest, found: &Newest) -> Result<Newest, MemoryError> {
    let pair = || {
        (
            Box::new(known.signed.clone()),
            Box::new(found.signed.clone()),
        )
    };
    let (a, b) = (&known.signed.checkpoint, &found.signed.checkpoint);
    let by_size = a.size.cmp(&b.size);
    if by_size == Ordering::Equal {
        if a != b {
            let (known, found) = pair();
            return Err(MemoryError::Equivocation { known, found });
        }
        // Cosigned again: any order of the two will do, as long as it is one.
        let of_one = |one: &Newest| (one.quorum_seconds, canonical::encode(&one.signed));
        return Ok(match of_one(known) >= of_one(found) {
            true => known.clone(),
            false => found.clone(),
        });
    }
    // A block has one entry at least and one time; epochs and compromises are counted up.
    let is_one_history = a.height.cmp(&b.height) == by_size
        && a.time.cmp(&b.time) == by_size
        && a.epoch.cmp(&b.epoch) != by_size.reverse()
        && a.compromise_counter.cmp(&b.compromise_counter) != by_size.reverse();
    if !is_one_history {
        let (known, found) = pair();
        return Err(MemoryError::Contradictory { known, found });
    }
    Ok(match by_size {
        Ordering::Greater => known.clone(),
        _ => found.clone(),
    })
}

#[cfg(test)]
mod tests;
