//! How large proofs are and how long they take: `cargo run --release -p hefu-state --example proof_sizes
//! [RECORDS]... [--out FOLDER]`
//!
//! One thread, everything in memory. A real block registers documents by the rules, one statement with one
//! of them and one with 4,096; a second one uses one. The state tree around them is filled up with as many
//! other records as asked for, each with the leaf of its file, and the log with one entry a record: keys and
//! hashes of these are any, because nothing else of them is in a proof. The entries that are proven stand
//! in the middle of the log, where a path is longest.
//!
//! Sets have 4, 7 and 20 validators. *Short* proofs carry exactly a quorum of cosignatures, the others those
//! of all validators, which is the most that a node serves. To make a proof is to take it out of the trees and to
//! encode it, without reading records from a disk. To verify one is to decode it and to check all of it with a
//! verifier that has seen nothing. Each time is that of the processor, the median of five batches; beside the
//! table stands what one signature and one hash of two hashes take, because machines differ.
//!
//! `--out` keeps every proof and its network file, so that `tests/wasm/speed.mjs` times the same ones.

use hefu_proof::certificate::{ProvenLeaf, StatusCertificate, Value};
use hefu_proof::checkpoint::{Checkpoint, SignedCheckpoint};
use hefu_proof::fact;
use hefu_proof::handover::Handover;
use hefu_proof::log::{Frontier, ListTree};
use hefu_proof::receipt::{Disclosed, OpenedItem, ProvenOperation, Receipt};
use hefu_state::StateTree;
use hefu_types::leaf::Leaf;
use hefu_types::record::{Item, Record};
use hefu_types::{canonical, key, EntryIndex, Hash, Salt, StateKey, TreeSize};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[path = "proof_sizes/ledger.rs"]
mod ledger;

use ledger::{Executed, Ledger, SUITE};

/// How often and how long each figure is measured.
const BATCHES: usize = 5;
const BATCH_FOR: Duration = Duration::from_millis(150);
const BATCH_MIN: i32 = 10;

fn main() {
    let (mut counts, mut out) = (Vec::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--out" => out = arguments.next().map(PathBuf::from),
            count => counts.push(count.parse::<usize>().expect("a number of records")),
        }
    }
    if counts.is_empty() {
        counts = vec![10_000, 1_000_000];
    }
    yardsticks();
    println!("| records | validators | proof | bytes | make us | verify us |");
    println!("| --: | --: | --- | --: | --: | --: |");
    for count in counts {
        let (filler, log) = (filler_tree(count), filler_log(count));
        for validators in [4, 7, 20] {
            let world = World::new(validators, &filler, log.clone());
            let folder = out
                .as_ref()
                .map(|out| out.join(format!("{count}-{validators}")));
            world.measure(count, validators, folder);
        }
    }
}

/// What every figure is made of.
fn yardsticks() {
    let key = hefu_types::suite::SecretKey::from_seed(SUITE, &[1; 32]);
    let signature = key.sign_note("a text");
    let public = key.public_key();
    let verify = || SUITE.verify(&public, b"a text", &signature).is_ok();
    assert!(verify(), "it was signed");
    let hash = SUITE.hash(&[b"one"]);
    println!(
        "one signature {:.1} us, one inner hash {:.2} us\n",
        median(&verify),
        median(&|| SUITE.state_node(&hash, &hash))
    );
}

/// Records and the leaves of their files: keys of both kinds are hashes.
fn filler_tree(records: usize) -> StateTree {
    let leaf = |kind: u8, number: usize| {
        let hash = SUITE.hash(&[&[kind], &number.to_be_bytes()]);
        let mut key = StateKey(hash.0);
        key.0[0] |= 0x80;
        (key, hash)
    };
    let leaves = (0..records).flat_map(|number| [leaf(0, number), leaf(1, number)]);
    StateTree::from_leaves(SUITE, leaves)
}

fn filler_log(records: usize) -> Vec<Hash> {
    (0..records)
        .map(|number| SUITE.hash(&[b"entry", &number.to_be_bytes()]))
        .collect()
}

struct World {
    ledger: Ledger,
    tree: StateTree,
    log: ListTree,
    signed: SignedCheckpoint,
    handovers: Vec<Handover>,
    signed_after: SignedCheckpoint,
    tree_after: StateTree,
    size: TreeSize,
    /// One registration, 4,096 of them, and a use; they stand in the log one after the other.
    entries: [Executed; 3],
}

impl World {
    fn new(validators: usize, filler: &StateTree, mut log: Vec<Hash>) -> Self {
        let mut ledger = Ledger::new(validators);
        let one = ledger.register("DZFP-A", 1);
        let many = ledger.register("DZFP-B", 4_096);
        ledger.register("DZFP-C", 1);
        let used = ledger.consume("DZFP-C");
        let mut tree = filler.clone();
        ledger.fill(&mut tree);

        let middle = log.len() / 2;
        for (at, executed) in [&one, &many, &used].into_iter().enumerate() {
            log[middle + at] = SUITE.log_leaf(&executed.cose);
        }
        let mut frontier = Frontier::new(SUITE);
        log.iter()
            .for_each(|leaf| frontier.append(*leaf, |_, _, _| {}));
        let (size, log_root) = (frontier.size(), frontier.root());
        let log = ListTree::new(SUITE, log);
        let at = |tree: &StateTree, epoch: u64| Checkpoint {
            size,
            log_root,
            state_root: tree.root(),
            height: size.0 / 80 + epoch,
            time: ledger.time(),
            epoch,
            compromise_counter: 0,
        };
        let signed = ledger.sign(at(&tree, 0), validators);

        // The next set: the same members but the first, which has a new checkpoint key.
        let mut tree_before = tree.clone();
        let set = ledger.next_set();
        let set_key = key::set(SUITE, 1);
        tree_before.apply(&mut [(set_key, Some(SUITE.hash(&[&set.to_bytes()])))]);
        let before = ledger.sign(at(&tree_before, 0), ledger.quorum());
        let handover = Handover {
            checkpoint: before.checkpoint,
            cosignatures: before.cosignatures,
            set: ProvenLeaf {
                key: set_key,
                value: Value::Leaf(set.to_bytes().into()),
                proof: tree_before.prove(&set_key),
            },
        };
        let signed_after = ledger.sign(at(&tree_before, 1), ledger.quorum());
        Self {
            signed,
            handovers: vec![handover],
            signed_after,
            tree_after: tree_before,
            ledger,
            tree,
            log,
            size,
            entries: [one, many, used],
        }
    }

    fn measure(&self, count: usize, validators: usize, folder: Option<PathBuf>) {
        let quorum = self.ledger.quorum();
        let short = self.ledger.sign(self.signed.checkpoint.clone(), quorum);
        let [one, many, used] = &self.entries;
        let (first, last) = (one.records[0], many.records[2_000]);
        let agency = key::agency(SUITE, ledger::AGENCY);
        let absent = ledger::unknown_record();
        let covered = [
            absent,
            agency,
            key::coverage(SUITE, ledger::TYPE, ledger::REGION, ledger::AGENCY),
            key::clock(SUITE),
        ];
        let none: &[Handover] = &[];
        let plain = |signed: &SignedCheckpoint, keys: &[StateKey]| {
            let (signed, keys) = (signed.clone(), keys.to_vec());
            move || {
                self.certificate(&self.tree, signed.clone(), none, &keys)
                    .encode()
            }
        };
        let rows: Vec<Row<'_>> = vec![
            (
                "status, short: the record",
                "status",
                Box::new(plain(&short, &[first])),
            ),
            (
                "status: record and agency",
                "status",
                Box::new(plain(&self.signed, &[first, agency])),
            ),
            (
                "status, short, after one handover",
                "status",
                Box::new(|| {
                    let after = self.signed_after.clone();
                    self.certificate(&self.tree_after, after, &self.handovers, &[first])
                        .encode()
                }),
            ),
            (
                "absence, short",
                "status",
                Box::new(plain(&short, &[absent])),
            ),
            (
                "absence though covered",
                "status",
                Box::new(plain(&self.signed, &covered)),
            ),
            (
                "receipt, short: one in its statement",
                "receipt",
                Box::new(|| self.receipt(&short, 0, 0, first, false).encode()),
            ),
            (
                "receipt: one in its statement",
                "receipt",
                Box::new(|| self.receipt(&self.signed, 0, 0, first, false).encode()),
            ),
            (
                "the same with 12 facts open",
                "receipt",
                Box::new(|| self.receipt(&self.signed, 0, 0, first, true).encode()),
            ),
            (
                "receipt: one of 4,096 in its statement",
                "receipt",
                Box::new(|| self.receipt(&self.signed, 1, 2_000, last, false).encode()),
            ),
            (
                "the same with 12 facts open",
                "receipt",
                Box::new(|| self.receipt(&self.signed, 1, 2_000, last, true).encode()),
            ),
            (
                "receipt of a use",
                "receipt",
                Box::new(|| {
                    self.receipt(&self.signed, 2, 0, used.records[0], false)
                        .encode()
                }),
            ),
        ];
        let mut listed = String::new();
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).expect("the folder can be made");
            let genesis = serde_json::to_value(self.ledger.network.genesis()).expect("JSON");
            let digest = self.ledger.network.digest();
            let file = serde_json::json!({"genesis": genesis, "digest": digest, "nodes": []});
            std::fs::write(folder.join("network.json"), file.to_string()).expect("written");
        }
        for (number, (name, kind, make)) in rows.into_iter().enumerate() {
            let bytes = make();
            let made = median(&make);
            let verify = || match kind {
                "receipt" => receipt_holds(&self.ledger, &bytes),
                _ => certificate_holds(&self.ledger, &bytes),
            };
            let verified = median(&verify);
            println!(
                "| {count} | {validators} | {name} | {} | {made:.0} | {verified:.0} |",
                bytes.len()
            );
            if let Some(folder) = &folder {
                let file = format!("{number}.{kind}");
                std::fs::write(folder.join(&file), &bytes).expect("written");
                writeln!(listed, "{file}\t{name}").expect("a string takes all");
            }
        }
        if let Some(folder) = &folder {
            std::fs::write(folder.join("list.tsv"), listed).expect("written");
        }
        self.breakdown(&short, first);
    }

    /// Where the bytes of the shortest certificate go.
    fn breakdown(&self, short: &SignedCheckpoint, record: StateKey) {
        let certificate = self.certificate(&self.tree, short.clone(), &[], &[record]);
        let size = |encoded: Vec<u8>| encoded.len();
        let leaf = &certificate.leaves[0];
        let Value::Record(public, _) = &leaf.value else {
            panic!("the record is there")
        };
        let parts = [
            ("public part", size(canonical::encode(public))),
            ("proof", size(canonical::encode(&leaf.proof))),
            ("checkpoint", size(canonical::encode(&short.checkpoint))),
            (
                "log signature",
                size(canonical::encode(&short.log_signature)),
            ),
            ("cosignatures", size(canonical::encode(&short.cosignatures))),
        ];
        let all = certificate.encode().len();
        let told: usize = parts.iter().map(|(_, bytes)| bytes).sum();
        let list: Vec<String> = parts
            .iter()
            .map(|(name, b)| format!("{name} {b}"))
            .collect();
        eprintln!(
            "short status, {all} bytes: {}, rest {}",
            list.join(", "),
            all - told
        );
        let code =
            qrcode::QrCode::with_error_correction_level(certificate.encode(), qrcode::EcLevel::L);
        match code {
            Ok(code) => eprintln!("  as a QR code: {:?}, level L", code.version()),
            Err(error) => eprintln!("  no QR code: {error}"),
        }
    }

    fn certificate(
        &self,
        tree: &StateTree,
        checkpoint: SignedCheckpoint,
        handovers: &[Handover],
        keys: &[StateKey],
    ) -> StatusCertificate {
        let mut leaves: Vec<ProvenLeaf> = keys.iter().map(|key| self.leaf(tree, *key)).collect();
        leaves.sort_by_key(|leaf| leaf.key);
        StatusCertificate {
            format: 0,
            network: self.ledger.network.digest(),
            checkpoint,
            handovers: handovers.to_vec(),
            leaves,
        }
    }

    fn leaf(&self, tree: &StateTree, key: StateKey) -> ProvenLeaf {
        let value = match self.ledger.values.get(&key) {
            None => Value::Absent,
            Some(bytes) => match Record::decode(bytes) {
                Ok(record) => {
                    let root = record.private_root(SUITE);
                    Value::Record(record.public, root)
                }
                Err(_) => Value::Leaf(bytes.clone().into()),
            },
        };
        let proof = tree.prove(&key);
        ProvenLeaf { key, value, proof }
    }

    fn receipt(
        &self,
        signed: &SignedCheckpoint,
        place: usize,
        index: usize,
        record: StateKey,
        with_facts: bool,
    ) -> Receipt {
        let of = &self.entries[place];
        let mut keys = vec![record, key::agency(SUITE, ledger::AGENCY)];
        keys.extend(of.signer);
        keys.sort();
        keys.dedup();
        let hashes = of.operations.iter().map(|op| SUITE.log_leaf(op)).collect();
        let entry = self.size.0 as usize / 2 + place;
        Receipt {
            certificate: self.certificate(&self.tree, signed.clone(), &[], &keys),
            operation: ProvenOperation {
                operation: of.operations[index].clone().into(),
                index: index as u32,
                path: ListTree::new(SUITE, hashes).path(index),
                cose: of.cose.clone().into(),
                entry_index: EntryIndex(entry as u64),
                entry_path: self.log.path(entry),
            },
            opened: self.opened(record, of),
            disclosed: with_facts.then(|| Disclosed {
                facts: fact::all_open(ledger::facts(&record)),
                named_member_salt: Some(Salt([9; 16])),
            }),
        }
    }

    /// The private item of a use.
    fn opened(&self, record: StateKey, of: &Executed) -> Option<OpenedItem> {
        let record = Record::decode(&self.ledger.values[&record]).expect("a record");
        let is_of = |item: &Item| matches!(item, Item::Use(used) if used.names(&of.first));
        let index = record
            .private
            .iter()
            .position(|private| is_of(&private.item))?;
        let leaves = record.private_leaves();
        let hashes = leaves.iter().map(|leaf| SUITE.log_leaf(leaf)).collect();
        Some(OpenedItem {
            index: index as u32,
            count: record.private.len() as u32,
            item: record.private[index].clone(),
            path: ListTree::new(SUITE, hashes).path(index),
        })
    }
}

/// Name, kind, and what makes it.
type Row<'a> = (&'static str, &'static str, Box<dyn Fn() -> Vec<u8> + 'a>);

fn receipt_holds(ledger: &Ledger, bytes: &[u8]) -> bool {
    let receipt = Receipt::decode(bytes).expect("it can be read");
    receipt.verify(&ledger.network).expect("it holds");
    true
}

fn certificate_holds(ledger: &Ledger, bytes: &[u8]) -> bool {
    let certificate = StatusCertificate::decode(bytes).expect("it can be read");
    certificate.verify(&ledger.network).expect("it holds");
    true
}

/// Microseconds of the processor, the median of some batches of many.
fn median<T>(what: &dyn Fn() -> T) -> f64 {
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let (begun, started) = (processor_time(), Instant::now());
            let mut times = 0;
            while times < BATCH_MIN || started.elapsed() < BATCH_FOR {
                black_box(what());
                times += 1;
            }
            (processor_time() - begun).as_secs_f64() * 1e6 / f64::from(times)
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}

/// The processor time of this process so far: what else runs on the machine is not in it.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux tells it");
    let nanoseconds = stat.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.expect("nanoseconds on the processor"))
}
