use super::change::changes;
use super::*;
use crate::cli::{Cli, Command};
use crate::lookup::by_key;
use crate::testing::{sample, serve, World, SUITE};
use clap::Parser;
use hefu_types::record::{PublicPart, UseState};
use hefu_types::{key, TreeSize};
use hefu_wire::path::Beside;

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

fn registered() -> (World, StateKey) {
    let mut world = World::new();
    world.register("invoice", &sample(UBL));
    let record = world.planned("invoice", &sample(UBL)).record;
    (world, record)
}

fn at(height: u64, public: PublicPart) -> Known {
    let seen = Seen {
        height,
        time: Millis(height * 1_000),
        size: TreeSize(height),
    };
    Known { public, seen }
}

/// A node that has one certificate.
fn node(world: &World, keys: &[StateKey]) -> String {
    let bytes = world.certificate(keys, crate::now()).encode();
    serve(move |_| (200, bytes.clone()))
}

fn run_with(folder: &Path, network: &Path, more: &str) -> Report {
    let (folder, network) = (folder.display(), network.display());
    let line = format!("hefu watch --lang en --timeout 2s --network {network} {more}");
    let line = line.replace("{}", &folder.to_string());
    let cli = Cli::try_parse_from(line.split_whitespace()).expect("can be typed");
    let Command::Watch(args) = &cli.command else {
        panic!("another command")
    };
    run(&cli.shared, args).expect("an answer")
}

#[test]
fn a_key_of_another_leaf_in_a_list_blinds_nobody_for_the_others() {
    let (world, record) = registered();
    let folder = tempfile::tempdir().expect("a folder");
    let agency = key::agency(SUITE, "gd-tax");
    let node = node(&world, &[agency, record]);
    let network = world.network_file(folder.path(), &[&node]);
    let list = format!("{agency}\n{record}\n");
    disk::write(&folder.path().join("list.txt"), list.as_bytes()).expect("written");
    let report = run_with(folder.path(), &network, "--state {}/state {}/list.txt");
    assert_eq!(report.exit, Exit::CouldNotTell, "{}", report.text);
    assert_eq!(report.json["could_not_tell"], 1, "{}", report.text);
    assert_eq!(report.json["first_looked_at"], 1, "{}", report.text);
    assert!(!report.text.contains("does not hold"), "{}", report.text);
}

#[test]
fn a_receipt_that_came_in_since_hides_no_change() {
    let (world, record) = registered();
    let before = world.record(&record);
    let mut reversed = before.clone();
    reversed.status.state = hefu_types::record::State::Reversed;
    let mut state = State::default();
    state.learn(record, at(5, before.clone()));
    state.begin_with(record, at(9, reversed));
    assert_eq!(state.known(&record), Some(&at(5, before)));
    // An older checkpoint than that of the receipt is refused all the same.
    assert_eq!(state.seen.height, 9);
}

#[test]
fn dates_that_were_corrected_are_a_change_of_what_everybody_may_read() {
    let (world, record) = registered();
    let before = world.record(&record);
    for more_events in [0, 1] {
        let mut after = before.clone();
        after.valid_before = Some(Millis(9_000_000_000_000));
        after.event_count += more_events;
        let found = changes(&at(5, before.clone()), &at(6, after), None, &record, "n");
        let [only] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(only.what, "other");
        assert!(only.said.en.contains("other dates"), "{}", only.said.en);
    }
    let mut after = before.clone();
    after.event_count += 1;
    let found = changes(&at(5, before), &at(6, after), None, &record, "n");
    assert!(found[0].said.en.contains("nothing that everybody may read"));
}

#[test]
fn a_node_that_leaves_out_the_clock_is_not_believed_about_deadlines() {
    let (mut world, record) = registered();
    world.change(&record, |public| {
        public.uses.push(UseState {
            purpose: "reimburse".to_owned(),
            consumed_at: None,
            locked_until: Some(Millis(crate::now().0 - 1_000)),
            whole: true,
            consumed_whole: false,
            unattested: false,
        });
    });
    let folder = tempfile::tempdir().expect("a folder");
    for (keys, is_told) in [(&[record][..], false), (&[record, key::clock(SUITE)], true)] {
        let node = node(&world, keys);
        let network = world.network_file(folder.path(), &[&node]);
        let nodes = Nodes::open(&network, Duration::from_secs(2)).expect("a network file");
        let told = by_key(&nodes, &record, Beside::default(), 0);
        assert_eq!(told.is_ok(), is_told);
        assert_eq!(nodes.records(&[record], 0).is_ok(), is_told);
    }
}
