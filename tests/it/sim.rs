//! The simulator: some runs that must find nothing, and bugs that it must find.

use hefu_tests::sim::{simulate, Plan, Planted, Ran};
use std::ops::Range;

fn run(seed: u64, planted: Option<Planted>) -> Ran {
    simulate(Plan {
        seed,
        planted,
        verbose: false,
    })
}

#[track_caller]
fn finds_nothing(seeds: Range<u64>) {
    for seed in seeds {
        let ran = run(seed, None);
        assert!(ran.found.is_empty(), "seed {seed}: {:?}", ran.found);
        assert!(
            ran.blocks > 0 && ran.statements > 0,
            "seed {seed} did nothing"
        );
    }
}

/// A bug in all nodes is found, and what is said of it names what is wrong.
#[track_caller]
fn finds(planted: Planted, says: &[&str]) {
    let within = 12;
    let found = (0..within).find_map(|seed| run(seed, Some(planted)).found.first().cloned());
    let found = found.unwrap_or_else(|| panic!("{planted:?} is not found within {within} seeds"));
    println!("{planted:?}: {found}");
    let named = says.iter().any(|sentence| found.contains(sentence));
    assert!(named, "{planted:?} was found as something else: {found}");
}

#[test]
fn simulated_networks_find_nothing_first_part() {
    finds_nothing(0..10);
}

#[test]
fn simulated_networks_find_nothing_second_part() {
    finds_nothing(10..20);
}

#[test]
fn a_seed_is_always_the_same_run() {
    for seed in [3, 8] {
        assert_eq!(run(seed, None), run(seed, None));
    }
    assert_ne!(run(3, None).trace, run(8, None).trace);
}

#[test]
fn a_window_that_is_not_asked_is_found() {
    finds(
        Planted::SkipsWindow,
        &[
            "executed already",
            "twice",
            "does not lead to entry",
            "it is not what operation",
            "it was",
        ],
    );
}

#[test]
fn a_cosignature_before_the_sync_is_found() {
    finds(Planted::CosignsBeforeSync, &["forgot that it cosigned"]);
}

#[test]
fn a_digest_leaf_that_is_ignored_is_found() {
    finds(Planted::IgnoresDigests, &["other roots", "two documents"]);
}
