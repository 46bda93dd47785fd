//! Opening a store: what it begins with, and what it gives when its check of itself passed.

use crate::columns::{Column, META_FORMAT, META_HEAD, META_NETWORK};
use crate::commit::put_leaves;
use crate::database::Database;
use crate::fault::StoreFault;
use crate::memory::MemoryDisk;
use crate::rows::{self, Head};
use crate::{Inner, Store};
use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::log::Frontier;
use hefu_state::{Before, StateTree};
use hefu_types::genesis::Network;
use hefu_types::{canonical, leaf, NetworkDigest, StateKey, TreeSize};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

/// The format of the store that this program writes and reads.
const FORMAT: u32 = 0;

/// A store that passed its check, and where the ledger stands in it.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// The state tree after the last block.
    pub tree: StateTree,
    /// The right edge of the log after the last block.
    pub frontier: Frontier,
    /// What the next block follows.
    pub before: Before,
    /// Whether there is a last block and it has no statements.
    pub head_was_empty_block: bool,
    /// Whether the store was made now: it knows of no vote that the node may have cast before.
    pub fresh: bool,
}

impl Store {
    /// Opens the store in a folder, or makes one there that holds the genesis.
    ///
    /// It checks itself and is refused if it does not add up: the state tree is built from the
    /// latest leaves and has to have the root that the last block entry names; the last block is
    /// rebuilt and has to be the one that was voted on; its log nodes and the root of the log are
    /// computed from its entries and the nodes before. Not read are older blocks and older versions of
    /// leaves: [`Store::check_all`] (`hefu-node inspect`) checks those too.
    pub fn open(path: &Path, network: &Network) -> Result<Opened, StoreFault> {
        Self::open_over(Database::open(path)?, network)
    }

    /// As [`Self::open`], over a disk in memory.
    pub fn open_memory(disk: &MemoryDisk, network: &Network) -> Result<Opened, StoreFault> {
        Self::open_over(Database::open_memory(disk)?, network)
    }

    fn open_over(database: Database, network: &Network) -> Result<Opened, StoreFault> {
        let mut leaves = network.leaves();
        leaves.sort_unstable();
        let fresh = !is_begun(&database, network)?;
        if fresh {
            begin(&database, network, &leaves)?;
        }
        let head = database.expect(Column::Meta, META_HEAD)?;
        let head: Head = rows::read(Column::Meta, META_HEAD, &head)?;
        let suite = network.suite();
        let hashes = leaves
            .iter()
            .map(|(key, bytes)| (*key, leaf::value_hash(suite, bytes)));
        let genesis = StateTree::from_leaves(suite, hashes).root();
        let store = Store {
            inner: Arc::new(Inner {
                database,
                suite,
                network: network.digest(),
                origin: network.origin().to_owned(),
                genesis: Checkpoint::genesis(network, genesis),
                height: AtomicU64::new(head.height),
                size: AtomicU64::new(head.size.0),
                writer: Mutex::new(()),
            }),
        };
        let (tree, frontier) = store.check_head()?;
        let before = store.before()?;
        let head_was_empty_block = store.head_was_empty_block()?;
        Ok(Opened {
            store,
            tree,
            frontier,
            before,
            head_was_empty_block,
            fresh,
        })
    }

    fn before(&self) -> Result<Before, StoreFault> {
        let height = self.height();
        let checkpoint = self
            .checkpoint(height)?
            .ok_or_else(|| StoreFault::missing(Column::Blocks, height))?;
        Ok(Before {
            height,
            time: checkpoint.time,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: checkpoint.state_root,
            checkpoint_hash: checkpoint.text_hash(self.inner.suite, &self.inner.origin),
        })
    }

    fn head_was_empty_block(&self) -> Result<bool, StoreFault> {
        let height = self.height();
        let Some(row) = self.block_row(height)? else {
            return Ok(false);
        };
        Ok(self.block_entry(height, &row)?.statement_count == 0)
    }
}

/// Whether the store holds its genesis, of this network and in this format.
fn is_begun(database: &Database, network: &Network) -> Result<bool, StoreFault> {
    let Some(format) = database.get(Column::Meta, META_FORMAT)? else {
        // Genesis is one batch: without its first row there is no other.
        for column in Column::ALL {
            if database.last(*column)?.is_some() {
                return Err(StoreFault::missing(Column::Meta, "format"));
            }
        }
        return Ok(false);
    };
    let path = database.path().to_owned();
    let found: u32 = rows::read(Column::Meta, META_FORMAT, &format)?;
    if found != FORMAT {
        let known = FORMAT;
        return Err(StoreFault::OtherFormat { path, found, known });
    }
    let found = database.expect(Column::Meta, META_NETWORK)?;
    let found: NetworkDigest = rows::read(Column::Meta, META_NETWORK, &found)?;
    let expected = network.digest();
    if found != expected {
        return Err(StoreFault::OtherNetwork {
            path,
            found,
            expected,
        });
    }
    Ok(true)
}

fn begin(
    database: &Database,
    network: &Network,
    leaves: &[(StateKey, Vec<u8>)],
) -> Result<(), StoreFault> {
    let mut batch = database.batch();
    let head = Head {
        height: 0,
        size: TreeSize(0),
    };
    batch.put(Column::Meta, META_FORMAT, canonical::encode(&FORMAT));
    batch.put(
        Column::Meta,
        META_NETWORK,
        canonical::encode(&network.digest()),
    );
    batch.put(Column::Meta, META_HEAD, canonical::encode(&head));
    let leaves = leaves
        .iter()
        .map(|(key, bytes)| (key, false, bytes.as_slice()));
    put_leaves(&mut batch, 0, leaves);
    batch.write_synced()
}
