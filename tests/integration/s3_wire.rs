//! The S3 client against a socket that answers from a script: the exact request, and what each answer means.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use s3collect::error::Problem;
use s3collect::name::ObjectKey;
use s3collect::parameters::{ObjectParameters, Parameter};
use s3collect::settings::{AddressingStyle, ConnectionSettings, CredentialSource, Secret};
use s3collect::store::s3::S3Store;
use s3collect::store::{
    Body, Checksum, ChecksumAlgorithm, Condition, FileBody, MultipartRequest, Part, PutRequest, Store,
    StoreError, StoreErrorKind, UploadId,
};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Debug, Clone)]
struct Seen {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All headers but those that differ each time, are the SDK's about itself, or need the secret to check.
    fn told(&self) -> Vec<String> {
        let varying = ["authorization", "x-amz-date", "user-agent", "x-amz-user-agent"];
        let mut told: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| !varying.contains(&name.as_str()) && !name.starts_with("amz-sdk-"))
            .filter(|(name, _)| name != "host")
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        told.sort();
        told
    }
}

/// A socket that gives each connection one answer and closes it.
struct Script {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    async fn answering(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut bytes = Vec::new();
                let request = loop {
                    if let Some(request) = whole(&bytes) {
                        break Some(request);
                    }
                    if stream.read_buf(&mut bytes).await.is_ok_and(|count| count == 0) {
                        break None;
                    }
                };
                log.lock().expect("no panic before").extend(request);
                stream.write_all(answer.as_bytes()).await.ok();
                stream.shutdown().await.ok();
            }
        });
        Self { port, seen }
    }

    fn only(&self) -> Seen {
        let seen = self.seen.lock().expect("no panic before");
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

fn whole(bytes: &[u8]) -> Option<Seen> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in UTF-8");
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let length: usize = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().expect("a length"));
    let body = bytes[end + 4..].to_vec();
    (body.len() >= length).then_some(Seen { line, headers, body })
}

fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    format!("{text}\r\n{body}")
}

fn refusal(status: &str, code: &str, message: &str, more: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}\
         <RequestId>4442587FB7D0A2F9</RequestId></Error>"
    );
    answer(status, &["content-type: application/xml", "x-amz-request-id: 4442587FB7D0A2F9"], &body)
}

fn settings(endpoint: String) -> ConnectionSettings {
    ConnectionSettings {
        bucket: "acme-assets".to_owned(),
        local: None,
        endpoint_url: Some(endpoint),
        region_name: Some("us-east-1".to_owned()),
        addressing_style: AddressingStyle::Auto,
        use_ssl: true,
        credentials: CredentialSource::Static {
            access_key: Secret::new("AKIDEXAMPLE"),
            secret_key: Secret::new("verysecret"),
            security_token: None,
        },
    }
}

async fn connect(settings: &ConnectionSettings) -> S3Store {
    S3Store::connect(settings, &ObjectParameters::default()).await.expect("a client")
}

async fn store(script: &Script) -> S3Store {
    connect(&settings(format!("http://127.0.0.1:{}", script.port))).await
}

fn css() -> ObjectParameters {
    let mut parameters = ObjectParameters::default();
    parameters.set(Parameter::ContentType, "text/css");
    parameters
}

fn request(body: Body) -> PutRequest {
    PutRequest {
        key: ObjectKey::new("static/css/site.css").expect("a key"),
        body,
        parameters: css(),
        checksum: None,
        condition: None,
    }
}

fn small() -> PutRequest {
    request(Body::Bytes(Bytes::from_static(b"body{}")))
}

const STORED: &str = "etag: \"841a2d689ad86bd1611447453c22c6fc\"";

async fn put_to(answer: String) -> Result<String, StoreError> {
    let script = Script::answering(vec![answer]).await;
    store(&script).await.put(&small()).await.map(|answer| answer.etag)
}

async fn list_from(answer: String) -> StoreError {
    let script = Script::answering(vec![answer]).await;
    let error = store(&script).await.list("static/", None).await.expect_err("a refusal");
    without_port(error, script.port)
}

async fn head_from(answer: String) -> Result<bool, StoreErrorKind> {
    let script = Script::answering(vec![answer]).await;
    let head = store(&script).await.head(&small().key).await;
    head.map(|head| head.is_some()).map_err(|error| without_port(error, script.port).kind)
}

/// The port is another each time.
fn without_port(mut error: StoreError, port: u16) -> StoreError {
    if let StoreErrorKind::NotS3 { endpoint }
    | StoreErrorKind::NoSuchBucket { endpoint }
    | StoreErrorKind::Unreachable { endpoint }
    | StoreErrorKind::Tls { endpoint } = &mut error.kind
    {
        *endpoint = endpoint.replace(&format!(":{port}"), ":[PORT]");
    }
    error
}

fn kind_and_cause(error: &StoreError) -> (StoreErrorKind, String) {
    (error.kind.clone(), error.cause.as_ref().map(ToString::to_string).unwrap_or_default())
}

mod answers;
mod requests;
