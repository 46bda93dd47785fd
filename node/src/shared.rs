//! What the tasks of a node share: snapshots that are replaced, never changed.
//!
//! The ledger is the only writer of [`Shared::head`], the publication of [`Shared::published`];
//! readers take a snapshot and hold no lock while they work with it.

use crate::clock::Clock;
use crate::epochs::Epochs;
use crate::pool::Pool;
use crate::recent::{FewLeaves, Recent};
use crate::room::Room;
use hefu_proof::SignedCheckpoint;
use hefu_state::{Before, StateTree};
use hefu_store::columns::Column;
use hefu_store::{Store, StoreFault};
use hefu_types::genesis::Network;
use hefu_types::leaf::{Leaf, SetLeaf};
use hefu_types::StateKey;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::watch;

/// What was reached by executing blocks.
#[derive(Clone, Debug)]
pub struct Head {
    /// The last block.
    pub before: Before,
    /// The state after it.
    pub tree: StateTree,
    /// The validator set that decides the next block.
    pub set: Arc<SetLeaf>,
    /// The set that the council has written and that is not yet in force.
    pub waiting: Option<Arc<SetLeaf>>,
    /// Whether the last block had no statements.
    pub was_empty: bool,
}

/// What a quorum has cosigned: proofs are served for it.
#[derive(Clone, Debug)]
pub struct Published {
    /// The checkpoint with its signatures.
    pub signed: SignedCheckpoint,
    /// The state of its height.
    pub tree: StateTree,
    /// The validator set of its epoch.
    pub set: Arc<SetLeaf>,
}

/// See the module.
#[derive(Debug)]
pub struct Shared {
    /// The network.
    pub network: Network,
    /// The node's name in the set; of a follower outside the set, what its configuration says.
    pub name: String,
    /// The disk.
    pub store: Store,
    /// The validator sets.
    pub epochs: Epochs,
    /// Statements that wait for a block.
    pub pool: Mutex<Pool>,
    /// What the last blocks wrote.
    pub recent: Recent,
    few: FewLeaves,
    /// How much of it fits into memory.
    pub room: Room,
    /// This node's clock.
    pub clock: Clock,
    head: RwLock<Arc<Head>>,
    published: watch::Sender<Option<Arc<Published>>>,
    forgotten: watch::Sender<Option<u64>>,
    /// The epoch of the next block, and whether another set waits.
    sets: watch::Sender<(u64, bool)>,
}

impl Shared {
    /// Begins with what was found on opening the store.
    pub fn new(
        network: Network,
        name: String,
        store: Store,
        epochs: Epochs,
        head: Head,
        clock: Clock,
    ) -> Self {
        let pool = Mutex::new(Pool::default());
        let sets = watch::Sender::new(sets_of(&head));
        let head = RwLock::new(Arc::new(head));
        Self {
            network,
            name,
            store,
            epochs,
            pool,
            recent: Recent::default(),
            few: FewLeaves::default(),
            room: Room::default(),
            clock,
            head,
            published: watch::Sender::new(None),
            forgotten: watch::Sender::new(None),
            sets,
        }
    }

    /// What was reached by executing.
    pub fn head(&self) -> Arc<Head> {
        // A writer replaces the whole value at once: a poisoned lock still holds a whole one.
        Arc::clone(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_head(&self, head: Head) {
        let sets = sets_of(&head);
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(head);
        self.sets
            .send_if_modified(|told| std::mem::replace(told, sets) != sets);
    }

    /// What is published; nothing until the first quorum after a start.
    pub fn published(&self) -> Option<Arc<Published>> {
        self.published.borrow().clone()
    }

    /// Tells of every publication.
    pub fn publications(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.published.subscribe()
    }

    /// Tells when a validator set was written, and when it came into force; which, the head says.
    pub fn sets(&self) -> watch::Receiver<(u64, bool)> {
        self.sets.subscribe()
    }

    /// The height of a cosignature of this node that it does not know, once a peer has shown one.
    pub fn forgotten(&self) -> watch::Receiver<Option<u64>> {
        self.forgotten.subscribe()
    }

    pub(crate) fn tell_forgotten(&self, height: u64) {
        self.forgotten.send_replace(Some(height));
    }

    pub(crate) fn set_published(&self, published: Published) {
        self.published.send_replace(Some(Arc::new(published)));
    }

    /// The pool. Nothing panics while it is held.
    pub fn pool(&self) -> std::sync::MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A leaf of the head that is not a record, if it is there and of its kind.
    pub fn leaf<L: Leaf>(&self, key: &StateKey) -> Result<Option<L>, StoreFault> {
        self.leaf_of(&self.head(), key)
    }

    /// The same for who has the head at hand.
    pub fn leaf_of<L: Leaf>(&self, head: &Head, key: &StateKey) -> Result<Option<L>, StoreFault> {
        let bytes = self.leaf_bytes(&head.tree, key, head.before.height)?;
        Ok(bytes.and_then(|bytes| L::from_bytes(&bytes).ok()))
    }

    /// The bytes of a leaf that is not a record, in the state tree of a height.
    pub fn leaf_bytes(
        &self,
        tree: &StateTree,
        key: &StateKey,
        height: u64,
    ) -> Result<Option<Arc<[u8]>>, StoreFault> {
        match tree.value_hash(key) {
            Some(hash) => {
                let read = || self.store.load_at(key, height);
                self.few.or_read(self.network.suite(), &hash, read)
            }
            None => Ok(None),
        }
    }
}

fn sets_of(head: &Head) -> (u64, bool) {
    (head.set.epoch, head.waiting.is_some())
}

/// A fault of the store: a row that cannot be read as what it must be.
pub fn unreadable(column: Column, row: impl fmt::Display, why: impl fmt::Display) -> StoreFault {
    StoreFault::Corrupt {
        column,
        row: row.to_string(),
        why: why.to_string(),
    }
}
