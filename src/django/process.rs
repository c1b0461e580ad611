//! Starts Python and waits for its answer.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{Ask, DjangoError};

/// What Python runs.
const PROGRAM: &str = include_str!("reader.py");

/// Runs the program with the first Python that there is; gives that one's name and what it left.
pub(super) fn run(ask: &Ask<'_>) -> Result<(String, Output), DjangoError> {
    let candidates = candidates(ask);
    for python in &candidates {
        let name = python.display().to_string();
        match command(ask, python).output() {
            Ok(output) => return Ok((name, output)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && ask.python.is_none() => {}
            Err(source) => return Err(DjangoError::PythonUnusable { python: name, source }),
        }
    }
    let tried = candidates.iter().map(|python| python.display().to_string()).collect();
    Err(DjangoError::NoPython { tried })
}

/// The one that is named; else that of the active environment, that of `.venv`, and those of `PATH`.
fn candidates(ask: &Ask<'_>) -> Vec<PathBuf> {
    match ask.python {
        // A path with directories would be taken from the directory that Python runs in.
        Some(python) if python.components().count() > 1 => vec![ask.directory.join(python)],
        Some(python) => vec![python.to_owned()],
        None => {
            let active = ask.virtual_env.map(|environment| environment.join("bin/python"));
            let beside = ask.directory.join(".venv/bin/python");
            active.into_iter().chain([beside, "python3".into(), "python".into()]).collect()
        }
    }
}

fn command(ask: &Ask<'_>, python: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .args(["-c", PROGRAM, ask.module, if ask.secrets { "secrets" } else { "no-secrets" }])
        .current_dir(ask.directory)
        .stdin(Stdio::null());
    command
}
