//! Tells which files carry a hash in their names already: those that globs match, and those that the manifest of a
//! bundler names. Pure: who calls it reads the manifests.

mod document;
mod error;
mod files;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use crate::collect::CollectedFile;
use crate::name::AssetName;
use crate::settings::{ManifestSettings, NamePattern, Prehashed, PrehashedNames};

use document::Misfit;
use files::{Files, Match};

pub use error::PrehashedError;

/// What carries a hash already.
#[derive(Debug, Default)]
pub struct Found {
    /// Names of collected files.
    pub names: BTreeSet<AssetName>,
    /// What matches nothing, in the order of the setting.
    pub warnings: Vec<PrehashedError>,
}

/// A bundler's manifest, not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundlerFile {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Every source that it lies in, by index, with the name of its directory there: the prefix included, empty for none.
    pub folders: Vec<(usize, String)>,
}

/// Finds what `prehashed` names among collected files; `read` fetches a manifest.
///
/// # Errors
/// All manifests that say nothing.
pub fn find(
    settings: &ManifestSettings,
    files: &[CollectedFile],
    read: impl Fn(&Path) -> io::Result<BundlerFile>,
) -> Result<Found, Vec<PrehashedError>> {
    if settings.prehashed.is_empty() {
        return Ok(Found::default());
    }
    let mut search =
        Search { files: Files::new(files), static_url: &settings.static_url, found: Found::default() };
    let mut errors = Vec::new();
    for Prehashed { names, subject } in &settings.prehashed {
        match names {
            PrehashedNames::Glob { text, pattern } => search.glob(text, pattern, subject),
            PrehashedNames::Manifest(path) => match open(path, subject, &read) {
                Ok((names, file)) => search.manifest(path, &names, &file),
                Err(error) => errors.push(error),
            },
        }
    }
    if errors.is_empty() { Ok(search.found) } else { Err(errors) }
}

/// A manifest's names of files that carry a hash, and where it lies.
fn open(
    path: &Path,
    subject: &str,
    read: impl Fn(&Path) -> io::Result<BundlerFile>,
) -> Result<(BTreeSet<String>, BundlerFile), PrehashedError> {
    let (path, subject) = (path.to_owned(), subject.to_owned());
    let file = match read(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(PrehashedError::Missing { subject, path });
        }
        Err(source) => return Err(PrehashedError::Unreadable { path, source }),
    };
    match document::hashed_files(&file.bytes) {
        Ok(names) => Ok((names, file)),
        Err(Misfit::Syntax(source)) => Err(PrehashedError::Syntax { path, source }),
        Err(Misfit::Unfinished(status)) => Err(PrehashedError::Unfinished { path, status }),
        Err(Misfit::Unknown) => Err(PrehashedError::Unknown { path }),
    }
}

/// What is known, and what has been found so far.
struct Search<'a> {
    files: Files<'a>,
    static_url: &'a str,
    found: Found,
}

impl Search<'_> {
    fn glob(&mut self, text: &str, pattern: &NamePattern, subject: &str) {
        let mut matched =
            self.files.all().map(|file| &file.name).filter(|name| pattern.matches(name.as_str())).peekable();
        if matched.peek().is_none() {
            let (subject, glob) = (subject.to_owned(), text.to_owned());
            self.found.warnings.push(PrehashedError::NoMatch { subject, glob });
        }
        self.found.names.extend(matched.cloned());
    }

    fn manifest(&mut self, path: &Path, names: &BTreeSet<String>, file: &BundlerFile) {
        let (mut missing, mut ambiguous) = (Vec::new(), Vec::new());
        for name in names {
            match self.files.named(name, &file.folders, self.static_url) {
                Match::Files(files) => {
                    let maps: Vec<&CollectedFile> =
                        files.iter().filter_map(|file| self.files.source_map(file)).collect();
                    self.found.names.extend(files.into_iter().chain(maps).map(|file| file.name.clone()));
                }
                Match::Nothing => missing.push(name.clone()),
                Match::Several => ambiguous.push(name.clone()),
            }
        }
        let path = path.to_owned();
        let warnings = &mut self.found.warnings;
        if names.is_empty() {
            warnings.push(PrehashedError::Nothing { path: path.clone() });
        }
        if !missing.is_empty() {
            warnings.push(PrehashedError::NotCollected { path: path.clone(), names: missing });
        }
        if !ambiguous.is_empty() {
            warnings.push(PrehashedError::Ambiguous { path, names: ambiguous });
        }
    }
}

#[cfg(test)]
mod tests;
