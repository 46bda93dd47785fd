//! Validators come and go by acts of the council while statements flow, and rules change by height.

use crate::faults::{nothing_is_lost_or_doubled, nothing_panicked, Load};
use crate::network::{registers, World};
use anyhow::{ensure, Context, Result};
use hefu_proof::checkpoint::LogSignature;
use hefu_proof::Receipt;
use hefu_tests::network::{wait_for, DEADLINE};
use hefu_tests::Devnet;
use hefu_types::block::MemberCosignature;
use hefu_types::operation::{ActivateRules, CouncilChange, SetValidators};
use hefu_types::suite::SecretKey;
use hefu_wire::file::KeyFile;
use hefu_wire::{OutcomeAnswer, StatementAnswer};
use std::time::{Duration, Instant};

/// Nobody is without an answer for longer than anything may take on a loaded machine: a network that
/// stood still would stand still for good.
const GAP_MAX: Duration = DEADLINE;

/// Lets the council do something, and waits until it is done.
fn council(devnet: &Devnet, node: usize, change: CouncilChange) -> Result<StatementAnswer> {
    let act = devnet.govern(vec![change])?;
    let answer = devnet.submit(node, &devnet.sign("agency-gz-housing", &[act])?)?;
    ensure!(answer.outcomes == [OutcomeAnswer::Accepted], "{answer:?}");
    Ok(answer)
}

/// One comes and one goes.
fn replace(devnet: &Devnet, leaves: usize, comes: usize) -> Result<()> {
    let name = devnet.config(leaves)?["name"].as_str().map(str::to_owned);
    let change = CouncilChange::SetValidators(SetValidators {
        remove: vec![name.context("a name")?],
        add: vec![devnet.validator_request(comes)?],
    });
    council(devnet, 0, change)?;
    Ok(())
}

fn wait_epoch(devnet: &Devnet, nodes: &[usize], epoch: u64) -> Result<()> {
    for node in nodes {
        wait_for(&format!("epoch {epoch} on node {node}"), || {
            Ok((devnet.health(*node)?.epoch == epoch).then_some(()))
        })?;
    }
    Ok(())
}

fn wait_votes(devnet: &Devnet, node: usize) -> Result<()> {
    wait_for(&format!("node {node} to vote by itself"), || {
        Ok(devnet.health(node)?.votes.then_some(()))
    })
}

/// A receipt of a licence of its own, registered at a node.
fn receipt(devnet: &Devnet, node: usize, number: u32) -> Result<(StatementAnswer, Receipt)> {
    let statement = devnet.sign("agency-gz-housing", &registers(number..number + 1))?;
    let answer = devnet.submit(node, &statement)?;
    let receipt = devnet.receipts(node, &answer, 1)?.pop();
    Ok((answer, receipt.context("a receipt")?))
}

/// The key of a role of a node.
fn secret(devnet: &Devnet, node: usize, role: &str) -> Result<SecretKey> {
    let path = devnet.node_folder(node).join(format!("keys/{role}.json"));
    let file: KeyFile = serde_json::from_slice(&std::fs::read(path)?)?;
    file.secret_key().context("a sound key file")
}

/// The same receipt under a later checkpoint that the members of the first set make up.
fn forged_by_first_set(devnet: &Devnet, receipt: &Receipt) -> Result<Receipt> {
    let mut forged = receipt.clone();
    let signed = &mut forged.certificate.checkpoint;
    signed.checkpoint.epoch = 0;
    signed.checkpoint.height += 1_000;
    let text = signed.checkpoint.text(devnet.network.origin());
    signed.log_signature = LogSignature {
        member: 0,
        signature: secret(devnet, 0, "log")?.sign_note(&text),
    };
    signed.cosignatures.clear();
    for member in [0, 1, 3] {
        signed.cosignatures.push(MemberCosignature {
            member: member as u16,
            seconds: 1,
            signature: secret(devnet, member, "checkpoint")?.cosign(&text, 1),
        });
    }
    Ok(forged)
}

/// What other people's verifiers are told after a change: the set in force, and one log through both.
fn for_others(devnet: &Devnet, before: &Receipt, after: &Receipt, left: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let forged = forged_by_first_set(devnet, after)?;
    for (name, receipt) in [("before", before), ("after", after), ("forged", &forged)] {
        std::fs::write(at(name), receipt.encode())?;
    }
    let network = devnet.network_file().display().to_string();
    let told = |words: &[&str], code: i32| -> Result<serde_json::Value> {
        let words = [&["--json"][..], words, &["--network", &network]].concat();
        let output = devnet.client(&words)?;
        let said = String::from_utf8_lossy(&output.stdout);
        let complains = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(code),
            "{words:?}: {said}{complains}"
        );
        Ok(serde_json::from_str(&said)?)
    };
    let policy = told(&["policy"], 0)?;
    let gone = &devnet.network.first_set().validators[left].name;
    let names = policy["validators"].to_string();
    ensure!(policy["epoch"] == 1 && !names.contains(gone), "{policy}");
    ensure!(names.contains("new.devnet.example"), "{policy}");
    for (one, another) in [("before", "after"), ("before", "latest")] {
        let another = if another == "latest" {
            another.to_owned()
        } else {
            at(another)
        };
        let grown = told(
            &["consistency", &at(one), &another, "--out", &at("growth")],
            0,
        )?;
        ensure!(
            grown["old"]["epoch"] == 0 && grown["new"]["epoch"] == 1,
            "{grown}"
        );
        told(&["consistency", "--check", &at("growth"), &at("before")], 0)?;
        // The later set is not in the file, and nobody is asked.
        told(
            &[
                "consistency",
                "--offline",
                "--check",
                &at("growth"),
                &at("before"),
            ],
            2,
        )?;
    }
    told(&["consistency", &at("forged"), "latest"], 2)?;
    // Of an early statement the validators of today have receipts; who left has none.
    let words = [
        "receipt",
        "export",
        "--cose",
        &at("out.cose"),
        &at("before"),
    ];
    let export = told(&words, 0)?;
    ensure!(export["signed"].as_u64() >= Some(3), "{export}");
    ensure!(
        export["tried"]
            .to_string()
            .contains("no validator of the published set"),
        "{export}"
    );
    Ok(())
}

/// Tells the longest time in which nobody was answered.
fn longest_gap(load: &Load) -> Duration {
    let mut times: Vec<Instant> = load.acknowledged().iter().map(|one| one.at).collect();
    times.sort_unstable();
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or_default()
}

#[test]
fn a_validator_is_replaced_under_load_and_nothing_is_lost() -> Result<()> {
    let mut world = World::start()?;
    let comes = world.devnet.add_node("new.devnet.example", "zhejiang")?;
    let (devnet, leaves) = (&world.devnet, 3);
    let (early, before) = receipt(devnet, 0, 800_000)?;
    ensure!(before.certificate.handovers.is_empty());
    // Nobody lets it in before the council has added it.
    devnet.restart(comes)?;
    wait_for("the newcomer to answer", || Ok(Some(devnet.health(comes)?)))?;

    let load = Load::default();
    load.during(devnet, || {
        load.wait_more(10)?;
        let stranger = devnet.health(comes)?;
        // The engine may answer its first questions for blocks before it knows whose they are.
        ensure!(stranger.peers == 0 && !stranger.votes, "{stranger:?}");
        let since = Instant::now();
        replace(devnet, leaves, comes)?;
        wait_epoch(devnet, &[0, 1, 2, leaves], 1)?;
        println!("the next set was in force after {:.1?}", since.elapsed());
        wait_epoch(devnet, &[comes], 1)?;
        wait_votes(devnet, comes)?;
        println!("the newcomer voted after {:.1?}", since.elapsed());
        ensure!(!devnet.health(leaves)?.votes, "who left still votes");
        load.wait_more(10)?;
        // Three of the four in the set: without the newcomer's vote there is no quorum.
        devnet.kill(2)?;
        load.wait_more(10)?;
        devnet.restart(2)?;
        devnet.wait_published(2)?;
        load.wait_more(5)
    })?;
    let gap = longest_gap(&load);
    println!("the longest time without an answer was {gap:.1?}");
    ensure!(gap < GAP_MAX, "nobody was answered for {gap:.1?}");
    // Who left follows on.
    let all = [0, 1, 2, leaves, comes];
    nothing_is_lost_or_doubled(devnet, &all, &load.acknowledged())?;

    // What was proven before holds on, and what is proven now follows from genesis alone.
    before.verify(&devnet.network)?;
    let again = devnet.receipts(comes, &early, 1)?.pop();
    let again = again.context("a receipt of before the change")?;
    let (_, after) = receipt(devnet, comes, 800_001)?;
    for receipt in [&again, &after] {
        ensure!(receipt.certificate.handovers.len() == 1);
        ensure!(receipt.certificate.checkpoint.checkpoint.epoch == 1);
        receipt.verify(&devnet.network)?;
        let mut alone = receipt.clone();
        alone.certificate.handovers.clear();
        ensure!(
            alone.verify(&devnet.network).is_err(),
            "no chain leads to its set"
        );
        let forged = forged_by_first_set(devnet, receipt)?;
        ensure!(
            forged.verify(&devnet.network).is_err(),
            "the set is retired"
        );
    }
    for_others(devnet, &before, &after, leaves)?;
    let of_others: Vec<_> = (all.iter())
        .map(|node| {
            let receipt = devnet.receipts(*node, &early, 1)?.pop();
            receipt.context("a receipt")
        })
        .map(|receipt: Result<Receipt>| Ok(receipt?.certificate.handovers))
        .collect::<Result<_>>()?;
    ensure!(
        of_others
            .iter()
            .all(|chain| *chain == again.certificate.handovers),
        "nodes make different handovers of one block"
    );

    // Who left goes for good, all others at once, and they go on as what they are.
    devnet.stop(leaves)?;
    let stay = [0, 1, 2, comes];
    devnet.kill_at_once(&stay)?;
    stay.iter().try_for_each(|node| devnet.restart(*node))?;
    for node in stay {
        devnet.wait_published(node)?;
        ensure!(devnet.health(node)?.votes, "node {node} follows");
    }
    let (_, later) = receipt(devnet, 1, 800_002)?;
    ensure!(later.certificate.handovers == again.certificate.handovers);
    later.verify(&devnet.network)?;

    // An empty node syncs through the change, from block 1.
    devnet.stop(1)?;
    std::fs::remove_dir_all(devnet.data(1))?;
    devnet.restart(1)?;
    wait_votes(devnet, 1)?;
    devnet.wait_equal(&stay)?;
    // What this program executes today is what was executed then.
    for node in [leaves, comes] {
        let _ = devnet.stop(node);
        let replayed = devnet.command(node, &["replay"])?;
        let said = String::from_utf8_lossy(&replayed.stdout);
        let failed = String::from_utf8_lossy(&replayed.stderr);
        ensure!(replayed.status.success(), "replay: {said} {failed}");
        ensure!(said.contains("epochs      0, 1"), "{said}");
    }
    for node in all {
        nothing_panicked(&devnet.log(node)?)?;
    }
    Ok(())
}

#[test]
fn sets_follow_each_other_and_who_leaves_may_stop_at_once() -> Result<()> {
    let mut world = World::start()?;
    let first = world.devnet.add_node("new.devnet.example", "zhejiang")?;
    let second = world.devnet.add_node("newer.devnet.example", "guangdong")?;
    let devnet = &world.devnet;
    let (_, before) = receipt(devnet, 0, 800_000)?;
    // One operator lets the first newcomer sync before the council decides.
    let peer = std::fs::read(devnet.node_folder(first).join("peer.json"))?;
    let peer: serde_json::Value = serde_json::from_slice(&peer)?;
    devnet.stop(0)?;
    devnet.configure(0, |config| {
        let peers = config["peers"].as_array_mut().context("its peers")?;
        peers.push(peer);
        Ok(())
    })?;
    devnet.restart(0)?;
    devnet.wait_published(0)?;
    devnet.restart(first)?;
    devnet.restart(second)?;
    devnet.wait_equal(&[0, 1, 2, 3, first])?;
    let stranger = devnet.health(second)?;
    ensure!((stranger.height, stranger.peers) == (0, 0), "{stranger:?}");
    let load = Load::default();
    load.during(devnet, || {
        load.wait_more(5)?;
        replace(devnet, 3, first)?;
        // At once, whatever is in force by then.
        devnet.kill(3)?;
        wait_epoch(devnet, &[0, 1, 2, first], 1)?;
        wait_votes(devnet, first)?;
        load.wait_more(5)?;
        // One restarts while the next set waits or has just come into force.
        replace(devnet, 2, second)?;
        devnet.kill(1)?;
        devnet.restart(1)?;
        devnet.stop(2)?;
        wait_epoch(devnet, &[0, 1, first, second], 2)?;
        wait_votes(devnet, second)?;
        wait_votes(devnet, 1)?;
        load.wait_more(10)
    })?;
    let gap = longest_gap(&load);
    println!("the longest time without an answer was {gap:.1?}");
    let now = [0, 1, first, second];
    nothing_is_lost_or_doubled(devnet, &now, &load.acknowledged())?;
    before.verify(&devnet.network)?;
    let (_, after) = receipt(devnet, second, 800_001)?;
    ensure!(after.certificate.handovers.len() == 2);
    after.verify(&devnet.network)?;
    let mut half = after.clone();
    half.certificate.handovers.pop();
    ensure!(half.verify(&devnet.network).is_err());
    // Who left comes back as a follower, far behind, and syncs through both changes.
    devnet.restart(3)?;
    wait_epoch(devnet, &[3], 2)?;
    devnet.wait_equal(&[0, 1, 3, first, second])?;
    ensure!(!devnet.health(3)?.votes);
    for node in [0, 1, 2, 3, first, second] {
        nothing_panicked(&devnet.log(node)?)?;
    }
    Ok(())
}

#[test]
fn a_node_without_the_next_rules_stops_before_them_and_goes_on_with_a_newer_program() -> Result<()>
{
    let world = World::start_with(&["--port", "0", "--rules-version", "1"])?;
    let (devnet, old) = (&world.devnet, 3);
    devnet.stop(old)?;
    devnet.configure(old, |config| {
        config["rules_version_max"] = 1.into();
        Ok(())
    })?;
    devnet.restart(old)?;
    wait_votes(devnet, old)?;
    let load = Load::default();
    load.during(devnet, || {
        load.wait_more(5)?;
        let height = devnet.health(0)?.height + 30;
        council(
            devnet,
            0,
            CouncilChange::ActivateRules(ActivateRules { version: 2, height }),
        )?;
        // The others go on under the new rules; this one ends before it would vote on them.
        let ended = devnet.wait_ended(old)?.context("it was started here")?;
        ensure!(ended.code() == Some(3), "{ended}");
        let said = devnet.log(old)?;
        let sentence =
            format!("stopped before height {height}: from there on version 2 of the rules");
        ensure!(said.contains(&sentence), "{said}");
        load.wait_more(10)?;
        // Started again it says the same, and nothing else happens.
        devnet.restart(old)?;
        let ended = devnet.wait_ended(old)?.context("it was started here")?;
        ensure!(ended.code() == Some(3), "{ended}");
        // A newer program: it goes on where it stopped, and votes.
        devnet.configure(old, |config| {
            let config = config.as_object_mut().context("an object")?;
            config.remove("rules_version_max");
            Ok(())
        })?;
        devnet.restart(old)?;
        wait_votes(devnet, old)?;
        load.wait_more(5)
    })?;
    let all = [0, 1, 2, 3];
    nothing_is_lost_or_doubled(devnet, &all, &load.acknowledged())?;
    devnet.stop(old)?;
    let replayed = devnet.command(old, &["replay"])?;
    let said = String::from_utf8_lossy(&replayed.stdout);
    let failed = String::from_utf8_lossy(&replayed.stderr);
    ensure!(replayed.status.success(), "replay: {said} {failed}");
    ensure!(said.contains("rules       1, 2"), "{said}");
    Ok(())
}
