//! What strangers may send, and what they are told: hostile statements row by row, floods, connections
//! that never end, and files that are not what they should be. After each the network goes on.

use crate::flood::{self, Flood, Forger};
use crate::network::World;
use anyhow::{ensure, Context, Result};
use hefu_tests::network::{licence, now, wait_for};
use hefu_tests::{programs, Devnet};
use hefu_types::cose::{CLAIM_NETWORK, CONTENT_TYPE};
use hefu_types::operation::Operation;
use hefu_types::statement::{OPERATIONS_MAX, STATEMENT_BYTES_MAX, VALID_AHEAD_MS_MAX};
use hefu_types::suite::SecretKey;
use hefu_types::{merkle, Hash, NetworkDigest, StatementId};
use hefu_wire::{OutcomeAnswer, Problem, StatementAnswer, StatementState};
use minicbor::data::Tag;
use minicbor::Encoder;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const AGENCY: &str = "agency-gz-housing";

/// A statement in its parts, each of which can be made wrong before it is signed.
#[derive(Clone)]
struct Parts {
    key: SecretKey,
    signer: SecretKey,
    algorithm: i64,
    content_type: &'static str,
    issuer: String,
    subject: String,
    network: NetworkDigest,
    nonce: [u8; 16],
    valid_until: u64,
    count: u32,
    root: Option<Hash>,
    operations: Vec<Vec<u8>>,
}

fn cbor(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    bytes
}

/// Writing into memory cannot fail.
macro_rules! put {
    ($encoder:expr) => {
        $encoder.expect("writing into memory")
    };
}

impl Parts {
    /// A good one, of operations that nobody registered before.
    fn good(devnet: &Devnet) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1_000_000);
        let next = || NEXT.fetch_add(1, Ordering::Relaxed);
        let operations: Vec<Vec<u8>> = (0..2)
            .map(|_| Operation::Register(licence(next())).encode())
            .collect();
        let (key, issuer) = devnet.secret(AGENCY)?;
        Ok(Self {
            signer: key.clone(),
            key,
            algorithm: devnet.network.suite().cose_algorithm(),
            content_type: CONTENT_TYPE,
            issuer,
            subject: devnet.network.origin().to_owned(),
            network: devnet.network.digest(),
            nonce: rand::random(),
            valid_until: now().0 + 600_000,
            count: 2,
            root: None,
            operations,
        })
    }

    fn protected(&self) -> Vec<u8> {
        cbor(|e| {
            put!(e
                .map(4)
                .and_then(|e| e.u8(1))
                .and_then(|e| e.i64(self.algorithm)));
            put!(e.u8(3).and_then(|e| e.str(self.content_type)));
            put!(e.u8(4).and_then(|e| e.bytes(&self.key.key_id().0)));
            put!(e.u8(15).and_then(|e| e.map(3)));
            put!(e.u8(1).and_then(|e| e.str(&self.issuer)));
            put!(e.u8(2).and_then(|e| e.str(&self.subject)));
            put!(e.i64(CLAIM_NETWORK).and_then(|e| e.bytes(&self.network.0)));
        })
    }

    fn payload(&self) -> Vec<u8> {
        let suite = hefu_types::Suite::Sha256Ed25519;
        let root = self
            .root
            .unwrap_or_else(|| merkle::root(suite, &self.operations));
        cbor(|e| {
            put!(e
                .map(5)
                .and_then(|e| e.u8(0))
                .and_then(|e| e.bytes(&self.nonce)));
            put!(e.u8(1).and_then(|e| e.u64(self.valid_until)));
            put!(e.u8(2).and_then(|e| e.u8(0)));
            put!(e.u8(3).and_then(|e| e.u32(self.count)));
            put!(e.u8(4).and_then(|e| e.bytes(&root.0)));
        })
    }

    /// The COSE_Sign1 of these bytes, rightly signed.
    fn cose(&self, protected: &[u8], payload: &[u8]) -> Vec<u8> {
        let signed = hefu_types::cose::CoseSign1::sig_structure(protected, payload);
        let signature = self.signer.sign_statement(&signed);
        cbor(|e| {
            put!(e.tag(Tag::new(18)).and_then(|e| e.array(4)));
            put!(e.bytes(protected).and_then(|e| e.map(0)));
            put!(e.bytes(payload).and_then(|e| e.bytes(&signature.0)));
        })
    }

    fn around(&self, cose: &[u8]) -> Vec<u8> {
        cbor(|e| {
            put!(e.array(2).and_then(|e| e.bytes(cose)));
            put!(e.array(self.operations.len() as u64));
            for operation in &self.operations {
                put!(e.bytes(operation));
            }
        })
    }

    fn bytes(&self) -> Vec<u8> {
        self.around(&self.cose(&self.protected(), &self.payload()))
    }
}

/// Replaces the one place where `from` stands.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at: Vec<usize> = (0..=bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert_eq!(at.len(), 1, "{from:02x?} stands {} times in it", at.len());
    [&bytes[..at[0]], to, &bytes[at[0] + from.len()..]].concat()
}

/// Posts bytes until the node listens: who sent much in vain is told so.
fn answer_of(devnet: &Devnet, bytes: &[u8]) -> Result<(u16, String)> {
    static NODE: AtomicU32 = AtomicU32::new(0);
    let node = NODE.fetch_add(1, Ordering::Relaxed) as usize % 4;
    wait_for("the node to listen to us", || {
        let answer = devnet.post(node, bytes, 0)?;
        Ok((answer.0 != 429).then_some(answer))
    })
}

#[test]
fn hostile_statements_row_by_row() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let mut rows = 0;
    // After every row that a good statement is answered well is checked once, at the end.
    let mut check = |what: &str, bytes: &[u8], status: u16, code: u16| -> Result<()> {
        rows += 1;
        let (found, body) = answer_of(devnet, bytes).context(what.to_owned())?;
        let problem: Problem = serde_json::from_str(&body).context(format!("{what}: {body}"))?;
        ensure!(
            (found, problem.code) == (status, code),
            "{what}: {found} {body}"
        );
        ensure!(
            problem.detail.is_some(),
            "{what}: it is not said what is wrong"
        );
        Ok(())
    };
    let with = |change: &dyn Fn(&mut Parts)| -> Result<Vec<u8>> {
        let mut parts = Parts::good(devnet)?;
        change(&mut parts);
        Ok(parts.bytes())
    };
    let parts = Parts::good(devnet)?;
    let (protected, payload) = (parts.protected(), parts.payload());
    let good = parts.bytes();
    let resigned = |protected: &[u8], payload: &[u8]| parts.around(&parts.cose(protected, payload));
    ensure!(good == resigned(&protected, &payload));

    // Cut, and too long.
    for cut in (0..good.len())
        .step_by(13)
        .chain(good.len() - 5..good.len())
    {
        check(&format!("cut after {cut} bytes"), &good[..cut], 400, 1006)?;
    }
    check("no bytes", &[], 400, 1006)?;
    check("a trailing byte", &[&good[..], &[0]].concat(), 400, 1006)?;
    check(
        "as long as allowed, and nothing in it",
        &vec![0; STATEMENT_BYTES_MAX],
        400,
        1006,
    )?;
    check(
        "longer than allowed",
        &vec![0; STATEMENT_BYTES_MAX + 1],
        413,
        1007,
    )?;
    let many = with(&|p| {
        p.operations = vec![p.operations[0].clone(); OPERATIONS_MAX + 1];
        p.count = OPERATIONS_MAX as u32 + 1;
    })?;
    check("4097 operations", &many, 400, 1006)?;
    let claimed = replaced(
        &good,
        &[&parts.cose(&protected, &payload)[..], &[0x82]].concat(),
        &[],
    );
    check("no list of operations", &claimed, 400, 1006)?;
    let head =
        &good[..good.len() - parts.operations.iter().map(|o| o.len() + 3).sum::<usize>() - 1];
    check(
        "a list of 2^63 operations",
        &[
            head,
            &[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ]
        .concat(),
        400,
        1006,
    )?;
    check(
        "an operation of 2^63 bytes",
        &[
            head,
            &[0x81, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ]
        .concat(),
        400,
        1006,
    )?;

    // Nesting.
    for byte in [0x81, 0x9f, 0xa1, 0xbf, 0xc2, 0xd8] {
        check(
            &format!("{byte:x} nested 4 million deep"),
            &vec![byte; STATEMENT_BYTES_MAX],
            400,
            1006,
        )?;
    }
    let nested = with(&|p| p.operations[0] = vec![0x81; 8_000])?;
    check(
        "an operation nested 8000 deep, rightly signed",
        &nested,
        400,
        1006,
    )?;
    let skipped = replaced(
        &protected,
        &[0x01, 0x27],
        &[&[0x01][..], &[0x81; 900], &[0x27]].concat(),
    );
    check(
        "a header nested 900 deep",
        &resigned(&skipped, &payload),
        400,
        1006,
    )?;

    // Another encoding of the same, rightly signed.
    check(
        "the outer length written longer",
        &[&[0x98, 0x02], &good[1..]].concat(),
        400,
        1006,
    )?;
    check(
        "the outer list without length",
        &[&[0x9f], &good[1..], &[0xff]].concat(),
        400,
        1006,
    )?;
    let longer = replaced(&protected, &[0x01, 0x27], &[0x01, 0x38, 0x07]);
    check(
        "alg written longer",
        &resigned(&longer, &payload),
        400,
        1006,
    )?;
    let open = [&[0xbf], &payload[1..], &[0xff]].concat();
    check(
        "the payload without length",
        &resigned(&protected, &open),
        400,
        1006,
    )?;
    let longer = replaced(&payload, &[0x03, 0x02], &[0x03, 0x18, 0x02]);
    check(
        "the count written longer",
        &resigned(&protected, &longer),
        400,
        1006,
    )?;
    let moved = replaced(
        &payload,
        &[0x02, 0x00, 0x03, 0x02],
        &[0x03, 0x02, 0x02, 0x00],
    );
    check(
        "the payload's keys unsorted",
        &resigned(&protected, &moved),
        400,
        1006,
    )?;
    let more = [&[0xa6], &payload[1..], &[0x05, 0x00]].concat();
    check(
        "a key that the payload does not have",
        &resigned(&protected, &more),
        400,
        1006,
    )?;
    let twice = [&[0xa6], &payload[1..], &payload[payload.len() - 35..]].concat();
    check(
        "a key of the payload twice",
        &resigned(&protected, &twice),
        400,
        1006,
    )?;
    check(
        "a byte after the payload",
        &resigned(&protected, &[&payload[..], &[0]].concat()),
        400,
        1006,
    )?;
    check(
        "a byte after the header",
        &resigned(&[&protected[..], &[0]].concat(), &payload),
        400,
        1006,
    )?;

    // COSE.
    let cose = parts.cose(&protected, &payload);
    let unprotected = replaced(
        &cose,
        &[&protected[..], &[0xa0]].concat(),
        &[&protected[..], &[0xa1, 0x04, 0x41, 0x00]].concat(),
    );
    check(
        "an unprotected header",
        &parts.around(&unprotected),
        400,
        1006,
    )?;
    check("no tag", &parts.around(&cose[1..]), 400, 1006)?;
    check(
        "the tag of COSE_Mac0",
        &parts.around(&[&[0xd1], &cose[1..]].concat()),
        400,
        1006,
    )?;
    check(
        "a detached payload",
        &parts.around(&replaced(
            &cose,
            &[&[0x58, payload.len() as u8], &payload[..]].concat(),
            &[0xf6],
        )),
        400,
        1006,
    )?;
    check(
        "another algorithm",
        &with(&|p| p.algorithm = -7)?,
        400,
        1006,
    )?;
    check(
        "another content type",
        &with(&|p| p.content_type = "text/plain")?,
        400,
        1006,
    )?;
    check(
        "an issuer of 65 bytes",
        &with(&|p| p.issuer = "x".repeat(65))?,
        400,
        1006,
    )?;
    check(
        "a header longer than allowed",
        &with(&|p| p.subject = "x".repeat(3_000))?,
        413,
        1007,
    )?;

    // Signatures and keys.
    let flipped = |from_end: usize| {
        let mut cose = cose.clone();
        let at = cose.len() - from_end;
        cose[at] ^= 1;
        parts.around(&cose)
    };
    for from_end in [1, 32, 33, 64] {
        check(
            &format!("byte {from_end} of the signature altered"),
            &flipped(from_end),
            403,
            7006,
        )?;
    }
    check(
        "a signature of zeros",
        &parts.around(&[&cose[..cose.len() - 64], &[0; 64]].concat()),
        403,
        7006,
    )?;
    let (other, _) = devnet.secret("agency-zj-tax")?;
    check(
        "signed by another agency",
        &with(&|p| p.signer = other.clone())?,
        403,
        7006,
    )?;
    let stranger = SecretKey::from_seed(devnet.network.suite(), &[5; 32]);
    let by_stranger = with(&|p| (p.signer, p.key) = (stranger.clone(), stranger.clone()))?;
    check("signed by nobody known", &by_stranger, 403, 3001)?;
    check(
        "another network",
        &with(&|p| p.network = NetworkDigest([7; 32]))?,
        400,
        1006,
    )?;

    // Time.
    check(
        "over a second ago",
        &with(&|p| p.valid_until = now().0 - 1_000)?,
        400,
        7002,
    )?;
    check("over in 1970", &with(&|p| p.valid_until = 0)?, 400, 7002)?;
    let ahead = now().0 + VALID_AHEAD_MS_MAX + 60_000;
    check(
        "more than an hour ahead",
        &with(&|p| p.valid_until = ahead)?,
        400,
        7002,
    )?;
    check(
        "at the end of time",
        &with(&|p| p.valid_until = u64::MAX)?,
        400,
        7002,
    )?;

    // Operations that are not those that were signed, or none.
    check(
        "an operation altered",
        &{
            let mut bytes = good.clone();
            *bytes.last_mut().context("bytes")? ^= 1;
            bytes
        },
        400,
        1006,
    )?;
    check(
        "another root",
        &with(&|p| p.root = Some(Hash([1; 32])))?,
        400,
        1006,
    )?;
    check(
        "a count of one too many",
        &with(&|p| p.count = 3)?,
        400,
        1006,
    )?;
    check(
        "a count of none",
        &with(&|p| (p.count, p.operations) = (0, vec![]))?,
        400,
        1006,
    )?;
    check(
        "two operations in the other order",
        &with(&|p| {
            let suite = hefu_types::Suite::Sha256Ed25519;
            p.root = Some(merkle::root(suite, &p.operations));
            p.operations.swap(0, 1);
        })?,
        400,
        1006,
    )?;
    check(
        "an operation that is none",
        &with(&|p| p.operations[1] = vec![0xff])?,
        400,
        1006,
    )?;
    check(
        "an operation with a verb of later rules",
        &with(&|p| p.operations[1][1] = 0x17)?,
        400,
        1006,
    )?;
    check(
        "an operation of no bytes",
        &with(&|p| p.operations[1] = vec![])?,
        400,
        1006,
    )?;
    check(
        "an operation of 9000 bytes",
        &with(&|p| p.operations[1] = vec![0; 9_000])?,
        400,
        1006,
    )?;

    println!("{rows} hostile statements, each answered with its code");

    // Who signs with his own key as somebody else is taken, and refused by the rules.
    let (other, _) = devnet.secret("agency-zj-tax")?;
    let as_other = with(&|p| (p.signer, p.key) = (other.clone(), other.clone()))?;
    let (status, body) = devnet.post(0, &as_other, 20_000)?;
    let answer: StatementAnswer = serde_json::from_str(&body).context(body)?;
    let not_entitled = |o: &OutcomeAnswer| matches!(o, OutcomeAnswer::Refused { code: 3002, .. });
    ensure!(
        status == 200 && answer.outcomes.iter().all(not_entitled),
        "{answer:?}"
    );

    // The good one still passes; replayed it is answered with its first outcome, everywhere.
    let (status, body) = devnet.post(0, &good, 20_000)?;
    let first: StatementAnswer = serde_json::from_str(&body).context(body)?;
    ensure!(status == 200 && first.state == StatementState::Final);
    ensure!(
        first.outcomes == [OutcomeAnswer::Accepted, OutcomeAnswer::Accepted],
        "{first:?}"
    );
    ensure!(first.statement != StatementId([0; 32]));
    for node in 0..4 {
        let (status, body) = devnet.post(node, &good, 20_000)?;
        let again: StatementAnswer = serde_json::from_str(&body).context(body)?;
        ensure!(status == 200 && again == first, "node {node}: {again:?}");
        // A copy of it with another signature is not it.
        let (status, body) = answer_of(devnet, &flipped(1))?;
        ensure!(status == 403, "{status} {body}");
        ensure!(devnet.health(node)?.healthy);
    }
    devnet.wait_equal(&[0, 1, 2, 3])?;
    Ok(())
}

/// No validator takes more memory than this, whatever is sent to it. At rest it takes about 100.
const RESIDENT_MIB_MAX: u64 = 600;
/// So many statements are attacked with before the honest ones must be through.
const ATTACK: u64 = 20_000;

/// Honest statements become final while an attacker sends, and no node swells.
fn goes_on(devnet: &Devnet, nodes: &[usize], flood: &Flood, first: u32) -> Result<()> {
    let mut number = first;
    let mut honest = 0;
    let most = wait_for("the attacker to have sent enough", || {
        for node in nodes {
            let operations = [Operation::Register(licence(number))];
            number += 1;
            let answer = devnet.submit(*node, &devnet.sign(AGENCY, &operations)?)?;
            ensure!(answer.state == StatementState::Final, "{answer:?}");
            ensure!(answer.outcomes == [OutcomeAnswer::Accepted], "{answer:?}");
            honest += 1;
        }
        let mut most = 0;
        for node in nodes {
            most = most.max(devnet.resident_mib(*node)?);
        }
        ensure!(most < RESIDENT_MIB_MAX, "a node takes {most} MiB");
        Ok((flood.sent() >= ATTACK || honest >= 24).then_some(most))
    })?;
    ensure!(flood.sent() > 0, "nobody attacked");
    println!(
        "{honest} honest statements final among {} forged ones; at most {most} MiB",
        flood.sent()
    );
    Ok(())
}

#[test]
fn the_network_goes_on_under_floods_of_forged_statements() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let forger = Forger::new(devnet, &[Operation::Register(licence(5))])?;
    let http = Flood::over_http(devnet, 0, &forger)?;
    goes_on(devnet, &[0, 1, 2, 3], &http, 2_000_000)?;
    // The attacker itself is told that nobody listens to it any more, others are.
    ensure!(devnet.health(0)?.healthy);
    drop(http);
    // A peer: somebody has the key of a validator and says so. The three others go on without it.
    devnet.kill(3)?;
    let swarm = Flood::over_swarm(devnet, 3, &forger)?;
    goes_on(devnet, &[0, 1, 2], &swarm, 3_000_000)?;
    drop(swarm);
    wait_for("a node to say that it shuts the peer out", || {
        let said = std::fs::read_to_string(devnet.folder().join("node-0/node.log"))?;
        Ok(said.contains("it sends forged statements").then_some(()))
    })?;
    devnet.wait_equal(&[0, 1, 2])?;
    Ok(())
}

/// Asks for the health of a node on a fresh connection: the status line.
fn health_line(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn connections_that_never_end_shut_nobody_out() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let of = |field: &str| -> Result<SocketAddr> {
        let config = devnet.config(0)?;
        Ok(config[field].as_str().context("an address")?.parse()?)
    };
    let (public, operators) = (of("http_listen")?, of("operator_listen")?);
    let runtime = tokio::runtime::Runtime::new()?;
    let post = "POST /v1/statements HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n";
    let begun: [&str; 4] = ["", "G", "GET /healthz HTTP/1.1\r\nx-slow: a", post];
    let mut held = Vec::new();
    for (kind, begins) in begun.iter().enumerate() {
        for _ in 0..300 {
            // Each kind from an address of its own.
            let from = [127, 0, 0, 10 + kind as u8];
            let stream = runtime.block_on(flood::connect(public, from))?;
            let mut stream = stream.into_std()?;
            stream.set_nonblocking(false)?;
            // It may be closed already: one address has so many connections and no more.
            let _ = stream.write_all(begins.as_bytes());
            if *begins == post {
                let _ = stream.write_all(&[0; 1_000]);
            }
            held.push(stream);
        }
    }
    // Half open also at the operators' port and at those of engine and swarm.
    for field in ["engine_listen", "gossip_listen"] {
        let config = devnet.config(0)?;
        let listen = config[field].as_str().context("an address")?;
        let port = listen.rsplit('/').next().context("a port")?;
        for _ in 0..50 {
            held.push(TcpStream::connect(format!("127.0.0.1:{port}"))?);
        }
    }
    let ok = "HTTP/1.1 200 OK";
    let line = wait_for("the operators' port to answer", || {
        Ok(Some(health_line(operators)?).filter(|line| line == ok))
    })?;
    ensure!(line == ok);
    wait_for("the public port to answer a normal client", || {
        Ok(Some(health_line(public)?).filter(|line| line == ok))
    })?;
    let statement = devnet.sign(AGENCY, &[Operation::Register(licence(9))])?;
    let answer = devnet.submit(0, &statement)?;
    ensure!(answer.outcomes == [OutcomeAnswer::Accepted], "{answer:?}");
    let resident = devnet.resident_mib(0)?;
    ensure!(resident < RESIDENT_MIB_MAX, "{resident} MiB");
    println!("{} connections held, {resident} MiB", held.len());
    // More than one address may have were closed at once; the rest end by their time-outs.
    let closed = held.iter().take(300).filter(|stream| {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(1)));
        matches!((&mut &**stream).read(&mut [0; 1]), Ok(0))
    });
    let closed = closed.count();
    ensure!(
        closed >= 100,
        "only {closed} of 300 connections of one address were closed"
    );
    Ok(())
}

/// The client's exit code and all that it printed.
fn client(devnet: &Devnet, arguments: &[&str]) -> Result<(i32, String)> {
    let output = devnet.client(arguments)?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    ensure!(!said.contains("panicked"), "{said}");
    Ok((output.status.code().context("an exit code")?, said))
}

const LICENCE: &str = r#"{"hefu":"licence","legal_issuer":"1152OFFICE","number":"HOSTILE-1",
    "facts":{"holder":"somebody"}}"#;

/// An entity that stands for ten of the next, nine times over.
fn billion_laughs() -> String {
    let mut xml = String::from("<!DOCTYPE Invoice [<!ENTITY e0 \"ha\">");
    for level in 1..10 {
        let ten = format!("&e{};", level - 1).repeat(10);
        xml.push_str(&format!("<!ENTITY e{level} \"{ten}\">"));
    }
    xml.push_str("]><Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\">&e9;</Invoice>");
    xml
}

#[test]
fn files_that_are_not_what_they_should_be() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let file = |name: &str, bytes: &[u8]| -> Result<String> {
        std::fs::write(at(name), bytes)?;
        Ok(at(name))
    };
    let network = devnet.network_file().to_string_lossy().into_owned();
    let key = |name: &str| devnet.key(name).to_string_lossy().into_owned();
    let check = |arguments: &[&str], exit: i32, says: &[&str]| -> Result<()> {
        let (found, said) = client(devnet, arguments)?;
        ensure!(found == exit, "{arguments:?} ended with {found}:\n{said}");
        for sentence in says {
            ensure!(said.contains(sentence), "{sentence:?} is not said:\n{said}");
        }
        Ok(())
    };
    let verify = |more: &[&str], exit: i32, says: &[&str]| {
        check(
            &[&["verify", "--network", &network], more].concat(),
            exit,
            says,
        )
    };
    let inspect = |path: &str, exit: i32, says: &[&str]| check(&["inspect", path], exit, says);
    let receipts = at("receipts");
    let register = |key: &str, more: &[&str], exit: i32, says: &[&str]| {
        let fixed = [
            "register",
            "--network",
            &network,
            "--type",
            "licence",
            "--receipts",
            &receipts,
        ];
        check(&[&fixed[..], &["--key", key], more].concat(), exit, says)
    };
    let agency = key(AGENCY);

    // No bytes at all, and a gigabyte.
    let empty = file("empty.xml", b"")?;
    inspect(&empty, 0, &["e3b0c442", "unknown format"])?;
    verify(&[&empty], 2, &["COULD NOT TELL"])?;
    let typed = ["--issuer", "1152OFFICE", "--number"];
    register(
        &agency,
        &[&typed[..], &["EMPTY", &empty]].concat(),
        1,
        &["the file is empty"],
    )?;
    let big = file("big.pdf", b"%PDF-1.7\n")?;
    std::fs::OpenOptions::new()
        .write(true)
        .open(&big)?
        .set_len(1 << 30)?;
    inspect(
        &big,
        1,
        &[
            "bytes",
            "1073741824",
            "verify it by its digest or its number",
        ],
    )?;
    register(
        &agency,
        &[&typed[..], &["BIG", &big]].concat(),
        0,
        &["registered  1"],
    )?;
    verify(&[&big], 0, &["VALID"])?;
    let peak = peak_kib(&["verify", "--network", &network, &big])?;
    ensure!(peak < 200 * 1024, "verifying a gigabyte takes {peak} KiB");
    println!(
        "verifying 1 GiB takes {} MiB of memory at most",
        peak / 1024
    );

    // XML and JSON that are bombs.
    inspect(
        &file("laughs.xml", billion_laughs().as_bytes())?,
        1,
        &["DOCTYPE", "ask the issuer"],
    )?;
    let external =
        "<!DOCTYPE Invoice [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><Invoice>&e;</Invoice>";
    let external = file("external.xml", external.as_bytes())?;
    inspect(&external, 1, &["DOCTYPE"])?;
    let (_, said) = client(devnet, &["inspect", &external])?;
    ensure!(!said.contains("root:"), "{said}");
    let deep = format!(
        "<Invoice>{}{}</Invoice>",
        "<a>".repeat(100_000),
        "</a>".repeat(100_000)
    );
    inspect(&file("deep.xml", deep.as_bytes())?, 1, &["64 levels"])?;
    let deep = format!("{{\"hefu\":\"licence\",\"facts\":{}", "[".repeat(100_000));
    inspect(&file("deep.json", deep.as_bytes())?, 1, &["Hefu's form"])?;

    // Receipts: whole, cut, altered, of another document.
    let document = file("licence.json", LICENCE.as_bytes())?;
    register(&agency, &[&document], 0, &["registered  1"])?;
    let receipt = std::fs::read(Path::new(&receipts).join("licence.json.receipt"))?;
    let altered = at("altered.receipt");
    let offline = |bytes: &[u8], exit: i32, says: &[&str]| -> Result<()> {
        std::fs::write(&altered, bytes)?;
        verify(&["--offline", "--receipt", &altered, &document], exit, says)
    };
    offline(&receipt, 0, &["VALID"])?;
    let mut tried = 0;
    for cut in (0..receipt.len()).step_by(receipt.len() / 24) {
        offline(
            &receipt[..cut],
            2,
            &["COULD NOT TELL", "proves nothing", "ask for it again"],
        )?;
        tried += 1;
    }
    for at in (0..receipt.len()).step_by(receipt.len() / 60) {
        let mut bytes = receipt.clone();
        bytes[at] ^= 1 << (at % 8);
        offline(&bytes, 2, &["COULD NOT TELL", "proves nothing"])?;
        tried += 1;
    }
    offline(&[&receipt[..], &[0]].concat(), 2, &["proves nothing"])?;
    offline(&vec![0; 2 << 20], 2, &["proves nothing", "more than"])?;
    println!("{tried} receipts that were cut or altered, none of them believed");
    let other = file(
        "other.json",
        LICENCE.replace("HOSTILE-1", "HOSTILE-2").as_bytes(),
    )?;
    std::fs::write(&altered, &receipt)?;
    verify(
        &["--offline", "--receipt", &altered, &other],
        2,
        &["is of another document"],
    )?;

    // Another network: its receipts, its genesis; a network file that is none.
    let mut wrong = devnet.file.clone();
    wrong.genesis.name = "another.example".into();
    let json = serde_json::to_vec(&wrong)?;
    let with_network = |path: &str, exit: i32, says: &[&str]| {
        check(
            &[
                "verify",
                "--network",
                path,
                "--offline",
                "--receipt",
                &altered,
                &document,
            ],
            exit,
            says,
        )
    };
    with_network(&file("digest.json", &json)?, 2, &["do not trust it"])?;
    wrong.digest = hefu_types::genesis::Network::new(wrong.genesis.clone())?.digest();
    let foreign = file("foreign.json", &serde_json::to_vec(&wrong)?)?;
    with_network(
        &foreign,
        2,
        &["of another network", "give that network's file"],
    )?;
    check(
        &["verify", "--network", &foreign, &document],
        2,
        &["no node", "of another network"],
    )?;
    with_network(&file("text.json", b"hello")?, 2, &["not a network file"])?;
    let genesis = serde_json::to_vec(&devnet.file.genesis)?;
    with_network(&file("genesis.json", &genesis)?, 2, &["not a network file"])?;
    with_network(&at("missing.json"), 2, &["missing.json", "No such file"])?;
    let huge = file("huge.json", b"{")?;
    std::fs::OpenOptions::new()
        .write(true)
        .open(&huge)?
        .set_len(1 << 30)?;
    with_network(&huge, 2, &["more than"])?;

    // Keys that are not the right ones.
    let new = file(
        "new.json",
        LICENCE.replace("HOSTILE-1", "HOSTILE-3").as_bytes(),
    )?;
    register(
        &key("member-guiyang"),
        &[&new],
        2,
        &["a key of role member, not agency"],
    )?;
    let of_node = devnet.folder().join("node-0/keys/consensus.json");
    register(
        &of_node.to_string_lossy(),
        &[&new],
        2,
        &["a key of role consensus, not agency"],
    )?;
    register(
        &file("key.json", b"not a key")?,
        &[&new],
        2,
        &["not a key file"],
    )?;
    let text = std::fs::read_to_string(devnet.key(AGENCY))?;
    let seed = replaced(text.as_bytes(), b"\"seed\": \"", b"\"seed\": \"00");
    register(&file("long.json", &seed)?, &[&new], 2, &["not a key file"])?;
    let mut unlike: hefu_wire::KeyFile = serde_json::from_str(&text)?;
    unlike.seed = Hash([1; 32]);
    let unlike = file("unlike.json", &serde_json::to_vec(&unlike)?)?;
    register(&unlike, &[&new], 2, &["do not agree"])?;
    register(
        &at("nokey.json"),
        &[&new],
        2,
        &["nokey.json", "No such file"],
    )?;
    register(&key("agency-zj-tax"), &[&new], 1, &["left aside"])?;
    register(&agency, &[&new], 0, &["registered  1"])?;
    Ok(())
}

/// The most memory that the client ever had, as Linux tells it of a child that ended.
fn peak_kib(arguments: &[&str]) -> Result<u64> {
    let mut child = Command::new(programs()?.client)
        .args(arguments)
        .env("HEFU_MEMORY", "none")
        .stdout(std::process::Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    wait_for("the client", || {
        if let Ok(status) = std::fs::read_to_string(&status) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            peak = peak.max(kib.unwrap_or(0));
        }
        Ok(child.try_wait()?)
    })?;
    ensure!(peak > 0, "it ended before it was looked at");
    Ok(peak)
}

#[test]
fn a_node_that_cannot_start_says_why() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let node = programs()?.node;
    // A second network: one validator that does not run, so that nothing but the defect stops it.
    let folder = tempfile::tempdir()?;
    let second = Devnet::start(&programs()?, &folder.path().join("net"), 1)?;
    second.kill(0)?;
    let home = second.folder().join("node-0");
    let check = |field: &str, value: &str, says: &[&str]| -> Result<()> {
        let mut config = second.config(0)?;
        config[field] = value.into();
        let path = home.join("hostile.json");
        std::fs::write(&path, config.to_string())?;
        // It must end by itself: a node that runs all the same is ended with its standard input.
        let mut child = Command::new(&node)
            .args(["run", "--stop-with-stdin", "--config"])
            .arg(&path)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()?;
        let ended = wait_for(&format!("{field} = {value}: the end"), || {
            Ok(child.try_wait()?)
        });
        drop(child.stdin.take());
        let mut said = String::new();
        child
            .stderr
            .take()
            .context("its errors")?
            .read_to_string(&mut said)?;
        ensure!(!ended?.success(), "{field} = {value}: it runs\n{said}");
        for sentence in says {
            ensure!(said.contains(sentence), "{sentence:?} is not said:\n{said}");
        }
        ensure!(
            !said.contains("panicked") && !said.contains("backtrace"),
            "{said}"
        );
        Ok(())
    };
    let running = devnet.config(0)?;
    for field in [
        "http_listen",
        "operator_listen",
        "gossip_listen",
        "engine_listen",
    ] {
        let taken = running[field].as_str().context("an address")?;
        check(
            field,
            taken,
            &["cannot listen on", "another address in the configuration"],
        )?;
    }
    let foreign = devnet.folder().join("genesis.json");
    check(
        "genesis",
        &foreign.to_string_lossy(),
        &["give the genesis of the store's network"],
    )?;
    let garbage = home.join("garbage");
    std::fs::create_dir_all(&garbage)?;
    std::fs::write(garbage.join("consensus.json"), "not a key")?;
    check(
        "genesis",
        &garbage.join("consensus.json").to_string_lossy(),
        &["cannot be read"],
    )?;
    check("genesis", "nowhere.json", &["nowhere.json", "No such file"])?;
    check("keys", "garbage", &["consensus.json", "cannot be read"])?;
    check("keys", "nowhere", &["consensus.json", "No such file"])?;
    let others = devnet.folder().join("node-1/keys");
    check(
        "keys",
        &others.to_string_lossy(),
        &["is not the consensus key of"],
    )?;
    std::fs::copy(devnet.key(AGENCY), garbage.join("consensus.json"))?;
    check("keys", "garbage", &["is not the consensus key of"])?;
    check(
        "name",
        "somebody.else",
        &["is not the consensus key of somebody.else"],
    )?;
    check(
        "http_listen",
        "nonsense",
        &["hostile.json", "cannot be read"],
    )?;
    check("colour", "red", &["unknown field `colour`"])?;

    // A devnet on a taken port, and on a folder whose network runs.
    let devnet_says = |arguments: &[&str], folder: &Path, says: &str| -> Result<()> {
        let output = Command::new(&node)
            .args(["devnet", "--validators", "1", "--dir"])
            .arg(folder)
            .args(arguments)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && said.contains(says), "{said}");
        Ok(())
    };
    let port = devnet.url(0).rsplit(':').next().context("a port")?;
    devnet_says(
        &["--port", port],
        &folder.path().join("third"),
        "give another --port",
    )?;
    devnet_says(&["--port", "0"], devnet.folder(), "runs already")?;
    ensure!(devnet.health(0)?.healthy);
    Ok(())
}
