//! Rows of the council's `SetValidators`, and when the set that it writes comes into force.

use super::rows::{check_at, Desk, Table};

const TABLES: &[Table] = &[
    ("less than a third leaves and comes", THIRDS),
    ("names, regions, addresses and keys", KEYS),
    ("it waits for the quorum of the set before", WAITS),
];

const THIRDS: &str = "
    buyer govern A do validators remove=     -> BadSet
    buyer govern A do validators remove=v9   -> BadSet
    buyer govern A do validators remove=v1,v1 -> BadSet
    buyer govern A do validators remove=v1,v2,v3 -> BadSet
    buyer govern A do validators remove=v1 add=v8,v9,v10 -> BadSet
    buyer govern A do validators add=v8,v9,v10,v11 -> BadSet
    # Of ten, three are less than a third.
    buyer govern A do validators add=v8,v9,v10 -> ok
    carry 1
    ? set waits=yes epoch=0
    carry 1
    ? set waits=no epoch=1 members=v1,v2,v3,v4,v5,v6,v7,v8,v9,v10
    buyer govern B do validators remove=v1,v2,v3,v4 -> BadSet
    buyer govern B do validators remove=v2,v9,v4 -> ok
    carry 1
    carry 1
    # They stand in their order, and who comes stands last.
    ? set epoch=2 members=v1,v3,v5,v6,v7,v8,v10
    buyer govern C do validators remove=v1 add=v12,v11 -> ok
    carry 1
    carry 1
    ? set epoch=3 members=v3,v5,v6,v7,v8,v10,v12,v11
";

const KEYS: &str = "
    buyer govern A do validators remove=v1 add=v2 -> KeyTaken
    buyer govern A do validators remove=v1 add=v2 keys=again -> BadSet
    buyer govern A do validators add=v8,v8   -> KeyTaken
    buyer govern A do validators add=Ü       -> BadField
    buyer govern A do validators add=v8 region=north -> UnknownRegion
    buyer govern A do validators add=v8 engine=none -> BadField
    buyer govern A do validators add=v8 gossip=host:1 -> BadField
    buyer govern A do validators add=v8 gossip=a_b -> BadField
    buyer govern A do validators add=v8 with=agency-key -> KeyTaken
    buyer govern A do validators add=v8 with=one-key -> KeyTaken
    buyer govern A do validators add=v8 with=another-role -> BadPossession
    ? key consensus:v8 there=no
    # With other keys under its own name; the keys before retire.
    buyer govern A do validators remove=v1 add=v1 keys=again -> ok
    ? key consensus:v1 retired=yes
    ? key checkpoint:v1 retired=yes
    ? key log:v1 retired=yes
    ? key peer:v1 retired=yes
    ? key consensus:v2 retired=no
    carry 1
    carry 1
    ? set epoch=1 members=v2,v3,v4,v5,v6,v7,v1
    # Whose keys have retired does not come back with them.
    buyer govern B do validators remove=v2   -> ok
    carry 1
    carry 1
    buyer govern C do validators add=v2      -> KeyTaken
    buyer govern C do validators add=v2 keys=again -> ok
";

const WAITS: &str = "
    wait 5h
    buyer govern A do validators remove=v7 add=v8 -> ok
    ? set waits=yes epoch=0
    buyer govern B do validators remove=v6   -> SetWaits
    buyer govern B do region north & validators remove=v6 -> SetWaits
    # Carrying nothing brings nothing, nor does a checkpoint from before the write.
    wait 1h
    ? set waits=yes
    carry 5
    ? set waits=yes
    carry 5
    ? set waits=yes epoch=0
    carry 1
    ? set waits=no epoch=1 since=0
    # The next block is decided by the new set; in it another may be written.
    buyer govern B do validators remove=v6   -> ok
    ? set waits=yes epoch=1
    # A quorum of the set before, over a checkpoint of its time, shows nothing of this one.
    carry 2
    ? set waits=yes epoch=1
    carry 1
    ? set waits=no epoch=2 members=v1,v2,v3,v4,v5,v8
    # Twice in one block is once.
    buyer each: govern C do validators remove=v5 ; govern D do validators remove=v4 -> ok, SetWaits
    buyer govern D do validators remove=v4   -> SetWaits
    # In one action, too.
    carry 1
    carry 1
    ? set epoch=3
    buyer govern E do validators remove=v4 & validators add=v9 -> SetWaits
    ? set waits=no epoch=3
";

#[test]
fn less_than_a_third_leaves_and_comes() {
    check_at(Desk::province(), &TABLES[0]);
}

#[test]
fn names_regions_addresses_and_keys() {
    check_at(Desk::province(), &TABLES[1]);
}

#[test]
fn it_waits_for_the_quorum_of_the_set_before() {
    check_at(Desk::province(), &TABLES[2]);
}

/// The entry of a block names the epoch of the set that decided it, and the new set's cosignatures are
/// those that are carried from its first block on.
#[test]
fn the_epoch_of_a_block_is_that_of_the_set_that_decided_it() {
    let mut desk = Desk::province();
    desk.line("buyer govern A do validators remove=v7 add=v8 -> ok");
    let written = desk.world.before.height;
    desk.world.pass(1);
    desk.world.carry(written);
    desk.world.pass(1);
    let switched = desk.world.before.height;
    desk.world.pass(1);
    desk.world.pass(1);
    let epoch = |height: u64| {
        let place = usize::try_from(height - 1).expect("few");
        let (text, set) = &desk.world.texts[place];
        let line = text.lines().last().expect("a line");
        let said: u64 = line
            .split(' ')
            .nth(4)
            .expect("the epoch")
            .parse()
            .expect("a number");
        assert_eq!(said, set.epoch);
        said
    };
    assert_eq!([epoch(written), epoch(switched)], [0, 0]);
    assert_eq!(epoch(switched + 1), 1);
    // The new set's cosignatures carry its first checkpoint; the old set's do not.
    let mut carried = desk.world.clone();
    carried.carry(switched + 1);
    let block = carried.block(carried.before.time.plus(1), vec![]);
    assert!(carried.check(&block).is_ok());
    let mut stale = desk.world.clone();
    stale.carry(switched);
    let mut header = stale.carried.take().expect("a quorum");
    header.height = switched + 1;
    stale.carried = Some(header);
    let block = stale.block(stale.before.time.plus(1), vec![]);
    assert!(stale.check(&block).is_err());
}
