//! `hefu recognition`: which region recognises documents of a type of which other one.
//!
//! Every cell is proven, those without a rule by the absence of one: a node that hides a rule does not
//! make it look as if there were none.

use super::{brief, fetch, told_age, Listing};
use crate::cli::{Recognition, Shared};
use crate::failure::Failure;
use crate::nodes::Nodes;
use crate::say::{self, shown, Exit, Lang, Report};
use hefu_proof::certificate::CertificateError;
use hefu_types::leaf::{Kind, RecognitionLeaf, RecognitionRule, TypeRules};
use hefu_types::{key, Millis, StateKey};
use hefu_wire::catalogue::{line, Entry, Part};
use hefu_wire::path::RECORDS_MAX;
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// What a region answers to documents of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It recognises them.
    Recognised,
    /// It recognises those that fulfil conditions.
    Conditional,
    /// It expressly does not.
    NotRecognised,
    /// Its rule is not yet in force.
    NotYet,
    /// Its rule is over.
    Lapsed,
    /// It has no rule.
    NoRule,
}

impl Answer {
    /// What a rule, or none, says at a time.
    pub fn of(rule: Option<&RecognitionRule>, time: Millis) -> Self {
        match rule {
            None => Self::NoRule,
            Some(rule) if time < rule.from => Self::NotYet,
            Some(rule) if rule.until.is_some_and(|until| until <= time) => Self::Lapsed,
            Some(rule) if !rule.recognised => Self::NotRecognised,
            Some(rule) if !rule.conditions.is_empty() => Self::Conditional,
            Some(_) => Self::Recognised,
        }
    }

    /// The word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recognised => "recognised",
            Self::Conditional => "conditional",
            Self::NotRecognised => "not-recognised",
            Self::NotYet => "not-yet",
            Self::Lapsed => "lapsed",
            Self::NoRule => "no-rule",
        }
    }

    /// The word for people.
    pub const fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Recognised => lang.pick("yes", "认可"),
            Self::Conditional => lang.pick("on conditions", "附条件"),
            Self::NotRecognised => lang.pick("no", "不认可"),
            Self::NotYet => lang.pick("not yet", "尚未生效"),
            Self::Lapsed => lang.pick("no longer", "已失效"),
            Self::NoRule => lang.pick("no rule", "无规则"),
        }
    }
}

/// The matrix of one type: rows recognise columns.
struct Matrix<'a> {
    rules: &'a TypeRules,
    regions: Vec<&'a str>,
    /// By the region that recognises, and the region that issued.
    answers: BTreeMap<(&'a str, &'a str), Answer>,
}

/// `hefu recognition`.
pub fn run(shared: &Shared, args: &Recognition) -> Result<Report, Failure> {
    let lang = shared.lang();
    let nodes = shared.nodes(&args.network.network)?;
    let mut listing = fetch(&nodes, Part::Regions, None)?;
    listing.join(fetch(&nodes, Part::Types, None)?);
    let types = types(&listing, args.document_type.as_deref())?;
    let regions = regions(&listing);
    let pairs = pairs(&regions);
    let mut matrices = Vec::new();
    let mut rules = Listing::default();
    for of in &types {
        let (answers, found) = ask(&nodes, of, &pairs)?;
        rules.join(found);
        matrices.push(Matrix {
            rules: of,
            regions: regions.clone(),
            answers,
        });
    }
    rules.join(listing.clone());
    let suite = nodes.network().suite();
    let table = rules.table(suite, Part::Recognition);
    let (as_of, height) = rules.as_of.unwrap_or_default();
    let text = if args.csv {
        csv(&matrices, lang)
    } else {
        let mut text: String = matrices.iter().map(|matrix| matrix.text(lang)).collect();
        for row in &table.rows {
            let cells: Vec<String> = row.cells.iter().map(|cell| brief(cell, lang)).collect();
            text.push_str(&cells.join("  "));
            text.push('\n');
        }
        text.push_str(&told_age((as_of, height), lang));
        text
    };
    let report = Report {
        exit: Exit::Yes,
        json: json!({
            "command": "recognition",
            "network": nodes.network().digest(),
            "types": matrices.iter().map(Matrix::json).collect::<Vec<_>>(),
            "rules": table,
            "as_of": as_of.to_string(),
            "height": height,
        }),
        text,
    };
    Ok(if args.csv {
        report
    } else {
        report.with_warnings(lang, &nodes.warnings())
    })
}

/// The type that was asked for, or all types of licences.
fn types<'a>(listing: &'a Listing, asked: Option<&str>) -> Result<Vec<&'a TypeRules>, Failure> {
    let all = listing.entries.values().filter_map(|entry| match entry {
        Entry::Type(leaf) => Some(&leaf.rules),
        _ => None,
    });
    let mut types: Vec<&TypeRules> = match asked {
        Some(id) => all.filter(|rules| rules.id == id).collect(),
        None => all.filter(|rules| rules.kind == Kind::Licence).collect(),
    };
    types.sort_by(|one, other| one.id.cmp(&other.id));
    if let (Some(id), true) = (asked, types.is_empty()) {
        return Err(Failure::asked(
            format!("the network has no type {id:?}; `hefu catalogue --part types` lists them"),
            format!("本网络没有类型 {id:?}；请用 hefu catalogue --part types 查看"),
        ));
    }
    Ok(types)
}

fn regions(listing: &Listing) -> Vec<&str> {
    let regions = listing.entries.values().filter_map(|entry| match entry {
        Entry::Region(leaf) => Some(leaf.region.id.as_str()),
        _ => None,
    });
    let mut regions: Vec<&str> = regions.collect();
    regions.sort_unstable();
    regions
}

/// Every two regions, in both directions.
fn pairs<'a>(regions: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let others = |by: &'a str| regions.iter().map(move |of| (by, *of));
    let all = regions.iter().flat_map(|by| others(by));
    all.filter(|(by, of)| by != of).collect()
}

/// What each region says of each other.
type Answers<'a> = BTreeMap<(&'a str, &'a str), Answer>;

/// What stands between every two regions for a type, present or absent.
fn ask<'a>(
    nodes: &Nodes,
    rules: &TypeRules,
    pairs: &[(&'a str, &'a str)],
) -> Result<(Answers<'a>, Listing), Failure> {
    let suite = nodes.network().suite();
    let at = |(by, of): &(&str, &str)| key::recognition(suite, by, &rules.id, of);
    let (mut answers, mut found) = (BTreeMap::new(), Listing::default());
    for pairs in pairs.chunks(RECORDS_MAX) {
        let keys: Vec<StateKey> = pairs.iter().map(at).collect();
        let fetched = nodes.records(&keys, 0)?;
        let time = fetched.state.checkpoint().checkpoint().time;
        let mut entries = BTreeMap::new();
        for (pair, at) in pairs.iter().zip(&keys) {
            let leaf: Option<RecognitionLeaf> = (fetched.state.leaf(at, "a rule of recognition"))
                .map_err(|error: CertificateError| {
                Failure::Unreachable {
                    tried: vec![format!("{}: {error}", fetched.node)],
                }
            })?;
            let rule = leaf.as_ref().map(|leaf| &leaf.rule);
            answers.insert(*pair, Answer::of(rule, time));
            entries.extend(leaf.map(|leaf| (*at, Entry::Recognition(leaf))));
        }
        found.add(entries, &fetched.state, fetched.certificate);
    }
    Ok((answers, found))
}

impl Matrix<'_> {
    /// The word in a cell; a region and itself need no rule.
    fn cell(&self, by: &str, of: &str, lang: Lang) -> &'static str {
        let answer = self.answers.get(&(by, of));
        answer.map_or("—", |answer| answer.word(lang))
    }

    fn rows(&self, lang: Lang) -> Vec<Vec<String>> {
        let corner = lang
            .pick("recognises, issued in:", "认可地区＼签发地区")
            .to_owned();
        let regions = || self.regions.iter().map(|region| shown(region));
        let first = std::iter::once(corner).chain(regions()).collect();
        let others = self.regions.iter().map(|by| {
            let cells = self
                .regions
                .iter()
                .map(|of| self.cell(by, of, lang).to_owned());
            std::iter::once(shown(by)).chain(cells).collect()
        });
        std::iter::once(first).chain(others).collect()
    }

    fn text(&self, lang: Lang) -> String {
        let rules = self.rules;
        let name = shown(lang.pick(&rules.name_en, &rules.name_zh));
        let id = shown(&rules.id);
        format!("{name} ({id})\n{}\n", say::table(&self.rows(lang)))
    }

    fn json(&self) -> Value {
        let of = |by: &str| {
            let others = self.answers.iter().filter(|((of_by, _), _)| *of_by == by);
            let answers = others.map(|((_, of), answer)| ((*of).to_owned(), json!(answer.name())));
            Value::Object(answers.collect())
        };
        let rows = self.regions.iter().map(|by| ((*by).to_owned(), of(by)));
        json!({
            "type": self.rules.id,
            "name_zh": self.rules.name_zh,
            "name_en": self.rules.name_en,
            "recognises": Value::Object(rows.collect()),
        })
    }
}

/// One matrix below the other, each line led by the type.
fn csv(matrices: &[Matrix<'_>], lang: Lang) -> String {
    let mut csv = String::from('\u{feff}');
    for (place, matrix) in matrices.iter().enumerate() {
        for (number, row) in matrix.rows(lang).iter().enumerate() {
            let lead = match number {
                0 if place > 0 => continue,
                0 => lang.pick("type", "类型"),
                _ => matrix.rules.id.as_str(),
            };
            let cells = row.iter().map(String::as_str);
            line(&mut csv, std::iter::once(lead).chain(cells));
        }
    }
    csv
}
