//! The HTTP client below the SDK: one pool of connections, whose TLS, proxies and time limits are ours. `connect` makes the
//! connections, `tls` says whom they trust, `proxy` which way they go; `credentials` is for those who hand out keys.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::header::{HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::Scheme;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::settings::{ClientSettings, Verify};

mod connect;
mod credentials;
mod proxy;
mod tls;

pub(super) use connect::NotConnected;
pub(super) use credentials::for_credentials;
pub(super) use tls::Unusable;

use connect::{Connector, is_localhost};
use proxy::{Proxies, shown};

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long a connection is silent before TCP asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The most bytes of an answer that is no object: a page of a listing, whose thousand keys of 1,024 bytes may be encoded
/// threefold, is under 4 MiB.
const LARGEST_DOCUMENT: usize = 16 * 1024 * 1024;

/// The same for requests that no SDK makes.
pub(super) fn connector(endpoint: &str, settings: &ClientSettings) -> Result<SharedHttpConnector, Unusable> {
    Ok(SharedHttpConnector::new(client(endpoint, settings)?))
}

/// The client for an endpoint; clones share its pool.
pub(super) fn client(endpoint: &str, settings: &ClientSettings) -> Result<Http, Unusable> {
    let tls = tls::config(&settings.verify)?;
    let proxy_tls = match &settings.proxy_bundle {
        Some(path) => tls::config(&Verify::Bundle(path.clone()))?,
        None => Arc::clone(&tls),
    };
    let proxies = match &settings.proxies {
        Some(routes) => Proxies::of(routes),
        // A proxy of the environment cannot know what listens on this machine.
        None if is_loopback(endpoint) => Proxies::none(),
        None => Proxies::Environment(Box::new(Matcher::from_env())),
    };
    let proxies = Arc::new(proxies);
    let limit = settings.connect_timeout.unwrap_or(CONNECT_LIMIT);
    let keepalive = settings.tcp_keepalive.then_some(KEEPALIVE);
    let connector = Connector::new(tls, proxy_tls, &proxies, keepalive, limit);
    let pool = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
    Ok(Http { pool, proxies, agent: Arc::new(Agent::of(settings)) })
}

/// Hyper's client; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Http {
    pool: Client<Connector, SdkBody>,
    proxies: Arc<Proxies>,
    agent: Arc<Agent>,
}

impl Http {
    /// As the SDK takes one.
    pub(super) fn shared(&self) -> SharedHttpClient {
        let http = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| http.clone())
    }

    /// Sends a request as it stands, but for what no signature covers.
    pub(super) async fn send(
        self,
        mut request: Request<SdkBody>,
    ) -> Result<Response<Incoming>, ConnectorError> {
        // Who asks stands in the tunnel's own request where there is one.
        let forwarded = match self.proxies.towards(request.uri()) {
            Some(proxy) if request.uri().scheme() == Some(&Scheme::HTTP) => Some(proxy),
            _ => None,
        };
        if let Some(authorization) = forwarded.as_ref().and_then(|proxy| proxy.authorization.clone()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization);
        }
        self.agent.set(request.headers_mut());
        let answer = self.pool.request(request).await;
        let answer = answer.map_err(|error| ConnectorError::other(error.into(), None))?;
        match forwarded {
            Some(proxy) if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                let (given, proxy) = (proxy.authorization.is_some(), shown(&proxy.address));
                let refused = NotConnected::ProxyAuthentication { proxy, given };
                Err(ConnectorError::other(refused.into(), None))
            }
            _ => Ok(answer),
        }
    }
}

/// What becomes of the SDK's user agent, which no signature covers.
#[derive(Debug)]
struct Agent {
    instead: Option<HeaderValue>,
    behind: Option<String>,
}

impl Agent {
    /// What no header can hold is left out.
    fn of(settings: &ClientSettings) -> Self {
        Self {
            instead: settings.user_agent.as_ref().and_then(|text| HeaderValue::from_str(text).ok()),
            behind: settings.user_agent_extra.clone(),
        }
    }

    fn set(&self, headers: &mut HeaderMap) {
        if let Some(instead) = &self.instead {
            headers.insert(USER_AGENT, instead.clone());
        }
        let Some(behind) = &self.behind else { return };
        let before = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        if let Ok(agent) = HeaderValue::from_str(&format!("{before} {behind}")) {
            headers.insert(USER_AGENT, agent);
        }
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let is_object = is_object(&request);
        let answer = self.clone().send(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let answer = match is_object && answer.status().is_success() {
                true => answer.map(SdkBody::from_body_1_x),
                false => document(answer).await?,
            };
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// An answer that is no object, in memory. One that breaks off is lost with its connection, and one that grows without
/// end is cut off.
pub(super) async fn document(answer: Response<Incoming>) -> Result<Response<SdkBody>, ConnectorError> {
    let (mut head, body) = answer.into_parts();
    let read = Limited::new(body, LARGEST_DOCUMENT).collect().await;
    let body = read.map_err(|error| ConnectorError::other(error, None))?.to_bytes();
    if head.status == StatusCode::OK && is_error(&body) {
        head.status = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(Response::from_parts(head, SdkBody::from(body)))
}

/// Whether a document is that of an error. A service that has begun to answer 200 before it is through can say only so
/// that it failed.
fn is_error(document: &[u8]) -> bool {
    let text = document.trim_ascii_start();
    let text = match text.starts_with(b"<?xml") {
        true => text.splitn(2, |byte| *byte == b'>').nth(1).unwrap_or_default().trim_ascii_start(),
        false => text,
    };
    text.starts_with(b"<Error>") || text.starts_with(b"<Error ")
}

/// Whether what is asked for is the body of an object: everything else is a document with a query, or no GET.
fn is_object<T>(request: &http::Request<T>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == Method::GET
        && query.split('&').all(|pair| pair.is_empty() || pair.starts_with("x-id="))
}

/// Whether an endpoint URL is this machine's own.
fn is_loopback(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    is_localhost(host) || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_known_whatever_their_status_says() {
        for document in
            ["<Error><Code>InternalError</Code></Error>", "\n\n<?xml version=\"1.0\"?>\n<Error xmlns=\"x\"/>"]
        {
            assert!(is_error(document.as_bytes()), "{document}");
        }
        for document in ["", "<Errors/>", "<?xml?><DeleteResult><Error><Key>a</Key></Error></DeleteResult>"] {
            assert!(!is_error(document.as_bytes()), "{document}");
        }
    }

    #[test]
    fn loopback_is_known_by_its_name_and_its_number() {
        for endpoint in
            ["http://localhost:9000", "http://s3.LOCALHOST", "http://127.0.0.1:1/x", "http://[::1]:9"]
        {
            assert!(is_loopback(endpoint), "{endpoint}");
        }
        for endpoint in
            ["https://s3.example.com", "http://localhost.example.com", "http://10.0.0.1", "nonsense"]
        {
            assert!(!is_loopback(endpoint), "{endpoint}");
        }
    }
}
