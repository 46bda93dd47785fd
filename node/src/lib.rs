//! A node: it votes or follows, executes, publishes checkpoints, and serves proofs.
//!
//! Start at [`ledger`], the loop *load, apply, write, cosign, answer*. Data goes one way:
//! [`http`] or [`gossip`] → [`admission`] → [`pool`] → [`ledger`] (the engine decides the order) →
//! [`publication`] → [`prove`] → [`http`].
//!
//! Not here: the rules (`hefu-state`), bytes on disk (`hefu-store`), voting (`hefu-engine`).

pub mod admission;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod cose;
pub mod devnet;
pub mod disk;
pub mod epochs;
pub mod gossip;
pub mod hear;
pub mod http;
pub mod intake;
pub mod ledger;
pub mod memory;
pub mod metrics;
pub mod peers;
pub mod pool;
pub mod prove;
pub mod publication;
pub mod quota;
pub mod recent;
pub mod replay;
pub mod room;
pub mod run;
pub mod serve;
pub mod shared;
pub mod signed;
pub mod start;
pub mod tiles;
