//! Byte strings of one length and one meaning each: a digest of a file is not a hash of a tree.
//!
//! In CBOR each is a definite byte string of exactly its length; in JSON and on the command line
//! lower-case hexadecimal. [`EntryIndex`] and [`TreeSize`] are integers in both.

use minicbor::{decode, encode, Decode, Decoder, Encode, Encoder};
use std::fmt;
use std::str::FromStr;

/// A hexadecimal string that does not have the length or the characters that it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} hexadecimal digits")]
pub struct BadHex {
    /// How many digits the value has.
    pub expected: usize,
}

macro_rules! byte_string {
    ($(#[$doc:meta])* $name:ident, $len:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = std::array::TryFromSliceError;
            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                bytes.try_into().map(Self)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), hex::encode(self.0))
            }
        }

        impl FromStr for $name {
            type Err = BadHex;
            fn from_str(s: &str) -> Result<Self, BadHex> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(s, &mut bytes).map_err(|_| BadHex { expected: 2 * $len })?;
                Ok(Self(bytes))
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                let bytes = d.bytes()?;
                bytes.try_into().map(Self).map_err(|_| {
                    decode::Error::message(concat!(stringify!($name), ": wrong length"))
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&hex::encode(self.0))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let s = <String as serde::Deserialize>::deserialize(d)?;
                s.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

byte_string!(
    /// A hash of the network's suite: nodes and roots of trees, values of leaves.
    Hash, 32
);
byte_string!(
    /// The digest of the exact bytes of one file, that is of one rendition of a document.
    Digest, 32
);
byte_string!(
    /// A key of the state tree (see [`crate::key`]).
    StateKey, 32
);
byte_string!(
    /// The identity of a statement: the hash of its Sig_structure.
    StatementId, 32
);
byte_string!(
    /// The identity of one operation: of a statement and a position in it.
    OperationId, 32
);
byte_string!(
    /// The identity of a block's bytes: what the engine votes on.
    BlockId, 32
);
byte_string!(
    /// The hash of the canonical genesis: it names the network in every signature.
    NetworkDigest, 32
);
byte_string!(
    /// The RFC 9679 thumbprint of a public key. It belongs to one holder for ever.
    KeyId, 32
);
byte_string!(
    /// The root of the salted tree of a document's facts.
    FactRoot, 32
);
byte_string!(
    /// The RFC 9162 root over a record's private items.
    PrivateRoot, 32
);
byte_string!(
    /// An encoded public key of the suite: 32 bytes of Ed25519.
    PublicKey, 32
);
byte_string!(
    /// A signature of the suite: 64 bytes of Ed25519.
    Signature, 64
);
byte_string!(
    /// The random name of a network, chosen when its genesis is made.
    NetworkId, 16
);
byte_string!(
    /// What makes two otherwise equal statements two.
    Nonce, 16
);
byte_string!(
    /// What makes a private item unguessable to who sees only its hash.
    Blinding, 16
);
byte_string!(
    /// What makes a commitment or a fact unguessable to who sees only its hash.
    Salt, 16
);
byte_string!(
    /// The nonce under a signature by a claim key.
    ClaimNonce, 16
);
byte_string!(
    /// The random name of an action of the council: it serves once.
    ActionId, 16
);
byte_string!(
    /// The random name of a lending copy among those of its licence.
    CopyNumber, 16
);

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            Encode, Decode, serde::Serialize, serde::Deserialize,
        )]
        #[cbor(transparent)]
        #[serde(transparent)]
        pub struct $name(#[n(0)] pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter!(
    /// The position of an entry in the log; the first is 0.
    EntryIndex
);
counter!(
    /// How many entries a log has.
    TreeSize
);
