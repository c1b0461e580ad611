//! What others choose (names, links, records, manifests, requests), and that it leads nowhere it should not.

mod endpoint;
mod printing;
mod records;
mod ways;

use std::fs;

use s3collect::local::{Options, Server};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Run, Sandbox};

/// Nothing of a run could move a cursor, turn text round or break a line.
#[track_caller]
fn harmless(what: &str, run: &Run) {
    assert!(is_harmless(&run.stdout) && is_harmless(&run.stderr), "{what}: {run:?}");
}

fn is_harmless(text: &str) -> bool {
    let is_odd = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !text.contains(is_odd)
}

/// The embedded endpoint in this process, with a file beside its directory.
pub(crate) struct Endpoint {
    _runtime: Runtime,
    server: Server,
    directory: TempDir,
}

impl Endpoint {
    pub(crate) fn start() -> Self {
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

    pub(crate) fn sandbox(&self) -> Sandbox {
        Sandbox::new()
            .env("AWS_S3_ENDPOINT_URL", &self.server.endpoint_url())
            .env("AWS_STORAGE_BUCKET_NAME", "acme")
            .env("AWS_S3_REGION_NAME", "us-east-1")
            .env("AWS_S3_ACCESS_KEY_ID", "S3COLLECT")
            .env("AWS_S3_SECRET_ACCESS_KEY", "s3collect-local-secret-key")
    }
}
