//! What a member asks for: files with their shares, and the operation for each of them.

use super::money::Money;
use super::pending::blinding;
use super::right::{open_claim, registrations, Shown};
use super::settle::Refused;
use super::unattested::{self, Found};
use crate::act::receipt_now;
use crate::cli::uses::Take;
use crate::disk;
use crate::document::Document;
use crate::failure::Failure;
use crate::files::Files;
use crate::keys::Key;
use crate::lookup::{by_digest, open_receipt};
use crate::nodes::Nodes;
use hefu_proof::receipt::VerifiedReceipt;
use hefu_proof::verdict::Said;
use hefu_types::genesis::Network;
use hefu_types::operation::{Claim, Consume, Lock, Operation, Share};
use hefu_types::record::{State, UseItem, UseItemState};
use hefu_types::{OperationId, StateKey};
use hefu_wire::path::Beside;
use hefu_wire::ClaimFile;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// For some time, in milliseconds; none: as long as the type allows.
    Lock(Option<u64>),
    /// For good.
    Consume,
}

/// One file with what is asked of it.
pub struct Wanted {
    /// The file as it was named.
    pub path: PathBuf,
    /// The document.
    pub document: Document,
    /// How much of it.
    pub share: Share,
    /// In what it counts.
    pub money: Money,
    /// Where the receipt of the lock or use is kept.
    pub receipt: PathBuf,
    /// Receipts of its registration.
    pub registrations: Vec<VerifiedReceipt>,
}

/// Why a file is in the way, and what to do about it.
pub type InTheWay = (Refused, Option<Said>);

/// All that is asked for.
pub struct Asked<'a> {
    /// The nodes.
    pub nodes: &'a Nodes,
    /// As it was typed.
    pub args: &'a Take,
    /// The member.
    pub key: &'a Key,
    /// Lock or consume.
    pub verb: Verb,
    /// Receipts of locks that are to become uses.
    pub locks: Vec<VerifiedReceipt>,
    claims: Vec<ClaimFile>,
    /// The files.
    pub files: Vec<Wanted>,
}

impl<'a> Asked<'a> {
    /// Reads the files and what was typed.
    pub fn new(
        nodes: &'a Nodes,
        args: &'a Take,
        key: &'a Key,
        verb: Verb,
        locks: &[PathBuf],
    ) -> Result<Self, Failure> {
        let network = nodes.network();
        let is_of_one =
            args.amount.is_some() || args.units.is_some() || args.number.number.is_some();
        if is_of_one && args.files.len() > 1 {
            return Err(Failure::asked(
                "an amount, minor units or a number are of one invoice: name one file",
                "金额、最小货币单位或号码只能对应一张发票：请只给出一个文件",
            ));
        }
        let opened = Files::new(network.suite(), None)?;
        let mut files = Vec::new();
        for path in &args.files {
            let document = opened.open_one(path)?;
            files.push(wanted(nodes, args, verb, path, document)?);
        }
        each_once(&files)?;
        let open = |path: &PathBuf| open_receipt(path, nodes);
        let claim = |path: &PathBuf| open_claim(path, network);
        Ok(Self {
            nodes,
            args,
            key,
            verb,
            locks: locks.iter().map(open).collect::<Result<_, _>>()?,
            claims: args.claim.iter().map(claim).collect::<Result<_, _>>()?,
            files,
        })
    }

    /// Whether an operation asks what is asked of a file.
    pub fn is_for(&self, operation: &Operation, file: &Wanted) -> bool {
        let (claim, verb) = match operation {
            Operation::Lock(lock) => (&lock.claim, matches!(self.verb, Verb::Lock(_))),
            Operation::Consume(consume) => (&consume.claim, self.verb == Verb::Consume),
            _ => return false,
        };
        verb && claim.digest == file.document.digest
            && claim.purpose == self.args.purpose
            && claim.share == file.share
    }

    /// The operation for a file, or why none is sent: what the ledger proves already.
    pub fn operation(&self, file: &Wanted) -> Result<Result<Operation, InTheWay>, Failure> {
        let member = Some(self.key.file.holder.as_str());
        let beside = Beside {
            coverage: None,
            region: None,
            member,
        };
        let told = by_digest(self.nodes, &file.document.digest, beside, 0)?;
        let registered = told
            .record
            .filter(|record| record.status.state != State::Unattested);
        let (key, record, unattested) = match (told.key, registered) {
            (Some(key), Some(record)) => (key, Some(record), None),
            _ => {
                let is_asked = self.args.unattested;
                match unattested::find(self.nodes, &self.args.number, &file.document, is_asked)? {
                    Found::Refused(refused, hint) => return Ok(Err((refused, hint))),
                    Found::Free(free) => (free.key, free.record, Some(free.unattested)),
                }
            }
        };
        let mut claim = Claim {
            share: file.share.clone(),
            unattested,
            ..Claim::whole(&self.args.purpose, file.document.digest)
        };
        if self.verb == Verb::Consume {
            if let Some(lock) = self.own_lock(file, &key)? {
                // The lock has shown the right; nothing more is told than is needed.
                claim.unattested = None;
                return Ok(Ok(Operation::Consume(Consume {
                    record: key,
                    claim,
                    lock: Some(lock),
                    blinding: blinding(),
                })));
            }
        }
        if let Some(record) = &record {
            let shown = Shown {
                network: self.nodes.network(),
                key: self.key,
                key_file: &self.args.key,
                registrations: &file.registrations,
                claims: &self.claims,
            };
            match shown.right(&key, record)? {
                Ok(right) => claim.right = right,
                Err(in_the_way) => return Ok(Err(in_the_way)),
            }
        }
        Ok(Ok(match self.verb {
            Verb::Lock(for_ms) => Operation::Lock(Lock {
                record: key,
                claim,
                for_ms,
                blinding: blinding(),
            }),
            Verb::Consume => Operation::Consume(Consume {
                record: key,
                claim,
                lock: None,
                blinding: blinding(),
            }),
        }))
    }

    /// The lock that becomes the use: the one that was named, or the one in the folder that still holds.
    fn own_lock(&self, file: &Wanted, key: &StateKey) -> Result<Option<OperationId>, Failure> {
        if !self.locks.is_empty() {
            let mut named = self.locks.iter().filter(|lock| lock.record_key() == *key);
            let lock = named.next().and_then(|lock| lock.used()?.lock);
            return match lock {
                Some(lock) => Ok(Some(lock)),
                None => Err(Failure::asked(
                    format!(
                        "none of the receipts of --lock is a lock of {}",
                        file.path.display()
                    ),
                    format!("--lock 所给回执均非 {} 的锁定回执", file.path.display()),
                )),
            };
        }
        let mut held = Vec::new();
        for receipt in self.locks_here(file, key)? {
            if let Some(item) = self.refreshed(&receipt)? {
                let fits = match (&file.share, item.share) {
                    (Share::Whole, _) => true,
                    (Share::Amount(units), Some(span)) => span.len() == *units,
                    (Share::Units(units), Some(span)) => span == *units,
                    (Share::Amount(_) | Share::Units(_), None) => false,
                };
                held.extend(item.lock.filter(|_| fits));
            }
        }
        match held.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(Failure::asked(
                format!(
                    "you hold several locks of {}: name one with --lock",
                    file.path.display()
                ),
                format!(
                    "您持有 {} 的多个锁定：请用 --lock 指明",
                    file.path.display()
                ),
            )),
        }
    }

    /// The receipts in the folder that are of own locks of the document.
    fn locks_here(&self, file: &Wanted, key: &StateKey) -> Result<Vec<VerifiedReceipt>, Failure> {
        let folder = &self.args.receipts;
        let begins = format!("{}.{}.", name(&file.path), self.args.purpose);
        let whole = receipt_path(
            self.nodes.network(),
            self.args,
            Verb::Lock(None),
            &file.path,
            None,
        );
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Ok(Vec::new());
        };
        let mut paths = BTreeSet::from([whole]);
        for entry in entries {
            let entry = entry.map_err(|error| Failure::disk(folder, error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&begins)
                && name.ends_with(&format!(".lock{}", disk::RECEIPT_SUFFIX))
            {
                paths.insert(entry.path());
            }
        }
        let is_own = |receipt: &VerifiedReceipt| {
            receipt.record_key() == *key
                && receipt.used().is_some_and(|used| {
                    used.member == self.key.file.holder && used.purpose == self.args.purpose
                })
        };
        let opened = paths
            .iter()
            .filter_map(|path| open_receipt(path, self.nodes).ok());
        Ok(opened.filter(is_own).collect())
    }

    /// The lock of a receipt as it is now; nothing where it is over.
    pub fn refreshed(&self, receipt: &VerifiedReceipt) -> Result<Option<UseItem>, Failure> {
        let Some(lock) = receipt.used().and_then(|used| used.lock) else {
            return Ok(None);
        };
        match receipt_now(self.nodes, &lock, &receipt.record_key()) {
            Ok((_, now)) => Ok(locked(&now).cloned()),
            // The record names it no more.
            Err(Failure::Refused(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// The lock of a receipt, where it holds at the time of the receipt's checkpoint and now.
pub fn locked(receipt: &VerifiedReceipt) -> Option<&UseItem> {
    let time = receipt.state().checkpoint().checkpoint().time;
    let time = time.max(crate::now());
    receipt
        .used()
        .filter(|used| matches!(used.state, UseItemState::Locked(until) if time < until))
}

fn wanted(
    nodes: &Nodes,
    args: &Take,
    verb: Verb,
    path: &Path,
    document: Document,
) -> Result<Wanted, Failure> {
    let network = nodes.network();
    let places = [
        disk::receipt_beside(path),
        args.receipts
            .join(disk::receipt_name(network.suite(), Path::new(&name(path)))),
    ];
    let registrations = registrations(&args.receipt, &places, nodes, &document.digest)?;
    if args.files.len() == 1 && !args.receipt.is_empty() && registrations.is_empty() {
        return Err(Failure::bad_file(
            &args.receipt[0],
            "it is the receipt of another document",
        ));
    }
    let facts = registrations
        .iter()
        .map(|receipt| Money::of_facts(receipt.disclosed()));
    let money = facts.fold(Money::of_document(&document), Money::or);
    let share = match (&args.amount, args.units) {
        (Some(amount), _) => Share::Amount(money.units(amount)?),
        (None, Some(units)) => Share::Units(units),
        (None, None) => Share::Whole,
    };
    let part = money.name(&share);
    Ok(Wanted {
        receipt: receipt_path(network, args, verb, path, part.as_deref()),
        path: path.to_owned(),
        document,
        share,
        money,
        registrations,
    })
}

/// Where the receipt is kept: the same for the same request, so that it is not done twice.
fn receipt_path(
    network: &Network,
    args: &Take,
    verb: Verb,
    path: &Path,
    part: Option<&str>,
) -> PathBuf {
    let mut of_use = format!("{}.{}", name(path), args.purpose);
    if let Some(part) = part {
        of_use.push_str(&format!(".{part}"));
    }
    if let Verb::Lock(_) = verb {
        of_use.push_str(".lock");
    }
    args.receipts
        .join(disk::receipt_name(network.suite(), Path::new(&of_use)))
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Refuses a document that is named twice, and two whose receipts would be one file.
fn each_once(files: &[Wanted]) -> Result<(), Failure> {
    let (mut digests, mut receipts) = (BTreeSet::new(), BTreeSet::new());
    for file in files {
        let path = file.path.display();
        if !digests.insert(file.document.digest) {
            return Err(Failure::asked(
                format!("{path} is a document that was named before"),
                format!("{path} 与前面给出的文件是同一份文档"),
            ));
        }
        if !receipts.insert(&file.receipt) {
            return Err(Failure::asked(
                format!("{path} has the name of another file; ask for it with another --receipts"),
                format!("{path} 与另一文件同名；请使用另一个 --receipts"),
            ));
        }
    }
    Ok(())
}
