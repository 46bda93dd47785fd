//! Documents in XML: which language it is, within bounds, then its terms.
//!
//! [`survey`] reads the bytes once without building anything: it finds the root's name and holds
//! the file to [`crate::limits`], because the tree parser reserves memory by what it counts and
//! compares attributes and namespaces pairwise. Only then is the tree built. Of an EN 16931 invoice
//! [`ubl`] or [`cii`] says where each term stands, and [`en16931`] makes identity and facts of them;
//! each other language has a module of its own.

mod cfdi;
pub(crate) mod chinese;
mod cii;
mod en16931;
mod fatturapa;
mod nfe;
mod survey;
pub(crate) mod tree;
mod ubl;

use std::borrow::Cow;

use roxmltree::{Document, ParsingOptions};

use crate::limits::XML_MARKS_MAX;
use crate::{edifact, ReadError, Reading};

/// `None` for XML that is no document which is read here.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    const ROOTS: [fn(&[u8]) -> bool; 7] = [
        ubl::is_root,
        cii::is_root,
        chinese::is_root,
        fatturapa::is_root,
        cfdi::is_root,
        nfe::is_root,
        edifact::is_root,
    ];
    let is_known = |root: &[u8]| ROOTS.iter().any(|is_root| is_root(root));
    with_tree(bytes, is_known, |root| {
        if let Some(terms) = ubl::terms(root).or_else(|| cii::terms(root)) {
            return en16931::reading(&terms).map(Some);
        }
        for read in [
            chinese::read,
            fatturapa::read,
            cfdi::read,
            nfe::read,
            edifact::read_xml,
        ] {
            if let Some(reading) = read(root)? {
                return Ok(Some(reading));
            }
        }
        // A root of that name in another namespace is another language.
        Ok(None)
    })
}

/// Builds the tree of an XML file within bounds, if its root's local name is known, and answers what
/// is made of it.
pub(crate) fn with_tree<T>(
    bytes: &[u8],
    is_known: impl Fn(&[u8]) -> bool,
    read: impl FnOnce(roxmltree::Node<'_, '_>) -> Result<Option<T>, ReadError>,
) -> Result<Option<T>, ReadError> {
    let bytes = utf16_as_utf8(bytes)?;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    if !survey::root_name(bytes).is_some_and(is_known) {
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
    read(tree.root_element())
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
/// ISO-8859-1 means other characters than the same bytes without the declaration. The names are those
/// of the Encoding Standard, which reads `iso-8859-1` as windows-1252 and `gb2312` as GBK, as software
/// that writes them does.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let declared = survey::declared_encoding(bytes).unwrap_or_else(|| "utf-8".to_owned());
    let text = match declared.as_str() {
        // UTF-16 has become UTF-8 by now and still declares itself.
        "utf-8" | "us-ascii" | "utf-16" => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        // An encoding that is not known could write one text by the bytes of another one, as UTF-7
        // and ISO-2022 do.
        _ => encoding_rs::Encoding::for_label_no_replacement(declared.as_bytes())
            .filter(|encoding| encoding.is_ascii_compatible())
            .and_then(|encoding| {
                encoding.decode_without_bom_handling_and_without_replacement(bytes)
            }),
    };
    text.ok_or_else(|| ReadError::Encoding {
        claimed: declared.escape_debug().take(40).collect(),
    })
}

#[cfg(test)]
mod tests;
