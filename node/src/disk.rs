//! Room on disk: a node stops while there is still some left.
//!
//! Opening a store again takes room: RocksDB writes the rows of its log into files first. A node that
//! wrote until nothing was left could not be started again before somebody made room for it, and one
//! that shares its disk with other programs would take them along. So it stops early, in order, with
//! nothing half written, and says what to do. The same check at a start makes a supervisor's restarts
//! cheap until there is room again.

use crate::metrics::Metrics;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often the room is looked at. A node writes at most some tens of megabytes in this time.
const LOOK: Duration = Duration::from_secs(1);
/// With less room than so many times the least the operator is warned.
const WARNING: u64 = 4;
const MIB: u64 = 1 << 20;

/// The disk is full, or nearly.
#[derive(Debug, thiserror::Error)]
#[error(
    "the disk is full: {} {how}. What was acknowledged is on the disk. Make room and start the node \
     again: it catches up by itself",
    folder.display()
)]
pub struct NoRoom {
    folder: PathBuf,
    how: String,
}

/// The room that is left on the disk of a folder.
#[derive(Clone, Debug)]
pub struct DiskRoom {
    folder: PathBuf,
    least_mib: u64,
}

impl DiskRoom {
    /// On the disk of a node's data folder, of which the node leaves at least so many MiB.
    pub fn new(data: &Path, least_mib: u64) -> Self {
        Self {
            folder: data.to_owned(),
            least_mib,
        }
    }

    /// The bytes that this process may still write.
    fn free(&self) -> io::Result<u64> {
        fs::create_dir_all(&self.folder)?;
        let found = rustix::fs::statvfs(&self.folder)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Refuses a disk that has too little. One that does not say how much it has is not refused.
    pub fn check(&self) -> Result<(), NoRoom> {
        match self.free() {
            Ok(free) if free < self.least_mib.saturating_mul(MIB) => Err(self.lacking(free)),
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the disk does not say how much room it has");
                Ok(())
            }
        }
    }

    /// Whether the disk is why something failed: a file of a MiB cannot be written either.
    pub fn is_why(&self) -> Option<NoRoom> {
        let path = self.folder.join("room");
        let write = || -> io::Result<()> {
            let mut file = fs::File::create(&path)?;
            file.write_all(&vec![0; MIB as usize])?;
            file.sync_all()
        };
        let written = write();
        // Best effort: a file that stays is a MiB that the next look overwrites.
        let _ = fs::remove_file(&path);
        let full = [
            io::ErrorKind::StorageFull,
            io::ErrorKind::QuotaExceeded,
            io::ErrorKind::FileTooLarge,
        ];
        match written {
            Err(error) if full.contains(&error.kind()) => Some(NoRoom {
                folder: self.folder.clone(),
                how: format!("takes nothing any more ({error})"),
            }),
            _ => None,
        }
    }

    /// Ends when there is too little room.
    pub async fn runs_out(self, metrics: Arc<Metrics>) -> NoRoom {
        let mut looks = tokio::time::interval(LOOK);
        let mut warned = false;
        loop {
            looks.tick().await;
            let room = self.clone();
            // A disk may take its time to answer.
            let free = tokio::task::spawn_blocking(move || room.free()).await;
            let Ok(Ok(free)) = free else { continue };
            metrics.disk_free(free);
            let least = self.least_mib.saturating_mul(MIB);
            if free < least {
                return self.lacking(free);
            }
            let scarce = free < least.saturating_mul(WARNING);
            if scarce && !warned {
                tracing::warn!(
                    free_mib = free / MIB,
                    least_mib = self.least_mib,
                    "room on disk becomes scarce: this node stops when less than the least is left"
                );
            }
            warned = scarce;
        }
    }

    fn lacking(&self, free: u64) -> NoRoom {
        NoRoom {
            folder: self.folder.clone(),
            how: format!(
                "has {} MiB left, and this node needs {} (`free_mib_min`)",
                free / MIB,
                self.least_mib
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_is_refused_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(DiskRoom::new(folder.path(), 0).check().is_ok());
        let refused = DiskRoom::new(&folder.path().join("data"), u64::MAX).check();
        let said = refused.expect_err("no disk has so much").to_string();
        for words in ["disk is full", "Make room and start", "free_mib_min"] {
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_disk_with_room_is_not_why() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(DiskRoom::new(folder.path(), u64::MAX).is_why().is_none());
        let left = folder.path().read_dir().expect("it is there").count();
        assert_eq!(left, 0, "the look leaves nothing behind");
    }
}
