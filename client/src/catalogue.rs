//! `hefu catalogue`: types, facts, issuers, entitlements, recognition, council, validators; every line
//! proven.
//!
//! [`fetch`] is how any command lists what is on the ledger. What comes back are leaves that are proven
//! under a quorum's signatures and told apart by their own bytes. That a node left none out is not
//! proven, except that what genesis names must be there; who must know that one thing is absent asks
//! for it by its own path.

pub mod matrix;
mod saved;

use crate::cli::{Catalogue, Shared};
use crate::disk;
use crate::failure::Failure;
use crate::nodes::Nodes;
use crate::say::{self, shown, Exit, Report};
use hefu_proof::certificate::{StatusCertificate, Value, VerifiedState};
use hefu_types::genesis::Network;
use hefu_types::leaf::Holder;
use hefu_types::{key, Millis, StateKey, Suite};
use hefu_wire::catalogue::{
    holder_of, table, Cell, Entry, Lang, Part, Table, LINES_MAX, SAVED_BYTES_MAX,
};
use hefu_wire::path;
use serde_json::{json, Map};
use std::collections::BTreeMap;

impl From<say::Lang> for Lang {
    fn from(lang: say::Lang) -> Self {
        match lang {
            say::Lang::Zh => Self::Zh,
            say::Lang::En => Self::En,
        }
    }
}

/// Verified leaves of the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// By their state keys.
    pub entries: BTreeMap<StateKey, Entry>,
    /// What proves them.
    pub certificates: Vec<StatusCertificate>,
    /// The oldest time at which a quorum had seen a page, and that page's height; none without a page.
    pub as_of: Option<(Millis, u64)>,
}

impl Listing {
    /// The leaves of a verified page, if all of them are of the part and behind a key.
    fn page(
        suite: Suite,
        state: &VerifiedState,
        part: Part,
        holder: Option<&Holder>,
        after: Option<&StateKey>,
    ) -> Result<BTreeMap<StateKey, Entry>, String> {
        let mut entries = BTreeMap::new();
        for (at, value) in state.values() {
            let Value::Leaf(bytes) = value else {
                return Err(format!("{at} is no line of the catalogue"));
            };
            let entry = Entry::read(suite, at, bytes)
                .filter(|entry| entry.part() == part.source())
                .ok_or_else(|| format!("{at} is no line of {part}"))?;
            let is_theirs = match (&entry, holder) {
                (Entry::Key(leaf), Some(holder)) => leaf.holder == *holder,
                _ => true,
            };
            if !is_theirs {
                return Err(format!("{at} is another holder's key"));
            }
            if after.is_some_and(|after| at <= after) {
                return Err(format!("{at} was on an earlier page"));
            }
            entries.insert(*at, entry);
        }
        Ok(entries)
    }

    fn add(
        &mut self,
        entries: BTreeMap<StateKey, Entry>,
        state: &VerifiedState,
        certificate: StatusCertificate,
    ) {
        let checkpoint = state.checkpoint();
        let seen = Millis(checkpoint.quorum_seconds().saturating_mul(1_000));
        let page = (seen, checkpoint.checkpoint().height);
        self.as_of = Some(self.as_of.map_or(page, |as_of| as_of.min(page)));
        self.entries.extend(entries);
        self.certificates.push(certificate);
    }

    /// Takes what another listing has.
    pub fn join(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.certificates.extend(other.certificates);
        self.as_of = match (self.as_of, other.as_of) {
            (Some(one), Some(another)) => Some(one.min(another)),
            (one, another) => one.or(another),
        };
    }

    /// The lines of a part.
    pub fn table(&self, suite: Suite, part: Part) -> Table {
        table(suite, part, &self.entries)
    }
}

/// Everything of a part, page by page, verified; of keys, those of a holder.
pub fn fetch(nodes: &Nodes, part: Part, holder: Option<&Holder>) -> Result<Listing, Failure> {
    let network = nodes.network();
    let suite = network.suite();
    let (mut listing, mut after, mut height) = (Listing::default(), None, 0);
    loop {
        let path = path::catalogue(part.source(), holder, after.as_ref());
        let path = format!("{path}&limit={LINES_MAX}");
        let page =
            |state: &VerifiedState| Listing::page(suite, state, part, holder, after.as_ref());
        let fetched = nodes.certificate(&path, height, |state| page(state).map(drop))?;
        let entries = page(&fetched.state).unwrap_or_default();
        // No page is older than the first.
        height = height.max(fetched.state.checkpoint().checkpoint().height);
        let last = entries.last_key_value().map(|(at, _)| *at);
        if last.is_some() || listing.certificates.is_empty() {
            listing.add(entries, &fetched.state, fetched.certificate);
        }
        match last {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    match missing(network, part, &listing) {
        Some(what) => Err(Failure::Unreachable {
            tried: vec![format!(
                "{what} of genesis is not among the lines of {part}"
            )],
        }),
        None => Ok(listing),
    }
}

/// What genesis names stays on the ledger for ever: which of it a listing of its part has not.
fn missing(network: &Network, part: Part, listing: &Listing) -> Option<String> {
    let (suite, genesis) = (network.suite(), network.genesis());
    let ids: Vec<(StateKey, &str)> = match part.source() {
        Part::Types => (genesis.types.iter())
            .map(|of| (key::document_type(suite, &of.id), of.id.as_str()))
            .collect(),
        Part::Regions => (genesis.regions.iter())
            .map(|of| (key::region(suite, &of.id), of.id.as_str()))
            .collect(),
        Part::Registrars => (genesis.registrars.iter())
            .map(|of| (key::registrar(suite, &of.id), of.id.as_str()))
            .collect(),
        Part::Agencies => (genesis.agencies.iter())
            .map(|of| (key::agency(suite, &of.id), of.id.as_str()))
            .collect(),
        Part::Recognition => (genesis.recognition.iter())
            .map(|of| {
                let at = key::recognition(suite, &of.by, &of.document_type, &of.of);
                (at, of.citation.as_str())
            })
            .collect(),
        _ => Vec::new(),
    };
    let absent = |(at, _): &(StateKey, &str)| !listing.entries.contains_key(at);
    ids.into_iter().find(absent).map(|(_, id)| id.to_owned())
}

/// What is kept and read where no part is named: all but keys, which are listed by their holders.
const EVERYTHING: &[Part] = &[
    Part::Types,
    Part::Regions,
    Part::Registrars,
    Part::Agencies,
    Part::Recognition,
    Part::Council,
    Part::Rules,
    Part::Validators,
];

/// `hefu catalogue`.
pub fn run(shared: &Shared, args: &Catalogue) -> Result<Report, Failure> {
    let lang = shared.lang();
    let holder = args.holder.as_deref().map(holder_of).transpose();
    let holder = holder.map_err(|error| {
        Failure::asked(
            error.to_string(),
            "请将密钥持有者写作 agency:ID、member:ID、registrar:ID、council:席位 或 validator:名称",
        )
    })?;
    if holder.is_some() && args.part != Some(Part::Keys) {
        return Err(Failure::asked(
            "--holder goes with --part keys",
            "--holder 只能与 --part keys 一起使用",
        ));
    }
    let (network, listing, warnings) = match &args.from {
        Some(file) => {
            let (_, network) = crate::nodes::network_file(&args.network.network)?;
            let listing = saved::read(file, &network, args.part, holder.as_ref())?;
            (network, listing, Vec::new())
        }
        None => {
            let nodes = shared.nodes(&args.network.network)?;
            let mut listing = Listing::default();
            let one = args.part.map(|part| [part]);
            let wanted = one.as_ref().map_or(EVERYTHING, |one| &one[..]);
            for part in wanted {
                listing.join(fetch(&nodes, *part, holder.as_ref())?);
            }
            if let Some(path) = &args.save {
                let bytes = saved::bytes(nodes.network(), wanted, &listing);
                if bytes.len() > SAVED_BYTES_MAX {
                    return Err(Failure::asked(
                        "this is more than one file keeps; save each part by itself, with --part",
                        "内容超过单个文件上限，请用 --part 分别保存各部分",
                    ));
                }
                disk::write(path, &bytes)?;
            }
            (nodes.network().clone(), listing, nodes.warnings())
        }
    };
    let shown_parts: Vec<Part> = match args.part {
        Some(part) => vec![part],
        None => (Part::ALL.iter().copied())
            .filter(|part| *part != Part::Keys)
            .collect(),
    };
    let suite = network.suite();
    let tables: Vec<Table> = (shown_parts.iter())
        .map(|part| listing.table(suite, *part))
        .collect();
    let (as_of, height) = listing.as_of.unwrap_or_default();
    let mut parts = Map::new();
    for table in &tables {
        parts.insert(table.part.name().to_owned(), json!(table));
    }
    let text = match (args.csv, &tables[..]) {
        (true, [table]) => table.csv(lang.into()),
        _ => text(&tables, (as_of, height), lang),
    };
    let report = Report {
        exit: Exit::Yes,
        json: json!({
            "command": "catalogue",
            "network": network.digest(),
            "parts": parts,
            "as_of": as_of.to_string(),
            "age_ms": crate::now().0.saturating_sub(as_of.0),
            "height": height,
            "saved": args.save,
            "from": args.from,
        }),
        text,
    };
    // A spreadsheet gets nothing but its lines.
    Ok(if args.csv {
        report
    } else {
        report.with_warnings(lang, &warnings)
    })
}

/// Columns that programs and spreadsheets get and that are too wide for a terminal.
const WIDE: &[&str] = &[
    "profile",
    "two_party",
    "ranges",
    "cancel_window",
    "correct_window",
    "identifier",
    "consensus_key",
    "checkpoint_key",
    "log_key",
    "peer_key",
    "key",
];
/// The most items of a list that a terminal shows.
const ITEMS_MAX: usize = 8;

fn text(tables: &[Table], as_of: (Millis, u64), lang: say::Lang) -> String {
    let mut text = String::new();
    for table in tables {
        let count = table.rows.len();
        let title = table.part.title(lang.into());
        text.push_str(&format!("{title} ({count})\n"));
        text.push_str(&say::table(&rows(table, lang)));
        text.push('\n');
    }
    text.push_str(&told_age(as_of, lang));
    text
}

/// The rows of a table for a terminal, headings first; columns of which no row has anything are left out.
fn rows(table: &Table, lang: say::Lang) -> Vec<Vec<String>> {
    let other_name = lang.pick("name_zh", "name_en");
    let is_shown = |place: usize| {
        let key = table.columns[place].key;
        let has = |row: &hefu_wire::catalogue::Row| row.cells.get(place) != Some(&Cell::Nothing);
        key != other_name && !WIDE.contains(&key) && table.rows.iter().any(has)
    };
    let places: Vec<usize> = (0..table.columns.len()).filter(|p| is_shown(*p)).collect();
    let headings = table.headings(lang.into());
    let first = places
        .iter()
        .map(|place| headings[*place].clone())
        .collect();
    let lines = table.rows.iter().map(|row| {
        let cell = |place: &usize| {
            row.cells
                .get(*place)
                .map_or(String::new(), |c| brief(c, lang))
        };
        places.iter().map(cell).collect()
    });
    std::iter::once(first).chain(lines).collect()
}

/// A cell on a terminal: text of others is made harmless, and of a long list the beginning is shown.
fn brief(cell: &Cell, lang: say::Lang) -> String {
    let text = match cell {
        Cell::List(cells) if cells.len() > ITEMS_MAX => {
            let begin = Cell::List(cells[..ITEMS_MAX].to_vec()).text(lang.into());
            let more = cells.len() - ITEMS_MAX;
            match lang {
                say::Lang::En => format!("{begin} and {more} more"),
                say::Lang::Zh => format!("{begin} 等，另有 {more} 项"),
            }
        }
        cell => cell.text(lang.into()),
    };
    shown(&text)
}

/// As of when it was proven, and how long ago that is.
fn told_age((as_of, height): (Millis, u64), lang: say::Lang) -> String {
    let age_ms = crate::now().0.saturating_sub(as_of.0);
    let age = match (age_ms / 1_000, lang) {
        (seconds @ 0..120, say::Lang::En) => format!("{seconds} s ago"),
        (seconds @ 0..120, say::Lang::Zh) => format!("{seconds} 秒前"),
        (seconds @ 120..7_200, say::Lang::En) => format!("{} min ago", seconds / 60),
        (seconds @ 120..7_200, say::Lang::Zh) => format!("{} 分钟前", seconds / 60),
        (seconds @ 7_200..172_800, say::Lang::En) => format!("{} h ago", seconds / 3_600),
        (seconds @ 7_200..172_800, say::Lang::Zh) => format!("{} 小时前", seconds / 3_600),
        (seconds, say::Lang::En) => format!("{} days ago", seconds / 86_400),
        (seconds, say::Lang::Zh) => format!("{} 天前", seconds / 86_400),
    };
    match lang {
        say::Lang::En => format!("as of {as_of} ({age}), height {height}; every line is proven\n"),
        say::Lang::Zh => format!("截至 {as_of}（{age}），高度 {height}；每一行均有证明\n"),
    }
}

#[cfg(test)]
mod tests;
