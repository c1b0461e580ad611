//! The first line of each error: what failed, on which thing.

use std::fmt;

use super::{Operation, StoreError, StoreErrorKind};

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, target, kind, .. } = self;
        let bucket = &target.bucket;
        if let Some(reason) = refusal(kind) {
            return write!(formatter, "S3 refused {operation} `{target}`: {reason}");
        }
        match kind {
            StoreErrorKind::NoSuchBucket { endpoint } => {
                write!(formatter, "the bucket `{bucket}` does not exist at `{endpoint}`")
            }
            StoreErrorKind::NoCredentials { .. } => {
                write!(formatter, "no credentials were found for `s3://{bucket}`")
            }
            StoreErrorKind::CredentialsNotLoaded => {
                write!(formatter, "the credentials for `s3://{bucket}` could not be loaded")
            }
            StoreErrorKind::WrongRegion { asked, actual: Some(actual) } => {
                write!(formatter, "the bucket `{bucket}` is in region `{actual}`, not in `{asked}`")
            }
            StoreErrorKind::WrongRegion { asked, actual: None } => {
                write!(formatter, "the bucket `{bucket}` is not in region `{asked}`")
            }
            StoreErrorKind::SlowDown => {
                write!(formatter, "S3 asks for fewer requests and did not do {operation} `{target}`")
            }
            StoreErrorKind::Unavailable => write!(formatter, "S3 failed at {operation} `{target}`"),
            StoreErrorKind::StorageFull => write!(formatter, "there is no room left for `{target}`"),
            StoreErrorKind::TimedOut => write!(formatter, "{operation} `{target}` got no answer in time"),
            StoreErrorKind::Unreachable { endpoint } => write!(formatter, "cannot reach `{endpoint}`"),
            StoreErrorKind::Proxy { proxy } => {
                write!(formatter, "cannot get through the proxy `{proxy}`")
            }
            StoreErrorKind::ProxyAuthentication { proxy, given: true } => {
                write!(formatter, "the proxy `{proxy}` does not take the user and the password of its URL")
            }
            StoreErrorKind::ProxyAuthentication { proxy, given: false } => {
                write!(formatter, "the proxy `{proxy}` asks for a user and a password")
            }
            StoreErrorKind::BadCertificates { path } => {
                write!(formatter, "the certificates in `{path}` cannot be used")
            }
            StoreErrorKind::ConnectionLost => {
                write!(formatter, "the connection was lost during {operation} `{target}`")
            }
            StoreErrorKind::Tls { endpoint } => {
                write!(formatter, "cannot make a secure connection to `{endpoint}`")
            }
            StoreErrorKind::NoTls { endpoint } => {
                write!(formatter, "what answers at `{endpoint}` speaks no TLS")
            }
            StoreErrorKind::Damaged => write!(formatter, "the body of `{target}` was damaged on its way"),
            StoreErrorKind::BodyUnreadable => {
                write!(formatter, "the file for `{target}` could not be read while it was sent")
            }
            StoreErrorKind::BodyChanged => {
                write!(formatter, "the file for `{target}` changed while it was sent")
            }
            StoreErrorKind::NotS3 { endpoint } => {
                write!(formatter, "`{endpoint}` does not answer as S3 does")
            }
            StoreErrorKind::TooLarge { most } => {
                write!(formatter, "`{target}` is larger than the {most} bytes that are taken")
            }
            StoreErrorKind::BadEndpoint { endpoint } => write!(formatter, "`{endpoint}` is no endpoint URL"),
            _ => write!(formatter, "{operation} `{target}` cannot be sent"),
        }
    }
}

/// S3's reason where it refused: its code where it has one word for it, ours where that says more.
fn refusal(kind: &StoreErrorKind) -> Option<String> {
    Some(match kind {
        StoreErrorKind::AccessDenied { .. } => "AccessDenied".to_owned(),
        StoreErrorKind::BadCredentials { code } => code.clone(),
        StoreErrorKind::ExpiredCredentials => "the credentials have expired".to_owned(),
        StoreErrorKind::SignatureNotSupported => "it does not take the version of the signature".to_owned(),
        StoreErrorKind::AclNotSupported => "AccessControlListNotSupported".to_owned(),
        StoreErrorKind::PreconditionFailed => "PreconditionFailed".to_owned(),
        StoreErrorKind::Conflict => "another write to it is under way".to_owned(),
        StoreErrorKind::NoSuchUpload => "NoSuchUpload".to_owned(),
        StoreErrorKind::ClockSkew => "the clocks differ by too much".to_owned(),
        StoreErrorKind::Refused { status, code } if code.is_empty() => format!("HTTP status {status}"),
        StoreErrorKind::Refused { code, .. } => code.clone(),
        _ => return None,
    })
}

impl Operation {
    /// The name as S3 spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ListObjectsV2 => "ListObjectsV2",
            Self::ListObjectVersions => "ListObjectVersions",
            Self::HeadObject => "HeadObject",
            Self::GetObject => "GetObject",
            Self::PutObject => "PutObject",
            Self::CreateMultipartUpload => "CreateMultipartUpload",
            Self::UploadPart => "UploadPart",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::AbortMultipartUpload => "AbortMultipartUpload",
            Self::DeleteObject => "DeleteObject",
            Self::DeleteObjects => "DeleteObjects",
            Self::GetBucketCors => "GetBucketCors",
            Self::GetBucketLifecycleConfiguration => "GetBucketLifecycleConfiguration",
            Self::GetBucketOwnershipControls => "GetBucketOwnershipControls",
            Self::GetBucketVersioning => "GetBucketVersioning",
            Self::GetPublicAccessBlock => "GetPublicAccessBlock",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
