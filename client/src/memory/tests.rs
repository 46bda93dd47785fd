//! The file of the memory: what is kept, joined, and never written over; and commands that use it.

use super::*;
use crate::nodes::Nodes;
use crate::say::Lang;
use crate::testing::{sample, serve, World, SUITE};
use hefu_proof::certificate::StatusCertificate;
use hefu_types::{key, Millis, StateKey};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const PERIOD_MS: u64 = TRUST_PERIOD_MS;

fn agency() -> StateKey {
    key::agency(SUITE, "gd-tax")
}

/// A world with so many blocks, and the certificate of each.
fn blocks(world: &mut World, count: usize) -> Vec<StatusCertificate> {
    blocks_at(world, count, crate::now())
}

/// The same with block times from this one on: another history of the same validators.
fn forged_blocks(count: usize) -> Vec<StatusCertificate> {
    blocks_at(&mut World::new(), count, crate::now().plus(5_000))
}

fn blocks_at(world: &mut World, count: usize, at: Millis) -> Vec<StatusCertificate> {
    let record = world.planned("invoice", &sample(UBL)).record;
    world.register("invoice", &sample(UBL));
    let mut next = || {
        world.change(&record, |_| {});
        world.certificate(&[agency()], at)
    };
    (0..count).map(|_| next()).collect()
}

fn admit(
    remembered: &mut Remembered,
    world: &World,
    certificate: &StatusCertificate,
) -> Result<(), &'static str> {
    let mut state = certificate.verify(&world.network).expect("it holds");
    let admitted = remembered.admit(&world.network, &mut state);
    admitted.map_err(|error| error.reason())
}

fn said(said: Option<Said>) -> String {
    said.map_or(String::new(), |said| said.en)
}

fn height(memory: &Memory) -> Option<u64> {
    let newest = memory.newest()?;
    Some(newest.signed.checkpoint.height)
}

#[test]
fn what_is_seen_is_there_the_next_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("below").join("a.memory");
    let mut world = World::new();
    let seen = blocks(&mut world, 2);
    let (mut first, warning) = Remembered::open(&file, &world.network, PERIOD_MS);
    assert!(said(warning).contains("nothing is remembered"));
    assert_eq!(admit(&mut first, &world, &seen[1]), Ok(()));
    assert_eq!(first.save(), None);
    let (mut second, warning) = Remembered::open(&file, &world.network, PERIOD_MS);
    assert_eq!((warning, second.memory()), (None, first.memory()));
    // The same size with another text, in another process.
    let forged = forged_blocks(2);
    assert_eq!(admit(&mut second, &world, &forged[1]), Err("equivocation"));
    assert_eq!(second.memory(), first.memory());
}

#[test]
fn two_processes_lose_nothing_of_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.memory");
    let mut world = World::new();
    let seen = blocks(&mut world, 3);
    let open = || Remembered::open(&file, &world.network, PERIOD_MS).0;
    let (mut one, mut two) = (open(), open());
    assert_eq!(admit(&mut one, &world, &seen[2]), Ok(()));
    assert_eq!(admit(&mut two, &world, &seen[0]), Ok(()));
    assert_eq!((one.save(), two.save()), (None, None));
    // The second wrote last and had seen less.
    let (joined, _) = Remembered::open(&file, &world.network, PERIOD_MS);
    assert_eq!(height(joined.memory()), height(one.memory()));
    assert!(!folder.path().join("a.memory.lock").exists());
    // A command that fails keeps what it has seen.
    let mut world = World::new();
    let seen = blocks(&mut world, 1);
    let file = folder.path().join("b.memory");
    let (mut failing, _) = Remembered::open(&file, &world.network, PERIOD_MS);
    assert_eq!(admit(&mut failing, &world, &seen[0]), Ok(()));
    drop(failing);
    assert!(file.exists());
}

#[test]
fn a_file_that_cannot_be_used_is_told_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.memory");
    let mut world = World::new();
    let seen = blocks(&mut world, 1);
    let other = World::with(|genesis| genesis.name = "other.hefu.example".into());
    for bytes in [&b"not a memory"[..], &Memory::new(&other.network).encode()] {
        fs::write(&file, bytes).expect("written");
        let (mut broken, warning) = Remembered::open(&file, &world.network, PERIOD_MS);
        let warning = said(warning);
        assert!(
            warning.contains("cannot be used") && warning.contains("--memory"),
            "{warning}"
        );
        assert_eq!(admit(&mut broken, &world, &seen[0]), Ok(()));
        assert_eq!(broken.save(), None);
        assert_eq!(fs::read(&file).expect("there"), bytes);
    }
    // Where it cannot be written: its folder is a file by now.
    let nowhere = folder.path().join("gone");
    let below = nowhere.join("below.memory");
    let (mut lost, _) = Remembered::open(&below, &world.network, PERIOD_MS);
    fs::write(&nowhere, b"a file").expect("written");
    assert_eq!(admit(&mut lost, &world, &seen[0]), Ok(()));
    let warning = said(lost.save());
    assert!(warning.contains("is not kept"), "{warning}");
    // Damaged by somebody else while this command ran.
    fs::remove_file(&file).expect("there");
    let (mut late, _) = Remembered::open(&file, &world.network, PERIOD_MS);
    assert_eq!(admit(&mut late, &world, &seen[0]), Ok(()));
    fs::write(&file, b"damaged").expect("written");
    assert!(said(late.save()).contains("cannot be used"));
    assert_eq!(fs::read(&file).expect("there"), b"damaged");
}

#[test]
fn beyond_the_trust_period_nothing_is_learnt() {
    let mut world = World::with(|genesis| genesis.time = Millis(1_000));
    let seen = blocks(&mut world, 1);
    let mut late = Remembered::nothing(&world.network, PERIOD_MS);
    assert_eq!(admit(&mut late, &world, &seen[0]), Ok(()));
    assert_eq!(late.memory(), &Memory::new(&world.network));
    let mut patient = Remembered::nothing(&world.network, u64::MAX);
    assert_eq!(admit(&mut patient, &world, &seen[0]), Ok(()));
    assert!(patient.memory().newest().is_some());
}

#[test]
fn only_what_was_typed_says_where_it_lies_in_tests() {
    let network = World::new().network.digest();
    assert_eq!(place(None, network), None);
    assert_eq!(place(Some(Path::new("none")), network), None);
    assert_eq!(
        place(Some(Path::new("a")), network),
        Some(PathBuf::from("a"))
    );
}

#[test]
fn a_node_that_contradicts_the_memory_is_named_and_the_next_is_asked() {
    let mut world = World::new();
    let good = blocks(&mut world, 2);
    let forged = forged_blocks(2);
    let node = |certificate: &StatusCertificate| {
        let bytes = certificate.encode();
        serve(move |_| (200, bytes.clone()))
    };
    let (liar, honest) = (node(&forged[1]), node(&good[1]));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.memory");
    let open = |addresses: &[&str]| {
        let network = world.network_file(folder.path(), addresses);
        let nodes = Nodes::open(&network, Duration::from_secs(5)).expect("a network");
        let (remembered, _) = Remembered::open(&file, &world.network, PERIOD_MS);
        nodes.speaking(Lang::En).remembering(remembered, None)
    };
    let ask = |nodes: &Nodes| nodes.certificate("/v1/agencies/gd-tax", 0, |_| Ok(()));
    assert!(ask(&open(&[&honest])).is_ok());
    let nodes = open(&[&liar, &honest]);
    assert_eq!(ask(&nodes).expect("the honest one answers").node, honest);
    let warnings = nodes.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].contains(&liar) && warnings[0].contains("equivocation"),
        "{warnings:?}"
    );
    // From the liar alone nothing is learnt.
    assert!(ask(&open(&[&liar])).is_err());
}
