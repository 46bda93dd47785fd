//! One node: what survives of it, what runs of it, and how the one becomes the other.
//!
//! [`World::start`] does what `run` of the product does between the store and the first message.

use super::faults::Liar;
use super::parties::Parties;
use super::world::{Event, World, MS, SECOND};
use bytes::Bytes;
use hefu_engine::by_hand::{Driven, LogFile};
use hefu_engine::{
    engine_handle, Application, Config, EngineError, EngineHandle, Evidence, Judgement,
    KeptProposal, Timeouts, Voter,
};
use hefu_node::clock::Clock;
use hefu_node::gossip::{Gossip, GossipLimits, Message};
use hefu_node::hear::Hearing;
use hefu_node::ledger::{Ledger, LedgerFault, Planted};
use hefu_node::memory::{Marks, Regaining};
use hefu_node::metrics::Metrics;
use hefu_node::publication::CheckpointKeys;
use hefu_node::shared::Shared;
use hefu_node::start::{start, Started};
use hefu_state::block::is_in_time;
use hefu_store::{MemoryDisk, Store};
use hefu_types::block::{Block, BLOCK_BYTES_MAX};
use hefu_types::statement::Statement;
use hefu_types::{Millis, PublicKey};
use rand::rngs::StdRng;
use rand::Rng;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What survives of a node, and what runs of it.
pub(super) struct Node {
    pub disk: MemoryDisk,
    pub log: LogFile,
    pub marks: Marks,
    pub clock: Clock,
    /// How far its clock is off, in milliseconds.
    pub skew_ms: i64,
    pub liar: Option<Liar>,
    /// The program of one that executes otherwise was replaced by a sound one.
    pub mended: bool,
    pub running: Option<Running>,
    /// When it will be asked next.
    pub due_at: Option<u64>,
    /// It came later, and has nothing to remember until it has followed for a while.
    pub joins: bool,
    /// A write will fail: whatever error comes is that of a dead process.
    pub armed: bool,
}

pub(super) struct Running {
    pub shared: Arc<Shared>,
    pub gossip: Gossip,
    pub hearing: Hearing,
    pub engine: EngineHandle,
    pub driven: Driven<Simulated>,
    pub votes: bool,
    regaining: Option<Regaining>,
    /// The size of what it published last.
    published: Option<u64>,
    offenders: Arc<Mutex<Vec<PublicKey>>>,
}

/// What a node finds on its disk.
pub(super) struct Found {
    pub height: u64,
    pub cosigned: Option<u64>,
    pub votes: bool,
}

/// A node's number as the name of its peer.
pub(super) trait PeerOf {
    fn peer(&self, at: usize) -> PublicKey;
    fn number(&self, peer: &PublicKey) -> Option<usize>;
}

impl PeerOf for Parties {
    fn peer(&self, at: usize) -> PublicKey {
        self.validators[at].peer.public_key()
    }

    fn number(&self, peer: &PublicKey) -> Option<usize> {
        let mut validators = self.validators.iter();
        validators.position(|keys| keys.peer.public_key() == *peer)
    }
}

/// The ledger of a node, and what a liar makes of it.
pub(super) struct Simulated {
    ledger: Ledger,
    /// Proposes statements again that were executed.
    repeats: bool,
    executed: Vec<Statement>,
    offenders: Arc<Mutex<Vec<PublicKey>>>,
}

impl Simulated {
    /// The block with a statement that an earlier one held.
    fn repeat(&self, bytes: Bytes) -> Bytes {
        let Ok(mut block) = Block::decode(&bytes) else {
            return bytes;
        };
        let time = block.header.time;
        let in_time = |statement: &&Statement| {
            hefu_types::statement::SignedHeader::read(
                super::parties::SUITE,
                &block.header.network,
                statement.cose(),
            )
            .is_ok_and(|header| is_in_time(header.payload.valid_until, time))
        };
        let again = self.executed.iter().rev().find(in_time).cloned();
        block.statements.extend(again);
        block.encode().into()
    }
}

impl Application for Simulated {
    type Fault = LedgerFault;

    fn height(&self) -> u64 {
        self.ledger.height()
    }
    fn validators(&self, height: u64) -> Vec<Voter> {
        self.ledger.validators(height)
    }
    fn epoch(&self, height: u64) -> u64 {
        self.ledger.epoch(height)
    }
    fn propose(&mut self, height: u64, round: u32) -> Result<Bytes, LedgerFault> {
        let block = self.ledger.propose(height, round)?;
        Ok(if self.repeats {
            self.repeat(block)
        } else {
            block
        })
    }
    fn judge(&mut self, height: u64, block: &Bytes, first: bool) -> Result<Judgement, LedgerFault> {
        self.ledger.judge(height, block, first)
    }
    fn keep(&mut self, proposal: &KeptProposal) -> Result<(), LedgerFault> {
        self.ledger.keep(proposal)
    }
    fn kept(&self) -> Result<Vec<KeptProposal>, LedgerFault> {
        self.ledger.kept()
    }
    fn decided(
        &mut self,
        height: u64,
        block: Bytes,
        certificate: Bytes,
    ) -> Result<(), LedgerFault> {
        if self.repeats {
            let decoded = Block::decode(&block);
            self.executed
                .extend(decoded.into_iter().flat_map(|block| block.statements));
        }
        self.ledger.decided(height, block, certificate)
    }
    fn decided_block(&self, height: u64) -> Result<Option<(Bytes, Bytes)>, LedgerFault> {
        self.ledger.decided_block(height)
    }
    fn last_block_was_empty(&self) -> bool {
        self.ledger.last_block_was_empty()
    }
    fn has_work(&self) -> bool {
        self.ledger.has_work()
    }
    fn heights_ahead_of_publication(&self) -> u64 {
        self.ledger.heights_ahead_of_publication()
    }
    fn announce_wake(&mut self, height: u64) {
        self.ledger.announce_wake(height);
    }
    fn evidence(&mut self, evidence: Evidence) {
        let mut offenders = self.offenders.lock().expect("nobody panics with it");
        offenders.push(evidence.offender);
        drop(offenders);
        self.ledger.evidence(evidence);
    }
}

impl Running {
    /// Of whom it has evidence.
    pub fn offenders(&self) -> Vec<PublicKey> {
        self.offenders
            .lock()
            .expect("nobody panics with it")
            .clone()
    }
}

impl Node {
    pub fn new(rng: &mut StdRng) -> Self {
        Self {
            disk: MemoryDisk::new(),
            log: LogFile::new(),
            marks: Marks {
                founding: true,
                follower: None,
            },
            clock: Clock::by_hand(Millis(0)),
            skew_ms: rng.gen_range(-600..600),
            liar: None,
            mended: false,
            running: None,
            due_at: None,
            joins: false,
            armed: false,
        }
    }

    /// One with which the network does not begin.
    pub fn newcomer(rng: &mut StdRng) -> Self {
        Self {
            marks: Marks::default(),
            joins: true,
            ..Self::new(rng)
        }
    }
}

impl World {
    /// A node begins with what survived of it.
    pub fn start(&mut self, at: usize) {
        if self.nodes[at].running.is_some() {
            return;
        }
        match self.begin(at) {
            Ok(running) => {
                let height = running.shared.head().before.height;
                self.note(format_args!(
                    "{at} starts at {height}, votes: {}",
                    running.votes
                ));
                self.nodes[at].running = Some(running);
                self.relink_soon(Some(at));
                self.touch(at, |_, _| Ok(()));
            }
            Err(error) => self.failed(at, &error),
        }
    }

    fn set_clock(&self, at: usize) {
        let node = &self.nodes[at];
        let time = self.time().0.saturating_add_signed(node.skew_ms);
        node.clock.set(Millis(time));
    }

    fn begin(&mut self, at: usize) -> Result<Running, EngineError> {
        self.set_clock(at);
        let now = Duration::from_micros(self.now);
        let network = self.parties.network.clone();
        let others: Vec<u16> = (0..self.nodes.len() as u16)
            .filter(|o| usize::from(*o) != at)
            .collect();
        let peers: Vec<PublicKey> = others
            .iter()
            .map(|other| self.parties.peer(usize::from(*other)))
            .collect();
        let node = &mut self.nodes[at];
        let fault = |error: hefu_store::StoreFault| EngineError::Application(Box::new(error));

        let opened = Store::open_memory(&node.disk, &network).map_err(fault)?;
        let log_height = node.log.height().map_err(|_| EngineError::Unsafe)?;
        let may_vote = node
            .marks
            .may_vote(opened.fresh, opened.before.height, log_height);
        let votes = may_vote.is_ok();
        if let Err(why) = may_vote {
            node.marks.follower = Some(why);
        }
        let found = Found {
            height: opened.before.height,
            cosigned: opened.store.largest_cosigned().map_err(fault)?,
            votes,
        };
        self.check_memory(at, &found);
        let keys = &self.parties.validators[at];
        let node = &mut self.nodes[at];
        let name = self.parties.names[at].clone();
        let checkpoint_keys = votes.then(|| CheckpointKeys {
            checkpoint: keys.checkpoint.clone(),
            log: keys.log.clone(),
        });
        let Started {
            shared,
            publication,
            frontier,
        } = start(
            network.clone(),
            name.clone(),
            opened,
            checkpoint_keys,
            node.clock.clone(),
        )
        .map_err(fault)?;
        let publication = Arc::new(Mutex::new(publication));
        let gossip = Gossip::by_hand(&peers, GossipLimits::default());
        let (engine, signals) = engine_handle();
        let hearing = Hearing {
            shared: Arc::clone(&shared),
            publication: Arc::clone(&publication),
            gossip: gossip.clone(),
            engine: engine.clone(),
        };
        let otherwise = node.liar == Some(Liar::ExecutesOtherwise) && !node.mended;
        let planted = if otherwise {
            Some(Planted::IgnoresDigests)
        } else {
            self.plan.planted
        };
        let metrics = Arc::new(Metrics::default());
        let ledger = Ledger::new(
            Arc::clone(&shared),
            publication,
            gossip.clone(),
            metrics,
            frontier,
        )
        .planted(planted);
        let offenders = Arc::new(Mutex::new(Vec::new()));
        let simulated = Simulated {
            ledger,
            repeats: node.liar == Some(Liar::RepeatsStatements),
            executed: Vec::new(),
            offenders: Arc::clone(&offenders),
        };
        let config = Config {
            moniker: name,
            network: network.digest(),
            suite: network.suite(),
            wal: "memory".into(),
            listen: "memory".to_owned(),
            peers: Vec::new(),
            peer_seed: keys.peer.seed(),
            consensus_key: keys.consensus.clone(),
            votes,
            timeouts: Timeouts {
                propose: Duration::from_millis(500),
                vote: Duration::from_millis(200),
                ..Timeouts::default()
            },
            heartbeat: Duration::from_millis(network.genesis().heartbeat_ms),
            // Several parts a block, although blocks are short here.
            part_bytes: 2 * 1024,
            part_bytes_max: 4 * 1024 * 1024,
            block_bytes_max: BLOCK_BYTES_MAX,
        };
        let driven = Driven::start(
            config, simulated, signals, &node.log, at as u16, &others, now,
        )?;
        Ok(Running {
            regaining: (!votes).then(|| Regaining::new(shared.clock.now())),
            shared,
            gossip,
            hearing,
            engine,
            driven,
            votes,
            published: None,
            offenders,
        })
    }

    /// Something happens to a node: it does what it does, and what it said is sent.
    pub fn touch(
        &mut self,
        at: usize,
        work: impl FnOnce(&mut Running, Duration) -> Result<(), EngineError>,
    ) {
        self.set_clock(at);
        let now = Duration::from_micros(self.now);
        let Some(running) = self.nodes[at].running.as_mut() else {
            return;
        };
        let ended = work(running, now).and_then(|()| running.driven.run(now));
        let letters = running.driven.take_letters();
        let sent = running.gossip.take_sent();
        let begun = running.engine.status().borrow().decided > 0;
        let due = running.driven.due().as_micros() as u64;
        if begun {
            self.nodes[at].marks.founding = false;
        }
        // What a dying process handed over last may or may not have left it.
        if ended.is_ok() || self.rng.gen_bool(0.7) {
            let number = |(peer, message)| Some((self.parties.number(&peer)?, message));
            let sent: Vec<(usize, Message)> = sent.into_iter().filter_map(number).collect();
            self.send_letters(at, letters);
            self.send_gossip(at, sent);
        }
        self.saw_published(at);
        match ended {
            Err(error) => self.failed(at, &error),
            Ok(()) if self.regained(at) => {
                self.count("followers that vote again");
                self.nodes[at].marks.follower = None;
                self.nodes[at].joins = false;
                self.stop(at, u64::MAX);
                self.after(100 * MS, Event::Start(at));
            }
            Ok(()) => {
                // Not at once: what has no end would stand still.
                let due = due.max(self.now + MS / 10);
                if self.nodes[at].due_at.is_none_or(|known| known > due) {
                    self.nodes[at].due_at = Some(due);
                    self.at(due, Event::Due(at));
                }
            }
        }
    }

    fn regained(&mut self, at: usize) -> bool {
        let Some(running) = self.nodes[at].running.as_mut() else {
            return false;
        };
        let size = running
            .shared
            .published()
            .map(|p| p.signed.checkpoint.size.0);
        let news = size != running.published;
        running.published = size;
        let Some(regaining) = &mut running.regaining else {
            return false;
        };
        news && regaining.has_regained(&running.shared)
    }

    /// A process is gone. Of what was not synced a little may survive.
    pub fn stop(&mut self, at: usize, unsynced_kept: u64) {
        for other in 0..self.nodes.len() {
            if other != at {
                self.unlink(at, other);
            }
        }
        let node = &mut self.nodes[at];
        if let Some(running) = node.running.take() {
            let offenders = running.offenders();
            drop(running);
            self.check_offenders(at, &offenders);
        }
        let node = &mut self.nodes[at];
        node.disk.crash(unsynced_kept);
        node.log.crash(unsynced_kept);
        node.armed = false;
        node.due_at = None;
    }

    /// A node's run ended with an error.
    fn failed(&mut self, at: usize, error: &EngineError) {
        let mut sentence = error.to_string();
        if let EngineError::Application(source) = error {
            sentence = source.to_string();
        }
        self.note(format_args!("{at} fails: {sentence}"));
        let node = &self.nodes[at];
        let diverged = sentence.starts_with("stopped at height");
        if node.armed {
            // A write failed as it was told to: the process is dead.
            self.count("crashes at a write");
            let kept = self.draw_kept();
            self.stop(at, kept);
            let after = self.rng.gen_range(50 * MS..8 * SECOND);
            self.after(after, Event::Start(at));
        } else if diverged && node.liar == Some(Liar::ExecutesOtherwise) && !node.mended {
            self.count("stopped with other roots");
            self.reexecute(at);
        } else if node.liar == Some(Liar::ForgetsThings) {
            self.stop(at, u64::MAX);
            if matches!(error, EngineError::Unsafe) {
                self.count("damaged logs that were noticed");
            } else {
                // Its operator moves the folder of the store aside.
                self.count("damaged stores that were noticed");
                self.nodes[at].disk = MemoryDisk::new();
            }
            self.rejoin(at);
        } else {
            self.find(format!("node {at} stopped: {sentence}"));
        }
    }

    /// As `hefu-node reexecute` with a program that is sound.
    fn reexecute(&mut self, at: usize) {
        self.stop(at, u64::MAX);
        let network = self.parties.network.clone();
        let node = &mut self.nodes[at];
        let undone = Store::open_memory(&node.disk, &network)
            .and_then(|opened| opened.store.undo_last().map(drop));
        node.mended = true;
        if let Err(error) = undone {
            self.find(format!("node {at} cannot take its block back: {error}"));
        }
        self.rejoin(at);
    }

    /// As `hefu-node rejoin` and a start.
    fn rejoin(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.log.lose();
        node.marks.founding = false;
        node.marks.follower = Some("an operator ran `hefu-node rejoin`".to_owned());
        self.after(SECOND, Event::Start(at));
    }
}
