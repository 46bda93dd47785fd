use super::{bad_since, ending, not_before};
use crate::say::Exit;
use crate::testing::{credit_code, Governed, SUITE};
use hefu_types::leaf::{Holder, KeyLeaf, KeyRole};
use hefu_types::operation::Operation;
use hefu_types::{Millis, OperationId, PublicKey};

const DAY: u64 = 24 * Millis::HOUR;

fn leaf(valid_from: Millis, valid_before: Millis) -> KeyLeaf {
    KeyLeaf {
        key: PublicKey([1; 32]),
        holder: Holder::Agency("a".into()),
        valid_from,
        valid_before,
        retired_at: None,
        compromised_since: None,
        operation: OperationId([0; 32]),
        role: KeyRole::Operational,
        confirmed_at: None,
    }
}

#[test]
fn a_key_is_warned_of_in_its_last_thirty_days() {
    let now = Millis(1_000 * DAY);
    let ends_in = |days: u64| ending(&leaf(Millis(0), now.plus(days * DAY)), now);
    assert!(ends_in(31).is_none());
    assert!(ends_in(30).expect("told").en.contains("in 30 days"));
    assert!(ends_in(0).is_some());
    let retired = KeyLeaf {
        retired_at: Some(now),
        ..leaf(Millis(0), now)
    };
    assert!(ending(&retired, now).is_none());
}

#[test]
fn a_compromise_begins_when_it_can() {
    let (from, now) = (Millis(10 * DAY), Millis(100 * DAY));
    let key = |change: fn(&mut KeyLeaf)| {
        let mut key = leaf(Millis(10 * DAY), Millis(u64::MAX));
        change(&mut key);
        key
    };
    let is_bad = |key: KeyLeaf, since: Millis| bad_since(&key, since, now).is_some();
    assert!(!is_bad(key(|_| {}), from));
    assert!(is_bad(key(|_| {}), from.minus(1)));
    // What is shown to the second is what can be typed.
    assert_eq!(not_before(&key(|_| {}), from.minus(999)), from);
    assert_eq!(
        not_before(&key(|_| {}), from.minus(1_000)),
        from.minus(1_000)
    );
    assert_eq!(not_before(&key(|_| {}), from.plus(5)), from.plus(5));
    assert!(!is_bad(key(|_| {}), now));
    assert!(is_bad(key(|_| {}), now.plus(1)));
    assert!(is_bad(
        key(|key| key.confirmed_at = Some(Millis(50 * DAY))),
        Millis(49 * DAY)
    ));
    assert!(!is_bad(
        key(|key| key.confirmed_at = Some(Millis(50 * DAY))),
        Millis(50 * DAY)
    ));
    assert!(is_bad(
        key(|key| key.compromised_since = Some(Millis(50 * DAY))),
        Millis(50 * DAY)
    ));
    assert!(!is_bad(
        key(|key| key.compromised_since = Some(Millis(50 * DAY))),
        Millis(49 * DAY)
    ));
}

/// An agency with a management key, admitted for a year less than what warns.
fn with_management() -> Governed {
    let governed = Governed::start();
    let key = |role, name: &str| {
        let file = hefu_wire::KeyFile::new(role, "h-1", SUITE, SUITE.hash(&[name.as_bytes()]).0);
        governed.write_json(name, &file);
    };
    let mut file = hefu_wire::KeyFile::new(
        hefu_wire::file::KeyRole::Agency,
        "h-1",
        SUITE,
        SUITE.hash(&[b"work"]).0,
    );
    file.fact_secret = Some(SUITE.hash(&[b"facts"]));
    governed.write_json("work.json", &file);
    key(hefu_wire::file::KeyRole::AgencyManagement, "manage.json");
    let code = credit_code("12440000MB0000001");
    governed.told(&format!(
        "agency request --id h-1 --name H --region guangdong --contact c --uscc {code} --type invoice \
         --legal-basis b --key @work.json --management-key @manage.json --out @h-1.request"
    ));
    governed.told("agency admit --key @r-gd.json @h-1.request --key-days 20");
    governed
}

#[test]
fn an_agency_exchanges_its_key_itself() {
    let governed = with_management();
    let report = governed.told("key list @h-1.request --expiring 30d");
    assert_eq!(report.exit, Exit::No, "{}", report.text);
    assert_eq!(report.json["keys"].as_array().map(Vec::len), Some(2));
    let report = governed.told("key list @h-1.request --expiring 10d");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);

    let report = governed
        .told("key rotate --key @work.json --with @manage.json --new @next.json --retire-old");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    let (old, new) = (
        governed.read_json("work.json"),
        governed.read_json("next.json"),
    );
    assert_ne!(old["key_id"], new["key_id"]);
    // Equal facts give one root under both keys.
    assert_eq!(old["fact_secret"], new["fact_secret"]);
    let came = governed.node().came.last().cloned().expect("one");
    assert!(
        matches!(came.as_slice(), [Operation::AddKey(add), Operation::RetireKey(_)] if add.role == KeyRole::Operational)
    );
    let report = governed.told("key show @work.json @next.json");
    assert!(report.text.contains("retired at"), "{}", report.text);
    assert_eq!(report.json["keys"][1]["signs_now"], true);
    // Nothing is made where a file is in the way.
    let why = governed.fails("key rotate --key @next.json --with @manage.json --new @work.json");
    assert!(why.contains("is there already"), "{why}");
    // A key that works with documents manages none.
    let why = governed.fails("key retire --key @work.json @next.json");
    assert!(
        why.contains("role agency, not registrar or agency-management"),
        "{why}"
    );
}

#[test]
fn a_registrar_adds_a_key_that_was_asked_for() {
    let governed = with_management();
    governed
        .told("key request --key @work.json --management --new @second.json --out @key.request");
    assert_eq!(
        governed.read_json("second.json")["role"],
        "agency-management"
    );
    let report = governed.told("key add --key @r-gd.json @key.request --key-days 365");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    let mut file = governed.read_json("key.request");
    file["asks"]["key"]["role"] = "operational".into();
    governed.write_json("key.request", &file);
    let report = governed.told("key add --key @r-gd.json @key.request");
    assert!(report.text.contains("3014"), "{}", report.text);
    // A seat's key comes with its seat.
    let why = governed.fails("key request --key @s-1.json --new @x.json --out @x.request");
    assert!(why.contains("govern propose council"), "{why}");
}

#[test]
fn a_registrar_declares_a_compromise_and_hears_what_cannot_be() {
    let governed = with_management();
    let declare = |since: &str| {
        governed.told(&format!(
            "key compromised @work.json --since {since} --key @r-gd.json --reason incident-12"
        ))
    };
    let report = declare("2100-01-01T00:00:00Z");
    assert!(report.text.contains("3016"), "{}", report.text);
    let since = crate::now().minus(Millis::HOUR).to_string();
    let report = declare(&since);
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    assert!(
        report.text.contains("what it signed before stays valid"),
        "{}",
        report.text
    );
    let report = declare(&since);
    assert!(report.text.contains("compromised since"), "{}", report.text);
    assert_eq!(report.exit, Exit::No);
}
