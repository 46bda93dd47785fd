use crate::say::{Exit, Lang};
use crate::testing::{Governed, SUITE};
use hefu_types::operation::Operation;
use hefu_wire::Change;

/// An action on parameters, in `action.json`.
fn proposed() -> Governed {
    let governed = Governed::start();
    governed.told(
        "govern propose parameters --heartbeat-ms 5000 --reason decision-7 --out @action.json",
    );
    governed
}

/// The words of one line.
fn line<'a>(text: &'a str, with: &str) -> &'a str {
    text.lines()
        .find(|line| line.contains(with))
        .unwrap_or_else(|| panic!("{with}: {text}"))
        .trim()
}

#[test]
fn seats_sign_offline_in_any_order_and_it_is_done_once() {
    let governed = proposed();
    // Each signs without asking anybody: the node sees nothing of it.
    governed.told("govern sign @action.json --key @s-3.json --detached @three.signature");
    std::fs::copy(governed.path("action.json"), governed.path("copy.json")).expect("copied");
    governed.told("govern sign @copy.json --key @s-1.json");
    let report = governed.told("govern sign @action.json --merge @three.signature @copy.json");
    assert!(
        report.text.contains("signed, says the file, by: s-3, s-1"),
        "{}",
        report.text
    );
    assert!(governed.node().came.is_empty());

    let report = governed.told("govern submit @action.json --key @r-gd.json");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    assert_eq!(line(&report.text, "s-2"), "s-2  has not signed");
    assert_eq!(line(&report.text, "govern:"), "govern: done");
    let came = governed.node().came.concat();
    let [Operation::Govern(govern)] = came.as_slice() else {
        panic!("{came:?}")
    };
    assert_eq!(govern.signatures.len(), 2);
    assert!(govern.signatures[0].key < govern.signatures[1].key);
    let preimage = govern
        .action
        .preimage(&governed.node().world.network.digest());
    for signature in &govern.signatures {
        let seat = governed.node().key(&signature.key).expect("a seat").key;
        assert!(SUITE.verify(&seat, &preimage, &signature.signature).is_ok());
    }

    // Brought again, it is told that it was done, and nothing is sent.
    let report = governed.told("govern submit @action.json --key @gd-tax.json");
    assert_eq!(report.exit, Exit::No);
    assert!(report.text.contains("3009"), "{}", report.text);
    assert_eq!(report.json["outcome"], "done-before");
    assert_eq!(governed.node().came.len(), 1);
    let report = governed.told("govern list @action.json");
    assert_eq!(report.json["actions"][0]["state"], "done");
    assert_eq!(report.json["council"]["threshold"], 2);
}

#[test]
fn too_few_signatures_are_told_before_anything_is_sent() {
    let governed = proposed();
    let refused = |why: &str| {
        let report = governed.told("govern submit @action.json --key @r-gd.json");
        assert_eq!(report.exit, Exit::No);
        assert!(report.text.contains(why), "{}", report.text);
        assert!(governed.node().came.is_empty());
    };
    refused("0 of 2 have signed; not yet: s-1, s-2, s-3");
    governed.told("govern sign @action.json --key @s-2.json");
    refused("1 of 2 have signed; not yet: s-1, s-3");
    // Who signs twice mixed something up.
    let twice = governed.fails("govern sign @action.json --key @s-2.json");
    assert!(twice.contains("\"s-2\" has signed already"), "{twice}");
    // A key without a seat is told by the council's own leaf.
    governed.told("govern sign @action.json --key @stranger.json");
    refused("the signature of stranger does not count");
}

#[test]
fn a_key_that_signs_no_more_does_not_count() {
    let governed = proposed();
    for seat in ["s-1", "s-2"] {
        governed.told(&format!("govern sign @action.json --key @{seat}.json"));
    }
    let id = crate::keys::read(&governed.path("s-1.json"))
        .expect("a key")
        .key_id;
    let at = hefu_types::key::public_key(SUITE, &id);
    governed.change(at, |leaf: &mut hefu_types::leaf::KeyLeaf| {
        leaf.retired_at = Some(hefu_types::Millis(1_000));
    });
    let report = governed.told("govern submit @action.json --key @r-gd.json");
    assert_eq!(line(&report.text, "s-1  "), "s-1  its key signs no more");
    assert!(governed.node().came.is_empty());
}

#[test]
fn what_somebody_altered_is_not_signed() {
    let governed = proposed();
    let mut file = governed.read_json("action.json");
    file["action"]["changes"][0]["parameters"]["heartbeat_ms"] = 600_000.into();
    governed.write_json("altered.json", &file);
    for command in [
        "show @altered.json",
        "sign @altered.json --key @s-1.json",
        "submit @altered.json --key @s-1.json",
    ] {
        let why = governed.fails(&format!("govern {command}"));
        assert!(
            why.contains("readable part is not what its cbor says"),
            "{why}"
        );
    }
    let mut file = governed.read_json("action.json");
    file["network"] = "00".repeat(32).into();
    governed.write_json("other.json", &file);
    let why = governed.fails("govern sign @other.json --key @s-1.json");
    assert!(why.contains("another network"), "{why}");
    // An agency's key is no seat's.
    let why = governed.fails("govern sign @action.json --key @gd-tax.json");
    assert!(why.contains("role agency, not council"), "{why}");
    // Nor does a signature of one action go into another.
    governed.told("govern sign @action.json --key @s-1.json --detached @one.signature");
    governed.told(
        "govern propose parameters --heartbeat-ms 6000 --reason decision-8 --out @second.json",
    );
    let why = governed.fails("govern sign @second.json --merge @one.signature");
    assert!(why.contains("another action"), "{why}");
}

#[test]
fn what_the_ledger_would_refuse_is_not_proposed() {
    let governed = Governed::start();
    let refused = |typed: &str, why: &str| {
        let told = governed.fails(&format!("govern propose {typed} --out @action.json"));
        assert!(told.contains(why), "{typed}: {told}");
        assert!(!governed.path("action.json").exists());
    };
    refused("parameters --heartbeat-ms 1 --reason x", "100 to 600000");
    refused("parameters --heartbeat-ms 500", "--reason");
    refused("rules --version 2 --height 1 --reason x", "at height 1");
    refused(
        "validators --remove nobody --reason x",
        "nobody is no validator; they are v",
    );
    refused("validators --remove v --reason x", "less than a third");
    refused("region Fujian! --zh F --en F --reason x", "no id");
    refused("council --remove s-9 --reason x", "no seat s-9");
    refused(
        "council --remove s-1 --remove s-2 --reason x",
        "at least one and at most all",
    );
    governed.write("changes.json", br#"{"changes": [{"colour": 1}]}"#);
    refused("@changes.json --reason x", "not a file of changes");
    governed.write("changes.json", br#"{"reason": "x", "changes": []}"#);
    refused("@changes.json", "1 to 16 changes");
}

#[test]
fn a_seat_comes_by_its_request_and_those_that_stay_keep_theirs() {
    let governed = Governed::start();
    governed.told("govern request --key @stranger.json --out @seat.request");
    governed.told(
        "govern propose council --add @seat.request --remove s-1 --threshold 3 --reason decision-9 --out @action.json",
    );
    let file = governed.read_json("action.json");
    let council = &file["action"]["changes"][0]["council"];
    let names: Vec<_> = (council["seats"].as_array().expect("seats").iter())
        .map(|seat| seat["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["s-2", "s-3", "stranger"]);
    assert_eq!(council["threshold"], 3);
}

/// What a seat reads before it signs, to the letter.
#[test]
fn an_action_reads_so() {
    let governed = Governed::start();
    governed.write(
        "changes.json",
        r#"{"changes": [
            {"standing": {"of": {"agency": "gd-tax"}, "standing": "suspended", "reason": "audit 7"}},
            {"rules": {"version": 2, "height": 5000}},
            {"region": {"id": "fujian", "name_zh": "福建省", "name_en": "Fujian"}},
            {"retire-key": {"key": "4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a"}}
        ]}"#
        .as_bytes(),
    );
    // The key is nobody's, so all of it is refused; without it, it is proposed.
    let why = governed.fails("govern propose @changes.json --reason x --out @action.json");
    assert!(why.contains("not on the ledger"), "{why}");
    let changes = std::fs::read_to_string(governed.path("changes.json")).expect("there");
    let end = changes
        .find(",\n            {\"retire-key")
        .expect("the last");
    governed.write("changes.json", format!("{}]}}", &changes[..end]).as_bytes());
    governed.told("govern propose @changes.json --reason decision-7 --out @action.json");
    let shown = |lang: &str| {
        let text = governed
            .run_in(lang, "govern show @action.json")
            .expect("shown")
            .text;
        let numbered = |line: &&str| ["  1.", "  2.", "  3."].iter().any(|n| line.starts_with(n));
        text.lines()
            .filter(numbered)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown("en"),
        [
            "  1. From now on agency gd-tax is suspended (audit 7)",
            "  2. Activates version 2 of the rules at height 5000: nodes that do not know it stop before that height",
            "  3. Adds or renames the region fujian: 福建省, Fujian",
        ]
    );
    assert_eq!(
        shown("zh"),
        [
            "  1. 机构 gd-tax 自执行起：已暂停（audit 7）",
            "  2. 自高度 5000 起启用规则版本 2：不支持该版本的节点将在此高度前停止",
            "  3. 新增或更名地区 fujian：福建省，Fujian",
        ]
    );
}

/// A seat signs all rules of a type, so it reads all of them.
#[test]
fn every_rule_of_a_type_is_told() {
    let mut rules = crate::testing::type_rules("t", hefu_types::leaf::Kind::Invoice, "generic");
    let told = |rules: &hefu_types::leaf::TypeRules| {
        super::tell::change_lines(&Change::Type(rules.clone()).into(), SUITE, Lang::En)
    };
    let mut before = told(&rules);
    let mut changed = |change: fn(&mut hefu_types::leaf::TypeRules)| {
        change(&mut rules);
        let now = told(&rules);
        assert_ne!(now, before);
        before = now;
    };
    changed(|rules| rules.zone_minutes = 60);
    changed(|rules| rules.first_member = false);
    changed(|rules| rules.cancel_window_ms += 1);
    changed(|rules| rules.correct_window_ms += 1);
    changed(|rules| rules.consent_ms += 1);
    changed(|rules| rules.offline_ms += 1);
    changed(|rules| rules.two_party = true);
    changed(|rules| rules.ranges = true);
    changed(|rules| rules.unattested = true);
    changed(|rules| rules.purposes[0].divisible = true);
    changed(|rules| rules.purposes[0].lock_ms_max += 1);
    changed(|rules| rules.purposes[0].names_member = true);
    changed(|rules| rules.exclusions = vec![vec!["reimburse".into()]]);
    changed(|rules| {
        rules.facts = vec![hefu_types::leaf::FactField {
            name: "grade".into(),
            name_zh: "等级".into(),
            name_en: "grade".into(),
            open: false,
        }];
    });
    changed(|rules| rules.facts[0].open = true);
    changed(|rules| {
        rules.lending = Some(hefu_types::leaf::LendingRules {
            ms_max: 1,
            consent: false,
        });
    });
    changed(|rules| {
        rules.lending = Some(hefu_types::leaf::LendingRules {
            ms_max: 1,
            consent: true,
        });
    });
}
