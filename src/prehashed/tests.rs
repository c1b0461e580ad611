use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::collect::FileStamp;
use crate::error::{Diagnose, Problem};
use crate::settings::Prehashed;
use crate::testing::manifest_settings;

/// Collected files: the source, and the name.
fn files(names: &[(usize, &str)]) -> Vec<CollectedFile> {
    let file = |(source, name): &(usize, &str)| CollectedFile {
        name: AssetName::new(*name).expect("a name"),
        path: name.into(),
        source: *source,
        stamp: FileStamp { size: 0, modified: None, changed: None },
    };
    names.iter().map(file).collect()
}

fn glob(text: &str) -> PrehashedNames {
    PrehashedNames::Glob { text: text.to_owned(), pattern: NamePattern::new(text).expect("a glob") }
}

fn with(items: Vec<PrehashedNames>) -> ManifestSettings {
    let prehashed =
        items.into_iter().map(|names| Prehashed { names, subject: "`prehashed`".to_owned() }).collect();
    ManifestSettings { prehashed, ..manifest_settings() }
}

/// What is found by one manifest, which lies in these folders; names and warnings.
fn by_manifest(
    names: &[(usize, &str)],
    document: &str,
    folders: &[(usize, &str)],
) -> (Vec<String>, Vec<String>) {
    let settings = with(vec![PrehashedNames::Manifest(PathBuf::from("m.json"))]);
    let found = find(&settings, &files(names), |path| {
        assert_eq!(path, Path::new("m.json"));
        Ok(BundlerFile {
            bytes: document.as_bytes().to_vec(),
            folders: folders.iter().map(|(source, folder)| (*source, (*folder).to_owned())).collect(),
        })
    })
    .expect("a manifest");
    let names = found.names.iter().map(ToString::to_string).collect();
    (names, found.warnings.iter().map(ToString::to_string).collect())
}

/// The files of the recorded builds, below a folder.
fn recorded(folder: &str, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{folder}{name}")).collect()
}

const VITE: [&str; 8] = [
    "assets/late-DIWrMSR7.css",
    "assets/late-v74PjJgM.js",
    "assets/late-v74PjJgM.js.map",
    "assets/logo-BMQvfZts.png",
    "assets/main-BBdMNd9d.css",
    "assets/main-BKg0YU_Z.js",
    "assets/main-BKg0YU_Z.js.map",
    "index.html",
];

const WEBPACK: [&str; 12] = [
    "541.9e11af1c24bfb6fe246f.js",
    "541.9e11af1c24bfb6fe246f.js.map",
    "css/541.4d6296d4298e89af4c2f.css",
    "css/541.4d6296d4298e89af4c2f.css.map",
    "css/main.fe1dbf4e20de7223fb1f.css",
    "css/main.fe1dbf4e20de7223fb1f.css.map",
    "main.73028d4a0c333ff80764.js",
    "main.73028d4a0c333ff80764.js.map",
    "media/logo.ead6e9664b10e936f0ac.png",
    "assets-manifest.json",
    "manifest.json",
    "webpack-stats.json",
];

/// `scripts/bundlers/record` built them: the files in a folder of a source, which a prefix or the folder itself is.
#[test]
fn recorded_builds_are_read() {
    let vite = include_str!("../../fixtures/bundlers/vite/.vite/manifest.json");
    let plugin = include_str!("../../fixtures/bundlers/webpack/manifest.json");
    let assets = include_str!("../../fixtures/bundlers/webpack/assets-manifest.json");
    let stats = include_str!("../../fixtures/bundlers/webpack/webpack-stats.json");
    for folder in ["", "app/", "some/where/"] {
        let inside = folder.trim_end_matches('/');
        for (document, names, hashed, lies_in) in [
            (vite, &VITE[..], 7, format!("{folder}.vite")),
            (plugin, &WEBPACK[..], 9, inside.to_owned()),
            (assets, &WEBPACK[..], 9, inside.to_owned()),
            (stats, &WEBPACK[..], 9, inside.to_owned()),
        ] {
            let there = recorded(folder, names);
            // Another source has files of other builds, one of them of the same name.
            let mut all: Vec<(usize, &str)> = there.iter().map(|name| (1, name.as_str())).collect();
            all.extend([(0, "other/assets/main-BKg0YU_Z.js"), (0, "other/main.73028d4a0c333ff80764.js")]);
            let (mut found, warnings) = by_manifest(&all, document, &[(1, &lies_in)]);
            found.sort();
            let mut expected = recorded(folder, &names[..hashed]);
            expected.sort();
            assert_eq!((found, warnings), (expected, Vec::new()), "{folder}");
        }
    }
}

#[test]
fn other_shapes_are_read() {
    for (document, expected) in [
        (json!({}), vec![]),
        // Rails and Create React App.
        (
            json!({"a.js": "/x/a-1.js", "entrypoints": {"a": {"assets": {"js": ["/x/a-1.js"]}}}}),
            vec!["/x/a-1.js"],
        ),
        (
            json!({
                "files": {
                    "main.js": "/static/js/main.0fcd1234.js", "index.html": "/index.html",
                    "static/js/787.28cb0dcd.chunk.js": "/static/js/787.28cb0dcd.chunk.js",
                },
                "entrypoints": ["static/js/main.0fcd1234.js"],
            }),
            vec!["/static/js/787.28cb0dcd.chunk.js", "/static/js/main.0fcd1234.js"],
        ),
        // A file called like a word of the other shapes.
        (
            json!({"files": "files.1.js", "status": "status.1.js", "entrypoints": "e.1.js"}),
            vec!["e.1.js", "files.1.js", "status.1.js"],
        ),
        // webpack-bundle-tracker before its version 1.
        (
            json!({"status": "done", "chunks": {"main": [{"name": "main-0123456789ab.js", "path": "/x"}, {"name": "x.js"}]}}),
            vec!["main-0123456789ab.js"],
        ),
        // A Vite build in which some names have no hash.
        (
            json!({
                "src/a.ts": {"file": "a.js", "css": ["a.css", "a-Bxyz_-12.css"], "imports": ["_b-Cdefghij.js"]},
                "_b-Cdefghij.js": {"file": "b-Cdefghij.js", "name": "b"},
                "_c.js": {"file": "c.js", "name": "c", "assets": ["d.png", "e-AbCdEfGh.png"]},
                "src/d.png": {"file": "d.png", "src": "src/d.png"},
            }),
            vec!["a-Bxyz_-12.css", "b-Cdefghij.js", "e-AbCdEfGh.png"],
        ),
    ] {
        let seen = document::hashed_files(document.to_string().as_bytes());
        let seen: Option<Vec<String>> = seen.ok().map(|names| names.into_iter().collect());
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(seen, Some(expected), "{document}");
    }
}

#[test]
fn what_is_no_manifest_is_told() {
    let told = |document: &str| {
        let settings = with(vec![PrehashedNames::Manifest(PathBuf::from("m.json"))]);
        let file = BundlerFile { bytes: document.as_bytes().to_vec(), folders: Vec::new() };
        let errors = find(&settings, &[], |_| Ok(file.clone())).expect_err("it is none");
        errors.iter().map(Problem::of).map(|it| (it.message, it.causes, it.hint)).collect::<Vec<_>>()
    };
    assert_eq!(
        told("{\n"),
        [(
            "the manifest `m.json` is no JSON".to_owned(),
            vec!["EOF while parsing an object at line 2 column 0".to_owned()],
            Some(
                "run the build that writes it again; a glob that ends in `.json` begins with `**/`"
                    .to_owned()
            )
        )]
    );
    assert_eq!(
        told(r#"{"status": "compiling", "chunks": {}}"#)[0].0,
        "the manifest `m.json` tells of a build that is not done: its status is `compiling`"
    );
    for unknown in [
        "[]",
        "1",
        r#"{"a": 1}"#,
        r#"{"a": {"file": 1}}"#,
        r#"{"a": {"file": "b", "css": "c"}}"#,
        r#"{"main": {"js": "main.1.js"}}"#,
        r#"{"src/a.vue": ["/assets/a-1.js"]}"#,
        r#"{"status": "done"}"#,
        r#"{"status": "done", "chunks": {"main": [1]}}"#,
    ] {
        assert_eq!(told(unknown)[0].0, "`m.json` is no manifest of a bundler that is known", "{unknown}");
    }
}

#[test]
fn all_manifests_that_cannot_be_read_are_told() {
    let settings = with(vec![
        PrehashedNames::Manifest(PathBuf::from("no.json")),
        glob("*.none"),
        PrehashedNames::Manifest(PathBuf::from("secret.json")),
    ]);
    let errors = find(&settings, &[], |path| {
        let kind = if path == Path::new("no.json") {
            io::ErrorKind::NotFound
        } else {
            io::ErrorKind::PermissionDenied
        };
        Err(kind.into())
    })
    .expect_err("neither is there");
    let told: Vec<(String, Option<String>, u8)> =
        errors.iter().map(|error| (error.to_string(), error.hint(), error.exit().code())).collect();
    assert_eq!(
        told,
        [
            (
                "`prehashed` names the manifest `no.json`, which does not exist".to_owned(),
                Some("run the build that writes it first, or correct the path".to_owned()),
                2
            ),
            ("cannot read the manifest `secret.json`".to_owned(), Some("make it readable".to_owned()), 1),
        ]
    );
}

#[test]
fn globs_match_names() {
    let collected = files(&[(0, "app/a-1.js"), (0, "app/b.js"), (0, "a-2.js")]);
    let settings = with(vec![glob("a-*"), glob("/b.js"), glob("app/*.js")]);
    let found = find(&settings, &collected, |_| unreachable!("there is no manifest")).expect("globs");
    let names: Vec<&str> = found.names.iter().map(AssetName::as_str).collect();
    assert_eq!(names, ["a-2.js", "app/a-1.js", "app/b.js"]);
    let warnings: Vec<String> = found.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["`prehashed`: the glob `/b.js` matches no collected file"]);
}

#[test]
fn names_are_matched_soundly() {
    let none: &[(usize, &str)] = &[];
    for (names, url, folders, expected) in [
        // Under `static_url` it is the name itself, wherever the manifest lies.
        (&[(0, "p/a.1.js"), (1, "a.1.js")][..], "/static/p/a.1.js", &[(1, "")][..], "p/a.1.js"),
        // Beside the manifest before anywhere else.
        (&[(0, "a.1.js"), (1, "p/a.1.js")], "a.1.js", &[(1, "p")], "p/a.1.js"),
        (&[(0, "a.1.js"), (0, "p/a.1.js")], "a.1.js", &[(0, "p/.vite")], "p/a.1.js"),
        (&[(0, "p/a.1.js"), (0, "q/a.1.js")], "./a.1.js", &[(0, "q/deep/.vite")], "q/a.1.js"),
        // The same source twice, under two names.
        (&[(0, "a.1.js"), (1, "p/a.1.js")], "a.1.js", &[(0, ""), (1, "p")], "a.1.js p/a.1.js"),
        // A public path that nobody knows.
        (&[(0, "a.1.js"), (0, "p/js/a.1.js")], "/cdn/js/a.1.js", &[(0, "p")], "p/js/a.1.js"),
        (&[(0, "js/a.1.js")], "https://cdn.example.com/v1/js/a.1.js", &[(0, "")], "js/a.1.js"),
        (&[(0, "js/a.1.js")], "//cdn.example.com/js/a.1.js", none, "js/a.1.js"),
        (&[(0, "js/a.1.js")], "/v1/js/a.1.js", none, "-"),
        // A relative name has none.
        (&[(0, "a.1.js")], "js/a.1.js", &[(0, "")], "-"),
        // Somewhere in the manifest's source, or anywhere where it lies in none.
        (&[(0, "p/a.1.js"), (1, "q/a.1.js")], "a.1.js", &[(1, "")], "q/a.1.js"),
        (&[(0, "p/a.1.js"), (1, "q/b.js")], "a.1.js", none, "p/a.1.js"),
        (&[(0, "p/a.1.js")], "a.1.js", &[(1, "")], "-"),
        (&[(0, "p/xa.1.js")], "a.1.js", none, "-"),
        (&[(0, "p/a.1.js"), (1, "q/a.1.js")], "a.1.js", none, "?"),
        (&[(0, "p/a.1.js"), (0, "q/a.1.js")], "a.1.js", &[(0, "")], "?"),
        // What is no name below the output.
        (&[(0, "a.1.js")], "../a.1.js", &[(0, "p")], "-"),
        (&[(0, "a.1.js")], "a.1.js?id=1", &[(0, "")], "-"),
        (&[(0, "a.1.js")], "", &[(0, "")], "-"),
        (&[(0, "a.1.js")], "https://cdn.example.com", &[(0, "")], "-"),
        // With the map beside it.
        (&[(0, "a.1.js"), (0, "a.1.js.map")], "a.1.js", none, "a.1.js a.1.js.map"),
    ] {
        let (found, warnings) = by_manifest(names, &json!({"a.js": url}).to_string(), folders);
        let seen = match warnings.as_slice() {
            [] => found.join(" "),
            [warning]
                if *warning == format!("the manifest `m.json` names `{url}`, which was not collected") =>
            {
                "-".to_owned()
            }
            [warning]
                if *warning
                    == format!(
                        "the manifest `m.json` names `{url}`, and several collected files may be meant"
                    ) =>
            {
                "?".to_owned()
            }
            others => panic!("{others:?}"),
        };
        assert_eq!(seen, expected, "{url} from {folders:?} among {names:?}");
    }
}

#[test]
fn warnings_name_five() {
    let names: serde_json::Map<String, serde_json::Value> =
        (1..=7).map(|index| (format!("{index}.js"), json!(format!("{index}.x.js")))).collect();
    let (_, warnings) = by_manifest(&[], &serde_json::Value::Object(names).to_string(), &[]);
    assert_eq!(
        warnings,
        [
            "the manifest `m.json` names `1.x.js`, `2.x.js`, `3.x.js`, `4.x.js`, `5.x.js` and 2 more, which were not collected"
        ]
    );
    let (_, warnings) = by_manifest(&[], "{}", &[]);
    assert_eq!(warnings, ["the manifest `m.json` names no file that carries a hash"]);
}
