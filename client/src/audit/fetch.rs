//! The pieces of a log and its blocks, as an auditor asks for them. Each piece is bounded, and nothing in it
//! counts before the auditor has judged it.

use super::source::{Source, Unavailable};
use hefu_audit::{NextBlock, Parts, HEADER_BYTES_MAX};
use hefu_proof::certificate::{StatusCertificate, CERTIFICATE_BYTES_MAX};
use hefu_proof::Handover;
use hefu_types::block::{BLOCK_BYTES_MAX, BLOCK_OPERATIONS_MAX, STATEMENTS_MAX};
use hefu_types::genesis::Network;
use hefu_types::merkle;
use hefu_types::statement::STATEMENT_BYTES_MAX;
use hefu_types::{key, EntryIndex, Hash, Suite, TreeSize};
use hefu_wire::{path, Tile};
use std::collections::HashMap;

/// Hashes in a full tile, and entries in a full bundle (C2SP tlog-tiles).
const TILE_WIDTH: u64 = 256;
const BUNDLE_BYTES_MAX: usize = 256 * (2 + 65_535);
/// A refusal is two small numbers.
const REFUSALS_BYTES_MAX: usize = 16 + BLOCK_OPERATIONS_MAX * 16;

/// Where the chain of handovers stands: in the certificate of a leaf that every network has.
pub fn handovers_path(network: &Network) -> String {
    path::leaf(&key::set_current(network.suite()))
}

/// The chain of handovers that a source shows. One that cannot be read is none.
pub fn handovers(source: &Source, network: &Network) -> Result<Vec<Handover>, Unavailable> {
    let bytes = source.fetch(&handovers_path(network), CERTIFICATE_BYTES_MAX)?;
    let certificate = StatusCertificate::decode(&bytes);
    Ok(certificate.map_or_else(|_| Vec::new(), |certificate| certificate.handovers))
}

/// The part of a level of the tree that a tile covers: its width in a log of a size.
fn width(level: u8, index: u64, size: TreeSize) -> u16 {
    let available = size.0 >> (8 * u32::from(level));
    let left = available.saturating_sub(index * TILE_WIDTH);
    u16::try_from(left.min(TILE_WIDTH)).unwrap_or(256)
}

/// Tiles of hashes of a log of a size, each fetched once.
pub struct Tiles<'a> {
    source: &'a Source,
    suite: Suite,
    size: TreeSize,
    known: HashMap<(u8, u64), Vec<Hash>>,
}

impl<'a> Tiles<'a> {
    /// Those of a source.
    pub fn new(source: &'a Source, suite: Suite, size: TreeSize) -> Self {
        let known = HashMap::new();
        Self {
            source,
            suite,
            size,
            known,
        }
    }

    fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash>, Unavailable> {
        let tile = Tile::Hashes(level, index, width(level, index, self.size));
        let bytes = self.source.fetch(&format!("/tile/{tile}"), 256 * 32)?;
        let (hashes, _) = bytes.as_chunks::<32>();
        Ok(hashes.iter().copied().map(Hash).collect())
    }

    /// The hashes of the leaves in a range; fewer where a tile is too short.
    pub fn leaves(&self, from: u64, to: u64) -> Result<Vec<Hash>, Unavailable> {
        let mut leaves = Vec::new();
        for index in from / TILE_WIDTH..to.div_ceil(TILE_WIDTH) {
            let begin = index * TILE_WIDTH;
            let end = to.min(begin + TILE_WIDTH);
            let tile = self.tile(0, index)?;
            let wanted = (from.max(begin) - begin) as usize..(end - begin) as usize;
            leaves.extend_from_slice(tile.get(wanted).unwrap_or_default());
        }
        Ok(leaves)
    }

    /// Fetches the tiles above the leaves for the mirror, so that others can fetch proofs from it.
    pub fn keep_upper(&self, from: u64) -> Result<(), Unavailable> {
        for level in 1..8_u8 {
            let shift = 8 * u32::from(level);
            let (begin, end) = (from >> shift, self.size.0 >> shift);
            if end == 0 {
                break;
            }
            for index in begin / TILE_WIDTH..end.div_ceil(TILE_WIDTH) {
                self.tile(level, index)?;
            }
        }
        Ok(())
    }

    /// The root of a perfect subtree, see `hefu_proof::log::inclusion_path`. What stands in no tile is
    /// told as a hash that leads nowhere.
    pub fn node(&mut self, level: u8, index: u64) -> Result<Hash, Unavailable> {
        let (of_tile, within) = (level / 8, level % 8);
        let first = index << within;
        let place = (of_tile, first / TILE_WIDTH);
        if !self.known.contains_key(&place) {
            let tile = self.tile(place.0, place.1)?;
            self.known.insert(place, tile);
        }
        let begin = (first % TILE_WIDTH) as usize;
        let hashes = self.known.get(&place);
        let hashes = hashes.and_then(|tile| tile.get(begin..begin + (1 << within)));
        Ok(hashes.map_or(Hash([0; 32]), |of| merkle::root_of_hashes(self.suite, of)))
    }
}

/// Reads blocks one after the other; of the entries one bundle is held.
pub struct Blocks<'a> {
    source: &'a Source,
    bundle: Option<(u64, TreeSize, Vec<Vec<u8>>)>,
}

impl<'a> Blocks<'a> {
    /// Those of a source.
    pub fn new(source: &'a Source) -> Self {
        let bundle = None;
        Self { source, bundle }
    }

    /// An entry of a log of a size; empty where the bundle is too short.
    fn entry(&mut self, at: EntryIndex, size: TreeSize) -> Result<Vec<u8>, Unavailable> {
        let index = at.0 / TILE_WIDTH;
        let held = self.bundle.as_ref();
        if held.is_none_or(|(held, of, _)| (*held, *of) != (index, size)) {
            let tile = Tile::Entries(index, width(0, index, size));
            let bytes = self
                .source
                .fetch(&format!("/tile/{tile}"), BUNDLE_BYTES_MAX)?;
            self.bundle = Some((index, size, entries(&bytes)));
        }
        let held = self.bundle.as_ref().map(|(_, _, entries)| entries);
        let entry = held.and_then(|entries| entries.get((at.0 % TILE_WIDTH) as usize));
        Ok(entry.cloned().unwrap_or_default())
    }

    /// All pieces of the next block.
    pub fn next(&mut self, next: NextBlock) -> Result<Parts, Unavailable> {
        let NextBlock {
            height,
            first,
            size,
        } = next;
        let mut parts = Parts::default();
        // No block has more: who serves empty entries with long operations fills no memory.
        let mut left = BLOCK_BYTES_MAX;
        for index in (first.0..size.0).take(STATEMENTS_MAX + 1).map(EntryIndex) {
            let entry = self.entry(index, size)?;
            let is_last = Parts::is_block_entry(&entry);
            parts.entries.push(entry);
            if is_last {
                break;
            }
            let operations = self
                .source
                .fetch(&path::operations(index), STATEMENT_BYTES_MAX.min(left))?;
            left -= operations.len().min(left);
            parts.operations.push(operations);
        }
        parts.header = self
            .source
            .fetch(&path::block_header(height), HEADER_BYTES_MAX)?;
        parts.refusals = self
            .source
            .fetch(&path::refusals(height), REFUSALS_BYTES_MAX)?;
        Ok(parts)
    }
}

/// The entries of a bundle: each led by its length (two bytes, big-endian). What is cut off is left out.
fn entries(bundle: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut entries) = (bundle, Vec::new());
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((entry, behind)) = behind.split_at_checked(length) else {
            break;
        };
        entries.push(entry.to_vec());
        rest = behind;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_taken_apart_and_what_is_cut_off_is_left_out() {
        let bundle = [0, 2, 7, 8, 0, 0, 0, 1, 9];
        assert_eq!(entries(&bundle), [vec![7, 8], vec![], vec![9]]);
        assert_eq!(entries(&bundle[..8]), [vec![7, 8], vec![]]);
        assert_eq!(entries(&bundle[..5]), [vec![7, 8]]);
        assert!(entries(&[]).is_empty());
    }

    #[test]
    fn a_tile_is_as_wide_as_its_log_has_it() {
        assert_eq!(width(0, 0, TreeSize(256)), 256);
        assert_eq!(width(0, 1, TreeSize(257)), 1);
        assert_eq!(width(1, 0, TreeSize(600)), 2);
        assert_eq!(width(2, 0, TreeSize(600)), 0);
    }
}
