//! Room for records. The state tree is in memory, so memory bounds how many records a node holds.
//!
//! There are two limits. At the first, `records_memory_mib` of the configuration, this node admits no
//! statement that registers and leaves such statements out of its own proposals. That is its own
//! policy, in which validators may differ, and no rule: it goes on executing what the others decide.
//! At the second, a quarter above, it stops with a sentence before the machine has no memory left.
//! Uses, revocations and proofs need no new keys: they go on while the node runs.

use hefu_state::StateTree;
use hefu_types::operation::Operation;
use hefu_types::statement::CheckedStatement;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Memory that a key of the state tree takes: 100 bytes in the tree, the rest for the allocator and
/// for what blocks that are not published yet replaced. A record takes one key, and one for each file.
pub const KEY_BYTES: u64 = 128;
/// What is set aside where neither configuration nor system tell.
const UNKNOWN_MACHINE_MIB: u64 = 1_024;
const MIB: u64 = 1 << 20;

/// How many keys the state tree may have on this node.
#[derive(Debug)]
pub struct Room {
    keys: AtomicUsize,
}

impl Default for Room {
    /// Without a limit, until there is [one](Self::limit_to).
    fn default() -> Self {
        let keys = AtomicUsize::new(usize::MAX);
        Self { keys }
    }
}

impl Room {
    /// Sets the first limit.
    pub fn limit_to(&self, keys: usize) {
        self.keys.store(keys, Ordering::Relaxed);
    }

    /// Whether new records are admitted and proposed after this state.
    pub fn admits_records(&self, tree: &StateTree) -> bool {
        tree.len() < self.keys.load(Ordering::Relaxed)
    }

    /// Whether another block is executed after this state.
    pub fn executes(&self, tree: &StateTree) -> bool {
        let keys = self.keys.load(Ordering::Relaxed);
        tree.len() < keys.saturating_add(keys / 4)
    }
}

/// How many keys a memory has room for.
pub fn keys_within(memory_mib: u64) -> usize {
    let keys = memory_mib.saturating_mul(MIB) / KEY_BYTES;
    usize::try_from(keys).unwrap_or(usize::MAX)
}

/// Whether a statement asks for new records.
pub fn registers(statement: &CheckedStatement) -> bool {
    let mut operations = statement.operations().iter();
    operations.any(|operation| matches!(operation, Operation::Register(_)))
}

/// Half of the machine's memory, or of what the system gives this process if that is less.
pub fn usual_memory_mib() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let machine = read("/proc/meminfo").lines().find_map(|line| {
        let kib = line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?;
        Some(kib.trim().parse::<u64>().ok()? / 1_024)
    });
    let given = read("/sys/fs/cgroup/memory.max");
    let given = given.trim().parse::<u64>().ok().map(|bytes| bytes / MIB);
    let memory = machine.into_iter().chain(given).min();
    memory.map_or(UNKNOWN_MACHINE_MIB, |mib| mib / 2)
}

#[cfg(test)]
mod tests;
