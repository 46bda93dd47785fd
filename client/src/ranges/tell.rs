//! Ranges as they are shown: a table for people, objects for programs.

use crate::say::{shown, table, Lang};
use hefu_types::leaf::TypeRules;
use hefu_types::numbering::{count, NumberRange, NumberSpan};
use hefu_types::time::Day;
use hefu_types::Millis;
use serde_json::{json, Value};

/// The states of a range in Chinese.
fn state_zh(name: &str) -> &str {
    match name {
        "requested" => "已申请",
        "allocated" => "已分配",
        "active" => "使用中",
        "withdrawn" => "已收回",
        "exhausted" => "已用完",
        "expired" => "已过期",
        other => other,
    }
}

pub(super) fn state(range: &NumberRange, now: Millis, lang: Lang) -> String {
    let name = range.now(now).name();
    let reason = range.reason.as_deref();
    let reason = reason.map_or(String::new(), |reason| format!(" ({})", shown(reason)));
    format!("{}{reason}", lang.pick(name, state_zh(name)))
}

pub(super) fn written(range: &NumberRange, span: NumberSpan) -> String {
    let (first, last) = (range.written(span.first), range.written(span.last));
    if span.first == span.last {
        first
    } else {
        format!("{first}-{last}")
    }
}

pub(super) fn range_table(
    ranges: &[(usize, &NumberRange)],
    rules: &TypeRules,
    now: Millis,
    lang: Lang,
) -> String {
    if ranges.is_empty() {
        return String::new();
    }
    let head = [
        ("range", "号段"),
        ("numbers", "号码"),
        ("type", "类型"),
        ("holder", "持有机构"),
        ("state", "状态"),
        ("last day", "截止日"),
        ("issued", "已开具"),
        ("void", "已作废"),
        ("branches", "已下发"),
        ("open", "未用"),
    ];
    let mut rows = vec![head.map(|(en, zh)| lang.pick(en, zh).to_owned()).to_vec()];
    for (place, range) in ranges {
        let last = (range.valid_before)
            .and_then(|before| Day::last_before(before, rules.zone_minutes))
            .map_or("-".to_owned(), |day| day.to_string());
        rows.push(vec![
            place.to_string(),
            written(range, range.span()),
            shown(&range.document_type),
            shown(&range.holder),
            state(range, now, lang),
            last,
            count(&range.issued).to_string(),
            count(&range.voided).to_string(),
            count(&range.delegated).to_string(),
            count(&range.open()).to_string(),
        ]);
    }
    table(&rows)
}

fn spans_json(range: &NumberRange, spans: &[NumberSpan]) -> Value {
    let spans = spans
        .iter()
        .map(|span| json!({"first": range.written(span.first), "last": range.written(span.last)}));
    json!(spans.collect::<Vec<_>>())
}

pub(super) fn range_json(place: usize, range: &NumberRange, now: Millis) -> Value {
    let (open, gaps) = (range.open(), range.gaps());
    json!({
        "range": place,
        "first": range.written(range.first),
        "last": range.written(range.last),
        "digits": range.digits,
        "type": range.document_type,
        "holder": range.holder,
        "parent": range.parent,
        "state": range.state,
        "state_now": range.now(now).name(),
        "since": range.since.to_string(),
        "valid_before": range.valid_before.map(|before| before.to_string()),
        "reason": range.reason,
        "operation": range.operation,
        "counts": {
            "numbers": range.span().count(),
            "issued": count(&range.issued),
            "void": count(&range.voided),
            "branches": count(&range.delegated),
            "open": count(&open),
            "gaps": count(&gaps),
        },
        "issued": spans_json(range, &range.issued),
        "void": spans_json(range, &range.voided),
        "branches": spans_json(range, &range.delegated),
        "open": spans_json(range, &open),
        "gaps": spans_json(range, &gaps),
    })
}
