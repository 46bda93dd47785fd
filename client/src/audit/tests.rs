//! The command over folders and made-up nodes: what cannot be had is no finding, what is another network's
//! is one. Whole networks are followed in `tests/it/audit.rs`.

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::say::{Exit, Report};
use crate::testing::{serve, World};
use clap::Parser;
use std::path::PathBuf;

/// A folder with the network file of a world.
struct Desk {
    world: World,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            world: World::new(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        crate::disk::write(&PathBuf::from(self.path(name)), bytes).expect("written");
    }

    fn audit(&self, more: &[&str]) -> Result<Report, Failure> {
        let network = self.world.network_file(self.folder.path(), &[]);
        let network = network.display().to_string();
        let typed = ["hefu", "audit", "--lang", "en", "--network", &network];
        let cli = Cli::try_parse_from(typed.iter().chain(more)).expect("it can be typed");
        let Command::Audit(args) = &cli.command else {
            panic!("an audit was typed");
        };
        super::run(&cli.shared, args)
    }

    /// Audits what a node answers under each path.
    fn audit_node(&self, answer: impl Fn(&str) -> (u16, Vec<u8>) + Send + 'static) -> Report {
        let url = serve(answer);
        let memory = self.path("node.memory");
        let audited = self.audit(&["--from", &url, "--memory", &memory]);
        audited.expect("it can be told")
    }
}

#[test]
fn what_cannot_be_had_is_no_finding() {
    let desk = Desk::new();
    desk.write("mirror/v1/other", b"");
    let report = desk.audit(&["--from", &desk.path("mirror")]).expect("told");
    assert_eq!(report.exit, Exit::CouldNotTell);
    assert_eq!(report.json["result"], "could-not-tell");
    // Where nobody said, the memory is beside the network file.
    let memory = report.json["memory"].as_str().expect("a path");
    assert!(memory.starts_with(&desk.path("audit-")), "{memory}");
    let report = desk.audit_node(|_| (404, Vec::new()));
    assert_eq!(report.exit, Exit::CouldNotTell, "{}", report.text);
    let failure = desk.audit(&["--from", "nowhere"]).expect_err("neither");
    assert_eq!(failure.kind(), "usage");
    let failure = desk.audit(&[]).expect_err("no node in the file");
    assert_eq!(failure.kind(), "usage");
}

#[test]
fn another_network_is_a_finding() {
    let desk = Desk::new();
    let other = World::with(|genesis| genesis.heartbeat_ms += 1);
    let genesis = serde_json::to_vec(other.network.genesis()).expect("JSON");
    let report = desk.audit_node(move |path| match path {
        "/v1/genesis" => (200, genesis.clone()),
        _ => (404, Vec::new()),
    });
    assert_eq!(report.exit, Exit::No, "{}", report.text);
    assert_eq!(report.json["finding"]["name"], "other-network");
    let note = format!("{}\n0\nx\nstate x 0 0 0 0\n\n", other.network.origin());
    let report = desk.audit_node(move |path| match path {
        "/checkpoint" => (200, note.clone().into_bytes()),
        _ => (404, Vec::new()),
    });
    assert_eq!(report.json["finding"]["name"], "other-network");
    let report = desk.audit_node(|path| match path {
        "/checkpoint" => (200, b"<html>".to_vec()),
        _ => (404, Vec::new()),
    });
    assert_eq!(report.json["finding"]["name"], "checkpoint-without-quorum");
    assert!(report.text.contains("FINDING"), "{}", report.text);
}

#[test]
fn a_memory_that_is_none_is_refused() {
    let desk = Desk::new();
    desk.write("a.memory", b"something else");
    let memory = desk.path("a.memory");
    let failure = desk.audit(&["--from", "http://127.0.0.1:1", "--memory", &memory]);
    assert_eq!(failure.expect_err("it is none").kind(), "file");
}

#[test]
fn a_file_that_proves_nothing_is_told_as_that() {
    let desk = Desk::new();
    desk.write("proof", b"nothing");
    let report = desk
        .audit(&["--evidence", &desk.path("proof")])
        .expect("told");
    assert_eq!(report.exit, Exit::CouldNotTell);
    assert_eq!(report.json["equivocation"], false);
}
