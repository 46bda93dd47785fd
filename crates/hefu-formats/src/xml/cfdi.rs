//! The Mexican CFDI 3.3 and 4.0 (Anexo 20 of the *Resolución Miscelánea Fiscal*, SAT).
//!
//! Everything is an attribute. The legal number is the UUID that the stamp (`TimbreFiscalDigital`)
//! brings; series and folio are the issuer's own and optional, and before the stamp a CFDI has no
//! legal number at all.

use roxmltree::Node;

use super::tree::Placed;
use crate::fact::{Facts, Found};
use crate::invoice::{self, Numbered};
use crate::values::{day_of_moment, minor_units};
use crate::{Format, Identity, Profile, ReadError, Reading};

const NAMESPACES: [(&str, &[&str]); 2] = [
    (
        "http://www.sat.gob.mx/cfd/3",
        &["http://www.sat.gob.mx/cfd/3", STAMP],
    ),
    (
        "http://www.sat.gob.mx/cfd/4",
        &["http://www.sat.gob.mx/cfd/4", STAMP],
    ),
];
const STAMP: &str = "http://www.sat.gob.mx/TimbreFiscalDigital";

/// `XXX` of ISO 4217: no currency is involved.
const NO_CURRENCY: &str = "XXX";

pub(crate) fn is_root(name: &[u8]) -> bool {
    name == b"Comprobante"
}

pub(crate) fn read(root: Node<'_, '_>) -> Result<Option<Reading>, ReadError> {
    let tag = root.tag_name();
    let namespaces = NAMESPACES
        .iter()
        .find(|(namespace, _)| tag.namespace() == Some(namespace));
    let (Some((_, namespaces)), "Comprobante") = (namespaces, tag.name()) else {
        return Ok(None);
    };
    let root = Placed::root(root, namespaces);
    let mut facts = Facts::default();
    for (name, path) in [
        ("seller", "Emisor/@Nombre"),
        ("seller-id", "Emisor/@Rfc"),
        ("buyer", "Receptor/@Nombre"),
        ("buyer-id", "Receptor/@Rfc"),
        ("series", "@Serie"),
        ("document-type", "@TipoDeComprobante"),
        ("issue-time", "@Fecha"),
        ("currency", "@Moneda"),
        ("registration", "Complemento/TimbreFiscalDigital/@UUID"),
    ] {
        facts.say(name, root.found(path)?)?;
    }
    facts.say("number", number(&root))?;
    facts.day("issue-date", root.found("@Fecha")?, day_of_moment)?;
    if let Some(currency) = facts.get("currency").map(str::to_owned) {
        for total in root.found("@Total")? {
            total_in(&mut facts, total, &currency)?;
        }
    }
    facts.say("preceding", preceding(&root)?)?;

    let text = |name: &str| facts.get(name).unwrap_or_default().to_owned();
    let identity = Identity {
        legal_issuer: text("seller-id"),
        number: text("registration"),
        ..Identity::default()
    };
    let missing = vec![
        (
            identity.number.is_empty(),
            "UUID of the stamp (TimbreFiscalDigital)",
        ),
        (identity.legal_issuer.is_empty(), "RFC of the issuer"),
    ];
    let numbered = Numbered {
        profile: Profile::MxCfdi,
        identity,
        missing,
        doubts: Vec::new(),
    };
    let document = invoice::stated(numbered, facts);
    Ok(Some(Reading::one(Format::Cfdi, document)))
}

/// Series and folio together are the number that the issuer gave and that people quote.
fn number(root: &Placed<'_>) -> Option<Found> {
    let (series, folio) = (root.only("@Serie"), root.only("@Folio"));
    match (series, folio) {
        (Some(series), Some(folio)) => Some(Found::new(
            format!("{}{}", series.written, folio.written),
            format!("concat({},{})", series.place, folio.place),
        )),
        (None, folio) => folio,
        (Some(_), None) => None,
    }
}

fn total_in(facts: &mut Facts, total: Found, currency: &str) -> Result<(), ReadError> {
    if currency != NO_CURRENCY {
        return facts.amount("total", Some(total), Some(currency));
    }
    // A payment receipt is over 0 XXX. XXX has no minor unit, but nothing is nothing in any unit;
    // of every other amount nobody could say how many units it is.
    match minor_units(&total.written, "MXN").as_deref() {
        Some("0") => facts.value("total", "0".to_owned(), &total),
        _ => Ok(()),
    }
}

/// What is credited, debited, returned or replaced (`c_TipoRelacion` 01 to 04); the other relations
/// leave the earlier document as it is.
fn preceding(root: &Placed<'_>) -> Result<Option<Found>, ReadError> {
    let mut found = Vec::new();
    for group in root.each("CfdiRelacionados")? {
        let relation = group.only("@TipoRelacion");
        if relation.is_some_and(|code| matches!(code.written.as_str(), "01" | "02" | "03" | "04")) {
            found.extend(group.found_up_to(2, "CfdiRelacionado/@UUID"));
        }
    }
    Ok((found.len() == 1).then(|| found.remove(0)))
}
