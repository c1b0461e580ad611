//! Finds the settings in a file of ours: at its top, in `[storages.NAME]` and in their `options`.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::MigrateError;
use super::{Entry, row};
use crate::settings::syntax::{self, NoToml};

/// Whether it is TOML that a settings file could be: Python's assignments look much the same, but for their case.
pub(super) fn looks_like(text: &str) -> bool {
    syntax::parse(text).is_ok_and(|root| {
        let mut names = root.get_ref().keys();
        names.any(|name| name.get_ref().chars().any(|character| character.is_ascii_lowercase()))
    })
}

/// Settings that are given a value, and where comments stand.
pub(super) fn entries(text: &str) -> Result<(Vec<Entry>, Vec<Range<usize>>), MigrateError> {
    let root = syntax::parse(text).map_err(|NoToml { offset, problem }| MigrateError::NoToml {
        line: super::line_of(text, offset),
        problem,
    })?;
    let mut finder = Finder { text, entries: Vec::new() };
    finder.top(tool_table(root.get_ref()).unwrap_or(root.get_ref()))?;
    finder.entries.sort_by_key(|entry| entry.statement.start);
    let mut start = 0;
    let comments = text.split_inclusive('\n').filter_map(|line| {
        let range = start..start + line.len();
        start = range.end;
        line.trim_start().starts_with('#').then_some(range)
    });
    Ok((finder.entries, comments.collect()))
}

/// `[tool.s3collect]`, where it is a `pyproject.toml`.
fn tool_table<'t, 'i>(root: &'t DeTable<'i>) -> Option<&'t DeTable<'i>> {
    root.get("tool")?.get_ref().as_table()?.get("s3collect")?.get_ref().as_table()
}

struct Finder<'t> {
    text: &'t str,
    entries: Vec<Entry>,
}

impl Finder<'_> {
    fn top(&mut self, table: &DeTable<'_>) -> Result<(), MigrateError> {
        self.table(table, 0)?;
        let storages = table.get("storages").and_then(|storages| storages.get_ref().as_table());
        for (name, storage) in storages.into_iter().flatten() {
            if let Some(storage) = storage.get_ref().as_table() {
                self.table(storage, name.span().start)?;
                for options in ["options", "OPTIONS"] {
                    if let Some(options) =
                        storage.get(options).and_then(|options| options.get_ref().as_table())
                    {
                        self.table(options, name.span().start)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &DeTable<'_>, block: usize) -> Result<(), MigrateError> {
        for (key, value) in table {
            let spelled = key.get_ref().as_ref();
            if let Some(row) = row(spelled) {
                let entry = self.entry(row.name, spelled, key.span().start, value, block);
                match entry {
                    Some(entry) => self.entries.push(entry),
                    None if row.is_legacy() => {
                        let line = super::line_of(self.text, key.span().start);
                        return Err(MigrateError::NotALine { name: spelled.to_owned(), line });
                    }
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// The setting, where it has lines of its own.
    fn entry(
        &self,
        name: &'static str,
        spelled: &str,
        key: usize,
        value: &Spanned<DeValue<'_>>,
        block: usize,
    ) -> Option<Entry> {
        let start = self.text[..key].rfind('\n').map_or(0, |at| at + 1);
        let end =
            self.text[value.span().end..].find('\n').map_or(self.text.len(), |at| value.span().end + at + 1);
        let (before, behind) = (&self.text[start..key], self.text[value.span().end..end].trim());
        let own = before.trim().is_empty() && (behind.is_empty() || behind.starts_with('#'));
        let is_pair = self.text[key..value.span().start.max(key)].contains('=');
        (own && is_pair).then(|| Entry {
            name,
            spelled: spelled.to_owned(),
            value: Ok(plain(value.get_ref())),
            statement: start..end,
            indent: before.to_owned(),
            comment: behind.to_owned(),
            line: super::line_of(self.text, key),
            block,
        })
    }
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(is) => Value::from(*is),
        DeValue::Integer(number) => number.as_str().parse::<i64>().map_or(Value::Null, Value::from),
        DeValue::Float(number) => Value::from(number.as_str()),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| plain(item.get_ref())).collect(),
        DeValue::Table(fields) => {
            fields.iter().map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref()))).collect()
        }
    }
}
