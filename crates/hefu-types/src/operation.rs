//! Operations: one change asked for. A statement signs a list of them.
//!
//! An operation is the canonical CBOR array `[verb number, [map]]`, as every enum is written
//! ([`crate::canonical`]). The verbs of later rules get the next numbers; a number is never used again.
//!
//! The identity of an operation ([`operation_id`]) is the hash of `hefu/operation/0`, the identity of its
//! statement (32 bytes), and its position in the statement, from 0, in 4 bytes, the highest first.
//!
//! # What an operation is about
//!
//! | verbs | record | files that it brings |
//! | --- | --- | --- |
//! | 0 `register` | that of its `identity` under the profile of its type ([`crate::key`]) | its `digests`, 3 |
//! | 1 to 17, 25 to 31 | 0 of its map | of `add-rendition` (4) and `correct` (5) their `digests`, 1 |
//! | 32 `lend` | that of the copy: its `record` and the `number` in `terms` | the `digests` in `terms`, 1 |
//! | 18 to 24, 33 and more | none: they are about leaves of other kinds | none |

mod council;
mod invoice;
mod licence;
mod numbers;
mod registry;
mod uses;

pub use council::{
    ActivateRules, CouncilAction, CouncilChange, CouncilSignature, Govern, NewValidator,
    SetCouncil, SetValidators, ACTION_AHEAD_MS_MAX, ACTIVATION_AHEAD_MAX, CHANGES_MAX,
};
pub use licence::{
    consent_preimage, copy_user, Annul, CancelTransfer, HolderConsent, Lend, LendTerms, Renew,
    Resume, Suspend, TransferIn, TransferOut,
};
pub use registry::{
    AddKey, AdmitAgency, AdmitMember, AgencyTerms, ChangeAgency, ConfirmKey, DeclareCompromise,
    Recognise, RetireKey, SetRegistrar, SetStanding, ENTITLEMENTS_MAX, LONG_NAME_BYTES_MAX,
    PREFIXES_MAX, REGISTRAR_LEVELS_MAX,
};

pub use invoice::{
    AddRendition, AnswerReversal, Archive, Confirm, Correct, Reject, Replace, RequestReversal,
    Reverse, WithdrawReversal,
};
pub use numbers::{
    ActivateRange, AllocateRange, Cover, DelegateRange, Numbering, RequestRange, VoidNumbers,
    WithdrawRange,
};
pub use uses::{
    claim_preimage, Claim, Clawback, Consume, HandOver, Lock, MemberOpening, Release, RightProof,
    Share, Unattested,
};

use crate::bytes::{Blinding, Digest, FactRoot, Hash, OperationId, Salt, StateKey, StatementId};
use crate::canonical::{self, DecodeError};
use crate::profile::Identity;
use crate::record::OpenFact;
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
    /// Uses an invoice for a purpose, for good. Signed by a member.
    #[n(3)]
    Consume(#[n(0)] Consume),
    /// Adds files to a document whose facts they share. Signed by its agency.
    #[n(4)]
    AddRendition(#[n(0)] AddRendition),
    /// Mends a wrong registration within the type's window. Signed by its agency.
    #[n(5)]
    Correct(#[n(0)] Correct),
    /// Confirms a document that a unit proposed. Signed by the supervising agency.
    #[n(6)]
    Confirm(#[n(0)] Confirm),
    /// Rejects a document that a unit proposed. Signed by the supervising agency.
    #[n(7)]
    Reject(#[n(0)] Reject),
    /// Asks the other side to agree to a reversal. Signed by the agency or by a member that uses it.
    #[n(8)]
    RequestReversal(#[n(0)] RequestReversal),
    /// Agrees to a reversal or denies it. Signed by the other side.
    #[n(9)]
    AnswerReversal(#[n(0)] AnswerReversal),
    /// Takes a request of a reversal back. Signed by who asked.
    #[n(10)]
    WithdrawReversal(#[n(0)] WithdrawReversal),
    /// Reverses an invoice, whole or in part. Signed by its agency.
    #[n(11)]
    Reverse(#[n(0)] Reverse),
    /// Replaces an invoice by another. Signed by its agency.
    #[n(12)]
    Replace(#[n(0)] Replace),
    /// Marks a document as archived. Signed by its agency.
    #[n(13)]
    Archive(#[n(0)] Archive),
    /// Reserves a use for some time. Signed by a member.
    #[n(14)]
    Lock(#[n(0)] Lock),
    /// Gives a lock back. Signed by its member.
    #[n(15)]
    Release(#[n(0)] Release),
    /// Takes a use back: done when member and agency both have signed one.
    #[n(16)]
    Clawback(#[n(0)] Clawback),
    /// Hands the right to use on to somebody else. Signed by who has it.
    #[n(17)]
    HandOver(#[n(0)] HandOver),
    /// Asks for a range of numbers. Signed by an agency that issues.
    #[n(18)]
    RequestRange(#[n(0)] RequestRange),
    /// Allocates a range that was asked for. Signed by the supervising agency.
    #[n(19)]
    AllocateRange(#[n(0)] AllocateRange),
    /// Begins to use an allocated range. Signed by its holder.
    #[n(20)]
    ActivateRange(#[n(0)] ActivateRange),
    /// Takes what is open of a range back. Signed by the supervising agency.
    #[n(21)]
    WithdrawRange(#[n(0)] WithdrawRange),
    /// Gives a part of a range to a branch. Signed by the range's holder.
    #[n(22)]
    DelegateRange(#[n(0)] DelegateRange),
    /// Declares numbers void that were never used. Signed by the range's holder.
    #[n(23)]
    VoidNumbers(#[n(0)] VoidNumbers),
    /// Promises that every document of a type is registered in time. Signed by an agency.
    #[n(24)]
    Cover(#[n(0)] Cover),
    /// Withholds a licence for some time. Signed by its agency.
    #[n(25)]
    Suspend(#[n(0)] Suspend),
    /// Gives a licence back that was withheld. Signed by its agency.
    #[n(26)]
    Resume(#[n(0)] Resume),
    /// Withdraws a licence, also for a time that is past. Signed by its agency.
    #[n(27)]
    Annul(#[n(0)] Annul),
    /// Supersedes a licence by a renewed or changed one. Signed by its agency.
    #[n(28)]
    Renew(#[n(0)] Renew),
    /// Lets a licence leave for another region. Signed by its agency.
    #[n(29)]
    TransferOut(#[n(0)] TransferOut),
    /// Takes a licence in that left another region, once. Signed by the new licence's agency.
    #[n(30)]
    TransferIn(#[n(0)] TransferIn),
    /// Takes a transfer back that nobody has taken in. Signed by the licence's agency.
    #[n(31)]
    CancelTransfer(#[n(0)] CancelTransfer),
    /// Makes a copy of a licence for one use. Signed by its agency, or by the member that holds it.
    #[n(32)]
    Lend(#[n(0)] Lend),
    /// Does what the council decided. Signed by anybody; its seats' signatures are in it.
    #[n(33)]
    Govern(#[n(0)] Govern),
    /// Admits an agency. Signed by a registrar of its region.
    #[n(34)]
    AdmitAgency(#[n(0)] AdmitAgency),
    /// Changes what an agency may issue and what is told of it. Signed by a registrar of its region.
    #[n(35)]
    ChangeAgency(#[n(0)] ChangeAgency),
    /// Admits a member. Signed by a registrar of its region.
    #[n(36)]
    AdmitMember(#[n(0)] AdmitMember),
    /// Admits a registrar below the one that signs, or changes its rights.
    #[n(37)]
    SetRegistrar(#[n(0)] SetRegistrar),
    /// Suspends, resumes or retires an agency, a member or a registrar. Signed by a registrar.
    #[n(38)]
    SetStanding(#[n(0)] SetStanding),
    /// Gives a holder another key. Signed by a registrar, or by a management key of the holder.
    #[n(39)]
    AddKey(#[n(0)] AddKey),
    /// Retires a key. Signed by a registrar, or by a management key of its holder.
    #[n(40)]
    RetireKey(#[n(0)] RetireKey),
    /// Says that a key is its holder's alone until now. Signed by a registrar, or by a management key
    /// of its holder.
    #[n(41)]
    ConfirmKey(#[n(0)] ConfirmKey),
    /// Says that somebody else has a key. Signed by a registrar.
    #[n(42)]
    DeclareCompromise(#[n(0)] DeclareCompromise),
    /// States what a region recognises of another. Signed by its first registrar.
    #[n(43)]
    Recognise(#[n(0)] Recognise),
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
    /// When it was issued without a connection, where the type allows this.
    #[n(10)]
    pub issued_offline_at: Option<Millis>,
    /// Facts that everybody may read, in the order of the type's dictionary, which calls them open.
    #[n(11)]
    pub open_facts: Vec<OpenFact>,
}

impl Register {
    /// The numbers among which its own is counted.
    pub fn numbering(&self) -> Numbering {
        Numbering {
            document_type: self.document_type.clone(),
            region: self.region.clone(),
            legal_issuer: self.identity.legal_issuer.clone(),
            class: self.identity.class.clone(),
            series: self.identity.series.clone(),
            period: self.identity.period.clone(),
        }
    }
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
    /// Whoever holds the secret half of this key, see [`claim_preimage`].
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
            Self::AddRendition(_) => "add-rendition",
            Self::Correct(_) => "correct",
            Self::Confirm(_) => "confirm",
            Self::Reject(_) => "reject",
            Self::RequestReversal(_) => "request-reversal",
            Self::AnswerReversal(_) => "answer-reversal",
            Self::WithdrawReversal(_) => "withdraw-reversal",
            Self::Reverse(_) => "reverse",
            Self::Replace(_) => "replace",
            Self::Archive(_) => "archive",
            Self::Lock(_) => "lock",
            Self::Release(_) => "release",
            Self::Clawback(_) => "clawback",
            Self::HandOver(_) => "hand-over",
            Self::RequestRange(_) => "request-range",
            Self::AllocateRange(_) => "allocate-range",
            Self::ActivateRange(_) => "activate-range",
            Self::WithdrawRange(_) => "withdraw-range",
            Self::DelegateRange(_) => "delegate-range",
            Self::VoidNumbers(_) => "void-numbers",
            Self::Cover(_) => "cover",
            Self::Suspend(_) => "suspend",
            Self::Resume(_) => "resume",
            Self::Annul(_) => "annul",
            Self::Renew(_) => "renew",
            Self::TransferOut(_) => "transfer-out",
            Self::TransferIn(_) => "transfer-in",
            Self::CancelTransfer(_) => "cancel-transfer",
            Self::Lend(_) => "lend",
            Self::Govern(_) => "govern",
            Self::AdmitAgency(_) => "admit-agency",
            Self::ChangeAgency(_) => "change-agency",
            Self::AdmitMember(_) => "admit-member",
            Self::SetRegistrar(_) => "set-registrar",
            Self::SetStanding(_) => "set-standing",
            Self::AddKey(_) => "add-key",
            Self::RetireKey(_) => "retire-key",
            Self::ConfirmKey(_) => "confirm-key",
            Self::DeclareCompromise(_) => "declare-compromise",
            Self::Recognise(_) => "recognise",
        }
    }

    /// The record that the operation names; nothing where it is about a number or about none.
    pub const fn record(&self) -> Option<&StateKey> {
        match self {
            Self::Revoke(operation) => Some(&operation.record),
            Self::Cancel(operation) => Some(&operation.record),
            Self::Consume(operation) => Some(&operation.record),
            Self::AddRendition(operation) => Some(&operation.record),
            Self::Correct(operation) => Some(&operation.record),
            Self::Confirm(operation) => Some(&operation.record),
            Self::Reject(operation) => Some(&operation.record),
            Self::RequestReversal(operation) => Some(&operation.record),
            Self::AnswerReversal(operation) => Some(&operation.record),
            Self::WithdrawReversal(operation) => Some(&operation.record),
            Self::Reverse(operation) => Some(&operation.record),
            Self::Replace(operation) => Some(&operation.record),
            Self::Archive(operation) => Some(&operation.record),
            Self::Lock(operation) => Some(&operation.record),
            Self::Release(operation) => Some(&operation.record),
            Self::Clawback(operation) => Some(&operation.record),
            Self::HandOver(operation) => Some(&operation.record),
            Self::Suspend(operation) => Some(&operation.record),
            Self::Resume(operation) => Some(&operation.record),
            Self::Annul(operation) => Some(&operation.record),
            Self::Renew(operation) => Some(&operation.record),
            Self::TransferOut(operation) => Some(&operation.record),
            Self::TransferIn(operation) => Some(&operation.record),
            Self::CancelTransfer(operation) => Some(&operation.record),
            Self::Lend(operation) => Some(&operation.record),
            Self::Govern(_)
            | Self::AdmitAgency(_)
            | Self::ChangeAgency(_)
            | Self::AdmitMember(_)
            | Self::SetRegistrar(_)
            | Self::SetStanding(_)
            | Self::AddKey(_)
            | Self::RetireKey(_)
            | Self::ConfirmKey(_)
            | Self::DeclareCompromise(_)
            | Self::Recognise(_)
            | Self::Register(_)
            | Self::RequestRange(_)
            | Self::AllocateRange(_)
            | Self::ActivateRange(_)
            | Self::WithdrawRange(_)
            | Self::DelegateRange(_)
            | Self::VoidNumbers(_)
            | Self::Cover(_) => None,
        }
    }

    /// The digests that the operation adds to a document.
    pub fn digests(&self) -> &[Digest] {
        match self {
            Self::Register(register) => &register.digests,
            Self::AddRendition(rendition) => &rendition.digests,
            Self::Correct(correct) => &correct.digests,
            Self::Lend(lend) => &lend.terms.digests,
            _ => &[],
        }
    }

    /// The digest and the number of a document whose issuer has not registered it, where the use may
    /// be the first that the ledger hears of it.
    pub fn unattested(&self) -> Option<(&Digest, &Unattested)> {
        match self {
            Self::Lock(Lock { claim, .. }) | Self::Consume(Consume { claim, .. }) => claim
                .unattested
                .as_ref()
                .map(|unattested| (&claim.digest, unattested)),
            _ => None,
        }
    }

    /// The numbers that the operation is about.
    pub const fn numbering(&self) -> Option<&Numbering> {
        match self {
            Self::RequestRange(operation) => Some(&operation.numbering),
            Self::AllocateRange(operation) => Some(&operation.numbering),
            Self::ActivateRange(operation) => Some(&operation.numbering),
            Self::WithdrawRange(operation) => Some(&operation.numbering),
            Self::DelegateRange(operation) => Some(&operation.numbering),
            Self::VoidNumbers(operation) => Some(&operation.numbering),
            _ => None,
        }
    }
}
