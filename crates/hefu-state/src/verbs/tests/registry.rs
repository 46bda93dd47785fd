//! Rows of admission: agencies, members, registrars at several levels, scopes, recognition.

use super::rows::{check_at, Desk, Table};
use hefu_types::statement::Mode;
use hefu_types::Code;

const TABLES: &[Table] = &[
    ("agencies are admitted and changed", AGENCIES),
    ("members are admitted", MEMBERS),
    ("rights narrow from level to level", LEVELS),
    ("scopes do not overlap", SCOPES),
    ("suspended, active, retired", STANDING),
    ("whose agency it is", WHOSE),
    ("recognition", RECOGNITION),
];

const AGENCIES: &str = "
    buyer admit-agency shop key=K may=permit:11S -> NotEntitled
    office admit-agency shop key=K may=permit:11S -> NotEntitled
    west-reg admit-agency shop key=K may=permit:11S -> BeyondRights
    east-reg admit-agency Ü key=K may=permit:11S -> BadField
    east-reg admit-agency shop key=K may=permit:11S name=none -> BadField
    east-reg admit-agency shop key=K may=permit:11S contact=a_b -> BadField
    east-reg admit-agency shop key=K may=permit:11S code=91330000BADCODE -> BadIdentity
    east-reg admit-agency shop key=K may=permit:11S for=west -> BeyondRights
    east-reg admit-agency shop key=K may=poem:11S -> UnknownType
    east-reg admit-agency shop key=K may=permit:11S basis=none -> BadField
    east-reg admit-agency shop key=K may=permit:11S~ -> BadField
    east-reg admit-agency shop key=K may=permit:%65 -> BadField
    east-reg admit-agency shop key=K may=permit:11Stimes33 -> BadField
    east-reg admit-agency tax key=K may=permit:11S -> IdTaken
    east-reg admit-agency shop key=agency:tax may=permit:11S -> KeyTaken
    east-reg admit-agency shop key=K management=K may=permit:11S -> KeyTaken
    east-reg admit-agency shop key=weak may=permit:11S -> BadPossession
    east-reg admit-agency shop key=K proof=agency:other may=permit:11S -> BadPossession
    east-reg admit-agency shop key=K proof=member:shop may=permit:11S -> BadPossession
    east-reg admit-agency shop key=K until=-1h may=permit:11S -> BadField
    east-reg admit-agency shop key=K may=permit:11E -> ScopeTaken
    # Nothing stays of what was refused: neither its keys nor a part of its scopes.
    ? key K there=no
    ? agency shop there=no
    east-reg admit-agency shop key=K management=M may=permit:11S,invoice:91S code=91110000600037341L until=+10d -> ok
    ? agency shop standing=active registrar=east-reg may=2
    shop/K register P type=permit issuer=11SX -> ok
    shop/K register Q type=permit issuer=11TX -> OutsideScope
    shop/K register R type=diploma issuer=11SX -> NotEntitled
    # A key that manages keys does nothing else.
    shop/M register Q type=permit issuer=11SX -> WrongKeyRole
    shop/M suspend P                        -> WrongKeyRole
    east-reg admit-agency shop key=L may=permit:11U -> IdTaken
    # Changed: what it had is another's to have.
    west-reg change-agency shop may=permit:11S -> BeyondRights
    east-reg change-agency nobody may=permit:11S -> UnknownHolder
    east-reg change-agency shop may=permit:11E -> ScopeTaken
    shop/K suspend P                        -> ok
    east-reg change-agency shop region=west for=west may=permit:11S -> BeyondRights
    east-reg change-agency shop may=permit:11T,bill -> ok
    shop/K register S type=permit issuer=11SX -> OutsideScope
    shop/K register S2 type=permit issuer=11TX -> ok
    shop/K register T issuer=91SX           -> NotEntitled
    east-reg change-agency shop             -> ok
    # Who may issue nothing acts on nothing that he issued.
    shop/K resume P                         -> NotEntitled
    # In one block.
    east-reg each: admit-agency a1 key=A1 may=permit:12A ; change-agency a1 may=permit:12B ; admit-agency a2 key=A2 may=permit:12A ; standing agency:a1 retired ; admit-agency a3 key=A3 may=permit:12B -> ScopeTaken, UnknownHolder, ScopeTaken, UnknownHolder, ScopeTaken
    east-reg each: admit-agency a1 key=A1 may=permit:22A ; change-agency a1 may=permit:22B ; admit-agency a2 key=A2 may=permit:22A ; standing agency:a1 retired ; admit-agency a3 key=A3 may=permit:22B -> ok, ok, ok, ok, ok
    east-reg all: admit-agency a4 key=A4 may=permit:33A ; admit-agency a5 key=A5 may=permit:33A -> SiblingRefused, ScopeTaken
    ? agency a4 there=no
    ? key A4 there=no
";

const MEMBERS: &str = "
    buyer admit-member firm key=K           -> NotEntitled
    west-reg admit-member firm key=K        -> BeyondRights
    east-reg admit-member Ü key=K           -> BadField
    east-reg admit-member buyer key=K       -> IdTaken
    east-reg admit-member firm key=member:buyer -> KeyTaken
    east-reg admit-member firm key=K proof=agency:firm -> BadPossession
    east-reg admit-member firm key=weak     -> BadPossession
    east-reg admit-member firm key=K until=-1h -> BadField
    east-reg admit-member firm key=K until=+1d -> ok
    ? member firm standing=active
    tax register I right=named:firm         -> ok
    firm/K consume I book                   -> ok
    tax register J right=claim              -> ok
    firm/K consume J book                   -> ok
    east-reg set-registrar sub key=S rights=*:* -> ok
    sub/S admit-member firm2 key=K2         -> BeyondRights
    sub/S standing member:firm suspended    -> BeyondRights
    sub/S add-key member:firm K3            -> BeyondRights
    sub/S retire-key K                      -> BeyondRights
    east-reg set-registrar sub rights=*:* members=yes -> ok
    sub/S admit-member firm2 key=K2         -> ok
    sub/S standing member:firm suspended    -> ok
    firm/K consume J finance                -> HolderNotActive
    # An agency and a member may have one id: their keys tell them apart.
    east-reg admit-member shop key=KM       -> ok
    east-reg admit-agency shop key=KA may=permit:11S -> ok
    shop/KM register P type=permit issuer=11SX -> NotEntitled
    shop/KA consume J finance               -> NotEntitled
    shop/KA register P type=permit issuer=11SX -> ok
";

const LEVELS: &str = "
    buyer set-registrar sub key=S rights=permit:11 -> NotEntitled
    east-reg set-registrar sub key=S region=west rights=permit:11 -> BeyondRights
    east-reg set-registrar sub rights=permit:11 -> BadField
    east-reg set-registrar sub key=S rights=poem:11 -> UnknownType
    east-reg set-registrar sub key=S rights=permit:11S+11T,bill:12 members=yes -> ok
    ? registrar sub parent=east-reg rights=2
    east-reg set-registrar sub key=S2 rights=permit:11 -> IdTaken
    # Never more than who is above it.
    sub/S set-registrar low key=L rights=permit:11 -> BeyondRights
    sub/S set-registrar low key=L rights=*:11S -> BeyondRights
    sub/S set-registrar low key=L rights=invoice:11S -> BeyondRights
    sub/S set-registrar low key=L rights=permit:11S,permit:* -> BeyondRights
    sub/S set-registrar low key=L rights=permit:11SA members=yes -> ok
    low/L admit-agency shop key=K may=permit:11SB -> BeyondRights
    low/L admit-agency shop key=K may=permit:11S -> BeyondRights
    low/L admit-agency shop key=K may=permit:* -> BeyondRights
    low/L admit-agency shop key=K may=bill:11SA -> BeyondRights
    low/L admit-agency shop key=K may=bill  -> BeyondRights
    low/L admit-agency shop key=K may=permit:11SA1 -> ok
    ? agency shop registrar=low
    low/L change-agency shop may=permit:11SA2 -> ok
    low/L change-agency shop may=permit:11SB -> BeyondRights
    # What it has now is beyond the right of who would change it.
    low/L change-agency office may=permit:11SA -> BeyondRights
    low/L standing agency:office suspended  -> BeyondRights
    low/L add-key agency:office K2          -> BeyondRights
    # Who is above one that has shrunk: what low may is what all above it may.
    east-reg set-registrar sub rights=permit:11T members=yes -> ok
    low/L change-agency shop may=permit:11SA2 -> BeyondRights
    low/L admit-agency shop2 key=K3 may=permit:11SA3 -> BeyondRights
    low/L standing agency:shop suspended    -> BeyondRights
    low/L set-registrar lowest key=LL rights=permit:11SA -> BeyondRights
    low/L admit-member firm key=F           -> ok
    east-reg set-registrar sub rights=permit:11S -> ok
    low/L admit-member firm2 key=F2         -> BeyondRights
    low/L admit-agency shop2 key=K3 may=permit:11SA3 -> ok
    # A registrar above that is suspended stops all below.
    east-reg standing registrar:sub suspended -> ok
    sub/S set-registrar x key=X             -> HolderNotActive
    low/L admit-agency shop3 key=K4 may=permit:11SA4 -> HolderNotActive
    low/L standing registrar:sub active     -> HolderNotActive
    east-reg standing registrar:sub active  -> ok
    low/L admit-agency shop3 key=K4 may=permit:11SA4 -> ok
    # So many levels and no more.
    low/L set-registrar lowest key=LL rights=permit:11SA -> ok
    lowest/LL set-registrar beyond key=B    -> BeyondRights
    lowest/LL admit-agency shop4 key=K5 may=permit:11SA5 -> ok
    # Nobody changes another's registrar, or oneself.
    sub/S set-registrar lowest rights=permit:11S -> BeyondRights
    east-reg set-registrar lowest rights=permit:11S -> BeyondRights
    lowest/LL set-registrar low rights=permit:11S -> BeyondRights
    low/L set-registrar low rights=permit:11S -> BeyondRights
    east-reg standing registrar:low suspended -> BeyondRights
    low/L standing registrar:low suspended  -> BeyondRights
    low/L standing registrar:sub suspended  -> BeyondRights
    east-reg standing registrar:east-reg suspended -> BeyondRights
    west-reg standing registrar:sub suspended -> BeyondRights
    east-reg standing registrar:nobody suspended -> UnknownHolder
    # In one block: a right that goes is gone for the next statement's.
    east-reg each: set-registrar new key=N rights=permit:11N ; standing registrar:new retired ; set-registrar new rights=permit:11 ; standing registrar:new active -> ok, ok, HasRetired, HasRetired
";

const SCOPES: &str = "
    # The office has 11E, the tax bureau 1133, of numbers that all licences share.
    east-reg admit-agency s key=K may=permit:11E -> ScopeTaken
    east-reg admit-agency s key=K may=permit:11EX -> ScopeTaken
    east-reg admit-agency s key=K may=permit:11 -> ScopeTaken
    east-reg admit-agency s key=K may=permit:* -> ScopeTaken
    # Another type of the same numbers, and of others.
    east-reg admit-agency s key=K may=licence:11E -> ScopeTaken
    east-reg admit-agency s key=K may=cfdi:11E -> ok
    # Who confirms has a trie of its own.
    east-reg admit-agency t key=K2 supervises=permit:11E -> ScopeTaken
    east-reg admit-agency t key=K2 supervises=permit:11D,deed:11D -> ok
    east-reg admit-agency u key=K3 supervises=permit:11 -> ScopeTaken
    east-reg admit-agency u key=K3 may=permit:11D -> ok
    # One's own prefixes do not overlap either.
    east-reg admit-agency v key=K4 may=permit:11V+11V -> ok
    east-reg change-agency v may=permit:11V+11VA -> ScopeTaken
    east-reg change-agency v may=permit:11VA,diploma:11V -> ScopeTaken
    east-reg change-agency v may=permit:11V,diploma:11V -> ok
    # Freed by a change.
    east-reg admit-agency w key=K5 may=permit:11VB -> ScopeTaken
    east-reg change-agency v may=permit:11VA,diploma:11VA -> ok
    east-reg admit-agency w key=K5 may=permit:11VB -> ok
    east-reg change-agency v may=permit:11V -> ScopeTaken
    east-reg change-agency v may=permit:11VA1+11VA2 -> ok
    # A suspension frees nothing, an end does.
    east-reg standing agency:w suspended    -> ok
    east-reg admit-agency x key=K6 may=permit:11VB1 -> ScopeTaken
    east-reg standing agency:w retired      -> ok
    east-reg admit-agency x key=K6 may=permit:11VB1 -> ok
    east-reg change-agency w may=permit:11W9 -> HasRetired
    # Of several bytes, a letter at a time.
    east-reg admit-agency y key=K7 may=permit:省市 -> ok
    east-reg admit-agency z key=K8 may=permit:省 -> ScopeTaken
    east-reg admit-agency z key=K8 may=permit:省县 -> ok
    # All of it, where nobody has any.
    east-reg admit-agency all key=K9 may=fattura:* -> ScopeTaken
    east-reg change-agency tax may=invoice:9133 -> ok
    east-reg admit-agency all key=K9 may=fattura:* -> ok
    east-reg change-agency tax may=invoice:9133,fattura:IT -> ScopeTaken
    # Genesis' agencies give theirs back, too.
    east-reg standing agency:office retired -> ok
    east-reg admit-agency heir key=K10 may=permit:11E,diploma:11E -> ok
    heir/K10 register P type=permit         -> ok
    office register Q type=permit           -> HolderNotActive
";

const STANDING: &str = "
    buyer standing agency:tax suspended     -> NotEntitled
    west-reg standing agency:tax suspended  -> BeyondRights
    east-reg standing agency:nobody suspended -> UnknownHolder
    east-reg standing member:nobody suspended -> UnknownHolder
    east-reg standing agency:tax suspended reason=none -> BadField
    east-reg standing council:a suspended   -> UnknownHolder
    east-reg standing validator:v1 suspended -> UnknownHolder
    east-reg standing agency:tax active     -> BadField
    tax register I right=claim              -> ok
    east-reg standing agency:tax suspended  -> ok
    east-reg standing agency:tax suspended  -> BadField
    tax cancel I                            -> HolderNotActive
    buyer consume I book                    -> ok
    east-reg standing agency:tax active     -> ok
    tax register J                          -> ok
    east-reg standing agency:tax retired    -> ok
    east-reg standing agency:tax active     -> HasRetired
    east-reg standing agency:tax retired    -> HasRetired
    east-reg admit-agency tax key=K may=invoice:9133 -> IdTaken
    tax cancel J                            -> HolderNotActive
    west-reg standing member:buyer suspended -> BeyondRights
    east-reg standing member:buyer suspended -> ok
    buyer consume I finance                 -> HolderNotActive
    east-reg standing member:buyer retired  -> ok
    east-reg standing member:buyer suspended -> HasRetired
    east-reg admit-member buyer key=K       -> IdTaken
";

const WHOSE: &str = "
    # Whose agency it is is asked where it has no issuers that would tell.
    east-reg set-registrar sub key=S rights=bill:13S,permit:11S -> ok
    east-reg set-registrar sub2 key=S2 rights=bill:13T -> ok
    sub/S admit-agency branch key=B may=bill -> ok
    sub2/S2 add-key agency:branch K         -> BeyondRights
    sub2/S2 standing agency:branch retired  -> BeyondRights
    sub2/S2 change-agency branch may=bill:13T -> BeyondRights
    sub2/S2 compromise B                    -> BeyondRights
    sub2/S2 add-key agency:clinic K         -> BeyondRights
    sub/S add-key agency:branch K           -> ok
    east-reg add-key agency:branch K2       -> ok
    sub/S change-agency branch              -> ok
    sub2/S2 compromise B                    -> BeyondRights
    sub/S compromise B                      -> ok
    # Of an agency that has issuers: who may grant all of them.
    east-reg admit-agency shop key=C may=permit:11S1 -> ok
    sub/S standing agency:shop suspended    -> ok
    sub2/S2 standing agency:shop active     -> BeyondRights
";

const RECOGNITION: &str = "
    buyer recognise permit                  -> NotEntitled
    office recognise permit                 -> NotEntitled
    west-reg recognise permit               -> BeyondRights
    east-reg recognise poem                 -> UnknownType
    east-reg recognise permit of=north      -> UnknownRegion
    east-reg recognise permit of=east       -> BadField
    east-reg recognise permit citation=none -> BadField
    east-reg recognise permit citation=long -> BadField
    east-reg recognise permit text=long     -> BadField
    east-reg recognise permit from=+2d until=+1d -> BadField
    east-reg recognise permit cond=grade:   -> BadField
    east-reg recognise permit cond=Ü:A      -> BadField
    east-reg recognise permit cond=grade:%17 -> BadField
    east-reg recognise permit cond=a:A,b:A,c:A,d:A,e:A,f:A,g:A,h:A,i:A -> BadField
    east-reg recognise permit cond=grade:A+B,since from=+1d until=+2d -> ok
    ? rule east,permit,west recognised=yes
    east-reg recognise permit as=refused    -> ok
    ? rule east,permit,west recognised=no
    west-reg recognise permit by=west of=east -> ok
    ? rule west,permit,east recognised=yes
    # Who speaks for a part of a region does not say what it recognises.
    east-reg set-registrar sub key=S rights=*:* members=yes -> ok
    sub/S recognise permit                  -> BeyondRights
    buyer govern A do standing registrar:east-reg suspended -> ok
    east-reg recognise permit               -> HolderNotActive
";

/// Who was suspended earlier in the block gets no numbers in it.
#[test]
fn a_branch_is_as_the_block_has_left_it() {
    let mut desk = Desk::province();
    desk.line("hospital request-range S 1..99 -> ok");
    desk.line("bureau allocate-range S 0 -> ok");
    desk.line("hospital activate-range S 0 -> ok");
    let suspend = desk.operation("east-reg", "standing agency:clinic suspended");
    let delegate = desk.operation("hospital", "delegate-range S 0 20..29 to=clinic");
    let statements = vec![
        desk.world.sign("east-reg", Mode::Each, &[suspend]),
        desk.world.sign("hospital", Mode::Each, &[delegate]),
    ];
    let time = desk.world.before.time.plus(1);
    let outcomes = desk.world.execute(time, statements).concat();
    let codes: Vec<u16> = outcomes.iter().map(super::world::code).collect();
    assert_eq!(codes, [0, Code::NotEntitled.number()]);
}

/// As many as a statement holds, as they come by a list: each is done or refused for itself.
#[test]
fn a_thousand_agencies_are_admitted_at_once() {
    let mut desk = Desk::province();
    // Every third asks for what the one before it has.
    let prefix = |n: usize| if n % 3 == 2 { n - 1 } else { n };
    let rows = (0..1_000).map(|n| format!("admit-agency s{n} key=k{n} may=permit:S{}X", prefix(n)));
    let operations: Vec<_> = rows.map(|row| desk.operation("east-reg", &row)).collect();
    let statement = desk.world.sign("east-reg", Mode::Each, &operations);
    let time = desk.world.before.time.plus(1);
    let outcomes = desk.world.execute(time, vec![statement]).remove(0);
    for (n, outcome) in outcomes.iter().enumerate() {
        let expected = if n % 3 == 2 {
            Code::ScopeTaken.number()
        } else {
            0
        };
        assert_eq!(super::world::code(outcome), expected, "{n}");
    }
}

#[test]
fn agencies_are_admitted_and_changed() {
    check_at(Desk::province(), &TABLES[0]);
}

#[test]
fn members_are_admitted() {
    check_at(Desk::province(), &TABLES[1]);
}

#[test]
fn rights_narrow_from_level_to_level() {
    check_at(Desk::province(), &TABLES[2]);
}

#[test]
fn scopes_do_not_overlap() {
    check_at(Desk::province(), &TABLES[3]);
}

#[test]
fn suspended_active_retired() {
    check_at(Desk::province(), &TABLES[4]);
}

#[test]
fn whose_agency_it_is() {
    check_at(Desk::province(), &TABLES[5]);
}

#[test]
fn recognition() {
    check_at(Desk::province(), &TABLES[6]);
}
