use super::*;
use crate::testing::{sample, Live, World, SUITE};
use hefu_proof::receipt::Receipt;
use hefu_types::record::{Folded, Link, PastStatus, Relation, ReversalStage, Side};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

#[test]
fn an_end_that_is_to_come_stands_beside_in_force() {
    let mut world = World::new();
    let receipt: Receipt = world.register("invoice", &sample(UBL));
    let verified = receipt.verify(&world.network).expect("holds");
    let (key, mut record) = (verified.record_key(), verified.record().clone());
    record.past.push(PastStatus {
        status: record.status.clone(),
        event: record.registration.clone(),
    });
    record.status.state = State::Revoked;
    record.status.effective_at = Millis(5_000);
    record.status_event = Some(record.registration.clone());
    let at = |now| Moment { now, halt: None };
    let text = |now| table(&rows(&world.network, &key, &record, at(now), Lang::En));
    let before = text(Millis(4_999));
    assert!(before.contains("in-force"), "{before}");
    assert!(
        before.contains("revoked from 1970-01-01T00:00:05Z"),
        "{before}"
    );
    let json = record_json(&key, &record, at(Millis(4_999)));
    assert_eq!(json["pending"], "revoked from 1970-01-01T00:00:05Z");
    let after = text(Millis(5_000));
    assert!(
        !after.contains("in-force") && !after.contains("from 1970"),
        "{after}"
    );
}

/// Recorded at 10 s, and changed so often that two events have left the record.
fn with_history(live: &Live, record: &StateKey) {
    let status = |state, seconds: u64| Stored {
        state,
        effective_at: Millis(seconds * 1_000),
        recorded_at: Millis(seconds * 1_000),
        reason: Some(format!("at-{seconds}")),
        until: None,
    };
    let mut node = live.node();
    let event = node.world.record(record).registration;
    let past = |state, seconds| PastStatus {
        status: status(state, seconds),
        event: event.clone(),
    };
    let older = vec![past(State::Proposed, 10), past(State::Issued, 20)];
    node.world.change(record, |public| {
        public.history = (older.iter()).fold(None, |h, it| Some(Folded::and(h, SUITE, it)));
        public.past = vec![past(State::Issued, 30)];
        public.status = status(State::Reversed, 40);
        public.status_event = Some(event.clone());
    });
    // A node may have more by now than what had left the record then.
    let more = [older, vec![past(State::Issued, 30)]].concat();
    node.history.insert(*record, more);
}

fn time(seconds: u64) -> String {
    Millis(seconds * 1_000).to_string()
}

#[test]
fn a_status_is_told_at_a_time_as_it_was_known_at_another() {
    let (live, record) = Live::obedient();
    with_history(&live, &record);
    #[track_caller]
    fn check(live: &Live, at: u64, known_at: u64, state: &str, events: usize) {
        let (at, known_at) = (time(at), time(known_at));
        let typed = format!("status @1017.xml --at {at} --as-known-at {known_at}");
        let report = live.run(&typed).expect("told");
        let then = &report.json["then"];
        assert_eq!(then["state"], state, "{}", report.text);
        assert_eq!(
            (&then["at"], &then["as_known_at"]),
            (&at.into(), &known_at.into())
        );
        assert_eq!(then["events"].as_array().map(Vec::len), Some(events));
    }
    check(&live, 5, 99, "unknown", 4);
    check(&live, 15, 99, "proposed", 4);
    check(&live, 25, 15, "proposed", 1);
    check(&live, 25, 25, "in-force", 2);
    check(&live, 45, 35, "in-force", 3);
    check(&live, 45, 99, "reversed", 4);
    let report = live.run(&format!("status @1017.xml --at {} --lang zh", time(45)));
    let report = report.expect("told");
    assert!(
        report.text.contains("已红冲") && report.text.contains("at-10"),
        "{}",
        report.text
    );
    let unknown = live
        .run(&format!("status @1017.xml --at {}", time(5)))
        .expect("told");
    assert_eq!(unknown.exit, Exit::CouldNotTell);
    // A day is its end in the zone of the type: 1970-01-02 ends there at 16:00 UTC.
    let day = live.run("status @1017.xml --at 1970-01-02").expect("told");
    assert_eq!(day.json["then"]["at"], "1970-01-02T15:59:59Z");
}

#[test]
fn a_history_that_is_not_the_records_is_not_believed() {
    let (live, record) = Live::obedient();
    with_history(&live, &record);
    live.node().history.entry(record).or_default()[0]
        .status
        .state = State::Issued;
    let needs_it = format!("status @1017.xml --at {}", time(15));
    assert!(matches!(
        live.run(&needs_it),
        Err(Failure::Unreachable { .. })
    ));
    // Where the record itself tells, the answer stands, and that something is missing is told.
    let report = live
        .run(&format!("status @1017.xml --at {}", time(45)))
        .expect("told");
    assert_eq!(report.json["then"]["state"], "reversed");
    assert!(report.text.contains("not the record's"), "{}", report.text);
}

#[test]
fn everything_that_a_record_says_is_told_in_both_languages() {
    let (live, record) = Live::obedient();
    let other = StateKey([9; 32]);
    let soon = crate::now().plus(1_000_000);
    live.node().world.change(&record, |public| {
        public.status.state = State::PartlyReversed;
        public.status_event = Some(public.registration.clone());
        public.supervisor = Some("gd-finance".to_owned());
        public.archived_at = Some(Millis(7_000));
        public.offline = Some(OfflineIssue {
            issued_at: Millis(1_000),
            deadline: Millis(2_000),
            late: true,
        });
        public.links = vec![
            Link {
                relation: Relation::ReversedBy,
                record: other,
            },
            Link {
                relation: Relation::Replaces,
                record: other,
            },
        ];
        public.uses = vec![UseState {
            purpose: "reimburse".to_owned(),
            consumed_at: None,
            locked_until: Some(soon),
            whole: true,
            consumed_whole: false,
            unattested: true,
        }];
        public.reversal = Some(Reversal {
            stage: ReversalStage::Agreed,
            asked_by: Side::User,
            reason: "return".to_owned(),
            asked_at: Millis(3_000),
            deadline: soon,
            request: public.registration.operation,
        });
    });
    let report = live.run("status @1017.xml").expect("told");
    for text in [
        "in-force (partly-reversed)",
        "gd-finance",
        "1970-01-01T00:00:07Z",
        "registered late (until 1970-01-01T00:00:02Z)",
        "reversed-by",
        "replaces",
        &other.to_string(),
        &format!("reimburse: locked until {soon}; recorded before its issuer registered it"),
        &format!("04 both agree; return, asked at 1970-01-01T00:00:03Z, lapses at {soon}"),
    ] {
        assert!(
            report.text.contains(text),
            "{text} is not in {}",
            report.text
        );
    }
    let json = &report.json["record"];
    assert_eq!(json["uses"][0]["now"], "locked");
    assert_eq!(json["links"][0]["relation"], "reversed-by");
    assert_eq!(json["links"][1]["record"], other.to_string());
    assert_eq!(json["reversal"]["code"], "04");
    assert_eq!(json["reversal"]["asked_by"], "user");
    assert_eq!(json["offline"]["late"], true);
    assert_eq!(json["supervisor"], "gd-finance");
    assert_eq!(json["archived_at"], "1970-01-01T00:00:07Z");
    let zh = live.run("status @1017.xml --lang zh").expect("told").text;
    for text in [
        "有效 (已部分红冲)",
        "监管机构",
        "逾期登记",
        "红冲发票为",
        "已锁定至",
        "04 购销双方已确认",
        "归档时间",
    ] {
        assert!(zh.contains(text), "{text} is not in {zh}");
    }
    // Known by its use alone.
    live.node()
        .world
        .change(&record, |public| public.status.state = State::Unattested);
    let report = live.run("status @1017.xml").expect("told");
    assert!(
        report.text.contains("no issuer has registered it"),
        "{}",
        report.text
    );
    assert_eq!(report.json["record"]["unattested"], true);
}

#[test]
fn a_file_that_is_not_registered_is_told_from_one_that_is() {
    let (live, record) = Live::obedient();
    let own = live.run("status @1017.xml").expect("told");
    assert_eq!(own.json["file_is_registered"], true);
    live.write("print.xml", &sample("renditions/cii-guangzhou-1017.xml"));
    let typed = format!("status @print.xml --record {record}");
    let other = live.run(&typed).expect("told");
    assert_eq!(other.json["file_is_registered"], false);
    assert!(
        other.text.contains("none of the registered ones"),
        "{}",
        other.text
    );
    let no_file = live
        .run(&format!("status --record {record}"))
        .expect("told");
    assert!(no_file.json["file_is_registered"].is_null());
}
