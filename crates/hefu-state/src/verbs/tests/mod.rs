//! The rules, row by row and against a model.

mod document;
mod first;
mod hostile;
mod invariants;
mod market;
mod model;
mod model_of_ranges;
mod numbers;
mod order;
mod register;
mod reversal;
mod rows;
mod uses;
mod world;

use hefu_types::Code;
use std::collections::BTreeSet;

/// What no operation is refused with: it is the answer of a node, of the client or of a verdict, or the
/// block that holds the statement is not valid.
const FROM_ELSEWHERE: &[Code] = &[
    Code::Unreadable,
    Code::UnknownKey,
    Code::KeyNotValid,
    Code::KeyCompromised,
    Code::BytesDiffer,
    Code::FactsDiffer,
    Code::BadProof,
    Code::StatusUnknown,
    Code::NotRegisteredInTime,
    Code::OtherBuyer,
    Code::OtherTotal,
    Code::StatementExpired,
    Code::Busy,
    Code::NotYetFinal,
    Code::NotFound,
    Code::BadSignature,
    Code::NoRoom,
];

#[test]
fn every_code_of_the_rules_is_expected_in_some_row() {
    let sources = [
        include_str!("document.rs"),
        include_str!("numbers.rs"),
        include_str!("register.rs"),
        include_str!("reversal.rs"),
        include_str!("uses.rs"),
    ];
    let found: BTreeSet<Code> = sources.into_iter().flat_map(rows::codes).collect();
    let elsewhere: BTreeSet<Code> = FROM_ELSEWHERE.iter().copied().collect();
    let rules: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert!(found.is_disjoint(&elsewhere));
    assert_eq!(found, &rules - &elsewhere);
}
