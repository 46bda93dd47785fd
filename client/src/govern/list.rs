//! What the council has set, as it is proven, and which of the actions at hand are done.

use super::council::Sitting;
use super::file;
use super::submit::is_of;
use crate::admit::tell::row;
use crate::cli::govern::ListActions;
use crate::cli::Shared;
use crate::failure::Failure;
use crate::leaves::Leaves;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_types::key;
use hefu_types::leaf::{ActionLeaf, ParametersLeaf, RulesLeaf, SetCurrentLeaf, SetLeaf};
use hefu_types::operation::CouncilAction;
use hefu_types::ActionId;
use serde_json::{json, Value};

/// `hefu govern list`.
pub fn run(shared: &Shared, args: &ListActions) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let suite = network.suite();
    let mut files = Vec::with_capacity(args.files.len());
    for path in &args.files {
        files.push((path, file::read(path, network)?.1));
    }
    let ids = files
        .iter()
        .map(|(_, action)| action.id)
        .chain(args.action.iter().copied());
    let mut keys: Vec<_> = ids.map(|id| key::action(suite, &id)).collect();
    keys.extend([
        key::rules(suite),
        key::parameters(suite),
        key::set_current(suite),
    ]);
    let mut leaves = Leaves::read(&nodes, keys, 0)?;
    let sitting = Sitting::read(&nodes, &mut leaves)?;
    let current: Option<SetCurrentLeaf> = leaves.get(&key::set_current(suite))?;
    let epoch = current.as_ref().map_or(0, |current| current.epoch);
    leaves.read_more(
        &nodes,
        [key::set(suite, epoch), key::set(suite, epoch + 1)],
        0,
    )?;

    let mut rows = sitting.rows(lang);
    let rules: Option<RulesLeaf> = leaves.get(&key::rules(suite))?;
    rows.extend(
        rules
            .iter()
            .flat_map(|rules| rules_rows(rules, leaves.height(), lang)),
    );
    let parameters: Option<ParametersLeaf> = leaves.get(&key::parameters(suite))?;
    rows.extend(parameters.iter().map(|leaf| {
        let rest = leaf.parameters.heartbeat_ms;
        row(lang, "idle rest", "空闲出块间隔", format!("{rest} ms"))
    }));
    let set: Option<SetLeaf> = leaves.get(&key::set(suite, epoch))?;
    let next: Option<SetLeaf> = leaves.get(&key::set(suite, epoch + 1))?;
    rows.extend(
        set.iter()
            .map(|set| set_row(set, lang.pick("validators", "验证者"), lang)),
    );
    rows.extend(
        next.iter()
            .map(|set| set_row(set, lang.pick("waiting set", "待生效验证者"), lang)),
    );
    let mut text = table(&rows);

    let mut listed = Vec::new();
    let mut lines = Vec::new();
    for (path, action) in &files {
        let leaf: Option<ActionLeaf> = leaves.get(&key::action(suite, &action.id))?;
        let is_it = leaf.as_ref().is_none_or(|leaf| is_of(&nodes, action, leaf));
        let (name, said) = state(leaf.as_ref(), is_it, Some((action, &sitting)), lang);
        lines.push(vec![
            shown(&path.to_string_lossy()),
            shown(&action.reason),
            said,
        ]);
        listed.push(json(&action.id, Some(action), leaf.as_ref(), name));
    }
    for id in &args.action {
        let leaf: Option<ActionLeaf> = leaves.get(&key::action(suite, id))?;
        let (name, said) = state(leaf.as_ref(), true, None, lang);
        lines.push(vec![id.to_string(), String::new(), said]);
        listed.push(json(id, None, leaf.as_ref(), name));
    }
    text.push_str(&table(&lines));
    let names = |set: &SetLeaf| {
        set.validators
            .iter()
            .map(|v| v.name.clone())
            .collect::<Vec<_>>()
    };
    let report = Report {
        exit: Exit::Yes,
        json: json!({
            "command": "govern list",
            "council": sitting.json(suite),
            "rules": rules.as_ref().map(|rules| json!({
                "version": rules.at(leaves.height()),
                "next": rules.next.filter(|(_, from)| *from > leaves.height())
                    .map(|(version, height)| json!({"version": version, "height": height})),
            })),
            "parameters": parameters.map(|leaf| leaf.parameters),
            "validators": {
                "epoch": epoch,
                "first_height": current.as_ref().map(|current| current.first_height),
                "names": set.as_ref().map(names),
                "waiting": next.as_ref().map(names),
            },
            "actions": listed,
            "height": leaves.height(),
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

fn rules_rows(rules: &RulesLeaf, height: u64, lang: Lang) -> Vec<Vec<String>> {
    let mut rows = vec![row(
        lang,
        "rules version",
        "规则版本",
        rules.at(height + 1).to_string(),
    )];
    if let Some((version, from)) = rules.next.filter(|(_, from)| *from > height) {
        let said = match lang {
            Lang::En => format!("{version} from height {from} (now {height})"),
            Lang::Zh => format!("{version}，自高度 {from} 起（当前 {height}）"),
        };
        rows.push(row(lang, "next version", "下一版本", said));
    }
    rows
}

fn set_row(set: &SetLeaf, word: &str, lang: Lang) -> Vec<String> {
    let names: Vec<&str> = set.validators.iter().map(|v| v.name.as_str()).collect();
    let epoch = set.epoch;
    let said = match lang {
        Lang::En => format!("{} (epoch {epoch})", names.join(" ")),
        Lang::Zh => format!("{}（第 {epoch} 届）", names.join(" ")),
    };
    vec![word.to_owned(), shown(&said)]
}

/// What became of an action, in one word and in words.
fn state(
    leaf: Option<&ActionLeaf>,
    is_it: bool,
    of: Option<(&CouncilAction, &Sitting)>,
    lang: Lang,
) -> (&'static str, String) {
    if let Some(leaf) = leaf {
        return if is_it {
            let word = lang.pick("done at", "已执行于");
            ("done", format!("{word} {}", leaf.executed_at))
        } else {
            let said = lang.pick("another action has its id", "编号已被另一决议使用");
            ("another", said.to_owned())
        };
    }
    let is_over = of.is_some_and(|(action, sitting)| {
        action.valid_before <= sitting.time || action.council_epoch != sitting.epoch
    });
    if is_over {
        let said = lang.pick(
            "not done, and over: propose it anew",
            "未执行且已失效：请重新提出",
        );
        ("over", said.to_owned())
    } else {
        ("open", lang.pick("not done yet", "尚未执行").to_owned())
    }
}

fn json(
    id: &ActionId,
    action: Option<&CouncilAction>,
    leaf: Option<&ActionLeaf>,
    name: &str,
) -> Value {
    json!({
        "action": id,
        "reason": action.map(|action| &action.reason),
        "state": name,
        "executed_at": leaf.map(|leaf| leaf.executed_at.to_string()),
        "operation": leaf.map(|leaf| leaf.operation),
    })
}
