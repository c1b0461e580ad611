//! What others choose (names, links, records, manifests, requests), and that it leads nowhere it should not.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use s3collect::local::{Options, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Run, Sandbox};

const ODD: [&str; 5] = [
    "red\u{1b}[31m.css",
    "two\nlines.css",
    "gpj.\u{202e}exe.css",
    "c1\u{9b}2J.css",
    "mark\u{200f}\u{2028}.css",
];

/// Nothing of a run could move a cursor, turn text round or break a line.
#[track_caller]
fn harmless(what: &str, run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        let odd = text.chars().find(|character| {
            (character.is_control() && *character != '\n')
                || matches!(
                    character,
                    '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
                )
        });
        assert_eq!(odd, None, "{what}: {run:?}");
    }
}

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
    for verb in [&["ls"][..], &["ls", "-l"], &["ls", "-r"]] {
        assert_eq!(local(verb).stdout.lines().count(), ODD.len());
    }
    let listed = local(&["ls", "--json"]).json();
    let names: Vec<&str> =
        listed["files"].as_array().expect("files").iter().filter_map(|file| file["name"].as_str()).collect();
    assert!(ODD.iter().all(|name| names.contains(name)), "a document has names as they are: {names:?}");
    local(&["push", "static", "--json", "--manifest"]);
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
            harmless(
                "url",
                &sandbox.run(&[
                    "url",
                    name,
                    &format!("no-{name}"),
                    "--bucket",
                    "b",
                    "--region",
                    "x",
                    "--set",
                    "querystring_auth=false",
                    "--backend",
                    manifest,
                    "--set",
                    "endpoint_url=http://127.0.0.1:1",
                ]),
            );
        }
    }
    // Errors about files, and about settings.
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
        local(arguments);
    }
}

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
        for verb in [&["ls", way][..], &["ls", "-r", way], &["rm", "-r", way, "--yes"]] {
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
        for verb in [&["push", "static", "-n", "-vv"][..], &["push", "static", "-vv"]] {
            let run = sandbox.run(&[verb, &["--location", "static"]].concat());
            harmless(&format!("{number}"), &run);
            assert!(run.status == 0 || run.status == 4, "{number}: {run:?}");
        }
        sandbox.run(&["cat", "static/site.css"]).expect(0, "a{}", "");
        sandbox.run(&["cat", "other/secret.txt"]).expect(0, "secret", "");
        let listed = sandbox.run(&["ls", "-r"]);
        assert_eq!(listed.stdout, "other/secret.txt\nstatic/site.css\n", "{number}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// The embedded endpoint in this process, with a file beside its directory.
struct Endpoint {
    _runtime: Runtime,
    server: Server,
    directory: TempDir,
}

impl Endpoint {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let directory = TempDir::new().expect("a directory");
        fs::write(directory.path().join("beside.txt"), "outside-of-it").expect("a file");
        let options = Options {
            create_buckets: vec!["acme".to_owned()],
            anonymous_read: true,
            ..Options::new(directory.path().join("buckets"))
        };
        let server = runtime.block_on(Server::start(options)).expect("an endpoint");
        Self { _runtime: runtime, server, directory }
    }

    fn port(&self) -> u16 {
        self.server.endpoint_url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    fn sandbox(&self) -> Sandbox {
        Sandbox::new()
            .env("AWS_S3_ENDPOINT_URL", &self.server.endpoint_url())
            .env("AWS_STORAGE_BUCKET_NAME", "acme")
            .env("AWS_S3_REGION_NAME", "us-east-1")
            .env("AWS_S3_ACCESS_KEY_ID", "S3COLLECT")
            .env("AWS_S3_SECRET_ACCESS_KEY", "s3collect-local-secret-key")
    }

    /// What comes back for bytes, whatever they are.
    fn answer(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        // It may hang up before it has read all.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, target: &str) -> String {
        self.answer(
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
        )
    }
}

#[test]
fn the_endpoint_listens_on_loopback_only() {
    let endpoint = Endpoint::start();
    assert!(endpoint.server.endpoint_url().starts_with("http://127.0.0.1:"));
    // On Linux all of 127/8 is this machine; what is bound to any address would answer there, too.
    let elsewhere = std::net::SocketAddr::from(([127, 0, 0, 2], endpoint.port()));
    assert!(TcpStream::connect_timeout(&elsewhere, Duration::from_secs(1)).is_err());
}

#[test]
fn the_endpoint_serves_nothing_outside_of_its_directory() {
    let endpoint = Endpoint::start();
    let sandbox = endpoint.sandbox().file("a.txt", "inside");
    assert_eq!(sandbox.run(&["put", "a.txt"]).status, 0);
    assert!(endpoint.get("/acme/a.txt").ends_with("inside"), "{}", endpoint.get("/acme/a.txt"));
    for target in [
        "/acme/../../beside.txt",
        "/acme/..%2f..%2fbeside.txt",
        "/acme/%2e%2e/%2e%2e/beside.txt",
        "/../beside.txt",
        "//etc/passwd",
        "/acme//etc/passwd",
        "/acme/..\\..\\beside.txt",
        "/buckets/../beside.txt",
        "/index.sqlite3",
        "/acme/index.sqlite3",
        "/acme/../index.sqlite3",
        "/blobs/",
        "/_browse/../../beside.txt",
        "/_browse/acme/../../index.sqlite3",
        "/_browse/%2e%2e/%2e%2e?prefix=../../",
        "file:///etc/passwd",
        "http://127.0.0.1/acme/../../beside.txt",
    ] {
        let answer = endpoint.get(target);
        assert!(
            !answer.contains("outside-of-it")
                && !answer.contains("SQLite format")
                && !answer.contains("root:"),
            "{target}: {answer}"
        );
    }
    // Keys that look like ways out are keys.
    for key in ["..", "../beside.txt", "a/../../../beside.txt", "/etc/passwd"] {
        let encoded = key.replace('.', "%2E").replace('/', "%2F");
        assert!(endpoint.get(&format!("/acme/{encoded}")).starts_with("HTTP/1.1 404"), "{key}");
    }
    assert_eq!(
        fs::read_to_string(endpoint.directory.path().join("beside.txt")).expect("a file"),
        "outside-of-it"
    );
}

#[test]
fn the_endpoint_bounds_heads_and_bodies() {
    let endpoint = Endpoint::start();
    let sandbox = endpoint.sandbox();
    let signed =
        sandbox.run(&["url", "big", "--method", "PUT", "--set", "querystring_auth=true", "--expire", "600"]);
    let target = signed.stdout.trim().split_once("127.0.0.1").and_then(|(_, rest)| rest.split_once('/'));
    let target = target.expect("a URL of the endpoint").1;
    let put = |length: u64, body: &str| {
        let host = format!("127.0.0.1:{}", endpoint.port());
        let head = format!(
            "PUT /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        endpoint.answer(head.as_bytes())
    };
    assert!(put(4, "body").starts_with("HTTP/1.1 200"), "{}", put(4, "body"));
    let answer = put(5 * 1024 * 1024 * 1024 + 1, "body");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("EntityTooLarge"), "{answer}");
    // A head without an end is not waited for and not kept.
    let long = "x".repeat(1 << 20);
    for head in [
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(10_000)),
        long.clone(),
    ] {
        let answer = endpoint.answer(head.as_bytes());
        let refused =
            ["HTTP/1.1 414", "HTTP/1.1 431", "HTTP/1.1 400"].iter().any(|status| answer.starts_with(status));
        assert!(answer.is_empty() || refused, "{answer}");
    }
    assert!(endpoint.get("/acme/big").ends_with("body"), "others are served as before");
}

/// What is nearly right is as wrong as anything, with both signatures.
#[test]
fn the_endpoint_takes_no_signature_but_the_right_one() {
    let endpoint = Endpoint::start();
    let sandbox = endpoint.sandbox().file("a.txt", "inside");
    assert_eq!(sandbox.run(&["put", "a.txt", "private.txt"]).status, 0);
    for version in ["s3v4", "s3"] {
        let version = format!("signature_version={version}");
        let url = sandbox.run(&[
            "url",
            "new.txt",
            "--method",
            "PUT",
            "--set",
            "querystring_auth=true",
            "--set",
            &version,
        ]);
        let (start, signature) = url.stdout.trim().rsplit_once("Signature=").expect("signed");
        let target = |signature: &str| {
            let url = format!("{start}Signature={signature}");
            url.split_once("127.0.0.1")
                .and_then(|(_, rest)| rest.split_once('/'))
                .map(|(_, path)| path.to_owned())
                .expect("a path")
        };
        let put = |signature: &str| {
            let host = format!("127.0.0.1:{}", endpoint.port());
            endpoint.answer(
                format!(
                    "PUT /{} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
                    target(signature)
                )
                .as_bytes(),
            )
        };
        let (value, rest) = signature.split_once('&').map_or((signature, ""), |(value, rest)| (value, rest));
        let other = if value.starts_with('0') { '1' } else { '0' };
        let rest = if rest.is_empty() { String::new() } else { format!("&{rest}") };
        for wrong in [
            format!("{other}{}", &value[1..]),
            value[..value.len() - 1].to_owned(),
            String::new(),
            format!("{value}0"),
        ] {
            let answer = put(&format!("{wrong}{rest}"));
            assert!(
                answer.starts_with("HTTP/1.1 403") || answer.starts_with("HTTP/1.1 400"),
                "{version} {wrong}: {answer}"
            );
        }
        let right = put(&format!("{value}{rest}"));
        assert!(right.starts_with("HTTP/1.1 200"), "{version}: {right}");
    }
}
