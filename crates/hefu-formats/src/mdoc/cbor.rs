//! A CBOR tree (RFC 8949) within bounds. It borrows from the file, reserves nothing by a length that
//! the file declares, and keeps of each tag the bytes that it covers, because digests are of those.

use minicbor::data::Type;
use minicbor::Decoder;

use crate::limits::{CBOR_DEPTH_MAX, CBOR_VALUES_MAX};
use crate::ReadError;

/// A value; what no mobile document needs to be told apart is [`Cbor::Other`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cbor<'b> {
    Uint(u64),
    Bytes(&'b [u8]),
    Text(&'b str),
    Array(Vec<Cbor<'b>>),
    /// In the order of the file, each key once.
    Map(Vec<(Cbor<'b>, Cbor<'b>)>),
    Tag {
        number: u64,
        inner: Box<Cbor<'b>>,
        /// The tag with what it covers, as it stands.
        written: &'b [u8],
    },
    Null,
    /// Negative numbers, booleans, floats and simple values.
    Other,
}

const DAMAGED: ReadError = ReadError::CborMalformed {
    reason: "its CBOR breaks off or is not well-formed",
};

impl<'b> Cbor<'b> {
    /// The one value that the bytes are; `values_left` is counted down over all parts of a file.
    pub(super) fn parse(bytes: &'b [u8], values_left: &mut usize) -> Result<Self, ReadError> {
        let mut decoder = Decoder::new(bytes);
        let value = value(&mut decoder, CBOR_DEPTH_MAX, values_left)?;
        match decoder.position() == bytes.len() {
            true => Ok(value),
            false => Err(ReadError::CborMalformed {
                reason: "something stands behind its CBOR",
            }),
        }
    }

    /// The value of a text key in a map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(name, _)| name.text() == Some(key))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&'b str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> Option<&'b [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    pub(super) fn entries(&self) -> &[(Self, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// What stands under tag 24, CBOR within a byte string (RFC 8949, 3.4.5.1).
    pub(super) fn embedded(&self) -> Option<&'b [u8]> {
        match self {
            Self::Tag {
                number: 24, inner, ..
            } => inner.bytes(),
            _ => None,
        }
    }
}

fn value<'b>(
    decoder: &mut Decoder<'b>,
    depth_left: usize,
    values_left: &mut usize,
) -> Result<Cbor<'b>, ReadError> {
    *values_left = values_left
        .checked_sub(1)
        .ok_or(ReadError::CborTooComplex {
            what: "values",
            limit: CBOR_VALUES_MAX,
        })?;
    let kind = decoder.datatype().map_err(|_| DAMAGED)?;
    let nests = matches!(
        kind,
        Type::Array | Type::ArrayIndef | Type::Map | Type::MapIndef | Type::Tag
    );
    if nests && depth_left == 0 {
        return Err(ReadError::CborTooComplex {
            what: "levels",
            limit: CBOR_DEPTH_MAX,
        });
    }
    let start = decoder.position();
    Ok(match kind {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            Cbor::Uint(decoder.u64().map_err(|_| DAMAGED)?)
        }
        Type::Bytes => Cbor::Bytes(decoder.bytes().map_err(|_| DAMAGED)?),
        Type::String => Cbor::Text(decoder.str().map_err(|_| DAMAGED)?),
        Type::Array | Type::ArrayIndef => {
            let mut declared = decoder.array().map_err(|_| DAMAGED)?;
            let mut items = Vec::new();
            while goes_on(decoder, &mut declared)? {
                items.push(value(decoder, depth_left - 1, values_left)?);
            }
            Cbor::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let mut declared = decoder.map().map_err(|_| DAMAGED)?;
            let mut entries = Vec::new();
            while goes_on(decoder, &mut declared)? {
                let key = value(decoder, depth_left - 1, values_left)?;
                entries.push((key, value(decoder, depth_left - 1, values_left)?));
            }
            each_key_once(&entries)?;
            Cbor::Map(entries)
        }
        Type::Tag => {
            let number = decoder.tag().map_err(|_| DAMAGED)?.as_u64();
            let inner = value(decoder, depth_left - 1, values_left)?;
            let written = decoder.input().get(start..decoder.position());
            Cbor::Tag {
                number,
                inner: Box::new(inner),
                written: written.ok_or(DAMAGED)?,
            }
        }
        Type::BytesIndef | Type::StringIndef => {
            return Err(ReadError::CborMalformed {
                reason: "a string stands in pieces, which ISO 18013-5 never needs",
            })
        }
        // A break that ends nothing, or bytes that begin no value.
        Type::Break | Type::Unknown(_) => return Err(DAMAGED),
        Type::Null => {
            decoder.null().map_err(|_| DAMAGED)?;
            Cbor::Null
        }
        _ => {
            decoder.skip().map_err(|_| DAMAGED)?;
            Cbor::Other
        }
    })
}

/// Whether another item follows in an array or a map, of a declared length or up to a break.
fn goes_on(decoder: &mut Decoder<'_>, declared: &mut Option<u64>) -> Result<bool, ReadError> {
    match declared {
        Some(0) => Ok(false),
        Some(left) => {
            *left -= 1;
            Ok(true)
        }
        None => {
            let ends = decoder.datatype().map_err(|_| DAMAGED)? == Type::Break;
            if ends {
                decoder.skip().map_err(|_| DAMAGED)?;
            }
            Ok(!ends)
        }
    }
}

/// Readers differ in which of two equal keys they take, so a map with such is refused.
fn each_key_once(entries: &[(Cbor<'_>, Cbor<'_>)]) -> Result<(), ReadError> {
    let mut texts: Vec<&str> = entries.iter().filter_map(|(key, _)| key.text()).collect();
    let mut numbers: Vec<u64> = entries
        .iter()
        .filter_map(|(key, _)| match key {
            Cbor::Uint(number) => Some(*number),
            _ => None,
        })
        .collect();
    texts.sort_unstable();
    numbers.sort_unstable();
    let is_twice = texts.windows(2).any(|pair| pair[0] == pair[1])
        || numbers.windows(2).any(|pair| pair[0] == pair[1]);
    match is_twice {
        true => Err(ReadError::CborMalformed {
            reason: "a key stands twice in one map",
        }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Cbor<'_>, ReadError> {
        Cbor::parse(bytes, &mut CBOR_VALUES_MAX.clone())
    }

    #[test]
    fn a_tree_keeps_what_stands_there() {
        let tree = parse(b"\xA2\x61a\x82\x01\x20\x61b\xD8\x18\x42\x01\x02").unwrap();
        assert_eq!(tree.get("a").unwrap().items(), [Cbor::Uint(1), Cbor::Other]);
        assert_eq!(tree.get("b").unwrap().embedded(), Some(&b"\x01\x02"[..]));
        let Some(Cbor::Tag { written, .. }) = tree.get("b") else {
            panic!("a tag")
        };
        assert_eq!(*written, b"\xD8\x18\x42\x01\x02");
        // Of an indefinite length, with what follows the break.
        assert_eq!(
            parse(b"\x82\x9F\x01\xFF\xBF\x01\xF6\xFF").unwrap(),
            Cbor::Array(vec![
                Cbor::Array(vec![Cbor::Uint(1)]),
                Cbor::Map(vec![(Cbor::Uint(1), Cbor::Null)])
            ])
        );
    }

    #[test]
    fn bombs_and_damage_are_refused() {
        let nested = |head: &[u8], times: usize| [head.repeat(times), vec![0]].concat();
        for (bytes, kind) in [
            (b"".to_vec(), "cbor-malformed"),
            (b"\x01\x02".to_vec(), "cbor-malformed"),
            (b"\x61\xFF".to_vec(), "cbor-malformed"),
            // Lengths that the file has not: an array, a map and strings of 2^64 - 1.
            ([&b"\x9B"[..], &[0xFF; 8]].concat(), "cbor-malformed"),
            ([&b"\xBB"[..], &[0xFF; 8]].concat(), "cbor-malformed"),
            ([&b"\x5B"[..], &[0xFF; 8]].concat(), "cbor-malformed"),
            ([&b"\x7B"[..], &[0xFF; 8]].concat(), "cbor-malformed"),
            // Without end, in pieces, ended by nothing.
            (b"\x9F\x01".to_vec(), "cbor-malformed"),
            (b"\x5F\x41\x01\xFF".to_vec(), "cbor-malformed"),
            (b"\xBF\x01\xFF".to_vec(), "cbor-malformed"),
            (b"\xFF".to_vec(), "cbor-malformed"),
            (b"\xA2\x61a\x01\x61a\x02".to_vec(), "cbor-malformed"),
            (b"\xA2\x01\x01\x18\x01\x02".to_vec(), "cbor-malformed"),
            (nested(b"\x81", 1_000_000), "cbor-too-complex"),
            (nested(b"\x9F", 1_000_000), "cbor-too-complex"),
            (nested(b"\xD8\x18", 1_000_000), "cbor-too-complex"),
            (nested(b"\xA1", 1_000_000), "cbor-too-complex"),
            (
                [b"\x9A\x00\x10\x00\x00".to_vec(), vec![0; 1 << 20]].concat(),
                "cbor-too-complex",
            ),
        ] {
            assert_eq!(
                parse(&bytes).unwrap_err().kind(),
                kind,
                "{:x?}",
                &bytes[..bytes.len().min(9)]
            );
        }
        assert!(parse(&nested(b"\x81", CBOR_DEPTH_MAX)).is_ok());
    }
}
