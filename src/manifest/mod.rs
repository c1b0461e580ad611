//! The document `staticfiles.json`: written as Django writes it, sorted by name as Django 6.0 does, and read back.
//! Pure: bytes in, bytes out.

mod error;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::digest::ContentHash;

pub use error::ManifestError;

/// The version that is written; `1.0`, which has no hash, is read too.
const VERSION: &str = "1.1";

/// Which stored name stands for which name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    paths: BTreeMap<String, String>,
    hash: String,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    paths: BTreeMap<String, String>,
    #[serde(default)]
    hash: String,
}

impl Manifest {
    /// A manifest of these names, plain → stored.
    #[must_use]
    pub fn new(paths: BTreeMap<String, String>) -> Self {
        let mut items = "[".to_owned();
        for (name, stored_name) in &paths {
            separate(&mut items, '[');
            items.push('[');
            push_text(&mut items, name);
            items.push_str(", ");
            push_text(&mut items, stored_name);
            items.push(']');
        }
        items.push(']');
        Self { paths, hash: ContentHash::of(items.as_bytes()).to_string() }
    }

    /// Reads a manifest, ours or Django's.
    ///
    /// # Errors
    /// Any [`ManifestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let document: Value = serde_json::from_slice(bytes).map_err(ManifestError::Syntax)?;
        match document.get("version") {
            Some(Value::String(version)) if ["1.0", VERSION].contains(&version.as_str()) => {}
            Some(version) => return Err(ManifestError::Version { found: version.to_string() }),
            None => return Err(ManifestError::NoVersion),
        }
        let Document { paths, hash } = serde_json::from_value(document).map_err(ManifestError::Shape)?;
        Ok(Self { paths, hash })
    }

    /// All names, plain → stored.
    #[must_use]
    pub fn paths(&self) -> &BTreeMap<String, String> {
        &self.paths
    }

    /// The same, for who needs nothing else any more.
    #[must_use]
    pub fn into_paths(self) -> BTreeMap<String, String> {
        self.paths
    }

    /// The stored name of a plain one.
    #[must_use]
    pub fn stored_name(&self, name: &str) -> Option<&str> {
        self.paths.get(name).map(String::as_str)
    }

    /// Django's hash over all names (`manifest_hash`); empty where a document of version 1.0 was read.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The document, byte for byte as Python's `json.dumps` writes it: one line, ASCII, no newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = "{\"paths\": {".to_owned();
        for (name, stored_name) in &self.paths {
            separate(&mut json, '{');
            push_text(&mut json, name);
            json.push_str(": ");
            push_text(&mut json, stored_name);
        }
        json.push_str("}, \"version\": ");
        push_text(&mut json, VERSION);
        json.push_str(", \"hash\": ");
        push_text(&mut json, &self.hash);
        json.push('}');
        json
    }
}

/// What Python writes between two items.
fn separate(json: &mut String, opening: char) {
    if !json.ends_with(opening) {
        json.push_str(", ");
    }
}

/// A string as Python's `json` writes it, with nothing but ASCII in it.
fn push_text(json: &mut String, text: &str) {
    json.push('"');
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let rest = text.bytes().position(|byte| !plain(byte)).unwrap_or(text.len());
    json.push_str(&text[..rest]);
    for character in text[rest..].chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    json.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn manifest(paths: &[(&str, &str)]) -> Manifest {
        Manifest::new(paths.iter().map(|(name, stored)| ((*name).to_owned(), (*stored).to_owned())).collect())
    }

    /// Made with Django 5.2: `ManifestStaticFilesStorage.save_manifest` with these `hashed_files`.
    #[test]
    fn the_document_is_django_s() {
        assert_eq!(
            manifest(&[("b/é\u{1f600}.css", "b/é\u{1f600}.1.css"), ("a\"\\\u{7f}\u{1}\t.js", "x")]).to_json(),
            r#"{"paths": {"a\"\\\u007f\u0001\t.js": "x", "b/\u00e9\ud83d\ude00.css": "b/\u00e9\ud83d\ude00.1.css"}, "version": "1.1", "hash": "1ce9de29ae7b"}"#
        );
        assert_eq!(manifest(&[]).to_json(), r#"{"paths": {}, "version": "1.1", "hash": "d75171398898"}"#);
    }

    #[test]
    fn documents_of_both_versions_are_read() {
        let read = Manifest::parse(br#"{"paths": {"a": "b"}, "version": "1.0"}"#).expect("a manifest");
        assert_eq!((read.stored_name("a"), read.stored_name("b"), read.hash()), (Some("b"), None, ""));
        let read = Manifest::parse(br#"{"version": "1.1", "hash": "h", "more": 1}"#).expect("a manifest");
        assert_eq!((read.paths().len(), read.hash()), (0, "h"));
    }

    #[test]
    fn what_is_no_manifest_is_told() {
        let error = |text: &str| Manifest::parse(text.as_bytes()).map_err(|error| error.to_string()).err();
        for (text, message) in [
            ("", "it is no JSON"),
            ("\u{feff}{}", "it is no JSON"),
            ("{\"version\": \"1.1\"", "it is no JSON"),
            ("[]", "it has no `version`"),
            ("{}", "it has no `version`"),
            ("{\"version\": \"2.0\"}", "its version is `\"2.0\"`, which is not known"),
            ("{\"version\": 1.1}", "its version is `1.1`, which is not known"),
            ("{\"version\": \"1.1\", \"paths\": {\"a\": 1}}", "its `paths` are no map of names"),
            ("{\"version\": \"1.1\", \"paths\": []}", "its `paths` are no map of names"),
        ] {
            assert_eq!(error(text).as_deref(), Some(message), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(paths in proptest::collection::btree_map(".*", ".*", 0..8)) {
            let manifest = Manifest::new(paths);
            prop_assert!(manifest.to_json().is_ascii());
            prop_assert_eq!(Manifest::parse(manifest.to_json().as_bytes()).expect("a manifest"), manifest);
        }
    }
}
