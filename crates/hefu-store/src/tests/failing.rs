//! Disks that fail: after each failure the store comes back consistent, or says what is damaged.

use super::{certificate, signed, Chain, Disk, Kind};
use crate::tests::network::{execute_block, propose, World};
use crate::{CommittedBlock, MemoryDisk, Store, StoreFault};
use hefu_types::operation::Operation;

impl Chain {
    fn memory(&self) -> MemoryDisk {
        match &self.disk {
            Disk::Memory(disk) => disk.clone(),
            Disk::Folder(_) => panic!("it is in a folder"),
        }
    }

    /// Executes and writes a block; what does not reach the disk moves nothing.
    fn try_block(&mut self, statements: &[&[Operation]]) -> Result<(), StoreFault> {
        let statements = statements
            .iter()
            .map(|operations| self.world.sign(&self.before, operations))
            .collect();
        let made = execute_block(
            &self.world.network,
            &self.before,
            &self.tree,
            &self.frontier,
            propose(&self.world.network, &self.before, statements),
            |key| self.store.load(key).expect("it still reads"),
        );
        self.store.commit(CommittedBlock {
            height: made.height,
            checked: &made.checked,
            executed: &made.executed,
            certificate: &certificate(made.height),
            nodes: &made.nodes,
            log_root: made.log_root,
        })?;
        self.tree = made.executed.tree.clone();
        self.frontier = made.frontier.clone();
        self.before = made.after.clone();
        self.blocks.push(made);
        Ok(())
    }

    /// As a node that starts after a crash, with the blocks that its disk still has.
    fn restart(self) -> Self {
        let Self {
            world,
            disk,
            store,
            mut blocks,
            ..
        } = self;
        // The handle of the process that died is still there: it is of no use, and in nobody's way.
        let opened = disk.open(&world.network).expect("the store is sound");
        drop(store);
        blocks.truncate(opened.store.height() as usize);
        Self {
            world,
            disk,
            store: opened.store,
            tree: opened.tree,
            frontier: opened.frontier,
            before: opened.before,
            blocks,
        }
    }
}

/// What a node does in one height: keeps the proposal, writes the block, cosigns, publishes.
fn height(chain: &mut Chain) -> Result<(), StoreFault> {
    let height = chain.store.height() + 1;
    chain.store.keep_proposal(height, 0, b"id", b"a proposal")?;
    chain.try_block(&[&[World::register("licence", height)]])?;
    chain.store.put_own_cosignature(height, b"mine")?;
    chain.store.put_published(&signed(chain, height))
}

/// The process dies at each batch that two heights write, and at none of them anything is half done.
#[test]
fn a_failure_at_any_batch_leaves_whole_batches() {
    for fails_at in 0..8 {
        let mut chain = Chain::of_three_blocks(Kind::Memory);
        let disk = chain.memory();
        let written = disk.writes();
        disk.fail_at(Some(fails_at));
        let fault = (0..2).try_for_each(|_| height(&mut chain));
        assert!(matches!(fault, Err(StoreFault::Database { .. })));
        assert_eq!(disk.writes(), written + fails_at);
        assert!(matches!(
            chain.store.put_evidence(b"x"),
            Err(StoreFault::Dead)
        ));
        disk.crash(u64::MAX);
        let mut chain = chain.restart();
        chain.verify();
        // A height writes four batches, and the second of them is the block.
        assert_eq!(chain.store.height(), 3 + (fails_at + 2) / 4);
        // And the ledger goes on from there.
        height(&mut chain).expect("the disk is whole again");
        chain.reopen().verify();
    }
}

/// A loss of power keeps the first of the unsynced batches; the next synced one keeps all before it.
#[test]
fn a_loss_of_power_takes_unsynced_batches_only() {
    let published = |chain: &Chain, height| {
        let signed = chain.store.published_at(height);
        signed.expect("sound").is_some()
    };
    for kept in 0..=3 {
        let chain = Chain::of_three_blocks(Kind::Memory);
        for height in 1..=3 {
            let signed = signed(&chain, height);
            chain.store.put_published(&signed).expect("it takes it");
        }
        chain.memory().crash(kept);
        let mut chain = chain.restart();
        chain.verify();
        assert_eq!(
            [1, 2, 3].map(|height| published(&chain, height)),
            [1, 2, 3].map(|height| height <= kept)
        );
        chain
            .store
            .put_published(&signed(&chain, 3))
            .expect("it takes it");
        chain.block(&[]);
        chain.memory().crash(0);
        let chain = chain.restart();
        assert!(published(&chain, 3), "a synced batch came after it");
        assert_eq!(chain.store.height(), 4);
        chain.verify();
    }
}

/// A disk that lied gives an older ledger: sound, and short of the blocks that it lost.
#[test]
fn a_disk_that_lied_gives_an_older_ledger() {
    for lost in 0..=3 {
        let chain = Chain::of_three_blocks(Kind::Memory);
        assert_eq!(chain.memory().lose(lost), lost);
        let mut chain = chain.restart();
        assert_eq!(chain.store.height(), 3 - lost);
        chain.verify();
        chain.block(&[&[World::register("licence", 50)]]);
        chain.reopen().verify();
    }
    let chain = Chain::of_three_blocks(Kind::Memory);
    assert_eq!(chain.memory().lose(10), 4, "the genesis is a batch too");
    let opened = chain.disk.open(&chain.world.network);
    assert!(opened.expect("an empty disk").fresh);
}

/// It remembers the last 64 synced batches and no more.
#[test]
fn what_can_be_taken_back_is_bounded() {
    let mut chain = Chain::new(Kind::Memory);
    for _ in 0..70 {
        chain.block(&[]);
    }
    assert_eq!(chain.memory().lose(u64::MAX), 64);
    let chain = chain.restart();
    assert_eq!(chain.store.height(), 6);
    chain.verify();
}

#[test]
fn the_handle_of_a_process_that_died_is_dead() {
    let chain = Chain::of_three_blocks(Kind::Memory);
    let old = chain.store.clone();
    chain.memory().crash(u64::MAX);
    let chain = chain.restart();
    let read = old.entries(hefu_types::EntryIndex(0), 1);
    assert!(read.expect_err("dead").to_string().contains("died"));
    let wrote = old.put_evidence(b"two votes");
    assert!(wrote.expect_err("dead").to_string().contains("died"));
    assert!(matches!(old.put_evidence(b"x"), Err(StoreFault::Dead)));
    assert_eq!(chain.store.evidence().expect("sound"), [b""; 0]);
    chain.verify();
}

/// Whatever bit was flipped, opening refuses the store, and says where and what to do.
#[test]
fn damage_is_found_on_open() {
    for chain in [
        Chain::new(Kind::Memory),
        Chain::of_three_blocks(Kind::Memory),
    ] {
        let sound = chain.disk.copy();
        let mut rows = std::collections::BTreeSet::new();
        for choice in 0..800 {
            let Disk::Memory(disk) = sound.copy() else {
                panic!("a copy of a disk in memory is one")
            };
            let damaged = disk.damage(choice * 7_919);
            let fault = Store::open_memory(&disk, &chain.world.network).expect_err(&damaged);
            let text = fault.to_string();
            assert!(
                text.contains("column") && text.contains("rejoin"),
                "{damaged}: {text}"
            );
            rows.insert(damaged);
        }
        assert!(rows.len() > 300, "{}", rows.len());
    }
    assert!(MemoryDisk::new().damage(5).contains("nothing"));
}
