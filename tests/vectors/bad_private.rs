//! Receipts that open a private item or facts that are not those of the record.

use super::bad::{flip, Bad};
use super::parties::SUITE;
use hefu_proof::fact::{FactLeaf, OpenFact};
use hefu_proof::receipt::{Disclosed, OpenedItem};
use hefu_proof::Receipt;
use hefu_types::canonical;
use hefu_types::operation::Amount;
use hefu_types::record::{Item, PrivateItem};
use hefu_types::{Hash, Salt};

/// Receipts that a verifier must refuse for what they open.
pub fn add(bad: &mut Bad<'_>) {
    opened(bad);
    disclosed(bad);
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
    alter("count-altered", &|o| o.count += 3, "wrong-path-length");
    alter("path-altered", &|o| flip(&mut o.path[0].0), other);
    alter("path-cut", &|o| o.path.clear(), "wrong-path-length");
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
    bad.altered("opened-with-another-signer", base, mix, "not-proven");
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
