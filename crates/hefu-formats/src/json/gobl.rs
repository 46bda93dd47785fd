//! GOBL (<https://docs.gobl.org>): an invoice, bare or in an envelope with the digest of its
//! canonical JSON.

use sha2::{Digest, Sha256};

use super::tree::Json;
use crate::code_lists::CREDIT_NOTE;
use crate::fact::{Facts, Found};
use crate::invoice::{self, Numbered};
use crate::values::iso_date;
use crate::{Format, Identity, Profile, ReadError, Reading};

const SCHEMA: &str = "https://gobl.org/draft-0/";

pub(crate) fn read(tree: &Json) -> Result<Option<Reading>, ReadError> {
    let (doc, pointer) = match (schema(tree), tree.get("doc")) {
        (None, _) => return Ok(None),
        (Some("envelope"), Some(doc)) => (doc, "/doc"),
        (Some("envelope"), None) => {
            let words = "document (the envelope is empty)";
            return Ok(Some(Reading::without_identity(Format::Gobl, words)));
        }
        (Some(_), _) => (tree, ""),
    };
    if schema(doc) != Some("bill/invoice") {
        let words = "invoice (this GOBL document is of another schema)";
        return Ok(Some(Reading::without_identity(Format::Gobl, words)));
    }
    let found = |path: &str| tree.found(&format!("{pointer}{path}"));

    let mut facts = Facts::default();
    for (name, path) in [
        ("seller", "/supplier/name"),
        ("buyer", "/customer/name"),
        ("document-type", "/type"),
        ("series", "/series"),
        ("currency", "/currency"),
    ] {
        facts.say(name, found(path))?;
    }
    facts.say("seller-id", party_id(doc, pointer, "supplier"))?;
    facts.say("buyer-id", party_id(doc, pointer, "customer"))?;
    facts.say("number", number(doc, pointer))?;
    facts.day("issue-date", found("/issue_date"), iso_date)?;
    if sole(doc.at("/payment/terms/due_dates")) {
        facts.day(
            "due-date",
            found("/payment/terms/due_dates/0/date"),
            iso_date,
        )?;
    }
    let currency = facts.get("currency").map(str::to_owned);
    for (name, path) in [
        ("total", "/totals/total_with_tax"),
        ("total-without-tax", "/totals/total"),
        ("tax", "/totals/tax"),
    ] {
        facts.amount(name, found(path), currency.as_deref())?;
    }
    // What is payable is due unless a part was paid before.
    let due = found("/totals/due").or_else(|| found("/totals/payable"));
    facts.amount("due", due, currency.as_deref())?;
    if let Some([preceding]) = doc.get("preceding").map(Json::items) {
        facts.say(
            "preceding",
            number(preceding, &format!("{pointer}/preceding/0")),
        )?;
    }

    let text = |name: &str| facts.get(name).unwrap_or_default().to_owned();
    let class = match facts.get("document-type") {
        Some("credit-note") => CREDIT_NOTE,
        // A corrective invoice replaces another one and has amounts of its own.
        Some("standard" | "corrective" | "debit-note" | "other") => "invoice",
        // A pro-forma is none.
        _ => "",
    };
    let identity = Identity {
        legal_issuer: text("seller-id"),
        class: class.to_owned(),
        number: text("number"),
        ..Identity::default()
    };
    let missing = vec![
        (identity.number.is_empty(), "invoice number"),
        (identity.legal_issuer.is_empty(), "seller identifier"),
        (class.is_empty(), "type of an invoice or credit note"),
    ];
    let numbered = Numbered {
        profile: Profile::Generic,
        identity,
        missing,
        doubts: digest_doubt(tree, doc).into_iter().collect(),
    };
    let document = invoice::stated(numbered, facts);
    Ok(Some(Reading::one(Format::Gobl, document)))
}

/// Of which GOBL schema a value says that it is.
fn schema(value: &Json) -> Option<&str> {
    value.get("$schema")?.text()?.strip_prefix(SCHEMA)
}

fn sole(array: Option<&Json>) -> bool {
    array.is_some_and(|array| array.items().len() == 1)
}

/// Series and code together, with the hyphen that GOBL puts between them.
fn number(document: &Json, pointer: &str) -> Option<Found> {
    let code = document.get("code")?.text()?;
    match document.get("series").and_then(Json::text) {
        Some(series) if !series.is_empty() => Some(Found::new(
            format!("{series}-{code}"),
            format!("{pointer}/series, {pointer}/code"),
        )),
        _ => Some(Found::new(code, format!("{pointer}/code"))),
    }
}

/// Country and code of the tax identity; without a code, the one other identity, or of several the
/// one that the tax office gave or the company register.
fn party_id(doc: &Json, pointer: &str, party: &str) -> Option<Found> {
    let party_pointer = format!("{pointer}/{party}");
    let party = doc.get(party)?;
    let part = |name: &str| {
        let text = party.get("tax_id")?.get(name)?.text()?;
        (!text.is_empty()).then_some(text)
    };
    if let (Some(country), Some(code)) = (part("country"), part("code")) {
        let tax_id = format!("{party_pointer}/tax_id");
        return Some(Found::new(
            format!("{country}{code}"),
            format!("{tax_id}/country, {tax_id}/code"),
        ));
    }
    let identities = party.get("identities")?.items();
    let of_scope = |scope: &str| {
        (identities.iter())
            .position(|identity| identity.get("scope").and_then(Json::text) == Some(scope))
    };
    let at = match identities {
        [_] => 0,
        _ => of_scope("tax").or_else(|| of_scope("legal"))?,
    };
    let code = identities.get(at)?.get("code")?.text()?;
    Some(Found::new(
        code,
        format!("{party_pointer}/identities/{at}/code"),
    ))
}

/// Whether the envelope holds the document that it was closed over.
fn digest_doubt(tree: &Json, doc: &Json) -> Option<String> {
    if schema(tree) != Some("envelope") {
        return None;
    }
    let text = |pointer: &str| tree.at(pointer).and_then(Json::text);
    let (Some("sha256"), Some(stated)) = (text("/head/dig/alg"), text("/head/dig/val")) else {
        return Some("the envelope has no SHA-256 of /doc at /head/dig".to_owned());
    };
    let mut canonical = String::new();
    if write_canonical(doc, &mut canonical).is_none() {
        return Some("/doc has numbers for which its digest cannot be checked".to_owned());
    }
    let digest = Sha256::digest(canonical.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    (digest != stated)
        .then(|| format!("/doc has the SHA-256 {digest}, and /head/dig/val is {stated}"))
}

/// The canonical JSON of GOBL (<https://github.com/invopop/gobl/tree/main/c14n>): no white space,
/// keys sorted, nulls left out. `None` where it is not sure: whole numbers are written as they are,
/// and other numbers, which GOBL documents have in strings, in a form of their own.
fn write_canonical(value: &Json, out: &mut String) -> Option<()> {
    let quoted = |text: &str| serde_json::to_string(text).ok();
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => {
            let is_whole = number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-');
            out.push_str(is_whole.then_some(number)?);
        }
        Json::String(text) => out.push_str(&quoted(text)?),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_canonical(item, out)?;
            }
            out.push(']');
        }
        Json::Object(entries) => {
            let mut entries: Vec<_> = (entries.iter())
                .filter(|(_, value)| *value != Json::Null)
                .collect();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            out.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&quoted(key)?);
                out.push(':');
                write_canonical(value, out)?;
            }
            out.push('}');
        }
    }
    Some(())
}
