//! The signatures of an OFD (GB/T 33190-2016, 18).
//!
//! `OFD.xml` names `Signatures.xml`, which lists a `Signature.xml` for each signature. That one lists
//! parts of the archive with their digests, and a signed value holds the digest of the list: an
//! electronic seal ([`super::ses`]), or signed data ([`super::cms`]) in a signature without a seal.
//!
//! # What a signature covers
//!
//! [`Cover::Whole`]: every file of the archive is in the list and has the digest that stands there,
//! but for the files that make the signatures themselves. Those are `Signatures.xml`, which grows with
//! each signature; and of each signature that it lists `Signature.xml`, the signed value, and the copy
//! of the seal. Whoever signs later adds such files, which is not the fault of who signed before. A
//! file passes as one of them only if it is what it claims: `Signature.xml` is XML of that root with
//! signed information in it, the others are one ASN.1 sequence from the first byte to the last, which
//! no page, font or picture is. The copy of its own seal has to be the seal that was signed.
//!
//! [`Cover::Altered`]: files in the list that are gone or have another digest; `Signature.xml` itself
//! where it is not what the signed value says; the copy of the seal where it is another one.
//!
//! [`Cover::Part`]: all of the list is unchanged, and these files of the archive are not in it. Some
//! software leaves out `OFD.xml`, which then may say another invoice number than was signed.
//!
//! Nothing covers the archive's own headers (times, compression, comments), nor `Signatures.xml` where
//! it is not in the list. Who removes a signature with its entry there leaves no trace.

use std::collections::{BTreeMap, BTreeSet};

use super::asn1::{Value, SEQUENCE};
use super::cms::{Message, SignedData};
use super::keys::Digest;
use super::ses::SesSignature;
use super::{cut, harmless, Cover, Seal, SealKind};
use crate::archive::Archive;
use crate::encoded::base64;
use crate::limits::{SEALS_MAX, SEAL_HASHED_BYTES_MAX, SEAL_REFERENCES_MAX, SEAL_VALUE_BYTES_MAX};
use crate::ReadError;

/// The signatures of an OFD, in the order in which it lists them.
pub(crate) fn seals(archive: &mut Archive<'_>) -> Vec<Seal> {
    match Signatures::read(archive) {
        Ok(signatures) => signatures.seals(archive),
        Err(why) => vec![Seal::unreadable(SealKind::OfdSeal, "OFD.xml", &why)],
    }
}

/// What `Signatures.xml` lists, and the files that make the signatures.
#[derive(Default)]
struct Signatures {
    entries: Vec<Entry>,
    /// There are more than are looked at.
    is_cut: bool,
    /// The `Signatures.xml` of the documents in it.
    lists: BTreeSet<String>,
}

struct Entry {
    kind: SealKind,
    /// Its `Signature.xml`.
    place: String,
    /// What that file holds, or why it is not read.
    content: Result<Content, String>,
}

/// A `Signature.xml`.
struct Content {
    bytes: Vec<u8>,
    signed_value: Option<String>,
    /// The copy of the seal.
    seal: Option<String>,
    method: Option<Digest>,
    time: Option<String>,
    /// Parts and their digests, as they stand there.
    references: Vec<(String, Option<Vec<u8>>)>,
}

impl Signatures {
    fn read(archive: &mut Archive<'_>) -> Result<Self, String> {
        let mut signatures = Self::default();
        let mut references_left = SEAL_REFERENCES_MAX;
        let entry_point = part(archive, "OFD.xml")?;
        let lists = with_root(&entry_point, "OFD", |root| {
            (children(root, "DocBody"))
                .flat_map(|body| {
                    children(body, "Signatures")
                        .filter_map(text)
                        .collect::<Vec<_>>()
                })
                .take(SEALS_MAX)
                .collect::<Vec<_>>()
        })?;
        for list in lists {
            let list = located(archive, "", &list);
            if !signatures.lists.insert(list.clone()) {
                continue;
            }
            let bytes = part(archive, &list)?;
            let found = with_root(&bytes, "Signatures", |root| {
                // One more than are looked at, to know that there are more.
                let entries = children(root, "Signature").take(SEALS_MAX + 1);
                let entry = |node: roxmltree::Node<'_, '_>| {
                    // Without a type it is a seal (GB/T 33190-2016, 18.1).
                    let kind = match node.attribute("Type") {
                        Some("Sign") => SealKind::OfdSignature,
                        _ => SealKind::OfdSeal,
                    };
                    Some((kind, node.attribute("BaseLoc")?.to_owned()))
                };
                entries.map(entry).collect::<Vec<_>>()
            })?;
            for entry in found {
                let (kind, place) = entry.ok_or("an entry without a place")?;
                if signatures.entries.len() == SEALS_MAX {
                    signatures.is_cut = true;
                    return Ok(signatures);
                }
                let place = located(archive, folder(&list), &place);
                let content = Content::read(archive, &place, &mut references_left);
                signatures.entries.push(Entry {
                    kind,
                    place,
                    content,
                });
            }
        }
        Ok(signatures)
    }

    fn seals(&self, archive: &mut Archive<'_>) -> Vec<Seal> {
        let mut parts = Parts::read(archive, self);
        let makes_signatures = self.makes_signatures(&parts);
        let mut hash_bytes_left = SEAL_HASHED_BYTES_MAX;
        let mut seals = Vec::new();
        for entry in &self.entries {
            seals.extend(match &entry.content {
                Ok(content) => {
                    entry.seals(content, &mut parts, &makes_signatures, &mut hash_bytes_left)
                }
                Err(why) => vec![Seal::unreadable(entry.kind, &harmless(&entry.place), why)],
            });
        }
        if self.is_cut {
            seals.push(Seal::unreadable(
                SealKind::OfdSeal,
                "OFD.xml",
                "more signatures than are looked at",
            ));
        }
        seals
    }

    /// The files that no signature has to cover, as they make the signatures themselves.
    fn makes_signatures(&self, parts: &Parts) -> BTreeSet<&str> {
        let mut names: BTreeSet<&str> = self.lists.iter().map(String::as_str).collect();
        for entry in &self.entries {
            let Ok(content) = &entry.content else {
                continue;
            };
            names.insert(&entry.place);
            let others = [&content.signed_value, &content.seal];
            names.extend(
                others
                    .into_iter()
                    .flatten()
                    .filter(|name| parts.sequences.contains_key(*name))
                    .map(String::as_str),
            );
        }
        names
    }
}

impl Content {
    fn read(
        archive: &mut Archive<'_>,
        place: &str,
        references_left: &mut usize,
    ) -> Result<Self, String> {
        let bytes = part(archive, place)?;
        let mut content = with_root(&bytes, "Signature", |root| {
            let info = children(root, "SignedInfo").next()?;
            let references = children(info, "References").next();
            let listed = references
                .into_iter()
                .flat_map(|node| children(node, "Reference"));
            let reference = |node: roxmltree::Node<'_, '_>| {
                let value = children(node, "CheckValue").next().and_then(text);
                let value = value.and_then(|value| base64(value.as_bytes()));
                Some((node.attribute("FileRef")?.to_owned(), value))
            };
            Some(Self {
                bytes: Vec::new(),
                signed_value: children(root, "SignedValue").next().and_then(text),
                seal: children(info, "Seal")
                    .next()
                    .and_then(|seal| children(seal, "BaseLoc").next())
                    .and_then(text),
                method: Digest::by_check_method(
                    references.and_then(|node| node.attribute("CheckMethod")),
                ),
                time: (children(info, "SignatureDateTime").next())
                    .and_then(text)
                    .map(|time| harmless(&time.chars().take(40).collect::<String>())),
                references: listed
                    .take(*references_left + 1)
                    .map(reference)
                    .collect::<Option<Vec<_>>>()?,
            })
        })?
        .ok_or("its Signature.xml is not of the standard's form")?;
        *references_left = (references_left.checked_sub(content.references.len()))
            .ok_or("more references than any real file has")?;
        for name in [&mut content.signed_value, &mut content.seal] {
            *name = name
                .take()
                .map(|name| located(archive, folder(place), &name));
        }
        for (name, _) in &mut content.references {
            *name = located(archive, folder(place), name);
        }
        content.bytes = bytes;
        Ok(content)
    }
}

impl Entry {
    fn seals(
        &self,
        content: &Content,
        parts: &mut Parts,
        makes_signatures: &BTreeSet<&str>,
        hash_bytes_left: &mut usize,
    ) -> Vec<Seal> {
        let place = harmless(&self.place);
        let value = content.signed_value.as_ref();
        let value = value.and_then(|name| parts.sequences.get(name));
        let seals = match value {
            None => None,
            Some(value) => match SesSignature::read(value) {
                Some(seal) => Some(vec![self.seal_of(seal, &place, content, parts)]),
                None => SignedData::read(value).map(|(data, _)| {
                    let mut message = Message {
                        pieces: vec![&content.bytes],
                        bytes_left: hash_bytes_left,
                    };
                    data.seals(self.kind, &place, &place, &mut message)
                }),
            },
        };
        let unreadable = || {
            vec![Seal::unreadable(
                self.kind,
                &place,
                "no signed value that is read",
            )]
        };
        let listed = self.cover_of_list(content, parts, makes_signatures);
        let join = |mut seal: Seal| {
            seal.cover = joined(seal.cover, listed.clone());
            seal.signed_at = seal.signed_at.or_else(|| content.time.clone());
            seal
        };
        seals
            .unwrap_or_else(unreadable)
            .into_iter()
            .map(join)
            .collect()
    }

    /// The seal, with what it says of `Signature.xml` alone.
    fn seal_of(
        &self,
        read: SesSignature<'_>,
        place: &str,
        content: &Content,
        parts: &Parts,
    ) -> Seal {
        let mut altered = Vec::new();
        if Digest::Sm3.of(&[&content.bytes]) != read.data_hash {
            altered.push(place.to_owned());
        }
        let copy = content.seal.as_ref();
        if let Some(copy) = copy.filter(|name| {
            parts
                .sequences
                .get(*name)
                .is_none_or(|bytes| bytes != read.eseal)
        }) {
            altered.push(harmless(copy));
        }
        Seal {
            kind: self.kind,
            place: place.to_owned(),
            signer: read.signer,
            signed_at: read.signed_at,
            cover: match altered.is_empty() {
                true => Cover::Whole,
                false => Cover::Altered(altered),
            },
            signature: read.signature,
            stamp: Some(read.stamp),
        }
    }

    /// What the list of parts covers.
    fn cover_of_list(
        &self,
        content: &Content,
        parts: &Parts,
        makes_signatures: &BTreeSet<&str>,
    ) -> Cover {
        let Some(method) = content.method else {
            return Cover::Unreadable("the method of its digests is not read".to_owned());
        };
        if let Some(why) = &parts.unreadable {
            return Cover::Unreadable(why.clone());
        }
        let mut altered = Vec::new();
        let mut covered = BTreeSet::new();
        for (name, value) in &content.references {
            match parts.digests.get(&(method, name.clone())) {
                Some(digest) if Some(digest) == value.as_ref() => {
                    covered.insert(name.as_str());
                }
                Some(_) => altered.push(harmless(name)),
                None => altered.push(format!("{} (is gone)", harmless(name))),
            }
        }
        if !altered.is_empty() {
            return Cover::Altered(cut(altered));
        }
        let left_out = |name: &&String| {
            !covered.contains(name.as_str()) && !makes_signatures.contains(name.as_str())
        };
        let left_out: Vec<String> = (parts.names.iter().filter(left_out))
            .map(|name| harmless(name))
            .collect();
        match left_out.is_empty() {
            true => Cover::Whole,
            false => Cover::Part(cut(left_out)),
        }
    }
}

/// The worse of two, and the parts of both where they are equally bad.
fn joined(one: Cover, other: Cover) -> Cover {
    match (one, other) {
        (Cover::Altered(mut parts), Cover::Altered(more)) => {
            parts.extend(more);
            Cover::Altered(cut(parts))
        }
        (altered @ Cover::Altered(_), _) | (_, altered @ Cover::Altered(_)) => altered,
        (unreadable @ Cover::Unreadable(_), _) | (_, unreadable @ Cover::Unreadable(_)) => {
            unreadable
        }
        (Cover::Whole, cover) | (cover, _) => cover,
    }
}

/// The files of the archive as far as signatures need them: each is inflated and hashed once.
struct Parts {
    names: Vec<String>,
    digests: BTreeMap<(Digest, String), Vec<u8>>,
    /// Signed values and seals: those of the named ones that are one ASN.1 sequence, and no larger
    /// than is read, as each signature that names one has it hashed.
    sequences: BTreeMap<String, Vec<u8>>,
    unreadable: Option<String>,
}

impl Parts {
    fn read(archive: &mut Archive<'_>, signatures: &Signatures) -> Self {
        let mut parts = Self {
            names: archive.names().map(str::to_owned).collect(),
            digests: BTreeMap::new(),
            sequences: BTreeMap::new(),
            unreadable: None,
        };
        let contents = || {
            let entries = signatures.entries.iter();
            entries.filter_map(|entry| entry.content.as_ref().ok())
        };
        let methods: BTreeSet<Digest> = contents().filter_map(|content| content.method).collect();
        let values: BTreeSet<&String> = contents()
            .flat_map(|content| [&content.signed_value, &content.seal])
            .flatten()
            .collect();
        if methods.is_empty() && values.is_empty() {
            return parts;
        }
        for name in &parts.names {
            let bytes = match part(archive, name) {
                Ok(bytes) => bytes,
                Err(why) => {
                    parts.unreadable = Some(why);
                    break;
                }
            };
            for method in &methods {
                let digest = method.of(&[&bytes]);
                parts.digests.insert((*method, name.clone()), digest);
            }
            let is_sequence = || Value::only(&bytes).is_some_and(|value| value.tag == SEQUENCE);
            if values.contains(name) && bytes.len() <= SEAL_VALUE_BYTES_MAX && is_sequence() {
                parts.sequences.insert(name.clone(), bytes);
            }
        }
        parts
    }
}

fn part(archive: &mut Archive<'_>, name: &str) -> Result<Vec<u8>, String> {
    match archive.read(name) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(format!("there is no {}", harmless(name))),
        Err(refusal) => Err(refusal.to_string()),
    }
}

fn with_root<T>(
    bytes: &[u8],
    name: &str,
    read: impl FnOnce(roxmltree::Node<'_, '_>) -> T,
) -> Result<T, String> {
    let tree = crate::xml::with_tree(
        bytes,
        |root| root == name.as_bytes(),
        |root| Ok(Some(read(root))),
    );
    match tree {
        Ok(Some(made)) => Ok(made),
        Ok(None) => Err(format!("there is no {name} where one should be")),
        Err(ReadError::Doctype) => Err("its XML has a DOCTYPE".to_owned()),
        Err(refusal) => Err(refusal.to_string()),
    }
}

/// The child elements of that name. Software differs in the namespace that it writes.
fn children<'t, 'n>(
    node: roxmltree::Node<'t, 'n>,
    name: &'n str,
) -> impl Iterator<Item = roxmltree::Node<'t, 'n>> + use<'t, 'n> {
    node.children()
        .filter(move |child| child.tag_name().name() == name)
}

fn text(node: roxmltree::Node<'_, '_>) -> Option<String> {
    Some(node.text()?.trim().to_owned())
}

/// The folder of a part, with a slash behind it.
fn folder(place: &str) -> &str {
    place.rfind('/').map_or("", |slash| &place[..=slash])
}

/// A place that is written in a part: from the archive's root with a slash in front, else from the
/// folder of the part (GB/T 33190-2016, 7.3). Some software forgets the slash.
fn located(archive: &Archive<'_>, folder: &str, written: &str) -> String {
    let written = written.trim().replace('\\', "/");
    let plain = |path: &str| {
        let mut steps = Vec::new();
        for step in path.split('/') {
            match step {
                "" | "." => {}
                ".." => {
                    steps.pop();
                }
                step => steps.push(step),
            }
        }
        steps.join("/")
    };
    let from_root = plain(&written);
    if written.starts_with('/') {
        return from_root;
    }
    let from_here = plain(&format!("{folder}{written}"));
    match !archive.contains(&from_here) && archive.contains(&from_root) {
        true => from_root,
        false => from_here,
    }
}
