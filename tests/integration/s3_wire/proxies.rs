//! Requests through a proxy that wants to know who asks.
#![expect(clippy::disallowed_types, reason = "a proxy of the tests that reaches what is behind it")]

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use s3collect::settings::{ProxyRoute, Verify};
use tokio::net::TcpStream;

use super::tls::{Secured, embedded};
use super::*;

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// A proxy for `me` with the password `s:cret`.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// Method and target of each request that was let through, and how many were not.
    seen: Arc<Mutex<(Vec<String>, usize)>>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new((Vec::new(), 0)));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                let service = service_fn(move |request| passed(Arc::clone(&log), request));
                let serving = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                tokio::spawn(serving);
            }
        });
        Self { port, seen }
    }

    pub(crate) fn url(&self, user: &str) -> String {
        format!("http://{user}localhost:{}", self.port)
    }

    pub(crate) fn passed(&self) -> Vec<String> {
        self.seen.lock().expect("no panic before").0.clone()
    }

    pub(crate) fn refused(&self) -> usize {
        self.seen.lock().expect("no panic before").1
    }
}

async fn passed(
    log: Arc<Mutex<(Vec<String>, usize)>>,
    request: Request<Incoming>,
) -> Result<Answer, hyper::Error> {
    let expected = format!("Basic {}", STANDARD.encode("me:s:cret"));
    let known = request.headers().get("proxy-authorization").is_some_and(|given| *given == expected);
    {
        let mut log = log.lock().expect("no panic before");
        if known {
            log.0.push(format!("{} {}", request.method(), request.uri()));
        } else {
            log.1 += 1;
        }
    }
    if !known {
        return Ok(empty(StatusCode::PROXY_AUTHENTICATION_REQUIRED));
    }
    let authority = request.uri().authority().expect("a target with a host").to_string();
    let Ok(stream) = TcpStream::connect(&authority).await else { return Ok(empty(StatusCode::BAD_GATEWAY)) };
    if request.method() == Method::CONNECT {
        tokio::spawn(tunnel(request, stream));
        return Ok(empty(StatusCode::OK));
    }
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (mut head, body) = request.into_parts();
    head.uri = head.uri.path_and_query().map_or("/", |target| target.as_str()).parse().expect("a target");
    head.headers.remove("proxy-authorization");
    Ok(sender.send_request(Request::from_parts(head, body)).await?.map(BodyExt::boxed))
}

async fn tunnel(request: Request<Incoming>, mut beyond: TcpStream) {
    let upgraded = hyper::upgrade::on(request).await.expect("a tunnel");
    // Either side may be gone first.
    tokio::io::copy_bidirectional(&mut TokioIo::new(upgraded), &mut beyond).await.ok();
}

fn empty(status: StatusCode) -> Answer {
    let body = Empty::new().map_err(|never| match never {}).boxed();
    Response::builder().status(status).body(body).expect("an answer")
}

fn route(scheme: &str, proxy: &str) -> ProxyRoute {
    ProxyRoute { scheme: scheme.to_owned(), host: None, proxy: Some(Secret::new(proxy)) }
}

/// The embedded endpoint without TLS.
async fn plain() -> (tempfile::TempDir, s3collect::local::Server) {
    let directory = tempfile::TempDir::new().expect("a directory");
    let options = s3collect::local::Options {
        create_buckets: vec!["acme-assets".to_owned()],
        ..s3collect::local::Options::new(directory.path())
    };
    let server = s3collect::local::Server::start(options).await.expect("an endpoint");
    (directory, server)
}

#[tokio::test]
async fn tls_goes_through_a_tunnel() {
    let (secured, proxy) = (Secured::start().await, Proxy::start().await);
    let mut settings = embedded(secured.endpoint());
    settings.client.verify = Verify::Bundle(secured.bundle());
    settings.client.proxies = Some(vec![route("https", &proxy.url("me:s%3Acret@"))]);
    let store = connect(&settings).await;
    store.put(&small()).await.expect("stored through the proxy");
    store.list("", None).await.expect("a page");
    assert_eq!(proxy.passed(), [format!("CONNECT localhost:{}", secured.port)]);
    assert_eq!(secured.requests(), 2);
}

#[tokio::test]
async fn plain_requests_are_forwarded() {
    let (proxy, (_directory, server)) = (Proxy::start().await, plain().await);
    let mut settings = embedded(server.endpoint_url());
    settings.client.proxies = Some(vec![route("http", &proxy.url("me:s%3Acret@"))]);
    connect(&settings).await.put(&small()).await.expect("stored through the proxy");
    let address = format!("{}/acme-assets/static/css/site.css?x-id=PutObject", server.endpoint_url());
    assert_eq!(proxy.passed(), [format!("PUT {address}")]);
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_of_another_scheme_is_not_asked() {
    let (proxy, (_directory, server)) = (Proxy::start().await, plain().await);
    let mut settings = embedded(server.endpoint_url());
    settings.client.proxies = Some(vec![route("https", &proxy.url(""))]);
    connect(&settings).await.put(&small()).await.expect("stored");
    assert_eq!((proxy.passed(), proxy.refused()), (Vec::new(), 0));
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let (secured, proxy) = (Secured::start().await, Proxy::start().await);
    let (_directory, server) = plain().await;
    for (scheme, endpoint) in [("https", secured.endpoint()), ("http", server.endpoint_url())] {
        for (user, given) in [("me:wrong@", true), ("", false)] {
            let mut settings = embedded(endpoint.clone());
            settings.client.verify = Verify::Off;
            settings.client.proxies = Some(vec![route(scheme, &proxy.url(user))]);
            assert!(!format!("{settings:?}").contains("wrong"), "{settings:?}");
            let error = connect(&settings).await.list("", None).await.expect_err("a refusal");
            let expected = StoreErrorKind::ProxyAuthentication { proxy: proxy.url(""), given };
            assert_eq!(error.kind, expected, "{scheme} {user}");
            assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
        }
    }
    assert_eq!((proxy.passed(), proxy.refused()), (Vec::new(), 4));
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let gone = answers::free_port().await;
    for scheme in ["https", "http"] {
        let mut settings = settings(format!("{scheme}://s3.example.com"));
        settings.client.proxies = Some(vec![route(scheme, &format!("http://me:secret@127.0.0.1:{gone}"))]);
        let error = connect(&settings).await.list("", None).await.expect_err("no proxy");
        let proxy = format!("http://127.0.0.1:{gone}");
        assert_eq!(
            kind_and_cause(&error),
            (StoreErrorKind::Proxy { proxy }, "Connection refused (os error 111)".to_owned())
        );
    }
}

#[tokio::test]
async fn a_service_that_the_proxy_does_not_reach() {
    let proxy = Proxy::start().await;
    let gone = answers::free_port().await;
    let mut settings = settings(format!("https://127.0.0.1:{gone}"));
    settings.client.proxies = Some(vec![route("https", &proxy.url("me:s%3Acret@"))]);
    let error = connect(&settings).await.list("", None).await.expect_err("nothing is there");
    let expected = StoreErrorKind::Proxy { proxy: proxy.url("") };
    assert_eq!(kind_and_cause(&error), (expected, "tunnel error: unsuccessful".to_owned()));
}
