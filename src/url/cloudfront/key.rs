//! Private keys that CloudFront knows: RSA, and ECDSA on the curve P-256.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::signature::SignatureEncoding;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::settings::CloudFrontHash;
use crate::url::error::UrlError;

/// What stands before a digest in a signature of PKCS#1 v1.5, by RFC 8017, 9.2.
pub(super) const SHA1_INFO: [u8; 15] = *b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
pub(super) const SHA256_INFO: [u8; 19] =
    *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// A key that signs; its `Debug` says nothing.
pub(super) enum Key {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
}

/// Why text is no key, and what to do.
type Reason = (String, &'static str);

const ANOTHER: &str =
    "give the private key whose public half CloudFront has, e.g. as `openssl genrsa 2048` makes it";

impl Key {
    /// Reads PEM: PKCS#1, PKCS#8 or SEC1, with lines of any length. `subject` is how messages name its place.
    pub(super) fn parse(pem: &str, subject: &'static str) -> Result<Self, UrlError> {
        read(pem).map_err(|(reason, hint)| UrlError::Key { subject, reason, hint })
    }

    /// The signature as CloudFront expects it: PKCS#1 v1.5, or ECDSA in DER.
    pub(super) fn sign(&self, message: &str, hash: CloudFrontHash) -> Vec<u8> {
        let digest = match hash {
            CloudFrontHash::Sha1 => Sha1::digest(message.as_bytes()).to_vec(),
            CloudFrontHash::Sha256 => Sha256::digest(message.as_bytes()).to_vec(),
        };
        match self {
            Self::Rsa(key) => {
                let prefix: &[u8] = match hash {
                    CloudFrontHash::Sha1 => &SHA1_INFO,
                    CloudFrontHash::Sha256 => &SHA256_INFO,
                };
                let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
                key.sign(scheme, &digest).expect("keys that are too short were refused")
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature =
                    key.sign_prehash(&digest).expect("both hashes are long enough");
                signature.to_vec()
            }
        }
    }
}

fn read(pem: &str) -> Result<Key, Reason> {
    let no_key = |kind: &str| (format!("it is {kind}"), ANOTHER);
    let (label, der) = block(pem)?;
    let broken = |_| ("it is damaged".to_owned(), ANOTHER);
    let key = match label {
        "RSA PRIVATE KEY" => rsa_key(RsaPrivateKey::from_pkcs1_der(&der).map_err(|_| broken(()))?)?,
        "EC PRIVATE KEY" => curve_key(p256::SecretKey::from_sec1_der(&der).map_err(|_| not_p256())?),
        "PRIVATE KEY" => match RsaPrivateKey::from_pkcs8_der(&der) {
            Ok(key) => rsa_key(key)?,
            Err(_) => curve_key(p256::SecretKey::from_pkcs8_der(&der).map_err(|_| not_p256())?),
        },
        "ENCRYPTED PRIVATE KEY" => return Err(encrypted()),
        "CERTIFICATE" => return Err(no_key("a certificate")),
        "OPENSSH PRIVATE KEY" => return Err(no_key("a key of OpenSSH")),
        label if label.ends_with("PUBLIC KEY") => return Err(no_key("a public key")),
        label => return Err((format!("it is `{label}`"), ANOTHER)),
    };
    Ok(key)
}

fn encrypted() -> Reason {
    ("it is encrypted".to_owned(), "decrypt it: `openssl pkey -in KEY.pem -out PLAIN.pem`")
}

fn not_p256() -> Reason {
    ("it is neither RSA nor a key of the curve P-256".to_owned(), ANOTHER)
}

/// The smallest that holds a digest and its padding; CloudFront itself takes 2048 bits.
fn rsa_key(key: RsaPrivateKey) -> Result<Key, Reason> {
    use rsa::traits::PublicKeyParts;
    if key.size() < 128 {
        return Err((format!("its RSA key has {} bits", key.size() * 8), ANOTHER));
    }
    Ok(Key::Rsa(Box::new(key)))
}

fn curve_key(key: p256::SecretKey) -> Key {
    Key::P256(key.into())
}

/// Label and content of the first block of PEM that is no mere parameters. White space is of no meaning: what goes
/// through an environment variable has often lost its lines.
fn block(pem: &str) -> Result<(&str, Vec<u8>), Reason> {
    let begin = pem
        .match_indices("-----BEGIN ")
        .map(|(at, mark)| &pem[at + mark.len()..])
        .find(|rest| !rest.starts_with("EC PARAMETERS"))
        .ok_or_else(|| ("there is no `-----BEGIN … PRIVATE KEY-----`".to_owned(), ANOTHER))?;
    let (label, rest) = begin.split_once("-----").unwrap_or((begin, ""));
    let (body, _) = rest.split_once("-----END ").unwrap_or((rest, ""));
    if body.contains("ENCRYPTED") {
        return Err(encrypted());
    }
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| ("its text is not base64".to_owned(), ANOTHER))?;
    Ok((label, der))
}
