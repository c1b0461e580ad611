//! Whose releases they are, where several apps share a location.

use std::fmt;

use serde::Serialize;

use super::NameError;

/// The most characters of a name.
const LONGEST: usize = 64;

/// The name of an app, which is one part of the keys of its records.
///
/// Invariants: 1 to 64 letters, digits, `.`, `_` and `-`, of which the first is no dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AppName(String);

impl AppName {
    /// Takes a name as the settings or a key give it.
    ///
    /// # Errors
    /// [`NameError::NoApp`].
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if name.is_empty() || name.len() > LONGEST || name.starts_with('.') || !name.bytes().all(plain) {
            return Err(NameError::NoApp(name));
        }
        Ok(Self(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AppName {
    /// `default`, as where nobody names one.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_key() {
        for name in ["default", "shop-2", "a.b_C", &"x".repeat(64)] {
            assert_eq!(AppName::new(name).expect("a name").as_str(), name);
        }
        for odd in ["", ".", "..", ".hidden", "a/b", "a b", "é", "a\n", &"x".repeat(65)] {
            assert_eq!(AppName::new(odd), Err(NameError::NoApp(odd.to_owned())));
        }
    }
}
