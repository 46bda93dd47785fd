//! May this node vote? One that may have forgotten its votes follows: it executes and serves, and
//! signs nothing, until it cannot contradict itself any more.
//!
//! Two files in the data folder say what happened. `founding` is made with the network and removed
//! with the first start: an empty store beside it is no loss of memory, an empty store without it
//! is one. `follower` marks a node that must not vote; it stays through restarts until the network
//! has gone on without this node for long enough.

use crate::config::ConfigError;
use crate::shared::Shared;
use hefu_types::Millis;
use std::fs;
use std::path::{Path, PathBuf};

/// How many heights after the first checkpoint of its own time a follower votes again.
const HEIGHTS_BEFORE_VOTE: u64 = 2;

/// What a node's data folder says about its memory.
#[derive(Clone, Debug)]
pub struct Memory {
    data: PathBuf,
}

impl Memory {
    /// Of the node with this data folder.
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
        }
    }

    fn founding(&self) -> PathBuf {
        self.data.join("founding")
    }

    fn follower(&self) -> PathBuf {
        self.data.join("follower")
    }

    /// The engine's log of its own votes.
    pub fn engine_log(&self) -> PathBuf {
        self.data.join("engine.wal")
    }

    /// Says that the network begins with this node.
    pub fn found(&self) -> Result<(), ConfigError> {
        write(
            &self.founding(),
            "the network begins with this node; removed at its first start\n",
        )
    }

    /// Marks the node as one that must not vote.
    pub fn forget(&self, why: &str) -> Result<(), ConfigError> {
        write(&self.follower(), &format!("{why}\n"))
    }

    /// Whether the node may vote now, and why not. Called once at a start, after the store was
    /// opened: `fresh` says that the store was made by that, `height` is its last block and
    /// `log_height` the height of which the engine's log tells, if there is a log.
    pub fn may_vote(
        &self,
        fresh: bool,
        height: u64,
        log_height: Option<u64>,
    ) -> Result<Result<(), String>, ConfigError> {
        let marks = self.marks()?;
        let voting = marks.may_vote(fresh, height, log_height);
        if let (Err(why), None) = (&voting, &marks.follower) {
            self.forget(why)?;
        }
        Ok(voting)
    }

    fn marks(&self) -> Result<Marks, ConfigError> {
        let follower = match fs::read_to_string(self.follower()) {
            Ok(why) => Some(why.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let path = self.follower();
                return Err(ConfigError::File { path, error });
            }
        };
        Ok(Marks {
            founding: self.founding().exists(),
            follower,
        })
    }

    /// The engine has begun to write its log: from now on an empty store is a loss.
    pub fn begun(&self) -> Result<(), ConfigError> {
        remove(&self.founding())
    }

    /// The node votes again.
    pub fn regained(&self) -> Result<(), ConfigError> {
        remove(&self.follower())
    }

    /// Lets the node vote at its next start, whatever it may have forgotten: for when followers leave
    /// no quorum and the operators of all validators have compared their heights.
    pub fn vote_anew(&self) -> Result<(), ConfigError> {
        self.found()?;
        remove(&self.follower())
    }

    /// Moves the engine's log aside and marks the node: for who restores a store or has a damaged
    /// log. Tells where the log went.
    pub fn rejoin(&self) -> Result<Option<PathBuf>, ConfigError> {
        // The mark first: a crash between the two leaves a follower, never a voter without memory.
        self.forget("an operator ran `hefu-node rejoin`")?;
        remove(&self.founding())?;
        let log = self.engine_log();
        if !log.exists() {
            return Ok(None);
        }
        let aside = (0..)
            .map(|n| self.data.join(format!("engine.wal.aside-{n}")))
            .find(|path| !path.exists())
            .expect("some number is free");
        fs::rename(&log, &aside).map_err(|error| ConfigError::File { path: log, error })?;
        Ok(Some(aside))
    }
}

/// What the two files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The network begins with this node.
    pub founding: bool,
    /// The node must not vote, and why.
    pub follower: Option<String>,
}

impl Marks {
    /// Whether a node with these marks may vote, and why not: see [`Memory::may_vote`]. Who may not
    /// must be marked as a follower before it does anything.
    pub fn may_vote(
        &self,
        fresh: bool,
        height: u64,
        log_height: Option<u64>,
    ) -> Result<(), String> {
        if let Some(why) = &self.follower {
            return Err(why.clone());
        }
        if fresh && !self.founding {
            return Err("its store is empty, and the network did not begin with it".into());
        }
        if !fresh && !self.founding && log_height.is_none() {
            return Err("the engine's log is missing beside a store".into());
        }
        // The engine would reset a log of another height: votes of the heights between are gone.
        if log_height.is_some_and(|of_log| of_log > height + 1 || of_log < height) {
            return Err("its store and its engine's log are of different heights".into());
        }
        Ok(())
    }
}

/// A follower on its way to vote again.
#[derive(Debug)]
pub struct Regaining {
    start_seconds: u64,
    /// The height of the first checkpoint whose quorum time is later than the start.
    first: Option<u64>,
}

impl Regaining {
    /// Of a follower that starts at this time of its own clock.
    pub fn new(start: Millis) -> Self {
        Self {
            start_seconds: start.0 / 1000,
            first: None,
        }
    }

    /// Whether it may vote again: two heights after the first checkpoint whose quorum time is later
    /// than its start. To be asked at each publication.
    pub fn has_regained(&mut self, shared: &Shared) -> bool {
        let Some(published) = shared.published() else {
            return false;
        };
        let (suite, origin) = (shared.network.suite(), shared.network.origin());
        let verified = published.signed.verify(suite, origin, &published.set);
        if !verified.is_ok_and(|verified| verified.quorum_seconds() > self.start_seconds) {
            return false;
        }
        let first = *(self.first).get_or_insert(published.signed.checkpoint.height);
        two_heights_later(first, shared.head().before.height)
    }
}

fn two_heights_later(height_then: u64, height_now: u64) -> bool {
    height_now >= height_then.saturating_add(HEIGHTS_BEFORE_VOTE)
}

fn write(path: &Path, text: &str) -> Result<(), ConfigError> {
    let fail = |error| ConfigError::File {
        path: path.to_owned(),
        error,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    fs::write(path, text).map_err(fail)?;
    sync_folder(path)
}

fn remove(path: &Path) -> Result<(), ConfigError> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ConfigError::File {
            path: path.to_owned(),
            error,
        }),
    }
}

/// A name that came or went is on disk only when its folder is.
fn sync_folder(path: &Path) -> Result<(), ConfigError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| ConfigError::File {
            path: folder.to_owned(),
            error,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn votes(memory: &Memory, fresh: bool) -> bool {
        let log = memory.engine_log().exists().then_some(5);
        memory
            .may_vote(fresh, 4, log)
            .expect("the folder can be used")
            .is_ok()
    }

    #[test]
    fn who_may_have_forgotten_follows() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::new(&folder.path().join("data"));
        memory.found().expect("the folder can be used");
        assert!(votes(&memory, true), "the network begins with it");
        assert!(votes(&memory, false), "killed before its engine began");
        fs::write(memory.engine_log(), "votes").expect("the folder can be used");
        memory.begun().expect("the folder can be used");
        assert!(votes(&memory, false), "an ordinary restart");
        assert!(!votes(&memory, true), "its disk was wiped");
        assert!(
            !votes(&memory, false),
            "and that is not forgotten by another restart"
        );
        memory.regained().expect("the folder can be used");
        assert!(votes(&memory, false));
        let aside = memory
            .rejoin()
            .expect("the folder can be used")
            .expect("there was a log");
        assert!(aside.exists() && !memory.engine_log().exists());
        assert!(!votes(&memory, false), "an operator said so");
        memory.regained().expect("the folder can be used");
        assert!(!votes(&memory, false), "its engine's log is gone");
    }

    #[test]
    fn an_old_store_beside_a_newer_log_follows() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::new(folder.path());
        let votes = |log| {
            memory
                .may_vote(false, 4, Some(log))
                .expect("it can be used")
                .is_ok()
        };
        assert!(votes(4) && votes(5));
        let other = tempfile::tempdir().expect("a folder");
        let older = Memory::new(other.path()).may_vote(false, 4, Some(3));
        assert!(
            older.expect("it can be used").is_err(),
            "a log from before the store"
        );
        assert!(!votes(6), "heights are missing between store and log");
        assert!(!votes(5), "and that is not forgotten by another restart");
    }

    #[test]
    fn a_follower_waits_two_heights() {
        assert!(!two_heights_later(7, 8));
        assert!(two_heights_later(7, 9));
    }
}
