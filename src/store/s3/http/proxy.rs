//! Which proxy a request goes through.

use http::Uri;
use http::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxies of a client.
#[derive(Debug)]
pub(super) enum Proxies {
    /// Every request goes straight to the service.
    None,
    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    Environment(Box<Matcher>),
}

/// A proxy.
#[derive(Debug)]
pub(super) struct Proxy {
    /// Scheme, host and port.
    pub(super) address: Uri,
    /// `Proxy-Authorization`, where its URL names a user.
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxies {
    /// The proxy on the way to an address, if there is one.
    pub(super) fn towards(&self, address: &Uri) -> Option<Proxy> {
        let found = match self {
            Self::None => None,
            Self::Environment(matcher) => matcher.intercept(address),
        }?;
        Some(Proxy { address: found.uri().clone(), authorization: found.basic_auth().cloned() })
    }
}

/// The address of a proxy, as messages name it.
pub(super) fn shown(address: &Uri) -> String {
    address.to_string().trim_end_matches('/').to_owned()
}
