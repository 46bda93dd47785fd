//! How fast the store takes blocks, loads values and opens again. It prints; it judges nothing.
//!
//! `cargo run --profile ci -p hefu-store --example store_speed -- [operations in all]`

#[allow(dead_code)] // The tests use the rest.
#[path = "../src/tests/network.rs"]
mod network;

use hefu_store::{CommittedBlock, Store};
use hefu_types::StateKey;
use network::{execute_block, propose, World};
use std::time::{Duration, Instant};

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
    let (mut writing, mut slowest) = (Duration::ZERO, Duration::ZERO);
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
        let start = Instant::now();
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
        let took = start.elapsed();
        writing += took;
        slowest = slowest.max(took);
        leaves += made.executed.changes.len();
        blocks += 1;
        (tree, frontier, before) = (made.executed.tree, made.frontier, made.after);
    }
    let seconds = writing.as_secs_f64();
    println!("blocks of {block} registers, {operations} in all, {leaves} leaves:");
    println!(
        "  commit     {:>9.0} leaves/s, {:.0} operations/s, {:.1} ms a block, slowest {:.1} ms",
        leaves as f64 / seconds,
        operations as f64 / seconds,
        seconds * 1_000.0 / f64::from(blocks),
        slowest.as_secs_f64() * 1_000.0
    );
    let statistics = store.statistics().expect("the store is sound");
    println!(
        "  disk       {:>9.0} bytes a leaf, {:.0} an operation; cache and buffers {} MiB, process {}",
        statistics.disk_bytes as f64 / leaves as f64,
        statistics.disk_bytes as f64 / operations as f64,
        statistics.memory_bytes >> 20,
        resident()
    );
    let start = Instant::now();
    let loads = operations.min(100_000);
    for number in 0..loads {
        // Scattered over all numbers, each once.
        let number = number.wrapping_mul(7_919) % operations;
        let found = store.load(&World::record("invoice", number));
        assert!(found.expect("the store is sound").is_some());
    }
    println!(
        "  load       {:>9.0} values/s",
        loads as f64 / start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    let rebuilt = store.block(before.height).expect("the store is sound");
    let length = rebuilt.expect("a block").bytes.len();
    let took = start.elapsed().as_secs_f64();
    println!(
        "  rebuild    {:>9.1} ms, a block of {} KiB",
        took * 1_000.0,
        length >> 10
    );
    drop(store);
    let start = Instant::now();
    let opened = Store::open(folder.path(), &world.network).expect("the store is sound");
    let took = start.elapsed().as_secs_f64();
    let keys = opened.tree.len();
    println!(
        "  open       {:>9.2} s, {:.1} us a leaf; process {}",
        took,
        took * 1e6 / keys as f64,
        resident()
    );
    let start = Instant::now();
    let checked = opened.store.check_all(|_| ()).expect("the store is sound");
    let took = start.elapsed().as_secs_f64();
    println!(
        "  check all  {:>9.2} s, {} leaves, {} operations",
        took, checked.leaves, checked.operations
    );
}

/// The memory of this process, where the system tells.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or("unknown".to_owned(), |line| line.trim().to_owned())
}
