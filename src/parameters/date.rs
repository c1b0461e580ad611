//! The forms of date that boto3 takes, brought to the one that goes into a header.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// The last second of the year 9999, after which no form of date has a text.
const LAST: i64 = 253_402_300_799;

/// The date as an HTTP date: `Thu, 31 Jan 2030 00:00:00 GMT`.
pub(crate) fn http(value: &Value) -> Option<String> {
    let seconds = u64::try_from(seconds(value)?).ok()?;
    Some(httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds)))
}

/// The date as botocore writes ISO 8601: `2030-01-31T00:00:00Z`.
pub(super) fn iso(value: &Value) -> Option<String> {
    let date = OffsetDateTime::from_unix_timestamp(seconds(value)?).ok()?;
    date.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z")).ok()
}

/// The instant that the text of an `Expires` header means, in whatever form a server gives it back.
pub(super) fn instant(text: &str) -> Option<SystemTime> {
    let seconds = u64::try_from(seconds_of_text(text)?).ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn seconds(value: &Value) -> Option<i64> {
    let seconds = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => seconds_of_text(text),
        _ => None,
    }?;
    (0..=LAST).contains(&seconds).then_some(seconds)
}

fn seconds_of_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    if let Ok(date) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(date.unix_timestamp());
    }
    let date = httpdate::parse_http_date(text).ok()?;
    i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn three_forms_mean_one_date() {
        for form in [
            json!("2030-01-31T01:00:00.5+01:00"),
            json!("Thu, 31 Jan 2030 00:00:00 GMT"),
            json!("Thursday, 31-Jan-30 00:00:00 GMT"),
            json!(1_896_048_000),
            json!("1896048000"),
        ] {
            assert_eq!(http(&form).as_deref(), Some("Thu, 31 Jan 2030 00:00:00 GMT"), "{form}");
            assert_eq!(iso(&form).as_deref(), Some("2030-01-31T00:00:00Z"), "{form}");
        }
    }

    #[test]
    fn what_is_no_date_has_no_text() {
        let odd = [json!("soon"), json!(-1), json!(LAST + 1), json!(true), json!("2030-01-31"), json!(0.5)];
        for form in odd {
            assert_eq!((http(&form), iso(&form)), (None, None), "{form}");
        }
        assert_eq!(iso(&json!(LAST)).as_deref(), Some("9999-12-31T23:59:59Z"));
    }
}
