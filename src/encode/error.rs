//! What goes wrong while a body is made.

use std::io;

use crate::error::Diagnose;
use crate::name::AssetName;
use crate::read::ReadError;

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The file cannot be read, or is not what it was.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A compressed body that is too large for memory cannot be kept on disk.
    #[error("cannot keep the compressed body of `{name}` in a temporary file")]
    Temporary {
        /// Which asset.
        name: AssetName,
        /// Why not.
        source: io::Error,
    },
}

impl Diagnose for EncodeError {
    fn name(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.name(),
            Self::Temporary { name, .. } => Some(name.to_string()),
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.note(),
            Self::Temporary { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Temporary { .. } => {
                Some("free space in the directory for temporary files, or set `TMPDIR` to another".to_owned())
            }
        }
    }
}
