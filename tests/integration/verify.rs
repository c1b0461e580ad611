//! `releases` and `verify` as a user runs them, over the embedded endpoint.

use serde_json::{Value, json};

use crate::support::{Sandbox, documented, masked, names};

/// A bucket with two releases.
fn two_releases() -> Sandbox {
    let sandbox = Sandbox::new().file("static/a.css", "a{}").file("static/b.css", "b{}").file(
        "s3collect.toml",
        "local = \"bucket\"\nlocation = \"static\"\nsources = [\"static\"]\nmin_age = \"0s\"\n",
    );
    assert_eq!(sandbox.run(&["push", "--release-order", "41"]).status, 0);
    let sandbox = sandbox.file("static/b.css", "b{c:d}");
    assert_eq!(sandbox.run(&["push", "--release-order", "42"]).status, 0);
    sandbox
}

#[test]
fn releases_are_listed_the_last_one_first() {
    let sandbox = two_releases();
    let head = "  release                    recorded               objects        size  order\n";
    let last = "* [ID]  [DATE]         2     9 bytes  42\n";
    let first = "  [ID]  [DATE]         2     6 bytes  41\n";
    let all = format!("{head}{last}{first}");
    assert_eq!(masked(&sandbox.run(&["releases"])), (0, all, String::new()));
    assert_eq!(
        masked(&sandbox.run(&["releases", "--limit", "1"])),
        (0, format!("{head}{last}"), "and 1 more; `--limit 2` shows all\n".to_owned())
    );
    sandbox.run(&["releases", "--app", "other"]).expect(
        2,
        "",
        "error: app `other` has no releases here\n  hint: name one that has, `--app NAME`: `default`\n",
    );
    sandbox.run(&["releases", "--location", "elsewhere"]).expect(0, "", "no releases are recorded\n");
}

#[test]
fn what_differs_is_printed_and_is_the_exit_status() {
    let sandbox = two_releases().file("own.css", "own");
    sandbox.run(&["verify"]).expect(
        0,
        "",
        "2 objects verified: all as recorded  s3://local/static/  [TIME]\n",
    );
    assert_eq!(sandbox.run(&["put", "own.css", "b.css"]).status, 0);
    assert_eq!(sandbox.run(&["put", "own.css"]).status, 0);
    assert_eq!(sandbox.run(&["rm", "a.css"]).status, 0);
    let told = "missing  static/a.css  not there\n\
                body     static/b.css  size differs: 3 stored, 6 recorded\n\
                foreign  static/own.css  in no record\n";
    let line = "2 objects verified: 1 missing, 1 changed; 1 foreign  s3://local/static/  [TIME]\n";
    sandbox.run(&["verify"]).expect(3, told, line);
    sandbox.run(&["verify", "--deep", "-q"]).expect(3, told, "");
    // What push has it repairs.
    assert_eq!(sandbox.run(&["push", "--release-order", "43"]).status, 0);
    let foreign = "foreign  static/own.css  in no record\n";
    let line = "2 objects verified: all as recorded; 1 foreign  s3://local/static/  [TIME]\n";
    sandbox.run(&["verify", "--deep"]).expect(0, foreign, line);
    sandbox.run(&["verify", "--strict"]).expect(3, foreign, line);
}

#[test]
fn headers_that_somebody_changed_are_found() {
    let sandbox = two_releases();
    let other = ["--set", "object_parameters={\"CacheControl\":\"no-store\"}"];
    assert_eq!(sandbox.run(&["put", "static/a.css", "a.css", other[0], other[1]]).status, 0);
    sandbox.run(&["verify"]).expect(
        3,
        "headers  static/a.css  headers changed: Cache-Control\n",
        "2 objects verified: 1 with other headers  s3://local/static/  [TIME]\n",
    );
}

#[test]
fn the_documents_are_what_the_schema_says() {
    let sandbox = two_releases();
    let [top, release] = &documented("releases")[..] else { panic!("two tables") };
    let document = sandbox.run(&["releases", "--json", "-q"]).json();
    assert_eq!((names(&document), names(&document["releases"][0])), (top.clone(), release.clone()));
    assert_eq!((&document["recorded"], &document["claim"]), (&json!(2), &Value::Null));
    let states = [&document["releases"][0]["state"], &document["releases"][1]["state"]];
    assert_eq!(states, ["published", "superseded"]);

    let [top, step] = &documented("verify")[..] else { panic!("two tables") };
    assert_eq!(sandbox.run(&["rm", "a.css"]).status, 0);
    let document = sandbox.run(&["verify", "--json", "-q"]).json();
    assert_eq!((names(&document), names(&document["steps"][0])), (top.clone(), step.clone()));
    assert_eq!((&document["missing"], &document["ok"]), (&json!(1), &Value::from(false)));
    for verb in ["releases", "verify"] {
        let refused = sandbox.run(&[verb, "--json", "-q", "--set", "min_age=soon"]);
        let [top, _] = &documented(verb)[..] else { panic!("two tables") };
        assert_eq!((refused.status, names(&refused.json())), (2, top.clone()));
    }
}
