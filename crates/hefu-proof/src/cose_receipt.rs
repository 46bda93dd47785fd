//! Receipts in COSE (RFC 9942), and statements that carry them: SCITT transparent statements (RFC 9943).
//!
//! A cosignature stands over the text of a note, which no reader of COSE knows. So each validator's log key
//! also signs, on demand and only over the root of a checkpoint that it published, what such readers verify:
//!
//! ```text
//! 18([ << {1: alg, 4: kid, 15: {1: validator, 2: origin, -65537: network digest}, 395: 1} >>,
//!      {396: {-1: [ << [size, index, [+ hash]] >> ]}}, nil, signature ])
//! ```
//!
//! The signature covers the root (RFC 9942, section 5.2.1), which is left out: who verifies rebuilds it
//! from the entry and the path. The entry is the statement's COSE_Sign1 with its empty unprotected header, and
//! its leaf is H(0 | entry) as everywhere in the log. One receipt is one validator's word; a quorum of
//! receipts is the ledger's.
//!
//! Size and index only say how the path is to be read. They are not signed (RFC 9942 has the root alone under
//! the signature), and another pair that reads the same path leads to the same root: entry 4 of 5 is
//! read as entry 1 of 2. So they mean something only beside what else proves the size of that root, which
//! is a checkpoint, or the index, which is a Hefu receipt.
//!
//! The label 395 says RFC9162_SHA256: a suite with another hash has no receipts in COSE. The CDDL of RFC 9942
//! wants a path of at least one hash, so a log of one entry has none either.

use crate::log::{root_of_path, PathError, PATH_LENGTH_MAX};
use hefu_types::block::VALIDATORS_MAX;
use hefu_types::canonical::{self, DecodeError};
use hefu_types::cose::{CoseSign1, ReceiptHeader};
use hefu_types::genesis::Network;
use hefu_types::leaf::SetLeaf;
use hefu_types::statement::COSE_BYTES_MAX;
use hefu_types::suite::SecretKey;
use hefu_types::{EntryIndex, Hash, NetworkDigest, PublicKey, Signature, Suite, TreeSize};
use minicbor::bytes::ByteVec;
use minicbor::data::Tag;
use minicbor::{decode, encode, Decode, Decoder, Encode, Encoder};

/// The longest receipt in bytes: a path of 64 hashes and names.
pub const COSE_RECEIPT_BYTES_MAX: usize = 4 * 1024;
/// The longest transparent statement in bytes.
pub const TRANSPARENT_BYTES_MAX: usize =
    COSE_BYTES_MAX + VALIDATORS_MAX * (COSE_RECEIPT_BYTES_MAX + 8);
/// The smallest log whose entries have receipts: one with a path.
pub const COSE_LOG_SIZE_MIN: u64 = 2;

const TAG_COSE_SIGN1: u64 = 18;
const HEADER_RECEIPTS: u16 = 394;
const HEADER_PROOFS: u16 = 396;
const INCLUSION_PROOFS: i8 = -1;

/// What a receipt names of its network.
struct Log<'a> {
    suite: Suite,
    network: NetworkDigest,
    origin: &'a str,
}

impl<'a> Log<'a> {
    fn of(network: &'a Network) -> Self {
        Self {
            suite: network.suite(),
            network: network.digest(),
            origin: network.origin(),
        }
    }
}

/// A validator's word that the log of a size has a root, in COSE: from it the receipt of every entry is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRoot {
    size: TreeSize,
    protected: Vec<u8>,
    signature: Signature,
}

impl SignedRoot {
    /// Signs the root of the log of a size with a validator's log key. `None` where there are no receipts in
    /// COSE: of a suite without a registered structure, and of a log of one entry.
    pub fn sign(
        network: &Network,
        validator: &str,
        log_key: &SecretKey,
        size: TreeSize,
        root: &Hash,
    ) -> Option<Self> {
        Self::sign_for(&Log::of(network), validator, log_key, size, root)
    }

    fn sign_for(
        log: &Log<'_>,
        validator: &str,
        log_key: &SecretKey,
        size: TreeSize,
        root: &Hash,
    ) -> Option<Self> {
        let log_structure = log.suite.cose_log_structure()?;
        if size.0 < COSE_LOG_SIZE_MIN {
            return None;
        }
        let protected = canonical::encode(&ReceiptHeader {
            algorithm: log.suite.cose_algorithm(),
            key_id: log_key.key_id(),
            issuer: validator.to_owned(),
            subject: log.origin.to_owned(),
            network: log.network,
            log_structure,
        });
        let signature = log_key.sign_cose_receipt(&CoseSign1::sig_structure(&protected, &root.0));
        Some(Self {
            size,
            protected,
            signature,
        })
    }

    /// The receipt of an entry, with its path in the log of this size.
    pub fn receipt(&self, index: EntryIndex, path: Vec<Hash>) -> CoseReceipt {
        CoseReceipt {
            protected: self.protected.clone(),
            size: self.size,
            index,
            path,
            signature: self.signature,
        }
    }
}

/// A receipt as it travels, of anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoseReceipt {
    protected: Vec<u8>,
    /// The size of the log.
    pub size: TreeSize,
    /// The entry's index in it.
    pub index: EntryIndex,
    path: Vec<Hash>,
    signature: Signature,
}

/// What a receipt proves: this validator says that a log with this root holds the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCoseReceipt {
    /// The validator's position in the set.
    pub member: u16,
    /// The root of the log.
    pub root: Hash,
    /// Its size as the receipt says it: see the module.
    pub size: TreeSize,
    /// The entry's index as the receipt says it: see the module.
    pub index: EntryIndex,
}

/// Why a receipt in COSE proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoseReceiptError {
    /// Not the canonical bytes of one.
    #[error("the receipt cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// Signed for another network, log, algorithm or structure.
    #[error("the receipt is of another log: {0}")]
    OtherLog(&'static str),
    /// Signed by nobody in the set, or under another name.
    #[error("the receipt is not of a validator of the set")]
    UnknownValidator,
    /// The entry is not at its place.
    #[error("the receipt's path does not fit: {0}")]
    Path(#[from] PathError),
    /// The signature does not cover the root to which the path leads from the entry.
    #[error("the validator's signature does not cover this entry in this log")]
    BadSignature,
}

impl CoseReceipt {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads bytes of anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, CoseReceiptError> {
        Ok(canonical::decode(bytes, COSE_RECEIPT_BYTES_MAX)?)
    }

    /// Checks that a validator of a trusted set says that this entry stands in the log.
    pub fn verify(
        &self,
        network: &Network,
        set: &SetLeaf,
        entry: &[u8],
    ) -> Result<VerifiedCoseReceipt, CoseReceiptError> {
        self.verify_for(&Log::of(network), set, entry)
    }

    fn verify_for(
        &self,
        log: &Log<'_>,
        set: &SetLeaf,
        entry: &[u8],
    ) -> Result<VerifiedCoseReceipt, CoseReceiptError> {
        let suite = log.suite;
        let header: ReceiptHeader = canonical::decode(&self.protected, COSE_RECEIPT_BYTES_MAX)?;
        let other = |what| Err(CoseReceiptError::OtherLog(what));
        if header.network != log.network || header.subject != log.origin {
            return other("it names another network");
        }
        if header.algorithm != suite.cose_algorithm()
            || Some(header.log_structure) != suite.cose_log_structure()
        {
            return other("it names another algorithm or structure");
        }
        let mut members = (0_u16..).zip(&set.validators);
        let (member, validator) = members
            .find(|(_, validator)| suite.key_id(&validator.log_key) == header.key_id)
            .filter(|(_, validator)| validator.name == header.issuer)
            .ok_or(CoseReceiptError::UnknownValidator)?;
        let leaf = suite.log_leaf(entry);
        let root = root_of_path(suite, &leaf, self.index, self.size, &self.path)?;
        let message = CoseSign1::sig_structure(&self.protected, &root.0);
        suite
            .verify(&validator.log_key, &message, &self.signature)
            .map_err(|_| CoseReceiptError::BadSignature)?;
        Ok(VerifiedCoseReceipt {
            member,
            root,
            size: self.size,
            index: self.index,
        })
    }
}

/// [size, index, [+ hash]], as RFC 9942, section 5.2, has it for RFC9162_SHA256.
struct InclusionProof(TreeSize, EntryIndex, Vec<Hash>);

impl<C> Encode<C> for InclusionProof {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let Self(size, index, path) = self;
        e.array(3)?.u64(size.0)?.u64(index.0)?;
        e.array(path.len() as u64)?;
        path.iter().try_for_each(|hash| hash.encode(e, ctx))
    }
}

impl<'b, C> Decode<'b, C> for InclusionProof {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        if d.array()? != Some(3) {
            return Err(decode::Error::message("an inclusion proof has three parts"));
        }
        let (size, index) = (TreeSize(d.u64()?), EntryIndex(d.u64()?));
        let length = match d.array()? {
            Some(length) if (1..=PATH_LENGTH_MAX as u64).contains(&length) => length,
            _ => return Err(decode::Error::message("a path of 1 to 64 hashes")),
        };
        let path = (0..length).map(|_| Hash::decode(d, ctx));
        Ok(Self(size, index, path.collect::<Result<_, _>>()?))
    }
}

impl<C> Encode<C> for CoseReceipt {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.tag(Tag::new(TAG_COSE_SIGN1))?.array(4)?;
        e.bytes(&self.protected)?.map(1)?.u16(HEADER_PROOFS)?;
        e.map(1)?.i8(INCLUSION_PROOFS)?.array(1)?;
        let proof = InclusionProof(self.size, self.index, self.path.clone());
        e.bytes(&canonical::encode(&proof))?;
        e.null()?.bytes(&self.signature.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for CoseReceipt {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let bad = |what: &'static str| Err(decode::Error::message(what));
        if d.tag()? != Tag::new(TAG_COSE_SIGN1) || d.array()? != Some(4) {
            return bad("not a tagged COSE_Sign1");
        }
        let protected = d.bytes()?.to_vec();
        if d.map()? != Some(1) || d.u16()? != HEADER_PROOFS {
            return bad("the proofs (396) stand alone in the unprotected header");
        }
        if d.map()? != Some(1) || d.i8()? != INCLUSION_PROOFS || d.array()? != Some(1) {
            return bad("expected one inclusion proof");
        }
        let InclusionProof(size, index, path) =
            canonical::decode(d.bytes()?, COSE_RECEIPT_BYTES_MAX)
                .map_err(decode::Error::message)?;
        d.null()?;
        Ok(Self {
            protected,
            size,
            index,
            path,
            signature: Signature::decode(d, ctx)?,
        })
    }
}

/// A statement with its receipts (RFC 9943): a COSE_Sign1 whose unprotected header holds them under 394.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransparentStatement {
    /// The statement as it is in the log.
    pub statement: CoseSign1,
    /// The receipts, encoded; at least one.
    pub receipts: Vec<ByteVec>,
}

impl TransparentStatement {
    /// Puts them together. `None` without receipts, with more than a set has validators, or if the entry is
    /// no statement.
    pub fn new(entry: &[u8], receipts: &[CoseReceipt]) -> Option<Self> {
        let statement: CoseSign1 = canonical::decode(entry, COSE_BYTES_MAX).ok()?;
        let receipts: Vec<ByteVec> = receipts.iter().map(|it| it.encode().into()).collect();
        (1..=VALIDATORS_MAX)
            .contains(&receipts.len())
            .then_some(Self {
                statement,
                receipts,
            })
    }

    /// The bytes that travel (media type `application/scitt-statement+cose`).
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads bytes of anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, TRANSPARENT_BYTES_MAX)
    }

    /// The log entry of the statement: it without its receipts.
    pub fn entry(&self) -> Vec<u8> {
        canonical::encode(&self.statement)
    }
}

impl<C> Encode<C> for TransparentStatement {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let CoseSign1 {
            protected,
            payload,
            signature,
        } = &self.statement;
        e.tag(Tag::new(TAG_COSE_SIGN1))?.array(4)?;
        e.bytes(protected)?.map(1)?.u16(HEADER_RECEIPTS)?;
        e.array(self.receipts.len() as u64)?;
        for receipt in &self.receipts {
            e.bytes(receipt)?;
        }
        e.bytes(payload)?.bytes(&signature.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for TransparentStatement {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let bad = |what: &'static str| Err(decode::Error::message(what));
        if d.tag()? != Tag::new(TAG_COSE_SIGN1) || d.array()? != Some(4) {
            return bad("not a tagged COSE_Sign1");
        }
        let protected = d.bytes()?.to_vec();
        if d.map()? != Some(1) || d.u16()? != HEADER_RECEIPTS {
            return bad("the receipts (394) stand alone in the unprotected header");
        }
        let count = match d.array()? {
            Some(count) if (1..=VALIDATORS_MAX as u64).contains(&count) => count,
            _ => {
                return bad("as many receipts as a set has validators, or fewer, and one at least")
            }
        };
        let receipts = (0..count).map(|_| Ok(d.bytes()?.to_vec().into()));
        let receipts = receipts.collect::<Result<_, decode::Error>>()?;
        Ok(Self {
            statement: CoseSign1 {
                protected,
                payload: d.bytes()?.to_vec(),
                signature: Signature::decode(d, ctx)?,
            },
            receipts,
        })
    }
}

/// The COSE_KeySet (RFC 9052, section 7) of public keys: each with its key id, so that a verifier finds the
/// one that a header names.
pub fn cose_key_set<'a>(suite: Suite, keys: impl IntoIterator<Item = &'a PublicKey>) -> Vec<u8> {
    let keys: Vec<Vec<u8>> = keys.into_iter().map(|key| suite.cose_key(key)).collect();
    let mut bytes = Vec::new();
    let begun = Encoder::new(&mut bytes)
        .array(keys.len() as u64)
        .map(|_| ());
    begun.expect("encoding into memory cannot fail");
    bytes.extend(keys.into_iter().flatten());
    bytes
}

#[cfg(test)]
mod tests;
