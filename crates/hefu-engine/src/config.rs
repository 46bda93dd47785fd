//! The configuration of a node's engine, and what the engine makes of it.

use crate::codec::PART_OVERHEAD_BYTES;
use crate::parts::part_bytes_min;
use crate::EngineError;
use arc_malachitebft_app::config::{
    ConsensusConfig, DiscoveryConfig, NodeConfig, P2pConfig, PubSubProtocol, ValuePayload,
    ValueSyncConfig,
};
use arc_malachitebft_app::net::Multiaddr;
use arc_malachitebft_app::types::Keypair;
use arc_malachitebft_core_types::LinearTimeouts;
use bytesize::ByteSize;
use hefu_types::suite::SecretKey;
use hefu_types::{NetworkDigest, Suite};
use std::path::PathBuf;
use std::time::Duration;

/// How long a validator waits for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a proposal. The turn of a dead proposer costs this.
    pub propose: Duration,
    /// For the votes of the others, once more than two thirds have voted for anything.
    pub vote: Duration,
    /// What each further round of a height adds to both.
    pub growth: Duration,
    /// None of them grows beyond this.
    pub max: Duration,
}

impl Default for Timeouts {
    /// For nodes in one country.
    fn default() -> Self {
        Self {
            propose: Duration::from_millis(1_000),
            vote: Duration::from_millis(500),
            growth: Duration::from_millis(250),
            max: Duration::from_secs(10),
        }
    }
}

impl Timeouts {
    pub(crate) fn for_engine(&self) -> LinearTimeouts {
        LinearTimeouts {
            propose: self.propose,
            propose_delta: self.growth,
            prevote: self.vote,
            prevote_delta: self.growth,
            precommit: self.vote,
            precommit_delta: self.growth,
            // When a whole round has brought nothing, something was lost: say it again.
            rebroadcast: self.propose + self.vote + self.vote,
            max_timeout: self.max,
        }
    }
}

/// All that the engine needs to know beside the [`crate::Application`].
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's name in logs and metrics.
    pub moniker: String,
    /// The network, which is part of all that is signed.
    pub network: NetworkDigest,
    /// The network's suite.
    pub suite: Suite,
    /// The file of the engine's write-ahead log.
    pub wal: PathBuf,
    /// Where to listen, as a multiaddr: `/ip4/0.0.0.0/tcp/26656`.
    pub listen: String,
    /// All other nodes, as multiaddrs that end in `/p2p/<PeerId>`. Nobody else may connect.
    pub peers: Vec<String>,
    /// The seed of the node's libp2p key, which is not its consensus key.
    pub peer_seed: [u8; 32],
    /// The key with which it votes.
    pub consensus_key: SecretKey,
    /// Whether it votes. A follower executes and serves, and signs nothing.
    pub votes: bool,
    /// How long it waits for others.
    pub timeouts: Timeouts,
    /// An idle network makes a block this often.
    pub heartbeat: Duration,
    /// In parts of this length its blocks travel; longer ones where blocks are very long.
    pub part_bytes: usize,
    /// The longest part that it takes from others; the same in all nodes.
    pub part_bytes_max: usize,
    /// The longest block.
    pub block_bytes_max: usize,
}

/// What a response of sync adds to the blocks in it.
const RESPONSE_OVERHEAD_BYTES: usize = 256 * 1024;
/// Several short blocks travel in one response of sync.
const RESPONSE_BYTES_MIN: usize = 10 * 1024 * 1024;
/// Peers learn this often how far a node is, when nothing else tells them.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// Many nodes of a local network have one address.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;

/// The PeerId of the libp2p key of a seed, as it stands at the end of the multiaddrs of peers.
pub fn peer_id(peer_seed: &[u8; 32]) -> Result<String, EngineError> {
    peer_key(peer_seed).map(|key| key.public().to_peer_id().to_string())
}

/// The libp2p key of a seed.
pub(crate) fn peer_key(peer_seed: &[u8; 32]) -> Result<Keypair, EngineError> {
    Keypair::ed25519_from_bytes(*peer_seed).map_err(|error| EngineError::Config(error.to_string()))
}

/// Reads a peer's multiaddr. One without a PeerId would be authenticated by address alone.
pub(crate) fn peer_address(peer: &str) -> Result<Multiaddr, EngineError> {
    match peer.parse() {
        Ok(address) if peer.contains("/p2p/") => Ok(address),
        _ => {
            let what = format!("{peer:?} is not a multiaddr with a PeerId");
            Err(EngineError::Config(what))
        }
    }
}

impl Config {
    /// The longest response of sync. It must hold a longest block with its certificate, or nobody
    /// could ever sync the height of such a block.
    pub(crate) fn response_bytes_max(&self) -> usize {
        RESPONSE_BYTES_MIN.max(self.block_bytes_max + RESPONSE_OVERHEAD_BYTES)
    }

    /// The length of the parts that this node sends.
    pub(crate) fn sent_part_bytes(&self) -> usize {
        self.part_bytes.max(part_bytes_min(self.block_bytes_max))
    }

    /// Checks it, and makes the engine's configuration of it.
    pub(crate) fn for_engine(&self) -> Result<EngineConfig, EngineError> {
        let refuse = |what: String| Err(EngineError::Config(what));
        if self.sent_part_bytes() > self.part_bytes_max {
            return refuse(format!(
                "a block of {} bytes does not travel in parts of at most {} bytes",
                self.block_bytes_max, self.part_bytes_max
            ));
        }
        // The engine panics on other transports.
        if !self.listen.contains("/tcp/") && !self.listen.contains("/quic-v1") {
            return refuse(format!(
                "{:?} is neither a TCP nor a QUIC multiaddr",
                self.listen
            ));
        }
        let Ok(listen_addr) = self.listen.parse() else {
            return refuse(format!("{:?} is not a multiaddr", self.listen));
        };
        let mut persistent_peers = Vec::new();
        for peer in &self.peers {
            persistent_peers.push(peer_address(peer)?);
        }
        let response_bytes_max = self.response_bytes_max() as u64;
        let message_bytes_max = (self.part_bytes_max + 2 * PART_OVERHEAD_BYTES) as u64;
        let p2p = P2pConfig {
            listen_addr,
            persistent_peers,
            persistent_peers_only: true,
            // Everybody is connected with everybody: nothing need be relayed.
            protocol: PubSubProtocol::Broadcast,
            pubsub_max_size: ByteSize(message_bytes_max.max(ByteSize::mib(1).as_u64())),
            rpc_max_size: ByteSize(response_bytes_max + RESPONSE_OVERHEAD_BYTES as u64),
            discovery: DiscoveryConfig {
                enabled: false,
                max_connections_per_ip: CONNECTIONS_PER_ADDRESS_MAX,
                ..DiscoveryConfig::default()
            },
            ..P2pConfig::default()
        };
        Ok(EngineConfig {
            moniker: self.moniker.clone(),
            consensus: ConsensusConfig {
                // For a follower the engine is told by its keys, not here: it hears all messages.
                enabled: true,
                p2p,
                // With the other kind the engine takes every value for valid, unasked.
                value_payload: ValuePayload::ProposalAndParts,
                ..ConsensusConfig::default()
            },
            sync: ValueSyncConfig {
                enabled: true,
                status_update_interval: STATUS_INTERVAL,
                max_response_size: ByteSize(response_bytes_max),
                ..ValueSyncConfig::default()
            },
        })
    }
}

/// The engine's configuration.
#[derive(Clone, Debug)]
pub(crate) struct EngineConfig {
    moniker: String,
    consensus: ConsensusConfig,
    sync: ValueSyncConfig,
}

impl NodeConfig for EngineConfig {
    fn moniker(&self) -> &str {
        &self.moniker
    }

    fn consensus(&self) -> &ConsensusConfig {
        &self.consensus
    }

    fn consensus_mut(&mut self) -> &mut ConsensusConfig {
        &mut self.consensus
    }

    fn value_sync(&self) -> &ValueSyncConfig {
        &self.sync
    }

    fn value_sync_mut(&mut self) -> &mut ValueSyncConfig {
        &mut self.sync
    }
}
