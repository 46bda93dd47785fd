//! The pool: checked statements that wait for a block, and the signatures that were verified.
//!
//! A statement stays until it is executed or its time is over. The pool is bounded in bytes; a full
//! pool refuses, it never throws away what it took. A proposer shares its block among the signers:
//! one statement of each in turn, so that nobody fills it alone.

use hefu_types::block::{BLOCK_OPERATIONS_MAX, STATEMENTS_MAX};
use hefu_types::statement::{CheckedStatement, Statement};
use hefu_types::{KeyId, Millis, StatementId};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The most bytes of statements that wait.
const POOL_BYTES_MAX: usize = 256 * 1024 * 1024;
/// The most bytes of one signer: nobody fills the pool for the others.
const SIGNER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A block of the engine has room for this many bytes of statements beside its header.
pub const BLOCK_STATEMENT_BYTES: usize = 4 * 1024 * 1024 + 512 * 1024;

/// What became of a statement that was offered to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new here.
    New,
    /// It was here already.
    Known,
    /// There is no room.
    Full,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pool {
    statements: HashMap<StatementId, Waiting>,
    by_signer: BTreeMap<KeyId, Queue>,
    bytes: usize,
    /// The place of the next statement in the order of arrival.
    next_place: u64,
}

#[derive(Debug)]
struct Waiting {
    place: u64,
    statement: Arc<CheckedStatement>,
}

/// The statements of one signer in the order of their arrival.
#[derive(Debug, Default)]
struct Queue {
    by_place: BTreeMap<u64, StatementId>,
    bytes: usize,
}

impl Pool {
    /// Takes a checked statement.
    pub fn offer(&mut self, statement: CheckedStatement) -> Taken {
        let id = statement.id();
        if self.statements.contains_key(&id) {
            return Taken::Known;
        }
        let bytes = statement.statement().size_bytes();
        let signer = statement.key_id();
        let of_signer = self.by_signer.get(&signer).map_or(0, |queue| queue.bytes);
        if self.bytes + bytes > POOL_BYTES_MAX || of_signer + bytes > SIGNER_BYTES_MAX {
            return Taken::Full;
        }
        let place = self.next_place;
        self.next_place += 1;
        self.bytes += bytes;
        let queue = self.by_signer.entry(signer).or_default();
        queue.bytes += bytes;
        queue.by_place.insert(place, id);
        let statement = Arc::new(statement);
        self.statements.insert(id, Waiting { place, statement });
        Taken::New
    }

    /// A statement that waits.
    pub fn find(&self, id: &StatementId) -> Option<&Arc<CheckedStatement>> {
        self.statements.get(id).map(|waiting| &waiting.statement)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Statements for a block at a time: one of each signer in turn, within the limits of a block.
    pub fn select(&self, time: Millis) -> Vec<Arc<CheckedStatement>> {
        let queues = self.by_signer.values().map(|queue| queue.by_place.values());
        let mut queues: Vec<_> = queues.collect();
        let mut selected = Vec::new();
        let (mut bytes, mut operations) = (0, 0);
        while !queues.is_empty() && selected.len() < STATEMENTS_MAX {
            queues.retain_mut(|queue| {
                let Some(id) = queue.next() else { return false };
                let Some(statement) = self.find(id) else {
                    return true;
                };
                let size = statement.statement().size_bytes();
                let count = statement.operations().len();
                let fits = selected.len() < STATEMENTS_MAX
                    && bytes + size <= BLOCK_STATEMENT_BYTES
                    && operations + count <= BLOCK_OPERATIONS_MAX;
                let in_time = hefu_state::block::is_in_time(statement.payload().valid_until, time);
                if fits && in_time {
                    bytes += size;
                    operations += count;
                    selected.push(Arc::clone(statement));
                }
                // Who does not fit any more waits for the next block, in his order.
                fits
            });
        }
        selected
    }

    /// Forgets statements.
    pub fn forget(&mut self, ids: impl IntoIterator<Item = StatementId>) {
        for id in ids {
            self.remove(&id);
        }
    }

    /// Forgets what a block executed and what is out of time.
    pub fn executed(&mut self, ids: impl Iterator<Item = StatementId>, time: Millis) {
        self.forget(ids);
        let late: Vec<StatementId> = (self.statements.values())
            .filter(|waiting| waiting.statement.payload().valid_until < time)
            .map(|waiting| waiting.statement.id())
            .collect();
        for id in late {
            self.remove(&id);
        }
    }

    fn remove(&mut self, id: &StatementId) {
        let Some(Waiting { place, statement }) = self.statements.remove(id) else {
            return;
        };
        let bytes = statement.statement().size_bytes();
        self.bytes -= bytes;
        let signer = statement.key_id();
        if let Some(queue) = self.by_signer.get_mut(&signer) {
            queue.bytes -= bytes;
            queue.by_place.remove(&place);
            if queue.by_place.is_empty() {
                self.by_signer.remove(&signer);
            }
        }
    }

    /// All that wait, in the order in which they came, for a peer that connects.
    pub fn all(&self) -> Vec<Statement> {
        let mut waiting: Vec<&Waiting> = self.statements.values().collect();
        waiting.sort_unstable_by_key(|waiting| waiting.place);
        let statement = |waiting: &Waiting| waiting.statement.statement().clone();
        waiting.into_iter().map(statement).collect()
    }
}
