//! A catalogue that was kept: written with what proves it, and believed only as far as that goes.

use super::{Listing, Part};
use crate::disk;
use crate::failure::Failure;
use hefu_proof::{StatusCertificate, Verifier};
use hefu_types::genesis::Network;
use hefu_types::leaf::Holder;
use hefu_wire::catalogue::{Entry, SavedCatalogue, SAVED_BYTES_MAX};
use std::collections::BTreeMap;
use std::path::Path;

/// The file of a listing of these parts.
pub(super) fn bytes(network: &Network, parts: &[Part], listing: &Listing) -> Vec<u8> {
    let saved = SavedCatalogue {
        format: 0,
        network: network.digest(),
        parts: parts.iter().map(|part| part.source().to_string()).collect(),
        pages: (listing.certificates.iter())
            .map(|certificate| certificate.encode().into())
            .collect(),
    };
    saved.encode()
}

/// Reads a file that holds a part (or, where none is named, everything), and checks each of its pages.
pub(super) fn read(
    path: &Path,
    network: &Network,
    part: Option<Part>,
    holder: Option<&Holder>,
) -> Result<Listing, Failure> {
    let bad = |why: String| Failure::bad_file(path, why);
    let bytes = disk::read(path, SAVED_BYTES_MAX)?;
    let saved = SavedCatalogue::decode(&bytes)
        .map_err(|error| bad(format!("it is no kept catalogue: {error}")))?;
    if saved.network != network.digest() {
        return Err(bad("it is of another network".to_owned()));
    }
    let one = part.map(|part| [part]);
    for part in one.as_ref().map_or(super::EVERYTHING, |one| &one[..]) {
        let name = part.source().name();
        if !saved.parts.iter().any(|kept| kept == name) {
            return Err(Failure::asked(
                format!(
                    "{} does not hold {name}; name a part that it holds: {}",
                    path.display(),
                    saved.parts.join(", ")
                ),
                format!(
                    "{} 中没有 {name}；它含有：{}",
                    path.display(),
                    saved.parts.join("、")
                ),
            ));
        }
    }
    let mut listing = Listing::default();
    let mut verifier = Verifier::new(network);
    for page in &saved.pages {
        let certificate = StatusCertificate::decode(page)
            .map_err(|error| bad(format!("a page cannot be read: {error}")))?;
        let state = verifier
            .certificate(&certificate)
            .map_err(|error| bad(format!("a page does not hold: {error}")))?;
        let mut entries = BTreeMap::new();
        for (at, value) in state.values() {
            let entry = match value {
                hefu_proof::certificate::Value::Leaf(bytes) => {
                    Entry::read(network.suite(), at, bytes)
                }
                _ => None,
            };
            let entry = entry.ok_or_else(|| bad(format!("{at} is no line of a catalogue")))?;
            let is_asked = match (&entry, holder) {
                (Entry::Key(leaf), Some(holder)) => leaf.holder == *holder,
                _ => true,
            };
            if is_asked {
                entries.insert(*at, entry);
            }
        }
        listing.add(entries, &state, certificate);
    }
    Ok(listing)
}
