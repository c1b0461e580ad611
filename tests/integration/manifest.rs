//! `manifest` as a user runs it: without a bucket, credentials or a network.

use std::fs;

use s3collect::manifest::Manifest;
use serde_json::json;

use crate::support::Sandbox;

/// As Django 5.2 writes it.
const MANIFEST: &str = r#"{"paths": {"css/a.css": "css/a.590d9ef559be.css", "d.png": "d.8277e0910d75.png"}, "version": "1.1", "hash": "de9a636c34fa"}"#;

fn site() -> Sandbox {
    Sandbox::new().file("static/css/a.css", "b{c:url(../d.png)}").file("static/d.png", "d")
}

#[test]
fn the_manifest_goes_to_stdout() {
    let run = site().run(&["manifest", "static"]);
    run.expect(0, &format!("{MANIFEST}\n"), "2 assets, 1 rewritten; manifest de9a636c34fa  [TIME]\n");
    let manifest = Manifest::parse(run.stdout.as_bytes()).expect("a manifest");
    assert_eq!(manifest.stored_name("d.png"), Some("d.8277e0910d75.png"));
}

#[test]
fn a_tree_is_written_once() {
    let site = site();
    site.run(&["manifest", "static", "--out", "root"]).expect(
        0,
        "",
        "2 assets, 1 rewritten; manifest de9a636c34fa; 5 files written (176 bytes), 0 unchanged  root  [TIME]\n",
    );
    assert_eq!(fs::read_to_string(site.path("root/staticfiles.json")).expect("it is there"), MANIFEST);
    site.write("root/old.txt", "");
    site.run(&["manifest", "static", "--out", "root", "--clean", "--sri", "-q"]).expect(0, "", "");
    let mut names: Vec<String> = fs::read_dir(site.path("root"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["css", "d.8277e0910d75.png", "d.png", "staticfiles.json", "staticfiles.sri.json"]);
}

/// The settings of a project that pushes with Django's class are those of this verb, too.
#[test]
fn settings_come_from_the_file() {
    let site = site()
        .file(
            "s3collect.toml",
            "sources = [\"static\"]\nbackend = \"storages.backends.s3.S3ManifestStaticStorage\"\n\
             static_url = \"assets/\"\nmanifest_name = \"m.json\"\nkeep_original_files = false\n\
             support_js_module_import_aggregation = true\nmissing_source_map = \"warn\"\n",
        )
        .file("static/e.js", "import '/assets/d.png';\n//# sourceMappingURL=e.js.map");
    site.run(&["manifest", "--out", "root"]).expect(
        0,
        "",
        "warning: `e.js` line 2 refers to `e.js.map`, which was not collected\n  \
         note: it resolves to `e.js.map`; looked in `static`\n  \
         hint: add the source map, or set `missing_source_map = \"warn\"` to leave such lines as they are\n\
         3 assets, 2 rewritten; manifest 62a0c0bbb810; 4 files written (251 bytes), 0 unchanged  root  [TIME]\n",
    );
    assert!(site.path("root/m.json").is_file());
    assert!(!site.path("root/d.png").exists());
}

#[test]
fn tokens_find_what_is_no_comment_and_no_string() {
    let site = site()
        .file("static/css/a.css", "/* url(gone.png) */\n@import 'b.css' layer(c);\nd{e:url( ../d.png )}")
        .file("static/css/b.css", "f{content:'url(gone.png)'}")
        .file("static/g.js", "// import './gone.js';\nimport './h.js'\nimport('react')")
        .file("static/h.js", "export default `import './gone.js';`");
    let run =
        site.run(&["manifest", "static", "--lexer", "tokens", "--js-modules", "--out", "root", "--json"]);
    let document = run.json();
    assert_eq!(document["errors"], json!([]));
    assert_eq!(document["warnings"], json!([]));
    let stored = |name: &str| document["manifest"]["paths"][name].as_str().expect("a name").to_owned();
    let text =
        |name: &str| fs::read_to_string(site.path(&format!("root/{}", stored(name)))).expect("it is there");
    assert_eq!(
        text("css/a.css"),
        format!(
            "/* url(gone.png) */\n@import '{}' layer(c);\nd{{e:url( ../{} )}}",
            stored("css/b.css").trim_start_matches("css/"),
            stored("d.png")
        )
    );
    assert_eq!(
        text("g.js"),
        format!("// import './gone.js';\nimport './{}'\nimport('react')", stored("h.js"))
    );
}

#[test]
fn what_no_lexer_understands_is_told_and_left_to_the_patterns() {
    let site = site().file("static/e.js", "import './f.js';\n{% if g %}\n").file("static/f.js", "");
    site.run(&["manifest", "static", "--lexer", "tokens", "--js-modules", "--out", "root"]).expect(
        0,
        "",
        "warning: `e.js` line 2: not parsed as JavaScript\n  \
         note: Unexpected token; its references are those that Django's patterns find\n  \
         hint: correct it, or name it in `exclude_rewrite` if its references need no replacing\n\
         4 assets, 2 rewritten; manifest 1eb6d08eda30; 9 files written (300 bytes), 0 unchanged  root  [TIME]\n",
    );
}

#[test]
fn files_that_are_excluded_are_stored_as_they_are() {
    let site = site()
        .file("static/vendor/a.css", b"b{c:url(gone.png)} \xff")
        .file("static/e.js", "//# sourceMappingURL=gone.map")
        .file("s3collect.toml", "sources = [\"static\"]\nexclude_rewrite = [\"vendor/**\", \"e.js\"]\n");
    let document = site.run(&["manifest", "--out", "root", "--json"]).json();
    assert_eq!(document["errors"], json!([]));
    assert_eq!((&document["assets"], &document["rewritten"]), (&json!(4), &json!(1)));
    assert_eq!(document["manifest"]["paths"]["e.js"], "e.c3bb73895865.js");
    assert_eq!(fs::read(site.path("root/vendor/a.css")).expect("it is there"), b"b{c:url(gone.png)} \xff");
}

#[test]
fn everything_that_is_wrong_is_told_in_one_run() {
    let site = site()
        .file("static/bad.css", b"a\xff")
        .file("static/e.css", "@import 'f.css';\nx{y:url(css/d.png)}")
        .file("static/f.css", "@import 'e.css';");
    let run = site.run(&["manifest", "static", "--out", "root", "--json"]);
    assert_eq!(run.status, 1);
    let document = run.json();
    assert_eq!(
        (&document["ok"], &document["manifest"], &document["out"]),
        (&json!(false), &json!(null), &json!("root"))
    );
    assert_eq!(
        document["errors"],
        json!([
            {
                "name": "bad.css",
                "key": null,
                "message": "`bad.css` is not UTF-8: byte 1 is no part of a character",
                "note": "the file is `static/bad.css`",
                "hint": "convert it to UTF-8, rename it, or leave it out with `--ignore`",
            },
            {
                "name": "e.css",
                "key": null,
                "message": "circular references: `e.css` → `f.css` → `e.css`",
                "note": "the hash of each depends on the others; Django ends here with `Max post-process passes exceeded`",
                "hint": "remove one of these references, or set `circular_references = \"hash\"` to name such files by one common hash",
            },
            {
                "name": "e.css",
                "key": null,
                "message": "`e.css` line 2 refers to `css/d.png`, which was not collected",
                "note": "it resolves to `css/d.png`; looked in `static`",
                "hint": "`d.png` was collected; if that is meant, correct the reference",
            },
        ])
    );
    assert_eq!(document["note"], "nothing was written to `root`");
    assert!(!site.path("root").exists());
}

#[test]
fn files_in_a_circle_have_one_common_hash() {
    let site = Sandbox::new()
        .file("static/e.css", "@import 'f.css';")
        .file("static/f.css", "@import 'e.css';")
        .file("s3collect.toml", "circular_references = \"hash\"\n");
    site.run(&["manifest", "static", "--out", "root"]).expect(
        0,
        "",
        "2 assets, 2 rewritten; manifest e837273d8046; 5 files written (215 bytes), 0 unchanged  root  [TIME]\n",
    );
    assert_eq!(
        fs::read_to_string(site.path("root/e.b409c9d8635d.css")).expect("it is there"),
        "@import url(\"f.b409c9d8635d.css\");"
    );
    assert!(site.path("root/f.b409c9d8635d.css").is_file());
}

#[test]
fn an_output_inside_a_source_is_refused() {
    site().run(&["manifest", "static", "--out", "static/root"]).expect(
        2,
        "",
        "error: `--out static/root` and the static dir `static` are inside each other\n  \
         hint: give a directory beside the static dirs\n",
    );
}

#[test]
fn settings_that_cannot_be_are_refused() {
    site()
        .run(&["manifest", "static", "--static-url", "/assets", "--set", "manifest_name=../m.json"])
        .expect(
            2,
            "",
            "error: `manifest_name` must be a relative path: `../m.json` is no name of an asset\n  \
         note: it comes from flag `--set manifest_name`\n  hint: write e.g. `staticfiles.json`\n\
         error: `static_url` must end with a slash: found `/assets`\n  \
         note: it comes from flag `--static-url`\n  hint: write `/assets/` if that is meant\n",
        );
}

#[test]
fn a_limit_on_passes_is_taken_and_not_needed() {
    site().run(&["manifest", "static", "--set", "max_post_process_passes=0"]).expect(
        0,
        &format!("{MANIFEST}\n"),
        "flag `--set max_post_process_passes` is not needed: names are found through the graph of references, \
         however deep\n2 assets, 1 rewritten; manifest de9a636c34fa  [TIME]\n",
    );
}
