//! What a store refuses, named by meaning, with the one true hint for each. The texts stand in `text`, the
//! hints in `hint`, which permissions a request needs in `permission`. Nothing here knows of any SDK.

use std::error::Error;
use std::fmt;

use crate::error::{Diagnose, Exit};

mod hint;
mod permission;
#[cfg(test)]
mod tests;
mod text;

pub use permission::permissions;

/// S3's operations, as its documentation and its policies spell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are S3's own")]
pub enum Operation {
    ListObjectsV2,
    ListObjectVersions,
    HeadObject,
    GetObject,
    PutObject,
    CreateMultipartUpload,
    UploadPart,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    DeleteObject,
    DeleteObjects,
    GetBucketCors,
    GetBucketLifecycleConfiguration,
    GetBucketOwnershipControls,
    GetBucketVersioning,
    GetPublicAccessBlock,
}

impl Operation {
    /// Whether policies allow it on the bucket, not on objects in it.
    fn is_about_the_bucket(self) -> bool {
        matches!(
            self,
            Self::ListObjectsV2
                | Self::ListObjectVersions
                | Self::GetBucketCors
                | Self::GetBucketLifecycleConfiguration
                | Self::GetBucketOwnershipControls
                | Self::GetBucketVersioning
                | Self::GetPublicAccessBlock
        )
    }
}

/// What a request was about; shown as `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The bucket.
    pub bucket: String,
    /// The key, or the prefix of a listing.
    pub key: String,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.key)
    }
}

/// What the answer, or the lack of one, means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The bucket does not exist at this endpoint.
    NoSuchBucket {
        /// The endpoint URL without query string.
        endpoint: String,
    },
    /// 403: the credentials are known and may not do this.
    AccessDenied {
        /// The permissions that the request needs, in the policies' spelling, the likeliest to lack last.
        permissions: Vec<&'static str>,
    },
    /// 403 for unknown keys or a wrong secret.
    BadCredentials {
        /// S3's error code: it tells an unknown key from a wrong secret.
        code: String,
    },
    /// The credentials were good once.
    ExpiredCredentials,
    /// Nobody gave credentials; holds where was looked.
    NoCredentials {
        /// Places, in the order in which they were asked.
        looked_in: Vec<String>,
    },
    /// Somebody should have given credentials and could not, an SSO session that ended for instance.
    CredentialsNotLoaded,
    /// The bucket is in another region, which the service names where it can.
    WrongRegion {
        /// The region that was asked.
        asked: String,
        /// The region that the bucket is in.
        actual: Option<String>,
    },
    /// The service, or this bucket, does not take requests that are signed this way.
    SignatureNotSupported,
    /// The bucket forbids ACLs.
    AclNotSupported,
    /// The multipart upload was completed or given up meanwhile, or never was.
    NoSuchUpload,
    /// A condition on a write did not hold (412).
    PreconditionFailed,
    /// Two conditional writes met (409); the same request may succeed now.
    Conflict,
    /// The service asks for fewer requests (503 `SlowDown`, 429).
    SlowDown,
    /// The service failed (500, 502, 504).
    Unavailable,
    /// The machine's clock and the service's differ by too much.
    ClockSkew,
    /// The service has no room left.
    StorageFull,
    /// No answer in time.
    TimedOut,
    /// The host's name does not resolve, or nothing answers there.
    Unreachable {
        /// The endpoint URL without query string.
        endpoint: String,
    },
    /// A proxy cannot be reached, or makes no connection to the service.
    Proxy {
        /// The proxy's URL without user and password.
        proxy: String,
    },
    /// A proxy wants a user and a password, or others than it was given.
    ProxyAuthentication {
        /// The proxy's URL without user and password.
        proxy: String,
        /// Whether it was given some.
        given: bool,
    },
    /// The connection broke before the answer was whole.
    ConnectionLost,
    /// TLS could not be agreed upon, an untrusted certificate for instance.
    Tls {
        /// The endpoint URL without query string.
        endpoint: String,
    },
    /// What answers at an `https://` endpoint speaks no TLS.
    NoTls {
        /// The endpoint URL without query string.
        endpoint: String,
    },
    /// The body that arrived is not the one that was sent.
    Damaged,
    /// The file of a streamed body could not be read while it was sent, or ended early.
    BodyUnreadable,
    /// The file of a streamed body is not what it was when its hash was taken.
    BodyChanged,
    /// A header holds what HTTP cannot carry, or the address cannot be made.
    Unsendable,
    /// What should be an endpoint URL is none.
    BadEndpoint {
        /// The text as given, without user, password and query string.
        endpoint: String,
    },
    /// A file of certificates or of a key that cannot be used.
    BadCertificates {
        /// The file.
        path: String,
    },
    /// The answer is not S3's: the endpoint is something else.
    NotS3 {
        /// The endpoint URL without query string.
        endpoint: String,
    },
    /// The object is larger than anything of its kind.
    TooLarge {
        /// The most bytes that are taken.
        most: u64,
    },
    /// Refused for any other reason, whose code and message the cause holds.
    Refused {
        /// HTTP status.
        status: u16,
        /// S3's error code.
        code: String,
    },
}

/// A request that did not do what it was for.
#[derive(Debug)]
pub struct StoreError {
    /// Which request.
    pub operation: Operation,
    /// About what.
    pub target: Target,
    /// What it means.
    pub kind: StoreErrorKind,
    /// What the layer below says.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error without a cause.
    #[must_use]
    pub fn new(operation: Operation, target: Target, kind: StoreErrorKind) -> Self {
        Self { operation, target, kind, cause: None }
    }

    /// The same with what the layer below says.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Whether the service says that it has no conditional writes.
    #[must_use]
    pub fn lacks_conditions(&self) -> bool {
        match &self.kind {
            StoreErrorKind::Refused { status, code } => *status == 501 || code == "NotImplemented",
            _ => false,
        }
    }

    /// Whether the same request may succeed if it is sent again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::SlowDown
                | StoreErrorKind::Unavailable
                | StoreErrorKind::Conflict
                | StoreErrorKind::Damaged
                | StoreErrorKind::TimedOut
                | StoreErrorKind::ConnectionLost
                | StoreErrorKind::Unreachable { .. }
                | StoreErrorKind::Proxy { .. }
        )
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl Diagnose for StoreError {
    fn key(&self) -> Option<String> {
        (!self.target.key.is_empty()).then(|| self.target.key.clone())
    }

    fn note(&self) -> Option<String> {
        match &self.kind {
            StoreErrorKind::NoCredentials { looked_in } => {
                Some(format!("looked in {}", looked_in.join(", ")))
            }
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        hint::hint(self)
    }

    fn exit(&self) -> Exit {
        match self.kind {
            StoreErrorKind::BadEndpoint { .. } | StoreErrorKind::BadCertificates { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
