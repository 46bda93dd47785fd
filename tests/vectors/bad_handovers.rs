//! Chains of validator sets that are broken, and sets that have left.

use super::bad::{flip, shorter, Bad};
use hefu_proof::certificate::Value;
use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::StatusCertificate;
use hefu_types::leaf::{Leaf, SetLeaf};
use hefu_types::TreeSize;

/// Chains of validator sets that a verifier must refuse.
pub fn add(bad: &mut Bad<'_>) {
    let epoch_1 = bad.good.certificate("status-epoch-1");
    let epoch_3 = bad.good.certificate("status-epoch-3");
    let (once, thrice) = ("status-epoch-1", "status-epoch-3");
    let (heights, other_epoch) = ("chain-heights", "other-epoch");
    bad.certificate(
        "handovers-left-out",
        once,
        |c| c.handovers.clear(),
        other_epoch,
    );
    bad.certificate(
        "handovers-last-left-out",
        thrice,
        |c| shorter(&mut c.handovers),
        other_epoch,
    );
    bad.certificate(
        "handovers-first-left-out",
        thrice,
        |c| drop(c.handovers.remove(0)),
        other_epoch,
    );
    bad.certificate(
        "handovers-middle-left-out",
        thrice,
        |c| drop(c.handovers.remove(1)),
        other_epoch,
    );
    bad.certificate(
        "handovers-swapped",
        thrice,
        |c| c.handovers.swap(0, 1),
        other_epoch,
    );
    bad.certificate(
        "handovers-twice",
        thrice,
        |c| c.handovers.insert(0, c.handovers[0].clone()),
        heights,
    );
    let level = |c: &mut StatusCertificate| {
        c.handovers[1].checkpoint.height = c.handovers[0].checkpoint.height;
    };
    bad.certificate("handovers-do-not-grow", thrice, level, heights);
    let third = epoch_3.handovers[2].clone();
    bad.certificate(
        "handover-too-many",
        once,
        |c| c.handovers.push(third),
        other_epoch,
    );
    let first = epoch_1.handovers[0].clone();
    bad.certificate(
        "handover-before-the-first-set",
        "status-epoch-0",
        |c| c.handovers.push(first),
        "not-after-handover",
    );
    let mut alter = |name: &str, alter: &dyn Fn(&mut hefu_proof::Handover), reason| {
        let alter = |c: &mut StatusCertificate| alter(&mut c.handovers[0]);
        bad.certificate(&format!("handover-{name}"), once, alter, reason);
    };
    alter(
        "checkpoint-altered",
        &|h| h.checkpoint.time.0 += 1,
        "bad-cosignature",
    );
    alter("epoch-altered", &|h| h.checkpoint.epoch = 1, other_epoch);
    alter(
        "state-root-altered",
        &|h| flip(&mut h.checkpoint.state_root.0),
        "other-root",
    );
    alter(
        "one-cosignature-short",
        &|h| shorter(&mut h.cosignatures),
        "no-quorum",
    );
    alter(
        "signer-twice",
        &|h| h.cosignatures[1] = h.cosignatures[0].clone(),
        "cosignatures-not-ascending",
    );
    alter(
        "cosignature-altered",
        &|h| flip(&mut h.cosignatures[0].signature.0),
        "bad-cosignature",
    );
    alter("holds-no-set", &|h| h.set.value = Value::Absent, "no-set");
    alter(
        "of-another-key",
        &|h| flip(&mut h.set.key.0),
        "not-the-next-set",
    );
    let edit = |h: &mut hefu_proof::Handover, edit: &dyn Fn(&mut SetLeaf)| {
        let Value::Leaf(bytes) = &h.set.value else {
            panic!("a good handover holds a set")
        };
        let mut set = SetLeaf::from_bytes(bytes).expect("a set");
        edit(&mut set);
        h.set.value = Value::Leaf(set.to_bytes().into());
    };
    alter(
        "key-of-a-validator-altered",
        &|h| edit(h, &|s| flip(&mut s.validators[0].checkpoint_key.0)),
        "other-root",
    );
    alter(
        "validator-left-out",
        &|h| edit(h, &|s| shorter(&mut s.validators)),
        "other-root",
    );
    alter(
        "set-of-another-epoch",
        &|h| edit(h, &|s| s.epoch = 2),
        "bad-set",
    );
    alter(
        "set-empty",
        &|h| edit(h, &|s| s.validators.clear()),
        "bad-set",
    );
    alter(
        "set-unreadable",
        &|h| h.set.value = Value::Leaf(vec![0xa0].into()),
        "bad-leaf",
    );
    // The set that left, under the number of the one that came.
    let good = bad.good;
    let world = &good.handed;
    let first_set = world.network.first_set();
    let forged = world.cosigned_by(&epoch_1.checkpoint.checkpoint, &first_set, &[0, 1, 2]);
    bad.certificate(
        "retired-set",
        once,
        |c| c.checkpoint = forged,
        "bad-cosignature",
    );
    // The set that left goes on in its own name; whoever has seen the handover knows better.
    let went_on = Checkpoint {
        epoch: 0,
        ..epoch_1.checkpoint.checkpoint.clone()
    };
    let went_on = world.cosigned_by(&went_on, &first_set, &[0, 1, 2]);
    bad.certificate(
        "retired-set-goes-on",
        once,
        |c| c.checkpoint = went_on,
        other_epoch,
    );
    // The next set says that it is the next set.
    let own = epoch_1.handovers[0].checkpoint.clone();
    let set = match &epoch_1.handovers[0].set.value {
        Value::Leaf(bytes) => SetLeaf::from_bytes(bytes).expect("a set"),
        _ => panic!("a good handover holds a set"),
    };
    let by_itself = world.cosigned_by(&own, &set, &[0, 2, 3]).cosignatures;
    bad.certificate(
        "handover-by-the-next-set",
        once,
        |c| c.handovers[0].cosignatures = by_itself,
        "bad-cosignature",
    );
    // A checkpoint of the new set that is not after the handover.
    let early = Checkpoint {
        height: own.height,
        size: TreeSize(own.size.0),
        ..epoch_1.checkpoint.checkpoint.clone()
    };
    let early = world.cosigned_by(&early, &set, &[0, 1, 2]);
    bad.certificate(
        "checkpoint-not-after-the-handover",
        once,
        |c| c.checkpoint = early,
        "not-after-handover",
    );
}
