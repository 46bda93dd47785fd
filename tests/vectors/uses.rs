//! What happens in the network of four beside registrations: uses, copies, a stolen key, a halt.

use super::collect::{clock, Cases};
use super::documents::{Document, DAY};
use super::manifest::Ask;
use super::parties::{LOCK_MS_MAX, SUITE};
use super::world::World;
use hefu_node::prove::Beside;
use hefu_types::operation::{Consume, DeclareCompromise, Lend, LendTerms, Lock, Operation, Share};
use hefu_types::{Blinding, CopyNumber, Millis};

/// Three invoices are locked and used.
pub fn uses(cases: &mut Cases, world: &mut World, invoices: &[Document]) {
    let [whole, partly, consumed] = invoices else {
        panic!("three invoices")
    };
    let lock = Operation::Lock(Lock {
        record: whole.key(),
        claim: whole.claim("finance", Share::Whole),
        for_ms: Some(LOCK_MS_MAX / 2),
        blinding: Blinding([4; 16]),
    });
    let placed = world.act("0a", &[lock]);
    let until = world.now().plus(LOCK_MS_MAX / 2);
    cases.receipt("lock", "four", &world.receipt(placed, 0), world.now());
    let around = [until.minus(1), until];
    cases.beside(
        "status-locked",
        world,
        whole,
        &Beside::default(),
        &[clock()],
        &around,
    );

    let consume = |invoice: &Document, share| {
        Operation::Consume(Consume {
            record: invoice.key(),
            claim: invoice.claim("reimburse", share),
            lock: None,
            blinding: Blinding([5; 16]),
        })
    };
    let part = consume(partly, Share::Amount(2_500));
    let placed_part = world.act("0a", &[part]);
    cases.receipt(
        "use-part",
        "four",
        &world.receipt(placed_part, 0),
        world.now(),
    );
    let rest = consume(partly, Share::Amount(500));
    let placed_rest = world.act("0b", &[rest]);
    let receipt = world.receipt(placed_rest, 0);
    cases.receipt("use-second-part", "four", &receipt, world.now());
    cases.document("status-partly-used", world, partly, &[world.now()]);
    let placed_whole = world.act("0b", &[consume(consumed, Share::Whole)]);
    let receipt = world.receipt(placed_whole, 0);
    cases.receipt("use-whole", "four", &receipt, world.now());
    cases.document("status-used", world, consumed, &[world.now()]);
}

/// A copy of a licence is lent.
pub fn copies(cases: &mut Cases, world: &mut World, licence: &Document) {
    let number = CopyNumber([9; 16]);
    let valid_before = world.now().plus(10 * DAY);
    let lend = Operation::Lend(Lend {
        record: licence.key(),
        terms: LendTerms {
            number,
            digests: vec![SUITE.document_digest(b"an annotated copy")],
            purpose: "tender".to_owned(),
            matter: "T-1".to_owned(),
            user: SUITE.log_empty(),
            valid_before,
            fact_root: None,
        },
        consent: None,
    });
    let placed = world.act("housing", &[lend]);
    let around = valid_before.minus(1);
    cases.receipt("lend", "four", &world.receipt(placed, 0), around);
    let ask = Ask::copy(&licence.key(), &number);
    let certificate = world.certificate(|prover| {
        prover
            .document(ask.at(), &Beside::default())
            .expect("memory");
    });
    let asks = [ask, licence.ask()];
    let around = [around, valid_before];
    cases.certificate("status-copy", "four", &certificate, &asks, &around);
}

/// Somebody else has the key of the bureau of works, and it is found out when.
pub fn compromise(cases: &mut Cases, world: &mut World) {
    let before = Document::licence("works", 7);
    let after = Document::licence("works", 8);
    before.registered(world);
    let since = world.now().plus(1);
    let placed_after = after.registered(world);
    let declare = Operation::DeclareCompromise(DeclareCompromise {
        key: world.maker.actors["works"].key_id(),
        since,
        reason: "stolen".to_owned(),
    });
    world.act("registry", &[declare]);
    let now = [world.now()];
    let ask = Ask::key(&world.maker.actors["works"].key_id());
    let none = Beside::default();
    cases.beside(
        "compromised-later",
        world,
        &before,
        &none,
        std::slice::from_ref(&ask),
        &now,
    );
    cases.beside("compromised-before", world, &after, &none, &[ask], &now);
    let receipt = world.receipt(placed_after, 0);
    cases.receipt("register-compromised", "four", &receipt, world.now());
    let record = world.certificate(|prover| {
        prover.record(before.key()).expect("memory");
    });
    let ask = [before.ask()];
    cases.certificate("compromise-not-told", "four", &record, &ask, &now);
}

/// The ledger stands still while a lock would lapse.
pub fn halt(cases: &mut Cases, world: &mut World) {
    let invoice = Document::invoice(9);
    invoice.registered(world);
    let lock = Operation::Lock(Lock {
        record: invoice.key(),
        claim: invoice.claim("finance", Share::Whole),
        for_ms: Some(LOCK_MS_MAX / 2),
        blinding: Blinding([6; 16]),
    });
    world.act("0b", &[lock]);
    let lapses = world.now().plus(LOCK_MS_MAX / 2);
    world.block(2 * LOCK_MS_MAX, Vec::new(), None);
    let put_off = world.now().plus(Millis::HOUR);
    world.rest(1);
    let around = [lapses.minus(1), lapses, put_off.minus(1), put_off];
    let none = Beside::default();
    cases.beside(
        "status-locked-over-a-halt",
        world,
        &invoice,
        &none,
        &[clock()],
        &around,
    );
}
