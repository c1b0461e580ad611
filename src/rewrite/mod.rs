//! Finds references in CSS and JavaScript and replaces them through a resolver: exactly as Django 5.2 does (each pattern
//! over the whole text, in order, comments and strings included), or by lexers of the two languages. Pure, and linear
//! in the text.

mod css_url;
mod pattern;
mod tokens;

use std::fmt;
use std::sync::LazyLock;

use pattern::Pattern;

use crate::settings::Lexer;

pub use tokens::Unlexed;

/// What a reference looks like where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// `url(…)` in CSS.
    CssUrl,
    /// `@import "…"` in CSS; with `url(…)` it is a [`ReferenceKind::CssUrl`].
    CssImport,
    /// The line that names a source map, in CSS or JavaScript.
    SourceMap,
    /// A module's specifier in JavaScript, or what stands in `new URL("…", import.meta.url)`.
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

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The text with the replacements; `None` where nothing was replaced.
    pub text: Option<String>,
    /// Why Django's patterns had to stand in for the lexer, if they had to.
    pub unlexed: Option<Unlexed>,
}

/// The way in which references are found, with Django's patterns compiled.
pub struct Rewriter {
    lexer: Lexer,
    js_modules: bool,
    /// Compiled when they are needed first: by then there is more to do, and other cores do it.
    css: LazyLock<Vec<Pattern>>,
    js: LazyLock<Vec<Pattern>, Box<dyn FnOnce() -> Vec<Pattern> + Send>>,
}

impl fmt::Debug for Rewriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rewriter").finish_non_exhaustive()
    }
}

impl Rewriter {
    /// The patterns of `HashedFilesMixin`, with those of `support_js_module_import_aggregation` if asked for, or what
    /// lexers find in their place.
    #[must_use]
    pub fn new(js_modules: bool, lexer: Lexer) -> Self {
        let js: Box<dyn FnOnce() -> Vec<Pattern> + Send> = Box::new(move || {
            let modules = if js_modules { pattern::js_modules() } else { Vec::new() };
            pattern::js().into_iter().chain(modules).collect()
        });
        Self { lexer, js_modules, css: LazyLock::new(pattern::css), js: LazyLock::new(js) }
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
        match (self.lexer, language) {
            (Lexer::Regex, _) => self.patterns(language).iter().any(|pattern| pattern.is_in(text)),
            (Lexer::Tokens, Language::Css) => !tokens::css(text).is_empty(),
            (Lexer::Tokens, Language::Js) => tokens::looks_at_javascript(text, self.js_modules),
        }
    }

    /// Replaces what the resolver has a replacement for, and leaves what it answers with `None` untouched. A replacement
    /// is found again by the patterns that come later, as in Django; a lexer finds each reference once.
    pub fn rewrite(
        &self,
        language: Language,
        text: &str,
        resolve: impl FnMut(Reference<'_>) -> Option<String>,
    ) -> Rewritten {
        let found = match (self.lexer, language) {
            (Lexer::Regex, _) => {
                return Rewritten { text: self.by_patterns(language, text, resolve), unlexed: None };
            }
            (Lexer::Tokens, Language::Css) => Ok(tokens::css(text)),
            (Lexer::Tokens, Language::Js) => tokens::javascript(text, self.js_modules),
        };
        match found {
            Ok(found) => Rewritten { text: tokens::replace(text, &found, resolve), unlexed: None },
            Err(unlexed) => {
                Rewritten { text: self.by_patterns(language, text, resolve), unlexed: Some(unlexed) }
            }
        }
    }

    fn by_patterns(
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
