//! How fast and how large the state tree is: `cargo run --release --example tree_speed [KEYS|flood]...`
//!
//! `flood` is what somebody leads to who grinds keys: 100,000 that share their first 40 bits, beside a
//! million ordinary ones. Changed and proven are those that share.
//!
//! One thread. Times are those of the processor where the system tells them, so that other work on
//! the machine disturbs less; what it does to the caches shows in "one inner hash" and cannot be taken
//! out. Keys are those of records: hashes whose top bit is 1. Half of each block's are new.
//!
//! "Alone" nobody reads an older tree, and the writer changes nodes in place. "Snapshots": a reader
//! holds the tree of the last 1 or 10 blocks, so that the writer copies what it changes first.
//!
//! Bytes are those of memory a key: "estimate" by [`StateTree::memory_bytes`], "resident" as the system
//! counts this process, allocator and what it has not given back included. So that no row finds memory
//! of another one, each runs in a process of its own.

use hefu_state::tree::{Change, StateTree};
use hefu_types::{canonical, Hash, StateKey, Suite};
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

const SUITE: Suite = Suite::Sha256Ed25519;
const UPDATES: u64 = 200_000;
const PROOFS: u64 = 10_000;

/// Keys of one kind, numbered.
#[derive(Clone, Copy)]
struct Keys {
    count: u64,
    /// How many of their first bytes are the same in all.
    shared_bytes: usize,
}

const FLOOD: Keys = Keys {
    count: 100_000,
    shared_bytes: 5,
};
const BESIDE_FLOOD: Keys = ordinary(1_000_000);

const fn ordinary(count: u64) -> Keys {
    Keys {
        count,
        shared_bytes: 0,
    }
}

fn main() {
    let rows: Vec<String> = std::env::args().skip(1).collect();
    if let [row] = rows.as_slice() {
        match row.as_str() {
            "flood" => measure(FLOOD, BESIDE_FLOOD),
            keys => measure(
                ordinary(keys.parse().expect("a number of keys")),
                ordinary(0),
            ),
        }
        return;
    }
    let (_, hashing) =
        timed(|| (0..1_000_000).fold(value_of(0, 0), |hash, _| SUITE.state_node(&hash, &hash)));
    println!("one inner hash: {:.0} ns", hashing * 1e3);
    println!("     keys | rebuild |  block | updates/s: |   snapshots: |         | estimate, |  proof: B,");
    println!("          |         |   keys |      alone | each 10 bl. | each bl. |  resident | make, check");
    let usual = ["100000", "1600000", "flood"].map(str::to_owned);
    for row in if rows.is_empty() {
        &usual
    } else {
        rows.as_slice()
    } {
        let program = std::env::current_exe().expect("this program has a path");
        let status = Command::new(program).arg(row).status();
        assert!(status.expect("it starts").success(), "the row {row}");
    }
}

fn measure(changed: Keys, beside: Keys) {
    let resident_before = resident_bytes();
    let (mut tree, rebuild) = timed(|| {
        let leaves = [beside, changed]
            .into_iter()
            .flat_map(|keys| (0..keys.count).map(move |n| (keys.key(n), value_of(n, 0))));
        StateTree::from_leaves(SUITE, leaves)
    });
    let keys = changed.count;
    let mut next_key = keys;
    for block in [1_000, 10_000] {
        let updates_per_s = [usize::MAX, 10, 1].map(|blocks_per_snapshot| {
            let blocks = blocks(changed, block, next_key);
            next_key += UPDATES / 2;
            apply(&mut tree, blocks, blocks_per_snapshot)
        });
        let [alone, each_tenth, each] = updates_per_s;

        let asked: Vec<StateKey> = (0..PROOFS)
            .map(|n| changed.key(n * (keys / PROOFS)))
            .collect();
        let (proofs, make) = timed(|| asked.iter().map(|key| tree.prove(key)).collect::<Vec<_>>());
        let bytes: usize = proofs
            .iter()
            .map(|proof| canonical::encode(proof).len())
            .sum();
        let values: Vec<Hash> = asked
            .iter()
            .map(|key| tree.value_hash(key).expect("the key was inserted"))
            .collect();
        let root = tree.root();
        let ((), check) = timed(|| {
            for ((key, value_hash), proof) in asked.iter().zip(&values).zip(&proofs) {
                proof
                    .verify(SUITE, &root, key, Some(value_hash))
                    .expect("a proof of the tree");
            }
        });
        println!(
            "{:9} | {rebuild:5.1} s | {block:6} | {alone:10.0} | {each_tenth:11.0} | {each:8.0} \
             | {:5.1}, {:>5} | {:4}, {:.1}, {:.1}",
            tree.len(),
            tree.memory_bytes() as f64 / tree.len() as f64,
            match (resident_before, resident_bytes()) {
                (Some(before), Some(now)) => format!(
                    "{:.1}",
                    now.saturating_sub(before) as f64 / tree.len() as f64
                ),
                _ => "-".to_owned(),
            },
            bytes as u64 / PROOFS,
            make * 1e6 / PROOFS as f64,
            check * 1e6 / PROOFS as f64,
        );
    }
}

/// Applies all blocks and returns updates per second.
fn apply(tree: &mut StateTree, blocks: Vec<Vec<Change>>, blocks_per_snapshot: usize) -> f64 {
    let updates: usize = blocks.iter().map(Vec::len).sum();
    let ((), seconds) = timed(|| {
        let mut snapshot = None;
        for (n, mut block) in blocks.into_iter().enumerate() {
            // The last snapshot goes when the next one is taken.
            if blocks_per_snapshot < usize::MAX && n % blocks_per_snapshot == 0 {
                snapshot = Some(tree.clone());
            }
            tree.apply(&mut block);
        }
        black_box(snapshot);
    });
    updates as f64 / seconds
}

/// Blocks of changes: new keys from `next_key` on, and new values of old ones.
fn blocks(keys: Keys, block: u64, next_key: u64) -> Vec<Vec<Change>> {
    let of_block = |first: u64| {
        let mut changes: Vec<Change> = (first..first + block)
            .map(|n| match n % 2 {
                0 => next_key + n / 2,
                _ => n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys.count,
            })
            .map(|n| (keys.key(n), Some(value_of(n, next_key))))
            .collect();
        // A few of the old keys coincide; a block names each once.
        changes.sort_unstable_by_key(|(key, _)| *key);
        changes.dedup_by_key(|(key, _)| *key);
        changes
    };
    (0..UPDATES / block).map(|n| of_block(n * block)).collect()
}

impl Keys {
    fn key(self, n: u64) -> StateKey {
        let mut key = SUITE
            .hash(&[b"key", &n.to_be_bytes(), &[self.shared_bytes as u8]])
            .0;
        key[..self.shared_bytes].fill(0xa5);
        key[0] |= 0x80;
        StateKey(key)
    }
}

fn value_of(n: u64, version: u64) -> Hash {
    SUITE.hash(&[b"value", &n.to_be_bytes(), &version.to_be_bytes()])
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let (cpu_before, start) = (cpu_seconds(), Instant::now());
    let done = work();
    let elapsed = start.elapsed().as_secs_f64();
    let cpu = cpu_before
        .zip(cpu_seconds())
        .map(|(before, after)| after - before);
    (done, cpu.unwrap_or(elapsed))
}

/// Time of the processor that this process has used, where the system tells it as Linux does.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace()
        .next()?
        .parse::<u64>()
        .ok()
        .map(|ns| ns as f64 / 1e9)
}

/// Resident memory of this process, where the system tells it as Linux does.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace()
        .next()?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}
