//! A small sync: who is behind asks one peer for the blocks that it lacks.
//!
//! The engine's own cannot be used without its network actor. What is the same: the messages and
//! their bytes, a status each second and after each decision, one answer to one range, a peer that
//! sent something bad is not asked next. What is simpler: one request at a time, no scores.

use super::{Channel, Hands, Mail};
use crate::application::Application;
use crate::codec::EngineCodec;
use crate::context::{HefuContext, Height};
use arc_malachitebft_app::types::codec::Codec;
use arc_malachitebft_app::types::sync::{Request, Response, Status};
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_core_types::ValueResponse;
use arc_malachitebft_sync as engine;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

/// The engine's own defaults.
const BATCH: u64 = 5;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// What one node knows of how far the others are.
pub(super) struct Sync {
    own: PeerId,
    peers: Vec<(u16, PeerId)>,
    tips: BTreeMap<u16, u64>,
    tip: u64,
    /// The height that consensus works on; none before the first.
    height: Option<u64>,
    asked: Option<Asked>,
    /// Blocks of heights that consensus has not begun.
    ahead: BTreeMap<u64, ValueResponse<HefuContext>>,
    /// The height whose block consensus has and has not decided with, and until when it may.
    taken: Option<(u64, Instant)>,
    /// Who sent something bad last.
    shunned: Option<u16>,
    status_at: Instant,
    /// After a failure of one's own it waits a little.
    ask_not_before: Instant,
}

struct Asked {
    peer: u16,
    from: u64,
    until: Instant,
}

impl Sync {
    pub fn new(own: PeerId, peers: Vec<(u16, PeerId)>, now: Instant) -> Self {
        Self {
            own,
            peers,
            tips: BTreeMap::new(),
            tip: 0,
            height: None,
            asked: None,
            ahead: BTreeMap::new(),
            taken: None,
            shunned: None,
            status_at: now,
            ask_not_before: now,
        }
    }

    /// A peer as the engine names it.
    pub fn peer(&self, number: u16) -> Option<PeerId> {
        let known = self.peers.iter().find(|(known, _)| *known == number);
        known.map(|(_, id)| *id)
    }

    /// When it has something to do next.
    pub fn due(&self) -> Instant {
        let timeout = self.asked.as_ref().map(|asked| asked.until);
        timeout.map_or(self.status_at, |until| until.min(self.status_at))
    }

    /// A height is durable.
    pub fn decided(&mut self, tip: u64) {
        self.tip = self.tip.max(tip);
    }

    /// Consensus begins a height.
    pub fn started(&mut self, height: u64, again: bool) {
        self.height = Some(height);
        self.tip = self.tip.max(height.saturating_sub(1));
        self.ahead.retain(|of, _| *of >= height);
        if again {
            self.ahead.clear();
            self.asked = None;
            self.taken = None;
        }
    }

    /// A block that was asked for did not bring the height on.
    pub fn failed(&mut self, height: u64, blamed: Option<PeerId>, now: Instant) {
        self.ahead.retain(|of, _| *of < height);
        self.asked = None;
        self.taken = None;
        self.ask_not_before = now + STATUS_INTERVAL;
        let number = |id| self.peers.iter().find(|(_, known)| *known == id);
        if let Some((number, _)) = blamed.and_then(number) {
            self.shunned = Some(*number);
        }
    }

    /// Whom to ask, and from which height.
    fn next(&self, now: Instant) -> Option<(u16, u64)> {
        if self.asked.is_some() || now < self.ask_not_before {
            return None;
        }
        let mut from = self.height?;
        let taken = self.taken.filter(|(_, until)| now < *until);
        while self.ahead.contains_key(&from) || taken.is_some_and(|(of, _)| of == from) {
            from += 1;
        }
        let mut able = self.tips.iter().filter(|(_, tip)| **tip >= from);
        let favoured = able.clone().find(|(peer, _)| Some(**peer) != self.shunned);
        let (peer, _) = favoured.or_else(|| able.next())?;
        Some((*peer, from))
    }
}

impl<A: Application> Hands<A> {
    pub(super) fn say_status(&mut self) {
        self.sync.status_at = self.now + STATUS_INTERVAL;
        if self.sync.tip == 0 {
            return;
        }
        let status = Status::<HefuContext> {
            peer_id: self.sync.own,
            tip_height: Height(self.sync.tip),
            history_min_height: Height(1),
        };
        self.letter(None, Channel::Status, self.codec.encode(&status));
    }

    /// Says how far it is, gives up what takes too long, and asks.
    pub(super) fn run_sync(&mut self) {
        if self.now >= self.sync.status_at {
            self.say_status();
        }
        if let Some(asked) = self.sync.asked.take_if(|asked| asked.until <= self.now) {
            self.sync.shunned = Some(asked.peer);
        }
        self.request();
    }

    fn request(&mut self) {
        let Some((peer, from)) = self.sync.next(self.now) else {
            return;
        };
        let tip = self.sync.tips.get(&peer).copied().unwrap_or(from);
        let until = tip.min(from + BATCH - 1);
        let range = Height(from)..=Height(until);
        let request = Request::<HefuContext>::ValueRequest(engine::ValueRequest::new(range));
        self.letter(Some(peer), Channel::Request, self.codec.encode(&request));
        let until = self.now + REQUEST_TIMEOUT;
        self.sync.asked = Some(Asked { peer, from, until });
    }

    /// A block that came before its height goes to consensus when the height begins.
    pub(super) fn take_synced(&mut self) {
        let height = self.sync.height;
        if let Some(response) = height.and_then(|height| self.sync.ahead.remove(&height)) {
            let until = self.now + REQUEST_TIMEOUT;
            self.sync.taken = height.map(|height| (height, until));
            self.mail.push_back(Mail::Synced(response));
        }
        self.request();
    }

    pub(super) fn read_sync(
        &mut self,
        from: u16,
        channel: Channel,
        bytes: Bytes,
    ) -> io::Result<()> {
        match channel {
            Channel::Status => {
                let status: Status<HefuContext> = self.codec.decode(bytes)?;
                let tip = self.sync.tips.entry(from).or_default();
                *tip = (*tip).max(status.tip_height.0);
                self.request();
            }
            Channel::Request => {
                let Request::<HefuContext>::ValueRequest(asked) = self.codec.decode(bytes)?;
                self.answer_request(from, asked);
            }
            Channel::Response => {
                let Response::<HefuContext>::ValueResponse(response) = self.codec.decode(bytes)?;
                self.take_response(from, response);
            }
            Channel::Consensus | Channel::Liveness | Channel::Parts => {}
        }
        Ok(())
    }

    fn answer_request(&mut self, from: u16, asked: engine::ValueRequest<HefuContext>) {
        let (first, last) = (asked.range.start().0, asked.range.end().0);
        if first > last || first == 0 || first > self.sync.tip {
            return;
        }
        let last = last.min(first + BATCH - 1).min(self.sync.tip);
        match self.host.decided_values(&(Height(first)..=Height(last))) {
            Ok(values) => {
                let response = engine::ValueResponse::new(Height(first), values);
                let response = Response::<HefuContext>::ValueResponse(response);
                let bytes = EngineCodec::encode(&self.codec, &response);
                self.letter(Some(from), Channel::Response, bytes);
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn take_response(&mut self, from: u16, response: engine::ValueResponse<HefuContext>) {
        let wanted =
            |asked: &mut Asked| (asked.peer, asked.from) == (from, response.start_height.0);
        if self.sync.asked.take_if(wanted).is_none() {
            return;
        }
        let first = response.start_height.0;
        let in_order = (first..).zip(&response.values);
        let sound = !response.values.is_empty()
            && response.values.len() as u64 <= BATCH
            && in_order
                .clone()
                .all(|(height, value)| value.height().0 == height);
        let (true, Some(sender)) = (sound, self.sync.peer(from)) else {
            self.sync.shunned = Some(from);
            return;
        };
        for (height, value) in (first..).zip(response.values) {
            if self.sync.height.is_some_and(|at| height >= at) {
                self.sync.ahead.insert(height, value.to_core(sender));
            }
        }
        self.take_synced();
    }
}
