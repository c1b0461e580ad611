//! Finds the assignments of a Python file, at its top level and in blocks, without taking text or comments for
//! code.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Entry, literal, row};

/// A name, or a variable of the environment, that is given a value.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?s)^(?:([A-Za-z_]\w*)(?:[ \t]*:[^=\n]+)?",
        r#"|os\.environ\[\s*["'](\w+)["']\s*\])[ \t]*=([^=].*)$"#
    ))
    .expect("a constant pattern")
});

/// A class of boto, or a call without arguments of one.
static CLASS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\w+\.)*(\w+)(?:\(\))?[ \t]*(#.*)?\s*$").expect("a constant pattern"));

/// Settings that are given a value, and where comments stand.
pub(super) fn entries(text: &str) -> (Vec<Entry>, Vec<Range<usize>>) {
    let (lines, comments) = logical_lines(text);
    // Line starts of the blocks that are open, with their indents.
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    let mut entries = Vec::new();
    let mut header = 0;
    for line in lines {
        let statement = &text[line.clone()];
        let code = statement.trim_start_matches([' ', '\t']);
        if code.trim().is_empty() || code.starts_with('#') {
            continue;
        }
        let indent = statement.len() - code.len();
        while blocks.last().is_some_and(|(_, outer)| *outer > indent) {
            blocks.pop();
        }
        if indent > blocks.last().map_or(0, |(_, outer)| *outer) {
            blocks.push((header, indent));
        }
        header = line.start;
        entries.extend(assignment(code).map(|(name, spelled, value, comment)| Entry {
            name,
            spelled,
            value,
            comment,
            indent: statement[..indent].to_owned(),
            line: super::line_of(text, line.start),
            block: blocks.last().map_or(0, |(at, _)| at + 1),
            statement: line,
        }));
    }
    (entries, comments)
}

type Assignment = (&'static str, String, Result<Value, String>, String);

fn assignment(code: &str) -> Option<Assignment> {
    let found = ASSIGNMENT.captures(code)?;
    let spelled = found.get(1).or(found.get(2))?.as_str();
    let name = row(spelled).filter(|row| row.environment.contains(&spelled))?.name;
    let value = found[3].trim_start_matches([' ', '\t']);
    let (value, comment) = match literal::read(value) {
        Some((value, rest)) if is_comment(rest) => (Ok(value), rest.trim()),
        _ => match CLASS.captures(value) {
            Some(class) if name == "calling_format" => {
                (Ok(Value::from(&class[1])), class.get(2).map_or("", |comment| comment.as_str().trim_end()))
            }
            _ => (Err(value.trim_end().to_owned()), ""),
        },
    };
    Some((name, spelled.to_owned(), value, comment.to_owned()))
}

fn is_comment(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with('#')
}

/// Lines as Python joins them over brackets, text and backslashes; and the comments.
fn logical_lines(text: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let (mut lines, mut comments) = (Vec::new(), Vec::new());
    let (mut start, mut at, mut depth) = (0, 0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'#' => {
                let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
                comments.push(at..end);
                at = end;
                continue;
            }
            b'"' | b'\'' => {
                at = end_of_text(text, at);
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'\\' => at += if text[at..].starts_with("\\\r\n") { 2 } else { 1 },
            b'\n' if depth == 0 => {
                lines.push(start..at + 1);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if start < text.len() {
        lines.push(start..text.len());
    }
    (lines, comments)
}

/// Where the text that begins with the quote at `start` ends.
fn end_of_text(text: &str, start: usize) -> usize {
    let quote = &text[start..=start];
    let triple = quote.repeat(3);
    let mark = if text[start..].starts_with(&triple) { triple.as_str() } else { quote };
    let mut at = start + mark.len();
    while let Some(character) = text[at..].chars().next() {
        if text[at..].starts_with(mark) {
            return at + mark.len();
        }
        if character == '\n' && mark.len() == 1 {
            // Not Python; what follows is read as if the text had ended.
            return at;
        }
        at += character.len_utf8();
        if character == '\\' {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}
