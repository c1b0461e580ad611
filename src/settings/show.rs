//! Settings as rows that can be printed: what each is and where it comes from, secrets masked. Pure.

use serde::Serialize;
use serde_json::Value;

use super::combine::Combined;
use super::layer::Origin;
use super::mask;
use super::register::{self, Status};

/// One setting, as `settings show` has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// As files spell it.
    pub name: &'static str,
    /// Masked where it is secret; null for unset.
    pub value: Value,
    /// As a person would say it: "`s3collect.toml:3`", "default".
    pub origin: String,
    /// `acts` or `accepted`.
    pub status: &'static str,
    /// Whether nobody gave it; what a class fixes is not given either.
    #[serde(skip)]
    pub is_default: bool,
}

/// All settings: those that somebody gave first, then the others, both in the register's order.
#[must_use]
pub fn rows(combined: &Combined) -> Vec<Row> {
    let present = register::all().filter(|setting| !matches!(setting.status, Status::Removed { .. }));
    let mut rows: Vec<Row> = present
        .map(|setting| {
            let origin = combined.origin(setting.name);
            let value = match combined.value(setting.name) {
                Some(raw) => mask::masked(setting, &raw.value),
                None => setting.default_value().unwrap_or_default(),
            };
            Row {
                name: setting.name,
                value,
                is_default: matches!(origin, Origin::Default | Origin::Class(_)),
                origin: origin.to_string(),
                status: setting.status.words(),
            }
        })
        .collect();
    rows.sort_by_key(|row| row.is_default);
    rows
}

/// A value as TOML has it, `-` for unset.
#[must_use]
pub fn toml_text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        value => toml::Value::try_from(value).map_or_else(|_| value.to_string(), |value| value.to_string()),
    }
}
