//! Whole networks as processes: what users and hostile strangers send, and crashes.

use anyhow::{ensure, Context, Result};
use hefu_proof::{Receipt, StatusCertificate};
use hefu_tests::network::{agent, licence, now, wait_for};
use hefu_tests::{programs, Devnet};
use hefu_types::genesis::Network;
use hefu_types::operation::{Operation, Register, Revoke};
use hefu_types::profile::Profile;
use hefu_types::statement::{Mode, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{key, Millis, Nonce, StateKey};
use hefu_wire::path::{self, Beside};
use hefu_wire::{OutcomeAnswer, Problem, StatementState};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Networks of four processes on few cores run one after another.
static ONE_NETWORK: Mutex<()> = Mutex::new(());

pub(crate) struct World {
    pub devnet: Devnet,
    _folder: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    pub(crate) fn start() -> Result<Self> {
        Self::start_with(&["--port", "0"])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Result<Self> {
        let alone = ONE_NETWORK.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir()?;
        let devnet = Devnet::start_with(&programs()?, &folder.path().join("net"), 4, arguments)?;
        Ok(Self {
            devnet,
            _folder: folder,
            _alone: alone,
        })
    }

    /// Registers so many licences, each in a statement of its own.
    pub(crate) fn fill_log(&self, statements: u32) -> Result<()> {
        for number in 0..statements {
            let statement = self
                .devnet
                .sign("agency-gz-housing", &registers(number..number + 1))?;
            let (status, body) = self.devnet.post(0, &statement.encode(), 0)?;
            ensure!(status == 202, "{status}: {body}");
        }
        let last = self
            .devnet
            .sign("agency-gz-housing", &registers(statements..statements + 1))?;
        self.devnet.submit(0, &last)?;
        Ok(())
    }
}

pub(crate) fn record_key(network: &Network, register: &Register) -> StateKey {
    let number = Profile::Generic
        .check(&register.identity)
        .expect("fits the profile");
    key::record(network.suite(), &number)
}

pub(crate) fn registers(numbers: std::ops::Range<u32>) -> Vec<Operation> {
    numbers
        .map(|number| Operation::Register(licence(number)))
        .collect()
}

#[test]
fn a_statement_is_final_once_and_answers_the_same_for_ever() -> Result<()> {
    let world = World::start()?;
    let statement = world.devnet.sign("agency-gz-housing", &registers(0..40))?;
    let first = world.devnet.submit(0, &statement)?;
    ensure!(first.state == StatementState::Final);
    ensure!(first.outcomes.len() == 40);
    ensure!(first
        .outcomes
        .iter()
        .all(|outcome| *outcome == OutcomeAnswer::Accepted));
    let receipts = world.devnet.receipts(0, &first, 40)?;
    ensure!(receipts.len() == 40);
    for receipt in &receipts {
        receipt.verify(&world.devnet.network)?;
    }
    // Sent again to every node: the first answer, and nothing is executed twice.
    for node in 0..4 {
        ensure!(
            world.devnet.submit(node, &statement)? == first,
            "node {node} answers otherwise"
        );
    }
    // The same documents in another statement: each is told its first operation.
    let again = world.devnet.submit(
        1,
        &world.devnet.sign("agency-gz-housing", &registers(0..40))?,
    )?;
    for (index, outcome) in again.outcomes.iter().enumerate() {
        let OutcomeAnswer::Refused {
            code: 2001,
            evidence: Some(evidence),
            ..
        } = outcome
        else {
            anyhow::bail!("{index}: {outcome:?}");
        };
        let bytes = world.devnet.get(2, &path::operation_receipt(evidence))?;
        let receipt = Receipt::decode(&bytes)?.verify(&world.devnet.network)?;
        ensure!(*receipt.operation() == Operation::Register(licence(index as u32)));
    }
    // A revocation: from then on the certificate says so, on every node.
    let licence_key = record_key(&world.devnet.network, &licence(7));
    let revoke = Operation::Revoke(Revoke {
        record: licence_key,
        reason: "penalty".into(),
        effective_at: None,
    });
    let revoked = world
        .devnet
        .submit(3, &world.devnet.sign("agency-gz-housing", &[revoke])?)?;
    ensure!(revoked.outcomes == [OutcomeAnswer::Accepted]);
    for node in 0..4 {
        let state = wait_for("the revocation on all nodes", || {
            let bytes = world
                .devnet
                .get(node, &path::record(&licence_key, Beside::default()))?;
            let state = StatusCertificate::decode(&bytes)?.verify(&world.devnet.network)?;
            let height = state.checkpoint().checkpoint().height;
            Ok((Some(height) >= revoked.height).then_some(state))
        })?;
        let record = state.record(&licence_key)?.context("it is registered")?;
        ensure!(record.status.state == hefu_types::record::State::Revoked);
    }
    // What is absent is proven to be absent.
    let absent = record_key(&world.devnet.network, &licence(4_000));
    let bytes = world
        .devnet
        .get(0, &path::record(&absent, Beside::default()))?;
    let state = StatusCertificate::decode(&bytes)?.verify(&world.devnet.network)?;
    ensure!(state.record(&absent)?.is_none());
    world.devnet.wait_equal(&[0, 1, 2, 3])?;
    Ok(())
}

#[test]
fn what_strangers_send_is_refused_with_a_code_and_stops_nobody() -> Result<()> {
    let world = World::start()?;
    let good = world.devnet.sign("agency-gz-housing", &registers(0..2))?;
    let code = |bytes: &[u8], status: u16, code: u16| -> Result<()> {
        let (found, body) = world.devnet.post(0, bytes, 0)?;
        let problem: Problem = serde_json::from_str(&body).context(body.clone())?;
        ensure!((found, problem.code) == (status, code), "{found} {body}");
        Ok(())
    };
    code(b"", 400, 1006)?;
    code(b"not cbor at all", 400, 1006)?;
    code(&[0x9f; 100_000], 400, 1006)?;
    let mut trailing = good.encode();
    trailing.push(0);
    code(&trailing, 400, 1006)?;
    let mut operations: Vec<&[u8]> = good.operations().collect();
    let mut cose = good.cose().to_vec();
    let last = cose.len() - 1;
    cose[last] ^= 1;
    let forged = Statement::of_parts(&cose, &operations);
    code(&forged.encode(), 403, 7006)?;
    operations.swap(0, 1);
    let swapped = Statement::of_parts(good.cose(), &operations);
    code(&swapped.encode(), 400, 1006)?;
    // A key that nobody admitted, and another network's signature.
    let stranger = SecretKey::from_seed(world.devnet.network.suite(), &[5; 32]);
    let sign = |network, valid_until| {
        let operations = registers(0..1);
        let (suite, origin) = (world.devnet.network.suite(), world.devnet.network.origin());
        let nonce = Nonce([1; 16]);
        Statement::sign(
            suite,
            network,
            origin,
            &stranger,
            "x",
            nonce,
            valid_until,
            Mode::Each,
            &operations,
        )
    };
    let soon = Millis(now().0 + 60_000);
    code(
        &sign(world.devnet.network.digest(), soon).encode(),
        403,
        3001,
    )?;
    code(
        &sign(hefu_types::NetworkDigest([7; 32]), soon).encode(),
        400,
        1006,
    )?;
    // Beyond the limit of a body the server stops reading.
    let huge = vec![0; hefu_types::statement::STATEMENT_BYTES_MAX + 1];
    if let Ok((status, _)) = world.devnet.post(0, &huge, 0) {
        ensure!(
            status == 413,
            "a body over the limit was answered with {status}"
        );
    }
    for path in [
        "/v1/records/xyz",
        "/v1/statements/00",
        "/tile/0/1",
        "/nothing",
        "/ops/-1",
    ] {
        let answer = agent()
            .get(format!("{}{path}", world.devnet.url(0)))
            .call()?;
        ensure!(
            matches!(answer.status().as_u16(), 400 | 404),
            "{path}: {}",
            answer.status()
        );
    }
    // Operations that name other leaves as their records: signed by who may sign, and still no
    // more than an outcome. (One of these once stopped every validator.)
    let suite = world.devnet.network.suite();
    let clock = key::clock(suite);
    let digest = key::digest(suite, &licence(1).digests[0]);
    for record in [clock, key::agency(suite, "gz-housing"), digest] {
        let revoke = Revoke {
            record,
            reason: "x".into(),
            effective_at: None,
        };
        let statement = world
            .devnet
            .sign("agency-gz-housing", &[Operation::Revoke(revoke)])?;
        let answer = world.devnet.submit(0, &statement)?;
        let unknown = |o: &OutcomeAnswer| matches!(o, OutcomeAnswer::Refused { code: 1005, .. });
        ensure!(answer.outcomes.iter().all(unknown), "{answer:?}");
    }
    let bytes = world
        .devnet
        .get(0, &path::record(&clock, Beside::default()))?;
    let state = StatusCertificate::decode(&bytes)?.verify(&world.devnet.network)?;
    ensure!(
        state.record(&clock).is_err(),
        "the clock is proven to be a record"
    );
    // Raw bytes at the ports of engine and swarm.
    for node in 0..4 {
        for port in [0, 1] {
            let config = world.devnet.folder().join(format!("node-{node}/node.json"));
            let config: serde_json::Value = serde_json::from_slice(&std::fs::read(config)?)?;
            let listen = config[["engine_listen", "gossip_listen"][port]].as_str();
            let port = listen
                .and_then(|l| l.rsplit('/').next())
                .context("a port")?;
            let mut socket = std::net::TcpStream::connect(format!("127.0.0.1:{port}"))?;
            std::io::Write::write_all(&mut socket, &[0xff; 4096]).ok();
        }
    }
    let answer = world.devnet.submit(0, &good)?;
    ensure!(answer.outcomes == [OutcomeAnswer::Accepted, OutcomeAnswer::Accepted]);
    Ok(())
}

#[test]
fn nothing_that_was_acknowledged_is_lost_or_doubled_by_crashes() -> Result<()> {
    let world = World::start()?;
    let mut acknowledged = BTreeSet::new();
    let mut register = |world: &World, node: usize, numbers: std::ops::Range<u32>| -> Result<()> {
        let statement = world
            .devnet
            .sign("agency-gz-housing", &registers(numbers.clone()))?;
        let answer = world.devnet.submit(node, &statement)?;
        ensure!(answer
            .outcomes
            .iter()
            .all(|outcome| *outcome == OutcomeAnswer::Accepted));
        acknowledged.extend(numbers);
        Ok(())
    };
    register(&world, 0, 0..50)?;
    // One of four: the others go on.
    world.devnet.kill(1)?;
    register(&world, 0, 50..100)?;
    world.devnet.restart(1)?;
    world.devnet.wait_published(1)?;
    // Two of four: nothing moves, and nothing forks; with the third it goes on.
    world.devnet.kill(2)?;
    world.devnet.kill(3)?;
    let waiting = world
        .devnet
        .sign("agency-gz-housing", &registers(100..150))?;
    let (status, body) = world.devnet.post(0, &waiting.encode(), 1_000)?;
    ensure!(
        status == 202,
        "two of four made something final: {status} {body}"
    );
    world.devnet.restart(2)?;
    let answer = wait_for("the statement that waited", || {
        let answer = world.devnet.submit(0, &waiting)?;
        Ok((answer.state == StatementState::Final).then_some(answer))
    })?;
    ensure!(answer
        .outcomes
        .iter()
        .all(|outcome| *outcome == OutcomeAnswer::Accepted));
    world.devnet.restart(3)?;
    register(&world, 2, 200..250)?;
    // All four at once.
    for node in 0..4 {
        world.devnet.kill(node)?;
    }
    for node in 0..4 {
        world.devnet.restart(node)?;
    }
    for node in 0..4 {
        world.devnet.wait_published(node)?;
    }
    register(&world, 1, 250..300)?;
    acknowledged.extend(100..150);
    let equal = world.devnet.wait_equal(&[0, 1, 2, 3])?;
    for node in 0..4 {
        for number in &acknowledged {
            let at = record_key(&world.devnet.network, &licence(*number));
            let bytes = world
                .devnet
                .get(node, &path::record(&at, Beside::default()))?;
            let state = StatusCertificate::decode(&bytes)?.verify(&world.devnet.network)?;
            let record = state
                .record(&at)?
                .with_context(|| format!("{number} is lost"))?;
            ensure!(record.event_count == 1, "{number} stands there twice");
        }
    }
    println!(
        "{} registrations on four nodes, height {}",
        acknowledged.len(),
        equal.height
    );
    Ok(())
}

#[test]
fn a_node_whose_disk_was_wiped_follows_and_votes_again_when_it_is_safe() -> Result<()> {
    let world = World::start_with(&["--port", "0", "--heartbeat-ms", "1000"])?;
    let statement = world.devnet.sign("agency-gz-housing", &registers(0..20))?;
    world.devnet.submit(0, &statement)?;
    world.devnet.kill(3)?;
    let data = world.devnet.folder().join("node-3/data");
    ensure!(
        !data.join("founding").exists(),
        "the mark of a founding node outlived its first block"
    );
    std::fs::remove_dir_all(&data)?;
    world.devnet.restart(3)?;
    // Whatever it does first, it must not vote from an empty store.
    let log = world.devnet.folder().join("node-3/node.log");
    wait_for("the wiped node to say that it follows", || {
        let said = std::fs::read_to_string(&log)?;
        Ok(said.contains("its store is empty").then_some(()))
    })?;
    wait_for("the wiped node to vote again by itself", || {
        let health = world.devnet.health(3)?;
        Ok((health.votes && health.published_height.is_some()).then_some(()))
    })?;
    ensure!(!data.join("follower").exists());
    // With it and two others the network makes blocks: its votes count again.
    world.devnet.kill(0)?;
    let statement = world.devnet.sign("agency-gz-housing", &registers(20..40))?;
    let answer = world.devnet.submit(3, &statement)?;
    ensure!(answer
        .outcomes
        .iter()
        .all(|outcome| *outcome == OutcomeAnswer::Accepted));
    world.devnet.restart(0)?;
    world.devnet.wait_equal(&[0, 1, 2, 3])?;
    Ok(())
}

#[test]
fn what_was_published_is_served_again_right_after_a_start() -> Result<()> {
    let world = World::start()?;
    let statement = world.devnet.sign("agency-gz-housing", &registers(0..3))?;
    world.devnet.submit(0, &statement)?;
    for node in 0..4 {
        world.devnet.kill(node)?;
    }
    // One alone cannot make anything new final; what was final it proves all the same.
    world.devnet.restart(0)?;
    world.devnet.wait_published(0)?;
    let at = record_key(&world.devnet.network, &licence(1));
    let bytes = world.devnet.get(0, &path::record(&at, Beside::default()))?;
    let state = StatusCertificate::decode(&bytes)?.verify(&world.devnet.network)?;
    ensure!(state.record(&at)?.is_some());
    let answer = agent()
        .put(format!("{}/checkpoint", world.devnet.url(0)))
        .send_empty()?;
    ensure!(answer.status().as_u16() == 405);
    Ok(())
}

#[test]
fn an_idle_network_rests_between_heartbeats() -> Result<()> {
    let world = World::start_with(&["--port", "0", "--heartbeat-ms", "1500"])?;
    // The blocks of the start come one upon the other; counting begins when it is over.
    let started = world.devnet.health(0)?.height;
    let first = wait_for("the first heartbeat", || {
        let height = world.devnet.health(0)?.height;
        Ok((height >= started + 3).then_some(height))
    })?;
    let begun = std::time::Instant::now();
    wait_for("three heartbeats", || {
        Ok((world.devnet.health(0)?.height >= first + 3).then_some(()))
    })?;
    // Three blocks take two whole rests at least; unpaced, the engine makes dozens a second.
    ensure!(
        begun.elapsed().as_millis() > 2_000,
        "three blocks in {:?}",
        begun.elapsed()
    );
    Ok(())
}
