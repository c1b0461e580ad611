//! The embedded endpoint behind TLS whose authority is private.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3collect::local::{Credentials, Options, Server};
use s3collect::settings::Verify;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::*;

/// An endpoint with TLS before it.
pub(crate) struct Secured {
    directory: TempDir,
    server: Server,
    pub(crate) port: u16,
}

impl Secured {
    /// With the bucket `acme-assets`, and a certificate for `localhost` by an authority of its own.
    pub(crate) async fn start() -> Self {
        let directory = TempDir::new().expect("a directory");
        let server = Server::start(Options {
            create_buckets: vec!["acme-assets".to_owned()],
            log: true,
            ..Options::new(directory.path().join("buckets"))
        })
        .await
        .expect("an endpoint");
        let (authority, tls) = certificates();
        fs::write(directory.path().join("ca.pem"), authority).expect("a file");
        let behind = server.endpoint_url().rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        let port = terminator(tls, behind.expect("a port").expect("a number")).await;
        Self { directory, server, port }
    }

    /// The authority's certificate, PEM.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// How many requests reached the endpoint.
    pub(crate) fn requests(&self) -> usize {
        self.server.requests().len()
    }

    fn settings(&self, verify: Verify) -> ConnectionSettings {
        let mut settings = embedded(self.endpoint());
        settings.client.verify = verify;
        settings
    }
}

/// Settings with the stated credentials of the embedded endpoint.
pub(super) fn embedded(endpoint: String) -> ConnectionSettings {
    let Credentials { access_key, secret_key } = Credentials::default();
    connection(endpoint, "acme-assets", &access_key, &secret_key)
}

/// An authority's certificate in PEM, and a server with one signed by it.
fn certificates() -> (String, ServerConfig) {
    let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let authority = STANDARD.encode(ca.self_signed(&ca_key).expect("a certificate").der());
    let authority = format!("-----BEGIN CERTIFICATE-----\n{authority}\n-----END CERTIFICATE-----\n");
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|parameters| parameters.signed_by(&key, &issuer))
        .expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .expect("a server");
    (authority, config)
}

/// Takes TLS off and hands what is within to another port.
#[expect(clippy::disallowed_types, reason = "a server of the tests that reaches the one behind it")]
async fn terminator(tls: ServerConfig, behind: u16) -> u16 {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(stream).await else { return };
                let mut inner =
                    tokio::net::TcpStream::connect(("127.0.0.1", behind)).await.expect("an endpoint");
                // Either side may be gone first.
                tokio::io::copy_bidirectional(&mut outer, &mut inner).await.ok();
            });
        }
    });
    port
}

#[tokio::test]
async fn a_private_authority_is_trusted_by_its_file() {
    let secured = Secured::start().await;
    let store = connect(&secured.settings(Verify::Bundle(secured.bundle()))).await;
    store.put(&small()).await.expect("stored over TLS");
    assert_eq!(store.list("static/", None).await.expect("a page").objects[0].key, "static/css/site.css");
}

#[tokio::test]
async fn a_private_authority_is_nobody_to_the_system() {
    let secured = Secured::start().await;
    let error = connect(&secured.settings(Verify::System)).await.list("", None).await.expect_err("untrusted");
    let endpoint = "https://localhost:[PORT]".to_owned();
    assert_eq!(
        kind_and_cause(&without_port(error, secured.port)),
        (StoreErrorKind::Tls { endpoint }, "invalid peer certificate: UnknownIssuer".to_owned())
    );
    assert_eq!(secured.requests(), 0);
}

#[tokio::test]
async fn without_verification_anyone_is_taken() {
    let secured = Secured::start().await;
    connect(&secured.settings(Verify::Off)).await.put(&small()).await.expect("stored over TLS");
    // Not even the name has to be right.
    let mut settings = secured.settings(Verify::Off);
    settings.endpoint_url = Some(format!("https://127.0.0.1:{}", secured.port));
    connect(&settings).await.list("", None).await.expect("a page");
}

#[tokio::test]
async fn a_bundle_replaces_the_systems_authorities_and_a_name_must_be_right() {
    let secured = Secured::start().await;
    let mut settings = secured.settings(Verify::Bundle(secured.bundle()));
    settings.endpoint_url = Some(format!("https://127.0.0.1:{}", secured.port));
    let error = connect(&settings).await.list("", None).await.expect_err("another name");
    let (kind, cause) = kind_and_cause(&without_port(error, secured.port));
    assert_eq!(kind, StoreErrorKind::Tls { endpoint: "https://127.0.0.1:[PORT]".to_owned() });
    assert!(cause.starts_with("invalid peer certificate: certificate not valid for name"), "{cause}");

    let other = Secured::start().await;
    let error = connect(&secured.settings(Verify::Bundle(other.bundle()))).await.list("", None).await;
    assert!(matches!(error.expect_err("another authority").kind, StoreErrorKind::Tls { .. }));
}

async fn refused_bundle(path: &Path) -> (StoreErrorKind, String) {
    let mut settings = settings("https://localhost:1".to_owned());
    settings.client.verify = Verify::Bundle(path.to_owned());
    let error = S3Store::connect(&settings, &ObjectParameters::default()).await.expect_err("no bundle");
    kind_and_cause(&error)
}

#[tokio::test]
async fn files_that_are_no_bundle() {
    let directory = TempDir::new().expect("a directory");
    let kind = |path: &Path| StoreErrorKind::BadCertificates { path: path.display().to_string() };
    let missing = directory.path().join("missing.pem");
    let absent = "No such file or directory (os error 2)".to_owned();
    assert_eq!(refused_bundle(&missing).await, (kind(&missing), absent));
    let empty = directory.path().join("empty.pem");
    fs::write(&empty, "no certificate").expect("a file");
    assert_eq!(refused_bundle(&empty).await, (kind(&empty), "no certificate in it".to_owned()));
    let broken = directory.path().join("broken.pem");
    fs::write(&broken, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").expect("a file");
    let (refused, cause) = refused_bundle(&broken).await;
    assert_eq!(refused, kind(&broken));
    assert!(cause.contains("base64"), "{cause}");
}
