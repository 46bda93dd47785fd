//! What `hefu use lock` and `hefu use consume` say of each file.

use super::ask::{Asked, Verb};
use super::money::Money;
use super::settle::Refused;
use super::told;
use crate::say::{shown, Exit, Lang, Report};
use hefu_proof::receipt::VerifiedReceipt;
use hefu_proof::verdict::Said;
use hefu_types::record::{UseItem, UseItemState};
use hefu_types::{Code, Digest, Millis, OperationId, StateKey};
use serde_json::{json, Value};
use std::path::PathBuf;

/// A lock or a use that a receipt on disk proves.
pub struct Had {
    /// The operation of the receipt.
    pub operation: OperationId,
    /// The record.
    pub record: StateKey,
    /// The lock or use.
    pub item: Box<UseItem>,
}

impl Had {
    /// What a receipt of a lock or of a use proves.
    pub fn of(receipt: &VerifiedReceipt) -> Option<Self> {
        Some(Self {
            operation: receipt.operation_id(),
            record: receipt.record_key(),
            item: Box::new(receipt.used()?.clone()),
        })
    }
}

/// How it ended for one file.
pub enum Ended {
    /// Locked or used, by this run or by one that was stopped.
    Done(Had),
    /// The member holds this lock already.
    Held(Had),
    /// Used before.
    Before {
        refused: Refused,
        since: Option<Millis>,
        record: StateKey,
        /// The same use, by this member: its receipt is here.
        ours: Option<Had>,
        /// Another use by this member.
        elsewhere: Option<OperationId>,
    },
    /// Not done, as far as could be learnt.
    Refused {
        refused: Refused,
        hint: Option<Said>,
        /// A lock or use of this member that stands in the way.
        elsewhere: Option<OperationId>,
    },
}

impl Ended {
    /// Nothing is known but why.
    pub fn refused(refused: Refused) -> Self {
        Self::Refused {
            refused,
            hint: None,
            elsewhere: None,
        }
    }

    fn had(&self) -> Option<&Had> {
        match self {
            Self::Done(had) | Self::Held(had) => Some(had),
            Self::Before { ours, .. } => ours.as_ref(),
            Self::Refused { .. } => None,
        }
    }

    fn why(&self) -> Option<&Refused> {
        match self {
            Self::Done(_) | Self::Held(_) => None,
            Self::Before { refused, .. } | Self::Refused { refused, .. } => Some(refused),
        }
    }

    fn elsewhere(&self) -> Option<&OperationId> {
        match self {
            Self::Before { elsewhere, .. } | Self::Refused { elsewhere, .. } => elsewhere.as_ref(),
            Self::Done(_) | Self::Held(_) => None,
        }
    }

    fn is_done(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Held(_))
    }
}

/// One file.
pub struct Line {
    /// As it was named.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Where its receipt is kept.
    pub receipt: PathBuf,
    /// In what it counts.
    pub money: Money,
    /// How it ended.
    pub ended: Ended,
}

/// Everything, for people and for programs.
pub fn report(asked: &Asked<'_>, lines: &[Line], lang: Lang) -> Report {
    let is_lock = matches!(asked.verb, Verb::Lock(_));
    let mut text: String = lines.iter().map(|line| line.text(asked, lang)).collect();
    let is_done = lines.iter().all(|line| line.ended.is_done());
    let had = lines.iter().filter_map(|line| line.ended.had());
    // What a member says of an invoice of unknown origin entitles nobody to anything.
    let entitles = had.into_iter().any(|had| !had.item.unattested);
    if is_done && entitles {
        text.push_str(match (is_lock, lang) {
            (true, Lang::En) => {
                "Only the receipt of a lock or of a use entitles to pay, a lock's until it ends: keep it, and \
                 `hefu use consume` when you have paid.\n"
            }
            (true, Lang::Zh) => {
                "只有锁定或使用的回执才是付款依据，锁定回执仅在到期前有效：请妥善保存，付款后执行 hefu use consume。\n"
            }
            (false, Lang::En) => "Only the receipt of a lock or of a use entitles to pay: keep it.\n",
            (false, Lang::Zh) => "只有锁定或使用的回执才是付款依据：请妥善保存。\n",
        });
    }
    let files: Vec<Value> = lines.iter().map(|line| line.json(asked, lang)).collect();
    Report {
        exit: if is_done { Exit::Yes } else { Exit::No },
        json: json!({
            "command": if is_lock { "use lock" } else { "use consume" },
            "outcome": if is_done { "done" } else { "refused" },
            "purpose": asked.args.purpose,
            "member": asked.key.file.holder,
            "files": files,
        }),
        text,
    }
}

impl Line {
    fn said(&self, asked: &Asked<'_>, lang: Lang) -> String {
        let purpose = shown(&asked.args.purpose);
        match &self.ended {
            Ended::Done(had) | Ended::Held(had) => {
                let (share, member) = (self.share(had, lang), shown(&had.item.member));
                let is_held = matches!(self.ended, Ended::Held(_));
                match (had.item.state, lang) {
                    (UseItemState::Locked(until), Lang::En) => {
                        let word = if is_held {
                            "you hold it already"
                        } else {
                            "locked"
                        };
                        format!("{word} for {purpose} by {member} until {until}: {share}")
                    }
                    (UseItemState::Locked(until), Lang::Zh) => {
                        let word = if is_held {
                            "您已持有该锁定"
                        } else {
                            "已锁定"
                        };
                        format!("{word}，用途 {purpose}，成员 {member}，至 {until}：{share}")
                    }
                    (_, Lang::En) => {
                        let at = had.item.block_time;
                        format!("used for {purpose} by {member} at {at}: {share} is yours")
                    }
                    (_, Lang::Zh) => {
                        let at = had.item.block_time;
                        format!("已由 {member} 于 {at} 用于 {purpose}：{share}归您使用")
                    }
                }
            }
            Ended::Before {
                ours: Some(had), ..
            } => {
                let (share, since) = (self.share(had, lang), had.item.block_time);
                match lang {
                    Lang::En => format!(
                        "you used it already for {purpose}, since {since} ({share}): do not pay or book \
                         it again"
                    ),
                    Lang::Zh => format!(
                        "您已于 {since} 将其用于 {purpose}（{share}）：请勿重复支付或入账"
                    ),
                }
            }
            Ended::Before { refused, .. } | Ended::Refused { refused, .. } => {
                told::text(&refused.refusal, &self.money, lang)
            }
        }
    }

    fn share(&self, had: &Had, lang: Lang) -> String {
        self.money.share(had.item.share, lang)
    }

    fn text(&self, asked: &Asked<'_>, lang: Lang) -> String {
        let code = self.ended.why();
        let code = code.map_or(String::new(), |why| format!("{} ", why.refusal.code));
        let file = shown(&self.path.to_string_lossy());
        let mut text = format!("{file}: {code}{}\n", self.said(asked, lang));
        let mut add = |line: &str| text.push_str(&format!("    {line}\n"));
        if self.ended.had().is_some() {
            let receipt = shown(&self.receipt.to_string_lossy());
            add(&format!("{} {receipt}", lang.pick("receipt", "回执")));
        }
        if self.ended.had().is_some_and(|had| had.item.unattested) {
            add(lang.pick(
                "no issuer has registered this invoice: this records who uses it first, is nobody's proof \
                 that the invoice is authentic, and does not entitle to pay",
                "该发票尚无开具方登记：此记录只说明谁先使用，不能证明发票真实，也不是付款依据",
            ));
        }
        if let Ended::Refused {
            hint: Some(hint), ..
        } = &self.ended
        {
            add(lang.of(hint));
        }
        if let Some(operation) = self.ended.elsewhere() {
            let word = lang.pick(
                "your own is in the way; its receipt",
                "您已有的使用或锁定与此冲突，其回执",
            );
            add(&format!(
                "{word}: hefu receipt --operation {operation} --network N --out FILE"
            ));
        }
        text
    }

    fn json(&self, asked: &Asked<'_>, lang: Lang) -> Value {
        let (had, why) = (self.ended.had(), self.ended.why());
        let outcome = match &self.ended {
            Ended::Done(_) if matches!(asked.verb, Verb::Lock(_)) => "locked",
            Ended::Done(_) => "used",
            Ended::Held(_) => "held",
            Ended::Before { .. } => "used-before",
            Ended::Refused { refused, .. } if refused.is(Code::SiblingRefused) => "not-done",
            Ended::Refused { .. } => "refused",
        };
        let (record, since) = match &self.ended {
            Ended::Before { record, since, .. } => (Some(record), *since),
            _ => (
                had.map(|had| &had.record),
                had.map(|had| had.item.block_time),
            ),
        };
        let until = had.and_then(|had| match had.item.state {
            UseItemState::Locked(until) => Some(until.to_string()),
            _ => None,
        });
        let hint = match &self.ended {
            Ended::Refused { hint, .. } => hint.as_ref(),
            _ => None,
        };
        json!({
            "file": self.path.to_string_lossy(),
            "digest": self.digest,
            "outcome": outcome,
            "code": why.map(|why| why.refusal.code),
            "sentence": self.said(asked, lang),
            "detail": why.and_then(|why| why.refusal.detail.as_deref()),
            "hint": hint.map(|hint| lang.of(hint)),
            "evidence": why.and_then(|why| why.evidence),
            "record": record,
            "operation": had.map(|had| had.operation),
            "share": had.map(|had| self.money.share_json(had.item.share)),
            "since": since.map(|at| at.to_string()),
            "until": until,
            "unattested": had.map(|had| had.item.unattested),
            "receipt": had.map(|_| self.receipt.to_string_lossy()),
        })
    }
}
