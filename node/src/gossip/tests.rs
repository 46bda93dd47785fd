use super::push::Parcel;
use super::swarm::{build, BehaviourEvent};
use super::*;
use futures::StreamExt;
use hefu_types::block::MemberCosignature;
use hefu_types::Signature;
use libp2p::request_response;
use libp2p::swarm::SwarmEvent;
use std::future::Future;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{timeout, Instant};

const NETWORK: NetworkDigest = NetworkDigest([0xab; 32]);
const DEADLINE: Duration = Duration::from_secs(60);
/// For tests in which a node knows no address.
const ANY_PORT: &str = "/ip4/127.0.0.1/tcp/0";

struct Node {
    key: PublicKey,
    address: String,
    gossip: Gossip,
    events: mpsc::Receiver<GossipEvent>,
}

fn keypair(seed: u8) -> ed25519::Keypair {
    let secret = ed25519::SecretKey::try_from_bytes([seed; 32]).expect("32 bytes");
    ed25519::Keypair::from(secret)
}

fn key(seed: u8) -> PublicKey {
    PublicKey(keypair(seed).public().to_bytes())
}

fn peer(seed: u8, address: Option<&str>) -> GossipPeer {
    GossipPeer {
        name: format!("node {seed}"),
        key: key(seed),
        address: address.map(str::to_owned),
    }
}

fn config(seed: u8, listen: &str, peers: Vec<GossipPeer>) -> GossipConfig {
    GossipConfig {
        network: NETWORK,
        listen: listen.to_owned(),
        peer_seed: [seed; 32],
        peers,
        limits: GossipLimits::default(),
    }
}

async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within the deadline"),
    }
}

impl Node {
    async fn start(config: GossipConfig) -> Self {
        let key = key(config.peer_seed[0]);
        let (gossip, events) = spawn(config).expect("the node starts");
        let address = within_deadline("listening", gossip.listening()).await;
        Self {
            key,
            address,
            gossip,
            events,
        }
    }

    async fn event(&mut self) -> GossipEvent {
        within_deadline("an event", self.events.recv())
            .await
            .expect("the swarm runs")
    }

    /// The next message; that peers come and go is passed over.
    async fn message(&mut self) -> (PublicKey, Message) {
        loop {
            if let GossipEvent::Message { from, message } = self.event().await {
                return (from, message);
            }
        }
    }

    async fn statements(&mut self, count: usize) -> Vec<Statement> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.message().await {
                (_, Message::Statements(statements)) => all.extend(statements),
                other => panic!("statements were expected: {other:?}"),
            }
        }
        all
    }

    async fn connected_to(&mut self, count: usize) {
        for _ in 0..count {
            let event = self.event().await;
            assert!(matches!(event, GossipEvent::PeerConnected(_)), "{event:?}");
        }
    }
}

/// Two nodes, of which the second dials the first.
async fn pair(limits: GossipLimits) -> (Node, Node) {
    let mut listener = config(1, ANY_PORT, vec![peer(2, None)]);
    listener.limits = limits;
    let mut one = Node::start(listener).await;
    let mut dialer = config(2, ANY_PORT, vec![peer(1, Some(&one.address))]);
    dialer.limits = limits;
    let mut two = Node::start(dialer).await;
    one.connected_to(1).await;
    two.connected_to(1).await;
    (one, two)
}

/// Four nodes that all dial one another at once.
async fn mesh() -> Vec<Node> {
    // The ports are found first, because each node is told where the others will be.
    let found: Vec<std::net::TcpListener> = (0..4)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a free port"))
        .collect();
    let ports = found.iter().map(|l| l.local_addr().expect("bound").port());
    let addresses: Vec<String> = ports.map(|p| format!("/ip4/127.0.0.1/tcp/{p}")).collect();
    drop(found);
    // The whole set, oneself included.
    let set: Vec<GossipPeer> = (0..4)
        .map(|i| peer(i as u8 + 1, Some(&addresses[i])))
        .collect();
    let mut nodes = Vec::new();
    for (i, address) in addresses.iter().enumerate() {
        nodes.push(Node::start(config(i as u8 + 1, address, set.clone())).await);
    }
    for node in &mut nodes {
        node.connected_to(3).await;
        assert_eq!(node.gossip.connected(), 3);
    }
    nodes
}

fn statement(tag: u32, operations: usize) -> Statement {
    let list = vec![tag.to_be_bytes().repeat(50); operations];
    Statement::of_parts(&tag.to_be_bytes().repeat(75), &list)
}

fn cosignature(height: u64) -> HeightCosignature {
    HeightCosignature {
        height,
        member: MemberCosignature {
            member: 3,
            seconds: 1_700_000_000,
            signature: Signature([1; 64]),
        },
        log_signature: Signature([2; 64]),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_broadcasts_arrives_at_three() {
    let mut nodes = mesh().await;
    let sender = nodes[2].key;
    let sent = statement(7, 2);
    nodes[2].gossip.broadcast_statement(&sent);
    for i in [0, 1, 3] {
        let expected = (sender, Message::Statements(vec![sent.clone()]));
        assert_eq!(nodes[i].message().await, expected);
    }
    for message in [
        Message::Wake(12),
        Message::Cosignature(cosignature(11)),
        Message::Cosignatures((0..64).map(cosignature).collect()),
    ] {
        nodes[2].gossip.broadcast(message.clone());
        for i in [0, 1, 3] {
            assert_eq!(nodes[i].message().await, (sender, message.clone()));
        }
    }
    // To one, and its answer.
    let asked = nodes[0].key;
    let question = Message::CosignaturesSince(5);
    nodes[2].gossip.send(&asked, question.clone());
    assert_eq!(nodes[0].message().await, (sender, question));
    let answer = Message::Cosignatures(vec![cosignature(5)]);
    nodes[0].gossip.send(&sender, answer.clone());
    assert_eq!(nodes[2].message().await, (asked, answer));
    for node in &mut nodes {
        assert_eq!(node.gossip.connected(), 3);
        assert!(
            node.events.try_recv().is_err(),
            "nobody came, left or spoke"
        );
    }
    let counters = nodes[2].gossip.counters();
    assert_eq!((counters.statements_out, counters.messages_out), (3, 13));
    assert_eq!((counters.messages_in, counters.malformed), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_statements_arrive_complete_in_order_and_in_few_messages() {
    let (mut one, two) = pair(GossipLimits::default()).await;
    let sent: Vec<Statement> = (0..1_000).map(|i| statement(i, 3)).collect();
    for statement in &sent {
        two.gossip.broadcast_statement(statement);
    }
    assert!(one.statements(1_000).await == sent);
    let counters = one.gossip.counters();
    assert_eq!(counters.statements_in, 1_000);
    assert!(counters.messages_in <= 500, "{counters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_statement_and_a_batch_longer_than_a_message_arrive() {
    let (mut one, two) = pair(GossipLimits::default()).await;
    let long = Statement::of_parts(&[1; 300], &vec![vec![9; 1_000_000]; 4]);
    let sent = vec![statement(1, 1), long.clone(), long, statement(2, 1)];
    two.gossip.broadcast(Message::Statements(sent.clone()));
    assert!(one.statements(4).await == sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_stranger_arrives() {
    let mut victim = Node::start(config(1, ANY_PORT, vec![peer(2, None)])).await;
    let known = peer(1, Some(&victim.address));
    let mut stranger = Node::start(config(66, ANY_PORT, vec![known.clone()])).await;
    // At the stranger's end the handshake is done before he is refused.
    for _ in 0..3 {
        stranger.connected_to(1).await;
        stranger.gossip.broadcast_statement(&statement(66, 1));
        stranger.gossip.broadcast(Message::Wake(66));
        assert_eq!(
            stranger.event().await,
            GossipEvent::PeerDisconnected(victim.key)
        );
    }
    assert!(victim.gossip.counters().refused >= 2);
    let friend = Node::start(config(2, ANY_PORT, vec![known])).await;
    assert_eq!(
        victim.event().await,
        GossipEvent::PeerConnected(friend.key),
        "the first thing that the victim hears"
    );
    assert_eq!(victim.gossip.counters().messages_in, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_goes_away_and_comes_back_is_dialled_again() {
    // Only the second node dials, so it is its redialling that is seen.
    let (one, mut two) = pair(GossipLimits::default()).await;
    let (gone, address) = (one.key, one.address.clone());
    drop(one);
    assert_eq!(two.event().await, GossipEvent::PeerDisconnected(gone));
    assert_eq!(two.gossip.connected(), 0);
    two.gossip.broadcast_statement(&statement(1, 1)); // to nobody
    let mut back = Node::start(config(1, &address, vec![peer(2, None)])).await;
    assert_eq!(two.event().await, GossipEvent::PeerConnected(gone));
    assert_eq!(back.event().await, GossipEvent::PeerConnected(two.key));
    two.gossip.send_statement(&gone, &statement(2, 1));
    assert_eq!(back.statements(1).await, [statement(2, 1)]);
}

/// Forwards connections to a node until it is cut: then nothing moves on them, and nobody is told.
async fn cable(to: &Node) -> (String, watch::Sender<u32>) {
    let port = to.address.rsplit('/').next().expect("a port").to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (cut, cuts) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let mut cuts = cuts.clone();
            let Ok(mut there) = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await
            else {
                continue;
            };
            tokio::spawn(async move {
                cuts.mark_unchanged();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut here, &mut there) => {}
                    Ok(()) = cuts.changed() => {
                        // Both sockets stay open until the test ends.
                        while cuts.changed().await.is_ok() {}
                    }
                }
            });
        }
    });
    (format!("/ip4/127.0.0.1/tcp/{}", address.port()), cut)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cable_that_was_cut_is_noticed_and_another_one_taken() {
    let limits = GossipLimits {
        request_timeout: Duration::from_millis(500),
        ..GossipLimits::default()
    };
    let mut far = config(1, ANY_PORT, vec![peer(2, None)]);
    far.limits = limits;
    let mut far = Node::start(far).await;
    let (address, cut) = cable(&far).await;
    let mut near = config(2, ANY_PORT, vec![peer(1, Some(&address))]);
    near.limits = limits;
    let mut near = Node::start(near).await;
    near.connected_to(1).await;
    near.gossip.broadcast_statement(&statement(1, 1));
    assert_eq!(far.statements(1).await, [statement(1, 1)]);

    cut.send_modify(|cuts| *cuts += 1);
    let long = Statement::of_parts(&[1; 300], &vec![vec![9; 1_000_000]; 4]);
    near.gossip.broadcast_statement(&long);
    assert_eq!(near.event().await, GossipEvent::PeerDisconnected(far.key));
    assert_eq!(near.event().await, GossipEvent::PeerConnected(far.key));
    near.gossip.broadcast_statement(&statement(2, 1));
    assert_eq!(far.statements(1).await, [statement(2, 1)]);
    assert!(near.gossip.counters().unacknowledged >= 1);
}

/// A peer that speaks the protocol with bytes of its own.
struct RawPeer {
    swarm: libp2p::Swarm<swarm::Behaviour>,
    to: PeerId,
}

impl RawPeer {
    fn dial(seed: u8, node: &Node) -> Self {
        let to = PeerId::from_public_key(&keypair_of(node).public().into());
        let limits = GossipLimits::default();
        let mut swarm = build(keypair(seed).into(), &NETWORK, [to], &limits).expect("a swarm");
        let address: Multiaddr = node.address.parse().expect("an address");
        swarm.dial(address).expect("an address to dial");
        Self { swarm, to }
    }

    /// Whether the bytes were acknowledged; none if the connection was closed on them.
    async fn push(&mut self, bytes: Vec<u8>) -> Option<bool> {
        let push = async {
            while !self.swarm.is_connected(&self.to) {
                self.swarm.select_next_some().await;
            }
            let parcel = Parcel::Sealed(bytes.into());
            let behaviour = &mut self.swarm.behaviour_mut().push;
            behaviour.send_request(&self.to, parcel);
            loop {
                use request_response::{Event, OutboundFailure};
                match self.swarm.select_next_some().await {
                    SwarmEvent::Behaviour(BehaviourEvent::Push(Event::Message { .. })) => {
                        return Some(true)
                    }
                    SwarmEvent::Behaviour(BehaviourEvent::Push(Event::OutboundFailure {
                        error,
                        ..
                    })) => {
                        return match error {
                            OutboundFailure::ConnectionClosed => None,
                            _ => Some(false),
                        }
                    }
                    _ => {}
                }
            }
        };
        within_deadline("an answer, or its absence", push).await
    }
}

fn keypair_of(node: &Node) -> ed25519::Keypair {
    (0..=255)
        .map(keypair)
        .find(|pair| pair.public().to_bytes() == node.key.0)
        .expect("a node of these tests")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_answered_with_nothing_and_in_the_end_with_the_door() {
    let mut small = config(1, ANY_PORT, vec![peer(2, None), peer(3, None)]);
    small.limits.message_bytes_max = 100_000;
    let mut node = Node::start(small).await;

    // Not even the handshake.
    let port = node.address.rsplit('/').next().expect("a port");
    let mut socket = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}"))
        .await
        .expect("it listens");
    socket.write_all(&[0xff; 4_096]).await.expect("written");
    let mut answer = Vec::new();
    // How it is closed is of no interest here.
    let _ = within_deadline("closed", socket.read_to_end(&mut answer)).await;

    let wake = || canonical::encode(&Message::Wake(3));
    let mut raw = RawPeer::dial(2, &node);
    let one_byte_more = [wake(), vec![0]].concat();
    for garbage in [
        vec![],
        vec![0xff; 64],
        vec![0x82, 0],
        one_byte_more,
        vec![0; 100_001],
        vec![0; 200_000],
    ] {
        assert_eq!(raw.push(garbage).await, Some(false));
    }
    assert_eq!(raw.push(wake()).await, Some(true), "after six faults");
    assert_eq!(node.message().await, (key(2), Message::Wake(3)));
    assert_eq!(node.gossip.counters().malformed, 6);

    let mut faults = 6;
    while raw.push(vec![0xff]).await.is_some() {
        faults += 1;
        assert!(faults < 20, "the connection is closed in the end");
    }
    assert_eq!(node.event().await, GossipEvent::PeerDisconnected(key(2)));
    let shut_out = |event: &SwarmEvent<BehaviourEvent>| {
        matches!(
            event,
            SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. }
        )
    };
    raw = RawPeer::dial(2, &node);
    let refused = async { while !shut_out(&raw.swarm.select_next_some().await) {} };
    within_deadline("refused", refused).await;

    // Others are not concerned.
    let other = Node::start(config(3, ANY_PORT, vec![peer(1, Some(&node.address))])).await;
    assert_eq!(node.event().await, GossipEvent::PeerConnected(other.key));
    other.gossip.broadcast_statement(&statement(1, 1));
    assert_eq!(node.statements(1).await, [statement(1, 1)]);
    assert!(node.gossip.counters().refused >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_sent_the_newest_once_it_reads() {
    let limits = GossipLimits {
        batch_bytes_max: 2_000,
        queue_bytes_max: 20_000,
        events_max: 1,
        inbound_max: 1,
        ..GossipLimits::default()
    };
    let (mut one, two) = pair(limits).await;
    for tag in 0..1_000 {
        two.gossip.broadcast_statement(&statement(tag, 1));
    }
    // Nobody takes the first batches, so most of the thousand fell out of a queue of twenty
    // kilobytes, and this message does not wait for them.
    let mut tags = Vec::new();
    while tags.last() != Some(&999) {
        for statement in one.statements(1).await {
            let tag: [u8; 4] = statement.cose()[..4].try_into().expect("four bytes");
            tags.push(u32::from_be_bytes(tag));
        }
    }
    assert!(tags.windows(2).all(|pair| pair[0] < pair[1]), "in order");
    let dropped = two.gossip.counters().dropped_out;
    assert_eq!(tags.len() as u64 + dropped, 1_000);
    assert!(dropped > 800, "{dropped}");
    assert_eq!(one.gossip.counters().dropped_in, 0);
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: GossipConfig| spawn(config).err().expect("refused").to_string();
    let good = "/ip4/127.0.0.1/tcp/1";
    let peers = |peer| vec![peer];
    assert!(refused(config(1, "localhost:1", vec![])).starts_with("localhost:1"));
    for bad in ["", "/dns4/example.org/tcp/1", "/ip4/127.0.0.1/udp/1"] {
        refused(config(1, ANY_PORT, peers(peer(2, Some(bad)))));
    }
    let twice = vec![peer(2, Some(good)), peer(2, None)];
    assert!(refused(config(1, ANY_PORT, twice)).contains("twice"));
    let id = |seed| PeerId::from_public_key(&keypair(seed).public().into());
    let named = |seed| format!("{good}/p2p/{}", id(seed));
    refused(config(1, ANY_PORT, peers(peer(2, Some(&named(3))))));
    spawn(config(1, ANY_PORT, peers(peer(2, Some(&named(2)))))).expect("its own id");
}

/// Prints; a machine's speed is no property of the code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_long_a_statement_takes() {
    let mut nodes = mesh().await;
    let mut took: Vec<Duration> = Vec::new();
    for tag in 0..200 {
        let sent = statement(tag, 1);
        let start = Instant::now();
        nodes[0].gossip.broadcast_statement(&sent);
        for node in &mut nodes[1..] {
            assert_eq!(node.statements(1).await, std::slice::from_ref(&sent));
        }
        took.push(start.elapsed());
    }
    took.sort_unstable();
    println!(
        "a statement to the last of three peers: median {:?}, 95% {:?}, most {:?}",
        took[100], took[190], took[199]
    );

    let sent: Vec<Statement> = (0..5_000).map(|tag| statement(tag, 10)).collect();
    let bytes: usize = sent.iter().map(|statement| statement.encode().len()).sum();
    let start = Instant::now();
    for statement in &sent {
        nodes[0].gossip.broadcast_statement(statement);
    }
    for node in &mut nodes[1..] {
        assert!(node.statements(sent.len()).await == sent);
    }
    println!(
        "{} statements, {bytes} bytes, to three peers: {:?} in {} messages",
        sent.len(),
        start.elapsed(),
        nodes[0].gossip.counters().messages_out - 600
    );
}

#[tokio::test]
async fn who_is_named_later_connects_and_who_is_named_no_more_is_a_stranger() {
    let mut one = Node::start(config(1, ANY_PORT, vec![peer(2, None)])).await;
    let mut two = Node::start(config(2, ANY_PORT, vec![peer(1, Some(&one.address))])).await;
    one.connected_to(1).await;
    two.connected_to(1).await;
    // It dials from the start, and is shown the door.
    let mut three = Node::start(config(3, ANY_PORT, vec![peer(1, Some(&one.address))])).await;
    within_deadline("a refusal", async {
        while one.gossip.counters().refused == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;

    let both = [peer(2, None), peer(3, None)];
    one.gossip.set_peers(&both).expect("good peers");
    assert_eq!(one.event().await, GossipEvent::PeerConnected(three.key));
    three.connected_to(1).await;
    assert_eq!(one.gossip.connected(), 2, "the other connection stays");
    one.gossip.send(&three.key, Message::Wake(7));
    assert_eq!(three.message().await, (one.key, Message::Wake(7)));

    // The second leaves while the third stays, and comes back.
    let refused = one.gossip.counters().refused;
    one.gossip.set_peers(&[peer(3, None)]).expect("good peers");
    assert_eq!(one.event().await, GossipEvent::PeerDisconnected(two.key));
    assert_eq!(two.event().await, GossipEvent::PeerDisconnected(one.key));
    within_deadline("a refusal", async {
        while one.gossip.counters().refused == refused {
            tokio::task::yield_now().await;
        }
    })
    .await;
    three.gossip.send(&one.key, Message::Wake(8));
    assert_eq!(one.message().await, (three.key, Message::Wake(8)));
    one.gossip.set_peers(&both).expect("good peers");
    assert_eq!(one.event().await, GossipEvent::PeerConnected(two.key));
    two.gossip.send(&one.key, Message::Wake(9));
    assert_eq!(one.message().await, (two.key, Message::Wake(9)));

    let bad = [peer(2, Some("/dns4/example.com/tcp/1"))];
    assert!(one.gossip.set_peers(&bad).is_err());
    two.gossip.send(&one.key, Message::Wake(10));
    assert_eq!(one.message().await, (two.key, Message::Wake(10)));
}
