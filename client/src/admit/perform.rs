//! Operations on leaves are signed, brought to finality, and proven: the leaf that each of them wrote
//! names it.

use super::fault::Fault;
use crate::failure::Failure;
use crate::keys::Key;
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use crate::send::{self, Signed};
use crate::summary::Refusal;
use hefu_types::leaf::{Holder, RecognitionLeaf};
use hefu_types::operation::Operation;
use hefu_types::{key, KeyId, OperationId, StateKey, Suite};
use hefu_wire::{OutcomeAnswer, StatementAnswer};

/// What an operation writes.
pub enum Target {
    /// An agency.
    Agency(String),
    /// A member.
    Member(String),
    /// A registrar.
    Registrar(String),
    /// A key.
    Key(KeyId),
    /// A rule of recognition: by, type, of.
    Rule(String, String, String),
}

impl Target {
    /// What the operation writes, if it is one of those that only write leaves.
    pub fn of(operation: &Operation, suite: Suite) -> Option<Self> {
        Some(match operation {
            Operation::AdmitAgency(admit) => Self::Agency(admit.agency.id.clone()),
            Operation::ChangeAgency(change) => Self::Agency(change.agency.id.clone()),
            Operation::AdmitMember(admit) => Self::Member(admit.id.clone()),
            Operation::SetRegistrar(set) => Self::Registrar(set.id.clone()),
            Operation::SetStanding(set) => match &set.of {
                Holder::Agency(id) => Self::Agency(id.clone()),
                Holder::Member(id) => Self::Member(id.clone()),
                Holder::Registrar(id) => Self::Registrar(id.clone()),
                Holder::Council(_) | Holder::Validator(_) => return None,
            },
            Operation::AddKey(add) => Self::Key(suite.key_id(&add.key.key)),
            Operation::RetireKey(retire) => Self::Key(retire.key),
            Operation::ConfirmKey(confirm) => Self::Key(confirm.key),
            Operation::DeclareCompromise(declare) => Self::Key(declare.key),
            Operation::Recognise(recognise) => {
                let rule = &recognise.rule;
                Self::Rule(rule.by.clone(), rule.document_type.clone(), rule.of.clone())
            }
            _ => return None,
        })
    }

    /// Where it stands.
    pub fn at(&self, suite: Suite) -> StateKey {
        match self {
            Self::Agency(id) => key::agency(suite, id),
            Self::Member(id) => key::member(suite, id),
            Self::Registrar(id) => key::registrar(suite, id),
            Self::Key(id) => key::public_key(suite, id),
            Self::Rule(by, of_type, of) => key::recognition(suite, by, of_type, of),
        }
    }

    /// The operation that last wrote it.
    fn written_by(&self, leaves: &Leaves, suite: Suite) -> Result<Option<OperationId>, Failure> {
        let operation = match self {
            Self::Agency(id) => leaves.agency(id)?.map(|leaf| leaf.operation),
            Self::Member(id) => leaves.member(id)?.map(|leaf| leaf.operation),
            Self::Registrar(id) => leaves.registrar(id)?.map(|leaf| leaf.operation),
            Self::Key(id) => leaves.key(id)?.map(|leaf| leaf.operation),
            Self::Rule(..) => {
                let leaf: Option<RecognitionLeaf> = leaves.get(&self.at(suite))?;
                leaf.map(|leaf| leaf.operation)
            }
        };
        Ok(operation)
    }
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// Done: what it wrote names it.
    Done(OperationId),
    /// A node says that it is done, but what is proven names another operation.
    NotProven(OperationId),
    /// Not done.
    Refused(Fault),
}

/// What became of the operations of a statement.
pub struct Performed {
    /// Of each, in their order.
    pub became: Vec<Became>,
    /// What they wrote, proven.
    pub leaves: Leaves,
}

/// Does operations, each for itself.
pub fn perform(nodes: &Nodes, key: &Key, operations: &[Operation]) -> Result<Performed, Failure> {
    let (signed, answer) = send::send(nodes, key, operations)?;
    settle(nodes, &signed, answer)
}

/// Does all of these operations, or none.
pub fn perform_together(
    nodes: &Nodes,
    key: &Key,
    operations: &[Operation],
) -> Result<Performed, Failure> {
    let (signed, answer) = send::send_together(nodes, key, operations)?;
    settle(nodes, &signed, answer)
}

fn settle(nodes: &Nodes, signed: &Signed, answer: StatementAnswer) -> Result<Performed, Failure> {
    let suite = nodes.network().suite();
    let targets: Vec<Option<Target>> = (signed.operations.iter())
        .map(|operation| Target::of(operation, suite))
        .collect();
    let keys = targets.iter().flatten().map(|target| target.at(suite));
    let leaves = Leaves::read(nodes, keys, answer.height.unwrap_or(0))?;
    let mut became = Vec::with_capacity(targets.len());
    for (index, (target, outcome)) in targets.iter().zip(answer.outcomes).enumerate() {
        let id = signed.operation_id(index);
        let written = match target {
            Some(target) => target.written_by(&leaves, suite)?,
            None => None,
        };
        // A node that lies may call refused what was done, and done what was not.
        let is_ours = written == Some(id);
        became.push(match outcome {
            _ if is_ours => Became::Done(id),
            OutcomeAnswer::Accepted => Became::NotProven(id),
            OutcomeAnswer::Refused {
                code,
                sentence,
                sentence_zh,
                detail,
                ..
            } => {
                let refusal = Refusal::new(code, &sentence, &sentence_zh, detail);
                Became::Refused(Fault::from(&refusal))
            }
        });
    }
    Ok(Performed { became, leaves })
}
