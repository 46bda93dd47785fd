//! What the ledger tells who comes too late: for what, since or until when, by whom, how much is free.
//!
//! The detail of a refusal is English text of fixed forms. What is of another form is shown as it is.

use super::money::Money;
use crate::say::{shown, Lang};
use crate::summary::Refusal;
use hefu_types::Code;

/// The parts of a refusal's detail.
#[derive(Debug, PartialEq, Eq)]
enum Told<'a> {
    /// So many minor units are free in one piece.
    Free(u64),
    /// Used or locked.
    Taken {
        purpose: Option<&'a str>,
        is_until: bool,
        time: &'a str,
        by: Option<&'a str>,
    },
}

impl<'a> Told<'a> {
    /// The forms that the rules of use write.
    fn read(code: u16, detail: &'a str) -> Option<Self> {
        match Code::from_number(code)? {
            Code::ExceedsBalance => {
                let units = detail.strip_prefix("free in one piece: ")?;
                let units = units.strip_suffix(" minor units")?;
                units.parse().ok().map(Self::Free)
            }
            Code::Locked | Code::AlreadyUsed | Code::PurposeExcluded | Code::LockHeld => {
                let (purpose, rest) = match detail.strip_prefix("for ") {
                    None => (None, detail),
                    Some(rest) => {
                        let (purpose, _) = rest.split_once(' ')?;
                        (Some(purpose), &rest[purpose.len() + 1..])
                    }
                };
                let (word, rest) = rest.split_once(' ')?;
                let is_until = match word {
                    "until" => true,
                    "since" => false,
                    _ => return None,
                };
                let (time, by) = match rest.split_once(", by ") {
                    None => (rest, None),
                    Some((time, by)) => (time, Some(by)),
                };
                Some(Self::Taken {
                    purpose,
                    is_until,
                    time,
                    by,
                })
            }
            _ => None,
        }
    }

    fn said(&self, money: &Money, lang: Lang) -> String {
        match self {
            Self::Free(units) => {
                let free = money.shown(*units, lang);
                match lang {
                    Lang::En => format!("free in one piece: {free}"),
                    Lang::Zh => format!("可整笔使用的余额：{free}"),
                }
            }
            Self::Taken {
                purpose,
                is_until,
                time,
                by,
            } => {
                let mut parts = Vec::new();
                if let Some(purpose) = purpose {
                    parts.push(format!("{} {purpose}", lang.pick("for", "用途")));
                }
                parts.push(match (lang, is_until) {
                    (Lang::En, true) => format!("until {time}"),
                    (Lang::En, false) => format!("since {time}"),
                    (Lang::Zh, true) => format!("至 {time}"),
                    (Lang::Zh, false) => format!("自 {time} 起"),
                });
                if let Some(by) = by {
                    parts.push(format!("{} {by}", lang.pick("by", "使用方")));
                }
                parts.join(lang.pick(" ", "，"))
            }
        }
    }
}

/// A refusal as people read it.
pub fn text(refusal: &Refusal, money: &Money, lang: Lang) -> String {
    let detail = match &refusal.detail {
        None => String::new(),
        Some(detail) => match Told::read(refusal.code, detail) {
            Some(told) => format!(" ({})", shown(&told.said(money, lang))),
            None => format!(" ({detail})"),
        },
    };
    format!("{}{detail}", lang.of(&refusal.said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_told_in_both_languages() {
        let money = Money {
            currency: Some("CNY".to_owned()),
            total: None,
        };
        let said = |code: Code, detail: &str, lang| {
            let refusal = Refusal::new(code.number(), "", "", Some(detail.to_owned()));
            let text = text(&refusal, &money, lang);
            text.split_once(" (")
                .map_or(text.clone(), |(_, rest)| rest.to_owned())
        };
        let free = "free in one piece: 70000 minor units";
        assert_eq!(
            said(Code::ExceedsBalance, free, Lang::En),
            "free in one piece: 700.00 CNY)"
        );
        assert_eq!(
            said(Code::ExceedsBalance, free, Lang::Zh),
            "可整笔使用的余额：700.00 CNY)"
        );
        let locked = "for reimburse until 2026-11-22T00:00:00Z, by m-1";
        assert_eq!(
            said(Code::Locked, locked, Lang::En),
            format!("{locked})").replace(", by", " by")
        );
        assert_eq!(
            said(Code::Locked, locked, Lang::Zh),
            "用途 reimburse，至 2026-11-22T00:00:00Z，使用方 m-1)"
        );
        let used = "for reimburse since 2026-11-22T00:00:00Z";
        assert_eq!(said(Code::AlreadyUsed, used, Lang::En), format!("{used})"));
        let held = "until 2026-11-22T00:00:00Z";
        assert_eq!(
            said(Code::LockHeld, held, Lang::Zh),
            "至 2026-11-22T00:00:00Z)"
        );
        // What is of no known form is shown as it is.
        assert_eq!(said(Code::Locked, "soon", Lang::Zh), "soon)");
        assert_eq!(said(Code::BadField, held, Lang::Zh), format!("{held})"));
    }
}
