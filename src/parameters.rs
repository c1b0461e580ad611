//! Object parameters: what is said about an object besides its body, by boto3's names of the arguments of
//! an upload (`CacheControl`, `Metadata`, `StorageClass`, …). A leaf: settings parse into it, the store sends it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{Diagnose, Exit};

/// One argument of `PutObject` as boto3's uploads name it, `Metadata` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are S3's own and stand in its API reference")]
pub enum Parameter {
    Acl,
    BucketKeyEnabled,
    CacheControl,
    ContentDisposition,
    ContentEncoding,
    ContentLanguage,
    ContentType,
    ExpectedBucketOwner,
    Expires,
    GrantFullControl,
    GrantRead,
    GrantReadAcp,
    GrantWriteAcp,
    ObjectLockLegalHoldStatus,
    ObjectLockMode,
    ObjectLockRetainUntilDate,
    RequestPayer,
    ServerSideEncryption,
    SseCustomerAlgorithm,
    SseCustomerKey,
    SseCustomerKeyMd5,
    SseKmsEncryptionContext,
    SseKmsKeyId,
    StorageClass,
    Tagging,
    WebsiteRedirectLocation,
}

/// The parameters of one object, or those that a setting or a rule gives. Sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectParameters {
    values: BTreeMap<Parameter, String>,
    metadata: BTreeMap<String, String>,
}

impl ObjectParameters {
    /// The value of a parameter: header text, `Expires` as an HTTP date.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> Option<&str> {
        self.values.get(&parameter).map(String::as_str)
    }

    /// Sets a parameter to text that is valid for it already.
    pub fn set(&mut self, parameter: Parameter, value: impl Into<String>) {
        self.values.insert(parameter, value.into());
    }

    /// User metadata by name, without the `x-amz-meta-` prefix.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Adds one entry of user metadata.
    pub fn set_metadata(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.metadata.insert(name.into(), value.into());
    }

    /// All parameters that are set, sorted, `Metadata` apart.
    pub fn iter(&self) -> impl Iterator<Item = (Parameter, &str)> {
        self.values.iter().map(|(parameter, value)| (*parameter, value.as_str()))
    }

    /// Lays other parameters over these, field by field; `Metadata` is one field, as in boto3.
    pub fn overlay(&mut self, over: &Self) {
        self.values.extend(over.values.iter().map(|(parameter, value)| (*parameter, value.clone())));
        if !over.metadata.is_empty() {
            self.metadata.clone_from(&over.metadata);
        }
    }
}

/// Why a dictionary holds no object parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// No parameter has this name.
    #[error("`{name}` is no object parameter")]
    Unknown {
        /// As it was written.
        name: String,
        /// The parameter that is spelled most like it.
        nearest: Option<&'static str>,
    },
    /// The value is of another type than the parameter.
    #[error("`{name}` must be text")]
    NotText {
        /// The parameter.
        name: String,
    },
}

impl Diagnose for ParameterError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { nearest, .. } => nearest.map(|name| format!("the nearest name is `{name}`")),
            Self::NotText { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

const NAMES: &[(&str, Parameter)] = &[
    ("ACL", Parameter::Acl),
    ("CacheControl", Parameter::CacheControl),
    ("ContentDisposition", Parameter::ContentDisposition),
    ("ContentEncoding", Parameter::ContentEncoding),
    ("ContentLanguage", Parameter::ContentLanguage),
    ("ContentType", Parameter::ContentType),
    ("Expires", Parameter::Expires),
    ("SSECustomerAlgorithm", Parameter::SseCustomerAlgorithm),
    ("SSECustomerKey", Parameter::SseCustomerKey),
    ("StorageClass", Parameter::StorageClass),
];

impl ObjectParameters {
    /// Takes a dictionary by boto3's names.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(value: &Map<String, Value>) -> Result<Self, Vec<ParameterError>> {
        let mut parameters = Self::default();
        let mut errors = Vec::new();
        for (name, value) in value {
            match (name.as_str(), value) {
                ("Metadata", Value::Object(entries)) => {
                    for (key, value) in entries {
                        parameters.set_metadata(key, value.as_str().unwrap_or_default());
                    }
                }
                _ => match (NAMES.iter().find(|row| row.0 == name), value.as_str()) {
                    (Some(row), Some(text)) => parameters.set(row.1, text),
                    (Some(_), None) => errors.push(ParameterError::NotText { name: name.clone() }),
                    (None, _) => errors.push(ParameterError::Unknown {
                        name: name.clone(),
                        nearest: NAMES
                            .iter()
                            .map(|row| row.0)
                            .filter(|known| strsim::damerau_levenshtein(known, name) <= 3)
                            .min_by_key(|known| strsim::damerau_levenshtein(known, name)),
                    }),
                },
            }
        }
        if errors.is_empty() { Ok(parameters) } else { Err(errors) }
    }
}
