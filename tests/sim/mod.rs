//! The simulator: several nodes in one process, on virtual time, over disks in memory, with faults.
//!
//! Start at [`simulate`]: one seed is one run, faults included, and the same seed is the same run.
//! What runs is the product: the ledger, publication, admission, pool, hearing, proofs, and the store
//! of `hefu-node` and `hefu-store`, and for the order of blocks the engine's core library with our
//! own application loop ([`hefu_engine::by_hand`]). Rewritten are the clock, the two networks, the
//! disks, and those actors of the engine that need a runtime: its timers, its log's thread, its sync.
//! Not here: HTTP, libp2p, RocksDB, the threads of a process. `tests/it/network.rs` runs those.
//!
//! | file | what |
//! | --- | --- |
//! | `world.rs` | the run: virtual time, the queue of events, what was seen |
//! | `node.rs` | one node: starting, dying, and what it does with an event |
//! | `network.rs` | messages: delay, loss, copies, cut links, liars |
//! | `faults.rs` | what goes wrong, drawn from the seed |
//! | `clients.rs` | agencies and members, and what they were promised |
//! | `checks.rs` | what is derived anew at the end |
//! | `parties.rs` | genesis and all keys |

mod checks;
mod clients;
mod council;
mod faults;
mod network;
mod node;
mod parties;
mod world;

pub use hefu_node::ledger::Planted;
pub use world::{simulate, Plan, Ran};
