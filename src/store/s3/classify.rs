//! What an answer means, by S3's error code first and by HTTP status where there is none. Pure.

use crate::store::{Operation, StoreErrorKind, permissions};

use super::failure::Asked;

/// What a service said besides doing what was asked.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) operation: Operation,
    pub(super) status: u16,
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    /// Of the bucket, by the header or the error document.
    pub(super) region: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) redirects_to: Option<String>,
    /// Not an error document of S3, where there ought to be one.
    pub(super) foreign: bool,
}

/// What it means for the one who asked.
pub(super) fn meaning(answer: &Answer, asked: &Asked<'_>) -> StoreErrorKind {
    if let Some(kind) = answer.code.as_deref().and_then(|code| by_code(code, answer, asked)) {
        return kind;
    }
    let code = answer.code.clone().unwrap_or_default();
    match answer.status {
        429 | 503 => StoreErrorKind::SlowDown,
        500 | 502 | 504 => StoreErrorKind::Unavailable,
        507 => StoreErrorKind::StorageFull,
        _ if answer.foreign => StoreErrorKind::NotS3 { endpoint: asked.place.endpoint.clone() },
        301 | 307 => wrong_region(answer, asked),
        // A HEAD has no error document; another region in its header is the one reason S3 gives.
        400 if elsewhere(answer, asked) => wrong_region(answer, asked),
        403 => denied(asked),
        409 => StoreErrorKind::Conflict,
        412 => StoreErrorKind::PreconditionFailed,
        status => StoreErrorKind::Refused { status, code },
    }
}

fn by_code(code: &str, answer: &Answer, asked: &Asked<'_>) -> Option<StoreErrorKind> {
    Some(match code {
        "NoSuchBucket" => StoreErrorKind::NoSuchBucket { endpoint: asked.place.endpoint.clone() },
        "NoSuchUpload" => StoreErrorKind::NoSuchUpload,
        "AccessDenied" | "AllAccessDisabled" | "Forbidden" => match wrong_keys(answer) {
            Some(code) => StoreErrorKind::BadCredentials { code: code.to_owned() },
            None => denied(asked),
        },
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidToken"
        | "InvalidSecurity"
        | "NotSignedUp" => StoreErrorKind::BadCredentials { code: code.to_owned() },
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
            StoreErrorKind::ExpiredCredentials
        }
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "Redirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException"
        | "IllegalLocationConstraint" => wrong_region(answer, asked),
        "InvalidRequest" if other_signature(answer) => StoreErrorKind::SignatureNotSupported,
        "AccessControlListNotSupported" => StoreErrorKind::AclNotSupported,
        "PreconditionFailed" => StoreErrorKind::PreconditionFailed,
        "ConditionalRequestConflict" | "OperationAborted" => StoreErrorKind::Conflict,
        "SlowDown"
        | "TooManyRequests"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "ServiceUnavailable" => StoreErrorKind::SlowDown,
        "InternalError" | "InternalServerError" => StoreErrorKind::Unavailable,
        "RequestTimeTooSkewed" => StoreErrorKind::ClockSkew,
        "RequestTimeout" => StoreErrorKind::TimedOut,
        "IncompleteBody" => StoreErrorKind::ConnectionLost,
        "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => StoreErrorKind::Damaged,
        "InsufficientStorage" | "InsufficientCapacity" | "XMinioStorageFull" | "QuotaExceeded" => {
            StoreErrorKind::StorageFull
        }
        _ => return None,
    })
}

fn denied(asked: &Asked<'_>) -> StoreErrorKind {
    StoreErrorKind::AccessDenied { permissions: permissions(asked.operation, asked.parameters) }
}

/// Garage has one code for all that is forbidden and tells the reason in its message: S3's code for it.
fn wrong_keys(answer: &Answer) -> Option<&'static str> {
    let message = answer.message.as_deref().unwrap_or_default();
    let says = |words: &str| message.contains(words);
    says("Invalid signature")
        .then_some("SignatureDoesNotMatch")
        .or_else(|| says("No such key").then_some("InvalidAccessKeyId"))
}

/// AWS and Garage have no code of their own for it.
fn other_signature(answer: &Answer) -> bool {
    let message = answer.message.as_deref().unwrap_or_default();
    message.contains("authorization mechanism") || message.contains("Unsupported authorization method")
}

fn elsewhere(answer: &Answer, asked: &Asked<'_>) -> bool {
    answer.operation == Operation::HeadObject
        && answer.region.as_ref().is_some_and(|region| *region != asked.place.region)
}

fn wrong_region(answer: &Answer, asked: &Asked<'_>) -> StoreErrorKind {
    StoreErrorKind::WrongRegion { asked: asked.place.region.clone(), actual: answer.region.clone() }
}
