//! Requests to the embedded endpoint: presigned URLs, and bytes of any kind.

use std::collections::BTreeMap;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{Outcome, Target};
use crate::hostile::Endpoint;

const WORDS: [&str; 26] = [
    "&",
    "=",
    "?",
    "/",
    "%",
    "%2F",
    "%2f",
    "%3D",
    "+",
    "X-Amz-Signature=",
    "X-Amz-Expires=",
    "X-Amz-Date=",
    "Signature=",
    "&acl",
    "&uploads",
    "&response-content-type=text/html",
    "X-Amz-SignedHeaders=host",
    "&x-id=PutObject",
    "/acme/",
    "/other/",
    "AWSAccessKeyId=",
    "604800",
    "AWS4-HMAC-SHA256",
    "&X-Amz-Security-Token=",
    "%ff",
    "#",
];

/// What is encoded need not be UTF-8.
type Text = Vec<u8>;

/// What a presigned URL means to whoever signed it: its path, and the parts of its query.
fn meaning(target: &str) -> (Text, BTreeMap<Text, Vec<Text>>) {
    let decoded = |text: &str| percent_decode_str(text).collect::<Text>();
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut pairs: BTreeMap<Text, Vec<Text>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.entry(decoded(name)).or_default().push(decoded(&value.replace('+', " ")));
    }
    (decoded(path), pairs)
}

/// What the second version signs of a query.
fn signed_by_2(target: &str) -> (Text, Vec<Option<Vec<Text>>>) {
    let (path, pairs) = meaning(target);
    let names =
        ["AWSAccessKeyId", "Expires", "Signature", "acl", "uploads", "tagging", "uploadId", "partNumber"];
    (path, names.iter().map(|name| pairs.get(name.as_bytes()).cloned()).collect())
}

/// A request with a URL that was signed, and changed since: it is carried out only if it still means the same.
fn presigned(name: &'static str, version: &str, means_the_same: impl Fn(&str, &str) -> bool) {
    let endpoint = Endpoint::start();
    let signed = endpoint.signed(&endpoint.sandbox(), "a b+c/é.txt", &["--set", version]);
    Target { name, seeds: vec![signed.clone().into_bytes()], words: &WORDS }.run(|case| {
        let target = String::from_utf8_lossy(case);
        let answer = endpoint.put(&target, 1, "x");
        let status = answer.get(..12).unwrap_or_default();
        match status {
            "HTTP/1.1 200" | "HTTP/1.1 204" if means_the_same(&target, &signed) => Ok(true),
            "" => Ok(false),
            _ if status.starts_with("HTTP/1.1 4") || status == "HTTP/1.1 501" => Ok(false),
            _ => Err(answer),
        }
    });
}

#[test]
fn presigned_urls() {
    let same = |target: &str, signed: &str| meaning(target) == meaning(signed);
    presigned("presigned URLs, version 4", "signature_version=s3v4", same);
}

#[test]
fn presigned_urls_of_version_2() {
    let same = |target: &str, signed: &str| signed_by_2(target) == signed_by_2(signed);
    presigned("presigned URLs, version 2", "signature_version=s3", same);
}

fn outcome(endpoint: &Endpoint, case: &[u8]) -> Outcome {
    let answer = endpoint.answer_within(case, Duration::from_millis(200));
    let status = answer.get(..12).unwrap_or_default();
    let is_http = status.is_empty() || status.starts_with("HTTP/1.1 ");
    if !is_http
        || status == "HTTP/1.1 500"
        || answer.contains("outside-of-it")
        || answer.contains("SQLite format")
    {
        return Err(answer);
    }
    Ok(status == "HTTP/1.1 200")
}

#[test]
fn requests() {
    let endpoint = Endpoint::start();
    let sandbox = endpoint.sandbox().file("a.txt", "inside");
    assert_eq!(sandbox.run(&["put", "a.txt"]).status, 0);
    let seeds = [
        "GET /acme/a.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1-3\r\nIf-None-Match: \"x\"\r\n",
        "GET /acme?list-type=2&prefix=a&delimiter=%2F&max-keys=7&encoding-type=url HTTP/1.1\r\nHost: localhost\r\n",
        "HEAD /acme/a.txt?partNumber=1 HTTP/1.1\r\nHost: acme.localhost\r\nx-amz-checksum-mode: ENABLED\r\n",
        "GET /_browse/acme?prefix=a&after=b HTTP/1.1\r\nHost: localhost\r\n",
        "GET /_browse/acme?object=a.txt HTTP/1.1\r\nHost: localhost\r\n",
        "GET /_browse/acme?location=a/&app=default&release=1-a&change=body&after=b HTTP/1.1\r\nHost: localhost\r\n",
        "PUT /acme/new.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nx-amz-meta-a: b\r\n",
        "POST /acme?delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-MD5: x\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=S3COLLECT/20261122/us-east-1/s3/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=00\r\n",
    ];
    let seeds = seeds.map(|seed| format!("{seed}Connection: close\r\n\r\n").into_bytes()).to_vec();
    let words = [
        "\r\n",
        ": ",
        "HTTP/1.1",
        "HTTP/1.0",
        "Host: ",
        "Range: bytes=",
        "Content-Length: 18446744073709551615\r\n",
        "-",
        "Transfer-Encoding: chunked\r\n",
        "Expect: 100-continue\r\n",
        "Authorization: AWS S3COLLECT:x\r\n",
        "?acl",
        "&",
        "x-amz-copy-source: /acme/../x\r\n",
        "/../",
        "%2e%2e/",
        "max-keys=-1",
        "marker=%00",
        "CONNECT ",
        "OPTIONS ",
        "*",
    ];
    Target { name: "requests", seeds, words: &words }.run(|case| {
        // A request without an end is waited for, which is another test's.
        let ended = [case, b"\r\nConnection: close\r\n\r\n"].concat();
        outcome(&endpoint, &ended)
    });
    assert!(endpoint.get("/acme/a.txt").ends_with("inside"), "others are served as before");
}
