//! GetObject of an object that fits into memory.

use aws_sdk_s3::primitives::ByteStream;
use bytes::BytesMut;

use crate::store::{Fetched, GetAnswer, GetRequest, Operation, StoreError, StoreErrorKind};

use super::S3Store;
use super::headers;
use super::put::unquoted;
use super::send::Sending;

/// Bytes that are made room for before any came.
const FIRST_ROOM: u64 = 64 * 1024;

/// The object, unless there is none or it is known already.
pub(super) async fn get(store: &S3Store, request: &GetRequest) -> Result<GetAnswer, StoreError> {
    let sending = Sending::new(store, Operation::GetObject, request.key.as_str(), &store.parameters);
    let call = store
        .client
        .get_object()
        .bucket(&store.place.bucket)
        .key(request.key.as_str())
        .set_if_none_match(request.unless.as_ref().map(|etag| format!("\"{etag}\"")))
        .customize()
        .interceptor(store.wire(headers::of_access(&store.parameters)));
    let answer = match sending.answer(call.send()).await {
        Ok(answer) => answer,
        Err(StoreError { kind: StoreErrorKind::Refused { status: 404, .. }, .. }) => {
            return Ok(GetAnswer::Absent);
        }
        Err(StoreError { kind: StoreErrorKind::Refused { status: 304, .. }, .. }) => {
            return Ok(GetAnswer::Unchanged);
        }
        Err(error) => return Err(error),
    };
    let Some(etag) = answer.e_tag().map(unquoted) else {
        return Err(sending.not_s3("the answer to a GET has no ETag"));
    };
    let content_encoding = answer.content_encoding().map(str::to_owned);
    let length = answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
    let body = collected(&sending, answer.body, length, request.most).await?;
    Ok(GetAnswer::Object(Fetched { body: body.freeze(), etag, content_encoding }))
}

/// The whole body, as long as it is no larger than what was asked for.
async fn collected(
    sending: &Sending<'_>,
    mut body: ByteStream,
    length: u64,
    most: u64,
) -> Result<BytesMut, StoreError> {
    let too_large = || sending.error(StoreErrorKind::TooLarge { most });
    if length > most {
        return Err(too_large());
    }
    let mut collected = BytesMut::with_capacity(usize::try_from(length.min(FIRST_ROOM)).unwrap_or_default());
    while let Some(piece) = sending.moving(body.next()).await? {
        let piece = piece
            .map_err(|error| sending.error(StoreErrorKind::ConnectionLost).because(error.to_string()))?;
        collected.extend_from_slice(&piece);
        if collected.len() as u64 > most {
            return Err(too_large());
        }
    }
    Ok(collected)
}
