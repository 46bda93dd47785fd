use crate::failure::Failure;
use crate::lookup::open_receipt;
use crate::say::Exit;
use crate::testing::{sample, serve_posts, Live, World};
use hefu_types::operation::{self, Operation};
use hefu_types::{Code, Millis, StateKey};
use hefu_wire::{OutcomeAnswer, StatementAnswer};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const OTHER: &str = "invoices/ubl-shenzhen-3055.xml";

#[test]
fn each_verb_signs_its_own_operation_and_gets_its_receipt() {
    let (live, record) = Live::obedient();
    let by = StateKey([9; 32]);
    let reason = || "wrong-buyer".to_owned();
    let rows = [
        (
            "cancel @1017.xml --reason wrong-buyer",
            Operation::Cancel(operation::Cancel {
                record,
                reason: reason(),
            }),
        ),
        (
            "revoke @1017.xml --reason wrong-buyer --effective-at 2026-12-01T00:00:00+08:00",
            Operation::Revoke(operation::Revoke {
                record,
                reason: reason(),
                effective_at: Some(Millis(1_796_054_400_000)),
            }),
        ),
        (
            "confirm --receipt @1017.xml.receipt",
            Operation::Confirm(operation::Confirm {
                record,
                event_count: 1,
            }),
        ),
        (
            "reject @1017.xml --reason wrong-buyer",
            Operation::Reject(operation::Reject {
                record,
                reason: reason(),
            }),
        ),
        (
            "archive @1017.xml",
            Operation::Archive(operation::Archive { record }),
        ),
        (
            &format!("replace @1017.xml --by {by} --reason wrong-buyer"),
            Operation::Replace(operation::Replace {
                record,
                by,
                reason: reason(),
            }),
        ),
    ];
    for (typed, expected) in rows {
        let report = live
            .run(&format!("{typed} --key @agency.json --out @done.receipt"))
            .expect(typed);
        assert_eq!(report.exit, Exit::Yes, "{typed}");
        assert_eq!(report.json["command"], expected.verb());
        assert_eq!(report.json["outcome"], "done");
        let node = live.node();
        assert_eq!(node.came.last(), Some(&expected), "{typed}");
        let receipt = open_receipt(&live.path("done.receipt"), &node.world.network).expect(typed);
        assert_eq!(*receipt.operation(), expected);
        assert_eq!(report.json["operation"], receipt.operation_id().to_string());
    }
}

#[test]
fn a_refusal_and_an_unknown_document_are_told_with_their_codes() {
    let mut world = World::new();
    let receipt = world.register("invoice", &sample(UBL));
    let live = Live::start(world, &[receipt], |_, _, _| Err(Code::AlreadyArchived));
    live.write("1017.xml", &sample(UBL));
    live.write("other.xml", &sample(OTHER));
    let run = |typed: &str| {
        live.run(&format!("{typed} --key @agency.json"))
            .expect(typed)
    };
    let refused = run("archive @1017.xml");
    assert_eq!(refused.exit, Exit::No);
    assert_eq!(refused.json["code"], 4014);
    let unknown = run("archive @other.xml");
    assert_eq!(
        (unknown.exit, &unknown.json["code"]),
        (Exit::No, &1005.into())
    );
    assert_eq!(live.node().came.len(), 1, "nothing was sent for it");
    // What shall take a document's place has to be there.
    let by = "replace @1017.xml --by @other.xml --reason x --key @agency.json";
    assert!(matches!(live.run(by), Err(Failure::Asked(_))));
}

#[test]
fn only_an_agency_signs_for_an_agency() {
    let (live, _) = Live::obedient();
    let refused = live.run("archive @1017.xml --key @buyer.json");
    assert!(matches!(refused, Err(Failure::BadFile { .. })));
    assert!(live.node().came.is_empty());
}

#[test]
fn what_was_done_is_not_refused_by_a_node_that_lies() {
    let (live, _) = Live::obedient();
    let file = std::fs::read(live.path("network.json")).expect("a network file");
    let file: hefu_wire::NetworkFile = serde_json::from_slice(&file).expect("a network file");
    let honest = file.nodes[0].clone();
    // It brings the statement to the others, and calls it refused.
    let to = honest.clone();
    let liar = serve_posts(move |path, body| {
        let url = format!("{to}{path}");
        let answer = match body {
            [] if path.contains("receipt") => return (404, Vec::new()),
            [] => ureq::get(url).call(),
            body => ureq::post(url).send(body),
        };
        let answer = answer.expect("forwarded").body_mut().read_to_vec();
        let answer = answer.expect("an answer");
        if body.is_empty() {
            return (200, answer);
        }
        let mut answer: StatementAnswer = serde_json::from_slice(&answer).expect("an answer");
        answer.outcomes = vec![OutcomeAnswer::Refused {
            code: Code::WrongState.number(),
            sentence: String::new(),
            sentence_zh: String::new(),
            evidence: None,
            detail: None,
        }];
        (200, serde_json::to_vec(&answer).expect("plain JSON"))
    });
    let folder = live.path("network.json");
    let folder = folder.parent().expect("a folder");
    let nodes = [liar.as_str(), honest.as_str()];
    live.node().world.network_file(folder, &nodes);
    let report = live
        .run("reverse @1017.xml --amount 0.50 --key @agency.json --reason return")
        .expect("done");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    assert_eq!(live.node().came.len(), 1);
}

/// What was corrected since is another file: whoever holds the old one has not looked at the new.
#[test]
fn nobody_confirms_a_file_that_was_corrected_since() {
    let (live, record) = Live::obedient();
    live.node().world.change(&record, |public| {
        public.digests = vec![hefu_types::Digest([7; 32])];
    });
    let typed = "confirm @1017.xml --number 26442000000000001017 --issuer 91440101MAHEFU012H \
                 --type invoice --key @agency.json";
    assert!(matches!(live.run(typed), Err(Failure::Asked(_))));
    assert!(live.node().came.is_empty());
}
