//! A network in memory for tests: one validator, one agency, two members, and a state tree that is
//! computed anew for each certificate. It obeys no rules: tests write what stands in it.

mod governed;
mod live;
mod members;

pub(crate) use governed::{credit_code, Governed};
pub(crate) use live::Live;
pub(crate) use members::{Ledger, Served, BLINDING};

use crate::document::Document;
use crate::keys::Key;
use crate::plan::{plan, Asked, Issuer, Planned};
use hefu_proof::certificate::{ProvenLeaf, StatusCertificate, Value};
use hefu_proof::checkpoint::{Checkpoint, LogSignature, SignedCheckpoint};
use hefu_proof::log::ListTree;
use hefu_proof::receipt::{Disclosed, ProvenOperation, Receipt};
use hefu_proof::state_proof::{turns_right, StateProof};
use hefu_types::block::MemberCosignature;
use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey, Region, Seat,
};
use hefu_types::leaf::{value_hash, DigestLeaf, Entitlement, Kind, Leaf, PurposeRules, TypeRules};
use hefu_types::operation::operation_id;
use hefu_types::record::{Event, PublicPart, State, Status};
use hefu_types::statement::{Mode, SignedHeader, Statement};
use hefu_types::suite::SecretKey;
use hefu_types::{
    key, merkle, Blinding, EntryIndex, Hash, Millis, NetworkId, Nonce, PrivateRoot, Salt, StateKey,
    Suite, TreeSize,
};
use hefu_wire::file::KeyRole;
use hefu_wire::{KeyFile, NetworkFile};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

pub(crate) const SUITE: Suite = Suite::Sha256Ed25519;
const NETWORK_ID: NetworkId = NetworkId([7; 16]);
/// The buyer of the sample invoice.
const BUYER: &str = "91520111MAHEFU071J";

pub(crate) struct World {
    pub network: Network,
    pub agency: Key,
    /// The company that the sample invoice names as its buyer.
    pub buyer: Key,
    pub other: Key,
    values: BTreeMap<StateKey, Value>,
    height: u64,
    chain: RefCell<Chain>,
}

/// The log and the last block: one history, as honest validators have it.
#[derive(Default)]
struct Chain {
    /// Of each entry.
    log: Vec<Hash>,
    last: Option<Checkpoint>,
    /// Height and time of the last block.
    before: (u64, Millis),
}

/// When the networks of this run of the tests began.
fn began() -> Millis {
    static BEGAN: std::sync::OnceLock<Millis> = std::sync::OnceLock::new();
    *BEGAN.get_or_init(|| Millis(crate::now().0 - 24 * Millis::HOUR))
}

/// The bytes of a sample.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    std::fs::read(samples.join(name)).expect("the sample is there")
}

fn seed(role: &str) -> [u8; 32] {
    SUITE.hash(&[role.as_bytes()]).0
}

fn proven(role: &str, holder: &str, seed_of: &str) -> ProvenKey {
    let secret = SecretKey::from_seed(SUITE, &seed(seed_of));
    let proof = secret.prove_possession(&NETWORK_ID, role, holder);
    ProvenKey {
        key: secret.public_key(),
        proof,
    }
}

fn key_of(role: KeyRole, holder: &str, identifier: Option<&str>) -> Key {
    let mut file = KeyFile::new(role, holder, SUITE, seed(holder));
    match identifier {
        None => file.fact_secret = Some(Hash(seed("facts"))),
        Some(identifier) => {
            file.identifier = Some(identifier.to_owned());
            file.identifier_salt = Some(Salt([3; 16]));
        }
    }
    let secret = file.secret_key().expect("a key");
    Key { file, secret }
}

pub(crate) fn type_rules(id: &str, kind: Kind, profile: &str) -> TypeRules {
    let is_invoice = kind == Kind::Invoice;
    TypeRules {
        purposes: if is_invoice {
            vec![PurposeRules::new("reimburse")]
        } else {
            Vec::new()
        },
        first_member: is_invoice,
        cancel_window_ms: Millis::HOUR,
        ..TypeRules::new(id, kind, profile)
    }
}

pub(crate) fn entitlement(document_type: &str, region: &str, prefix: &str) -> Entitlement {
    Entitlement {
        document_type: document_type.into(),
        region: region.into(),
        issuer_prefixes: vec![prefix.into()],
        legal_basis: "test".into(),
        part: Default::default(),
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same with other rules of the invoices.
    pub(crate) fn with_types(change: impl FnOnce(&mut TypeRules)) -> Self {
        Self::with(|genesis| change(&mut genesis.types[0]))
    }

    /// A world whose genesis has more than usual.
    pub(crate) fn with(more: impl FnOnce(&mut Genesis)) -> Self {
        let agency = key_of(KeyRole::Agency, "gd-tax", None);
        let buyer = key_of(KeyRole::Member, "m-buyer", Some(BUYER));
        let other = key_of(KeyRole::Member, "m-other", Some("91310000MAHEFU0001"));
        let member = |key: &Key| Member {
            id: key.file.holder.clone(),
            region: "guangdong".into(),
            identifier: key.file.member_commitment().expect("a member"),
            key: proven("member", &key.file.holder, &key.file.holder),
            key_valid_before: Millis(u64::MAX),
        };
        let region = |id: &str| Region {
            id: id.into(),
            name_zh: id.into(),
            name_en: id.into(),
        };
        let mut genesis = Genesis {
            format: 0,
            rules_version: 1,
            network_id: NETWORK_ID,
            name: "test.hefu.example".into(),
            suite: SUITE.name().into(),
            time: began(),
            heartbeat_ms: 10_000,
            regions: vec![region("guangdong"), region("zhejiang")],
            validators: vec![GenesisValidator {
                name: "v".into(),
                region: "guangdong".into(),
                consensus: proven("consensus", "v", "v-consensus"),
                checkpoint: proven("checkpoint", "v", "v-checkpoint"),
                log: proven("log", "v", "v-log"),
                peer: proven("peer", "v", "v-peer"),
            }],
            council: Council {
                threshold: 1,
                seats: vec![Seat {
                    name: "s".into(),
                    key: proven("council", "s", "s"),
                }],
            },
            registrars: Vec::new(),
            agencies: vec![Agency {
                id: "gd-tax".into(),
                name: "Guangdong Tax".into(),
                region: "guangdong".into(),
                contact: "counter 1".into(),
                key: proven("agency", "gd-tax", "gd-tax"),
                entitlements: vec![
                    entitlement("invoice", "guangdong", "9144"),
                    entitlement("licence", "guangdong", "1152"),
                ],
                key_valid_before: Millis(u64::MAX),
            }],
            members: vec![member(&buyer), member(&other)],
            types: vec![
                type_rules("invoice", Kind::Invoice, "eu.en16931"),
                type_rules("licence", Kind::Licence, "generic"),
            ],
            recognition: Vec::new(),
        };
        more(&mut genesis);
        let network = Network::new(genesis).expect("a genesis");
        let values = network
            .leaves()
            .into_iter()
            .map(|(key, bytes)| (key, Value::Leaf(bytes.into())));
        Self {
            values: values.collect(),
            network,
            agency,
            buyer,
            other,
            height: 1,
            chain: RefCell::default(),
        }
    }

    pub(crate) fn issuer(&self) -> Issuer<'_> {
        Issuer {
            suite: SUITE,
            fact_secret: &self.agency.file.fact_secret.as_ref().expect("an agency").0,
            entitlements: &self.network.genesis().agencies[0].entitlements,
        }
    }

    /// What `register` would ask for a file without any option.
    pub(crate) fn asked(&self, document_type: &str) -> Asked<'_> {
        let types = &self.network.genesis().types;
        let rules = types
            .iter()
            .find(|rules| rules.id == document_type)
            .expect("a type");
        Asked {
            rules,
            identity: None,
            region: None,
            use_right: None,
            valid_from: None,
            valid_until: None,
            offline_at: None,
            facts: &[],
        }
    }

    pub(crate) fn planned(&self, document_type: &str, bytes: &[u8]) -> Planned {
        let document = Document::of(bytes, SUITE);
        plan(
            &self.issuer(),
            &self.asked(document_type),
            &[document],
            Blinding([5; 16]),
        )
        .expect("it can be registered")
    }

    /// Writes a document as registered by the agency and makes its receipt.
    pub(crate) fn register(&mut self, document_type: &str, bytes: &[u8]) -> Receipt {
        let planned = self.planned(document_type, bytes);
        let operation = planned.operation();
        let statement = Statement::sign(
            SUITE,
            self.network.digest(),
            self.network.origin(),
            &self.agency.secret,
            &self.agency.file.holder,
            Nonce([1; 16]),
            Millis(2_000),
            Mode::Each,
            std::slice::from_ref(&operation),
        );
        let header = SignedHeader::read(SUITE, &self.network.digest(), statement.cose())
            .expect("just signed");
        let id = operation_id(SUITE, &header.id, 0);
        let register = &planned.register;
        let at = Millis(1_500);
        let record = PublicPart {
            digests: register.digests.clone(),
            fact_root: register.fact_root,
            use_right: register.use_right.clone(),
            open_facts: register.open_facts.clone(),
            ..PublicPart::new(
                document_type,
                "gd-tax",
                &register.region,
                &planned.number.legal_issuer,
                Status::new(State::Issued, at, at),
                Event {
                    operation: id,
                    key_id: self.agency.file.key_id,
                    block_time: at,
                    compromise_counter: 0,
                },
            )
        };
        let root = PrivateRoot(merkle::root::<Vec<u8>>(SUITE, &[]).0);
        self.values
            .insert(planned.record, Value::Record(record, root));
        for digest in &register.digests {
            let leaf = DigestLeaf {
                record: planned.record,
                operation: id,
                withdrawn: false,
            };
            let value = Value::Leaf(leaf.to_bytes().into());
            self.values.insert(key::digest(SUITE, digest), value);
        }
        let keys = [
            planned.record,
            key::agency(SUITE, "gd-tax"),
            key::public_key(SUITE, &self.agency.file.key_id),
        ];
        let (certificate, entry_index, entry_path) =
            self.logged(statement.cose(), &keys, crate::now());
        Receipt {
            certificate,
            operation: ProvenOperation {
                operation: operation.encode().into(),
                index: 0,
                path: Vec::new(),
                cose: statement.cose().to_vec().into(),
                entry_index,
                entry_path,
            },
            opened: None,
            disclosed: Some(Disclosed {
                facts: hefu_proof::fact::all_open(planned.facts),
                named_member_salt: planned.named_member_salt,
            }),
        }
    }

    /// Changes a record, in the next block.
    pub(crate) fn change(&mut self, record: &StateKey, change: impl FnOnce(&mut PublicPart)) {
        self.height += 1;
        match self.values.get_mut(record) {
            Some(Value::Record(public, _)) => change(public),
            _ => panic!("no such record"),
        }
    }

    /// Writes a leaf.
    pub(crate) fn put(&mut self, key: StateKey, leaf: &impl Leaf) {
        self.values.insert(key, Value::Leaf(leaf.to_bytes().into()));
    }

    /// Writes a record without private items.
    pub(crate) fn put_record(&mut self, key: StateKey, record: PublicPart) {
        let root = PrivateRoot(merkle::root::<Vec<u8>>(SUITE, &[]).0);
        self.values.insert(key, Value::Record(record, root));
    }

    /// A record.
    pub(crate) fn record(&self, key: &StateKey) -> PublicPart {
        match self.values.get(key) {
            Some(Value::Record(public, _)) => public.clone(),
            _ => panic!("no such record"),
        }
    }

    /// What a node answers to `/v1/digests/{digest}?member=...` and `/v1/records/{key}`.
    pub(crate) fn certificate(&self, keys: &[StateKey], at: Millis) -> StatusCertificate {
        self.under(&mut self.chain.borrow_mut(), keys, at)
    }

    /// The same of a statement's receipt: with the entry's place in the log and its path.
    fn logged(
        &self,
        cose: &[u8],
        keys: &[StateKey],
        at: Millis,
    ) -> (StatusCertificate, EntryIndex, Vec<Hash>) {
        let mut chain = self.chain.borrow_mut();
        let entry = SUITE.log_leaf(cose);
        let index = chain.log.iter().position(|there| *there == entry);
        let index = index.unwrap_or_else(|| {
            chain.log.push(entry);
            chain.log.len() - 1
        });
        let certificate = self.under(&mut chain, keys, at);
        let path = ListTree::new(SUITE, chain.log.clone()).path(index);
        (certificate, EntryIndex(index as u64), path)
    }

    /// The last block, or the next one where something changed; cosigned at this time.
    fn under(&self, chain: &mut Chain, keys: &[StateKey], at: Millis) -> StatusCertificate {
        let leaves: Vec<(StateKey, Hash)> =
            self.values.iter().map(|(k, v)| (*k, hash(v))).collect();
        let state_root = root(&leaves, 0);
        let log_root = |chain: &Chain| merkle::root_of_hashes(SUITE, &chain.log);
        let same = chain.last.take().filter(|last| {
            last.state_root == state_root
                && last.height >= self.height
                && last.log_root == log_root(chain)
        });
        let (height, time) = chain.before;
        let checkpoint = same.unwrap_or_else(|| {
            let height = self.height.max(height + 1);
            chain.log.push(SUITE.log_leaf(&height.to_be_bytes()));
            Checkpoint {
                size: TreeSize(chain.log.len() as u64),
                log_root: log_root(chain),
                state_root,
                height,
                time: at.max(time.plus(1)),
                epoch: 0,
                compromise_counter: 0,
            }
        });
        chain.before = (checkpoint.height, checkpoint.time);
        chain.last = Some(checkpoint.clone());
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let leaves = keys
            .iter()
            .map(|key| ProvenLeaf {
                key: *key,
                value: self.values.get(key).cloned().unwrap_or(Value::Absent),
                proof: prove(&leaves, key),
            })
            .collect();
        StatusCertificate {
            format: 0,
            network: self.network.digest(),
            checkpoint: self.signed_at(checkpoint, at.0 / 1000),
            handovers: Vec::new(),
            leaves,
        }
    }

    /// A checkpoint that the one validator signs, whatever it says.
    pub(crate) fn signed(&self, checkpoint: Checkpoint) -> SignedCheckpoint {
        let seconds = checkpoint.time.0 / 1000;
        self.signed_at(checkpoint, seconds)
    }

    fn signed_at(&self, checkpoint: Checkpoint, seconds: u64) -> SignedCheckpoint {
        let text = checkpoint.text(self.network.origin());
        let secret = |name| SecretKey::from_seed(SUITE, &seed(name));
        SignedCheckpoint {
            checkpoint,
            log_signature: LogSignature {
                member: 0,
                signature: secret("v-log").sign_note(&text),
            },
            cosignatures: vec![MemberCosignature {
                member: 0,
                seconds,
                signature: secret("v-checkpoint").cosign(&text, seconds),
            }],
        }
    }

    /// Begins its history anew, as no honest network does.
    pub(crate) fn forget(&self) {
        *self.chain.borrow_mut() = Chain::default();
    }

    /// Writes the network file with these nodes.
    pub(crate) fn network_file(&self, folder: &Path, nodes: &[&str]) -> PathBuf {
        let file = NetworkFile {
            genesis: self.network.genesis().clone(),
            digest: self.network.digest(),
            nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
        };
        let path = folder.join("network.json");
        std::fs::write(&path, serde_json::to_vec(&file).expect("plain JSON")).expect("written");
        path
    }
}

fn hash(value: &Value) -> Hash {
    match value {
        Value::Absent => SUITE.state_placeholder(),
        Value::Record(public, private) => public.value_hash(SUITE, private),
        Value::Leaf(bytes) => value_hash(SUITE, bytes),
    }
}

/// The state tree by its definition: ascending leaves below one node at a depth.
fn root(leaves: &Leaves, depth: usize) -> Hash {
    match leaves {
        [] => SUITE.state_placeholder(),
        [(key, hash)] => SUITE.state_leaf(&key.0, hash),
        _ => {
            let (left, right) = halves(leaves, depth);
            SUITE.state_node(&root(left, depth + 1), &root(right, depth + 1))
        }
    }
}

/// Leaves of the tree, ascending: key and hash of the value.
type Leaves = [(StateKey, Hash)];

fn halves(leaves: &Leaves, depth: usize) -> (&Leaves, &Leaves) {
    leaves.split_at(leaves.partition_point(|(key, _)| !turns_right(key, depth)))
}

fn prove(mut leaves: &Leaves, key: &StateKey) -> StateProof {
    let mut beside = Vec::new();
    while leaves.len() > 1 {
        let depth = beside.len();
        let (left, right) = halves(leaves, depth);
        let (here, there) = if turns_right(key, depth) {
            (right, left)
        } else {
            (left, right)
        };
        beside.push(root(there, depth + 1));
        leaves = here;
    }
    StateProof::new(
        SUITE,
        &beside,
        leaves.first().copied().filter(|(found, _)| found != key),
    )
}

/// A node that answers by a function of the path: status and body. It ends with the test.
pub(crate) fn serve(answer: impl Fn(&str) -> (u16, Vec<u8>) + Send + 'static) -> String {
    serve_posts(move |path, _| answer(path))
}

/// The same by a function of the path and of what is posted.
pub(crate) fn serve_posts(
    mut answer: impl FnMut(&str, &[u8]) -> (u16, Vec<u8>) + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(&stream);
            let (mut line, mut length) = (String::new(), 0);
            if reader.read_line(&mut line).is_err() {
                continue;
            }
            let path = line.split_whitespace().nth(1).unwrap_or("/").to_owned();
            loop {
                line.clear();
                match reader.read_line(&mut line) {
                    Ok(0) | Err(_) => break,
                    Ok(_) if line.trim().is_empty() => break,
                    Ok(_) => {}
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let (status, body) = answer(&path, &body);
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&body));
        }
    });
    format!("http://{address}")
}
