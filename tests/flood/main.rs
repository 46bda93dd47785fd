//! The speed of a network that is flooded, beside that of the same network at rest: printed, never
//! asserted. Attackers, generator and validators share one machine, which the attackers' own work slows
//! as well.
//!
//! `cargo run --profile ci -p hefu-tests --example flood`

#[path = "../it/flood.rs"]
mod flood;

use anyhow::{ensure, Result};
use flood::{Flood, Forger};
use hefu_tests::network::licence;
use hefu_tests::{programs, Devnet};
use hefu_types::operation::Operation;
use hefu_wire::OutcomeAnswer;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const VALIDATORS: usize = 4;
/// The one whose place the attacking peer takes; it is stopped for all rows, that they compare.
const TAKEN: usize = 3;
/// Honest senders at once, each with one statement under way.
const SENDERS: usize = 8;
/// Operations in each of their statements.
const OPERATIONS: usize = 4;
const ROW: Duration = Duration::from_secs(15);

static NEXT: AtomicU32 = AtomicU32::new(0);

fn licences() -> Vec<Operation> {
    let next = |_| Operation::Register(licence(NEXT.fetch_add(1, Ordering::Relaxed)));
    (0..OPERATIONS).map(next).collect()
}

/// What honest senders reach in one row.
fn row(devnet: &Devnet, what: &str, flood: Option<&Flood>) -> Result<()> {
    let begun = Instant::now();
    let before = flood.map_or(0, Flood::sent);
    let times = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let sender = |sender: usize| {
            let times = &times;
            move || -> Result<()> {
                while begun.elapsed() < ROW {
                    let started = Instant::now();
                    let statement = devnet.sign("agency-gz-housing", &licences())?;
                    let answer = devnet.submit(sender % TAKEN, &statement)?;
                    ensure!(answer
                        .outcomes
                        .iter()
                        .all(|o| *o == OutcomeAnswer::Accepted));
                    let mut times = times.lock().expect("no sender panics");
                    times.push(started.elapsed().as_millis());
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
    let mut times = times.into_inner().expect("no sender panicked");
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    let attacked = flood.map_or(0, Flood::sent) - before;
    let resident: Result<Vec<_>> = (0..TAKEN).map(|node| devnet.resident_mib(node)).collect();
    println!(
        "{what:28} honest: {:6.1} statements/s final, p50 {:4} ms, p95 {:4} ms; attacker: {:7.0} \
         statements/s sent; resident MiB {:?}",
        times.len() as f64 / seconds,
        at(50),
        at(95),
        attacked as f64 / seconds,
        resident?
    );
    Ok(())
}

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("hefu-flood-{}", std::process::id()));
    let devnet = Devnet::start(&programs()?, &folder, VALIDATORS)?;
    devnet.kill(TAKEN)?;
    let forger = Forger::new(&devnet, &licences())?;
    for round in 0..2 {
        row(&devnet, &format!("at rest, {round}"), None)?;
        let http = Flood::over_http(&devnet, 0, &forger)?;
        row(&devnet, &format!("flooded over HTTP, {round}"), Some(&http))?;
        drop(http);
        let swarm = Flood::over_swarm(&devnet, TAKEN, &forger)?;
        row(
            &devnet,
            &format!("flooded by a peer, {round}"),
            Some(&swarm),
        )?;
        drop(swarm);
    }
    row(&devnet, "at rest, again", None)?;
    drop(devnet);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
