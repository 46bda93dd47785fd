use super::*;
use crate::cli::{Cli, Command};
use crate::testing::{sample, serve_posts, World};
use clap::Parser;
use hefu_types::canonical;
use hefu_types::record::State as Stood;
use hefu_wire::{path as paths, Problem};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

/// A payer with the receipt of one invoice, and a node that proves what the world holds.
struct Desk {
    folder: tempfile::TempDir,
    world: Arc<Mutex<World>>,
    key: StateKey,
    /// The block time of the checkpoint: it moves with the world.
    time: Arc<AtomicU64>,
}

impl Desk {
    fn new() -> Self {
        let mut world = World::new();
        let receipt = world.register("invoice", &sample(UBL));
        let key = receipt
            .verify(&world.network)
            .expect("it holds")
            .record_key();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("paid/1017.receipt");
        disk::write(&path, &receipt.encode()).expect("written");
        // The receipt's checkpoint is the one before.
        world.change(&key, |_| {});
        let time = Arc::new(AtomicU64::new(crate::now().0));
        let at = Arc::clone(&time);
        let world = Arc::new(Mutex::new(world));
        let node = Arc::clone(&world);
        let url = serve_posts(move |path, body| {
            let world = node.lock().expect("no test panicked with it");
            if path == paths::RECORDS {
                let keys: Vec<StateKey> = canonical::decode(body, 1 << 20).expect("keys");
                return (
                    200,
                    world
                        .certificate(&keys, Millis(at.load(Ordering::Relaxed)))
                        .encode(),
                );
            }
            let problem = Problem::new(404, Code::NotFound, None);
            (404, serde_json::to_vec(&problem).expect("plain JSON"))
        });
        let desk = Self {
            folder,
            world,
            key,
            time,
        };
        desk.world().network_file(desk.folder.path(), &[&url]);
        desk
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test panicked with it")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    fn watch(&self, more: &[&str]) -> Result<Report, Failure> {
        let network = self.path("network.json");
        let words = [
            "hefu",
            "--lang",
            "en",
            "--timeout",
            "2s",
            "watch",
            "--network",
            &network,
        ];
        let cli = Cli::try_parse_from(words.iter().chain(more)).expect("it can be typed");
        let Command::Watch(args) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, args)
    }

    /// The seller reverses a part of it.
    fn reverse(&self) {
        let key = self.key;
        self.time.fetch_add(1_000, Ordering::Relaxed);
        self.world().change(&key, |record| {
            record.status.state = Stood::PartlyReversed;
            record.status.reason = Some("return".to_owned());
            record.event_count += 1;
        });
    }
}

#[test]
fn a_reversal_of_what_was_paid_is_told_once() {
    let desk = Desk::new();
    let (paid, state) = (desk.path("paid"), desk.path("watch.json"));
    let list = ["--state", &state, &paid];
    let report = desk.watch(&list).expect("it answers");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    desk.reverse();
    let saved = desk.path("changed");
    let report = desk
        .watch(&[&list[..], &["--save", &saved]].concat())
        .expect("it answers");
    assert_eq!(report.exit, Exit::No, "{}", report.text);
    assert!(
        report.text.contains("issued -> partly-reversed"),
        "{}",
        report.text
    );
    let proof = std::fs::read(format!("{saved}/{}.cert", desk.key)).expect("the proof is kept");
    let proof = StatusCertificate::decode(&proof).expect("a certificate");
    let proven = proof.verify(&desk.world().network).expect("it holds");
    let record = proven.record(&desk.key).expect("it proves the record");
    assert!(record.is_some_and(|record| record.status.state == Stood::PartlyReversed));
    // What was told is known from then on.
    let report = desk.watch(&list).expect("it answers");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
}

#[test]
fn without_a_state_the_receipt_is_what_is_compared_with() {
    let desk = Desk::new();
    desk.reverse();
    let paid = desk.path("paid");
    for _ in 0..2 {
        let report = desk.watch(&[&paid]).expect("it answers");
        assert_eq!(report.exit, Exit::No, "{}", report.text);
    }
}

#[test]
fn a_node_that_hides_a_change_behind_the_past_is_not_believed() {
    let desk = Desk::new();
    let (paid, state) = (desk.path("paid"), desk.path("watch.json"));
    let list = ["--state", &state, &paid];
    desk.reverse();
    assert_eq!(desk.watch(&list).expect("it answers").exit, Exit::No);
    // The node goes back to the checkpoint before.
    let mut before = World::new();
    before.register("invoice", &sample(UBL));
    *desk.world() = before;
    let report = desk.watch(&list).expect("it says so");
    assert_eq!(report.exit, Exit::CouldNotTell, "{}", report.text);
    assert!(
        !report.text.contains("partly-reversed ->"),
        "{}",
        report.text
    );
}

#[test]
fn what_is_not_registered_or_not_readable_is_told_for_itself() {
    let desk = Desk::new();
    let list = desk.path("list.txt");
    let lines = format!(
        "{}\n{}\nno/such/file.receipt\n",
        desk.key,
        StateKey([0x99; 32])
    );
    std::fs::write(&list, lines).expect("written");
    let state = desk.path("watch.json");
    let report = desk.watch(&["--state", &state, &list]).expect("it answers");
    assert_eq!(report.exit, Exit::CouldNotTell, "{}", report.text);
    assert!(report.text.contains("not registered"), "{}", report.text);
    let documents = report.json["documents"].as_array().map_or(0, Vec::len);
    assert!(documents >= 2, "{}", report.json);
}
