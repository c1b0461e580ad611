//! The walk over one static dir. Follows links, decides which of them are allowed, and goes on after errors.

use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

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

struct Walk<'a> {
    dir: &'a Path,
    /// The directory with all links resolved, which the targets of links are compared with.
    real: PathBuf,
    ignore: &'a Ignore,
    follow_symlinks: bool,
    walked: Walked,
    /// The files that were met, not looked at yet.
    entries: Vec<DirEntry>,
}

/// Walks a static dir that is known to be a directory.
pub(super) fn walk(dir: &Path, real: PathBuf, ignore: &Ignore, follow_symlinks: bool) -> Walked {
    let mut walk =
        Walk { dir, real, ignore, follow_symlinks, walked: Walked::default(), entries: Vec::new() };
    let mut entries = WalkDir::new(dir).min_depth(1).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let descend = match entry {
            Ok(entry) => walk.enter(&entry),
            Err(error) => walk.fail(error),
        };
        if !descend {
            entries.skip_current_dir();
        }
    }
    let mut walked = walk.look();
    if walked.files.is_empty() && walked.errors.is_empty() {
        let dir = dir.to_owned();
        walked.errors.push(match walked.ignored.is_empty() {
            true => CollectError::Empty { dir },
            false => CollectError::AllIgnored { dir },
        });
    }
    walked
}

impl Walk<'_> {
    /// Takes an entry in; false where it is a directory that is not to be gone into.
    fn enter(&mut self, entry: &DirEntry) -> bool {
        let file_type = entry.file_type();
        if self.ignores(entry.path(), file_type.is_dir()) {
            return !file_type.is_dir();
        }
        if entry.path_is_symlink()
            && !self.follow_symlinks
            && let Err(error) = self.check_link(entry.path())
        {
            self.walked.errors.push(error);
            return !file_type.is_dir();
        }
        if !file_type.is_dir() {
            self.entries.push(entry.clone());
        }
        true
    }

    /// Looks at all files that were met, which is most of the work, on all cores.
    fn look(mut self) -> Walked {
        for found in parallel::map(&self.entries, |entry| self.file(entry)) {
            match found {
                Ok(found) => self.walked.files.push(found),
                Err(error) => self.walked.errors.push(error),
            }
        }
        self.walked
    }

    fn file(&self, entry: &DirEntry) -> Result<Found, CollectError> {
        let path = entry.path().to_owned();
        if !entry.file_type().is_file() {
            return Err(CollectError::Special { kind: kind(entry.file_type()), path });
        }
        let name = AssetName::from_relative(self.relative(&path)).map_err(|problem| {
            let problem = match problem {
                NameError::NotUtf8(_) => NameError::NotUtf8(path.display().to_string()),
                other => other,
            };
            CollectError::Name { path: path.clone(), problem }
        })?;
        match entry.metadata() {
            Ok(metadata) => Ok(Found { name, path, stamp: FileStamp::of(&metadata) }),
            Err(error) => Err(CollectError::Unreadable { path, source: error.into() }),
        }
    }

    /// Takes an error of the walk in; what is ignored may be as broken as it likes.
    fn fail(&mut self, error: walkdir::Error) -> bool {
        let path = error.path().unwrap_or(self.dir).to_owned();
        if self.ignores(&path, path.is_dir()) {
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
    fn ignores(&mut self, path: &Path, is_dir: bool) -> bool {
        let relative = self.relative(path);
        let base_name = relative.file_name().unwrap_or_default().to_string_lossy();
        let pattern = if is_dir {
            self.ignore.directory(&base_name)
        } else {
            self.ignore.file(&base_name, &relative.to_string_lossy())
        };
        let Some(pattern) = pattern else { return false };
        self.walked.ignored.push((relative.to_owned(), pattern.to_owned()));
        true
    }

    fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(self.dir).unwrap_or(path)
    }
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
