//! The gate: who may connect.
//!
//! libp2p learns who is at the other end only by the handshake, so strangers are refused right
//! after it, before any protocol hears of them; and how many handshakes go on at once is bounded.

use libp2p::core::transport::PortUse;
use libp2p::core::Endpoint;
use libp2p::swarm::{
    dummy, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// Why a connection is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("not a peer of this node")]
    Stranger,
    #[error("shut out for a while, after too many unreadable or forged messages")]
    ShutOut,
    #[error("too many connections that have not said who they are")]
    TooManyHandshakes,
}

/// Lets in the peers that it was told, and nobody else.
pub(super) struct Gate {
    /// The peers, with the time until which one is shut out.
    peers: HashMap<PeerId, Option<Instant>>,
    /// Connections from outside that have not yet said who they are.
    handshakes: HashSet<ConnectionId>,
    handshakes_max: usize,
}

impl Gate {
    pub(super) fn new(peers: impl IntoIterator<Item = PeerId>) -> Self {
        let peers: HashMap<_, _> = peers.into_iter().map(|peer| (peer, None)).collect();
        Self {
            handshakes_max: handshakes_max(&peers),
            handshakes: HashSet::new(),
            peers,
        }
    }

    /// Lets in one more from now on. Who is shut out stays it.
    pub(super) fn let_in(&mut self, peer: PeerId) {
        self.peers.entry(peer).or_insert(None);
        self.handshakes_max = handshakes_max(&self.peers);
    }

    /// From now on it is a stranger.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.peers.remove(peer);
        self.handshakes_max = handshakes_max(&self.peers);
    }

    /// Refuses a peer until then.
    pub(super) fn shut_out(&mut self, peer: &PeerId, until: Instant) {
        if let Some(shut_out) = self.peers.get_mut(peer) {
            *shut_out = Some(until);
        }
    }

    fn admit(&self, peer: &PeerId) -> Result<dummy::ConnectionHandler, ConnectionDenied> {
        match self.peers.get(peer) {
            None => Err(ConnectionDenied::new(Refused::Stranger)),
            Some(Some(until)) if Instant::now() < *until => {
                Err(ConnectionDenied::new(Refused::ShutOut))
            }
            Some(_) => Ok(dummy::ConnectionHandler),
        }
    }
}

fn handshakes_max<T>(peers: &HashMap<PeerId, T>) -> usize {
    32 + 4 * peers.len()
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if self.handshakes.len() >= self.handshakes_max {
            return Err(ConnectionDenied::new(Refused::TooManyHandshakes));
        }
        self.handshakes.insert(id);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.handshakes.remove(&id);
        self.admit(&peer)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(&peer)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ListenFailure(failure) = event {
            self.handshakes.remove(&failure.connection_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
