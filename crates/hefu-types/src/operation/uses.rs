//! The use of invoices: locks, uses for good, what takes them back, and the right to them.

use super::{Amount, UseRight};
use crate::bytes::{
    Blinding, ClaimNonce, Digest, NetworkDigest, OperationId, Salt, Signature, StateKey,
};
use crate::profile::Identity;
use crate::record::Span;
use minicbor::{Decode, Encode};

/// What a member says when it locks or consumes: what of which document, and by what right.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claim {
    /// A purpose that the type has, such as `reimburse`.
    #[n(0)]
    pub purpose: String,
    /// The digest of one of the document's files: who uses it has seen it.
    #[n(1)]
    pub digest: Digest,
    /// How much of it.
    #[n(2)]
    pub share: Share,
    /// Shows the right to use; absent where the first member may use it.
    #[n(3)]
    pub right: Option<RightProof>,
    /// The document's number, where its issuer has not registered it.
    #[n(4)]
    pub unattested: Option<Unattested>,
}

impl Claim {
    /// All of a document, by who need not show a right.
    pub fn whole(purpose: &str, digest: Digest) -> Self {
        Self {
            purpose: purpose.to_owned(),
            digest,
            share: Share::Whole,
            right: None,
            unattested: None,
        }
    }
}

/// How much of an invoice a use takes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Share {
    /// All that is left of it; nobody else may have a part.
    #[n(0)]
    Whole,
    /// So many minor units, at the lowest place where they are free in one piece.
    #[n(1)]
    Amount(#[n(0)] u64),
    /// These minor units.
    #[n(2)]
    Units(#[n(0)] Span),
}

/// Shows that the member who signs has the right to use a document.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RightProof {
    /// Opens the commitments to the named member.
    #[n(0)]
    Named(#[n(0)] MemberOpening),
    /// A signature of the claim key over [`claim_preimage`].
    #[n(1)]
    Claim(#[n(0)] ClaimNonce, #[n(1)] Signature),
}

/// Shows that the member who signs is the one that the document names.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberOpening {
    /// The legal identifier as the document names it, normalised as in [`super::member_identifier`].
    #[n(0)]
    pub identifier: String,
    /// The salt of the commitment in the record; it travels with the receipt.
    #[n(1)]
    pub record_salt: Salt,
    /// The salt of the commitment in the member's own leaf; the member keeps it.
    #[n(2)]
    pub member_salt: Salt,
}

/// A document whose issuer has not registered it, as the member that uses it reads it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Unattested {
    /// The document type.
    #[n(0)]
    pub document_type: String,
    /// The legal number, normalised.
    #[n(1)]
    pub identity: Identity,
    /// The total.
    #[n(2)]
    pub total: Option<Amount>,
}

/// The bytes that a claim key signs: that this member may use this document.
pub fn claim_preimage(
    network: &NetworkDigest,
    record: &StateKey,
    member: &str,
    nonce: &ClaimNonce,
) -> Vec<u8> {
    let mut bytes = b"hefu/claim/0".to_vec();
    for part in [network.0.as_slice(), &record.0, member.as_bytes(), &nonce.0] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// See [`super::Operation::Lock`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Lock {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// What is locked.
    #[n(1)]
    pub claim: Claim,
    /// For how long, in milliseconds of block time; absent: as long as the type allows.
    #[n(2)]
    pub for_ms: Option<u64>,
    /// Blinds the private item that this operation brings.
    #[n(3)]
    pub blinding: Blinding,
}

/// See [`super::Operation::Consume`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Consume {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// What is used.
    #[n(1)]
    pub claim: Claim,
    /// The member's own lock that becomes the use: its share is used, whatever the claim's is. Absent:
    /// from what is free, and from own locks that are in the way.
    #[n(2)]
    pub lock: Option<OperationId>,
    /// Blinds the private item that this operation brings.
    #[n(3)]
    pub blinding: Blinding,
}

/// See [`super::Operation::Release`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Release {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// The operation of the lock.
    #[n(1)]
    pub lock: OperationId,
}

/// See [`super::Operation::Clawback`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Clawback {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// The operation of the use that is taken back.
    #[n(1)]
    pub consumption: OperationId,
    /// How many minor units, from the end of its share; absent: all of it.
    #[n(2)]
    pub minor_units: Option<u64>,
    /// Why.
    #[n(3)]
    pub reason: String,
}

/// See [`super::Operation::HandOver`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HandOver {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Shows the signer's right.
    #[n(1)]
    pub right: RightProof,
    /// Who has it from now on: a named member or a claim key.
    #[n(2)]
    pub to: UseRight,
}
