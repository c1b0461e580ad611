//! `rollback` as a user runs it, over the embedded endpoint.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Sandbox, documented, masked, names};

/// A bucket with two releases: `a.txt` and `site.css` changed between them. `image.png` is why `site.css` is rewritten.
fn two_releases() -> Sandbox {
    let sandbox = Sandbox::new()
        .file("static/a.txt", "a1")
        .file("static/image.png", "png")
        .file("static/site.css", "a{b:url(image.png)}")
        .file("static/index.html", "<p>1")
        .file(
            "s3collect.toml",
            "local = \"bucket\"\nlocation = \"static\"\nsources = [\"static\"]\nbackend = \"S3ManifestStaticStorage\"\n\
             object_parameters = { CacheControl = \"max-age=60\" }\n",
        );
    assert_eq!(sandbox.run(&["push"]).status, 0);
    sandbox.file("static/a.txt", "a2").file("static/index.html", "<p>2")
}

/// Everything a client can see of the bucket, dates aside.
fn state(sandbox: &Sandbox) -> Vec<Value> {
    let listed = sandbox.run(&["ls", "-R", "--json"]).json();
    let files = listed["files"].as_array().expect("files").clone();
    let stat = |file: Value| {
        let mut stat = sandbox.run(&["stat", file["name"].as_str().expect("a name"), "--json"]).json();
        let fields = stat.as_object_mut().expect("an object");
        let dates: Vec<String> = fields.keys().filter(|name| name.contains("modif")).cloned().collect();
        assert_eq!(dates.len(), 1, "{fields:?}");
        dates.iter().for_each(|name| _ = fields.remove(name));
        stat
    };
    files.into_iter().map(stat).collect()
}

#[test]
fn what_a_client_sees_is_what_it_saw_before() {
    let sandbox = two_releases();
    let before = state(&sandbox);
    assert_eq!(sandbox.run(&["push"]).status, 0);
    let after = state(&sandbox);
    assert_ne!(before, after);
    let told = "put   static/a.txt  body differs\n\
                put   static/index.html  body differs\n\
                put   static/staticfiles.json  body differs\n";
    let (status, out, _) = masked(&sandbox.run(&["rollback", "--dry-run"]));
    assert_eq!((status, out.as_str()), (0, told));
    assert_eq!(state(&sandbox), after);
    let (status, out, err) = masked(&sandbox.run(&["rollback"]));
    assert_eq!((status, out.as_str()), (0, ""));
    assert!(err.starts_with("release `[ID]` is live again: 3 objects put back ("), "{err}");
    let now = state(&sandbox);
    assert!(before.iter().all(|object| now.contains(object)), "{before:#?}\n{now:#?}");
    assert_eq!(now.len(), after.len());
    sandbox.run(&["verify", "--deep", "-q"]).expect(0, "", "");
    sandbox.run(&["push", "-q"]).expect(0, "", "");
    assert_eq!(state(&sandbox), after);
}

#[test]
fn what_cannot_come_back_is_named() {
    let sandbox = two_releases();
    fs::write(sandbox.path("static/site.css"), "a{c:url(image.png)}").expect("a file");
    assert_eq!(sandbox.run(&["push"]).status, 0);
    let (status, out, _) = masked(&sandbox.run(&["rollback"]));
    let lost = "lost  static/site.css  its body is nowhere in the bucket any more\n";
    assert_eq!((status, out.as_str()), (0, lost));
    sandbox.run(&["cat", "site.css"]).expect(0, "a{c:url(image.png)}", "");
}

#[test]
fn the_document_is_what_the_schema_says() {
    let sandbox = two_releases();
    let none = sandbox.run(&["rollback", "--json", "-q"]);
    assert_eq!((none.status, &none.json()["restored"]), (1, &Value::Null));
    assert_eq!(sandbox.run(&["push"]).status, 0);
    let (push, own) = (documented("push"), documented("rollback"));
    let mut top = [push[0].clone(), own[0].clone()].concat();
    top.sort();
    let document = sandbox.run(&["rollback", "--json", "-q"]).json();
    assert_eq!((names(&document), names(&document["steps"][0])), (top.clone(), push[1].clone()));
    assert_eq!((&document["verb"], &document["put"]), (&json!("rollback"), &json!(3)));
    let refused = sandbox.run(&["rollback", "x", "--json", "-q", "--set", "min_age=soon"]);
    assert_eq!((refused.status, names(&refused.json())), (2, top));
}

/// The next push of what was rolled back from puts it again, and it is told who is meant by an id.
#[test]
fn a_killed_rollback_is_finished_by_the_next_one() {
    let sandbox = two_releases();
    let before = state(&sandbox);
    assert_eq!(sandbox.run(&["push"]).status, 0);
    let listed = sandbox.run(&["releases", "--json"]).json();
    let first = listed["releases"][1]["id"].as_str().expect("an id").to_owned();
    for milliseconds in [5, 15, 25, 35, 45, 60] {
        let mut child = sandbox.command(&["rollback", &first]).spawn().expect("it runs");
        sleep(Duration::from_millis(milliseconds));
        let _ = child.kill();
        child.wait().expect("it ends");
    }
    assert_eq!(sandbox.run(&["rollback", &first, "--claim-timeout", "1s"]).status, 0);
    let now = state(&sandbox);
    assert!(before.iter().all(|object| now.contains(object)), "{before:#?}\n{now:#?}");
    sandbox.run(&["verify", "--deep", "-q"]).expect(0, "", "");
}
