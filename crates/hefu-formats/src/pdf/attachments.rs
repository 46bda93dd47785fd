//! The files attached to a PDF (ISO 32000-1, 7.11.4, and 7.7.4 for the tree of their names;
//! PDF/A-3 lists them a second time, as associated files).

use std::collections::BTreeSet;

use lopdf::{decode_text_string, Dictionary, Object};

use super::file::PdfFile;
use super::is_standard_name;
use crate::limits::{PDF_ATTACHMENTS_MAX, VALUE_BYTES_MAX};
use crate::ReadError;

/// How the names of attached files end that are read: invoices in XML, in XBRL, which is XML too, and
/// in JSON.
const ENDS: [&str; 3] = [".xml", ".xbrl", ".json"];

/// An attached file whose name says that it may be an invoice.
pub(crate) struct Attachment {
    pub(crate) name: String,
    /// Whether one of its names is one that a standard gives.
    pub(crate) is_standard: bool,
    /// The number of the stream that holds it.
    pub(crate) stream: u32,
}

/// The attachments that may be invoices by their names, each stream once, in the order of the file.
///
/// A specification may give an attachment several names and several streams, and programs differ in
/// which they take: so every name counts, and every stream is an attachment.
pub(crate) fn attachments(pdf: &mut PdfFile<'_>) -> Result<Vec<Attachment>, ReadError> {
    let mut attachments = Vec::new();
    let mut seen = BTreeSet::new();
    for (key, specification) in specifications(pdf)? {
        let Object::Dictionary(specification) = pdf.resolved(&specification)? else {
            continue;
        };
        let names = names(pdf, &key, &specification)?;
        let ends = |name: &String| {
            let lower = name.to_ascii_lowercase();
            ENDS.iter().any(|end| lower.ends_with(end))
        };
        let Some(name) = names.iter().find(|name| ends(name)) else {
            continue;
        };
        let is_standard = names.iter().any(|name| is_standard_name(name));
        for stream in streams(pdf, &specification)? {
            if seen.insert((stream, is_standard)) {
                attachments.push(Attachment {
                    name: name.clone(),
                    is_standard,
                    stream,
                });
            }
        }
    }
    Ok(attachments)
}

/// All file specifications, unresolved, each with its key in the tree of names.
fn specifications(pdf: &mut PdfFile<'_>) -> Result<Vec<(Object, Object)>, ReadError> {
    let catalog = pdf.catalog()?;
    let mut specifications = match pdf.entry(&catalog, b"AF")? {
        Object::Array(items) => items.into_iter().map(|item| (Object::Null, item)).collect(),
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
            let mut pairs = pairs.into_iter();
            while let Some(pair) = pairs.next().zip(pairs.next()) {
                specifications.push(pair);
            }
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

/// The Unicode name, the other one, and the key in the tree of names.
fn names(
    pdf: &mut PdfFile<'_>,
    key: &Object,
    specification: &Dictionary,
) -> Result<Vec<String>, ReadError> {
    let mut names = Vec::new();
    let texts = [
        pdf.entry(specification, b"UF")?,
        pdf.entry(specification, b"F")?,
        pdf.resolved(key)?,
    ];
    for text in texts {
        if let Ok(name) = decode_text_string(&text) {
            if name.len() > VALUE_BYTES_MAX {
                return Err(ReadError::ValueTooLong {
                    name: "name of an attachment".to_owned(),
                });
            }
            names.push(name.trim().to_owned());
        }
    }
    Ok(names)
}

/// The streams that hold the file: one nearly always, written once or twice.
fn streams(pdf: &mut PdfFile<'_>, specification: &Dictionary) -> Result<Vec<u32>, ReadError> {
    let Object::Dictionary(files) = pdf.entry(specification, b"EF")? else {
        return Ok(Vec::new());
    };
    let found = [&b"UF"[..], b"F", b"Unix", b"DOS", b"Mac"].into_iter();
    let found = found.filter_map(|key| files.get(key).and_then(Object::as_reference).ok());
    Ok(found.map(|(number, _)| number).collect())
}
