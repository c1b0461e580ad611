//! The verb `manifest`: collects, reads and post-processes, and writes a tree where one is wanted. Offline. What comes
//! before the writing is the beginning of a push with hashed names, too.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::collect::{self, CollectedFile};
use crate::error::{Exit, Problem};
use crate::manifest::Manifest;
use crate::post_process::{self, Content, PostProcessOptions, Processed};
use crate::prehashed;
use crate::read;
use crate::report::{Bytes, count};
use crate::rewrite::Rewriter;
use crate::settings::{Settings, Severity};
use crate::tree::{self, TreeOptions, Written};

/// What a run of `manifest` did, as the document of `--json` has it.
#[derive(Debug, Default, Serialize)]
pub struct Build {
    /// Always `manifest`.
    pub verb: &'static str,
    /// Whether everything that was to be done is done.
    pub ok: bool,
    /// The directory that was written; `None` where only the manifest was asked for.
    pub out: Option<PathBuf>,
    /// Files that were collected.
    pub assets: u64,
    /// Those of them in which references were replaced.
    pub rewritten: u64,
    /// Files in the output that are new or were replaced, manifest included.
    pub written: u64,
    /// Files in the output that were right already.
    pub unchanged: u64,
    /// Files in the output that were removed.
    pub removed: u64,
    /// Bytes of all files that were collected.
    pub bytes_source: u64,
    /// Bytes of the files that were written.
    pub bytes_written: u64,
    /// From the first file looked at to the last one written.
    pub elapsed_seconds: f64,
    /// `None` where there is none for errors.
    pub manifest: Option<BuiltManifest>,
    /// What deserves a look.
    pub warnings: Vec<Problem>,
    /// What went wrong.
    pub errors: Vec<Problem>,
    /// The state things are in after an error.
    pub note: Option<String>,
    /// `staticfiles.json`, byte for byte; empty for errors.
    #[serde(skip)]
    pub document: String,
}

/// The manifest in that document.
#[derive(Debug, Serialize)]
pub struct BuiltManifest {
    /// What it is called.
    pub name: String,
    /// Django's hash over its paths.
    pub hash: String,
    /// How many names it maps.
    pub entries: u64,
    /// Name → stored name.
    pub paths: BTreeMap<String, String>,
}

impl Build {
    /// A run that could not begin.
    #[must_use]
    pub fn refused(errors: Vec<Problem>, warnings: Vec<Problem>) -> Self {
        Self { verb: "manifest", errors, warnings, ..Self::default() }
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.errors.iter().map(|problem| problem.exit).max().unwrap_or(Exit::Done)
    }
}

/// The summary line.
impl fmt::Display for Build {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {} rewritten", count(self.assets, "asset", "assets"), self.rewritten)?;
        if let Some(manifest) = &self.manifest {
            write!(formatter, "; manifest {}", manifest.hash)?;
        }
        if let Some(out) = &self.out {
            write!(formatter, "; {} written", count(self.written, "file", "files"))?;
            if self.written > 0 {
                write!(formatter, " ({})", Bytes(self.bytes_written))?;
            }
            write!(formatter, ", {} unchanged", self.unchanged)?;
            if self.removed > 0 {
                write!(formatter, ", {} removed", self.removed)?;
            }
            write!(formatter, "  {}", out.display())?;
        }
        write!(formatter, "  {:.1} s", self.elapsed_seconds)
    }
}

/// Reads what was collected and post-processes it; `directories` is what a reference to a directory is.
///
/// # Errors
/// Everything that is wrong with files and references.
pub fn process(
    settings: &Settings,
    files: Vec<CollectedFile>,
    directories: Severity,
) -> Result<Processed, Vec<Problem>> {
    // Without what a manifest would have said, whatever else is found may be no error.
    let prehashed = prehashed::find(&settings.manifest, &files, |path| {
        read::bundler_file(path, &settings.collect.sources)
    })
    .map_err(|errors| Problem::all(&errors))?;
    let rewriter = Rewriter::new(settings.manifest.js_modules, settings.manifest.lexer);
    let read = read::read(files, &prehashed.names, &settings.manifest.exclude_rewrite, &rewriter);
    let sources: Vec<String> =
        settings.collect.sources.iter().map(|source| source.dir.display().to_string()).collect();
    let options = PostProcessOptions {
        settings: &settings.manifest,
        rewriter: &rewriter,
        directories,
        sources: &sources,
    };
    let mut problems = Problem::all(&read.errors);
    match post_process::post_process(read.sources, &options) {
        Ok(mut processed) if problems.is_empty() => {
            processed.warnings.splice(..0, Problem::all(&prehashed.warnings));
            Ok(processed)
        }
        Ok(_) => Err(problems),
        Err(errors) => {
            problems.extend(Problem::all(&errors));
            problems.sort_by(|left, right| left.name.cmp(&right.name));
            Err(problems)
        }
    }
}

/// Runs `manifest`; without options only in memory. An interrupt is minded until files are put in place.
#[must_use]
pub fn build(
    settings: &Settings,
    tree: Option<&TreeOptions>,
    home: Option<&Path>,
    cancel: &CancellationToken,
) -> Build {
    let begun = Instant::now();
    let mut build = Build { verb: "manifest", out: tree.map(|tree| tree.out.clone()), ..Build::default() };
    if let Err(errors) = run(settings, tree, home, cancel, &mut build) {
        build.errors = errors;
    }
    build.ok = build.errors.is_empty();
    build.elapsed_seconds = begun.elapsed().as_secs_f64();
    build
}

fn run(
    settings: &Settings,
    tree: Option<&TreeOptions>,
    home: Option<&Path>,
    cancel: &CancellationToken,
    build: &mut Build,
) -> Result<(), Vec<Problem>> {
    if let Some(tree) = tree {
        tree::check(&tree.out, &settings.collect.sources).map_err(|error| vec![error.into()])?;
    }
    let mut processed = collected(settings, home, build)
        .and_then(|files| process(settings, files, Severity::Warn))
        .inspect_err(|_| {
            build.note = tree.map(|tree| format!("nothing was written to `{}`", tree.out.display()));
        })?;
    build.warnings.append(&mut processed.warnings);
    build.assets = processed.assets.len() as u64;
    build.bytes_source = processed.assets.iter().map(|asset| asset.file.stamp.size).sum();
    build.rewritten =
        processed.assets.iter().filter(|asset| asset.content != Content::Original).count() as u64;
    if let Some(tree) = tree {
        let Written { written, bytes, unchanged, removed } =
            tree::write(&processed, &settings.manifest, tree, cancel).map_err(|error| vec![error.into()])?;
        (build.written, build.bytes_written) = (written, bytes);
        (build.unchanged, build.removed) = (unchanged, removed);
    }
    build.document = processed.manifest.to_json();
    build.manifest = Some(built(processed.manifest, settings.manifest.manifest_name.to_string()));
    Ok(())
}

fn collected(
    settings: &Settings,
    home: Option<&Path>,
    build: &mut Build,
) -> Result<Vec<CollectedFile>, Vec<Problem>> {
    let collected = collect::collect(&settings.collect, &settings.location, home)
        .map_err(|errors| Problem::all(&errors))?;
    build.warnings = collected.warnings();
    Ok(collected.files)
}

fn built(manifest: Manifest, name: String) -> BuiltManifest {
    BuiltManifest {
        name,
        hash: manifest.hash().to_owned(),
        entries: manifest.paths().len() as u64,
        paths: manifest.into_paths(),
    }
}
