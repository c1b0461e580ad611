//! One place that settings come from, checked value by value against the register, and where in it each value
//! stands. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::error::SettingsError;
use super::kind::{Kind, Mismatch};
use super::mask;
use super::register::{Setting, Status};

/// Where a layer comes from. The order is that of precedence: what is less wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A flag of its own.
    Flag,
    /// `--set`.
    Set,
    /// `[storages.NAME]` of the file.
    Storage,
    /// What the backend class fixes.
    Class,
    /// The environment, by django-storages' names and ours.
    Environment,
    /// The top level of the file.
    File,
    /// The environment, by names that the AWS tools read.
    AwsEnvironment,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as a person would name it from the current directory.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}:{}`", self.file, self.line)
    }
}

/// Where one value comes from; prints as a person would say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag as it is typed, without its value.
    Flag(String),
    /// A variable.
    Environment(String),
    /// A line in a `[storages.NAME]`.
    Storage {
        /// NAME.
        storage: String,
        /// The line.
        place: Place,
    },
    /// A storage of a Django project.
    Project {
        /// Its settings module.
        module: String,
        /// The name of the storage.
        storage: String,
    },
    /// A class of django-storages that leaves no choice.
    Class(&'static str),
    /// A line of the file, outside `[storages]`.
    File(Place),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(formatter, "flag `{flag}`"),
            Self::Environment(name) => write!(formatter, "`{name}` in the environment"),
            Self::Storage { storage, place } => write!(formatter, "`[storages.{storage}]` in {place}"),
            Self::Project { module, storage } => write!(formatter, "the storage `{storage}` of `{module}`"),
            Self::Class(class) => write!(formatter, "the class `{class}`"),
            Self::File(place) => place.fmt(formatter),
            Self::Default => formatter.write_str("default"),
        }
    }
}

impl Origin {
    /// The beginning of a message about a name at this place: its spelling, and where it stands.
    #[must_use]
    pub fn subject(&self, name: &str) -> String {
        match self {
            Self::Flag(_) | Self::Environment(_) => self.to_string(),
            Self::Storage { storage, place } => format!("`{name}` in `[storages.{storage}]` ({place})"),
            Self::Project { .. } | Self::Class(_) | Self::File(_) => format!("`{name}` in {self}"),
            Self::Default => format!("`{name}`"),
        }
    }

    /// The same place, at another line of its file.
    #[must_use]
    pub fn at_line(&self, line: Option<usize>) -> Self {
        let mut moved = self.clone();
        if let (Self::Storage { place, .. } | Self::File(place), Some(line)) = (&mut moved, line) {
            place.line = line;
        }
        moved
    }
}

/// A value of its setting's kind. Its `Debug` tells where it comes from, never what it is.
#[derive(Clone, PartialEq)]
pub struct RawValue {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
    /// Where in the file its parts stand, by JSON pointer (`/0/match`); empty outside files.
    pub lines: BTreeMap<String, usize>,
}

impl fmt::Debug for RawValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RawValue(from {})", self.origin)
    }
}

/// What one place says, and what is wrong with it.
#[derive(Debug)]
pub struct Layer {
    /// Which place.
    pub source: Source,
    /// By name as files spell it.
    pub values: BTreeMap<&'static str, RawValue>,
    /// Names that were given a value that cannot be used.
    pub broken: BTreeSet<&'static str>,
    /// Why not.
    pub errors: Vec<SettingsError>,
}

impl Layer {
    /// A layer that says nothing.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source, values: BTreeMap::new(), broken: BTreeSet::new(), errors: Vec::new() }
    }

    /// Takes a value as text: flags, `--set`, the environment.
    pub fn give_text(&mut self, setting: &'static Setting, text: &str, origin: Origin) {
        let value = setting.kind.read(text);
        let found = || found_text(setting, text);
        self.give(setting, value, found, origin, BTreeMap::new());
    }

    /// Takes a value that has a type: files, flags that are lists or switches.
    pub fn give_value(
        &mut self,
        setting: &'static Setting,
        value: Value,
        origin: Origin,
        lines: BTreeMap<String, usize>,
    ) {
        let found = found_value(setting, &value);
        self.give(setting, setting.kind.check(value), || found, origin, lines);
    }

    fn give(
        &mut self,
        setting: &'static Setting,
        value: Result<Value, Mismatch>,
        found: impl FnOnce() -> String,
        origin: Origin,
        lines: BTreeMap<String, usize>,
    ) {
        let on_command_line = matches!(origin, Origin::Flag(_));
        let error = match (setting.status, value) {
            (Status::Removed { why, instead }, _) => {
                let (subject, legacy) = (origin.subject(setting.name), setting.is_legacy());
                SettingsError::Removed { subject, why, instead, legacy }
            }
            (_, Ok(value)) if on_command_line && (setting.secret || mask::holds_secret(&value)) => {
                SettingsError::SecretOnCommandLine {
                    subject: origin.subject(setting.name),
                    environment: setting.environment.first().copied().unwrap_or_default(),
                    part: (!setting.secret).then_some("SSECustomerKey"),
                }
            }
            (_, Ok(value)) => {
                self.values.insert(setting.name, RawValue { value, origin, lines });
                return;
            }
            (_, Err(expected)) => SettingsError::WrongType {
                subject: origin.subject(setting.name),
                expected: expected.to_string(),
                found: found(),
                default: match setting.kind {
                    Kind::Boolean | Kind::WholeNumber { .. } | Kind::Choice(_)
                        if !setting.default.is_empty() =>
                    {
                        Some(setting.default)
                    }
                    _ => None,
                },
            },
        };
        self.broken.insert(setting.name);
        self.errors.push(error);
    }
}

/// What stands there instead, for a message: text only where it cannot be a secret.
fn found_text(setting: &Setting, text: &str) -> String {
    match setting.kind {
        Kind::Boolean | Kind::WholeNumber { .. } | Kind::Choice(_) if !setting.secret => quoted(text),
        _ => "something else".to_owned(),
    }
}

fn found_value(setting: &Setting, value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) if !setting.secret => quoted(&value.to_string()),
        Value::String(text) => match found_text(setting, text) {
            shown if shown.starts_with('`') => format!("the text {shown}"),
            _ => "text".to_owned(),
        },
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Array(_) => match setting.kind {
            Kind::List | Kind::Prehashed | Kind::Sources | Kind::Rules => "another list".to_owned(),
            _ => "a list".to_owned(),
        },
        Value::Object(_) => "a dictionary".to_owned(),
    }
}

/// Text in backticks, control characters escaped, cut where it is long.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(60).flat_map(escaped).collect();
    if text.chars().count() > 60 { format!("`{shown}…`") } else { format!("`{shown}`") }
}

fn escaped(character: char) -> impl Iterator<Item = char> {
    let (plain, escape) = if character.is_control() {
        (None, Some(character.escape_default()))
    } else {
        (Some(character), None)
    };
    plain.into_iter().chain(escape.into_iter().flatten())
}
