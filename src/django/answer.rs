//! What Python answers, as JSON.

use std::collections::BTreeMap;
use std::process::Output;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Ask, DjangoError};
use crate::django::error::Cause;

/// Either of two documents.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Failed { error: Failure },
    Read(Project),
}

#[derive(Deserialize)]
struct Failure {
    kind: String,
    cause: String,
    #[serde(rename = "where")]
    place: Option<String>,
}

/// A project.
#[derive(Deserialize)]
pub(super) struct Project {
    pub(super) static_url: Option<String>,
    pub(super) sources: Vec<Source>,
    pub(super) ignore_patterns: Option<Vec<String>>,
    pub(super) storages: BTreeMap<String, Storage>,
    /// `AWS_…` as they stand.
    pub(super) project: Told,
    /// Of all settings.
    pub(super) names: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// A static dir.
#[derive(Deserialize)]
pub(super) struct Source {
    pub(super) prefix: String,
    pub(super) dir: String,
}

/// A storage that was made.
#[derive(Deserialize)]
pub(super) struct Storage {
    pub(super) class: String,
    /// Ours that stands in for it; none where it is not on S3.
    pub(super) backend: Option<String>,
    /// Whether it hashes names.
    #[serde(default)]
    pub(super) manifest: bool,
    #[serde(flatten)]
    pub(super) told: Told,
}

/// Settings, by names of whichever kind.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) settings: Map<String, Value>,
    /// Names of secrets that are set, whether or not they are among the settings.
    pub(super) secrets: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// Something that cannot be taken over.
#[derive(Deserialize)]
pub(super) struct Finding {
    pub(super) what: String,
    /// The method's.
    pub(super) name: Option<String>,
    pub(super) cause: Option<String>,
}

/// The project of an answer.
pub(super) fn parse(ask: &Ask<'_>, python: &str, output: &Output) -> Result<Project, DjangoError> {
    let (module, python) = (ask.module.to_owned(), python.to_owned());
    match serde_json::from_slice(&output.stdout) {
        Ok(Answer::Read(project)) => Ok(project),
        Ok(Answer::Failed { error: Failure { kind, cause, place } }) => {
            let source = Cause(cause);
            Err(match kind.as_str() {
                "django" => DjangoError::NoDjango { python, source },
                "storage" => DjangoError::Storage { module, source, place },
                "finders" => DjangoError::Finders { module, source, place },
                _ => DjangoError::Settings { module, source, place },
            })
        }
        Err(_) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().rev().map(str::trim).find(|line| !line.is_empty());
            let source = Cause(last.unwrap_or("nothing was written to stderr").to_owned());
            Err(DjangoError::NoAnswer { python, source, status: output.status.to_string() })
        }
    }
}
