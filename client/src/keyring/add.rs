//! New keys for who has one: asked for, added, exchanged.

use super::manager;
use crate::admit::batch::cannot_sign;
use crate::admit::fault::Fault;
use crate::admit::perform::{self, Became};
use crate::admit::request::{self, is_proven, json_bytes, not_there, proven};
use crate::admit::standing::{one, told};
use crate::admit::tell::{holder, last_day, role, row};
use crate::cli::admit::{AddKeys, KeyRequestArgs, RotateKey};
use crate::cli::Shared;
use crate::disk;
use crate::failure::Failure;
use crate::keys;
use crate::nodes::network_file;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::times::time;
use hefu_types::genesis::Network;
use hefu_types::leaf::Holder;
use hefu_types::operation::{AddKey, Operation, RetireKey};
use hefu_types::{Code, Millis};
use hefu_wire::file::KeyRole;
use hefu_wire::request::{Asks, KeyRequest};
use hefu_wire::KeyFile;
use serde_json::json;
use std::path::Path;

const DAY_MS: u64 = 24 * Millis::HOUR;

/// A new key for the holder of another one, and what asks for it.
fn new_key(
    old: &KeyFile,
    management: bool,
    path: &Path,
    network: &Network,
) -> Result<(KeyFile, KeyRequest), Failure> {
    let as_manager = match old.role {
        KeyRole::Agency | KeyRole::AgencyManagement => KeyRole::AgencyManagement,
        KeyRole::Member | KeyRole::MemberManagement => KeyRole::MemberManagement,
        KeyRole::Registrar | KeyRole::RegistrarManagement => KeyRole::RegistrarManagement,
        KeyRole::Council => {
            return Err(Failure::asked(
                "a seat gets another key when the council gets another seat: `hefu govern request`, then \
                 `hefu govern propose council`",
                "理事会席位更换密钥须更换席位：请用 hefu govern request 和 hefu govern propose council",
            ))
        }
        KeyRole::Consensus | KeyRole::Checkpoint | KeyRole::Log | KeyRole::Peer => {
            return Err(Failure::asked(
                "the keys of a validator change with the set of validators: `hefu govern propose validators`",
                "验证者密钥随验证者集合变更：请用 hefu govern propose validators",
            ))
        }
    };
    let role = if management { as_manager } else { old.role };
    let mut file = KeyFile::new(role, &old.holder, network.suite(), crate::random());
    if role == old.role {
        // Equal facts give one root again only under the same secret, and the ledger has one commitment.
        file.fact_secret = old.fact_secret;
        file.identifier = old.identifier.clone();
        file.identifier_salt = old.identifier_salt;
    }
    let Some((holder, leaf_role)) = role.on_ledger(&old.holder) else {
        return Err(Failure::bad_file(path, "it is no key of the ledger"));
    };
    let request = KeyRequest {
        holder: holder.into(),
        role: leaf_role,
        key: proven(path, &file, network)?,
    };
    Ok((file, request))
}

/// `hefu key request`.
pub fn request(shared: &Shared, args: &KeyRequestArgs) -> Result<Report, Failure> {
    not_there(&args.out)?;
    not_there(&args.new)?;
    let (_, network) = network_file(&args.network.network)?;
    let lang = shared.lang();
    let old = keys::read(&args.key)?;
    let (file, request) = new_key(&old, args.management, &args.key, &network)?;
    disk::write_secret(&args.new, &json_bytes(&file))?;
    let of: Holder = request.holder.clone().into();
    let rows = vec![
        row(lang, "holder", "持有者", holder(&of, lang)),
        row(lang, "use", "用途", role(request.role, lang)),
        row(lang, "new key", "新密钥", file.key_id.to_string()),
        row(lang, "key file", "密钥文件", args.new.to_string_lossy()),
    ];
    request::write(&network, Asks::Key(request), &args.out, rows, lang)
}

/// `hefu key add`.
pub fn add(shared: &Shared, args: &AddKeys) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let valid_from = args.from.as_deref().map(time).transpose()?;
    let begin = valid_from.unwrap_or_else(crate::now);
    let valid_before = begin.plus(u64::from(args.key_days) * DAY_MS);
    let mut operations = Vec::with_capacity(args.requests.len());
    let (mut ids, mut faults, mut text) = (Vec::new(), Vec::new(), String::new());
    for path in &args.requests {
        let asked = match request::read(path, network)? {
            Asks::Key(asked) => asked,
            other => return Err(request::other_kind(path, &other, "key")),
        };
        let add = AddKey {
            holder: asked.holder.into(),
            key: asked.key,
            role: asked.role,
            valid_from,
            valid_before,
        };
        faults.extend(check_proof(network, &add));
        text.push_str(&table(&rows(&add, network, lang)));
        ids.push(network.suite().key_id(&add.key.key).to_string());
        operations.push(Operation::AddKey(add));
    }
    let (key, fault) = manager(&nodes, &args.key)?;
    if let Some(fault) = fault.or(faults.into_iter().next()) {
        return Ok(cannot_sign("key add", &fault, lang));
    }
    let performed = perform::perform(&nodes, &key, &operations)?;
    let done = lang.pick("added", "已增加");
    let mut report = told("key add", ids.into_iter(), &performed.became, done, lang);
    report.text = text + &report.text;
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

fn check_proof(network: &Network, add: &AddKey) -> Option<Fault> {
    let (role, id) = (add.holder.possession_role(add.role), add.holder.id());
    (!is_proven(network, role, id, &add.key)).then(|| {
        Fault::new(
            Code::BadPossession,
            format!("the proof does not hold for the {role} key of {id:?} on this network"),
            format!("该证明对本网络 {id} 的 {role} 密钥无效"),
        )
    })
}

fn rows(add: &AddKey, network: &Network, lang: Lang) -> Vec<Vec<String>> {
    let id = network.suite().key_id(&add.key.key).to_string();
    vec![
        row(lang, "holder", "持有者", holder(&add.holder, lang)),
        row(lang, "use", "用途", role(add.role, lang)),
        row(lang, "new key", "新密钥", id),
        row(
            lang,
            "last day",
            "截止日（含）",
            last_day(add.valid_before, lang),
        ),
    ]
}

/// `hefu key rotate`.
pub fn rotate(shared: &Shared, args: &RotateKey) -> Result<Report, Failure> {
    not_there(&args.new)?;
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let old = keys::read(&args.key)?;
    let (key, fault) = manager(&nodes, &args.with)?;
    if let Some(fault) = fault {
        return Ok(cannot_sign("key rotate", &fault, lang));
    }
    let (file, request) = new_key(&old, false, &args.key, network)?;
    // The key is on the disk before the ledger has it: one that nobody holds would be of no use.
    disk::write_secret(&args.new, &json_bytes(&file))?;
    let add = AddKey {
        holder: request.holder.into(),
        key: request.key,
        role: request.role,
        valid_from: None,
        valid_before: crate::now().plus(u64::from(args.key_days) * DAY_MS),
    };
    let mut text = table(&rows(&add, network, lang));
    let mut operations = vec![Operation::AddKey(add)];
    if args.retire_old {
        let key = old.key_id;
        operations.push(Operation::RetireKey(RetireKey { key }));
    }
    let performed = perform::perform_together(&nodes, &key, &operations)?;
    let words = [("added", "已增加"), ("retired", "已停用")].map(|(en, zh)| lang.pick(en, zh));
    let (mut exit, mut outcomes) = (Exit::Yes, Vec::new());
    let both = [&file.key_id, &old.key_id].into_iter().zip(words);
    for ((of, done), became) in both.zip(&performed.became) {
        let (one_exit, said, mut json) = one(became, done, lang);
        exit = exit.and(one_exit);
        json["key_id"] = json!(of);
        outcomes.push(json);
        text.push_str(&format!("  {of} {said}\n"));
    }
    let is_done = performed
        .became
        .iter()
        .all(|became| matches!(became, Became::Done(_)));
    if is_done {
        text.push_str(&next_step(args, &old, lang));
    } else {
        let name = shown(&args.new.to_string_lossy());
        text.push_str(&match lang {
            Lang::En => format!("The new key file {name} was made; where it was refused it is of no use, delete it.\n"),
            Lang::Zh => format!("新密钥文件 {name} 已生成；若增加被拒绝则无用，请删除。\n"),
        });
    }
    let report = Report {
        exit,
        json: json!({
            "command": "key rotate",
            "file": args.new,
            "new": file.key_id,
            "old": old.key_id,
            "retired": args.retire_old && is_done,
            "outcomes": outcomes,
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

fn next_step(args: &RotateKey, old: &KeyFile, lang: Lang) -> String {
    let (name, old) = (shown(&args.new.to_string_lossy()), old.key_id);
    match (lang, args.retire_old) {
        (Lang::En, true) => format!("From now on sign with {name}. What the old key signed stays valid.\n"),
        (Lang::Zh, true) => format!("今后请使用 {name} 签名。旧密钥签署的内容仍有效。\n"),
        (Lang::En, false) => format!(
            "Both keys sign now. Once everything signs with {name}, retire the old one: hefu key retire {old}\n"
        ),
        (Lang::Zh, false) => format!(
            "新旧密钥现均可签名。全部改用 {name} 后，请停用旧密钥：hefu key retire {old}\n"
        ),
    }
}
