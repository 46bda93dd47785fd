//! ZIP archives, within bounds: the container of an OFD, and the archive of documents that came by
//! mail.
//!
//! Readers differ in what they take from an archive that contradicts itself: the first or the last
//! of two entries of one name, the header before the entry or the directory at the end, this end or
//! that one. Somebody could show one document to us and another one to the next reader, so such an
//! archive is refused whole. What is read is the ZIP of APPNOTE 6.3 with entries that are stored or
//! deflated; ZIP64 is not, as it is for files that are larger than any that is read.
//!
//! No size that the archive declares is believed: an entry inflates under a limit, and all entries
//! together under one budget.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use crate::limits::{ZIP_ENTRIES_MAX, ZIP_ENTRY_BYTES_MAX, ZIP_NAME_BYTES_MAX, ZIP_READ_BYTES_MAX};
use crate::ReadError;

/// The end of the directory, without a comment (APPNOTE 4.3.16).
const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;

/// Whether a file claims to be an archive: it begins with the header of an entry.
pub(crate) fn claims(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Whether a file ends as an archive does: programs find one from its end, whatever stands before it
/// (APPNOTE 4.3.16).
pub(crate) fn ends(bytes: &[u8]) -> bool {
    let from = bytes.len().saturating_sub(END_BYTES + 0xFFFF);
    let tail = &bytes[from..];
    tail.windows(END_BYTES).enumerate().any(|(at, end)| {
        let comment = usize::from(u16::from_le_bytes([end[20], end[21]]));
        end.starts_with(END_SIGNATURE) && at + END_BYTES + comment == tail.len()
    })
}

/// The files of an archive of documents, in its order: their names and their bytes.
///
/// Folders are left out, and the `__MACOSX` that one system adds to every archive. An archive within
/// is a file like any other; whoever opens it counts how deep he goes.
pub fn files(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
    let mut archive = Archive::open(bytes)?;
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    let mut files = Vec::new();
    for name in names {
        if name.split('/').any(|part| part == "__MACOSX") {
            continue;
        }
        if let Some(content) = archive.read(&name)? {
            files.push((name, content));
        }
    }
    Ok(files)
}

/// An archive whose directory was checked: every name stands once and stays inside.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The files, folders left out, in the order of the directory; with the entry's index.
    files: Vec<(String, usize)>,
    /// From a name in lower case to its place in `files`: no two names differ in case alone.
    places: BTreeMap<String, usize>,
    /// What may still be inflated.
    bytes_left: usize,
}

impl<'a> Archive<'a> {
    /// Reads the directory and refuses what readers could take in different ways.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, ReadError> {
        check_end(bytes)?;
        // The archive begins where the file does: nothing stands before it.
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        let mut zip = ZipArchive::with_config(config, Cursor::new(bytes)).map_err(damaged)?;
        // Each name once, the directory and the headers before the entries say the same, no entry
        // lies in another one, and none stands there that the directory does not list.
        zip.validate_header_consistency().map_err(damaged)?;
        let mut archive = Self {
            files: Vec::new(),
            places: BTreeMap::new(),
            bytes_left: ZIP_READ_BYTES_MAX,
            zip,
        };
        archive.check_entries()?;
        Ok(archive)
    }

    fn check_entries(&mut self) -> Result<(), ReadError> {
        // Names that differ in their case alone are one file where an archive is unpacked to a disk
        // that does not tell them apart.
        let mut folded = BTreeSet::new();
        for index in 0..self.zip.len() {
            let entry = self.zip.by_index_data(index).map_err(damaged)?;
            let raw = entry.name_raw();
            if raw.len() > ZIP_NAME_BYTES_MAX {
                return Err(too_complex("bytes in a name", ZIP_NAME_BYTES_MAX));
            }
            let name = decoded_name(raw)?;
            let path = name.strip_suffix('/').unwrap_or(&name);
            if let Some(reason) = fault_of(path) {
                return Err(ReadError::ZipName { name, reason });
            }
            if !folded.insert(path.to_lowercase()) {
                let reason = "stands twice";
                return Err(ReadError::ZipName { name, reason });
            }
            if entry.encrypted() {
                return Err(unsupported("is encrypted"));
            }
            if entry.is_symlink() {
                let reason = "is a link and no file";
                return Err(ReadError::ZipName { name, reason });
            }
            if !matches!(
                entry.compression(),
                CompressionMethod::Stored | CompressionMethod::Deflated
            ) {
                return Err(unsupported("is compressed by an unusual method"));
            }
            if path.len() == name.len() {
                self.places.insert(name.to_lowercase(), self.files.len());
                self.files.push((name, index));
            }
        }
        Ok(())
    }

    /// The names of the files, folders left out, in the archive's order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there is a file of that name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// The name of the file that a system would open which does not tell the cases of letters apart:
    /// what was made on one refers to its files in any case.
    pub(crate) fn name_like(&self, name: &str) -> Option<&str> {
        let place = *self.places.get(&name.to_lowercase())?;
        Some(&self.files[place].0)
    }

    fn place(&self, name: &str) -> Option<usize> {
        let place = *self.places.get(&name.to_lowercase())?;
        (self.files[place].0 == name).then_some(place)
    }

    /// The bytes of a file; `None` where there is none of that name. Its checksum is checked.
    ///
    /// What is read counts against one budget, however often a file is read.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(place) = self.place(name) else {
            return Ok(None);
        };
        let index = self.files[place].1;
        let bytes_max = self.bytes_left.min(ZIP_ENTRY_BYTES_MAX);
        let entry = self.zip.by_index(index).map_err(damaged)?;
        let mut content = Vec::new();
        entry
            .take(bytes_max as u64 + 1)
            .read_to_end(&mut content)
            .map_err(|error| malformed(error.to_string()))?;
        if content.len() > bytes_max {
            return Err(if bytes_max == ZIP_ENTRY_BYTES_MAX {
                too_complex("bytes in one entry", ZIP_ENTRY_BYTES_MAX)
            } else {
                too_complex("bytes in its entries", ZIP_READ_BYTES_MAX)
            });
        }
        self.bytes_left -= content.len();
        Ok(Some(content))
    }
}

/// The end of the directory stands where every reader finds it (APPNOTE 4.3.16), the directory right
/// before it, and it lists no more entries than are read: the library makes room for all of them.
fn check_end(bytes: &[u8]) -> Result<(), ReadError> {
    let from = bytes.len().saturating_sub(END_BYTES + 0xFFFF);
    let at = bytes[from..]
        .windows(END_SIGNATURE.len())
        .rposition(|window| window == END_SIGNATURE)
        .map(|at| from + at)
        .filter(|at| at + END_BYTES <= bytes.len())
        .ok_or_else(|| malformed("it has no end".to_owned()))?;
    let end = &bytes[at..];
    let short = |at: usize| usize::from(u16::from_le_bytes([end[at], end[at + 1]]));
    let long = |at: usize| short(at) | short(at + 2) << 16;
    let (count, size, offset, comment) = (short(10), long(12), long(16), short(20));
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
        return Err(unsupported("is a ZIP64"));
    }
    if END_BYTES + comment != end.len() || offset.checked_add(size) != Some(at) {
        return Err(malformed(
            "its end does not stand behind its directory and at the end of the file".to_owned(),
        ));
    }
    if count > ZIP_ENTRIES_MAX {
        return Err(too_complex("entries", ZIP_ENTRIES_MAX));
    }
    Ok(())
}

/// A name is UTF-8, as the archive should say and often does not, or GBK, as Chinese software writes
/// it; GB 18030 reads GBK.
fn decoded_name(raw: &[u8]) -> Result<String, ReadError> {
    if let Ok(name) = std::str::from_utf8(raw) {
        return Ok(name.to_owned());
    }
    encoding_rs::GB18030
        .decode_without_bom_handling_and_without_replacement(raw)
        .map(|name| name.into_owned())
        .ok_or_else(|| malformed("a name in an unknown encoding".to_owned()))
}

/// What is wrong with a path, if it could lead out of the archive or could be read as another one.
fn fault_of(path: &str) -> Option<&'static str> {
    let mut parts = path.split('/');
    if path.is_empty() {
        Some("is empty")
    } else if path.chars().any(|c| c.is_control() || is_format(c)) {
        Some("holds a character that cannot be seen")
    } else if path.contains('\\') {
        Some("holds a backslash, which is a folder to some readers")
    } else if path.contains(':') {
        Some("holds a colon, which is a drive to some readers")
    } else if path.starts_with('/') {
        Some("begins at the root of a disk")
    } else if parts.any(|part| matches!(part, "" | "." | "..")) {
        Some("leads through a folder that is none")
    } else {
        None
    }
}

/// Marks that turn the direction of a text and can make one name look like another (UAX #9), and
/// marks without width.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn damaged(error: zip::result::ZipError) -> ReadError {
    malformed(error.to_string())
}

/// Reasons may quote names from the archive.
fn malformed(reason: String) -> ReadError {
    ReadError::ZipMalformed {
        reason: reason.escape_debug().take(200).collect(),
    }
}

fn unsupported(reason: &'static str) -> ReadError {
    ReadError::ZipUnsupported { reason }
}

fn too_complex(what: &'static str, limit: usize) -> ReadError {
    ReadError::ZipTooComplex { what, limit }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;
    use zip::ZipWriter;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    /// The same bytes with one text replaced by another of its length, wherever it stands.
    fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let places: Vec<usize> = bytes
            .windows(from.len())
            .enumerate()
            .filter_map(|(at, window)| (window == from).then_some(at))
            .collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
        bytes
    }

    #[track_caller]
    fn check_refused(bytes: &[u8], kind: &str) {
        assert_eq!(files(bytes).unwrap_err().kind(), kind);
    }

    #[test]
    fn files_come_in_order_without_folders() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        zip.add_directory("b", options).unwrap();
        for name in ["b/two", "a", "__MACOSX/._a", "b/__MACOSX/x"] {
            zip.start_file(name, options).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        let expected = [("b/two", "b/two"), ("a", "a")];
        let expected = expected.map(|(name, content)| (name.to_owned(), content.into()));
        assert_eq!(files(&bytes).unwrap(), expected);
    }

    #[test]
    fn names_are_utf_8_or_gbk() {
        let bytes = archive(&[("abcd.ofd", b"1")]);
        // "发票" in GBK.
        let gbk = replaced(bytes.clone(), b"abcd", b"\xB7\xA2\xC6\xB1");
        assert_eq!(files(&gbk).unwrap()[0].0, "发票.ofd");
        let utf_8 = archive(&[("发票.ofd", b"1")]);
        assert_eq!(files(&utf_8).unwrap()[0].0, "发票.ofd");
        check_refused(
            &replaced(bytes, b"abcd", b"\xFF\xFF\xFF\xFF"),
            "zip-malformed",
        );
    }

    #[test]
    fn names_that_lead_out_or_mislead_are_refused() {
        for name in [
            "../x",
            "a/../b",
            "/etc/x",
            "a//b",
            "./a",
            "a/./b",
            "a\\b",
            "C:/x",
            "a\nb",
            "a\0b",
            "a\u{202e}b",
            "..",
            "/",
        ] {
            let mut placeholder = "x".repeat(name.len() - 1);
            placeholder.push(if name.ends_with('/') { '/' } else { 'y' });
            let bytes = archive(&[("first", b""), (&placeholder, b"")]);
            check_refused(
                &replaced(bytes, placeholder.as_bytes(), name.as_bytes()),
                "zip-name",
            );
        }
    }

    #[test]
    fn an_archive_that_contradicts_itself_is_refused() {
        let two = archive(&[("OFD.xml", b"one"), ("OFD.xmm", b"two")]);
        // In the directory and before the entry: the same name twice.
        check_refused(
            &replaced(two.clone(), b"OFD.xmm", b"OFD.xml"),
            "zip-malformed",
        );
        check_refused(&replaced(two.clone(), b"OFD.xmm", b"ofd.XML"), "zip-name");
        // Before the entry only, as a streaming reader would see it.
        let mut other = two.clone();
        let at = other
            .windows(7)
            .position(|name| name == b"OFD.xmm")
            .unwrap();
        other[at..at + 7].copy_from_slice(b"OFD.xml");
        check_refused(&other, "zip-malformed");
        // Something before the archive, behind it, and another end in the comment of the first.
        check_refused(&[b"x", &two[..]].concat(), "zip-malformed");
        check_refused(&[&two[..], b"x"].concat(), "zip-malformed");
        check_refused(
            &[&two[..], &two[two.len() - 22..]].concat(),
            "zip-malformed",
        );
        check_refused(&two[..two.len() - 1], "zip-malformed");
        check_refused(b"PK\x03\x04", "zip-malformed");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let bytes = archive(&[("a", &[b'x'; 100])]);
        let method = |bytes: Vec<u8>, method: u8| {
            let (local, central) = (
                8,
                bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap(),
            );
            let mut bytes = bytes;
            bytes[local] = method;
            bytes[central + 10] = method;
            bytes
        };
        check_refused(&method(bytes.clone(), 12), "zip-unsupported");
        let mut encrypted = bytes.clone();
        let central = encrypted
            .windows(4)
            .position(|w| w == b"PK\x01\x02")
            .unwrap();
        encrypted[6] |= 1;
        encrypted[central + 8] |= 1;
        check_refused(&encrypted, "zip-unsupported");
        let mut checksum = bytes;
        checksum[14] ^= 1;
        checksum[central + 16] ^= 1;
        check_refused(&checksum, "zip-malformed");
    }

    #[test]
    fn bombs_are_refused() {
        let bomb = archive(&[("bomb", &vec![0; ZIP_ENTRY_BYTES_MAX + 1])]);
        check_refused(&bomb, "zip-too-complex");
        // Each entry is small enough, but not all of them.
        let entry_bytes = ZIP_ENTRY_BYTES_MAX / 2;
        let one = archive(&[("one", &vec![0; entry_bytes])]);
        let mut one = ZipArchive::new(Cursor::new(one)).unwrap();
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for name in 0..=ZIP_READ_BYTES_MAX / entry_bytes {
            let entry = one.by_index_raw(0).unwrap();
            zip.raw_copy_file_rename(entry, name.to_string()).unwrap();
        }
        check_refused(&zip.finish().unwrap().into_inner(), "zip-too-complex");
        let names: Vec<String> = (0..=ZIP_ENTRIES_MAX).map(|n| n.to_string()).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        check_refused(&archive(&many), "zip-too-complex");
        assert_eq!(files(&archive(&many[1..])).unwrap().len(), ZIP_ENTRIES_MAX);
        let long = "x".repeat(ZIP_NAME_BYTES_MAX + 1);
        check_refused(&archive(&[(&long, b"")]), "zip-too-complex");
    }
}
