//! From an opened store to the parts of a node, before it talks to anybody.

use crate::clock::Clock;
use crate::epochs::{self, Epochs};
use crate::publication::{CheckpointKeys, Publication, HEIGHTS_KEPT};
use crate::shared::{Head, Published, Shared};
use hefu_proof::log::Frontier;
use hefu_store::{Opened, StoreFault};
use hefu_types::genesis::Network;
use std::sync::Arc;

/// What a node is made of.
#[derive(Debug)]
pub struct Started {
    /// Snapshots, store and pool.
    pub shared: Arc<Shared>,
    /// Its cosignatures and those of others.
    pub publication: Publication,
    /// The right edge of the log, for [`crate::ledger::Ledger::new`].
    pub frontier: Frontier,
}

/// Begins where the store ends. `keys` are absent in a follower.
pub fn start(
    network: Network,
    name: String,
    opened: Opened,
    keys: Option<CheckpointKeys>,
    clock: Clock,
) -> Result<Started, StoreFault> {
    let (suite, height) = (network.suite(), opened.before.height);
    let epochs = Epochs::load(&opened.store, &network)?;
    let set = epochs.last();
    let waiting = epochs::waiting(&opened.store, suite, &opened.tree, set.epoch, height)?;
    let head = Head {
        before: opened.before,
        tree: opened.tree,
        set,
        waiting,
        was_empty: opened.head_was_empty_block,
    };
    let shared = Arc::new(Shared::new(
        network,
        name,
        opened.store,
        epochs,
        head,
        clock,
    ));
    let mut publication = Publication::new(Arc::clone(&shared), keys)?;
    recall(&shared, &mut publication)?;
    Ok(Started {
        shared,
        publication,
        frontier: opened.frontier,
    })
}

/// After a start the block before the last is cosigned anew, because the last names its roots. At
/// genesis there is no block yet: its checkpoint is confirmed by the first.
fn recall(shared: &Shared, publication: &mut Publication) -> Result<(), StoreFault> {
    let head = shared.head();
    let height = head.before.height;
    let reach = |publication: &mut Publication, height, tree| -> Result<(), StoreFault> {
        if let Some(checkpoint) = shared.store.checkpoint(height)? {
            publication.reached(checkpoint, tree, shared.epochs.of_height(height).set);
        }
        Ok(())
    };
    if let Some(before_last) = height.checked_sub(1) {
        let tree = shared.store.tree_before(&head.tree, height)?;
        reach(publication, before_last, tree)?;
        publication.confirmed(before_last)?;
    }
    reach(publication, height, head.tree.clone())?;
    serve_last_published(shared, &head)
}

/// What was published before the stop is served again at once: it holds for its time, and readers
/// judge its age. It lies a few heights below the head, whose trees lead back to it.
fn serve_last_published(shared: &Shared, head: &Head) -> Result<(), StoreFault> {
    let Some(signed) = shared.store.published()? else {
        return Ok(());
    };
    let published = signed.checkpoint.height;
    let Some(set) = shared.epochs.set(signed.checkpoint.epoch) else {
        return Ok(());
    };
    if published > head.before.height || published + HEIGHTS_KEPT < head.before.height {
        return Ok(());
    }
    let mut tree = head.tree.clone();
    for height in (published + 1..=head.before.height).rev() {
        tree = shared.store.tree_before(&tree, height)?;
    }
    // A power loss may have taken blocks that were decided, never the root that was cosigned.
    if tree.root() == signed.checkpoint.state_root {
        shared.set_published(Published { signed, tree, set });
    }
    Ok(())
}
