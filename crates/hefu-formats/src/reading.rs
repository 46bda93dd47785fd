//! What [`crate::read`] answers.

use std::fmt;

use crate::limits::VALUE_BYTES_MAX;
use crate::ReadError;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the file is.
    pub format: Format,
    /// Under which legal number the document stands, if the file says all of it.
    pub identity: Option<Identity>,
    /// What is missing for an identity, in words for a person; empty where there is one.
    pub missing: Vec<&'static str>,
    /// What the document states, sorted by name, each name once.
    pub facts: Vec<Fact>,
}

impl Reading {
    pub(crate) fn without_identity(format: Format, missing: &'static str) -> Self {
        Self {
            format,
            identity: None,
            missing: vec![missing],
            facts: Vec::new(),
        }
    }

    pub(crate) fn unknown() -> Self {
        Self::without_identity(
            Format::Unknown,
            "a format that is read: UBL, CII, PDF with one of them inside, JSON",
        )
    }

    /// Whether both files state the same of the same document, wherever in the file it stands.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let stated = |reading: &Self| -> Vec<(String, String)> {
            let pairs = reading.facts.iter();
            pairs
                .map(|fact| (fact.name.clone(), fact.value.clone()))
                .collect()
        };
        self.identity == other.identity && stated(self) == stated(other)
    }
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// A UBL 2.1 `Invoice` or `CreditNote`.
    Ubl,
    /// A UN/CEFACT Cross Industry Invoice, D16B or the older one of ZUGFeRD 1.
    Cii,
    /// A PDF that carries an invoice as XML (Factur-X, ZUGFeRD, XRechnung).
    PdfWithXml(Attachment),
    /// A PDF for people only.
    Pdf,
    /// Our own JSON form.
    Json,
    /// A Chinese OFD (GB/T 33190).
    Ofd,
    /// Anything else; its bytes can still be looked up.
    Unknown,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ubl => Syntax::Ubl.fmt(f),
            Self::Cii => Syntax::Cii.fmt(f),
            Self::PdfWithXml(Attachment { name, syntax }) => {
                // A hostile name must not draw on the reader's terminal.
                write!(f, "PDF with {syntax} attached ({})", name.escape_debug())
            }
            Self::Pdf => f.write_str("PDF"),
            Self::Json => f.write_str("Hefu JSON"),
            Self::Ofd => f.write_str("OFD"),
            Self::Unknown => f.write_str("unknown format"),
        }
    }
}

/// The attachment that a PDF's identity was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, as the PDF gives it.
    pub name: String,
    /// What it is.
    pub syntax: Syntax,
}

/// The two syntaxes of EN 16931.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// OASIS UBL 2.1.
    Ubl,
    /// UN/CEFACT Cross Industry Invoice.
    Cii,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ubl => "UBL XML",
            Self::Cii => "CII XML",
        })
    }
}

/// The parts of a legal number, as the document writes them; only white space around them is cut.
///
/// Normalising is the profile's business, in `hefu-types`: whether `DE 123` is `DE123` is a
/// question of law, not of the file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Who gave the number, as the document names him.
    pub legal_issuer: String,
    /// The class within which numbers are unique, for EN 16931 `invoice` or `credit-note`.
    pub class: String,
    /// The series; empty for EN 16931, whose numbers have none.
    pub series: String,
    /// The number itself.
    pub number: String,
    /// The period after which numbers start again; empty for EN 16931, where they never do.
    pub period: String,
}

/// One thing that a document states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fact {
    /// Its name: lower case letters, digits and hyphens.
    pub name: String,
    /// Its value, normalised so that renditions of one document agree.
    pub value: String,
    /// Where it stands: an XPath of local names or a JSON pointer, in a PDF after the attachment's
    /// name and a colon.
    pub place: String,
}

impl Fact {
    /// `None` for an empty value: an empty element states nothing.
    pub(crate) fn new(name: &str, value: String, place: String) -> Result<Option<Self>, ReadError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(ReadError::ValueTooLong {
                name: name.to_owned(),
            });
        }
        Ok((!value.is_empty()).then(|| Self {
            name: name.to_owned(),
            value,
            place,
        }))
    }
}
