//! What is done to a request between the SDK and the wire: our headers, the payload hash of a streamed body,
//! and the scheme where AWS is to be spoken to without TLS.

use std::fmt;

use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use super::headers::Headers;

/// The interceptor of one request. It runs before signing, so what it adds is signed.
#[derive(Default)]
pub(super) struct Wire {
    /// Replace what the SDK would send under the same names.
    pub(super) headers: Headers,
    /// Lower-case hexadecimal SHA-256 of a body that the signer cannot read.
    pub(super) payload_sha256: Option<String>,
    /// Send the MD5 of the body, and no other checksum: every server takes that of a DeleteObjects, and some nothing else.
    pub(super) content_md5: bool,
    /// `http://` instead of `https://`.
    pub(super) plain_http: bool,
}

/// Headers may hold a customer's key: only their names show.
impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.headers.iter().map(|(name, _)| name)).finish()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "s3collect"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if self.content_md5
            && let Some(body) = request.body().bytes()
        {
            let digest = STANDARD.encode(Md5::digest(body));
            for name in ["x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm"] {
                request.headers_mut().remove(name);
            }
            request.headers_mut().insert("content-md5", digest);
        }
        for (name, value) in &self.headers {
            request
                .headers_mut()
                .try_insert(name.clone(), value.clone())
                .map_err(|_| format!("the header `{name}` holds what HTTP cannot carry"))?;
        }
        if self.plain_http
            && let Some(rest) = request.uri().strip_prefix("https://")
        {
            let plain = format!("http://{rest}");
            request.set_uri(plain)?;
        }
        if let Some(hash) = &self.payload_sha256 {
            config.interceptor_state().store_put(PayloadSigningOverride::Precomputed(hash.clone()));
        }
        Ok(())
    }
}
