//! How URLs are made, as validated settings.

use std::path::PathBuf;

use super::Secret;

/// How URLs are made and signed.
#[derive(Debug, Clone)]
pub struct UrlSettings {
    /// Whether they are signed.
    pub querystring_auth: bool,
    /// For how many seconds signed ones are valid.
    pub querystring_expire: u64,
    /// The host of URLs instead of the bucket's, as it was written.
    pub custom_domain: Option<String>,
    /// The scheme at a custom domain, with its colon.
    pub url_protocol: String,
    /// How URLs of the bucket are signed.
    pub signature_version: SignatureVersion,
    /// What signs URLs at a custom domain.
    pub cloudfront: Option<CloudFrontSettings>,
}

/// S3's two ways to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureVersion {
    /// `s3`: HMAC with SHA-1, for stores that know no other.
    V2,
    /// `s3v4`.
    V4,
}

/// What signs URLs that CloudFront checks.
#[derive(Debug, Clone)]
pub struct CloudFrontSettings {
    /// `cloudfront_key_id`.
    pub key_id: String,
    /// The private key.
    pub key: CloudFrontKey,
    /// What its signatures are over.
    pub hash: CloudFrontHash,
}

/// Where CloudFront's private key is.
#[derive(Debug, Clone)]
pub enum CloudFrontKey {
    /// `cloudfront_key`, PEM.
    Text(Secret),
    /// `cloudfront_key_file`.
    File(PathBuf),
}

/// Hashes that CloudFront takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudFrontHash {
    /// What django-storages signs with.
    Sha1,
    /// Asked for by a `Hash-Algorithm` beside the signature.
    Sha256,
}
