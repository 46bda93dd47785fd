//! Blind attacks: a genuine proof as a tree, of which some node is altered, truncated, extended, left out,
//! doubled, moved, exchanged for another of the same shape, for one of another genuine proof, or written in
//! another way.

use super::cbor::{head, long_head, Node};
use rand::seq::SliceRandom;
use rand::{rngs::StdRng, Rng};

/// One way to bend a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bend {
    /// One bit of a byte string, a number or a letter.
    Flip,
    /// Another value of the same type and length.
    Other,
    /// A byte or an element less, at an end.
    Truncate,
    /// A byte or an element more, at an end.
    Extend,
    /// Nothing in it.
    Empty,
    /// An element or an entry left out.
    Drop,
    /// An element or an entry twice.
    Double,
    /// Two elements, two entries or two values of entries exchanged.
    Swap,
    /// The elements in another order.
    Reorder,
    /// Another key in a map, or one more entry.
    Key,
    /// An item of another type.
    Type,
    /// A copy of another node of the same shape.
    Copy,
    /// Two nodes of the same shape exchanged.
    Exchange,
    /// The node at the same place of another genuine proof.
    Donor,
    /// A node of the same shape from anywhere in another genuine proof.
    Graft,
    /// The same value written in another way.
    Spell,
    /// Bytes of the whole: cut, filled, doubled, altered.
    Bytes,
}

impl Bend {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Flip,
        Self::Other,
        Self::Truncate,
        Self::Extend,
        Self::Empty,
        Self::Drop,
        Self::Double,
        Self::Swap,
        Self::Reorder,
        Self::Key,
        Self::Type,
        Self::Copy,
        Self::Exchange,
        Self::Donor,
        Self::Graft,
        Self::Spell,
        Self::Bytes,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flip => "flip",
            Self::Other => "other-value",
            Self::Truncate => "truncate",
            Self::Extend => "extend",
            Self::Empty => "empty",
            Self::Drop => "drop",
            Self::Double => "double",
            Self::Swap => "swap",
            Self::Reorder => "reorder",
            Self::Key => "key",
            Self::Type => "other-type",
            Self::Copy => "copy",
            Self::Exchange => "exchange",
            Self::Donor => "donor",
            Self::Graft => "graft",
            Self::Spell => "spell",
            Self::Bytes => "bytes",
        }
    }
}

/// A genuine proof, taken apart.
pub struct Specimen {
    /// Its bytes.
    pub bytes: Vec<u8>,
    tree: Node,
    paths: Vec<Vec<usize>>,
}

impl Specimen {
    /// Takes bytes apart. What is not CBOR, as a note, is one node.
    pub fn new(bytes: Vec<u8>) -> Self {
        let tree = Node::parse(&bytes).filter(|tree| tree.encode() == bytes);
        let tree = tree.unwrap_or_else(|| Node::Raw(bytes.clone()));
        let paths = tree.paths();
        Self { bytes, tree, paths }
    }

    /// How many nodes it has.
    pub fn nodes(&self) -> usize {
        self.paths.len()
    }

    /// The bytes with one node bent, or `None` where the way does not apply to the node.
    pub fn bent(&self, at: usize, how: Bend, donor: &Self, rng: &mut StdRng) -> Option<Vec<u8>> {
        if how == Bend::Bytes {
            return Some(bytes(&self.bytes, rng));
        }
        let mut tree = self.tree.clone();
        self.bend(&mut tree, at, how, donor, rng)?;
        Some(tree.encode())
    }

    /// The bytes with one to three nodes bent in any ways.
    pub fn bent_at_random(&self, donor: &Self, rng: &mut StdRng) -> (Bend, Vec<u8>) {
        let times = *[1, 1, 1, 1, 1, 1, 2, 3].choose(rng).expect("a choice");
        let mut tree = self.tree.clone();
        let mut first = None;
        let mut tries = 0;
        while tries < 64 * times && (first.is_none() || tries < times) {
            tries += 1;
            let how = *Bend::ALL.choose(rng).expect("there are ways");
            if how == Bend::Bytes {
                if first.is_none() && rng.gen_ratio(1, 2) {
                    return (how, bytes(&self.bytes, rng));
                }
                continue;
            }
            let at = rng.gen_range(0..self.paths.len());
            // After a first bend the path may be gone, or lead elsewhere: both are attacks as well.
            if self.bend(&mut tree, at, how, donor, rng).is_some() {
                first.get_or_insert(how);
            }
        }
        match first {
            Some(how) => (how, tree.encode()),
            None => (Bend::Bytes, bytes(&self.bytes, rng)),
        }
    }

    fn bend(
        &self,
        tree: &mut Node,
        at: usize,
        how: Bend,
        donor: &Self,
        rng: &mut StdRng,
    ) -> Option<()> {
        let path = &self.paths[at];
        match how {
            Bend::Copy | Bend::Exchange => {
                let here = self.tree.at(path)?.shape();
                let like = |other: &&Vec<usize>| {
                    let is_apart = !other.starts_with(path) && !path.starts_with(other);
                    is_apart && self.tree.at(other).is_some_and(|n| n.shape() == here)
                };
                let others: Vec<&Vec<usize>> = self.paths.iter().filter(like).collect();
                let other = *others.choose(rng)?;
                let (ours, theirs) = (tree.at(path)?.clone(), tree.at(other)?.clone());
                if how == Bend::Exchange {
                    *tree.at_mut(other)? = ours;
                }
                *tree.at_mut(path)? = theirs;
            }
            Bend::Donor => *tree.at_mut(path)? = donor.tree.at(path)?.clone(),
            Bend::Graft => {
                let here = self.tree.at(path)?.shape();
                let fits =
                    |other: &&Vec<usize>| donor.tree.at(other).is_some_and(|n| n.shape() == here);
                let others: Vec<&Vec<usize>> = donor.paths.iter().filter(fits).collect();
                *tree.at_mut(path)? = donor.tree.at(others.choose(rng)?)?.clone();
            }
            _ => alter(tree.at_mut(path)?, how, rng)?,
        }
        Some(())
    }
}

/// Alters one node; `None` where the way does not apply to it.
fn alter(node: &mut Node, how: Bend, rng: &mut StdRng) -> Option<()> {
    match how {
        Bend::Type => {
            let others = [
                Node::null(),
                Node::number(0),
                Node::Bytes(Vec::new()),
                Node::Text(String::new()),
                Node::Array(Vec::new()),
                Node::Map(Vec::new()),
                Node::Array(vec![node.clone()]),
                Node::Tag(24, Box::new(node.clone())),
                Node::Wrapped(Box::new(node.clone())),
                Node::Raw(vec![0xf4]),
                Node::Raw(vec![0xf7]),
                Node::Raw(vec![0xf9, 0, 0]),
            ];
            *node = others.choose(rng)?.clone();
            return Some(());
        }
        Bend::Spell => {
            *node = Node::Raw(spelled(node, rng));
            return Some(());
        }
        _ => {}
    }
    match node {
        Node::Number { negative, value } => number(negative, value, how, rng),
        Node::Bytes(bytes) => string(bytes, how, rng),
        Node::Wrapped(inner) => {
            let mut bytes = inner.encode();
            string(&mut bytes, how, rng)?;
            *node = Node::Bytes(bytes);
            Some(())
        }
        Node::Text(text) => {
            let mut bytes = std::mem::take(text).into_bytes();
            let altered = string(&mut bytes, how, rng);
            *text = String::from_utf8_lossy(&bytes).into_owned();
            altered
        }
        Node::Array(items) => list(items, how, rng),
        Node::Map(entries) => map(entries, how, rng),
        Node::Tag(tag, _) => match how {
            Bend::Flip | Bend::Other => {
                *tag ^= 1 << rng.gen_range(0..16);
                Some(())
            }
            _ => None,
        },
        Node::Raw(bytes) => string(bytes, how, rng),
    }
}

fn number(negative: &mut bool, value: &mut u64, how: Bend, rng: &mut StdRng) -> Option<()> {
    match how {
        Bend::Flip => *value ^= 1 << rng.gen_range(0..64),
        Bend::Other => {
            let others = [
                value.wrapping_add(1),
                value.wrapping_sub(1),
                value.wrapping_mul(2),
                *value / 2,
                0,
                1,
                u64::MAX,
                1 << 63,
                u64::from(u32::MAX) + 1,
                rng.gen_range(0..64),
            ];
            *value = *others.choose(rng)?;
        }
        Bend::Empty => *value = 0,
        Bend::Swap => *negative = !*negative,
        _ => return None,
    }
    Some(())
}

fn string(bytes: &mut Vec<u8>, how: Bend, rng: &mut StdRng) -> Option<()> {
    let length = bytes.len();
    match how {
        Bend::Flip if length > 0 => bytes[rng.gen_range(0..length)] ^= 1 << rng.gen_range(0..8),
        Bend::Other if length > 0 => match rng.gen_range(0..4) {
            0 => bytes.fill(0),
            1 => bytes.fill(0xff),
            2 => bytes.reverse(),
            _ => rng.fill(&mut bytes[..]),
        },
        Bend::Truncate if length > 0 => match rng.gen_range(0..3) {
            0 => drop(bytes.remove(0)),
            1 => bytes.truncate(rng.gen_range(0..length)),
            _ => drop(bytes.pop()),
        },
        Bend::Extend => match rng.gen_range(0..4) {
            0 => bytes.insert(0, 0),
            1 => bytes.push(0),
            2 => bytes.push(rng.gen()),
            _ => bytes.extend_from_within(..),
        },
        Bend::Empty if length > 0 => bytes.clear(),
        // A list of hashes in one string, as the siblings of a state proof are.
        Bend::Swap | Bend::Drop | Bend::Double if length >= 64 && length.is_multiple_of(32) => {
            let count = length / 32;
            let (one, two) = (rng.gen_range(0..count), rng.gen_range(0..count));
            let hash: Vec<u8> = bytes[one * 32..][..32].to_vec();
            match how {
                Bend::Swap => {
                    bytes.copy_within(two * 32..two * 32 + 32, one * 32);
                    bytes[two * 32..][..32].copy_from_slice(&hash);
                }
                Bend::Drop => drop(bytes.drain(one * 32..one * 32 + 32)),
                _ => drop(bytes.splice(two * 32..two * 32, hash)),
            }
        }
        _ => return None,
    }
    Some(())
}

fn list<T: Clone>(items: &mut Vec<T>, how: Bend, rng: &mut StdRng) -> Option<()> {
    let length = items.len();
    if length == 0 {
        return None;
    }
    let (one, two) = (rng.gen_range(0..length), rng.gen_range(0..length));
    match how {
        Bend::Truncate => items.truncate(one),
        Bend::Extend => items.push(items[one].clone()),
        Bend::Empty => items.clear(),
        Bend::Drop => drop(items.remove(one)),
        Bend::Double => items.insert(two, items[one].clone()),
        Bend::Swap if length > 1 => items.swap(one, two),
        Bend::Reorder if length > 1 => match rng.gen_range(0..3) {
            0 => items.reverse(),
            1 => items.rotate_left(1),
            _ => items.shuffle(rng),
        },
        Bend::Other => items[one] = items[two].clone(),
        _ => return None,
    }
    Some(())
}

fn map(entries: &mut Vec<(Node, Node)>, how: Bend, rng: &mut StdRng) -> Option<()> {
    let length = entries.len();
    match how {
        Bend::Key => {
            let key = Node::number(rng.gen_range(0..32));
            if length > 0 && rng.gen() {
                entries[rng.gen_range(0..length)].0 = key;
            } else {
                let value = match entries.choose(rng) {
                    Some((_, value)) if rng.gen() => value.clone(),
                    _ => Node::null(),
                };
                entries.push((key, value));
            }
        }
        // The values stay with other keys, which stay in order.
        Bend::Other if length > 1 => {
            let (one, two) = (rng.gen_range(0..length), rng.gen_range(0..length));
            let value = entries[one].1.clone();
            entries[one].1 = std::mem::replace(&mut entries[two].1, value);
        }
        _ => return list(entries, how, rng),
    }
    Some(())
}

/// Another spelling of a node (RFC 8949, section 4.2.1, has one).
fn spelled(node: &Node, rng: &mut StdRng) -> Vec<u8> {
    let content = |node: &Node| -> (u8, u64, Vec<u8>) {
        let all = |nodes: &[Node]| nodes.iter().flat_map(Node::encode).collect();
        match node {
            Node::Number { negative, value } => (u8::from(*negative), *value, Vec::new()),
            Node::Bytes(bytes) => (2, bytes.len() as u64, bytes.clone()),
            Node::Wrapped(inner) => {
                let bytes = inner.encode();
                (2, bytes.len() as u64, bytes)
            }
            Node::Text(text) => (3, text.len() as u64, text.clone().into_bytes()),
            Node::Array(items) => (4, items.len() as u64, all(items)),
            Node::Map(entries) => {
                let pairs = entries.iter();
                let bytes = pairs.flat_map(|(k, v)| [k.encode(), v.encode()].concat());
                (5, entries.len() as u64, bytes.collect())
            }
            Node::Tag(tag, inner) => (6, *tag, inner.encode()),
            Node::Raw(bytes) => (7, 24, bytes.clone()),
        }
    };
    let (major, value, bytes) = content(node);
    match (rng.gen_range(0..4), major) {
        // Of indefinite length, in one piece where it is a string.
        (0, 2 | 3) => {
            let mut spelled = vec![major << 5 | 31];
            head(major, value, &mut spelled);
            [spelled, bytes, vec![0xff]].concat()
        }
        (0, 4 | 5) => [vec![major << 5 | 31], bytes, vec![0xff]].concat(),
        // With bytes behind it.
        (1, _) => [node.encode(), vec![0xf6]].concat(),
        // As a tag that says nothing.
        (2, _) => [vec![0xd9, 0xd9, 0xf7], node.encode()].concat(),
        (_, 7) => [bytes, vec![0xf6]].concat(),
        _ => [long_head(major, value), bytes].concat(),
    }
}

/// Bytes that were cut, filled, doubled or altered, whatever they mean.
fn bytes(genuine: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    let length = bytes.len();
    let (one, two) = (rng.gen_range(0..length), rng.gen_range(0..length));
    let range = one.min(two)..one.max(two);
    match rng.gen_range(0..6) {
        0 => bytes.truncate(one),
        1 => bytes.extend((0..rng.gen_range(1..64)).map(|_| rng.gen::<u8>())),
        2 => drop(bytes.drain(range)),
        3 => {
            let piece = bytes[range.clone()].to_vec();
            drop(bytes.splice(range.start..range.start, piece));
        }
        4 => rng.fill(&mut bytes[range.start..range.end.min(range.start + 32)]),
        _ => bytes[one] ^= 1 << rng.gen_range(0..8),
    }
    bytes
}
