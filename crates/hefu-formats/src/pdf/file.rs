//! The objects of a PDF file, each read when it is asked for (ISO 32000-1, 7.5).
//!
//! All work is paid from budgets: lookups, values, and bytes, each time they are read, also those
//! that a filter makes. What is spent is bounded by [`crate::limits`], whatever the file points at
//! and however often.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use lopdf::{Dictionary, Object, Stream};

use super::syntax::Cursor;
use crate::limits::{
    PDF_FILTERS_MAX, PDF_LOOKUPS_MAX, PDF_OBJECTS_MAX, PDF_READ_BYTES_MAX, PDF_SECTIONS_MAX,
    PDF_STREAM_BYTES_MAX, PDF_VALUES_MAX, PDF_XREF_BYTES_MAX,
};
use crate::ReadError;

/// How deep an object may need another one to be read: the length of an object stream may itself
/// be an object.
const NEEDS_MAX: usize = 4;
/// How many references in a row stand for one object.
const REFERENCES_MAX: usize = 8;

/// The filters that are decoded: those for images stay out, and with them most of the code that a
/// stranger could reach.
const FILTERS: [&[u8]; 3] = [b"FlateDecode", b"ASCIIHexDecode", b"ASCII85Decode"];

/// Where the header stands. All offsets count from there.
pub(crate) fn header_position(bytes: &[u8]) -> Option<usize> {
    let head = &bytes[..bytes.len().min(1024)];
    head.windows(5).position(|window| window == b"%PDF-")
}

pub(crate) struct PdfFile<'a> {
    bytes: &'a [u8],
    places: BTreeMap<u32, Place>,
    trailer: Dictionary,
    object_streams: BTreeMap<u32, Rc<ObjectStream>>,
    lookups_left: usize,
    values_left: usize,
    bytes_left: usize,
}

#[derive(Clone, Copy)]
enum Place {
    Free,
    Offset(usize),
    InStream(u32),
}

struct ObjectStream {
    bytes: Vec<u8>,
    offsets: BTreeMap<u32, usize>,
}

impl<'a> PdfFile<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let start = header_position(bytes).unwrap_or(0);
        let mut file = Self {
            bytes: &bytes[start..],
            places: BTreeMap::new(),
            trailer: Dictionary::new(),
            object_streams: BTreeMap::new(),
            lookups_left: PDF_LOOKUPS_MAX,
            values_left: PDF_VALUES_MAX,
            bytes_left: PDF_READ_BYTES_MAX,
        };
        file.read_cross_references()?;
        Ok(file)
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.trailer.has(b"Encrypt")
    }

    pub(crate) fn catalog(&mut self) -> Result<Dictionary, ReadError> {
        let root = self.entry(&self.trailer.clone(), b"Root")?;
        match root {
            Object::Dictionary(catalog) => Ok(catalog),
            _ => Err(malformed("no catalog")),
        }
    }

    /// The entry of a dictionary, with references followed; null where there is none.
    pub(crate) fn entry(
        &mut self,
        dictionary: &Dictionary,
        key: &[u8],
    ) -> Result<Object, ReadError> {
        match dictionary.get(key) {
            Ok(object) => self.resolved(object),
            Err(_) => Ok(Object::Null),
        }
    }

    /// The dictionary that is the entry of another one: not copied where it stands right there, as a
    /// page may ask for its fonts and pictures very often.
    pub(crate) fn dictionary_in<'d>(
        &mut self,
        dictionary: &'d Dictionary,
        key: &[u8],
    ) -> Result<Option<Cow<'d, Dictionary>>, ReadError> {
        match dictionary.get(key) {
            Ok(Object::Dictionary(direct)) => Ok(Some(Cow::Borrowed(direct))),
            Ok(reference @ Object::Reference(_)) => match self.resolved(reference)? {
                Object::Dictionary(found) => Ok(Some(Cow::Owned(found))),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// The object itself, or what the reference stands for.
    pub(crate) fn resolved(&mut self, object: &Object) -> Result<Object, ReadError> {
        let mut object = object.clone();
        for _ in 0..REFERENCES_MAX {
            match object {
                Object::Reference((number, _)) => object = self.object(number, NEEDS_MAX)?,
                object => return Ok(object),
            }
        }
        Err(malformed("references in a circle"))
    }

    /// The decoded content of a stream.
    pub(crate) fn stream(&mut self, number: u32) -> Result<Vec<u8>, ReadError> {
        let (dictionary, raw) = self.raw_stream(number, NEEDS_MAX)?;
        self.decoded(dictionary, raw, PDF_STREAM_BYTES_MAX)
    }

    /// A stream's dictionary, and its decoded content if that has at most `bytes_max` bytes.
    pub(crate) fn stream_within(
        &mut self,
        number: u32,
        bytes_max: usize,
    ) -> Result<(Dictionary, Vec<u8>), ReadError> {
        let (dictionary, raw) = self.raw_stream(number, NEEDS_MAX)?;
        let content = self.decoded(dictionary.clone(), raw, bytes_max)?;
        Ok((dictionary, content))
    }

    /// Objects that are not there are null (7.3.10).
    fn object(&mut self, number: u32, needs_left: usize) -> Result<Object, ReadError> {
        self.spend_lookup()?;
        match self.places.get(&number).copied() {
            None | Some(Place::Free) => Ok(Object::Null),
            Some(Place::Offset(offset)) => {
                let bytes = self.bytes;
                let (_, object) = self.indirect_object(bytes, offset, number)?;
                Ok(object)
            }
            Some(Place::InStream(container)) => {
                let stream = self.object_stream(container, needs_left)?;
                match stream.offsets.get(&number) {
                    Some(&offset) => self
                        .object_at(&stream.bytes, offset)
                        .map(|(_, object)| object),
                    None => Ok(Object::Null),
                }
            }
        }
    }

    /// The object, and where it ends.
    fn object_at(&mut self, bytes: &[u8], offset: usize) -> Result<(usize, Object), ReadError> {
        let mut cursor = Cursor::new(bytes, offset, self.values_left);
        let object = cursor.object();
        self.values_left = cursor.values_left;
        self.spend_bytes(cursor.at - offset)?;
        match object {
            Some(object) => Ok((cursor.at, object)),
            None if self.values_left == 0 => Err(too_complex("values", PDF_VALUES_MAX)),
            None => Err(malformed("an object that cannot be read")),
        }
    }

    fn indirect_object(
        &mut self,
        bytes: &[u8],
        offset: usize,
        number: u32,
    ) -> Result<(usize, Object), ReadError> {
        let mut cursor = Cursor::new(bytes, offset, 0);
        let header = cursor.object_header();
        self.spend_bytes(cursor.at - offset)?;
        match header {
            Some((found, _)) if found == number => self.object_at(bytes, cursor.at),
            _ => Err(malformed(
                "an object is not where the cross-reference table says",
            )),
        }
    }

    fn raw_stream(
        &mut self,
        number: u32,
        needs_left: usize,
    ) -> Result<(Dictionary, &'a [u8]), ReadError> {
        self.spend_lookup()?;
        match self.places.get(&number) {
            Some(&Place::Offset(offset)) => {
                let bytes = self.bytes;
                let (end, object) = self.indirect_object(bytes, offset, number)?;
                self.stream_behind(object, end, needs_left)
            }
            _ => Err(malformed("a stream that is not there")),
        }
    }

    /// The raw content behind a stream's dictionary.
    fn stream_behind(
        &mut self,
        object: Object,
        end: usize,
        needs_left: usize,
    ) -> Result<(Dictionary, &'a [u8]), ReadError> {
        let Object::Dictionary(dictionary) = object else {
            return Err(malformed("a stream without a dictionary"));
        };
        let mut cursor = Cursor::new(self.bytes, end, 0);
        cursor.skip_space();
        self.spend_bytes(cursor.at - end)?;
        if !cursor.takes(b"stream") {
            return Err(malformed("a stream that is not there"));
        }
        // The end of the line belongs to the keyword (7.3.8.1).
        let _ = cursor.takes(b"\r\n") || cursor.takes(b"\n") || cursor.takes(b"\r");
        let rest = cursor.rest();
        let length = match dictionary.get(b"Length") {
            Ok(Object::Reference((number, _))) if needs_left > 0 => {
                self.object(*number, needs_left - 1)?
            }
            Ok(direct) => direct.clone(),
            Err(_) => Object::Null,
        };
        let by_length = length
            .as_i64()
            .ok()
            .and_then(|length| rest.split_at_checked(usize::try_from(length).ok()?))
            .filter(|(_, behind)| {
                behind[..behind.len().min(16)]
                    .trim_ascii_start()
                    .starts_with(b"endstream")
            });
        let content = match by_length {
            Some((content, _)) => content,
            // A wrong length is the commonest damage, and the keyword mends it.
            None => rest
                .windows(9)
                .position(|window| window == b"endstream")
                .map(|end| &rest[..end])
                .ok_or(malformed("a stream without an end"))?,
        };
        Ok((dictionary, content))
    }

    fn decoded(
        &mut self,
        dictionary: Dictionary,
        raw: &[u8],
        bytes_max: usize,
    ) -> Result<Vec<u8>, ReadError> {
        self.spend_bytes(raw.len())?;
        let mut stream = Stream::new(Dictionary::new(), raw.to_vec());
        for key in [&b"Filter"[..], b"DecodeParms"] {
            let value = self.entry(&dictionary, key)?;
            if value != Object::Null {
                stream.dict.set(key, value);
            }
        }
        let filters = match stream.dict.get(b"Filter") {
            Ok(_) => stream.filters().map_err(|_| undecodable())?,
            Err(_) => Vec::new(),
        };
        if filters.len() > PDF_FILTERS_MAX {
            return Err(too_complex("filters on a stream", PDF_FILTERS_MAX));
        }
        if filters.iter().any(|filter| !FILTERS.contains(filter)) {
            return Err(malformed("a stream with a filter that no attachment needs"));
        }
        let filters = filters.len();
        // Each filter but the last makes bytes that are not seen here: they are paid in full.
        self.spend_bytes(filters.saturating_sub(1) * bytes_max)?;
        let limit = bytes_max.min(self.bytes_left);
        let decoded =
            stream
                .decompressed_content_with_limit(limit)
                .map_err(|error| match error {
                    lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded {
                        ..
                    }) => too_complex("bytes in a stream", limit),
                    _ => undecodable(),
                })?;
        self.spend_bytes(decoded.len())?;
        Ok(decoded)
    }

    fn object_stream(
        &mut self,
        number: u32,
        needs_left: usize,
    ) -> Result<Rc<ObjectStream>, ReadError> {
        if let Some(stream) = self.object_streams.get(&number) {
            return Ok(Rc::clone(stream));
        }
        let (dictionary, raw) = self.raw_stream(number, needs_left)?;
        let count = natural(&dictionary, b"N")?;
        let first = natural(&dictionary, b"First")?;
        let bytes = self.decoded(dictionary, raw, PDF_STREAM_BYTES_MAX)?;
        let mut index = Cursor::new(&bytes, 0, 0);
        let mut offsets = BTreeMap::new();
        for _ in 0..count {
            // An index that is shorter than announced has only what it has.
            let (Some(number), Some(offset)) = (index.natural::<u32>(), index.natural::<usize>())
            else {
                break;
            };
            offsets
                .entry(number)
                .or_insert(first.saturating_add(offset));
        }
        let stream = Rc::new(ObjectStream { bytes, offsets });
        self.object_streams.insert(number, Rc::clone(&stream));
        Ok(stream)
    }

    /// Follows the chain of cross-reference sections from the newest to the oldest.
    fn read_cross_references(&mut self) -> Result<(), ReadError> {
        const KEYWORD: &[u8] = b"startxref";
        let from = self.bytes.len().saturating_sub(4096);
        let keyword = self.bytes[from..]
            .windows(KEYWORD.len())
            .rposition(|window| window == KEYWORD)
            .ok_or(malformed("no end"))?;
        let mut cursor = Cursor::new(self.bytes, from + keyword + KEYWORD.len(), 0);
        let mut next = cursor.natural::<usize>();
        let mut seen = BTreeSet::new();
        while let Some(offset) = next.take().filter(|&offset| seen.insert(offset)) {
            if seen.len() > PDF_SECTIONS_MAX {
                return Err(too_complex("updates", PDF_SECTIONS_MAX));
            }
            let trailer = self.read_section(offset)?;
            // A hybrid file hides objects in a stream that only newer readers know (7.5.8.4).
            if let Some(stream) =
                offset_in(&trailer, b"XRefStm").filter(|&offset| seen.insert(offset))
            {
                self.read_section(stream)?;
            }
            next = offset_in(&trailer, b"Prev");
            if self.trailer.is_empty() {
                self.trailer = trailer;
            }
        }
        if self.trailer.is_empty() {
            return Err(malformed("no trailer"));
        }
        Ok(())
    }

    fn read_section(&mut self, offset: usize) -> Result<Dictionary, ReadError> {
        let mut cursor = Cursor::new(self.bytes, offset, 0);
        cursor.skip_space();
        self.spend_bytes(cursor.at - offset)?;
        if cursor.takes(b"xref") {
            self.read_table(cursor)
        } else {
            self.read_xref_stream(cursor)
        }
    }

    fn read_table(&mut self, mut cursor: Cursor<'_>) -> Result<Dictionary, ReadError> {
        let damaged = || malformed("a damaged cross-reference table");
        let start = cursor.at;
        loop {
            cursor.skip_space();
            if cursor.takes(b"trailer") {
                self.spend_bytes(cursor.at - start)?;
                return match self.object_at(self.bytes, cursor.at)? {
                    (_, Object::Dictionary(trailer)) => Ok(trailer),
                    _ => Err(damaged()),
                };
            }
            let first: u32 = cursor.natural().ok_or_else(damaged)?;
            let count: u32 = cursor.natural().ok_or_else(damaged)?;
            for index in 0..count {
                let offset: usize = cursor.natural().ok_or_else(damaged)?;
                let _generation: u64 = cursor.natural().ok_or_else(damaged)?;
                cursor.skip_space();
                let place = if cursor.takes(b"n") {
                    Place::Offset(offset)
                } else if cursor.takes(b"f") {
                    Place::Free
                } else {
                    return Err(damaged());
                };
                self.insert_place(first.checked_add(index).ok_or_else(damaged)?, place)?;
            }
        }
    }

    fn read_xref_stream(&mut self, mut cursor: Cursor<'_>) -> Result<Dictionary, ReadError> {
        let damaged = || malformed("a damaged cross-reference stream");
        let start = cursor.at;
        cursor.object_header().ok_or_else(damaged)?;
        self.spend_bytes(cursor.at - start)?;
        let (end, object) = self.object_at(self.bytes, cursor.at)?;
        // Its length is direct (7.5.8.2), as nothing can be looked up yet.
        let (dictionary, raw) = self.stream_behind(object, end, 0)?;
        if !dictionary.has_type(b"XRef") {
            return Err(damaged());
        }
        let rows = self.decoded(dictionary.clone(), raw, PDF_XREF_BYTES_MAX)?;
        let widths = naturals(&dictionary, b"W")
            .filter(|widths| widths.len() >= 3)
            .ok_or_else(damaged)?;
        let row_bytes = widths
            .iter()
            .try_fold(0_usize, |sum, &width| sum.checked_add(width));
        let row_bytes = row_bytes
            .filter(|&bytes| (1..=64).contains(&bytes))
            .ok_or_else(damaged)?;
        let sections = match naturals(&dictionary, b"Index") {
            Some(sections) => sections,
            None => vec![0, natural(&dictionary, b"Size")?],
        };
        let mut rows = rows.chunks_exact(row_bytes);
        for section in sections.chunks_exact(2) {
            let first = u32::try_from(section[0]).map_err(|_| damaged())?;
            // No more rows than there are, however many are announced.
            for (index, row) in rows.by_ref().take(section[1]).enumerate() {
                let (kind, rest) = row.split_at(widths[0]);
                let field = big_endian(&rest[..widths[1]]);
                let place = match if kind.is_empty() { 1 } else { big_endian(kind) } {
                    0 => Place::Free,
                    1 => Place::Offset(usize::try_from(field).map_err(|_| damaged())?),
                    2 => Place::InStream(u32::try_from(field).map_err(|_| damaged())?),
                    // Unknown kinds are null (7.5.8.3).
                    _ => Place::Free,
                };
                let index = u32::try_from(index).map_err(|_| damaged())?;
                self.insert_place(first.checked_add(index).ok_or_else(damaged)?, place)?;
            }
        }
        Ok(dictionary)
    }

    /// The newest section is read first, and what it says holds.
    fn insert_place(&mut self, number: u32, place: Place) -> Result<(), ReadError> {
        if self.places.len() >= PDF_OBJECTS_MAX {
            return Err(too_complex("objects", PDF_OBJECTS_MAX));
        }
        self.places.entry(number).or_insert(place);
        Ok(())
    }

    fn spend_lookup(&mut self) -> Result<(), ReadError> {
        let left = self.lookups_left.checked_sub(1);
        self.lookups_left = left.ok_or(too_complex(
            "objects on the way to its attachments",
            PDF_LOOKUPS_MAX,
        ))?;
        Ok(())
    }

    fn spend_bytes(&mut self, bytes: usize) -> Result<(), ReadError> {
        let left = self.bytes_left.checked_sub(bytes);
        self.bytes_left = left.ok_or(too_complex(
            "bytes that would have to be read",
            PDF_READ_BYTES_MAX,
        ))?;
        Ok(())
    }
}

fn malformed(reason: &'static str) -> ReadError {
    ReadError::PdfMalformed { reason }
}

fn undecodable() -> ReadError {
    malformed("a stream that cannot be decoded")
}

fn too_complex(what: &'static str, limit: usize) -> ReadError {
    ReadError::PdfTooComplex { what, limit }
}

fn offset_in(dictionary: &Dictionary, key: &[u8]) -> Option<usize> {
    usize::try_from(dictionary.get(key).ok()?.as_i64().ok()?).ok()
}

fn natural(dictionary: &Dictionary, key: &[u8]) -> Result<usize, ReadError> {
    offset_in(dictionary, key).ok_or(malformed("a number is missing in a stream's dictionary"))
}

fn naturals(dictionary: &Dictionary, key: &[u8]) -> Option<Vec<usize>> {
    let items = dictionary.get(key).ok()?.as_array().ok()?;
    items
        .iter()
        .map(|item| usize::try_from(item.as_i64().ok()?).ok())
        .collect()
}

/// The low 64 bits of a field; the others would point beyond any file.
fn big_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |value, &byte| value << 8 | u64::from(byte))
}
