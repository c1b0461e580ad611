//! `PutObject`, and what it shares with parts: taking a body in and holding it against what was said of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::dto::{Checksum, ETag, PutObjectInput, PutObjectOutput, StreamingBlob};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result, TrailingHeaders};

use crate::digest::{ChecksumAlgorithm, hex};

use super::blob::Stored;
use super::checksum::{self, Values};
use super::description::Description;
use super::disk::Disk;
use super::index::Change;
use super::object::{self, Object};
use super::refusal::refuse;
use super::{Endpoint, clock};

impl Endpoint {
    pub(super) async fn put(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        let condition = object::condition_of(&request.headers)?;
        let mut description = Description::of_request(&request.headers, input.metadata)?;
        let bucket = input.bucket.clone();
        self.disk.read(move |index| object::require_bucket(index, &bucket)).await?;
        let stored =
            receive(&self.disk, input.body, &request.headers, request.trailing_headers, None).await?;
        description.checksums.clone_from(&stored.checksums);
        let encryption = description.encryption();
        let etag = hex(&stored.md5);
        let mut object = Object {
            blob: stored.pending.id().clone(),
            size: stored.size,
            etag: etag.clone(),
            modified: 0,
            description,
        };
        let limit = self.disk.limit;
        self.disk
            .change(vec![stored.pending], move |index| {
                object.modified = clock::milliseconds();
                let target = (input.bucket.as_str(), input.key.as_str());
                let unnamed = object::put(index, limit, target, &object, &condition)?;
                Ok(Change { value: (), unnamed })
            })
            .await?;
        let output = PutObjectOutput { e_tag: Some(ETag::Strong(etag)), ..PutObjectOutput::default() };
        let mut headers = checksum_headers(&stored.checksums);
        headers.insert("x-amz-checksum-type", HeaderValue::from_static("FULL_OBJECT"));
        headers.extend(encryption);
        Ok(S3Response::with_headers(output, headers))
    }
}

/// Takes a body in; refuses one that is not what `Content-MD5`, a checksum or its trailer says. Has the
/// checksums that were sent or announced, `expected` besides, and S3's own choice where there are none.
pub(super) async fn receive(
    disk: &std::sync::Arc<Disk>,
    body: Option<StreamingBlob>,
    headers: &HeaderMap,
    trailer: Option<TrailingHeaders>,
    expected: Option<ChecksumAlgorithm>,
) -> S3Result<Stored> {
    let mut said = checksum::sent(headers);
    let mut algorithms: Vec<ChecksumAlgorithm> = said.keys().copied().collect();
    algorithms.extend(checksum::announced(headers).into_iter().chain(expected));
    if algorithms.is_empty() {
        algorithms.push(ChecksumAlgorithm::Crc64Nvme);
    }
    let body = body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
    let stored = disk.receive(body, algorithms).await?;
    if let Some(trailing) = trailer.and_then(|trailer| trailer.take()) {
        said.extend(checksum::sent(&trailing));
    }
    if let Some((algorithm, _)) = said.iter().find(|(name, value)| stored.checksums.get(name) != Some(value))
    {
        let message =
            format!("The {} you specified did not match the calculated checksum.", algorithm.as_str());
        return Err(s3s::S3Error::with_message(S3ErrorCode::BadDigest, message));
    }
    check_md5(headers, &stored.md5)?;
    Ok(stored)
}

fn check_md5(headers: &HeaderMap, md5: &[u8; 16]) -> S3Result {
    let Some(said) = headers.get("content-md5") else { return Ok(()) };
    match STANDARD.decode(said).ok().filter(|said| said.len() == md5.len()) {
        None => Err(refuse(S3ErrorCode::InvalidDigest, "The Content-MD5 you specified was invalid")),
        Some(said) if said != md5 => Err(refuse(
            S3ErrorCode::BadDigest,
            "The Content-MD5 you specified did not match what we received.",
        )),
        Some(_) => Ok(()),
    }
}

/// Checksums as headers of an answer.
pub(super) fn checksum_headers(values: &Values) -> HeaderMap {
    let header = |(algorithm, value): (&ChecksumAlgorithm, &String)| {
        Some((HeaderName::from_static(algorithm.header()), HeaderValue::from_str(value).ok()?))
    };
    values.iter().filter_map(header).collect()
}

/// Checksums as documents of the protocol have them.
pub(super) fn checksum_fields(values: &Values) -> Checksum {
    let value = |algorithm| values.get(&algorithm).cloned();
    Checksum {
        checksum_crc32: value(ChecksumAlgorithm::Crc32),
        checksum_crc32c: value(ChecksumAlgorithm::Crc32c),
        checksum_crc64nvme: value(ChecksumAlgorithm::Crc64Nvme),
        checksum_sha1: value(ChecksumAlgorithm::Sha1),
        checksum_sha256: value(ChecksumAlgorithm::Sha256),
        checksum_type: None,
    }
}
