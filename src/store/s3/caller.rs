//! Signs and sends single requests to other services of AWS, with the credentials and over the HTTP client of the store:
//! for services of which a request or two is wanted, and whose SDKs are as large as S3's own.

use std::error::Error;
use std::sync::LazyLock;
use std::time::SystemTime;

use ::http::Method;
use ::http::header::CONTENT_TYPE;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_s3::config::SharedCredentialsProvider;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use tokio::time::timeout;

use crate::parameters::ObjectParameters;
use crate::settings::ConnectionSettings;
use crate::store::{Operation, StoreError, StoreErrorKind, Target};

use super::client::{self, Place, Surroundings, given, place};
use super::failure::Asked;
use super::http;

/// The longest answer that is read: documents here are short.
const LARGEST_ANSWER: usize = 1 << 20;
/// No request here has parameters of objects.
static NOTHING: LazyLock<ObjectParameters> = LazyLock::new(ObjectParameters::default);

/// A service of AWS, as far as requests have to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// What signatures are for: `cloudfront`.
    pub(crate) name: &'static str,
    /// The region that signatures are for.
    pub(crate) region: &'static str,
}

/// Sends requests to a service at an endpoint.
pub(crate) struct Caller {
    connector: SharedHttpConnector,
    credentials: SharedCredentialsProvider,
    service: Service,
    place: Place,
}

/// An answer of any status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: Bytes,
}

/// The region of the settings, or of the AWS environment where they name none.
pub(crate) async fn region(settings: &ConnectionSettings) -> Result<String, StoreError> {
    Ok(client::surroundings(settings).await?.region)
}

impl Caller {
    /// Makes a client; sends nothing yet.
    ///
    /// # Errors
    /// Certificates that cannot be used, or an endpoint of S3 that is none.
    pub(crate) async fn connect(
        settings: &ConnectionSettings,
        service: Service,
        endpoint: &str,
    ) -> Result<Self, StoreError> {
        let Surroundings { chain, region, .. } = client::surroundings(settings).await?;
        let place = place(settings, region, Some(endpoint));
        let connector = http::connector(endpoint, &settings.client).map_err(|(kind, cause)| {
            let target = Target { bucket: settings.bucket.clone(), key: String::new() };
            StoreError::new(Operation::GetObject, target, kind).because(cause)
        })?;
        let chained = chain.and_then(|chain| chain.credentials_provider());
        let credentials = given(&settings.credentials).or(chained).expect("the chain always has a provider");
        Ok(Self { connector, credentials, service, place })
    }

    /// Sends a request once and waits for the whole answer, whatever its status. The body is XML where there is one.
    ///
    /// # Errors
    /// No credentials, or no answer.
    pub(crate) async fn call(&self, method: Method, path: &str, body: String) -> Result<Answer, StoreError> {
        let asking = async {
            let request = self.signed(method, path, body).await?;
            let answer = self.connector.call(request).await.map_err(|error| self.failed(&error))?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), LARGEST_ANSWER)
                .collect()
                .await
                .map_err(|error| self.failed(&*error))?;
            Ok(Answer { status, body: body.to_bytes() })
        };
        let limit = self.place.standstill;
        timeout(limit, asking).await.unwrap_or_else(|_| Err(self.error(StoreErrorKind::TimedOut)))
    }

    /// The request as it is sent.
    async fn signed(&self, method: Method, path: &str, body: String) -> Result<HttpRequest, StoreError> {
        let unsendable = |_| self.error(StoreErrorKind::Unsendable);
        let keys = self.credentials.provide_credentials().await;
        let identity = keys.map_err(|error| self.asked().keyless(&error))?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.service.region)
            .name(self.service.name)
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .expect("all fields are set")
            .into();
        let address = format!("{}{path}", self.place.endpoint);
        let kind = (!body.is_empty()).then_some((CONTENT_TYPE.as_str(), "text/xml"));
        let signable = SignableRequest::new(
            method.as_str(),
            &address,
            kind.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signed = sign(signable.map_err(|error| unsendable(error.to_string()))?, &parameters);
        let (instructions, _) = signed.map_err(|error| unsendable(error.to_string()))?.into_parts();
        let mut request = ::http::Request::builder().method(method).uri(&address);
        if let Some((name, value)) = kind {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(body)).map_err(|error| unsendable(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| unsendable(error.to_string()))
    }

    fn failed(&self, error: &(dyn Error + 'static)) -> StoreError {
        self.asked().undelivered(error)
    }

    fn error(&self, kind: StoreErrorKind) -> StoreError {
        StoreError::new(Operation::GetObject, self.asked().target, kind)
    }

    /// Errors of the way there are told by the endpoint; who asks has words of its own for all others.
    fn asked(&self) -> Asked<'_> {
        Asked {
            operation: Operation::GetObject,
            target: Target { bucket: self.place.bucket.clone(), key: String::new() },
            place: &self.place,
            parameters: &NOTHING,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a signature holds the time at which it is made")]
fn now() -> SystemTime {
    SystemTime::now()
}
