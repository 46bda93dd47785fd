//! What becomes of a document after its registration: renditions, corrections, confirmation,
//! reversal, replacement.

use super::{Amount, UseRight};
use crate::bytes::{Blinding, Digest, FactRoot, OperationId, StateKey};
use crate::record::OpenFact;
use minicbor::{Decode, Encode};

/// See [`super::Operation::AddRendition`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AddRendition {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// The digests of the new files, ascending.
    #[n(1)]
    pub digests: Vec<Digest>,
    /// The root over the salted facts, which must be the record's.
    #[n(2)]
    pub fact_root: FactRoot,
}

/// See [`super::Operation::Correct`]. Everything that it does not name is as in a registration.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Correct {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// The digests of the right files; they take the place of all that the record has.
    #[n(1)]
    pub digests: Vec<Digest>,
    /// The root over the right facts.
    #[n(2)]
    pub fact_root: Option<FactRoot>,
    /// The first day of validity.
    #[n(3)]
    pub valid_from: Option<String>,
    /// The last day of validity, inclusive.
    #[n(4)]
    pub valid_until: Option<String>,
    /// Who may use it.
    #[n(5)]
    pub use_right: Option<UseRight>,
    /// The total.
    #[n(6)]
    pub total: Option<Amount>,
    /// Why.
    #[n(7)]
    pub reason: String,
    /// Blinds the private items that this operation brings.
    #[n(8)]
    pub blinding: Blinding,
    /// The facts that everybody may read.
    #[n(9)]
    pub open_facts: Vec<OpenFact>,
}

/// See [`super::Operation::Confirm`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Confirm {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// How many events it had when the signer looked at it: what was corrected since is not confirmed.
    #[n(1)]
    pub event_count: u32,
}

/// See [`super::Operation::Reject`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reject {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Why.
    #[n(1)]
    pub reason: String,
}

/// See [`super::Operation::RequestReversal`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RequestReversal {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// How much of it, in minor units; absent: all that is left.
    #[n(1)]
    pub minor_units: Option<u64>,
    /// Why, such as `error`, `return`, `service-stopped` or `discount`.
    #[n(2)]
    pub reason: String,
    /// Blinds the private items that this operation brings.
    #[n(3)]
    pub blinding: Blinding,
}

/// See [`super::Operation::AnswerReversal`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AnswerReversal {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// Whether the signer agrees. A member that agrees lets go of what it has of the invoice as far as
    /// the reversal asks for it.
    #[n(1)]
    pub agrees: bool,
    /// The operation of the request that is answered: who asked may have asked for something else since.
    #[n(2)]
    pub request: OperationId,
}

/// See [`super::Operation::WithdrawReversal`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WithdrawReversal {
    /// The record.
    #[n(0)]
    pub record: StateKey,
}

/// See [`super::Operation::Reverse`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reverse {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// How much of it, in minor units; absent: all that is left. Where a request was agreed to, the
    /// amount of the request.
    #[n(1)]
    pub minor_units: Option<u64>,
    /// The record of the credit note, where there is one.
    #[n(2)]
    pub credit_note: Option<StateKey>,
    /// Why.
    #[n(3)]
    pub reason: String,
    /// Blinds the private items that this operation brings.
    #[n(4)]
    pub blinding: Blinding,
}

/// See [`super::Operation::Replace`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Replace {
    /// The record of the invoice that ends.
    #[n(0)]
    pub record: StateKey,
    /// The record of the invoice that takes its place: registered before, by the same agency for the
    /// same legal issuer.
    #[n(1)]
    pub by: StateKey,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// See [`super::Operation::Archive`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Archive {
    /// The record.
    #[n(0)]
    pub record: StateKey,
}
