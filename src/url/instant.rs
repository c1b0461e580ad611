//! A point in time in whole seconds, as signatures have it.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// The last second of the year 9999, after which no form of date has a text.
const LAST: i64 = 253_402_300_799;

/// Whole seconds since 1970, up to the end of the year 9999. Its text is RFC 3339 in UTC: `2026-03-04T05:06:07Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// Reads RFC 3339; a fraction of a second is cut off, as Python does. `None` for anything else, and before 1970.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(date.unix_timestamp()).filter(|seconds| (0..=LAST).contains(seconds)).map(Self)
    }

    /// So many seconds later; the end of the year 9999 where that would be later still.
    #[must_use]
    pub fn after(self, seconds: u64) -> Self {
        let seconds = i64::try_from(seconds).unwrap_or(LAST);
        Self(self.0.saturating_add(seconds).min(LAST))
    }

    /// Since 1970.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    fn date(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// `20260304T050607Z`.
    pub(super) fn compact(self) -> String {
        self.date()
            .format(format_description!("[year][month][day]T[hour][minute][second]Z"))
            .expect("a date up to the year 9999 has a text")
    }
}

impl From<SystemTime> for Instant {
    fn from(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self(0).after(seconds)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date().format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"));
        formatter.write_str(&date.map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_and_zones_are_minded() {
        let instant = Instant::parse("2026-03-04T06:06:07.999+01:00").expect("a time");
        assert_eq!(instant.to_string(), "2026-03-04T05:06:07Z");
        assert_eq!(instant.compact(), "20260304T050607Z");
        assert_eq!(instant.after(3600).to_string(), "2026-03-04T06:06:07Z");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for odd in ["", "now", "2026-03-04", "2026-03-04T05:06:07", "1969-12-31T23:59:59Z", "1772600767"] {
            assert_eq!(Instant::parse(odd), None, "{odd}");
        }
        assert_eq!(Instant(0).after(u64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }
}
