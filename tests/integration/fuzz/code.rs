//! Style sheets and scripts, by Django's patterns and by lexers.

use s3collect::rewrite::{Language, ReferenceKind, Rewriter, Rewritten};
use s3collect::settings::Lexer;

use super::{Outcome, Target, same};

const CSS: [&str; 3] = [
    "@charset \"utf-8\";\n@import url(\"base.css\") screen;\n@import 'theme.css';\n/* url(no.png) */\n\
     a{background:url( 'img/a b.png' ) , URL(x\\)y.png)}\n@font-face{src:url(\"f.woff2?#iefix\")}\n\
     b{content:\"url(no)\";c:url(data:image/png;base64,AA==)}\n/*# sourceMappingURL=site.css.map */",
    "a { background: url(\u{e9}\\27 \\000041\\\n.png) }\r\n\x0cb{mask:url(#a);cursor:image-set(url('1.png') 1x, \"2.png\" 2x)}",
    "@import url(a.css);@import \"b.css\";@media x{@import url('c.css')}a{b:src(\"d.png\") url(\"e.png\"}",
];
const CSS_WORDS: [&str; 24] = [
    "url(",
    "url(\"",
    "URL('",
    ")",
    "\")",
    "@import ",
    "@import url(",
    "/*",
    "*/",
    "\\",
    "\\\n",
    "\\29 ",
    "\\110000",
    "{",
    "}",
    ";",
    "<!--",
    "-->",
    "data:",
    "#",
    "sourceMappingURL=",
    "/*# sourceMappingURL=a.map */",
    "\x0c",
    "'",
];
const JS: [&str; 3] = [
    "import a, { b as c } from \"./a.js\";\nimport './b.js';\nexport * from './c.js';\nconst d = await import(`./d.js`);\n\
     const w = new Worker(new URL('./w.js', import.meta.url), { type: 'module' });\n// import 'no.js'\n\
     const s = \"import 'no.js'\", r = /import '.*'/g, t = `x${import('./e.js')}`;\n//# sourceMappingURL=site.js.map\n",
    "(function(){var x=1/2/3;return x})();\n/*! export * from 'no' */\n//@ sourceMappingURL=old.js.map",
    "import json from './d.json' with { type: 'json' };export{default as e}from\"\\x2e\\u{2f}e.js\";\u{2028}import.meta",
];
const JS_WORDS: [&str; 26] = [
    "import ",
    "import(",
    "import * as x from ",
    "export ",
    "export * from ",
    "from ",
    "'./a.js'",
    "\"./a.js\"",
    "`",
    "${",
    "}",
    "//",
    "/*",
    "*/",
    "/",
    "=>",
    "\\u{",
    "\\x",
    "\u{2028}",
    "new URL(",
    "import.meta.url",
    "//# sourceMappingURL=",
    "async ",
    "<!--",
    ";",
    "#!/",
];

/// Whatever stands in a name. Django writes it as it is, so patterns may find something else afterwards.
const ODD: &str = "./a\"b'c)d\\e f</style>*/`${g}.css";

fn find(rewriter: &Rewriter, language: Language, text: &str) -> (Vec<(ReferenceKind, String)>, Rewritten) {
    let mut found = Vec::new();
    let rewritten = rewriter.rewrite(language, text, |reference| {
        found.push((reference.kind, reference.url.to_owned()));
        None
    });
    (found, rewritten)
}

fn law(rewriter: &Rewriter, lexer: Lexer, language: Language, text: &str) -> Outcome {
    let (found, untouched) = find(rewriter, language, text);
    same("a text of which nothing is replaced", &untouched.text, &None)?;
    if !found.is_empty() && !rewriter.finds(language, text) {
        return Err(format!("{found:?} in what holds nothing"));
    }
    let lines = text.lines().count() + text.matches(['\r', '\u{c}', '\u{2028}', '\u{2029}']).count() + 1;
    let mut stray = None;
    let mut replace = |with: Option<&str>| {
        rewriter.rewrite(language, text, |reference| {
            stray = stray.or((reference.line == 0 || reference.line > lines).then_some(reference.line));
            Some(with.unwrap_or(reference.url).to_owned())
        })
    };
    let odd = replace(Some(ODD));
    let kept = replace(None);
    if let Some(line) = stray {
        return Err(format!("line {line} of {lines}"));
    }
    let lexed = lexer == Lexer::Tokens && untouched.unlexed.is_none();
    if lexed && let Some(text) = kept.text {
        same("what is found where each stands for itself", &find(rewriter, language, &text).0, &found)?;
    }
    // A source map alone is taken from the last line, whether or not the script before it is one.
    let parsed = language == Language::Css || found.iter().any(|(kind, _)| *kind == ReferenceKind::JsModule);
    if lexed
        && parsed
        && let Some(text) = odd.text
    {
        // Whatever is put in: it stays where it was put, and what is found is as much as before.
        let (now, rewritten) = find(rewriter, language, &text);
        same(&format!("how many are found in {text}"), &now.len(), &found.len())?;
        same("what a lexer thinks of it", &rewritten.unlexed, &None)?;
    }
    Ok(!found.is_empty())
}

fn run(name: &'static str, language: Language, lexer: Lexer) {
    let (seeds, words) = match language {
        Language::Css => (CSS, &CSS_WORDS[..]),
        Language::Js => (JS, &JS_WORDS[..]),
    };
    let seeds = seeds.map(|seed| seed.as_bytes().to_vec()).to_vec();
    let rewriters = [Rewriter::new(true, lexer), Rewriter::new(false, lexer)];
    Target { name, seeds, words }.run(|case| {
        let text = String::from_utf8_lossy(case);
        let with_modules = law(&rewriters[0], lexer, language, &text)?;
        law(&rewriters[1], lexer, language, &text)?;
        Ok(with_modules)
    });
}

#[test]
fn css_by_patterns() {
    run("CSS by patterns", Language::Css, Lexer::Regex);
}

#[test]
fn css_by_tokens() {
    run("CSS by tokens", Language::Css, Lexer::Tokens);
}

#[test]
fn javascript_by_patterns() {
    run("JavaScript by patterns", Language::Js, Lexer::Regex);
}

#[test]
fn javascript_by_tokens() {
    run("JavaScript by tokens", Language::Js, Lexer::Tokens);
}
