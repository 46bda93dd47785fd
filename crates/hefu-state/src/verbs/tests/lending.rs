//! Rows of `lend`: copies of licences for one use, and what is done with them.

use super::rows::{check_at, Desk, Table};

const TABLES: &[Table] = &[
    ("by the agency", AGENCY),
    ("with the holder's consent", CONSENT),
    ("by the holder", HOLDER),
    ("a copy is only revoked", COPY),
];

const AGENCY: &str = "
    office lend P C                         -> UnknownRecord
    office register P type=permit until=2027-01-17 -> ok
    west-office lend P C                    -> NotEntitled
    bureau-2 lend P C                       -> NotEntitled
    east-reg lend P C                       -> NotEntitled
    office lend P C file=none               -> BadField
    office lend P C file=1,2,3,4,5,6,7,8,9  -> BadField
    office lend P C purpose=none            -> BadField
    office lend P C matter=none             -> BadField
    office lend P C for=-1h                 -> NotLent
    office lend P C for=0                   -> NotLent
    office lend P C for=49h                 -> NotLent
    # The licence's own file, another document's.
    office lend P C file=P                  -> FileTaken
    office register Q type=permit           -> ok
    office lend P C file=Q                  -> FileTaken
    office lend P C for=48h                 -> ok
    ? C state=Issued now=InForce lent-by=agency files=1
    office lend P C                         -> SameAgain
    office lend P C for=1h file=other       -> SameAgain
    # Under another number it is another copy, with a file of its own.
    office lend P D file=C                  -> FileTaken
    office lend P D                         -> ok
    office lend Q C2 number=C               -> ok
    # It does not outlast the licence.
    wait 2d
    ? C now=Expired
    office lend P E for=24h                 -> NotLent
    office lend P E for=1h                  -> ok
    wait 1d
    office lend P F for=1h                  -> NotLent
    # Types that are not lent.
    tax register L type=licence             -> ok
    tax lend L X                            -> NotLent
    office register T type=deed             -> ok
    office lend T X                         -> NotLent
    # Not in force.
    office suspend Q                        -> ok
    office lend Q G                         -> WrongState
    office resume Q                         -> ok
    office lend Q G                         -> ok
    office register N type=permit from=2027-02-20 -> ok
    office lend N H                         -> NotInValidity
";

const CONSENT: &str = "
    office register P type=diploma right=claim -> ok
    office lend P C consent=none            -> NotLent
    office lend P C consent=claim:other     -> NotLent
    office lend P C consent=claim-of-another:P -> NotLent
    office lend P C consent=claim:P         -> ok
    ? C lent-by=agency
    # What was agreed to serves for one copy.
    office lend P C consent=claim:P         -> SameAgain
    office lend P D consent=claim:P         -> ok
    # A consent that is given must hold, also where none is asked for.
    office register Q type=permit right=claim -> ok
    office lend Q E consent=claim:other     -> NotLent
    office lend Q E consent=none            -> ok
    # A member that is named consents by signing himself.
    office register N type=diploma          -> ok
    office lend N F consent=claim:N         -> NotLent
    office lend N F consent=named:buyer     -> NotEntitled
    office lend N F consent=none            -> NotLent
    # Nobody holds it: nobody can consent.
    office register Z type=diploma right=none -> ok
    office lend Z G consent=claim:Z         -> NotLent
    office lend Z G consent=none            -> NotLent
";

const HOLDER: &str = "
    office register P type=permit           -> ok
    other lend P C                          -> NoRightToUse
    other lend P C consent=named:buyer      -> NoRightToUse
    buyer lend P C consent=named:other      -> NoRightToUse
    buyer lend P C consent=none             -> NotLent
    buyer lend P C consent=claim:P          -> NotLent
    buyer lend P C                          -> ok
    ? C lent-by=buyer agency=office
    office register K type=diploma right=claim -> ok
    # Whoever has the claim key holds the licence.
    other lend K D consent=claim:other      -> NotLent
    other lend K D                          -> ok
    ? D lent-by=other
    tax register L type=licence             -> ok
    buyer lend L E                          -> NotLent
    # Who is suspended lends nothing.
    east-reg standing member:buyer suspended -> ok
    buyer lend P F                          -> HolderNotActive
";

const COPY: &str = "
    office register P type=ration           -> ok
    office lend P C                         -> ok
    office suspend C                        -> NotForThisType
    office resume C                         -> NotForThisType
    office annul C                          -> NotForThisType
    office cancel C                         -> NotForThisType
    office renew C by=P                     -> NotForThisType
    office renew P by=C                     -> NotForThisType
    office transfer-out C                   -> NotForThisType
    office cancel-transfer C                -> NotForThisType
    office transfer-in C from=P             -> NotForThisType
    office lend C D                         -> NotForThisType
    office correct C file=x                 -> NotForThisType
    office add-rendition C file=x           -> NotForThisType
    office archive C                        -> NotForThisType
    buyer lock C board                      -> NotForThisType
    buyer consume C board                   -> NotForThisType
    buyer release C X                       -> NotForThisType
    ministry confirm C                      -> NotForThisType
    # Its file is taken.
    office register X type=permit file=C    -> FileTaken
    buyer revoke C                          -> NotEntitled
    west-office revoke C                    -> NotEntitled
    office revoke C                         -> ok
    ? C state=Revoked now=Ended
    ? P state=Issued now=InForce
    office revoke C                         -> WrongState
    office lend P C                         -> SameAgain
    # A copy stays what it is when its licence ends: who verifies it is told of both.
    office lend P D                         -> ok
    office revoke P                         -> ok
    ? D state=Issued
    office revoke D                         -> ok
";

#[test]
fn by_the_agency() {
    check_at(Desk::province(), &TABLES[0]);
}

#[test]
fn with_the_holders_consent() {
    check_at(Desk::province(), &TABLES[1]);
}

#[test]
fn by_the_holder() {
    check_at(Desk::province(), &TABLES[2]);
}

#[test]
fn a_copy_is_only_revoked() {
    check_at(Desk::province(), &TABLES[3]);
}
