//! A registrar asks to be admitted below another, which admits it with rights no wider than its own.

use super::batch::cannot_sign;
use super::fault::Fault;
use super::perform;
use super::request::{self, is_proven, proven};
use super::signer::{prefix_word, Signer};
use super::standing::told;
use super::tell;
use crate::cli::admit::{AdmitRegistrars, ChangeRegistrarArgs, RegistrarRequestArgs};
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys;
use crate::leaves::Leaves;
use crate::nodes::{network_file, Nodes};
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_types::genesis::is_id;
use hefu_types::key;
use hefu_types::leaf::{RegistrarLeaf, RegistrarRight};
use hefu_types::operation::{Operation, SetRegistrar, REGISTRAR_LEVELS_MAX};
use hefu_types::Code;
use hefu_wire::file::KeyRole;
use hefu_wire::request::Asks;
use serde_json::json;

/// The rights that types and prefixes stand for; nothing typed is everything.
fn rights(types: &[String], prefixes: &[String]) -> Vec<RegistrarRight> {
    let issuer_prefixes = match prefixes {
        [] => vec![String::new()],
        [all] if all == "*" => vec![String::new()],
        some => some.to_vec(),
    };
    let right = |document_type: Option<String>| RegistrarRight {
        document_type,
        issuer_prefixes: issuer_prefixes.clone(),
    };
    match types {
        [] => vec![right(None)],
        some => some.iter().cloned().map(Some).map(right).collect(),
    }
}

/// `hefu registrar request`.
pub fn request(shared: &Shared, args: &RegistrarRequestArgs) -> Result<Report, Failure> {
    request::not_there(&args.out)?;
    request::check_id(&args.id)?;
    request::check_text("name", &args.name)?;
    let (_, network) = network_file(&args.network.network)?;
    let lang = shared.lang();
    let key = keys::open(&args.key, KeyRole::Registrar, &network)?;
    request::check_holder(&args.key, &key.file, &args.id)?;
    let rights = if args.no_agencies {
        Vec::new()
    } else {
        rights(&args.types, &args.prefixes)
    };
    let set = SetRegistrar {
        id: args.id.clone(),
        name: args.name.clone(),
        region: args.region.clone(),
        rights,
        admits_members: args.members,
        key: Some(proven(&args.key, &key.file, &network)?),
    };
    let asked = Operation::SetRegistrar(set.clone());
    let rows = tell::granted(&asked, "", network.suite(), lang);
    request::write(&network, Asks::Registrar(set), &args.out, rows, lang)
}

/// `hefu registrar admit`.
pub fn admit(shared: &Shared, args: &AdmitRegistrars) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let key = keys::open(&args.key, KeyRole::Registrar, network)?;
    let mut asked = Vec::with_capacity(args.requests.len());
    for path in &args.requests {
        match request::read(path, network)? {
            Asks::Registrar(set) => asked.push(set),
            other => return Err(request::other_kind(path, &other, "registrar")),
        }
    }
    let signer = match Signer::read(&nodes, &key)? {
        Ok(signer) => signer,
        Err(fault) => return Ok(cannot_sign("registrar admit", &fault, lang)),
    };
    let (mut text, mut faults) = (String::new(), Vec::new());
    let suite = network.suite();
    for set in &asked {
        let operation = Operation::SetRegistrar(set.clone());
        text.push_str(&table(&tell::granted(&operation, "", suite, lang)));
        faults.extend(check(&nodes, &signer, set)?);
        faults.extend(check_new(&nodes, set)?);
    }
    if let Some(fault) = faults.first() {
        let mut report = cannot_sign("registrar admit", fault, lang);
        report.text = text + &report.text;
        return Ok(report.with_warnings(lang, &nodes.warnings()));
    }
    if args.dry_run {
        text.push_str(lang.pick("Nothing was sent.\n", "未发送任何内容。\n"));
        let report = Report {
            exit: Exit::Yes,
            json: json!({"command": "registrar admit", "outcome": "would-be-admitted"}),
            text,
        };
        return Ok(report.with_warnings(lang, &nodes.warnings()));
    }
    let operations: Vec<Operation> = asked.iter().cloned().map(Operation::SetRegistrar).collect();
    let performed = perform::perform(&nodes, &key, &operations)?;
    let done = lang.pick("admitted", "已准入");
    let ids = asked.iter().map(|set| shown(&set.id));
    let mut report = told("registrar admit", ids, &performed.became, done, lang);
    report.text = text + &report.text;
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// A registrar that is new: its id is free, and it has its key.
fn check_new(nodes: &Nodes, set: &SetRegistrar) -> Result<Vec<Fault>, Failure> {
    let network = nodes.network();
    let at = key::registrar(network.suite(), &set.id);
    let mut faults = Vec::new();
    if Leaves::read(nodes, [at], 0)?
        .get::<RegistrarLeaf>(&at)?
        .is_some()
    {
        faults.push(Fault::new(
            Code::IdTaken,
            format!(
                "{} is on the ledger: change it with `hefu registrar change`",
                set.id
            ),
            format!("{} 已在账本上：请用 hefu registrar change 变更", set.id),
        ));
    }
    let is_proven = |key| is_proven(network, "registrar", &set.id, key);
    if !set.key.as_ref().is_some_and(is_proven) {
        faults.push(Fault::new(
            Code::BadPossession,
            format!(
                "the proof does not hold for the registrar key of {:?} on this network",
                set.id
            ),
            format!("该证明对本网络登记机构 {} 的密钥无效", set.id),
        ));
    }
    Ok(faults)
}

/// Rights of a registrar never are wider than those of who admits it.
fn check(nodes: &Nodes, signer: &Signer, set: &SetRegistrar) -> Result<Vec<Fault>, Failure> {
    let mut faults = Vec::new();
    if !is_id(&set.id) {
        let (en, zh) = (
            format!("{:?} is no id", set.id),
            format!("“{}”不能作为标识", set.id),
        );
        faults.push(Fault::new(Code::BadField, en, zh));
    }
    faults.extend(signer.check_region(&set.region));
    let own = &signer.own().id;
    if signer.level() >= REGISTRAR_LEVELS_MAX {
        faults.push(Fault::new(
            Code::BeyondRights,
            format!(
                "{own} stands on the last of {REGISTRAR_LEVELS_MAX} levels and admits no registrar"
            ),
            format!("{own} 已处于第 {REGISTRAR_LEVELS_MAX} 级，不得再准入下级登记机构"),
        ));
    }
    if set.admits_members && !signer.admits_members() {
        faults.push(Fault::new(
            Code::BeyondRights,
            format!("{own} admits no members, so it grants nobody to"),
            format!("{own} 无权准入成员，也不得授予该权限"),
        ));
    }
    let suite = nodes.network().suite();
    let types = set
        .rights
        .iter()
        .filter_map(|right| right.document_type.as_deref());
    let keys: Vec<_> = types.map(|id| key::document_type(suite, id)).collect();
    let leaves = Leaves::read(nodes, keys, 0)?;
    for right in &set.rights {
        let of_type = right.document_type.as_deref();
        if let Some(id) = of_type {
            if leaves.document_type(id)?.is_none() {
                faults.push(Fault::unknown_type(id));
                continue;
            }
        }
        let beyond = |prefix: &&String| !signer.covers(of_type, prefix);
        if let Some(prefix) = right.issuer_prefixes.iter().find(beyond) {
            let (prefix, type_en) = (prefix_word(prefix), of_type.unwrap_or("every type"));
            let type_zh = of_type.unwrap_or("全部类型");
            faults.push(Fault::new(
                Code::BeyondRights,
                format!("{own} has no right to {type_en} of the issuers {prefix}"),
                format!("{own} 无权授予开具方 {prefix} 的 {type_zh}"),
            ));
        }
    }
    Ok(faults)
}

/// `hefu registrar change`.
pub fn change(shared: &Shared, args: &ChangeRegistrarArgs) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let suite = nodes.network().suite();
    let key = keys::open(&args.key, KeyRole::Registrar, nodes.network())?;
    let signer = match Signer::read(&nodes, &key)? {
        Ok(signer) => signer,
        Err(fault) => return Ok(cannot_sign("registrar change", &fault, lang)),
    };
    let leaves = Leaves::read(&nodes, [key::registrar(suite, &args.id)], 0)?;
    let Some(before) = leaves.registrar(&args.id)? else {
        let fault = Fault::new(Code::UnknownHolder, args.id.clone(), args.id.clone());
        return Ok(cannot_sign("registrar change", &fault, lang));
    };
    if before.parent.as_ref() != Some(&signer.own().id) {
        let fault = not_below(&before, lang);
        return Ok(cannot_sign("registrar change", &fault, lang));
    }
    let set = SetRegistrar {
        id: before.id.clone(),
        name: args.name.clone().unwrap_or(before.name),
        region: before.region,
        rights: if args.types.is_empty() && args.prefixes.is_empty() {
            before.rights
        } else {
            rights(&args.types, &args.prefixes)
        },
        admits_members: args.members.unwrap_or(before.admits_members),
        key: None,
    };
    if let Some(fault) = check(&nodes, &signer, &set)?.first() {
        return Ok(cannot_sign("registrar change", fault, lang));
    }
    let operation = Operation::SetRegistrar(set);
    let mut text = table(&tell::granted(&operation, "", suite, lang));
    let performed = perform::perform(&nodes, &key, &[operation])?;
    let done = lang.pick("changed", "已变更");
    let ids = std::iter::once(shown(&args.id));
    let mut report = told("registrar change", ids, &performed.became, done, lang);
    text.push_str(&report.text);
    report.text = text;
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

fn not_below(leaf: &RegistrarLeaf, lang: Lang) -> Fault {
    let above = leaf
        .parent
        .as_deref()
        .unwrap_or(lang.pick("the council", "理事会"));
    Fault::new(
        Code::BeyondRights,
        format!("{} was admitted by {above}, which changes it", leaf.id),
        format!("{} 由 {above} 准入，须由其变更", leaf.id),
    )
}
