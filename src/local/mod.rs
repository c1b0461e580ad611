//! The embedded S3 endpoint over a directory (`--local`, `serve`): `s3s` reads the protocol and checks signatures,
//! this room keeps the state. Bodies are immutable files, all else is one SQLite database, so that a write happens
//! whole or not at all and several processes may share a directory. May not name the AWS client crates.

use std::fmt;
use std::path::PathBuf;

mod access;
mod acl;
mod blob;
mod bucket;
mod checksum;
mod clock;
mod copy;
mod description;
mod disk;
mod endpoint;
mod error;
mod fault;
mod get;
mod index;
mod list;
mod manage;
mod multipart;
mod object;
mod page;
mod put;
mod refusal;
mod server;
mod unread;
mod upload;

use endpoint::Endpoint;
pub use error::LocalError;
pub use fault::{Effect, Fault, LoggedRequest, When};
pub use server::Server;

/// Who may write. The endpoint listens on loopback only, so the default is stated openly.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Goes over the wire.
    pub access_key: String,
    /// Signs what goes over the wire.
    pub secret_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credentials({})", self.access_key)
    }
}

impl Default for Credentials {
    fn default() -> Self {
        Self { access_key: "S3COLLECT".to_owned(), secret_key: "s3collect-local-secret-key".to_owned() }
    }
}

/// How an endpoint is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept; made if it is missing.
    pub directory: PathBuf,
    /// On 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// The one pair of keys.
    pub credentials: Credentials,
    /// Made if they are missing.
    pub create_buckets: Vec<String>,
    /// Whether browsers on this machine may read all objects unsigned, and see the page that lists them.
    pub anonymous_read: bool,
    /// The most bytes of bodies that are taken; more are refused as if the disk were full.
    pub max_bytes: Option<u64>,
    /// Failures on request.
    pub faults: Vec<Fault>,
    /// Whether requests are remembered.
    pub log: bool,
}

impl Options {
    /// The default ones for a directory: any port, the stated credentials, no buckets, nothing public.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            port: 0,
            credentials: Credentials::default(),
            create_buckets: Vec::new(),
            anonymous_read: false,
            max_bytes: None,
            faults: Vec::new(),
            log: false,
        }
    }
}
