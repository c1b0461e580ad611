//! What a URL may ask of `GetObject`, by boto3's names: parts of the query, and headers that the one who uses the URL has
//! to send.

use serde_json::Value;

use super::error::UrlError;
use crate::parameters::date;
use crate::settings::words;

/// Where an argument goes.
#[derive(Clone, Copy)]
enum Place {
    Query(&'static str),
    Header(&'static str),
}

/// What an argument takes.
#[derive(Clone, Copy)]
enum Takes {
    Text,
    Number,
    Date,
}

use Place::{Header, Query};

/// The members of botocore's `GetObjectRequest`, without those that a name and the settings say.
const ARGUMENTS: [(&str, Place, Takes); 18] = [
    ("ChecksumMode", Header("x-amz-checksum-mode"), Takes::Text),
    ("ExpectedBucketOwner", Header("x-amz-expected-bucket-owner"), Takes::Text),
    ("IfMatch", Header("if-match"), Takes::Text),
    ("IfModifiedSince", Header("if-modified-since"), Takes::Date),
    ("IfNoneMatch", Header("if-none-match"), Takes::Text),
    ("IfUnmodifiedSince", Header("if-unmodified-since"), Takes::Date),
    ("PartNumber", Query("partNumber"), Takes::Number),
    ("Range", Header("range"), Takes::Text),
    ("RequestPayer", Header("x-amz-request-payer"), Takes::Text),
    ("ResponseCacheControl", Query("response-cache-control"), Takes::Text),
    ("ResponseContentDisposition", Query("response-content-disposition"), Takes::Text),
    ("ResponseContentEncoding", Query("response-content-encoding"), Takes::Text),
    ("ResponseContentLanguage", Query("response-content-language"), Takes::Text),
    ("ResponseContentType", Query("response-content-type"), Takes::Text),
    ("ResponseExpires", Query("response-expires"), Takes::Date),
    ("SSECustomerAlgorithm", Header("x-amz-server-side-encryption-customer-algorithm"), Takes::Text),
    ("SSECustomerKeyMD5", Header("x-amz-server-side-encryption-customer-key-md5"), Takes::Text),
    ("VersionId", Query("versionId"), Takes::Text),
];

/// What goes into the query, and what into headers, each in the order in which it was given.
type Sorted = (Vec<(&'static str, String)>, Vec<(&'static str, String)>);

/// Sorts arguments by where they go.
pub(super) fn sorted(parameters: &[(String, String)]) -> Result<Sorted, UrlError> {
    let (mut query, mut headers) = Sorted::default();
    for (name, value) in parameters {
        let (place, takes) = find(name)?;
        let wrong = |expected| UrlError::ParameterValue { name: name.clone(), expected };
        let value = match takes {
            Takes::Text => value.clone(),
            Takes::Number => value.parse::<u32>().map_err(|_| wrong("a whole number"))?.to_string(),
            Takes::Date => date::http(&Value::from(value.as_str()))
                .ok_or_else(|| wrong("a date, e.g. `2030-01-31T00:00:00Z`"))?,
        };
        match place {
            Query(name) => query.push((name, value)),
            Header(name) => headers.push((name, value)),
        }
    }
    Ok((query, headers))
}

fn find(name: &str) -> Result<(Place, Takes), UrlError> {
    if name == "SSECustomerKey" {
        return Err(UrlError::SecretParameter);
    }
    let known = ARGUMENTS.iter().find(|(known, ..)| *known == name);
    known.map(|(_, place, takes)| (*place, *takes)).ok_or_else(|| UrlError::UnknownParameter {
        name: name.to_owned(),
        nearest: words::nearest(name, ARGUMENTS.map(|(known, ..)| known)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Result<Sorted, String> {
        sorted(&[(name.to_owned(), value.to_owned())]).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_go_where_boto3_puts_them() {
        assert_eq!(one("PartNumber", "03"), Ok((vec![("partNumber", "3".to_owned())], Vec::new())));
        let date = "Thu, 31 Jan 2030 00:00:00 GMT".to_owned();
        assert_eq!(
            one("IfModifiedSince", "2030-01-31T00:00:00Z"),
            Ok((Vec::new(), vec![("if-modified-since", date)]))
        );
    }

    #[test]
    fn what_boto3_refuses_is_refused() {
        for (name, value, message) in [
            ("PartNumber", "three", "`PartNumber` must be a whole number"),
            ("ResponseExpires", "soon", "`ResponseExpires` must be a date, e.g. `2030-01-31T00:00:00Z`"),
            ("Key", "k", "`Key` is no argument of `GetObject` that a URL can have"),
            (
                "SSECustomerKey",
                "k",
                "`SSECustomerKey` is refused: a secret on the command line can be read by every process",
            ),
        ] {
            assert_eq!(one(name, value), Err(message.to_owned()), "{name}");
        }
    }
}
