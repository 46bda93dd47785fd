//! `hefu status`: what the ledger knows of a document, now or at a time.

mod at;
mod json;

pub use json::{copy_json, offline_json, record_json};

use crate::cli::{Shared, Status};
use crate::disk;
use crate::failure::Failure;
use crate::lookup::{named, Named};
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_proof::certificate::VerifiedState;
use hefu_proof::derived::{deadline, reversal_at, status_at, use_at, Derived, Halt, UseNow};
use hefu_proof::verdict::halt;
use hefu_types::genesis::Network;
use hefu_types::leaf::{Kind, TypeRules};
use hefu_types::operation::UseRight;
use hefu_types::record::{
    CopyTerms, Link, OfflineIssue, PublicPart, Relation, Reversal, State, Status as Stored,
    UseState,
};
use hefu_types::time::Day;
use hefu_types::{Millis, StateKey};
use serde_json::{json, Value};

/// `hefu status`.
pub fn run(shared: &Shared, args: &Status) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let network = nodes.network();
    let asked = at::Asked::of(args)?;
    let Named { answered, document } = named(&nodes, &args.document)?;
    let lang = shared.lang();
    if let Some(path) = &args.save {
        let whole = &answered.fetched.certificate;
        let short = match (&answered.key, args.short) {
            (Some(key), true) if answered.record.is_some() => whole.short(network, key).ok(),
            _ => None,
        };
        disk::write(path, &short.as_ref().unwrap_or(whole).encode())?;
    }
    let checkpoint = answered.fetched.state.checkpoint();
    let as_of = Millis(checkpoint.quorum_seconds().saturating_mul(1000));
    let height = checkpoint.checkpoint().height;
    // Signatures have seconds, blocks milliseconds: all that the checkpoint holds is known now.
    let known = as_of.max(checkpoint.checkpoint().time);
    let moment = Moment::of(network, &answered.fetched.state);
    let (exit, mut text, record, then) = match (&answered.key, &answered.record) {
        (Some(key), Some(record)) => {
            let mut json = record_json(key, record, moment);
            let licence = licence_of(&answered.fetched.state, record);
            if let Some((key, licence)) = licence {
                json["licence"] = record_json(&key, licence, moment);
                json["licence_in_force"] = json!(is_in_force(licence, moment.now));
            }
            match &asked {
                None => {
                    let mut text = table(&rows(network, key, record, moment, lang));
                    if let Some((key, licence)) = licence {
                        text.push_str(match (lang, is_in_force(licence, moment.now)) {
                            (Lang::En, true) => "the licence that the copy was made of:\n",
                            (Lang::Zh, true) => "该加注件所依据的原许可：\n",
                            (Lang::En, false) => {
                                "the licence that the copy was made of is NOT in force, so the copy is \
                                 not to be accepted:\n"
                            }
                            (Lang::Zh, false) => "原许可已失效，该加注件不得采信；原许可：\n",
                        });
                        text.push_str(&table(&rows(network, &key, licence, moment, lang)));
                    }
                    (Exit::Yes, text, json, Value::Null)
                }
                Some(asked) => {
                    let told = at::tell(&nodes, asked, key, record, known, lang)?;
                    (told.exit, told.text, json, told.json)
                }
            }
        }
        _ => {
            let text = lang.pick(
                "not registered on this network, which alone proves nothing\n",
                "本网络未登记；仅凭这一点不能判断真伪\n",
            );
            (
                Exit::CouldNotTell,
                text.to_owned(),
                Value::Null,
                Value::Null,
            )
        }
    };
    // Found by its number: what is told is of other bytes than these.
    let is_registered = document.zip(answered.record.as_ref());
    let is_registered = is_registered.map(|(file, record)| record.digests.contains(&file.digest));
    if is_registered == Some(false) {
        text.push_str(lang.pick(
            "  this file is none of the registered ones; `hefu verify` says how it differs\n",
            "  该文件不在已登记的文件之列；请用 hefu verify 查看差异\n",
        ));
    }
    text.push_str(&match lang {
        Lang::En => format!("  as of {as_of}, height {height}\n"),
        Lang::Zh => format!("  截至 {as_of}，高度 {height}\n"),
    });
    let report = Report {
        exit,
        json: json!({
            "command": "status",
            "network": network.digest(),
            "found": answered.record.is_some(),
            "file_is_registered": is_registered,
            "record": record,
            "then": then,
            "as_of": as_of.to_string(),
            "height": height,
            "node": answered.fetched.node,
            "saved": args.save,
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// The licence that a lending copy was made of, where it is proven beside the copy.
fn licence_of<'a>(
    state: &'a VerifiedState,
    record: &PublicPart,
) -> Option<(StateKey, &'a PublicPart)> {
    let of = record.copy.as_ref()?.of;
    Some((of, state.record(&of).ok()??))
}

fn is_in_force(licence: &PublicPart, now: Millis) -> bool {
    status_at(licence, now) == Derived::InForce
}

/// When a record is read, and the last halt of the ledger, by which deadlines are put off.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub now: Millis,
    /// The halt.
    pub halt: Halt,
}

impl Moment {
    /// Now, with the halt that came with a record.
    pub fn of(network: &Network, state: &VerifiedState) -> Self {
        Self {
            now: crate::now(),
            halt: halt(network.suite(), state),
        }
    }
}

/// The word for what a document is.
const fn word(derived: Derived) -> &'static str {
    match derived {
        Derived::InForce => "in-force",
        Derived::NotYetValid { .. } => "not-yet-valid",
        Derived::Expired { .. } => "expired",
        Derived::Ended { state, .. } | Derived::NotIssued { state, .. } => state.name(),
        Derived::Suspended { .. } => State::Suspended.name(),
        Derived::TransferredOut { .. } => State::TransferredOut.name(),
        Derived::Unknown => "unknown",
    }
}

/// The same in the language of the text.
const fn said(derived: Derived, lang: Lang) -> &'static str {
    match (lang, derived) {
        (Lang::En, _) => word(derived),
        (Lang::Zh, Derived::InForce) => "有效",
        (Lang::Zh, Derived::NotYetValid { .. }) => "尚未生效",
        (Lang::Zh, Derived::Expired { .. }) => "已过期",
        (Lang::Zh, Derived::Ended { state, .. } | Derived::NotIssued { state, .. }) => {
            state.name_zh()
        }
        (Lang::Zh, Derived::Suspended { .. }) => State::Suspended.name_zh(),
        (Lang::Zh, Derived::TransferredOut { .. }) => State::TransferredOut.name_zh(),
        (Lang::Zh, Derived::Unknown) => "账本当时尚无记载",
    }
}

const fn state_name(state: State, lang: Lang) -> &'static str {
    lang.pick(state.name(), state.name_zh())
}

/// An end that is recorded and has not begun, such as "revoked from 2026-12-01T00:00:00Z".
fn pending_end(record: &PublicPart, now: Millis) -> Option<&Stored> {
    let status = &record.status;
    let is_pending = status.state.is_final() && status.effective_at > now;
    is_pending.then_some(status)
}

const fn use_right(record: &PublicPart) -> (&'static str, &'static str) {
    match record.use_right {
        None => ("nobody", "无人"),
        Some(UseRight::NamedMember(_)) => ("named-member", "文档载明的成员"),
        Some(UseRight::FirstMember) => ("first-member", "首个使用的成员"),
        Some(UseRight::ClaimKey(_)) => ("claim-key", "持有凭证者"),
    }
}

/// Rows of a table for people, one by one.
struct Rows {
    lang: Lang,
    rows: Vec<Vec<String>>,
}

impl Rows {
    fn add(&mut self, en: &str, zh: &str, value: impl AsRef<str>) {
        let name = self.lang.pick(en, zh).to_owned();
        self.rows.push(vec![name, shown(value.as_ref())]);
    }
}

/// The public part of a record, for people.
pub fn rows(
    network: &Network,
    key: &StateKey,
    record: &PublicPart,
    moment: Moment,
    lang: Lang,
) -> Vec<Vec<String>> {
    let mut rows = Rows {
        lang,
        rows: Vec::new(),
    };
    rows.add("record", "记录", key.to_string());
    state_rows(&mut rows, record, moment.now);
    if let Some(terms) = &record.copy {
        copy_rows(&mut rows, record, terms);
    }
    rows.add("type", "类型", &record.document_type);
    let agency = format!("{} ({})", record.agency, record.region);
    rows.add("agency", "机构", agency);
    if let Some(supervisor) = &record.supervisor {
        rows.add("supervising agency", "监管机构", supervisor);
    }
    rows.add("legal issuer", "开具方", &record.legal_issuer);
    let registered = record.registration.block_time.to_string();
    rows.add("registered", "登记时间", registered);
    if let Some(offline) = &record.offline {
        rows.add("issued offline", "离线开具", said_offline(offline, lang));
    }
    let own = network.genesis().types.iter();
    let own = own.into_iter().find(|own| own.id == record.document_type);
    for fact in &record.open_facts {
        let (en, zh) = fact_names(own, &fact.name);
        rows.add(en, zh, &fact.value);
    }
    validity_rows(
        &mut rows,
        record,
        zone_minutes(network, &record.document_type),
    );
    if is_licence(own) && record.copy.is_none() {
        let code = status_at(record, moment.now).licence_code();
        rows.add("national state code", "国家状态代码", code);
    }
    if record.copy.is_none() {
        let (en, zh) = use_right(record);
        rows.add("may be used by", "使用权", lang.pick(en, zh));
    }
    for used in &record.uses {
        rows.add("use", "使用情况", said_use(used, moment, lang));
    }
    if let Some(reversal) = &record.reversal {
        rows.add(
            "reversal asked for",
            "红冲申请",
            said_reversal(reversal, moment, lang),
        );
    }
    for link in &record.links {
        let relation = &link.relation;
        rows.add(relation.name(), relation.name_zh(), link.record.to_string());
    }
    if let Some(at) = record.archived_at {
        rows.add("archived", "归档时间", at.to_string());
    }
    rows.add("files", "文件数", record.digests.len().to_string());
    rows.rows
}

/// Whether a type is one of licences.
fn is_licence(rules: Option<&TypeRules>) -> bool {
    rules.is_some_and(|rules| rules.kind == Kind::Licence)
}

/// A fact as the type's dictionary names it.
fn fact_names<'a>(rules: Option<&'a TypeRules>, name: &'a str) -> (&'a str, &'a str) {
    let fields = rules.map_or(&[][..], |rules| &rules.facts);
    match fields.iter().find(|field| field.name == name) {
        Some(field) => (&field.name_en, &field.name_zh),
        None => (name, name),
    }
}

/// What a lending copy is: never the licence itself.
fn copy_rows(rows: &mut Rows, record: &PublicPart, terms: &CopyTerms) {
    let lang = rows.lang;
    let what = lang.pick(
        "a copy for one use, not the licence itself",
        "供一次使用的加注件，不是许可原件",
    );
    rows.add("kind", "性质", what);
    rows.add("of the licence", "原许可", terms.of.to_string());
    rows.add("purpose", "用途", &terms.purpose);
    rows.add("matter", "事项编码", &terms.matter);
    let user = lang.pick("shown by its copy file", "由加注件文件证明");
    rows.add("user", "使用方", user);
    let lender = match &terms.lent_by {
        Some(member) => match lang {
            Lang::En => format!("its holder, the member {member}"),
            Lang::Zh => format!("持有者（成员 {member}）"),
        },
        None => record.agency.clone(),
    };
    rows.add("lent by", "出具方", lender);
}

fn state_rows(rows: &mut Rows, record: &PublicPart, now: Millis) {
    let (status, lang) = (&record.status, rows.lang);
    let derived = status_at(record, now);
    let state = said(derived, lang).to_owned();
    rows.add(
        "state",
        "状态",
        match (derived, status.state) {
            (Derived::InForce, State::PartlyReversed) => {
                format!("{state} ({})", state_name(status.state, lang))
            }
            (_, State::Unattested) => {
                let note = lang.pick(
                    "a member recorded its use; no issuer has registered it",
                    "成员已记录其使用，开具方未登记",
                );
                format!("{state} ({note})")
            }
            (Derived::Suspended { until, .. }, _) => match (until, lang) {
                (Some(until), Lang::En) => format!("{state} until {until}"),
                (Some(until), Lang::Zh) => format!("{state}，至 {until} 止"),
                (None, Lang::En) => format!("{state} until it is resumed"),
                (None, Lang::Zh) => format!("{state}，至恢复为止"),
            },
            (Derived::TransferredOut { .. }, _) => {
                let to = record.transferred_to.as_deref().unwrap_or("-");
                let is_in = |link: &Link| link.relation == Relation::TransferredTo;
                let taken_in = record.links.iter().any(is_in);
                match (lang, taken_in) {
                    (Lang::En, true) => format!("{state} to {to}, which has taken it in"),
                    (Lang::En, false) => format!("{state} to {to}, which has not taken it in yet"),
                    (Lang::Zh, true) => format!("{state}至 {to}，已转入"),
                    (Lang::Zh, false) => format!("{state}至 {to}，尚未转入"),
                }
            }
            // Over, and nobody had to resume it.
            (Derived::InForce, State::Suspended) => match (status.until, lang) {
                (Some(until), Lang::En) => format!("{state} (was suspended until {until})"),
                (Some(until), Lang::Zh) => format!("{state}（曾暂扣至 {until}）"),
                (None, _) => state,
            },
            (_, State::Proposed) => {
                let note = lang.pick(
                    "in force once the supervising agency confirms it",
                    "监管机构确认后生效",
                );
                format!("{state} ({note})")
            }
            _ => state,
        },
    );
    if record.status_event.is_none() {
        return;
    }
    match pending_end(record, now) {
        Some(end) => {
            let (state, from) = (state_name(end.state, lang), end.effective_at);
            let pending = match lang {
                Lang::En => format!("{state} from {from}"),
                Lang::Zh => format!("{state}，自 {from} 起"),
            };
            rows.add("pending", "将失效", pending);
        }
        None => rows.add("since", "生效时间", status.effective_at.to_string()),
    }
    rows.add("reason", "原因", status.reason.as_deref().unwrap_or("-"));
    rows.add("recorded", "记录时间", status.recorded_at.to_string());
}

fn validity_rows(rows: &mut Rows, record: &PublicPart, zone: i16) {
    let day = |day: Option<Day>, time: Millis| day.map_or(time.to_string(), |day| day.to_string());
    if let Some(from) = record.valid_from {
        rows.add("first day", "有效期自", day(Day::of(from, zone), from));
    }
    if let Some(before) = record.valid_before.filter(|_| record.copy.is_some()) {
        rows.add("valid before", "有效期止于", before.to_string());
    } else if let Some(before) = record.valid_before {
        let last = day(Day::last_before(before, zone), before);
        rows.add("last day", "有效期至（含当日）", last);
    }
}

fn said_offline(offline: &OfflineIssue, lang: Lang) -> String {
    let (at, until) = (offline.issued_at, offline.deadline);
    match (lang, offline.late) {
        (Lang::En, false) => format!("{at}, registered in time"),
        (Lang::En, true) => format!("{at}, registered late (until {until})"),
        (Lang::Zh, false) => format!("{at}，按期登记"),
        (Lang::Zh, true) => format!("{at}，逾期登记（期限 {until}）"),
    }
}

fn said_use(used: &UseState, moment: Moment, lang: Lang) -> String {
    let purpose = &used.purpose;
    let mut said = match (use_at(used, moment.now, moment.halt), lang) {
        (UseNow::Free, Lang::En) => format!("{purpose}: free"),
        (UseNow::Free, Lang::Zh) => format!("{purpose}：未使用"),
        (UseNow::Used { since }, Lang::En) => format!("{purpose}: used whole, since {since}"),
        (UseNow::Used { since }, Lang::Zh) => format!("{purpose}：已全部使用，自 {since}"),
        (UseNow::Locked { until }, Lang::En) => format!("{purpose}: locked until {until}"),
        (UseNow::Locked { until }, Lang::Zh) => format!("{purpose}：已锁定至 {until}"),
        (UseNow::Partly, Lang::En) => format!("{purpose}: in part used or locked"),
        (UseNow::Partly, Lang::Zh) => format!("{purpose}：部分已使用或锁定"),
    };
    if used.unattested {
        said.push_str(lang.pick(
            "; recorded before its issuer registered it",
            "；在开具方登记之前记录",
        ));
    }
    said
}

fn said_reversal(reversal: &Reversal, moment: Moment, lang: Lang) -> String {
    let stage = reversal_at(reversal, moment.now, moment.halt);
    let until = deadline(reversal.deadline, moment.halt);
    let (number, reason, at) = (stage.number(), &reversal.reason, reversal.asked_at);
    let mut said = match lang {
        Lang::En => format!("{number:02} {}; {reason}, asked at {at}", stage.said_en()),
        Lang::Zh => format!("{number:02} {}；{reason}，申请时间 {at}", stage.said_zh()),
    };
    if stage.is_open() {
        said.push_str(&match lang {
            Lang::En => format!(", lapses at {until}"),
            Lang::Zh => format!("，截止 {until}"),
        });
    }
    said
}

/// The zone of a document type's days, in minutes ahead of UTC; that of China for a type that
/// genesis does not know.
pub fn zone_minutes(network: &Network, document_type: &str) -> i16 {
    let types = &network.genesis().types;
    let rules = types.iter().find(|rules| rules.id == document_type);
    rules.map_or(480, |rules| rules.zone_minutes)
}

#[cfg(test)]
mod tests;
