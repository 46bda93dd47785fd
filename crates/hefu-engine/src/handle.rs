//! What the node tells a running engine, and what the engine shows.
//!
//! Both ways are a value that is overwritten, never a queue: telling it the same twice costs
//! nothing, and nobody waits for the other.

use tokio::sync::watch;

/// Where the engine is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The last decided and executed height.
    pub decided: u64,
    /// The height and round that are being voted on; none before the engine is ready.
    pub voting: Option<(u64, u32)>,
    /// An answer is held: the network rests, or publication lags.
    pub holding: bool,
}

/// What was called so far. Counters only say that something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub work_arrived: u64,
    pub published: u64,
    /// The highest height that a peer is known to have begun.
    pub begun: u64,
    pub shutdown: bool,
}

/// Tells a running engine things, from any task, without waiting.
#[derive(Clone, Debug)]
pub struct EngineHandle {
    calls: watch::Sender<Calls>,
    peers: watch::Sender<Option<Vec<String>>>,
    status: watch::Receiver<Status>,
}

/// The engine's half of an [`EngineHandle`], to be given to [`crate::run`].
#[derive(Debug)]
pub struct Signals {
    pub(crate) calls: watch::Receiver<Calls>,
    /// None while those of the configuration are the peers.
    pub(crate) peers: watch::Receiver<Option<Vec<String>>>,
    pub(crate) status: watch::Sender<Status>,
}

/// Makes the two halves.
pub fn engine_handle() -> (EngineHandle, Signals) {
    let (calls, heard) = watch::channel(Calls::default());
    let (peers, named) = watch::channel(None);
    let (status, shown) = watch::channel(Status::default());
    (
        EngineHandle {
            calls,
            peers,
            status: shown,
        },
        Signals {
            calls: heard,
            peers: named,
            status,
        },
    )
}

impl EngineHandle {
    /// The node's own pool holds a statement that it did not hold before.
    pub fn work_arrived(&self) {
        self.calls
            .send_modify(|calls| calls.work_arrived = calls.work_arrived.wrapping_add(1));
    }

    /// A peer says that it begins this height.
    pub fn wake(&self, height: u64) {
        // A lie about a height far ahead would outlive all true calls.
        let height = height.min(self.status.borrow().decided + 2);
        self.calls.send_if_modified(|calls| {
            let news = height > calls.begun;
            calls.begun = calls.begun.max(height);
            news
        });
    }

    /// A peer has decided this height.
    pub fn peer_ahead(&self, height: u64) {
        self.wake(height);
    }

    /// A checkpoint was published.
    pub fn publication_advanced(&self) {
        self.calls
            .send_modify(|calls| calls.published = calls.published.wrapping_add(1));
    }

    /// Names all other nodes from now on, as in [`crate::Config::peers`]. Who is named no more is
    /// disconnected, who is new is dialled and let in.
    pub fn set_peers(&self, peers: Vec<String>) {
        self.peers.send_replace(Some(peers));
    }

    /// Stops the engine; [`crate::run`] returns when it has stopped.
    pub fn shutdown(&self) {
        self.calls.send_modify(|calls| calls.shutdown = true);
    }

    /// Where the engine is; the receiver also waits for changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }
}
