//! The columns of the store: what stands under which key.
//!
//! Numbers in keys are big-endian, so that rows stand in their order. Values are canonical CBOR
//! ([`hefu_types::canonical`]) except where the table says otherwise.
//!
//! | column | key | value |
//! | --- | --- | --- |
//! | `meta` | `format`, `network`, `head` | 0; the network digest; [height, size of the log] |
//! | `blocks` | height | [header, index of the block entry, log root, the engine's certificate] |
//! | `entries` | entry index | the bytes of the log entry |
//! | `operations` | entry index of the statement | its operations, as in the block: [byte string, ...] |
//! | `outcomes` | entry index of the statement | its outcomes, in the order of the operations |
//! | `refusals` | height | the refusals of the block; no row if there are none |
//! | `leaves` | state key, 2^64 - 1 - height | a tag (0 leaf, 1 record), then the bytes of the value |
//! | `changed` | height | the state keys that the block wrote, ascending, one after the other |
//! | `nodes` | level (1 byte), index | the 32 bytes of a log node |
//! | `statements` | statement id | [entry index, height, valid until] |
//! | `operation_ids` | operation id | [entry index, position]; only of accepted operations |
//! | `proposals` | height, round (4 bytes), id | opaque: an undecided proposal |
//! | `cosignatures` | height | opaque: the node's own cosignature |
//! | `published` | height | the checkpoint with its signatures |
//! | `handovers` | epoch of the set after | how that set came into force, see `hefu_proof::handover` |
//! | `evidence` | its hash | opaque: evidence of equivocation |
//!
//! A leaf has one row for each block that wrote it, the latest first: a reader seeks to the first row
//! at or below a height. The bytes of a block are not stored: they are rebuilt from `blocks`,
//! `entries` and `operations` and have to give the block id that the block entry names.
//!
//! Nothing is pruned: `proposals` are deleted with the block that decides their height, all else is
//! kept.

use hefu_types::{EntryIndex, StateKey};

/// A column of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // The table above says what each is.
pub enum Column {
    Meta,
    Blocks,
    Entries,
    Operations,
    Outcomes,
    Refusals,
    Leaves,
    Changed,
    Nodes,
    Statements,
    OperationIds,
    Proposals,
    Cosignatures,
    Published,
    Handovers,
    Evidence,
}

impl Column {
    /// All columns.
    pub const ALL: &'static [Self] = &[
        Self::Meta,
        Self::Blocks,
        Self::Entries,
        Self::Operations,
        Self::Outcomes,
        Self::Refusals,
        Self::Leaves,
        Self::Changed,
        Self::Nodes,
        Self::Statements,
        Self::OperationIds,
        Self::Proposals,
        Self::Cosignatures,
        Self::Published,
        Self::Handovers,
        Self::Evidence,
    ];

    /// Its name on disk and in faults.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Blocks => "blocks",
            Self::Entries => "entries",
            Self::Operations => "operations",
            Self::Outcomes => "outcomes",
            Self::Refusals => "refusals",
            Self::Leaves => "leaves",
            Self::Changed => "changed",
            Self::Nodes => "nodes",
            Self::Statements => "statements",
            Self::OperationIds => "operation_ids",
            Self::Proposals => "proposals",
            Self::Cosignatures => "cosignatures",
            Self::Published => "published",
            Self::Handovers => "handovers",
            Self::Evidence => "evidence",
        }
    }
}

/// Which network, which format, how far.
pub(crate) const META_FORMAT: &[u8] = b"format";
pub(crate) const META_NETWORK: &[u8] = b"network";
pub(crate) const META_HEAD: &[u8] = b"head";

/// The key of a height.
pub(crate) fn of_height(height: u64) -> [u8; 8] {
    height.to_be_bytes()
}

/// The key of an entry.
pub(crate) fn of_entry(index: EntryIndex) -> [u8; 8] {
    index.0.to_be_bytes()
}

/// The key of a log node.
pub(crate) fn of_node(level: u8, index: u64) -> [u8; 9] {
    let mut key = [0; 9];
    key[0] = level;
    key[1..].copy_from_slice(&index.to_be_bytes());
    key
}

/// The key of a leaf's row: under one state key the latest height stands first.
pub(crate) fn of_leaf(key: &StateKey, height: u64) -> [u8; LEAF_KEY_BYTES] {
    let mut row = [0; LEAF_KEY_BYTES];
    row[..StateKey::LEN].copy_from_slice(&key.0);
    row[StateKey::LEN..].copy_from_slice(&(u64::MAX - height).to_be_bytes());
    row
}

pub(crate) const LEAF_KEY_BYTES: usize = StateKey::LEN + 8;

/// The state key and the height of a leaf's row; `None` if the key of the row has another length.
pub(crate) fn leaf_of(row: &[u8]) -> Option<(StateKey, u64)> {
    let (key, height) = row.split_first_chunk::<{ StateKey::LEN }>()?;
    let height = u64::MAX - u64::from_be_bytes(height.try_into().ok()?);
    Some((StateKey(*key), height))
}

/// The key of a kept proposal.
pub(crate) fn of_proposal(height: u64, round: u32, id: &[u8]) -> Vec<u8> {
    [height.to_be_bytes().as_slice(), &round.to_be_bytes(), id].concat()
}

/// The log nodes that an entry completes, itself first: as `Frontier::append` tells them.
pub(crate) fn nodes_completed_by(index: u64) -> impl Iterator<Item = (u8, u64)> {
    (0..=index.trailing_ones() as u8).map(move |level| (level, index >> level))
}
