//! What goes wrong while a body is made.

use std::io;
use std::path::PathBuf;

use crate::error::Diagnose;
use crate::name::AssetName;

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The file is not what the walk saw, or not the same at the end of reading as at its beginning.
    #[error("`{name}` changed while it was being read")]
    Changed {
        /// Which asset.
        name: AssetName,
    },
    /// The file was there when the walk met it.
    #[error("`{name}` vanished before it could be read")]
    Vanished {
        /// Which asset.
        name: AssetName,
    },
    /// The file cannot be opened or read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// Which asset.
        name: AssetName,
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
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
        let (Self::Changed { name }
        | Self::Vanished { name }
        | Self::Unreadable { name, .. }
        | Self::Temporary { name, .. }) = self;
        Some(name.to_string())
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Changed { .. } | Self::Vanished { .. } => {
                "push again when nothing writes to the static dirs"
            }
            Self::Unreadable { .. } => "make it readable, or leave it out with `--ignore`",
            Self::Temporary { .. } => {
                "free space in the directory for temporary files, or set `TMPDIR` to another"
            }
        };
        Some(hint.to_owned())
    }
}
