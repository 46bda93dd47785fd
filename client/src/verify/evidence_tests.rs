//! [`hefu_proof::verify()`] over evidence of a network in memory, and the commands that carry it.

use crate::document::Document;
use crate::say::Exit;
use crate::testing::{sample, Live, World, SUITE};
use hefu_proof::certificate::StatusCertificate;
use hefu_proof::memory::Memory;
use hefu_proof::receipt::Receipt;
use hefu_proof::verdict::{Answer, Match};
use hefu_proof::verify::{verify, Evidence, Piece, Request, Subject, Verification};
use hefu_types::record::UseState;
use hefu_types::{key, Code, Millis, StateKey};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

struct Desk {
    world: World,
    receipt: Receipt,
    record: StateKey,
    subject: Subject,
}

impl Desk {
    fn new() -> Self {
        let mut world = World::new();
        let receipt = world.register("invoice", &sample(UBL));
        let record = world.planned("invoice", &sample(UBL)).record;
        let subject = Document::of(&sample(UBL), SUITE).subject(None, None);
        Self {
            world,
            receipt,
            record,
            subject,
        }
    }

    fn certificate(&self, more: &[StateKey]) -> StatusCertificate {
        let keys = [&[self.record], more].concat();
        self.world.certificate(&keys, crate::now())
    }

    fn agency(&self) -> StateKey {
        key::agency(SUITE, "gd-tax")
    }

    fn memory(&self) -> Memory {
        Memory::new(&self.world.network)
    }

    fn judge(&self, memory: &Memory, evidence: &Evidence) -> Verification {
        let request = Request::at(crate::now());
        verify(
            &self.world.network,
            memory,
            &self.subject,
            evidence,
            &request,
        )
    }
}

fn certificates(certificates: Vec<StatusCertificate>) -> Evidence {
    Evidence {
        certificates,
        ..Evidence::default()
    }
}

fn receipts(receipts: Vec<Receipt>) -> Evidence {
    Evidence {
        receipts,
        ..Evidence::default()
    }
}

fn answers(verification: &Verification) -> Vec<(&'static str, Answer)> {
    let dimensions = verification.verdict.dimensions.iter();
    dimensions.map(|d| (d.name, d.answer)).collect()
}

fn said<'a>(verification: &'a Verification, name: &str) -> &'a str {
    let mut dimensions = verification.verdict.dimensions.iter();
    &dimensions
        .find(|d| d.name == name)
        .expect("it is told")
        .said
        .en
}

#[track_caller]
fn refused(verification: &Verification, which: Piece, reason: &str) {
    let found: Vec<_> = verification
        .refused
        .iter()
        .map(|r| (r.which, r.reason))
        .collect();
    assert_eq!(found, [(which, reason)]);
}

#[test]
fn a_short_certificate_says_what_the_long_one_says() {
    let mut desk = Desk::new();
    let halted = key::clock(SUITE);
    let kid = desk.world.agency.file.key_id;
    let at = [desk.agency(), halted, key::public_key(SUITE, &kid)];
    for is_locked in [false, true] {
        if is_locked {
            let until = Millis(crate::now().0 + Millis::HOUR);
            let used = UseState {
                purpose: "reimburse".into(),
                consumed_at: None,
                locked_until: Some(until),
                whole: true,
                consumed_whole: false,
                unattested: false,
            };
            desk.world
                .change(&desk.record, |public| public.uses = vec![used]);
        }
        let long = desk.certificate(&at);
        let short = long
            .short(&desk.world.network, &desk.record)
            .expect("it holds");
        // The clock only where a deadline counts on it.
        assert_eq!(short.leaves.len(), 1 + usize::from(is_locked));
        assert!(short.encode().len() < long.encode().len());
        let read = StatusCertificate::decode(&short.encode()).expect("just written");
        let of_long = desk.judge(&desk.memory(), &certificates(vec![long]));
        let of_short = desk.judge(&desk.memory(), &certificates(vec![read]));
        assert_eq!(answers(&of_short), answers(&of_long));
        assert_eq!(of_short.verdict.overall(), Answer::Yes);
        assert_eq!(of_short.as_of(), of_long.as_of());
        assert!(said(&of_long, "issuer").contains("Guangdong Tax"));
        let issuer = said(&of_short, "issuer");
        assert!(
            issuer.contains("gd-tax") && issuer.contains("not proven here"),
            "{issuer}"
        );
    }
    let other = StateKey([9; 32]);
    let error = desk.certificate(&[]).short(&desk.world.network, &other);
    assert_eq!(error.map_err(|e| e.reason()), Err("not-proven"));
}

#[test]
fn a_catalogue_names_the_agency_and_tells_its_age() {
    let mut desk = Desk::new();
    let yesterday = Millis(crate::now().0 - 20 * Millis::HOUR);
    let catalogue = desk.world.certificate(&[desk.agency()], yesterday);
    desk.world.change(&desk.record, |_| {});
    let evidence = Evidence {
        certificates: vec![desk.certificate(&[])],
        catalogue: vec![catalogue],
        ..Evidence::default()
    };
    let judged = desk.judge(&desk.memory(), &evidence);
    assert_eq!(judged.verdict.overall(), Answer::Yes);
    assert!(said(&judged, "issuer").contains("Guangdong Tax"));
    let issuer = &judged.verdict.dimensions[1];
    assert!(issuer.details[0].said.en.contains("by the catalogue as of"));
    // It never says what a document is.
    let evidence = Evidence {
        catalogue: vec![desk.certificate(&[])],
        ..Evidence::default()
    };
    let judged = desk.judge(&desk.memory(), &evidence);
    assert_eq!(answers(&judged), [("document", Answer::CouldNotTell)]);
}

#[test]
fn beyond_the_trust_period_nothing_is_believed() {
    let desk = Desk::new();
    let evidence = receipts(vec![desk.receipt.clone()]);
    let ask = |memory: &Memory, change: &dyn Fn(&mut Request)| {
        let mut request = Request::at(crate::now());
        request.trust_period_ms = Millis::HOUR;
        change(&mut request);
        verify(
            &desk.world.network,
            memory,
            &desk.subject,
            &evidence,
            &request,
        )
    };
    // The network began a day ago, and nothing was heard of it since.
    let late = ask(&desk.memory(), &|_| {});
    assert!(answers(&late)
        .iter()
        .all(|(_, answer)| *answer == Answer::CouldNotTell));
    assert_eq!(
        answers(&late).last(),
        Some(&("trust", Answer::CouldNotTell))
    );
    assert!(said(&late, "trust").contains("--memory"));
    assert_eq!(
        late.memory,
        desk.memory(),
        "what is not believed teaches nothing"
    );
    // A witness, a longer period, or a memory that saw the network lately.
    let witnessed = ask(&desk.memory(), &|request| {
        request.anchor = Some(crate::now())
    });
    assert_eq!(witnessed.verdict.overall(), Answer::Yes);
    assert!(answers(&witnessed).iter().all(|(name, _)| *name != "trust"));
    let patient = ask(&desk.memory(), &|request| {
        request.trust_period_ms = 48 * Millis::HOUR
    });
    assert_eq!(patient.verdict.overall(), Answer::Yes);
    let again = ask(&witnessed.memory, &|_| {});
    assert_eq!(again.verdict.overall(), Answer::Yes);
}

#[test]
fn what_contradicts_the_memory_is_refused_and_the_rest_judges() {
    let mut desk = Desk::new();
    let mut forger = Desk::new();
    desk.world.change(&desk.record, |_| {});
    let later = Millis(crate::now().0 + 1_000);
    forger.world.change(&forger.record, |public| {
        public.status.state = hefu_types::record::State::Cancelled;
    });
    let good = desk.certificate(&[]);
    let forged = forger.world.certificate(&[forger.record], later);
    let first = desk.judge(&desk.memory(), &certificates(vec![good.clone()]));
    assert_eq!(first.verdict.overall(), Answer::Yes);
    // Restored from what was stored, alone and beside the honest one.
    let stored = first.memory.encode();
    let memory = Memory::decode(&stored, desk.world.network.digest()).expect("just stored");
    let judged = desk.judge(&memory, &certificates(vec![forged.clone()]));
    assert_eq!(judged.verdict.overall(), Answer::CouldNotTell);
    refused(&judged, Piece::Certificate(0), "equivocation");
    assert_eq!(judged.refused[0].code, Some(Code::BadProof));
    let judged = desk.judge(&memory, &certificates(vec![forged.clone(), good]));
    refused(&judged, Piece::Certificate(0), "equivocation");
    assert_eq!(judged.verdict.overall(), Answer::Yes);
    // Who remembers nothing sees that two pieces of evidence contradict each other.
    let both = certificates(vec![desk.certificate(&[]), forged]);
    refused(
        &desk.judge(&desk.memory(), &both),
        Piece::Certificate(1),
        "equivocation",
    );
}

#[test]
fn each_piece_that_does_not_hold_has_its_reason() {
    let desk = Desk::new();
    type Change = fn(&mut Receipt);
    let changes: [(&str, Change); 6] = [
        ("bad-cosignature", |r| {
            r.certificate.checkpoint.checkpoint.height += 1
        }),
        ("no-quorum", |r| {
            r.certificate.checkpoint.cosignatures.clear()
        }),
        ("other-network", |r| r.certificate.network.0[0] ^= 1),
        ("unknown-format", |r| r.certificate.format = 1),
        ("leaves-not-ascending", |r| r.certificate.leaves.swap(0, 1)),
        ("other-root", |r| r.operation.entry_path[0].0[0] ^= 1),
    ];
    for (reason, change) in changes {
        let mut receipt = desk.receipt.clone();
        change(&mut receipt);
        let judged = desk.judge(
            &desk.memory(),
            &receipts(vec![receipt, desk.receipt.clone()]),
        );
        refused(&judged, Piece::Receipt(0), reason);
        assert_eq!(judged.verdict.overall(), Answer::Yes, "the good one judges");
    }
    // It holds, and is of something else: no code, and nothing is said of this document.
    let mut other = Desk::new();
    other.subject =
        Document::of(&sample("invoices/ubl-shenzhen-3055.xml"), SUITE).subject(None, None);
    let judged = other.judge(&other.memory(), &receipts(vec![other.receipt.clone()]));
    refused(&judged, Piece::Receipt(0), "other-document");
    assert_eq!((judged.refused[0].code, judged.matched), (None, None));
    let judged = other.judge(&other.memory(), &certificates(vec![other.certificate(&[])]));
    refused(&judged, Piece::Certificate(0), "other-document");
}

#[test]
fn a_number_without_a_file_finds_the_record_and_compares_nothing() {
    let mut desk = Desk::new();
    let said = desk.subject.said.clone();
    desk.subject = Subject {
        typed: said,
        ..Subject::default()
    };
    let judged = desk.judge(&desk.memory(), &certificates(vec![desk.certificate(&[])]));
    assert_eq!(judged.matched, Some(Match::NoFile));
    assert_eq!(
        judged.found.as_ref().map(|found| found.key),
        Some(desk.record)
    );
    let status = answers(&judged)
        .into_iter()
        .find(|(name, _)| *name == "status");
    assert_eq!(status, Some(("status", Answer::Yes)));
    assert_eq!(judged.verdict.overall(), Answer::CouldNotTell);
    desk.subject = Subject::default();
    let judged = desk.judge(&desk.memory(), &Evidence::default());
    assert_eq!(answers(&judged), [("document", Answer::CouldNotTell)]);
}

#[test]
fn a_short_certificate_that_was_saved_verifies_offline() {
    let (live, _) = Live::obedient();
    std::fs::remove_file(live.path("1017.xml.receipt")).expect("it was there");
    let size = |name: &str| std::fs::metadata(live.path(name)).expect("written").len();
    live.run("status @1017.xml --save @long.cert")
        .expect("asked");
    live.run("status @1017.xml --save @short.cert --short")
        .expect("asked");
    assert!(size("short.cert") < size("long.cert"));
    for name in ["long.cert", "short.cert"] {
        let report = live.run(&format!(
            "verify --lang en --offline --receipt @{name} @1017.xml"
        ));
        let report = report.expect("judged");
        assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    }
    // Of another file it says nothing.
    live.write("other.xml", &sample("invoices/ubl-shenzhen-3055.xml"));
    let report = live.run("verify --lang en --offline --receipt @short.cert @other.xml");
    let report = report.expect("judged");
    assert_eq!(report.exit, Exit::CouldNotTell, "{}", report.text);
    assert!(
        report.text.contains("is of another document"),
        "{}",
        report.text
    );
}

#[test]
fn commands_keep_what_they_saw_and_say_what_is_wrong_with_it() {
    let (live, record) = Live::obedient();
    let verify = "verify --lang en --memory @kept.memory @1017.xml";
    let first = live.run(verify).expect("judged");
    assert_eq!(first.exit, Exit::Yes, "{}", first.text);
    assert!(
        first.text.contains("nothing is remembered"),
        "{}",
        first.text
    );
    let second = live.run(verify).expect("judged");
    assert!(!second.text.contains("warning"), "{}", second.text);
    // The same network, restored by somebody to an earlier height, tells another history.
    live.node().world.change(&record, |_| {});
    assert_eq!(live.run(verify).expect("judged").exit, Exit::Yes);
    live.node().world.forget();
    let report = live.run("verify --lang en --memory @kept.memory --offline @1017.xml");
    assert_eq!(
        report.expect("judged").exit,
        Exit::Yes,
        "an old receipt stays good"
    );
    let failure = live.run("status --lang en --memory @kept.memory @1017.xml");
    let told = format!("{:?}", failure.expect_err("the only node lies"));
    assert!(told.contains("contradicts what was seen"), "{told}");
    // Damaged: judged all the same, warned, and left as it is.
    live.write("kept.memory", b"damaged");
    let report = live.run(verify).expect("judged");
    assert!(report.text.contains("cannot be used"), "{}", report.text);
    assert_eq!(
        std::fs::read(live.path("kept.memory")).expect("there"),
        b"damaged"
    );
}
