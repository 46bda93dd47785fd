//! Receipts and bundles in which one thing is wrong.

use super::bad::{flip, shorter, Bad};
use super::documents::Document;
use super::parties::SUITE;
use super::world::{Placed, World};
use super::Kind;
use hefu_proof::receipt::ProvenOperation;
use hefu_proof::{Receipt, ReceiptBundle};
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, KeyLeaf};
use hefu_types::operation::Operation;
use hefu_types::operation::Revoke;
use hefu_types::{Hash, StateKey};

/// Receipts and bundles that a verifier must refuse.
pub fn add(bad: &mut Bad<'_>) {
    leaves(bad);
    paths(bad);
    not_done(bad);
    assembled(bad);
    bundles(bad);
}

/// The namespace's first bit tells agency and key from the record; the agency's id tells those apart.
fn without(receipt: &mut Receipt, key: StateKey) {
    let before = receipt.certificate.leaves.len();
    receipt.certificate.leaves.retain(|leaf| leaf.key != key);
    assert_eq!(receipt.certificate.leaves.len() + 1, before);
}

fn leaves(bad: &mut Bad<'_>) {
    let of_key = key_of(&bad.good.four, "housing");
    let of_agency = key::agency(SUITE, "housing");
    let of_record = Document::licence("housing", 1).key();
    for (what, key) in [
        ("key", of_key),
        ("agency", of_agency),
        ("record", of_record),
    ] {
        let name = format!("receipt-without-the-{what}");
        bad.altered(&name, "register", |r| without(r, key), "not-proven");
    }
    bad.altered(
        "receipt-cosignature-missing",
        "register",
        |r| shorter(&mut r.certificate.checkpoint.cosignatures),
        "no-quorum",
    );
    bad.altered(
        "receipt-checkpoint-altered",
        "register",
        |r| flip(&mut r.certificate.checkpoint.checkpoint.log_root.0),
        "bad-cosignature",
    );
    bad.altered(
        "receipt-leaves-not-ascending",
        "register",
        |r| r.certificate.leaves.reverse(),
        "leaves-not-ascending",
    );
    bad.altered(
        "receipt-retired-set",
        "register-epoch-1",
        |r| r.certificate.handovers.clear(),
        "other-epoch",
    );
}

fn key_of(world: &World, actor: &str) -> StateKey {
    key::public_key(SUITE, &world.maker.actors[actor].key_id())
}

fn paths(bad: &mut Bad<'_>) {
    let mut alter = |name: &str, alter: &dyn Fn(&mut ProvenOperation), reason| {
        let name = format!("receipt-{name}");
        bad.altered(
            &name,
            "register-2-of-3-later",
            |r| alter(&mut r.operation),
            reason,
        );
    };
    let (other, length) = ("other-root", "wrong-path-length");
    alter("operation-altered", &|o| o.operation[30] ^= 1, other);
    alter("operation-path-altered", &|o| flip(&mut o.path[0].0), other);
    alter("operation-path-swapped", &|o| o.path.swap(0, 1), other);
    alter("operation-path-cut", &|o| shorter(&mut o.path), length);
    alter("operation-path-none", &|o| o.path.clear(), length);
    alter(
        "operation-path-longer",
        &|o| o.path.push(Hash([7; 32])),
        length,
    );
    alter(
        "operation-path-of-65",
        &|o| o.path = vec![Hash([7; 32]); 65],
        "path-too-long",
    );
    alter("operation-index-altered", &|o| o.index = 0, other);
    alter("operation-index-outside", &|o| o.index = 3, "index-outside");
    alter(
        "entry-path-altered",
        &|o| flip(&mut o.entry_path[0].0),
        other,
    );
    alter("entry-path-swapped", &|o| o.entry_path.swap(0, 1), other);
    alter("entry-path-cut", &|o| shorter(&mut o.entry_path), length);
    alter(
        "entry-path-longer",
        &|o| o.entry_path.push(Hash([7; 32])),
        length,
    );
    alter(
        "entry-path-of-65",
        &|o| o.entry_path = vec![Hash([7; 32]); 65],
        "path-too-long",
    );
    alter("entry-index-altered", &|o| o.entry_index.0 ^= 1, other);
    alter(
        "entry-index-outside",
        &|o| o.entry_index.0 = 1_000,
        "index-outside",
    );
    alter(
        "entry-index-far-outside",
        &|o| o.entry_index.0 = u64::MAX,
        "index-outside",
    );
    let first = bad.good.receipt("register-1-of-3").operation;
    let sibling = |o: &mut ProvenOperation| o.operation = first.operation.clone();
    bad.altered(
        "receipt-operation-of-a-sibling",
        "register-2-of-3",
        |r| sibling(&mut r.operation),
        other,
    );
    let licence = bad.good.receipt("register-later").operation;
    let another = |o: &mut ProvenOperation| o.operation = licence.operation.clone();
    bad.altered(
        "receipt-operation-of-another-statement",
        "register-2-of-3",
        |r| another(&mut r.operation),
        other,
    );
    let moved = |o: &mut ProvenOperation| {
        (o.cose, o.entry_path) = (licence.cose.clone(), licence.entry_path.clone())
    };
    bad.altered(
        "receipt-statement-of-another-entry",
        "register-2-of-3-later",
        |r| moved(&mut r.operation),
        "not-proven",
    );
}

/// Operations in the log that were refused, or are about no document.
fn not_done(bad: &mut Bad<'_>) {
    let good = bad.good;
    let world = &good.four;
    let mut forge = |name: &str, of: &str, signer: &str, record: StateKey, reason| {
        let placed: Placed = good.without_receipt[of];
        let receipt = world.forged(placed, 0, |prover| {
            prover.record(record).expect("memory");
            prover
                .leaf::<KeyLeaf>(key_of(world, signer))
                .expect("memory");
            prover
                .leaf::<AgencyLeaf>(key::agency(SUITE, signer))
                .expect("memory");
        });
        bad.receipt(name, &receipt, reason);
    };
    let licence = Document::licence("housing", 1).key();
    let revoked = Document::licence("housing", 5).key();
    forge(
        "refused-registration",
        "conflict",
        "housing",
        licence,
        "not-named",
    );
    forge(
        "refused-revocation",
        "revoked-again",
        "housing",
        revoked,
        "not-named",
    );
    forge(
        "refused-revocation-other-record",
        "revoked-again",
        "housing",
        licence,
        "not-proven",
    );
    forge(
        "registration-of-another-type",
        "other-type",
        "housing",
        licence,
        "other-record",
    );
    forge(
        "registration-of-an-unknown-type",
        "unknown-type",
        "housing",
        licence,
        "not-proven",
    );
    forge(
        "registration-not-normalised",
        "not-normal",
        "housing",
        licence,
        "other-record",
    );
    forge(
        "operation-about-no-document",
        "cover",
        "housing",
        licence,
        "not-proven",
    );
    let operation = Operation::Revoke(Revoke {
        record: licence,
        reason: "x".to_owned(),
        effective_at: None,
    });
    // Signed with the right key and never sent.
    let statement = world.sign_with("housing", "housing", world.now(), &[operation]);
    let alter = |receipt: &mut Receipt| {
        receipt.operation.cose = statement.cose().to_vec().into();
        receipt.operation.operation = statement.operations().next().expect("one").to_vec().into();
    };
    bad.altered(
        "operation-never-sent",
        "register-later",
        alter,
        "other-root",
    );
}

/// One receipt out of two.
fn assembled(bad: &mut Bad<'_>) {
    let later = bad.good.receipt("register-later");
    let certificate = later.certificate.clone();
    bad.altered(
        "certificate-of-a-later-checkpoint",
        "register",
        |r| r.certificate = certificate,
        "wrong-path-length",
    );
    let operation = later.operation.clone();
    bad.altered(
        "operation-of-a-later-checkpoint",
        "register",
        |r| r.operation = operation,
        "wrong-path-length",
    );
    let revoked = bad.good.receipt("revoke");
    let record = revoked.certificate;
    bad.altered(
        "record-of-another-document",
        "suspend",
        |r| r.certificate = record,
        "wrong-path-length",
    );
}

fn bundles(bad: &mut Bad<'_>) {
    let bytes = bad.good.case("register-3").bytes.clone();
    let good = ReceiptBundle::decode(&bytes).expect("it is good");
    let mut alter = |name: &str, alter: &dyn Fn(&mut ReceiptBundle), reason| {
        let mut bundle = good.clone();
        alter(&mut bundle);
        bad.bytes(
            Kind::Bundle,
            &format!("bundle-{name}"),
            bundle.encode(),
            reason,
        );
    };
    fn own(bundle: &mut ReceiptBundle, at: usize) -> &mut hefu_proof::bundle::OwnPart {
        bundle.own[at].as_mut().expect("all were done")
    }
    alter("format-1", &|b| b.format = 1, "unknown-format");
    alter(
        "of-another-network",
        &|b| flip(&mut b.network.0),
        "other-network",
    );
    alter(
        "cosignature-missing",
        &|b| shorter(&mut b.checkpoint.cosignatures),
        "no-quorum",
    );
    alter(
        "without-the-shared-leaves",
        &|b| b.leaves.clear(),
        "not-proven",
    );
    alter(
        "shared-leaf-twice",
        &|b| b.leaves.push(b.leaves[0].clone()),
        "leaves-not-ascending",
    );
    let shared_again = |b: &mut ReceiptBundle| {
        let shared = b.leaves[0].clone();
        own(b, 2).leaves.insert(0, shared);
    };
    alter("shared-leaf-again", &shared_again, "leaves-not-ascending");
    alter(
        "record-left-out",
        &|b| own(b, 1).leaves.clear(),
        "not-proven",
    );
    alter(
        "operation-altered",
        &|b| own(b, 2).operation[30] ^= 1,
        "other-root",
    );
    alter("index-altered", &|b| own(b, 0).index = 1, "other-root");
    let crossed = |b: &mut ReceiptBundle| {
        let leaves = own(b, 0).leaves.clone();
        own(b, 1).leaves = leaves;
    };
    alter("records-crossed", &crossed, "not-proven");
    alter(
        "entry-path-cut",
        &|b| shorter(&mut b.entry_path),
        "wrong-path-length",
    );
    alter(
        "statement-altered",
        &|b| {
            let end = b.cose.len() - 1;
            b.cose[end] ^= 1;
        },
        "bad-signature",
    );
    bad.bytes(
        Kind::Bundle,
        "bundle-trailing-byte",
        [&bytes[..], &[0]].concat(),
        "not-canonical",
    );
    bad.bytes(
        Kind::Bundle,
        "bundle-cut",
        bytes[..bytes.len() - 1].to_vec(),
        "malformed",
    );
}
