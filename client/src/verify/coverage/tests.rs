use crate::say::{Exit, Report};
use crate::testing::{sample, serve, World, SUITE};
use crate::verify::run;
use clap::Parser;
use hefu_types::genesis::Agency;
use hefu_types::leaf::{AgencyLeaf, CoverageLeaf, Part, Standing};
use hefu_types::{key, Millis, OperationId};
use hefu_wire::path;

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";
const YEARS_MS: u64 = 200 * 365 * 24 * Millis::HOUR;

/// A network in which the sample invoice is not registered, with a promise of its agency.
struct Desk {
    folder: tempfile::TempDir,
    world: World,
}

impl Desk {
    fn new(promise: Option<CoverageLeaf>, change: impl FnOnce(&mut AgencyLeaf)) -> Self {
        let mut world = World::new();
        if let Some(promise) = promise {
            let at = key::coverage(SUITE, "invoice", "guangdong", "gd-tax");
            world.put(at, &promise);
        }
        let agency: Agency = world.network.genesis().agencies[0].clone();
        let mut leaf = AgencyLeaf {
            id: agency.id,
            name: agency.name,
            region: agency.region,
            contact: agency.contact,
            standing: Standing::Active,
            identifier: None,
            registrar: None,
            entitlements: agency.entitlements,
            operation: OperationId([0; 32]),
        };
        change(&mut leaf);
        world.put(key::agency(SUITE, "gd-tax"), &leaf);
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, world }
    }

    fn verify(&self, bytes: &[u8]) -> Report {
        let world = &self.world;
        let digest = SUITE.document_digest(bytes);
        let record = world.planned("invoice", &sample(UBL)).record;
        let now = crate::now();
        let of_digest = world.certificate(&[key::digest(SUITE, &digest)], now);
        let of_record = world.certificate(
            &[
                record,
                key::agency(SUITE, "gd-tax"),
                key::coverage(SUITE, "invoice", "guangdong", "gd-tax"),
                key::clock(SUITE),
            ],
            now,
        );
        let asked = "agency=gd-tax&type=invoice&covered=guangdong";
        let node = serve(move |asked_for| match asked_for {
            _ if asked_for.starts_with("/v1/digests/") => (200, of_digest.encode()),
            _ if asked_for.starts_with(&path::record(&record, Default::default())) => {
                let is_promise = asked_for.ends_with(asked) || !asked_for.contains('?');
                assert!(is_promise, "{asked_for}");
                (200, of_record.encode())
            }
            _ => (404, Vec::new()),
        });
        let network = world.network_file(self.folder.path(), &[&node]);
        let file = self.folder.path().join("document.xml");
        std::fs::write(&file, bytes).expect("written");
        let words = [
            "hefu",
            "--lang",
            "en",
            "--timeout",
            "2s",
            "verify",
            "--network",
        ];
        let (network, file) = (network.to_string_lossy(), file.to_string_lossy());
        let words = words.into_iter().chain([&*network, &*file]);
        let cli = crate::cli::Cli::try_parse_from(words).expect("can be typed");
        let crate::cli::Command::Verify(args) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, args).expect("judged")
    }
}

fn promise(from: u64, before: Option<u64>, within_ms: u64) -> Option<CoverageLeaf> {
    Some(CoverageLeaf {
        document_type: "invoice".into(),
        region: "guangdong".into(),
        agency: "gd-tax".into(),
        from: Millis(from),
        within_ms,
        operation: OperationId([1; 32]),
        before: before.map(Millis),
    })
}

#[track_caller]
fn check(
    promise: Option<CoverageLeaf>,
    change: impl FnOnce(&mut AgencyLeaf),
    exit: Exit,
    says: &str,
) {
    let report = Desk::new(promise, change).verify(&issued("2025-10-17"));
    assert_eq!(report.exit, exit, "{}", report.text);
    assert!(
        report.text.contains(says),
        "{says:?} is not in:\n{}",
        report.text
    );
}

/// The sample with another day of issue.
fn issued(day: &str) -> Vec<u8> {
    let xml = String::from_utf8(sample(UBL)).expect("text");
    let (head, tail) = xml.split_once("<cbc:IssueDate>").expect("a day");
    let (_, tail) = tail.split_once('<').expect("an end");
    format!("{head}<cbc:IssueDate>{day}<{tail}").into_bytes()
}

#[test]
fn what_was_promised_and_is_overdue_is_not_relied_on() {
    let says = "Guangdong Tax (gd-tax) promises to register every invoice within 60 min";
    check(promise(0, None, Millis::HOUR), |_| {}, Exit::No, says);
    // The day ends at 16:00 UTC, and an hour later it was due.
    let says = "6006";
    check(promise(0, None, Millis::HOUR), |_| {}, Exit::No, says);
    let says = "was due before 2025-10-17T17:00:00Z";
    check(promise(0, None, Millis::HOUR), |_| {}, Exit::No, says);
}

#[test]
fn without_a_promise_that_is_overdue_nothing_can_be_told() {
    let nothing = "it is not shown that an agency promised";
    let hour = Millis::HOUR;
    // Midnight of the day of issue, in the type's zone.
    let day = 1_760_630_400_000;
    check(None, |_| {}, Exit::CouldNotTell, nothing);
    let later = "has to be there by";
    check(
        promise(0, None, YEARS_MS),
        |_| {},
        Exit::CouldNotTell,
        later,
    );
    let (begins, ends) = (promise(day + 1, None, hour), promise(0, Some(day), hour));
    check(begins, |_| {}, Exit::CouldNotTell, nothing);
    check(ends, |_| {}, Exit::CouldNotTell, nothing);
    let (begins, ends) = (promise(day, None, hour), promise(0, Some(day + 1), hour));
    check(begins, |_| {}, Exit::No, "6006");
    check(ends, |_| {}, Exit::No, "6006");
}

/// Genesis says whom to ask; whether it is entitled the ledger says.
#[test]
fn the_promise_of_who_is_not_entitled_tells_nothing() {
    let nothing = "it is not shown that an agency promised";
    let promise = || promise(0, None, Millis::HOUR);
    check(
        promise(),
        |agency| agency.standing = Standing::Suspended,
        Exit::CouldNotTell,
        nothing,
    );
    check(
        promise(),
        |agency| agency.entitlements.clear(),
        Exit::CouldNotTell,
        nothing,
    );
    let supervises = |agency: &mut AgencyLeaf| agency.entitlements[0].part = Part::Supervise;
    check(promise(), supervises, Exit::CouldNotTell, nothing);
    let of_others = |agency: &mut AgencyLeaf| {
        agency.entitlements[0].issuer_prefixes = vec!["9131".into()];
    };
    check(promise(), of_others, Exit::CouldNotTell, nothing);
}
