//! Rows of what becomes of a licence: every state with every verb, and what each refuses before.

use super::rows::{check_at, Desk, Table};

const TABLES: &[Table] = &[
    ("withheld and given back", SUSPENDED),
    ("annulled", ANNULLED),
    ("renewed", RENEWED),
    ("used a number of times", USED),
    ("issued by two", TWO),
    ("open facts", FACTS),
    ("a suspension that ends by itself", LAPSED),
];

const SUSPENDED: &str = "
    office suspend P                        -> UnknownRecord
    office resume P                         -> UnknownRecord
    office register P type=permit           -> ok
    buyer suspend P                         -> NotEntitled
    east-reg suspend P                      -> NotEntitled
    west-office suspend P                   -> NotEntitled
    bureau-2 suspend P                      -> NotEntitled
    buyer resume P                          -> NotEntitled
    west-office resume P                    -> NotEntitled
    office suspend P reason=none            -> BadField
    office suspend P reason=a_b             -> BadField
    office suspend P until=-1h              -> BadField
    office suspend P until=+0               -> BadField
    office suspend P until=ever             -> BadField
    office suspend P until=+3661d           -> BadField
    office resume P                         -> WrongState
    office suspend P                        -> ok
    ? P state=Suspended now=Suspended past=issued events=2
    office suspend P                        -> WrongState
    office resume P reason=none             -> BadField
    west-office resume P                    -> NotEntitled
    office resume P                         -> ok
    ? P state=Issued now=InForce past=issued,suspended
    office resume P                         -> WrongState
    # An invoice is not withheld.
    tax register I                          -> ok
    tax suspend I                           -> NotForThisType
    tax resume I                            -> NotForThisType
    tax annul I                             -> NotForThisType
    tax renew I by=I                        -> NotForThisType
    tax transfer-out I                      -> NotForThisType
    tax cancel-transfer I                   -> NotForThisType
    tax transfer-in I from=P                -> NotForThisType
    tax lend I C                            -> NotForThisType
    # What has expired is not withheld; what has not begun may be.
    office register D type=permit until=2027-01-20 -> ok
    office register F type=permit from=2027-01-25  -> ok
    office suspend F                        -> ok
    office resume F                         -> ok
    ? F now=NotYetValid
    wait 6d
    office suspend D                        -> NotInValidity
    ? D now=Expired
";

const ANNULLED: &str = "
    office annul P                          -> UnknownRecord
    office register P type=permit           -> ok
    west-office annul P                     -> NotEntitled
    buyer annul P                           -> NotEntitled
    office annul P reason=none              -> BadField
    office annul P at=-1h                   -> BadField
    office annul P at=+1h                   -> BadField
    wait 2h
    office annul P at=-1h                   -> ok
    ? P state=Annulled now=Ended
    office annul P                          -> WrongState
    # From the beginning, which is the first day where that lies before the registration.
    office register Q type=permit from=2027-01-10 -> ok
    office annul Q at=-7d                   -> BadField
    office annul Q at=-3d                   -> ok
    # Also what has expired, and what is withheld.
    office register D type=permit until=2027-01-17 -> ok
    office register S type=permit           -> ok
    office suspend S                        -> ok
    wait 4d
    ? D now=Expired
    office annul D                          -> ok
    ? D now=Ended
    office annul S at=-1d                   -> ok
    ? S state=Annulled past=issued,suspended
    # Before its first day: from now on.
    office register F type=permit from=2027-02-25 -> ok
    office annul F                          -> ok
";

const RENEWED: &str = "
    office renew P by=Q                     -> UnknownRecord
    office register P type=permit           -> ok
    office renew P by=Q                     -> UnknownRecord
    office register Q type=permit           -> ok
    buyer renew P by=Q                      -> NotEntitled
    west-office renew P by=Q                -> NotEntitled
    office renew P by=Q reason=none         -> BadField
    office renew P by=P                     -> BadLink
    # Of another type, region, agency or legal issuer.
    office register D type=diploma          -> ok
    office renew P by=D                     -> BadLink
    west-office register W type=permit region=west issuer=11WX -> ok
    office renew P by=W                     -> BadLink
    bureau-2 register B type=permit issuer=11FX -> ok
    office renew P by=B                     -> BadLink
    office register O type=permit issuer=11EOTHER -> ok
    office renew P by=O                     -> BadLink
    # Not in force.
    office register X type=permit           -> ok
    office suspend X                        -> ok
    office renew P by=X                     -> BadLink
    office renew X by=Q                     -> WrongState
    office annul X                          -> ok
    office renew P by=X                     -> BadLink
    office renew X by=Q                     -> WrongState
    tax register I                          -> ok
    office renew P by=I                     -> NotForThisType
    office renew P by=Q                     -> ok
    ? P state=Superseded now=Ended links=renewed-by:Q
    ? Q state=Issued links=renews:P events=2
    office renew P by=O                     -> WrongState
    office renew Q by=P                     -> BadLink
    # It takes the place of one only, and that of it is taken by another.
    office register R type=permit           -> ok
    office renew R by=Q                     -> BadLink
    office renew Q by=R                     -> ok
    ? Q links=renews:P,renewed-by:R
    # What has expired is renewed all the same.
    office register E type=permit until=2027-01-20 -> ok
    office register N type=permit           -> ok
    wait 6d
    office renew E by=N                     -> ok
";

const USED: &str = "
    office register R type=ration           -> ok
    buyer consume R travel                  -> UnknownPurpose
    other consume R board                   -> NoRightToUse
    buyer lock R board                      -> ok as L
    office cancel R                         -> InUse
    office renew R by=S                     -> InUse
    office transfer-out R                   -> InUse
    buyer consume R board lock=L            -> ok
    buyer consume R board                   -> AlreadyUsed
    office suspend R                        -> ok
    buyer consume R return                  -> WrongState
    office resume R                         -> ok
    buyer consume R return                  -> ok
    ? R uses=buyer:board:all:used,buyer:return:all:used
    office register S type=ration           -> ok
    office renew R by=S                     -> InUse
    office transfer-out R                   -> InUse
    office cancel R                         -> InUse
    # A use is no shield.
    office annul R                          -> ok
    # Who may use it stands only where there is a use, or a loan.
    tax register L type=licence right=named:buyer -> BadField
    office register P type=permit right=any -> BadField
    office register T type=ration total=5   -> BadField
    office register U type=ration           -> ok
    buyer hand-over U to=named:other        -> NotForThisType
    office clawback U X                     -> NotForThisType
";

const TWO: &str = "
    office register D type=deed             -> ok
    ? D state=Proposed now=NotIssued
    office suspend D                        -> WrongState
    office resume D                         -> WrongState
    office annul D                          -> WrongState
    office revoke D                         -> WrongState
    office renew D by=D                     -> WrongState
    office transfer-out D                   -> WrongState
    office cancel-transfer D                -> WrongState
    ministry confirm D seen=0               -> OtherVersion
    ministry confirm D seen=2               -> OtherVersion
    office correct D file=other             -> ok
    # Who signed what he saw before has not seen this.
    ministry confirm D seen=1               -> OtherVersion
    office confirm D                        -> NotEntitled
    ministry confirm D seen=2               -> ok
    ? D state=Issued supervisor=ministry
    ministry confirm D                      -> WrongState
    office register E type=deed             -> ok
    ministry reject E                       -> ok
    office suspend E                        -> WrongState
    office renew D by=E                     -> BadLink
    office register F type=deed             -> ok
    office renew D by=F                     -> BadLink
    office cancel F                         -> ok
    office suspend D                        -> ok
";

const FACTS: &str = "
    office register P type=permit open=holder:X -> BadField
    office register P type=permit open=colour:X -> BadField
    office register P type=permit open=scope:road,grade:A -> BadField
    office register P type=permit open=grade:A,grade:B -> BadField
    office register P type=permit open=grade:nothing -> BadField
    office register P type=permit open=grade:A,scope:road -> ok
    ? P open=grade:A,scope:road
    # Another rendition says the same.
    office register P file=2 open=grade:B,scope:road -> NumberTaken
    office register P file=2 open=grade:A   -> NumberTaken
    office register P file=2 open=grade:A,scope:road -> ok
    office correct P open=grade:B           -> ok
    ? P open=grade:B
    office correct P open=colour:B          -> BadField
    tax register L type=licence open=grade:A -> BadField
    tax register I open=grade:A             -> BadField
";

const LAPSED: &str = "
    office register P type=permit           -> ok
    office register Q type=permit           -> ok
    office suspend P until=+2h              -> ok
    wait 1h
    ? P now=Suspended
    buyer lend P C                          -> WrongState
    wait 59m
    office transfer-out P                   -> WrongState
    wait 1m
    # From here on it is as if it had been given back.
    ? P state=Suspended now=InForce
    office resume P                         -> WrongState
    buyer lend P C                          -> ok
    office suspend P until=+1h              -> ok
    ? P past=issued,suspended
    wait 1h
    office transfer-out P                   -> ok
    office cancel-transfer P                -> ok
    office suspend Q until=+1h              -> ok
    office renew P by=Q                     -> BadLink
    wait 1h
    office renew P by=Q                     -> ok
    ? Q now=InForce
    # It ends though the ledger stood still: a date of law is not put off.
    office register H type=permit           -> ok
    office suspend H until=+30m             -> ok
    halt 2h
    ? H now=InForce
    office annul H                          -> ok
";

#[test]
fn withheld_and_given_back() {
    check_at(Desk::province(), &TABLES[0]);
}

#[test]
fn annulled() {
    check_at(Desk::province(), &TABLES[1]);
}

#[test]
fn renewed() {
    check_at(Desk::province(), &TABLES[2]);
}

#[test]
fn used_a_number_of_times() {
    check_at(Desk::province(), &TABLES[3]);
}

#[test]
fn issued_by_two() {
    check_at(Desk::province(), &TABLES[4]);
}

#[test]
fn open_facts() {
    check_at(Desk::province(), &TABLES[5]);
}

#[test]
fn a_suspension_that_ends_by_itself() {
    check_at(Desk::province(), &TABLES[6]);
}

/// How a licence comes into each of its states.
const STATES: &[(&str, &[&str])] = &[
    ("issued", &[]),
    ("not yet valid", &["office correct P from=2027-02-20"]),
    ("expired", &["office correct P until=2027-01-15", "wait 2d"]),
    ("suspended", &["office suspend P"]),
    (
        "suspension over",
        &["office suspend P until=+1h", "wait 1h"],
    ),
    ("annulled", &["office annul P"]),
    ("revoked", &["office revoke P"]),
    ("to be revoked", &["office revoke P at=+9d"]),
    (
        "suspended, to be revoked",
        &["office suspend P", "office revoke P at=+9d"],
    ),
    ("cancelled", &["office cancel P"]),
    ("superseded", &["office renew P by=OTHER"]),
    ("left", &["office transfer-out P to=west"]),
    (
        "taken in",
        &[
            "office transfer-out P to=west",
            "west-office transfer-in W from=P",
        ],
    ),
    (
        "came back",
        &["office transfer-out P to=west", "office cancel-transfer P"],
    ),
];

/// What is tried in each of them.
const TRIED: &[&str] = &[
    "office suspend P",
    "office resume P",
    "office annul P",
    "office revoke P",
    "office revoke P at=+1d",
    "office cancel P",
    "office renew P by=NEXT",
    "office transfer-out P to=west",
    "office cancel-transfer P",
    "west-office transfer-in V from=P",
    "office lend P C consent=none",
    "office correct P file=again",
    "office add-rendition P file=more",
    "office archive P",
];

/// Rows are states, columns what is tried, in the order above.
const MATRIX: &str = "
issued                   ok WrongState ok ok ok ok ok ok WrongState WrongState ok ok ok ok
not yet valid            ok WrongState ok ok ok ok ok NotInValidity WrongState WrongState NotInValidity ok ok ok
expired                  NotInValidity WrongState ok NotInValidity NotInValidity ok ok NotInValidity WrongState WrongState NotLent CorrectWindowOver ok ok
suspended                WrongState ok ok ok ok ok WrongState WrongState WrongState WrongState WrongState WrongState ok ok
suspension over          ok WrongState ok ok ok ok ok ok WrongState WrongState ok WrongState ok ok
annulled                 WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState ok
revoked                  WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState ok
to be revoked            WrongState WrongState WrongState ok ok WrongState WrongState WrongState WrongState WrongState ok WrongState WrongState ok
suspended, to be revoked WrongState WrongState WrongState ok ok WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState ok
cancelled                WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState ok
superseded               WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState ok
left                     WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState ok ok WrongState WrongState ok ok
taken in                 WrongState WrongState WrongState WrongState WrongState WrongState WrongState WrongState TransferNotOpen TransferNotOpen WrongState WrongState ok ok
came back                ok WrongState ok ok ok ok ok ok WrongState WrongState ok ok ok ok
";

#[test]
fn every_verb_in_every_state() {
    let mut before = Desk::province();
    for row in [
        "office register P type=permit -> ok",
        "office register OTHER type=permit -> ok",
        "office register NEXT type=permit -> ok",
        "west-office register W type=permit region=west issuer=11WX -> ok",
        "west-office register V type=permit region=west issuer=11WX -> ok",
    ] {
        before.line(row);
    }
    let mut rows = MATRIX.lines().filter(|line| !line.is_empty());
    for (state, led) in STATES {
        let row = rows.next().expect("a row for each state");
        let codes = row.strip_prefix(state).expect("the rows stand in order");
        let codes: Vec<&str> = codes.split_whitespace().collect();
        assert_eq!(codes.len(), TRIED.len(), "{state}");
        let mut there = before.clone();
        for line in *led {
            let arrow = if line.starts_with("wait") {
                ""
            } else {
                " -> ok"
            };
            there.line(&format!("{line}{arrow}"));
        }
        let mut found = Vec::new();
        for said in TRIED {
            let (actor, said) = said.split_once(' ').expect("an actor and what he says");
            found.extend(there.clone().play(actor, said));
        }
        assert_eq!(found, codes, "{state}");
    }
    assert_eq!(rows.next(), None);
}
