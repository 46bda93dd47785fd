//! Agencies and members: what they ask for, on purpose also what cannot be, and what they were
//! promised.
//!
//! A client believes a receipt that verifies and nothing else. What it believed once is demanded at
//! the end of the run.

use super::parties::{Signer, SUITE};
use super::world::{Event, World, MS, SECOND};
use hefu_node::admission::{admit, Admitted};
use hefu_node::prove;
use hefu_proof::Receipt;
use hefu_state::Outcome;
use hefu_store::{OperationPosition, StatementPosition};
use hefu_types::operation::{
    Amount, Cancel, Claim, Consume, Lock, Operation, Register, Reverse, Revoke, UseRight,
};
use hefu_types::profile::{Identity, Profile};
use hefu_types::statement::{Mode, Statement};
use hefu_types::{
    key, Blinding, Digest, EntryIndex, FactRoot, Millis, Nonce, StateKey, StatementId,
};
use rand::rngs::StdRng;
use rand::Rng;

/// There are so few numbers and files that they meet.
const NUMBERS: u32 = 40;
const SHARED_FILES: u32 = 6;

/// A statement that somebody sent.
pub(super) struct Sent {
    pub statement: Statement,
    pub id: StatementId,
    pub operations: usize,
    pub valid_until: Millis,
    /// What its sender was told and believes, once it is final.
    pub promised: Option<Promised>,
}

/// What a client was told of a statement, with proof for all that was done.
pub(super) struct Promised {
    pub entry: EntryIndex,
    pub height: u64,
    pub outcomes: Vec<Outcome>,
    pub receipts: Vec<Receipt>,
}

pub(super) struct Clients {
    pub sent: Vec<Sent>,
    pause: u64,
    nonce: u128,
    receipts: u64,
}

impl Clients {
    pub fn draw(rng: &mut StdRng) -> Self {
        Self {
            sent: Vec::new(),
            pause: [300 * MS, 1_000 * MS, 4_000 * MS][rng.gen_range(0..3)],
            nonce: 0,
            receipts: 0,
        }
    }

    pub fn made(&self) -> u64 {
        self.sent.len() as u64
    }

    pub fn acknowledged(&self) -> u64 {
        self.receipts
    }

    /// A statement that is neither final nor out of its time.
    pub fn unsettled(&self, world: &World) -> Option<String> {
        for sent in self.sent.iter().filter(|sent| sent.promised.is_none()) {
            for at in world.recovering() {
                let running = world.nodes[at].running.as_ref()?;
                let executed = running.shared.store.statement(&sent.id).ok().flatten();
                let over = running.shared.head().before.time > sent.valid_until;
                if executed.is_some() || !over {
                    return Some(format!("the statement {} is not final", sent.id));
                }
            }
        }
        None
    }
}

fn identity(document_type: &str, number: u32) -> Identity {
    Identity {
        legal_issuer: document_type.to_uppercase(),
        class: document_type.to_owned(),
        number: format!("N-{number}"),
        ..Identity::default()
    }
}

fn record(document_type: &str, number: u32) -> StateKey {
    let identity = identity(document_type, number);
    let number = Profile::Generic.check(&identity);
    key::record(SUITE, &number.expect("it fits the profile"))
}

fn file(document_type: &str, number: u32, version: u32) -> Digest {
    SUITE.document_digest(format!("{document_type} {number} {version}").as_bytes())
}

impl World {
    fn register(&mut self, document_type: &str) -> Operation {
        let number = self.rng.gen_range(0..NUMBERS);
        // Mostly the same document again; sometimes another under its number, or a file that
        // stands under several.
        let version = [0, 0, 0, 0, 0, 1, 2][self.rng.gen_range(0..7)];
        let mut digests = vec![file(document_type, number, version)];
        if self.rng.gen_bool(0.2) {
            let shared = self.rng.gen_range(0..SHARED_FILES);
            digests.push(file("shared", shared, 0));
        }
        digests.sort_unstable();
        let invoice = document_type == "invoice";
        // Versions 0 and 1 state the same facts.
        let facts = file(document_type, number, version / 2);
        Operation::Register(Register {
            document_type: document_type.to_owned(),
            region: "north".to_owned(),
            identity: identity(document_type, number),
            digests,
            fact_root: Some(FactRoot(facts.0)),
            valid_from: None,
            valid_until: None,
            use_right: invoice.then_some(UseRight::FirstMember),
            total: invoice.then(|| Amount {
                currency: "CNY".to_owned(),
                minor_units: i64::from(number),
            }),
            blinding: Blinding([3; 16]),
            issued_offline_at: None,
            open_facts: Vec::new(),
        })
    }

    /// One operation of an agency.
    fn operation(&mut self, invoices: bool) -> Operation {
        let number = self.rng.gen_range(0..NUMBERS);
        match (self.rng.gen_range(0..10), invoices) {
            (0, true) => Operation::Cancel(Cancel {
                record: record("invoice", number),
                reason: "error".to_owned(),
            }),
            (1, true) => Operation::Reverse(Reverse {
                record: record("invoice", number),
                minor_units: None,
                credit_note: None,
                reason: "return".to_owned(),
                blinding: Blinding([5; 16]),
            }),
            (0, false) => Operation::Revoke(Revoke {
                record: record("licence", number),
                reason: "fraud".to_owned(),
                effective_at: None,
            }),
            (_, true) => self.register("invoice"),
            (_, false) => self.register("licence"),
        }
    }

    fn sign(&mut self, signer: impl Fn(&World) -> &Signer, operations: &[Operation]) -> usize {
        self.clients.nonce += 1;
        // Some live as long as they may, some are over before they can be executed.
        let life = [1_500, 5_000, 20_000, 60_000, 120_000][self.rng.gen_range(0..5)];
        let valid_until = self.time().plus(life);
        let mode = if self.rng.gen_bool(0.3) {
            Mode::Atomic
        } else {
            Mode::Each
        };
        let network = &self.parties.network;
        let signer = signer(self);
        let statement = Statement::sign(
            SUITE,
            network.digest(),
            network.origin(),
            &signer.key,
            &signer.id,
            Nonce(self.clients.nonce.to_be_bytes()),
            valid_until,
            mode,
            operations,
        );
        let read = statement.clone().read(SUITE, &network.digest());
        let id = read.expect("it is well formed").claimed_id();
        self.clients.sent.push(Sent {
            statement,
            id,
            operations: operations.len(),
            valid_until,
            promised: None,
        });
        self.clients.sent.len() - 1
    }

    /// A client does something.
    pub fn clients_act(&mut self) {
        if self.calm {
            return;
        }
        let after = self
            .rng
            .gen_range(self.clients.pause / 4..self.clients.pause * 2);
        self.after(after, Event::Clients);
        match self.rng.gen_range(0..10) {
            0..=5 => {
                let agency = self.rng.gen_range(0..2);
                let count = self.rng.gen_range(1..5);
                let operations: Vec<_> = (0..count).map(|_| self.operation(agency == 0)).collect();
                let sent = self.sign(|world| &world.parties.agencies[agency], &operations);
                self.submit_to_some(sent);
            }
            6..=7 => self.use_twice(),
            _ if self.clients.sent.is_empty() => {}
            _ => {
                // Again, also long after its outcome.
                let recent = self.clients.sent.len().saturating_sub(20);
                let again = self.rng.gen_range(recent..self.clients.sent.len());
                self.submit_to_some(again);
            }
        }
    }

    /// Two members use or lock one invoice for one purpose at one time, at two nodes.
    fn use_twice(&mut self) {
        let number = self.rng.gen_range(0..NUMBERS);
        let purpose = ["finance", "reimburse"][self.rng.gen_range(0..2)];
        let claim = Claim::whole(purpose, file("invoice", number, 0));
        let (record, blinding) = (record("invoice", number), Blinding([4; 16]));
        let consume = if self.rng.gen_bool(0.3) {
            Operation::Lock(Lock {
                record,
                claim,
                for_ms: Some(self.rng.gen_range(1_000..60_000)),
                blinding,
            })
        } else {
            Operation::Consume(Consume {
                record,
                claim,
                lock: None,
                blinding,
            })
        };
        let first = self.rng.gen_range(0..3);
        for member in [first, (first + 1) % 3] {
            let operations = [consume.clone()];
            let sent = self.sign(|world| &world.parties.members[member], &operations);
            self.submit_to_some(sent);
        }
    }

    fn submit_to_some(&mut self, sent: usize) {
        let nodes = if self.rng.gen_bool(0.2) { 3 } else { 1 };
        for _ in 0..nodes {
            let at = self.rng.gen_range(0..self.nodes.len());
            self.submit(at, sent);
        }
    }

    /// As `POST /v1/statements` of a node.
    fn submit(&mut self, at: usize, sent: usize) {
        let Sent { statement, id, .. } = &self.clients.sent[sent];
        let (statement, id) = (statement.clone(), *id);
        let mut answer = None;
        self.touch(at, |running, _| {
            answer = Some(admit(&running.shared, statement));
            if let Some(Ok(Admitted::Waiting { new: true, .. })) = &answer {
                let statement = running.shared.pool().find(&id).cloned();
                if let Some(statement) = statement {
                    running.gossip.broadcast_statement(statement.statement());
                    running.engine.work_arrived();
                }
            }
            Ok(())
        });
        let said = match &answer {
            None => "nobody there".to_owned(),
            Some(Ok(Admitted::Waiting { new, .. })) => format!("waits, new: {new}"),
            Some(Ok(Admitted::Executed { position, .. })) => {
                format!("executed as entry {}", position.entry)
            }
            Some(Err(error)) => error.to_string(),
        };
        self.note(format_args!("statement {sent} to {at}: {said}"));
        if let Some(Ok(Admitted::Executed { position, .. })) = answer {
            self.compare_answer(at, sent, position);
        }
    }

    /// Sent again, a statement is answered as it was the first time.
    fn compare_answer(&mut self, at: usize, sent: usize, position: StatementPosition) {
        let Some(promised) = &self.clients.sent[sent].promised else {
            return;
        };
        let (first, now) = (
            (promised.entry, promised.height),
            (position.entry, position.height),
        );
        if first != now && self.nodes[at].liar.is_none() {
            self.find(format!(
                "node {at} answers {now:?} for statement {sent}, it was {first:?}"
            ));
        }
    }

    /// Clients ask what became of what they sent, and send again what a node does not know.
    pub fn clients_poll(&mut self) {
        self.after(SECOND, Event::Poll);
        for sent in 0..self.clients.sent.len() {
            if self.clients.sent[sent].promised.is_some() {
                continue;
            }
            let at = self.rng.gen_range(0..self.nodes.len());
            if self.nodes[at].running.is_none() || self.nodes[at].liar.is_some() {
                continue;
            }
            match self.progress(at, sent) {
                Ok(Some(promised)) => {
                    self.note(format_args!(
                        "statement {sent} is final at {}",
                        promised.height
                    ));
                    self.clients.receipts += promised.receipts.len() as u64;
                    self.clients.sent[sent].promised = Some(promised);
                }
                Ok(None) => {
                    let waits = self.nodes[at].running.as_ref().is_some_and(|running| {
                        let id = &self.clients.sent[sent].id;
                        running.shared.pool().find(id).is_some()
                    });
                    if !waits && self.clients.sent[sent].valid_until > self.time() {
                        self.submit(at, sent);
                    }
                }
                Err(what) => self.find(what),
            }
        }
    }

    /// What a node says of a statement, with receipts that verify.
    fn progress(&self, at: usize, sent: usize) -> Result<Option<Promised>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("node {at} cannot answer: {error}");
        let Some(running) = &self.nodes[at].running else {
            return Ok(None);
        };
        let shared = &running.shared;
        let sent = &self.clients.sent[sent];
        let position = shared
            .store
            .statement(&sent.id)
            .map_err(|error| failed(&error))?;
        let Some(StatementPosition { entry, height, .. }) = position else {
            return Ok(None);
        };
        let Some(published) = shared.published() else {
            return Ok(None);
        };
        if height > published.signed.checkpoint.height {
            return Ok(None);
        }
        let outcomes = shared
            .store
            .outcomes(entry)
            .map_err(|error| failed(&error))?;
        let outcomes = outcomes.unwrap_or_default();
        if outcomes.len() != sent.operations {
            return Err(format!(
                "node {at} has {} outcomes of {}",
                outcomes.len(),
                sent.id
            ));
        }
        let mut receipts = Vec::new();
        for (outcome, index) in outcomes.iter().zip(0_u32..) {
            if *outcome != Outcome::Accepted {
                continue;
            }
            let position = OperationPosition { entry, index };
            let receipt = prove::receipt(shared, &published, position);
            let receipt = receipt.map_err(|error| failed(&error))?;
            let Some(receipt) = receipt else {
                return Err(format!(
                    "node {at} has no receipt of operation {index} of {}",
                    sent.id
                ));
            };
            let verified = receipt.verify(&self.parties.network);
            verified.map_err(|error| format!("a receipt of node {at} does not verify: {error}"))?;
            receipts.push(receipt);
        }
        Ok(Some(Promised {
            entry,
            height,
            outcomes,
            receipts,
        }))
    }
}
