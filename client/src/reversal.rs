//! `hefu reversal` and `hefu reverse`: both sides come to agree, and the invoice is taken back.
//!
//! Consent is two signed statements on the ledger: who asks and who answers each sign their own. What
//! comes next is told with the command that the other side types.

use crate::act::{receipt_of, Acting};
use crate::cli::{AmountArgs, OnDocument, Reversal, ReversalStep, Reverse, Shared};
use crate::document::Document;
use crate::failure::Failure;
use crate::lookup::{named_by, Named};
use crate::money::{check_currency, minor_units, shown_amount};
use crate::nodes::Nodes;
use crate::say::{shown, Lang, Report};
use crate::status::Moment;
use hefu_proof::derived::{deadline, reversal_at};
use hefu_proof::receipt::VerifiedReceipt;
use hefu_types::operation::{self, Operation};
use hefu_types::record::{PublicPart, ReversalStage};
use hefu_types::{Blinding, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use serde_json::{json, Value};
use std::path::Path;

/// Both sides of an invoice.
const SIDES: &[KeyRole] = &[KeyRole::Agency, KeyRole::Member];

/// `hefu reversal`.
pub fn run(shared: &Shared, args: &Reversal) -> Result<Report, Failure> {
    match &args.step {
        ReversalStep::Request(request) => {
            let amount = Some(&request.amount);
            step(shared, &request.act.on, amount, |record, _, minor_units| {
                Operation::RequestReversal(operation::RequestReversal {
                    record,
                    minor_units,
                    reason: request.act.reason.clone(),
                    blinding: Blinding(crate::random()),
                })
            })
        }
        ReversalStep::Agree(on) => answer(shared, on, true),
        ReversalStep::Deny(on) => answer(shared, on, false),
        ReversalStep::Withdraw(on) => step(shared, on, None, |record, _, _| {
            Operation::WithdrawReversal(operation::WithdrawReversal { record })
        }),
    }
}

fn answer(shared: &Shared, on: &OnDocument, agrees: bool) -> Result<Report, Failure> {
    step(shared, on, None, |record, public, _| {
        // Of what nobody asked for there is no request to name: the ledger refuses that.
        let asked = public.and_then(|public| public.reversal.as_ref());
        let request = asked.map_or(OperationId([0; 32]), |asked| asked.request);
        Operation::AnswerReversal(operation::AnswerReversal {
            record,
            agrees,
            request,
        })
    })
}

/// A step of the consent, and what is to be typed next.
fn step(
    shared: &Shared,
    on: &OnDocument,
    amount: Option<&AmountArgs>,
    operation: impl FnOnce(StateKey, Option<&PublicPart>, Option<u64>) -> Operation,
) -> Result<Report, Failure> {
    let acting = Acting::open(shared, on, SIDES)?;
    let (record, found) = match acting.find()? {
        Ok(found) => found,
        Err(report) => return Ok(*report),
    };
    let amount = match amount {
        Some(args) => Amount::of(&acting.nodes, args, &record, &found)?,
        None => None,
    };
    let units = amount.as_ref().map(|amount| amount.minor_units);
    let operation = operation(record, found.answered.record.as_ref(), units);
    acting.perform(&record, operation, |done, report| {
        if let Some(amount) = &amount {
            amount.tell(report, acting.lang);
        }
        let next = Next {
            network: &on.network.network,
            amount: amount.as_ref(),
            lang: acting.lang,
        };
        let moment = Moment::of(acting.nodes.network(), done.state());
        next.tell(done, moment, report);
    })
}

/// `hefu reverse`.
pub fn reverse(shared: &Shared, args: &Reverse) -> Result<Report, Failure> {
    let acting = Acting::open(shared, &args.act.on, &[KeyRole::Agency])?;
    let credit_note = args.credit_note.as_deref();
    let credit_note = credit_note.map(|note| named_by(&acting.nodes, note));
    let credit_note = credit_note.transpose()?;
    let (record, found) = match acting.find()? {
        Ok(found) => found,
        Err(report) => return Ok(*report),
    };
    let amount = Amount::of(&acting.nodes, &args.amount, &record, &found)?;
    let operation = Operation::Reverse(operation::Reverse {
        record,
        minor_units: amount.as_ref().map(|amount| amount.minor_units),
        credit_note,
        reason: args.act.reason.clone(),
        blinding: Blinding(crate::random()),
    });
    acting.perform(&record, operation, |_, report| {
        if let Some(amount) = &amount {
            amount.tell(report, acting.lang);
        }
    })
}

/// A part of an invoice.
#[derive(Debug, PartialEq, Eq)]
struct Amount {
    minor_units: u64,
    /// Where it was typed as an amount of a currency.
    currency: Option<String>,
}

impl Amount {
    /// What was typed; none: all that is left.
    fn of(
        nodes: &Nodes,
        args: &AmountArgs,
        record: &StateKey,
        found: &Named,
    ) -> Result<Option<Self>, Failure> {
        let Some(text) = &args.amount else {
            return Ok(args.minor_units.map(|minor_units| Self {
                minor_units,
                currency: None,
            }));
        };
        let own = currency(nodes, record, found);
        if let (Some(typed), Some(own)) = (&args.currency, &own) {
            check_currency(typed, own)?;
        }
        let currency = own.or_else(|| args.currency.clone()).ok_or_else(|| {
            Failure::asked(
                "the currency of the invoice is not known here: give --currency, or the file",
                "无法得知该发票的币种：请给出 --currency，或给出文件",
            )
        })?;
        Ok(Some(Self {
            minor_units: minor_units(text, &currency)?,
            currency: Some(currency),
        }))
    }

    fn tell(&self, report: &mut Report, lang: Lang) {
        let shown = match &self.currency {
            Some(currency) => shown_amount(self.minor_units, currency),
            None => self.minor_units.to_string(),
        };
        let word = lang.pick("amount", "金额");
        report.text.push_str(&format!("  {word} {shown}\n"));
        insert(report, "minor_units", json!(self.minor_units));
        insert(report, "currency", json!(self.currency));
    }

    /// As it is typed again.
    fn typed(&self) -> String {
        format!(" --minor-units {}", self.minor_units)
    }
}

fn insert(report: &mut Report, name: &str, value: Value) {
    if let Value::Object(object) = &mut report.json {
        object.insert(name.to_owned(), value);
    }
}

/// The currency that the file says, where its very bytes are registered, or else the registration.
fn currency(nodes: &Nodes, record: &StateKey, found: &Named) -> Option<String> {
    let public = found.answered.record.as_ref()?;
    let is_registered = |it: &&Document| public.digests.contains(&it.digest);
    let document = found.document.as_ref().filter(is_registered);
    if let Some(said) = document.and_then(|it| it.fact("currency")) {
        return Some(said.to_owned());
    }
    let registration = public.registration.operation;
    let (_, first) = receipt_of(nodes, &registration, record).ok()?;
    match first.operation() {
        Operation::Register(register) => register.total.clone().map(|total| total.currency),
        _ => None,
    }
}

/// What comes next, and who types it.
struct Next<'a> {
    network: &'a Path,
    amount: Option<&'a Amount>,
    lang: Lang,
}

impl Next<'_> {
    fn tell(&self, done: &VerifiedReceipt, moment: Moment, report: &mut Report) {
        let Some(reversal) = &done.record().reversal else {
            return;
        };
        let stage = reversal_at(reversal, moment.now, moment.halt);
        let (by, commands) = self.commands(stage, &done.record_key());
        let until = deadline(reversal.deadline, moment.halt);
        if let Some(by) = by {
            let lead = match (self.lang, by) {
                (Lang::En, "issuer") => format!("next, by the agency before {until}:\n"),
                (Lang::En, _) => format!("next, by each who uses the invoice, before {until}:\n"),
                (Lang::Zh, "issuer") => format!("下一步由机构在 {until} 之前执行：\n"),
                (Lang::Zh, _) => format!("下一步由各使用方在 {until} 之前执行：\n"),
            };
            report.text.push_str(&lead);
            for command in &commands {
                report.text.push_str(&format!("  {command}\n"));
            }
            let next = json!({"by": by, "before": until.to_string(), "commands": commands});
            insert(report, "next", next);
        }
    }

    fn commands(
        &self,
        stage: ReversalStage,
        record: &StateKey,
    ) -> (Option<&'static str>, Vec<String>) {
        let network = shown(&self.network.to_string_lossy());
        let command = |verb: &str, key: &str| {
            format!("hefu {verb} --network {network} --key {key} --record {record}")
        };
        let answers = |key| ["reversal agree", "reversal deny"].map(|verb| command(verb, key));
        match stage {
            ReversalStage::AwaitsUser => (Some("user"), answers("member.json").to_vec()),
            ReversalStage::AwaitsIssuer => (Some("issuer"), answers("agency.json").to_vec()),
            ReversalStage::NoConsentNeeded | ReversalStage::Agreed => {
                // The amount that was agreed to is private: who asked for a part gives it again.
                let amount = self.amount.map_or(String::new(), Amount::typed);
                let reverse = command("reverse", "agency.json");
                (
                    Some("issuer"),
                    vec![format!("{reverse} --reason REASON{amount}")],
                )
            }
            _ => (None, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests;
