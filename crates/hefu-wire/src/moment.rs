//! A time in a file that people read and write: RFC 3339 in UTC to the millisecond, so that what is
//! read again is what was written.

use chrono::{DateTime, SecondsFormat, Utc};
use hefu_types::Millis;
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

/// A time that people read. Beyond the calendar it is a number of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Millis);

impl Moment {
    /// Reads RFC 3339, which says its zone.
    pub fn parse(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        let millis = u64::try_from(time.timestamp_millis()).ok()?;
        Some(Self(Millis(millis)))
    }

    fn text(self) -> Option<String> {
        let millis = i64::try_from(self.0 .0).ok()?;
        let time = DateTime::<Utc>::from_timestamp_millis(millis)?;
        let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        // What is written must be read again, also in the year 10000.
        (Self::parse(&text) == Some(self)).then_some(text)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text() {
            Some(text) => serializer.serialize_str(&text),
            None => serializer.serialize_u64(self.0 .0),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Millis(u64),
        }
        match Written::deserialize(deserializer)? {
            Written::Millis(millis) => Ok(Self(Millis(millis))),
            Written::Text(text) => Self::parse(&text)
                .ok_or_else(|| de::Error::custom("a time is written as 2026-12-01T00:00:00+08:00")),
        }
    }
}
