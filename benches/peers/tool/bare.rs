//! Signed PUTs of files that are in memory, over connections that are kept, and nothing else: no digests, no headers, no
//! comparison, no record.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::HOST;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::TcpStream;
use walkdir::WalkDir;

use super::Outcome;

const CONNECTIONS: usize = 32;
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

type File = (String, Bytes);

/// Puts the files below a directory and prints what it took, reading them left out.
pub(crate) async fn put_all(target: &str, directory: &str) -> Outcome {
    let files = read(Path::new(directory), target)?;
    let count = files.len();
    let files = Arc::new(Mutex::new(files.into_iter()));
    let (begun, busy) = (Instant::now(), cpu_seconds());
    let workers: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(work(Arc::clone(&files)))).collect();
    for worker in workers {
        worker.await??;
    }
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - busy);
    println!("{}", serde_json::json!({ "files": count, "wall": wall, "cpu": cpu }));
    Ok(())
}

/// The files of a directory, by the addresses where they go.
fn read(directory: &Path, target: &str) -> std::io::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(directory).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(directory).unwrap_or(entry.path()).to_string_lossy();
            let address = format!("{target}/{}", utf8_percent_encode(&name, ENCODED));
            files.push((address, Bytes::from(std::fs::read(entry.path())?)));
        }
    }
    Ok(files)
}

/// One connection.
async fn work(files: Arc<Mutex<std::vec::IntoIter<File>>>) -> Outcome {
    let identity: Identity = credentials()?.into();
    let mut connection = None;
    loop {
        let next = files.lock().map_err(|_| "another worker gave up")?.next();
        let Some((address, body)) = next else { return Ok(()) };
        let address: Uri = address.parse()?;
        let authority = address.authority().ok_or("no host")?.to_string();
        let mut request = Request::put(&address).header(HOST, &authority).body(Full::new(body.clone()))?;
        signed(&identity, &address, &authority, &body, &mut request)?;
        *request.uri_mut() = address.path().parse()?;
        let sender = match &mut connection {
            Some(sender) => sender,
            None => {
                let stream = TcpStream::connect(&authority).await?;
                stream.set_nodelay(true)?;
                let (sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(driver);
                connection.insert(sender)
            }
        };
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let told = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("{address}: {status} {}", String::from_utf8_lossy(&told)).into());
        }
    }
}

fn signed(
    identity: &Identity,
    address: &Uri,
    authority: &str,
    body: &[u8],
    request: &mut Request<Full<Bytes>>,
) -> Outcome {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = SigningParams::builder()
        .identity(identity)
        .region("us-east-1")
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()?
        .into();
    let headers = std::iter::once(("host", authority));
    let signable = SignableRequest::new("PUT", address.to_string(), headers, SignableBody::Bytes(body))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}

fn credentials() -> Result<Credentials, std::env::VarError> {
    let (key, secret) = (std::env::var("AWS_ACCESS_KEY_ID")?, std::env::var("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials::new(key, secret, None, None, "environment"))
}

/// What all threads of this process have used; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let nanoseconds = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e9
}
