//! The client as an agency runs it, killed in the middle of its work.

use crate::network::World;
use anyhow::{ensure, Context, Result};
use hefu_proof::Receipt;
use hefu_tests::network::wait_for;
use hefu_tests::programs;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

const DOCUMENTS: usize = 400;

fn make_licences(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for number in 0..DOCUMENTS {
        let licence = serde_json::json!({
            "hefu": "licence",
            "legal_issuer": "11520000MBHEFU0163",
            "number": format!("KILL-{number:04}"),
            "class": "test",
            "facts": { "holder": format!("holder {number}") },
        });
        std::fs::write(
            folder.join(format!("{number:04}.json")),
            licence.to_string(),
        )?;
    }
    Ok(())
}

fn receipts(folder: &Path) -> Result<Vec<Receipt>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut receipts = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "receipt")
        {
            receipts.push(Receipt::decode(&std::fs::read(&path)?)?);
        }
    }
    Ok(receipts)
}

#[test]
fn a_registration_that_is_killed_finishes_without_a_duplicate() -> Result<()> {
    let world = World::start()?;
    let work = tempfile::tempdir()?;
    let (documents, kept) = (work.path().join("licences"), work.path().join("receipts"));
    make_licences(&documents)?;
    let register = || -> Result<Command> {
        let mut command = Command::new(&programs()?.client);
        command
            .env("HEFU_MEMORY", "none")
            .args([
                "register",
                "--batch",
                "20",
                "--type",
                "licence",
                "--network",
            ])
            .arg(world.devnet.network_file())
            .arg("--key")
            .arg(world.devnet.key("agency-gz-housing"))
            .arg("--receipts")
            .arg(&kept)
            .arg(&documents)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    };
    // Killed three times, each time after it got further.
    for step in 1..=3 {
        let before = receipts(&kept)?.len();
        let mut child = register()?.spawn()?;
        wait_for("some more receipts", || {
            let done = child.try_wait()?.is_some();
            Ok((done || receipts(&kept)?.len() > before + 20 * step).then_some(()))
        })?;
        child.kill()?;
        child.wait()?;
    }
    ensure!(
        receipts(&kept)?.len() < DOCUMENTS,
        "it was never killed in the middle"
    );
    let output = register()?.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all = receipts(&kept)?;
    ensure!(all.len() == DOCUMENTS, "{} receipts\n{said}", all.len());
    let mut operations = BTreeSet::new();
    for receipt in &all {
        let verified = receipt.verify(&world.devnet.network)?;
        ensure!(verified.record().event_count == 1, "registered twice");
        ensure!(
            operations.insert(verified.operation_id()),
            "two receipts of one operation"
        );
    }
    // And the document that anybody holds is found by its bytes.
    let file = documents.join("0007.json");
    let (network, file) = (
        world.devnet.network_file(),
        file.to_str().context("a path")?.to_owned(),
    );
    let network = network.to_str().context("a path")?.to_owned();
    let output = world
        .devnet
        .client(&["verify", "--network", &network, &file])?;
    ensure!(
        output.status.code() == Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(())
}
