//! All integration tests, in one binary: one link, one place.

mod attack;
mod catalogue;
mod client;
mod faults;
mod flood;
mod genesis;
mod handover;
mod hostile;
mod log;
mod network;
mod oracles;
mod replay;
mod sim;
mod tidy;
