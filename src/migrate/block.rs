//! The settings of one block of a file, and their values by type.

use serde_json::Value;

use super::Entry;
use super::error::MigrateError;

/// The settings of one block.
pub(super) struct Block<'e> {
    pub(super) file: &'e str,
    pub(super) entries: &'e [Entry],
    pub(super) block: usize,
}

impl Block<'_> {
    /// The entry of a name, where it is given here.
    pub(super) fn find(&self, name: &str) -> Option<(usize, &Entry)> {
        self.entries.iter().enumerate().find(|(_, entry)| entry.name == name && entry.block == self.block)
    }

    /// Whether a name is given here.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value of a name, where it is given here.
    pub(super) fn value(&self, name: &str) -> Result<Option<(usize, &Value)>, MigrateError> {
        let Some((index, entry)) = self.find(name) else { return Ok(None) };
        match &entry.value {
            Ok(value) => Ok(Some((index, value))),
            Err(_) => Err(MigrateError::NotLiteral {
                file: self.file.to_owned(),
                line: entry.line,
                name: entry.spelled.clone(),
            }),
        }
    }

    /// The error for a value of another type.
    pub(super) fn wrong(&self, index: usize, expected: &'static str) -> MigrateError {
        let entry = &self.entries[index];
        MigrateError::WrongType {
            file: self.file.to_owned(),
            line: entry.line,
            name: entry.spelled.clone(),
            expected,
        }
    }

    /// A value that is text; `None` of Python is empty text.
    pub(super) fn text(&self, name: &str) -> Result<Option<(usize, String)>, MigrateError> {
        match self.value(name)? {
            Some((index, Value::String(text))) => Ok(Some((index, text.clone()))),
            Some((index, Value::Null)) => Ok(Some((index, String::new()))),
            Some((index, _)) => Err(self.wrong(index, "text")),
            None => Ok(None),
        }
    }

    /// A value that is a switch.
    pub(super) fn truth(&self, name: &str) -> Result<Option<(usize, bool)>, MigrateError> {
        match self.value(name)? {
            Some((index, value)) => match truth(value) {
                Some(is) => Ok(Some((index, is))),
                None => Err(self.wrong(index, "`True` or `False`")),
            },
            None => Ok(None),
        }
    }

    /// A value that is a port, or none.
    pub(super) fn port(&self, name: &str) -> Result<Option<(usize, Option<u64>)>, MigrateError> {
        match self.value(name)? {
            Some((index, Value::Null)) => Ok(Some((index, None))),
            Some((index, Value::Number(number))) if number.is_u64() => Ok(Some((index, number.as_u64()))),
            Some((index, Value::String(text))) => match text.parse() {
                Ok(port) => Ok(Some((index, Some(port)))),
                Err(_) => Err(self.wrong(index, "a number")),
            },
            Some((index, _)) => Err(self.wrong(index, "a number")),
            None => Ok(None),
        }
    }

    /// How an entry is spelled in the file.
    pub(super) fn spelled(&self, index: usize) -> &str {
        &self.entries[index].spelled
    }
}

/// What counts as true in any kind of file.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        Value::Bool(is) => Some(*is),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
