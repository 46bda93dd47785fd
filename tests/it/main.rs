//! All integration tests, in one binary: one link, one place.

mod catalogue;
mod client;
mod faults;
mod flood;
mod genesis;
mod handover;
mod hostile;
mod log;
mod network;
mod replay;
mod sim;
mod tidy;
mod vectors;
mod wasm;
