//! The HTTP server: accepts on loopback, hands requests to the protocol or to the page, logs, hangs up when a
//! fault says so, stops.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::Body;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::validation::{AwsNameValidation, NameValidation as _};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::access::{Gate, Hosts, Keys, SharedTrace};
use super::disk::Disk;
use super::endpoint::Endpoint;
use super::error::LocalError;
use super::fault::{Fault, Faults, LoggedRequest};
use super::index::Change;
use super::unread::Unread;
use super::{Options, bucket, page};

/// How long requests that are under way may take once the server is to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes of a request's head. S3 takes 8 KiB of headers.
const LARGEST_HEAD: usize = 128 * 1024;

/// A running endpoint. Dropping it hangs up on everybody; [`Server::stop`] lets requests end first.
pub struct Server {
    port: u16,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    accepting: JoinHandle<()>,
}

struct State {
    service: S3Service,
    endpoint: Endpoint,
    faults: Arc<Faults>,
    anonymous_read: bool,
    log: Option<Mutex<Vec<LoggedRequest>>>,
    count: AtomicU64,
}

impl Server {
    /// Opens the directory, makes the buckets that are missing, and listens on 127.0.0.1.
    pub async fn start(options: Options) -> Result<Self, LocalError> {
        let directory = options.directory.clone();
        let opened = tokio::task::spawn_blocking(move || Disk::open(&directory, options.max_bytes)).await;
        let disk = opened.map_err(|error| LocalError::Directory {
            directory: options.directory.clone(),
            source: std::io::Error::other(error),
        })??;
        for bucket in &options.create_buckets {
            create_bucket(&disk, bucket.clone()).await?;
        }
        let port = options.port;
        let failed = |source| LocalError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let state = Arc::new(State::new(&disk, options)?);
        let (stop, stopped) = oneshot::channel();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state), stopped));
        // What a crash left is no hurry, and what cannot be swept now is swept another time.
        drop(tokio::task::spawn_blocking(move || disk.sweep()));
        Ok(Self { port, state, stop: Some(stop), accepting })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Accepts no more connections, lets requests that are under way end, closes the index.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _already_ended = stop.send(());
        }
        let _aborted = (&mut self.accepting).await;
    }

    /// The requests so far, in the order of their answers; empty unless [`Options::log`] is set.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        let log = self.state.log.as_ref();
        log.map(|log| log.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }

    /// Puts other faults in force, counting anew.
    pub fn set_faults(&self, faults: Vec<Fault>) -> Result<(), LocalError> {
        self.state.faults.set(faults)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.stop.is_some() {
            self.accepting.abort();
        }
    }
}

async fn create_bucket(disk: &Arc<Disk>, bucket: String) -> Result<(), LocalError> {
    if !AwsNameValidation::new().validate_bucket_name(&bucket) {
        return Err(LocalError::BucketName(bucket));
    }
    let name = bucket.clone();
    let created = disk.change(Vec::new(), move |index| {
        Ok(Change { value: bucket::create(index, &name, "")?, unnamed: Vec::new() })
    });
    created.await.map(drop).map_err(|source| LocalError::Bucket { bucket, source })
}

/// Accepts until it is told to stop. Connections live in this task's set: they end when it is aborted.
async fn accept(listener: TcpListener, state: Arc<State>, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Out of file descriptors, or the client is gone: the next one may do better.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
            _ = &mut stopped => break,
        };
        // An answer is several small writes, which Nagle's algorithm would delay by 40 ms.
        let _slower = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        let service = service_fn(move |request| handle(Arc::clone(&state), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        connections.spawn(graceful.watch(connection));
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let _too_slow = tokio::time::timeout(PATIENCE, graceful.shutdown()).await;
}

/// Closes the connection: the error is for hyper, nobody reads it.
#[derive(Debug, thiserror::Error)]
#[error("hung up")]
struct HungUp;

async fn handle(state: Arc<State>, mut request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
    join_codings(request.headers_mut());
    let trace = SharedTrace::default();
    request.extensions_mut().insert(Arc::clone(&trace));
    let logged = state.log.as_ref().map(|_| describe(&request));
    let answer = match page::Asked::of(&request).filter(|_| state.anonymous_read) {
        Some(asked) => Ok(page::answer(&state.endpoint, asked).await),
        None => call(&state.service, request, &trace).await,
    };
    let number = state.count.fetch_add(1, Ordering::Relaxed);
    let answer = answer.map(|response| finish(response, number));
    let trace = std::mem::take(&mut *trace.lock().unwrap_or_else(PoisonError::into_inner));
    if let (Some(log), Some(logged)) = (&state.log, logged) {
        let (operation, bucket, key) = (trace.operation, trace.bucket, trace.key);
        let status = answer.as_ref().ok().map(|response| response.status().as_u16());
        let entry = LoggedRequest { operation, bucket, key, status, ..logged };
        log.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }
    answer
}

/// Hands a request to the protocol, and reads what that left of its body.
async fn call(
    service: &S3Service,
    request: Request<Incoming>,
    trace: &SharedTrace,
) -> Result<Response<Body>, HungUp> {
    let unread = Unread::default();
    let (head, body) = request.into_parts();
    let body = Body::http_body(unread.lend(body, &head.headers));
    let response = service.call(Request::from_parts(head, body)).await.map_err(|_| HungUp)?;
    if trace.lock().unwrap_or_else(PoisonError::into_inner).hang_up {
        return Err(HungUp);
    }
    unread.drain().await;
    Ok(response)
}

/// Several `Content-Encoding` headers as one, which means the same and has the same signature: the Rust SDK
/// sends `aws-chunked` in a header of its own, and `s3s` takes only one.
fn join_codings(headers: &mut HeaderMap) {
    let codings: Vec<&[u8]> =
        headers.get_all(header::CONTENT_ENCODING).iter().map(HeaderValue::as_bytes).collect();
    if codings.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&codings.join(&b","[..]))
    {
        headers.insert(header::CONTENT_ENCODING, joined);
    }
}

fn describe(request: &Request<Incoming>) -> LoggedRequest {
    LoggedRequest {
        method: request.method().to_string(),
        target: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        operation: None,
        bucket: None,
        key: None,
        headers: text_headers(request.headers()),
        status: None,
    }
}

fn text_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| *name != header::AUTHORIZATION)
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// What every answer has: a request id. A 304 has no body, though it is a refusal to the protocol.
fn finish(mut response: Response<Body>, number: u64) -> Response<Body> {
    if response.status() == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Body::empty();
    }
    if let Ok(id) = HeaderValue::try_from(format!("{:016X}", number + 1)) {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    response
}

impl State {
    fn new(disk: &Arc<Disk>, options: Options) -> Result<Self, LocalError> {
        let endpoint = Endpoint { disk: Arc::clone(disk) };
        let faults = Arc::new(Faults::default());
        faults.set(options.faults)?;
        let mut builder = S3ServiceBuilder::new(endpoint.clone());
        builder.set_auth(Keys {
            access_key: options.credentials.access_key,
            secret_key: options.credentials.secret_key.into(),
        });
        builder.set_access(Gate {
            disk: Arc::clone(disk),
            faults: Arc::clone(&faults),
            anonymous_read: options.anonymous_read,
        });
        builder.set_host(Hosts);
        Ok(Self {
            service: builder.build(),
            endpoint,
            faults,
            anonymous_read: options.anonymous_read,
            log: options.log.then(Mutex::default),
            count: AtomicU64::new(0),
        })
    }
}
