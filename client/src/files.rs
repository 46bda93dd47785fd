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
        let mut found = Vec::new();
        self.collect(file.clone(), &bytes, DEPTH_MAX, &mut found);
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

    fn collect(&self, path: PathBuf, bytes: &[u8], depth_left: usize, found: &mut Vec<Named>) {
        let reading = match &self.mapping {
            Some(mapping) if !bytes.starts_with(b"PK\x03\x04") => {
                hefu_formats::read_mapped(bytes, mapping)
            }
            _ => hefu_formats::read(bytes),
        };
        let is_archive = reading.as_ref().is_ok_and(|r| r.format == Format::Zip);
        if is_archive && depth_left > 0 {
            match hefu_formats::archive::files(bytes) {
                Ok(files) if !files.is_empty() => {
                    for (name, bytes) in files {
                        self.collect(within(&path, &name), &bytes, depth_left - 1, found);
                    }
                    return;
                }
                Ok(_) => {}
                Err(refusal) => {
                    found.push(self.whole(path, bytes, Err(refusal)));
                    return;
                }
            }
        }
        match reading {
            Ok(reading) if reading.documents.len() > 1 => {
                self.parts(&path, bytes, reading, found);
            }
            reading => found.push(self.whole(path, bytes, reading)),
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
