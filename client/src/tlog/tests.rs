//! Nodes that serve tiles of another log, and a network that signed two histories.

use crate::cli::Cli;
use crate::failure::Failure;
use crate::say::{Exit, Report};
use crate::testing::{sample, serve, Live, World, SUITE};
use clap::Parser;
use hefu_proof::checkpoint::Checkpoint;
use hefu_types::{merkle, Hash, Millis, TreeSize};
use std::path::Path;

const SIZE: u64 = 5;

fn leaves(log: u8) -> Vec<Hash> {
    let entry = |index: u64| SUITE.log_leaf(&[log, index as u8]);
    (0..SIZE).map(entry).collect()
}

/// The checkpoint of the first entries of a log.
fn checkpoint(log: u8, size: u64) -> Checkpoint {
    Checkpoint {
        size: TreeSize(size),
        log_root: merkle::root_of_hashes(SUITE, &leaves(log)[..size as usize]),
        state_root: Hash([3; 32]),
        height: size,
        time: Millis(size * 1_000),
        epoch: 0,
        compromise_counter: 0,
    }
}

/// A node that serves the tiles of a log, and proves who the validators are.
fn node(log: u8) -> String {
    let world = World::new();
    serve(move |path| {
        if let Some(key) = path.strip_prefix("/v1/leaf/") {
            let at = key.parse().expect("a key");
            return (200, world.certificate(&[at], crate::now()).encode());
        }
        match path {
            "/tile/0/000.p/5" => (200, leaves(log).iter().flat_map(|hash| hash.0).collect()),
            "/tile/entries/000.p/5" => {
                let entry = |index| [0, 2, log, index];
                (200, (0..SIZE as u8).flat_map(entry).collect())
            }
            _ => (404, Vec::new()),
        }
    })
}

fn note(world: &World, checkpoint: Checkpoint) -> String {
    let note = world
        .signed(checkpoint)
        .note(world.network.origin(), &world.network.first_set());
    note.expect("its member is in the set")
}

fn run(folder: &Path, nodes: &[&str], typed: &str) -> Result<Report, Failure> {
    let world = World::new();
    let network = world.network_file(folder, nodes).display().to_string();
    let named = |word: &str| match word.strip_prefix('@') {
        Some(name) => folder.join(name).display().to_string(),
        None => word.to_owned(),
    };
    let words = ["hefu"].into_iter().chain(typed.split_whitespace());
    let more = ["--network", &network, "--timeout", "2s", "--lang", "en"];
    let words: Vec<String> = words.chain(more).map(named).collect();
    crate::run(&Cli::try_parse_from(&words).expect("it can be typed"))
}

#[test]
fn tiles_count_only_where_they_lead_to_the_signed_root() {
    let world = World::new();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let write =
        |name: &str, text: String| std::fs::write(folder.join(name), text).expect("written");
    write("old", note(&world, checkpoint(1, 3)));
    write("new", note(&world, checkpoint(1, 5)));
    write("forked", note(&world, checkpoint(2, 3)));
    let (honest, lying) = (node(1), node(2));
    let asked = |nodes: &[&str], typed: &str| run(folder, nodes, typed).expect("told");

    let told = asked(&[&lying, &honest], "consistency @old @new --out @growth");
    assert_eq!(told.exit, Exit::Yes, "{}", told.text);
    let warned = told.json["warnings"].to_string();
    assert!(
        warned.contains(&lying) && !warned.contains(&honest),
        "{warned}"
    );
    // Nobody to ask but one that lies: nothing is told, neither yes nor no.
    let told = asked(&[&lying], "consistency @old @new --out @none");
    assert_eq!(told.exit, Exit::CouldNotTell, "{}", told.text);
    assert!(!folder.join("none").exists());
    // The hashes are those of the later root, and the earlier one is not among them: two histories.
    let told = asked(&[&honest], "consistency @forked @new");
    assert_eq!(told.exit, Exit::No, "{}", told.text);
    // In either order.
    assert_eq!(asked(&[&honest], "consistency @new @old").exit, Exit::Yes);

    let offline = |old: &str| {
        asked(
            &[],
            &format!("consistency --offline --check @growth @{old}"),
        )
    };
    assert_eq!(offline("old").exit, Exit::Yes);
    assert_eq!(offline("forked").exit, Exit::No);
    assert_eq!(offline("new").exit, Exit::CouldNotTell);
    let empty = Checkpoint {
        log_root: SUITE.log_empty(),
        ..checkpoint(1, 0)
    };
    write("empty", note(&world, empty));
    assert_eq!(asked(&[&lying], "consistency @empty @new").exit, Exit::Yes);
}

#[test]
fn an_entry_of_another_log_is_not_taken_for_the_one_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    // The certificate of the node is of a log of one entry, which it does not have.
    let failed = run(folder.path(), &[&node(2)], "proof --entry 0 --out @x").expect_err("lies");
    assert_eq!(failed.kind(), "unreachable");
    let outside = run(folder.path(), &[&node(1)], "proof --entry 1 --out @x");
    assert_eq!(outside.expect_err("outside").kind(), "usage");
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_receipt_becomes_a_proof_without_a_connection() {
    let mut world = World::new();
    let receipt = world.register("invoice", &sample("invoices/ubl-guangzhou-1017.xml"));
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("r"), receipt.encode()).expect("written");
    let asked = |typed: &str| run(folder, &[], typed).expect("told").exit;
    let made = "proof --receipt @r --out @p --save-entry @e";
    assert_eq!(asked(made), Exit::Yes);
    assert_eq!(asked("proof --check @p --receipt @r --offline"), Exit::Yes);
    assert_eq!(asked("proof --check @p --entry-bytes @e"), Exit::Yes);
    assert_eq!(asked("proof --check @p --entry-bytes @r"), Exit::No);
    let entry = std::fs::read(folder.join("e")).expect("written");
    assert_eq!(entry, receipt.operation.cose.to_vec());
}

#[test]
fn two_signed_histories_are_told_and_no_receipt_in_cose_is_none() {
    let mut world = World::new();
    let file = sample("invoices/ubl-guangzhou-1017.xml");
    let receipt = world.register("invoice", &file);
    let live = Live::start(world, std::slice::from_ref(&receipt), |_, _, _| Ok(()));
    live.write("r", &receipt.encode());
    live.write("1017.xml", &file);
    let grew = live.run("consistency @r latest").expect("told");
    assert_eq!(grew.exit, Exit::Yes, "{}", grew.text);
    // Its one validator begins another log.
    live.node().world.forget();
    let told = live.run("consistency @r latest").expect("told");
    assert_eq!(told.exit, Exit::No, "{}", told.text);
    assert_eq!(told.json["result"], "no");
    let same = live.run("consistency @r @r").expect("told");
    assert_eq!(same.exit, Exit::Yes, "{}", same.text);

    let policy = live.run("policy").expect("told");
    assert!(policy.text.ends_with("quorum quorum-of-validators\n"));
    assert_eq!(
        live.run("policy --offline").expect("told").text,
        policy.text
    );
    let of_file = live.run("proof @1017.xml --out @p").expect("told");
    assert_eq!(of_file.exit, Exit::Yes, "{}", of_file.text);

    let export = live.run("receipt export --cose @out @r").expect("told");
    assert_eq!(export.exit, Exit::CouldNotTell, "{}", export.text);
    assert_eq!(export.json["signed"], 0);
    assert!(!live.path("out").exists());
}
