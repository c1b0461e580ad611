//! The names of things as types: what an asset is called, what an object is called, and the location between.
//! A leaf: every other room may use it, it uses none.

use std::borrow::Borrow;
use std::fmt;
use std::path::{Component, Path};

use serde::Serialize;

use crate::error::{Diagnose, Exit};
use crate::python::path;

mod app;
mod stored;

pub use app::AppName;
pub use stored::StoredName;

/// The longest key that S3 takes, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;

/// Why something is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The path is not UTF-8; holds it with replacement characters.
    #[error("the name of `{0}` is not UTF-8")]
    NotUtf8(String),
    /// Empty, absolute, or with a `.` or `..` in it.
    #[error("`{0}` is no name of an asset")]
    NotRelative(String),
    /// The key would be over [`MAX_KEY_BYTES`].
    #[error("the key `{key}` is {length} bytes long, and S3 takes at most 1,024")]
    KeyTooLong {
        /// The key, whole.
        key: String,
        /// Its length in bytes.
        length: usize,
    },
    /// A location that starts with a slash; the text is django-storages' own.
    #[error("`location` cannot begin with a leading slash: found `{found}`, use `{instead}` instead")]
    LeadingSlash {
        /// The location as given.
        found: String,
        /// The same without leading slashes.
        instead: String,
    },
    /// A name that leads out of its location, which django-storages denies.
    #[error("`{name}` leads out of the location `{location}`")]
    OutsideLocation {
        /// The name as given.
        name: String,
        /// The location.
        location: String,
    },
    /// What cannot be one part of the keys of records.
    #[error("`app` must be 1 to 64 letters, digits, `.`, `_` or `-`, and begin with no dot: found `{0}`")]
    NoApp(String),
    /// A location with `.`, `..` or an empty part, under which django-storages denies every name.
    #[error("`location` must be a plain prefix: `{found}` holds `{part}`")]
    LocationNotNormal {
        /// The location as given.
        found: String,
        /// The part that is to blame.
        part: String,
    },
}

impl Diagnose for NameError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotUtf8(_) => Some("rename the file; S3 keys are UTF-8".to_owned()),
            Self::NotRelative(_) | Self::NoApp(_) => None,
            Self::OutsideLocation { .. } => {
                Some("names are relative to `location`, e.g. `css/site.css`".to_owned())
            }
            Self::KeyTooLong { .. } => {
                Some("shorten the path, or leave the file out with `--ignore`".to_owned())
            }
            Self::LeadingSlash { instead, .. } => Some(format!("set `location = \"{instead}\"`")),
            Self::LocationNotNormal { found, .. } => {
                let parts: Vec<&str> =
                    found.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
                Some(format!("write `{}` if that is meant", parts.join("/")))
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::LeadingSlash { .. } | Self::LocationNotNormal { .. } | Self::NoApp(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// What an asset is called: its path below the static dir, with `/` between the parts.
///
/// Invariants: UTF-8, not empty, relative, no part is empty, `.` or `..`. Ordered by bytes, as S3 lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AssetName(String);

impl AssetName {
    /// Takes a name apart from any file system.
    ///
    /// # Errors
    /// [`NameError::NotRelative`] where an invariant does not hold.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(NameError::NotRelative(name));
        }
        Ok(Self(name))
    }

    /// The name of a file by its path relative to a static dir; a backslash in it becomes a slash.
    ///
    /// # Errors
    /// [`NameError::NotUtf8`], or [`NameError::NotRelative`] for an absolute path or one with `..`.
    pub fn from_relative(path: &Path) -> Result<Self, NameError> {
        // Nearly every path is a name as it stands.
        if let Some(path) = path.to_str()
            && !path.contains('\\')
            && let Ok(name) = Self::new(path)
        {
            return Ok(name);
        }
        let mut name = String::new();
        for component in path.components() {
            let Component::Normal(part) = component else {
                return Err(NameError::NotRelative(path.display().to_string()));
            };
            let part = part.to_str().ok_or_else(|| NameError::NotUtf8(path.display().to_string()))?;
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(part);
        }
        // As django-storages cleans names; a part that becomes `..` is refused.
        Self::new(if name.contains('\\') { name.replace('\\', "/") } else { name })
    }

    /// The same name below a prefix, as `STATICFILES_DIRS` tuples have it; an empty prefix changes nothing.
    ///
    /// # Errors
    /// [`NameError::NotRelative`] where the prefix is no relative path.
    pub fn under(self, prefix: &str) -> Result<Self, NameError> {
        let prefix = prefix.trim_end_matches('/');
        if prefix.is_empty() {
            return Ok(self);
        }
        Self::new(format!("{prefix}/{}", self.0))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last slash.
    #[must_use]
    pub fn base_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl Borrow<str> for AssetName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AssetName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The key of an object in its bucket.
///
/// Invariants: not empty, at most [`MAX_KEY_BYTES`] bytes of UTF-8. Ordered by bytes, as S3 lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Takes a key as the service gave it.
    ///
    /// # Errors
    /// [`NameError::KeyTooLong`], or [`NameError::NotRelative`] for an empty one.
    pub fn new(key: impl Into<String>) -> Result<Self, NameError> {
        let key = key.into();
        if key.is_empty() {
            return Err(NameError::NotRelative(key));
        }
        if key.len() > MAX_KEY_BYTES {
            return Err(NameError::KeyTooLong { length: key.len(), key });
        }
        Ok(Self(key))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The key prefix that everything is put under (`AWS_LOCATION`), possibly empty.
///
/// Invariants: no leading or trailing slash, no part is empty, `.` or `..`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Location(String);

impl Location {
    /// Takes a location as the settings give it; trailing slashes are dropped.
    ///
    /// # Errors
    /// [`NameError::LeadingSlash`] and [`NameError::LocationNotNormal`].
    pub fn new(location: &str) -> Result<Self, NameError> {
        if location.starts_with('/') {
            return Err(NameError::LeadingSlash {
                found: location.to_owned(),
                instead: location.trim_start_matches('/').to_owned(),
            });
        }
        let trimmed = location.trim_end_matches('/');
        let odd = trimmed.split('/').find(|part| matches!(*part, "" | "." | ".."));
        match odd {
            Some(part) if !trimmed.is_empty() => Err(NameError::LocationNotNormal {
                found: location.to_owned(),
                part: if part.is_empty() { "//".to_owned() } else { part.to_owned() },
            }),
            _ => Ok(Self(trimmed.to_owned())),
        }
    }

    /// The location without slashes at its ends; empty for the root of the bucket.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The prefix that a listing asks for: with a slash at its end, so that `static` never matches `static-old`.
    #[must_use]
    pub fn prefix(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("{}/", self.0) }
    }

    /// The key that django-storages gives a name as somebody typed it: dots, backslashes and doubled slashes are
    /// resolved, a slash at the end stays. Empty for the root of the bucket.
    ///
    /// # Errors
    /// [`NameError::OutsideLocation`], where django-storages raises `SuspiciousOperation`.
    pub fn storage_key(&self, name: &str) -> Result<String, NameError> {
        let base = self.0.as_str();
        let start = format!("{base}/");
        let clean = clean_name(name);
        let mut key = path::normpath(&path::join(&start, &clean));
        if clean.ends_with('/') || format!("{key}/") == start {
            key.push('/');
        }
        match key.strip_prefix(base) {
            Some(rest) if rest.starts_with('/') => Ok(key.trim_start_matches('/').to_owned()),
            _ => Err(NameError::OutsideLocation { name: name.to_owned(), location: base.to_owned() }),
        }
    }

    /// The key of a name under this location.
    ///
    /// # Errors
    /// [`NameError::KeyTooLong`].
    pub fn key(&self, name: &AssetName) -> Result<ObjectKey, NameError> {
        ObjectKey::new(format!("{}{name}", self.prefix()))
    }

    /// Whether a name has a key under this location, which is not made for that.
    ///
    /// # Errors
    /// [`NameError::KeyTooLong`].
    pub fn check(&self, name: &AssetName) -> Result<(), NameError> {
        let is_short = self.0.len() + "/".len() + name.as_str().len() <= MAX_KEY_BYTES;
        if is_short { Ok(()) } else { self.key(name).map(drop) }
    }
}

/// django-storages' `clean_name`: normal, then `/` for `\`, a trailing slash kept, empty for nothing.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let mut clean = path::normpath(name).replace('\\', "/");
    if name.ends_with('/') && !clean.ends_with('/') {
        clean.push('/');
    }
    if clean == "." { String::new() } else { clean }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_plain_prefixes() {
        assert_eq!(Location::new("static/").map(|it| it.prefix()), Ok("static/".to_owned()));
        assert_eq!(Location::new("").map(|it| it.prefix()), Ok(String::new()));
        assert_eq!(
            Location::new("/static").map_err(|error| error.to_string()),
            Err("`location` cannot begin with a leading slash: found `/static`, use `static` instead"
                .to_owned())
        );
        for odd in ["./static", "a//b", "static/../x", ".."] {
            assert!(matches!(Location::new(odd), Err(NameError::LocationNotNormal { .. })), "{odd}");
        }
    }

    #[test]
    fn a_key_is_the_name_under_the_location() {
        let name = AssetName::new("css/site.css").expect("a name");
        let key = |location| Location::new(location).expect("a location").key(&name).expect("a key");
        assert_eq!(key("static").as_str(), "static/css/site.css");
        assert_eq!(key("").as_str(), "css/site.css");
    }

    #[test]
    fn typed_names_stay_below_their_location() {
        let key = |location, name| Location::new(location).expect("a location").storage_key(name).ok();
        for (location, name, expected) in [
            ("static", "a/../b//c.css", Some("static/b/c.css")),
            ("static", "../static/x", Some("static/x")),
            ("static", "../x", None),
            ("static", "../statics/x", None),
            ("static", "/x", None),
            ("static", "a\\..\\b", Some("static/b")),
            ("static", "", Some("static/")),
            ("", "../x", Some("x")),
            ("", "a/", Some("a/")),
            ("", "", Some("")),
        ] {
            assert_eq!(key(location, name).as_deref(), expected, "{location} {name}");
        }
    }

    #[test]
    fn keys_end_at_1024_bytes() {
        assert!(ObjectKey::new("é".repeat(512)).is_ok());
        assert!(matches!(
            ObjectKey::new("é".repeat(512) + "x"),
            Err(NameError::KeyTooLong { length: 1025, .. })
        ));
    }

    #[test]
    fn a_backslash_is_a_slash() {
        let name = |path| AssetName::from_relative(Path::new(path)).map(|name| name.to_string());
        assert_eq!(name("css/back\\slash.txt"), Ok("css/back/slash.txt".to_owned()));
        assert!(name("a\\..\\b").is_err());
    }

    #[test]
    fn names_have_no_way_up() {
        for odd in ["", "/a", "a/", "a//b", "./a", "a/../b"] {
            assert!(AssetName::new(odd).is_err(), "{odd}");
        }
        assert_eq!(
            AssetName::new("a").and_then(|name| name.under("vendor/")).map(|name| name.to_string()),
            Ok("vendor/a".to_owned())
        );
    }
}
