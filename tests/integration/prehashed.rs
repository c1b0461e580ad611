//! Names that carry a hash already, over the recorded output of real bundlers (`scripts/bundlers/record`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Sandbox, copy_tree};

/// A project with the output of a bundler.
fn project(bundler: &str) -> Sandbox {
    let project = Sandbox::new();
    copy_tree(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bundlers").join(bundler),
        &project.path("dist"),
    );
    project
}

/// All files below a directory, by name.
fn tree(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(dir).into_iter().map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.file_type().is_file());
    let name = |path: &Path| path.strip_prefix(dir).expect("below").to_str().expect("text").to_owned();
    files.map(|entry| (name(entry.path()), fs::read(entry.path()).expect("a file"))).collect()
}

#[test]
fn a_vite_build_keeps_its_names() {
    let project =
        project("vite").file("static/site.css", "x{y:url(/static/app/assets/logo-BMQvfZts.png)}").file(
            "s3collect.toml",
            "sources = [\"static\", [\"app\", \"dist\"]]\nprehashed = [\"dist/.vite/manifest.json\"]\n\
         keep_original_files = false\n",
        );
    fs::create_dir(project.path("below")).expect("a directory");
    let arguments = ["manifest", "--config", "../s3collect.toml", "--out", "../root", "--sri"];
    let output = project.command(&arguments).current_dir(project.path("below")).output().expect("it runs");
    assert_eq!(
        project.filtered(&output.stderr),
        "8 assets, 1 rewritten; manifest d0e4c3480284; 10 files written (4.4 KiB), 0 unchanged  ../root  [TIME]\n"
    );
    let root = tree(&project.path("root"));
    let mut expected: BTreeMap<String, Vec<u8>> = tree(&project.path("dist/assets"))
        .into_iter()
        .map(|(name, bytes)| (format!("app/assets/{name}"), bytes))
        .collect();
    let style = "x{y:url(\"/static/app/assets/logo-BMQvfZts.png\")}";
    expected.insert("site.6d977b879099.css".to_owned(), style.into());
    for name in ["staticfiles.json", "staticfiles.sri.json"] {
        expected.insert(name.to_owned(), root[name].clone());
    }
    assert_eq!(root, expected);
    let integrity: Value = serde_json::from_slice(&root["staticfiles.sri.json"]).expect("JSON");
    assert_eq!(integrity.as_object().map(serde_json::Map::len), Some(8));
}

#[test]
fn a_webpack_build_keeps_its_names_whichever_manifest_tells_them() {
    for manifest in ["manifest.json", "assets-manifest.json", "webpack-stats.json"] {
        let project = project("webpack");
        let set = format!("prehashed=dist/{manifest}");
        let run = project.run(&["manifest", "--source", "app=dist", "--json", "--set", &set]);
        let document = run.json();
        assert_eq!(
            (&document["errors"], &document["warnings"], &document["rewritten"]),
            (&json!([]), &json!([]), &json!(0))
        );
        let paths = document["manifest"]["paths"].as_object().expect("an object").clone();
        let hashed: Vec<&str> =
            paths.iter().filter(|(name, stored)| *name != *stored).map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            hashed,
            ["app/assets-manifest.json", "app/manifest.json", "app/webpack-stats.json"],
            "{manifest}"
        );
        assert_eq!(paths.len(), 12);
    }
}

#[test]
fn a_push_makes_them_immutable() {
    let project = project("vite").file(
        "s3collect.toml",
        "sources = [[\"app\", \"dist\"]]\nprehashed = [\"dist/.vite/manifest.json\"]\n\
         backend = \"S3ManifestStaticStorage\"\nlocal = \"bucket\"\n",
    );
    project.write("dist/robots.txt", "");
    let document = project.run(&["push", "--json"]).json();
    assert_eq!(document["errors"], json!([]));
    let steps = document["steps"].as_array().expect("steps");
    let immutable: Vec<&str> = steps
        .iter()
        .filter(|step| step["cache_control"] == "public, max-age=31536000, immutable")
        .map(|step| step["key"].as_str().expect("a key"))
        .collect();
    assert_eq!(
        immutable,
        [
            "app/assets/late-DIWrMSR7.css",
            "app/assets/late-v74PjJgM.js",
            "app/assets/late-v74PjJgM.js.map",
            "app/assets/logo-BMQvfZts.png",
            "app/assets/main-BBdMNd9d.css",
            "app/assets/main-BKg0YU_Z.js",
            "app/assets/main-BKg0YU_Z.js.map",
            "app/robots.d41d8cd98f00.txt",
        ]
    );
    let others: Vec<&str> = steps
        .iter()
        .map(|step| step["key"].as_str().expect("a key"))
        .filter(|key| !immutable.contains(key))
        .collect();
    assert_eq!(others, ["app/robots.txt", "staticfiles.json"]);
    let again = project.run(&["push", "--json"]).json();
    assert_eq!((&again["put"], &again["skipped"]), (&json!(0), &json!(10)));
}

#[test]
fn an_output_stays_as_it_is() {
    let project = project("vite");
    let project = project
        .file("static/a.css", "@import 'b.css';")
        .file("static/b.css", "@import 'a.css'; x{y:url(c.png)}")
        .file("static/c.png", "c");
    let arguments = ["manifest", "-q", "--set", "circular_references=hash", "--set"];
    let with = |more: &[&'static str]| [&arguments[..], more].concat();
    project.run(&with(&["prehashed=assets/*", "static", "dist", "--out", "one"])).expect(0, "", "");
    let one = tree(&project.path("one"));
    let warning = "warning: `staticfiles.json` is overwritten by the manifest\n  \
         hint: leave it out with `--ignore`, or set another `manifest_name`\n";
    project.run(&with(&["prehashed=**", "one", "--out", "two"])).expect(0, "", warning);
    let mut two = tree(&project.path("two"));
    let paths: Value = serde_json::from_slice(&two["staticfiles.json"]).expect("JSON");
    let paths = paths["paths"].as_object().expect("an object").clone();
    assert_eq!(paths.len(), one.len());
    assert!(paths.iter().all(|(name, stored)| name == stored));
    two.insert("staticfiles.json".to_owned(), one["staticfiles.json"].clone());
    assert_eq!(one, two);
    project
        .run(&with(&[
            "prehashed=*.????????????.*,assets/*",
            "one",
            "-i",
            "staticfiles.json",
            "--out",
            "three",
        ]))
        .expect(0, "", "");
    let mut three = tree(&project.path("three"));
    three.insert("staticfiles.json".to_owned(), one["staticfiles.json"].clone());
    assert_eq!(one, three);
}

#[test]
fn what_names_nothing_is_told() {
    let project = Sandbox::new()
        .file("static/a.css", "url(no.png)")
        .file("old.json", r#"{"main.js": "/static/main.0123abcd.js"}"#)
        .file("bad.json", "{");
    project.run(&["manifest", "static", "--set", "prehashed=*.none,old.json,no.json,bad.json"]).expect(
        2,
        "",
        "error: flag `--set prehashed` names the manifest `no.json`, which does not exist\n  \
         hint: run the build that writes it first, or correct the path\n\
         error: the manifest `bad.json` is no JSON\n  \
         caused by: EOF while parsing an object at line 1 column 1\n  \
         hint: run the build that writes it again; a glob that ends in `.json` begins with `**/`\n",
    );
    project.write("static/a.css", "a");
    project.run(&["manifest", "static", "--set", "prehashed=*.none,old.json"]).expect(
        0,
        "{\"paths\": {\"a.css\": \"a.0cc175b9c0f1.css\"}, \"version\": \"1.1\", \"hash\": \"700e310760e4\"}\n",
        "warning: flag `--set prehashed`: the glob `*.none` matches no collected file\n  \
         hint: with a `/` it is matched against whole names, without one against base names; correct it, or take it \
         out\n\
         warning: the manifest `old.json` names `/static/main.0123abcd.js`, which was not collected\n  \
         hint: collect the directory that the build writes to, or run the build again\n\
         1 asset, 0 rewritten; manifest 700e310760e4  [TIME]\n",
    );
}
