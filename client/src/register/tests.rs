use super::*;
use crate::testing::{sample, Live, World, SUITE};
use hefu_types::key;
use hefu_types::leaf::DigestLeaf;
use hefu_types::profile::Profile;
use hefu_types::record::OfflineIssue;
use hefu_wire::ClaimFile;

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

fn no_identity() -> Aside {
    Aside::NoIdentity {
        missing: vec!["invoice number"],
        doubts: Vec::new(),
    }
}

#[test]
fn a_stopped_run_goes_on_where_it_stopped() {
    let world = World::new();
    let planned = || Ok(world.planned("invoice", &sample(UBL)));
    let record = world.planned("invoice", &sample(UBL)).record;
    let ready = |prepared: Prepared| matches!(prepared, Prepared::Ready(_));

    // Never sent, or sent and stopped before the receipt: it is sent (again).
    assert!(ready(decide(&[Here::Nothing], planned())));
    // Its receipt is here: nothing is left to do, also where its number was typed in the first run.
    assert_eq!(decide(&[Here::Receipt(record)], planned()), Prepared::Done);
    let unnamed = || Err(no_identity());
    assert_eq!(decide(&[Here::Receipt(record)], unnamed()), Prepared::Done);
    // Of two renditions one has no receipt yet.
    assert!(ready(decide(
        &[Here::Receipt(record), Here::Nothing],
        planned()
    )));
    // The same bytes under another number: the ledger judges.
    assert!(ready(decide(
        &[Here::Receipt(StateKey([1; 32]))],
        planned()
    )));
    // What stands there and is no receipt of the file is never overwritten.
    let other = decide(&[Here::Other("r".into())], planned());
    assert!(matches!(other, Prepared::Aside(Aside::Unfit(_))));
    assert!(matches!(
        decide(&[Here::Nothing], unnamed()),
        Prepared::Aside(Aside::NoIdentity { .. })
    ));
}

#[test]
fn a_receipt_is_completed_with_what_the_issuer_knows() {
    let mut world = World::new();
    let mut receipt = world.register("invoice", &sample(UBL));
    receipt.disclosed = None;
    let planned = world.planned("invoice", &sample(UBL));
    let (whole, verified) = complete(&world.network, &planned, receipt.clone()).expect("holds");
    let open: Vec<_> = verified.disclosed().open_facts().cloned().collect();
    assert_eq!(open, planned.facts);
    assert_eq!(
        verified.disclosed().named_member_salt,
        planned.named_member_salt
    );
    assert!(whole.disclosed.is_some());
    // The receipt of another document is not written under this one's name.
    let other = world.planned("invoice", &sample("invoices/ubl-shenzhen-3055.xml"));
    assert!(complete(&world.network, &other, receipt).is_err());
}

#[test]
fn a_batch_ends_as_its_worst_document() {
    let line = |outcome, walked| Line {
        files: vec!["a.xml".into()],
        walked,
        number: None,
        outcome,
        receipts: Vec::new(),
        offline: None,
    };
    let aside = || Outcome::LeftAside(no_identity());
    assert_eq!(line(Outcome::ReceiptHere, false).exit(), Exit::Yes);
    assert_eq!(line(aside(), true).exit(), Exit::Yes);
    assert_eq!(line(aside(), false).exit(), Exit::No);
    let refusal = Refusal::new(3005, "", "", Some("9144 \u{1b}[2J".into()));
    assert!(refusal
        .text(crate::say::Lang::En)
        .contains("3005 The legal issuer"));
    assert!(!refusal.text(crate::say::Lang::Zh).contains('\u{1b}'));
    assert_eq!(line(Outcome::Refused(refusal), true).exit(), Exit::No);
    let lines = [line(Outcome::ReceiptHere, false), line(aside(), true)];
    assert_eq!(summary::counts(&lines)["left-aside"], 1);
    assert!(summary::text(&lines, crate::say::Lang::En).contains("left aside"));
}

#[test]
fn a_fact_that_only_one_document_states_is_told_as_a_difference() {
    let fact = |name: &str, value: &str| hefu_proof::fact::OpenFact {
        salt: hefu_types::Salt([0; 16]),
        name: name.into(),
        value: value.into(),
    };
    let there = [fact("due", "5"), fact("number", "1"), fact("total", "5")];
    let here = [
        fact("currency", "EUR"),
        fact("number", "1"),
        fact("total", "7"),
    ];
    let told = super::differing(&there, &here);
    let told: Vec<String> = told
        .iter()
        .map(|(n, t, h)| format!("{n}: {t}, {h}"))
        .collect();
    let expected = [
        "currency: (not stated), EUR",
        "due: 5, (not stated)",
        "total: 5, 7",
    ];
    assert_eq!(told, expected);
    assert!(
        super::differing(&[], &here).is_empty(),
        "facts that are not open tell nothing"
    );
}

/// A node that registers invoices in this state, late if they were issued offline.
fn registering(state: State) -> Live {
    let template = {
        let mut world = World::new();
        world.register("invoice", &sample(UBL));
        world.record(&world.planned("invoice", &sample(UBL)).record)
    };
    Live::start(World::new(), &[], move |world, operation, event| {
        let Operation::Register(register) = operation else {
            panic!("another operation")
        };
        let number = Profile::En16931
            .check(&register.identity)
            .expect("a number");
        let record = key::record(SUITE, &number);
        let mut public = template.clone();
        public.digests.clone_from(&register.digests);
        public.fact_root = register.fact_root;
        public
            .legal_issuer
            .clone_from(&register.identity.legal_issuer);
        public.use_right.clone_from(&register.use_right);
        public.status.state = state;
        public.registration = event.clone();
        public.offline = register.issued_offline_at.map(|issued_at| OfflineIssue {
            issued_at,
            deadline: issued_at.plus(1_000),
            late: true,
        });
        world.put_record(record, public);
        for digest in &register.digests {
            let leaf = DigestLeaf {
                record,
                operation: event.operation,
                withdrawn: false,
            };
            world.put(key::digest(SUITE, digest), &leaf);
        }
        Ok(())
    })
}

#[test]
fn a_proposed_document_and_a_late_one_are_told_as_such() {
    let live = registering(State::Proposed);
    live.write("1017.xml", &sample(UBL));
    let typed = "register --key @agency.json --receipts @receipts @1017.xml";
    let offline = format!("{typed} --offline-at 2026-11-20T08:30:00+08:00");
    let report = live.run(&offline).expect("sent");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    assert_eq!(report.json["counts"]["proposed"], 1);
    assert_eq!(report.json["counts"]["registered"], 0);
    assert_eq!(report.json["documents"][0]["outcome"], "proposed");
    assert_eq!(report.json["documents"][0]["offline"]["late"], true);
    assert!(
        report.text.contains("once the supervising agency confirms"),
        "{}",
        report.text
    );
    assert!(
        report
            .text
            .contains("late: issued offline at 2026-11-20T00:30:00Z"),
        "{}",
        report.text
    );
    let Some(Operation::Register(register)) = live.node().came.pop() else {
        panic!("another operation")
    };
    assert_eq!(
        register.issued_offline_at,
        time("2026-11-20T08:30:00+08:00").ok()
    );
    let no_time = live.run(&format!("{typed} --offline-at 2026-11-20"));
    assert!(matches!(no_time, Err(Failure::Asked(_))));
}

#[test]
fn each_document_gets_a_claim_of_its_own_that_opens_its_record() {
    let live = registering(State::Issued);
    let typed = "register --key @agency.json --use claim --receipts @receipts @1017.xml @3055.xml";
    let invoices = [
        ("1017.xml", UBL),
        ("3055.xml", "invoices/ubl-shenzhen-3055.xml"),
    ];
    for (name, file) in invoices {
        live.write(name, &sample(file));
    }
    // What is not ours is never overwritten, and its document is not registered.
    std::fs::create_dir(live.path("receipts")).expect("a folder");
    live.write("receipts/3055.xml.claim", b"somebody's");
    let report = live.run(typed).expect("sent");
    assert_eq!(report.json["counts"]["registered"], 1);
    assert_eq!(report.json["counts"]["left-aside"], 1);
    std::fs::remove_file(live.path("receipts/3055.xml.claim")).expect("removed");
    let report = live.run(typed).expect("sent");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);

    let claims = invoices.map(|(name, _)| {
        let path = live.path(&format!("receipts/{name}.claim"));
        let bytes = std::fs::read(&path).expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path)
                .expect("there")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        serde_json::from_slice::<ClaimFile>(&bytes).expect("a claim file")
    });
    assert_ne!(claims[0].seed, claims[1].seed);
    for claim in &claims {
        let node = live.node();
        assert_eq!(claim.network, node.world.network.digest());
        let key = claim.secret_key(SUITE).public_key();
        let right = node.world.record(&claim.record).use_right;
        assert_eq!(right, Some(UseRight::ClaimKey(key)));
    }
}
