//! Rewrites the settings of django-storages' boto backend for its successor (`settings migrate`): every step of
//! its migration guide, on the text of the file, so that all else in it stays as it is. Pure: may not touch
//! files, and hands warnings and changes out as text.

use std::ops::Range;

use serde_json::Value;

use crate::error::Problem;
use crate::settings::register;

mod backend;
mod block;
mod dotenv;
mod error;
mod host;
mod literal;
mod python;
mod render;
mod steps;
#[cfg(test)]
mod tests;
mod toml;

pub use error::MigrateError;

/// What kind of file settings stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A Django settings module: assignments of literals.
    Python,
    /// Lines of `NAME=VALUE`.
    Environment,
    /// Our own file.
    Toml,
}

impl Form {
    /// The form that goes by a word: `python`, `env` or `toml`.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "python" => Some(Self::Python),
            "env" => Some(Self::Environment),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    /// The form of a file, by its name, or else by what it looks like.
    #[must_use]
    pub fn guess(name: &str, text: &str) -> Self {
        let base = name.rsplit('/').next().unwrap_or_default();
        match base.rsplit_once('.') {
            Some((_, "py")) => Self::Python,
            Some((_, "toml")) => Self::Toml,
            Some((_, "env")) => Self::Environment,
            _ if base.starts_with(".env") => Self::Environment,
            _ if toml::looks_like(text) => Self::Toml,
            _ if dotenv::looks_like(text) => Self::Environment,
            _ => Self::Python,
        }
    }
}

/// What a user says besides the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct MigrateOptions {
    /// URLs that were made before are kept somewhere, so that new ones must be signed the same way.
    pub persisted_urls: bool,
}

/// A rewritten file.
#[derive(Debug)]
pub struct Migrated {
    /// The whole of it.
    pub text: String,
    /// What was changed and why, a line each, in the order of the file.
    pub changes: Vec<String>,
    /// What has to be looked at by a person.
    pub warnings: Vec<Problem>,
}

/// A setting in a file, with the text that makes it up.
#[derive(Debug, Clone)]
struct Entry {
    /// As the register has it.
    name: &'static str,
    /// As it is spelled in the file.
    spelled: String,
    /// Its value, or the text that is none.
    value: Result<Value, String>,
    /// The lines that it takes, the last line's end included.
    statement: Range<usize>,
    /// What stands before it in its first line.
    indent: String,
    /// The comment behind it, with its `#`.
    comment: String,
    /// Counted from 1.
    line: usize,
    /// Which block or table it stands in.
    block: usize,
}

/// Rewrites `text`, which is called `name` in messages.
///
/// # Errors
/// All that cannot be rewritten soundly; then nothing is.
pub fn migrate(
    name: &str,
    text: &str,
    form: Form,
    options: MigrateOptions,
) -> Result<Migrated, Vec<MigrateError>> {
    let (entries, comments) = match form {
        Form::Python => python::entries(text),
        Form::Environment => dotenv::entries(text),
        Form::Toml => toml::entries(text).map_err(|error| vec![error])?,
    };
    let changes = steps::steps(name, &entries, options)?;
    let handled: Vec<Range<usize>> = entries.iter().map(|entry| entry.statement.clone()).collect();
    let strays = strays(name, text, &handled, &comments);
    if !strays.is_empty() {
        return Err(strays);
    }
    let mut edits = backend::edits(text, form, &comments);
    let warnings = steps::warnings(&entries, &changes, !edits.is_empty(), options);
    for change in &changes {
        edits.extend(render::edits(text, form, &entries, change));
    }
    edits.sort_by_key(|edit| edit.range.start);
    Ok(Migrated {
        text: render::apply(text, &edits),
        changes: edits
            .iter()
            .filter(|edit| !edit.told.is_empty())
            .map(|edit| format!("`{name}:{}`: {}", line_of(text, edit.range.start), edit.told))
            .collect(),
        warnings,
    })
}

/// One replacement in the text.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    by: String,
    /// What it does and why; empty where another edit says it.
    told: String,
}

/// Legacy names that are used otherwise than by giving them a value: what uses them would break.
fn strays(name: &str, text: &str, handled: &[Range<usize>], comments: &[Range<usize>]) -> Vec<MigrateError> {
    let inside = |ranges: &[Range<usize>], at: usize| ranges.iter().any(|range| range.contains(&at));
    let mut found: Vec<(usize, &str)> = legacy()
        .flat_map(|row| row.environment)
        .flat_map(|legacy| text.match_indices(legacy))
        .filter(|(at, legacy)| is_word(text, *at, legacy.len()))
        .filter(|(at, _)| !inside(handled, *at) && !inside(comments, *at))
        .collect();
    found.sort_unstable();
    found
        .into_iter()
        .map(|(at, legacy)| MigrateError::UsedElsewhere {
            file: name.to_owned(),
            line: line_of(text, at),
            name: legacy.to_owned(),
        })
        .collect()
}

/// Rows that this rewrites: those that Django's settings could hold.
fn legacy() -> impl Iterator<Item = &'static register::Setting> {
    register::all().filter(|row| row.is_legacy())
}

/// The row of a name in any spelling.
fn row(name: &str) -> Option<&'static register::Setting> {
    register::find_in_environment(name).or_else(|| register::find(name))
}

fn is_word(text: &str, at: usize, length: usize) -> bool {
    let part = |character: char| character.is_alphanumeric() || character == '_';
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let behind = text.get(at + length..).and_then(|behind| behind.chars().next());
    !before.is_some_and(part) && !behind.is_some_and(part)
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}
