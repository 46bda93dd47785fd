//! `hefu proof`: that an entry is in the log, as a tlog-proof (C2SP), and checking such a proof.

use super::held::{Found, Held};
use super::name_of;
use super::sets::Sets;
use super::tiles::Tiles;
use crate::cli::{Proof, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::lookup::by_digest;
use crate::nodes::{network_file, Nodes};
use crate::say::{shown, Exit, Lang, Report};
use hefu_proof::log::{inclusion_path, verify_inclusion};
use hefu_proof::receipt::{Receipt, RECEIPT_BYTES_MAX};
use hefu_proof::tlog_proof::TLOG_PROOF_BYTES_MAX;
use hefu_proof::verdict::Said;
use hefu_proof::TlogProof;
use hefu_types::genesis::Network;
use hefu_types::leaf::SetLeaf;
use hefu_types::{EntryIndex, Hash};
use hefu_wire::path::Beside;
use serde_json::json;
use std::path::Path;

/// The longest entry of a log in bytes (C2SP tlog-tiles).
const ENTRY_BYTES_MAX: usize = 65_535;

/// `hefu proof`.
pub fn run(shared: &Shared, args: &Proof) -> Result<Report, Failure> {
    let lang = shared.lang();
    let file = &args.network.network;
    if let Some(proof) = &args.check {
        return check(shared, proof, args);
    }
    if let Some(receipt) = &args.receipt {
        let (_, network) = network_file(file)?;
        let bytes = disk::read(receipt, RECEIPT_BYTES_MAX)?;
        let bad = |why: String| Failure::bad_file(receipt, why);
        let receipt = Receipt::decode(&bytes).map_err(|error| bad(error.to_string()))?;
        let verified = receipt.verify(&network);
        verified.map_err(|error| bad(error.to_string()))?;
        return Made::of_receipt(&network, &receipt)
            .map_err(bad)?
            .write(args, lang);
    }
    let nodes = shared.nodes(file)?;
    let made = match (args.entry, &args.file) {
        (Some(entry), _) => of_entry(&nodes, EntryIndex(entry))?,
        (None, Some(document)) => match of_document(&nodes, document)? {
            Some(made) => made,
            None => return Ok(not_registered(document, lang)),
        },
        (None, None) => {
            return Err(Failure::asked(
                "name a file, or give --entry, --receipt or --check",
                "请给出文件，或使用 --entry、--receipt、--check",
            ))
        }
    };
    let report = made.write(args, lang)?;
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// A proof that verifies, with the entry that it is of.
struct Made {
    proof: TlogProof,
    entry: Vec<u8>,
    size: u64,
}

impl Made {
    /// A receipt that holds has it all.
    fn of_receipt(network: &Network, receipt: &Receipt) -> Result<Self, String> {
        let mut sets = Sets::genesis(network);
        let certificate = &receipt.certificate;
        sets.extend(&certificate.handovers)
            .map_err(|error| error.to_string())?;
        let signed = &certificate.checkpoint;
        let set = sets.of(signed.checkpoint.epoch);
        let note = set.and_then(|set| signed.note(network.origin(), set));
        let operation = &receipt.operation;
        let proof = TlogProof {
            extra: None,
            index: operation.entry_index,
            path: operation.entry_path.clone(),
            note: note.ok_or("its checkpoint's validator set is not in it")?,
        };
        Self::checked(network, set, proof, operation.cose.to_vec())
    }

    /// What is handed on must verify by itself.
    fn checked(
        network: &Network,
        set: Option<&SetLeaf>,
        proof: TlogProof,
        entry: Vec<u8>,
    ) -> Result<Self, String> {
        let set = set.ok_or("its checkpoint's validator set is not proven")?;
        let verified = proof.verify(network, set, &entry);
        let verified = verified.map_err(|error| error.to_string())?;
        Ok(Self {
            proof,
            entry,
            size: verified.checkpoint().size.0,
        })
    }

    fn write(&self, args: &Proof, lang: Lang) -> Result<Report, Failure> {
        let Some(out) = &args.out else {
            return Err(Failure::asked(
                "say where with --out",
                "请用 --out 指明写到何处",
            ));
        };
        disk::write(out, self.proof.print().as_bytes())?;
        let (index, size) = (self.proof.index, self.size);
        let name = shown(&out.to_string_lossy());
        let en = format!("{name}: entry {index} of a log of {size}\n");
        let zh = format!("{name}：规模 {size} 的日志中的第 {index} 条\n");
        let mut text = lang.pick(&en, &zh).to_owned();
        if let Some(file) = &args.save_entry {
            disk::write(file, &self.entry)?;
            let name = shown(&file.to_string_lossy());
            let en = format!("{name}: the entry itself\n");
            text.push_str(lang.pick(&en, &format!("{name}：条目本身\n")));
        }
        Ok(Report {
            exit: Exit::Yes,
            json: json!({
                "command": "proof",
                "out": out.to_string_lossy(),
                "index": index,
                "size": size,
                "hashes": self.proof.path.len(),
                "entry": name_of(args.save_entry.as_deref()),
            }),
            text,
        })
    }
}

fn not_registered(document: &Path, lang: Lang) -> Report {
    let name = document.to_string_lossy();
    let en = "no document is registered of this file, so there is no entry to prove";
    let zh = "该文件未登记，没有可证明的条目";
    Report {
        exit: Exit::No,
        json: json!({"command": "proof", "file": name, "registered": false}),
        text: format!("✗ {}: {}\n", shown(&name), lang.pick(en, zh)),
    }
}

/// The statement that registered a document, by the document's file.
fn of_document(nodes: &Nodes, document: &Path) -> Result<Option<Made>, Failure> {
    let network = nodes.network();
    let (digest, _) = disk::digest(document, network.suite())?;
    let Some(record) = by_digest(nodes, &digest, Beside::default(), 0)?.record else {
        return Ok(None);
    };
    let id = record.registration.operation;
    let made = nodes.operation_receipt(&id, |receipt| {
        let verified = receipt.verify(network).map_err(|error| error.to_string())?;
        if verified.operation_id() != id {
            return Err("it is of another operation".to_owned());
        }
        Made::of_receipt(network, &receipt)
    });
    made.map(Some)
}

/// An entry by its index, under the newest checkpoint that a node proves.
fn of_entry(nodes: &Nodes, index: EntryIndex) -> Result<Made, Failure> {
    let network = nodes.network();
    let (sets, fetched) = Sets::ask(nodes)?;
    let signed = &fetched.certificate.checkpoint;
    let (size, root) = (signed.checkpoint.size, signed.checkpoint.log_root);
    if index.0 >= size.0 {
        return Err(Failure::asked(
            format!(
                "the log has {size} entries: the last one is {}",
                size.0.saturating_sub(1)
            ),
            format!("日志有 {size} 条：最后一条是 {}", size.0.saturating_sub(1)),
        ));
    }
    let set = sets.of(signed.checkpoint.epoch);
    let note = set.and_then(|set| signed.note(network.origin(), set));
    let suite = network.suite();
    let mut tried = Vec::new();
    for node in nodes.each() {
        let mut tiles = Tiles::new(&node, suite, size);
        let fetched = tiles.entry(index).and_then(|entry| {
            let mut hash = |level, index| tiles.node(level, index);
            Ok((entry, inclusion_path(suite, index, size, &mut hash)?))
        });
        let (entry, path): (Vec<u8>, Vec<Hash>) = match fetched {
            Ok(fetched) => fetched,
            Err(why) => {
                tried.push(format!("{}: {why}", node.address()));
                continue;
            }
        };
        let leaf = suite.log_leaf(&entry);
        if let Err(why) = verify_inclusion(suite, &leaf, index, size, &path, &root) {
            let address = node.address();
            nodes.warn(format!("node {address} served tiles of another log: {why}"));
            tried.push(format!("{address}: {why}"));
            continue;
        }
        let proof = TlogProof {
            extra: None,
            index,
            path,
            note: note.clone().unwrap_or_default(),
        };
        return Made::checked(network, set, proof, entry).map_err(|why| Failure::Unreachable {
            tried: vec![format!("{}: {why}", node.address())],
        });
    }
    Err(Failure::Unreachable { tried })
}

/// A proof that somebody made.
fn check(shared: &Shared, file: &Path, args: &Proof) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let network = nodes.network();
    let lang = shared.lang();
    let bad = |why: String| Failure::bad_file(file, why);
    let bytes = disk::read(file, TLOG_PROOF_BYTES_MAX)?;
    let text = String::from_utf8(bytes).map_err(|_| bad("it is no text".to_owned()))?;
    let proof = TlogProof::parse(&text).map_err(|error| bad(error.to_string()))?;
    let mut sets = Sets::genesis(network);
    let entry = match (&args.entry_bytes, &args.receipt) {
        (Some(entry), _) => disk::read(entry, ENTRY_BYTES_MAX)?,
        (None, Some(receipt)) => {
            let bytes = disk::read(receipt, RECEIPT_BYTES_MAX)?;
            let read = Receipt::decode(&bytes)
                .map_err(|error| Failure::bad_file(receipt, error.to_string()))?;
            // A chain that does not hold leads nowhere: the sets are asked for.
            let _ = sets.extend(&read.certificate.handovers);
            read.operation.cose.to_vec()
        }
        (None, None) => {
            return Err(Failure::asked(
                "give the entry that the proof is of: --entry-bytes or --receipt",
                "请用 --entry-bytes 或 --receipt 给出证明所对应的条目",
            ))
        }
    };
    let name = file.to_string_lossy().into_owned();
    let held = Held::of_note(network, name, "tlog-proof", proof.note.clone()).map_err(bad)?;
    let mut found = held.judge(network, &sets);
    if let (Found::UnknownSet(_), false) = (&found, args.offline) {
        (sets, _) = Sets::ask(&nodes)?;
        found = held.judge(network, &sets);
    }
    let (exit, said, checkpoint) = match found {
        Found::UnknownSet(epoch) => (
            Exit::CouldNotTell,
            Said::new(
                format!(
                    "it is signed by the validator set of epoch {epoch}, which is not proven here: \
                     ask with a connection"
                ),
                format!("由第 {epoch} 期验证者集合签署，此处无法证明该集合：请联网查询"),
            ),
            None,
        ),
        Found::Fails(why) => (
            Exit::No,
            Said::new(
                format!("its checkpoint is none of this network: {why}"),
                format!("其检查点不属于本网络：{why}"),
            ),
            None,
        ),
        Found::Holds(verified) => {
            let suite = network.suite();
            let (size, root) = (verified.checkpoint.size, verified.checkpoint.log_root);
            let leaf = suite.log_leaf(&entry);
            match verify_inclusion(suite, &leaf, proof.index, size, &proof.path, &root) {
                Ok(()) => (
                    Exit::Yes,
                    Said::new(
                        format!("the entry is in the log, at index {}", proof.index),
                        format!("该条目在日志中，位于第 {} 条", proof.index),
                    ),
                    Some(verified),
                ),
                Err(why) => (
                    Exit::No,
                    Said::new(
                        format!("it does not prove this entry: {why}"),
                        format!("未能证明该条目：{why}"),
                    ),
                    Some(verified),
                ),
            }
        }
    };
    let mark = match exit {
        Exit::Yes => "✓",
        Exit::No => "✗",
        Exit::CouldNotTell => "?",
    };
    let sentence = lang.of(&said);
    let mut text = format!("{mark} {}\n", shown(sentence));
    if let Some(verified) = &checkpoint {
        text.push_str(&format!("  {}\n", verified.shown(lang)));
    }
    let json = json!({
        "command": "proof",
        "verified": exit == Exit::Yes,
        "sentence": sentence,
        "index": proof.index,
        "checkpoint": checkpoint.map(|verified| verified.json(&held)),
    });
    let report = Report { exit, json, text };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}
