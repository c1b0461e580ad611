use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::rewrite::{Language, Rewriter};
use crate::settings::Lexer;

/// Compiling takes longer than most tests.
static TOKENS: LazyLock<Rewriter> = LazyLock::new(|| Rewriter::new(true, Lexer::Tokens));

fn found(language: Language, text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let rewritten = TOKENS.rewrite(language, text, |reference| {
        found.push((reference.url.to_owned(), reference.line));
        None
    });
    assert_eq!(rewritten.text, None);
    found
}

fn urls(language: Language, text: &str) -> Vec<String> {
    let found = found(language, text);
    if !found.is_empty() {
        assert!(TOKENS.finds(language, text), "{text}");
    }
    found.into_iter().map(|(url, _)| url).collect()
}

/// Every reference replaced by the same text.
fn replaced(language: Language, text: &str, by: &str) -> String {
    let rewritten = TOKENS.rewrite(language, text, |_| Some(by.to_owned()));
    assert_eq!(rewritten.unlexed, None, "{text}");
    rewritten.text.unwrap_or_else(|| text.to_owned())
}

/// Why there is nothing that the parser found.
fn unlexed(text: &str) -> Option<Unlexed> {
    TOKENS.rewrite(Language::Js, text, |_| None).unlexed
}

#[test]
fn urls_of_css_are_what_its_tokens_say() {
    for (css, expected) in [
        ("a{b:url(c.png)}", vec!["c.png"]),
        ("a{b:URL(  c.png\n)}", vec!["c.png"]),
        ("a{b:url( 'c d.png' )}", vec!["c d.png"]),
        ("a{b:url(\"c.png\" crossorigin(\"no\"))}", vec!["c.png"]),
        (r"a{b:u\72l('c.png')}", vec!["c.png"]),
        (r"a{b:url(c\20 d\(1\).png)}", vec!["c d(1).png"]),
        (r#"a{b:url("c\"\64.png")}"#, vec!["c\"d.png"]),
        ("a{b:src('c.png'); src: local(\"d\"), url(e.woff) format(\"woff\")}", vec!["c.png", "e.woff"]),
        (
            "a{b:image-set(\"c.png\" 1x, 'd.png' type(\"image/png\") 2x, url(e.png) 3x)}",
            vec!["c.png", "d.png", "e.png"],
        ),
        ("a{b:-webkit-image-set(url('c.png') 1x)}", vec!["c.png"]),
        ("a{--b:{c:[(url(d.png))]}}", vec!["d.png"]),
        ("}])a{b:url(c.png)}", vec!["c.png"]),
        ("a{b:(url(c.png)}; d:url(e.png)", vec!["c.png", "e.png"]),
        ("a{b:url(#c);d:url();e:url(\"\")}", vec!["#c", "", ""]),
        ("a{behavior:url(#default#VML)}", vec!["#default#VML"]),
        ("\u{feff}a{b:url(c.png)}", vec!["c.png"]),
        ("a{b:url(c.png", vec!["c.png"]),
        ("a{b:url('c.png", vec!["c.png"]),
        ("a{b:url(c\0.png)}", vec!["c\u{fffd}.png"]),
        ("<!-- a{b:url(c.png)} -->", vec!["c.png"]),
    ] {
        assert_eq!(urls(Language::Css, css), expected, "{css}");
    }
}

#[test]
fn comments_and_strings_of_css_hold_no_references() {
    for css in [
        "/* url(a.png) @import 'b.css' */",
        "/* never closed url(a.png)",
        "a{content:\"url(b.png)\"}",
        "a{content:'@import \"b.css\"'}",
        "a[href=\"b.png\"]{c:d}",
        "@charset \"utf-8\";",
        "@namespace url(http://www.w3.org/1999/xhtml); @namespace svg \"a\";",
        "@-moz-document url(a.html) {}",
        "a{b:myurl('c.png')}",
        "a{b:url(c d.png)}",
        "a{b:url(c'.png)}",
        "a{b:format('c.png')}",
        "a{b:url/**/('c.png')}",
        "@import-x 'a.css';",
    ] {
        assert_eq!(urls(Language::Css, css), [] as [&str; 0], "{css}");
    }
    let data = "a{b:url(\"data:image/svg+xml,<svg fill='url(#a)' x='url(b.png)'/>\")}";
    assert_eq!(urls(Language::Css, data), ["data:image/svg+xml,<svg fill='url(#a)' x='url(b.png)'/>"]);
}

#[test]
fn imports_keep_their_conditions() {
    let css =
        "@import 'a.css' layer(b) supports(c:d) print;@IMPORT/**/url(e.css)screen;@import\nurl('f.css');";
    assert_eq!(urls(Language::Css, css), ["a.css", "e.css", "f.css"]);
    assert_eq!(
        replaced(Language::Css, css, "x.css"),
        "@import 'x.css' layer(b) supports(c:d) print;@IMPORT/**/url(x.css)screen;@import\nurl('x.css');"
    );
    assert_eq!(urls(Language::Css, "@import layer 'a.css';"), [] as [&str; 0]);
}

#[test]
fn the_last_comment_names_the_source_map() {
    for (css, expected) in [
        ("/*# sourceMappingURL=a.map */", vec!["a.map"]),
        ("a{} /*# sourceMappingURL=a.map */\r\n/*@ sourceMappingURL=b.map*/", vec!["b.map"]),
        ("/*#sourceMappingURL=a.map*/a{b:url(c)}", vec!["a.map", "c"]),
        ("/* # sourceMappingURL=a.map */", vec![]),
        ("/*# sourceMappingURL= */", vec![]),
        ("/*# sourceMappingURL=a b.map */", vec![]),
        ("a{content:\"/*# sourceMappingURL=a.map */\"}", vec![]),
    ] {
        assert_eq!(urls(Language::Css, css), expected, "{css}");
    }
    for (js, expected) in [
        ("a\n//# sourceMappingURL=a.map", vec!["a.map"]),
        ("a //@ sourceMappingURL=a.map\r\n\r\n", vec!["a.map"]),
        ("a\r//# sourceMappingURL=a.map", vec!["a.map"]),
        ("//# sourceMappingURL=a.map\n//# sourceMappingURL=b.map\nb", vec!["b.map"]),
        ("/*# sourceMappingURL=a.map */ b", vec!["a.map"]),
        ("`\n//# sourceMappingURL=a.map\n`", vec![]),
        ("`\n//# sourceMappingURL=a.map`", vec![]),
        ("/*\n//# sourceMappingURL=a.map */", vec![]),
        ("var a = '//# sourceMappingURL=a.map';", vec![]),
        ("var a = '\\\n//# sourceMappingURL=a.map'", vec![]),
        ("//# sourceMappingURL=", vec![]),
        ("a /*! //# sourceMappingURL=a.map\n*/", vec![]),
        ("//# sourceMappingURL=a.map\nvar b = `//# sourceMappingURL=c.map`", vec!["a.map"]),
    ] {
        assert_eq!(urls(Language::Js, js), expected, "{js}");
        assert_eq!(unlexed(js), None, "{js}");
    }
}

#[test]
fn specifiers_of_modules_are_what_the_parser_says() {
    for (js, expected) in [
        ("import a from './a.js'\nimport {b} from \"./b.js\"", vec!["./a.js", "./b.js"]),
        ("import*as a from'./a.js';import'/static/b.js'", vec!["./a.js", "/static/b.js"]),
        ("import a, {\n b as c,\n d } from /* e */ '../a.js' with { type: 'json' };", vec!["../a.js"]),
        (
            "export * from './a.js'; export * as b from './b.js'; export {c} from './c.js'",
            vec!["./a.js", "./b.js", "./c.js"],
        ),
        (
            "import('./a.js'); await import ( /* webpackChunkName: 'x' */ './b.js', {with: {}})",
            vec!["./a.js", "./b.js"],
        ),
        ("import('react'); import 'react'; import a from 'b'; import('@/c.js')", vec![]),
        ("import('./a' + b); import(`./a.js`); import(a); import('./a' + '.js')", vec![]),
        (r"import './\x61.js'; import('./\u{62}\'.js')", vec!["./a.js", "./b'.js"]),
        (
            "// import './a.js';\n/* export * from './b.js'; */ '\\'; import \"./c.js\";'; `import './d.js';`",
            vec![],
        ),
        ("var a = /import '.\\/a.js';/; var b = c / import.meta.d / e", vec![]),
        ("a.import('./b.js'); x = {import: './c.js'}; export default './d.js'", vec![]),
        (
            "new Worker(new URL('./a.js', import.meta.url)); new URL( \"b.wasm\" , import . meta . url , )",
            vec!["./a.js", "b.wasm"],
        ),
        (
            "new URL('.', import.meta.url); new URL('../a/', import.meta.url); new URL('..', import.meta.url)",
            vec![],
        ),
        (
            "new URL('a.js', b); new URL('a.js', import.meta.dir); newURL('a', import.meta.url); xnew URL",
            vec![],
        ),
        ("new URL(/* 'a.js', */ import.meta.url); new URL(`a.js`, import.meta.url)", vec![]),
        ("new URL('a' + 'b.js', import.meta.url)", vec![]),
        ("#!/usr/bin/env node\nimport './a.js'", vec!["./a.js"]),
        ("\u{feff}import './a.js'", vec!["./a.js"]),
        ("return import('./a.js')", vec!["./a.js"]),
        ("with (a) { b = 010 } <!-- old\nimport('./a.js')", vec!["./a.js"]),
    ] {
        let js = js.replace("; xnew URL", "");
        assert_eq!(urls(Language::Js, &js), expected, "{js}");
        assert_eq!(unlexed(&js), None, "{js}");
    }
    assert_eq!(
        found(Language::Js, "\n\nimport './a.js'\n\n//# sourceMappingURL=b"),
        [("./a.js".to_owned(), 3), ("b".to_owned(), 5)]
    );
}

#[test]
fn modules_are_references_only_where_asked_for() {
    let without = Rewriter::new(false, Lexer::Tokens);
    let js = "import './a.js'\n//# sourceMappingURL=b.map";
    let rewritten = without.rewrite(Language::Js, js, |_| Some("x".to_owned()));
    assert_eq!(rewritten.text.as_deref(), Some("import './a.js'\n//# sourceMappingURL=x"));
    assert!(!without.finds(Language::Js, "import './a.js'"));
    assert!(TOKENS.finds(Language::Js, "import './a.js'"));
    assert!(!TOKENS.finds(Language::Css, "/* url(a) */"));
}

#[test]
fn only_the_reference_is_replaced_in_the_author_s_quotes() {
    let by = r#"x y'"(1)\.png"#;
    for (css, expected) in [
        ("a{b: URL( c.png )}", r#"a{b: URL( x\20 y\'\"\(1\)\\.png )}"#),
        ("a{b:url(' c.png ')}", r#"a{b:url('x y\'\"(1)\\.png')}"#),
        ("a{b:url(\"c.png\"", r#"a{b:url("x y'\"(1)\\.png""#),
        (r"a{b:url(c\ )}", r#"a{b:url(x\20 y\'\"\(1\)\\.png)}"#),
        (r"a{b:url(c\))}", r#"a{b:url(x\20 y\'\"\(1\)\\.png)}"#),
        (r#"a{b:url("c\"")}"#, r#"a{b:url("x y'\"(1)\\.png")}"#),
        ("a{b:url()}", r#"a{b:url(x\20 y\'\"\(1\)\\.png)}"#),
    ] {
        assert_eq!(replaced(Language::Css, css, by), expected, "{css}");
        // What was written is read back.
        let read: Vec<String> = urls(Language::Css, expected);
        assert_eq!(read, [by], "{css}");
    }
    assert_eq!(replaced(Language::Css, "a{b:url( \0\u{c})}", "x"), "a{b:url( x\u{c})}");
    let js = "import a from  './b.js'  ; import(\"./c.js\") ;export*from'./d.js'";
    assert_eq!(
        replaced(Language::Js, js, "./e'\"\\\n.js"),
        "import a from  './e\\'\"\\\\\\n.js'  ; import(\"./e'\\\"\\\\\\n.js\") ;export*from'./e\\'\"\\\\\\n.js'"
    );
    assert_eq!(
        replaced(Language::Js, "//# sourceMappingURL=a.map \r\n", "é */.map"),
        "//# sourceMappingURL=é%20%2A/.map \r\n"
    );
}

#[test]
fn what_is_no_javascript_is_left_to_the_patterns() {
    for (js, line, reason) in [
        ("import './a.js';\n\nlet let = <b>", 3, None),
        ("import './a.js'; {% if b %}", 1, None),
        ("import './a.js';\n/* never closed", 2, Some("Unterminated multiline comment")),
        ("import './a.js';\nlet a = `", 2, None),
    ] {
        let rewritten = TOKENS.rewrite(Language::Js, js, |it| Some(it.url.replace('a', "x")));
        let unlexed = rewritten.unlexed.expect("it cannot be parsed");
        assert_eq!(unlexed.line, line, "{js}");
        if let Some(reason) = reason {
            assert_eq!(unlexed.reason, reason);
        }
        assert!(rewritten.text.expect("a replacement").starts_with("import\"./x.js\";"), "{js}");
    }
}

#[test]
fn text_of_javascript_strings() {
    for (raw, expected) in [
        ("a", Some("a")),
        (r"\x41\u0042\u{43}\n\/\'", Some("ABC\n/'")),
        (r"\ud83d\ude00\u{1f600}", Some("😀😀")),
        ("a\\\r\nb\\\nc\\\u{2028}d", Some("abcd")),
        (r"\0a", Some("\0a")),
        (r"\01", None),
        (r"\ud83d", None),
        (r"\x4", None),
        (r"\xé", None),
        (r"\u{110000}", None),
        (r"\", None),
    ] {
        assert_eq!(quoting::javascript_text(raw).as_deref(), expected, "{raw}");
    }
}

/// Whatever nests, as deep as it likes, at the depth where it is still parsed, and far beyond.
#[test]
fn no_nesting_overflows_the_stack() {
    for (opening, middle, closing) in [
        ("[", "1", "]"),
        ("(", "1", ")"),
        ("{", "", "}"),
        ("({a:", "1", "})"),
        ("!", "1", ""),
        ("- ", "1", ""),
        ("typeof ", "1", ""),
        ("new ", "a", ""),
        ("a=>", "1", ""),
        ("(a)=>", "1", ""),
        ("a=", "1", ""),
        ("a?b:", "c", ""),
        ("a?", "c", ":d"),
        ("if(a)", "b", ""),
        ("if(a);else ", "b", ""),
        ("a:", "b", ""),
        ("`${", "a", "}`"),
        ("a**", "b", ""),
        ("function f(){", "", "}"),
        ("(function(){", "", "})"),
        ("class A{static{", "", "}}"),
        ("class extends ", "A", "{}"),
        ("(a=(", "1", "))=>1"),
        ("[a=", "1", "]=1"),
        ("do ", "a", " while(1)"),
        ("function*f(){yield ", "1", "}"),
        ("({a(){", "", "}})"),
        ("({a:{b=", "1", "}}=1)"),
        ("a.", "a", ""),
        ("a??", "b", ""),
        ("a|b&c==d<e<<f+g*", "b", ""),
        ("@(", "a", ") class A{}"),
        ("{[(", "", ""),
    ] {
        for depth in [100, DEEPEST_SINGLE, 20_000] {
            let text =
                format!("import('./a.js');\n{}{middle}{}", opening.repeat(depth), closing.repeat(depth));
            assert_eq!(urls(Language::Js, &text), ["./a.js"], "{depth} of {opening}");
        }
    }
    // Brackets in strings hide how deep it goes.
    let text = format!("import('./a.js');\"{}\";{}", "]".repeat(20_000), "[".repeat(20_000));
    assert_eq!(urls(Language::Js, &text), ["./a.js"]);
}

/// The depth to which one bracket a level is parsed.
const DEEPEST_SINGLE: usize = 511;

#[test]
fn depth_and_size_have_their_reasons() {
    let deep = |depth: usize| format!("import('./a.js');{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(unlexed(&deep(512)), None);
    let reason = |text: &str| unlexed(text).map(|unlexed| unlexed.reason);
    assert_eq!(reason(&deep(513)).as_deref(), Some("more than 512 brackets are open at once"));
    let large = format!("import('./a.js');{}", "f();".repeat(1 << 20));
    assert_eq!(reason(&large).as_deref(), Some("it is too large"));
}

/// Of each kind what is long in a way that could be read again and again.
#[test]
fn time_is_linear() {
    let long = |piece: &str| piece.repeat(400_000 / piece.len());
    for piece in [
        "url(",
        "url( ",
        "url('",
        "@import ",
        "/*",
        "{",
        "(",
        "a[",
        "\\",
        "\"",
        "\"\n",
        "url(\\",
        "image-set('",
    ] {
        urls(Language::Css, &long(piece));
    }
    assert_eq!(urls(Language::Css, &long("{url(a)")).len(), 400_000 / 7);
    for piece in [
        "import ",
        "import('./a.js');",
        "/*",
        "`",
        "`${",
        "//# sourceMappingURL=a\n",
        "import.meta,",
        "'",
        "\\",
        "<!--",
    ] {
        urls(Language::Js, &format!("import('./b');{}", long(piece)));
    }
    let urls_beside = format!("{};import.meta", long("new URL('a', import.meta.url);"));
    assert_eq!(urls(Language::Js, &urls_beside).len(), 400_000 / 30);
}

/// Bits of text that tokens begin and end with.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "url(",
        "URL(\"",
        "src('",
        "image-set(",
        ")",
        "\"",
        "'",
        "`",
        "@import",
        "@namespace",
        ";",
        "{",
        "}",
        "[",
        "]",
        "(",
        " ",
        "\n",
        "\r\n",
        "\\",
        "\\\"",
        "\\61 ",
        "a.png",
        "/*",
        "*/",
        "//",
        "/*# sourceMappingURL=",
        "# ",
        "import",
        "import(",
        "export * from ",
        "from",
        "./b.js",
        "\"./c.js\"",
        "new URL(",
        ", import.meta.url)",
        "${",
        "=>",
        "/",
        "//# sourceMappingURL=",
        "é",
        "\0",
        "\u{feff}",
        "\u{2028}",
        "<!--",
        "-->",
        "await ",
        "x",
    ]);
    proptest::collection::vec(piece, 0..32).prop_map(|pieces| pieces.concat())
}

/// Lines that are whole, of both languages.
fn statements(language: Language) -> impl Strategy<Value = String> {
    let statement = prop::sample::select(match language {
        Language::Css => vec![
            "@import 'a.css' print;\n",
            "@import url(a.css);",
            "a{b:url( c.png )}",
            "/* url(d) */",
            "e{f:'url(g)'}",
            "h{i:image-set('j' 1x)}\r\n",
            "/*# sourceMappingURL=k.map */\n",
            "l{m:url(\"\\6e.png\")}",
            "\n",
        ],
        Language::Js => vec![
            "import './a.js'\n",
            "export * from \"./b.js\";",
            "c = import('./c.js');\n",
            "/* import './d.js'; */",
            "'import(\"./e.js\")';",
            "`${f}`;\r\n",
            "/[/'\"]/.test(g);\n",
            "h / i / j;\n",
            "//# sourceMappingURL=k.map\n",
            "new URL('l.png', import.meta.url);\n",
            "import '.\\u002fm.js';\n",
        ],
    });
    proptest::collection::vec(statement, 0..16).prop_map(|statements| statements.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![soup(), statements(Language::Css), statements(Language::Js), any::<String>()]
}

proptest! {
    #[test]
    fn the_identity_changes_nothing(text in any_text()) {
        for language in [Language::Css, Language::Js] {
            let same = TOKENS.rewrite(language, &text, |reference| Some(reference.url.to_owned()));
            if same.unlexed.is_none() {
                prop_assert_eq!(same.text, None);
            }
        }
    }

    #[test]
    fn css_that_was_written_is_read_back(text in any_text(), by in "[ -~é\n\0-\u{7f}]{1,8}") {
        let by = trimmed(&by).replace('\0', "\u{fffd}");
        let before = urls(Language::Css, &text);
        let maps = TOKENS.rewrite(Language::Css, &text, |_| None);
        prop_assert_eq!(maps.unlexed, None);
        let mut kinds = Vec::new();
        let rewritten = TOKENS.rewrite(Language::Css, &text, |reference| {
            kinds.push(reference.kind);
            (reference.kind != ReferenceKind::SourceMap).then(|| by.clone())
        });
        let after = urls(Language::Css, rewritten.text.as_deref().unwrap_or(&text));
        let expected: Vec<String> = before.into_iter().zip(kinds)
            .map(|(url, kind)| if kind == ReferenceKind::SourceMap { url } else { by.clone() })
            .collect();
        prop_assert_eq!(after, expected);
    }

    #[test]
    fn modules_that_were_written_are_read_back(text in statements(Language::Js), by in "[ -~é\n\u{2028}]{0,8}") {
        let by = format!("./{by}.js");
        let before = found(Language::Js, &text);
        let rewritten = TOKENS.rewrite(Language::Js, &text, |reference| {
            (reference.kind != ReferenceKind::SourceMap).then(|| by.clone())
        });
        prop_assert_eq!(rewritten.unlexed, None);
        let after = found(Language::Js, rewritten.text.as_deref().unwrap_or(&text));
        let expected: Vec<(String, usize)> = before.into_iter()
            .map(|(url, line)| if url == "k.map" { (url, line) } else { (by.clone(), line) })
            .collect();
        prop_assert_eq!(after, expected);
    }
}
