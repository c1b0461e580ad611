//! Reads settings out of a Django project, by a small program that the project's own Python runs, and writes them
//! as a settings file. The one room that starts processes; may not touch the network or a bucket.

use std::path::Path;

mod answer;
mod error;
mod import;
mod process;
#[cfg(test)]
mod tests;
mod write;

pub use error::DjangoError;
pub use write::{Written, write_file};

use crate::settings::Imported;

/// What is read, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The settings module: `mysite.settings`.
    pub module: &'a str,
    /// The Python that has Django and the project's packages; `None` looks for one.
    pub python: Option<&'a Path>,
    /// The virtual environment that is active.
    pub virtual_env: Option<&'a Path>,
    /// Where the project's `manage.py` is: Python runs here, and paths below it become relative to it.
    pub directory: &'a Path,
    /// Whether credentials are read as well. Without, they never leave Python.
    pub secrets: bool,
}

/// Reads a project.
///
/// # Errors
/// There is no Python or no Django, or the project does not load.
pub fn read(ask: &Ask<'_>) -> Result<Imported, DjangoError> {
    let (python, output) = process::run(ask)?;
    import::imported(ask, answer::parse(ask, &python, &output)?)
}
