//! The tree that files wait in until all of them are written: beside their places, in the same directories.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::TreeError;
use super::body::Body;
use crate::parallel;

/// A body, and the names that it is to have in the tree: it is read once for all of them.
pub(super) struct Piece<'a> {
    pub(super) body: Body<'a>,
    pub(super) names: Vec<&'a str>,
}

impl<'a> Piece<'a> {
    /// Text under one name.
    pub(super) fn memory(name: &'a str, text: &'a str) -> Self {
        Self { body: Body::Memory(text.as_bytes()), names: vec![name] }
    }
}

/// A tree in the making.
pub(super) struct Staging<'a> {
    out: &'a Path,
    dir: TempDir,
    /// Every directory that has a file in it, however deep, and whether the output has it.
    directories: BTreeMap<&'a str, bool>,
}

impl<'a> Staging<'a> {
    /// Nothing yet, for files of these names.
    pub(super) fn new(out: &'a Path, names: impl Iterator<Item = &'a str>) -> Result<Self, TreeError> {
        fs::create_dir_all(out).map_err(TreeError::write(out))?;
        let dir = super::staging(out)?;
        let mut directories = BTreeMap::new();
        for directory in all_directories(names) {
            // A directory comes after the one that it is in.
            let there = parent(directory).is_none_or(|it| directories[it]) && out.join(directory).is_dir();
            if there {
                check_link(out, &out.join(directory))?;
            }
            directories.insert(directory, there);
        }
        Ok(Self { out, dir, directories })
    }

    /// Writes what is not in place yet; the names that wait.
    pub(super) fn stage(
        &self,
        pieces: &[Piece<'a>],
        cancel: &CancellationToken,
    ) -> Result<BTreeSet<&'a str>, TreeError> {
        let staged = parallel::map(pieces, |piece| {
            if cancel.is_cancelled() { Err(TreeError::Interrupted) } else { self.stage_piece(piece) }
        });
        let mut names = BTreeSet::new();
        for staged in staged {
            names.extend(staged?);
        }
        Ok(names)
    }

    fn stage_piece(&self, piece: &Piece<'a>) -> Result<Vec<&'a str>, TreeError> {
        let mut names = Vec::with_capacity(piece.names.len());
        for name in &piece.names {
            if !self.is_in_place(name) || !piece.body.is_at(&self.out.join(name))? {
                names.push(*name);
            }
        }
        let places: Vec<(PathBuf, PathBuf)> =
            names.iter().map(|name| (self.dir.path().join(name), self.out.join(name))).collect();
        piece.body.write(&places)?;
        Ok(names)
    }

    /// Whether the directory of a file is one that the output has.
    fn is_in_place(&self, name: &str) -> bool {
        parent(name).is_none_or(|directory| self.directories[directory])
    }

    /// Moves every directory that the output lacks, with all that is in it.
    pub(super) fn place_directories(&self) -> Result<(), TreeError> {
        self.directories
            .iter()
            .filter(|(directory, there)| !**there && self.is_in_place(directory))
            .try_for_each(|(directory, _)| self.rename(directory))
    }

    /// Moves a file that waits, if it was not moved with its directory.
    pub(super) fn place(&self, name: &str) -> Result<(), TreeError> {
        if self.is_in_place(name) { self.rename(name) } else { Ok(()) }
    }

    fn rename(&self, name: &str) -> Result<(), TreeError> {
        let place = self.out.join(name);
        fs::rename(self.dir.path().join(name), &place).map_err(TreeError::write(place))
    }

    /// Removes what is left: empty directories.
    pub(super) fn close(self) -> Result<(), TreeError> {
        self.dir.close().map_err(TreeError::write(self.out))
    }
}

/// Refuses a directory that is a link to somewhere else: what is written is written below the output.
fn check_link(out: &Path, path: &Path) -> Result<(), TreeError> {
    let links = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let within = || Ok::<bool, io::Error>(fs::canonicalize(path)?.starts_with(fs::canonicalize(out)?));
    if links && !within().map_err(TreeError::write(path))? {
        return Err(TreeError::LinkLeaves { link: path.to_owned(), out: out.to_owned() });
    }
    Ok(())
}

fn all_directories<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut directories = BTreeSet::new();
    for name in names {
        let mut directory = parent(name);
        while let Some(new) = directory.filter(|it| directories.insert(*it)) {
            directory = parent(new);
        }
    }
    directories
}

/// The directory that a name is in; `None` is the root.
fn parent(name: &str) -> Option<&str> {
    name.rsplit_once('/').map(|(directory, _)| directory)
}
