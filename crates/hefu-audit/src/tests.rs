//! What an honest network shows is followed to its end; each thing that can be wrong is found under its
//! own name, and leaves the auditor as it was.

mod world;

use crate::{Auditor, Finding, MemoryError, Next, Parts, Stop};
use hefu_proof::equivocation::Contradiction;
use hefu_proof::Checkpoint;
use hefu_types::block::{Block, BlockEntry, Header};
use hefu_types::operation::{ActivateRules, CouncilChange, SetValidators};
use hefu_types::{canonical, Hash, Millis, TreeSize};
use minicbor::bytes::ByteVec;
use world::{register, World, QUORUM, SUITE};

#[track_caller]
fn name<T: std::fmt::Debug>(result: Result<T, Stop>) -> &'static str {
    match result {
        Err(Stop::Finding(finding)) => {
            let said = finding.said();
            assert!(!said.en.is_empty() && !said.zh.is_empty());
            finding.name()
        }
        other => panic!("a finding was expected: {other:?}"),
    }
}

/// Shows a world whose blocks were altered after they were signed. The auditor is where it was before the
/// altered block, and goes on with the true one.
#[track_caller]
fn altered(height: usize, alter: impl FnOnce(&mut Parts)) -> &'static str {
    let world = World::of_some_blocks();
    let mut parts = world.blocks[height - 1].clone();
    alter(&mut parts);
    assert_ne!(parts, world.blocks[height - 1], "something was altered");
    let mut auditor = Auditor::new(world.network.clone());
    world.show(&mut auditor).expect("the checkpoint holds");
    for of in &world.blocks[..height - 1] {
        auditor.block(of).expect("the blocks before are as signed");
    }
    let before = auditor.encode();
    let found = name(auditor.block(&parts));
    assert_eq!(auditor.encode(), before, "nothing was taken");
    world.execute_all(&mut auditor).expect("the true one holds");
    assert_eq!(auditor.height(), world.ledger.height());
    found
}

#[test]
fn an_honest_network_is_followed_to_its_end() {
    let world = World::of_some_blocks();
    let mut auditor = Auditor::new(world.network.clone());
    let done = world.follow(&mut auditor).expect("nothing is wrong");
    assert_eq!(done.len(), 4);
    assert_eq!(done[3].refused, 1);
    let tally = auditor.tally();
    assert_eq!((tally.blocks, tally.statements), (4, 3));
    assert_eq!((tally.operations, tally.refused), (7, 1));
    // Of three statements, and the checkpoint: three cosignatures and the log's line.
    assert_eq!((tally.signatures, tally.checkpoints), (7, 1));
    assert_eq!(auditor.next(), None);
    // The same again, and every earlier checkpoint, are known.
    for height in 0..=4 {
        let signed = world.signed_by(world.checkpoint(height), &[1, 2, 3]);
        assert_eq!(auditor.checkpoint(signed, &[]), Ok(Next::Known), "{height}");
    }
    assert_eq!(auditor.tally().checkpoints, 5);
}

#[test]
fn it_goes_on_where_it_stopped() {
    let mut world = World::of_some_blocks();
    let mut auditor = Auditor::new(world.network.clone());
    world.show(&mut auditor).expect("the checkpoint holds");
    auditor.block(&world.blocks[0]).expect("the first block");
    auditor.block(&world.blocks[1]).expect("the second block");
    let bytes = auditor.encode();
    let mut resumed = Auditor::decode(world.network.clone(), &bytes).expect("its own memory");
    assert_eq!(resumed.encode(), bytes);
    assert_eq!(resumed.height(), 2);
    // The window is remembered too: a statement that is decided twice breaks the rules.
    world.execute_all(&mut resumed).expect("the rest holds");
    world.registers(&[9]);
    world.follow(&mut resumed).expect("what came since");
    assert_eq!(resumed.height(), 5);
    assert_eq!(resumed.tally().blocks, 5);
}

#[test]
fn a_damaged_memory_is_refused() {
    let world = World::of_some_blocks();
    let mut auditor = Auditor::new(world.network.clone());
    world.follow(&mut auditor).expect("nothing is wrong");
    let good = auditor.encode();
    let read = |bytes: &[u8]| Auditor::decode(world.network.clone(), bytes).map(|_| ());
    assert_eq!(read(&good), Ok(()));
    for at in (0..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(read(&bad).is_err(), "{at}");
        assert!(read(&good[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(read(b"something else"), Err(MemoryError::Other));
    // Somebody writes another leaf and the right hash: the state root tells.
    let mut forged = auditor.clone();
    let (_, value) = forged.ledger.values.iter_mut().next().expect("a leaf");
    value.bytes = vec![0; 3].into_boxed_slice();
    value.is_record = false;
    assert!(matches!(
        read(&forged.encode()),
        Err(MemoryError::Inconsistent(_))
    ));
    let mut forged = auditor.clone();
    forged.log.append(Hash([0; 32]));
    assert!(matches!(
        read(&forged.encode()),
        Err(MemoryError::Inconsistent(_))
    ));
}

#[test]
fn validators_and_rules_change_and_the_auditor_follows() {
    let (world, early) = handed_over();
    let mut auditor = Auditor::new(world.network.clone());
    // From before the change into it, and all at once.
    for mut auditor in [auditor.clone(), {
        early.follow(&mut auditor).expect("before the change");
        auditor
    }] {
        world.follow(&mut auditor).expect("nothing is wrong");
        assert_eq!(auditor.tally().epochs, [0, 1]);
        assert_eq!(auditor.tally().rules, [1, 2]);
        assert_eq!(auditor.newest(), Some(&world.signed()));
        let bytes = auditor.encode();
        let resumed = Auditor::decode(world.network.clone(), &bytes).expect("its own memory");
        assert_eq!(resumed.set(), auditor.set());
        assert_eq!(resumed.encode(), bytes);
    }
}

/// A network in which v5 took the place of v4, and version 2 of the rules is in force; and as it was before.
fn handed_over() -> (World, World) {
    let mut world = World::of_some_blocks();
    let early = world.clone();
    world.govern(CouncilChange::ActivateRules(ActivateRules {
        version: 2,
        height: 7,
    }));
    world.govern(CouncilChange::SetValidators(SetValidators {
        remove: vec!["v4".to_owned()],
        add: vec![World::newcomer("v5")],
    }));
    let written = world.ledger.height();
    world.hand_over(1);
    world.registers(&[20]);
    world.block(vec![], Some(written));
    world.registers(&[21]);
    assert_eq!(world.checkpoint(world.ledger.height()).epoch, 1);
    (world, early)
}

#[test]
fn a_checkpoint_without_a_quorum_is_found() {
    let world = World::of_some_blocks();
    let check = |members: &[u16]| {
        let mut auditor = Auditor::new(world.network.clone());
        let signed = world.signed_by(world.checkpoint(4), members);
        name(auditor.checkpoint(signed, &[]).map_err(Stop::from))
    };
    assert_eq!(check(&[0, 1]), "checkpoint-without-quorum");
    assert_eq!(check(&[0, 0, 1]), "checkpoint-without-quorum");
    let mut forged = world.signed();
    forged.cosignatures[1].signature.0[5] ^= 1;
    let mut auditor = Auditor::new(world.network.clone());
    let found = auditor.checkpoint(forged, &[]).map_err(Stop::from);
    assert_eq!(name(found), "checkpoint-without-quorum");
}

#[test]
fn a_chain_that_does_not_hold_is_found() {
    let (world, _) = handed_over();
    let show = |world: &World| {
        let mut auditor = Auditor::new(world.network.clone());
        name(world.follow(&mut auditor))
    };
    let mut without = world.clone();
    without.handovers.clear();
    assert_eq!(show(&without), "broken-handover");
    let mut forged = world.clone();
    forged.handovers[0].cosignatures.pop();
    assert_eq!(show(&forged), "broken-handover");
    // A quorum of the first set signed another end of its time: it is not the block's.
    let mut other = world.clone();
    let mut checkpoint = other.handovers[0].checkpoint.clone();
    checkpoint.log_root = Hash([1; 32]);
    other.handovers[0].cosignatures = other.cosign(&checkpoint, &QUORUM);
    other.handovers[0].checkpoint = checkpoint;
    assert_eq!(show(&other), "broken-handover");
    // The same where its block was executed before.
    let mut auditor = Auditor::new(world.network.clone());
    let mut written = world.clone();
    written.handovers.clear();
    let early = world.signed_by(world.checkpoint(7), &QUORUM);
    let next = auditor.checkpoint(early, &[]).expect("it holds");
    assert_eq!(auditor.leaves(world.leaves(next)), Ok(true));
    world.execute_all(&mut auditor).expect("nothing is wrong");
    let next = auditor.checkpoint(other.signed(), &other.handovers);
    let next = next.expect("its signatures hold");
    let taken = auditor.leaves(world.leaves(next)).map_err(Stop::from);
    assert_eq!(name(taken), "broken-handover");
    world.follow(&mut auditor).expect("the true chain holds");
}

#[test]
fn what_is_altered_behind_the_signatures_is_found() {
    assert_eq!(
        altered(1, |parts| parts.entries[0][40] ^= 1),
        "entry-not-of-log"
    );
    assert_eq!(
        altered(1, |parts| drop(parts.entries.remove(0))),
        "entry-not-of-log"
    );
    assert_eq!(
        altered(4, |parts| parts.entries[1][3] ^= 1),
        "entry-not-of-log"
    );
    let another = |numbers: &[u32]| {
        let list = numbers.iter().map(|number| register(*number).encode());
        canonical::encode(&list.map(ByteVec::from).collect::<Vec<_>>())
    };
    let operations = "operations-not-of-statement";
    for numbers in [&[1, 2, 4][..], &[1, 2], &[1, 2, 3, 3], &[2, 1, 3], &[]] {
        let alter = |parts: &mut Parts| parts.operations[0] = another(numbers);
        assert_eq!(altered(1, alter), operations, "{numbers:?}");
    }
    assert_eq!(altered(1, |parts| parts.operations.clear()), operations);
    assert_eq!(altered(1, |parts| parts.operations[0].push(0)), operations);
    // More than a statement may have is not even taken apart.
    let many = canonical::encode(&vec![ByteVec::from(vec![0_u8]); 5_000]);
    assert_eq!(altered(1, |parts| parts.operations[0] = many), operations);
    assert_eq!(
        altered(2, |parts| parts.header[40] ^= 1),
        "header-not-of-block"
    );
    assert_eq!(
        altered(2, |parts| parts.header.clear()),
        "header-not-of-block"
    );
    assert_eq!(altered(4, |parts| parts.refusals[2] ^= 1), "other-refusals");
    assert_eq!(
        altered(3, |parts| parts.refusals = vec![0x81]),
        "other-refusals"
    );
}

/// What a quorum signs as the next block, with whatever results: the auditor that followed so far is shown
/// it with good signatures.
#[track_caller]
fn signed_wrongly(block: impl FnOnce(&mut World) -> (Block, BlockEntry)) -> Stop {
    let mut world = World::of_some_blocks();
    let mut auditor = Auditor::new(world.network.clone());
    world.follow(&mut auditor).expect("nothing is wrong so far");
    let (block, mut entry) = block(&mut world);
    let mut made = world.clone().registers(&[90]);
    entry.block_id = hefu_types::block::block_id(SUITE, &block.encode());
    entry.statement_count = block.statements.len() as u32;
    entry.operation_count = (block.statements.iter())
        .map(|of| of.operation_count() as u32)
        .sum();
    made.entry = entry;
    made.refusals.clear();
    world.push(&block, &made);
    let checkpoint = Checkpoint::of_block(&made.entry, world.log.root(made.entry.size()));
    let signed = world.signed_by(checkpoint, &QUORUM);
    let next = auditor.checkpoint(signed, &[]).expect("a quorum signed it");
    assert_eq!(auditor.leaves(world.leaves(next)), Ok(true));
    let stop = auditor.block(&world.blocks[4]).expect_err("it is wrong");
    assert!(
        matches!(&stop, Stop::Finding(found) if found.is_signed()),
        "{stop}"
    );
    stop
}

/// The next block of a world, valid, and the entry that it truly leads to.
fn good(world: &mut World) -> (Block, BlockEntry) {
    let statement = world.sign(&[register(50)]);
    let mut next = world.clone();
    let entry = next.block(vec![statement.clone()], None).entry;
    let header: Header = canonical::decode(&next.blocks[4].header, 65_536).expect("a header");
    let statements = vec![statement];
    (Block { header, statements }, entry)
}

#[test]
fn what_a_quorum_signed_against_the_rules_is_found() {
    let check = |alter: fn(&mut World, &mut Block, &mut BlockEntry)| {
        let stop = signed_wrongly(|world| {
            let (mut block, mut entry) = good(world);
            alter(world, &mut block, &mut entry);
            (block, entry)
        });
        name::<()>(Err(stop))
    };
    // A state that executing does not lead to, and each other result.
    let root = check(|_, _, entry| entry.state_root = Hash([8; 32]));
    assert_eq!(root, "other-state-root");
    let wrong: [fn(&mut World, &mut Block, &mut BlockEntry); 6] = [
        |_, _, entry| entry.rules_version = 2,
        |_, _, entry| entry.compromise_counter = 1,
        |_, _, entry| entry.refusals_root = Hash([8; 32]),
        |_, _, entry| entry.previous_checkpoint = Hash([8; 32]),
        |_, _, entry| entry.time = entry.time.plus(1),
        |_, _, entry| entry.height += 1,
    ];
    for wrong in wrong {
        assert_eq!(check(wrong), "other-block-entry");
    }
    // Somebody who is not the agency signs in its name; a signature of other bytes.
    let forged = check(|world, block, _| {
        let good = &block.statements[0];
        let mut cose = good.cose().to_vec();
        let last = cose.len() - 1;
        cose[last] ^= 1;
        let operations: Vec<&[u8]> = good.operations().collect();
        block.statements[0] = hefu_types::statement::Statement::of_parts(&cose, &operations);
        let _ = world;
    });
    assert_eq!(forged, "statement-signature");
    let refused: [fn(&mut World, &mut Block, &mut BlockEntry); 6] = [
        |_, block, _| block.header.height += 1,
        |_, block, _| block.header.time = Millis(1),
        |_, block, _| block.header.parent_state_root = Hash([8; 32]),
        |_, block, _| block.header.network.0[0] ^= 1,
        // Twice in one block.
        |_, block, _| block.statements.push(block.statements[0].clone()),
        // Executed in an earlier block: with the cosignatures of too few.
        |world, block, _| {
            block.header.carried = Some(hefu_types::block::CarriedQuorum {
                height: 2,
                cosignatures: world.cosign(&world.checkpoint(2), &[0, 1]),
            });
        },
    ];
    for refused in refused {
        assert_eq!(check(refused), "block-refused");
    }
}

#[test]
fn a_statement_that_is_executed_again_is_found() {
    let stop = signed_wrongly(|world| {
        let again = world.blocks[3].clone();
        let (mut block, entry) = good(world);
        let operations: Vec<ByteVec> =
            canonical::decode(&again.operations[0], 1 << 20).expect("a list");
        let operations: Vec<&[u8]> = operations.iter().map(|of| of.as_slice()).collect();
        block.statements = vec![hefu_types::statement::Statement::of_parts(
            &again.entries[0],
            &operations,
        )];
        (block, entry)
    });
    assert_eq!(name::<()>(Err(stop)), "block-refused");
}

#[test]
fn rules_that_are_newer_than_the_program_are_no_finding() {
    let (world, _) = handed_over();
    let mut auditor = Auditor::new(world.network.clone());
    let mut world = world;
    world.govern(CouncilChange::ActivateRules(ActivateRules {
        version: 99,
        height: world.ledger.height() + 2,
    }));
    world.follow(&mut auditor).expect("known rules");
    // What the others make of the next block cannot be judged; a block of any content is enough.
    let before = world.ledger.before(&world.network, &world.log);
    let header = Header {
        network: world.network.digest(),
        height: before.height + 1,
        time: before.time.plus(1),
        parent_size: before.size,
        parent_log_root: before.log_root,
        parent_state_root: before.state_root,
        carried: None,
    };
    let statements = vec![];
    let block = Block { header, statements };
    let mut made = handed_over().0.registers(&[77]);
    made.entry.height = before.height + 1;
    made.entry.time = before.time.plus(1);
    made.entry.first_index = hefu_types::EntryIndex(before.size.0);
    made.entry.epoch = 1;
    made.entry.statement_count = 0;
    made.entry.block_id = hefu_types::block::block_id(SUITE, &block.encode());
    world.push(&block, &made);
    let checkpoint = Checkpoint::of_block(&made.entry, world.log.root(made.entry.size()));
    let signed = world.signed_by(checkpoint, &QUORUM);
    let next = auditor
        .checkpoint(signed, &world.handovers)
        .expect("signed");
    assert_eq!(auditor.leaves(world.leaves(next)), Ok(true));
    let stop = auditor.block(world.blocks.last().expect("a block"));
    assert!(
        matches!(stop, Err(Stop::NewerRules { version: 99, .. })),
        "{stop:?}"
    );
}

#[test]
fn hashes_that_are_not_of_the_signed_log_are_found_and_another_node_helps() {
    let world = World::of_some_blocks();
    let mut auditor = Auditor::new(world.network.clone());
    let next = auditor.checkpoint(world.signed(), &[]).expect("it holds");
    let mut leaves = world.leaves(next).to_vec();
    leaves[2].0[0] ^= 1;
    assert_eq!(auditor.leaves(&leaves), Ok(false));
    let node = |_, _| Ok::<_, ()>(Hash([0; 32]));
    let found = auditor.fork(node).expect("hashes").expect("it waits");
    assert_eq!(found.name(), "log-inconsistent");
    assert!(!found.is_signed());
    assert_eq!(auditor.leaves(&world.log.leaves()[..3]), Ok(false));
    world.follow(&mut auditor).expect("the true ones hold");
    assert_eq!(auditor.fork(node), Ok(None));
}

/// Two histories of one genesis, of which the auditor followed the first.
fn forked() -> (World, World, Auditor) {
    let mut one = World::new();
    one.registers(&[1]);
    let mut other = one.clone();
    one.registers(&[2]);
    one.registers(&[3]);
    other.registers(&[4]);
    let mut auditor = Auditor::new(one.network.clone());
    one.follow(&mut auditor).expect("nothing is wrong");
    (one, other, auditor)
}

#[track_caller]
fn equivocation(found: Finding, network: &hefu_types::genesis::Network) -> Contradiction {
    let Finding::Equivocation {
        proof,
        contradiction,
    } = found
    else {
        panic!("an equivocation was expected: {found:?}");
    };
    // Whoever has the genesis and the file believes it.
    let read = hefu_proof::Equivocation::decode(&proof.encode()).expect("its own bytes");
    let proven = read.verify(network).expect("it holds");
    assert_eq!(proven.contradiction, contradiction);
    let names: Vec<_> = proven
        .names_signers()
        .iter()
        .map(|s| s.name.clone())
        .collect();
    assert_eq!(names, ["v1", "v2", "v3"]);
    contradiction
}

#[test]
fn two_histories_that_a_quorum_signed_are_proven() {
    // The other one is shorter: the auditor has its own log to prove with.
    let (_, mut other, mut auditor) = forked();
    let before = auditor.encode();
    let found = auditor.checkpoint(other.signed(), &[]).expect_err("a fork");
    assert_eq!(
        equivocation(found, &other.network),
        Contradiction::Beginning
    );
    // As long.
    other.registers(&[5]);
    let found = auditor.checkpoint(other.signed(), &[]).expect_err("a fork");
    assert_eq!(equivocation(found, &other.network), Contradiction::OneSize);
    // Longer: the source's own hashes prove it.
    other.registers(&[6]);
    other.registers(&[7]);
    let next = auditor
        .checkpoint(other.signed(), &[])
        .expect("not yet seen to differ");
    assert_eq!(auditor.leaves(other.leaves(next)), Ok(false));
    let node = |level: u8, index: u64| -> Result<Hash, ()> {
        let (first, last) = (index << level, (index + 1) << level);
        let leaves = &other.log.leaves()[first as usize..last as usize];
        Ok(hefu_types::merkle::root_of_hashes(SUITE, leaves))
    };
    let found = auditor.fork(node).expect("hashes").expect("it waits");
    assert_eq!(
        equivocation(found, &other.network),
        Contradiction::Beginning
    );
    assert_eq!(auditor.encode(), before, "nothing of it was taken");
    let resumed = Auditor::decode(other.network.clone(), &before);
    let mut resumed = resumed.expect("its own memory");
    other.registers(&[8]);
    let next = resumed
        .checkpoint(other.signed(), &[])
        .expect("not yet seen to differ");
    assert_eq!(
        resumed.leaves(other.leaves(next)),
        Ok(false),
        "also after a restart"
    );
}

#[test]
fn checkpoints_in_a_wrong_order_are_proven() {
    let (one, _, mut auditor) = forked();
    for alter in [
        |of: &mut Checkpoint| of.height = 2,
        |of: &mut Checkpoint| of.time = Millis(3),
    ] {
        let mut checkpoint = one.checkpoint(3);
        checkpoint.size = TreeSize(checkpoint.size.0 + 2);
        checkpoint.height += 1;
        checkpoint.time = checkpoint.time.plus(1);
        alter(&mut checkpoint);
        let signed = one.signed_by(checkpoint, &QUORUM);
        let found = auditor.checkpoint(signed, &[]).expect_err("it goes back");
        assert_eq!(equivocation(found, &one.network), Contradiction::Order);
    }
}

#[test]
fn a_retired_set_that_signs_on_is_proven() {
    let (world, _) = handed_over();
    let mut auditor = Auditor::new(world.network.clone());
    world.follow(&mut auditor).expect("nothing is wrong");
    let mut checkpoint = world.checkpoint(world.ledger.height());
    checkpoint.size = TreeSize(checkpoint.size.0 + 2);
    checkpoint.height += 1;
    checkpoint.time = checkpoint.time.plus(1);
    checkpoint.epoch = 0;
    let signed = world.signed_by(checkpoint, &QUORUM);
    let found = auditor
        .checkpoint(signed, &[])
        .expect_err("its time is over");
    assert_eq!(equivocation(found, &world.network), Contradiction::Order);
}

#[test]
fn a_checkpoint_that_contradicts_its_own_block_is_found() {
    let world = World::of_some_blocks();
    let wrong = || {
        let mut checkpoint = world.checkpoint(2);
        checkpoint.state_root = Hash([4; 32]);
        world.signed_by(checkpoint, &QUORUM)
    };
    // Shown after its block was executed, and before.
    let mut auditor = Auditor::new(world.network.clone());
    world.follow(&mut auditor).expect("nothing is wrong");
    let found = auditor.checkpoint(wrong(), &[]).map_err(Stop::from);
    assert_eq!(name(found), "checkpoint-not-of-block");
    let mut auditor = Auditor::new(world.network.clone());
    world.show(&mut auditor).expect("it holds");
    assert_eq!(auditor.checkpoint(wrong(), &[]), Ok(Next::Known));
    assert_eq!(
        name(world.execute_all(&mut auditor)),
        "checkpoint-not-of-block"
    );
    assert_eq!(auditor.height(), 1);
}

#[test]
fn notes_are_read_under_the_sets_that_are_known_or_told() {
    let (world, _) = handed_over();
    let mut auditor = Auditor::new(world.network.clone());
    let signed = world.signed();
    let set = world.ledger.set(&world.network, 1).expect("the set");
    let note = signed.note(world.network.origin(), &set).expect("a note");
    assert!(
        auditor.read_note(&note, &[]).is_err(),
        "its set is not known"
    );
    assert_eq!(
        auditor.read_note(&note, &world.handovers),
        Ok(signed.clone())
    );
    world.follow(&mut auditor).expect("nothing is wrong");
    assert_eq!(auditor.read_note(&note, &[]), Ok(signed));
    assert!(auditor.read_note("nonsense", &[]).is_err());
}

#[test]
fn of_many_checkpoints_some_are_let_go() {
    let mut world = World::new();
    let mut auditor = Auditor::new(world.network.clone());
    for _ in 0..1_100 {
        world.block(vec![], None);
        world.show(&mut auditor).expect("nothing is wrong");
    }
    assert!(
        (500..=1_024).contains(&auditor.seen.len()),
        "{}",
        auditor.seen.len()
    );
    assert_eq!(auditor.tally().checkpoints, 1_100);
    assert_eq!(auditor.newest(), Some(&world.signed()));
    assert_eq!(auditor.seen[0].checkpoint.height, 1);
}
