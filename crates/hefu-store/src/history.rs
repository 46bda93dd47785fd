//! Looking back: the state tree before a block, from the one after it.

use crate::columns::{of_leaf, Column};
use crate::database::Step;
use crate::fault::StoreFault;
use crate::rows::Value;
use crate::Store;
use hefu_state::StateTree;
use hefu_types::StateKey;
use std::ops::ControlFlow;

impl Store {
    /// The record under a key as it was after the block of a height. Operations name any key: under
    /// one that holds another leaf, or nothing, there is no record, and that is no fault.
    pub fn record_at(&self, key: &StateKey, height: u64) -> Result<Option<Vec<u8>>, StoreFault> {
        let Some(mut row) = self.inner.database.leaf_at(&of_leaf(key, height))? else {
            return Ok(None);
        };
        if !Value::read(&key.0, &row)?.is_record() {
            return Ok(None);
        }
        row.remove(0);
        Ok(Some(row))
    }

    /// Visits the record under a key as each block left it that wrote it, the latest first, from a
    /// height down, until the visitor has enough.
    pub fn record_versions(
        &self,
        key: &StateKey,
        height: u64,
        mut visit: impl FnMut(&[u8]) -> Result<ControlFlow<()>, StoreFault>,
    ) -> Result<(), StoreFault> {
        let visit = |row: &[u8], value: &[u8]| {
            // Where another leaf stands there is no record.
            if !row.starts_with(&key.0) || !Value::read(row, value)?.is_record() {
                return Ok(Step::Stop);
            }
            Ok(match visit(&value[1..])? {
                ControlFlow::Continue(()) => Step::Next,
                ControlFlow::Break(()) => Step::Stop,
            })
        };
        let from = of_leaf(key, height);
        self.inner.database.scan(Column::Leaves, &from, None, visit)
    }

    /// The state tree before the block of a height, given the one after it: after a start the last
    /// block confirms the roots before it, whose checkpoint is then cosigned anew.
    pub fn tree_before(&self, tree: &StateTree, height: u64) -> Result<StateTree, StoreFault> {
        let mut before = tree.clone();
        let Some(below) = height.checked_sub(1) else {
            return Ok(before);
        };
        let mut changes = Vec::new();
        for key in self.changed(height)? {
            let row = self.inner.database.leaf_at(&of_leaf(&key, below))?;
            let hash = row
                .map(|row| Value::read(&key.0, &row)?.hash(self.inner.suite, &key.0))
                .transpose()?;
            changes.push((key, hash));
        }
        before.apply(&mut changes);
        Ok(before)
    }
}
