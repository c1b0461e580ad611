//! The storage API against the embedded endpoint: the verbs as a user runs them, the examples, and many writers at once.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::{Duration, Instant};

use s3collect::local::{Credentials, Effect, Fault, LoggedRequest, Options, Server, When};
use s3collect::name::Location;
use s3collect::parameters::ObjectParameters;
use s3collect::settings::FileSettings;
use s3collect::storage::{Storage, StorageOptions};
use s3collect::store::Store;
use s3collect::store::retry::Retrying;
use s3collect::store::s3::S3Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Run, Sandbox, connection};

#[path = "../../examples/media.rs"]
mod media;
#[path = "../../examples/upload_view.rs"]
mod upload_view;

/// The embedded endpoint in this process, with the bucket `acme`.
struct Bench {
    server: Server,
    directory: TempDir,
}

impl Bench {
    async fn new(faults: Vec<Fault>) -> Self {
        let directory = TempDir::new().expect("a directory");
        let options = Options {
            create_buckets: vec!["acme".to_owned()],
            log: true,
            faults,
            ..Options::new(directory.path().join("buckets"))
        };
        Self { server: Server::start(options).await.expect("an endpoint"), directory }
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let Credentials { access_key, secret_key, .. } = Credentials::default();
        [
            ("AWS_S3_ENDPOINT_URL", self.server.endpoint_url()),
            ("AWS_STORAGE_BUCKET_NAME", "acme".to_owned()),
            ("AWS_S3_REGION_NAME", "us-east-1".to_owned()),
            ("AWS_S3_ACCESS_KEY_ID", access_key),
            ("AWS_S3_SECRET_ACCESS_KEY", secret_key),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    fn sandbox(&self) -> Sandbox {
        self.environment().iter().fold(Sandbox::new(), |sandbox, (name, value)| sandbox.env(name, value))
    }

    async fn storage(&self, files: FileSettings) -> Storage<Retrying<S3Store>> {
        let Credentials { access_key, secret_key, .. } = Credentials::default();
        let settings = connection(self.server.endpoint_url(), "acme", &access_key, &secret_key);
        let store = S3Store::connect(&settings, &ObjectParameters::default()).await.expect("a client");
        let options = StorageOptions {
            bucket: "acme".to_owned(),
            location: Location::new("media").expect("a location"),
            files,
            ..StorageOptions::default()
        };
        Storage::new(Retrying::new(store, |_| {}), options)
    }

    fn count(&self, operation: &str) -> usize {
        let is = |request: &LoggedRequest| request.operation.as_deref() == Some(operation);
        self.server.requests().iter().filter(|request| is(request)).count()
    }

    /// How many bodies the endpoint keeps, those of unfinished uploads too.
    fn bodies(&self) -> usize {
        let files = walkdir::WalkDir::new(self.directory.path().join("buckets/blobs")).into_iter();
        files.filter(|entry| entry.as_ref().expect("readable").file_type().is_file()).count()
    }

    /// Waits until nothing is kept any more.
    async fn emptied(&self) {
        let begun = Instant::now();
        while self.bodies() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "{} bodies stay", self.bodies());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

type Program = fn() -> Result<(), Box<dyn std::error::Error>>;

pub(crate) fn keeping() -> FileSettings {
    FileSettings { overwrite: false, ..FileSettings::default() }
}

/// Of fifty who save under one name at once, with `file_overwrite = false`, each has a file of its own.
pub(crate) async fn fifty_writers<S: Store + 'static>(storage: &Storage<S>) {
    let writers = (0..50).map(|number| {
        let storage = storage.clone();
        tokio::spawn(async move {
            let content = format!("writer {number}");
            let saved = storage.save("photo.jpg", content.clone()).await.expect("saved");
            (saved.name, content)
        })
    });
    let mut names = BTreeMap::new();
    for writer in writers.collect::<Vec<_>>() {
        let (name, content) = writer.await.expect("no panic");
        assert_eq!(names.insert(name.clone(), content), None, "{name} was given twice");
    }
    for (name, content) in &names {
        let mut found = String::new();
        storage.open(name).await.expect("open").read_to_string(&mut found).await.expect("read");
        assert_eq!(&found, content, "{name}");
    }
    let listing = storage.listdir("").await.expect("a listing");
    let listed: BTreeSet<&str> = listing.names().into_iter().collect();
    assert_eq!(listed, names.keys().map(String::as_str).collect());
    assert!(names.contains_key("photo.jpg") && names.len() == 50 && storage.has_conditional_writes());
}

/// On a real server, too: `scripts/servers/conformance`.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_writers_of_one_name_lose_no_file() {
    let bench = Bench::new(Vec::new()).await;
    fifty_writers(&bench.storage(keeping()).await).await;
}

/// What is large travels in parts, and the condition stands at their end.
#[tokio::test(flavor = "multi_thread")]
async fn large_files_of_one_name_are_kept_too() {
    let bench = Bench::new(Vec::new()).await;
    let storage = bench.storage(keeping()).await;
    let writers: Vec<_> = (0..3_u8)
        .map(|number| {
            let storage = storage.clone();
            tokio::spawn(
                async move { storage.save("talk.mp4", vec![number; 9 << 20]).await.expect("saved").name },
            )
        })
        .collect();
    let mut names = BTreeSet::new();
    for writer in writers {
        names.insert(writer.await.expect("no panic"));
    }
    assert_eq!((names.len(), storage.listdir("").await.expect("a listing").files.len()), (3, 3));
    assert_eq!(bench.bodies(), 3, "no parts are left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_dropped_leaves_nothing() {
    let bench = Bench::new(Vec::new()).await;
    let storage = bench.storage(FileSettings::default()).await;
    let mut file = storage.create("talk.mp4").expect("open");
    file.write_all(&vec![7; 11 << 20]).await.expect("written");
    assert_eq!(bench.count("CreateMultipartUpload"), 1);
    drop(file);
    bench.emptied().await;
    assert!(!storage.exists("talk.mp4").await.expect("an answer"));
}

/// A task that is cancelled in the middle of `save`, as a view is when its client hangs up.
#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_is_cancelled_leaves_nothing() {
    let slow = Fault {
        operation: Some("UploadPart".to_owned()),
        key: None,
        when: When::EveryNth(2),
        effect: Effect::Delay(Duration::from_secs(5)),
    };
    let bench = Bench::new(vec![slow]).await;
    let storage = bench.storage(FileSettings::default()).await;
    let saving = storage.save("talk.mp4", vec![7; 17 << 20]);
    assert!(tokio::time::timeout(Duration::from_secs(2), saving).await.is_err());
    bench.emptied().await;
    assert!(!storage.exists("talk.mp4").await.expect("an answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_the_services() {
    let bench = Bench::new(Vec::new()).await;
    let storage = bench.storage(FileSettings::default()).await;
    storage.save("a.txt", "a").await.expect("saved");
    let modified = storage.modified_time("a.txt").await.expect("an answer").expect("a time");
    assert!(modified.elapsed().expect("in the past") < Duration::from_secs(60));
    let listed = storage.listdir("").await.expect("a listing").files[0].last_modified.expect("a time");
    assert!(listed.duration_since(modified).unwrap_or_default() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_session_runs() {
    let bench = Bench::new(Vec::new()).await;
    let directory = TempDir::new().expect("a directory");
    let mut environment = bench.environment();
    environment.insert("AWS_LOCATION".to_owned(), "media".to_owned());
    let settings = media::settings(&environment, directory.path()).expect("settings");
    let storage = media::default_storage(&settings).await.expect("a storage");
    media::session(&storage).await.expect("the session");
    assert_eq!(bench.bodies(), 0);
    // They are programs, too.
    let _: [Program; 2] = [media::main, upload_view::main];
}

/// Posts a body, and gives status and document of the answer.
async fn post(port: u16, path: &str, body: &str) -> (String, serde_json::Value) {
    let mut stream = connect(port).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: image/jpeg\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, document) = answer.split_once("\r\n\r\n").expect("a head");
    (head.lines().next().expect("a status").to_owned(), serde_json::from_str(document).expect("JSON"))
}

#[expect(clippy::disallowed_types, reason = "a client of the example's server")]
async fn connect(port: u16) -> tokio::net::TcpStream {
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("a connection")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_upload_view_runs() {
    let bench = Bench::new(Vec::new()).await;
    let directory = TempDir::new().expect("a directory");
    let mut environment = bench.environment();
    environment.insert("AWS_LOCATION".to_owned(), "media".to_owned());
    environment.insert("AWS_S3_CUSTOM_DOMAIN".to_owned(), "media.example.com".to_owned());
    let storage = upload_view::media_storage(&environment, directory.path()).await.expect("a storage");
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serving = tokio::spawn(upload_view::serve(listener, storage.clone()));
    let (status, document) = post(port, "/upload/alice/my%20cat.jpg", "meow").await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    let url = "https://media.example.com/media/user_upload_files/alice/my20cat.jpg";
    assert_eq!(document, serde_json::json!({ "message": "OK", "fileUrl": url }));
    let head = storage.stat("user_upload_files/alice/my20cat.jpg").await.expect("an answer").expect("a file");
    assert_eq!(
        (head.size, head.parameters.get(s3collect::parameters::Parameter::ContentType)),
        (4, Some("image/jpeg"))
    );
    let (status, document) = post(port, "/upload/alice/my%20cat.jpg", "again").await;
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    let message = "Error: file my%20cat.jpg already exists at user_upload_files/alice in bucket acme";
    assert_eq!(document, serde_json::json!({ "message": message }));
    assert_eq!(post(port, "/upload/alice/..", "x").await.0, "HTTP/1.1 400 Bad Request");
    serving.abort();
}

mod killed;
mod verbs;
