//! The auditor: what it knows of a network, and how each thing that is fetched is judged.
//!
//! A round has three steps. [`Auditor::checkpoint`] verifies a checkpoint and compares it with every other
//! that was ever seen. [`Auditor::leaves`] takes the hashes of the entries that are new in it and holds the
//! log that they make against its root: from here on each entry is known before it is read, and the new
//! log is the old one continued. [`Auditor::block`] takes the blocks one by one.
//!
//! What does not hold leaves the auditor as it was, so that it can go on with another node.

use crate::block::{audit, Audited, Done, Parts};
use crate::finding::Finding;
use crate::ledger::Ledger;
use crate::log::Log;
use hefu_proof::checkpoint::NoteError;
use hefu_proof::equivocation::{contradiction, Prefix};
use hefu_proof::handover::{last_set, verify_under};
use hefu_proof::log::{consistency_path, root};
use hefu_proof::{Checkpoint, Equivocation, Handover, SignedCheckpoint};
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{Leaf, SetCurrentLeaf, SetLeaf};
use hefu_types::{EntryIndex, Hash, TreeSize};
use minicbor::{Decode, Encode};
use std::collections::BTreeSet;

/// How many checkpoints are kept with their signatures. The log keeps what all the others said: of those
/// in the middle every other one is let go.
const SEEN_MAX: usize = 1_024;

/// Why nothing more was taken.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// Something is wrong.
    #[error("{}", .0.name())]
    Finding(Box<Finding>),
    /// The block is executed under rules that this program does not know: whether it is right cannot be
    /// told.
    #[error("block {height} is executed under version {version} of the rules; a newer program is needed")]
    NewerRules {
        /// The height.
        height: u64,
        /// The version in force.
        version: u32,
    },
    /// What is remembered is damaged.
    #[error("what is remembered of the state cannot be read; begin again with an empty memory")]
    Memory,
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Finding(Box::new(finding))
    }
}

/// What a checkpoint that holds asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is of the log that is known.
    Known,
    /// The hashes of the entries in this range, for [`Auditor::leaves`].
    Leaves {
        /// The first.
        from: u64,
        /// The one after the last.
        to: u64,
    },
}

/// The block that is to be executed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextBlock {
    /// Its height.
    pub height: u64,
    /// Its first entry.
    pub first: EntryIndex,
    /// The size of the log that a quorum signed: the block ends before it.
    pub size: TreeSize,
}

/// What was checked, in this run and all before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Tally {
    /// Blocks.
    #[n(0)]
    pub blocks: u64,
    /// Statements, each with its signature.
    #[n(1)]
    pub statements: u64,
    /// Operations, against the roots that statements sign.
    #[n(2)]
    pub operations: u64,
    /// Those of them that were refused.
    #[n(3)]
    pub refused: u64,
    /// Signatures: of statements, of checkpoints, and of quorums that blocks carry.
    #[n(4)]
    pub signatures: u64,
    /// Checkpoints that were compared with each other.
    #[n(5)]
    pub checkpoints: u64,
    /// The versions of the rules.
    #[n(6)]
    pub rules: Vec<u32>,
    /// The epochs of the sets that decided.
    #[n(7)]
    pub epochs: Vec<u64>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Auditor {
    pub(crate) network: Network,
    /// As far as a quorum signed it.
    pub(crate) log: Log,
    /// As far as it was executed.
    pub(crate) ledger: Ledger,
    /// From the set of genesis to that of the largest checkpoint.
    pub(crate) chain: Vec<Handover>,
    /// By epoch, as the chain leads to them.
    pub(crate) sets: Vec<SetLeaf>,
    /// The sizes rise.
    pub(crate) seen: Vec<SignedCheckpoint>,
    pub(crate) tally: Tally,
    /// A checkpoint whose entries are not known yet.
    pending: Option<(SignedCheckpoint, Vec<Handover>)>,
}

impl Auditor {
    /// Begins with the genesis, and knows nothing else.
    pub fn new(network: Network) -> Self {
        let suite = network.suite();
        let ledger = Ledger::genesis(&network);
        let sets = vec![network.first_set()];
        Self::of_parts(
            network,
            Log::new(suite),
            ledger,
            (Vec::new(), sets),
            Vec::new(),
        )
    }

    pub(crate) fn of_parts(
        network: Network,
        log: Log,
        ledger: Ledger,
        (chain, sets): (Vec<Handover>, Vec<SetLeaf>),
        seen: Vec<SignedCheckpoint>,
    ) -> Self {
        Self {
            network,
            log,
            ledger,
            chain,
            sets,
            seen,
            tally: Tally::default(),
            pending: None,
        }
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What was checked so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The height of the last block that was executed.
    pub fn height(&self) -> u64 {
        self.ledger.height()
    }

    /// The largest checkpoint that holds.
    pub fn newest(&self) -> Option<&SignedCheckpoint> {
        self.seen.last()
    }

    /// How many leaves the state has.
    pub fn leaf_count(&self) -> usize {
        self.ledger.values.len()
    }

    /// Reads a note. Where it is of an epoch that is not known, or of another set than the known one,
    /// `handovers` tell the set; without them it may be [`NoteError::UnknownSigner`].
    pub fn read_note(
        &self,
        note: &str,
        handovers: &[Handover],
    ) -> Result<SignedCheckpoint, NoteError> {
        let (suite, origin) = (self.network.suite(), self.network.origin());
        let epoch = Checkpoint::of_note(origin, note)?.epoch;
        let at = usize::try_from(epoch).unwrap_or(usize::MAX);
        let mut read = Err(NoteError::UnknownSigner(0));
        if let Some(set) = self.sets.get(at) {
            read = SignedCheckpoint::parse_note(origin, set, note);
        }
        if read.is_err() && at > 0 && at <= handovers.len() {
            let of_chain = last_set(suite, origin, self.network.first_set(), &handovers[..at]);
            if let Ok((set, _)) = of_chain {
                read = SignedCheckpoint::parse_note(origin, &set, note);
            }
        }
        read
    }

    /// Judges a checkpoint. `handovers` lead from the set of genesis to its set or further; they may be
    /// left out where that set is known.
    pub fn checkpoint(
        &mut self,
        signed: SignedCheckpoint,
        handovers: &[Handover],
    ) -> Result<Next, Finding> {
        let chain = self.verify(&signed, handovers)?;
        let checkpoint = &signed.checkpoint;
        if checkpoint.size.0 == 0 && checkpoint.log_root != self.network.suite().log_empty() {
            return Err(Finding::CheckpointOfBlock { height: 0 });
        }
        let contradicts =
            |seen: &&SignedCheckpoint| contradiction(&seen.checkpoint, checkpoint).is_some();
        if let Some(seen) = self.seen.iter().rev().find(contradicts) {
            return Err(self.equivocation(seen.clone(), (signed, chain), None));
        }
        if checkpoint.size > self.log.size() {
            let (from, to) = (self.log.size().0, checkpoint.size.0);
            self.pending = Some((signed, chain));
            return Ok(Next::Leaves { from, to });
        }
        let size = checkpoint.size;
        let own_root = self.log.root(size);
        if own_root != checkpoint.log_root {
            let latest = self.seen.last().cloned();
            let latest = latest.ok_or(Finding::Log { size })?;
            let path = self.log.consistency(size, self.log.size());
            let root = own_root;
            let prefix = Some(Prefix { root, path });
            return Err(self.equivocation(latest, (signed, chain), prefix));
        }
        // The log is the same; the rest of the text has its authority from the block entry.
        if size <= self.ledger.last().size {
            self.check_of_block(&signed)?;
        }
        self.remember(signed);
        Ok(Next::Known)
    }

    /// The handovers under which a checkpoint holds.
    fn verify(
        &self,
        signed: &SignedCheckpoint,
        handovers: &[Handover],
    ) -> Result<Vec<Handover>, Finding> {
        let epoch = usize::try_from(signed.checkpoint.epoch).unwrap_or(usize::MAX);
        if let Some(known) = self.chain.get(..epoch) {
            if verify_under(&self.network, known, signed).is_ok() {
                return Ok(known.to_vec());
            }
        }
        let (suite, origin) = (self.network.suite(), self.network.origin());
        let Some(chain) = handovers.get(..epoch) else {
            // The known chain reaches far enough where it was tried above: its reason is told.
            let known = self.chain.get(..epoch).ok_or_else(|| Finding::Handover {
                why: format!("it does not reach epoch {epoch} of the checkpoint"),
            })?;
            let held = verify_under(&self.network, known, signed);
            let why = held.map_or_else(|error| error.to_string(), |_| String::new());
            return Err(Finding::Checkpoint { why });
        };
        last_set(suite, origin, self.network.first_set(), chain).map_err(|error| {
            let why = error.to_string();
            Finding::Handover { why }
        })?;
        verify_under(&self.network, chain, signed).map_err(|error| {
            let why = error.to_string();
            Finding::Checkpoint { why }
        })?;
        let differs = |(known, shown): (&Handover, &Handover)| {
            known.checkpoint != shown.checkpoint || known.set.value != shown.set.value
        };
        if self.chain.iter().zip(chain).any(differs) {
            let why = "it leads to another set of an epoch that is known".to_owned();
            return Err(Finding::Handover { why });
        }
        Ok(chain.to_vec())
    }

    fn equivocation(
        &self,
        seen: SignedCheckpoint,
        other: (SignedCheckpoint, Vec<Handover>),
        prefix: Option<Prefix>,
    ) -> Finding {
        let epoch = usize::try_from(seen.checkpoint.epoch).unwrap_or(usize::MAX);
        let chain = self.chain.get(..epoch).unwrap_or_default().to_vec();
        let size = other.0.checkpoint.size;
        let proof = Box::new(Equivocation::new(
            &self.network,
            (seen, chain),
            other,
            prefix,
        ));
        match proof.verify(&self.network) {
            Ok(proven) => Finding::Equivocation {
                contradiction: proven.contradiction,
                proof,
            },
            // Not proven to others, and wrong all the same.
            Err(_) => Finding::Log { size },
        }
    }

    /// A checkpoint whose block was executed says what that block led to.
    fn check_of_block(&self, signed: &SignedCheckpoint) -> Result<(), Finding> {
        let checkpoint = &signed.checkpoint;
        let height = self.ledger.height_of_size(checkpoint.size);
        let reached = height.and_then(|height| self.ledger.checkpoint(height, &self.log));
        if reached.as_ref() == Some(checkpoint) {
            return Ok(());
        }
        let height = height.unwrap_or(checkpoint.height);
        Err(Finding::CheckpointOfBlock { height })
    }

    fn remember(&mut self, signed: SignedCheckpoint) {
        let size = signed.checkpoint.size;
        if let Err(at) = (self.seen).binary_search_by_key(&size, |seen| seen.checkpoint.size) {
            self.tally.signatures += signed.cosignatures.len() as u64 + 1;
            self.tally.checkpoints += 1;
            self.seen.insert(at, signed);
        }
        if self.seen.len() > SEEN_MAX {
            let last = self.seen.len() - 1;
            let mut place = 0;
            self.seen.retain(|_| {
                place += 1;
                place % 2 == 1 || place > last
            });
        }
    }

    /// Takes the hashes of the entries that the checkpoint before asked for. `Ok(false)` where the log
    /// that they make is not that of the checkpoint: [`Self::fork`] tells why.
    ///
    /// # Panics
    ///
    /// If no checkpoint asked for any.
    pub fn leaves(&mut self, leaves: &[Hash]) -> Result<bool, Finding> {
        let (signed, chain) = self.pending.clone().expect("a checkpoint asked for them");
        let before = self.log.size();
        leaves.iter().for_each(|leaf| self.log.append(*leaf));
        let Checkpoint { size, log_root, .. } = signed.checkpoint;
        if self.log.size() != size || self.log.root(size) != log_root {
            self.log.truncate(before);
            return Ok(false);
        }
        if let Err(finding) = self.adopt(chain) {
            self.log.truncate(before);
            return Err(finding);
        }
        self.pending = None;
        self.remember(signed);
        Ok(true)
    }

    /// Takes a chain of handovers that was verified, if it reaches further than the known one.
    fn adopt(&mut self, chain: Vec<Handover>) -> Result<(), Finding> {
        let before = (self.chain.clone(), self.sets.clone());
        if chain.len() > self.chain.len() {
            let (suite, origin) = (self.network.suite(), self.network.origin());
            let mut sets = vec![self.network.first_set()];
            for handover in &chain {
                let set = handover.verify(suite, origin, &sets[sets.len() - 1]);
                sets.push(set.map_err(|error| Finding::Handover {
                    why: error.to_string(),
                })?);
            }
            (self.chain, self.sets) = (chain, sets);
        }
        let held = self.check_chain();
        if held.is_err() {
            (self.chain, self.sets) = before;
        }
        held
    }

    /// The handovers are those of the blocks, as far as these were executed.
    fn check_chain(&self) -> Result<(), Finding> {
        for (handover, set) in self.chain.iter().zip(&self.sets[1..]) {
            let of_block = self
                .ledger
                .checkpoint(handover.checkpoint.height, &self.log);
            if let Some(of_block) = of_block {
                let of_state = self.ledger.set(&self.network, set.epoch);
                check_handover(handover, set, &of_block, of_state.as_ref())?;
            }
        }
        Ok(())
    }

    /// Tells why the hashes of the entries did not make the log of the checkpoint. `node(level, index)`
    /// gives the root of a perfect subtree as the same source serves it, see
    /// [`hefu_proof::log::inclusion_path`]. If these lead to the checkpoint's root, and not to the root of
    /// the log that was signed before, a quorum signed two histories. `None` if no checkpoint waits.
    pub fn fork<E>(
        &self,
        mut node: impl FnMut(u8, u64) -> Result<Hash, E>,
    ) -> Result<Option<Finding>, E> {
        let Some((signed, chain)) = self.pending.clone() else {
            return Ok(None);
        };
        let suite = self.network.suite();
        let Checkpoint { size, log_root, .. } = signed.checkpoint;
        let no_proof = Ok(Some(Finding::Log { size }));
        let Some(latest) = self.seen.last().filter(|seen| seen.checkpoint.size.0 > 0) else {
            return no_proof;
        };
        let first = latest.checkpoint.size;
        if root(suite, size, &mut node)? != log_root {
            return no_proof;
        }
        let prefix = Prefix {
            root: root(suite, first, &mut node)?,
            path: consistency_path(suite, first, size, &mut node)?,
        };
        let latest = latest.clone();
        Ok(Some(self.equivocation(
            latest,
            (signed, chain),
            Some(prefix),
        )))
    }

    /// The block that is executed next, if the signed log has one that is not.
    pub fn next(&self) -> Option<NextBlock> {
        let reached = self.ledger.last().size;
        (reached < self.log.size()).then(|| NextBlock {
            height: self.height() + 1,
            first: EntryIndex(reached.0),
            size: self.log.size(),
        })
    }

    /// Judges a block: its entries, operations and header are those that were signed, the rules take it,
    /// and executing it leads to what the log names.
    pub fn block(&mut self, parts: &Parts) -> Result<Done, Stop> {
        let Audited { checked, executed } = audit(&self.network, &self.log, &self.ledger, parts)?;
        let entry = executed.entry.clone();
        let height = entry.height;
        let ends = checked.statements().iter();
        let ends = ends.map(|statement| (statement.payload().valid_until, statement.id()));
        let done = Done {
            refused: executed.refusals.len(),
            cosignatures: (checked.header().carried.as_ref()).map_or(0, |of| of.cosignatures.len()),
            entry,
        };
        let size = done.entry.size();
        let log_root = self.log.root(size);
        let checkpoint = Checkpoint::of_block(&done.entry, log_root);
        // Nothing was signed in the middle of the block, and at its end just this.
        let from = self.ledger.last().size;
        let of_block =
            |seen: &&SignedCheckpoint| seen.checkpoint.size > from && seen.checkpoint.size <= size;
        let differs = |seen: &SignedCheckpoint| seen.checkpoint != checkpoint;
        if self.seen.iter().filter(of_block).any(differs) {
            return Err(Finding::CheckpointOfBlock { height }.into());
        }
        for (handover, set) in self.chain.iter().zip(&self.sets[1..]) {
            if handover.checkpoint.height == height {
                let at = key::set(self.network.suite(), set.epoch);
                let written = executed
                    .changes
                    .get(&at)
                    .map(|change| change.bytes.as_slice());
                let of_state = written.and_then(|bytes| SetLeaf::from_bytes(bytes).ok());
                let of_state = of_state.or_else(|| self.ledger.set(&self.network, set.epoch));
                check_handover(handover, set, &checkpoint, of_state.as_ref())?;
            }
        }
        self.ledger
            .take(executed.changes, executed.tree, ends, &done.entry);
        self.count(&done);
        Ok(done)
    }

    fn count(&mut self, done: &Done) {
        let tally = &mut self.tally;
        tally.blocks += 1;
        tally.statements += u64::from(done.entry.statement_count);
        tally.operations += u64::from(done.entry.operation_count);
        tally.refused += done.refused as u64;
        tally.signatures += u64::from(done.entry.statement_count) + done.cosignatures as u64;
        if tally.rules.last() != Some(&done.entry.rules_version) {
            tally.rules.push(done.entry.rules_version);
        }
        if tally.epochs.last() != Some(&done.entry.epoch) {
            tally.epochs.push(done.entry.epoch);
        }
    }

    /// The set that decides the next block, as executing has led to it.
    pub fn set(&self) -> Option<SetLeaf> {
        let current = key::set_current(self.network.suite());
        let current: SetCurrentLeaf = self.ledger.leaf(&current)?;
        self.ledger.set(&self.network, current.epoch)
    }

    /// Every epoch of which a set is known to the auditor.
    pub fn epochs(&self) -> BTreeSet<u64> {
        self.tally.epochs.iter().copied().collect()
    }
}

/// Compares a handover with the block of its height.
fn check_handover(
    handover: &Handover,
    set: &SetLeaf,
    of_block: &Checkpoint,
    of_state: Option<&SetLeaf>,
) -> Result<(), Finding> {
    let (epoch, height) = (set.epoch, of_block.height);
    let why = if handover.checkpoint != *of_block {
        format!(
            "the handover to epoch {epoch} is over another checkpoint of height {height} than its block \
             led to"
        )
    } else if of_state != Some(set) {
        format!("the handover to epoch {epoch} leads to another set than the state has")
    } else {
        return Ok(());
    };
    Err(Finding::Handover { why })
}
