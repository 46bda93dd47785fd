//! Facts: what a document states, typed by name, each with the place where it stood.
//!
//! | name | what it is |
//! | --- | --- |
//! | `document-type` | the code or word by which the document calls its type |
//! | `seller`, `seller-id`, `buyer`, `buyer-id` | the parties of an invoice, by name and identifier |
//! | `issuer`, `issuer-id`, `holder`, `holder-id` | the parties of a licence |
//! | `series`, `number`, `period` | the parts of the number as the document shows them |
//! | `certificate-number` | the number on a licence whose `number` is an identifier of its own |
//! | `registration` | the number that a registry gave: access key, UUID, IRN |
//! | `check-code` | the code that stands beside the number to check it |
//! | `issue-date`, `due-date`, `travel-date`, `valid-from`, `valid-until` | days |
//! | `issue-time` | the moment, where the document gives one |
//! | `currency`; `total`, `total-without-tax`, `tax`, `due` | the amounts, `total` with tax |
//! | `title`, `grade`, `scope` | what a licence allows |
//! | `preceding` | the number of the document that this one corrects or credits |
//! | `family-name`, `given-name`, `issuing-country` | of a mobile document: its holder's names, and the country of its issuer |
//! | `data-valid-from`, `data-valid-until` | how long the data of a mobile document may be shown, as written; not how long the licence holds |
//! | `contract`, `reference`, `identity-proof` | of an OpenAttestation document: the contract in which it was issued, its reference, how its issuer is told |
//!
//! Other names are texts.

use crate::limits::VALUE_BYTES_MAX;
use crate::values::{collapsed, minor_units, plain};
use crate::ReadError;

/// One thing that a document states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fact {
    /// Its name: lower case letters, digits and hyphens.
    pub name: String,
    /// Its value, normalised so that renditions of one document agree.
    pub value: String,
    /// The value as the document writes it, white space around it cut.
    pub written: String,
    /// Where it stands: an XPath of local names, a JSON pointer, the part of an OFD, the page of a
    /// PDF; what stands in an attached file is led by its name and a colon.
    pub place: String,
}

/// The type of a fact's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactType {
    /// Words: white space is collapsed, full-width ASCII is plain.
    Text,
    /// An identifier or a number: as written.
    Identifier,
    /// A day, ISO 8601; it is counted in the zone of the document's type.
    Day,
    /// A moment, ISO 8601 as written.
    Moment,
    /// A currency, ISO 4217.
    Currency,
    /// A whole number of the currency's minor units; what a red invoice takes back is negative.
    Amount,
}

impl FactType {
    /// A stable word, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Identifier => "identifier",
            Self::Day => "day",
            Self::Moment => "moment",
            Self::Currency => "currency",
            Self::Amount => "amount",
        }
    }

    /// The type of the facts of a name.
    pub fn of(name: &str) -> Self {
        match name {
            "number" | "series" | "period" | "registration" | "check-code" | "preceding"
            | "document-type" | "certificate-number" => Self::Identifier,
            "currency" => Self::Currency,
            "total" | "total-without-tax" | "tax" | "due" => Self::Amount,
            "valid-from" | "valid-until" => Self::Day,
            "issue-time" => Self::Moment,
            _ if name.ends_with("-id") => Self::Identifier,
            _ if name.ends_with("-date") => Self::Day,
            _ => Self::Text,
        }
    }
}

impl Fact {
    /// The type of its value.
    pub fn fact_type(&self) -> FactType {
        FactType::of(&self.name)
    }

    /// `None` for an empty value: an empty element states nothing.
    pub(crate) fn new(
        name: &str,
        value: String,
        written: &str,
        place: String,
    ) -> Result<Option<Self>, ReadError> {
        let written = written.trim();
        if value.len() > VALUE_BYTES_MAX || written.len() > VALUE_BYTES_MAX {
            return Err(ReadError::ValueTooLong {
                name: name.to_owned(),
            });
        }
        Ok((!value.is_empty()).then(|| Self {
            name: name.to_owned(),
            value,
            written: written.to_owned(),
            place,
        }))
    }
}

/// What a value that was found is: the text, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) written: String,
    pub(crate) place: String,
}

impl Found {
    pub(crate) fn new(written: impl Into<String>, place: impl Into<String>) -> Self {
        Self {
            written: written.into(),
            place: place.into(),
        }
    }
}

/// Gathers the facts of one document.
///
/// A fact that is found in several places with one value has that value and the first place; with
/// several values it has none, and the contradiction is told, so that nobody can show one number to
/// us and another one to the next reader.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    found: Vec<Fact>,
    contradicted: Vec<(String, String)>,
    mentioned_otherwise: Vec<String>,
}

impl Facts {
    /// A fact whose value is normalised already.
    pub(crate) fn value(
        &mut self,
        name: &str,
        value: String,
        found: &Found,
    ) -> Result<(), ReadError> {
        let Some(fact) = Fact::new(name, value, &found.written, found.place.clone())? else {
            return Ok(());
        };
        match self.found.iter().find(|before| before.name == name) {
            None => self.found.push(fact),
            Some(before) if before.value == fact.value => {}
            Some(before) => {
                let said = format!(
                    "{name} is {} at {} and {} at {}",
                    before.written, before.place, fact.written, fact.place
                );
                self.contradicted.push((name.to_owned(), said));
            }
        }
        Ok(())
    }

    /// A fact of words, or an identifier: as its name's type asks. What is found may be one place or
    /// several.
    pub(crate) fn say(
        &mut self,
        name: &str,
        found: impl IntoIterator<Item = Found>,
    ) -> Result<(), ReadError> {
        for found in found {
            let value = match FactType::of(name) {
                FactType::Text => collapsed(&plain(&found.written)),
                _ => found.written.trim().to_owned(),
            };
            self.value(name, value, &found)?;
        }
        Ok(())
    }

    /// A day, read by `day`, which answers in ISO 8601 or not at all.
    pub(crate) fn day(
        &mut self,
        name: &str,
        found: impl IntoIterator<Item = Found>,
        day: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ReadError> {
        for found in found {
            if let Some(value) = day(found.written.trim()) {
                self.value(name, value, &found)?;
            }
        }
        Ok(())
    }

    /// An amount written as a plain decimal; without a currency it is none.
    pub(crate) fn amount(
        &mut self,
        name: &str,
        found: impl IntoIterator<Item = Found>,
        currency: Option<&str>,
    ) -> Result<(), ReadError> {
        let Some(currency) = currency else {
            return Ok(());
        };
        for found in found {
            if let Some(value) = minor_units(found.written.trim(), currency) {
                self.value(name, value, &found)?;
            }
        }
        Ok(())
    }

    /// What stands where a fact must stand and cannot be read as one: there is no such fact, and it is
    /// told.
    pub(crate) fn unreadable(&mut self, name: &str, found: &Found, what: &str) {
        const LETTERS_MAX: usize = 100;
        let written: String = found.written.trim().chars().take(LETTERS_MAX).collect();
        let place = &found.place;
        let said = format!("{name} is {written} at {place}, which cannot be read as {what}");
        self.contradicted.push((name.to_owned(), said));
    }

    /// Another page that says a fact again: the fact stays what it is, and where the page says
    /// otherwise that is told, and no number follows from the document.
    pub(crate) fn mention(&mut self, fact: Fact) -> Result<(), ReadError> {
        match self.found.iter().find(|before| before.name == fact.name) {
            Some(before) if before.value != fact.value => {
                self.mentioned_otherwise.push(format!(
                    "{} is {} at {} and {} at {}",
                    fact.name, before.written, before.place, fact.written, fact.place
                ));
                Ok(())
            }
            _ => {
                let found = Found::new(fact.written, fact.place);
                self.value(&fact.name, fact.value, &found)
            }
        }
    }

    /// Whether every page that says a fact again says the same.
    pub(crate) fn is_mentioned_alike(&self) -> bool {
        self.mentioned_otherwise.is_empty()
    }

    /// What a fact is so far, if it is not contradicted.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        if self.contradicted.iter().any(|(other, _)| other == name) {
            return None;
        }
        let fact = self.found.iter().find(|fact| fact.name == name)?;
        Some(&fact.value)
    }

    /// The facts sorted by name, and the contradictions.
    pub(crate) fn finish(self) -> (Vec<Fact>, Vec<String>) {
        let Self {
            mut found,
            contradicted,
            mentioned_otherwise,
        } = self;
        found.retain(|fact| contradicted.iter().all(|(name, _)| *name != fact.name));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let contradicted = contradicted.into_iter().map(|(_, said)| said);
        let doubts = contradicted.chain(mentioned_otherwise);
        (
            found,
            doubts.map(|said| said.escape_debug().to_string()).collect(),
        )
    }
}
