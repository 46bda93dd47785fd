//! `hefu inspect`: what is recognised in files. Nobody is asked, nothing is verified.

use crate::cli::{Inspect, Shared};
use crate::document::Document;
use crate::failure::Failure;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_types::Suite;
use serde_json::{json, Value};
use std::path::Path;

/// `hefu inspect`.
pub fn run(shared: &Shared, args: &Inspect) -> Result<Report, Failure> {
    let lang = shared.lang();
    let (mut exit, mut text, mut files) = (Exit::Yes, String::new(), Vec::new());
    for file in &args.files {
        let document = Document::open(file, Suite::Sha256Ed25519)?;
        if document.reading.is_err() {
            exit = exit.and(Exit::No);
        }
        text.push_str(&text_of(file, &document, lang));
        files.push(json_of(file, &document));
    }
    Ok(Report {
        exit,
        json: json!({"command": "inspect", "files": files}),
        text,
    })
}

fn text_of(file: &Path, document: &Document, lang: Lang) -> String {
    let mut rows = vec![
        vec![
            lang.pick("digest", "摘要").to_owned(),
            document.digest.to_string(),
        ],
        vec![
            lang.pick("bytes", "字节数").to_owned(),
            document.size_bytes.to_string(),
        ],
    ];
    match &document.reading {
        Err(error) => {
            let word = lang.pick("unreadable", "无法读取").to_owned();
            rows.push(vec![word, shown(&error.to_string())]);
        }
        Ok(reading) => {
            let word = lang.pick("format", "格式").to_owned();
            rows.push(vec![word, shown(&reading.format.to_string())]);
            let fields = document.identity().map(|identity| {
                [
                    ("legal issuer", "开具方", identity.legal_issuer),
                    ("class", "类别", identity.class),
                    ("series", "系列", identity.series),
                    ("number", "号码", identity.number),
                    ("period", "期间", identity.period),
                ]
            });
            for (en, zh, value) in fields.into_iter().flatten() {
                if !value.is_empty() {
                    rows.push(vec![lang.pick(en, zh).to_owned(), shown(&value)]);
                }
            }
            if !reading.missing.is_empty() {
                let word = lang.pick("missing", "缺少").to_owned();
                rows.push(vec![word, reading.missing.join(", ")]);
            }
            let word = lang.pick("fact", "事实");
            for fact in &reading.facts {
                let name = format!("{word} {}", shown(&fact.name));
                rows.push(vec![
                    name,
                    format!("{}  ({})", shown(&fact.value), shown(&fact.place)),
                ]);
            }
        }
    }
    format!("{}\n{}", shown(&file.to_string_lossy()), table(&rows))
}

fn json_of(file: &Path, document: &Document) -> Value {
    let reading = document.reading.as_ref().ok();
    let facts: Vec<Value> = (reading.into_iter().flat_map(|reading| &reading.facts))
        .map(|fact| json!({"name": fact.name, "value": fact.value, "place": fact.place}))
        .collect();
    let error = document.reading.as_ref().err();
    json!({
        "file": file.to_string_lossy(),
        "digest": document.digest,
        "bytes": document.size_bytes,
        "format": reading.map(|reading| reading.format.to_string()),
        "identity": document.identity(),
        "missing": reading.map(|reading| &reading.missing),
        "facts": facts,
        "error": error.map(|error| json!({"kind": error.kind(), "sentence": error.to_string()})),
    })
}
