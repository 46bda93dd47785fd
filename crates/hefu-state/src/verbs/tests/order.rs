//! Statements that touch unrelated documents lead to the same state in whatever order a block has them.

use super::rows::Desk;
use hefu_types::statement::{Mode, Statement};
use proptest::prelude::*;

/// What each of some actors does to documents of its own, as one statement each.
const STATEMENTS: &[(&str, &[&str])] = &[
    ("tax", &["register A0 total=5", "register A1 file=A0"]),
    ("tax", &["cancel OLD", "archive OLD"]),
    (
        "tax",
        &[
            "register A2 type=fattura",
            "cancel A2",
            "register A2 file=again facts=again",
        ],
    ),
    ("west-tax", &["register W issuer=9152S region=west"]),
    (
        "hospital",
        &["register B0001 type=bill", "register B0002 type=bill"],
    ),
    ("bureau", &["allocate-range T 0"]),
    ("clinic", &["register B0020 type=bill"]),
    ("buyer", &["lock N book 4", "consume N finance 3"]),
    (
        "other",
        &[
            "lock F book 4",
            "consume F finance 3",
            "consume F finance 8",
        ],
    ),
    (
        "third",
        &[
            "consume U reimburse unattested=9",
            "lock V book unattested=9",
        ],
    ),
    ("hostile", &["consume N book", "lock C book"]),
    ("sybil-0", &["lock OPEN book", "lock OPEN finance"]),
];

fn desk() -> (Desk, Vec<Statement>) {
    let mut desk = Desk::new();
    for row in [
        "tax register OLD -> ok",
        "tax register N total=10 right=named:buyer -> ok",
        "tax register F total=10 -> ok",
        "tax register OPEN total=10 -> ok",
        "tax register C right=claim -> ok",
        "hospital request-range S 1..99 -> ok",
        "bureau allocate-range S 0 -> ok",
        "hospital activate-range S 0 -> ok",
        "hospital delegate-range S 0 20..29 -> ok",
        "hospital request-range T 1..99 -> ok",
    ] {
        desk.line(row);
    }
    let statements = STATEMENTS
        .iter()
        .map(|(actor, rows)| {
            let operations: Vec<_> = rows.iter().map(|row| desk.operation(actor, row)).collect();
            desk.world.sign(actor, Mode::Each, &operations)
        })
        .collect();
    (desk, statements)
}

/// The statements that share a leaf with one another keep their order: two of one numbering, two that
/// use one invoice. All others are unrelated.
fn shares_a_leaf(one: usize, other: usize) -> bool {
    let groups: &[&[usize]] = &[&[4, 6], &[7, 10]];
    groups
        .iter()
        .any(|group| group.contains(&one) && group.contains(&other))
}

#[test]
fn unrelated_statements_commute() {
    let (first, statements) = desk();
    let time = first.world.before.time.plus(1);
    let mut expected = first.clone();
    expected.world.execute(time, statements.clone());
    let root = expected.world.before.state_root;
    let orders = Just((0..statements.len()).collect::<Vec<_>>()).prop_shuffle();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(64));
    runner
        .run(&orders, |mut order| {
            // Those that share a leaf are put back in their order.
            for one in 0..order.len() {
                for other in one + 1..order.len() {
                    if order[one] > order[other] && shares_a_leaf(order[one], order[other]) {
                        order.swap(one, other);
                    }
                }
            }
            let mut desk = first.clone();
            let shuffled = order.iter().map(|at| statements[*at].clone()).collect();
            desk.world.execute(time, shuffled);
            prop_assert_eq!(desk.world.before.state_root, root);
            Ok(())
        })
        .expect("the same root in every order");
    // What is related does not commute, or equal roots would say nothing.
    let mut roots = Vec::new();
    for rows in [["buyer", "other"], ["other", "buyer"]] {
        let mut desk = first.clone();
        let operation = desk.operation("buyer", "consume OPEN deduct by=none");
        let mut sign = |actor: &str| {
            desk.world
                .sign(actor, Mode::Each, std::slice::from_ref(&operation))
        };
        let mut both = vec![sign("buyer"), sign("other")];
        if rows[0] == "other" {
            both.reverse();
        }
        desk.world.execute(time, both);
        roots.push(desk.world.before.state_root);
    }
    assert_ne!(roots[0], roots[1]);
}

/// Acts of governance that have nothing to do with one another, though the leaves of the scopes above
/// theirs are the same.
const GOVERNED: &[(&str, &[&str])] = &[
    ("east-reg", &["admit-agency shop key=K1 may=permit:11S"]),
    (
        "west-reg",
        &["admit-agency west-shop key=K2 region=west may=permit:11T,cfdi:BBB"],
    ),
    (
        "east-reg",
        &["admit-member firm key=K3", "add-key agency:tax K4"],
    ),
    (
        "west-reg",
        &["set-registrar sub key=K5 region=west rights=permit:11"],
    ),
    (
        "buyer",
        &["govern A do region north & standing agency:bureau-2 retired"],
    ),
    ("other", &["govern B do validators remove=v7 add=v8"]),
    ("tax", &["govern C do type permit lending=3d & rules 3 +9"]),
    (
        "east-reg",
        &[
            "standing member:third suspended",
            "retire-key agency:clinic",
        ],
    ),
    ("west-reg", &["recognise permit by=west of=east"]),
    (
        "office",
        &["register P type=permit", "lend P C", "transfer-out P"],
    ),
    ("buyer", &["lend Q D"]),
];

#[test]
fn unrelated_acts_of_governance_commute() {
    let mut first = Desk::province();
    first.line("office register Q type=permit -> ok");
    let statements: Vec<Statement> = (GOVERNED.iter())
        .map(|(actor, rows)| {
            let rows = rows.iter();
            let operations: Vec<_> = rows.map(|row| first.operation(actor, row)).collect();
            first.world.sign(actor, Mode::Each, &operations)
        })
        .collect();
    let time = first.world.before.time.plus(1);
    let mut expected = first.clone();
    let outcomes = expected.world.execute(time, statements.clone());
    assert!(outcomes
        .concat()
        .iter()
        .all(|of| *of == crate::Outcome::Accepted));
    let root = expected.world.before.state_root;
    let orders = Just((0..statements.len()).collect::<Vec<_>>()).prop_shuffle();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(64));
    runner
        .run(&orders, |order| {
            let mut desk = first.clone();
            let shuffled = order.iter().map(|at| statements[*at].clone()).collect();
            desk.world.execute(time, shuffled);
            prop_assert_eq!(desk.world.before.state_root, root);
            Ok(())
        })
        .expect("the same root in every order");
}
