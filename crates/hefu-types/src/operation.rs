//! Operations: one change asked for. A statement signs a list of them.
//!
//! An operation is the canonical CBOR array [verb number, map]. The verbs of later rules get the
//! next numbers; a number is never used again.

use crate::bytes::{Blinding, Digest, FactRoot, Hash, OperationId, Salt, StateKey, StatementId};
use crate::canonical::{self, DecodeError};
use crate::profile::Identity;
use crate::suite::Suite;
use crate::time::Millis;
use minicbor::{Decode, Encode};

/// The longest operation in bytes. With a path of 12 hashes and the COSE_Sign1 a receipt's signed
/// part stays below 16 KiB.
pub const OPERATION_BYTES_MAX: usize = 8 * 1024;
/// The most renditions that one document has.
pub const DIGESTS_MAX: usize = 8;
/// The longest name of a type, region, agency, member, purpose or reason in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// One change asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Operation {
    /// Puts a document on the ledger. Signed by an agency.
    #[n(0)]
    Register(#[n(0)] Register),
    /// Takes a licence out of force for good. Signed by its agency.
    #[n(1)]
    Revoke(#[n(0)] Revoke),
    /// Voids an unused invoice within its window. Signed by its agency.
    #[n(2)]
    Cancel(#[n(0)] Cancel),
    /// Uses an invoice for a purpose, once. Signed by a member.
    #[n(3)]
    Consume(#[n(0)] Consume),
}

/// See [`Operation::Register`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Register {
    /// The document type.
    #[n(0)]
    pub document_type: String,
    /// The region for which it is issued.
    #[n(1)]
    pub region: String,
    /// The legal number, normalised.
    #[n(2)]
    pub identity: Identity,
    /// The digests of its files, at least one, at most [`DIGESTS_MAX`], ascending.
    #[n(3)]
    pub digests: Vec<Digest>,
    /// The root over its salted facts, where known.
    #[n(4)]
    pub fact_root: Option<FactRoot>,
    /// The first day of validity, `2026-01-31`, in the zone of the type.
    #[n(5)]
    pub valid_from: Option<String>,
    /// The last day of validity, inclusive.
    #[n(6)]
    pub valid_until: Option<String>,
    /// Who may use it; absent: nobody.
    #[n(7)]
    pub use_right: Option<UseRight>,
    /// The total, a private item of the record.
    #[n(8)]
    pub total: Option<Amount>,
    /// Blinds the private items that this operation brings.
    #[n(9)]
    pub blinding: Blinding,
}

/// Who may use a document.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UseRight {
    /// The member that the document names: a commitment ([`named_member`]) to its legal identifier.
    #[n(0)]
    NamedMember(#[n(0)] Hash),
    /// The first member that uses it, where the type allows this.
    #[n(1)]
    FirstMember,
    /// Whoever holds the secret half of this key. Kept for the rules that come; now refused.
    #[n(2)]
    ClaimKey(#[n(0)] crate::bytes::PublicKey),
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
pub struct Amount {
    /// ISO 4217.
    #[n(0)]
    pub currency: String,
    /// In the currency's minor unit; negative for a credit note.
    #[n(1)]
    pub minor_units: i64,
}

/// See [`Operation::Revoke`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Revoke {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Why, as a word of the type's law.
    #[n(1)]
    pub reason: String,
    /// From when; absent: from the block's time. Not in the past.
    #[n(2)]
    pub effective_at: Option<Millis>,
}

/// See [`Operation::Cancel`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cancel {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Why.
    #[n(1)]
    pub reason: String,
}

/// See [`Operation::Consume`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Consume {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// A purpose that the type has, such as `reimburse`.
    #[n(1)]
    pub purpose: String,
    /// The digest of one of the document's files: who uses it has seen it.
    #[n(2)]
    pub digest: Digest,
    /// Opens the commitments to the named member; absent where the first member may use it.
    #[n(3)]
    pub opening: Option<MemberOpening>,
    /// Blinds the private item that this operation brings.
    #[n(4)]
    pub blinding: Blinding,
}

/// Shows that the member who signs is the one that the document names.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberOpening {
    /// The legal identifier as the document names it, normalised as in [`member_identifier`].
    #[n(0)]
    pub identifier: String,
    /// The salt of the commitment in the record; it travels with the receipt.
    #[n(1)]
    pub record_salt: Salt,
    /// The salt of the commitment in the member's own leaf; the member keeps it.
    #[n(2)]
    pub member_salt: Salt,
}

/// One form for a legal identifier that is written with different case and outer space.
pub fn member_identifier(identifier: &str) -> String {
    identifier.trim().to_uppercase()
}

/// The commitment in a record to the member that the document names.
pub fn named_member(suite: Suite, record: &StateKey, salt: &Salt, identifier: &str) -> Hash {
    suite.hash(&[
        b"hefu/named-member/0",
        &record.0,
        &salt.0,
        identifier.as_bytes(),
    ])
}

/// The commitment in a member's leaf to its legal identifier.
pub fn member_commitment(suite: Suite, member: &str, salt: &Salt, identifier: &str) -> Hash {
    let length = (member.len() as u64).to_be_bytes();
    suite.hash(&[
        b"hefu/member/0",
        &length,
        member.as_bytes(),
        &salt.0,
        identifier.as_bytes(),
    ])
}

/// The identity of the operation at a position in a statement.
pub fn operation_id(suite: Suite, statement: &StatementId, index: u32) -> OperationId {
    OperationId(
        suite
            .hash(&[b"hefu/operation/0", &statement.0, &index.to_be_bytes()])
            .0,
    )
}

impl Operation {
    /// Reads one operation.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, OPERATION_BYTES_MAX)
    }

    /// Its bytes: a leaf of the statement's tree.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// The verb, as everywhere.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Revoke(_) => "revoke",
            Self::Cancel(_) => "cancel",
            Self::Consume(_) => "consume",
        }
    }
}
