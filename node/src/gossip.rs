//! Gossip: statements, cosignatures and wake messages, from each validator to every other.
//!
//! Start at [`spawn`]. The network is a full mesh, so nothing is relayed: who has something pushes
//! it to each peer itself, as one request of the protocol
//! `/hefu/<first 16 bytes of the network digest, hex>/push/0`. The request is a [`Message`] in
//! canonical CBOR, ended by closing the stream for writing; the answer is an empty array, sent once
//! the node has taken the message. A message that cannot be read is answered with nothing.
//!
//! Only peers that the node named are connected, known by their keys; a stranger is shown the door
//! after the handshake that told who he is. [`Gossip::set_peers`] names others while it runs. A connection to each peer is kept for ever, and dialled
//! again whenever it is gone. Messages may arrive twice, and a connection may end after a message
//! was queued and before it was sent.
//!
//! Statements keep their order to each peer, because one request with statements is under way at a
//! time. What is broadcast meanwhile goes out as the next request, so that batches grow with the
//! load and an idle node waits for nothing.
//!
//! What is queued for a peer belongs to its connection: it is bounded, the oldest goes first, and
//! a lost connection takes it along. The caller keeps what must arrive (the pool, the cosignatures
//! of the last heights) and sends it on [`GossipEvent::PeerConnected`].
//!
//! Not here: whether a statement or a cosignature is any good, blocks and votes (`hefu-engine` has
//! its own swarm), storage. This module has no disk.

mod gate;
mod message;
mod outbox;
mod push;
mod swarm;
#[cfg(test)]
mod tests;

pub use message::{HeightCosignature, Message, CATCH_UP_HEIGHTS_MAX};

use hefu_types::canonical;
use hefu_types::statement::Statement;
use hefu_types::{NetworkDigest, PublicKey};
use libp2p::identity::{self, ed25519};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use outbox::{Outbox, Queued};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, watch, Notify};

/// All that the swarm needs to know.
#[derive(Clone)]
pub struct GossipConfig {
    /// The network; other networks do not even share the name of the protocol.
    pub network: NetworkDigest,
    /// Where to listen, as a multiaddr: `/ip4/0.0.0.0/tcp/7701`.
    pub listen: String,
    /// The seed of one's own peer key.
    pub peer_seed: [u8; 32],
    /// The peers. One's own key among them is passed over, so that a whole set can be given.
    pub peers: Vec<GossipPeer>,
    /// What is kept and taken at most.
    pub limits: GossipLimits,
}

/// A peer that may connect, and that is dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GossipPeer {
    /// Its name, for the operator's log.
    pub name: String,
    /// Its peer key.
    pub key: PublicKey,
    /// Where it listens, as a multiaddr with or without `/p2p/<id>`; none if it must dial us.
    pub address: Option<String>,
}

/// What is kept and taken at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GossipLimits {
    /// The longest message that is taken, in bytes.
    pub message_bytes_max: usize,
    /// Statements are sent together up to so many bytes; a longer one goes alone.
    pub batch_bytes_max: usize,
    /// The most bytes of statements that wait for one peer. The oldest are dropped first.
    pub queue_bytes_max: usize,
    /// The most messages of one peer that wait for this node to take them.
    pub inbound_max: usize,
    /// The most events that wait for the caller beyond those.
    pub events_max: usize,
    /// How long a peer may take to acknowledge a message.
    pub request_timeout: Duration,
}

impl Default for GossipLimits {
    fn default() -> Self {
        Self {
            message_bytes_max: 5 * 1024 * 1024,
            batch_bytes_max: 1024 * 1024,
            queue_bytes_max: 32 * 1024 * 1024,
            inbound_max: 8,
            events_max: 16,
            request_timeout: Duration::from_secs(10),
        }
    }
}

/// What happened. A peer is named by its peer key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GossipEvent {
    /// A peer sent a message. It is readable and of that peer, and nothing more is known of it.
    Message {
        /// The sender.
        from: PublicKey,
        /// What it sent.
        message: Message,
    },
    /// There is a connection: time to send what the peer may lack, and to ask for what we may lack.
    PeerConnected(PublicKey),
    /// There is none any more. Told only if [`GossipEvent::PeerConnected`] was.
    PeerDisconnected(PublicKey),
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GossipCounters {
    /// Peers that are connected now.
    pub connected: usize,
    /// Messages that were read.
    pub messages_in: u64,
    /// Messages that were sent, to each peer counted for itself.
    pub messages_out: u64,
    /// Bytes of the messages that were read.
    pub bytes_in: u64,
    /// Bytes of the messages that were sent.
    pub bytes_out: u64,
    /// Statements that were read.
    pub statements_in: u64,
    /// Statements that were sent, to each peer counted for itself.
    pub statements_out: u64,
    /// Statements and messages that were given up: queue full, connection lost, failed twice.
    pub dropped_out: u64,
    /// Messages that were read and not taken, because too many of that peer waited.
    pub dropped_in: u64,
    /// Messages that could not be read.
    pub malformed: u64,
    /// Messages that were not acknowledged.
    pub unacknowledged: u64,
    /// Connections that were refused: of strangers, or of peers that are shut out for a while.
    pub refused: u64,
}

/// Why the swarm cannot start.
#[derive(Debug, thiserror::Error)]
pub enum GossipError {
    /// A key that is none.
    #[error("the peer key of {0} is not a public key of Ed25519")]
    BadKey(String),
    /// The same key twice.
    #[error("the peer key of {0} stands in the list twice")]
    DuplicateKey(String),
    /// Not an address that can be dialled or listened on.
    #[error("{0}: expected an address like /ip4/192.0.2.1/tcp/7701, here with no other peer's id")]
    BadAddress(String),
    /// The transport.
    #[error("the transport cannot be set up")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address is in use, or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A peer whose key and address were read.
#[derive(Clone)]
struct KnownPeer {
    name: String,
    key: PublicKey,
    id: PeerId,
    address: Option<Multiaddr>,
}

/// What the handles and the swarm's task share. A peer is named by its position, which it keeps when it
/// is a peer no more.
struct Shared {
    own: PublicKey,
    positions: RwLock<BTreeMap<PublicKey, usize>>,
    limits: GossipLimits,
    outbox: Mutex<Outbox>,
    /// Peers that the caller wants shut out.
    unwanted: Mutex<BTreeSet<usize>>,
    /// The peers from now on, until the task has taken them.
    named: Mutex<Option<Vec<KnownPeer>>>,
    /// The outbox has something that it did not have before, or the peers are others.
    filled: Notify,
    listening: watch::Sender<Option<Multiaddr>>,
}

impl Shared {
    fn new(own: PublicKey, positions: BTreeMap<PublicKey, usize>, limits: GossipLimits) -> Self {
        let outbox = Mutex::new(Outbox::new(positions.len(), limits));
        Self {
            own,
            positions: RwLock::new(positions),
            limits,
            outbox,
            unwanted: Mutex::default(),
            named: Mutex::default(),
            filled: Notify::new(),
            listening: watch::Sender::new(None),
        }
    }

    /// The peers to be shut out since it was asked last.
    fn take_unwanted(&self) -> BTreeSet<usize> {
        std::mem::take(&mut *self.unwanted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The peers that were named since it was asked last.
    fn take_named(&self) -> Option<Vec<KnownPeer>> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.take()
    }

    fn position(&self, peer: &PublicKey) -> Option<usize> {
        let positions = self.positions.read();
        let positions = positions.unwrap_or_else(PoisonError::into_inner);
        positions.get(peer).copied()
    }

    /// The position of a peer, a new one if it has none yet. Called by the swarm's task only.
    fn position_or_next(&self, peer: &PublicKey) -> usize {
        let positions = self.positions.write();
        let mut positions = positions.unwrap_or_else(PoisonError::into_inner);
        let next = || self.outbox().add();
        *positions.entry(*peer).or_insert_with(next)
    }

    /// No code waits or panics while it holds the outbox.
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends, from any task, without waiting.
#[derive(Clone)]
pub struct Gossip {
    shared: Arc<Shared>,
}

/// Starts the swarm in the tokio runtime that this is called in. It ends when the receiver is
/// dropped. A caller that does not read the events stops its peers' acknowledgements, not their nodes.
pub fn spawn(config: GossipConfig) -> Result<(Gossip, mpsc::Receiver<GossipEvent>), GossipError> {
    let mut seed = config.peer_seed;
    let secret = ed25519::SecretKey::try_from_bytes(&mut seed)
        .map_err(|_| GossipError::BadKey("this node".into()))?;
    let own = ed25519::Keypair::from(secret);
    let own_key = PublicKey(own.public().to_bytes());
    let peers = known_peers(&config.peers, &own_key)?;
    let listen =
        dialable(&config.listen).ok_or_else(|| GossipError::BadAddress(config.listen.clone()))?;

    let mut swarm = swarm::build(
        own.into(),
        &config.network,
        peers.iter().map(|peer| peer.id),
        &config.limits,
    )
    .map_err(GossipError::Transport)?;
    swarm
        .listen_on(listen)
        .map_err(|error| GossipError::Listen {
            address: config.listen.clone(),
            source: error.into(),
        })?;

    let positions = peers.iter().map(|peer| peer.key).zip(0..).collect();
    let shared = Arc::new(Shared::new(own_key, positions, config.limits));
    let (events, received) = mpsc::channel(config.limits.events_max.max(1));
    tokio::spawn(swarm::Task::new(swarm, peers, shared.clone(), events).run());
    Ok((Gossip { shared }, received))
}

impl Gossip {
    /// A handle without a swarm: what it would send is [taken](Self::take_sent) by who made it, and
    /// peers come and go by [`Self::connect`] and [`Self::disconnect`]. For simulations.
    pub fn by_hand(peers: &[PublicKey], limits: GossipLimits) -> Self {
        let positions = peers.iter().copied().zip(0..).collect();
        Self {
            shared: Arc::new(Shared::new(PublicKey([0; 32]), positions, limits)),
        }
    }

    /// From now on the peer is sent to. Only without a swarm.
    pub fn connect(&self, peer: &PublicKey) {
        if let Some(position) = self.shared.position(peer) {
            self.shared.outbox().open(position);
        }
    }

    /// Nothing more is sent to the peer, and what waited is gone. Only without a swarm.
    pub fn disconnect(&self, peer: &PublicKey) {
        if let Some(position) = self.shared.position(peer) {
            self.shared.outbox().close(position);
        }
    }

    /// All that waits, message by message as the swarm would send it: peer by peer in the order
    /// of their keys, statements last. Only without a swarm.
    pub fn take_sent(&self) -> Vec<(PublicKey, Message)> {
        let positions = self.shared.positions.read();
        let positions = positions.unwrap_or_else(PoisonError::into_inner);
        let mut outbox = self.shared.outbox();
        let limits = &self.shared.limits;
        let mut sent = Vec::new();
        let mut send = |peer: &PublicKey, bytes: &[u8]| {
            // The peer would read it in the same way.
            let message = canonical::decode(bytes, limits.message_bytes_max);
            sent.push((*peer, message.expect("what a node sends can be read")));
        };
        for (peer, position) in positions.iter() {
            while let Some(item) = outbox.take_message(*position) {
                send(peer, &item.bytes);
            }
            while let Some(items) = outbox.take_statements(*position) {
                let statements = items.iter().map(|item| &item.bytes[..]);
                send(peer, &message::statements_frame(statements));
            }
        }
        sent
    }

    /// Pushes a statement to every connected peer, together with what else waits for it.
    pub fn broadcast_statement(&self, statement: &Statement) {
        self.queue(None, [Queued::statement(statement)]);
    }

    /// Pushes a statement to one peer, if it is connected.
    pub fn send_statement(&self, to: &PublicKey, statement: &Statement) {
        self.queue(Some(to), [Queued::statement(statement)]);
    }

    /// Pushes a message to every connected peer.
    pub fn broadcast(&self, message: Message) {
        self.queue(None, queued(message));
    }

    /// Pushes a message to one peer, if it is connected.
    pub fn send(&self, to: &PublicKey, message: Message) {
        self.queue(Some(to), queued(message));
    }

    /// Shuts a peer out for a while, as one whose messages cannot be read.
    pub fn shut_out(&self, peer: &PublicKey) {
        if let Some(position) = self.shared.position(peer) {
            let unwanted = self.shared.unwanted.lock();
            unwanted
                .unwrap_or_else(PoisonError::into_inner)
                .insert(position);
            self.shared.filled.notify_one();
        }
    }

    /// Names the peers from now on. Who is not among them any more is disconnected and becomes a
    /// stranger; who is new is dialled and let in; connections with all others stay. On an error nothing
    /// changes.
    pub fn set_peers(&self, peers: &[GossipPeer]) -> Result<(), GossipError> {
        let known = known_peers(peers, &self.shared.own)?;
        let named = self.shared.named.lock();
        *named.unwrap_or_else(PoisonError::into_inner) = Some(known);
        self.shared.filled.notify_one();
        Ok(())
    }

    /// How many peers are connected.
    pub fn connected(&self) -> usize {
        self.counters().connected
    }

    /// What was counted since the start.
    pub fn counters(&self) -> GossipCounters {
        self.shared.outbox().counters
    }

    /// Where the node listens, as soon as it does: with its port, if port 0 was asked for.
    pub async fn listening(&self) -> String {
        let mut listening = self.shared.listening.subscribe();
        loop {
            if let Some(address) = listening.borrow_and_update().as_ref() {
                return address.to_string();
            }
            // It fails only without a sender, and the handle holds the sender.
            let _ = listening.changed().await;
        }
    }

    /// `to` is none for all. What is addressed to nobody known is passed over.
    fn queue(&self, to: Option<&PublicKey>, items: impl IntoIterator<Item = Queued>) {
        let position = to.map(|key| self.shared.position(key));
        if position == Some(None) {
            return;
        }
        let mut filled = false;
        for item in items {
            let mut outbox = self.shared.outbox();
            filled |= match position.flatten() {
                Some(position) => outbox.push(position, item),
                None => outbox.push_all(&item),
            };
        }
        if filled {
            self.shared.filled.notify_one();
        }
    }
}

/// Statements are queued one by one, whatever message they come in; all else as it is.
fn queued(message: Message) -> Vec<Queued> {
    match message {
        Message::Statements(statements) => statements.iter().map(Queued::statement).collect(),
        // A height that was begun is no news a second later.
        Message::Wake(_) => vec![Queued::message(canonical::encode(&message), 1)],
        _ => vec![Queued::message(canonical::encode(&message), 2)],
    }
}

fn known_peers(peers: &[GossipPeer], own: &PublicKey) -> Result<Vec<KnownPeer>, GossipError> {
    let mut known: Vec<KnownPeer> = Vec::with_capacity(peers.len());
    for GossipPeer { name, key, address } in peers.iter().filter(|peer| peer.key != *own) {
        let id = ed25519::PublicKey::try_from_bytes(&key.0)
            .map(|key| identity::PublicKey::from(key).to_peer_id())
            .map_err(|_| GossipError::BadKey(name.clone()))?;
        if known.iter().any(|other| other.key == *key) {
            return Err(GossipError::DuplicateKey(name.clone()));
        }
        let address = address
            .as_ref()
            .map(|text| peer_address(text, &id).ok_or(GossipError::BadAddress(text.clone())))
            .transpose()?;
        known.push(KnownPeer {
            name: name.clone(),
            key: *key,
            id,
            address,
        });
    }
    Ok(known)
}

/// The address without the `/p2p/<id>`, which must be the peer's if it is there.
fn peer_address(text: &str, id: &PeerId) -> Option<Multiaddr> {
    let mut address: Multiaddr = text.parse().ok()?;
    if let Some(Protocol::P2p(named)) = address.iter().last() {
        if named != *id {
            return None;
        }
        address.pop();
    }
    dialable(&address.to_string())
}

/// Whether an address, without a peer id, can be dialled and listened on.
pub fn is_dialable(address: &str) -> bool {
    dialable(address).is_some()
}

/// There is no DNS and no other transport here, and a typing error should not look like a dead peer.
fn dialable(text: &str) -> Option<Multiaddr> {
    let address: Multiaddr = text.parse().ok()?;
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    match parts.as_slice() {
        [Protocol::Ip4(_) | Protocol::Ip6(_), Protocol::Tcp(_)] => Some(address),
        _ => None,
    }
}
