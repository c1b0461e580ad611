//! What was collected, by name: Django's table of hashed names, and the files and directories that it would find in
//! its storage.

use std::collections::{HashMap, HashSet};

use crate::collect::CollectedFile;
use crate::digest::{ContentHash, hashed_name};
use crate::name::{AssetName, StoredName};
use crate::read::Source;

use super::PostProcessError;

/// All files by the name that Django's table has them under, and all directories that hold one.
#[derive(Debug, Default)]
pub(super) struct Table {
    files: HashMap<String, usize>,
    directories: HashSet<String>,
}

impl Table {
    /// The table of files with these plain names; of two with the same name the first stands in it.
    pub(super) fn new(plain_names: &[StoredName]) -> Self {
        let mut table =
            Self { files: HashMap::with_capacity(plain_names.len()), directories: HashSet::new() };
        for (index, name) in plain_names.iter().enumerate() {
            let name = name.as_str();
            table.files.entry(name.to_owned()).or_insert(index);
            for (slash, _) in name.rmatch_indices('/') {
                if !table.directories.insert(name[..slash].to_owned()) {
                    break;
                }
            }
        }
        table
    }

    /// The file of a name.
    pub(super) fn file(&self, name: &str) -> Option<usize> {
        self.files.get(name).copied()
    }

    /// Whether a name is that of a directory, the root's empty one included.
    pub(super) fn is_directory(&self, name: &str) -> bool {
        name.is_empty() || self.directories.contains(name)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

/// What a file is called, and what its name says of its content.
#[derive(Debug, Clone)]
pub(super) struct Naming {
    /// Of the content as it will be stored; unknown where it depends on others that are not known yet.
    pub(super) hash: ContentHash,
    /// The name with that hash in it.
    pub(super) stored_name: StoredName,
}

impl Naming {
    /// What a file is called whose content has this hash; one whose name has a hash already keeps that name.
    pub(super) fn of(source: &Source, hash: ContentHash) -> Result<Self, PostProcessError> {
        let Source { file, hash: own_hash, prehashed, .. } = source;
        if *prehashed {
            Ok(Self { hash: *own_hash, stored_name: plain_name(file)? })
        } else {
            Self::new(&file.name, hash)
        }
    }

    /// The name that content with this hash is stored under.
    pub(super) fn new(name: &AssetName, hash: ContentHash) -> Result<Self, PostProcessError> {
        let unusable = |hashed: Option<String>| PostProcessError::Name { name: name.clone(), hashed };
        let hashed = hashed_name(name.as_str(), hash).map_err(|_| unusable(None))?;
        match StoredName::normal(&hashed) {
            Ok(stored_name) => Ok(Self { hash, stored_name }),
            Err(_) => Err(unusable(Some(hashed))),
        }
    }
}

/// The name of a file as it is.
pub(super) fn plain_name(file: &CollectedFile) -> Result<StoredName, PostProcessError> {
    let name = &file.name;
    StoredName::plain(name).map_err(|_| PostProcessError::Name { name: name.clone(), hashed: None })
}

/// All results, or all errors.
pub(super) fn all<T>(
    results: impl Iterator<Item = Result<T, PostProcessError>>,
) -> Result<Vec<T>, Vec<PostProcessError>> {
    let (mut found, mut errors) = (Vec::with_capacity(results.size_hint().0), Vec::new());
    for result in results {
        match result {
            Ok(item) => found.push(item),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}
