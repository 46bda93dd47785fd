//! `hefu consume`: a member uses an invoice for a purpose, once.
//!
//! The receipt that this writes is what entitles to pay, so a run that is stopped must neither lose
//! it nor use the invoice a second time. The signed statement is written beside the receipt before
//! it is sent; a run that finds one sends those same bytes again, and a node answers them with their
//! first outcome for ever. It is taken away after the receipt is on disk, or when a certificate
//! proves that it was not done and never will be. No node is believed that it was refused: every
//! node is asked for the receipt of the use before a refusal is told.

use crate::act::receipt_of;
use crate::cli::{Consume, Shared};
use crate::disk;
use crate::document::Document;
use crate::failure::Failure;
use crate::keys::{self, Key};
use crate::lookup::{by_digest, by_key, open_receipt, Answered};
use crate::nodes::Nodes;
use crate::say::{shown, Exit, Lang, Report};
use crate::send::{self, Signed};
use crate::summary::Refusal;
use hefu_proof::derived::{status_at, Derived};
use hefu_proof::receipt::{Receipt, VerifiedReceipt};
use hefu_proof::verdict::Said;
use hefu_types::operation::{self, member_identifier, MemberOpening, Operation, UseRight};
use hefu_types::record::PublicPart;
use hefu_types::statement::STATEMENT_BYTES_MAX;
use hefu_types::{Blinding, Code, Millis, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::path::Beside;
use hefu_wire::OutcomeAnswer;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `hefu consume`.
pub fn run(shared: &Shared, args: &Consume) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let network = nodes.network();
    let key = keys::open(&args.key, KeyRole::Member, network)?;
    let document = crate::files::Files::new(network.suite(), None)?.open_one(&args.file)?;
    let files = Files::of(args, network.suite(), &key.file.holder);
    let run = Run {
        nodes: &nodes,
        args,
        key: &key,
        document: &document,
        files,
    };
    let ended = run.run()?;
    let lang = shared.lang();
    Ok(run
        .report(&ended, lang)
        .with_warnings(lang, &nodes.warnings()))
}

/// Where a use is kept.
struct Files {
    /// The receipt of the use.
    receipt: PathBuf,
    /// The statement, until the receipt is there.
    statement: PathBuf,
    /// The receipt of the registration, where none was named.
    registration: PathBuf,
}

impl Files {
    fn of(args: &Consume, suite: hefu_types::Suite, member: &str) -> Self {
        let file = args.file.file_name().unwrap_or_default().to_string_lossy();
        let of_use = format!("{file}.{}", args.purpose);
        let receipt = disk::receipt_name(suite, Path::new(&of_use));
        Self {
            // Another member may have been refused in the same folder.
            statement: args.receipts.join(format!(".{receipt}.{member}.statement")),
            receipt: args.receipts.join(receipt),
            registration: args
                .receipts
                .join(disk::receipt_name(suite, Path::new(&*file))),
        }
    }
}

/// How it ended.
enum Ended {
    /// Used by this run, or by one that was stopped.
    Used {
        operation: OperationId,
        at: Millis,
        record: StateKey,
    },
    /// Used before.
    UsedBefore {
        since: Option<Millis>,
        record: StateKey,
        ours: Option<PathBuf>,
    },
    /// Not done, as far as could be learnt.
    Refused(Refusal),
}

/// What became of a signed statement.
enum Settled {
    /// Used, or refused so far.
    Ended(Ended),
    /// Proven not to be done, and never to be: another may be signed. Why it was refused.
    Void(Result<Ended, Failure>),
}

struct Run<'a> {
    nodes: &'a Nodes,
    args: &'a Consume,
    key: &'a Key,
    document: &'a Document,
    files: Files,
}

impl Run<'_> {
    fn run(&self) -> Result<Ended, Failure> {
        let sent_before = self.statement_here()?;
        if let Some(used) = self.receipt_here()? {
            let (operation, at, record) = (used.operation_id(), used_at(&used), used.record_key());
            // Stopped between receipt and farewell: that run never said that it was done.
            if sent_before.is_some_and(|signed| signed.operation_id(0) == operation) {
                self.forget_statement()?;
                return Ok(Ended::Used {
                    operation,
                    at,
                    record,
                });
            }
            // Of another member's use nothing is ours but the knowledge that it was.
            let is_own = used
                .used()
                .is_some_and(|used| used.member == self.key.file.holder);
            let ours = is_own.then(|| self.files.receipt.clone());
            return Ok(Ended::UsedBefore {
                since: Some(at),
                record,
                ours,
            });
        }
        if let Some(signed) = sent_before {
            if let Settled::Ended(ended) = self.submit(&signed)? {
                return Ok(ended);
            }
        }
        match self.operation()? {
            Ok(operation) => {
                let network = self.nodes.network();
                let signed = Signed::new(network, self.key, &[operation], crate::now());
                disk::write(&self.files.statement, &signed.bytes)?;
                // From here a crash loses nothing: the next run sends these bytes again.
                match self.submit(&signed)? {
                    Settled::Ended(ended) => Ok(ended),
                    Settled::Void(why) => why,
                }
            }
            Err(ended) => Ok(ended),
        }
    }

    /// The receipt of this very use, if an earlier run wrote it.
    fn receipt_here(&self) -> Result<Option<VerifiedReceipt>, Failure> {
        let path = &self.files.receipt;
        if !path.is_file() {
            return Ok(None);
        }
        let receipt = open_receipt(path, self.nodes.network())?;
        let is_this = receipt.record().digests.contains(&self.document.digest)
            && receipt
                .used()
                .is_some_and(|used| used.purpose == self.args.purpose);
        if is_this {
            return Ok(Some(receipt));
        }
        Err(Failure::bad_file(
            path,
            "it is the receipt of another use; give another --receipts",
        ))
    }

    /// The statement of an earlier run that was stopped.
    fn statement_here(&self) -> Result<Option<Signed>, Failure> {
        let path = &self.files.statement;
        let Some(bytes) = disk::read_if_there(path, STATEMENT_BYTES_MAX)? else {
            return Ok(None);
        };
        let signed = Signed::decode(self.nodes.network(), &bytes)
            .map_err(|error| Failure::bad_file(path, error))?;
        let is_this = |operation: &Operation| match operation {
            Operation::Consume(consume) => {
                let claim = &consume.claim;
                claim.digest == self.document.digest && claim.purpose == self.args.purpose
            }
            _ => false,
        };
        let is_own = signed.issuer == self.key.file.holder;
        if is_own && signed.operations.len() == 1 && signed.operations.iter().all(is_this) {
            return Ok(Some(signed));
        }
        Err(Failure::bad_file(
            path,
            "it is the statement of another use; give another --receipts",
        ))
    }

    fn forget_statement(&self) -> Result<(), Failure> {
        let path = &self.files.statement;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::disk(path, error))
            }
            _ => Ok(()),
        }
    }

    /// The operation, or why it need not be sent: what the ledger proves already.
    fn operation(&self) -> Result<Result<Operation, Ended>, Failure> {
        let member = &self.key.file.holder;
        let beside = Beside {
            coverage: None,
            region: None,
            member: Some(member),
        };
        let told = by_digest(self.nodes, &self.document.digest, beside, 0)?;
        let (Some(key), Some(record)) = (told.key, told.record) else {
            return Ok(Err(refused(Code::UnknownRecord)));
        };
        if let Some(since) = used_since(&record, &self.args.purpose) {
            return Ok(Err(Ended::UsedBefore {
                since: Some(since),
                record: key,
                ours: None,
            }));
        }
        // Proven with the record; whether a commitment opens is for the ledger to say.
        if matches!(record.use_right, None | Some(UseRight::ClaimKey(_))) {
            return Ok(Err(refused(Code::NoRightToUse)));
        }
        let opening = self.opening(&key, &record)?;
        Ok(Ok(Operation::Consume(operation::Consume {
            record: key,
            claim: operation::Claim {
                right: opening.map(operation::RightProof::Named),
                ..operation::Claim::whole(&self.args.purpose, self.document.digest)
            },
            lock: None,
            blinding: Blinding(crate::random()),
        })))
    }

    /// What opens the commitment to the buyer, with the salt of the registration's receipt. The salt
    /// is not proven, so that it does not open the commitment is for the ledger to say.
    fn opening(
        &self,
        key: &StateKey,
        record: &PublicPart,
    ) -> Result<Option<MemberOpening>, Failure> {
        if !matches!(record.use_right, Some(UseRight::NamedMember(_))) {
            return Ok(None);
        }
        let Some(record_salt) = self
            .registration(key)?
            .and_then(|r| r.disclosed().named_member_salt)
        else {
            return Err(Failure::asked(
                "the invoice names its buyer, so its receipt is needed: ask the seller for it and \
                 give it with --receipt",
                "该发票指定了购买方，需要其登记回执；请向销售方索取并用 --receipt 给出",
            ));
        };
        let file = &self.key.file;
        let (Some(identifier), Some(member_salt)) = (&file.identifier, file.identifier_salt) else {
            let why = "it has no legal identifier with its salt; make it with keygen";
            return Err(Failure::bad_file(&self.args.key, why));
        };
        Ok(Some(MemberOpening {
            identifier: member_identifier(identifier),
            record_salt,
            member_salt,
        }))
    }

    /// The receipt of the registration: the one that was named, or one that lies where it should.
    fn registration(&self, key: &StateKey) -> Result<Option<VerifiedReceipt>, Failure> {
        let network = self.nodes.network();
        if let Some(path) = &self.args.receipt {
            let receipt = open_receipt(path, network)?;
            if receipt.record_key() != *key {
                return Err(Failure::bad_file(
                    path,
                    "it is the receipt of another document",
                ));
            }
            return Ok(Some(receipt));
        }
        let places = [
            disk::receipt_beside(&self.args.file),
            self.files.registration.clone(),
        ];
        Ok(places
            .iter()
            .filter_map(|path| open_receipt(path, network).ok())
            .find(|receipt| receipt.record_key() == *key))
    }

    /// Sends the statement and learns what became of it.
    fn submit(&self, signed: &Signed) -> Result<Settled, Failure> {
        let operation = signed.operation_id(0);
        let Some(Operation::Consume(consume)) = signed.operations.first() else {
            return Err(Failure::bad_file(
                &self.files.statement,
                "it is no use of an invoice",
            ));
        };
        let record = consume.record;
        let refused = match send::submit(self.nodes, signed) {
            Ok(answer) => match answer.outcomes.into_iter().next() {
                Some(OutcomeAnswer::Refused {
                    code,
                    sentence,
                    sentence_zh,
                    detail,
                    ..
                }) => Ok(Refusal::new(code, &sentence, &sentence_zh, detail)),
                Some(OutcomeAnswer::Accepted) | None => {
                    let receipt = receipt_of(self.nodes, &operation, &record)?;
                    return self.keep(receipt).map(Settled::Ended);
                }
            },
            Err(failure @ Failure::Refused(_)) => Err(failure),
            Err(failure) => return Err(failure),
        };
        // A node that lies may call refused what was done: then another node has its receipt.
        if let Ok(receipt) = receipt_of(self.nodes, &operation, &record) {
            return self.keep(receipt).map(Settled::Ended);
        }
        let told = match by_key(self.nodes, &record, Beside::default(), 0) {
            Ok(told) => told,
            Err(unproven) => return Err(refused.err().unwrap_or(unproven)),
        };
        let since = (told.record.as_ref()).and_then(|r| used_since(r, &self.args.purpose));
        let is_void = since.is_none() && can_no_longer_be(signed, &told);
        let says_used =
            matches!(&refused, Ok(refusal) if refusal.code == Code::AlreadyUsed.number());
        let ended = if says_used || since.is_some() {
            Ok(Ended::UsedBefore {
                since,
                record,
                ours: None,
            })
        } else {
            refused.map(Ended::Refused)
        };
        if is_void {
            self.forget_statement()?;
            return Ok(Settled::Void(ended));
        }
        ended.map(Settled::Ended)
    }

    /// Keeps the receipt of our use. From here it entitles to pay, and the statement has served.
    fn keep(&self, (mut receipt, used): (Receipt, VerifiedReceipt)) -> Result<Ended, Failure> {
        let record = used.record_key();
        // With the facts of the registration the receipt of the use also serves `verify`.
        if let Some(registration) = self.registration(&record).ok().flatten() {
            let plain = receipt.clone();
            receipt.disclosed = Some(registration.disclosed().clone());
            if receipt.verify(self.nodes.network()).is_err() {
                receipt = plain;
            }
        }
        disk::write(&self.files.receipt, &receipt.encode())?;
        self.forget_statement()?;
        Ok(Ended::Used {
            operation: used.operation_id(),
            at: used_at(&used),
            record,
        })
    }

    fn report(&self, ended: &Ended, lang: Lang) -> Report {
        let purpose = shown(&self.args.purpose);
        let file = shown(&self.args.file.to_string_lossy());
        let receipt = shown(&self.files.receipt.to_string_lossy());
        let (exit, outcome, said, code) = match ended {
            Ended::Used { at, .. } => (
                Exit::Yes,
                "used",
                Said::new(
                    format!("used for {purpose} at {at}: it is yours; receipt {receipt}"),
                    format!("已于 {at} 用于 {purpose}，归您使用；回执 {receipt}"),
                ),
                None,
            ),
            Ended::UsedBefore { since, ours, .. } => {
                let since = since.map_or("?".to_owned(), |since| since.to_string());
                let said = match ours {
                    None => Said::new(
                        format!("used already for {purpose} since {since}: do not pay or book it again"),
                        format!("自 {since} 起已用于 {purpose}：请勿重复支付或入账"),
                    ),
                    Some(_) => Said::new(
                        format!(
                            "you used it already for {purpose}, since {since} (receipt {receipt}): \
                             do not pay or book it again"
                        ),
                        format!(
                            "您已于 {since} 将其用于 {purpose}（回执 {receipt}）：请勿重复支付或入账"
                        ),
                    ),
                };
                (
                    Exit::No,
                    "used-before",
                    said,
                    Some(Code::AlreadyUsed.number()),
                )
            }
            Ended::Refused(refusal) => {
                let detail = refusal
                    .detail
                    .as_deref()
                    .map_or(String::new(), |d| format!(" ({d})"));
                let (kept, kept_zh) = if self.files.statement.is_file() {
                    (
                        "; not proven yet: for ten minutes the same command asks for the same use \
                         again",
                        "；尚未获得证明：十分钟内重新执行同一命令将再次查询同一次使用",
                    )
                } else {
                    ("", "")
                };
                let said = Said::new(
                    format!("{}{detail}{kept}", refusal.said.en),
                    format!("{}{detail}{kept_zh}", refusal.said.zh),
                );
                (Exit::No, "refused", said, Some(refusal.code))
            }
        };
        let (record, operation, at) = match ended {
            Ended::Used {
                record,
                operation,
                at,
            } => (Some(record), Some(operation), Some(*at)),
            Ended::UsedBefore { record, since, .. } => (Some(record), None, *since),
            Ended::Refused(_) => (None, None, None),
        };
        let has_receipt = matches!(
            ended,
            Ended::Used { .. } | Ended::UsedBefore { ours: Some(_), .. }
        );
        let code_text = code.map_or(String::new(), |code| format!("{code} "));
        Report {
            exit,
            json: json!({
                "command": "consume",
                "file": self.args.file.to_string_lossy(),
                "digest": self.document.digest,
                "purpose": self.args.purpose,
                "member": self.key.file.holder,
                "outcome": outcome,
                "code": code,
                "sentence": lang.of(&said),
                "record": record,
                "operation": operation,
                "since": at.map(|at| at.to_string()),
                "receipt": has_receipt.then(|| self.files.receipt.to_string_lossy()),
            }),
            text: format!("{file}: {code_text}{}\n", lang.of(&said)),
        }
    }
}

fn refused(code: Code) -> Ended {
    Ended::Refused(Refusal::new(
        code.number(),
        code.sentence_en(),
        code.sentence_zh(),
        None,
    ))
}

/// Whether a certificate, under which the record is unused, proves that it stays so for this
/// statement: its time went by, or the document ended. Block times only rise.
fn can_no_longer_be(signed: &Signed, told: &Answered) -> bool {
    let time = told.fetched.state.checkpoint().checkpoint().time;
    let has_ended = |record: &PublicPart| matches!(status_at(record, time), Derived::Ended { .. });
    time > signed.valid_until || told.record.as_ref().is_some_and(has_ended)
}

fn used_since(record: &PublicPart, purpose: &str) -> Option<Millis> {
    record
        .uses
        .iter()
        .find(|used| used.purpose == purpose)
        .and_then(|used| used.consumed_at)
}

/// When the use of a receipt was recorded.
fn used_at(receipt: &VerifiedReceipt) -> Millis {
    receipt.used().map_or(Millis(0), |used| used.block_time)
}

#[cfg(test)]
mod tests;
