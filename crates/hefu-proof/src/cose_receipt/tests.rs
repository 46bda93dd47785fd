//! Receipts in COSE as they are, and altered in each of their parts.

use super::*;
use crate::handover::tests::{secret, set, ORIGIN, SUITE};
use crate::log::ListTree;
use hefu_types::merkle;

const LOG: Log<'static> = Log {
    suite: SUITE,
    network: NetworkDigest([5; 32]),
    origin: ORIGIN,
};

fn entries() -> Vec<Vec<u8>> {
    (0..7_u8).map(|number| vec![number; 40]).collect()
}

/// Validator `number`'s receipt of entry `index` of the first `size` entries.
fn receipt(log: &Log<'_>, number: u8, name: &str, index: usize, size: usize) -> CoseReceipt {
    let entries = &entries()[..size];
    let root = merkle::root(SUITE, entries);
    let leaves = entries.iter().map(|entry| SUITE.log_leaf(entry)).collect();
    let path = ListTree::new(SUITE, leaves).path(index);
    let size = TreeSize(size as u64);
    let signed = SignedRoot::sign_for(log, name, &secret(number, 3), size, &root);
    let signed = signed.expect("a log of two entries at least");
    signed.receipt(EntryIndex(index as u64), path)
}

fn verify(receipt: &CoseReceipt, index: usize) -> Result<VerifiedCoseReceipt, CoseReceiptError> {
    // What was written is read again as the same.
    assert_eq!(CoseReceipt::decode(&receipt.encode()), Ok(receipt.clone()));
    receipt.verify_for(&LOG, &set(0, &[1, 2, 3, 4]), &entries()[index])
}

#[test]
fn every_entry_of_every_log_has_its_receipt_and_no_other_entry_has_it() {
    for size in 2..=7 {
        let root = merkle::root(SUITE, &entries()[..size]);
        for index in 0..size {
            let receipt = receipt(&LOG, 3, "v3.example", index, size);
            let verified = verify(&receipt, index).expect("it holds");
            assert_eq!((verified.member, verified.root), (2, root));
            let other = (index + 1) % 7;
            assert_eq!(verify(&receipt, other), Err(CoseReceiptError::BadSignature));
        }
    }
}

#[test]
fn whatever_is_altered_does_not_hold() {
    let good = receipt(&LOG, 3, "v3.example", 2, 5);
    let altered = |alter: fn(&mut CoseReceipt)| {
        let mut receipt = good.clone();
        alter(&mut receipt);
        verify(&receipt, 2)
    };
    let bad = Err(CoseReceiptError::BadSignature);
    assert_eq!(altered(|it| it.path[1].0[7] ^= 1), bad);
    assert_eq!(altered(|it| it.index.0 = 3), bad);
    assert_eq!(altered(|it| it.signature.0[40] ^= 1), bad);
    // What is read as the same path is as good (see the module): the root is all that is signed.
    assert_eq!(
        altered(|it| it.size.0 = 6).map(|it| it.root),
        verify(&good, 2).map(|it| it.root)
    );
    assert_eq!(
        altered(|it| it.size.0 = 4),
        Err(PathError::WrongLength.into())
    );
    assert_eq!(
        altered(|it| it.index.0 = 5),
        Err(PathError::IndexOutside.into())
    );
    assert!(altered(|it| it.path.push(Hash([0; 32]))).is_err());
    assert!(altered(|it| it.protected[5] ^= 1).is_err());

    let unknown = Err(CoseReceiptError::UnknownValidator);
    let of = |number, name| verify(&receipt(&LOG, number, name, 2, 5), 2);
    assert_eq!(of(9, "v9.example"), unknown);
    assert_eq!(of(3, "v4.example"), unknown);
    let elsewhere = Log {
        network: NetworkDigest([6; 32]),
        ..LOG
    };
    let other = verify(&receipt(&elsewhere, 3, "v3.example", 2, 5), 2);
    assert!(matches!(other, Err(CoseReceiptError::OtherLog(_))));
    let elsewhere = Log {
        origin: "hefu.example/01",
        ..LOG
    };
    let other = verify(&receipt(&elsewhere, 3, "v3.example", 2, 5), 2);
    assert!(matches!(other, Err(CoseReceiptError::OtherLog(_))));
}

#[test]
fn a_log_of_one_entry_has_none() {
    let root = merkle::root(SUITE, &entries()[..1]);
    let signed = SignedRoot::sign_for(&LOG, "v1.example", &secret(1, 3), TreeSize(1), &root);
    assert_eq!(signed, None);
    let mut receipt = receipt(&LOG, 1, "v1.example", 0, 2);
    receipt.path.clear();
    assert!(CoseReceipt::decode(&receipt.encode()).is_err());
}

#[test]
fn a_receipt_has_one_encoding_with_the_labels_of_rfc_9942() {
    let good = receipt(&LOG, 3, "v3.example", 2, 5).encode();
    let hex: String = good.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(hex.starts_with("d28458"), "{hex}");
    // alg, kid; vds last; the proofs alone, the payload left out.
    assert!(hex.contains("a40127045820"), "{hex}");
    assert!(hex.contains("19018b01a119018ca12081"), "{hex}");
    assert!(hex.contains("f65840"), "{hex}");
    for at in 0..good.len() {
        for bit in [1, 0x20, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= bit;
            let read = CoseReceipt::decode(&bad);
            let held = read.map(|it| it.verify_for(&LOG, &set(0, &[1, 2, 3]), &entries()[2]));
            assert!(!matches!(held, Ok(Ok(_))), "byte {at}");
        }
    }
    assert!(CoseReceipt::decode(&[good.as_slice(), &[0]].concat()).is_err());
    assert!(CoseReceipt::decode(&vec![0; COSE_RECEIPT_BYTES_MAX + 1]).is_err());
}

#[test]
fn a_transparent_statement_is_the_entry_again_without_its_receipts() {
    let entry = canonical::encode(&CoseSign1 {
        protected: vec![1, 2, 3],
        payload: vec![4; 30],
        signature: Signature([5; 64]),
    });
    let receipts = [
        receipt(&LOG, 1, "v1.example", 2, 5),
        receipt(&LOG, 2, "v2.example", 2, 5),
    ];
    let made = TransparentStatement::new(&entry, &receipts).expect("two receipts");
    let read = TransparentStatement::decode(&made.encode()).expect("just written");
    assert_eq!(read, made);
    assert_eq!(read.entry(), entry);
    assert_eq!(
        CoseReceipt::decode(&read.receipts[1]),
        Ok(receipts[1].clone())
    );
    assert_eq!(TransparentStatement::new(&entry, &[]), None);
    assert_eq!(TransparentStatement::new(b"a block entry", &receipts), None);
    assert!(TransparentStatement::decode(&entry).is_err());
}

#[test]
fn a_key_set_is_an_array_of_the_keys() {
    let keys = [secret(1, 3).public_key(), secret(2, 3).public_key()];
    let bytes = cose_key_set(SUITE, &keys);
    let mut d = Decoder::new(&bytes);
    assert_eq!(d.array().expect("an array"), Some(2));
    for key in &keys {
        assert_eq!(d.map().expect("a key"), Some(5));

        assert_eq!(d.i64().expect("a label"), 1);
        assert_eq!(d.u8().expect("OKP"), 1);
        assert_eq!(d.i64().expect("a label"), 2);
        assert_eq!(d.bytes().expect("kid"), SUITE.key_id(key).0);
        assert_eq!(d.i64().expect("a label"), 3);
        assert_eq!(d.i64().expect("alg"), SUITE.cose_algorithm());
        assert_eq!(d.i64().expect("a label"), -1);
        assert_eq!(d.u8().expect("Ed25519"), 6);
        assert_eq!(d.i64().expect("a label"), -2);
        assert_eq!(d.bytes().expect("x"), key.0);
    }
    assert_eq!(d.position(), bytes.len());
}
