//! What goes wrong while a tree is written.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnose, Exit};
use crate::read::ReadError;

/// Why a tree was not written, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The output would become input, or the input be overwritten.
    #[error("`--out {}` and the static dir `{}` are inside each other", out.display(), source_dir.display())]
    Overlap {
        /// The output as written.
        out: PathBuf,
        /// The source as written.
        source_dir: PathBuf,
    },
    /// Files that nobody said are ours to remove.
    #[error("`--clean` is refused: `{}` holds files and no manifest `{manifest_name}`", out.display())]
    Foreign {
        /// The output as written.
        out: PathBuf,
        /// The manifest's name.
        manifest_name: String,
    },
    /// A directory of the output that is somewhere else.
    #[error("`{}` is a link that leaves `{}`", link.display(), out.display())]
    LinkLeaves {
        /// The link.
        link: PathBuf,
        /// The output as written.
        out: PathBuf,
    },
    /// Somebody wants it to end.
    #[error("interrupted before anything was put in place")]
    Interrupted,
    /// A collected file that is not what it was.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something that cannot be written, or looked at.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A stale file that cannot be removed.
    #[error("cannot remove `{}`", path.display())]
    Remove {
        /// Which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl TreeError {
    /// For `map_err`: an error about a path.
    pub(super) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }
}

impl Diagnose for TreeError {
    fn name(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.name(),
            _ => None,
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Read(_) | Self::LinkLeaves { .. } => Some("nothing was put in place".to_owned()),
            Self::Write { .. } => Some("the manifest was not replaced; what it names is in place".to_owned()),
            Self::Remove { .. } => Some("the tree is written; stale files are left".to_owned()),
            Self::Overlap { .. } | Self::Foreign { .. } | Self::Interrupted => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Overlap { .. } => "give a directory beside the static dirs",
            Self::Foreign { .. } => "correct `--out`, or run once without `--clean`",
            Self::LinkLeaves { .. } => "remove the link, or write to where it leads",
            Self::Interrupted => return None,
            Self::Read(error) => return error.hint(),
            Self::Write { .. } | Self::Remove { .. } => {
                "make room, or make the directory writable, and run again"
            }
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Overlap { .. } | Self::Foreign { .. } => Exit::Usage,
            Self::Interrupted => Exit::Interrupted,
            Self::LinkLeaves { .. } | Self::Read(_) | Self::Write { .. } | Self::Remove { .. } => {
                Exit::Failed
            }
        }
    }
}
