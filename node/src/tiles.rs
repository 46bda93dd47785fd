//! Static resources of the log: tiles of hashes and entry bundles (C2SP tlog-tiles).

use crate::shared::{Published, Shared};
use hefu_store::StoreFault;
use hefu_types::EntryIndex;
use hefu_wire::Tile;

/// Hashes in a full tile, and entries in a full bundle.
const TILE_WIDTH: u64 = 256;

/// The bytes of a tile, if the published log has them.
pub fn read(
    tile: Tile,
    shared: &Shared,
    published: &Published,
) -> Result<Option<Vec<u8>>, StoreFault> {
    let size = published.signed.checkpoint.size.0;
    let (level, index, width) = match tile {
        Tile::Hashes(level, index, width) => (level, index, width),
        Tile::Entries(index, width) => (0, index, width),
    };
    // Below: level 0 holds leaves, level l the roots of 256^l leaves each.
    let available = size >> (8 * u32::from(level));
    let Some(first) = index.checked_mul(TILE_WIDTH) else {
        return Ok(None);
    };
    if first
        .checked_add(u64::from(width))
        .is_none_or(|end| end > available)
    {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    match tile {
        Tile::Hashes(..) => {
            for hash in shared
                .store
                .log_nodes(8 * level, first, usize::from(width))?
            {
                bytes.extend_from_slice(hash.as_bytes());
            }
        }
        Tile::Entries(..) => {
            for entry in shared
                .store
                .entries(EntryIndex(first), usize::from(width))?
            {
                let length = u16::try_from(entry.len()).expect("an entry has at most 65535 bytes");
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(&entry);
            }
        }
    }
    Ok(Some(bytes))
}
