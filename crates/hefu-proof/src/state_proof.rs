//! Proofs of the state tree: this key has this value, or no value, under this root.
//!
//! The tree is a binary sparse Merkle tree over 32-byte keys, walked from the most significant bit
//! of the first byte. A lone leaf stands at the shallowest depth at which it is alone. Hashing is that
//! of the crate `jmt`: [`Suite::state_leaf`], [`Suite::state_node`], [`Suite::state_placeholder`]; the bytes
//! stand in the docs of `hefu_types::suite`. The root of a tree of one leaf is that leaf's hash.
//!
//! A proof is the way from the root to where the key's leaf is or would be: at each level the hash of
//! the subtree *beside* the way. What stands at the end of the way is one of three things:
//!
//! | end of the way | proves | in the proof |
//! | --- | --- | --- |
//! | the key's own leaf | this value | nothing: the verifier has key and value hash |
//! | nothing | absence | nothing: it is the placeholder |
//! | another key's leaf, the *neighbour* | absence | key and value hash of the neighbour |
//!
//! From the end, whose hash is that of the key's leaf, of the neighbour's, or the placeholder, the verifier
//! goes up: at each level, counted from 0 below the root, the key's bit of that number tells the side on which
//! the way lies, 1 for the right, and the hash beside it (the placeholder where the bitmap says so) is the
//! other. What is reached must be the root. A neighbour must be another key and share with the key as many
//! leading bits as the proof has levels.
//!
//! # Encoding
//!
//! A map: 0 the depth, that is the number of levels, at most 256; 1 a bitmap of one bit a level from
//! the root down, most significant bit first, set where the subtree beside is empty; 2 the other
//! levels' hashes from the root down, 32 bytes each, in one byte string; 3 for a neighbour only: the array of
//! its key and the hash of its value. The bitmap has as many bytes as the levels need, the last one filled up
//! with 0.
//!
//! # One encoding for each proof
//!
//! [`Decode`] refuses bits beyond the depth, a number of hashes other than that of the clear bits, and
//! a set bit at the deepest level: the leaf at the end would stand higher, and two empty subtrees side
//! by side are one. [`StateProof::verify`] refuses a placeholder spelled out as a hash.
//!
//! One thing cannot be seen: that the deepest hash beside an *empty* end belongs to a lone leaf, which
//! should stand higher. It need not be seen, and nor does soundness rest on any rule of shape. Without
//! a collision of the hash, a proof that leads to the root retraces the tree under that root: leaves and
//! inner nodes hash under different labels, so each level of the proof is an inner node of the tree,
//! and its end is what the tree has there. A root that a quorum signed has a tree of the right shape.

use hefu_types::{Hash, StateKey, Suite};
use minicbor::{decode, encode, Decode, Decoder, Encode, Encoder};

/// Bits in a key, thus the greatest depth of a leaf.
const DEPTH_MAX: usize = 256;

/// Inclusion or exclusion of one key of the state tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateProof {
    /// From the root down; `None` where the subtree beside the way is empty. At most [`DEPTH_MAX`],
    /// and the last is not `None`.
    beside: Vec<Option<Hash>>,
    neighbour: Option<Neighbour>,
}

/// The leaf that stands where the key's own would be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Neighbour {
    key: StateKey,
    value_hash: Hash,
}

/// Why a proof does not prove what was asked; in the order in which it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateProofError {
    /// An empty subtree takes a bit, never 32 bytes.
    #[error("level {depth} spells out the placeholder of an empty subtree")]
    PlaceholderSpelledOut {
        /// The level, counted from 0 below the root.
        depth: usize,
    },
    /// It proves the absence of a key; presence was asked.
    #[error("the proof ends at another key's leaf, so it proves no value")]
    NeighbourInInclusion,
    /// The key is there, so it is not absent.
    #[error("the proof of absence ends at the leaf of the key itself")]
    NeighbourIsTheKey,
    /// The other leaf says nothing about this key.
    #[error(
        "the proof ends {depth} levels down at a leaf that shares only {shared} bits of the key"
    )]
    NeighbourElsewhere {
        /// Levels of the proof.
        depth: usize,
        /// Leading bits that the two keys share.
        shared: usize,
    },
    /// Another tree, another key, another value, or an altered proof.
    #[error("the proof leads to another root")]
    OtherRoot,
}

impl StateProofError {
    /// Its name for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::PlaceholderSpelledOut { .. } => "placeholder-spelled-out",
            Self::NeighbourInInclusion => "neighbour-in-inclusion",
            Self::NeighbourIsTheKey => "neighbour-is-the-key",
            Self::NeighbourElsewhere { .. } => "neighbour-elsewhere",
            Self::OtherRoot => "other-root",
        }
    }
}

/// Whether the way to a key turns right at this depth, counted from 0 at the root.
pub fn turns_right(key: &StateKey, depth: usize) -> bool {
    key.0[depth / 8] & (0x80 >> (depth % 8)) != 0
}

impl StateProof {
    /// No proof is longer: a bound for decoding.
    pub const ENCODED_BYTES_MAX: usize = 8_306;

    /// A proof from the hashes beside the way, placeholders included, from the root down, and the
    /// other leaf, if one stands at the end of the way. For whoever holds the tree.
    pub fn new(suite: Suite, beside: &[Hash], neighbour: Option<(StateKey, Hash)>) -> Self {
        let empty = suite.state_placeholder();
        let beside: Vec<_> = beside
            .iter()
            .map(|hash| (*hash != empty).then_some(*hash))
            .collect();
        assert!(
            beside.len() <= DEPTH_MAX,
            "a way turns once for each bit of the key"
        );
        assert!(
            beside.last() != Some(&None),
            "a subtree of one leaf, or of none, has no levels"
        );
        let neighbour = neighbour.map(|(key, value_hash)| Neighbour { key, value_hash });
        Self { beside, neighbour }
    }

    /// Verifies that under this root the key has the value of this hash or, for `None`, no value.
    pub fn verify(
        &self,
        suite: Suite,
        root: &Hash,
        key: &StateKey,
        value_hash: Option<&Hash>,
    ) -> Result<(), StateProofError> {
        let empty = suite.state_placeholder();
        if let Some(depth) = self.beside.iter().position(|hash| *hash == Some(empty)) {
            return Err(StateProofError::PlaceholderSpelledOut { depth });
        }
        let end = match (value_hash, &self.neighbour) {
            (Some(value_hash), None) => suite.state_leaf(&key.0, value_hash),
            (Some(_), Some(_)) => return Err(StateProofError::NeighbourInInclusion),
            (None, None) => empty,
            (None, Some(neighbour)) => {
                self.check_place(key, &neighbour.key)?;
                suite.state_leaf(&neighbour.key.0, &neighbour.value_hash)
            }
        };
        let reached = self
            .beside
            .iter()
            .enumerate()
            .rev()
            .fold(end, |below, (depth, beside)| {
                let beside = beside.unwrap_or(empty);
                if turns_right(key, depth) {
                    suite.state_node(&beside, &below)
                } else {
                    suite.state_node(&below, &beside)
                }
            });
        if reached == *root {
            Ok(())
        } else {
            Err(StateProofError::OtherRoot)
        }
    }

    /// A lone leaf keeps another key out if that key's way leads to where it stands.
    fn check_place(&self, key: &StateKey, neighbour: &StateKey) -> Result<(), StateProofError> {
        let depth = self.beside.len();
        let differs = |bit: &usize| turns_right(key, *bit) != turns_right(neighbour, *bit);
        match (0..DEPTH_MAX).find(differs) {
            None => Err(StateProofError::NeighbourIsTheKey),
            Some(shared) if shared < depth => {
                Err(StateProofError::NeighbourElsewhere { depth, shared })
            }
            Some(_) => Ok(()),
        }
    }
}

impl<C> Encode<C> for StateProof {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let depth = self.beside.len();
        let mut bitmap = vec![0; depth.div_ceil(8)];
        for empty in (0..depth).filter(|level| self.beside[*level].is_none()) {
            bitmap[empty / 8] |= 0x80 >> (empty % 8);
        }
        let siblings: Vec<u8> = self
            .beside
            .iter()
            .flatten()
            .flat_map(|hash| hash.0)
            .collect();
        e.map(if self.neighbour.is_some() { 4 } else { 3 })?;
        e.u8(0)?.u64(depth as u64)?;
        e.u8(1)?.bytes(&bitmap)?;
        e.u8(2)?.bytes(&siblings)?;
        if let Some(Neighbour { key, value_hash }) = &self.neighbour {
            e.u8(3)?.array(2)?.encode(key)?.encode(value_hash)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for StateProof {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let entries = d.map()?;
        let refused = |reason| Err(decode::Error::message(reason));
        if !matches!(entries, Some(3 | 4)) {
            return refused("a state proof: not a map of 3 or 4 entries");
        }
        expect_key(d, 0)?;
        let depth = usize::from(d.u16()?);
        if depth > DEPTH_MAX {
            return refused("a state proof: more levels than a key has bits");
        }
        expect_key(d, 1)?;
        let bitmap = d.bytes()?;
        if bitmap.len() != depth.div_ceil(8) {
            return refused("a state proof: the bitmap is not as long as the depth says");
        }
        let is_empty = |level: usize| bitmap[level / 8] & (0x80 >> (level % 8)) != 0;
        if (depth..bitmap.len() * 8).any(is_empty) {
            return refused("a state proof: a bit is set beyond the depth");
        }
        if depth > 0 && is_empty(depth - 1) {
            return refused("a state proof: the deepest level is beside an empty subtree");
        }
        expect_key(d, 2)?;
        let siblings = d.bytes()?;
        if siblings.len() != Hash::LEN * (0..depth).filter(|level| !is_empty(*level)).count() {
            return refused("a state proof: not one hash for each clear bit");
        }
        let mut hashes = siblings.chunks_exact(Hash::LEN).flat_map(Hash::try_from);
        let beside = (0..depth)
            .map(|level| if is_empty(level) { None } else { hashes.next() })
            .collect();
        let neighbour = if entries == Some(4) {
            expect_key(d, 3)?;
            if d.array()? != Some(2) {
                return refused("a state proof: the neighbour is a key and a value hash");
            }
            Some(Neighbour {
                key: d.decode()?,
                value_hash: d.decode()?,
            })
        } else {
            None
        };
        Ok(Self { beside, neighbour })
    }
}

fn expect_key(d: &mut Decoder<'_>, key: u8) -> Result<(), decode::Error> {
    if d.u8()? == key {
        Ok(())
    } else {
        Err(decode::Error::message(
            "a state proof: a key is missing or out of order",
        ))
    }
}

#[cfg(test)]
mod tests;
