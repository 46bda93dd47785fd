use crate::cli::{Cli, Command};
use crate::disk;
use crate::say::{Exit, Report};
use crate::send::Signed;
use crate::testing::{sample, serve, Ledger, World, SUITE};
use crate::verify::run;
use clap::Parser;
use hefu_proof::receipt::Receipt;
use hefu_types::operation::{Claim, Lock, Operation, Release, Share};
use hefu_types::record::State;
use hefu_types::{key, Blinding, Millis, OperationId, StateKey};

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const OURS: &str = "--offline --for reimburse --as {}/buyer.json --receipt {}/receipts";

/// The buyer has the invoice, the receipt of its registration, and that of a lock.
struct Desk {
    folder: tempfile::TempDir,
    ledger: Ledger,
    record: StateKey,
    lock: OperationId,
    nodes: Vec<String>,
}

impl Desk {
    fn new(share: Share, for_ms: u64) -> Self {
        let mut world = World::new();
        let registration = world.register("invoice", &sample(UBL));
        let record = world.planned("invoice", &sample(UBL)).record;
        let lock = Operation::Lock(Lock {
            record,
            claim: Claim {
                share,
                ..Claim::whole("reimburse", SUITE.document_digest(&sample(UBL)))
            },
            for_ms: Some(for_ms),
            blinding: Blinding([4; 16]),
        });
        let mut desk = Self {
            folder: tempfile::tempdir().expect("a folder"),
            ledger: Ledger::new(world),
            record,
            lock: OperationId([0; 32]),
            nodes: vec!["http://127.0.0.1:1".into()],
        };
        desk.lock = desk.send(lock);
        desk.lay("document", &sample(UBL));
        desk.lay("receipts/document.receipt", &registration.encode());
        for (name, key) in [
            ("buyer.json", &desk.ledger.world.buyer),
            ("other.json", &desk.ledger.world.other),
        ] {
            desk.lay(name, &serde_json::to_vec(&key.file).expect("plain JSON"));
        }
        desk.keep();
        desk
    }

    fn lay(&self, name: &str, bytes: &[u8]) {
        disk::write(&self.folder.path().join(name), bytes).expect("written");
    }

    fn send(&mut self, operation: Operation) -> OperationId {
        let world = &self.ledger.world;
        let signed = Signed::new(&world.network, &world.buyer, &[operation], crate::now());
        self.ledger.execute(&signed.bytes);
        signed.operation_id(0)
    }

    fn release(&mut self) {
        let (record, lock) = (self.record, self.lock);
        self.send(Operation::Release(Release { record, lock }));
    }

    fn receipt(&self) -> Receipt {
        self.ledger.receipt(&self.lock).expect("it was done")
    }

    /// Writes the lock's receipt as it is now.
    fn keep(&self) {
        let name = "receipts/document.reimburse.lock.receipt";
        self.lay(name, &self.receipt().encode());
    }

    /// A node that tells the state as it is now, and the lock's receipt if it is not to hide it.
    fn go_online(&mut self, hides_receipt: bool) {
        let keys = [
            self.record,
            key::agency(SUITE, "gd-tax"),
            key::member(SUITE, "m-buyer"),
            key::clock(SUITE),
        ];
        let of_record = self.ledger.world.certificate(&keys, crate::now()).encode();
        let receipt = self.receipt().encode();
        self.nodes = vec![serve(move |path| match path {
            _ if path.starts_with("/v1/records/") => (200, of_record.clone()),
            _ if path.starts_with("/v1/operations/") && !hides_receipt => (200, receipt.clone()),
            _ => (404, Vec::new()),
        })];
    }

    fn verify(&self, options: &str) -> Report {
        let nodes: Vec<&str> = self.nodes.iter().map(String::as_str).collect();
        let folder = self.folder.path();
        let network = self.ledger.world.network_file(folder, &nodes);
        let options = options.replace("{}", &folder.to_string_lossy());
        let (network, file) = (network.to_string_lossy(), folder.join("document"));
        let words = [
            "hefu",
            "--lang",
            "en",
            "--timeout",
            "2s",
            "verify",
            "--network",
        ];
        let file = file.to_string_lossy();
        let words = words.into_iter().chain([&*network]);
        let words = words.chain(options.split_whitespace()).chain([&*file]);
        let cli = Cli::try_parse_from(words).expect("can be typed");
        let Command::Verify(args) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, args).expect("judged")
    }

    #[track_caller]
    fn check(&self, options: &str, exit: Exit, says: &[&str]) {
        let report = self.verify(options);
        assert_eq!(report.exit, exit, "{}", report.text);
        for says in says {
            let found = report.text.contains(says);
            assert!(found, "{says:?} is not in:\n{}", report.text);
        }
    }
}

fn locked() -> Desk {
    Desk::new(Share::Whole, Millis::HOUR)
}

#[test]
fn the_receipt_of_a_lock_entitles_its_member_to_pay_while_it_binds() {
    let mut desk = locked();
    let says = [
        "locked by you for reimburse until",
        "you may pay",
        "✓ buyer",
    ];
    desk.check(OURS, Exit::Yes, &says);
    // It is nothing to anybody else.
    let of_other = OURS.replace("buyer.json", "other.json");
    desk.check(&of_other, Exit::No, &["? use", "✗ buyer        6007"]);
    desk.release();
    desk.keep();
    desk.check(OURS, Exit::No, &["✗ use          5008"]);
    let lapsed = Desk::new(Share::Whole, 0);
    lapsed.check(OURS, Exit::No, &["✗ use          5008", "lapsed at"]);
}

#[test]
fn a_lock_that_became_a_use_is_not_paid_again() {
    let mut desk = locked();
    let (record, lock) = (desk.record, desk.lock);
    let digest = SUITE.document_digest(&sample(UBL));
    desk.send(Operation::Consume(hefu_types::operation::Consume {
        record,
        claim: Claim::whole("reimburse", digest),
        lock: Some(lock),
        blinding: Blinding([5; 16]),
    }));
    desk.keep();
    desk.check(
        OURS,
        Exit::No,
        &["✗ use          5002 used by you for reimburse at"],
    );
}

#[test]
fn online_the_lock_is_judged_as_it_is_now() {
    let online = OURS.replace("--offline ", "");
    let mut desk = locked();
    desk.go_online(false);
    desk.check(&online, Exit::Yes, &["locked by you"]);
    let alone = online.replace("{}/receipts", "{}/receipts/document.receipt");
    desk.check(&alone, Exit::No, &["✗ use          5001"]);
    // A node that hides the receipt of a lock that still stands takes nothing away.
    desk.go_online(true);
    desk.check(&online, Exit::Yes, &["locked by you"]);
    desk.release();
    for hides_receipt in [false, true] {
        desk.go_online(hides_receipt);
        desk.check(&online, Exit::No, &["✗ use          5008"]);
    }
    desk.check(OURS, Exit::Yes, &["locked by you"]);
}

/// The private part moved on and a lock as long as ours still stands: whether it is ours is not shown.
#[test]
fn a_lock_that_is_not_shown_to_stand_is_not_paid_on() {
    let mut desk = locked();
    let digest = SUITE.document_digest(&sample(UBL));
    let record = desk.record;
    desk.send(Operation::Lock(Lock {
        record,
        claim: Claim::whole("reimburse", digest),
        for_ms: Some(2 * Millis::HOUR),
        blinding: Blinding([6; 16]),
    }));
    desk.go_online(true);
    let online = OURS.replace("--offline ", "");
    desk.check(&online, Exit::CouldNotTell, &["? use          6005"]);
}

#[test]
fn what_is_claimed_is_compared_with_the_total_or_with_the_lock() {
    let desk = locked();
    let of = |amount: &str| format!("{OURS} --amount {amount}");
    desk.check(&of("18219.80"), Exit::Yes, &["✓ amount"]);
    desk.check(&of("18219.81"), Exit::No, &["✗ amount       6008"]);
    desk.check(&of("1 --currency CNY"), Exit::Yes, &["✓ amount"]);
    let other = [
        "✗ amount       6008",
        "EUR is claimed, but the invoice is in CNY",
    ];
    desk.check(&of("1 --currency EUR"), Exit::No, &other);

    let part = Desk::new(Share::Amount(30_000), Millis::HOUR);
    part.check(&of("300.00"), Exit::Yes, &["you locked 300.00 CNY"]);
    part.check(&of("300.01"), Exit::No, &["✗ amount       5006"]);
}

#[test]
fn of_what_was_reversed_in_part_only_a_lock_tells_how_much_is_left() {
    let mut desk = locked();
    let record = desk.record;
    let reverse = |public: &mut hefu_types::record::PublicPart| {
        public.status.state = State::PartlyReversed;
    };
    desk.ledger.world.change(&record, reverse);
    desk.keep();
    let of = |amount: &str| format!("{OURS} --amount {amount}");
    desk.check(&of("1"), Exit::CouldNotTell, &["✓ status", "? amount"]);
    desk.check(&of("18219.81"), Exit::No, &["✗ amount       6008"]);
}
