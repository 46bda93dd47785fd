use super::*;
use crate::testing::{sample, World};
use crate::watch::state::Seen;
use hefu_types::record::{Link, PastStatus, Relation, Reversal, Side};
use hefu_types::{Digest, OperationId};

/// The block times of the two versions.
const THEN: Millis = Millis(10_000);
const NOW: Millis = Millis(20_000);

fn event(record: &PublicPart, at: u64) -> Event {
    Event {
        operation: OperationId([u8::try_from(at % 251).unwrap_or(0); 32]),
        block_time: Millis(at),
        ..record.registration.clone()
    }
}

fn used(purpose: &str, consumed_at: Option<u64>, locked_until: Option<u64>) -> UseState {
    UseState {
        purpose: purpose.into(),
        consumed_at: consumed_at.map(Millis),
        locked_until: locked_until.map(Millis),
        whole: true,
        consumed_whole: consumed_at.is_some(),
        unattested: false,
    }
}

fn asked(stage: ReversalStage) -> Reversal {
    Reversal {
        stage,
        asked_by: Side::Issuer,
        reason: "return".into(),
        asked_at: Millis(15_000),
        deadline: Millis(90_000),
        request: OperationId([7; 32]),
    }
}

fn changes_of(
    before: impl FnOnce(&mut PublicPart),
    after: impl FnOnce(&mut PublicPart),
) -> Vec<Change> {
    let mut world = World::new();
    let receipt = world.register("invoice", &sample("invoices/ubl-guangzhou-1017.xml"));
    let verified = receipt.verify(&world.network).expect("it holds");
    let known = |public: PublicPart, height, time| Known {
        public,
        seen: Seen {
            height,
            time,
            ..Seen::default()
        },
    };
    let mut was = verified.record().clone();
    before(&mut was);
    let mut is = was.clone();
    after(&mut is);
    let (was, is) = (known(was, 1, THEN), known(is, 2, NOW));
    changes(&was, &is, None, &verified.record_key(), "network.json")
}

/// One change of this kind, that says so and came at this time.
#[track_caller]
fn check(
    (what, from, to, at): (&str, &str, &str, Option<u64>),
    says: &str,
    before: impl FnOnce(&mut PublicPart),
    after: impl FnOnce(&mut PublicPart),
) -> Change {
    let found = changes_of(before, after);
    let [change] = found.as_slice() else {
        panic!("{found:?}")
    };
    let is = (change.what, change.before.as_str(), change.after.as_str());
    assert_eq!((is, change.at), ((what, from, to), at.map(Millis)));
    assert!(change.said.en.contains(says), "{}", change.said.en);
    assert!(!change.said.zh.is_ascii(), "{}", change.said.zh);
    change.clone()
}

fn status(record: &mut PublicPart, state: State, effective_at: u64) {
    record.past.push(PastStatus {
        status: record.status.clone(),
        event: record.registration.clone(),
    });
    record.status.state = state;
    record.status.reason = Some("return".into());
    record.status.effective_at = Millis(effective_at);
    record.status.recorded_at = Millis(15_000);
    record.status_event = Some(event(record, 15_000));
    record.event_count += 1;
}

#[test]
fn what_nobody_did_is_no_change() {
    assert_eq!(changes_of(|_| {}, |_| {}), []);
}

#[test]
fn each_end_of_a_document_is_told_with_its_reason() {
    for (state, word) in [
        (State::PartlyReversed, "partly-reversed"),
        (State::Reversed, "reversed"),
        (State::Replaced, "replaced"),
        (State::Cancelled, "cancelled"),
    ] {
        let says = format!("issued -> {word} since 1970-01-01T00:00:15Z (reason: return");
        let of = ("status", "issued", word, Some(15_000));
        check(of, &says, |_| {}, |record| status(record, state, 15_000));
    }
    // What is to begin later is told before it does, and again when it has.
    let of = ("status", "issued", "issued", Some(15_000));
    let says = "revoked from 1970-01-01T00:00:30Z on";
    check(of, says, |_| {}, |r| status(r, State::Revoked, 30_000));
    let of = ("status", "issued", "revoked", Some(18_000));
    check(of, "since", |r| status(r, State::Revoked, 18_000), |_| {});
}

#[test]
fn time_alone_changes_a_document_too() {
    let until = |record: &mut PublicPart| record.valid_before = Some(Millis(18_000));
    let of = ("status", "issued", "expired", Some(18_000));
    let change = check(of, "issued -> expired", until, |_| {});
    assert_eq!(change.code, Some(Code::NotInValidity));
    let locked = |record: &mut PublicPart| record.uses = vec![used("book", None, Some(18_000))];
    let of = ("use", "locked", "free", None);
    check(of, "free again for book", locked, |_| {});
    let pending = |record: &mut PublicPart| {
        record.reversal = Some(Reversal {
            deadline: Millis(18_000),
            ..asked(ReversalStage::AwaitsUser)
        });
    };
    let of = ("reversal", "02", "07", Some(18_000));
    check(of, "not answered in time", pending, |_| {});
}

#[test]
fn a_request_of_a_reversal_is_told_with_the_command_that_answers_it() {
    let of = ("reversal", "-", "02", Some(15_000));
    let ask = |record: &mut PublicPart| record.reversal = Some(asked(ReversalStage::AwaitsUser));
    let change = check(of, "until 1970-01-01T00:01:30Z", |_| {}, ask);
    assert_eq!(change.code, Some(Code::ConsentPending));
    let command = change.command.clone().expect("somebody is to answer");
    let start = "hefu reversal agree --network network.json --key member.json --record ";
    assert!(command.starts_with(start), "{command}");
    let told = change.text(Lang::En, Some(1_250));
    assert!(told.contains("[1.2 s after its block]"), "{told}");

    let of = ("reversal", "02", "04", Some(17_000));
    let agree = |record: &mut PublicPart| {
        record.reversal = Some(asked(ReversalStage::Agreed));
        record.noted = Some(event(record, 17_000));
    };
    let change = check(of, "both agree", ask, agree);
    assert_eq!(change.command, None);
}

#[test]
fn uses_are_told_as_they_come_and_go() {
    let (paid, locked) = (
        |record: &mut PublicPart| record.uses = vec![used("reimburse", Some(15_000), None)],
        |record: &mut PublicPart| record.uses = vec![used("reimburse", None, Some(90_000))],
    );
    let of = ("use", "free", "used", Some(15_000));
    check(
        of,
        "used for reimburse at 1970-01-01T00:00:15Z",
        |_| {},
        paid,
    );
    let of = ("use", "free", "locked", None);
    check(of, "until 1970-01-01T00:01:30Z", |_| {}, locked);
    let of = ("use", "locked", "used", Some(15_000));
    check(of, "used for reimburse", locked, paid);
    let of = ("use", "used", "free", None);
    check(of, "taken back", paid, |record| record.uses.clear());
}

#[test]
fn links_rights_files_and_archives_are_told() {
    let noted = |record: &mut PublicPart| record.noted = Some(event(record, 16_000));
    let of = ("link", "-", "replaced-by", Some(16_000));
    let record = StateKey([0xab; 32]);
    let relation = Relation::ReplacedBy;
    check(
        of,
        "replaced-by abab",
        |_| {},
        |public| {
            noted(public);
            public.links.push(Link { relation, record });
        },
    );
    let of = ("right", "-", "handed-on", Some(16_000));
    check(
        of,
        "handed on",
        |_| {},
        |public| {
            noted(public);
            public.use_right = None;
        },
    );
    let of = ("files", "1", "1", None);
    check(
        of,
        "1 added, 1 withdrawn",
        |_| {},
        |public| {
            public.digests = vec![Digest([7; 32])];
        },
    );
    let of = ("archive", "-", "archived", Some(16_000));
    check(
        of,
        "archived",
        |_| {},
        |public| public.archived_at = Some(Millis(16_000)),
    );
    let of = ("other", "1", "2", Some(16_000));
    check(
        of,
        "1 more events",
        |_| {},
        |public| {
            noted(public);
            public.event_count = 2;
        },
    );
}

#[test]
fn what_becomes_of_a_licence_is_told() {
    let suspended = |until: Option<u64>| {
        move |record: &mut PublicPart| {
            status(record, State::Suspended, 15_000);
            record.status.until = until.map(Millis);
        }
    };
    let found = check(
        ("status", "issued", "suspended", Some(15_000)),
        "suspended since 1970-01-01T00:00:15Z until 1970-01-01T00:01:40Z",
        |_| {},
        suspended(Some(100_000)),
    );
    assert_eq!(found.code, Some(Code::WrongState));
    // It ends by itself: nothing was recorded, and it is told all the same.
    let found = check(
        ("status", "suspended", "issued", Some(18_000)),
        "suspended -> issued since 1970-01-01T00:00:18Z",
        |record| {
            status(record, State::Suspended, 5_000);
            record.status.until = Some(Millis(18_000));
        },
        |_| {},
    );
    assert_eq!(found.code, None);
    check(
        ("status", "suspended", "issued", Some(15_000)),
        "suspended -> issued",
        |record| status(record, State::Suspended, 5_000),
        |record| status(record, State::Issued, 15_000),
    );
    check(
        ("status", "issued", "transferred-out", Some(15_000)),
        "transferred-out since 1970-01-01T00:00:15Z to zhejiang",
        |_| {},
        |record| {
            status(record, State::TransferredOut, 15_000);
            record.transferred_to = Some("zhejiang".into());
        },
    );
    check(
        ("status", "issued", "annulled", Some(15_000)),
        "annulled",
        |_| {},
        |record| status(record, State::Annulled, 15_000),
    );
    let other = StateKey([9; 32]);
    let link = move |relation| Link {
        relation,
        record: other,
    };
    check(
        ("link", "-", "transferred-to", Some(16_000)),
        "transferred-to 0909",
        |record| status(record, State::TransferredOut, 5_000),
        move |record| {
            record.links.push(link(Relation::TransferredTo));
            record.noted = Some(event(record, 16_000));
        },
    );
    let found = changes_of(
        |_| {},
        move |record| {
            status(record, State::Superseded, 15_000);
            record.links.push(link(Relation::RenewedBy));
        },
    );
    let kinds: Vec<(&str, &str)> = found
        .iter()
        .map(|change| (change.what, change.after.as_str()))
        .collect();
    assert_eq!(kinds, [("status", "superseded"), ("link", "renewed-by")]);
}
