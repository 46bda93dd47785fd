//! The GST e-invoice of India (schema INV-01, version 1.1): what a seller sends to the invoice
//! registration portal, and what comes back: the `Irn`, the invoice as a signed token and the smaller
//! token of the QR code. One file may hold an array of them.
//!
//! The tokens (RFC 7519) are read and not judged: who signed is not asked here. Where the parts of a
//! file differ, that is a contradiction as everywhere.
//!
//! The `Irn` is the SHA-256 of GSTIN, financial year, type and number, one after the other without
//! separators. One that is not gives no legal number: the portal never gave it to this invoice.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::tree::Json;
use crate::fact::{Facts, Found};
use crate::invoice::{self, Numbered};
use crate::limits::DOCUMENTS_MAX;
use crate::values::iso_date;
use crate::{Format, Identity, Profile, ReadError, Reading, Stated};

pub(crate) fn read(tree: &Json) -> Result<Option<Reading>, ReadError> {
    if let Json::Array(items) = tree {
        return array(items);
    }
    if !claims(tree) {
        return Ok(None);
    }
    let document = stated(tree, "")?;
    Ok(Some(Reading::one(Format::GstInvoice, document)))
}

fn array(items: &[Json]) -> Result<Option<Reading>, ReadError> {
    if items.is_empty() || !items.iter().all(claims) {
        return Ok(None);
    }
    if items.len() > DOCUMENTS_MAX {
        return Err(ReadError::JsonMalformed {
            reason: format!("more than {DOCUMENTS_MAX} invoices"),
        });
    }
    let mut documents = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let pointer = format!("/{at}");
        let mut document = stated(item, &pointer)?;
        if items.len() > 1 {
            document.part = pointer;
        }
        documents.push(document);
    }
    Ok(Some(Reading {
        format: Format::GstInvoice,
        documents,
        seals: Vec::new(),
    }))
}

fn claims(tree: &Json) -> bool {
    let has = |pointer: &str| tree.at(pointer).is_some();
    (has("/DocDtls/No") && has("/SellerDtls/Gstin"))
        || (has("/Irn") && (has("/SignedInvoice") || has("/SignedQRCode")))
}

/// Where an invoice, and where the QR code, writes each fact.
const INVOICE: [(&str, &str); 8] = [
    ("seller", "/SellerDtls/LglNm"),
    ("seller-id", "/SellerDtls/Gstin"),
    ("buyer", "/BuyerDtls/LglNm"),
    ("buyer-id", "/BuyerDtls/Gstin"),
    ("document-type", "/DocDtls/Typ"),
    ("number", "/DocDtls/No"),
    ("issue-date", "/DocDtls/Dt"),
    ("registration", "/Irn"),
];
const QR_CODE: [(&str, &str); 6] = [
    ("seller-id", "/SellerGstin"),
    ("buyer-id", "/BuyerGstin"),
    ("document-type", "/DocTyp"),
    ("number", "/DocNo"),
    ("issue-date", "/DocDt"),
    ("registration", "/Irn"),
];

/// A buyer who is not registered has this in the place of an identifier.
const UNREGISTERED: &str = "URP";

fn stated(tree: &Json, pointer: &str) -> Result<Stated, ReadError> {
    let mut facts = Facts::default();
    facts.say("currency", [Found::new("INR", "(by law)")])?;
    let mut doubts = Vec::new();
    invoice_facts(&mut facts, tree, pointer)?;
    for (name, fields) in [("SignedInvoice", &[][..]), ("SignedQRCode", &QR_CODE[..])] {
        let Some(token) = tree.get(name).and_then(Json::text) else {
            continue;
        };
        let place = format!("{pointer}/{name}:");
        let Some(data) = token_data(token)? else {
            doubts.push(format!("{pointer}/{name} is no token that can be read"));
            continue;
        };
        if fields.is_empty() {
            invoice_facts(&mut facts, &data, &place)?;
        } else {
            say(&mut facts, fields, &data, &place)?;
            let total = found(&data, &place, "/TotInvVal");
            facts.amount("total", total, Some("INR"))?;
        }
    }

    let text = |name: &str| facts.get(name).unwrap_or_default().to_owned();
    let identity = Identity {
        legal_issuer: text("seller-id"),
        class: text("document-type"),
        series: String::new(),
        number: text("number"),
        period: facts
            .get("issue-date")
            .and_then(financial_year)
            .unwrap_or_default(),
    };
    let is_class = matches!(identity.class.as_str(), "INV" | "CRN" | "DBN");
    let mut missing = vec![
        (identity.number.is_empty(), "document number"),
        (identity.legal_issuer.is_empty(), "GSTIN of the seller"),
        (!is_class, "document type INV, CRN or DBN"),
        (
            identity.period.is_empty(),
            "date, whose financial year is part of the number",
        ),
    ];
    let is_whole = missing.iter().all(|(is_missing, _)| !is_missing);
    let registered = text("registration");
    let is_of_another = is_whole
        && !registered.is_empty()
        && !irns(&identity).contains(&registered.to_ascii_lowercase());
    if is_of_another {
        doubts.push(format!(
            "the Irn {registered} is not the SHA-256 of this GSTIN, year, type and number"
        ));
    }
    // Two that differ leave no fact behind, and their doubt is told with it.
    let is_contradicted = registered.is_empty() && tree.get("Irn").and_then(Json::text).is_some();
    missing.push((
        is_of_another || is_contradicted,
        "Irn that belongs to this number (see what is in doubt)",
    ));
    let numbered = Numbered {
        profile: Profile::InIrn,
        identity,
        missing,
        doubts,
    };
    Ok(invoice::stated(numbered, facts))
}

fn found(tree: &Json, place: &str, pointer: &str) -> Option<Found> {
    let found = tree.found(pointer)?;
    Some(Found::new(found.written, format!("{place}{pointer}")))
}

fn say(
    facts: &mut Facts,
    fields: &[(&str, &str)],
    tree: &Json,
    place: &str,
) -> Result<(), ReadError> {
    for (name, pointer) in fields {
        let found = found(tree, place, pointer);
        match *name {
            "issue-date" => facts.day(name, found, day)?,
            "buyer-id" => facts.say(name, found.filter(|id| id.written != UNREGISTERED))?,
            _ => facts.say(name, found)?,
        }
    }
    Ok(())
}

fn invoice_facts(facts: &mut Facts, tree: &Json, place: &str) -> Result<(), ReadError> {
    say(facts, &INVOICE, tree, place)?;
    for (name, pointer) in [
        ("total", "/ValDtls/TotInvVal"),
        ("total-without-tax", "/ValDtls/AssVal"),
        ("due", "/PayDtls/PaymtDue"),
    ] {
        facts.amount(name, found(tree, place, pointer), Some("INR"))?;
    }
    if let Some([_]) = tree.at("/RefDtls/PrecDocDtls").map(Json::items) {
        facts.say(
            "preceding",
            found(tree, place, "/RefDtls/PrecDocDtls/0/InvNo"),
        )?;
    }
    Ok(())
}

/// What the portal signed: the payload of the token holds it as a string of JSON.
fn token_data(token: &str) -> Result<Option<Json>, ReadError> {
    let payload = token.split('.').nth(1);
    let payload =
        payload.and_then(|payload| URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok());
    let Some(payload) = payload else {
        return Ok(None);
    };
    let Some(claims) = Json::parse(&payload)? else {
        return Ok(None);
    };
    match claims.get("data") {
        Some(Json::String(data)) => Json::parse(data.as_bytes()),
        _ => Ok(None),
    }
}

/// `30/11/2020`.
fn day(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        [day, month, year] => iso_date(&format!("{year}-{month}-{day}")),
        _ => None,
    }
}

/// April to March, of an ISO date: `2022-23`.
fn financial_year(day: &str) -> Option<String> {
    let year: u32 = day.get(..4)?.parse().ok()?;
    let month: u32 = day.get(5..7)?.parse().ok()?;
    let first = if month >= 4 {
        year
    } else {
        year.checked_sub(1)?
    };
    Some(format!("{first}-{:02}", (first + 1) % 100))
}

/// The number as it is written, and in capitals as the portal takes it since 2025-06-01. The day that
/// counts for this is that of the registration, which is not always in the file.
fn irns(identity: &Identity) -> [String; 2] {
    let written = identity.number.clone();
    let capitals = written.to_uppercase();
    [written, capitals].map(|number| {
        let Identity {
            legal_issuer,
            class,
            period,
            ..
        } = identity;
        let digest = Sha256::digest(format!("{legal_issuer}{period}{class}{number}"));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_irn_is_the_digest_of_the_number() {
        // Answers of the portal's sandbox, as public software for it keeps them in its tests.
        for (gstin, year, class, number, irn) in [
            (
                "01AMBPG7773M002",
                "2022-23",
                "INV",
                "SINV-CFY-00067",
                "706daeccda0ef6f818da78f3a2a05a1288731057373002289b46c3229289a2e7",
            ),
            (
                "01AMBPG7773M002",
                "2022-23",
                "CRN",
                "g2qxhY",
                "1c96258af085e45da556494ea5e5a7b401a598ab80af4136309c2dac7b54d795",
            ),
            (
                "02AMBPG7773M002",
                "2023-24",
                "INV",
                "9sQ5E2",
                "2ecc42a8e81dcbbb56923e4bd046c861ce7374060bd31875ce35447e922c9399",
            ),
        ] {
            let identity = Identity {
                legal_issuer: gstin.to_owned(),
                class: class.to_owned(),
                series: String::new(),
                number: number.to_owned(),
                period: year.to_owned(),
            };
            assert_eq!(irns(&identity)[0], irn);
        }
    }

    #[test]
    fn the_financial_year_begins_in_april() {
        for (written, year) in [
            ("31/03/2023", "2022-23"),
            ("01/04/2023", "2023-24"),
            ("15/12/1999", "1999-00"),
        ] {
            let day = day(written).unwrap();
            assert_eq!(financial_year(&day).as_deref(), Some(year));
        }
        for bad in ["2023-04-01", "31/02/2023", "1/4/2023", ""] {
            assert_eq!(day(bad), None, "{bad}");
        }
    }
}
