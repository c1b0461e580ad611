use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// Compiling takes longer than most tests.
static WITH_MODULES: LazyLock<Rewriter> = LazyLock::new(|| Rewriter::new(true, Lexer::Regex));

fn found(language: Language, text: &str) -> Vec<(ReferenceKind, String, usize)> {
    let mut found = Vec::new();
    let rewritten = WITH_MODULES.rewrite(language, text, |reference| {
        found.push((reference.kind, reference.url.to_owned(), reference.line));
        None
    });
    assert_eq!(rewritten, Rewritten { text: None, unlexed: None });
    found
}

fn same(language: Language, text: &str) -> Option<String> {
    WITH_MODULES.rewrite(language, text, |reference| Some(reference.url.to_owned())).text
}

#[test]
fn languages_go_by_the_end_of_the_name() {
    assert_eq!(Language::of("css/a.css"), Some(Language::Css));
    assert_eq!(Language::of(".js"), Some(Language::Js));
    for name in ["a.CSS", "a.mjs", "a.css.txt", "css", "a.js/b"] {
        assert_eq!(Language::of(name), None, "{name}");
    }
}

#[test]
fn references_come_pattern_by_pattern_with_their_lines() {
    let css = "@import \"a.css\";\n\nb{c:url(d.png)} /* url('e') */\n/*# sourceMappingURL=f.map */\n";
    assert_eq!(
        found(Language::Css, css),
        [
            (ReferenceKind::CssUrl, "d.png".to_owned(), 3),
            (ReferenceKind::CssUrl, "e".to_owned(), 3),
            (ReferenceKind::CssImport, "a.css".to_owned(), 1),
            (ReferenceKind::SourceMap, "f.map ".to_owned(), 4),
        ]
    );
    let js = "import a from './a.js';\nimport './b.js';\nimport('c');\n//# sourceMappingURL=d.map";
    assert_eq!(
        found(Language::Js, js),
        [
            (ReferenceKind::SourceMap, "d.map".to_owned(), 4),
            (ReferenceKind::JsModule, "./a.js".to_owned(), 1),
            (ReferenceKind::JsModule, "./b.js".to_owned(), 2),
            (ReferenceKind::JsModule, "c".to_owned(), 3),
        ]
    );
}

#[test]
fn lines_are_those_of_the_file_where_replacements_have_fewer() {
    let mut lines = Vec::new();
    let css = "@import\n\n'a';\nurl(\nb)\n@import 'c';\n/*# sourceMappingURL=d */\n@import\n'e';\n";
    let rewritten = Rewriter::new(false, Lexer::Regex).rewrite(Language::Css, css, |reference| {
        lines.push((reference.url.trim().to_owned(), reference.line));
        Some(reference.url.trim().to_owned())
    });
    let expected = [("b", 4), ("a", 1), ("c", 6), ("e", 8), ("d", 7)];
    assert_eq!(lines, expected.map(|(url, line)| (url.to_owned(), line)));
    assert_eq!(
        rewritten.text.as_deref(),
        Some(
            "@import url(\"a\");\nurl(\"b\")\n@import url(\"c\");\n/*# sourceMappingURL=d */\n@import url(\"e\");\n"
        )
    );
}

#[test]
fn templates_are_django_s() {
    for (text, rewritten) in [
        ("url('a\")", "url(\"a\")"),
        ("xURL( a )", "xurl(\"a \")"),
        ("@IMPORT'a' print;", "@import url(\"a\") print;"),
        ("/*#\tsourceMappingURL=a\t*/", "/*# sourceMappingURL=a\t */"),
    ] {
        assert_eq!(same(Language::Css, text).as_deref(), Some(rewritten), "{text}");
    }
    for (text, rewritten) in [
        ("//# sourceMappingURL=a\r\n", "//# sourceMappingURL=a\r\n"),
        ("IMPORT {a,\nb}  from'./c' ;", "import {a,\nb} from \"./c\";"),
        ("import*as a from './c';", "import*as a from \"./c\";"),
        ("export * from './c';", "export * from \"./c\";"),
        ("import  './c' ;", "import\"./c\";"),
        ("import('c')", "import(\"c\")"),
    ] {
        assert_eq!(same(Language::Js, text).as_deref(), Some(rewritten), "{text}");
    }
}

/// `scripts/golden/identity.py` asks Django itself, with texts made at random.
#[test]
fn where_every_reference_stays_what_it_is_django_s_bytes_come_out() {
    let table = include_str!("../../fixtures/identity.tsv");
    let mut changed = 0;
    for row in table.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<String> =
            row.split('\t').map(|cell| serde_json::from_str(cell).expect("JSON")).collect();
        let [text, css, js] = cells.as_slice() else { panic!("three columns: {row}") };
        for (language, expected) in [(Language::Css, css), (Language::Js, js)] {
            let ours = same(language, text);
            assert_eq!(ours.as_ref().unwrap_or(text), expected, "{language:?} {text:?}");
            changed += usize::from(expected != text);
        }
    }
    assert!(changed > 400, "{changed} texts are rewritten");
}

#[test]
fn modules_are_references_only_where_asked_for() {
    let text = "import './a.js';";
    assert!(!Rewriter::new(false, Lexer::Regex).finds(Language::Js, text));
    assert!(Rewriter::new(true, Lexer::Regex).finds(Language::Js, text));
    assert!(!Rewriter::new(true, Lexer::Regex).finds(Language::Css, text));
}

/// What makes a backtracking matcher slow, in sizes where it would never end.
#[test]
fn time_is_linear_where_nothing_closes() {
    let long = |piece: &str| piece.repeat(200_000 / piece.len());
    for text in ["url(", "url( ", "url(\n", "@import ", "/*# sourceMappingURL=", "/*", "url(\"'"] {
        assert_eq!(found(Language::Css, &long(text)), []);
    }
    for text in ["import ", "import a from './b' ", "export {", "import('", "import*as a", "from './a';"] {
        assert_eq!(found(Language::Js, &long(text)), []);
    }
    assert_eq!(found(Language::Css, &long("url(a)")).len(), 200_000 / 6);
}

/// Bits of text that patterns begin and end with.
fn snippets() -> impl Strategy<Value = String> {
    let snippet = prop::sample::select(vec![
        "url(",
        ")",
        "\"",
        "'",
        "@import",
        " ",
        "\n",
        "\r\n",
        "a.png",
        "/*# sourceMappingURL=",
        " */",
        "import",
        "export",
        " from ",
        "./b.js",
        ";",
        "{c}",
        "* as d",
        "(",
        "//# sourceMappingURL=",
        "é",
        "\u{1c}",
    ]);
    proptest::collection::vec(snippet, 0..24).prop_map(|snippets| snippets.concat())
}

/// Lines of CSS and JavaScript in the form of the templates.
fn statements() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let statement = prop::sample::select(vec![
        ("a{b:url(\"c d.png?e#f\")}\r\n", "import a from \"./b.js\";\r\n"),
        ("@import url(\"c.css\") print;\n", "export {a,\n b} from \"./b.js\";\n"),
        ("/*# sourceMappingURL=a.map */\n", "//# sourceMappingURL=a.map\n"),
        ("/* é */ b{c:d}\n", "import\"./é.js\";\n"),
        ("\n", "const c = import(\"./c.js\");\n"),
    ]);
    proptest::collection::vec(statement, 0..12)
}

proptest! {
    #[test]
    fn what_is_left_alone_stays_to_the_byte(text in snippets()) {
        found(Language::Css, &text);
        found(Language::Js, &text);
    }

    #[test]
    fn what_is_written_as_django_writes_it_stays_with_the_same_names(statements in statements()) {
        let css: String = statements.iter().map(|(css, _)| *css).collect();
        // The blank before `*/` is part of the reference, and of the template.
        let trimmed = WITH_MODULES.rewrite(Language::Css, &css, |it| Some(it.url.trim_end().to_owned()));
        prop_assert_eq!(trimmed.text.unwrap_or_else(|| css.clone()), css);
        let js: String = statements.iter().map(|(_, js)| *js).collect();
        prop_assert_eq!(same(Language::Js, &js).unwrap_or_else(|| js.clone()), js);
    }

    #[test]
    fn there_is_something_where_something_is_found(text in snippets()) {
        for language in [Language::Css, Language::Js] {
            let any = !found(language, &text).is_empty();
            prop_assert_eq!(WITH_MODULES.finds(language, &text), any);
        }
    }
}
