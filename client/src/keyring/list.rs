//! Keys as they stand on the ledger, each proven; and which of them end soon.

use super::{named, of_file, of_table};
use crate::admit::tell::{self, holder};
use crate::catalogue;
use crate::cli::admit::{KeyList, KeysArgs};
use crate::cli::Shared;
use crate::failure::Failure;
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_types::key;
use hefu_types::leaf::KeyLeaf;
use hefu_types::{KeyId, Millis};
use hefu_wire::catalogue::{holder_of, Entry, Part};
use serde_json::json;
use std::path::Path;

/// `hefu key show`.
pub fn show(shared: &Shared, args: &KeysArgs) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let suite = network.suite();
    let ids = args
        .keys
        .iter()
        .map(|text| named(text, network))
        .collect::<Result<Vec<_>, _>>()?;
    let leaves = Leaves::read(&nodes, ids.iter().map(|id| key::public_key(suite, id)), 0)?;
    let (mut text, mut listed, mut exit) = (String::new(), Vec::new(), Exit::Yes);
    for id in &ids {
        match leaves.key(id)? {
            Some(leaf) => {
                text.push_str(&table(&tell::key(&leaf, suite, leaves.time(), lang)));
                listed.push(tell::key_json(&leaf, suite, leaves.time()));
            }
            None => {
                exit = Exit::No;
                text.push_str(&format!("  {id}: {}\n", not_there(lang)));
                listed.push(json!({"key_id": id, "holder": null}));
            }
        }
    }
    let height = leaves.height();
    text.push_str(&match lang {
        Lang::En => format!("  proven at height {height}, {}\n", leaves.time()),
        Lang::Zh => format!("  证明高度 {height}，时间 {}\n", leaves.time()),
    });
    let report = Report {
        exit,
        json: json!({"command": "key show", "keys": listed, "height": height}),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

fn not_there(lang: Lang) -> &'static str {
    lang.pick("not on the ledger", "不在账本上")
}

/// `hefu key list`.
pub fn list(shared: &Shared, args: &KeyList) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let suite = network.suite();
    let mut ids: Vec<KeyId> = Vec::new();
    for text in &args.holder {
        ids.extend(of_holder(&nodes, text)?);
    }
    for text in &args.keys {
        let path = Path::new(text);
        match text.parse() {
            Ok(id) => ids.push(id),
            Err(_) if text.to_lowercase().ends_with(".csv") => ids.extend(of_table(path, &nodes)?),
            Err(_) => ids.extend(of_file(path, network)?),
        }
    }
    let leaves = Leaves::read(&nodes, ids.iter().map(|id| key::public_key(suite, id)), 0)?;
    let now = leaves.time();
    let soon = args
        .expiring
        .map(|within| now.plus(u64::try_from(within.as_millis()).unwrap_or(u64::MAX)));
    let mut found: Vec<(KeyId, Option<KeyLeaf>)> = Vec::with_capacity(ids.len());
    for id in ids {
        found.push((id, leaves.key(&id)?));
    }
    if let Some(soon) = soon {
        found.retain(|(_, leaf)| leaf.as_ref().is_some_and(|leaf| ends_by(leaf, now, soon)));
        found.sort_by_key(|(_, leaf)| leaf.as_ref().map(|leaf| leaf.valid_before));
    }
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for (id, leaf) in &found {
        let Some(leaf) = leaf else {
            rows.push(vec![id.to_string(), not_there(lang).to_owned()]);
            listed.push(json!({"key_id": id, "holder": null}));
            continue;
        };
        rows.push(vec![
            id.to_string(),
            holder(&leaf.holder, lang),
            tell::role(leaf.role, lang).to_owned(),
            tell::last_day(leaf.valid_before, lang),
            shown(&tell::key_state(leaf, now, lang)),
        ]);
        listed.push(tell::key_json(leaf, suite, now));
    }
    let mut text = table(&rows);
    let exit = match args.expiring {
        Some(_) if found.is_empty() => {
            text.push_str(lang.pick("No key ends so soon.\n", "没有即将到期的密钥。\n"));
            Exit::Yes
        }
        Some(_) => {
            text.push_str(&match lang {
                Lang::En => format!(
                    "{} key(s) end soon: exchange them with `hefu key rotate`.\n",
                    found.len()
                ),
                Lang::Zh => format!(
                    "{} 个密钥即将到期：请用 hefu key rotate 更换。\n",
                    found.len()
                ),
            });
            Exit::No
        }
        None => Exit::Yes,
    };
    let report = Report {
        exit,
        json: json!({"command": "key list", "keys": listed, "height": leaves.height()}),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// All keys of a holder.
fn of_holder(nodes: &Nodes, text: &str) -> Result<Vec<KeyId>, Failure> {
    let holder = holder_of(text).map_err(|error| {
        Failure::asked(
            error.to_string(),
            "请将密钥持有者写作 agency:ID、member:ID、registrar:ID、council:席位 或 validator:名称",
        )
    })?;
    let suite = nodes.network().suite();
    let listing = catalogue::fetch(nodes, Part::Keys, Some(&holder))?;
    let id = |entry: &Entry| match entry {
        Entry::Key(leaf) => Some(suite.key_id(&leaf.key)),
        _ => None,
    };
    Ok(listing.entries.values().filter_map(id).collect())
}

/// Whether a key that signs now signs no more at a time.
fn ends_by(leaf: &KeyLeaf, now: Millis, soon: Millis) -> bool {
    leaf.signs_at(now) && leaf.valid_before <= soon
}
