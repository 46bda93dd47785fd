//! Statements and receipts as other people's programs read them in COSE: `scitt-cose`, from PyPI.

use crate::network::World;
use anyhow::{bail, ensure, Context, Result};
use hefu_proof::cose_receipt::{CoseReceipt, TransparentStatement};
use hefu_proof::Receipt;
use hefu_types::EntryIndex;
use hefu_wire::{path, Problem};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program said, if it ended with this code.
fn said(output: &std::process::Output, code: i32) -> Result<String> {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complains = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(code),
        "{}: {said}{complains}",
        output.status
    );
    Ok(said)
}

/// The interpreter with the packages of `tests/python/requirements.txt`.
fn python() -> Result<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/venv.sh");
    let path = said(&Command::new(script).output()?, 0)?;
    Ok(PathBuf::from(path.trim()))
}

/// Exports one receipt and tells what the client says of it, as JSON.
fn export(world: &World, receipt: &Path, out: &Path, keys: &Path, code: i32) -> Result<Value> {
    let network = world.devnet.network_file();
    let words = [&network, out, keys, receipt].map(|path| path.to_str().context("a path"));
    let [network, out, keys, receipt] = words;
    let (network, out, keys, receipt) = (network?, out?, keys?, receipt?);
    let words = [
        "--json",
        "receipt",
        "export",
        "--network",
        network,
        "--cose",
        out,
        "--keys",
        keys,
        receipt,
    ];
    let output = world.devnet.client(&words)?;
    Ok(serde_json::from_str(&said(&output, code)?)?)
}

#[test]
fn scitt_cose_verifies_the_statement_and_the_receipt_of_every_validator() -> Result<()> {
    let world = World::start()?;
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let network = world.devnet.network_file();
    let mut receipts = Vec::new();
    for (key, kind, file) in [
        (
            "agency-gd-tax",
            "invoice",
            "invoices/ubl-guangzhou-1017.xml",
        ),
        (
            "agency-gz-housing",
            "licence",
            "licences/guizhou-qualification-0001.json",
        ),
    ] {
        let mut command = Command::new(&hefu_tests::programs()?.client);
        command
            .args(["register", "--type", kind, "--network"])
            .arg(&network);
        command.arg("--key").arg(world.devnet.key(key));
        command.arg("--receipts").arg(folder.path());
        said(&command.arg(samples.join(file)).output()?, 0)?;
        let name = Path::new(file).file_name().context("a file")?;
        receipts.push(at(&format!("{}.receipt", name.to_string_lossy())));
    }

    let told = export(&world, &receipts[0], &at("one.cose"), &at("keys.json"), 0)?;
    let set = world.devnet.network.first_set();
    ensure!(
        told["signed"] == 4 && told["quorum"] == set.quorum(),
        "{told}"
    );
    ensure!(
        told["validators"]
            .as_array()
            .is_some_and(|all| all.iter().all(|of| of["signed"] == true)),
        "{told}"
    );
    export(
        &world,
        &receipts[1],
        &at("other.cose"),
        &at("other.json"),
        0,
    )?;
    export(&world, &receipts[0], &at("again.cose"), &at("keys.cbor"), 0)?;

    // What was written is the statement of the receipt, as it is in the log, with its receipts.
    let receipt = Receipt::decode(&std::fs::read(&receipts[0])?)?;
    let written = TransparentStatement::decode(&std::fs::read(at("one.cose"))?)?;
    ensure!(written.entry() == receipt.operation.cose.to_vec());
    ensure!(written.receipts.len() == 4);

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/scitt.py");
    let mut python = Command::new(python()?);
    python.arg(script).args([at("one.cose"), at("keys.json")]);
    python.args([at("keys.cbor"), at("other.cose")]);
    let verified: Value = serde_json::from_str(&said(&python.output()?, 0)?)?;
    let names: BTreeSet<&str> = set.validators.iter().map(|v| v.name.as_str()).collect();
    let of: Option<BTreeSet<&str>> = verified["validators"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect());
    ensure!(of.as_ref() == Some(&names), "{verified}");
    ensure!(verified["issuer"] == "gd-tax", "{verified}");
    // Of each receipt: root, path, index, signature, header, key, statement.
    ensure!(verified["refused"].as_u64() > Some(4 * 20), "{verified}");

    // Keys that were mixed up: the other statement under this one's keys is refused as a whole.
    let mut mixed = Command::new(python.get_program());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/scitt.py");
    mixed.arg(script).args([at("other.cose"), at("keys.json")]);
    mixed.args([at("keys.cbor"), at("one.cose")]);
    said(&mixed.output()?, 1)?;
    Ok(())
}

#[test]
fn a_validator_signs_for_what_it_has_published_and_fewer_than_a_quorum_are_told() -> Result<()> {
    let world = World::start()?;
    let statement = world
        .devnet
        .sign("agency-gz-housing", &crate::network::registers(0..1))?;
    let answer = world.devnet.submit(0, &statement)?;
    let receipt = world.devnet.receipts(0, &answer, 1)?.remove(0);
    let set = world.devnet.network.first_set();
    let entry = receipt.operation.entry_index;
    let network = &world.devnet.network;

    // Each speaks for itself, for every entry, and no two for each other.
    let mut members = BTreeSet::new();
    for node in 0..4 {
        let bytes = hefu_tests::network::wait_for("the entry on all nodes", || {
            Ok(world.devnet.get(node, &path::entry_cose(entry)).ok())
        })?;
        let read = CoseReceipt::decode(&bytes)?;
        let verified = read.verify(network, &set, &receipt.operation.cose)?;
        ensure!(verified.index == entry);
        members.insert(verified.member);
        let first = world.devnet.get(node, &path::entry_cose(EntryIndex(0)))?;
        let first = CoseReceipt::decode(&first)?;
        let holds = first.verify(network, &set, &receipt.operation.cose);
        ensure!(holds.is_err(), "the receipt of another entry holds");
    }
    ensure!(members.len() == 4, "{members:?}");

    // What is not there is said to be so.
    let url = format!("{}/v1/entries/1000000/cose", world.devnet.url(0));
    let mut answer = hefu_tests::network::agent().get(url).call()?;
    ensure!(answer.status() == 404);
    let problem: Problem = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    ensure!(problem
        .detail
        .is_some_and(|why| why.contains("does not reach")));

    // With two of four dead the export says who did not sign, writes the rest, and could not tell.
    let folder = tempfile::tempdir()?;
    let (file, out) = (folder.path().join("r"), folder.path().join("out.cose"));
    std::fs::write(&file, receipt.encode())?;
    world.devnet.kill_at_once(&[2, 3])?;
    let told = export(&world, &file, &out, &folder.path().join("keys.json"), 2)?;
    ensure!(told["signed"] == 2, "{told}");
    let Some(validators) = told["validators"].as_array() else {
        bail!("{told}");
    };
    let silent = validators.iter().filter(|of| of["signed"] == false).count();
    ensure!(silent == 2, "{told}");
    let written = TransparentStatement::decode(&std::fs::read(&out)?)?;
    ensure!(written.receipts.len() == 2);
    Ok(())
}
