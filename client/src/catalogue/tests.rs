use super::matrix::Answer;
use super::*;
use crate::testing::{serve, World, SUITE};
use hefu_types::genesis::Genesis;
use hefu_types::leaf::{Condition, RecognitionRule};
use std::path::Path;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);

fn open(world: &World, folder: &Path, nodes: &[&str]) -> Nodes {
    Nodes::open(&world.network_file(folder, nodes), TIMEOUT).expect("a network file")
}

/// What a node answers to the page behind a key: these keys, so many a page.
fn pages(world: &World, keys: &[StateKey], limit: usize, at: Millis) -> Vec<(String, Vec<u8>)> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    let mut behind = String::new();
    let mut pages = Vec::new();
    for page in keys.chunks(limit).chain([&[][..]]) {
        pages.push((behind, world.certificate(page, at).encode()));
        behind = page
            .last()
            .map_or(String::new(), |last| format!("&after={last}&"));
    }
    // The longest first: an empty one is in every path.
    pages.reverse();
    pages
}

fn node(pages: Vec<(String, Vec<u8>)>) -> String {
    serve(move |path| {
        let page = pages.iter().find(|(behind, _)| path.contains(behind));
        page.map_or((404, Vec::new()), |(_, bytes)| (200, bytes.clone()))
    })
}

fn region_keys(world: &World) -> Vec<StateKey> {
    let regions = world.network.genesis().regions.iter();
    regions
        .map(|region| key::region(SUITE, &region.id))
        .collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn all_pages_are_read_to_the_end() {
    let (world, folder) = (World::new(), folder());
    for limit in [1, 2, 100] {
        let node = node(pages(&world, &region_keys(&world), limit, crate::now()));
        let nodes = open(&world, folder.path(), &[&node]);
        let listing = fetch(&nodes, Part::Regions, None).expect("an honest node");
        let keys: Vec<StateKey> = listing.entries.keys().copied().collect();
        let mut expected = region_keys(&world);
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(nodes.warnings(), Vec::<String>::new());
    }
}

#[test]
fn a_node_that_lies_about_the_catalogue_is_not_believed() {
    let (world, folder) = (World::new(), folder());
    let keys = region_keys(&world);
    let now = crate::now();
    let honest = pages(&world, &keys, 1, now);
    let agency = key::agency(SUITE, "gd-tax");
    let again = world.certificate(&keys[..1], now).encode();
    let other = Genesis {
        heartbeat_ms: 20_000,
        ..world.network.genesis().clone()
    };
    let stranger = World::with(|genesis| *genesis = other);
    for (what, lies) in [
        ("an agency is no region", pages(&world, &[agency], 1, now)),
        (
            "a region that is not there",
            pages(&world, &[key::region(SUITE, "atlantis")], 1, now),
        ),
        ("one page for ever", vec![(String::new(), again)]),
        ("less than genesis has", pages(&world, &keys[..1], 1, now)),
        ("nothing at all", pages(&world, &[], 1, now)),
        ("another network", pages(&stranger, &keys, 1, now)),
    ] {
        let liar = node(lies);
        let nodes = open(&world, folder.path(), &[&liar]);
        let fetched = fetch(&nodes, Part::Regions, None);
        assert!(
            matches!(fetched, Err(Failure::Unreachable { .. })),
            "{what}: {fetched:?}"
        );
    }
    let liar = node(pages(&world, &[agency], 1, now));
    let honest = node(honest);
    let nodes = open(&world, folder.path(), &[&liar, &honest]);
    assert_eq!(
        fetch(&nodes, Part::Regions, None)
            .expect("the honest one")
            .entries
            .len(),
        keys.len()
    );
    assert!(
        nodes.warnings()[0].contains(&liar),
        "{:?}",
        nodes.warnings()
    );
}

#[test]
fn keys_are_those_of_who_was_asked_about() {
    let (world, folder) = (World::new(), folder());
    let of = |key: &crate::keys::Key| key::public_key(SUITE, &key.file.key_id);
    let agency = Holder::Agency("gd-tax".to_owned());
    let own = node(pages(&world, &[of(&world.agency)], 1, crate::now()));
    let nodes = open(&world, folder.path(), &[&own]);
    let listing = fetch(&nodes, Part::Keys, Some(&agency)).expect("its keys");
    assert_eq!(listing.entries.len(), 1);
    let others = node(pages(&world, &[of(&world.buyer)], 1, crate::now()));
    let nodes = open(&world, folder.path(), &[&others]);
    assert!(fetch(&nodes, Part::Keys, Some(&agency)).is_err());
}

#[test]
fn what_was_kept_is_checked_and_has_an_age() {
    let (world, folder) = (World::new(), folder());
    let three_days_ago = Millis(crate::now().0 - 3 * 24 * Millis::HOUR);
    let certificate = world.certificate(&region_keys(&world), three_days_ago);
    let mut listing = Listing::default();
    let state = certificate.verify(&world.network).expect("it holds");
    let entries = Listing::page(SUITE, &state, Part::Regions, None, None).expect("regions");
    listing.add(entries, &state, certificate.clone());
    let file = folder.path().join("kept");
    let keep = |bytes: &[u8]| std::fs::write(&file, bytes).expect("written");
    let bytes = saved::bytes(&world.network, &[Part::Regions], &listing);
    keep(&bytes);
    let read = |world: &World, part| saved::read(&file, &world.network, Some(part), None);
    let again = read(&world, Part::Regions).expect("as it was kept");
    assert_eq!(again.entries, listing.entries);
    let told = told_age(again.as_of.expect("a page"), say::Lang::En);
    assert!(told.contains("3 days ago"), "{told}");
    // Of what was not kept nothing is said.
    assert!(matches!(
        read(&world, Part::Agencies),
        Err(Failure::Asked(_))
    ));
    let other = World::with(|genesis| genesis.heartbeat_ms = 20_000);
    assert!(matches!(
        read(&other, Part::Regions),
        Err(Failure::BadFile { .. })
    ));
    // Whoever changes a page, or adds one of another kind, is found out.
    let forged = |change: fn(&mut StatusCertificate)| {
        let mut certificate = certificate.clone();
        change(&mut certificate);
        let listing = Listing {
            certificates: vec![certificate],
            ..listing.clone()
        };
        saved::bytes(&world.network, &[Part::Regions], &listing)
    };
    for bytes in [
        forged(|certificate| certificate.checkpoint.checkpoint.time.0 += 1),
        forged(|certificate| certificate.leaves.swap(0, 1)),
        forged(|certificate| certificate.leaves[0].value = Value::Absent),
        bytes[..bytes.len() - 1].to_vec(),
    ] {
        keep(&bytes);
        assert!(matches!(
            read(&world, Part::Regions),
            Err(Failure::BadFile { .. })
        ));
    }
}

fn rule(change: impl FnOnce(&mut RecognitionRule)) -> RecognitionRule {
    let mut rule = RecognitionRule {
        by: "zhejiang".to_owned(),
        document_type: "licence".to_owned(),
        of: "guangdong".to_owned(),
        recognised: true,
        citation: "article 1".to_owned(),
        from: Millis(1_000),
        until: None,
        conditions: Vec::new(),
        text: String::new(),
    };
    change(&mut rule);
    rule
}

#[test]
fn a_rule_answers_as_of_a_time() {
    let at = |time: u64, rule: &RecognitionRule| Answer::of(Some(rule), Millis(time));
    assert_eq!(Answer::of(None, Millis(5_000)), Answer::NoRule);
    let plain = rule(|_| {});
    assert_eq!(at(999, &plain), Answer::NotYet);
    assert_eq!(at(1_000, &plain), Answer::Recognised);
    let ends = rule(|rule| rule.until = Some(Millis(2_000)));
    assert_eq!(at(1_999, &ends), Answer::Recognised);
    assert_eq!(at(2_000, &ends), Answer::Lapsed);
    let no = rule(|rule| {
        rule.recognised = false;
        rule.conditions = vec![Condition::RegisteredFrom(Millis(0))];
    });
    assert_eq!(at(1_000, &no), Answer::NotRecognised);
    let conditions = rule(|rule| rule.conditions = vec![Condition::RegisteredFrom(Millis(0))]);
    assert_eq!(at(1_000, &conditions), Answer::Conditional);
}

#[test]
fn names_of_others_do_not_draw_on_a_terminal() {
    let region = |name: &str| hefu_types::genesis::Region {
        id: "r".to_owned(),
        name_zh: name.to_owned(),
        name_en: name.to_owned(),
    };
    let leaf = hefu_types::leaf::RegionLeaf {
        region: region("a\u{1b}[2J"),
        operation: hefu_types::leaf::genesis_operation(SUITE),
    };
    let listing = Listing {
        entries: BTreeMap::from([(key::region(SUITE, "r"), Entry::Region(leaf))]),
        ..Listing::default()
    };
    let tables = [listing.table(SUITE, Part::Regions)];
    let said = text(&tables, (Millis(0), 1), say::Lang::En);
    assert!(
        !said.contains('\u{1b}') && said.contains("a\\u{1b}"),
        "{said}"
    );
    assert!(said.contains("Regions (1)"), "{said}");
}
