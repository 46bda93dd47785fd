//! `hefu range`: ranges of numbers, and the report of their gaps.
//!
//! All ranges of a numbering stand in one leaf of the state tree, so one proof tells of all of them.
//! There is no receipt of an operation on ranges: after each the leaf is fetched, and the range that
//! names the operation is shown.

mod report;
mod sample;
mod tell;

use self::tell::{range_json, range_table};
use crate::cli::{NumberingArgs, OnNumbering, Range, RangeList, RangeStep, Shared};
use crate::document::type_rules;
use crate::failure::Failure;
use crate::keys::{self, Key};
use crate::nodes::{Fetched, Nodes};
use crate::say::{Exit, Lang, Report};
use crate::send;
use crate::summary::Refusal;
use hefu_proof::certificate::VerifiedState;
use hefu_types::genesis::Network;
use hefu_types::key;
use hefu_types::leaf::TypeRules;
use hefu_types::numbering::{NumberRange, NumberingLeaf};
use hefu_types::operation::{
    ActivateRange, AllocateRange, DelegateRange, Numbering, Operation, RequestRange, VoidNumbers,
    WithdrawRange,
};
use hefu_types::profile::Profile;
use hefu_types::{Millis, OperationId, StateKey};
use hefu_wire::file::KeyRole;
use hefu_wire::path;
use hefu_wire::{OutcomeAnswer, StatementAnswer};
use serde_json::json;

/// `hefu range`.
pub fn run(shared: &Shared, args: &Range) -> Result<Report, Failure> {
    match &args.step {
        RangeStep::Request(args) => act(shared, &args.on, |numbering, _| {
            Operation::RequestRange(RequestRange {
                numbering,
                first: args.first,
                last: args.last,
                digits: args.digits,
            })
        }),
        RangeStep::Allocate(args) => act(shared, &args.on, |numbering, rules| {
            Operation::AllocateRange(AllocateRange {
                numbering,
                range: args.range,
                valid_before: args.valid_until.ends(rules.zone_minutes),
            })
        }),
        RangeStep::Activate(args) => act(shared, &args.on, |numbering, _| {
            Operation::ActivateRange(ActivateRange {
                numbering,
                range: args.range,
            })
        }),
        RangeStep::Withdraw(args) => act(shared, &args.on, |numbering, _| {
            Operation::WithdrawRange(WithdrawRange {
                numbering,
                range: args.range,
                reason: args.reason.clone(),
            })
        }),
        RangeStep::Delegate(args) => act(shared, &args.on, |numbering, _| {
            Operation::DelegateRange(DelegateRange {
                numbering,
                range: args.range,
                first: args.first,
                last: args.last,
                to: args.to.clone(),
            })
        }),
        RangeStep::Void(args) => act(shared, &args.on, |numbering, _| {
            Operation::VoidNumbers(VoidNumbers {
                numbering,
                range: args.range,
                first: args.first,
                last: args.last,
                reason: args.reason.clone(),
            })
        }),
        RangeStep::List(args) => list(shared, args),
        RangeStep::Report(args) => report::run(shared, args),
    }
}

/// A numbering whose numbers come out of ranges, and the key of its leaf.
struct Of<'a> {
    numbering: Numbering,
    rules: &'a TypeRules,
    profile: Profile,
    key: StateKey,
}

impl<'a> Of<'a> {
    fn new(network: &'a Network, args: &NumberingArgs, region: String) -> Result<Self, Failure> {
        let rules = type_rules(network, &args.document_type)?;
        let id = &rules.id;
        let profile = Profile::by_name(&rules.profile).filter(|_| rules.ranges);
        let profile = profile.ok_or_else(|| {
            Failure::asked(
                format!("numbers of the type {id} come out of no range: its issuers take them as they like"),
                format!("类型 {id} 的号码无需号段，由开具方自行编号"),
            )
        })?;
        let typed = Numbering {
            document_type: id.clone(),
            region,
            legal_issuer: args.issuer.clone(),
            class: args.class.clone(),
            series: args.series.clone(),
            period: args.period.clone(),
        };
        let numbering = normalised(typed)?;
        Ok(Self {
            key: key::numbering(network.suite(), profile, &numbering),
            numbering,
            rules,
            profile,
        })
    }

    fn leaf(&self, state: &VerifiedState) -> Result<Option<NumberingLeaf>, String> {
        let leaf = state.leaf(&self.key, "the ranges");
        leaf.map_err(|error| error.to_string())
    }

    /// The leaf as a quorum signed it.
    fn fetch(&self, nodes: &Nodes, height_min: u64) -> Result<Fetched, Failure> {
        let path = path::numbering(&self.key);
        nodes.certificate(&path, height_min, |state| self.leaf(state).map(|_| ()))
    }
}

/// Blanks and case as every profile has them. What else a profile asks of a number, the ledger says.
fn normalised(typed: Numbering) -> Result<Numbering, Failure> {
    let any_number = typed.identity("0".to_owned());
    let normal = Profile::Generic.normalise(&any_number).map_err(|error| {
        Failure::asked(
            format!("the numbering is not one: {error}"),
            format!("号码序列不正确：{error}"),
        )
    })?;
    Ok(Numbering {
        legal_issuer: normal.legal_issuer,
        class: normal.class,
        series: normal.series,
        period: normal.period,
        ..typed
    })
}

/// The region that was typed, or the only one in which the agency has to do with the type.
pub fn region_of(
    network: &Network,
    key: &Key,
    document_type: &str,
    typed: Option<&str>,
) -> Result<String, Failure> {
    if let Some(region) = typed {
        crate::register::check_region(network, region)?;
        return Ok(region.to_owned());
    }
    let agencies = &network.genesis().agencies;
    let mut regions: Vec<&String> = (agencies.iter())
        .filter(|agency| agency.id == key.file.holder)
        .flat_map(|agency| &agency.entitlements)
        .filter(|entitlement| entitlement.document_type == document_type)
        .map(|entitlement| &entitlement.region)
        .collect();
    regions.dedup();
    match regions.as_slice() {
        [only] => Ok((*only).clone()),
        _ => Err(Failure::asked(
            format!("the network file names no one region in which this agency has to do with {document_type}: give --region"),
            format!("网络文件未能确定该机构办理 {document_type} 的唯一地区：请给出 --region"),
        )),
    }
}

/// What became of the one operation of a statement: the height of its block, or why it was refused.
pub fn outcome(answer: &StatementAnswer) -> Result<u64, Refusal> {
    match answer.outcomes.first() {
        Some(OutcomeAnswer::Refused {
            code,
            sentence,
            sentence_zh,
            detail,
            ..
        }) => Err(Refusal::new(*code, sentence, sentence_zh, detail.clone())),
        Some(OutcomeAnswer::Accepted) | None => Ok(answer.height.unwrap_or(0)),
    }
}

/// That an operation which has no record was refused.
pub fn refused(verb: &str, refusal: &Refusal, lang: Lang) -> Report {
    Report {
        exit: Exit::No,
        json: json!({
            "command": verb,
            "outcome": "refused",
            "code": refusal.code,
            "sentence": lang.of(&refusal.said),
            "detail": refusal.detail,
        }),
        text: format!("{}\n", refusal.text(lang)),
    }
}

/// One operation on a numbering, and the ranges that name it.
fn act(
    shared: &Shared,
    on: &OnNumbering,
    operation: impl FnOnce(Numbering, &TypeRules) -> Operation,
) -> Result<Report, Failure> {
    let nodes = shared.nodes(&on.network.network)?;
    let (network, lang) = (nodes.network(), shared.lang());
    let key = keys::open(&on.key, KeyRole::Agency, network)?;
    let document_type = &type_rules(network, &on.numbering.document_type)?.id;
    let region = region_of(network, &key, document_type, on.region.as_deref())?;
    let of = Of::new(network, &on.numbering, region)?;
    let operation = operation(of.numbering.clone(), of.rules);
    let verb = operation.verb();
    let (signed, answer) = send::send(&nodes, &key, &[operation])?;
    let report = match outcome(&answer) {
        Err(refusal) => refused(verb, &refusal, lang),
        Ok(height) => {
            let fetched = of.fetch(&nodes, height)?;
            let leaf = of.leaf(&fetched.state).ok().flatten().unwrap_or_default();
            done(&of, verb, &signed.operation_id(0), &leaf, &fetched, lang)
        }
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

fn done(
    of: &Of<'_>,
    verb: &str,
    id: &OperationId,
    leaf: &NumberingLeaf,
    fetched: &Fetched,
    lang: Lang,
) -> Report {
    let named: Vec<(usize, &NumberRange)> = (leaf.ranges.iter().enumerate())
        .filter(|(_, range)| range.operation == *id)
        .collect();
    let (exit, outcome) = match named.as_slice() {
        [] => (Exit::CouldNotTell, "not-proven"),
        _ => (Exit::Yes, "done"),
    };
    let mut text = match exit {
        Exit::Yes => format!("{verb}: {}\n", lang.pick("done", "已完成")),
        _ => {
            let said = lang.pick(
                "a node took it, but no range names this operation now: another may have followed, see `hefu range list`",
                "节点已受理，但当前没有号段载有此操作：可能已有后续操作，请用 hefu range list 查看",
            );
            format!("{verb}: {said}\n")
        }
    };
    text.push_str(&range_table(&named, of.rules, crate::now(), lang));
    text.push_str(&format!("  {} {id}\n", lang.pick("operation", "操作")));
    let ranges = named
        .iter()
        .map(|(place, range)| range_json(*place, range, crate::now()));
    Report {
        exit,
        json: json!({
            "command": verb,
            "outcome": outcome,
            "operation": id,
            "key": of.key,
            "ranges": ranges.collect::<Vec<_>>(),
            "height": fetched.state.checkpoint().checkpoint().height,
        }),
        text,
    }
}

/// `hefu range list`.
fn list(shared: &Shared, args: &RangeList) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let lang = shared.lang();
    // The region is no part of the key of a numbering.
    let of = Of::new(nodes.network(), &args.numbering, String::new())?;
    let fetched = of.fetch(&nodes, 0)?;
    let leaf = of.leaf(&fetched.state).ok().flatten();
    let ranges: Vec<(usize, &NumberRange)> = (leaf.iter())
        .flat_map(|leaf| leaf.ranges.iter().enumerate())
        .collect();
    let checkpoint = fetched.state.checkpoint();
    let as_of = Millis(checkpoint.quorum_seconds().saturating_mul(1000));
    let height = checkpoint.checkpoint().height;
    let mut text = if ranges.is_empty() {
        lang.pick("no range of this numbering\n", "该号码序列没有号段\n")
            .to_owned()
    } else {
        range_table(&ranges, of.rules, crate::now(), lang)
    };
    text.push_str(&match lang {
        Lang::En => format!("  as of {as_of}, height {height}\n"),
        Lang::Zh => format!("  截至 {as_of}，高度 {height}\n"),
    });
    let report = Report {
        exit: Exit::Yes,
        json: json!({
            "command": "range-list",
            "key": of.key,
            "numbering": of.numbering,
            "ranges": ranges.iter().map(|(place, range)| range_json(*place, range, crate::now())).collect::<Vec<_>>(),
            "as_of": as_of.to_string(),
            "height": height,
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

#[cfg(test)]
mod tests;
