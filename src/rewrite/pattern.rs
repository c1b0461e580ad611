//! Django 5.2's patterns and templates (`HashedFilesMixin.patterns`), and how one of them goes over a text.

use regex::Regex;

use super::{Cursor, Lines, Reference, ReferenceKind, newlines};

/// A pattern, with what is written for what it matches.
pub(super) struct Pattern {
    pub(super) regex: Regex,
    kind: ReferenceKind,
    template: Template,
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
        Self { regex, kind, template }
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
        for captures in self.regex.captures_iter(text) {
            let (matched, url) = (captures.get_match(), captures.name("url")?);
            let line = cursor.line_at(matched.start());
            let reference = Reference { kind: self.kind, url: url.as_str(), line: line + 1 };
            let Some(replacement) = resolve(reference) else { continue };
            if copied == 0 {
                rewritten.reserve(text.len() + text.len() / 16);
            }
            rewritten.push_str(&text[copied..matched.start()]);
            let begun = rewritten.len();
            let Template(opening, middle, closing) = self.template;
            let clause = captures.name("clause").map_or("", |clause| clause.as_str());
            for part in [opening, clause, middle, &replacement, closing] {
                rewritten.push_str(part);
            }
            copied = matched.end();
            let kept = newlines(&rewritten[begun..]);
            let before = newlines(matched.as_str());
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
        Pattern::new(
            ReferenceKind::CssUrl,
            r#"url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\)"#,
            Template("", "url(\"", "\")"),
        ),
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
