//! The state that an auditor reached itself: every leaf, the tree over them, the window of statements, and
//! what each block led to. It answers for the rules what a node's store answers.

use crate::log::Log;
use hefu_proof::checkpoint::Checkpoint;
use hefu_state::block::{Before, Surroundings};
use hefu_state::{Change, Loaded, ReadBlock, StateTree, Touch};
use hefu_types::block::BlockEntry;
use hefu_types::canonical::DecodeError;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{self, Leaf, SetLeaf};
use hefu_types::{Hash, Millis, StateKey, StatementId, TreeSize};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// A leaf as it stands in the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub bytes: Box<[u8]>,
    /// A record, whose value hash is not simply that of its bytes.
    pub is_record: bool,
}

/// What a block led to: with the log, its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct Reached {
    #[n(0)]
    pub size: TreeSize,
    #[n(1)]
    pub state_root: Hash,
    #[n(2)]
    pub time: Millis,
    #[n(3)]
    pub epoch: u64,
    #[n(4)]
    pub compromise_counter: u64,
}

impl Reached {
    pub fn of_block(entry: &BlockEntry) -> Self {
        Self {
            size: entry.size(),
            state_root: entry.state_root,
            time: entry.time,
            epoch: entry.epoch,
            compromise_counter: entry.compromise_counter,
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub values: BTreeMap<StateKey, Value>,
    pub tree: StateTree,
    /// Executed statements that could still be valid, by the end of their time.
    pub window: BTreeSet<(Millis, StatementId)>,
    window_ids: BTreeSet<StatementId>,
    /// By height, from genesis on.
    pub heights: Vec<Reached>,
}

impl Ledger {
    /// The state of genesis.
    pub fn genesis(network: &Network) -> Self {
        let suite = network.suite();
        let value = |(key, bytes): (StateKey, Vec<u8>)| {
            let bytes = bytes.into_boxed_slice();
            let is_record = false;
            (key, Value { bytes, is_record })
        };
        let values: BTreeMap<_, _> = network.leaves().into_iter().map(value).collect();
        let hashes =
            (values.iter()).map(|(key, value)| (*key, leaf::value_hash(suite, &value.bytes)));
        let tree = StateTree::from_leaves(suite, hashes);
        let checkpoint = Checkpoint::genesis(network, tree.root());
        let heights = vec![Reached {
            size: checkpoint.size,
            state_root: checkpoint.state_root,
            time: checkpoint.time,
            epoch: checkpoint.epoch,
            compromise_counter: checkpoint.compromise_counter,
        }];
        Self::of_parts(values, tree, BTreeSet::new(), heights)
    }

    pub fn of_parts(
        values: BTreeMap<StateKey, Value>,
        tree: StateTree,
        window: BTreeSet<(Millis, StatementId)>,
        heights: Vec<Reached>,
    ) -> Self {
        let window_ids = window.iter().map(|(_, id)| *id).collect();
        Self {
            values,
            tree,
            window,
            window_ids,
            heights,
        }
    }

    /// The height of the last block that was executed.
    pub fn height(&self) -> u64 {
        self.heights.len() as u64 - 1
    }

    /// What the last block led to.
    pub fn last(&self) -> &Reached {
        self.heights.last().expect("genesis is the first")
    }

    /// The checkpoint of a height that was reached.
    pub fn checkpoint(&self, height: u64, log: &Log) -> Option<Checkpoint> {
        let reached = self.heights.get(usize::try_from(height).ok()?)?;
        Some(Checkpoint {
            size: reached.size,
            log_root: log.root(reached.size),
            state_root: reached.state_root,
            height,
            time: reached.time,
            epoch: reached.epoch,
            compromise_counter: reached.compromise_counter,
        })
    }

    /// The height whose checkpoint has this size, if one has.
    pub fn height_of_size(&self, size: TreeSize) -> Option<u64> {
        let found = self.heights.binary_search_by_key(&size, |of| of.size);
        found.ok().map(|height| height as u64)
    }

    /// What a block names of the block before it.
    pub fn before(&self, network: &Network, log: &Log) -> Before {
        let height = self.height();
        let checkpoint = self.checkpoint(height, log);
        let checkpoint = checkpoint.expect("the last height is there");
        Before {
            height,
            time: checkpoint.time,
            size: checkpoint.size,
            log_root: checkpoint.log_root,
            state_root: checkpoint.state_root,
            checkpoint_hash: checkpoint.text_hash(network.suite(), network.origin()),
        }
    }

    /// A leaf of the state, if it is there and of its kind.
    pub fn leaf<L: Leaf>(&self, key: &StateKey) -> Option<L> {
        L::from_bytes(&self.values.get(key)?.bytes).ok()
    }

    /// The set of an epoch. It is written once and stays.
    pub fn set(&self, network: &Network, epoch: u64) -> Option<SetLeaf> {
        self.leaf(&key::set(network.suite(), epoch))
    }

    /// Loads what a block touches.
    pub fn load(&self, network: &Network, block: &ReadBlock) -> Result<Loaded, DecodeError> {
        let mut loaded = Loaded::default();
        loop {
            let missing = loaded.missing(network, block);
            if missing.is_empty() {
                return Ok(loaded);
            }
            for touch in missing {
                let found = self.values.get(&touch.key(network.suite()));
                // An operation may name any key as a record's: another leaf under it is no record.
                let found =
                    found.filter(|value| value.is_record || !matches!(touch, Touch::Record(_)));
                loaded.put(touch, found.map(|value| &*value.bytes))?;
            }
        }
    }

    /// Takes what a block led to. `executed` are its statements, with the ends of their times.
    pub fn take(
        &mut self,
        changes: BTreeMap<StateKey, Change>,
        tree: StateTree,
        executed: impl Iterator<Item = (Millis, StatementId)>,
        entry: &BlockEntry,
    ) {
        for (key, change) in changes {
            let value = Value {
                bytes: change.bytes.into_boxed_slice(),
                is_record: change.is_record,
            };
            self.values.insert(key, value);
        }
        self.tree = tree;
        for (valid_until, id) in executed {
            self.window.insert((valid_until, id));
            self.window_ids.insert(id);
        }
        // The next block is later than this one: what ended by now can be in none.
        while let Some((valid_until, id)) = self.window.first().copied() {
            if valid_until > entry.time {
                break;
            }
            self.window.pop_first();
            self.window_ids.remove(&id);
        }
        self.heights.push(Reached::of_block(entry));
    }
}

/// What the rules ask beside the leaves.
pub(crate) struct Around<'a> {
    pub network: &'a Network,
    pub ledger: &'a Ledger,
    pub log: &'a Log,
}

impl Surroundings for Around<'_> {
    type Fault = Infallible;

    fn in_window(&self, id: &StatementId) -> Result<bool, Infallible> {
        Ok(self.ledger.window_ids.contains(id))
    }

    fn checkpoint_text(&self, height: u64) -> Result<Option<(String, SetLeaf)>, Infallible> {
        let checkpoint = self.ledger.checkpoint(height, self.log);
        Ok(checkpoint.and_then(|checkpoint| {
            let set = self.ledger.set(self.network, checkpoint.epoch)?;
            Some((checkpoint.text(self.network.origin()), set))
        }))
    }
}
