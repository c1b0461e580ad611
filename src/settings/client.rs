//! How the client speaks to the service, whichever it is: whom TLS trusts, which proxy requests go through. Pure.

use std::path::PathBuf;

/// How the client speaks.
#[derive(Debug, Clone, Default)]
pub struct ClientSettings {
    /// Whom TLS trusts.
    pub verify: Verify,
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
