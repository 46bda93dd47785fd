use crate::failure::Failure;
use crate::say::{Exit, Report};
use crate::testing::{sample, Live, World, SUITE};
use hefu_types::leaf::{ClockLeaf, Leaf};
use hefu_types::operation::Operation;
use hefu_types::record::{Reversal, ReversalStage, Side};
use hefu_types::{key, Millis, StateKey};

/// A node that brings each invoice to a stage whose time runs until a deadline.
fn at_stage(stage: ReversalStage, deadline: Millis) -> (Live, StateKey) {
    let mut world = World::new();
    let file = sample("invoices/ubl-guangzhou-1017.xml");
    let receipt = world.register("invoice", &file);
    let record = world.planned("invoice", &file).record;
    let live = Live::start(
        world,
        std::slice::from_ref(&receipt),
        move |world, operation, event| {
            let record = operation.record().expect("of an invoice");
            world.change(record, |public| {
                public.noted = Some(event.clone());
                public.reversal = Some(Reversal {
                    stage,
                    asked_by: Side::Issuer,
                    reason: "return".to_owned(),
                    asked_at: Millis(1_000),
                    deadline,
                    request: event.operation,
                });
            });
            Ok(())
        },
    );
    live.write("1017.xml", &file);
    live.write("1017.xml.receipt", &receipt.encode());
    (live, record)
}

fn later() -> Millis {
    crate::now().plus(1_000_000)
}

fn commands(report: &Report) -> Vec<String> {
    let commands = report.json["next"]["commands"].as_array();
    let text = |command: &serde_json::Value| command.as_str().expect("a text").to_owned();
    commands.map_or(Vec::new(), |all| all.iter().map(text).collect())
}

#[test]
fn a_request_tells_the_code_and_what_the_other_side_types() {
    let (live, record) = at_stage(ReversalStage::AwaitsUser, later());
    let typed = "reversal request @1017.xml --key @agency.json --reason return --amount 300.00";
    let report = live.run(typed).expect("done");
    assert_eq!(report.exit, Exit::Yes);
    let Some(Operation::RequestReversal(request)) = live.node().came.pop() else {
        panic!("another operation")
    };
    // 300.00 of the currency that the file says.
    assert_eq!(
        (request.record, request.minor_units),
        (record, Some(30_000))
    );
    assert_eq!(report.json["record"]["reversal"]["code"], "02");
    assert!(
        report
            .text
            .contains("02 the issuer asked; awaits who uses it"),
        "{}",
        report.text
    );
    assert!(report.text.contains("300.00 CNY"), "{}", report.text);
    assert_eq!(report.json["next"]["by"], "user");
    let [agree, deny] = commands(&report).try_into().expect("two");
    assert!(
        agree.starts_with("hefu reversal agree --network "),
        "{agree}"
    );
    assert!(
        agree.ends_with(&format!("--key member.json --record {record}")),
        "{agree}"
    );
    assert!(deny.starts_with("hefu reversal deny "), "{deny}");

    let zh = live.run(&format!("{typed} --lang zh")).expect("done").text;
    assert!(
        zh.contains("02 销方录入待购方确认") && zh.contains("下一步由各使用方"),
        "{zh}"
    );
}

#[test]
fn what_comes_next_follows_from_the_stage() {
    #[track_caller]
    fn check(stage: ReversalStage, by: Option<&str>, verbs: &[&str]) {
        let (live, _) = at_stage(stage, later());
        let report = live
            .run("reversal agree --receipt @1017.xml.receipt --key @buyer.json")
            .expect("done");
        assert_eq!(report.json["next"]["by"].as_str(), by, "{stage:?}");
        let commands = commands(&report);
        assert_eq!(commands.len(), verbs.len(), "{commands:?}");
        for (command, verb) in commands.iter().zip(verbs) {
            assert!(command.starts_with(verb), "{command}");
        }
        assert!(matches!(
            live.node().came.last(),
            Some(Operation::AnswerReversal(answer)) if answer.agrees
        ));
    }
    let answers = ["hefu reversal agree", "hefu reversal deny"];
    check(
        ReversalStage::NoConsentNeeded,
        Some("issuer"),
        &["hefu reverse --"],
    );
    check(ReversalStage::AwaitsUser, Some("user"), &answers);
    check(ReversalStage::AwaitsIssuer, Some("issuer"), &answers);
    check(ReversalStage::Agreed, Some("issuer"), &["hefu reverse --"]);
    check(ReversalStage::DeniedByUser, None, &[]);
    check(ReversalStage::WithdrawnAfterAgreement, None, &[]);
}

#[test]
fn a_deadline_that_fell_into_a_halt_is_told_as_put_off() {
    let over = Millis(crate::now().0 - 1_000);
    let (live, _) = at_stage(ReversalStage::AwaitsUser, over);
    let run = || {
        live.run("reversal deny @1017.xml --key @buyer.json")
            .expect("done")
    };
    assert_eq!(run().json["record"]["reversal"]["code"], "07");
    assert!(run().json["next"].is_null());
    assert!(matches!(
        live.node().came.last(),
        Some(Operation::AnswerReversal(answer)) if !answer.agrees
    ));
    let after = crate::now();
    let clock = ClockLeaf {
        block_time: after,
        last_halt: Some((Millis(over.0 - 5_000_000), after)),
        compromise_counter: 0,
        council_epoch: 0,
    };
    let at = key::clock(SUITE);
    assert!(ClockLeaf::from_bytes(&clock.to_bytes()).is_ok());
    live.node().world.put(at, &clock);
    let status = live.run("status @1017.xml").expect("told");
    assert_eq!(status.json["record"]["reversal"]["code"], "02");
    let until = after.plus(Millis::HOUR).to_string();
    assert_eq!(status.json["record"]["reversal"]["deadline"], until);
}

#[test]
fn an_invoice_is_reversed_in_part_by_a_credit_note() {
    let (live, record) = Live::obedient();
    let note = StateKey([9; 32]);
    let run = |typed: &str| {
        let typed = format!("reverse {typed} --key @agency.json --reason return");
        live.run(&typed).map(|_| match live.node().came.pop() {
            Some(Operation::Reverse(reverse)) => reverse,
            other => panic!("{other:?}"),
        })
    };
    let part = run(&format!("@1017.xml --amount 0.50 --credit-note {note}")).expect("done");
    assert_eq!((part.record, part.minor_units), (record, Some(50)));
    assert_eq!(part.credit_note, Some(note));
    // Without the file the registration tells the currency.
    let part = run(&format!("--record {record} --amount 0.50")).expect("done");
    assert_eq!((part.minor_units, part.credit_note), (Some(50), None));
    // The same digits of another currency are another amount, and no file but a registered one counts.
    let other = run(&format!("--record {record} --amount 50 --currency JPY"));
    assert!(matches!(other, Err(Failure::Asked(_))));
    let text = String::from_utf8(sample("invoices/ubl-guangzhou-1017.xml"))
        .expect("text")
        .replace("CNY", "JPY");
    live.write("other.xml", text.as_bytes());
    let part = run(&format!("@other.xml --record {record} --amount 0.50")).expect("done");
    assert_eq!(part.minor_units, Some(50));
    let part = run(&format!("--record {record} --minor-units 7")).expect("done");
    assert_eq!(part.minor_units, Some(7));
    assert_eq!(run("@1017.xml").expect("done").minor_units, None);
    let too_fine = run("@1017.xml --amount 0.001");
    assert!(matches!(too_fine, Err(Failure::Asked(_))));
}
