//! From what Python told to settings of ours: names, values other than the default, and what is lost on the way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::answer::{Finding, Project, Storage, Told};
use super::{Ask, DjangoError};
use crate::error::Problem;
use crate::settings::register::{self, Setting, Status};
use crate::settings::{Backend, DEFAULT_IGNORE_PATTERNS, Imported, ImportedStorage, Kind};

/// Django's name of the storage of static files.
const STATIC: &str = "staticfiles";

/// The settings of a project.
pub(super) fn imported(ask: &Ask<'_>, project: Project) -> Result<Imported, DjangoError> {
    let Project { static_url, sources, ignore_patterns, storages, project, names, findings } = project;
    let mut warnings: Vec<Problem> = legacy(ask.module, &names).into_iter().collect();
    warnings.extend(findings.iter().map(lost));
    let mut imported = Imported { module: ask.module.to_owned(), storages: BTreeMap::new(), warnings };
    let mut project = Some(project);
    for (name, storage) in storages {
        let read = match Backend::named(storage.backend.as_deref().unwrap_or_default()) {
            Some(backend) => on_s3(backend, &storage.told),
            None if name == STATIC => elsewhere(ask.module, &storage, project.take()),
            None => continue,
        };
        imported.storages.insert(name, read);
    }
    let directory = physical(ask.directory);
    for storage in imported.storages.values_mut() {
        from_directory(&directory, storage);
    }
    let storage = imported.storages.entry(STATIC.to_owned()).or_default();
    let dirs: Vec<Value> = sources
        .iter()
        .map(|source| match (source.prefix.as_str(), relative(&directory, &source.dir)) {
            ("", dir) => json!(dir),
            (prefix, dir) => json!([prefix, dir]),
        })
        .collect();
    give(&mut storage.values, "sources", Value::from(dirs));
    give(&mut storage.values, "static_url", json!(static_url));
    for (name, value) in ignored(ignore_patterns.unwrap_or_default()) {
        give(&mut storage.values, name, value);
    }
    Ok(imported)
}

/// A storage that one of ours stands in for.
fn on_s3(backend: Backend, told: &Told) -> ImportedStorage {
    let mut storage = ImportedStorage::default();
    storage.values.insert("backend", json!(backend.class()));
    take(&mut storage, backend, told);
    storage
}

/// Static files that are not on S3 (yet): the project's settings would be those of the storage that is to come.
fn elsewhere(module: &str, found: &Storage, project: Option<Told>) -> ImportedStorage {
    let backend = if found.manifest { Backend::S3ManifestStaticStorage } else { Backend::S3StaticStorage };
    let mut storage = on_s3(backend, &found.told);
    if let Some(project) = project {
        take(&mut storage, backend, &project);
    }
    storage.warnings.insert(
        0,
        Problem::new(format!("the static files of `{module}` are not on S3, but in `{}`", found.class))
            .with_note(format!("`{}` stands in for it, with `AWS_…` as they are set", backend.class())),
    );
    storage
}

fn take(storage: &mut ImportedStorage, backend: Backend, told: &Told) {
    take_values(storage, backend, &told.settings);
    storage.left_out.extend(
        told.secrets
            .iter()
            .filter(|name| !told.settings.contains_key(*name))
            .filter_map(|name| Some(register::find(name)?.name)),
    );
    storage.warnings.extend(told.findings.iter().map(lost));
}

fn take_values(storage: &mut ImportedStorage, backend: Backend, settings: &Map<String, Value>) {
    for (name, value) in settings {
        let row = register::find(name).or_else(|| register::find_in_environment(name));
        let Some(row) = row.filter(|row| !matches!(row.status, Status::Removed { .. })) else { continue };
        if row.name == "querystring_auth" {
            // The two static classes have another default than the setting.
            // By its name in Django's settings it is nothing to them.
            let usual = backend == Backend::S3Storage;
            if *value != json!(usual) && (usual || name == row.name) {
                storage.values.insert(row.name, value.clone());
            }
        } else {
            give(&mut storage.values, row.name, value.clone());
        }
    }
}

/// Takes a value in that says something.
fn give(values: &mut BTreeMap<&'static str, Value>, name: &'static str, value: Value) {
    let default = register::find(name).and_then(Setting::default_value);
    let says_nothing = matches!(&value, Value::Null) || value == json!("") || value == json!([]);
    if !says_nothing && default.as_ref() != Some(&value) {
        values.insert(name, value);
    }
}

/// Patterns of the app, as ours: those that are there by default, and others.
fn ignored(patterns: Vec<String>) -> Vec<(&'static str, Value)> {
    let usual = |pattern: &String| DEFAULT_IGNORE_PATTERNS.contains(&pattern.as_str());
    if DEFAULT_IGNORE_PATTERNS.iter().all(|usual| patterns.iter().any(|pattern| pattern == usual)) {
        let others: Vec<String> = patterns.into_iter().filter(|pattern| !usual(pattern)).collect();
        return vec![("ignore_patterns", json!(others))];
    }
    vec![("default_ignore", json!(false)), ("ignore_patterns", json!(patterns))]
}

fn lost(finding: &Finding) -> Problem {
    let mut problem = Problem::new(format!("{} cannot be taken over", finding.what));
    problem.causes.extend(finding.cause.clone());
    if finding.name.as_deref() == Some("get_object_parameters") {
        problem.hint = Some("write what it gives as `[[rules]]`, by the names of objects".to_owned());
    }
    problem
}

/// Names that django-storages looks at no more.
fn legacy(module: &str, names: &[String]) -> Option<Problem> {
    let is_legacy = |name: &&String| register::find_in_environment(name).is_some_and(Setting::is_legacy);
    let found: Vec<String> = names.iter().filter(is_legacy).map(|name| format!("`{name}`")).collect();
    (!found.is_empty()).then(|| {
        Problem::new(format!(
            "`{module}` has names of earlier versions of django-storages: {}",
            found.join(", ")
        ))
        .with_hint("`s3collect settings migrate FILE` rewrites what belongs to the boto backend")
    })
}

/// Brings paths to where they start at the project.
fn from_directory(directory: &Path, storage: &mut ImportedStorage) {
    for (name, value) in &mut storage.values {
        let is_path =
            register::find(name).is_some_and(|row| matches!(row.kind, Kind::Path | Kind::BooleanOrPath));
        if let (true, Value::String(path)) = (is_path, value) {
            *path = relative(directory, path);
        }
    }
}

/// The directory as Python sees it.
fn physical(directory: &Path) -> PathBuf {
    directory.canonicalize().unwrap_or_else(|_| directory.to_owned())
}

/// A path below the project's directory without that; any other as it is.
fn relative(directory: &Path, path: &str) -> String {
    match Path::new(path).strip_prefix(directory) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.display().to_string(),
        Err(_) => path.to_owned(),
    }
}
