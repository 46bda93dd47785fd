//! One run: virtual time, the queue of events, and what was seen.

use super::clients::Clients;
use super::faults::{Faults, Liar};
use super::network::{Links, Parcel};
use super::node::Node;
use super::parties::{Parties, START};
use hefu_engine::by_hand::Said;
use hefu_node::ledger::Planted;
use hefu_types::statement::Statement;
use hefu_types::{BlockId, Millis};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Microseconds of virtual time since the run began.
pub(super) type Moment = u64;
pub(super) const MS: Moment = 1_000;
pub(super) const SECOND: Moment = 1_000 * MS;
/// So long may a healed network take until everything is settled.
const SETTLE: Moment = 300 * SECOND;
/// No run has more events: one that has is one that goes round in a circle.
const EVENTS_MAX: u64 = 3_000_000;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Everything is drawn from it.
    pub seed: u64,
    /// A bug in all nodes, to show that it is found.
    pub planted: Option<Planted>,
    /// Whether every event is printed.
    pub verbose: bool,
}

/// What a run brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its seed.
    pub seed: u64,
    /// How long it lasted in virtual time.
    pub virtual_ms: u64,
    /// The height that was reached.
    pub blocks: u64,
    /// Statements that clients made.
    pub statements: u64,
    /// Operations whose receipts were acknowledged.
    pub receipts: u64,
    /// What went wrong on purpose, by its name.
    pub faults: BTreeMap<&'static str, u64>,
    /// What should never be. Empty in a good run.
    pub found: Vec<String>,
    /// A hash over all that happened: two runs of one seed have the same.
    pub trace: u64,
}

/// What is to happen at a moment.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A node's own timers.
    Due(usize),
    Deliver {
        from: usize,
        to: usize,
        parcel: Parcel,
    },
    /// The gossip connection of two nodes is looked at again.
    Link(usize, usize),
    Start(usize),
    Fault,
    Heal(Heals),
    Clients,
    /// The council lets one validator take the place of another.
    Council,
    Poll,
    /// The faults are over.
    Calm,
}

/// What ends by itself.
#[derive(Clone, Debug)]
pub(super) enum Heals {
    Partition(u64),
    Clock(usize),
    Weather(u64),
}

/// What was seen of honest nodes, to be compared at the end.
#[derive(Default)]
pub(super) struct Seen {
    /// What each said where it may say one thing.
    pub said: BTreeMap<(usize, u8, u64, u32), Option<BlockId>>,
    /// The published checkpoints by size, as texts.
    pub published: BTreeMap<u64, String>,
    /// The cosignatures that each sent, by height.
    pub cosigned: BTreeMap<(usize, u64), Vec<hefu_node::gossip::HeightCosignature>>,
    /// The highest height of which each told others that it has it.
    pub told: BTreeMap<usize, u64>,
}

pub(super) struct World {
    pub plan: Plan,
    pub rng: StdRng,
    pub now: Moment,
    pub parties: Parties,
    pub nodes: Vec<Node>,
    pub links: Links,
    pub clients: Clients,
    pub faults: Faults,
    pub seen: Seen,
    pub found: Vec<String>,
    pub counts: BTreeMap<&'static str, u64>,
    pub calm: bool,
    /// The act of the council, once it has decided.
    pub act: Option<Statement>,
    queue: BTreeMap<(Moment, u64), Event>,
    events: u64,
    trace: DefaultHasher,
}

/// Runs one seed.
pub fn simulate(plan: Plan) -> Ran {
    let mut world = World::new(plan);
    let ended = catch_unwind(AssertUnwindSafe(|| world.run()));
    if let Err(panic) = ended {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        world
            .found
            .push(format!("a panic: {}", text.unwrap_or_default()));
    }
    world.ran()
}

impl World {
    fn new(plan: Plan) -> Self {
        let mut rng = StdRng::seed_from_u64(plan.seed);
        let validators = [4, 4, 4, 5, 7][rng.gen_range(0..5)];
        let heartbeat_ms = [2_000, 5_000, 10_000][rng.gen_range(0..3)];
        let parties = Parties::new(validators, heartbeat_ms);
        let links = Links::draw(&mut rng);
        let faults = Faults::draw(&mut rng);
        let clients = Clients::draw(&mut rng);
        let mut nodes: Vec<Node> = (0..validators).map(|_| Node::new(&mut rng)).collect();
        // Every third network gets another validator for one that leaves.
        if plan.seed % 3 == 2 && plan.planted.is_none() {
            nodes.push(Node::newcomer(&mut rng));
        }
        let mut world = Self {
            plan,
            rng,
            now: SECOND,
            parties,
            nodes,
            links,
            clients,
            faults,
            seen: Seen::default(),
            found: Vec::new(),
            counts: BTreeMap::new(),
            calm: false,
            act: None,
            queue: BTreeMap::new(),
            events: 0,
            trace: DefaultHasher::new(),
        };
        world.draw_liars();
        world
    }

    fn run(&mut self) {
        for at in 0..self.nodes.len() {
            let after = self.rng.gen_range(0..2 * SECOND);
            self.after(after, Event::Start(at));
        }
        self.after(3 * SECOND, Event::Clients);
        self.after(3 * SECOND, Event::Poll);
        if self.joins() {
            let after = self.rng.gen_range(5 * SECOND..30 * SECOND);
            self.after(after, Event::Council);
        }
        self.after(4 * SECOND, Event::Fault);
        let calm = self.rng.gen_range(20 * SECOND..90 * SECOND);
        self.after(calm, Event::Calm);
        let end = self.now + calm + SETTLE;
        while self.found.is_empty() {
            let Some(((now, _), event)) = self.queue.pop_first() else {
                break;
            };
            self.now = now;
            self.events += 1;
            if self.events > EVENTS_MAX {
                self.find("the run does not end: events without end".to_owned());
            }
            if now > end {
                let why = self.unsettled().unwrap_or_default();
                self.find(format!("healed for {} s, and still {why}", SETTLE / SECOND));
                break;
            }
            self.happen(event);
            if self.calm && self.events.is_multiple_of(16) && self.unsettled().is_none() {
                break;
            }
        }
        if self.found.is_empty() {
            self.check_all();
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Due(at) => {
                self.nodes[at].due_at = None;
                self.touch(at, |_, _| Ok(()));
            }
            Event::Deliver { from, to, parcel } => self.deliver(from, to, parcel),
            Event::Link(a, b) => self.relink(a, b),
            Event::Start(at) => self.start(at),
            Event::Fault => self.fault(),
            Event::Heal(what) => self.heal(&what),
            Event::Clients => self.clients_act(),
            Event::Council => self.council_acts(),
            Event::Poll => self.clients_poll(),
            Event::Calm => self.grow_calm(),
        }
    }

    /// Puts an event into the queue.
    pub fn after(&mut self, delay: Moment, event: Event) {
        let at = self.now + delay;
        self.at(at, event);
    }

    pub fn at(&mut self, at: Moment, event: Event) {
        let place = self.events << 24 | self.queue.len() as u64;
        let mut key = (at.max(self.now), place);
        while self.queue.contains_key(&key) {
            key.1 += 1;
        }
        self.queue.insert(key, event);
    }

    /// The time that nobody's clock shows: that of the world.
    pub fn time(&self) -> Millis {
        START.plus(self.now / MS)
    }

    /// Something that should never be.
    pub fn find(&mut self, what: String) {
        self.note(format_args!("FOUND {what}"));
        self.found.push(what);
    }

    pub fn count(&mut self, fault: &'static str) {
        *self.counts.entry(fault).or_default() += 1;
    }

    /// A line of the trace.
    pub fn note(&mut self, line: std::fmt::Arguments<'_>) {
        let line = format!("{:>12} {line}", self.now);
        line.hash(&mut self.trace);
        if self.plan.verbose {
            println!("{line}");
        }
    }

    /// Bytes that were said.
    pub fn hash(&mut self, bytes: &[u8]) {
        bytes.hash(&mut self.trace);
    }

    pub fn honest(&self) -> Vec<usize> {
        let honest = |at: &usize| self.nodes[*at].liar.is_none();
        (0..self.nodes.len()).filter(honest).collect()
    }

    /// What is not settled yet; none if all is.
    fn unsettled(&self) -> Option<String> {
        let mut heights = BTreeSet::new();
        for at in self.recovering() {
            let Some(running) = &self.nodes[at].running else {
                return Some(format!("node {at} is down"));
            };
            if !running.votes {
                return Some(format!("node {at} follows"));
            }
            let height = running.shared.head().before.height;
            let published = running.shared.published();
            let published = published.map_or(0, |p| p.signed.checkpoint.height);
            if published + 1 < height {
                return Some(format!(
                    "node {at} is at {height} and published {published}"
                ));
            }
            heights.insert(height);
        }
        if self.joins() && !self.is_handed_over() {
            return Some("the next set is not in force everywhere".to_owned());
        }
        if heights.len() > 1 {
            return Some(format!("the heights are {heights:?}"));
        }
        self.clients.unsettled(self)
    }

    fn ran(self) -> Ran {
        let height = |node: &Node| Some(node.running.as_ref()?.shared.head().before.height);
        Ran {
            seed: self.plan.seed,
            virtual_ms: self.now / MS,
            blocks: self.nodes.iter().filter_map(height).max().unwrap_or(0),
            statements: self.clients.made(),
            receipts: self.clients.acknowledged(),
            faults: self.counts,
            found: self.found,
            trace: self.trace.finish(),
        }
    }

    /// An honest node says something that it may say once.
    pub fn saw_said(&mut self, at: usize, said: Said) {
        if self.nodes[at].liar.is_some() {
            return;
        }
        let slot = (at, said.kind, said.height, said.round);
        let first = *self.seen.said.entry(slot).or_insert(said.block);
        if first != said.block {
            self.find(format!(
                "node {at} said two things of kind {} at height {} round {}: {first:?} and {:?}",
                said.kind, said.height, said.round, said.block
            ));
        }
    }

    pub fn is(&self, at: usize, liar: Liar) -> bool {
        self.nodes[at].liar == Some(liar)
    }
}
