//! What a request is refused for, in S3's own codes. Failures of disk and index become answers here, so that
//! a full disk is told apart from a broken one.

use std::io;

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode};

/// A refusal with a code that S3 documents.
pub(super) fn refuse(code: S3ErrorCode, message: &'static str) -> S3Error {
    S3Error::with_message(code, message)
}

/// A refusal with any code and status: of injected faults, and of what S3 has no code for.
pub(super) fn answer(status: u16, code: &str, message: String) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    error
}

/// The same refusal for somebody else whom it concerns.
pub(super) fn repeat(error: &S3Error) -> S3Error {
    let mut repeated = S3Error::new(error.code().clone());
    if let Some(message) = error.message() {
        repeated.set_message(message.to_owned());
    }
    if let Some(status) = error.status_code() {
        repeated.set_status_code(status);
    }
    repeated
}

/// The disk, or the limit that stands for one, is full.
pub(super) fn full() -> S3Error {
    answer(507, "InsufficientStorage", "There is no space left for the object.".to_owned())
}

/// There is no such bucket.
pub(super) fn no_such_bucket() -> S3Error {
    refuse(S3ErrorCode::NoSuchBucket, "The specified bucket does not exist")
}

/// There is no such object.
pub(super) fn no_such_key() -> S3Error {
    refuse(S3ErrorCode::NoSuchKey, "The specified key does not exist.")
}

/// There is no such multipart upload.
pub(super) fn no_such_upload() -> S3Error {
    refuse(S3ErrorCode::NoSuchUpload, "The specified multipart upload does not exist.")
}

/// What was asked for depends on something that is not so.
pub(super) fn precondition_failed() -> S3Error {
    refuse(S3ErrorCode::PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

/// The file system failed, for a reason that whoever owns the directory can act on.
pub(super) fn disk(error: io::Error) -> S3Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => full(),
        // With fewer requests at once there are files again.
        _ if too_many_open(&error) => refuse(S3ErrorCode::SlowDown, "Too many files are open."),
        _ => answer(500, "InternalError", format!("The directory cannot be used: {error}")),
    }
}

/// This process, or the system, has as many files open as it may: the same two numbers on every Unix.
fn too_many_open(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

/// The index failed.
pub(super) fn index(error: rusqlite::Error) -> S3Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => full(),
        Some(rusqlite::ErrorCode::DatabaseBusy) => {
            refuse(S3ErrorCode::SlowDown, "Another process holds the index.")
        }
        code => answer(500, "InternalError", format!("The index cannot be used: {code:?}")),
    }
}

/// A stored description that is no longer readable.
pub(super) fn unreadable(error: serde_json::Error) -> S3Error {
    S3Error::internal_error(error)
}
