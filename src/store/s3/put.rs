//! PutObject: one portable request. `Content-Length`, the real SHA-256 of the body, no chunked framing, and no
//! header that nobody asked for.

use sha2::{Digest as _, Sha256};

use crate::digest::hex;
use crate::store::{
    Body, Checksum, ChecksumAlgorithm, Condition, Operation, PutAnswer, PutRequest, StoreError,
    StoreErrorKind,
};

use super::S3Store;
use super::direct::Put;
use super::headers::{self, Headers};
use super::send::Sending;
use super::wire::Wire;

/// Stores a whole object: past the SDK where that can be, by it where only it can sign.
pub(super) async fn put(store: &S3Store, request: &PutRequest) -> Result<PutAnswer, StoreError> {
    let sending = Sending::new(store, Operation::PutObject, request.key.as_str(), &request.parameters);
    let mut headers = headers::of_object(&request.parameters);
    headers.extend(headers::of_condition(request.condition.as_ref()));
    let sum = checksum(request.checksum, &request.body);
    headers.extend(sum.clone());
    let body = sending.body(&request.body).await?;
    let answered = match &store.direct {
        Some(direct) => {
            let put = Put {
                key: request.key.as_str(),
                headers,
                length: request.body.len(),
                sha256: payload_hash(&request.body),
                told: sending.told(),
            };
            sending.answer(direct.put(put, body.into_inner())).await
        }
        None => {
            let call = store
                .client
                .put_object()
                .bucket(&store.place.bucket)
                .key(request.key.as_str())
                .content_length(signed_length(&request.body))
                .body(body)
                .customize()
                .interceptor(store.wire_with_body(headers, &request.body))
                .interceptor(sending.told());
            sending.answer(call.send()).await.map(|answer| answer.e_tag().map(str::to_owned))
        }
    };
    let etag = answered.map_err(|error| gone(error, request.condition.as_ref()))?;
    sending.confirm(sum.as_ref())?;
    sending.stored(etag.as_deref())
}

impl S3Store {
    /// What is done to a request that has no body of ours.
    pub(super) fn wire(&self, headers: Headers) -> Wire {
        Wire { headers, payload_sha256: None, content_md5: false, plain_http: self.place.plain_http }
    }

    /// What is done to a request with a body that the signer cannot read.
    pub(super) fn wire_with_body(&self, headers: Headers, body: &Body) -> Wire {
        Wire { payload_sha256: Some(payload_hash(body)), ..self.wire(headers) }
    }
}

/// The header of the additional checksum, if one is to be sent. Sent as a header it needs no trailer.
pub(super) fn checksum(algorithm: Option<ChecksumAlgorithm>, body: &Body) -> Option<(String, String)> {
    let algorithm = algorithm?;
    let value = match body {
        Body::Bytes(bytes) => Checksum::of(algorithm, bytes),
        Body::File(file) => file.checksum.clone()?,
    };
    Some((algorithm.header().to_owned(), value))
}

/// The length as the SDK takes it; no body is longer than a file can be.
pub(super) fn signed_length(body: &Body) -> i64 {
    i64::try_from(body.len()).unwrap_or(i64::MAX)
}

/// AWS answers 404 to a write on the condition of an ETag where there is no object.
pub(super) fn gone(error: StoreError, condition: Option<&Condition>) -> StoreError {
    match (&error.kind, condition) {
        (StoreErrorKind::Refused { status: 404, .. }, Some(Condition::Matches(_))) => {
            StoreError { kind: StoreErrorKind::PreconditionFailed, ..error }
        }
        _ => error,
    }
}

fn payload_hash(body: &Body) -> String {
    match body {
        Body::Bytes(bytes) => hex(&Sha256::digest(bytes)),
        Body::File(file) => hex(&file.sha256),
    }
}
