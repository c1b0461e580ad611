//! Finds references in CSS and JavaScript exactly as Django 5.2 does (each pattern over the whole text, in order,
//! comments and strings included) and replaces them through a resolver. Pure, and linear in the text.

mod pattern;

use std::fmt;

use pattern::Pattern;

/// What a reference looks like where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// `url(…)` in CSS.
    CssUrl,
    /// `@import "…"` in CSS; with `url(…)` it is a [`ReferenceKind::CssUrl`].
    CssImport,
    /// The line that names a source map, in CSS or JavaScript.
    SourceMap,
    /// A module's specifier in JavaScript.
    JsModule,
}

/// A reference that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// What it looks like.
    pub kind: ReferenceKind,
    /// What it refers to, as it is written, without quotes.
    pub url: &'a str,
    /// The line that it begins on in the file, from 1.
    pub line: usize,
}

/// What an adjustable file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `*.css`.
    Css,
    /// `*.js`.
    Js,
}

impl Language {
    /// The language of a file by its name; `None` for a file that is not adjustable. Case counts, as in Django.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        if name.ends_with(".css") {
            Some(Self::Css)
        } else if name.ends_with(".js") {
            Some(Self::Js)
        } else {
            None
        }
    }
}

/// Django's patterns, compiled.
pub struct Rewriter {
    css: Vec<Pattern>,
    js: Vec<Pattern>,
}

impl fmt::Debug for Rewriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rewriter").finish_non_exhaustive()
    }
}

impl Rewriter {
    /// The patterns of `HashedFilesMixin`, with those of `support_js_module_import_aggregation` if asked for.
    #[must_use]
    pub fn new(js_modules: bool) -> Self {
        let mut js = pattern::js();
        if js_modules {
            js.extend(pattern::js_modules());
        }
        Self { css: pattern::css(), js }
    }

    fn patterns(&self, language: Language) -> &[Pattern] {
        match language {
            Language::Css => &self.css,
            Language::Js => &self.js,
        }
    }

    /// Whether there is anything in a text that looks like a reference.
    #[must_use]
    pub fn finds(&self, language: Language, text: &str) -> bool {
        self.patterns(language).iter().any(|pattern| pattern.regex.is_match(text))
    }

    /// Replaces what the resolver has a replacement for, and leaves what it answers with `None` untouched. `None` where
    /// nothing was replaced. A replacement is found again by the patterns that come later, as in Django.
    pub fn rewrite(
        &self,
        language: Language,
        text: &str,
        mut resolve: impl FnMut(Reference<'_>) -> Option<String>,
    ) -> Option<String> {
        let mut lines = Lines::default();
        let mut rewritten: Option<String> = None;
        for pattern in self.patterns(language) {
            let now = rewritten.as_deref().unwrap_or(text);
            if let Some(next) = pattern.apply(now, &mut lines, &mut resolve) {
                rewritten = Some(next);
            }
        }
        rewritten
    }
}

/// From lines of a text that was rewritten to those of the file: a replacement may have fewer lines than what it
/// replaces.
#[derive(Debug, Default)]
struct Lines {
    /// The lines of the file, from 0, whose ends are gone; sorted.
    lost: Vec<usize>,
}

impl Lines {
    /// Takes note of the lines whose ends a replacement dropped.
    fn lose(&mut self, more: Vec<usize>) {
        if !more.is_empty() {
            self.lost.extend(more);
            self.lost.sort_unstable();
        }
    }
}

/// Goes down a text, and tells the line of the file.
#[derive(Debug)]
struct Cursor<'a> {
    lines: &'a Lines,
    text: &'a str,
    position: usize,
    line: usize,
    passed: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str, lines: &'a Lines) -> Self {
        Self { lines, text, position: 0, line: 0, passed: 0 }
    }

    /// The line of the file, from 0, at a position that is not before the last one.
    fn line_at(&mut self, position: usize) -> usize {
        self.line += newlines(&self.text[self.position..position]);
        self.position = position;
        while self.lines.lost.get(self.passed).is_some_and(|lost| *lost <= self.line + self.passed) {
            self.passed += 1;
        }
        self.line + self.passed
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests;
