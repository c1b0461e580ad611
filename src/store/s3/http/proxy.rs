//! Which proxy a request goes through.

use std::net::Ipv4Addr;

use http::Uri;
use http::header::HeaderValue;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::settings::ProxyRoute;

/// The proxies of a client.
#[derive(Debug)]
pub(super) enum Proxies {
    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    Environment(Box<Matcher>),
    /// What the settings say, the most specific first.
    Settings(Vec<Route>),
}

/// Requests of a kind, and their proxy.
#[derive(Debug)]
pub(super) struct Route {
    scheme: String,
    host: Option<String>,
    proxy: Option<Proxy>,
}

/// A proxy.
#[derive(Debug, Clone)]
pub(super) struct Proxy {
    /// Scheme, host and port.
    pub(super) address: Uri,
    /// `Proxy-Authorization`, where its URL names a user; does not show.
    pub(super) authorization: Option<HeaderValue>,
}

impl From<Intercept> for Proxy {
    fn from(found: Intercept) -> Self {
        let authorization = found.basic_auth().cloned().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Self { address: found.uri().clone(), authorization }
    }
}

impl Proxies {
    /// No proxy for any request.
    pub(super) fn none() -> Self {
        Self::Settings(Vec::new())
    }

    /// As the settings have it; the environment has no say then, `NO_PROXY` neither.
    pub(super) fn of(routes: &[ProxyRoute]) -> Self {
        let mut routes: Vec<Route> = routes
            .iter()
            .map(|route| Route {
                scheme: route.scheme.clone(),
                host: route.host.clone(),
                proxy: route.proxy.as_ref().and_then(|url| parsed(url.expose())),
            })
            .collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.host.as_ref().map_or(0, String::len)));
        Self::Settings(routes)
    }

    /// The proxy on the way to an address, if there is one.
    pub(super) fn towards(&self, address: &Uri) -> Option<Proxy> {
        match self {
            Self::Environment(matcher) => {
                matcher.intercept(address).filter(|_| !is_link_local(address)).map(Proxy::from)
            }
            Self::Settings(routes) => routes.iter().find(|route| route.is_for(address))?.proxy.clone(),
        }
    }
}

/// Whether an address is one that only this machine's own link leads to, as that of instance metadata: no proxy knows it.
fn is_link_local(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default();
    host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_link_local())
}

impl Route {
    /// A bucket's name goes in front of its endpoint's host, so hosts below one are meant with it.
    fn is_for(&self, address: &Uri) -> bool {
        if address.scheme_str() != Some(self.scheme.as_str()) {
            return false;
        }
        let Some(wanted) = &self.host else { return true };
        let authority = address.authority().map(|authority| authority.as_str().to_ascii_lowercase());
        let host = address.host().unwrap_or_default().to_ascii_lowercase();
        [authority.unwrap_or_default(), host].iter().any(|known| {
            known.strip_suffix(wanted.as_str()).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        })
    }
}

/// The environment's parser, for one URL.
fn parsed(url: &str) -> Option<Proxy> {
    let any = Uri::from_static("http://any");
    Matcher::builder().all(url).build().intercept(&any).map(Proxy::from)
}

/// The address of a proxy, as messages name it.
pub(super) fn shown(address: &Uri) -> String {
    address.to_string().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Secret;

    fn row(scheme: &str, host: Option<&str>, proxy: Option<&str>) -> ProxyRoute {
        ProxyRoute { scheme: scheme.to_owned(), host: host.map(str::to_owned), proxy: proxy.map(Secret::new) }
    }

    #[test]
    fn the_more_specific_wins() {
        let proxies = Proxies::of(&[
            row("https", None, Some("http://all:1")),
            row("https", Some("example.com"), Some("http://below:2")),
            row("https", Some("s3.example.com"), Some("http://s3:3")),
            row("https", Some("s3.example.com:9000"), Some("http://port:4")),
            row("https", Some("internal.example.com"), None),
        ]);
        for (address, expected) in [
            ("https://elsewhere.org/", Some("http://all:1")),
            ("https://notexample.com/", Some("http://all:1")),
            ("https://x.example.com/", Some("http://below:2")),
            ("https://S3.example.com/", Some("http://s3:3")),
            ("https://acme.s3.example.com/key", Some("http://s3:3")),
            ("https://acme.s3.example.com:9000/key", Some("http://port:4")),
            ("https://internal.example.com/", None),
            ("http://s3.example.com/", None),
        ] {
            let found = proxies.towards(&address.parse().expect("an address"));
            assert_eq!(found.map(|proxy| shown(&proxy.address)).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn instance_metadata_is_asked_for_without_a_proxy() {
        let matcher = Matcher::builder().all("http://proxy:3128").build();
        let proxies = Proxies::Environment(Box::new(matcher));
        let has_proxy = |address: &str| proxies.towards(&address.parse().expect("an address")).is_some();
        assert!(has_proxy("https://sts.eu-west-1.amazonaws.com/"));
        assert!(!has_proxy("http://169.254.169.254/latest/api/token"));
        assert!(!has_proxy("http://169.254.170.2/v2/credentials"));
    }

    #[test]
    fn user_and_password_are_decoded_and_do_not_show() {
        let proxy = parsed("http://me%40corp:p%3Aw@proxy:3128").expect("a proxy");
        let authorization = proxy.authorization.as_ref().expect("a header");
        // `me@corp:p:w`
        assert_eq!(authorization, "Basic bWVAY29ycDpwOnc=");
        assert_eq!(shown(&proxy.address), "http://proxy:3128");
        assert!(!format!("{proxy:?}").contains("bWVA"), "{proxy:?}");
    }
}
