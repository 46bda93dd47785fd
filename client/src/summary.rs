//! What became of each document of a registration: one line each, and a table of how many.

use crate::plan::Aside;
use crate::say::{shown, table, Exit, Lang};
use hefu_proof::verdict::Said;
use hefu_types::profile::LegalNumber;
use hefu_types::record::OfflineIssue;
use hefu_types::{Code, OperationId, StateKey};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One document of a registration.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its files.
    pub files: Vec<PathBuf>,
    /// Whether it was found in a folder.
    pub walked: bool,
    /// Its number and the key of its record, where known.
    pub number: Option<(LegalNumber, StateKey)>,
    /// What became of it.
    pub outcome: Outcome,
    /// The receipts that were written, or found.
    pub receipts: Vec<PathBuf>,
    /// How it was issued without a connection.
    pub offline: Option<OfflineIssue>,
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Registered by this operation.
    Registered(OperationId),
    /// Proposed by this operation: in force once the supervising agency confirms it.
    Proposed(OperationId),
    /// Added by this operation to a document that was there already, with the same facts.
    Rendition(OperationId),
    /// Registered before: its first receipt was fetched.
    AlreadyRegistered(OperationId),
    /// Registered before: its receipt was here.
    ReceiptHere,
    /// Another document stands in the way.
    Conflict(Conflict),
    /// Not done.
    Refused(Refusal),
    /// Not sent.
    LeftAside(Aside),
}

/// What an operation was refused for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: u16,
    /// What it means and what to do.
    pub said: Said,
    /// What exactly is wrong.
    pub detail: Option<String>,
}

/// A conflict: both statements are evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// 2002 or 2003.
    pub refusal: Refusal,
    /// The operation that registered the earlier document.
    pub evidence: Option<OperationId>,
    /// The earlier document, where its receipt holds.
    pub earlier: Option<Earlier>,
}

/// The document that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Its number.
    pub number: String,
    /// Its legal issuer.
    pub legal_issuer: String,
    /// When it was registered.
    pub registered_at: hefu_types::Millis,
    /// Its receipt among ours.
    pub receipt: Option<PathBuf>,
    /// Which facts differ: name, its value, value of the file at hand.
    pub differing: Vec<(String, String, String)>,
}

impl Refusal {
    /// A refusal as a node tells it. Where the code is known the sentence is our own.
    pub fn new(code: u16, en: &str, zh: &str, detail: Option<String>) -> Self {
        let said = match Code::from_number(code) {
            Some(code) => Said::new(code.sentence_en(), code.sentence_zh()),
            None => Said::new(shown(en), shown(zh)),
        };
        Self {
            code,
            said,
            detail: detail.as_deref().map(shown),
        }
    }

    /// As text.
    pub fn text(&self, lang: Lang) -> String {
        let detail = self
            .detail
            .as_deref()
            .map_or(String::new(), |d| format!(" ({d})"));
        format!("{} {}{detail}", self.code, lang.of(&self.said))
    }
}

impl Outcome {
    /// A stable word, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Registered(_) => "registered",
            Self::Proposed(_) => "proposed",
            Self::Rendition(_) => "rendition",
            Self::AlreadyRegistered(_) => "already-registered",
            Self::ReceiptHere => "receipt-here",
            Self::Conflict(_) => "conflict",
            Self::Refused(_) => "refused",
            Self::LeftAside(_) => "left-aside",
        }
    }

    fn words(name: &str) -> (&'static str, &'static str) {
        match name {
            "registered" => ("registered", "已登记"),
            "proposed" => (
                "proposed; in force once the supervising agency confirms",
                "已提交，待监管机构确认后生效",
            ),
            "rendition" => ("registered as another rendition", "登记为另一版式"),
            "already-registered" => (
                "already registered, receipt fetched",
                "此前已登记，已取回回执",
            ),
            "receipt-here" => (
                "already registered, receipt is here",
                "此前已登记，回执已在此",
            ),
            "conflict" => ("conflict", "冲突"),
            "refused" => ("refused", "被拒绝"),
            _ => ("left aside", "未处理"),
        }
    }

    /// The names in the order of the table.
    const NAMES: [&'static str; 8] = [
        "registered",
        "proposed",
        "rendition",
        "already-registered",
        "receipt-here",
        "conflict",
        "refused",
        "left-aside",
    ];

    fn operation(&self) -> Option<OperationId> {
        match self {
            Self::Registered(id)
            | Self::Proposed(id)
            | Self::Rendition(id)
            | Self::AlreadyRegistered(id) => Some(*id),
            _ => None,
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Conflict(conflict) => Some(&conflict.refusal),
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl Line {
    /// How this document ended.
    pub fn exit(&self) -> Exit {
        match &self.outcome {
            Outcome::Conflict(_) | Outcome::Refused(_) => Exit::No,
            Outcome::LeftAside(aside) if self.walked && aside.is_passed_by() => Exit::Yes,
            Outcome::LeftAside(_) => Exit::No,
            _ => Exit::Yes,
        }
    }

    /// The document for programs.
    pub fn json(&self, lang: Lang) -> Value {
        let paths = |paths: &[PathBuf]| -> Vec<String> {
            paths
                .iter()
                .map(|path| path.to_string_lossy().into_owned())
                .collect()
        };
        let mut json = json!({
            "file": paths(&self.files).first(),
            "files": paths(&self.files),
            "outcome": self.outcome.name(),
            "record": self.number.as_ref().map(|(_, key)| key),
            "identity": self.number.as_ref().map(|(number, _)| number.identity()),
            "operation": self.outcome.operation(),
            "receipts": paths(&self.receipts),
        });
        let Value::Object(object) = &mut json else {
            return json;
        };
        if let Some(refusal) = self.outcome.refusal() {
            object.insert("code".into(), json!(refusal.code));
            object.insert("sentence".into(), json!(lang.of(&refusal.said)));
            object.insert("detail".into(), json!(refusal.detail));
        }
        if let Some(offline) = &self.offline {
            object.insert("offline".into(), crate::status::offline_json(offline));
        }
        match &self.outcome {
            Outcome::Conflict(conflict) => {
                object.insert("evidence".into(), json!(conflict.evidence));
                let earlier = conflict.earlier.as_ref().map(|earlier| {
                    let differing: Vec<Value> = (earlier.differing.iter())
                        .map(|(name, registered, here)| {
                            json!({ "name": name, "registered": registered, "here": here })
                        })
                        .collect();
                    json!({
                        "number": earlier.number,
                        "legal_issuer": earlier.legal_issuer,
                        "registered_at": earlier.registered_at.to_string(),
                        "receipt": earlier.receipt,
                        "differing": differing,
                    })
                });
                object.insert("earlier".into(), json!(earlier));
            }
            Outcome::LeftAside(aside) => {
                object.insert("reason".into(), json!(aside.kind()));
                object.insert("sentence".into(), json!(lang.of(&aside.said())));
            }
            _ => {}
        }
        json
    }

    /// What a person must know beyond the count; nothing of a document that is plainly registered.
    fn text(&self, lang: Lang) -> Option<String> {
        let files: Vec<String> = self
            .files
            .iter()
            .map(|path| shown(&path.to_string_lossy()))
            .collect();
        let files = files.join(", ");
        match &self.outcome {
            Outcome::Registered(_)
            | Outcome::Proposed(_)
            | Outcome::AlreadyRegistered(_)
            | Outcome::ReceiptHere => self.late(lang).map(|late| format!("{files}: {late}\n")),
            Outcome::Rendition(_) => {
                let (en, zh) = Outcome::words(self.outcome.name());
                Some(format!("{files}: {}\n", lang.pick(en, zh)))
            }
            Outcome::Refused(refusal) => Some(format!("{files}: {}\n", refusal.text(lang))),
            // Told together, reason by reason.
            Outcome::LeftAside(_) => None,
            Outcome::Conflict(conflict) => {
                let mut text = format!("{files}: {}\n", conflict.refusal.text(lang));
                if let Some(earlier) = &conflict.earlier {
                    text.push_str(&earlier.text(lang));
                }
                if let Some(evidence) = conflict.evidence {
                    let word = lang.pick("evidence: operation", "证据：操作");
                    text.push_str(&format!("    {word} {evidence}\n"));
                }
                Some(text)
            }
        }
    }
}

impl Line {
    /// That it was registered too late after it was issued without a connection.
    fn late(&self, lang: Lang) -> Option<String> {
        let offline = self.offline.as_ref().filter(|offline| offline.late)?;
        let (at, deadline) = (offline.issued_at, offline.deadline);
        Some(match lang {
            Lang::En => format!("late: issued offline at {at}, to be registered until {deadline}"),
            Lang::Zh => format!("逾期登记：离线开具于 {at}，应于 {deadline} 前登记"),
        })
    }
}

impl Earlier {
    fn text(&self, lang: Lang) -> String {
        let (number, issuer, at) = (
            shown(&self.number),
            shown(&self.legal_issuer),
            self.registered_at,
        );
        let mut text = match lang {
            Lang::En => format!("    earlier: {number} of {issuer}, registered {at}\n"),
            Lang::Zh => format!("    在先文档：{issuer} 的 {number}，登记于 {at}\n"),
        };
        if let Some(receipt) = &self.receipt {
            let word = lang.pick("its receipt", "其回执");
            text.push_str(&format!(
                "    {word}: {}\n",
                shown(&receipt.to_string_lossy())
            ));
        }
        for (name, registered, here) in &self.differing {
            let (name, registered, here) = (shown(name), shown(registered), shown(here));
            text.push_str(&match lang {
                Lang::En => format!("    {name}: {registered} there, {here} here\n"),
                Lang::Zh => format!("    {name}：在先为 {registered}，此处为 {here}\n"),
            });
        }
        text
    }
}

/// The whole registration as text.
pub fn text(lines: &[Line], lang: Lang) -> String {
    let mut rows = Vec::new();
    for name in Outcome::NAMES {
        let count = lines
            .iter()
            .filter(|line| line.outcome.name() == name)
            .count();
        if count > 0 {
            let (en, zh) = Outcome::words(name);
            rows.push(vec![lang.pick(en, zh).to_owned(), count.to_string()]);
        }
    }
    if rows.is_empty() {
        return lang.pick("no files\n", "没有文件\n").to_owned();
    }
    let mut text = table(&rows);
    lines
        .iter()
        .filter_map(|line| line.text(lang))
        .for_each(|line| text.push_str(&line));
    text.push_str(&left_aside(lines, lang));
    text
}

/// How many files of one reason are named; a folder may hold thousands that are no documents.
const NAMED_OF_A_REASON: usize = 100;

/// What was left aside and why: each reason once, with its files.
fn left_aside(lines: &[Line], lang: Lang) -> String {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        if let Outcome::LeftAside(aside) = &line.outcome {
            let files = line.files.iter().map(|path| shown(&path.to_string_lossy()));
            let reason = shown(lang.of(&aside.said()));
            reasons.entry(reason).or_default().extend(files);
        }
    }
    let mut text = String::new();
    for (reason, files) in reasons {
        match lang {
            Lang::En => text.push_str(&format!("left aside, {}: {reason}\n", files.len())),
            Lang::Zh => text.push_str(&format!("未处理 {} 个：{reason}\n", files.len())),
        }
        for file in files.iter().take(NAMED_OF_A_REASON) {
            text.push_str(&format!("    {file}\n"));
        }
        let more = files.len().saturating_sub(NAMED_OF_A_REASON);
        match lang {
            _ if more == 0 => {}
            Lang::En => text.push_str(&format!("    and {more} more (--json names all)\n")),
            Lang::Zh => text.push_str(&format!("    另有 {more} 个（--json 列出全部）\n")),
        }
    }
    text
}

/// How many documents came to each outcome, for programs.
pub fn counts(lines: &[Line]) -> Value {
    let mut counts = serde_json::Map::new();
    for name in Outcome::NAMES {
        let count = lines
            .iter()
            .filter(|line| line.outcome.name() == name)
            .count();
        counts.insert(name.to_owned(), json!(count));
    }
    Value::Object(counts)
}
