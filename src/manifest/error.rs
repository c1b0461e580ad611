//! What is wrong with a document that should be a manifest.

use crate::error::Diagnose;

/// Why bytes are no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON at all, or cut off.
    #[error("it is no JSON")]
    Syntax(#[source] serde_json::Error),
    /// JSON of something else.
    #[error("it has no `version`")]
    NoVersion,
    /// A version that neither Django 5.2 nor this knows.
    #[error("its version is `{found}`, which is not known")]
    Version {
        /// As it stands in the document.
        found: String,
    },
    /// The right version, and something else than names in it.
    #[error("its `paths` are no map of names")]
    Shape(#[source] serde_json::Error),
}

impl Diagnose for ManifestError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Version { .. } => "versions 1.0 and 1.1 can be read, which Django 1.7 to 6.1 write",
            Self::Syntax(_) | Self::NoVersion | Self::Shape(_) => {
                "it was not written by Django or s3collect, or is cut off; write it anew"
            }
        };
        Some(hint.to_owned())
    }
}
