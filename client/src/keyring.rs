//! Keys on the ledger: asked for, added, exchanged, retired, confirmed, declared compromised, listed.
//!
//! A registrar manages the keys of its region, a management key those of its own holder. A key that is
//! worked with every day manages none.

mod add;
mod list;
mod what_if;

use crate::admit::applicants::{AGENCY_COLUMNS, MEMBER_COLUMNS};
use crate::admit::batch::cannot_sign;
use crate::admit::fault::Fault;
use crate::admit::perform;
use crate::admit::request;
use crate::admit::signer::Signer;
use crate::admit::standing::told;
use crate::admit::table;
use crate::cli::admit::{CompromisedKey, KeyCommand, OnKeys};
use crate::cli::Shared;
use crate::disk;
use crate::failure::Failure;
use crate::keys::{self, Key};
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use crate::say::{shown, Lang, Report};
use crate::times::time;
use hefu_proof::certificate::VerifiedState;
use hefu_proof::verdict::Said;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::KeyLeaf;
use hefu_types::operation::{ConfirmKey, DeclareCompromise, Operation, RetireKey};
use hefu_types::{Code, KeyId, Millis};
use hefu_wire::file::KeyRole;
use hefu_wire::path;
use hefu_wire::request::{Asks, Request, REQUEST_BYTES_MAX};
use hefu_wire::KeyFile;
use std::io::Write;
use std::path::Path;

/// Who manages keys.
const MANAGERS: &[KeyRole] = &[
    KeyRole::Registrar,
    KeyRole::AgencyManagement,
    KeyRole::MemberManagement,
    KeyRole::RegistrarManagement,
];

/// How long before its end a key is warned of, in milliseconds.
const WARNED_MS: u64 = 30 * 24 * Millis::HOUR;

/// `hefu key`.
pub fn run(shared: &Shared, command: &KeyCommand) -> Result<Report, Failure> {
    match command {
        KeyCommand::Request(args) => add::request(shared, args),
        KeyCommand::Add(args) => add::add(shared, args),
        KeyCommand::Rotate(args) => add::rotate(shared, args),
        KeyCommand::Retire(args) => {
            let operation = |key| Operation::RetireKey(RetireKey { key });
            each(shared, args, "key retire", ("retired", "已停用"), operation)
        }
        KeyCommand::Confirm(args) => {
            let operation = |key| Operation::ConfirmKey(ConfirmKey { key });
            each(
                shared,
                args,
                "key confirm",
                ("confirmed", "已确认"),
                operation,
            )
        }
        KeyCommand::Compromised(args) => compromised(shared, args),
        KeyCommand::Show(args) => list::show(shared, args),
        KeyCommand::List(args) => list::list(shared, args),
    }
}

/// The key that a command names: by its id, a key file, or a request.
pub fn named(text: &str, network: &Network) -> Result<KeyId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let ids = of_file(Path::new(text), network)?;
    match ids.as_slice() {
        [id, ..] => Ok(*id),
        [] => Err(Failure::bad_file(Path::new(text), "no key stands in it")),
    }
}

/// The keys of a key file or a request, the one that works first.
fn of_file(path: &Path, network: &Network) -> Result<Vec<KeyId>, Failure> {
    let suite = network.suite();
    let bytes = disk::read(path, REQUEST_BYTES_MAX)?;
    if let Ok(file) = serde_json::from_slice::<KeyFile>(&bytes) {
        return Ok(vec![file.key_id]);
    }
    let Ok(request) = serde_json::from_slice::<Request>(&bytes) else {
        return Err(Failure::bad_file(
            path,
            "it is neither a key file nor a request; name a key by its id or by such a file",
        ));
    };
    let keys = match request.asks {
        Asks::Agency(asks) => [Some(asks.key), asks.management_key],
        Asks::Member(asks) => [Some(asks.key), None],
        Asks::Registrar(asks) => [asks.key, None],
        Asks::Key(asks) => [Some(asks.key), None],
        Asks::Seat(asks) => [Some(asks.key), None],
    };
    Ok(keys
        .into_iter()
        .flatten()
        .map(|key| suite.key_id(&key.key))
        .collect())
}

/// The keys of a table of agencies or members, as far as its rows say them.
fn of_table(path: &Path, nodes: &Nodes) -> Result<Vec<KeyId>, Failure> {
    let network = nodes.network();
    let rows = table::read(path, AGENCY_COLUMNS).or_else(|failure| {
        // One of members has a column that one of agencies has not.
        table::read(path, MEMBER_COLUMNS).map_err(|_| failure)
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let suite = network.suite();
    let mut keys = Vec::new();
    for row in &rows {
        if let Some(request) = row.get("request") {
            match of_file(&folder.join(request), network) {
                Ok(of_request) => keys.extend(of_request),
                // The keys of the others are told all the same.
                Err(failure) => nodes.warn(format!("row {}: {failure}", row.number)),
            }
        }
        for column in ["key", "management_key"] {
            let key = row.get(column).and_then(|text| text.parse().ok());
            keys.extend(key.map(|key| suite.key_id(&key)));
        }
    }
    Ok(keys)
}

/// A key that manages others, and why it cannot.
pub(crate) fn manager(nodes: &Nodes, path: &Path) -> Result<(Key, Option<Fault>), Failure> {
    let key = keys::open_one_of(path, MANAGERS, nodes.network())?;
    let fault = match key.file.role {
        KeyRole::Registrar => Signer::read(nodes, &key)?.err(),
        _ => None,
    };
    Ok((key, fault))
}

/// One operation on each of some keys.
fn each(
    shared: &Shared,
    args: &OnKeys,
    command: &'static str,
    done: (&str, &str),
    operation: impl Fn(KeyId) -> Operation,
) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let ids = args
        .keys
        .iter()
        .map(|text| named(text, network))
        .collect::<Result<Vec<_>, _>>()?;
    let (key, fault) = manager(&nodes, &args.key)?;
    if let Some(fault) = fault {
        return Ok(cannot_sign(command, &fault, lang));
    }
    let operations: Vec<Operation> = ids.iter().copied().map(operation).collect();
    let performed = perform::perform(&nodes, &key, &operations)?;
    let done = lang.pick(done.0, done.1);
    let ids = ids.iter().map(ToString::to_string);
    let report = told(command, ids, &performed.became, done, lang);
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// `hefu key compromised`.
fn compromised(shared: &Shared, args: &CompromisedKey) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let (id, mut since) = (named(&args.of, network)?, time(&args.since)?);
    let at = key::public_key(network.suite(), &id);
    let leaves = Leaves::read(&nodes, [at], 0)?;
    let fault = match leaves.key(&id)? {
        None => Some(Fault::new(
            Code::UnknownHolder,
            id.to_string(),
            id.to_string(),
        )),
        Some(leaf) => {
            since = not_before(&leaf, since);
            bad_since(&leaf, since, leaves.time())
        }
    };
    if let Some(fault) = fault {
        let report = cannot_sign("key compromised", &fault, lang);
        return Ok(report.with_warnings(lang, &nodes.warnings()));
    }
    let (Some(path), Some(reason), false) = (&args.key, &args.reason, args.what_if) else {
        return what_if::tell(&nodes, &id, since, lang);
    };
    request::check_text("reason", reason)?;
    let key = keys::open(path, KeyRole::Registrar, network)?;
    if let Err(fault) = Signer::read(&nodes, &key)? {
        return Ok(cannot_sign("key compromised", &fault, lang));
    }
    let declare = Operation::DeclareCompromise(DeclareCompromise {
        key: id,
        since,
        reason: reason.clone(),
    });
    let performed = perform::perform(&nodes, &key, &[declare])?;
    let done = match lang {
        Lang::En => format!("compromised since {since}: what it signed before stays valid, what it signed since is doubtful (3004)"),
        Lang::Zh => format!("自 {since} 起泄露：此前签署的内容仍有效，此后签署的存疑（3004）"),
    };
    let ids = std::iter::once(id.to_string());
    let report = told("key compromised", ids, &performed.became, &done, lang);
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// Times are told to the second: who types the one from which a key signs, or at which it was confirmed,
/// means that one.
fn not_before(leaf: &KeyLeaf, since: Millis) -> Millis {
    let first = leaf.valid_from.max(leaf.confirmed_at.unwrap_or_default());
    if since < first && first.0 - since.0 < 1_000 {
        first
    } else {
        since
    }
}

/// Why a compromise cannot begin at a time.
fn bad_since(leaf: &KeyLeaf, since: Millis, now: Millis) -> Option<Fault> {
    let told = |en: String, zh: String| Some(Fault::new(Code::BadCompromiseTime, en, zh));
    if since > now {
        return told(
            format!("the ledger is at {now}"),
            format!("账本时间为 {now}"),
        );
    }
    if since < leaf.valid_from {
        let from = leaf.valid_from;
        return told(
            format!("the key signs from {from} on"),
            format!("该密钥自 {from} 起生效"),
        );
    }
    if let Some(at) = leaf.confirmed_at.filter(|at| since < *at) {
        return told(
            format!("it was confirmed at {at}"),
            format!("该密钥确认于 {at}"),
        );
    }
    if let Some(before) = leaf.compromised_since.filter(|before| since >= *before) {
        return told(
            format!("it is compromised since {before} already"),
            format!("该密钥已声明自 {before} 起泄露"),
        );
    }
    None
}

/// What to tell of a key that ends soon, or does not sign.
fn ending(leaf: &KeyLeaf, now: Millis) -> Option<Said> {
    let end = leaf.valid_before;
    if leaf.retired_at.is_some() || end.minus(WARNED_MS) > now {
        return None;
    }
    let days = end.0.saturating_sub(now.0) / (24 * Millis::HOUR);
    Some(Said::new(
        format!(
            "the key that signs ends at {end}, in {days} days: exchange it with `hefu key rotate`"
        ),
        format!("签名密钥将于 {end} 到期（还有 {days} 天）：请用 hefu key rotate 更换"),
    ))
}

/// Warns on standard error, once a command, of a key that ends soon. It is a help: where the key cannot
/// be looked up, nothing is told.
pub fn warn_of_end(nodes: &Nodes, id: &KeyId) {
    if !nodes.is_first_warning() {
        return;
    }
    let at = key::public_key(nodes.network().suite(), id);
    let find = |state: &VerifiedState| state.leaf::<KeyLeaf>(&at, "the key");
    let check = |state: &VerifiedState| find(state).map(drop).map_err(|error| error.to_string());
    let fetched = nodes.certificate(&path::key(id), 0, check);
    let leaf = fetched.ok().and_then(|fetched| find(&fetched.state).ok());
    let Some(said) = leaf.flatten().and_then(|leaf| ending(&leaf, crate::now())) else {
        return;
    };
    let lang = nodes.lang();
    let word = lang.pick("warning", "警告");
    let _ = writeln!(std::io::stderr(), "hefu: {word}: {}", shown(lang.of(&said)));
}

#[cfg(test)]
mod tests;
