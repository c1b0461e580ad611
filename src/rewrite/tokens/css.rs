//! References in CSS by its tokens. Blocks are followed by a list, not by recursion, however deep they are nested.

use std::borrow::Cow;
use std::ops::Range;

use cssparser::{CowRcStr, Parser, Token};

use super::quoting::{Quoting, ends};
use super::{Found, source_map};
use crate::rewrite::ReferenceKind;

/// Functions whose first argument is a URL if it is a string.
const URL: [&str; 2] = ["url", "src"];

/// Functions in which every string is a URL.
const IMAGE_SET: [&str; 2] = ["image-set", "-webkit-image-set"];

/// Rules whose URLs are names or addresses to compare with, not files.
const IDENTIFYING: [&str; 3] = ["namespace", "document", "-moz-document"];

/// What CSS may have around a URL without quotes.
const WHITESPACE: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];

/// All references of a style sheet, in the order of the text.
pub(in crate::rewrite) fn references(text: &str) -> Vec<Found<'_>> {
    let mut sheet = Sheet { text, ..Sheet::default() };
    let mut offset = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    // A parser skips the blocks that it is not sent into, and is sent into them by recursion. A new one at the beginning
    // of each block takes what is in it for its own tokens, and the end of it for one too many.
    while let Some(block) = sheet.read(offset) {
        offset = block;
    }
    sheet.finish()
}

/// What a token opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `url(`, and no argument yet.
    Url,
    ImageSet,
    /// Any other `(`.
    Round,
    Square,
    Curly,
}

/// What is known at a place in a style sheet.
#[derive(Debug, Default)]
struct Sheet<'a> {
    text: &'a str,
    found: Vec<Found<'a>>,
    open: Vec<Open>,
    /// `@import` was read, and nothing since.
    import: bool,
    /// Inside the prelude of a rule whose URLs are no files.
    identifying: bool,
    /// The last comment that names one.
    source_map: Option<Found<'a>>,
}

impl<'a> Sheet<'a> {
    /// Reads on from a position; gives the one behind the next token that opens a block.
    fn read(&mut self, offset: usize) -> Option<usize> {
        let mut parser = Parser::new(&self.text[offset..]);
        loop {
            let start = offset + parser.position().byte_index();
            let token = parser.next_including_whitespace_and_comments().ok()?.clone();
            let end = offset + parser.position().byte_index();
            let depth = self.open.len();
            self.token(token, start..end);
            if self.open.len() > depth {
                return Some(end);
            }
        }
    }

    fn token(&mut self, token: Token<'a>, range: Range<usize>) {
        match token {
            Token::WhiteSpace(_) => return,
            Token::Comment(comment) => {
                self.source_map = source_map(comment, range.start + 2).or(self.source_map.take());
                return;
            }
            _ => {}
        }
        let import = std::mem::take(&mut self.import);
        match token {
            Token::AtKeyword(name) => {
                self.import = is_one_of(&name, &["import"]);
                self.identifying = is_one_of(&name, &IDENTIFYING);
            }
            Token::Semicolon => self.identifying = false,
            Token::CurlyBracketBlock => {
                self.identifying = false;
                self.open.push(Open::Curly);
            }
            Token::SquareBracketBlock => self.open.push(Open::Square),
            Token::ParenthesisBlock => self.open.push(Open::Round),
            Token::Function(name) => self.open.push(function(&name)),
            Token::CloseCurlyBracket => self.close(&[Open::Curly]),
            Token::CloseSquareBracket => self.close(&[Open::Square]),
            Token::CloseParenthesis => self.close(&[Open::Url, Open::ImageSet, Open::Round]),
            Token::UnquotedUrl(url) => self.unquoted(&url, range),
            Token::QuotedString(text) => self.string(&text, range, import),
            _ => {}
        }
    }

    /// What closes nothing is an error that changes nothing.
    fn close(&mut self, closed: &[Open]) {
        if self.open.last().is_some_and(|open| closed.contains(open)) {
            self.open.pop();
        }
    }

    fn unquoted(&mut self, url: &CowRcStr<'a>, range: Range<usize>) {
        if self.identifying {
            return;
        }
        let whole = &self.text[range.clone()];
        // At the end of the text the parenthesis may be missing; one that is escaped does not close.
        let inner = whole.find('(').map_or(0, |opening| opening + 1);
        let end = if ends(whole, ')') { whole.len() - 1 } else { whole.len() };
        let written = &whole[inner..end];
        // Blanks around it stay, unless the last may be part of an escape.
        let kept = if written.contains('\\') { written } else { written.trim_matches(WHITESPACE) };
        let before = written.find(kept).unwrap_or_default();
        let start = range.start + inner + before;
        let range = start..start + kept.len();
        self.find(ReferenceKind::CssUrl, url, range, Quoting::CssUrl);
    }

    fn string(&mut self, text: &CowRcStr<'a>, range: Range<usize>, import: bool) {
        let kind = match self.open.last_mut() {
            _ if self.identifying => return,
            _ if import => ReferenceKind::CssImport,
            Some(open @ Open::Url) => {
                *open = Open::Round;
                ReferenceKind::CssUrl
            }
            Some(Open::ImageSet) => ReferenceKind::CssUrl,
            _ => return,
        };
        let quote = if self.text[range.clone()].starts_with('\'') { '\'' } else { '"' };
        let is_closed = ends(&self.text[range.start + 1..range.end], quote);
        let range = range.start + 1..if is_closed { range.end - 1 } else { range.end };
        self.find(kind, text, range, Quoting::CssString(quote));
    }

    fn find(&mut self, kind: ReferenceKind, url: &CowRcStr<'a>, range: Range<usize>, quoting: Quoting) {
        // Most URLs are written as they are meant, and need no copy.
        let url = match &self.text[range.clone()] {
            written if written == url.as_ref() => Cow::Borrowed(written),
            _ => Cow::Owned(url.to_string()),
        };
        self.found.push(Found::new(kind, url, range, quoting));
    }

    fn finish(mut self) -> Vec<Found<'a>> {
        if let Some(source_map) = self.source_map {
            let place = self.found.partition_point(|found| found.range.start < source_map.range.start);
            self.found.insert(place, source_map);
        }
        self.found
    }
}

fn function(name: &str) -> Open {
    if is_one_of(name, &URL) {
        Open::Url
    } else if is_one_of(name, &IMAGE_SET) {
        Open::ImageSet
    } else {
        Open::Round
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| name.eq_ignore_ascii_case(one))
}
