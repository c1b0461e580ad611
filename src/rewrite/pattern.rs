//! Django 5.2's patterns and templates (`HashedFilesMixin.patterns`), and how one of them goes over a text.

use std::ops::Range;

use regex::Regex;

use super::css_url::CssUrls;
use super::{Cursor, Lines, Reference, ReferenceKind, newlines};

/// A pattern, with what is written for what it matches.
pub(super) struct Pattern {
    matcher: Matcher,
    kind: ReferenceKind,
    template: Template,
}

/// How a pattern is looked for.
enum Matcher {
    Regex(Regex),
    /// By hand: it is what most of a style sheet's references match.
    CssUrl,
}

/// Where a pattern matches, and where in there its groups are.
struct Match {
    whole: Range<usize>,
    clause: Option<Range<usize>>,
    url: Range<usize>,
}

/// The text before the clause, between clause and reference, and behind the reference. Only a pattern with a group
/// `clause` has a clause.
struct Template(&'static str, &'static str, &'static str);

impl Pattern {
    fn new(kind: ReferenceKind, pattern: &str, template: Template) -> Self {
        // Python's `\s` has four more characters than that of `regex`, its `\w` is letters, numbers and `_`, and an
        // `i` without case is also the dotted and the dotless one of Turkish.
        let pattern = pattern
            .replace(r"[\s\{]", r"[\s\x1c-\x1f\{]")
            .replace(r"\s*", r"[\s\x1c-\x1f]*")
            .replace(r"\w", r"[\p{L}\p{N}_]")
            .replace("import", "[iıİ]mport");
        let regex = Regex::new(&format!("(?i){pattern}")).expect("a constant pattern");
        Self { matcher: Matcher::Regex(regex), kind, template }
    }

    /// Whether there is a match.
    pub(super) fn is_in(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Regex(regex) => regex.is_match(text),
            Matcher::CssUrl => CssUrls::new(text).next().is_some(),
        }
    }

    /// The matches in a text, none of which overlap.
    fn matches<'t>(&'t self, text: &'t str) -> Box<dyn Iterator<Item = Match> + 't> {
        match &self.matcher {
            Matcher::Regex(regex) => Box::new(regex.captures_iter(text).filter_map(|captures| {
                let clause = captures.name("clause").map(|clause| clause.range());
                Some(Match {
                    whole: captures.get_match().range(),
                    clause,
                    url: captures.name("url")?.range(),
                })
            })),
            Matcher::CssUrl => {
                Box::new(CssUrls::new(text).map(|(whole, url)| Match { whole, clause: None, url }))
            }
        }
    }

    /// The text with the replacements; `None` where there are none. Lines whose ends vanish are noted.
    pub(super) fn apply(
        &self,
        text: &str,
        lines: &mut Lines,
        resolve: &mut impl FnMut(Reference<'_>) -> Option<String>,
    ) -> Option<String> {
        let mut rewritten = String::new();
        let mut copied = 0;
        let mut cursor = Cursor::new(text, lines);
        let mut lost = Vec::new();
        for Match { whole, clause, url } in self.matches(text) {
            let line = cursor.line_at(whole.start);
            let reference = Reference { kind: self.kind, url: &text[url], line: line + 1 };
            let Some(replacement) = resolve(reference) else { continue };
            if copied == 0 {
                rewritten.reserve(text.len() + text.len() / 16);
            }
            rewritten.push_str(&text[copied..whole.start]);
            let begun = rewritten.len();
            let Template(opening, middle, closing) = self.template;
            let clause = clause.map_or("", |clause| &text[clause]);
            for part in [opening, clause, middle, &replacement, closing] {
                rewritten.push_str(part);
            }
            copied = whole.end;
            let kept = newlines(&rewritten[begun..]);
            let before = newlines(&text[whole]);
            lost.extend((kept..before).map(|dropped| line + dropped - kept));
        }
        lines.lose(lost);
        if copied == 0 {
            return None;
        }
        rewritten.push_str(&text[copied..]);
        Some(rewritten)
    }
}

pub(super) fn css() -> Vec<Pattern> {
    vec![
        Pattern {
            matcher: Matcher::CssUrl,
            kind: ReferenceKind::CssUrl,
            template: Template("", "url(\"", "\")"),
        },
        Pattern::new(
            ReferenceKind::CssImport,
            r#"@import\s*["']\s*(?P<url>.*?)["']"#,
            Template("", "@import url(\"", "\")"),
        ),
        Pattern::new(
            ReferenceKind::SourceMap,
            r"(?m)^/\*#[ \t](?-i:sourceMappingURL)=(?P<url>.*)[ \t]*\*/$",
            Template("", "/*# sourceMappingURL=", " */"),
        ),
    ]
}

pub(super) fn js() -> Vec<Pattern> {
    vec![Pattern::new(
        ReferenceKind::SourceMap,
        r"(?m)^//# (?-i:sourceMappingURL)=(?P<url>.*)$",
        Template("", "//# sourceMappingURL=", ""),
    )]
}

pub(super) fn js_modules() -> Vec<Pattern> {
    let module = |pattern, template| Pattern::new(ReferenceKind::JsModule, pattern, template);
    vec![
        module(
            r#"import(?s:(?P<clause>[\s\{].*?|\*\s*as\s*\w+))\s*from\s*['"](?P<url>[./].*?)["']\s*;"#,
            Template("import", " from \"", "\";"),
        ),
        module(
            r#"export(?s:(?P<clause>[\s\{].*?))\s*from\s*["'](?P<url>[./].*?)["']\s*;"#,
            Template("export", " from \"", "\";"),
        ),
        module(r#"import\s*['"](?P<url>[./].*?)["']\s*;"#, Template("", "import\"", "\";")),
        module(r#"import\(["'](?P<url>.*?)["']\)"#, Template("", "import(\"", "\")")),
    ]
}
