//! The catalogue: which leaves of the published state are of which part.
//!
//! The state tree has keys, not kinds. The half of it whose keys begin with 0 holds the few leaves that
//! are no documents ([`hefu_types::key`]); what stands under a key there is told by its own bytes
//! ([`Entry::read`]) and stays of that kind for ever, because its kind is hashed into the key. So each
//! leaf is read once in the life of a process: an index holds what is known, and a later publication
//! brings only the keys that changed since. However many ask, that work is done once, and a bounded
//! piece of it for each question.

use crate::prove::Prover;
use crate::shared::{Published, Shared};
use hefu_proof::certificate::CERTIFICATE_BYTES_MAX;
use hefu_proof::StatusCertificate;
use hefu_state::FirstHalf;
use hefu_store::StoreFault;
use hefu_types::key;
use hefu_types::leaf::{Holder, Leaf, SetCurrentLeaf};
use hefu_types::StateKey;
use hefu_wire::catalogue::{Entry, Part, LINES_MAX};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

/// The most leaves that one question reads to find out what they are.
const READ_MAX: usize = 20_000;
/// How much of a certificate leaves may take, with their proofs; the rest is for the checkpoint.
const LEAVES_BYTES_MAX: usize = CERTIFICATE_BYTES_MAX / 8 * 7;
/// What a proof takes at the most where nobody ground keys: 40 levels and what is around them.
const PROOF_BYTES: usize = 1_500;

/// What a page is asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// The part whose leaves are wanted, see [`Part::source`].
    pub part: Part,
    /// Whose keys, where it is keys.
    pub holder: Option<Holder>,
    /// The page begins behind this key.
    pub after: Option<StateKey>,
    /// The most leaves.
    pub limit: usize,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// What proves it.
    pub certificate: StatusCertificate,
    /// The same leaves, read.
    pub entries: Vec<(StateKey, Entry)>,
    /// Where the next page begins, if there is more.
    pub next: Option<StateKey>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Catalogue(Mutex<Index>);

/// What is known of the leaves.
#[derive(Debug, Default)]
struct Index {
    /// The state up to which keys were found.
    seen: Option<FirstHalf>,
    /// Keys that were found and not read yet.
    unread: BTreeSet<StateKey>,
    /// Keys that were read, of the catalogue or not.
    read: HashSet<StateKey>,
    parts: HashMap<Part, BTreeSet<StateKey>>,
    keys: HashMap<Holder, BTreeSet<StateKey>>,
}

impl Catalogue {
    /// The leaves that a page has. `None` while the index is being made: whoever asks again brings it on.
    fn leaves(
        &self,
        shared: &Shared,
        published: &Published,
        question: &Question,
    ) -> Result<Option<Vec<StateKey>>, StoreFault> {
        let suite = shared.network.suite();
        let behind = |keys: &BTreeSet<StateKey>| {
            let from = question.after.map_or(Bound::Unbounded, Bound::Excluded);
            // Not what is of a later publication than this question, or gone since.
            let is_there = |key: &&StateKey| published.tree.value_hash(key).is_some();
            let keys = keys.range((from, Bound::Unbounded)).filter(is_there);
            // One more tells whether there is more.
            keys.take(question.limit + 1).copied().collect()
        };
        // What stands once in a network is found by its key.
        let once = match question.part {
            Part::Council => vec![key::council(suite)],
            Part::Rules => vec![key::rules(suite), key::parameters(suite)],
            Part::Validators => {
                let at = key::set_current(suite);
                let tree = &published.tree;
                let height = published.signed.checkpoint.height;
                let bytes = shared.leaf_bytes(tree, &at, height)?;
                let current = bytes.and_then(|bytes| SetCurrentLeaf::from_bytes(&bytes).ok());
                let epoch = current.map_or(0, |current| current.epoch);
                vec![at, key::set(suite, epoch), key::set(suite, epoch + 1)]
            }
            _ => Vec::new(),
        };
        if !once.is_empty() {
            return Ok(Some(behind(&once.into_iter().collect())));
        }
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !index.catch_up(shared, published)? {
            return Ok(None);
        }
        let keys = match &question.holder {
            Some(holder) => index.keys.get(holder),
            None => index.parts.get(&question.part),
        };
        Ok(Some(keys.map(behind).unwrap_or_default()))
    }

    /// A page. `None` while the index is being made.
    pub fn page(
        &self,
        shared: &Shared,
        published: &Published,
        question: &Question,
    ) -> Result<Option<Page>, StoreFault> {
        let limit = question.limit.clamp(1, LINES_MAX);
        let question = &Question {
            limit,
            ..question.clone()
        };
        let Some(keys) = self.leaves(shared, published, question)? else {
            return Ok(None);
        };
        let mut prover = Prover::new(shared, published);
        let (mut entries, mut bytes_taken, mut next) = (Vec::new(), 0, None);
        for at in keys {
            let last = entries.last().map(|(at, _): &(StateKey, Entry)| *at);
            let Some(bytes) = prover.peek(&at)? else {
                continue;
            };
            bytes_taken += bytes.len() + PROOF_BYTES;
            if entries.len() == limit || (last.is_some() && bytes_taken > LEAVES_BYTES_MAX) {
                next = last;
                break;
            }
            let Some(entry) = Entry::read(shared.network.suite(), &at, &bytes) else {
                continue;
            };
            prover.put(at, &bytes);
            entries.push((at, entry));
        }
        Ok(Some(Page {
            certificate: prover.certificate(),
            entries,
            next,
        }))
    }
}

impl Index {
    /// Finds what a published state has that is not known yet, and reads a bounded part of it. Tells
    /// whether all of it was read.
    fn catch_up(&mut self, shared: &Shared, published: &Published) -> Result<bool, StoreFault> {
        let half = published.tree.first_half();
        half.visit_changed(self.seen.as_ref(), |key| {
            if !self.read.contains(key) {
                self.unread.insert(*key);
            }
        });
        self.seen = Some(half);
        let suite = shared.network.suite();
        for _ in 0..READ_MAX {
            let Some(at) = self.unread.pop_first() else {
                break;
            };
            // Not by way of the cache of leaves that blocks ask for: most of these nobody asks for again.
            let height = published.signed.checkpoint.height;
            let Some(bytes) = shared.store.load_at(&at, height)? else {
                continue;
            };
            self.read.insert(at);
            let Some(entry) = Entry::read(suite, &at, &bytes) else {
                continue;
            };
            if let Entry::Key(leaf) = &entry {
                let keys = self.keys.entry(leaf.holder.clone()).or_default();
                keys.insert(at);
            } else {
                self.parts.entry(entry.part()).or_default().insert(at);
            }
        }
        Ok(self.unread.is_empty())
    }
}
