//! What a compromise would make doubtful, before it is declared. A node counts it out of its log: the
//! number is not proven, and is told as such. What is doubtful after the declaration, every verifier finds
//! by itself.

use crate::admit::tell::row;
use crate::failure::Failure;
use crate::nodes::Nodes;
use crate::say::{table, Exit, Lang, Report};
use hefu_types::{KeyId, Millis};
use serde_json::json;

/// `hefu key compromised --what-if`.
pub(super) fn tell(
    nodes: &Nodes,
    id: &KeyId,
    since: Millis,
    lang: Lang,
) -> Result<Report, Failure> {
    let counted = nodes.signed_by(id, since)?;
    let time = |at: Option<Millis>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let mut text = table(&[
        row(lang, "key", "密钥", id.to_string()),
        row(lang, "since", "自", since.to_string()),
        row(
            lang,
            "documents registered",
            "登记的文档",
            counted.registered.to_string(),
        ),
        row(
            lang,
            "other operations",
            "其他操作",
            counted.other.to_string(),
        ),
        row(lang, "statements", "声明", counted.statements.to_string()),
        row(lang, "the first", "首份", time(counted.first_at)),
        row(lang, "the last", "末份", time(counted.last_at)),
    ]);
    text.push_str(&match lang {
        Lang::En => format!(
            "{} document(s) would become doubtful (3004) and {} other operation(s) with them, as a node counts \
             them. Nothing was declared.\n",
            counted.registered, counted.other
        ),
        Lang::Zh => format!(
            "据节点统计，将有 {} 份文档及 {} 项其他操作存疑（3004）。未作任何声明。\n",
            counted.registered, counted.other
        ),
    });
    let report = Report {
        exit: Exit::Yes,
        json: json!({
            "command": "key compromised",
            "outcome": "what-if",
            "key_id": id,
            "since": since.to_string(),
            "registered": counted.registered,
            "other": counted.other,
            "statements": counted.statements,
            "first_at": counted.first_at.map(|at| at.to_string()),
            "last_at": counted.last_at.map(|at| at.to_string()),
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}
