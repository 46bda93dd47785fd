//! `hefu use clawback`: a use is taken back when its member and the agency both have signed.
//!
//! Each side signs a statement of its own; the first learns what the other is to type. What was done is
//! read from the receipt of the use, which names both signatures and stays as long as the use does.

use super::money::Money;
use super::settle::{settle, Refused, Settled};
use super::told;
use crate::act::receipt_of;
use crate::cli::uses::Clawback;
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys;
use crate::lookup::open_receipt;
use crate::money::check_currency;
use crate::nodes::Nodes;
use crate::say::{shown, Exit, Lang, Report};
use crate::send::Signed;
use hefu_proof::receipt::VerifiedReceipt;
use hefu_types::operation::{self, Operation};
use hefu_types::record::{Side, UseItem};
use hefu_types::{Code, Millis, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use serde_json::json;

/// The use that is to be taken back.
struct Use {
    record: StateKey,
    consumption: OperationId,
    money: Money,
}

enum Ended {
    /// One side has signed; the other is to.
    Asked { until: Millis },
    /// Taken back.
    Done,
    /// Not done.
    Refused(Refused),
}

/// `hefu use clawback`.
pub fn run(shared: &Shared, args: &Clawback) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let side = match keys::read(&args.key)?.role {
        KeyRole::Agency => Side::Issuer,
        _ => Side::User,
    };
    let role = match side {
        Side::Issuer => KeyRole::Agency,
        Side::User => KeyRole::Member,
    };
    let key = keys::open(&args.key, role, nodes.network())?;
    let of = the_use(&nodes, args)?;
    let amount = args.amount.as_deref();
    if amount.is_some() && of.money.currency.is_none() {
        return Err(Failure::asked(
            "the receipt does not show the currency of the invoice; give --currency, such as CNY",
            "回执未载明发票币种；请给出 --currency，例如 CNY",
        ));
    }
    let minor_units = amount.map(|amount| of.money.units(amount)).transpose()?;
    let operation = Operation::Clawback(operation::Clawback {
        record: of.record,
        consumption: of.consumption,
        minor_units,
        reason: args.reason.clone(),
    });
    // Nothing is lost with this statement: who signs again is told that it is signed.
    let signed = Signed::atomic(nodes.network(), &key, &[operation], crate::now());
    let own = signed.operation_id(0);
    let (ended, item) = match settle(&nodes, &signed)? {
        Settled::Done(kept) => {
            let item = kept.first().and_then(|(_, kept)| kept.used());
            (asked(item, &own).unwrap_or(Ended::Done), item.cloned())
        }
        Settled::Refused(_, Some(failure)) => {
            // The other side may have signed between our signature and its receipt, or an earlier run
            // was stopped: the receipt of the use says what stands.
            let used = receipt_of(&nodes, &of.consumption, &of.record);
            match used.ok().and_then(|(_, used)| used.used().cloned()) {
                Some(item) if item.operation == own => (Ended::Done, Some(item)),
                _ => return Err(failure),
            }
        }
        Settled::Refused(refused, None) => {
            let used = receipt_of(&nodes, &of.consumption, &of.record).ok();
            let item = used.and_then(|(_, used)| used.used().cloned());
            let refused = refused.into_iter().next();
            let refused = refused.unwrap_or_else(|| Refused::here(Code::UnknownUse));
            let standing = item.as_ref().and_then(|item| item.clawback.as_ref());
            // Who signs twice is told again what the other side is to do.
            let ended = match standing.filter(|asked| asked.by == side) {
                Some(asked) if refused.is(Code::AlreadySigned) => Ended::Asked {
                    until: asked.deadline,
                },
                _ => Ended::Refused(refused),
            };
            (ended, item)
        }
    };
    let lang = shared.lang();
    let told = Told {
        args,
        of: &of,
        side,
        item: item.as_ref(),
        operation: &own,
    };
    Ok(told
        .report(&ended, lang)
        .with_warnings(lang, &nodes.warnings()))
}

fn the_use(nodes: &Nodes, args: &Clawback) -> Result<Use, Failure> {
    let typed = Money {
        currency: args.currency.clone(),
        total: None,
    };
    if let (Some(record), Some(consumption)) = (args.record, args.consumption) {
        return Ok(Use {
            record,
            consumption,
            money: typed,
        });
    }
    let Some(path) = &args.receipt else {
        return Err(Failure::asked(
            "name the use: its receipt, or --record and --use",
            "请指明使用：其回执，或 --record 与 --use",
        ));
    };
    let receipt = open_receipt(path, nodes)?;
    let Some(consumption) = consumption_of(nodes, &receipt) else {
        return Err(Failure::bad_file(
            path,
            "it is not the receipt of a use; a lock is given back with `hefu use release`",
        ));
    };
    let shown = Money::of_facts(receipt.disclosed());
    if let (Some(typed), Some(own)) = (&typed.currency, &shown.currency) {
        check_currency(typed, own)?;
    }
    Ok(Use {
        record: receipt.record_key(),
        consumption,
        money: shown.or(typed),
    })
}

/// The operation of the use: that of a lock's receipt may have come since.
fn consumption_of(nodes: &Nodes, receipt: &VerifiedReceipt) -> Option<OperationId> {
    let used = receipt.used()?;
    used.consumption.or_else(|| {
        let (_, now) = receipt_of(nodes, &used.lock?, &receipt.record_key()).ok()?;
        now.used()?.consumption
    })
}

/// Whether the use shows our signature as the one that stands alone.
fn asked(item: Option<&UseItem>, own: &OperationId) -> Option<Ended> {
    let asked = item?.clawback.as_ref()?;
    (asked.operation == *own).then_some(Ended::Asked {
        until: asked.deadline,
    })
}

struct Told<'a> {
    args: &'a Clawback,
    of: &'a Use,
    side: Side,
    item: Option<&'a UseItem>,
    operation: &'a OperationId,
}

impl Told<'_> {
    /// What the other side is to type.
    fn command(&self) -> String {
        let key = match self.side {
            Side::Issuer => "member.json",
            Side::User => "agency.json",
        };
        let mut command = format!(
            "hefu use clawback --network network.json --key {key} --reason {} --record {} --use {}",
            quoted(&self.args.reason),
            self.of.record,
            self.of.consumption
        );
        if let Some(amount) = &self.args.amount {
            command.push_str(&format!(" --amount {}", quoted(amount)));
            if let Some(currency) = &self.of.money.currency {
                command.push_str(&format!(" --currency {}", quoted(currency)));
            }
        }
        command
    }

    fn report(&self, ended: &Ended, lang: Lang) -> Report {
        let share = |item: &UseItem| self.of.money.share(item.share, lang);
        let left = self
            .item
            .filter(|item| item.state == hefu_types::record::UseItemState::Consumed);
        let (exit, outcome, sentence, code) = match ended {
            Ended::Asked { until } => {
                let (other, other_zh) = match self.side {
                    Side::Issuer => ("the member that used it", "使用该发票的成员"),
                    Side::User => ("the agency that registered it", "登记该发票的机构"),
                };
                let sentence = match lang {
                    Lang::En => {
                        format!("signed: {other} is to sign before {until}, with this command")
                    }
                    Lang::Zh => format!("已签署：{other_zh}须在 {until} 之前用以下命令签署"),
                };
                (Exit::Yes, "asked", sentence, None)
            }
            Ended::Done => {
                let sentence = match (left, lang) {
                    (Some(item), Lang::En) => {
                        format!("taken back; {} is left of the use", share(item))
                    }
                    (Some(item), Lang::Zh) => format!("已收回；该使用尚余 {}", share(item)),
                    (None, Lang::En) => "taken back: it is free again".to_owned(),
                    (None, Lang::Zh) => "已全部收回，可再次使用".to_owned(),
                };
                (Exit::Yes, "done", sentence, None)
            }
            Ended::Refused(refused) => (
                Exit::No,
                "refused",
                told::text(&refused.refusal, &self.of.money, lang),
                Some(refused.refusal.code),
            ),
        };
        let number = code.map_or(String::new(), |code| format!("{code} "));
        let mut text = format!("{number}{sentence}\n");
        let command = matches!(ended, Ended::Asked { .. }).then(|| self.command());
        if let Some(command) = &command {
            text.push_str(&format!("  {}\n", shown(command)));
        }
        let until = match ended {
            Ended::Asked { until } => Some(until.to_string()),
            Ended::Done | Ended::Refused(_) => None,
        };
        Report {
            exit,
            json: json!({
                "command": "use clawback",
                "outcome": outcome,
                "code": code,
                "sentence": sentence,
                "record": self.of.record,
                "use": self.of.consumption,
                "operation": code.is_none().then_some(self.operation),
                "reason": self.args.reason,
                "until": until,
                "other_side": command,
                "taken_back": self.item.map(|item| item.taken_back),
                "share": self.item.map(|item| self.of.money.share_json(item.share)),
            }),
            text,
        }
    }
}

/// A word as a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:/".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_goes_through_a_shell_as_it_is() {
        assert_eq!(quoted("paid-in-error"), "paid-in-error");
        assert_eq!(quoted("误付 100"), "'误付 100'");
        assert_eq!(quoted("a'b"), "'a'\\''b'");
        assert_eq!(quoted(""), "''");
    }
}
