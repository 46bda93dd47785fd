//! Against the state tree: absence of what is there, presence of what is not.

use super::{Attack, Family, Target};
use crate::attack::cbor::Node;
use crate::attack::claims::Kind;
use crate::attack::world::{value_hash, Ledger, Moment, World, SUITE};
use hefu_proof::certificate::Value;
use hefu_proof::state_proof::turns_right;
use hefu_types::{canonical, Hash, StateKey};
use rand::seq::{IteratorRandom, SliceRandom};
use rand::{rngs::StdRng, Rng};

pub(super) const FAMILIES: &[(&str, Family)] = &[
    ("state: absence of a present key, its own proof", own_proof),
    (
        "state: absence of a present key, itself as neighbour",
        itself_as_neighbour,
    ),
    (
        "state: absence of a present key, another leaf as neighbour",
        forged_neighbour,
    ),
    (
        "state: absence of a present key, some of its siblings",
        some_siblings,
    ),
    (
        "state: absence of a present key, proof of an absent one",
        proof_of_an_absent_one,
    ),
    ("state: presence of an absent key", presence_of_absent),
    ("state: presence with a neighbour", presence_with_neighbour),
    ("state: siblings padded", padded),
    ("state: placeholder spelled out", spelled_out),
    ("state: proof of another key", other_key),
    ("state: value of another key", other_value),
    ("state: value of another moment", other_moment),
    ("state: an inner node as a leaf", node_as_leaf),
    ("state: a leaf as an inner node", leaf_as_node),
    ("state: a proof that cannot be", impossible),
    (
        "certificate: a present key shown as absent",
        absent_in_certificate,
    ),
];

const ELSEWHERE: &[&str] = &["neighbour-elsewhere", "other-root"];

/// A key of a moment with the hashes beside its way, and its neighbour, if it is absent.
struct Way {
    key: StateKey,
    value_hash: Option<Hash>,
    beside: Vec<Option<Hash>>,
    neighbour: Option<(StateKey, Hash)>,
    root: Hash,
}

impl Way {
    fn of(moment: &Moment, key: StateKey) -> Self {
        let bytes = canonical::encode(&moment.tree.prove(&key));
        let tree = Node::parse(&bytes).expect("a proof is CBOR");
        let bytes = |path: &[usize]| {
            let node = tree.at(path).and_then(Node::byte_string);
            node.unwrap_or_else(|| panic!("part {path:?} of a state proof is a byte string"))
        };
        let Some(Node::Number { value: depth, .. }) = tree.at(&[0]) else {
            panic!("a state proof begins with its depth");
        };
        let (bitmap, siblings) = (bytes(&[1]), bytes(&[2]));
        let mut hashes = siblings
            .chunks_exact(32)
            .map(|hash| Hash::try_from(hash).expect("32 bytes"));
        let beside = (0..*depth as usize)
            .map(|level| match bitmap[level / 8] & (0x80 >> (level % 8)) {
                0 => hashes.next(),
                _ => None,
            })
            .collect();
        let neighbour = tree.at(&[3]).map(|_| {
            let key = StateKey::try_from(&bytes(&[3, 0])[..]).expect("a key");
            (key, Hash::try_from(&bytes(&[3, 1])[..]).expect("a hash"))
        });
        Self {
            key,
            value_hash: moment.tree.value_hash(&key),
            beside,
            neighbour,
            root: moment.tree.root(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bitmap = vec![0_u8; self.beside.len().div_ceil(8)];
        for (level, _) in self.beside.iter().enumerate().filter(|(_, b)| b.is_none()) {
            bitmap[level / 8] |= 0x80 >> (level % 8);
        }
        let siblings = self.beside.iter().flatten().flat_map(|hash| hash.0);
        let mut entries = vec![
            (Node::number(0), Node::number(self.beside.len() as u64)),
            (Node::number(1), Node::Bytes(bitmap)),
            (Node::number(2), Node::Bytes(siblings.collect())),
        ];
        if let Some((key, value_hash)) = &self.neighbour {
            let pair = [key.0, value_hash.0].map(|bytes| Node::Bytes(bytes.to_vec()));
            entries.push((Node::number(3), Node::Array(pair.to_vec())));
        }
        Node::Map(entries).encode()
    }

    fn attack(self, expected: &'static [&'static str]) -> Option<Attack> {
        let proof = self.encode();
        let target = Target::State {
            proof,
            root: self.root,
            key: self.key,
            value_hash: self.value_hash,
        };
        Attack::new(target, expected)
    }
}

fn moment<'a>(ledger: &'a Ledger, rng: &mut StdRng) -> &'a Moment {
    ledger.moments.choose(rng).expect("there is a genesis")
}

fn present(world: &World, rng: &mut StdRng) -> Way {
    let moment = moment(&world.here, rng);
    let key = moment
        .values
        .keys()
        .choose(rng)
        .expect("genesis has leaves");
    Way::of(moment, *key)
}

fn absent(world: &World, rng: &mut StdRng) -> Way {
    let moment = moment(&world.here, rng);
    let mut key = StateKey(rng.gen());
    // Also keys that differ from a present one in few of the last bits.
    if rng.gen() {
        let near = moment
            .values
            .keys()
            .choose(rng)
            .expect("genesis has leaves");
        key = *near;
        key.0[rng.gen_range(0..32)] ^= 1 << rng.gen_range(0..8);
    }
    Way::of(moment, key)
}

fn own_proof(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    way.value_hash = None;
    way.attack(&["other-root"])
}

fn itself_as_neighbour(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    way.neighbour = Some((way.key, way.value_hash.take()?));
    way.attack(&["neighbour-is-the-key"])
}

/// Any leaf of the tree, at any depth of the way.
fn forged_neighbour(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let moment = moment(&world.here, rng);
    let keys: Vec<&StateKey> = moment.values.keys().collect();
    let mut way = Way::of(moment, **keys.choose(rng)?);
    way.value_hash = None;
    let mut neighbour = **keys.choose(rng)?;
    if neighbour == way.key {
        neighbour.0[31] ^= 1;
    }
    // A leaf of the attacker's own, too: one that shares as many bits as are needed.
    let value = match rng.gen_range(0..3) {
        0 => {
            neighbour = way.key;
            neighbour.0[31] ^= 1 << rng.gen_range(0..8);
            Hash(rng.gen())
        }
        _ => moment.tree.value_hash(&neighbour).unwrap_or(way.root),
    };
    way.neighbour = Some((neighbour, value));
    way.beside.truncate(rng.gen_range(0..=way.beside.len()));
    if way.beside.last() == Some(&None) {
        return way.attack(&["malformed"]);
    }
    way.attack(ELSEWHERE)
}

fn some_siblings(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    way.value_hash = None;
    way.beside.retain(|_| rng.gen_ratio(2, 3));
    for beside in &mut way.beside {
        if rng.gen_ratio(1, 8) {
            *beside = None;
        }
    }
    if way.beside.last() == Some(&None) {
        return way.attack(&["malformed"]);
    }
    way.attack(&["other-root"])
}

fn proof_of_an_absent_one(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = absent(world, rng);
    let same = |moment: &&Moment| moment.tree.root() == way.root;
    let moment = world.here.moments.iter().find(same)?;
    way.key = *moment.values.keys().choose(rng)?;
    way.value_hash = None;
    way.attack(&["other-root", "neighbour-elsewhere", "neighbour-is-the-key"])
}

fn presence_of_absent(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = absent(world, rng);
    way.value_hash.is_none().then_some(())?;
    way.value_hash = Some(match way.neighbour.take() {
        Some((_, value)) if rng.gen() => value,
        _ => Hash(rng.gen()),
    });
    way.attack(&["other-root"])
}

fn presence_with_neighbour(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = absent(world, rng);
    way.value_hash.is_none().then_some(())?;
    let (_, value) = way.neighbour?;
    way.value_hash = Some(value);
    way.attack(&["neighbour-in-inclusion"])
}

fn padded(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    let hash = match rng.gen_range(0..3) {
        0 => Some(way.root),
        1 => Some(Hash(rng.gen())),
        _ => None,
    };
    let at = rng.gen_range(0..=way.beside.len());
    way.beside.insert(at, hash);
    if rng.gen() {
        way.value_hash = None;
    }
    if way.beside.last() == Some(&None) {
        return way.attack(&["malformed"]);
    }
    way.attack(&["other-root"])
}

fn spelled_out(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    let placeholder = Some(SUITE.state_placeholder());
    let levels = way.beside.len();
    match way.beside.iter().position(Option::is_none) {
        Some(empty) => way.beside[empty] = placeholder,
        None => way.beside.insert(rng.gen_range(0..=levels), placeholder),
    }
    way.attack(&["placeholder-spelled-out"])
}

fn other_key(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    let key = way.key;
    way.key.0[rng.gen_range(0..32)] ^= 1 << rng.gen_range(0..8);
    (key != way.key)
        .then(|| way.attack(&["other-root"]))
        .flatten()
}

fn other_value(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    let other = present(world, rng);
    (way.value_hash != other.value_hash).then_some(())?;
    way.value_hash = other.value_hash;
    way.attack(&["other-root"])
}

/// What stood, or did not stand, under a key at another time.
fn other_moment(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    let other = moment(&world.here, rng);
    let then = other.tree.value_hash(&way.key);
    (then != way.value_hash).then_some(())?;
    match rng.gen() {
        true => way.value_hash = then,
        false => way.root = other.tree.root(),
    }
    way.attack(&["other-root"])
}

/// The way ends at an inner node, whose two hashes are told as key and value of a leaf.
fn node_as_leaf(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    let depth = rng.gen_range(0..way.beside.len().max(1));
    let empty = SUITE.state_placeholder();
    let mut below = SUITE.state_leaf(&way.key.0, &way.value_hash?);
    for level in (depth + 1..way.beside.len()).rev() {
        let beside = way.beside[level].unwrap_or(empty);
        below = match turns_right(&way.key, level) {
            true => SUITE.state_node(&beside, &below),
            false => SUITE.state_node(&below, &beside),
        };
    }
    let beside = (*way.beside.get(depth)?).unwrap_or(empty);
    let (left, right) = match turns_right(&way.key, depth) {
        true => (beside, below),
        false => (below, beside),
    };
    way.beside.truncate(depth);
    if rng.gen() {
        way.value_hash = None;
        way.neighbour = Some((StateKey(left.0), right));
        return way.attack(&["other-root", "neighbour-elsewhere", "malformed"]);
    }
    (way.key, way.value_hash) = (StateKey(left.0), Some(right));
    way.attack(&["other-root", "malformed"])
}

/// The leaf's key and value are told as the two hashes below one more level.
fn leaf_as_node(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    let hashes = [Hash(way.key.0), way.value_hash?];
    way.beside.push(Some(hashes[rng.gen_range(0..2)]));
    way.value_hash = match rng.gen() {
        true => None,
        false => Some(hashes[0]),
    };
    way.attack(&["other-root"])
}

fn impossible(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let mut way = present(world, rng);
    match rng.gen_range(0..2) {
        0 => way.beside.push(None),
        _ => way.beside.resize(257, Some(way.root)),
    }
    way.attack(&["malformed"])
}

/// The same in the proof that travels.
fn absent_in_certificate(world: &World, rng: &mut StdRng) -> Option<Attack> {
    let at = rng.gen_range(1..world.here.moments.len());
    let keys: Vec<&StateKey> = world.here.moments[at].values.keys().collect();
    let (key, other) = (**keys.choose(rng)?, **keys.choose(rng)?);
    let mut certificate = world.here.certificate(at, &[key], rng);
    let mut way = Way::of(&world.here.moments[at], key);
    if rng.gen() {
        let value = certificate.leaves[0].value.clone();
        way.neighbour = Some((if rng.gen() { key } else { other }, value_hash(&value)?));
    }
    let proof = canonical::decode(&way.encode(), usize::MAX).ok()?;
    certificate.leaves[0].value = Value::Absent;
    certificate.leaves[0].proof = proof;
    let target = Target::Proof(Kind::Certificate, certificate.encode());
    let expected = &["other-root", "neighbour-is-the-key", "neighbour-elsewhere"];
    Attack::new(target, expected)
}
