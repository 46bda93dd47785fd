//! The check of a store by itself: of its head on open, of everything on request.
//!
//! A value that was changed is found by the root of the state, a block that was changed by its id, an
//! entry or a node by the root of the log, a refusal by its root in the block entry. What no hash
//! covers (positions, outcomes, lists of keys) is compared with what it follows from.

use crate::columns::{leaf_of, of_entry, of_height, of_leaf, Column, META_HEAD};
use crate::database::Step;
use crate::fault::{row_name, StoreFault};
use crate::rows::{self, OperationPosition, StatementPosition, Value};
use crate::Store;
use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::log::Frontier;
use hefu_state::{Outcome, StateTree};
use hefu_types::block::{BlockEntry, Header, Refusal};
use hefu_types::operation::operation_id;
use hefu_types::statement::SignedHeader;
use hefu_types::{canonical, merkle, EntryIndex, Hash, StateKey, TreeSize};

/// How many leaves are hashed into the tree together: more cost memory, fewer time.
const LEAVES_AT_ONCE: usize = 1 << 16;
/// More threads than this wait for the disk.
const THREADS_MAX: usize = 8;

/// A key of the state tree and the hash of its value.
type Change = (StateKey, Option<Hash>);

/// What [`Store::check_all`] has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Blocks.
    pub blocks: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Operations, refused ones included.
    pub operations: u64,
    /// Refused operations.
    pub refused: u64,
    /// Versions of leaves, those of genesis included.
    pub leaves: u64,
    accepted: u64,
    refusal_rows: u64,
}

impl Store {
    /// Checks the last block, the tree of the latest leaves and the edge of the log.
    pub(crate) fn check_head(&self) -> Result<(StateTree, Frontier), StoreFault> {
        self.check_ends()?;
        let height = self.height();
        let mut frontier = self.edge_before(height)?;
        if height > 0 {
            self.check_block(height, &mut frontier, &mut Checked::default())?;
        }
        let tree = self.latest_tree()?;
        self.check_state_root(height, tree.root())?;
        Ok((tree, frontier))
    }

    /// Checks every row of the ledger against the log, block by block, and calls `progress` with
    /// each height. It takes as long as executing the blocks without their signatures; the store
    /// must not grow meanwhile.
    pub fn check_all(&self, mut progress: impl FnMut(u64)) -> Result<Checked, StoreFault> {
        self.check_ends()?;
        let suite = self.inner.suite;
        let mut checked = Checked::default();
        let mut frontier = Frontier::new(suite);
        let mut tree = StateTree::new(suite);
        for height in 0..=self.height() {
            if height > 0 {
                self.check_block(height, &mut frontier, &mut checked)?;
            }
            let mut changes = self.leaves_of(height)?;
            checked.leaves += changes.len() as u64;
            let root = tree.apply(&mut changes);
            self.check_state_root(height, root)?;
            progress(height);
        }
        if self.latest_tree()?.root() != tree.root() {
            let why = "the latest values are not those that the blocks wrote";
            return Err(StoreFault::corrupt(Column::Leaves, "all", why));
        }
        self.check_counts(&checked)?;
        Ok(checked)
    }

    /// The head is the last row of blocks and entries: nothing is lost behind it, nothing left over.
    fn check_ends(&self) -> Result<(), StoreFault> {
        let (height, size) = (self.height(), self.log_size().0);
        let ends = [
            (Column::Blocks, height, height),
            (Column::Entries, size, size.wrapping_sub(1)),
        ];
        for (column, count, end) in ends {
            let last = self.inner.database.last(column)?.map(|(key, _)| key);
            let expected = (count > 0).then(|| end.to_be_bytes().to_vec());
            if last == expected {
                continue;
            }
            let name = |key: Option<Vec<u8>>| key.map_or("none".to_owned(), |key| row_name(&key));
            let why = format!(
                "height {height} and log size {size}, but the last row of {} is {}, not {}",
                column.name(),
                name(last),
                name(expected)
            );
            let row = String::from_utf8_lossy(META_HEAD);
            return Err(StoreFault::corrupt(Column::Meta, row, why));
        }
        Ok(())
    }

    /// The edge of the log before the block of a height, from its stored nodes.
    fn edge_before(&self, height: u64) -> Result<Frontier, StoreFault> {
        let size = match self.block_row(height)? {
            Some(row) => TreeSize(self.block_entry(height, &row)?.first_index.0),
            None => TreeSize(0),
        };
        let mut node = |level, index| self.log_node(level, index);
        Frontier::load(self.inner.suite, size, &mut node)
    }

    /// Checks a block. `frontier` is the edge of the log before it and becomes that after it.
    fn check_block(
        &self,
        height: u64,
        frontier: &mut Frontier,
        checked: &mut Checked,
    ) -> Result<(), StoreFault> {
        let missing = || StoreFault::missing(Column::Blocks, height);
        let row = self.block_row(height)?.ok_or_else(missing)?;
        let parent = self.checkpoint(height - 1)?.ok_or_else(missing)?;
        let entry = self.block_entry(height, &row)?;
        self.block_bytes(height, &row, &entry)?;
        let header: Header = rows::read(Column::Blocks, &of_height(height), &row.header)?;
        self.check_chain(&parent, &header, &entry, frontier)?;
        for index in entry.first_index.0..entry.size().0 {
            self.check_entry(EntryIndex(index), frontier)?;
        }
        if frontier.root() != row.log_root {
            let why = format!(
                "its entries lead to the log root {}, the row names {}",
                frontier.root(),
                row.log_root
            );
            return Err(StoreFault::corrupt(Column::Blocks, height, why));
        }
        self.check_outcomes(height, &entry, checked)?;
        checked.blocks += 1;
        checked.entries += u64::from(entry.statement_count) + 1;
        checked.operations += u64::from(entry.operation_count);
        Ok(())
    }

    /// The block follows the one before.
    fn check_chain(
        &self,
        parent: &Checkpoint,
        header: &Header,
        entry: &BlockEntry,
        frontier: &Frontier,
    ) -> Result<(), StoreFault> {
        let fault = |why: &str| {
            let row = entry.height;
            Err(StoreFault::corrupt(Column::Blocks, row, why))
        };
        if header.network != self.inner.network || header.height != entry.height {
            return fault("its header names another network or height");
        }
        if header.time != entry.time || header.time <= parent.time {
            return fault("its time is not that of its entry, or not after the block before");
        }
        let (size, root) = (frontier.size(), frontier.root());
        let same_log = header.parent_size == size
            && header.parent_log_root == root
            && parent.size == size
            && parent.log_root == root
            && entry.first_index.0 == size.0;
        if !same_log {
            return fault("it names another log than the one before it");
        }
        if header.parent_state_root != parent.state_root {
            return fault("it names another state than the one before it");
        }
        if entry.previous_checkpoint != parent.text_hash(self.inner.suite, &self.inner.origin) {
            return fault("its entry names another checkpoint before it");
        }
        Ok(())
    }

    /// The nodes that an entry completes are those that its bytes lead to.
    fn check_entry(&self, entry: EntryIndex, frontier: &mut Frontier) -> Result<(), StoreFault> {
        let bytes = self
            .inner
            .database
            .expect(Column::Entries, &of_entry(entry))?;
        let mut completed: Vec<(u8, u64, Hash)> = Vec::new();
        let leaf = self.inner.suite.log_leaf(&bytes);
        frontier.append(leaf, |level, index, hash| {
            completed.push((level, index, hash))
        });
        for (level, index, hash) in completed {
            let stored = self.log_node(level, index)?;
            if stored != hash {
                let row = format!("level {level}, index {index}");
                let why = format!("it is {stored}, the entries lead to {hash}");
                return Err(StoreFault::corrupt(Column::Nodes, row, why));
            }
        }
        Ok(())
    }

    /// Refusals lead to their root; outcomes say the same; the indices find what stands there.
    fn check_outcomes(
        &self,
        height: u64,
        entry: &BlockEntry,
        checked: &mut Checked,
    ) -> Result<(), StoreFault> {
        let suite = self.inner.suite;
        let refusals = self.refusals(height)?;
        let encoded: Vec<_> = refusals.iter().map(canonical::encode::<Refusal>).collect();
        if merkle::root(suite, &encoded) != entry.refusals_root {
            let why = "they lead to another root than the block's entry names";
            return Err(StoreFault::corrupt(Column::Refusals, height, why));
        }
        let mut refused = Vec::new();
        let mut operations = 0;
        for statement in entry.first_index.0..entry.first_index.0 + u64::from(entry.statement_count)
        {
            let outcomes = self.check_statement(height, EntryIndex(statement))?;
            for outcome in outcomes {
                match outcome {
                    Outcome::Accepted => checked.accepted += 1,
                    Outcome::Refused(why) => refused.push(Refusal {
                        index: operations,
                        code: why.code,
                    }),
                }
                operations += 1;
            }
        }
        if refused != refusals || operations != entry.operation_count {
            let why = "its outcomes are not those that its refusals and its entry tell";
            return Err(StoreFault::corrupt(Column::Outcomes, height, why));
        }
        checked.refused += refused.len() as u64;
        checked.refusal_rows += u64::from(!refused.is_empty());
        Ok(())
    }

    /// The identities of a statement and its accepted operations lead to where they stand.
    fn check_statement(&self, height: u64, entry: EntryIndex) -> Result<Vec<Outcome>, StoreFault> {
        let signed = self.signed_at(entry)?;
        let SignedHeader { payload, id, .. } = &signed;
        let here = StatementPosition {
            entry,
            height,
            valid_until: payload.valid_until,
        };
        if self.statement(id)? != Some(here) {
            let why = format!("it does not lead to entry {entry}, where the statement stands");
            return Err(StoreFault::corrupt(Column::Statements, id, why));
        }
        let outcomes = self
            .outcomes(entry)?
            .ok_or_else(|| StoreFault::missing(Column::Outcomes, entry))?;
        if outcomes.len() != payload.operation_count as usize {
            let why = "it has not as many outcomes as the statement has operations";
            return Err(StoreFault::corrupt(Column::Outcomes, entry, why));
        }
        for (outcome, index) in outcomes.iter().zip(0_u32..) {
            let id = operation_id(self.inner.suite, id, index);
            let here = OperationPosition { entry, index };
            let expected = (*outcome == Outcome::Accepted).then_some(here);
            if self.operation(&id)? != expected {
                let why = format!("it is not what operation {index} of entry {entry} leads to");
                return Err(StoreFault::corrupt(Column::OperationIds, id, why));
            }
        }
        Ok(outcomes)
    }

    /// The leaves that a block wrote, as it wrote them.
    fn leaves_of(&self, height: u64) -> Result<Vec<Change>, StoreFault> {
        let mut leaves = Vec::new();
        for key in self.changed(height)? {
            let at = of_leaf(&key, height);
            let row = self.inner.database.expect(Column::Leaves, &at)?;
            let hash = Value::read(&at, &row)?.hash(self.inner.suite, &at)?;
            leaves.push((key, Some(hash)));
        }
        Ok(leaves)
    }

    /// The tree of the latest values. Each processor reads, hashes and builds a range of its keys.
    fn latest_tree(&self) -> Result<StateTree, StoreFault> {
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
        std::thread::scope(|scope| {
            let mut builders = Vec::new();
            for (from, before) in key_ranges(threads.min(THREADS_MAX)) {
                builders.push(scope.spawn(move || self.tree_of_range(&from, before.as_deref())));
            }
            let mut tree = StateTree::new(self.inner.suite);
            for builder in builders {
                let part = builder.join();
                tree.absorb(part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(tree)
        })
    }

    /// The tree of the latest values of a range of keys.
    fn tree_of_range(&self, from: &[u8], before: Option<&[u8]>) -> Result<StateTree, StoreFault> {
        let suite = self.inner.suite;
        let height = self.height();
        let mut tree = StateTree::new(suite);
        let mut part: Vec<Change> = Vec::with_capacity(LEAVES_AT_ONCE);
        let mut last = None;
        let mut repeated = 0_u32;
        let database = &self.inner.database;
        database.scan_once(Column::Leaves, from, before, |row_key, row| {
            let fault = |why| StoreFault::corrupt(Column::Leaves, row_name(row_key), why);
            let (key, written) =
                leaf_of(row_key).ok_or_else(|| fault("its key is not a leaf's"))?;
            if written > height {
                let why = "it was written by a block that the store does not hold";
                return Err(fault(why));
            }
            if last == Some(key) {
                // An older version. The clock has one for each block: those are passed over at once,
                // up to that of genesis.
                repeated += 1;
                let skip = repeated > 8 && written > 0;
                let oldest = of_leaf(&key, 0);
                return Ok(if skip { Step::Seek(oldest) } else { Step::Next });
            }
            (last, repeated) = (Some(key), 0);
            let hash = Value::read(row_key, row)?.hash(suite, row_key)?;
            part.push((key, Some(hash)));
            if part.len() == LEAVES_AT_ONCE {
                tree.apply(&mut part);
                part.clear();
            }
            Ok(Step::Next)
        })?;
        tree.apply(&mut part);
        Ok(tree)
    }

    fn check_state_root(&self, height: u64, root: Hash) -> Result<(), StoreFault> {
        let checkpoint = self
            .checkpoint(height)?
            .ok_or_else(|| StoreFault::missing(Column::Blocks, height))?;
        if root == checkpoint.state_root {
            return Ok(());
        }
        let why = format!(
            "the values lead to the state root {root}, that of block {height} is {}: one was changed \
             or lost (`hefu-node inspect` finds the block that wrote it)",
            checkpoint.state_root
        );
        Err(StoreFault::corrupt(Column::Leaves, "all", why))
    }

    /// Each column has as many rows as the blocks account for.
    fn check_counts(&self, checked: &Checked) -> Result<(), StoreFault> {
        let statements = checked.entries - checked.blocks;
        let nodes: u64 = 2 * checked.entries - u64::from(checked.entries.count_ones());
        let expected = [
            (Column::Blocks, checked.blocks),
            (Column::Entries, checked.entries),
            (Column::Operations, statements),
            (Column::Outcomes, statements),
            (Column::Statements, statements),
            (Column::Refusals, checked.refusal_rows),
            (Column::OperationIds, checked.accepted),
            (Column::Leaves, checked.leaves),
            (Column::Changed, checked.blocks + 1),
            (Column::Nodes, nodes),
        ];
        for (column, expected) in expected {
            let mut rows = 0_u64;
            self.inner.database.scan_once(column, &[], None, |_, _| {
                rows += 1;
                Ok(Step::Next)
            })?;
            if rows != expected {
                let why = format!("there are {rows} rows, the blocks account for {expected}");
                return Err(StoreFault::corrupt(column, "all", why));
            }
        }
        Ok(())
    }
}

/// Ranges of keys with about as many leaves each. Most keys begin with a set bit, see
/// [`hefu_types::key`]; the first range also has all others.
fn key_ranges(count: usize) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
    let begin = move |range: usize| vec![(0x80 + 0x80 * range / count) as u8];
    (0..count).map(move |range| {
        let from = if range == 0 { Vec::new() } else { begin(range) };
        let before = (range + 1 < count).then(|| begin(range + 1));
        (from, before)
    })
}
