//! Who may do what: regions' registrars admit agencies and members, keys come and go, a region says
//! what it recognises of others.

use crate::bytes::{Hash, KeyId};
use crate::genesis::ProvenKey;
use crate::leaf::{Entitlement, Holder, KeyRole, RecognitionRule, RegistrarRight, Standing};
use crate::time::Millis;
use minicbor::{Decode, Encode};

/// The longest name or contact of an agency or registrar in bytes.
pub const LONG_NAME_BYTES_MAX: usize = 256;
/// The most entitlements of an agency, and rights of a registrar.
pub const ENTITLEMENTS_MAX: usize = 32;
/// The most prefixes of one entitlement or right.
pub const PREFIXES_MAX: usize = 64;
/// How many registrars may stand one above the other, the first included.
pub const REGISTRAR_LEVELS_MAX: usize = 4;

/// See [`super::Operation::AdmitAgency`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct AdmitAgency {
    /// What it is.
    #[n(0)]
    pub agency: AgencyTerms,
    /// Its first key, of role `agency`.
    #[n(1)]
    pub key: ProvenKey,
    /// The key signs before this time.
    #[n(2)]
    pub key_valid_before: Millis,
    /// A key that manages its keys, of role `agency-management`.
    #[n(3)]
    #[serde(default)]
    pub management_key: Option<ProvenKey>,
}

/// What is told of an agency when it is admitted or changed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct AgencyTerms {
    /// Its id.
    #[n(0)]
    pub id: String,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Its region, that of the registrar.
    #[n(2)]
    pub region: String,
    /// Where a clerk asks, in words.
    #[n(3)]
    pub contact: String,
    /// Its unified social credit code (GB 32100-2015), where it has one.
    #[n(4)]
    #[serde(default)]
    pub identifier: Option<String>,
    /// What it may issue or supervise.
    #[n(5)]
    pub entitlements: Vec<Entitlement>,
}

/// See [`super::Operation::ChangeAgency`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChangeAgency {
    /// What it is from now on; its region stays.
    #[n(0)]
    pub agency: AgencyTerms,
}

/// See [`super::Operation::AdmitMember`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct AdmitMember {
    /// Its id, random.
    #[n(0)]
    pub id: String,
    /// Its region, that of the registrar.
    #[n(1)]
    pub region: String,
    /// The commitment to its legal identifier, see [`super::member_commitment`].
    #[n(2)]
    pub identifier: Hash,
    /// Its first key, of role `member`.
    #[n(3)]
    pub key: ProvenKey,
    /// The key signs before this time.
    #[n(4)]
    pub key_valid_before: Millis,
}

/// See [`super::Operation::SetRegistrar`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct SetRegistrar {
    /// Its id.
    #[n(0)]
    pub id: String,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Its region.
    #[n(2)]
    pub region: String,
    /// To what it may entitle agencies: never to more than who admits it.
    #[n(3)]
    pub rights: Vec<RegistrarRight>,
    /// Whether it admits members.
    #[n(4)]
    pub admits_members: bool,
    /// Its first key, of role `registrar`; absent where it is there already and is changed.
    #[n(5)]
    #[serde(default)]
    pub key: Option<ProvenKey>,
}

/// See [`super::Operation::SetStanding`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetStanding {
    /// An agency, a member or a registrar.
    #[n(0)]
    pub of: Holder,
    /// From now on. What is retired stays so.
    #[n(1)]
    pub standing: Standing,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// See [`super::Operation::AddKey`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AddKey {
    /// Whose it is: an agency, a member or a registrar.
    #[n(0)]
    pub holder: Holder,
    /// The key, with its proof of possession by the name of [`Holder::possession_role`].
    #[n(1)]
    pub key: ProvenKey,
    /// What it may sign.
    #[n(2)]
    pub role: KeyRole,
    /// It signs from this time on; absent: at once.
    #[n(3)]
    pub valid_from: Option<Millis>,
    /// It signs before this time.
    #[n(4)]
    pub valid_before: Millis,
}

/// See [`super::Operation::RetireKey`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RetireKey {
    /// The key.
    #[n(0)]
    pub key: KeyId,
}

/// See [`super::Operation::ConfirmKey`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ConfirmKey {
    /// The key.
    #[n(0)]
    pub key: KeyId,
}

/// See [`super::Operation::DeclareCompromise`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeclareCompromise {
    /// The key.
    #[n(0)]
    pub key: KeyId,
    /// What it signed from this block time on is doubtful: not in the future, not before its last
    /// confirmation, and never later than what was declared before.
    #[n(1)]
    pub since: Millis,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// See [`super::Operation::Recognise`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Recognise {
    /// The rule; it takes the place of the region's rule for this type of that region.
    #[n(0)]
    pub rule: RecognitionRule,
}
