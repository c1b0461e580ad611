//! Opens the store that the settings name: a service, or the embedded endpoint in this process with the same client
//! in front of it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Problem;
use crate::local::{self, Credentials, Server};
use crate::settings::{
    AddressingStyle, ClientSettings, ConnectionSettings, CredentialSource, Secret, Settings,
    SignatureVersion, Verify,
};
use crate::store::s3::S3Store;

/// A store, and the endpoint that has to live as long as it.
pub struct Session {
    /// The store.
    pub store: S3Store,
    /// To be closed when the store is not needed any more.
    pub endpoint: Endpoint,
}

/// The embedded endpoint of a session, if it has one.
#[derive(Debug)]
pub struct Endpoint(Option<Embedded>);

struct Embedded {
    server: Server,
    directory: PathBuf,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Embedded").field(&self.directory).finish()
    }
}

/// What is odd about the way to the service that the settings name; nothing is asked yet.
#[must_use]
pub fn warnings(connection: &ConnectionSettings) -> Vec<Problem> {
    let ClientSettings { verify, signature_version, .. } = &connection.client;
    let mut warnings = Vec::new();
    if *verify == Verify::Off {
        warnings.push(
            Problem::new("`verify` is `false`: whoever answers is taken for the service")
                .with_hint("name the authority's certificate instead, `verify = \"ca.pem\"`"),
        );
    }
    let endpoint = connection.endpoint_url.as_deref();
    let is_amazon = endpoint.is_none_or(|endpoint| endpoint.contains(".amazonaws.com"));
    if *signature_version == SignatureVersion::V2 && is_amazon {
        warnings.push(
            Problem::new("`signature_version` is `s3`, which buckets that AWS made after June 2020 refuse")
                .with_hint("set `signature_version = \"s3v4\"`"),
        );
    }
    warnings
}

impl Session {
    /// Opens what the settings name.
    ///
    /// # Errors
    /// The embedded endpoint cannot start, or there are no credentials, or the like.
    pub async fn open(settings: &Settings) -> Result<Self, Problem> {
        let Some(dir) = &settings.connection.local else {
            let store = S3Store::connect(&settings.connection, &settings.objects.parameters).await?;
            return Ok(Self { store, endpoint: Endpoint(None) });
        };
        let credentials = Credentials::default();
        let server = Server::start(local::Options {
            create_buckets: vec![settings.connection.bucket.clone()],
            credentials: credentials.clone(),
            ..local::Options::new(dir)
        })
        .await?;
        let connection = ConnectionSettings {
            endpoint_url: Some(server.endpoint_url()),
            region_name: Some("us-east-1".to_owned()),
            addressing_style: AddressingStyle::Path,
            credentials: CredentialSource::Static {
                access_key: Secret::new(credentials.access_key),
                secret_key: Secret::new(credentials.secret_key),
                security_token: None,
            },
            ..settings.connection.clone()
        };
        let store = S3Store::connect(&connection, &settings.objects.parameters).await?;
        Ok(Self { store, endpoint: Endpoint(Some(Embedded { server, directory: dir.clone() })) })
    }
}

impl Endpoint {
    /// The directory that the embedded endpoint serves; `None` where there is a service.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.0.as_ref().map(|embedded| embedded.directory.as_path())
    }

    /// Stops the embedded endpoint once its last answer is out.
    pub async fn close(self) {
        if let Some(embedded) = self.0 {
            embedded.server.stop().await;
        }
    }
}
