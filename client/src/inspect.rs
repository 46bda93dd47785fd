//! `hefu inspect`: what is recognised in files. Nobody is asked, nothing is verified.

use crate::cli::{Inspect, Shared};
use crate::document::{candidates, hint_of};
use crate::failure::Failure;
use crate::files::{Files, Named};
use crate::nodes::network_file;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::verify::seal_json;
use hefu_formats::FactType;
use hefu_types::genesis::Network;
use hefu_types::leaf::Kind;
use hefu_types::{StateKey, Suite};
use serde_json::{json, Value};
use std::collections::BTreeMap;

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
    let mut numbers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &args.files {
        let found = match files.open(file) {
            Ok(found) => found,
            Err(failure) if args.files.len() > 1 => {
                // One file that is not there hides no other.
                exit = exit.and(Exit::CouldNotTell);
                let (told, json) = failure.of_file(file, lang);
                text.push_str(&told);
                documents.push(json);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        for named in found {
            if named.document.reading.is_err() {
                exit = exit.and(Exit::No);
            }
            let keys = keys(&named, network.as_ref())?;
            text.push_str(&text_of(&named, &keys, lang));
            documents.push(json_of(&named, &keys));
            if let Some(Ok(number)) = number(&named) {
                let path = shown(&named.path.to_string_lossy());
                let words = format!(
                    "{} {} {}",
                    number.legal_issuer, number.series, number.number
                );
                let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
                let of_period = format!("{words} {} {}", number.class, number.period);
                numbers
                    .entry(shown(of_period.trim()))
                    .or_default()
                    .push(path);
            }
        }
    }
    if documents.len() > 1 {
        text.push_str(&summary(documents.len(), &numbers, lang));
    }
    Ok(Report {
        exit,
        json: json!({"command": "inspect", "files": documents}),
        text,
    })
}

/// How many documents there are, and which files are of one number.
fn summary(documents: usize, numbers: &BTreeMap<String, Vec<String>>, lang: Lang) -> String {
    let with_number: usize = numbers.values().map(Vec::len).sum();
    let count = numbers.len();
    let mut text = match lang {
        Lang::En => format!(
            "{documents} documents: {with_number} with a number, {count} different numbers\n"
        ),
        Lang::Zh => format!("共 {documents} 份：{with_number} 份有号码，{count} 个不同号码\n"),
    };
    for (number, files) in numbers.iter().filter(|(_, files)| files.len() > 1) {
        let one = lang.pick("one number", "同一号码");
        text.push_str(&format!("  {one} {number}: {}\n", files.join(", ")));
    }
    text
}

/// The keys that the document's number has under the types of a network.
fn keys(named: &Named, network: Option<&Network>) -> Result<Vec<(String, StateKey)>, Failure> {
    let (Some(network), Some(identity)) = (network, named.document.identity()) else {
        return Ok(Vec::new());
    };
    let found = candidates(network, &identity, hint_of(&named.document, None))?;
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
            match stated.kind {
                Some(Kind::Invoice) => row("kind", "种类", lang.pick("invoice", "发票")),
                Some(Kind::Licence) => row("kind", "种类", lang.pick("licence", "证照")),
                None => {}
            }
            if stated.kind.is_some() {
                row("profile", "号码规则", stated.profile.name());
            }
            if let Some(identity) = &stated.identity {
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
                let value = stated.shown(fact);
                let written: Vec<&str> = fact.written.split_whitespace().collect();
                let written = written.join(" ");
                let is_amount = fact.fact_type() == FactType::Amount;
                let bare = value.split(' ').next().filter(|_| is_amount);
                let same = [Some(value.as_str()), Some(&fact.value), bare];
                let written = if same.contains(&Some(written.as_str())) {
                    String::new()
                } else {
                    format!("  {} {written}", lang.pick("written", "原文"))
                };
                let text = format!("{value}{written}  ({})", fact.place);
                let name = format!("{word} {}", shown(fact_name(&fact.name, lang)));
                row(&name, &name, &text);
            }
            for seal in &read.seals {
                let place = match seal.place.is_empty() {
                    true => String::new(),
                    false => format!("  ({})", seal.place),
                };
                let text = format!("{seal}{place}");
                row("own seal", "自带签章", &text);
            }
        }
    }
    format!("{}\n{}", shown(&named.path.to_string_lossy()), table(&rows))
}

/// A fact's name in the reader's language; programs and `disclose` use the English one.
fn fact_name(name: &str, lang: Lang) -> &str {
    let zh = match name {
        "buyer" => "购买方 buyer",
        "buyer-id" => "购买方识别号 buyer-id",
        "certificate-number" => "证书编号 certificate-number",
        "check-code" => "校验码 check-code",
        "currency" => "币种 currency",
        "document-type" => "文档类型 document-type",
        "due" => "应付 due",
        "due-date" => "付款期限 due-date",
        "grade" => "等级 grade",
        "holder" => "持有人 holder",
        "holder-id" => "持有人代码 holder-id",
        "issue-date" => "开具日期 issue-date",
        "issue-time" => "开具时间 issue-time",
        "issuer" => "签发机关 issuer",
        "issuer-id" => "签发机关代码 issuer-id",
        "number" => "号码 number",
        "preceding" => "对应原单据 preceding",
        "registration" => "登记号 registration",
        "scope" => "范围 scope",
        "seller" => "销售方 seller",
        "seller-id" => "销售方识别号 seller-id",
        "series" => "代码 series",
        "tax" => "税额 tax",
        "title" => "名称 title",
        "total" => "价税合计 total",
        "total-without-tax" => "不含税金额 total-without-tax",
        "travel-date" => "乘车日期 travel-date",
        "valid-from" => "有效期起 valid-from",
        "valid-until" => "有效期止 valid-until",
        _ => name,
    };
    lang.pick(name, zh)
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
        "kind": stated.and_then(|stated| stated.kind),
        "profile": stated.filter(|stated| stated.kind.is_some()).map(|s| s.profile.name()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use crate::disk;
    use crate::testing::sample;
    use clap::Parser;

    fn inspect(files: &[&str]) -> Report {
        let cli = Cli::try_parse_from(["hefu", "inspect", "--lang", "en"].iter().chain(files));
        let cli = cli.expect("can be typed");
        let Command::Inspect(args) = &cli.command else {
            panic!("another command")
        };
        run(&cli.shared, args).expect("inspected")
    }

    #[test]
    fn files_of_one_number_are_named_together_and_a_missing_one_hides_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let lay = |name: &str, sample_name: &str| {
            let path = folder.path().join(name);
            disk::write(&path, &sample(sample_name)).expect("written");
            path.display().to_string()
        };
        let ubl = lay("a.xml", "invoices/ubl-guangzhou-1017.xml");
        let cii = lay("b.xml", "renditions/cii-guangzhou-1017.xml");
        let other = lay("c.xml", "invoices/ubl-hangzhou-2048.xml");
        let missing = folder.path().join("d.xml").display().to_string();
        let report = inspect(&[&ubl, &missing, &cii, &other]);
        assert_eq!(report.exit, Exit::CouldNotTell);
        for says in [
            "4 documents: 3 with a number, 2 different numbers",
            &format!("invoice: {ubl}, {cii}"),
            &format!("{missing}\n  ? "),
            "18219.80 CNY  (/Invoice/",
            "kind",
        ] {
            assert!(
                report.text.contains(says),
                "{says:?} is not in:\n{}",
                report.text
            );
        }
        let files = report.json["files"].as_array().expect("files");
        assert_eq!(files.len(), 4);
        let facts = files[0]["facts"].as_array().expect("facts");
        let total = facts.iter().find(|fact| fact["name"] == "total");
        assert_eq!(total.expect("a total")["value"], "1821980");
        assert!(files[1]["error"]["sentence"].is_string());
    }
}
