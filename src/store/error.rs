//! What a store refuses, named by meaning, with the one true hint for each.

use std::error::Error;
use std::fmt;

use crate::error::{Diagnose, Exit};

/// S3's operations, as its documentation and its policies spell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are S3's own")]
pub enum Operation {
    ListObjectsV2,
    HeadObject,
    PutObject,
    CreateMultipartUpload,
    UploadPart,
    CompleteMultipartUpload,
    AbortMultipartUpload,
}

impl Operation {
    /// The name as S3 spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ListObjectsV2 => "ListObjectsV2",
            Self::HeadObject => "HeadObject",
            Self::PutObject => "PutObject",
            Self::CreateMultipartUpload => "CreateMultipartUpload",
            Self::UploadPart => "UploadPart",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::AbortMultipartUpload => "AbortMultipartUpload",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
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
    NoSuchBucket,
    /// 403: the credentials are known and may not do this.
    AccessDenied,
    /// 403 for unknown keys or a wrong secret.
    BadCredentials,
    /// The credentials were good once.
    ExpiredCredentials,
    /// Nobody gave credentials; holds where was looked.
    NoCredentials {
        /// Places, in the order in which they were asked.
        looked_in: Vec<String>,
    },
    /// The bucket is in another region, which the service names where it can.
    WrongRegion {
        /// The region that was asked.
        asked: String,
        /// The region that the bucket is in.
        actual: Option<String>,
    },
    /// The bucket forbids ACLs.
    AclNotSupported,
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
    /// The connection broke before the answer was whole.
    ConnectionLost,
    /// TLS could not be agreed upon, an untrusted certificate for instance.
    Tls {
        /// The endpoint URL without query string.
        endpoint: String,
    },
    /// The file of a streamed body could not be read while it was sent.
    BodyUnreadable,
    /// The answer is not S3's: the endpoint is something else.
    NotS3 {
        /// The endpoint URL without query string.
        endpoint: String,
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
    /// Whether the same request may succeed if it is sent again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::SlowDown
                | StoreErrorKind::Unavailable
                | StoreErrorKind::Conflict
                | StoreErrorKind::TimedOut
                | StoreErrorKind::ConnectionLost
                | StoreErrorKind::Unreachable { .. }
        )
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} `{}` failed", self.operation, self.target)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl Diagnose for StoreError {
    fn key(&self) -> Option<String> {
        Some(self.target.key.clone())
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}
