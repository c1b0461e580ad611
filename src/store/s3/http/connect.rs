//! Makes connections: by name or number, straight or through a proxy, within a time limit.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec::IntoIter;

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::proxy::{Proxies, shown};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Making<T, E = BoxError> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Why there is no connection, where the libraries below have no type for it.
#[derive(Debug, thiserror::Error)]
pub(in crate::store::s3) enum NotConnected {
    /// The host's name is not known.
    #[error("the name does not resolve")]
    Unresolved(#[source] io::Error),
    /// It took too long.
    #[error("no connection within {} seconds", .0.as_secs_f64())]
    TooSlow(Duration),
    /// A proxy cannot be reached, or makes no connection.
    #[error("no way through the proxy `{proxy}`")]
    Proxy {
        /// Its address, without user and password.
        proxy: String,
        /// What it said.
        source: BoxError,
    },
    /// A proxy wants to know who asks.
    #[error("the proxy `{proxy}` asks for a user and a password")]
    ProxyAuthentication {
        /// Its address, without user and password.
        proxy: String,
        /// Whether it was given some.
        given: bool,
    },
}

/// Connections to the service, with TLS where its scheme asks for it.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    road: HttpsConnector<Road>,
    limit: Duration,
}

impl Connector {
    /// `tls` is for the service, `proxy_tls` for proxies that speak it themselves.
    pub(super) fn new(
        tls: Arc<ClientConfig>,
        proxy_tls: Arc<ClientConfig>,
        proxies: &Arc<Proxies>,
        keepalive: Option<Duration>,
        limit: Duration,
    ) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(keepalive);
        let to_proxy = HttpsConnector::from((tcp.clone(), proxy_tls));
        let road = Road { tcp, to_proxy, proxies: Arc::clone(proxies) };
        Self { road: HttpsConnector::from((road, tls)), limit }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Link>;
    type Error = BoxError;
    type Future = Making<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.road.poll_ready(context)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let (making, limit) = (self.road.call(address), self.limit);
        Box::pin(async move {
            let made = tokio::time::timeout(limit, making).await;
            made.map_err(|_| NotConnected::TooSlow(limit))?
        })
    }
}

/// The way to a service, without its TLS.
#[derive(Debug, Clone)]
struct Road {
    tcp: HttpConnector<Resolver>,
    to_proxy: HttpsConnector<HttpConnector<Resolver>>,
    proxies: Arc<Proxies>,
}

impl Service<Uri> for Road {
    type Response = Link;
    type Error = BoxError;
    type Future = Making<Link>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.towards(&address) else {
            let making = self.tcp.call(address);
            return Box::pin(async {
                Ok(Link { stream: MaybeHttpsStream::Http(making.await?), is_forwarded: false })
            });
        };
        let name = shown(&proxy.address);
        let given = proxy.authorization.is_some();
        let failed = move |source: BoxError| refused(name, given, source);
        if address.scheme() == Some(&Scheme::HTTPS) {
            let mut tunnel = Tunnel::new(proxy.address, self.to_proxy.clone());
            if let Some(authorization) = proxy.authorization {
                tunnel = tunnel.with_auth(authorization);
            }
            let making = tunnel.call(address);
            Box::pin(async move {
                let stream = making.await.map_err(|error| failed(error.into()))?;
                Ok(Link { stream, is_forwarded: false })
            })
        } else {
            let making = self.to_proxy.call(proxy.address);
            Box::pin(async move {
                let stream = making.await.map_err(failed)?;
                Ok(Link { stream, is_forwarded: true })
            })
        }
    }
}

/// The tunnel's error has no public type.
fn refused(proxy: String, given: bool, source: BoxError) -> NotConnected {
    if source.to_string().ends_with("proxy authorization required") {
        NotConnected::ProxyAuthentication { proxy, given }
    } else {
        NotConnected::Proxy { proxy, source }
    }
}

/// A connection that knows whether a proxy at its other end wants whole addresses in request lines.
#[derive(Debug)]
pub(super) struct Link {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    is_forwarded: bool,
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_forwarded)
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }
}

/// RFC 6761: `localhost` and all names below it are loopback, which few system resolvers know.
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The system's resolver, but for names below `localhost`: a bucket's name goes in front of it.
#[derive(Debug, Clone)]
struct Resolver;

impl Resolver {
    async fn resolve(name: String) -> Result<Vec<SocketAddr>, NotConnected> {
        if is_localhost(&name) && !name.eq_ignore_ascii_case("localhost") {
            return Ok(vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)]);
        }
        let found = tokio::net::lookup_host((name, 0)).await.map_err(NotConnected::Unresolved)?;
        Ok(found.collect())
    }
}

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = NotConnected;
    type Future = Making<Self::Response, NotConnected>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotConnected>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move { Ok(Self::resolve(name.as_str().to_owned()).await?.into_iter()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bucket_below_localhost_is_here() {
        let found = Resolver::resolve("bucket.s3.localhost".to_owned()).await.expect("an address");
        assert_eq!(found, [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)]);
    }
}
