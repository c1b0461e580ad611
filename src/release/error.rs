//! What is wrong with a document that should be a record or a pointer.

use std::io;

use crate::error::Diagnose;

/// Why bytes are no record, or no pointer.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A record that cannot be decompressed.
    #[error("it cannot be decompressed")]
    Gzip(#[source] io::Error),
    /// Not JSON, or JSON of something else.
    #[error("it is no document of ours")]
    Shape(#[source] serde_json::Error),
    /// A format that a later version writes.
    #[error("its format is version {found}, and this is version {known}")]
    Version {
        /// As it stands in the document.
        found: u64,
        /// The version that is written here.
        known: u64,
    },
    /// The right form with something impossible in it; holds what.
    #[error("it holds {0}")]
    Content(String),
}

impl Diagnose for ReleaseError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Version { .. } => {
                Some("use the version of s3collect that wrote it, or a later one".to_owned())
            }
            Self::Gzip(_) | Self::Shape(_) | Self::Content(_) => {
                Some("the next push writes a new one".to_owned())
            }
        }
    }
}
