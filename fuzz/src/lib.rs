//! The fuzz targets as a library: one function for each, in `../targets`.

/// The node's crate would bring RocksDB along; the message is one file that needs nothing of it.
#[allow(dead_code)]
#[path = "../../node/src/gossip/message.rs"]
mod message;

#[path = "../targets/mod.rs"]
pub mod targets;

#[cfg(feature = "engine")]
#[path = "../targets/engine.rs"]
pub mod engine;

pub(crate) use message::Message;
