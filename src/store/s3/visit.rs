//! Plain requests to wherever a URL leads, as a browser sends them: what signature there is stands in the URL.

use ::http::header::USER_AGENT;
use ::http::{HeaderMap, Method};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use tokio::time::timeout;

use crate::parameters::ObjectParameters;
use crate::settings::ConnectionSettings;
use crate::store::{Operation, StoreError, StoreErrorKind, Target};

use super::client::place;
use super::failure::Asked;
use super::http;

/// The longest body that is read.
const LARGEST_BODY: usize = 1 << 20;
/// What servers are told that this is.
const AGENT: &str = concat!("s3collect/", env!("CARGO_PKG_VERSION"));

/// An answer of any status; redirects are not followed.
#[derive(Debug, Clone)]
pub struct Visited {
    /// The HTTP status.
    pub status: u16,
    /// As they came.
    pub headers: HeaderMap,
    /// The whole body, still encoded.
    pub body: Bytes,
}

impl Visited {
    /// A header as text; `None` where it is none.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Sends a request once, with the TLS, the proxies and the time limits of the settings.
///
/// # Errors
/// There is no answer, or the URL is none.
pub async fn visit(
    settings: &ConnectionSettings,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
) -> Result<Visited, StoreError> {
    let endpoint = origin(url);
    let place = place(settings, String::new(), Some(endpoint));
    let nothing = ObjectParameters::default();
    let target = Target { bucket: settings.bucket.clone(), key: String::new() };
    let error = |kind| StoreError::new(Operation::GetObject, target.clone(), kind);
    let asked = Asked {
        operation: Operation::GetObject,
        target: target.clone(),
        place: &place,
        parameters: &nothing,
    };
    let unsendable = |cause: String| error(StoreErrorKind::Unsendable).because(cause);
    let connector =
        http::connector(endpoint, &settings.client).map_err(|(kind, cause)| error(kind).because(cause))?;
    let mut request = ::http::Request::builder().method(method).uri(url).header(USER_AGENT, AGENT);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(SdkBody::empty()).map_err(|error| unsendable(error.to_string()))?;
    let request = HttpRequest::try_from(request).map_err(|error| unsendable(error.to_string()))?;
    let asking = async {
        let answer = connector.call(request).await.map_err(|error| asked.undelivered(&error))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter().filter_map(|(name, value)| {
            Some((name.parse::<::http::HeaderName>().ok()?, value.parse::<::http::HeaderValue>().ok()?))
        });
        let headers: HeaderMap = headers.collect();
        let body = Limited::new(answer.into_body(), LARGEST_BODY).collect().await;
        let body = body.map_err(|error| asked.undelivered(&*error))?.to_bytes();
        Ok(Visited { status, headers, body })
    };
    timeout(place.standstill, asking).await.unwrap_or_else(|_| Err(error(StoreErrorKind::TimedOut)))
}

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |end| host + end);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn the_origin_ends_before_the_path() {
        for (url, expected) in [
            ("https://cdn.example.com/a/b?c", "https://cdn.example.com"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://h?x", "http://h"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }
}
