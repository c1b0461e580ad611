//! Walks the static dirs in order: the first of a name wins, ignore patterns, the symlink policy and the suspicion of
//! sensitive files apply.
//! May not touch file contents or the network.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use unicode_normalization::UnicodeNormalization;

use crate::error::Problem;
use crate::name::{AssetName, Location};
use crate::parallel;
use crate::settings::{CollectSettings, NamePattern, SourceDir};

mod error;
mod ignore;
mod sensitive;
mod walk;

pub use error::CollectError;
use ignore::Ignore;
use sensitive::Suspicion;
use walk::{Found, Walked};

/// What the static dirs hold.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// One file for each name, sorted by name.
    pub files: Vec<CollectedFile>,
    /// Files that an earlier source hides, in the order of the walk.
    pub shadowed: Vec<Shadowed>,
    /// What ignore patterns left out, in the order of the walk.
    pub ignored: Vec<Ignored>,
    /// Groups of names that differ only by case or Unicode normalisation; all of them are stored.
    pub look_alikes: Vec<Vec<AssetName>>,
}

impl Collected {
    /// What a person should know about it.
    #[must_use]
    pub fn warnings(&self) -> Vec<Problem> {
        let shadowed = self.shadowed.iter().map(|shadowed| Problem {
            name: Some(shadowed.name.to_string()),
            ..Problem::new(format!("`{}` is hidden by `{}`", shadowed.path.display(), shadowed.by.display()))
        });
        let look_alikes = self.look_alikes.iter().map(|names| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            Problem::new(format!("{} differ only by case or Unicode form; all are stored", names.join(", ")))
                .with_hint("some file systems cannot hold them side by side; rename all but one")
        });
        shadowed.chain(look_alikes).collect()
    }
}

/// A file that will be an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedFile {
    /// What it is called.
    pub name: AssetName,
    /// Where it is, as the source was written plus the relative path.
    pub path: PathBuf,
    /// Which source it came from, by index.
    pub source: usize,
    /// How it looked when the walk met it.
    pub stamp: FileStamp,
}

/// What shows that a file was changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// Bytes.
    pub size: u64,
    /// By the file system's clock; `None` where it has none.
    pub modified: Option<SystemTime>,
    /// When the file was last changed in any way, its times included: seconds and nanoseconds of Unix's `ctime`.
    /// Shows edits that keep size and modification time. `None` elsewhere.
    pub changed: Option<(i64, i64)>,
}

impl FileStamp {
    /// The stamp out of what the file system says; links are followed by whoever asks it.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), modified: metadata.modified().ok(), changed: changed(metadata) }
    }
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<(i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn changed(_metadata: &Metadata) -> Option<(i64, i64)> {
    None
}

/// A file that an earlier source hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadowed {
    /// The name both have.
    pub name: AssetName,
    /// The one that is not collected.
    pub path: PathBuf,
    /// The one that is.
    pub by: PathBuf,
}

/// A file that an ignore pattern leaves out, or a directory with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// What it would be called, with its source's prefix; a path, since it may be no name.
    pub name: PathBuf,
    /// Where it is, as the source was written plus the relative path.
    pub path: PathBuf,
    /// The pattern, as written.
    pub pattern: String,
}

/// Collects the static dirs for a location; `home` is the home directory, which is refused as a source.
///
/// # Errors
/// Everything that is wrong, in all sources, sorted by place.
pub fn collect(
    settings: &CollectSettings,
    location: &Location,
    home: Option<&Path>,
) -> Result<Collected, Vec<CollectError>> {
    let ignore = Ignore::new(&settings.ignore_patterns)?;
    let home = home.and_then(|home| fs::canonicalize(home).ok());
    let mut gathering = Gathering {
        location,
        allow_sensitive: &settings.allow_sensitive,
        files: Vec::new(),
        ignored: Vec::new(),
        errors: Vec::new(),
    };
    if settings.sources.is_empty() {
        gathering.errors.push(CollectError::NoSource);
    }
    for (index, source) in settings.sources.iter().enumerate() {
        match check(source, home.as_deref()) {
            Ok(real) => {
                let walked = walk::walk(&source.dir, real, &ignore, settings.follow_symlinks);
                gathering.add(index, source, walked);
            }
            Err(error) => gathering.errors.push(error),
        }
    }
    gathering.finish()
}

/// Refuses to write inside a source, since the next push would collect it: `what` in words, where `setting` says.
///
/// # Errors
/// [`CollectError::LocalInside`] for the first source that it is in.
pub fn check_outside(
    settings: &CollectSettings,
    path: &Path,
    what: &'static str,
    setting: &'static str,
) -> Result<(), CollectError> {
    // It may not be there yet; what is there of its path says where it will be.
    let Some(real) = path.ancestors().find_map(|ancestor| {
        let there = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        Some(fs::canonicalize(there).ok()?.join(path.strip_prefix(ancestor).ok()?))
    }) else {
        return Ok(());
    };
    let within = |dir: &Path| fs::canonicalize(dir).is_ok_and(|dir| real.starts_with(dir));
    match settings.sources.iter().find(|source| within(&source.dir)) {
        Some(source) => {
            Err(CollectError::LocalInside { what, setting, path: path.to_owned(), dir: source.dir.clone() })
        }
        None => Ok(()),
    }
}

/// Whether a source may be walked; its path with all links resolved.
fn check(source: &SourceDir, home: Option<&Path>) -> Result<PathBuf, CollectError> {
    let prefix = source.prefix.trim_end_matches('/');
    if !source.prefix.is_empty() && AssetName::new(prefix).is_err() {
        return Err(CollectError::Prefix { prefix: source.prefix.clone() });
    }
    let dir = source.dir.clone();
    let real = match fs::canonicalize(&dir) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CollectError::Missing { dir }),
        Err(source) => return Err(CollectError::Unreadable { path: dir, source }),
    };
    if !real.is_dir() {
        Err(CollectError::NotADirectory { dir })
    } else if real.parent().is_none() {
        Err(CollectError::Root { dir })
    } else if home == Some(&real) {
        Err(CollectError::Home { dir })
    } else {
        Ok(real)
    }
}

/// What has been collected so far.
struct Gathering<'a> {
    location: &'a Location,
    allow_sensitive: &'a [NamePattern],
    /// Those of the first source first, each with the length of its name without the source's prefix.
    files: Vec<(CollectedFile, usize)>,
    ignored: Vec<Ignored>,
    errors: Vec<CollectError>,
}

impl Gathering<'_> {
    fn add(&mut self, index: usize, source: &SourceDir, walked: Walked) {
        self.errors.extend(walked.errors);
        self.ignored.extend(walked.ignored.into_iter().map(|(relative, pattern)| Ignored {
            name: Path::new(&source.prefix).join(&relative),
            path: source.dir.join(&relative),
            pattern,
        }));
        for found in walked.files {
            if let Err(error) = self.add_file(index, &source.prefix, found) {
                self.errors.push(error);
            }
        }
    }

    fn add_file(&mut self, source: usize, prefix: &str, found: Found) -> Result<(), CollectError> {
        let Found { name, path, stamp } = found;
        let length = name.as_str().len();
        let named = name.under(prefix).and_then(|name| self.location.check(&name).map(|()| name));
        let name = match named {
            Ok(name) => name,
            Err(problem) => return Err(CollectError::Name { path, problem }),
        };
        self.files.push((CollectedFile { name, path, source, stamp }, length));
        Ok(())
    }

    /// Refuses a file that looks as if it were not meant for everybody, unless somebody said that it is. What is
    /// before the last `length` bytes is a prefix, a choice of theirs.
    fn suspect(&self, file: &CollectedFile, length: usize) -> Option<CollectError> {
        let name = file.name.as_str();
        let (prefix, relative) = name.split_at(name.len() - length);
        let Suspicion { kind, pattern, part } = sensitive::suspect(relative)?;
        if self.allow_sensitive.iter().any(|allowed| allowed.matches(name)) {
            return None;
        }
        let below = relative[part.len()..].matches('/').count();
        let path = file.path.ancestors().nth(below).unwrap_or(&file.path).to_owned();
        let name = &name[..prefix.len() + part.len()];
        let allow = if below > 0 { format!("{}/**", globset::escape(name)) } else { globset::escape(name) };
        Some(CollectError::Sensitive { name: name.to_owned(), path, kind, pattern, allow })
    }

    /// Takes those out that an earlier source hides.
    fn shadowed(&mut self) -> Vec<Shadowed> {
        // Stable: of equal names the first stays the first.
        self.files.sort_by(|(left, _), (right, _)| left.name.cmp(&right.name));
        let mut shadowed = Vec::new();
        self.files.dedup_by(|(file, _), (first, _)| {
            let is_hidden = file.name == first.name;
            if is_hidden {
                let (name, path) = (file.name.clone(), std::mem::take(&mut file.path));
                shadowed.push(Shadowed { name, path, by: first.path.clone() });
            }
            is_hidden
        });
        shadowed
    }

    fn finish(mut self) -> Result<Collected, Vec<CollectError>> {
        let shadowed = self.shadowed();
        let suspected = parallel::map(&self.files, |(file, length)| self.suspect(file, *length));
        self.errors.extend(suspected.into_iter().flatten());
        if !self.errors.is_empty() {
            self.errors.sort_by_cached_key(|error| (error.place(), error.to_string()));
            // A directory is refused once, however many files are in it.
            self.errors.dedup_by_key(|error| (error.place(), error.to_string()));
            return Err(self.errors);
        }
        let files: Vec<CollectedFile> = self.files.into_iter().map(|(file, _)| file).collect();
        let look_alikes = look_alikes(files.iter().map(|file| &file.name));
        Ok(Collected { files, shadowed, ignored: self.ignored, look_alikes })
    }
}

/// Groups of names that a file system which knows no case, or normalises, could not keep apart.
fn look_alikes<'a>(names: impl Iterator<Item = &'a AssetName>) -> Vec<Vec<AssetName>> {
    let folded = |name: &str| match name.is_ascii() {
        true => name.to_ascii_lowercase(),
        false => name.nfc().collect::<String>().to_lowercase().nfc().collect(),
    };
    let mut names: Vec<(String, &AssetName)> = names.map(|name| (folded(name.as_str()), name)).collect();
    names.sort();
    let groups = names.chunk_by(|left, right| left.0 == right.0).filter(|group| group.len() > 1);
    groups.map(|group| group.iter().map(|(_, name)| (*name).clone()).collect()).collect()
}

#[cfg(test)]
mod tests;
