//! Rows of `govern`: what the council's seats must have signed, and what it changes.

use super::rows::{check_at, Desk, Table};

const TABLES: &[Table] = &[
    ("enough seats sign", SIGNED),
    ("once, in its time, by the council that sits", SERVES_ONCE),
    ("all of it or nothing", WHOLE),
    ("other seats", SEATS),
    ("types", TYPES),
    ("regions, parameters, registrars", OTHERS),
];

const SIGNED: &str = "
    buyer govern A by=a do region north     -> CouncilNotReached
    buyer govern A by=none do region north  -> CouncilNotReached
    buyer govern A by=a,x do region north   -> CouncilNotReached
    buyer govern A by=a,b,x do region north -> CouncilNotReached
    buyer govern A by=a,b,c,x do region north -> CouncilNotReached
    buyer govern A by=a,a do region north   -> CouncilNotReached
    buyer govern A order=falling do region north -> CouncilNotReached
    buyer govern A signed=otherwise do region north -> CouncilNotReached
    buyer govern A for=another-network do region north -> CouncilNotReached
    # A key of the ledger that is no seat's.
    buyer govern A by=a,b,s/agency:tax do region north -> CouncilNotReached
    buyer govern A by=a,s/agency:tax do region north -> CouncilNotReached
    buyer govern A reason=none do region north -> BadField
    buyer govern A                          -> BadField
    buyer govern A do heartbeat 100 & heartbeat 101 & heartbeat 102 & heartbeat 103 & heartbeat 104 & heartbeat 105 & heartbeat 106 & heartbeat 107 & heartbeat 108 & heartbeat 109 & heartbeat 110 & heartbeat 111 & heartbeat 112 & heartbeat 113 & heartbeat 114 & heartbeat 115 & heartbeat 116 -> BadField
    buyer govern A by=b,c do region north   -> ok
    # Whoever brings it; all may sign.
    tax govern B by=a,b,c do region south   -> ok
    east-reg govern C do region middle      -> ok
    # A seat whose key leaked or was retired signs no more.
    buyer govern D do compromise council:c  -> ok
    buyer govern E by=a,c do region far     -> CouncilNotReached
    buyer govern E by=a,b,c do region far   -> CouncilNotReached
    buyer govern E by=a,b do region far     -> ok
    # One seat fewer, and nobody could govern any more.
    buyer govern F do retire-key council:b  -> BadField
    buyer govern F do compromise council:b  -> BadField
    ? council epoch=0 compromises=1
    buyer govern F do retire-key council:b & council 1 a -> ok
    buyer govern G by=a do region farther   -> ok
";

const SERVES_ONCE: &str = "
    buyer govern A until=-1h do region north -> ActionOver
    buyer govern A until=+0 do region north -> ActionOver
    buyer govern A until=+2161h do region north -> ActionOver
    buyer govern A until=+2160h do region north -> ok
    buyer govern A until=+2160h do region north -> ActionDone
    buyer govern A do region south          -> ActionDone
    buyer govern A by=none do region south  -> ActionDone
    buyer govern B epoch=1 do region south  -> ActionOver
    buyer each: govern B do council 1 a,b ; govern B do council 1 a,b -> ok, ActionDone
    ? council epoch=1 threshold=1 seats=a,b
    buyer govern C epoch=0 do region south  -> ActionOver
    # Within one block, too: the council before has nothing to say any more.
    buyer each: govern D by=a do council 2 a,b ; govern E by=a,b epoch=1 do region south -> ok, ActionOver
    buyer all: govern F do council 2 a,d/D ; govern G by=a,b epoch=2 do region south -> SiblingRefused, ActionOver
    ? council epoch=2 seats=a,b
    buyer all: govern F do council 2 a,d/D ; govern G by=a,d/D epoch=3 do region south -> ok, ok
    ? council epoch=3 seats=a,d
";

const WHOLE: &str = "
    buyer govern A do region north & heartbeat 5000 & heartbeat 1 -> BadField
    east-reg set-registrar x region=north   -> BeyondRights
    buyer govern A do compromise agency:tax & council 1 a & add-key agency:nobody K -> UnknownHolder
    ? council epoch=0 compromises=0 threshold=2
    ? key agency:tax compromised=no
    tax register I                          -> ok
    buyer govern A do standing agency:office retired & standing member:other retired & registrar far region=nowhere -> UnknownRegion
    ? agency office standing=active
    ? member other standing=active
    office register P type=permit           -> ok
    # The action is as if it had never come: it may be brought again.
    buyer govern A do standing member:other suspended & standing member:other retired -> ok
    ? member other standing=retired
    # What comes first in an action is there for what comes next.
    buyer govern B do region north & registrar n-reg region=north key=NR rights=*:* & standing registrar:n-reg suspended -> ok
    ? registrar n-reg standing=suspended parent=none
    n-reg/NR set-registrar x region=north key=NX -> HolderNotActive
    buyer govern C do standing registrar:n-reg active -> ok
    n-reg/NR set-registrar x region=north key=NX -> ok
";

const SEATS: &str = "
    buyer govern A do council 0 a,b         -> BadField
    buyer govern A do council 3 a,b         -> BadField
    buyer govern A do council 1 a,a         -> BadField
    buyer govern A do council 1 a,b,b     -> BadField
    buyer govern A do council 1 %33         -> BadField
    buyer govern A do council 1 a,d/weak    -> BadPossession
    buyer govern A do council 1 a,d proof=agency:d -> BadPossession
    buyer govern A do council 1 a,d proof=council:e -> BadPossession
    # A key has one place for ever.
    buyer govern A do council 1 a,d/agency:tax -> KeyTaken
    buyer govern A do council 1 a,d/council:b -> KeyTaken
    buyer govern A do council 2 d/D,e/D     -> KeyTaken
    buyer govern A do council 1 a,Ü         -> BadField
    buyer govern A do council 2 a,b,d/D     -> ok
    ? council epoch=1 seats=a,b,d
    ? key council:c retired=yes
    ? key D signs=yes
    buyer govern B by=a,c do region north   -> CouncilNotReached
    buyer govern B by=a,d/D do region north -> ok
    # Who went does not come back with his key.
    buyer govern C do council 2 a,b,c       -> KeyTaken
    buyer govern C do council 2 a,b,c/C2    -> ok
    # A seat with another key.
    buyer govern E do council 2 a,b/B2,c/C2 -> ok
    ? key council:b retired=yes
    buyer govern F by=a,b do region south   -> CouncilNotReached
    buyer govern F by=a,b/B2 do region south -> ok
    # Twice in one action: who came and goes at once.
    buyer govern H by=a,b/B2 do council 1 a,z/Z & council 1 a -> ok
    ? council epoch=5 seats=a threshold=1
    ? key Z retired=yes
    # Seats and validators change as a whole.
    buyer govern I by=a do add-key council:a K -> BadField
    buyer govern I by=a do add-key validator:v1 K -> BadField
    buyer govern I by=a do standing council:a suspended -> UnknownHolder
    buyer govern I by=a do standing validator:v1 suspended -> UnknownHolder
    buyer govern I by=a do compromise consensus:v1 -> ok
";

const TYPES: &str = "
    buyer govern A do type permit kind=invoice -> CannotChangeType
    buyer govern A do type permit profile=it.sdi -> CannotChangeType
    buyer govern A do type permit zone=0    -> CannotChangeType
    buyer govern A do type bill two-party=x -> CannotChangeType
    buyer govern A do type bill ranges=x    -> CannotChangeType
    buyer govern A do type ration purposes=board -> CannotChangeType
    buyer govern A do type ration divisible=board -> CannotChangeType
    buyer govern A do type ration excludes=board+return -> CannotChangeType
    buyer govern A do type permit profile=poem -> BadField
    buyer govern A do type permit name=none -> BadField
    buyer govern A do type permit lending=0 -> BadField
    buyer govern A do type permit consent=0 -> BadField
    buyer govern A do type ration purposes=board+return+eat+sleep+work+rest -> BadField
    buyer govern A do type ration purposes=board+board+return -> BadField
    buyer govern A do type permit lending=3d & type permit lending=4d -> BadField
    office register P type=permit           -> ok
    office lend P C for=49h                 -> NotLent
    # From the next block on.
    buyer each: govern A do type permit lending=3d ; govern B do type permit lending=4d -> ok, BadField
    ? type permit lent-for=72h
    office lend P C for=49h                 -> ok
    office register R type=ration           -> ok
    buyer consume R eat                     -> UnknownPurpose
    buyer govern B do type ration purposes=board+return+eat -> ok
    buyer consume R eat                     -> ok
    # A new one: agencies are entitled to it once it is there.
    east-reg admit-agency shop key=K may=patent:77 -> UnknownType
    buyer govern C do type patent purposes=show -> ok
    east-reg admit-agency shop key=K may=patent:77 -> ok
    shop/K register Q type=patent issuer=77X right=claim -> ok
    buyer consume Q show                    -> ok
    buyer govern D do type patent lending=none -> ok
";

const OTHERS: &str = "
    buyer govern B do region Ü              -> BadField
    buyer govern B do region north name=none -> BadField
    buyer govern B do region north name-en=a_b -> BadField
    buyer govern B do heartbeat 99          -> BadField
    buyer govern B do heartbeat 600001      -> BadField
    buyer govern B do heartbeat 600000      -> ok
    buyer govern C do registrar far region=nowhere key=F -> UnknownRegion
    buyer govern C do registrar far         -> BadField
    buyer govern C do registrar Ü key=F     -> BadField
    buyer govern C do registrar far key=F name=none -> BadField
    buyer govern C do registrar far key=F rights=poem:1 -> UnknownType
    buyer govern C do registrar far key=F rights=permit:1times33 -> BadField
    buyer govern C do registrar far key=F rights=permit:%65 -> BadField
    buyer govern C do registrar far key=F rights=permit:1~ -> BadField
    buyer govern C do registrar far key=agency:tax -> KeyTaken
    buyer govern C do registrar far key=weak -> BadPossession
    buyer govern C do registrar far key=F proof=agency:far -> BadPossession
    buyer govern C do registrar far region=west key=F rights=permit:22 -> ok
    ? registrar far parent=none rights=1
    buyer govern D do registrar far region=west key=F2 -> IdTaken
    buyer govern D do registrar far region=east rights=permit:22 -> BeyondRights
    buyer govern D do registrar far region=west rights=permit:22,bill:22 -> ok
    ? registrar far rights=2
    # The council changes first registrars; those below are who is above them's.
    far/F set-registrar below region=west key=G rights=permit:223 -> ok
    buyer govern E do registrar below region=west rights=permit:22 -> BeyondRights
    buyer govern E do standing registrar:below suspended -> ok
    below/G set-registrar lower region=west key=H -> HolderNotActive
    buyer govern F do standing registrar:far retired -> ok
    buyer govern G do standing registrar:far active -> HasRetired
    buyer govern G do registrar far region=west rights=permit:22 -> HasRetired
    buyer govern G do standing agency:nobody active -> UnknownHolder
    buyer govern G do standing agency:tax active -> BadField
    buyer govern G do standing agency:tax suspended reason=none -> BadField
    # Who is suspended does nothing, from the next statement on.
    buyer govern G do standing agency:tax suspended -> ok
    tax register I                          -> HolderNotActive
    buyer govern H do standing agency:tax active & standing member:buyer suspended -> ok
    tax register I                          -> ok
    buyer consume I book                    -> HolderNotActive
";

#[test]
fn enough_seats_sign() {
    check_at(Desk::province(), &TABLES[0]);
}

#[test]
fn once_in_its_time_by_the_council_that_sits() {
    check_at(Desk::province(), &TABLES[1]);
}

#[test]
fn all_of_it_or_nothing() {
    check_at(Desk::province(), &TABLES[2]);
}

#[test]
fn other_seats() {
    check_at(Desk::province(), &TABLES[3]);
}

#[test]
fn types() {
    check_at(Desk::province(), &TABLES[4]);
}

#[test]
fn regions_parameters_registrars() {
    check_at(Desk::province(), &TABLES[5]);
}
