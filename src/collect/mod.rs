//! Walks the static dirs in order: the first of a name wins, ignore patterns and the symlink policy apply.
//! May not touch file contents or the network.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::name::AssetName;

/// What the static dirs hold.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// One file for each name, sorted by name.
    pub files: Vec<CollectedFile>,
    /// Files that an earlier source hides, in the order of the walk.
    pub shadowed: Vec<Shadowed>,
    /// Groups of names that differ only by case or Unicode normalisation; all of them are stored.
    pub look_alikes: Vec<Vec<AssetName>>,
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
