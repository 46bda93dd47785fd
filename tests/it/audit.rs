//! An auditor follows a real network across a change of rules and validators, resumes, reads a mirror, and
//! finds what was altered; and catches its validators when they begin it anew.

use crate::network::{registers, World};
use anyhow::{ensure, Context, Result};
use hefu_tests::history::{alter, begin_anew, copy, Altered};
use hefu_tests::network::wait_for;
use hefu_tests::{programs, Devnet};
use hefu_types::operation::{ActivateRules, CouncilChange, SetValidators};
use hefu_wire::OutcomeAnswer;
use serde_json::Value;
use std::path::{Path, PathBuf};

struct Auditor<'a> {
    devnet: &'a Devnet,
    folder: PathBuf,
}

impl Auditor<'_> {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Audits, and tells the exit code and what it says to programs.
    fn audit(&self, more: &[&str]) -> Result<(i32, Value)> {
        let network = self.devnet.network_file().display().to_string();
        let audit = ["audit", "--json", "--network", &network];
        let output = self.devnet.client(&[&audit[..], more].concat())?;
        let failed = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = serde_json::from_slice(&output.stdout).context(failed)?;
        Ok((output.status.code().context("it ended")?, told))
    }

    /// Audits a copy of the mirror that was altered: what is found, with a memory of its own.
    fn altered(&self, name: &str, change: impl FnOnce(&Path) -> Result<()>) -> Result<String> {
        let mirror = self.folder.join(name);
        copy(&self.folder.join("mirror"), &mirror)?;
        change(&mirror)?;
        let memory = self.path(&format!("{name}.memory"));
        let (exit, told) = self.audit(&["--from", &self.path(name), "--memory", &memory])?;
        ensure!(exit == 1, "{name}: {exit} {told}");
        Ok(told["finding"]["name"]
            .as_str()
            .context("a name")?
            .to_owned())
    }
}

fn council(devnet: &Devnet, change: CouncilChange) -> Result<()> {
    let act = devnet.govern(vec![change])?;
    let answer = devnet.submit(0, &devnet.sign("agency-gz-housing", &[act])?)?;
    ensure!(answer.outcomes == [OutcomeAnswer::Accepted], "{answer:?}");
    Ok(())
}

fn flip(path: &Path) -> Result<()> {
    let mut bytes = std::fs::read(path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(std::fs::write(path, bytes)?)
}

#[test]
fn a_network_is_followed_from_outside_and_what_is_altered_is_found() -> Result<()> {
    let mut world = World::start_with(&["--port", "0", "--rules-version", "1"])?;
    let comes = world.devnet.add_node("new.devnet.example", "zhejiang")?;
    // More than one tile of the log.
    world.fill_log(300)?;
    let devnet = &world.devnet;
    let height = devnet.health(0)?.height + 5;
    let rules = ActivateRules { version: 2, height };
    council(devnet, CouncilChange::ActivateRules(rules))?;
    devnet.restart(comes)?;
    let leaves = devnet.config(3)?["name"].as_str().map(str::to_owned);
    let change = SetValidators {
        remove: vec![leaves.context("a name")?],
        add: vec![devnet.validator_request(comes)?],
    };
    council(devnet, CouncilChange::SetValidators(change))?;
    wait_for("the next set", || {
        Ok((devnet.health(0)?.epoch == 1).then_some(()))
    })?;
    wait_for("version 2 of the rules", || {
        Ok((devnet.health(0)?.rules.version == 2).then_some(()))
    })?;
    // Some of it is refused.
    let again = devnet.sign("agency-gz-housing", &registers(299..303))?;
    devnet.submit(0, &again)?;

    let folder = tempfile::tempdir()?;
    let auditor = Auditor {
        devnet,
        folder: folder.path().to_owned(),
    };
    let (memory, mirror) = (auditor.path("memory"), auditor.path("mirror"));
    let follows = [
        "--from",
        devnet.url(0),
        "--memory",
        &memory,
        "--mirror",
        &mirror,
    ];
    let (exit, told) = auditor.audit(&[&follows[..], &["--blocks", "3"]].concat())?;
    ensure!(
        (exit, &told["result"]) == (2, &"stopped".into()),
        "{exit} {told}"
    );
    ensure!(told["height"] == 3 && told["resumed"] == false, "{told}");
    let (exit, told) = auditor.audit(&follows)?;
    println!("{told:#}");
    ensure!(
        (exit, &told["result"]) == (0, &"no-finding".into()),
        "{exit} {told}"
    );
    ensure!(
        told["height_before"] == 3 && told["resumed"] == true,
        "{told}"
    );
    ensure!(told["epochs"] == serde_json::json!([0, 1]), "{told}");
    ensure!(told["rules"] == serde_json::json!([1, 2]), "{told}");
    ensure!(told["refused"] == 2, "{told}");

    // All nodes of the network are compared, and one that does not answer is no finding.
    let nobody = ["--memory", &memory, "--from", "http://127.0.0.1:1"];
    let (exit, told) = auditor.audit(&nobody)?;
    ensure!(
        (exit, &told["result"]) == (2, &"could-not-tell".into()),
        "{exit} {told}"
    );
    let some = [
        &nobody[..],
        &["--from", devnet.url(1), "--from", devnet.url(2)],
    ]
    .concat();
    let (exit, told) = auditor.audit(&some)?;
    ensure!(
        exit == 0 && told["unavailable"][0].is_string(),
        "{exit} {told}"
    );

    // The mirror is enough for somebody else.
    let other = auditor.path("other.memory");
    let (exit, told) = auditor.audit(&["--from", &mirror, "--memory", &other])?;
    ensure!(
        exit == 0 && told["statements"].as_u64() > Some(300),
        "{exit} {told}"
    );
    flip(Path::new(&other))?;
    let network = devnet.network_file().display().to_string();
    let damaged = [
        "audit",
        "--network",
        &network,
        "--from",
        &mirror,
        "--memory",
        &other,
    ];
    let output = devnet.client(&damaged)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        output.status.code() == Some(2) && said.contains("damaged"),
        "{said}"
    );

    let agency = devnet.secret("agency-gz-housing")?;
    let alter = |how| {
        let (agency, network) = (&agency, &devnet.network);
        move |mirror: &Path| alter(mirror, network, agency, how).map(drop)
    };
    let found = auditor.altered("operation", alter(Altered::Operation))?;
    ensure!(found == "operations-not-of-statement", "{found}");
    let found = auditor.altered("entry", alter(Altered::Entry))?;
    ensure!(found == "entry-not-of-log", "{found}");
    let found = auditor.altered("tiles", alter(Altered::Tiles))?;
    ensure!(found == "log-inconsistent", "{found}");
    let found = auditor.altered("header", |mirror| flip(&mirror.join("v1/blocks/2")))?;
    ensure!(found == "header-not-of-block", "{found}");
    let found = auditor.altered("note", |mirror| {
        let path = mirror.join("checkpoint");
        let note = std::fs::read_to_string(&path)?;
        let lines: Vec<&str> = note.lines().collect();
        Ok(std::fs::write(
            path,
            lines[..lines.len() - 1].join("\n") + "\n",
        )?)
    })?;
    ensure!(found == "checkpoint-without-quorum", "{found}");

    // The validators begin it anew. Whoever looks for the first time cannot know; whoever remembers does.
    let second = begin_anew(devnet, &programs()?, &folder.path().join("second"))?;
    let statement = second.sign("agency-gz-housing", &registers(900..902))?;
    second.submit(0, &statement)?;
    let fresh = [
        "--from",
        second.url(0),
        "--memory",
        &auditor.path("fresh.memory"),
    ];
    let (exit, told) = auditor.audit(&fresh)?;
    ensure!(exit == 0, "{exit} {told}");
    let proofs = auditor.path("proofs");
    let follows = [
        "--from",
        second.url(0),
        "--memory",
        &memory,
        "--proofs",
        &proofs,
    ];
    let (exit, told) = auditor.audit(&follows)?;
    println!("{:#}", told["finding"]);
    ensure!(
        (exit, &told["finding"]["name"]) == (1, &"equivocation".into()),
        "{exit} {told}"
    );
    let proof = told["finding"]["proof"]
        .as_str()
        .context("a file")?
        .to_owned();
    let (exit, told) = auditor.audit(&["--evidence", &proof])?;
    ensure!(exit == 1 && told["equivocation"] == true, "{exit} {told}");
    ensure!(
        told["signed_both"]
            .as_array()
            .is_some_and(|of| !of.is_empty()),
        "{told}"
    );
    flip(Path::new(&proof))?;
    let (exit, told) = auditor.audit(&["--evidence", &proof])?;
    ensure!(exit == 2 && told["equivocation"] == false, "{exit} {told}");
    Ok(())
}
