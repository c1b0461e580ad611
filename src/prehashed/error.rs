//! What is wrong with what `prehashed` names, as errors or as warnings.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnose, Exit};

/// Why it cannot be told which names carry a hash already, or what is odd about it.
#[derive(Debug, thiserror::Error)]
pub enum PrehashedError {
    /// A manifest that is not there.
    #[error("{subject} names the manifest `{}`, which does not exist", path.display())]
    Missing {
        /// The setting and its place.
        subject: String,
        /// Which manifest.
        path: PathBuf,
    },
    /// A manifest that cannot be read.
    #[error("cannot read the manifest `{}`", path.display())]
    Unreadable {
        /// Which manifest.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A manifest that is no JSON.
    #[error("the manifest `{}` is no JSON", path.display())]
    Syntax {
        /// Which manifest.
        path: PathBuf,
        /// Where it ends to be.
        source: serde_json::Error,
    },
    /// A manifest of a build that is under way, or failed.
    #[error("the manifest `{}` tells of a build that is not done: its status is `{status}`", path.display())]
    Unfinished {
        /// Which manifest.
        path: PathBuf,
        /// As it tells.
        status: String,
    },
    /// A document of another tool.
    #[error("`{}` is no manifest of a bundler that is known", path.display())]
    Unknown {
        /// Which document.
        path: PathBuf,
    },
    /// A glob without use.
    #[error("{subject}: the glob `{glob}` matches no collected file")]
    NoMatch {
        /// The setting and its place.
        subject: String,
        /// As it was written.
        glob: String,
    },
    /// A manifest without use.
    #[error("the manifest `{}` names no file that carries a hash", path.display())]
    Nothing {
        /// Which manifest.
        path: PathBuf,
    },
    /// Files of a manifest that are in no source.
    #[error("the manifest `{}` names {}, which {} not collected", path.display(), listed(names), was(names))]
    NotCollected {
        /// Which manifest.
        path: PathBuf,
        /// As it spells them.
        names: Vec<String>,
    },
    /// Files of a manifest that may be one or the other.
    #[error("the manifest `{}` names {}, and several collected files may be meant", path.display(), listed(names))]
    Ambiguous {
        /// Which manifest.
        path: PathBuf,
        /// As it spells them.
        names: Vec<String>,
    },
}

/// Names in backticks: five, and how many more.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(5) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn was(names: &[String]) -> &'static str {
    if names.len() == 1 { "was" } else { "were" }
}

impl Diagnose for PrehashedError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { .. } => "run the build that writes it first, or correct the path",
            Self::Unreadable { .. } => "make it readable",
            Self::Syntax { .. } => {
                "run the build that writes it again; a glob that ends in `.json` begins with `**/`"
            }
            Self::Unfinished { .. } => "run the build again",
            Self::Unknown { .. } => {
                "those of Vite, webpack-manifest-plugin, webpack-assets-manifest and webpack-bundle-tracker are; \
                 write globs instead"
            }
            Self::NoMatch { .. } => {
                "with a `/` it is matched against whole names, without one against base names; correct it, or take \
                 it out"
            }
            Self::Nothing { .. } => "take it out, or have the build put hashes into names",
            Self::NotCollected { .. } => {
                "collect the directory that the build writes to, or run the build again"
            }
            Self::Ambiguous { .. } => "name those that are meant by a glob",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Missing { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
