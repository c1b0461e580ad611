//! Why a project cannot be read.

use std::io;

use crate::error::{Diagnose, Exit};

/// The last line of a traceback.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Cause(pub(super) String);

/// Why a project cannot be read. `place` is a file and a line of it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum DjangoError {
    /// None in the environment, none in `PATH`.
    #[error("no Python was found: tried {}", tried.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", "))]
    NoPython { tried: Vec<String> },
    /// The one that is named, or that of the environment, does not start.
    #[error("the Python `{python}` cannot be started")]
    PythonUnusable { python: String, source: io::Error },
    /// Another Python than the project's.
    #[error("the Python `{python}` has no Django")]
    NoDjango { python: String, source: Cause },
    /// The module raises, or is not there.
    #[error("Django's settings `{module}` cannot be loaded")]
    Settings { module: String, source: Cause, place: Option<String> },
    /// The storage of static files raises.
    #[error("the storage `staticfiles` of `{module}` cannot be made")]
    Storage { module: String, source: Cause, place: Option<String> },
    /// A finder raises.
    #[error("the finders of static files of `{module}` cannot be made")]
    Finders { module: String, source: Cause, place: Option<String> },
    /// It died, or it is no Python.
    #[error("`{python}` gave no answer")]
    NoAnswer { python: String, source: Cause, status: String },
    /// Where the settings were to be written.
    #[error("`{file}` cannot be written")]
    Unwritable { file: String, source: io::Error },
}

impl Diagnose for DjangoError {
    fn note(&self) -> Option<String> {
        match self {
            Self::Settings { place, .. } | Self::Storage { place, .. } | Self::Finders { place, .. } => {
                place.as_ref().map(|place| format!("it was raised in `{place}`"))
            }
            Self::NoAnswer { status, .. } => Some(format!("it ended with {status}")),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoPython { .. } | Self::NoDjango { .. } | Self::PythonUnusable { .. } => {
                "name the Python of the project's environment, e.g. `--python .venv/bin/python`"
            }
            Self::Settings { module, source, .. } => {
                let package = module.split('.').next().unwrap_or_default();
                let missing = source.0 == format!("ModuleNotFoundError: No module named '{package}'");
                return missing.then(|| "run it in the directory of `manage.py`".to_owned());
            }
            Self::NoAnswer { source, .. } if source.0.starts_with("SyntaxError") => {
                "give a Python 3 as `--python`"
            }
            Self::Unwritable { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                "remove it first, or leave `--out` out to have the settings on stdout"
            }
            Self::NoAnswer { .. } | Self::Storage { .. } | Self::Finders { .. } | Self::Unwritable { .. } => {
                return None;
            }
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
