//! The embedded endpoint, asked by somebody who means it harm.
#![expect(clippy::disallowed_types, reason = "what is asked here no client would ask")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::Endpoint;
use crate::support::Sandbox;

impl Endpoint {
    /// What comes back for bytes, whatever they are.
    pub(crate) fn answer(&self, request: &[u8]) -> String {
        self.answer_within(request, Duration::from_secs(10))
    }

    /// The same, empty where it waits for more.
    pub(crate) fn answer_within(&self, request: &[u8], time: Duration) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).expect("it listens");
        stream.set_read_timeout(Some(time)).expect("a timeout");
        // It may hang up before it has read all.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn get(&self, target: &str) -> String {
        self.answer(
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
        )
    }

    /// The target of a signed request that stores something.
    pub(crate) fn signed(&self, sandbox: &Sandbox, name: &str, more: &[&str]) -> String {
        let arguments = ["url", name, "--method", "PUT", "--expire", "600", "--set", "querystring_auth=true"];
        let run = sandbox.command(&[&arguments, more].concat()).output().expect("it runs");
        let url = String::from_utf8(run.stdout).expect("text");
        url.trim().strip_prefix(&self.server.endpoint_url()).expect("a URL of the endpoint").to_owned()
    }

    pub(crate) fn put(&self, target: &str, length: u64, body: &str) -> String {
        let host = format!("127.0.0.1:{}", self.port());
        let head = format!("PUT {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        self.answer(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes())
    }
}

#[test]
fn the_endpoint_listens_on_loopback_only() {
    let endpoint = Endpoint::start();
    assert!(endpoint.server.endpoint_url().starts_with("http://127.0.0.1:"));
    // On Linux all of 127/8 is this machine; what is bound to any address would answer there, too.
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], endpoint.port()));
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
    let target = endpoint.signed(&sandbox, "big", &[]);
    assert!(
        endpoint.put(&target, 4, "body").starts_with("HTTP/1.1 200"),
        "{}",
        endpoint.put(&target, 4, "body")
    );
    let answer = endpoint.put(&target, 5 * 1024 * 1024 * 1024 + 1, "body");
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
    let sandbox = endpoint.sandbox();
    for version in ["s3v4", "s3"] {
        let target =
            endpoint.signed(&sandbox, "new.txt", &["--set", &format!("signature_version={version}")]);
        let (start, end) = target.split_once("Signature=").expect("signed");
        let (value, rest) = end.split_at(end.find('&').unwrap_or(end.len()));
        let other = if value.starts_with('0') { '1' } else { '0' };
        for wrong in [
            format!("{other}{}", &value[1..]),
            value[..value.len() - 1].to_owned(),
            String::new(),
            format!("{value}0"),
            format!("{value}&Signature={value}"),
        ] {
            let answer = endpoint.put(&format!("{start}Signature={wrong}{rest}"), 1, "x");
            let refused = answer.starts_with("HTTP/1.1 403") || answer.starts_with("HTTP/1.1 400");
            assert!(refused, "{version} {wrong}: {answer}");
        }
        for changed in [target.replace("new.txt", "old.txt"), target.replace("Expires=", "Expires=1")] {
            let answer = endpoint.put(&changed, 1, "x");
            assert!(answer.starts_with("HTTP/1.1 403"), "{version} {changed}: {answer}");
        }
        let right = endpoint.put(&target, 1, "x");
        assert!(right.starts_with("HTTP/1.1 200"), "{version}: {right}");
    }
}
