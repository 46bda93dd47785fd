//! The files attached to a PDF (ISO 32000-1, 7.11.4, and 7.7.4 for the tree of their names;
//! PDF/A-3 lists them a second time, as associated files).

use std::collections::BTreeSet;

use lopdf::{decode_text_string, Dictionary, Object};

use super::file::PdfFile;
use crate::limits::{PDF_ATTACHMENTS_MAX, VALUE_BYTES_MAX};
use crate::ReadError;

/// How the names of attached files end that are read: invoices in XML, in XBRL, which is XML too, and
/// in JSON.
const ENDS: [&str; 3] = [".xml", ".xbrl", ".json"];

/// An attached file whose name says that it may be an invoice.
pub(crate) struct Attachment {
    pub(crate) name: String,
    /// The number of the stream that holds it.
    pub(crate) stream: u32,
}

/// The attachments that may be invoices by their names, each stream once, in the order of the file.
pub(crate) fn attachments(pdf: &mut PdfFile<'_>) -> Result<Vec<Attachment>, ReadError> {
    let mut attachments = Vec::new();
    let mut streams = BTreeSet::new();
    for specification in specifications(pdf)? {
        let Object::Dictionary(specification) = pdf.resolved(&specification)? else {
            continue;
        };
        let Some(name) = name(pdf, &specification)? else {
            continue;
        };
        let Some(stream) = stream(pdf, &specification)? else {
            continue;
        };
        let lower = name.to_ascii_lowercase();
        if ENDS.iter().any(|end| lower.ends_with(end)) && streams.insert(stream) {
            attachments.push(Attachment { name, stream });
        }
    }
    Ok(attachments)
}

/// All file specifications, unresolved.
fn specifications(pdf: &mut PdfFile<'_>) -> Result<Vec<Object>, ReadError> {
    let catalog = pdf.catalog()?;
    let mut specifications = match pdf.entry(&catalog, b"AF")? {
        Object::Array(items) => items,
        _ => Vec::new(),
    };
    let mut nodes = match pdf.entry(&catalog, b"Names")? {
        Object::Dictionary(names) => vec![pdf.entry(&names, b"EmbeddedFiles")?],
        _ => Vec::new(),
    };
    // A circle in the tree ends with the budget of lookups.
    while let Some(node) = nodes.pop() {
        let Object::Dictionary(node) = pdf.resolved(&node)? else {
            continue;
        };
        if let Object::Array(pairs) = pdf.entry(&node, b"Names")? {
            specifications.extend(pairs.into_iter().skip(1).step_by(2));
        }
        if let Object::Array(kids) = pdf.entry(&node, b"Kids")? {
            nodes.extend(kids);
        }
        hold(nodes.len())?;
        hold(specifications.len())?;
    }
    Ok(specifications)
}

fn hold(count: usize) -> Result<(), ReadError> {
    if count > PDF_ATTACHMENTS_MAX {
        return Err(ReadError::PdfTooComplex {
            what: "attachments",
            limit: PDF_ATTACHMENTS_MAX,
        });
    }
    Ok(())
}

/// The Unicode name where there is one.
fn name(pdf: &mut PdfFile<'_>, specification: &Dictionary) -> Result<Option<String>, ReadError> {
    for key in [&b"UF"[..], b"F"] {
        let text = pdf.entry(specification, key)?;
        if let Ok(name) = decode_text_string(&text) {
            if name.len() > VALUE_BYTES_MAX {
                return Err(ReadError::ValueTooLong {
                    name: "name of an attachment".to_owned(),
                });
            }
            return Ok(Some(name.trim().to_owned()));
        }
    }
    Ok(None)
}

/// The stream that holds the file.
fn stream(pdf: &mut PdfFile<'_>, specification: &Dictionary) -> Result<Option<u32>, ReadError> {
    let Object::Dictionary(files) = pdf.entry(specification, b"EF")? else {
        return Ok(None);
    };
    let found = [&b"UF"[..], b"F"]
        .iter()
        .find_map(|key| files.get(key).and_then(Object::as_reference).ok());
    Ok(found.map(|(number, _)| number))
}
