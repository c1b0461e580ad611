//! Presigned URLs, as botocore writes them: Signature Version 4, and Version 2 for stores that know no other. Held
//! against boto3's byte for byte.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::encode;
use super::instant::Instant;
use super::version_2::{resource, signature};
use crate::settings::Secret;

/// What signs URLs of a bucket.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    /// Stands in the URL.
    pub access_key: String,
    /// Signs it.
    pub secret_key: Secret,
    /// Goes with temporary keys, and stands in the URL.
    pub token: Option<Secret>,
    /// When temporary keys end, and every URL with them, as far as that is known.
    pub expires_at: Option<Instant>,
}

/// A request as far as a signature covers it.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// Scheme, host and port.
    pub(super) origin: &'a str,
    /// Encoded, with a slash at its beginning.
    pub(super) path: String,
    /// The path of Version 2, which has the bucket in it wherever that stands in the URL.
    pub(super) resource: String,
    /// Not encoded, in the order in which they were given.
    pub(super) query: Vec<(&'static str, String)>,
    /// Names in lower case; whoever uses the URL has to send them.
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Call<'_> {
    /// The URL with nothing but the query of the request itself.
    pub(super) fn unsigned(&self) -> String {
        match self.query_text() {
            query if query.is_empty() => format!("{}{}", self.origin, self.path),
            query => format!("{}{}?{query}", self.origin, self.path),
        }
    }

    fn query_text(&self) -> String {
        encode::query(self.query.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// The URL with more of a query.
    fn with(&self, more: &str) -> String {
        let mark = if self.query.is_empty() { '?' } else { '&' };
        format!("{}{mark}{more}", self.unsigned())
    }
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC has any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signature Version 4 in the query, of a body that nobody knows yet.
pub(super) fn version_4(
    call: &Call<'_>,
    keys: &SigningKeys,
    (region, service): (&str, &str),
    now: Instant,
    seconds: u64,
) -> String {
    let date = now.compact();
    let day = &date[..8];
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let mut headers: BTreeMap<&str, String> = BTreeMap::from([("host", host(call.origin))]);
    for (name, value) in &call.headers {
        headers.insert(name, value.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let signed = headers.keys().copied().collect::<Vec<_>>().join(";");
    let (credential, seconds) = (format!("{}/{scope}", keys.access_key), seconds.to_string());
    let mut query = vec![
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", &date),
        ("X-Amz-Expires", &seconds),
        ("X-Amz-SignedHeaders", &signed),
    ];
    query.extend(keys.token.as_ref().map(|token| ("X-Amz-Security-Token", token.expose())));
    let url = call.with(&encode::query(query));
    let mut sorted: Vec<&str> = url.split_once('?').map_or("", |(_, query)| query).split('&').collect();
    sorted.sort_by_key(|pair| pair.split_once('='));
    let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let request = format!(
        "{}\n{}\n{}\n{headers}\n{signed}\nUNSIGNED-PAYLOAD",
        call.method.to_ascii_uppercase(),
        call.path,
        sorted.join("&")
    );
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request.as_bytes())));
    let first = format!("AWS4{}", keys.secret_key.expose()).into_bytes();
    let key = [day, region, service, "aws4_request"].iter().fold(first, |key, part| hmac_sha256(&key, part));
    format!("{url}&X-Amz-Signature={}", hex(&hmac_sha256(&key, &text)))
}

/// The host as clients send it: without the port that its scheme has anyway.
fn host(origin: &str) -> String {
    let (scheme, authority) = origin.split_once("://").unwrap_or(("", origin));
    let usual = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(usual).unwrap_or(authority).to_ascii_lowercase()
}

/// Signature Version 2 in the query. Headers other than `x-amz-…` are no part of it, and are left out.
pub(super) fn version_2(call: &Call<'_>, keys: &SigningKeys, ends: Instant) -> String {
    let ends = ends.seconds().to_string();
    let token = keys.token.as_ref().map(|token| ("x-amz-security-token", token.expose()));
    let headers: Vec<(&str, &str)> = call
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("x-amz-"))
        .map(|(name, value)| (*name, value.as_str()))
        .chain(token)
        .collect();
    let sorted: BTreeMap<&str, &str> = headers.iter().copied().collect();
    let amazon: String = sorted.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let method = call.method.to_ascii_uppercase();
    let query = call.query.iter().map(|(name, value)| (*name, Some(Cow::from(value))));
    let resource = resource(&call.resource, query);
    let text = format!("{method}\n\n\n{ends}\n{amazon}{resource}");
    let signature = signature(keys.secret_key.expose(), &text);
    let first = [("AWSAccessKeyId", keys.access_key.as_str()), ("Signature", &signature)];
    let last = [("Expires", ends.as_str())];
    call.with(&encode::query(first.into_iter().chain(headers).chain(last)))
}
