//! Tiles of one node (C2SP tlog-tiles), not trusted: hashes of the log, of which paths are made, and
//! entries.

use crate::nodes::OneNode;
use hefu_types::{merkle, EntryIndex, Hash, Suite, TreeSize};
use hefu_wire::Tile;
use std::collections::BTreeMap;

/// Hashes in a full tile, and entries in a full bundle.
const TILE_WIDTH: u64 = 256;
/// The longest bundle: each entry has at most 65,535 bytes and its length.
const BUNDLE_BYTES_MAX: usize = 256 * (65_535 + 2);

/// The log of a size, as a node serves it.
pub struct Tiles<'a> {
    node: &'a OneNode<'a>,
    suite: Suite,
    size: u64,
    fetched: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl<'a> Tiles<'a> {
    /// The tiles of a log of this size.
    pub fn new(node: &'a OneNode<'a>, suite: Suite, size: TreeSize) -> Self {
        Self {
            node,
            suite,
            size: size.0,
            fetched: BTreeMap::new(),
        }
    }

    /// The root of the perfect subtree over the leaves from `index << level`, so many as `1 << level`.
    pub fn node(&mut self, level: u8, index: u64) -> Result<Hash, String> {
        let (of_tile, above) = (level / 8, level % 8);
        let first = index << above;
        let at = usize::try_from(first % TILE_WIDTH).expect("below 256");
        let suite = self.suite;
        let tile = self.tile(of_tile, first / TILE_WIDTH)?;
        let hashes = tile.get(at..at + (1 << above));
        let hashes = hashes.ok_or_else(|| "the log does not reach so far".to_owned())?;
        Ok(merkle::root_of_hashes(suite, hashes))
    }

    fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], String> {
        if !self.fetched.contains_key(&(level, index)) {
            let width = self.width(level, index)?;
            let path = Tile::Hashes(level, index, width).path();
            let length = usize::from(width) * Hash::LEN;
            // One more than it has: who reads up to a limit does not know that it was the end.
            let bytes = self.node.get(&path, length + 1)?;
            if bytes.len() != length {
                return Err(format!("the tile {path} has {} bytes", bytes.len()));
            }
            let hashes = bytes.chunks_exact(Hash::LEN).map(|hash| {
                let hash = hash.try_into().expect("pieces of 32 bytes");
                Hash(hash)
            });
            self.fetched.insert((level, index), hashes.collect());
        }
        Ok(&self.fetched[&(level, index)])
    }

    /// How many hashes a tile has in a log of this size.
    fn width(&self, level: u8, index: u64) -> Result<u16, String> {
        let all = self.size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let from = index.checked_mul(TILE_WIDTH);
        let width = from.map_or(0, |from| all.saturating_sub(from).min(TILE_WIDTH));
        match u16::try_from(width).expect("at most 256") {
            0 => Err("the log does not reach so far".to_owned()),
            width => Ok(width),
        }
    }

    /// The bytes of an entry.
    pub fn entry(&self, index: EntryIndex) -> Result<Vec<u8>, String> {
        let bundle = index.0 / TILE_WIDTH;
        let width = self.width(0, bundle)?;
        let path = Tile::Entries(bundle, width).path();
        let bytes = self.node.get(&path, BUNDLE_BYTES_MAX)?;
        let mut rest = bytes.as_slice();
        let mut entry = None;
        for _ in 0..=index.0 % TILE_WIDTH {
            let split = rest.split_first_chunk::<2>().and_then(|(length, rest)| {
                rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
            });
            let (this, next) = split.ok_or_else(|| format!("the bundle {path} is cut"))?;
            (entry, rest) = (Some(this), next);
        }
        let entry = entry.ok_or_else(|| format!("the bundle {path} is empty"))?;
        Ok(entry.to_vec())
    }
}
