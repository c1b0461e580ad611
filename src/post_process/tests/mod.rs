mod circular;
mod prehashed;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::collect::FileStamp;
use crate::name::AssetName;
use crate::rewrite::Language;
use crate::settings::Lexer;
use crate::testing::manifest_settings as settings;

/// Compiling takes longer than most tests.
static WITH_MODULES: LazyLock<Rewriter> = LazyLock::new(|| Rewriter::new(true, Lexer::Regex));

/// Files as they come out of a read.
fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    let mut sources: Vec<Source> = files
        .iter()
        .map(|(name, content)| Source {
            file: CollectedFile {
                name: AssetName::new(*name).expect("a name"),
                path: name.into(),
                source: 0,
                stamp: FileStamp { size: content.len() as u64, modified: None, changed: None },
            },
            hash: ContentHash::of(content.as_bytes()),
            prehashed: false,
            text: Language::of(name)
                .filter(|language| WITH_MODULES.finds(*language, content))
                .map(|_| (*content).to_owned()),
        })
        .collect();
    sources.sort_by(|left, right| left.file.name.cmp(&right.file.name));
    sources
}

fn run_with(
    files: &[(&str, &str)],
    settings: &ManifestSettings,
    directories: Severity,
) -> Result<Processed, Vec<PostProcessError>> {
    process(sources(files), settings, directories)
}

fn process(
    sources: Vec<Source>,
    settings: &ManifestSettings,
    directories: Severity,
) -> Result<Processed, Vec<PostProcessError>> {
    let options = PostProcessOptions {
        settings,
        rewriter: &WITH_MODULES,
        directories,
        sources: &["./static".to_owned()],
    };
    post_process(sources, &options)
}

fn run(files: &[(&str, &str)]) -> Result<Processed, Vec<PostProcessError>> {
    run_with(files, &settings(), Severity::Warn)
}

/// Errors or warnings as they are printed, the hint behind a slash.
fn told(result: Result<Processed, Vec<PostProcessError>>) -> Vec<String> {
    let problems = match result {
        Ok(processed) => processed.warnings,
        Err(errors) => Problem::all(&errors),
    };
    problems
        .into_iter()
        .map(|it| {
            format!("{} / {} / {}", it.message, it.note.unwrap_or_default(), it.hint.unwrap_or_default())
        })
        .collect()
}

/// What is stored of a file, as text.
fn stored(processed: &Processed, name: &str, files: &[(&str, &str)]) -> String {
    let asset = processed.assets.iter().find(|asset| asset.file.name.as_str() == name).expect("an asset");
    match &asset.content {
        Content::Rewritten(bytes) => String::from_utf8(bytes.to_vec()).expect("text"),
        Content::Original => files.iter().find(|file| file.0 == name).expect("a file").1.to_owned(),
    }
}

/// Follows every reference in every hashed file that is stored, as a browser would, and expects a file there; how many
/// it followed.
fn followed(processed: &Processed, files: &[(&str, &str)], settings: &ManifestSettings) -> usize {
    let outputs = processed.outputs(settings);
    let mut followed = 0;
    for (name, output) in outputs.iter().filter(|(_, output)| output.hashed) {
        let text = stored(processed, output.asset.file.name.as_str(), files);
        let Some(language) = Language::of(name.as_str()) else { continue };
        WITH_MODULES.rewrite(language, &text, |reference| {
            let base = url_base(name.as_str());
            let path = reference.url.split(['?', '#']).next().unwrap_or_default();
            let target = match path.strip_prefix("/static/") {
                Some(target) => target.to_owned(),
                None => [base, path].concat(),
            };
            let mut parts: Vec<&str> = Vec::new();
            for part in target.split('/') {
                match part {
                    ".." => assert!(parts.pop().is_some(), "`{name}` leads out by `{}`", reference.url),
                    "." => {}
                    part => parts.push(part),
                }
            }
            let target = StoredName::normal(&parts.join("/")).expect("a name");
            assert!(outputs.contains_key(&target), "`{name}` refers to `{}`", reference.url);
            followed += 1;
            None
        });
    }
    followed
}

/// A name up to its last slash.
fn url_base(name: &str) -> &str {
    &name[..name.rfind('/').map_or(0, |slash| slash + 1)]
}

/// `scripts/golden/references.py` asks Django itself.
#[test]
fn references_become_what_django_makes_of_them() {
    let table = include_str!("../../../fixtures/references.tsv");
    let over = table.lines().nth(1).and_then(|line| line.strip_prefix("# over: ")).expect("the files");
    let over: BTreeMap<String, String> = serde_json::from_str(over).expect("a map");
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rows.len() > 1000, "{} rows", rows.len());
    for row in rows {
        let cells: Vec<Value> =
            row.split('\t').map(|cell| serde_json::from_str(cell).expect("JSON")).collect();
        let [Value::String(name), Value::String(text), expected] = cells.as_slice() else {
            panic!("three columns: {row}")
        };
        let mut files: Vec<(&str, &str)> =
            over.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
        files.push((name, text));
        let result = run(&files);
        let ours = result.as_ref().ok().map(|processed| stored(processed, name, &files));
        assert_eq!(ours.as_deref(), expected.as_str(), "{name} {text:?} {:?}", result.err());
    }
}

#[test]
fn every_file_is_named_by_what_it_becomes() {
    let files = [("a.css", "@import 'b.css';"), ("b.css", "a{b:url(c.png)}"), ("c.png", "c")];
    let processed = run(&files).expect("nothing is wrong");
    assert_eq!(stored(&processed, "b.css", &files), "a{b:url(\"c.4a8a08f09d37.png\")}");
    let b = ContentHash::of(b"a{b:url(\"c.4a8a08f09d37.png\")}");
    let a = ContentHash::of(format!("@import url(\"b.{b}.css\");").as_bytes());
    assert_eq!(
        processed.manifest.to_json(),
        Manifest::new(
            [
                ("a.css", format!("a.{a}.css")),
                ("b.css", format!("b.{b}.css")),
                ("c.png", "c.4a8a08f09d37.png".to_owned()),
            ]
            .map(|(name, stored)| (name.to_owned(), stored))
            .into()
        )
        .to_json()
    );
    assert_eq!(told(Ok(processed)), [""; 0]);
}

#[test]
fn missing_files_are_told_all_at_once_with_what_was_meant() {
    assert_eq!(
        told(run(&[
            ("css/a.css", "\n@import 'b.css';\n@import 'b.css';\nx{y:url(../img/hero.webp)}"),
            ("css/deep/b.css", "/*# sourceMappingURL=b.css.map */"),
            ("img/hero.png", ""),
            ("js/a.js", "import './nowhere/at/all.js';\nimport '../../up.js';\nimport('//[x')"),
        ])),
        [
            "`css/a.css` line 2 refers to `b.css`, which was not collected / it resolves to `css/b.css`; looked in `./static` / `css/deep/b.css` was collected; if that is meant, correct the reference",
            "`css/a.css` line 4 refers to `../img/hero.webp`, which was not collected / it resolves to `img/hero.webp`; looked in `./static` / `img/hero.png` was collected; if that is meant, correct the reference",
            "`css/deep/b.css` line 1 refers to `b.css.map `, which was not collected / it resolves to `css/deep/b.css.map`; looked in `./static` / add the source map, or set `missing_source_map = \"warn\"` to leave such lines as they are",
            "`js/a.js` line 1 refers to `./nowhere/at/all.js`, which was not collected / it resolves to `js/nowhere/at/all.js`; looked in `./static` / add the file, or set `missing_reference = \"warn\"` to leave such references as they are",
            "`js/a.js` line 2 refers to `../../up.js`, which leads out of the static dirs / it resolves to `../up.js` / correct the reference",
        ]
    );
}

#[test]
fn what_is_missing_can_be_left_as_it_stands() {
    let files = [("a.css", "x{y:url('no.png')}\n/*# sourceMappingURL=no.map */"), ("b.png", "")];
    let maps = ManifestSettings { missing_source_map: Severity::Warn, ..settings() };
    let errors = run_with(&files, &maps, Severity::Warn).expect_err("the image is missing");
    assert_eq!(errors.len(), 1);
    let all = ManifestSettings { missing_reference: Severity::Warn, ..settings() };
    let processed = run_with(&files, &all, Severity::Warn).expect("nothing is minded");
    assert_eq!(stored(&processed, "a.css", &files), files[0].1);
    assert_eq!(
        told(Ok(processed))[1],
        "`a.css` line 2 refers to `no.map `, which was not collected / it resolves to `no.map`; looked in `./static` / add the source map, or set `missing_source_map = \"warn\"` to leave such lines as they are"
    );
}

#[test]
fn cycles_are_named() {
    let note =
        "the hash of each depends on the others; Django ends here with `Max post-process passes exceeded`";
    let hint = "remove one of these references, or set `circular_references = \"hash\"` to name such files by one common hash";
    assert_eq!(
        told(run(&[
            ("a.css", "@import 'b.css';"),
            ("b.css", "@import 'c.css';"),
            ("c.css", "@import 'a.css';"),
            ("d.css", "@import 'a.css'; x{y:url(no.png)}"),
            ("self.css", "@import 'self.css';"),
        ])),
        [
            format!("circular references: `a.css` → `b.css` → `c.css` → `a.css` / {note} / {hint}"),
            "`d.css` line 1 refers to `no.png`, which was not collected / it resolves to `no.png`; looked in `./static` / add the file, or set `missing_reference = \"warn\"` to leave such references as they are".to_owned(),
            format!("circular references: `self.css` → `self.css` / {note} / {hint}"),
        ]
    );
}

/// Django gives up on this after five passes, wherever the order of names is the wrong one.
#[test]
fn the_deepest_chain_succeeds() {
    let files: Vec<(String, String)> = (0..3000)
        .map(|index| (format!("{index:04}.css"), format!("@import '{:04}.css';", index + 1)))
        .chain([("3000.css".to_owned(), "a{}".to_owned())])
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let processed = run(&files).expect("nothing is wrong");
    let mut hash = ContentHash::of(b"a{}");
    for index in (0..3000).rev() {
        hash = ContentHash::of(format!("@import url(\"{:04}.{hash}.css\");", index + 1).as_bytes());
    }
    assert_eq!(processed.manifest.stored_name("0000.css"), Some(format!("0000.{hash}.css").as_str()));
}

/// Fact 8: such a reference is no row of Django's table, and its file is hashed as it is.
#[test]
fn a_query_gets_the_hash_of_the_file_as_it_was() {
    let files = [
        ("a.css", "@import 'b.css?v=1';@import 'c.css?v=1';"),
        ("b.css", "x{y:url(d.png)}"),
        ("c.css", "c"),
        ("d.png", ""),
    ];
    let processed = run(&files).expect("nothing is wrong");
    let (b, c) = (ContentHash::of(files[1].1.as_bytes()), ContentHash::of(b"c"));
    assert_eq!(
        stored(&processed, "a.css", &files),
        format!("@import url(\"b.{b}.css?v=1\");@import url(\"c.{c}.css?v=1\");")
    );
    let stored_name = processed.manifest.stored_name("b.css").expect("a name").to_owned();
    assert_eq!(
        told(Ok(processed)),
        [format!(
            "`a.css` line 1 refers to `b.css?v=1` and becomes `b.{b}.css?v=1`, which does not exist: that file is stored as `{stored_name}` / as in Django, a reference with a query, or not spelled as the name, gets the hash of the file before its own references were replaced / leave the query out; a hashed name needs none"
        )]
    );
}

/// Such files do not wait for each other's names.
#[test]
fn queries_go_round_in_circles() {
    let files = [("a.css", "@import 'b.css?v';"), ("b.css", "@import 'a.css?v';")];
    assert_eq!(run(&files).expect("nothing is wrong").warnings.len(), 2);
}

/// Fact 8: the part behind the last slash is what is replaced, and that is in the query.
#[test]
fn a_query_with_a_slash_leaves_the_name_unhashed() {
    let files = [("a.css", "x{y:url(b.png?c=d/e)}"), ("b.png", "")];
    let processed = run(&files).expect("nothing is wrong");
    assert_eq!(stored(&processed, "a.css", &files), "x{y:url(\"b.png?c=d/e\")}");
    assert_eq!(told(Ok(processed)), [""; 0]);
    let hashed_only = ManifestSettings { keep_original_files: false, ..settings() };
    assert_eq!(
        told(run_with(&files, &hashed_only, Severity::Warn)),
        [
            "`a.css` line 1 refers to `b.png?c=d/e` and becomes `b.png?c=d/e`, which does not exist / Django makes the same of it / refer to the file by its plain name"
        ]
    );
}

/// Fact 11.
#[test]
fn a_directory_stays_or_is_refused() {
    let files = [("css/a.css", "x{y:url(../img)}\nz{a:url('.')}"), ("img/b.png", "")];
    let processed = run(&files).expect("nothing is wrong");
    assert_eq!(stored(&processed, "css/a.css", &files), "x{y:url(\"../img\")}\nz{a:url(\"css\")}");
    let expected = [
        "`css/a.css` line 1 refers to `../img`, which is a directory /  / refer to a file in it, or put a slash at its end",
        "`css/a.css` line 2 refers to `.`, which is a directory /  / refer to a file in it, or put a slash at its end",
    ];
    assert_eq!(told(Ok(processed)), expected);
    assert_eq!(told(run_with(&files, &settings(), Severity::Error)), expected);
    assert_eq!(told(run_with(&[("a.css", "url(b/)"), ("b/c", "")], &settings(), Severity::Error)), [""; 0]);
}

/// There may be millions, in one file.
#[test]
fn what_is_too_much_to_be_told_is_counted() {
    let missing = |count: usize| (0..count).map(|index| format!("url({index}.png)\n")).collect::<String>();
    assert_eq!(told(run(&[("a.css", &missing(1000))])).len(), 1000);
    let told_of_more = told(run(&[("a.css", &format!("{}@import 'b.css';", missing(6000)))]));
    assert_eq!(told_of_more.len(), 1002);
    assert_eq!(
        told_of_more[1000],
        "`a.css` has the same trouble with 5000 more references, from line 1001 on /  / look at those that are told first"
    );
    assert_eq!(told_of_more[1001].split(',').next(), Some("`a.css` line 6001 refers to `b.css`"));
    // Those that are none after all are no reason for a warning.
    let queries: String = (0..2000).map(|index| format!("@import 'b.css?{index}';")).collect();
    assert_eq!(told(run(&[("a.css", &queries), ("b.css", "url(data:)")])), [""; 0]);
    assert_eq!(told(run(&[("a.css", &queries), ("b.css", "url(c)"), ("c", "")])).len(), 1001);
}

/// It may be a file of many megabytes in which nothing is closed but at its end.
#[test]
fn a_reference_of_any_length_is_told_by_its_beginning() {
    let told = told(run(&[("a.css", &format!("url({}x)", "é/".repeat(100_000)))]));
    let beginning = "é/".repeat(341);
    assert!(told[0].starts_with(&format!("`a.css` line 1 refers to `{beginning}…`, which")), "{told:?}");
    assert!(told[0].len() < 4096);
}

/// Django's pattern for `export … from` begins in the comment, and finds what the one for `import` has written.
#[test]
fn a_module_that_is_hashed_twice_is_told() {
    let files =
        [("a.js", "// what we export\nimport b from './b.js';"), ("b.js", "import './c.js';"), ("c.js", "")];
    let processed = run(&files).expect("nothing is wrong");
    let b = ContentHash::of(b"import\"./c.d41d8cd98f00.js\";");
    assert_eq!(
        stored(&processed, "a.js", &files),
        format!("// what we export\nimport b from \"./b.{b}.{b}.js\";")
    );
    assert_eq!(
        told(Ok(processed)),
        [format!(
            "`a.js` line 1: a reference is hashed twice and becomes `./b.{b}.{b}.js`, which does not exist / as in Django, a later pattern, which begins at the word `import` or `export` on an earlier line, found `./b.{b}.js` that an earlier pattern had written / move that word, which may stand in a comment, behind the imports"
        )]
    );
}

#[test]
fn a_backslash_loses_its_folder() {
    let files = [("css/a.css", "x{y:url(d\\b.png)}"), ("css/d/b.png", "")];
    assert_eq!(
        told(run(&files)),
        [
            "`css/a.css` line 1 refers to `d\\b.png` and becomes `b.d41d8cd98f00.png`, which does not exist / Django makes the same of it / refer to the file by its plain name"
        ]
    );
}

#[test]
fn names_that_django_cannot_store_are_told() {
    assert_eq!(
        told(run(&[("%2Fa.txt", ""), ("%2E%2E%2Fb.txt", ""), ("c%00.txt", ""), ("d\\..\\e.txt", ""), ("f.css", "url(no)")])),
        ["d\\..\\e.txt"].map(|name| format!(
            "`{name}` cannot be stored under a hashed name / its name is read as a URL, as in Django, and is none / rename the file, or leave it out with `--ignore`"
        ))
    );
    assert_eq!(
        told(run(&[("%2Fa.txt", ""), ("%2E%2E%2Fb.txt", ""), ("x:%2F%2F%5Bc", "")])),
        [
            "`%2E%2E%2Fb.txt` cannot be stored under a hashed name / its name is read as a URL, as in Django, and `../b.d41d8cd98f00.txt` comes out / rename the file, or leave it out with `--ignore`",
            "`%2Fa.txt` cannot be stored under a hashed name / its name is read as a URL, as in Django, and `/a.d41d8cd98f00.txt` comes out / rename the file, or leave it out with `--ignore`",
            "`x:%2F%2F%5Bc` cannot be stored under a hashed name / its name is read as a URL, as in Django, and is none / rename the file, or leave it out with `--ignore`",
        ]
    );
}

#[test]
fn two_bodies_under_one_name_are_refused_and_equal_ones_told() {
    let hint = "rename one of them, or leave one out with `--ignore`";
    assert_eq!(
        told(run(&[("a b.txt", "1"), ("a%20b.txt", "1"), ("c.txt", "2"), ("c%20.txt", "3")])),
        [format!(
            "`a b.txt` and `a%20b.txt` are both stored as `a b.c4ca4238a0b9.txt` / their bytes are the same / {hint}"
        )]
    );
    // What an earlier run left among the sources.
    let earlier = [("a.txt", "1"), ("a.c4ca4238a0b9.txt", "other")];
    assert_eq!(
        told(run(&earlier)),
        [format!(
            "`a.c4ca4238a0b9.txt` and `a.txt` are both stored as `a.c4ca4238a0b9.txt` / their bytes differ / {hint}"
        )]
    );
    let hashed_only = ManifestSettings { keep_original_files: false, ..settings() };
    assert_eq!(told(run_with(&earlier, &hashed_only, Severity::Warn)), [""; 0]);
    assert_eq!(
        told(run(&[("a\\b", "1"), ("a/b", "2")])),
        [format!("`a/b` and `a\\b` are both stored as `a/b` / their bytes differ / {hint}")]
    );
}

#[test]
fn a_manifest_among_the_sources_is_overwritten() {
    let processed = run(&[("staticfiles.json", "{}"), ("a.txt", "")]).expect("nothing is wrong");
    assert_eq!(processed.manifest.stored_name("staticfiles.json"), Some("staticfiles.99914b932bd3.json"));
    let outputs: Vec<String> = processed.outputs(&settings()).keys().map(ToString::to_string).collect();
    assert_eq!(outputs, ["a.d41d8cd98f00.txt", "a.txt", "staticfiles.99914b932bd3.json"]);
    assert_eq!(
        told(Ok(processed)),
        [
            "`staticfiles.json` is overwritten by the manifest /  / leave it out with `--ignore`, or set another `manifest_name`"
        ]
    );
}

#[test]
fn static_url_decides_which_absolute_references_are_ours() {
    let files = [("a.css", "url(/assets/b.png) url(/static/b.png) url(https://cdn/b.png)"), ("b.png", "")];
    let with = |static_url: &str| {
        let settings = ManifestSettings { static_url: static_url.to_owned(), ..settings() };
        run_with(&files, &settings, Severity::Warn).map(|processed| stored(&processed, "a.css", &files)).ok()
    };
    assert_eq!(
        with("/assets/").as_deref(),
        Some("url(\"/assets/b.d41d8cd98f00.png\") url(/static/b.png) url(https://cdn/b.png)")
    );
    assert_eq!(with("https://cdn/").as_deref(), Some(files[0].1));
    assert_eq!(with("/"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The order in which a file system lists them is none of ours.
    #[test]
    fn the_order_of_files_never_matters(
        shuffled in Just(sources(&[
            ("a.css", "@import 'b.css'; url(no.png)"),
            ("b.css", "url(c d.png) url(c%20d.png?e)"),
            ("c d.png", "c"),
            ("c%20d.png", "c"),
            ("f.js", "// export\nimport './g.js';\nexport * from './h.js';"),
            ("g.js", "import('./h.js')"),
            ("h.js", ""),
        ])).prop_shuffle()
    ) {
        let settings = ManifestSettings { missing_reference: Severity::Warn, ..settings() };
        let process = |sources: Vec<Source>| {
            let mut processed = process(sources, &settings, Severity::Warn).expect("nothing is minded");
            processed.assets.sort_by(|left, right| left.file.name.cmp(&right.file.name));
            processed
        };
        let mut sorted = shuffled.clone();
        sorted.sort_by(|left, right| left.file.name.cmp(&right.file.name));
        let (sorted, shuffled) = (process(sorted), process(shuffled));
        prop_assert_eq!(&sorted.manifest, &shuffled.manifest);
        for (left, right) in sorted.assets.iter().zip(&shuffled.assets) {
            prop_assert_eq!((&left.stored_name, &left.content), (&right.stored_name, &right.content));
        }
    }

    /// Any references between a few files that go down the alphabet only.
    #[test]
    fn names_are_a_fixpoint(references in proptest::collection::vec((0_usize..8, 0_usize..8), 0..20)) {
        let name = |index: usize| format!("{}.css", char::from(b'a' + u8::try_from(index).expect("small")));
        let mut texts = vec![String::new(); 8];
        for (file, target) in references {
            if file < target {
                texts[file].push_str(&format!("@import '{}';", name(target)));
            }
        }
        let names: Vec<String> = (0..8).map(name).collect();
        let files: Vec<(&str, &str)> =
            names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let processed = run(&files).expect("nothing is wrong");
        for (name, text) in &files {
            let mut expected = (*text).to_owned();
            for target in &names {
                let stored_name = processed.manifest.stored_name(target).expect("a row");
                expected = expected.replace(&format!("'{target}'"), &format!("url(\"{stored_name}\")"));
            }
            let stem = name.trim_end_matches(".css");
            let hashed = format!("{stem}.{}.css", ContentHash::of(expected.as_bytes()));
            prop_assert_eq!(processed.manifest.stored_name(name), Some(hashed.as_str()));
            prop_assert_eq!(stored(&processed, name, &files), expected);
        }
    }
}
