//! Documents as their holders have them: identity and facts out of real files.
//!
//! Start at [`read`]. It looks at the bytes alone, never at a file's name, and says what the file
//! is ([`Format`]), under which legal number it stands ([`Identity`]) and what it states
//! ([`Fact`]). A rendition of the same document in another syntax gives the same identity and the
//! same facts: amounts are minor units, dates are ISO 8601, white space is collapsed.
//!
//! In scope: UBL 2.1 and UN/CEFACT CII invoices (EN 16931), ZUGFeRD 1, PDF that carries one of
//! them (Factur-X, ZUGFeRD, XRechnung), and a small JSON form of our own. FatturaPA, CFDI, NF-e and
//! its relatives, GST e-invoices of India, GOBL and EDIFACT INVOIC; a file inside a CMS signature.
//! Chinese invoices, fiscal bills, rail and air tickets and electronic licences: their XML, OFD, and
//! the face that a page shows; ZIP archives of documents ([`mod@archive`]).
//! Certificates and licences of other systems: OpenAttestation, Blockcerts, W3C credentials, mobile
//! documents of ISO 18013-5. Whatever else is JSON, XML or CSV is read by a [`mapping`].
//! Not here: digests and keys (`hefu-types`), whether a document is authentic (`hefu-proof`), and
//! any judgement whether an invoice is correct: nothing is computed, nothing is guessed, and what
//! is written twice with different values counts as not written.
//!
//! Files come from strangers. Every bound is a constant in [`limits`]; beyond it a file is refused
//! with a [`ReadError`], and what a file holds never panics. This crate has no clock, no disk, no
//! socket and no thread, so it also runs in a browser.

// A test that unwraps fails, which is what it is for.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod archive;
mod chinese;
mod cms;
mod code_lists;
mod edifact;
mod encoded;
mod error;
mod face;
mod fact;
mod invoice;
mod json;
mod licence;
pub mod limits;
pub mod mapping;
mod mdoc;
mod ofd;
mod page;
mod pdf;
mod qr;
mod reading;
pub mod seal;
mod values;
mod xml;

pub use error::ReadError;
pub use fact::{Fact, FactType};
pub use mapping::{read_mapped, Mapping, MappingError};
pub use reading::{Format, Identity, Kind, Profile, Reading, Stated};
pub use values::{decimal, minor_units};

/// Reads what the file is, its identity and its facts.
///
/// A file of an unknown format is no error: it is [`Format::Unknown`], and its digest can still be
/// looked up. An error means that the file claims a known format and breaks it, or goes beyond
/// what is read of one.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    if bytes.len() > limits::FILE_BYTES_MAX {
        return Err(ReadError::FileTooLarge {
            bytes: bytes.len(),
            bytes_max: limits::FILE_BYTES_MAX,
        });
    }
    if bytes.is_empty() {
        return Ok(Reading::without_identity(
            Format::Unknown,
            "any content: the file is empty",
        ));
    }
    let reading = read_as_it_begins(bytes)?;
    match other_format(bytes, &reading.format) {
        Some(other) => Err(ReadError::TwoFormats {
            one: reading.format.to_string(),
            other,
        }),
        None => Ok(reading),
    }
}

/// The format that another program may take the file for: some look for a PDF in the first 1,024
/// bytes, and all look for a ZIP archive, so also for an OFD, at the end. Such a file would show one
/// document there and another one here.
fn other_format(bytes: &[u8], format: &Format) -> Option<&'static str> {
    let outer = match format {
        Format::Carrying { outer, .. } => outer,
        format => format,
    };
    match outer {
        // An archive is none of its files, the first of which may be a PDF.
        Format::Unknown | Format::Zip => None,
        // What is signed may begin so near to the beginning that it is the PDF.
        Format::Cms => archive::ends(bytes).then_some("a ZIP archive"),
        Format::Ofd => pdf::claims(bytes).then_some("a PDF"),
        Format::Pdf => archive::ends(bytes).then_some("a ZIP archive"),
        _ if pdf::claims(bytes) => Some("a PDF"),
        _ => archive::ends(bytes).then_some("a ZIP archive"),
    }
}

fn read_as_it_begins(bytes: &[u8]) -> Result<Reading, ReadError> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'<' | 0xFE | 0xFF) => Ok(xml::read(bytes)?.unwrap_or_else(Reading::unknown)),
        Some(b'{' | b'[') => Ok(json::read(text)?.unwrap_or_else(Reading::unknown)),
        _ if cms::claims(bytes) => Ok(cms::read(bytes)?.unwrap_or_else(Reading::unknown)),
        _ if archive::claims(bytes) => {
            let archive = archive::Archive::open(bytes)?;
            if ofd::claims(&archive) {
                return ofd::read(archive);
            }
            Ok(Reading::without_identity(
                Format::Zip,
                "one document: open the archive, each of its files is one",
            ))
        }
        _ if pdf::claims(bytes) => pdf::read(bytes),
        _ => {
            for read in [edifact::read, cms::read, mdoc::read, json::read_token] {
                if let Some(reading) = read(bytes)? {
                    return Ok(reading);
                }
            }
            Ok(Reading::unknown())
        }
    }
}
