//! The root of a list (RFC 9162, section 2.1.1). Paths and their checks are in `hefu-proof`.

use crate::bytes::Hash;
use crate::suite::Suite;

/// The Merkle tree hash of leaves that are hashed already.
pub fn root_of_hashes(suite: Suite, leaves: &[Hash]) -> Hash {
    let Some(first) = leaves.first() else {
        return suite.log_empty();
    };
    // One pass with a stack of perfect subtrees, as an accumulator does: no recursion, no copy.
    let mut stack: Vec<(u32, Hash)> = vec![(0, *first)];
    for leaf in &leaves[1..] {
        merge_equal(suite, &mut stack);
        stack.push((0, *leaf));
    }
    merge_equal(suite, &mut stack);
    let (_, mut root) = stack.pop().expect("a non-empty list leaves a subtree");
    while let Some((_, left)) = stack.pop() {
        root = suite.log_node(&left, &root);
    }
    root
}

fn merge_equal(suite: Suite, stack: &mut Vec<(u32, Hash)>) {
    while let [.., (left_level, left), (right_level, right)] = stack.as_slice() {
        if left_level != right_level {
            return;
        }
        let merged = (left_level + 1, suite.log_node(left, right));
        stack.truncate(stack.len() - 2);
        stack.push(merged);
    }
}

/// The Merkle tree hash of a list of entries.
pub fn root<T: AsRef<[u8]>>(suite: Suite, entries: &[T]) -> Hash {
    let leaves: Vec<Hash> = entries.iter().map(|e| suite.log_leaf(e.as_ref())).collect();
    root_of_hashes(suite, &leaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word for word: split at the largest power of two below n.
    fn by_definition(suite: Suite, leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => suite.log_empty(),
            1 => leaves[0],
            n => {
                let split = n.next_power_of_two() / 2;
                let (left, right) = leaves.split_at(split);
                suite.log_node(&by_definition(suite, left), &by_definition(suite, right))
            }
        }
    }

    #[test]
    fn the_accumulator_is_the_definition() {
        let suite = Suite::Sha256Ed25519;
        let leaves: Vec<Hash> = (0..70_u8).map(|i| suite.log_leaf(&[i])).collect();
        for n in 0..=leaves.len() {
            assert_eq!(
                root_of_hashes(suite, &leaves[..n]),
                by_definition(suite, &leaves[..n]),
                "{n}"
            );
        }
    }
}
