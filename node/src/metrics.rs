//! Metrics for operators, in the OpenMetrics text format.

use hefu_types::block::BlockEntry;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::sync::Mutex;

/// The counters of a node.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    height: Gauge,
    blocks: Counter,
    block_bytes: Counter,
    statements: Counter,
    operations: Counter,
    refusals: Counter,
    evidence: Counter,
    requests: Counter,
    published_height: Gauge,
    peers: Gauge,
    pool: Gauge,
    store_bytes: Gauge,
    store_syncs: Counter,
    cpu_seconds: Counter<f64, AtomicU64>,
    resident_bytes: Gauge,
    disk_free: Gauge,
}

/// What is a state rather than a count, as it is when the metrics are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// The last published checkpoint.
    pub published_height: u64,
    /// Peers connected for statements.
    pub peers: usize,
    /// Statements that wait for a block.
    pub pool: usize,
    /// The files of the store.
    pub store_bytes: u64,
    /// Its synced writes since the start.
    pub store_syncs: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut all = Registry::default();
        let (cpu_seconds, resident_bytes) = (Counter::default(), Gauge::default());
        all.register_with_unit(
            "process_cpu",
            "Processor time of this process, user and system",
            Unit::Seconds,
            cpu_seconds.clone(),
        );
        all.register_with_unit(
            "process_resident_memory",
            "Memory of this process that is not swapped out",
            Unit::Bytes,
            resident_bytes.clone(),
        );
        let registry = all.sub_registry_with_prefix("hefu");
        let (store_bytes, store_syncs) = (Gauge::default(), Counter::default());
        registry.register_with_unit(
            "store",
            "The files of the store",
            Unit::Bytes,
            store_bytes.clone(),
        );
        registry.register(
            "store_syncs",
            "Synced writes of the store since the start",
            store_syncs.clone(),
        );
        let (height, blocks, block_bytes) =
            (Gauge::default(), Counter::default(), Counter::default());
        let (statements, operations) = (Counter::default(), Counter::default());
        let (refusals, evidence) = (Counter::default(), Counter::default());
        let (requests, published_height) = (Counter::default(), Gauge::default());
        let (peers, pool, disk_free) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("height", "The last executed block", height.clone());
        registry.register("blocks", "Blocks executed since the start", blocks.clone());
        registry.register_with_unit(
            "blocks",
            "Bytes of blocks executed since the start",
            Unit::Bytes,
            block_bytes.clone(),
        );
        registry.register(
            "statements",
            "Statements executed since the start",
            statements.clone(),
        );
        registry.register(
            "operations",
            "Operations executed since the start",
            operations.clone(),
        );
        registry.register(
            "refusals",
            "Operations refused since the start",
            refusals.clone(),
        );
        registry.register(
            "evidence",
            "Equivocations seen since the start",
            evidence.clone(),
        );
        registry.register(
            "http_requests",
            "Requests answered since the start",
            requests.clone(),
        );
        registry.register(
            "published_height",
            "The last published checkpoint",
            published_height.clone(),
        );
        registry.register("peers", "Peers connected for statements", peers.clone());
        registry.register("pool", "Statements that wait for a block", pool.clone());
        registry.register_with_unit(
            "disk_free",
            "Room on the disk of the data folder",
            Unit::Bytes,
            disk_free.clone(),
        );
        Self {
            registry: Mutex::new(all),
            height,
            blocks,
            block_bytes,
            statements,
            operations,
            refusals,
            evidence,
            requests,
            published_height,
            peers,
            pool,
            store_bytes,
            store_syncs,
            cpu_seconds,
            resident_bytes,
            disk_free,
        }
    }
}

impl Metrics {
    /// A block was executed.
    pub fn block(&self, entry: &BlockEntry, refusals: usize, bytes: usize) {
        self.height.set(gauge(entry.height));
        self.blocks.inc();
        self.block_bytes.inc_by(bytes as u64);
        self.statements.inc_by(u64::from(entry.statement_count));
        self.operations.inc_by(u64::from(entry.operation_count));
        self.refusals.inc_by(refusals as u64);
    }

    /// A validator was seen to equivocate.
    pub fn evidence(&self) {
        self.evidence.inc();
    }

    /// How much room the disk has.
    pub fn disk_free(&self, bytes: u64) {
        self.disk_free.set(gauge(bytes));
    }

    /// A request was answered.
    pub fn request(&self) {
        self.requests.inc();
    }

    /// The text of all metrics; what is a state rather than a count is given now.
    pub fn text(&self, now: Now) -> String {
        self.published_height.set(gauge(now.published_height));
        self.peers.set(gauge(now.peers as u64));
        self.pool.set(gauge(now.pool as u64));
        self.store_bytes.set(gauge(now.store_bytes));
        self.store_syncs
            .inc_by(now.store_syncs.saturating_sub(self.store_syncs.get()));
        let process = Process::now();
        self.cpu_seconds
            .inc_by((process.cpu_seconds - self.cpu_seconds.get()).max(0.0));
        self.resident_bytes.set(gauge(process.resident_bytes));
        let mut text = String::new();
        let registry = self
            .registry
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match encode(&mut text, &registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

/// What this process used, as Linux tells it; nothing elsewhere.
#[derive(Clone, Copy, Debug, Default)]
struct Process {
    cpu_seconds: f64,
    resident_bytes: u64,
}

impl Process {
    fn now() -> Self {
        let read = |file| std::fs::read_to_string(file).unwrap_or_default();
        let stat = read("/proc/self/stat");
        // After the name in parentheses the 12th and 13th fields are user and system ticks of 10 ms.
        let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
        let ticks = fields
            .skip(11)
            .take(2)
            .filter_map(|f| f.parse::<f64>().ok());
        let status = read("/proc/self/status");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.split_whitespace().next()?.parse().ok());
        Self {
            cpu_seconds: ticks.sum::<f64>() / 100.0,
            resident_bytes: kib.unwrap_or(0_u64) * 1024,
        }
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
