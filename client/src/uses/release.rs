//! `hefu use release`: a member gives locks back, all of them or none.

use super::settle::{settle, Refused, Settled};
use crate::act::receipt_of;
use crate::cli::uses::Release;
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys;
use crate::lookup::open_receipt;
use crate::nodes::Nodes;
use crate::say::{shown, Exit, Lang, Report};
use crate::send::Signed;
use hefu_proof::verdict::Said;
use hefu_types::operation::{self, Operation};
use hefu_types::record::UseItemState;
use hefu_types::{Code, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use serde_json::{json, Value};
use std::path::PathBuf;

struct Held {
    path: PathBuf,
    record: StateKey,
    lock: OperationId,
    purpose: String,
}

enum Ended {
    /// Given back by this run.
    Released(OperationId),
    /// It holds no more: what became of it.
    Over(UseItemState),
    /// Not done.
    Refused(Refused),
}

/// `hefu use release`.
pub fn run(shared: &Shared, args: &Release) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let key = keys::open(&args.key, KeyRole::Member, nodes.network())?;
    let mut held = Vec::new();
    for path in &args.locks {
        let receipt = open_receipt(path, &nodes)?;
        let used = receipt.used().and_then(|used| Some((used.lock?, used)));
        let Some((lock, used)) = used else {
            return Err(Failure::bad_file(path, "it is not the receipt of a lock"));
        };
        if held.iter().any(|held: &Held| held.lock == lock) {
            continue;
        }
        held.push(Held {
            path: path.clone(),
            record: receipt.record_key(),
            lock,
            purpose: used.purpose.clone(),
        });
    }
    // What is over already is in nobody's way: the others are given back together.
    let mut ended: Vec<Option<Ended>> = held
        .iter()
        .map(|held| over(&nodes, held).map(Ended::Over))
        .collect();
    let todo: Vec<usize> = (0..held.len()).filter(|at| ended[*at].is_none()).collect();
    if !todo.is_empty() {
        let release = |at: &usize| {
            Operation::Release(operation::Release {
                record: held[*at].record,
                lock: held[*at].lock,
            })
        };
        let operations: Vec<Operation> = todo.iter().map(release).collect();
        // Nothing is lost with this statement: what was given back is not given back again.
        let signed = Signed::atomic(nodes.network(), &key, &operations, crate::now());
        match settle(&nodes, &signed)? {
            Settled::Done(_) => {
                for (index, at) in todo.iter().enumerate() {
                    ended[*at] = Some(Ended::Released(signed.operation_id(index)));
                }
            }
            Settled::Refused(_, Some(failure)) => return Err(failure),
            Settled::Refused(refused, None) => {
                for (at, refused) in todo.iter().zip(refused) {
                    ended[*at] = Some(Ended::Refused(refused));
                }
            }
        }
    }
    let ended: Vec<Ended> = ended.into_iter().flatten().collect();
    let lang = shared.lang();
    Ok(report(&held, &ended, lang).with_warnings(lang, &nodes.warnings()))
}

/// What became of a lock, where it holds no more: that is proven.
fn over(nodes: &Nodes, held: &Held) -> Option<UseItemState> {
    let (_, now) = receipt_of(nodes, &held.lock, &held.record).ok()?;
    let time = now.state().checkpoint().checkpoint().time;
    let state = now.used()?.state;
    match state {
        UseItemState::Locked(until) if time < until => None,
        state => Some(state),
    }
}

impl Ended {
    fn is_free(&self) -> bool {
        matches!(
            self,
            Self::Released(_) | Self::Over(UseItemState::Released | UseItemState::Locked(_))
        )
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Released(_) => "released",
            Self::Over(UseItemState::Released) => "released-before",
            Self::Over(UseItemState::Locked(_)) => "lapsed",
            Self::Over(UseItemState::Consumed) => "used",
            Self::Over(UseItemState::TakenBack) => "taken-back",
            Self::Over(UseItemState::SetAside) => "set-aside",
            Self::Refused(_) => "refused",
        }
    }

    fn said(&self, purpose: &str) -> Said {
        match self {
            Self::Released(_) => Said::new(
                format!("released: it is free again for {purpose}"),
                format!("已释放：可再次用于 {purpose}"),
            ),
            Self::Over(UseItemState::Released) => {
                Said::new("released before: it is free", "此前已释放")
            }
            Self::Over(UseItemState::Locked(until)) => Said::new(
                format!("it lapsed at {until}: it is free"),
                format!("已于 {until} 到期失效"),
            ),
            Self::Over(UseItemState::Consumed) => Said::new(
                "the lock became a use: to give it back, see `hefu use clawback --help`",
                "该锁定已转为使用；如需收回，请见 hefu use clawback --help",
            ),
            Self::Over(UseItemState::TakenBack | UseItemState::SetAside) => {
                Said::new("the lock is over", "该锁定已结束")
            }
            Self::Refused(refused) => refused.refusal.said.clone(),
        }
    }
}

fn report(held: &[Held], ended: &[Ended], lang: Lang) -> Report {
    let (mut text, mut locks) = (String::new(), Vec::<Value>::new());
    let is_done = ended.iter().all(Ended::is_free);
    for (held, ended) in held.iter().zip(ended) {
        let file = held.path.to_string_lossy();
        let said = ended.said(&shown(&held.purpose));
        let code = match ended {
            Ended::Refused(refused) => Some(refused.refusal.code),
            Ended::Over(_) if !ended.is_free() => Some(Code::LockOver.number()),
            Ended::Over(_) | Ended::Released(_) => None,
        };
        let operation = match ended {
            Ended::Released(operation) => Some(*operation),
            Ended::Over(_) | Ended::Refused(_) => None,
        };
        let number = code.map_or(String::new(), |code| format!("{code} "));
        text.push_str(&format!("{}: {number}{}\n", shown(&file), lang.of(&said)));
        locks.push(json!({
            "file": file,
            "record": held.record,
            "lock": held.lock,
            "purpose": held.purpose,
            "outcome": ended.word(),
            "code": code,
            "sentence": lang.of(&said),
            "operation": operation,
        }));
    }
    Report {
        exit: if is_done { Exit::Yes } else { Exit::No },
        json: json!({
            "command": "use release",
            "outcome": if is_done { "done" } else { "refused" },
            "locks": locks,
        }),
        text,
    }
}
