//! Figures of a running network of four validators on this machine, generator included: printed,
//! never asserted. Run it on a quiet machine, and name the machine beside the figures.

use anyhow::{ensure, Result};
use hefu_tests::network::{licence, now};
use hefu_tests::{programs, Devnet};
use hefu_types::operation::Operation;
use hefu_wire::OutcomeAnswer;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const VALIDATORS: usize = 4;
/// Statements one after the other, for the latency.
const ROUNDS: usize = 100;
/// Senders at once, for the throughput.
const SENDERS: usize = 16;
const LOAD: Duration = Duration::from_secs(10);

static NEXT: AtomicU32 = AtomicU32::new(0);

fn licences(count: usize) -> Vec<Operation> {
    let next = |_| Operation::Register(licence(NEXT.fetch_add(1, Ordering::Relaxed)));
    (0..count).map(next).collect()
}

/// Sends one statement, waits for finality, fetches and verifies its receipts.
fn register(devnet: &Devnet, node: usize, count: usize) -> Result<()> {
    let statement = devnet.sign("agency-gz-housing", &licences(count))?;
    let answer = devnet.submit(node, &statement)?;
    ensure!(answer
        .outcomes
        .iter()
        .all(|outcome| *outcome == OutcomeAnswer::Accepted));
    let receipts = devnet.receipts(node, &answer, u32::try_from(count)?)?;
    ensure!(receipts.len() == count);
    for receipt in receipts {
        receipt.verify(&devnet.network)?;
    }
    Ok(())
}

fn latency(devnet: &Devnet, count: usize) -> Result<()> {
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let begun = Instant::now();
        register(devnet, round % VALIDATORS, count)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_millis();
    println!(
        "submit to verified receipts, {count:3} operations a statement, one sender: \
         p50 {} ms, p95 {} ms, max {} ms ({ROUNDS} statements)",
        at(50),
        at(95),
        at(100)
    );
    Ok(())
}

fn throughput(devnet: &Devnet, count: usize) -> Result<()> {
    let begun = Instant::now();
    let height = devnet.health(0)?.height;
    let done = AtomicU32::new(0);
    std::thread::scope(|scope| {
        let sender = |sender: usize| {
            let done = &done;
            move || -> Result<()> {
                while begun.elapsed() < LOAD {
                    register(devnet, sender % VALIDATORS, count)?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            }
        };
        let running: Vec<_> = (0..SENDERS).map(|n| scope.spawn(sender(n))).collect();
        running
            .into_iter()
            .try_for_each(|r| r.join().expect("a sender does not panic"))
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let blocks = devnet.health(0)?.height - height;
    let statements = f64::from(done.into_inner());
    println!(
        "{SENDERS} senders, {count:3} operations a statement: {:.0} operations/s final with \
         verified receipts, {:.1} blocks/s",
        statements * count as f64 / seconds,
        blocks as f64 / seconds
    );
    Ok(())
}

/// Resident memory in MiB and processor seconds of a validator, as Linux tells them.
fn process(devnet: &Devnet, node: usize) -> Result<(u64, f64)> {
    let pid = devnet.pid(node)?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim()))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = resident
        .and_then(|text| text.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))?;
    // After the name in parentheses the 12th and 13th fields are user and system ticks of 10 ms.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|f| f.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    Ok((kib / 1024, (ticks(11) + ticks(12)) / 100.0))
}

fn memory(devnet: &Devnet, when: &str) -> Result<()> {
    let mut resident = Vec::new();
    for node in 0..VALIDATORS {
        resident.push(process(devnet, node)?.0);
    }
    println!("resident memory of the validators {when}, MiB: {resident:?}");
    Ok(())
}

fn idle(devnet: &Devnet) -> Result<()> {
    let height = devnet.health(0)?.height;
    let before: Result<Vec<_>> = (0..VALIDATORS).map(|node| process(devnet, node)).collect();
    let (before, begun) = (before?, now());
    // Nobody sends: the time-out is what is waited for.
    let (_nobody, never) = std::sync::mpsc::channel::<()>();
    let _ = never.recv_timeout(Duration::from_secs(30));
    let mut used = Vec::new();
    for (node, (_, seconds)) in before.into_iter().enumerate() {
        used.push(format!("{:.2}", process(devnet, node)?.1 - seconds));
    }
    println!(
        "idle for {} s: {} blocks, processor seconds of the validators: {}",
        (now().0 - begun.0) / 1000,
        devnet.health(0)?.height - height,
        used.join(", ")
    );
    Ok(())
}

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("hefu-figures-{}", std::process::id()));
    let devnet = Devnet::start(&programs()?, &folder, VALIDATORS)?;
    memory(&devnet, "after the start")?;
    for count in [1, 256] {
        latency(&devnet, count)?;
    }
    for count in [1, 16, 256] {
        throughput(&devnet, count)?;
    }
    memory(&devnet, "after the load")?;
    idle(&devnet)?;
    let equal = devnet.wait_equal(&[0, 1, 2, 3])?;
    println!(
        "equal roots at height {}, {} documents",
        equal.height,
        NEXT.load(Ordering::Relaxed)
    );
    drop(devnet);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
