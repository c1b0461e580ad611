//! The S3 client against a socket that answers from a script: the exact request, and what each answer means.

use std::io::Write as _;

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

use crate::script::{Script, Seen, answer, refusal, whole};
use crate::support::connection;

fn settings(endpoint: String) -> ConnectionSettings {
    connection(endpoint, "acme-assets", "AKIDEXAMPLE", "verysecret")
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
    | StoreErrorKind::Tls { endpoint }
    | StoreErrorKind::NoTls { endpoint } = &mut error.kind
    {
        *endpoint = endpoint.replace(&format!(":{port}"), ":[PORT]");
    }
    error
}

fn kind_and_cause(error: &StoreError) -> (StoreErrorKind, String) {
    (error.kind.clone(), error.cause.as_ref().map(ToString::to_string).unwrap_or_default())
}

mod answers;
pub(crate) mod proxies;
mod reads;
mod requests;
pub(crate) mod tls;
