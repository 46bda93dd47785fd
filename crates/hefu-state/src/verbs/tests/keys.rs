//! Rows of keys: who manages them, how they come and go, what a compromise makes doubtful.

use super::rows::{check_at, Desk, Table};
use hefu_types::leaf::{ClockLeaf, KeyLeaf};
use hefu_types::statement::Mode;
use hefu_types::{key, Code};

const TABLES: &[Table] = &[
    ("who manages keys", WHO),
    ("keys come and go", ROTATED),
    ("compromised", COMPROMISED),
];

const WHO: &str = "
    east-reg admit-agency shop key=K management=M may=permit:11S -> ok
    # A working key manages none, nor its own.
    shop/K add-key agency:shop K2           -> WrongKeyRole
    shop/K retire-key K                     -> WrongKeyRole
    shop/K confirm-key K                    -> WrongKeyRole
    buyer add-key member:buyer K2           -> WrongKeyRole
    shop/K compromise K                     -> NotEntitled
    # A management key manages its holder's working keys, and nothing else.
    shop/M add-key agency:shop K2           -> ok
    shop/M add-key agency:tax K3            -> NotEntitled
    shop/M add-key member:buyer K3          -> NotEntitled
    shop/M add-key member:shop K3           -> NotEntitled
    shop/M add-key registrar:east-reg K3    -> NotEntitled
    shop/M add-key council:a K3             -> BadField
    shop/M retire-key agency:tax            -> NotEntitled
    shop/M add-key agency:shop M2 role=management -> WrongKeyRole
    shop/M retire-key M                     -> WrongKeyRole
    shop/M confirm-key M                    -> WrongKeyRole
    shop/M compromise K                     -> NotEntitled
    shop/M admit-member x key=X             -> NotEntitled
    shop/M standing agency:shop suspended   -> NotEntitled
    shop/M confirm-key K                    -> ok
    shop/M retire-key K                     -> ok
    # A registrar manages the keys of its region.
    west-reg add-key agency:shop K4         -> BeyondRights
    west-reg retire-key K2                  -> BeyondRights
    west-reg confirm-key K2                 -> BeyondRights
    west-reg compromise K2                  -> BeyondRights
    east-reg add-key agency:nobody K4       -> UnknownHolder
    east-reg add-key member:nobody K4       -> UnknownHolder
    east-reg add-key registrar:nobody K4    -> UnknownHolder
    east-reg add-key council:a K4           -> BadField
    east-reg add-key validator:v1 K4        -> BadField
    east-reg retire-key NONE                -> UnknownHolder
    east-reg confirm-key NONE               -> UnknownHolder
    east-reg compromise NONE                -> UnknownHolder
    east-reg retire-key council:a           -> NotEntitled
    east-reg compromise checkpoint:v1       -> NotEntitled
    east-reg add-key agency:shop M2 role=management -> ok
    east-reg retire-key M                   -> ok
    shop/M2 retire-key K2                   -> ok
    east-reg add-key member:buyer MB role=management -> ok
    buyer/MB consume NONE book              -> WrongKeyRole
    buyer/MB add-key member:buyer B2        -> ok
    # Its own keys and those of who is above are not a registrar's; those of who is below are.
    east-reg add-key registrar:east-reg R2  -> BeyondRights
    east-reg compromise registrar:east-reg  -> BeyondRights
    east-reg set-registrar sub key=S rights=permit:11S -> ok
    sub/S add-key registrar:east-reg R2     -> BeyondRights
    sub/S add-key registrar:sub S2          -> BeyondRights
    east-reg add-key registrar:sub S2       -> ok
    east-reg add-key registrar:sub SM role=management -> ok
    sub/SM retire-key S                     -> ok
    sub/SM admit-member x key=X             -> WrongKeyRole
    sub/SM recognise permit                 -> WrongKeyRole
    sub/S2 set-registrar low key=L rights=permit:11S -> ok
    east-reg retire-key L                   -> BeyondRights
    sub/S2 retire-key L                     -> ok
    # The council manages all, of seats and validators too that they are known to others.
    buyer govern A do add-key registrar:east-reg R2 & retire-key registrar:east-reg & add-key agency:shop K9 -> ok
    east-reg/R2 confirm-key K9              -> ok
    buyer govern B do compromise log:v3 & retire-key log:v3 -> ok
    buyer govern C do retire-key NONE       -> UnknownHolder
    buyer govern C do retire-key log:v3     -> HasRetired
    # Who is suspended does nothing, nor with a key that manages keys.
    east-reg/R2 standing agency:shop suspended -> ok
    shop/M2 add-key agency:shop K10         -> HolderNotActive
    shop/M2 retire-key K9                   -> HolderNotActive
    east-reg/R2 add-key agency:shop K10     -> ok
    east-reg/R2 standing agency:shop retired -> ok
    east-reg/R2 add-key agency:shop K11     -> HasRetired
    east-reg/R2 retire-key K10              -> ok
";

const ROTATED: &str = "
    east-reg admit-agency shop key=K management=M may=permit:11S until=+3d -> ok
    shop/M add-key agency:shop K            -> KeyTaken
    shop/M add-key agency:shop agency:tax   -> KeyTaken
    shop/M add-key agency:shop weak         -> BadPossession
    shop/M add-key agency:shop K2 proof=agency:tax -> BadPossession
    shop/M add-key agency:shop K2 proof=agency-management:shop -> BadPossession
    east-reg add-key agency:shop K2 role=management proof=agency:shop -> BadPossession
    shop/M add-key agency:shop K2 until=-1h -> BadField
    shop/M add-key agency:shop K2 from=-1h  -> BadField
    shop/M add-key agency:shop K2 from=+2h until=+1h -> BadField
    shop/M add-key agency:shop K2 from=+2h until=+2h -> BadField
    shop/M add-key agency:shop K2 from=+1h until=+2d -> ok
    ? key K2 signs=no
    shop/M confirm-key K2                   -> KeyNotValid
    wait 1h
    ? key K2 signs=yes
    shop/K2 register P type=permit issuer=11SX -> ok
    shop/K suspend P                        -> ok
    shop/M retire-key K                     -> ok
    ? key K retired=yes signs=no
    shop/M retire-key K                     -> HasRetired
    shop/M confirm-key K                    -> KeyNotValid
    shop/M add-key agency:shop K            -> KeyTaken
    shop/K2 resume P                        -> ok
    wait 47h
    ? key K2 signs=no
    # The key of one kind is none of another.
    east-reg add-key member:buyer B2 proof=agency:buyer -> BadPossession
    east-reg add-key member:buyer B2        -> ok
    tax register I right=claim              -> ok
    buyer/B2 consume I book                 -> ok
    # What one layer has written the next sees: a key comes once in a block.
    east-reg all: add-key member:buyer B3 ; add-key member:other B3 -> SiblingRefused, KeyTaken
    ? key B3 there=no
    east-reg each: add-key member:buyer B3 ; add-key member:other B3 ; retire-key B3 ; retire-key B3 -> ok, KeyTaken, ok, HasRetired
";

const COMPROMISED: &str = "
    buyer compromise agency:tax             -> NotEntitled
    east-reg compromise agency:tax reason=none -> BadField
    east-reg compromise agency:tax since=+1h -> BadCompromiseTime
    east-reg compromise agency:tax since=-3650d -> BadCompromiseTime
    ? council compromises=0
    east-reg confirm-key agency:tax         -> ok
    ? key agency:tax confirmed=yes
    wait 2h
    # Not from before it was found to be its holder's alone.
    east-reg compromise agency:tax since=-3h -> BadCompromiseTime
    tax register I                          -> ok
    east-reg compromise agency:tax since=-1h -> ok
    ? key agency:tax compromised=yes signs=no
    ? council compromises=1
    # More may be found to be doubtful, never less.
    east-reg compromise agency:tax since=-1h -> BadCompromiseTime
    east-reg compromise agency:tax since=-30m -> BadCompromiseTime
    east-reg compromise agency:tax since=-90m -> ok
    ? council compromises=2
    east-reg confirm-key agency:tax         -> KeyNotValid
    # The agency goes on with another key.
    east-reg add-key agency:tax T2          -> ok
    tax/T2 cancel I                         -> ok
    # Not from before it was valid.
    east-reg compromise T2 since=-1h        -> BadCompromiseTime
    # One that has retired may have leaked, too.
    east-reg retire-key T2                  -> ok
    east-reg compromise T2                  -> ok
    # Refused with its siblings it is not counted.
    east-reg add-key agency:tax T3          -> ok
    east-reg all: compromise T3 ; compromise NONE -> SiblingRefused, UnknownHolder
    ? council compromises=3
    ? key T3 compromised=no
    buyer govern A do compromise T3 & compromise registrar:west-reg -> ok
    ? council compromises=5
";

#[test]
fn who_manages_keys() {
    check_at(Desk::province(), &TABLES[0]);
}

#[test]
fn keys_come_and_go() {
    check_at(Desk::province(), &TABLES[1]);
}

#[test]
fn compromised() {
    check_at(Desk::province(), &TABLES[2]);
}

/// A key that ends in a block signs nothing in it after that.
#[test]
fn what_a_key_signed_after_its_end_in_the_same_block_is_refused() {
    for (ending, expected) in [
        ("retire-key agency:tax", Code::KeyNotValid),
        ("compromise agency:tax", Code::KeyNotValid),
        ("standing agency:tax suspended", Code::HolderNotActive),
    ] {
        let mut desk = Desk::province();
        let before = desk.operation("tax", "register I");
        let ending = desk.operation("east-reg", ending);
        let after = desk.operation("tax", "register J");
        let statements = vec![
            desk.world.sign("tax", Mode::Each, &[before]),
            desk.world.sign("east-reg", Mode::Each, &[ending]),
            desk.world.sign("tax", Mode::Each, &[after]),
        ];
        let time = desk.world.before.time.plus(1);
        let outcomes = desk.world.execute(time, statements);
        let codes: Vec<u16> = outcomes
            .iter()
            .map(|of| super::world::code(&of[0]))
            .collect();
        // -> KeyNotValid, as rows call it.
        assert_eq!(codes, [0, 0, expected.number()]);
    }
}

/// A statement under a key that has ended makes its block invalid, from the next block on.
#[test]
fn a_key_that_has_ended_is_no_key_of_a_block() {
    let mut desk = Desk::province();
    desk.line("east-reg add-key agency:tax T2 from=+1h -> ok");
    desk.line("east-reg retire-key agency:office -> ok");
    let time = desk.world.before.time.plus(1);
    for (actor, is_valid) in [("tax", true), ("tax/T2", false), ("office", false)] {
        let operation = desk.operation("tax", "register I");
        let statement = desk.world.sign(actor, Mode::Each, &[operation]);
        let block = desk.world.block(time, vec![statement]);
        assert_eq!(desk.world.check(&block).is_ok(), is_valid, "{actor}");
    }
}

/// The event of a record tells how many compromises were declared before it, also in its own block.
#[test]
fn what_is_done_after_a_compromise_says_so() {
    let mut desk = Desk::province();
    let declare = desk.operation("east-reg", "compromise agency:tax");
    let licence = desk.operation("office", "register P type=permit");
    let statements = vec![
        desk.world.sign("east-reg", Mode::Each, &[declare]),
        desk.world.sign("office", Mode::Atomic, &[licence]),
    ];
    let time = desk.world.before.time.plus(1);
    desk.world.execute(time, statements);
    let at = desk.key("P");
    assert_eq!(
        desk.world
            .record(&at)
            .public
            .registration
            .compromise_counter,
        1
    );
    let clock: ClockLeaf = desk.world.leaf(key::clock(super::world::SUITE));
    assert_eq!(clock.compromise_counter, 1);
    let tax = super::world::named_key("agency:tax").key_id();
    let leaf: KeyLeaf = desk.world.leaf(key::public_key(super::world::SUITE, &tax));
    assert_eq!(leaf.compromised_since, Some(time));
}
