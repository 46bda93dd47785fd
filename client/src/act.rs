//! One operation on one document: it is signed, brought to finality, and told with its receipt.
//!
//! Here are the verbs that need nothing but the record: `cancel`, `revoke`, `confirm`, `reject`,
//! `replace`, `archive`. Verbs that bring more use the same steps: [`Acting::find`],
//! [`Acting::perform`].

use crate::cli::{self, Act, OnDocument, Revoke, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::keys::{self, Key};
use crate::lookup::{named, named_by, Named};
use crate::nodes::Nodes;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::send;
use crate::status::{record_json, rows, Moment};
use crate::summary::Refusal;
use crate::times::time;
use hefu_proof::receipt::{Receipt, VerifiedReceipt};
use hefu_types::operation::{self, Operation};
use hefu_types::{Code, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::OutcomeAnswer;
use serde_json::json;
use std::path::Path;

/// `hefu cancel`.
pub fn cancel(shared: &Shared, args: &Act) -> Result<Report, Failure> {
    let reason = args.reason.clone();
    by_agency(shared, &args.on, |record| {
        Operation::Cancel(operation::Cancel { record, reason })
    })
}

/// `hefu revoke`.
pub fn revoke(shared: &Shared, args: &Revoke) -> Result<Report, Failure> {
    let effective_at = args.effective_at.as_deref().map(time).transpose()?;
    let reason = args.act.reason.clone();
    by_agency(shared, &args.act.on, |record| {
        Operation::Revoke(operation::Revoke {
            record,
            reason,
            effective_at,
        })
    })
}

/// `hefu confirm`.
pub fn confirm(shared: &Shared, args: &OnDocument) -> Result<Report, Failure> {
    let acting = Acting::open(shared, args, &[KeyRole::Agency])?;
    let (record, found) = match acting.find()? {
        Ok(found) => found,
        Err(report) => return Ok(*report),
    };
    // What is confirmed is what was looked at: not what it is corrected to meanwhile.
    let public = found.answered.record;
    if let (Some(file), Some(public)) = (&found.document, &public) {
        if !public.digests.contains(&file.digest) {
            return Err(Failure::asked(
                "this file is none of the document's: look at the files that are registered now, and \
                 confirm those",
                "该文件不在文档现登记的文件之列：请查看现登记的文件后再确认",
            ));
        }
    }
    let event_count = public.map_or(0, |public| public.event_count);
    let operation = Operation::Confirm(operation::Confirm {
        record,
        event_count,
    });
    acting.perform(&record, operation, |_, _| {})
}

/// `hefu reject`.
pub fn reject(shared: &Shared, args: &Act) -> Result<Report, Failure> {
    let reason = args.reason.clone();
    by_agency(shared, &args.on, |record| {
        Operation::Reject(operation::Reject { record, reason })
    })
}

/// `hefu archive`.
pub fn archive(shared: &Shared, args: &OnDocument) -> Result<Report, Failure> {
    by_agency(shared, args, |record| {
        Operation::Archive(operation::Archive { record })
    })
}

/// `hefu replace`.
pub fn replace(shared: &Shared, args: &cli::Replace) -> Result<Report, Failure> {
    let acting = Acting::open(shared, &args.on, &[KeyRole::Agency])?;
    let by = named_by(&acting.nodes, &args.by)?;
    let reason = args.reason.clone();
    acting.on_document(|record| Operation::Replace(operation::Replace { record, by, reason }))
}

/// An operation that needs nothing but the record, signed by an agency.
pub fn by_agency(
    shared: &Shared,
    on: &OnDocument,
    operation: impl FnOnce(StateKey) -> Operation,
) -> Result<Report, Failure> {
    Acting::open(shared, on, &[KeyRole::Agency])?.on_document(operation)
}

/// Who acts, and how it is told.
pub struct Acting<'a> {
    /// The nodes.
    pub nodes: Nodes,
    /// Who signs.
    pub key: Key,
    /// The language of texts.
    pub lang: Lang,
    /// What was asked for.
    on: &'a OnDocument,
}

/// What an operation on a document came to.
pub enum Ended {
    /// Done: its receipt.
    Done(Box<(Receipt, VerifiedReceipt)>),
    /// Refused, and the receipt of the operation that stands in the way.
    Refused(Refusal, Option<Box<VerifiedReceipt>>),
}

impl<'a> Acting<'a> {
    /// Reads the network and the key, which has one of these roles.
    pub fn open(shared: &Shared, on: &'a OnDocument, roles: &[KeyRole]) -> Result<Self, Failure> {
        let nodes = shared.nodes(&on.network.network)?;
        let key = keys::open_one_of(&on.key, roles, nodes.network())?;
        Ok(Self {
            nodes,
            key,
            lang: shared.lang(),
            on,
        })
    }

    /// The document that was named; the report, where it is not registered.
    pub fn find(&self) -> Result<Result<(StateKey, Named), Box<Report>>, Failure> {
        let found = named(&self.nodes, &self.on.document)?;
        match (found.answered.key, &found.answered.record) {
            (Some(record), Some(_)) => Ok(Ok((record, found))),
            (key, _) => {
                let report = not_found(key, self.lang);
                let report = report.with_warnings(self.lang, &self.nodes.warnings());
                Ok(Err(Box::new(report)))
            }
        }
    }

    /// Does an operation on a record, and tells it; of what was done `tell` tells more.
    pub fn perform(
        &self,
        record: &StateKey,
        operation: Operation,
        tell: impl FnOnce(&VerifiedReceipt, &mut Report),
    ) -> Result<Report, Failure> {
        let (nodes, verb) = (&self.nodes, operation.verb());
        let ended = perform(nodes, &self.key, operation, record, holds(nodes))?;
        let out = self.on.out.as_deref();
        let mut report = report(nodes, verb, record, &ended, out, self.lang)?;
        if let Ended::Done(done) = &ended {
            tell(&done.1, &mut report);
        }
        Ok(report.with_warnings(self.lang, &nodes.warnings()))
    }

    /// The whole way of an operation that needs nothing but the record.
    pub fn on_document(
        &self,
        operation: impl FnOnce(StateKey) -> Operation,
    ) -> Result<Report, Failure> {
        match self.find()? {
            Ok((record, _)) => self.perform(&record, operation(record), |_, _| {}),
            Err(report) => Ok(*report),
        }
    }
}

/// Verifies a receipt, and leaves it as it is.
pub fn holds(
    nodes: &Nodes,
) -> impl FnMut(Receipt) -> Result<(Receipt, VerifiedReceipt), String> + '_ {
    |receipt| {
        let verified = nodes
            .verified(&receipt)
            .map_err(|error| error.to_string())?;
        Ok((receipt, verified))
    }
}

/// Signs an operation on a record, waits until it is final, and gets its receipt, which `whole`
/// completes and verifies.
pub fn perform(
    nodes: &Nodes,
    key: &Key,
    operation: Operation,
    record: &StateKey,
    mut whole: impl FnMut(Receipt) -> Result<(Receipt, VerifiedReceipt), String>,
) -> Result<Ended, Failure> {
    let (signed, answer) = send::send(nodes, key, &[operation])?;
    let id = signed.operation_id(0);
    let mut done = || {
        nodes.operation_receipt(&id, |receipt| {
            let (receipt, verified) = whole(receipt)?;
            of_operation(&verified, &id, record)?;
            Ok((receipt, verified))
        })
    };
    // `submit` takes only an answer with as many outcomes as operations.
    match answer.outcomes.into_iter().next() {
        Some(OutcomeAnswer::Refused {
            code,
            sentence,
            sentence_zh,
            evidence,
            detail,
        }) => {
            // A node that lies may call refused what was done; who believed it would do it twice.
            if let Ok(done) = done() {
                return Ok(Ended::Done(Box::new(done)));
            }
            let refusal = Refusal::new(code, &sentence, &sentence_zh, detail);
            let before = evidence.and_then(|id| evidence_of(nodes, &id));
            Ok(Ended::Refused(refusal, before.map(Box::new)))
        }
        Some(OutcomeAnswer::Accepted) | None => Ok(Ended::Done(Box::new(done()?))),
    }
}

fn of_operation(
    verified: &VerifiedReceipt,
    id: &OperationId,
    record: &StateKey,
) -> Result<(), String> {
    if verified.operation_id() == *id && verified.record_key() == *record {
        Ok(())
    } else {
        Err("it is of another operation".to_owned())
    }
}

/// The operation that stands in the way, where a node shows it. It may be of another document, such as
/// the licence that was taken in before.
pub fn evidence_of(nodes: &Nodes, id: &OperationId) -> Option<VerifiedReceipt> {
    let mut holds = holds(nodes);
    let found = nodes.operation_receipt(id, |receipt| {
        let (_, verified) = holds(receipt)?;
        let is_it = verified.operation_id() == *id;
        is_it
            .then_some(verified)
            .ok_or_else(|| "it is of another operation".to_owned())
    });
    found.ok()
}

/// The receipt of an operation on a record, verified.
pub fn receipt_of(
    nodes: &Nodes,
    id: &OperationId,
    record: &StateKey,
) -> Result<(Receipt, VerifiedReceipt), Failure> {
    receipt_that(nodes, id, record, |_| Ok(()))
}

/// The same, of nodes whose receipt is also as `is_good` asks.
pub fn receipt_that(
    nodes: &Nodes,
    id: &OperationId,
    record: &StateKey,
    is_good: impl Fn(&VerifiedReceipt) -> Result<(), String>,
) -> Result<(Receipt, VerifiedReceipt), Failure> {
    let mut holds = holds(nodes);
    nodes.operation_receipt(id, |receipt| {
        let (receipt, verified) = holds(receipt)?;
        of_operation(&verified, id, record)?;
        is_good(&verified)?;
        Ok((receipt, verified))
    })
}

/// The receipt as it is now: an older one may show a lock that was given back since.
pub fn receipt_now(
    nodes: &Nodes,
    id: &OperationId,
    record: &StateKey,
) -> Result<(Receipt, VerifiedReceipt), Failure> {
    receipt_that(nodes, id, record, |receipt| {
        let is_young = nodes.is_young(receipt.state());
        is_young.then_some(()).ok_or_else(|| {
            let height = receipt.state().checkpoint().checkpoint().height;
            format!("its checkpoint is old (height {height})")
        })
    })
}

/// Writes the receipt, and tells what an operation came to.
pub fn report(
    nodes: &Nodes,
    verb: &str,
    record: &StateKey,
    ended: &Ended,
    out: Option<&Path>,
    lang: Lang,
) -> Result<Report, Failure> {
    match ended {
        Ended::Done(done) => {
            let (receipt, verified) = &**done;
            if let Some(path) = out {
                disk::write(path, &receipt.encode())?;
            }
            Ok(self::done(nodes, verb, verified, out, lang))
        }
        Ended::Refused(refusal, before) => Ok(refused(
            nodes,
            verb,
            record,
            refusal,
            before.as_deref(),
            lang,
        )),
    }
}

fn done(
    nodes: &Nodes,
    verb: &str,
    verified: &VerifiedReceipt,
    out: Option<&Path>,
    lang: Lang,
) -> Report {
    let network = nodes.network();
    let (key, record) = (verified.record_key(), verified.record());
    let moment = Moment::of(network, verified.state());
    let id = verified.operation_id();
    let mut text = format!("{verb}: {}\n", lang.pick("done", "已完成"));
    text.push_str(&table(&rows(network, &key, record, moment, lang)));
    text.push_str(&format!("  {} {id}\n", lang.pick("operation", "操作")));
    if let Some(path) = out {
        let word = lang.pick("receipt", "回执");
        text.push_str(&format!("  {word} {}\n", shown(&path.to_string_lossy())));
    }
    Report {
        exit: Exit::Yes,
        json: json!({
            "command": verb,
            "outcome": "done",
            "operation": id,
            "record": record_json(&key, record, moment),
            "receipt": out,
        }),
        text,
    }
}

/// Tells that an operation was refused, and of the one that stands in the way.
pub fn refused(
    nodes: &Nodes,
    verb: &str,
    key: &StateKey,
    refusal: &Refusal,
    before: Option<&VerifiedReceipt>,
    lang: Lang,
) -> Report {
    let network = nodes.network();
    let mut text = format!("{}\n", refusal.text(lang));
    let moment = |before: &VerifiedReceipt| Moment::of(network, before.state());
    if let Some(before) = before {
        let rows = rows(
            network,
            &before.record_key(),
            before.record(),
            moment(before),
            lang,
        );
        text.push_str(&table(&rows));
    }
    Report {
        exit: Exit::No,
        json: json!({
            "command": verb,
            "outcome": "refused",
            "code": refusal.code,
            "sentence": lang.of(&refusal.said),
            "detail": refusal.detail,
            "key": key,
            "record": before.map(|b| record_json(&b.record_key(), b.record(), moment(b))),
            "evidence": before.map(VerifiedReceipt::operation_id),
        }),
        text,
    }
}

/// That no document is registered under what was named.
pub fn not_found(key: Option<StateKey>, lang: Lang) -> Report {
    let code = Code::UnknownRecord;
    let refusal = Refusal::new(code.number(), code.sentence_en(), code.sentence_zh(), None);
    Report {
        exit: Exit::No,
        json: json!({
            "command": "find",
            "outcome": "refused",
            "code": refusal.code,
            "sentence": lang.of(&refusal.said),
            "detail": refusal.detail,
            "key": key,
            "record": null,
            "evidence": null,
        }),
        text: format!("{}\n", refusal.text(lang)),
    }
}

#[cfg(test)]
mod tests;
