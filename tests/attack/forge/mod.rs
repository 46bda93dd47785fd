//! Attacks of somebody who knows the formats, holds a corrupt minority of the validators' keys and every key
//! of agencies and members, and has all that the ledger ever published. Each family has the reasons with which it
//! is refused, and no other will do.

mod checkpoint;
mod log;
mod receipt;
mod signature;
mod state;

use super::claims::Kind;
use super::world::World;
use hefu_proof::{Receipt, StatusCertificate};
use hefu_types::{EntryIndex, Hash, PublicKey, Signature, StateKey, TreeSize};
use rand::rngs::StdRng;

pub use receipt::bundle;

/// What is tried.
pub enum Target {
    /// Bytes of a proof, under the genesis of the world's own network.
    Proof(Kind, Vec<u8>),
    /// Bytes of a proof of the state under a root.
    State {
        /// The bytes.
        proof: Vec<u8>,
        /// The root.
        root: Hash,
        /// The key.
        key: StateKey,
        /// Its value, or its absence.
        value_hash: Option<Hash>,
    },
    /// A path of the log.
    Inclusion {
        /// The leaf.
        leaf: Hash,
        /// Its place.
        index: EntryIndex,
        /// The size of the tree.
        size: TreeSize,
        /// The path.
        path: Vec<Hash>,
        /// The root.
        root: Hash,
    },
    /// A path between two sizes of the log.
    Consistency {
        /// The earlier size and root.
        first: (TreeSize, Hash),
        /// The later ones.
        second: (TreeSize, Hash),
        /// The path.
        path: Vec<Hash>,
    },
    /// A signature.
    Signature {
        /// The key.
        key: PublicKey,
        /// What is signed.
        message: Vec<u8>,
        /// The signature.
        signature: Signature,
    },
}

/// One attack and how it must end.
pub struct Attack {
    /// What is tried.
    pub target: Target,
    /// The reasons, one of which must be given.
    pub expected: &'static [&'static str],
}

impl Attack {
    fn new(target: Target, expected: &'static [&'static str]) -> Option<Self> {
        Some(Self { target, expected })
    }

    fn receipt(receipt: &Receipt, expected: &'static [&'static str]) -> Option<Self> {
        Self::new(Target::Proof(Kind::Receipt, receipt.encode()), expected)
    }

    fn certificate(
        certificate: &StatusCertificate,
        expected: &'static [&'static str],
    ) -> Option<Self> {
        let bytes = certificate.encode();
        Self::new(Target::Proof(Kind::Certificate, bytes), expected)
    }
}

/// A family: makes an attack, or none where this world has nothing to attack in this way.
pub type Family = fn(&World, &mut StdRng) -> Option<Attack>;

/// All families by their names.
pub fn families() -> Vec<(&'static str, Family)> {
    [
        state::FAMILIES,
        log::FAMILIES,
        checkpoint::FAMILIES,
        receipt::FAMILIES,
        signature::FAMILIES,
    ]
    .concat()
}
