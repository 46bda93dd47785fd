//! The one task that owns the swarm: dials, sends what waits, hands over what came.

use super::gate::Gate;
use super::outbox::Queued;
use super::push::{protocol, Ack, Codec, Parcel};
use super::{GossipCounters, GossipEvent, GossipLimits, KnownPeer, Message, Shared};
use futures::StreamExt;
use hefu_types::NetworkDigest;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::request_response::{
    self, OutboundFailure, OutboundRequestId, ProtocolSupport, ResponseChannel,
};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, ListenError, NetworkBehaviour, SwarmEvent};
use libp2p::{noise, tcp, yamux, PeerId, Swarm, SwarmBuilder};
use rand::Rng;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::Instant;

/// The most requests without statements under way to one peer.
const MESSAGES_UNDER_WAY_MAX: usize = 4;
/// A peer gets statements this often at most. A request costs as much as verifying some ten statements:
/// the first goes at once, and those that come meanwhile go together.
const STATEMENTS_INTERVAL: Duration = Duration::from_millis(5);
/// The most streams of one connection, both ways: what goes out, what comes in from a peer with the
/// same bounds, and some that are acknowledged and not yet closed.
const STREAMS_MAX: usize = 2 * (MESSAGES_UNDER_WAY_MAX + 1) + 6;
/// How long connecting may take, handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after the first failure to connect. It doubles with each further one.
const REDIAL_MIN: Duration = Duration::from_millis(50);
/// The longest pause.
const REDIAL_MAX: Duration = Duration::from_secs(1);
/// So many unreadable messages, and a peer is shut out.
const UNREADABLE_MAX: u32 = 16;
/// For how long.
const SHUT_OUT: Duration = Duration::from_secs(10);

/// The gate stands first: behaviours are asked in this order, and request-response would remember a
/// connection that another behaviour refused after it.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    gate: Gate,
    pub(super) push: request_response::Behaviour<Codec>,
}

/// The swarm of a node, before it listens.
pub(super) fn build(
    own: Keypair,
    network: &NetworkDigest,
    peers: impl IntoIterator<Item = PeerId>,
    limits: &GossipLimits,
) -> Result<Swarm<Behaviour>, Box<dyn std::error::Error + Send + Sync>> {
    let behaviour = Behaviour {
        gate: Gate::new(peers),
        push: request_response::Behaviour::with_codec(
            Codec {
                message_bytes_max: limits.message_bytes_max,
            },
            [(protocol(network), ProtocolSupport::Full)],
            request_response::Config::default()
                .with_request_timeout(limits.request_timeout)
                .with_max_concurrent_streams(STREAMS_MAX),
        ),
    };
    Ok(SwarmBuilder::with_existing_identity(own)
        .with_tokio()
        .with_tcp(
            tcp::Config::new().nodelay(true),
            noise::Config::new,
            yamux::Config::default,
        )?
        .with_behaviour(|_| behaviour)?
        .with_swarm_config(|config| {
            config
                // There is one protocol, so a message need not wait until the peer has agreed to it.
                .with_substream_upgrade_protocol_override(Version::V1Lazy)
                .with_idle_connection_timeout(Duration::MAX)
        })
        .with_connection_timeout(CONNECT_TIMEOUT)
        .build())
}

/// A connection to a peer.
struct Connection {
    id: ConnectionId,
    dialled_by_us: bool,
    /// When it was made, or the peer was last heard on it.
    heard_at: Instant,
}

struct Peer {
    known: KnownPeer,
    /// Whether it is a peer still.
    named: bool,
    /// One; or two, if both nodes dialled at the same time, for closing one of them would lose what
    /// the other node has just sent on it. One that we close is forgotten at once: closing takes as
    /// long as TCP waits for a dead host, and libp2p tells only then.
    connections: Vec<Connection>,
    dialling: Option<ConnectionId>,
    /// When to dial, if there is no connection then.
    dial_at: Instant,
    /// Since the peer was last heard.
    dials_failed: u32,
    unreadable: u32,
    /// Its messages in the inbox.
    inbound: usize,
    statements_under_way: bool,
    /// Statements are not sent before: under load many go together.
    statements_due: Instant,
    messages_under_way: usize,
}

impl Peer {
    fn new(known: KnownPeer, now: Instant) -> Self {
        Self {
            known,
            named: true,
            connections: Vec::new(),
            dialling: None,
            dial_at: now,
            dials_failed: 0,
            unreadable: 0,
            inbound: 0,
            statements_under_way: false,
            statements_due: now,
            messages_under_way: 0,
        }
    }

    /// When to dial; none while there is no need or no way to.
    fn dial_due(&self) -> Option<Instant> {
        let wanted = self.named && self.connections.is_empty() && self.dialling.is_none();
        (wanted && self.known.address.is_some()).then_some(self.dial_at)
    }

    fn dial_later(&mut self) {
        let pause = REDIAL_MIN * 2u32.pow(self.dials_failed.min(5));
        // Nodes that were cut off together should not come back at one instant.
        let jitter = rand::thread_rng().gen_range(0.75..1.0);
        self.dial_at = Instant::now() + pause.min(REDIAL_MAX).mul_f64(jitter);
        self.dials_failed = self.dials_failed.saturating_add(1);
    }

    fn heard(&mut self, on: ConnectionId) {
        self.dials_failed = 0;
        if let Some(connection) = self.connections.iter_mut().find(|c| c.id == on) {
            connection.heard_at = Instant::now();
        }
    }
}

/// What was sent and is not yet acknowledged.
struct UnderWay {
    peer: usize,
    statements: bool,
    items: Vec<Queued>,
    sent_at: Instant,
}

/// What the caller has not yet taken.
struct Arrival {
    peer: usize,
    event: GossipEvent,
    /// To be acknowledged when the caller takes it.
    answer: Option<ResponseChannel<Ack>>,
}

/// The caller dropped the receiver.
struct CallerGone;

/// The swarm with all that it needs.
pub(super) struct Task {
    swarm: Swarm<Behaviour>,
    peers: Vec<Peer>,
    positions: HashMap<PeerId, usize>,
    shared: Arc<Shared>,
    events: mpsc::Sender<GossipEvent>,
    under_way: HashMap<OutboundRequestId, UnderWay>,
    inbox: VecDeque<Arrival>,
}

impl Task {
    pub(super) fn new(
        swarm: Swarm<Behaviour>,
        peers: Vec<KnownPeer>,
        shared: Arc<Shared>,
        events: mpsc::Sender<GossipEvent>,
    ) -> Self {
        let now = Instant::now();
        let positions = peers.iter().enumerate().map(|(at, peer)| (peer.id, at));
        Self {
            swarm,
            positions: positions.collect(),
            peers: peers.into_iter().map(|peer| Peer::new(peer, now)).collect(),
            shared,
            events,
            under_way: HashMap::new(),
            inbox: VecDeque::new(),
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let forget_due = self.forget();
            if let Some(named) = self.shared.take_named() {
                self.name(named);
            }
            for at in self.shared.take_unwanted() {
                self.shut_out(at);
            }
            self.dial();
            let send_due = self.send();
            if let Err(CallerGone) = self.hand_over() {
                break;
            }
            let dial_due = self.peers.iter().filter_map(Peer::dial_due).min();
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm(event),
                () = self.shared.filled.notified() => {}
                () = self.events.closed() => break,
                // An arrival that waits is handed over at the top of the loop.
                () = room(&self.events), if !self.inbox.is_empty() => {}
                () = until(dial_due.into_iter().chain(forget_due).chain(send_due).min()) => {}
            }
        }
        let mut outbox = self.shared.outbox();
        (0..self.peers.len()).for_each(|peer| outbox.close(peer));
        outbox.counters.connected = 0;
    }

    /// These are the peers from now on.
    fn name(&mut self, named: Vec<KnownPeer>) {
        for at in 0..self.peers.len() {
            let stays = |known: &KnownPeer| known.key == self.peers[at].known.key;
            if self.peers[at].named && !named.iter().any(stays) {
                self.retire(at);
            }
        }
        for known in named {
            let at = self.shared.position_or_next(&known.key);
            self.positions.insert(known.id, at);
            self.swarm.behaviour_mut().gate.let_in(known.id);
            let now = Instant::now();
            match self.peers.get_mut(at) {
                Some(peer) => {
                    if !peer.named {
                        peer.dial_at = now;
                        peer.dials_failed = 0;
                    }
                    peer.named = true;
                    peer.known = known;
                }
                None => {
                    tracing::info!(peer = known.name, "is a peer from now on");
                    self.peers.push(Peer::new(known, now));
                }
            }
        }
    }

    /// A peer is none any more.
    fn retire(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        tracing::info!(peer = peer.known.name, "is no peer any more");
        peer.named = false;
        self.swarm.behaviour_mut().gate.forget(&peer.known.id);
        let used: Vec<_> = peer.connections.iter().map(|c| c.id).collect();
        used.into_iter().for_each(|id| self.leave(at, id));
    }

    fn count(&self, count: impl FnOnce(&mut GossipCounters)) {
        count(&mut self.shared.outbox().counters);
    }

    fn dial(&mut self) {
        let now = Instant::now();
        for peer in &mut self.peers {
            if peer.dial_due().is_none_or(|due| due > now) {
                continue;
            }
            let options = DialOpts::peer_id(peer.known.id)
                // libp2p still counts a connection that is being closed; we know better.
                .condition(PeerCondition::Always)
                .addresses(peer.known.address.iter().cloned().collect())
                // Two nodes that dial each other from the ports on which they listen make one TCP
                // connection with two dialers.
                .allocate_new_port()
                .build();
            peer.dialling = Some(options.connection_id());
            if self.swarm.dial(options).is_err() {
                peer.dialling = None;
                peer.dial_later();
            }
        }
    }

    /// Sends what waits, as far as acknowledgements allow. Tells when statements that wait for others
    /// are due.
    fn send(&mut self) -> Option<Instant> {
        let shared = self.shared.clone();
        let (now, mut due) = (Instant::now(), None);
        let mut outbox = shared.outbox();
        for at in 0..self.peers.len() {
            while self.peers[at].messages_under_way < MESSAGES_UNDER_WAY_MAX {
                let Some(item) = outbox.take_message(at) else {
                    break;
                };
                self.peers[at].messages_under_way += 1;
                let parcel = Parcel::Sealed(item.bytes.clone());
                self.request(&mut outbox.counters, at, parcel, vec![item], false);
            }
            let statements_due = self.peers[at].statements_due;
            if self.peers[at].statements_under_way || !outbox.has_statements(at) {
                continue;
            }
            if statements_due > now {
                due = due.into_iter().chain([statements_due]).min();
                continue;
            }
            if let Some(items) = outbox.take_statements(at) {
                self.peers[at].statements_under_way = true;
                self.peers[at].statements_due = now + STATEMENTS_INTERVAL;
                outbox.counters.statements_out += items.len() as u64;
                let statements = items.iter().map(|item| item.bytes.clone()).collect();
                let parcel = Parcel::Statements(statements);
                self.request(&mut outbox.counters, at, parcel, items, true);
            }
        }
        due
    }

    fn request(
        &mut self,
        counters: &mut GossipCounters,
        at: usize,
        parcel: Parcel,
        items: Vec<Queued>,
        statements: bool,
    ) {
        counters.messages_out += 1;
        counters.bytes_out += items.iter().map(|i| i.bytes.len() as u64).sum::<u64>();
        let push = &mut self.swarm.behaviour_mut().push;
        let id = push.send_request(&self.peers[at].known.id, parcel);
        let sent = UnderWay {
            peer: at,
            statements,
            items,
            sent_at: Instant::now(),
        };
        self.under_way.insert(id, sent);
    }

    /// Hands over what came and acknowledges it, as long as the caller takes it.
    fn hand_over(&mut self) -> Result<(), CallerGone> {
        while let Some(arrival) = self.inbox.pop_front() {
            let room = match self.events.try_reserve() {
                Ok(room) => room,
                Err(TrySendError::Closed(())) => return Err(CallerGone),
                Err(TrySendError::Full(())) => {
                    self.inbox.push_front(arrival);
                    return Ok(());
                }
            };
            room.send(arrival.event);
            if let Some(answer) = arrival.answer {
                self.peers[arrival.peer].inbound -= 1;
                // The peer may have given up or gone; it sends again what it must.
                let push = &mut self.swarm.behaviour_mut().push;
                let _ = push.send_response(answer, Ack);
            }
        }
        Ok(())
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Push(event)) => self.on_push(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gate(never)) => match never {},
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                let Some(&at) = self.positions.get(&peer_id) else {
                    return;
                };
                self.on_connected(
                    at,
                    Connection {
                        id: connection_id,
                        dialled_by_us: endpoint.is_dialer(),
                        heard_at: Instant::now(),
                    },
                );
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                ..
            } => {
                if let Some(&at) = self.positions.get(&peer_id) {
                    self.leave(at, connection_id);
                }
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                error,
                ..
            } => {
                let dialled = |peer: &&mut Peer| peer.dialling == Some(connection_id);
                if let Some(peer) = self.peers.iter_mut().find(dialled) {
                    tracing::debug!(peer = peer.known.name, %error, "cannot be reached");
                    peer.dialling = None;
                    peer.dial_later();
                }
            }
            SwarmEvent::IncomingConnectionError {
                error: ListenError::Denied { cause },
                peer_id,
                ..
            } => {
                tracing::debug!(peer = ?peer_id, %cause, "refused");
                self.count(|counters| counters.refused += 1);
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, "listens for peers");
                // The first is what was asked for; an unspecified address brings one an interface.
                self.shared.listening.send_if_modified(|listening| {
                    let first = listening.is_none();
                    listening.get_or_insert(address);
                    first
                });
            }
            SwarmEvent::ListenerClosed { reason, .. } => {
                tracing::error!(?reason, "listens for peers no more");
            }
            SwarmEvent::ListenerError { error, .. } => {
                tracing::warn!(%error, "listening for peers");
            }
            _ => {}
        }
    }

    fn on_connected(&mut self, at: usize, new: Connection) {
        let peer = &mut self.peers[at];
        if peer.dialling == Some(new.id) {
            peer.dialling = None;
        }
        // Nobody dials whom he is connected to. Who dials again has lost the connection, and perhaps
        // his memory.
        let same_way = |old: &Connection| old.dialled_by_us == new.dialled_by_us;
        let lost = peer.connections.iter().position(same_way);
        if let Some(lost) = lost {
            let lost = peer.connections.remove(lost);
            self.swarm.close_connection(lost.id);
        }
        let first = lost.is_none() && peer.connections.is_empty();
        peer.connections.push(new);
        if first {
            tracing::info!(peer = peer.known.name, "connected");
            self.begin(at);
        } else if lost.is_some() {
            tracing::info!(peer = peer.known.name, "connected anew");
            self.end(at);
            self.begin(at);
        }
    }

    /// Closes a connection that is in use, or learns that it is closed.
    fn leave(&mut self, at: usize, id: ConnectionId) {
        let peer = &mut self.peers[at];
        let Some(left) = peer.connections.iter().position(|c| c.id == id) else {
            return;
        };
        peer.connections.remove(left);
        self.swarm.close_connection(id);
        if peer.connections.is_empty() {
            tracing::info!(peer = peer.known.name, "disconnected");
            peer.dial_later();
            self.end(at);
        }
    }

    /// A peer is there: from here on its lanes are open, and only then the caller hears of it.
    fn begin(&mut self, at: usize) {
        let mut outbox = self.shared.outbox();
        outbox.open(at);
        outbox.counters.connected += 1;
        drop(outbox);
        self.announce(at, GossipEvent::PeerConnected(self.peers[at].known.key));
    }

    fn end(&mut self, at: usize) {
        let mut outbox = self.shared.outbox();
        outbox.close(at);
        outbox.counters.connected -= 1;
        drop(outbox);
        let key = self.peers[at].known.key;
        // The caller need not hear of a peer that was there only while he did not listen; and so
        // the inbox does not grow with a peer that comes and goes.
        let unheard = GossipEvent::PeerConnected(key);
        match self
            .inbox
            .iter()
            .position(|arrival| arrival.event == unheard)
        {
            Some(position) => drop(self.inbox.remove(position)),
            None => self.announce(at, GossipEvent::PeerDisconnected(key)),
        }
    }

    fn announce(&mut self, at: usize, event: GossipEvent) {
        self.inbox.push_back(Arrival {
            peer: at,
            event,
            answer: None,
        });
    }

    fn on_push(&mut self, event: request_response::Event<Parcel, Ack>) {
        match event {
            request_response::Event::Message {
                peer,
                connection_id,
                message,
            } => match message {
                request_response::Message::Request {
                    request, channel, ..
                } => {
                    if let Some(&at) = self.positions.get(&peer) {
                        self.peers[at].heard(connection_id);
                        self.on_parcel(at, request, channel);
                    }
                }
                request_response::Message::Response { request_id, .. } => {
                    if let Some(sent) = self.no_longer_under_way(request_id) {
                        self.peers[sent.peer].heard(connection_id);
                    }
                }
            },
            request_response::Event::OutboundFailure {
                request_id,
                connection_id,
                error,
                ..
            } => {
                if let Some(sent) = self.no_longer_under_way(request_id) {
                    tracing::debug!(%error, "not acknowledged");
                    let at = sent.peer;
                    self.send_again(sent);
                    if matches!(error, OutboundFailure::Timeout) {
                        self.on_timeout(at, connection_id);
                    }
                }
            }
            // What a peer does not hear as acknowledged it sends again; nothing hangs on it here.
            request_response::Event::InboundFailure { .. }
            | request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn on_parcel(&mut self, at: usize, parcel: Parcel, answer: ResponseChannel<Ack>) {
        let (message, bytes) = match parcel {
            Parcel::Opened(message, bytes) => (message, bytes),
            // The channel is dropped: answered with nothing.
            Parcel::Unreadable(error) => return self.on_unreadable(at, &error),
            Parcel::Statements(_) | Parcel::Sealed(_) => {
                unreachable!("the codec opens what comes in")
            }
        };
        let peer = &self.peers[at];
        let taken = peer.inbound < self.shared.limits.inbound_max;
        let from = peer.known.key;
        self.count(|counters| {
            counters.messages_in += 1;
            counters.bytes_in += bytes as u64;
            if let Message::Statements(statements) = &message {
                counters.statements_in += statements.len() as u64;
            }
            counters.dropped_in += u64::from(!taken);
        });
        if taken {
            self.peers[at].inbound += 1;
            self.inbox.push_back(Arrival {
                peer: at,
                event: GossipEvent::Message { from, message },
                answer: Some(answer),
            });
        }
    }

    fn on_unreadable(&mut self, at: usize, error: &hefu_types::canonical::DecodeError) {
        self.count(|counters| counters.malformed += 1);
        let peer = &mut self.peers[at];
        tracing::warn!(peer = peer.known.name, %error, "unreadable message");
        peer.unreadable += 1;
        if peer.unreadable >= UNREADABLE_MAX {
            tracing::warn!(peer = peer.known.name, "shut out for a while");
            self.shut_out(at);
        }
    }

    fn shut_out(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        peer.unreadable = 0;
        let until = Instant::now() + SHUT_OUT;
        let gate = &mut self.swarm.behaviour_mut().gate;
        gate.shut_out(&peer.known.id, until);
        let used: Vec<_> = peer.connections.iter().map(|c| c.id).collect();
        used.into_iter().for_each(|id| self.leave(at, id));
        self.peers[at].dial_at = until;
    }

    /// Gives up what libp2p will not tell of: a request that was given to a connection while it was
    /// being closed fails only when that is done. Returns when to look again.
    fn forget(&mut self) -> Option<Instant> {
        let patience = 2 * self.shared.limits.request_timeout;
        let forgotten = |sent: &UnderWay| sent.sent_at.elapsed() >= patience;
        let ids = self.under_way.iter().filter(|(_, sent)| forgotten(sent));
        for id in ids.map(|(id, _)| *id).collect::<Vec<_>>() {
            if let Some(sent) = self.no_longer_under_way(id) {
                self.send_again(sent);
            }
        }
        self.under_way
            .values()
            .map(|sent| sent.sent_at + patience)
            .min()
    }

    fn no_longer_under_way(&mut self, id: OutboundRequestId) -> Option<UnderWay> {
        let sent = self.under_way.remove(&id)?;
        let peer = &mut self.peers[sent.peer];
        if sent.statements {
            peer.statements_under_way = false;
        } else {
            peer.messages_under_way -= 1;
        }
        Some(sent)
    }

    /// A connection on which nothing came for so long is dead, even if TCP has not noticed.
    fn on_timeout(&mut self, at: usize, id: ConnectionId) {
        let patience = self.shared.limits.request_timeout;
        let silent = |c: &Connection| c.id == id && c.heard_at.elapsed() >= patience;
        if self.peers[at].connections.iter().any(silent) {
            self.leave(at, id);
        }
    }

    fn send_again(&mut self, sent: UnderWay) {
        let mut outbox = self.shared.outbox();
        outbox.counters.unacknowledged += 1;
        outbox.push_again(sent.peer, sent.items);
    }
}

/// Until the caller has room for an event, or is gone.
async fn room(events: &mpsc::Sender<GossipEvent>) {
    drop(events.reserve().await);
}

/// Never, if there is no time.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
