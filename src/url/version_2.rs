//! What Signature Version 2 is made of, in a URL and in the headers of a request. Pure.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// What stands in a query and is part of the resource; botocore's list.
const SUBRESOURCES: [&str; 35] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// HMAC-SHA1 of what is signed, in base64.
pub(crate) fn signature(secret_key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret_key.as_bytes()).expect("a key of HMAC has any length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A path with what of a query is signed, sorted and not encoded.
pub(crate) fn resource<'a>(
    path: &str,
    query: impl Iterator<Item = (&'a str, Option<Cow<'a, str>>)>,
) -> String {
    let mut signed: Vec<_> = query.filter(|(name, _)| SUBRESOURCES.contains(name)).collect();
    signed.sort_by_key(|(name, _)| *name);
    let signed: Vec<String> = signed
        .into_iter()
        .map(|(name, value)| value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}")))
        .collect();
    if signed.is_empty() { path.to_owned() } else { format!("{path}?{}", signed.join("&")) }
}
