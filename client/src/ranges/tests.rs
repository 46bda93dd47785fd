use super::sample::chosen;
use crate::failure::Failure;
use crate::say::{Exit, Report};
use crate::testing::{entitlement, type_rules, Live, World, SUITE};
use hefu_types::leaf::{Kind, TypeRules};
use hefu_types::numbering::{NumberRange, NumberSpan, NumberingLeaf, RangeState};
use hefu_types::operation::{Numbering, Operation};
use hefu_types::profile::Profile;
use hefu_types::record::{PublicPart, State};
use hefu_types::time::Day;
use hefu_types::{key, Code, Millis, OperationId, StateKey};

const ISSUER: &str = "12330000HEFU00001X";
const OF: &str = "--type bill --issuer 12330000hefu00001x --series S1";

fn world() -> World {
    World::with(|genesis| {
        genesis.types.push(TypeRules {
            ranges: true,
            ..type_rules("bill", Kind::Invoice, "generic")
        });
        let entitlements = &mut genesis.agencies[0].entitlements;
        entitlements.push(entitlement("bill", "guangdong", "1233"));
    })
}

fn numbering() -> Numbering {
    Numbering {
        document_type: "bill".to_owned(),
        region: "guangdong".to_owned(),
        legal_issuer: ISSUER.to_owned(),
        class: String::new(),
        series: "S1".to_owned(),
        period: String::new(),
    }
}

fn at() -> StateKey {
    key::numbering(SUITE, Profile::Generic, &numbering())
}

fn span(first: u64, last: u64) -> NumberSpan {
    NumberSpan { first, last }
}

/// Numbers 1 to 20: 1 to 5 and 8 issued, 6 void, 15 to 20 a branch's.
fn range() -> NumberRange {
    NumberRange {
        first: 1,
        last: 20,
        digits: 4,
        document_type: "bill".to_owned(),
        holder: "gd-tax".to_owned(),
        state: RangeState::Active,
        since: Millis(1_000),
        valid_before: Some(crate::now().plus(1_000_000)),
        parent: None,
        issued: vec![span(1, 5), span(8, 8)],
        voided: vec![span(6, 6)],
        delegated: vec![span(15, 20)],
        operation: OperationId([0; 32]),
        reason: None,
    }
}

fn leaf(ranges: Vec<NumberRange>) -> NumberingLeaf {
    NumberingLeaf {
        profile: "generic".to_owned(),
        legal_issuer: ISSUER.to_owned(),
        series: "S1".to_owned(),
        ranges,
        ..NumberingLeaf::default()
    }
}

fn live(ranges: Vec<NumberRange>) -> Live {
    let mut world = world();
    world.put(at(), &leaf(ranges));
    Live::start(world, &[], |_, _, _| Err(Code::UnknownRange))
}

fn report(live: &Live, more: &str) -> Report {
    live.run(&format!("range report {OF} {more}"))
        .expect("told")
}

#[test]
fn each_step_is_shown_by_the_range_that_names_it() {
    let mut world = world();
    world.put(at(), &leaf(vec![range(), range()]));
    let live = Live::start(world, &[], |world, _, event| {
        let named = NumberRange {
            operation: event.operation,
            ..range()
        };
        world.put(at(), &leaf(vec![range(), named]));
        Ok(())
    });
    let until: Day = "2027-12-31".parse().expect("a day");
    for (typed, verb) in [
        ("request --first 1 --last 9 --digits 4", "request-range"),
        (
            "allocate --range 1 --valid-until 2027-12-31",
            "allocate-range",
        ),
        ("activate --range 1", "activate-range"),
        ("withdraw --range 1 --reason closed", "withdraw-range"),
        (
            "delegate --range 1 --first 2 --last 3 --to clinic",
            "delegate-range",
        ),
        (
            "void --range 1 --first 2 --last 3 --reason misprint",
            "void-numbers",
        ),
    ] {
        let report = live
            .run(&format!("range {typed} {OF} --key @agency.json"))
            .expect(typed);
        assert_eq!(report.exit, Exit::Yes, "{typed}: {}", report.text);
        assert_eq!(report.json["command"], verb);
        let ranges = report.json["ranges"].as_array().expect("a list");
        assert_eq!((ranges.len(), &ranges[0]["range"]), (1, &1.into()));
        let came = live.node().came.pop().expect("it was sent");
        // The region is the agency's only one, the issuer in the one form that numbers have.
        assert_eq!(came.numbering(), Some(&numbering()), "{typed}");
        if let Operation::AllocateRange(allocate) = came {
            assert_eq!(
                (allocate.range, allocate.valid_before),
                (1, until.ends(480))
            );
        }
    }
}

#[test]
fn what_no_range_names_is_not_called_done() {
    let mut world = world();
    world.put(at(), &leaf(vec![range()]));
    let live = Live::start(world, &[], |_, _, _| Ok(()));
    let typed = format!("range activate --range 0 {OF} --key @agency.json");
    let report = live.run(&typed).expect("told");
    assert_eq!(report.exit, Exit::CouldNotTell);
    assert_eq!(report.json["outcome"], "not-proven");

    let refusing = self::live(vec![range()]);
    let refused = refusing.run(&typed).expect("told");
    assert_eq!(
        (refused.exit, &refused.json["code"]),
        (Exit::No, &1012.into())
    );
}

#[test]
fn a_list_has_every_range_with_its_state_and_counts() {
    let over = NumberRange {
        valid_before: Some(Millis(2_000)),
        ..range()
    };
    let live = live(vec![range(), over]);
    let list = live.run(&format!("range list {OF}")).expect("told");
    assert_eq!(list.exit, Exit::Yes);
    let states: Vec<&str> = (list.json["ranges"].as_array().expect("a list").iter())
        .filter_map(|range| range["state_now"].as_str())
        .collect();
    assert_eq!(states, ["active", "expired"]);
    let counts = &list.json["ranges"][0]["counts"];
    assert_eq!(
        *counts,
        serde_json::json!({
            "numbers": 20, "issued": 6, "void": 1, "branches": 6, "open": 7, "gaps": 1,
        })
    );
    let no_ranges = live.run("range list --type invoice --issuer 9144X");
    assert!(matches!(no_ranges, Err(Failure::Asked(_))));
}

#[test]
fn a_gap_is_found_and_proven_and_can_be_checked_again_offline() {
    let live = live(vec![range()]);
    let found = report(&live, "--range all --save @ranges.cert");
    assert_eq!(found.exit, Exit::No);
    assert_eq!(found.json["gaps"], 1);
    let gap = serde_json::json!([{"first": "0007", "last": "0007"}]);
    assert_eq!(found.json["ranges"][0]["gaps"], gap);
    let open = serde_json::json!([
        {"first": "0007", "last": "0007"}, {"first": "0009", "last": "0014"},
    ]);
    assert_eq!(found.json["ranges"][0]["open"], open);
    assert!(found.text.contains("0007, 0009-0014"), "{}", found.text);

    // Once more without anybody to ask: the same, from the certificate alone.
    let nodes: [&str; 0] = [];
    let offline = "--range all --offline @ranges.cert";
    live.node()
        .world
        .network_file(live.path("").as_path(), &nodes);
    let again = report(&live, offline);
    assert_eq!(again.exit, Exit::No);
    assert_eq!(again.json["ranges"][0]["gaps"], gap);
    assert_eq!(again.json["height"], found.json["height"]);
    // A certificate that was altered is none, and that of another numbering tells nothing of this.
    let mut bytes = std::fs::read(live.path("ranges.cert")).expect("written");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    live.write("altered.cert", &bytes);
    let altered = format!("range report {OF} --range all --offline @altered.cert");
    assert!(matches!(live.run(&altered), Err(Failure::BadFile { .. })));
    let other = format!("range report {OF} --period 2026 --range all --offline @ranges.cert");
    assert!(matches!(live.run(&other), Err(Failure::BadFile { .. })));
}

#[test]
fn a_report_answers_no_gap_or_could_not_tell() {
    let whole = NumberRange {
        issued: vec![span(1, 5)],
        ..range()
    };
    let asked = NumberRange {
        state: RangeState::Requested,
        issued: Vec::new(),
        ..range()
    };
    let of_another = NumberRange {
        document_type: "licence".to_owned(),
        ..range()
    };
    let live = live(vec![whole, asked, of_another]);
    let all = report(&live, "--range all");
    assert_eq!(all.exit, Exit::Yes, "{}", all.text);
    assert_eq!(all.json["ranges"].as_array().map(Vec::len), Some(1));
    let another = live.run(&format!("range report {OF} --range 2"));
    assert!(matches!(another, Err(Failure::Asked(_))));
    let nothing = report(&self::live(Vec::new()), "--range all");
    assert_eq!(nothing.exit, Exit::CouldNotTell);
}

#[test]
fn numbers_that_are_counted_twice_do_not_add_up() {
    for wrong in [
        NumberRange {
            issued: vec![span(1, 6)],
            ..range()
        },
        NumberRange {
            issued: vec![span(1, 5), span(21, 22)],
            ..range()
        },
    ] {
        let report = report(&live(vec![wrong]), "--range 0");
        assert_eq!(report.exit, Exit::No);
        assert_eq!(report.json["ranges"][0]["adds_up"], false);
    }
}

fn record(number: &str) -> StateKey {
    let identity = numbering().identity(number.to_owned());
    let number = Profile::Generic.check(&identity).expect("a number");
    key::record(SUITE, &number)
}

#[test]
fn a_sample_says_where_records_disagree() {
    let live = live(vec![range()]);
    let some: PublicPart = {
        let mut world = World::new();
        let file = crate::testing::sample("invoices/ubl-guangzhou-1017.xml");
        world.register("invoice", &file);
        world.record(&world.planned("invoice", &file).record)
    };
    let put = |number: &str, record_of: PublicPart| {
        live.node().world.put_record(record(number), record_of);
    };
    for number in ["0001", "0002", "0003", "0004", "0005", "0008"] {
        put(number, some.clone());
    }
    let sampled = || report(&live, "--range all --sample 10").json["sample"].clone();
    let agrees = sampled();
    assert_eq!((&agrees["issued"], &agrees["gaps"]), (&6.into(), &1.into()));
    assert_eq!(agrees["told"], serde_json::json!([]));

    // Registered after the proof of the ranges: no contradiction.
    let mut late = some.clone();
    late.registration.block_time = crate::now().plus(60_000);
    put("0007", late);
    assert_eq!(sampled()["told"], serde_json::json!([]));
    let mut used = some.clone();
    used.status.state = State::Unattested;
    put("0007", used.clone());
    assert_eq!(sampled()["told"][0]["kind"], "used-in-gap");
    assert_eq!(sampled()["told"][0]["disagrees"], false);
    put("0007", some);
    assert_eq!(sampled()["told"][0]["kind"], "record-in-gap");
    put("0008", used);
    assert_eq!(sampled()["told"][0]["number"], "0008");
    assert_eq!(sampled()["told"][0]["kind"], "issued-without-record");
    assert_eq!(sampled()["told"][0]["disagrees"], true);
}

#[test]
fn a_sample_is_chosen_evenly_with_both_ends() {
    let spans = [span(1, 5), span(8, 8), span(100, 103)];
    assert_eq!(chosen(&spans, 3), [1, 5, 103]);
    assert_eq!(chosen(&spans, 1), [1]);
    assert_eq!(chosen(&spans, 99), [1, 2, 3, 4, 5, 8, 100, 101, 102, 103]);
    assert_eq!(chosen(&[span(0, u64::MAX - 1)], 2), [0, u64::MAX - 1]);
    assert!(chosen(&[], 5).is_empty());
}
