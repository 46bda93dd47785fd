use super::*;
use crate::testing::{sample, World};

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
