//! All integration tests, in one binary: one link, one place.

mod log;
mod network;
mod tidy;
