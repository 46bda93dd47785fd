//! The BFT engine behind one trait.
//!
//! Start at [`Application`]: what the engine asks of the node. [`run`] runs an engine until it is
//! shut down or fails; [`EngineHandle`] tells a running engine that something happened. [`by_hand`]
//! drives the same state machines without threads, sockets and clocks, for simulations.
//!
//! In scope: the order of blocks, how blocks travel between validators and are kept until they are
//! decided, when an idle network rests, evidence of equivocation.
//! Not here: what a block means (`hefu-state`), where blocks are stored (`hefu-store`), how
//! statements and cosignatures travel (the node's own swarm). Clients never meet this engine's
//! certificates, so it can be replaced without a change of any proof.
//! This is the only crate that names the engine, which is Malachite.
//!
//! What holds, whatever peers send:
//!
//! - a block is on disk before the engine hears of it, so that a vote never outlives its block;
//! - asked again for the same height and round, also after a restart, a proposer proposes the same;
//! - a block is executed and durable before `Decided` is acknowledged and the next height begins;
//! - what may be one's own failure is never called invalid;
//! - the memory and disk that a peer can make a node use are bounded.

mod app_loop;
mod application;
pub mod by_hand;
mod codec;
mod config;
mod context;
mod evidence;
#[doc(hidden)]
pub mod fuzzed;
mod handle;
mod hold;
mod parts;
mod peers;
mod proposals;
mod run;
mod signing;
mod wal;

pub use application::{Application, Judgement, KeptProposal, Voter};
pub use config::{peer_id, Config, Timeouts};
pub use evidence::{BadEvidence, Evidence, EvidenceKind};
pub use handle::{engine_handle, EngineHandle, Signals, Status};
pub use run::run;
pub use wal::wal_height;

/// Why an engine stopped without being shut down.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The configuration cannot be run with.
    #[error("the engine's configuration: {0}")]
    Config(String),
    /// It did not start (address in use, log not readable, ...).
    #[error("the engine did not start: {0}")]
    Start(String),
    /// The application failed.
    #[error("the application failed")]
    Application(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store's certificate of a height is not one.
    #[error("the stored certificate of height {0} cannot be read")]
    StoredCertificate(u64, #[source] std::io::Error),
    /// A height without validators.
    #[error("height {0} has no validators")]
    NoValidators(u64),
    /// A part of the engine failed. It is safe to start again.
    #[error("a part of the engine failed; its log says which. Starting again is safe")]
    Failed,
    /// The write-ahead log cannot be trusted, so the engine stopped voting: this node may have
    /// said things that it does not remember.
    #[error(
        "the engine's write-ahead log failed, so this node no longer knows what it signed. \
         Do NOT restart it automatically: an operator decides, and `hefu-node rejoin` makes it a \
         follower until it can vote again"
    )]
    Unsafe,
}
