use crate::claim;
use crate::document::Document;
use crate::failure::Failure;
use crate::lookup::open_receipt;
use crate::say::Exit;
use crate::testing::{sample, Live, SUITE};
use hefu_types::leaf::DigestLeaf;
use hefu_types::operation::{Operation, UseRight};
use hefu_types::{key, StateKey};
use hefu_wire::ClaimFile;

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const CII: &str = "renditions/cii-guangzhou-1017.xml";

/// A node that takes files as its own rules would: digests, fact root, right to use.
fn live() -> (Live, StateKey) {
    let mut world = crate::testing::World::new();
    let receipt = world.register("invoice", &sample(UBL));
    let record = world.planned("invoice", &sample(UBL)).record;
    let live = Live::start(
        world,
        std::slice::from_ref(&receipt),
        |world, operation, event| {
            let record = *operation.record().expect("of a document");
            world.change(&record, |public| match operation {
                Operation::AddRendition(rendition) => public.digests.extend(&rendition.digests),
                Operation::Correct(correct) => {
                    public.digests.clone_from(&correct.digests);
                    public.fact_root = correct.fact_root;
                    public.use_right.clone_from(&correct.use_right);
                    public.status_event = Some(event.clone());
                }
                other => panic!("{other:?}"),
            });
            for digest in operation.digests() {
                let leaf = DigestLeaf {
                    record,
                    operation: event.operation,
                    withdrawn: false,
                };
                world.put(key::digest(SUITE, digest), &leaf);
            }
            Ok(())
        },
    );
    live.write("1017.xml", &sample(UBL));
    live.write("1017.xml.receipt", &receipt.encode());
    live.write("1017-cii.xml", &sample(CII));
    let dearer = String::from_utf8(sample(UBL)).expect("XML");
    let payable = dearer.find("<cbc:TaxInclusiveAmount").expect("a total");
    let (before, after) = dearer.split_at(payable);
    let after = after.replacen('1', "2", 1);
    live.write("dearer.xml", format!("{before}{after}").as_bytes());
    (live, record)
}

#[test]
fn a_rendition_has_the_facts_of_the_record() {
    let (live, record) = live();
    for named in [
        "",
        "--document @1017.xml",
        "--receipt @1017.xml.receipt",
        &format!("--record {record}"),
    ] {
        let typed =
            format!("add-rendition --key @agency.json {named} --out @r.receipt @1017-cii.xml");
        let report = live.run(&typed).expect(&typed);
        assert_eq!(report.exit, Exit::Yes, "{typed}");
        let node = live.node();
        let Some(Operation::AddRendition(rendition)) = node.came.last() else {
            panic!("another operation")
        };
        assert_eq!(rendition.record, record);
        assert_eq!(rendition.digests, [SUITE.document_digest(&sample(CII))]);
        assert_eq!(
            Some(rendition.fact_root),
            node.world.record(&record).fact_root
        );
        // The new receipt opens the same facts.
        let receipt = open_receipt(&live.path("r.receipt"), &node.world.network).expect("holds");
        assert!(receipt
            .disclosed()
            .open_facts()
            .any(|fact| fact.name == "total"));
        assert!(receipt.disclosed().named_member_salt.is_some());
    }
}

#[test]
fn files_of_other_facts_are_no_rendition_and_the_difference_is_told() {
    let (live, _) = live();
    let document = Document::of(
        &std::fs::read(live.path("dearer.xml")).expect("written"),
        SUITE,
    );
    assert!(document.identity().is_some(), "it is the same number");
    let typed = "add-rendition --key @agency.json --document @1017.xml @dearer.xml";
    let Err(Failure::Asked(said)) = live.run(typed) else {
        panic!("it was sent")
    };
    assert!(said.en.contains("total: "), "{}", said.en);
    assert!(live.node().came.is_empty());
}

#[test]
fn a_correction_is_a_registration_of_the_right_files() {
    let (live, record) = live();
    let typed =
        "correct --key @agency.json --document @1017.xml --reason wrong-amount --out @c.receipt";
    let report = live.run(&format!("{typed} @dearer.xml")).expect("done");
    assert_eq!(report.exit, Exit::Yes);
    let node = live.node();
    let planned = node.world.planned(
        "invoice",
        &std::fs::read(live.path("dearer.xml")).expect("written"),
    );
    let Some(Operation::Correct(correct)) = node.came.last() else {
        panic!("another operation")
    };
    let expected = &planned.register;
    assert_eq!(planned.record, record);
    assert_eq!(correct.record, record);
    assert_eq!(correct.digests, expected.digests);
    assert_eq!(correct.fact_root, expected.fact_root);
    assert_eq!(correct.total, expected.total);
    assert_eq!(correct.use_right, expected.use_right);
    assert_eq!(correct.reason, "wrong-amount");
    let receipt = open_receipt(&live.path("c.receipt"), &node.world.network).expect("holds");
    let open: Vec<_> = receipt.disclosed().open_facts().cloned().collect();
    assert_eq!(open, planned.facts);
}

#[test]
fn a_claim_that_is_corrected_is_another_claim() {
    let (live, record) = live();
    let typed = "correct --key @agency.json --document @1017.xml --reason x --use claim";
    assert!(matches!(
        live.run(&format!("{typed} @dearer.xml")),
        Err(Failure::Asked(_))
    ));
    let report = live
        .run(&format!("{typed} @dearer.xml --out @c.receipt"))
        .expect("done");
    assert_eq!(
        report.json["claim"],
        live.path("c.claim").display().to_string()
    );
    let bytes = std::fs::read(live.path("c.claim")).expect("written");
    let file: ClaimFile = serde_json::from_slice(&bytes).expect("a claim file");
    let node = live.node();
    assert_eq!(
        (file.network, file.record),
        (node.world.network.digest(), record)
    );
    let Some(Operation::Correct(correct)) = node.came.last() else {
        panic!("another operation")
    };
    let key = file.secret_key(SUITE).public_key();
    assert_eq!(correct.use_right, Some(UseRight::ClaimKey(key)));
    let secret = &node
        .world
        .agency
        .file
        .fact_secret
        .as_ref()
        .expect("an agency")
        .0;
    let before = claim::seed(
        SUITE,
        secret,
        &record,
        &[SUITE.document_digest(&sample(UBL))],
    );
    assert_ne!(before, file.seed);
    drop(node);
    // Another claim that is there is not overwritten, and nothing is sent.
    let sent = live.node().came.len();
    let other = live.run(&format!(
        "{typed} @1017-cii.xml --record {record} --out @c.receipt"
    ));
    assert!(matches!(other, Err(Failure::BadFile { .. })), "{other:?}");
    assert_eq!(live.node().came.len(), sent);
}
