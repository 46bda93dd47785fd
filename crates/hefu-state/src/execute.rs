//! Executing a valid block: each operation in order, to changes, outcomes and the block entry.
//!
//! The order of guards within an operation is part of the rules. An atomic statement writes into a layer
//! of its own, which is thrown away when one of its operations is refused.

use crate::block::{Before, CheckedBlock};
use crate::loaded::Loaded;
use crate::tree::StateTree;
use crate::verbs;
use hefu_proof::derived::Halt;
use hefu_types::block::{block_id, BlockEntry, Refusal};
use hefu_types::canonical;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::{
    self, AgencyLeaf, ClockLeaf, CoverageLeaf, DigestLeaf, Holder, KeyLeaf, KeyRole, Leaf,
    MemberLeaf, RulesLeaf, SetCurrentLeaf,
};
use hefu_types::merkle;
use hefu_types::numbering::NumberingLeaf;
use hefu_types::operation::Operation;
use hefu_types::record::{EncodedRecord, Event, Record, RECORD_BYTES_MAX};
use hefu_types::statement::{CheckedStatement, Mode};
use hefu_types::{
    Code, Digest, EntryIndex, Hash, KeyId, Millis, NetworkDigest, NetworkId, OperationId, StateKey,
    Suite,
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
    /// The agency or member that signs, as the block has left it before this statement.
    agency: Option<&'a AgencyLeaf>,
    member: Option<&'a MemberLeaf>,
    pub(crate) loaded: &'a Loaded,
    pub(crate) network: NetworkDigest,
    /// What proofs of possession name.
    pub(crate) network_id: NetworkId,
    pub(crate) height: u64,
    /// The version of the rules in force.
    pub(crate) rules_version: u32,
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
#[derive(Clone, Default)]
pub struct Working {
    records: BTreeMap<StateKey, (Record, EncodedRecord)>,
    digests: BTreeMap<Digest, DigestLeaf>,
    members: BTreeMap<String, MemberLeaf>,
    numberings: BTreeMap<StateKey, NumberingLeaf>,
    coverage: BTreeMap<StateKey, CoverageLeaf>,
    /// Whatever acts of governance write.
    leaves: BTreeMap<StateKey, Vec<u8>>,
    /// How many compromises were declared.
    compromises: u64,
    /// How often the council was given other seats.
    councils: u64,
    /// What stood where an attempt has written, in its order; none while nothing is attempted.
    undo: Option<Vec<Overwritten>>,
}

/// What stood where an act of governance has written.
#[derive(Clone)]
enum Overwritten {
    Leaf(StateKey, Option<Vec<u8>>),
    Member(String, Option<MemberLeaf>),
}

impl Working {
    /// Takes what a layer above it wrote.
    fn absorb(&mut self, layer: &mut Self) {
        self.records.append(&mut layer.records);
        self.digests.append(&mut layer.digests);
        self.members.append(&mut layer.members);
        self.numberings.append(&mut layer.numberings);
        self.coverage.append(&mut layer.coverage);
        self.leaves.append(&mut layer.leaves);
        self.compromises += layer.compromises;
        self.councils += layer.councils;
    }
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
        let id = leaf.id.clone();
        let before = self.working.members.insert(id.clone(), leaf);
        if let Some(undo) = &mut self.working.undo {
            undo.push(Overwritten::Member(id, before));
        }
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

    /// A leaf that acts of governance read and write, as the block has left it.
    pub(crate) fn leaf<L: Leaf>(&self, key: &StateKey) -> Option<L> {
        let below = || self.below.and_then(|below| below.leaves.get(key));
        let written = (self.working.leaves.get(key)).or_else(below);
        let bytes = written.map(Vec::as_slice);
        L::from_bytes(bytes.or_else(|| self.loaded.leaf(key))?).ok()
    }

    /// Writes such a leaf.
    pub(crate) fn write_leaf<L: Leaf>(&mut self, key: StateKey, leaf: &L) {
        let before = self.working.leaves.insert(key, leaf.to_bytes());
        if let Some(undo) = &mut self.working.undo {
            undo.push(Overwritten::Leaf(key, before));
        }
    }

    fn written<L: Leaf>(&self, key: &StateKey) -> Option<L> {
        let below = || self.below.and_then(|below| below.leaves.get(key));
        let written = (self.working.leaves.get(key)).or_else(below)?;
        L::from_bytes(written).ok()
    }

    /// An agency, as the block has left it.
    pub(crate) fn agency(&self, id: &str) -> Option<AgencyLeaf> {
        let written = self.written(&key::agency(self.suite, id));
        written.or_else(|| self.loaded.agency(id).cloned())
    }

    /// A public key, as the block has left it.
    pub(crate) fn key(&self, id: &KeyId) -> Option<KeyLeaf> {
        let written = self.written(&key::public_key(self.suite, id));
        written.or_else(|| self.loaded.key(id).cloned())
    }

    /// Counts a declared compromise.
    pub(crate) fn count_compromise(&mut self) {
        self.working.compromises += 1;
    }

    /// Counts a change of the council.
    pub(crate) fn count_council(&mut self) {
        self.working.councils += 1;
    }

    /// The council's epoch.
    pub(crate) fn council_epoch(&self) -> u64 {
        let below = self.below.map_or(0, |below| below.councils);
        self.loaded.clock().council_epoch + below + self.working.councils
    }

    /// Does all of what is asked, or none of it. What it overwrites is kept for as long, so that an act
    /// costs what it writes, however much its block has written before.
    pub(crate) fn attempt(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let counts = (self.working.compromises, self.working.councils);
        let outer = self.working.undo.replace(Vec::new());
        assert!(outer.is_none(), "no attempt is made within another");
        let done = act(self);
        let overwritten = self.working.undo.take().unwrap_or_default();
        if done.is_err() {
            for before in overwritten.into_iter().rev() {
                match before {
                    Overwritten::Leaf(key, before) => {
                        put_back(&mut self.working.leaves, key, before)
                    }
                    Overwritten::Member(id, before) => {
                        put_back(&mut self.working.members, id, before);
                    }
                }
            }
            (self.working.compromises, self.working.councils) = counts;
        }
        done
    }

    /// Writes the leaf of a rendition.
    pub(crate) fn write_digest(&mut self, digest: Digest, leaf: DigestLeaf) {
        self.working.digests.insert(digest, leaf);
    }
}

fn put_back<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, before: Option<V>) {
    match before {
        Some(before) => drop(map.insert(key, before)),
        None => drop(map.remove(&key)),
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
    let mut clock = next_clock(loaded.clock(), header.time);
    let now = Now {
        height: header.height,
        time: header.time,
        rules_version: loaded.rules().at(header.height),
    };
    let mut working = Working::default();
    begin_rules(suite, loaded.rules(), now.height, &mut working);
    let mut outcomes = Vec::with_capacity(block.statements().len());
    let mut refusals = Vec::new();
    let mut index = 0_u32;
    for statement in block.statements() {
        let of_statement = execute_statement(network, statement, now, &clock, loaded, &mut working);
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
    clock.compromise_counter += working.compromises;
    clock.council_epoch += working.councils;
    let carried = header.carried.as_ref().map(|carried| carried.height);
    hand_over_to_next_set(suite, loaded.current(), carried, now.height, &mut working);
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
        rules_version: now.rules_version,
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

/// The block that is executed.
#[derive(Clone, Copy)]
struct Now {
    height: u64,
    time: Millis,
    rules_version: u32,
}

/// A version of the rules comes into force with the block of its height.
fn begin_rules(suite: Suite, rules: &RulesLeaf, height: u64, working: &mut Working) {
    if rules.at(height) != rules.version {
        let leaf = RulesLeaf {
            version: rules.at(height),
            next: None,
            operation: rules.operation,
        };
        working.leaves.insert(key::rules(suite), leaf.to_bytes());
    }
}

/// The set that waits comes into force after the first block that carries the quorum of the set before
/// over a checkpoint that shows it: whoever has that block can prove the handover, whoever stops then.
fn hand_over_to_next_set(
    suite: Suite,
    current: &SetCurrentLeaf,
    carried: Option<u64>,
    height: u64,
    working: &mut Working,
) {
    let shown = current.waiting_since.zip(carried);
    if shown.is_some_and(|(since, carried)| carried >= since) {
        let next = SetCurrentLeaf {
            epoch: current.epoch + 1,
            first_height: height + 1,
            waiting_since: None,
        };
        working
            .leaves
            .insert(key::set_current(suite), next.to_bytes());
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
    now: Now,
    clock: &ClockLeaf,
    loaded: &Loaded,
    working: &mut Working,
) -> Vec<Outcome> {
    let suite = network.suite();
    let mut nothing = Working::default();
    // Who signs is as the statements before left him.
    let (key, agency, member) = {
        let before = Ledger {
            suite,
            loaded,
            below: Some(&*working),
            working: &mut nothing,
        };
        let key = before
            .key(&statement.key_id())
            .expect("a valid block's keys are loaded");
        let (agency, member) = match &key.holder {
            Holder::Agency(id) => (before.agency(id), None),
            Holder::Member(id) => (None, before.member(id).cloned()),
            _ => (None, None),
        };
        (key, agency, member)
    };
    let refused = refused_signer(statement, &key, now.time);
    let atomic = statement.payload().mode == Mode::Atomic;
    let mut layer = Working::default();
    let mut outcomes = Vec::with_capacity(statement.operations().len());
    for (index, operation) in (0_u32..).zip(statement.operations()) {
        let context = Context {
            suite,
            block_time: now.time,
            operation: statement.operation_id(suite, index),
            key: &key,
            agency: agency.as_ref(),
            member: member.as_ref(),
            loaded,
            network: network.digest(),
            network_id: network.genesis().network_id,
            height: now.height,
            rules_version: now.rules_version,
            halt: clock.last_halt,
            compromise_counter: clock.compromise_counter + working.compromises + layer.compromises,
        };
        let done = if let Some(refused) = &refused {
            Err(refused.clone())
        } else {
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
        };
        outcomes.push(match done {
            Ok(()) => Outcome::Accepted,
            Err(refused) => Outcome::Refused(refused),
        });
    }
    if atomic && outcomes.iter().all(|outcome| *outcome == Outcome::Accepted) {
        working.absorb(&mut layer);
    } else if atomic {
        // All or none: what was accepted before its sibling failed is refused with it.
        for outcome in outcomes.iter_mut().filter(|o| **o == Outcome::Accepted) {
            *outcome = Outcome::Refused(Refused::new(Code::SiblingRefused));
        }
    }
    outcomes
}

/// Why nothing of a statement is done, whatever it asks: its key ended in this block, or is another's.
fn refused_signer(statement: &CheckedStatement, key: &KeyLeaf, now: Millis) -> Option<Refused> {
    if statement.issuer() != key.holder.id() {
        let detail = "the issuer is not the holder of the key";
        return Some(Refused::saying(Code::NotEntitled, detail));
    }
    (!key.signs_at(now)).then(|| Refused::new(Code::KeyNotValid))
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
        Operation::Suspend(it) => verbs::suspend::suspend(context, it, ledger),
        Operation::Resume(it) => verbs::suspend::resume(context, it, ledger),
        Operation::Annul(it) => verbs::suspend::annul(context, it, ledger),
        Operation::Renew(it) => verbs::renew::apply(context, it, ledger),
        Operation::TransferOut(it) => verbs::transfer::out(context, it, ledger),
        Operation::TransferIn(it) => verbs::transfer::take_in(context, it, ledger),
        Operation::CancelTransfer(it) => verbs::transfer::cancel(context, it, ledger),
        Operation::Lend(it) => verbs::lend::apply(context, it, ledger),
        Operation::Govern(it) => verbs::council::apply(context, it, ledger),
        Operation::AdmitAgency(it) => verbs::agency::admit(context, it, ledger),
        Operation::ChangeAgency(it) => verbs::agency::change(context, it, ledger),
        Operation::AdmitMember(it) => verbs::registrar::admit_member(context, it, ledger),
        Operation::SetRegistrar(it) => verbs::registrar::set(context, it, ledger),
        Operation::SetStanding(it) => verbs::standing::set(context, it, ledger),
        Operation::AddKey(it) => verbs::keys::add(context, it, ledger),
        Operation::RetireKey(it) => verbs::keys::retire(context, it, ledger),
        Operation::ConfirmKey(it) => verbs::keys::confirm(context, it, ledger),
        Operation::DeclareCompromise(it) => verbs::keys::compromise(context, it, ledger),
        Operation::Recognise(it) => verbs::recognise::apply(context, it, ledger),
    }
}

/// The agency that signs, if it is one and active.
pub(crate) fn signing_agency<'a>(context: &Context<'a>) -> Result<&'a AgencyLeaf, Refused> {
    let Holder::Agency(_) = &context.key.holder else {
        let detail = "only an agency does this";
        return Err(Refused::saying(Code::NotEntitled, detail));
    };
    let agency = (context.agency).ok_or_else(|| Refused::new(Code::NotEntitled))?;
    check_works(context.key)?;
    if agency.standing.is_active() {
        Ok(agency)
    } else {
        Err(Refused::new(Code::HolderNotActive))
    }
}

/// The member that signs, if it is one and active.
pub(crate) fn signing_member<'a>(context: &Context<'a>) -> Result<&'a MemberLeaf, Refused> {
    let Holder::Member(_) = &context.key.holder else {
        let detail = "only a member does this";
        return Err(Refused::saying(Code::NotEntitled, detail));
    };
    let member = (context.member).ok_or_else(|| Refused::new(Code::NotEntitled))?;
    check_works(context.key)?;
    if member.standing.is_active() {
        Ok(member)
    } else {
        Err(Refused::new(Code::HolderNotActive))
    }
}

/// A key that manages keys does nothing else.
pub(crate) fn check_works(key: &KeyLeaf) -> Result<(), Refused> {
    match key.role {
        KeyRole::Operational => Ok(()),
        KeyRole::Management => Err(Refused::new(Code::WrongKeyRole)),
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
    for (key, bytes) in working.leaves {
        leaf(key, bytes);
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
