//! How long a node's start takes with many records, and what they cost on disk and in memory. It
//! prints; it judges nothing.
//!
//! `cargo run --release -p hefu-store --example restart -- [RECORDS]` fills a store with that many
//! registered invoices, through the same path as a node's blocks, and opens it in a fresh process.
//! `-- fill FOLDER RECORDS` and `-- open FOLDER` are its two halves. Files that the system still has
//! in memory are read from there: a cold disk adds the time to read the columns that are printed.

#[allow(dead_code)] // The tests use the rest.
#[path = "../src/tests/network.rs"]
mod network;

use hefu_store::{CommittedBlock, Store};
use hefu_types::StateKey;
use network::{execute_block, propose, World};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const BLOCK: u64 = 10_000;
/// The most operations under one signature.
const STATEMENT: u64 = 4_096;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let records = |text: &str| text.parse().expect("a number of records");
    match arguments.as_slice() {
        ["fill", folder, count] => fill(Path::new(folder), records(count)),
        ["open", folder] => open(Path::new(folder)),
        [] => both(1_000_000),
        [count] => both(records(count)),
        _ => panic!("restart [RECORDS] | fill FOLDER RECORDS | open FOLDER"),
    }
}

fn both(records: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), records);
    let program = std::env::current_exe().expect("this program has a path");
    let opened = Command::new(program)
        .arg("open")
        .arg(folder.path())
        .status();
    assert!(opened.expect("it starts").success(), "the store opens");
}

fn world() -> World {
    World::new("restart.example")
}

fn fill(folder: &Path, records: u64) {
    let mut world = world();
    let opened = Store::open(folder, &world.network).expect("an empty folder");
    assert!(opened.fresh, "the folder is empty");
    let (store, mut tree, mut frontier) = (opened.store, opened.tree, opened.frontier);
    let mut before = opened.before;
    let start = Instant::now();
    let mut writing = 0.0;
    for first in (0..records).step_by(BLOCK as usize) {
        let end = (first + BLOCK).min(records);
        let mut statements = Vec::new();
        for part in (first..end).step_by(STATEMENT as usize) {
            let registers: Vec<_> = (part..(part + STATEMENT).min(end))
                .map(|number| World::register("invoice", number))
                .collect();
            statements.push(world.sign(&before, &registers));
        }
        let bytes = propose(&world.network, &before, statements);
        let load = |key: &StateKey| store.load(key).expect("the store is sound");
        let made = execute_block(&world.network, &before, &tree, &frontier, bytes, load);
        let write = Instant::now();
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
        writing += write.elapsed().as_secs_f64();
        (tree, frontier, before) = (made.executed.tree, made.frontier, made.after);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "filled: {records} records, {} keys, in {seconds:.0} s, {writing:.1} s of them in commit \
         ({:.0} records/s)",
        tree.len(),
        records as f64 / writing
    );
    drop(store);
}

fn open(folder: &Path) {
    let network = world().network;
    let before = resident_bytes();
    let (start, busy) = (Instant::now(), processor_seconds());
    let opened = Store::open(folder, &network).expect("the store is sound");
    let (seconds, busy) = (start.elapsed().as_secs_f64(), processor_seconds() - busy);
    let resident = resident_bytes();
    let keys = opened.tree.len();
    let per_key = |bytes: u64| bytes as f64 / keys as f64;
    println!(
        "opened: {keys} keys in {seconds:.2} s ({busy:.2} s of all processors, {:.2} us a key)",
        busy * 1e6 / keys as f64
    );
    let statistics = opened.store.statistics().expect("the store is sound");
    println!(
        "memory: process {} MiB more than before, of which cache and buffers {} MiB; tree by its own \
         count {:.1} bytes a key, {:.1} with what is not cache",
        (resident - before) >> 20,
        statistics.memory_bytes >> 20,
        per_key(opened.tree.memory_bytes() as u64),
        per_key((resident - before).saturating_sub(statistics.memory_bytes)),
    );
    println!(
        "disk:   {} MiB in files and log of writes, {:.0} bytes a record of two keys",
        statistics.disk_bytes >> 20,
        2.0 * per_key(statistics.disk_bytes)
    );
    for column in &statistics.columns {
        if column.disk_bytes > 0 {
            let rows = column.rows.max(1);
            println!(
                "        {:14} {:>9} rows, {:>6} MiB, {:>4} bytes a row",
                column.name,
                column.rows,
                column.disk_bytes >> 20,
                column.disk_bytes / rows
            );
        }
    }
}

/// Memory of this process, where the system tells it as Linux does.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1_024
}

/// Time of the processors that all threads of this process used, those that ended included, where the
/// system tells it as Linux does, in its ticks of 10 ms.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may hold spaces; it ends with a parenthesis.
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
