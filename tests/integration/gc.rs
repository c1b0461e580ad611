//! `gc` as a user runs it, over the embedded endpoint.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Sandbox, documented, masked, names};

/// A bucket with two releases, the older of which is not kept.
fn two_releases() -> Sandbox {
    let sandbox = Sandbox::new().file("static/a.css", "a{}").file("static/b.css", "b{}").file(
        "s3collect.toml",
        "local = \"bucket\"\nlocation = \"static\"\nsources = [\"static\"]\nretain_releases = 1\nmin_age = \"0s\"\n",
    );
    assert_eq!(sandbox.run(&["push"]).status, 0);
    fs::remove_file(sandbox.path("static/b.css")).expect("it was there");
    assert_eq!(sandbox.run(&["push"]).status, 0);
    // Superseded by the clock, which has whole seconds.
    sleep(Duration::from_millis(2100));
    sandbox
}

#[test]
fn it_prints_first_and_deletes_when_told_to() {
    let sandbox = two_releases();
    let told = "delete  static/b.css  last in release `[ID]` of app `default`, superseded [DATE]\n";
    let line = "1 object to delete (3 bytes), 1 kept, 0 too young, 0 not recorded; 1 old record to delete  \
                s3://local/static/  [TIME]\n";
    assert_eq!(masked(&sandbox.run(&["gc"])), (0, told.to_owned(), line.to_owned()));
    let refused = "error: 1 object would be deleted, more than 0\n  hint: pass `--max-delete 1` if that is meant\n\
                   note: nothing was deleted\n";
    assert_eq!(
        masked(&sandbox.run(&["gc", "--yes", "--max-delete", "0"])),
        (1, String::new(), refused.to_owned())
    );
    sandbox.run(&["ls"]).expect(0, "a.css\nb.css\n", "");
    sandbox.run(&["gc", "--yes"]).expect(
        0,
        "",
        "1 object deleted (3 bytes), 1 kept, 0 too young, 0 not recorded; 1 old record deleted  \
         s3://local/static/  [TIME]\n",
    );
    sandbox.run(&["ls"]).expect(0, "a.css\n", "");
    sandbox.run(&["push"]).expect(0, "", "1 asset: 0 put, 1 unchanged  s3://local/static/  [TIME]\n");
    sandbox.run(&["gc", "--yes", "-q"]).expect(0, "", "");
}

#[test]
fn the_document_is_what_the_schema_says() {
    let tables = documented("gc");
    let [top, step] = tables.as_slice() else { panic!("{tables:?}") };
    let sandbox = two_releases();
    let document = sandbox.run(&["gc", "--json", "-q"]).json();
    assert_eq!((names(&document), names(&document["steps"][0])), (top.clone(), step.clone()));
    assert_eq!(
        (&document["dry_run"], &document["deleted"], &document["releases"], &document["releases_kept"]),
        (&json!(true), &json!(1), &json!(2), &json!(1))
    );
    let refused = sandbox.run(&["gc", "--json", "-q", "--set", "min_age=soon"]);
    assert_eq!((refused.status, names(&refused.json())), (2, top.clone()));
    assert_eq!(refused.json()["ok"], Value::from(false));
}

/// The commands of `docs/releases.md`.
#[test]
fn the_commands_of_the_documentation_run() {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/releases.md")).expect("a document");
    let sandbox = two_releases();
    let commands = Regex::new(r"(?m)^\$ s3collect (.+)$").expect("a pattern");
    let commands: Vec<&str> =
        commands.captures_iter(&text).map(|found| found.get(1).expect("a group").as_str()).collect();
    assert!(commands.len() >= 2, "{commands:?}");
    for command in commands {
        let run = sandbox.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(run.status, 0, "{command}: {run:?}");
    }
}
