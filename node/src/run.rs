//! Running one node: opening the store, starting engine, swarm and servers, and what ends them.

use crate::clock::Clock;
use crate::config::{ConfigError, NodeConfig, NodeKeys};
use crate::cose::CoseSigner;
use crate::disk::{DiskRoom, NoRoom};
use crate::gossip::{self, Gossip, GossipConfig, GossipError, GossipLimits};
use crate::hear::Hearing;
use crate::http::{self, Api};
use crate::ledger::{check_rules, forgot as forgot_votes, Ledger, LedgerFault};
use crate::memory::{Memory, Regaining};
use crate::metrics::Metrics;
use crate::peers::{keys_in_common, peers};
use crate::publication::{CheckpointKeys, Publication};
use crate::room;
use crate::serve::{self, ConnectionLimits};
use crate::shared::Shared;
use crate::start::{start, Started};
use hefu_engine::{engine_handle, EngineError, EngineHandle, Timeouts};
use hefu_store::{Store, StoreFault};
use hefu_types::block::BLOCK_BYTES_MAX;
use hefu_types::PublicKey;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

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
    /// A validator has some of its keys, and not the others.
    #[error(
        "of the four keys in {} the validator {validator} has {common}: put the files of one validator \
         together",
        keys.display()
    )]
    MixedKeys {
        /// The folder of the keys.
        keys: PathBuf,
        /// Who has some of them.
        validator: String,
        /// How many.
        common: usize,
    },
    /// Its disk.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// There is no room left on its disk.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// Its ledger, before the engine began.
    #[error(transparent)]
    Ledger(LedgerFault),
    /// Its swarm.
    #[error(transparent)]
    Gossip(#[from] GossipError),
    /// Its engine or its ledger.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine's own log, which holds the votes that this node must not contradict.
    #[error(
        "the engine's log {} is damaged or cannot be read: {error}; do not delete it: run \
         `hefu-node rejoin`, which moves it aside and lets the node follow until it may vote again",
        path.display()
    )]
    EngineLog {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// An address that cannot be listened on.
    #[error(
        "cannot listen on {address}: {error}; look which program uses it (does this node run \
         already?), or give another address in the configuration"
    )]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
}

impl RunError {
    /// Whether starting the node again does not help: an operator has to act.
    pub fn needs_operator(&self) -> bool {
        match self {
            Self::Config(_) | Self::MixedKeys { .. } | Self::EngineLog { .. } => true,
            Self::Store(fault) => fault.needs_operator(),
            Self::Ledger(fault) => fault.needs_operator(),
            Self::Engine(EngineError::Application(fault)) => fault
                .downcast_ref::<LedgerFault>()
                .is_some_and(LedgerFault::needs_operator),
            Self::Engine(EngineError::Failed | EngineError::Start(_)) => false,
            Self::Engine(_) => true,
            Self::NoRoom(_) | Self::Gossip(_) | Self::Listen { .. } => false,
        }
    }
}

/// How a run ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop.
    Told,
    /// It followed and may vote again: the caller runs it anew.
    MayVote,
    /// It voted and has found that it may have forgotten votes: the caller runs it anew, and it follows.
    MustFollow,
}

/// Runs a node until `stop` is done or something fails.
pub async fn run(config: NodeConfig, stop: impl Future<Output = ()>) -> Result<Ended, RunError> {
    let network = config.network()?;
    let keys = config.keys()?;
    let suite = network.suite();
    let disk = DiskRoom::new(&config.data, config.free_mib_min);
    disk.check()?;
    let opened = Store::open(&store_path(&config), &network)?;
    let memory = Memory::new(&config.data);
    let log_height =
        hefu_engine::wal_height(&memory.engine_log()).map_err(|error| RunError::EngineLog {
            path: memory.engine_log(),
            error,
        })?;
    let may_vote = memory.may_vote(opened.fresh, opened.before.height, log_height)?;
    let votes = may_vote.is_ok();
    if let Err(why) = may_vote {
        tracing::warn!(%why, "this node may have forgotten its votes: it follows");
    }
    tracing::info!(
        node = %config.name, height = opened.before.height,
        state_root = %opened.before.state_root, votes,
        "opened"
    );

    // Whether it is in a set is another question, which each height answers anew.
    let checkpoint_keys = votes.then(|| CheckpointKeys {
        checkpoint: keys.checkpoint.clone(),
        log: keys.log.clone(),
    });
    let Started {
        shared,
        publication,
        frontier,
    } = start(
        network.clone(),
        config.name.clone(),
        opened,
        checkpoint_keys,
        Clock::System,
    )?;
    check_keys(&config, &keys, &shared)?;
    let rules = config.known_rules();
    check_rules(&shared, &rules).map_err(RunError::Ledger)?;
    let memory_mib = config
        .records_memory_mib
        .unwrap_or_else(room::usual_memory_mib);
    let (state_keys, keys_max) = (shared.head().tree.len(), room::keys_within(memory_mib));
    shared.room.limit_to(keys_max);
    tracing::info!(state_keys, keys_max, memory_mib, "memory for records");
    let publication = Arc::new(Mutex::new(publication));

    // From here on no change of the sets is missed.
    let sets = shared.sets();
    let own = keys.peer.public_key();
    let first_peers = peers(&config, &own, &shared);
    for address in [&config.engine_listen, &config.gossip_listen] {
        must_be_free(address)?;
    }
    let (gossip, events) = gossip::spawn(GossipConfig {
        network: network.digest(),
        listen: config.gossip_listen.clone(),
        peer_seed: keys.peer.seed(),
        peers: (first_peers.iter())
            .map(|peer| peer.gossip.clone())
            .collect(),
        limits: GossipLimits::default(),
    })?;
    let (engine, signals) = engine_handle();
    let metrics = Arc::new(Metrics::default());
    let api = Api {
        shared: Arc::clone(&shared),
        gossip: gossip.clone(),
        engine: engine.clone(),
        metrics: Arc::clone(&metrics),
        voter: votes.then(|| keys.consensus.public_key()),
        cose: Arc::new(CoseSigner::new(votes.then(|| keys.log.clone()))),
        submissions: Arc::new(tokio::sync::Semaphore::new(http::SUBMISSIONS_AT_ONCE)),
        intake: Arc::default(),
        catalogue: Arc::default(),
        long_reads: Arc::new(tokio::sync::Semaphore::new(http::LONG_READS_AT_ONCE)),
        known_rules: rules.clone(),
    };
    let public = listen(config.http_listen, http::public(api.clone())).await?;
    let operators = listen(config.operator_listen, http::operators(api)).await?;
    let hearing = Hearing {
        shared: Arc::clone(&shared),
        publication: Arc::clone(&publication),
        gossip: gossip.clone(),
        engine: engine.clone(),
    };
    let hearing = tokio::spawn(hearing.listen(events));

    let following = Following {
        config: config.clone(),
        own,
        shared: Arc::clone(&shared),
        gossip: gossip.clone(),
        engine: engine.clone(),
    };
    let following = tokio::spawn(following.sets(sets));

    let begun = tokio::spawn(begun(engine.status(), memory.clone()));
    let regained = regained(Arc::clone(&shared), votes);
    let mut forgotten = shared.forgotten();
    let runs_out = disk.clone().runs_out(Arc::clone(&metrics));
    let ledger = Ledger::new(shared, Arc::clone(&publication), gossip, metrics, frontier);
    let ledger = ledger.executing(rules);
    let engine_config = hefu_engine::Config {
        moniker: config.name.clone(),
        network: network.digest(),
        suite,
        wal: memory.engine_log(),
        listen: config.engine_listen.clone(),
        peers: first_peers.into_iter().map(|peer| peer.engine).collect(),
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
    let forgets = async { forgotten.wait_for(Option::is_some).await.is_ok() };
    tokio::pin!(running, stop, regained, runs_out, forgets);
    let mut why = Ok(Ended::Told);
    let mut told = false;
    let ended = tokio::select! {
        ended = &mut running => ended,
        full = &mut runs_out => {
            why = Err(RunError::NoRoom(full));
            engine.shutdown();
            running.await
        }
        () = &mut stop => {
            told = true;
            engine.shutdown();
            running.await
        }
        true = &mut forgets => {
            // At once: each vote from here on may contradict one that is forgotten.
            engine.shutdown();
            running.await
        }
        () = &mut regained => {
            memory.regained()?;
            why = Ok(Ended::MayVote);
            engine.shutdown();
            running.await
        }
    };
    for task in [public, operators, hearing, following, begun] {
        task.abort();
    }
    let forgot = lock(&publication).forgot();
    if let Some(height) = forgot {
        let why = forgot_votes(height);
        tracing::warn!(%why, "this node stops voting and follows");
        memory.forget(&why)?;
        if !told {
            return Ok(Ended::MustFollow);
        }
    }
    match ended {
        Ok(()) => why,
        // The engine takes a write of its log that failed for a loss of memory. Nothing is sent before
        // it is in the log, and the log is checked at the next start: with a full disk that is enough.
        Err(error) => Err(match disk.is_why() {
            Some(full) => RunError::NoRoom(full),
            None => RunError::Engine(error),
        }),
    }
}

fn lock(publication: &Mutex<Publication>) -> MutexGuard<'_, Publication> {
    publication.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Ends when a follower may vote again. Never, for a node that votes.
async fn regained(shared: Arc<Shared>, votes: bool) {
    if votes {
        return std::future::pending().await;
    }
    let mut publications = shared.publications();
    let mut regaining = Regaining::new(shared.clock.now());
    loop {
        publications.borrow_and_update();
        if regaining.has_regained(&shared) {
            return;
        }
        if publications.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Says what the node is in the sets, and refuses keys that are of several validators.
fn check_keys(config: &NodeConfig, keys: &NodeKeys, shared: &Shared) -> Result<(), RunError> {
    let head = shared.head();
    let waiting = head.waiting.iter().flat_map(|set| &set.validators);
    for validator in head.set.validators.iter().chain(waiting) {
        match keys_in_common(validator, keys) {
            0 => {}
            4 => return Ok(()),
            common => {
                return Err(RunError::MixedKeys {
                    keys: config.keys.clone(),
                    validator: validator.name.clone(),
                    common,
                })
            }
        }
    }
    tracing::info!(
        epoch = head.set.epoch,
        "the keys of this node are in no validator set now: it follows"
    );
    Ok(())
}

/// What follows the validator sets while the node runs: both swarms' peers.
struct Following {
    config: NodeConfig,
    own: PublicKey,
    shared: Arc<Shared>,
    gossip: Gossip,
    engine: EngineHandle,
}

impl Following {
    async fn sets(self, mut sets: watch::Receiver<(u64, bool)>) {
        while sets.changed().await.is_ok() {
            let (epoch, waits) = *sets.borrow_and_update();
            let peers = peers(&self.config, &self.own, &self.shared);
            tracing::info!(
                epoch,
                waits,
                peers = peers.len(),
                "the validator sets changed"
            );
            let gossip: Vec<_> = peers.iter().map(|peer| peer.gossip.clone()).collect();
            if let Err(error) = self.gossip.set_peers(&gossip) {
                tracing::error!(%error, "the peers stay as they were");
            }
            let engine = peers.into_iter().map(|peer| peer.engine);
            self.engine.set_peers(engine.collect());
        }
    }
}

/// libp2p shares a port with whoever listens on it already, and each would get a part of the
/// connections. An address that is none, libp2p itself refuses.
fn must_be_free(multiaddr: &str) -> Result<(), RunError> {
    let parts: Vec<&str> = multiaddr.split('/').collect();
    let ["", "ip4" | "ip6", ip, "tcp", port] = parts[..] else {
        return Ok(());
    };
    let (Ok(ip), Ok(port)) = (ip.parse(), port.parse()) else {
        return Ok(());
    };
    let address = std::net::SocketAddr::new(ip, port);
    match std::net::TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) => Err(RunError::Listen { address, error }),
    }
}

async fn listen(
    address: std::net::SocketAddr,
    router: axum::Router,
) -> Result<tokio::task::JoinHandle<()>, RunError> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| RunError::Listen { address, error })?;
    Ok(tokio::spawn(serve::serve(
        listener,
        router,
        ConnectionLimits::default(),
    )))
}

/// Where a configuration's data stands, for commands that look at a stopped node.
pub fn store_path(config: &NodeConfig) -> PathBuf {
    config.data.join("store")
}
