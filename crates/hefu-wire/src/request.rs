//! Requests for admission: what an agency, a member, a registrar or a seat of the council sends to who
//! admits it. Whoever makes one needs no connection, only the network file and its own keys.
//!
//! A request is JSON that people read. Nothing in it is believed: each key comes with the proof that its
//! holder has it, and what is granted is what the registrar signs.

use hefu_types::genesis::{ProvenKey, Seat};
use hefu_types::leaf::{Holder, KeyRole};
use hefu_types::operation::{member_commitment, AgencyTerms, SetRegistrar};
use hefu_types::{Hash, NetworkDigest, Salt, Suite};
use serde::{Deserialize, Serialize};

/// The longest request in bytes.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// A request, for one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The network: a proof of possession serves in no other.
    pub network: NetworkDigest,
    /// What is asked for.
    pub asks: Asks,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant)] // One a file.
pub enum Asks {
    /// To be admitted as an agency.
    Agency(AgencyRequest),
    /// To be admitted as a member.
    Member(MemberRequest),
    /// To be admitted as a registrar.
    Registrar(SetRegistrar),
    /// Another key for who was admitted.
    Key(KeyRequest),
    /// A seat of the council.
    Seat(Seat),
}

impl Asks {
    /// The word for what is asked for.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Agency(_) => "agency",
            Self::Member(_) => "member",
            Self::Registrar(_) => "registrar",
            Self::Key(_) => "key",
            Self::Seat(_) => "seat",
        }
    }
}

/// See [`Asks::Agency`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgencyRequest {
    /// What it is, and what it asks to issue.
    pub terms: AgencyTerms,
    /// Its first key.
    pub key: ProvenKey,
    /// A key that manages its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<ProvenKey>,
}

/// See [`Asks::Member`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRequest {
    /// Its id, random.
    pub id: String,
    /// Its region.
    pub region: String,
    /// The commitment to its legal identifier: all that the ledger learns of it.
    pub commitment: Hash,
    /// The identifier itself, for the registrar's eyes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<IdentifierOpening>,
    /// Its first key.
    pub key: ProvenKey,
}

/// What a member's commitment hides.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentifierOpening {
    /// The legal identifier.
    pub identifier: String,
    /// The salt.
    pub salt: Salt,
}

impl std::fmt::Debug for IdentifierOpening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentifierOpening")
    }
}

impl MemberRequest {
    /// The identifier, where it is opened and the commitment is to it; none where it is not opened.
    pub fn identifier(&self, suite: Suite) -> Result<Option<&str>, OtherIdentifier> {
        let Some(IdentifierOpening { identifier, salt }) = &self.opening else {
            return Ok(None);
        };
        if member_commitment(suite, &self.id, salt, identifier) == self.commitment {
            Ok(Some(identifier))
        } else {
            Err(OtherIdentifier)
        }
    }
}

/// A commitment that is to another identifier than the request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherIdentifier;

/// See [`Asks::Key`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// Whose the key is.
    pub holder: HolderName,
    /// What it may sign.
    pub role: KeyRole,
    /// The key.
    pub key: ProvenKey,
}

/// [`Holder`] as people write it: `{"agency": "gd-tax"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HolderName {
    /// An agency, by its id.
    Agency(String),
    /// A member, by its id.
    Member(String),
    /// A registrar, by its id.
    Registrar(String),
    /// A seat of the council, by its name.
    Council(String),
    /// A validator, by its name.
    Validator(String),
}

impl From<HolderName> for Holder {
    fn from(name: HolderName) -> Self {
        match name {
            HolderName::Agency(id) => Self::Agency(id),
            HolderName::Member(id) => Self::Member(id),
            HolderName::Registrar(id) => Self::Registrar(id),
            HolderName::Council(id) => Self::Council(id),
            HolderName::Validator(id) => Self::Validator(id),
        }
    }
}

impl From<Holder> for HolderName {
    fn from(holder: Holder) -> Self {
        match holder {
            Holder::Agency(id) => Self::Agency(id),
            Holder::Member(id) => Self::Member(id),
            Holder::Registrar(id) => Self::Registrar(id),
            Holder::Council(id) => Self::Council(id),
            Holder::Validator(id) => Self::Validator(id),
        }
    }
}

impl HolderName {
    /// The word for what it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Agency(_) => "agency",
            Self::Member(_) => "member",
            Self::Registrar(_) => "registrar",
            Self::Council(_) => "council",
            Self::Validator(_) => "validator",
        }
    }
}
