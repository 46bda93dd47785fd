//! Equivocation: a quorum of a network signed two histories. One file proves it to whoever has the genesis.
//!
//! The file ([`Equivocation`], canonical CBOR) holds two checkpoints with their signatures and the chains
//! of handovers that lead to their sets. Both hold under the genesis, the first is not larger than the
//! second, and no single log has both, for one of three reasons ([`Contradiction`]):
//!
//! - they have one size and differ in anything of their text;
//! - one of them is larger, and the other is later in height, time, epoch or compromises: all of these
//!   only rise with the log;
//! - the log of the second begins with other entries than the first: the consistency proof
//!   (RFC 9162, 2.1.4) leads from the second's root to another root at the size of the first.
//!
//! The sets, the quorums and the bytes that were signed are all in it, so it needs no node, and its finder
//! need not be believed.

use crate::certificate::CertificateError;
use crate::checkpoint::SignedCheckpoint;
use crate::handover::{last_set, verify_under, Handover};
use crate::log;
use hefu_types::canonical::{self, DecodeError};
use hefu_types::genesis::Network;
use hefu_types::{Hash, NetworkDigest, PublicKey};
use minicbor::{Decode, Encode};

/// The longest file in bytes: two chains of handovers, most of it.
pub const EQUIVOCATION_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How the log of the second checkpoint begins, where it is larger than that of the first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Prefix {
    /// The root of its first entries, as many as the first checkpoint has.
    #[n(0)]
    pub root: Hash,
    /// The proof that it begins so (RFC 9162, 2.1.4.1).
    #[n(1)]
    pub path: Vec<Hash>,
}

/// Two checkpoints of one network that no single history has. See the module.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Equivocation {
    /// The version of the format: 0.
    #[n(0)]
    pub format: u32,
    /// The network.
    #[n(1)]
    pub network: NetworkDigest,
    /// The one whose log is not larger.
    #[n(2)]
    pub first: SignedCheckpoint,
    /// From the set of genesis to the set of the first.
    #[n(3)]
    pub first_handovers: Vec<Handover>,
    /// The other.
    #[n(4)]
    pub second: SignedCheckpoint,
    /// From the set of genesis to the set of the second.
    #[n(5)]
    pub second_handovers: Vec<Handover>,
    /// Present where, and only where, nothing but the beginning of the second log contradicts the first.
    #[n(6)]
    pub prefix: Option<Prefix>,
}

/// Why no single history has both checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// One size, two texts.
    OneSize,
    /// The larger log is the earlier one.
    Order,
    /// The larger log begins with other entries than the smaller one has.
    Beginning,
}

/// A member of the sets that signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signer {
    /// Its name in the set.
    pub name: String,
    /// Its checkpoint key.
    pub key: PublicKey,
}

/// What such a file proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenEquivocation {
    /// Why no single history has both.
    pub contradiction: Contradiction,
    /// Who signed the first, in the order of the set.
    pub first: Vec<Signer>,
    /// Who signed the second, in the order of the set.
    pub second: Vec<Signer>,
}

impl ProvenEquivocation {
    /// Whose key signed both: with one set at least a third of it. Ascending by name.
    pub fn names_signers(&self) -> Vec<&Signer> {
        let second = |signer: &&Signer| self.second.iter().any(|other| other.key == signer.key);
        let mut both: Vec<&Signer> = self.first.iter().filter(second).collect();
        both.sort();
        both
    }
}

/// Why a file proves no equivocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EquivocationError {
    /// Not the canonical bytes of one.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// Of a format that this program does not know.
    #[error("its format {0} is not known; a newer program may read it")]
    UnknownFormat(u32),
    /// Of another network.
    #[error("it is of another network")]
    OtherNetwork,
    /// A checkpoint does not hold under the genesis.
    #[error("its {which} checkpoint does not hold: {error}")]
    Checkpoint {
        /// `first` or `second`.
        which: &'static str,
        /// Why.
        error: CertificateError,
    },
    /// The first is the larger one, or a beginning is given where none is needed.
    #[error("it is not written as such files are: {0}")]
    Shape(&'static str),
    /// One history may have both.
    #[error("one history may have both checkpoints: {0}")]
    Consistent(&'static str),
    /// The proof of the beginning does not lead to the second checkpoint.
    #[error("the proof of how the second log begins does not hold: {0}")]
    Path(log::ConsistencyError),
}

/// Whether two checkpoints contradict each other without a look into their logs. Of those that do not,
/// the logs have to be compared.
pub fn contradiction(
    first: &crate::Checkpoint,
    second: &crate::Checkpoint,
) -> Option<Contradiction> {
    let (first, second) = match first.size <= second.size {
        true => (first, second),
        false => (second, first),
    };
    if first == second {
        return None;
    }
    if first.size == second.size {
        return Some(Contradiction::OneSize);
    }
    // A block adds an entry and a height, and its time is later than the time before.
    let rises = first.height < second.height
        && first.time < second.time
        && first.epoch <= second.epoch
        && first.compromise_counter <= second.compromise_counter;
    (!rises).then_some(Contradiction::Order)
}

impl Equivocation {
    /// The file of two checkpoints, in whichever order. `prefix` is how the larger log begins; it is left
    /// out where the checkpoints contradict each other without it.
    pub fn new(
        network: &Network,
        one: (SignedCheckpoint, Vec<Handover>),
        other: (SignedCheckpoint, Vec<Handover>),
        prefix: Option<Prefix>,
    ) -> Self {
        let ordered = one.0.checkpoint.size <= other.0.checkpoint.size;
        let ((first, first_handovers), (second, second_handovers)) = match ordered {
            true => (one, other),
            false => (other, one),
        };
        let plain = contradiction(&first.checkpoint, &second.checkpoint).is_some();
        Self {
            format: 0,
            network: network.digest(),
            first,
            first_handovers,
            second,
            second_handovers,
            prefix: prefix.filter(|_| !plain),
        }
    }

    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads bytes of anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, EquivocationError> {
        Ok(canonical::decode(bytes, EQUIVOCATION_BYTES_MAX)?)
    }

    /// Checks everything under the genesis of a network.
    pub fn verify(&self, network: &Network) -> Result<ProvenEquivocation, EquivocationError> {
        if self.format != 0 {
            return Err(EquivocationError::UnknownFormat(self.format));
        }
        if self.network != network.digest() {
            return Err(EquivocationError::OtherNetwork);
        }
        let (first, second) = (&self.first.checkpoint, &self.second.checkpoint);
        if first.size > second.size {
            return Err(EquivocationError::Shape("the first checkpoint is larger"));
        }
        if first == second {
            return Err(EquivocationError::Consistent("they are the same"));
        }
        let contradiction = match (contradiction(first, second), &self.prefix) {
            (Some(contradiction), None) => contradiction,
            (Some(_), Some(_)) => {
                let why = "it has a beginning that it does not need";
                return Err(EquivocationError::Shape(why));
            }
            (None, None) => {
                let why = "the second is later, and nothing is said of how its log begins";
                return Err(EquivocationError::Consistent(why));
            }
            (None, Some(prefix)) => {
                if prefix.root == first.log_root {
                    let why = "the second log begins with the first";
                    return Err(EquivocationError::Consistent(why));
                }
                log::verify_consistency(
                    network.suite(),
                    (first.size, prefix.root),
                    (second.size, second.log_root),
                    &prefix.path,
                )
                .map_err(EquivocationError::Path)?;
                Contradiction::Beginning
            }
        };
        // Signatures last: they cost more than all the rest.
        Ok(ProvenEquivocation {
            contradiction,
            first: signers(network, "first", &self.first, &self.first_handovers)?,
            second: signers(network, "second", &self.second, &self.second_handovers)?,
        })
    }
}

/// Verifies a checkpoint through its chain and tells who signed it.
fn signers(
    network: &Network,
    which: &'static str,
    signed: &SignedCheckpoint,
    handovers: &[Handover],
) -> Result<Vec<Signer>, EquivocationError> {
    let fails = |error| EquivocationError::Checkpoint { which, error };
    verify_under(network, handovers, signed).map_err(fails)?;
    let (suite, origin) = (network.suite(), network.origin());
    let (set, _) = last_set(suite, origin, network.first_set(), handovers).map_err(fails)?;
    let members = signed.cosignatures.iter();
    let of_set = members.filter_map(|of| set.validators.get(usize::from(of.member)));
    Ok(of_set
        .map(|validator| Signer {
            name: validator.name.clone(),
            key: validator.checkpoint_key,
        })
        .collect())
}

#[cfg(test)]
mod tests;
