//! `hefu cover`: an agency promises that every document of a type is registered in time.

use crate::cli::{Cover, Shared};
use crate::document::type_rules;
use crate::failure::Failure;
use crate::keys;
use crate::ranges::{outcome, refused, region_of};
use crate::say::{shown, table, Exit, Lang, Report};
use crate::send;
use hefu_proof::certificate::VerifiedState;
use hefu_types::key;
use hefu_types::leaf::CoverageLeaf;
use hefu_types::operation::{self, Operation};
use hefu_types::time::Day;
use hefu_types::{Millis, OperationId};
use hefu_wire::file::KeyRole;
use hefu_wire::path;
use serde_json::json;

/// `hefu cover`. There is no receipt of it: the promise itself names the operation.
pub fn run(shared: &Shared, args: &Cover) -> Result<Report, Failure> {
    let nodes = shared.nodes(&args.network.network)?;
    let (network, lang) = (nodes.network(), shared.lang());
    let key = keys::open(&args.key, KeyRole::Agency, network)?;
    let rules = type_rules(network, &args.document_type)?;
    let region = region_of(network, &key, &rules.id, args.region.as_deref())?;
    let zone = rules.zone_minutes;
    let cover = operation::Cover {
        document_type: rules.id.clone(),
        region: region.clone(),
        from: args.from.begins(zone),
        before: args.until.map(|day| day.ends(zone)),
        within_ms: u64::try_from(args.within.as_millis()).unwrap_or(u64::MAX),
    };
    let (signed, answer) = send::send(&nodes, &key, &[Operation::Cover(cover)])?;
    let height = match outcome(&answer) {
        Ok(height) => height,
        Err(refusal) => {
            let report = refused("cover", &refusal, lang);
            return Ok(report.with_warnings(lang, &nodes.warnings()));
        }
    };
    let at = key::coverage(network.suite(), &rules.id, &region, &key.file.holder);
    let leaf = |state: &VerifiedState| state.leaf::<CoverageLeaf>(&at, "the promise");
    let path = path::coverage(path::Coverage {
        agency: &key.file.holder,
        document_type: &rules.id,
        region: &region,
    });
    let check = |state: &VerifiedState| leaf(state).map(|_| ()).map_err(|e| e.to_string());
    let fetched = nodes.certificate(&path, height, check)?;
    let promise = leaf(&fetched.state).ok().flatten();
    let height = fetched.state.checkpoint().checkpoint().height;
    let report = report(
        promise.as_ref(),
        &signed.operation_id(0),
        height,
        zone,
        lang,
    );
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// The promise as it is proven; it is done if it names the operation.
fn report(
    promise: Option<&CoverageLeaf>,
    id: &OperationId,
    height: u64,
    zone: i16,
    lang: Lang,
) -> Report {
    let is_ours = promise.is_some_and(|promise| promise.operation == *id);
    let (exit, outcome, said) = if is_ours {
        (Exit::Yes, "done", lang.pick("done", "已完成"))
    } else {
        let said = lang.pick(
            "a node took the promise, but what is proven is not this one: run the command again",
            "节点已受理，但所证明的承诺并非此次提交：请重新执行",
        );
        (Exit::CouldNotTell, "not-proven", said)
    };
    let mut text = format!("cover: {said}\n");
    if let Some(promise) = promise {
        text.push_str(&table(&rows(promise, zone, lang)));
    }
    Report {
        exit,
        json: json!({
            "command": "cover",
            "outcome": outcome,
            "operation": id,
            "coverage": promise.map(|promise| json!({
                "type": promise.document_type,
                "region": promise.region,
                "agency": promise.agency,
                "from": promise.from.to_string(),
                "before": promise.before.map(|before| before.to_string()),
                "within_ms": promise.within_ms,
                "operation": promise.operation,
            })),
            "height": height,
        }),
        text,
    }
}

fn rows(promise: &CoverageLeaf, zone: i16, lang: Lang) -> Vec<Vec<String>> {
    let day = |day: Option<Day>| day.map_or("-".to_owned(), |day| day.to_string());
    let row = |en: &str, zh: &str, value: String| vec![lang.pick(en, zh).to_owned(), shown(&value)];
    let last = (promise.before).and_then(|before| Day::last_before(before, zone));
    vec![
        row("type", "类型", promise.document_type.clone()),
        row("region", "地区", promise.region.clone()),
        row("agency", "机构", promise.agency.clone()),
        row("first day", "起始日", day(Day::of(promise.from, zone))),
        row("last day", "截止日（含）", day(last)),
        row("registered within", "登记时限", within(promise.within_ms)),
        row("operation", "操作", promise.operation.to_string()),
    ]
}

/// A time in hours where it is whole ones, else in seconds.
fn within(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(Millis::HOUR) {
        format!("{} h", milliseconds / Millis::HOUR)
    } else {
        format!("{} s", milliseconds / 1_000)
    }
}

#[cfg(test)]
mod tests;
