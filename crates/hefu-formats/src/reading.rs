//! What [`crate::read`] answers.

use std::fmt;

pub use hefu_types::leaf::Kind;
pub use hefu_types::profile::{Identity, Profile};

use crate::fact::{Fact, FactType};
use crate::seal::Seal;
use crate::values::decimal;

/// What a file is, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the file is.
    pub format: Format,
    /// The documents in it: one nearly always, never none.
    pub documents: Vec<Stated>,
    /// The file's own signatures. They are a matter of their own: nothing here depends on them.
    pub seals: Vec<Seal>,
}

impl Reading {
    /// One document and no seal.
    pub(crate) fn one(format: Format, document: Stated) -> Self {
        Self {
            format,
            documents: vec![document],
            seals: Vec::new(),
        }
    }

    pub(crate) fn without_identity(format: Format, missing: &'static str) -> Self {
        Self::one(format, Stated::without_identity(missing))
    }

    pub(crate) fn unknown() -> Self {
        Self::without_identity(
            Format::Unknown,
            "a format that is read (see the list in the help of inspect)",
        )
    }

    /// Whether both files state the same of the same documents, wherever in the file it stands.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        self.documents.len() == other.documents.len()
            && (self.documents.iter())
                .zip(&other.documents)
                .all(|(one, other)| one.agrees_with(other))
    }

    /// Says of every fact in which part of the file what was read stood.
    pub(crate) fn inside(mut self, part: &str) -> Self {
        for document in &mut self.documents {
            for fact in &mut document.facts {
                fact.place = format!("{part}:{}", fact.place);
            }
        }
        for seal in &mut self.seals {
            seal.place = format!("{part}:{}", seal.place);
        }
        self
    }
}

/// What one document states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Which part of the file it is where the file holds several, as a place; else empty.
    pub part: String,
    /// Invoice or licence, where the format says so.
    pub kind: Option<Kind>,
    /// Under whose rules the number stands.
    pub profile: Profile,
    /// Under which legal number the document stands, if the file says all of it; as the document
    /// writes it, only white space around the parts is cut. Normalising is the profile's business.
    pub identity: Option<Identity>,
    /// What is missing for an identity, in words for a person; empty where there is one.
    pub missing: Vec<&'static str>,
    /// What the document states, sorted by name, each name once.
    pub facts: Vec<Fact>,
    /// What a person should look at: places of the file that contradict each other.
    pub doubts: Vec<String>,
}

impl Stated {
    pub(crate) fn without_identity(missing: &'static str) -> Self {
        Self {
            part: String::new(),
            kind: None,
            profile: Profile::Generic,
            identity: None,
            missing: vec![missing],
            facts: Vec::new(),
            doubts: Vec::new(),
        }
    }

    /// A fact by its name.
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.name == name)
    }

    /// A fact's value as a person reads it: an amount in its currency, a line of text in one line.
    pub fn shown(&self, fact: &Fact) -> String {
        let currency = self
            .fact("currency")
            .map(|currency| currency.value.as_str());
        match (fact.fact_type(), currency) {
            (FactType::Amount, Some(currency)) => match decimal(&fact.value, currency) {
                Some(amount) => format!("{amount} {currency}"),
                None => fact.value.clone(),
            },
            _ => fact.value.clone(),
        }
    }

    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        fn said(stated: &Stated) -> Vec<(&str, &str)> {
            let facts = stated.facts.iter();
            facts
                .map(|fact| (fact.name.as_str(), fact.value.as_str()))
                .collect()
        }
        (self.profile, &self.identity, said(self)) == (other.profile, &other.identity, said(other))
    }
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// A UBL 2.1 `Invoice` or `CreditNote`.
    Ubl,
    /// A UN/CEFACT Cross Industry Invoice, D16B or the older one of ZUGFeRD 1.
    Cii,
    /// A UN/EDIFACT `INVOIC` message.
    Edifact,
    /// The XML of a Chinese invoice, bill or ticket.
    ChineseXml,
    /// An Italian FatturaPA.
    FatturaPa,
    /// A Mexican CFDI.
    Cfdi,
    /// A Brazilian NF-e or one of its relatives.
    NFe,
    /// An Indian GST e-invoice.
    GstInvoice,
    /// A GOBL envelope or invoice.
    Gobl,
    /// Our own JSON form.
    Json,
    /// An OpenAttestation document.
    OpenAttestation,
    /// A Blockcerts certificate.
    Blockcerts,
    /// A W3C verifiable credential.
    Credential,
    /// An ISO 18013-5 mobile document.
    Mdoc,
    /// What a mapping file says how to read.
    Mapped,
    /// A PDF for people.
    Pdf,
    /// A Chinese OFD (GB/T 33190).
    Ofd,
    /// A ZIP archive of files; each of them is a file of its own.
    Zip,
    /// A file that carries another one, which was read.
    Carrying {
        /// What the outer file is.
        outer: Box<Format>,
        /// The name of what it carries, as the file gives it; empty where it has none.
        name: String,
        /// What it carries.
        inner: Box<Format>,
    },
    /// Anything else; its bytes can still be looked up.
    Unknown,
    /// A CMS signature around a file (`.p7m`).
    Cms,
}

impl Format {
    /// An outer file with what it carries.
    pub(crate) fn carrying(outer: Self, name: &str, inner: Self) -> Self {
        Self::Carrying {
            outer: Box::new(outer),
            name: name.to_owned(),
            inner: Box::new(inner),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ubl => "UBL XML",
            Self::Cii => "CII XML",
            Self::Edifact => "EDIFACT INVOIC",
            Self::ChineseXml => "Chinese e-voucher XML",
            Self::FatturaPa => "FatturaPA XML",
            Self::Cfdi => "CFDI XML",
            Self::NFe => "NF-e XML",
            Self::GstInvoice => "GST e-invoice JSON",
            Self::Gobl => "GOBL JSON",
            Self::Json => "Hefu JSON",
            Self::OpenAttestation => "OpenAttestation JSON",
            Self::Blockcerts => "Blockcerts JSON",
            Self::Credential => "W3C credential JSON",
            Self::Mdoc => "ISO 18013-5 mdoc",
            Self::Mapped => "file read by a mapping",
            Self::Pdf => "PDF",
            Self::Ofd => "OFD",
            Self::Zip => "ZIP archive",
            Self::Cms => "CMS",
            Self::Unknown => "unknown format",
            Self::Carrying { outer, name, inner } => {
                // A hostile name must not draw on the reader's terminal.
                write!(f, "{outer} with {inner}")?;
                return match name.is_empty() {
                    true => Ok(()),
                    false => write!(f, " ({})", name.escape_debug()),
                };
            }
        })
    }
}
