//! Object parameters: what is said about an object besides its body, by boto3's names of the arguments of
//! an upload (`CacheControl`, `Metadata`, `StorageClass`, …). A leaf: settings parse into it, the store sends it.

use std::collections::BTreeMap;
use std::fmt;

pub(crate) mod date;
mod difference;
mod error;
mod parameter;
mod parse;
mod tagging;

pub use difference::Field;
pub use error::ParameterError;
pub use parameter::Parameter;

static NO_METADATA: BTreeMap<String, String> = BTreeMap::new();

/// The parameters of one object, or those that a setting or a rule gives. Sorted by name. `Debug` masks secrets.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ObjectParameters {
    values: BTreeMap<Parameter, String>,
    // `None` where nothing is said, which lets what lies beneath through; an empty map takes it away.
    metadata: Option<BTreeMap<String, String>>,
}

impl ObjectParameters {
    /// The value of a parameter: header text, `Expires` as an HTTP date, `SSECustomerKey` in base64.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> Option<&str> {
        self.values.get(&parameter).map(String::as_str)
    }

    /// Sets a parameter to text that is valid for it already.
    pub fn set(&mut self, parameter: Parameter, value: impl Into<String>) {
        self.values.insert(parameter, value.into());
    }

    /// Takes a parameter away.
    pub fn unset(&mut self, parameter: Parameter) {
        self.values.remove(&parameter);
    }

    /// User metadata by name, without the `x-amz-meta-` prefix.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        self.metadata.as_ref().unwrap_or(&NO_METADATA)
    }

    /// Whether anything is said about user metadata, be it that there is none.
    #[must_use]
    pub fn has_metadata(&self) -> bool {
        self.metadata.is_some()
    }

    /// Adds one entry of user metadata.
    pub fn set_metadata(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.metadata.get_or_insert_default().insert(name.into(), value.into());
    }

    /// All parameters that are set, sorted, `Metadata` apart.
    pub fn iter(&self) -> impl Iterator<Item = (Parameter, &str)> {
        self.values.iter().map(|(parameter, value)| (*parameter, value.as_str()))
    }

    /// Lays other parameters over these, field by field; `Metadata` is one field, as in boto3.
    pub fn overlay(&mut self, over: &Self) {
        self.values.extend(over.values.iter().map(|(parameter, value)| (*parameter, value.clone())));
        if over.metadata.is_some() {
            self.metadata.clone_from(&over.metadata);
        }
    }
}

impl fmt::Debug for ObjectParameters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = formatter.debug_map();
        for (parameter, value) in self.iter() {
            map.entry(&parameter, if parameter.is_secret() { &"********" } else { &value });
        }
        if let Some(metadata) = &self.metadata {
            map.entry(&"Metadata", metadata);
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_show() {
        let mut parameters = ObjectParameters::default();
        parameters.set(Parameter::SseCustomerKey, "hush");
        parameters.set(Parameter::SseKmsEncryptionContext, "hush");
        parameters.set(Parameter::SseCustomerAlgorithm, "AES256");
        parameters.set_metadata("team", "web");
        assert_eq!(
            format!("{parameters:?}"),
            r#"{SseCustomerAlgorithm: "AES256", SseCustomerKey: "********", SseKmsEncryptionContext: "********", "Metadata": {"team": "web"}}"#
        );
    }

    #[test]
    fn metadata_is_one_field_when_laid_over() {
        let mut beneath = ObjectParameters::default();
        beneath.set_metadata("a", "1");
        beneath.set(Parameter::CacheControl, "no-cache");
        let mut over = ObjectParameters::default();
        over.set(Parameter::CacheControl, "no-store");
        let mut result = beneath.clone();
        result.overlay(&over);
        assert_eq!(result.metadata().get("a").map(String::as_str), Some("1"));
        assert_eq!(result.get(Parameter::CacheControl), Some("no-store"));
        over.set_metadata("b", "2");
        beneath.overlay(&over);
        assert_eq!(beneath.metadata().keys().collect::<Vec<_>>(), ["b"]);
    }
}
