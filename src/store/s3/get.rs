//! GetObject: the head of the answer at once, its body piece by piece.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use crate::store::{
    ByteRange, Download, GetAnswer, GetRequest, Operation, ReadCondition, StoreError, StoreErrorKind, Target,
};

use super::S3Store;
use super::headers;
use super::send::{Sending, timed_out};

/// The object, unless there is none or it is known already.
pub(super) async fn get(store: &S3Store, request: &GetRequest) -> Result<GetAnswer, StoreError> {
    let sending = Sending::new(store, Operation::GetObject, request.key.as_str(), &store.parameters);
    let (matches, differs) = match &request.condition {
        Some(ReadCondition::Matches(etag)) => (Some(format!("\"{etag}\"")), None),
        Some(ReadCondition::Differs(etag)) => (None, Some(format!("\"{etag}\""))),
        None => (None, None),
    };
    let call = store
        .client
        .get_object()
        .bucket(&store.place.bucket)
        .key(request.key.as_str())
        .set_range(request.range.map(header))
        .set_version_id(request.version.clone())
        .set_if_match(matches)
        .set_if_none_match(differs)
        .customize()
        .interceptor(store.wire(headers::of_access(&store.parameters)))
        .interceptor(sending.told());
    match sending.answer(call.send()).await {
        Ok(answer) => download(&sending, request, answer).map(GetAnswer::Object),
        Err(StoreError { kind: StoreErrorKind::Refused { status: 404, .. }, .. }) => Ok(GetAnswer::Absent),
        Err(StoreError { kind: StoreErrorKind::Refused { status: 304, .. }, .. }) => Ok(GetAnswer::Unchanged),
        Err(error) => Err(error),
    }
}

fn header(range: ByteRange) -> String {
    match range.length {
        Some(length) => format!("bytes={}-{}", range.offset, (range.offset + length).saturating_sub(1)),
        None => format!("bytes={}-", range.offset),
    }
}

fn download(
    sending: &Sending<'_>,
    request: &GetRequest,
    answer: GetObjectOutput,
) -> Result<Download, StoreError> {
    let etag = sending.etag(answer.e_tag())?;
    let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
    let size = match (request.range, answer.content_range()) {
        (Some(range), answered) => match answered.and_then(|answered| stretch(answered, range.offset)) {
            Some(size) => size,
            None => return Err(sending.not_s3("the answer to a GET of a stretch is not that stretch")),
        },
        (None, _) => length.unwrap_or_default(),
    };
    let content_encoding = answer.content_encoding().map(str::to_owned);
    let last_modified = answer.last_modified().and_then(|date| SystemTime::try_from(*date).ok());
    let pieces = pieces(answer.body, length, sending.target(), sending.standstill());
    Ok(Download {
        target: sending.target(),
        size,
        etag,
        encrypted: sending.encrypted(),
        content_encoding,
        last_modified,
        date: sending.told().date(),
        pieces,
    })
}

/// The size of the object by `bytes 5-9/10`, if the stretch begins where it was to.
fn stretch(content_range: &str, offset: u64) -> Option<u64> {
    let (range, size) = content_range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    (first.parse() == Ok(offset)).then(|| size.parse().ok())?
}

/// The body: each piece waited for as long as nothing may stand still, and the whole as long as was said.
fn pieces(
    body: ByteStream,
    length: Option<u64>,
    target: Target,
    standstill: Duration,
) -> BoxStream<'static, Result<Bytes, StoreError>> {
    let fail = |target, cause: String| {
        let lost = StoreError::new(Operation::GetObject, target, StoreErrorKind::ConnectionLost);
        Some((Err(lost.because(cause)), None))
    };
    stream::unfold(Some((body, length, target)), move |state| async move {
        let (mut body, left, target) = state?;
        match tokio::time::timeout(standstill, body.next()).await {
            Ok(Some(Ok(piece))) => {
                let left = left.map(|left| left.saturating_sub(piece.len() as u64));
                Some((Ok(piece), Some((body, left, target))))
            }
            Ok(Some(Err(error))) => fail(target, error.to_string()),
            Ok(None) if left.unwrap_or_default() > 0 => fail(target, "the body ended early".to_owned()),
            Ok(None) => None,
            Err(_) => Some((Err(timed_out(Operation::GetObject, target, standstill)), None)),
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_spelled_as_http_does() {
        assert_eq!(header(ByteRange { offset: 0, length: Some(5) }), "bytes=0-4");
        assert_eq!(header(ByteRange { offset: 7, length: None }), "bytes=7-");
        assert_eq!(stretch("bytes 7-9/10", 7), Some(10));
        assert_eq!(stretch("bytes 0-9/10", 7), None);
        assert_eq!(stretch("bytes 7-9/*", 7), None);
    }
}
