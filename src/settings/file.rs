//! Finds the settings file: `--config`, else the nearest `s3collect.toml` upward, else `[tool.s3collect]` of the
//! nearest `pyproject.toml`. The only part of the room that touches the file system.

use std::io;
use std::path::{Path, PathBuf};

use super::error::SettingsError;

/// What the file is called where it is looked for.
pub(super) const FILE_NAME: &str = "s3collect.toml";
const PYPROJECT: &str = "pyproject.toml";

/// A settings file that was read.
#[derive(Clone)]
pub struct SettingsFile {
    /// As a person would name it from the current directory.
    pub name: String,
    /// Whether it was found rather than named by `--config`.
    pub found: bool,
    /// What its relative paths are relative to; empty for the current directory.
    pub(super) directory: PathBuf,
    /// Whether the settings stand in `[tool.s3collect]`.
    pub(super) in_pyproject: bool,
    /// The whole text.
    pub(super) text: String,
}

impl std::fmt::Debug for SettingsFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The text may hold secrets.
        write!(formatter, "SettingsFile({})", self.name)
    }
}

/// The file that counts, if there is one.
///
/// # Errors
/// [`SettingsError::FileUnreadable`].
pub(super) fn find(
    config: Option<&Path>,
    directory: &Path,
    home: Option<&Path>,
) -> Result<Option<SettingsFile>, SettingsError> {
    if let Some(path) = config {
        let whole = directory.join(path);
        let missing = || io::Error::new(io::ErrorKind::NotFound, "there is no such file");
        let text = read(&whole).and_then(|text| text.ok_or_else(missing));
        let text = text.map_err(|source| unreadable(path.display().to_string(), source))?;
        return Ok(Some(SettingsFile { found: false, ..settings_file(&whole, directory, text) }));
    }
    let searched = searched(directory, home);
    for name in [FILE_NAME, PYPROJECT] {
        for folder in &searched {
            let path = folder.join(name);
            let text = read(&path).map_err(|source| unreadable(name_from(&path, directory), source))?;
            match text {
                Some(text) if name == FILE_NAME || text.contains("tool.s3collect") => {
                    return Ok(Some(settings_file(&path, directory, text)));
                }
                _ => {}
            }
        }
    }
    Ok(None)
}

/// The directories to look in, nearest first; the last is a repository's root, the home directory or `/`.
fn searched<'a>(directory: &'a Path, home: Option<&Path>) -> Vec<&'a Path> {
    let mut folders = Vec::new();
    for folder in directory.ancestors() {
        folders.push(folder);
        if Some(folder) == home || folder.join(".git").exists() {
            break;
        }
    }
    folders
}

fn settings_file(path: &Path, directory: &Path, text: String) -> SettingsFile {
    let folder = path.parent().unwrap_or(directory);
    SettingsFile {
        name: name_from(path, directory),
        found: true,
        directory: folder.strip_prefix(directory).unwrap_or(folder).to_owned(),
        in_pyproject: path.file_name().is_some_and(|name| name == PYPROJECT),
        text,
    }
}

fn name_from(path: &Path, directory: &Path) -> String {
    path.strip_prefix(directory).unwrap_or(path).display().to_string()
}

fn unreadable(file: String, source: io::Error) -> SettingsError {
    SettingsError::FileUnreadable { file, source }
}

/// The text of a file, `None` where there is none.
#[expect(clippy::disallowed_methods, reason = "the one door from settings to the file system")]
fn read(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test makes the files that it looks for")]
    fn write(path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    fn name_of(directory: &Path, home: Option<&Path>) -> Option<String> {
        find(None, directory, home).expect("readable").map(|file| file.name)
    }

    #[test]
    fn the_nearest_file_counts_up_to_the_repository_or_home() {
        let outer = tempfile::tempdir().expect("a directory");
        let root = outer.path();
        let inner = root.join("site/app");
        fs::create_dir_all(&inner).expect("directories");
        write(root.join("s3collect.toml"), "");
        let far = root.join("s3collect.toml").display().to_string();
        assert_eq!(name_of(&inner, None), Some(far.clone()));
        assert_eq!(name_of(&inner, Some(&root.join("site"))), None);
        assert_eq!(name_of(&inner, Some(root)), Some(far.clone()));

        write(inner.join("pyproject.toml"), "[tool.s3collect]\n");
        assert_eq!(name_of(&inner, None), Some(far));
        fs::create_dir(root.join("site/.git")).expect("a directory");
        assert_eq!(name_of(&inner, None), Some("pyproject.toml".to_owned()));
        write(inner.join("pyproject.toml"), "[tool.black]\n");
        assert_eq!(name_of(&inner, None), None);

        write(inner.join("s3collect.toml"), "");
        assert_eq!(name_of(&inner, None), Some("s3collect.toml".to_owned()));
    }

    #[test]
    fn a_named_file_must_be_there() {
        let folder = tempfile::tempdir().expect("a directory");
        let error = find(Some(Path::new("other.toml")), folder.path(), None).expect_err("no file");
        assert_eq!(error.to_string(), "the settings file `other.toml` cannot be read");
    }

    #[test]
    fn relative_paths_start_at_the_file() {
        let folder = tempfile::tempdir().expect("a directory");
        write(folder.path().join("conf/s3collect.toml"), "");
        let file = find(Some(Path::new("conf/s3collect.toml")), folder.path(), None).expect("readable");
        let file = file.expect("a file");
        assert_eq!(
            (file.name.as_str(), file.directory.as_path()),
            ("conf/s3collect.toml", Path::new("conf"))
        );
    }
}
