//! What the node keeps beside the ledger: undecided proposals, its own cosignatures, published
//! checkpoints, handovers, evidence.

use crate::columns::{of_height, of_proposal, Column};
use crate::database::Step;
use crate::fault::{row_name, StoreFault};
use crate::rows;
use crate::Store;
use hefu_proof::checkpoint::SignedCheckpoint;
use hefu_proof::Handover;
use hefu_types::canonical;

impl Store {
    /// Keeps an undecided proposal until its height is decided. When this returns the disk has it.
    /// One that comes when its height is decided is not kept.
    pub fn keep_proposal(
        &self,
        height: u64,
        round: u32,
        id: &[u8],
        bytes: &[u8],
    ) -> Result<(), StoreFault> {
        let _writer = self.writer()?;
        if height <= self.height() {
            return Ok(());
        }
        self.put_synced(Column::Proposals, &of_proposal(height, round, id), bytes)
    }

    /// The kept proposals above a height, ascending by height, round and id.
    pub fn kept_proposals(&self, above: u64) -> Result<Vec<Vec<u8>>, StoreFault> {
        let from = of_height(above.saturating_add(1));
        self.values(Column::Proposals, &from)
    }

    /// The node's own cosignature of the checkpoint of a height.
    pub fn own_cosignature(&self, height: u64) -> Result<Option<Vec<u8>>, StoreFault> {
        self.inner
            .database
            .get(Column::Cosignatures, &of_height(height))
    }

    /// Keeps the node's own cosignature. When this returns the disk has it, and it may leave.
    pub fn put_own_cosignature(&self, height: u64, bytes: &[u8]) -> Result<(), StoreFault> {
        self.put_synced(Column::Cosignatures, &of_height(height), bytes)
    }

    /// The largest height that the node cosigned: it never cosigns one below.
    pub fn largest_cosigned(&self) -> Result<Option<u64>, StoreFault> {
        let Some((key, _)) = self.inner.database.last(Column::Cosignatures)? else {
            return Ok(None);
        };
        height_of(Column::Cosignatures, &key).map(Some)
    }

    /// The node's own cosignatures from a height on, with their heights, ascending.
    pub fn own_cosignatures_since(&self, height: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreFault> {
        let mut found = Vec::new();
        let database = &self.inner.database;
        database.scan(
            Column::Cosignatures,
            &of_height(height),
            None,
            |key, row| {
                found.push((height_of(Column::Cosignatures, key)?, row.to_vec()));
                Ok(Step::Next)
            },
        )?;
        Ok(found)
    }

    /// Keeps a checkpoint that a quorum cosigned. Not synced: who loses it with the power collects
    /// its cosignatures again.
    pub fn put_published(&self, signed: &SignedCheckpoint) -> Result<(), StoreFault> {
        let mut batch = self.inner.database.batch();
        let key = of_height(signed.checkpoint.height);
        batch.put(Column::Published, key, canonical::encode(signed));
        batch.write_unsynced()
    }

    /// The published checkpoint of the largest height.
    pub fn published(&self) -> Result<Option<SignedCheckpoint>, StoreFault> {
        let last = self.inner.database.last(Column::Published)?;
        last.map(|(key, row)| rows::read(Column::Published, &key, &row))
            .transpose()
    }

    /// The published checkpoint of a height, if this node has one.
    pub fn published_at(&self, height: u64) -> Result<Option<SignedCheckpoint>, StoreFault> {
        let key = of_height(height);
        let row = self.inner.database.get(Column::Published, &key)?;
        row.map(|row| rows::read(Column::Published, &key, &row))
            .transpose()
    }

    /// Keeps how the set of an epoch came into force. When this returns the disk has it. Written before
    /// the block that does it: a block that never comes leaves a row that the next one overwrites.
    pub fn put_handover(&self, epoch: u64, handover: &Handover) -> Result<(), StoreFault> {
        let row = canonical::encode(handover);
        self.put_synced(Column::Handovers, &epoch.to_be_bytes(), &row)
    }

    /// How the set of an epoch came into force, if it did.
    pub fn handover(&self, epoch: u64) -> Result<Option<Handover>, StoreFault> {
        let key = epoch.to_be_bytes();
        let row = self.inner.database.get(Column::Handovers, &key)?;
        row.map(|row| rows::read(Column::Handovers, &key, &row))
            .transpose()
    }

    /// Keeps evidence of equivocation, once. When this returns the disk has it.
    pub fn put_evidence(&self, bytes: &[u8]) -> Result<(), StoreFault> {
        let id = self.inner.suite.hash(&[bytes]);
        self.put_synced(Column::Evidence, &id.0, bytes)
    }

    /// All evidence of equivocation, in the order of its hashes.
    pub fn evidence(&self) -> Result<Vec<Vec<u8>>, StoreFault> {
        self.values(Column::Evidence, &[])
    }

    fn put_synced(&self, column: Column, key: &[u8], bytes: &[u8]) -> Result<(), StoreFault> {
        let mut batch = self.inner.database.batch();
        batch.put(column, key, bytes);
        batch.write_synced()
    }

    fn values(&self, column: Column, from: &[u8]) -> Result<Vec<Vec<u8>>, StoreFault> {
        let mut values = Vec::new();
        self.inner.database.scan(column, from, None, |_, row| {
            values.push(row.to_vec());
            Ok(Step::Next)
        })?;
        Ok(values)
    }
}

fn height_of(column: Column, key: &[u8]) -> Result<u64, StoreFault> {
    let bytes = key
        .try_into()
        .map_err(|_| StoreFault::corrupt(column, row_name(key), "its key is not a height"))?;
    Ok(u64::from_be_bytes(bytes))
}
