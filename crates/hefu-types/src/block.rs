//! Blocks: statements in one decided order, and the entry that a block leaves in the log.
//!
//! A block is the canonical CBOR array [header, [statement, ...]]. The engine votes on the hash of
//! all its bytes ([`block_id`]). The header names what the ledger had reached before it, so that a
//! decided block says what more than two thirds reached.

use crate::bytes::{BlockId, EntryIndex, Hash, NetworkDigest, Signature, TreeSize};
use crate::canonical::{self, DecodeError};
use crate::statement::Statement;
use crate::suite::Suite;
use crate::time::Millis;
use minicbor::{Decode, Encode};

/// The longest block in bytes.
pub const BLOCK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most statements in a block.
pub const STATEMENTS_MAX: usize = 4_096;
/// The most operations in a block.
pub const BLOCK_OPERATIONS_MAX: usize = 65_536;
/// The most validators of a set.
pub const VALIDATORS_MAX: usize = 256;

/// The header of a block.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Header {
    /// The network.
    #[n(0)]
    pub network: NetworkDigest,
    /// Its height; the first block has height 1.
    #[n(1)]
    pub height: u64,
    /// Block time: the proposer's clock, at least one more than before.
    #[n(2)]
    pub time: Millis,
    /// The size of the log after the block before.
    #[n(3)]
    pub parent_size: TreeSize,
    /// The root of the log after the block before.
    #[n(4)]
    pub parent_log_root: Hash,
    /// The root of the state after the block before.
    #[n(5)]
    pub parent_state_root: Hash,
    /// The best quorum of cosignatures that the proposer has; outside log and roots.
    #[n(6)]
    pub carried: Option<CarriedQuorum>,
}

/// Cosignatures of one earlier checkpoint: exactly a quorum of the set of its epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CarriedQuorum {
    /// The height whose checkpoint is cosigned.
    #[n(0)]
    pub height: u64,
    /// Ascending by member.
    #[n(1)]
    pub cosignatures: Vec<MemberCosignature>,
}

/// A cosignature by a member of a validator set (C2SP tlog-cosignature, type 0x04).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MemberCosignature {
    /// The member's position in the set.
    #[n(0)]
    pub member: u16,
    /// When, in seconds since the epoch.
    #[n(1)]
    pub seconds: u64,
    /// By the member's checkpoint key.
    #[n(2)]
    pub signature: Signature,
}

/// A block whose bytes are canonical; whether it is valid, the rules say.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Block {
    /// The header.
    #[n(0)]
    pub header: Header,
    /// The statements in their order.
    #[n(1)]
    pub statements: Vec<Statement>,
}

impl Block {
    /// Reads the bytes of a block.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, BLOCK_BYTES_MAX)
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }
}

/// What the engine votes on: the hash of the whole block.
pub fn block_id(suite: Suite, block: &[u8]) -> BlockId {
    BlockId(suite.hash(&[b"hefu/block/0", block]).0)
}

/// The last log entry of a block: what executing it led to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BlockEntry {
    /// The block's height.
    #[n(0)]
    pub height: u64,
    /// Block time.
    #[n(1)]
    pub time: Millis,
    /// The version of the rules by which it was executed.
    #[n(2)]
    pub rules_version: u32,
    /// The validator set that decided it.
    #[n(3)]
    pub epoch: u64,
    /// The root of the state after it.
    #[n(4)]
    pub state_root: Hash,
    /// How many compromises of keys were declared so far.
    #[n(5)]
    pub compromise_counter: u64,
    /// What the engine voted on.
    #[n(6)]
    pub block_id: BlockId,
    /// The index of its first statement (of this entry, if it has none).
    #[n(7)]
    pub first_index: EntryIndex,
    /// How many statements it has; this entry follows them.
    #[n(8)]
    pub statement_count: u32,
    /// How many operations they have.
    #[n(9)]
    pub operation_count: u32,
    /// The root over the refusals, see [`Refusal`].
    #[n(10)]
    pub refusals_root: Hash,
    /// The hash of the text of the checkpoint before.
    #[n(11)]
    pub previous_checkpoint: Hash,
}

impl BlockEntry {
    /// Its bytes: a log entry. It begins with a map, a statement's entry with tag 18.
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads a block entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        canonical::decode(bytes, 1024)
    }

    /// The size of the log that ends with this entry.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.first_index.0 + u64::from(self.statement_count) + 1)
    }
}

/// One refused operation of a block. The list is ascending by index; its RFC 9162 root stands in
/// the block entry. An operation that is not in the list was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Refusal {
    /// The operation's position among all operations of the block.
    #[n(0)]
    pub index: u32,
    /// Why.
    #[n(1)]
    pub code: crate::code::Code,
}
