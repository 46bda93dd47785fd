//! Executing all blocks of a stopped node's store again, from genesis on, in memory: does this program
//! reach what the node has on its disk? The way goes across every change of the rules and of the
//! validator set, and what each block led to is compared byte for byte.

use crate::clock::Clock;
use crate::gossip::{Gossip, GossipLimits};
use crate::ledger::{Ledger, LedgerFault};
use crate::metrics::Metrics;
use crate::shared::unreadable;
use crate::start::{start, Started};
use hefu_engine::Application;
use hefu_store::columns::Column;
use hefu_store::{MemoryDisk, Store, StoreFault};
use hefu_types::block::BlockEntry;
use hefu_types::genesis::Network;
use hefu_types::EntryIndex;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// What was executed again, all of it with the same results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Blocks.
    pub blocks: u64,
    /// Their statements.
    pub statements: u64,
    /// The operations of those.
    pub operations: u64,
    /// The versions of the rules under which blocks were executed.
    pub rules: BTreeSet<u32>,
    /// The epochs of the sets that decided them.
    pub epochs: BTreeSet<u64>,
}

/// Why a store could not be replayed to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A disk.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// A block that cannot be executed.
    #[error("block {height}: {fault}")]
    Ledger {
        /// Its height.
        height: u64,
        /// Why.
        fault: LedgerFault,
    },
    /// A block that leads to something else.
    #[error(
        "block {height} led to another {what} than the store has: this program or this store is not \
         that of the network"
    )]
    Differs {
        /// Its height.
        height: u64,
        /// What differs.
        what: &'static str,
    },
}

/// Executes every block of a store again and compares. It takes as long as executing them did, and
/// memory for the whole ledger. `progress` hears of each height.
pub fn replay(
    network: Network,
    stored: &Store,
    mut progress: impl FnMut(u64),
) -> Result<Replayed, ReplayError> {
    let opened = Store::open_memory(&MemoryDisk::new(), &network)?;
    let Started {
        shared,
        publication,
        frontier,
    } = start(network, "replay".to_owned(), opened, None, Clock::System)?;
    let gossip = Gossip::by_hand(&[], GossipLimits::default());
    let publication = Arc::new(Mutex::new(publication));
    let metrics = Arc::new(Metrics::default());
    let mut ledger = Ledger::new(Arc::clone(&shared), publication, gossip, metrics, frontier);
    let mut replayed = Replayed::default();
    for height in 1..=stored.height() {
        let missing = || unreadable(Column::Blocks, height, "it is missing");
        let block = stored.block(height)?.ok_or_else(missing)?;
        ledger
            .decided(height, block.bytes.into(), block.certificate.into())
            .map_err(|fault| ReplayError::Ledger { height, fault })?;
        let (found, expected) = (entry(&shared.store, height)?, entry(stored, height)?);
        let differs = |what| Err(ReplayError::Differs { height, what });
        if found.state_root != expected.state_root {
            return differs("state root");
        }
        if found != expected {
            return differs("block entry");
        }
        if shared.store.checkpoint(height)? != stored.checkpoint(height)? {
            return differs("log");
        }
        replayed.blocks += 1;
        replayed.statements += u64::from(found.statement_count);
        replayed.operations += u64::from(found.operation_count);
        replayed.rules.insert(found.rules_version);
        if replayed.epochs.insert(found.epoch)
            && shared.store.handover(found.epoch)? != stored.handover(found.epoch)?
        {
            return differs("handover");
        }
        progress(height);
    }
    Ok(replayed)
}

/// The entry that a block left in the log.
fn entry(store: &Store, height: u64) -> Result<BlockEntry, StoreFault> {
    let missing = || unreadable(Column::Blocks, height, "it is missing");
    let size = store.checkpoint(height)?.ok_or_else(missing)?.size;
    let index = EntryIndex(size.0.saturating_sub(1));
    let bytes = store.entry(index)?.ok_or_else(missing)?;
    BlockEntry::decode(&bytes).map_err(|error| unreadable(Column::Entries, index, error))
}
