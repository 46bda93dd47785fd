//! The crate `jmt` is the oracle: it shares no code with this tree, and gives the same roots. Its
//! proofs lead to our roots and ours to its; as a proof of a given key under a given root is unique
//! without a collision of the hash, the two need not be compared byte by byte.

use super::*;
use hefu_types::canonical;
use jmt::{mock::MockTreeStore, KeyHash, RootHash, Sha256Jmt};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const SUITE: Suite = Suite::Sha256Ed25519;

type Value = Vec<u8>;
type Batch = BTreeMap<StateKey, Option<Value>>;

/// The tree under test, the oracle, and a map that says what both should hold.
struct Trial {
    tree: StateTree,
    held: BTreeMap<StateKey, Value>,
    store: MockTreeStore,
    batches: u64,
}

impl Trial {
    fn new() -> Self {
        let tree = StateTree::new(SUITE);
        let mut trial = Self {
            tree,
            held: BTreeMap::new(),
            store: MockTreeStore::default(),
            batches: 0,
        };
        trial.apply(&Batch::new());
        trial
    }

    fn apply(&mut self, batch: &Batch) {
        let values = batch
            .iter()
            .map(|(key, value)| (KeyHash(key.0), value.clone()));
        let oracle = Sha256Jmt::new(&self.store);
        let (RootHash(root), written) = oracle
            .put_value_set(values, self.batches)
            .expect("the oracle takes any batch");
        self.store
            .write_tree_update_batch(written)
            .expect("the store takes what the oracle wrote");
        self.batches += 1;
        for (key, value) in batch {
            match value {
                Some(value) => self.held.insert(*key, value.clone()),
                None => self.held.remove(key),
            };
        }
        let mut changes: Vec<Change> = batch
            .iter()
            .rev()
            .map(|(key, value)| (*key, value.as_deref().map(hash)))
            .collect();
        assert_eq!(
            self.tree.apply(&mut changes),
            Hash(root),
            "the oracle has another root"
        );
        check_invariants(&self.tree, &self.held);
    }

    /// Proofs for these keys and those held, made by either side, hold under the other's root.
    fn check_proofs(&self, keys: impl IntoIterator<Item = StateKey>) {
        let oracle = Sha256Jmt::new(&self.store);
        let root = self.tree.root();
        for key in keys {
            let value = self.held.get(&key);
            let value_hash = value.map(|value| hash(value));
            let proof = self.tree.prove(&key);
            assert_eq!(
                proof.verify(SUITE, &root, &key, value_hash.as_ref()),
                Ok(())
            );
            let bytes = canonical::encode(&proof);
            assert_eq!(
                canonical::decode(&bytes, StateProof::ENCODED_BYTES_MAX),
                Ok(proof)
            );

            let (theirs, proof) = oracle
                .get_with_proof(KeyHash(key.0), self.batches - 1)
                .expect("the oracle has its last version");
            assert_eq!(theirs.as_ref(), value);
            proof
                .verify(RootHash(root.0), KeyHash(key.0), value)
                .expect("the oracle's proof leads to our root");
        }
    }
}

/// Everything that the types of the tree promise, from its nodes alone.
fn check_invariants(tree: &StateTree, held: &BTreeMap<StateKey, Value>) {
    let mut leaves = Vec::new();
    let mut branches = 0;
    check_subtree(&tree.top, 0, &mut leaves, &mut branches);
    let expected: Vec<_> = held
        .iter()
        .map(|(key, value)| (*key, hash(value)))
        .collect();
    assert_eq!(leaves, expected, "the leaves are those held, in order");
    assert_eq!(
        (tree.size.leaves, tree.size.branches),
        (held.len(), branches)
    );
    assert_eq!(tree.is_empty(), held.is_empty());
    for (key, value_hash) in &expected {
        assert_eq!(tree.value_hash(key), Some(*value_hash));
    }
}

fn check_subtree(
    subtree: &Subtree,
    depth: usize,
    leaves: &mut Vec<(StateKey, Hash)>,
    branches: &mut usize,
) {
    let first = leaves.len();
    match &subtree.below {
        Below::Run(run) => {
            assert!(run.len() <= RUN_LEAVES_MAX, "a run is too long");
            leaves.extend(run.iter().map(|leaf| (leaf.key, leaf.value_hash)));
        }
        Below::Branch(children) => {
            *branches += 1;
            check_subtree(&children[0], depth + 1, leaves, branches);
            check_subtree(&children[1], depth + 1, leaves, branches);
            assert!(
                leaves.len() - first > RUN_LEAVES_MAX,
                "a branch should be a run"
            );
        }
    }
    assert_eq!(
        subtree.hash,
        plain_root(&leaves[first..], depth),
        "a hash at depth {depth}"
    );
}

/// The definition of the tree, as plainly as it can be written.
fn plain_root(leaves: &[(StateKey, Hash)], depth: usize) -> Hash {
    match leaves {
        [] => SUITE.state_placeholder(),
        [(key, value_hash)] => SUITE.state_leaf(&key.0, value_hash),
        _ => {
            let bit = |key: &StateKey| key.0[depth / 8] >> (7 - depth % 8) & 1;
            let (left, right): (Vec<_>, Vec<_>) = leaves.iter().partition(|(key, _)| bit(key) == 0);
            SUITE.state_node(
                &plain_root(&left, depth + 1),
                &plain_root(&right, depth + 1),
            )
        }
    }
}

fn hash(value: &[u8]) -> Hash {
    SUITE.hash(&[value])
}

/// The key of a number, as evenly spread as real ones.
fn key(n: u32) -> StateKey {
    StateKey(SUITE.hash(&[b"key", &n.to_be_bytes()]).0)
}

fn leaves(numbers: impl IntoIterator<Item = u32>) -> Vec<(StateKey, Hash)> {
    numbers
        .into_iter()
        .map(|n| (key(n), hash(&n.to_be_bytes())))
        .collect()
}

fn flipped(mut key: StateKey, bit: u8) -> StateKey {
    key.0[usize::from(bit / 8)] ^= 0x80 >> (bit % 8);
    key
}

/// Few keys, so that batches meet each other's; spread evenly, or in clusters that share any number
/// of leading bits, up to 255.
fn any_key() -> impl Strategy<Value = StateKey> {
    let spread = (0..400_u32).prop_map(key);
    let clustered = (
        0..3_u32,
        any::<u8>(),
        prop_oneof![Just(255_u8), any::<u8>()],
    )
        .prop_map(|(n, first, second)| flipped(flipped(key(n), first), second));
    prop_oneof![spread, clustered]
}

fn any_batch() -> impl Strategy<Value = Batch> {
    let value = prop_oneof![
        3 => any::<[u8; 2]>().prop_map(|value| Some(value.to_vec())),
        2 => Just(None),
    ];
    prop::collection::btree_map(any_key(), value, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_has_the_roots_and_proofs_of_the_oracle(
        batches in prop::collection::vec(any_batch(), 1..6),
        asked in prop::collection::vec(any_key(), 8),
    ) {
        let mut trial = Trial::new();
        let mut snapshots = Vec::new();
        for batch in &batches {
            trial.apply(batch);
            snapshots.push((trial.tree.clone(), trial.held.clone()));
        }
        let held: Vec<_> = trial.held.keys().copied().take(8).collect();
        trial.check_proofs(asked.into_iter().chain(held));

        // No snapshot has seen what came after it.
        for (tree, held) in &snapshots {
            check_invariants(tree, held);
        }

        // The shape follows from the keys, not from history.
        let leaves = trial.held.iter().map(|(key, value)| (*key, hash(value)));
        let rebuilt = StateTree::from_leaves(SUITE, leaves.rev());
        check_invariants(&rebuilt, &trial.held);
        prop_assert_eq!(rebuilt.root(), trial.tree.root());
        prop_assert_eq!(rebuilt.memory_bytes(), trial.tree.memory_bytes());

        // All that came can go again.
        trial.apply(&trial.held.keys().map(|key| (*key, None)).collect());
        prop_assert_eq!(trial.tree.root(), SUITE.state_placeholder());
        prop_assert_eq!(trial.tree.size.branches, 0);
    }

    #[test]
    fn undo_restores_the_root(first in any_batch(), second in any_batch()) {
        let mut trial = Trial::new();
        trial.apply(&first);
        let (root, held) = (trial.tree.root(), trial.held.clone());
        trial.apply(&second);
        trial.apply(&second.keys().map(|key| (*key, held.get(key).cloned())).collect());
        prop_assert_eq!(trial.tree.root(), root);
    }
}

proptest! {
    /// Trees of any two sets of keys, put together, are the tree of all of them.
    #[test]
    fn trees_are_put_together(
        keys in proptest::collection::btree_map(any_key(), (any::<u8>(), any::<bool>()), 0..400),
        at in any::<u8>(),
    ) {
        // Split by range, as those who build it do, and at random.
        for by_range in [true, false] {
            let held = |key: &StateKey, value: u8| (*key, hash(&[value]));
            let (one, other): (Vec<_>, Vec<_>) = keys
                .iter()
                .partition(|(key, (_, side))| if by_range { key.0[0] < at } else { *side });
            let tree = |part: Vec<(&StateKey, &(u8, bool))>| {
                let leaves = part.into_iter().map(|(key, (value, _))| held(key, *value));
                StateTree::from_leaves(SUITE, leaves)
            };
            let mut joined = tree(one);
            joined.absorb(tree(other));
            let values = keys.iter().map(|(key, (value, _))| (*key, vec![*value]));
            check_invariants(&joined, &values.collect());
            let all = keys.iter().map(|(key, (value, _))| held(key, *value));
            prop_assert_eq!(joined.root(), StateTree::from_leaves(SUITE, all).root());
        }
    }
}

#[test]
fn nearly_all_keys_on_one_side_and_a_cluster_deep_below_it() {
    let mut trial = Trial::new();
    let mut keys: BTreeSet<StateKey> = (0..600).map(key).collect();
    keys = keys
        .into_iter()
        .map(|mut key| {
            key.0[0] |= 0x80;
            key
        })
        .collect();
    // Eighty keys that share 248 bits: more than one run holds, so a chain of branches leads there.
    keys.extend((0..80).map(|n| {
        let mut key = key(7);
        key.0[31] = n;
        key
    }));
    trial.apply(
        &keys
            .iter()
            .map(|key| (*key, Some(key.0.to_vec())))
            .collect(),
    );
    trial.check_proofs(keys.iter().copied().chain([key(7), key(8)]));
    assert!(
        trial.tree.size.branches > 240,
        "the cluster has a chain of branches"
    );
    trial.apply(&keys.iter().skip(1).map(|key| (*key, None)).collect());
    assert_eq!((trial.tree.len(), trial.tree.size.branches), (1, 0));
    trial.check_proofs(keys);
}

#[test]
fn an_empty_tree_and_a_tree_of_one_leaf() {
    let mut trial = Trial::new();
    assert_eq!(trial.tree.root(), SUITE.state_placeholder());
    assert_eq!((trial.tree.len(), trial.tree.is_empty()), (0, true));
    trial.check_proofs([key(0)]);

    trial.apply(&Batch::from([(key(0), Some(b"v".to_vec()))]));
    assert_eq!(trial.tree.root(), SUITE.state_leaf(&key(0).0, &hash(b"v")));
    trial.check_proofs([key(0), key(1)]);

    // What is not there can be removed again and again.
    trial.apply(&Batch::from([(key(1), None)]));
    trial.apply(&Batch::from([(key(0), None), (key(1), None)]));
    trial.apply(&Batch::from([(key(0), None)]));
    assert_eq!(trial.tree.root(), SUITE.state_placeholder());
}

#[test]
fn a_snapshot_serves_proofs_while_the_writer_goes_on() {
    let mut tree = StateTree::from_leaves(SUITE, leaves(0..1_000));
    let snapshot = tree.clone();
    let root = snapshot.root();
    let (asked, value_hash) = (key(5), hash(&5_u32.to_be_bytes()));
    tree.apply(&mut [(asked, None), (key(5_000), Some(value_hash))]);
    assert_ne!(tree.root(), root);
    let proved = |tree: &StateTree, value: Option<&Hash>| {
        tree.prove(&asked)
            .verify(SUITE, &tree.root(), &asked, value)
    };
    assert_eq!(snapshot.root(), root);
    assert_eq!(proved(&snapshot, Some(&value_hash)), Ok(()));
    assert_eq!(proved(&tree, None), Ok(()));
}

/// A changed root here is a fork of every network: see the decision that goes with it.
#[test]
fn known_roots() {
    let check = |keys: u32, root: &str| {
        let tree = StateTree::from_leaves(SUITE, leaves(0..keys));
        assert_eq!(tree.root().to_string(), root, "of {keys} keys");
        let mut trial = Trial::new();
        trial.apply(
            &(0..keys)
                .map(|n| (key(n), Some(n.to_be_bytes().to_vec())))
                .collect(),
        );
        assert_eq!(trial.tree.root(), tree.root());
    };
    check(
        0,
        "5350415253455f4d45524b4c455f504c414345484f4c4445525f484153485f5f",
    );
    check(
        1,
        "5b08ccb3884243eda75a7785a71776c1ca341f1e00a8be5fd0af755b6b92f990",
    );
    check(
        2,
        "6183375362104c696f2aa28b7473a54d963359b7a03c47b2f69ba8cf0a2f5638",
    );
    check(
        3,
        "a9c2b66ad593df9feeb6b1b5e1f47a9dcdf5868eac76c5d791fce9ecf8f5cd82",
    );
    check(
        1_000,
        "78dd1d297d755b4b19b8e051af760a254359b05973b32ccb849640dd961a8601",
    );
}

#[test]
#[should_panic(expected = "a batch changes each key once")]
fn two_changes_of_one_key_are_a_bug_of_the_caller() {
    StateTree::new(SUITE).apply(&mut [(key(1), None), (key(1), Some(hash(b"v")))]);
}

proptest! {
    /// Whoever remembers the first half of a tree learns of every key of it that changed since.
    #[test]
    fn what_changed_among_the_few_is_visited(
        before in proptest::collection::btree_set(0..400_u32, 0..300),
        after in proptest::collection::btree_set(0..400_u32, 0..300),
    ) {
        let tree = |numbers: &BTreeSet<u32>| StateTree::from_leaves(SUITE, leaves(numbers.iter().copied()));
        let (before, after) = (tree(&before), tree(&after));
        let visited = |before: Option<&FirstHalf>| {
            let mut visited = BTreeSet::new();
            after.first_half().visit_changed(before, |key| assert!(visited.insert(*key)));
            visited
        };
        let few: BTreeSet<StateKey> = (0..400).map(key).filter(|key| !turns_right(key, 0)).collect();
        let there = |key: &&StateKey| after.value_hash(key).is_some();
        let all: BTreeSet<StateKey> = few.iter().filter(there).copied().collect();
        prop_assert_eq!(&visited(None), &all);
        let new: BTreeSet<StateKey> =
            all.iter().filter(|key| before.value_hash(key).is_none()).copied().collect();
        let seen = visited(Some(&before.first_half()));
        prop_assert!(seen.is_superset(&new) && seen.is_subset(&all));
        prop_assert!(visited(Some(&after.first_half())).is_empty());
    }
}
