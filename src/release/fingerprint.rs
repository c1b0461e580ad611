//! What is remembered of an object's headers: enough to tell which of them changed, and no value of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::object::{Compression, NoCompression};
use crate::parameters::{ObjectParameters, Parameter};
use crate::settings::GzipEngine;

/// How many bytes of the hash are kept.
const LENGTH: usize = 6;
/// What compression is called among the fields.
const COMPRESSION: &str = "gzip";
/// What user metadata is called among the fields.
const METADATA: &str = "Metadata";
/// Stands before the hash of what was never seen in the bucket.
const UNSEEN: char = '?';

/// boto3's name of each parameter that an object was stored with → a hash of its value; and how it was compressed.
/// Secrets are left out, and so is what is said about requests rather than objects.
///
/// Shared, not copied: most objects of a release have the same, and nobody's record may multiply it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct HeaderFingerprint(Arc<BTreeMap<String, String>>);

impl From<BTreeMap<String, String>> for HeaderFingerprint {
    fn from(fields: BTreeMap<String, String>) -> Self {
        Self(Arc::new(fields))
    }
}

impl From<HeaderFingerprint> for BTreeMap<String, String> {
    fn from(fingerprint: HeaderFingerprint) -> Self {
        Arc::unwrap_or_clone(fingerprint.0)
    }
}

impl HeaderFingerprint {
    /// Of an object that is stored so.
    #[must_use]
    pub fn of(parameters: &ObjectParameters, compression: &Compression) -> Self {
        let kept = |parameter: Parameter| {
            !parameter.is_secret()
                && !matches!(parameter, Parameter::ExpectedBucketOwner | Parameter::RequestPayer)
        };
        let mut fields: BTreeMap<String, String> = parameters
            .iter()
            .filter(|(parameter, _)| kept(*parameter))
            .map(|(parameter, value)| (parameter.name().to_owned(), hashed(value)))
            .collect();
        if !parameters.metadata().is_empty() {
            fields.insert(METADATA.to_owned(), hashed(&document(parameters.metadata())));
        }
        if let Compression::Gzip { level, engine, if_smaller } = compression {
            // As it was before there was a choice.
            let engine = match engine {
                GzipEngine::Zlib => "",
                GzipEngine::Libdeflate => " libdeflate",
            };
            fields.insert(COMPRESSION.to_owned(), hashed(&format!("{level} {if_smaller}{engine}")));
        }
        fields.into()
    }

    /// The same of an object that somebody else stored and a HEAD showed: what a HEAD does not show is marked.
    #[must_use]
    pub fn adopted(parameters: &ObjectParameters, compression: &Compression) -> Self {
        let mut fields = BTreeMap::from(Self::of(parameters, compression));
        for parameter in Parameter::all().filter(|parameter| !parameter.is_compared()) {
            if let Some(value) = fields.get_mut(parameter.name()) {
                value.insert(0, UNSEEN);
            }
        }
        fields.into()
    }

    /// The names of the fields in which an object, as a HEAD shows it, differs from what was recorded, sorted. Values are
    /// told from hashes by trying those that are `known`, as from settings, and those that the HEAD shows. What a HEAD does
    /// not show is not compared.
    #[must_use]
    pub fn changed(
        &self,
        shown: &ObjectParameters,
        compressed: bool,
        known: &[&ObjectParameters],
    ) -> Vec<String> {
        let mut wanted = ObjectParameters::default();
        let mut changed = BTreeSet::new();
        for (name, hash) in self.0.iter() {
            let hash = hash.trim_start_matches(UNSEEN);
            if let Some(parameter) = Parameter::from_name(name).filter(|parameter| parameter.is_compared()) {
                let known = known.iter().filter_map(|known| known.get(parameter).map(str::to_owned));
                let mut values = known.chain(parameter.spellings(shown.get(parameter)));
                if let Some(value) = values.find(|value| hashed(value) == hash) {
                    wanted.set(parameter, value);
                } else if parameter != Parameter::SseKmsKeyId || shown.get(parameter).is_none() {
                    // A key may have been recorded by an alias, and S3 shows its ARN.
                    changed.insert(name.clone());
                }
            } else if name == METADATA {
                let mut candidates = known.iter().chain([&shown]).map(|candidate| candidate.metadata());
                match candidates.find(|metadata| hashed(&document(metadata)) == hash) {
                    Some(found) => found.iter().for_each(|(name, value)| wanted.set_metadata(name, value)),
                    None => _ = changed.insert(name.clone()),
                }
            }
        }
        if compressed {
            wanted.set(Parameter::ContentEncoding, "gzip");
        }
        changed.extend(wanted.difference(shown).into_iter().map(|field| field.name().to_owned()));
        changed.into_iter().collect()
    }

    /// The parameters with this fingerprint, each value taken from the first of the candidates that has it; and the names
    /// of those that none has. Secrets and what is said about requests are not among them, nor is compression.
    #[must_use]
    pub fn found_in(&self, candidates: &[&ObjectParameters]) -> (ObjectParameters, Vec<String>) {
        let mut found = ObjectParameters::default();
        let mut unknown = Vec::new();
        for (name, hash) in self.0.iter().filter(|(name, _)| *name != COMPRESSION) {
            let hash = hash.trim_start_matches(UNSEEN);
            if let Some(parameter) = Parameter::from_name(name) {
                let shown = candidates.iter().filter_map(|candidate| candidate.get(parameter));
                let spelled = candidates.iter().flat_map(|candidate| match parameter.is_compared() {
                    true => parameter.spellings(candidate.get(parameter)),
                    false => Vec::new(),
                });
                let mut values = shown.map(str::to_owned).chain(spelled);
                match values.find(|value| hashed(value) == hash) {
                    Some(value) => found.set(parameter, value),
                    None => unknown.push(name.clone()),
                }
            } else {
                let mut all = candidates.iter().map(|candidate| candidate.metadata());
                match all.find(|metadata| hashed(&document(metadata)) == hash) {
                    Some(metadata) => {
                        metadata.iter().for_each(|(name, value)| found.set_metadata(name, value));
                    }
                    None => unknown.push(name.clone()),
                }
            }
        }
        (found, unknown)
    }

    /// The fingerprint of an object that is stored with these parameters, its body being compressed as it was.
    #[must_use]
    pub fn with(&self, parameters: &ObjectParameters) -> Self {
        let mut fields = BTreeMap::from(Self::of(parameters, &Compression::None(NoCompression::Off)));
        fields.extend(self.0.get_key_value(COMPRESSION).map(|(name, hash)| (name.clone(), hash.clone())));
        fields.into()
    }

    /// Whether one of the fields that differ is compression, so that bodies may differ, too; and the others.
    #[must_use]
    pub fn compression_apart(different: &[String]) -> (bool, Vec<String>) {
        let (compression, headers): (Vec<String>, _) =
            different.iter().cloned().partition(|name| name == COMPRESSION);
        (!compression.is_empty(), headers)
    }

    /// The names of the fields in which they differ, sorted.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let names = self.0.keys().chain(other.0.keys().filter(|name| !self.0.contains_key(*name)));
        let value = |fields: &BTreeMap<String, String>, name: &str| {
            fields.get(name).map(|value| value.trim_start_matches(UNSEEN).to_owned())
        };
        let mut different: Vec<String> =
            names.filter(|name| value(&self.0, name) != value(&other.0, name)).cloned().collect();
        different.sort();
        different
    }
}

/// Metadata as one value, in the spelling in which a HEAD shows it.
fn document(metadata: &BTreeMap<String, String>) -> String {
    let shown: BTreeMap<String, &str> =
        metadata.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    serde_json::to_string(&shown).unwrap_or_default()
}

fn hashed(value: &str) -> String {
    hex(&Sha256::digest(value)[..LENGTH])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fingerprint(value: &serde_json::Value) -> HeaderFingerprint {
        let parameters = ObjectParameters::parse(value.as_object().expect("a dictionary"));
        HeaderFingerprint::of(&parameters.expect("parameters"), &Compression::None(NoCompression::Off))
    }

    #[test]
    fn fields_that_differ_are_named_and_no_value_is_kept() {
        let one =
            fingerprint(&json!({"CacheControl": "no-cache", "ACL": "public-read", "Metadata": {"a": "1"}}));
        let other = fingerprint(
            &json!({"CacheControl": "max-age=1", "ContentLanguage": "en", "Metadata": {"a": "1"}}),
        );
        assert_eq!(one.difference(&one), [""; 0]);
        assert_eq!(one.difference(&other), ["ACL", "CacheControl", "ContentLanguage"]);
        assert_eq!(other.difference(&one), one.difference(&other));
        let text = serde_json::to_string(&one).expect("JSON");
        assert_eq!(text, r#"{"ACL":"01e288820f43","CacheControl":"85ac8fe8c526","Metadata":"9afeb0f2b203"}"#);
    }

    #[test]
    fn compression_is_a_field() {
        let of = |compression| HeaderFingerprint::of(&ObjectParameters::default(), &compression);
        let gzip = |level| of(Compression::Gzip { level, engine: GzipEngine::Zlib, if_smaller: false });
        let plain = of(Compression::None(NoCompression::Off));
        assert_eq!(plain, of(Compression::None(NoCompression::ContentType)), "why not does not matter");
        for (one, other) in [(gzip(9), gzip(6)), (gzip(9), plain)] {
            assert_eq!(one.difference(&other), ["gzip"]);
            assert_eq!(HeaderFingerprint::compression_apart(&one.difference(&other)), (true, vec![]));
        }
    }

    #[test]
    fn values_are_found_again_by_their_hashes() {
        let of = |value: serde_json::Value| {
            ObjectParameters::parse(value.as_object().expect("a dictionary")).expect("parameters")
        };
        let wanted = of(json!({"CacheControl": "no-cache", "ACL": "private", "Metadata": {"a": "1"}}));
        let recorded = HeaderFingerprint::adopted(
            &wanted,
            &Compression::Gzip { level: 9, engine: GzipEngine::Zlib, if_smaller: false },
        );
        let settings = of(json!({"CacheControl": "max-age=1", "ACL": "private", "ContentType": "text/css"}));
        let head = of(json!({"CacheControl": "no-cache", "Metadata": {"a": "1"}}));
        assert_eq!(recorded.found_in(&[&settings, &head]), (wanted.clone(), Vec::new()));
        let unknown = |candidates: &[&ObjectParameters]| recorded.found_in(candidates).1;
        assert_eq!(unknown(&[&settings]), ["CacheControl", "Metadata"]);
        assert_eq!(unknown(&[&head]), ["ACL"]);
        assert_eq!(recorded.with(&wanted).difference(&recorded), [""; 0]);
        assert_eq!(recorded.with(&head).difference(&recorded), ["ACL"]);
    }

    #[test]
    fn what_a_head_shows_is_compared_with_hashes() {
        let of = |value: serde_json::Value| {
            ObjectParameters::parse(value.as_object().expect("a dictionary")).expect("parameters")
        };
        let stored = json!({"CacheControl": "no-cache", "ACL": "private", "ContentType": "text/css",
            "Metadata": {"Team": "web"}, "StorageClass": "STANDARD", "SSEKMSKeyId": "alias/site"});
        let gzip = Compression::Gzip { level: 9, engine: GzipEngine::Zlib, if_smaller: false };
        let recorded = HeaderFingerprint::of(&of(stored.clone()), &gzip);
        let key = "arn:aws:kms:eu-west-1:1:key/abc";
        let shown =
            of(json!({"CacheControl": "no-cache", "ContentType": "text/css", "ContentEncoding": "gzip",
            "Metadata": {"team": "web"}, "SSEKMSKeyId": key}));
        let settings = of(stored);
        assert_eq!(recorded.changed(&shown, true, &[&settings]), [""; 0]);
        assert_eq!(recorded.changed(&shown, false, &[&settings]), ["ContentEncoding"]);
        assert_eq!(recorded.changed(&shown, true, &[]), [""; 0], "the case of its names is nobody's matter");
        let other =
            of(json!({"CacheControl": "no-store", "ContentLanguage": "en", "ContentType": "text/css",
            "Metadata": {"team": "ops"}}));
        assert_eq!(
            recorded.changed(&other, false, &[&settings]),
            ["CacheControl", "ContentLanguage", "Metadata", "SSEKMSKeyId"]
        );
        let nothing = ObjectParameters::default();
        let bare = fingerprint(&json!({}));
        assert_eq!(bare.changed(&nothing, false, &[&settings]), [""; 0]);
        assert_eq!(
            bare.changed(&of(json!({"Expires": "Thu, 31 Jan 2030 00:00:00 GMT"})), false, &[]),
            ["Expires"]
        );
    }

    #[test]
    fn what_was_adopted_is_marked_where_nobody_saw_it() {
        let parameters = json!({"ACL": "private", "CacheControl": "no-cache"});
        let parameters =
            ObjectParameters::parse(parameters.as_object().expect("a dictionary")).expect("parameters");
        let compression = Compression::None(NoCompression::Off);
        let adopted = HeaderFingerprint::adopted(&parameters, &compression);
        assert!(adopted.0["ACL"].starts_with('?') && !adopted.0["CacheControl"].starts_with('?'));
        assert_eq!(adopted.difference(&HeaderFingerprint::of(&parameters, &compression)), [""; 0]);
    }

    #[test]
    fn the_key_of_the_customer_leaves_the_hash_of_its_digest() {
        let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
        let with = fingerprint(&json!({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}));
        let names: Vec<&String> = with.0.keys().collect();
        assert_eq!(names, ["SSECustomerAlgorithm", "SSECustomerKeyMD5"]);
    }
}
