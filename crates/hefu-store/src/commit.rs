//! Writing a block, and taking the last one back.

use crate::columns::{
    nodes_completed_by, of_entry, of_height, of_leaf, of_node, of_proposal, Column, META_HEAD,
};
use crate::database::{Batch, Step};
use crate::fault::StoreFault;
use crate::read::StoredBlock;
use crate::rows::{BlockRow, Head, OperationPosition, StatementPosition, Value};
use crate::Store;
use hefu_state::{CheckedBlock, Executed, Outcome};
use hefu_types::operation::operation_id;
use hefu_types::statement::SignedHeader;
use hefu_types::{canonical, EntryIndex, Hash, StateKey, TreeSize};
use std::sync::MutexGuard;

/// A decided and executed block.
#[derive(Clone, Copy, Debug)]
pub struct CommittedBlock<'a> {
    /// Its height, one above the last.
    pub height: u64,
    /// The block.
    pub checked: &'a CheckedBlock,
    /// What executing it led to.
    pub executed: &'a Executed,
    /// How the engine shows that it is decided.
    pub certificate: &'a [u8],
    /// The log nodes that its entries complete, in the order in which
    /// [`Frontier::append`](hefu_proof::log::Frontier::append) tells them.
    pub nodes: &'a [(u8, u64, Hash)],
    /// The root of the log with its entries.
    pub log_root: Hash,
}

impl Store {
    /// Makes a block durable: header, entries, operations, outcomes, leaves, log nodes, indices and
    /// certificate move together or not at all. Proposals that were kept up to its height go.
    ///
    /// When this returns the disk has it. A crash before replays the whole block, a crash after
    /// nothing.
    ///
    /// # Panics
    ///
    /// If the block does not follow the last one: that is a bug of the caller.
    pub fn commit(&self, block: CommittedBlock<'_>) -> Result<(), StoreFault> {
        let _writer = self.writer()?;
        let (height, executed) = (block.height, block.executed);
        let entry = &executed.entry;
        self.assert_follows(&block);

        let mut batch = self.inner.database.batch();
        let head = Head {
            height,
            size: entry.size(),
        };
        let block_index = EntryIndex(head.size.0 - 1);
        self.put_statements(&mut batch, &block);
        batch.put(Column::Entries, of_entry(block_index), entry.encode());
        let row = BlockRow {
            header: canonical::encode(block.checked.header()).into(),
            entry: block_index,
            log_root: block.log_root,
            certificate: block.certificate.to_vec().into(),
        };
        batch.put(Column::Blocks, of_height(height), canonical::encode(&row));
        if !executed.refusals.is_empty() {
            let refusals = canonical::encode(&executed.refusals);
            batch.put(Column::Refusals, of_height(height), refusals);
        }
        let leaves = executed
            .changes
            .iter()
            .map(|(key, change)| (key, change.is_record, change.bytes.as_slice()));
        put_leaves(&mut batch, height, leaves);
        for (level, index, hash) in block.nodes {
            batch.put(Column::Nodes, of_node(*level, *index), hash);
        }
        self.delete_proposals(&mut batch, height)?;
        batch.put(Column::Meta, META_HEAD, canonical::encode(&head));
        batch.write_synced()?;
        // From here the block is durable.
        self.set_head(head);
        Ok(())
    }

    fn assert_follows(&self, block: &CommittedBlock<'_>) {
        let entry = &block.executed.entry;
        assert!(
            block.height == self.height() + 1
                && block.height == entry.height
                && block.height == block.checked.header().height,
            "a block follows the last one"
        );
        assert!(
            entry.first_index.0 == self.log_size().0
                && entry.statement_count as usize == block.checked.statements().len()
                && block.executed.outcomes.len() == block.checked.statements().len(),
            "the block entry counts the block's statements"
        );
        let completed = (entry.first_index.0..entry.size().0).flat_map(nodes_completed_by);
        assert!(
            completed.eq(block.nodes.iter().map(|(level, index, _)| (*level, *index))),
            "the nodes are those that the block's entries complete"
        );
    }

    /// Entries, operations, outcomes and the two indices.
    fn put_statements(&self, batch: &mut Batch<'_>, block: &CommittedBlock<'_>) {
        let first = block.executed.entry.first_index.0;
        let outcomes = &block.executed.outcomes;
        for ((statement, outcomes), index) in
            block.checked.statements().iter().zip(outcomes).zip(first..)
        {
            let entry = EntryIndex(index);
            let bytes = statement.statement();
            batch.put(Column::Entries, of_entry(entry), bytes.cose());
            let operations = bytes.operation_list();
            batch.put(Column::Operations, of_entry(entry), operations);
            batch.put(
                Column::Outcomes,
                of_entry(entry),
                canonical::encode(outcomes),
            );
            let position = StatementPosition {
                entry,
                height: block.height,
                valid_until: statement.payload().valid_until,
            };
            let id = statement.id();
            batch.put(Column::Statements, id, canonical::encode(&position));
            for (outcome, index) in outcomes.iter().zip(0_u32..) {
                if *outcome == Outcome::Accepted {
                    let id = statement.operation_id(self.inner.suite, index);
                    let position = OperationPosition { entry, index };
                    batch.put(Column::OperationIds, id, canonical::encode(&position));
                }
            }
        }
    }

    /// Those at or below the last block went with it.
    fn delete_proposals(&self, batch: &mut Batch<'_>, height: u64) -> Result<(), StoreFault> {
        let from = of_proposal(self.height() + 1, 0, &[]);
        let before = of_height(height + 1);
        let database = &self.inner.database;
        database.scan(Column::Proposals, &from, Some(&before), |key, _| {
            batch.delete(Column::Proposals, key);
            Ok(Step::Next)
        })
    }

    /// Takes back the last block, so that it can be executed again, and returns it. Afterwards the
    /// store is to be opened anew, because the state tree in memory is still that of the block.
    ///
    /// Not taken back is a block that this node cosigned or published: others may rely on it.
    pub fn undo_last(&self) -> Result<StoredBlock, StoreFault> {
        let _writer = self.writer()?;
        let height = self.height();
        let refuse = |why| Err(StoreFault::NotTakenBack { height, why });
        let Some(row) = self.block_row(height)? else {
            return refuse("before it there is nothing");
        };
        if self
            .largest_cosigned()?
            .is_some_and(|largest| largest >= height)
        {
            return refuse("this node cosigned its checkpoint");
        }
        let published = self.published()?.map(|signed| signed.checkpoint.height);
        if published.is_some_and(|published| published >= height) {
            return refuse("its checkpoint is published");
        }
        let entry = self.block_entry(height, &row)?;
        let bytes = self.block_bytes(height, &row, &entry)?;

        let mut batch = self.inner.database.batch();
        for key in self.changed(height)? {
            batch.delete(Column::Leaves, of_leaf(&key, height));
        }
        for column in [Column::Changed, Column::Refusals, Column::Blocks] {
            batch.delete(column, of_height(height));
        }
        for index in entry.first_index.0..entry.size().0 {
            self.delete_entry(&mut batch, EntryIndex(index), row.entry)?;
        }
        let head = Head {
            height: height - 1,
            size: TreeSize(entry.first_index.0),
        };
        batch.put(Column::Meta, META_HEAD, canonical::encode(&head));
        batch.write_synced()?;
        self.set_head(head);
        let certificate = row.certificate.into();
        Ok(StoredBlock { bytes, certificate })
    }

    /// An entry with its nodes and, if it is a statement, what belongs to it.
    fn delete_entry(
        &self,
        batch: &mut Batch<'_>,
        entry: EntryIndex,
        block_entry: EntryIndex,
    ) -> Result<(), StoreFault> {
        let key = of_entry(entry);
        for (level, index) in nodes_completed_by(entry.0) {
            batch.delete(Column::Nodes, of_node(level, index));
        }
        batch.delete(Column::Entries, key);
        if entry == block_entry {
            return Ok(());
        }
        let SignedHeader { id, payload, .. } = self.signed_at(entry)?;
        for index in 0..payload.operation_count {
            let id = operation_id(self.inner.suite, &id, index);
            batch.delete(Column::OperationIds, id);
        }
        batch.delete(Column::Statements, id);
        batch.delete(Column::Operations, key);
        batch.delete(Column::Outcomes, key);
        Ok(())
    }

    /// What was signed of the statement at an entry.
    pub(crate) fn signed_at(&self, entry: EntryIndex) -> Result<SignedHeader, StoreFault> {
        let cose = self
            .inner
            .database
            .expect(Column::Entries, &of_entry(entry))?;
        SignedHeader::read(self.inner.suite, &self.inner.network, &cose)
            .map_err(|error| StoreFault::corrupt(Column::Entries, entry, error))
    }

    /// Whoever panicked while writing may have left nothing half done, but nobody looked.
    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, ()>, StoreFault> {
        self.inner.writer.lock().map_err(|_| {
            self.inner.database.kill();
            StoreFault::Dead
        })
    }
}

/// Writes leaves, which come ascending by key, and the list of their keys.
pub(crate) fn put_leaves<'a>(
    batch: &mut Batch<'_>,
    height: u64,
    leaves: impl Iterator<Item = (&'a StateKey, bool, &'a [u8])>,
) {
    let mut changed = Vec::new();
    let mut row = Vec::new();
    for (key, is_record, bytes) in leaves {
        Value::encode(is_record, bytes, &mut row);
        batch.put(Column::Leaves, of_leaf(key, height), &row);
        changed.extend_from_slice(&key.0);
    }
    batch.put(Column::Changed, of_height(height), changed);
}
