//! `hefu use lock` and `hefu use consume`.
//!
//! A request is the same if its verb, files, purpose and shares are: then its receipts have the same
//! names, and a run that finds them, or a statement on the way to them, asks for nothing new.

use super::ask::{locked, Asked, InTheWay, Verb, Wanted};
use super::money::Money;
use super::pending::{claim_of, Pending};
use super::report::{self, Ended, Had, Line};
use super::settle::{settle, Kept, Refused, Settled};
use crate::act::receipt_now;
use crate::cli::uses::{Consume, Lock, Take};
use crate::cli::Shared;
use crate::disk;
use crate::failure::Failure;
use crate::keys;
use crate::lookup::{by_key, open_receipt, Answered};
use crate::nodes::Nodes;
use crate::say::Report;
use crate::send::{is_expired, Signed};
use hefu_proof::derived::{status_at, Derived};
use hefu_proof::receipt::{Receipt, VerifiedReceipt};
use hefu_types::operation::Operation;
use hefu_types::record::{PublicPart, UseItemState};
use hefu_types::{Code, Digest, Millis, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::path::Beside;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// `hefu use lock`.
pub fn lock(shared: &Shared, args: &Lock) -> Result<Report, Failure> {
    let for_ms = args
        .lock_for
        .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    take(shared, &args.take, Verb::Lock(for_ms), &[])
}

/// `hefu use consume`.
pub fn consume(shared: &Shared, args: &Consume) -> Result<Report, Failure> {
    take(shared, &args.take, Verb::Consume, &args.lock)
}

fn take(shared: &Shared, args: &Take, verb: Verb, locks: &[PathBuf]) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let key = keys::open(&args.key, KeyRole::Member, nodes.network())?;
    let asked = Asked::new(&nodes, args, &key, verb, locks)?;
    let lines = Run { asked: &asked }.run()?;
    let lang = shared.lang();
    Ok(report::report(&asked, &lines, lang).with_warnings(lang, &nodes.warnings()))
}

struct Run<'a> {
    asked: &'a Asked<'a>,
}

/// What is known of each file; nothing yet of those that are to be asked for.
type Known = Vec<Option<Ended>>;

impl Run<'_> {
    fn nodes(&self) -> &Nodes {
        self.asked.nodes
    }

    fn run(&self) -> Result<Vec<Line>, Failure> {
        let files = &self.asked.files;
        let digests: Vec<Digest> = files.iter().map(|file| file.document.digest).collect();
        let (args, member) = (self.asked.args, &self.asked.key.file.holder);
        let mut waiting = Pending::all(&args.receipts, self.nodes().network(), member)?;
        waiting.retain(|pending| pending.concerns(&args.purpose, &digests));
        // What stopped runs did, without having said so.
        let mut done = BTreeSet::new();
        for pending in &waiting {
            if let Some(kept) = pending.kept(self.nodes()) {
                done.extend(kept.iter().map(VerifiedReceipt::operation_id));
                pending.forget()?;
            }
        }
        waiting.retain(|pending| pending.kept(self.nodes()).is_none());
        loop {
            let mut known = self.known(&done)?;
            let stands_alone = |ended: &Ended| matches!(ended, Ended::Before { .. });
            if known.iter().flatten().any(stands_alone) {
                return Ok(self.lines(known, &Refused::here(Code::SiblingRefused)));
            }
            let todo: Vec<usize> = (0..files.len()).filter(|at| known[*at].is_none()).collect();
            if todo.is_empty() {
                return Ok(self.lines(known, &Refused::here(Code::SiblingRefused)));
            }
            let Some(pending) = waiting.pop() else {
                return self.ask_anew(known, &todo);
            };
            let is_same = self.is_same(&pending.signed, &todo);
            match settle(self.nodes(), &pending.signed)? {
                Settled::Done(kept) => {
                    done.extend(self.keep(&pending, kept)?);
                }
                Settled::Refused(..) if self.is_void(&pending.signed)? => pending.forget()?,
                Settled::Refused(_, Some(failure)) if !is_expired(&failure) => return Err(failure),
                Settled::Refused(refused, None) if is_same => {
                    self.tell(&pending.signed, &refused, &mut known, &todo)?;
                    return Ok(self.lines(known, &Refused::here(Code::SiblingRefused)));
                }
                // Another share, or other files with it: that it was not done is said by all nodes, or
                // nothing else is signed before its time is over.
                Settled::Refused(_, None) if self.nodes().all_refuse(&pending.signed.id, false) => {
                }
                Settled::Refused(..) => return Err(not_settled(pending.signed.valid_until)),
            }
        }
    }

    /// What the receipts in the folder say of each file.
    fn known(&self, done: &BTreeSet<OperationId>) -> Result<Known, Failure> {
        let known = |file| self.receipt_here(file, done);
        self.asked.files.iter().map(known).collect()
    }

    /// The receipt of this very request, if an earlier run wrote it.
    fn receipt_here(
        &self,
        file: &Wanted,
        done: &BTreeSet<OperationId>,
    ) -> Result<Option<Ended>, Failure> {
        let path = &file.receipt;
        if !path.is_file() {
            return Ok(None);
        }
        let receipt = open_receipt(path, self.nodes())?;
        let claim = claim_of(receipt.operation());
        let is_this = claim.is_some_and(|claim| {
            claim.digest == file.document.digest && claim.purpose == self.asked.args.purpose
        });
        let (true, Some(had)) = (is_this, Had::of(&receipt)) else {
            let why = "it is the receipt of another use; give another --receipts";
            return Err(Failure::bad_file(path, why));
        };
        // What was done may be over by now: a lock that lapsed or was set aside entitles to nothing.
        let holds = match (self.asked.verb, had.item.state) {
            (Verb::Lock(_), _) => locked(&receipt).is_some(),
            (Verb::Consume, state) => state == UseItemState::Consumed,
        };
        // Stopped between receipt and farewell: that run never said that it was done.
        if done.contains(&receipt.operation_id()) && holds {
            return Ok(Some(Ended::Done(had)));
        }
        // Of another member's use nothing is ours but the knowledge that it was.
        let is_own = had.item.member == self.asked.key.file.holder;
        match self.asked.verb {
            Verb::Consume => Ok(Some(Ended::Before {
                refused: Refused::here(Code::AlreadyUsed),
                since: Some(had.item.block_time),
                record: receipt.record_key(),
                ours: is_own.then_some(had),
                elsewhere: None,
            })),
            Verb::Lock(_) if !is_own => Ok(None),
            // A lock that is over is asked for again.
            Verb::Lock(_) => Ok(self.asked.refreshed(&receipt)?.map(|item| {
                Ended::Held(Had {
                    item: Box::new(item),
                    ..had
                })
            })),
        }
    }

    fn is_same(&self, signed: &Signed, todo: &[usize]) -> bool {
        let is_asked = |at: &usize| {
            let file = &self.asked.files[*at];
            let mut operations = signed.operations.iter();
            operations.any(|operation| self.asked.is_for(operation, file))
        };
        signed.operations.len() == todo.len() && todo.iter().all(is_asked)
    }

    /// Signs what is not there yet, and sends it.
    fn ask_anew(&self, mut known: Known, todo: &[usize]) -> Result<Vec<Line>, Failure> {
        let mut operations = Vec::new();
        for at in todo {
            match self.asked.operation(&self.asked.files[*at])? {
                Ok(operation) => operations.push(operation),
                Err(in_the_way) => known[*at] = Some(refused(in_the_way)),
            }
        }
        if operations.len() < todo.len() {
            return Ok(self.lines(known, &Refused::here(Code::SiblingRefused)));
        }
        let (key, folder) = (self.asked.key, &self.asked.args.receipts);
        let receipts = todo
            .iter()
            .map(|at| self.asked.files[*at].receipt.clone())
            .collect();
        let network = self.nodes().network();
        let pending = Pending::sign(network, key, &operations, receipts, folder)?;
        match settle(self.nodes(), &pending.signed)? {
            Settled::Done(kept) => {
                let done = self.keep(&pending, kept)?.into_iter().collect();
                for at in todo {
                    let told = self.receipt_here(&self.asked.files[*at], &done)?;
                    let over = || Ended::refused(Refused::here(Code::LockOver));
                    known[*at] = Some(told.unwrap_or_else(over));
                }
            }
            Settled::Refused(refused, failure) => {
                if self.is_void(&pending.signed)? {
                    pending.forget()?;
                }
                if let Some(failure) = failure {
                    return Err(failure);
                }
                self.tell(&pending.signed, &refused, &mut known, todo)?;
            }
        }
        Ok(self.lines(known, &Refused::here(Code::SiblingRefused)))
    }

    /// Keeps receipts of ours, each with the facts of the registration where they are known: so it also
    /// serves `verify`.
    fn keep(&self, pending: &Pending, kept: Vec<Kept>) -> Result<Vec<OperationId>, Failure> {
        let ids = kept
            .iter()
            .map(|(_, verified)| verified.operation_id())
            .collect();
        let with_facts =
            |(receipt, verified): Kept| (self.with_facts(receipt, &verified), verified);
        let kept: Vec<Kept> = kept.into_iter().map(with_facts).collect();
        pending.keep(&kept)?;
        Ok(ids)
    }

    fn with_facts(&self, receipt: Receipt, verified: &VerifiedReceipt) -> Receipt {
        let record = verified.record_key();
        let mut known = (self.asked.files.iter()).flat_map(|file| &file.registrations);
        let Some(registration) = known.find(|known| known.record_key() == record) else {
            return receipt;
        };
        let mut with_facts = receipt.clone();
        with_facts.disclosed = Some(registration.disclosed().clone());
        match with_facts.verify(self.nodes().network()) {
            Ok(_) => with_facts,
            Err(_) => receipt,
        }
    }

    /// What a refused statement means for each of its files.
    fn tell(
        &self,
        signed: &Signed,
        refused: &[Refused],
        known: &mut Known,
        todo: &[usize],
    ) -> Result<(), Failure> {
        for at in todo {
            let file = &self.asked.files[*at];
            let own = signed.operations.iter().zip(refused);
            let found = own
                .into_iter()
                .find(|(operation, _)| self.asked.is_for(operation, file));
            if let Some((operation, refused)) = found {
                known[*at] = Some(self.told(file, operation, refused)?);
            }
        }
        Ok(())
    }

    fn told(
        &self,
        file: &Wanted,
        operation: &Operation,
        refused: &Refused,
    ) -> Result<Ended, Failure> {
        let Some(record) = operation.record() else {
            return Ok(Ended::refused(refused.clone()));
        };
        let own = self.own_evidence(refused, record);
        if refused.is(Code::AlreadyUsed) {
            let told = by_key(self.nodes(), record, Beside::default(), 0).ok();
            let since =
                told.and_then(|told| used_since(told.record.as_ref()?, &self.asked.args.purpose));
            let (ours, elsewhere) = self.offered(file, own)?;
            return Ok(Ended::Before {
                refused: refused.clone(),
                since,
                record: *record,
                ours,
                elsewhere,
            });
        }
        let is_held = own.as_ref().is_some_and(|(_, own)| locked(own).is_some());
        let (ours, elsewhere) = self.offered(file, own)?;
        if let Some(had) = ours.filter(|_| refused.is(Code::LockHeld) && is_held) {
            return Ok(Ended::Held(had));
        }
        Ok(Ended::Refused {
            refused: refused.clone(),
            hint: None,
            elsewhere,
        })
    }

    /// The receipt of what stands in the way, where it is the member's own.
    fn own_evidence(&self, refused: &Refused, record: &StateKey) -> Option<Kept> {
        let (receipt, verified) =
            receipt_now(self.nodes(), refused.evidence.as_ref()?, record).ok()?;
        let is_own = verified.used()?.member == self.asked.key.file.holder;
        is_own.then_some((receipt, verified))
    }

    /// Writes the receipt of what the member has already where it is what was asked for; of anything
    /// else, tells the operation.
    fn offered(
        &self,
        file: &Wanted,
        own: Option<Kept>,
    ) -> Result<(Option<Had>, Option<OperationId>), Failure> {
        let Some((receipt, verified)) = own else {
            return Ok((None, None));
        };
        let is_asked = self.asked.is_for(verified.operation(), file);
        match Had::of(&verified).filter(|_| is_asked) {
            Some(had) => {
                disk::write(&file.receipt, &self.with_facts(receipt, &verified).encode())?;
                Ok((Some(had), None))
            }
            None => Ok((None, Some(verified.operation_id()))),
        }
    }

    /// Whether a statement that no node shows as done never will be: a certificate proves that its time
    /// is over, or that the document ended, and that the purpose is unused; or all nodes refuse what is
    /// over.
    fn is_void(&self, signed: &Signed) -> Result<bool, Failure> {
        for operation in &signed.operations {
            let Some(record) = operation.record() else {
                continue;
            };
            let told = by_key(self.nodes(), record, Beside::default(), 0)?;
            let is_over = told.fetched.state.checkpoint().checkpoint().time > signed.valid_until;
            let is_unused = told.record.as_ref().is_none_or(|record| {
                let mut uses = record.uses.iter();
                !uses.any(|used| used.purpose == self.asked.args.purpose)
            });
            if is_unused && (is_over || has_ended(&told)) {
                return Ok(true);
            }
            if is_over {
                return Ok(self.nodes().all_refuse(&signed.id, true));
            }
        }
        Ok(false)
    }

    /// A line for each file. What is not known by now was not asked for, since another was in the way.
    fn lines(&self, known: Known, sibling: &Refused) -> Vec<Line> {
        let line = |(file, ended): (&Wanted, Option<Ended>)| Line {
            path: file.path.clone(),
            digest: file.document.digest,
            receipt: file.receipt.clone(),
            money: Money::clone(&file.money),
            ended: ended.unwrap_or_else(|| Ended::refused(sibling.clone())),
        };
        self.asked.files.iter().zip(known).map(line).collect()
    }
}

fn refused((refused, hint): InTheWay) -> Ended {
    Ended::Refused {
        refused,
        hint,
        elsewhere: None,
    }
}

fn has_ended(told: &Answered) -> bool {
    let time = told.fetched.state.checkpoint().checkpoint().time;
    let has_ended = |record: &PublicPart| matches!(status_at(record, time), Derived::Ended { .. });
    told.record.as_ref().is_some_and(has_ended)
}

fn used_since(record: &PublicPart, purpose: &str) -> Option<Millis> {
    let mut uses = record.uses.iter();
    uses.find(|used| used.purpose == purpose)?.consumed_at
}

fn not_settled(until: Millis) -> Failure {
    Failure::asked(
        format!(
            "an earlier request for one of these files was refused, but not by all nodes: run its \
             command again, or this one after {until}"
        ),
        format!(
            "此前对其中某文件的请求被拒绝，但并非所有节点都已确认：请重新执行当时的命令，或在 {until} 之后再执行本命令"
        ),
    )
}
