//! Running one node: opening the store, starting engine, swarm and servers, and what ends them.

use crate::admission::{admit, Admitted};
use crate::config::{ConfigError, NodeConfig};
use crate::gossip::{
    self, Gossip, GossipConfig, GossipError, GossipEvent, GossipLimits, GossipPeer, Message,
};
use crate::http::{self, Api};
use crate::ledger::Ledger;
use crate::memory::{has_regained, Memory};
use crate::metrics::Metrics;
use crate::publication::{CheckpointKeys, Heard, Publication, HEIGHTS_KEPT};
use crate::shared::{now, unreadable, Head, Published, Shared};
use hefu_engine::{engine_handle, EngineError, EngineHandle, Timeouts};
use hefu_store::columns::Column;
use hefu_store::{Opened, Store, StoreFault};
use hefu_types::block::BLOCK_BYTES_MAX;
use hefu_types::key;
use hefu_types::leaf::{Leaf, SetCurrentLeaf, SetLeaf};
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Blocks travel in parts of this length.
const PART_BYTES: usize = 128 * 1024;
/// The longest part that is taken from others.
const PART_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why a node ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is not a validator of its genesis, or its keys are not those of genesis.
    #[error("{0}")]
    NotInSet(String),
    /// Its disk.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// Its swarm.
    #[error(transparent)]
    Gossip(#[from] GossipError),
    /// Its engine or its ledger.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine's own log, which holds the votes that this node must not contradict.
    #[error(
        "the engine's log {} cannot be read: {error}; do not delete it: run `hefu-node rejoin`, \
         which moves it aside and lets the node follow until it may vote again", path.display()
    )]
    EngineLog {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
}

/// How a run ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop.
    Told,
    /// It followed and may vote again: the caller runs it anew.
    MayVote,
}

/// Runs a node until `stop` is done or something fails.
pub async fn run(config: NodeConfig, stop: impl Future<Output = ()>) -> Result<Ended, RunError> {
    let network = config.network()?;
    let keys = config.keys()?;
    let suite = network.suite();
    let Opened {
        store,
        tree,
        frontier,
        before,
        head_was_empty_block,
        fresh,
    } = Store::open(&config.data.join("store"), &network)?;
    let set = current_set(&store, suite)?;
    let position = set.validators.iter().position(|validator| {
        validator.name == config.name
            && validator.consensus_key == keys.consensus.public_key()
            && validator.checkpoint_key == keys.checkpoint.public_key()
            && validator.log_key == keys.log.public_key()
            && validator.peer_key == keys.peer.public_key()
    });
    let Some(position) = position else {
        return Err(RunError::NotInSet(format!(
            "{} with the keys in {} is not a validator of {}; check name, keys and genesis",
            config.name,
            config.keys.display(),
            config.genesis.display()
        )));
    };
    let memory = Memory::new(&config.data);
    let log_height =
        hefu_engine::wal_height(&memory.engine_log()).map_err(|error| RunError::EngineLog {
            path: memory.engine_log(),
            error,
        })?;
    let may_vote = memory.may_vote(fresh, before.height, log_height)?;
    let votes = may_vote.is_ok();
    if let Err(why) = may_vote {
        tracing::warn!(%why, "this node may have forgotten its votes: it follows");
    }
    let set = Arc::new(set);
    tracing::info!(
        node = %config.name, height = before.height, state_root = %before.state_root, votes,
        "opened"
    );

    let head = Head {
        before,
        tree,
        set: Arc::clone(&set),
        was_empty: head_was_empty_block,
    };
    let shared = Arc::new(Shared::new(
        network.clone(),
        config.name.clone(),
        store,
        head,
    ));
    let checkpoint_keys = votes.then(|| CheckpointKeys {
        member: u16::try_from(position).expect("a set has at most 256 members"),
        checkpoint: keys.checkpoint.clone(),
        log: keys.log.clone(),
    });
    let mut publication = Publication::new(Arc::clone(&shared), checkpoint_keys)?;
    recall(&shared, &mut publication)?;
    let publication = Arc::new(Mutex::new(publication));

    let peers = peers(&config, &set)?;
    let (gossip, events) = gossip::spawn(GossipConfig {
        network: network.digest(),
        listen: config.gossip_listen.clone(),
        peer_seed: keys.peer.seed(),
        peers: peers.iter().map(|peer| peer.gossip.clone()).collect(),
        limits: GossipLimits::default(),
    })?;
    let (engine, signals) = engine_handle();
    let metrics = Arc::new(Metrics::default());
    let api = Api {
        shared: Arc::clone(&shared),
        gossip: gossip.clone(),
        engine: engine.clone(),
        metrics: Arc::clone(&metrics),
        votes,
        submissions: Arc::new(tokio::sync::Semaphore::new(http::SUBMISSIONS_AT_ONCE)),
    };
    let public = serve(config.http_listen, http::public(api.clone())).await?;
    let operators = serve(config.operator_listen, http::operators(api)).await?;
    let hearing = tokio::spawn(hear(
        Arc::clone(&shared),
        Arc::clone(&publication),
        gossip.clone(),
        engine.clone(),
        events,
    ));

    let begun = tokio::spawn(begun(engine.status(), memory.clone()));
    let regained = regained(Arc::clone(&shared), votes);
    let ledger = Ledger::new(shared, publication, gossip, metrics, frontier);
    let engine_config = hefu_engine::Config {
        moniker: config.name.clone(),
        network: network.digest(),
        suite,
        wal: memory.engine_log(),
        listen: config.engine_listen.clone(),
        peers: peers.into_iter().map(|peer| peer.engine).collect(),
        peer_seed: keys.peer.seed(),
        consensus_key: keys.consensus,
        votes,
        timeouts: Timeouts {
            propose: Duration::from_millis(config.propose_timeout_ms),
            vote: Duration::from_millis(config.vote_timeout_ms),
            ..Timeouts::default()
        },
        heartbeat: Duration::from_millis(network.genesis().heartbeat_ms),
        part_bytes: PART_BYTES,
        part_bytes_max: PART_BYTES_MAX,
        block_bytes_max: BLOCK_BYTES_MAX,
    };
    let running = hefu_engine::run(engine_config, ledger, signals);
    tokio::pin!(running, stop, regained);
    let mut why = Ended::Told;
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = &mut stop => {
            engine.shutdown();
            running.await
        }
        () = &mut regained => {
            memory.regained()?;
            why = Ended::MayVote;
            engine.shutdown();
            running.await
        }
    };
    for task in [public, operators, hearing, begun] {
        task.abort();
    }
    ended?;
    Ok(why)
}

/// With the first decided block the votes before it are in the engine's log: from then on an empty
/// store is a loss of memory.
async fn begun(mut status: watch::Receiver<hefu_engine::Status>, memory: Memory) {
    if status.wait_for(|status| status.decided > 0).await.is_ok() {
        if let Err(error) = memory.begun() {
            tracing::error!(%error, "the mark of a founding node could not be removed");
        }
    }
}

/// Ends when a follower may vote again: two heights after the first checkpoint whose quorum time is
/// later than this start. Never, for a node that votes.
async fn regained(shared: Arc<Shared>, votes: bool) {
    if votes {
        return std::future::pending().await;
    }
    let start_seconds = now().0 / 1000;
    let mut publications = shared.publications();
    let mut first = None;
    loop {
        let published = publications.borrow_and_update().clone();
        if let Some(published) = published {
            let (suite, origin) = (shared.network.suite(), shared.network.origin());
            let verified = published.signed.verify(suite, origin, &published.set);
            let later = verified.is_ok_and(|verified| verified.quorum_seconds() > start_seconds);
            let height = published.signed.checkpoint.height;
            if later {
                let first = *first.get_or_insert(height);
                if has_regained(first, shared.head().before.height) {
                    return;
                }
            }
        }
        if publications.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

fn current_set(store: &Store, suite: hefu_types::Suite) -> Result<SetLeaf, StoreFault> {
    fn leaf<L: Leaf>(store: &Store, key: &hefu_types::StateKey) -> Result<L, StoreFault> {
        let bytes = store.load(key)?;
        let missing = || unreadable(Column::Leaves, key, "it is missing");
        let bytes = bytes.ok_or_else(missing)?;
        L::from_bytes(&bytes).map_err(|e| unreadable(Column::Leaves, key, e))
    }
    let current: SetCurrentLeaf = leaf(store, &key::set_current(suite))?;
    leaf(store, &key::set(suite, current.epoch))
}

/// After a start the block before the last is cosigned anew, because the last names its roots. At
/// genesis there is no block yet: its checkpoint is confirmed by the first.
fn recall(shared: &Shared, publication: &mut Publication) -> Result<(), StoreFault> {
    let head = shared.head();
    let height = head.before.height;
    let reach = |publication: &mut Publication, height, tree| -> Result<(), StoreFault> {
        if let Some(checkpoint) = shared.store.checkpoint(height)? {
            publication.reached(checkpoint, tree, Arc::clone(&head.set));
        }
        Ok(())
    };
    if let Some(before_last) = height.checked_sub(1) {
        let tree = shared.store.tree_before(&head.tree, height)?;
        reach(publication, before_last, tree)?;
        publication.confirmed(before_last)?;
    }
    reach(publication, height, head.tree.clone())?;
    serve_last_published(shared, &head)
}

/// What was published before the stop is served again at once: it holds for its time, and readers
/// judge its age. It lies a few heights below the head, whose trees lead back to it.
fn serve_last_published(shared: &Shared, head: &Head) -> Result<(), StoreFault> {
    let Some(signed) = shared.store.published()? else {
        return Ok(());
    };
    let published = signed.checkpoint.height;
    let of_set = signed.checkpoint.epoch == head.set.epoch;
    if !of_set || published > head.before.height || published + HEIGHTS_KEPT < head.before.height {
        return Ok(());
    }
    let mut tree = head.tree.clone();
    for height in (published + 1..=head.before.height).rev() {
        tree = shared.store.tree_before(&tree, height)?;
    }
    // A power loss may have taken blocks that were decided, never the root that was cosigned.
    if tree.root() == signed.checkpoint.state_root {
        let set = Arc::clone(&head.set);
        shared.set_published(Published { signed, tree, set });
    }
    Ok(())
}

/// The libp2p id of a validator's peer key. A key of genesis was checked to be one.
fn peer_id(key: &hefu_types::PublicKey) -> libp2p::PeerId {
    let key = libp2p::identity::ed25519::PublicKey::try_from_bytes(key.as_bytes())
        .expect("genesis holds only valid keys");
    libp2p::identity::PublicKey::from(key).to_peer_id()
}

struct Peer {
    engine: String,
    gossip: GossipPeer,
}

fn peers(config: &NodeConfig, set: &SetLeaf) -> Result<Vec<Peer>, RunError> {
    let of = |peer: &crate::config::PeerConfig| {
        let validator = set.validators.iter().find(|v| v.name == peer.name);
        let validator = validator.ok_or_else(|| {
            RunError::NotInSet(format!(
                "the peer {} is not a validator of genesis",
                peer.name
            ))
        })?;
        let id = peer_id(&validator.peer_key);
        Ok(Peer {
            engine: format!("{}/p2p/{id}", peer.engine),
            gossip: GossipPeer {
                name: peer.name.clone(),
                key: validator.peer_key,
                address: Some(peer.gossip.clone()),
            },
        })
    };
    config.peers.iter().map(of).collect()
}

async fn serve(
    address: std::net::SocketAddr,
    router: axum::Router,
) -> Result<tokio::task::JoinHandle<()>, RunError> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| RunError::Listen { address, error })?;
    Ok(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, %address, "a server ended");
        }
    }))
}

/// What peers say: statements into the pool, cosignatures into the publication, wakes to the engine.
async fn hear(
    shared: Arc<Shared>,
    publication: Arc<Mutex<Publication>>,
    gossip: Gossip,
    engine: EngineHandle,
    mut events: mpsc::Receiver<GossipEvent>,
) {
    while let Some(event) = events.recv().await {
        let (from, message) = match event {
            GossipEvent::Message { from, message } => (from, message),
            GossipEvent::PeerConnected(peer) => {
                let head = shared.head().before.height;
                let since = head.saturating_sub(HEIGHTS_KEPT);
                gossip.send(&peer, Message::CosignaturesSince(since));
                let known = lock(&publication).since(since);
                gossip.send(&peer, Message::Cosignatures(known));
                for statement in shared.pool().all() {
                    gossip.send_statement(&peer, &statement);
                }
                continue;
            }
            GossipEvent::PeerDisconnected(_) => continue,
        };
        match message {
            Message::Statements(statements) => {
                let shared = Arc::clone(&shared);
                let engine = engine.clone();
                // Signatures take a core's time: not on the task that hears cosignatures.
                tokio::task::spawn_blocking(move || take(&shared, &engine, statements));
            }
            Message::Cosignature(cosignature) => {
                // Who cosigns a height has seen the next one decided.
                if cosignature.height > shared.head().before.height {
                    engine.peer_ahead(cosignature.height.saturating_add(1));
                }
                if lock(&publication).hear(&from, cosignature) == Heard::Published {
                    engine.publication_advanced();
                }
            }
            Message::Cosignatures(cosignatures) => {
                let mut published = false;
                for cosignature in cosignatures {
                    // The lock is taken anew for each: the ledger waits for one check at most.
                    match lock(&publication).hear(&from, cosignature) {
                        Heard::Published => published = true,
                        Heard::Nothing => {}
                        Heard::Forged => break,
                    }
                }
                if published {
                    engine.publication_advanced();
                }
            }
            Message::CosignaturesSince(height) => {
                let known = lock(&publication).since(height);
                gossip.send(&from, Message::Cosignatures(known));
            }
            Message::Wake(height) => engine.wake(height),
        }
    }
}

fn take(shared: &Shared, engine: &EngineHandle, statements: Vec<hefu_types::statement::Statement>) {
    let mut news = false;
    for statement in statements {
        match admit(shared, statement) {
            Ok(Admitted::Waiting { new, .. }) => news |= new,
            Ok(Admitted::Executed { .. }) => {}
            Err(error) => tracing::debug!(%error, "a peer sent a statement that is not taken"),
        }
    }
    if news {
        engine.work_arrived();
    }
}

fn lock(publication: &Mutex<Publication>) -> std::sync::MutexGuard<'_, Publication> {
    publication.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a configuration's data stands, for commands that look at a stopped node.
pub fn store_path(config: &NodeConfig) -> PathBuf {
    config.data.join("store")
}
