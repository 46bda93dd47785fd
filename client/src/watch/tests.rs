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

/// The third look for a newer checkpoint finds the reversal in it.
#[test]
fn who_follows_is_told_of_a_reversal_once_and_how_long_after_its_block() {
    let mut world = World::new();
    let receipt = world.register("invoice", &sample(UBL));
    let key = receipt
        .verify(&world.network)
        .expect("it holds")
        .record_key();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("1017.receipt");
    disk::write(&path, &receipt.encode()).expect("written");
    world.change(&key, |_| {});
    let (mut at, mut height, mut looks) = (crate::now(), 2, 0);
    let network = world.network.clone();
    let genesis = World::new();
    let url = serve_posts(move |path, body| {
        if path == paths::RECORDS {
            let keys: Vec<StateKey> = canonical::decode(body, 1 << 20).expect("keys");
            return (200, world.certificate(&keys, at).encode());
        }
        looks += 1;
        if looks == 3 {
            (at, height) = (crate::now(), 3);
            world.change(&key, |record| {
                record.status.state = Stood::Reversed;
                record.status.recorded_at = at;
                record.event_count += 1;
            });
        }
        (
            200,
            format!("o\n1\nr\nstate r {height} 0 0 0\n").into_bytes(),
        )
    });
    assert_eq!(genesis.network.digest(), network.digest());
    let network = genesis.network_file(folder.path(), &[&url]);
    let (network, path) = (network.to_string_lossy(), path.to_string_lossy());
    let follow = ["--follow", "--every", "10ms", "--for", "1s", &*path];
    for (as_json, says) in [
        (false, "issued -> reversed"),
        (true, "\"after\":\"reversed\""),
    ] {
        let words = ["hefu", "--lang", "en", "watch", "--network", &*network];
        let words = words
            .into_iter()
            .chain(as_json.then_some("--json"))
            .chain(follow);
        let cli = Cli::try_parse_from(words).expect("can be typed");
        let Command::Watch(args) = &cli.command else {
            panic!("another command")
        };
        let mut told = Vec::new();
        let report = run_to(&cli.shared, args, &mut told).expect("followed");
        let told = String::from_utf8(told).expect("text");
        assert_eq!(report.exit, Exit::No, "{told}");
        assert!(report.text.is_empty() && report.json.is_null());
        assert_eq!(told.matches(says).count(), 1, "{told}");
        if as_json {
            let objects = told.lines().map(serde_json::from_str::<Value>);
            let objects: Vec<Value> = objects.collect::<Result<_, _>>().expect("one a line");
            assert_eq!(objects.last().expect("an end")["event"], "end");
        } else {
            assert!(told.contains(" s after its block]"), "{told}");
            assert!(
                told.contains("of 1 documents 0 changed since height 1"),
                "{told}"
            );
        }
    }
}

#[test]
fn a_saved_certificate_is_something_to_compare_with() {
    let desk = Desk::new();
    let at = Millis(desk.time.load(Ordering::Relaxed));
    let saved = desk.world().certificate(&[desk.key], at).encode();
    let (cert, list) = (desk.path("status.cert"), desk.path("list.csv"));
    std::fs::write(&cert, saved).expect("written");
    std::fs::write(&list, format!("record,paid\n# ours\n\n{},yes\n", desk.key)).expect("written");
    let since = ["--since", &cert, &list];
    let report = desk.watch(&since).expect("it answers");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    assert!(
        report
            .text
            .contains("of 1 documents 0 changed since height 2"),
        "{}",
        report.text
    );
    // With nothing to compare with nothing is told, and what is no certificate is refused.
    let report = desk.watch(&[&list]).expect("it answers");
    assert_eq!(report.exit, Exit::CouldNotTell, "{}", report.text);
    std::fs::write(&cert, b"no certificate").expect("written");
    assert!(matches!(desk.watch(&since), Err(Failure::BadFile { .. })));
}

#[test]
fn a_state_of_another_network_or_of_nobody_is_not_used() {
    let desk = Desk::new();
    let (paid, state) = (desk.path("paid"), desk.path("watch.state"));
    std::fs::write(&state, b"garbage").expect("written");
    let list = ["--state", &*state, &*paid];
    assert!(matches!(desk.watch(&list), Err(Failure::BadFile { .. })));
    // It is left as it was.
    assert_eq!(std::fs::read(&state).expect("there"), b"garbage");
}

#[test]
fn numbers_have_commas_between_their_thousands() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (4_112, "4,112"),
        (1_000_000, "1,000,000"),
    ] {
        assert_eq!(tell::count(number), text);
    }
}
