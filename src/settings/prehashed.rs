//! `prehashed`: globs, and paths of bundlers' manifests, told apart by how they look. Pure.

use std::path::PathBuf;

use super::NamePattern;
use super::error::SettingsError;
use super::layer::RawValue;

/// Names that carry a hash already.
#[derive(Debug, Clone)]
pub struct Prehashed {
    /// Which.
    pub names: PrehashedNames,
    /// The setting and its place, as a message about it begins.
    pub subject: String,
}

/// How names that carry a hash already are told.
#[derive(Debug, Clone)]
pub enum PrehashedNames {
    /// Those that a glob matches.
    Glob {
        /// As it was written.
        text: String,
        /// The same, compiled.
        pattern: NamePattern,
    },
    /// Those that the manifest of a bundler names.
    Manifest(PathBuf),
}

/// Whether an item is the path of a manifest: it ends in `.json` and has nothing in it that globs are made of.
pub(super) fn is_path(item: &str) -> bool {
    item.ends_with(".json") && !item.contains(['*', '?', '[', '{', '\\'])
}

/// The items of `prehashed`, in their order; those that are wrong are left out and told.
pub(super) fn prehashed(raw: &RawValue, errors: &mut Vec<SettingsError>) -> Vec<Prehashed> {
    let mut items = Vec::new();
    let texts = raw.value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap_or_default());
    for (index, text) in texts.enumerate() {
        let line = raw.lines.get(&format!("/{index}")).copied();
        let subject = raw.origin.at_line(line).subject("prehashed");
        if is_path(text) {
            items.push(Prehashed { names: PrehashedNames::Manifest(text.into()), subject });
            continue;
        }
        let text = text.to_owned();
        match NamePattern::new(&text) {
            Ok(pattern) => items.push(Prehashed { names: PrehashedNames::Glob { text, pattern }, subject }),
            Err(error) => {
                errors.push(SettingsError::Glob { subject, glob: text, problem: error.kind().to_string() });
            }
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn a_path_ends_in_json_and_is_no_glob() {
        for (item, expected) in [
            ("dist/.vite/manifest.json", true),
            ("manifest.json", true),
            ("/srv/webpack-stats.json", true),
            ("assets/*.json", false),
            ("**/data.3f2a9c41.json", false),
            ("data.3f2a9c41.jso[n]", false),
            ("assets/*", false),
            ("app.3f2a9c41.js", false),
        ] {
            assert_eq!(is_path(item), expected, "{item}");
        }
    }
}
