//! Suspending, resuming and retiring whoever was admitted.

use super::batch::cannot_sign;
use super::fault::Fault;
use super::perform::{self, Became};
use super::signer::Signer;
use super::{request, tell};
use crate::cli::admit::StandingArgs;
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_types::leaf::{Holder, Standing};
use hefu_types::operation::{Operation, SetStanding};
use hefu_wire::file::KeyRole;
use serde_json::{json, Value};

/// `hefu agency|member|registrar suspend|resume|retire`.
pub fn set(
    shared: &Shared,
    args: &StandingArgs,
    holder: impl Fn(String) -> Holder,
    standing: Standing,
) -> Result<Report, Failure> {
    request::check_text("reason", &args.reason)?;
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let key = keys::open(&args.key, KeyRole::Registrar, nodes.network())?;
    if let Err(fault) = Signer::read(&nodes, &key)? {
        return Ok(cannot_sign("set-standing", &fault, lang));
    }
    let operation = |id: &String| {
        Operation::SetStanding(SetStanding {
            of: holder(id.clone()),
            standing,
            reason: args.reason.clone(),
        })
    };
    let operations: Vec<Operation> = args.ids.iter().map(operation).collect();
    let performed = perform::perform(&nodes, &key, &operations)?;
    let done = tell::standing(standing, lang);
    let of = args.ids.iter().map(|id| shown(id));
    let report = told("set-standing", of, &performed.became, done, lang);
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

/// What became of several operations, a line each. `done` is told of those that are.
pub fn told(
    command: &str,
    of: impl Iterator<Item = String>,
    became: &[Became],
    done: &str,
    lang: Lang,
) -> Report {
    let (mut exit, mut rows, mut listed) = (Exit::Yes, Vec::new(), Vec::new());
    for (id, became) in of.zip(became) {
        let (one, text, json) = one(became, done, lang);
        exit = exit.and(one);
        let mut json = json;
        json["id"] = id.clone().into();
        listed.push(json);
        rows.push(vec![id, text]);
    }
    Report {
        exit,
        json: json!({"command": command, "outcomes": listed}),
        text: table(&rows),
    }
}

/// What became of one operation: exit, text, JSON.
pub fn one(became: &Became, done: &str, lang: Lang) -> (Exit, String, Value) {
    match became {
        Became::Done(id) => (
            Exit::Yes,
            done.to_owned(),
            json!({"outcome": "done", "operation": id}),
        ),
        Became::NotProven(id) => (
            Exit::CouldNotTell,
            lang.pick(
                "a node says that it is done, but it is not proven: look at it again in a moment",
                "节点称已办理，但尚未得到证明：请稍后再查看",
            )
            .to_owned(),
            json!({"outcome": "not-proven", "operation": id}),
        ),
        Became::Refused(fault) => (Exit::No, fault.text(lang), refused_json(fault, lang)),
    }
}

fn refused_json(fault: &Fault, lang: Lang) -> Value {
    let mut json = fault.json(lang);
    json["outcome"] = "refused".into();
    json
}
