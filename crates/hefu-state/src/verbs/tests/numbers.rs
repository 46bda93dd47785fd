//! Rows of ranges of numbers.

use super::rows::{check, Desk, Table};
use super::world::SUITE;
use crate::verbs::numbers::has_room;
use crate::Outcome;
use hefu_types::key;
use hefu_types::leaf::{Leaf, LEAF_BYTES_MAX};
use hefu_types::numbering::{
    NumberRange, NumberSpan, NumberingLeaf, RangeState, RANGES_MAX, SPANS_MAX,
};
use hefu_types::operation::Operation;
use hefu_types::profile::Profile;
use hefu_types::statement::Mode;
use hefu_types::{Code, Millis, OperationId};

const TABLES: &[Table] = &[
    ("asked for, allocated, in use", STEPS),
    ("numbers are issued out of ranges", ISSUED),
    ("branches", BRANCHES),
    ("void", VOID),
];

const STEPS: &str = "
    buyer request-range S 1..9              -> NotEntitled
    tax request-range S 1..9                -> NotEntitled
    hospital request-range S 1..9 type=invoice -> NotForThisType
    hospital request-range S 1..9 type=poem -> UnknownType
    hospital request-range S 1..9 issuer=13X -> OutsideScope
    clinic request-range S 1..9             -> OutsideScope
    hospital request-range S 9..1           -> BadField
    hospital request-range S 1..10000001 digits=18 -> TooLarge
    hospital request-range S 1..10000       -> BadField
    hospital request-range S 1..9 digits=0  -> BadField
    hospital request-range S 1..9 digits=19 -> BadField
    hospital request-range S 1..9 issuer=12hospital -> BadIdentity
    bureau allocate-range S 0               -> UnknownRange
    hospital request-range S 1..9           -> ok
    ? range S 0 now=requested open=1..9 holder=hospital
    hospital request-range S 9..20          -> RangeTaken
    # With other digits it is another number.
    hospital request-range S 1..9 digits=6  -> ok
    hospital activate-range S 0             -> WrongRangeState
    hospital register B0001 type=bill       -> OutsideRange
    hospital void-numbers S 0 1..1          -> WrongRangeState
    hospital allocate-range S 0             -> NotEntitled
    both allocate-range S 0                 -> NotEntitled
    buyer allocate-range S 0                -> NotEntitled
    bureau allocate-range S 7               -> UnknownRange
    bureau allocate-range S 0 type=invoice  -> NotForThisType
    bureau allocate-range S 0 until=-1m     -> BadField
    bureau allocate-range S 0 until=+3d     -> ok
    ? range S 0 now=allocated
    bureau allocate-range S 0               -> WrongRangeState
    hospital register B0001                 -> RangeNotActive
    clinic activate-range S 0               -> NotEntitled
    buyer activate-range S 0                -> NotEntitled
    hospital activate-range S 7             -> UnknownRange
    hospital activate-range S 0             -> ok
    ? range S 0 now=active
    hospital activate-range S 0             -> WrongRangeState
    hospital withdraw-range S 0             -> NotEntitled
    bureau withdraw-range S 0 reason=none   -> BadField
    bureau withdraw-range S 7               -> UnknownRange
    # Withdrawn before any number was used, it is free again.
    bureau withdraw-range S 0               -> ok
    bureau withdraw-range S 0               -> WrongRangeState
    ? range S 0 now=withdrawn
    hospital activate-range S 0             -> WrongRangeState
    hospital request-range S 5..7           -> ok
    # An allocated range that nobody began to use in time is over.
    bureau allocate-range S 2 until=+1d     -> ok
    wait 1d
    ? range S 2 now=expired
    hospital activate-range S 2             -> RangeNotActive
";

const ISSUED: &str = "
    hospital register B0001 type=bill       -> OutsideRange
    hospital request-range S 1..4           -> ok
    bureau allocate-range S 0 until=+3d     -> ok
    hospital activate-range S 0             -> ok
    hospital register B0001                 -> ok
    ? range S 0 issued=1..1 open=2..4 gaps=none
    hospital register B0003 type=bill       -> ok
    ? range S 0 issued=1..1,3..3 gaps=2..2
    hospital register B00002 type=bill      -> OutsideRange
    hospital register B0005 type=bill       -> OutsideRange
    hospital register BX type=bill number=00O2 -> OutsideRange
    clinic register B0002 type=bill         -> OutsideRange
    # What is issued is told of by its record, whatever became of the range.
    hospital register B0001                 -> SameAgain
    hospital register B0001 file=x facts=x  -> NumberTaken
    # A refused registration issues nothing.
    hospital register B0002 file=B0001      -> FileTaken
    ? range S 0 issued=1..1,3..3
    hospital all: register B0002; register B0005 -> SiblingRefused, OutsideRange
    ? range S 0 issued=1..1,3..3
    hospital all: register B0002; register B0001 file=B0001,y -> ok, ok
    ? range S 0 issued=1..3 gaps=none
    wait 3d
    hospital register B0004 type=bill       -> RangeNotActive
    ? range S 0 now=expired open=4..4
    # It had been issued before the end, without a connection.
    hospital register B0004 offline=-1h     -> ok
    ? range S 0 now=exhausted open=none
    bureau withdraw-range S 0               -> ok
    hospital register B0004                 -> SameAgain
    hospital request-range S 4..9           -> RangeTaken
    hospital request-range S 5..9           -> ok
    bureau withdraw-range S 1               -> ok
    hospital register B0007 type=bill       -> OutsideRange
    hospital request-range S 5..8           -> ok
    bureau allocate-range S 2               -> ok
    hospital activate-range S 2             -> ok
    hospital register B0006 type=bill       -> ok
    bureau withdraw-range S 2               -> ok
    # What was used in part stays withdrawn for good.
    hospital register B0007                 -> RangeNotActive
    hospital void-numbers S 2 7..7          -> WrongRangeState
    hospital request-range S 7..8           -> RangeTaken
";

const BRANCHES: &str = "
    hospital request-range S 1..99          -> ok
    bureau allocate-range S 0 until=+3d     -> ok
    hospital delegate-range S 0 10..19      -> WrongRangeState
    hospital activate-range S 0             -> ok
    clinic delegate-range S 0 10..19        -> NotEntitled
    buyer delegate-range S 0 10..19         -> NotEntitled
    hospital delegate-range S 0 19..10      -> BadField
    hospital delegate-range S 0 90..100     -> OutsideRange
    hospital delegate-range S 7 10..19      -> UnknownRange
    hospital delegate-range S 0 10..19 to=tax -> NotEntitled
    hospital delegate-range S 0 10..19 to=bureau -> NotEntitled
    hospital delegate-range S 0 10..19 to=nobody -> NotEntitled
    hospital register B0015 type=bill       -> ok
    hospital delegate-range S 0 10..19      -> NumberNotOpen
    hospital delegate-range S 0 20..29      -> ok
    hospital delegate-range S 0 29..30      -> NumberNotOpen
    ? range S 0 given=20..29 open=1..14,16..19,30..99
    ? range S 1 holder=clinic now=active open=20..29
    # The branch issues them for whom they were given, and nobody else does.
    hospital register B0020 type=bill       -> OutsideRange
    clinic register B0020                   -> ok
    clinic register B0019 type=bill         -> OutsideRange
    hospital void-numbers S 0 21..21        -> NumberNotOpen
    clinic void-numbers S 1 21..21          -> ok
    clinic correct B0020 total=5            -> ok
    hospital cancel B0020                   -> NotEntitled
    bureau confirm B0020                    -> ok
    # A branch gives on.
    clinic delegate-range S 1 28..29 to=hospital -> ok
    hospital register B0028 type=bill       -> ok
    clinic register B0029 type=bill         -> OutsideRange
    # What was given out of it goes with it.
    bureau withdraw-range S 1               -> ok
    ? range S 1 now=withdrawn
    ? range S 2 now=withdrawn
    ? range S 0 now=active
    clinic register B0022 type=bill         -> RangeNotActive
    hospital register B0029                 -> RangeNotActive
    wait 3d
    hospital delegate-range S 0 40..41      -> RangeNotActive
";

const VOID: &str = "
    hospital void-numbers S 0 1..2          -> UnknownRange
    hospital request-range S 1..9           -> ok
    bureau allocate-range S 0 until=+3d     -> ok
    hospital activate-range S 0             -> ok
    hospital register B0005 type=bill       -> ok
    clinic void-numbers S 0 1..2            -> NotEntitled
    buyer void-numbers S 0 1..2             -> NotEntitled
    hospital void-numbers S 0 2..1          -> BadField
    hospital void-numbers S 0 1..2 reason=none -> BadField
    hospital void-numbers S 0 0..1          -> OutsideRange
    hospital void-numbers S 0 4..6          -> NumberNotOpen
    hospital void-numbers S 0 1..2          -> ok
    ? range S 0 void=1..2 open=3..4,6..9 gaps=3..4
    hospital void-numbers S 0 2..2          -> NumberNotOpen
    hospital register B0002 type=bill       -> NumberVoid
    hospital register B0003 type=bill       -> ok
    # Also when its time is over, so that every number is accounted for.
    wait 3d
    hospital void-numbers S 0 4..4          -> ok
    hospital void-numbers S 0 6..9          -> ok
    ? range S 0 now=exhausted open=none gaps=none
    hospital request-range T 1..99999 digits=5 -> ok
    bureau allocate-range T 0               -> ok
    hospital activate-range T 0             -> ok
    hospital void-numbers T 0 1..10001      -> TooLarge
    hospital void-numbers T 0 1..10000      -> ok
";

#[test]
fn steps() {
    check(&TABLES[0]);
}

#[test]
fn issued() {
    check(&TABLES[1]);
}

#[test]
fn branches() {
    check(&TABLES[2]);
}

#[test]
fn void() {
    check(&TABLES[3]);
}

impl Desk {
    /// Many operations of one actor in statements of 4,096, in one block: how many were done, and the
    /// codes of the others.
    pub(super) fn flood(&mut self, actor: &str, rows: &[String]) -> (usize, Vec<Code>) {
        let operations: Vec<Operation> =
            rows.iter().map(|row| self.operation(actor, row)).collect();
        let statements = operations
            .chunks(4_096)
            .map(|chunk| self.world.sign(actor, Mode::Each, chunk))
            .collect();
        let time = self.world.before.time.plus(1);
        let outcomes = self.world.execute(time, statements).concat();
        let refused = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Accepted => None,
            Outcome::Refused(refused) => Some(refused.code),
        });
        let refused: Vec<Code> = refused.collect();
        (outcomes.len() - refused.len(), refused)
    }

    fn range(digits: u8, last: u64) -> Self {
        let mut desk = Self::new();
        for row in [
            format!("hospital request-range S 1..{last} digits={digits} -> ok"),
            "bureau allocate-range S 0 -> ok".to_owned(),
            "hospital activate-range S 0 -> ok".to_owned(),
        ] {
            desk.line(&row);
        }
        desk
    }
}

#[test]
fn who_issues_far_out_of_order_goes_on_where_it_closes_gaps() {
    let mut desk = Desk::range(4, 9_999);
    let odd = (0..SPANS_MAX).map(|n| format!("register B{:04} type=bill", 2 * n + 1));
    let (done, refused) = desk.flood("hospital", &odd.collect::<Vec<_>>());
    assert_eq!((done, refused.len()), (SPANS_MAX, 0));
    desk.line("hospital register B9000 type=bill -> TooLarge");
    desk.line("hospital register B0512 type=bill -> ok");
    desk.line("hospital register B0002 type=bill -> ok");
    // A gap less: room for a number far away.
    desk.line("hospital register B9000 type=bill -> ok");
    desk.line("hospital register B9002 type=bill -> TooLarge");
    let voided = (0..SPANS_MAX).map(|n| format!("void-numbers S 0 {0}..{0}", 2 * n + 2_000));
    let (done, refused) = desk.flood("hospital", &voided.collect::<Vec<_>>());
    assert_eq!((done, refused.len()), (SPANS_MAX, 0));
    desk.line("hospital void-numbers S 0 9900..9900 -> TooLarge");
    desk.line("hospital void-numbers S 0 2001..2001 -> ok");
}

#[test]
fn a_numbering_has_so_many_ranges() {
    let mut desk = Desk::range(4, 9);
    let more = (1..256).map(|n| format!("request-range S {0}..{0}", n + 100));
    let (done, refused) = desk.flood("hospital", &more.collect::<Vec<_>>());
    assert_eq!((done, refused.len()), (255, 0));
    desk.line("hospital request-range S 900..900 -> TooLarge");
    desk.line("hospital delegate-range S 0 3..4 -> TooLarge");
}

#[test]
fn the_largest_numbering_can_be_read_again() {
    let name = "n".repeat(64);
    let most = u64::MAX >> 1;
    let range = NumberRange {
        first: most,
        last: most,
        digits: 18,
        document_type: name.clone(),
        holder: name.clone(),
        state: RangeState::Withdrawn,
        since: Millis(most),
        valid_before: Some(Millis(u64::MAX)),
        parent: Some(u32::MAX),
        issued: Vec::new(),
        voided: Vec::new(),
        delegated: Vec::new(),
        operation: OperationId([0; 32]),
        reason: Some(name),
    };
    let text = || "t".repeat(128);
    let mut leaf = NumberingLeaf {
        profile: text(),
        legal_issuer: text(),
        class: text(),
        series: text(),
        period: text(),
        ranges: vec![range; RANGES_MAX],
    };
    let span = |n: u64| NumberSpan {
        first: most + 2 * n,
        last: most + 2 * n,
    };
    let mut spans = 0;
    for place in 0..RANGES_MAX {
        while has_room(&leaf, &leaf.ranges[place].issued, span(spans)) {
            leaf.ranges[place].issued.push(span(spans));
            spans += 1;
        }
    }
    assert!(spans > 8_000);
    let bytes = leaf.to_bytes();
    assert_eq!(
        NumberingLeaf::from_bytes(&bytes).expect("it can be read"),
        leaf
    );
}

#[test]
fn no_agency_makes_a_numbering_that_cannot_be_read_again() {
    // The longest numbers, in as many ranges and spans as an agency gets: it gives numbers to itself
    // and declares every second one void.
    let base = 100_000_000_000_000_000_u64;
    let mut desk = Desk::new();
    for row in [
        format!(
            "hospital request-range S {}..{} digits=18 -> ok",
            base,
            base + 9_999_999
        ),
        "bureau allocate-range S 0 -> ok".to_owned(),
        "hospital activate-range S 0 -> ok".to_owned(),
    ] {
        desk.line(&row);
    }
    let part = |n: u64| base + n * 1_000;
    let given = (1..256).map(|n| {
        format!(
            "delegate-range S 0 {}..{} to=hospital",
            part(n),
            part(n) + 800
        )
    });
    let (done, _) = desk.flood("hospital", &given.collect::<Vec<_>>());
    assert_eq!(done, 255);
    let numbering = match desk.operation("hospital", "activate-range S 0") {
        Operation::ActivateRange(activate) => activate.numbering,
        _ => unreachable!(),
    };
    let key = key::numbering(SUITE, Profile::Generic, &numbering);
    let mut all_refused = Vec::new();
    // 256 spans of each of 100 ranges: more than any leaf holds.
    for n in 1..100 {
        let voided = (0..256).map(|of| {
            let number = part(n) + 2 * of;
            format!("void-numbers S {n} {number}..{number}")
        });
        let (_, refused) = desk.flood("hospital", &voided.collect::<Vec<_>>());
        all_refused.extend(refused);
        let bytes = desk.world.values[&key].len();
        assert!(bytes <= LEAF_BYTES_MAX, "{bytes} bytes");
    }
    assert!(all_refused.iter().all(|code| *code == Code::TooLarge));
    assert!(!all_refused.is_empty(), "the bound was reached");
    // What closes a gap needs no room.
    let between = part(1) + 1;
    desk.line(&format!(
        "hospital void-numbers S 1 {between}..{between} -> ok"
    ));
}
