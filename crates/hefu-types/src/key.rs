//! Keys of the state tree.
//!
//! A key is the hash of the canonical CBOR array [namespace, id] with its top bit overwritten: 1 for
//! records, digests and members (many), 0 for everything else (few). So the few that every light
//! client asks for have short proofs however many documents there are.
//!
//! | namespace | id | leaf |
//! | --- | --- | --- |
//! | `record` | the array [`crate::profile::LegalNumber`] | [`crate::record::Record`] |
//! | `record`, of a lending copy | [`copy`, key of the licence's record, number of the copy] | the same |
//! | `digest` | the digest, a byte string | [`crate::leaf::DigestLeaf`] |
//! | `key` | the key id, a byte string | [`crate::leaf::KeyLeaf`] |
//! | `agency`, `member`, `registrar` | its id, a text | `AgencyLeaf`, `MemberLeaf`, `RegistrarLeaf` |
//! | `type`, `region` | its id, a text | [`crate::leaf::TypeLeaf`], `RegionLeaf` |
//! | `coverage` | [type, region, agency] | [`crate::leaf::CoverageLeaf`] |
//! | `recognition` | [region that recognises, type, that of the document] | [`crate::leaf::RecognitionLeaf`] |
//! | `range` | [profile, key epoch, issuer, class, series, period] | [`crate::numbering::NumberingLeaf`] |
//! | `set` | the epoch, an integer | [`crate::leaf::SetLeaf`] |
//! | `action` | the action's id, a byte string | [`crate::leaf::ActionLeaf`] |
//! | `scope` | [profile, number of the part, prefix] | [`crate::leaf::ScopeLeaf`] |
//! | `rules`, `clock`, `council`, `parameters`, `set/current` | an empty array | the leaf of that name |

use crate::bytes::{ActionId, CopyNumber, Digest, KeyId, StateKey};
use crate::canonical;
use crate::leaf::Part;
use crate::operation::Numbering;
use crate::profile::{Profile, RecordId};
use crate::suite::Suite;
use minicbor::Encode;

/// A kind of leaf. The names are hashed: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// A document.
    Record,
    /// The digest of a rendition.
    Digest,
    /// A business that uses documents.
    Member,
    /// An agency that issues documents.
    Agency,
    /// A public key.
    Key,
    /// A document type.
    Type,
    /// A range of numbers.
    Range,
    /// A promise that every document is registered.
    Coverage,
    /// A rule of recognition between two regions.
    Recognition,
    /// The version of the rules.
    Rules,
    /// The ledger's clock and counters.
    Clock,
    /// An executed action of the council.
    Action,
    /// A validator set by its epoch.
    Set,
    /// The epoch in force.
    SetCurrent,
    /// A region.
    Region,
    /// Who admits agencies and members.
    Registrar,
    /// The seats of the council.
    Council,
    /// What the council sets for all nodes.
    Parameters,
    /// Which agency is in charge of the legal issuers that begin so.
    Scope,
}

impl Namespace {
    /// All namespaces.
    pub const ALL: &'static [Namespace] = &[
        Self::Record,
        Self::Digest,
        Self::Member,
        Self::Agency,
        Self::Key,
        Self::Type,
        Self::Range,
        Self::Coverage,
        Self::Recognition,
        Self::Rules,
        Self::Clock,
        Self::Action,
        Self::Set,
        Self::SetCurrent,
        Self::Region,
        Self::Registrar,
        Self::Council,
        Self::Parameters,
        Self::Scope,
    ];

    /// The name that is hashed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Digest => "digest",
            Self::Member => "member",
            Self::Agency => "agency",
            Self::Key => "key",
            Self::Type => "type",
            Self::Range => "range",
            Self::Coverage => "coverage",
            Self::Recognition => "recognition",
            Self::Rules => "rules",
            Self::Clock => "clock",
            Self::Action => "action",
            Self::Set => "set",
            Self::SetCurrent => "set/current",
            Self::Region => "region",
            Self::Registrar => "registrar",
            Self::Council => "council",
            Self::Parameters => "parameters",
            Self::Scope => "scope",
        }
    }

    const fn is_many(self) -> bool {
        matches!(self, Self::Record | Self::Digest | Self::Member)
    }
}

/// The key of an id in a namespace.
pub fn state_key<T: Encode<()>>(suite: Suite, namespace: Namespace, id: &T) -> StateKey {
    let mut bytes = vec![0x82];
    canonical::encode_into(&namespace.name(), &mut bytes);
    canonical::encode_into(id, &mut bytes);
    let mut key = suite.hash(&[&bytes]).0;
    key[0] = if namespace.is_many() {
        key[0] | 0x80
    } else {
        key[0] & 0x7f
    };
    StateKey(key)
}

/// The key of a document's record.
pub fn record(suite: Suite, number: &impl RecordId) -> StateKey {
    state_key(suite, Namespace::Record, number)
}

/// The key under which the record of a rendition is found.
pub fn digest(suite: Suite, digest: &Digest) -> StateKey {
    state_key(suite, Namespace::Digest, digest)
}

/// The key of a member.
pub fn member(suite: Suite, id: &str) -> StateKey {
    state_key(suite, Namespace::Member, &id)
}

/// The key of an agency.
pub fn agency(suite: Suite, id: &str) -> StateKey {
    state_key(suite, Namespace::Agency, &id)
}

/// The key of a public key.
pub fn public_key(suite: Suite, id: &KeyId) -> StateKey {
    state_key(suite, Namespace::Key, id)
}

/// The key of a document type.
pub fn document_type(suite: Suite, name: &str) -> StateKey {
    state_key(suite, Namespace::Type, &name)
}

/// The key of the ranges of a numbering. Types that share a profile share numbers, so neither type nor
/// region is part of it.
pub fn numbering(suite: Suite, profile: Profile, of: &Numbering) -> StateKey {
    let id = (
        profile.name(),
        0_u32,
        of.legal_issuer.as_str(),
        of.class.as_str(),
        of.series.as_str(),
        of.period.as_str(),
    );
    state_key(suite, Namespace::Range, &id)
}

/// The key of a promise of coverage.
pub fn coverage(suite: Suite, document_type: &str, region: &str, agency: &str) -> StateKey {
    state_key(suite, Namespace::Coverage, &(document_type, region, agency))
}

/// The key of the rule by which one region recognises a type of another.
pub fn recognition(suite: Suite, by: &str, document_type: &str, of: &str) -> StateKey {
    state_key(suite, Namespace::Recognition, &(by, document_type, of))
}

/// The key of the rules' version.
pub fn rules(suite: Suite) -> StateKey {
    state_key(suite, Namespace::Rules, &())
}

/// The key of the ledger's clock.
pub fn clock(suite: Suite) -> StateKey {
    state_key(suite, Namespace::Clock, &())
}

/// The key of a validator set.
pub fn set(suite: Suite, epoch: u64) -> StateKey {
    state_key(suite, Namespace::Set, &epoch)
}

/// The key of the epoch in force.
pub fn set_current(suite: Suite) -> StateKey {
    state_key(suite, Namespace::SetCurrent, &())
}

/// The key of an executed action of the council.
pub fn action(suite: Suite, id: &ActionId) -> StateKey {
    state_key(suite, Namespace::Action, id)
}

/// The key of a region.
pub fn region(suite: Suite, id: &str) -> StateKey {
    state_key(suite, Namespace::Region, &id)
}

/// The key of a registrar.
pub fn registrar(suite: Suite, id: &str) -> StateKey {
    state_key(suite, Namespace::Registrar, &id)
}

/// The key of the council's seats.
pub fn council(suite: Suite) -> StateKey {
    state_key(suite, Namespace::Council, &())
}

/// The key of what the council sets for all nodes.
pub fn parameters(suite: Suite) -> StateKey {
    state_key(suite, Namespace::Parameters, &())
}

/// The key of a prefix of legal issuers among the scopes of all agencies that play this part with
/// numbers of a profile.
pub fn scope(suite: Suite, profile: &str, part: Part, prefix: &str) -> StateKey {
    state_key(suite, Namespace::Scope, &(profile, part, prefix))
}

/// The key of the record of a lending copy.
pub fn copy(suite: Suite, of: &StateKey, number: &CopyNumber) -> StateKey {
    state_key(suite, Namespace::Record, &("copy", of, number))
}
