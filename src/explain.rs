//! The verb `explain`: which source a file comes from, and what gave each of its headers. Offline.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use crate::collect::Ignored;
use crate::error::Problem;
use crate::object::{Compression, Origin, Subject};
use crate::parameters::{Field, ObjectParameters};
use crate::plan::{Asset, Wave};
use crate::prepare::Prepared;
use crate::report::escape;
use crate::settings::{GzipEngine, SourceDir, words};

/// Everything that is decided about an object before its body is looked at. A file may be stored as two.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The asset's name.
    pub name: String,
    /// What it is stored as; differs from the name where it is hashed.
    pub stored_name: String,
    /// The object's key.
    pub key: String,
    /// The file; `None` for the manifest.
    pub path: Option<String>,
    /// The static dir it was found in, as it was written.
    pub source: Option<String>,
    /// The object parameters, sorted by name.
    pub parameters: Vec<ExplainedParameter>,
    /// Whether it is compressed, and why or why not.
    pub gzip: String,
    /// Which wave of a push it belongs to.
    pub wave: Wave,
}

/// One object parameter.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedParameter {
    /// boto3's name.
    pub parameter: &'static str,
    /// What is sent; secrets masked.
    pub value: String,
    /// What gave it.
    pub by: String,
}

/// Explains files by their names, or by their paths, which start at `directory` where they are relative.
///
/// # Errors
/// One problem for each file that was not collected.
pub fn explain(
    prepared: &Prepared,
    sources: &[SourceDir],
    files: &[String],
    directory: &Path,
) -> Result<Vec<Explanation>, Vec<Problem>> {
    let mut explanations = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    for file in files {
        let asked =
            Asked { file, name: plain(Path::new(file)), path: plain(&directory.join(file)), directory };
        let mut meant: Vec<&Asset> = prepared.assets.iter().filter(|asset| asked.is_name(asset)).collect();
        if meant.is_empty() {
            meant = prepared.assets.iter().filter(|asset| asked.is_file(asset)).collect();
        }
        if meant.is_empty() {
            problems.push(not_collected(prepared, &asked));
        }
        meant.sort_by_key(|asset| asset.wave());
        explanations.extend(meant.into_iter().map(|asset| explanation(asset, sources)));
    }
    if problems.is_empty() { Ok(explanations) } else { Err(problems) }
}

/// What a person may have meant by a word of the command line.
struct Asked<'a> {
    /// As typed.
    file: &'a str,
    /// As a name.
    name: PathBuf,
    /// As an absolute path.
    path: PathBuf,
    /// Where relative paths start.
    directory: &'a Path,
}

impl Asked<'_> {
    fn is_name(&self, asset: &Asset) -> bool {
        let names = [asset.material.name().as_str(), asset.stored_name.as_str()];
        names.into_iter().any(|name| Path::new(name) == self.name)
    }

    fn is_file(&self, asset: &Asset) -> bool {
        asset.material.file().is_some_and(|file| self.is_path(&file.path))
    }

    fn is_path(&self, path: &Path) -> bool {
        self.absolute(path) == self.path
    }

    /// Whether it is, or is inside, what was left out.
    fn is_within(&self, ignored: &Ignored) -> bool {
        self.name.starts_with(&ignored.name) || self.path.starts_with(self.absolute(&ignored.path))
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        plain(&self.directory.join(path))
    }
}

/// A path without `.` and `..`, by its spelling alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Why there is nothing to explain.
fn not_collected(prepared: &Prepared, asked: &Asked<'_>) -> Problem {
    let file = asked.file;
    if let Some(shadowed) = prepared.shadowed.iter().find(|shadowed| asked.is_path(&shadowed.path)) {
        let message = format!("`{file}` was not collected: `{}` hides it", shadowed.by.display());
        return Problem::new(message)
            .with_hint("the first static dir that has a name wins; change their order");
    }
    if let Some(ignored) = prepared.ignored.iter().find(|ignored| asked.is_within(ignored)) {
        return left_out(ignored, asked);
    }
    let problem = Problem::new(format!("`{file}` was not collected"));
    let names = prepared.assets.iter().map(|asset| asset.material.name().as_str());
    let nearest = names
        .map(|name| (words::likeness(name, file), name))
        .max_by(|left, right| left.0.total_cmp(&right.0));
    match nearest {
        Some((likeness, name)) if likeness > 0.6 => problem.with_hint(format!("`{name}` was")),
        _ => problem.with_hint("`s3collect push --dry-run` lists what is collected"),
    }
}

fn left_out(ignored: &Ignored, asked: &Asked<'_>) -> Problem {
    let itself = asked.name == ignored.name || asked.is_path(&ignored.path);
    let subject = if itself { "it".to_owned() } else { format!("`{}`", ignored.path.display()) };
    let message = format!(
        "`{}` was not collected: {subject} matches the ignore pattern `{}`",
        asked.file, ignored.pattern
    );
    Problem::new(message)
        .with_hint("change `ignore_patterns`, or leave out the default ones with `--no-default-ignore`")
}

fn explanation(asset: &Asset, sources: &[SourceDir]) -> Explanation {
    let described = &asset.description;
    let decided_by = |subject: Subject| described.origins.iter().find(|origin| origin.subject == subject);
    let parameters = described
        .origins
        .iter()
        .filter_map(|origin| match origin.subject {
            Subject::Field(field) => Some(ExplainedParameter {
                parameter: field.name(),
                value: shown(&described.parameters, field),
                by: origin.by.clone(),
            }),
            Subject::Gzip | Subject::Entry => None,
        })
        .collect();
    let file = asset.material.file();
    let source = file.and_then(|file| sources.get(file.source));
    Explanation {
        name: asset.material.name().to_string(),
        stored_name: asset.stored_name.to_string(),
        key: asset.key.to_string(),
        path: file.map(|file| file.path.display().to_string()),
        source: source.map(|source| source.dir.display().to_string()),
        parameters,
        gzip: gzip(&described.compression, decided_by(Subject::Gzip)),
        wave: asset.wave(),
    }
}

/// The value of a parameter as it may be seen: secrets are masked, metadata is a dictionary.
fn shown(parameters: &ObjectParameters, field: Field) -> String {
    match field {
        Field::Metadata => serde_json::to_string(parameters.metadata()).unwrap_or_default(),
        Field::Parameter(parameter) if parameter.is_secret() => "********".to_owned(),
        Field::Parameter(parameter) => parameters.get(parameter).unwrap_or_default().to_owned(),
    }
}

/// Whether a body is compressed, and why.
fn gzip(compression: &Compression, decided_by: Option<&Origin>) -> String {
    match compression {
        Compression::Gzip { level, engine, if_smaller } => {
            let engine = match engine {
                GzipEngine::Zlib => "",
                GzipEngine::Libdeflate => " by libdeflate",
            };
            let unless = if *if_smaller { ", unless that makes it no smaller" } else { "" };
            let by = decided_by.map(|origin| format!("  ({})", origin.by)).unwrap_or_default();
            format!("yes{engine}, at level {level}{unless}{by}")
        }
        Compression::None(reason) => format!("no: {reason}"),
    }
}

/// The lines that a person reads, names made harmless for a terminal.
impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", escape(&self.stored_name))?;
        if let (Some(path), Some(source)) = (&self.path, &self.source) {
            writeln!(formatter, "  file: {}", escape(path))?;
            writeln!(formatter, "  source: {}", escape(source))?;
        }
        writeln!(formatter, "  key: {}", escape(&self.key))?;
        for ExplainedParameter { parameter, value, by } in &self.parameters {
            writeln!(formatter, "  {parameter}: {}  ({})", escape(value), escape(by))?;
        }
        writeln!(formatter, "  gzip: {}", self.gzip)?;
        let wave = match self.wave {
            Wave::Hashed => "first, under a hashed name",
            Wave::Plain => "before pages",
            Wave::Entry => "last, as a page",
            Wave::Manifest => "last of all, once everything that it names is stored",
        };
        writeln!(formatter, "  put: {wave}")
    }
}
