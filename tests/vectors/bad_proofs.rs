//! State proofs in which one thing is wrong: hashes, levels, neighbours.

use super::bad::{flip, shorter, Bad};
use super::documents::Document;
use super::manifest::Kind;
use super::parties::SUITE;
use hefu_proof::certificate::Value;
use hefu_proof::{StateProof, StatusCertificate};
use hefu_types::{Hash, StateKey};

/// A state proof taken apart, so that it can be put together wrongly.
#[derive(Clone)]
struct Parts {
    depth: u64,
    bitmap: Vec<u8>,
    hashes: Vec<u8>,
    neighbour: Option<(StateKey, Hash)>,
}

impl Parts {
    fn of(proof: &StateProof) -> Self {
        let bytes = minicbor::to_vec(proof).expect("memory");
        let mut d = minicbor::Decoder::new(&bytes);
        let mut read = || -> Result<Self, minicbor::decode::Error> {
            let entries = d.map()?;
            d.u8()?;
            let depth = d.u64()?;
            d.u8()?;
            let bitmap = d.bytes()?.to_vec();
            d.u8()?;
            let hashes = d.bytes()?.to_vec();
            let mut neighbour = None;
            if entries == Some(4) {
                d.u8()?;
                d.array()?;
                neighbour = Some((d.decode()?, d.decode()?));
            }
            Ok(Self {
                depth,
                bitmap,
                hashes,
                neighbour,
            })
        };
        read().expect("it was just encoded")
    }

    fn encode(&self) -> Vec<u8> {
        let mut e = minicbor::Encoder::new(Vec::new());
        let mut write = || -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
            e.map(3 + u64::from(self.neighbour.is_some()))?;
            e.u8(0)?.u64(self.depth)?;
            e.u8(1)?.bytes(&self.bitmap)?;
            e.u8(2)?.bytes(&self.hashes)?;
            if let Some((key, hash)) = &self.neighbour {
                e.u8(3)?.array(2)?.encode(key)?.encode(hash)?;
            }
            Ok(())
        };
        write().expect("memory");
        e.into_writer()
    }
}

/// Proofs of presence and absence that a verifier must refuse.
pub fn add(bad: &mut Bad<'_>) {
    let mut alter = |base: &str, name: &str, alter: &dyn Fn(&mut Parts, &StateKey), reason| {
        let good = bad.good.certificate(base);
        let at = good
            .leaves
            .iter()
            .position(|leaf| leaf.key.0[0] & 0x80 != 0);
        let leaf = &good.leaves[at.expect("a record is asked for")];
        let mut parts = Parts::of(&leaf.proof);
        alter(&mut parts, &leaf.key);
        let from = minicbor::to_vec(leaf).expect("memory");
        let proof = minicbor::to_vec(&leaf.proof).expect("memory");
        let to = replaced(&from, &proof, &parts.encode());
        let bytes = replaced(&bad.good.case(base).bytes, &from, &to);
        let asks = bad.good.case(base).asks.clone();
        bad.add("four", Kind::Certificate, name, bytes, reason).asks = asks;
    };
    let (other, malformed) = ("other-root", "malformed");
    let present = "status-in-force-later";
    alter(
        present,
        "proof-hash-altered",
        &|p, _| flip(&mut p.hashes),
        other,
    );
    alter(
        present,
        "proof-hashes-swapped",
        &|p, _| p.hashes.rotate_left(32),
        other,
    );
    alter(
        present,
        "proof-one-level-less",
        &|p, _| {
            p.depth -= 1;
            p.hashes.truncate(p.hashes.len() - 32);
        },
        other,
    );
    alter(
        present,
        "proof-one-level-more",
        &|p, _| {
            p.depth += 1;
            p.hashes.extend([7; 32]);
        },
        other,
    );
    alter(
        present,
        "proof-of-no-levels",
        &|p, _| {
            (p.depth, p.bitmap, p.hashes) = (0, Vec::new(), Vec::new());
        },
        other,
    );
    alter(
        present,
        "proof-hash-missing",
        &|p, _| p.hashes.truncate(p.hashes.len() - 32),
        malformed,
    );
    alter(
        present,
        "proof-hash-too-many",
        &|p, _| p.hashes.extend([7; 32]),
        malformed,
    );
    alter(
        present,
        "proof-hash-cut",
        &|p, _| shorter(&mut p.hashes),
        malformed,
    );
    alter(
        present,
        "proof-bitmap-too-long",
        &|p, _| p.bitmap.push(0),
        malformed,
    );
    alter(
        present,
        "proof-bit-beyond-the-depth",
        &|p, _| {
            let last = p.bitmap.len() - 1;
            p.bitmap[last] |= 1;
        },
        malformed,
    );
    alter(
        present,
        "proof-deepest-beside-nothing",
        &|p, _| {
            let deepest = p.depth as usize - 1;
            p.bitmap[deepest / 8] |= 0x80 >> (deepest % 8);
            p.hashes.truncate(p.hashes.len() - 32);
        },
        malformed,
    );
    alter(
        present,
        "proof-of-257-levels",
        &|p, _| {
            (p.depth, p.bitmap, p.hashes) = (257, vec![0; 33], vec![7; 257 * 32]);
        },
        malformed,
    );
    alter(
        present,
        "proof-placeholder-spelled-out",
        &|p, _| {
            p.hashes[..32].copy_from_slice(&SUITE.state_placeholder().0);
        },
        "placeholder-spelled-out",
    );
    alter(
        present,
        "inclusion-with-a-neighbour",
        &|p, key| {
            let mut other = *key;
            other.0[31] ^= 1;
            p.neighbour = Some((other, SUITE.log_empty()));
        },
        "neighbour-in-inclusion",
    );
    let absent = "absent-neighbour";
    alter(
        absent,
        "neighbour-left-out",
        &|p, _| p.neighbour = None,
        other,
    );
    alter(
        absent,
        "neighbour-value-altered",
        &|p, _| {
            if let Some((_, hash)) = &mut p.neighbour {
                flip(&mut hash.0);
            }
        },
        other,
    );
    alter(
        absent,
        "neighbour-key-altered",
        &|p, _| {
            if let Some((key, _)) = &mut p.neighbour {
                key.0[31] ^= 1;
            }
        },
        other,
    );
    alter(
        absent,
        "neighbour-is-the-key",
        &|p, key| {
            if let Some((neighbour, _)) = &mut p.neighbour {
                *neighbour = *key;
            }
        },
        "neighbour-is-the-key",
    );
    alter(
        absent,
        "neighbour-elsewhere",
        &|p, _| {
            if let Some((neighbour, _)) = &mut p.neighbour {
                neighbour.0[0] ^= 0x80;
            }
        },
        "neighbour-elsewhere",
    );
    alter(
        "absent-empty",
        "neighbour-made-up",
        &|p, key| {
            let mut other = *key;
            other.0[31] ^= 1;
            p.neighbour = Some((other, SUITE.log_empty()));
        },
        other,
    );
    // A document that is there: its own leaf as the neighbour of itself, and its place said to be empty.
    let good = bad.good;
    let mut deny = |name: &str, by_itself: bool, reason| {
        let deny = |c: &mut StatusCertificate| {
            let leaf = &mut c.leaves[1];
            let Value::Record(public, root) = &leaf.value else {
                panic!("the record is the last leaf")
            };
            let mut parts = Parts::of(&leaf.proof);
            parts.neighbour = by_itself.then(|| (leaf.key, public.value_hash(SUITE, root)));
            leaf.value = Value::Absent;
            leaf.proof = minicbor::decode(&parts.encode()).expect("it has the form of one");
        };
        bad.certificate(name, present, deny, reason);
    };
    deny("present-denied-by-itself", true, "neighbour-is-the-key");
    deny("present-denied", false, "other-root");
    // The absence of one document does not show that of another.
    let other = Document::licence("housing", 1);
    assert_ne!(good.certificate(absent).leaves[0].key, other.key());
    let asks = vec![other.ask()];
    let mut elsewhere = good.certificate(absent);
    elsewhere.leaves[0].key = other.key();
    let bytes = elsewhere.encode();
    let reason = "neighbour-elsewhere";
    bad.add("four", Kind::Certificate, "absence-moved", bytes, reason)
        .asks = asks;
}

/// Bytes with a part of them replaced, which they have once.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|part| part == from);
    let at = at.expect("the part is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
