//! Leaves of the state tree other than records: agencies, keys, members, types, rules.
//!
//! Each leaf names the operation that last wrote it; those of genesis name
//! [`genesis_operation`]. The value hash of a leaf is the hash of its encoding, without any label; which
//! leaf stands under a key is told by the key's namespace ([`crate::key`]).

use crate::bytes::{Hash, KeyId, OperationId, PublicKey, StateKey};
use crate::canonical::{self, DecodeError};
use crate::genesis::Region;
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
    /// Active, suspended or retired.
    #[n(4)]
    pub standing: Standing,
    /// What it may issue.
    #[n(5)]
    pub entitlements: Vec<Entitlement>,
    /// The operation that last wrote this.
    #[n(6)]
    pub operation: OperationId,
    /// Its unified social credit code, where it has one.
    #[n(7)]
    pub identifier: Option<String>,
    /// The registrar that admitted it; none where genesis did.
    #[n(8)]
    pub registrar: Option<String>,
}

/// Whether who was admitted may act.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// May act.
    #[n(0)]
    #[default]
    Active,
    /// May not act until it is active again.
    #[n(1)]
    Suspended,
    /// Has ended for good.
    #[n(2)]
    Retired,
}

impl Standing {
    /// Whether it may act.
    pub fn is_active(self) -> bool {
        self == Self::Active
    }

    /// The word in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Retired => "retired",
        }
    }

    /// In Chinese.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Active => "有效",
            Self::Suspended => "已暂停",
            Self::Retired => "已注销",
        }
    }
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
    /// The role in proofs of possession of its keys, see [`crate::possession`].
    pub const fn possession_role(&self, role: KeyRole) -> &'static str {
        match (self, role) {
            (Self::Agency(_), KeyRole::Operational) => "agency",
            (Self::Agency(_), KeyRole::Management) => "agency-management",
            (Self::Member(_), KeyRole::Operational) => "member",
            (Self::Member(_), KeyRole::Management) => "member-management",
            (Self::Registrar(_), KeyRole::Operational) => "registrar",
            (Self::Registrar(_), KeyRole::Management) => "registrar-management",
            (Self::Council(_), _) => "council",
            (Self::Validator(_), _) => "validator",
        }
    }

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
    /// What it may sign.
    #[n(7)]
    pub role: KeyRole,
    /// Its holder was found to have it to himself at this block time: no compromise is declared from an
    /// earlier time on.
    #[n(8)]
    pub confirmed_at: Option<Millis>,
}

/// What a key may sign: who works with it every day cannot change who may.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRole {
    /// All that its holder does but to manage keys.
    #[n(0)]
    #[default]
    Operational,
    /// Adds and retires the keys of its holder, and nothing else.
    #[n(1)]
    Management,
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
    /// Active, suspended or retired.
    #[n(3)]
    pub standing: Standing,
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
    /// The dictionary of its facts.
    #[n(16)]
    #[serde(default)]
    pub facts: Vec<FactField>,
    /// How copies of a licence are lent; none: not at all.
    #[n(17)]
    #[serde(default)]
    pub lending: Option<LendingRules>,
}

/// A fact that documents of a type state.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct FactField {
    /// Its name in records, receipts and conditions, such as `grade`.
    #[n(0)]
    pub name: String,
    /// In Chinese.
    #[n(1)]
    pub name_zh: String,
    /// In English.
    #[n(2)]
    pub name_en: String,
    /// Whether it stands in the record for everybody; else it is sealed under the fact root.
    #[n(3)]
    #[serde(default)]
    pub open: bool,
}

/// How copies of licences of a type are lent for one use.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct LendingRules {
    /// For how long at most, in milliseconds.
    #[n(0)]
    pub ms_max: u64,
    /// Whether the licence's holder must consent where the agency lends.
    #[n(1)]
    #[serde(default)]
    pub consent: bool,
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
            facts: Vec::new(),
            lending: None,
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
    /// Before this time; absent: until another rule takes its place.
    #[n(6)]
    #[serde(default)]
    pub until: Option<Millis>,
    /// All of these must hold of a document; at most [`CONDITIONS_MAX`].
    #[n(7)]
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// The wording of the rule, for the clerk who reads it; at most [`RULE_TEXT_BYTES_MAX`].
    #[n(8)]
    #[serde(default)]
    pub text: String,
}

/// The most conditions of a rule of recognition.
pub const CONDITIONS_MAX: usize = 8;
/// The most values that a condition admits.
pub const CONDITION_VALUES_MAX: usize = 16;
/// The longest wording of a rule of recognition in bytes.
pub const RULE_TEXT_BYTES_MAX: usize = 2 * 1024;

/// What must hold of a document that a region recognises.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Condition {
    /// A fact, open or shown in the receipt, says one of these.
    #[n(0)]
    Fact {
        /// The name in the type's dictionary.
        #[n(0)]
        name: String,
        /// The values that are admitted.
        #[n(1)]
        any_of: Vec<String>,
    },
    /// It was registered at or after this time.
    #[n(1)]
    RegisteredFrom(#[n(0)] Millis),
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

impl RulesLeaf {
    /// The version under which the block of a height is executed.
    pub fn at(&self, height: u64) -> u32 {
        match self.next {
            Some((version, from)) if from <= height => version,
            _ => self.version,
        }
    }
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
    /// Where the others reach it; none of those of genesis, which every node's configuration names.
    #[n(6)]
    pub addresses: Option<Addresses>,
}

/// Where a validator is reached: multiaddrs without a peer id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct Addresses {
    /// Its engine.
    #[n(0)]
    pub engine: String,
    /// Its swarm for statements and cosignatures.
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
    /// The height of the block that wrote the next set, while that set waits to come into force.
    #[n(2)]
    pub waiting_since: Option<u64>,
}

/// A region of the network, usually a province.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegionLeaf {
    /// The region.
    #[n(0)]
    pub region: Region,
    /// The operation that last wrote this.
    #[n(1)]
    pub operation: OperationId,
}

/// Who admits agencies and members of a region, within the rights of who admitted it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegistrarLeaf {
    /// Its id.
    #[n(0)]
    pub id: String,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Its region.
    #[n(2)]
    pub region: String,
    /// The registrar above it; none: the council.
    #[n(3)]
    pub parent: Option<String>,
    /// To what it may entitle agencies.
    #[n(4)]
    pub rights: Vec<RegistrarRight>,
    /// Whether it admits members.
    #[n(5)]
    pub admits_members: bool,
    /// Active, suspended or retired.
    #[n(6)]
    pub standing: Standing,
    /// The operation that last wrote this.
    #[n(7)]
    pub operation: OperationId,
}

/// To what a registrar may entitle agencies of its region.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct RegistrarRight {
    /// The document type; absent: every type.
    #[n(0)]
    #[serde(default)]
    pub document_type: Option<String>,
    /// Prefixes of the legal issuers; the empty prefix means all.
    #[n(1)]
    pub issuer_prefixes: Vec<String>,
}

impl RegistrarRight {
    /// Everything.
    pub fn all() -> Self {
        Self {
            document_type: None,
            issuer_prefixes: vec![String::new()],
        }
    }

    /// Whether it holds the issuers of a prefix for a type, or for every type.
    pub fn covers(&self, document_type: Option<&str>, prefix: &str) -> bool {
        let of_type = match (&self.document_type, document_type) {
            (None, _) => true,
            (Some(own), Some(asked)) => own == asked,
            (Some(_), None) => false,
        };
        of_type && (self.issuer_prefixes.iter()).any(|own| prefix.starts_with(own.as_str()))
    }
}

/// The seats of the council.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CouncilLeaf {
    /// How many seats must sign.
    #[n(0)]
    pub threshold: u32,
    /// The seats.
    #[n(1)]
    pub seats: Vec<CouncilSeat>,
    /// The operation that last wrote this.
    #[n(2)]
    pub operation: OperationId,
}

/// A seat of the council.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CouncilSeat {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// Its key.
    #[n(1)]
    pub key: PublicKey,
}

/// What the council sets for all nodes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ParametersLeaf {
    /// The parameters.
    #[n(0)]
    pub parameters: Parameters,
    /// The operation that last wrote this.
    #[n(1)]
    pub operation: OperationId,
}

/// What the council sets for all nodes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// How long an idle network rests between two blocks, in milliseconds.
    #[n(0)]
    pub heartbeat_ms: u64,
}

impl Parameters {
    /// Whether nodes can work with them.
    pub fn are_usable(&self) -> bool {
        (100..=600_000).contains(&self.heartbeat_ms)
    }
}

/// An executed action of the council: it is not executed again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ActionLeaf {
    /// The operation that executed it.
    #[n(0)]
    pub operation: OperationId,
    /// The block time.
    #[n(1)]
    pub executed_at: Millis,
    /// The hash of its canonical bytes.
    #[n(2)]
    pub action: Hash,
}

/// A prefix of legal issuers: which agency is in charge of them, and whether any is in charge of some
/// that begin so. No prefix that has an agency begins another that has one, so the leaves of the
/// beginnings of an issuer show that one agency is in charge of it, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ScopeLeaf {
    /// The agency whose scope has exactly this prefix.
    #[n(0)]
    pub agency: Option<String>,
    /// In how many scopes of agencies longer prefixes stand that begin with this one.
    #[n(1)]
    pub below: u32,
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
    SetCurrentLeaf,
    RegionLeaf,
    RegistrarLeaf,
    CouncilLeaf,
    ParametersLeaf,
    ActionLeaf,
    ScopeLeaf
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
