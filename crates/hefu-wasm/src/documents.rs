//! Documents in a file, as `hefu inspect --json` shows them.
//!
//! What a file holds is named after it: `mail.zip#bill.pdf` is a file in an archive, `lot.xml#2` the second
//! document of a file.

use hefu_formats::limits::FILE_BYTES_MAX;
use hefu_formats::seal::{Cover, Seal};
use hefu_formats::{Format, ReadError, Reading, Stated};
use hefu_types::{Digest, Suite};
use serde_json::{json, Value};

/// Archives in archives that are opened.
const DEPTH_MAX: usize = 3;
/// What all archives of one file may hold together, in bytes. Less than on a machine of one's own: a
/// page has a few hundred megabytes.
const ARCHIVES_BYTES_MAX: usize = 128 << 20;

/// A document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The name of the file, and after `#` what is meant within it.
    pub name: String,
    /// How many bytes the file has.
    pub size_bytes: usize,
    /// The digest under which it is registered.
    pub digest: Digest,
    /// What it says of itself, or why that is not believed.
    pub read: Result<Read, ReadError>,
}

/// What was read of one document.
#[derive(Clone, Debug)]
pub struct Read {
    /// What the file is.
    pub format: Format,
    /// What the document states.
    pub stated: Stated,
    /// The signatures of the file itself.
    pub seals: Vec<Seal>,
}

/// The documents of a file: at least one.
pub fn documents(suite: Suite, name: &str, bytes: &[u8]) -> Vec<Document> {
    let mut found = Found {
        suite,
        documents: Vec::new(),
        archives_bytes_left: ARCHIVES_BYTES_MAX,
    };
    found.collect(name.to_owned(), bytes, DEPTH_MAX);
    found.documents
}

struct Found {
    suite: Suite,
    documents: Vec<Document>,
    archives_bytes_left: usize,
}

impl Found {
    fn collect(&mut self, name: String, bytes: &[u8], depth_left: usize) {
        let reading = if bytes.len() > FILE_BYTES_MAX {
            Err(ReadError::FileTooLarge {
                bytes: bytes.len(),
                bytes_max: FILE_BYTES_MAX,
            })
        } else {
            hefu_formats::read(bytes)
        };
        let is_archive = reading.as_ref().is_ok_and(|r| r.format == Format::Zip);
        if is_archive && depth_left > 0 {
            match self.files(bytes) {
                Ok(files) if !files.is_empty() => {
                    for (inner, bytes) in files {
                        self.collect(format!("{name}#{inner}"), &bytes, depth_left - 1);
                    }
                    return;
                }
                Ok(_) => {}
                Err(refusal) => return self.add(name, bytes, Err(refusal)),
            }
        }
        self.add(name, bytes, reading);
    }

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

    fn add(&mut self, name: String, bytes: &[u8], reading: Result<Reading, ReadError>) {
        let whole = self.suite.document_digest(bytes);
        let size_bytes = bytes.len();
        let reading = match reading {
            Ok(reading) => reading,
            Err(error) => {
                return self.documents.push(Document {
                    name,
                    size_bytes,
                    digest: whole,
                    read: Err(error),
                })
            }
        };
        let is_lot = reading.documents.len() > 1;
        for (at, stated) in (1_u32..).zip(reading.documents) {
            self.documents.push(Document {
                name: if is_lot {
                    format!("{name}#{at}")
                } else {
                    name.clone()
                },
                size_bytes,
                digest: if is_lot {
                    self.suite.part_digest(&whole, at)
                } else {
                    whole
                },
                read: Ok(Read {
                    format: reading.format.clone(),
                    stated,
                    seals: reading.seals.clone(),
                }),
            });
        }
    }
}

impl Document {
    /// The document as JavaScript gets it: `InspectedDocument` in `types.d.ts`.
    pub fn json(&self) -> Value {
        let read = self.read.as_ref().ok();
        let stated = read.map(|read| &read.stated);
        let error = self.read.as_ref().err();
        let identity = stated.and_then(|stated| stated.identity.as_ref());
        let number = stated.and_then(|stated| {
            let identity = stated.identity.as_ref()?;
            Some(stated.profile.normalise(identity))
        });
        let facts: Vec<Value> = (stated.into_iter().flat_map(|stated| &stated.facts))
            .map(|fact| {
                json!({
                    "name": fact.name,
                    "type": fact.fact_type().name(),
                    "value": fact.value,
                    "written": fact.written,
                    "place": fact.place,
                })
            })
            .collect();
        let seals: Vec<Value> = (read.into_iter().flat_map(|read| &read.seals))
            .map(seal_json)
            .collect();
        json!({
            "file": self.name,
            "digest": self.digest,
            "bytes": self.size_bytes,
            "format": read.map(|read| read.format.to_string()),
            "kind": stated.and_then(|stated| stated.kind),
            "profile": stated.filter(|stated| stated.kind.is_some()).map(|s| s.profile.name()),
            "identity": identity,
            "number": number.as_ref().and_then(|n| n.as_ref().ok()).map(|n| n.identity()),
            "breaks": number.as_ref().and_then(|n| n.as_ref().err()).map(ToString::to_string),
            "missing": stated.map_or(&[][..], |stated| &stated.missing),
            "doubts": stated.map_or(&[][..], |stated| &stated.doubts),
            "facts": facts,
            "seals": seals,
            "error": error.map(|error| json!({"kind": error.kind(), "sentence": error.to_string()})),
        })
    }
}

fn seal_json(seal: &Seal) -> Value {
    let parts = match &seal.cover {
        Cover::Part(parts) | Cover::Altered(parts) => parts.as_slice(),
        Cover::Whole | Cover::Unreadable(_) => &[],
    };
    json!({
        "kind": seal.kind.name(),
        "place": seal.place,
        "signer": seal.signer,
        "signed_at": seal.signed_at,
        "cover": seal.cover.name(),
        "parts": parts,
        "signature": seal.signature.name(),
        "sentence": seal.to_string(),
    })
}
