//! The names under which post-processed assets are stored.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

use super::{AssetName, NameError};
use crate::python::path;

/// What an asset is stored as: a name with a content hash in it (`css/site.3f2a9c41d0be.css`), or a plain one.
///
/// Invariants: those of [`AssetName`], and no backslash and no NUL. Ordered by bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StoredName(AssetName);

impl StoredName {
    /// The name of a file that Django's storage would write: normalised, with slashes for backslashes.
    ///
    /// # Errors
    /// [`NameError::NotRelative`] for what is absolute, leads out of the root or names the root itself.
    pub fn normal(name: &str) -> Result<Self, NameError> {
        // Nearly every name is normal already.
        if !name.contains(['\0', '\\'])
            && let Ok(name) = AssetName::new(name)
        {
            return Ok(Self(name));
        }
        match path::inside(name) {
            Some(normal) if !normal.is_empty() && !normal.contains('\0') => {
                let slashed = if normal.contains('\\') { normal.replace('\\', "/") } else { normal };
                AssetName::new(slashed).map(Self)
            }
            _ => Err(NameError::NotRelative(name.to_owned())),
        }
    }

    /// The plain name of an asset, as it is written and as the manifest has it.
    ///
    /// # Errors
    /// [`NameError::NotRelative`] for a name that backslashes lead out of the root.
    pub fn plain(name: &AssetName) -> Result<Self, NameError> {
        Self::normal(name.as_str())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The same as any name, for [`Location::key`](super::Location::key).
    #[must_use]
    pub fn as_name(&self) -> &AssetName {
        &self.0
    }
}

impl Borrow<str> for StoredName {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for StoredName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_names_are_normal() {
        let stored = |name| StoredName::normal(name).map(|name| name.to_string()).ok();
        assert_eq!(stored("a/../b//c.1.css"), Some("b/c.1.css".to_owned()));
        assert_eq!(stored("a\\b.css"), Some("a/b.css".to_owned()));
        for odd in ["", ".", "a/..", "../a", "/a", "a\0b", "..\\a", "a\\"] {
            assert_eq!(stored(odd), None, "{odd}");
        }
    }
}
