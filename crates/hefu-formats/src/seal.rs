//! The file's own signatures: whether a seal that stands in an OFD or a PDF covers the bytes.
//!
//! That is a dimension of its own. A good seal says that whoever holds the seal's key saw these
//! bytes; nothing here knows whose seal it is, whether it was withdrawn, or whether the document is
//! still in force. Certificates are read and not judged: their names are what they call themselves.

use std::fmt;

/// One signature of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// What it is.
    pub kind: SealKind,
    /// Where it stands in the file.
    pub place: String,
    /// Who signed, as the certificate in the signature calls itself.
    pub signer: Option<String>,
    /// When, as the signature says; nobody vouches for it.
    pub signed_at: Option<String>,
    /// Whether its digests are those of the file.
    pub cover: Cover,
    /// Whether the signature is made by the key of its certificate.
    pub signature: SignatureCheck,
}

/// The kinds of signatures that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealKind {
    /// An electronic seal in an OFD (GB/T 33190, 18; GB/T 38540).
    OfdSeal,
    /// A signature without a seal in an OFD.
    OfdSignature,
    /// A signature in a PDF (ISO 32000-1, 12.8).
    Pdf,
    /// A CMS signature around the file (RFC 5652).
    Cms,
}

impl SealKind {
    /// A stable word, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OfdSeal => "ofd-seal",
            Self::OfdSignature => "ofd-signature",
            Self::Pdf => "pdf-signature",
            Self::Cms => "cms-signature",
        }
    }
}

/// What of the file a signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cover {
    /// Every byte that makes the document.
    Whole,
    /// What it covers is unchanged, but the file holds more: these parts were added or left out.
    Part(Vec<String>),
    /// These parts are not what was signed.
    Altered(Vec<String>),
    /// The digests cannot be compared, and why.
    Unreadable(String),
}

impl Cover {
    /// A stable word, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part(_) => "part",
            Self::Altered(_) => "altered",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// Whether a signature is made by the key of the certificate that stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureCheck {
    /// It is.
    Good,
    /// It is not.
    Bad,
    /// It was not looked at, and why.
    NotChecked(String),
}

impl SignatureCheck {
    /// A stable word, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::NotChecked(_) => "not-checked",
        }
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cover {
            Cover::Whole => f.write_str("covers the whole file")?,
            Cover::Part(parts) => write!(f, "does not cover {}", listed(parts))?,
            Cover::Altered(parts) => write!(f, "BROKEN: altered since signing: {}", listed(parts))?,
            Cover::Unreadable(why) => write!(f, "cannot be compared with the file: {why}")?,
        }
        match &self.signature {
            SignatureCheck::Good => f.write_str("; signature good")?,
            SignatureCheck::Bad => f.write_str("; SIGNATURE WRONG")?,
            SignatureCheck::NotChecked(why) => write!(f, "; signature not checked: {why}")?,
        }
        if let Some(signer) = &self.signer {
            write!(f, "; names itself {signer}")?;
        }
        match &self.signed_at {
            Some(time) => write!(f, "; says {time}"),
            None => Ok(()),
        }
    }
}

/// The first few of a list that a hostile file may have made long.
fn listed(parts: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = parts[..parts.len().min(SHOWN)].join(", ");
    if parts.len() > SHOWN {
        text.push_str(&format!(" and {} more", parts.len() - SHOWN));
    }
    text
}
