//! PutObject past the SDK's orchestration, which costs several times the processor time of all else that a small put needs.
//! Endpoint rules, credentials, signature and errors are the AWS crates' still; connections and headers are those of
//! every other request. Where a bucket asks for more than Signature Version 4, the SDK sends.

use std::sync::LazyLock;
use std::time::SystemTime;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::endpoint::{DefaultResolver, ParamsBuilder, ResolveEndpoint};
use aws_sdk_s3::error::{BoxError, ErrorMetadata, SdkError};
use aws_sdk_s3::operation::put_object::PutObjectError;
use aws_sdk_s3::primitives::SdkBody;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::Document;
use aws_smithy_xml::decode::{self, XmlDecodeError, try_data};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::client::Place;
use super::headers::Headers;
use super::http::{Http, document};
use super::keys::Keys;
use super::told::Told;

/// What stands in a path as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What S3 is told of a body that nobody gave a type.
const UNTYPED: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Who asks, unless settings say otherwise.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("s3collect/", env!("CARGO_PKG_VERSION")));

/// As S3 wants requests signed.
static SETTINGS: LazyLock<SigningSettings> = LazyLock::new(|| {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings
});

type Refused = SdkError<PutObjectError, HttpResponse>;

/// What sends puts to a bucket.
pub(super) struct Direct {
    http: Http,
    keys: Keys,
    /// All of an object's URL that comes before its key.
    bucket: String,
    /// What is signed for.
    region: String,
    service: String,
}

/// What is put besides the body.
pub(super) struct Put<'a> {
    pub(super) key: &'a str,
    pub(super) headers: Headers,
    pub(super) length: u64,
    /// Lower-case hexadecimal.
    pub(super) sha256: String,
    /// Learns what the head of the answer tells.
    pub(super) told: Told,
}

impl Direct {
    /// By the SDK's rules on endpoints; `None` where they ask for another signature, or refuse, which the SDK itself tells best.
    pub(super) async fn new(http: Http, keys: Keys, place: &Place, asked: ParamsBuilder) -> Option<Self> {
        let endpoint = DefaultResolver::new().resolve_endpoint(&asked.build().ok()?).await.ok()?;
        let scheme = endpoint.auth_schemes().first().filter(|scheme| scheme.name() == "sigv4")?;
        if endpoint.headers().next().is_some() {
            return None;
        }
        let told = |name| scheme.get(name).and_then(Document::as_string);
        let url = endpoint.url().trim_end_matches('/');
        let bucket = match url.strip_prefix("https://") {
            Some(rest) if place.plain_http => format!("http://{rest}"),
            _ => url.to_owned(),
        };
        let region = told("signingRegion").unwrap_or(&place.region).to_owned();
        let service = told("signingName").unwrap_or("s3").to_owned();
        Some(Self { http, keys, bucket, region, service })
    }

    /// Puts an object, and gives its ETag as it is in the answer.
    pub(super) async fn put(&self, put: Put<'_>, body: SdkBody) -> Result<Option<String>, Refused> {
        #[expect(clippy::disallowed_methods, reason = "signatures hold for some minutes")]
        let now = SystemTime::now();
        let keys = self.keys.at(now).await.map_err(keyless)?;
        let told = put.told.clone();
        let request = self.request(put, body, &keys.into(), now).map_err(SdkError::construction_failure)?;
        let answer = self.http.clone().send(request).await.map_err(SdkError::dispatch_failure)?;
        told.learn(|name| text(answer.headers(), name));
        let answer = document(answer).await.map_err(SdkError::dispatch_failure)?;
        let answer = HttpResponse::try_from(answer).map_err(SdkError::construction_failure)?;
        match answer.status().is_success() {
            true => Ok(answer.headers().get("etag").map(str::to_owned)),
            false => Err(refused(answer)),
        }
    }

    /// Where an object is.
    pub(super) fn address(&self, key: &str) -> String {
        format!("{}/{}", self.bucket, utf8_percent_encode(key, ENCODED))
    }

    fn request(
        &self,
        put: Put<'_>,
        body: SdkBody,
        identity: &Identity,
        now: SystemTime,
    ) -> Result<Request<SdkBody>, BoxError> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = format!("{}?x-id=PutObject", self.address(put.key)).parse()?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, UNTYPED);
        headers.insert(CONTENT_LENGTH, put.length.into());
        for (name, value) in put.headers {
            let invalid = format!("the header `{name}` holds what HTTP cannot carry");
            let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(value)).map_err(|_| invalid)?;
            headers.insert(HeaderName::from_bytes(name.as_bytes())?, value);
        }
        let parameters = SigningParams::builder()
            .identity(identity)
            .region(&self.region)
            .name(&self.service)
            .time(now)
            .settings(SETTINGS.clone())
            .build()?
            .into();
        let uri = request.uri().to_string();
        let told = request.headers().iter();
        let told = told.map(|(name, value)| Ok((name.as_str(), std::str::from_utf8(value.as_bytes())?)));
        let told = told.collect::<Result<Vec<_>, std::str::Utf8Error>>()?;
        let signable =
            SignableRequest::new("PUT", uri, told.into_iter(), SignableBody::Precomputed(put.sha256))?;
        let (signature, _) = sign(signable, &parameters)?.into_parts();
        signature.apply_to_request_http1x(&mut request);
        request.headers_mut().insert(USER_AGENT, AGENT);
        Ok(request)
    }
}

fn keyless(error: CredentialsError) -> Refused {
    SdkError::construction_failure(error)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What the service says in the body of its refusal, read as the SDK reads it.
fn refused(answer: HttpResponse) -> Refused {
    let told = answer.body().bytes().and_then(|body| metadata(body).ok()).unwrap_or_default();
    SdkError::service_error(PutObjectError::generic(told), answer)
}

fn metadata(body: &[u8]) -> Result<ErrorMetadata, XmlDecodeError> {
    let mut document = decode::Document::try_from(body)?;
    let mut root = document.root_element()?;
    let mut told = ErrorMetadata::builder();
    if !root.start_el().matches("Error") {
        return Ok(told.build());
    }
    while let Some(mut tag) = root.next_tag() {
        match tag.start_el().local() {
            "Code" => told = told.code(try_data(&mut tag)?),
            "Message" => told = told.message(try_data(&mut tag)?),
            _ => {}
        }
    }
    Ok(told.build())
}
