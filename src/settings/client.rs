//! How the client speaks to the service, whichever it is: whom TLS trusts, which proxy requests go through. Pure.

use std::path::PathBuf;

use super::{Secret, SignatureVersion};

/// How the client speaks.
#[derive(Debug, Clone, Default)]
pub struct ClientSettings {
    /// Whom TLS trusts.
    pub verify: Verify,
    /// How requests are signed.
    pub signature_version: SignatureVersion,
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
