//! Takes a settings file apart into layers, one for its top level and one for each `[storages.NAME]`, keeping
//! the line of every name. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::SettingsError;
use super::file::SettingsFile;
use super::kind::Kind;
use super::layer::{Layer, Origin, Place, Source};
use super::prehashed;
use super::register::{self, Setting, Status};
use super::syntax::{self, NoToml};

/// What a file says.
#[derive(Debug)]
pub(super) struct Document {
    /// Outside `[storages]`.
    pub(super) top: Layer,
    /// `[storages.NAME]` by NAME.
    pub(super) storages: BTreeMap<String, Layer>,
}

impl Document {
    /// A document that says nothing.
    pub(super) fn empty() -> Self {
        Self { top: Layer::new(Source::File), storages: BTreeMap::new() }
    }

    /// Takes a file apart; what is wrong with it stands in the layers.
    ///
    /// # Errors
    /// [`SettingsError::Syntax`] where it is no TOML.
    pub(super) fn parse(file: &SettingsFile) -> Result<Self, SettingsError> {
        let reader = Reader { file };
        let root = syntax::parse(&file.text).map_err(|error| reader.syntax(error))?;
        let table = if file.in_pyproject { tool_table(root.get_ref()) } else { Some(root.get_ref()) };
        let mut document = Self::empty();
        for (key, value) in table.into_iter().flat_map(in_order) {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("storages", DeValue::Table(storages)) => reader.storages(storages, &mut document),
                _ => reader.entry(&mut document.top, key, value, Origin::File),
            }
        }
        Ok(document)
    }
}

type Key<'t> = Spanned<std::borrow::Cow<'t, str>>;

fn tool_table<'t, 'i>(root: &'t DeTable<'i>) -> Option<&'t DeTable<'i>> {
    root.get("tool")?.get_ref().as_table()?.get("s3collect")?.get_ref().as_table()
}

/// Entries as they stand in the file, so that errors come in its order.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

struct Reader<'f> {
    file: &'f SettingsFile,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.file.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    fn place(&self, offset: usize) -> Place {
        Place { file: self.file.name.clone(), line: self.line(offset) }
    }

    fn syntax(&self, NoToml { offset, problem }: NoToml) -> SettingsError {
        SettingsError::Syntax { place: self.place(offset).to_string(), problem }
    }

    fn storages(&self, storages: &DeTable<'_>, document: &mut Document) {
        for (name, value) in in_order(storages) {
            let mut layer = Layer::new(Source::Storage);
            let storage = name.get_ref().to_string();
            let origin = |place| Origin::Storage { storage: storage.clone(), place };
            match value.get_ref() {
                DeValue::Table(fields) => self.storage(&mut layer, fields, &origin),
                other => layer.errors.push(SettingsError::WrongType {
                    subject: Origin::File(self.place(name.span().start))
                        .subject(&format!("storages.{storage}")),
                    expected: "a table".to_owned(),
                    found: format!("a {}", other.type_str()),
                    default: None,
                }),
            }
            document.storages.insert(storage, layer);
        }
    }

    /// Settings may stand directly in `[storages.NAME]`, or in its `options` as in Django's `STORAGES`.
    fn storage(&self, layer: &mut Layer, fields: &DeTable<'_>, origin: &impl Fn(Place) -> Origin) {
        for (key, value) in in_order(fields) {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("options" | "OPTIONS", DeValue::Table(options)) => self.storage(layer, options, origin),
                ("BACKEND", value) => {
                    let row = register::find("backend").expect("`backend` is in the register");
                    layer.give_value(
                        row,
                        plain(value),
                        origin(self.place(key.span().start)),
                        BTreeMap::new(),
                    );
                }
                ("storage", _) => layer.errors.push(SettingsError::StorageInStorage {
                    subject: origin(self.place(key.span().start)).subject("storage"),
                }),
                _ => self.entry(layer, key, value, origin),
            }
        }
    }

    fn entry(
        &self,
        layer: &mut Layer,
        key: &Key<'_>,
        value: &Spanned<DeValue<'_>>,
        origin: impl Fn(Place) -> Origin,
    ) {
        let name = key.get_ref().as_ref();
        let origin = origin(self.place(key.span().start));
        let Some(setting) = register::find(name) else {
            layer.errors.push(unknown(name, origin.subject(name)));
            return;
        };
        let mut lines = BTreeMap::new();
        self.lines(value, "", &mut lines);
        let value = from_directory(setting, plain(value.get_ref()), &self.file.directory);
        layer.give_value(setting, value, origin, lines);
    }

    /// The line of each part of a value, by JSON pointer.
    fn lines(&self, value: &Spanned<DeValue<'_>>, pointer: &str, lines: &mut BTreeMap<String, usize>) {
        match value.get_ref() {
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let pointer = format!("{pointer}/{index}");
                    lines.insert(pointer.clone(), self.line(item.span().start));
                    self.lines(item, &pointer, lines);
                }
            }
            DeValue::Table(fields) => {
                for (key, field) in fields {
                    let pointer = format!("{pointer}/{}", key.get_ref());
                    lines.insert(pointer.clone(), self.line(key.span().start));
                    self.lines(field, &pointer, lines);
                }
            }
            _ => {}
        }
    }
}

/// The error for a name that no setting has; one that Django's settings have is told by its name here.
pub(super) fn unknown(name: &str, subject: String) -> SettingsError {
    match register::find_in_environment(name) {
        Some(row @ Setting { status: Status::Removed { why, instead }, .. }) => {
            SettingsError::Removed { subject, why, instead, legacy: row.is_legacy() }
        }
        Some(setting) => {
            SettingsError::Unknown { subject, hint: format!("its name here is `{}`", setting.name) }
        }
        None => SettingsError::Unknown {
            subject,
            hint: match register::nearest(name) {
                Some(near) => format!("the nearest name is `{}`", near.name),
                None => "`s3collect settings show --all` lists them all".to_owned(),
            },
        },
    }
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::from(number.to_string()), Value::from),
        DeValue::Float(number) => {
            number.as_str().parse::<f64>().map_or_else(|_| Value::from(number.to_string()), Value::from)
        }
        DeValue::Boolean(is) => Value::from(*is),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| plain(item.get_ref())).collect(),
        DeValue::Table(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref())))
                .collect::<Map<_, _>>(),
        ),
    }
}

/// Relative paths of a file are relative to the file.
fn from_directory(setting: &Setting, value: Value, directory: &Path) -> Value {
    let joined = |text: String| Value::from(directory.join(text).display().to_string());
    match (setting.kind, value) {
        (Kind::Path | Kind::BooleanOrPath, Value::String(text)) => joined(text),
        (Kind::Prehashed, Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) if prehashed::is_path(&text) => joined(text),
                item => item,
            })
            .collect(),
        (Kind::Sources, Value::Array(items)) => {
            items.into_iter().map(|item| source_from_directory(item, &joined)).collect()
        }
        (_, value) => value,
    }
}

fn source_from_directory(mut source: Value, joined: &impl Fn(String) -> Value) -> Value {
    let dir = match &mut source {
        Value::Array(pair) => pair.get_mut(1),
        Value::Object(fields) => fields.get_mut("dir"),
        text => Some(text),
    };
    if let Some(dir) = dir
        && let Value::String(text) = dir
    {
        *dir = joined(std::mem::take(text));
    }
    source
}
