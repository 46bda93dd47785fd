//! Against the log: other places, other sizes, inner nodes as leaves, logs that did not grow.

use super::{Attack, Family, Target};
use crate::attack::world::{World, SUITE};
use hefu_types::{EntryIndex, Hash, TreeSize};
use rand::{rngs::StdRng, Rng};

pub(super) const FAMILIES: &[(&str, Family)] = &[
    ("log: another index", other_index),
    ("log: path altered", altered),
    ("log: another leaf", other_leaf),
    ("log: consistency with an altered path", consistency_altered),
    ("log: consistency with another root", consistency_other_root),
    ("log: consistency of other sizes", consistency_other_sizes),
    (
        "log: consistency of two networks",
        consistency_of_two_networks,
    ),
    ("receipt: entry at another index", entry_at_other_index),
    (
        "receipt: operation at another index",
        operation_at_other_index,
    ),
    (
        "receipt: an inner node as an entry or operation",
        node_as_leaf,
    ),
    ("receipt: paths padded", padded),
];

const PATH: &[&str] = &["wrong-path-length", "other-root", "index-outside"];

/// A leaf of the log at a moment: entry, size, root and path.
fn place(world: &World, rng: &mut StdRng) -> (u64, TreeSize, Hash, Vec<Hash>) {
    let at = rng.gen_range(1..world.here.moments.len());
    let checkpoint = &world.here.moments[at].checkpoint;
    let entry = rng.gen_range(0..checkpoint.size.0);
    let path = world.here.entry_path(entry, at);
    (entry, checkpoint.size, checkpoint.log_root, path)
}

fn other_index(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (entry, size, root, path) = place(world, rng);
    let other = match rng.gen_range(0..4) {
        0 => size.0,
        1 => rng.gen(),
        _ => rng.gen_range(0..size.0),
    };
    (other != entry).then_some(())?;
    let target = Target::Inclusion {
        leaf: SUITE.log_leaf(&world.here.entries[entry as usize]),
        index: EntryIndex(other),
        size,
        path,
        root,
    };
    Attack::new(target, PATH)
}

fn bend(path: &mut Vec<Hash>, rng: &mut StdRng) {
    if path.is_empty() || rng.gen_ratio(1, 4) {
        path.insert(rng.gen_range(0..=path.len()), Hash(rng.gen()));
        return;
    }
    let length = path.len();
    let at = rng.gen_range(0..length);
    match rng.gen_range(0..4) {
        0 => path[at].0[rng.gen_range(0..32)] ^= 1 << rng.gen_range(0..8),
        1 => drop(path.remove(at)),
        2 => path.insert(at, path[at]),
        _ if length > 1 => path.swap(at, (at + 1) % length),
        _ => path.clear(),
    }
}

fn altered(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (entry, size, root, mut path) = place(world, rng);
    bend(&mut path, rng);
    let target = Target::Inclusion {
        leaf: SUITE.log_leaf(&world.here.entries[entry as usize]),
        index: EntryIndex(entry),
        size,
        path,
        root,
    };
    Attack::new(target, PATH)
}

fn other_leaf(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (entry, size, root, path) = place(world, rng);
    let other = &world.here.entries[rng.gen_range(0..world.here.entries.len())];
    let leaf = match rng.gen_range(0..3) {
        0 => SUITE.hash(&[&[1], other]),
        1 => SUITE.hash(&[other]),
        _ => SUITE.log_leaf(other),
    };
    (leaf != SUITE.log_leaf(&world.here.entries[entry as usize])).then_some(())?;
    let target = Target::Inclusion {
        leaf,
        index: EntryIndex(entry),
        size,
        path,
        root,
    };
    Attack::new(target, &["other-root"])
}

type Trees = ((TreeSize, Hash), (TreeSize, Hash), Vec<Hash>);

/// Two moments, the earlier first, and the genuine path between them.
fn growth(world: &World, rng: &mut StdRng) -> Trees {
    let one = rng.gen_range(1..world.here.moments.len() - 1);
    let two = rng.gen_range(one + 1..world.here.moments.len());
    let tree = |at: usize| {
        let checkpoint = &world.here.moments[at].checkpoint;
        (checkpoint.size, checkpoint.log_root)
    };
    let (first, second) = (tree(one), tree(two));
    let path = world.here.consistency(first.0 .0, second.0 .0);
    (first, second, path)
}

const GROWTH: &[&str] = &[
    "wrong-path-length",
    "other-first-root",
    "other-second-root",
    "sizes",
];

fn consistency_altered(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (first, second, mut path) = growth(world, rng);
    bend(&mut path, rng);
    let target = Target::Consistency {
        first,
        second,
        path,
    };
    Attack::new(target, GROWTH)
}

fn consistency_other_root(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut first, mut second, path) = growth(world, rng);
    match rng.gen_range(0..3) {
        0 => first.1 = Hash(rng.gen()),
        1 => second.1 = Hash(rng.gen()),
        _ => std::mem::swap(&mut first.1, &mut second.1),
    }
    let target = Target::Consistency {
        first,
        second,
        path,
    };
    Attack::new(target, &["other-first-root", "other-second-root"])
}

/// The sizes are told otherwise, and one of the roots is of the size that is told no more.
fn consistency_other_sizes(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (first, second, path) = growth(world, rng);
    let (mut one, mut two) = (first, second);
    match rng.gen_range(0..4) {
        0 => one.0 .0 = 0,
        1 => std::mem::swap(&mut one, &mut two),
        2 => one.0 = two.0,
        _ => two.0 .0 = rng.gen_range(0..one.0 .0),
    }
    let target = Target::Consistency {
        first: one,
        second: two,
        path,
    };
    Attack::new(target, GROWTH)
}

fn consistency_of_two_networks(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (mut first, second, path) = growth(world, rng);
    let there = &world.there.moments[rng.gen_range(1..world.there.moments.len())];
    first.1 = there.checkpoint.log_root;
    let target = Target::Consistency {
        first,
        second,
        path,
    };
    Attack::new(target, &["other-first-root", "other-second-root"])
}

/// In a receipt root and size are signed, so that no other index serves.
fn entry_at_other_index(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = super::receipt::any(world, rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    let size = world.here.moments[at].checkpoint.size.0;
    let index = rng.gen_range(0..=size);
    (index != receipt.operation.entry_index.0).then_some(())?;
    if rng.gen() && index < size {
        receipt.operation.entry_path = world.here.entry_path(index, at);
    }
    receipt.operation.entry_index = EntryIndex(index);
    Attack::receipt(&receipt, PATH)
}

fn operation_at_other_index(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = super::receipt::any(world, rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    let count = world.here.statements[done.statement].operations.len() as u32;
    let index = rng.gen_range(0..=count);
    (index != done.index).then_some(())?;
    receipt.operation.index = index;
    Attack::receipt(&receipt, PATH)
}

/// An inner node's preimage as the bytes of a leaf, with and without its prefix, and the path above it.
fn node_as_leaf(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = super::receipt::any(world, rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    let operation = &mut receipt.operation;
    let sibling = *operation.path.first()?;
    let own = SUITE.log_leaf(&operation.operation);
    let (left, right) = match done.index & 1 {
        0 => (own, sibling),
        _ => (sibling, own),
    };
    let prefix: &[u8] = if rng.gen() { &[1] } else { &[] };
    operation.operation = [prefix, &left.0, &right.0].concat().into();
    operation.path.remove(0);
    if rng.gen() {
        operation.index /= 2;
    }
    Attack::receipt(&receipt, &["wrong-path-length", "other-root"])
}

fn padded(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let (done, at) = super::receipt::any(world, rng)?;
    let mut receipt = world.here.receipt(done, at, rng);
    let operation = &mut receipt.operation;
    let path = match rng.gen() {
        true => &mut operation.path,
        false => &mut operation.entry_path,
    };
    if rng.gen_ratio(1, 8) {
        path.resize(65, Hash([0; 32]));
        return Attack::receipt(&receipt, &["path-too-long"]);
    }
    path.insert(rng.gen_range(0..=path.len()), Hash(rng.gen()));
    Attack::receipt(&receipt, &["wrong-path-length"])
}
