//! Lines for people and for other programs: cells that know what they mean, as JSON and as CSV.
//!
//! JSON has stable names and words whatever the language. CSV is for spreadsheets: UTF-8 with a mark at
//! its beginning, by which Excel knows it, lines and quotes as in RFC 4180, and no cell that a
//! spreadsheet would take for a formula, because whoever was admitted wrote his own name.

use super::{Lang, Part};
use hefu_types::leaf::Condition;
use hefu_types::{Millis, StateKey};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON.
    pub key: &'static str,
    /// Its heading in English.
    pub en: &'static str,
    /// Its heading in Chinese.
    pub zh: &'static str,
}

/// What stands in a line under a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Nothing,
    /// Text of the ledger.
    Text(String),
    /// One of our words.
    Word {
        /// In JSON.
        id: &'static str,
        /// In English.
        en: &'static str,
        /// In Chinese.
        zh: &'static str,
    },
    /// A number.
    Count(u64),
    /// Yes or no.
    Flag(bool),
    /// A time.
    Time(Millis),
    /// So many milliseconds.
    Span(u64),
    /// Several.
    List(Vec<Cell>),
    /// What must hold of a document that is recognised.
    Condition {
        /// As the rule has it.
        condition: Condition,
        /// What the fact is called in English.
        en: String,
        /// The same in Chinese.
        zh: String,
    },
}

/// A line, and the leaf that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where the leaf stands: `/v1/leaf/{state_key}` proves it.
    pub leaf: StateKey,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// The lines of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Of which part.
    pub part: Part,
    /// The columns.
    pub columns: &'static [Column],
    /// The lines.
    pub rows: Vec<Row>,
}

/// The column of every CSV that says which leaf proves the line.
const STATE_KEY: Column = Column {
    key: "state_key",
    en: "proven by the leaf",
    zh: "证明所在键",
};

impl Cell {
    /// Text, or nothing where there is none.
    pub fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.to_owned()))
    }

    /// What people read.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Word { en, zh, .. } => lang.pick(en, zh).to_owned(),
            Self::Count(count) => count.to_string(),
            Self::Flag(true) => lang.pick("yes", "是").to_owned(),
            Self::Flag(false) => lang.pick("no", "否").to_owned(),
            Self::Time(time) => time.to_string(),
            Self::Span(milliseconds) => span(*milliseconds, lang),
            Self::List(cells) => {
                let texts: Vec<String> = cells.iter().map(|cell| cell.text(lang)).collect();
                texts.join(lang.pick("; ", "；"))
            }
            Self::Condition { condition, en, zh } => match condition {
                Condition::Fact { any_of, .. } => format!(
                    "{} {} {}",
                    lang.pick(en, zh),
                    lang.pick("is", "为"),
                    any_of.join(lang.pick(" or ", "或"))
                ),
                Condition::RegisteredFrom(from) => match lang {
                    Lang::En => format!("registered from {from} on"),
                    Lang::Zh => format!("{from} 起登记"),
                },
            },
        }
    }
}

/// A time span in the largest unit that it is a whole number of.
fn span(milliseconds: u64, lang: Lang) -> String {
    let units = [
        (24 * Millis::HOUR, " d", " 天"),
        (Millis::HOUR, " h", " 小时"),
        (60_000, " min", " 分钟"),
        (1_000, " s", " 秒"),
    ];
    let whole = units
        .iter()
        .find(|(unit, ..)| milliseconds >= *unit && milliseconds.is_multiple_of(*unit));
    match whole {
        Some((unit, en, zh)) => format!("{}{}", milliseconds / unit, lang.pick(en, zh)),
        None => format!("{milliseconds}{}", lang.pick(" ms", " 毫秒")),
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => to.serialize_none(),
            Self::Text(text) => to.serialize_str(text),
            Self::Word { id, .. } => to.serialize_str(id),
            Self::Count(count) | Self::Span(count) => to.serialize_u64(*count),
            Self::Flag(flag) => to.serialize_bool(*flag),
            Self::Time(time) => to.collect_str(time),
            Self::List(cells) => {
                let mut list = to.serialize_seq(Some(cells.len()))?;
                for cell in cells {
                    list.serialize_element(cell)?;
                }
                list.end()
            }
            Self::Condition { condition, .. } => condition.serialize(to),
        }
    }
}

/// The lines as a list of objects.
impl Serialize for Table {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        struct Line<'a>(&'static [Column], &'a Row);
        impl Serialize for Line<'_> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let Self(columns, row) = self;
                let mut map = to.serialize_map(Some(columns.len() + 1))?;
                for (column, cell) in columns.iter().zip(&row.cells) {
                    map.serialize_entry(column.key, cell)?;
                }
                map.serialize_entry(STATE_KEY.key, &row.leaf)?;
                map.end()
            }
        }
        to.collect_seq(self.rows.iter().map(|row| Line(self.columns, row)))
    }
}

impl Table {
    /// The headings.
    pub fn headings(&self, lang: Lang) -> Vec<String> {
        let columns = self.columns.iter();
        columns
            .map(|column| lang.pick(column.en, column.zh).to_owned())
            .collect()
    }

    /// The lines as CSV, headings first.
    pub fn csv(&self, lang: Lang) -> String {
        let headings = self.headings(lang);
        let last = lang.pick(STATE_KEY.en, STATE_KEY.zh);
        let mut csv = String::from('\u{feff}');
        line(&mut csv, headings.iter().map(String::as_str).chain([last]));
        for row in &self.rows {
            let mut cells: Vec<String> = row.cells.iter().map(|cell| cell.text(lang)).collect();
            cells.push(row.leaf.to_string());
            line(&mut csv, cells.iter().map(String::as_str));
        }
        csv
    }
}

/// Appends a line of CSV (RFC 4180).
pub fn line<'a>(csv: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            csv.push(',');
        }
        // A spreadsheet calculates what begins so. The apostrophe says that it is text.
        const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
        let guard = if cell.starts_with(FORMULA) { "'" } else { "" };
        if cell.contains(['"', ',', '\n', '\r']) {
            csv.push_str(&format!("\"{guard}{}\"", cell.replace('"', "\"\"")));
        } else {
            csv.push_str(guard);
            csv.push_str(cell);
        }
    }
    csv.push_str("\r\n");
}
