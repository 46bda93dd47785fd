//! Bringing a signed action to the ledger. Who has signed is proven against the council's seats before
//! anything is sent, and that it was done is proven by the action's own leaf.

use super::council::{Signed, Sitting};
use super::{file, tell};
use crate::admit::fault::Fault;
use crate::admit::tell::row;
use crate::cli::govern::SubmitAction;
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys;
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use crate::ranges::outcome;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::send;
use hefu_types::key;
use hefu_types::leaf::ActionLeaf;
use hefu_types::operation::{CouncilAction, Govern, Operation};
use hefu_types::{Code, Hash, OperationId};
use hefu_wire::file::KeyRole;
use hefu_wire::ActionFile;
use serde_json::{json, Value};

/// Whose key may bring an action: of anybody who is on the ledger.
const BRINGERS: &[KeyRole] = &[
    KeyRole::Agency,
    KeyRole::Member,
    KeyRole::Registrar,
    KeyRole::Council,
];

/// `hefu govern submit`.
pub fn run(shared: &Shared, args: &SubmitAction) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let (file, action) = file::read(&args.file, network)?;
    let key = keys::open_one_of(&args.key, BRINGERS, network)?;
    let at = key::action(network.suite(), &action.id);
    let mut leaves = Leaves::read(&nodes, [at], 0)?;
    let mut text = tell::action(&action, network, lang);
    if let Some(leaf) = leaves.get::<ActionLeaf>(&at)? {
        let report = executed(&nodes, &action, &leaf, None, text, lang);
        return Ok(report.with_warnings(lang, &nodes.warnings()));
    }
    let sitting = Sitting::read(&nodes, &mut leaves)?;
    let (rows, signed) = signatures(&sitting, &file, lang);
    text.push_str(&table(&rows));
    if let Some(fault) = missing(&sitting, &file, &action) {
        text.push_str(&format!("{}\n", fault.text(lang)));
        let report = refused(&fault, signed, text, lang);
        return Ok(report.with_warnings(lang, &nodes.warnings()));
    }
    let govern = Operation::Govern(Govern {
        action: action.clone(),
        signatures: file.council_signatures(network.suite()),
    });
    let (sent, answer) = send::send(&nodes, &key, &[govern])?;
    let id = sent.operation_id(0);
    let told = outcome(&answer);
    let height = answer.height.unwrap_or(0);
    // A node may call refused what was done, and done what was not: the leaf tells.
    let leaf: Option<ActionLeaf> = Leaves::read(&nodes, [at], height)?.get(&at)?;
    let report = match (leaf, told) {
        (Some(leaf), _) => executed(&nodes, &action, &leaf, Some(id), text, lang),
        (None, Err(refusal)) => {
            let fault = Fault::from(&refusal);
            text.push_str(&format!("{}\n", fault.text(lang)));
            refused(&fault, signed, text, lang)
        }
        (None, Ok(_)) => not_proven(id, text, lang),
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// Who has signed and who is missing.
fn signatures(sitting: &Sitting, file: &ActionFile, lang: Lang) -> (Vec<Vec<String>>, Vec<Value>) {
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for (seat, signed) in sitting.signed(file) {
        let (name, said) = match signed {
            Signed::Yes => ("signed", lang.pick("has signed", "已签名")),
            Signed::No => ("missing", lang.pick("has not signed", "未签名")),
            Signed::DeadKey => (
                "dead-key",
                lang.pick("its key signs no more", "其密钥已失效"),
            ),
        };
        rows.push(vec![shown(&seat.name), said.to_owned()]);
        listed.push(json!({"seat": seat.name, "state": name}));
    }
    for stranger in sitting.strangers(file) {
        let said = lang.pick("has no seat in this council", "不在本届理事会中");
        rows.push(vec![shown(&stranger.seat), said.to_owned()]);
        listed.push(json!({"seat": stranger.seat, "state": "no-seat"}));
    }
    (rows, listed)
}

/// Why it would be refused, if that can be told.
fn missing(sitting: &Sitting, file: &ActionFile, action: &CouncilAction) -> Option<Fault> {
    if action.council_epoch != sitting.epoch {
        let (of, now) = (action.council_epoch, sitting.epoch);
        return Some(Fault::new(
            Code::ActionOver,
            format!("it is of the council of epoch {of}, and that of {now} sits"),
            format!("该决议属于第 {of} 届，现为第 {now} 届"),
        ));
    }
    if action.valid_before <= sitting.time {
        let end = action.valid_before;
        return Some(Fault::new(
            Code::ActionOver,
            format!("it was to be done before {end}"),
            format!("执行期限为 {end}"),
        ));
    }
    let of = |wanted: Signed| {
        let seats = sitting
            .signed(file)
            .into_iter()
            .filter(move |(_, signed)| *signed == wanted);
        seats.map(|(seat, _)| shown(&seat.name)).collect::<Vec<_>>()
    };
    let mut bad: Vec<String> = of(Signed::DeadKey);
    bad.extend(sitting.strangers(file).iter().map(|own| shown(&own.seat)));
    if !bad.is_empty() {
        let bad = bad.join(", ");
        return Some(Fault::new(
            Code::CouncilNotReached,
            format!("the signature of {bad} does not count, and with it the action is refused: collect the others into a file without it"),
            format!("{bad} 的签名无效，含此签名的决议将被拒绝：请在不含该签名的文件中收集其他签名"),
        ));
    }
    let (has, needed) = (of(Signed::Yes).len(), sitting.council.threshold as usize);
    let names = of(Signed::No).join(", ");
    (has < needed).then(|| {
        Fault::new(
            Code::CouncilNotReached,
            format!("{has} of {needed} have signed; not yet: {names}"),
            format!("须 {needed} 个签名，现有 {has} 个；尚未签名：{names}"),
        )
    })
}

fn executed(
    nodes: &Nodes,
    action: &CouncilAction,
    leaf: &ActionLeaf,
    ours: Option<OperationId>,
    mut text: String,
    lang: Lang,
) -> Report {
    let is_it = is_of(nodes, action, leaf);
    let (exit, outcome, said) = match (is_it, ours) {
        (false, _) => (
            Exit::No,
            "another",
            lang.pick(
                "another action with this id is on the ledger: propose it anew",
                "账本上已有相同编号的另一决议：请重新提出",
            ),
        ),
        (true, Some(id)) if id == leaf.operation => {
            (Exit::Yes, "done", lang.pick("done", "已执行"))
        }
        // It serves once: who brings it again is told so, with what shows that it is done.
        (true, _) => (
            Exit::No,
            "done-before",
            lang.pick("done before", "此前已执行"),
        ),
    };
    let code = match exit {
        Exit::Yes => None,
        _ => Some(Code::ActionDone),
    };
    text.push_str(&format!("govern: {said}\n"));
    if let Some(code) = code {
        let sentence = lang.pick(code.sentence_en(), code.sentence_zh());
        text.push_str(&format!("{} {sentence}\n", code.number()));
    }
    text.push_str(&table(&[
        row(
            lang,
            "executed at",
            "执行时间",
            leaf.executed_at.to_string(),
        ),
        row(lang, "operation", "操作", leaf.operation.to_string()),
    ]));
    Report {
        exit,
        json: json!({
            "command": "govern submit",
            "outcome": outcome,
            "code": code.map(Code::number),
            "action": action.id,
            "executed_at": leaf.executed_at.to_string(),
            "operation": leaf.operation,
        }),
        text,
    }
}

/// Whether the leaf is of this very action.
pub fn is_of(nodes: &Nodes, action: &CouncilAction, leaf: &ActionLeaf) -> bool {
    let hash: Hash = nodes.network().suite().hash(&[&action.encode()]);
    hash == leaf.action
}

fn refused(fault: &Fault, signed: Vec<Value>, text: String, lang: Lang) -> Report {
    let mut json = fault.json(lang);
    json["command"] = "govern submit".into();
    json["outcome"] = "refused".into();
    json["seats"] = signed.into();
    Report {
        exit: Exit::No,
        json,
        text,
    }
}

fn not_proven(id: OperationId, mut text: String, lang: Lang) -> Report {
    text.push_str(lang.pick(
        "a node took the action, but that it was done is not proven: run the same command again\n",
        "节点已受理，但尚未证明已执行：请重新执行同一命令\n",
    ));
    Report {
        exit: Exit::CouldNotTell,
        json: json!({"command": "govern submit", "outcome": "not-proven", "operation": id}),
        text,
    }
}
