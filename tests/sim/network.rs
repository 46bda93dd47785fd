//! Messages between nodes: delayed, lost, copied, reordered, cut off, and forged by liars.
//!
//! Two networks, as in the product: the engine's (each message for itself) and gossip (connections
//! that come and go, whose ends tell each other anew what they may lack).

use super::faults::Liar;
use super::node::PeerOf;
use super::world::{Event, Moment, World, MS, SECOND};
use bytes::Bytes;
use hefu_engine::by_hand::{Channel, Letter, Said};
use hefu_node::gossip::{GossipEvent, HeightCosignature, Message};
use hefu_types::canonical;
use hefu_types::Hash;
use rand::rngs::StdRng;
use rand::Rng;
use std::collections::BTreeSet;

/// What travels.
#[derive(Clone, Debug)]
pub(super) enum Parcel {
    Engine(Channel, Bytes),
    Gossip(Message),
}

/// How the links are at the moment.
pub(super) struct Links {
    usual: Weather,
    pub weather: Weather,
    /// Which weather and which partition it is: what ends an earlier one does nothing.
    pub turn: u64,
    /// The side of each node while the network is cut; none while it is whole.
    pub sides: Option<Vec<u8>>,
    pub partition: u64,
    /// Pairs with a gossip connection, the smaller first.
    pub connected: BTreeSet<(usize, usize)>,
}

/// How messages fare; parts of a thousand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    delay: Moment,
    jitter: Moment,
    lost: u32,
    copied: u32,
    late: u32,
}

impl Weather {
    fn draw(rng: &mut StdRng) -> Self {
        Self {
            delay: [MS, 5 * MS, 20 * MS][rng.gen_range(0..3)],
            jitter: [2 * MS, 20 * MS, 80 * MS][rng.gen_range(0..3)],
            lost: [0, 0, 5, 30][rng.gen_range(0..4)],
            copied: [0, 10, 100][rng.gen_range(0..3)],
            late: [0, 5, 30][rng.gen_range(0..3)],
        }
    }

    const CALM: Self = Self {
        delay: 2 * MS,
        jitter: 3 * MS,
        lost: 0,
        copied: 0,
        late: 0,
    };

    pub fn storm(rng: &mut StdRng) -> Self {
        Self {
            delay: rng.gen_range(MS..200 * MS),
            jitter: rng.gen_range(MS..SECOND),
            lost: rng.gen_range(0..300),
            copied: rng.gen_range(0..300),
            late: rng.gen_range(0..100),
        }
    }
}

impl Links {
    pub fn draw(rng: &mut StdRng) -> Self {
        let usual = Weather::draw(rng);
        Self {
            usual,
            weather: usual,
            turn: 0,
            sides: None,
            partition: 0,
            connected: BTreeSet::new(),
        }
    }

    pub fn clear(&mut self) {
        self.weather = self.usual;
    }

    pub fn grow_calm(&mut self) {
        self.usual = Weather::CALM;
        self.weather = Weather::CALM;
        self.sides = None;
    }

    pub fn cut(&self, a: usize, b: usize) -> bool {
        self.sides
            .as_ref()
            .is_some_and(|sides| sides[a] != sides[b])
    }
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl World {
    /// What a node said to the engines of others.
    pub fn send_letters(&mut self, from: usize, letters: Vec<Letter>) {
        for letter in letters {
            if let Some(said) = Said::of(letter.channel, &letter.bytes) {
                self.saw_said(from, said);
            }
            if letter.channel == Channel::Status {
                self.saw_status(from);
            }
            let votes = matches!(letter.channel, Channel::Consensus | Channel::Liveness);
            if votes && self.is(from, Liar::WithholdsVotes) {
                self.count("votes withheld");
                continue;
            }
            for to in 0..self.nodes.len() {
                let addressed = letter.to.map_or(to != from, |only| usize::from(only) == to);
                if !addressed {
                    continue;
                }
                let bytes = self.forge_part(from, &letter);
                self.send(from, to, Parcel::Engine(letter.channel, bytes));
            }
        }
    }

    /// One who sends bad parts flips a bit in some.
    fn forge_part(&mut self, from: usize, letter: &Letter) -> Bytes {
        let bad = self.is(from, Liar::SendsBadParts) && letter.channel == Channel::Parts;
        if !bad || self.rng.gen_bool(0.4) {
            return letter.bytes.clone();
        }
        self.count("bad parts");
        let mut bytes = letter.bytes.to_vec();
        let at = self.rng.gen_range(0..bytes.len());
        bytes[at] ^= 1 << self.rng.gen_range(0..8);
        bytes.into()
    }

    /// What a node said to the gossip of others.
    pub fn send_gossip(&mut self, from: usize, messages: Vec<(usize, Message)>) {
        for (to, message) in messages {
            self.saw_cosignatures(from, &message);
            let cosigns = matches!(message, Message::Cosignature(_) | Message::Cosignatures(_));
            if cosigns && self.is(from, Liar::WithholdsCosignatures) {
                self.count("cosignatures withheld");
                continue;
            }
            let message = match message {
                Message::Cosignature(own) if self.is(from, Liar::CosignsTwice) && to % 2 == 0 => {
                    self.count("double cosignatures");
                    Message::Cosignature(self.other_cosignature(from, own))
                }
                message => message,
            };
            if !self.links.connected.contains(&pair(from, to)) {
                continue;
            }
            self.send(from, to, Parcel::Gossip(message));
        }
    }

    /// A cosignature of the same height by the same member over other roots.
    fn other_cosignature(&self, from: usize, own: HeightCosignature) -> HeightCosignature {
        let Some(running) = &self.nodes[from].running else {
            return own;
        };
        let Ok(Some(mut checkpoint)) = running.shared.store.checkpoint(own.height) else {
            return own;
        };
        checkpoint.state_root = Hash([0x66; 32]);
        let text = checkpoint.text(self.parties.network.origin());
        let keys = &self.parties.validators[from];
        let mut other = own;
        other.member.signature = keys.checkpoint.cosign(&text, other.member.seconds);
        other.log_signature = keys.log.sign_note(&text);
        other
    }

    fn send(&mut self, from: usize, to: usize, parcel: Parcel) {
        if self.links.cut(from, to) {
            self.count("messages cut off");
            return;
        }
        let weather = self.links.weather;
        if self.rng.gen_ratio(weather.lost, 1_000) {
            self.count("messages lost");
            return;
        }
        let copied = self.rng.gen_ratio(weather.copied, 1_000);
        if copied {
            self.count("messages copied");
        }
        for _ in 0..=u8::from(copied) {
            let mut delay = weather.delay + self.rng.gen_range(0..=weather.jitter);
            if self.rng.gen_ratio(weather.late, 1_000) {
                self.count("messages late");
                delay += self.rng.gen_range(0..3 * SECOND);
            }
            let parcel = parcel.clone();
            self.after(delay, Event::Deliver { from, to, parcel });
        }
    }

    pub fn deliver(&mut self, from: usize, to: usize, parcel: Parcel) {
        if self.nodes[to].running.is_none() {
            return;
        }
        match parcel {
            Parcel::Engine(channel, bytes) => {
                self.note(format_args!(
                    "{from} -> {to} {channel:?} {} bytes",
                    bytes.len()
                ));
                self.hash(&bytes);
                self.touch(to, |running, now| {
                    running.driven.hear(now, from as u16, channel, bytes)
                });
            }
            Parcel::Gossip(message) => {
                if !self.links.connected.contains(&pair(from, to)) {
                    return;
                }
                let bytes = canonical::encode(&message);
                self.note(format_args!("{from} -> {to} gossip {} bytes", bytes.len()));
                self.hash(&bytes);
                let from = self.parties.peer(from);
                self.touch(to, |running, _| {
                    let event = GossipEvent::Message { from, message };
                    let statements = running.hearing.hear(event);
                    running.hearing.take(statements);
                    Ok(())
                });
            }
        }
    }

    /// The gossip connection of two nodes follows what is between them.
    pub fn relink(&mut self, a: usize, b: usize) {
        let both = self.nodes[a].running.is_some() && self.nodes[b].running.is_some();
        let up = both && !self.links.cut(a, b);
        if up == self.links.connected.contains(&pair(a, b)) {
            return;
        }
        self.note(format_args!(
            "gossip {a} - {b}: {}",
            if up { "up" } else { "down" }
        ));
        if !up {
            self.unlink(a, b);
            return;
        }
        self.links.connected.insert(pair(a, b));
        for (at, other) in [(a, b), (b, a)] {
            let peer = self.parties.peer(other);
            self.touch(at, |running, _| {
                running.gossip.connect(&peer);
                let statements = running.hearing.hear(GossipEvent::PeerConnected(peer));
                running.hearing.take(statements);
                Ok(())
            });
        }
    }

    pub fn unlink(&mut self, a: usize, b: usize) {
        if !self.links.connected.remove(&pair(a, b)) {
            return;
        }
        for (at, other) in [(a, b), (b, a)] {
            let peer = self.parties.peer(other);
            if let Some(running) = &self.nodes[at].running {
                running.gossip.disconnect(&peer);
                running.hearing.hear(GossipEvent::PeerDisconnected(peer));
            }
        }
    }

    /// All connections of a node, or of all, are looked at again in a while.
    pub fn relink_soon(&mut self, at: Option<usize>) {
        for a in 0..self.nodes.len() {
            for b in a + 1..self.nodes.len() {
                if at.is_none_or(|at| at == a || at == b) {
                    let after = self.rng.gen_range(10 * MS..800 * MS);
                    self.after(after, Event::Link(a, b));
                }
            }
        }
    }
}
