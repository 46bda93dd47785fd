//! PDF: the invoice that it carries as an attachment (Factur-X, ZUGFeRD, XRechnung, the XML and XBRL of
//! Chinese vouchers, JSON), else the face of a Chinese document that its first pages show.
//!
//! Where there is an attached invoice, what the pages show is for people and not read here; whoever
//! compares it with the XML is the person who looks at both.
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
use crate::{Format, ReadError, Reading};

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
        .partition(|attachment| is_standard_name(&attachment.name));
    // Where the standard's attachment is there, whatever else is attached does not count.
    let mut invoices = invoices_in(&mut pdf, standard)?;
    if invoices.is_empty() {
        invoices = invoices_in(&mut pdf, others)?;
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
    Ok(Reading {
        format,
        ..reading.inside(&name)
    })
}

/// What the first pages show. Pages that cannot be read, or not within the limits, are no refusal of
/// the file: it is a PDF all the same, and its digest can be looked up. But nothing is said then of
/// the other pages, as what cannot be read may contradict them.
fn face(pdf: &mut PdfFile<'_>) -> Reading {
    let drawn = match text::drawn(pdf) {
        Ok(drawn) => drawn,
        Err(_) => {
            return Reading::without_identity(
                Format::Pdf,
                "an attached invoice, or pages whose text can be read within the limits",
            )
        }
    };
    let codes = pictures::codes(pdf, &drawn.pictures);
    match crate::face::read(&drawn.runs, &codes) {
        Ok(Some(stated)) => Reading::one(Format::Pdf, stated),
        Ok(None) => Reading::without_identity(
            Format::Pdf,
            "an invoice as attached XML (factur-x.xml), or pages with a Chinese invoice or licence",
        ),
        Err(_) => Reading::without_identity(Format::Pdf, "values of a real length on its pages"),
    }
}

fn invoices_in(
    pdf: &mut PdfFile<'_>,
    attachments: Vec<Attachment>,
) -> Result<Vec<(String, Reading)>, ReadError> {
    let mut invoices = Vec::new();
    for Attachment { name, stream } in attachments {
        let content = pdf.stream(stream)?;
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
