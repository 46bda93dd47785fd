//! What goes wrong, drawn from the seed.
//!
//! Crashes, partitions and bad clocks may hit any number of nodes at once: nothing of that may cost
//! safety, and after it everything has to go on without an operator. Liars, and nodes whose disks
//! lie, are at most f of 3f + 1.

use super::network::Weather;
use super::world::{Event, Heals, World, MS, SECOND};
use hefu_node::ledger::Planted;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::Rng;

/// What is wrong with a node for a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Liar {
    /// Its program finds other results than everybody else's.
    ExecutesOtherwise,
    /// It flips bits in parts of blocks.
    SendsBadParts,
    /// It cosigns two checkpoints of one size.
    CosignsTwice,
    /// It never sends a cosignature.
    WithholdsCosignatures,
    /// It never sends a vote.
    WithholdsVotes,
    /// It proposes statements again that were executed.
    RepeatsStatements,
    /// Its disk loses what it said that it had: blocks, the log of its votes, or all.
    ForgetsThings,
}

const LIARS: [Liar; 7] = [
    Liar::ExecutesOtherwise,
    Liar::SendsBadParts,
    Liar::CosignsTwice,
    Liar::WithholdsCosignatures,
    Liar::WithholdsVotes,
    Liar::RepeatsStatements,
    Liar::ForgetsThings,
];

/// How often something happens in a run.
pub(super) struct Faults {
    pause: u64,
}

impl Faults {
    pub fn draw(rng: &mut StdRng) -> Self {
        Self {
            pause: [2 * SECOND, 5 * SECOND, 12 * SECOND][rng.gen_range(0..3)],
        }
    }
}

impl World {
    pub fn draw_liars(&mut self) {
        // Of the first set: who joins it later is honest.
        let validators = self.parties.network.genesis().validators.len();
        let most = (validators - 1) / 3;
        let mut number = self.rng.gen_range(0..=most);
        // A window that is not asked matters only if somebody proposes what was executed.
        let repeats = self.plan.planted == Some(Planted::SkipsWindow);
        if repeats {
            number = 1;
        }
        let mut all: Vec<usize> = (0..validators).collect();
        all.shuffle(&mut self.rng);
        for at in all.into_iter().take(number) {
            let liar = match repeats {
                true => Liar::RepeatsStatements,
                false => LIARS[self.rng.gen_range(0..LIARS.len())],
            };
            self.nodes[at].liar = Some(liar);
            self.count(match liar {
                Liar::ExecutesOtherwise => "nodes that execute otherwise",
                Liar::SendsBadParts => "nodes that send bad parts",
                Liar::CosignsTwice => "nodes that cosign twice",
                Liar::WithholdsCosignatures => "nodes that withhold cosignatures",
                Liar::WithholdsVotes => "nodes that withhold votes",
                Liar::RepeatsStatements => "nodes that propose statements again",
                Liar::ForgetsThings => "nodes whose disk lies",
            });
            self.note(format_args!("{at} is a liar: {liar:?}"));
        }
    }

    /// How many unsynced writes survive: all if only the process died.
    pub fn draw_kept(&mut self) -> u64 {
        if self.rng.gen_bool(0.5) {
            return u64::MAX;
        }
        self.count("losses of power");
        [0, 1, 2, 7, 60][self.rng.gen_range(0..5)]
    }

    /// Something goes wrong.
    pub fn fault(&mut self) {
        if self.calm {
            return;
        }
        let after = self
            .rng
            .gen_range(self.faults.pause / 4..self.faults.pause * 2);
        self.after(after, Event::Fault);
        let some = self.rng.gen_range(0..self.nodes.len());
        match self.rng.gen_range(0..100) {
            0..=29 => self.arm(some),
            30..=44 => self.crash(some),
            45..=54 => {
                self.count("crashes of several at once");
                for at in 0..self.nodes.len() {
                    if self.rng.gen_bool(0.7) {
                        self.crash(at);
                    }
                }
            }
            55..=69 => self.part(),
            70..=79 => self.jump_clock(some),
            80..=89 => {
                self.count("storms");
                self.links.turn += 1;
                self.links.weather = Weather::storm(&mut self.rng);
                let after = self.rng.gen_range(SECOND..12 * SECOND);
                self.after(after, Event::Heal(Heals::Weather(self.links.turn)));
            }
            _ => {
                let forgetful = |at: &usize| self.is(*at, Liar::ForgetsThings);
                if let Some(at) = (0..self.nodes.len()).find(forgetful) {
                    self.forget(at);
                }
            }
        }
    }

    /// One of the next writes of a node fails, and kills it.
    fn arm(&mut self, at: usize) {
        if self.nodes[at].running.is_none() {
            return;
        }
        self.nodes[at].armed = true;
        if self.rng.gen_bool(0.5) {
            let write = self.rng.gen_range(0..12);
            self.note(format_args!("{at} will die at write {write} of its store"));
            self.nodes[at].disk.fail_at(Some(write));
        } else {
            let write = self.rng.gen_range(0..80);
            self.note(format_args!("{at} will die at write {write} of its log"));
            self.nodes[at].log.fail_at(Some(write));
        }
    }

    fn crash(&mut self, at: usize) {
        if self.nodes[at].running.is_none() {
            return;
        }
        self.count("crashes");
        let kept = self.draw_kept();
        self.note(format_args!("{at} crashes"));
        self.stop(at, kept);
        let after = self.rng.gen_range(50 * MS..10 * SECOND);
        self.after(after, Event::Start(at));
    }

    fn part(&mut self) {
        self.count("partitions");
        self.links.partition += 1;
        let sides = (0..self.nodes.len())
            .map(|_| self.rng.gen_range(0..2))
            .collect();
        self.note(format_args!("the network parts: {sides:?}"));
        self.links.sides = Some(sides);
        self.relink_soon(None);
        let after = self.rng.gen_range(500 * MS..20 * SECOND);
        self.after(after, Event::Heal(Heals::Partition(self.links.partition)));
    }

    fn jump_clock(&mut self, at: usize) {
        self.count("clocks that jump");
        let far = [1_500, 5_000, 60_000, 900_000][self.rng.gen_range(0..4)];
        let skew_ms = self.rng.gen_range(-far..far);
        self.nodes[at].skew_ms = skew_ms;
        self.note(format_args!("the clock of {at} is off by {skew_ms} ms"));
        let after = self.rng.gen_range(SECOND..15 * SECOND);
        self.after(after, Event::Heal(Heals::Clock(at)));
    }

    /// A disk turns out not to have what it said that it had.
    fn forget(&mut self, at: usize) {
        self.stop(at, u64::MAX);
        match self.rng.gen_range(0..5) {
            0 => {
                let batches = self.rng.gen_range(1..20);
                self.count("synced writes lost");
                let lost = self.nodes[at].disk.lose(batches);
                self.note(format_args!("{at} loses {lost} synced writes"));
            }
            1 => {
                self.count("logs lost");
                self.nodes[at].log.lose();
                self.note(format_args!("{at} loses its log"));
            }
            2 => {
                self.count("bits flipped in a log");
                let choice = self.rng.gen();
                self.nodes[at].log.damage(choice);
                self.note(format_args!("a bit flips in the log of {at}"));
            }
            3 => {
                self.count("bits flipped in a store");
                let choice = self.rng.gen();
                let row = self.nodes[at].disk.damage(choice);
                self.note(format_args!("a bit flips in the store of {at}: {row}"));
            }
            _ => {
                self.count("disks wiped");
                self.nodes[at].disk = hefu_store::MemoryDisk::new();
                self.nodes[at].log.lose();
                self.note(format_args!("{at} loses its disk"));
            }
        }
        let after = self.rng.gen_range(50 * MS..5 * SECOND);
        self.after(after, Event::Start(at));
    }

    pub fn heal(&mut self, what: &Heals) {
        match what {
            Heals::Partition(of) if *of == self.links.partition && self.links.sides.is_some() => {
                self.links.sides = None;
                self.note(format_args!("the network is whole"));
                self.relink_soon(None);
            }
            Heals::Weather(of) if *of == self.links.turn => self.links.clear(),
            Heals::Clock(at) => self.nodes[*at].skew_ms = 0,
            Heals::Partition(_) | Heals::Weather(_) => {}
        }
    }

    /// From here on nothing new goes wrong. Liars stay liars.
    pub fn grow_calm(&mut self) {
        self.note(format_args!("calm"));
        self.calm = true;
        self.links.grow_calm();
        for at in 0..self.nodes.len() {
            self.nodes[at].skew_ms = 0;
            if self.nodes[at].armed {
                // Its write may have failed already without anybody having noticed.
                self.stop(at, u64::MAX);
            }
            self.after(self.now % SECOND, Event::Start(at));
        }
        self.relink_soon(None);
    }
}
