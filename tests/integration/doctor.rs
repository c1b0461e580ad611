//! `doctor` as a user runs it: all is well, then one planted fault after another, each with its exact lines.

mod faults;
mod gateway;
mod serving;

use s3collect::local::{Credentials, Effect, Fault, Options, Server, When};
use s3collect::parameters::ObjectParameters;
use s3collect::store::Store as _;
use s3collect::store::s3::S3Store;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::script::{Seen, answer};
use crate::support::{Run, Sandbox, connection, documented, names, sorted};

use gateway::{Upstream, target, with_header};

/// What a test answers itself.
type Instead = Box<dyn Fn(&Seen, &Upstream) -> Option<Vec<u8>> + Send + Sync>;

/// The embedded endpoint behind what looks like AWS.
struct Bench {
    /// Lives as long as the endpoint does.
    runtime: Runtime,
    server: Server,
    _directory: TempDir,
    sandbox: Sandbox,
    ports: Vec<u16>,
}

/// A good answer.
fn document(body: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?>\n{body}");
    answer("200 OK", &["content-type: application/xml"], &body).into_bytes()
}

/// Versioning, lifecycle, public access and CORS as they should be.
fn configuration(query: &str) -> Option<Vec<u8>> {
    Some(document(match query {
        "versioning" => "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        "lifecycle" => "<LifecycleConfiguration></LifecycleConfiguration>",
        "publicAccessBlock" => {
            "<PublicAccessBlockConfiguration><IgnorePublicAcls>false</IgnorePublicAcls>\
             <RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
        }
        "cors" => {
            "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
             </CORSRule></CORSConfiguration>"
        }
        _ => return None,
    }))
}

/// The name of a configuration that is asked for.
fn asked(seen: &Seen) -> &str {
    target(seen).split_once('?').map_or("", |(_, query)| query.split(['=', '&']).next().unwrap_or_default())
}

impl Bench {
    /// All is well.
    fn new() -> Self {
        Self::with(Vec::new(), |_, _| None)
    }

    /// One with a fault of the endpoint, or answers that are given instead of it.
    fn with(
        faults: Vec<Fault>,
        instead: impl Fn(&Seen, &Upstream) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let directory = TempDir::new().expect("a directory");
        let options = Options {
            create_buckets: vec!["acme".to_owned()],
            anonymous_read: true,
            log: true,
            faults,
            ..Options::new(directory.path())
        };
        let server = runtime.block_on(Server::start(options)).expect("an endpoint");
        let instead: Instead = Box::new(instead);
        let port = gateway::start(&server.endpoint_url(), move |seen, upstream| {
            if let Some(answer) = instead(seen, upstream) {
                return answer;
            }
            if let Some(answer) = configuration(asked(seen)) {
                return answer;
            }
            let answer = upstream.pass(seen);
            match seen.header("origin") {
                Some(_) => with_header(&answer, "access-control-allow-origin: *"),
                None => answer,
            }
        });
        let credentials = Credentials::default();
        let sandbox = Sandbox::new()
            .env("AWS_S3_ENDPOINT_URL", &format!("http://127.0.0.1:{port}"))
            .env("AWS_STORAGE_BUCKET_NAME", "acme")
            .env("AWS_LOCATION", "static")
            .env("AWS_S3_REGION_NAME", "us-east-1")
            .env("AWS_S3_ACCESS_KEY_ID", &credentials.access_key)
            .env("AWS_S3_SECRET_ACCESS_KEY", &credentials.secret_key);
        Self { runtime, server, _directory: directory, sandbox, ports: vec![port] }
    }

    /// The same with a variable more.
    fn env(self, name: &str, value: &str) -> Self {
        Self { sandbox: self.sandbox.env(name, value), ..self }
    }

    fn run(&self, more: &[&str]) -> Run {
        let mut run = self.sandbox.run(&[&["doctor"], more].concat());
        for port in &self.ports {
            for text in [&mut run.stdout, &mut run.stderr] {
                *text = text.replace(&format!(":{port}"), ":[PORT]");
            }
        }
        run
    }

    /// All lines but those that say that all is well.
    fn troubles(&self, run: &Run) -> String {
        let troubles = run.stdout.lines().filter(|line| !line.starts_with("ok "));
        troubles.map(|line| format!("{line}\n")).collect()
    }

    /// Status, and all lines but those that say that all is well.
    #[track_caller]
    fn expect(&self, more: &[&str], status: i32, troubles: &str) {
        let run = self.run(more);
        let told = self.troubles(&run);
        assert_eq!((run.status, told.as_str()), (status, troubles), "\n{}{}", run.stdout, run.stderr);
        self.tidy();
    }

    /// Nothing is left in the bucket, but for what a test kept from being removed.
    #[track_caller]
    fn tidy(&self) {
        self.server.set_faults(Vec::new()).expect("no patterns");
        let credentials = Credentials::default();
        let (access_key, secret_key) = (&credentials.access_key, &credentials.secret_key);
        let settings = connection(self.server.endpoint_url(), "acme", access_key, secret_key);
        let listed = self.runtime.block_on(async {
            let store = S3Store::connect(&settings, &ObjectParameters::default()).await.expect("a client");
            store.list("", None).await.expect("a listing")
        });
        assert_eq!(listed.objects, []);
    }
}

fn refusing(operation: &str, code: &str, message: &str) -> Vec<Fault> {
    let (code, message) = (code.to_owned(), message.to_owned());
    let effect = Effect::Answer { status: 403, code, message };
    vec![Fault { operation: Some(operation.to_owned()), key: None, when: When::Always, effect }]
}

const WELL: &str = "\
ok       settings            6 set, no settings file
ok       credentials         from `AWS_S3_ACCESS_KEY_ID` in the environment
ok       endpoint            `http://127.0.0.1:[PORT]` answers
ok       clock               this machine's is the service's
ok       region              requests that are signed for `us-east-1` are taken
ok       bucket              `acme` is there
ok       list                the location may be listed
ok       put                 objects are taken, with the headers that the settings give them
ok       acl                 none is sent
ok       get                 objects come back as they were put
ok       versions            the service has no versions
ok       multipart           objects may be put in parts, and uploads given up
ok       delete              objects may be deleted
ok       conditional_writes  of two who push at once one is told so
ok       checksum            none is sent beside the signature's; `crc64nvme` is kept
ok       versioning          on: `rollback` finds what was replaced
ok       lifecycle           no rule deletes or archives what is live
ok       public_access       the bucket does not block it
ok       urls                the bucket serves this location by unsigned URLs
ok       cors                fonts and modules may be loaded by pages of all origins
";

#[test]
fn all_is_well_and_nothing_is_left() {
    let bench = Bench::new();
    let run = bench.run(&["--for", "push,gc,rollback"]);
    run.expect(0, WELL, "20 checks: 20 ok  s3://acme/static/  [TIME]\n");
    bench.tidy();
    let keys: Vec<String> = bench.server.requests().into_iter().filter_map(|request| request.key).collect();
    assert!(keys.iter().all(|key| key.starts_with("static/.s3collect/doctor-")), "{keys:?}");
}

/// What is in a directory has no address, no configuration and no keys of anybody's.
#[test]
fn a_directory_is_examined_too() {
    let sandbox = Sandbox::new();
    let told = "\
ok       settings            2 set, no settings file
ok       bucket              `local` is there
ok       list                the location may be listed
ok       put                 objects are taken, with the headers that the settings give them
ok       acl                 `public-read` is taken
ok       get                 objects come back as they were put
ok       multipart           objects may be put in parts, and uploads given up
ok       delete              objects may be deleted
ok       conditional_writes  of two who push at once one is told so
ok       checksum            none is sent beside the signature's; `crc64nvme` is kept
";
    let run = sandbox.run(&["doctor", "--local", "bucket", "--default-acl", "public-read"]);
    run.expect(0, told, "10 checks: 10 ok  s3://local/  [TIME]\n");
    let blobs = walkdir::WalkDir::new(sandbox.path("bucket/blobs")).into_iter();
    let left = blobs.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_type().is_file()));
    assert_eq!(left.count(), 0);
}

#[test]
fn who_must_not_write_looks_at_what_is_there() {
    let bench = Bench::new().env("AWS_DEFAULT_ACL", "public-read");
    let sandbox = &bench.sandbox;
    sandbox.write("static/css/a.css", "a{}");
    assert_eq!(sandbox.run(&["push", "static", "-q"]).status, 0);
    let before = bench.server.requests().len();
    let run = bench.run(&["--read-only"]);
    let told = (run.status, bench.troubles(&run));
    assert_eq!(told, (0, "unknown  acl                 the service does not tell\n".to_owned()));
    let asked = bench.server.requests().split_off(before);
    let methods: Vec<&str> = asked.iter().map(|request| request.method.as_str()).collect();
    assert!(methods.iter().all(|method| matches!(*method, "GET" | "HEAD")), "{methods:?}");
    // Who only reads needs no right to put.
    let reader = bench.run(&["--for", "url,verify"]).stdout;
    assert!(!reader.contains("put "), "{reader}");
    assert!(reader.contains("ok       get                 objects may be read\n"), "{reader}");
}

/// Whoever ends it early finds nothing of it either.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing() {
    use std::process::{Command, Stdio};
    let wait = Fault {
        operation: Some("GetObject".to_owned()),
        key: None,
        when: When::Always,
        effect: Effect::Delay(std::time::Duration::from_secs(30)),
    };
    let bench = Bench::with(vec![wait], |_, _| None);
    let mut child = bench.sandbox.command(&["doctor"]);
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let begun = std::time::Instant::now();
    while !bench.server.requests().iter().any(|request| request.operation.as_deref() == Some("HeadObject")) {
        assert!(begun.elapsed().as_secs() < 30, "it never came to look");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(begun.elapsed().as_secs() < 25, "nobody waits for what is not wanted any more");
    bench.tidy();
}

#[test]
fn the_document_is_what_the_schema_says() {
    let bench = Bench::with(refusing("DeleteObject", "AccessDenied", "Access Denied"), |_, _| None);
    let run = bench.run(&["--json", "-q"]);
    let document = run.json();
    let [top, check] = &documented("doctor")[..] else { panic!("two tables") };
    assert_eq!((run.status, names(&document)), (0, top.clone()));
    let checks = document["checks"].as_array().expect("checks");
    let delete = checks.iter().find(|check| check["check"] == "delete").expect("the check");
    let mut of_delete = names(delete);
    of_delete.extend(["causes".to_owned()].into_iter().filter(|_| delete.get("causes").is_none()));
    assert_eq!(sorted(&of_delete), *check);
    assert_eq!(delete["state"], "warning");
    let left = document["left"].as_array().expect("keys");
    assert!(left[0].as_str().is_some_and(|key| key.starts_with("static/.s3collect/doctor-")), "{left:?}");
    assert_eq!((&document["ok"], &document["note"]), (&json!(true), &json!(null)));
    assert_eq!(document["requests"]["CreateMultipartUpload"], 1);
}
