use super::pending::Pending;
use super::*;
use crate::cli::{Cli, Command};
use crate::disk;
use crate::say::Exit;
use crate::testing::{sample, serve, Ledger, Served, World, BLINDING, SUITE};
use clap::Parser;
use hefu_proof::receipt::Receipt;
use hefu_types::operation::{self, Claim, Operation, RightProof, Share, UseRight};
use hefu_types::record::State;
use hefu_types::{Code, OperationId, StateKey};
use hefu_wire::path::{self, Beside};
use hefu_wire::{OutcomeAnswer, Problem, StatementAnswer, StatementState};
use std::path::PathBuf;

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const OPEN: &str = "invoices/ubl-shenzhen-3055.xml";
const UNKNOWN: &str = "invoices/cii-ningbo-5079.xml";

/// A folder with a ledger beside it.
struct Folder {
    folder: tempfile::TempDir,
    served: Served,
}

impl Folder {
    /// Two registered invoices, of the buyer and of the first member, and one that is not registered.
    fn new() -> Self {
        Self::of(World::new())
    }

    fn allowing_unattested() -> Self {
        Self::of(World::with_types(|rules| rules.unattested = true))
    }

    fn of(mut world: World) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let lay = |name: &str, bytes: &[u8]| {
            disk::write(&folder.path().join(name), bytes).expect("written");
        };
        lay(
            "named.receipt",
            &world.register("invoice", &sample(UBL)).encode(),
        );
        world.register("invoice", &sample(OPEN));
        let open = world.planned("invoice", &sample(OPEN)).record;
        world.change(&open, |record| {
            record.use_right = Some(UseRight::FirstMember)
        });
        for (name, sample_name) in [("named", UBL), ("open", OPEN), ("unknown", UNKNOWN)] {
            lay(name, &sample(sample_name));
        }
        for (name, key) in [
            ("buyer.json", &world.buyer),
            ("other.json", &world.other),
            ("agency.json", &world.agency),
        ] {
            lay(name, &serde_json::to_vec(&key.file).expect("plain JSON"));
        }
        let served = Ledger::new(world).served();
        served.network_file(folder.path());
        Self { folder, served }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Types a command: what begins with @ is a file in the folder.
    fn try_run(&self, line: &str) -> Result<Report, Failure> {
        let file = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => word.to_owned(),
        };
        let (verb, rest) = line.split_once(' ').expect("a verb and more");
        let begin = [
            "hefu",
            "use",
            verb,
            "--lang",
            "en",
            "--timeout",
            "2s",
            "--network",
        ];
        let words = begin.into_iter().map(str::to_owned);
        let words = words.chain([file("@network.json")]);
        let cli =
            Cli::try_parse_from(words.chain(rest.split(' ').map(file))).expect("can be typed");
        let Command::Use(command) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, command)
    }

    fn run(&self, line: &str) -> Report {
        self.try_run(line).expect("an answer")
    }

    fn statements(&self) -> usize {
        self.served.ledger().statements.len()
    }

    fn digest(name: &str) -> hefu_types::Digest {
        SUITE.document_digest(&sample(name))
    }

    fn refuse(&self, name: &str, code: Code, evidence: Option<OperationId>, detail: Option<&str>) {
        let told = (code, evidence, detail.map(str::to_owned));
        self.served
            .ledger()
            .refusals
            .insert(Self::digest(name), told);
    }

    fn last(&self) -> Operation {
        self.served
            .ledger()
            .operations()
            .pop()
            .expect("one was sent")
    }

    /// Statements that wait in the folder for their outcome.
    fn waiting(&self) -> usize {
        let entries = std::fs::read_dir(self.path("used")).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .filter(|name| name.to_string_lossy().ends_with(".statement"))
            .count()
    }
}

const LOCK: &str = "lock --key @buyer.json --for reimburse --receipts @used";
const CONSUME: &str = "consume --key @buyer.json --for reimburse --receipts @used";

#[track_caller]
fn check(report: &Report, exit: Exit, says: &[&str]) {
    assert_eq!(report.exit, exit, "{}", report.text);
    for words in says {
        assert!(
            report.text.contains(words),
            "{words:?} is not in {}",
            report.text
        );
    }
}

#[test]
fn files_are_locked_together_and_a_lock_that_is_held_is_the_answer() {
    let folder = Folder::new();
    let line = format!("{LOCK} --lock-for 2h @named @open");
    let report = folder.run(&line);
    check(
        &report,
        Exit::Yes,
        &["locked for reimburse by m-buyer until", "entitles to pay"],
    );
    for name in ["named", "open"] {
        assert!(folder
            .path(&format!("used/{name}.reimburse.lock.receipt"))
            .is_file());
    }
    let operations = folder.served.ledger().operations();
    let rights: Vec<bool> = (operations.iter())
        .map(|operation| match operation {
            Operation::Lock(lock) => matches!(lock.claim.right, Some(RightProof::Named(_))),
            _ => panic!("another operation"),
        })
        .collect();
    assert_eq!(rights, [true, false]);
    // Nothing is signed again, and the answer is a yes.
    check(&folder.run(&line), Exit::Yes, &["you hold it already"]);
    assert_eq!((folder.statements(), folder.waiting()), (1, 0));
}

#[test]
fn one_file_in_the_way_keeps_all_from_being_used() {
    let folder = Folder::new();
    let detail = "for reimburse until 2026-11-22T00:00:00Z";
    folder.refuse(OPEN, Code::Locked, None, Some(detail));
    let both = format!("{CONSUME} @named @open");
    let report = folder.run(&both);
    check(&report, Exit::No, &["open: 5001", detail, "named: 7001"]);
    assert_eq!(report.json["files"][0]["outcome"], "not-done");
    assert_eq!(folder.waiting(), 1, "the refusal is not proven");
    // The same command asks for the same use: no other statement is signed.
    check(&folder.run(&both), Exit::No, &["5001"]);
    assert_eq!(folder.statements(), 1);
    // All nodes say that it was refused, so what is not in the way can be used alone.
    check(
        &folder.run(&format!("{CONSUME} @named")),
        Exit::Yes,
        &["used for reimburse"],
    );
    let report = folder.run(&both);
    check(
        &report,
        Exit::No,
        &["named: 5002 you used it already", "open: 7001"],
    );
    assert_eq!(folder.statements(), 2);
}

#[test]
fn a_share_is_money_of_the_invoice_and_less_may_be_asked_for() {
    let folder = Folder::new();
    folder.refuse(
        OPEN,
        Code::ExceedsBalance,
        None,
        Some("free in one piece: 7000 minor units"),
    );
    let report = folder.run(&format!("{CONSUME} --amount 100.00 @open"));
    check(&report, Exit::No, &["5006", "free in one piece: 70.00 "]);
    folder.served.ledger().refusals.clear();
    let report = folder.run(&format!("{CONSUME} --amount 70.00 @open"));
    check(&report, Exit::Yes, &["70.00 "]);
    let Operation::Consume(consume) = folder.last() else {
        panic!("another operation")
    };
    assert_eq!(consume.claim.share, Share::Amount(7_000));
    assert!(folder.path("used/open.reimburse.70.00.receipt").is_file());
    // The same share again is the same use.
    let again = folder.run(&format!("{CONSUME} --amount 70.00 @open"));
    check(&again, Exit::No, &["5002 you used it already"]);
    assert!(folder
        .try_run(&format!("{CONSUME} --amount 0.001 @open"))
        .is_err());
    assert!(folder
        .try_run(&format!("{CONSUME} --amount 1.00 @open @named"))
        .is_err());
}

#[test]
fn a_lock_becomes_the_use_and_one_that_is_over_does_not() {
    let folder = Folder::new();
    folder.run(&format!("{LOCK} @open"));
    check(
        &folder.run(&format!("{CONSUME} @open")),
        Exit::Yes,
        &["used for reimburse"],
    );
    let Operation::Consume(consume) = folder.last() else {
        panic!("another operation")
    };
    assert!(consume.lock.is_some());
    let lock_receipt = "@used/named.reimburse.lock.receipt";
    folder.run(&format!("{LOCK} @named"));
    let release = format!("release --key @buyer.json {lock_receipt}");
    check(&folder.run(&release), Exit::Yes, &["released: it is free"]);
    check(&folder.run(&release), Exit::Yes, &["released before"]);
    folder.run(&format!("{CONSUME} @named"));
    let Operation::Consume(consume) = folder.last() else {
        panic!("another operation")
    };
    assert!(consume.lock.is_none() && consume.claim.right.is_some());
    check(
        &folder.run("release --key @buyer.json @used/open.reimburse.lock.receipt"),
        Exit::No,
        &["5008"],
    );
}

#[test]
fn a_lock_whose_receipt_was_lost_is_found_by_the_evidence() {
    let folder = Folder::new();
    folder.run(&format!("{LOCK} @open"));
    let receipt = folder.path("used/open.reimburse.lock.receipt");
    let network = folder.served.ledger().world.network.clone();
    let lock = crate::lookup::open_receipt(&receipt, &network)
        .expect("a receipt")
        .operation_id();
    std::fs::remove_file(&receipt).expect("removed");
    folder.refuse(
        OPEN,
        Code::LockHeld,
        Some(lock),
        Some("until 2026-11-22T00:00:00Z"),
    );
    check(
        &folder.run(&format!("{LOCK} @open")),
        Exit::Yes,
        &["you hold it already"],
    );
    assert!(receipt.is_file());
    // Of another share it is in the way, and is told.
    let report = folder.run(&format!("{LOCK} --amount 1.00 @open"));
    check(&report, Exit::No, &["5009", &lock.to_string()]);
}

#[test]
fn both_sides_take_a_use_back() {
    let folder = Folder::new();
    folder.run(&format!("{CONSUME} @open"));
    let member = "clawback --key @buyer.json --reason paid-in-error @used/open.reimburse.receipt";
    let report = folder.run(member);
    check(
        &report,
        Exit::Yes,
        &[
            "the agency that registered it is to sign before",
            "--key agency.json",
        ],
    );
    let command = report.json["other_side"].as_str().expect("a command");
    let line = command.strip_prefix("hefu use ").expect("a command of use");
    let line = line
        .replace("--network network.json ", "")
        .replace("agency.json", "@agency.json");
    check(
        &folder.run(&line),
        Exit::Yes,
        &["taken back: it is free again"],
    );
}

#[test]
fn the_right_is_handed_on_to_a_member_and_to_a_claim() {
    let folder = Folder::new();
    let to_claim = "hand-over --key @buyer.json @named --new-claim @claim.json";
    check(
        &folder.run(to_claim),
        Exit::Yes,
        &["handed over to whoever holds"],
    );
    // A run that was stopped before its farewell says that it is done.
    check(
        &folder.run(to_claim),
        Exit::Yes,
        &["handed over to whoever holds"],
    );
    assert_eq!(folder.statements(), 1);
    let unshown = folder.run(&format!("{CONSUME} @named"));
    check(&unshown, Exit::No, &["5003", "--claim"]);
    let used = folder.run(
        "consume --key @other.json --for reimburse --receipts @elsewhere --claim @claim.json @named",
    );
    check(&used, Exit::Yes, &["used for reimburse by m-other"]);
    let Operation::Consume(consume) = folder.last() else {
        panic!("another operation")
    };
    assert!(matches!(consume.claim.right, Some(RightProof::Claim(..))));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path("claim.json"))
            .expect("there")
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}

#[test]
fn the_new_buyer_gets_a_receipt_with_a_salt_of_its_own() {
    let folder = Folder::new();
    let to_other =
        "hand-over --key @buyer.json @named --to-identifier 91310000mahefu0001 --out @new";
    // The ledger in memory has no receipts of registrations, so one is made before.
    let registration = std::fs::read(folder.path("named.receipt")).expect("there");
    let registration = Receipt::decode(&registration).expect("a receipt");
    folder.served.ledger().registrations.push(registration);
    check(
        &folder.run(to_other),
        Exit::Yes,
        &["handed over to 91310000mahefu0001"],
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let meta = std::fs::metadata(folder.path("new")).expect("there");
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    }
    let network = folder.served.ledger().world.network.clone();
    let salt = |name: &str| {
        let receipt = crate::lookup::open_receipt(&folder.path(name), &network);
        receipt.expect("a receipt").disclosed().named_member_salt
    };
    assert!(salt("new").is_some() && salt("new") != salt("named.receipt"));
    check(
        &folder.run(&format!("{CONSUME} @named")),
        Exit::No,
        &["5003"],
    );
    let other = CONSUME.replace("buyer", "other");
    let report = folder.run(&format!("{other} --receipt @new @named"));
    check(&report, Exit::Yes, &["used for reimburse by m-other"]);
    // Done is done, also for the command that did it.
    check(&folder.run(to_other), Exit::Yes, &["handed over"]);
    // The seller's own receipt is never overwritten.
    let over_own = to_other.replace("@new", "@named.receipt");
    assert!(folder.try_run(&over_own).is_err());
}

#[test]
fn without_its_receipt_or_for_another_member_nothing_is_sent() {
    let folder = Folder::new();
    let other = CONSUME.replace("buyer", "other");
    check(&folder.run(&format!("{other} @named")), Exit::No, &["5003"]);
    std::fs::remove_file(folder.path("named.receipt")).expect("removed");
    assert!(folder.try_run(&format!("{CONSUME} @named")).is_err());
    assert_eq!(folder.statements(), 0);
}

#[test]
fn what_no_issuer_has_registered_is_used_only_when_that_is_asked_for() {
    let folder = Folder::new();
    let plain = format!("{CONSUME} @unknown");
    let asked = format!("{CONSUME} --unattested @unknown");
    // The type of this network does not allow it.
    check(&folder.run(&asked), Exit::No, &["5016"]);
    let report = folder.run(&plain);
    check(&report, Exit::No, &["1005"]);
    assert!(!report.text.contains("--unattested"));
    // Another file of a number that is registered is no unregistered document.
    let altered = String::from_utf8(sample(OPEN)).expect("text") + "<!-- -->";
    disk::write(&folder.path("altered"), altered.as_bytes()).expect("written");
    check(
        &folder.run(&format!("{CONSUME} --unattested @altered")),
        Exit::No,
        &["5005"],
    );
    assert_eq!(folder.statements(), 0);
}

#[test]
fn a_use_of_what_no_issuer_has_registered_says_what_it_is_not() {
    let folder = Folder::allowing_unattested();
    let plain = format!("{CONSUME} @unknown");
    check(&folder.run(&plain), Exit::No, &["1005", "add --unattested"]);
    let lock = format!("{LOCK} --unattested @unknown");
    check(
        &folder.run(&lock),
        Exit::Yes,
        &["no issuer has registered this invoice"],
    );
    let Operation::Lock(sent) = folder.last() else {
        panic!("another operation")
    };
    let said = sent.claim.unattested.expect("said");
    assert_eq!(said.document_type, "invoice");
    assert!(said.total.is_some_and(|total| total.currency == "CNY"));
    // Its own lock needs nothing more to be said, and the use is as little a proof.
    let used = folder.run(&format!("{CONSUME} --unattested @unknown"));
    check(&used, Exit::Yes, &["used for reimburse", "nobody's"]);
    let Operation::Consume(sent) = folder.last() else {
        panic!("another operation")
    };
    assert!(sent.lock.is_some() && sent.claim.unattested.is_none());
    // Known by its use alone it is as little registered as before.
    let other = plain
        .replace("buyer", "other")
        .replace("@used", "@elsewhere");
    check(&folder.run(&other), Exit::No, &["1005"]);
    // Once it is registered, the normal way is gone.
    folder
        .served
        .ledger()
        .world
        .register("invoice", &sample(UNKNOWN));
    let failure = folder.try_run(&other).expect_err("it names its buyer");
    assert!(failure.sentence().en.contains("names its buyer"));
}

#[test]
fn a_receipt_shows_what_it_is_of_and_how_it_stands() {
    let folder = Folder::new();
    folder.run(&format!("{LOCK} --amount 70.00 @open"));
    let receipt = folder.path("used/open.reimburse.70.00.lock.receipt");
    let network = folder.path("network.json");
    let shows = |receipt: &PathBuf, words: &[&str]| {
        let [network, receipt] = [&network, receipt].map(|path| path.display().to_string());
        let line = [
            "hefu",
            "receipt",
            "--lang",
            "en",
            "--network",
            &network,
            &receipt,
        ];
        let cli = Cli::try_parse_from(line).expect("can be typed");
        let report = crate::run(&cli).expect("an answer");
        check(&report, Exit::Yes, words);
        report.json["receipts"][0]["used"]["state"].clone()
    };
    let state = shows(
        &receipt,
        &["lock", "reimburse", "m-buyer", "locked until", "7000 minor"],
    );
    assert_eq!(state, "locked");
    folder.run(&format!("{CONSUME} @open"));
    let used = folder.path("used/open.reimburse.receipt");
    assert_eq!(
        shows(&used, &["from the lock", "used for good"]),
        "consumed"
    );
    folder.run("clawback --key @buyer.json --reason paid-in-error @used/open.reimburse.receipt");
    let report = folder
        .run("clawback --key @agency.json --reason paid-in-error @used/open.reimburse.receipt");
    check(&report, Exit::Yes, &["taken back"]);
    let network_read = folder.served.ledger().world.network.clone();
    let opened = crate::lookup::open_receipt(&used, &network_read).expect("a receipt");
    let now = folder
        .served
        .ledger()
        .receipt(&opened.operation_id())
        .expect("still named");
    disk::write(&used, &now.encode()).expect("written");
    assert_eq!(shows(&used, &["taken back"]), "taken-back");
}

#[test]
fn a_lock_that_lapsed_before_its_farewell_is_asked_for_again() {
    let folder = Folder::new();
    {
        let mut ledger = folder.served.ledger();
        let record = ledger.world.planned("invoice", &sample(OPEN)).record;
        let operation = Operation::Lock(operation::Lock {
            record,
            claim: Claim::whole("reimburse", Folder::digest(OPEN)),
            for_ms: Some(0),
            blinding: BLINDING,
        });
        let receipts = vec![folder.path("used/open.reimburse.lock.receipt")];
        let (network, key) = (ledger.world.network.clone(), &ledger.world.buyer);
        let pending = Pending::sign(&network, key, &[operation], receipts, &folder.path("used"))
            .expect("written");
        ledger.execute(&pending.signed.bytes);
    }
    let report = folder.run(&format!("{LOCK} @open"));
    check(&report, Exit::Yes, &["locked for reimburse"]);
    assert_eq!(folder.statements(), 2, "{}", report.text);
}

#[test]
fn an_old_receipt_does_not_show_that_a_lock_is_held() {
    let folder = Folder::new();
    folder.run(&format!("{LOCK} @open"));
    let again = format!("{LOCK} @open");
    check(&folder.run(&again), Exit::Yes, &["you hold it already"]);
    let an_hour_ago = hefu_types::Millis(crate::now().0 - 3_600_000);
    folder.served.ledger().receipts_at = Some(an_hour_ago);
    assert!(
        folder.try_run(&again).is_err(),
        "it may have been given back"
    );
}

#[test]
fn a_receipt_that_leaves_the_use_out_is_not_kept() {
    let folder = Folder::allowing_unattested();
    folder.served.ledger().hides_uses = true;
    let lock = format!("{LOCK} --unattested @unknown");
    assert!(folder.try_run(&lock).is_err());
    assert_eq!(folder.waiting(), 1);
    folder.served.ledger().hides_uses = false;
    check(&folder.run(&lock), Exit::Yes, &["locked for reimburse"]);
    assert_eq!(folder.statements(), 1);
}

#[test]
fn an_amount_of_another_currency_takes_nothing_back() {
    let folder = Folder::new();
    folder.run(&format!("{CONSUME} @named"));
    let typed = "clawback --key @buyer.json --reason paid-in-error --amount 300 --currency JPY \
                 @used/named.reimburse.receipt";
    let asked = folder.try_run(typed);
    assert!(matches!(asked, Err(Failure::Asked(_))));
    assert_eq!(folder.statements(), 1);
}

#[test]
fn a_lock_of_before_the_registration_is_no_leave_to_pay() {
    let folder = Folder::allowing_unattested();
    folder.run(&format!("{LOCK} --unattested @unknown"));
    let verify = || {
        let line = format!(
            "hefu verify --lang en --timeout 2s --network {} --for reimburse --as m-buyer \
             --receipt {} {}",
            folder.path("network.json").display(),
            folder.path("used/unknown.reimburse.lock.receipt").display(),
            folder.path("unknown").display(),
        );
        let cli = Cli::try_parse_from(line.split_whitespace()).expect("can be typed");
        let Command::Verify(args) = &cli.command else {
            panic!("another command")
        };
        crate::verify::run(&cli.shared, args).expect("judged")
    };
    {
        let mut ledger = folder.served.ledger();
        let receipt = folder.path("used/unknown.reimburse.lock.receipt");
        let network = ledger.world.network.clone();
        let receipt = crate::lookup::open_receipt(&receipt, &network).expect("a receipt");
        ledger.world.change(&receipt.record_key(), |record| {
            record.agency = "gd-tax".to_owned();
            record.status.state = State::Issued;
            record.use_right = Some(UseRight::NamedMember(hefu_types::Hash([1; 32])));
        });
    }
    let report = verify();
    check(&report, Exit::CouldNotTell, &["entitles to nothing"]);
    assert!(!report.text.contains("you may pay"), "{}", report.text);
}

#[test]
fn what_is_locked_is_money_only_in_a_currency_that_is_shown() {
    let folder = Folder::new();
    folder.run(&format!("{LOCK} --amount 3.00 @named"));
    let kept = folder.path("used/named.reimburse.3.00.lock.receipt");
    let network = folder.served.ledger().world.network.clone();
    let kept = crate::lookup::open_receipt(&kept, &network).expect("a receipt");
    // As the nodes give it: without the facts, which are the holder's.
    let plain = folder.served.ledger().receipt(&kept.operation_id());
    disk::write(&folder.path("plain"), &plain.expect("done").encode()).expect("written");
    let copy = sample("renditions/cii-guangzhou-1017.xml");
    disk::write(&folder.path("copy"), &copy).expect("written");
    let line = format!(
        "hefu verify --lang en --timeout 2s --network {} --for reimburse --as m-buyer --amount 300 \
         --currency JPY --receipt {} {}",
        folder.path("network.json").display(),
        folder.path("plain").display(),
        folder.path("copy").display(),
    );
    let cli = Cli::try_parse_from(line.split_whitespace()).expect("can be typed");
    let Command::Verify(args) = &cli.command else {
        panic!("another command")
    };
    let report = crate::verify::run(&cli.shared, args).expect("judged");
    assert!(!report.text.contains("300 JPY"), "{}", report.text);
    assert!(report.text.contains("total is not open"), "{}", report.text);
}

/// A buyer whose run was stopped after the statement was signed.
struct Stopped {
    folder: tempfile::TempDir,
    ledger: Ledger,
    pending: Pending,
    record: StateKey,
}

impl Stopped {
    fn new() -> Self {
        let mut world = World::new();
        let registration = world.register("invoice", &sample(UBL));
        let record = world.planned("invoice", &sample(UBL)).record;
        let operation = Operation::Consume(operation::Consume {
            record,
            claim: Claim::whole("reimburse", SUITE.document_digest(&sample(UBL))),
            lock: None,
            blinding: BLINDING,
        });
        let folder = tempfile::tempdir().expect("a folder");
        let key = serde_json::to_vec(&world.buyer.file).expect("plain JSON");
        for (name, bytes) in [
            ("invoice", sample(UBL)),
            ("invoice.receipt", registration.encode()),
            ("key.json", key),
        ] {
            disk::write(&folder.path().join(name), &bytes).expect("written");
        }
        let receipts = vec![folder.path().join("invoice.reimburse.receipt")];
        let (network, key) = (&world.network, &world.buyer);
        let pending = Pending::sign(network, key, &[operation], receipts, folder.path());
        Self {
            folder,
            pending: pending.expect("written"),
            ledger: Ledger::new(world),
            record,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn waits(&self) -> bool {
        let (network, member) = (&self.ledger.world.network, "m-buyer");
        let waiting = Pending::all(self.folder.path(), network, member).expect("read");
        !waiting.is_empty()
    }

    /// A node that calls the statement refused, and has this receipt of its use.
    fn node(&self, code: Code, receipt: Option<Receipt>) -> String {
        let refused = serde_json::to_vec(&StatementAnswer {
            statement: self.pending.signed.id,
            state: StatementState::Final,
            height: None,
            entry: None,
            outcomes: vec![OutcomeAnswer::Refused {
                code: code.number(),
                sentence: String::new(),
                sentence_zh: String::new(),
                evidence: None,
                detail: None,
            }],
        });
        let refused = refused.expect("plain JSON");
        let receipt_path = path::operation_receipt(&self.pending.signed.operation_id(0));
        let record_path = path::record(&self.record, Beside::default());
        let keys = [self.record];
        let certificate = self.ledger.world.certificate(&keys, crate::now()).encode();
        let problem = Problem::new(404, Code::NotFound, None);
        let absent = serde_json::to_vec(&problem).expect("plain JSON");
        serve(move |asked| match &receipt {
            Some(receipt) if asked == receipt_path => (200, receipt.encode()),
            _ if asked == record_path => (200, certificate.clone()),
            _ if asked.starts_with("/v1/statements") => (200, refused.clone()),
            _ => (404, absent.clone()),
        })
    }

    fn run_again(&self, nodes: &[&str], more: &[&str]) -> Result<Report, Failure> {
        let network = self.ledger.world.network_file(self.folder.path(), nodes);
        let [key, file, network] =
            [self.path("key.json"), self.path("invoice"), network].map(|p| p.display().to_string());
        let folder = self.folder.path().display().to_string();
        let line = format!(
            "hefu use consume --lang en --timeout 2s --network {network} --key {key} --for reimburse \
             --receipts {folder} {file}"
        );
        let words = line.split_whitespace().chain(more.iter().copied());
        let cli = Cli::try_parse_from(words).expect("can be typed");
        let Command::Use(command) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, command)
    }
}

#[test]
fn a_use_that_was_done_is_not_refused_by_a_node_that_lies() {
    let mut stopped = Stopped::new();
    stopped.ledger.execute(&stopped.pending.signed.bytes);
    let receipt = stopped
        .ledger
        .receipt(&stopped.pending.signed.operation_id(0));
    let liar = stopped.node(Code::NoRightToUse, None);
    let honest = stopped.node(Code::NoRightToUse, receipt);
    let report = stopped
        .run_again(&[&liar, &honest], &[])
        .expect("an answer");
    check(&report, Exit::Yes, &["used for reimburse"]);
    assert!(stopped.path("invoice.reimburse.receipt").is_file());
    assert!(!stopped.waits());
    // The receipt serves `verify` too: it has the facts of the registration.
    let network = &stopped.ledger.world.network;
    let kept = crate::lookup::open_receipt(&stopped.path("invoice.reimburse.receipt"), network);
    assert!(kept.expect("a receipt").disclosed().open_facts().count() > 0);
}

#[test]
fn a_statement_is_kept_until_its_refusal_is_proven() {
    let mut stopped = Stopped::new();
    let node = stopped.node(Code::NoRightToUse, None);
    let report = stopped.run_again(&[&node], &[]).expect("an answer");
    check(&report, Exit::No, &["5003"]);
    assert!(stopped.waits());

    // A document that ended unused can no longer be used: a new statement would be signed now.
    let record = stopped.record;
    stopped.ledger.world.change(&record, |record| {
        record.status.state = State::Cancelled;
    });
    let node = stopped.node(Code::WrongState, None);
    let unsigned = stopped.run_again(&[&node], &[]);
    assert!(unsigned.is_err(), "the digest was not served");
    assert!(!stopped.waits());
}

#[test]
fn another_share_is_not_signed_while_a_node_is_silent() {
    let stopped = Stopped::new();
    let node = stopped.node(Code::NoRightToUse, None);
    let silent = serve(|_| (503, Vec::new()));
    let asked = stopped.run_again(&[&node, &silent], &["--amount", "1.00"]);
    let failure = asked.expect_err("it is not settled").sentence().en;
    assert!(failure.contains("not by all nodes"), "{failure}");
    assert!(stopped.waits());
}

#[test]
fn a_run_that_was_stopped_after_the_receipt_says_that_it_is_done() {
    let mut stopped = Stopped::new();
    stopped.ledger.execute(&stopped.pending.signed.bytes);
    let receipt = stopped
        .ledger
        .receipt(&stopped.pending.signed.operation_id(0));
    let path = stopped.path("invoice.reimburse.receipt");
    disk::write(&path, &receipt.expect("done").encode()).expect("written");
    // No node is needed for that.
    let report = stopped.run_again(&[], &[]).expect("an answer");
    check(&report, Exit::Yes, &["used for reimburse"]);
    assert!(!stopped.waits());
    check(
        &stopped.run_again(&[], &[]).expect("an answer"),
        Exit::No,
        &["5002"],
    );
}

#[test]
fn a_statement_that_cannot_be_read_stops_everything() {
    let stopped = Stopped::new();
    let damaged = stopped.path(".use-00.statement");
    disk::write(&damaged, b"?").expect("written");
    assert!(stopped.run_again(&[], &[]).is_err());
}
