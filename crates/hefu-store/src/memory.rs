//! A disk in memory that fails when it is told to: a simulator runs whole networks over such disks
//! and sees what a node makes of its store after a crash, a loss of power, or a disk that lied.
//!
//! It keeps rows in order, as RocksDB does, and knows what each of its last batches replaced, so
//! that it can take them back. A synced batch makes those before it durable too.

use crate::columns::{Column, LEAF_KEY_BYTES};
use crate::database::{read_fault, write_fault, Row, Step};
use crate::fault::{row_name, StoreFault};
use hefu_types::StateKey;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

/// How many synced batches can be taken back.
const SYNCED_MAX: usize = 64;
/// How many batches can be taken back, synced or not. Without a sync a system writes back in time.
const BATCHES_MAX: usize = 1_024;

/// A disk in memory that can fail on demand, for the simulator. A clone is the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    contents: Arc<RwLock<Contents>>,
}

#[derive(Default)]
struct Contents {
    /// By [`Column`], in its order.
    columns: Vec<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// What the last batches replaced, the oldest first.
    replaced: VecDeque<Replaced>,
    writes: u64,
    /// After how many more batches the next fails.
    fails_after: Option<u64>,
    /// How many processes have died: a handle works while this is as it was when it was opened.
    deaths: u64,
    /// Held by the process that has it open.
    lock: Weak<()>,
}

/// What a batch replaced: the rows as they were before it.
struct Replaced {
    synced: bool,
    rows: Vec<Write>,
}

/// A row to be; without a value it goes.
struct Write {
    column: Column,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

impl MemoryDisk {
    /// What stands for its folder in sentences.
    pub(crate) const NAME: &str = "memory";

    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many batches were written so far, synced or not.
    pub fn writes(&self) -> u64 {
        self.read().writes
    }

    /// The n-th batch from now (0: the next) and all after it fail as if the process had died there:
    /// nothing of it is kept. `None`: no more.
    pub fn fail_at(&self, batches_from_now: Option<u64>) {
        self.write().fails_after = batches_from_now;
    }

    /// The process died, or the machine lost power. Of the batches written after the last synced one
    /// the first `unsynced_kept` survive (power loss); `u64::MAX`: all (only the process died).
    /// Handles that are still open are dead from now on, and no write fails any more because of
    /// [`Self::fail_at`].
    pub fn crash(&self, unsynced_kept: u64) {
        let mut contents = self.write();
        contents.die();
        let unsynced = contents.replaced.iter().rev();
        let unsynced = unsynced.take_while(|batch| !batch.synced).count() as u64;
        for _ in unsynced_kept..unsynced {
            contents.take_back();
        }
    }

    /// A disk that lied: the last `batches` synced ones are gone, and what came after them, although
    /// it said that it had them (as when an old copy is restored). Handles that are still open are
    /// dead from now on. It remembers 64 synced batches; tells how many went.
    pub fn lose(&self, batches: u64) -> u64 {
        let mut contents = self.write();
        contents.die();
        let mut lost = 0;
        while lost < batches {
            match contents.take_back() {
                Some(synced) => lost += u64::from(synced),
                None => break,
            }
        }
        lost
    }

    /// Flips one bit of a row; `choice` says which. It tells the row. The row is one that opening
    /// reads: the latest version of a leaf, or what closes the log (the last entry, its node). Rows
    /// of older blocks are read by [`Store::check_all`](crate::Store::check_all).
    pub fn damage(&self, choice: u64) -> String {
        let mut contents = self.write();
        let column = match choice % 8 {
            0 => Column::Entries,
            1 => Column::Nodes,
            _ => Column::Leaves,
        };
        // Before the first block there are leaves only.
        let column = match contents.row_to_damage(column, choice / 8) {
            Some(_) => column,
            None => Column::Leaves,
        };
        let Some(key) = contents.row_to_damage(column, choice / 8) else {
            return "nothing: the disk is empty".to_owned();
        };
        let row = contents.columns[column as usize].get_mut(&key);
        let row = row.expect("it was found there");
        let bit = (choice / 64) as usize % (row.len() * 8);
        row[bit / 8] ^= 1 << (bit % 8);
        format!(
            "column {}, row {}, bit {bit}",
            column.name(),
            row_name(&key)
        )
    }

    /// Another disk with the same rows.
    #[cfg(test)]
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy.write().columns = self.read().columns.clone();
        copy
    }

    /// Nobody panics while writing into it; a visitor that panics has altered nothing.
    fn read(&self) -> RwLockReadGuard<'_, Contents> {
        self.contents.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Contents> {
        let contents = self.contents.write();
        contents.unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for MemoryDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryDisk({} writes)", self.writes())
    }
}

impl Contents {
    fn die(&mut self) {
        self.deaths += 1;
        self.lock = Weak::new();
        self.fails_after = None;
    }

    /// Takes back the last batch that it remembers, and says whether it was synced.
    fn take_back(&mut self) -> Option<bool> {
        let Replaced { synced, rows } = self.replaced.pop_back()?;
        // Backwards, for a batch may write a row twice.
        for row in rows.into_iter().rev() {
            self.put(row);
        }
        Some(synced)
    }

    /// Writes a row and gives what undoes that.
    fn put(&mut self, write: Write) -> Write {
        let Write { column, key, value } = write;
        let rows = &mut self.columns[column as usize];
        let replaced = match value {
            Some(value) => rows.insert(key.clone(), value),
            None => rows.remove(&key),
        };
        Write {
            column,
            key,
            value: replaced,
        }
    }

    fn commit(&mut self, rows: Vec<Write>, synced: bool) {
        let rows = rows.into_iter().map(|row| self.put(row)).collect();
        self.replaced.push_back(Replaced { synced, rows });
        self.writes += 1;
        let mut remembered = self.replaced.iter().filter(|batch| batch.synced).count();
        while remembered > SYNCED_MAX || self.replaced.len() > BATCHES_MAX {
            let oldest = self.replaced.pop_front();
            remembered -= usize::from(oldest.is_some_and(|batch| batch.synced));
        }
    }

    fn row_to_damage(&self, column: Column, choice: u64) -> Option<Vec<u8>> {
        let rows = self.columns.get(column as usize)?;
        let key = match column {
            // The last node of level 0 is that of the last entry.
            Column::Nodes => rows.range(..vec![1]).next_back()?.0,
            Column::Leaves => {
                let at = choice as usize % rows.len().max(1);
                let any = rows.keys().nth(at)?;
                // Of its versions the latest stands first.
                rows.range(any[..StateKey::LEN].to_vec()..).next()?.0
            }
            _ => rows.last_key_value()?.0,
        };
        Some(key.clone())
    }
}

/// A disk in memory as one process has it open.
pub(crate) struct Memory {
    disk: MemoryDisk,
    /// [`Contents::deaths`] when it was opened.
    deaths: u64,
    _lock: Arc<()>,
}

impl Memory {
    pub fn open(disk: &MemoryDisk) -> Result<Self, StoreFault> {
        let mut contents = disk.write();
        if contents.lock.upgrade().is_some() {
            return Err(StoreFault::Open {
                path: MemoryDisk::NAME.into(),
                source: "it is open already".into(),
            });
        }
        let lock = Arc::new(());
        contents.lock = Arc::downgrade(&lock);
        contents
            .columns
            .resize_with(Column::ALL.len(), BTreeMap::new);
        Ok(Self {
            disk: disk.clone(),
            deaths: contents.deaths,
            _lock: lock,
        })
    }

    /// The disk, unless the process that opened this handle has died.
    fn alive(&self, column: Column) -> Result<RwLockReadGuard<'_, Contents>, StoreFault> {
        let contents = self.disk.read();
        if contents.deaths == self.deaths {
            Ok(contents)
        } else {
            Err(read_fault(column, DIED))
        }
    }

    pub fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        let contents = self.alive(column)?;
        Ok(contents.columns[column as usize].get(key).cloned())
    }

    pub fn scan(
        &self,
        column: Column,
        from: &[u8],
        before: Option<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<Step, StoreFault>,
    ) -> Result<(), StoreFault> {
        let contents = self.alive(column)?;
        let rows = &contents.columns[column as usize];
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        let mut from = from.to_vec();
        // A map refuses a range that ends before it begins; to a scan it has no rows.
        while before.is_none_or(|before| from.as_slice() < before) {
            let range = (Bound::Included(from.as_slice()), end);
            let mut seek = None;
            for (key, value) in rows.range::<[u8], _>(range) {
                match visit(key, value)? {
                    Step::Next => {}
                    Step::Seek(to) => {
                        seek = Some(to.to_vec());
                        break;
                    }
                    Step::Stop => return Ok(()),
                }
            }
            match seek {
                Some(to) => from = to,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    pub fn leaf_at(&self, from: &[u8; LEAF_KEY_BYTES]) -> Result<Option<Vec<u8>>, StoreFault> {
        let contents = self.alive(Column::Leaves)?;
        let range = (Bound::Included(from.as_slice()), Bound::Unbounded);
        let mut rows = contents.columns[Column::Leaves as usize].range::<[u8], _>(range);
        Ok(rows
            .next()
            .filter(|(key, _)| key.starts_with(&from[..StateKey::LEN]))
            .map(|(_, value)| value.clone()))
    }

    pub fn last(&self, column: Column) -> Result<Option<Row>, StoreFault> {
        let contents = self.alive(column)?;
        let last = contents.columns[column as usize].last_key_value();
        Ok(last.map(|(key, value)| (key.clone(), value.clone())))
    }

    pub fn batch(&self) -> MemoryBatch<'_> {
        MemoryBatch {
            memory: self,
            rows: Vec::new(),
        }
    }

    pub fn rows(&self, column: Column) -> Result<u64, StoreFault> {
        let contents = self.alive(column)?;
        Ok(contents.columns[column as usize].len() as u64)
    }

    pub fn column_bytes(&self, column: Column) -> Result<u64, StoreFault> {
        let contents = self.alive(column)?;
        Ok(bytes_of(&contents.columns[column as usize]))
    }

    pub fn disk_bytes(&self) -> u64 {
        self.disk.read().columns.iter().map(bytes_of).sum()
    }
}

fn bytes_of(rows: &BTreeMap<Vec<u8>, Vec<u8>>) -> u64 {
    let rows = rows.iter();
    rows.map(|(key, value)| (key.len() + value.len()) as u64)
        .sum()
}

const DIED: &str = "the process that opened the disk has died";

/// Rows that are written together or not at all.
pub(crate) struct MemoryBatch<'a> {
    memory: &'a Memory,
    rows: Vec<Write>,
}

impl MemoryBatch<'_> {
    pub fn put(&mut self, column: Column, key: &[u8], value: &[u8]) {
        self.write_row(column, key, Some(value.to_vec()));
    }

    pub fn delete(&mut self, column: Column, key: &[u8]) {
        self.write_row(column, key, None);
    }

    fn write_row(&mut self, column: Column, key: &[u8], value: Option<Vec<u8>>) {
        let key = key.to_vec();
        self.rows.push(Write { column, key, value });
    }

    pub fn write(self, sync: bool) -> Result<(), StoreFault> {
        let mut contents = self.memory.disk.write();
        if contents.deaths != self.memory.deaths {
            return Err(write_fault(DIED));
        }
        match &mut contents.fails_after {
            Some(0) => return Err(write_fault("the disk was told to fail here")),
            Some(batches) => *batches -= 1,
            None => {}
        }
        contents.commit(self.rows, sync);
        Ok(())
    }
}
