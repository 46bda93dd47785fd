//! How fast the store takes blocks, loads values and opens again. It prints; it judges nothing.
//!
//! `cargo run --profile ci -p hefu-store --example store_speed -- [operations in all]`

#[allow(dead_code)] // The tests use the rest.
#[path = "../src/tests/network.rs"]
mod network;

use hefu_store::{CommittedBlock, Store};
use hefu_types::StateKey;
use network::{execute_block, propose, World};
use std::time::Instant;

/// The most operations under one signature.
const STATEMENT: u64 = 4_096;

fn main() {
    let argument = std::env::args().nth(1);
    let operations = argument.map_or(200_000, |text| text.parse().expect("a number"));
    for block in [1_000, 10_000] {
        run(block, operations);
    }
}

fn run(block: u64, operations: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::new("speed.example");
    let opened = Store::open(folder.path(), &world.network).expect("an empty folder");
    let (store, mut tree, mut frontier) = (opened.store, opened.tree, opened.frontier);
    let mut before = opened.before;
    let (mut writing, mut busy, mut slowest) = (0.0, 0.0, 0.0_f64);
    let (mut leaves, mut blocks) = (0, 0);
    for first in (0..operations).step_by(block as usize) {
        let mut statements = Vec::new();
        for part in (first..first + block).step_by(STATEMENT as usize) {
            let end = (part + STATEMENT).min(first + block);
            let registers: Vec<_> = (part..end)
                .map(|number| World::register("invoice", number))
                .collect();
            statements.push(world.sign(&before, &registers));
        }
        let bytes = propose(&world.network, &before, statements);
        let load = |key: &StateKey| store.load(key).expect("the store is sound");
        let made = execute_block(&world.network, &before, &tree, &frontier, bytes, load);
        let start = Stopwatch::start();
        store
            .commit(CommittedBlock {
                height: made.height,
                checked: &made.checked,
                executed: &made.executed,
                certificate: &[0; 400],
                nodes: &made.nodes,
                log_root: made.log_root,
            })
            .expect("the disk takes it");
        let [wall, processor] = start.seconds();
        writing += wall;
        busy += processor;
        slowest = slowest.max(wall);
        leaves += made.executed.changes.len();
        blocks += 1;
        (tree, frontier, before) = (made.executed.tree, made.frontier, made.after);
    }
    println!("blocks of {block} registers, {operations} in all, {leaves} leaves:");
    println!(
        "  commit     {:>9.0} leaves/s, {:.0} operations/s, {:.1} ms a block ({:.1} of the \
         processor), slowest {:.1}",
        leaves as f64 / writing,
        operations as f64 / writing,
        writing * 1e3 / f64::from(blocks),
        busy * 1e3 / f64::from(blocks),
        slowest * 1e3
    );
    let statistics = store.statistics().expect("the store is sound");
    println!(
        "  disk       {:>9.0} bytes a leaf, {:.0} an operation; cache and buffers {} MiB, process {}",
        statistics.disk_bytes as f64 / leaves as f64,
        statistics.disk_bytes as f64 / operations as f64,
        statistics.memory_bytes >> 20,
        resident()
    );
    let loads = operations.min(100_000);
    // Scattered over all numbers.
    let scattered = (0..loads).map(|number| number.wrapping_mul(7_919) % operations);
    let keys: Vec<_> = scattered
        .map(|number| World::record("invoice", number))
        .collect();
    let start = Stopwatch::start();
    for key in &keys {
        assert!(store.load(key).expect("the store is sound").is_some());
    }
    let [wall, processor] = start.seconds().map(|seconds| seconds * 1e6 / loads as f64);
    println!("  load       {wall:>9.1} us a value ({processor:.1} of the processor)");
    let start = Stopwatch::start();
    let rebuilt = store.block(before.height).expect("the store is sound");
    let length = rebuilt.expect("a block").bytes.len();
    let [wall, _] = start.seconds();
    println!(
        "  rebuild    {:>9.1} ms, a block of {} KiB",
        wall * 1e3,
        length >> 10
    );
    drop(store);
    let start = Stopwatch::start();
    let opened = Store::open(folder.path(), &world.network).expect("the store is sound");
    let [wall, processor] = start.seconds();
    println!(
        "  open       {wall:>9.2} s, {:.1} us a leaf ({:.1} of the processor); process {}",
        wall * 1e6 / opened.tree.len() as f64,
        processor * 1e6 / opened.tree.len() as f64,
        resident()
    );
    let start = Stopwatch::start();
    let checked = opened.store.check_all(|_| ()).expect("the store is sound");
    let [wall, processor] = start.seconds();
    println!(
        "  check all  {wall:>9.2} s ({processor:.2} of the processor), {} leaves, {} operations",
        checked.leaves, checked.operations
    );
}

/// Wall time, and the processor's for this thread where the system tells: on a busy machine the two
/// differ.
struct Stopwatch {
    wall: Instant,
    processor: f64,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            processor: processor_seconds(),
        }
    }

    /// Seconds of the clock and of the processor.
    fn seconds(&self) -> [f64; 2] {
        let wall = self.wall.elapsed().as_secs_f64();
        [wall, processor_seconds() - self.processor]
    }
}

fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

/// The memory of this process, where the system tells.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or("unknown".to_owned(), |line| line.trim().to_owned())
}
