//! The state tree: what is true now, as one root over the hashes of all values.
//!
//! A binary sparse Merkle tree over 32-byte keys, walked from the most significant bit of the first
//! byte; a lone leaf stands at the shallowest depth at which it is alone. Roots and proofs are those of
//! the crate `jmt`, which the tests use as an independent oracle; [`hefu_proof::state_proof`] is how
//! outsiders check them. Values are not here: the caller keeps them and gives their hashes.
//!
//! # Shape in memory
//!
//! ```text
//!                 Branch             left and right: each a hash and what is below it
//!               /        \
//!         Branch          Run        leaf, leaf, ... in ascending order of their keys
//!        /      \
//!     Run        Run
//! ```
//!
//! A subtree of at most `RUN_LEAVES_MAX` leaves is a run, a larger one is a branch. So the shape
//! follows from the set of keys alone, not from history, and it needs no assumption about keys: that
//! nearly all of them share the top bit costs one level, and keys that somebody ground to share b bits
//! cost at most b branches.
//!
//! Below, each pair of neighbours in a run parts at one inner node, their *fork*, and each inner node
//! with leaves on both sides is the fork of one pair. A leaf keeps the hash of its fork with the next
//! leaf, so that a change hashes only its own way to the root, in a run as in the branches above it.
//!
//! A branch holds the hashes of both children, so that walking down, hashing up and proving touch the
//! nodes on the way and never those beside it.
//!
//! # Snapshots
//!
//! Branches and runs are shared and immutable while shared. A clone of the tree is a pointer; the
//! writer that goes on copies the branches and runs on the ways that it changes, and nothing else. Where
//! no snapshot is held it changes branches in place. So a snapshot of every block costs the writer as
//! much again as the changes themselves (`examples/tree_speed.rs`), and whoever drops a snapshot frees
//! what only it held.

use hefu_proof::state_proof::{turns_right, StateProof};
use hefu_types::{Hash, StateKey, Suite};
use std::fmt;
use std::sync::Arc;

/// Fewer make more branches, more make a writer copy more for each change.
const RUN_LEAVES_MAX: usize = 64;

/// The state tree, or a snapshot of it: a clone is cheap and does not see later changes.
#[derive(Clone)]
pub struct StateTree {
    suite: Suite,
    top: Subtree,
    size: Size,
}

#[derive(Clone)]
struct Subtree {
    hash: Hash,
    below: Below,
}

#[derive(Clone)]
enum Below {
    /// At most [`RUN_LEAVES_MAX`], in ascending order of their keys.
    Run(Arc<[Leaf]>),
    /// Left and right; more than [`RUN_LEAVES_MAX`] leaves between them.
    Branch(Arc<[Subtree; 2]>),
}

#[derive(Clone, Copy)]
struct Leaf {
    key: StateKey,
    value_hash: Hash,
    /// The hash of the inner node at which this leaf and the next one of its run part. Of the last
    /// leaf it means nothing.
    fork: Hash,
}

/// A key and the hash of its new value, or `None` for its removal.
pub type Change = (StateKey, Option<Hash>);

/// A fork that is hashed before anybody reads it.
const UNKNOWN: Hash = Hash([0; 32]);

#[derive(Clone, Copy, Default)]
struct Size {
    leaves: usize,
    branches: usize,
}

impl StateTree {
    /// The empty tree.
    pub fn new(suite: Suite) -> Self {
        Self {
            suite,
            top: Subtree::run(suite, 0, &[]),
            size: Size::default(),
        }
    }

    /// The tree of these keys and hashes of values, in any order, each key once.
    pub fn from_leaves(suite: Suite, leaves: impl IntoIterator<Item = (StateKey, Hash)>) -> Self {
        let mut tree = Self::new(suite);
        let value = |(key, value_hash)| (key, Some(value_hash));
        tree.apply(&mut leaves.into_iter().map(value).collect::<Vec<_>>());
        tree
    }

    /// The root hash: the placeholder of an empty tree, the hash of the leaf of a tree of one.
    pub fn root(&self) -> Hash {
        self.top.hash
    }

    /// How many keys have a value.
    pub fn len(&self) -> usize {
        self.size.leaves
    }

    /// Whether no key has a value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory, allocator included, as measured with glibc; what snapshots share counts for
    /// each of them.
    pub fn memory_bytes(&self) -> usize {
        let runs = self.size.branches + 1;
        self.size.leaves * size_of::<Leaf>() + runs * 32 + self.size.branches * 128
    }

    /// The hash of the value of a key, if it has one.
    pub fn value_hash(&self, key: &StateKey) -> Option<Hash> {
        let leaves = self.run_of(key, |_| ());
        leaves
            .iter()
            .find(|leaf| leaf.key == *key)
            .map(|leaf| leaf.value_hash)
    }

    /// Applies the changes of one block, sorting them by key, and returns the new root. Each key
    /// stands in a batch once. Removing a key that has no value changes nothing.
    pub fn apply(&mut self, changes: &mut [Change]) -> Hash {
        changes.sort_unstable_by_key(|(key, _)| *key);
        assert!(
            changes.is_sorted_by(|a, b| a.0 < b.0),
            "a batch changes each key once"
        );
        self.top.apply(self.suite, 0, changes, &mut self.size);
        self.root()
    }

    /// Takes over all keys of another tree, none of which this one has. Trees of ranges of keys can be
    /// built by several threads and put together: what only one of them has below a node moves as it
    /// is.
    pub fn absorb(&mut self, other: Self) {
        self.size.leaves += other.size.leaves;
        self.size.branches += other.size.branches;
        self.top.absorb(self.suite, 0, other.top, &mut self.size);
    }

    /// Proves the value of a key, or that it has none.
    pub fn prove(&self, key: &StateKey) -> StateProof {
        let mut beside = Vec::with_capacity(40);
        let mut leaves = self.run_of(key, |hash| beside.push(hash));
        while leaves.len() > 1 {
            let depth = beside.len();
            let (left, right) = leaves.split_at(left_of(leaves, depth));
            let (onward, other) = if turns_right(key, depth) {
                (right, left)
            } else {
                (left, right)
            };
            beside.push(hash_of(self.suite, depth + 1, other));
            leaves = onward;
        }
        let neighbour = leaves.first().filter(|leaf| leaf.key != *key);
        StateProof::new(
            self.suite,
            &beside,
            neighbour.map(|leaf| (leaf.key, leaf.value_hash)),
        )
    }

    /// The keys whose first bit is 0, as they are now.
    pub fn first_half(&self) -> FirstHalf {
        FirstHalf(match &self.top.below {
            Below::Branch(children) => children[0].clone(),
            Below::Run(leaves) => {
                let (left, _) = leaves.split_at(left_of(leaves, 0));
                Subtree::run(self.suite, 1, left)
            }
        })
    }

    /// Walks to the run of leaves in which a key is or would be, past the hashes beside the way.
    fn run_of(&self, key: &StateKey, mut pass: impl FnMut(Hash)) -> &[Leaf] {
        let mut subtree = &self.top;
        let mut depth = 0;
        loop {
            match &subtree.below {
                Below::Run(leaves) => return leaves,
                Below::Branch(children) => {
                    let right = turns_right(key, depth);
                    pass(children[usize::from(!right)].hash);
                    subtree = &children[usize::from(right)];
                    depth += 1;
                }
            }
        }
    }
}

/// The keys of a tree whose first bit is 0: the few among the many, which are enough to tell what changed
/// among them. It keeps nothing of the other half.
#[derive(Clone)]
pub struct FirstHalf(Subtree);

impl FirstHalf {
    /// Visits every key whose value is not as it was before, and some of their neighbours; without a
    /// before, every key.
    pub fn visit_changed(&self, before: Option<&Self>, mut visit: impl FnMut(&StateKey)) {
        self.0.visit_changed(before.map(|half| &half.0), &mut visit);
    }
}

impl fmt::Debug for FirstHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FirstHalf({})", self.0.hash)
    }
}

impl fmt::Debug for StateTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateTree({} keys, root {})", self.len(), self.root())
    }
}

impl Subtree {
    /// Leaves with known forks, which share the first `depth` bits of their keys.
    fn run(suite: Suite, depth: usize, leaves: &[Leaf]) -> Self {
        Self {
            hash: hash_of(suite, depth, leaves),
            below: Below::Run(leaves.into()),
        }
    }

    /// Applies sorted changes, whose keys share the first `depth` bits with those of this subtree.
    fn apply(&mut self, suite: Suite, depth: usize, changes: &[Change], size: &mut Size) {
        if changes.is_empty() {
            return;
        }
        match &mut self.below {
            Below::Run(old) if fit_after(old, changes) => {
                let mut leaves = merge(old, changes);
                size.leaves = size.leaves - old.len() + leaves.len();
                self.hash = rehash(suite, depth, &mut leaves, changes);
                self.below = Below::Run(leaves.into());
            }
            Below::Run(old) => {
                let (left, right) = old.split_at(left_of(old, depth));
                let children = [left, right].map(|half| Self::run(suite, depth + 1, half));
                self.below = Below::Branch(Arc::new(children));
                size.branches += 1;
                self.apply(suite, depth, changes, size);
            }
            Below::Branch(children) => {
                let [left, right] = Arc::make_mut(children);
                let (changes_left, changes_right) = changes.split_at(left_of(changes, depth));
                left.apply(suite, depth + 1, changes_left, size);
                right.apply(suite, depth + 1, changes_right, size);
                self.hash = suite.state_node(&left.hash, &right.hash);
                if let (Below::Run(left), Below::Run(right)) = (&left.below, &right.below) {
                    if left.len() + right.len() <= RUN_LEAVES_MAX {
                        let joined = join(left, right, self.hash);
                        *self = Self::run(suite, depth, &joined);
                        size.branches -= 1;
                    }
                }
            }
        }
    }

    /// Visits the leaves of the runs that are not as they are in a subtree in the same place.
    fn visit_changed(&self, before: Option<&Self>, visit: &mut impl FnMut(&StateKey)) {
        if before.is_some_and(|before| before.hash == self.hash) {
            return;
        }
        match &self.below {
            Below::Run(leaves) => leaves.iter().for_each(|leaf| visit(&leaf.key)),
            Below::Branch(children) => {
                let before = match before.map(|before| &before.below) {
                    Some(Below::Branch(before)) => Some(before),
                    Some(Below::Run(_)) | None => None,
                };
                for (side, child) in children.iter().enumerate() {
                    child.visit_changed(before.map(|before| &before[side]), visit);
                }
            }
        }
    }

    /// Takes over the leaves of a subtree in the same place. `size` counts both.
    fn absorb(&mut self, suite: Suite, depth: usize, mut other: Self, size: &mut Size) {
        if let (Below::Run(_), Below::Branch(_)) = (&self.below, &other.below) {
            std::mem::swap(self, &mut other);
        }
        match (&mut self.below, other.below) {
            (_, Below::Run(leaves)) => {
                size.leaves -= leaves.len();
                self.apply(suite, depth, &changes_to(&leaves), size);
            }
            (Below::Branch(children), Below::Branch(others)) => {
                let [left, right] = Arc::make_mut(children);
                let [other_left, other_right] = Arc::unwrap_or_clone(others);
                left.absorb(suite, depth + 1, other_left, size);
                right.absorb(suite, depth + 1, other_right, size);
                self.hash = suite.state_node(&left.hash, &right.hash);
                size.branches -= 1;
            }
            (Below::Run(_), Below::Branch(_)) => unreachable!("they were swapped"),
        }
    }
}

/// The changes that make these leaves.
fn changes_to(leaves: &[Leaf]) -> Vec<Change> {
    let change = |leaf: &Leaf| (leaf.key, Some(leaf.value_hash));
    leaves.iter().map(change).collect()
}

/// The hash of a subtree from its leaves, which share the first `depth` bits, with known forks.
fn hash_of(suite: Suite, depth: usize, leaves: &[Leaf]) -> Hash {
    match leaves {
        [] => suite.state_placeholder(),
        [leaf] => suite.state_leaf(&leaf.key.0, &leaf.value_hash),
        _ => match leaves.split_at(left_of(leaves, depth)) {
            ([.., last], [_, ..]) => last.fork,
            (left, right) => suite.state_node(
                &hash_of(suite, depth + 1, left),
                &hash_of(suite, depth + 1, right),
            ),
        },
    }
}

/// As [`hash_of`], after these changes: forks on their ways are hashed anew, all others are known.
fn rehash(suite: Suite, depth: usize, leaves: &mut [Leaf], changes: &[Change]) -> Hash {
    if changes.is_empty() || leaves.len() <= 1 {
        return hash_of(suite, depth, leaves);
    }
    let (left, right) = leaves.split_at_mut(left_of(leaves, depth));
    let (changes_left, changes_right) = changes.split_at(left_of(changes, depth));
    let hash = suite.state_node(
        &rehash(suite, depth + 1, left, changes_left),
        &rehash(suite, depth + 1, right, changes_right),
    );
    if let ([.., last], [_, ..]) = (left, right) {
        last.fork = hash;
    }
    hash
}

/// Whether the leaves of a run still fit one run after changes.
fn fit_after(leaves: &[Leaf], changes: &[Change]) -> bool {
    let held = |key| leaves.binary_search_by_key(key, |leaf| leaf.key).is_ok();
    let len_after = || {
        changes.iter().fold(leaves.len(), |len, (key, value_hash)| {
            len + usize::from(value_hash.is_some()) - usize::from(held(key))
        })
    };
    leaves.len() + changes.len() <= RUN_LEAVES_MAX || len_after() <= RUN_LEAVES_MAX
}

/// The leaves of a run after changes. Forks on the ways of the changes are still to be hashed.
fn merge(leaves: &[Leaf], changes: &[Change]) -> Vec<Leaf> {
    let mut merged = Vec::with_capacity(leaves.len() + changes.len());
    let mut rest = leaves;
    for (key, value_hash) in changes {
        let (before, from) = rest.split_at(rest.partition_point(|leaf| leaf.key < *key));
        merged.extend_from_slice(before);
        merged.extend(value_hash.map(|value_hash| Leaf {
            key: *key,
            value_hash,
            fork: UNKNOWN,
        }));
        rest = match from {
            [replaced, after @ ..] if replaced.key == *key => after,
            _ => from,
        };
    }
    merged.extend_from_slice(rest);
    merged
}

/// The leaves of two runs that are children of one branch, whose hash is given.
fn join(left: &[Leaf], right: &[Leaf], branch: Hash) -> Vec<Leaf> {
    let mut leaves = left.to_vec();
    if let Some(last) = leaves.last_mut() {
        last.fork = branch;
    }
    leaves.extend_from_slice(right);
    leaves
}

/// Of items that are sorted by key and share the first `depth` bits: how many turn left.
fn left_of<T: Keyed>(sorted: &[T], depth: usize) -> usize {
    sorted.partition_point(|item| !turns_right(item.key(), depth))
}

trait Keyed {
    fn key(&self) -> &StateKey;
}

impl Keyed for Leaf {
    fn key(&self) -> &StateKey {
        &self.key
    }
}

impl Keyed for Change {
    fn key(&self) -> &StateKey {
        &self.0
    }
}

#[cfg(test)]
mod tests;
