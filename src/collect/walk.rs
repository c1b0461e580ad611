//! The walk over one static dir. Follows links, decides which of them are allowed, and goes on after errors.

use std::ffi::OsStr;
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf, is_separator};

use walkdir::{DirEntry, WalkDir};

use crate::collect::ignore::Ignore;
use crate::collect::{CollectError, FileStamp};
use crate::name::{AssetName, NameError};
use crate::parallel;

/// What one static dir holds, in the order of its names.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) files: Vec<Found>,
    pub(super) errors: Vec<CollectError>,
    /// What is ignored, by its path relative to the static dir, and the pattern that matches.
    pub(super) ignored: Vec<(PathBuf, String)>,
}

/// A file, by its name relative to the static dir.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) name: AssetName,
    pub(super) path: PathBuf,
    pub(super) stamp: FileStamp,
}

/// So many files are looked at together: fewer, and cores would often wait for each other's walking.
const BATCH: usize = 512;

struct Walk<'a> {
    dir: &'a Path,
    /// The directory with all links resolved, which the targets of links are compared with.
    real: PathBuf,
    ignore: &'a Ignore,
    follow_symlinks: bool,
    entries: walkdir::IntoIter,
    walked: Walked,
}

/// Walks a static dir that is known to be a directory. One core goes from directory to directory; all look at the files.
pub(super) fn walk(dir: &Path, real: PathBuf, ignore: &Ignore, follow_symlinks: bool) -> Walked {
    let entries = WalkDir::new(dir).min_depth(1).follow_links(true).sort_by_file_name().into_iter();
    let mut walk = Walk { dir, real, ignore, follow_symlinks, entries, walked: Walked::default() };
    let found =
        parallel::batches(&mut walk, |batch| batch.into_iter().map(|entry| look(dir, entry)).collect());
    let mut walked = walk.walked;
    for found in found {
        match found {
            Ok(found) => walked.files.push(found),
            Err(error) => walked.errors.push(error),
        }
    }
    if walked.files.is_empty() && walked.errors.is_empty() {
        let dir = dir.to_owned();
        walked.errors.push(match walked.ignored.is_empty() {
            true => CollectError::Empty { dir },
            false => CollectError::AllIgnored { dir },
        });
    }
    walked
}

/// The files that are met, in batches.
impl Iterator for Walk<'_> {
    type Item = Vec<DirEntry>;

    fn next(&mut self) -> Option<Vec<DirEntry>> {
        let mut batch = Vec::with_capacity(BATCH);
        while batch.len() < BATCH
            && let Some(entry) = self.entries.next()
        {
            let descend = match entry {
                Ok(entry) => self.enter(entry, &mut batch),
                Err(error) => self.fail(error),
            };
            if !descend {
                self.entries.skip_current_dir();
            }
        }
        if batch.is_empty() { None } else { Some(batch) }
    }
}

/// Looks at a file.
fn look(dir: &Path, entry: DirEntry) -> Result<Found, CollectError> {
    let file_type = entry.file_type();
    let metadata = if file_type.is_file() { Some(entry.metadata()) } else { None };
    let path = entry.into_path();
    let Some(metadata) = metadata else {
        return Err(CollectError::Special { kind: kind(file_type), path });
    };
    let name = match AssetName::from_relative(relative(dir, &path)) {
        Ok(name) => name,
        Err(problem) => {
            let problem = match problem {
                NameError::NotUtf8(_) => NameError::NotUtf8(path.display().to_string()),
                other => other,
            };
            return Err(CollectError::Name { path, problem });
        }
    };
    match metadata {
        Ok(metadata) => Ok(Found { name, path, stamp: FileStamp::of(&metadata) }),
        Err(error) => Err(CollectError::Unreadable { path, source: error.into() }),
    }
}

impl Walk<'_> {
    /// Takes an entry in; false where it is a directory that is not to be gone into.
    fn enter(&mut self, entry: DirEntry, batch: &mut Vec<DirEntry>) -> bool {
        let is_dir = entry.file_type().is_dir();
        if self.ignores(entry.path(), entry.file_name(), is_dir) {
            return !is_dir;
        }
        if entry.path_is_symlink()
            && !self.follow_symlinks
            && let Err(error) = self.check_link(entry.path())
        {
            self.walked.errors.push(error);
            return !is_dir;
        }
        if !is_dir {
            batch.push(entry);
        }
        true
    }

    /// Takes an error of the walk in; what is ignored may be as broken as it likes.
    fn fail(&mut self, error: walkdir::Error) -> bool {
        let path = error.path().unwrap_or(self.dir).to_owned();
        if self.ignores(&path, path.file_name().unwrap_or_default(), path.is_dir()) {
            return true;
        }
        let is_loop = error.loop_ancestor().is_some();
        self.walked.errors.push(match fs::read_link(&path) {
            Ok(target) if is_loop => CollectError::LinkLoop { link: path, target },
            Ok(target) => link_error(path, target, error.into()),
            Err(_) => CollectError::Unreadable { path, source: error.into() },
        });
        true
    }

    fn check_link(&self, link: &Path) -> Result<(), CollectError> {
        let unreadable = |source| CollectError::Unreadable { path: link.to_owned(), source };
        if fs::canonicalize(link).map_err(unreadable)?.starts_with(&self.real) {
            return Ok(());
        }
        let target = fs::read_link(link).map_err(unreadable)?;
        Err(CollectError::LinkLeaves { link: link.to_owned(), target, dir: self.dir.to_owned() })
    }

    /// Whether a pattern ignores a file or a directory; takes note of it.
    fn ignores(&mut self, path: &Path, base_name: &OsStr, is_dir: bool) -> bool {
        let relative = relative(self.dir, path);
        let base_name = base_name.to_string_lossy();
        let pattern = if is_dir {
            self.ignore.directory(&base_name)
        } else {
            self.ignore.file(&base_name, &relative.to_string_lossy())
        };
        let Some(pattern) = pattern else { return false };
        self.walked.ignored.push((relative.to_owned(), pattern.to_owned()));
        true
    }
}

/// The path below a directory that the walk gives. As text, which need not be taken apart, where it is text.
fn relative<'p>(dir: &Path, path: &'p Path) -> &'p Path {
    let below = |path: &'p str| Some(path.strip_prefix(dir.to_str()?)?.trim_start_matches(is_separator));
    path.to_str().and_then(below).map_or_else(|| path.strip_prefix(dir).unwrap_or(path), Path::new)
}

/// What is wrong with a link that cannot be followed.
fn link_error(link: PathBuf, target: PathBuf, error: io::Error) -> CollectError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => CollectError::LinkBroken { link, target },
        io::ErrorKind::PermissionDenied => CollectError::Unreadable { path: link, source: error },
        // ELOOP has no stable kind; nothing else is left for a link to fail by.
        _ => CollectError::LinkLoop { link, target },
    }
}

#[cfg(unix)]
fn kind(file_type: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if file_type.is_fifo() {
        "a pipe"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn kind(_file_type: FileType) -> &'static str {
    "no regular file"
}
