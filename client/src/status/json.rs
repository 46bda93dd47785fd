//! Records for programs: one JSON object, whose field names are stable.

use super::{pending_end, use_right, word, Moment};
use hefu_proof::derived::{deadline, reversal_at, status_at, use_at, UseNow};
use hefu_types::record::{Event, OfflineIssue, PublicPart, Reversal, Side, State, UseState};
use hefu_types::StateKey;
use serde_json::{json, Value};

/// The public part of a record, for programs.
pub fn record_json(key: &StateKey, record: &PublicPart, moment: Moment) -> Value {
    let now = moment.now;
    let event = |event: &Event| {
        json!({
            "operation": event.operation,
            "key_id": event.key_id,
            "block_time": event.block_time.to_string(),
        })
    };
    let uses = record.uses.iter().map(|used| use_json(used, moment));
    let links: Vec<Value> = (record.links.iter())
        .map(|link| json!({"relation": link.relation.name(), "record": link.record}))
        .collect();
    let pending = pending_end(record, now)
        .map(|end| format!("{} from {}", end.state.name(), end.effective_at));
    json!({
        "key": key,
        "type": record.document_type,
        "agency": record.agency,
        "region": record.region,
        "supervisor": record.supervisor,
        "legal_issuer": record.legal_issuer,
        "digests": record.digests,
        "fact_root": record.fact_root,
        "valid_from": record.valid_from.map(|time| time.to_string()),
        "valid_before": record.valid_before.map(|time| time.to_string()),
        "use_right": use_right(record).0,
        "state": record.status.state,
        "state_now": word(status_at(record, now)),
        "unattested": record.status.state == State::Unattested,
        "pending": pending,
        "effective_at": record.status.effective_at.to_string(),
        "recorded_at": record.status.recorded_at.to_string(),
        "reason": record.status.reason,
        "uses": uses.collect::<Vec<_>>(),
        "reversal": record.reversal.as_ref().map(|reversal| reversal_json(reversal, moment)),
        "links": links,
        "offline": record.offline.as_ref().map(offline_json),
        "open_facts": record.open_facts,
        "copy": copy_json(record),
        "licence_code": status_at(record, now).licence_code(),
        "suspended_until": suspended_until(record),
        "transferred_to": record.transferred_to,
        "archived_at": record.archived_at.map(|at| at.to_string()),
        "registration": event(&record.registration),
        "status_event": record.status_event.as_ref().map(event),
        "noted": record.noted.as_ref().map(event),
        "event_count": record.event_count,
    })
}

fn suspended_until(record: &PublicPart) -> Option<String> {
    let status = &record.status;
    let until = status.until.filter(|_| status.state == State::Suspended);
    until.map(|until| until.to_string())
}

/// What a lending copy was made for, for programs; nothing of what is no copy.
pub fn copy_json(record: &PublicPart) -> Option<Value> {
    let terms = record.copy.as_ref()?;
    Some(json!({
        "licence": terms.of,
        "purpose": terms.purpose,
        "matter": terms.matter,
        "lent_by": terms.lent_by,
        "valid_before": record.valid_before.map(|time| time.to_string()),
    }))
}

fn use_json(used: &UseState, moment: Moment) -> Value {
    let now = match use_at(used, moment.now, moment.halt) {
        UseNow::Free => "free",
        UseNow::Partly => "partly",
        UseNow::Locked { .. } => "locked",
        UseNow::Used { .. } => "used",
    };
    let lapses_at = used.locked_until.map(|at| deadline(at, moment.halt));
    json!({
        "purpose": used.purpose,
        "now": now,
        "consumed_at": used.consumed_at.map(|at| at.to_string()),
        "locked_until": lapses_at.map(|at| at.to_string()),
        "whole": used.whole,
        "consumed_whole": used.consumed_whole,
        "unattested": used.unattested,
    })
}

fn reversal_json(reversal: &Reversal, moment: Moment) -> Value {
    let stage = reversal_at(reversal, moment.now, moment.halt);
    json!({
        "code": format!("{:02}", stage.number()),
        "stage": stage,
        "sentence": stage.said_en(),
        "sentence_zh": stage.said_zh(),
        "is_open": stage.is_open(),
        "asked_by": match reversal.asked_by {
            Side::Issuer => "issuer",
            Side::User => "user",
        },
        "reason": reversal.reason,
        "asked_at": reversal.asked_at.to_string(),
        "deadline": deadline(reversal.deadline, moment.halt).to_string(),
    })
}

/// How a document was issued without a connection, for programs.
pub fn offline_json(offline: &OfflineIssue) -> Value {
    json!({
        "issued_at": offline.issued_at.to_string(),
        "deadline": offline.deadline.to_string(),
        "late": offline.late,
    })
}
