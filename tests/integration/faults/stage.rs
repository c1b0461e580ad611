//! A bucket with a release in it, a proxy before it, and a push of another release through that.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use s3collect::local::{Credentials, Options, Server};
use tempfile::TempDir;

use super::is_thorough;
use super::proxy::{AGAIN, Proxy, Rule, Trouble};
use crate::releases::{Objects, Reader};
use crate::support::{Run, Sandbox, copy_tree};

/// How long a push may take, whatever happens, by the limits that it is given here.
const PATIENCE: Duration = Duration::from_secs(60);
/// For how long nothing may move, in seconds.
const STANDSTILL: u64 = 1;

/// How a push is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Everything is done.
    Done,
    /// An error says why it is not.
    Told,
    /// Either.
    Any,
}

/// What was tried, and how it went.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) pushes: u64,
    pub(super) done: u64,
    pub(super) requests: u64,
    pub(super) struck: u64,
    pub(super) objects: u64,
}

impl Figures {
    pub(super) fn add(&mut self, other: &Self) {
        self.pushes += other.pushes;
        self.done += other.done;
        self.requests += other.requests;
        self.struck += other.struck;
        self.objects += other.objects;
    }
}

/// Whether with the manifest backend.
pub(super) type Backend = &'static [&'static str];
pub(super) const PLAIN: Backend = &[];
pub(super) const MANIFEST: Backend = &["--manifest"];

/// What both releases make of an empty bucket, and the bucket of the first.
pub(super) struct Stage {
    backend: Backend,
    sandbox: Sandbox,
    bucket: TempDir,
    releases: [Objects; 2],
}

impl Stage {
    pub(super) async fn new(backend: Backend) -> Self {
        let sandbox = Sandbox::new();
        for release in 0..2 {
            write_tree(&sandbox, release);
        }
        let mut made = Vec::new();
        for release in 0..2 {
            let bucket = TempDir::new().expect("a directory");
            let server = start(&bucket).await;
            let at = environment(&server.endpoint_url());
            let run = run(&sandbox, &at, &[&["push", &release.to_string()], backend].concat()).await;
            assert_eq!(run.status, 0, "{run:?}");
            let objects = Reader::at(at, "static").await.objects().await;
            server.stop().await;
            made.push((objects, bucket));
        }
        let (new, _) = made.pop().expect("two");
        let (old, bucket) = made.pop().expect("two");
        Self { backend, sandbox, bucket, releases: [old, new] }
    }

    /// Pushes the second release while a rule is in force, and then without.
    pub(super) async fn push(&self, rule: Rule, expected: End, figures: &mut Figures) {
        let name = format!("{rule:?} {:?}", self.backend);
        let bucket = TempDir::new().expect("a directory");
        copy_tree(self.bucket.path(), bucket.path());
        let server = start(&bucket).await;
        let port = server.endpoint_url().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let proxy = Proxy::start(port.expect("a port"), &Credentials::default().secret_key).await;
        let direct = environment(&server.endpoint_url());
        let mut through = environment(&format!("http://127.0.0.1:{}", proxy.port));
        let client = format!(
            r#"{{"connect_timeout": 2, "read_timeout": {STANDSTILL}, "retries": {{"total_max_attempts": {}}}}}"#,
            AGAIN + 1
        );
        through.insert("AWS_S3_CLIENT_CONFIG".to_owned(), client);
        let push = |patience| [&["push", "1", "--claim-timeout", patience], self.backend].concat();

        // Names that nothing refers to yet may then hold anything.
        let is_unseen = matches!(rule.trouble, Trouble::FlippedUnseen);
        proxy.set(Some(rule));
        let first = run(&self.sandbox, &through, &push("60s")).await;
        let (requests, struck) = proxy.counts();
        let reader = Reader::at(direct.clone(), "static").await;
        let now = reader.objects().await;
        self.judge(&name, expected, &first, &now, is_unseen);
        reader.follow().await;

        proxy.set(None);
        let next = run(&self.sandbox, &through, &push("0s")).await;
        assert_eq!(next.status, 0, "{name}: {}\nafter {}", next.stderr, first.stderr);
        self.is_new(&name, &reader.objects().await);
        reader.follow().await;
        let verified = run(&self.sandbox, &direct, &["verify", "--deep"]).await;
        assert_eq!(verified.status, 0, "{name}: {verified:?}");
        let deleted =
            server.requests().iter().filter(|request| is_delete(request.operation.as_deref())).count();
        assert_eq!(deleted, 0, "{name}");
        server.stop().await;

        figures.pushes += 1;
        figures.done += u64::from(first.status == 0);
        figures.requests += requests;
        figures.struck += struck;
        figures.objects += now.len() as u64;
    }

    /// What a push that was disturbed has left, and said.
    fn judge(&self, name: &str, expected: End, run: &Run, now: &Objects, is_unseen: bool) {
        let said = format!("{name}: status {}\n{}", run.status, run.stderr);
        let errors = run.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        match (run.status, expected) {
            (0, End::Done | End::Any) => {
                assert!(errors == 0 && !run.stderr.contains("warning: "), "{said}");
                self.is_new(name, now);
            }
            (1, End::Told | End::Any) => {
                // Three in a row are what it takes to give up, and parts may be left behind.
                assert!((1..=4).contains(&errors), "{said}");
                assert!(run.stderr.contains("note: "), "{said}");
            }
            _ => panic!("{said}"),
        }
        // Each object is that of one release or the other, and none of the first is gone.
        let [old, new] = &self.releases;
        for (key, object) in now {
            let is_whole = old.get(key) == Some(object) || new.get(key) == Some(object);
            assert!(is_whole || (is_unseen && !old.contains_key(key)), "{said}\n{key}");
        }
        for key in old.keys() {
            assert!(now.contains_key(key), "{said}\n{key} is gone");
        }
    }

    fn is_new(&self, name: &str, now: &Objects) {
        for (key, object) in &self.releases[1] {
            assert!(now.get(key) == Some(object), "{name}: {key}");
        }
    }
}

fn is_delete(operation: Option<&str>) -> bool {
    matches!(operation, Some("DeleteObject" | "DeleteObjects"))
}

/// Small files, one that is streamed by one request, and one in parts.
fn write_tree(sandbox: &Sandbox, release: usize) {
    sandbox.write(&format!("{release}/css/a.css"), format!("a{{b:url(../img/b.png?{release})}}"));
    sandbox.write(&format!("{release}/img/b.png"), format!("PNG{release}"));
    sandbox.write(&format!("{release}/index.html"), format!("<p>{release}"));
    sandbox.write(&format!("{release}/same.txt"), "same");
    sandbox.write(&format!("{release}/mid.bin"), noise(release, 100_000));
    let large = if is_thorough() { (5 << 20) + 300_000 } else { 300_000 };
    sandbox.write(&format!("{release}/big.bin"), noise(release + 2, large));
    for number in 0..6 {
        sandbox.write(&format!("{release}/js/{number}.js"), format!("f({number}, {release})"));
    }
}

/// Bytes that differ from place to place.
fn noise(seed: usize, size: usize) -> Vec<u8> {
    (0..size).map(|index| ((index + seed) % 251) as u8 ^ (index / 4096) as u8).collect()
}

async fn start(bucket: &TempDir) -> Server {
    let create_buckets = vec!["acme".to_owned()];
    let options = Options { create_buckets, log: true, ..Options::new(bucket.path()) };
    Server::start(options).await.expect("an endpoint")
}

/// The environment of a push to an endpoint.
pub(super) fn environment(endpoint: &str) -> BTreeMap<String, String> {
    let keys = Credentials::default();
    [
        ("AWS_STORAGE_BUCKET_NAME", "acme"),
        ("AWS_LOCATION", "static"),
        ("AWS_S3_ENDPOINT_URL", endpoint),
        ("AWS_S3_REGION_NAME", "us-east-1"),
        ("AWS_S3_ACCESS_KEY_ID", &keys.access_key),
        ("AWS_S3_SECRET_ACCESS_KEY", &keys.secret_key),
        ("AWS_S3_TRANSFER_CONFIG", r#"{"multipart_threshold": 200000, "multipart_chunksize": 5242880}"#),
        ("S3COLLECT_IN_FLIGHT_BYTES", "65536"),
        ("HOSTNAME", "here"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Runs the binary, which has to end in time.
pub(super) async fn run(
    sandbox: &Sandbox,
    environment: &BTreeMap<String, String>,
    arguments: &[&str],
) -> Run {
    let begun = Instant::now();
    let mut command = sandbox.command(arguments);
    command.envs(environment).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    while child.try_wait().expect("a child").is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().expect("a signal");
            panic!("{arguments:?} hangs: {:?}", child.wait_with_output());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let output = child.wait_with_output().expect("it ended");
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: sandbox.filtered(&output.stdout),
        stderr: sandbox.filtered(&output.stderr),
    }
}
