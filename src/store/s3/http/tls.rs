//! Whom TLS trusts: the system's authorities, a bundle's, or anyone.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::settings::Verify;
use crate::store::StoreErrorKind;

/// What cannot be used, and why.
pub(in crate::store::s3) type Unusable = (StoreErrorKind, Box<dyn std::error::Error + Send + Sync>);

/// Whom the system trusts. Reading it takes a while, so it is done once, and only when somebody shows a certificate;
/// `None` where it trusts nobody.
static SYSTEM: LazyLock<Option<Arc<WebPkiServerVerifier>>> = LazyLock::new(|| {
    let roots = roots(rustls_native_certs::load_native_certs().certs.into_iter());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(aws_lc_rs::default_provider()))
        .build()
        .ok()
});

/// The client's side of TLS.
pub(super) fn config(verify: &Verify) -> Result<Arc<ClientConfig>, Unusable> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions");
    let builder = match verify {
        Verify::Bundle(path) => builder.with_root_certificates(bundle(path)?),
        Verify::System | Verify::Off => {
            let trusts_anyone = *verify == Verify::Off;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Verifier { provider, trusts_anyone }))
        }
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn roots(certificates: impl Iterator<Item = CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

/// The authorities of a PEM file.
fn bundle(path: &Path) -> Result<RootCertStore, Unusable> {
    let unusable = |cause: Box<dyn std::error::Error + Send + Sync>| {
        (StoreErrorKind::BadCertificates { path: path.display().to_string() }, cause)
    };
    #[expect(clippy::disallowed_methods, reason = "a few certificates, read once before anything is sent")]
    let pem = std::fs::read(path).map_err(|error| unusable(error.into()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let roots = roots(certificates.map_err(|error| unusable(error.to_string().into()))?.into_iter());
    if roots.is_empty() {
        return Err(unusable("no certificate in it".into()));
    }
    Ok(roots)
}

/// Trusts whom the system trusts, or every certificate. That whoever shows it has its key is always checked.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    trusts_anyone: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.trusts_anyone {
            return Ok(ServerCertVerified::assertion());
        }
        let system = SYSTEM.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        system.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
