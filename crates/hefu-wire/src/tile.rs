//! The paths of tiles and entry bundles (C2SP tlog-tiles).

/// What a path below `/tile/` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// Hashes: level, index, width.
    Hashes(u8, u64, u16),
    /// Entries: index, width.
    Entries(u64, u16),
}

impl Tile {
    /// Reads `<level>/<index>[.p/<width>]` or `entries/<index>[.p/<width>]`; an index is written in
    /// groups of three digits, all but the last led by `x`.
    pub fn parse(path: &str) -> Option<Self> {
        let (head, rest) = path.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => {
                let parsed: u16 = width.parse().ok()?;
                if !(1..256).contains(&parsed) || parsed.to_string() != width {
                    return None;
                }
                (index, parsed)
            }
            None => (rest, 256),
        };
        let index = parse_index(index)?;
        if head == "entries" {
            return Some(Self::Entries(index, width));
        }
        let level: u8 = head.parse().ok()?;
        (level < 8 && level.to_string() == head).then_some(Self::Hashes(level, index, width))
    }

    /// Where a node serves it: what [`Tile::parse`] reads, behind `/tile/`.
    pub fn path(self) -> String {
        let (head, index, width) = match self {
            Self::Hashes(level, index, width) => (level.to_string(), index, width),
            Self::Entries(index, width) => ("entries".to_owned(), index, width),
        };
        let mut groups = format!("{:03}", index % 1000);
        let mut rest = index / 1000;
        while rest > 0 {
            groups = format!("x{:03}/{groups}", rest % 1000);
            rest /= 1000;
        }
        match width {
            256 => format!("/tile/{head}/{groups}"),
            width => format!("/tile/{head}/{groups}.p/{width}"),
        }
    }
}

fn parse_index(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split('/').collect();
    let (last, higher) = groups.split_last()?;
    let mut index: u64 = 0;
    let digits = higher
        .iter()
        .map(|group| group.strip_prefix('x'))
        .chain([Some(*last)]);
    for group in digits {
        let group = group.filter(|g| g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit()))?;
        index = index.checked_mul(1000)?.checked_add(group.parse().ok()?)?;
    }
    // 000 is the first; x000/001 would be a second spelling of 001.
    let canonical = higher.first().is_none_or(|first| *first != "x000");
    canonical.then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_is_read() {
        let mut tiles = Vec::new();
        for index in [0, 7, 999, 1_000, 70_000, 1_234_067, u64::MAX >> 8] {
            for width in [1, 17, 255, 256] {
                tiles.extend([
                    Tile::Entries(index, width),
                    Tile::Hashes(0, index, width),
                    Tile::Hashes(7, index, width),
                ]);
            }
        }
        for tile in tiles {
            let path = tile.path();
            assert_eq!(
                path.strip_prefix("/tile/").and_then(Tile::parse),
                Some(tile)
            );
        }
        let written = Tile::Hashes(0, 1_234_067, 256).path();
        assert_eq!(written, "/tile/0/x001/x234/067");
    }

    #[test]
    fn paths_are_those_of_tlog_tiles_and_have_one_spelling() {
        assert_eq!(
            Tile::parse("0/x001/x234/067"),
            Some(Tile::Hashes(0, 1_234_067, 256))
        );
        assert_eq!(Tile::parse("1/000.p/17"), Some(Tile::Hashes(1, 0, 17)));
        assert_eq!(
            Tile::parse("entries/273.p/112"),
            Some(Tile::Entries(273, 112))
        );
        let bad = [
            "",
            "0",
            "0/",
            "0/1",
            "00/001",
            "8/000",
            "0/x000/001",
            "0/001.p/0",
            "0/001.p/256",
            "0/001.p/01",
            "0/x001/1",
            "x/000",
            "0/001/002",
            "entries/x99/001",
            "0/-01",
        ];
        for path in bad {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }
}
