//! `hefu status --at T --as-known-at T2`: what a document was at T, as far as the ledger knew at T2.
//!
//! What a record no longer holds of its past, a node gives; it counts only if its digest chain is the
//! one in the record.

use super::{said, state_name, word, zone_minutes};
use crate::cli::Status;
use crate::failure::Failure;
use crate::nodes::Nodes;
use crate::say::{shown, table, Exit, Lang};
use crate::times::When;
use hefu_proof::derived::{status_as_known, Derived};
use hefu_types::record::{PublicPart, Status as Stored};
use hefu_types::{Millis, StateKey};
use serde_json::{json, Value};

/// The two times.
pub(super) struct Asked {
    at: When,
    known_at: Option<When>,
}

/// What is told.
pub(super) struct Told {
    pub exit: Exit,
    pub text: String,
    pub json: Value,
}

impl Asked {
    /// The times that were typed, if any.
    pub(super) fn of(args: &Status) -> Result<Option<Self>, Failure> {
        let when = |text: &Option<String>| text.as_deref().map(When::parse).transpose();
        let known_at = when(&args.as_known_at)?;
        Ok(when(&args.at)?.map(|at| Self { at, known_at }))
    }
}

/// Derives the status, and tells it with the events that were known. `known` is the time up to which the
/// record tells everything.
pub(super) fn tell(
    nodes: &Nodes,
    asked: &Asked,
    key: &StateKey,
    record: &PublicPart,
    known: Millis,
    lang: Lang,
) -> Result<Told, Failure> {
    let zone = zone_minutes(nodes.network(), &record.document_type);
    let at = asked.at.end(zone);
    let known_at = asked.known_at.map_or(known, |when| when.end(zone));
    let mut older = Vec::new();
    if record.history.is_some() {
        match nodes.history(key, record) {
            Ok(history) => older = history,
            // The events that stand in the record may do.
            Err(failure) if status_as_known(record, &[], at, known_at).is_err() => {
                return Err(failure);
            }
            Err(_) => nodes.warn("no node gave the older events of the record".to_owned()),
        }
    }
    let derived = status_as_known(record, &older, at, known_at).map_err(|error| {
        Failure::asked(
            error.to_string(),
            "该记录不再保存当时的事件，且未能取得其历史",
        )
    })?;
    let past = record.past.iter().map(|past| &past.status);
    let events: Vec<&Stored> = (older.iter().map(|past| &past.status))
        .chain(past)
        .chain([&record.status])
        .filter(|status| status.recorded_at <= known_at)
        .collect();
    let exit = match derived {
        Derived::Unknown => Exit::CouldNotTell,
        _ => Exit::Yes,
    };
    Ok(Told {
        exit,
        text: text(key, at, known_at, derived, &events, lang),
        json: json!({
            "at": at.to_string(),
            "as_known_at": known_at.to_string(),
            "state": word(derived),
            "since": since(derived).map(|since| since.to_string()),
            "events": events.iter().map(|status| event_json(status)).collect::<Vec<_>>(),
        }),
    })
}

const fn since(derived: Derived) -> Option<Millis> {
    match derived {
        Derived::Ended { since, .. }
        | Derived::NotIssued { since, .. }
        | Derived::Suspended { since, .. }
        | Derived::TransferredOut { since }
        | Derived::Expired { since } => Some(since),
        _ => None,
    }
}

fn event_json(status: &Stored) -> Value {
    json!({
        "state": status.state,
        "effective_at": status.effective_at.to_string(),
        "recorded_at": status.recorded_at.to_string(),
        "reason": status.reason,
    })
}

fn text(
    key: &StateKey,
    at: Millis,
    known_at: Millis,
    derived: Derived,
    events: &[&Stored],
    lang: Lang,
) -> String {
    let row = |en: &str, zh: &str, value: String| vec![lang.pick(en, zh).to_owned(), value];
    let state = match (derived, lang) {
        (Derived::Unknown, Lang::En) => "the ledger did not know it yet".to_owned(),
        _ => said(derived, lang).to_owned(),
    };
    let mut text = table(&[
        row("record", "记录", key.to_string()),
        row("at", "时点", at.to_string()),
        row("as known at", "据此时所知", known_at.to_string()),
        row("state", "状态", state),
    ]);
    if events.is_empty() {
        return text;
    }
    text.push_str(lang.pick("events known then:\n", "当时已知的事件：\n"));
    let head = [
        lang.pick("effective", "生效时间"),
        lang.pick("recorded", "记录时间"),
        lang.pick("state", "状态"),
        lang.pick("reason", "原因"),
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(events.iter().map(|status| {
        vec![
            status.effective_at.to_string(),
            status.recorded_at.to_string(),
            state_name(status.state, lang).to_owned(),
            shown(status.reason.as_deref().unwrap_or("-")),
        ]
    }));
    text.push_str(&table(&rows));
    text
}
