//! What a release is called.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::ReleaseError;

/// How the time is written.
const FORMAT: &[BorrowedFormatItem<'static>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");
/// The most characters of an id.
const LONGEST: usize = 64;

/// The name of a release: when it was begun, and something by chance, so that two pushes at once are two releases.
///
/// Invariants: 1 to 64 letters, digits and hyphens, so that it is one part of a key. Sorted by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseId(String);

impl ReleaseId {
    /// Takes an id as it stands in a key or a document.
    ///
    /// # Errors
    /// [`ReleaseError::Content`].
    pub fn new(id: impl Into<String>) -> Result<Self, ReleaseError> {
        let id = id.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.is_empty() || id.len() > LONGEST || !id.bytes().all(plain) {
            return Err(ReleaseError::Content(format!("`{}`, which is no release id", id.escape_debug())));
        }
        Ok(Self(id))
    }

    /// The id of a release that begins at a time, in seconds since 1970, UTC: `20261122T221530Z-3f2a9c41`.
    ///
    /// # Panics
    /// Never: times beyond the year 9999 are taken for its end.
    #[must_use]
    pub fn begun(seconds: i64, chance: u32) -> Self {
        const LATEST: i64 = 253_402_300_799;
        let time = OffsetDateTime::from_unix_timestamp(seconds.clamp(0, LATEST));
        let time = time.expect("a time between the years 1970 and 9999");
        let text = time.format(FORMAT).expect("all components are there");
        Self(format!("{text}-{chance:08x}"))
    }

    /// When the release was begun, in seconds since 1970; `None` where the id was not made by [`ReleaseId::begun`].
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        let time = PrimitiveDateTime::parse(self.0.split_once('-')?.0, FORMAT).ok()?;
        Some(time.assume_utc().unix_timestamp())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ReleaseId {
    type Error = ReleaseError;

    fn try_from(id: String) -> Result<Self, ReleaseError> {
        Self::new(id)
    }
}

impl From<ReleaseId> for String {
    fn from(id: ReleaseId) -> Self {
        id.0
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_when_and_are_parts_of_keys() {
        assert_eq!(ReleaseId::begun(1_795_385_730, 0x3f2a_9c41).as_str(), "20261122T221530Z-3f2a9c41");
        assert_eq!(ReleaseId::begun(-1, 0).as_str(), "19700101T000000Z-00000000");
        assert_eq!(ReleaseId::begun(i64::MAX, 1).as_str(), "99991231T235959Z-00000001");
        assert_eq!(ReleaseId::begun(1_795_385_730, 7).seconds(), Some(1_795_385_730));
        assert_eq!(ReleaseId::new("v1-2").expect("an id").seconds(), None);
        assert!(ReleaseId::begun(1, u32::MAX) < ReleaseId::begun(2, 0));
        for odd in ["", "a/b", "..", "a b", "é", &"x".repeat(65)] {
            assert!(ReleaseId::new(odd).is_err(), "{odd}");
        }
        assert!(serde_json::from_str::<ReleaseId>("\"../x\"").is_err());
    }
}
