//! Writes settings as the file has them, and puts changes in place.

use serde_json::Value;

use super::steps::Change;
use super::{Edit, Entry, Form};
use crate::settings::register;
use crate::settings::show::toml_text;

/// Lines of Python no longer than this.
const WIDTH: usize = 100;

/// The replacements that make up a change.
pub(super) fn edits(text: &str, form: Form, entries: &[Entry], change: &Change) -> Vec<Edit> {
    let place = change.into.or(change.replaced.first().map(|(index, _)| *index));
    let Some(place) = place.map(|index| (index, &entries[index])) else {
        // There is no line to put it in.
        let at = if form == Form::Toml { 0 } else { text.len() };
        let by = lines(text, form, None, change);
        return vec![Edit { range: at..at, by, told: change.told.clone() }];
    };
    let mut edits: Vec<Edit> = change
        .replaced
        .iter()
        .filter(|(index, _)| *index != place.0)
        .map(|(index, told)| Edit {
            range: entries[*index].statement.clone(),
            by: nothing(form, &entries[*index], text),
            told: told.clone(),
        })
        .collect();
    let by = match lines(text, form, Some(place.1), change) {
        none if none.is_empty() => nothing(form, place.1, text),
        lines => lines,
    };
    let told = change.replaced.iter().find(|(index, _)| *index == place.0).map(|(_, told)| told.clone());
    edits.push(Edit { range: place.1.statement.clone(), by, told: told.unwrap_or_default() });
    edits
}

/// What stands in place of a setting that is gone: a block of Python must not be empty.
fn nothing(form: Form, entry: &Entry, text: &str) -> String {
    if form == Form::Python && !entry.indent.is_empty() {
        format!("{}pass{}", entry.indent, line_end(text))
    } else {
        String::new()
    }
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The lines of what a change puts in, at the place of an entry.
fn lines(text: &str, form: Form, place: Option<&Entry>, change: &Change) -> String {
    let original = place.map_or("", |entry| &text[entry.statement.clone()]);
    let indent = place.map_or("", |entry| entry.indent.as_str());
    let mut comment = place.map_or("", |entry| entry.comment.as_str());
    let mut lines = String::new();
    for (name, value) in &change.becomes {
        lines += indent;
        lines += &match form {
            Form::Python => {
                let quote = if original.contains('\'') && !original.contains('"') { '\'' } else { '"' };
                assigned(&spelled(name), value, quote, indent, line_end(text))
            }
            Form::Environment => format!("{}={}", spelled(name), variable(value, original, indent)),
            Form::Toml => format!("{name} = {}", toml_text(value)),
        };
        if !comment.is_empty() {
            lines += &format!("  {comment}");
            comment = "";
        }
        lines += line_end(text);
    }
    lines
}

/// As Django's settings and the environment have it.
fn spelled(name: &str) -> String {
    let row = register::find(name).and_then(|row| row.environment.first());
    row.map_or_else(|| name.to_owned(), |name| (*name).to_owned())
}

/// An assignment, of a dictionary that is long with a line for each field.
fn assigned(name: &str, value: &Value, quote: char, indent: &str, line_end: &str) -> String {
    let short = format!("{name} = {}", python(value, quote));
    match value {
        Value::Object(fields) if indent.len() + short.len() > WIDTH => {
            let mut long = format!("{name} = {{{line_end}");
            for (key, value) in fields {
                let key = python(&Value::from(key.as_str()), quote);
                long += &format!("{indent}    {key}: {},{line_end}", python(value, quote));
            }
            long + indent + "}"
        }
        _ => short,
    }
}

/// A literal of Python.
pub(super) fn python(value: &Value, quote: char) -> String {
    let listed = |items: Vec<String>| items.join(", ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text, quote),
        Value::Array(items) => {
            format!("[{}]", listed(items.iter().map(|item| python(item, quote)).collect()))
        }
        Value::Object(fields) => {
            let field =
                |(key, value): (&String, &Value)| format!("{}: {}", quoted(key, quote), python(value, quote));
            format!("{{{}}}", listed(fields.iter().map(field).collect()))
        }
    }
}

fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            '\\' => quoted += "\\\\",
            _ if character == quote => quoted.extend(['\\', character]),
            _ if character.is_control() => quoted += &format!("\\u{:04x}", u32::from(character)),
            _ => quoted.push(character),
        }
    }
    quoted.push(quote);
    quoted
}

/// A value as the line that it replaces was written: with quotes where that had some, or where a shell reads it.
fn variable(value: &Value, original: &str, indent: &str) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let plain =
        text.chars().all(|character| character.is_ascii_alphanumeric() || "._:/-".contains(character));
    let was_quoted = original.contains("='") || original.contains("=\"");
    if !plain && (was_quoted || indent.contains("export")) {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        text
    }
}

/// The text with all edits, which are sorted and do not overlap.
pub(super) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut applied = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        applied += &text[at..edit.range.start];
        if edit.range.start == text.len() && !applied.is_empty() && !applied.ends_with('\n') {
            applied.push('\n');
        }
        applied += &edit.by;
        at = edit.range.end;
    }
    applied + &text[at..]
}
