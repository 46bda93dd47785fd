//! What tests and the demo share: starting whole networks as processes, asking their nodes.
//!
//! Waiting is always for an event, with a deadline; nothing sleeps for a fixed time and hopes.

pub mod network;
pub mod proxy;

pub use network::{programs, Devnet, Programs};
pub use proxy::Link;
