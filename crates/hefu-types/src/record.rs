//! Records: what the ledger knows of one document.
//!
//! The value hash of a record's leaf is H(public | private root): the canonical bytes of the
//! [`PublicPart`], then the 32 bytes of the root. The public part is for everybody; the private root is the
//! RFC 9162 root over the private items, each the canonical array [blinding, item], led by a 16-byte
//! blinding that its operation brought, so that a party opens its own item only. A record without private
//! items has the root of the empty tree.
//!
//! # Which operations a record names
//!
//! That an operation was done is said by what it left. The public part names it in `registration`,
//! `status_event`, `noted`, or the `event` of an entry of `past`. A [`UseItem`] names it in `operation`,
//! `lock`, `consumption`, `agreed`, or the `operation` of its `clawback`. A registration is named by
//! `registration` alone; one that added files to a document that was there already is named by the leaf of
//! each such file.

use crate::bytes::{Blinding, Digest, FactRoot, Hash, KeyId, OperationId, PrivateRoot, StateKey};
use crate::canonical::{self, DecodeError};
use crate::merkle;
use crate::operation::{Amount, UseRight};
use crate::suite::Suite;
use crate::time::Millis;
use minicbor::{decode, Decode, Decoder, Encode};
use std::ops::Range;

/// The longest record in bytes: eight files, eight links, four events and sixteen uses fit. What is
/// older folds into digest chains.
pub const RECORD_BYTES_MAX: usize = 4 * 1024;
/// The most events before the current status that stand in a record.
pub const PAST_MAX: usize = 3;
/// The most uses that stand in a record, those that no longer bind included.
pub const USES_MAX: usize = 16;
/// The most links of a record.
pub const LINKS_MAX: usize = 8;
/// The most open facts of a record.
pub const OPEN_FACTS_MAX: usize = 8;
/// The longest value of an open fact in bytes.
pub const OPEN_FACT_BYTES_MAX: usize = 128;

/// What the ledger knows of a document.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// For everybody.
    #[n(0)]
    pub public: PublicPart,
    /// For its parties, item by item.
    #[n(1)]
    pub private: Vec<PrivateItem>,
}

/// The part of a record that everybody may read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PublicPart {
    /// The document type.
    #[n(0)]
    pub document_type: String,
    /// The agency that registered it.
    #[n(1)]
    pub agency: String,
    /// The region for which it was issued.
    #[n(2)]
    pub region: String,
    /// The legal issuer that the document names.
    #[n(3)]
    pub legal_issuer: String,
    /// The digests of its renditions.
    #[n(4)]
    pub digests: Vec<Digest>,
    /// The root over its salted facts.
    #[n(5)]
    pub fact_root: Option<FactRoot>,
    /// Valid from this time on; absent: from ever.
    #[n(6)]
    pub valid_from: Option<Millis>,
    /// Valid before this time; absent: for ever.
    #[n(7)]
    pub valid_before: Option<Millis>,
    /// Who may use it.
    #[n(8)]
    pub use_right: Option<UseRight>,
    /// Its status.
    #[n(9)]
    pub status: Status,
    /// What it is used for, without by whom and how much; ascending by purpose.
    #[n(10)]
    pub uses: Vec<UseState>,
    /// Its registration.
    #[n(11)]
    pub registration: Event,
    /// The last event that changed its status; never a use.
    #[n(12)]
    pub status_event: Option<Event>,
    /// How many events it has had, the registration and uses included.
    #[n(13)]
    pub event_count: u32,
    /// The chain of the events before `past`.
    #[n(14)]
    pub history: Option<Folded>,
    /// The last events before the current status, the oldest first; at most [`PAST_MAX`].
    #[n(15)]
    pub past: Vec<PastStatus>,
    /// The request of a reversal that stands, or how the last one ended.
    #[n(16)]
    pub reversal: Option<Reversal>,
    /// Documents that this one is bound to, in the order of the events; at most [`LINKS_MAX`].
    #[n(17)]
    pub links: Vec<Link>,
    /// How it was issued without a connection.
    #[n(18)]
    pub offline: Option<OfflineIssue>,
    /// The agency that confirmed or rejected it, where the type is issued by two.
    #[n(19)]
    pub supervisor: Option<String>,
    /// Archived since.
    #[n(20)]
    pub archived_at: Option<Millis>,
    /// The last event that changed neither status nor use: a request of a reversal, an answer to it,
    /// another holder of the right to use, an archiving, a link.
    #[n(21)]
    pub noted: Option<Event>,
    /// Facts that everybody may read, in the order of the type's dictionary; at most
    /// [`OPEN_FACTS_MAX`].
    #[n(22)]
    pub open_facts: Vec<OpenFact>,
    /// Of a lending copy: of what, for what and for whom it was made.
    #[n(23)]
    pub copy: Option<CopyTerms>,
    /// The region to which a licence was transferred, while its state says so.
    #[n(24)]
    pub transferred_to: Option<String>,
}

/// A fact of a document that everybody may read, such as the grade of a licence.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct OpenFact {
    /// Its name in the type's dictionary.
    #[n(0)]
    pub name: String,
    /// What it says, at most [`OPEN_FACT_BYTES_MAX`].
    #[n(1)]
    pub value: String,
}

/// What a lending copy was made for: the annotated copy of GB/T 36903. It is valid until the record's
/// `valid_before`, and no longer than the licence that it is a copy of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CopyTerms {
    /// The record of the licence.
    #[n(0)]
    pub of: StateKey,
    /// The one purpose, in words.
    #[n(1)]
    pub purpose: String,
    /// The code of the matter for which it is shown.
    #[n(2)]
    pub matter: String,
    /// The commitment to who may rely on it, see [`crate::operation::copy_user`].
    #[n(3)]
    pub user: Hash,
    /// The member that had it made; none where the licence's agency did.
    #[n(4)]
    pub lent_by: Option<String>,
}

/// An event before the current status.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PastStatus {
    /// What it led to.
    #[n(0)]
    pub status: Status,
    /// The event.
    #[n(1)]
    pub event: Event,
}

/// What no longer stands in a record: H(chain | item) from 32 zero bytes on, for each that left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Folded {
    /// How many.
    #[n(0)]
    pub count: u32,
    /// The chain.
    #[n(1)]
    pub chain: Hash,
}

impl Folded {
    /// The chain with one more item.
    pub fn and<T: Encode<()>>(before: Option<Self>, suite: Suite, item: &T) -> Self {
        let before = before.unwrap_or(Self {
            count: 0,
            chain: Hash([0; 32]),
        });
        let item = canonical::encode(item);
        Self {
            count: before.count.saturating_add(1),
            chain: suite.hash(&[b"hefu/history/0", &before.chain.0, &item]),
        }
    }
}

/// A request to reverse an invoice that is in use, as everybody may know it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reversal {
    /// Where it stands. That it lapsed is derived, see `hefu_proof::derived`.
    #[n(0)]
    pub stage: ReversalStage,
    /// Who asked.
    #[n(1)]
    pub asked_by: Side,
    /// Why.
    #[n(2)]
    pub reason: String,
    /// When it was asked for.
    #[n(3)]
    pub asked_at: Millis,
    /// It lapses at this time unless the next step comes before.
    #[n(4)]
    pub deadline: Millis,
    /// The operation that asked: an answer names it.
    #[n(5)]
    pub request: OperationId,
}

/// The codes of the confirmation form for red letters of China, 01 to 09. 07 is derived from the
/// deadline and stands in no record.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum ReversalStage {
    /// 01: nobody uses the invoice, so nobody need agree.
    #[n(1)]
    NoConsentNeeded,
    /// 02: the issuer asked, who uses it has not answered.
    #[n(2)]
    AwaitsUser,
    /// 03: who uses it asked, the issuer has not answered.
    #[n(3)]
    AwaitsIssuer,
    /// 04: both agree.
    #[n(4)]
    Agreed,
    /// 05: the issuer asked, who uses it denied.
    #[n(5)]
    DeniedByUser,
    /// 06: who uses it asked, the issuer denied.
    #[n(6)]
    DeniedByIssuer,
    /// 07: nobody answered in time.
    #[n(7)]
    TimedOut,
    /// 08: taken back before an answer.
    #[n(8)]
    Withdrawn,
    /// 09: taken back after both agreed.
    #[n(9)]
    WithdrawnAfterAgreement,
}

impl ReversalStage {
    /// The code, 1 to 9.
    pub const fn number(self) -> u8 {
        match self {
            Self::NoConsentNeeded => 1,
            Self::AwaitsUser => 2,
            Self::AwaitsIssuer => 3,
            Self::Agreed => 4,
            Self::DeniedByUser => 5,
            Self::DeniedByIssuer => 6,
            Self::TimedOut => 7,
            Self::Withdrawn => 8,
            Self::WithdrawnAfterAgreement => 9,
        }
    }

    /// Whether the next step may still come, if its time is not over.
    pub const fn is_open(self) -> bool {
        self.number() <= 4
    }

    /// Whether nobody begins a new use meanwhile. What one who uses it asked for and the issuer has not
    /// agreed to keeps nobody else from it.
    pub const fn stops_use(self) -> bool {
        self.is_open() && !matches!(self, Self::AwaitsIssuer)
    }

    /// In English.
    pub const fn said_en(self) -> &'static str {
        match self {
            Self::NoConsentNeeded => "no consent needed",
            Self::AwaitsUser => "the issuer asked; awaits who uses it",
            Self::AwaitsIssuer => "who uses it asked; awaits the issuer",
            Self::Agreed => "both agree",
            Self::DeniedByUser => "void: denied by who uses it",
            Self::DeniedByIssuer => "void: denied by the issuer",
            Self::TimedOut => "void: not answered in time",
            Self::Withdrawn => "void: taken back",
            Self::WithdrawnAfterAgreement => "void: taken back after both agreed",
        }
    }

    /// In Chinese, as on the confirmation form.
    pub const fn said_zh(self) -> &'static str {
        match self {
            Self::NoConsentNeeded => "无需确认",
            Self::AwaitsUser => "销方录入待购方确认",
            Self::AwaitsIssuer => "购方录入待销方确认",
            Self::Agreed => "购销双方已确认",
            Self::DeniedByUser => "作废（销方录入购方否认）",
            Self::DeniedByIssuer => "作废（购方录入销方否认）",
            Self::TimedOut => "作废（超时未确认）",
            Self::Withdrawn => "作废（发起方已撤销）",
            Self::WithdrawnAfterAgreement => "作废（确认后撤销）",
        }
    }
}

/// A side of an invoice.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The agency that registered it.
    #[n(0)]
    Issuer,
    /// A member that uses it.
    #[n(1)]
    User,
}

/// A document that this one is bound to. The other has the link back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Link {
    /// How.
    #[n(0)]
    pub relation: Relation,
    /// The other's record.
    #[n(1)]
    pub record: StateKey,
}

/// How one document is bound to another.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// It is replaced by the other.
    #[n(0)]
    ReplacedBy,
    /// It replaces the other.
    #[n(1)]
    Replaces,
    /// The other is a credit note that reverses it, whole or in part.
    #[n(2)]
    ReversedBy,
    /// It is a credit note that reverses the other.
    #[n(3)]
    Reverses,
    /// It is superseded by the other, which renews or changes it.
    #[n(4)]
    RenewedBy,
    /// It renews or changes the other.
    #[n(5)]
    Renews,
    /// It was taken in by another region as the other.
    #[n(6)]
    TransferredTo,
    /// It takes in the other from another region.
    #[n(7)]
    TransferredFrom,
}

impl Relation {
    /// The word in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReplacedBy => "replaced-by",
            Self::Replaces => "replaces",
            Self::ReversedBy => "reversed-by",
            Self::Reverses => "reverses",
            Self::RenewedBy => "renewed-by",
            Self::Renews => "renews",
            Self::TransferredTo => "transferred-to",
            Self::TransferredFrom => "transferred-from",
        }
    }

    /// In Chinese.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::ReplacedBy => "已被替换为",
            Self::Replaces => "替换",
            Self::ReversedBy => "红冲发票为",
            Self::Reverses => "红冲",
            Self::RenewedBy => "已换发为",
            Self::Renews => "换发自",
            Self::TransferredTo => "已迁移为",
            Self::TransferredFrom => "迁移自",
        }
    }
}

/// A document that was issued without a connection.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OfflineIssue {
    /// When it was issued, as the agency says.
    #[n(0)]
    pub issued_at: Millis,
    /// Until when it was to be registered.
    #[n(1)]
    pub deadline: Millis,
    /// Whether it was registered later than that.
    #[n(2)]
    pub late: bool,
}

/// The status of a document, as an event left it; expiry is derived from the dates and a time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Status {
    /// The state.
    #[n(0)]
    pub state: State,
    /// From when it holds in law.
    #[n(1)]
    pub effective_at: Millis,
    /// The block time at which the ledger learnt of it.
    #[n(2)]
    pub recorded_at: Millis,
    /// Why.
    #[n(3)]
    pub reason: Option<String>,
    /// Of a suspension: it ends by itself at this time.
    #[n(4)]
    pub until: Option<Millis>,
}

/// The states of documents. That a licence is expired or not yet valid is derived from its dates.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Issued and not withdrawn.
    #[n(0)]
    Issued,
    /// An invoice that was voided within its window.
    #[n(1)]
    Cancelled,
    /// A licence that was taken away for good.
    #[n(2)]
    Revoked,
    /// Proposed by a unit; the supervising agency has not confirmed it.
    #[n(3)]
    Proposed,
    /// Proposed by a unit and rejected: it was never issued.
    #[n(4)]
    Rejected,
    /// An invoice of which a part was reversed; the rest is in force.
    #[n(5)]
    PartlyReversed,
    /// An invoice that was reversed whole.
    #[n(6)]
    Reversed,
    /// An invoice in whose place another stands.
    #[n(7)]
    Replaced,
    /// Its use was recorded by a member; no issuer has registered it.
    #[n(8)]
    Unattested,
    /// A licence that is withheld for some time.
    #[n(9)]
    Suspended,
    /// A licence that was withdrawn, also for a time that is past.
    #[n(10)]
    Annulled,
    /// A licence in whose place a renewed or changed one stands.
    #[n(11)]
    Superseded,
    /// A licence that left for another region.
    #[n(12)]
    TransferredOut,
}

impl State {
    /// The word in answers and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Cancelled => "cancelled",
            Self::Revoked => "revoked",
            Self::Proposed => "proposed",
            Self::Rejected => "rejected",
            Self::PartlyReversed => "partly-reversed",
            Self::Reversed => "reversed",
            Self::Replaced => "replaced",
            Self::Unattested => "unattested",
            Self::Suspended => "suspended",
            Self::Annulled => "annulled",
            Self::Superseded => "superseded",
            Self::TransferredOut => "transferred-out",
        }
    }

    /// In Chinese.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Issued => "有效",
            Self::Cancelled => "已作废",
            Self::Revoked => "已吊销",
            Self::Proposed => "待确认",
            Self::Rejected => "已驳回",
            Self::PartlyReversed => "已部分红冲",
            Self::Reversed => "已红冲",
            Self::Replaced => "已被替换",
            Self::Unattested => "开具方未登记",
            Self::Suspended => "已暂扣",
            Self::Annulled => "已撤销",
            Self::Superseded => "已换发",
            Self::TransferredOut => "已转出",
        }
    }

    /// The code of the state in the national interface for construction-safety licences: 01 valid, 02
    /// withheld, 03 withdrawn, 04 cancelled, 06 transferred out, 07 revoked, 99 other. 05, expired, is
    /// derived from the dates.
    pub const fn licence_code(self) -> &'static str {
        match self {
            Self::Issued => "01",
            Self::Suspended => "02",
            Self::Annulled => "03",
            Self::Cancelled => "04",
            Self::TransferredOut => "06",
            Self::Revoked => "07",
            _ => "99",
        }
    }

    /// Whether a document of this state is in force, as far as its dates allow.
    pub const fn is_in_force(self) -> bool {
        matches!(self, Self::Issued | Self::PartlyReversed)
    }

    /// Whether nothing leads out of this state but, where the profile allows it, the number's next
    /// registration.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Cancelled
                | Self::Revoked
                | Self::Rejected
                | Self::Reversed
                | Self::Replaced
                | Self::Annulled
                | Self::Superseded
        )
    }
}

/// The use of a document for one purpose, as everybody may know it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UseState {
    /// The purpose.
    #[n(0)]
    pub purpose: String,
    /// A part or all of it is used for good since this block time.
    #[n(1)]
    pub consumed_at: Option<Millis>,
    /// A part or all of it is locked; the last lock lapses at this block time.
    #[n(2)]
    pub locked_until: Option<Millis>,
    /// Whether uses and locks leave nothing for anybody else.
    #[n(3)]
    pub whole: bool,
    /// Whether the uses for good alone leave nothing.
    #[n(5)]
    pub consumed_whole: bool,
    /// Whether a use was recorded before the issuer registered the document, by a member whose right
    /// nobody has shown.
    #[n(4)]
    pub unattested: bool,
}

/// What a record keeps of an event.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Event {
    /// The operation.
    #[n(0)]
    pub operation: OperationId,
    /// The key that signed it.
    #[n(1)]
    pub key_id: KeyId,
    /// The block time.
    #[n(2)]
    pub block_time: Millis,
    /// The compromise counter then: if it has not moved, no key became doubtful since.
    #[n(3)]
    pub compromise_counter: u64,
}

/// An item of a record's private part: [blinding, item].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PrivateItem {
    /// Makes the item's hash unguessable.
    #[n(0)]
    pub blinding: Blinding,
    /// The item.
    #[n(1)]
    pub item: Item,
}

/// What only the parties of a document may read.
#[allow(clippy::large_enum_variant)] // Most items are uses, and a record has few.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// The total of an invoice.
    #[n(0)]
    Total(#[n(0)] Amount),
    /// One use or lock.
    #[n(1)]
    Use(#[n(0)] UseItem),
    /// One reversal.
    #[n(2)]
    Reversed(#[n(0)] ReversedItem),
    /// The reversal that is asked for.
    #[n(3)]
    Asked(#[n(0)] AskedReversal),
    /// The chain of uses that no longer bind and have left the record.
    #[n(4)]
    FoldedUses(#[n(0)] Folded),
    /// Of a credit note: how many minor units of other invoices it reverses.
    #[n(5)]
    Credited(#[n(0)] u64),
}

/// A reversal that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AskedReversal {
    /// How much, in minor units; none: all that is left.
    #[n(0)]
    pub minor_units: Option<u64>,
    /// The member that asked; none where the issuer did.
    #[n(1)]
    pub member: Option<String>,
}

/// One reversal of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReversedItem {
    /// How much, in minor units; none where the total is not known and all of it is reversed.
    #[n(0)]
    pub minor_units: Option<u64>,
    /// The operation.
    #[n(1)]
    pub operation: OperationId,
    /// The block time.
    #[n(2)]
    pub block_time: Millis,
    /// The record of the credit note.
    #[n(3)]
    pub credit_note: Option<StateKey>,
}

/// Minor units of a total: from `from`, before `to`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(map)]
pub struct Span {
    /// The first.
    #[n(0)]
    pub from: u64,
    /// The end, exclusive.
    #[n(1)]
    pub to: u64,
}

impl Span {
    /// How many minor units.
    pub const fn len(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.to <= self.from
    }

    /// Whether both hold a same minor unit.
    pub const fn meets(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// One use or lock of a document: it names the operations of `lock`, `consume`, and what ended it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UseItem {
    /// The purpose.
    #[n(0)]
    pub purpose: String,
    /// The member.
    #[n(1)]
    pub member: String,
    /// The operation that last wrote it.
    #[n(2)]
    pub operation: OperationId,
    /// The block time of the lock, and from the use on that of the use.
    #[n(3)]
    pub block_time: Millis,
    /// Which part of the total; none: all of a document whose total is not known.
    #[n(4)]
    pub share: Option<Span>,
    /// What it is.
    #[n(5)]
    pub state: UseItemState,
    /// The operation of the lock from which it came, or that it is.
    #[n(6)]
    pub lock: Option<OperationId>,
    /// The operation of the `consume`.
    #[n(7)]
    pub consumption: Option<OperationId>,
    /// How many minor units were taken back of it.
    #[n(8)]
    pub taken_back: u64,
    /// Recorded before the issuer registered the document.
    #[n(9)]
    pub unattested: bool,
    /// One side's signature under taking it back.
    #[n(10)]
    pub clawback: Option<AskedClawback>,
    /// The operation by which the member agreed to the reversal that stands.
    #[n(11)]
    pub agreed: Option<OperationId>,
}

/// What a [`UseItem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum UseItemState {
    /// A lock until this block time, halts of the ledger aside.
    #[n(0)]
    Locked(#[n(0)] Millis),
    /// Used for good.
    #[n(1)]
    Consumed,
    /// Given back by its member, or let go for a reversal.
    #[n(2)]
    Released,
    /// Taken back whole by both sides.
    #[n(3)]
    TakenBack,
    /// Set aside: who has the right to use took its place.
    #[n(4)]
    SetAside,
}

/// One side's signature under taking a use back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AskedClawback {
    /// Which side.
    #[n(0)]
    pub by: Side,
    /// How many minor units, from the end of the share; none: all.
    #[n(1)]
    pub minor_units: Option<u64>,
    /// The operation.
    #[n(2)]
    pub operation: OperationId,
    /// It lapses at this time.
    #[n(3)]
    pub deadline: Millis,
}

impl UseItem {
    /// Whether the item tells that an operation was done.
    pub fn names(&self, operation: &OperationId) -> bool {
        self.operation == *operation
            || self.lock.as_ref() == Some(operation)
            || self.consumption.as_ref() == Some(operation)
            || self.agreed.as_ref() == Some(operation)
            || (self.clawback.as_ref()).is_some_and(|asked| asked.operation == *operation)
    }
}

impl Status {
    /// A status without a reason.
    pub const fn new(state: State, effective_at: Millis, recorded_at: Millis) -> Self {
        Self {
            state,
            effective_at,
            recorded_at,
            reason: None,
            until: None,
        }
    }
}

impl PublicPart {
    /// A document of which nothing more is known than who registered it for whom.
    pub fn new(
        document_type: &str,
        agency: &str,
        region: &str,
        legal_issuer: &str,
        status: Status,
        registration: Event,
    ) -> Self {
        Self {
            document_type: document_type.to_owned(),
            agency: agency.to_owned(),
            region: region.to_owned(),
            legal_issuer: legal_issuer.to_owned(),
            digests: Vec::new(),
            fact_root: None,
            valid_from: None,
            valid_before: None,
            use_right: None,
            status,
            uses: Vec::new(),
            registration,
            status_event: None,
            event_count: 1,
            history: None,
            past: Vec::new(),
            reversal: None,
            links: Vec::new(),
            offline: None,
            supervisor: None,
            archived_at: None,
            noted: None,
            open_facts: Vec::new(),
            copy: None,
            transferred_to: None,
        }
    }

    /// Whether it tells that an operation was done: one that changed its status lately, or the last
    /// that is noted.
    pub fn names(&self, operation: &OperationId) -> bool {
        let past = self.past.iter().map(|past| &past.event);
        [&self.registration]
            .into_iter()
            .chain(&self.status_event)
            .chain(past)
            .chain(&self.noted)
            .any(|event| event.operation == *operation)
    }

    /// The value hash of a record with this public part.
    pub fn value_hash(&self, suite: Suite, private_root: &PrivateRoot) -> Hash {
        suite.hash(&[&canonical::encode(self), &private_root.0])
    }
}

/// A record's bytes in the store, and where its public part stands in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRecord {
    /// The bytes.
    pub bytes: Vec<u8>,
    public: Range<usize>,
    private_root: PrivateRoot,
}

impl EncodedRecord {
    /// The hash that stands in the state tree.
    pub fn value_hash(&self, suite: Suite) -> Hash {
        suite.hash(&[&self.bytes[self.public.clone()], &self.private_root.0])
    }
}

impl Record {
    /// The total, where it is known.
    pub fn total(&self) -> Option<&Amount> {
        self.private.iter().find_map(|item| match &item.item {
            Item::Total(total) => Some(total),
            _ => None,
        })
    }

    /// Its uses and locks, those that no longer bind included.
    pub fn uses(&self) -> impl Iterator<Item = &UseItem> {
        self.private.iter().filter_map(|item| match &item.item {
            Item::Use(used) => Some(used),
            _ => None,
        })
    }

    /// The same, to be changed.
    pub fn uses_mut(&mut self) -> impl Iterator<Item = &mut UseItem> {
        self.private
            .iter_mut()
            .filter_map(|item| match &mut item.item {
                Item::Use(used) => Some(used),
                _ => None,
            })
    }

    /// Its reversals.
    pub fn reversals(&self) -> impl Iterator<Item = &ReversedItem> {
        self.private.iter().filter_map(|item| match &item.item {
            Item::Reversed(reversed) => Some(reversed),
            _ => None,
        })
    }

    /// How many minor units were reversed.
    pub fn reversed(&self) -> u64 {
        let units = |item: &ReversedItem| item.minor_units.unwrap_or(0);
        self.reversals().map(units).fold(0, u64::saturating_add)
    }

    /// Its bytes in the store.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Its bytes and what its hash needs, made in one go.
    pub fn encoded(&self, suite: Suite) -> EncodedRecord {
        // The map {0: public, 1: private}.
        let mut bytes = Vec::with_capacity(384);
        bytes.extend([0xa2, 0]);
        canonical::encode_into(&self.public, &mut bytes);
        let public = 2..bytes.len();
        bytes.push(1);
        canonical::encode_into(&self.private, &mut bytes);
        EncodedRecord {
            bytes,
            public,
            private_root: self.private_root(suite),
        }
    }

    /// Reads a record.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, RECORD_BYTES_MAX)
    }

    /// The encodings of the private items: the leaves under the private root.
    pub fn private_leaves(&self) -> Vec<Vec<u8>> {
        self.private.iter().map(canonical::encode).collect()
    }

    /// The root over the private items.
    pub fn private_root(&self, suite: Suite) -> PrivateRoot {
        PrivateRoot(merkle::root(suite, &self.private_leaves()).0)
    }

    /// The hash that stands in the state tree.
    pub fn value_hash(&self, suite: Suite) -> Hash {
        self.public.value_hash(suite, &self.private_root(suite))
    }

    /// The same from the bytes of a record: what it holds is found and hashed as it stands there, which
    /// takes a fraction of the time of reading it. Bytes that were altered cannot be taken apart or lead
    /// to another hash; whether its parts can be read is not looked at.
    pub fn value_hash_of(suite: Suite, bytes: &[u8]) -> Result<Hash, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        let (public, private) = parts(&mut decoder, bytes)
            .map_err(|error| DecodeError::Malformed(error.to_string()))?;
        if decoder.position() != bytes.len() || bytes.len() > RECORD_BYTES_MAX {
            return Err(DecodeError::NotCanonical);
        }
        let private_root = merkle::root(suite, &private);
        Ok(suite.hash(&[public, &private_root.0]))
    }
}

/// The bytes of the public part and of each private item.
fn parts<'b>(
    decoder: &mut Decoder<'b>,
    bytes: &'b [u8],
) -> Result<(&'b [u8], Vec<&'b [u8]>), decode::Error> {
    let next = |what: &mut Decoder<'b>| {
        let from = what.position();
        what.skip()?;
        Ok::<_, decode::Error>(&bytes[from..what.position()])
    };
    // What no hash covers has to be as it is written: the map of two, its keys, the list's length.
    let other = || decode::Error::message("not the map of a public and a private part");
    if !(decoder.map()? == Some(2) && decoder.position() == 1 && next(decoder)? == [0]) {
        return Err(other());
    }
    let public = next(decoder)?;
    if next(decoder)? != [1] {
        return Err(other());
    }
    let from = decoder.position();
    let count = decoder.array()?.ok_or_else(other)?;
    let shortest = match count {
        0..=23 => 1,
        24..=255 => 2,
        _ => 3,
    };
    if decoder.position() - from != shortest {
        return Err(other());
    }
    let private = (0..count).map(|_| next(decoder));
    Ok((public, private.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(items: usize) -> Record {
        let event = Event {
            operation: OperationId([1; 32]),
            key_id: KeyId([2; 32]),
            block_time: Millis(3),
            compromise_counter: 0,
        };
        let item = |n: usize| PrivateItem {
            blinding: Blinding([n as u8; 16]),
            item: Item::Total(Amount {
                currency: "CNY".to_owned(),
                minor_units: n as i64 - 1,
            }),
        };
        Record {
            public: PublicPart {
                digests: vec![Digest([4; 32])],
                valid_before: Some(Millis(5)),
                ..PublicPart::new(
                    "invoice",
                    "bureau",
                    "north",
                    "税务局",
                    Status::new(State::Issued, Millis(3), Millis(3)),
                    event,
                )
            },
            private: (0..items).map(item).collect(),
        }
    }

    #[test]
    fn the_bytes_have_the_hash_of_the_record() {
        let suite = Suite::Sha256Ed25519;
        for items in [0, 1, 2, 23, 24, 40] {
            let record = record(items);
            let bytes = record.encode();
            let hash = record.value_hash(suite);
            assert_eq!(Record::value_hash_of(suite, &bytes), Ok(hash), "{items}");
            for bit in 0..bytes.len() * 8 {
                let mut altered = bytes.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(
                    Record::value_hash_of(suite, &altered),
                    Ok(hash),
                    "bit {bit}"
                );
            }
            for cut in 0..bytes.len() {
                assert!(Record::value_hash_of(suite, &bytes[..cut]).is_err());
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert!(Record::value_hash_of(suite, &longer).is_err());
        }
        // Other encodings of the same frame are not taken for it.
        let bytes = record(1).encode();
        let longer_map = [&[0xb8, 2], &bytes[1..]].concat();
        assert!(Record::value_hash_of(suite, &longer_map).is_err());
        let longer_key = [&[0xa2, 0x18, 0], &bytes[2..]].concat();
        assert!(Record::value_hash_of(suite, &longer_key).is_err());
    }
}
