//! What outsiders read and write: HTTP paths, JSON, errors, key files, claim files, the network file,
//! requests for admission and actions of the council.
//!
//! Start at [`path`]. Bytes that are hashed, signed or proven travel as canonical CBOR
//! (`application/cbor`) in the formats of `hefu-types` and `hefu-proof`; everything else is JSON.
//! Not here: serving (`hefu-node`), asking (`hefu`), what the bytes mean (`hefu-proof`).

pub mod action;
pub mod answer;
pub mod catalogue;
pub mod file;
pub mod moment;
pub mod path;
pub mod request;
pub mod tile;

pub use action::{ActionFile, Change, SeatSignature, SignatureFile};
pub use answer::{
    Health, NextRules, OutcomeAnswer, Problem, RulesHealth, SignedCount, StatementAnswer,
    StatementState, WaitingSet,
};
pub use file::{ClaimFile, KeyFile, NetworkFile};
pub use moment::Moment;
pub use request::{Asks, Request};
pub use tile::Tile;
