//! Faults of real processes: killed under load, old or damaged disks, cut links, full disks.

use crate::network::{record_key, registers, World};
use anyhow::{bail, ensure, Context, Result};
use hefu_proof::StatusCertificate;
use hefu_state::Outcome;
use hefu_store::Store;
use hefu_tests::network::{licence, pace, wait_for};
use hefu_tests::{Devnet, Link};
use hefu_types::operation::Operation;
use hefu_types::statement::Statement;
use hefu_types::EntryIndex;
use hefu_wire::path::{self, Beside};
use hefu_wire::{OutcomeAnswer, StatementAnswer, StatementState};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

const ALL: [usize; 4] = [0, 1, 2, 3];
/// Senders at work at a time.
const SENDERS: usize = 3;
/// How the process ends when starting it again does not help.
const NEEDS_OPERATOR: i32 = 3;

/// A registration that was answered with a receipt.
pub(crate) struct Acknowledged {
    pub number: u32,
    pub statement: Statement,
    pub answer: StatementAnswer,
    pub at: Instant,
}

/// Senders that register one licence after another, at whichever node answers.
#[derive(Default)]
pub(crate) struct Load {
    next: AtomicU32,
    over: AtomicBool,
    /// What is read from each node meanwhile.
    reads: Option<String>,
    acknowledged: Mutex<Vec<Acknowledged>>,
}

impl Load {
    /// Sends while the body runs; what was under way at its end is given up.
    pub fn during<T>(&self, devnet: &Devnet, body: impl FnOnce() -> Result<T>) -> Result<T> {
        self.over.store(false, Ordering::Release);
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..SENDERS)
                .map(|sender| scope.spawn(move || self.send(devnet, sender)))
                .collect();
            if let Some(path) = &self.reads {
                for node in ALL {
                    scope.spawn(move || {
                        while !self.over.load(Ordering::Acquire) {
                            // A node that is down answers nothing.
                            if devnet.get(node, path).is_err() {
                                pace();
                            }
                        }
                    });
                }
            }
            let done = body();
            self.over.store(true, Ordering::Release);
            for sender in senders {
                match sender.join() {
                    Ok(sent) => sent?,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            done
        })
    }

    fn send(&self, devnet: &Devnet, sender: usize) -> Result<()> {
        let mut node = sender;
        while !self.over.load(Ordering::Acquire) {
            let number = self.next.fetch_add(1, Ordering::AcqRel);
            let statement = devnet.sign("agency-gz-housing", &registers(number..number + 1))?;
            while !self.over.load(Ordering::Acquire) {
                // A node that is down or waits for others: the next one gets the same statement.
                let Ok(answer) = register(devnet, node % 4, number, &statement) else {
                    node += 1;
                    pace();
                    continue;
                };
                let acknowledged = Acknowledged {
                    number,
                    statement,
                    answer,
                    at: Instant::now(),
                };
                self.acknowledged().push(acknowledged);
                break;
            }
        }
        Ok(())
    }

    pub fn acknowledged(&self) -> std::sync::MutexGuard<'_, Vec<Acknowledged>> {
        self.acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many more are acknowledged.
    pub fn wait_more(&self, more: usize) -> Result<()> {
        let before = self.acknowledged().len();
        wait_for(&format!("{more} more receipts"), || {
            Ok((self.acknowledged().len() >= before + more).then_some(()))
        })
    }
}

/// Sends a statement and counts it only with a receipt that verifies.
fn register(
    devnet: &Devnet,
    node: usize,
    number: u32,
    statement: &Statement,
) -> Result<StatementAnswer> {
    let (status, body) = devnet.post(node, &statement.encode(), 1_500)?;
    ensure!(status == 200, "{status}: {body}");
    let answer: StatementAnswer = serde_json::from_str(&body)?;
    receipt_holds(devnet, node, number, &answer)?;
    Ok(answer)
}

fn receipt_holds(
    devnet: &Devnet,
    node: usize,
    number: u32,
    answer: &StatementAnswer,
) -> Result<()> {
    ensure!(answer.outcomes == [OutcomeAnswer::Accepted], "{answer:?}");
    let receipts = devnet.receipts(node, answer, 1)?;
    let [receipt] = receipts.as_slice() else {
        bail!("{} receipts of one operation", receipts.len());
    };
    let verified = receipt.verify(&devnet.network)?;
    ensure!(*verified.operation() == Operation::Register(licence(number)));
    Ok(())
}

/// Waits until a node that was started is where the others are, and tells how long that took.
fn wait_back(devnet: &Devnet, node: usize, others: &[usize], since: Instant) -> Result<()> {
    devnet.wait_published(node)?;
    let served = since.elapsed();
    let mut goal = 0;
    for other in others {
        goal = goal.max(devnet.health(*other)?.height);
    }
    wait_for(&format!("node {node} to reach height {goal}"), || {
        Ok((devnet.health(node)?.height >= goal).then_some(()))
    })?;
    println!(
        "node {node} served after {served:.1?}, was back at height {goal} after {:.1?}",
        since.elapsed()
    );
    Ok(())
}

/// At every node every acknowledged registration is there, once, with a receipt that verifies, and
/// the same statement is answered as before.
pub(crate) fn nothing_is_lost_or_doubled(
    devnet: &Devnet,
    nodes: &[usize],
    acknowledged: &[Acknowledged],
) -> Result<()> {
    devnet.wait_equal(nodes)?;
    let at_node = |node: usize| -> Result<()> {
        for one in acknowledged {
            let number = one.number;
            let lost = || format!("number {number} at node {node}");
            receipt_holds(devnet, node, number, &one.answer).with_context(lost)?;
            let again = devnet.submit(node, &one.statement).with_context(lost)?;
            ensure!(again == one.answer, "{again:?} was {:?}", one.answer);
            let key = record_key(&devnet.network, &licence(number));
            let bytes = devnet.get(node, &path::record(&key, Beside::default()))?;
            let state = StatusCertificate::decode(&bytes)?.verify(&devnet.network)?;
            let record = state.record(&key)?.with_context(lost)?;
            ensure!(record.event_count == 1, "{number} stands there twice");
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let at_node = &at_node;
        let nodes: Vec<_> = (nodes.iter())
            .map(|node| scope.spawn(move || at_node(*node)))
            .collect();
        nodes.into_iter().try_for_each(|node| match node.join() {
            Ok(checked) => checked,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// Reads the whole log of a stopped node: each number was accepted once, each acknowledged one is
/// there, and the store checks every row of it.
pub(crate) fn log_registers_once(
    devnet: &Devnet,
    node: usize,
    acknowledged: &[Acknowledged],
) -> Result<()> {
    let opened = Store::open(&devnet.data(node).join("store"), &devnet.network)?;
    opened.store.check_all(|_| {})?;
    let mut accepted: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    for entry in (0..opened.store.log_size().0).map(EntryIndex) {
        let Some(operations) = opened.store.operations(entry)? else {
            continue;
        };
        let outcomes = opened.store.outcomes(entry)?.context("its outcomes")?;
        ensure!(operations.len() == outcomes.len());
        for (operation, outcome) in operations.into_iter().zip(outcomes) {
            if outcome == Outcome::Accepted {
                *accepted.entry(operation).or_default() += 1;
            }
        }
    }
    ensure!(
        accepted.values().all(|times| *times == 1),
        "accepted twice: {accepted:?}"
    );
    for one in acknowledged {
        let operation = Operation::Register(licence(one.number)).encode();
        ensure!(
            accepted.contains_key(&operation),
            "{} is not in the log of node {node}",
            one.number
        );
    }
    Ok(())
}

/// What no log of a node may hold, whatever happened to it.
pub(crate) fn nothing_panicked(said: &str) -> Result<()> {
    for word in ["panicked", "stack backtrace", "Stack backtrace", "SIGABRT"] {
        ensure!(!said.contains(word), "{word}: {said}");
    }
    Ok(())
}

fn no_equivocation(devnet: &Devnet) -> Result<()> {
    for node in ALL {
        let evidence = devnet.metric(node, "hefu_evidence_total")?;
        ensure!(evidence == 0, "node {node} has evidence of equivocation");
    }
    Ok(())
}

#[test]
fn what_was_acknowledged_under_load_survives_kills_of_one_two_and_all() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let load = Load::default();
    load.during(devnet, || {
        load.wait_more(20)?;
        // One of four: the others go on.
        devnet.kill(1)?;
        load.wait_more(15)?;
        let since = Instant::now();
        devnet.restart(1)?;
        wait_back(devnet, 1, &[0, 2, 3], since)?;
        // Two of four: nothing is published.
        devnet.kill_at_once(&[2, 3])?;
        let published = || -> Result<_> {
            let height = |node| Ok::<_, anyhow::Error>(devnet.health(node)?.published_height);
            Ok((height(0)?, height(1)?))
        };
        // What was under way when they died may still arrive while this one waits in vain.
        let waiting = devnet.sign("agency-gz-housing", &registers(900_000..900_001))?;
        let (status, body) = devnet.post(0, &waiting.encode(), 1_000)?;
        ensure!(status == 202, "two of four made it final: {status} {body}");
        let before = published()?;
        let (status, body) = devnet.post(1, &waiting.encode(), 4_000)?;
        ensure!(status == 202, "two of four made it final: {status} {body}");
        ensure!(published()? == before, "two of four published a checkpoint");
        // With the third it goes on.
        let since = Instant::now();
        devnet.restart(2)?;
        let answer = wait_for("the statement that waited", || {
            let (status, body) = devnet.post(0, &waiting.encode(), 1_000)?;
            Ok((status == 200).then_some(body))
        })?;
        println!("three of four went on after {:.1?}", since.elapsed());
        let answer: StatementAnswer = serde_json::from_str(&answer)?;
        ensure!(answer.state == StatementState::Final);
        load.wait_more(10)?;
        let since = Instant::now();
        devnet.restart(3)?;
        wait_back(devnet, 3, &[0, 1, 2], since)?;
        load.wait_more(10)?;
        // All at once.
        devnet.kill_at_once(&ALL)?;
        let since = Instant::now();
        for node in ALL {
            devnet.restart(node)?;
        }
        load.wait_more(1)?;
        println!("four of four went on after {:.1?}", since.elapsed());
        load.wait_more(15)
    })?;
    let acknowledged = load.acknowledged();
    println!("{} registrations were acknowledged", acknowledged.len());
    nothing_is_lost_or_doubled(devnet, &ALL, &acknowledged)?;
    no_equivocation(devnet)?;
    for node in ALL {
        ensure!(
            devnet.health(node)?.votes,
            "node {node} follows, though nothing of it was lost"
        );
        ensure!(devnet.stop(node)?.is_none_or(|status| status.success()));
        nothing_panicked(&devnet.log(node)?)?;
        log_registers_once(devnet, node, &acknowledged)?;
    }
    Ok(())
}

/// How often each node is stopped in order while it is busy.
const STOPS: usize = 3;

#[test]
fn a_node_that_is_told_to_stop_under_load_ends_in_order() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    // Reads that take their time are under way whenever a node stops.
    let many = devnet.sign("agency-gz-housing", &registers(900_000..900_256))?;
    let many = path::receipts(&devnet.submit(0, &many)?.statement, 0, path::RECEIPTS_MAX);
    let load = Load {
        reads: Some(many),
        ..Load::default()
    };
    load.during(devnet, || {
        for stop in 0..STOPS * ALL.len() {
            let node = stop % ALL.len();
            load.wait_more(2)?;
            let status = devnet.stop(node)?;
            // How the first process of each node ended its devnet knows.
            ensure!(
                status.is_none_or(|status| status.success()),
                "stop {stop}: {status:?}\n{}",
                devnet.log(node)?
            );
            let since = Instant::now();
            devnet.restart(node)?;
            let others: Vec<usize> = ALL.into_iter().filter(|other| *other != node).collect();
            wait_back(devnet, node, &others, since)?;
        }
        Ok(())
    })?;
    let ended = std::fs::read_to_string(devnet.folder().join("devnet.log"))?;
    for line in ended.lines().filter(|line| line.contains(" ended (")) {
        ensure!(line.contains("exit status: 0"), "{line}");
    }
    nothing_is_lost_or_doubled(devnet, &ALL, &load.acknowledged())?;
    no_equivocation(devnet)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for file in from.read_dir()? {
        let file = file?;
        let target = to.join(file.file_name());
        if file.file_type()?.is_dir() {
            copy_folder(&file.path(), &target)?;
        } else {
            std::fs::copy(file.path(), target)?;
        }
    }
    Ok(())
}

fn replace_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::remove_dir_all(to)?;
    copy_folder(from, to)
}

#[test]
fn an_old_copy_of_a_store_beside_a_newer_engine_log_follows_first() -> Result<()> {
    let opened = an_old_copy_follows(
        &["store"],
        "its store and its engine's log are of different heights",
    )?;
    // A cosignature is on its disk before it leaves: it made none between the copy and its return.
    ensure!(
        opened.copied + 6 <= opened.to_vote && opened.cosigned + 1 >= opened.to_vote,
        "{opened:?}"
    );
    Ok(())
}

#[test]
fn an_old_copy_of_a_store_and_its_engine_log_is_found_by_its_peers() -> Result<()> {
    let opened = an_old_copy_follows(
        &["store", "engine.wal"],
        "peers show this node's cosignature of height",
    )?;
    ensure!(opened.copied + 6 <= opened.to_vote, "{opened:?}");
    Ok(())
}

/// Heights of a node whose disk was put back.
#[derive(Debug)]
struct PutBack {
    /// Of the copy.
    copied: u64,
    /// At which it voted again.
    to_vote: u64,
    /// The first above the copy that it cosigned.
    cosigned: u64,
}

/// Puts an old copy of these parts of a node's data back, under load: the node must say why it follows,
/// vote again by itself, and never contradict itself.
fn an_old_copy_follows(parts: &[&str], why: &str) -> Result<PutBack> {
    let world = World::start_with(&["--port", "0", "--heartbeat-ms", "1000"])?;
    let devnet = &world.devnet;
    let data = devnet.data(0);
    let copy = devnet.folder().join("copy");
    let (store, copied_store) = (data.join("store"), copy.join("store"));
    let load = Load::default();
    let opened = load.during(devnet, || {
        load.wait_more(5)?;
        devnet.stop(0)?;
        std::fs::create_dir_all(&copy)?;
        for part in parts {
            copy_part(&data.join(part), &copy.join(part))?;
        }
        devnet.restart(0)?;
        let then = devnet.wait_published(0)?.height;
        wait_for("some heights more", || {
            Ok((devnet.health(0)?.height >= then + 6).then_some(()))
        })?;
        devnet.kill(0)?;
        for part in parts {
            replace_part(&copy.join(part), &data.join(part))?;
        }
        let since = Instant::now();
        let before = devnet.log(0)?.len();
        devnet.restart(0)?;
        wait_for("the node to say that it follows", || {
            let said = devnet.log(0)?.split_off(before);
            Ok(said.contains(why).then_some(()))
        })?;
        // It serves, and says that it does not vote, before it votes again by itself.
        let first = wait_for("the follower to answer", || Ok(devnet.health(0).ok()))?;
        ensure!(!first.votes, "it votes from an old store: {first:?}");
        wait_for("it to vote again by itself", || {
            Ok(devnet.health(0)?.votes.then_some(()))
        })?;
        println!("it voted again after {:.1?}", since.elapsed());
        opened_to_vote(&devnet.log(0)?.split_off(before))
    })?;
    ensure!(!devnet.data(0).join("follower").exists());
    // With it and two others the network makes blocks: its votes count again.
    devnet.kill(1)?;
    let statement = devnet.sign("agency-gz-housing", &registers(900_000..900_001))?;
    let answer = devnet.submit(0, &statement)?;
    receipt_holds(devnet, 0, 900_000, &answer)?;
    devnet.restart(1)?;
    devnet.wait_published(1)?;
    nothing_is_lost_or_doubled(devnet, &ALL, &load.acknowledged())?;
    no_equivocation(devnet)?;
    devnet.stop(0)?;
    let copied = Store::open(&copied_store, &devnet.network)?.before.height;
    let opened_store = Store::open(&store, &devnet.network)?;
    let cosigned = opened_store.store.own_cosignatures_since(copied + 1)?;
    let (cosigned, _) = cosigned.first().context("it cosigns again")?;
    Ok(PutBack {
        copied,
        to_vote: opened,
        cosigned: *cosigned,
    })
}

/// Copies a folder, or a file.
fn copy_part(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        return copy_folder(from, to);
    }
    std::fs::copy(from, to)?;
    Ok(())
}

/// The same over what is there.
fn replace_part(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        return replace_folder(from, to);
    }
    std::fs::copy(from, to)?;
    Ok(())
}

/// The height at which a node's log says last that it opened its store to vote.
fn opened_to_vote(log: &str) -> Result<u64> {
    let opened = log.lines().rev().find(|line| line.contains("votes=true"));
    let opened = opened.context("no line says that it votes")?;
    let height = opened.split("height=").nth(1).context("a height")?;
    let digits = height.split(' ').next().context("a number")?;
    Ok(digits.parse()?)
}

/// What became of a start.
enum Start {
    /// It did not run; what it said.
    Refused(String),
    /// It runs and is where the others are; maybe it had to follow first.
    Runs { followed: bool },
}

fn start_and_see(devnet: &Devnet, node: usize, others: &[usize]) -> Result<Start> {
    let before = devnet.log(node)?.len();
    let mut goal = 0;
    for other in others {
        goal = goal.max(devnet.health(*other)?.height);
    }
    devnet.restart(node)?;
    let ended = wait_for("a start that runs or refuses", || {
        if let Some(status) = devnet.ended(node)? {
            return Ok(Some(status));
        }
        let health = devnet.health(node)?;
        let runs = health.published_height.is_some() && health.height >= goal;
        Ok(runs.then_some(None))
    })?;
    let said = devnet.log(node)?.split_off(before);
    nothing_panicked(&said)?;
    let Some(status) = ended else {
        devnet.wait_equal(&ALL)?;
        return Ok(Start::Runs {
            followed: said.contains("it follows"),
        });
    };
    ensure!(
        status.code() == Some(NEEDS_OPERATOR),
        "it ended with {status}: {said}"
    );
    let last = said.lines().rev().find(|line| line.starts_with("Error: "));
    Ok(Start::Refused(last.context("its last words")?.to_owned()))
}

/// A byte of a file.
#[derive(Clone, Copy)]
enum At {
    Byte(usize),
    /// So much of the length lies before it.
    Fraction(f64),
    /// The high byte of the length of the n-th record of a log or a manifest of RocksDB: the file then
    /// looks as if it were torn there.
    LengthOf(usize),
}
use At::{Byte, Fraction, LengthOf};

/// Changes one byte of a file.
fn alter(path: &Path, at: At) -> Result<usize> {
    let mut bytes = std::fs::read(path)?;
    ensure!(!bytes.is_empty(), "{} is empty", path.display());
    let index = match at {
        Byte(index) => index,
        Fraction(fraction) => ((bytes.len() as f64) * fraction) as usize,
        LengthOf(record) => {
            // Each record begins with a checksum (4 bytes), its length (2) and its type (1).
            let length =
                |at: usize| usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
            (0..record).fold(0, |at, _| at + 7 + length(at)) + 5
        }
    };
    let index = index.min(bytes.len() - 1);
    bytes[index] ^= 0xff;
    std::fs::write(path, bytes)?;
    Ok(index)
}

/// The files of a store with this beginning or end of their names, longest first.
fn files(store: &Path, fits: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in store.read_dir()? {
        let file = file?;
        if file.file_name().to_str().is_some_and(&fits) {
            found.push((std::cmp::Reverse(file.metadata()?.len()), file.path()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Where bytes are altered: in which folder, the beginning and the end of the file's name, how many of
/// such files (the longest), and which bytes of them.
struct Place {
    folder: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    files: usize,
    bytes: &'static [At],
}

const PLACES: &[Place] = &[
    Place {
        folder: "",
        prefix: "engine.wal",
        suffix: "",
        files: 1,
        // The version, the height, the length of the first entry, and on.
        bytes: &[
            Byte(0),
            Byte(11),
            Byte(19),
            Fraction(0.3),
            Fraction(0.6),
            Fraction(1.0),
        ],
    },
    Place {
        folder: "store",
        prefix: "CURRENT",
        suffix: "",
        files: 1,
        bytes: &[Fraction(0.0), Fraction(0.6), Fraction(1.0)],
    },
    Place {
        folder: "store",
        prefix: "MANIFEST",
        suffix: "",
        files: 1,
        bytes: &[
            LengthOf(0),
            LengthOf(1),
            LengthOf(4),
            Fraction(0.0),
            Fraction(0.02),
            Fraction(0.3),
            Fraction(0.7),
            Fraction(1.0),
        ],
    },
    Place {
        folder: "store",
        prefix: "",
        suffix: ".log",
        files: 1,
        // Where it looks torn the store is older, and the engine's log tells.
        bytes: &[
            LengthOf(0),
            Fraction(0.0),
            Fraction(0.3),
            Fraction(0.7),
            Fraction(1.0),
        ],
    },
    Place {
        folder: "store",
        prefix: "OPTIONS",
        suffix: "",
        files: 1,
        bytes: &[Fraction(0.5)],
    },
    Place {
        folder: "store",
        prefix: "",
        suffix: ".sst",
        files: 2,
        bytes: &[Fraction(0.05), Fraction(0.5), Fraction(1.0)],
    },
];

impl Place {
    fn file(&self, data: &Path, number: usize) -> Result<PathBuf> {
        let fits = |name: &str| name.starts_with(self.prefix) && name.ends_with(self.suffix);
        let mut found = files(&data.join(self.folder), fits)?;
        ensure!(
            number < found.len(),
            "{}*{}: {found:?}",
            self.prefix,
            self.suffix
        );
        Ok(found.swap_remove(number))
    }

    fn all() -> impl Iterator<Item = (&'static Place, usize, At)> {
        PLACES.iter().flat_map(|place| {
            (0..place.files)
                .flat_map(move |file| place.bytes.iter().map(move |at| (place, file, *at)))
        })
    }
}

#[test]
fn one_altered_byte_is_named_with_what_to_do_or_changes_nothing() -> Result<()> {
    let world = World::start_with(&["--port", "0", "--heartbeat-ms", "1000"])?;
    let devnet = &world.devnet;
    let (victim, others) = (3, [0, 1, 2]);
    let (data, good) = (devnet.data(victim), devnet.folder().join("good"));
    let load = Load::default();
    load.during(devnet, || load.wait_more(20))?;
    // Opening a store again writes its rows into files.
    devnet.stop(victim)?;
    ensure!(matches!(
        start_and_see(devnet, victim, &others)?,
        Start::Runs { .. }
    ));
    kill_in_the_middle(devnet, victim, &load)?;
    copy_folder(&data, &good)?;
    let (mut refused, mut found, mut harmless) = (0, 0, 0);
    for (place, number, at) in Place::all() {
        let file = place.file(&data, number)?;
        let index = alter(&file, at)?;
        let place = format!("{} byte {index}", file.strip_prefix(&data)?.display());
        match start_and_see(devnet, victim, &others).with_context(|| place.clone())? {
            Start::Refused(said) => {
                refused += 1;
                println!("{place}: refused: {said}");
                says_where_and_what(&said, &data).with_context(|| place.clone())?;
                // Nothing was cut off in silence: the second start finds it too.
                let again = start_and_see(devnet, victim, &others)?;
                ensure!(matches!(again, Start::Refused(_)), "{place}: then it ran");
                replace_folder(&good, &data)?;
            }
            // Rows of old blocks are not read at a start; `inspect` reads them all.
            Start::Runs { followed } => match damage_in(devnet, victim, &load, &good)? {
                Some(said) => {
                    found += 1;
                    println!("{place}: runs with equal roots, inspect: {said}");
                    says_where_and_what(&said, &data)?;
                    mend(devnet, victim, &others)?;
                    kill_in_the_middle(devnet, victim, &load)?;
                    replace_folder(&data, &good)?;
                }
                None => {
                    harmless += 1;
                    println!("{place}: changes nothing (it followed first: {followed})");
                    replace_folder(&good, &data)?;
                }
            },
        }
    }
    println!("of the altered bytes {refused} were refused, {found} found by inspect, {harmless} changed nothing");
    ensure!(refused > 0 && harmless > 0);
    // What the last words advise: for a store, and for the engine's log.
    alter(&data.join("store/CURRENT"), Byte(0))?;
    ensure!(matches!(
        start_and_see(devnet, victim, &others)?,
        Start::Refused(_)
    ));
    mend(devnet, victim, &others)?;
    devnet.stop(victim)?;
    alter(&data.join("engine.wal"), Byte(0))?;
    ensure!(matches!(
        start_and_see(devnet, victim, &others)?,
        Start::Refused(_)
    ));
    rejoin(devnet, victim, &others)?;
    no_equivocation(devnet)
}

/// Kills a node while it votes and writes: there are votes in its engine's log, and rows in the log of
/// writes of its store.
fn kill_in_the_middle(devnet: &Devnet, node: usize, load: &Load) -> Result<()> {
    let store = devnet.data(node).join("store");
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    load.during(devnet, || {
        wait_for("a kill that leaves votes behind", || {
            devnet.wait_published(node)?;
            load.wait_more(1)?;
            devnet.kill(node)?;
            let written = files(&store, |name| name.ends_with(".log"))?;
            let voted = length(&devnet.data(node).join("engine.wal")) > 400;
            if voted && written.first().is_some_and(|log| length(log) > 400) {
                return Ok(Some(()));
            }
            devnet.restart(node)?;
            Ok(None)
        })
    })
}

fn says_where_and_what(said: &str, data: &Path) -> Result<()> {
    let engine_log = data.join("engine.wal");
    let names = said.contains(&*data.join("store").to_string_lossy())
        || said.contains("column ")
        || (said.contains(&*engine_log.to_string_lossy()) && said.contains("byte"));
    ensure!(names, "it does not say where: {said}");
    ensure!(
        said.contains("rejoin"),
        "it does not say what to do: {said}"
    );
    Ok(())
}

/// Kills a node that runs, copies its folder to `copy`, and tells what `inspect` finds in it.
fn damage_in(devnet: &Devnet, node: usize, load: &Load, copy: &Path) -> Result<Option<String>> {
    kill_in_the_middle(devnet, node, load)?;
    replace_folder(&devnet.data(node), copy)?;
    let inspected = devnet.command(node, &["inspect"])?;
    let said = String::from_utf8_lossy(&inspected.stderr).into_owned();
    nothing_panicked(&said)?;
    Ok((!inspected.status.success()).then_some(said))
}

/// Moves a damaged store aside and begins with an empty one.
fn mend(devnet: &Devnet, node: usize, others: &[usize]) -> Result<()> {
    std::fs::remove_dir_all(devnet.data(node).join("store"))?;
    rejoin(devnet, node, others)
}

/// `hefu-node rejoin`, and a start: the node follows, catches up, and votes again by itself.
fn rejoin(devnet: &Devnet, node: usize, others: &[usize]) -> Result<()> {
    let rejoined = devnet.command(node, &["rejoin"])?;
    let said = String::from_utf8_lossy(&rejoined.stderr).into_owned();
    ensure!(rejoined.status.success(), "rejoin: {said}");
    let since = Instant::now();
    ensure!(matches!(
        start_and_see(devnet, node, others)?,
        Start::Runs { .. }
    ));
    wait_for("it to vote again by itself", || {
        Ok(devnet.health(node)?.votes.then_some(()))
    })?;
    devnet.wait_published(node)?;
    println!("rejoined and voted again after {:.1?}", since.elapsed());
    Ok(())
}

/// Puts a link before an address of a configuration, and returns it.
fn through_link(address: &mut serde_json::Value) -> Result<Link> {
    let multiaddr = address.as_str().context("an address")?;
    let port = multiaddr.rsplit('/').next().context("a port")?.parse()?;
    let link = Link::new((std::net::Ipv4Addr::LOCALHOST, port).into())?;
    *address = format!("/ip4/127.0.0.1/tcp/{}", link.address().port()).into();
    Ok(link)
}

/// Stops all nodes, puts links between one and all others, both ways, and starts them again.
fn link(devnet: &Devnet, apart: usize) -> Result<Vec<Link>> {
    for node in ALL {
        devnet.stop(node)?;
    }
    let name = devnet.network.first_set().validators[apart].name.clone();
    let mut links = Vec::new();
    for node in ALL {
        devnet.configure(node, |config| {
            let peers = config["peers"].as_array_mut().context("its peers")?;
            for peer in peers {
                if node == apart || peer["name"] == name {
                    links.push(through_link(&mut peer["engine"])?);
                    links.push(through_link(&mut peer["gossip"])?);
                }
            }
            Ok(())
        })?;
    }
    for node in ALL {
        devnet.restart(node)?;
    }
    for node in ALL {
        devnet.wait_published(node)?;
    }
    Ok(links)
}

/// The processor time that a node has used, in seconds.
fn processor_seconds(devnet: &Devnet, node: usize) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", devnet.pid(node)?.trim()))?;
    let after_name = stat.rsplit(')').next().context("its fields")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // Fields 14 and 15 of proc(5), in hundredths of a second.
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}

#[test]
fn a_node_that_is_cut_off_rests_and_catches_up_when_healed() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let apart = 3;
    let links = link(devnet, apart)?;
    let statement = devnet.sign("agency-gz-housing", &registers(0..5))?;
    devnet.submit(apart, &statement)?;
    devnet.wait_equal(&ALL)?;
    links.iter().for_each(Link::cut);
    wait_for("the node to notice that it is alone", || {
        Ok((devnet.health(apart)?.peers == 0).then_some(()))
    })?;
    let before = devnet.health(apart)?;
    let (begun, used) = (Instant::now(), processor_seconds(devnet, apart)?);
    // What is sent to it waits; the others go on.
    let waiting = devnet.sign("agency-gz-housing", &registers(900_000..900_001))?;
    let (status, _) = devnet.post(apart, &waiting.encode(), 0)?;
    ensure!(status == 202, "a node alone answered {status}");
    let load = Load::default();
    for number in 10..25 {
        let statement = devnet.sign("agency-gz-housing", &registers(number..number + 1))?;
        let answer = devnet.submit(number as usize % 3, &statement)?;
        let acknowledged = Acknowledged {
            number,
            statement,
            answer,
            at: Instant::now(),
        };
        load.acknowledged().push(acknowledged);
    }
    let (status, _) = devnet.post(apart, &waiting.encode(), 4_000)?;
    ensure!(status == 202, "a node alone answered {status}");
    let alone = devnet.health(apart)?;
    ensure!(
        (alone.height, alone.published_height) == (before.height, before.published_height),
        "a node alone made {alone:?} of {before:?}"
    );
    let share = (processor_seconds(devnet, apart)? - used) / begun.elapsed().as_secs_f64();
    let refused: u64 = links.iter().map(Link::refused).sum();
    println!(
        "alone for {:.1?}: {share:.3} of a processor, {refused} connections refused",
        begun.elapsed()
    );
    ensure!(share < 0.5, "it uses {share:.2} of a processor for nothing");
    ensure!(
        refused > 0,
        "nobody tried to connect: the links were not used"
    );
    let since = Instant::now();
    links.iter().for_each(Link::heal);
    wait_back(devnet, apart, &[0, 1, 2], since)?;
    let answer = wait_for("the statement that waited", || {
        let (status, body) = devnet.post(apart, &waiting.encode(), 1_000)?;
        Ok((status == 200).then_some(body))
    })?;
    println!("what waited was final after {:.1?}", since.elapsed());
    receipt_holds(devnet, apart, 900_000, &serde_json::from_str(&answer)?)?;
    nothing_is_lost_or_doubled(devnet, &ALL, &load.acknowledged())?;
    no_equivocation(devnet)
}

/// A file system of its own in memory; gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where mounting is not allowed, and why.
    fn mount(at: &Path, mib: u64) -> Result<Result<Self, String>> {
        std::fs::create_dir_all(at)?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(at)
            .output();
        Ok(match mounted {
            Ok(output) if output.status.success() => Ok(Self(at.to_owned())),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    fn filler(&self) -> PathBuf {
        self.0.join("other-program")
    }

    fn free_mib(&self) -> Result<u64> {
        let output = Command::new("df")
            .args(["--output=avail", "-m"])
            .arg(&self.0)
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let free = text.lines().last().context("a line of df")?;
        Ok(free.trim().parse()?)
    }

    /// Another program takes room, until so many MiB are left; 0: all that there is.
    fn fill(&self, left_mib: u64) -> Result<()> {
        let mut filler = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())?;
        let piece = vec![0; if left_mib == 0 { 4 << 10 } else { 1 << 20 }];
        while left_mib == 0 || self.free_mib()? > left_mib {
            match filler.write_all(&piece) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Registers a lot at the other nodes until a node whose disk is full has ended, and checks how it
/// did. A store takes room in advance, so that much is written before there is none.
fn ends_for_lack_of_room(devnet: &Devnet, node: usize, load: &Load) -> Result<()> {
    let before = devnet.log(node)?.len();
    let status: Option<ExitStatus> = wait_for("the end of a node without room", || {
        if let Some(status) = devnet.ended(node)? {
            return Ok(Some(status));
        }
        let first = load.next.fetch_add(500, Ordering::AcqRel);
        let statement = devnet.sign("agency-gz-housing", &registers(first..first + 500))?;
        devnet.post(0, &statement.encode(), 1_000)?;
        Ok(None)
    })?;
    let said = devnet.log(node)?.split_off(before);
    let last = said.lines().rev().find(|line| line.starts_with("Error: "));
    let last = last.with_context(|| format!("its last words: {said}"))?;
    println!("{last}");
    ensure!(
        last.contains("disk is full") && last.contains("start the node again"),
        "{said}"
    );
    nothing_panicked(&said)?;
    let code = status.context("how it ended")?.code();
    ensure!(code == Some(1), "it ended with {code:?}: {said}");
    // The others go on.
    load.during(devnet, || load.wait_more(5))
}

#[test]
fn a_full_disk_stops_a_node_in_order_and_it_goes_on_with_room() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let (node, others) = (3, [0, 1, 2]);
    let load = Load::default();
    load.during(devnet, || load.wait_more(5))?;
    let data = devnet.data(node);
    let disk = SmallDisk::mount(&devnet.folder().join("disk"), 128)?;
    match &disk {
        Err(why) => println!("NOT RUN: a disk that is full. No file system can be mounted: {why}"),
        Ok(disk) => {
            devnet.stop(node)?;
            copy_folder(&data, &disk.0)?;
            let place = |data: &Path, least_mib: u64| {
                devnet.configure(node, |config| {
                    config["data"] = data.to_string_lossy().into();
                    config["free_mib_min"] = least_mib.into();
                    Ok(())
                })
            };
            // Another program fills it: the node stops while there is still room for itself. With
            // none kept free, a write fails.
            for (least_mib, left_mib) in [(32, 16), (0, 0)] {
                place(&disk.0, least_mib)?;
                devnet.restart(node)?;
                wait_back(devnet, node, &others, Instant::now())?;
                disk.fill(left_mib)?;
                ends_for_lack_of_room(devnet, node, &load)?;
                if least_mib > 0 {
                    // A supervisor that starts it again hears the same.
                    devnet.restart(node)?;
                    ends_for_lack_of_room(devnet, node, &load)?;
                }
                std::fs::remove_file(disk.filler())?;
                let since = Instant::now();
                devnet.restart(node)?;
                wait_back(devnet, node, &others, since)?;
                ensure!(devnet.health(node)?.votes, "a full disk made a follower");
                devnet.stop(node)?;
                let inspected = devnet.command(node, &["inspect"])?;
                ensure!(inspected.status.success(), "{inspected:?}");
            }
            std::fs::remove_dir_all(&data)?;
            copy_folder(&disk.0, &data)?;
            place(&data, 0)?;
            devnet.restart(node)?;
            wait_back(devnet, node, &others, Instant::now())?;
        }
    }
    // Everywhere: no file may grow beyond a length, so that writes fail as on a full disk.
    devnet.stop(node)?;
    let limited = "trap '' XFSZ; ulimit -f 1024; exec \"$@\"";
    devnet.restart_under(node, &["sh", "-c", limited, "sh"])?;
    ends_for_lack_of_room(devnet, node, &load)?;
    let since = Instant::now();
    devnet.restart(node)?;
    wait_back(devnet, node, &others, since)?;
    ensure!(devnet.health(node)?.votes, "a full disk made a follower");
    nothing_is_lost_or_doubled(devnet, &ALL, &load.acknowledged())?;
    no_equivocation(devnet)?;
    devnet.stop(node)?;
    let acknowledged = load.acknowledged();
    log_registers_once(devnet, node, &acknowledged)
}
