//! The HTTP client of whoever hands out credentials: the same as the store's, but that it trusts whom the system trusts
//! whatever the settings say of S3, and that each request has the time limits that the AWS chain gives it.

use std::time::Duration;

use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use tokio::time::timeout;

use super::{Http, Unusable, client};
use crate::settings::ClientSettings;

/// The client for the AWS chain, whose steps set their limits themselves: instance metadata, say, is waited for a second.
pub(in crate::store::s3) fn for_credentials() -> Result<SharedHttpClient, Unusable> {
    let http = client("", &ClientSettings::default())?;
    Ok(http_client_fn(move |settings, _| {
        SharedHttpConnector::new(Bounded { http: http.clone(), limit: limit(settings) })
    }))
}

/// The wait for a connection and that for an answer; `None` where the answer may take any time.
fn limit(settings: &HttpConnectorSettings) -> Option<Duration> {
    settings.read_timeout().map(|read| read + settings.connect_timeout().unwrap_or_default())
}

#[derive(Debug)]
struct Bounded {
    http: Http,
    limit: Option<Duration>,
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, limit) = (self.http.call(request), self.limit);
        HttpConnectorFuture::new(async move {
            let Some(limit) = limit else { return answer.await };
            timeout(limit, answer).await.unwrap_or_else(|late| Err(ConnectorError::timeout(late.into())))
        })
    }
}
