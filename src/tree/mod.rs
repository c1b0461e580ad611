//! Writes post-processed assets into a directory, as collectstatic leaves `STATIC_ROOT`: each file whole, the manifest
//! last. May not touch the network.

mod body;
mod clean;
mod error;
mod staging;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::name::{AssetName, StoredName};
use crate::parallel;
use crate::post_process::{Output, Processed};
use crate::settings::{ManifestSettings, SourceDir};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use body::Body;
use staging::{Piece, Staging};

pub use error::TreeError;

/// Where a tree goes, and what is done besides.
#[derive(Debug, Clone, Default)]
pub struct TreeOptions {
    /// The directory; made where it is missing.
    pub out: PathBuf,
    /// Remove every file that is not written by this run.
    pub clean: bool,
    /// Write a side file with the integrity of every hashed file.
    pub integrity: bool,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or were replaced, manifest included.
    pub written: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Files that were there already, with the same bytes.
    pub unchanged: u64,
    /// Files that were removed.
    pub removed: u64,
}

/// The name of the side file: `staticfiles.sri.json` for `staticfiles.json`.
#[must_use]
pub fn integrity_name(manifest_name: &str) -> String {
    format!("{}.sri.json", manifest_name.strip_suffix(".json").unwrap_or(manifest_name))
}

/// Refuses an output that is inside a source, or has one inside.
///
/// # Errors
/// [`TreeError::Overlap`].
pub fn check(out: &Path, sources: &[SourceDir]) -> Result<(), TreeError> {
    let real_out = resolved(out);
    for source in sources {
        let real = resolved(&source.dir);
        if real_out.starts_with(&real) || real.starts_with(&real_out) {
            return Err(TreeError::Overlap { out: out.to_owned(), source_dir: source.dir.clone() });
        }
    }
    Ok(())
}

/// A path with all links resolved as far as it exists, and without `..` where it does not.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in absolute.ancestors() {
        if let (Ok(mut real), Ok(rest)) = (fs::canonicalize(ancestor), absolute.strip_prefix(ancestor)) {
            for component in rest.components() {
                match component {
                    Component::ParentDir => drop(real.pop()),
                    component => real.push(component),
                }
            }
            return real;
        }
    }
    absolute
}

/// Writes a tree. Nothing is put in place before everything is written; then come directories that are new, each with
/// all that is in it, other hashed files, other plain ones, and the manifest last. Files that have the right bytes
/// already are not touched.
///
/// # Errors
/// Any [`TreeError`] but an overlap, which [`check`] finds. The manifest that was there stays, and all that it names.
pub fn write(
    processed: &Processed,
    settings: &ManifestSettings,
    options: &TreeOptions,
    cancel: &CancellationToken,
) -> Result<Written, TreeError> {
    let out = &options.out;
    let manifest_name = settings.manifest_name.as_str();
    if options.clean {
        clean::check(out, manifest_name)?;
    }
    let outputs = processed.outputs(settings);
    let integrity = if options.integrity { Some(integrity(&outputs)?) } else { None };
    let integrity_name = integrity_name(manifest_name);
    let manifest = processed.manifest.to_json();

    let mut pieces = pieces(&outputs);
    pieces.extend(integrity.as_deref().map(|body| Piece::memory(&integrity_name, body)));
    pieces.push(Piece::memory(manifest_name, &manifest));

    let mut names: Vec<&str> = Vec::with_capacity(outputs.len() + 2);
    for hashed in [true, false] {
        let wave = outputs.iter().filter(|(_, output)| output.hashed == hashed);
        names.extend(wave.map(|(name, _)| name.as_str()));
    }
    names.extend(integrity.as_ref().map(|_| integrity_name.as_str()));
    names.push(manifest_name);

    let staging = Staging::new(out, names.iter().copied())?;
    let staged = staging.stage(&pieces, cancel)?;
    staging.place_directories()?;
    names.iter().filter(|name| staged.contains(*name)).try_for_each(|name| staging.place(name))?;
    staging.close()?;
    let mut done = counted(&pieces, &staged);
    if options.clean {
        done.removed = clean::clean(out, &names.into_iter().collect())?;
    }
    Ok(done)
}

/// What is stored, each body once.
fn pieces<'a>(outputs: &BTreeMap<&'a StoredName, Output<'a>>) -> Vec<Piece<'a>> {
    let mut pieces: BTreeMap<(&AssetName, bool), Piece<'a>> = BTreeMap::new();
    for (name, output) in outputs {
        let key = (&output.asset.file.name, output.rewritten().is_some());
        let piece =
            pieces.entry(key).or_insert_with(|| Piece { body: Body::from(*output), names: Vec::new() });
        piece.names.push(name.as_str());
    }
    pieces.into_values().collect()
}

fn counted(pieces: &[Piece<'_>], staged: &BTreeSet<&str>) -> Written {
    let mut done = Written::default();
    for Piece { body, names } in pieces {
        let written = names.iter().filter(|name| staged.contains(*name)).count() as u64;
        done.written += written;
        done.bytes += written * body.size();
        done.unchanged += names.len() as u64 - written;
    }
    done
}

/// Whether a file holds a manifest already.
#[must_use]
pub fn is_written(path: &Path, document: &[u8]) -> bool {
    Body::Memory(document).is_at(path).unwrap_or_default()
}

/// Writes a manifest by itself, whole or not at all; whether there was anything to write.
///
/// # Errors
/// [`TreeError::Write`]; what was there stays.
pub fn write_manifest(path: &Path, document: &[u8]) -> Result<bool, TreeError> {
    if is_written(path, document) {
        return Ok(false);
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory).map_err(TreeError::write(directory))?;
    let staging = staging(directory)?;
    let staged = staging.path().join("manifest");
    Body::Memory(document).write(&[(staged.clone(), path.to_owned())])?;
    fs::rename(&staged, path).map_err(TreeError::write(path))?;
    staging.close().map_err(TreeError::write(directory))?;
    Ok(true)
}

/// A directory beside what is written, on the same file system, so that files get into place by being renamed.
fn staging(directory: &Path) -> Result<TempDir, TreeError> {
    tempfile::Builder::new().prefix(".s3collect-").tempdir_in(directory).map_err(TreeError::write(directory))
}

/// The side file: stored name → integrity, of hashed files.
fn integrity(outputs: &BTreeMap<&StoredName, Output<'_>>) -> Result<String, TreeError> {
    let hashed: Vec<(&str, Body<'_>)> = outputs
        .iter()
        .filter(|(_, output)| output.hashed)
        .map(|(name, output)| (name.as_str(), Body::from(*output)))
        .collect();
    let values = parallel::map(&hashed, |(_, body)| body.integrity());
    let mut table = serde_json::Map::new();
    for ((name, _), value) in hashed.iter().zip(values) {
        table.insert((*name).to_owned(), value?.into());
    }
    Ok(format!("{:#}\n", serde_json::Value::Object(table)))
}

#[cfg(test)]
mod tests;
