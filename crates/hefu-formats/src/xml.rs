//! Invoices in XML: which syntax it is, within bounds, then its terms.
//!
//! [`survey`] reads the bytes once without building anything: it finds the root's name and holds
//! the file to [`crate::limits`], because the tree parser reserves memory by what it counts and
//! compares attributes and namespaces pairwise. Only then is the tree built, [`ubl`] or [`cii`]
//! says where each term of EN 16931 stands, and [`en16931`] makes identity and facts of them.

mod cii;
mod en16931;
mod survey;
mod tree;
mod ubl;

use std::borrow::Cow;

use roxmltree::{Document, ParsingOptions};

use crate::limits::XML_MARKS_MAX;
use crate::{ReadError, Reading};

/// `None` for XML that is no invoice which is read here.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    let bytes = utf16_as_utf8(bytes)?;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let Some(root) = survey::root_name(bytes) else {
        return Ok(None);
    };
    if !ubl::is_root(root) && !cii::is_root(root) {
        return Ok(None);
    }
    survey::hold_to_limits(bytes)?;
    let text = decoded(bytes)?;
    let options = ParsingOptions {
        allow_dtd: false,
        // Every node but the texts begins with `<`, and two texts never touch.
        nodes_limit: 2 * XML_MARKS_MAX as u32 + 2,
        entity_resolver: None,
    };
    let tree = Document::parse_with_options(text.trim_start(), options).map_err(refusal)?;
    let root = tree.root_element();
    match ubl::terms(root).or_else(|| cii::terms(root)) {
        Some(terms) => en16931::reading(&terms).map(Some),
        // A root of that name in another namespace is another language.
        None => Ok(None),
    }
}

fn refusal(error: roxmltree::Error) -> ReadError {
    match error {
        roxmltree::Error::DtdDetected => ReadError::Doctype,
        // Names in the sentence come from the file and may be of any length.
        error => ReadError::XmlMalformed {
            reason: error.to_string().escape_debug().take(200).collect(),
        },
    }
}

/// UTF-16 is told by its byte order mark (XML 1.0, 4.3.3), and then becomes UTF-8.
fn utf16_as_utf8(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ReadError> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        _ => return Ok(Cow::Borrowed(bytes)),
    };
    let pairs = bytes[2..].chunks_exact(2);
    let is_whole = pairs.remainder().is_empty();
    let mut units = pairs.map(|pair| unit([pair[0], pair[1]])).peekable();
    // Other formats begin with these two bytes, too, and other texts with this mark.
    if units.peek() != Some(&u16::from(b'<')) {
        return Ok(Cow::Borrowed(bytes));
    }
    match char::decode_utf16(units).collect::<Result<String, _>>() {
        Ok(text) if is_whole => Ok(Cow::Owned(text.into_bytes())),
        _ => Err(ReadError::Encoding {
            claimed: "utf-16".to_owned(),
        }),
    }
}

/// The characters, by the encoding that the XML declares: a file that is valid UTF-8 and declares
/// ISO-8859-1 means other characters than the same bytes without the declaration.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let declared = survey::declared_encoding(bytes).unwrap_or_else(|| "utf-8".to_owned());
    let text = match declared.as_str() {
        "iso-8859-1" => Some(bytes.iter().copied().map(char::from).collect()),
        // UTF-16 has become UTF-8 by now and still declares itself. Nearly every other encoding
        // agrees with UTF-8 on ASCII, and on nothing else.
        "utf-8" | "us-ascii" | "utf-16" => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        _ if bytes.is_ascii() => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        _ => None,
    };
    text.ok_or_else(|| ReadError::Encoding {
        claimed: declared.escape_debug().take(40).collect(),
    })
}

#[cfg(test)]
mod tests;
