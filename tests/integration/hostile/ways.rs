//! Names, links and manifests that point elsewhere.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::Endpoint;
use crate::support::Sandbox;

#[test]
fn no_name_that_is_typed_leads_out_of_the_location() {
    let sandbox = Sandbox::new().file("secret.txt", "secret").file("mine.txt", "mine");
    let at = |location: &'static str| {
        let sandbox = &sandbox;
        move |arguments: &[&str]| {
            sandbox.run(&[arguments, &["--local", "bucket", "--location", location]].concat())
        }
    };
    assert_eq!(at("other")(&["put", "secret.txt"]).status, 0);
    assert_eq!(at("static-old")(&["put", "secret.txt"]).status, 0);
    let within = at("static");
    assert_eq!(within(&["put", "mine.txt"]).status, 0);
    for way in [
        "../other/secret.txt",
        "/other/secret.txt",
        "a/../../other/secret.txt",
        "..\\other\\secret.txt",
        "../static-old/secret.txt",
        "//other/secret.txt",
        "./../other/secret.txt",
    ] {
        for verb in [
            &["cat", way][..],
            &["get", way, "got.txt"],
            &["stat", way],
            &["exists", way],
            &["rm", way],
            &["put", "mine.txt", way],
            &["url", way],
        ] {
            let run = within(verb);
            assert!(run.status != 0 && !run.stdout.contains("secret\n"), "{verb:?}: {run:?}");
        }
        assert!(!sandbox.path("got.txt").exists());
    }
    for way in ["..", "../other", "../", "/"] {
        for verb in [&["ls", way][..], &["ls", "-R", way], &["rm", "--recursive", way, "--yes"]] {
            let run = within(verb);
            assert!(!format!("{run:?}").contains("secret"), "{verb:?}: {run:?}");
        }
    }
    for location in ["other", "static-old"] {
        at(location)(&["cat", "secret.txt"]).expect(0, "secret", "");
    }
    within(&["cat", "mine.txt"]).expect(0, "mine", "");
}

#[test]
fn links_where_something_is_written_are_not_followed() {
    let sandbox = Sandbox::new().file("static/css/site.css", "a{}").file("outside/victim.txt", "before");
    let local = |arguments: &[&str]| sandbox.run(&[arguments, &["--local", "bucket"]].concat());
    assert_eq!(local(&["push", "static"]).status, 0);
    // The target of a download, and the place of a manifest, that is a link is replaced.
    symlink("outside/victim.txt", sandbox.path("got.css")).expect("a link");
    assert_eq!(local(&["get", "css/site.css", "got.css"]).status, 0);
    assert_eq!(fs::read_to_string(sandbox.path("got.css")).expect("it is there"), "a{}");
    symlink("outside/victim.txt", sandbox.path("paths.json")).expect("a link");
    let run = local(&["push", "static", "--manifest", "--set", "manifest_location=paths.json"]);
    assert_eq!(run.status, 0, "{run:?}");
    // A directory of the tree that is a link is refused.
    fs::create_dir(sandbox.path("out")).expect("a directory");
    symlink("../outside", sandbox.path("out/css")).expect("a link");
    sandbox.run(&["manifest", "static", "--out", "out"]).expect(
        1,
        "",
        "error: `out/css` is a link that leaves `out`\n  note: nothing was put in place\n  \
         hint: remove the link, or write to where it leads\n",
    );
    fs::remove_file(sandbox.path("out/css")).expect("a link");
    symlink("outside", sandbox.path("linked")).expect("a link");
    assert_eq!(
        sandbox.run(&["manifest", "static", "--out", "linked"]).status,
        0,
        "the output itself may be one"
    );
    assert_eq!(fs::read_to_string(sandbox.path("outside/victim.txt")).expect("it is there"), "before");
    let entries: Vec<_> = fs::read_dir(sandbox.path("out")).expect("a directory").collect();
    assert!(entries.is_empty(), "{entries:?}");
}

/// A manifest in a bucket that somebody else can write signs no URL of another prefix.
#[test]
fn a_manifest_leads_to_no_other_prefix() {
    let service = Endpoint::start();
    let sandbox = service.sandbox().env("AWS_LOCATION", "static");
    for stored in [
        "../other/secret.txt",
        "/other/secret.txt",
        "a/../../other/secret.txt",
        "https://elsewhere.example/x",
        "..",
        "",
    ] {
        let document = json!({"version": "1.1", "paths": {"a.css": stored}, "hash": ""}).to_string();
        sandbox.write("staticfiles.json", document);
        assert_eq!(sandbox.run(&["put", "staticfiles.json"]).status, 0);
        let run = sandbox.run(&[
            "url",
            "a.css",
            "--backend",
            "S3ManifestStaticStorage",
            "--set",
            "querystring_auth=true",
        ]);
        let path = run.stdout.split("/acme/").nth(1).unwrap_or_default();
        assert!(
            run.stdout.is_empty() || path.starts_with("static/") && !path.contains(".."),
            "{stored}: {run:?}"
        );
    }
}
