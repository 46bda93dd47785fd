//! The Italian FatturaPA: *Formato della FatturaPA* 1.0 to 1.2.x (Agenzia delle Entrate), to public
//! offices (`FPA12`) and to others (`FPR12`), and the simplified invoice (`FSM10`).
//!
//! One file has one header and one or several bodies, each of which is an invoice. The root stands
//! in a namespace and everything below it in none. A number is unique for a seller within a year;
//! credit notes are numbered apart by the SdI.

use roxmltree::Node;

use super::tree::{Placed, UNQUALIFIED};
use crate::code_lists::CREDIT_NOTE;
use crate::fact::{Facts, Found};
use crate::invoice::{self, Numbered};
use crate::values::iso_date;
use crate::{Format, Identity, Profile, ReadError, Reading, Stated};

const NAMESPACES: [&str; 3] = [
    "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2",
    "http://www.fatturapa.gov.it/sdi/fatturapa/v1.1",
    "http://www.fatturapa.gov.it/sdi/fatturapa/v1.0",
];
const SIMPLIFIED: &str = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.0";

pub(crate) fn is_root(name: &[u8]) -> bool {
    matches!(
        name,
        b"FatturaElettronica" | b"FatturaElettronicaSemplificata"
    )
}

/// Where the ordinary and the simplified form write a party.
struct PartyPaths {
    /// Before `IdFiscaleIVA` and `CodiceFiscale`.
    ids: &'static str,
    /// Before `Denominazione`, `Nome` and `Cognome`.
    names: &'static str,
}

const ORDINARY_PARTY: PartyPaths = PartyPaths {
    ids: "DatiAnagrafici/",
    names: "DatiAnagrafici/Anagrafica/",
};
const SIMPLIFIED_SELLER: PartyPaths = PartyPaths { ids: "", names: "" };
const SIMPLIFIED_BUYER: PartyPaths = PartyPaths {
    ids: "IdentificativiFiscali/",
    names: "AltriDatiIdentificativi/",
};

pub(crate) fn read(root: Node<'_, '_>) -> Result<Option<Reading>, ReadError> {
    let tag = root.tag_name();
    let [seller, buyer] = match (tag.namespace().unwrap_or_default(), tag.name()) {
        (namespace, "FatturaElettronica") if NAMESPACES.contains(&namespace) => {
            [ORDINARY_PARTY, ORDINARY_PARTY]
        }
        (SIMPLIFIED, "FatturaElettronicaSemplificata") => [SIMPLIFIED_SELLER, SIMPLIFIED_BUYER],
        _ => return Ok(None),
    };
    let root = Placed::root(root, &[UNQUALIFIED]);
    let header = root.at("FatturaElettronicaHeader");
    let party = |name: &str, paths: PartyPaths| -> Result<Party, ReadError> {
        let party = header.as_ref().and_then(|header| header.at(name));
        party.map_or(Ok(Party::default()), |party| Party::at(&party, &paths))
    };
    let seller = party("CedentePrestatore", seller)?;
    let buyer = party("CessionarioCommittente", buyer)?;

    let bodies = root.each("FatturaElettronicaBody")?;
    if bodies.is_empty() {
        let words = "invoice (the file has no FatturaElettronicaBody)";
        return Ok(Some(Reading::without_identity(Format::FatturaPa, words)));
    }
    let mut documents = Vec::new();
    for body in &bodies {
        let mut document = stated(body, &seller, &buyer)?;
        if bodies.len() > 1 {
            document.part = body.place().to_owned();
        }
        documents.push(document);
    }
    Ok(Some(Reading {
        format: Format::FatturaPa,
        documents,
        seals: Vec::new(),
    }))
}

/// A party of the header.
#[derive(Default)]
struct Party {
    name: Vec<Found>,
    id: Vec<Found>,
}

impl Party {
    fn at(party: &Placed<'_>, paths: &PartyPaths) -> Result<Self, ReadError> {
        let (ids, names) = (paths.ids, paths.names);
        let vat = joined(
            party,
            &format!("{ids}IdFiscaleIVA"),
            ["IdPaese", "IdCodice"],
            "",
        );
        let parts = |name: &str| party.found(&format!("{ids}IdFiscaleIVA/{name}"));
        let (countries, codes) = (parts("IdPaese")?, parts("IdCodice")?);
        let id = match vat {
            Some(vat) => vec![vat],
            // Two of them are a contradiction, which another identifier does not mend.
            None if codes.len() > 1 || countries.len() > 1 => match codes.len() {
                0 | 1 => countries,
                _ => codes,
            },
            None => party.found(&format!("{ids}CodiceFiscale"))?,
        };
        let mut name = party.found(&format!("{names}Denominazione"))?;
        if name.is_empty() {
            // A person: the names stand beside each other where the company's would.
            let parent = names.trim_end_matches('/');
            name.extend(joined(party, parent, ["Nome", "Cognome"], " "));
        }
        Ok(Self { name, id })
    }
}

/// Two elements that are one value together, and both of them as its place.
fn joined(party: &Placed<'_>, parent: &str, names: [&str; 2], between: &str) -> Option<Found> {
    let parent = match parent {
        "" => party.clone(),
        path => party.at(path)?,
    };
    let [first, last] = names;
    let (first, last) = (parent.only(first)?, parent.only(last)?);
    let written = format!("{}{between}{}", first.written, last.written);
    let place = format!("concat({},{})", first.place, last.place);
    Some(Found::new(written, place))
}

fn stated(body: &Placed<'_>, seller: &Party, buyer: &Party) -> Result<Stated, ReadError> {
    let mut facts = Facts::default();
    for (name, found) in [
        ("seller", &seller.name),
        ("seller-id", &seller.id),
        ("buyer", &buyer.name),
        ("buyer-id", &buyer.id),
    ] {
        facts.say(name, found.iter().cloned())?;
    }
    let general = |name: &str| body.found(&format!("DatiGenerali/DatiGeneraliDocumento/{name}"));
    facts.say("document-type", general("TipoDocumento")?)?;
    facts.say("number", general("Numero")?)?;
    facts.say("currency", general("Divisa")?)?;
    facts.day("issue-date", general("Data")?, iso_date)?;
    let currency = facts.get("currency").map(str::to_owned);
    // Optional in the schema; where it is left out the lines would have to be added up.
    let total = general("ImportoTotaleDocumento")?;
    facts.amount("total", total, currency.as_deref())?;
    // Paid in parts, it has several, and none is the one.
    let due_date = body.only("DatiPagamento/DettaglioPagamento/DataScadenzaPagamento");
    facts.day("due-date", due_date, iso_date)?;

    let document_type = facts.get("document-type").unwrap_or_default().to_owned();
    let class = match document_type.as_str() {
        "TD04" | "TD08" => CREDIT_NOTE,
        code if is_type(code) => "invoice",
        _ => "",
    };
    // Credit and debit notes; elsewhere an invoice may be linked for any reason.
    if matches!(document_type.as_str(), "TD04" | "TD05" | "TD08" | "TD09") {
        let corrected = body.only("DatiGenerali/DatiFattureCollegate/IdDocumento");
        let corrected_of_simplified = body.only("DatiGenerali/DatiFatturaRettificata/NumeroFR");
        facts.say("preceding", corrected)?;
        facts.say("preceding", corrected_of_simplified)?;
    }

    let text = |name: &str| facts.get(name).unwrap_or_default().to_owned();
    let year = facts.get("issue-date").and_then(|day| day.get(..4));
    let identity = Identity {
        legal_issuer: text("seller-id"),
        class: class.to_owned(),
        series: String::new(),
        number: text("number"),
        period: year.unwrap_or_default().to_owned(),
    };
    let missing = vec![
        (identity.number.is_empty(), "invoice number"),
        (identity.legal_issuer.is_empty(), "seller identifier"),
        (
            class.is_empty(),
            "document type that is known (TipoDocumento)",
        ),
        (
            identity.period.is_empty(),
            "date, whose year is part of the number",
        ),
    ];
    let numbered = Numbered {
        profile: Profile::ItSdi,
        identity,
        missing,
        doubts: Vec::new(),
    };
    Ok(invoice::stated(numbered, facts))
}

/// `TD` and two digits. The list grows with each revision of the format.
fn is_type(code: &str) -> bool {
    matches!(code.as_bytes(), [b'T', b'D', a, b] if a.is_ascii_digit() && b.is_ascii_digit())
}
