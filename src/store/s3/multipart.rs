//! The four requests of a multipart upload. The object's parameters go with the first, the customer's key, the
//! payer and the owner with each.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::store::{
    Body, ChecksumAlgorithm, MultipartRequest, Operation, Part, PutAnswer, StoreError, StoreErrorKind,
    UploadId,
};

use super::S3Store;
use super::headers;
use super::put::{checksum, gone, signed_length};
use super::send::Sending;

/// CreateMultipartUpload.
pub(super) async fn create(store: &S3Store, request: &MultipartRequest) -> Result<UploadId, StoreError> {
    let sending = sending(store, Operation::CreateMultipartUpload, request);
    let mut headers = headers::of_object(&request.parameters);
    // Some servers take no POST without it, and the SDK sends none.
    headers.push(("content-length".to_owned(), "0".to_owned()));
    if let Some(algorithm) = request.checksum {
        headers.push(("x-amz-checksum-algorithm".to_owned(), algorithm.as_str().to_owned()));
    }
    let call = store
        .client
        .create_multipart_upload()
        .bucket(&store.place.bucket)
        .key(request.key.as_str())
        .customize()
        .interceptor(store.wire(headers));
    let answer = sending.answer(call.send()).await?;
    match answer.upload_id() {
        Some(id) => Ok(UploadId(id.to_owned())),
        None => Err(sending.not_s3("the answer has no upload id")),
    }
}

/// UploadPart.
pub(super) async fn upload_part(
    store: &S3Store,
    request: &MultipartRequest,
    upload: &UploadId,
    number: u16,
    body: &Body,
) -> Result<Part, StoreError> {
    let sending = sending(store, Operation::UploadPart, request);
    let sum = checksum(request.checksum, body);
    let mut headers = headers::of_access(&request.parameters);
    headers.extend(sum.clone());
    let call = store
        .client
        .upload_part()
        .bucket(&store.place.bucket)
        .key(request.key.as_str())
        .upload_id(&upload.0)
        .part_number(i32::from(number))
        .content_length(signed_length(body))
        .body(sending.body(body).await?)
        .customize()
        .interceptor(store.wire_with_body(headers, body))
        .interceptor(sending.told());
    let answer = sending.answer(call.send()).await?;
    let etag = sending.etag(answer.e_tag())?;
    sending.confirm(sum.as_ref())?;
    let checksum = request.checksum.zip(sum.map(|(_, value)| value));
    Ok(Part { number, etag, encrypted: sending.encrypted(), checksum })
}

/// CompleteMultipartUpload.
pub(super) async fn complete(
    store: &S3Store,
    request: &MultipartRequest,
    upload: &UploadId,
    parts: &[Part],
) -> Result<PutAnswer, StoreError> {
    let sending = sending(store, Operation::CompleteMultipartUpload, request);
    let mut headers = headers::of_access(&request.parameters);
    headers.extend(headers::of_condition(request.condition.as_ref()));
    let parts = parts.iter().map(completed).collect();
    let call = store
        .client
        .complete_multipart_upload()
        .bucket(&store.place.bucket)
        .key(request.key.as_str())
        .upload_id(&upload.0)
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
        .customize()
        .interceptor(store.wire(headers))
        .interceptor(sending.told());
    let answer =
        sending.answer(call.send()).await.map_err(|error| gone(error, request.condition.as_ref()))?;
    sending.stored(answer.e_tag())
}

/// AbortMultipartUpload; an upload that is not there is what was wanted.
pub(super) async fn abort(
    store: &S3Store,
    request: &MultipartRequest,
    upload: &UploadId,
) -> Result<(), StoreError> {
    let sending = sending(store, Operation::AbortMultipartUpload, request);
    let call = store
        .client
        .abort_multipart_upload()
        .bucket(&store.place.bucket)
        .key(request.key.as_str())
        .upload_id(&upload.0)
        .customize()
        .interceptor(store.wire(headers::of_bucket(&request.parameters)));
    match sending.answer(call.send()).await {
        Err(error) if error.kind == StoreErrorKind::NoSuchUpload => Ok(()),
        answer => answer.map(|_| ()),
    }
}

fn sending<'a>(store: &'a S3Store, operation: Operation, request: &'a MultipartRequest) -> Sending<'a> {
    Sending::new(store, operation, request.key.as_str(), &request.parameters)
}

fn completed(part: &Part) -> CompletedPart {
    let builder =
        CompletedPart::builder().part_number(i32::from(part.number)).e_tag(format!("\"{}\"", part.etag));
    match &part.checksum {
        Some((ChecksumAlgorithm::Crc32, value)) => builder.checksum_crc32(value),
        Some((ChecksumAlgorithm::Crc32c, value)) => builder.checksum_crc32_c(value),
        Some((ChecksumAlgorithm::Crc64Nvme, value)) => builder.checksum_crc64_nvme(value),
        Some((ChecksumAlgorithm::Sha1, value)) => builder.checksum_sha1(value),
        Some((ChecksumAlgorithm::Sha256, value)) => builder.checksum_sha256(value),
        None => builder,
    }
    .build()
}
