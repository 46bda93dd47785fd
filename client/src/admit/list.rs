//! Showing and listing whoever was admitted, proven.

use super::tell;
use crate::catalogue;
use crate::cli::admit::{ListArgs, ShowArgs};
use crate::cli::Shared;
use crate::failure::Failure;
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_types::key;
use hefu_types::leaf::Holder;
use hefu_wire::catalogue::{Entry, Part};
use serde_json::{json, Value};

/// `hefu agency show`, `hefu member show`, `hefu registrar show`.
pub fn show(
    shared: &Shared,
    args: &ShowArgs,
    holder: impl Fn(String) -> Holder,
) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let suite = nodes.network().suite();
    let holders: Vec<Holder> = args.ids.iter().cloned().map(holder).collect();
    let keys = holders.iter().map(|of| match of {
        Holder::Member(id) => key::member(suite, id),
        Holder::Registrar(id) => key::registrar(suite, id),
        Holder::Agency(id) | Holder::Council(id) | Holder::Validator(id) => key::agency(suite, id),
    });
    let leaves = Leaves::read(&nodes, keys, 0)?;
    let (mut text, mut listed, mut exit) = (String::new(), Vec::new(), Exit::Yes);
    for of in &holders {
        match one(&leaves, of, lang)? {
            Some((rows, json)) => {
                text.push_str(&table(&rows));
                listed.push(json);
            }
            None => {
                exit = Exit::No;
                let said = lang.pick("not admitted on this network", "未在本网络准入");
                text.push_str(&format!("  {}: {said}\n", shown(of.id())));
                listed.push(json!({"id": of.id(), "standing": null}));
            }
        }
    }
    Ok(proven(&nodes, &leaves, exit, text, "show", listed, lang))
}

/// Lines of a table, and the same as JSON.
type Listed = (Vec<Vec<String>>, Value);

fn one(leaves: &Leaves, of: &Holder, lang: Lang) -> Result<Option<Listed>, Failure> {
    Ok(match of {
        Holder::Member(id) => leaves
            .member(id)?
            .map(|leaf| (tell::member(&leaf, lang), tell::member_json(&leaf))),
        Holder::Registrar(id) => leaves
            .registrar(id)?
            .map(|leaf| (tell::registrar(&leaf, lang), tell::registrar_json(&leaf))),
        Holder::Agency(id) | Holder::Council(id) | Holder::Validator(id) => leaves
            .agency(id)?
            .map(|leaf| (tell::agency(&leaf, lang), tell::agency_json(&leaf))),
    })
}

fn proven(
    nodes: &Nodes,
    leaves: &Leaves,
    exit: Exit,
    mut text: String,
    command: &str,
    listed: Vec<Value>,
    lang: Lang,
) -> Report {
    let height = leaves.height();
    text.push_str(&match lang {
        Lang::En => format!("  proven at height {height}, {}\n", leaves.time()),
        Lang::Zh => format!("  证明高度 {height}，时间 {}\n", leaves.time()),
    });
    let report = Report {
        exit,
        json: json!({"command": command, "listed": listed, "height": height}),
        text,
    };
    report.with_warnings(lang, &nodes.warnings())
}

/// `hefu agency list`.
pub fn agencies(shared: &Shared, args: &ListArgs) -> Result<Report, Failure> {
    let of = |entry: &Entry, lang: Lang| match entry {
        Entry::Agency(leaf) => Some(Line {
            region: leaf.region.clone(),
            cells: vec![
                shown(&leaf.id),
                shown(&leaf.region),
                tell::standing(leaf.standing, lang).to_owned(),
                shown(&types(
                    leaf.entitlements.iter().map(|of| of.document_type.as_str()),
                )),
                shown(&leaf.name),
            ],
            json: tell::agency_json(leaf),
        }),
        _ => None,
    };
    listed(shared, args, Part::Agencies, "agency list", of)
}

/// `hefu registrar list`.
pub fn registrars(shared: &Shared, args: &ListArgs) -> Result<Report, Failure> {
    let of = |entry: &Entry, lang: Lang| match entry {
        Entry::Registrar(leaf) => Some(Line {
            region: leaf.region.clone(),
            cells: vec![
                shown(&leaf.id),
                shown(&leaf.region),
                tell::standing(leaf.standing, lang).to_owned(),
                shown(
                    leaf.parent
                        .as_deref()
                        .unwrap_or(lang.pick("the council", "理事会")),
                ),
                leaf.rights
                    .iter()
                    .map(|of| tell::right(of, lang))
                    .collect::<Vec<_>>()
                    .join("; "),
                shown(&leaf.name),
            ],
            json: tell::registrar_json(leaf),
        }),
        _ => None,
    };
    listed(shared, args, Part::Registrars, "registrar list", of)
}

/// Each type once, in its order.
fn types<'a>(of: impl Iterator<Item = &'a str>) -> String {
    let mut types: Vec<&str> = Vec::new();
    for of_type in of {
        if !types.contains(&of_type) {
            types.push(of_type);
        }
    }
    types.join(" ")
}

/// One that is listed.
struct Line {
    region: String,
    cells: Vec<String>,
    json: Value,
}

fn listed(
    shared: &Shared,
    args: &ListArgs,
    part: Part,
    command: &str,
    of: impl Fn(&Entry, Lang) -> Option<Line>,
) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let listing = catalogue::fetch(&nodes, part, None)?;
    let is_asked = |line: &Line| {
        args.region
            .as_ref()
            .is_none_or(|region| *region == line.region)
    };
    let lines = listing.entries.values().filter_map(|entry| of(entry, lang));
    let mut lines: Vec<Line> = lines.filter(is_asked).collect();
    lines.sort_by(|a, b| a.cells.cmp(&b.cells));
    let (count, height) = (lines.len(), listing.as_of.map(|(_, height)| height));
    let rows: Vec<Vec<String>> = lines.iter().map(|line| line.cells.clone()).collect();
    let mut text = table(&rows);
    let at = height.map_or_else(|| "-".to_owned(), |height| height.to_string());
    text.push_str(&match lang {
        Lang::En => format!("  {count}, each proven at height {at}\n"),
        Lang::Zh => format!("  共 {count} 个，均已证明，高度 {at}\n"),
    });
    let report = Report {
        exit: Exit::Yes,
        json: json!({
            "command": command,
            "listed": lines.into_iter().map(|line| line.json).collect::<Vec<_>>(),
            "height": height,
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}
