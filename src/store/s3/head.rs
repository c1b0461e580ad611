//! HeadObject: everything that the bucket says of an object without its body.

use std::time::SystemTime;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_types::date_time::Format;

use crate::name::ObjectKey;
use crate::parameters::{ObjectParameters, Parameter};
use crate::store::{ChecksumAlgorithm, ObjectHead, Operation, StoreError, StoreErrorKind, StoredChecksum};

use super::S3Store;
use super::headers;
use super::send::Sending;

/// What the bucket says of an object; `None` where there is none.
pub(super) async fn head(
    store: &S3Store,
    key: &ObjectKey,
    version: Option<&str>,
) -> Result<Option<ObjectHead>, StoreError> {
    let sending = Sending::new(store, Operation::HeadObject, key.as_str(), &store.parameters);
    let call = store
        .client
        .head_object()
        .bucket(&store.place.bucket)
        .key(key.as_str())
        .set_version_id(version.map(str::to_owned))
        .checksum_mode(ChecksumMode::Enabled)
        .customize()
        .interceptor(store.wire(headers::of_access(&store.parameters)));
    let answer = match sending.answer(call.send()).await {
        Ok(answer) => answer,
        Err(StoreError { kind: StoreErrorKind::Refused { status: 404, .. }, .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let etag = sending.etag(answer.e_tag())?;
    Ok(Some(ObjectHead {
        size: answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
        etag,
        parameters: parameters(&answer),
        checksums: checksums(&answer),
        last_modified: answer.last_modified().and_then(|date| SystemTime::try_from(*date).ok()),
    }))
}

/// The headers, as the parameters that made them.
fn parameters(answer: &HeadObjectOutput) -> ObjectParameters {
    let retain_until =
        answer.object_lock_retain_until_date().and_then(|date| date.fmt(Format::DateTime).ok());
    let values = [
        (Parameter::BucketKeyEnabled, answer.bucket_key_enabled().filter(|enabled| *enabled).map(|_| "true")),
        (Parameter::CacheControl, answer.cache_control()),
        (Parameter::ContentDisposition, answer.content_disposition()),
        (Parameter::ContentEncoding, answer.content_encoding()),
        (Parameter::ContentLanguage, answer.content_language()),
        (Parameter::ContentType, answer.content_type()),
        (Parameter::Expires, answer.expires_string()),
        (Parameter::ObjectLockLegalHoldStatus, answer.object_lock_legal_hold_status().map(|it| it.as_str())),
        (Parameter::ObjectLockMode, answer.object_lock_mode().map(|it| it.as_str())),
        (Parameter::ObjectLockRetainUntilDate, retain_until.as_deref()),
        (Parameter::ServerSideEncryption, answer.server_side_encryption().map(|it| it.as_str())),
        (Parameter::SseCustomerAlgorithm, answer.sse_customer_algorithm()),
        (Parameter::SseCustomerKeyMd5, answer.sse_customer_key_md5()),
        (Parameter::SseKmsKeyId, answer.ssekms_key_id()),
        (Parameter::StorageClass, answer.storage_class().map(|it| it.as_str())),
        (Parameter::WebsiteRedirectLocation, answer.website_redirect_location()),
    ];
    let mut parameters = ObjectParameters::default();
    for (parameter, value) in values {
        if let Some(value) = value {
            parameters.set(parameter, value);
        }
    }
    for (name, value) in answer.metadata().into_iter().flatten() {
        parameters.set_metadata(name, value);
    }
    parameters
}

fn checksums(answer: &HeadObjectOutput) -> Vec<StoredChecksum> {
    [
        (ChecksumAlgorithm::Crc32, answer.checksum_crc32()),
        (ChecksumAlgorithm::Crc32c, answer.checksum_crc32_c()),
        (ChecksumAlgorithm::Crc64Nvme, answer.checksum_crc64_nvme()),
        (ChecksumAlgorithm::Sha1, answer.checksum_sha1()),
        (ChecksumAlgorithm::Sha256, answer.checksum_sha256()),
    ]
    .into_iter()
    .filter_map(|(algorithm, text)| Some(stored(algorithm, text?)))
    .collect()
}

/// A checksum with its part count taken off; base64 has no hyphen.
fn stored(algorithm: ChecksumAlgorithm, text: &str) -> StoredChecksum {
    let (value, parts) = match text.rsplit_once('-') {
        Some((value, parts)) => (value, parts.parse().ok()),
        None => (text, None),
    };
    StoredChecksum { algorithm, value: value.to_owned(), composite_parts: parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_of_checksums_is_told_from_one_of_the_body() {
        let whole = stored(ChecksumAlgorithm::Crc32, "y/Q5Jg==");
        assert_eq!((whole.value.as_str(), whole.composite_parts), ("y/Q5Jg==", None));
        let parts = stored(ChecksumAlgorithm::Crc32, "y/Q5Jg==-3");
        assert_eq!((parts.value.as_str(), parts.composite_parts), ("y/Q5Jg==", Some(3)));
    }
}
