//! RocksDB: its options, reads, and the one kind of write. No other module names it.

use crate::columns::{Column, LEAF_KEY_BYTES};
use crate::database::{Reader, Row, Step};
use crate::fault::StoreFault;
use hefu_types::StateKey;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DBCompressionType,
    DBRawIterator, DBRecoveryMode, ErrorKind, Options, ReadOptions, SliceTransform, WriteBatch,
    WriteOptions, DB,
};
use std::path::{Path, PathBuf};

/// Blocks of files in memory, with the indices and filters of the files, in bytes.
const CACHE_BYTES: usize = 64 << 20;
/// Rows in memory of all columns before they are written into files, in bytes.
const WRITE_BUFFERS_BYTES: usize = 96 << 20;
/// Rows in memory of one column, in bytes.
const WRITE_BUFFER_BYTES: usize = 32 << 20;
/// The log of writes, after which the oldest column is written into files, in bytes.
const WAL_BYTES_MAX: u64 = 256 << 20;
/// What is asked of the disk at once by who reads a whole column.
const READ_AHEAD_BYTES: usize = 2 << 20;
const OPEN_FILES_MAX: i32 = 512;

pub(crate) struct Rocks {
    db: DB,
    cache: Cache,
    path: PathBuf,
}

impl Rocks {
    pub fn open(path: &Path) -> Result<Self, StoreFault> {
        let in_use = refuse_lost_index(path)?;
        let cache = Cache::new_lru_cache(CACHE_BYTES);
        let descriptors = Column::ALL.iter().map(|column| {
            ColumnFamilyDescriptor::new(column.name(), column_options(*column, &cache))
        });
        let mut options = database_options();
        // A column that is missing beside rows of others was lost, not yet to be made.
        options.create_if_missing(!in_use);
        options.create_missing_column_families(!in_use);
        let db = DB::open_cf_descriptors(&options, path, descriptors)
            .map_err(|error| open_fault(path, error))?;
        Ok(Self {
            db,
            cache,
            path: path.to_owned(),
        })
    }

    fn family(&self, column: Column) -> &ColumnFamily {
        self.db
            .cf_handle(column.name())
            .expect("every column was opened")
    }

    pub fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        self.db
            .get_cf(self.family(column), key)
            .map_err(|error| self.read_fault(column, error))
    }

    pub fn scan(
        &self,
        reader: Reader,
        column: Column,
        from: &[u8],
        before: Option<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<Step, StoreFault>,
    ) -> Result<(), StoreFault> {
        let mut options = ReadOptions::default();
        options.set_total_order_seek(true);
        if reader == Reader::Once {
            options.fill_cache(false);
            options.set_readahead_size(READ_AHEAD_BYTES);
        }
        if let Some(before) = before {
            options.set_iterate_upper_bound(before);
        }
        let mut rows = self.db.raw_iterator_cf_opt(self.family(column), options);
        rows.seek(from);
        while let Some((key, value)) = rows.item() {
            match visit(key, value)? {
                Step::Next => rows.next(),
                Step::Seek(to) => rows.seek(to),
                Step::Stop => return Ok(()),
            }
        }
        self.finish(column, &rows)
    }

    pub fn leaf_at(&self, from: &[u8; LEAF_KEY_BYTES]) -> Result<Option<Vec<u8>>, StoreFault> {
        let mut options = ReadOptions::default();
        options.set_prefix_same_as_start(true);
        let family = self.family(Column::Leaves);
        let mut rows = self.db.raw_iterator_cf_opt(family, options);
        rows.seek(from);
        let found = rows
            .item()
            .filter(|(key, _)| key.starts_with(&from[..StateKey::LEN]))
            .map(|(_, value)| value.to_vec());
        self.finish(Column::Leaves, &rows)?;
        Ok(found)
    }

    pub fn last(&self, column: Column) -> Result<Option<Row>, StoreFault> {
        let mut options = ReadOptions::default();
        options.set_total_order_seek(true);
        let mut rows = self.db.raw_iterator_cf_opt(self.family(column), options);
        rows.seek_to_last();
        let last = rows
            .item()
            .map(|(key, value)| (key.to_vec(), value.to_vec()));
        self.finish(column, &rows)?;
        Ok(last)
    }

    pub fn batch(&self) -> RocksBatch<'_> {
        RocksBatch {
            rocks: self,
            batch: WriteBatch::default(),
        }
    }

    /// About how many rows a column has.
    pub fn rows(&self, column: Column) -> Result<u64, StoreFault> {
        self.property(column, "rocksdb.estimate-num-keys")
    }

    /// The files of a column.
    pub fn column_bytes(&self, column: Column) -> Result<u64, StoreFault> {
        self.property(column, "rocksdb.total-sst-files-size")
    }

    /// All files, the log of writes included. Files may go while they are counted; what is gone has
    /// no bytes.
    pub fn disk_bytes(&self) -> u64 {
        let Ok(files) = self.path.read_dir() else {
            return 0;
        };
        files
            .filter_map(|file| file.ok()?.metadata().ok())
            .map(|metadata| metadata.len())
            .sum()
    }

    /// The cache, and the rows that are not in files yet.
    pub fn memory_bytes(&self) -> Result<u64, StoreFault> {
        let mut bytes = self.cache.get_usage() as u64;
        for column in Column::ALL {
            bytes += self.property(*column, "rocksdb.size-all-mem-tables")?;
        }
        Ok(bytes)
    }

    fn read_fault(&self, column: Column, error: rocksdb::Error) -> StoreFault {
        fault(&self.path, "read", column.name(), error)
    }

    fn finish(&self, column: Column, rows: &DBRawIterator<'_>) -> Result<(), StoreFault> {
        rows.status()
            .map_err(|error| self.read_fault(column, error))
    }

    /// A number that RocksDB keeps of a column; 0 where it does not.
    fn property(&self, column: Column, name: &str) -> Result<u64, StoreFault> {
        self.db
            .property_int_value_cf(self.family(column), name)
            .map(Option::unwrap_or_default)
            .map_err(|error| self.read_fault(column, error))
    }
}

/// Rows that are written together or not at all.
pub(crate) struct RocksBatch<'a> {
    rocks: &'a Rocks,
    batch: WriteBatch,
}

impl RocksBatch<'_> {
    pub fn put(&mut self, column: Column, key: &[u8], value: &[u8]) {
        self.batch.put_cf(self.rocks.family(column), key, value);
    }

    pub fn delete(&mut self, column: Column, key: &[u8]) {
        self.batch.delete_cf(self.rocks.family(column), key);
    }

    pub fn write(self, sync: bool) -> Result<(), StoreFault> {
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        let written = self.rocks.db.write_opt(self.batch, &options);
        written.map_err(|error| fault(&self.rocks.path, "write", "several columns", error))
    }
}

fn fault(
    path: &Path,
    doing: &'static str,
    column: &'static str,
    error: rocksdb::Error,
) -> StoreFault {
    let (path, full) = (path.to_owned(), is_full(&error));
    match (error.kind(), Box::new(error)) {
        (ErrorKind::Corruption, source) => StoreFault::Damaged {
            path,
            column,
            source,
        },
        (_, source) if full => StoreFault::NoRoom { path, source },
        (_, source) => StoreFault::Database {
            doing,
            column,
            source,
        },
    }
}

fn open_fault(path: &Path, error: rocksdb::Error) -> StoreFault {
    let (path, full) = (path.to_owned(), is_full(&error));
    match (error.kind(), Box::new(error)) {
        // A column that is not there is an invalid argument to RocksDB.
        (ErrorKind::Corruption | ErrorKind::InvalidArgument, source) => StoreFault::Damaged {
            path,
            column: "RocksDB's file LOG there tells more",
            source,
        },
        (_, source) if full => StoreFault::NoRoom { path, source },
        (_, source) => StoreFault::Open { path, source },
    }
}

/// RocksDB hands on what the system says of a full disk, a quota, or a limit on the length of files.
fn is_full(error: &rocksdb::Error) -> bool {
    let said = error.to_string();
    ["No space left", "Disk quota exceeded", "File too large"]
        .iter()
        .any(|text| said.contains(text))
}

/// Whether the folder holds a store with rows. RocksDB would begin anew in one that lost its file
/// CURRENT, and delete what it holds.
fn refuse_lost_index(path: &Path) -> Result<bool, StoreFault> {
    let fault = |why: String| StoreFault::Folder {
        path: path.to_owned(),
        why,
    };
    std::fs::create_dir_all(path).map_err(|error| fault(error.to_string()))?;
    let has_index = path.join("CURRENT").exists();
    for file in path.read_dir().map_err(|error| fault(error.to_string()))? {
        let file = file.map_err(|error| fault(error.to_string()))?;
        let name = file.file_name();
        let extension = Path::new(&name).extension();
        // A process that died while it made the store leaves a log without a row behind.
        let log = extension.is_some_and(|extension| extension == "log")
            && (!has_index || file.metadata().is_ok_and(|log| log.len() > 0));
        if log || extension.is_some_and(|extension| extension == "sst") {
            if has_index {
                return Ok(true);
            }
            return Err(fault(format!(
                "it holds {} but no file CURRENT, so it is what is left of a store; restore a copy \
                 and run `hefu-node rejoin`, or give an empty folder",
                name.to_string_lossy()
            )));
        }
    }
    Ok(false)
}

fn database_options() -> Options {
    let mut options = Options::default();
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_db_write_buffer_size(WRITE_BUFFERS_BYTES);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    // The end of the log may be torn, because its last batch was not synced when the power went. A
    // gap before its end is damage: what follows must not be dropped in silence.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_keep_log_file_num(4);
    options.set_max_log_file_size(4 << 20);
    options
}

fn column_options(column: Column, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    // Else the indices and filters of open files would be outside the bound.
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    let mut options = Options::default();
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_level_compaction_dynamic_level_bytes(true);
    // What is young is written again soon; and hashes do not shrink.
    options.set_compression_type(DBCompressionType::None);
    options.set_bottommost_compression_type(match column {
        Column::Nodes | Column::Changed | Column::Statements | Column::OperationIds => {
            DBCompressionType::None
        }
        _ => DBCompressionType::Lz4,
    });
    options.set_level_zero_file_num_compaction_trigger(8);
    match column {
        Column::Leaves => {
            options.set_prefix_extractor(SliceTransform::create_fixed_prefix(StateKey::LEN));
            options.set_memtable_prefix_bloom_ratio(0.1);
            table.set_bloom_filter(10.0, false);
            table.set_whole_key_filtering(false);
        }
        // Asked for identities that are mostly not there.
        Column::Statements | Column::OperationIds => table.set_bloom_filter(10.0, false),
        // Read in ranges.
        Column::Entries | Column::Operations | Column::Outcomes => {
            table.set_block_size(16 << 10);
        }
        _ => {}
    }
    options.set_block_based_table_factory(&table);
    options
}
