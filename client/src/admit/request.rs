//! Request files: made by who asks, read by who admits.

use crate::disk;
use crate::failure::Failure;
use crate::say::{shown, table, Exit, Lang, Report};
use hefu_types::genesis::{is_id, Network, ProvenKey};
use hefu_types::operation::LONG_NAME_BYTES_MAX;
use hefu_types::possession;
use hefu_wire::request::{Asks, Request, REQUEST_BYTES_MAX};
use hefu_wire::KeyFile;
use serde_json::json;
use std::path::Path;

/// Reads a request for a network.
pub fn read(path: &Path, network: &Network) -> Result<Asks, Failure> {
    let bytes = disk::read(path, REQUEST_BYTES_MAX)?;
    let request: Request = serde_json::from_slice(&bytes).map_err(|error| {
        let why = format!(
            "it is not a request ({error}); whoever asks makes one with `hefu agency request`, \
             `hefu member request`, `hefu registrar request`, `hefu key request` or `hefu govern request`"
        );
        Failure::bad_file(path, why)
    })?;
    if request.network != network.digest() {
        let why = format!(
            "it is a request for the network {}, and this one is {}: let it be made with this network's \
             file",
            request.network,
            network.digest()
        );
        return Err(Failure::bad_file(path, why));
    }
    Ok(request.asks)
}

/// A request of another kind than was asked for.
pub fn other_kind(path: &Path, asks: &Asks, wanted: &str) -> Failure {
    let why = format!("it asks for a {}, not for a {wanted}", asks.name());
    Failure::bad_file(path, why)
}

/// Whether a key's holder has shown to have it.
pub fn is_proven(network: &Network, role: &str, holder: &str, key: &ProvenKey) -> bool {
    let id = &network.genesis().network_id;
    possession::check(network.suite(), id, role, holder, &key.key, &key.proof).is_ok()
}

/// The key of a file with its proof of possession.
pub fn proven(path: &Path, file: &KeyFile, network: &Network) -> Result<ProvenKey, Failure> {
    let proven = file.proven(&network.genesis().network_id);
    proven.ok_or_else(|| Failure::bad_file(path, "its seed, public key and key id do not agree"))
}

/// Writes a request, and tells what is to be done with it.
pub fn write(
    network: &Network,
    asks: Asks,
    out: &Path,
    rows: Vec<Vec<String>>,
    lang: Lang,
) -> Result<Report, Failure> {
    let kind = asks.name();
    let request = Request {
        network: network.digest(),
        asks,
    };
    write_json_new(out, &request)?;
    let mut text = table(&rows);
    text.push_str(&match lang {
        Lang::En => format!(
            "The request is in {}. Give it to who admits you, and keep the key file: whoever has that signs \
             for you.\n",
            shown(&out.to_string_lossy())
        ),
        Lang::Zh => format!(
            "申请已写入 {}。请将其交给准入机构，并妥善保管密钥文件：持有密钥文件者即可代您签名。\n",
            shown(&out.to_string_lossy())
        ),
    });
    Ok(Report {
        exit: Exit::Yes,
        json: json!({
            "command": format!("{kind} request"),
            "outcome": "done",
            "file": out,
            "request": request,
        }),
        text,
    })
}

/// Writes JSON to a file that is not there yet.
pub fn write_json_new<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), Failure> {
    not_there(path)?;
    disk::write_new(path, &json_bytes(value))
}

/// The bytes of a JSON file.
pub fn json_bytes<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("it is plain JSON");
    bytes.push(b'\n');
    bytes
}

/// Refuses to overwrite a file.
pub fn not_there(path: &Path) -> Result<(), Failure> {
    let is_there = path
        .try_exists()
        .map_err(|error| Failure::disk(path, error))?;
    if is_there {
        let name = path.display();
        return Err(Failure::asked(
            format!("{name} is there already and is not overwritten: give another name, or move it away"),
            format!("{name} 已存在，不会被覆盖：请换一个文件名，或先移走该文件"),
        ));
    }
    Ok(())
}

/// Refuses an id that can be none.
pub fn check_id(id: &str) -> Result<(), Failure> {
    if is_id(id) {
        return Ok(());
    }
    Err(Failure::asked(
        format!("{id:?} is no id: it has 1 to 64 of a-z, 0-9, dot, hyphen and underscore"),
        format!("{id:?} 不能作为标识：应由 1 至 64 个字母、数字、点、连字符或下划线组成"),
    ))
}

/// Whether a text that people read is one that the ledger takes.
pub fn is_long_text(text: &str) -> bool {
    (1..=LONG_NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// Refuses a text that the ledger would not take.
pub fn check_text(name: &str, text: &str) -> Result<(), Failure> {
    if is_long_text(text) {
        return Ok(());
    }
    Err(Failure::asked(
        format!("--{name} needs 1 to {LONG_NAME_BYTES_MAX} bytes without control characters"),
        format!(
            "--{name} 须为 1 至 {LONG_NAME_BYTES_MAX} 字节，且不含控制字符（一个汉字为 3 字节）"
        ),
    ))
}

/// Refuses a key file of another holder.
pub fn check_holder(path: &Path, file: &KeyFile, id: &str) -> Result<(), Failure> {
    if file.holder == id {
        return Ok(());
    }
    let why = format!("it is a key of {:?}, not of {id:?}", file.holder);
    Err(Failure::bad_file(path, why))
}
