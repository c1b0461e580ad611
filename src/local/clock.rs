//! The clock of the service that the endpoint stands in for: `LastModified`, and the age of files.

use std::time::{SystemTime, UNIX_EPOCH};

use s3s::dto::Timestamp;

/// Now, in milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the endpoint is the service, whose clock dates what it stores"
)]
pub(super) fn milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A stored time as the protocol has it.
pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    let nanoseconds = i128::from(milliseconds) * 1_000_000;
    time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
        .into()
}
