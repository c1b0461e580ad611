//! Finds the settings in lines of `NAME=VALUE`, as `.env` files and shell scripts have them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Entry, literal, row};

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([ \t]*(?:export[ \t]+)?)([A-Za-z_]\w*)=(.*?)\s*$").expect("a constant pattern")
});

/// Whether every line is one, or nothing.
pub(super) fn looks_like(text: &str) -> bool {
    let mut lines =
        text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let some = text.contains('=');
    some && lines.all(|line| LINE.is_match(line) && !line.contains("= "))
}

/// Settings that are given a value, and where comments stand.
pub(super) fn entries(text: &str) -> (Vec<Entry>, Vec<Range<usize>>) {
    let (mut entries, mut comments) = (Vec::new(), Vec::new());
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let statement = start..start + line.len();
        start = statement.end;
        if line.trim_start().starts_with('#') {
            comments.push(statement);
            continue;
        }
        let Some(found) = LINE.captures(line) else { continue };
        let spelled = &found[2];
        let Some(row) = row(spelled).filter(|row| row.environment.contains(&spelled)) else { continue };
        let (value, comment) = value(&found[3]);
        entries.push(Entry {
            name: row.name,
            spelled: spelled.to_owned(),
            value,
            comment: comment.to_owned(),
            indent: found[1].to_owned(),
            line: index + 1,
            block: 0,
            statement,
        });
    }
    (entries, comments)
}

/// What a line gives, and the comment behind it.
fn value(text: &str) -> (Result<Value, String>, &str) {
    let (text, comment) = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => match unquoted(&text[1..], quote) {
            Some((inner, rest)) if rest.trim().is_empty() || rest.trim().starts_with('#') => {
                (inner, rest.trim())
            }
            _ => return (Err(text.to_owned()), ""),
        },
        _ => match text.find(" #") {
            Some(at) => (text[..at].trim_end().to_owned(), text[at..].trim()),
            None => (text.to_owned(), ""),
        },
    };
    if !text.starts_with(['{', '[']) {
        return (Ok(Value::from(text)), comment);
    }
    let json = serde_json::from_str(&text).ok();
    let read =
        json.or_else(|| literal::read(&text).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value));
    (read.ok_or(text), comment)
}

/// Text up to the quote that ends it, and what stands behind that. Only double quotes know escapes.
fn unquoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut inner = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if quote == '"' => match characters.next()?.1 {
                escaped @ ('"' | '\\' | '$' | '`') => inner.push(escaped),
                other => inner.extend(['\\', other]),
            },
            // What the shell would put in is not known here.
            '$' if quote == '"' => return None,
            _ if character == quote => return Some((inner, &text[at + 1..])),
            _ => inner.push(character),
        }
    }
    None
}
