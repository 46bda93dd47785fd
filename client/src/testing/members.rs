//! The use of documents in a network in memory: it keeps no rules, a test says what is refused.

use super::{serve_posts, World, SUITE};
use crate::send::Signed;
use hefu_proof::certificate::Value;
use hefu_proof::log::ListTree;
use hefu_proof::receipt::{OpenedItem, ProvenOperation, Receipt};
use hefu_types::leaf::{DigestLeaf, Leaf};
use hefu_types::operation::{Claim, Operation, Share};
use hefu_types::record::{
    AskedClawback, Item, PrivateItem, Side, Span, State, UseItem, UseItemState, UseState,
};
use hefu_types::statement::Statement;
use hefu_types::{
    canonical, key, merkle, Blinding, Code, Digest, Millis, OperationId, PrivateRoot, StateKey,
};
use hefu_wire::{OutcomeAnswer, Problem, StatementAnswer, StatementState};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

/// How long locks last here where they do not say it.
const LOCK_MS: u64 = 24 * Millis::HOUR;

/// A network that executes what members send.
pub(crate) struct Ledger {
    pub world: World,
    /// Statements that were executed, with their outcomes.
    pub statements: Vec<(Vec<u8>, StatementAnswer)>,
    /// What an operation on a digest is refused for.
    pub refusals: BTreeMap<Digest, (Code, Option<OperationId>, Option<String>)>,
    /// Receipts of registrations, which this ledger does not make.
    pub registrations: Vec<Receipt>,
    /// The time of the checkpoint under which receipts are made, where it is not now.
    pub receipts_at: Option<Millis>,
    /// Whether receipts leave out the use that they are of.
    pub hides_uses: bool,
    items: BTreeMap<StateKey, Vec<PrivateItem>>,
}

impl Ledger {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world,
            statements: Vec::new(),
            refusals: BTreeMap::new(),
            registrations: Vec::new(),
            receipts_at: None,
            hides_uses: false,
            items: BTreeMap::new(),
        }
    }

    /// The operations of all statements, in their order.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let network = &self.world.network;
        let signed = self.statements.iter();
        let signed = signed.map(|(bytes, _)| Signed::decode(network, bytes).expect("signed"));
        signed.flat_map(|signed| signed.operations).collect()
    }

    /// Executes a statement, or tells its first outcome.
    pub(crate) fn execute(&mut self, bytes: &[u8]) -> StatementAnswer {
        if let Some((_, answer)) = self.statements.iter().find(|(sent, _)| sent == bytes) {
            return answer.clone();
        }
        let signed = Signed::decode(&self.world.network, bytes).expect("a statement");
        let refusal = |operation: &Operation| self.refusals.get(&claim(operation)?.digest).cloned();
        let refusals: Vec<_> = signed.operations.iter().map(refusal).collect();
        let is_refused = refusals.iter().any(Option::is_some);
        let outcome = |refusal: &Option<(Code, Option<OperationId>, Option<String>)>| {
            let sibling = (Code::SiblingRefused, None, None);
            match is_refused.then(|| refusal.clone().unwrap_or(sibling)) {
                None => OutcomeAnswer::Accepted,
                Some((code, evidence, detail)) => OutcomeAnswer::Refused {
                    code: code.number(),
                    sentence: String::new(),
                    sentence_zh: String::new(),
                    evidence,
                    detail,
                },
            }
        };
        let answer = StatementAnswer {
            statement: signed.id,
            state: StatementState::Final,
            height: None,
            entry: None,
            outcomes: refusals.iter().map(outcome).collect(),
        };
        self.statements.push((bytes.to_vec(), answer.clone()));
        if !is_refused {
            for (index, operation) in signed.operations.iter().enumerate() {
                self.apply(&signed.issuer, operation, signed.operation_id(index));
            }
        }
        answer
    }

    fn apply(&mut self, member: &str, operation: &Operation, id: OperationId) {
        let record = *operation.record().expect("a record");
        let time = crate::now();
        if let Some(unattested) = claim(operation).and_then(|claim| claim.unattested.as_ref()) {
            self.world
                .know(record, operation, id, &unattested.document_type);
        }
        let public = self.world.public(&record);
        let is_unattested = public.status.state == State::Unattested;
        let item = |claim: &Claim, state, lock, consumption| UseItem {
            purpose: claim.purpose.clone(),
            member: member.to_owned(),
            operation: id,
            block_time: time,
            share: match claim.share {
                Share::Whole => None,
                Share::Amount(units) => Some(Span { from: 0, to: units }),
                Share::Units(span) => Some(span),
            },
            state,
            lock,
            consumption,
            taken_back: 0,
            unattested: is_unattested,
            clawback: None,
            agreed: None,
        };
        let items = self.items.entry(record).or_default();
        let mut uses = items
            .iter_mut()
            .filter_map(|private| match &mut private.item {
                Item::Use(item) => Some(item),
                _ => None,
            });
        let new = match operation {
            Operation::Lock(lock) => {
                let until = time.plus(lock.for_ms.unwrap_or(LOCK_MS));
                let state = UseItemState::Locked(until);
                Some((lock.blinding, item(&lock.claim, state, Some(id), None)))
            }
            Operation::Consume(consume) => match consume.lock {
                Some(lock) => {
                    let own = uses.find(|item| item.lock == Some(lock)).expect("the lock");
                    own.state = UseItemState::Consumed;
                    own.consumption = Some(id);
                    own.operation = id;
                    None
                }
                None => {
                    let state = UseItemState::Consumed;
                    Some((
                        consume.blinding,
                        item(&consume.claim, state, None, Some(id)),
                    ))
                }
            },
            Operation::Release(release) => {
                let own = uses
                    .find(|item| item.lock == Some(release.lock))
                    .expect("the lock");
                own.state = UseItemState::Released;
                own.operation = id;
                None
            }
            Operation::Clawback(clawback) => {
                let consumption = Some(clawback.consumption);
                let own = uses
                    .find(|item| item.consumption == consumption)
                    .expect("the use");
                let side = if member == "gd-tax" {
                    Side::Issuer
                } else {
                    Side::User
                };
                match own.clawback.take() {
                    Some(asked) if asked.by != side => {
                        own.state = UseItemState::TakenBack;
                        own.operation = id;
                    }
                    _ => {
                        own.clawback = Some(AskedClawback {
                            by: side,
                            minor_units: clawback.minor_units,
                            operation: id,
                            deadline: time.plus(LOCK_MS),
                        });
                    }
                }
                None
            }
            Operation::HandOver(hand_over) => {
                self.world.change(&record, |public| {
                    public.use_right = Some(hand_over.to.clone());
                    let mut noted = public.registration.clone();
                    noted.operation = id;
                    public.noted = Some(noted);
                });
                None
            }
            other => panic!("{} is no use", other.verb()),
        };
        if let Some((blinding, item)) = new {
            self.items.entry(record).or_default().push(PrivateItem {
                blinding,
                item: Item::Use(item),
            });
        }
        self.tell(&record);
    }

    /// What everybody may know of the uses of a record.
    fn tell(&mut self, record: &StateKey) {
        let items = self.items.get(record).cloned().unwrap_or_default();
        let mut uses: Vec<UseState> = Vec::new();
        for private in &items {
            let Item::Use(item) = &private.item else {
                continue;
            };
            let (consumed_at, locked_until) = match item.state {
                UseItemState::Consumed => (Some(item.block_time), None),
                UseItemState::Locked(until) => (None, Some(until)),
                _ => continue,
            };
            uses.retain(|used| used.purpose != item.purpose);
            uses.push(UseState {
                purpose: item.purpose.clone(),
                consumed_at,
                locked_until,
                whole: item.share.is_none(),
                consumed_whole: item.share.is_none() && consumed_at.is_some(),
                unattested: item.unattested,
            });
        }
        self.world.change(record, |public| public.uses = uses);
        let leaves: Vec<Vec<u8>> = items.iter().map(canonical::encode).collect();
        let root = PrivateRoot(merkle::root(SUITE, &leaves).0);
        if let Some(Value::Record(_, private)) = self.world.values.get_mut(record) {
            *private = root;
        }
    }

    /// The receipt of an operation of a statement that was done, as the record is now.
    pub(crate) fn receipt(&self, id: &OperationId) -> Option<Receipt> {
        let is_done = |answer: &StatementAnswer| {
            let mut outcomes = answer.outcomes.iter();
            outcomes.all(|outcome| matches!(outcome, OutcomeAnswer::Accepted))
        };
        let done = self.statements.iter().filter(|(_, answer)| is_done(answer));
        let network = &self.world.network;
        let mut signed = done.map(|(bytes, _)| Signed::decode(network, bytes).expect("signed"));
        signed.find_map(|signed| {
            let index = (0..signed.operations.len()).find(|at| signed.operation_id(*at) == *id)?;
            self.receipt_at(&signed, index)
        })
    }

    fn receipt_at(&self, signed: &Signed, index: usize) -> Option<Receipt> {
        let statement = Statement::decode(&signed.bytes).expect("signed");
        let (operation, id) = (&signed.operations[index], signed.operation_id(index));
        let record = *operation.record()?;
        let items = self.items.get(&record).cloned().unwrap_or_default();
        let at = items
            .iter()
            .position(|private| matches!(&private.item, Item::Use(item) if item.names(&id)));
        let leaves = |items: &[Vec<u8>]| items.iter().map(|leaf| SUITE.log_leaf(leaf)).collect();
        let opened = at.filter(|_| !self.hides_uses).map(|at| {
            let encoded: Vec<Vec<u8>> = items.iter().map(canonical::encode).collect();
            OpenedItem {
                index: u32::try_from(at).expect("few"),
                count: u32::try_from(items.len()).expect("few"),
                item: items[at].clone(),
                path: ListTree::new(SUITE, leaves(&encoded)).path(at),
            }
        });
        if opened.is_none() && !self.world.public(&record).names(&id) {
            return None;
        }
        let operations: Vec<Vec<u8>> = signed.operations.iter().map(Operation::encode).collect();
        let world = &self.world;
        let signer = [&world.agency, &world.buyer, &world.other]
            .into_iter()
            .find(|key| key.file.holder == signed.issuer)?;
        let holder = &signer.file.holder;
        let keys = [
            record,
            key::agency(SUITE, "gd-tax"),
            key::member(SUITE, holder),
            key::public_key(SUITE, &signer.file.key_id),
        ];
        let at = self.receipts_at.unwrap_or_else(crate::now);
        let (certificate, entry_index, entry_path) = world.logged(statement.cose(), &keys, at);
        Some(Receipt {
            certificate,
            operation: ProvenOperation {
                operation: operations[index].clone().into(),
                index: u32::try_from(index).expect("few"),
                path: ListTree::new(SUITE, leaves(&operations)).path(index),
                cose: statement.cose().to_vec().into(),
                entry_index,
                entry_path,
            },
            opened,
            disclosed: None,
        })
    }

    fn answer(&mut self, asked: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let json = |answer: &StatementAnswer| serde_json::to_vec(answer).expect("plain JSON");
        if !body.is_empty() {
            return (200, json(&self.execute(body)));
        }
        let absent = || {
            let problem = Problem::new(404, Code::NotFound, None);
            (404, serde_json::to_vec(&problem).expect("plain JSON"))
        };
        let plain = asked.split('?').next().unwrap_or(asked);
        let words: Vec<&str> = plain.split('/').collect();
        let certificate =
            |keys: &[StateKey]| (200, self.world.certificate(keys, crate::now()).encode());
        match words.as_slice() {
            ["", "v1", "statements", id] => {
                let mut sent = self.statements.iter();
                let found = sent.find(|(_, answer)| answer.statement.to_string() == *id);
                found.map_or_else(absent, |(_, answer)| (200, json(answer)))
            }
            ["", "v1", "operations", id, "receipt"] => {
                let network = &self.world.network;
                let is_it = |receipt: &&Receipt| {
                    let verified = receipt.verify(network).expect("it holds");
                    verified.operation_id().to_string() == *id
                };
                let made = id.parse().ok().and_then(|id| self.receipt(&id));
                let receipt = made.or_else(|| self.registrations.iter().find(is_it).cloned());
                receipt.map_or_else(absent, |receipt| (200, receipt.encode()))
            }
            ["", "v1", "records", record] => {
                let record: StateKey = record.parse().expect("a key");
                certificate(&[
                    record,
                    key::agency(SUITE, "gd-tax"),
                    key::clock(SUITE),
                    key::member(SUITE, "m-buyer"),
                ])
            }
            ["", "v1", "digests", digest] => {
                let at = key::digest(SUITE, &digest.parse().expect("a digest"));
                let leaf = match self.world.values.get(&at) {
                    Some(Value::Leaf(bytes)) => DigestLeaf::from_bytes(bytes).ok(),
                    _ => None,
                };
                let record = leaf.map(|leaf| leaf.record);
                let keys = [at, key::clock(SUITE)].into_iter().chain(record);
                let keys: Vec<StateKey> = keys.collect();
                certificate(&keys)
            }
            _ => absent(),
        }
    }
}

fn claim(operation: &Operation) -> Option<&Claim> {
    crate::uses::pending::claim_of(operation)
}

/// A ledger and the address at which it is asked.
pub(crate) struct Served {
    ledger: Arc<Mutex<Ledger>>,
    pub url: String,
}

impl Ledger {
    pub(crate) fn served(self) -> Served {
        let ledger = Arc::new(Mutex::new(self));
        let own = Arc::clone(&ledger);
        let answer =
            move |asked: &str, body: &[u8]| own.lock().expect("no test failed").answer(asked, body);
        Served {
            ledger,
            url: serve_posts(answer),
        }
    }
}

impl Served {
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no test failed")
    }

    pub(crate) fn network_file(&self, folder: &Path) -> std::path::PathBuf {
        self.ledger().world.network_file(folder, &[&self.url])
    }
}

impl World {
    /// The public part of a record that is there.
    pub(crate) fn public(&self, record: &StateKey) -> &hefu_types::record::PublicPart {
        match self.values.get(record) {
            Some(Value::Record(public, _)) => public,
            _ => panic!("no such record"),
        }
    }

    /// Writes a document that the ledger hears of by its use, where it does not know it.
    fn know(
        &mut self,
        record: StateKey,
        operation: &Operation,
        id: OperationId,
        document_type: &str,
    ) {
        if self.values.contains_key(&record) {
            return;
        }
        let template = self.values.values().find_map(|value| match value {
            Value::Record(public, root) => Some((public.clone(), *root)),
            _ => None,
        });
        let (mut public, root) = template.expect("some document is registered");
        let digest = claim(operation).expect("a claim").digest;
        public.document_type = document_type.to_owned();
        public.agency = String::new();
        public.digests = vec![digest];
        public.fact_root = None;
        public.use_right = None;
        public.status.state = State::Unattested;
        public.registration.operation = id;
        public.uses = Vec::new();
        self.values.insert(record, Value::Record(public, root));
        let leaf = DigestLeaf {
            record,
            operation: id,
            withdrawn: false,
        };
        let at = key::digest(SUITE, &digest);
        self.values.insert(at, Value::Leaf(leaf.to_bytes().into()));
    }
}

/// A blinding that tests need not look at.
pub(crate) const BLINDING: Blinding = Blinding([9; 16]);
