//! Lays the layers over each other: flag > `--set` > `[storages.NAME]` > what the class fixes > environment >
//! top level of the file > AWS's own environment > default. Nothing is lost: what is wrong is kept beside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde_json::Value;

use super::Backend;
use super::document::{Document, unknown};
use super::environment;
use super::error::SettingsError;
use super::file::{self, SettingsFile};
use super::imported::Imported;
use super::layer::{Layer, Origin, RawValue, Source};
use super::overlap;
use super::register::{self, Setting};
use super::words;
use crate::error::Problem;

/// What a run is told, by the binary. `Debug` tells no values.
pub struct Given<'a> {
    /// Flags that are settings.
    pub flags: Layer,
    /// `--set NAME=VALUE`, as typed.
    pub sets: &'a [String],
    /// The environment.
    pub environment: &'a BTreeMap<String, String>,
    /// `--config`.
    pub config: Option<&'a Path>,
    /// What takes the place of a file (`--django`).
    pub imported: Option<&'a Imported>,
    /// The current directory, absolute.
    pub directory: &'a Path,
    /// The home directory.
    pub home: Option<&'a Path>,
    /// Whether there is a `./static`, for a hint.
    pub static_dir_exists: bool,
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each variable, and each `--set`, may be a secret.
        let names = self.environment.keys();
        write!(formatter, "Given({:?}, config {:?}, environment {names:?})", self.flags, self.config)
    }
}

impl<'a> Given<'a> {
    /// What a program has that is not told anything by flags: an environment and a directory. What else there is goes
    /// over it: `Given { sets: &sets, ..Given::new(&environment, directory) }`.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use std::path::Path;
    ///
    /// use s3collect::settings::{Given, Needs, load};
    ///
    /// let environment = BTreeMap::from([("AWS_STORAGE_BUCKET_NAME".to_owned(), "acme".to_owned())]);
    /// let given = Given::new(&environment, Path::new("/srv/site"));
    /// let loaded = load(given, Needs { bucket: true, sources: false }).expect("a bucket is named");
    /// assert_eq!(loaded.settings.connection.bucket, "acme");
    /// ```
    #[must_use]
    pub fn new(environment: &'a BTreeMap<String, String>, directory: &'a Path) -> Self {
        Self {
            flags: Layer::new(Source::Flag),
            sets: &[],
            environment,
            config: None,
            imported: None,
            directory,
            home: None,
            static_dir_exists: false,
        }
    }
}

/// Every value with its origin, and all that is wrong so far.
#[derive(Debug)]
pub struct Combined {
    /// The file that was read, if any.
    pub file: Option<SettingsFile>,
    /// Which `[storages.NAME]` counts.
    pub storage: String,
    /// Which class.
    pub(super) backend: Backend,
    /// What counts, by name; settings that nobody gave are not in here.
    pub(super) values: BTreeMap<&'static str, RawValue>,
    /// Names that were given a value that cannot be used.
    pub(super) broken: BTreeSet<&'static str>,
    /// What is wrong.
    pub(super) errors: Vec<SettingsError>,
    /// What is odd.
    pub(super) warnings: Vec<Problem>,
    /// Whether there is a `./static`.
    pub(super) static_dir_exists: bool,
}

/// Settings whose absence is an error.
const NOT_TO_BE_MISSED: [&str; 4] = ["bucket_name", "sources", "access_key", "secret_key"];

/// Reads every place and lays what they say over each other.
#[must_use]
pub fn combine(given: Given<'_>) -> Combined {
    let mut errors = Vec::new();
    let mut broken = BTreeSet::new();
    let (file, mut document) = match given.imported {
        Some(imported) => (None, imported.document()),
        None => read_file(&given, &mut errors),
    };
    let place = given.imported.map(|imported| &imported.module).or(file.as_ref().map(|file| &file.name));
    let mut layers = vec![
        given.flags,
        set_layer(given.sets),
        environment::layer(given.environment),
        document.top,
        environment::aws_layer(given.environment),
    ];
    let storage = pick_storage(&layers);
    if errors.is_empty() {
        errors.extend(unknown_storage(&layers, &storage, &document.storages, place));
    }
    if !errors.is_empty() {
        // What the file, or the storage that was meant, might have said is not missed besides.
        broken.extend(NOT_TO_BE_MISSED);
    }
    let mut warnings = environment::strangers(given.environment);
    if let Some(imported) = given.imported {
        let of_storage = imported.storages.get(&storage).map(|storage| &storage.warnings);
        warnings.extend(imported.warnings.iter().chain(of_storage.into_iter().flatten()).cloned());
    }
    if errors.is_empty() {
        warnings.extend(overlap::warnings(&layers, &document.storages, &storage));
    }
    if let Some(layer) = document.storages.remove(&storage) {
        layers.push(layer);
    }
    let backend = pick_backend(&layers, &mut errors);
    layers.extend(class_layer(backend));
    layers.sort_by_key(|layer| layer.source);
    add_ignore_patterns(&mut layers);
    let mut combined = Combined {
        file,
        storage,
        backend,
        values: BTreeMap::new(),
        broken,
        errors,
        warnings,
        static_dir_exists: given.static_dir_exists,
    };
    for layer in layers {
        combined.lay_under(layer);
    }
    // Storages that are not asked for must be right all the same.
    combined.errors.extend(document.storages.into_values().flat_map(|layer| layer.errors));
    combined.warnings.extend(combined.client_warnings());
    combined
}

/// The file that counts, and what it says.
fn read_file(given: &Given<'_>, errors: &mut Vec<SettingsError>) -> (Option<SettingsFile>, Document) {
    let file = file::find(given.config, given.directory, given.home).unwrap_or_else(|error| {
        errors.push(error);
        None
    });
    let document = file.as_ref().map_or(Ok(Document::empty()), Document::parse).unwrap_or_else(|error| {
        errors.push(error);
        Document::empty()
    });
    (file, document)
}

impl Combined {
    /// What counts for a setting, where somebody gave it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&RawValue> {
        self.values.get(name)
    }

    /// What is odd, whether or not anything is wrong.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Where the value of a setting comes from.
    #[must_use]
    pub fn origin(&self, name: &str) -> Origin {
        self.value(name).map_or(Origin::Default, |value| value.origin.clone())
    }

    fn lay_under(&mut self, layer: Layer) {
        self.broken.extend(layer.broken);
        self.errors.extend(layer.errors);
        for (name, lower) in layer.values {
            match self.values.get(name) {
                None => {
                    self.values.insert(name, lower);
                }
                Some(upper) => {
                    self.warnings.extend(lost(name, upper, &lower));
                }
            }
        }
    }
}

/// `--ignore` adds to what the next place below says, as collectstatic's adds to the app's patterns.
fn add_ignore_patterns(layers: &mut [Layer]) {
    let Some((flags, others)) = layers.split_first_mut().filter(|(first, _)| first.source == Source::Flag)
    else {
        return;
    };
    let name = "ignore_patterns";
    let below = others.iter().find_map(|layer| layer.values.get(name)).map(|value| &value.value);
    if let (Some(RawValue { value: Value::Array(patterns), .. }), Some(Value::Array(more))) =
        (flags.values.get_mut(name), below)
    {
        patterns.extend(more.iter().cloned());
    }
}

/// The warning about a variable that `[storages.NAME]` hides.
fn lost(name: &str, upper: &RawValue, lower: &RawValue) -> Option<Problem> {
    match (&upper.origin, &lower.origin) {
        (Origin::Storage { .. } | Origin::Project { .. }, Origin::Environment(_))
            if upper.value != lower.value =>
        {
            Some(
                Problem::new(format!("{} is not used", lower.origin))
                    .with_note(format!("{} comes before it", upper.origin.subject(name))),
            )
        }
        _ => None,
    }
}

fn set_layer(sets: &[String]) -> Layer {
    let mut layer = Layer::new(Source::Set);
    for set in sets {
        match set.split_once('=') {
            None => layer.errors.push(SettingsError::SetWithoutValue),
            Some((name, text)) => match register::find(name.trim()) {
                Some(setting) => {
                    layer.give_text(setting, text, Origin::Flag(format!("--set {}", setting.name)))
                }
                None => layer.errors.push(unknown(name, format!("`{name}` in `--set`"))),
            },
        }
    }
    layer
}

/// The value that would count if there were no `[storages]`.
fn peek<'l>(layers: &'l [Layer], name: &str) -> Option<(&'l RawValue, &'l str)> {
    let layer =
        layers.iter().filter(|layer| layer.values.contains_key(name)).min_by_key(|layer| layer.source)?;
    let value = layer.values.get(name)?;
    Some((value, value.value.as_str()?))
}

fn row(name: &str) -> &'static Setting {
    register::find(name).expect("the register has the rows that the code names")
}

fn pick_storage(layers: &[Layer]) -> String {
    let default = row("storage").default_value();
    let default = default.as_ref().and_then(Value::as_str);
    peek(layers, "storage").map_or(default.unwrap_or_default(), |(_, storage)| storage).to_owned()
}

/// Every storage but the default one must be in the file.
fn unknown_storage(
    layers: &[Layer],
    storage: &str,
    storages: &BTreeMap<String, Layer>,
    place: Option<&String>,
) -> Option<SettingsError> {
    let (value, _) = peek(layers, "storage")?;
    if storages.contains_key(storage) || row("storage").default_value() == Some(Value::from(storage)) {
        return None;
    }
    Some(SettingsError::UnknownStorage {
        subject: value.origin.subject("storage"),
        storage: storage.to_owned(),
        reason: place.map_or_else(
            || "and there is no settings file".to_owned(),
            |place| format!("which `{place}` does not have"),
        ),
        known: storages.keys().cloned().collect(),
    })
}

fn pick_backend(layers: &[Layer], errors: &mut Vec<SettingsError>) -> Backend {
    let Some((value, text)) = peek(layers, "backend") else {
        return Backend::S3StaticStorage;
    };
    let subject = || value.origin.subject("backend");
    match Backend::named(text) {
        Some(backend) => backend,
        None => {
            let nearest = words::nearest(text, ["S3StaticStorage", "S3ManifestStaticStorage", "S3Storage"]);
            errors.push(SettingsError::UnknownBackend {
                subject: subject(),
                class: text.to_owned(),
                nearest,
            });
            Backend::S3StaticStorage
        }
    }
}

/// The two static classes never sign URLs, whatever the environment and the file's top level say.
fn class_layer(backend: Backend) -> Option<Layer> {
    (backend != Backend::S3Storage).then(|| {
        let mut layer = Layer::new(Source::Class);
        let origin = Origin::Class(backend.class());
        layer.give_value(row("querystring_auth"), Value::from(false), origin, BTreeMap::new());
        layer
    })
}
