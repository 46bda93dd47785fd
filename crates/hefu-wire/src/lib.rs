//! What outsiders read and write: HTTP paths, JSON, errors, key files, claim files and the
//! network file.
//!
//! Start at [`path`]. Bytes that are hashed, signed or proven travel as canonical CBOR
//! (`application/cbor`) in the formats of `hefu-types` and `hefu-proof`; everything else is JSON.
//! Not here: serving (`hefu-node`), asking (`hefu`), what the bytes mean (`hefu-proof`).

pub mod answer;
pub mod catalogue;
pub mod file;
pub mod path;
pub mod tile;

pub use answer::{
    Health, NextRules, OutcomeAnswer, Problem, RulesHealth, SignedCount, StatementAnswer,
    StatementState, WaitingSet,
};
pub use file::{ClaimFile, KeyFile, NetworkFile};
pub use tile::Tile;
