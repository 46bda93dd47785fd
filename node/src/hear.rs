//! What peers say: statements into the pool, cosignatures into the publication, wakes to the engine.

use crate::admission::{admit_of_peer, AdmissionError, Admitted};
use crate::gossip::{Gossip, GossipEvent, Message};
use crate::publication::{Heard, Publication, HEIGHTS_KEPT};
use crate::quota::Quota;
use crate::shared::Shared;
use hefu_engine::EngineHandle;
use hefu_types::statement::Statement;
use hefu_types::PublicKey;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// A peer that sent more forged statements than this is shut out: an honest one checks what it sends on.
const FORGED_MAX: u32 = 16;
/// The most bytes of statements of one peer that wait to be checked: as many as its queue holds.
const WAITING_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What of a peer's statements was in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InVain {
    /// How many were not for this network, or not signed by whom they name.
    pub forged: u32,
    /// How long checking those took that are not new in the pool.
    pub time: Duration,
}

/// Who listens to the peers, and whom it tells.
#[derive(Clone)]
pub struct Hearing {
    /// Snapshots, store and pool.
    pub shared: Arc<Shared>,
    /// Where cosignatures go.
    pub publication: Arc<Mutex<Publication>>,
    /// Where answers go.
    pub gossip: Gossip,
    /// Who is told of work, wakes and publications.
    pub engine: EngineHandle,
}

impl Hearing {
    /// Listens until the swarm ends.
    pub async fn listen(self, mut events: mpsc::Receiver<GossipEvent>) {
        let mut checkers: HashMap<PublicKey, Checker> = HashMap::new();
        while let Some(event) = events.recv().await {
            let from = match &event {
                GossipEvent::Message { from, .. } => Some(*from),
                _ => None,
            };
            let statements = self.hear(event);
            if let (Some(from), false) = (from, statements.is_empty()) {
                // Signatures take a core's time: not on the task that hears cosignatures.
                let checker = checkers.entry(from);
                checker
                    .or_insert_with(|| Checker::start(self.clone(), from))
                    .offer(statements);
            }
        }
    }

    /// Handles an event. What is returned is to be [taken](Self::take), where that may last.
    pub fn hear(&self, event: GossipEvent) -> Vec<Statement> {
        let (from, message) = match event {
            GossipEvent::Message { from, message } => (from, message),
            GossipEvent::PeerConnected(peer) => {
                let head = self.shared.head().before.height;
                let since = head.saturating_sub(HEIGHTS_KEPT);
                self.gossip.send(&peer, Message::CosignaturesSince(since));
                let known = self.publication().since(since);
                self.gossip.send(&peer, Message::Cosignatures(known));
                for statement in self.shared.pool().all() {
                    self.gossip.send_statement(&peer, &statement);
                }
                return Vec::new();
            }
            GossipEvent::PeerDisconnected(_) => return Vec::new(),
        };
        match message {
            Message::Statements(statements) => return statements,
            Message::Cosignature(cosignature) => {
                // Who cosigns a height has seen the next one decided.
                if cosignature.height > self.shared.head().before.height {
                    self.engine.peer_ahead(cosignature.height.saturating_add(1));
                }
                if self.publication().hear(&from, cosignature) == Heard::Published {
                    self.engine.publication_advanced();
                }
            }
            Message::Cosignatures(cosignatures) => {
                let mut published = false;
                for cosignature in cosignatures {
                    // The lock is taken anew for each: the ledger waits for one check at most.
                    match self.publication().hear(&from, cosignature) {
                        Heard::Published => published = true,
                        Heard::Nothing => {}
                        Heard::Forged => break,
                    }
                }
                if published {
                    self.engine.publication_advanced();
                }
            }
            Message::CosignaturesSince(height) => {
                let known = self.publication().since(height);
                self.gossip.send(&from, Message::Cosignatures(known));
            }
            Message::Wake(height) => self.engine.wake(height),
        }
        Vec::new()
    }

    /// Puts a peer's statements into the pool. Tells what of it was in vain.
    pub fn take(&self, statements: Vec<Statement>) -> InVain {
        let mut news = false;
        let mut in_vain = InVain::default();
        for statement in statements {
            let begun = Instant::now();
            match admit_of_peer(&self.shared, statement) {
                Ok(Admitted::Waiting { new: true, .. }) => {
                    news = true;
                    continue;
                }
                Ok(Admitted::Waiting { .. } | Admitted::Executed { .. }) => {}
                Err(error) => {
                    tracing::debug!(%error, "a peer sent a statement that is not taken");
                    let forged = matches!(
                        error,
                        AdmissionError::Statement(_) | AdmissionError::BadSignature
                    );
                    in_vain.forged += u32::from(forged);
                    if in_vain.forged > FORGED_MAX {
                        break;
                    }
                }
            }
            in_vain.time += begun.elapsed();
        }
        if news {
            self.engine.work_arrived();
        }
        in_vain
    }

    fn publication(&self) -> MutexGuard<'_, Publication> {
        self.publication
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks the statements of one peer, one message after the other: so a peer takes one core at most, and
/// what waits is bounded. What finds no room is dropped; whoever sent it has it still, and proposes it.
struct Checker {
    queue: mpsc::UnboundedSender<Vec<Statement>>,
    waiting_bytes: Arc<AtomicUsize>,
}

impl Checker {
    fn start(hearing: Hearing, from: PublicKey) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let checker = Self {
            queue,
            waiting_bytes: Arc::clone(&waiting_bytes),
        };
        tokio::spawn(check(hearing, from, waiting, waiting_bytes));
        checker
    }

    fn offer(&self, statements: Vec<Statement>) {
        let bytes = bytes_of(&statements);
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > WAITING_BYTES_MAX {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            tracing::debug!(bytes, "a peer sends faster than its statements are checked");
            return;
        }
        // It fails when the node stops.
        let _ = self.queue.send(statements);
    }
}

async fn check(
    hearing: Hearing,
    from: PublicKey,
    mut waiting: mpsc::UnboundedReceiver<Vec<Statement>>,
    waiting_bytes: Arc<AtomicUsize>,
) {
    let quota = Quota::default();
    let mut forged = 0;
    while let Some(statements) = waiting.recv().await {
        waiting_bytes.fetch_sub(bytes_of(&statements), Ordering::Relaxed);
        if quota.is_spent(&()) {
            continue;
        }
        let taking = hearing.clone();
        let taken = tokio::task::spawn_blocking(move || taking.take(statements));
        let Ok(in_vain) = taken.await else { continue };
        quota.charge((), in_vain.time);
        forged += in_vain.forged;
        if forged > FORGED_MAX {
            tracing::warn!(peer = %from, "shut out for a while: it sends forged statements");
            forged = 0;
            hearing.gossip.shut_out(&from);
        }
    }
}

/// In memory an operation of no bytes is one of some.
fn bytes_of(statements: &[Statement]) -> usize {
    let of = |statement: &Statement| statement.size_bytes() + 32 * statement.operation_count() + 64;
    statements.iter().map(of).sum()
}
