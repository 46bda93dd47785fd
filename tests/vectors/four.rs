//! What happens in the network of four.

use super::collect::{agency, clock, disclosing, Cases};
use super::documents::{begins, Document, DAY};
use super::good::logs;
use super::manifest::{Ask, Kind};
use super::parties::{START, SUITE};
use super::uses::{compromise, copies, halt, uses};
use super::world::{Placed, World};
use hefu_node::prove::Beside;
use hefu_proof::fact::{self};
use hefu_types::key::{self, Namespace};
use hefu_types::leaf::{AgencyLeaf, ClockLeaf, RecognitionLeaf, TypeLeaf};
use hefu_types::operation::{AddRendition, Cancel, Cover, Operation, Resume, Revoke, Suspend};
use serde_json::json;
use std::collections::BTreeMap;

/// Everything that happens to documents.
pub fn four(cases: &mut Cases) -> (World, BTreeMap<&'static str, Placed>) {
    let mut world = World::new(4, 4);
    let licence = Document::licence("housing", 1).valid(Some("2027-01-01"), Some("2030-12-31"));
    let placed = licence.registered(&mut world);
    let at_once = world.receipt(placed, 0);
    let now = world.now();
    cases.receipt("register", "four", &at_once, now);
    let all = disclosing(at_once.clone(), licence.facts.clone());
    cases.receipt("register-facts-open", "four", &all, now);
    for (name, shown) in [
        ("one", &["total"][..]),
        ("two", &["date", "total"]),
        ("none", &[]),
    ] {
        let shown: Vec<String> = shown.iter().map(|name| (*name).to_owned()).collect();
        let facts = fact::disclose(SUITE, &licence.facts, &shown).expect("they are open");
        let name = format!("register-facts-{name}-shown");
        cases.receipt(&name, "four", &disclosing(at_once.clone(), facts), now);
    }
    cases.document("status-in-force", &world, &licence, &[now]);

    let invoices: Vec<Document> = (1..=3).map(Document::invoice).collect();
    let three: Vec<Operation> = invoices.iter().map(Document::operation).collect();
    let placed_three = world.act("tax", &three);
    for index in 0..3 {
        let receipt = world.receipt(placed_three, index);
        let name = format!("register-{}-of-3", index + 1);
        cases.receipt(&name, "four", &receipt, world.now());
    }
    let bundle = world.bundle(placed_three, 3).encode();
    cases.add("register-3", Kind::Bundle, "four", bundle).at = vec![world.now()];
    let einvoice = Document::einvoice(1);
    let placed_einvoice = einvoice.registered(&mut world);
    let receipt = world.receipt(placed_einvoice, 0);
    cases.receipt("register-digital-invoice", "four", &receipt, world.now());

    // Dates are days in the zone of the type, UTC+8: 2028-02-01 begins at 16:00 UTC of the day before.
    let future = Document::licence("housing", 2).valid(Some("2028-02-01"), None);
    future.registered(&mut world);
    let first_day = begins("2028-02-01");
    let around = [first_day.minus(1), first_day];
    cases.document("status-not-yet-valid", &world, &future, &around);
    let short = Document::licence("housing", 3).valid(None, Some("2027-01-31"));
    short.registered(&mut world);
    let after_last = begins("2027-02-01");
    let around = [after_last.minus(1), after_last];
    cases.document("status-expired", &world, &short, &around);

    let suspended = Document::licence("housing", 4).valid(None, Some("2030-12-31"));
    suspended.registered(&mut world);
    let until = world.now().plus(DAY);
    let suspend = Operation::Suspend(Suspend {
        record: suspended.key(),
        reason: "inspection".to_owned(),
        until: Some(until),
    });
    let placed_suspend = world.act("housing", &[suspend]);
    let receipt = world.receipt(placed_suspend, 0);
    cases.receipt("suspend", "four", &receipt, world.now());
    let around = [world.now().minus(1), world.now(), until.minus(1), until];
    cases.document("status-suspended", &world, &suspended, &around);
    let resume = Operation::Resume(Resume {
        record: suspended.key(),
        reason: "mended".to_owned(),
    });
    let placed_resume = world.act("housing", &[resume]);
    cases.receipt(
        "resume",
        "four",
        &world.receipt(placed_resume, 0),
        world.now(),
    );
    // The record still names what happened before.
    let receipt = world.receipt(placed_suspend, 0);
    cases.receipt("suspend-after-resume", "four", &receipt, world.now());

    let revoked = Document::licence("housing", 5);
    revoked.registered(&mut world);
    let effective = world.now().plus(2 * DAY);
    let revoke = Operation::Revoke(Revoke {
        record: revoked.key(),
        reason: "fraud".to_owned(),
        effective_at: Some(effective),
    });
    let placed_revoke = world.act("housing", &[revoke]);
    let receipt = world.receipt(placed_revoke, 0);
    cases.receipt("revoke", "four", &receipt, world.now());
    let around = [effective.minus(1), effective];
    cases.document("status-revoked", &world, &revoked, &around);

    let cancelled = Document::einvoice(2);
    cancelled.registered(&mut world);
    let cancel = Operation::Cancel(Cancel {
        record: cancelled.key(),
        reason: "error".to_owned(),
    });
    let placed_cancel = world.act("tax", &[cancel]);
    cases.receipt(
        "cancel",
        "four",
        &world.receipt(placed_cancel, 0),
        world.now(),
    );
    cases.document("status-cancelled", &world, &cancelled, &[world.now()]);

    let digest = SUITE.document_digest(b"another rendition");
    let rendition = Operation::AddRendition(AddRendition {
        record: einvoice.key(),
        digests: vec![digest],
        fact_root: einvoice.register.fact_root.expect("it has facts"),
    });
    let placed_rendition = world.act("tax", &[rendition]);
    let receipt = world.receipt(placed_rendition, 0);
    cases.receipt("add-rendition", "four", &receipt, world.now());
    let by_file = world.certificate(|prover| {
        prover
            .rendition(&digest, &Beside::default())
            .expect("memory");
    });
    let asks = [Ask::digest(&digest), einvoice.ask()];
    cases.certificate("status-by-file", "four", &by_file, &asks, &[world.now()]);

    uses(cases, &mut world, &invoices);
    copies(cases, &mut world, &licence);
    let covered = absences(cases, &mut world);
    rules(cases, &mut world, &licence);
    let mut without = refusals(&mut world, &revoked);
    without.insert("cover", covered);

    world.rest(5);
    let now = world.now();
    cases.receipt("register-later", "four", &world.receipt(placed, 0), now);
    let receipt = world.receipt(placed_three, 1);
    cases.receipt("register-2-of-3-later", "four", &receipt, now);
    cases.document("status-in-force-later", &world, &licence, &[now]);
    cases.document("status-resumed", &world, &suspended, &[now]);
    let record = world.certificate(|prover| {
        prover.record(licence.key()).expect("memory");
    });
    cases.certificate(
        "status-record-only",
        "four",
        &record,
        &[licence.ask()],
        &[now],
    );
    logs(cases, &world);
    compromise(cases, &mut world);
    halt(cases, &mut world);
    (world, without)
}

/// Statements that are in the log and whose operations were refused.
fn refusals(world: &mut World, revoked: &Document) -> BTreeMap<&'static str, Placed> {
    let licence = Document::licence("housing", 1);
    let other = licence.with_facts(&[("total", "7.00")]);
    let mut register = other.register.clone();
    register.digests = vec![SUITE.document_digest(b"other facts")];
    let conflict = Operation::Register(register.clone());
    register.document_type = "permit".to_owned();
    let other_type = Operation::Register(register.clone());
    register.document_type = "nothing".to_owned();
    let unknown_type = Operation::Register(register.clone());
    register.document_type = "licence".to_owned();
    register.identity.legal_issuer = "housing".to_owned();
    let not_normal = Operation::Register(register);
    let again = Operation::Revoke(Revoke {
        record: revoked.key(),
        reason: "since ever".to_owned(),
        effective_at: Some(START),
    });
    [
        ("conflict", conflict),
        ("other-type", other_type),
        ("unknown-type", unknown_type),
        ("not-normal", not_normal),
        ("revoked-again", again),
    ]
    .map(|(name, operation)| (name, world.refused("housing", &[operation])))
    .into()
}

fn absences(cases: &mut Cases, world: &mut World) -> Placed {
    // Of some hundred numbers that nobody registered, one that leads to an empty place and one that leads to
    // another document's leaf.
    let exclusion = |number: u32| {
        let document = Document::licence("housing", number);
        let certificate = world.certificate(|prover| {
            prover.record(document.key()).expect("memory");
        });
        let proof = minicbor::to_vec(&certificate.leaves[0].proof).expect("memory");
        (document, certificate, proof[0] == 0xa4)
    };
    for (name, with_neighbour) in [("absent-empty", false), ("absent-neighbour", true)] {
        let mut found = (1000..1400).map(exclusion);
        let found = found.find(|(.., neighbour)| *neighbour == with_neighbour);
        let (document, certificate, _) = found.expect("one of them");
        cases.certificate(name, "four", &certificate, &[document.ask()], &[]);
    }
    let unknown = SUITE.document_digest(b"a file that nobody registered");
    let certificate = world.certificate(|prover| {
        prover
            .rendition(&unknown, &Beside::default())
            .expect("memory");
    });
    cases.certificate(
        "absent-file",
        "four",
        &certificate,
        &[Ask::digest(&unknown)],
        &[],
    );
    let cover = Operation::Cover(Cover {
        document_type: "licence".to_owned(),
        region: "north".to_owned(),
        from: START,
        before: None,
        within_ms: DAY,
    });
    let covered_by = world.act("housing", &[cover]);
    let missing = Document::licence("housing", 2000);
    let covered = ["housing", "licence", "north"].map(str::to_owned);
    let beside = Beside {
        coverage: Some(covered.into()),
        ..Beside::default()
    };
    let coverage = Ask::new(Namespace::Coverage, json!(["licence", "north", "housing"]));
    let asks = [coverage, agency("housing"), clock()];
    cases.beside("absent-covered", world, &missing, &beside, &asks, &[]);
    covered_by
}

fn rules(cases: &mut Cases, world: &mut World, licence: &Document) {
    let beside = Beside {
        region: Some("south".to_owned()),
        ..Beside::default()
    };
    let rule = Ask::new(Namespace::Recognition, json!(["south", "licence", "north"]));
    let now = [world.now()];
    cases.beside(
        "status-recognised",
        world,
        licence,
        &beside,
        std::slice::from_ref(&rule),
        &now,
    );
    let catalogue = world.certificate(|prover| {
        let leaf = prover.leaf::<RecognitionLeaf>(rule.at()).expect("memory");
        assert!(leaf.is_some());
        let licence = key::document_type(SUITE, "licence");
        prover.leaf::<TypeLeaf>(licence).expect("memory");
    });
    let asks = [rule, Ask::named(Namespace::Type, "licence")];
    cases.certificate("rule-and-type", "four", &catalogue, &asks, &[]);
    let entitled = world.certificate(|prover| {
        let at = key::agency(SUITE, "housing");
        let leaf = prover.leaf::<AgencyLeaf>(at).expect("memory");
        assert!(leaf.is_some());
        prover
            .leaf::<AgencyLeaf>(key::agency(SUITE, "nobody"))
            .expect("memory");
        prover.leaf::<ClockLeaf>(key::clock(SUITE)).expect("memory");
    });
    let asks = [agency("housing"), agency("nobody"), clock()];
    cases.certificate("entitlement", "four", &entitled, &asks, &[]);
}
