//! Times and days as people type them.

use crate::failure::Failure;
use hefu_types::time::Day;
use hefu_types::Millis;

/// A moment, or a whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A moment.
    At(Millis),
    /// A day.
    Day(Day),
}

impl When {
    /// Reads RFC 3339, or a day.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text.parse() {
            Ok(day) => Ok(Self::Day(day)),
            Err(_) => time(text).map(Self::At),
        }
    }

    /// The end of a time that is over when it comes: the moment, or the end of the day.
    pub fn before(self, zone_minutes: i16) -> Millis {
        match self {
            Self::At(time) => time,
            Self::Day(day) => day.ends(zone_minutes),
        }
    }

    /// The moment; of a day its last millisecond, in a zone that is so many minutes ahead of UTC.
    pub fn end(self, zone_minutes: i16) -> Millis {
        match self {
            Self::At(time) => time,
            Self::Day(day) => day.ends(zone_minutes).minus(1),
        }
    }
}

/// Reads a time of RFC 3339, which says its zone.
pub fn time(text: &str) -> Result<Millis, Failure> {
    chrono::DateTime::parse_from_rfc3339(text)
        .ok()
        .and_then(|time| u64::try_from(time.timestamp_millis()).ok())
        .map(Millis)
        .ok_or_else(|| {
            Failure::asked(
                format!("{text:?} is no time: write it as 2026-12-01T00:00:00+08:00"),
                format!("{text:?} 不是时间，请写作 2026-12-01T00:00:00+08:00"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_says_its_zone() {
        let beijing = time("2026-12-01T00:00:00+08:00").expect("a time");
        assert_eq!(beijing.to_string(), "2026-11-30T16:00:00Z");
        for bad in [
            "2026-12-01",
            "2026-12-01T00:00:00",
            "1969-01-01T00:00:00Z",
            "",
        ] {
            assert!(time(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_day_means_its_end_in_the_zone_of_the_type() {
        let end = |text: &str| When::parse(text).map(|when| when.end(480).0).ok();
        let midnight = time("2026-12-02T00:00:00+08:00").expect("a time").0;
        assert_eq!(end("2026-12-01"), Some(midnight - 1));
        assert_eq!(end("2026-12-02T00:00:00+08:00"), Some(midnight));
        assert_eq!(end("2026-13-01"), None);
    }
}
