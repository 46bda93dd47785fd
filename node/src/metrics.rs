//! Metrics for operators, in the OpenMetrics text format.

use hefu_types::block::BlockEntry;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
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
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hefu");
        let (height, blocks, block_bytes) =
            (Gauge::default(), Counter::default(), Counter::default());
        let (statements, operations) = (Counter::default(), Counter::default());
        let (refusals, evidence) = (Counter::default(), Counter::default());
        let (requests, published_height) = (Counter::default(), Gauge::default());
        let (peers, pool) = (Gauge::default(), Gauge::default());
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
        Self {
            registry: Mutex::new(registry),
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

    /// A request was answered.
    pub fn request(&self) {
        self.requests.inc();
    }

    /// The text of all metrics; what is a state rather than a count is given now.
    pub fn text(&self, published_height: u64, peers: usize, pool: usize) -> String {
        self.published_height.set(gauge(published_height));
        self.peers.set(gauge(peers as u64));
        self.pool.set(gauge(pool as u64));
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

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
