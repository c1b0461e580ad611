//! Writes what a project says as a settings file of ours.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::DjangoError;
use crate::settings::register::{self, Setting};
use crate::settings::show::toml_text;
use crate::settings::{Imported, ImportedStorage, Kind, is_secret};

/// A settings file, and where its paths start.
#[derive(Debug)]
pub struct Written {
    /// The whole of it.
    pub text: String,
    /// How many storages it has.
    pub storages: usize,
}

/// Where paths start: those of a project at its directory, those of a file where it stands.
struct Start {
    directory: PathBuf,
    /// How deep below the directory the file is; `None` for elsewhere.
    depth: Option<usize>,
}

impl Written {
    /// The file for a project in `directory`, which will stand at `out`, or in the directory itself.
    #[must_use]
    pub fn new(imported: &Imported, directory: &Path, out: Option<&Path>) -> Self {
        let start = Start::new(directory, out);
        let mut text = format!("# From Django's `{}`, by `s3collect settings import`.\n", imported.module);
        for (name, storage) in &imported.storages {
            text += &format!("\n[storages.{}]\n", key(name));
            text += &lines(storage, &start);
        }
        Self { text, storages: imported.storages.len() }
    }
}

/// A name as TOML has it before a dot.
fn key(name: &str) -> String {
    let bare = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { toml_text(&Value::from(name)) }
}

fn lines(storage: &ImportedStorage, start: &Start) -> String {
    let mut lines = String::new();
    for row in register::all() {
        let value = storage.values.get(row.name);
        if storage.left_out.contains(&row.name) || value.is_some_and(|value| is_secret(row, value)) {
            let variable = row.environment.first().copied().unwrap_or_default();
            lines += &format!("# `{}` is a secret: set `{variable}` in the environment\n", row.name);
        } else if let Some(value) = value {
            lines += &format!("{} = {}\n", row.name, written(row, value, start));
        }
    }
    lines
}

fn written(row: &Setting, value: &Value, start: &Start) -> String {
    match (row.kind, value) {
        (Kind::Path | Kind::BooleanOrPath, Value::String(path)) => toml_text(&Value::from(start.path(path))),
        (Kind::Sources, Value::Array(items)) => {
            let items = items.iter().map(|item| match item {
                Value::Array(pair) if pair.len() == 2 => Value::from(vec![
                    pair[0].clone(),
                    Value::from(start.path(pair[1].as_str().unwrap_or_default())),
                ]),
                other => Value::from(start.path(other.as_str().unwrap_or_default())),
            });
            let items: String = items.map(|item| format!("    {},\n", toml_text(&item))).collect();
            format!("[\n{items}]")
        }
        _ => toml_text(value),
    }
}

impl Start {
    fn new(directory: &Path, out: Option<&Path>) -> Self {
        let physical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let root = physical(directory);
        let depth = match out.map(|out| directory.join(out)).as_deref().and_then(Path::parent) {
            Some(folder) => physical(folder).strip_prefix(&root).ok().map(|below| below.components().count()),
            None => Some(0),
        };
        Self { directory: root, depth }
    }

    /// A path of the project, as the file has it.
    fn path(&self, path: &str) -> String {
        match self.depth {
            _ if Path::new(path).is_absolute() => path.to_owned(),
            Some(depth) => format!("{}{path}", "../".repeat(depth)),
            None => self.directory.join(path).display().to_string(),
        }
    }
}

/// Puts a file where there is none; it appears whole.
///
/// # Errors
/// [`DjangoError::Unwritable`], and where there is one already.
pub fn write_file(path: &Path, text: &str) -> Result<(), DjangoError> {
    let unwritable = |source| DjangoError::Unwritable { file: path.display().to_string(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any new file: it holds no secrets.
    let permissions = Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    let mut file =
        builder.prefix(".s3collect-").permissions(permissions).tempfile_in(folder).map_err(unwritable)?;
    file.write_all(text.as_bytes()).map_err(unwritable)?;
    file.persist_noclobber(path).map_err(|error| unwritable(error.error))?;
    Ok(())
}
