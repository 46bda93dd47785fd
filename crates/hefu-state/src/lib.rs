//! The rules: what a block touches, whether it is valid, what executing it leads to; and the maths
//! of the state tree.
//!
//! The way of a block: [`ReadBlock`] (bytes, well formed) → [`Loaded`] (what it touches, fetched by
//! the shell) → [`CheckedBlock`] (valid) → [`execute`] → [`Executed`] (changes, outcomes, the block
//! entry). Start at [`block`] and [`execute`]; each verb is one module in [`verbs`].
//!
//! The rules are a function: no clock, randomness, float, hash-map order, thread or IO. Block time
//! is an input. Applying cannot fail: what an operation asks for in vain is an outcome with a code.
//! Not here: disk (`hefu-store`), who proposes when (`hefu-engine`), proofs' checking (`hefu-proof`).

pub mod block;
pub mod execute;
pub mod loaded;
mod shares;
pub mod tree;
pub mod verbs;

pub use block::{Before, CheckedBlock, InvalidBlock, ReadBlock};
pub use execute::{execute, Change, Executed, Outcome};
pub use loaded::{Loaded, Touch};
pub use tree::{FirstHalf, StateTree};

/// The versions of the rules that this program knows. Old versions stay, frozen by golden files.
///
/// Version 2 differs from 1 in one guard: a credit note that reverses an invoice is not cancelled.
pub const KNOWN_RULES: std::ops::RangeInclusive<u32> = 1..=2;
