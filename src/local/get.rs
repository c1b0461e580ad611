//! `GetObject`, `HeadObject` and `GetObjectAttributes`: conditions, ranges, parts, and the headers that an object
//! was stored with.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, header};
use s3s::dto::{
    ETag, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ObjectPart, StreamingBlob,
};
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::description::{Description, PartRecord, SSE_CUSTOMER_KEY_MD5};
use super::disk::Disk;
use super::object::{self, Object};
use super::put::{checksum_fields, checksum_headers};
use super::refusal::{self, refuse};
use super::{Endpoint, clock};
use crate::digest::ChecksumAlgorithm;

/// The largest stretch of a body in memory.
const CHUNK: u64 = 256 * 1024;

/// Which bytes are asked for, and what that is called.
#[derive(Debug, PartialEq)]
struct Selection {
    bytes: Range<u64>,
    /// `bytes 0-1/10`, where it is not the whole.
    content_range: Option<String>,
}

impl Endpoint {
    pub(super) async fn get(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = &request.input;
        let (object, file) = self.open(&input.bucket, &input.key).await?;
        let overridden: Vec<&str> = [
            ("cache-control", input.response_cache_control.is_some()),
            ("content-disposition", input.response_content_disposition.is_some()),
            ("content-encoding", input.response_content_encoding.is_some()),
            ("content-language", input.response_content_language.is_some()),
            ("content-type", input.response_content_type.is_some()),
            ("expires", input.response_expires.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, overridden)| overridden.then_some(name))
        .collect();
        let (selection, headers) =
            served(&object, &request.headers, input.range.as_ref(), input.part_number, &overridden)?;
        let body = self.stream(file, selection.bytes.clone()).await?;
        let output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(body),
            content_length: i64::try_from(selection.bytes.end - selection.bytes.start).ok(),
            content_range: selection.content_range,
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(clock::timestamp(object.modified)),
            metadata: Some(object.description.user_metadata()),
            parts_count: input.part_number.and(i32::try_from(object.description.parts.len()).ok()),
            tag_count: i32::try_from(object.description.tags.len()).ok().filter(|count| *count > 0),
            ..GetObjectOutput::default()
        };
        Ok(S3Response::with_headers(output, headers))
    }

    pub(super) async fn head(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key).await?;
        let (selection, mut headers) =
            served(&object, &request.headers, input.range.as_ref(), input.part_number, &[])?;
        let tags = object.description.tags.len();
        if tags > 0 {
            headers.insert("x-amz-tagging-count", HeaderValue::from(tags));
        }
        let output = HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(selection.bytes.end - selection.bytes.start).ok(),
            content_range: selection.content_range,
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(clock::timestamp(object.modified)),
            metadata: Some(object.description.user_metadata()),
            parts_count: input.part_number.and(i32::try_from(object.description.parts.len()).ok()),
            ..HeadObjectOutput::default()
        };
        Ok(S3Response::with_headers(output, headers))
    }

    pub(super) async fn attributes(
        &self,
        request: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key).await?;
        let asked: Vec<&str> = input
            .object_attributes
            .iter()
            .flat_map(|attribute| attribute.as_str().split(','))
            .map(str::trim)
            .collect();
        let wants = |name: &str| asked.contains(&name);
        let description = object.description;
        let mut checksum = checksum_fields(&description.checksums);
        checksum.checksum_type = Some(description.checksum_type().to_owned().into());
        let parts = object_parts(
            &description.parts,
            input.part_number_marker.unwrap_or(0),
            input.max_parts.unwrap_or(1000),
        );
        let output = GetObjectAttributesOutput {
            checksum: wants("Checksum").then_some(checksum),
            e_tag: wants("ETag").then_some(ETag::Strong(object.etag)),
            last_modified: Some(clock::timestamp(object.modified)),
            object_parts: parts.filter(|_| wants("ObjectParts")),
            object_size: i64::try_from(object.size).ok().filter(|_| wants("ObjectSize")),
            storage_class: wants("StorageClass").then(|| description.storage_class().to_owned().into()),
            ..GetObjectAttributesOutput::default()
        };
        Ok(S3Response::new(output))
    }

    /// An object with its description.
    pub(super) async fn find(&self, bucket: &str, key: &str) -> S3Result<Object> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.disk.read(move |index| object::get(index, &bucket, &key)).await
    }

    /// An object with its body, opened, so that a replacement does not take it away.
    pub(super) async fn open(&self, bucket: &str, key: &str) -> S3Result<(Object, File)> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.disk.run(move |disk| open(disk, &bucket, &key)).await
    }

    /// A stretch of a file: a short one at once, a long one while it is sent.
    async fn stream(&self, mut file: File, bytes: Range<u64>) -> S3Result<StreamingBlob> {
        let length = bytes.end - bytes.start;
        if length <= CHUNK {
            let mut read = move || {
                file.seek(SeekFrom::Start(bytes.start))?;
                read_chunk(&mut file, length)
            };
            let body = self.disk.run(move |_| read().map_err(refusal::disk)).await?;
            return Ok(StreamingBlob::from(Body::from(body)));
        }
        file.seek(SeekFrom::Start(bytes.start)).map_err(refusal::disk)?;
        let chunks = stream::try_unfold((file, length), |(mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let read = move || read_chunk(&mut file, left.min(CHUNK)).map(|chunk| (chunk, file));
            let (chunk, file) = tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other)??;
            let left = left - chunk.len() as u64;
            Ok::<_, std::io::Error>(Some((chunk, (file, left))))
        });
        Ok(StreamingBlob::wrap(chunks))
    }
}

fn read_chunk(file: &mut File, length: u64) -> std::io::Result<Bytes> {
    let mut buffer = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact(&mut buffer)?;
    Ok(buffer.into())
}

/// The body may be replaced between the look into the index and the opening: then the next look finds another.
fn open(disk: &Disk, bucket: &str, key: &str) -> S3Result<(Object, File)> {
    for _ in 0..100 {
        let object = disk.query(|index| object::get(index, bucket, key))?;
        match disk.blobs.read(&object.blob) {
            Ok(file) => return Ok((object, file)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(refusal::disk(error)),
        }
    }
    Err(refuse(S3ErrorCode::InternalError, "The body of the object is gone from the directory."))
}

/// What a GET or a HEAD is given: which bytes, and headers without those that it overrides.
fn served(
    object: &Object,
    asked: &HeaderMap,
    range: Option<&s3s::dto::Range>,
    part: Option<i32>,
    overridden: &[&str],
) -> S3Result<(Selection, HeaderMap)> {
    check_conditions(asked, "", object)?;
    check_customer_key(asked, &object.description)?;
    let selection = select(object, range, part)?;
    let mut headers = object.description.served(overridden);
    add_checksums(&mut headers, asked, object, &selection);
    Ok((selection, headers))
}

fn select(object: &Object, range: Option<&s3s::dto::Range>, part: Option<i32>) -> S3Result<Selection> {
    let size = object.size;
    let unsatisfiable = || {
        let mut error = refuse(S3ErrorCode::InvalidRange, "The requested range is not satisfiable");
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
            headers.insert(header::CONTENT_RANGE, value);
        }
        error.set_headers(headers);
        error
    };
    let bytes = match (range, part) {
        (None, None) => return Ok(Selection { bytes: 0..size, content_range: None }),
        (Some(range), _) => range.check(size).map_err(|_| unsatisfiable())?,
        (None, Some(number)) => part_range(object, number).ok_or_else(unsatisfiable)?,
    };
    let last = bytes.end.saturating_sub(1);
    let content_range = (size > 0).then(|| format!("bytes {}-{last}/{size}", bytes.start));
    Ok(Selection { bytes, content_range })
}

fn part_range(object: &Object, number: i32) -> Option<Range<u64>> {
    if object.description.parts.is_empty() {
        return (number == 1).then_some(0..object.size);
    }
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let part = object.description.parts.get(index)?;
    let start = object.description.parts[..index].iter().map(|part| part.size).sum();
    Some(start..start + part.size)
}

/// The conditional headers as RFC 9110 orders them; `prefix` is `x-amz-copy-source-` for the source of a copy.
pub(super) fn check_conditions(headers: &HeaderMap, prefix: &str, object: &Object) -> S3Result {
    let text = |name: &str| headers.get(format!("{prefix}{name}")).and_then(|value| value.to_str().ok());
    let date = |name: &str| {
        let date = httpdate::parse_http_date(text(name)?).ok()?;
        i64::try_from(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
    };
    let names = |list: &str| {
        let mut tags = list.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
        tags.any(|tag| tag == "*" || tag == object.etag)
    };
    let modified = object.modified / 1000;
    let unchanged = match text("if-match") {
        Some(list) => names(list),
        None => date("if-unmodified-since").is_none_or(|date| modified <= date),
    };
    if !unchanged {
        return Err(refusal::precondition_failed());
    }
    let changed = match text("if-none-match") {
        Some(list) => !names(list),
        None => date("if-modified-since").is_none_or(|date| modified > date),
    };
    match (changed, prefix) {
        (true, _) => Ok(()),
        (false, "") => Err(not_modified(object)),
        (false, _) => Err(refusal::precondition_failed()),
    }
}

/// 304, with the headers that a cache updates.
fn not_modified(object: &Object) -> S3Error {
    let mut headers = object.description.served(&["content-type", "content-encoding", "content-language"]);
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", object.etag)) {
        headers.insert(header::ETAG, etag);
    }
    let seconds = u64::try_from(object.modified / 1000).unwrap_or_default();
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    if let Ok(value) = HeaderValue::try_from(httpdate::fmt_http_date(modified)) {
        headers.insert(header::LAST_MODIFIED, value);
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_headers(headers);
    error
}

/// An object with SSE-C is only given to who has its key.
fn check_customer_key(headers: &HeaderMap, description: &Description) -> S3Result {
    let stored = description.headers.get(SSE_CUSTOMER_KEY_MD5).map(String::as_bytes);
    let sent = headers.get(SSE_CUSTOMER_KEY_MD5).map(HeaderValue::as_bytes);
    match (stored, sent) {
        (None, None) => Ok(()),
        (stored, sent) if stored == sent => Ok(()),
        (Some(_), None) => Err(refuse(
            S3ErrorCode::InvalidRequest,
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
        )),
        (Some(_), Some(_)) => Err(S3Error::new(S3ErrorCode::AccessDenied)),
        (None, Some(_)) => Err(refuse(
            S3ErrorCode::InvalidRequest,
            "The encryption parameters are not applicable to this object.",
        )),
    }
}

/// Checksums are served when they are asked for, and only with what they are of: the whole, or one part.
fn add_checksums(headers: &mut HeaderMap, asked: &HeaderMap, object: &Object, selection: &Selection) {
    let enabled =
        asked.get("x-amz-checksum-mode").is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"enabled"));
    if enabled && selection.content_range.is_none() {
        headers.extend(checksum_headers(&object.description.checksums));
        let kind = object.description.checksum_type();
        headers.insert("x-amz-checksum-type", HeaderValue::from_static(kind));
    }
}

fn object_parts(records: &[PartRecord], after: i32, most: i32) -> Option<GetObjectAttributesParts> {
    if records.is_empty() {
        return None;
    }
    let most = usize::try_from(most).unwrap_or_default();
    let mut later: VecDeque<&PartRecord> = records.iter().filter(|part| part.number > after).collect();
    let truncated = later.len() > most;
    later.truncate(most);
    let last = later.back().map(|part| part.number);
    let parts = later.into_iter().map(|part| {
        let value = |algorithm| part.checksums.get(&algorithm).cloned();
        ObjectPart {
            checksum_crc32: value(ChecksumAlgorithm::Crc32),
            checksum_crc32c: value(ChecksumAlgorithm::Crc32c),
            checksum_crc64nvme: value(ChecksumAlgorithm::Crc64Nvme),
            checksum_sha1: value(ChecksumAlgorithm::Sha1),
            checksum_sha256: value(ChecksumAlgorithm::Sha256),
            part_number: Some(part.number),
            size: i64::try_from(part.size).ok(),
        }
    });
    Some(GetObjectAttributesParts {
        parts: Some(parts.collect()),
        is_truncated: Some(truncated),
        max_parts: i32::try_from(most).ok(),
        next_part_number_marker: last.filter(|_| truncated),
        part_number_marker: Some(after),
        total_parts_count: i32::try_from(records.len()).ok(),
    })
}
