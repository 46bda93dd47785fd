//! The validator sets of the network, by epoch: who decides which height, and how each set came into
//! force.
//!
//! Loaded at a start from the versions of `set/current`, which name the first height of each epoch. The
//! ledger adds the next epoch with the block that brings it into force; readers take what they need
//! and hold no lock while they work with it.

use crate::shared::unreadable;
use hefu_proof::Handover;
use hefu_state::StateTree;
use hefu_store::columns::Column;
use hefu_store::{Store, StoreFault};
use hefu_types::genesis::Network;
use hefu_types::leaf::{Leaf, SetCurrentLeaf, SetLeaf};
use hefu_types::{key, StateKey, Suite};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// See the module.
#[derive(Debug)]
pub struct Epochs(RwLock<Vec<Epoch>>);

/// The time of one validator set.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// The first height that the set decides.
    pub first_height: u64,
    /// The set.
    pub set: Arc<SetLeaf>,
    /// How it came into force; none of genesis.
    pub handover: Option<Handover>,
}

impl Epochs {
    /// All epochs up to the one that decides the next block. What stands on the disk is checked: it is
    /// served to outsiders.
    pub fn load(store: &Store, network: &Network) -> Result<Self, StoreFault> {
        let (suite, origin) = (network.suite(), network.origin());
        let at = key::set_current(suite);
        let mut epochs: Vec<Epoch> = Vec::new();
        let mut current: SetCurrentLeaf = leaf(store, &at, u64::MAX)?;
        loop {
            epochs.push(Epoch {
                first_height: current.first_height,
                set: Arc::new(leaf(store, &key::set(suite, current.epoch), u64::MAX)?),
                handover: store.handover(current.epoch)?.filter(|_| current.epoch > 0),
            });
            if current.epoch == 0 {
                break;
            }
            let damaged = || unreadable(Column::Leaves, at, "it does not follow the epoch before");
            // Written by the block before its first height: the version before that block's.
            let before = current.first_height.checked_sub(2).ok_or_else(damaged)?;
            let earlier: SetCurrentLeaf = leaf(store, &at, before)?;
            if earlier.epoch + 1 != current.epoch || earlier.first_height >= current.first_height {
                return Err(damaged());
            }
            current = earlier;
        }
        epochs.reverse();
        for pair in epochs.windows(2) {
            let (before, after) = (&pair[0].set, &pair[1].set);
            let leads_to = |handover: &Handover| handover.verify(suite, origin, before);
            match pair[1].handover.as_ref().map(leads_to) {
                Some(Ok(set)) if set == **after => {}
                Some(Ok(_)) => return Err(of_handover(after.epoch, "it leads to another set")),
                Some(Err(error)) => return Err(of_handover(after.epoch, error)),
                None => return Err(of_handover(after.epoch, "it is missing")),
            }
        }
        Ok(Self(RwLock::new(epochs)))
    }

    fn known(&self) -> RwLockReadGuard<'_, Vec<Epoch>> {
        // A writer adds one whole epoch: a poisoned lock still holds whole ones.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The epoch that decides a height up to the next one.
    pub fn of_height(&self, height: u64) -> Epoch {
        let known = self.known();
        let past = known.partition_point(|epoch| epoch.first_height <= height);
        // Checkpoint 0 is of the first set, although no set decided it.
        known[past.saturating_sub(1)].clone()
    }

    /// The set of an epoch.
    pub fn set(&self, epoch: u64) -> Option<Arc<SetLeaf>> {
        let epoch = usize::try_from(epoch).ok()?;
        Some(Arc::clone(&self.known().get(epoch)?.set))
    }

    /// The set that decides the next block.
    pub fn last(&self) -> Arc<SetLeaf> {
        let known = self.known();
        let last = known.last().expect("there is the set of genesis");
        Arc::clone(&last.set)
    }

    /// The handovers that lead from the set of genesis to that of an epoch.
    pub fn chain(&self, epoch: u64) -> Vec<Handover> {
        let to = |of: &&Epoch| of.set.epoch <= epoch;
        let known = self.known();
        let passed = known.iter().take_while(to);
        passed.filter_map(|epoch| epoch.handover.clone()).collect()
    }

    /// The next epoch has come into force.
    pub(crate) fn begin(&self, epoch: Epoch) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(
            known.len() as u64,
            epoch.set.epoch,
            "an epoch follows the last one"
        );
        known.push(epoch);
    }
}

fn of_handover(epoch: u64, why: impl std::fmt::Display) -> StoreFault {
    unreadable(Column::Handovers, epoch, why)
}

/// The set that waits to follow the one of an epoch, in the state of a height.
pub fn waiting(
    store: &Store,
    suite: Suite,
    tree: &StateTree,
    epoch: u64,
    height: u64,
) -> Result<Option<Arc<SetLeaf>>, StoreFault> {
    let key = key::set(suite, epoch + 1);
    match tree.value_hash(&key) {
        Some(_) => Ok(Some(Arc::new(leaf(store, &key, height)?))),
        None => Ok(None),
    }
}

/// A leaf that must be there, as it was after a height.
pub fn leaf<L: Leaf>(store: &Store, key: &StateKey, height: u64) -> Result<L, StoreFault> {
    let bytes = store.load_at(key, height)?;
    let bytes = bytes.ok_or_else(|| unreadable(Column::Leaves, key, "it is missing"))?;
    L::from_bytes(&bytes).map_err(|error| unreadable(Column::Leaves, key, error))
}
