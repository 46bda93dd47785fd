//! `hefu inspect`: what is recognised in files. Nobody is asked, nothing is verified.

use crate::cli::{Inspect, Shared};
use crate::document::{candidates, Hint};
use crate::failure::Failure;
use crate::files::{Files, Named};
use crate::nodes::network_file;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::verify::seal_json;
use hefu_types::genesis::Network;
use hefu_types::{StateKey, Suite};
use serde_json::{json, Value};

/// `hefu inspect`.
pub fn run(shared: &Shared, args: &Inspect) -> Result<Report, Failure> {
    let lang = shared.lang();
    let network = args.network.as_deref().map(network_file).transpose()?;
    let network = network.map(|(_, network)| network);
    let suite = network
        .as_ref()
        .map_or(Suite::Sha256Ed25519, Network::suite);
    let files = Files::new(suite, args.mapping.as_deref())?;
    let (mut exit, mut text, mut documents) = (Exit::Yes, String::new(), Vec::new());
    for file in &args.files {
        for named in files.open(file)? {
            if named.document.reading.is_err() {
                exit = exit.and(Exit::No);
            }
            let keys = keys(&named, network.as_ref())?;
            text.push_str(&text_of(&named, &keys, lang));
            documents.push(json_of(&named, &keys));
        }
    }
    Ok(Report {
        exit,
        json: json!({"command": "inspect", "files": documents}),
        text,
    })
}

/// The keys that the document's number has under the types of a network.
fn keys(named: &Named, network: Option<&Network>) -> Result<Vec<(String, StateKey)>, Failure> {
    let (Some(network), Some(identity)) = (network, named.document.identity()) else {
        return Ok(Vec::new());
    };
    let found = candidates(network, &identity, Hint::of(&named.document, None))?;
    let named = |c: crate::document::Candidate<'_>| (c.rules.id.clone(), c.record);
    Ok(found.into_iter().map(named).collect())
}

/// The number in its profile's own form, or the rule that it breaks.
fn number(named: &Named) -> Option<Result<hefu_types::profile::LegalNumber, String>> {
    let identity = named.document.identity()?;
    let profile = named.document.profile()?;
    Some(
        profile
            .normalise(&identity)
            .map_err(|error| error.to_string()),
    )
}

fn text_of(named: &Named, keys: &[(String, StateKey)], lang: Lang) -> String {
    let document = &named.document;
    let mut rows = Vec::new();
    let mut row = |en: &str, zh: &str, value: &str| {
        rows.push(vec![lang.pick(en, zh).to_owned(), shown(value)]);
    };
    row("digest", "摘要", &document.digest.to_string());
    row("bytes", "字节数", &document.size_bytes.to_string());
    match &document.reading {
        Err(error) => row("unreadable", "无法读取", &error.to_string()),
        Ok(read) => {
            let stated = &read.stated;
            row("format", "格式", &read.format.to_string());
            if let Some(identity) = &stated.identity {
                row("profile", "号码规则", stated.profile.name());
                for (en, zh, value) in [
                    ("legal issuer", "开具方", &identity.legal_issuer),
                    ("class", "类别", &identity.class),
                    ("series", "系列", &identity.series),
                    ("number", "号码", &identity.number),
                    ("period", "期间", &identity.period),
                ] {
                    if !value.is_empty() {
                        row(en, zh, value);
                    }
                }
            }
            if let Some(Err(rule)) = number(named) {
                row("breaks a rule", "不合规则", &rule);
            }
            for (document_type, key) in keys {
                let text = format!("{key} ({document_type})");
                row("key", "键", &text);
            }
            if !stated.missing.is_empty() {
                row("missing", "缺少", &stated.missing.join(", "));
            }
            for doubt in &stated.doubts {
                row("doubt", "存疑", doubt);
            }
            for fact in &stated.facts {
                let word = lang.pick("fact", "事实");
                let written = if fact.written == fact.value {
                    String::new()
                } else {
                    format!("  {} {}", lang.pick("written", "原文"), fact.written)
                };
                let text = format!("{}{written}  ({})", fact.value, fact.place);
                let name = format!("{word} {}", shown(&fact.name));
                row(&name, &name, &text);
            }
            for seal in &read.seals {
                let text = format!("{seal}  ({})", seal.place);
                row("own seal", "自带签章", &text);
            }
        }
    }
    format!("{}\n{}", shown(&named.path.to_string_lossy()), table(&rows))
}

fn json_of(named: &Named, keys: &[(String, StateKey)]) -> Value {
    let document = &named.document;
    let stated = document.stated();
    let facts: Vec<Value> = (stated.into_iter().flat_map(|stated| &stated.facts))
        .map(|fact| {
            json!({
                "name": fact.name,
                "type": fact.fact_type().name(),
                "value": fact.value,
                "written": fact.written,
                "place": fact.place,
            })
        })
        .collect();
    let keys: Vec<Value> = keys
        .iter()
        .map(|(document_type, key)| json!({"type": document_type, "key": key}))
        .collect();
    let number = number(named);
    let error = document.reading.as_ref().err();
    let read = document.reading.as_ref().ok();
    json!({
        "file": named.path.to_string_lossy(),
        "digest": document.digest,
        "bytes": document.size_bytes,
        "format": read.map(|read| read.format.to_string()),
        "profile": stated.filter(|s| s.identity.is_some()).map(|s| s.profile.name()),
        "identity": document.identity(),
        "number": number.as_ref().and_then(|n| n.as_ref().ok()).map(|n| n.identity()),
        "breaks": number.as_ref().and_then(|n| n.as_ref().err()),
        "keys": keys,
        "missing": stated.map(|stated| &stated.missing),
        "doubts": stated.map(|stated| &stated.doubts),
        "facts": facts,
        "seals": document.seals().iter().map(seal_json).collect::<Vec<_>>(),
        "error": error.map(|error| json!({"kind": error.kind(), "sentence": error.to_string()})),
    })
}
