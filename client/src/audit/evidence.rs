//! `hefu audit --evidence`: does a file prove that a quorum signed two histories?

use crate::disk;
use crate::failure::Failure;
use crate::say::{shown, Exit, Lang, Report};
use hefu_proof::equivocation::{Contradiction, EQUIVOCATION_BYTES_MAX};
use hefu_proof::{Equivocation, SignedCheckpoint};
use hefu_types::genesis::Network;
use serde_json::{json, Value};
use std::path::Path;

/// The stable name of a contradiction.
pub(super) const fn name(contradiction: Contradiction) -> &'static str {
    match contradiction {
        Contradiction::OneSize => "one-size",
        Contradiction::Order => "order",
        Contradiction::Beginning => "beginning",
    }
}

pub(super) fn run(path: &Path, network: &Network, lang: Lang) -> Result<Report, Failure> {
    let bytes = disk::read(path, EQUIVOCATION_BYTES_MAX)?;
    let checked = Equivocation::decode(&bytes)
        .and_then(|file| file.verify(network).map(|proven| (file, proven)));
    let (file, proven) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            let text = match lang {
                Lang::En => format!("{} proves nothing: {error}\n", path.display()),
                Lang::Zh => format!("{} 不能证明任何事：{error}\n", path.display()),
            };
            let why = error.to_string();
            return Ok(Report {
                exit: Exit::CouldNotTell,
                json: json!({ "equivocation": false, "why": why }),
                text,
            });
        }
    };
    let both: Vec<String> = (proven.names_signers().iter())
        .map(|signer| signer.name.clone())
        .collect();
    let why = match proven.contradiction {
        Contradiction::OneSize => lang.pick("two texts of one size", "大小相同而内容不同"),
        Contradiction::Order => lang.pick("the larger log is the earlier one", "先后顺序矛盾"),
        Contradiction::Beginning => lang.pick(
            "the larger log begins with other entries",
            "较大日志的开头不同",
        ),
    };
    let mut text = format!(
        "{}: {} ({why})\n",
        lang.pick(
            "a quorum of the validators signed two histories of this network",
            "法定数量的验证者为该网络签署了两份历史",
        ),
        name(proven.contradiction),
    );
    for signed in [&file.first, &file.second] {
        text.push_str(&line(signed, lang));
    }
    let names = shown(&both.join(", "));
    text.push_str(&format!(
        "  {}: {names}\n",
        lang.pick("whose keys signed both", "两者皆签者"),
    ));
    Ok(Report {
        exit: Exit::No,
        json: json!({
            "equivocation": true,
            "contradiction": name(proven.contradiction),
            "first": told(&file.first),
            "second": told(&file.second),
            "signed_both": both,
        }),
        text,
    })
}

fn line(signed: &SignedCheckpoint, lang: Lang) -> String {
    let of = &signed.checkpoint;
    let (height, size, root) = (of.height, of.size, of.log_root);
    match lang {
        Lang::En => format!("  height {height}, {size} entries, log root {root}\n"),
        Lang::Zh => format!("  高度 {height}，{size} 条记录，日志根 {root}\n"),
    }
}

fn told(signed: &SignedCheckpoint) -> Value {
    let of = &signed.checkpoint;
    json!({
        "height": of.height,
        "size": of.size.0,
        "epoch": of.epoch,
        "time_ms": of.time.0,
        "log_root": of.log_root.to_string(),
        "state_root": of.state_root.to_string(),
    })
}
