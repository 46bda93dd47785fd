//! Receipts and bundles in which one thing is wrong.

use super::bad::{flip, Bad};
use super::good::Document;
use super::parties::{START, SUITE};
use super::world::{Placed, World};
use super::Kind;
use hefu_proof::fact::{FactLeaf, OpenFact};
use hefu_proof::receipt::{Disclosed, OpenedItem, ProvenOperation};
use hefu_proof::{Receipt, ReceiptBundle};
use hefu_types::canonical;
use hefu_types::cose::{CoseSign1, Protected};
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, KeyLeaf};
use hefu_types::operation::Revoke;
use hefu_types::operation::{Amount, Operation};
use hefu_types::record::{Item, PrivateItem};
use hefu_types::statement::Payload;
use hefu_types::{Hash, NetworkDigest, Salt, StateKey};

/// Receipts and bundles that a verifier must refuse.
pub fn add(bad: &mut Bad<'_>) {
    leaves(bad);
    paths(bad);
    statements(bad);
    not_done(bad);
    opened(bad);
    disclosed(bad);
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
        bad.altered(&name, "register", |r| without(r, key), "missing");
    }
    bad.altered(
        "receipt-cosignature-missing",
        "register",
        |r| drop(r.certificate.checkpoint.cosignatures.pop()),
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
        "not-ascending",
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
    let (other, length) = ("other-root", "wrong-length");
    alter("operation-altered", &|o| o.operation[30] ^= 1, other);
    alter("operation-path-altered", &|o| flip(&mut o.path[0].0), other);
    alter("operation-path-swapped", &|o| o.path.swap(0, 1), other);
    alter(
        "operation-path-cut",
        &|o| o.path.truncate(o.path.len() - 1),
        length,
    );
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
    alter(
        "entry-path-cut",
        &|o| o.entry_path.truncate(o.entry_path.len() - 1),
        length,
    );
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
        "missing",
    );
}

/// The parts of a statement's COSE_Sign1, altered and put together again.
fn edited(
    cose: &[u8],
    edit: impl FnOnce(&mut Protected, &mut Payload),
    sign: impl FnOnce(&[u8]) -> Option<hefu_types::Signature>,
) -> Vec<u8> {
    let mut cose: CoseSign1 = canonical::decode(cose, 4096).expect("a good statement");
    let mut protected = canonical::decode(&cose.protected, 4096).expect("a good statement");
    let mut payload = canonical::decode(&cose.payload, 4096).expect("a good statement");
    edit(&mut protected, &mut payload);
    cose.protected = canonical::encode(&protected);
    cose.payload = canonical::encode(&payload);
    let structure = CoseSign1::sig_structure(&cose.protected, &cose.payload);
    cose.signature = sign(&structure).unwrap_or(cose.signature);
    canonical::encode(&cose)
}

fn statements(bad: &mut Bad<'_>) {
    let base = "register";
    let good = bad.good;
    let world = &good.four;
    let cose = good.receipt(base).operation.cose.to_vec();
    let mut replace = |name: &str, bytes: Vec<u8>, reason| {
        let name = format!("statement-{name}");
        bad.altered(&name, base, |r| r.operation.cose = bytes.into(), reason);
    };
    let end = cose.len();
    let mut signature = cose.clone();
    signature[end - 1] ^= 1;
    replace("signature-altered", signature, "bad-signature");
    replace("trailing-byte", [&cose[..], &[0]].concat(), "not-canonical");
    replace("cut", cose[..end - 1].to_vec(), "malformed");
    replace("untagged", cose[1..].to_vec(), "malformed");
    replace(
        "of-another-tag",
        [&[0xd1], &cose[1..]].concat(),
        "malformed",
    );
    let at = cose.windows(2).position(|two| two == [0xa0, 0x58]);
    let at = at.expect("the unprotected header is empty");
    let header = [&cose[..at], &[0xa1, 0x04, 0x40], &cose[at + 1..]].concat();
    replace("unprotected-header", header, "malformed");
    let mut content = cose.clone();
    let word = content.windows(8).position(|word| word == b"vnd.hefu");
    content[word.expect("its content type")] = b'V';
    replace("of-another-content-type", content, "malformed");
    let housing = &world.maker.actors["housing"];
    let mut edit = |name: &str, edit: fn(&mut Protected, &mut Payload), signed: bool, reason| {
        let sign = |structure: &[u8]| signed.then(|| housing.sign_statement(structure));
        replace(name, edited(&cose, edit, sign), reason);
    };
    edit(
        "nonce-altered",
        |_, p| p.nonce.0[0] ^= 1,
        false,
        "bad-signature",
    );
    edit(
        "time-altered",
        |_, p| p.valid_until = START,
        false,
        "bad-signature",
    );
    edit(
        "root-altered",
        |_, p| flip(&mut p.operations_root.0),
        false,
        "bad-signature",
    );
    edit(
        "subject-altered",
        |h, _| h.subject.push('x'),
        false,
        "bad-signature",
    );
    edit(
        "issuer-altered",
        |h, _| h.issuer = "tax".to_owned(),
        false,
        "bad-signature",
    );
    edit(
        "not-in-the-log",
        |_, p| p.nonce.0[0] ^= 1,
        true,
        "other-root",
    );
    edit(
        "of-another-issuer",
        |h, _| h.issuer = "tax".to_owned(),
        true,
        "other-holder",
    );
    edit(
        "of-another-network",
        |h, _| h.network = NetworkDigest([7; 32]),
        true,
        "other-network",
    );
    edit(
        "of-another-algorithm",
        |h, _| h.algorithm = -7,
        true,
        "other-algorithm",
    );
    edit(
        "of-no-operations",
        |_, p| p.operation_count = 0,
        true,
        "bad-count",
    );
    edit(
        "of-4097-operations",
        |_, p| p.operation_count = 4_097,
        true,
        "bad-count",
    );
    edit(
        "of-a-long-name",
        |h, _| h.issuer = "x".repeat(65),
        true,
        "name-too-long",
    );
    edit(
        "of-an-unknown-key",
        |h, _| flip(&mut h.key_id.0),
        true,
        "missing",
    );
    let tax = &world.maker.actors["tax"];
    let by_another = edited(
        &cose,
        |_, _| (),
        |structure| Some(tax.sign_statement(structure)),
    );
    replace("signed-by-another", by_another, "bad-signature");
    let claim = tax.prove_possession(&world.network.genesis().network_id, "agency", "tax");
    replace(
        "signed-for-another-purpose",
        edited(&cose, |_, _| (), |_| Some(claim)),
        "bad-signature",
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
        "missing",
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
        "missing",
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
        "missing",
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

fn opened(bad: &mut Bad<'_>) {
    let base = "use-part";
    let mut alter = |name: &str, alter: &dyn Fn(&mut OpenedItem), reason| {
        let alter = |r: &mut Receipt| alter(r.opened.as_mut().expect("a use is opened"));
        bad.altered(&format!("opened-{name}"), base, alter, reason);
    };
    fn used(item: &mut OpenedItem) -> &mut hefu_types::record::UseItem {
        match &mut item.item.item {
            Item::Use(used) => used,
            _ => panic!("a use is opened"),
        }
    }
    let other = "other-root";
    alter(
        "member-altered",
        &|o| used(o).member = "0b".to_owned(),
        other,
    );
    alter(
        "share-altered",
        &|o| used(o).share.as_mut().expect("a part").to += 1,
        other,
    );
    alter(
        "purpose-altered",
        &|o| used(o).purpose = "finance".to_owned(),
        other,
    );
    alter("blinding-altered", &|o| o.item.blinding.0[0] ^= 1, other);
    alter("index-altered", &|o| o.index ^= 1, other);
    alter("index-outside", &|o| o.index = o.count, "index-outside");
    alter("count-altered", &|o| o.count += 3, "wrong-length");
    alter("path-altered", &|o| flip(&mut o.path[0].0), other);
    alter("path-cut", &|o| o.path.clear(), "wrong-length");
    alter(
        "path-of-65",
        &|o| o.path = vec![Hash([7; 32]); 65],
        "path-too-long",
    );
    bad.altered("opened-left-out", base, |r| r.opened = None, "not-named");
    let second = bad.good.receipt("use-second-part");
    let of_another = second.opened.clone();
    // The item of another member's use of the same document, under the checkpoint in which it stands.
    let mix = |r: &mut Receipt| {
        r.certificate = second.certificate.clone();
        r.opened = of_another.clone();
    };
    let of_another_record = bad.good.receipt("lock").opened;
    bad.altered(
        "opened-of-another-record",
        base,
        |r| r.opened = of_another_record.clone(),
        other,
    );
    let first = bad.good.receipt(base);
    let swapped = |r: &mut Receipt| r.opened = first.opened.clone();
    bad.altered(
        "opened-of-an-earlier-state",
        "use-second-part",
        swapped,
        other,
    );
    bad.altered("opened-with-another-signer", base, mix, "missing");
    // The total of the invoice is an item too, and names no operation.
    let total = PrivateItem {
        blinding: hefu_types::Blinding([3; 16]),
        item: Item::Total(Amount {
            currency: "CNY".to_owned(),
            minor_units: 10_000,
        }),
    };
    let leaf = |item: &PrivateItem| SUITE.log_leaf(&canonical::encode(item));
    let opened = first.opened.as_ref().expect("a use is opened");
    assert_eq!((opened.index, opened.count), (1, 2));
    assert_eq!(opened.path, [leaf(&total)], "the total is the first item");
    let show_total = |r: &mut Receipt| {
        r.opened = Some(OpenedItem {
            index: 0,
            count: 2,
            path: vec![leaf(&opened.item)],
            item: total.clone(),
        });
    };
    bad.altered("opened-the-total", base, show_total, "not-named");
}

fn disclosed(bad: &mut Bad<'_>) {
    let base = "register-facts-one-shown";
    let mut alter = |name: &str, alter: &dyn Fn(&mut Vec<FactLeaf>)| {
        let alter = |r: &mut Receipt| {
            alter(&mut r.disclosed.as_mut().expect("facts are disclosed").facts);
        };
        bad.altered(&format!("facts-{name}"), base, alter, "other-facts");
    };
    fn open(fact: &mut FactLeaf) -> &mut OpenFact {
        match fact {
            FactLeaf::Open(fact) => fact,
            FactLeaf::Hidden(_) => panic!("the last fact is open"),
        }
    }
    alter("value-altered", &|f| {
        open(&mut f[2]).value = "900.00".to_owned()
    });
    alter("name-altered", &|f| open(&mut f[2]).name = "tax".to_owned());
    alter("salt-altered", &|f| open(&mut f[2]).salt.0[0] ^= 1);
    alter("hidden-altered", &|f| {
        if let FactLeaf::Hidden(hash) = &mut f[0] {
            flip(&mut hash.0);
        }
    });
    alter("swapped", &|f| f.swap(0, 1));
    alter("one-left-out", &|f| drop(f.remove(0)));
    alter("one-more", &|f| f.push(FactLeaf::Hidden(Hash([7; 32]))));
    let inner = |f: &mut Vec<FactLeaf>| {
        // Two hidden facts as the one node above them.
        if let (FactLeaf::Hidden(left), FactLeaf::Hidden(right)) = (&f[0], &f[1]) {
            let node = SUITE.log_node(left, right);
            f.splice(..2, [FactLeaf::Hidden(node), FactLeaf::Hidden(node)]);
        }
    };
    alter("an-inner-node", &inner);
    let all = "register-facts-open";
    let twice = |r: &mut Receipt| {
        let facts = &mut r.disclosed.as_mut().expect("facts are disclosed").facts;
        facts[1] = facts[0].clone();
    };
    bad.altered("facts-one-twice", all, twice, "other-facts");
    let unordered = |r: &mut Receipt| {
        r.disclosed
            .as_mut()
            .expect("facts are disclosed")
            .facts
            .reverse();
    };
    bad.altered("facts-not-ascending", all, unordered, "other-facts");
    let facts = bad.good.receipt(all).disclosed;
    let other = facts.clone();
    bad.altered(
        "facts-of-another-document",
        "register-1-of-3",
        |r| r.disclosed = other,
        "other-facts",
    );
    // A copy has no facts on the ledger.
    bad.altered(
        "facts-where-there-are-none",
        "lend",
        |r| r.disclosed = facts,
        "other-facts",
    );
    let many = |r: &mut Receipt| {
        r.disclosed = Some(Disclosed {
            facts: vec![FactLeaf::Hidden(Hash([7; 32])); 257],
            named_member_salt: Some(Salt([0; 16])),
        });
    };
    bad.altered("facts-257", "register", many, "other-facts");
}

/// One receipt out of two.
fn assembled(bad: &mut Bad<'_>) {
    let later = bad.good.receipt("register-later");
    let certificate = later.certificate.clone();
    bad.altered(
        "certificate-of-a-later-checkpoint",
        "register",
        |r| r.certificate = certificate,
        "wrong-length",
    );
    let operation = later.operation.clone();
    bad.altered(
        "operation-of-a-later-checkpoint",
        "register",
        |r| r.operation = operation,
        "wrong-length",
    );
    let revoked = bad.good.receipt("revoke");
    let record = revoked.certificate;
    bad.altered(
        "record-of-another-document",
        "suspend",
        |r| r.certificate = record,
        "wrong-length",
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
        &|b| drop(b.checkpoint.cosignatures.pop()),
        "no-quorum",
    );
    alter(
        "without-the-shared-leaves",
        &|b| b.leaves.clear(),
        "missing",
    );
    alter(
        "shared-leaf-twice",
        &|b| b.leaves.push(b.leaves[0].clone()),
        "not-ascending",
    );
    let shared_again = |b: &mut ReceiptBundle| {
        let shared = b.leaves[0].clone();
        own(b, 2).leaves.insert(0, shared);
    };
    alter("shared-leaf-again", &shared_again, "not-ascending");
    alter("record-left-out", &|b| own(b, 1).leaves.clear(), "missing");
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
    alter("records-crossed", &crossed, "missing");
    alter(
        "entry-path-cut",
        &|b| b.entry_path.truncate(b.entry_path.len() - 1),
        "wrong-length",
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
