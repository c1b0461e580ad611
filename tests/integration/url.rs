//! `url` as a user runs it, and its URLs as whoever gets them uses them.

#![expect(clippy::disallowed_types, reason = "whoever gets a URL opens it without our client")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use s3collect::local::{Options, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Run, Sandbox, told};

mod cloudfront;
mod manifest;

/// What the embedded endpoint and its users share.
pub(crate) struct Place {
    pub(crate) endpoint: String,
    pub(crate) bucket: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) region: String,
}

/// The embedded endpoint with the bucket `acme`, in this process.
pub(crate) struct Service {
    /// Lives as long as the server does.
    _runtime: Runtime,
    server: Server,
    _directory: TempDir,
}

impl Service {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let directory = TempDir::new().expect("a temporary directory");
        let options =
            Options { create_buckets: vec!["acme".to_owned()], log: true, ..Options::new(directory.path()) };
        let server = runtime.block_on(Server::start(options)).expect("an endpoint");
        Self { _runtime: runtime, server, _directory: directory }
    }

    pub(crate) fn place(&self) -> Place {
        let keys = s3collect::local::Credentials::default();
        Place {
            endpoint: self.server.endpoint_url(),
            bucket: "acme".to_owned(),
            access_key: keys.access_key,
            secret_key: keys.secret_key,
            region: "us-east-1".to_owned(),
        }
    }

    /// Statuses of the GETs so far.
    fn gets(&self) -> Vec<u16> {
        let is_get = |operation: &Option<String>| operation.as_deref() == Some("GetObject");
        let requests = self.server.requests().into_iter();
        requests.filter(|request| is_get(&request.operation)).filter_map(|request| request.status).collect()
    }
}

impl Place {
    /// The server that `S3COLLECT_TEST_ENDPOINT` names, if it names one, with `_BUCKET` (empty), `_ACCESS_KEY`,
    /// `_SECRET_KEY` and `_REGION`.
    pub(crate) fn told() -> Option<Self> {
        let endpoint = told("ENDPOINT", "");
        (!endpoint.is_empty()).then(|| Self {
            endpoint,
            bucket: told("BUCKET", "conformance"),
            access_key: told("ACCESS_KEY", "test"),
            secret_key: told("SECRET_KEY", "test"),
            region: told("REGION", "us-east-1"),
        })
    }

    /// A sandbox whose environment names this place.
    pub(crate) fn sandbox(&self) -> Sandbox {
        Sandbox::new()
            .env("AWS_STORAGE_BUCKET_NAME", &self.bucket)
            .env("AWS_S3_ENDPOINT_URL", &self.endpoint)
            .env("AWS_S3_REGION_NAME", &self.region)
            .env("AWS_S3_ACCESS_KEY_ID", &self.access_key)
            .env("AWS_S3_SECRET_ACCESS_KEY", &self.secret_key)
    }
}

/// One request by a URL as it stands: status, head and body of the answer.
pub(crate) fn exchange(method: &str, url: &str, body: &str) -> (u16, String, String) {
    let rest = url.strip_prefix("http://").expect("a URL without TLS");
    let (host, path) = rest.split_at(rest.find('/').expect("a path"));
    let port = host.rsplit_once(':').expect("a port").1;
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("a connection");
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_ascii_lowercase(), body.to_owned())
}

/// The one URL that a command prints, with its signature.
#[track_caller]
fn printed(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.command(&[&["url"], arguments].concat()).output().expect("the binary runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let stdout = String::from_utf8(output.stdout).expect("output is UTF-8");
    stdout.strip_suffix('\n').expect("a line").to_owned()
}

/// Uses URLs of every kind as strangers do: what was signed works, and nothing else. The language is one that the answer
/// shall have; not every server undoes its encoding before it checks Version 2.
pub(crate) fn signed_urls_open(place: &Place, versions: &[&str], styles: &[&str], language: &str) {
    let sandbox = place.sandbox();
    let name = "urls/a b+c%é/it's (1)~&=.txt";
    for version in versions {
        let version = &format!("signature_version={version}");
        for style in styles {
            let signed = |more: &[&str]| {
                let asked = [name, "--backend", "S3Storage", "--set", version, "--addressing-style", style];
                printed(&sandbox, &[&asked, more].concat())
            };
            let case = format!("{version} {style}");
            let body = format!("hello {case}");
            assert_eq!(exchange("PUT", &signed(&["--method", "PUT"]), &body).0, 200, "{case}");
            let url = signed(&[]);
            let (status, _, got) = exchange("GET", &url, "");
            assert_eq!((status, got), (200, body), "{case}");
            assert_eq!(exchange("HEAD", &signed(&["--method", "head"]), "").0, 200, "{case}");
            let typed = signed(&["--param", &format!("ResponseContentLanguage={language}")]);
            let (status, head, _) = exchange("GET", &typed, "");
            assert!(
                status == 200 && head.contains(&format!("content-language: {language}")),
                "{case}: {head}"
            );

            let expired = signed(&["--at", "2026-01-01T00:00:00Z", "--expire", "1"]);
            let unsigned = url.split('?').next().expect("a URL");
            for (what, method, url) in [
                ("another key", "GET", url.replace("urls/", "urlz/")),
                ("another method", "PUT", url.clone()),
                ("another end", "GET", url.replace("xpires=", "xpires=1")),
                ("another language", "GET", typed.replace("language=", "language=x")),
                ("no signature", "GET", unsigned.to_owned()),
                ("too late", "GET", expired),
            ] {
                let status = exchange(method, &url, "").0;
                assert!(matches!(status, 400 | 403), "{case}, {what}: {status}");
            }
        }
    }
}

#[test]
fn signed_urls_are_taken_by_the_embedded_endpoint() {
    let service = Service::start();
    let mut place = service.place();
    let versions = ["s3v4", "s3"];
    signed_urls_open(&place, &versions, &["path", "auto"], "de, en-gb");
    place.endpoint = place.endpoint.replace("127.0.0.1", "localhost");
    signed_urls_open(&place, &versions, &["virtual"], "de");
}

/// Bucket and location; nobody to sign.
fn sandbox() -> Sandbox {
    Sandbox::new().env("AWS_STORAGE_BUCKET_NAME", "acme-assets").env("AWS_LOCATION", "static")
}

#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str], status: i32, stderr: &str) {
    sandbox.run(&[&["url"], arguments].concat()).expect(status, "", stderr);
}

#[test]
fn public_urls_need_nobody_to_sign() {
    // Whoever asks for credentials runs this.
    let asked = "[default]\ncredential_process = touch asked\nregion = eu-west-1\n";
    let sandbox = sandbox().file("home/.aws/config", asked);
    let run = sandbox.run(&["url", "css/site.css", "a b.css", "--addressing-style", "virtual"]);
    let base = "https://acme-assets.s3.eu-west-1.amazonaws.com/static";
    run.expect(0, &format!("{base}/css/site.css\n{base}/a%20b.css\n"), "");
    assert!(!sandbox.path("asked").exists());
    let run = sandbox.run(&["url", "x", "--backend", "S3Storage"]);
    assert_eq!((run.status, sandbox.path("asked").exists()), (1, true), "{run:?}");
}

#[test]
fn names_come_from_stdin_a_line_each() {
    let sandbox = sandbox();
    let mut child = sandbox
        .command(&["url", "first", "-", "last", "--set", "custom_domain=cdn.example.com"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("a pipe").write_all("a b\r\n\ncafé".as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let base = "https://cdn.example.com/static";
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!("{base}/first\n{base}/a%20b\n{base}/caf%C3%A9\n{base}/last\n")
    );
}

#[test]
fn the_document_has_every_name() {
    let sandbox = sandbox().env("AWS_S3_ACCESS_KEY_ID", "AK").env("AWS_S3_SECRET_ACCESS_KEY", "SK");
    let signed = [
        "url",
        "b",
        "--json",
        "--backend",
        "S3Storage",
        "--at",
        "2026-03-04T06:06:07.9+01:00",
        "--expire",
        "60",
    ];
    let document = sandbox.run(&signed).json();
    assert_eq!(document[0]["expires_at"], json!("2026-03-04T05:07:07Z"));
    assert!(
        document[0]["url"].as_str().expect("a URL").contains("X-Amz-Date=20260304T050607Z&X-Amz-Expires=60&")
    );
    let public = json!([{
        "name": "b", "stored_name": "b", "expires_at": null,
        "url": "https://acme-assets.s3.amazonaws.com/static/b",
    }]);
    assert_eq!(sandbox.run(&["url", "b", "--json"]).json(), public);
    let error: Value = sandbox.run(&["url", "../b", "b", "../c", "--json"]).json();
    assert_eq!(error["errors"].as_array().map(Vec::len), Some(2));
    assert_eq!(error["errors"][1]["name"], json!("../c"));
}

/// Keys that a program gives, as SSO and web identity do, with an end.
#[test]
fn keys_that_end_before_their_urls_are_told() {
    let keys = json!({
        "Version": 1, "AccessKeyId": "AK", "SecretAccessKey": "SK", "SessionToken": "T",
        "Expiration": "2099-01-01T00:00:00Z",
    });
    let sandbox = sandbox()
        .file("keys.json", keys.to_string())
        .file("home/.aws/config", "[default]\ncredential_process = cat keys.json\n");
    let at = |at: &'static str| ["url", "x", "--backend", "S3Storage", "--json", "--at", at];
    let run = sandbox.run(&at("2098-12-31T23:30:00Z"));
    assert_eq!(
        (run.status, run.stderr.as_str()),
        (
            0,
            "warning: these URLs end at 2099-01-01T00:00:00Z, before they expire: the credentials that sign them are temporary\n  \
             hint: sign with keys that last longer, or set a shorter `querystring_expire`\n"
        )
    );
    assert_eq!(run.json()[0]["expires_at"], json!("2099-01-01T00:00:00Z"));
    let run = sandbox.run(&at("2098-12-31T22:30:00Z"));
    assert_eq!((run.stderr.as_str(), &run.json()[0]["expires_at"]), ("", &json!("2098-12-31T23:30:00Z")));
}

#[test]
fn what_has_no_part_in_a_url_is_told() {
    sandbox().run(&["url", "x", "--expire", "60", "--method", "HEAD", "--bucket", "acme"]).expect(
        0,
        "https://acme.s3.amazonaws.com/static/x\n",
        "warning: `--expire` has no part in these URLs: they are not signed\n  \
         hint: set `querystring_auth = true` in `[storages.NAME]` to have them signed\n\
         warning: `--method` has no part in these URLs: no signature covers it\n",
    );
}

#[test]
fn the_old_signature_is_warned_of_at_aws_only() {
    let sandbox = sandbox().env("AWS_S3_ACCESS_KEY_ID", "AK").env("AWS_S3_SECRET_ACCESS_KEY", "SK");
    let asked = ["url", "x", "--backend", "S3Storage", "--set", "signature_version=s3"];
    let told = "warning: URLs signed with SigV2 are refused by buckets of AWS that were made after June 2020\n  \
                hint: set `signature_version = \"s3v4\"`\n";
    assert_eq!(sandbox.run(&asked).stderr, told);
    let elsewhere = [&asked[..], &["--endpoint-url", "https://s3.example.com"]].concat();
    assert_eq!(sandbox.run(&elsewhere).stderr, "");
}

#[test]
fn names_that_are_none_are_refused() {
    refused(
        &sandbox(),
        &["../x", "/y"],
        1,
        "error: `../x` leads out of the location `static`\n  hint: names are relative to `location`, e.g. `css/site.css`\n\
         error: `/y` leads out of the location `static`\n  hint: names are relative to `location`, e.g. `css/site.css`\n",
    );
    let root = Sandbox::new().env("AWS_STORAGE_BUCKET_NAME", "acme");
    refused(&root, &[""], 1, "error: an empty name has no URL in a bucket\n");
    let long = "x".repeat(1100);
    assert_eq!(sandbox().run(&["url", &long]).status, 1);
}

#[test]
fn what_a_url_cannot_have_is_refused() {
    let sandbox = sandbox().env("AWS_S3_ACCESS_KEY_ID", "AK").env("AWS_S3_SECRET_ACCESS_KEY", "SK");
    let signed = |more: &[&str], stderr: &str| {
        refused(&sandbox, &[&["x", "--backend", "S3Storage"], more].concat(), 2, stderr)
    };
    signed(
        &["--param", "ResponseContentTyp=a"],
        "error: `ResponseContentTyp` is no argument of `GetObject` that a URL can have\n  \
         hint: the nearest name is `ResponseContentType`\n",
    );
    let shorten = "  hint: shorten it, or let CloudFront sign: `custom_domain`, `cloudfront_key_id` and `cloudfront_key`\n";
    for (arguments, subject) in
        [(["--expire", "604801"], "--expire"), (["--set", "querystring_expire=604801"], "querystring_expire")]
    {
        let stderr = format!(
            "error: `{subject}` is 604801 seconds, and URLs signed with SigV4 are valid for 604800 (7 days) at most\n{shorten}"
        );
        signed(&arguments, &stderr);
    }
    assert_eq!(
        sandbox
            .run(&[
                "url",
                "x",
                "--backend",
                "S3Storage",
                "--expire",
                "604801",
                "--set",
                "signature_version=s3"
            ])
            .status,
        0
    );
    signed(
        &["--ip-address", "192.0.2.0/24"],
        "error: `--ip-address` goes with URLs that CloudFront signs, and these are not\n  \
         hint: set `custom_domain`, `querystring_auth = true`, `cloudfront_key_id` and `cloudfront_key`\n",
    );
    for (arguments, message) in [
        (
            ["--at", "yesterday"],
            "invalid value 'yesterday' for '--at <TIME>': it must be RFC 3339, e.g. `2030-01-31T12:00:00Z`",
        ),
        (["--param", "a"], "invalid value 'a' for '--param <NAME=VALUE>': it must be `NAME=VALUE`"),
        (["--expire", "0"], "invalid value '0' for '--expire <SECONDS>': 0 is not in 1..=3155760000"),
        (["--method", "PATCH"], "invalid value 'PATCH' for '--method <METHOD>'"),
    ] {
        let run: Run = sandbox.run(&[&["url", "x"], arguments.as_slice()].concat());
        assert_eq!(run.status, 2);
        assert_eq!(run.stderr.lines().next(), Some(format!("error: {message}").as_str()));
    }
}

#[test]
fn settings_that_make_no_url_are_refused() {
    let sandbox = sandbox().file(
        "s3collect.toml",
        "custom_domain = \"https://cdn.example.com/\"\nurl_protocol = \"https\"\ncloudfront_key_id = \"K\"\n",
    );
    refused(
        &sandbox,
        &["x"],
        2,
        "error: `custom_domain` is a host without a scheme: found `https://cdn.example.com/`\n  \
         note: it comes from `s3collect.toml:1`\n  hint: write `cdn.example.com`; the scheme is `url_protocol`\n\
         error: `url_protocol` ends with a colon: found `https`\n  \
         note: it comes from `s3collect.toml:2`\n  hint: write `https:` if that is meant\n\
         error: `cloudfront_key_id` and `cloudfront_key` must be provided together\n  \
         note: `cloudfront_key_id` comes from `s3collect.toml:3`\n  \
         hint: set `cloudfront_key` (`AWS_CLOUDFRONT_KEY`) as well, or neither\n",
    );
    refused(
        &sandbox_without_bucket(),
        &["x"],
        2,
        "error: no bucket is named\n  hint: give `--bucket NAME`, or set `bucket_name` in `s3collect.toml`\n",
    );
    refused(
        &sandbox_without_bucket(),
        &["x", "--local", "buckets"],
        2,
        "error: the embedded endpoint of `local` has no address while nobody serves it\n  \
         hint: run `s3collect serve --local DIR --port 9000`, and give `--endpoint-url http://127.0.0.1:9000`\n",
    );
}

fn sandbox_without_bucket() -> Sandbox {
    Sandbox::new()
}

/// An access point is refused where its address is not known.
#[test]
fn access_points_are_reached_in_their_own_region() {
    let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint:my-point";
    let run = sandbox().run(&["url", "x", "--bucket", arn]);
    run.expect(0, "https://my-point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/static/x\n", "");
    refused(
        &sandbox(),
        &["x", "--bucket", arn, "--region", "cn-north-1"],
        2,
        &format!(
            "error: the access point `{arn}` has no URL: it is of the partition `aws`, and `region_name` of `aws-cn`\n"
        ),
    );
}

/// Text of a file of this repository's `fixtures/cloudfront`.
fn key(name: &str) -> String {
    let path = format!("{}/fixtures/cloudfront/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).expect("a key")
}
