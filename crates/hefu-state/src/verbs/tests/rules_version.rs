//! Versions of the rules: one that is activated at a height holds from that block on, and not before.

use super::province::province;
use super::rows::{check_at, Desk, Table};
use super::world::World;
use crate::block::InvalidBlock;
use hefu_types::genesis::Genesis;
use hefu_types::key;
use hefu_types::leaf::{Leaf, RulesLeaf};

const TABLES: &[Table] = &[
    ("activated at a height", ACTIVATED),
    ("which version, when", WHEN),
];

/// A network that begins with the first version.
fn first() -> Desk {
    Desk::of(World::of(Genesis {
        rules_version: 1,
        ..province()
    }))
}

const CREDIT_NOTES: &str = "
    tax register I1 total=10                -> ok
    tax register I2 total=10                -> ok
    tax register I3 total=10                -> ok
    tax register N1 total=-10 class=credit-note               -> ok
    tax register N2 total=-10 class=credit-note               -> ok
    tax register N3 total=-10 class=credit-note               -> ok
    tax reverse I1 note=N1                  -> ok
    tax reverse I2 note=N2                  -> ok
    tax reverse I3 note=N3                  -> ok
";

const ACTIVATED: &str = "
    ? rules version=1 next=none
    # At the third block after this one.
    buyer govern A do rules 2 +3            -> ok
    ? rules version=1 next=2@+3
    # A credit note is cancelled, and what it reversed stays reversed by nothing: version 1 let it.
    tax cancel N1                           -> ok
    ? N1 state=Cancelled
    tax cancel N2                           -> ok
    ? rules version=1 next=2@+1
    tax cancel N3                           -> BadLink
    ? rules version=2 next=none
    ? N3 state=Issued
    tax cancel N3                           -> BadLink
";

const WHEN: &str = "
    buyer govern A do rules 0 +3            -> BadActivation
    buyer govern A do rules 1 +3            -> BadActivation
    buyer govern A do rules 2 +0            -> BadActivation
    buyer govern A do rules 2 -1            -> BadActivation
    buyer govern A do rules 2 +100000001    -> BadActivation
    buyer govern A do rules 2 +100000000    -> ok
    # Until it is in force another may take its place.
    buyer govern B do rules 3 +9            -> ok
    buyer govern C do rules 2 +1            -> ok
    ? rules version=1 next=2@+1
    # In the very block in which it comes into force, the next is decided.
    buyer govern D do rules 2 +5            -> BadActivation
    ? rules version=2 next=none
    buyer govern D do rules 3 +5 & rules 4 +6 -> ok
    ? rules version=2 next=4@+6
";

#[test]
fn activated_at_a_height() {
    let mut desk = first();
    for line in CREDIT_NOTES.lines().filter(|line| !line.trim().is_empty()) {
        desk.line(line.trim());
    }
    check_at(desk, &TABLES[0]);
}

#[test]
fn which_version_when() {
    check_at(first(), &TABLES[1]);
}

/// A program that does not know the version in force says so of the block, before it executes anything.
#[test]
fn a_version_that_is_not_known_stops_before_its_first_block() {
    let mut desk = first();
    let unknown = crate::KNOWN_RULES.end() + 1;
    desk.line(&format!("buyer govern A do rules {unknown} +2 -> ok"));
    desk.world.pass(1);
    let time = desk.world.before.time.plus(1);
    let block = desk.world.block(time, vec![]);
    let refused = desk.world.check(&block).map(|_| ());
    assert_eq!(refused, Err(InvalidBlock::UnknownRules));
    let leaf = &desk.world.values[&key::rules(super::world::SUITE)];
    assert_eq!(RulesLeaf::from_bytes(leaf).expect("the rules").version, 1);
}
