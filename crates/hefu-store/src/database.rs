//! Reads and the one kind of write, over RocksDB or over a disk in memory.

use crate::columns::{Column, LEAF_KEY_BYTES};
use crate::fault::{row_name, StoreFault};
use crate::memory::{Memory, MemoryBatch, MemoryDisk};
use crate::rocks::{Rocks, RocksBatch};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub(crate) struct Database {
    disk: Disk,
    path: PathBuf,
    dead: AtomicBool,
    syncs: AtomicU64,
}

enum Disk {
    Rocks(Rocks),
    Memory(Memory),
}

/// A key and a value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// Where a scan goes after a row.
pub(crate) enum Step {
    Next,
    /// To the first row at or after this key.
    Seek([u8; LEAF_KEY_BYTES]),
    Stop,
}

/// Who reads a range of rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Some rows, perhaps again soon.
    Usual,
    /// Very many, and not again.
    Once,
}

impl Database {
    pub fn open(path: &Path) -> Result<Self, StoreFault> {
        Ok(Self::over(Disk::Rocks(Rocks::open(path)?), path))
    }

    pub fn open_memory(disk: &MemoryDisk) -> Result<Self, StoreFault> {
        let memory = Memory::open(disk)?;
        Ok(Self::over(
            Disk::Memory(memory),
            Path::new(MemoryDisk::NAME),
        ))
    }

    fn over(disk: Disk, path: &Path) -> Self {
        Self {
            disk,
            path: path.to_owned(),
            dead: AtomicBool::new(false),
            syncs: AtomicU64::new(0),
        }
    }

    /// Its folder, or what stands for it in sentences.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        match &self.disk {
            Disk::Rocks(rocks) => rocks.get(column, key),
            Disk::Memory(memory) => memory.get(column, key),
        }
    }

    /// A row that has to be there.
    pub fn expect(&self, column: Column, key: &[u8]) -> Result<Vec<u8>, StoreFault> {
        self.get(column, key)?
            .ok_or_else(|| StoreFault::missing(column, row_name(key)))
    }

    /// Visits rows from a key on, before a bound if one is given. What is visited stands as it was
    /// when the scan began. The visitor does not write.
    pub fn scan(
        &self,
        column: Column,
        from: &[u8],
        before: Option<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<Step, StoreFault>,
    ) -> Result<(), StoreFault> {
        self.scan_as(Reader::Usual, column, from, before, visit)
    }

    /// As [`Self::scan`], for who reads a great part of a column once.
    pub fn scan_once(
        &self,
        column: Column,
        from: &[u8],
        before: Option<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<Step, StoreFault>,
    ) -> Result<(), StoreFault> {
        self.scan_as(Reader::Once, column, from, before, visit)
    }

    fn scan_as(
        &self,
        reader: Reader,
        column: Column,
        from: &[u8],
        before: Option<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<Step, StoreFault>,
    ) -> Result<(), StoreFault> {
        match &self.disk {
            Disk::Rocks(rocks) => rocks.scan(reader, column, from, before, visit),
            Disk::Memory(memory) => memory.scan(column, from, before, visit),
        }
    }

    /// The first row at or after a leaf's key that has the same state key.
    pub fn leaf_at(&self, from: &[u8; LEAF_KEY_BYTES]) -> Result<Option<Vec<u8>>, StoreFault> {
        match &self.disk {
            Disk::Rocks(rocks) => rocks.leaf_at(from),
            Disk::Memory(memory) => memory.leaf_at(from),
        }
    }

    /// The last row of a column.
    pub fn last(&self, column: Column) -> Result<Option<Row>, StoreFault> {
        match &self.disk {
            Disk::Rocks(rocks) => rocks.last(column),
            Disk::Memory(memory) => memory.last(column),
        }
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch {
            database: self,
            rows: match &self.disk {
                Disk::Rocks(rocks) => Rows::Rocks(rocks.batch()),
                Disk::Memory(memory) => Rows::Memory(memory.batch()),
            },
        }
    }

    fn refuse_if_dead(&self) -> Result<(), StoreFault> {
        if self.dead.load(Ordering::Acquire) {
            Err(StoreFault::Dead)
        } else {
            Ok(())
        }
    }

    /// Takes no more writes, as after one that failed.
    pub fn kill(&self) {
        self.dead.store(true, Ordering::Release);
    }

    /// About how many rows a column has.
    pub fn rows(&self, column: Column) -> Result<u64, StoreFault> {
        match &self.disk {
            Disk::Rocks(rocks) => rocks.rows(column),
            Disk::Memory(memory) => memory.rows(column),
        }
    }

    /// What a column takes on disk.
    pub fn column_bytes(&self, column: Column) -> Result<u64, StoreFault> {
        match &self.disk {
            Disk::Rocks(rocks) => rocks.column_bytes(column),
            Disk::Memory(memory) => memory.column_bytes(column),
        }
    }

    /// Synced writes since it was opened.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// What all of it takes on disk.
    pub fn disk_bytes(&self) -> u64 {
        match &self.disk {
            Disk::Rocks(rocks) => rocks.disk_bytes(),
            Disk::Memory(memory) => memory.disk_bytes(),
        }
    }

    /// What it takes in memory, apart from a disk that is itself in memory.
    pub fn memory_bytes(&self) -> Result<u64, StoreFault> {
        match &self.disk {
            Disk::Rocks(rocks) => rocks.memory_bytes(),
            Disk::Memory(_) => Ok(0),
        }
    }
}

/// Rows that are written together or not at all.
pub(crate) struct Batch<'a> {
    database: &'a Database,
    rows: Rows<'a>,
}

enum Rows<'a> {
    Rocks(RocksBatch<'a>),
    Memory(MemoryBatch<'a>),
}

impl Batch<'_> {
    pub fn put(&mut self, column: Column, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        match &mut self.rows {
            Rows::Rocks(batch) => batch.put(column, key.as_ref(), value.as_ref()),
            Rows::Memory(batch) => batch.put(column, key.as_ref(), value.as_ref()),
        }
    }

    pub fn delete(&mut self, column: Column, key: impl AsRef<[u8]>) {
        match &mut self.rows {
            Rows::Rocks(batch) => batch.delete(column, key.as_ref()),
            Rows::Memory(batch) => batch.delete(column, key.as_ref()),
        }
    }

    /// Writes, and returns when the disk has it.
    pub fn write_synced(self) -> Result<(), StoreFault> {
        self.write(true)
    }

    /// Writes; a crash of the process loses nothing, a loss of power may.
    pub fn write_unsynced(self) -> Result<(), StoreFault> {
        self.write(false)
    }

    fn write(self, sync: bool) -> Result<(), StoreFault> {
        self.database.refuse_if_dead()?;
        if sync {
            self.database.syncs.fetch_add(1, Ordering::Relaxed);
        }
        let written = match self.rows {
            Rows::Rocks(batch) => batch.write(sync),
            Rows::Memory(batch) => batch.write(sync),
        };
        written.inspect_err(|_| self.database.kill())
    }
}

/// What a disk says when it cannot read.
pub(crate) fn read_fault(
    column: Column,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreFault {
    StoreFault::Database {
        doing: "read",
        column: column.name(),
        source: error.into(),
    }
}

/// What a disk says when it cannot write.
pub(crate) fn write_fault(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreFault {
    StoreFault::Database {
        doing: "write",
        column: "several",
        source: error.into(),
    }
}
