//! A small ledger whose every secret is at hand: what an attacker could at most hold, and the truth against
//! which its proofs are judged. It obeys no rules of documents, only those of proofs.
//!
//! One seed gives one world: two networks of the same validators (so that all of one may be tried in the
//! other), three epochs, statements of several operations, some of them refused, documents with facts,
//! renditions and private items, uses, and a checkpoint after each block.

use hefu_proof::certificate::{ProvenLeaf, StatusCertificate, Value};
use hefu_proof::checkpoint::{Checkpoint, LogSignature, SignedCheckpoint};
use hefu_proof::fact::{self, OpenFact};
use hefu_proof::log::{self, ListTree};
use hefu_proof::receipt::{Disclosed, OpenedItem, ProvenOperation, Receipt};
use hefu_proof::Handover;
use hefu_state::StateTree;
use hefu_types::block::{BlockEntry, MemberCosignature};
use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey, Region, Seat,
};
use hefu_types::leaf::{
    self, genesis_operation, ClockLeaf, DigestLeaf, Entitlement, Kind, Leaf, PurposeRules, SetLeaf,
    TypeRules, Validator,
};
use hefu_types::operation::{
    operation_id, Amount, Cancel, Claim, Consume, Lock, Operation, Register, UseRight,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::record::{
    Event, Item, PrivateItem, PublicPart, State, Status, UseItem, UseItemState,
};
use hefu_types::statement::{Mode, SignedHeader, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{
    canonical, key, merkle, Blinding, BlockId, Digest, EntryIndex, Hash, Millis, NetworkId, Nonce,
    OperationId, PrivateRoot, Salt, StateKey, Suite, TreeSize,
};
use rand::seq::SliceRandom;
use rand::{rngs::StdRng, Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// The suite of all worlds.
pub const SUITE: Suite = Suite::Sha256Ed25519;
/// The agencies of each network.
const AGENCIES: [&str; 2] = ["gd-tax", "zj-tax"];
/// Its members.
const MEMBERS: [&str; 2] = ["m-one", "m-two"];

/// Log and state after a block, whole.
#[derive(Clone)]
pub struct Moment {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The state tree.
    pub tree: StateTree,
    /// What stands under its keys.
    pub values: BTreeMap<StateKey, Value>,
    /// The private items of its records.
    pub items: BTreeMap<StateKey, Vec<PrivateItem>>,
}

/// An operation that was signed and stands in the log.
#[derive(Clone)]
pub struct Done {
    /// Its identity.
    pub id: OperationId,
    /// The operation.
    pub operation: Operation,
    /// The record that it is about.
    pub record: StateKey,
    /// The statement that it is in, by its place among all statements.
    pub statement: usize,
    /// Its place in the statement.
    pub index: u32,
    /// The moment from which on it is executed.
    pub since: usize,
    /// Whether it was done; else it was refused.
    pub accepted: bool,
    /// Who signed: agency or member.
    pub holder: String,
}

/// A statement in the log.
#[derive(Clone)]
pub struct Signed {
    /// Its COSE_Sign1.
    pub cose: Vec<u8>,
    /// Its operations.
    pub operations: Vec<Vec<u8>>,
    /// Its place in the log.
    pub entry: u64,
}

/// A ledger of one network.
pub struct Ledger {
    /// The network.
    pub network: Network,
    /// After genesis and after each block.
    pub moments: Vec<Moment>,
    /// All operations in their order.
    pub operations: Vec<Done>,
    /// All statements in their order.
    pub statements: Vec<Signed>,
    /// The bytes of all entries of the log.
    pub entries: Vec<Vec<u8>>,
    /// The facts of each document.
    pub facts: BTreeMap<StateKey, Vec<OpenFact>>,
    /// The salt of each commitment to a named member.
    pub salts: BTreeMap<StateKey, Salt>,
    /// The validator set of each epoch that began.
    pub sets: Vec<SetLeaf>,
    /// From each epoch to the next.
    pub chain: Vec<Handover>,
    /// The checkpoint of each moment, signed: what most proofs carry.
    signed: Vec<SignedCheckpoint>,
    /// The log of each moment, and the operations of each statement.
    logs: Vec<ListTree>,
    lists: Vec<ListTree>,
}

/// Two ledgers of the same validators.
pub struct World {
    /// The one whose proofs are attacked.
    pub here: Ledger,
    /// Another network.
    pub there: Ledger,
}

impl World {
    /// The world of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let validators = *[4, 4, 5, 7].choose(&mut rng).expect("a choice");
        let mut ledger = |id: u8| Ledger::new(NetworkId([id; 16]), validators, &mut rng);
        let here = ledger(1);
        Self {
            here,
            there: ledger(2),
        }
    }
}

/// The secret key of a holder in a role: of the same name, the same in both networks.
pub fn secret(role: &str, holder: &str) -> SecretKey {
    thread_local! {
        // Making a key costs as much as signing.
        static MADE: RefCell<HashMap<(String, String), SecretKey>> = RefCell::default();
    }
    MADE.with_borrow_mut(|made| {
        let key = made.entry((role.to_owned(), holder.to_owned()));
        let make = || {
            let seed = SUITE.hash(&[b"attack", role.as_bytes(), holder.as_bytes()]);
            SecretKey::from_seed(SUITE, &seed.0)
        };
        key.or_insert_with(make).clone()
    })
}

/// The role of an agency's or a member's key.
pub fn role_of(holder: &str) -> &'static str {
    if MEMBERS.contains(&holder) {
        "member"
    } else {
        "agency"
    }
}

fn validator(name: &str) -> Validator {
    let key = |role| secret(role, name).public_key();
    Validator {
        name: name.to_owned(),
        region: "guangdong".into(),
        consensus_key: key("consensus"),
        checkpoint_key: key("checkpoint"),
        log_key: key("log"),
        peer_key: key("peer"),
        addresses: None,
    }
}

/// What stands under a key as it is hashed.
pub fn value_hash(value: &Value) -> Option<Hash> {
    match value {
        Value::Absent => None,
        Value::Record(public, root) => Some(public.value_hash(SUITE, root)),
        Value::Leaf(bytes) => Some(leaf::value_hash(SUITE, bytes)),
    }
}

/// The root over private items.
pub fn private_root(items: &[PrivateItem]) -> PrivateRoot {
    let leaves: Vec<Vec<u8>> = items.iter().map(canonical::encode).collect();
    PrivateRoot(merkle::root(SUITE, &leaves).0)
}

/// The genesis of a network of so many validators.
pub fn genesis(id: NetworkId, validators: usize) -> Genesis {
    let proven = |role: &str, holder: &str| {
        let secret = secret(role, holder);
        ProvenKey {
            key: secret.public_key(),
            proof: secret.prove_possession(&id, role, holder),
        }
    };
    let region = |id: &str| Region {
        id: id.into(),
        name_zh: id.into(),
        name_en: id.into(),
    };
    let names = (0..validators).map(|n| format!("v{n}"));
    let validators = names.map(|name| GenesisValidator {
        region: "guangdong".into(),
        consensus: proven("consensus", &name),
        checkpoint: proven("checkpoint", &name),
        log: proven("log", &name),
        peer: proven("peer", &name),
        name,
    });
    let entitlement = |document_type: &str, prefix: &str| Entitlement {
        document_type: document_type.into(),
        region: "guangdong".into(),
        issuer_prefixes: vec![prefix.into()],
        legal_basis: "test".into(),
        part: Default::default(),
    };
    let agencies = AGENCIES.iter().enumerate().map(|(at, name)| Agency {
        id: (*name).into(),
        name: (*name).into(),
        region: "guangdong".into(),
        contact: "counter 1".into(),
        key: proven("agency", name),
        entitlements: vec![
            entitlement("invoice", &format!("9144{at}")),
            entitlement("licence", &format!("1152{at}")),
        ],
        key_valid_before: Millis(u64::MAX),
    });
    let members = MEMBERS.iter().map(|name| Member {
        id: (*name).into(),
        region: "guangdong".into(),
        identifier: SUITE.hash(&[name.as_bytes()]),
        key: proven("member", name),
        key_valid_before: Millis(u64::MAX),
    });
    let mut invoice = TypeRules::new("invoice", Kind::Invoice, "generic");
    invoice.purposes = vec![PurposeRules::new("reimburse"), PurposeRules::new("book")];
    invoice.first_member = true;
    Genesis {
        format: 0,
        rules_version: 1,
        network_id: id,
        name: "attack.hefu.example".into(),
        suite: SUITE.name().into(),
        time: Millis(1_700_000_000_000),
        heartbeat_ms: 10_000,
        regions: vec![region("guangdong"), region("zhejiang")],
        validators: validators.collect(),
        council: Council {
            threshold: 1,
            seats: vec![Seat {
                name: "seat".into(),
                key: proven("council", "seat"),
            }],
        },
        registrars: Vec::new(),
        agencies: agencies.collect(),
        members: members.collect(),
        types: vec![invoice, TypeRules::new("licence", Kind::Licence, "generic")],
        recognition: Vec::new(),
    }
}

/// An operation that is to be signed, with what it makes of the ledger if it is done.
struct Wish {
    operation: Operation,
    record: StateKey,
    accepted: bool,
}

impl Ledger {
    fn new(id: NetworkId, validators: usize, rng: &mut StdRng) -> Self {
        let network = Network::new(genesis(id, validators)).expect("a genesis");
        let leaves = network.leaves().into_iter();
        let values: BTreeMap<StateKey, Value> = leaves
            .map(|(key, bytes)| (key, Value::Leaf(bytes.into())))
            .collect();
        let hashes = values
            .iter()
            .filter_map(|(key, value)| Some((*key, value_hash(value)?)));
        let tree = StateTree::from_leaves(SUITE, hashes);
        let checkpoint = Checkpoint::genesis(&network, tree.root());
        let mut ledger = Self {
            sets: vec![network.first_set()],
            network,
            moments: vec![Moment {
                checkpoint,
                tree,
                values,
                items: BTreeMap::new(),
            }],
            operations: Vec::new(),
            statements: Vec::new(),
            entries: Vec::new(),
            facts: BTreeMap::new(),
            salts: BTreeMap::new(),
            chain: Vec::new(),
            signed: Vec::new(),
            logs: Vec::new(),
            lists: Vec::new(),
        };
        ledger.live(rng);
        ledger.remember(rng);
        ledger
    }

    /// What is asked for again and again.
    fn remember(&mut self, rng: &mut StdRng) {
        let tree = |leaves: &[Vec<u8>]| {
            let leaves = leaves.iter().map(|leaf| SUITE.log_leaf(leaf));
            ListTree::new(SUITE, leaves.collect())
        };
        let sizes = (self.moments.iter()).map(|m| m.checkpoint.size.0 as usize);
        self.logs = sizes.map(|size| tree(&self.entries[..size])).collect();
        let lists = self.statements.iter().map(|s| tree(&s.operations));
        self.lists = lists.collect();
        self.signed = (0..self.moments.len())
            .map(|at| self.sign_anew(at, rng))
            .collect();
    }

    /// A dozen blocks.
    fn live(&mut self, rng: &mut StdRng) {
        for epoch in 0..3 {
            for _ in 0..2 {
                let registrations = self.registrations(rng);
                self.block(rng, registrations, None);
                let acts = self.acts(rng);
                self.block(rng, acts, None);
            }
            if epoch < 2 {
                // One leaves, another comes.
                let mut next = self.sets[epoch].clone();
                next.epoch += 1;
                let leaves = rng.gen_range(0..next.validators.len());
                next.validators[leaves] = validator(&format!("w{epoch}"));
                next.operation = genesis_operation(SUITE);
                self.block(rng, Vec::new(), Some(next.clone()));
                let written = self.moments.len() - 1;
                let acts = self.acts(rng);
                self.block(rng, acts, None);
                // Either of the two shows the next set.
                let link = self.handover(rng.gen_range(written..=written + 1), rng);
                self.chain.push(link);
                self.sets.push(next);
            }
        }
    }

    /// The last moment.
    pub fn last(&self) -> &Moment {
        &self.moments[self.moments.len() - 1]
    }

    fn registrations(&self, rng: &mut StdRng) -> Vec<(String, Vec<Wish>)> {
        let count = rng.gen_range(1..=2);
        let mut taken: Vec<StateKey> = self.facts.keys().copied().collect();
        let statements = (0..count).map(|_| {
            let agency = rng.gen_range(0..AGENCIES.len());
            let wishes = (0..rng.gen_range(1..=6))
                .map(|_| {
                    let register = register(agency, rng);
                    let profile = Profile::Generic.check(&register.identity);
                    let record = key::record(SUITE, &profile.expect("it fits the profile"));
                    let accepted = !taken.contains(&record);
                    taken.push(record);
                    Wish {
                        operation: Operation::Register(register),
                        record,
                        accepted,
                    }
                })
                .collect();
            (AGENCIES[agency].to_owned(), wishes)
        });
        statements.collect()
    }

    /// Locks, uses and cancellations of what is there; some are refused.
    fn acts(&self, rng: &mut StdRng) -> Vec<(String, Vec<Wish>)> {
        let records: Vec<(&StateKey, &PublicPart)> = (self.last().values.iter())
            .filter_map(|(key, value)| match value {
                Value::Record(public, _) => Some((key, public)),
                _ => None,
            })
            .collect();
        let mut statements: Vec<(String, Vec<Wish>)> = Vec::new();
        for (key, public) in records {
            let blinding = Blinding(rng.gen());
            let claim = Claim::whole("reimburse", public.digests[0]);
            let (holder, operation) = match rng.gen_range(0..6) {
                0 => {
                    let lock = Lock {
                        record: *key,
                        claim,
                        for_ms: None,
                        blinding,
                    };
                    (MEMBERS[rng.gen_range(0..2)], Operation::Lock(lock))
                }
                1 => {
                    let consume = Consume {
                        record: *key,
                        claim,
                        lock: None,
                        blinding,
                    };
                    (MEMBERS[rng.gen_range(0..2)], Operation::Consume(consume))
                }
                2 => {
                    let cancel = Cancel {
                        record: *key,
                        reason: "mistake".into(),
                    };
                    (public.agency.as_str(), Operation::Cancel(cancel))
                }
                _ => continue,
            };
            let wish = Wish {
                operation,
                record: *key,
                accepted: rng.gen_ratio(3, 4),
            };
            match statements.iter_mut().find(|(by, _)| by == holder) {
                Some((_, wishes)) => wishes.push(wish),
                None => statements.push((holder.to_owned(), vec![wish])),
            }
        }
        statements
    }

    /// Executes a block of statements, and writes the next set.
    fn block(
        &mut self,
        rng: &mut StdRng,
        statements: Vec<(String, Vec<Wish>)>,
        next: Option<SetLeaf>,
    ) {
        let mut moment = self.last().clone();
        let before = moment.checkpoint.clone();
        let (height, since) = (before.height + 1, self.moments.len());
        let time = before.time.plus(rng.gen_range(1_000..60_000));
        let first_index = EntryIndex(self.entries.len() as u64);
        let mut operation_count = 0;
        let mut written: Vec<(StateKey, Value)> = Vec::new();
        let statement_count = statements.len() as u32;
        for (holder, wishes) in statements {
            let operations: Vec<Operation> = wishes.iter().map(|w| w.operation.clone()).collect();
            operation_count += operations.len() as u32;
            let signer = secret(role_of(&holder), &holder);
            let statement = Statement::sign(
                SUITE,
                self.network.digest(),
                self.network.origin(),
                &signer,
                &holder,
                Nonce(rng.gen()),
                time.plus(1_000),
                Mode::Each,
                &operations,
            );
            let header = SignedHeader::read(SUITE, &self.network.digest(), statement.cose());
            let identity = header.expect("it was just signed").id;
            for (index, wish) in wishes.into_iter().enumerate() {
                let index = index as u32;
                let done = Done {
                    id: operation_id(SUITE, &identity, index),
                    operation: wish.operation,
                    record: wish.record,
                    statement: self.statements.len(),
                    index,
                    since,
                    accepted: wish.accepted,
                    holder: holder.clone(),
                };
                if done.accepted {
                    let event = Event {
                        operation: done.id,
                        key_id: signer.key_id(),
                        block_time: time,
                        compromise_counter: 0,
                    };
                    self.execute(&mut moment, &done, event, rng, &mut written);
                }
                self.operations.push(done);
            }
            self.statements.push(Signed {
                cose: statement.cose().to_vec(),
                operations: operations.iter().map(Operation::encode).collect(),
                entry: self.entries.len() as u64,
            });
            self.entries.push(statement.cose().to_vec());
        }
        if let Some(set) = next {
            let value = Value::Leaf(set.to_bytes().into());
            written.push((key::set(SUITE, set.epoch), value));
        }
        let clock = ClockLeaf {
            block_time: time,
            last_halt: None,
            compromise_counter: 0,
            council_epoch: 0,
        };
        written.push((key::clock(SUITE), Value::Leaf(clock.to_bytes().into())));
        moment.values.extend(written);
        let hashes = moment
            .values
            .iter()
            .filter_map(|(key, value)| Some((*key, value_hash(value)?)));
        moment.tree = StateTree::from_leaves(SUITE, hashes);
        let entry = BlockEntry {
            height,
            time,
            rules_version: 1,
            epoch: self.sets.len() as u64 - 1,
            state_root: moment.tree.root(),
            compromise_counter: 0,
            block_id: BlockId(rng.gen()),
            first_index,
            statement_count,
            operation_count,
            refusals_root: SUITE.log_empty(),
            previous_checkpoint: before.text_hash(SUITE, self.network.origin()),
        };
        self.entries.push(entry.encode());
        let log_root = merkle::root(SUITE, &self.entries);
        moment.checkpoint = Checkpoint::of_block(&entry, log_root);
        self.moments.push(moment);
    }

    fn execute(
        &mut self,
        moment: &mut Moment,
        done: &Done,
        event: Event,
        rng: &mut StdRng,
        written: &mut Vec<(StateKey, Value)>,
    ) {
        let pending = written.iter().rev().find(|(key, _)| *key == done.record);
        let current = pending.map(|(_, value)| value.clone());
        let current = current.or_else(|| moment.values.get(&done.record).cloned());
        let items = moment.items.entry(done.record).or_default();
        let time = event.block_time;
        let mut public = match (&done.operation, current) {
            (Operation::Register(register), _) => {
                let salt = Salt(rng.gen());
                // The facts were chosen by the number, see `register`.
                let facts = facts(&register.identity.number, &done.record);
                self.facts.insert(done.record, facts);
                self.salts.insert(done.record, salt);
                for digest in &register.digests {
                    let leaf = DigestLeaf {
                        record: done.record,
                        operation: done.id,
                        withdrawn: false,
                    };
                    let value = Value::Leaf(leaf.to_bytes().into());
                    written.push((key::digest(SUITE, digest), value));
                }
                if let Some(total) = &register.total {
                    items.push(PrivateItem {
                        blinding: register.blinding,
                        item: Item::Total(total.clone()),
                    });
                }
                PublicPart {
                    digests: register.digests.clone(),
                    fact_root: register.fact_root,
                    use_right: register.use_right.clone(),
                    ..PublicPart::new(
                        &register.document_type,
                        &done.holder,
                        &register.region,
                        &register.identity.legal_issuer,
                        Status::new(State::Issued, time, time),
                        event.clone(),
                    )
                }
            }
            (_, Some(Value::Record(public, _))) => public,
            _ => return,
        };
        let used = |state, lock, consumption, blinding: &Blinding| PrivateItem {
            blinding: *blinding,
            item: Item::Use(UseItem {
                purpose: "reimburse".into(),
                member: done.holder.clone(),
                operation: done.id,
                block_time: time,
                share: None,
                state,
                lock,
                consumption,
                taken_back: 0,
                unattested: false,
                clawback: None,
                agreed: None,
            }),
        };
        match &done.operation {
            Operation::Lock(lock) => {
                items.push(used(
                    UseItemState::Locked(time.plus(3_600_000)),
                    Some(done.id),
                    None,
                    &lock.blinding,
                ));
                // Told twice, as some operations of a real ledger are.
                public.noted = Some(event);
            }
            Operation::Consume(consume) => items.push(used(
                UseItemState::Consumed,
                None,
                Some(done.id),
                &consume.blinding,
            )),
            Operation::Cancel(_) => {
                public.status = Status::new(State::Cancelled, time, time);
                public.status_event = Some(event);
            }
            _ => {}
        }
        public.event_count += 1;
        let value = Value::Record(public, private_root(items));
        written.push((done.record, value));
    }

    /// The set of a moment's epoch.
    pub fn set_at(&self, at: usize) -> &SetLeaf {
        &self.sets[self.moments[at].checkpoint.epoch as usize]
    }

    /// The handovers that lead to a moment's epoch.
    pub fn chain_to(&self, at: usize) -> Vec<Handover> {
        self.chain[..self.moments[at].checkpoint.epoch as usize].to_vec()
    }

    /// The handover that a moment proves: its state holds the set of the next epoch.
    pub fn handover(&self, at: usize, rng: &mut StdRng) -> Handover {
        let moment = &self.moments[at];
        let set = self.set_at(at);
        let checkpoint = moment.checkpoint.clone();
        let text = checkpoint.text(self.network.origin());
        Handover {
            cosignatures: cosigned(&text, set, &quorum_of(set, rng), 1_700_000_100),
            set: self.proven(at, &key::set(SUITE, checkpoint.epoch + 1)),
            checkpoint,
        }
    }

    /// A key with what stands under it and the proof.
    pub fn proven(&self, at: usize, key: &StateKey) -> ProvenLeaf {
        let moment = &self.moments[at];
        ProvenLeaf {
            key: *key,
            value: moment.values.get(key).cloned().unwrap_or(Value::Absent),
            proof: moment.tree.prove(key),
        }
    }

    /// The checkpoint of a moment, cosigned by a quorum: nearly always the same one.
    pub fn signed(&self, at: usize, rng: &mut StdRng) -> SignedCheckpoint {
        match rng.gen_ratio(1, 32) {
            true => self.sign_anew(at, rng),
            false => self.signed[at].clone(),
        }
    }

    fn sign_anew(&self, at: usize, rng: &mut StdRng) -> SignedCheckpoint {
        let set = self.set_at(at);
        let members = quorum_of(set, rng);
        let checkpoint = self.moments[at].checkpoint.clone();
        let seconds = checkpoint.time.0 / 1000 + 1;
        sign(&checkpoint, self.network.origin(), set, &members, seconds)
    }

    /// A certificate of these keys.
    pub fn certificate(&self, at: usize, keys: &[StateKey], rng: &mut StdRng) -> StatusCertificate {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys.dedup();
        StatusCertificate {
            format: 0,
            network: self.network.digest(),
            checkpoint: self.signed(at, rng),
            handovers: self.chain_to(at),
            leaves: keys.iter().map(|key| self.proven(at, key)).collect(),
        }
    }

    /// The keys that a receipt of an operation holds.
    pub fn keys_of(&self, done: &Done) -> Vec<StateKey> {
        let role = role_of(&done.holder);
        let holder = match role {
            "member" => key::member(SUITE, &done.holder),
            _ => key::agency(SUITE, &done.holder),
        };
        let key_id = secret(role, &done.holder).key_id();
        vec![done.record, holder, key::public_key(SUITE, &key_id)]
    }

    /// The operation with its ways into the log of a moment.
    pub fn proven_operation(&self, done: &Done, at: usize) -> ProvenOperation {
        let signed = &self.statements[done.statement];
        ProvenOperation {
            operation: signed.operations[done.index as usize].clone().into(),
            index: done.index,
            path: self.lists[done.statement].path(done.index as usize),
            cose: signed.cose.clone().into(),
            entry_index: EntryIndex(signed.entry),
            entry_path: self.entry_path(signed.entry, at),
        }
    }

    /// The path of an entry in the log of a moment.
    pub fn entry_path(&self, entry: u64, at: usize) -> Vec<Hash> {
        self.logs[at].path(entry as usize)
    }

    /// The path from one size of the log to another.
    pub fn consistency(&self, first: u64, second: u64) -> Vec<Hash> {
        let mut node = |level: u8, index: u64| -> Result<Hash, std::convert::Infallible> {
            let (from, to) = ((index << level) as usize, ((index + 1) << level) as usize);
            Ok(merkle::root(SUITE, &self.entries[from..to]))
        };
        match log::consistency_path(SUITE, TreeSize(first), TreeSize(second), &mut node) {
            Ok(path) => path,
            Err(never) => match never {},
        }
    }

    /// A private item of a record, with its path.
    pub fn opened(&self, at: usize, record: &StateKey, index: usize) -> OpenedItem {
        let items = &self.moments[at].items[record];
        let leaves = items.iter().map(|i| SUITE.log_leaf(&canonical::encode(i)));
        OpenedItem {
            index: index as u32,
            count: items.len() as u32,
            item: items[index].clone(),
            path: ListTree::new(SUITE, leaves.collect()).path(index),
        }
    }

    /// The place of the item that names an operation.
    pub fn item_of(&self, done: &Done, at: usize) -> Option<usize> {
        let items = self.moments[at].items.get(&done.record)?;
        items
            .iter()
            .position(|item| matches!(&item.item, Item::Use(used) if used.names(&done.id)))
    }

    /// The receipt of an operation under a moment's checkpoint, with all that can be disclosed.
    pub fn receipt(&self, done: &Done, at: usize, rng: &mut StdRng) -> Receipt {
        let disclosed = Disclosed {
            facts: fact::all_open(self.facts.get(&done.record).cloned().unwrap_or_default()),
            named_member_salt: self.salts.get(&done.record).copied(),
        };
        let opened = self.item_of(done, at);
        Receipt {
            certificate: self.certificate(at, &self.keys_of(done), rng),
            operation: self.proven_operation(done, at),
            opened: opened.map(|index| self.opened(at, &done.record, index)),
            disclosed: matches!(done.operation, Operation::Register(_)).then_some(disclosed),
        }
    }

    /// The operations that were done and of which a moment's record still tells.
    pub fn provable(&self, at: usize) -> Vec<&Done> {
        let names = |done: &&Done| match self.moments[at].values.get(&done.record) {
            Some(Value::Record(public, _)) if done.accepted => {
                public.names(&done.id) || self.item_of(done, at).is_some()
            }
            _ => false,
        };
        self.operations.iter().filter(names).collect()
    }
}

/// Facts follow from the number, so that they are known before they are registered.
fn facts(number: &str, record: &StateKey) -> Vec<OpenFact> {
    let names = [
        "buyer", "currency", "date", "goods", "seller", "tax", "total",
    ];
    let count = 1 + number.bytes().map(usize::from).sum::<usize>() % names.len();
    let pairs = names[..count].iter().map(|name| (*name, number));
    fact::salted(SUITE, &[9; 32], record, pairs)
}

fn register(agency: usize, rng: &mut StdRng) -> Register {
    let is_invoice = rng.gen_bool(0.7);
    // Few numbers, so that some are registered twice, which is refused.
    let identity = Identity {
        legal_issuer: format!("{}{agency}", if is_invoice { "9144" } else { "1152" }),
        class: String::new(),
        series: String::new(),
        number: format!("N{}", rng.gen_range(0..60)),
        period: String::new(),
    };
    let number = Profile::Generic.check(&identity);
    let record = key::record(SUITE, &number.expect("it fits the profile"));
    let leaves = fact::all_open(facts(&identity.number, &record));
    let mut digests: Vec<Digest> = (0..rng.gen_range(1..=2))
        .map(|_| Digest(rng.gen()))
        .collect();
    digests.sort_unstable();
    Register {
        document_type: if is_invoice { "invoice" } else { "licence" }.into(),
        region: "guangdong".into(),
        identity,
        digests,
        fact_root: fact::root(SUITE, &leaves),
        valid_from: None,
        valid_until: None,
        use_right: is_invoice.then_some(UseRight::FirstMember),
        total: is_invoice.then(|| Amount {
            currency: "CNY".into(),
            minor_units: rng.gen_range(1..1_000_000),
        }),
        blinding: Blinding(rng.gen()),
        issued_offline_at: None,
        open_facts: Vec::new(),
    }
}

/// A random quorum of a set, or a little more, ascending.
pub fn quorum_of(set: &SetLeaf, rng: &mut StdRng) -> Vec<u16> {
    let mut members: Vec<u16> = (0..set.validators.len() as u16).collect();
    members.shuffle(rng);
    members.truncate(rng.gen_range(set.quorum()..=set.validators.len()));
    members.sort_unstable();
    members
}

/// Cosignatures of a text by members of a set, in this order.
pub fn cosigned(
    text: &str,
    set: &SetLeaf,
    members: &[u16],
    seconds: u64,
) -> Vec<MemberCosignature> {
    let cosign = |member: &u16| {
        let name = &set.validators[usize::from(*member)].name;
        MemberCosignature {
            member: *member,
            seconds,
            signature: secret("checkpoint", name).cosign(text, seconds),
        }
    };
    members.iter().map(cosign).collect()
}

/// A checkpoint with the signatures of these members of a set.
pub fn sign(
    checkpoint: &Checkpoint,
    origin: &str,
    set: &SetLeaf,
    members: &[u16],
    seconds: u64,
) -> SignedCheckpoint {
    let text = checkpoint.text(origin);
    let member = members[0];
    let name = &set.validators[usize::from(member)].name;
    SignedCheckpoint {
        checkpoint: checkpoint.clone(),
        log_signature: LogSignature {
            member,
            signature: secret("log", name).sign_note(&text),
        },
        cosignatures: cosigned(&text, set, members, seconds),
    }
}
