//! Tables as spreadsheets save them: UTF-8 with or without a mark, GB18030, or UTF-16; commas, tabs or
//! semicolons; headers in English or Chinese.

use crate::disk;
use crate::failure::Failure;
use std::collections::BTreeMap;
use std::path::Path;

/// The longest table in bytes.
const TABLE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most rows: as many as an old spreadsheet has.
const ROWS_MAX: usize = 65_536;

/// A column: its name, and what else its header may say.
pub type Column = (&'static str, &'static [&'static str]);

/// A row that says something.
#[derive(Debug)]
pub struct Row {
    /// Its number as the spreadsheet shows it: the header is 1.
    pub number: usize,
    cells: BTreeMap<&'static str, String>,
}

impl Row {
    /// What stands in a column; `None` where nothing does.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str)
    }

    /// The parts of a cell that holds several, separated by semicolons.
    pub fn list(&self, column: &str) -> Vec<String> {
        let parts = self.get(column).unwrap_or_default().split([';', '；']);
        let parts = parts.map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    }
}

/// Reads a table.
pub fn read(path: &Path, columns: &[Column]) -> Result<Vec<Row>, Failure> {
    let bytes = disk::read(path, TABLE_BYTES_MAX)?;
    rows(&bytes, columns).map_err(|why| Failure::bad_file(path, why))
}

/// The rows of a table, without those in which nothing stands.
fn rows(bytes: &[u8], columns: &[Column]) -> Result<Vec<Row>, String> {
    let text = decode(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let places = places(&headers, columns)?;
    let mut rows = Vec::new();
    // A cell may hold line breaks: then the line of the file is not the row of the sheet.
    let breaks = |record: &csv::StringRecord| -> usize {
        record.iter().map(|cell| cell.matches('\n').count()).sum()
    };
    let mut within = breaks(&headers);
    let (mut counted, mut lines) = (0, 1);
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let begin = record.position().map_or(0, csv::Position::byte);
        let begin = usize::try_from(begin).unwrap_or(usize::MAX).min(text.len());
        // A record is told to begin behind the one before it: empty lines lie between them.
        let rest = text.as_bytes()[begin..].iter();
        let begin = begin + rest.take_while(|byte| b"\r\n".contains(byte)).count();
        let between = text.as_bytes()[counted..begin].iter();
        lines += between.filter(|byte| **byte == b'\n').count();
        counted = begin;
        let number = lines - within;
        within += breaks(&record);
        let cell = |(at, name): &(usize, &'static str)| {
            let text = record
                .get(*at)
                .map(str::trim)
                .filter(|text| !text.is_empty())?;
            Some((*name, text.to_owned()))
        };
        let cells: BTreeMap<_, _> = places.iter().filter_map(cell).collect();
        if cells.is_empty() {
            continue;
        }
        if rows.len() == ROWS_MAX {
            return Err(format!("it has more than {ROWS_MAX} rows: split it"));
        }
        rows.push(Row { number, cells });
    }
    if rows.is_empty() {
        return Err("it has no row below the header".to_owned());
    }
    Ok(rows)
}

/// Which column of the file is which.
fn places(
    headers: &csv::StringRecord,
    columns: &[Column],
) -> Result<Vec<(usize, &'static str)>, String> {
    let mut places: Vec<(usize, &'static str)> = Vec::new();
    for (at, header) in headers.iter().enumerate() {
        // What stands in brackets is for the reader: 统一社会信用代码（18位）.
        let word = header.split(['(', '（']).next().unwrap_or_default();
        let word = word.trim().to_lowercase().replace([' ', '-'], "_");
        if word.is_empty() {
            continue;
        }
        let is = |(name, others): &&Column| *name == word || others.contains(&word.as_str());
        let Some((name, _)) = columns.iter().find(is) else {
            let known: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "the column {header:?} is none of: {}",
                known.join(", ")
            ));
        };
        if places.iter().any(|(_, other)| other == name) {
            return Err(format!("the column {name} stands twice"));
        }
        places.push((at, name));
    }
    Ok(places)
}

/// The characters of a file: by its mark, else UTF-8 if it can be, else GB18030 as Excel in China
/// writes it.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let (encoding, marked) = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, mark),
        None if std::str::from_utf8(bytes).is_ok() => (encoding_rs::UTF_8, 0),
        None => (encoding_rs::GB18030, 0),
    };
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(&bytes[marked..])
        .ok_or("it is neither UTF-8 nor GB18030: save it as CSV again")?;
    // A workbook that was only renamed.
    if text.contains('\0') {
        return Err("it is no CSV: save the sheet as CSV".to_owned());
    }
    Ok(text.into_owned())
}

/// What separates the cells: the one that stands most often in the header.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |mark: u8| header.bytes().filter(|byte| *byte == mark).count();
    let marks = [b';', b'\t', b','];
    marks
        .into_iter()
        .max_by_key(|mark| count(*mark))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[("id", &["标识"]), ("name", &["名称", "机构名称"])];

    fn told(bytes: &[u8]) -> Result<Vec<(usize, String)>, String> {
        let told = |row: &Row| {
            let name = row.get("name").unwrap_or("-");
            (
                row.number,
                format!("{} {name}", row.get("id").unwrap_or("-")),
            )
        };
        rows(bytes, COLUMNS).map(|rows| rows.iter().map(told).collect())
    }

    fn expected() -> Result<Vec<(usize, String)>, String> {
        Ok(vec![
            (2, "h-1 贵阳市第一医院".to_owned()),
            (4, "h-2 -".to_owned()),
        ])
    }

    #[test]
    fn a_table_is_read_as_spreadsheets_save_it() {
        let text = "标识,机构名称（全称）\r\nh-1,贵阳市第一医院\r\n,\r\nh-2,\r\n";
        assert_eq!(told(text.as_bytes()), expected());
        assert_eq!(told(format!("\u{feff}{text}").as_bytes()), expected());
        let (gb, _, _) = encoding_rs::GB18030.encode(text);
        assert!(std::str::from_utf8(&gb).is_err());
        assert_eq!(told(&gb), expected());
        // What Excel calls Unicode text.
        let tabs = text.replace(',', "\t");
        let wide: Vec<u8> = std::iter::once(0xfeff)
            .chain(tabs.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(told(&wide), expected());
        assert_eq!(told(text.replace(',', ";").as_bytes()), expected());
    }

    #[test]
    fn a_row_has_the_number_that_the_sheet_shows() {
        let text = "id,name\nh-1,\"two\nlines, and a comma\"\nh-2,b\n\nh-3,c\n";
        let rows = told(text.as_bytes()).expect("a table");
        let numbers: Vec<usize> = rows.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [2, 3, 5]);
    }

    #[test]
    fn what_is_no_such_table_is_refused() {
        let refused = |bytes: &[u8], why: &str| {
            let error = told(bytes).expect_err(why);
            assert!(error.contains(why), "{error}");
        };
        refused(b"id,colour\na,b\n", "colour");
        refused("标识,id\na,b\n".as_bytes(), "twice");
        refused(b"id,name\n", "no row");
        refused(b"id\n\x81\x20\xff\n", "GB18030");
        refused(b"PK\x03\x04\0\0", "no CSV");
    }
}
