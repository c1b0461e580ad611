//! References by lexers that know comments, strings and escapes. Only the bytes of a reference are replaced, and written
//! so that they are read back as what was meant. Pure, and linear in the text.

mod css;
mod javascript;
mod parse;
mod quoting;

use std::borrow::Cow;
use std::ops::Range;

use super::{Cursor, Lines, Reference, ReferenceKind};
use quoting::Quoting;

pub(super) use css::references as css;
pub(super) use javascript::{looks_at as looks_at_javascript, references as javascript};

/// Why a text could not be taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlexed {
    /// The line of the file where it became clear, from 1.
    pub line: usize,
    /// In a few words; the parser's own where it has some.
    pub reason: String,
}

/// A reference and the bytes that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<'a> {
    kind: ReferenceKind,
    /// As it is meant: escapes are resolved.
    url: Cow<'a, str>,
    /// The bytes between the quotes.
    range: Range<usize>,
    quoting: Quoting,
}

impl<'a> Found<'a> {
    fn new(kind: ReferenceKind, url: Cow<'a, str>, range: Range<usize>, quoting: Quoting) -> Self {
        // Blanks around a URL do not belong to it, wherever it stands.
        let url = match url {
            Cow::Borrowed(url) => Cow::Borrowed(trimmed(url)),
            Cow::Owned(url) => Cow::Owned(trimmed(&url).to_owned()),
        };
        Self { kind, url, range, quoting }
    }
}

/// Without what the URL standard strips.
fn trimmed(url: &str) -> &str {
    url.trim_matches(|character| character <= ' ')
}

/// Replaces references, which come in the order of the text. What is replaced by itself stays as it is written.
pub(super) fn replace(
    text: &str,
    found: &[Found<'_>],
    mut resolve: impl FnMut(Reference<'_>) -> Option<String>,
) -> Option<String> {
    let lines = Lines::default();
    let mut cursor = Cursor::new(text, &lines);
    let mut rewritten = String::new();
    let mut copied = 0;
    for Found { kind, url, range, quoting } in found {
        let line = cursor.line_at(range.start) + 1;
        let Some(replacement) = resolve(Reference { kind: *kind, url, line }) else { continue };
        if replacement == *url {
            continue;
        }
        if copied == 0 {
            rewritten.reserve(text.len() + text.len() / 16);
        }
        rewritten.push_str(&text[copied..range.start]);
        rewritten.push_str(&quoting.write(&replacement));
        copied = range.end;
    }
    if copied == 0 {
        return None;
    }
    rewritten.push_str(&text[copied..]);
    Some(rewritten)
}

/// The URL in a comment that names a source map (ECMA-426), given the comment without its delimiters and where it
/// begins.
fn source_map(comment: &str, start: usize) -> Option<Found<'_>> {
    let directive = comment.strip_prefix(['#', '@'])?.trim_start();
    let url = directive.strip_prefix("sourceMappingURL=")?.trim();
    if url.is_empty() || url.contains(char::is_whitespace) {
        return None;
    }
    let begin = start + comment.trim_end().len() - url.len();
    let range = begin..begin + url.len();
    Some(Found::new(ReferenceKind::SourceMap, Cow::Borrowed(url), range, Quoting::Comment))
}

#[cfg(test)]
mod tests;
