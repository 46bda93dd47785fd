//! One pass over the bytes of an XML file, before any tree is built.
//!
//! Every encoding that is read agrees with ASCII on markup, so this works on bytes. Where the XML
//! is not well-formed the pass may misjudge what follows; the parser stops at that place.

use crate::limits::{
    XML_ATTRIBUTES_MAX, XML_DEPTH_MAX, XML_MARKS_MAX, XML_NAMESPACES_MAX, XML_NAMESPACE_COPIES_MAX,
};
use crate::ReadError;

/// The root element's local name, or the one that a DOCTYPE announces.
pub(crate) fn root_name(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == b'<')?;
        let rest = &bytes[at..];
        if rest.starts_with(b"<?") {
            at += 2 + position(&rest[2..], b"?>")?;
        } else if rest.starts_with(b"<!--") {
            at += 4 + position(&rest[4..], b"-->")?;
        } else {
            let name = rest
                .strip_prefix(b"<!DOCTYPE")
                .unwrap_or(&rest[1..])
                .trim_ascii_start();
            let end = name.iter().position(|byte| b" \t\r\n/>[".contains(byte));
            let name = &name[..end?];
            let prefix = name
                .iter()
                .position(|&byte| byte == b':')
                .map_or(0, |colon| colon + 1);
            return Some(&name[prefix..]);
        }
    }
}

/// The encoding of the XML declaration, in lower case.
pub(crate) fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii_start();
    if !bytes.starts_with(b"<?xml") {
        return None;
    }
    let declaration = &bytes[..position(bytes, b"?>")?];
    let value = &declaration[position(declaration, b"encoding")? + b"encoding".len()..];
    let quote = value.iter().position(|byte| b"'\"".contains(byte))?;
    let name = value[quote + 1..]
        .split(|&byte| byte == value[quote])
        .next()?;
    Some(String::from_utf8_lossy(name).to_ascii_lowercase())
}

/// Refuses what would cost the parser more than time and memory in proportion to the file.
pub(crate) fn hold_to_limits(bytes: &[u8]) -> Result<(), ReadError> {
    for (mark, what) in [(b'<', "tags"), (b'=', "attributes")] {
        let marks = bytes.iter().filter(|&&byte| byte == mark).count();
        hold(marks, XML_MARKS_MAX, what)?;
    }
    // For each open element, how many namespace declarations are in force in it.
    let mut open: Vec<usize> = Vec::new();
    let mut copies = 0_usize;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == b'<') {
        at += found;
        let rest = &bytes[at..];
        let skipped = if rest.starts_with(b"<?") {
            position(rest, b"?>")
        } else if rest.starts_with(b"<!--") {
            position(&rest[4..], b"-->").map(|end| end + 4)
        } else if rest.starts_with(b"<![CDATA[") {
            position(rest, b"]]>")
        } else if rest.starts_with(b"<!") {
            return Err(ReadError::Doctype);
        } else {
            let tag = Tag::at(rest);
            if rest.starts_with(b"</") {
                open.pop();
            } else {
                hold(
                    tag.attributes,
                    XML_ATTRIBUTES_MAX,
                    "attributes of one element",
                )?;
                let in_force = open.last().unwrap_or(&0) + tag.namespaces;
                hold(in_force, XML_NAMESPACES_MAX, "namespaces in one place")?;
                if tag.namespaces > 0 {
                    copies += in_force;
                    hold(copies, XML_NAMESPACE_COPIES_MAX, "namespaces in all")?;
                }
                if !tag.is_empty {
                    open.push(in_force);
                    hold(open.len(), XML_DEPTH_MAX, "levels of elements")?;
                }
            }
            Some(tag.bytes)
        };
        match skipped {
            Some(bytes) => at += bytes.max(1),
            // It never ends: not well-formed, and the parser says where.
            None => return Ok(()),
        }
    }
    Ok(())
}

fn hold(count: usize, limit: usize, what: &'static str) -> Result<(), ReadError> {
    if count > limit {
        return Err(ReadError::XmlTooComplex { what, limit });
    }
    Ok(())
}

struct Tag {
    /// Up to and without its `>`.
    bytes: usize,
    attributes: usize,
    namespaces: usize,
    is_empty: bool,
}

impl Tag {
    fn at(bytes: &[u8]) -> Self {
        let mut tag = Self {
            bytes: bytes.len(),
            attributes: 0,
            namespaces: 0,
            is_empty: false,
        };
        let mut quote = None;
        for (at, &byte) in bytes.iter().enumerate() {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    tag.attributes += 1;
                    if tag.attributes > XML_ATTRIBUTES_MAX {
                        break;
                    }
                    let name = bytes[..at].trim_ascii_end();
                    let start = name
                        .iter()
                        .rposition(u8::is_ascii_whitespace)
                        .map_or(0, |space| space + 1);
                    tag.namespaces += usize::from(name[start..].starts_with(b"xmlns"));
                }
                (None, b'>') => {
                    tag.bytes = at;
                    tag.is_empty = bytes[..at].ends_with(b"/");
                    break;
                }
                (None, _) => {}
            }
        }
        tag
    }
}

fn position(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes
        .windows(sought.len())
        .position(|window| window == sought)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_behind_the_prolog() {
        let check = |xml: &str, root: Option<&str>| {
            assert_eq!(root_name(xml.as_bytes()), root.map(str::as_bytes), "{xml}");
        };
        check("<a/>", Some("a"));
        check(" <?xml version='1.0'?><!-- <b> --><rsm:a x='1'>", Some("a"));
        check("<!DOCTYPE html><b>", Some("html"));
        check("<?xml", None);
        check("<!-- ", None);
        check("<a", None);
        check("<>", Some(""));
        check("", None);
    }

    #[test]
    fn the_declared_encoding_is_read() {
        let declared = |xml: &str| declared_encoding(xml.as_bytes());
        assert_eq!(
            declared("<?xml version='1.0' encoding = 'UTF-8'?>").as_deref(),
            Some("utf-8")
        );
        assert_eq!(declared("<?xml version=\"1.0\"?><a encoding='x'/>"), None);
        assert_eq!(declared("<a encoding='x'/>"), None);
    }

    #[test]
    fn what_would_cost_the_parser_too_much_is_refused() {
        let check = |xml: String, refused: Option<&str>| {
            let what = match hold_to_limits(xml.as_bytes()) {
                Ok(()) => None,
                Err(ReadError::XmlTooComplex { what, .. }) => Some(what),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(what, refused);
        };
        check("<a>".repeat(XML_DEPTH_MAX), None);
        check("<a>".repeat(XML_DEPTH_MAX + 1), Some("levels of elements"));
        check("<a b='>' /><a></a>".repeat(100), None);
        check("<!-- <a> --><![CDATA[<a>]]><?p <a>?>".repeat(100), None);
        check("<".repeat(XML_MARKS_MAX + 1), Some("tags"));
        check("=".repeat(XML_MARKS_MAX + 1), Some("attributes"));
        let attributes =
            |count: usize| (0..count).map(|n| format!(" a{n}='='")).collect::<String>();
        check(format!("<a{}>", attributes(XML_ATTRIBUTES_MAX)), None);
        check(
            format!("<a{}>", attributes(XML_ATTRIBUTES_MAX + 1)),
            Some("attributes of one element"),
        );
        check(
            "<a xmlns:x='u' xmlns:y = 'u' xmlns='u'>".repeat(22),
            Some("namespaces in one place"),
        );
        check("<a xmlns:x='u'></a>".repeat(1000), None);
        let many = "<a xmlns:x='u'>".repeat(60) + &"<a xmlns:x='u'/>".repeat(200_000);
        check(many, Some("namespaces in all"));
    }
}
