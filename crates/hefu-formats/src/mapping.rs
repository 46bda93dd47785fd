//! Mapping files: how to read a document in JSON, XML or CSV of which no module here knows.
//!
//! An agency writes one for the files of its own systems. It is JSON:
//!
//! ```json
//! {
//!   "mapping": 1,
//!   "syntax": "xml",
//!   "kind": "licence",
//!   "profile": "generic",
//!   "records": "/Export/Licence",
//!   "legal_issuer": { "at": "/Export/Office/@code" },
//!   "number": { "at": "Number" },
//!   "class": { "constant": "sanitation" },
//!   "facts": {
//!     "holder": { "at": "Holder/Name" },
//!     "valid-until": { "at": "Expires", "day": "%d.%m.%Y" },
//!     "total": { "at": "Fee", "currency": { "constant": "CNY" }, "decimal": "," }
//!   }
//! }
//! ```
//!
//! | key | what it says |
//! | --- | --- |
//! | `mapping` | 1, the version of this form |
//! | `syntax` | `json`, `xml` or `csv` |
//! | `kind`, `profile` | `invoice` or `licence`; a profile's name, `generic` where it is left out |
//! | `records` | where a list stands of which each item is a document; left out, the file is one. The rows of a CSV are always such a list |
//! | `legal_issuer`, `number` | where they stand; the issuer may be a constant |
//! | `class`, `series`, `period` | the same, where the number has them |
//! | `facts` | names of facts, each with its place |
//! | `csv` | `delimiter` (`,` where it is left out) and `encoding`, `utf-8` or `gbk` |
//!
//! A place is a JSON pointer (RFC 6901), an XPath of local names (`Holder/Name`, `Line[2]`, `@code` at
//! its end), or the name of a column. A pointer or a path that begins with `/` leads from the root of
//! the file (in XML the first step is the root element), one without it from the record.
//!
//! A fact's name says its type ([`FactType`]). A day has a format: `iso` (the one where none is
//! given), `compact` (`20240229`), `chinese` (`2024年2月29日` and its relatives), or a pattern of `%Y`,
//! `%m`, `%d`, `%e`, `%b` and `%B` with the characters between them. An amount has a currency and a
//! decimal mark, `.` or `,`. What cannot be read so is no fact, and a doubt says it. What stands twice
//! with different values is no fact either.

mod places;

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

pub use self::places::read_mapped;

use self::places::{Finding, Path};
use crate::chinese;
use crate::encoded::{day, day_of_moment};
use crate::fact::{Facts, Found};
use crate::json::tree::Json;
use crate::limits::{MAPPING_BYTES_MAX, MAPPING_FACTS_MAX, VALUE_BYTES_MAX};
use crate::values::{compact_date, minor_units};
use crate::{FactType, Identity, Kind, Profile, ReadError, Stated};

/// A mapping file that is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    syntax: Syntax,
    kind: Kind,
    profile: Profile,
    records: Option<Path>,
    legal_issuer: Field,
    class: Option<Field>,
    series: Option<Field>,
    number: Field,
    period: Option<Field>,
    facts: Vec<FactPlace>,
    delimiter: u8,
    is_gbk: bool,
}

/// Why a mapping file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It has more bytes than a mapping needs.
    #[error("the mapping has more than {MAPPING_BYTES_MAX} bytes: shorten it")]
    TooLarge,
    /// It is no JSON, or not of the form.
    #[error("the mapping is not of its form ({reason}): correct it at that place")]
    Malformed {
        /// What the parser met, and where.
        reason: String,
    },
    /// A key has a value that it cannot have.
    #[error("{field:?} in the mapping must be {rule}")]
    Field {
        /// The key.
        field: String,
        /// What its value must be.
        rule: &'static str,
    },
}

impl MappingError {
    /// A stable word for the kind of refusal.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge => "mapping-too-large",
            Self::Malformed { .. } => "mapping-malformed",
            Self::Field { .. } => "mapping-field",
        }
    }

    fn field(field: &str, rule: &'static str) -> Self {
        Self::Field {
            field: field.escape_debug().take(80).collect(),
            rule,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Syntax {
    Json,
    Xml,
    Csv,
}

/// A part of the legal number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Field {
    Constant(String),
    At(Path),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct FactPlace {
    name: String,
    at: Path,
    value: ValueForm,
}

/// How a value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ValueForm {
    Plain,
    Day(DayForm),
    Amount { currency: Field, mark: char },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DayForm {
    Iso,
    Compact,
    Chinese,
    Pattern(String),
}

/// A mapping as it is written, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    mapping: u64,
    syntax: Syntax,
    kind: WrittenKind,
    profile: Option<String>,
    records: Option<String>,
    legal_issuer: WrittenField,
    number: WrittenField,
    class: Option<WrittenField>,
    series: Option<WrittenField>,
    period: Option<WrittenField>,
    #[serde(default)]
    facts: BTreeMap<String, WrittenFact>,
    csv: Option<WrittenCsv>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenKind {
    Invoice,
    Licence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenField {
    at: Option<String>,
    constant: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFact {
    at: String,
    day: Option<String>,
    currency: Option<WrittenField>,
    decimal: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCsv {
    delimiter: Option<String>,
    encoding: Option<String>,
}

impl Mapping {
    /// Reads and checks a mapping file. Its form is that of this module's documentation.
    pub fn parse(bytes: &[u8]) -> Result<Self, MappingError> {
        if bytes.len() > MAPPING_BYTES_MAX {
            return Err(MappingError::TooLarge);
        }
        let malformed = |reason: String| MappingError::Malformed {
            // It quotes keys of the file, which may be of any length.
            reason: reason.escape_debug().take(200).collect(),
        };
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        // The tree refuses what a map would take silently, a key that stands twice.
        Json::parse(bytes).map_err(|refused| malformed(refused.to_string()))?;
        let written: Written =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        written.checked()
    }

    /// The document of one record, of which `find` says what stands at a place.
    fn stated(
        &self,
        part: &str,
        mut find: impl FnMut(&Path) -> Result<Finding, ReadError>,
    ) -> Result<Stated, ReadError> {
        let mut record = Record::default();
        let issuer_fact = match self.kind {
            Kind::Licence => "issuer-id",
            Kind::Invoice => "seller-id",
        };
        let mut field = |words, fact, field: Option<&Field>| match field {
            None => Ok(String::new()),
            Some(Field::Constant(text)) => Ok(text.clone()),
            Some(Field::At(path)) => record.field(words, fact, find(path)?),
        };
        let identity = Identity {
            number: field("number", "number", Some(&self.number))?,
            legal_issuer: field("legal issuer", issuer_fact, Some(&self.legal_issuer))?,
            class: field("class", "", self.class.as_ref())?,
            series: field("series", "series", self.series.as_ref())?,
            period: field("period", "period", self.period.as_ref())?,
        };
        for fact in &self.facts {
            let finding = find(&fact.at)?;
            let form = match &fact.value {
                ValueForm::Plain => Form::Plain,
                ValueForm::Day(form) => Form::Day(form),
                ValueForm::Amount { currency, mark } => {
                    let currency = match currency {
                        Field::Constant(code) => Some(code.clone()),
                        Field::At(path) => match find(path)?.found.as_slice() {
                            [one] => Some(one.written.trim().to_owned()),
                            _ => None,
                        },
                    };
                    Form::Amount(currency, *mark)
                }
            };
            record.fact(&fact.name, finding, &form)?;
        }
        let (facts, mut doubts) = record.facts.finish();
        let more = record.doubts.iter();
        doubts.extend(more.map(|doubt| doubt.escape_debug().to_string()));
        Ok(Stated {
            part: part.to_owned(),
            kind: Some(self.kind),
            profile: self.profile,
            identity: record.missing.is_empty().then_some(identity),
            missing: record.missing,
            facts,
            doubts,
        })
    }
}

/// A record while it is read.
#[derive(Default)]
struct Record {
    facts: Facts,
    missing: Vec<&'static str>,
    doubts: Vec<String>,
}

/// How a value of this record is written.
enum Form<'m> {
    Plain,
    Day(&'m DayForm),
    Amount(Option<String>, char),
}

impl Record {
    /// A part of the legal number: it stands there once, or with one value, or it is missing.
    fn field(
        &mut self,
        words: &'static str,
        fact: &str,
        finding: Finding,
    ) -> Result<String, ReadError> {
        self.doubts.extend(finding.doubt(words));
        if let [one, other] = finding.found.as_slice() {
            // Of a part that is a fact, too, the facts tell it.
            if fact.is_empty() {
                self.doubts.push(format!(
                    "{words} is {} at {} and {} at {}",
                    one.written, one.place, other.written, other.place
                ));
            }
        }
        for found in &finding.found {
            if found.written.len() > VALUE_BYTES_MAX {
                return Err(ReadError::ValueTooLong {
                    name: words.to_owned(),
                });
            }
            if !fact.is_empty() {
                self.facts.say(fact, Some(found.clone()))?;
            }
        }
        match finding.found.as_slice() {
            [one] => Ok(one.written.trim().to_owned()),
            _ => {
                self.missing.push(words);
                Ok(String::new())
            }
        }
    }

    fn fact(&mut self, name: &str, finding: Finding, form: &Form<'_>) -> Result<(), ReadError> {
        self.doubts.extend(finding.doubt(name));
        for found in finding.found {
            if found.written.len() > VALUE_BYTES_MAX {
                return Err(ReadError::ValueTooLong {
                    name: name.to_owned(),
                });
            }
            let text = found.written.trim();
            let (value, what) = match form {
                Form::Plain => match FactType::of(name) {
                    FactType::Moment if day_of_moment(text).is_none() => (None, "a moment"),
                    FactType::Currency if !is_currency(text) => (None, "a currency"),
                    _ => {
                        self.facts.say(name, Some(found))?;
                        continue;
                    }
                },
                Form::Day(form) => (form.read(text), "a day in the format of the mapping"),
                Form::Amount(None, _) => {
                    (None, "an amount, because its currency does not stand there")
                }
                Form::Amount(Some(currency), mark) => {
                    (amount(text, currency, *mark), "an amount of its currency")
                }
            };
            match value {
                Some(value) => self.facts.value(name, value, &found)?,
                None => self.doubts.push(format!(
                    "{name} is {text} at {}, which cannot be read as {what}",
                    found.place
                )),
            }
        }
        Ok(())
    }
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// With a comma as the mark a point has no meaning, and the other way round.
fn amount(text: &str, currency: &str, mark: char) -> Option<String> {
    match mark {
        ',' if text.contains('.') => None,
        ',' => minor_units(&text.replacen(',', ".", 1), currency),
        _ => minor_units(text, currency),
    }
}

impl DayForm {
    fn read(&self, text: &str) -> Option<String> {
        match self {
            Self::Iso => day(text),
            Self::Compact => compact_date(text),
            Self::Chinese => chinese::day(text),
            Self::Pattern(pattern) => {
                let date = NaiveDate::parse_from_str(text, pattern).ok()?;
                let is_plain = (1000..=9999).contains(&date.year());
                is_plain.then(|| date.format("%Y-%m-%d").to_string())
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "iso" => Self::Iso,
            "compact" => Self::Compact,
            "chinese" => Self::Chinese,
            pattern => {
                let (mut year, mut month, mut day) = (0, 0, 0);
                let mut rest = pattern.chars();
                while let Some(c) = rest.next() {
                    if c == '%' {
                        match rest.next()? {
                            'Y' => year += 1,
                            'm' | 'b' | 'B' => month += 1,
                            'd' | 'e' => day += 1,
                            _ => return None,
                        }
                    }
                }
                let is_whole = pattern.len() <= 64 && (year, month, day) == (1, 1, 1);
                is_whole.then(|| Self::Pattern(pattern.to_owned()))?
            }
        })
    }
}

impl Written {
    fn checked(self) -> Result<Mapping, MappingError> {
        let syntax = self.syntax;
        if self.mapping != 1 {
            return Err(MappingError::field("mapping", "1, the version of the form"));
        }
        let profile = self.profile.as_deref().unwrap_or("generic");
        let profile = Profile::by_name(profile)
            .ok_or_else(|| MappingError::field("profile", "the name of a profile"))?;
        let records = match &self.records {
            None => None,
            Some(path) => Some(
                Path::of_records(syntax, path)
                    .ok_or_else(|| MappingError::field("records", syntax.records_rule()))?,
            ),
        };
        if self.facts.len() > MAPPING_FACTS_MAX {
            return Err(MappingError::field("facts", "64 facts at most"));
        }
        let kind = match self.kind {
            WrittenKind::Invoice => Kind::Invoice,
            WrittenKind::Licence => Kind::Licence,
        };
        let optional = |name: &str, field: Option<WrittenField>| {
            field.map(|field| field.checked(syntax, name)).transpose()
        };
        let number = self.number.checked(syntax, "number")?;
        if matches!(number, Field::Constant(_)) {
            return Err(MappingError::field("number", "a place, not a constant"));
        }
        let (series, period) = (
            optional("series", self.series)?,
            optional("period", self.period)?,
        );
        let mut facts = Vec::new();
        for (name, fact) in self.facts {
            let is_repeated = match name.as_str() {
                "number" => true,
                "series" => series.is_some(),
                "period" => period.is_some(),
                "issuer-id" => kind == Kind::Licence,
                "seller-id" => kind == Kind::Invoice,
                _ => false,
            };
            if is_repeated {
                let rule = "left out: the part of the legal number is that fact";
                return Err(MappingError::field(&name, rule));
            }
            facts.push(fact.checked(syntax, name)?);
        }
        let csv = self.csv.unwrap_or(WrittenCsv {
            delimiter: None,
            encoding: None,
        });
        let delimiter = match csv.delimiter.as_deref().unwrap_or(",").as_bytes() {
            [byte @ (b',' | b';' | b'\t' | b'|')] => *byte,
            _ => {
                let rule = "a comma, a semicolon, a tab or a bar";
                return Err(MappingError::field("delimiter", rule));
            }
        };
        let is_gbk = match csv.encoding.as_deref().unwrap_or("utf-8") {
            "utf-8" => false,
            "gbk" => true,
            _ => return Err(MappingError::field("encoding", "utf-8 or gbk")),
        };
        Ok(Mapping {
            syntax,
            kind,
            profile,
            records,
            legal_issuer: self.legal_issuer.checked(syntax, "legal_issuer")?,
            class: optional("class", self.class)?,
            series,
            number,
            period,
            facts,
            delimiter,
            is_gbk,
        })
    }
}

impl WrittenField {
    fn checked(self, syntax: Syntax, name: &str) -> Result<Field, MappingError> {
        match (self.at, self.constant) {
            (Some(at), None) => path(syntax, name, &at).map(Field::At),
            (None, Some(text)) if !text.trim().is_empty() && text.len() <= VALUE_BYTES_MAX => {
                Ok(Field::Constant(text.trim().to_owned()))
            }
            _ => Err(MappingError::field(name, "a place or a constant")),
        }
    }
}

impl WrittenFact {
    fn checked(self, syntax: Syntax, name: String) -> Result<FactPlace, MappingError> {
        let is_name = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_name {
            let rule = "named by 1 to 64 lower case letters, digits and hyphens";
            return Err(MappingError::field(&name, rule));
        }
        let refuse = |rule| Err(MappingError::field(&name, rule));
        let fact_type = FactType::of(&name);
        if self.day.is_some() && fact_type != FactType::Day {
            return refuse("without a format of days: its name is of another type");
        }
        let has_amount_keys = self.currency.is_some() || self.decimal.is_some();
        if has_amount_keys && fact_type != FactType::Amount {
            return refuse("without currency and decimal mark: its name is of another type");
        }
        let value = match fact_type {
            FactType::Day => match DayForm::parse(self.day.as_deref().unwrap_or("iso")) {
                Some(form) => ValueForm::Day(form),
                None => return refuse("with a format of days that has year, month and day"),
            },
            FactType::Amount => {
                let Some(currency) = self.currency else {
                    return refuse("with a currency");
                };
                let currency = currency.checked(syntax, &name)?;
                if matches!(&currency, Field::Constant(code) if !is_currency(code)) {
                    return refuse("with a currency of ISO 4217");
                }
                let mark = match self.decimal.as_deref().unwrap_or(".") {
                    "." => '.',
                    "," => ',',
                    _ => return refuse("with a point or a comma as the decimal mark"),
                };
                ValueForm::Amount { currency, mark }
            }
            _ => ValueForm::Plain,
        };
        Ok(FactPlace {
            at: path(syntax, &name, &self.at)?,
            value,
            name,
        })
    }
}

impl Syntax {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Csv => "CSV",
        }
    }

    const fn place_rule(self) -> &'static str {
        match self {
            Self::Json => "at a JSON pointer",
            Self::Xml => "at an XPath of local names, with an attribute only at its end",
            Self::Csv => "at the name of a column",
        }
    }

    const fn records_rule(self) -> &'static str {
        match self {
            Self::Json => "a JSON pointer from the root of the file",
            Self::Xml => "an XPath of elements from the root of the file",
            Self::Csv => "left out: the rows of a CSV are its records",
        }
    }
}

fn path(syntax: Syntax, name: &str, written: &str) -> Result<Path, MappingError> {
    Path::parse(syntax, written).ok_or_else(|| MappingError::field(name, syntax.place_rule()))
}

/// So that a finding can say where what is no text stands.
impl Finding {
    fn doubt(&self, name: &str) -> Option<String> {
        let place = self.no_text.as_ref()?;
        Some(format!("{name} at {place} is no text and no number"))
    }

    /// Keeps a text, unless it says what stands there already; two that differ are enough to know.
    fn keep(&mut self, found: Found) {
        let is_new = !found.written.trim().is_empty()
            && self.found.len() < 2
            && (self.found.iter()).all(|other| other.written.trim() != found.written.trim());
        if is_new {
            self.found.push(found);
        }
    }
}
