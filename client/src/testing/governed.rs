//! A network with a council of three seats, of which two sign, and a registrar, for tests of commands
//! that write leaves. Its node obeys no rules: it writes what it is asked to, unless the test says no.

use super::{proven, serve_posts, World, SUITE};
use crate::cli::Cli;
use crate::failure::Failure;
use crate::say::Report;
use crate::send::Signed;
use clap::Parser;
use hefu_types::genesis::{Registrar, Seat};
use hefu_types::leaf::{
    ActionLeaf, AgencyLeaf, Holder, KeyLeaf, KeyRole, Leaf, MemberLeaf, RecognitionLeaf,
    RegistrarLeaf, Standing,
};
use hefu_types::operation::Operation;
use hefu_types::profile::is_credit_code;
use hefu_types::{
    canonical, key, Code, EntryIndex, KeyId, Millis, OperationId, PublicKey, StateKey,
};
use hefu_wire::file::KeyRole as FileRole;
use hefu_wire::{KeyFile, OutcomeAnswer, Problem, StatementAnswer, StatementState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

type Refuses = Box<dyn Fn(&Operation) -> Option<Code> + Send>;

/// The network and its folder of files.
pub(crate) struct Governed {
    folder: tempfile::TempDir,
    node: Arc<Mutex<Node>>,
}

pub(crate) struct Node {
    pub world: World,
    /// All statements that came, as their operations.
    pub came: Vec<Vec<Operation>>,
    /// What it says no to.
    pub refuses: Refuses,
}

/// The code that begins so.
pub(crate) fn credit_code(first: &str) -> String {
    let letters = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars();
    let codes = letters.map(|letter| format!("{first}{letter}"));
    codes
        .into_iter()
        .find(|code| is_credit_code(code))
        .expect("17 characters")
}

impl Governed {
    pub(crate) fn start() -> Self {
        let world = World::with(|genesis| {
            genesis.council.threshold = 2;
            genesis.council.seats = ["s-1", "s-2", "s-3"]
                .map(|name| Seat {
                    name: name.into(),
                    key: proven("council", name, name),
                })
                .into();
            genesis.registrars = vec![Registrar {
                id: "r-gd".into(),
                region: "guangdong".into(),
                key: proven("registrar", "r-gd", "r-gd"),
            }];
        });
        let node = Node {
            world,
            came: Vec::new(),
            refuses: Box::new(|_| None),
        };
        let node = Arc::new(Mutex::new(node));
        let answers = Arc::clone(&node);
        let address = serve_posts(move |path, body| {
            let mut node = answers.lock().expect("no test panics in a node");
            node.answer(path, body)
        });
        let folder = tempfile::tempdir().expect("a folder");
        let governed = Self { folder, node };
        governed
            .node()
            .world
            .network_file(governed.folder.path(), &[&address]);
        for (role, holder) in [
            (FileRole::Council, "s-1"),
            (FileRole::Council, "s-2"),
            (FileRole::Council, "s-3"),
            (FileRole::Council, "stranger"),
            (FileRole::Registrar, "r-gd"),
            (FileRole::Agency, "gd-tax"),
        ] {
            let file = KeyFile::new(role, holder, SUITE, super::seed(holder));
            governed.write_json(&format!("{holder}.json"), &file);
        }
        governed
    }

    pub(crate) fn node(&self) -> MutexGuard<'_, Node> {
        self.node.lock().expect("no test panics in a node")
    }

    /// Changes a leaf of the world.
    pub(crate) fn change<L: Leaf>(&self, at: StateKey, change: impl FnOnce(&mut L)) {
        let mut node = self.node();
        let mut leaf: L = node.leaf(&at).expect("it is there");
        change(&mut leaf);
        node.world.put(at, &leaf);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("written");
    }

    pub(crate) fn write_json(&self, name: &str, value: &impl serde::Serialize) {
        self.write(name, &serde_json::to_vec(value).expect("plain JSON"));
    }

    pub(crate) fn read_json(&self, name: &str) -> serde_json::Value {
        let bytes = std::fs::read(self.path(name)).expect("there");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Types a command in English, with `@name` for a file of the folder.
    pub(crate) fn run(&self, typed: &str) -> Result<Report, Failure> {
        self.run_in("en", typed)
    }

    pub(crate) fn run_in(&self, lang: &str, typed: &str) -> Result<Report, Failure> {
        let named = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => word.to_owned(),
        };
        let shared = ["--lang", lang, "--timeout", "3s"];
        let words = ["hefu"].into_iter().chain(typed.split_whitespace());
        let words = words.chain(["--network", "@network.json"]).chain(shared);
        let words: Vec<String> = words.map(named).collect();
        let cli = Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{error}"));
        crate::run(&cli)
    }

    /// What a command says that is done or refused.
    #[track_caller]
    pub(crate) fn told(&self, typed: &str) -> Report {
        self.run(typed)
            .unwrap_or_else(|failure| panic!("{typed}: {failure} {:?}", failure.detail()))
    }

    /// What a command fails with.
    #[track_caller]
    pub(crate) fn fails(&self, typed: &str) -> String {
        match self.run(typed) {
            Ok(report) => panic!("{typed} was done: {}", report.text),
            Err(failure) => {
                let detail = failure.detail().unwrap_or_default();
                format!("{} {detail}", failure.sentence().en)
            }
        }
    }

    /// Makes the key file and the request of an agency of Guangdong.
    pub(crate) fn agency_request(&self, id: &str, uscc: &str, of_type: &str) {
        let file = KeyFile::new(FileRole::Agency, id, SUITE, super::seed(id));
        self.write_json(&format!("{id}.key"), &file);
        self.told(&format!(
            "agency request --id {id} --name Hospital-{id} --region guangdong --contact 020-1 --uscc {uscc} \
             --type {of_type} --legal-basis list-1 --key @{id}.key --out @{id}.request"
        ));
    }
}

impl Node {
    pub(crate) fn leaf<L: Leaf>(&self, at: &StateKey) -> Option<L> {
        match self.world.values.get(at) {
            Some(super::Value::Leaf(bytes)) => L::from_bytes(bytes).ok(),
            _ => None,
        }
    }

    pub(crate) fn key(&self, id: &KeyId) -> Option<KeyLeaf> {
        self.leaf(&key::public_key(SUITE, id))
    }

    fn answer(&mut self, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let path = path.split('?').next().unwrap_or_default();
        match path {
            "/v1/records" => {
                let keys: Vec<StateKey> = canonical::decode(body, 1 << 20).expect("keys");
                let certificate = self.world.certificate(&keys, crate::now());
                (200, certificate.encode())
            }
            "/v1/statements" => (200, self.take(body)),
            _ => {
                let problem = Problem::new(404, Code::NotFound, None);
                (404, serde_json::to_vec(&problem).expect("plain JSON"))
            }
        }
    }

    fn take(&mut self, body: &[u8]) -> Vec<u8> {
        let signed = Signed::decode(&self.world.network, body).expect("a statement");
        self.world.height += 1;
        let mut outcomes = Vec::new();
        for (index, operation) in signed.operations.iter().enumerate() {
            outcomes.push(match (self.refuses)(operation) {
                None => {
                    self.execute(operation, &signed.issuer, signed.operation_id(index));
                    OutcomeAnswer::Accepted
                }
                Some(code) => OutcomeAnswer::Refused {
                    code: code.number(),
                    sentence: code.sentence_en().to_owned(),
                    sentence_zh: code.sentence_zh().to_owned(),
                    evidence: None,
                    detail: None,
                },
            });
        }
        self.came.push(signed.operations.clone());
        let answer = StatementAnswer {
            statement: signed.id,
            state: StatementState::Final,
            height: Some(self.world.height),
            entry: Some(EntryIndex(0)),
            outcomes,
        };
        serde_json::to_vec(&answer).expect("plain JSON")
    }

    /// Writes the leaf that the operation is about.
    fn execute(&mut self, operation: &Operation, issuer: &str, id: OperationId) {
        match operation {
            Operation::AdmitAgency(admit) => {
                let terms = &admit.agency;
                let holder = Holder::Agency(terms.id.clone());
                self.add_key(
                    &admit.key.key,
                    holder.clone(),
                    KeyRole::Operational,
                    admit.key_valid_before,
                    id,
                );
                if let Some(key) = &admit.management_key {
                    self.add_key(
                        &key.key,
                        holder,
                        KeyRole::Management,
                        admit.key_valid_before,
                        id,
                    );
                }
                let leaf = AgencyLeaf {
                    id: terms.id.clone(),
                    name: terms.name.clone(),
                    region: terms.region.clone(),
                    contact: terms.contact.clone(),
                    standing: Standing::Active,
                    entitlements: terms.entitlements.clone(),
                    operation: id,
                    identifier: terms.identifier.clone(),
                    registrar: Some(issuer.to_owned()),
                };
                self.world.put(key::agency(SUITE, &terms.id), &leaf);
            }
            Operation::ChangeAgency(change) => {
                let terms = &change.agency;
                let at = key::agency(SUITE, &terms.id);
                let before: AgencyLeaf = self.leaf(&at).expect("it is there");
                let leaf = AgencyLeaf {
                    name: terms.name.clone(),
                    contact: terms.contact.clone(),
                    entitlements: terms.entitlements.clone(),
                    identifier: terms.identifier.clone(),
                    operation: id,
                    ..before
                };
                self.world.put(at, &leaf);
            }
            Operation::AdmitMember(admit) => {
                let holder = Holder::Member(admit.id.clone());
                self.add_key(
                    &admit.key.key,
                    holder,
                    KeyRole::Operational,
                    admit.key_valid_before,
                    id,
                );
                let leaf = MemberLeaf {
                    id: admit.id.clone(),
                    region: admit.region.clone(),
                    identifier: admit.identifier,
                    standing: Standing::Active,
                    operation: id,
                    locks: None,
                };
                self.world.put(key::member(SUITE, &admit.id), &leaf);
            }
            Operation::SetRegistrar(set) => {
                if let Some(key) = &set.key {
                    let holder = Holder::Registrar(set.id.clone());
                    self.add_key(&key.key, holder, KeyRole::Operational, Millis(u64::MAX), id);
                }
                let leaf = RegistrarLeaf {
                    id: set.id.clone(),
                    name: set.name.clone(),
                    region: set.region.clone(),
                    parent: Some(issuer.to_owned()),
                    rights: set.rights.clone(),
                    admits_members: set.admits_members,
                    standing: Standing::Active,
                    operation: id,
                };
                self.world.put(key::registrar(SUITE, &set.id), &leaf);
            }
            Operation::SetStanding(set) => {
                let at = key::agency(SUITE, set.of.id());
                if let Some(mut leaf) = self.leaf::<AgencyLeaf>(&at) {
                    (leaf.standing, leaf.operation) = (set.standing, id);
                    self.world.put(at, &leaf);
                }
            }
            Operation::AddKey(add) => {
                self.add_key(
                    &add.key.key,
                    add.holder.clone(),
                    add.role,
                    add.valid_before,
                    id,
                );
            }
            Operation::RetireKey(retire) => {
                self.change_key(&retire.key, id, |leaf| leaf.retired_at = Some(crate::now()));
            }
            Operation::ConfirmKey(confirm) => {
                self.change_key(&confirm.key, id, |leaf| {
                    leaf.confirmed_at = Some(crate::now())
                });
            }
            Operation::DeclareCompromise(declare) => {
                let since = declare.since;
                self.change_key(&declare.key, id, |leaf| {
                    leaf.compromised_since = Some(since)
                });
            }
            Operation::Recognise(recognise) => {
                let rule = recognise.rule.clone();
                let at = key::recognition(SUITE, &rule.by, &rule.document_type, &rule.of);
                let leaf = RecognitionLeaf {
                    rule,
                    operation: id,
                };
                self.world.put(at, &leaf);
            }
            Operation::Govern(govern) => {
                let leaf = ActionLeaf {
                    operation: id,
                    executed_at: crate::now(),
                    action: SUITE.hash(&[&govern.action.encode()]),
                };
                self.world.put(key::action(SUITE, &govern.action.id), &leaf);
            }
            other => panic!("{} writes no leaf here", other.verb()),
        }
    }

    /// Puts a key on the ledger.
    pub(crate) fn add_key(
        &mut self,
        public: &PublicKey,
        holder: Holder,
        role: KeyRole,
        valid_before: Millis,
        operation: OperationId,
    ) {
        let leaf = KeyLeaf {
            key: *public,
            holder,
            valid_from: Millis(1_000),
            valid_before,
            retired_at: None,
            compromised_since: None,
            operation,
            role,
            confirmed_at: None,
        };
        let at = key::public_key(SUITE, &SUITE.key_id(public));
        self.world.put(at, &leaf);
    }

    fn change_key(
        &mut self,
        id: &KeyId,
        operation: OperationId,
        change: impl FnOnce(&mut KeyLeaf),
    ) {
        let mut leaf = self.key(id).expect("it is there");
        change(&mut leaf);
        leaf.operation = operation;
        self.world.put(key::public_key(SUITE, id), &leaf);
    }
}
