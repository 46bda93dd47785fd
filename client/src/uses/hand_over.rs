//! `hefu use hand-over`: who has the right to use an invoice hands it on.
//!
//! Without the new salt, or the new claim file, nobody has the right any more. So both are on disk
//! before the statement is sent, and the same command goes on with what it finds there.

use super::right::{open_claim, registrations, write_claim, Shown};
use super::settle::{settle, Refused, Settled};
use crate::act::receipt_of;
use crate::cli::uses::HandOver;
use crate::cli::Shared;
use crate::disk;
use crate::failure::Failure;
use crate::files::Files;
use crate::keys;
use crate::lookup::{by_digest, by_key, open_receipt};
use crate::nodes::Nodes;
use crate::say::{shown, Exit, Lang, Report};
use crate::send::Signed;
use hefu_proof::receipt::{Disclosed, Receipt, VerifiedReceipt};
use hefu_proof::verdict::Said;
use hefu_types::operation::{self, member_identifier, named_member, Operation, UseRight};
use hefu_types::record::PublicPart;
use hefu_types::{Code, Hash, OperationId, Salt, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::path::Beside;
use hefu_wire::ClaimFile;
use serde_json::json;
use std::path::{Path, PathBuf};

/// To whom, with what that one needs to show the right.
struct To {
    right: UseRight,
    salt: Option<Salt>,
    file: PathBuf,
}

enum Ended {
    /// Handed over, by this run or by an earlier one.
    Done(Option<OperationId>),
    Refused(Refused, Option<Said>),
}

/// `hefu use hand-over`.
pub fn run(shared: &Shared, args: &HandOver) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let network = nodes.network();
    let key = keys::open(&args.key, KeyRole::Member, network)?;
    let document = Files::new(network.suite(), None)?.open_one(&args.file)?;
    let told = by_digest(&nodes, &document.digest, Beside::default(), 0)?;
    let lang = shared.lang();
    let end = |ended: &Ended, file: Option<&Path>| {
        Ok(report(args, told.key.as_ref(), ended, file, lang)
            .with_warnings(lang, &nodes.warnings()))
    };
    let (Some(record_key), Some(record)) = (told.key, &told.record) else {
        return end(
            &Ended::Refused(Refused::here(Code::UnknownRecord), None),
            None,
        );
    };
    let places = [disk::receipt_beside(&args.file)];
    let named: Vec<PathBuf> = args.receipt.iter().cloned().collect();
    let known = registrations(&named, &places, &nodes, &document.digest)?;
    let claim = args
        .claim
        .as_deref()
        .map(|path| open_claim(path, network))
        .transpose()?;
    let shown = Shown {
        network,
        key: &key,
        key_file: &args.key,
        registrations: &known,
        claims: claim.as_slice(),
    };
    let new = New {
        nodes: &nodes,
        args,
        record_key: &record_key,
        record,
        known: &known,
    };
    // Handed over by a run that was stopped: what it wrote is here.
    if let Some(to) = new
        .here()?
        .filter(|to| record.use_right.as_ref() == Some(&to.right))
    {
        new.complete(&to)?;
        return end(&Ended::Done(None), Some(&to.file));
    }
    let right = match shown.right(&record_key, record)? {
        Ok(Some(right)) => right,
        // What is the first member's is nobody's to hand on.
        Ok(None) => {
            return end(
                &Ended::Refused(Refused::here(Code::NoRightToUse), None),
                None,
            )
        }
        Err((refused, hint)) => return end(&Ended::Refused(refused, hint), None),
    };
    let to = new.write()?;
    let operation = Operation::HandOver(operation::HandOver {
        record: record_key,
        right,
        to: to.right.clone(),
    });
    let signed = Signed::atomic(network, &key, &[operation], crate::now());
    let ended = match settle(&nodes, &signed)? {
        Settled::Done(_) => Ended::Done(Some(signed.operation_id(0))),
        Settled::Refused(refused, failure) => {
            match by_key(&nodes, &record_key, Beside::default(), 0) {
                // A certificate says more than a node's word.
                Ok(now)
                    if now.record.as_ref().and_then(|r| r.use_right.as_ref())
                        == Some(&to.right) =>
                {
                    Ended::Done(Some(signed.operation_id(0)))
                }
                _ => match (failure, refused.into_iter().next()) {
                    (Some(failure), _) => return Err(failure),
                    (None, refused) => {
                        let refused = refused.unwrap_or_else(|| Refused::here(Code::NoRightToUse));
                        Ended::Refused(refused, None)
                    }
                },
            }
        }
    };
    if let Ended::Done(_) = ended {
        new.complete(&to)?;
    }
    end(&ended, Some(&to.file))
}

/// What is made for whoever has the right next.
struct New<'a> {
    nodes: &'a Nodes,
    args: &'a HandOver,
    record_key: &'a StateKey,
    record: &'a PublicPart,
    known: &'a [VerifiedReceipt],
}

impl New<'_> {
    /// What an earlier run of the same command wrote, or whose claim file was given.
    fn here(&self) -> Result<Option<To>, Failure> {
        let args = self.args;
        if let Some(path) = args.to_claim_key_of.as_ref().or(args.new_claim.as_ref()) {
            if args.new_claim.is_some() && !path.exists() {
                return Ok(None);
            }
            let claim = open_claim(path, self.nodes.network())?;
            if claim.record != *self.record_key {
                return Err(Failure::bad_file(
                    path,
                    "it is the claim file of another document",
                ));
            }
            return Ok(Some(self.to_claim(&claim, path)));
        }
        let salt = match (&args.out, &args.salt_out) {
            (Some(path), _) if path.exists() => {
                let receipt = open_receipt(path, self.nodes)?;
                let is_this = receipt.record_key() == *self.record_key;
                // The seller's own receipt is not what the new buyer gets.
                let salt = receipt.disclosed().named_member_salt.filter(|_| is_this);
                let salt = salt.filter(|salt| !self.is_known(salt));
                Some((path, salt))
            }
            (None, Some(path)) if path.exists() => {
                let bytes = disk::read(path, 64)?;
                let text = String::from_utf8_lossy(&bytes);
                Some((path, text.trim().parse::<Salt>().ok()))
            }
            _ => None,
        };
        match salt {
            None => Ok(None),
            Some((path, Some(salt))) => Ok(self.to_member(salt, path)),
            Some((path, None)) => Err(Failure::bad_file(
                path,
                "something else lies there, and nothing is overwritten; name another file",
            )),
        }
    }

    fn is_known(&self, salt: &Salt) -> bool {
        let mut known = self
            .known
            .iter()
            .map(|receipt| receipt.disclosed().named_member_salt);
        known.any(|known| known.as_ref() == Some(salt))
    }

    /// What is there, or else is made; from here it is on disk.
    fn write(&self) -> Result<To, Failure> {
        if let Some(to) = self.here()? {
            return Ok(to);
        }
        if let Some(path) = &self.args.new_claim {
            let claim = ClaimFile {
                network: self.nodes.network().digest(),
                record: *self.record_key,
                seed: Hash(crate::random()),
            };
            write_claim(path, &claim)?;
            return Ok(self.to_claim(&claim, path));
        }
        let salt = Salt(crate::random());
        if let Some(path) = &self.args.salt_out {
            disk::write_secret(path, format!("{salt}\n").as_bytes())?;
        }
        if let Some(path) = &self.args.out {
            disk::write_secret(path, &self.receipt(salt)?.encode())?;
        }
        let path = self.args.out.as_ref().or(self.args.salt_out.as_ref());
        path.and_then(|path| self.to_member(salt, path))
            .ok_or_else(|| {
                Failure::asked(
                    "name the new holder: --to-identifier, --to-claim-key-of or --new-claim",
                    "请指明新的持有者：--to-identifier、--to-claim-key-of 或 --new-claim",
                )
            })
    }

    fn to_claim(&self, claim: &ClaimFile, path: &Path) -> To {
        let secret = claim.secret_key(self.nodes.network().suite());
        To {
            right: UseRight::ClaimKey(secret.public_key()),
            salt: None,
            file: path.to_owned(),
        }
    }

    fn to_member(&self, salt: Salt, path: &Path) -> Option<To> {
        let identifier = member_identifier(self.args.to_identifier.as_deref()?);
        let suite = self.nodes.network().suite();
        Some(To {
            right: UseRight::NamedMember(named_member(suite, self.record_key, &salt, &identifier)),
            salt: Some(salt),
            file: path.to_owned(),
        })
    }

    /// The receipt of the registration as the new buyer needs it, of the record as it is now.
    fn receipt(&self, salt: Salt) -> Result<Receipt, Failure> {
        let registration = &self.record.registration.operation;
        let (mut receipt, _) = receipt_of(self.nodes, registration, self.record_key)?;
        let plain = receipt.clone();
        let facts = self
            .known
            .iter()
            .map(|known| known.disclosed().facts.clone());
        let facts = facts.max_by_key(Vec::len).unwrap_or_default();
        let disclosed = |facts| Disclosed {
            facts,
            named_member_salt: Some(salt),
        };
        receipt.disclosed = Some(disclosed(facts));
        if receipt.verify(self.nodes.network()).is_err() {
            // The facts were corrected since that receipt.
            receipt = Receipt {
                disclosed: Some(disclosed(Vec::new())),
                ..plain
            };
        }
        Ok(receipt)
    }

    /// After the hand-over the new buyer's receipt shows the record with the new right.
    fn complete(&self, to: &To) -> Result<(), Failure> {
        let (Some(path), Some(salt)) = (&self.args.out, to.salt) else {
            return Ok(());
        };
        let now = by_key(self.nodes, self.record_key, Beside::default(), 0)?;
        if now
            .record
            .is_some_and(|record| record.use_right.as_ref() == Some(&to.right))
        {
            disk::write_private(path, &self.receipt(salt)?.encode())?;
        }
        Ok(())
    }
}

fn report(
    args: &HandOver,
    record: Option<&StateKey>,
    ended: &Ended,
    file: Option<&Path>,
    lang: Lang,
) -> Report {
    let made = file
        .map(|file| shown(&file.to_string_lossy()))
        .unwrap_or_default();
    let is_to_member = args.to_identifier.is_some();
    let (exit, outcome, said, code) = match ended {
        Ended::Done(_) => {
            let said = if is_to_member {
                let who = shown(args.to_identifier.as_deref().unwrap_or_default());
                Said::new(
                    format!(
                        "handed over to {who}: give them {made}, with which they show the right"
                    ),
                    format!("已移交给 {who}：请将 {made} 交给对方，凭此证明使用权"),
                )
            } else {
                Said::new(
                    format!("handed over to whoever holds {made}: give it to nobody else"),
                    format!("已移交给持有 {made} 者：请勿交给其他人"),
                )
            };
            (Exit::Yes, "done", said, None)
        }
        Ended::Refused(refused, hint) => {
            let refusal = &refused.refusal;
            let detail = (refusal.detail.as_deref()).map_or(String::new(), |d| format!(" ({d})"));
            let (rest, rest_zh) = match (file, hint) {
                (Some(_), _) => (
                    format!("; {made} opens nothing unless the same command is run again and done"),
                    format!("；除非重新执行同一命令并办理成功，{made} 无效"),
                ),
                (None, Some(hint)) => (format!(" {}", hint.en), hint.zh.clone()),
                (None, None) => (String::new(), String::new()),
            };
            let said = Said::new(
                format!("{}{detail}{rest}", refusal.said.en),
                format!("{}{detail}{rest_zh}", refusal.said.zh),
            );
            (Exit::No, "refused", said, Some(refusal.code))
        }
    };
    let operation = match ended {
        Ended::Done(operation) => operation.as_ref(),
        Ended::Refused(..) => None,
    };
    let number = code.map_or(String::new(), |code| format!("{code} "));
    let path = args.file.to_string_lossy();
    Report {
        exit,
        json: json!({
            "command": "use hand-over",
            "file": path,
            "record": record,
            "outcome": outcome,
            "code": code,
            "sentence": lang.of(&said),
            "operation": operation,
            "to": if is_to_member { "named-member" } else { "claim-key" },
            "written": file.map(|file| file.to_string_lossy()),
        }),
        text: format!("{}: {number}{}\n", shown(&path), lang.of(&said)),
    }
}
