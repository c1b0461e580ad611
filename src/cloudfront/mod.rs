//! CloudFront's API, as far as invalidations go: two requests with small documents, for which its SDK would be larger than
//! S3's own. Retries what may succeed the next time; what answers mean stands in `error`. Reaches the network through
//! `store::s3` alone.

use std::collections::BTreeMap;
use std::fmt;

use backon::Retryable as _;
use http::Method;

use crate::settings::{ConnectionSettings, InvalidationSettings, masked_url};
use crate::store::retry::waits;
use crate::store::s3::{Caller, Service, region};

mod document;
mod error;

pub use document::Invalidation;
pub use error::{Asked, CloudFrontError, Refusal, Way};

/// Where CloudFront is, in all regions but China's.
const WORLD: (&str, &str) = ("https://cloudfront.amazonaws.com", "us-east-1");
/// Where it is in China.
const CHINA: (&str, &str) = ("https://cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1");

/// The API, for one distribution.
pub struct CloudFront {
    caller: Caller,
    distribution: String,
    /// As messages name it.
    endpoint: String,
    attempts: Option<usize>,
    requests: BTreeMap<&'static str, u64>,
}

impl fmt::Debug for CloudFront {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CloudFront").field("distribution", &self.distribution).finish_non_exhaustive()
    }
}

impl CloudFront {
    /// Makes a client that asks with the credentials of the bucket; sends nothing yet.
    ///
    /// # Errors
    /// Settings of the connection that cannot be used.
    pub async fn connect(
        connection: &ConnectionSettings,
        settings: &InvalidationSettings,
    ) -> Result<Self, CloudFrontError> {
        let unreachable = |source| CloudFrontError::unreachable(&settings.distribution, source);
        let is_china = region(connection).await.map_err(unreachable)?.starts_with("cn-");
        let (endpoint, region) = if is_china { CHINA } else { WORLD };
        let endpoint = settings.endpoint_url.clone().unwrap_or_else(|| endpoint.to_owned());
        let service = Service { name: "cloudfront", region };
        Ok(Self {
            caller: Caller::connect(connection, service, &endpoint).await.map_err(unreachable)?,
            distribution: settings.distribution.clone(),
            endpoint: masked_url(&endpoint),
            attempts: connection.client.attempts,
            requests: BTreeMap::new(),
        })
    }

    /// Asks for an invalidation. The same reference with the same paths is the same invalidation, however often it is
    /// asked for.
    ///
    /// # Errors
    /// What CloudFront refuses, or that it does not answer.
    pub async fn create(
        &mut self,
        reference: &str,
        paths: &[String],
    ) -> Result<Invalidation, CloudFrontError> {
        let path = self.path("");
        let body = document::batch(reference, paths);
        self.ask(Asked::CreateInvalidation, Method::POST, &path, &body).await
    }

    /// How an invalidation is getting on.
    ///
    /// # Errors
    /// As with [`create`](Self::create).
    pub async fn get(&mut self, id: &str) -> Result<Invalidation, CloudFrontError> {
        let path = self.path(&format!("/{}", crate::url::quoted(id)));
        self.ask(Asked::GetInvalidation, Method::GET, &path, "").await
    }

    /// How many requests were sent, by their names, retries included.
    #[must_use]
    pub fn requests(&self) -> &BTreeMap<&'static str, u64> {
        &self.requests
    }

    fn path(&self, rest: &str) -> String {
        format!("/2020-05-31/distribution/{}/invalidation{rest}", self.distribution)
    }

    async fn ask(
        &mut self,
        asked: Asked,
        method: Method,
        path: &str,
        body: &str,
    ) -> Result<Invalidation, CloudFrontError> {
        let (caller, distribution, endpoint) = (&self.caller, &self.distribution, &self.endpoint);
        let sent = self.requests.entry(asked.name()).or_default();
        let attempt = || {
            *sent += 1;
            let answer = caller.call(method.clone(), path, body.to_owned());
            async move {
                let answer = answer.await;
                let answer = answer.map_err(|source| CloudFrontError::unreachable(distribution, source))?;
                document::read(&answer, asked, distribution, endpoint)
            }
        };
        attempt.retry(waits(self.attempts)).when(CloudFrontError::is_retryable).await
    }
}
