//! The file of the engine's log in memory, under the engine's own code that writes it.

use arc_malachitebft_app::wal::log::Log;
use arc_malachitebft_app::wal::Storage;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A file in memory that tells what was synced from what was only written. A clone is the same file.
#[derive(Clone, Debug, Default)]
pub struct LogFile {
    disk: Arc<Mutex<Disk>>,
    /// Where this handle reads and writes.
    position: u64,
}

#[derive(Debug, Default)]
struct Disk {
    exists: bool,
    bytes: Vec<u8>,
    synced: Vec<u8>,
    /// How many writes and syncs there were.
    writes: u64,
    /// So many more succeed.
    writes_left: Option<u64>,
}

impl LogFile {
    /// A file that does not exist yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`crate::wal_height`] of a file on disk.
    pub fn height(&self) -> io::Result<Option<u64>> {
        if !self.disk().exists {
            return Ok(None);
        }
        let mut log: Log<Self> = Log::open_with("memory", self.clone())?;
        if !log.is_empty() {
            for entry in log.iter()? {
                entry.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            }
        }
        Ok(Some(log.sequence()))
    }

    /// How many writes and syncs there were so far.
    pub fn writes(&self) -> u64 {
        self.disk().writes
    }

    /// After so many more writes and syncs all fail, as if the process had died there. None: none.
    pub fn fail_at(&self, writes_from_now: Option<u64>) {
        self.disk().writes_left = writes_from_now;
    }

    /// The machine lost power: of what was not synced the first bytes survive. `u64::MAX`: only the
    /// process died, and all survives.
    pub fn crash(&self, unsynced_kept: u64) {
        let mut disk = self.disk();
        disk.writes_left = None;
        // Between two syncs bytes are only added, or all are replaced in one go and synced.
        if unsynced_kept < u64::MAX && disk.bytes.starts_with(&disk.synced) {
            let kept = (disk.synced.len() as u64).saturating_add(unsynced_kept);
            disk.bytes
                .truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        } else if unsynced_kept < u64::MAX {
            disk.bytes = disk.synced.clone();
        }
        disk.synced = disk.bytes.clone();
    }

    /// The file is gone.
    pub fn lose(&self) {
        *self.disk() = Disk::default();
    }

    /// Flips a bit, chosen by `choice`. False if the file has no entry yet.
    pub fn damage(&self, choice: u64) -> bool {
        use arc_malachitebft_app::wal::constants::HEADER_SIZE;
        let mut disk = self.disk();
        let Some(entries) = (disk.bytes.len() as u64).checked_sub(HEADER_SIZE) else {
            return false;
        };
        if entries == 0 {
            return false;
        }
        let at = (HEADER_SIZE + choice % entries) as usize;
        disk.bytes[at] ^= 1 << (choice % 8);
        disk.synced = disk.bytes.clone();
        true
    }
}

impl Disk {
    fn write(&mut self) -> io::Result<()> {
        match &mut self.writes_left {
            Some(0) => return Err(io::Error::other("the disk is gone")),
            Some(left) => *left -= 1,
            None => {}
        }
        self.writes += 1;
        Ok(())
    }
}

impl Read for LogFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = {
            let disk = self.disk();
            let from = disk.bytes.len().min(self.position as usize);
            let mut rest = &disk.bytes[from..];
            rest.read(into)?
        };
        self.position += read as u64;
        Ok(read)
    }
}

impl Write for LogFile {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        let mut disk = self.disk();
        disk.write()?;
        let (start, end) = (self.position as usize, self.position as usize + from.len());
        if disk.bytes.len() < end {
            disk.bytes.resize(end, 0);
        }
        disk.bytes[start..end].copy_from_slice(from);
        drop(disk);
        self.position += from.len() as u64;
        Ok(from.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for LogFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let from = match to {
            SeekFrom::Start(_) => Some(0),
            SeekFrom::End(_) => i64::try_from(self.disk().bytes.len()).ok(),
            SeekFrom::Current(_) => i64::try_from(self.position).ok(),
        };
        let by = match to {
            SeekFrom::Start(at) => i64::try_from(at).ok(),
            SeekFrom::End(by) | SeekFrom::Current(by) => Some(by),
        };
        let at = from.zip(by).and_then(|(from, by)| from.checked_add(by));
        let at = at.and_then(|at| u64::try_from(at).ok());
        self.position = at.ok_or_else(|| io::Error::other("before the file"))?;
        Ok(self.position)
    }
}

impl Storage for LogFile {
    type OpenOptions = LogFile;

    fn open_with(_: impl AsRef<Path>, file: LogFile) -> io::Result<Self> {
        file.disk().exists = true;
        Ok(LogFile {
            disk: file.disk,
            position: 0,
        })
    }

    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.disk().bytes.len() as u64)
    }

    fn truncate_to(&mut self, size: u64) -> io::Result<()> {
        let mut disk = self.disk();
        if disk.bytes.len() as u64 != size {
            disk.write()?;
            disk.bytes.resize(size as usize, 0);
        }
        Ok(())
    }

    fn sync_all(&mut self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.write()?;
        disk.synced = disk.bytes.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(file: &LogFile) -> usize {
        let mut log: Log<LogFile> = Log::open_with("memory", file.clone()).expect("opens");
        if log.is_empty() {
            return 0;
        }
        log.iter().expect("reads").filter(Result::is_ok).count()
    }

    fn written() -> (LogFile, Log<LogFile>) {
        let file = LogFile::new();
        let mut log: Log<LogFile> = Log::open_with("memory", file.clone()).expect("opens");
        log.reset(7).expect("writes");
        log.append(b"synced").expect("writes");
        log.flush().expect("syncs");
        log.append(b"not synced").expect("writes");
        (file, log)
    }

    #[test]
    fn what_was_not_synced_is_lost_with_the_power_and_kept_with_the_process() {
        assert_eq!(LogFile::new().height().expect("no fault"), None);
        for (kept, survive) in [(0, 1), (9, 1), (u64::MAX, 2)] {
            let (file, _log) = written();
            file.crash(kept);
            assert_eq!(file.height().expect("readable"), Some(7));
            assert_eq!(entries(&file), survive, "{kept} bytes kept");
        }
    }

    #[test]
    fn a_write_fails_where_it_was_told_to() {
        let (file, mut log) = written();
        file.fail_at(Some(0));
        assert!(log.append(b"another").is_err());
        file.crash(u64::MAX);
        assert_eq!(entries(&file), 2);
    }

    #[test]
    fn a_flipped_bit_is_found_or_cuts_the_log() {
        for choice in 0..400 {
            let (file, _log) = written();
            file.crash(u64::MAX);
            assert!(file.damage(choice));
            assert!(file.height().is_err() || entries(&file) < 2, "{choice}");
        }
    }
}
