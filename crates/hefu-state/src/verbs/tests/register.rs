//! Rows of `register`, `add-rendition` and `correct`, and of what joins a use that was there before.

use super::rows::{check, Table};

const TABLES: &[Table] = &[
    ("who registers what", WHO),
    ("the same again", AGAIN),
    ("issued offline", OFFLINE),
    ("a number again", REUSE),
    ("renditions", RENDITIONS),
    ("corrections", CORRECTIONS),
    ("the issuer joins", JOINS),
];

const WHO: &str = "
    buyer register I1                       -> NotEntitled
    west-tax register I1                    -> NotEntitled
    bureau register I1                      -> NotEntitled
    tax register I1 region=west             -> NotEntitled
    tax register I1 issuer=9144SELLER       -> OutsideScope
    tax register I1 type=poem               -> UnknownType
    tax register I1 class=x                 -> BadIdentity
    tax register I1 issuer=9133seller       -> BadIdentity
    tax register I1 file=none               -> BadField
    tax register I1 file=1,2,3,4,5,6,7,8,9  -> BadField
    tax register I1 files-as-they-are=1,1   -> BadField
    tax register I1 until=2026-02-30        -> BadField
    tax register I1 from=2027-02-02 until=2027-02-01 -> BadField
    tax register I1 right=bad-key           -> BadField
    tax register I1 total=5/cny             -> BadField
    tax register I1 total=5/CNYY            -> BadField
    tax register S1 type=strict right=any   -> BadField
    tax register L1 type=licence total=5    -> BadField
    tax register L1 type=licence right=any  -> BadField
    tax register I1 total=10                -> ok
    ? I1 state=Issued events=1 files=1 total=10 uses=none agency=tax
    # A file is of one document, and one is named for it.
    tax register I2 file=I1                 -> FileTaken
    # Numbers are shared by the types of one profile.
    tax register I1 type=strict right=named:buyer file=X -> NumberTaken
";

const AGAIN: &str = "
    tax register I1 file=1,2                -> ok
    tax register I1 file=1,2                -> SameAgain
    tax register I1 file=2 facts=none       -> SameAgain
    # Other files of the same facts are renditions; of other facts, another document.
    tax register I1 file=3 facts=other      -> NumberTaken
    tax register I1 file=3 facts=none       -> NumberTaken
    tax register I1 file=3 until=2029-01-01 -> NumberTaken
    tax register I1 file=1,3                -> ok
    ? I1 files=3 events=2
    tax register I1 file=1,2,3,4,5,6,7,8    -> ok
    tax register I1 file=9                  -> BadField
    tax register N facts=none               -> ok
    tax register N file=n2 facts=none       -> NumberTaken
    tax register J file=j                   -> ok
    tax register I1 file=1,j                -> FileTaken
    west-tax register W issuer=9152S region=west -> ok
    # Who may not register a number does not learn whether it stands there.
    west-tax register I1 region=west        -> OutsideScope
";

const OFFLINE: &str = "
    tax register A offline=-2d              -> ok
    ? A state=Issued late=no
    tax register B offline=-4d              -> ok
    ? B state=Issued late=yes
    tax register B offline=-4d              -> SameAgain
    tax register C offline=+1m              -> BadOfflineIssue
    tax register C offline=-367d            -> BadOfflineIssue
    tax register S type=strict offline=-1h  -> BadOfflineIssue
    tax register D                          -> ok
    ? D late=online
    # A deadline that fell into a halt waits for an hour after it.
    wait 1h
    tax register E offline=-71h             -> ok
    halt 5h
    tax register F offline=-73h             -> ok
    ? F late=no
    wait 1h
    tax register G offline=-74h             -> ok
    ? G late=yes
";

const REUSE: &str = "
    # Italy: a refused invoice counts as not issued, and its number is used again.
    tax register F1 type=fattura file=a     -> ok
    tax cancel F1                           -> ok
    tax register F1 file=b                  -> ok
    ? F1 state=Issued files=1 past=issued,cancelled events=3
    tax register F1 file=a facts=a          -> NumberTaken
    # The file of the cancelled one is free.
    tax register F2 type=fattura file=a     -> ok
    tax register F1 file=b                  -> SameAgain
    # Elsewhere a cancelled number is burned, also for the same file.
    tax register I1 file=c                  -> ok
    tax cancel I1                           -> ok
    tax register I1 file=d                  -> NumberBurned
    tax register I1 file=c                  -> SameAgain
    ? I1 state=Cancelled
    # What a stamp of the state was rejected for is not registered again.
    tax register C1 type=cfdi file=e        -> ok
    bureau reject C1                        -> ok
    tax register C1 file=f                  -> NumberBurned
";

const RENDITIONS: &str = "
    tax add-rendition I1 file=2             -> UnknownRecord
    tax register I1                         -> ok
    buyer add-rendition I1 file=2           -> NotEntitled
    west-tax add-rendition I1 file=2        -> NotEntitled
    tax add-rendition I1 file=none          -> BadField
    tax add-rendition I1 file=I1            -> SameAgain
    tax add-rendition I1 file=2 facts=other -> NumberTaken
    tax register I2                         -> ok
    tax add-rendition I1 file=I2            -> FileTaken
    tax add-rendition I1 file=2             -> ok
    ? I1 files=2 events=2
    tax add-rendition I1 file=2,3           -> ok
    ? I1 files=3
    tax add-rendition I1 file=4,5,6,7,8,9   -> BadField
    # The new file is named by who uses it.
    buyer consume I1 book file=3            -> ok
    tax cancel I2                           -> ok
    tax add-rendition I2 file=z             -> WrongState
    tax register I3 facts=none              -> ok
    tax add-rendition I3 file=z facts=I3    -> NumberTaken
";

const CORRECTIONS: &str = "
    tax correct I1                          -> UnknownRecord
    tax register I1 file=a total=10         -> ok
    buyer correct I1 file=b                 -> NotEntitled
    west-tax correct I1 file=b              -> NotEntitled
    tax correct I1 file=b reason=none       -> BadField
    tax correct I1 file=none                -> BadField
    tax correct I1 from=2027-02-02 until=2027-02-01 -> BadField
    tax register I2 file=z                  -> ok
    tax correct I1 file=z                   -> FileTaken
    tax correct I1 file=b facts=b total=12 right=named:buyer -> ok
    ? I1 state=Issued files=1 total=12 past=issued events=2
    # The wrong file is free for its own document, and its number was not burned.
    tax register I3 file=a                  -> ok
    other consume I1 book file=b            -> NoRightToUse
    buyer consume I1 book file=a            -> DigestNotOfRecord
    buyer lock I1 book 5 file=b             -> ok as L
    tax correct I1 file=c                   -> InUse
    # Also once it is given back: somebody has relied on it.
    buyer release I1 L                      -> ok
    tax correct I1 file=c                   -> InUse
    tax request-reversal I2                 -> ok
    tax correct I2 file=z2                  -> ConsentPending
    wait 1d
    tax correct I3 file=a2                  -> CorrectWindowOver
    tax register I4                         -> ok
    wait 23h
    tax correct I4 file=x                   -> ok
    # The window is that of the registration.
    wait 1h
    tax correct I4 file=y                   -> CorrectWindowOver
    tax register I5                         -> ok
    tax cancel I5                           -> ok
    tax correct I5                          -> WrongState
    # A credit note that has reversed something stays as it is.
    tax register I6 total=10                -> ok
    tax register CN total=-4 class=credit-note -> ok
    tax reverse I6 4 note=CN                -> ok
    tax correct CN total=-9                 -> InUse
    tax correct I6 total=9                  -> WrongState
    tax register P type=licence             -> ok
    tax correct P until=2028-01-01          -> ok
";

const JOINS: &str = "
    # The ledger first hears of it by its use; the file may be another one than the issuer's.
    buyer consume U1 reimburse 4 unattested=10 file=mine -> ok
    ? U1 state=Unattested uses=buyer:reimburse:0..4:used events=1
    other consume U1 reimburse 7 unattested=10 file=his  -> ExceedsBalance
    other lock U1 reimburse 6 unattested=10 file=his     -> ok as L
    tax register U1 total=8                 -> ok
    # What lies beyond the total that the issuer states is cut off.
    ? U1 state=Issued total=8 files=1 past=unattested unattested=yes
    ? U1 uses=buyer:reimburse:0..4:used,other:reimburse:4..8:60m
    other consume U1 reimburse lock=L       -> ok
    third consume U1 reimburse              -> AlreadyUsed
    # A whole use of what has no total becomes one of the total.
    buyer consume U2 book unattested=none   -> ok
    tax register U2 total=8                 -> ok
    ? U2 uses=buyer:book:0..8:used
    # Where the issuer states none, the parts stay parts of the total that was read.
    buyer consume U3 book 3 unattested=8    -> ok
    tax register U3                         -> ok
    ? U3 total=8 uses=buyer:book:0..3:used
    # A use for good goes before a lock where only one can stay.
    hostile lock U4 book 1 unattested=8     -> ok
    buyer consume U4 book 7 unattested=8    -> ok
    tax register U4 total=0                 -> ok
    ? U4 uses=buyer:book:all:used
    # What nobody has room for is set aside.
    hostile consume U5 book 4 unattested=9  -> ok
    buyer consume U5 book 5 unattested=9    -> ok
    tax register U5 total=4                 -> ok
    ? U5 uses=hostile:book:0..4:used
    # A right that is shown sets aside what was recorded without one, on its own line.
    hostile consume U6 book unattested=9    -> ok
    hostile consume U6 finance 2 unattested=9 -> ok
    tax register U6 total=9 right=named:buyer -> ok
    buyer lock U6 book                      -> ok
    ? U6 uses=hostile:finance:0..2:used,buyer:book:0..9:1440m
    # A stranger's file under a wrong number keeps no issuer from registering it.
    hostile consume WRONG book unattested=9 file=U7 -> ok
    buyer consume U7 book unattested=9      -> FileTaken
    tax register U7                         -> ok
    ? WRONG state=Unattested files=0
    ? U7 state=Issued files=1
    buyer consume U7 book                   -> ok
    tax register WRONG file=U7              -> FileTaken
    tax register WRONG file=w               -> ok
    # Nor from adding it or putting it right.
    hostile consume WRONG2 book unattested=9 file=scan -> ok
    tax add-rendition U7 file=scan          -> ok
    hostile consume WRONG3 book unattested=9 file=right -> ok
    tax register U8 total=3                 -> ok
    tax correct U8 file=right               -> ok
    ? WRONG2 files=0
    ? WRONG3 files=0
    tax all: register U9; register U9       -> SiblingRefused, SameAgain
    hostile consume WRONG4 book unattested=9 file=U9 -> ok
    # In one statement too.
    tax all: register U9; cancel U9         -> ok, ok
    # A number that is taken over leaves the stranger's file to others.
    hostile consume U10 book unattested=9 file=U11 -> ok
    tax register U10                        -> ok
    tax register U11                        -> ok
";

#[test]
fn who_registers_what() {
    check(&TABLES[0]);
}

#[test]
fn the_same_again() {
    check(&TABLES[1]);
}

#[test]
fn issued_offline() {
    check(&TABLES[2]);
}

#[test]
fn a_number_again() {
    check(&TABLES[3]);
}

#[test]
fn renditions() {
    check(&TABLES[4]);
}

#[test]
fn corrections() {
    check(&TABLES[5]);
}

#[test]
fn the_issuer_joins() {
    check(&TABLES[6]);
}
