//! Attackers: one HTTP client, and one peer that has a validator's key. They send as fast as they can
//! until they are dropped.

use anyhow::{Context, Result};
use hefu_node::gossip::{self, GossipConfig, GossipLimits, GossipPeer, Message};
use hefu_tests::Devnet;
use hefu_types::operation::Operation;
use hefu_types::statement::Statement;
use hefu_wire::{file::KeyFile, path};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The attacker's address: another one than that of honest clients.
pub const ATTACKER: [u8; 4] = [127, 0, 0, 2];
/// Connections of the HTTP client.
const CONNECTIONS: usize = 16;
/// Requests that are sent before an answer is waited for.
const PIPELINED: usize = 16;
/// Statements in one message of the peer.
const BATCH: u64 = 100;
/// How often the peer sends one: at this pace 20,000 statements a second to each node.
const PACE: Duration = Duration::from_millis(5);

/// See the module.
pub struct Flood {
    sent: Arc<AtomicU64>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// Statements that are well formed and name a key of the ledger, and are not signed by it.
#[derive(Clone)]
pub struct Forger(Statement);

impl Forger {
    /// After a good statement.
    pub fn new(devnet: &Devnet, operations: &[Operation]) -> Result<Self> {
        Ok(Self(devnet.sign("agency-gz-housing", operations)?))
    }

    /// Another one for each number. The signature stands last.
    pub fn forge(&self, number: u64) -> Statement {
        let mut cose = self.0.cose().to_vec();
        let end = cose.len();
        for (byte, change) in cose[end - 8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= change;
        }
        cose[end - 9] ^= 1;
        let operations: Vec<&[u8]> = self.0.operations().collect();
        Statement::of_parts(&cose, &operations)
    }
}

impl Flood {
    fn start() -> Result<(Self, Arc<AtomicU64>)> {
        let sent = Arc::new(AtomicU64::new(0));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let flood = Self {
            sent: Arc::clone(&sent),
            runtime: Some(runtime),
        };
        Ok((flood, sent))
    }

    fn runtime(&self) -> Result<&tokio::runtime::Runtime> {
        self.runtime.as_ref().context("it runs until it is dropped")
    }

    /// Posts forged statements, and every eighth time bytes that are none.
    pub fn over_http(devnet: &Devnet, node: usize, forger: &Forger) -> Result<Self> {
        let (flood, sent) = Self::start()?;
        let to: SocketAddr = devnet.url(node).trim_start_matches("http://").parse()?;
        for connection in 0..CONNECTIONS as u64 {
            let (forger, sent) = (forger.clone(), Arc::clone(&sent));
            flood.runtime()?.spawn(async move {
                let mut number = connection << 32;
                loop {
                    // Whatever happens to a connection, the next one is made.
                    let _ = post(to, &forger, &mut number, &sent).await;
                    tokio::task::yield_now().await;
                }
            });
        }
        Ok(flood)
    }

    /// Pushes forged statements to all nodes, as the validator of a position, which does not run.
    pub fn over_swarm(devnet: &Devnet, as_node: usize, forger: &Forger) -> Result<Self> {
        let (flood, sent) = Self::start()?;
        let key = devnet
            .folder()
            .join(format!("node-{as_node}/keys/peer.json"));
        let key: KeyFile = serde_json::from_slice(&std::fs::read(key)?)?;
        let own = devnet.config(as_node)?;
        let mut peers = Vec::new();
        for peer in own["peers"].as_array().context("peers")? {
            let name = peer["name"].as_str().context("a name")?.to_owned();
            let genesis = devnet.network.genesis();
            let validator = genesis.validators.iter().find(|v| v.name == name);
            peers.push(GossipPeer {
                key: validator.context("a validator of genesis")?.peer.key,
                address: peer["gossip"].as_str().map(str::to_owned),
                name,
            });
        }
        let config = GossipConfig {
            network: devnet.network.digest(),
            listen: "/ip4/127.0.0.1/tcp/0".to_owned(),
            peer_seed: key.seed.0,
            peers,
            limits: GossipLimits::default(),
        };
        let forger = forger.clone();
        let task = async move {
            let Ok((swarm, mut events)) = gossip::spawn(config) else {
                return;
            };
            let mut pace = tokio::time::interval(PACE);
            let mut number = 0;
            loop {
                tokio::select! {
                    event = events.recv() => if event.is_none() { return },
                    _ = pace.tick() => {
                        let forged = (number..number + BATCH).map(|n| forger.forge(n)).collect();
                        number += BATCH;
                        swarm.broadcast(Message::Statements(forged));
                        sent.store(swarm.counters().statements_out, Ordering::Relaxed);
                    }
                }
            }
        };
        flood.runtime()?.spawn(task);
        Ok(flood)
    }

    /// How many statements were sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

/// A connection from the attacker's address.
pub async fn connect(to: SocketAddr, from: [u8; 4]) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    socket.connect(to).await
}

async fn post(
    to: SocketAddr,
    forger: &Forger,
    number: &mut u64,
    sent: &AtomicU64,
) -> std::io::Result<()> {
    let mut stream = connect(to, ATTACKER).await?;
    let mut answers = vec![0; 64 * 1024];
    loop {
        let mut requests = Vec::new();
        for _ in 0..PIPELINED {
            *number += 1;
            let mut body = forger.forge(*number).encode();
            if number.is_multiple_of(8) {
                body.reverse();
            }
            let head = format!(
                "POST {} HTTP/1.1\r\nhost: x\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
                path::statements(0),
                path::CBOR,
                body.len()
            );
            requests.extend_from_slice(head.as_bytes());
            requests.extend_from_slice(&body);
        }
        stream.write_all(&requests).await?;
        sent.fetch_add(PIPELINED as u64, Ordering::Relaxed);
        // Some answers; how many is of no interest.
        if stream.read(&mut answers).await? == 0 {
            return Ok(());
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
