//! Signature Version 2, for stores that know no other: botocore's `HmacV1Auth`, as an auth scheme of the SDK in place
//! of its own.

use std::fmt;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::RuntimeComponents;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::GetIdentityResolver;
use aws_smithy_types::config_bag::ConfigBag;
use percent_encoding::percent_decode_str;

use crate::url::version_2;

/// The scheme. It has the name of the SDK's own, whose place it takes.
#[derive(Debug)]
pub(super) struct VersionTwo {
    signer: Signer,
}

impl VersionTwo {
    /// For a bucket at an endpoint.
    pub(super) fn new(bucket: &str, endpoint: &str) -> Self {
        let host = endpoint.parse().ok().and_then(|uri: ::http::Uri| uri.host().map(str::to_owned));
        let virtual_host = format!("{bucket}.{}", host.unwrap_or_default());
        Self { signer: Signer { bucket: bucket.to_owned(), virtual_host } }
    }
}

impl AuthScheme for VersionTwo {
    fn scheme_id(&self) -> AuthSchemeId {
        aws_runtime::auth::sigv4::SCHEME_ID
    }

    fn identity_resolver(&self, resolvers: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(self.scheme_id())
    }

    fn signer(&self) -> &dyn Sign {
        &self.signer
    }
}

#[derive(Debug)]
struct Signer {
    bucket: String,
    /// The host of requests that have the bucket there, not in their path.
    virtual_host: String,
}

/// Somebody gave credentials of another kind.
#[derive(Debug)]
struct NoKeys;

impl fmt::Display for NoKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the credentials are no pair of keys")
    }
}

impl std::error::Error for NoKeys {}

impl Sign for Signer {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        _endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        _config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let keys = identity.data::<Credentials>().ok_or(NoKeys)?;
        let now = components.time_source().unwrap_or_default().now();
        request.headers_mut().try_insert("date", httpdate::fmt_http_date(now))?;
        if let Some(token) = keys.session_token() {
            request.headers_mut().try_insert("x-amz-security-token", token.to_owned())?;
        }
        let signature = version_2::signature(keys.secret_access_key(), &self.text(request)?);
        let authorization = format!("AWS {}:{signature}", keys.access_key_id());
        request.headers_mut().try_insert("authorization", authorization)?;
        Ok(())
    }
}

impl Signer {
    /// What is signed.
    fn text(&self, request: &HttpRequest) -> Result<String, BoxError> {
        let header = |name| request.headers().get(name).unwrap_or_default().trim();
        let mut text = format!(
            "{}\n{}\n{}\n{}\n",
            request.method(),
            header("content-md5"),
            header("content-type"),
            header("date")
        );
        let mut names: Vec<&str> = request.headers().iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().filter(|name| name.starts_with("x-amz-")) {
            let values: Vec<&str> = request.headers().get_all(name).map(str::trim).collect();
            text.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        let uri: ::http::Uri = request.uri().parse()?;
        if uri.host().is_some_and(|host| host.eq_ignore_ascii_case(&self.virtual_host)) {
            text.push_str(&format!("/{}", self.bucket));
        }
        let pairs = uri.query().unwrap_or_default().split('&');
        let pairs = pairs.map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name, Some(percent_decode_str(value).decode_utf8_lossy())),
            None => (pair, None),
        });
        text.push_str(&version_2::resource(uri.path(), pairs));
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// The last line of a text tells what else is in it; botocore's signatures of the same requests agree.
    #[test]
    fn requests_are_signed_as_botocore_signs_them() {
        for (method, uri, headers, expected) in [
            (
                "PUT",
                "http://localhost:9/acme-assets/static/a%20b.css?x-id=PutObject",
                &[
                    ("content-type", "text/css"),
                    ("x-amz-meta-b", " 7 "),
                    ("x-amz-acl", "private"),
                    ("content-md5", "abc="),
                ][..],
                "wYPc6IcTPTSmqRfAl8S/1vVxTyk=",
            ),
            (
                "PUT",
                "http://acme-assets.localhost:9/k?partNumber=1&uploadId=U%2F1&x-id=UploadPart",
                &[("x-amz-security-token", "tok")],
                "gJ2u1VmdcNb5MyKxqR/QUJwmOIs=",
            ),
            (
                "POST",
                "http://localhost:9/acme-assets/k?uploads",
                &[("content-type", "text/css")],
                "pqPmanDNyOqB5J7O3x8kNLv5JQ8=",
            ),
            (
                "GET",
                "http://localhost:9/acme-assets?list-type=2&prefix=a%2Fb",
                &[],
                "UqXIJWylIYAmWCaCCxPptQUCWqs=",
            ),
        ] {
            let mut request = HttpRequest::new(SdkBody::empty());
            request.set_method(method).expect("a method");
            request.set_uri(uri).expect("an address");
            for (name, value) in headers {
                request.headers_mut().insert(*name, *value);
            }
            request.headers_mut().insert("date", "Tue, 27 Mar 2007 21:15:45 GMT");
            let signer = VersionTwo::new("acme-assets", "http://localhost:9").signer;
            let text = signer.text(&request).expect("a text");
            assert_eq!(version_2::signature("verysecret", &text), expected, "{text}");
        }
    }
}
