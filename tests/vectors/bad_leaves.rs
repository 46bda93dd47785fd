//! Certificates whose leaves are others, in another order, or altered.

use super::bad::{flip, Bad};
use super::documents::Document;
use super::manifest::Kind;
use hefu_proof::certificate::{ProvenLeaf, Value};
use hefu_proof::StatusCertificate;
use hefu_types::record::{PublicPart, State};
use hefu_types::{canonical, Millis, PrivateRoot};

/// Leaves that a verifier must refuse, or that are not what it was asked for.
pub fn add(bad: &mut Bad<'_>) {
    leaves(bad);
    records(bad);
}

fn leaves(bad: &mut Bad<'_>) {
    let base = "status-in-force";
    let mut alter = |name: &str, alter: &dyn Fn(&mut Vec<ProvenLeaf>), reason| {
        bad.certificate(
            &format!("leaves-{name}"),
            base,
            |c| alter(&mut c.leaves),
            reason,
        );
    };
    alter("not-ascending", &|l| l.swap(0, 1), "leaves-not-ascending");
    alter("twice", &|l| l.push(l[1].clone()), "leaves-not-ascending");
    alter("none", &|l| l.clear(), "not-proven");
    alter(
        "without-the-record",
        &|l| l.retain(|leaf| !is_record(leaf)),
        "not-proven",
    );
    alter(
        "proofs-swapped",
        &|l| (l[0].proof, l[1].proof) = (l[1].proof.clone(), l[0].proof.clone()),
        "other-root",
    );
    alter(
        "values-swapped",
        &|l| (l[0].value, l[1].value) = (l[1].value.clone(), l[0].value.clone()),
        "other-root",
    );
    alter("key-altered", &|l| l[1].key.0[31] ^= 1, "other-root");
    alter(
        "absent-though-present",
        &|l| l[1].value = Value::Absent,
        "other-root",
    );
    let as_leaf = |leaves: &mut Vec<ProvenLeaf>| {
        let Value::Record(public, root) = &leaves[1].value else {
            panic!("the record is the last leaf")
        };
        // The bytes that are hashed are the same.
        let bytes = [canonical::encode(public), root.0.to_vec()].concat();
        leaves[1].value = Value::Leaf(bytes.into());
    };
    alter("record-as-another-leaf", &as_leaf, "bad-leaf");
    let agency = |leaves: &mut Vec<ProvenLeaf>| {
        if let Value::Leaf(bytes) = &mut leaves[0].value {
            let at = bytes.windows(7).position(|word| word == b"housing");
            bytes[at.expect("its id")] = b'H';
        }
    };
    alter("agency-altered", &agency, "other-root");
    // The question is another one.
    let other = Document::licence("housing", 77).ask();
    let bytes = bad.good.case(base).bytes.clone();
    bad.add(
        "four",
        Kind::Certificate,
        "asked-for-another-document",
        bytes,
        "not-proven",
    )
    .asks = vec![other];
    let bytes = bad.good.case("absent-empty").bytes.clone();
    let asked = Document::licence("housing", 1).ask();
    bad.add(
        "four",
        Kind::Certificate,
        "absence-of-another-document",
        bytes,
        "not-proven",
    )
    .asks = vec![asked];
}

fn is_record(leaf: &ProvenLeaf) -> bool {
    matches!(leaf.value, Value::Record(..))
}

fn records(bad: &mut Bad<'_>) {
    let mut alter = |name: &str, alter: &dyn Fn(&mut PublicPart, &mut PrivateRoot)| {
        let alter = |c: &mut StatusCertificate| {
            for leaf in &mut c.leaves {
                if let Value::Record(public, root) = &mut leaf.value {
                    alter(public, root);
                }
            }
        };
        bad.certificate(
            &format!("record-{name}-altered"),
            "status-suspended",
            alter,
            "other-root",
        );
    };
    alter("type", &|p, _| p.document_type = "permit".to_owned());
    alter("agency", &|p, _| p.agency = "works".to_owned());
    alter("region", &|p, _| p.region = "south".to_owned());
    alter("legal-issuer", &|p, _| p.legal_issuer = "WORKS".to_owned());
    alter("digest", &|p, _| flip(&mut p.digests[0].0));
    alter("fact-root", &|p, _| p.fact_root = None);
    alter("end", &|p, _| p.valid_before = None);
    alter("beginning", &|p, _| p.valid_from = Some(Millis(0)));
    alter("state", &|p, _| p.status.state = State::Issued);
    alter("effective-time", &|p, _| {
        p.status.effective_at = p.status.effective_at.plus(1)
    });
    alter("recorded-time", &|p, _| {
        p.status.recorded_at = p.status.recorded_at.minus(1)
    });
    alter("suspension-end", &|p, _| p.status.until = None);
    alter("registration", &|p, _| {
        flip(&mut p.registration.operation.0)
    });
    alter("counter", &|p, _| p.registration.compromise_counter += 1);
    alter("event-count", &|p, _| p.event_count += 1);
    alter("past", &|p, _| p.past.clear());
    alter("open-fact", &|p, _| {
        p.open_facts[0].value = "一级".to_owned()
    });
    alter("private-root", &|_, root| flip(&mut root.0));
}
