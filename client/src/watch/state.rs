//! What was verified before: the state file.
//!
//! It is canonical CBOR: the format 0, the network, the newest checkpoint that was seen, and for each
//! record the public part that was last verified with the checkpoint under which it was. It is its
//! owner's own memory and carries no proofs: whoever can write it can make a change look old.

use super::list::Entry;
use crate::disk;
use crate::failure::Failure;
use hefu_proof::checkpoint::Checkpoint;
use hefu_types::genesis::Network;
use hefu_types::record::PublicPart;
use hefu_types::{canonical, Millis, NetworkDigest, StateKey, TreeSize};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::path::Path;

/// The longest state file in bytes: some hundred thousand records.
const STATE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A checkpoint, as far as two of them are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Seen {
    /// The height of its last block.
    #[n(0)]
    pub height: u64,
    /// The time of that block.
    #[n(1)]
    pub time: Millis,
    /// How many entries the log has.
    #[n(2)]
    pub size: TreeSize,
}

impl Seen {
    /// What is kept of a checkpoint.
    pub fn of(checkpoint: &Checkpoint) -> Self {
        Self {
            height: checkpoint.height,
            time: checkpoint.time,
            size: checkpoint.size,
        }
    }

    /// Whether one ledger may have had this checkpoint later: all of it only rises.
    pub fn is_after(&self, other: &Self) -> bool {
        self.height > other.height && self.time >= other.time && self.size >= other.size
    }
}

/// What was verified of a record, and under which checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Known {
    /// Its public part.
    #[n(0)]
    pub public: PublicPart,
    /// The checkpoint.
    #[n(1)]
    pub seen: Seen,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StateFile {
    #[n(0)]
    format: u32,
    #[n(1)]
    network: NetworkDigest,
    #[n(2)]
    seen: Seen,
    #[n(3)]
    records: BTreeMap<StateKey, Known>,
}

/// All that is known.
#[derive(Debug, Default)]
pub struct State {
    /// The newest checkpoint.
    pub seen: Seen,
    records: BTreeMap<StateKey, Known>,
}

impl State {
    /// Reads the file; one that is not there knows nothing.
    pub fn read(path: &Path, network: &Network) -> Result<Self, Failure> {
        let Some(bytes) = disk::read_if_there(path, STATE_BYTES_MAX)? else {
            return Ok(Self::default());
        };
        let file: StateFile = canonical::decode(&bytes, STATE_BYTES_MAX).map_err(|error| {
            let why = format!("it is no state of hefu watch ({error}); give another --state");
            Failure::bad_file(path, why)
        })?;
        if file.format != 0 {
            let format = file.format;
            let why = format!("its format {format} is not known; a newer program may read it");
            return Err(Failure::bad_file(path, why));
        }
        if file.network != network.digest() {
            let why = "it is of another network; give another --state";
            return Err(Failure::bad_file(path, why));
        }
        Ok(Self {
            seen: file.seen,
            records: file.records,
        })
    }

    /// Writes the file, with documents that this run did not ask for as they were.
    pub fn write(&self, path: &Path, network: &Network) -> Result<(), Failure> {
        let file = StateFile {
            format: 0,
            network: network.digest(),
            seen: self.seen,
            records: self.records.clone(),
        };
        disk::write_private(path, &canonical::encode(&file))
    }

    /// Remembers a checkpoint, if it is newer.
    pub fn see(&mut self, seen: Seen) {
        if seen.height > self.seen.height {
            self.seen = seen;
        }
    }

    /// Remembers a record, if it is newer than what is known of it.
    pub fn learn(&mut self, key: StateKey, known: Known) {
        self.see(known.seen);
        let before = self.records.get(&key);
        if before.is_none_or(|before| before.seen.height < known.seen.height) {
            self.records.insert(key, known);
        }
    }

    /// Remembers what a receipt proves, where nothing was known of the record. What was told last is what
    /// is compared with: a receipt that came in since would hide all that happened before it was made.
    pub fn begin_with(&mut self, key: StateKey, known: Known) {
        self.see(known.seen);
        self.records.entry(key).or_insert(known);
    }

    /// What is known of a record.
    pub fn known(&self, key: &StateKey) -> Option<&Known> {
        self.records.get(key)
    }

    /// The lowest and the highest checkpoint under which documents of the list were known.
    pub fn baselines(&self, entries: &[Entry]) -> Option<(Seen, Seen)> {
        let seen = || {
            let known = entries.iter().filter_map(|entry| self.known(&entry.key()?));
            known.map(|known| known.seen)
        };
        let lowest = seen().min_by_key(|seen| seen.height);
        lowest.zip(seen().max_by_key(|seen| seen.height))
    }
}
