//! Faults: what went wrong on this node's disk, where, and what to do. None is a result of the rules.

use crate::columns::Column;
use hefu_types::NetworkDigest;
use std::fmt;
use std::path::PathBuf;

/// What an operator does about a store that does not add up.
const MEND: &str =
    "do not run on it: move its folder aside, restore a copy or begin with an empty \
                    one, and run `hefu-node rejoin`, so that the node votes again only when it is \
                    safe";

/// A fault of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The folder cannot be used.
    #[error("the store's folder {} cannot be used: {why}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// RocksDB cannot open it.
    #[error(
        "the store in {} cannot be opened: {source}. If another process uses it, stop that one; if \
         the disk is not readable, mend that; if files are missing, {MEND}",
        path.display()
    )]
    Open {
        /// The folder.
        path: PathBuf,
        /// What RocksDB says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its files are not what was written into them.
    #[error("the store in {} is damaged ({}): {source}; {MEND}", path.display(), column)]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// The column that was read, or what else.
        column: &'static str,
        /// What RocksDB says: it mostly names the file.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no room for what has to be written.
    #[error(
        "the disk is full: the store in {} cannot be written ({source}). What was acknowledged is \
         on it. Make room and start the node again", path.display()
    )]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// What RocksDB says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It belongs to another network.
    #[error(
        "the store in {} belongs to the network {found}, the genesis given is that of {expected}: \
         give the genesis of the store's network, or another folder", path.display()
    )]
    OtherNetwork {
        /// The folder.
        path: PathBuf,
        /// The store's network.
        found: NetworkDigest,
        /// The network that was asked for.
        expected: NetworkDigest,
    },
    /// A later program made it.
    #[error(
        "the store in {} has format {found}, this program knows format {known}: use the program \
         that made it, or a later one", path.display()
    )]
    OtherFormat {
        /// The folder.
        path: PathBuf,
        /// The store's format.
        found: u32,
        /// The format of this program.
        known: u32,
    },
    /// RocksDB cannot read or write.
    #[error(
        "the store cannot {doing} (column {column}): {source}. Look at the disk (space, `dmesg`) \
         and start the node again; if it says so again, {MEND}"
    )]
    Database {
        /// What was tried.
        doing: &'static str,
        /// The column, or several.
        column: &'static str,
        /// What RocksDB says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row that has to be there is not.
    #[error("the store does not add up: column {}, row {row} is missing; {MEND}", column.name())]
    Missing {
        /// The column.
        column: Column,
        /// The row's key, in words.
        row: String,
    },
    /// A row does not say what it has to.
    #[error("the store does not add up: column {}, row {row}: {why}; {MEND}", column.name())]
    Corrupt {
        /// The column.
        column: Column,
        /// The row's key, in words.
        row: String,
        /// What is wrong.
        why: String,
    },
    /// A write failed before.
    #[error("an earlier write to the store failed, so it takes no more: start the node again")]
    Dead,
    /// The last block cannot be taken back.
    #[error("block {height} is not taken back: {why}")]
    NotTakenBack {
        /// The last block.
        height: u64,
        /// Why.
        why: &'static str,
    },
}

impl StoreFault {
    /// Whether starting the node again does not help: an operator has to act.
    pub fn needs_operator(&self) -> bool {
        match self {
            Self::Folder { .. }
            | Self::Damaged { .. }
            | Self::OtherNetwork { .. }
            | Self::OtherFormat { .. }
            | Self::Missing { .. }
            | Self::Corrupt { .. } => true,
            Self::Open { .. }
            | Self::NoRoom { .. }
            | Self::Database { .. }
            | Self::Dead
            | Self::NotTakenBack { .. } => false,
        }
    }

    pub(crate) fn missing(column: Column, row: impl fmt::Display) -> Self {
        let row = row.to_string();
        Self::Missing { column, row }
    }

    pub(crate) fn corrupt(column: Column, row: impl fmt::Display, why: impl fmt::Display) -> Self {
        let (row, why) = (row.to_string(), why.to_string());
        Self::Corrupt { column, row, why }
    }
}

/// The key of a row as a fault names it: a number where it is one, else hexadecimal.
pub(crate) fn row_name(key: &[u8]) -> String {
    match <[u8; 8]>::try_from(key) {
        Ok(number) => u64::from_be_bytes(number).to_string(),
        Err(_) => hex(key),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
