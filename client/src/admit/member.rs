//! A member asks to be admitted, and a registrar looks up the members of its table.

use super::applicants::Reading;
use super::request::{self, proven};
use super::tell;
use crate::cli::admit::{MemberList, MemberRequestArgs};
use crate::cli::Shared;
use crate::failure::Failure;
use crate::keys;
use crate::leaves::Leaves;
use crate::nodes::network_file;
use crate::say::{shown, table, Exit, Report};
use hefu_types::key;
use hefu_types::profile::is_credit_code;
use hefu_wire::file::KeyRole;
use hefu_wire::request::{Asks, IdentifierOpening, MemberRequest};
use serde_json::json;

/// `hefu member request`.
pub fn request(shared: &Shared, args: &MemberRequestArgs) -> Result<Report, Failure> {
    request::not_there(&args.out)?;
    let (_, network) = network_file(&args.network.network)?;
    let lang = shared.lang();
    let key = keys::open(&args.key, KeyRole::Member, &network)?;
    let opening = (key.file.identifier.clone()).zip(key.file.identifier_salt);
    let (Some(commitment), Some((identifier, salt))) = (key.file.member_commitment(), opening)
    else {
        return Err(Failure::bad_file(
            &args.key,
            "it names no legal identifier: make the key with `hefu keygen --role member --identifier ...`",
        ));
    };
    if identifier.len() == 18 && !is_credit_code(&identifier) {
        return Err(Failure::asked(
            format!("{identifier} is no unified social credit code (its check character is another): make the key with the right one"),
            format!("{identifier} 不是有效的统一社会信用代码（校验码不符）：请用正确的代码重新生成密钥"),
        ));
    }
    let id = key.file.holder.clone();
    let told = if args.sealed {
        lang.pick("(left out)", "（未写入）").to_owned()
    } else {
        identifier.clone()
    };
    let rows = vec![
        tell::row(lang, "member", "成员", &id),
        tell::row(
            lang,
            "identifier, for the registrar only",
            "标识（仅供登记机构）",
            told,
        ),
        tell::row(lang, "region", "地区", &args.region),
        tell::row(lang, "commitment", "标识承诺", commitment.to_string()),
        tell::row(lang, "key", "密钥", key.file.key_id.to_string()),
    ];
    let request = MemberRequest {
        id,
        region: args.region.clone(),
        commitment,
        opening: (!args.sealed).then_some(IdentifierOpening { identifier, salt }),
        key: proven(&args.key, &key.file, &network)?,
    };
    request::write(&network, Asks::Member(request), &args.out, rows, lang)
}

/// `hefu member list`.
pub fn list(shared: &Shared, args: &MemberList) -> Result<Report, Failure> {
    let (nodes, lang) = (shared.nodes(&args.network.network)?, shared.lang());
    let network = nodes.network();
    let reading = Reading {
        network,
        now: crate::now(),
        key_days: 1,
    };
    let applicants = match &args.csv {
        Some(csv) => reading.member_table(csv)?,
        None => reading.members(&args.requests)?,
    };
    let suite = network.suite();
    let keys = applicants.iter().map(|of| key::member(suite, &of.id));
    let leaves = Leaves::read(&nodes, keys, 0)?;
    let (mut rows, mut listed, mut exit) = (Vec::new(), Vec::new(), Exit::Yes);
    for of in &applicants {
        let leaf = leaves.member(&of.id)?;
        let said = match &leaf {
            Some(leaf) => tell::standing(leaf.standing, lang),
            None => lang.pick("not admitted", "未准入"),
        };
        if leaf.is_none() {
            exit = Exit::No;
        }
        let number = of.row.map_or("-".to_owned(), |row| row.to_string());
        rows.push(vec![
            number,
            shown(&of.id),
            shown(&of.name),
            said.to_owned(),
        ]);
        listed.push(json!({
            "row": of.row,
            "id": of.id,
            "member": leaf.as_ref().map(tell::member_json),
        }));
    }
    let report = Report {
        exit,
        json: json!({"command": "member list", "members": listed, "height": leaves.height()}),
        text: table(&rows),
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}
