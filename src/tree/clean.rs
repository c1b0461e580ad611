//! `--clean`: removes what a run did not write.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use super::TreeError;

/// Refuses a directory that holds files and was not written by a run before.
pub(super) fn check(out: &Path, manifest_name: &str) -> Result<(), TreeError> {
    let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if is_empty || out.join(manifest_name).is_file() {
        return Ok(());
    }
    Err(TreeError::Foreign { out: out.to_owned(), manifest_name: manifest_name.to_owned() })
}

/// Removes files that are not to be kept, then directories that are empty; how many files it removed. Links are
/// removed, never followed.
pub(super) fn clean(out: &Path, keep: &BTreeSet<&str>) -> Result<u64, TreeError> {
    let mut removed = 0;
    for entry in WalkDir::new(out).min_depth(1).contents_first(true) {
        let entry = entry.map_err(|error| TreeError::Remove {
            path: error.path().unwrap_or(out).to_owned(),
            source: error.into(),
        })?;
        let path = entry.path();
        let failed = |source| TreeError::Remove { path: path.to_owned(), source };
        if entry.file_type().is_dir() {
            if fs::read_dir(path).map_err(failed)?.next().is_none() {
                fs::remove_dir(path).map_err(failed)?;
            }
            continue;
        }
        let name = path.strip_prefix(out).ok().and_then(Path::to_str);
        if name.is_none_or(|name| !keep.contains(name)) {
            fs::remove_file(path).map_err(failed)?;
            removed += 1;
        }
    }
    Ok(removed)
}
