use crate::failure::Failure;
use crate::lookup::open_receipt;
use crate::say::{Exit, Report};
use crate::testing::{Live, World, SUITE};
use hefu_types::leaf::{
    Condition, DigestLeaf, FactField, LendingRules, PurposeRules, RecognitionLeaf, RecognitionRule,
};
use hefu_types::operation::{self, consent_preimage, HolderConsent, Operation, Register, UseRight};
use hefu_types::profile::Profile;
use hefu_types::record::{CopyTerms, Event, Link, PublicPart, Relation, State, Status};
use hefu_types::{key, Code, Millis, OperationId, StateKey};

/// The holder is the buyer's company, so that its key opens the named right.
const LICENCE: &str = r#"{ "hefu": "licence", "legal_issuer": "11520100MBHEFU0243", "number": "JY1",
    "class": "food-business", "facts": { "holder": "样例食品店 91520111MAHEFU071J", "grade": "二级",
    "scope": "热食类食品制售", "valid-from": "2026-03-01", "valid-until": "2031-02-28" } }"#;

fn renewed() -> String {
    LICENCE.replace("JY1", "JY2").replace("2031", "2036")
}

/// What the agency writes on the copy.
fn annotated() -> String {
    LICENCE.replace("\"facts\": {", "\"facts\": { \"note\": \"仅供贷款使用\",")
}

/// A world with licences that have open facts, are lent with consent, and are used.
fn world() -> World {
    World::with(|genesis| {
        let field = |name: &str, zh: &str, open| FactField {
            name: name.into(),
            name_zh: zh.into(),
            name_en: name.into(),
            open,
        };
        let rules = &mut genesis.types[1];
        rules.facts = vec![
            field("holder", "持有者", true),
            field("grade", "等级", true),
            field("scope", "范围", false),
        ];
        rules.lending = Some(LendingRules {
            ms_max: 30 * 24 * Millis::HOUR,
            consent: true,
        });
        rules.purposes = vec![PurposeRules::new("permit")];
    })
}

/// The record that an operation writes, without any of the rules: tests of those are elsewhere.
fn obey(world: &mut World, operation: &Operation, event: &Event) -> Result<(), Code> {
    let now = event.block_time;
    let mut end = |record: &StateKey, state, change: &dyn Fn(&mut PublicPart)| {
        world.change(record, |public| {
            public.status = Status::new(state, now, now);
            public.status.reason = Some("why".to_owned());
            public.status_event = Some(event.clone());
            public.event_count += 1;
            change(public);
        });
    };
    let link = |relation, record| Link { relation, record };
    match operation {
        Operation::Register(register) => write_licence(world, register, event),
        Operation::Suspend(op) => end(&op.record, State::Suspended, &|public| {
            public.status.until = op.until;
        }),
        Operation::Resume(op) => end(&op.record, State::Issued, &|_| {}),
        Operation::TransferOut(op) => end(&op.record, State::TransferredOut, &|public| {
            public.transferred_to = Some(op.to.clone());
        }),
        Operation::Renew(op) => {
            end(&op.record, State::Superseded, &|public| {
                public.links.push(link(Relation::RenewedBy, op.by));
            });
            world.change(&op.by, |public| {
                public.links.push(link(Relation::Renews, op.record));
                public.noted = Some(event.clone());
            });
        }
        Operation::TransferIn(op) => {
            for (record, relation, other) in [
                (op.from, Relation::TransferredTo, op.record),
                (op.record, Relation::TransferredFrom, op.from),
            ] {
                world.change(&record, |public| {
                    public.links.push(link(relation, other));
                    public.noted = Some(event.clone());
                });
            }
        }
        Operation::Revoke(op) => end(&op.record, State::Revoked, &|_| {}),
        Operation::Lend(op) => {
            let licence = world.record(&op.record);
            let (at, terms) = (key::copy(SUITE, &op.record, &op.terms.number), &op.terms);
            let lent_by = (event.key_id != world.agency.file.key_id).then(|| "m-buyer".to_owned());
            let copy = PublicPart {
                digests: terms.digests.clone(),
                valid_before: Some(terms.valid_before),
                copy: Some(CopyTerms {
                    of: op.record,
                    purpose: terms.purpose.clone(),
                    matter: terms.matter.clone(),
                    user: terms.user,
                    lent_by,
                }),
                ..PublicPart::new(
                    &licence.document_type,
                    &licence.agency,
                    &licence.region,
                    &licence.legal_issuer,
                    Status::new(State::Issued, now, now),
                    event.clone(),
                )
            };
            write_record(world, at, copy, event.operation);
        }
        other => panic!("{} is not of these tests", other.verb()),
    }
    Ok(())
}

fn write_record(world: &mut World, at: StateKey, record: PublicPart, operation: OperationId) {
    for digest in &record.digests {
        let leaf = DigestLeaf {
            record: at,
            operation,
            withdrawn: false,
        };
        world.put(key::digest(SUITE, digest), &leaf);
    }
    world.put_record(at, record);
}

fn write_licence(world: &mut World, register: &Register, event: &Event) {
    let number = Profile::Generic
        .check(&register.identity)
        .expect("a number");
    let now = event.block_time;
    let record = PublicPart {
        digests: register.digests.clone(),
        fact_root: register.fact_root,
        use_right: register.use_right.clone(),
        open_facts: register.open_facts.clone(),
        ..PublicPart::new(
            &register.document_type,
            "gd-tax",
            &register.region,
            &register.identity.legal_issuer,
            Status::new(State::Issued, now, now),
            event.clone(),
        )
    };
    write_record(world, key::record(SUITE, &number), record, event.operation);
}

/// The licence is registered, with its file and its receipt in the folder.
fn desk() -> (Live, StateKey) {
    let mut world = world();
    let receipt = world.register("licence", LICENCE.as_bytes());
    let record = world.planned("licence", LICENCE.as_bytes()).record;
    let live = Live::start(world, std::slice::from_ref(&receipt), obey);
    live.write("licence.json", LICENCE.as_bytes());
    live.write("licence.json.receipt", &receipt.encode());
    live.write("renewed.json", renewed().as_bytes());
    live.write("annotated.json", annotated().as_bytes());
    (live, record)
}

fn run(live: &Live, typed: &str) -> Report {
    live.run(typed)
        .unwrap_or_else(|why| panic!("{typed}: {why:?}"))
}

#[track_caller]
fn says(report: &Report, exit: Exit, texts: &[&str]) {
    assert_eq!(report.exit, exit, "{}", report.text);
    for text in texts {
        assert!(
            report.text.contains(text),
            "{text:?} is not in:\n{}",
            report.text
        );
    }
}

#[test]
fn each_verb_of_a_licence_signs_its_own_operation() {
    let (live, record) = Live::obedient();
    let reason = || "inspection".to_owned();
    let rows = [
        (
            "suspend @1017.xml --reason inspection --until 2026-12-31",
            Operation::Suspend(operation::Suspend {
                record,
                reason: reason(),
                // With that day, in China.
                until: Some(Millis(1_798_732_800_000)),
            }),
        ),
        (
            "resume @1017.xml --reason inspection",
            Operation::Resume(operation::Resume {
                record,
                reason: reason(),
            }),
        ),
        (
            "annul @1017.xml --reason inspection --effective-at 2026-12-01T00:00:00+08:00",
            Operation::Annul(operation::Annul {
                record,
                reason: reason(),
                effective_at: Some(Millis(1_796_054_400_000)),
            }),
        ),
        (
            "transfer-out @1017.xml --reason inspection --to zhejiang",
            Operation::TransferOut(operation::TransferOut {
                record,
                to: "zhejiang".to_owned(),
                reason: reason(),
            }),
        ),
        (
            "cancel-transfer @1017.xml --reason inspection",
            Operation::CancelTransfer(operation::CancelTransfer {
                record,
                reason: reason(),
            }),
        ),
    ];
    for (typed, expected) in rows {
        let report = run(
            &live,
            &format!("{typed} --key @agency.json --out @done.receipt"),
        );
        says(&report, Exit::Yes, &["done"]);
        assert_eq!(report.json["command"], expected.verb());
        let node = live.node();
        assert_eq!(node.came.last(), Some(&expected), "{typed}");
        let receipt = open_receipt(&live.path("done.receipt"), &node.world.network).expect(typed);
        assert_eq!(*receipt.operation(), expected);
    }
    let nowhere = live.run("transfer-out @1017.xml --reason x --to mars --key @agency.json");
    assert!(matches!(nowhere, Err(Failure::Asked(_))));
}

#[test]
fn a_renewed_licence_is_registered_and_cites_the_old_one_in_one_statement() {
    let (live, old) = desk();
    let typed =
        "renew @licence.json @renewed.json --reason renewal --key @agency.json --receipts @r";
    let report = run(&live, typed);
    says(
        &report,
        Exit::Yes,
        &["renew: done", "superseded", "renewed-by", "renews"],
    );
    let new: StateKey = (report.json["new"]["key"].as_str())
        .and_then(|key| key.parse().ok())
        .expect("the new record");
    let came = live.node().came.clone();
    let [Operation::Register(register), Operation::Renew(renew)] = came.as_slice() else {
        panic!("{came:?}")
    };
    assert_eq!((renew.record, renew.by), (old, new));
    assert_eq!(register.region, "guangdong");
    assert_eq!(register.open_facts.len(), 2);
    // The holder's receipt opens the facts, and the other one is of the renewal.
    let network = live.node().world.network.clone();
    let own = open_receipt(&live.path("r/renewed.json.receipt"), &network).expect("written");
    assert!(own.disclosed().open_facts().count() > 0);
    let bound = open_receipt(&live.path("r/renewed.json.renew.receipt"), &network);
    assert_eq!(bound.expect("written").record_key(), old);

    // Again, and under its number: nothing is done twice.
    let by_number = typed.replace("@licence.json", "JY1");
    for typed in [typed, &by_number] {
        let again = run(&live, typed);
        assert_eq!(again.json["operation"], report.json["operation"]);
    }
    assert_eq!(live.node().came.len(), 2);

    let verified = run(&live, "verify @licence.json");
    says(
        &verified,
        Exit::No,
        &[
            "4003",
            "superseded",
            "ask for the licence that took its place: JY2",
        ],
    );
    let status = run(&live, "status @licence.json");
    says(
        &status,
        Exit::Yes,
        &["renewed-by", "national state code  99"],
    );
}

#[test]
fn a_licence_that_is_registered_already_is_only_bound() {
    let (live, _) = desk();
    let register = "register @renewed.json --type licence --key @agency.json --receipts @before";
    says(&run(&live, register), Exit::Yes, &["registered"]);
    let renew = "renew @licence.json @renewed.json --reason x --key @agency.json --receipts @r";
    says(&run(&live, renew), Exit::Yes, &["renew: done"]);
    let came = live.node().came.clone();
    assert!(matches!(
        came.as_slice(),
        [Operation::Register(_), Operation::Renew(_)]
    ));
    // A licence does not renew itself.
    let itself = "renew @licence.json @licence.json --reason x --key @agency.json --receipts @r";
    assert!(matches!(live.run(itself), Err(Failure::Asked(_))));
}

#[test]
fn a_licence_moves_to_another_region_and_is_told_where_it_went() {
    let (live, old) = desk();
    let out = "transfer-out @licence.json --to zhejiang --reason relocation --key @agency.json";
    says(
        &run(&live, out),
        Exit::Yes,
        &[
            "transferred-out to zhejiang, which has not taken it in yet",
            "national state code  06",
        ],
    );
    let gone = run(&live, "verify @licence.json");
    says(&gone, Exit::No, &["4003", "transferred to zhejiang since"]);
    let take_in = "transfer-in @renewed.json --from @licence.json --key @agency.json --receipts @r";
    says(
        &run(&live, take_in),
        Exit::Yes,
        &["transfer-in: done", "transferred-from"],
    );
    let came = live.node().came.clone();
    let [.., Operation::Register(register), Operation::TransferIn(taken)] = came.as_slice() else {
        panic!("{came:?}")
    };
    assert_eq!((register.region.as_str(), taken.from), ("zhejiang", old));
    let status = run(&live, "status @licence.json");
    says(
        &status,
        Exit::Yes,
        &["zhejiang, which has taken it in", "transferred-to"],
    );
    let zh = run(&live, "status @licence.json --lang zh");
    says(
        &zh,
        Exit::Yes,
        &["已转出至 zhejiang，已转入", "国家状态代码"],
    );
    let verified = run(&live, "verify @licence.json");
    says(
        &verified,
        Exit::No,
        &["it was taken in as JY2 of 11520100MBHEFU0243"],
    );
}

#[test]
fn a_suspension_ends_by_itself_and_is_told_as_past() {
    let (live, record) = desk();
    run(
        &live,
        "suspend @licence.json --reason inspection --key @agency.json",
    );
    let report = run(&live, "verify @licence.json");
    says(
        &report,
        Exit::No,
        &["NOT VALID: not in force", "suspended since"],
    );
    let status = run(&live, "status @licence.json");
    says(
        &status,
        Exit::Yes,
        &["suspended until it is resumed", "national state code  02"],
    );
    let until = Millis(crate::now().0 - 1_000);
    (live.node().world).change(&record, |public| public.status.until = Some(until));
    let past = format!("was suspended until {until}");
    says(
        &run(&live, "verify @licence.json"),
        Exit::Yes,
        &["VALID", &past],
    );
    let status = run(&live, "status @licence.json");
    says(
        &status,
        Exit::Yes,
        &[&format!("in-force ({past})"), "national state code  01"],
    );
    assert_eq!(status.json["record"]["state_now"], "in-force");
}

/// The codes of the national interface, as `hefu status` tells them.
#[test]
fn each_state_has_its_national_code() {
    let (live, record) = desk();
    let now = crate::now();
    let ends = |state| move |public: &mut PublicPart| public.status.state = state;
    type Row = (&'static str, Box<dyn FnOnce(&mut PublicPart)>);
    let rows: Vec<Row> = vec![
        ("01", Box::new(|_| {})),
        ("02", Box::new(ends(State::Suspended))),
        ("03", Box::new(ends(State::Annulled))),
        ("04", Box::new(ends(State::Cancelled))),
        ("06", Box::new(ends(State::TransferredOut))),
        ("07", Box::new(ends(State::Revoked))),
        ("99", Box::new(ends(State::Superseded))),
        (
            "05",
            Box::new(|public| {
                public.status.state = State::Issued;
                public.valid_before = Some(Millis(2_000));
            }),
        ),
        (
            "99",
            Box::new(move |public| {
                public.valid_before = None;
                public.valid_from = Some(now.plus(1_000_000));
            }),
        ),
    ];
    for (code, change) in rows {
        live.node().world.change(&record, change);
        let status = run(&live, "status @licence.json");
        assert_eq!(
            status.json["record"]["licence_code"], code,
            "{}",
            status.text
        );
        let row = format!("national state code  {code}");
        says(&status, Exit::Yes, &[&row]);
    }
}

const LEND: &str =
    "lend @licence.json --copy @annotated.json --purpose loan --matter 000131002000 \
                    --user 样例银行 --for 2h --key";

/// The licence is registered for whoever holds its claim, which lies in the folder.
fn with_claim() -> (Live, StateKey) {
    let mut world = world();
    world.register("licence", LICENCE.as_bytes());
    let record = world.planned("licence", LICENCE.as_bytes()).record;
    let seed = hefu_types::Hash([8; 32]);
    let public = crate::claim::public_key(SUITE, &seed);
    world.change(&record, |public_part| {
        public_part.use_right = Some(UseRight::ClaimKey(public));
    });
    let claim = hefu_wire::ClaimFile {
        network: world.network.digest(),
        record,
        seed,
    };
    let live = Live::start(world, &[], obey);
    live.write("licence.json", LICENCE.as_bytes());
    live.write("annotated.json", annotated().as_bytes());
    live.write("claim", &serde_json::to_vec(&claim).expect("plain JSON"));
    (live, record)
}

#[test]
fn a_copy_is_told_as_what_it_is_and_for_whom() {
    let (live, record) = desk();
    let lent = run(&live, &format!("{LEND} @agency.json"));
    says(
        &lent,
        Exit::Yes,
        &[
            "a copy for one use, not the licence itself",
            "样例银行",
            "annotated.json.copy.json",
        ],
    );
    let receipt = live.path("annotated.json.receipt");
    let receipt = open_receipt(&receipt, &live.node().world.network).expect("it holds");
    assert_ne!(
        receipt.record_key(),
        record,
        "a copy has a record of its own"
    );

    let verified = run(&live, "verify @annotated.json");
    says(
        &verified,
        Exit::Yes,
        &[
            "VALID COPY: lent for one use",
            "it is not the licence itself",
            "lent for loan (matter 000131002000) by Guangdong Tax",
            "the licence that it was made of is in force",
            "made for 样例银行 alone: accept it only if that is you",
            "grade: 二级 (the file says the same)",
        ],
    );
    assert!(
        !verified.text.contains("VALID: authentic"),
        "{}",
        verified.text
    );
    says(
        &run(&live, "verify @annotated.json --user 样例银行"),
        Exit::Yes,
        &["made for 样例银行, for loan"],
    );
    says(
        &run(&live, "verify @annotated.json --user 另一银行"),
        Exit::No,
        &["6012", "lent to somebody else"],
    );
    let zh = run(&live, "verify @annotated.json --lang zh");
    says(
        &zh,
        Exit::Yes,
        &["加注件有效", "不是许可原件", "用于loan", "原许可有效"],
    );

    // Without the copy file nobody can say for whom it was made.
    std::fs::rename(live.path("annotated.json.copy.json"), live.path("kept")).expect("moved");
    says(
        &run(&live, "verify @annotated.json"),
        Exit::CouldNotTell,
        &["give it with --copy"],
    );
    says(
        &run(&live, "verify @annotated.json --copy @kept"),
        Exit::Yes,
        &["样例银行"],
    );
    let altered = std::fs::read_to_string(live.path("kept")).expect("text");
    live.write(
        "altered",
        altered.replace("样例银行", "另一银行").as_bytes(),
    );
    says(
        &run(
            &live,
            "verify @annotated.json --copy @altered --user 另一银行",
        ),
        Exit::CouldNotTell,
        &["does not open for whom"],
    );

    // Its status tells that of its licence, too, and nobody uses a copy.
    let status = run(&live, "status @annotated.json");
    says(
        &status,
        Exit::Yes,
        &[
            "the licence that the copy was made of:",
            "national state code  01",
        ],
    );
    assert_eq!(status.json["record"]["copy"]["purpose"], "loan");
    assert_eq!(status.json["record"]["licence"]["key"], record.to_string());
}

#[test]
fn a_copy_ends_with_its_licence_or_alone() {
    let (live, _) = desk();
    run(&live, &format!("{LEND} @agency.json"));
    run(
        &live,
        "suspend @licence.json --reason inspection --key @agency.json",
    );
    says(
        &run(&live, "verify @annotated.json"),
        Exit::No,
        &[
            "6011",
            "a copy of a licence that is not in force",
            "suspended since",
        ],
    );
    let status = run(&live, "status @annotated.json");
    says(&status, Exit::Yes, &["is NOT in force, so the copy is not"]);
    assert_eq!(status.json["record"]["licence_in_force"], false);
    run(
        &live,
        "resume @licence.json --reason mended --key @agency.json",
    );
    says(
        &run(&live, "verify @annotated.json"),
        Exit::Yes,
        &["VALID COPY"],
    );
    says(
        &run(
            &live,
            "revoke @annotated.json --reason lost --key @agency.json",
        ),
        Exit::Yes,
        &["revoke: done", "revoked"],
    );
    says(
        &run(&live, "verify @annotated.json"),
        Exit::No,
        &["NOT VALID: not in force", "revoked"],
    );
    says(
        &run(&live, "verify @licence.json"),
        Exit::Yes,
        &["VALID: authentic"],
    );

    let (live, _) = desk();
    let lent = run(&live, &format!("{LEND} @agency.json"));
    let copy = lent.json["copy"]
        .as_str()
        .and_then(|key| key.parse().ok())
        .expect("a key");
    live.node()
        .world
        .change(&copy, |public| public.valid_before = Some(Millis(1_600)));
    says(
        &run(&live, "verify @annotated.json"),
        Exit::No,
        &["4004", "expired"],
    );
}

/// Whoever relies on a copy hears of it when its licence is withheld.
#[test]
fn who_watches_a_copy_watches_its_licence() {
    let (live, record) = desk();
    run(&live, &format!("{LEND} @agency.json"));
    // The receipt is of the block before: two checkpoints of one height would contradict each other.
    live.node().world.change(&record, |_| {});
    let watch = "watch @annotated.json.receipt --state @watch.state";
    says(&run(&live, watch), Exit::Yes, &[]);
    run(
        &live,
        "suspend @licence.json --reason inspection --key @agency.json",
    );
    says(
        &run(&live, watch),
        Exit::No,
        &["annotated.json.receipt (licence)", "issued -> suspended"],
    );
}

#[test]
fn a_lending_that_was_stopped_goes_on_with_the_same_copy() {
    let (live, _) = desk();
    let first = run(&live, &format!("{LEND} @agency.json"));
    let again = run(&live, &format!("{LEND} @agency.json"));
    // The ledger of these tests has no rules; the real one refuses the second as the same again.
    assert_eq!(first.json["copy"], again.json["copy"]);
    let other = format!("{LEND} @agency.json").replace("loan", "lease");
    assert!(matches!(live.run(&other), Err(Failure::BadFile { .. })));
    let itself = format!("{LEND} @agency.json").replace("@annotated.json", "@licence.json");
    assert!(matches!(live.run(&itself), Err(Failure::Asked(_))));
}

#[test]
fn what_a_holder_writes_on_its_copy_is_compared_with_the_licence() {
    let (live, _) = desk();
    says(
        &run(&live, &format!("{LEND} @buyer.json")),
        Exit::Yes,
        &["its holder, the member m-buyer"],
    );
    let came = live.node().came.clone();
    let Some(Operation::Lend(lend)) = came.last() else {
        panic!("{came:?}")
    };
    assert!(matches!(lend.consent, Some(HolderConsent::Named(_))));
    // The scope is sealed, and the copy file opens it: all that the file says is compared.
    says(
        &run(&live, "verify @annotated.json"),
        Exit::Yes,
        &[
            "VALID COPY",
            "by its holder, the member m-buyer",
            "scope: 热食类食品制售 (the file says the same)",
        ],
    );
    let copy = std::fs::read_to_string(live.path("annotated.json.copy.json")).expect("text");
    assert!(copy.contains("热食类食品制售"), "{copy}");

    // Other facts than the licence's are found out, open or sealed.
    for (name, from, to) in [("better", "二级", "一级"), ("wider", "热食类", "冷热食类")]
    {
        live.write(name, annotated().replace(from, to).as_bytes());
        let lend = format!("{LEND} @buyer.json").replace("@annotated.json", &format!("@{name}"));
        says(&run(&live, &lend), Exit::Yes, &["lend: done"]);
        let verified = run(&live, &format!("verify @{name}"));
        says(
            &verified,
            Exit::No,
            &["✗ facts", "6002", "is registered, but the file says"],
        );
    }
    // A date that reads as no day is not passed over.
    let dated = annotated().replace("2031-02-28", "长期");
    live.write("dated", dated.as_bytes());
    run(
        &live,
        &format!("{LEND} @buyer.json").replace("@annotated.json", "@dated"),
    );
    let verified = run(&live, "verify @dated");
    says(
        &verified,
        Exit::No,
        &["valid-until: 2031-02-28 is registered"],
    );
    // Facts that were made up are not those of the licence: then nothing shows the scope.
    let forged = copy.replace("热食类食品制售", "任意范围");
    live.write("forged", forged.as_bytes());
    says(
        &run(&live, "verify @annotated.json --copy @forged"),
        Exit::CouldNotTell,
        &["its holder made this copy", "scope not shown"],
    );
    // What nobody can read is compared by eye, and by no program.
    live.write("scan", b"%PDF-1.4 a picture");
    run(
        &live,
        &format!("{LEND} @buyer.json").replace("@annotated.json", "@scan"),
    );
    let scan = run(&live, "verify @scan");
    says(&scan, Exit::CouldNotTell, &["? facts", "grade: 二级"]);
}

#[test]
fn a_consent_is_signed_offline_and_serves_for_one_copy() {
    let (live, record) = with_claim();
    let typed =
        "consent --claim @claim --copy @annotated.json --purpose loan --matter 1 --user 样例银行 \
                 --until 2099-12-31 --out @consent";
    says(
        &run(&live, typed),
        Exit::Yes,
        &["You agree to this one copy", "loan", "样例银行"],
    );
    assert!(live.node().came.is_empty());
    let lend = "lend @licence.json --copy @annotated.json --consent @consent --key @agency.json";
    live.write("other.json", renewed().as_bytes());
    let other = lend.replace("@annotated.json", "@other.json");
    assert!(matches!(live.run(&other), Err(Failure::BadFile { .. })));
    // What was altered is not what the holder signed.
    let signed = std::fs::read_to_string(live.path("consent")).expect("text");
    live.write(
        "altered",
        signed.replace("\"loan\"", "\"lease\"").as_bytes(),
    );
    let altered = lend.replace("@consent", "@altered");
    assert!(matches!(live.run(&altered), Err(Failure::BadFile { .. })));
    assert!(live.node().came.is_empty());

    says(&run(&live, lend), Exit::Yes, &["lend: done", "loan"]);
    consented(&live, &record);
}

/// The last operation lends a copy with the consent of the claim key.
fn consented(live: &Live, record: &StateKey) {
    let node = live.node();
    let Some(Operation::Lend(lend)) = node.came.last() else {
        panic!("{:?}", node.came)
    };
    let Some(HolderConsent::Claim(signature)) = &lend.consent else {
        panic!("{:?}", lend.consent)
    };
    let preimage = consent_preimage(&node.world.network.digest(), record, &lend.terms);
    let key = crate::claim::public_key(SUITE, &hefu_types::Hash([8; 32]));
    assert_eq!(SUITE.verify(&key, &preimage, signature), Ok(()));
}

#[test]
fn a_holder_with_the_claim_file_lends_by_itself() {
    let (live, record) = with_claim();
    says(
        &run(&live, &format!("{LEND} @other.json --claim @claim")),
        Exit::Yes,
        &["lend: done"],
    );
    consented(&live, &record);
}

#[test]
fn the_registered_facts_stand_next_to_what_the_file_says() {
    let (live, record) = desk();
    let report = run(&live, "verify @licence.json");
    says(
        &report,
        Exit::Yes,
        &[
            "✓ facts",
            "holder: 样例食品店 91520111MAHEFU071J (the file says the same)",
            "grade: 二级 (the file says the same)",
        ],
    );
    let facts = (report.json["documents"][0]["dimensions"].as_array())
        .and_then(|all| all.iter().find(|one| one["name"] == "facts"))
        .expect("told");
    assert_eq!(facts["details"][0]["answer"], "yes");
    assert_eq!(
        report.json["documents"][0]["open_facts"][1]["value"],
        "二级"
    );
    let zh = run(&live, "verify @licence.json --lang zh");
    says(&zh, Exit::Yes, &["事实", "等级：二级（与文件一致）"]);
    // A copy of the file with another grade is found out without any receipt.
    live.write("better.json", LICENCE.replace("二级", "一级").as_bytes());
    says(
        &run(&live, "verify @better.json"),
        Exit::No,
        &["6002", "grade: 二级 is registered, but the file says 一级"],
    );
    // Saved again, it agrees, and is not the registered file.
    live.write("again.json", LICENCE.replace("    ", "").as_bytes());
    let again = run(&live, "verify @again.json");
    says(
        &again,
        Exit::CouldNotTell,
        &["the registered facts agree with it (holder, grade)"],
    );
    // The agency may lengthen a licence without writing it anew: the ledger's day counts.
    let end: hefu_types::time::Day = "2032-02-29".parse().expect("a day");
    live.node()
        .world
        .change(&record, |public| public.valid_before = Some(end.ends(480)));
    says(
        &run(&live, "verify @licence.json"),
        Exit::Yes,
        &["last day: 2032-02-29 counts, as its agency registered it; the file says 2031-02-28"],
    );
    let status = run(&live, "status @licence.json");
    says(&status, Exit::Yes, &["grade", "二级", "named-member"]);
}

fn rule(recognised: bool, conditions: Vec<Condition>) -> RecognitionRule {
    RecognitionRule {
        by: "zhejiang".to_owned(),
        document_type: "licence".to_owned(),
        of: "guangdong".to_owned(),
        recognised,
        citation: "浙政办发〔2026〕7号".to_owned(),
        from: Millis(1_000),
        until: None,
        conditions,
        text: "本省认可外省食品经营许可。".to_owned(),
    }
}

fn grade(any_of: &[&str]) -> Condition {
    fact("grade", any_of)
}

fn fact(name: &str, any_of: &[&str]) -> Condition {
    Condition::Fact {
        name: name.to_owned(),
        any_of: any_of.iter().map(|value| (*value).to_owned()).collect(),
    }
}

#[test]
fn a_region_recognises_by_a_rule_condition_by_condition() {
    let (live, _) = desk();
    #[track_caller]
    fn check(live: &Live, rule: Option<RecognitionRule>, typed: &str, exit: Exit, texts: &[&str]) {
        let at = key::recognition(SUITE, "zhejiang", "licence", "guangdong");
        if let Some(rule) = rule {
            let operation = OperationId([1; 32]);
            live.node()
                .world
                .put(at, &RecognitionLeaf { rule, operation });
        }
        says(&run(live, typed), exit, texts);
    }
    let typed = "verify @licence.json --region zhejiang";
    let office = "the issuing office: Guangdong Tax, counter 1";
    let cited = "浙政办发〔2026〕7号";
    check(
        &live,
        None,
        typed,
        Exit::CouldNotTell,
        &["no rule of zhejiang", office],
    );
    check(
        &live,
        None,
        "verify @licence.json --region guangdong",
        Exit::Yes,
        &["no rule is needed"],
    );
    let some = |conditions| Some(rule(true, conditions));
    check(
        &live,
        some(Vec::new()),
        typed,
        Exit::Yes,
        &[
            "VALID: authentic, in force, recognised by zhejiang",
            cited,
            "the rule: 本省认可外省食品经营许可。",
            "the rule holds since 1970-01-01T00:00:01Z",
            office,
        ],
    );
    check(
        &live,
        Some(rule(false, Vec::new())),
        typed,
        Exit::No,
        &[
            "NOT RECOGNISED",
            "6009",
            "does not recognise",
            cited,
            office,
        ],
    );
    let held = [
        grade(&["一级", "二级"]),
        Condition::RegisteredFrom(Millis(1_500)),
    ];
    check(
        &live,
        some(held.to_vec()),
        typed,
        Exit::Yes,
        &[
            "on conditions, which all hold",
            "✓ grade must be 一级 / 二级: it is 二级",
            "✓ it must be registered at or after 1970-01-01T00:00:01Z",
        ],
    );
    check(
        &live,
        some(vec![grade(&["一级"])]),
        typed,
        Exit::No,
        &["6010", "✗ grade must be 一级: but it is 二级"],
    );
    check(
        &live,
        some(vec![Condition::RegisteredFrom(Millis(1_501))]),
        typed,
        Exit::No,
        &["6010", "✗ it must be registered"],
    );
    let json = run(&live, typed).json;
    let told = &json["documents"][0]["recognition_rule"];
    assert_eq!(told["citation"], cited);
    assert_eq!(told["office"]["contact"], "counter 1");
    assert!(
        told["conditions"][0]["registered-from"].is_number(),
        "{told}"
    );
    let zh = format!("{typed} --lang zh");
    check(&live, None, &zh, Exit::No, &["不予认可", "须于"]);

    // A sealed fact is shown by the very bytes that were registered, or by a receipt; else it is asked for.
    let sealed = || some(vec![fact("scope", &["热食类食品制售"])]);
    check(&live, sealed(), typed, Exit::Yes, &["✓ scope must be"]);
    live.write("scan", b"%PDF-1.4 a picture");
    let by_number = "--number JY1 --issuer 11520100MBHEFU0243 --class food-business --type licence";
    let of_scan = format!("verify @scan --region zhejiang {by_number}");
    check(
        &live,
        None,
        &of_scan,
        Exit::CouldNotTell,
        &["? scope must be", "ask for a receipt that opens scope"],
    );
    let with_receipt = format!("{of_scan} --receipt @licence.json.receipt");
    check(
        &live,
        None,
        &with_receipt,
        Exit::CouldNotTell,
        &["✓ scope must be", "? document"],
    );

    // Its time.
    let later = crate::now().plus(1_000_000);
    let not_yet = RecognitionRule {
        from: later,
        ..rule(true, Vec::new())
    };
    check(
        &live,
        Some(not_yet),
        typed,
        Exit::CouldNotTell,
        &["is in force yet", &later.to_string()],
    );
    let over = RecognitionRule {
        until: Some(Millis(2_000)),
        ..rule(true, Vec::new())
    };
    check(
        &live,
        Some(over),
        typed,
        Exit::CouldNotTell,
        &["the last ended at 1970-01-01T00:00:02Z"],
    );
}

#[test]
fn a_copy_is_recognised_as_its_licence_is() {
    let (live, _) = desk();
    run(&live, &format!("{LEND} @agency.json"));
    let at = key::recognition(SUITE, "zhejiang", "licence", "guangdong");
    let typed = "verify @annotated.json --region zhejiang";
    for (any_of, exit, text) in [
        (["二级"], Exit::Yes, "VALID COPY"),
        (["一级"], Exit::No, "6010"),
    ] {
        let leaf = RecognitionLeaf {
            rule: rule(true, vec![grade(&any_of)]),
            operation: OperationId([1; 32]),
        };
        live.node().world.put(at, &leaf);
        says(&run(&live, typed), exit, &[text, "grade must be"]);
    }
}

/// A node that leaves the licence out of a copy's certificate is not believed: what it hides might be
/// that the licence is suspended.
#[test]
fn a_certificate_of_a_copy_without_its_licence_is_refused() {
    let (live, _) = desk();
    run(&live, &format!("{LEND} @agency.json"));
    let digest = SUITE.document_digest(annotated().as_bytes());
    let copy = live.node().came.last().and_then(|lend| match lend {
        Operation::Lend(lend) => Some(key::copy(SUITE, &lend.record, &lend.terms.number)),
        _ => None,
    });
    let keys = [
        key::digest(SUITE, &digest),
        copy.expect("lent"),
        key::agency(SUITE, "gd-tax"),
    ];
    let bare = live.node().world.certificate(&keys, crate::now()).encode();
    let node = crate::testing::serve(move |_| (200, bare.clone()));
    let folder = live.path("network.json");
    let folder = folder.parent().expect("a folder");
    live.node().world.network_file(folder, &[&node]);
    let refused = live.run("status @annotated.json");
    assert!(
        matches!(refused, Err(Failure::Unreachable { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_permit_is_used_up_by_whom_it_names() {
    let (live, _) = desk();
    let typed =
        "verify @licence.json --for permit --as @buyer.json --receipt @licence.json.receipt";
    says(&run(&live, typed), Exit::Yes, &["free for permit"]);
    says(
        &run(
            &live,
            "verify @licence.json --for reimburse --as @buyer.json",
        ),
        Exit::No,
        &["5004"],
    );
}
