//! Leaves of the state tree other than records: agencies, keys, members, types, rules.
//!
//! Each leaf names the operation that last wrote it; those of genesis name
//! [`genesis_operation`]. The value hash of a leaf is the hash of its encoding.

use crate::bytes::{Hash, KeyId, OperationId, PublicKey, StateKey};
use crate::canonical::{self, DecodeError};
use crate::numbering::NumberingLeaf;
use crate::suite::Suite;
use crate::time::Millis;
use minicbor::{Decode, Encode};

/// The longest leaf in bytes; the largest is a set of 256 validators.
pub const LEAF_BYTES_MAX: usize = 256 * 1024;

/// The operation that the leaves of genesis name.
pub fn genesis_operation(suite: Suite) -> OperationId {
    OperationId(suite.hash(&[b"hefu/genesis/0"]).0)
}

/// Anything that stands in the state tree except a record.
pub trait Leaf: Encode<()> + for<'b> Decode<'b, ()> {
    /// Its bytes.
    fn to_bytes(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads a leaf.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, LEAF_BYTES_MAX)
    }
}

/// The value hash of an encoded leaf that is not a record.
pub fn value_hash(suite: Suite, bytes: &[u8]) -> Hash {
    suite.hash(&[bytes])
}

/// Under the digest of a rendition: the record of its document.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DigestLeaf {
    /// The record.
    #[n(0)]
    pub record: StateKey,
    /// The operation that registered the rendition, or withdrew it.
    #[n(1)]
    pub operation: OperationId,
    /// Whether a correction or a second registration of the number put other files in its place: it is
    /// no file of the document any more, and may be one of another.
    #[n(2)]
    pub withdrawn: bool,
}

/// An agency that issues documents.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AgencyLeaf {
    /// Its id.
    #[n(0)]
    pub id: String,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Its region.
    #[n(2)]
    pub region: String,
    /// Where a clerk of another region asks, in words.
    #[n(3)]
    pub contact: String,
    /// Active, or suspended or retired.
    #[n(4)]
    pub active: bool,
    /// What it may issue.
    #[n(5)]
    pub entitlements: Vec<Entitlement>,
    /// The operation that last wrote this.
    #[n(6)]
    pub operation: OperationId,
}

/// The right to issue documents of a type for a region on behalf of some legal issuers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    /// The document type.
    #[n(0)]
    pub document_type: String,
    /// The region.
    #[n(1)]
    pub region: String,
    /// Prefixes of the identifiers of the legal issuers; the empty prefix means all. The scopes of
    /// one type never overlap, so that no agency can take another's numbers.
    #[n(2)]
    pub issuer_prefixes: Vec<String>,
    /// The legal basis that a refusal or a verdict cites.
    #[n(3)]
    pub legal_basis: String,
    /// What the agency does with such documents.
    #[n(4)]
    #[serde(default)]
    pub part: Part,
}

/// What an agency does with documents of a type.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Issues them; proposes them where the type is issued by two.
    #[n(0)]
    #[default]
    Issue,
    /// Confirms what others propose and allocates their ranges of numbers.
    #[n(1)]
    Supervise,
}

impl Entitlement {
    /// Whether the scope holds a legal issuer.
    pub fn covers(&self, legal_issuer: &str) -> bool {
        self.issuer_prefixes
            .iter()
            .any(|prefix| legal_issuer.starts_with(prefix.as_str()))
    }
}

/// Whose a key is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Holder {
    /// An agency, by its id.
    #[n(0)]
    Agency(#[n(0)] String),
    /// A member, by its id.
    #[n(1)]
    Member(#[n(0)] String),
    /// A registrar, by its id.
    #[n(2)]
    Registrar(#[n(0)] String),
    /// A seat of the council, by its name.
    #[n(3)]
    Council(#[n(0)] String),
    /// A validator, by its name; its keys stand in the set.
    #[n(4)]
    Validator(#[n(0)] String),
}

impl Holder {
    /// The id.
    pub fn id(&self) -> &str {
        let (Self::Agency(id)
        | Self::Member(id)
        | Self::Registrar(id)
        | Self::Council(id)
        | Self::Validator(id)) = self;
        id
    }
}

/// A public key: it belongs to one holder for ever.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyLeaf {
    /// The key.
    #[n(0)]
    pub key: PublicKey,
    /// Whose it is.
    #[n(1)]
    pub holder: Holder,
    /// May sign from this block time on.
    #[n(2)]
    pub valid_from: Millis,
    /// May sign before this block time.
    #[n(3)]
    pub valid_before: Millis,
    /// Retired at this block time.
    #[n(4)]
    pub retired_at: Option<Millis>,
    /// What it signed from this time on is doubtful.
    #[n(5)]
    pub compromised_since: Option<Millis>,
    /// The operation that last wrote this.
    #[n(6)]
    pub operation: OperationId,
}

impl KeyLeaf {
    /// Whether the key may sign a statement at this block time.
    pub fn signs_at(&self, time: Millis) -> bool {
        self.valid_from <= time
            && time < self.valid_before
            && self.retired_at.is_none_or(|at| time < at)
            && self.compromised_since.is_none_or(|since| time < since)
    }
}

/// A business that uses documents.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberLeaf {
    /// Its id, random: it says nothing about who it is.
    #[n(0)]
    pub id: String,
    /// The region that admitted it.
    #[n(1)]
    pub region: String,
    /// The commitment to its legal identifier, see [`crate::operation::member_commitment`].
    #[n(2)]
    pub identifier: Hash,
    /// Active, or suspended or retired.
    #[n(3)]
    pub active: bool,
    /// The operation that last wrote this.
    #[n(4)]
    pub operation: OperationId,
    /// How many locks as first member it may take now; none: as many as the bucket holds.
    #[n(5)]
    pub locks: Option<LockTokens>,
}

/// A bucket of tokens: each lock as first member takes one, and time brings them back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LockTokens {
    /// How many there were.
    #[n(0)]
    pub left: u32,
    /// At this block time.
    #[n(1)]
    pub at: Millis,
}

/// A kind of document.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is cancelled, reversed, and used.
    #[n(0)]
    Invoice,
    /// It is suspended, revoked, and recognised.
    #[n(1)]
    Licence,
}

/// What is the same in the genesis file and in the leaf of a document type.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct TypeRules {
    /// Its id, such as `invoice`.
    #[n(0)]
    pub id: String,
    /// Invoice or licence.
    #[n(1)]
    pub kind: Kind,
    /// Its name in Chinese.
    #[n(2)]
    pub name_zh: String,
    /// Its name in English.
    #[n(3)]
    pub name_en: String,
    /// The profile of its legal numbers.
    #[n(4)]
    pub profile: String,
    /// The zone of its dates in minutes ahead of UTC; 480 is that of China.
    #[n(5)]
    pub zone_minutes: i16,
    /// For what documents of this type are used.
    #[n(6)]
    pub purposes: Vec<PurposeRules>,
    /// Whether an issuer may leave the use to the first member.
    #[n(7)]
    pub first_member: bool,
    /// How long an unused document may be cancelled, in milliseconds.
    #[n(8)]
    pub cancel_window_ms: u64,
    /// Sets of purposes of which one excludes the others: what is used for one is used for all.
    #[n(9)]
    #[serde(default)]
    pub exclusions: Vec<Vec<String>>,
    /// How long a wrong registration may be corrected, in milliseconds.
    #[n(10)]
    #[serde(default)]
    pub correct_window_ms: u64,
    /// How long who uses an invoice has to answer, in milliseconds; by law 72 hours in China.
    #[n(11)]
    #[serde(default = "consent_ms")]
    pub consent_ms: u64,
    /// Within how many milliseconds a document that was issued without a connection is registered; 0:
    /// none is issued so.
    #[n(12)]
    #[serde(default)]
    pub offline_ms: u64,
    /// Whether an issuing agency only proposes and a supervising one confirms.
    #[n(13)]
    #[serde(default)]
    pub two_party: bool,
    /// Whether numbers come out of ranges that a supervising agency allocates.
    #[n(14)]
    #[serde(default)]
    pub ranges: bool,
    /// Whether members may record the use of documents that no issuer has registered.
    #[n(15)]
    #[serde(default)]
    pub unattested: bool,
}

/// 72 hours.
const fn consent_ms() -> u64 {
    72 * Millis::HOUR
}

/// A purpose for which documents of a type are used.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct PurposeRules {
    /// Its name, such as `reimburse`.
    #[n(0)]
    pub name: String,
    /// Whether several may each use a part of the total.
    #[n(1)]
    #[serde(default)]
    pub divisible: bool,
    /// For how long it may be locked, in milliseconds.
    #[n(2)]
    pub lock_ms_max: u64,
    /// Whether who comes too late is told by which member it is used.
    #[n(3)]
    #[serde(default)]
    pub names_member: bool,
}

impl PurposeRules {
    /// A purpose for which a document is used whole, locked for at most a day.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            divisible: false,
            lock_ms_max: 24 * Millis::HOUR,
            names_member: false,
        }
    }
}

impl TypeRules {
    /// A type of dates in China, whose documents are cancelled and corrected within a day where they
    /// are invoices, used by nobody, with numbers that the issuer takes as it likes.
    pub fn new(id: &str, kind: Kind, profile: &str) -> Self {
        let window_ms = match kind {
            Kind::Invoice => 24 * Millis::HOUR,
            Kind::Licence => 0,
        };
        Self {
            id: id.to_owned(),
            kind,
            name_zh: id.to_owned(),
            name_en: id.to_owned(),
            profile: profile.to_owned(),
            zone_minutes: 480,
            purposes: Vec::new(),
            first_member: false,
            cancel_window_ms: window_ms,
            exclusions: Vec::new(),
            correct_window_ms: 24 * Millis::HOUR,
            consent_ms: consent_ms(),
            offline_ms: 0,
            two_party: false,
            ranges: false,
            unattested: false,
        }
    }

    /// The rules of a purpose.
    pub fn purpose(&self, name: &str) -> Option<&PurposeRules> {
        self.purposes.iter().find(|purpose| purpose.name == name)
    }

    /// Whether what is used for one purpose is used for the other.
    pub fn excludes(&self, one: &str, other: &str) -> bool {
        let holds = |set: &Vec<String>, name: &str| set.iter().any(|purpose| purpose == name);
        one == other || (self.exclusions.iter()).any(|set| holds(set, one) && holds(set, other))
    }
}

/// A document type.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TypeLeaf {
    /// Its rules.
    #[n(0)]
    pub rules: TypeRules,
    /// The operation that last wrote this.
    #[n(1)]
    pub operation: OperationId,
}

/// What is the same in the genesis file and in the leaf of a rule of recognition.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct RecognitionRule {
    /// The region that recognises.
    #[n(0)]
    pub by: String,
    /// The document type.
    #[n(1)]
    pub document_type: String,
    /// The region that issued.
    #[n(2)]
    pub of: String,
    /// Recognised, or expressly not.
    #[n(3)]
    pub recognised: bool,
    /// The text that is cited.
    #[n(4)]
    pub citation: String,
    /// From this time on.
    #[n(5)]
    pub from: Millis,
}

/// A rule of recognition.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RecognitionLeaf {
    /// The rule.
    #[n(0)]
    pub rule: RecognitionRule,
    /// The operation that last wrote this.
    #[n(1)]
    pub operation: OperationId,
}

/// An agency's promise that every document of a type is registered within some hours.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CoverageLeaf {
    /// The document type.
    #[n(0)]
    pub document_type: String,
    /// The region.
    #[n(1)]
    pub region: String,
    /// The agency.
    #[n(2)]
    pub agency: String,
    /// Of documents issued from this time on.
    #[n(3)]
    pub from: Millis,
    /// Within so many milliseconds of their issue.
    #[n(4)]
    pub within_ms: u64,
    /// The operation that last wrote this.
    #[n(5)]
    pub operation: OperationId,
    /// Of documents issued before this time; absent: without an end.
    #[n(6)]
    pub before: Option<Millis>,
}

/// The version of the rules in force and the next.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RulesLeaf {
    /// In force.
    #[n(0)]
    pub version: u32,
    /// The next version and its activation height.
    #[n(1)]
    pub next: Option<(u32, u64)>,
    /// The operation that last wrote this.
    #[n(2)]
    pub operation: OperationId,
}

/// The ledger's clock and counters. Every block writes it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ClockLeaf {
    /// The time of the last block.
    #[n(0)]
    pub block_time: Millis,
    /// The time of the last block before the last halt, and of the block after it: a halt is a gap
    /// of more than one hour.
    #[n(1)]
    pub last_halt: Option<(Millis, Millis)>,
    /// How many compromises of keys were declared.
    #[n(2)]
    pub compromise_counter: u64,
    /// The council's epoch.
    #[n(3)]
    pub council_epoch: u64,
}

/// A validator as the set holds it. Its keys are all different.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Validator {
    /// Its name, unique in the set; cosignatures carry it.
    #[n(0)]
    pub name: String,
    /// Its region.
    #[n(1)]
    pub region: String,
    /// Votes and proposals.
    #[n(2)]
    pub consensus_key: PublicKey,
    /// Cosignatures of checkpoints.
    #[n(3)]
    pub checkpoint_key: PublicKey,
    /// Signatures in the log's name.
    #[n(4)]
    pub log_key: PublicKey,
    /// libp2p, both swarms.
    #[n(5)]
    pub peer_key: PublicKey,
    /// Where it listens; none for those of genesis, whose addresses stand in the nodes' configuration.
    #[n(6)]
    pub addresses: Option<Addresses>,
}

/// Where a validator listens for the others: multiaddrs without a peer id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Addresses {
    /// Its engine.
    #[n(0)]
    pub engine: String,
    /// Its gossip.
    #[n(1)]
    pub gossip: String,
}

/// A whole validator set, in one leaf, in the order of its members.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetLeaf {
    /// Its epoch.
    #[n(0)]
    pub epoch: u64,
    /// The members.
    #[n(1)]
    pub validators: Vec<Validator>,
    /// The operation that wrote this; a set is written once.
    #[n(2)]
    pub operation: OperationId,
}

impl SetLeaf {
    /// How many cosignatures make a quorum: floor(2n/3) + 1.
    pub fn quorum(&self) -> usize {
        quorum(self.validators.len())
    }
}

/// floor(2n/3) + 1.
pub const fn quorum(validators: usize) -> usize {
    2 * validators / 3 + 1
}

/// The validator set in force.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetCurrentLeaf {
    /// Its epoch.
    #[n(0)]
    pub epoch: u64,
    /// The first height that it decides.
    #[n(1)]
    pub first_height: u64,
    /// The height of the block that wrote `set/<epoch + 1>`; none when no set waits.
    #[n(2)]
    pub waiting_since: Option<u64>,
}

macro_rules! leaves {
    ($($name:ident),*) => { $(impl Leaf for $name {})* };
}
leaves!(
    DigestLeaf,
    AgencyLeaf,
    KeyLeaf,
    MemberLeaf,
    TypeLeaf,
    RecognitionLeaf,
    CoverageLeaf,
    NumberingLeaf,
    RulesLeaf,
    ClockLeaf,
    SetLeaf,
    SetCurrentLeaf
);

/// The key ids of a validator, for the rule that a key stands in one place for ever.
pub fn validator_keys(suite: Suite, validator: &Validator) -> [KeyId; 4] {
    [
        suite.key_id(&validator.consensus_key),
        suite.key_id(&validator.checkpoint_key),
        suite.key_id(&validator.log_key),
        suite.key_id(&validator.peer_key),
    ]
}
