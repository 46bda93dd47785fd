//! Real blocks go in, the store is closed and opened, and everything is as it was; what is altered
//! on disk is refused with a sentence. What does not concern files runs over both kinds of disk.

mod failing;
mod network;

use crate::columns::{of_entry, of_height, of_leaf, of_node, Column};
use crate::database::{Database, Step};
use crate::{
    CommittedBlock, MemoryDisk, Opened, OperationPosition, StatementPosition, Store, StoreFault,
};
use hefu_proof::checkpoint::{Checkpoint, LogSignature, SignedCheckpoint};
use hefu_proof::log::Frontier;
use hefu_state::{Before, Outcome, StateTree};
use hefu_types::genesis::Network;
use hefu_types::leaf::{ClockLeaf, Leaf};
use hefu_types::operation::Operation;
use hefu_types::record::{Record, State};
use hefu_types::{key, EntryIndex, Signature, StateKey, TreeSize};
use network::{execute_block, propose, Made, World, SUITE};
use std::path::Path;
use tempfile::TempDir;

/// Each of these is a test over a folder and one over a disk in memory.
macro_rules! over_both {
    ($($name:ident)*) => {
        mod folder {
            $(#[test] fn $name() { super::$name(super::Kind::Folder) })*
        }
        mod memory {
            $(#[test] fn $name() { super::$name(super::Kind::Memory) })*
        }
    };
}

over_both! {
    a_new_store_holds_genesis
    after_a_restart_everything_is_as_it_was
    it_says_whether_the_last_block_was_empty
    a_value_is_as_it_was_at_each_height
    trees_of_the_past
    many_versions_of_a_leaf
    the_last_block_is_taken_back_and_executed_again
    all_blocks_are_taken_back
    the_store_of_another_network_is_refused
    a_store_in_use_is_refused
    kept_proposals_survive_a_restart_and_go_with_their_block
    cosignatures_published_checkpoints_and_evidence_survive_a_restart
    after_a_failed_write_the_handle_is_dead_and_a_restart_helps
    readers_beside_the_writer_see_whole_blocks
    statistics_count
    what_was_altered_is_refused_on_open
    nothing_is_altered_unnoticed
}

#[derive(Clone, Copy)]
enum Kind {
    Folder,
    Memory,
}

/// Where a store is kept.
enum Disk {
    Folder(TempDir),
    Memory(MemoryDisk),
}

impl Disk {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Folder => Self::Folder(tempfile::tempdir().expect("a folder")),
            Kind::Memory => Self::Memory(MemoryDisk::new()),
        }
    }

    fn open(&self, network: &Network) -> Result<Opened, StoreFault> {
        match self {
            Self::Folder(folder) => Store::open(folder.path(), network),
            Self::Memory(disk) => Store::open_memory(disk, network),
        }
    }

    /// Its rows, to be altered as no program of ours would.
    fn rows(&self) -> Database {
        let database = match self {
            Self::Folder(folder) => Database::open(folder.path()),
            Self::Memory(disk) => Database::open_memory(disk),
        };
        database.expect("nobody has it open")
    }

    /// What a kill of the process at this moment would leave.
    fn copy(&self) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(copy_of(folder.path())),
            Self::Memory(disk) => Self::Memory(disk.copy()),
        }
    }
}

/// A store with the ledger that grew in it.
struct Chain {
    world: World,
    disk: Disk,
    store: Store,
    tree: StateTree,
    frontier: Frontier,
    before: Before,
    blocks: Vec<Made>,
}

impl Chain {
    fn new(kind: Kind) -> Self {
        let world = World::new("store.example");
        let disk = Disk::new(kind);
        let opened = disk.open(&world.network).expect("an empty disk");
        assert!(opened.fresh);
        Self {
            world,
            disk,
            store: opened.store,
            tree: opened.tree,
            frontier: opened.frontier,
            before: opened.before,
            blocks: Vec::new(),
        }
    }

    /// Three blocks: two statements (one operation of them refused), none, one that revokes.
    fn of_three_blocks(kind: Kind) -> Self {
        let mut chain = Self::new(kind);
        let [one, two] = [1, 2].map(|number| World::register("licence", number));
        let total = World::register("invoice", 1);
        chain.block(&[&[one.clone(), two], &[total, one]]);
        chain.block(&[]);
        chain.block(&[&[World::revoke(1)]]);
        chain
    }

    fn folder(&self) -> &Path {
        match &self.disk {
            Disk::Folder(folder) => folder.path(),
            Disk::Memory(_) => panic!("it is not in a folder"),
        }
    }

    fn block(&mut self, statements: &[&[Operation]]) {
        let statements = statements
            .iter()
            .map(|operations| self.world.sign(&self.before, operations))
            .collect();
        let bytes = propose(&self.world.network, &self.before, statements);
        self.execute(bytes);
    }

    fn execute(&mut self, bytes: Vec<u8>) {
        let made = execute_block(
            &self.world.network,
            &self.before,
            &self.tree,
            &self.frontier,
            bytes,
            |key| self.store.load(key).expect("the store is sound"),
        );
        self.store
            .commit(CommittedBlock {
                height: made.height,
                checked: &made.checked,
                executed: &made.executed,
                certificate: &certificate(made.height),
                nodes: &made.nodes,
                log_root: made.log_root,
            })
            .expect("the disk takes it");
        self.tree = made.executed.tree.clone();
        self.frontier = made.frontier.clone();
        self.before = made.after.clone();
        self.blocks.push(made);
    }

    /// Closes the store and opens it again.
    fn reopen(self) -> Self {
        let Self {
            world,
            disk,
            store,
            blocks,
            ..
        } = self;
        drop(store);
        let opened = disk.open(&world.network).expect("the store is sound");
        assert!(!opened.fresh);
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

    /// Everything that the blocks say stands in the store, and it checks itself.
    fn verify(&self) {
        let store = &self.store;
        assert_eq!(store.height(), self.blocks.len() as u64);
        assert_eq!(store.log_size(), self.before.size);
        assert_eq!(self.frontier.root(), self.before.log_root);
        assert_eq!(self.tree.root(), self.before.state_root);
        for made in &self.blocks {
            verify_block(store, made);
        }
        let above = store.height() + 1;
        assert_eq!(store.block(0).expect("sound"), None);
        assert_eq!(store.block(above).expect("sound"), None);
        assert_eq!(store.checkpoint(above).expect("sound"), None);
        let end = EntryIndex(store.log_size().0);
        assert_eq!(store.entry(end).expect("sound"), None);
        assert_eq!(store.outcomes(end).expect("sound"), None);
        let all = store.entries(EntryIndex(0), 1_000).expect("sound");
        assert_eq!(all.len() as u64, end.0);
        let leaves = store.log_nodes(0, 0, all.len()).expect("sound");
        let hashes: Vec<_> = all.iter().map(|entry| SUITE.log_leaf(entry)).collect();
        assert_eq!(leaves, hashes);
        let checked = store.check_all(|_| ()).expect("sound");
        assert_eq!((checked.blocks, checked.entries), (above - 1, end.0));
    }
}

fn certificate(height: u64) -> Vec<u8> {
    format!("certificate of {height}").into_bytes()
}

fn verify_block(store: &Store, made: &Made) {
    let (height, entry) = (made.height, &made.executed.entry);
    let stored = store.block(height).expect("sound").expect("a block");
    assert_eq!(stored.bytes, made.bytes);
    assert_eq!(stored.certificate, certificate(height));
    let checkpoint = Checkpoint::of_block(entry, made.log_root);
    assert_eq!(store.checkpoint(height).expect("sound"), Some(checkpoint));
    assert_eq!(
        store.refusals(height).expect("sound"),
        made.executed.refusals
    );
    for (level, index, hash) in &made.nodes {
        assert_eq!(store.log_node(*level, *index).expect("sound"), *hash);
    }
    let keys: Vec<StateKey> = made.executed.changes.keys().copied().collect();
    assert_eq!(store.changed(height).expect("sound"), keys);
    for (key, change) in &made.executed.changes {
        let bytes = store.load_at(key, height).expect("sound");
        assert_eq!(bytes.as_ref(), Some(&change.bytes));
    }
    let statements = made.checked.statements();
    for ((statement, outcomes), index) in statements
        .iter()
        .zip(&made.executed.outcomes)
        .zip(entry.first_index.0..)
    {
        let at = EntryIndex(index);
        let (id, bytes) = (statement.id(), statement.statement());
        assert_eq!(store.entry(at).expect("sound"), Some(bytes.cose().to_vec()));
        let operations: Vec<Vec<u8>> = bytes.operations().map(<[u8]>::to_vec).collect();
        assert_eq!(store.operations(at).expect("sound"), Some(operations));
        assert_eq!(store.outcomes(at).expect("sound").as_ref(), Some(outcomes));
        let position = StatementPosition {
            entry: at,
            height,
            valid_until: statement.payload().valid_until,
        };
        assert_eq!(store.statement(&id).expect("sound"), Some(position));
        for (outcome, index) in outcomes.iter().zip(0..) {
            let position = OperationPosition { entry: at, index };
            let expected = (*outcome == Outcome::Accepted).then_some(position);
            let id = statement.operation_id(SUITE, index);
            assert_eq!(store.operation(&id).expect("sound"), expected);
        }
    }
    let last = EntryIndex(entry.size().0 - 1);
    assert_eq!(store.entry(last).expect("sound"), Some(entry.encode()));
    assert_eq!(store.operations(last).expect("sound"), None);
    assert_eq!(store.outcomes(last).expect("sound"), None);
}

fn a_new_store_holds_genesis(kind: Kind) {
    let chain = Chain::new(kind);
    chain.verify();
    assert_eq!(chain.before.height, 0);
    assert_eq!(chain.before.size, TreeSize(0));
    for (key, bytes) in chain.world.network.leaves() {
        assert_eq!(chain.store.load(&key).expect("sound"), Some(bytes));
    }
    let genesis = Checkpoint::genesis(&chain.world.network, chain.tree.root());
    assert_eq!(chain.store.checkpoint(0).expect("sound"), Some(genesis));
    chain.reopen().verify();
}

fn after_a_restart_everything_is_as_it_was(kind: Kind) {
    let chain = Chain::of_three_blocks(kind);
    assert_eq!(chain.blocks[0].executed.refusals.len(), 1, "one is refused");
    chain.verify();
    let (tree, frontier) = (chain.tree.root(), chain.frontier.clone());
    let before = chain.before.clone();
    let mut chain = chain.reopen();
    assert_eq!(chain.tree.root(), tree);
    assert_eq!(chain.frontier, frontier);
    assert_eq!(chain.before, before);
    chain.verify();
    // And the ledger goes on from there.
    chain.block(&[&[World::register("licence", 9)]]);
    chain.reopen().verify();
}

fn it_says_whether_the_last_block_was_empty(kind: Kind) {
    let mut chain = Chain::new(kind);
    let was_empty = |chain: &mut Chain, statements: &[&[Operation]]| {
        chain.block(statements);
        let copy = chain.disk.copy();
        copy.open(&chain.world.network)
            .expect("sound")
            .head_was_empty_block
    };
    assert!(was_empty(&mut chain, &[]));
    assert!(!was_empty(&mut chain, &[&[World::register("licence", 1)]]));
}

fn a_value_is_as_it_was_at_each_height(kind: Kind) {
    let chain = Chain::of_three_blocks(kind);
    let record = World::record("licence", 1);
    let state_at = |height| {
        let bytes = chain.store.load_at(&record, height).expect("sound")?;
        Some(
            Record::decode(&bytes)
                .expect("a record")
                .public
                .status
                .state,
        )
    };
    let states: Vec<_> = (0..=4).map(state_at).collect();
    let (issued, revoked) = (Some(State::Issued), Some(State::Revoked));
    assert_eq!(states, [None, issued, issued, revoked, revoked]);
    let latest = chain.store.load(&record).expect("sound");
    assert_eq!(latest, chain.store.load_at(&record, 3).expect("sound"));
    let times: Vec<_> = (0..=3)
        .map(|height| {
            let bytes = chain.store.load_at(&key::clock(SUITE), height);
            let bytes = bytes.expect("sound").expect("there is a clock");
            ClockLeaf::from_bytes(&bytes).expect("a clock").block_time.0
        })
        .collect();
    assert!(times.windows(2).all(|pair| pair[1] == pair[0] + 1_000));
    let absent = World::record("licence", 77);
    assert_eq!(chain.store.load(&absent).expect("sound"), None);
}

/// From the tree after a block that before it, down to that of genesis.
fn trees_of_the_past(kind: Kind) {
    let chain = Chain::of_three_blocks(kind);
    let mut tree = chain.tree.clone();
    for height in (1..=3).rev() {
        tree = chain.store.tree_before(&tree, height).expect("sound");
        let checkpoint = chain.store.checkpoint(height - 1).expect("sound");
        let root = checkpoint.expect("a checkpoint").state_root;
        assert_eq!(tree.root(), root);
    }
    assert_eq!(tree.len(), chain.world.network.leaves().len());
}

/// A key with very many versions, as the clock has, is passed over on open and found below.
fn many_versions_of_a_leaf(kind: Kind) {
    let mut chain = Chain::new(kind);
    for _ in 0..40 {
        chain.block(&[]);
    }
    chain.reopen().verify();
}

fn the_last_block_is_taken_back_and_executed_again(kind: Kind) {
    let mut chain = Chain::of_three_blocks(kind);
    let last = chain.blocks.pop().expect("a block");
    let taken = chain.store.undo_last().expect("it is not cosigned");
    assert_eq!(taken.bytes, last.bytes);
    assert_eq!(taken.certificate, certificate(3));
    let mut chain = chain.reopen();
    assert_eq!(chain.before, chain.blocks[1].after);
    chain.verify();
    chain.execute(taken.bytes);
    assert_eq!(chain.before, last.after);
    let chain = chain.reopen();
    chain.verify();

    let not_taken = |chain: &Chain, why: &str| {
        let fault = chain.store.undo_last().expect_err("it is not taken back");
        assert!(fault.to_string().contains(why), "{fault}");
        chain.verify();
    };
    chain
        .store
        .put_published(&signed(&chain, 3))
        .expect("it is kept");
    not_taken(&chain, "published");
    chain
        .store
        .put_own_cosignature(3, b"mine")
        .expect("it is kept");
    not_taken(&chain, "cosigned");
    not_taken(&Chain::new(kind), "nothing");
}

/// Every block can be taken back, down to genesis, and nothing of them is left.
fn all_blocks_are_taken_back(kind: Kind) {
    let mut chain = Chain::of_three_blocks(kind);
    while chain.store.height() > 0 {
        chain.store.undo_last().expect("it is not cosigned");
        chain.blocks.pop();
        chain = chain.reopen();
        chain.verify();
    }
    assert_eq!(
        chain
            .store
            .load(&World::record("licence", 1))
            .expect("sound"),
        None
    );
}

fn the_store_of_another_network_is_refused(kind: Kind) {
    let chain = Chain::of_three_blocks(kind);
    let copy = chain.disk.copy();
    let other = World::new("other.example");
    let fault = copy
        .open(&other.network)
        .expect_err("it is another network's");
    let (mine, its) = (other.network.digest(), chain.world.network.digest());
    let text = fault.to_string();
    assert!(
        text.contains(&mine.to_string()) && text.contains(&its.to_string()),
        "{text}"
    );
}

fn a_store_in_use_is_refused(kind: Kind) {
    let chain = Chain::new(kind);
    let fault = chain
        .disk
        .open(&chain.world.network)
        .expect_err("it is in use");
    assert!(fault.to_string().contains("another process"), "{fault}");
}

#[test]
fn a_folder_without_its_index_is_not_overwritten() {
    let chain = Chain::of_three_blocks(Kind::Folder);
    let copy = copy_of(chain.folder());
    std::fs::remove_file(copy.path().join("CURRENT")).expect("there is such a file");
    let fault = Store::open(copy.path(), &chain.world.network).expect_err("it has lost its index");
    assert!(fault.to_string().contains("CURRENT"), "{fault}");
}

/// What a loss of power leaves: the last batch cut short is as if it had not been written; damage
/// before the end of the log of writes is not passed over.
#[test]
fn a_torn_end_is_taken_and_a_gap_is_not() {
    let chain = Chain::of_three_blocks(Kind::Folder);
    let wal = |folder: &Path| {
        let mut logs: Vec<_> = folder
            .read_dir()
            .expect("a folder")
            .map(|file| file.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        logs.sort();
        logs.pop().expect("a log of writes")
    };
    let torn = copy_of(chain.folder());
    let log = wal(torn.path());
    let bytes = std::fs::read(&log).expect("readable");
    std::fs::write(&log, &bytes[..bytes.len() - 10]).expect("writable");
    let opened = Store::open(torn.path(), &chain.world.network).expect("a torn end is no damage");
    assert_eq!(opened.before, chain.blocks[1].after);

    let gap = copy_of(chain.folder());
    let log = wal(gap.path());
    let mut altered = bytes;
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    std::fs::write(&log, &altered).expect("writable");
    let fault = Store::open(gap.path(), &chain.world.network).expect_err("it is damaged");
    assert!(fault.to_string().contains("rejoin"), "{fault}");
}

fn kept_proposals_survive_a_restart_and_go_with_their_block(kind: Kind) {
    let mut chain = Chain::new(kind);
    for (height, round, id) in [(1, 0, b"x"), (2, 1, b"y"), (2, 0, b"z"), (3, 0, b"x")] {
        let bytes = format!("{height} {round}");
        chain
            .store
            .keep_proposal(height, round, id, bytes.as_bytes())
            .expect("it is kept");
    }
    let kept = |chain: &Chain, above| -> Vec<String> {
        let kept = chain.store.kept_proposals(above).expect("sound");
        kept.into_iter()
            .map(|bytes| String::from_utf8(bytes).expect("a text"))
            .collect()
    };
    chain = chain.reopen();
    assert_eq!(kept(&chain, 0), ["1 0", "2 0", "2 1", "3 0"]);
    assert_eq!(kept(&chain, 2), ["3 0"]);
    chain.block(&[]);
    chain.block(&[]);
    chain
        .store
        .keep_proposal(2, 5, b"late", b"2 5")
        .expect("no fault");
    assert_eq!(kept(&chain, 0), ["3 0"]);
    chain = chain.reopen();
    assert_eq!(kept(&chain, 0), ["3 0"]);
    assert_eq!(kept(&chain, u64::MAX), [""; 0]);
    chain.verify();
}

fn signed(chain: &Chain, height: u64) -> SignedCheckpoint {
    let checkpoint = chain.store.checkpoint(height).expect("sound");
    SignedCheckpoint {
        checkpoint: checkpoint.expect("a checkpoint"),
        log_signature: LogSignature {
            member: 2,
            signature: Signature([5; 64]),
        },
        cosignatures: Vec::new(),
    }
}

fn cosignatures_published_checkpoints_and_evidence_survive_a_restart(kind: Kind) {
    let chain = Chain::of_three_blocks(kind);
    let store = &chain.store;
    assert_eq!(store.largest_cosigned().expect("sound"), None);
    assert_eq!(store.published().expect("sound"), None);
    for height in [2, 1, 3] {
        store
            .put_own_cosignature(height, &[height as u8])
            .expect("kept");
    }
    let [first, third] = [1, 3].map(|height| signed(&chain, height));
    for published in [&third, &first] {
        store.put_published(published).expect("kept");
    }
    for evidence in [b"two votes", b"two votes", b"two parts"] {
        store.put_evidence(evidence).expect("kept");
    }
    let chain = chain.reopen();
    let store = &chain.store;
    assert_eq!(store.largest_cosigned().expect("sound"), Some(3));
    assert_eq!(store.own_cosignature(2).expect("sound"), Some(vec![2]));
    assert_eq!(store.own_cosignature(4).expect("sound"), None);
    let since = store.own_cosignatures_since(2).expect("sound");
    assert_eq!(since, [(2, vec![2]), (3, vec![3])]);
    assert_eq!(store.published().expect("sound"), Some(third));
    assert_eq!(store.published_at(1).expect("sound"), Some(first));
    assert_eq!(store.published_at(2).expect("sound"), None);
    let mut evidence = store.evidence().expect("sound");
    evidence.sort();
    assert_eq!(evidence, [b"two parts", b"two votes"]);
    chain.verify();
}

fn after_a_failed_write_the_handle_is_dead_and_a_restart_helps(kind: Kind) {
    let mut chain = Chain::of_three_blocks(kind);
    chain.store.inner.database.kill();
    let made = execute_block(
        &chain.world.network,
        &chain.before,
        &chain.tree,
        &chain.frontier,
        propose(&chain.world.network, &chain.before, Vec::new()),
        |key| chain.store.load(key).expect("it still reads"),
    );
    let fault = chain.store.commit(CommittedBlock {
        height: made.height,
        checked: &made.checked,
        executed: &made.executed,
        certificate: &[],
        nodes: &made.nodes,
        log_root: made.log_root,
    });
    assert!(matches!(fault, Err(StoreFault::Dead)));
    assert!(matches!(
        chain.store.put_evidence(b"x"),
        Err(StoreFault::Dead)
    ));
    assert_eq!(chain.store.height(), 3, "nothing moved");
    chain = chain.reopen();
    chain.block(&[]);
    chain.verify();
}

fn readers_beside_the_writer_see_whole_blocks(kind: Kind) {
    let mut chain = Chain::new(kind);
    let store = chain.store.clone();
    let reader = std::thread::spawn(move || loop {
        let height = store.height();
        let checkpoint = store.checkpoint(height).expect("sound").expect("executed");
        let entries = store.entries(EntryIndex(0), usize::MAX).expect("sound");
        assert!(entries.len() as u64 >= checkpoint.size.0);
        assert_eq!(store.block(height).expect("sound").is_some(), height > 0);
        if height == 20 {
            return;
        }
    });
    for number in 0..20 {
        chain.block(&[&[World::register("licence", number)]]);
    }
    reader.join().expect("the reader found whole blocks");
    chain.verify();
}

fn statistics_count(kind: Kind) {
    let statistics = Chain::of_three_blocks(kind)
        .store
        .statistics()
        .expect("sound");
    assert_eq!((statistics.height, statistics.log_size), (3, 6));
    assert!(statistics.disk_bytes > 0);
    assert_eq!(statistics.memory_bytes > 0, matches!(kind, Kind::Folder));
    let rows = |name| {
        let mut columns = statistics.columns.iter();
        columns
            .find(|column| column.name == name)
            .map(|column| column.rows)
    };
    assert_eq!((rows("blocks"), rows("entries")), (Some(3), Some(6)));
}

/// The files as a kill of the process at this moment would leave them.
fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for file in folder.read_dir().expect("a folder") {
        let file = file.expect("a file");
        let to = copy.path().join(file.file_name());
        std::fs::copy(file.path(), to).expect("a copy");
    }
    copy
}

/// Alters one row of a sound store (deletes it, if `alter` says so), and opens it again.
#[track_caller]
fn refused(
    chain: &Chain,
    column: Column,
    key: &[u8],
    alter: impl Fn(Vec<u8>) -> Option<Vec<u8>>,
    sentence: &str,
) {
    let copy = chain.disk.copy();
    let rows = copy.rows();
    let row = rows.get(column, key).expect("readable");
    let mut batch = rows.batch();
    match alter(row.unwrap_or_default()) {
        Some(row) => batch.put(column, key, row),
        None => batch.delete(column, key),
    }
    batch.write_synced().expect("writable");
    drop(rows);
    let fault = copy.open(&chain.world.network).expect_err(sentence);
    let text = fault.to_string();
    assert!(
        text.contains(sentence),
        "{text:?} does not say {sentence:?}"
    );
    // What stands in several columns and fits no more is told of the block.
    let place = text.contains(column.name()) || text.contains("column blocks, row 3");
    assert!(place, "{text:?} does not say where");
    assert!(text.contains("rejoin"), "{text:?} does not say what to do");
}

fn what_was_altered_is_refused_on_open(kind: Kind) {
    let chain = Chain::of_three_blocks(kind);
    let flip = |at: usize| {
        move |mut row: Vec<u8>| {
            row[at] ^= 1;
            Some(row)
        }
    };
    let delete = |_| None;
    let cut = |mut row: Vec<u8>| {
        row.pop();
        Some(row)
    };
    let record = of_leaf(&World::record("licence", 2), 1);
    let leaf = of_leaf(&key::document_type(SUITE, "licence"), 0);
    let revoked = of_leaf(&World::record("licence", 1), 3);
    let too_late = of_leaf(&World::record("licence", 2), 4);
    let (third, last) = (of_height(3), of_entry(EntryIndex(5)));
    let statement = of_entry(EntryIndex(4));

    refused(
        &chain,
        Column::Leaves,
        &leaf,
        flip(30),
        "lead to the state root",
    );
    refused(
        &chain,
        Column::Leaves,
        &leaf,
        delete,
        "lead to the state root",
    );
    refused(
        &chain,
        Column::Leaves,
        &revoked,
        delete,
        "lead to the state root",
    );
    refused(
        &chain,
        Column::Leaves,
        &record,
        flip(0),
        "lead to the state root",
    );
    refused(&chain, Column::Leaves, &record, flip(1), "cannot be read");
    refused(&chain, Column::Leaves, &record, cut, "cannot be read");
    refused(
        &chain,
        Column::Leaves,
        &record,
        |_| Some(vec![9, 9]),
        "its tag",
    );
    refused(
        &chain,
        Column::Leaves,
        &record,
        |_| Some(Vec::new()),
        "it is empty",
    );
    refused(
        &chain,
        Column::Leaves,
        &too_late,
        |_| Some(vec![0]),
        "does not hold",
    );
    refused(
        &chain,
        Column::Leaves,
        b"odd",
        |_| Some(vec![0]),
        "not a leaf's",
    );

    refused(
        &chain,
        Column::Nodes,
        &of_node(0, 5),
        delete,
        "level 0, index 5",
    );
    refused(
        &chain,
        Column::Nodes,
        &of_node(0, 5),
        flip(3),
        "the entries lead to",
    );
    refused(
        &chain,
        Column::Nodes,
        &of_node(1, 2),
        flip(3),
        "the entries lead to",
    );
    refused(
        &chain,
        Column::Nodes,
        &of_node(2, 0),
        delete,
        "level 2, index 0",
    );
    refused(&chain, Column::Nodes, &of_node(2, 0), cut, "32 bytes");

    refused(
        &chain,
        Column::Blocks,
        &third,
        delete,
        "last row of blocks is 2",
    );
    refused(&chain, Column::Blocks, &third, cut, "CBOR");
    refused(&chain, Column::Blocks, &third, |_| Some(Vec::new()), "CBOR");
    refused(
        &chain,
        Column::Blocks,
        &of_height(4),
        |_| Some(vec![1]),
        "is 4, not 3",
    );
    refused(
        &chain,
        Column::Blocks,
        &of_height(2),
        delete,
        "row 2 is missing",
    );
    refused(
        &chain,
        Column::Entries,
        &last,
        delete,
        "last row of entries is 4",
    );
    refused(
        &chain,
        Column::Entries,
        &last,
        cut,
        "not the entry of block 3",
    );
    refused(
        &chain,
        Column::Entries,
        &statement,
        flip(40),
        "gives the block",
    );
    refused(
        &chain,
        Column::Entries,
        &statement,
        delete,
        "row 4 is missing",
    );
    refused(
        &chain,
        Column::Operations,
        &statement,
        flip(40),
        "gives the block",
    );
    refused(
        &chain,
        Column::Operations,
        &statement,
        cut,
        "gives the block",
    );
    refused(
        &chain,
        Column::Operations,
        &statement,
        delete,
        "row 4 is missing",
    );
    refused(
        &chain,
        Column::Outcomes,
        &statement,
        delete,
        "row 4 is missing",
    );
    refused(&chain, Column::Outcomes, &statement, flip(0), "canonical");
    refused(
        &chain,
        Column::Refusals,
        &third,
        |_| Some(vec![0x81, 0x82, 0, 0x19, 3, 0xe9]),
        "root",
    );

    refused(&chain, Column::Meta, b"head", delete, "is missing");
    refused(
        &chain,
        Column::Meta,
        b"head",
        |_| Some(vec![0x82, 2, 4]),
        "height 2",
    );
    refused(&chain, Column::Meta, b"format", delete, "format is missing");
    refused(&chain, Column::Meta, b"network", delete, "is missing");
}

/// No row of the ledger can be lost or altered without [`Store::check_all`] saying so. What no hash
/// covers and nothing repeats: certificates (the engine checks them), and the words of a refusal.
fn nothing_is_altered_unnoticed(kind: Kind) {
    let chain = Chain::of_three_blocks(kind);
    let store = &chain.store;
    let database = &store.inner.database;
    let write = |column, key: &[u8], row: Option<&[u8]>| {
        let mut batch = database.batch();
        match row {
            Some(row) => batch.put(column, key, row),
            None => batch.delete(column, key),
        }
        batch.write_unsynced().expect("writable");
    };
    let mut altered = 0;
    for column in Column::ALL.iter().copied() {
        let mut rows = Vec::new();
        database
            .scan(column, &[], None, |key, row| {
                rows.push((key.to_vec(), row.to_vec()));
                Ok(Step::Next)
            })
            .expect("readable");
        if column == Column::Meta {
            continue; // Read on open only.
        }
        for (key, row) in rows {
            let positions: Vec<usize> = match column {
                Column::Blocks => (0..row.len() - certificate(1).len()).collect(),
                Column::Outcomes => vec![0],
                _ => (0..row.len()).step_by(29).chain([row.len() - 1]).collect(),
            };
            let mut versions = vec![None];
            for at in positions {
                let mut version = row.clone();
                version[at] ^= 1;
                versions.push(Some(version));
            }
            for version in versions {
                write(column, &key, version.as_deref());
                let checked = store.check_all(|_| ());
                let name = column.name();
                assert!(checked.is_err(), "{name}: {key:x?} became {version:x?}");
                altered += 1;
            }
            write(column, &key, Some(&row));
        }
    }
    assert!(altered > 500, "{altered}");
    chain.verify();
}
