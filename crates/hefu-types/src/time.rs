//! Time: milliseconds since 1970-01-01T00:00:00Z, and the days of documents.
//!
//! Block time is the only clock of the rules. A date without a time in a document is a whole day in
//! the zone of its type; "until D" includes D (see [`Day`]).

use chrono::{DateTime, NaiveDate};
use minicbor::{Decode, Encode};
use std::fmt;

/// Milliseconds since the Unix epoch, UTC, without leap seconds.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Millis(#[n(0)] pub u64);

impl Millis {
    /// One hour.
    pub const HOUR: u64 = 3_600_000;

    /// This time and so many milliseconds; the end of time where that overflows.
    #[must_use]
    pub fn plus(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// This time less so many milliseconds; the epoch where that underflows.
    #[must_use]
    pub fn minus(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_sub(milliseconds))
    }
}

impl fmt::Display for Millis {
    /// RFC 3339 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = i64::try_from(self.0)
            .ok()
            .and_then(DateTime::from_timestamp_millis);
        match time {
            Some(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%SZ")),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// A day of a document (ISO 8601), to be read in the zone of the document's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

/// A text that is not a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day: write it as 2026-12-31")]
pub struct BadDay(pub String);

impl std::str::FromStr for Day {
    type Err = BadDay;
    fn from_str(text: &str) -> Result<Self, BadDay> {
        // chrono also takes 2026-1-2 and +02026-01-02; a canonical form has one spelling.
        let bad = || BadDay(text.chars().take(32).collect());
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| bad())?;
        if text.len() != 10 || day.format("%Y-%m-%d").to_string() != text {
            return Err(bad());
        }
        Ok(Self(day))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl Day {
    /// The day in which a time lies, in a zone that is so many minutes ahead of UTC; none for times
    /// beyond the calendar.
    pub fn of(time: Millis, zone_minutes: i16) -> Option<Self> {
        let local = i64::try_from(time.0)
            .ok()?
            .checked_add(i64::from(zone_minutes) * 60_000)?;
        DateTime::from_timestamp_millis(local).map(|time| Self(time.date_naive()))
    }

    /// The last day that is included where something holds before a time.
    pub fn last_before(time: Millis, zone_minutes: i16) -> Option<Self> {
        Self::of(time.minus(1), zone_minutes)
    }

    /// The first millisecond of the day in a zone that is so many minutes ahead of UTC.
    pub fn begins(self, zone_minutes: i16) -> Millis {
        let midnight = self
            .0
            .and_hms_opt(0, 0, 0)
            .map_or(0, |t| t.and_utc().timestamp_millis());
        let shifted = midnight.saturating_sub(i64::from(zone_minutes) * 60_000);
        Millis(u64::try_from(shifted).unwrap_or(0))
    }

    /// The first millisecond after the day: "until D" holds before this time.
    pub fn ends(self, zone_minutes: i16) -> Millis {
        self.begins(zone_minutes).plus(24 * Millis::HOUR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_day_of_its_zone() {
        let day: Day = "2026-12-31".parse().expect("a day");
        // 2026-12-31T00:00+08:00 is 2026-12-30T16:00Z, and the last instant is in the same day.
        assert_eq!(day.begins(480).to_string(), "2026-12-30T16:00:00Z");
        assert_eq!(day.ends(480).to_string(), "2026-12-31T16:00:00Z");
        assert_eq!(day.begins(0).to_string(), "2026-12-31T00:00:00Z");
        assert_eq!(Day::last_before(day.ends(480), 480), Some(day));
        assert_eq!(Day::of(day.begins(480), 480), Some(day));
        assert_eq!(Day::of(Millis(u64::MAX), 480), None);
        for bad in [
            "2026-1-2",
            "2026-02-30",
            "",
            "2026-12-31 ",
            "+2026-12-31",
            "20261231",
        ] {
            assert!(bad.parse::<Day>().is_err(), "{bad:?} was accepted");
        }
    }
}
