//! The loop: load, apply, write, cosign, answer.
//!
//! The engine calls it in order from one task. It is the only writer of the store, of the log's
//! frontier and of the head. A fault here ends the node: after a failed write the handle is dead, and
//! a restart is the one recovery path.

use crate::epochs::{self, Epoch};
use crate::gossip::{Gossip, Message};
use crate::metrics::Metrics;
use crate::publication::Publication;
use crate::room::registers;
use crate::shared::{unreadable, Head, Shared};
use bytes::Bytes;
use hefu_engine::{Application, Evidence, Judgement, KeptProposal, Voter};
use hefu_proof::certificate::{ProvenLeaf, Value};
use hefu_proof::checkpoint::Checkpoint;
use hefu_proof::log::Frontier;
use hefu_proof::Handover;
use hefu_state::block::Surroundings;
use hefu_state::{execute, Before, CheckedBlock, Executed, Loaded, ReadBlock, Touch, KNOWN_RULES};
use hefu_store::columns::Column;
use hefu_store::{CommittedBlock, Store, StoreFault};
use hefu_types::block::{block_id, Block, Header, BLOCK_BYTES_MAX};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{KeyLeaf, Leaf, RulesLeaf, SetCurrentLeaf, SetLeaf};
use hefu_types::statement::Statement;
use hefu_types::{BlockId, Hash, KeyId, Millis, StatementId};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far ahead of this node's clock the time of a new proposal may be, in milliseconds.
const AHEAD_MS_MAX: u64 = 2_000;
/// How far behind.
const BEHIND_MS_MAX: u64 = 10_000;
/// How far ahead the time of any block may be, however it came: late parts, a restream, sync. Far
/// enough never to hold up a node with a sound clock, near enough that one proposer who lets his
/// parts come late cannot push the ledger's time to the end of time.
const AHEAD_ANYHOW_MS_MAX: u64 = 600_000;

/// Why the loop stopped. All of these are local.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFault {
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// More than two thirds decided a block that this node finds invalid, or that names other roots
    /// than this node reached: going on would sign what it did not reach.
    #[error(
        "stopped at height {height}: the decided block {block} {what}; compare this node's \
             state with its peers', then run `hefu-node reexecute` or `hefu-node rejoin`"
    )]
    Diverged {
        /// The decided height.
        height: u64,
        /// Its block.
        block: BlockId,
        /// What is wrong with it here.
        what: String,
    },
    /// The others registered more than this node has memory for.
    #[error(
        "stopped before height {height}: the {keys} keys of the state fill the memory for records and \
         a quarter above; give the machine more memory, raise `records_memory_mib` and start the node \
         again: it goes on from there"
    )]
    NoRoom {
        /// The height that was not executed.
        height: u64,
        /// The keys of the state.
        keys: usize,
    },
    /// The next height is executed under rules that this node does not know.
    #[error(
        "stopped before height {height}: from there on version {version} of the rules is in force, and \
         this node executes {} to {}; install a newer program (and let `rules_version_max` not forbid \
         it) and start the node again: it goes on from there, nothing is lost",
        known.start(), known.end()
    )]
    UnknownRules {
        /// The version in force.
        version: u32,
        /// The height that was not executed.
        height: u64,
        /// What this node executes.
        known: RangeInclusive<u32>,
    },
    /// This node's disk is older than what it signed.
    #[error("{}", forgot(*.0))]
    Forgot(u64),
    /// A proposal on disk that cannot be read.
    #[error("a kept proposal cannot be read: {0}; run `hefu-node rejoin`")]
    Kept(#[from] std::io::Error),
}

impl LedgerFault {
    /// Whether starting the node again does not help: an operator has to act.
    pub fn needs_operator(&self) -> bool {
        match self {
            Self::Store(fault) => fault.needs_operator(),
            Self::Diverged { .. }
            | Self::NoRoom { .. }
            | Self::UnknownRules { .. }
            | Self::Kept(_) => true,
            Self::Forgot(_) => false,
        }
    }
}

/// Why a node follows whose peers remember more than its disk.
pub fn forgot(height: u64) -> String {
    format!(
        "peers show this node's cosignature of height {height}, which its disk does not have: \
         an old copy was put back, so its votes since then are forgotten"
    )
}

/// A fault if the next height is executed under rules that are not among these: whoever voted on it
/// would vote on what it cannot judge.
pub fn check_rules(shared: &Shared, known: &RangeInclusive<u32>) -> Result<(), LedgerFault> {
    let (head, at) = (shared.head(), key::rules(shared.network.suite()));
    let height = head.before.height + 1;
    let rules: Option<RulesLeaf> = shared.leaf_of(&head, &at)?;
    let rules = rules.ok_or_else(|| unreadable(Column::Leaves, at, "it is missing"))?;
    let version = rules.at(height);
    if known.contains(&version) {
        return Ok(());
    }
    let known = known.clone();
    Err(LedgerFault::UnknownRules {
        version,
        height,
        known,
    })
}

/// See the module.
pub struct Ledger {
    shared: Arc<Shared>,
    publication: Arc<Mutex<Publication>>,
    gossip: Gossip,
    metrics: Arc<Metrics>,
    frontier: Frontier,
    /// The block that was judged last and found valid: it need not be judged again when decided.
    judged: Option<(BlockId, CheckedBlock, Loaded)>,
    /// The versions of the rules that it executes.
    rules: RangeInclusive<u32>,
    planted: Option<Planted>,
}

/// A bug that a simulation plants, to show that it finds it. No node has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// Takes no statement for executed.
    SkipsWindow,
    /// Sends its cosignature before the block and the cosignature are on disk.
    CosignsBeforeSync,
    /// Takes no file for registered.
    IgnoresDigests,
}

/// What the rules ask of the shell beside the leaves.
struct Around<'a>(&'a Shared, Option<Planted>);

impl Surroundings for Around<'_> {
    type Fault = StoreFault;

    fn in_window(&self, id: &StatementId) -> Result<bool, StoreFault> {
        if self.1 == Some(Planted::SkipsWindow) {
            return Ok(false);
        }
        // An executed statement whose time has not passed is in the window; one whose time has
        // passed is refused for its time. So the index of all executed statements answers the same.
        Ok(self.0.store.statement(id)?.is_some())
    }

    fn checkpoint_text(&self, height: u64) -> Result<Option<(String, SetLeaf)>, StoreFault> {
        // Its own set cosigns it, also when another one has come into force since.
        let checkpoint = self.0.store.checkpoint(height)?;
        Ok(checkpoint.and_then(|checkpoint| {
            let set = self.0.epochs.set(checkpoint.epoch)?;
            let text = checkpoint.text(self.0.network.origin());
            Some((text, SetLeaf::clone(&set)))
        }))
    }
}

impl Ledger {
    /// The loop over an opened store.
    pub fn new(
        shared: Arc<Shared>,
        publication: Arc<Mutex<Publication>>,
        gossip: Gossip,
        metrics: Arc<Metrics>,
        frontier: Frontier,
    ) -> Self {
        Self {
            shared,
            publication,
            gossip,
            metrics,
            frontier,
            judged: None,
            rules: KNOWN_RULES,
            planted: None,
        }
    }

    /// The same with these versions of the rules and no other.
    pub fn executing(self, rules: RangeInclusive<u32>) -> Self {
        Self { rules, ..self }
    }

    /// The same with a bug, for a simulation.
    pub fn planted(self, planted: Option<Planted>) -> Self {
        Self { planted, ..self }
    }

    fn network(&self) -> &Network {
        &self.shared.network
    }

    fn store(&self) -> &Store {
        &self.shared.store
    }

    fn publication(&self) -> MutexGuard<'_, Publication> {
        self.publication
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads what a block touches: at most three rounds, see [`Loaded::missing`].
    fn load(&self, block: &ReadBlock, head: &Head) -> Result<Loaded, StoreFault> {
        let mut loaded = Loaded::default();
        loop {
            let missing = loaded.missing(self.network(), block);
            if missing.is_empty() {
                return Ok(loaded);
            }
            for touch in missing {
                let key = touch.key(self.network().suite());
                // The tree knows what is there: a number that is new costs no read.
                let (store, there) = (self.store(), head.tree.value_hash(&key).is_some());
                let put = match &touch {
                    _ if !there => loaded.put(touch, None),
                    Touch::Digest(_) if self.planted == Some(Planted::IgnoresDigests) => {
                        loaded.put(touch, None)
                    }
                    Touch::Record(_) => {
                        let found = store.record_at(&key, u64::MAX)?;
                        loaded.put(touch, found.as_deref())
                    }
                    // A numbering changes with every number that it gives.
                    Touch::Digest(_) | Touch::Clock | Touch::Numbering(_) => {
                        let found = store.load(&key)?;
                        loaded.put(touch, found.as_deref())
                    }
                    _ => {
                        let found = self
                            .shared
                            .leaf_bytes(&head.tree, &key, head.before.height)?;
                        loaded.put(touch, found.as_deref())
                    }
                };
                put.map_err(|error| unreadable(Column::Leaves, key, error))?;
            }
        }
    }

    /// Judges the bytes of a block after the head.
    fn check(&self, bytes: &[u8]) -> Result<Result<(CheckedBlock, Loaded), Judgement>, StoreFault> {
        let head = self.shared.head();
        let known = |id: &StatementId| self.shared.pool().find(id).cloned();
        let block = match ReadBlock::read(bytes, self.network(), known) {
            Ok(block) => block,
            Err(invalid) => return Ok(Err(Judgement::Invalid(invalid.to_string()))),
        };
        if block.header().height == head.before.height + 1 {
            if let Err(other) = block.names(&head.before) {
                return Ok(Err(Judgement::OtherRoots(other.to_string())));
            }
        }
        let loaded = self.load(&block, &head)?;
        let around = Around(&self.shared, self.planted);
        let checked = CheckedBlock::check(block, self.network(), &head.before, &loaded, &around)?;
        Ok(match checked {
            Ok(checked) => Ok((checked, loaded)),
            Err(invalid) => Err(Judgement::Invalid(invalid.to_string())),
        })
    }

    /// What the pool offers for a block at a time, less what could not be valid in it: a statement
    /// may have been executed while another thread admitted it, and a key may be over by now.
    fn select(&self, head: &Head, time: Millis) -> Result<Vec<Statement>, StoreFault> {
        let offered = self.shared.pool().select(time);
        let mut keys: HashMap<KeyId, bool> = HashMap::new();
        let mut selected = Vec::with_capacity(offered.len());
        let mut dead = Vec::new();
        let admits_records = self.shared.room.admits_records(&head.tree);
        for statement in offered {
            // It came when there was room. Whoever waits asks again and is told that there is none.
            if !admits_records && registers(&statement) {
                dead.push(statement.id());
                continue;
            }
            let key_id = statement.key_id();
            let signs = match keys.get(&key_id) {
                Some(signs) => *signs,
                None => {
                    let at = key::public_key(self.network().suite(), &key_id);
                    let leaf: Option<KeyLeaf> = self.shared.leaf_of(head, &at)?;
                    *keys
                        .entry(key_id)
                        .or_insert(leaf.is_some_and(|leaf| leaf.signs_at(time)))
                }
            };
            if signs && self.store().statement(&statement.id())?.is_none() {
                selected.push(statement.statement().clone());
            } else {
                dead.push(statement.id());
            }
        }
        self.shared.pool().forget(dead);
        Ok(selected)
    }

    /// A fault if peers have shown that this node signed what it does not know.
    fn remembers(&self) -> Result<(), LedgerFault> {
        match self.publication().forgot() {
            Some(height) => Err(LedgerFault::Forgot(height)),
            None => Ok(()),
        }
    }

    /// The epoch that begins after a block, if one does: the block carries the quorum of the set in
    /// force, and with the proof of the next set under its checkpoint that is the handover.
    fn next_epoch(
        &self,
        head: &Head,
        checked: &CheckedBlock,
        executed: &Executed,
    ) -> Result<Option<Epoch>, LedgerFault> {
        let (suite, origin) = (self.network().suite(), self.network().origin());
        let Some(change) = executed.changes.get(&key::set_current(suite)) else {
            return Ok(None);
        };
        let current = SetCurrentLeaf::from_bytes(&change.bytes).expect("the rules wrote it");
        if current.epoch == head.set.epoch {
            return Ok(None);
        }
        let carried = checked.header().carried.as_ref();
        let carried = carried.expect("a set comes into force by a quorum that a block carries");
        let checkpoint = self.store().checkpoint(carried.height)?;
        let checkpoint =
            checkpoint.expect("the quorum of a valid block is over an executed height");
        let mut tree = head.tree.clone();
        for height in (carried.height + 1..=head.before.height).rev() {
            tree = self.store().tree_before(&tree, height)?;
        }
        let at = key::set(suite, current.epoch);
        let bytes = self.store().load_at(&at, carried.height)?;
        let handover = Handover {
            checkpoint,
            cosignatures: carried.cosignatures.clone(),
            set: ProvenLeaf {
                key: at,
                value: bytes.map_or(Value::Absent, |bytes| Value::Leaf(bytes.into())),
                proof: tree.prove(&at),
            },
        };
        let set = handover
            .verify(suite, origin, &head.set)
            .unwrap_or_else(|error| panic!("a set came into force without a handover: {error}"));
        Ok(Some(Epoch {
            first_height: current.first_height,
            set: Arc::new(set),
            handover: Some(handover),
        }))
    }

    fn execute_and_write(
        &mut self,
        bytes: &[u8],
        checked: &CheckedBlock,
        loaded: &Loaded,
        certificate: &[u8],
    ) -> Result<(), LedgerFault> {
        let suite = self.network().suite();
        let head = self.shared.head();
        if !self.shared.room.executes(&head.tree) {
            return Err(LedgerFault::NoRoom {
                height: checked.header().height,
                keys: head.tree.len(),
            });
        }
        // Apply.
        let executed = execute(
            self.network(),
            checked,
            bytes,
            &head.before,
            loaded,
            &head.tree,
        );
        let mut frontier = self.frontier.clone();
        let mut nodes = Vec::new();
        for statement in checked.statements() {
            let leaf = suite.log_leaf(statement.statement().cose());
            frontier.append(leaf, |level, index, hash| nodes.push((level, index, hash)));
        }
        let leaf = suite.log_leaf(&executed.entry.encode());
        frontier.append(leaf, |level, index, hash| nodes.push((level, index, hash)));
        // Write.
        let log_root: Hash = frontier.root();
        let height = executed.entry.height;
        if self.planted == Some(Planted::CosignsBeforeSync) {
            if let Some(own) = self.publication().cosignature(height - 1) {
                self.gossip.broadcast(Message::Cosignature(own));
            }
        }
        let next = self.next_epoch(&head, checked, &executed)?;
        if let Some(Epoch {
            set,
            handover: Some(handover),
            ..
        }) = &next
        {
            // Before the block: a crash between the two executes it again and writes the same.
            self.store().put_handover(set.epoch, handover)?;
        }
        self.store().commit(CommittedBlock {
            height,
            checked,
            executed: &executed,
            certificate,
            nodes: &nodes,
            log_root,
        })?;
        // From here the block is durable: it was synced in one batch with the tree that it leads to.
        // A crash after this line replays nothing; a crash before it replays the whole block.
        self.frontier = frontier;
        let checkpoint = Checkpoint::of_block(&executed.entry, log_root);
        let before = Before {
            height,
            time: executed.entry.time,
            size: checkpoint.size,
            log_root,
            state_root: executed.entry.state_root,
            checkpoint_hash: checkpoint.text_hash(suite, self.network().origin()),
        };
        let tree = executed.tree.clone();
        let set = match next {
            Some(epoch) => {
                let set = Arc::clone(&epoch.set);
                tracing::info!(
                    epoch = set.epoch,
                    first_height = epoch.first_height,
                    "another validator set comes into force"
                );
                self.shared.epochs.begin(epoch);
                set
            }
            None => Arc::clone(&head.set),
        };
        let waiting = epochs::waiting(self.store(), suite, &tree, set.epoch, height)?;
        self.shared.set_head(Head {
            before,
            tree: executed.tree,
            set,
            waiting,
            was_empty: checked.is_empty(),
        });
        let ids = checked.statements().iter().map(|statement| statement.id());
        self.shared.pool().executed(ids, executed.entry.time);
        self.shared.recent.put(height, Arc::new(executed.changes));
        self.metrics
            .block(&executed.entry, executed.refusals.len(), bytes.len());
        // Cosign and answer: the decided block confirms the roots of the one before.
        let own = {
            let mut publication = self.publication();
            // The set that decided it cosigns it, also where the next height is another's.
            publication.reached(checkpoint, tree, Arc::clone(&head.set));
            if let Some(carried) = &checked.header().carried {
                publication.carried(carried);
            }
            publication.confirmed(height - 1)?
        };
        if let Some(own) = own {
            self.gossip.broadcast(Message::Cosignature(own));
        }
        Ok(())
    }
}

impl Application for Ledger {
    type Fault = LedgerFault;

    fn height(&self) -> u64 {
        self.shared.head().before.height
    }

    fn validators(&self, height: u64) -> Vec<Voter> {
        let set = self.shared.epochs.of_height(height).set;
        let voter = |validator: &hefu_types::leaf::Validator| Voter {
            name: validator.name.clone(),
            consensus_key: validator.consensus_key,
        };
        set.validators.iter().map(voter).collect()
    }

    fn epoch(&self, height: u64) -> u64 {
        self.shared.epochs.of_height(height).set.epoch
    }

    fn propose(&mut self, height: u64, _round: u32) -> Result<Bytes, LedgerFault> {
        let head = self.shared.head();
        let time = self.shared.clock.now().max(head.before.time.plus(1));
        let statements = self.select(&head, time)?;
        let header = Header {
            network: self.network().digest(),
            height,
            time,
            parent_size: head.before.size,
            parent_log_root: head.before.log_root,
            parent_state_root: head.before.state_root,
            carried: self.publication().best_quorum(head.before.height),
        };
        let bytes = Block { header, statements }.encode();
        assert!(
            bytes.len() <= BLOCK_BYTES_MAX,
            "a block of the pool's limits is within a block's"
        );
        Ok(bytes.into())
    }

    fn judge(
        &mut self,
        _height: u64,
        block: &Bytes,
        first_seen_in_its_round: bool,
    ) -> Result<Judgement, LedgerFault> {
        let (checked, loaded) = match self.check(block)? {
            Ok(checked) => checked,
            Err(judgement) => return Ok(judgement),
        };
        let (time, clock) = (checked.header().time, self.shared.clock.now());
        let plausible = if first_seen_in_its_round {
            time <= clock.plus(AHEAD_MS_MAX) && clock <= time.plus(BEHIND_MS_MAX)
        } else {
            time <= clock.plus(AHEAD_ANYHOW_MS_MAX)
        };
        if !plausible {
            let why = format!("its time is {time}, this node's clock says {clock}");
            return Ok(Judgement::Unsure(why));
        }
        self.judged = Some((block_id(self.network().suite(), block), checked, loaded));
        Ok(Judgement::Valid)
    }

    fn keep(&mut self, proposal: &KeptProposal) -> Result<(), LedgerFault> {
        let KeptProposal {
            height,
            round,
            block_id,
            ..
        } = proposal;
        let bytes = proposal.encode();
        Ok(self
            .store()
            .keep_proposal(*height, *round, block_id.as_bytes(), &bytes)?)
    }

    fn kept(&self) -> Result<Vec<KeptProposal>, LedgerFault> {
        let kept = self.store().kept_proposals(self.height())?;
        let decode = |bytes: &Vec<u8>| KeptProposal::decode(bytes, BLOCK_BYTES_MAX);
        Ok(kept.iter().map(decode).collect::<Result<_, _>>()?)
    }

    fn decided(
        &mut self,
        height: u64,
        block: Bytes,
        certificate: Bytes,
    ) -> Result<(), LedgerFault> {
        self.remembers()?;
        let id = block_id(self.network().suite(), &block);
        let (checked, loaded) = match self.judged.take().filter(|(judged, ..)| *judged == id) {
            Some((_, checked, loaded)) => (checked, loaded),
            None => self
                .check(&block)?
                .map_err(|judgement| LedgerFault::Diverged {
                    height,
                    block: id,
                    what: match judgement {
                        Judgement::Valid => "is valid".to_owned(),
                        Judgement::Invalid(why)
                        | Judgement::Unsure(why)
                        | Judgement::OtherRoots(why) => why,
                    },
                })?,
        };
        self.execute_and_write(&block, &checked, &loaded, &certificate)?;
        // Before the engine votes on the next height.
        check_rules(&self.shared, &self.rules)?;
        self.remembers()
    }

    fn decided_block(&self, height: u64) -> Result<Option<(Bytes, Bytes)>, LedgerFault> {
        let stored = self.store().block(height)?;
        Ok(stored.map(|stored| (stored.bytes.into(), stored.certificate.into())))
    }

    fn last_block_was_empty(&self) -> bool {
        self.shared.head().was_empty
    }

    fn has_work(&self) -> bool {
        // A set that waits comes into force with the next blocks: the network does not rest before.
        !self.shared.pool().is_empty() || self.shared.head().waiting.is_some()
    }

    fn heights_ahead_of_publication(&self) -> u64 {
        let published = self.publication().published_height();
        self.height().saturating_sub(published)
    }

    fn announce_wake(&mut self, height: u64) {
        self.gossip.broadcast(Message::Wake(height));
    }

    fn evidence(&mut self, evidence: Evidence) {
        tracing::error!(
            offender = %evidence.offender,
            height = evidence.height,
            "a validator equivocated; the evidence is stored"
        );
        self.metrics.evidence();
        if let Err(error) = self.store().put_evidence(&evidence.bytes) {
            tracing::error!(%error, "the evidence could not be stored");
        }
    }
}
