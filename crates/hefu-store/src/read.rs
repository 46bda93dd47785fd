//! Reading. `None` says that the ledger has no such thing; a row that has to be there and is not is a
//! fault.

use crate::columns::{of_entry, of_height, of_leaf, of_node, Column};
use crate::database::Step;
use crate::fault::{row_name, StoreFault};
use crate::rows::{self, BlockRow, OperationPosition, StatementPosition, Value};
use crate::Store;
use hefu_proof::checkpoint::Checkpoint;
use hefu_state::Outcome;
use hefu_types::block::{block_id, BlockEntry, Refusal};
use hefu_types::{EntryIndex, Hash, OperationId, StateKey, StatementId};
use minicbor::bytes::ByteVec;

/// A decided block as the engine hands it to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlock {
    /// The canonical bytes on which the engine voted.
    pub bytes: Vec<u8>,
    /// How the engine shows that it is decided; opaque to the store.
    pub certificate: Vec<u8>,
}

/// Figures for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// The height of the last block.
    pub height: u64,
    /// The size of the log.
    pub log_size: u64,
    /// All files of the store, the log of writes included.
    pub disk_bytes: u64,
    /// The cache of blocks and the rows that are not in files yet.
    pub memory_bytes: u64,
    /// By column.
    pub columns: Vec<ColumnStatistics>,
}

/// Figures of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnStatistics {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has, about.
    pub rows: u64,
    /// Its files.
    pub disk_bytes: u64,
}

impl Store {
    /// The bytes of all files of the store, the log of writes included.
    pub fn disk_bytes(&self) -> u64 {
        self.inner.database.disk_bytes()
    }

    /// How many synced writes were made since the store was opened.
    pub fn syncs(&self) -> u64 {
        self.inner.database.syncs()
    }

    /// The latest value under a key: the bytes of a record or of another leaf.
    pub fn load(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StoreFault> {
        self.load_at(key, u64::MAX)
    }

    /// The value under a key as it was after the block of a height.
    pub fn load_at(&self, key: &StateKey, height: u64) -> Result<Option<Vec<u8>>, StoreFault> {
        let from = of_leaf(key, height);
        let Some(mut row) = self.inner.database.leaf_at(&from)? else {
            return Ok(None);
        };
        Value::read(&from, &row)?;
        row.remove(0);
        Ok(Some(row))
    }

    /// The state keys that a block wrote, ascending; those of genesis at height 0.
    pub fn changed(&self, height: u64) -> Result<Vec<StateKey>, StoreFault> {
        let row = of_height(height);
        let bytes = self.inner.database.expect(Column::Changed, &row)?;
        let (keys, rest) = bytes.as_chunks::<{ StateKey::LEN }>();
        let keys: Vec<StateKey> = keys.iter().copied().map(StateKey).collect();
        if !rest.is_empty() || !keys.is_sorted_by(|a, b| a < b) {
            let why = "it is not an ascending list of keys";
            return Err(StoreFault::corrupt(Column::Changed, height, why));
        }
        Ok(keys)
    }

    /// A decided block and its certificate. The bytes are rebuilt from the header, the entries and
    /// the operations, and are those that were voted on, or it is a fault.
    pub fn block(&self, height: u64) -> Result<Option<StoredBlock>, StoreFault> {
        let Some(row) = self.block_row(height)? else {
            return Ok(None);
        };
        let entry = self.block_entry(height, &row)?;
        let bytes = self.block_bytes(height, &row, &entry)?;
        let certificate = row.certificate.into();
        Ok(Some(StoredBlock { bytes, certificate }))
    }

    /// The header of a block, as it stands in its bytes.
    pub fn header(&self, height: u64) -> Result<Option<Vec<u8>>, StoreFault> {
        let row = self.block_row(height)?;
        Ok(row.map(|row| row.header.into()))
    }

    pub(crate) fn block_bytes(
        &self,
        height: u64,
        row: &BlockRow,
        entry: &BlockEntry,
    ) -> Result<Vec<u8>, StoreFault> {
        let (first, count) = (entry.first_index.0, entry.statement_count as usize);
        let signed = self.contiguous(Column::Entries, &[], first, count)?;
        let operations = self.contiguous(Column::Operations, &[], first, count)?;
        // [header, [[COSE_Sign1, [operation, ...]], ...]], see `hefu_types::block`. Header and lists
        // of operations are stored as they stand in the block.
        let length = signed.iter().chain(&operations).map(|row| row.len() + 8);
        let mut bytes = Vec::with_capacity(row.header.len() + 16 + length.sum::<usize>());
        array(&mut bytes, 2);
        bytes.extend_from_slice(&row.header);
        array(&mut bytes, count);
        for (signed, operations) in signed.iter().zip(&operations) {
            array(&mut bytes, 2);
            byte_string(&mut bytes, signed);
            bytes.extend_from_slice(operations);
        }
        let id = block_id(self.inner.suite, &bytes);
        if id != entry.block_id {
            let why = format!(
                "with its statements and operations it gives the block {id}, its entry in the log \
                 names {}",
                entry.block_id
            );
            return Err(StoreFault::corrupt(Column::Blocks, height, why));
        }
        Ok(bytes)
    }

    pub(crate) fn block_row(&self, height: u64) -> Result<Option<BlockRow>, StoreFault> {
        if height == 0 || height > self.height() {
            return Ok(None);
        }
        let key = of_height(height);
        let bytes = self.inner.database.expect(Column::Blocks, &key)?;
        rows::read(Column::Blocks, &key, &bytes).map(Some)
    }

    pub(crate) fn block_entry(
        &self,
        height: u64,
        row: &BlockRow,
    ) -> Result<BlockEntry, StoreFault> {
        let key = of_entry(row.entry);
        let bytes = self.inner.database.expect(Column::Entries, &key)?;
        let fault = |why: String| StoreFault::corrupt(Column::Entries, row.entry, why);
        let entry = BlockEntry::decode(&bytes)
            .map_err(|error| fault(format!("not the entry of block {height}: {error}")))?;
        let after = entry
            .first_index
            .0
            .checked_add(u64::from(entry.statement_count));
        if entry.height != height || after != Some(row.entry.0) {
            return Err(fault(format!("not the entry of block {height}")));
        }
        Ok(entry)
    }

    /// The checkpoint of an executed block; 0 is genesis.
    pub fn checkpoint(&self, height: u64) -> Result<Option<Checkpoint>, StoreFault> {
        if height == 0 {
            return Ok(Some(self.inner.genesis.clone()));
        }
        let Some(row) = self.block_row(height)? else {
            return Ok(None);
        };
        let entry = self.block_entry(height, &row)?;
        Ok(Some(Checkpoint::of_block(&entry, row.log_root)))
    }

    /// An entry of the log.
    pub fn entry(&self, index: EntryIndex) -> Result<Option<Vec<u8>>, StoreFault> {
        if index.0 >= self.log_size().0 {
            return Ok(None);
        }
        let entry = self
            .inner
            .database
            .expect(Column::Entries, &of_entry(index))?;
        Ok(Some(entry))
    }

    /// Entries of the log from an index on; fewer where the log ends.
    pub fn entries(&self, first: EntryIndex, count: usize) -> Result<Vec<Vec<u8>>, StoreFault> {
        let there = self.log_size().0.saturating_sub(first.0);
        let count = usize::try_from(there).map_or(count, |there| count.min(there));
        self.contiguous(Column::Entries, &[], first.0, count)
    }

    /// A node of the log's tree: the root of the perfect subtree of this level and index.
    pub fn log_node(&self, level: u8, index: u64) -> Result<Hash, StoreFault> {
        let key = of_node(level, index);
        let row = self.inner.database.get(Column::Nodes, &key)?;
        let row = row.ok_or_else(|| StoreFault::missing(Column::Nodes, node_name(level, index)))?;
        rows::read_hash(Column::Nodes, &key, &row)
    }

    /// Nodes of one level from an index on, all of which have to be there.
    pub fn log_nodes(&self, level: u8, first: u64, count: usize) -> Result<Vec<Hash>, StoreFault> {
        self.contiguous(Column::Nodes, &[level], first, count)?
            .iter()
            .zip(first..)
            .map(|(row, index)| rows::read_hash(Column::Nodes, &of_node(level, index), row))
            .collect()
    }

    /// Where the statement of an identity stands.
    pub fn statement(&self, id: &StatementId) -> Result<Option<StatementPosition>, StoreFault> {
        let row = self.inner.database.get(Column::Statements, &id.0)?;
        row.map(|row| rows::read(Column::Statements, &id.0, &row))
            .transpose()
    }

    /// The operations of the statement that stands at an entry; `None` for a block entry.
    pub fn operations(&self, entry: EntryIndex) -> Result<Option<Vec<Vec<u8>>>, StoreFault> {
        let Some(row) = self.of_statement(Column::Operations, entry)? else {
            return Ok(None);
        };
        let operations: Vec<ByteVec> = rows::read(Column::Operations, &of_entry(entry), &row)?;
        Ok(Some(operations.into_iter().map(Vec::from).collect()))
    }

    /// The outcomes of the statement that stands at an entry; `None` for a block entry.
    pub fn outcomes(&self, entry: EntryIndex) -> Result<Option<Vec<Outcome>>, StoreFault> {
        let row = self.of_statement(Column::Outcomes, entry)?;
        row.map(|row| rows::read(Column::Outcomes, &of_entry(entry), &row))
            .transpose()
    }

    /// The row that each statement has under its entry, and no block entry has.
    fn of_statement(
        &self,
        column: Column,
        entry: EntryIndex,
    ) -> Result<Option<Vec<u8>>, StoreFault> {
        if let Some(row) = self.inner.database.get(column, &of_entry(entry))? {
            return Ok(Some(row));
        }
        match self.entry(entry)? {
            Some(bytes) if BlockEntry::decode(&bytes).is_err() => {
                Err(StoreFault::missing(column, entry))
            }
            _ => Ok(None),
        }
    }

    /// Where an accepted operation stands.
    pub fn operation(&self, id: &OperationId) -> Result<Option<OperationPosition>, StoreFault> {
        let row = self.inner.database.get(Column::OperationIds, &id.0)?;
        row.map(|row| rows::read(Column::OperationIds, &id.0, &row))
            .transpose()
    }

    /// The refusals of a block, ascending by index.
    pub fn refusals(&self, height: u64) -> Result<Vec<Refusal>, StoreFault> {
        let key = of_height(height);
        let row = self.inner.database.get(Column::Refusals, &key)?;
        row.map_or(Ok(Vec::new()), |row| {
            rows::read(Column::Refusals, &key, &row)
        })
    }

    /// Figures for operators: none is exact while something is written.
    pub fn statistics(&self) -> Result<Statistics, StoreFault> {
        let database = &self.inner.database;
        let columns = Column::ALL.iter().map(|column| {
            Ok(ColumnStatistics {
                name: column.name(),
                rows: database.rows(*column)?,
                disk_bytes: database.column_bytes(*column)?,
            })
        });
        Ok(Statistics {
            height: self.height(),
            log_size: self.log_size().0,
            disk_bytes: self.disk_bytes(),
            memory_bytes: database.memory_bytes()?,
            columns: columns.collect::<Result<_, StoreFault>>()?,
        })
    }

    /// The rows of consecutive numbers behind a prefix; each has to be there.
    pub(crate) fn contiguous(
        &self,
        column: Column,
        prefix: &[u8],
        first: u64,
        count: usize,
    ) -> Result<Vec<Vec<u8>>, StoreFault> {
        let key = |number: u64| [prefix, &number.to_be_bytes()].concat();
        let mut rows = Vec::with_capacity(count.min(4_096));
        let end = first.saturating_add(count as u64);
        let database = &self.inner.database;
        database.scan(column, &key(first), Some(&key(end)), |found, row| {
            // A gap ends the scan; it is named below.
            if found != key(first + rows.len() as u64) {
                return Ok(Step::Stop);
            }
            rows.push(row.to_vec());
            Ok(Step::Next)
        })?;
        if rows.len() < count {
            let number = first.saturating_add(rows.len() as u64);
            let row = match prefix {
                [level] => node_name(*level, number),
                _ => row_name(&key(number)),
            };
            return Err(StoreFault::missing(column, row));
        }
        Ok(rows)
    }
}

fn node_name(level: u8, index: u64) -> String {
    format!("level {level}, index {index}")
}

fn array(bytes: &mut Vec<u8>, length: usize) {
    minicbor::Encoder::new(bytes)
        .array(length as u64)
        .map(drop)
        .expect("encoding into memory cannot fail");
}

fn byte_string(bytes: &mut Vec<u8>, string: &[u8]) {
    minicbor::Encoder::new(bytes)
        .bytes(string)
        .map(drop)
        .expect("encoding into memory cannot fail");
}
