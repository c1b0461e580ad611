//! How the client speaks to the service, whichever it is: whom TLS trusts, which proxy requests go through. Pure.

use std::path::PathBuf;
use std::time::Duration;

use super::{Secret, SignatureVersion};

/// How the client speaks.
#[derive(Debug, Clone, Default)]
pub struct ClientSettings {
    /// Whom TLS trusts.
    pub verify: Verify,
    /// How requests are signed.
    pub signature_version: SignatureVersion,
    /// Hosts of AWS other than the usual ones.
    pub hosts: AmazonHosts,
    /// Whether the endpoint URL of AWS's own environment and profiles is left alone.
    pub ignore_configured_endpoints: bool,
    /// How long a connection may take to be made.
    pub connect_timeout: Option<Duration>,
    /// How long nothing may move on one.
    pub read_timeout: Option<Duration>,
    /// How often a request is sent, the first time included.
    pub attempts: Option<usize>,
    /// Whether connections are kept alive by TCP.
    pub tcp_keepalive: bool,
    /// Replaces the user agent.
    pub user_agent: Option<String>,
    /// Stands behind the user agent.
    pub user_agent_extra: Option<String>,
    /// The authorities that proxies are trusted by, PEM, where they are others than the service's.
    pub proxy_bundle: Option<PathBuf>,
    /// Which proxies requests go through, and no others; `None` leaves it to the environment.
    pub proxies: Option<Vec<ProxyRoute>>,
}

/// Whom TLS trusts (`verify`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verify {
    /// The authorities that the system trusts.
    #[default]
    System,
    /// The authorities in a PEM file, and no others.
    Bundle(PathBuf),
    /// Anyone: certificates are not looked at.
    Off,
}

/// A row of `proxies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyRoute {
    /// `http` or `https`: of the requests that it is about.
    pub scheme: String,
    /// Their host, with a port or without, in lower case; hosts below it are meant too. `None` for all.
    pub host: Option<String>,
    /// The proxy with its scheme, and with the user and the password that it wants; `None` for none.
    pub proxy: Option<Secret>,
}

/// Hosts of AWS other than the usual ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AmazonHosts {
    /// `s3-accelerate`.
    pub accelerate: bool,
    /// `dualstack`: IPv6, too.
    pub dual_stack: bool,
    /// `s3-fips`.
    pub fips: bool,
}
