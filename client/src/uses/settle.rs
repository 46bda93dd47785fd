//! Sending a statement of uses, and learning what became of it without believing one node.

use super::pending::claim_of;
use crate::act::{receipt_of, receipt_that};
use crate::failure::Failure;
use crate::nodes::Nodes;
use crate::send::{self, Signed};
use crate::summary::Refusal;
use hefu_proof::receipt::{Receipt, VerifiedReceipt};
use hefu_types::operation::Operation;
use hefu_types::{Code, OperationId};
use hefu_wire::{OutcomeAnswer, StatementAnswer};

/// A receipt and what it proves.
pub type Kept = (Receipt, VerifiedReceipt);

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The refusal.
    pub refusal: Refusal,
    /// The operation that stands in the way.
    pub evidence: Option<OperationId>,
}

impl Refused {
    /// A refusal that is known here, without asking.
    pub fn here(code: Code) -> Self {
        let (en, zh) = (code.sentence_en(), code.sentence_zh());
        Self {
            refusal: Refusal::new(code.number(), en, zh, None),
            evidence: None,
        }
    }

    /// Whether it is of a code.
    pub fn is(&self, code: Code) -> bool {
        self.refusal.code == code.number()
    }
}

/// What became of a signed statement.
pub enum Settled {
    /// All of it is done: the receipt of each operation, in their order.
    Done(Vec<Kept>),
    /// No node shows that it was done; why not, for each operation. Empty: the nodes do not take the
    /// statement, for this reason.
    Refused(Vec<Refused>, Option<Failure>),
}

/// Sends a statement whose operations are done together or not at all.
///
/// A node that lies may call refused what was done; then another node has the receipts, so all are
/// asked for them before a refusal is told.
pub fn settle(nodes: &Nodes, signed: &Signed) -> Result<Settled, Failure> {
    let refused = match send::submit(nodes, signed) {
        Ok(answer) => match refusals(answer) {
            None => return receipts(nodes, signed).map(Settled::Done),
            Some(refused) => Settled::Refused(refused, None),
        },
        Err(failure @ Failure::Refused(_)) => Settled::Refused(Vec::new(), Some(failure)),
        Err(failure) => return Err(failure),
    };
    if was_done(nodes, signed) {
        return receipts(nodes, signed).map(Settled::Done);
    }
    Ok(refused)
}

/// Why each operation was refused; nothing where all were accepted. `submit` takes only an answer with
/// as many outcomes as operations.
fn refusals(answer: StatementAnswer) -> Option<Vec<Refused>> {
    let is_done = |outcome: &OutcomeAnswer| matches!(outcome, OutcomeAnswer::Accepted);
    if answer.outcomes.iter().all(is_done) {
        return None;
    }
    let refused = |outcome| match outcome {
        OutcomeAnswer::Accepted => Refused::here(Code::SiblingRefused),
        OutcomeAnswer::Refused {
            code,
            sentence,
            sentence_zh,
            evidence,
            detail,
        } => Refused {
            refusal: Refusal::new(code, &sentence, &sentence_zh, detail),
            evidence,
        },
    };
    Some(answer.outcomes.into_iter().map(refused).collect())
}

/// The receipt of each operation. That of a lock or a use opens it: a node that leaves it out, where the
/// record names the operation as well, would leave us with a receipt that entitles to nothing.
fn receipts(nodes: &Nodes, signed: &Signed) -> Result<Vec<Kept>, Failure> {
    let receipt = |(index, operation): (usize, &Operation)| {
        let record = operation.record()?;
        let opens = |receipt: &VerifiedReceipt| {
            let is_open = claim_of(operation).is_none() || receipt.used().is_some();
            let missing = || "it does not open the use".to_owned();
            is_open.then_some(()).ok_or_else(missing)
        };
        Some(receipt_that(
            nodes,
            &signed.operation_id(index),
            record,
            opens,
        ))
    };
    let operations = signed.operations.iter().enumerate();
    operations.filter_map(receipt).collect()
}

/// Whether any node shows that an operation of the statement was done, and so all of them.
fn was_done(nodes: &Nodes, signed: &Signed) -> bool {
    let mut operations = signed.operations.iter().enumerate();
    operations.any(|(index, operation)| {
        operation
            .record()
            .is_some_and(|record| receipt_of(nodes, &signed.operation_id(index), record).is_ok())
    })
}
