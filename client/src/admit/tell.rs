//! What stands on the ledger, and what would, as people and programs read it.

use super::signer::prefix_word;
use crate::say::{shown, Lang};
use hefu_types::genesis::ProvenKey;
use hefu_types::leaf::{
    AgencyLeaf, Entitlement, Holder, KeyLeaf, KeyRole, MemberLeaf, Part, RegistrarLeaf,
    RegistrarRight, Standing,
};
use hefu_types::operation::Operation;
use hefu_types::time::Day;
use hefu_types::{Millis, Suite};
use serde_json::{json, Value};

/// Times without a type are told in the zone of China.
const ZONE_MINUTES: i16 = 480;

/// A name and a value.
pub fn row(lang: Lang, en: &str, zh: &str, value: impl AsRef<str>) -> Vec<String> {
    vec![lang.pick(en, zh).to_owned(), shown(value.as_ref())]
}

/// A standing in words.
pub fn standing(standing: Standing, lang: Lang) -> &'static str {
    lang.pick(standing.name(), standing.name_zh())
}

/// What an agency does with documents of a type.
pub fn part(part: Part, lang: Lang) -> &'static str {
    match part {
        Part::Issue => lang.pick("issues", "开具"),
        Part::Supervise => lang.pick("supervises", "监管"),
    }
}

/// What a holder is.
pub fn holder(of: &Holder, lang: Lang) -> String {
    let kind = match of {
        Holder::Agency(_) => lang.pick("agency", "机构"),
        Holder::Member(_) => lang.pick("member", "成员"),
        Holder::Registrar(_) => lang.pick("registrar", "登记机构"),
        Holder::Council(_) => lang.pick("seat of the council", "理事会席位"),
        Holder::Validator(_) => lang.pick("validator", "验证者"),
    };
    format!("{kind} {}", shown(of.id()))
}

/// What a key may sign.
pub fn role(role: KeyRole, lang: Lang) -> &'static str {
    match role {
        KeyRole::Operational => lang.pick("signs its holder's work", "业务密钥"),
        KeyRole::Management => lang.pick("manages keys", "管理密钥"),
    }
}

/// The issuers that prefixes stand for.
pub fn issuers(prefixes: &[String], lang: Lang) -> String {
    match prefixes {
        [] => lang
            .pick("no issuers of its own", "无自有开具方")
            .to_owned(),
        [all] if all.is_empty() => lang.pick("all issuers", "全部开具方").to_owned(),
        some => {
            let words: Vec<String> = some.iter().map(|prefix| prefix_word(prefix)).collect();
            words.join(" ")
        }
    }
}

/// An entitlement in one line.
pub fn entitlement(of: &Entitlement, lang: Lang) -> String {
    let issuers = issuers(&of.issuer_prefixes, lang);
    let (of_type, basis) = (shown(&of.document_type), shown(&of.legal_basis));
    let part = part(of.part, lang);
    match lang {
        Lang::En => format!("{part} {of_type} of {issuers} ({basis})"),
        Lang::Zh => format!("{part} {of_type}，开具方 {issuers}（{basis}）"),
    }
}

/// A registrar's right in one line.
pub fn right(of: &RegistrarRight, lang: Lang) -> String {
    let issuers = issuers(&of.issuer_prefixes, lang);
    let of_type = match &of.document_type {
        Some(of_type) => shown(of_type),
        None => lang.pick("every type", "全部类型").to_owned(),
    };
    match lang {
        Lang::En => format!("{of_type} of {issuers}"),
        Lang::Zh => format!("{of_type}，开具方 {issuers}"),
    }
}

/// The last day on which a key signs, in the zone of China.
pub fn last_day(valid_before: Millis, lang: Lang) -> String {
    match Day::last_before(valid_before, ZONE_MINUTES) {
        Some(day) if valid_before != Millis(u64::MAX) => day.to_string(),
        _ => lang.pick("without an end", "长期").to_owned(),
    }
}

fn entitlement_rows(of: &[Entitlement], lang: Lang) -> impl Iterator<Item = Vec<String>> + '_ {
    let line = move |of| row(lang, "entitled", "授权", entitlement(of, lang));
    of.iter().map(line)
}

/// Who an agency is: its id, name, region, contact and credit code.
fn agency_rows(of: [&String; 4], credit_code: Option<&str>, lang: Lang) -> Vec<Vec<String>> {
    let [id, name, region, contact] = of;
    vec![
        row(lang, "agency", "机构", id),
        row(lang, "name", "名称", name),
        row(lang, "region", "地区", region),
        row(lang, "contact", "联系方式", contact),
        row(
            lang,
            "credit code",
            "统一社会信用代码",
            credit_code.unwrap_or("-"),
        ),
    ]
}

fn key_row(key: &ProvenKey, suite: Suite, lang: Lang) -> Vec<String> {
    row(lang, "key", "密钥", suite.key_id(&key.key).to_string())
}

/// What an operation of admission grants.
pub fn granted(operation: &Operation, name: &str, suite: Suite, lang: Lang) -> Vec<Vec<String>> {
    match operation {
        Operation::AdmitAgency(admit) => {
            let terms = &admit.agency;
            let of = [&terms.id, &terms.name, &terms.region, &terms.contact];
            let mut rows = agency_rows(of, terms.identifier.as_deref(), lang);
            rows.extend(entitlement_rows(&terms.entitlements, lang));
            rows.push(key_row(&admit.key, suite, lang));
            if let Some(key) = &admit.management_key {
                let id = suite.key_id(&key.key).to_string();
                rows.push(row(lang, "management key", "管理密钥", id));
            }
            rows.push(row(
                lang,
                "keys until",
                "密钥有效期至",
                last_day(admit.key_valid_before, lang),
            ));
            rows
        }
        Operation::AdmitMember(admit) => vec![
            row(lang, "member", "成员", &admit.id),
            // It stays here: the ledger gets the commitment.
            row(
                lang,
                "identifier (stays here)",
                "标识（仅本机可见）",
                if name.is_empty() { "-" } else { name },
            ),
            row(lang, "region", "地区", &admit.region),
            row(lang, "commitment", "标识承诺", admit.identifier.to_string()),
            key_row(&admit.key, suite, lang),
            row(
                lang,
                "key until",
                "密钥有效期至",
                last_day(admit.key_valid_before, lang),
            ),
        ],
        Operation::SetRegistrar(set) => {
            let mut rows = vec![
                row(lang, "registrar", "登记机构", &set.id),
                row(lang, "name", "名称", &set.name),
                row(lang, "region", "地区", &set.region),
            ];
            rows.extend(
                set.rights
                    .iter()
                    .map(|of| row(lang, "may entitle to", "可授予", right(of, lang))),
            );
            rows.push(row(
                lang,
                "admits members",
                "可准入成员",
                yes(set.admits_members, lang),
            ));
            if let Some(key) = &set.key {
                rows.push(key_row(key, suite, lang));
            }
            rows
        }
        _ => Vec::new(),
    }
}

/// Yes or no.
pub fn yes(is: bool, lang: Lang) -> &'static str {
    if is {
        lang.pick("yes", "是")
    } else {
        lang.pick("no", "否")
    }
}

/// An agency.
pub fn agency(leaf: &AgencyLeaf, lang: Lang) -> Vec<Vec<String>> {
    let of = [&leaf.id, &leaf.name, &leaf.region, &leaf.contact];
    let mut rows = agency_rows(of, leaf.identifier.as_deref(), lang);
    rows.push(row(lang, "standing", "状态", standing(leaf.standing, lang)));
    rows.extend(entitlement_rows(&leaf.entitlements, lang));
    let by = leaf.registrar.as_deref();
    rows.push(row(
        lang,
        "admitted by",
        "准入机构",
        by.unwrap_or(lang.pick("genesis", "创世文件")),
    ));
    rows.push(row(lang, "operation", "操作", leaf.operation.to_string()));
    rows
}

/// The same for programs.
pub fn agency_json(leaf: &AgencyLeaf) -> Value {
    json!({
        "id": leaf.id,
        "name": leaf.name,
        "region": leaf.region,
        "contact": leaf.contact,
        "uscc": leaf.identifier,
        "standing": leaf.standing,
        "entitlements": leaf.entitlements,
        "registrar": leaf.registrar,
        "operation": leaf.operation,
    })
}

/// A member.
pub fn member(leaf: &MemberLeaf, lang: Lang) -> Vec<Vec<String>> {
    vec![
        row(lang, "member", "成员", &leaf.id),
        row(lang, "region", "地区", &leaf.region),
        row(lang, "standing", "状态", standing(leaf.standing, lang)),
        row(lang, "commitment", "标识承诺", leaf.identifier.to_string()),
        row(lang, "operation", "操作", leaf.operation.to_string()),
    ]
}

/// The same for programs.
pub fn member_json(leaf: &MemberLeaf) -> Value {
    json!({
        "id": leaf.id,
        "region": leaf.region,
        "standing": leaf.standing,
        "commitment": leaf.identifier,
        "operation": leaf.operation,
    })
}

/// A registrar.
pub fn registrar(leaf: &RegistrarLeaf, lang: Lang) -> Vec<Vec<String>> {
    let above = leaf.parent.as_deref();
    let mut rows = vec![
        row(lang, "registrar", "登记机构", &leaf.id),
        row(lang, "name", "名称", &leaf.name),
        row(lang, "region", "地区", &leaf.region),
        row(
            lang,
            "above it",
            "上级",
            above.unwrap_or(lang.pick("the council", "理事会")),
        ),
        row(lang, "standing", "状态", standing(leaf.standing, lang)),
    ];
    rows.extend(
        leaf.rights
            .iter()
            .map(|of| row(lang, "may entitle to", "可授予", right(of, lang))),
    );
    rows.push(row(
        lang,
        "admits members",
        "可准入成员",
        yes(leaf.admits_members, lang),
    ));
    rows.push(row(lang, "operation", "操作", leaf.operation.to_string()));
    rows
}

/// The same for programs.
pub fn registrar_json(leaf: &RegistrarLeaf) -> Value {
    json!({
        "id": leaf.id,
        "name": leaf.name,
        "region": leaf.region,
        "parent": leaf.parent,
        "rights": leaf.rights,
        "admits_members": leaf.admits_members,
        "standing": leaf.standing,
        "operation": leaf.operation,
    })
}

/// Why a key does not sign now, or that it does.
pub fn key_state(leaf: &KeyLeaf, now: Millis, lang: Lang) -> String {
    if let Some(since) = leaf.compromised_since {
        return format!("{} {since}", lang.pick("compromised since", "已泄露，自"));
    }
    if let Some(at) = leaf.retired_at {
        return format!("{} {at}", lang.pick("retired at", "已停用，于"));
    }
    if now < leaf.valid_from {
        return format!("{} {}", lang.pick("signs from", "生效于"), leaf.valid_from);
    }
    if leaf.valid_before <= now {
        return format!(
            "{} {}",
            lang.pick("ended at", "已到期，于"),
            leaf.valid_before
        );
    }
    lang.pick("signs", "有效").to_owned()
}

/// A key.
pub fn key(leaf: &KeyLeaf, suite: Suite, now: Millis, lang: Lang) -> Vec<Vec<String>> {
    let mut rows = vec![
        row(lang, "key", "密钥", suite.key_id(&leaf.key).to_string()),
        row(lang, "holder", "持有者", holder(&leaf.holder, lang)),
        row(lang, "use", "用途", role(leaf.role, lang)),
        row(lang, "now", "当前", key_state(leaf, now, lang)),
        row(lang, "from", "起始", leaf.valid_from.to_string()),
        row(
            lang,
            "last day",
            "截止日（含）",
            last_day(leaf.valid_before, lang),
        ),
    ];
    if let Some(at) = leaf.confirmed_at {
        rows.push(row(lang, "confirmed at", "确认于", at.to_string()));
    }
    rows.push(row(lang, "operation", "操作", leaf.operation.to_string()));
    rows
}

/// The same for programs.
pub fn key_json(leaf: &KeyLeaf, suite: Suite, now: Millis) -> Value {
    let kind = match &leaf.holder {
        Holder::Agency(_) => "agency",
        Holder::Member(_) => "member",
        Holder::Registrar(_) => "registrar",
        Holder::Council(_) => "council",
        Holder::Validator(_) => "validator",
    };
    json!({
        "key_id": suite.key_id(&leaf.key),
        "holder": {kind: leaf.holder.id()},
        "role": leaf.role,
        "signs_now": leaf.signs_at(now),
        "valid_from": leaf.valid_from.to_string(),
        "valid_before": leaf.valid_before.to_string(),
        "retired_at": leaf.retired_at.map(|at| at.to_string()),
        "compromised_since": leaf.compromised_since.map(|at| at.to_string()),
        "confirmed_at": leaf.confirmed_at.map(|at| at.to_string()),
        "operation": leaf.operation,
    })
}
