//! What others call things, as it is printed.

use std::fs;
use std::os::unix::fs::symlink;

use super::{harmless, is_harmless};
use crate::support::Sandbox;

const ODD: [&str; 5] = [
    "red\u{1b}[31m.css",
    "two\nlines.css",
    "gpj.\u{202e}exe.css",
    "c1\u{9b}2J.css",
    "mark\u{200f}\u{2028}.css",
];

#[test]
fn names_print_safely_everywhere() {
    let sandbox = Sandbox::new();
    for name in ODD {
        sandbox.write(&format!("static/{name}"), "a{}");
    }
    let local = |arguments: &[&str]| {
        let run = sandbox.run(&[arguments, &["--local", "bucket", "--location", "static"]].concat());
        harmless(&format!("{arguments:?}"), &run);
        run
    };
    let planned = local(&["push", "static", "-n"]);
    assert_eq!(planned.stdout.lines().count(), ODD.len(), "one line for each: {planned:?}");
    assert!(planned.stdout.contains("put   static/two\\u{a}lines.css  new\n"), "{planned:?}");
    assert_eq!(local(&["push", "static", "-vv"]).status, 0);
    local(&["push", "static", "-vv"]);
    local(&[
        "push",
        "static",
        "--report",
        "report.html",
        "--set",
        "object_parameters={\"CacheControl\": \"no-cache\"}",
    ]);
    let report = fs::read_to_string(sandbox.path("report.html")).expect("a report");
    assert!(report.contains("static/red\\u{1b}[31m.css") && is_harmless(&report), "{report}");
    for verb in [&["ls"][..], &["ls", "-l"], &["ls", "-R"]] {
        assert_eq!(local(verb).stdout.lines().count(), ODD.len());
    }
    let listed = local(&["ls", "--json"]).json();
    let names: Vec<&str> =
        listed["files"].as_array().expect("files").iter().filter_map(|file| file["name"].as_str()).collect();
    assert!(ODD.iter().all(|name| names.contains(name)), "a document has names as they are: {names:?}");
    local(&["push", "static", "--json", "--manifest"]);
    for verb in
        [&["releases"][..], &["verify"], &["rollback"], &["rollback", "-n"], &["gc"], &["verify", "--strict"]]
    {
        local(verb);
    }
    local(&["manifest", "static"]);
    local(&["manifest", "static", "--out", "out\u{1b}[2J"]);
    for name in ODD {
        local(&["stat", name]);
        local(&["stat", name, "--json"]);
        local(&["explain", "--source", "=static", name]);
        local(&["get", name, "got"]);
        local(&["get", name]);
        local(&["cat", &format!("no-{name}")]);
        local(&["exists", name, "--json"]);
        local(&["put", &format!("static/{name}"), &format!("up/{name}")]);
        local(&["put", &format!("none/{name}")]);
        local(&["rm", name]);
        for manifest in ["S3StaticStorage", "S3ManifestStaticStorage"] {
            let unknown = format!("no-{name}");
            let named = ["url", name, &unknown, "--bucket", "b", "--region", "x", "--backend", manifest];
            let run = sandbox.run(&[&named[..], &["--endpoint-url", "http://127.0.0.1:1"]].concat());
            harmless(manifest, &run);
        }
    }
}

#[test]
fn errors_print_safely() {
    let sandbox = Sandbox::new().file("static/site.css", "a{}");
    symlink("nowhere\u{1b}[31m", sandbox.path("static/broken\u{202e}")).expect("a link");
    sandbox.write("static/bad\u{1b}.css", "@import 'no\u{1b}[31mthing.css';url(\"\u{202e}\")");
    for arguments in [
        &["push", "static"][..],
        &["push", "static", "--ignore", "broken*", "--manifest", "-v"],
        &["push", "none\u{1b}[31m"],
        &["push", "static", "--set", "a\u{1b}[31m=b"],
        &["push", "static", "--set", "rules=[{\"match\": \"[\u{1b}\"}]"],
        &["settings", "show", "--set", "custom_domain=a\u{9b}\u{202e}b"],
        &["settings", "check", "--storage", "a\u{1b}[31m"],
    ] {
        let run = sandbox.run(&[arguments, &["--local", "bucket"]].concat());
        harmless(&format!("{arguments:?}"), &run);
    }
}
