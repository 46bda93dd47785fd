//! The memory file: what this client has seen of a network, from one command to the next.
//!
//! One file for each network, a [`Memory`] of `hefu-proof`. Every certificate and receipt that a command
//! believes goes through it. It is written whole or not at all, and joined with what another process wrote
//! meanwhile. What is wrong with it is a warning that says what to do, and a file that cannot be used is
//! never written over.

use crate::disk;
use crate::failure::Failure;
use crate::say::shown;
use hefu_proof::certificate::VerifiedState;
use hefu_proof::memory::{Memory, MemoryError, MEMORY_BYTES_MAX};
use hefu_proof::receipt::{Receipt, ReceiptError, VerifiedReceipt};
use hefu_proof::verdict::Said;
use hefu_proof::verify::TRUST_PERIOD_MS;
use hefu_types::genesis::Network;
use hefu_types::NetworkDigest;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the lock of the file is tried, and the rest in between; after that its holder is dead.
const LOCK_TRIES: u32 = 100;
const LOCK_REST: Duration = Duration::from_millis(10);

/// Why a receipt is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// It does not hold.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// It contradicts what was seen.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// A memory and its file.
#[derive(Debug)]
pub struct Remembered {
    memory: Memory,
    /// Whether what validators sign is relied on: something newer than the trust period was known when
    /// this began. Else nothing is learnt.
    is_trusted: bool,
    file: Option<PathBuf>,
    is_saved: bool,
}

impl Remembered {
    /// For the time of this process only.
    pub fn nothing(network: &Network, trust_period_ms: u64) -> Self {
        Self::of(Memory::new(network), None, network, trust_period_ms)
    }

    fn of(memory: Memory, file: Option<PathBuf>, network: &Network, period_ms: u64) -> Self {
        Self {
            is_trusted: memory.is_trusted(network, crate::now(), period_ms, None),
            memory,
            file,
            is_saved: true,
        }
    }

    /// Reads a file. What is wrong with it is said, and then nothing is written to it.
    pub fn open(file: &Path, network: &Network, trust_period_ms: u64) -> (Self, Option<Said>) {
        let of = |memory, file| Self::of(memory, file, network, trust_period_ms);
        match read(file, network.digest()) {
            Ok(Some(memory)) => (of(memory, Some(file.to_owned())), None),
            Ok(None) => {
                let memory = of(Memory::new(network), Some(file.to_owned()));
                (memory, Some(said_missing(file)))
            }
            Err(why) => (of(Memory::new(network), None), Some(said_bad(file, &why))),
        }
    }

    /// The same for a sender of its own, without the file.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self {
            memory: self.memory.clone(),
            is_trusted: self.is_trusted,
            file: None,
            is_saved: true,
        }
    }

    /// What is remembered.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Learns from a certificate that holds, or says why it is not believed.
    pub fn admit(
        &mut self,
        network: &Network,
        state: &mut VerifiedState,
    ) -> Result<(), MemoryError> {
        let mut memory = self.memory.clone();
        memory.admit(network, state)?;
        self.learn(memory);
        Ok(())
    }

    /// Verifies a receipt, and learns from it.
    pub fn receipt(
        &mut self,
        network: &Network,
        receipt: &Receipt,
    ) -> Result<VerifiedReceipt, Unproven> {
        let mut verified = receipt.verify(network)?;
        let mut memory = self.memory.clone();
        memory.admit_receipt(network, &mut verified)?;
        self.learn(memory);
        Ok(verified)
    }

    /// Takes what [`hefu_proof::verify()`] returned.
    pub fn learn(&mut self, memory: Memory) {
        if self.is_trusted && memory != self.memory {
            self.memory = memory;
            self.is_saved = false;
        }
    }

    /// Writes what is new, joined with what stands in the file by now. Says what is wrong with it.
    pub fn save(&mut self) -> Option<Said> {
        let file = self.file.clone().filter(|_| !self.is_saved)?;
        // Tried once: what cannot be written now is told once.
        self.is_saved = true;
        match write(&file, &self.memory) {
            Ok(joined) => {
                self.memory = joined;
                None
            }
            Err(why) => Some(said_bad(&file, &why)),
        }
    }
}

impl Drop for Remembered {
    /// A command that fails has learnt something all the same.
    fn drop(&mut self) {
        let _ = self.save();
    }
}

/// Where the memory of a network lies: what was typed (`none` for no file), or `HEFU_MEMORY`, or the
/// folder of the user's state.
pub fn place(typed: Option<&Path>, network: NetworkDigest) -> Option<PathBuf> {
    let named = typed.map(Path::to_owned).or_else(of_environment);
    match named {
        Some(none) if none.as_os_str() == "none" => None,
        Some(file) => Some(file),
        None => Some(
            state_folder()?
                .join("hefu")
                .join(format!("{network}.memory")),
        ),
    }
}

// Tests of this crate touch no file that they did not name.
#[cfg(test)]
fn of_environment() -> Option<PathBuf> {
    None
}

#[cfg(test)]
fn state_folder() -> Option<PathBuf> {
    None
}

#[cfg(not(test))]
fn of_environment() -> Option<PathBuf> {
    let named = std::env::var_os("HEFU_MEMORY")?;
    (!named.is_empty()).then(|| PathBuf::from(named))
}

#[cfg(not(test))]
fn state_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local").join("state")))
}

/// The memory in a file; `None` where there is no file.
fn read(file: &Path, network: NetworkDigest) -> Result<Option<Memory>, String> {
    let bytes = match disk::read_if_there(file, MEMORY_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(failure) => return Err(why(&failure)),
    };
    let memory = Memory::decode(&bytes, network).map_err(|error| error.to_string())?;
    Ok(Some(memory))
}

fn write(file: &Path, memory: &Memory) -> Result<Memory, String> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let _lock = Lock::take(file).map_err(|error| error.to_string())?;
    let joined = match read(file, memory.network())? {
        Some(there) => there.join(memory).map_err(|error| error.to_string())?,
        None => memory.clone(),
    };
    disk::write(file, &joined.encode()).map_err(|failure| why(&failure))?;
    Ok(joined)
}

fn why(failure: &Failure) -> String {
    failure.to_string()
}

/// Between reading and writing the file nobody else writes it.
struct Lock(PathBuf);

impl Lock {
    fn take(file: &Path) -> std::io::Result<Self> {
        let mut name = file.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        for _ in 0..LOCK_TRIES {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    std::thread::sleep(LOCK_REST);
                }
                Err(error) => return Err(error),
            }
        }
        // Whoever made it died: the next that comes finds it gone.
        Ok(Self(path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn said_missing(file: &Path) -> Said {
    let name = shown(&file.to_string_lossy());
    Said::new(
        format!(
            "nothing is remembered of this network yet; from now on it is, in {name}. If you have used \
             this network before, put the file back, or get one from somebody whom you trust"
        ),
        format!(
            "此前没有关于本网络的记忆；今后记于 {name}。若您曾使用过本网络，请恢复该文件，或向可信者索取"
        ),
    )
}

fn said_bad(file: &Path, why: &str) -> Said {
    let (name, why) = (shown(&file.to_string_lossy()), shown(why));
    Said::new(
        format!(
            "the memory of this network, {name}, cannot be used ({why}); it is left as it is, and what \
             this command has seen is not kept: put a good copy there, name another with --memory, or \
             remove it if you accept that what was seen so far is forgotten"
        ),
        format!(
            "本网络的记忆文件 {name} 无法使用（{why}）；文件保持原样，本次所见不予保存：请恢复完好的副本，\
             或用 --memory 指定其他文件，若可接受遗忘此前所见，可将其删除"
        ),
    )
}

/// How long what was learnt is relied on where nobody says otherwise.
pub const PERIOD: Duration = Duration::from_millis(TRUST_PERIOD_MS);

#[cfg(test)]
mod tests;
