//! Ranges of numbers, and the promise that every document is registered.

use crate::profile::Identity;
use crate::time::Millis;
use minicbor::{Decode, Encode};

/// Numbers that are counted together: one type's of one legal issuer, class, series and period.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct Numbering {
    /// The document type.
    #[n(0)]
    pub document_type: String,
    /// The region.
    #[n(1)]
    pub region: String,
    /// See [`Identity::legal_issuer`].
    #[n(2)]
    pub legal_issuer: String,
    /// See [`Identity::class`].
    #[n(3)]
    #[serde(default)]
    pub class: String,
    /// See [`Identity::series`].
    #[n(4)]
    #[serde(default)]
    pub series: String,
    /// See [`Identity::period`].
    #[n(5)]
    #[serde(default)]
    pub period: String,
}

impl Numbering {
    /// The identity of one of its numbers.
    pub fn identity(&self, number: String) -> Identity {
        Identity {
            legal_issuer: self.legal_issuer.clone(),
            class: self.class.clone(),
            series: self.series.clone(),
            number,
            period: self.period.clone(),
        }
    }
}

/// See [`super::Operation::RequestRange`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RequestRange {
    /// Which numbers.
    #[n(0)]
    pub numbering: Numbering,
    /// The first, as a count.
    #[n(1)]
    pub first: u64,
    /// The last, inclusive.
    #[n(2)]
    pub last: u64,
    /// How many digits a number is written with, leading zeros included.
    #[n(3)]
    pub digits: u8,
}

/// See [`super::Operation::AllocateRange`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AllocateRange {
    /// Which numbers.
    #[n(0)]
    pub numbering: Numbering,
    /// The range, by its place in the numbering.
    #[n(1)]
    pub range: u32,
    /// Its numbers are issued before this time.
    #[n(2)]
    pub valid_before: Millis,
}

/// See [`super::Operation::ActivateRange`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ActivateRange {
    /// Which numbers.
    #[n(0)]
    pub numbering: Numbering,
    /// The range.
    #[n(1)]
    pub range: u32,
}

/// See [`super::Operation::WithdrawRange`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WithdrawRange {
    /// Which numbers.
    #[n(0)]
    pub numbering: Numbering,
    /// The range.
    #[n(1)]
    pub range: u32,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// See [`super::Operation::DelegateRange`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DelegateRange {
    /// Which numbers.
    #[n(0)]
    pub numbering: Numbering,
    /// The range out of which the branch gets some.
    #[n(1)]
    pub range: u32,
    /// The first number of the branch.
    #[n(2)]
    pub first: u64,
    /// Its last, inclusive.
    #[n(3)]
    pub last: u64,
    /// The agency of the branch.
    #[n(4)]
    pub to: String,
}

/// See [`super::Operation::VoidNumbers`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct VoidNumbers {
    /// Which numbers.
    #[n(0)]
    pub numbering: Numbering,
    /// The range.
    #[n(1)]
    pub range: u32,
    /// The first number that is void.
    #[n(2)]
    pub first: u64,
    /// The last, inclusive.
    #[n(3)]
    pub last: u64,
    /// Why.
    #[n(4)]
    pub reason: String,
}

/// See [`super::Operation::Cover`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cover {
    /// The document type.
    #[n(0)]
    pub document_type: String,
    /// The region.
    #[n(1)]
    pub region: String,
    /// Of documents issued from this time on.
    #[n(2)]
    pub from: Millis,
    /// Of documents issued before this time; absent: without an end.
    #[n(3)]
    pub before: Option<Millis>,
    /// Within so many milliseconds of their issue.
    #[n(4)]
    pub within_ms: u64,
}
