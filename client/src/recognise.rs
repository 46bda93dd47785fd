//! `hefu recognise`: a region states what it recognises of another, on which conditions, from when.

use crate::admit::batch::cannot_sign;
use crate::admit::fault::Fault;
use crate::admit::perform::{self, Became};
use crate::admit::signer::Signer;
use crate::admit::standing::one;
use crate::admit::tell::row;
use crate::cli::admit::RecogniseArgs;
use crate::cli::Shared;
use crate::disk;
use crate::failure::Failure;
use crate::keys;
use crate::leaves::Leaves;
use crate::say::{table, Exit, Lang, Report};
use crate::times::When;
use hefu_types::genesis::check_rule;
use hefu_types::key;
use hefu_types::leaf::{
    Condition, RecognitionLeaf, RecognitionRule, TypeRules, RULE_TEXT_BYTES_MAX,
};
use hefu_types::operation::{Operation, Recognise};
use hefu_types::{Code, Millis};
use hefu_wire::file::KeyRole;
use serde_json::json;

/// `hefu recognise`.
pub fn run(shared: &Shared, args: &RecogniseArgs) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let suite = network.suite();
    let key = keys::open(&args.key, KeyRole::Registrar, network)?;
    let signer = match Signer::read(&nodes, &key)? {
        Ok(signer) => signer,
        Err(fault) => return Ok(cannot_sign("recognise", &fault, lang)),
    };
    let type_at = key::document_type(suite, &args.document_type);
    let at = key::recognition(suite, &args.region, &args.document_type, &args.of);
    let leaves = Leaves::read(&nodes, [type_at, key::region(suite, &args.of), at], 0)?;
    let fault = signer
        .check_region(&args.region)
        .or_else(|| not_first(&signer));
    if let Some(fault) = fault {
        return Ok(cannot_sign("recognise", &fault, lang));
    }
    let Some(of_type) = leaves.document_type(&args.document_type)? else {
        let fault = Fault::unknown_type(&args.document_type);
        return Ok(cannot_sign("recognise", &fault, lang));
    };
    if leaves.region(&args.of)?.is_none() {
        let fault = Fault::new(
            Code::UnknownRegion,
            format!("{:?}", args.of),
            format!("“{}”", args.of),
        );
        return Ok(cannot_sign("recognise", &fault, lang));
    }
    let rule = rule(args, &of_type.rules)?;
    check_rule(&rule).map_err(|why| {
        Failure::asked(
            format!("the rule cannot be: {why}"),
            format!("该规则不符合要求：{why}"),
        )
    })?;
    let before: Option<RecognitionLeaf> = leaves.get(&at)?;
    let zone = of_type.rules.zone_minutes;
    let mut rows = rows(&rule, zone, lang);
    let replaced = before.iter().map(|before| &before.rule.citation);
    rows.extend(replaced.map(|citation| row(lang, "instead of", "取代", citation)));
    let mut text = table(&rows);
    text.push_str(&unknown_facts(&rule, &of_type.rules, lang));
    let operation = Operation::Recognise(Recognise { rule: rule.clone() });
    let performed = perform::perform(&nodes, &key, &[operation])?;
    let done = lang.pick("done", "已完成");
    let (exit, said, mut json) = match performed.became.first() {
        Some(became) => one(became, done, lang),
        None => (
            Exit::CouldNotTell,
            String::new(),
            json!({"outcome": "not-proven"}),
        ),
    };
    let verb = match performed.became.first() {
        Some(Became::Refused(_)) => "",
        _ => "recognise: ",
    };
    text.push_str(&format!("{verb}{said}\n"));
    json["command"] = "recognise".into();
    json["rule"] = json!(rule);
    let report = Report { exit, json, text };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// What a region recognises is said by who speaks for all of it.
fn not_first(signer: &Signer) -> Option<Fault> {
    let own = signer.own();
    let above = own.parent.as_ref()?;
    Some(Fault::new(
        Code::BeyondRights,
        format!(
            "{} stands below {above}: a region's first registrar states what it recognises",
            own.id
        ),
        format!(
            "{} 是 {above} 的下级：互认规则由本地区一级登记机构声明",
            own.id
        ),
    ))
}

fn rule(args: &RecogniseArgs, of_type: &TypeRules) -> Result<RecognitionRule, Failure> {
    let zone = of_type.zone_minutes;
    let begin = |text: &String| When::parse(text).map(|when| begins(when, zone));
    let end = |text: &String| {
        When::parse(text).map(|when| match when {
            When::At(time) => time,
            When::Day(day) => day.ends(zone),
        })
    };
    let mut conditions = Vec::new();
    for typed in &args.conditions {
        conditions.push(condition(typed)?);
    }
    if let Some(from) = args.registered_from.as_ref().map(begin).transpose()? {
        conditions.push(Condition::RegisteredFrom(from));
    }
    let text = match &args.text_file {
        None => String::new(),
        Some(path) => {
            let bytes = disk::read(path, RULE_TEXT_BYTES_MAX)?;
            let text = String::from_utf8(bytes);
            let text =
                text.map_err(|_| Failure::bad_file(path, "it is not UTF-8: save it as such"))?;
            text.trim_start_matches('\u{feff}')
                .replace("\r\n", "\n")
                .trim_end()
                .to_owned()
        }
    };
    Ok(RecognitionRule {
        by: args.region.clone(),
        document_type: args.document_type.clone(),
        of: args.of.clone(),
        recognised: !args.not,
        citation: args.citation.clone(),
        from: args
            .from
            .as_ref()
            .map(begin)
            .transpose()?
            .unwrap_or_else(crate::now),
        until: args.until.as_ref().map(end).transpose()?,
        conditions,
        text,
    })
}

fn begins(when: When, zone: i16) -> Millis {
    match when {
        When::At(time) => time,
        When::Day(day) => day.begins(zone),
    }
}

/// `grade=1|2`.
fn condition(typed: &str) -> Result<Condition, Failure> {
    let parts = typed
        .split_once('=')
        .filter(|(name, values)| !name.is_empty() && !values.is_empty());
    let (name, values) = parts.ok_or_else(|| {
        Failure::asked(
            format!("{typed:?} is no condition: write it as 'grade=1|2', quoted for the shell"),
            format!("{typed:?} 不是条件：请写作 'grade=1|2'（须加引号）"),
        )
    })?;
    Ok(Condition::Fact {
        name: name.trim().to_owned(),
        any_of: values
            .split('|')
            .map(|value| value.trim().to_owned())
            .collect(),
    })
}

/// A condition on a fact that the type does not have would hold of no document.
fn unknown_facts(rule: &RecognitionRule, of_type: &TypeRules, lang: Lang) -> String {
    let known = |name: &str| of_type.facts.iter().any(|fact| fact.name == name);
    let mut text = String::new();
    for condition in &rule.conditions {
        if let Condition::Fact { name, .. } = condition {
            if !known(name) {
                text.push_str(&match lang {
                    Lang::En => format!("  note: {name} is not in the dictionary of {}: only a receipt that shows it meets this condition\n", of_type.id),
                    Lang::Zh => format!("  注意：{name} 不在 {} 的要素字典中：仅当回执披露该要素时才满足此条件\n", of_type.id),
                });
            }
        }
    }
    text
}

/// The rule as a clerk reads it.
fn rows(rule: &RecognitionRule, zone: i16, lang: Lang) -> Vec<Vec<String>> {
    let day = |time: Millis| {
        let day = hefu_types::time::Day::of(time, zone);
        match day {
            Some(day) if day.begins(zone) == time => day.to_string(),
            _ => time.to_string(),
        }
    };
    let last = |time: Millis| {
        let day = hefu_types::time::Day::last_before(time, zone);
        match day {
            Some(day) if day.ends(zone) == time => day.to_string(),
            _ => time.to_string(),
        }
    };
    let said = match (lang, rule.recognised) {
        (Lang::En, true) => format!(
            "{} recognises {} of {}",
            rule.by, rule.document_type, rule.of
        ),
        (Lang::En, false) => format!(
            "{} does not recognise {} of {}",
            rule.by, rule.document_type, rule.of
        ),
        (Lang::Zh, true) => format!("{} 认可 {} 的 {}", rule.by, rule.of, rule.document_type),
        (Lang::Zh, false) => format!("{} 不认可 {} 的 {}", rule.by, rule.of, rule.document_type),
    };
    let mut rows = vec![
        row(lang, "rule", "规则", said),
        row(lang, "citation", "依据", &rule.citation),
        row(lang, "from", "起始", day(rule.from)),
    ];
    if let Some(until) = rule.until {
        rows.push(row(lang, "until, inclusive", "截止（含）", last(until)));
    }
    for condition in &rule.conditions {
        let said = match condition {
            Condition::Fact { name, any_of } => {
                let values = any_of.join(lang.pick(" or ", " 或 "));
                format!("{name} = {values}")
            }
            Condition::RegisteredFrom(time) => {
                format!(
                    "{} {}",
                    lang.pick("registered from", "登记不早于"),
                    day(*time)
                )
            }
        };
        rows.push(row(lang, "condition", "条件", said));
    }
    rows
}

#[cfg(test)]
mod tests;
