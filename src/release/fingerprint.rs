//! What is remembered of an object's headers: enough to tell which of them changed, and no value of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::object::Compression;
use crate::parameters::{ObjectParameters, Parameter};

/// How many bytes of the hash are kept.
const LENGTH: usize = 6;
/// What compression is called among the fields.
const COMPRESSION: &str = "gzip";
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
            let document = serde_json::to_string(parameters.metadata()).unwrap_or_default();
            fields.insert("Metadata".to_owned(), hashed(&document));
        }
        if let Compression::Gzip { level, if_smaller } = compression {
            fields.insert(COMPRESSION.to_owned(), hashed(&format!("{level} {if_smaller}")));
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

fn hashed(value: &str) -> String {
    hex(&Sha256::digest(value)[..LENGTH])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::NoCompression;

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
        let gzip = |level| of(Compression::Gzip { level, if_smaller: false });
        let plain = of(Compression::None(NoCompression::Off));
        assert_eq!(plain, of(Compression::None(NoCompression::ContentType)), "why not does not matter");
        for (one, other) in [(gzip(9), gzip(6)), (gzip(9), plain)] {
            assert_eq!(one.difference(&other), ["gzip"]);
            assert_eq!(HeaderFingerprint::compression_apart(&one.difference(&other)), (true, vec![]));
        }
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
