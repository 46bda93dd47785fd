//! Rows of `transfer-out`, `transfer-in` and `cancel-transfer`.

use super::rows::{check_at, Desk, Table};

const TABLES: &[Table] = &[
    ("from province to province", MOVED),
    ("taken in once", ONCE),
    ("in one block", TOGETHER),
    ("what is to be revoked stays", REVOKED),
];

const MOVED: &str = "
    office transfer-out P                   -> UnknownRecord
    office register P type=permit           -> ok
    buyer transfer-out P                    -> NotEntitled
    west-office transfer-out P              -> NotEntitled
    office transfer-out P reason=none       -> BadField
    office transfer-out P to=east           -> UnknownRegion
    office transfer-out P to=north          -> UnknownRegion
    office cancel-transfer P                -> WrongState
    west-office transfer-in W from=P        -> UnknownRecord
    west-office register W type=permit region=west issuer=11WX -> ok
    west-office transfer-in W from=NONE     -> UnknownRecord
    west-office transfer-in W from=P        -> WrongState
    office transfer-out P to=west           -> ok
    ? P state=TransferredOut now=TransferredOut moves-to=west links=none
    office transfer-out P to=west           -> WrongState
    buyer lend P C                          -> WrongState
    # Taken in by who registered the new one, for the region to which it goes.
    office transfer-in W from=P             -> NotEntitled
    buyer transfer-in W from=P              -> NotEntitled
    office register Q type=permit           -> ok
    office transfer-in Q from=P             -> TransferNotOpen
    office transfer-in P from=P             -> TransferNotOpen
    west-office register X type=diploma region=west issuer=11WX -> ok
    west-office transfer-in X from=P        -> BadLink
    west-office suspend W                   -> ok
    west-office transfer-in W from=P        -> BadLink
    west-office resume W                    -> ok
    west-office transfer-in W from=P        -> ok
    ? P state=TransferredOut links=transferred-to:W moves-to=west
    ? W state=Issued now=InForce links=transferred-from:P
    office cancel-transfer P                -> TransferNotOpen
    # And on: to a third region, or back.
    west-office transfer-out W to=east      -> ok
    office transfer-in Q from=W             -> ok
    ? Q links=transferred-from:W
    ? W links=transferred-from:P,transferred-to:Q
";

const ONCE: &str = "
    office register P type=permit           -> ok
    office register Q type=permit           -> ok
    west-office register W type=permit region=west issuer=11WX -> ok
    west-office register V type=permit region=west issuer=11WY -> ok
    office transfer-out P                   -> ok
    west-office transfer-in W from=P        -> ok
    west-office transfer-in V from=P        -> TransferNotOpen
    west-office transfer-in W from=P        -> TransferNotOpen
    office transfer-out Q                   -> ok
    # A licence is the successor of one.
    west-office transfer-in W from=Q        -> BadLink
    # Taken back, it is nobody's to take in.
    west-office cancel-transfer Q           -> NotEntitled
    office cancel-transfer Q reason=none    -> BadField
    office cancel-transfer Q                -> ok
    ? Q state=Issued moves-to=none now=InForce
    west-office transfer-in V from=Q        -> WrongState
    office cancel-transfer Q                -> WrongState
    # One that was renewed does not leave; a successor of one licence renews no other.
    office register R type=permit           -> ok
    office renew Q by=R                     -> ok
    office transfer-out Q                   -> WrongState
    office transfer-out R                   -> ok
    west-office transfer-in V from=R        -> ok
    west-office register U type=permit region=west issuer=11WY -> ok
    west-office renew U by=V                -> BadLink
    west-office renew V by=U                -> ok
";

const TOGETHER: &str = "
    office register P type=permit           -> ok
    west-office register W type=permit region=west issuer=11WX -> ok
    west-office register V type=permit region=west issuer=11WX -> ok
    office all: transfer-out P; transfer-out P -> SiblingRefused, WrongState
    ? P state=Issued
    office all: transfer-out P; cancel-transfer P; transfer-out P -> ok, ok, ok
    west-office all: transfer-in W from=P; transfer-in V from=P -> SiblingRefused, TransferNotOpen
    ? P links=none
    ? W links=none
    west-office each: transfer-in W from=P; transfer-in V from=P -> ok, TransferNotOpen
    ? P links=transferred-to:W
";

const REVOKED: &str = "
    office register P type=permit           -> ok
    office revoke P at=+1d                  -> ok
    ? P now=InForce
    # Else it would come back from there as if nothing had been said.
    office transfer-out P                   -> WrongState
    office renew P by=P                     -> WrongState
    office cancel P                         -> WrongState
    wait 1d
    ? P now=Ended
";

#[test]
fn from_province_to_province() {
    check_at(Desk::province(), &TABLES[0]);
}

#[test]
fn taken_in_once() {
    check_at(Desk::province(), &TABLES[1]);
}

#[test]
fn in_one_block() {
    check_at(Desk::province(), &TABLES[2]);
}

#[test]
fn what_is_to_be_revoked_stays() {
    check_at(Desk::province(), &TABLES[3]);
}
