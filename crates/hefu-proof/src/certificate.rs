//! Status certificates: leaves of the state tree, present or absent, under one checkpoint.
//!
//! A certificate says what is true now of a document, an agency, a key, a type or a rule, and that
//! nothing stands under a key, all with the same kind of proof and one quorum of signatures. It holds if
//!
//! 1. its format is 0 and its network is that of the genesis;
//! 2. the chain of its handovers leads to a validator set, and its checkpoint lies after the last of them
//!    and holds under that set ([`crate::handover`], [`crate::checkpoint`]);
//! 3. its leaves are strictly ascending by key;
//! 4. each leaf's proof holds under the checkpoint's state root ([`crate::state_proof`]): for a record with
//!    the value hash of `hefu_types::record`, for another leaf with the hash of its bytes, for an absence
//!    without.
//!
//! What it proves is asked for by key (`hefu_types::key`); what is not among its leaves is *not proven*,
//! which is neither there nor absent. Bytes that are a record's public part and root hash to the same as
//! the record, so whoever asks for a record refuses another leaf in its place, and the other way round.
//!
//! # Keys that somebody else had
//!
//! An event of a record is sound if the checkpoint's compromise counter is still the one that the event
//! holds, or if the leaf of its key is proven and its `compromised_since` is absent or after the event's
//! block time. It is doubtful if that leaf says otherwise, and could not be told where that leaf is not
//! proven.

use crate::checkpoint::{CheckpointError, SignedCheckpoint, VerifiedCheckpoint};
use crate::handover::{Handover, HandoverError, Sighting};
use crate::state_proof::{StateProof, StateProofError};
use crate::verifier::Verifier;
use hefu_types::canonical::{self, DecodeError};
use hefu_types::genesis::Network;
use hefu_types::leaf::{self, Leaf};
use hefu_types::record::PublicPart;
use hefu_types::{Hash, NetworkDigest, PrivateRoot, StateKey, Suite};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest certificate in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What stands under a key.
#[allow(clippy::large_enum_variant)] // A certificate holds a handful, most of them records.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Value {
    /// Nothing.
    #[n(0)]
    Absent,
    /// A record: its public part and the root over its private items.
    #[n(1)]
    Record(#[n(0)] PublicPart, #[n(1)] PrivateRoot),
    /// Any other leaf, encoded.
    #[n(2)]
    Leaf(#[n(0)] ByteVec),
}

/// A key, what stands under it, and the proof.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProvenLeaf {
    /// The key.
    #[n(0)]
    pub key: StateKey,
    /// What stands under it.
    #[n(1)]
    pub value: Value,
    /// Inclusion, or exclusion where the value is absent.
    #[n(2)]
    pub proof: StateProof,
}

/// Leaves under one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StatusCertificate {
    /// The version of the format.
    #[n(0)]
    pub format: u32,
    /// The network.
    #[n(1)]
    pub network: NetworkDigest,
    /// The checkpoint.
    #[n(2)]
    pub checkpoint: SignedCheckpoint,
    /// From the set of genesis to the checkpoint's; empty while the set never changed.
    #[n(3)]
    pub handovers: Vec<Handover>,
    /// Ascending by key.
    #[n(4)]
    pub leaves: Vec<ProvenLeaf>,
}

/// Why a certificate proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not the canonical bytes of one.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// Of a format that this program does not know.
    #[error("its format {0} is not known; a newer program may read it")]
    UnknownFormat(u32),
    /// Of another network.
    #[error("it is of another network")]
    OtherNetwork,
    /// The checkpoint does not hold.
    #[error("its checkpoint does not hold: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The chain of validator sets is broken.
    #[error("the chain of validator sets is broken: {0}")]
    Handover(#[from] HandoverError),
    /// A proof does not hold.
    #[error("the proof of {key} does not hold: {error}")]
    Proof {
        /// The key that was to be proven.
        key: StateKey,
        /// Why.
        error: StateProofError,
    },
    /// A leaf twice, or not in order.
    #[error("its leaves are not ascending by key")]
    NotAscending,
    /// Something that the claim needs is not proven.
    #[error("{0} is not proven in it")]
    Missing(&'static str),
    /// A proven leaf is not of its kind.
    #[error("the leaf of {0} cannot be read")]
    BadLeaf(&'static str),
}

impl CertificateError {
    /// The name for programs, of the innermost cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => unreadable(error),
            Self::UnknownFormat(_) => "unknown-format",
            Self::OtherNetwork => "other-network",
            Self::Checkpoint(error) => error.reason(),
            Self::Handover(error) => error.reason(),
            Self::Proof { error, .. } => error.reason(),
            Self::NotAscending => "leaves-not-ascending",
            Self::Missing(_) => "not-proven",
            Self::BadLeaf(_) => "bad-leaf",
        }
    }
}

/// The name for programs of why bytes cannot be read.
pub(crate) const fn unreadable(error: &DecodeError) -> &'static str {
    match error {
        DecodeError::TooLong { .. } => "too-long",
        DecodeError::Malformed(_) => "malformed",
        DecodeError::NotCanonical => "not-canonical",
    }
}

impl ProvenLeaf {
    /// Checks the proof under a state root.
    pub fn verify(&self, suite: Suite, state_root: &Hash) -> Result<(), CertificateError> {
        let value_hash = match &self.value {
            Value::Absent => None,
            Value::Record(public, private_root) => Some(public.value_hash(suite, private_root)),
            Value::Leaf(bytes) => Some(leaf::value_hash(suite, bytes)),
        };
        self.proof
            .verify(suite, state_root, &self.key, value_hash.as_ref())
            .map_err(|error| CertificateError::Proof {
                key: self.key,
                error,
            })
    }
}

/// What a certificate proved: asked by key.
#[derive(Clone, Debug)]
pub struct VerifiedState {
    pub(crate) checkpoint: VerifiedCheckpoint,
    pub(crate) values: BTreeMap<StateKey, Value>,
    pub(crate) sighting: Arc<Sighting>,
}

impl VerifiedState {
    /// The checkpoint under which all of it holds.
    pub fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The height of the checkpoint.
    pub fn height(&self) -> u64 {
        self.checkpoint.checkpoint().height
    }

    /// The checkpoint as it was signed, and the sets that led to it.
    pub fn sighting(&self) -> &Sighting {
        &self.sighting
    }

    /// What was proven to stand under a key; `None` where nothing was proven of it.
    pub fn value(&self, key: &StateKey) -> Option<&Value> {
        self.values.get(key)
    }

    /// Everything of which something was proven, ascending by key.
    pub fn values(&self) -> impl Iterator<Item = (&StateKey, &Value)> {
        self.values.iter()
    }

    /// The record under a key: `Ok(None)` where its absence is proven.
    pub fn record(&self, key: &StateKey) -> Result<Option<&PublicPart>, CertificateError> {
        match self.values.get(key) {
            Some(Value::Record(public, _)) => Ok(Some(public)),
            Some(Value::Absent) => Ok(None),
            Some(Value::Leaf(_)) => Err(CertificateError::BadLeaf("a record")),
            None => Err(CertificateError::Missing("the record")),
        }
    }

    /// The leaf under a key: `Ok(None)` where its absence is proven.
    pub fn leaf<L: Leaf>(
        &self,
        key: &StateKey,
        what: &'static str,
    ) -> Result<Option<L>, CertificateError> {
        match self.values.get(key) {
            Some(Value::Leaf(bytes)) => L::from_bytes(bytes)
                .map(Some)
                .map_err(|_| CertificateError::BadLeaf(what)),
            Some(Value::Absent) => Ok(None),
            Some(Value::Record(..)) => Err(CertificateError::BadLeaf(what)),
            None => Err(CertificateError::Missing(what)),
        }
    }
}

impl StatusCertificate {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads bytes of anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, CertificateError> {
        Ok(canonical::decode(bytes, CERTIFICATE_BYTES_MAX)?)
    }

    /// Checks everything: network, chain of sets, checkpoint, each leaf.
    pub fn verify(&self, network: &Network) -> Result<VerifiedState, CertificateError> {
        Verifier::new(network).certificate(self)
    }
}
