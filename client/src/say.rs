//! What commands say: to people in two languages, to programs as one JSON object.

use hefu_proof::verdict::Said;
use serde_json::Value;

/// The language of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The language of the environment: Chinese where the locale begins with `zh`.
    pub fn of_environment() -> Self {
        // The order of POSIX: the first that is set and not empty decides.
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty());
        match locale {
            Some(locale) if locale.to_ascii_lowercase().starts_with("zh") => Self::Zh,
            _ => Self::En,
        }
    }

    /// The sentence in this language.
    pub fn of(self, said: &Said) -> &str {
        match self {
            Self::En => &said.en,
            Self::Zh => &said.zh,
        }
    }

    /// One of two texts.
    pub const fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

/// How a command ended. The number is the exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or shown to be so.
    Yes = 0,
    /// It could not be told, or nobody could be reached.
    CouldNotTell = 2,
    /// Refused, or shown not to be so: it outweighs what could not be told.
    No = 1,
}

impl Exit {
    /// The exit code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The worse of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let weight = |exit| match exit {
            Self::Yes => 0,
            Self::CouldNotTell => 1,
            Self::No => 2,
        };
        if weight(other) > weight(self) {
            other
        } else {
            self
        }
    }
}

/// What a command found, in both forms.
#[derive(Debug)]
pub struct Report {
    /// How it ended.
    pub exit: Exit,
    /// For programs: an object whose field names are stable; null where all was told before.
    pub json: Value,
    /// For people, in the language that was asked for.
    pub text: String,
}

/// Text of others on its way to a terminal: what would draw on it is escaped.
pub fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            // Direction marks can make one number look like another.
            let draws = c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let (escaped, plain) = if draws { (Some(c.escape_default()), None) } else { (None, Some(c)) };
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// How many columns a text takes on a terminal: Chinese characters take two.
pub fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
            0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

/// The text, filled with spaces to so many columns.
pub fn padded(text: &str, columns: usize) -> String {
    let fill = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(fill))
}

/// Rows in columns, without lines. The last column is as long as it is.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|i| {
            rows.iter()
                .filter_map(|row| row.get(i))
                .map(|cell| width(cell))
                .max()
        })
        .map(|widest| widest.unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, columns) in row.iter().zip(&widths) {
            line.push_str("  ");
            line.push_str(&padded(cell, *columns));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_in_both_scripts() {
        let rows = [
            vec!["已登记".to_owned(), "3".to_owned()],
            vec!["ok".to_owned(), "12".to_owned()],
        ];
        assert_eq!(table(&rows), "  已登记  3\n  ok      12\n");
    }

    #[test]
    fn a_hostile_name_does_not_draw() {
        assert_eq!(
            shown("a\u{1b}[2Jb发票\u{202e}x"),
            "a\\u{1b}[2Jb发票\\u{202e}x"
        );
    }

    #[test]
    fn a_no_outweighs_what_could_not_be_told() {
        assert_eq!(Exit::Yes.and(Exit::CouldNotTell), Exit::CouldNotTell);
        assert_eq!(Exit::CouldNotTell.and(Exit::No).code(), 1);
        assert_eq!(Exit::No.and(Exit::CouldNotTell), Exit::No);
    }
}
