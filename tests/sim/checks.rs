//! What is derived anew: during the run from what nodes say, at its end from their disks.

use super::faults::Liar;
use super::node::{Found, Running};
use super::parties::SUITE;
use super::world::World;
use hefu_node::gossip::{HeightCosignature, Message};
use hefu_proof::checkpoint::{verify_cosignature, Checkpoint};
use hefu_proof::handover::last_set;
use hefu_proof::log::Frontier;
use hefu_state::block::Surroundings;
use hefu_state::{execute, Before, CheckedBlock, Loaded, Outcome, ReadBlock, StateTree};
use hefu_store::{Store, StoredBlock};
use hefu_types::genesis::Network;
use hefu_types::leaf::{value_hash, Leaf, SetLeaf};
use hefu_types::operation::Operation;
use hefu_types::profile::Profile;
use hefu_types::statement::CheckedStatement;
use hefu_types::{key, Digest, EntryIndex, FactRoot, PublicKey, StateKey, StatementId};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

/// A run of the rules from genesis, by nothing but blocks.
struct Replayed {
    /// By height.
    checkpoints: Vec<Checkpoint>,
    /// The validator sets, by epoch.
    sets: Vec<SetLeaf>,
    /// All statements in their order, with their entries and outcomes.
    statements: Vec<(EntryIndex, Arc<CheckedStatement>, Vec<Outcome>)>,
}

/// What the rules ask beside the leaves, out of what was replayed.
struct Window<'a> {
    executed: &'a BTreeSet<StatementId>,
    checkpoints: &'a [Checkpoint],
    origin: &'a str,
    /// By epoch.
    sets: &'a [SetLeaf],
}

impl Surroundings for Window<'_> {
    type Fault = Infallible;

    fn in_window(&self, id: &StatementId) -> Result<bool, Infallible> {
        Ok(self.executed.contains(id))
    }
    fn checkpoint_text(&self, height: u64) -> Result<Option<(String, SetLeaf)>, Infallible> {
        let checkpoint = self.checkpoints.get(height as usize);
        Ok(checkpoint.and_then(|checkpoint| {
            let set = self.sets.get(checkpoint.epoch as usize)?;
            Some((checkpoint.text(self.origin), set.clone()))
        }))
    }
}

/// Executes blocks with a fresh state.
fn replay(network: &Network, blocks: &[StoredBlock]) -> Result<Replayed, String> {
    let mut leaves: BTreeMap<StateKey, Vec<u8>> = network.leaves().into_iter().collect();
    let hashes = leaves
        .iter()
        .map(|(key, leaf)| (*key, value_hash(SUITE, leaf)));
    let mut tree = StateTree::from_leaves(SUITE, hashes);
    let mut frontier = Frontier::new(SUITE);
    let mut sets = vec![network.first_set()];
    let mut executed = BTreeSet::new();
    let mut checkpoints = vec![Checkpoint::genesis(network, tree.root())];
    let mut statements = Vec::new();
    for (block, height) in blocks.iter().zip(1_u64..) {
        let at = |what: &dyn std::fmt::Display| format!("block {height} replayed: {what}");
        let last = &checkpoints[height as usize - 1];
        let before = Before {
            height: last.height,
            time: last.time,
            size: last.size,
            log_root: last.log_root,
            state_root: last.state_root,
            checkpoint_hash: last.text_hash(SUITE, network.origin()),
        };
        let read = ReadBlock::read(&block.bytes, network, |_| None).map_err(|error| at(&error))?;
        read.names(&before).map_err(|error| at(&error))?;
        let mut loaded = Loaded::default();
        loop {
            let missing = loaded.missing(network, &read);
            if missing.is_empty() {
                break;
            }
            for touch in missing {
                let leaf = leaves.get(&touch.key(SUITE)).map(Vec::as_slice);
                loaded.put(touch, leaf).map_err(|error| at(&error))?;
            }
        }
        let around = Window {
            executed: &executed,
            checkpoints: &checkpoints,
            origin: network.origin(),
            sets: &sets,
        };
        let Ok(checked) = CheckedBlock::check(read, network, &before, &loaded, &around);
        let checked = checked.map_err(|error| at(&error))?;
        let done = execute(network, &checked, &block.bytes, &before, &loaded, &tree);
        for (index, (statement, outcomes)) in
            (before.size.0..).zip(checked.statements().iter().zip(&done.outcomes))
        {
            executed.insert(statement.id());
            frontier.append(SUITE.log_leaf(statement.statement().cose()), |_, _, _| {});
            statements.push((EntryIndex(index), statement.clone(), outcomes.clone()));
        }
        frontier.append(SUITE.log_leaf(&done.entry.encode()), |_, _, _| {});
        for (key, change) in done.changes {
            if key == key::set(SUITE, sets.len() as u64) {
                let set = SetLeaf::from_bytes(&change.bytes).map_err(|error| at(&error))?;
                sets.push(set);
            }
            leaves.insert(key, change.bytes);
        }
        tree = done.tree;
        let checkpoint = Checkpoint::of_block(&done.entry, frontier.root());
        checkpoints.push(checkpoint);
    }
    Ok(Replayed {
        checkpoints,
        sets,
        statements,
    })
}

/// What a number stands for, by what was accepted and by no rule of the ledger's own.
#[derive(Default)]
struct Documents {
    by_record: BTreeMap<StateKey, (Option<FactRoot>, BTreeSet<Digest>)>,
    by_file: BTreeMap<Digest, StateKey>,
    uses: BTreeSet<(StateKey, String)>,
    reversed: BTreeSet<StateKey>,
}

impl Documents {
    /// Takes an accepted operation; says what should never have been accepted.
    fn take(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Register(register) => {
                let number = Profile::Generic.check(&register.identity);
                let number = number.map_err(|error| format!("an accepted number: {error}"))?;
                let record = key::record(SUITE, &number);
                for digest in &register.digests {
                    let first = *self.by_file.entry(*digest).or_insert(record);
                    if first != record {
                        return Err(format!("the file {digest} has two documents"));
                    }
                }
                let files: BTreeSet<Digest> = register.digests.iter().copied().collect();
                let known = self.by_record.get_mut(&record);
                let Some((facts, known)) = known else {
                    self.by_record.insert(record, (register.fact_root, files));
                    return Ok(());
                };
                if *facts != register.fact_root {
                    return Err(format!(
                        "the number {} has two documents",
                        register.identity.number
                    ));
                }
                known.extend(files);
            }
            Operation::Reverse(reverse) => {
                let is_used = self
                    .uses
                    .iter()
                    .any(|(record, _)| *record == reverse.record);
                if is_used || !self.reversed.insert(reverse.record) {
                    return Err(format!("{} is reversed in use or twice", reverse.record));
                }
            }
            Operation::Lock(lock) if self.reversed.contains(&lock.record) => {
                return Err(format!("{} is locked after its reversal", lock.record));
            }
            Operation::Consume(consume) => {
                if self.reversed.contains(&consume.record) {
                    return Err(format!("{} is used after its reversal", consume.record));
                }
                let used = (consume.record, consume.claim.purpose.clone());
                if !self.uses.insert(used) {
                    return Err(format!(
                        "{} is used twice to {}",
                        consume.record, consume.claim.purpose
                    ));
                }
            }
            // What else clients of the simulation ask for ends documents, which uses up no number.
            _ => {}
        }
        Ok(())
    }
}

impl World {
    /// Nodes that have to get over what happened by themselves.
    pub fn recovering(&self) -> Vec<usize> {
        let recovers = |at: &usize| {
            let node = &self.nodes[*at];
            match node.liar {
                None | Some(Liar::ForgetsThings) => true,
                Some(Liar::ExecutesOtherwise) => node.mended,
                Some(_) => false,
            }
        };
        (0..self.nodes.len()).filter(recovers).collect()
    }

    // --- During the run --------------------------------------------------------------------------

    /// A node told others that it has a height.
    pub fn saw_status(&mut self, at: usize) {
        if let Some(running) = &self.nodes[at].running {
            let height = running.shared.store.height();
            let told = self.seen.told.entry(at).or_default();
            *told = (*told).max(height);
        }
    }

    pub fn saw_cosignatures(&mut self, at: usize, message: &Message) {
        let all: &[HeightCosignature] = match message {
            Message::Cosignature(own) => std::slice::from_ref(own),
            Message::Cosignatures(many) => many,
            _ => return,
        };
        let Some(running) = &self.nodes[at].running else {
            return;
        };
        let shared = std::sync::Arc::clone(&running.shared);
        let own = self.parties.validators[at].checkpoint.public_key();
        let is_own = |cosignature: &&HeightCosignature| {
            let set = shared.epochs.of_height(cosignature.height).set;
            let member = set.validators.get(usize::from(cosignature.member.member));
            member.is_some_and(|validator| validator.checkpoint_key == own)
        };
        for cosignature in all.iter().filter(is_own) {
            let known = self
                .seen
                .cosigned
                .entry((at, cosignature.height))
                .or_default();
            if !known.contains(cosignature) {
                known.push(cosignature.clone());
            }
        }
    }

    /// Two published checkpoints of one size have one text, and a quorum under each.
    pub fn saw_published(&mut self, at: usize) {
        if self.nodes[at].liar.is_some() {
            return;
        }
        let Some(running) = &self.nodes[at].running else {
            return;
        };
        let Some(published) = running.shared.published() else {
            return;
        };
        let checkpoint = &published.signed.checkpoint;
        let network = &self.parties.network;
        let text = checkpoint.text(network.origin());
        let size = checkpoint.size.0;
        match self.seen.published.get(&size) {
            Some(first) if *first == text => {}
            Some(_) => self.find(format!("two checkpoints of size {size} are published")),
            None => {
                let signed = &published.signed;
                let chain = running.shared.epochs.chain(published.set.epoch);
                let led = last_set(SUITE, network.origin(), network.first_set(), &chain);
                if let Err(error) = signed.verify(SUITE, network.origin(), &published.set) {
                    self.find(format!("node {at} published what does not verify: {error}"));
                }
                match led {
                    Ok((set, _)) if set == *published.set => {}
                    led => self.find(format!(
                        "the handovers of node {at} lead elsewhere: {led:?}"
                    )),
                }
                self.seen.published.insert(size, text);
            }
        }
    }

    /// What a node said before it died its disk still knows, before anything is done with it.
    pub fn check_memory(&mut self, at: usize, disk: &Found) {
        let told = self.seen.told.get(&at).copied().unwrap_or(0);
        let Found {
            height,
            cosigned,
            votes,
        } = *disk;
        if self.nodes[at].liar == Some(Liar::ForgetsThings) && told > height + 1 && votes {
            self.find(format!(
                "node {at} lost all above {height}, had {told}, and votes"
            ));
        }
        if self.nodes[at].liar.is_some() {
            return;
        }
        if told > height {
            self.find(format!(
                "node {at} told that it has height {told} and has {height}"
            ));
        }
        let range = self.seen.cosigned.range((at, 0)..=(at, u64::MAX));
        let sent = range.last().map(|((_, height), _)| *height);
        if sent > cosigned {
            self.find(format!(
                "node {at} forgot that it cosigned {sent:?}: it knows {cosigned:?}"
            ));
        }
        if !votes && !self.nodes[at].joins {
            let why = self.nodes[at].marks.follower.clone().unwrap_or_default();
            self.find(format!("node {at} lost nothing and follows: {why}"));
        }
    }

    /// Nobody finds evidence against an honest node.
    pub fn check_offenders(&mut self, at: usize, offenders: &[PublicKey]) {
        for other in self.honest() {
            let key = self.parties.validators[other].consensus.public_key();
            if offenders.contains(&key) {
                self.find(format!(
                    "node {at} has evidence that node {other} equivocated"
                ));
            }
        }
    }

    // --- At the end ------------------------------------------------------------------------------

    /// Derives everything anew from the disks.
    pub fn check_all(&mut self) {
        for at in 0..self.nodes.len() {
            self.check_evidence(at);
        }
        if let Err(what) = self.check_disks() {
            self.find(what);
        }
    }

    fn check_evidence(&mut self, at: usize) {
        let offenders = self.nodes[at].running.as_ref().map(Running::offenders);
        self.check_offenders(at, &offenders.unwrap_or_default());
    }

    fn check_disks(&self) -> Result<(), String> {
        let network = &self.parties.network;
        let mut stores = Vec::new();
        for at in self.recovering() {
            self.nodes[at].disk.crash(u64::MAX);
            let opened = Store::open_memory(&self.nodes[at].disk, network);
            let opened = opened.map_err(|error| format!("node {at} cannot be opened: {error}"))?;
            let checked = opened.store.check_all(|_| {});
            checked.map_err(|error| format!("the disk of node {at} does not add up: {error}"))?;
            stores.push((at, opened.store));
        }
        let Some((first, store)) = stores.first() else {
            return Ok(());
        };
        let mut blocks = Vec::new();
        for height in 1..=store.height() {
            let block = store.block(height).map_err(|error| error.to_string())?;
            blocks.push(block.ok_or_else(|| format!("node {first} has no block {height}"))?);
        }
        let replayed = replay(network, &blocks)?;
        for (at, store) in &stores {
            check_equal(*at, store, &replayed.checkpoints)?;
        }
        let mut documents = Documents::default();
        for (_, statement, outcomes) in &replayed.statements {
            for (operation, outcome) in statement.operations().iter().zip(outcomes) {
                if *outcome == Outcome::Accepted {
                    documents.take(operation)?;
                }
            }
        }
        self.check_promises(&replayed)?;
        self.check_cosignatures(&replayed)?;
        for (size, text) in &self.seen.published {
            let mut all = replayed.checkpoints.iter();
            if !all.any(|c| c.size.0 == *size && c.text(network.origin()) == *text) {
                return Err(format!(
                    "what was published of size {size} is not what was executed"
                ));
            }
        }
        Ok(())
    }

    /// What a client believed holds.
    fn check_promises(&self, replayed: &Replayed) -> Result<(), String> {
        let mut places = BTreeMap::new();
        for (entry, statement, outcomes) in &replayed.statements {
            if places.insert(statement.id(), (*entry, outcomes)).is_some() {
                return Err(format!(
                    "the statement {} was executed twice",
                    statement.id()
                ));
            }
        }
        for sent in &self.clients.sent {
            let Some(promised) = &sent.promised else {
                continue;
            };
            if places.get(&sent.id) != Some(&(promised.entry, &promised.outcomes)) {
                return Err(format!(
                    "what was said of statement {} does not hold",
                    sent.id
                ));
            }
            for receipt in &promised.receipts {
                let verified = receipt.verify(&self.parties.network);
                verified.map_err(|error| format!("an acknowledged receipt: {error}"))?;
                let checkpoint = &receipt.certificate.checkpoint.checkpoint;
                if replayed.checkpoints.get(checkpoint.height as usize) != Some(checkpoint) {
                    return Err(format!("a receipt of {} stands under other roots", sent.id));
                }
            }
        }
        Ok(())
    }

    /// What an honest node cosigned is what was executed: so it signed no size twice.
    fn check_cosignatures(&self, replayed: &Replayed) -> Result<(), String> {
        let network = &self.parties.network;
        for ((at, height), cosignatures) in &self.seen.cosigned {
            if self.nodes[*at].liar.is_some() {
                continue;
            }
            let Some(checkpoint) = replayed.checkpoints.get(*height as usize) else {
                return Err(format!("node {at} cosigned {height}, which nobody has"));
            };
            let set = &replayed.sets[checkpoint.epoch as usize];
            let text = checkpoint.text(network.origin());
            for cosignature in cosignatures {
                let holds = verify_cosignature(SUITE, &text, set, &cosignature.member).is_ok();
                if !holds {
                    return Err(format!("node {at} cosigned other roots of height {height}"));
                }
            }
        }
        Ok(())
    }
}

fn check_equal(at: usize, store: &Store, checkpoints: &[Checkpoint]) -> Result<(), String> {
    if store.height() + 1 != checkpoints.len() as u64 {
        return Err(format!(
            "node {at} is at {}, not at {}",
            store.height(),
            checkpoints.len() - 1
        ));
    }
    for (expected, height) in checkpoints.iter().zip(0_u64..) {
        let found = store
            .checkpoint(height)
            .map_err(|error| error.to_string())?;
        if found.as_ref() != Some(expected) {
            return Err(format!("node {at} has other roots of height {height}"));
        }
    }
    Ok(())
}
