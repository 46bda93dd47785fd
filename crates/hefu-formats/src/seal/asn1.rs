//! ASN.1 as signatures write it (X.690): DER, and of BER the indefinite lengths that Italian
//! software writes around a file.
//!
//! Nothing is copied and nothing recursive: a [`Value`] is a piece of the input, so that what was
//! signed is hashed as it stands and never written anew. Each level is read only where it is known
//! what stands there, so the depth of what a stranger nests costs nothing.

use std::borrow::Cow;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const T61_STRING: u8 = 0x14;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// An octet string in pieces (X.690, 8.7.3): how deep pieces may be in pieces themselves.
const PIECES_DEPTH_MAX: usize = 4;

/// `[number]`, with elements in it.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content, as they stand in the input.
    pub(crate) whole: &'a [u8],
}

impl<'a> Value<'a> {
    /// The one element that the bytes are.
    pub(crate) fn only(bytes: &'a [u8]) -> Option<Self> {
        let mut values = Values(bytes);
        values.next().filter(|_| values.0.is_empty())
    }

    /// The elements in it.
    pub(crate) fn values(self) -> Values<'a> {
        Values(self.content)
    }

    pub(crate) fn is(&self, tag: u8) -> Option<Self> {
        (self.tag == tag).then_some(*self)
    }

    /// The bytes of a BIT STRING that is made of whole ones.
    pub(crate) fn bits(self) -> Option<&'a [u8]> {
        match self.is(BIT_STRING)?.content {
            [0, bytes @ ..] => Some(bytes),
            _ => None,
        }
    }

    /// The bytes of an OCTET STRING, in one piece or (BER) in several.
    pub(crate) fn octets(self) -> Option<Cow<'a, [u8]>> {
        self.octets_within(OCTET_STRING, PIECES_DEPTH_MAX)
    }

    /// The same under another tag: `[0] IMPLICIT OCTET STRING`.
    fn octets_within(self, tag: u8, depth: usize) -> Option<Cow<'a, [u8]>> {
        const CONSTRUCTED: u8 = 0x20;
        if self.tag == tag {
            return Some(Cow::Borrowed(self.content));
        }
        if self.tag != tag | CONSTRUCTED {
            return None;
        }
        let depth = depth.checked_sub(1)?;
        let mut bytes = Vec::new();
        let mut values = self.values();
        while !values.0.is_empty() {
            bytes.extend_from_slice(&values.next()?.octets_within(OCTET_STRING, depth)?);
        }
        Some(Cow::Owned(bytes))
    }

    /// A positive INTEGER without leading zeros, as it is written (DER, X.690, 8.3.2).
    pub(crate) fn natural(self) -> Option<&'a [u8]> {
        let is_high = |byte: &u8| *byte >= 0x80;
        match self.is(INTEGER)?.content {
            [] | [0] => None,
            // A zero in front keeps a number positive whose highest bit is set, and stands only there.
            [0, rest @ ..] => rest.first().is_some_and(is_high).then_some(rest),
            plain => (!plain.first().is_some_and(is_high)).then_some(plain),
        }
    }

    /// The text of one of the string types of a name, bounded and without what would draw on a
    /// terminal.
    pub(crate) fn text(self) -> Option<String> {
        const CHARACTERS_MAX: usize = 200;
        let text = match self.tag {
            // NumericString, PrintableString, IA5String, VisibleString: ASCII is UTF-8.
            UTF8_STRING | 0x12 | 0x13 | 0x16 | 0x1a => {
                String::from_utf8_lossy(self.content).into_owned()
            }
            // Who still writes T.61 writes Latin-1 in it.
            T61_STRING => self.content.iter().copied().map(char::from).collect(),
            BMP_STRING => {
                let units = self.content.chunks_exact(2);
                let units = units.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                char::decode_utf16(units)
                    .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect()
            }
            _ => return None,
        };
        let text: String = text.trim().chars().take(CHARACTERS_MAX).collect();
        Some(super::harmless(&text)).filter(|text| !text.is_empty())
    }

    /// A time as ISO 8601: `2020-10-10T07:11:20Z`.
    pub(crate) fn time(self) -> Option<String> {
        let text = std::str::from_utf8(self.content).ok()?;
        let (year, rest) = match self.tag {
            GENERALIZED_TIME => (text.get(..4)?.to_owned(), text.get(4..)?),
            UTC_TIME => {
                // RFC 5280, 4.1.2.5.1.
                let year = text.get(..2)?;
                let century = if year < "50" { "20" } else { "19" };
                (format!("{century}{year}"), text.get(2..)?)
            }
            _ => return None,
        };
        let (digits, zone) = (rest.get(..10)?, rest.get(10..)?);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_zone = zone
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".+-Z".contains(&byte));
        if !is_number(&year) || !is_number(digits) || !is_zone || zone.len() > 12 {
            return None;
        }
        let two = |at: usize| &digits[at..at + 2];
        let (month, day, hour, minute, second) = (two(0), two(2), two(4), two(6), two(8));
        Some(format!(
            "{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"
        ))
    }
}

/// Elements one after the other. What cannot be read ends them, and stays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a>(pub(crate) &'a [u8]);

impl<'a> Values<'a> {
    /// The next element, if it has this tag; else it stays.
    pub(crate) fn tagged(&mut self, tag: u8) -> Option<Value<'a>> {
        let mut ahead = *self;
        let value = ahead.next().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let header = header(self.0)?;
        let (content, rest) = match header.content_bytes {
            Some(bytes) => self.0[header.bytes..].split_at_checked(bytes)?,
            None => until_end(&self.0[header.bytes..])?,
        };
        let value = Value {
            tag: header.tag,
            content,
            whole: &self.0[..self.0.len() - rest.len()],
        };
        self.0 = rest;
        Some(value)
    }
}

struct Header {
    tag: u8,
    /// Tag and length.
    bytes: usize,
    /// `None`: up to two zero bytes (X.690, 8.1.3.6).
    content_bytes: Option<usize>,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    // Nothing that is read here has a tag of several bytes.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (more, content_bytes) = match first {
        0..=0x7f => (0, Some(usize::from(first))),
        0x80 if tag & 0x20 != 0 => (0, None),
        0x81..=0x84 => {
            let more = usize::from(first & 0x7f);
            let length = rest.get(..more)?.iter();
            let length = length.fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
            (more, Some(usize::try_from(length).ok()?))
        }
        _ => return None,
    };
    Some(Header {
        tag,
        bytes: 2 + more,
        content_bytes,
    })
}

/// The content of an element of indefinite length, and what stands behind its end: one pass,
/// however deep they nest.
fn until_end(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    /// Software writes pieces of a thousand bytes, so the largest file has far fewer.
    const ELEMENTS_MAX: usize = 1_000_000;
    let (mut at, mut open) = (0_usize, 1_usize);
    for _ in 0..ELEMENTS_MAX {
        let rest = bytes.get(at..)?;
        if rest.starts_with(&[0, 0]) {
            open -= 1;
            if open == 0 {
                return Some((&bytes[..at], &rest[2..]));
            }
            at += 2;
            continue;
        }
        let header = header(rest)?;
        match header.content_bytes {
            Some(content) => at = at.checked_add(header.bytes)?.checked_add(content)?,
            None => {
                open += 1;
                at += header.bytes;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_known_and_of_indefinite_length() {
        let value = Value::only(&[0x30, 3, 2, 1, 5]).unwrap();
        assert_eq!(value.values().next().unwrap().natural(), Some(&[5][..]));
        // 30 80 (24 80 (04 02 "ab") (24 80 (04 01 "c") 00 00) 00 00) 00 00
        let ber = [
            0x30, 0x80, 0x24, 0x80, 4, 2, b'a', b'b', 0x24, 0x80, 4, 1, b'c', 0, 0, 0, 0, 0, 0,
        ];
        let value = Value::only(&ber).unwrap();
        let pieces = value.values().next().unwrap();
        assert_eq!(pieces.octets().unwrap(), &b"abc"[..]);
    }

    #[test]
    fn what_is_no_element_is_none() {
        let pieces = [&[0x24, 0x80][..], &[4, 1, b'a'].repeat(1_000_000), &[0, 0]].concat();
        assert_eq!(Value::only(&pieces), None);
        let deep = [0x30, 0x80].repeat(100_000);
        let bad: [&[u8]; 10] = [
            &[],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0xff],
            &[4, 0x80, 0, 0],
            &[0x3f, 0x81, 1, 0],
            &[0x30, 0x80, 4, 0x84, 0xff, 0xff, 0xff, 0xff],
            &deep,
        ];
        for bytes in bad {
            assert_eq!(
                Value::only(bytes),
                None,
                "{:?}",
                &bytes[..bytes.len().min(8)]
            );
        }
        assert_eq!(Value::only(&[5, 0, 0]), None, "more behind it");
    }

    #[test]
    fn pieces_are_not_followed_without_end() {
        let mut bytes = vec![4, 1, b'x'];
        for _ in 0..=PIECES_DEPTH_MAX {
            bytes.insert(0, u8::try_from(bytes.len()).unwrap());
            bytes.insert(0, 0x24);
        }
        assert_eq!(Value::only(&bytes).unwrap().octets(), None);
        assert!(Value::only(&bytes[2..]).unwrap().octets().is_some());
    }

    #[test]
    fn times_names_and_numbers() {
        let value = |tag: u8, content: &str| -> Vec<u8> {
            let length = u8::try_from(content.len()).unwrap();
            [&[tag, length], content.as_bytes()].concat()
        };
        let time = |tag, text| Value::only(&value(tag, text)).unwrap().time();
        assert_eq!(
            time(GENERALIZED_TIME, "20201010071120Z").as_deref(),
            Some("2020-10-10T07:11:20Z")
        );
        assert_eq!(
            time(UTC_TIME, "221101092233Z").as_deref(),
            Some("2022-11-01T09:22:33Z")
        );
        assert_eq!(time(UTC_TIME, "22110109Z"), None);
        assert_eq!(time(GENERALIZED_TIME, "2020101007112\u{7f}"), None);
        let text = |tag, text| Value::only(&value(tag, text)).unwrap().text();
        assert_eq!(text(UTF8_STRING, " 税务 ").as_deref(), Some("税务"));
        assert_eq!(
            text(UTF8_STRING, "A\u{1b}[2J\u{202e}B").as_deref(),
            Some("A\\u{1b}[2J\\u{202e}B")
        );
        assert_eq!(text(BMP_STRING, "\0A\0B").as_deref(), Some("AB"));
        assert_eq!(text(UTF8_STRING, "  "), None);
        let natural = |bytes: &[u8]| {
            let der = [&[2, u8::try_from(bytes.len()).unwrap()], bytes].concat();
            Value::only(&der).unwrap().natural().map(<[u8]>::to_vec)
        };
        assert_eq!(natural(&[0, 0x80]), Some(vec![0x80]));
        for bad in [&[][..], &[0], &[0, 1], &[0x80], &[0, 0, 0x80]] {
            assert_eq!(natural(bad), None, "{bad:?}");
        }
    }
}
