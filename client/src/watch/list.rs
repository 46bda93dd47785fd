//! Which documents are watched: receipts, folders of them, lists of both, record keys and files.
//!
//! What cannot be read is told of its own line and hides no other.

use super::state::{Known, Seen};
use crate::disk;
use crate::document::{hint_of, Document};
use crate::failure::Failure;
use crate::files::Files;
use crate::lookup::{by_digest, by_identity};
use crate::memory::Unproven;
use crate::nodes::Nodes;
use hefu_proof::receipt::{Receipt, RECEIPT_BYTES_MAX};
use hefu_proof::verdict::Said;
use hefu_proof::verifier::Verifier;
use hefu_types::record::PublicPart;
use hefu_types::{Code, StateKey};
use hefu_wire::path::Beside;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The longest list in bytes.
const LIST_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The record of a document, and what a receipt proves of it; or why it cannot be watched.
type Watched = Result<(StateKey, Option<Known>), Said>;

/// A document of the list.
#[derive(Debug)]
pub struct Entry {
    /// As it is listed.
    pub name: String,
    /// What it is.
    pub found: Watched,
}

impl Entry {
    /// The key of the record.
    pub fn key(&self) -> Option<StateKey> {
        self.found.as_ref().ok().map(|(key, _)| *key)
    }
}

/// All documents of these lists, each once.
pub fn read(lists: &[PathBuf], nodes: &Nodes) -> Result<Vec<Entry>, Failure> {
    let mut reader = Reader {
        nodes,
        verifier: Verifier::new(nodes.network()),
        unreachable: None,
        entries: Vec::new(),
        by_record: BTreeMap::new(),
    };
    for list in lists {
        if list.is_dir() {
            reader.folder(list)?;
        } else if is_list(list) {
            reader.lines(list)?;
        } else {
            reader.path(list, list.to_string_lossy().into_owned());
        }
    }
    if reader.entries.is_empty() {
        return Err(Failure::asked(
            "no document is listed: give receipts, a folder of receipts, or a list of them",
            "未列出任何文档：请给出回执、回执文件夹或其清单",
        ));
    }
    Ok(reader.entries)
}

/// Whether a file lists documents, by the end of its name.
fn is_list(path: &Path) -> bool {
    let end = path.extension().map(|end| end.to_ascii_lowercase());
    end.is_none_or(|end| ["txt", "csv", "list"].iter().any(|list| end == *list))
}

struct Reader<'a> {
    nodes: &'a Nodes,
    verifier: Verifier<'a>,
    /// Why no more nodes are asked: each question would cost its time-out again.
    unreachable: Option<Said>,
    entries: Vec<Entry>,
    /// Where each record stands among the entries.
    by_record: BTreeMap<StateKey, usize>,
}

impl Reader<'_> {
    /// Every receipt of a folder and of the folders below it.
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let disk = |error| Failure::disk(folder, error);
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(disk)? {
            paths.push(entry.map_err(disk)?.path());
        }
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            // Links to folders are not followed: they may lead back here.
            if path.is_dir() && !path.is_symlink() {
                self.folder(&path)?;
            } else if name.ends_with(disk::RECEIPT_SUFFIX) {
                self.receipt(&path, path.to_string_lossy().into_owned());
            }
        }
        Ok(())
    }

    /// Each line of a list: the key of a record, or a path relative to the list.
    fn lines(&mut self, list: &Path) -> Result<(), Failure> {
        let bytes = disk::read(list, LIST_BYTES_MAX)?;
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let folder = list.parent().unwrap_or(Path::new(""));
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text);
        for (at, row) in rows.records().enumerate() {
            let row = row.map_err(|error| Failure::bad_file(list, error))?;
            let cell = row.get(0).unwrap_or_default();
            let is_header = at == 0 && ["record", "key", "receipt", "file", "path"].contains(&cell);
            if cell.is_empty() || is_header {
                continue;
            }
            match cell.parse::<StateKey>() {
                Ok(key) => self.add(cell.to_owned(), Ok((key, None))),
                Err(_) => self.path(&folder.join(cell), cell.to_owned()),
            }
        }
        Ok(())
    }

    /// A receipt, or a file of a document with a receipt beside it or none.
    fn path(&mut self, path: &Path, name: String) {
        let beside = disk::receipt_beside(path);
        if name.ends_with(disk::RECEIPT_SUFFIX) {
            self.receipt(path, name);
        } else if beside.is_file() {
            self.receipt(&beside, name);
        } else {
            let found = self.look_up(path);
            self.add(name, found);
        }
    }

    fn receipt(&mut self, path: &Path, name: String) {
        let read = disk::read(path, RECEIPT_BYTES_MAX).map_err(|failure| told(&failure));
        let found = read.and_then(|bytes| {
            let receipt = Receipt::decode(&bytes).and_then(|r| self.verifier.receipt(&r));
            let receipt = receipt.map_err(Unproven::from).and_then(|mut receipt| {
                self.nodes.admit_receipt(&mut receipt)?;
                Ok(receipt)
            });
            let receipt = receipt.map_err(|error| {
                let code = Code::BadProof.number();
                Said::new(
                    format!("{code} the receipt proves nothing: {error}; ask for it again"),
                    format!("{code} 该回执不能证明任何内容：{error}；请重新索取"),
                )
            })?;
            let seen = Seen::of(receipt.state().checkpoint().checkpoint());
            let known = |public: &PublicPart| Known {
                public: public.clone(),
                seen,
            };
            // A copy is what its licence is: whoever watches the one watches both.
            let licence = receipt.record().copy.as_ref().map(|terms| {
                let proven = receipt.state().record(&terms.of).ok().flatten();
                (terms.of, proven.map(known))
            });
            let own = (receipt.record_key(), Some(known(receipt.record())));
            Ok((own, licence))
        });
        let (own, licence) = match found {
            Ok((own, licence)) => (Ok(own), licence),
            Err(said) => (Err(said), None),
        };
        if let Some(licence) = licence {
            self.add(format!("{name} (licence)"), Ok(licence));
        }
        self.add(name, own);
    }

    /// The record of a file without a receipt, by its bytes or by its number.
    fn look_up(&mut self, path: &Path) -> Watched {
        let suite = self.nodes.network().suite();
        let files = Files::new(suite, None).map_err(|failure| told(&failure))?;
        let document = files.open_one(path).map_err(|failure| told(&failure))?;
        if let Some(said) = &self.unreachable {
            return Err(said.clone());
        }
        match self.find(&document) {
            Ok(Some(key)) => Ok((key, None)),
            Ok(None) => Err(Said::new(
                "not registered on this network; give its receipt, or the key of its record",
                "本网络未登记；请提供其回执或记录键",
            )),
            Err(failure) => {
                let said = told(&failure);
                if let Failure::Unreachable { .. } = failure {
                    self.unreachable = Some(said.clone());
                }
                Err(said)
            }
        }
    }

    fn find(&self, document: &Document) -> Result<Option<StateKey>, Failure> {
        let beside = Beside::default();
        let told = by_digest(self.nodes, &document.digest, beside, 0)?;
        let withdrawn = told.withdrawn.map(|(key, _)| key);
        if let Some(key) = told.key.or(withdrawn) {
            return Ok(Some(key));
        }
        let Some(identity) = document.identity() else {
            return Ok(None);
        };
        let hint = hint_of(document, None);
        let told = by_identity(self.nodes, &identity, hint, beside, 0)?;
        Ok(told.and_then(|told| told.key.filter(|_| told.record.is_some())))
    }

    /// Several receipts of one document are one document: what is newest of it is known.
    fn add(&mut self, name: String, found: Watched) {
        if let Ok((key, known)) = &found {
            if let Some(at) = self.by_record.get(key) {
                let height = |known: &Option<Known>| known.as_ref().map(|known| known.seen.height);
                if let Ok((_, before)) = &mut self.entries[*at].found {
                    if height(known) > height(before) {
                        before.clone_from(known);
                    }
                }
                return;
            }
            self.by_record.insert(*key, self.entries.len());
        }
        self.entries.push(Entry { name, found });
    }
}

/// What is told of one document that cannot be read.
fn told(failure: &Failure) -> Said {
    let said = failure.sentence();
    match failure.detail() {
        Some(detail) => Said::new(
            format!("{}: {detail}", said.en),
            format!("{}：{detail}", said.zh),
        ),
        None => said,
    }
}
