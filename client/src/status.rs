//! `hefu status`: what the ledger knows of a document.

use crate::cli::{Shared, Status};
use crate::disk;
use crate::failure::Failure;
use crate::lookup::named;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_proof::derived::{status_at, Derived};
use hefu_types::genesis::Network;
use hefu_types::operation::UseRight;
use hefu_types::record::{Event, PublicPart, State};
use hefu_types::time::Day;
use hefu_types::{Millis, StateKey};
use serde_json::{json, Value};

/// `hefu status`.
pub fn run(shared: &Shared, args: &Status) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let answered = named(&nodes, &args.document)?.answered;
    let lang = shared.lang();
    if let Some(path) = &args.save {
        disk::write(path, &answered.fetched.certificate.encode())?;
    }
    let checkpoint = answered.fetched.state.checkpoint();
    let as_of = Millis(checkpoint.quorum_seconds().saturating_mul(1000));
    let height = checkpoint.checkpoint().height;
    let now = crate::now();
    let (exit, mut text, record) = match (&answered.key, &answered.record) {
        (Some(key), Some(record)) => {
            let text = table(&rows(nodes.network(), key, record, now, lang));
            (Exit::Yes, text, record_json(key, record, now))
        }
        _ => {
            let text = lang.pick(
                "not registered on this network, which alone proves nothing\n",
                "本网络未登记；仅凭这一点不能判断真伪\n",
            );
            (Exit::CouldNotTell, text.to_owned(), Value::Null)
        }
    };
    text.push_str(&match lang {
        Lang::En => format!("  as of {as_of}, height {height}\n"),
        Lang::Zh => format!("  截至 {as_of}，高度 {height}\n"),
    });
    let report = Report {
        exit,
        json: json!({
            "command": "status",
            "network": nodes.network().digest(),
            "found": answered.record.is_some(),
            "record": record,
            "as_of": as_of.to_string(),
            "height": height,
            "node": answered.fetched.node,
            "saved": args.save,
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// The word for what a document is at a time.
fn state_now(record: &PublicPart, now: Millis) -> &'static str {
    match status_at(record, now) {
        Derived::InForce => "in-force",
        Derived::NotYetValid { .. } => "not-yet-valid",
        Derived::Expired { .. } => "expired",
        Derived::Ended { state, .. } | Derived::NotIssued { state, .. } => state.name(),
        Derived::Unknown => "unknown",
    }
}

/// An end that is recorded and has not begun, such as "revoked from 2026-12-01T00:00:00Z".
fn pending_end(record: &PublicPart, now: Millis) -> Option<String> {
    let status = &record.status;
    let is_pending = status.state != State::Issued && status.effective_at > now;
    is_pending.then(|| format!("{} from {}", status.state.name(), status.effective_at))
}

const fn use_right(record: &PublicPart) -> &'static str {
    match record.use_right {
        None => "nobody",
        Some(UseRight::NamedMember(_)) => "named-member",
        Some(UseRight::FirstMember) => "first-member",
        Some(UseRight::ClaimKey(_)) => "claim-key",
    }
}

/// The public part of a record, for people.
pub fn rows(
    network: &Network,
    key: &StateKey,
    record: &PublicPart,
    now: Millis,
    lang: Lang,
) -> Vec<Vec<String>> {
    let zone = zone_minutes(network, &record.document_type);
    let day = |day: Option<Day>, time: Millis| day.map_or(time.to_string(), |day| day.to_string());
    let status = &record.status;
    let mut rows = Vec::new();
    let mut row = |en: &str, zh: &str, value: String| {
        rows.push(vec![lang.pick(en, zh).to_owned(), shown(&value)]);
    };
    row("record", "记录", key.to_string());
    row("state", "状态", state_now(record, now).to_owned());
    if record.status_event.is_some() {
        let reason = status.reason.as_deref().unwrap_or("-");
        match pending_end(record, now) {
            Some(end) => row("pending", "将失效", end),
            None => row("since", "生效时间", status.effective_at.to_string()),
        }
        row("reason", "原因", reason.to_owned());
        row("recorded", "记录时间", status.recorded_at.to_string());
    }
    row("type", "类型", record.document_type.clone());
    row(
        "agency",
        "机构",
        format!("{} ({})", record.agency, record.region),
    );
    row("legal issuer", "开具方", record.legal_issuer.clone());
    row(
        "registered",
        "登记时间",
        record.registration.block_time.to_string(),
    );
    if let Some(from) = record.valid_from {
        row("first day", "有效期自", day(Day::of(from, zone), from));
    }
    if let Some(before) = record.valid_before {
        row(
            "last day",
            "有效期至（含当日）",
            day(Day::last_before(before, zone), before),
        );
    }
    row("may be used by", "使用权", use_right(record).to_owned());
    for used in &record.uses {
        row(
            "used for",
            "已用于",
            format!("{} {:?}", used.purpose, used.consumed_at),
        );
    }
    row("files", "文件数", record.digests.len().to_string());
    rows
}

/// The zone of a document type's days, in minutes ahead of UTC; that of China for a type that
/// genesis does not know.
pub fn zone_minutes(network: &Network, document_type: &str) -> i16 {
    let types = &network.genesis().types;
    let rules = types.iter().find(|rules| rules.id == document_type);
    rules.map_or(480, |rules| rules.zone_minutes)
}

/// The public part of a record, for programs.
pub fn record_json(key: &StateKey, record: &PublicPart, now: Millis) -> Value {
    let event = |event: &Event| {
        json!({
            "operation": event.operation,
            "key_id": event.key_id,
            "block_time": event.block_time.to_string(),
        })
    };
    let uses: Vec<Value> = (record.uses.iter())
        .map(|used| {
            json!({
                "purpose": used.purpose,
                "consumed_at": used.consumed_at.map(|at| at.to_string()),
                "locked_until": used.locked_until.map(|at| at.to_string()),
                "whole": used.whole,
                "unattested": used.unattested,
            })
        })
        .collect();
    json!({
        "key": key,
        "type": record.document_type,
        "agency": record.agency,
        "region": record.region,
        "legal_issuer": record.legal_issuer,
        "digests": record.digests,
        "fact_root": record.fact_root,
        "valid_from": record.valid_from.map(|time| time.to_string()),
        "valid_before": record.valid_before.map(|time| time.to_string()),
        "use_right": use_right(record),
        "state": record.status.state,
        "state_now": state_now(record, now),
        "pending": pending_end(record, now),
        "effective_at": record.status.effective_at.to_string(),
        "recorded_at": record.status.recorded_at.to_string(),
        "reason": record.status.reason,
        "uses": uses,
        "registration": event(&record.registration),
        "status_event": record.status_event.as_ref().map(event),
        "event_count": record.event_count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{sample, World};
    use hefu_proof::receipt::Receipt;

    const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

    #[test]
    fn an_end_that_is_to_come_stands_beside_in_force() {
        let mut world = World::new();
        let receipt: Receipt = world.register("invoice", &sample(UBL));
        let verified = receipt.verify(&world.network).expect("holds");
        let (key, mut record) = (verified.record_key(), verified.record().clone());
        record.status.state = State::Revoked;
        record.status.effective_at = Millis(5_000);
        record.status_event = Some(record.registration.clone());
        let text = |now| table(&rows(&world.network, &key, &record, now, Lang::En));
        let before = text(Millis(4_999));
        assert!(before.contains("in-force"), "{before}");
        assert!(
            before.contains("revoked from 1970-01-01T00:00:05Z"),
            "{before}"
        );
        let json = record_json(&key, &record, Millis(4_999));
        assert_eq!(json["pending"], "revoked from 1970-01-01T00:00:05Z");
        let after = text(Millis(5_000));
        assert!(
            !after.contains("in-force") && !after.contains("from 1970"),
            "{after}"
        );
    }
}
