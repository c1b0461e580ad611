//! Secrets that are planted in every place settings come from, and looked for in everything that is printed, written
//! or started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use s3collect::local::{Credentials, Effect, Fault, Options, Server, When};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Run, Sandbox};

const ACCESS_KEY: &str = "AKIAPLANTEDACCESSKEY";
const SECRET_KEY: &str = "planted-secret-access-key";
const TOKEN: &str = "planted-session-token";
const SSE_KEY: &str = "planted-key-of-customer-32-bytes";
const PROXY_PASSWORD: &str = "planted-proxy-password";
const URL_PASSWORD: &str = "planted-endpoint-password";
const CLOUDFRONT_KEY: &str = include_str!("../../fixtures/cloudfront/rsa_pkcs8.pem");

/// Everything that may stand nowhere, the encoded forms that travel included.
fn planted() -> Vec<String> {
    let encoded = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let key = CLOUDFRONT_KEY.lines().nth(1).expect("a line of the key");
    let plain = [ACCESS_KEY, SECRET_KEY, TOKEN, SSE_KEY, PROXY_PASSWORD, URL_PASSWORD, key];
    let mut all: Vec<String> = plain.map(str::to_owned).into();
    all.extend([
        encoded(SSE_KEY),
        encoded(&format!("me:{PROXY_PASSWORD}")),
        encoded(&format!("me:{URL_PASSWORD}")),
    ]);
    all
}

#[track_caller]
fn clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in planted() {
        if let Some(at) = text.find(&secret) {
            let around: String =
                text[..at].chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
            panic!("{what} holds `{secret}` behind: {around}");
        }
    }
}

#[track_caller]
fn clean_run(what: &str, run: &Run) {
    clean(what, run.stdout.as_bytes());
    clean(what, run.stderr.as_bytes());
    assert!(!run.stderr.contains("panicked"), "{what}: {run:?}");
}

/// Every file below a directory, its name too, but those that the secrets were planted in.
#[track_caller]
fn clean_files(directory: &Path, planted_in: &[&str]) -> usize {
    let mut looked_at = 0;
    for entry in walkdir::WalkDir::new(directory) {
        let entry = entry.expect("readable");
        let path = entry.path().display().to_string();
        clean(&path, path.as_bytes());
        if entry.file_type().is_file() && !planted_in.iter().any(|name| path.ends_with(name)) {
            clean(&path, &fs::read(entry.path()).expect("a file"));
            looked_at += 1;
        }
    }
    looked_at
}

/// A service that knows the planted keys.
struct Service {
    _runtime: Runtime,
    server: Server,
    directory: TempDir,
}

impl Service {
    fn start(faults: Vec<Fault>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let directory = TempDir::new().expect("a directory");
        let options = Options {
            credentials: Credentials { access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.to_owned() },
            create_buckets: vec!["acme".to_owned()],
            faults,
            ..Options::new(directory.path())
        };
        let server = runtime.block_on(Server::start(options)).expect("an endpoint");
        Self { _runtime: runtime, server, directory }
    }

    /// With a user and a password in front of its host.
    fn endpoint(&self) -> String {
        self.server.endpoint_url().replace("://", &format!("://me:{URL_PASSWORD}@"))
    }
}

/// All that is planted, by the names of settings.
fn settings(endpoint: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("bucket_name", json!("acme")),
        ("location", json!("static")),
        ("region_name", json!("us-east-1")),
        ("endpoint_url", json!(endpoint)),
        ("access_key", json!(ACCESS_KEY)),
        ("secret_key", json!(SECRET_KEY)),
        ("security_token", json!(TOKEN)),
        ("proxies", json!({ "https": format!("http://me:{PROXY_PASSWORD}@127.0.0.1:1") })),
        ("custom_domain", json!("cdn.example.com")),
        ("querystring_auth", json!(true)),
        ("cloudfront_key_id", json!("K2JCJMDEHXQW5F")),
        ("cloudfront_key", json!(CLOUDFRONT_KEY)),
    ]
}

fn toml(head: &str, settings: &[(&'static str, Value)]) -> String {
    let lines = settings.iter().map(|(name, value)| {
        let value = toml::Value::try_from(value).expect("TOML");
        format!("{name} = {value}\n")
    });
    format!("{head}{}", lines.collect::<String>())
}

/// A tree with a file for each way that bodies go, and a Python that tells the settings of a project.
fn site() -> Sandbox {
    Sandbox::new()
        .env("RUST_BACKTRACE", "full")
        .env("RUST_LOG", "trace")
        .env("AWS_LOG_LEVEL", "trace")
        .env("SMITHY_LOG", "trace")
        .env("XDG_STATE_HOME", "state")
        .env("XDG_CACHE_HOME", "cache")
        .env("TMPDIR", "temporary")
        .file("temporary/keep", "")
        .file("static/css/site.css", "body{background:url(../img/hero.webp)}")
        .file("static/img/hero.webp", "webp")
        .file("static/talk.mp4", vec![7; 9 << 20])
}

/// A site with the secrets in one place.
struct Planting {
    sandbox: Sandbox,
    /// What every verb is told besides.
    arguments: &'static [&'static str],
    /// The files that hold the secrets.
    files: &'static [&'static str],
}

const PLACES: [&str; 6] = ["environment", "file", "storage", "pyproject", "profile", "project"];

fn planting(place: &str, endpoint: &str) -> Planting {
    let all = settings(endpoint);
    let in_file = |name: &'static str, head: &str, settings: &[_]| site().file(name, toml(head, settings));
    let (sandbox, arguments, files): (_, &[&str], &[&str]) = match place {
        "environment" => (in_environment(&all), &[], &[]),
        "file" => (in_file("s3collect.toml", "", &all), &[], &["s3collect.toml"]),
        "storage" => (in_file("s3collect.toml", "[storages.staticfiles]\n", &all), &[], &["s3collect.toml"]),
        "pyproject" => (in_file("pyproject.toml", "[tool.s3collect]\n", &all), &[], &["pyproject.toml"]),
        "profile" => (in_profile(all), &[], &["s3collect.toml", ".aws/credentials"]),
        _ => (in_project(all), &["--django", "mysite.settings", "--python", "bin/python"], &["answer.json"]),
    };
    Planting { sandbox, arguments, files }
}

fn in_environment(settings: &[(&'static str, Value)]) -> Sandbox {
    settings.iter().fold(site(), |sandbox, (name, value)| {
        let row = s3collect::settings::register::find(name).expect("a row");
        sandbox.env(row.environment[0], value.as_str().unwrap_or(&value.to_string()))
    })
}

/// The keys in AWS's own file, the rest in ours.
fn in_profile(mut settings: Vec<(&'static str, Value)>) -> Sandbox {
    settings.retain(|(name, _)| !["access_key", "secret_key", "security_token"].contains(name));
    let profile = format!(
        "[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n\
         aws_session_token = {TOKEN}\n"
    );
    site().file("s3collect.toml", toml("", &settings)).file("home/.aws/credentials", profile)
}

/// A Python that tells them, and writes down what it was started with and what started it.
fn in_project(settings: Vec<(&'static str, Value)>) -> Sandbox {
    let values: serde_json::Map<String, Value> =
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let answer = json!({
        "findings": [], "names": [], "ignore_patterns": [], "sources": [], "static_url": "/static/",
        "project": {"findings": [], "secrets": [], "settings": {}},
        "storages": {"staticfiles": {
            "class": "storages.backends.s3.S3StaticStorage", "backend": "S3StaticStorage", "findings": [], "secrets": [], "settings": values,
        }},
    });
    let script = "#!/bin/sh\ncat /proc/$$/cmdline /proc/$PPID/cmdline >> command-lines\ncat answer.json\n";
    let sandbox = site().file("answer.json", answer.to_string()).file("bin/python", script);
    fs::set_permissions(sandbox.path("bin/python"), fs::Permissions::from_mode(0o755)).expect("a script");
    sandbox
}

const OFFLINE: &[&[&str]] = &[
    &["settings", "show", "--all"],
    &["settings", "show", "--json"],
    &["settings", "check"],
    &["settings", "check", "--json"],
    &["iam-policy"],
    &["url", "css/site.css"],
    &["url", "css/site.css", "--json", "--expire", "60"],
    &["explain", "--source", "=static", "css/site.css", "--json"],
];

const ONLINE: &[&[&str]] = &[
    &["push", "static", "-vv"],
    &["push", "static", "--json", "--manifest"],
    &["push", "static", "--dry-run", "--check-headers", "-vv"],
    &["put", "static/talk.mp4", "talk.mp4", "--json"],
    &["ls", "-l", "--json"],
    &["stat", "css/site.css", "--json"],
    &["exists", "css/site.css"],
    &["cat", "css/site.css"],
    &["get", "css/site.css", "got.css"],
    &["rm", "talk.mp4"],
];

#[test]
fn no_verb_tells_or_writes_a_secret_wherever_it_comes_from() {
    for place in PLACES {
        let service = Service::start(Vec::new());
        let Planting { sandbox, arguments, files } = planting(place, &service.endpoint());
        for verb in OFFLINE.iter().chain(ONLINE) {
            let run = sandbox.run(&[verb, arguments].concat());
            clean_run(&format!("{place}: {verb:?}"), &run);
            assert_eq!(run.status, 0, "{place}: {verb:?}: {run:?}");
        }
        if place == "project" {
            clean_run("import", &sandbox.run(&[&["settings", "import"], arguments].concat()));
            let lines = fs::read(sandbox.path("command-lines")).expect("Python was started");
            assert!(lines.windows(8).any(|window| window == b"settings"), "{lines:?}");
        }
        assert!(clean_files(&sandbox.path(""), files) > 4);
        assert!(clean_files(service.directory.path(), &[]) > 4, "records, pointers and bodies");
    }
}

/// SSE-C keys travel with requests, and are kept by nobody.
#[test]
fn keys_of_customers_stay_out_of_records() {
    let service = Service::start(Vec::new());
    let parameters = json!({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": SSE_KEY});
    let mut all = settings(&service.endpoint());
    all.push(("object_parameters", parameters));
    let sandbox = site().file("s3collect.toml", toml("", &all));
    for verb in OFFLINE.iter().chain(ONLINE) {
        // Whether a store takes such keys is its own affair.
        clean_run(&format!("{verb:?}"), &sandbox.run(verb));
    }
    clean_files(&sandbox.path(""), &["s3collect.toml"]);
    clean_files(service.directory.path(), &[]);
}

#[test]
fn no_failure_tells_a_secret() {
    let answer = |code: &str| Effect::Answer { status: 403, code: code.to_owned(), message: "No".to_owned() };
    let fault = |effect| Fault { operation: None, key: None, when: When::Always, effect };
    let refusing = |code: &str| Service::start(vec![fault(answer(code))]);
    let services = ["AccessDenied", "SignatureDoesNotMatch", "ExpiredToken"].map(refusing);
    let hung_up = Service::start(vec![fault(Effect::HangUpBefore)]);
    let up = Service::start(Vec::new());
    let mut endpoints: Vec<String> = services.iter().map(Service::endpoint).collect();
    endpoints.push(hung_up.endpoint());
    // No TLS, nobody there, no such host, no scheme, no URL.
    endpoints.push(up.endpoint().replace("http://", "https://"));
    endpoints.extend(
        [
            "http://HERE@127.0.0.1:1",
            "https://HERE@s3.nowhere.invalid",
            "HERE@127.0.0.1",
            "http://HERE@[::1",
            "http://HERE@a b",
        ]
        .map(|text| text.replace("HERE", &format!("me:{URL_PASSWORD}"))),
    );
    for endpoint in endpoints {
        let mut all = settings(&endpoint);
        all.push(("client_config", json!({"retries": {"max_attempts": 0}, "connect_timeout": 2})));
        let sandbox = site().file("s3collect.toml", toml("", &all));
        for verb in [
            &["push", "static", "-vv"][..],
            &["put", "static/talk.mp4", "talk.mp4", "--json"],
            &["cat", "a"],
            &["doctor"],
        ] {
            let run = sandbox.run(verb);
            clean_run(&format!("{endpoint}: {verb:?}"), &run);
            assert_ne!(run.status, 0, "{endpoint}: {verb:?}: {run:?}");
        }
    }
}

/// A secret in a value that cannot be used, in a line that is no TOML, or in a place where none may stand.
#[test]
fn no_complaint_about_settings_quotes_a_secret() {
    let files = [
        format!("secret_key = \"{SECRET_KEY}\nbucket_name = 5"),
        format!("secret_key = [\"{SECRET_KEY}\"]"),
        format!("secret_kye = \"{SECRET_KEY}\""),
        format!("access_key = {{ a = \"{SECRET_KEY}\" }}"),
        format!(
            "cloudfront_key_id = \"K\"\ncloudfront_key = \"{SECRET_KEY}\"\ncustom_domain = \"a.b\"\nquerystring_auth = true"
        ),
        format!("proxies = {{ https = \"me:{PROXY_PASSWORD}@127.0.0.1:1\" }}"),
        format!("proxies = {{ https = \"http://me:{PROXY_PASSWORD}@[::1\" }}"),
        format!("proxies = {{ https = [\"http://me:{PROXY_PASSWORD}@a\"] }}"),
        format!("proxies = {{ \"http://me:{PROXY_PASSWORD}@a\" = \"http://b\" }}"),
        format!("proxies = {{ https = \"ftp://me:{PROXY_PASSWORD}@a\" }}"),
        format!("endpoint_url = \"me:{URL_PASSWORD}@127.0.0.1\""),
        format!("invalidate = \"E1\"\ncloudfront_endpoint_url = \"me:{URL_PASSWORD}@127.0.0.1\""),
        format!("endpoint_url = [\"http://me:{URL_PASSWORD}@127.0.0.1\"]"),
        format!(
            "object_parameters = {{ SSECustomerKey = \"{SSE_KEY}+\", SSECustomerAlgorithm = \"AES256\" }}"
        ),
        format!("object_parameters = {{ SSECustomerKey = \"{SSE_KEY}\" }}"),
        format!("object_parameters = {{ SSECustomerKye = \"{SSE_KEY}\" }}"),
        format!("object_parameters = {{ SSECustomerKey = [\"{SSE_KEY}\"] }}"),
        format!("[[rules]]\nmatch = \"*\"\nobject_parameters = {{ SSECustomerKey = \"{SSE_KEY}\" }}"),
        format!("[storages.staticfiles]\nsecret_key = \"{SECRET_KEY}\"\nfoo = \"{SECRET_KEY}\""),
    ];
    for file in files {
        let sandbox = site().file("s3collect.toml", &file);
        for verb in [
            &["settings", "check"][..],
            &["settings", "show", "--all"],
            &["push", "static", "--bucket", "acme", "--json"],
            &["url", "a.css", "--bucket", "acme"],
        ] {
            clean_run(&format!("{file}: {verb:?}"), &sandbox.run(verb));
        }
    }
    let variables = [
        ("AWS_S3_PROXIES", format!("{{\"https\": \"http://me:{PROXY_PASSWORD}@a")),
        ("AWS_S3_PROXIES", format!("http://me:{PROXY_PASSWORD}@a")),
        ("HTTPS_PROXY", format!("http://me:{PROXY_PASSWORD}@127.0.0.1:1")),
        ("ALL_PROXY", format!("bogus://me:{PROXY_PASSWORD}@[::1")),
        ("AWS_ENDPOINT_URL", format!("me:{URL_PASSWORD}@127.0.0.1")),
        ("AWS_ENDPOINT_URL_S3", format!("http://me:{URL_PASSWORD}@127.0.0.1:1")),
        ("AWS_S3_OBJECT_PARAMETERS", format!("{{SSECustomerKey: {SSE_KEY}}}")),
        ("AWS_S3_SECRET_KEY", SECRET_KEY.to_owned()),
        ("AWS_S3_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ("AWS_SESSION_TOKEN", TOKEN.to_owned()),
    ];
    for (name, value) in variables {
        let sandbox = site().env(name, &value);
        for verb in [
            &["settings", "check"][..],
            &["settings", "show", "--all"],
            &["push", "static", "--bucket", "acme", "--region", "us-east-1", "-vv"],
        ] {
            clean_run(&format!("{name}: {verb:?}"), &sandbox.run(verb));
        }
    }
    for set in [
        format!("secret_key={SECRET_KEY}"),
        format!("security_token={TOKEN}"),
        format!("cloudfront_key={SECRET_KEY}"),
        format!("object_parameters={{\"SSECustomerKey\": \"{SSE_KEY}\"}}"),
        format!("secret_kye={SECRET_KEY}"),
    ] {
        let run = site().run(&["push", "static", "--bucket", "acme", "--set", &set]);
        clean_run(&set, &run);
        assert_eq!(run.status, 2, "{set}: {run:?}");
    }
}
