//! What peers say: statements into the pool, cosignatures into the publication, wakes to the engine.

use crate::admission::{admit, Admitted};
use crate::gossip::{Gossip, GossipEvent, Message};
use crate::publication::{Heard, Publication, HEIGHTS_KEPT};
use crate::shared::Shared;
use hefu_engine::EngineHandle;
use hefu_types::statement::Statement;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

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
        while let Some(event) = events.recv().await {
            let statements = self.hear(event);
            if !statements.is_empty() {
                let hearing = self.clone();
                // Signatures take a core's time: not on the task that hears cosignatures.
                tokio::task::spawn_blocking(move || hearing.take(statements));
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

    /// Puts a peer's statements into the pool.
    pub fn take(&self, statements: Vec<Statement>) {
        let mut news = false;
        for statement in statements {
            match admit(&self.shared, statement) {
                Ok(Admitted::Waiting { new, .. }) => news |= new,
                Ok(Admitted::Executed { .. }) => {}
                Err(error) => tracing::debug!(%error, "a peer sent a statement that is not taken"),
            }
        }
        if news {
            self.engine.work_arrived();
        }
    }

    fn publication(&self) -> MutexGuard<'_, Publication> {
        self.publication
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
