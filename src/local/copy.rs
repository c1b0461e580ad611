//! `CopyObject` and the bodies of `UploadPartCopy`: what the source said of itself stays or is replaced.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use http::HeaderMap;
use s3s::dto::{CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use crate::digest::{ChecksumAlgorithm, hex};

use super::blob::{Pending, Spool, Stored};
use super::checksum;
use super::description::Description;
use super::get::check_conditions;
use super::index::Change;
use super::object::{self, Object};
use super::put::checksum_fields;
use super::refusal::{self, refuse};
use super::{Endpoint, clock};

impl Endpoint {
    pub(super) async fn copy(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let (input, headers) = (request.input, request.headers);
        let condition = object::condition_of(&headers)?;
        let (source, file) = self.open_source(&input.copy_source, &headers).await?;
        let replaces =
            input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == "REPLACE");
        let asked = Description::of_request(&headers, input.metadata)?;
        if !replaces && is_itself(&input.copy_source, &input.bucket, &input.key) && asked.headers.is_empty() {
            return Err(refuse(
                S3ErrorCode::InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
            ));
        }
        let replaces_tags =
            input.tagging_directive.as_ref().is_some_and(|directive| directive.as_str() == "REPLACE");
        let description = describe(&source.description, asked, replaces, replaces_tags);
        let algorithm = checksum::announced(&headers);
        let (pending, mut object) = self.duplicate(source, file, description, algorithm).await?;
        let (etag, checksums) = (object.etag.clone(), object.description.checksums.clone());
        let encryption = object.description.encryption();
        let limit = self.disk.limit;
        let modified = self
            .disk
            .change(vec![pending], move |index| {
                object.modified = clock::milliseconds();
                let target = (input.bucket.as_str(), input.key.as_str());
                let unnamed = object::put(index, limit, target, &object, &condition)?;
                Ok(Change { value: object.modified, unnamed })
            })
            .await?;
        let fields = checksum_fields(&checksums);
        let result = CopyObjectResult {
            checksum_crc32: fields.checksum_crc32,
            checksum_crc32c: fields.checksum_crc32c,
            checksum_crc64nvme: fields.checksum_crc64nvme,
            checksum_sha1: fields.checksum_sha1,
            checksum_sha256: fields.checksum_sha256,
            checksum_type: Some("FULL_OBJECT".to_owned().into()),
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(clock::timestamp(modified)),
        };
        let output = CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() };
        Ok(S3Response::with_headers(output, encryption))
    }

    /// The source of a copy, if it is as the request wants it.
    pub(super) async fn open_source(
        &self,
        source: &CopySource,
        headers: &HeaderMap,
    ) -> S3Result<(Object, File)> {
        let CopySource::Bucket { bucket, key, .. } = source else {
            return Err(refuse(S3ErrorCode::NotImplemented, "Only `bucket/key` is known as a source."));
        };
        let (object, file) = self.open(bucket, key).await?;
        check_conditions(headers, "x-amz-copy-source-", &object)?;
        Ok((object, file))
    }

    /// A body of its own for the copy. One that came whole is linked; one that came in parts is written anew,
    /// since the copy's ETag is the MD5 of the whole.
    async fn duplicate(
        &self,
        source: Object,
        file: File,
        mut description: Description,
        algorithm: Option<ChecksumAlgorithm>,
    ) -> S3Result<(Pending, Object)> {
        let known = algorithm.is_none_or(|algorithm| source.description.checksums.contains_key(&algorithm));
        if source.description.parts.is_empty() && known {
            let blob = source.blob.clone();
            let pending = self.disk.run(move |disk| disk.blobs.link(&blob).map_err(refusal::disk)).await?;
            description.checksums.clone_from(&source.description.checksums);
            let blob = pending.id().clone();
            return Ok((pending, Object { blob, description, ..source }));
        }
        let combining = source.description.checksums.keys().next().copied();
        let algorithm = algorithm.or(combining).unwrap_or(ChecksumAlgorithm::Crc64Nvme);
        let stored = self.rewrite(file, 0, source.size, vec![algorithm]).await?;
        description.checksums.clone_from(&stored.checksums);
        let object = Object {
            blob: stored.pending.id().clone(),
            size: stored.size,
            etag: hex(&stored.md5),
            modified: 0,
            description,
        };
        Ok((stored.pending, object))
    }

    /// A stretch of a body as a new one.
    pub(super) async fn rewrite(
        &self,
        mut file: File,
        start: u64,
        length: u64,
        algorithms: Vec<ChecksumAlgorithm>,
    ) -> S3Result<Stored> {
        let write = move |disk: &super::disk::Disk| {
            let mut spool = Spool::create(&disk.blobs, &algorithms)?;
            file.seek(SeekFrom::Start(start))?;
            spool.append_from(file.take(length))?;
            spool.finish()
        };
        self.disk.run(move |disk| write(disk).map_err(refusal::disk)).await
    }
}

fn is_itself(source: &CopySource, bucket: &str, key: &str) -> bool {
    matches!(source, CopySource::Bucket { bucket: from, key: name, .. } if **from == *bucket && **name == *key)
}

/// The ACL, storage class, encryption and redirect are the request's in any case; the rest is the source's
/// unless it is to be replaced.
fn describe(source: &Description, asked: Description, replaces: bool, replaces_tags: bool) -> Description {
    let mut copy = asked;
    if !replaces {
        copy.headers.retain(|name, _| name.starts_with("x-amz-"));
        let inherited = source.headers.iter().filter(|(name, _)| !name.starts_with("x-amz-"));
        copy.headers.extend(inherited.map(|(name, value)| (name.clone(), value.clone())));
        copy.metadata.clone_from(&source.metadata);
    }
    if !replaces_tags {
        copy.tags.clone_from(&source.tags);
    }
    copy
}
