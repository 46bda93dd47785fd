//! Statements: operations signed together by one actor; what the ledger appends.
//!
//! A statement is a COSE_Sign1 (see [`crate::cose`]) whose payload names the operations by the root
//! of their RFC 9162 tree. The operations travel beside it: one signature covers thousands of them,
//! and a receipt needs one operation, its path and the COSE_Sign1.
//!
//! Its identity is the hash of its Sig_structure, so without the signature. Its entry in the log is the
//! COSE_Sign1 with tag and signature: the leaf is the hash of byte 0 and these bytes. A leaf of its own
//! tree is the hash of byte 0 and an operation's bytes.
//!
//! The way from bytes to work done: [`Statement`] (bytes of anybody) → [`ReadStatement`] (well
//! formed, of this network, its operations belong to it) → [`CheckedStatement`] (its signature
//! verifies under a key of the ledger). Only the last has an identity.

use crate::bytes::{Hash, KeyId, NetworkDigest, Nonce, OperationId, PublicKey, StatementId};
use crate::canonical::{self, DecodeError};
use crate::cose::{CoseSign1, Protected};
use crate::merkle;
use crate::operation::{operation_id, Operation, NAME_BYTES_MAX, OPERATION_BYTES_MAX};
use crate::suite::{SecretKey, SignatureError, Suite};
use crate::time::Millis;
use minicbor::{decode, encode, Decode, Decoder, Encode, Encoder};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The most operations under one signature.
pub const OPERATIONS_MAX: usize = 4_096;
/// The longest COSE_Sign1 in bytes. Header and payload of a statement are far smaller.
pub const COSE_BYTES_MAX: usize = 2 * 1024;
/// The longest statement with its operations in bytes, as it is sent.
pub const STATEMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How far ahead of block time a statement may be valid, in milliseconds.
pub const VALID_AHEAD_MS_MAX: u64 = Millis::HOUR;

/// Whether the operations of a statement stand or fall together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Mode {
    /// Each for itself.
    #[n(0)]
    Each,
    /// All, or none.
    #[n(1)]
    Atomic,
}

/// What the actor signs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Payload {
    /// Makes two statements of the same operations two.
    #[n(0)]
    pub nonce: Nonce,
    /// Until which block time the statement may be taken, at most one hour ahead.
    #[n(1)]
    pub valid_until: Millis,
    /// Each for itself, or all together.
    #[n(2)]
    pub mode: Mode,
    /// How many operations.
    #[n(3)]
    pub operation_count: u32,
    /// The root of their RFC 9162 tree.
    #[n(4)]
    pub operations_root: Hash,
}

/// A statement as it travels: [COSE_Sign1, [operation, ...]], every element a byte string.
///
/// It is one piece of memory, so that pool, gossip and blocks pass it on without taking it apart, and
/// a clone is a pointer.
#[derive(Clone, PartialEq, Eq)]
pub struct Statement {
    bytes: Arc<[u8]>,
    cose: Range<usize>,
    /// The array of operations.
    list: Range<usize>,
    operations: Arc<[Range<u32>]>,
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.operation_count();
        write!(
            f,
            "Statement({count} operations, {} bytes)",
            self.size_bytes()
        )
    }
}

impl<C> Encode<C> for Statement {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let written = e.writer_mut().write_all(&self.bytes);
        written.map_err(encode::Error::write)
    }
}

/// Encoding writes the bytes as they came, so they are canonical because this refuses all others.
impl<'b, C> Decode<'b, C> for Statement {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let refuse = |why| Err(decode::Error::message(why));
        let begin = d.position();
        if d.array()? != Some(2) {
            return refuse("a statement is a pair");
        }
        let cose = bytes_at(d, begin)?;
        let list_begin = d.position() - begin;
        // An empty byte string takes one byte on the way and more in memory, so operations are
        // counted before they are read.
        let count = match d.array()? {
            Some(count) if count <= OPERATIONS_MAX as u64 => count,
            _ => return refuse("more operations than a statement has"),
        };
        let mut operations = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let Range { start, end } = bytes_at(d, begin)?;
            match (u32::try_from(start), u32::try_from(end)) {
                (Ok(start), Ok(end)) => operations.push(start..end),
                _ => return refuse("a statement is longer than 4 GiB"),
            }
        }
        let bytes = &d.input()[begin..d.position()];
        // Each head of an array or a byte string has at least its shortest length: they all have it
        // if the lengths add up.
        let string = |length: usize| head_bytes(length) + length;
        let of_operations = operations.iter().map(|at| string(at.len()));
        let canonical_length =
            1 + string(cose.len()) + head_bytes(operations.len()) + of_operations.sum::<usize>();
        if bytes.len() != canonical_length {
            return refuse("a statement with a length that is written longer than it need be");
        }
        Ok(Self {
            bytes: bytes.into(),
            cose,
            list: list_begin..bytes.len(),
            operations: operations.into(),
        })
    }
}

/// Reads a byte string and tells where it stands after `begin`.
fn bytes_at(d: &mut Decoder<'_>, begin: usize) -> Result<Range<usize>, decode::Error> {
    let length = d.bytes()?.len();
    let end = d.position() - begin;
    Ok(end - length..end)
}

/// The length of the shortest head of a CBOR array or string of a length (RFC 8949, section 3).
fn head_bytes(length: usize) -> usize {
    match length {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Why bytes are not a statement for this network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not a statement.
    #[error("the statement cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// Signed for another network.
    #[error("the statement is signed for another network")]
    OtherNetwork,
    /// Signed with another algorithm than the suite's.
    #[error("the statement's algorithm is not that of the network")]
    OtherAlgorithm,
    /// No operation, or too many.
    #[error("a statement has 1 to 4096 operations")]
    BadCount,
    /// The operations beside it are not those that were signed.
    #[error("the operations are not those that were signed")]
    OtherOperations,
    /// The operation at this position cannot be read.
    #[error("operation {index} cannot be read: {error}")]
    UnreadableOperation {
        /// Its position.
        index: usize,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A name in the header is too long.
    #[error("the issuer or the subject is longer than allowed")]
    NameTooLong,
}

/// A well-formed statement of this network; who signed it is not yet known.
#[derive(Clone, Debug)]
pub struct ReadStatement {
    statement: Statement,
    protected: Protected,
    payload: Payload,
    operations: Vec<Operation>,
    id: StatementId,
    sig_structure: Vec<u8>,
    signature: crate::bytes::Signature,
}

impl Statement {
    /// Signs operations. `subject` is the network's origin.
    #[allow(clippy::too_many_arguments)] // One signature, seven facts that it covers.
    pub fn sign(
        suite: Suite,
        network: NetworkDigest,
        subject: &str,
        key: &SecretKey,
        issuer: &str,
        nonce: Nonce,
        valid_until: Millis,
        mode: Mode,
        operations: &[Operation],
    ) -> Self {
        let operations: Vec<Vec<u8>> = operations.iter().map(Operation::encode).collect();
        let payload = canonical::encode(&Payload {
            nonce,
            valid_until,
            mode,
            operation_count: u32::try_from(operations.len()).expect("at most 4096 operations"),
            operations_root: merkle::root(suite, &operations),
        });
        let protected = canonical::encode(&Protected {
            algorithm: suite.cose_algorithm(),
            key_id: key.key_id(),
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            network,
        });
        let signature = key.sign_statement(&CoseSign1::sig_structure(&protected, &payload));
        let cose = canonical::encode(&CoseSign1 {
            protected,
            payload,
            signature,
        });
        Self::of_parts(&cose, &operations)
    }

    /// Puts a statement together from its COSE_Sign1 and its operations, whatever they are.
    ///
    /// # Panics
    ///
    /// If there are more than [`OPERATIONS_MAX`] operations or 4 GiB of them.
    pub fn of_parts<T: AsRef<[u8]>>(cose: &[u8], operations: &[T]) -> Self {
        let mut bytes = Vec::new();
        let mut e = Encoder::new(&mut bytes);
        let written = e.array(2).and_then(|e| e.bytes(cose)).and_then(|e| {
            e.array(operations.len() as u64)?;
            operations
                .iter()
                .try_for_each(|operation| e.bytes(operation.as_ref()).map(|_| ()))
        });
        written.expect("encoding into memory cannot fail");
        let statement = Decoder::new(&bytes).decode();
        statement.expect("what was just encoded can be read")
    }

    /// Its bytes, as they are sent.
    pub fn encode(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    /// The tagged COSE_Sign1: the log entry of the statement.
    pub fn cose(&self) -> &[u8] {
        &self.bytes[self.cose.clone()]
    }

    /// The operations in their order.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let slice = |at: &Range<u32>| &self.bytes[at.start as usize..at.end as usize];
        self.operations.iter().map(slice)
    }

    /// How many operations it has.
    pub fn operation_count(&self) -> usize {
        self.operations.len()
    }

    /// The operations as they stand in it: a CBOR array of byte strings.
    pub fn operation_list(&self) -> &[u8] {
        &self.bytes[self.list.clone()]
    }

    /// Reads bytes of anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, STATEMENT_BYTES_MAX)
    }

    /// How many bytes it adds to a block.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Reads the header, the payload and the operations, and checks that they belong together.
    pub fn read(
        self,
        suite: Suite,
        network: &NetworkDigest,
    ) -> Result<ReadStatement, StatementError> {
        let SignedHeader {
            protected,
            payload,
            id,
            sig_structure,
            signature,
        } = SignedHeader::read(suite, network, self.cose())?;
        if self.operation_count() != payload.operation_count as usize {
            return Err(StatementError::OtherOperations);
        }
        let leaves: Vec<Hash> = self.operations().map(|op| suite.log_leaf(op)).collect();
        if merkle::root_of_hashes(suite, &leaves) != payload.operations_root {
            return Err(StatementError::OtherOperations);
        }
        let mut operations = Vec::with_capacity(self.operation_count());
        for (index, bytes) in self.operations().enumerate() {
            let operation = canonical::decode(bytes, OPERATION_BYTES_MAX)
                .map_err(|error| StatementError::UnreadableOperation { index, error })?;
            operations.push(operation);
        }
        Ok(ReadStatement {
            statement: self,
            protected,
            payload,
            operations,
            id,
            sig_structure,
            signature,
        })
    }
}

/// The signed part of a statement without its operations, as the log and receipts hold it.
#[derive(Clone, Debug)]
pub struct SignedHeader {
    /// The protected header.
    pub protected: Protected,
    /// The payload.
    pub payload: Payload,
    /// The identity that the statement has if its signature verifies.
    pub id: StatementId,
    sig_structure: Vec<u8>,
    signature: crate::bytes::Signature,
}

impl SignedHeader {
    /// Reads a COSE_Sign1 and checks that it is a statement for this network.
    pub fn read(
        suite: Suite,
        network: &NetworkDigest,
        cose: &[u8],
    ) -> Result<Self, StatementError> {
        let cose: CoseSign1 = canonical::decode(cose, COSE_BYTES_MAX)?;
        let protected: Protected = canonical::decode(&cose.protected, COSE_BYTES_MAX)?;
        let payload: Payload = canonical::decode(&cose.payload, COSE_BYTES_MAX)?;
        if protected.network != *network {
            return Err(StatementError::OtherNetwork);
        }
        if protected.algorithm != suite.cose_algorithm() {
            return Err(StatementError::OtherAlgorithm);
        }
        if protected.issuer.len() > NAME_BYTES_MAX || protected.subject.len() > 256 {
            return Err(StatementError::NameTooLong);
        }
        if !(1..=OPERATIONS_MAX).contains(&(payload.operation_count as usize)) {
            return Err(StatementError::BadCount);
        }
        let sig_structure = CoseSign1::sig_structure(&cose.protected, &cose.payload);
        let id = StatementId(suite.hash(&[&sig_structure]).0);
        Ok(Self {
            protected,
            payload,
            id,
            sig_structure,
            signature: cose.signature,
        })
    }

    /// Verifies the signature under a public key.
    pub fn verify(&self, suite: Suite, key: &PublicKey) -> Result<(), SignatureError> {
        suite.verify(key, &self.sig_structure, &self.signature)
    }
}

impl ReadStatement {
    /// The key that is said to have signed.
    pub fn key_id(&self) -> KeyId {
        self.protected.key_id
    }

    /// The identity that it has if its signature verifies.
    pub fn claimed_id(&self) -> StatementId {
        self.id
    }

    /// The actor that the header names.
    pub fn issuer(&self) -> &str {
        &self.protected.issuer
    }

    /// The operations in their order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The bytes of its COSE_Sign1, signature included.
    pub fn cose(&self) -> &[u8] {
        self.statement.cose()
    }

    /// Until which block time it may be taken.
    pub fn valid_until(&self) -> Millis {
        self.payload.valid_until
    }

    /// Verifies the signature under the public key of [`ReadStatement::key_id`].
    pub fn verify(self, suite: Suite, key: &PublicKey) -> Result<CheckedStatement, SignatureError> {
        if suite.key_id(key) != self.protected.key_id {
            return Err(SignatureError::BadKey);
        }
        suite.verify(key, &self.sig_structure, &self.signature)?;
        Ok(CheckedStatement {
            statement: self.statement,
            protected: self.protected,
            payload: self.payload,
            operations: self.operations,
            id: self.id,
        })
    }
}

/// A statement whose signature verified: the only kind that has an identity and can be executed.
#[derive(Clone, Debug)]
pub struct CheckedStatement {
    statement: Statement,
    protected: Protected,
    payload: Payload,
    operations: Vec<Operation>,
    id: StatementId,
}

impl CheckedStatement {
    /// Its identity: the hash of the Sig_structure, without the signature.
    pub fn id(&self) -> StatementId {
        self.id
    }

    /// The key that signed.
    pub fn key_id(&self) -> KeyId {
        self.protected.key_id
    }

    /// The actor that the header names; the rules compare it with the key's holder.
    pub fn issuer(&self) -> &str {
        &self.protected.issuer
    }

    /// What was signed.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The operations in their order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The identity of the operation at a position.
    pub fn operation_id(&self, suite: Suite, index: u32) -> OperationId {
        operation_id(suite, &self.id, index)
    }

    /// The bytes that travel.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }
}
