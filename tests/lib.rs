//! What tests and the demo share: starting whole networks as processes, asking their nodes; and
//! whole networks in one process, simulated ([`sim`]).
//!
//! Waiting is always for an event, with a deadline; nothing sleeps for a fixed time and hopes.

pub mod network;
pub mod proxy;
#[path = "sim/mod.rs"]
pub mod sim;
#[path = "vectors/mod.rs"]
pub mod vectors;

pub use network::{programs, Devnet, Programs};
pub use proxy::Link;
