//! `hefu cover`: an agency promises that every document of a type is registered in time.

use crate::cli::{Cover, Shared};
use crate::document::type_rules;
use crate::failure::Failure;
use crate::keys;
use crate::ranges::{outcome, refused, region_of};
use crate::say::{table, Exit, Report};
use crate::send;
use hefu_proof::certificate::VerifiedState;
use hefu_types::key;
use hefu_types::leaf::CoverageLeaf;
use hefu_types::operation::{self, Operation};
use hefu_types::time::Day;
use hefu_types::Millis;
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
    let id = signed.operation_id(0);
    let promise = leaf(&fetched.state).ok().flatten();
    let is_ours = promise
        .as_ref()
        .is_some_and(|promise| promise.operation == id);
    let mut text = String::new();
    if is_ours {
        text.push_str(&format!("cover: {}\n", lang.pick("done", "已完成")));
    } else {
        text.push_str(lang.pick(
            "a node took the promise, but what is proven of it is not this one: run `hefu cover` again\n",
            "节点已受理，但所证明的承诺并非此次提交：请重新执行 hefu cover\n",
        ));
    }
    if let Some(promise) = &promise {
        let day = |day: Option<Day>| day.map_or("-".to_owned(), |day| day.to_string());
        let row = |en: &str, zh: &str, value: String| vec![lang.pick(en, zh).to_owned(), value];
        let last = promise
            .before
            .and_then(|before| Day::last_before(before, zone));
        text.push_str(&table(&[
            row("type", "类型", promise.document_type.clone()),
            row("region", "地区", promise.region.clone()),
            row("agency", "机构", promise.agency.clone()),
            row("first day", "起始日", day(Day::of(promise.from, zone))),
            row("last day", "截止日（含）", day(last)),
            row("registered within", "登记时限", within(promise.within_ms)),
            row("operation", "操作", promise.operation.to_string()),
        ]));
    }
    let report = Report {
        exit: if is_ours {
            Exit::Yes
        } else {
            Exit::CouldNotTell
        },
        json: json!({
            "command": "cover",
            "outcome": if is_ours { "done" } else { "not-proven" },
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
            "height": fetched.state.checkpoint().checkpoint().height,
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
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
