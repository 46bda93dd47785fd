//! Golden outcomes: a fixed sequence of rows under each version of the rules, with what came of every
//! row and the roots after it. A version that has been in force anywhere never changes: what fails here
//! would let nodes disagree about blocks that exist.
//!
//! Where a change is meant (a version that no network has, a format before version 1), the files are
//! written again with `HEFU_GOLDEN=write cargo test -p hefu-state golden`, and the commit says why.

use super::province::province;
use super::rows::Desk;
use super::world::World;
use hefu_types::genesis::Genesis;
use std::fmt::Write;

const SEQUENCE: &str = include_str!("golden/sequence.txt");
const OUTCOMES: [(u32, &str); 2] = [
    (1, include_str!("golden/rules-1.txt")),
    (2, include_str!("golden/rules-2.txt")),
];

/// Each row with its outcomes and the roots of its block, the first 16 digits of each.
fn outcomes(version: u32) -> String {
    let mut desk = Desk::of(World::of(Genesis {
        rules_version: version,
        ..province()
    }));
    let mut said = String::new();
    for row in SEQUENCE.lines().filter(|row| !row.starts_with('#')) {
        let came = match row.split_once(' ').expect("a row") {
            ("wait" | "halt" | "carry", _) => {
                desk.line(row);
                "done".to_owned()
            }
            (actor, verb) => desk.play(actor, verb).join(", "),
        };
        let before = &desk.world.before;
        let root = |hash: String| hash[..16].to_owned();
        let (state, log) = (
            root(before.state_root.to_string()),
            root(before.log_root.to_string()),
        );
        writeln!(said, "{} {state} {log} {row} -> {came}", before.height).expect("a string");
    }
    said
}

#[test]
fn a_version_of_the_rules_never_changes() {
    for (version, golden) in OUTCOMES {
        let found = outcomes(version);
        if std::env::var_os("HEFU_GOLDEN").is_some() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/verbs/tests/golden");
            std::fs::write(format!("{folder}/rules-{version}.txt"), &found).expect("written");
            continue;
        }
        for (found, golden) in found.lines().zip(golden.lines()) {
            assert_eq!(found, golden, "version {version}");
        }
        assert_eq!(found.lines().count(), golden.lines().count());
    }
}

/// The versions differ in what they are said to differ in, and in nothing else.
#[test]
fn the_versions_differ_in_one_guard() {
    let came = |golden: &'static str| golden.lines().map(|line| line.splitn(4, ' ').nth(3));
    let differing: Vec<_> = (came(OUTCOMES[0].1).zip(came(OUTCOMES[1].1)))
        .filter(|(one, two)| one != two)
        .collect();
    let cancelled = (
        Some("tax cancel N3 -> ok"),
        Some("tax cancel N3 -> BadLink"),
    );
    let (first, rest) = differing.split_first().expect("they differ");
    assert_eq!(*first, cancelled);
    // What was cancelled replaces nothing.
    let replaced = |(one, _): &(Option<&str>, _)| one.is_some_and(|row| row.contains("replace"));
    assert!(rest.iter().all(replaced), "{rest:?}");
}
