//! Nouns, codes, genesis, and the one canonical encoding of everything that is hashed or signed.
//!
//! Start at [`statement`] (what an actor signs), [`operation`] (one change asked for),
//! [`leaf`] (what the state tree holds) and [`block`] (what the validators decide).
//!
//! In scope: every byte format that is hashed or signed, the profiles of legal numbers and the
//! derivation of keys, the stable codes, the genesis of a network.
//! Not here: Merkle proofs and checkpoints' signatures (`hefu-proof`), the rules (`hefu-state`),
//! HTTP (`hefu-wire`), files of documents (`hefu-formats`).
//! This crate has no clock, no socket, no disk and no thread, so it also runs in a browser.

pub mod block;
pub mod bytes;
pub mod canonical;
pub mod code;
pub mod cose;
pub mod genesis;
pub mod key;
pub mod leaf;
pub mod merkle;
pub mod numbering;
pub mod operation;
pub mod origin;
pub mod possession;
pub mod profile;
pub mod record;
pub mod statement;
pub mod suite;
pub mod time;

pub use bytes::{
    ActionId, Blinding, BlockId, ClaimNonce, CopyNumber, Digest, EntryIndex, FactRoot, Hash, KeyId,
    NetworkDigest, NetworkId, Nonce, OperationId, PrivateRoot, PublicKey, Salt, Signature,
    StateKey, StatementId, TreeSize,
};
pub use code::Code;
pub use suite::Suite;
pub use time::Millis;
