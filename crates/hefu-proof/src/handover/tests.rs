//! A chain of three epochs, and all the ways in which one does not hold.

use super::*;
use crate::checkpoint::LogSignature;
use crate::state_proof::StateProof;
use hefu_types::leaf::{genesis_operation, value_hash, Validator};
use hefu_types::suite::SecretKey;
use hefu_types::{Hash, Millis, TreeSize};

pub(crate) const SUITE: Suite = Suite::Sha256Ed25519;
pub(crate) const ORIGIN: &str = "hefu.example/00";

/// The secret keys of a validator follow from its number.
pub(crate) fn secret(validator: u8, role: u8) -> SecretKey {
    let mut seed = [role; 32];
    seed[0] = validator;
    SecretKey::from_seed(SUITE, &seed)
}

fn validator(number: u8) -> Validator {
    let key = |role| secret(number, role).public_key();
    let (consensus_key, checkpoint_key) = (key(1), key(2));
    let (log_key, peer_key) = (key(3), key(4));
    Validator {
        name: format!("v{number}.example"),
        region: "guangdong".into(),
        consensus_key,
        checkpoint_key,
        log_key,
        peer_key,
        addresses: None,
    }
}

pub(crate) fn set(epoch: u64, members: &[u8]) -> SetLeaf {
    SetLeaf {
        epoch,
        validators: members.iter().map(|member| validator(*member)).collect(),
        operation: genesis_operation(SUITE),
    }
}

/// A state of one leaf, under which the set is proven.
fn proven(set: &SetLeaf) -> (ProvenLeaf, Hash) {
    let key = key::set(SUITE, set.epoch);
    let bytes = set.to_bytes();
    let root = SUITE.state_leaf(&key.0, &value_hash(SUITE, &bytes));
    let (value, proof) = (Value::Leaf(bytes.into()), StateProof::new(SUITE, &[], None));
    (ProvenLeaf { key, value, proof }, root)
}

pub(crate) fn checkpoint(epoch: u64, height: u64, state_root: Hash) -> Checkpoint {
    Checkpoint {
        size: TreeSize(height),
        log_root: Hash([7; 32]),
        state_root,
        height,
        time: Millis(1_000 * height),
        epoch,
        compromise_counter: 0,
    }
}

/// Cosignatures by members of a set: position and number of each.
pub(crate) fn cosigned(checkpoint: &Checkpoint, by: &[(u16, u8)]) -> Vec<MemberCosignature> {
    let text = checkpoint.text(ORIGIN);
    let cosign = |(member, number): &(u16, u8)| MemberCosignature {
        member: *member,
        seconds: 5,
        signature: secret(*number, 2).cosign(&text, 5),
    };
    by.iter().map(cosign).collect()
}

pub(crate) fn handover(height: u64, to: &SetLeaf, by: &[(u16, u8)]) -> Handover {
    let (set, root) = proven(to);
    let checkpoint = checkpoint(to.epoch - 1, height, root);
    Handover {
        cosignatures: cosigned(&checkpoint, by),
        checkpoint,
        set,
    }
}

pub(crate) fn signed(epoch: u64, height: u64, by: &[(u16, u8)]) -> SignedCheckpoint {
    let checkpoint = checkpoint(epoch, height, Hash([9; 32]));
    let text = checkpoint.text(ORIGIN);
    let (member, number) = by[0];
    SignedCheckpoint {
        log_signature: LogSignature {
            member,
            signature: secret(number, 3).sign_note(&text),
        },
        cosignatures: cosigned(&checkpoint, by),
        checkpoint,
    }
}

const OF_0: [(u16, u8); 3] = [(0, 1), (1, 2), (2, 3)];
const OF_1: [(u16, u8); 3] = [(0, 2), (1, 3), (2, 4)];
const OF_2: [(u16, u8); 3] = [(0, 3), (1, 4), (2, 5)];

/// v1 leaves for v5, then v2 for v6.
pub(crate) fn chain() -> Vec<Handover> {
    let (second, third) = (set(1, &[2, 3, 4, 5]), set(2, &[3, 4, 5, 6]));
    vec![handover(10, &second, &OF_0), handover(20, &third, &OF_1)]
}

fn verify(handovers: &[Handover], signed: &SignedCheckpoint) -> Result<u64, CertificateError> {
    let first = set(0, &[1, 2, 3, 4]);
    let (set, height) = last_set(SUITE, ORIGIN, first, handovers)?;
    verify_after(SUITE, ORIGIN, &set, height, signed).map(|v| v.checkpoint().epoch)
}

#[track_caller]
fn refused(handovers: &[Handover], signed: &SignedCheckpoint, why: &str) {
    let error = verify(handovers, signed).expect_err("it should not hold");
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn each_epoch_holds_under_its_part_of_the_chain() {
    let chain = chain();
    assert_eq!(verify(&[], &signed(0, 11, &OF_0)), Ok(0));
    assert_eq!(verify(&chain[..1], &signed(1, 12, &OF_1)), Ok(1));
    assert_eq!(verify(&chain, &signed(2, 30, &OF_2)), Ok(2));
}

#[test]
fn a_retired_set_proves_nothing_to_whoever_has_seen_the_chain_move_on() {
    let chain = chain();
    // Its own epoch, at a later height: the chain leads elsewhere.
    refused(&chain[..1], &signed(0, 40, &OF_0), "epoch 0");
    refused(&chain, &signed(1, 40, &OF_1), "epoch 1");
    // The epoch of the new set, signed by members of the old one.
    refused(&chain[..1], &signed(1, 40, &OF_0), "does not verify");
    refused(&chain, &signed(2, 40, &OF_1), "does not verify");
    // The next set without the chain that leads to it.
    refused(&[], &signed(1, 12, &OF_1), "epoch 1");
}

#[test]
fn a_broken_chain_is_refused() {
    let (good, late) = (chain(), signed(2, 30, &OF_2));
    let second = set(1, &[2, 3, 4, 5]);

    let mut lacks_one = good.clone();
    lacks_one[0].cosignatures.pop();
    refused(&lacks_one, &late, "a quorum is 3");

    let mut twice = good.clone();
    twice[0].cosignatures = cosigned(&twice[0].checkpoint, &[(0, 1), (0, 1), (1, 2)]);
    refused(&twice, &late, "not ascending");

    let mut by_others = good.clone();
    by_others[1] = handover(20, &set(2, &[3, 4, 5, 6]), &OF_0);
    refused(&by_others, &late, "does not verify");

    let mut other_set = good.clone();
    let (forged, _) = proven(&set(1, &[9, 8, 7, 6]));
    other_set[0].set = forged;
    refused(&other_set, &late, "does not hold");

    let mut empty = good.clone();
    empty[0] = handover(10, &set(1, &[]), &OF_0);
    refused(&empty, &late, "empty");

    let mut absent = good.clone();
    absent[0].set.value = Value::Absent;
    refused(&absent, &late, "holds no set");

    refused(&[good[1].clone()], &late, "epoch 1");
    let again = handover(11, &second, &OF_0);
    refused(&[good[0].clone(), again], &late, "epoch 0");

    let mut skips = good.clone();
    skips[0] = handover(10, &set(1, &[2, 3, 4, 5]), &OF_0);
    skips[0].set = proven(&set(2, &[2, 3, 4, 5])).0;
    refused(&skips, &late, "not the next set");

    // A chain that is whole, but whose heights fall.
    let back = [
        handover(20, &second, &OF_0),
        handover(20, &set(2, &[3, 4, 5, 6]), &OF_1),
    ];
    refused(&back, &late, "do not grow");
}

#[test]
fn a_checkpoint_of_the_new_set_lies_after_the_handover() {
    let chain = chain();
    refused(&chain, &signed(2, 20, &OF_2), "not after");
    refused(&chain[..1], &signed(1, 9, &OF_1), "not after");
}

#[test]
fn a_chain_is_bounded_before_anything_is_checked() {
    let long = vec![chain()[0].clone(); HANDOVERS_MAX + 1];
    refused(&long, &signed(1, 12, &OF_1), "too long");
}
