//! Action files: what is in them is shown out of the bytes that are signed; signatures are added and
//! brought together. All of this needs the network file only.

use super::tell;
use crate::admit::request::{json_bytes, not_there, write_json_new};
use crate::cli::govern::{ShowAction, SignAction};
use crate::cli::Shared;
use crate::disk;
use crate::failure::Failure;
use crate::keys;
use crate::nodes::network_file;
use crate::say::{shown, Exit, Lang, Report};
use hefu_types::genesis::Network;
use hefu_types::operation::CouncilAction;
use hefu_wire::action::ACTION_FILE_BYTES_MAX;
use hefu_wire::file::KeyRole;
use hefu_wire::{ActionFile, SeatSignature, SignatureFile};
use serde_json::{json, Value};
use std::path::Path;

/// Reads an action file of a network, and what it has signed.
pub fn read(path: &Path, network: &Network) -> Result<(ActionFile, CouncilAction), Failure> {
    let bytes = disk::read(path, ACTION_FILE_BYTES_MAX)?;
    let file: ActionFile = serde_json::from_slice(&bytes).map_err(|error| {
        let why = format!("it is not an action file ({error}): `hefu govern propose` makes one");
        Failure::bad_file(path, why)
    })?;
    let action = file.read(network.suite(), &network.digest());
    let action = action.map_err(|error| Failure::bad_file(path, error))?;
    Ok((file, action))
}

/// `hefu govern show`.
pub fn show(shared: &Shared, args: &ShowAction) -> Result<Report, Failure> {
    let (_, network) = network_file(&args.network.network)?;
    let (file, action) = read(&args.file, &network)?;
    Ok(told("govern show", &file, &action, &network, shared.lang()))
}

/// The action and who has signed it, so far as a file can tell.
fn told(
    command: &str,
    file: &ActionFile,
    action: &CouncilAction,
    network: &Network,
    lang: Lang,
) -> Report {
    let mut text = tell::action(action, network, lang);
    if file.signatures.is_empty() {
        text.push_str(lang.pick("  nobody has signed\n", "  尚无签名\n"));
    } else {
        let names: Vec<String> = file.signatures.iter().map(|own| shown(&own.seat)).collect();
        let word = lang.pick("signed, says the file, by", "文件所载签名");
        text.push_str(&format!("  {word}: {}\n", names.join(", ")));
    }
    Report {
        exit: Exit::Yes,
        json: json!({
            "command": command,
            "outcome": "done",
            "action": file.action,
            "signed": signed_json(file, network),
        }),
        text,
    }
}

fn signed_json(file: &ActionFile, network: &Network) -> Vec<Value> {
    let suite = network.suite();
    let one =
        |own: &SeatSignature| json!({"seat": own.seat, "key_id": suite.key_id(&own.public_key)});
    file.signatures.iter().map(one).collect()
}

/// `hefu govern sign`.
pub fn sign(shared: &Shared, args: &SignAction) -> Result<Report, Failure> {
    let lang = shared.lang();
    let (_, network) = network_file(&args.network.network)?;
    let (mut file, action) = read(&args.file, &network)?;
    let before = file.signatures.len();
    for path in &args.merge {
        merge(&mut file, &action, path, &network)?;
    }
    let mut ending = String::new();
    if let Some(path) = &args.key {
        let key = keys::open(path, KeyRole::Council, &network)?;
        let seat = &key.file.holder;
        let signature = SeatSignature::new(seat, &key.secret, &network.digest(), &action);
        // Also where it goes into a file of its own: whoever signs twice mixed something up.
        let added = file.add(network.suite(), &action, signature.clone());
        added.map_err(|error| Failure::bad_file(&args.file, error))?;
        if let Some(out) = &args.detached {
            let alone = SignatureFile {
                network: network.digest(),
                action: action.id,
                signature,
            };
            write_json_new(out, &alone)?;
            ending = written(out, seat, lang);
        }
    }
    if args.detached.is_none() {
        if file.signatures.len() > before {
            disk::write(&args.file, &json_bytes(&file))?;
        }
        ending = match lang {
            Lang::En => format!(
                "{} holds {} signature(s). Hand it to the next seat, or bring it with `hefu govern submit`.\n",
                shown(&args.file.to_string_lossy()),
                file.signatures.len()
            ),
            Lang::Zh => format!(
                "{} 现有 {} 个签名。请交给下一席位，或用 hefu govern submit 提交。\n",
                shown(&args.file.to_string_lossy()),
                file.signatures.len()
            ),
        };
    }
    let mut report = told("govern sign", &file, &action, &network, lang);
    report.text.push_str(&ending);
    Ok(report)
}

fn written(out: &Path, seat: &str, lang: Lang) -> String {
    let (name, seat) = (shown(&out.to_string_lossy()), shown(seat));
    match lang {
        Lang::En => format!(
            "The signature of {seat} is in {name}; the action file is as it was. Whoever collects them adds it \
             with `hefu govern sign --merge`.\n"
        ),
        Lang::Zh => format!(
            "{seat} 的签名已写入 {name}，决议文件未变。收集签名者可用 hefu govern sign --merge 合并。\n"
        ),
    }
}

/// Adds the signatures of a file: of one signature, or of a copy of the action file.
fn merge(
    file: &mut ActionFile,
    action: &CouncilAction,
    path: &Path,
    network: &Network,
) -> Result<(), Failure> {
    let bytes = disk::read(path, ACTION_FILE_BYTES_MAX)?;
    let bad = |why: &dyn std::fmt::Display| Failure::bad_file(path, why);
    let other_network = "it is of another network";
    let other_action = "it is of another action: compare the ids with `hefu govern show`";
    let signatures = if let Ok(alone) = serde_json::from_slice::<SignatureFile>(&bytes) {
        if alone.network != network.digest() {
            return Err(bad(&other_network));
        }
        if alone.action != action.id {
            return Err(bad(&other_action));
        }
        vec![alone.signature]
    } else {
        let (copy, other) = read(path, network)?;
        if other != *action {
            return Err(bad(&other_action));
        }
        // Copies of one file hold the same signatures of those who signed before.
        let known = |own: &SeatSignature| file.signatures.contains(own);
        copy.signatures
            .into_iter()
            .filter(|own| !known(own))
            .collect()
    };
    for signature in signatures {
        let added = file.add(network.suite(), action, signature);
        added.map_err(|error| bad(&error))?;
    }
    Ok(())
}

/// Refuses to make an action file where one is.
pub fn new(path: &Path) -> Result<(), Failure> {
    not_there(path)
}
