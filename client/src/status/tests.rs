use super::*;
use crate::testing::{sample, World};
use hefu_proof::receipt::Receipt;

const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

#[test]
fn an_end_that_is_to_come_stands_beside_in_force() {
    let mut world = World::new();
    let receipt: Receipt = world.register("invoice", &sample(UBL));
    let verified = receipt.verify(&world.network).expect("holds");
    let (key, mut record) = (verified.record_key(), verified.record().clone());
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
