//! Four engines in one process, on loopback, with a ledger in memory: they agree, rest, wake, and
//! take one of them back after it was away.

use arc_malachitebft_app::wal::Log;
use bytes::Bytes;
use hefu_engine::{
    engine_handle, peer_id, run, Application, Config, EngineError, EngineHandle, Evidence,
    Judgement, KeptProposal, Status, Timeouts, Voter,
};
use hefu_types::block::block_id;
use hefu_types::suite::SecretKey;
use hefu_types::{BlockId, NetworkDigest, Suite};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const SUITE: Suite = Suite::Sha256Ed25519;
const NODES: usize = 4;
const ITEMS_PER_BLOCK: usize = 16;
/// Whatever is waited for comes before this, also on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// What survives a restart: the disk of a node.
#[derive(Default)]
struct Disk {
    chain: Vec<(Bytes, Bytes)>,
    kept: BTreeMap<(u64, u32, BlockId), KeptProposal>,
    done: BTreeSet<u64>,
    pool: BTreeSet<u64>,
    last_was_empty: bool,
}

impl Disk {
    fn tip(&self) -> BlockId {
        block_id(
            SUITE,
            self.chain.last().map_or(b"genesis", |(block, _)| block),
        )
    }
}

/// A ledger of numbers: a block is the id of the one before, and numbers that were not there yet.
struct Ledger {
    disk: Arc<Mutex<Disk>>,
    voters: Vec<Voter>,
    others: Arc<Mutex<Vec<EngineHandle>>>,
}

impl Ledger {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk
            .lock()
            .expect("no test panics while it holds the disk")
    }
}

fn items(block: &[u8]) -> Option<BTreeSet<u64>> {
    let (numbers, rest) = block.get(32..)?.as_chunks::<8>();
    rest.is_empty().then(|| {
        numbers
            .iter()
            .map(|number| u64::from_be_bytes(*number))
            .collect()
    })
}

impl Application for Ledger {
    type Fault = Infallible;

    fn height(&self) -> u64 {
        self.disk().chain.len() as u64
    }

    fn validators(&self, height: u64) -> Vec<Voter> {
        assert!(
            height <= self.height() + 1,
            "validators of a height that is not known yet"
        );
        self.voters.clone()
    }

    fn epoch(&self, _: u64) -> u64 {
        0
    }

    fn propose(&mut self, height: u64, _: u32) -> Result<Bytes, Infallible> {
        assert_eq!(height, self.height() + 1);
        let disk = self.disk();
        let mut block = disk.tip().0.to_vec();
        for item in disk.pool.iter().take(ITEMS_PER_BLOCK) {
            block.extend_from_slice(&item.to_be_bytes());
        }
        Ok(block.into())
    }

    fn judge(&mut self, height: u64, block: &Bytes, _: bool) -> Result<Judgement, Infallible> {
        assert_eq!(height, self.height() + 1);
        let disk = self.disk();
        let Some(items) = items(block) else {
            return Ok(Judgement::Invalid("malformed".into()));
        };
        if block[..32] != disk.tip().0 {
            return Ok(Judgement::Unsure("another block before".into()));
        }
        if items.iter().any(|item| disk.done.contains(item)) {
            return Ok(Judgement::Invalid("an item twice".into()));
        }
        Ok(Judgement::Valid)
    }

    fn keep(&mut self, proposal: &KeptProposal) -> Result<(), Infallible> {
        let key = (proposal.height, proposal.round, proposal.block_id);
        let bytes = proposal.encode();
        let kept = KeptProposal::decode(&bytes, 1 << 20).expect("what was encoded is read");
        let before = self.disk().kept.insert(key, kept);
        assert!(before.is_none(), "kept twice");
        Ok(())
    }

    fn kept(&self) -> Result<Vec<KeptProposal>, Infallible> {
        let disk = self.disk();
        let height = disk.chain.len() as u64;
        Ok(disk
            .kept
            .values()
            .filter(|kept| kept.height > height)
            .cloned()
            .collect())
    }

    fn decided(&mut self, height: u64, block: Bytes, certificate: Bytes) -> Result<(), Infallible> {
        assert_eq!(height, self.height() + 1, "blocks are decided in order");
        let mut disk = self.disk();
        let items = items(&block).expect("a valid block was decided");
        disk.last_was_empty = items.is_empty();
        for item in items {
            disk.pool.remove(&item);
            assert!(disk.done.insert(item), "a valid block was decided");
        }
        disk.chain.push((block, certificate));
        disk.kept.retain(|(of, _, _), _| *of > height);
        Ok(())
    }

    fn decided_block(&self, height: u64) -> Result<Option<(Bytes, Bytes)>, Infallible> {
        let at = height
            .checked_sub(1)
            .and_then(|at| usize::try_from(at).ok());
        Ok(at.and_then(|at| self.disk().chain.get(at).cloned()))
    }

    fn last_block_was_empty(&self) -> bool {
        self.disk().last_was_empty
    }

    fn has_work(&self) -> bool {
        !self.disk().pool.is_empty()
    }

    fn heights_ahead_of_publication(&self) -> u64 {
        0
    }

    fn announce_wake(&mut self, height: u64) {
        for other in self.others.lock().expect("not poisoned").iter() {
            other.wake(height);
        }
    }

    fn evidence(&mut self, evidence: Evidence) {
        panic!("nobody equivocates here: {evidence:?}");
    }
}

fn secret(node: usize) -> SecretKey {
    SecretKey::from_seed(SUITE, &[node as u8 + 1; 32])
}

fn peer_seed(node: usize) -> [u8; 32] {
    [node as u8 + 101; 32]
}

fn config(node: usize, ports: &[u16], wal: &Path) -> Config {
    let address = |of: usize| format!("/ip4/127.0.0.1/tcp/{}", ports[of]);
    let peer = |of: usize| {
        format!(
            "{}/p2p/{}",
            address(of),
            peer_id(&peer_seed(of)).expect("a seed is a key")
        )
    };
    Config {
        moniker: format!("node{node}"),
        network: NetworkDigest([7; 32]),
        suite: SUITE,
        wal: wal.to_owned(),
        listen: address(node),
        peers: (0..NODES).filter(|of| *of != node).map(peer).collect(),
        peer_seed: peer_seed(node),
        consensus_key: secret(node),
        votes: true,
        timeouts: Timeouts {
            propose: Duration::from_millis(1_000),
            vote: Duration::from_millis(500),
            growth: Duration::from_millis(200),
            max: Duration::from_secs(5),
        },
        // Longer than the test: nothing begins by itself.
        heartbeat: 2 * DEADLINE,
        part_bytes: 64,
        part_bytes_max: 4096,
        block_bytes_max: 64 * 1024,
    }
}

/// A node, running or not.
struct Node {
    config: Config,
    disk: Arc<Mutex<Disk>>,
    others: Arc<Mutex<Vec<EngineHandle>>>,
    handle: EngineHandle,
    status: watch::Receiver<Status>,
    running: JoinHandle<Result<(), EngineError>>,
}

impl Node {
    fn start(config: Config, disk: Arc<Mutex<Disk>>, voters: Vec<Voter>) -> Self {
        let (handle, signals) = engine_handle();
        let others = Arc::new(Mutex::new(Vec::new()));
        let ledger = Ledger {
            disk: disk.clone(),
            voters,
            others: others.clone(),
        };
        let running = tokio::spawn(run(config.clone(), ledger, signals));
        let status = handle.status();
        Self {
            config,
            disk,
            others,
            handle,
            status,
            running,
        }
    }

    async fn stop(self) -> (Config, Arc<Mutex<Disk>>) {
        self.handle.shutdown();
        let outcome = within("shutdown", self.running)
            .await
            .expect("the engine does not panic");
        outcome.expect("an engine that is shut down has not failed");
        (self.config, self.disk)
    }

    fn submit(&self, items: impl IntoIterator<Item = u64>) {
        self.disk.lock().expect("not poisoned").pool.extend(items);
        self.handle.work_arrived();
    }

    async fn done(&self, items: impl IntoIterator<Item = u64>) {
        let (items, disk): (BTreeSet<u64>, _) = (items.into_iter().collect(), self.disk.clone());
        let done = |_: &Status| disk.lock().expect("not poisoned").done.is_superset(&items);
        self.wait(&format!("items at {}", self.config.moniker), done)
            .await;
    }

    async fn wait(&self, what: &str, until: impl FnMut(&Status) -> bool) {
        let mut status = self.status.clone();
        let seen = within(what, status.wait_for(until)).await;
        seen.expect("the engine runs as long as it is waited for");
    }

    fn blocks(&self) -> Vec<Bytes> {
        let disk = self.disk.lock().expect("not poisoned");
        disk.chain.iter().map(|(block, _)| block.clone()).collect()
    }
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what} did not happen within {DEADLINE:?}"),
    }
}

/// Lets every node hear of the wakes of all others.
fn introduce(nodes: &[Node]) {
    for (at, node) in nodes.iter().enumerate() {
        let others = nodes.iter().enumerate().filter(|(other, _)| *other != at);
        *node.others.lock().expect("not poisoned") =
            others.map(|(_, other)| other.handle.clone()).collect();
    }
}

#[track_caller]
fn assert_same_blocks(nodes: &[Node]) -> usize {
    let blocks = nodes[0].blocks();
    for node in &nodes[1..] {
        assert!(
            node.blocks() == blocks,
            "{} has other blocks",
            node.config.moniker
        );
    }
    blocks.len()
}

async fn all_rest(nodes: &[Node]) -> usize {
    for node in nodes {
        node.wait("rest", |status| status.holding).await;
    }
    assert_same_blocks(nodes)
}

fn voters() -> Vec<Voter> {
    let voter = |node: usize| Voter {
        name: format!("node{node}"),
        consensus_key: secret(node).public_key(),
    };
    (0..NODES).map(voter).collect()
}

fn free_ports() -> Vec<u16> {
    let bind = |_| TcpListener::bind("127.0.0.1:0").expect("a port");
    let listeners: Vec<_> = (0..NODES).map(bind).collect();
    listeners
        .iter()
        .map(|listener| listener.local_addr().expect("bound").port())
        .collect()
}

/// `RUST_LOG=hefu_engine=debug` shows what the engines do.
fn show_log() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_test_writer();
    // One subscriber serves all tests of this program.
    let _ = log.try_init();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_engines_agree_rest_wake_and_catch_up() {
    show_log();
    let directory = tempfile::tempdir().expect("a directory");
    let (ports, voters) = (free_ports(), voters());
    let start = |node: usize| {
        let wal = directory.path().join(node.to_string()).join("wal");
        Node::start(config(node, &ports, &wal), Arc::default(), voters.clone())
    };
    let mut nodes: Vec<_> = (0..NODES).map(start).collect();
    introduce(&nodes);

    // They agree on the first block, and on those of one third of a thousand numbers.
    for node in &nodes {
        node.wait("the first block", |status| status.decided >= 1)
            .await;
    }
    let (before, began) = (nodes[0].blocks().len(), Instant::now());
    for node in &nodes {
        node.submit(0..350);
    }
    for node in &nodes {
        node.done(0..350).await;
    }
    let (blocks, took) = (nodes[0].blocks().len() - before, began.elapsed());
    println!(
        "{blocks} blocks in {took:?}: {:.1}/s",
        blocks as f64 / took.as_secs_f64()
    );
    assert!(blocks >= 20);

    // They rest after an empty block, and one with work wakes all.
    let resting = all_rest(&nodes).await;
    let began = Instant::now();
    nodes[2].submit([1_000]);
    for node in &nodes {
        node.done([1_000]).await;
    }
    println!(
        "work at one resting node was done after {:?}",
        began.elapsed()
    );
    let woken = all_rest(&nodes).await;
    assert!(woken > resting);
    // Work that all know begins at once everywhere.
    let began = Instant::now();
    for node in &nodes {
        node.submit([1_001]);
    }
    for node in &nodes {
        node.done([1_001]).await;
    }
    println!(
        "work at four resting nodes was done after {:?}",
        began.elapsed()
    );

    // Three go on without the fourth, which syncs what it missed. At first it only follows.
    let (mut config, disk) = nodes.remove(3).stop().await;
    introduce(&nodes);
    for node in &nodes {
        node.submit(2_000..2_050);
    }
    for node in &nodes {
        node.done(2_000..2_050).await;
    }
    config.votes = false;
    let follower = Node::start(config, disk, voters.clone());
    follower.done(2_000..2_050).await;
    for node in &nodes {
        node.submit([2_500]);
    }
    follower.done([2_500]).await;
    let (mut config, disk) = follower.stop().await;
    config.votes = true;
    nodes.push(Node::start(config, disk, voters.clone()));
    introduce(&nodes);
    for node in &nodes {
        node.submit([3_000]);
    }
    for node in &nodes {
        node.done([3_000]).await;
    }
    all_rest(&nodes).await;

    for node in nodes {
        let (config, disk) = node.stop().await;
        let height = hefu_engine::wal_height(&config.wal).expect("a stopped engine's log is free");
        let executed = disk.lock().expect("not poisoned").chain.len() as u64;
        assert_eq!(
            height,
            Some(executed),
            "the log is at the height that was finished last"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_stops_a_node_for_good() {
    show_log();
    let directory = tempfile::tempdir().expect("a directory");
    let wal = directory.path().join("wal");
    // Alone it proposes and votes, which goes into its log, and decides nothing.
    let proposer = 1;
    let config = config(proposer, &free_ports(), &wal);
    let node = Node::start(config, Arc::default(), voters());
    let voted = async {
        // No event tells of it, so the file is looked at again and again, within the deadline.
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        while std::fs::metadata(&wal).map_or(0, |log| log.len()) < 300 {
            looks.tick().await;
        }
    };
    within("a vote in the log", voted).await;
    let (config, disk) = node.stop().await;
    assert_eq!(hefu_engine::wal_height(&wal).expect("free"), Some(1));

    // An entry that is whole and says nothing that the engine understands.
    let intact = std::fs::read(&wal).expect("the log is there");
    Log::open(&wal)
        .and_then(|mut log| log.append([0xff; 9]))
        .expect("the log is free");
    stops_for_good(&config, &disk).await;

    // A flipped bit. It is still there when the node is started once more.
    let mut damaged = intact;
    damaged[100] ^= 1;
    std::fs::write(&wal, damaged).expect("the log can be written");
    stops_for_good(&config, &disk).await;
    stops_for_good(&config, &disk).await;
}

async fn stops_for_good(config: &Config, disk: &Arc<Mutex<Disk>>) {
    let node = Node::start(config.clone(), disk.clone(), voters());
    let outcome = within("the end", node.running)
        .await
        .expect("the engine does not panic");
    assert!(matches!(outcome, Err(EngineError::Unsafe)), "{outcome:?}");
}
