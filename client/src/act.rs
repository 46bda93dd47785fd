//! `hefu cancel` and `hefu revoke`: an agency ends a document that it issued.

use crate::cli::{Act, Revoke, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::keys;
use crate::lookup::named;
use crate::nodes::Nodes;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::send;
use crate::status::{record_json, rows};
use crate::summary::Refusal;
use hefu_proof::receipt::{Receipt, VerifiedReceipt};
use hefu_types::genesis::Network;
use hefu_types::operation::{self, Operation};
use hefu_types::{Code, Millis, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::OutcomeAnswer;
use serde_json::json;

/// `hefu cancel`.
pub fn cancel(shared: &Shared, args: &Act) -> Result<Report, Failure> {
    let reason = args.reason.clone();
    act(shared, args, |record| {
        Operation::Cancel(operation::Cancel { record, reason })
    })
}

/// `hefu revoke`.
pub fn revoke(shared: &Shared, args: &Revoke) -> Result<Report, Failure> {
    let effective_at = args.effective_at.as_deref().map(time).transpose()?;
    let reason = args.act.reason.clone();
    act(shared, &args.act, |record| {
        Operation::Revoke(operation::Revoke {
            record,
            reason,
            effective_at,
        })
    })
}

fn time(text: &str) -> Result<Millis, Failure> {
    chrono::DateTime::parse_from_rfc3339(text)
        .ok()
        .and_then(|time| u64::try_from(time.timestamp_millis()).ok())
        .map(Millis)
        .ok_or_else(|| {
            Failure::asked(
                format!("{text:?} is no time: write it as 2026-12-01T00:00:00+08:00"),
                format!("{text:?} 不是时间，请写作 2026-12-01T00:00:00+08:00"),
            )
        })
}

fn act(
    shared: &Shared,
    args: &Act,
    operation: impl FnOnce(StateKey) -> Operation,
) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let key = keys::open(&args.key, KeyRole::Agency, nodes.network())?;
    let lang = shared.lang();
    let answered = named(&nodes, &args.document)?.answered;
    let report = match (answered.key, answered.record) {
        (Some(record), Some(_)) => {
            let operation = operation(record);
            let verb = operation.verb();
            let (signed, answer) = send::send(&nodes, &key, &[operation])?;
            let id = signed.operation_id(0);
            match answer.outcomes.into_iter().next() {
                Some(OutcomeAnswer::Refused {
                    code,
                    sentence,
                    sentence_zh,
                    evidence,
                    detail,
                }) => {
                    let refusal = Refusal::new(code, &sentence, &sentence_zh, detail);
                    let before = evidence.and_then(|id| receipt_of(&nodes, &id, &record).ok());
                    refused(
                        nodes.network(),
                        verb,
                        &record,
                        &refusal,
                        before.map(|(_, before)| before),
                        lang,
                    )
                }
                // `submit` takes only an answer with as many outcomes as operations.
                Some(OutcomeAnswer::Accepted) | None => {
                    let (receipt, verified) = receipt_of(&nodes, &id, &record)?;
                    if let Some(path) = &args.out {
                        disk::write(path, &receipt.encode())?;
                    }
                    done(nodes.network(), verb, args, &id, &verified, lang)
                }
            }
        }
        (record, _) => {
            let code = Code::UnknownRecord;
            let refusal = Refusal::new(code.number(), code.sentence_en(), code.sentence_zh(), None);
            refused(
                nodes.network(),
                "find",
                &record.unwrap_or(StateKey([0; 32])),
                &refusal,
                None,
                lang,
            )
        }
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// The receipt of an operation on a record, verified.
pub fn receipt_of(
    nodes: &Nodes,
    id: &OperationId,
    record: &StateKey,
) -> Result<(Receipt, VerifiedReceipt), Failure> {
    nodes.operation_receipt(id, |receipt| {
        let verified = receipt
            .verify(nodes.network())
            .map_err(|error| error.to_string())?;
        if verified.operation_id() != *id || verified.record_key() != *record {
            return Err("it is of another operation".to_owned());
        }
        Ok((receipt, verified))
    })
}

fn done(
    network: &Network,
    verb: &str,
    args: &Act,
    id: &OperationId,
    verified: &VerifiedReceipt,
    lang: Lang,
) -> Report {
    let (key, record, now) = (verified.record_key(), verified.record(), crate::now());
    let mut text = format!("{verb}: {}\n", lang.pick("done", "已完成"));
    text.push_str(&table(&rows(network, &key, record, now, lang)));
    text.push_str(&format!("  {} {id}\n", lang.pick("operation", "操作")));
    if let Some(path) = &args.out {
        let word = lang.pick("receipt", "回执");
        text.push_str(&format!("  {word} {}\n", shown(&path.to_string_lossy())));
    }
    Report {
        exit: Exit::Yes,
        json: json!({
            "command": verb,
            "outcome": "done",
            "operation": id,
            "record": record_json(&key, record, now),
            "receipt": args.out,
        }),
        text,
    }
}

fn refused(
    network: &Network,
    verb: &str,
    key: &StateKey,
    refusal: &Refusal,
    before: Option<VerifiedReceipt>,
    lang: Lang,
) -> Report {
    let mut text = format!("{}\n", refusal.text(lang));
    if let Some(before) = &before {
        text.push_str(&table(&rows(
            network,
            key,
            before.record(),
            crate::now(),
            lang,
        )));
    }
    Report {
        exit: Exit::No,
        json: json!({
            "command": verb,
            "outcome": "refused",
            "code": refusal.code,
            "sentence": lang.of(&refusal.said),
            "detail": refusal.detail,
            "record": before.as_ref().map(|b| record_json(key, b.record(), crate::now())),
            "evidence": before.map(|before| before.operation_id()),
        }),
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_says_its_zone() {
        let beijing = time("2026-12-01T00:00:00+08:00").expect("a time");
        assert_eq!(beijing.to_string(), "2026-11-30T16:00:00Z");
        for bad in [
            "2026-12-01",
            "2026-12-01T00:00:00",
            "1969-01-01T00:00:00Z",
            "",
        ] {
            assert!(time(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
