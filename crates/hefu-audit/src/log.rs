//! The log as an auditor keeps it: the hashes of all its leaves, and of every perfect subtree over them.
//!
//! 64 bytes an entry. With them the root of every earlier size and the proof between any two sizes can be
//! told at any time, without asking a node.

use hefu_proof::log::{consistency_path, root};
use hefu_types::{Hash, Suite, TreeSize};
use std::convert::Infallible;

/// See the module.
#[derive(Clone, Debug)]
pub struct Log {
    suite: Suite,
    /// By level; at `levels[l][i]` the root over the leaves from `i << l`, so many as `1 << l`.
    levels: Vec<Vec<Hash>>,
}

impl Log {
    /// The empty log.
    pub fn new(suite: Suite) -> Self {
        let levels = vec![Vec::new()];
        Self { suite, levels }
    }

    /// How many entries there are.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.levels[0].len() as u64)
    }

    /// The hashes of the leaves.
    pub fn leaves(&self) -> &[Hash] {
        &self.levels[0]
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let nodes = &mut self.levels[level];
            nodes.push(hash);
            if nodes.len() % 2 == 1 {
                return;
            }
            hash = self.suite.log_node(&nodes[nodes.len() - 2], &hash);
        }
    }

    /// Forgets all leaves behind a size.
    pub fn truncate(&mut self, size: TreeSize) {
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            nodes.truncate(usize::try_from(size.0 >> level).unwrap_or(usize::MAX));
        }
    }

    /// The root at a size that the log has reached.
    ///
    /// # Panics
    ///
    /// If the log has fewer entries.
    pub fn root(&self, size: TreeSize) -> Hash {
        assert!(size <= self.size(), "the log has that many entries");
        let Ok(root) = root(self.suite, size, &mut self.node());
        root
    }

    /// The proof (RFC 9162, 2.1.4.1) that the log at one size begins with itself at a smaller one.
    ///
    /// # Panics
    ///
    /// If `first` is 0 or more than `second`, or the log has fewer entries than that.
    pub fn consistency(&self, first: TreeSize, second: TreeSize) -> Vec<Hash> {
        assert!(second <= self.size(), "the log has that many entries");
        let Ok(path) = consistency_path(self.suite, first, second, &mut self.node());
        path
    }

    fn node(&self) -> impl FnMut(u8, u64) -> Result<Hash, Infallible> + '_ {
        |level, index| Ok(self.levels[usize::from(level)][index as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hefu_proof::log::verify_consistency;
    use hefu_types::merkle;

    #[test]
    fn every_size_that_it_had_keeps_its_root_and_its_proof() {
        let suite = Suite::Sha256Ed25519;
        let leaves: Vec<Hash> = (0..70_u8).map(|i| suite.log_leaf(&[i])).collect();
        let mut log = Log::new(suite);
        leaves.iter().for_each(|leaf| log.append(*leaf));
        for second in 1..=70 {
            let to = (TreeSize(second), log.root(TreeSize(second)));
            assert_eq!(
                to.1,
                merkle::root_of_hashes(suite, &leaves[..second as usize])
            );
            for first in 1..=second {
                let from = (TreeSize(first), log.root(TreeSize(first)));
                let path = log.consistency(from.0, to.0);
                assert_eq!(verify_consistency(suite, from, to, &path), Ok(()));
            }
        }
        // What is forgotten and added again is as it was.
        let whole = log.root(TreeSize(70));
        log.truncate(TreeSize(33));
        assert_eq!(log.size(), TreeSize(33));
        leaves[33..].iter().for_each(|leaf| log.append(*leaf));
        assert_eq!(log.root(TreeSize(70)), whole);
    }
}
