//! Hefu in a browser and in Node: what an outsider needs, as one WebAssembly package.
//!
//! Start at [`bindings`], which is the whole surface that JavaScript sees; its types are `types.d.ts`.
//! `make wasm` builds the package.
//!
//! In scope: verifying proofs and documents ([`hefu_proof`]), reading documents ([`hefu_formats`], with the
//! feature `formats`, which is on by default), and turning both into plain JSON.
//! Not here: fetching anything, keeping what is to be remembered (the caller stores it), and any clock:
//! the caller says what time it is. What comes from outside is bounded before it is looked at, and what
//! is wrong with it is a [`Refused`], never a panic, which would end the instance.

pub mod bindings;
pub mod check;
#[cfg(feature = "formats")]
pub mod documents;
pub mod judge;
mod refused;
mod request;

pub use refused::Refused;
