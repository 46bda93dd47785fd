//! Rows of `lock`, `consume`, `release`, `clawback` and `hand-over`.

use super::market::LONG;
use super::rows::{check, Desk, Table};
use super::world::SUITE;
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, MemberLeaf, Standing};
use hefu_types::record::USES_MAX;

const TABLES: &[Table] = &[
    ("who may use an invoice", RIGHT),
    ("which invoice is used", WHICH),
    ("in parts and whole", PARTS),
    ("purposes that exclude one another", EXCLUSIONS),
    ("locks", LOCKS),
    ("the first member", FIRST),
    ("not registered by its issuer", UNATTESTED),
    ("taken back by both", CLAWBACK),
    ("the right changes hands", HAND_OVER),
    ("times and halts", HALTS),
    ("what the loser is told", TOLD),
];

const RIGHT: &str = "
    tax register N right=named:buyer total=10 -> ok
    tax consume N book                      -> NotEntitled
    tax lock N book                         -> NotEntitled
    tax release N X                         -> NotEntitled
    other consume N book                    -> NoRightToUse
    other lock N book                       -> NoRightToUse
    buyer consume N book by=none            -> NoRightToUse
    other consume N book by=named:buyer     -> NoRightToUse
    other consume N book by=opening:buyer   -> NoRightToUse
    buyer consume N book by=claim:N         -> NoRightToUse
    buyer lock N book 4                     -> ok
    buyer consume N book                    -> ok
    ? N uses=buyer:book:0..10:used
    tax register K right=claim              -> ok
    buyer consume K book by=none            -> NoRightToUse
    buyer consume K book by=claim:other     -> NoRightToUse
    buyer consume K book by=claim-of:other  -> NoRightToUse
    buyer consume K book by=named:buyer     -> NoRightToUse
    other consume K book                    -> ok
    buyer consume K deduct                  -> ok
    tax register Z right=none               -> ok
    buyer consume Z book                    -> NoRightToUse
    buyer lock Z book by=named:buyer        -> NoRightToUse
    tax register F right=any                -> ok
    third consume F book by=named:buyer     -> ok
";

const WHICH: &str = "
    buyer consume I book                    -> UnknownRecord
    buyer consume the-clock book            -> UnknownRecord
    buyer lock the-agency book              -> UnknownRecord
    buyer release I X                       -> UnknownRecord
    tax register I total=10 from=2027-01-20 until=2027-01-25 -> ok
    buyer consume I travel                  -> UnknownPurpose
    buyer lock I nothing                    -> BadField
    buyer consume I book file=x             -> DigestNotOfRecord
    buyer consume I book                    -> NotInValidity
    buyer lock I book                       -> NotInValidity
    wait 5d
    buyer lock I book 4                     -> ok
    wait 6d
    buyer consume I book                    -> NotInValidity
    tax register R total=10                 -> ok
    tax reverse R                           -> ok
    buyer consume R book                    -> WrongState
    tax register S type=strict              -> ok
    buyer consume S book                    -> UnknownPurpose
    buyer consume S deduct                  -> ok
";

const PARTS: &str = "
    tax register I total=10 right=claim     -> ok
    buyer consume I reimburse 0             -> BadField
    buyer consume I reimburse 4..4          -> BadField
    buyer consume I reimburse 11            -> ExceedsBalance
    buyer consume I reimburse 5..11         -> ExceedsBalance
    buyer consume I reimburse 3             -> ok
    other consume I reimburse 2             -> ok
    ? I uses=buyer:reimburse:0..3:used,other:reimburse:3..5:used whole=none
    third consume I reimburse 6             -> ExceedsBalance
    third consume I reimburse whole         -> AlreadyUsed
    third consume I reimburse 4..6          -> AlreadyUsed
    third consume I reimburse 8..10         -> ok
    # In one piece: the largest that is free is of 3.
    other consume I reimburse 4             -> ExceedsBalance
    other consume I reimburse 3             -> ok
    ? I whole=reimburse
    other consume I reimburse 1             -> AlreadyUsed
    # Another purpose has a line of its own; not every one is divided.
    other consume I finance 10              -> ok
    other consume I deduct 4                -> NotDivisible
    other consume I deduct 0..4             -> NotDivisible
    other consume I deduct 10               -> ok
    # A part that is all of it needs no rule for parts.
    tax register J total=10 right=claim     -> ok
    buyer consume J deduct 0..10            -> ok
    # What has no total is used whole.
    tax register U right=claim              -> ok
    buyer consume U reimburse 4             -> NotDivisible
    buyer consume U reimburse 0..4          -> NotDivisible
    buyer consume U reimburse               -> ok
    other consume U reimburse               -> AlreadyUsed
    tax register M total=-5 right=claim     -> ok
    buyer consume M reimburse 4             -> NotDivisible
    buyer consume M reimburse               -> ok
    # Of what was reversed in part, the rest.
    tax register P total=10 right=claim     -> ok
    buyer consume P finance 4..6            -> ok
    tax request-reversal P 5                -> ok
    buyer agree P                           -> ok
    tax reverse P 5                         -> ok
    ? P uses=buyer:finance:4..6:used state=PartlyReversed
    other consume P reimburse whole         -> ok
    ? P uses=buyer:finance:4..6:used,other:reimburse:0..5:used
    other consume P finance 4               -> ExceedsBalance
    other consume P finance 3               -> ok
    other consume P finance 1               -> ExceedsBalance
    other consume P finance 9..10           -> ExceedsBalance
    # All of it or nothing.
    tax register A total=5 right=claim      -> ok
    tax register B total=5 right=claim      -> ok
    other consume B book 1                  -> ok
    buyer all: consume A book; consume B book -> SiblingRefused, AlreadyUsed
    ? A uses=none
    buyer all: consume A book; consume B book 4; lock A deduct -> ok, ok, ok
    buyer each: consume A finance; consume A finance -> ok, AlreadyUsed
";

const EXCLUSIONS: &str = "
    tax register I total=10 right=claim     -> ok
    buyer lock I subsidy                    -> ok as L
    other consume I reimburse 1             -> Locked
    buyer consume I reimburse 1             -> Locked
    buyer release I L                       -> ok
    buyer consume I reimburse 4             -> ok
    other consume I subsidy                 -> PurposeExcluded
    other lock I subsidy                    -> PurposeExcluded
    other consume I deduct                  -> ok
    other consume I reimburse 6             -> ok
    ? I uses=buyer:reimburse:0..4:used,other:deduct:0..10:used,other:reimburse:4..10:used
";

const LOCKS: &str = "
    tax register I total=10 right=claim     -> ok
    buyer lock I reimburse 4 for=0          -> BadField
    buyer lock I reimburse 4 for=25h        -> BadField
    buyer lock I reimburse 4 for=24h        -> ok as L1
    other lock I reimburse whole            -> Locked
    other consume I reimburse 0..1          -> Locked
    buyer lock I reimburse whole            -> LockHeld
    buyer lock I reimburse 2 for=10m        -> ok as L2
    ? I uses=buyer:reimburse:0..4:1440m,buyer:reimburse:4..6:10m
    other release I L1                      -> LockOver
    other consume I reimburse lock=L1       -> LockOver
    buyer consume I book lock=L1            -> LockOver
    buyer consume I reimburse lock=NONE     -> LockOver
    buyer consume I reimburse lock=L1       -> ok
    buyer consume I reimburse lock=L1       -> LockOver
    buyer release I L1                      -> LockOver
    buyer release I L2                      -> ok
    buyer release I L2                      -> LockOver
    other lock I reimburse 2 for=10m        -> ok as L3
    wait 9m
    third lock I reimburse 4..6             -> Locked
    wait 1m
    other consume I reimburse lock=L3       -> LockOver
    other release I L3                      -> LockOver
    third lock I reimburse 4..6             -> ok
    # A use goes over one's own locks; they end with it.
    third consume I reimburse 4..10         -> ok
    ? I uses=buyer:reimburse:0..4:used,third:reimburse:4..10:used
    # A lock and what is reversed: see the rows of reversals.
    tax register J total=10 right=claim     -> ok
    buyer lock J book for=1h                -> ok as L4
    tax request-reversal J                  -> ok
    buyer consume J book lock=L4            -> ConsentPending
    buyer all: deny J; consume J book lock=L4 -> ok, ok
";

const FIRST: &str = "
    tax register I total=10                 -> ok
    hostile lock I book 4 for=61m           -> BadField
    hostile lock I book 4                   -> ok as L
    ? I uses=hostile:book:0..4:60m
    # One at a time, or he would keep it piece by piece.
    hostile lock I book 2                   -> LockHeld
    hostile release I L                     -> ok
    # He may not lock again so soon; a use is another thing.
    hostile lock I book 4                   -> LockedBefore
    hostile lock I book 7..8                -> LockedBefore
    hostile lock I finance for=5m           -> ok
    other lock I book                       -> ok as L3
    wait 1h
    other lock I book                       -> LockedBefore
    hostile lock I book                     -> LockedBefore
    third lock I book 5                     -> ok as L4
    third consume I book lock=L4            -> ok
    other consume I book 5..10              -> ok
    wait 23h
    tax register J total=10                 -> ok
    hostile lock J subsidy                  -> ok as L5
    hostile release J L5                    -> ok
    hostile lock J reimburse 1              -> LockedBefore
    wait 23h
    wait 59m
    hostile lock J reimburse 1              -> LockedBefore
    wait 1m
    hostile lock J reimburse 1              -> ok
";

const UNATTESTED: &str = "
    buyer consume S deduct unattested=5 type=strict -> NotUnattested
    buyer consume S deduct unattested=5 type=poem   -> UnknownType
    buyer consume L book unattested=5 type=licence  -> NotForThisType
    buyer consume U book unattested=5 number=other  -> BadIdentity
    buyer consume U book unattested=5/x     -> BadField
    buyer consume U travel unattested=5     -> UnknownPurpose
    buyer consume U book 6 unattested=5     -> ExceedsBalance
    tax consume U book unattested=5         -> NotEntitled
    tax register I                          -> ok
    buyer consume U book unattested=5 file=I -> FileTaken
    buyer lock U book 2 unattested=5 for=61m -> BadField
    buyer lock U book 2 unattested=5        -> ok as L
    ? U state=Unattested uses=buyer:book:0..2:60m unattested=yes files=1
    other consume V book unattested=5 file=U -> FileTaken
    # Of what nobody registered there may be other files, and the first total stands.
    other consume U book 3 unattested=100 file=his -> ok
    third consume U book file=hers          -> AlreadyUsed
    buyer consume U book lock=L             -> ok
    buyer lock U reimburse                  -> ok as L2
    buyer release U L2                      -> ok
    buyer lock U reimburse                  -> LockedBefore
    # Nobody acts for its issuer.
    tax cancel U                            -> NotEntitled
    tax archive U                           -> NotEntitled
    tax reverse U                           -> NotEntitled
    tax request-reversal U                  -> NotEntitled
    buyer request-reversal U                -> WrongState
    third request-reversal U                -> NoRightToUse
    buyer hand-over U to=named:other        -> NoRightToUse
    # The number in the claim is looked at only where the record is not there.
    buyer consume I book unattested=5 number=other -> ok
";

const CLAWBACK: &str = "
    tax register I total=10 right=claim     -> ok
    buyer consume I reimburse 6             -> ok as C
    buyer clawback I NONE                   -> UnknownUse
    other clawback I C                      -> UnknownUse
    west-tax clawback I C                   -> NotEntitled
    buyer clawback I C reason=none          -> BadField
    buyer clawback I C 0                    -> ExceedsBalance
    buyer clawback I C 7                    -> ExceedsBalance
    buyer clawback I C 2                    -> ok
    ? I uses=buyer:reimburse:0..6:used
    buyer clawback I C 2                    -> AlreadySigned
    tax clawback I C 2                      -> ok
    ? I uses=buyer:reimburse:0..4:used
    other consume I reimburse 6             -> ok
    # Each agreement serves once.
    tax clawback I C 2                      -> ok
    tax clawback I C 2                      -> AlreadySigned
    # Another amount is another request.
    buyer clawback I C 3                    -> ok
    tax clawback I C                        -> ok
    tax clawback I C 3                      -> ok
    buyer clawback I C                      -> ok
    wait 72h
    tax clawback I C                        -> ok
    buyer clawback I C                      -> ok
    ? I uses=other:reimburse:4..10:used
    tax clawback I C                        -> UnknownUse
    third consume I reimburse 4             -> ok
    tax register U right=claim              -> ok
    buyer consume U book                    -> ok as D
    buyer clawback U D 2                    -> NotDivisible
    buyer clawback U D                      -> ok
    tax clawback U D                        -> ok
    other consume U book                    -> ok
    # A lock is given back by its member alone.
    buyer lock U deduct                     -> ok as L
    tax clawback U L                        -> UnknownUse
    buyer clawback NONE L                   -> UnknownRecord
";

const HAND_OVER: &str = "
    tax register N right=named:buyer total=10 -> ok
    tax hand-over N to=named:other          -> NotEntitled
    other hand-over N to=named:other        -> NoRightToUse
    other hand-over N to=named:other by=opening:buyer -> NoRightToUse
    buyer hand-over N to=any                -> BadField
    buyer hand-over N to=bad-key            -> BadField
    buyer lock N book 4                     -> ok as L
    buyer hand-over N to=named:other        -> ok
    buyer consume N finance                 -> NoRightToUse
    buyer hand-over N to=named:buyer        -> NoRightToUse
    # What he had stays his.
    other consume N book                    -> Locked
    buyer consume N book lock=L             -> ok
    other consume N book 6                  -> ok
    other hand-over N to=claim:K            -> ok
    other consume N finance by=named:other  -> NoRightToUse
    third consume N finance                 -> ok
    tax register F right=any                -> ok
    buyer hand-over F to=named:buyer        -> NoRightToUse
    buyer hand-over NONE to=named:buyer     -> UnknownRecord
    tax register C right=claim              -> ok
    buyer hand-over C to=named:other by=claim-of:other -> NoRightToUse
    tax cancel C                            -> ok
    buyer hand-over C to=named:other        -> WrongState
";

const HALTS: &str = "
    # What fell into a halt lapses an hour after it.
    tax register I total=10 right=claim     -> ok
    buyer lock I book 4 for=2h              -> ok as L
    wait 1h
    halt 5h
    other lock I book 0..4                  -> Locked
    ? I uses=buyer:book:0..4:60m
    wait 1h
    other lock I book 0..4                  -> ok
    buyer consume I book lock=L             -> LockOver
    # Exactly an hour is none.
    buyer lock I finance 4 for=2h           -> ok as M
    halt 1h
    halt 1h
    buyer consume I finance lock=M          -> LockOver
    # What falls into the hour after a halt waits for its end, and for that of the next halt where one
    # begins in it: so nothing that has lapsed comes back.
    tax register J total=10 right=claim     -> ok
    buyer lock J book for=150m              -> ok as A
    halt 2h
    wait 31m
    other consume J book                    -> Locked
    halt 2h
    wait 59m
    other consume J book                    -> Locked
    ? J uses=buyer:book:0..10:1m
    wait 1m
    other consume J book                    -> ok
    halt 2h
    ? J uses=other:book:0..10:used
    buyer consume J book lock=A             -> LockOver
    # A request that lapsed between them stays lapsed, too.
    tax register K total=10                 -> ok
    tax request-reversal K                  -> ok
    wait 71h
    halt 61m
    wait 59m
    ? K stage=NoConsentNeeded
    wait 1m
    ? K stage=TimedOut
    buyer consume K book                    -> ok
    halt 61m
    ? K stage=TimedOut
";

const TOLD: &str = "
    tax register I total=10 right=claim     -> ok
    buyer lock I book 4 for=1h              -> ok
    other lock I book 4 for=2h              -> ok
    third lock I book whole                 -> Locked
    buyer lock I book whole                 -> LockHeld
    other consume I finance                 -> ok
    third lock I book 9                     -> ExceedsBalance
";

#[test]
fn who_may_use_an_invoice() {
    check(&TABLES[0]);
}

#[test]
fn which_invoice_is_used() {
    check(&TABLES[1]);
}

#[test]
fn in_parts_and_whole() {
    check(&TABLES[2]);
}

#[test]
fn purposes_that_exclude_one_another() {
    check(&TABLES[3]);
}

#[test]
fn locks() {
    check(&TABLES[4]);
}

#[test]
fn the_first_member() {
    check(&TABLES[5]);
}

#[test]
fn not_registered_by_its_issuer() {
    check(&TABLES[6]);
}

#[test]
fn taken_back_by_both() {
    check(&TABLES[7]);
}

#[test]
fn the_right_changes_hands() {
    check(&TABLES[8]);
}

#[test]
fn times_and_halts() {
    check(&TABLES[9]);
}

#[test]
fn what_the_loser_is_told() {
    check(&TABLES[10]);
}

#[test]
fn as_first_member_one_locks_a_few_and_time_brings_more() {
    let mut desk = Desk::new();
    let rows = |verb: &str, from: usize, to: usize| -> Vec<String> {
        let row = |n| match verb {
            "register" => format!("register T{n}"),
            verb => format!("{verb} T{n} book"),
        };
        (from..to).map(row).collect()
    };
    desk.flood("tax", &rows("register", 0, 300));
    let (done, _) = desk.flood("hostile", &rows("lock", 0, 300));
    assert_eq!(done, 256);
    desk.line("hostile lock T256 book -> TooManyLocks");
    desk.line("wait 1m");
    desk.line("hostile all: lock T256 book; lock T257 book -> SiblingRefused, TooManyLocks");
    desk.line("hostile lock T256 book -> ok");
    desk.line("hostile lock T257 book -> TooManyLocks");
    // A use of what its issuer registered needs none; one of what nobody registered does.
    desk.line("hostile consume T257 book -> ok");
    desk.line("hostile consume NEW book unattested=5 -> TooManyLocks");
    desk.line("wait 9m");
    let (done, _) = desk.flood("hostile", &rows("lock", 258, 300));
    assert_eq!(done, 9);
    desk.line("wait 10d");
    desk.flood("tax", &rows("register", 300, 600));
    let (done, _) = desk.flood("hostile", &rows("lock", 300, 600));
    assert_eq!(done, 256, "the bucket is no larger");
}

#[test]
fn a_record_has_so_many_uses_and_what_no_longer_binds_makes_room() {
    let mut desk = Desk::new();
    desk.line("tax register I total=100 right=claim -> ok");
    for n in 0..USES_MAX {
        desk.line(&format!("sybil-{n} lock I book 1 for={}h -> ok", n / 8 + 1));
    }
    desk.line("buyer lock I book 1 -> TooManyShares");
    desk.line("buyer consume I book 1 -> TooManyShares");
    desk.line("wait 1h");
    desk.line("buyer consume I book 50 -> ok");
    for n in 0..7 {
        desk.line(&format!("sybil-{n} consume I book 1 -> ok"));
    }
    desk.line("third consume I book 1 -> TooManyShares");
}

#[test]
fn who_is_suspended_does_nothing() {
    let mut desk = Desk::new();
    desk.line("tax register I -> ok");
    let member = key::member(SUITE, "buyer");
    desk.world.govern(member, |leaf: &mut MemberLeaf| {
        leaf.standing = Standing::Suspended
    });
    let agency = key::agency(SUITE, "tax");
    desk.world.govern(agency, |leaf: &mut AgencyLeaf| {
        leaf.standing = Standing::Suspended
    });
    desk.line("buyer consume I book -> HolderNotActive");
    desk.line("tax cancel I -> HolderNotActive");
    // Who lost the entitlement does not act on what he registered.
    desk.world.govern(agency, |leaf: &mut AgencyLeaf| {
        leaf.standing = Standing::Active;
        leaf.entitlements.retain(|it| it.document_type != "invoice");
    });
    desk.line("tax cancel I -> NotEntitled");
    desk.line("tax register J -> NotEntitled");
}

#[test]
fn what_no_longer_binds_makes_room_in_bytes_too() {
    let mut desk = Desk::new();
    desk.line("tax register I total=1000000000 file=1,2,3,4,5,6,7,8 -> ok");
    let long = |n: usize| format!("{n:0>64}");
    // As many as the record takes; each is over after an hour.
    let mut taken = 0;
    for n in 0..LONG - 1 {
        let row = format!("lock I reimburse 1 for=1h file={}", n % 8 + 1);
        taken += desk.flood(&long(n), &[row]).0;
    }
    assert!(taken >= 8, "{taken}");
    desk.line("wait 1h");
    let last = long(LONG - 1);
    desk.line(&format!("{last} lock I reimburse 5 file=1 -> ok as L"));
    desk.line(&format!("{last} consume I reimburse lock=L file=1 -> ok"));
    desk.line("tax request-reversal I 7 -> ok");
    desk.line(&format!("{last} agree I -> ok"));
    desk.line("tax reverse I 7 -> ok");
    desk.line("buyer consume I book file=1 -> ok");
}
