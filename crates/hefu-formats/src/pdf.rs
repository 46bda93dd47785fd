//! PDF: the invoice that it carries as an attachment (Factur-X, ZUGFeRD, XRechnung, the XML and XBRL of
//! Chinese vouchers, JSON), else the face of a Chinese document that its first pages show.
//!
//! Where there is an attached invoice, the face of a Chinese document must show the same. What other
//! pages show is for people and not read here; whoever compares it with the XML is the person who looks
//! at both.
//!
//! `lopdf` decodes the filters of streams and gives the types of objects. The way to the
//! attachments is our own, in [`mod@file`] and [`syntax`]: `lopdf` loads every object of a document,
//! once for each entry of its cross-reference table, so that a file of ten kilobytes whose million
//! entries name one stream keeps it busy for more than an hour (measured with 0.47: 5 ms an
//! entry). Here the few objects between the root and the attachments are read, each under a
//! budget.

mod attachments;
pub(crate) mod file;
mod font;
mod pictures;
mod syntax;
mod text;

use self::attachments::Attachment;
use self::file::PdfFile;
use crate::limits::PDF_ATTACHED_BYTES_MAX;
use crate::{Format, Identity, ReadError, Reading, Stated};

/// What the standards call the attachment: ZUGFeRD 1, ZUGFeRD 2.0, Factur-X and ZUGFeRD 2.1,
/// XRechnung.
const STANDARD_NAMES: [&str; 3] = ["zugferd-invoice.xml", "factur-x.xml", "xrechnung.xml"];

fn is_standard_name(name: &str) -> bool {
    STANDARD_NAMES
        .iter()
        .any(|standard| name.eq_ignore_ascii_case(standard))
}

/// Whether the file claims to be a PDF: readers look for the header in the first 1,024 bytes
/// (ISO 32000-1, annex H, note 13).
pub(crate) fn claims(bytes: &[u8]) -> bool {
    file::header_position(bytes).is_some()
}

pub(crate) fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let mut reading = read_document(bytes)?;
    reading.seals.extend(crate::seal::pdf::seals(bytes));
    Ok(reading)
}

fn read_document(bytes: &[u8]) -> Result<Reading, ReadError> {
    let mut pdf = PdfFile::open(bytes)?;
    if pdf.is_encrypted() {
        return Ok(Reading::without_identity(
            Format::Pdf,
            "a PDF without encryption",
        ));
    }
    let (standard, others): (Vec<_>, Vec<_>) = attachments::attachments(&mut pdf)?
        .into_iter()
        .partition(|attachment| attachment.is_standard);
    // Where the standard's attachment is there, whatever else is attached does not count.
    let mut bytes_left = PDF_ATTACHED_BYTES_MAX;
    let mut invoices = invoices_in(&mut pdf, standard, &mut bytes_left)?;
    if invoices.is_empty() {
        invoices = invoices_in(&mut pdf, others, &mut bytes_left)?;
    }
    let mut invoices = invoices.into_iter();
    let Some((name, reading)) = invoices.next() else {
        return Ok(face(&mut pdf));
    };
    let is_one = invoices.all(|(_, other)| reading.agrees_with(&other));
    let format = Format::carrying(Format::Pdf, &name, reading.format.clone());
    if !is_one {
        // Readers differ in which attachment they take, so neither is the document's.
        return Ok(Reading::without_identity(
            format,
            "one invoice: the attached ones differ",
        ));
    }
    let mut reading = Reading {
        format,
        ..reading.inside(&name)
    };
    if let [document] = &mut reading.documents[..] {
        hold_to_face(document, shown(&mut pdf));
    }
    Ok(reading)
}

/// What the first pages show. Pages that cannot be read, or not within the limits, are no refusal of
/// the file: it is a PDF all the same, and its digest can be looked up. But nothing is said then of
/// the other pages, as what cannot be read may contradict them.
fn face(pdf: &mut PdfFile<'_>) -> Reading {
    match shown(pdf) {
        Ok(Some(stated)) => Reading::one(Format::Pdf, stated),
        Ok(None) => Reading::without_identity(
            Format::Pdf,
            "an invoice as attached XML (factur-x.xml), or pages with a Chinese invoice or licence",
        ),
        Err(missing) => Reading::without_identity(Format::Pdf, missing),
    }
}

/// The Chinese document that the first pages show, or what is missing to read them.
fn shown(pdf: &mut PdfFile<'_>) -> Result<Option<Stated>, &'static str> {
    let drawn = text::drawn(pdf)
        .map_err(|_| "an attached invoice, or pages whose text can be read within the limits")?;
    let codes = pictures::codes(pdf, &drawn.pictures);
    crate::face::read(&drawn.runs, &codes).map_err(|_| "values of a real length on its pages")
}

/// The document that is attached must be the one that a person sees, where the pages can be read: those
/// of Chinese documents. Where they show another number there is none.
fn hold_to_face(document: &mut Stated, shown: Result<Option<Stated>, &'static str>) {
    let Ok(Some(face)) = shown else {
        // Only the forms of Chinese documents are known, so only these can be missed.
        if document.profile.name().starts_with("cn.") {
            let doubt =
                "its pages show no text by which they could be compared with what is attached";
            document.doubts.push(doubt.to_owned());
        }
        return;
    };
    let mut is_other = face.profile != document.profile;
    if is_other {
        document.doubts.push(format!(
            "its pages show a document of the type {}, and what is attached is one of {}",
            face.profile.name(),
            document.profile.name()
        ));
    }
    for fact in &face.facts {
        // The page calls its type by words and the XML by a code, and the currency is the law's.
        if matches!(fact.name.as_str(), "document-type" | "title" | "currency") {
            continue;
        }
        let Some(at) = (document.facts.iter()).position(|other| other.name == fact.name) else {
            continue;
        };
        if document.facts[at].value == fact.value {
            continue;
        }
        let other = document.facts.remove(at);
        let doubt = format!(
            "{} is {} at {} and {} at {}",
            fact.name, other.written, other.place, fact.written, fact.place
        );
        document.doubts.push(doubt.escape_debug().to_string());
        let of_number = |identity: &Identity| {
            [&identity.legal_issuer, &identity.series, &identity.number].contains(&&other.value)
        };
        is_other |= document.identity.as_ref().is_some_and(of_number);
    }
    if is_other && document.identity.take().is_some() {
        let missing = "one number: the pages show another one than what is attached";
        document.missing.push(missing);
    }
}

fn invoices_in(
    pdf: &mut PdfFile<'_>,
    attachments: Vec<Attachment>,
    bytes_left: &mut usize,
) -> Result<Vec<(String, Reading)>, ReadError> {
    let mut invoices = Vec::new();
    for Attachment { name, stream, .. } in attachments {
        let content = pdf.stream(stream)?;
        *bytes_left = (bytes_left.checked_sub(content.len())).ok_or(ReadError::PdfTooComplex {
            what: "bytes in its attachments",
            limit: PDF_ATTACHED_BYTES_MAX,
        })?;
        let read = match name.to_ascii_lowercase().ends_with(".json") {
            true => crate::json::read(&content),
            false => crate::xml::read(&content),
        };
        match read {
            Ok(reading) => invoices.extend(reading.map(|reading| (name, reading))),
            Err(refusal) => {
                return Err(ReadError::Attachment {
                    name,
                    refusal: Box::new(refusal),
                })
            }
        }
    }
    Ok(invoices)
}

#[cfg(test)]
mod tests;
