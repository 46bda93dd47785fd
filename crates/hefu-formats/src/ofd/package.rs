//! The parts of an OFD: paths between them, and their XML under one budget.

use roxmltree::Node;

use super::{malformed, too_complex};
use crate::archive::Archive;
use crate::limits::{OFD_LETTERS_MAX, OFD_PICTURES_MAX, OFD_RUNS_MAX, OFD_XML_BYTES_MAX};
use crate::xml::with_tree;
use crate::ReadError;

/// An archive with what may still be parsed of it.
pub(super) struct Package<'a> {
    archive: Archive<'a>,
    xml_bytes_left: usize,
    pub(super) drawing: Drawing,
}

/// What may still be drawn, on the pages of all documents together.
pub(super) struct Drawing {
    /// Letters, each as often as it is parsed and as it is drawn.
    pub(super) letters: usize,
    pub(super) runs: usize,
    pub(super) pictures: usize,
}

/// A page or a template, as the document names it.
pub(super) struct Part {
    pub(super) id: String,
    pub(super) location: String,
}

impl<'a> Package<'a> {
    pub(super) fn new(archive: Archive<'a>) -> Self {
        Self {
            archive,
            xml_bytes_left: OFD_XML_BYTES_MAX,
            drawing: Drawing {
                letters: OFD_LETTERS_MAX,
                runs: OFD_RUNS_MAX,
                pictures: OFD_PICTURES_MAX,
            },
        }
    }

    /// The archive, to read it in another way; under the same budget.
    pub(super) fn archive(&mut self) -> &mut Archive<'a> {
        &mut self.archive
    }

    /// The part that a location in the part `from` means: below its folder (GB/T 33190-2016, 7.2), or
    /// below that of the document's root, as some producers write it, in any case of letters. `None`
    /// where there is none.
    pub(super) fn find(&self, from: &str, root: &str, location: &str) -> Option<String> {
        [from, root].into_iter().find_map(|base| {
            let path = resolved(base, location)?;
            self.archive.name_like(&path).map(str::to_owned)
        })
    }

    /// The bytes of a part.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        self.archive.read(name)
    }

    /// What is read of a part whose root must be of that name. `None` where there is no such part.
    pub(super) fn xml<T>(
        &mut self,
        name: &str,
        root_name: &str,
        read: impl FnOnce(Node<'_, '_>) -> T,
    ) -> Result<Option<T>, ReadError> {
        if !self.archive.contains(name) {
            return Ok(None);
        }
        let is_known = |root: &[u8]| root == root_name.as_bytes();
        match self.known_xml(name, is_known, |root| Ok(Some(read(root))))? {
            Some(read) => Ok(Some(read)),
            None => Err(malformed(format!("{name} is no {root_name}"))),
        }
    }

    /// What is read of a part if its root is known.
    pub(super) fn known_xml<T>(
        &mut self,
        name: &str,
        is_known: impl Fn(&[u8]) -> bool,
        read: impl FnOnce(Node<'_, '_>) -> Result<Option<T>, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let Some(bytes) = self.archive.read(name)? else {
            return Ok(None);
        };
        let left = self.xml_bytes_left.checked_sub(bytes.len());
        self.xml_bytes_left = left.ok_or(too_complex("bytes of XML", OFD_XML_BYTES_MAX))?;
        with_tree(&bytes, is_known, read).map_err(|refusal| ReadError::Part {
            name: name.to_owned(),
            refusal: Box::new(refusal),
        })
    }
}

/// The path that a location in the part `from` means: from the root of the archive where it begins
/// with a slash, else from the part's folder. `None` for one that leads out of the archive.
pub(super) fn resolved(from: &str, location: &str) -> Option<String> {
    let mut steps: Vec<&str> = match location.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').collect(),
    };
    // The last step is the part itself.
    steps.pop();
    for step in location.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()?),
            step => steps.push(step),
        }
    }
    (!steps.is_empty()).then(|| steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_stay_inside_the_archive() {
        let check = |from: &str, location: &str, path: Option<&str>| {
            assert_eq!(
                resolved(from, location).as_deref(),
                path,
                "{from} {location}"
            );
        };
        check("OFD.xml", "Doc_0/Document.xml", Some("Doc_0/Document.xml"));
        check("OFD.xml", "/Doc_0/Document.xml", Some("Doc_0/Document.xml"));
        check(
            "Doc_0/Document.xml",
            "Pages/P.xml",
            Some("Doc_0/Pages/P.xml"),
        );
        check("Doc_0/Document.xml", "./P.xml", Some("Doc_0/P.xml"));
        check("Doc_0/Tags/Tags.xml", "../P.xml", Some("Doc_0/P.xml"));
        check("Doc_0/Document.xml", "/Doc_1/P.xml", Some("Doc_1/P.xml"));
        check("Doc_0/Document.xml", "../../x", None);
        check("OFD.xml", "../x", None);
        check("OFD.xml", "/..", None);
        check("OFD.xml", "", None);
        check("OFD.xml", "/", None);
    }
}
