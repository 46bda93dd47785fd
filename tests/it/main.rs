//! All integration tests, in one binary: one link, one place.

mod attack;
mod audit;
mod catalogue;
mod client;
mod cose;
mod faults;
mod flood;
mod genesis;
mod handover;
mod hostile;
mod log;
mod network;
mod oracles;
mod python;
mod replay;
mod sim;
mod tidy;
mod vectors;
mod wasm;
