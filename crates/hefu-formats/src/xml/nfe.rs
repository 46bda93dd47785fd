//! The Brazilian NF-e and its relatives: *Manual de Orientação do Contribuinte* (NF-e 55 and NFC-e 65
//! 4.00, CT-e 57 and CT-e OS 67, MDF-e 58), and the national NFS-e.
//!
//! The access key of 44 characters (MOC, 2.2.6) is made of state, year and month, issuer, model,
//! series, number, form of emission, random digits and a check digit. The document states the same
//! parts outside of it, and a key that contradicts them gives no legal number. The random digits are
//! no part of the number: two keys with one number are one document twice.

use hefu_types::profile::check_digits::mod_11;
use roxmltree::Node;

use super::tree::Placed;
use crate::fact::{Facts, Found};
use crate::invoice::{self, Numbered};
use crate::values::{day_of_moment, iso_date};
use crate::{Format, Identity, Profile, ReadError, Reading, Stated};

/// A kind of document with an access key of 44 characters.
struct Kindred {
    namespace: &'static [&'static str],
    /// The root where the document stands alone.
    alone: &'static str,
    /// The root where its authorisation stands beside it.
    authorised: &'static str,
    /// The element that holds what the document says.
    content: &'static str,
    number: &'static str,
    /// The total, where the kind has one: a manifest of loads is no invoice.
    total: Option<&'static str>,
    /// Where the authorisation repeats the access key.
    authorised_key: &'static str,
}

const NFE: &[&str] = &["http://www.portalfiscal.inf.br/nfe"];
const CTE: &[&str] = &["http://www.portalfiscal.inf.br/cte"];
const MDFE: &[&str] = &["http://www.portalfiscal.inf.br/mdfe"];
const NFSE: &[&str] = &["http://www.sped.fazenda.gov.br/nfse"];

const KINDRED: [Kindred; 4] = [
    Kindred {
        namespace: NFE,
        alone: "NFe",
        authorised: "nfeProc",
        content: "infNFe",
        number: "ide/nNF",
        total: Some("total/ICMSTot/vNF"),
        authorised_key: "protNFe/infProt/chNFe",
    },
    Kindred {
        namespace: CTE,
        alone: "CTe",
        authorised: "cteProc",
        content: "infCte",
        number: "ide/nCT",
        total: Some("vPrest/vTPrest"),
        authorised_key: "protCTe/infProt/chCTe",
    },
    Kindred {
        namespace: CTE,
        alone: "CTeOS",
        authorised: "cteOSProc",
        content: "infCte",
        number: "ide/nCT",
        total: Some("vPrest/vTPrest"),
        authorised_key: "protCTe/infProt/chCTe",
    },
    Kindred {
        namespace: MDFE,
        alone: "MDFe",
        authorised: "mdfeProc",
        content: "infMDFe",
        number: "ide/nMDF",
        total: None,
        authorised_key: "protMDFe/infProt/chMDFe",
    },
];

pub(crate) fn is_root(name: &[u8]) -> bool {
    let is_kindred = |kindred: &Kindred| {
        [kindred.alone, kindred.authorised]
            .map(str::as_bytes)
            .contains(&name)
    };
    matches!(name, b"NFSe" | b"DPS") || KINDRED.iter().any(is_kindred)
}

pub(crate) fn read(root: Node<'_, '_>) -> Result<Option<Reading>, ReadError> {
    let (namespace, name) = (root.tag_name().namespace(), root.tag_name().name());
    let is_in = |namespaces: &[&str]| namespace.is_some_and(|uri| namespaces.contains(&uri));
    let document = if is_in(NFSE) {
        let root = Placed::root(root, NFSE);
        match name {
            "NFSe" => service(&root)?,
            "DPS" => request_for_service(&root)?,
            _ => return Ok(None),
        }
    } else {
        let is_this = |kindred: &&Kindred| {
            is_in(kindred.namespace) && [kindred.alone, kindred.authorised].contains(&name)
        };
        let Some(kindred) = KINDRED.iter().find(is_this) else {
            return Ok(None);
        };
        with_access_key(&Placed::root(root, kindred.namespace), kindred, name)?
    };
    Ok(Some(Reading::one(Format::NFe, document)))
}

fn with_access_key(
    root: &Placed<'_>,
    kindred: &Kindred,
    root_name: &str,
) -> Result<Stated, ReadError> {
    let content = match root_name == kindred.alone {
        true => root.at(kindred.content),
        false => root.at(&format!("{}/{}", kindred.alone, kindred.content)),
    };
    let Some(content) = content else {
        return Ok(Stated::without_identity(
            "document (what it says is not there)",
        ));
    };
    let mut facts = Facts::default();
    facts.say("document-type", content.found("ide/mod")?)?;
    facts.say("series", content.found("ide/serie")?)?;
    facts.say("number", content.found(kindred.number)?)?;
    moment(&mut facts, content.found("ide/dhEmi")?)?;
    // Layouts before 3.10 give a day.
    facts.day("issue-date", content.found("ide/dEmi")?, iso_date)?;
    party(&mut facts, "seller", content.at("emit"))?;
    party(&mut facts, "buyer", buyer(&content))?;
    reais(&mut facts)?;
    if let Some(total) = kindred.total {
        facts.amount("total", content.found(total)?, Some("BRL"))?;
    }
    facts.day("due-date", content.only("cobr/dup/dVenc"), iso_date)?;
    let purpose = content.only("ide/finNFe");
    // Complement, adjustment and return; a normal invoice refers to others for other reasons.
    if purpose.is_some_and(|code| matches!(code.written.as_str(), "2" | "3" | "4")) {
        facts.say("preceding", content.only("ide/NFref/refNFe"))?;
    }
    let key = content.found("@Id")?.into_iter().map(without_prefix);
    facts.say("registration", key)?;
    facts.say("registration", root.found(kindred.authorised_key)?)?;

    let text = |name: &str| facts.get(name).unwrap_or_default().to_owned();
    let identity = Identity {
        legal_issuer: text("seller-id"),
        class: text("document-type"),
        series: text("series"),
        number: text("number"),
        period: String::new(),
    };
    let key = text("registration");
    let is_stated = [
        &key,
        &identity.legal_issuer,
        &identity.class,
        &identity.series,
        &identity.number,
    ]
    .iter()
    .all(|part| !part.is_empty());
    let broken = is_stated.then(|| broken_rule(&key, &identity)).flatten();
    let missing = [
        (identity.number.is_empty(), "number"),
        (identity.series.is_empty(), "series"),
        (identity.class.is_empty(), "model"),
        (
            identity.legal_issuer.is_empty(),
            "CNPJ or CPF of the issuer",
        ),
    ];
    let environment = test_environment(content.only("ide/tpAmb"));
    let (missing, doubts) = with_key(missing, &key, broken, environment);
    let numbered = Numbered {
        profile: Profile::BrNfe,
        identity,
        missing,
        doubts,
    };
    let mut stated = invoice::stated(numbered, facts);
    if kindred.total.is_none() {
        stated.kind = None;
    }
    Ok(stated)
}

/// What is missing for a number, the access key last, and what is in doubt.
fn with_key(
    parts: impl IntoIterator<Item = (bool, &'static str)>,
    key: &str,
    broken: Option<String>,
    environment: Option<String>,
) -> (Vec<(bool, &'static str)>, Vec<String>) {
    let of_key = [
        (key.is_empty(), "access key"),
        (
            broken.is_some(),
            "access key that fits the document (see what is in doubt)",
        ),
    ];
    let missing = parts.into_iter().chain(of_key).collect();
    let rule = broken.map(|rule| format!("the access key {key} {rule}"));
    (missing, rule.into_iter().chain(environment).collect())
}

/// The rule that an access key of 44 characters breaks, if it breaks one.
fn broken_rule(key: &str, identity: &Identity) -> Option<String> {
    let is_shaped = key.len() == 44
        && key.char_indices().all(|(at, c)| {
            // A CNPJ may have letters since 2026 (NT 2025.001).
            c.is_ascii_digit() || ((6..18).contains(&at) && c.is_ascii_uppercase())
        });
    if !is_shaped {
        return Some("has not 44 digits".to_owned());
    }
    for (what, held, stated) in [
        ("issuer", &key[6..20], &identity.legal_issuer),
        ("model", &key[20..22], &identity.class),
        ("series", &key[22..25], &identity.series),
        ("number", &key[25..34], &identity.number),
    ] {
        // The key fills up with zeros what the document writes without: a CPF, a series, a number.
        if held.trim_start_matches('0') != stated.trim_start_matches('0') {
            return Some(format!(
                "holds the {what} {held}, and the document {stated}"
            ));
        }
    }
    check_digit_is_wrong(key).then(|| "has a wrong check digit".to_owned())
}

/// The last digit is over everything before it.
fn check_digit_is_wrong(key: &str) -> bool {
    let parts = key.as_bytes().split_last();
    parts.is_none_or(|(check, digits)| mod_11(digits) != *check)
}

/// The NFS-e of the national system: its key of 50 digits is made of municipality (7), system (1),
/// kind of identifier (1), issuer (14), number (13), year and month, random digits and a check digit
/// (*Manual dos Contribuintes*, chave de acesso). It has no model and no series; within a
/// municipality and an issuer its number is unique.
fn service(root: &Placed<'_>) -> Result<Stated, ReadError> {
    let Some(content) = root.at("infNFSe") else {
        return Ok(Stated::without_identity(
            "document (what it says is not there)",
        ));
    };
    let mut facts = Facts::default();
    facts.say("number", content.found("nNFSe")?)?;
    moment(&mut facts, content.found("dhProc")?)?;
    party(&mut facts, "seller", content.at("emit"))?;
    party(&mut facts, "buyer", content.at("DPS/infDPS/toma"))?;
    reais(&mut facts)?;
    facts.amount("due", content.found("valores/vLiq")?, Some("BRL"))?;
    let key = content.found("@Id")?.into_iter().map(without_prefix);
    facts.say("registration", key)?;

    let text = |name: &str| facts.get(name).unwrap_or_default().to_owned();
    let (number, issuer, key) = (text("number"), text("seller-id"), text("registration"));
    let is_stated = [&number, &issuer, &key].iter().all(|part| !part.is_empty());
    let broken = is_stated
        .then(|| broken_rule_of_service(&key, &issuer, &number))
        .flatten();
    let identity = Identity {
        legal_issuer: issuer,
        class: "nfse".to_owned(),
        series: key.get(..7).unwrap_or_default().to_owned(),
        number,
        period: String::new(),
    };
    let missing = [
        (identity.number.is_empty(), "number"),
        (
            identity.legal_issuer.is_empty(),
            "CNPJ or CPF of the issuer",
        ),
    ];
    let environment = test_environment(content.only("DPS/infDPS/tpAmb"));
    let (missing, doubts) = with_key(missing, &key, broken, environment);
    let numbered = Numbered {
        profile: Profile::Generic,
        identity,
        missing,
        doubts,
    };
    Ok(invoice::stated(numbered, facts))
}

fn broken_rule_of_service(key: &str, issuer: &str, number: &str) -> Option<String> {
    if key.len() != 50 || !key.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("has not 50 digits".to_owned());
    }
    for (what, held, stated) in [
        ("issuer", &key[9..23], issuer),
        ("number", &key[23..36], number),
    ] {
        if held.trim_start_matches('0') != stated.trim_start_matches('0') {
            return Some(format!(
                "holds the {what} {held}, and the document {stated}"
            ));
        }
    }
    check_digit_is_wrong(key).then(|| "has a wrong check digit".to_owned())
}

/// A DPS is what an issuer sends to be given an NFS-e; its number is the issuer's own.
fn request_for_service(root: &Placed<'_>) -> Result<Stated, ReadError> {
    let mut stated = Stated::without_identity("number of the NFS-e (a DPS only asks for one)");
    let Some(content) = root.at("infDPS") else {
        return Ok(stated);
    };
    let mut facts = Facts::default();
    facts.say("series", content.found("serie")?)?;
    facts.say("number", content.found("nDPS")?)?;
    moment(&mut facts, content.found("dhEmi")?)?;
    party(&mut facts, "seller", content.at("prest"))?;
    party(&mut facts, "buyer", content.at("toma"))?;
    (stated.facts, stated.doubts) = facts.finish();
    Ok(stated)
}

fn moment(facts: &mut Facts, found: Vec<Found>) -> Result<(), ReadError> {
    facts.day("issue-date", found.iter().cloned(), day_of_moment)?;
    facts.say("issue-time", found)
}

/// Every amount is in reais; no element says so.
fn reais(facts: &mut Facts) -> Result<(), ReadError> {
    facts.say("currency", [Found::new("BRL", "(by law)")])
}

fn party(facts: &mut Facts, name: &str, party: Option<Placed<'_>>) -> Result<(), ReadError> {
    let Some(party) = party else { return Ok(()) };
    facts.say(name, party.found("xNome")?)?;
    for id in ["CNPJ", "CPF"] {
        facts.say(&format!("{name}-id"), party.found(id)?)?;
    }
    Ok(())
}

/// Who pays: the recipient of goods, and of a freight the one whom a code names (`toma`).
fn buyer<'t>(content: &Placed<'t>) -> Option<Placed<'t>> {
    let taker = ["ide/toma3/toma", "ide/toma03/toma"]
        .iter()
        .find_map(|path| content.only(path));
    let path = match taker.as_ref().map(|code| code.written.as_str()) {
        Some("0") => "rem",
        Some("1") => "exped",
        Some("2") => "receb",
        Some(_) => "dest",
        // Another party than these, a CT-e OS, an NF-e.
        None => ["ide/toma4", "toma", "dest"]
            .into_iter()
            .find(|path| content.at(path).is_some())?,
    };
    content.at(path)
}

/// `NFe35...`: letters say of which kind the key is.
fn without_prefix(found: Found) -> Found {
    let key = found
        .written
        .trim_start_matches(|c: char| c.is_ascii_alphabetic());
    Found::new(key, found.place)
}

/// `tpAmb` 2 is the environment for tests.
fn test_environment(environment: Option<Found>) -> Option<String> {
    let environment = environment.filter(|found| found.written == "2")?;
    Some(format!(
        "it was issued in the test environment and has no fiscal value ({} is 2)",
        environment.place
    ))
}
