//! A node over a [`World`] for tests of commands that sign. What a statement does is the test's own
//! function; everything else is answered out of the world, with proofs.

use super::{serve_posts, World, SUITE};
use crate::cli::Cli;
use crate::failure::Failure;
use crate::keys::Key;
use crate::say::Report;
use crate::send::Signed;
use clap::Parser;
use hefu_proof::bundle::ReceiptBundle;
use hefu_proof::certificate::Value;
use hefu_proof::receipt::{ProvenOperation, Receipt};
use hefu_types::leaf::{DigestLeaf, Leaf};
use hefu_types::operation::Operation;
use hefu_types::record::{Event, PastStatus};
use hefu_types::statement::Statement;
use hefu_types::{canonical, key, Code, Digest, EntryIndex, OperationId, StateKey};
use hefu_wire::{OutcomeAnswer, Problem, StatementAnswer, StatementState};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// A world that answers.
pub(crate) struct Live {
    folder: tempfile::TempDir,
    node: Arc<Mutex<Node>>,
}

/// What stands behind the address.
pub(crate) struct Node {
    pub world: World,
    /// All operations that came, in their order.
    pub came: Vec<Operation>,
    /// What left records.
    pub history: BTreeMap<StateKey, Vec<PastStatus>>,
    receipts: BTreeMap<OperationId, Receipt>,
    rules: Rules,
}

type Rules = Box<dyn Fn(&mut World, &Operation, &Event) -> Result<(), Code> + Send>;

impl Live {
    /// Begins to answer. The receipts are those of the world's registrations.
    pub(crate) fn start(
        world: World,
        receipts: &[Receipt],
        rules: impl Fn(&mut World, &Operation, &Event) -> Result<(), Code> + Send + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, key) in [
            ("agency.json", &world.agency),
            ("buyer.json", &world.buyer),
            ("other.json", &world.other),
        ] {
            let bytes = serde_json::to_vec(&key.file).expect("plain JSON");
            std::fs::write(folder.path().join(name), bytes).expect("written");
        }
        let by_id = |receipt: &Receipt| {
            let verified = receipt.verify(&world.network).expect("it holds");
            (verified.operation_id(), receipt.clone())
        };
        let node = Node {
            receipts: receipts.iter().map(by_id).collect(),
            world,
            came: Vec::new(),
            history: BTreeMap::new(),
            rules: Box::new(rules),
        };
        let node = Arc::new(Mutex::new(node));
        let answers = Arc::clone(&node);
        let address = serve_posts(move |path, body| {
            let mut node = answers.lock().expect("no test panics in a node");
            node.answer(path, body)
        });
        let live = Self { folder, node };
        live.node()
            .world
            .network_file(live.folder.path(), &[&address]);
        live
    }

    /// A world with the sample invoice, its file `1017.xml` and its receipt, whose node does whatever is
    /// asked and notes it in the record.
    pub(crate) fn obedient() -> (Self, StateKey) {
        let mut world = World::new();
        let file = super::sample("invoices/ubl-guangzhou-1017.xml");
        let receipt = world.register("invoice", &file);
        let record = world.planned("invoice", &file).record;
        let live = Self::start(
            world,
            std::slice::from_ref(&receipt),
            |world, operation, event| {
                if let Some(record) = operation.record() {
                    world.change(record, |public| public.noted = Some(event.clone()));
                }
                Ok(())
            },
        );
        live.write("1017.xml", &file);
        live.write("1017.xml.receipt", &receipt.encode());
        (live, record)
    }

    /// The node, to look at or to change.
    pub(crate) fn node(&self) -> MutexGuard<'_, Node> {
        self.node.lock().expect("no test panics in a node")
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the folder.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("written");
    }

    /// Types a command, with `@name` for a file of the folder and the network file added.
    pub(crate) fn run(&self, typed: &str) -> Result<Report, Failure> {
        let named = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => word.to_owned(),
        };
        let network = ["--network", "@network.json", "--timeout", "3s"];
        let words = ["hefu"].into_iter().chain(typed.split_whitespace());
        let words: Vec<String> = words.chain(network).map(named).collect();
        let cli = Cli::try_parse_from(&words).expect("it can be typed");
        crate::run(&cli)
    }
}

impl Node {
    fn answer(&mut self, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["v1", "statements"] => (200, self.take(body)),
            ["v1", "statements", _, "receipts"] => (200, self.no_receipts_at_once(query)),
            ["v1", "operations", id, "receipt"] => {
                let id = id.parse().expect("an operation");
                match self.receipts.get(&id) {
                    Some(receipt) => (200, receipt.encode()),
                    None => not_found(),
                }
            }
            ["v1", "records"] => {
                let keys: Vec<StateKey> = canonical::decode(body, 64 * 1024).expect("keys");
                let keys = [keys, vec![key::clock(SUITE)]].concat();
                (200, self.world.certificate(&keys, crate::now()).encode())
            }
            ["v1", "records", key] => self.certificate(key.parse().expect("a key"), query),
            ["v1", "records", key, "history"] => {
                let key = key.parse().expect("a key");
                match self.history.get(&key) {
                    Some(history) => (200, canonical::encode(history)),
                    None => not_found(),
                }
            }
            ["v1", "digests", digest] => {
                let digest: Digest = digest.parse().expect("a digest");
                self.certificate(key::digest(SUITE, &digest), query)
            }
            ["v1", "leaf", key] => self.certificate(key.parse().expect("a key"), ""),
            ["v1", "numberings", key] => self.certificate(key.parse().expect("a key"), ""),
            ["v1", "coverage", of_type, region, agency] => {
                self.certificate(key::coverage(SUITE, of_type, region, agency), "")
            }
            _ => not_found(),
        }
    }

    /// What stands under a key, with a digest its record, with a copy its licence, and the rule of a
    /// region that is asked for.
    fn certificate(&self, at: StateKey, query: &str) -> (u16, Vec<u8>) {
        let mut keys = vec![at, key::agency(SUITE, "gd-tax"), key::clock(SUITE)];
        let mut record = at;
        if let Some(Value::Leaf(bytes)) = self.world.values.get(&at) {
            if let Ok(leaf) = DigestLeaf::from_bytes(bytes) {
                record = leaf.record;
                keys.push(record);
            }
        }
        if let Some(Value::Record(public, _)) = self.world.values.get(&record) {
            keys.extend(public.copy.as_ref().map(|terms| terms.of));
            let of = |name: &str| {
                let mut parts = query.split('&').filter_map(|part| part.split_once('='));
                parts
                    .find(|(asked, _)| *asked == name)
                    .map(|(_, value)| value)
            };
            keys.extend(of("member").map(|member| key::member(SUITE, member)));
            let region = of("region");
            let rule = region.filter(|region| *region != public.region);
            keys.extend(rule.map(|region| {
                key::recognition(SUITE, region, &public.document_type, &public.region)
            }));
        }
        (200, self.world.certificate(&keys, crate::now()).encode())
    }

    /// Executes a statement.
    fn take(&mut self, body: &[u8]) -> Vec<u8> {
        let signed = Signed::decode(&self.world.network, body).expect("a statement");
        self.world.height += 1;
        let mut outcomes = Vec::new();
        for (index, operation) in signed.operations.iter().enumerate() {
            let event = Event {
                operation: signed.operation_id(index),
                key_id: self.signer(&signed.issuer).file.key_id,
                block_time: crate::now(),
                compromise_counter: 0,
            };
            self.came.push(operation.clone());
            outcomes.push(match (self.rules)(&mut self.world, operation, &event) {
                Ok(()) => OutcomeAnswer::Accepted,
                Err(code) => OutcomeAnswer::Refused {
                    code: code.number(),
                    sentence: code.sentence_en().to_owned(),
                    sentence_zh: code.sentence_zh().to_owned(),
                    evidence: None,
                    detail: None,
                },
            });
        }
        for (index, outcome) in outcomes.iter().enumerate() {
            if let (OutcomeAnswer::Accepted, Some(receipt)) =
                (outcome, self.receipt(&signed, index))
            {
                self.receipts.insert(signed.operation_id(index), receipt);
            }
        }
        let answer = StatementAnswer {
            statement: signed.id,
            state: StatementState::Final,
            height: Some(self.world.height),
            entry: Some(EntryIndex(0)),
            outcomes,
        };
        serde_json::to_vec(&answer).expect("plain JSON")
    }

    fn signer(&self, issuer: &str) -> &Key {
        let World {
            agency,
            buyer,
            other,
            ..
        } = &self.world;
        let found = [agency, buyer, other]
            .into_iter()
            .find(|key| key.file.holder == issuer);
        found.expect("a holder of this world")
    }

    /// The receipt of an operation on one record, as the world is now.
    fn receipt(&self, signed: &Signed, index: usize) -> Option<Receipt> {
        let operation = &signed.operations[index];
        let record = match operation {
            Operation::Register(register) => {
                let digest = register.digests.first()?;
                match self.world.values.get(&key::digest(SUITE, digest)) {
                    Some(Value::Leaf(bytes)) => DigestLeaf::from_bytes(bytes).ok()?.record,
                    _ => return None,
                }
            }
            Operation::Lend(lend) => key::copy(SUITE, &lend.record, &lend.terms.number),
            other => *other.record()?,
        };
        let holder = self.signer(&signed.issuer);
        let mut keys = vec![
            record,
            key::agency(SUITE, "gd-tax"),
            key::public_key(SUITE, &holder.file.key_id),
        ];
        if let Operation::Lend(lend) = operation {
            keys.push(lend.record);
        }
        if holder.file.holder != "gd-tax" {
            keys.push(key::member(SUITE, &holder.file.holder));
        }
        keys.extend(operation.digests().iter().map(|it| key::digest(SUITE, it)));
        let statement = Statement::decode(&signed.bytes).expect("just read");
        let leaves = (signed.operations.iter()).map(|it| SUITE.log_leaf(&it.encode()));
        let tree = hefu_proof::log::ListTree::new(SUITE, leaves.collect());
        let cose = statement.cose();
        let (certificate, entry_index, entry_path) = self.world.logged(cose, &keys, crate::now());
        Some(Receipt {
            certificate,
            operation: ProvenOperation {
                operation: operation.encode().into(),
                index: u32::try_from(index).expect("few"),
                path: tree.path(index),
                cose: cose.to_vec().into(),
                entry_index,
                entry_path,
            },
            opened: None,
            disclosed: None,
        })
    }

    /// A bundle without receipts: each is asked for by itself then.
    fn no_receipts_at_once(&self, query: &str) -> Vec<u8> {
        let count = query
            .rsplit('=')
            .next()
            .and_then(|count| count.parse().ok());
        let certificate = self.world.certificate(&[], crate::now());
        let bundle = ReceiptBundle {
            format: 0,
            network: certificate.network,
            checkpoint: certificate.checkpoint,
            handovers: Vec::new(),
            leaves: Vec::new(),
            cose: Vec::new().into(),
            entry_index: EntryIndex(0),
            entry_path: Vec::new(),
            own: vec![None; count.unwrap_or(0)],
        };
        bundle.encode()
    }
}

fn not_found() -> (u16, Vec<u8>) {
    let problem = Problem::new(404, Code::NotFound, None);
    (404, serde_json::to_vec(&problem).expect("plain JSON"))
}
