//! Executing a valid block: each operation in order, to changes, outcomes and the block entry.
//!
//! The order of guards within an operation is part of the rules. An atomic statement writes into a layer
//! of its own, which is thrown away when one of its operations is refused.

use crate::block::{Before, CheckedBlock};
use crate::loaded::Loaded;
use crate::tree::StateTree;
use crate::verbs;
use crate::RULES_VERSION;
use hefu_proof::derived::Halt;
use hefu_types::block::{block_id, BlockEntry, Refusal};
use hefu_types::canonical;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{
    self, ClockLeaf, CoverageLeaf, DigestLeaf, Holder, KeyLeaf, Leaf, MemberLeaf,
};
use hefu_types::merkle;
use hefu_types::numbering::NumberingLeaf;
use hefu_types::operation::Operation;
use hefu_types::record::{EncodedRecord, Event, Record, RECORD_BYTES_MAX};
use hefu_types::statement::{CheckedStatement, Mode};
use hefu_types::{
    Code, Digest, EntryIndex, Hash, Millis, NetworkDigest, OperationId, StateKey, Suite,
};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// A gap between two blocks of more than this is a halt, in milliseconds.
const HALT_MS: u64 = Millis::HOUR;

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// Done.
    #[n(0)]
    Accepted,
    /// Not done.
    #[n(1)]
    Refused(#[n(0)] Refused),
}

/// Why an operation was not done: every validator finds the same.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refused {
    /// The stable code.
    #[n(0)]
    pub code: Code,
    /// The operation that stands in the way: the first registration, the use before.
    #[n(1)]
    pub evidence: Option<OperationId>,
    /// The field that is wrong, or what about it.
    #[n(2)]
    pub detail: Option<String>,
}

impl Refused {
    /// A refusal without more to say.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            evidence: None,
            detail: None,
        }
    }

    /// A refusal that names the operation in the way.
    pub fn because_of(code: Code, evidence: OperationId) -> Self {
        Self {
            code,
            evidence: Some(evidence),
            detail: None,
        }
    }

    /// A refusal that says what is wrong.
    pub fn saying(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            evidence: None,
            detail: Some(detail.into()),
        }
    }
}

/// A leaf that a block wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The encoded leaf.
    pub bytes: Vec<u8>,
    /// What stands in the state tree.
    pub value_hash: Hash,
    /// A record, whose value hash is not simply that of its bytes.
    pub is_record: bool,
}

/// What executing a block led to.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The leaves that it wrote.
    pub changes: BTreeMap<StateKey, Change>,
    /// The state tree after it.
    pub tree: StateTree,
    /// The outcomes, by statement and operation.
    pub outcomes: Vec<Vec<Outcome>>,
    /// The refusals, ascending by index.
    pub refusals: Vec<Refusal>,
    /// The last log entry of the block.
    pub entry: BlockEntry,
}

/// What one operation works with.
pub struct Context<'a> {
    pub(crate) suite: Suite,
    pub(crate) block_time: Millis,
    pub(crate) operation: OperationId,
    pub(crate) key: &'a KeyLeaf,
    pub(crate) loaded: &'a Loaded,
    pub(crate) network: NetworkDigest,
    /// The last halt: deadlines that fell into it are put off.
    pub(crate) halt: Halt,
    compromise_counter: u64,
}

impl Context<'_> {
    /// The event that this operation is.
    pub(crate) fn event(&self) -> Event {
        Event {
            operation: self.operation,
            key_id: self.suite.key_id(&self.key.key),
            block_time: self.block_time,
            compromise_counter: self.compromise_counter,
        }
    }
}

/// The leaves as the block has left them so far.
#[derive(Default)]
pub struct Working {
    records: BTreeMap<StateKey, (Record, EncodedRecord)>,
    digests: BTreeMap<Digest, DigestLeaf>,
    members: BTreeMap<String, MemberLeaf>,
    numberings: BTreeMap<StateKey, NumberingLeaf>,
    coverage: BTreeMap<StateKey, CoverageLeaf>,
}

/// The leaves that an operation sees and writes.
pub struct Ledger<'a> {
    suite: Suite,
    loaded: &'a Loaded,
    /// What the block has left so far, under the layer that is written; the layer itself where
    /// each operation stands for itself.
    below: Option<&'a Working>,
    working: &'a mut Working,
}

impl Ledger<'_> {
    /// The record under a key.
    pub(crate) fn record(&self, key: &StateKey) -> Option<&Record> {
        let below = || self.below.and_then(|below| below.records.get(key));
        match self.working.records.get(key).or_else(below) {
            Some((record, _)) => Some(record),
            None => self.loaded.records.get(key)?.as_ref(),
        }
    }

    /// The record of a rendition.
    pub(crate) fn digest(&self, digest: &Digest) -> Option<&DigestLeaf> {
        let below = || self.below.and_then(|below| below.digests.get(digest));
        match self.working.digests.get(digest).or_else(below) {
            Some(leaf) => Some(leaf),
            None => self.loaded.digests.get(digest)?.as_ref(),
        }
    }

    /// Writes a record, unless it would become larger than a record may be.
    pub(crate) fn write_record(&mut self, key: StateKey, record: Record) -> Result<(), Refused> {
        self.write_records([(key, record)])
    }

    /// Writes several records, or none of them.
    pub(crate) fn write_records(
        &mut self,
        records: impl IntoIterator<Item = (StateKey, Record)>,
    ) -> Result<(), Refused> {
        let encoded: Vec<_> = (records.into_iter())
            .map(|(key, record)| (key, record.encoded(self.suite), record))
            .collect();
        let fits = |bytes: &EncodedRecord| bytes.bytes.len() <= RECORD_BYTES_MAX;
        if !encoded.iter().all(|(_, bytes, _)| fits(bytes)) {
            return Err(Refused::new(Code::TooLarge));
        }
        for (key, bytes, record) in encoded {
            self.working.records.insert(key, (record, bytes));
        }
        Ok(())
    }

    /// A member, as the block has left it.
    pub(crate) fn member(&self, id: &str) -> Option<&MemberLeaf> {
        let below = || self.below.and_then(|below| below.members.get(id));
        (self.working.members.get(id).or_else(below)).or_else(|| self.loaded.member(id))
    }

    /// Writes a member.
    pub(crate) fn write_member(&mut self, leaf: MemberLeaf) {
        self.working.members.insert(leaf.id.clone(), leaf);
    }

    /// The ranges of a numbering.
    pub(crate) fn numbering(&self, key: &StateKey) -> Option<&NumberingLeaf> {
        let below = || self.below.and_then(|below| below.numberings.get(key));
        match self.working.numberings.get(key).or_else(below) {
            Some(leaf) => Some(leaf),
            None => self.loaded.numberings.get(key)?.as_ref(),
        }
    }

    /// The ranges of a numbering, to be changed, after every guard has passed: they are copied once for
    /// a block, however many of their numbers it issues.
    pub(crate) fn numbering_mut(&mut self, key: &StateKey) -> &mut NumberingLeaf {
        if !self.working.numberings.contains_key(key) {
            let leaf = self.numbering(key).cloned().unwrap_or_default();
            self.working.numberings.insert(*key, leaf);
        }
        let leaf = self.working.numberings.get_mut(key);
        leaf.expect("it was put there")
    }

    /// A promise of coverage.
    pub(crate) fn coverage(
        &self,
        of_type: &str,
        region: &str,
        agency: &str,
    ) -> Option<&CoverageLeaf> {
        let key = key::coverage(self.suite, of_type, region, agency);
        let below = || self.below.and_then(|below| below.coverage.get(&key));
        (self.working.coverage.get(&key).or_else(below))
            .or_else(|| self.loaded.coverage(of_type, region, agency))
    }

    /// Writes a promise of coverage.
    pub(crate) fn write_coverage(&mut self, leaf: CoverageLeaf) {
        let (of_type, region, agency) = (&leaf.document_type, &leaf.region, &leaf.agency);
        let key = key::coverage(self.suite, of_type, region, agency);
        self.working.coverage.insert(key, leaf);
    }

    /// Writes the leaf of a rendition.
    pub(crate) fn write_digest(&mut self, digest: Digest, leaf: DigestLeaf) {
        self.working.digests.insert(digest, leaf);
    }
}

/// Executes a valid block. `tree` is the state before it.
pub fn execute(
    network: &Network,
    block: &CheckedBlock,
    block_bytes: &[u8],
    before: &Before,
    loaded: &Loaded,
    tree: &StateTree,
) -> Executed {
    let suite = network.suite();
    let header = block.header();
    let clock = next_clock(loaded.clock(), header.time);
    let mut working = Working::default();
    let mut outcomes = Vec::with_capacity(block.statements().len());
    let mut refusals = Vec::new();
    let mut index = 0_u32;
    for statement in block.statements() {
        let of_statement = execute_statement(
            network,
            statement,
            header.time,
            &clock,
            loaded,
            &mut working,
        );
        for outcome in &of_statement {
            if let Outcome::Refused(refused) = outcome {
                refusals.push(Refusal {
                    index,
                    code: refused.code,
                });
            }
            index += 1;
        }
        outcomes.push(of_statement);
    }
    let changes = changes(suite, working, &clock);
    let mut tree = tree.clone();
    let mut batch: Vec<_> = changes
        .iter()
        .map(|(key, change)| (*key, Some(change.value_hash)))
        .collect();
    let state_root = tree.apply(&mut batch);
    let refusals_root = merkle::root(
        suite,
        &refusals
            .iter()
            .map(canonical::encode::<Refusal>)
            .collect::<Vec<_>>(),
    );
    let entry = BlockEntry {
        height: header.height,
        time: header.time,
        rules_version: RULES_VERSION,
        epoch: loaded.set().epoch,
        state_root,
        compromise_counter: clock.compromise_counter,
        block_id: block_id(suite, block_bytes),
        first_index: EntryIndex(before.size.0),
        statement_count: u32::try_from(block.statements().len()).expect("at most 4096 statements"),
        operation_count: index,
        refusals_root,
        previous_checkpoint: before.checkpoint_hash,
    };
    Executed {
        changes,
        tree,
        outcomes,
        refusals,
        entry,
    }
}

fn next_clock(clock: &ClockLeaf, block_time: Millis) -> ClockLeaf {
    let mut next = ClockLeaf {
        block_time,
        ..clock.clone()
    };
    if block_time > clock.block_time.plus(HALT_MS) {
        // A halt within the hour of grace after another continues it: what fell into the first or into
        // that hour is put off again. None of it has passed (see `hefu_proof::derived::deadline`).
        let before = match clock.last_halt {
            Some((before, after)) if clock.block_time < after.plus(Millis::HOUR) => before,
            _ => clock.block_time,
        };
        next.last_halt = Some((before, block_time));
    }
    next
}

fn execute_statement(
    network: &Network,
    statement: &CheckedStatement,
    block_time: Millis,
    clock: &ClockLeaf,
    loaded: &Loaded,
    working: &mut Working,
) -> Vec<Outcome> {
    let suite = network.suite();
    let key = loaded
        .key(&statement.key_id())
        .expect("a valid block's keys are loaded");
    let atomic = statement.payload().mode == Mode::Atomic;
    let mut layer = Working::default();
    let mut outcomes = Vec::with_capacity(statement.operations().len());
    for (index, operation) in (0_u32..).zip(statement.operations()) {
        let context = Context {
            suite,
            block_time,
            operation: statement.operation_id(suite, index),
            key,
            loaded,
            network: network.digest(),
            halt: clock.last_halt,
            compromise_counter: clock.compromise_counter,
        };
        let done = if statement.issuer() == key.holder.id() {
            let mut ledger = if atomic {
                Ledger {
                    suite,
                    loaded,
                    below: Some(&*working),
                    working: &mut layer,
                }
            } else {
                Ledger {
                    suite,
                    loaded,
                    below: None,
                    working: &mut *working,
                }
            };
            dispatch(&context, operation, &mut ledger)
        } else {
            Err(Refused::saying(
                Code::NotEntitled,
                "the issuer is not the holder of the key",
            ))
        };
        outcomes.push(match done {
            Ok(()) => Outcome::Accepted,
            Err(refused) => Outcome::Refused(refused),
        });
    }
    if atomic && outcomes.iter().all(|outcome| *outcome == Outcome::Accepted) {
        working.records.append(&mut layer.records);
        working.digests.append(&mut layer.digests);
        working.members.append(&mut layer.members);
        working.numberings.append(&mut layer.numberings);
        working.coverage.append(&mut layer.coverage);
    } else if atomic {
        // All or none: what was accepted before its sibling failed is refused with it.
        for outcome in outcomes.iter_mut().filter(|o| **o == Outcome::Accepted) {
            *outcome = Outcome::Refused(Refused::new(Code::SiblingRefused));
        }
    }
    outcomes
}

fn dispatch(
    context: &Context<'_>,
    operation: &Operation,
    ledger: &mut Ledger<'_>,
) -> Result<(), Refused> {
    match operation {
        Operation::Register(it) => verbs::register::apply(context, it, ledger),
        Operation::Revoke(it) => verbs::revoke::apply(context, it, ledger),
        Operation::Cancel(it) => verbs::cancel::apply(context, it, ledger),
        Operation::Consume(it) => verbs::lock::consume(context, it, ledger),
        Operation::AddRendition(it) => verbs::correct::add_rendition(context, it, ledger),
        Operation::Correct(it) => verbs::correct::correct(context, it, ledger),
        Operation::Confirm(it) => verbs::confirm::confirm(context, it, ledger),
        Operation::Reject(it) => verbs::confirm::reject(context, it, ledger),
        Operation::RequestReversal(it) => verbs::reversal::request(context, it, ledger),
        Operation::AnswerReversal(it) => verbs::reversal::answer(context, it, ledger),
        Operation::WithdrawReversal(it) => verbs::reversal::withdraw(context, it, ledger),
        Operation::Reverse(it) => verbs::reversal::reverse(context, it, ledger),
        Operation::Replace(it) => verbs::replace::replace(context, it, ledger),
        Operation::Archive(it) => verbs::replace::archive(context, it, ledger),
        Operation::Lock(it) => verbs::lock::lock(context, it, ledger),
        Operation::Release(it) => verbs::lock::release(context, it, ledger),
        Operation::Clawback(it) => verbs::clawback::apply(context, it, ledger),
        Operation::HandOver(it) => verbs::hand_over::apply(context, it, ledger),
        Operation::RequestRange(it) => verbs::numbers::request(context, it, ledger),
        Operation::AllocateRange(it) => verbs::numbers::allocate(context, it, ledger),
        Operation::ActivateRange(it) => verbs::numbers::activate(context, it, ledger),
        Operation::WithdrawRange(it) => verbs::numbers::withdraw(context, it, ledger),
        Operation::DelegateRange(it) => verbs::numbers::delegate(context, it, ledger),
        Operation::VoidNumbers(it) => verbs::numbers::void(context, it, ledger),
        Operation::Cover(it) => verbs::cover::apply(context, it, ledger),
    }
}

/// The agency that signs, if it is one and active.
pub(crate) fn signing_agency<'a>(
    context: &Context<'a>,
) -> Result<&'a hefu_types::leaf::AgencyLeaf, Refused> {
    let Holder::Agency(id) = &context.key.holder else {
        return Err(Refused::saying(
            Code::NotEntitled,
            "only an agency does this",
        ));
    };
    let agency = context
        .loaded
        .agency(id)
        .ok_or_else(|| Refused::new(Code::NotEntitled))?;
    if agency.active {
        Ok(agency)
    } else {
        Err(Refused::new(Code::HolderNotActive))
    }
}

/// The member that signs, if it is one and active.
pub(crate) fn signing_member<'a>(
    context: &Context<'a>,
) -> Result<&'a hefu_types::leaf::MemberLeaf, Refused> {
    let Holder::Member(id) = &context.key.holder else {
        return Err(Refused::saying(
            Code::NotEntitled,
            "only a member does this",
        ));
    };
    let member = context
        .loaded
        .member(id)
        .ok_or_else(|| Refused::new(Code::NotEntitled))?;
    if member.active {
        Ok(member)
    } else {
        Err(Refused::new(Code::HolderNotActive))
    }
}

fn changes(suite: Suite, working: Working, clock: &ClockLeaf) -> BTreeMap<StateKey, Change> {
    let mut changes = BTreeMap::new();
    let mut leaf = |key: StateKey, bytes: Vec<u8>| {
        let value_hash = leaf::value_hash(suite, &bytes);
        changes.insert(
            key,
            Change {
                bytes,
                value_hash,
                is_record: false,
            },
        );
    };
    leaf(key::clock(suite), clock.to_bytes());
    for (digest, of_digest) in &working.digests {
        leaf(key::digest(suite, digest), of_digest.to_bytes());
    }
    for (id, member) in &working.members {
        leaf(key::member(suite, id), member.to_bytes());
    }
    for (key, numbering) in &working.numberings {
        leaf(*key, numbering.to_bytes());
    }
    for (key, coverage) in &working.coverage {
        leaf(*key, coverage.to_bytes());
    }
    for (key, (_, record)) in working.records {
        let value_hash = record.value_hash(suite);
        changes.insert(
            key,
            Change {
                bytes: record.bytes,
                value_hash,
                is_record: true,
            },
        );
    }
    changes
}
