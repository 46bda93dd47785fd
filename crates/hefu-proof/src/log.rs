//! The log: an append-only Merkle tree (RFC 9162, section 2.1).
//!
//! [`Frontier`] grows a tree and says which perfect subtrees a new leaf completes; who keeps those
//! can make the path of any entry in any later tree with [`inclusion_path`], and with
//! [`consistency_path`] the proof that a later tree begins with an earlier one.

use hefu_types::{EntryIndex, Hash, Suite, TreeSize};

/// The longest path in a tree: its size is a 64-bit number.
pub const PATH_LENGTH_MAX: usize = 64;

/// A path that does not lead from the leaf to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The tree has no such entry.
    #[error("the index is not below the size of the tree")]
    IndexOutside,
    /// Longer or shorter than the path of this index in a tree of this size.
    #[error("the path does not have the length that index and size ask for")]
    WrongLength,
    /// Leads to another root.
    #[error("the path leads to another root")]
    OtherRoot,
}

impl PathError {
    /// Its name for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::IndexOutside => "index-outside",
            Self::WrongLength => "wrong-path-length",
            Self::OtherRoot => "other-root",
        }
    }
}

/// Checks that a leaf stands at an index of the tree with this size and root (RFC 9162, 2.1.3.2).
pub fn verify_inclusion(
    suite: Suite,
    leaf: &Hash,
    index: EntryIndex,
    size: TreeSize,
    path: &[Hash],
    root: &Hash,
) -> Result<(), PathError> {
    match root_of_path(suite, leaf, index, size, path)? == *root {
        true => Ok(()),
        false => Err(PathError::OtherRoot),
    }
}

/// The root to which a path leads from a leaf at an index of a tree with this size (RFC 9162, 2.1.3.2).
/// Whoever trusts a signature over that root has the leaf in the tree.
pub fn root_of_path(
    suite: Suite,
    leaf: &Hash,
    index: EntryIndex,
    size: TreeSize,
    path: &[Hash],
) -> Result<Hash, PathError> {
    if index.0 >= size.0 {
        return Err(PathError::IndexOutside);
    }
    let (mut node, mut last) = (index.0, size.0 - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return Err(PathError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            hash = suite.log_node(sibling, &hash);
            // On the right edge levels without a sibling are passed over.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = suite.log_node(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(PathError::WrongLength);
    }
    Ok(hash)
}

/// Why two trees are not shown to be one that grew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConsistencyError {
    /// The first tree has no entries, of which every tree is a continuation, or more than the second.
    #[error("a proof of consistency leads from at least one entry to at least as many")]
    Sizes,
    /// Longer or shorter than the path between trees of these sizes.
    #[error("the path does not have the length that the two sizes ask for")]
    WrongLength,
    /// It leads to another root of the first tree.
    #[error("the path leads to another root of the earlier tree")]
    OtherFirstRoot,
    /// It leads to another root of the second tree.
    #[error("the path leads to another root of the later tree")]
    OtherSecondRoot,
}

impl ConsistencyError {
    /// Its name for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Sizes => "sizes",
            Self::WrongLength => "wrong-path-length",
            Self::OtherFirstRoot => "other-first-root",
            Self::OtherSecondRoot => "other-second-root",
        }
    }
}

/// Checks that a tree begins with the entries of an earlier one (RFC 9162, 2.1.4.2). An empty tree is
/// the beginning of every other, which needs no proof and has none.
pub fn verify_consistency(
    suite: Suite,
    first: (TreeSize, Hash),
    second: (TreeSize, Hash),
    path: &[Hash],
) -> Result<(), ConsistencyError> {
    let ((first_size, first_root), (second_size, second_root)) = (first, second);
    if first_size.0 == 0 || first_size.0 > second_size.0 {
        return Err(ConsistencyError::Sizes);
    }
    if first_size == second_size {
        return match path.is_empty() {
            false => Err(ConsistencyError::WrongLength),
            true if first_root == second_root => Ok(()),
            true => Err(ConsistencyError::OtherSecondRoot),
        };
    }
    // A first tree that is perfect is a subtree of the second, so its root begins the path unsaid.
    let begins_unsaid = first_size.0.is_power_of_two();
    let mut hashes = path.iter();
    let begin = match begins_unsaid {
        true => first_root,
        false => *hashes.next().ok_or(ConsistencyError::WrongLength)?,
    };
    let skipped = (first_size.0 - 1).trailing_ones();
    let (mut node, mut last) = (
        (first_size.0 - 1) >> skipped,
        (second_size.0 - 1) >> skipped,
    );
    let (mut of_first, mut of_second) = (begin, begin);
    for sibling in hashes {
        if last == 0 {
            return Err(ConsistencyError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            of_first = suite.log_node(sibling, &of_first);
            of_second = suite.log_node(sibling, &of_second);
            // On the right edge levels without a sibling are passed over.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            of_second = suite.log_node(&of_second, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        Err(ConsistencyError::WrongLength)
    } else if of_first != first_root {
        Err(ConsistencyError::OtherFirstRoot)
    } else if of_second != second_root {
        Err(ConsistencyError::OtherSecondRoot)
    } else {
        Ok(())
    }
}

/// The proof that the tree of size `second` begins with that of size `first` (RFC 9162, 2.1.4.1), where
/// `node` is as in [`inclusion_path`]. Empty where the sizes are equal.
///
/// # Panics
///
/// If `first` is 0 or more than `second`.
pub fn consistency_path<E>(
    suite: Suite,
    first: TreeSize,
    second: TreeSize,
    node: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    assert!(
        (1..=second.0).contains(&first.0),
        "a tree that is not empty and its continuation"
    );
    let mut path = Vec::new();
    let (mut begin, mut end) = (0, second.0);
    // From the root down to the last subtree of the first tree; the path is told from there up.
    while end != first.0 {
        let middle = begin + split(end - begin);
        if first.0 <= middle {
            path.push(subtree_root(suite, middle, end, node)?);
            end = middle;
        } else {
            path.push(subtree_root(suite, begin, middle, node)?);
            begin = middle;
        }
    }
    if begin != 0 {
        path.push(subtree_root(suite, begin, end, node)?);
    }
    path.reverse();
    Ok(path)
}

/// The path of an entry in a tree of this size. `node(level, index)` gives the root of the perfect
/// subtree over the leaves from `index << level`, so many as `1 << level`.
pub fn inclusion_path<E>(
    suite: Suite,
    index: EntryIndex,
    size: TreeSize,
    node: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    assert!(index.0 < size.0, "a path is asked for an entry of the tree");
    let mut path = Vec::new();
    let (mut begin, mut end) = (0, size.0);
    // From the root down; the path is told from the leaf up.
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index.0 < middle {
            path.push(subtree_root(suite, middle, end, node)?);
            end = middle;
        } else {
            path.push(subtree_root(suite, begin, middle, node)?);
            begin = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The tree over a list that is at hand, such as the operations of a statement: built once, asked for
/// many paths.
#[derive(Clone, Debug)]
pub struct ListTree {
    suite: Suite,
    /// Levels of perfect subtrees; the last of a level may miss its sibling and is then left out.
    levels: Vec<Vec<Hash>>,
}

impl ListTree {
    /// The tree of these leaves.
    pub fn new(suite: Suite, leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while levels[levels.len() - 1].len() > 1 {
            let below = &levels[levels.len() - 1];
            let above = below
                .chunks_exact(2)
                .map(|pair| suite.log_node(&pair[0], &pair[1]))
                .collect();
            levels.push(above);
        }
        Self { suite, levels }
    }

    /// The path of a leaf.
    ///
    /// # Panics
    ///
    /// If there is no such leaf.
    pub fn path(&self, index: usize) -> Vec<Hash> {
        let mut node = |level: u8, index: u64| -> Result<Hash, std::convert::Infallible> {
            Ok(self.levels[usize::from(level)][index as usize])
        };
        let size = TreeSize(self.levels[0].len() as u64);
        match inclusion_path(self.suite, EntryIndex(index as u64), size, &mut node) {
            Ok(path) => path,
            Err(never) => match never {},
        }
    }
}

/// The root of a tree of this size.
pub fn root<E>(
    suite: Suite,
    size: TreeSize,
    node: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Hash, E> {
    if size.0 == 0 {
        Ok(suite.log_empty())
    } else {
        subtree_root(suite, 0, size.0, node)
    }
}

/// The root over the leaves from `begin` up to `end`, where `begin` is aligned as in a path.
fn subtree_root<E>(
    suite: Suite,
    begin: u64,
    end: u64,
    node: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let width = end - begin;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return node(level as u8, begin >> level);
    }
    // At most 64 deep: each step halves the width.
    let middle = begin + split(width);
    let left = subtree_root(suite, begin, middle, node)?;
    let right = subtree_root(suite, middle, end, node)?;
    Ok(suite.log_node(&left, &right))
}

/// The largest power of two below `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (63 - (width - 1).leading_zeros())
}

/// The right edge of a growing tree: the roots of its perfect subtrees, the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    suite: Suite,
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The edge of the empty tree.
    pub fn new(suite: Suite) -> Self {
        Self {
            suite,
            size: 0,
            subtrees: Vec::new(),
        }
    }

    /// The edge of a tree of this size, from its perfect subtrees.
    pub fn load<E>(
        suite: Suite,
        size: TreeSize,
        node: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let mut subtrees = Vec::new();
        let mut begin = 0;
        for level in (0..64_u8).rev().filter(|level| size.0 >> level & 1 == 1) {
            subtrees.push(node(level, begin >> level)?);
            begin += 1 << level;
        }
        Ok(Self {
            suite,
            size: size.0,
            subtrees,
        })
    }

    /// How many leaves there are.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Adds a leaf and tells every perfect subtree that it completes, itself first, as
    /// (level, index, root).
    pub fn append(&mut self, leaf: Hash, mut completed: impl FnMut(u8, u64, Hash)) {
        let mut hash = leaf;
        completed(0, self.size, hash);
        let mut level = 0;
        while self.size >> level & 1 == 1 {
            let left = self
                .subtrees
                .pop()
                .expect("each set bit of the size is a subtree");
            hash = self.suite.log_node(&left, &hash);
            level += 1;
            completed(level, self.size >> level, hash);
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut subtrees = self.subtrees.iter().rev();
        let Some(smallest) = subtrees.next() else {
            return self.suite.log_empty();
        };
        subtrees.fold(*smallest, |right, left| self.suite.log_node(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hefu_types::merkle;
    use std::collections::HashMap;

    const SUITE: Suite = Suite::Sha256Ed25519;

    #[test]
    fn every_small_tree_is_shown_to_begin_with_every_smaller_one_and_no_other() {
        let leaves: Vec<Hash> = (0..40_u8).map(|i| SUITE.log_leaf(&[i])).collect();
        let mut nodes = HashMap::new();
        let mut frontier = Frontier::new(SUITE);
        let mut roots = vec![SUITE.log_empty()];
        for leaf in &leaves {
            frontier.append(*leaf, |level, index, hash| {
                nodes.insert((level, index), hash);
            });
            roots.push(frontier.root());
        }
        let mut node = |level, index| nodes.get(&(level, index)).copied().ok_or(());
        let tree = |size: usize| (TreeSize(size as u64), roots[size]);
        for second in 1..=leaves.len() {
            for first in 1..=second {
                let (from, to) = (tree(first), tree(second));
                let path = consistency_path(SUITE, from.0, to.0, &mut node).expect("nodes");
                let verify = |from, to, path: &[Hash]| verify_consistency(SUITE, from, to, path);
                assert_eq!(verify(from, to, &path), Ok(()));
                let other = Hash([9; 32]);
                assert!(verify((from.0, other), to, &path).is_err());
                assert!(verify(from, (to.0, other), &path).is_err());
                assert!(verify(from, to, &[path.clone(), vec![other]].concat()).is_err());
                if let Some((_, shorter)) = path.split_last() {
                    assert!(verify(from, to, shorter).is_err());
                }
                for at in 0..path.len() {
                    let mut altered = path.clone();
                    altered[at].0[7] ^= 1;
                    assert!(verify(from, to, &altered).is_err());
                }
                if first < second {
                    assert_eq!(verify(to, from, &path), Err(ConsistencyError::Sizes));
                }
            }
            assert_eq!(
                verify_consistency(SUITE, tree(0), tree(second), &[]),
                Err(ConsistencyError::Sizes)
            );
        }
    }

    #[test]
    fn every_path_of_every_small_tree_verifies_and_no_other() {
        let leaves: Vec<Hash> = (0..40_u8).map(|i| SUITE.log_leaf(&[i])).collect();
        let mut nodes = HashMap::new();
        let mut frontier = Frontier::new(SUITE);
        for (n, leaf) in leaves.iter().enumerate() {
            frontier.append(*leaf, |level, index, hash| {
                assert_eq!(
                    nodes.insert((level, index), hash),
                    None,
                    "a subtree is completed once"
                );
            });
            let size = TreeSize(n as u64 + 1);
            let root = merkle::root_of_hashes(SUITE, &leaves[..=n]);
            assert_eq!(frontier.root(), root);
            let mut node = |level, index| nodes.get(&(level, index)).copied().ok_or(());
            assert_eq!(Frontier::load(SUITE, size, &mut node), Ok(frontier.clone()));
            assert_eq!(super::root(SUITE, size, &mut node), Ok(root));
            for i in 0..=n {
                let index = EntryIndex(i as u64);
                let path = inclusion_path(SUITE, index, size, &mut node).expect("nodes are there");
                assert_eq!(path, ListTree::new(SUITE, leaves[..=n].to_vec()).path(i));
                let verify = |leaf: &Hash, index, size, path: &[Hash]| {
                    verify_inclusion(SUITE, leaf, index, size, path, &root)
                };
                assert_eq!(verify(&leaves[i], index, size, &path), Ok(()));
                assert!(verify(&leaves[(i + 1) % leaves.len()], index, size, &path).is_err());
                let other = EntryIndex((i as u64 + 1) % size.0);
                assert!(size.0 == 1 || verify(&leaves[i], other, size, &path).is_err());
                let mut longer = path.clone();
                longer.push(root);
                assert!(verify(&leaves[i], index, size, &longer).is_err());
                if let Some((_, shorter)) = path.split_last() {
                    assert!(verify(&leaves[i], index, size, shorter).is_err());
                }
                for at in 0..path.len() {
                    let mut altered = path.clone();
                    altered[at].0[7] ^= 1;
                    assert!(verify(&leaves[i], index, size, &altered).is_err());
                }
            }
            let outside = verify_inclusion(SUITE, leaf, EntryIndex(size.0), size, &[], &root);
            assert_eq!(outside, Err(PathError::IndexOutside));
        }
    }
}
