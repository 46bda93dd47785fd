//! All integration tests, in one binary: one link, one place.

mod client;
mod faults;
mod genesis;
mod log;
mod network;
mod tidy;
