//! `hefu receipt export`: the statement of a receipt with the validators' receipts in COSE.
//!
//! Each node of the network file is asked for its own. What it sends counts if it verifies under the log
//! key of a validator of the proven set, and if no quorum is known to have signed another root of that size.

use crate::cli::{Export, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::{Nodes, OneNode};
use crate::say::{shown, table, Exit, Lang, Report};
use crate::tlog::held::{Found, Held};
use crate::tlog::name_of;
use crate::tlog::sets::Sets;
use hefu_proof::checkpoint::NOTE_BYTES_MAX;
use hefu_proof::cose_receipt::{cose_key_set, VerifiedCoseReceipt, COSE_RECEIPT_BYTES_MAX};
use hefu_proof::receipt::{Receipt, VerifiedReceipt, RECEIPT_BYTES_MAX};
use hefu_proof::{CoseReceipt, TransparentStatement};
use hefu_types::genesis::Network;
use hefu_types::leaf::SetLeaf;
use hefu_types::{Hash, PublicKey, TreeSize};
use hefu_wire::path;
use serde_json::{json, Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// `hefu receipt export`.
pub fn run(shared: &Shared, args: &Export) -> Result<Report, Failure> {
    let lang = shared.lang();
    let nodes = shared.nodes(&args.network.network)?;
    let network = nodes.network();
    let bad = |why: String| Failure::bad_file(&args.receipt, why);
    let bytes = disk::read(&args.receipt, RECEIPT_BYTES_MAX)?;
    let receipt = Receipt::decode(&bytes).map_err(|error| bad(error.to_string()))?;
    let verified = receipt.verify(network);
    let verified = verified.map_err(|error| bad(error.to_string()))?;
    if network.suite().cose_log_structure().is_none() {
        return Err(Failure::asked(
            "the hash of this network has no registered name in COSE, so there are no such receipts",
            "本网络的哈希算法在 COSE 中没有注册名称，因此没有此类回执",
        ));
    }
    let (sets, fetched) = Sets::ask(&nodes)?;
    let set = sets.last().clone();
    let mut gathering = Gathering {
        nodes: &nodes,
        sets: &sets,
        set: &set,
        receipt: &receipt,
        roots: BTreeMap::new(),
        signed: BTreeMap::new(),
    };
    let proven = [&receipt.certificate, &fetched.certificate];
    for checkpoint in proven.map(|it| &it.checkpoint.checkpoint) {
        gathering.roots.insert(checkpoint.size, checkpoint.log_root);
    }
    let mut silent = Vec::new();
    for node in nodes.each() {
        if let Err(why) = gathering.ask(&node) {
            silent.push(format!("{}: {why}", node.address()));
        }
    }
    let signed = &gathering.signed;
    let receipts: Vec<CoseReceipt> = signed.values().map(|it| it.receipt.clone()).collect();
    let made = TransparentStatement::new(&receipt.operation.cose, &receipts);
    if let Some(made) = &made {
        disk::write(&args.cose, &made.encode())?;
    }
    if let Some(keys) = &args.keys {
        disk::write(keys, &key_file(network, &set, &verified, keys))?;
    }
    let told = Told {
        set: &set,
        signed,
        silent,
        out: made.is_some().then_some(args.cose.as_path()),
        keys: args.keys.as_deref(),
    };
    let report = told.report(&receipt, lang);
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// One validator's receipt that holds.
struct Signed {
    receipt: CoseReceipt,
    verified: VerifiedCoseReceipt,
    /// Whether a checkpoint of a quorum has this root too; else nothing is known of that size here.
    cosigned: bool,
}

struct Gathering<'a> {
    nodes: &'a Nodes,
    sets: &'a Sets,
    set: &'a SetLeaf,
    receipt: &'a Receipt,
    /// Of checkpoints that hold.
    roots: BTreeMap<TreeSize, Hash>,
    /// By the validator's position.
    signed: BTreeMap<u16, Signed>,
}

impl Gathering<'_> {
    fn ask(&mut self, node: &OneNode<'_>) -> Result<(), String> {
        let network = self.nodes.network();
        let operation = &self.receipt.operation;
        let lies = |why: String| {
            let address = node.address();
            let why = format!("sent a receipt in COSE that does not hold: {why}");
            self.nodes.warn(format!("node {address} {why}"));
            why
        };
        let path = path::entry_cose(operation.entry_index);
        let bytes = node.get(&path, COSE_RECEIPT_BYTES_MAX)?;
        let receipt = CoseReceipt::decode(&bytes).map_err(|error| lies(error.to_string()))?;
        let verified = receipt.verify(network, self.set, &operation.cose);
        let verified = verified.map_err(|error| lies(error.to_string()))?;
        if verified.index != operation.entry_index {
            return Err(lies("it is of another place in the log".to_owned()));
        }
        if !self.roots.contains_key(&verified.size) {
            if let Some((size, root)) = published(network, self.sets, node) {
                self.roots.insert(size, root);
            }
        }
        let known = self.roots.get(&verified.size);
        if known.is_some_and(|root| *root != verified.root) {
            let why = "a quorum signed another root for that size".to_owned();
            return Err(lies(why));
        }
        let signed = Signed {
            receipt,
            cosigned: known.is_some(),
            verified,
        };
        self.signed.entry(signed.verified.member).or_insert(signed);
        Ok(())
    }
}

/// Size and root of the checkpoint that a node has published, if it holds.
fn published(network: &Network, sets: &Sets, node: &OneNode<'_>) -> Option<(TreeSize, Hash)> {
    let bytes = node.get("/checkpoint", NOTE_BYTES_MAX).ok()?;
    let note = String::from_utf8(bytes).ok()?;
    let held = Held::of_note(network, node.address().to_owned(), "note", note).ok()?;
    match held.judge(network, sets) {
        Found::Holds(verified) => Some((verified.checkpoint.size, verified.checkpoint.log_root)),
        Found::Fails(_) | Found::UnknownSet(_) => None,
    }
}

struct Told<'a> {
    set: &'a SetLeaf,
    signed: &'a BTreeMap<u16, Signed>,
    silent: Vec<String>,
    out: Option<&'a Path>,
    keys: Option<&'a Path>,
}

impl Told<'_> {
    fn report(&self, receipt: &Receipt, lang: Lang) -> Report {
        let (signed, all) = (self.signed.len(), self.set.validators.len());
        let quorum = self.set.quorum();
        let exit = match signed >= quorum {
            true => Exit::Yes,
            false => Exit::CouldNotTell,
        };
        let mark = if exit == Exit::Yes { "✓" } else { "?" };
        let (mut rows, mut validators) = (Vec::new(), Vec::new());
        for (member, validator) in (0_u16..).zip(&self.set.validators) {
            let of = self.signed.get(&member);
            let said = match (of, lang) {
                (None, _) => lang.pick("did not sign", "未签署").to_owned(),
                (Some(of), Lang::En) => format!("signed, log of {}", of.verified.size),
                (Some(of), Lang::Zh) => format!("已签署，日志规模 {}", of.verified.size),
            };
            rows.push(vec![shown(&validator.name), said]);
            validators.push(json!({
                "name": validator.name,
                "signed": of.is_some(),
                "size": of.map(|of| of.verified.size),
                "log_root": of.map(|of| of.verified.root),
                "root_cosigned": of.map(|of| of.cosigned),
            }));
        }
        let en = format!("{mark} {signed} of {all} validators signed; a quorum is {quorum}\n");
        let zh = format!("{mark} {all} 个验证者中有 {signed} 个签署；法定多数为 {quorum}\n");
        let mut text = lang.pick(&en, &zh).to_owned();
        text.push_str(&table(&rows));
        for why in &self.silent {
            text.push_str(&format!("  {}\n", shown(why)));
        }
        if self.out.is_none() {
            text.push_str(lang.pick(
                "nothing was written: ask again when validators answer\n",
                "未写入任何文件：请在验证者可答复时重试\n",
            ));
        }
        for path in [self.out, self.keys].into_iter().flatten() {
            text.push_str(&format!("{}\n", shown(&path.to_string_lossy())));
        }
        Report {
            exit,
            json: json!({
                "command": "receipt-export",
                "out": name_of(self.out),
                "keys": name_of(self.keys),
                "entry": receipt.operation.entry_index,
                "signed": signed,
                "quorum": quorum,
                "epoch": self.set.epoch,
                "validators": validators,
                "tried": self.silent,
            }),
            text,
        }
    }
}

/// All keys that a verifier needs: the validators' by the proven set, the signer's by the receipt. A
/// COSE_KeySet where the name ends with `.cbor`, else JSON.
fn key_file(network: &Network, set: &SetLeaf, receipt: &VerifiedReceipt, file: &Path) -> Vec<u8> {
    let suite = network.suite();
    let signer = receipt.signing_key();
    if file.extension().is_some_and(|end| end == "cbor") {
        let validators = set.validators.iter().map(|validator| &validator.log_key);
        return cose_key_set(suite, validators.chain([&signer.key]));
    }
    let jwk = |key: &PublicKey| {
        let members = suite.jwk_members(key).into_iter();
        let mut members: Map<String, Value> = members
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        members.insert("kid".to_owned(), json!(suite.key_id(key)));
        Value::Object(members)
    };
    let validators = set.validators.iter();
    let validators: Vec<Value> = validators
        .map(|it| json!({"name": it.name, "key": jwk(&it.log_key)}))
        .collect();
    let keys = json!({
        "origin": network.origin(),
        "network": network.digest(),
        "epoch": set.epoch,
        "quorum": set.quorum(),
        "validators": validators,
        "signer": {"name": signer.holder.id(), "key": jwk(&signer.key)},
    });
    let mut text = serde_json::to_vec_pretty(&keys).expect("JSON of strings and numbers");
    text.push(b'\n');
    text
}
