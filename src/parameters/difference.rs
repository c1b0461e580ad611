//! Whether an object has the headers that it should have, by what a HEAD shows of it.

use std::collections::BTreeMap;
use std::fmt;

use crate::parameters::{ObjectParameters, Parameter, date};

/// Headers that are compared whether or not we ask for them: what is there and not asked for is a difference.
const ALWAYS: [Parameter; 8] = [
    Parameter::CacheControl,
    Parameter::ContentDisposition,
    Parameter::ContentEncoding,
    Parameter::ContentLanguage,
    Parameter::ContentType,
    Parameter::Expires,
    Parameter::StorageClass,
    Parameter::WebsiteRedirectLocation,
];
/// Headers that a bucket sets by itself, so that they are compared only where we ask for them.
const WHERE_ASKED: [Parameter; 2] = [Parameter::ServerSideEncryption, Parameter::SseKmsKeyId];

/// Something that is said about an object: a parameter, or its user metadata as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// One parameter.
    Parameter(Parameter),
    /// `Metadata`.
    Metadata,
}

impl Field {
    /// boto3's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parameter(parameter) => parameter.name(),
            Self::Metadata => "Metadata",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Parameter {
    /// Whether a HEAD shows it, so that it is compared.
    #[must_use]
    pub fn is_compared(self) -> bool {
        ALWAYS.contains(&self) || WHERE_ASKED.contains(&self)
    }

    /// What may have been asked for where a HEAD shows this, but for what settings spell in a way of their own.
    pub(crate) fn spellings(self, shown: Option<&str>) -> Vec<String> {
        let shown = shown.unwrap_or_default().trim();
        match self {
            Self::ContentEncoding => {
                let tokens: Vec<&str> = encodings(shown).collect();
                vec![tokens.join(", "), tokens.join(",")]
            }
            Self::StorageClass => vec![storage_class(shown).to_owned()],
            // `abc` of `arn:aws:kms:eu-west-1:1:key/abc`.
            Self::SseKmsKeyId => {
                let id = shown.rsplit('/').next().unwrap_or_default();
                vec![shown.to_owned(), id.to_owned()]
            }
            _ => vec![shown.to_owned()],
        }
    }
}

impl ObjectParameters {
    /// In which fields a stored object, as a HEAD shows it, differs from these parameters; sorted by name. What a
    /// HEAD does not show (ACL, tags) is not compared.
    #[must_use]
    pub fn difference(&self, stored: &Self) -> Vec<Field> {
        let asked = WHERE_ASKED.iter().filter(|parameter| self.get(**parameter).is_some());
        let mut fields: Vec<Field> = ALWAYS
            .iter()
            .chain(asked)
            .filter(|parameter| !same(**parameter, self.get(**parameter), stored.get(**parameter)))
            .map(|parameter| Field::Parameter(*parameter))
            .collect();
        if comparable(self.metadata()) != comparable(stored.metadata()) {
            fields.push(Field::Metadata);
        }
        fields.sort_by_key(|field| field.name());
        fields
    }
}

/// An empty header is as good as none: servers drop it.
fn same(parameter: Parameter, wanted: Option<&str>, stored: Option<&str>) -> bool {
    let wanted = wanted.unwrap_or_default().trim();
    let stored = stored.unwrap_or_default().trim();
    match parameter {
        Parameter::ContentEncoding => encodings(wanted).eq(encodings(stored)),
        Parameter::Expires => match (date::instant(wanted), date::instant(stored)) {
            (Some(wanted), Some(stored)) => wanted == stored,
            _ => wanted == stored,
        },
        Parameter::StorageClass => storage_class(wanted) == storage_class(stored),
        Parameter::SseKmsKeyId => same_key(wanted, stored),
        _ => wanted == stored,
    }
}

/// `aws-chunked` tells how the body travelled, and some servers keep it.
fn encodings(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|token| !token.is_empty() && *token != "aws-chunked")
}

fn storage_class(text: &str) -> &str {
    if text.is_empty() { "STANDARD" } else { text }
}

/// S3 shows the ARN of the key. An alias cannot be compared with it, so it is taken to be the same.
fn same_key(wanted: &str, stored: &str) -> bool {
    let is_alias = wanted.starts_with("alias/") || wanted.contains(":alias/");
    !stored.is_empty() && (is_alias || wanted == stored || stored.ends_with(&format!("/{wanted}")))
}

fn comparable(metadata: &BTreeMap<String, String>) -> BTreeMap<String, &str> {
    metadata.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(fields: &[(Parameter, &str)]) -> ObjectParameters {
        let mut parameters = ObjectParameters::default();
        for (parameter, value) in fields {
            parameters.set(*parameter, *value);
        }
        parameters
    }

    fn names(wanted: &[(Parameter, &str)], stored: &[(Parameter, &str)]) -> Vec<&'static str> {
        parameters(wanted).difference(&parameters(stored)).into_iter().map(Field::name).collect()
    }

    #[test]
    fn every_header_that_a_head_shows_counts_both_ways() {
        for parameter in ALWAYS {
            assert_eq!(names(&[(parameter, "x")], &[]), [parameter.name()]);
            assert_eq!(names(&[], &[(parameter, "x")]), [parameter.name()]);
            assert_eq!(names(&[(parameter, "x")], &[(parameter, "x ")]), [""; 0]);
            assert_eq!(names(&[(parameter, "")], &[]), [""; 0]);
        }
    }

    #[test]
    fn what_a_head_does_not_show_does_not_count() {
        let hidden = [(Parameter::Acl, "private"), (Parameter::Tagging, "a=b")];
        assert_eq!(names(&hidden, &[]), [""; 0]);
    }

    #[test]
    fn encryption_counts_where_it_is_asked_for() {
        let key = "arn:aws:kms:eu-west-1:1:key/abc";
        let kms = [(Parameter::ServerSideEncryption, "aws:kms"), (Parameter::SseKmsKeyId, key)];
        assert_eq!(names(&[], &kms), [""; 0]);
        assert_eq!(names(&kms, &[]), ["SSEKMSKeyId", "ServerSideEncryption"]);
        for wanted in [key, "abc", "alias/site", "arn:aws:kms:eu-west-1:1:alias/site"] {
            assert_eq!(names(&[(Parameter::SseKmsKeyId, wanted)], &kms), [""; 0], "{wanted}");
        }
        assert_eq!(names(&[(Parameter::SseKmsKeyId, "bc")], &kms), ["SSEKMSKeyId"]);
    }

    #[test]
    fn the_same_thing_said_otherwise_is_no_difference() {
        let same = [
            (Parameter::ContentEncoding, "gzip", "gzip,aws-chunked"),
            (Parameter::ContentEncoding, "", "aws-chunked"),
            (Parameter::Expires, "Thu, 31 Jan 2030 00:00:00 GMT", "2030-01-31T00:00:00Z"),
            (Parameter::StorageClass, "STANDARD", ""),
        ];
        for (parameter, wanted, stored) in same {
            assert_eq!(names(&[(parameter, wanted)], &[(parameter, stored)]), [""; 0], "{parameter}");
        }
        let other = [(Parameter::ContentEncoding, "br"), (Parameter::StorageClass, "STANDARD_IA")];
        assert_eq!(
            names(&other, &[(Parameter::ContentEncoding, "gzip")]),
            ["ContentEncoding", "StorageClass"]
        );
    }

    #[test]
    fn metadata_is_compared_whatever_the_case_of_its_names() {
        let mut wanted = ObjectParameters::default();
        wanted.set_metadata("Team", "web");
        let mut stored = ObjectParameters::default();
        stored.set_metadata("team", "web");
        assert_eq!(wanted.difference(&stored), []);
        stored.set_metadata("more", "1");
        assert_eq!(wanted.difference(&stored), [Field::Metadata]);
    }
}
