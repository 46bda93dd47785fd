//! The store: what a node knows, on disk. One synced write a block, and a check of itself on open.
//!
//! Start at [`Store::open`], which gives the state tree, the edge of the log and what the next block
//! follows, and [`Store::commit`], which makes a block durable. The columns and their keys stand in
//! [`columns`].
//!
//! In scope: RocksDB, the rows and their checks, taking back the last block.
//! Not here: the rules (`hefu-state`), proofs (`hefu-proof`), when to write what (`node`). The state
//! tree is not on disk: it is built from the latest leaves on open, and its root has to be the one
//! that the last block entry names. This is the only crate that names RocksDB, and of its modules
//! only `rocks` does. [`Store::open_memory`] opens the same store over a disk in memory that fails
//! when a simulator tells it to.
//!
//! A store is read by many threads beside its one writer. After a failed write the handle is dead:
//! it writes nothing more, and starting the node again is the one way on.

mod check;
pub mod columns;
mod commit;
mod database;
mod fault;
mod history;
mod kept;
mod memory;
mod open;
mod read;
mod rocks;
mod rows;

pub use check::Checked;
pub use commit::CommittedBlock;
pub use fault::StoreFault;
pub use memory::MemoryDisk;
pub use open::Opened;
pub use read::{ColumnStatistics, Statistics, StoredBlock};
pub use rows::{OperationPosition, StatementPosition};

use database::Database;
use hefu_proof::checkpoint::Checkpoint;
use hefu_types::{NetworkDigest, Suite, TreeSize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A handle on a node's store. A clone is the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    suite: Suite,
    network: NetworkDigest,
    origin: String,
    /// Checkpoint 0; it follows from the network.
    genesis: Checkpoint,
    /// The last block and the size of the log, moved after the batch that they belong to succeeded:
    /// a reader who sees a height finds its rows.
    height: AtomicU64,
    size: AtomicU64,
    /// Held while a block is written or taken back.
    writer: Mutex<()>,
}

impl Store {
    /// The height of the last block; 0 at genesis.
    pub fn height(&self) -> u64 {
        self.inner.height.load(Ordering::Acquire)
    }

    /// The size of the log after the last block.
    pub fn log_size(&self) -> TreeSize {
        TreeSize(self.inner.size.load(Ordering::Acquire))
    }

    fn set_head(&self, head: rows::Head) {
        self.inner.size.store(head.size.0, Ordering::Release);
        self.inner.height.store(head.height, Ordering::Release);
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.inner.database.path().display();
        write!(f, "Store({path}, height {})", self.height())
    }
}

#[cfg(test)]
mod tests;
