//! Files as people hold them: one document each, several in one file, many in an archive.
//!
//! What a file holds is named after it: `mail.zip#bill.pdf` is a file in an archive, `lot.xml#2` the
//! second document of a file. Both can be typed wherever a file is asked for.

use crate::disk;
use crate::document::{Document, Read};
use crate::failure::Failure;
use hefu_formats::limits::FILE_BYTES_MAX;
use hefu_formats::{Format, Mapping, ReadError, Reading};
use hefu_types::{Digest, Suite};
use std::path::{Path, PathBuf};

/// Archives in archives that are opened.
const DEPTH_MAX: usize = 3;
/// What all archives of one file may hold together, in bytes: each is bounded by itself as well.
const ARCHIVES_BYTES_MAX: usize = 512 << 20;
/// The longest mapping file in bytes.
const MAPPING_BYTES_MAX: usize = 1024 * 1024;

/// How files are read.
pub struct Files {
    suite: Suite,
    mapping: Option<Mapping>,
}

/// A document and the name under which it can be asked for again.
#[derive(Clone, Debug)]
pub struct Named {
    /// The path, and after `#` what is meant within the file.
    pub path: PathBuf,
    /// The document.
    pub document: Document,
}

impl Files {
    /// Reads files by what they are, or by a mapping file.
    pub fn new(suite: Suite, mapping: Option<&Path>) -> Result<Self, Failure> {
        let read = |path: &Path| {
            let bytes = disk::read(path, MAPPING_BYTES_MAX)?;
            Mapping::parse(&bytes).map_err(|error| Failure::bad_file(path, error.to_string()))
        };
        Ok(Self {
            suite,
            mapping: mapping.map(read).transpose()?,
        })
    }

    /// The documents of a file: at least one.
    pub fn open(&self, path: &Path) -> Result<Vec<Named>, Failure> {
        let (file, within) = split(path);
        let Some(bytes) = disk::read_up_to(&file, FILE_BYTES_MAX)? else {
            // Of a file that is too large only the digest is taken, piece by piece.
            let (digest, size_bytes) = disk::digest(&file, self.suite)?;
            let document = Document {
                digest,
                size_bytes,
                reading: Err(ReadError::FileTooLarge {
                    bytes: usize::try_from(size_bytes).unwrap_or(usize::MAX),
                    bytes_max: FILE_BYTES_MAX,
                }),
            };
            return Ok(vec![Named {
                path: file,
                document,
            }]);
        };
        let mut found = Found {
            documents: Vec::new(),
            archives_bytes_left: ARCHIVES_BYTES_MAX,
        };
        self.collect(file.clone(), &bytes, DEPTH_MAX, &mut found);
        let mut found = found.documents;
        if within.is_empty() {
            return Ok(found);
        }
        found.retain(|named| named.path == path || starts_within(&named.path, path));
        if found.is_empty() {
            return Err(Failure::bad_file(
                &file,
                format!("it holds nothing named {within:?}; `hefu inspect` shows what it holds"),
            ));
        }
        Ok(found)
    }

    /// The document of a file that holds one.
    pub fn open_one(&self, path: &Path) -> Result<Document, Failure> {
        let mut found = self.open(path)?;
        match (found.pop(), found.len()) {
            (Some(last), 0) => Ok(last.document),
            (_, more) => {
                let first = found.first().map(|named| named.path.display().to_string());
                let first = first.unwrap_or_default();
                Err(Failure::asked(
                    format!(
                        "the file holds {} documents; name one of them, such as {first}",
                        more + 1
                    ),
                    format!("该文件含 {} 份文档；请指明其中一份，例如 {first}", more + 1),
                ))
            }
        }
    }

    fn collect(&self, path: PathBuf, bytes: &[u8], depth_left: usize, found: &mut Found) {
        let reading = match &self.mapping {
            Some(mapping) if !bytes.starts_with(b"PK\x03\x04") => {
                hefu_formats::read_mapped(bytes, mapping)
            }
            _ => hefu_formats::read(bytes),
        };
        let is_archive = reading.as_ref().is_ok_and(|r| r.format == Format::Zip);
        if is_archive && depth_left > 0 {
            match found.files(bytes) {
                Ok(files) if !files.is_empty() => {
                    for (name, bytes) in files {
                        self.collect(within(&path, &name), &bytes, depth_left - 1, found);
                    }
                    return;
                }
                Ok(_) => {}
                Err(refusal) => {
                    found.documents.push(self.whole(path, bytes, Err(refusal)));
                    return;
                }
            }
        }
        match reading {
            Ok(reading) if reading.documents.len() > 1 => {
                self.parts(&path, bytes, reading, &mut found.documents);
            }
            reading => found.documents.push(self.whole(path, bytes, reading)),
        }
    }

    fn whole(&self, path: PathBuf, bytes: &[u8], reading: Result<Reading, ReadError>) -> Named {
        Named {
            path,
            document: Document::of_reading(self.suite, bytes, reading),
        }
    }

    /// Each document of a file that holds several, under a digest of its own.
    fn parts(&self, path: &Path, bytes: &[u8], reading: Reading, found: &mut Vec<Named>) {
        let file: Digest = self.suite.document_digest(bytes);
        for (at, stated) in (1_u32..).zip(reading.documents) {
            let document = Document {
                digest: self.suite.part_digest(&file, at),
                size_bytes: bytes.len() as u64,
                reading: Ok(Read {
                    format: reading.format.clone(),
                    stated,
                    seals: reading.seals.clone(),
                }),
            };
            found.push(Named {
                path: within(path, &at.to_string()),
                document,
            });
        }
    }
}

/// What was found in a file so far.
struct Found {
    documents: Vec<Named>,
    archives_bytes_left: usize,
}

impl Found {
    /// The files of an archive, as far as the budget of the whole file goes.
    fn files(&mut self, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
        let files = hefu_formats::archive::files(bytes)?;
        let held: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let left = self.archives_bytes_left.checked_sub(held);
        self.archives_bytes_left = left.ok_or(ReadError::ZipTooComplex {
            what: "bytes in the archives within it",
            limit: ARCHIVES_BYTES_MAX,
        })?;
        Ok(files)
    }
}

/// The file, and what is meant within it. A file whose own name holds `#` is that file.
fn split(path: &Path) -> (PathBuf, String) {
    let text = path.to_string_lossy();
    if !path.exists() {
        for (at, _) in text.match_indices('#') {
            let file = Path::new(&text[..at]);
            if file.is_file() {
                return (file.to_owned(), text[at + 1..].to_owned());
            }
        }
    }
    (path.to_owned(), String::new())
}

fn within(path: &Path, name: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push("#");
    text.push(name);
    text.into()
}

/// Whether a path names something within what another one names.
fn starts_within(path: &Path, whole: &Path) -> bool {
    let (path, whole) = (path.to_string_lossy(), whole.to_string_lossy());
    path.strip_prefix(whole.as_ref())
        .is_some_and(|rest| rest.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{sample, SUITE};
    use std::io::{Cursor, Write};
    use zip::write::{SimpleFileOptions, ZipWriter};

    const LOT: &[u8] = include_bytes!("../../crates/hefu-formats/tests/samples/fatturapa.xml");
    const UBL: &str = "invoices/ubl-guangzhou-1017.xml";

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .expect("begun");
            archive.write_all(bytes).expect("written");
        }
        archive.finish().expect("finished").into_inner()
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn lay(&self, name: &str, bytes: &[u8]) -> PathBuf {
            let path = self.0.path().join(name);
            disk::write(&path, bytes).expect("written");
            path
        }

        /// What a path names, without the folder.
        fn names(&self, path: &Path) -> Vec<String> {
            let files = Files::new(SUITE, None).expect("no mapping");
            let own = |named: Named| {
                let name = named.path.strip_prefix(self.0.path()).expect("inside");
                name.display().to_string()
            };
            files
                .open(path)
                .expect("opened")
                .into_iter()
                .map(own)
                .collect()
        }
    }

    #[test]
    fn what_a_file_holds_is_named_and_can_be_named_again() {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        let inner = zipped(&[("deep/lot.xml", LOT)]);
        let outer = zipped(&[
            ("a.xml", &sample(UBL)),
            ("inner.zip", &inner),
            ("note.txt", b"hello"),
        ]);
        let mail = folder.lay("mail.zip", &outer);
        let names = [
            "mail.zip#a.xml",
            "mail.zip#inner.zip#deep/lot.xml#1",
            "mail.zip#inner.zip#deep/lot.xml#2",
            "mail.zip#note.txt",
        ];
        assert_eq!(folder.names(&mail), names);
        for name in names {
            assert_eq!(folder.names(&folder.0.path().join(name)), [name]);
        }
        let within = folder.0.path().join("mail.zip#inner.zip");
        assert_eq!(folder.names(&within), names[1..3]);
        let files = Files::new(SUITE, None).expect("no mapping");
        for nothing in [
            "mail.zip#b.xml",
            "mail.zip#a",
            "mail.zip#inner.zip#deep/lot.xml#3",
        ] {
            assert!(
                files.open(&folder.0.path().join(nothing)).is_err(),
                "{nothing}"
            );
        }
        // A file whose own name holds the sign is that file.
        let odd = folder.lay("mail.zip#b.xml", &sample(UBL));
        assert_eq!(folder.names(&odd), ["mail.zip#b.xml"]);
    }

    #[test]
    fn each_document_of_a_file_has_a_digest_of_its_own() {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        let lot = folder.lay("lot.xml", LOT);
        let files = Files::new(SUITE, None).expect("no mapping");
        let found = files.open(&lot).expect("opened");
        let whole = SUITE.document_digest(LOT);
        let digests: Vec<Digest> = found.iter().map(|named| named.document.digest).collect();
        assert_eq!(digests, [1, 2].map(|part| SUITE.part_digest(&whole, part)));
        assert!(digests[0] != digests[1] && !digests.contains(&whole));
        let numbers: Vec<_> = found
            .iter()
            .map(|named| named.document.identity())
            .collect();
        assert!(numbers[0].is_some() && numbers[0] != numbers[1]);
        // Where one document is asked for, one must be named.
        let refused = files.open_one(&lot).expect_err("two");
        assert!(format!("{refused:?}").contains("lot.xml#1"));
        let second = files
            .open_one(&folder.0.path().join("lot.xml#2"))
            .expect("one");
        assert_eq!(second.digest, digests[1]);
    }

    #[test]
    fn an_archive_that_is_refused_is_one_unreadable_file() {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        let bad = folder.lay("bad.zip", &zipped(&[("../out.xml", &sample(UBL))]));
        let files = Files::new(SUITE, None).expect("no mapping");
        let document = files.open_one(&bad).expect("opened");
        assert!(document.reading.is_err());
        // Archives in archives end somewhere.
        let mut nested = zipped(&[("a.xml", &sample(UBL))]);
        for _ in 0..DEPTH_MAX {
            nested = zipped(&[("a.zip", &nested)]);
        }
        let nested = folder.lay("nested.zip", &nested);
        let document = files.open_one(&nested).expect("opened");
        assert!(document.identity().is_none());
    }
}
