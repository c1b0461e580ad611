//! What goes wrong while a collected file is read.

use std::io;
use std::path::PathBuf;

use crate::error::Diagnose;
use crate::name::AssetName;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
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
    /// A CSS or JavaScript file in another encoding, or a binary that is named like one.
    #[error("`{name}` is not UTF-8: byte {offset} is no part of a character")]
    NotUtf8 {
        /// Which asset.
        name: AssetName,
        /// Where it is.
        path: PathBuf,
        /// How many bytes of the file are UTF-8.
        offset: usize,
    },
}

impl Diagnose for ReadError {
    fn name(&self) -> Option<String> {
        let (Self::Changed { name }
        | Self::Vanished { name }
        | Self::Unreadable { name, .. }
        | Self::NotUtf8 { name, .. }) = self;
        Some(name.to_string())
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::NotUtf8 { path, .. } => Some(format!("the file is `{}`", path.display())),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Changed { .. } | Self::Vanished { .. } => {
                "run again when nothing writes to the static dirs"
            }
            Self::Unreadable { .. } => "make it readable, or leave it out with `--ignore`",
            Self::NotUtf8 { .. } => "convert it to UTF-8, rename it, or leave it out with `--ignore`",
        };
        Some(hint.to_owned())
    }
}
