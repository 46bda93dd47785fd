//! An agency asks to be admitted, and a registrar changes what it may issue.

use super::applicants::{check_asked, check_terms, prefixes};
use super::batch::{cannot_sign, check_rights, taken_on_ledger};
use super::fault::Fault;
use super::perform;
use super::request::{self, proven};
use super::signer::Signer;
use super::{standing, tell};
use crate::cli::admit::{AgencyRequestArgs, ChangeAgencyArgs, PartArg};
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys::{self, Key};
use crate::leaves::Leaves;
use crate::nodes::{network_file, Nodes};
use crate::say::{table, Exit, Lang, Report};
use hefu_types::genesis::beginnings;
use hefu_types::key;
use hefu_types::leaf::{AgencyLeaf, Entitlement, Part};
use hefu_types::operation::{AgencyTerms, ChangeAgency, Operation};
use hefu_types::{Code, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::request::{AgencyRequest, Asks};
use serde_json::json;
use std::collections::BTreeSet;

impl From<PartArg> for Part {
    fn from(part: PartArg) -> Self {
        match part {
            PartArg::Issue => Self::Issue,
            PartArg::Supervise => Self::Supervise,
        }
    }
}

/// A fault that stops a command before anything is sent.
fn asked(fault: &Fault) -> Failure {
    Failure::asked(fault.text(Lang::En), fault.text(Lang::Zh))
}

/// `hefu agency request`.
pub fn request(shared: &Shared, args: &AgencyRequestArgs) -> Result<Report, Failure> {
    request::not_there(&args.out)?;
    let (_, network) = network_file(&args.network.network)?;
    let lang = shared.lang();
    let key = keys::open(&args.key, KeyRole::Agency, &network)?;
    request::check_holder(&args.key, &key.file, &args.id)?;
    let management = match &args.management_key {
        None => None,
        Some(path) => {
            let key = keys::open(path, KeyRole::AgencyManagement, &network)?;
            request::check_holder(path, &key.file, &args.id)?;
            Some(proven(path, &key.file, &network)?)
        }
    };
    let asks = &args.entitlement;
    let issuer_prefixes =
        prefixes(&asks.prefixes, args.uscc.as_deref()).map_err(|fault| asked(&fault))?;
    let entitlement = |document_type: &String| Entitlement {
        document_type: document_type.clone(),
        region: args.region.clone(),
        issuer_prefixes: issuer_prefixes.clone(),
        legal_basis: asks.legal_basis.clone().unwrap_or_default(),
        part: asks.part.into(),
    };
    let terms = AgencyTerms {
        id: args.id.clone(),
        name: args.name.clone(),
        region: args.region.clone(),
        contact: args.contact.clone(),
        identifier: args.uscc.clone(),
        entitlements: asks.types.iter().map(entitlement).collect(),
    };
    if let Some(fault) = check_asked(&terms).first() {
        return Err(asked(fault));
    }
    let mut rows = vec![
        tell::row(lang, "agency", "机构", &terms.id),
        tell::row(lang, "name", "名称", &terms.name),
        tell::row(lang, "region", "地区", &terms.region),
    ];
    let lines = terms
        .entitlements
        .iter()
        .map(|of| tell::entitlement(of, lang));
    rows.extend(lines.map(|line| tell::row(lang, "asks for", "申请", line)));
    rows.push(tell::row(lang, "key", "密钥", key.file.key_id.to_string()));
    let request = AgencyRequest {
        terms,
        key: proven(&args.key, &key.file, &network)?,
        management_key: management,
    };
    request::write(&network, Asks::Agency(request), &args.out, rows, lang)
}

/// `hefu agency change`.
pub fn change(shared: &Shared, args: &ChangeAgencyArgs) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let suite = nodes.network().suite();
    let key = keys::open(&args.key, KeyRole::Registrar, nodes.network())?;
    let signer = match Signer::read(&nodes, &key)? {
        Ok(signer) => signer,
        Err(fault) => return Ok(cannot_sign("agency change", &fault, lang)),
    };
    let leaves = Leaves::read(&nodes, [key::agency(suite, &args.id)], 0)?;
    let Some(before) = leaves.agency(&args.id)? else {
        let fault = Fault::new(Code::UnknownHolder, args.id.clone(), args.id.clone());
        return Ok(cannot_sign("agency change", &fault, lang));
    };
    let after = changed(&before, args)?;
    let faults = check(&nodes, &signer, &before, &after)?;
    let differences = differences(&before, &after, lang);
    let mut text = table(&differences);
    let outcome = if let Some(fault) = faults.first() {
        text.push_str(&format!("{}\n", fault.text(lang)));
        (
            Exit::No,
            json!({"outcome": "refused", "faults": faults.iter().map(|f| f.json(lang)).collect::<Vec<_>>()}),
        )
    } else if differences.is_empty() {
        text.push_str(lang.pick("Nothing would change.\n", "没有任何变更。\n"));
        (Exit::Yes, json!({"outcome": "unchanged"}))
    } else if args.dry_run {
        text.push_str(lang.pick("Nothing was sent.\n", "未发送任何内容。\n"));
        (Exit::Yes, json!({"outcome": "would-change"}))
    } else {
        send(&nodes, &key, after.clone(), &mut text, lang)?
    };
    let (exit, mut json) = outcome;
    json["command"] = "agency change".into();
    json["agency"] = json!(after);
    let report = Report { exit, json, text };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

fn send(
    nodes: &Nodes,
    key: &Key,
    after: AgencyTerms,
    text: &mut String,
    lang: Lang,
) -> Result<(Exit, serde_json::Value), Failure> {
    let operation = Operation::ChangeAgency(ChangeAgency { agency: after });
    let performed = perform::perform(nodes, key, &[operation])?;
    let done = lang.pick("changed", "已变更");
    // A statement of one operation has one outcome.
    let (exit, line, json) = match performed.became.first() {
        Some(became) => standing::one(became, done, lang),
        None => (
            Exit::CouldNotTell,
            String::new(),
            json!({"outcome": "not-proven"}),
        ),
    };
    text.push_str(&format!("{line}\n"));
    Ok((exit, json))
}

/// The agency as it was asked for.
fn changed(before: &AgencyLeaf, args: &ChangeAgencyArgs) -> Result<AgencyTerms, Failure> {
    let uscc = args.uscc.clone().or_else(|| before.identifier.clone());
    let mut entitlements = before.entitlements.clone();
    for dropped in &args.drop_type {
        let has = entitlements.len();
        entitlements.retain(|of| of.document_type != *dropped);
        if entitlements.len() == has {
            return Err(Failure::asked(
                format!(
                    "{} is not entitled to {dropped}: look at it with `hefu agency show`",
                    before.id
                ),
                format!(
                    "{} 没有 {dropped} 的授权：请用 hefu agency show 查看",
                    before.id
                ),
            ));
        }
    }
    for document_type in &args.add_type {
        let issuer_prefixes =
            prefixes(&args.prefixes, uscc.as_deref()).map_err(|fault| asked(&fault))?;
        let part = args.part.into();
        entitlements.retain(|of| of.document_type != *document_type || of.part != part);
        entitlements.push(Entitlement {
            document_type: document_type.clone(),
            region: before.region.clone(),
            issuer_prefixes,
            legal_basis: args.legal_basis.clone().unwrap_or_default(),
            part,
        });
    }
    Ok(AgencyTerms {
        id: before.id.clone(),
        name: args.name.clone().unwrap_or_else(|| before.name.clone()),
        region: before.region.clone(),
        contact: args
            .contact
            .clone()
            .unwrap_or_else(|| before.contact.clone()),
        identifier: uscc,
        entitlements,
    })
}

/// What the ledger would refuse, as far as it can be told.
fn check(
    nodes: &Nodes,
    signer: &Signer,
    before: &AgencyLeaf,
    after: &AgencyTerms,
) -> Result<Vec<Fault>, Failure> {
    let mut faults = check_terms(after);
    let suite = nodes.network().suite();
    let both = before.entitlements.iter().chain(&after.entitlements);
    let types: BTreeSet<StateKey> = both
        .map(|of| key::document_type(suite, &of.document_type))
        .collect();
    let mut leaves = Leaves::read(nodes, types, 0)?;
    // What it has now has to be within the registrar's rights as well.
    faults.extend(check_rights(
        signer,
        &before.region,
        &before.entitlements,
        &leaves,
    )?);
    if faults.is_empty() {
        faults.extend(check_rights(
            signer,
            &after.region,
            &after.entitlements,
            &leaves,
        )?);
    }
    let scopes = |of: &[Entitlement]| -> Result<BTreeSet<(String, Part, String)>, Failure> {
        let mut scopes = BTreeSet::new();
        for entitlement in of {
            if let Some(leaf) = leaves.document_type(&entitlement.document_type)? {
                let profile = leaf.rules.profile;
                let prefixes = entitlement.issuer_prefixes.iter();
                scopes.extend(prefixes.map(|p| (profile.clone(), entitlement.part, p.clone())));
            }
        }
        Ok(scopes)
    };
    let (own, asked) = (scopes(&before.entitlements)?, scopes(&after.entitlements)?);
    // What touches its own scopes is the rules' to tell: they give those back first.
    let touches = |scope: &&(String, Part, String)| {
        let (profile, part, prefix) = scope;
        !own.iter().any(|(own_profile, own_part, own)| {
            own_profile == profile
                && own_part == part
                && (own.starts_with(prefix.as_str()) || prefix.starts_with(own.as_str()))
        })
    };
    let fresh: Vec<_> = asked.iter().filter(touches).collect();
    let keys = fresh.iter().flat_map(|(profile, part, prefix)| {
        let of = move |text: &str| key::scope(suite, profile, *part, text);
        beginnings(prefix)
            .map(of)
            .chain([of(prefix)])
            .collect::<Vec<_>>()
    });
    leaves.read_more(nodes, keys.collect::<Vec<_>>(), 0)?;
    for (profile, part, prefix) in fresh {
        faults.extend(taken_on_ledger(suite, profile, *part, prefix, &leaves)?);
    }
    Ok(faults)
}

/// What would be another: name, before, after.
fn differences(before: &AgencyLeaf, after: &AgencyTerms, lang: Lang) -> Vec<Vec<String>> {
    let none = || "-".to_owned();
    let fields = [
        ("name", "名称", before.name.clone(), after.name.clone()),
        (
            "contact",
            "联系方式",
            before.contact.clone(),
            after.contact.clone(),
        ),
        (
            "credit code",
            "统一社会信用代码",
            before.identifier.clone().unwrap_or_else(none),
            after.identifier.clone().unwrap_or_else(none),
        ),
    ];
    let mut rows: Vec<Vec<String>> = fields
        .iter()
        .filter(|(_, _, before, after)| before != after)
        .map(|(en, zh, before, after)| tell::row(lang, en, zh, format!("{before} -> {after}")))
        .collect();
    let gone = before
        .entitlements
        .iter()
        .filter(|of| !after.entitlements.contains(of));
    let come = after
        .entitlements
        .iter()
        .filter(|of| !before.entitlements.contains(of));
    rows.extend(gone.map(|of| tell::row(lang, "no longer", "取消", tell::entitlement(of, lang))));
    rows.extend(come.map(|of| tell::row(lang, "entitled", "授权", tell::entitlement(of, lang))));
    rows
}
