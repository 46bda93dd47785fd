use crate::say::Exit;
use crate::testing::{Live, World, SUITE};
use hefu_types::leaf::CoverageLeaf;
use hefu_types::operation::Operation;
use hefu_types::time::Day;
use hefu_types::{key, Code, Millis};

const TYPED: &str =
    "cover --key @agency.json --type invoice --from 2026-01-01 --until 2026-12-31 --within 72h";

#[test]
fn a_promise_is_told_as_it_is_proven() {
    let live = Live::start(World::new(), &[], |world, operation, event| {
        let Operation::Cover(cover) = operation else {
            panic!("another operation")
        };
        let leaf = CoverageLeaf {
            document_type: cover.document_type.clone(),
            region: cover.region.clone(),
            agency: "gd-tax".to_owned(),
            from: cover.from,
            within_ms: cover.within_ms,
            operation: event.operation,
            before: cover.before,
        };
        world.put(
            key::coverage(SUITE, "invoice", "guangdong", "gd-tax"),
            &leaf,
        );
        Ok(())
    });
    let report = live.run(TYPED).expect("done");
    assert_eq!(report.exit, Exit::Yes);
    assert!(
        report.text.contains("2026-12-31") && report.text.contains("72 h"),
        "{}",
        report.text
    );
    let Some(Operation::Cover(cover)) = live.node().came.pop() else {
        panic!("another operation")
    };
    let day = |text: &str| text.parse::<Day>().expect("a day");
    // Days of the type's zone, and until includes the day.
    assert_eq!(cover.from, day("2026-01-01").begins(480));
    assert_eq!(cover.before, Some(day("2027-01-01").begins(480)));
    assert_eq!(
        (cover.region.as_str(), cover.within_ms),
        ("guangdong", 72 * Millis::HOUR)
    );
}

#[test]
fn a_promise_that_is_refused_or_not_there_is_not_called_done() {
    let refusing = Live::start(World::new(), &[], |_, _, _| Err(Code::NotEntitled));
    let refused = refusing.run(TYPED).expect("told");
    assert_eq!(
        (refused.exit, &refused.json["code"]),
        (Exit::No, &3002.into())
    );
    let lying = Live::start(World::new(), &[], |_, _, _| Ok(()));
    let report = lying.run(TYPED).expect("told");
    assert_eq!(report.exit, Exit::CouldNotTell);
    assert_eq!(report.json["outcome"], "not-proven");
}
