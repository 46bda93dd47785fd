//! Four engines driven by hand: they agree, survive the loss of what was not synced, and catch up.

use bytes::Bytes;
use hefu_engine::by_hand::{Driven, LogFile};
use hefu_engine::{
    engine_handle, Application, Config, EngineError, Evidence, Judgement, KeptProposal, Timeouts,
    Voter,
};
use hefu_types::suite::SecretKey;
use hefu_types::{NetworkDigest, Suite};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SUITE: Suite = Suite::Sha256Ed25519;
const VOTERS: u16 = 4;

/// What survives of an application: its chain and its proposals.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// Blocks with their certificates.
    chain: Vec<(Bytes, Bytes)>,
    proposals: Vec<KeptProposal>,
}

/// An application whose blocks say who made them.
struct Chain {
    number: u16,
    disk: Disk,
}

impl Chain {
    fn blocks(&self) -> Vec<Bytes> {
        let disk = self.disk.0.lock().expect("nobody panics");
        disk.chain.iter().map(|(block, _)| block.clone()).collect()
    }
}

fn secret(number: u16) -> SecretKey {
    SecretKey::from_seed(SUITE, &[number as u8 + 1; 32])
}

impl Application for Chain {
    type Fault = Infallible;

    fn height(&self) -> u64 {
        self.blocks().len() as u64
    }
    fn validators(&self, _: u64) -> Vec<Voter> {
        let voter = |number: u16| Voter {
            name: number.to_string(),
            consensus_key: secret(number).public_key(),
        };
        (0..VOTERS).map(voter).collect()
    }
    fn epoch(&self, _: u64) -> u64 {
        0
    }
    fn propose(&mut self, height: u64, round: u32) -> Result<Bytes, Infallible> {
        Ok(format!("{height} {round} {}", self.number).into())
    }
    fn judge(&mut self, _: u64, _: &Bytes, _: bool) -> Result<Judgement, Infallible> {
        Ok(Judgement::Valid)
    }
    fn keep(&mut self, proposal: &KeptProposal) -> Result<(), Infallible> {
        let mut disk = self.disk.0.lock().expect("nobody panics");
        disk.proposals.push(proposal.clone());
        Ok(())
    }
    fn kept(&self) -> Result<Vec<KeptProposal>, Infallible> {
        Ok(self.disk.0.lock().expect("nobody panics").proposals.clone())
    }
    fn decided(&mut self, _: u64, block: Bytes, certificate: Bytes) -> Result<(), Infallible> {
        let mut disk = self.disk.0.lock().expect("nobody panics");
        disk.chain.push((block, certificate));
        Ok(())
    }
    fn decided_block(&self, height: u64) -> Result<Option<(Bytes, Bytes)>, Infallible> {
        let disk = self.disk.0.lock().expect("nobody panics");
        Ok(disk.chain.get(height as usize - 1).cloned())
    }
    fn last_block_was_empty(&self) -> bool {
        false
    }
    fn has_work(&self) -> bool {
        true
    }
    fn heights_ahead_of_publication(&self) -> u64 {
        0
    }
    fn announce_wake(&mut self, _: u64) {}
    fn evidence(&mut self, evidence: Evidence) {
        panic!("nobody equivocates: {evidence:?}");
    }
}

/// The engines, what survives of each, and the time. A message takes a millisecond.
struct World {
    engines: Vec<Option<Driven<Chain>>>,
    disks: Vec<(Disk, LogFile)>,
    now: Duration,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            engines: (0..VOTERS).map(|_| None).collect(),
            disks: (0..VOTERS)
                .map(|_| (Disk::default(), LogFile::new()))
                .collect(),
            now: Duration::from_secs(1),
        };
        for number in 0..VOTERS {
            world.start(number);
        }
        world
    }

    fn start(&mut self, number: u16) {
        let config = Config {
            moniker: number.to_string(),
            network: NetworkDigest([5; 32]),
            suite: SUITE,
            wal: "unused".into(),
            listen: "unused".into(),
            peers: Vec::new(),
            peer_seed: [number as u8; 32],
            consensus_key: secret(number),
            votes: true,
            timeouts: Timeouts::default(),
            heartbeat: Duration::from_secs(10),
            part_bytes: 1000,
            part_bytes_max: 1000,
            block_bytes_max: 1000,
        };
        let (disk, log) = self.disks[usize::from(number)].clone();
        let (_, signals) = engine_handle();
        let others: Vec<u16> = (0..VOTERS).filter(|other| *other != number).collect();
        self.now += Duration::from_millis(1);
        let chain = Chain { number, disk };
        let started = Driven::start(config, chain, signals, &log, number, &others, self.now);
        self.engines[usize::from(number)] = Some(started.expect("it starts"));
    }

    /// Goes on by a millisecond, and delivers all that was said. An engine whose log fails is gone.
    fn step(&mut self) {
        let mut letters = Vec::new();
        for (number, engine) in (0..).zip(&mut self.engines) {
            letters.extend(
                engine
                    .iter_mut()
                    .flat_map(Driven::take_letters)
                    .map(|l| (number, l)),
            );
        }
        self.now += Duration::from_millis(1);
        for (number, slot) in (0..).zip(&mut self.engines) {
            let Some(engine) = slot else { continue };
            let mut ended = engine.run(self.now);
            for (from, letter) in &letters {
                if *from != number && letter.to.is_none_or(|to| to == number) && ended.is_ok() {
                    ended = engine.hear(self.now, *from, letter.channel, letter.bytes.clone());
                }
            }
            match ended {
                Ok(()) => {}
                Err(EngineError::Unsafe | EngineError::Start(_)) => *slot = None,
                Err(error) => panic!("{number}: {error}"),
            }
        }
    }

    /// Goes on until those that run have a height.
    fn reach(&mut self, height: u64) {
        for _ in 0..60_000 {
            let mut running = self.engines.iter().flatten();
            if running.all(|engine| engine.app().height() >= height) {
                return;
            }
            self.step();
        }
        panic!("height {height} is not reached in a minute");
    }

    fn check(&self) {
        let chains: Vec<_> = self
            .engines
            .iter()
            .flatten()
            .map(|e| e.app().blocks())
            .collect();
        let longest = chains
            .iter()
            .max_by_key(|chain| chain.len())
            .expect("one runs");
        assert!(chains.iter().all(|chain| longest.starts_with(chain)));
    }
}

#[test]
fn four_agree_and_three_go_on() {
    let mut world = World::new();
    world.reach(20);
    world.engines[2] = None;
    world.reach(30);
    world.check();
    world.start(2);
    world.reach(40);
    world.check();
}

#[test]
fn a_crash_at_any_write_of_a_log_is_survived() {
    for write in 0..60 {
        let mut world = World::new();
        world.reach(2);
        world.disks[1].1.fail_at(Some(write));
        for _ in 0..2_000 {
            world.step();
        }
        assert!(world.engines[1].is_none(), "write {write} was not reached");
        world.disks[1].1.crash(write % 3 * 7);
        world.start(1);
        let height = world
            .engines
            .iter()
            .flatten()
            .map(|e| e.app().height())
            .max();
        world.reach(height.expect("one runs") + 5);
        world.check();
    }
}

#[test]
fn all_at_once_go_on_where_they_were() {
    let mut world = World::new();
    world.reach(7);
    for number in 0..VOTERS {
        world.engines[usize::from(number)] = None;
        world.disks[usize::from(number)].1.crash(0);
    }
    for number in 0..VOTERS {
        world.start(number);
    }
    world.reach(15);
    world.check();
}
