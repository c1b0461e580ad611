//! Files whose names carry a hash already.

use super::*;
use crate::settings::CircularReferences;

/// Files, of which those with these names are prehashed.
fn marked(files: &[(&str, &str)], prehashed: &[&str]) -> Vec<Source> {
    let mut sources = sources(files);
    for source in &mut sources {
        source.prehashed = prehashed.contains(&source.file.name.as_str());
    }
    sources
}

fn run_marked(
    files: &[(&str, &str)],
    prehashed: &[&str],
    settings: &ManifestSettings,
) -> Result<Processed, Vec<PostProcessError>> {
    process(marked(files, prehashed), settings, Severity::Error)
}

/// Name, whether it is as good as hashed, and body of all that is stored.
fn outputs(
    processed: &Processed,
    files: &[(&str, &str)],
    settings: &ManifestSettings,
) -> Vec<(String, bool, String)> {
    let own = |name: &str| files.iter().find(|file| file.0 == name).expect("a file").1.to_owned();
    let body = |output: &Output<'_>| match output.rewritten() {
        Some(bytes) => String::from_utf8(bytes.to_vec()).expect("text"),
        None => own(output.asset.file.name.as_str()),
    };
    let outputs = processed.outputs(settings);
    outputs.iter().map(|(name, output)| (name.to_string(), output.hashed, body(output))).collect()
}

#[test]
fn prehashed_files_stay_as_they_are() {
    let files = [
        ("a.css", "@import 'app/b-1.css'; x{y:url(app/c-1.eot?#iefix)}"),
        ("app/b-1.css", "x{y:url( '../d.png' )} z{a:url(no.png)} b{c:url(c-1.eot?v=1)}"),
        ("app/c-1.eot", "c"),
        ("d.png", ""),
    ];
    let processed =
        run_marked(&files, &["app/b-1.css", "app/c-1.eot"], &settings()).expect("nothing is wrong");
    let a = "@import url(\"app/b-1.css\"); x{y:url(\"app/c-1.eot?#iefix\")}";
    assert_eq!(
        outputs(&processed, &files, &settings()),
        [
            (format!("a.{}.css", ContentHash::of(a.as_bytes())), true, a.to_owned()),
            ("a.css".to_owned(), false, files[0].1.to_owned()),
            ("app/b-1.css".to_owned(), true, files[1].1.to_owned()),
            ("app/c-1.eot".to_owned(), true, "c".to_owned()),
            ("d.d41d8cd98f00.png".to_owned(), true, String::new()),
            ("d.png".to_owned(), false, String::new()),
        ]
    );
    assert_eq!(processed.manifest.stored_name("app/b-1.css"), Some("app/b-1.css"));
    let seen: Vec<(bool, ContentHash)> =
        processed.assets.iter().map(|asset| (asset.prehashed, asset.hash)).collect();
    assert_eq!(
        seen,
        [
            (false, ContentHash::of(a.as_bytes())),
            (true, ContentHash::of(files[1].1.as_bytes())),
            (true, ContentHash::of(b"c")),
            (false, ContentHash::of(b"")),
        ]
    );
    assert_eq!(told(Ok(processed)), [""; 0]);
}

/// Fact 8 gives such references a hash; these need none.
#[test]
fn however_it_is_spelled_a_reference_leads_to_the_same_name() {
    for (reference, expected) in [
        ("b c-1.css", "b c-1.css"),
        ("b%20c-1.css", "b c-1.css"),
        ("./x/../b c-1.css", "./x/../b c-1.css"),
        ("/static/b c-1.css", "/static/b c-1.css"),
        (" b c-1.css ", "b c-1.css"),
        ("b c-1.css?v=1", "b c-1.css?v=1"),
        ("b c-1.css#d", "b c-1.css#d"),
        ("b c-1.css?v#d", "b c-1.css?v#d"),
    ] {
        let text = format!("x{{y:url({reference})}}");
        let files = [("a.css", text.as_str()), ("b c-1.css", "x{y:url(a.css)}")];
        let processed = run_marked(&files, &["b c-1.css"], &settings()).expect("nothing is wrong");
        assert_eq!(stored(&processed, "a.css", &files), format!("x{{y:url(\"{expected}\")}}"), "{reference}");
        assert_eq!(told(Ok(processed)), [""; 0], "{reference}");
    }
}

/// A name that promises its bytes depends on nothing.
#[test]
fn prehashed_files_break_circles() {
    let files = [
        ("a.js", "import './b-1.js';"),
        ("b-1.js", "import './a.js'; import './b-1.js';\nimport './no.js'"),
        ("c.js", "export { x } from './c.js';"),
    ];
    let processed = run_marked(&files, &["b-1.js", "c.js"], &settings()).expect("nothing is wrong");
    assert_eq!(stored(&processed, "a.js", &files), "import\"./b-1.js\";");
    let hash = ContentHash::of(b"import\"./b-1.js\";");
    assert_eq!(processed.manifest.stored_name("a.js"), Some(format!("a.{hash}.js").as_str()));
    assert_eq!(told(Ok(processed)), [""; 0]);
}

#[test]
fn plain_names_that_are_not_stored_are_told_where_they_are_needed() {
    let files = [
        (
            "app/a-1.css",
            "x{y:url(../b.png)}\nx{y:url(c-1.png?v)}\nx{y:url(/static/d.png#e)} x{y:url(no.png)} x{y:url(http://a/b)}",
        ),
        ("app/c-1.png", ""),
        ("b.png", ""),
        ("d.png", ""),
    ];
    let hashed_only = ManifestSettings { keep_original_files: false, ..settings() };
    let prehashed = ["app/a-1.css", "app/c-1.png"];
    let processed = run_marked(&files, &prehashed, &hashed_only).expect("nothing is wrong");
    let names: Vec<String> = processed.outputs(&hashed_only).keys().map(ToString::to_string).collect();
    assert_eq!(names, ["app/a-1.css", "app/c-1.png", "b.d41d8cd98f00.png", "d.d41d8cd98f00.png"]);
    let hint = "set `keep_original_files = true`, or name that file in `prehashed` if it carries a hash, too";
    let expected = [(1, "../b.png", "b.png"), (3, "/static/d.png#e", "d.png")].map(|(line, url, name)| {
        format!(
            "`app/a-1.css` line {line} refers to `{url}`, which is stored under its hashed name only / it resolves to `{name}`; `app/a-1.css` is prehashed and stored as it is / {hint}"
        )
    });
    assert_eq!(told(Ok(processed)), expected);
    assert_eq!(told(run_marked(&files, &prehashed, &settings())), [""; 0]);
}

/// As it is with an earlier output among the sources.
#[test]
fn a_prehashed_name_may_be_ours_if_the_bytes_are() {
    let name = "a.c4ca4238a0b9.txt";
    let processed = run_marked(&[("a.txt", "1"), (name, "1")], &[name], &settings()).expect("the same");
    let names: Vec<(String, bool)> = processed
        .outputs(&settings())
        .iter()
        .map(|(name, output)| (name.to_string(), output.hashed))
        .collect();
    assert_eq!(names, [(name.to_owned(), true), ("a.txt".to_owned(), false)]);
    assert_eq!(told(Ok(processed)), [""; 0]);
    assert_eq!(
        told(run_marked(&[("a.txt", "1"), (name, "2")], &[name], &settings())),
        [
            "`a.c4ca4238a0b9.txt` and `a.txt` are both stored as `a.c4ca4238a0b9.txt` / their bytes differ / rename one of them, or leave one out with `--ignore`"
        ]
    );
}

#[test]
fn a_prehashed_manifest_is_overwritten_all_the_same() {
    let hashed_only = ManifestSettings { keep_original_files: false, ..settings() };
    for settings in [settings(), hashed_only] {
        let processed = run_marked(&[("staticfiles.json", "{}")], &["staticfiles.json"], &settings);
        let processed = processed.expect("nothing is wrong");
        assert!(processed.outputs(&settings).is_empty());
        assert_eq!(
            told(Ok(processed)),
            [
                "`staticfiles.json` is overwritten by the manifest /  / leave it out with `--ignore`, or set another `manifest_name`"
            ]
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The output of a run as the sources of the next: with all that is hashed marked, with all of it marked, and once
    /// more with what that gave.
    #[test]
    fn its_own_output_stays_as_it_is(
        edges in proptest::collection::vec((0_usize..6, 0_usize..6, "(\\?v=1|#x|)"), 0..12),
        bodies in proptest::collection::vec("[a-z {}é\n]{0,6}", 6),
        keep_original_files: bool,
    ) {
        let names = ["a.css", "b.css", "d/a.css", "d/e f.css", "g.js", "h.png"];
        let mut texts = bodies;
        for (file, target, tail) in &edges {
            let up = "../".repeat(names[*file].matches('/').count());
            let url = format!("{up}{}{tail}", names[*target]);
            match names[*file] {
                "h.png" => {}
                "g.js" => texts[*file].push_str(&format!("\nimport './{url}';")),
                _ => texts[*file].push_str(&format!("x{{y:url({url})}}")),
            }
        }
        let settings = ManifestSettings {
            circular_references: CircularReferences::Hash,
            keep_original_files,
            ..settings()
        };
        let files: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
        let first = run_marked(&files, &[], &settings).expect("nothing is wrong");
        let first = outputs(&first, &files, &settings);
        let output: Vec<(&str, &str)> = first.iter().map(|it| (it.0.as_str(), it.2.as_str())).collect();

        let hashed: Vec<&str> = first.iter().filter(|it| it.1).map(|it| it.0.as_str()).collect();
        let second = run_marked(&output, &hashed, &settings).expect("nothing is wrong");
        prop_assert_eq!(outputs(&second, &output, &settings), first.clone());

        let all: Vec<&str> = first.iter().map(|it| it.0.as_str()).collect();
        let third = run_marked(&output, &all, &settings).expect("nothing is wrong");
        let bodies = |outputs: Vec<(String, bool, String)>| -> Vec<(String, String)> {
            outputs.into_iter().map(|(name, _, body)| (name, body)).collect()
        };
        prop_assert_eq!(bodies(outputs(&third, &output, &settings)), bodies(first));
        prop_assert!(third.manifest.paths().iter().all(|(name, stored_name)| name == stored_name));
    }

    /// Without references to them they are as if they were not there.
    #[test]
    fn marking_a_file_changes_only_what_leads_to_it(marked in 0_usize..4) {
        let files = [("a.css", "@import 'b.css';"), ("b.css", "url(c.png)"), ("c.png", ""), ("d.css", "url(c.png)")];
        let plain = run_marked(&files, &[], &settings()).expect("nothing is wrong");
        let with = run_marked(&files, &[files[marked].0], &settings()).expect("nothing is wrong");
        let leads: [&[usize]; 4] = [&[0], &[0, 1], &[0, 1, 2, 3], &[3]];
        for (index, (left, right)) in plain.assets.iter().zip(&with.assets).enumerate() {
            prop_assert_eq!(left.stored_name != right.stored_name, leads[marked].contains(&index));
        }
    }
}
