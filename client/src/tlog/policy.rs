//! `hefu policy`: the validators' keys and their quorum as a tlog-policy (C2SP).

use super::name_of;
use super::sets::Sets;
use crate::cli::{Policy, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::network_file;
use crate::say::{shown, Exit, Report};
use hefu_proof::checkpoint::policy;
use serde_json::json;
use std::collections::BTreeSet;

/// `hefu policy`.
pub fn run(shared: &Shared, args: &Policy) -> Result<Report, Failure> {
    let lang = shared.lang();
    let file = &args.network.network;
    let (network, set, warnings) = if args.offline {
        let (_, network) = network_file(file)?;
        let set = network.first_set();
        (network, set, Vec::new())
    } else {
        let nodes = shared.nodes(file)?;
        let (sets, _) = Sets::ask(&nodes)?;
        (
            nodes.network().clone(),
            sets.last().clone(),
            nodes.warnings(),
        )
    };
    let text = policy(network.origin(), &set);
    conforms(&text).map_err(|why| {
        Failure::asked(
            format!("this validator set has no tlog-policy: {why}"),
            format!("该验证者集合无法写成 tlog-policy：{why}"),
        )
    })?;
    let names: Vec<&str> = set.validators.iter().map(|v| v.name.as_str()).collect();
    let json = json!({
        "command": "policy",
        "origin": network.origin(),
        "epoch": set.epoch,
        "validators": names,
        "quorum": set.quorum(),
        "out": name_of(args.out.as_deref()),
        "policy": text,
    });
    let said = match &args.out {
        None => text,
        Some(out) => {
            disk::write(out, text.as_bytes())?;
            let (quorum, all) = (set.quorum(), names.len());
            let out = shown(&out.to_string_lossy());
            let en = format!("{out}: {quorum} of {all} validators, epoch {}\n", set.epoch);
            let zh = format!(
                "{out}：{all} 个验证者中的 {quorum} 个，第 {} 期\n",
                set.epoch
            );
            lang.pick(&en, &zh).to_owned()
        }
    };
    let report = Report {
        exit: Exit::Yes,
        json,
        text: said,
    };
    // Standard output is the policy and nothing else.
    if args.out.is_some() || shared.json {
        return Ok(report.with_warnings(lang, &warnings));
    }
    for warning in &warnings {
        eprintln!("{}: {}", lang.pick("warning", "警告"), shown(warning));
    }
    Ok(report)
}

/// Whether a text is a tlog-policy by the rules of C2SP: names before their use and once a member, no key
/// twice, thresholds within their groups, one quorum.
fn conforms(policy: &str) -> Result<(), String> {
    let (mut names, mut members) = (BTreeSet::new(), BTreeSet::new());
    let (mut logs, mut witnesses) = (BTreeSet::new(), BTreeSet::new());
    let mut quorums = 0;
    let key = |vkey: &str| vkey.rsplit('+').next().map(ToOwned::to_owned);
    for line in policy.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let fresh = |set: &mut BTreeSet<String>, word: &str| match set.insert(word.to_owned()) {
            true => Ok(()),
            false => Err(format!("{word} stands there twice")),
        };
        match words.as_slice() {
            ["log", vkey] => fresh(&mut logs, &key(vkey).unwrap_or_default())?,
            ["witness", name, vkey] if *name != "none" => {
                fresh(&mut names, name)?;
                fresh(&mut witnesses, &key(vkey).unwrap_or_default())?;
            }
            ["group", name, threshold, of @ ..] if *name != "none" => {
                let threshold: usize = threshold.parse().map_err(|_| "no threshold".to_owned())?;
                if !(1..=of.len()).contains(&threshold) {
                    return Err(format!("a threshold of {threshold} of {}", of.len()));
                }
                for member in of {
                    if !names.contains(*member) {
                        return Err(format!("{member} is not defined before its use"));
                    }
                    fresh(&mut members, member)?;
                }
                fresh(&mut names, name)?;
            }
            ["quorum", name] if names.contains(*name) => quorums += 1,
            _ => return Err(format!("a line that the format does not have: {line}")),
        }
    }
    match quorums {
        1 => Ok(()),
        count => Err(format!("{count} quorum lines")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_checked_by_the_rules_of_c2sp() {
        let good = "log o+1+A\nlog o+2+B\nwitness v1 v1+3+C\nwitness v2 v2+4+D\n\
                    group q 2 v1 v2\nquorum q\n";
        assert_eq!(conforms(good), Ok(()));
        let bad = [
            ("log o+2+B", "log o+2+A"),
            ("witness v2 v2+4+D", "witness v2 v2+4+C"),
            ("witness v2 ", "witness v1 "),
            ("witness v2 ", "witness none "),
            ("group q 2 v1 v2", "group q 3 v1 v2"),
            ("group q 2 v1 v2", "group q 0 v1 v2"),
            ("group q 2 v1 v2", "group q 2 v1 v1"),
            ("group q 2 v1 v2", "group q 2 v1 v3"),
            ("group q 2", "group v1 2"),
            ("group q 2 v1 v2", "group q 1"),
            ("quorum q\n", ""),
            ("quorum q\n", "quorum q\nquorum q\n"),
            ("quorum q", "quorum other"),
            ("log o+2+B", "log"),
        ];
        for (from, to) in bad {
            let policy = good.replacen(from, to, 1);
            assert_ne!(policy, good);
            assert!(conforms(&policy).is_err(), "{policy}");
        }
    }
}
