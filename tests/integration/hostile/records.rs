//! Records and pointers in a bucket that somebody else can write.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{Endpoint, harmless};

/// Records and pointers that somebody else wrote: the push says what is wrong with them or goes on without, stores what is
/// its own, and touches nothing else.
#[test]
fn records_that_somebody_else_wrote_lead_nowhere() {
    let id = "20261122T221530Z-3f2a9c41";
    let record = |objects: Value, headers: Value| {
        json!({
            "s3collect_record": 1, "id": id, "app": "default", "settings": "", "headers": headers, "objects": objects,
        })
        .to_string()
        .into_bytes()
    };
    let row = |name: &str| json!([[name, "p", 3, 1, 0, "d41d8cd98f00b204e9800998ecf8427e", null, null]]);
    let live = json!({"s3collect_pointer": 1, "published": {"id": id}, "serial": 1}).to_string();
    let mut cases: Vec<(String, Vec<u8>)> = [
        "../other/secret.txt",
        "/other/secret.txt",
        "",
        "a//b",
        ".s3collect/default/current",
        "\u{1b}[31m\n",
    ]
    .map(|name| (live.clone(), gzip(&record(row(name), json!([{}])))))
    .into();
    cases.push((live.clone(), gzip(&vec![b'['; 300 << 20])));
    cases.push((live.clone(), gzip(&vec![b'['; 1 << 16])));
    cases.push((live.clone(), b"no gzip".to_vec()));
    for pointer in [
        json!({"s3collect_pointer": 1, "published": {"id": "../../other/secret.txt"}}),
        json!({"s3collect_pointer": 1, "published": {"id": "\u{1b}[31m"}}),
        json!({"s3collect_pointer": 1, "claim": {"id": id, "kind": "gc", "by": "\u{1b}[31m\n", "victims": ["../other/secret.txt"]}}),
        json!("[".repeat(10_000)),
    ] {
        cases.push((pointer.to_string(), gzip(&record(row("a"), json!([{}])))));
    }
    cases.push(("[".repeat(100_000), Vec::new()));
    let service = Endpoint::start();
    let sandbox = service
        .sandbox()
        .env("S3COLLECT_CLAIM_TIMEOUT", "1")
        .file("static/site.css", "a{}")
        .file("secret.txt", "secret");
    assert_eq!(sandbox.run(&["put", "secret.txt", "other/secret.txt"]).status, 0);
    for (number, (pointer, record)) in cases.into_iter().enumerate() {
        sandbox.write("current", pointer);
        sandbox.write("record", record);
        for (file, key) in [
            ("current", "static/.s3collect/default/current".to_owned()),
            ("record", format!("static/.s3collect/default/releases/{id}")),
        ] {
            let put = sandbox.run(&["put", file, &key]);
            assert_eq!(put.status, 0, "{put:?}");
        }
        for (verb, statuses) in [
            (&["releases"][..], &[0, 1][..]),
            (&["verify", "--strict"], &[0, 1, 3]),
            (&["rollback", id], &[0, 1, 4]),
            (&["rollback"], &[0, 1, 4]),
            (&["gc", "--yes", "--set", "retain_releases=1", "--set", "min_age=0"], &[0, 1, 4]),
            (&["push", "static", "-n", "-vv"], &[0, 4]),
            (&["push", "static", "-vv"], &[0, 4]),
        ] {
            let run = sandbox.run(&[verb, &["--location", "static"]].concat());
            harmless(&format!("{number} {verb:?}"), &run);
            assert!(statuses.contains(&run.status), "{number} {verb:?}: {run:?}");
        }
        sandbox.run(&["cat", "static/site.css"]).expect(0, "a{}", "");
        sandbox.run(&["cat", "other/secret.txt"]).expect(0, "secret", "");
        let listed = sandbox.run(&["ls", "-R"]);
        assert_eq!(listed.stdout, "other/secret.txt\nstatic/site.css\n", "{number}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
