//! The HTTP client: one pool of connections, the system's TLS roots, proxies from the environment, and a
//! resolver that knows where `*.localhost` is.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};

/// How long a connection may take to be made.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The client for an endpoint; requests share its pool.
pub(super) fn client(endpoint: &str) -> SharedHttpClient {
    let loopback = is_loopback(endpoint);
    Builder::new().build_with_connector_fn(move |settings, components| {
        // A proxy cannot know what listens on this machine.
        let proxy = if loopback { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
        let mut builder = Connector::builder().proxy_config(proxy);
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_with_resolver(Resolver)
    })
}

/// Whether an endpoint URL is this machine's own.
fn is_loopback(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<::http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    is_localhost(host) || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// RFC 6761: `localhost` and all names below it are loopback, which few system resolvers know.
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The system's resolver, but for names below `localhost`: a bucket's name goes in front of it.
#[derive(Debug, Clone)]
struct Resolver;

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            if is_localhost(name) && !name.eq_ignore_ascii_case("localhost") {
                return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
            }
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[tokio::test]
    async fn a_bucket_below_localhost_is_here() {
        assert_eq!(
            Resolver.resolve_dns("bucket.s3.localhost").await.expect("an address"),
            [IpAddr::V4(Ipv4Addr::LOCALHOST)]
        );
    }
}
