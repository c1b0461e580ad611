//! What is said of an object or an upload after its beginning: tags and ACL, changed in place, and the listings
//! of parts and uploads.

use s3s::dto::{self, ETag};
use s3s::{S3Request, S3Response, S3Result};

use super::bucket::Encoding;
use super::description::{Description, valid_tags};
use super::index::Change;
use super::object;
use super::upload::{self, Part, Upload};
use super::{Endpoint, acl, clock};

impl Endpoint {
    /// Says something else about an object.
    async fn redescribe(
        &self,
        bucket: String,
        key: String,
        change: impl FnOnce(&mut Description) + Send + 'static,
    ) -> S3Result {
        self.disk
            .change(Vec::new(), move |index| {
                let mut object = object::get(index, &bucket, &key)?;
                change(&mut object.description);
                object::describe(index, (&bucket, &key), &object.description)?;
                Ok(Change { value: (), unnamed: Vec::new() })
            })
            .await
    }

    pub(super) async fn tags(
        &self,
        request: S3Request<dto::GetObjectTaggingInput>,
    ) -> S3Result<S3Response<dto::GetObjectTaggingOutput>> {
        let object = self.find(&request.input.bucket, &request.input.key).await?;
        let tag = |(key, value)| dto::Tag { key: Some(key), value: Some(value) };
        let tag_set = object.description.tags.into_iter().map(tag).collect();
        Ok(S3Response::new(dto::GetObjectTaggingOutput { tag_set, version_id: None }))
    }

    pub(super) async fn put_tags(
        &self,
        request: S3Request<dto::PutObjectTaggingInput>,
    ) -> S3Result<S3Response<dto::PutObjectTaggingOutput>> {
        let input = request.input;
        let tags = input.tagging.tag_set.into_iter();
        let tags = valid_tags(
            tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect(),
        )?;
        self.redescribe(input.bucket, input.key, |description| description.tags = tags).await?;
        Ok(S3Response::new(dto::PutObjectTaggingOutput::default()))
    }

    pub(super) async fn delete_tags(
        &self,
        request: S3Request<dto::DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<dto::DeleteObjectTaggingOutput>> {
        let input = request.input;
        self.redescribe(input.bucket, input.key, |description| description.tags.clear()).await?;
        Ok(S3Response::new(dto::DeleteObjectTaggingOutput::default()))
    }

    pub(super) async fn acl(
        &self,
        request: S3Request<dto::GetObjectAclInput>,
    ) -> S3Result<S3Response<dto::GetObjectAclOutput>> {
        let object = self.find(&request.input.bucket, &request.input.key).await?;
        Ok(S3Response::new(dto::GetObjectAclOutput {
            grants: Some(acl::to_protocol(&object.description.grants)),
            owner: Some(acl::owner()),
            request_charged: None,
        }))
    }

    pub(super) async fn put_acl(
        &self,
        request: S3Request<dto::PutObjectAclInput>,
    ) -> S3Result<S3Response<dto::PutObjectAclOutput>> {
        let input = request.input;
        let grants = match input.access_control_policy {
            Some(policy) => acl::of_policy(policy)?,
            None => acl::of_request(&request.headers)?,
        };
        self.redescribe(input.bucket, input.key, |description| description.grants = grants).await?;
        Ok(S3Response::new(dto::PutObjectAclOutput::default()))
    }

    pub(super) async fn parts(
        &self,
        request: S3Request<dto::ListPartsInput>,
    ) -> S3Result<S3Response<dto::ListPartsOutput>> {
        let input = request.input;
        let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
        let read =
            move |index: &_| Ok((upload::get(index, (&bucket, &key), &id)?, upload::parts(index, &id)?));
        let (upload, mut parts) = self.disk.read(read).await?;
        let (after, most) =
            (input.part_number_marker.unwrap_or(0), input.max_parts.unwrap_or(1000).min(1000));
        parts.retain(|part| part.number > after);
        let truncated = parts.len() > usize::try_from(most).unwrap_or_default();
        parts.truncate(usize::try_from(most).unwrap_or_default());
        Ok(S3Response::new(dto::ListPartsOutput {
            bucket: Some(input.bucket),
            checksum_algorithm: Some(upload.plan.algorithm.as_str().to_owned().into()),
            is_truncated: Some(truncated),
            key: Some(input.key),
            max_parts: Some(most),
            next_part_number_marker: parts.last().map(|part| part.number),
            owner: Some(acl::owner()),
            part_number_marker: Some(after),
            parts: Some(parts.into_iter().map(listed_part).collect()),
            storage_class: Some(upload.plan.description.storage_class().to_owned().into()),
            upload_id: Some(input.upload_id),
            ..dto::ListPartsOutput::default()
        }))
    }

    pub(super) async fn uploads(
        &self,
        request: S3Request<dto::ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<dto::ListMultipartUploadsOutput>> {
        let input = request.input;
        let (bucket, prefix) = (input.bucket.clone(), input.prefix.clone().unwrap_or_default());
        let mut uploads = self.disk.read(move |index| upload::list(index, &bucket, &prefix)).await?;
        if let Some(key) = &input.key_marker {
            let id = input.upload_id_marker.as_deref().unwrap_or_default();
            uploads.retain(|upload| {
                upload.key > *key || (upload.key == *key && !id.is_empty() && upload.id.as_str() > id)
            });
        }
        let most = input.max_uploads.unwrap_or(1000).min(1000);
        let truncated = uploads.len() > usize::try_from(most).unwrap_or_default();
        uploads.truncate(usize::try_from(most).unwrap_or_default());
        let encode = Encoding::of(input.encoding_type.as_ref());
        let last = uploads.last().filter(|_| truncated).map(|last| (encode.text(&last.key), last.id.clone()));
        let (next_key_marker, next_upload_id_marker) = last.unzip();
        Ok(S3Response::new(dto::ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            encoding_type: input.encoding_type,
            is_truncated: Some(truncated),
            key_marker: Some(encode.text(&input.key_marker.unwrap_or_default())),
            max_uploads: Some(most),
            next_key_marker,
            next_upload_id_marker,
            prefix: Some(encode.text(&input.prefix.unwrap_or_default())),
            upload_id_marker: input.upload_id_marker,
            uploads: Some(uploads.into_iter().map(|upload| listed_upload(upload, encode)).collect()),
            ..dto::ListMultipartUploadsOutput::default()
        }))
    }
}

fn listed_part(part: Part) -> dto::Part {
    let fields = super::put::checksum_fields(&part.checksums);
    dto::Part {
        checksum_crc32: fields.checksum_crc32,
        checksum_crc32c: fields.checksum_crc32c,
        checksum_crc64nvme: fields.checksum_crc64nvme,
        checksum_sha1: fields.checksum_sha1,
        checksum_sha256: fields.checksum_sha256,
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(clock::timestamp(part.modified)),
        part_number: Some(part.number),
        size: i64::try_from(part.size).ok(),
    }
}

fn listed_upload(upload: Upload, encode: Encoding) -> dto::MultipartUpload {
    dto::MultipartUpload {
        checksum_algorithm: Some(upload.plan.algorithm.as_str().to_owned().into()),
        initiated: Some(clock::timestamp(upload.started)),
        key: Some(encode.text(&upload.key)),
        owner: Some(acl::owner()),
        storage_class: Some(upload.plan.description.storage_class().to_owned().into()),
        upload_id: Some(upload.id),
        ..dto::MultipartUpload::default()
    }
}
