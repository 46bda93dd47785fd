//! The rules, row by row and against a model.

mod council;
mod document;
mod first;
mod golden;
mod hostile;
mod invariants;
mod invariants_of_governance;
mod keys;
mod lending;
mod licence;
mod market;
mod model;
mod model_of_licences;
mod model_of_ranges;
mod model_of_registry;
mod numbers;
mod order;
mod province;
mod register;
mod registry;
mod reversal;
mod rows;
mod rules_version;
mod transfer;
mod uses;
mod validators;
mod world;

use hefu_types::Code;
use std::collections::BTreeSet;

/// What no operation is refused with: it is the answer of a node, of the client or of a verdict, or the
/// block that holds the statement is not valid.
const FROM_ELSEWHERE: &[Code] = &[
    Code::Unreadable,
    Code::UnknownKey,
    Code::KeyCompromised,
    Code::BytesDiffer,
    Code::FactsDiffer,
    Code::BadProof,
    Code::StatusUnknown,
    Code::NotRegisteredInTime,
    Code::OtherBuyer,
    Code::OtherTotal,
    Code::OtherUser,
    Code::NotRecognised,
    Code::ConditionNotMet,
    Code::OriginalNotInForce,
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
        include_str!("council.rs"),
        include_str!("document.rs"),
        include_str!("keys.rs"),
        include_str!("lending.rs"),
        include_str!("licence.rs"),
        include_str!("numbers.rs"),
        include_str!("register.rs"),
        include_str!("registry.rs"),
        include_str!("reversal.rs"),
        include_str!("rules_version.rs"),
        include_str!("transfer.rs"),
        include_str!("uses.rs"),
        include_str!("validators.rs"),
    ];
    let found: BTreeSet<Code> = sources.into_iter().flat_map(rows::codes).collect();
    let elsewhere: BTreeSet<Code> = FROM_ELSEWHERE.iter().copied().collect();
    let rules: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert!(found.is_disjoint(&elsewhere));
    assert_eq!(found, &rules - &elsewhere);
}
