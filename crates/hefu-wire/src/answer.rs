//! JSON answers and errors.

use hefu_types::{Code, EntryIndex, Millis, OperationId, StatementId};
use serde::{Deserialize, Serialize};

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementAnswer {
    /// The statement's identity.
    pub statement: StatementId,
    /// How far it is.
    pub state: StatementState,
    /// The height of its block, once executed.
    pub height: Option<u64>,
    /// Its log entry, once executed.
    pub entry: Option<EntryIndex>,
    /// What became of its operations, in their order, once executed.
    pub outcomes: Vec<OutcomeAnswer>,
}

/// How far a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatementState {
    /// In the pool of this node; no promise.
    Pending,
    /// In a decided block, executed here; the checkpoint is not yet published.
    Executed,
    /// Under a published checkpoint: receipts are ready.
    Final,
}

/// What became of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum OutcomeAnswer {
    /// Done.
    Accepted,
    /// Not done.
    Refused {
        /// The stable code.
        code: u16,
        /// What it means and what to do.
        sentence: String,
        /// The same in Chinese.
        sentence_zh: String,
        /// The operation that stands in the way.
        evidence: Option<OperationId>,
        /// What exactly is wrong.
        detail: Option<String>,
    },
}

/// An error as RFC 9457 problem details, with our code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:hefu:code:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sentence of the code.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// The HTTP status.
    pub status: u16,
    /// What exactly is wrong.
    pub detail: Option<String>,
    /// The stable code.
    pub code: u16,
}

impl Problem {
    /// The problem of a code.
    pub fn new(status: u16, code: Code, detail: Option<String>) -> Self {
        Self {
            kind: format!("urn:hefu:code:{}", code.number()),
            title: code.sentence_en().to_owned(),
            title_zh: code.sentence_zh().to_owned(),
            status,
            detail,
            code: code.number(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.title)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

/// Whether a node makes progress, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether the last block is younger than three heartbeats.
    pub healthy: bool,
    /// The validator's name.
    pub node: String,
    /// Whether it votes, or follows.
    pub votes: bool,
    /// The epoch of the next block, that is the number of its validator set.
    #[serde(default)]
    pub epoch: u64,
    /// The height of the last executed block.
    pub height: u64,
    /// The state root there, so that nodes can be compared.
    pub state_root: hefu_types::Hash,
    /// The log root there.
    pub log_root: hefu_types::Hash,
    /// The height of the last published checkpoint; none yet since this node started.
    pub published_height: Option<u64>,
    /// The time of the last executed block.
    #[serde(default)]
    pub block_time: Millis,
    /// The age of the last block in milliseconds, by this node's clock.
    pub block_age_ms: u64,
    /// Peers that are connected.
    pub peers: usize,
    /// Statements in the pool.
    pub pool: usize,
    /// Which rules the next block is executed by, and which come.
    #[serde(default)]
    pub rules: RulesHealth,
    /// The validator set that was written and waits to come into force.
    #[serde(default)]
    pub waiting: Option<WaitingSet>,
}

/// The versions of the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesHealth {
    /// The version under which the next block is executed.
    pub version: u32,
    /// The next version, once the council has set one.
    pub next: Option<NextRules>,
    /// The newest version that this node executes: before a newer one comes into force it stops.
    pub newest_known: u32,
}

/// A version of the rules that comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextRules {
    /// The version.
    pub version: u32,
    /// From the block of this height on.
    pub height: u64,
}

/// A validator set that is not yet in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingSet {
    /// Its epoch.
    pub epoch: u64,
    /// The height of the block that wrote it.
    pub since_height: u64,
}

/// What a key signed from a time on, as the log has it: what a compromise from then on would make
/// doubtful. It is counted by a node and not proven; the log itself is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCount {
    /// Statements of which an operation was accepted.
    pub statements: u64,
    /// Accepted operations that registered a document.
    pub registered: u64,
    /// All other accepted operations.
    pub other: u64,
    /// The block time of the first of these statements.
    pub first_at: Option<Millis>,
    /// The block time of the last.
    pub last_at: Option<Millis>,
    /// The entry from which to go on; none where the published log was counted to its end.
    pub next: Option<EntryIndex>,
}

impl SignedCount {
    /// Adds what the next part of the log has.
    pub fn add(&mut self, next: Self) {
        self.statements += next.statements;
        self.registered += next.registered;
        self.other += next.other;
        self.first_at = self.first_at.or(next.first_at);
        self.last_at = next.last_at.or(self.last_at);
        self.next = next.next;
    }
}
