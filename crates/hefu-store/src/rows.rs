//! The rows that are the store's own, and how a row becomes a value or a fault.

use crate::columns::Column;
use crate::fault::{row_name, StoreFault};
use hefu_types::canonical;
use hefu_types::leaf;
use hefu_types::record::Record;
use hefu_types::{EntryIndex, Hash, Millis, Suite, TreeSize};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// The last block and the size of the log with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Head {
    #[n(0)]
    pub height: u64,
    #[n(1)]
    pub size: TreeSize,
}

/// What is kept of a block beside its entries and operations.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct BlockRow {
    /// The canonical bytes of the header.
    #[n(0)]
    pub header: ByteVec,
    /// Where the block entry stands.
    #[n(1)]
    pub entry: EntryIndex,
    /// The root of the log that ends with the block entry.
    #[n(2)]
    pub log_root: Hash,
    /// How the engine shows that the block is decided; opaque here.
    #[n(3)]
    pub certificate: ByteVec,
}

/// Where a statement stands. Until `valid_until` it is in the window, in which no statement is
/// executed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StatementPosition {
    /// Its log entry.
    #[n(0)]
    pub entry: EntryIndex,
    /// Its block.
    #[n(1)]
    pub height: u64,
    /// Until which block time it could be taken.
    #[n(2)]
    pub valid_until: Millis,
}

/// Where an accepted operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OperationPosition {
    /// The log entry of its statement.
    #[n(0)]
    pub entry: EntryIndex,
    /// Its position in the statement.
    #[n(1)]
    pub index: u32,
}

/// Reads a row that this crate wrote.
pub(crate) fn read<'b, T: Encode<()> + Decode<'b, ()>>(
    column: Column,
    key: &[u8],
    bytes: &'b [u8],
) -> Result<T, StoreFault> {
    canonical::decode(bytes, usize::MAX)
        .map_err(|error| StoreFault::corrupt(column, row_name(key), error))
}

/// Reads a row of 32 bytes.
pub(crate) fn read_hash(column: Column, key: &[u8], bytes: &[u8]) -> Result<Hash, StoreFault> {
    Hash::try_from(bytes)
        .map_err(|_| StoreFault::corrupt(column, row_name(key), "it has not 32 bytes"))
}

/// The value of a leaf's row: a tag, then the bytes. A record is hashed otherwise than other leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    is_record: bool,
    pub bytes: &'a [u8],
}

const TAG_LEAF: u8 = 0;
const TAG_RECORD: u8 = 1;

impl<'a> Value<'a> {
    /// Whether it is a record.
    pub fn is_record(self) -> bool {
        self.is_record
    }

    pub fn encode(is_record: bool, bytes: &[u8], row: &mut Vec<u8>) {
        row.clear();
        row.push(if is_record { TAG_RECORD } else { TAG_LEAF });
        row.extend_from_slice(bytes);
    }

    pub fn read(key: &[u8], row: &'a [u8]) -> Result<Self, StoreFault> {
        let fault = |why: &str| StoreFault::corrupt(Column::Leaves, row_name(key), why);
        match row.split_first() {
            Some((&TAG_LEAF, bytes)) => Ok(Self {
                is_record: false,
                bytes,
            }),
            Some((&TAG_RECORD, bytes)) => Ok(Self {
                is_record: true,
                bytes,
            }),
            Some(_) => Err(fault("its tag is neither that of a record nor of a leaf")),
            None => Err(fault("it is empty")),
        }
    }

    /// What stands in the state tree.
    pub fn hash(self, suite: Suite, key: &[u8]) -> Result<Hash, StoreFault> {
        if !self.is_record {
            return Ok(leaf::value_hash(suite, self.bytes));
        }
        Record::value_hash_of(suite, self.bytes).map_err(|error| {
            let why = format!("the record cannot be read: {error}");
            StoreFault::corrupt(Column::Leaves, row_name(key), why)
        })
    }
}
