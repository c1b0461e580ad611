//! What the manifests of bundlers look like, and which files they name.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What is wrong with a document.
#[derive(Debug)]
pub(super) enum Misfit {
    /// It is no JSON.
    Syntax(serde_json::Error),
    /// The build that it tells of is under way, or failed; its status.
    Unfinished(String),
    /// It is none of those that are known.
    Unknown,
}

/// What a file is made of → the file, as a manifest has them.
type Entries<'a> = Vec<(&'a str, &'a str)>;

/// The files of a manifest whose names carry a hash, as it spells them.
pub(super) fn hashed_files(document: &[u8]) -> Result<BTreeSet<String>, Misfit> {
    let document: Value = serde_json::from_slice(document).map_err(Misfit::Syntax)?;
    let fields = document.as_object().ok_or(Misfit::Unknown)?;
    let entries = match fields.get("status").and_then(Value::as_str) {
        Some("done") => tracked(fields),
        Some(status @ ("initialized" | "compile" | "compiling" | "error")) => {
            return Err(Misfit::Unfinished(status.to_owned()));
        }
        _ => vite(fields).or_else(|| flat(fields.get("files").and_then(Value::as_object).unwrap_or(fields))),
    };
    let mut entries = entries.ok_or(Misfit::Unknown)?;
    // A file that is called like what it is made of, such as another manifest, has most likely no hash.
    let plain: BTreeSet<&str> = entries
        .iter()
        .filter(|(key, file)| stem(key) == stem(file) && !shows_a_hash(stem(file)))
        .map(|(_, file)| *file)
        .collect();
    entries.retain(|(_, file)| !plain.contains(file));
    Ok(entries.into_iter().map(|(_, file)| file.to_owned()).collect())
}

/// Vite's: `{"src/main.js": {"file": …, "name": …, "css": […], "assets": […]}}`. Its `imports` are keys.
fn vite(fields: &Map<String, Value>) -> Option<Entries<'_>> {
    let mut entries = Entries::new();
    for (key, entry) in fields {
        let key = entry.get("name").and_then(Value::as_str).unwrap_or(key);
        entries.push((key, entry.get("file")?.as_str()?));
        for list in ["css", "assets"].into_iter().filter_map(|list| entry.get(list)) {
            for file in list.as_array()? {
                entries.push((key, file.as_str()?));
            }
        }
    }
    Some(entries)
}

/// Those of webpack-manifest-plugin (`{"main.js": "/static/main.HASH.js"}`) and webpack-assets-manifest
/// (`{"main.js": {"src": …, "integrity": …}}`), which may have `entrypoints` besides.
fn flat(fields: &Map<String, Value>) -> Option<Entries<'_>> {
    let files = fields.iter().filter(|(key, entry)| *key != "entrypoints" || entry.is_string());
    files
        .map(|(key, entry)| Some((key.as_str(), entry.as_str().or_else(|| entry.get("src")?.as_str())?)))
        .collect()
}

/// Those of webpack-bundle-tracker: `{"status": "done", "assets": {"main.HASH.js": {"name": …}}, "chunks": …}`; before
/// its version 1 the chunks have what is in `assets` now.
fn tracked(fields: &Map<String, Value>) -> Option<Entries<'_>> {
    let chunks = fields.get("chunks")?.as_object()?;
    let files = match fields.get("assets") {
        Some(assets) => assets.as_object()?.values().collect::<Vec<&Value>>(),
        None => chunks.values().filter_map(Value::as_array).flatten().collect(),
    };
    files.into_iter().map(|file| file.get("name")?.as_str().map(|name| (name, name))).collect()
}

/// A base name without its last extension.
fn stem(name: &str) -> &str {
    let base_name = name.rsplit('/').next().unwrap_or_default();
    base_name.rsplit_once('.').map_or(base_name, |(stem, _)| stem)
}

/// Whether eight hex digits or more stand by themselves in a name, a digit among them.
fn shows_a_hash(name: &str) -> bool {
    name.split(|character: char| !character.is_ascii_alphanumeric()).any(|part| {
        part.len() >= 8
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_digit())
    })
}
