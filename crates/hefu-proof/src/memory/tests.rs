//! A network of three epochs as a client meets it, and what its retired sets try.

use super::*;
use crate::handover::tests::{
    chain, checkpoint, cosigned, handover, proven, secret, set, sighting, signed, OF_0, OF_1, OF_2,
    ORIGIN,
};
use crate::handover::Handover;
use proptest::prelude::*;

const NETWORK: NetworkDigest = NetworkDigest([1; 32]);

/// A client that has seen these, one after the other.
#[track_caller]
fn seen(sightings: &[Sighting]) -> Memory {
    let mut memory = Memory::of_network(NETWORK);
    for sighting in sightings {
        memory.learn(sighting, None).expect("one history");
    }
    memory
}

#[track_caller]
fn holds(handovers: &[Handover], checkpoint: &SignedCheckpoint) -> Sighting {
    sighting(handovers, checkpoint).expect("a quorum signed it")
}

/// Refused with a reason, also after the memory was stored, and nothing is learnt from it.
#[track_caller]
fn refused(memory: &Memory, came: &Sighting, reason: &str) -> MemoryError {
    let restored = Memory::decode(&memory.encode(), NETWORK).expect("just stored");
    assert_eq!(&restored, memory);
    let mut after = restored;
    let error = after.learn(came, None).expect_err("it was believed");
    assert_eq!(error.reason(), reason, "{error}");
    assert_eq!(&after, memory);
    error
}

/// A checkpoint of epoch 0, changed before it is signed.
fn signed_as(height: u64, change: impl FnOnce(&mut Checkpoint)) -> SignedCheckpoint {
    let mut made = checkpoint(0, height, Hash([9; 32]));
    change(&mut made);
    let text = made.text(ORIGIN);
    let mut signed = signed(0, height, &OF_0);
    signed.log_signature.signature = secret(1, 3).sign_note(&text);
    signed.cosignatures = cosigned(&made, &OF_0);
    signed.checkpoint = made;
    signed
}

#[test]
fn a_retired_set_is_not_believed_without_its_chain() {
    let chain = chain();
    let memory = seen(&[holds(&chain[..1], &signed(1, 15, &OF_1))]);
    // It verifies under the genesis alone, which is the whole attack.
    let late = holds(&[], &signed(0, 40, &OF_0));
    refused(&memory, &late, "retired-set");
    // Before the next epoch was seen nobody could know.
    assert!(seen(&[]).learn(&late, None).is_ok());
    // At the height itself, and between the handover and what was seen of the next epoch.
    refused(&memory, &holds(&[], &signed(0, 15, &OF_0)), "retired-set");
    let old = holds(&[], &signed(0, 9, &OF_0));
    let mut after = memory.clone();
    assert_eq!(after.learn(&old, None), Ok(()));
    assert_eq!(
        after.newest(),
        memory.newest(),
        "old receipts advance nothing"
    );
    // The whole chain shows two sets gone.
    let memory = seen(&[holds(&chain, &signed(2, 30, &OF_2))]);
    assert_eq!(memory.epoch(), Some(2));
    refused(
        &memory,
        &holds(&chain[..1], &signed(1, 40, &OF_1)),
        "retired-set",
    );
    refused(&memory, &late, "retired-set");
}

#[test]
fn a_retired_set_cannot_hand_over_again() {
    let chain = chain();
    let memory = seen(&[holds(&chain[..1], &signed(1, 15, &OF_1))]);
    let mine = set(1, &[2, 3, 4, 9]);
    let forged = [handover(11, &mine, &OF_0)];
    let came = holds(&forged, &signed(1, 50, &OF_1));
    assert!(matches!(
        refused(&memory, &came, "other-set"),
        MemoryError::OtherSet { epoch: 1 }
    ));
    // The true next set, handed over at a height at which it decided already.
    let late = [handover(30, &set(1, &[2, 3, 4, 5]), &OF_0)];
    refused(&memory, &holds(&late, &signed(1, 50, &OF_1)), "retired-set");
}

#[test]
fn an_epoch_does_not_begin_before_the_one_before_it_ended() {
    let memory = seen(&[holds(&[], &signed(0, 14, &OF_0))]);
    let came = holds(&chain()[..1], &signed(1, 14, &OF_1));
    refused(&memory, &came, "early-set");
    let came = holds(&chain()[..1], &signed(1, 12, &OF_1));
    refused(&memory, &came, "early-set");
}

#[test]
fn the_leaf_of_the_epoch_in_force_tells_where_it_began() {
    let chain = chain();
    let came = holds(&chain[..1], &signed(1, 15, &OF_1));
    let current = |epoch, first_height| SetCurrentLeaf {
        epoch,
        first_height,
        waiting_since: None,
    };
    let mut memory = seen(&[]);
    memory
        .learn(&came, Some(&current(1, 12)))
        .expect("so it was");
    refused(&memory, &holds(&[], &signed(0, 12, &OF_0)), "retired-set");
    refused(
        &memory,
        &holds(&chain[..1], &signed(1, 11, &OF_1)),
        "early-set",
    );
    assert_eq!(
        memory.learn(&holds(&[], &signed(0, 11, &OF_0)), None),
        Ok(())
    );
    for wrong in [
        current(0, 12),
        current(1, 16),
        current(1, 10),
        current(1, 0),
    ] {
        let error = seen(&[]).learn(&came, Some(&wrong)).map_err(|e| e.reason());
        assert_eq!(error, Err("bad-current-set"), "{wrong:?}");
    }
}

#[test]
fn two_checkpoints_of_one_size_are_evidence() {
    let memory = seen(&[holds(&[], &signed(0, 8, &OF_0))]);
    let other = signed_as(8, |made| made.state_root.0[0] ^= 1);
    let error = refused(&memory, &holds(&[], &other), "equivocation");
    let (known, found) = error.evidence().expect("both are at hand");
    assert_eq!((known, found), (&signed(0, 8, &OF_0), &other));
    for checkpoint in [known, found] {
        assert!(
            sighting(&[], checkpoint).is_ok(),
            "evidence that verifies by itself"
        );
    }
}

#[test]
fn a_history_grows_in_all_of_its_numbers() {
    let memory = seen(&[holds(&[], &signed(0, 8, &OF_0))]);
    type Change = fn(&mut Checkpoint);
    let changes: [(u64, Change); 6] = [
        (9, |made| made.size.0 = 7),
        (7, |made| made.size.0 = 9),
        (9, |made| made.height = 8),
        (9, |made| made.time = Millis(8_000)),
        (7, |made| made.time = Millis(9_000)),
        (7, |made| made.compromise_counter = 1),
    ];
    for (height, change) in changes {
        let came = holds(&[], &signed_as(height, change));
        refused(&memory, &came, "contradictory-checkpoint");
    }
    assert!(memory
        .clone()
        .learn(&holds(&[], &signed(0, 9, &OF_0)), None)
        .is_ok());
}

#[test]
fn an_old_checkpoint_that_is_cosigned_again_is_not_young() {
    let memory = seen(&[holds(&[], &signed(0, 8, &OF_0))]);
    assert_eq!(
        memory.speaks_until(&checkpoint(0, 7, Hash([9; 32])), 1_000),
        8
    );
    assert_eq!(memory.speaks_until(&checkpoint(0, 7, Hash([9; 32])), 5), 5);
    assert_eq!(
        memory.speaks_until(&checkpoint(0, 8, Hash([9; 32])), 1_000),
        1_000
    );
}

#[test]
fn only_sound_bytes_of_this_network_are_a_memory() {
    let memory = seen(&[holds(&chain(), &signed(2, 30, &OF_2))]);
    let bytes = memory.encode();
    let reason = |bytes: &[u8]| Memory::decode(bytes, NETWORK).map_err(|e| e.reason());
    assert_eq!(reason(&bytes), Ok(memory.clone()));
    let other = Memory::decode(&bytes, NetworkDigest([2; 32])).map_err(|e| e.reason());
    assert_eq!(other, Err("other-network"));
    for cut in 0..bytes.len() {
        assert!(reason(&bytes[..cut]).is_err());
    }
    assert_eq!(reason(&[&bytes[..], &[0]].concat()), Err("not-canonical"));
    assert_eq!(reason(&vec![0; MEMORY_BYTES_MAX + 1]), Err("too-long"));
    type Change = fn(&mut Memory);
    let changes: [(&str, Change); 7] = [
        ("unknown-format", |m| m.format = 1),
        ("inconsistent-memory", |m| m.newest = None),
        ("inconsistent-memory", |m| m.epochs.clear()),
        ("inconsistent-memory", |m| m.epochs.swap(0, 1)),
        ("inconsistent-memory", |m| m.epochs[0].highest = 20),
        ("inconsistent-memory", |m| m.epochs[1].lowest = 40),
        ("inconsistent-memory", |m| m.epochs[2].highest = 29),
    ];
    for (expected, change) in changes {
        let mut changed = memory.clone();
        change(&mut changed);
        assert_eq!(reason(&changed.encode()), Err(expected));
    }
}

#[test]
fn another_networks_history_is_not_joined() {
    let other = Memory::of_network(NetworkDigest([2; 32]));
    let joined = other.join(&seen(&[])).map_err(|e| e.reason());
    assert_eq!(joined, Err("other-network"));
}

/// What an honest network of three epochs shows: a height, and whether it is cosigned late.
fn honest(height: u64, is_again: bool) -> Sighting {
    let chain = chain();
    let (handovers, epoch, by) = match height {
        0..=10 => (&chain[..0], 0, OF_0),
        11..=20 => (&chain[..1], 1, OF_1),
        _ => (&chain[..], 2, OF_2),
    };
    let mut sighting = holds(handovers, &signed(epoch, height, &by));
    sighting.quorum_seconds += u64::from(is_again);
    sighting
}

fn honest_memory() -> impl Strategy<Value = Memory> {
    let one = (1_u64..40, any::<bool>());
    proptest::collection::vec(one, 0..5).prop_map(|shown| {
        let shown: Vec<Sighting> = shown.iter().map(|(h, again)| honest(*h, *again)).collect();
        seen(&shown)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn memories_of_one_history_are_a_semilattice(
        a in honest_memory(), b in honest_memory(), c in honest_memory()
    ) {
        let join = |x: &Memory, y: &Memory| x.join(y).expect("one history");
        prop_assert_eq!(join(&a, &a), a.clone());
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        let restored = Memory::decode(&join(&a, &b).encode(), NETWORK);
        prop_assert_eq!(restored, Ok(join(&a, &b)));
    }
}

#[test]
fn what_is_proven_of_a_set_is_its_leaf() {
    let (leaf, _) = proven(&set(1, &[2, 3, 4, 5]));
    let memory = seen(&[honest(15, false)]);
    let crate::certificate::Value::Leaf(bytes) = leaf.value else {
        panic!("a leaf")
    };
    let hash = hefu_types::leaf::value_hash(hefu_types::Suite::Sha256Ed25519, &bytes);
    assert_eq!(memory.epochs[1].set, hash);
}
