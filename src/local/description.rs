//! What is kept of an object besides its body: every header and parameter of the request that made it, user
//! metadata, tags, ACL and checksums. Parsed from requests, stored as JSON, served again as headers. Pure.

use std::collections::BTreeMap;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use s3s::dto::Metadata;
use s3s::{S3ErrorCode, S3Result};
use serde::{Deserialize, Serialize};

use super::acl::{self, Grant};
use super::checksum::Values;
use super::refusal::{answer, refuse};

/// Headers of a put that are served again as they came.
const KEPT: [&str; 17] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    SSE_CUSTOMER_KEY_MD5,
    STORAGE_CLASS,
    "x-amz-website-redirect-location",
];

/// Proof of the key that an object with SSE-C was stored under.
pub(super) const SSE_CUSTOMER_KEY_MD5: &str = "x-amz-server-side-encryption-customer-key-md5";
const STORAGE_CLASS: &str = "x-amz-storage-class";

/// What is kept of an object besides its body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    /// By lower-case name.
    pub(super) headers: BTreeMap<String, String>,
    /// Without the `x-amz-meta-` prefix.
    pub(super) metadata: BTreeMap<String, String>,
    /// In the order in which they were given.
    pub(super) tags: Vec<(String, String)>,
    /// Who may do what.
    pub(super) grants: Vec<Grant>,
    /// Over the whole body, or composite where a value ends in a count of parts.
    pub(super) checksums: Values,
    /// How it was put together; empty for an object that came whole.
    pub(super) parts: Vec<PartRecord>,
}

/// One part of a finished object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartRecord {
    /// From 1.
    pub(super) number: i32,
    /// Bytes.
    pub(super) size: u64,
    /// As they were sent or taken.
    pub(super) checksums: Values,
}

impl Description {
    /// What the request says about the object that it makes.
    pub(super) fn of_request(headers: &HeaderMap, metadata: Option<Metadata>) -> S3Result<Self> {
        let mut kept = BTreeMap::new();
        for name in KEPT {
            let text = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            if let Some(text) = text.and_then(|text| keep(name, text)) {
                kept.insert(name.to_owned(), text);
            }
        }
        let tags =
            headers.get("x-amz-tagging").map(|value| parse_tags(&String::from_utf8_lossy(value.as_bytes())));
        Ok(Self {
            headers: kept,
            metadata: metadata.unwrap_or_default().into_iter().collect(),
            tags: tags.transpose()?.unwrap_or_default(),
            grants: acl::of_request(headers)?,
            ..Self::default()
        })
    }

    /// The headers that the object is served with, but for those that the request overrides.
    pub(super) fn served(&self, overridden: &[&str]) -> HeaderMap {
        let mut served = HeaderMap::new();
        served.insert(header::CONTENT_TYPE, HeaderValue::from_static("binary/octet-stream"));
        for (name, value) in &self.headers {
            insert(&mut served, name, value);
        }
        for name in overridden {
            served.remove(*name);
        }
        served
    }

    /// The headers that the answer to a put repeats: how the object was encrypted.
    pub(super) fn encryption(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let named = |name: &String| name.starts_with("x-amz-server-side-encryption");
        for (name, value) in self.headers.iter().filter(|(name, _)| named(name)) {
            insert(&mut headers, name, value);
        }
        headers
    }

    /// Any string that was given, `STANDARD` without one.
    pub(super) fn storage_class(&self) -> &str {
        self.headers.get(STORAGE_CLASS).map_or("STANDARD", String::as_str)
    }

    /// Metadata as the protocol has it.
    pub(super) fn user_metadata(&self) -> Metadata {
        self.metadata.clone().into_iter().collect()
    }

    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(super) fn checksum_type(&self) -> &'static str {
        let composite = self.checksums.values().any(|value| value.contains('-'));
        if composite { "COMPOSITE" } else { "FULL_OBJECT" }
    }
}

/// `aws-chunked` is about the request, not about the object; `STANDARD` is what no storage class means.
fn keep(name: &str, text: String) -> Option<String> {
    match name {
        "content-encoding" => {
            let codings = text.split(',').map(str::trim);
            let codings: Vec<&str> =
                codings.filter(|coding| !coding.is_empty() && *coding != "aws-chunked").collect();
            (!codings.is_empty()).then(|| codings.join(", "))
        }
        STORAGE_CLASS if text == "STANDARD" => None,
        _ => Some(text),
    }
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        headers.insert(name, value);
    }
}

/// Tags as the header has them: `stage=live&team=web`.
fn parse_tags(text: &str) -> S3Result<Vec<(String, String)>> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().map(String::from)
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name)?, decode(value)?))
    });
    let tags: Result<Vec<_>, std::str::Utf8Error> = pairs.collect();
    valid_tags(tags.map_err(|_| refuse(S3ErrorCode::InvalidTag, "The tags are not valid UTF-8"))?)
}

/// Tags within S3's limits.
pub(super) fn valid_tags(tags: Vec<(String, String)>) -> S3Result<Vec<(String, String)>> {
    if tags.len() > 10 {
        return Err(answer(400, "BadRequest", "Object tags cannot be greater than 10".to_owned()));
    }
    for (index, (name, value)) in tags.iter().enumerate() {
        if name.is_empty() || name.chars().count() > 128 || value.chars().count() > 256 {
            return Err(refuse(S3ErrorCode::InvalidTag, "The tag provided was not a valid tag."));
        }
        if tags[..index].iter().any(|(other, _)| other == name) {
            return Err(refuse(S3ErrorCode::InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(pairs: &[(&'static str, &str)]) -> S3Result<Description> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Description::of_request(&headers, None)
    }

    #[test]
    fn the_coding_of_the_request_is_not_kept() {
        let kept =
            |coding| description(&[("content-encoding", coding)]).unwrap().headers.remove("content-encoding");
        assert_eq!(kept("aws-chunked"), None);
        assert_eq!(kept(""), None);
        assert_eq!(kept("aws-chunked,gzip"), Some("gzip".to_owned()));
        assert_eq!(kept("br, gzip"), Some("br, gzip".to_owned()));
    }

    #[test]
    fn an_index_that_was_written_before_is_read() {
        let values = r#"{"Crc32":"a","Crc32c":"b","Crc64Nvme":"c","Sha1":"d","Sha256":"e"}"#;
        let written = format!(
            r#"{{"headers":{{}},"metadata":{{}},"tags":[],"grants":[],"checksums":{values},"parts":[]}}"#
        );
        let read: Description = serde_json::from_str(&written).unwrap();
        assert_eq!(read.checksums.into_values().collect::<String>(), "abcde");
    }

    #[test]
    fn what_no_header_says_has_a_default() {
        let plain = description(&[("x-amz-storage-class", "STANDARD"), ("x-amz-date", "today")]).unwrap();
        assert_eq!(plain.storage_class(), "STANDARD");
        assert_eq!(plain.headers, BTreeMap::new());
        assert_eq!(plain.served(&[]).get("content-type").unwrap(), "binary/octet-stream");
        assert!(plain.served(&["content-type"]).is_empty());
    }

    #[test]
    fn tags_are_decoded_and_limited() {
        let tags = |text: &str| parse_tags(text).map_err(|error| error.code().clone());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(tags("a=b&c%20d=e+f&g"), Ok(vec![pair("a", "b"), pair("c d", "e f"), pair("g", "")]));
        assert_eq!(tags("a=1&a=2"), Err(S3ErrorCode::InvalidTag));
        assert_eq!(tags("1&2&3&4&5&6&7&8&9&10&11"), Err(S3ErrorCode::Custom("BadRequest".into())));
    }
}
