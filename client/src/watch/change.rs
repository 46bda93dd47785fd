//! What differs between two verified versions of a record: the facts that everybody may read, each with
//! when it came about and, where somebody waits for an answer, the command that gives it.

use super::state::Known;
use crate::say::{padded, shown, Lang};
use hefu_proof::derived::{deadline, reversal_at, status_at, use_at, Derived, Halt, UseNow};
use hefu_proof::verdict::Said;
use hefu_types::record::{Event, PublicPart, ReversalStage, State, UseState};
use hefu_types::{Code, Millis, StateKey};
use serde_json::{json, Value};
use std::collections::BTreeSet;

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `status`, `reversal`, `use`, `link`, `right`, `files`, `archive`, `registration`, `other`.
    pub what: &'static str,
    /// The word for what it was.
    pub before: String,
    /// The word for what it is.
    pub after: String,
    /// What happened.
    pub said: Said,
    /// When the ledger learnt of it, where the record says so; of what time alone brought, when it did.
    pub at: Option<Millis>,
    /// What the payer is to do about it.
    pub code: Option<Code>,
    /// The command that answers it.
    pub command: Option<String>,
}

/// Two versions of one record, the halt of the ledger that puts deadlines off, and what commands name.
struct Pair<'a> {
    before: &'a PublicPart,
    after: &'a PublicPart,
    /// The block times at which they were read.
    then: Millis,
    now: Millis,
    halt: Halt,
    record: &'a StateKey,
    network_file: &'a str,
}

/// What changed of a record.
pub fn changes(
    before: &Known,
    after: &Known,
    halt: Halt,
    record: &StateKey,
    network_file: &str,
) -> Vec<Change> {
    let pair = Pair {
        before: &before.public,
        after: &after.public,
        then: before.seen.time,
        now: after.seen.time,
        halt,
        record,
        network_file,
    };
    let mut changes = Vec::new();
    changes.extend(pair.registration());
    changes.extend(pair.status());
    changes.extend(pair.reversal());
    changes.extend(pair.uses());
    changes.extend(pair.links());
    changes.extend(pair.right());
    changes.extend(pair.files());
    changes.extend(pair.archive());
    // Whatever else differs, such as dates that were corrected, is a change as well.
    if changes.is_empty() && pair.before != pair.after {
        changes.push(pair.other());
    }
    changes
}

fn change(what: &'static str, before: &str, after: &str, said: Said) -> Change {
    Change {
        what,
        before: before.to_owned(),
        after: after.to_owned(),
        said,
        at: None,
        code: None,
        command: None,
    }
}

impl Pair<'_> {
    /// When the last event came that is noted without a status, if it is a new one.
    fn noted_at(&self) -> Option<Millis> {
        let of = |event: &Option<Event>| event.as_ref().map(|event| event.operation);
        let is_new = of(&self.after.noted) != of(&self.before.noted);
        let noted = self.after.noted.as_ref().filter(|_| is_new);
        noted.map(|event| event.block_time)
    }

    /// When the last event came that changed the status, if it is a new one.
    fn status_event_at(&self) -> Option<Millis> {
        let is_new = self.after.status_event != self.before.status_event;
        let event = self.after.status_event.as_ref().filter(|_| is_new);
        event.map(|event| event.block_time)
    }

    /// The number was registered again after its document had ended, or by its issuer after a use.
    fn registration(&self) -> Option<Change> {
        let (before, after) = (&self.before.registration, &self.after.registration);
        if before.operation == after.operation {
            return None;
        }
        let (agency, at) = (&self.after.agency, after.block_time);
        let said = Said::new(
            format!("registered by {agency}"),
            format!("由 {agency} 登记"),
        );
        Some(Change {
            at: Some(at),
            ..change("registration", &self.before.agency, agency, said)
        })
    }

    fn status(&self) -> Option<Change> {
        let (was, is) = (
            status_at(self.before, self.then),
            status_at(self.after, self.now),
        );
        let status = &self.after.status;
        let is_event = self.before.status != *status;
        if !is_event && was == is {
            return None;
        }
        let (before, before_zh) = word(was, self.before);
        let (after, after_zh) = word(is, self.after);
        let code = match is {
            Derived::InForce => None,
            Derived::NotYetValid { .. } | Derived::Expired { .. } => Some(Code::NotInValidity),
            Derived::NotIssued {
                state: State::Proposed,
                ..
            } => Some(Code::NotConfirmed),
            Derived::NotIssued { .. } | Derived::Unknown => Some(Code::StatusUnknown),
            Derived::Ended { .. } | Derived::Suspended { .. } | Derived::TransferredOut { .. } => {
                Some(Code::WrongState)
            }
        };
        let (mut en, mut zh) = (
            format!("{before} -> {after}"),
            format!("{before_zh} → {after_zh}"),
        );
        let at = if is_event {
            let (effective, recorded) = (status.effective_at, status.recorded_at);
            let reason = status.reason.as_deref().unwrap_or("-");
            let state = status.state;
            // What is to begin later is told before it does.
            if effective > self.now {
                en += &format!("; {} from {effective} on", state.name());
                zh += &format!("；自 {effective} 起{}", state.name_zh());
            } else {
                en += &format!(" since {effective}");
                zh += &format!("，自 {effective} 起");
            }
            let more = self.more();
            en += &more.en;
            zh += &more.zh;
            en += &format!(" (reason: {reason}; recorded {recorded})");
            zh += &format!("（原因：{reason}；记录于 {recorded}）");
            recorded
        } else {
            let since = match is {
                Derived::Ended { since, .. }
                | Derived::NotIssued { since, .. }
                | Derived::Expired { since } => since,
                // A suspension that ended by itself.
                Derived::InForce if status.state == State::Suspended => {
                    status.until.unwrap_or(self.now)
                }
                _ => self.after.valid_from.unwrap_or(self.now),
            };
            en += &format!(" since {since}");
            zh += &format!("，自 {since} 起");
            since
        };
        Some(Change {
            at: Some(at),
            code,
            ..change("status", before, after, Said::new(en, zh))
        })
    }

    /// Until when a licence is withheld, or where it went.
    fn more(&self) -> Said {
        let (status, to) = (&self.after.status, self.after.transferred_to.as_deref());
        match (status.state, status.until, to) {
            (State::Suspended, Some(until), _) => {
                Said::new(format!(" until {until}"), format!("，至 {until} 止"))
            }
            (State::TransferredOut, _, Some(to)) => {
                Said::new(format!(" to {to}"), format!("，转往 {to}"))
            }
            _ => Said::new("", ""),
        }
    }

    fn reversal(&self) -> Option<Change> {
        let reversal = self.after.reversal.as_ref()?;
        let stage = reversal_at(reversal, self.now, self.halt);
        let was = self.before.reversal.as_ref();
        let stage_was = was.map(|was| reversal_at(was, self.then, self.halt));
        if was == Some(reversal) && stage_was == Some(stage) {
            return None;
        }
        let until = deadline(reversal.deadline, self.halt);
        let (number, reason) = (format!("0{}", stage.number()), &reversal.reason);
        let (mut en, mut zh) = (
            format!("reversal {number}: {} (reason: {reason})", stage.said_en()),
            format!("红冲 {number}：{}（原因：{reason}）", stage.said_zh()),
        );
        if stage.is_open() {
            en += &format!("; until {until}");
            zh += &format!("；期限 {until}");
        }
        let is_new = was.is_none_or(|was| was.asked_at != reversal.asked_at);
        let at = match stage {
            ReversalStage::TimedOut => Some(until),
            _ => self.noted_at().or(is_new.then_some(reversal.asked_at)),
        };
        let before = stage_was.map_or("-".to_owned(), |stage| format!("0{}", stage.number()));
        Some(Change {
            at,
            code: stage.is_open().then_some(Code::ConsentPending),
            command: self.answer(stage),
            ..change("reversal", &before, &number, Said::new(en, zh))
        })
    }

    /// The command by which the side that is asked agrees; `deny` in its place denies.
    fn answer(&self, stage: ReversalStage) -> Option<String> {
        let key = match stage {
            ReversalStage::AwaitsUser => "member.json",
            ReversalStage::AwaitsIssuer => "agency.json",
            _ => return None,
        };
        Some(format!(
            "hefu reversal agree --network {} --key {key} --record {}",
            self.network_file, self.record
        ))
    }

    fn uses(&self) -> Vec<Change> {
        let of = |record: &'_ PublicPart, purpose: &str| -> Option<UseState> {
            let mut uses = record.uses.iter();
            uses.find(|used| used.purpose == purpose).cloned()
        };
        let all = self.before.uses.iter().chain(&self.after.uses);
        let purposes: BTreeSet<&str> = all.map(|used| used.purpose.as_str()).collect();
        let changed = purposes.into_iter().filter_map(|purpose| {
            let (was, is) = (of(self.before, purpose), of(self.after, purpose));
            self.use_of(purpose, was.as_ref(), is.as_ref())
        });
        changed.collect()
    }

    fn use_of(
        &self,
        purpose: &str,
        was: Option<&UseState>,
        is: Option<&UseState>,
    ) -> Option<Change> {
        let read = |used: Option<&UseState>, at| {
            used.map_or(UseNow::Free, |used| use_at(used, at, self.halt))
        };
        let (then, now) = (read(was, self.then), read(is, self.now));
        if was == is && then == now {
            return None;
        }
        let consumed = |used: Option<&UseState>| used.and_then(|used| used.consumed_at);
        let is_whole = |used: Option<&UseState>| used.is_some_and(|used| used.consumed_whole);
        let (consumed_was, consumed_is) = (consumed(was), consumed(is));
        let is_taken_back =
            (consumed_was.is_some() && consumed_is.is_none()) || (is_whole(was) && !is_whole(is));
        let new_use = consumed_is.filter(|_| consumed_was != consumed_is);
        let (en, zh) = if is_taken_back {
            (
                format!("a use for {purpose} was taken back"),
                format!("用于 {purpose} 的使用已收回"),
            )
        } else if let Some(at) = new_use {
            (
                format!("used for {purpose} at {at}"),
                format!("已于 {at} 用于 {purpose}"),
            )
        } else {
            match now {
                UseNow::Locked { until } => (
                    format!("locked for {purpose} until {until}"),
                    format!("已锁定用于 {purpose}，至 {until}"),
                ),
                UseNow::Partly => (
                    format!("in part used or locked for {purpose}"),
                    format!("已部分用于或锁定用于 {purpose}"),
                ),
                UseNow::Free => (
                    format!("free again for {purpose}: a lock is over"),
                    format!("锁定已结束，可再用于 {purpose}"),
                ),
                UseNow::Used { since } => (
                    format!("used for {purpose} since {since}, all of it"),
                    format!("自 {since} 起已全部用于 {purpose}"),
                ),
            }
        };
        let (before, after) = (use_word(then), use_word(now));
        let text = |sentence: String, arrow: &str| match before == after {
            true => sentence,
            false => format!("{sentence} ({before} {arrow} {after})"),
        };
        let said = Said::new(text(en, "->"), text(zh, "→"));
        Some(Change {
            at: new_use,
            ..change("use", before, after, said)
        })
    }

    fn links(&self) -> Vec<Change> {
        let new = |link: &&hefu_types::record::Link| !self.before.links.contains(link);
        let at = self.status_event_at().or(self.noted_at());
        let links = self.after.links.iter().filter(new).map(|link| {
            let (name, zh, record) = (link.relation.name(), link.relation.name_zh(), link.record);
            let said = Said::new(format!("{name} {record}"), format!("{zh} {record}"));
            Change {
                at,
                ..change("link", "-", name, said)
            }
        });
        links.collect()
    }

    fn right(&self) -> Option<Change> {
        if self.before.use_right == self.after.use_right {
            return None;
        }
        let said = Said::new("the right to use it was handed on", "其使用权已转让");
        Some(Change {
            at: self.noted_at(),
            ..change("right", "-", "handed-on", said)
        })
    }

    fn files(&self) -> Option<Change> {
        let (before, after) = (&self.before.digests, &self.after.digests);
        let added = after.iter().filter(|d| !before.contains(d)).count();
        let withdrawn = before.iter().filter(|d| !after.contains(d)).count();
        let is_same_facts = self.before.fact_root == self.after.fact_root;
        if added + withdrawn == 0 && is_same_facts {
            return None;
        }
        let mut en = format!("files: {added} added, {withdrawn} withdrawn");
        let mut zh = format!("文件：新增 {added} 个，撤下 {withdrawn} 个");
        if !is_same_facts {
            en += "; its facts were corrected";
            zh += "；登记事实已更正";
        }
        let (was, is) = (before.len().to_string(), after.len().to_string());
        Some(Change {
            at: self.noted_at().or(self.status_event_at()),
            ..change("files", &was, &is, Said::new(en, zh))
        })
    }

    fn archive(&self) -> Option<Change> {
        let at = self.after.archived_at?;
        if self.before.archived_at.is_some() {
            return None;
        }
        let said = Said::new(format!("archived at {at}"), format!("已于 {at} 归档"));
        Some(Change {
            at: Some(at),
            ..change("archive", "-", "archived", said)
        })
    }

    fn other(&self) -> Change {
        let (before, after) = (self.before.event_count, self.after.event_count);
        let more = i64::from(after) - i64::from(before);
        let mut counted = self.before.clone();
        counted.event_count = after;
        counted.noted.clone_from(&self.after.noted);
        let said = if counted == *self.after {
            Said::new(
                format!("{more} more events, which changed nothing that everybody may read"),
                format!("另有 {more} 次事件，未改变公开内容"),
            )
        } else {
            Said::new(
                "its record says something else, such as other dates: see `hefu status`",
                "其记录的其他内容（例如日期）已变动：请查看 hefu status",
            )
        };
        Change {
            at: self.noted_at(),
            ..change("other", &before.to_string(), &after.to_string(), said)
        }
    }
}

/// The word for what a document is, in both languages.
fn word(derived: Derived, record: &PublicPart) -> (&'static str, &'static str) {
    match derived {
        Derived::InForce if record.status.state == State::PartlyReversed => {
            let state = State::PartlyReversed;
            (state.name(), state.name_zh())
        }
        Derived::InForce => (State::Issued.name(), State::Issued.name_zh()),
        Derived::NotYetValid { .. } => ("not-yet-valid", "尚未生效"),
        Derived::Expired { .. } => ("expired", "已过期"),
        Derived::Ended { state, .. } | Derived::NotIssued { state, .. } => {
            (state.name(), state.name_zh())
        }
        Derived::Suspended { .. } => (State::Suspended.name(), State::Suspended.name_zh()),
        Derived::TransferredOut { .. } => {
            let state = State::TransferredOut;
            (state.name(), state.name_zh())
        }
        Derived::Unknown => ("unknown", "未知"),
    }
}

const fn use_word(used: UseNow) -> &'static str {
    match used {
        UseNow::Free => "free",
        UseNow::Partly => "partly",
        UseNow::Locked { .. } => "locked",
        UseNow::Used { .. } => "used",
    }
}

impl Change {
    /// On one line, and the command on the next. `age_ms` is how long after its block it is told.
    pub fn text(&self, lang: Lang, age_ms: Option<u64>) -> String {
        let what = match (lang, self.what) {
            (Lang::Zh, "status") => "状态",
            (Lang::Zh, "reversal") => "红冲",
            (Lang::Zh, "use") => "使用",
            (Lang::Zh, "link") => "关联",
            (Lang::Zh, "right") => "使用权",
            (Lang::Zh, "files") => "文件",
            (Lang::Zh, "archive") => "归档",
            (Lang::Zh, "registration") => "登记",
            (Lang::Zh, "other") => "其他",
            (_, what) => what,
        };
        let code = self
            .code
            .map_or(String::new(), |code| format!("{} ", code.number()));
        let seconds = |ms: u64| format!("{}.{}", ms / 1000, ms % 1000 / 100);
        let age = match (lang, age_ms) {
            (_, None) => String::new(),
            (Lang::En, Some(ms)) => format!(" [{} s after its block]", seconds(ms)),
            (Lang::Zh, Some(ms)) => format!("［出块后 {} 秒］", seconds(ms)),
        };
        let mut text = format!(
            "  ! {} {code}{}{age}\n",
            padded(what, 12),
            shown(lang.of(&self.said))
        );
        if let Some(command) = &self.command {
            let or = lang.pick("to agree (or `deny`)", "同意（拒绝用 deny）");
            text.push_str(&format!("    {or}: {}\n", shown(command)));
        }
        text
    }

    /// For programs.
    pub fn json(&self, lang: Lang, age_ms: Option<u64>) -> Value {
        json!({
            "what": self.what,
            "before": self.before,
            "after": self.after,
            "sentence": lang.of(&self.said),
            "at": self.at.map(|at| at.to_string()),
            "code": self.code.map(Code::number),
            "command": self.command,
            "after_block_ms": age_ms,
        })
    }
}

#[cfg(test)]
mod tests;
