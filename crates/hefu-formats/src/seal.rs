//! The file's own signatures: whether a seal that stands in an OFD or a PDF, or a signature
//! around a file, covers the bytes.
//!
//! That is a dimension of its own. A good seal says that whoever holds the seal's key saw these
//! bytes; nothing here knows whose seal it is, whether it was withdrawn, or whether the document is
//! still in force. Certificates are read and not judged: their names are what they call themselves.
//!
//! The digests that are compared may be MD5 or SHA-1 in old files: who signed could have prepared two
//! documents of one such digest. A certificate in a CMS signature is not itself signed by it: of a
//! certificate only the key is sure, the name around it is what stands there.
//!
//! A signature that cannot be read never keeps the document from being read: it becomes a seal whose
//! [`Cover`] is [`Cover::Unreadable`], and why.

mod asn1;
pub(crate) mod cms;
mod keys;
pub(crate) mod ofd;
pub(crate) mod pdf;
mod ses;

use std::fmt;

use crate::limits::SEAL_PARTS_LISTED_MAX;

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
    /// The stamp under which an OFD was sealed.
    pub stamp: Option<Stamp>,
}

impl Seal {
    /// A signature of which nothing can be said but why.
    fn unreadable(kind: SealKind, place: &str, why: &str) -> Self {
        Self {
            kind,
            place: place.to_owned(),
            signer: None,
            signed_at: None,
            cover: Cover::Unreadable(why.to_owned()),
            signature: SignatureCheck::NotChecked("the signature cannot be read".to_owned()),
            stamp: None,
        }
    }
}

/// The stamp of an electronic seal: a picture with a name, made by one party for the use of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// What the stamp calls itself.
    pub name: Option<String>,
    /// Who made it, as his certificate calls itself.
    pub maker: Option<String>,
    /// Whether the stamp is signed by the key of its maker's certificate.
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
    /// What it covers is unchanged, but the file holds more: these parts were added, or left out by
    /// who signed.
    Part(Vec<String>),
    /// These parts are not what was signed, or not there any more.
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
    /// It is not, and in what way.
    Bad(String),
    /// It was not looked at, and why.
    NotChecked(String),
}

impl SignatureCheck {
    /// A stable word, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad(_) => "bad",
            Self::NotChecked(_) => "not-checked",
        }
    }
}

impl fmt::Display for Seal {
    /// One line for a person. Names in it come from the file and never draw on a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cover {
            Cover::Whole => f.write_str("covers the whole file")?,
            Cover::Part(parts) => write!(f, "does not cover {}", listed(parts))?,
            Cover::Altered(parts) => write!(f, "BROKEN: altered since signing: {}", listed(parts))?,
            Cover::Unreadable(why) => write!(f, "cannot be compared with the file: {why}")?,
        }
        match &self.signature {
            SignatureCheck::Good => f.write_str("; signature good")?,
            SignatureCheck::Bad(why) => write!(f, "; SIGNATURE WRONG: {why}")?,
            SignatureCheck::NotChecked(why) => write!(f, "; signature not checked: {why}")?,
        }
        if let Some(signer) = &self.signer {
            write!(f, "; names itself {}", harmless(signer))?;
        }
        if let Some(time) = &self.signed_at {
            write!(f, "; says {}", harmless(time))?;
        }
        let Some(stamp) = &self.stamp else {
            return Ok(());
        };
        write!(
            f,
            "; stamp {}",
            stamp
                .name
                .as_deref()
                .map_or("without a name".to_owned(), harmless)
        )?;
        match &stamp.signature {
            SignatureCheck::Good => Ok(()),
            SignatureCheck::Bad(_) => f.write_str(" NOT SIGNED BY ITS MAKER"),
            SignatureCheck::NotChecked(_) => f.write_str(" (its maker's signature not checked)"),
        }
    }
}

/// The first few of a list that a hostile file may have made long.
fn listed(parts: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = parts
        .iter()
        .take(SHOWN)
        .map(|part| harmless(part))
        .collect();
    let mut text = shown.join(", ");
    if parts.len() > SHOWN {
        text.push_str(&format!(" and {} more", parts.len() - SHOWN));
    }
    text
}

/// What would draw on a terminal, or turn the direction of a text, is written as its number.
fn harmless(text: &str) -> String {
    let is_turning = |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .flat_map(|c| -> Box<dyn Iterator<Item = char>> {
            match c.is_control() || is_turning(c) {
                true => Box::new(c.escape_unicode()),
                false => Box::new(std::iter::once(c)),
            }
        })
        .collect()
}

/// The names, cut to a number that a person may still look at.
fn cut(mut parts: Vec<String>) -> Vec<String> {
    if parts.len() > SEAL_PARTS_LISTED_MAX {
        let more = parts.len() - SEAL_PARTS_LISTED_MAX;
        parts.truncate(SEAL_PARTS_LISTED_MAX);
        parts.push(format!("{more} more"));
    }
    parts
}
