//! Records: what the ledger knows of one document.
//!
//! The value hash of a record's leaf is H(public | private root). The public part is for everybody;
//! the private root is the RFC 9162 root over the private items, each led by a 16-byte blinding that
//! its operation brought, so that a party opens its own item only. A record without private items
//! has the root of the empty tree.

use crate::bytes::{Blinding, Digest, FactRoot, Hash, KeyId, OperationId, PrivateRoot};
use crate::canonical::{self, DecodeError};
use crate::merkle;
use crate::operation::{Amount, UseRight};
use crate::suite::Suite;
use crate::time::Millis;
use minicbor::{decode, Decode, Decoder, Encode};
use std::ops::Range;

/// The longest record in bytes; what is older than the current status folds into a digest.
pub const RECORD_BYTES_MAX: usize = 2 * 1024;

/// What the ledger knows of a document.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// For everybody.
    #[n(0)]
    pub public: PublicPart,
    /// For its parties, item by item.
    #[n(1)]
    pub private: Vec<PrivateItem>,
}

/// The part of a record that everybody may read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PublicPart {
    /// The document type.
    #[n(0)]
    pub document_type: String,
    /// The agency that registered it.
    #[n(1)]
    pub agency: String,
    /// The region for which it was issued.
    #[n(2)]
    pub region: String,
    /// The legal issuer that the document names.
    #[n(3)]
    pub legal_issuer: String,
    /// The digests of its renditions.
    #[n(4)]
    pub digests: Vec<Digest>,
    /// The root over its salted facts.
    #[n(5)]
    pub fact_root: Option<FactRoot>,
    /// Valid from this time on; absent: from ever.
    #[n(6)]
    pub valid_from: Option<Millis>,
    /// Valid before this time; absent: for ever.
    #[n(7)]
    pub valid_before: Option<Millis>,
    /// Who may use it.
    #[n(8)]
    pub use_right: Option<UseRight>,
    /// Its status.
    #[n(9)]
    pub status: Status,
    /// What it was used for, without by whom; ascending by purpose.
    #[n(10)]
    pub uses: Vec<UseState>,
    /// Its registration.
    #[n(11)]
    pub registration: Event,
    /// The last event that changed its status; never a use.
    #[n(12)]
    pub status_event: Option<Event>,
    /// How many events it has had, the registration and uses included.
    #[n(13)]
    pub event_count: u32,
    /// The digest chain of status events before the last: H(chain | event) from 32 zero bytes.
    #[n(14)]
    pub history: Option<Hash>,
}

/// The status of a document, as an event left it; expiry is derived from the dates and a time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Status {
    /// The state.
    #[n(0)]
    pub state: State,
    /// From when it holds in law.
    #[n(1)]
    pub effective_at: Millis,
    /// The block time at which the ledger learnt of it.
    #[n(2)]
    pub recorded_at: Millis,
    /// Why.
    #[n(3)]
    pub reason: Option<String>,
}

/// The states of documents. Later rules add suspended, annulled, reversed, transferred and more.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Issued and not withdrawn.
    #[n(0)]
    Issued,
    /// An invoice that was voided within its window.
    #[n(1)]
    Cancelled,
    /// A licence that was taken away for good.
    #[n(2)]
    Revoked,
}

impl State {
    /// The word in answers and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Cancelled => "cancelled",
            Self::Revoked => "revoked",
        }
    }
}

/// The use of a document for one purpose, as everybody may know it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UseState {
    /// The purpose.
    #[n(0)]
    pub purpose: String,
    /// Consumed since this block time. (Locks and intervals of amounts come with the full rules.)
    #[n(1)]
    pub consumed_at: Millis,
}

/// What a record keeps of an event.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Event {
    /// The operation.
    #[n(0)]
    pub operation: OperationId,
    /// The key that signed it.
    #[n(1)]
    pub key_id: KeyId,
    /// The block time.
    #[n(2)]
    pub block_time: Millis,
    /// The compromise counter then: if it has not moved, no key became doubtful since.
    #[n(3)]
    pub compromise_counter: u64,
}

/// An item of a record's private part: [blinding, item].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PrivateItem {
    /// Makes the item's hash unguessable.
    #[n(0)]
    pub blinding: Blinding,
    /// The item.
    #[n(1)]
    pub item: Item,
}

/// What only the parties of a document may read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// The total of an invoice.
    #[n(0)]
    Total(#[n(0)] Amount),
    /// One use.
    #[n(1)]
    Use(#[n(0)] UseItem),
}

/// One use of a document: the leaf that names the operation of a `consume`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UseItem {
    /// The purpose.
    #[n(0)]
    pub purpose: String,
    /// The member.
    #[n(1)]
    pub member: String,
    /// The operation.
    #[n(2)]
    pub operation: OperationId,
    /// The block time.
    #[n(3)]
    pub block_time: Millis,
}

impl PublicPart {
    /// The value hash of a record with this public part.
    pub fn value_hash(&self, suite: Suite, private_root: &PrivateRoot) -> Hash {
        suite.hash(&[&canonical::encode(self), &private_root.0])
    }
}

/// A record's bytes in the store, and where its public part stands in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRecord {
    /// The bytes.
    pub bytes: Vec<u8>,
    public: Range<usize>,
    private_root: PrivateRoot,
}

impl EncodedRecord {
    /// The hash that stands in the state tree.
    pub fn value_hash(&self, suite: Suite) -> Hash {
        suite.hash(&[&self.bytes[self.public.clone()], &self.private_root.0])
    }
}

impl Record {
    /// Its bytes in the store.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Its bytes and what its hash needs, made in one go.
    pub fn encoded(&self, suite: Suite) -> EncodedRecord {
        // The map {0: public, 1: private}.
        let mut bytes = Vec::with_capacity(384);
        bytes.extend([0xa2, 0]);
        canonical::encode_into(&self.public, &mut bytes);
        let public = 2..bytes.len();
        bytes.push(1);
        canonical::encode_into(&self.private, &mut bytes);
        EncodedRecord {
            bytes,
            public,
            private_root: self.private_root(suite),
        }
    }

    /// Reads a record.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, RECORD_BYTES_MAX)
    }

    /// The encodings of the private items: the leaves under the private root.
    pub fn private_leaves(&self) -> Vec<Vec<u8>> {
        self.private.iter().map(canonical::encode).collect()
    }

    /// The root over the private items.
    pub fn private_root(&self, suite: Suite) -> PrivateRoot {
        PrivateRoot(merkle::root(suite, &self.private_leaves()).0)
    }

    /// The hash that stands in the state tree.
    pub fn value_hash(&self, suite: Suite) -> Hash {
        self.public.value_hash(suite, &self.private_root(suite))
    }

    /// The same from the bytes of a record: what it holds is found and hashed as it stands there, which
    /// takes a fraction of the time of reading it. Bytes that were altered cannot be taken apart or lead
    /// to another hash; whether its parts can be read is not looked at.
    pub fn value_hash_of(suite: Suite, bytes: &[u8]) -> Result<Hash, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        let (public, private) = parts(&mut decoder, bytes)
            .map_err(|error| DecodeError::Malformed(error.to_string()))?;
        if decoder.position() != bytes.len() || bytes.len() > RECORD_BYTES_MAX {
            return Err(DecodeError::NotCanonical);
        }
        let private_root = merkle::root(suite, &private);
        Ok(suite.hash(&[public, &private_root.0]))
    }
}

/// The bytes of the public part and of each private item.
fn parts<'b>(
    decoder: &mut Decoder<'b>,
    bytes: &'b [u8],
) -> Result<(&'b [u8], Vec<&'b [u8]>), decode::Error> {
    let next = |what: &mut Decoder<'b>| {
        let from = what.position();
        what.skip()?;
        Ok::<_, decode::Error>(&bytes[from..what.position()])
    };
    // What no hash covers has to be as it is written: the map of two, its keys, the list's length.
    let other = || decode::Error::message("not the map of a public and a private part");
    if !(decoder.map()? == Some(2) && decoder.position() == 1 && next(decoder)? == [0]) {
        return Err(other());
    }
    let public = next(decoder)?;
    if next(decoder)? != [1] {
        return Err(other());
    }
    let from = decoder.position();
    let count = decoder.array()?.ok_or_else(other)?;
    let shortest = match count {
        0..=23 => 1,
        24..=255 => 2,
        _ => 3,
    };
    if decoder.position() - from != shortest {
        return Err(other());
    }
    let private = (0..count).map(|_| next(decoder));
    Ok((public, private.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(items: usize) -> Record {
        let event = Event {
            operation: OperationId([1; 32]),
            key_id: KeyId([2; 32]),
            block_time: Millis(3),
            compromise_counter: 0,
        };
        let item = |n: usize| PrivateItem {
            blinding: Blinding([n as u8; 16]),
            item: Item::Total(Amount {
                currency: "CNY".to_owned(),
                minor_units: n as i64 - 1,
            }),
        };
        Record {
            public: PublicPart {
                document_type: "invoice".to_owned(),
                agency: "bureau".to_owned(),
                region: "north".to_owned(),
                legal_issuer: "税务局".to_owned(),
                digests: vec![Digest([4; 32])],
                fact_root: None,
                valid_from: None,
                valid_before: Some(Millis(5)),
                use_right: None,
                status: Status {
                    state: State::Issued,
                    effective_at: Millis(3),
                    recorded_at: Millis(3),
                    reason: None,
                },
                uses: Vec::new(),
                registration: event,
                status_event: None,
                event_count: 1,
                history: None,
            },
            private: (0..items).map(item).collect(),
        }
    }

    #[test]
    fn the_bytes_have_the_hash_of_the_record() {
        let suite = Suite::Sha256Ed25519;
        for items in [0, 1, 2, 23, 24, 40] {
            let record = record(items);
            let bytes = record.encode();
            let hash = record.value_hash(suite);
            assert_eq!(Record::value_hash_of(suite, &bytes), Ok(hash), "{items}");
            for bit in 0..bytes.len() * 8 {
                let mut altered = bytes.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(
                    Record::value_hash_of(suite, &altered),
                    Ok(hash),
                    "bit {bit}"
                );
            }
            for cut in 0..bytes.len() {
                assert!(Record::value_hash_of(suite, &bytes[..cut]).is_err());
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert!(Record::value_hash_of(suite, &longer).is_err());
        }
        // Other encodings of the same frame are not taken for it.
        let bytes = record(1).encode();
        let longer_map = [&[0xb8, 2], &bytes[1..]].concat();
        assert!(Record::value_hash_of(suite, &longer_map).is_err());
        let longer_key = [&[0xa2, 0x18, 0], &bytes[2..]].concat();
        assert!(Record::value_hash_of(suite, &longer_key).is_err());
    }
}
