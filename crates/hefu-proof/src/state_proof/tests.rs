//! A few leaves, a tree over them written as plainly as the definition, and every way to bend a proof.

use super::*;
use hefu_types::canonical::{self, DecodeError};
use proptest::prelude::*;

const SUITE: Suite = Suite::Sha256Ed25519;
const EMPTY: Hash = SUITE.state_placeholder();

type Leaf = (StateKey, Hash);

fn key(n: u32) -> StateKey {
    StateKey(SUITE.hash(&[b"key", &n.to_be_bytes()]).0)
}

fn leaf(n: u32) -> Leaf {
    (key(n), SUITE.hash(&[&n.to_be_bytes()]))
}

fn key_of_byte(first: u8) -> StateKey {
    let mut key = StateKey([0x5a; 32]);
    key.0[0] = first;
    key
}

/// The root of the leaves and the proof of a key, by the definition of the tree.
fn root_and_proof(leaves: &[Leaf], key: &StateKey) -> (Hash, StateProof) {
    let mut beside = Vec::new();
    let mut rest = leaves.to_vec();
    while rest.len() > 1 {
        let depth = beside.len();
        let (other, onward) = rest
            .into_iter()
            .partition(|(leaf, _)| turns_right(leaf, depth) != turns_right(key, depth));
        beside.push(root_of(other, depth + 1));
        rest = onward;
    }
    let neighbour = rest.first().copied().filter(|(leaf, _)| leaf != key);
    (
        root_of(leaves.to_vec(), 0),
        StateProof::new(SUITE, &beside, neighbour),
    )
}

fn root_of(leaves: Vec<Leaf>, depth: usize) -> Hash {
    match leaves[..] {
        [] => EMPTY,
        [(key, value_hash)] => SUITE.state_leaf(&key.0, &value_hash),
        _ => {
            let (right, left) = leaves
                .into_iter()
                .partition(|(key, _)| turns_right(key, depth));
            SUITE.state_node(&root_of(left, depth + 1), &root_of(right, depth + 1))
        }
    }
}

/// Leaves where each kind of proof exists: 0x00 and 0x01 part at depth 7, nothing begins with 01.
fn sample() -> Vec<Leaf> {
    [0x00, 0x01, 0x20, 0x80, 0xc0, 0xe0]
        .map(|first| (key_of_byte(first), SUITE.hash(&[&[first]])))
        .to_vec()
}

/// Each proof of the sample: its key, its value if it has one, and what the row is about.
fn sample_rows() -> Vec<(StateKey, Option<Hash>, &'static str)> {
    let mut rows: Vec<_> = sample()
        .into_iter()
        .map(|(key, value)| (key, Some(value), "included"))
        .collect();
    rows.push((key_of_byte(0x40), None, "an empty place"));
    rows.push((key_of_byte(0x02), None, "an empty place beside a subtree"));
    rows.push((key_of_byte(0x3f), None, "a neighbour"));
    rows.push((key_of_byte(0xa5), None, "a neighbour right below"));
    rows
}

#[test]
fn every_key_is_proved_and_nothing_else_of_it() {
    let wrong = SUITE.hash(&[b"wrong"]);
    for (key, value, row) in sample_rows() {
        let (root, proof) = root_and_proof(&sample(), &key);
        let verify = |value: Option<&Hash>| proof.verify(SUITE, &root, &key, value);
        assert_eq!(verify(value.as_ref()), Ok(()), "{row}");
        assert!(
            verify(Some(&wrong)).is_err(),
            "{row}: another value was accepted"
        );
        let opposite = if value.is_some() { None } else { Some(&wrong) };
        assert!(
            verify(opposite).is_err(),
            "{row}: the opposite was accepted"
        );
        assert_eq!(
            proof.verify(SUITE, &wrong, &key, value.as_ref()),
            Err(StateProofError::OtherRoot)
        );
    }
}

#[test]
fn a_proof_serves_its_own_key_only() {
    for (key, value, row) in sample_rows() {
        let (root, proof) = root_and_proof(&sample(), &key);
        for (other, other_value, other_row) in sample_rows() {
            let held = other == key && other_value == value;
            // One empty place, or one neighbour, keeps out every key that would stand there.
            let same_place = value.is_none()
                && other_value.is_none()
                && root_and_proof(&sample(), &other).1 == proof;
            let verified = proof.verify(SUITE, &root, &other, other_value.as_ref());
            assert_eq!(
                verified.is_ok(),
                held || same_place,
                "{row} used for {other_row}"
            );
        }
    }
}

#[test]
fn a_bent_proof_leads_nowhere() {
    for (key, value, row) in sample_rows() {
        let (root, proof) = root_and_proof(&sample(), &key);
        let refused = |what: &str, bend: &dyn Fn(&mut StateProof)| {
            let mut bent = proof.clone();
            bend(&mut bent);
            if bent != proof {
                let verified = bent.verify(SUITE, &root, &key, value.as_ref());
                assert!(verified.is_err(), "{row}: {what}: was accepted");
            }
        };
        for level in 0..proof.beside.len() {
            refused("a level left out", &|p| {
                p.beside.remove(level);
            });
            refused("truncated", &|p| p.beside.truncate(level));
            refused("a level twice", &|p| {
                p.beside.insert(level, p.beside[level])
            });
            refused("two levels swapped", &|p| p.beside.swap(level, 0));
            refused("a level emptied", &|p| p.beside[level] = None);
            refused("a level filled", &|p| p.beside[level] = Some(root));
            refused("a placeholder spelled out", &|p| {
                p.beside[level] = Some(EMPTY)
            });
            refused("one bit", &|p| {
                if let Some(hash) = &mut p.beside[level] {
                    hash.0[31] ^= 1;
                }
            });
        }
        refused("extended below", &|p| p.beside.push(Some(root)));
        refused("extended above", &|p| p.beside.insert(0, Some(root)));
        refused("extended by an empty level", &|p| p.beside.insert(0, None));
        refused("without its neighbour", &|p| p.neighbour = None);
        refused("with the key as neighbour", &|p| {
            p.neighbour = Some(Neighbour {
                key,
                value_hash: root,
            });
        });
        for (other, value_hash) in sample() {
            refused("with another neighbour", &|p| {
                p.neighbour = Some(Neighbour {
                    key: other,
                    value_hash,
                });
            });
        }
    }
}

#[test]
fn each_refusal_has_its_reason() {
    let check = |key: u8, value: Option<Hash>, bend: &dyn Fn(&mut StateProof), error| {
        let key = key_of_byte(key);
        let (root, mut proof) = root_and_proof(&sample(), &key);
        bend(&mut proof);
        assert_eq!(proof.verify(SUITE, &root, &key, value.as_ref()), Err(error));
    };
    let value = |first: u8| Some(SUITE.hash(&[&[first]]));
    check(0x40, None, &|p| p.beside[0] = Some(EMPTY), {
        StateProofError::PlaceholderSpelledOut { depth: 0 }
    });
    check(
        0x3f,
        value(0x20),
        &|_| (),
        StateProofError::NeighbourInInclusion,
    );
    // Presence shown as absence, by calling the key its own neighbour.
    check(
        0x20,
        None,
        &|p| {
            let (key, value_hash) = sample()[2];
            p.neighbour = Some(Neighbour { key, value_hash });
        },
        StateProofError::NeighbourIsTheKey,
    );
    // Presence shown as absence, by another leaf of the same tree.
    check(
        0x20,
        None,
        &|p| {
            let (key, value_hash) = sample()[0];
            p.neighbour = Some(Neighbour { key, value_hash });
        },
        StateProofError::NeighbourElsewhere {
            depth: 3,
            shared: 2,
        },
    );
    check(0x20, value(0x21), &|_| (), StateProofError::OtherRoot);
    check(0x20, None, &|_| (), StateProofError::OtherRoot);
}

#[test]
fn an_empty_tree_and_a_tree_of_one_leaf() {
    let (asked, value_hash) = leaf(1);
    let (root, proof) = root_and_proof(&[], &asked);
    assert_eq!(root, EMPTY);
    assert_eq!(proof.verify(SUITE, &root, &asked, None), Ok(()));
    assert!(proof
        .verify(SUITE, &root, &asked, Some(&value_hash))
        .is_err());

    let (root, proof) = root_and_proof(&[leaf(1)], &asked);
    assert_eq!(root, SUITE.state_leaf(&asked.0, &value_hash));
    assert_eq!(
        proof.verify(SUITE, &root, &asked, Some(&value_hash)),
        Ok(())
    );
    let (_, absence) = root_and_proof(&[leaf(1)], &key(2));
    assert_eq!(absence.verify(SUITE, &root, &key(2), None), Ok(()));
    assert!(absence.verify(SUITE, &root, &asked, None).is_err());
}

#[test]
fn keys_that_share_255_bits() {
    let mut twin = key(1);
    twin.0[31] ^= 1;
    let leaves = [leaf(1), (twin, EMPTY)];
    for (key, value_hash) in leaves {
        let (root, proof) = root_and_proof(&leaves, &key);
        assert_eq!(proof.beside.len(), DEPTH_MAX);
        assert_eq!(proof.verify(SUITE, &root, &key, Some(&value_hash)), Ok(()));
        // 255 levels beside nothing cost one bit each.
        assert_eq!(canonical::encode(&proof).len(), 1 + 4 + 35 + 35);
    }
}

#[test]
fn one_encoding() {
    // Siblings 01.. and 03.. at depths 0 and 2, nothing at depth 1; a neighbour.
    let beside = [Hash([1; 32]), EMPTY, Hash([3; 32])];
    let neighbour = Some((StateKey([4; 32]), Hash([5; 32])));
    let byte = |n: u8| format!("{n:02x}").repeat(32);
    let known = format!("0003 0141 40 025840{}{}", byte(1), byte(3));
    let known_neighbour = format!("03825820{}5820{}", byte(4), byte(5));
    let bytes = |text: &str| -> Vec<u8> {
        let text = text.replace(' ', "");
        let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
        (0..text.len()).step_by(2).map(pair).collect()
    };
    let decode = |text: &str| canonical::decode::<StateProof>(&bytes(text), 300);

    let proof = StateProof::new(SUITE, &beside, None);
    assert_eq!(canonical::encode(&proof), bytes(&format!("a3{known}")));
    assert_eq!(decode(&format!("a3{known}")), Ok(proof));
    let proof = StateProof::new(SUITE, &beside, neighbour);
    assert_eq!(
        canonical::encode(&proof),
        bytes(&format!("a4{known}{known_neighbour}"))
    );
    assert_eq!(decode(&format!("a4{known}{known_neighbour}")), Ok(proof));

    let refused = |why: &str, text: String| {
        let reason = match decode(&text) {
            Err(DecodeError::Malformed(reason)) => reason,
            Err(DecodeError::NotCanonical) => "not the canonical encoding".to_owned(),
            other => panic!("{why}: {text}: {other:?}"),
        };
        assert!(reason.contains(why), "{reason:?} does not say {why:?}");
    };
    let (one, three) = (byte(1), byte(3));
    refused(
        "bit is set beyond",
        format!("a3 0003 014150 025840{one}{three}"),
    );
    refused("deepest level", format!("a3 0003 014160 025820{one}"));
    refused(
        "as long as the depth",
        format!("a3 0003 01424000 025840{one}{three}"),
    );
    refused(
        "as long as the depth",
        format!("a3 0003 0140 025840{one}{three}"),
    );
    refused("one hash for each", format!("a3 0003 014140 025820{one}"));
    refused(
        "one hash for each",
        format!("a3 0003 014140 025841{one}{three}00"),
    );
    refused(
        "one hash for each",
        format!("a3 0003 014140 025860{one}{three}{three}"),
    );
    refused(
        "more levels",
        format!("a3 00190101 015821{}00 025840{one}{three}", byte(0)),
    );
    refused("not a map", "a2 0003 014140".to_owned());
    refused("not a map", format!("bf {known} ff"));
    refused("out of order", format!("a3 014140 0003 025840{one}{three}"));
    refused(
        "out of order",
        format!("a4 {known} 04825820{one}5820{three}"),
    );
    refused(
        "the neighbour is",
        format!("a4 {known} 03835820{one}5820{three}00"),
    );
    refused(
        "wrong length",
        format!("a4 {known} 03825821{one}005820{three}"),
    );
    refused("canonical", format!("a3 001803 014140 025840{one}{three}"));
    refused("canonical", format!("a3 {known} 00"));
}

#[test]
fn no_proof_is_longer_than_the_bound() {
    let beside = [Hash([1; 32]); DEPTH_MAX];
    let proof = StateProof::new(SUITE, &beside, Some(leaf(1)));
    assert_eq!(
        canonical::encode(&proof).len(),
        StateProof::ENCODED_BYTES_MAX
    );
}

proptest! {
    #[test]
    fn any_tree_proves_any_key(
        numbers in prop::collection::btree_set(0..60_u32, 0..40),
        asked in 0..60_u32,
    ) {
        let leaves: Vec<Leaf> = numbers.iter().map(|n| leaf(*n)).collect();
        let (root, proof) = root_and_proof(&leaves, &key(asked));
        let (key, value_hash) = leaf(asked);
        let verify = |value: Option<&Hash>| proof.verify(SUITE, &root, &key, value);
        prop_assert_eq!(verify(Some(&value_hash)).is_ok(), numbers.contains(&asked));
        prop_assert_eq!(verify(None).is_ok(), !numbers.contains(&asked));
    }

    /// What decodes at all has one encoding and verifies as what it is, or not at all.
    #[test]
    fn a_changed_byte_is_refused(
        asked in 0..60_u32, at in any::<prop::sample::Index>(), change in 1..=255_u8,
    ) {
        let leaves: Vec<Leaf> = (0..30).map(leaf).collect();
        let (root, proof) = root_and_proof(&leaves, &key(asked));
        let value_hash = (asked < 30).then_some(leaf(asked).1);
        let mut bytes = canonical::encode(&proof);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        if let Ok(bent) = canonical::decode::<StateProof>(&bytes, StateProof::ENCODED_BYTES_MAX) {
            prop_assert!(bent.verify(SUITE, &root, &key(asked), value_hash.as_ref()).is_err());
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = canonical::decode::<StateProof>(&bytes, 200);
    }
}
