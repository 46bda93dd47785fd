//! Rows of what becomes of a document: confirmed, rejected, cancelled, revoked, replaced, archived.

use super::rows::{check, Table};

const TABLES: &[Table] = &[
    ("issued by two", TWO),
    ("cancelled", CANCELLED),
    ("revoked", REVOKED),
    ("replaced and archived", REPLACED),
    ("covered", COVERED),
];

const TWO: &str = "
    hospital request-range S 1..9           -> ok
    bureau allocate-range S 0               -> ok
    hospital activate-range S 0             -> ok
    bureau confirm B0001                    -> UnknownRecord
    hospital register B0001 type=bill total=10 -> ok
    ? B0001 state=Proposed supervisor=none
    buyer consume B0001 book                -> NotConfirmed
    buyer lock B0001 book                   -> NotConfirmed
    hospital confirm B0001                  -> NotEntitled
    buyer confirm B0001                     -> NotEntitled
    clinic reject B0001                     -> NotEntitled
    both confirm B0001                      -> NotEntitled
    tax reject B0001                        -> NotEntitled
    bureau reject B0001 reason=none         -> BadField
    bureau confirm B0001                    -> ok
    ? B0001 state=Issued supervisor=bureau past=proposed events=2
    bureau confirm B0001                    -> WrongState
    bureau reject B0001                     -> WrongState
    buyer consume B0001 book                -> ok
    # Rejected: it was never issued, and its number is free.
    hospital register B0002 type=bill       -> ok
    bureau reject B0002                     -> ok
    ? B0002 state=Rejected supervisor=bureau
    bureau confirm B0002                    -> WrongState
    buyer consume B0002 book                -> WrongState
    clinic register B0002                   -> OutsideRange
    hospital register B0002                 -> ok
    ? B0002 state=Proposed supervisor=none past=proposed,rejected
    bureau confirm B0002                    -> ok
    # What is only proposed may be corrected and taken back.
    hospital register B0003 type=bill       -> ok
    hospital correct B0003 file=c           -> ok
    ? B0003 state=Proposed
    hospital cancel B0003                   -> ok
    bureau confirm B0003                    -> WrongState
    # A correction of what was confirmed is confirmed again.
    hospital register B0004 type=bill total=10 -> ok
    bureau confirm B0004                    -> ok
    hospital correct B0004 total=99         -> ok
    ? B0004 state=Proposed supervisor=none past=proposed,issued
    buyer consume B0004 book                -> NotConfirmed
    bureau confirm B0004                    -> ok
    buyer consume B0004 book                -> ok
    # Nobody confirms what he proposed, whatever he is entitled to.
    both request-range S 1..9 issuer=13X    -> ok
    both allocate-range S 0 issuer=13X      -> ok
    both activate-range S 0 issuer=13X      -> ok
    both register X0001 type=bill issuer=13X file=x -> ok
    both confirm X0001                      -> NotEntitled
    bureau confirm X0001                    -> NotEntitled
";

const CANCELLED: &str = "
    tax cancel E                            -> UnknownRecord
    tax cancel the-clock                    -> UnknownRecord
    tax register E                          -> ok
    buyer cancel E                          -> NotEntitled
    west-tax cancel E                       -> NotEntitled
    tax cancel E reason=none                -> BadField
    tax cancel E reason=a_b                 -> BadField
    buyer lock E deduct                     -> ok as L
    tax cancel E                            -> InUse
    buyer release E L                       -> ok
    tax request-reversal E                  -> ok
    tax cancel E                            -> ConsentPending
    tax withdraw-reversal E                 -> ok
    tax cancel E                            -> ok
    ? E state=Cancelled past=issued
    tax cancel E                            -> WrongState
    buyer consume E deduct                  -> WrongState
    buyer lock E deduct                     -> WrongState
    # A licence ends so at its holder's wish.
    tax register L type=licence             -> ok
    tax cancel L                            -> ok
    tax cancel L                            -> WrongState
    tax register M                          -> ok
    tax register N                          -> ok
    buyer lock N book for=1h                -> ok
    wait 23h
    wait 59m
    # A lock that has lapsed is none.
    tax cancel N                            -> ok
    wait 1m
    tax cancel M                            -> CancelWindowOver
";

const REVOKED: &str = "
    tax revoke L                            -> UnknownRecord
    tax register L type=licence             -> ok
    west-tax revoke L                       -> NotEntitled
    buyer revoke L                          -> NotEntitled
    tax revoke L reason=none                -> BadField
    tax revoke L at=-1h                     -> BadEffectiveTime
    tax revoke L at=ever                    -> BadEffectiveTime
    tax revoke L at=+1d                     -> ok
    ? L state=Revoked past=issued
    # What is still to come is brought forward, not put off.
    tax revoke L at=+2d                     -> WrongState
    tax revoke L at=+3h                     -> ok
    tax revoke L                            -> ok
    tax revoke L                            -> WrongState
    ? L past=issued,revoked,revoked
    tax register I1                         -> ok
    tax revoke I1                           -> NotForThisType
    tax register D type=licence until=2027-01-20 -> ok
    wait 6d
    tax revoke D                            -> NotInValidity
    # Older events fold into the history.
    tax register M type=licence             -> ok
    tax revoke M at=+50h                    -> ok
    tax revoke M at=+40h                    -> ok
    tax revoke M at=+30h                    -> ok
    tax revoke M at=+20h                    -> ok
    ? M past=revoked,revoked,revoked folded=1 events=5
    # A licence of this type is not used, and none is reversed.
    buyer consume L book                    -> UnknownPurpose
    buyer lock L book                       -> UnknownPurpose
    buyer release L X                       -> LockOver
    tax reverse L                           -> NotForThisType
    tax request-reversal L                  -> NotForThisType
    tax deny L                              -> NotForThisType
    tax withdraw-reversal L                 -> NotForThisType
    tax replace L by=M                      -> NotForThisType
    tax clawback L X                        -> NotForThisType
    buyer hand-over L to=named:other        -> NotForThisType
";

const REPLACED: &str = "
    tax replace A by=B                      -> UnknownRecord
    tax register A                          -> ok
    tax replace A by=B                      -> UnknownRecord
    tax register B                          -> ok
    buyer replace A by=B                    -> NotEntitled
    west-tax replace A by=B                 -> NotEntitled
    tax replace A by=B reason=none          -> BadField
    tax replace A by=A                      -> BadLink
    west-tax register W issuer=9152S region=west -> ok
    tax replace A by=W                      -> BadLink
    tax register O issuer=9133OTHER         -> ok
    tax replace A by=O                      -> BadLink
    tax register L type=licence             -> ok
    tax replace A by=L                      -> NotForThisType
    buyer lock A book                       -> ok as L1
    tax replace A by=B                      -> InUse
    buyer release A L1                      -> ok
    tax request-reversal A                  -> ok
    tax replace A by=B                      -> ConsentPending
    tax withdraw-reversal A                 -> ok
    tax replace A by=B                      -> ok
    ? A state=Replaced links=replaced-by:B
    ? B state=Issued links=replaces:A events=2
    tax replace A by=B                      -> WrongState
    buyer consume A book                    -> WrongState
    buyer consume B book                    -> ok
    tax register C                          -> ok
    tax cancel C                            -> ok
    tax register D                          -> ok
    tax replace D by=C                      -> BadLink
    # A used invoice may stand in the place of several, as far as there is room.
    tax register D2                         -> ok
    tax register D3                         -> ok
    tax register D4                         -> ok
    tax register D5                         -> ok
    tax register D6                         -> ok
    tax register D7                         -> ok
    tax register D8                         -> ok
    tax register D9                         -> ok
    tax all: replace D by=B; replace D2 by=B; replace D3 by=B -> ok, ok, ok
    tax all: replace D4 by=B; replace D5 by=B; replace D6 by=B; replace D7 by=B -> ok, ok, ok, ok
    tax replace D8 by=B                     -> BadLink
    tax replace D8 by=D9                    -> ok
    west-tax archive A                      -> NotEntitled
    buyer archive A                         -> NotEntitled
    tax archive NONE                        -> UnknownRecord
    tax archive A                           -> ok
    ? A state=Replaced archived=yes
    tax archive A                           -> AlreadyArchived
    tax archive L                           -> ok
";

const COVERED: &str = "
    buyer cover invoice                     -> NotEntitled
    tax cover poem                          -> UnknownType
    tax cover invoice region=west           -> NotEntitled
    bureau cover bill                       -> NotEntitled
    tax cover invoice within=0              -> BadField
    tax cover invoice within=367d           -> BadField
    tax cover invoice from=+2d before=+1d   -> BadField
    tax cover invoice from=+2d              -> ok
    # A promise is made larger, never smaller.
    tax cover invoice from=+3d              -> BadField
    tax cover invoice from=+1d within=25h   -> BadField
    tax cover invoice from=+1d within=23h   -> ok
    tax cover invoice from=-1d within=23h before=-1h -> BadField
    tax cover invoice from=-1d within=23h before=+1h -> ok
    tax cover invoice from=-1d within=23h   -> BadField
    tax cover invoice from=-2d within=23h   -> ok
";

#[test]
fn issued_by_two() {
    check(&TABLES[0]);
}

#[test]
fn cancelled() {
    check(&TABLES[1]);
}

#[test]
fn revoked() {
    check(&TABLES[2]);
}

#[test]
fn replaced_and_archived() {
    check(&TABLES[3]);
}

#[test]
fn covered() {
    check(&TABLES[4]);
}
