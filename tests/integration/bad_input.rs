//! Bad input, and what it gets: exact output and status of the binary, and nothing lost.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use s3collect::local::{Credentials, Effect, Fault, LoggedRequest, Options, Server, When};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::script::Script;
use crate::support::{Run, Sandbox};

/// The embedded endpoint in this process, for a binary that runs beside it.
struct Service {
    /// Lives as long as the server does.
    _runtime: Runtime,
    server: Server,
    directory: TempDir,
}

impl Service {
    /// One with the bucket `acme`, which strikes as told.
    fn with(faults: Vec<Fault>) -> Self {
        Self::of(|options| Options { faults, ..options })
    }

    fn of(change: impl FnOnce(Options) -> Options) -> Self {
        let runtime = runtime();
        let directory = TempDir::new().expect("a temporary directory");
        let options = Options {
            create_buckets: vec!["acme".to_owned()],
            log: true,
            ..Options::new(directory.path().join("buckets"))
        };
        let server = runtime.block_on(Server::start(change(options))).expect("an endpoint");
        Self { _runtime: runtime, server, directory }
    }

    /// A sandbox whose environment names this endpoint, its keys and the bucket.
    fn sandbox(&self) -> Sandbox {
        sandbox_at(&self.server.endpoint_url())
    }

    /// How many requests of an operation were answered so far.
    fn count(&self, operation: &str) -> usize {
        let is = |request: &LoggedRequest| request.operation.as_deref() == Some(operation);
        self.server.requests().iter().filter(|request| is(request)).count()
    }

    /// Waits until a request of the operation was answered.
    fn await_answer(&self, operation: &str) {
        let begun = Instant::now();
        while self.count(operation) == 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "no {operation} came");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// All bodies that the endpoint keeps, those of unfinished uploads too.
    fn bodies(&self) -> Vec<Vec<u8>> {
        let files = walkdir::WalkDir::new(self.directory.path().join("buckets/blobs")).into_iter();
        let files = files.map(|entry| entry.expect("readable")).filter(|entry| entry.file_type().is_file());
        files.map(|entry| fs::read(entry.path()).expect("a body")).collect()
    }

    /// What a second push finds to do, which is what the first one lost.
    fn faultless(&self) {
        self.server.set_faults(Vec::new()).expect("no patterns");
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// A sandbox that would push to an endpoint with the stated credentials.
fn sandbox_at(endpoint: &str) -> Sandbox {
    directed(Sandbox::new(), endpoint)
}

/// Nothing is recorded, so that a service in a script needs to know nothing of records.
fn directed(sandbox: Sandbox, endpoint: &str) -> Sandbox {
    let credentials = Credentials::default();
    sandbox
        .env("S3COLLECT_RECORD", "false")
        .env("AWS_S3_ENDPOINT_URL", endpoint)
        .env("AWS_STORAGE_BUCKET_NAME", "acme")
        .env("AWS_S3_REGION_NAME", "us-east-1")
        .env("AWS_S3_ACCESS_KEY_ID", &credentials.access_key)
        .env("AWS_S3_SECRET_ACCESS_KEY", &credentials.secret_key)
}

/// Pushes one small file to a socket that answers from a script.
fn push_to_script(answers: Vec<String>) -> Run {
    let runtime = runtime();
    let script = runtime.block_on(Script::answering(answers));
    let sandbox = sandbox_at(&format!("http://127.0.0.1:{}", script.port)).file("static/site.css", "body{}");
    sandbox.run(&["push", "static"])
}

fn fault(operation: &str, key: Option<&str>, when: When, effect: Effect) -> Fault {
    Fault { operation: Some(operation.to_owned()), key: key.map(str::to_owned), when, effect }
}

/// A refusal of all requests of an operation.
fn refusing(operation: &str, status: u16, code: &str, message: &str) -> Fault {
    let effect = Effect::Answer { status, code: code.to_owned(), message: message.to_owned() };
    fault(operation, None, When::Always, effect)
}

/// The binary, running.
fn spawn(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let mut command = sandbox.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
}

/// Waits for the end of the binary.
fn ended(sandbox: &Sandbox, child: Child) -> Run {
    let output = child.wait_with_output().expect("the binary ends");
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: sandbox.filtered(&output.stdout),
        stderr: sandbox.filtered(&output.stderr),
    }
}

mod client;
mod endpoints;
mod files;
mod hashed;
mod refusals;
mod settings;
mod under_way;
