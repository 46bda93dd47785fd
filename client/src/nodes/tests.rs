use super::*;
use crate::testing::{sample, serve, World, SUITE};
use hefu_types::{key, Millis, StateKey};
use hefu_wire::OutcomeAnswer;

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const TIMEOUT: Duration = Duration::from_secs(5);

fn open(world: &World, nodes: &[&str]) -> Nodes {
    let folder = tempfile::tempdir().expect("a folder");
    Nodes::open(&world.network_file(folder.path(), nodes), TIMEOUT).expect("a network file")
}

fn agency() -> StateKey {
    key::agency(SUITE, "gd-tax")
}

fn ask(nodes: &Nodes) -> Result<Fetched, Failure> {
    let has = |state: &VerifiedState| {
        state
            .value(&agency())
            .map(|_| ())
            .ok_or("nothing".to_owned())
    };
    nodes.certificate("/v1/agencies/gd-tax", 0, has)
}

/// A node that answers one certificate to everything.
fn node(certificate: &StatusCertificate) -> String {
    let bytes = certificate.encode();
    serve(move |_| (200, bytes.clone()))
}

#[test]
fn a_node_that_lies_is_named_and_the_next_is_asked() {
    let world = World::new();
    let good = world.certificate(&[agency()], crate::now());
    let mut forged = good.clone();
    forged.checkpoint.checkpoint.height += 1;
    let (liar, honest) = (node(&forged), node(&good));
    let nodes = open(&world, &[&liar, &honest]);
    assert_eq!(ask(&nodes).expect("the honest one answers").node, honest);
    let warnings = nodes.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].contains(&liar),
        "{warnings:?}"
    );
    assert!(warnings[0].contains("does not hold"), "{warnings:?}");
    // From liars alone nothing is learnt.
    let nodes = open(&world, &[&liar]);
    assert!(matches!(ask(&nodes), Err(Failure::Unreachable { .. })));
    // Sound, but not what was asked for.
    let other = node(&world.certificate(&[key::rules(SUITE)], crate::now()));
    assert!(matches!(
        ask(&open(&world, &[&other])),
        Err(Failure::Unreachable { .. })
    ));
}

#[test]
fn a_node_that_is_down_or_gives_too_much_or_nonsense_is_passed_by() {
    let world = World::new();
    let honest = node(&world.certificate(&[agency()], crate::now()));
    let too_much = serve(|_| (200, vec![0; CERTIFICATE_BYTES_MAX + 1]));
    let nonsense = serve(|_| (500, b"<html>".to_vec()));
    let down = "http://127.0.0.1:1";
    let nodes = open(&world, &[down, &too_much, &nonsense, &honest]);
    assert_eq!(ask(&nodes).expect("the last answers").node, honest);
    // It is asked first from now on.
    assert_eq!(nodes.first.get(), 3);
}

#[test]
fn of_old_certificates_the_newest_counts() {
    let mut world = World::new();
    let long_ago = Millis(crate::now().0 - Millis::HOUR);
    let old = world.certificate(&[agency()], long_ago);
    world.register("invoice", &sample(UBL));
    let record = world.planned("invoice", &sample(UBL)).record;
    world.change(&record, |_| {});
    let (old, young) = (
        node(&old),
        node(&world.certificate(&[agency()], crate::now())),
    );
    // Who serves only the past does not decide alone.
    let height = |nodes: &Nodes| ask(nodes).map(|f| f.state.checkpoint().checkpoint().height);
    assert_eq!(height(&open(&world, &[&old, &young])).ok(), Some(2));
    // Where there is nothing newer it is taken; its age is judged by whoever asked.
    assert_eq!(height(&open(&world, &[&old])).ok(), Some(1));
}

#[test]
fn an_error_is_taken_only_if_no_node_does_better() {
    let world = World::new();
    let problem = serve(|_| {
        let problem = Problem::new(404, Code::NotFound, None);
        (404, serde_json::to_vec(&problem).expect("plain JSON"))
    });
    let honest = node(&world.certificate(&[agency()], crate::now()));
    assert!(ask(&open(&world, &[&problem, &honest])).is_ok());
    let failure = ask(&open(&world, &[&problem])).expect_err("nothing there");
    assert_eq!(failure.code(), Some(7005));
}

#[test]
fn a_statement_is_sent_until_it_is_final() {
    let world = World::new();
    let id = StatementId([9; 32]);
    let answer = |state, outcomes| StatementAnswer {
        statement: id,
        state,
        height: None,
        entry: None,
        outcomes,
    };
    let json = |answer: &StatementAnswer| serde_json::to_vec(answer).expect("plain JSON");
    let pending = json(&answer(StatementState::Pending, Vec::new()));
    let finished = json(&answer(
        StatementState::Final,
        vec![OutcomeAnswer::Accepted],
    ));
    let times = std::sync::atomic::AtomicUsize::new(0);
    let slow = {
        let pending = pending.clone();
        serve(
            move |_| match times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => (202, pending.clone()),
                _ => (200, finished.clone()),
            },
        )
    };
    let submit = |nodes: &[&str], operations| {
        let nodes = open(&world, nodes);
        let nodes = Nodes {
            timeout: Duration::from_millis(700),
            ..nodes
        };
        nodes.submit(&id, b"statement", operations)
    };
    let done = submit(&["http://127.0.0.1:1", &slow], 1).expect("final");
    assert_eq!(done.outcomes, [OutcomeAnswer::Accepted]);
    // An answer with fewer outcomes than operations is none.
    assert!(matches!(submit(&[&slow], 2), Err(Failure::NotFinal { .. })));
    // That one node took it outranks what another says against it.
    let against = serve(|_| {
        let problem = Problem::new(400, Code::StatementExpired, None);
        (400, serde_json::to_vec(&problem).expect("plain JSON"))
    });
    let taken = {
        let pending = pending.clone();
        serve(move |_| (202, pending.clone()))
    };
    assert!(matches!(submit(&[&against], 1), Err(Failure::Refused(_))));
    for nodes in [[&*against, &*taken], [&*taken, &*against]] {
        assert!(matches!(submit(&nodes, 1), Err(Failure::NotFinal { .. })));
    }
    // Taken but not final in time is told apart from not reached: it may still be done.
    let waiting = serve(move |_| (202, pending.clone()));
    assert!(matches!(
        submit(&[&waiting], 1),
        Err(Failure::NotFinal { .. })
    ));
    assert!(matches!(
        submit(&["http://127.0.0.1:1"], 1),
        Err(Failure::Unreachable { .. })
    ));
}

#[test]
fn one_nodes_word_that_a_statement_is_over_does_not_sign_another() {
    let world = World::new();
    let posted = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&posted);
    let over = crate::testing::serve_posts(move |_, body| {
        if !body.is_empty() {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        let problem = Problem::new(400, Code::StatementExpired, None);
        (400, serde_json::to_vec(&problem).expect("plain JSON"))
    });
    let reverse = hefu_types::operation::Operation::Reverse(hefu_types::operation::Reverse {
        record: StateKey([1; 32]),
        minor_units: Some(100),
        credit_note: None,
        reason: "return".to_owned(),
        blinding: hefu_types::Blinding([2; 16]),
    });
    let sent = crate::send::send(&open(&world, &[&over]), &world.agency, &[reverse]);
    assert!(matches!(sent, Err(Failure::Refused(_))));
    assert_eq!(posted.load(std::sync::atomic::Ordering::SeqCst), 1);
}
