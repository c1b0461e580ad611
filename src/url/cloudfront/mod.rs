//! URLs and cookies that CloudFront checks: a policy in JSON, signed. The canned policy is botocore's byte for byte, and
//! so is the order inside a custom one.

mod key;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::error::UrlError;
use super::instant::Instant;
use crate::settings::CloudFrontHash;
use key::Key;

/// Parts of a query that are CloudFront's own.
const RESERVED: [&str; 5] = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/// What a policy says besides when it ends; anything in it makes it a custom one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyTerms {
    /// When it begins.
    pub not_before: Option<Instant>,
    /// Who may come: an IPv4 address or a range, e.g. `192.0.2.0/24`.
    pub ip_address: Option<String>,
    /// Which URLs it is for, `*` and `?` for any characters; the signed one where it is `None`.
    pub resource: Option<String>,
}

impl PolicyTerms {
    /// The first flag in it, for messages.
    pub(super) fn first(&self) -> Option<&'static str> {
        let not_before = self.not_before.map(|_| "`--not-before`");
        let ip_address = self.ip_address.as_ref().map(|_| "`--ip-address`");
        not_before.or(ip_address).or(self.resource.as_ref().map(|_| "`--policy-resource`"))
    }
}

/// Signs for one key pair.
pub(super) struct CloudFront {
    key_id: String,
    key: Key,
    hash: CloudFrontHash,
}

/// A policy, and its form in a query or in cookies.
struct Policy {
    text: String,
    ends: Option<Instant>,
}

impl CloudFront {
    /// Takes the key pair in; `subject` is how messages name the place of the key.
    pub(super) fn new(
        key_id: &str,
        pem: &str,
        subject: &'static str,
        hash: CloudFrontHash,
    ) -> Result<Self, UrlError> {
        Ok(Self { key_id: key_id.to_owned(), key: Key::parse(pem, subject)?, hash })
    }

    /// The URL with policy and signature behind it.
    pub(super) fn url(&self, url: &str, terms: &PolicyTerms, ends: Instant) -> Result<String, UrlError> {
        let pairs = self.pairs(&policy(url, terms, ends)?);
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if url.contains('?') { '&' } else { '?' };
        Ok(format!("{url}{mark}{}", query.join("&")))
    }

    /// What a `Cookie` header holds for the same policy.
    pub(super) fn cookies(&self, url: &str, terms: &PolicyTerms, ends: Instant) -> Result<String, UrlError> {
        let pairs = self.pairs(&policy(url, terms, ends)?);
        let cookies: Vec<String> =
            pairs.iter().map(|(name, value)| format!("CloudFront-{name}={value}")).collect();
        Ok(cookies.join("; "))
    }

    fn pairs(&self, policy: &Policy) -> Vec<(&'static str, String)> {
        let first = match policy.ends {
            Some(ends) => ("Expires", ends.seconds().to_string()),
            None => ("Policy", base64(policy.text.as_bytes())),
        };
        let signature = base64(&self.key.sign(&policy.text, self.hash));
        let mut pairs = vec![first, ("Signature", signature), ("Key-Pair-Id", self.key_id.clone())];
        if self.hash == CloudFrontHash::Sha256 {
            pairs.push(("Hash-Algorithm", "SHA256".to_owned()));
        }
        pairs
    }
}

/// Refuses what CloudFront would take for its own.
pub(super) fn check_parameters(parameters: &[(String, String)]) -> Result<(), UrlError> {
    match parameters.iter().find(|(name, _)| RESERVED.contains(&name.as_str())) {
        Some((name, _)) => Err(UrlError::ReservedParameter { name: name.clone() }),
        None => Ok(()),
    }
}

/// The policy for a URL, without blanks and in botocore's order.
fn policy(url: &str, terms: &PolicyTerms, ends: Instant) -> Result<Policy, UrlError> {
    let text = |value: &str| Value::from(value).to_string();
    let moment = |instant: Instant| json!({ "AWS:EpochTime": instant.seconds() }).to_string();
    let resource = text(terms.resource.as_deref().unwrap_or(url));
    let mut condition = format!(r#""DateLessThan":{}"#, moment(ends));
    if let Some(address) = &terms.ip_address {
        let range = text(&range(address)?);
        condition.push_str(&format!(r#","IpAddress":{{"AWS:SourceIp":{range}}}"#));
    }
    if let Some(begins) = terms.not_before {
        condition.push_str(&format!(r#","DateGreaterThan":{}"#, moment(begins)));
    }
    Ok(Policy {
        text: format!(r#"{{"Statement":[{{"Resource":{resource},"Condition":{{{condition}}}}}]}}"#),
        ends: (*terms == PolicyTerms::default()).then_some(ends),
    })
}

/// An address alone is a range of one.
fn range(address: &str) -> Result<String, UrlError> {
    let (base, bits) = address.split_once('/').unwrap_or((address, "32"));
    match (base.parse::<Ipv4Addr>(), bits.parse::<u8>()) {
        (Ok(base), Ok(bits @ 0..=32)) => Ok(format!("{base}/{bits}")),
        _ => Err(UrlError::IpAddress { found: address.to_owned() }),
    }
}

/// Base64 with characters that a query can hold.
fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}
