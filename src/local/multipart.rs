//! Multipart uploads: created, filled, listed, completed, aborted. A finished object is written as one body, so
//! that its parts go and whoever reads it holds one file.

use std::sync::Arc;

use http::HeaderMap;
use md5::{Digest as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::digest::{ChecksumAlgorithm, hex};

use super::blob::{Pending, Spool, Stored};
use super::checksum::{self, Values};
use super::description::{Description, PartRecord};
use super::disk::Disk;
use super::index::Change;
use super::object::{self, Object};
use super::put::{checksum_fields, checksum_headers, receive};
use super::refusal::{self, refuse};
use super::upload::{self, Part, Plan, Upload};
use super::{Endpoint, clock};

/// S3's least size of a part that is not the last.
const LEAST_PART: u64 = 5 * 1024 * 1024;

impl Endpoint {
    pub(super) async fn create_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let plan = plan(&request.headers, Description::of_request(&request.headers, input.metadata)?)?;
        let encryption = plan.description.encryption();
        let (algorithm, kind) =
            (plan.algorithm.as_str(), if plan.composite { "COMPOSITE" } else { "FULL_OBJECT" });
        let id = format!("{:032x}", rand_id());
        let started = clock::milliseconds();
        let upload = Upload { id: id.clone(), key: input.key.clone(), started, plan };
        let bucket = input.bucket.clone();
        self.disk
            .change(Vec::new(), move |index| {
                object::require_bucket(index, &bucket)?;
                upload::begin(index, &bucket, &upload)?;
                Ok(Change { value: (), unnamed: Vec::new() })
            })
            .await?;
        let named = checksum::announced(&request.headers).is_some();
        let output = CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            checksum_algorithm: named.then(|| algorithm.to_owned().into()),
            checksum_type: named.then(|| kind.to_owned().into()),
            ..CreateMultipartUploadOutput::default()
        };
        Ok(S3Response::with_headers(output, encryption))
    }

    pub(super) async fn put_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let target = (input.bucket, input.key);
        let upload = self.upload(&target, &input.upload_id).await?;
        let expected = Some(upload.plan.algorithm);
        let stored =
            receive(&self.disk, input.body, &request.headers, request.trailing_headers, expected).await?;
        let (etag, checksums) = (hex(&stored.md5), stored.checksums.clone());
        self.store_part(target, input.upload_id, input.part_number, stored).await?;
        let output = UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..UploadPartOutput::default() };
        let mut headers = checksum_headers(&checksums);
        headers.extend(upload.plan.description.encryption());
        Ok(S3Response::with_headers(output, headers))
    }

    pub(super) async fn copy_part(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let input = request.input;
        let target = (input.bucket, input.key);
        let upload = self.upload(&target, &input.upload_id).await?;
        let (source, file) = self.open_source(&input.copy_source, &request.headers).await?;
        let bytes = match input.copy_source_range {
            None => 0..source.size,
            Some(text) => s3s::dto::Range::parse(&text)
                .ok()
                .and_then(|range| range.check(source.size).ok())
                .ok_or_else(|| {
                    refuse(S3ErrorCode::InvalidArgument, "The x-amz-copy-source-range is not valid")
                })?,
        };
        let stored =
            self.rewrite(file, bytes.start, bytes.end - bytes.start, vec![upload.plan.algorithm]).await?;
        let fields = checksum_fields(&stored.checksums);
        let etag = hex(&stored.md5);
        let modified = self.store_part(target, input.upload_id, input.part_number, stored).await?;
        let result = CopyPartResult {
            checksum_crc32: fields.checksum_crc32,
            checksum_crc32c: fields.checksum_crc32c,
            checksum_crc64nvme: fields.checksum_crc64nvme,
            checksum_sha1: fields.checksum_sha1,
            checksum_sha256: fields.checksum_sha256,
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(clock::timestamp(modified)),
        };
        let output =
            UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() };
        Ok(S3Response::new(output))
    }

    pub(super) async fn complete_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let condition = object::condition_of(&request.headers)?;
        let named = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let target = (input.bucket, input.key);
        let said = Said { checksums: checksum::sent(&request.headers), size: input.mpu_object_size };
        let (id, place) = (input.upload_id, target.clone());
        let (pending, mut object, id) = self
            .disk
            .run(move |disk| {
                let (upload, parts) = disk.query(|index| {
                    let upload = upload::get(index, (&place.0, &place.1), &id)?;
                    Ok((upload, upload::parts(index, &id)?))
                })?;
                let parts = choose(&named, parts)?;
                assemble(disk, upload.plan, &parts, &said).map(|(pending, object)| (pending, object, id))
            })
            .await?;
        let (etag, description) = (object.etag.clone(), object.description.clone());
        let (limit, place) = (self.disk.limit, target.clone());
        self.disk
            .change(vec![pending], move |index| {
                object.modified = clock::milliseconds();
                let target = (place.0.as_str(), place.1.as_str());
                upload::get(index, target, &id)?;
                let mut unnamed = upload::end(index, &id)?;
                unnamed.extend(object::put(index, limit, target, &object, &condition)?);
                Ok(Change { value: (), unnamed })
            })
            .await?;
        let fields = checksum_fields(&description.checksums);
        let output = CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", target.0, target.1)),
            bucket: Some(target.0),
            key: Some(target.1),
            checksum_crc32: fields.checksum_crc32,
            checksum_crc32c: fields.checksum_crc32c,
            checksum_crc64nvme: fields.checksum_crc64nvme,
            checksum_sha1: fields.checksum_sha1,
            checksum_sha256: fields.checksum_sha256,
            checksum_type: Some(description.checksum_type().to_owned().into()),
            e_tag: Some(ETag::Strong(etag)),
            ..CompleteMultipartUploadOutput::default()
        };
        Ok(S3Response::with_headers(output, description.encryption()))
    }

    pub(super) async fn abort_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        self.disk
            .change(Vec::new(), move |index| {
                upload::get(index, (&input.bucket, &input.key), &input.upload_id)?;
                Ok(Change { value: (), unnamed: upload::end(index, &input.upload_id)? })
            })
            .await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    async fn upload(&self, (bucket, key): &(String, String), id: &str) -> S3Result<Upload> {
        let (bucket, key, id) = (bucket.clone(), key.clone(), id.to_owned());
        self.disk.read(move |index| upload::get(index, (&bucket, &key), &id)).await
    }

    async fn store_part(
        &self,
        (bucket, key): (String, String),
        id: String,
        number: i32,
        stored: Stored,
    ) -> S3Result<i64> {
        if !(1..=10_000).contains(&number) {
            let message = "Part number must be an integer between 1 and 10000, inclusive";
            return Err(refuse(S3ErrorCode::InvalidArgument, message));
        }
        let mut part = Part {
            number,
            blob: stored.pending.id().clone(),
            size: stored.size,
            etag: hex(&stored.md5),
            modified: 0,
            checksums: stored.checksums,
        };
        let limit = self.disk.limit;
        self.disk
            .change(vec![stored.pending], move |index| {
                part.modified = clock::milliseconds();
                upload::get(index, (&bucket, &key), &id)?;
                object::check_limit(index, limit, part.size, 0)?;
                let unnamed = upload::put_part(index, &id, &part)?;
                Ok(Change { value: part.modified, unnamed })
            })
            .await
    }
}

/// What a completion says of the object that it expects.
struct Said {
    checksums: Values,
    size: Option<i64>,
}

fn rand_id() -> u128 {
    use std::hash::{BuildHasher as _, RandomState};
    u128::from(RandomState::new().hash_one(0)) << 64 | u128::from(RandomState::new().hash_one(1))
}

/// Which checksum the upload will have: S3's defaults for what the request leaves open.
fn plan(headers: &HeaderMap, description: Description) -> S3Result<Plan> {
    let algorithm = checksum::announced(headers);
    let kind = headers.get("x-amz-checksum-type").and_then(|value| value.to_str().ok());
    let composite = match (algorithm, kind) {
        (None | Some(ChecksumAlgorithm::Crc64Nvme), None | Some("FULL_OBJECT")) => false,
        (Some(algorithm), Some("FULL_OBJECT")) if checksum::combines(algorithm) => false,
        (Some(algorithm), None | Some("COMPOSITE")) if algorithm != ChecksumAlgorithm::Crc64Nvme => true,
        _ => {
            let message = "The checksum type is not supported with this checksum algorithm.";
            return Err(refuse(S3ErrorCode::InvalidRequest, message));
        }
    };
    Ok(Plan { description, algorithm: algorithm.unwrap_or(ChecksumAlgorithm::Crc64Nvme), composite })
}

/// The parts that a completion names, each as it was stored.
fn choose(named: &[CompletedPart], mut stored: Vec<Part>) -> S3Result<Vec<Part>> {
    let invalid = || {
        refuse(
            S3ErrorCode::InvalidPart,
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        )
    };
    let numbers: Vec<i32> = named.iter().filter_map(|part| part.part_number).collect();
    if numbers.is_empty() || numbers.len() != named.len() {
        return Err(refuse(S3ErrorCode::MalformedXML, "The XML you provided names no parts"));
    }
    if !numbers.is_sorted_by(|one, two| one < two) {
        let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(refuse(S3ErrorCode::InvalidPartOrder, message));
    }
    stored.retain(|part| numbers.binary_search(&part.number).is_ok());
    if stored.len() != named.len() {
        return Err(invalid());
    }
    for (named, stored) in named.iter().zip(&stored) {
        let etag = named.e_tag.as_ref().map(ETag::value);
        if etag != Some(&stored.etag) || !checksums_agree(named, stored) {
            return Err(invalid());
        }
    }
    let last = stored.len() - 1;
    if stored[..last].iter().any(|part| part.size < LEAST_PART) {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(refuse(S3ErrorCode::EntityTooSmall, message));
    }
    Ok(stored)
}

fn checksums_agree(named: &CompletedPart, stored: &Part) -> bool {
    [
        (ChecksumAlgorithm::Crc32, &named.checksum_crc32),
        (ChecksumAlgorithm::Crc32c, &named.checksum_crc32c),
        (ChecksumAlgorithm::Crc64Nvme, &named.checksum_crc64nvme),
        (ChecksumAlgorithm::Sha1, &named.checksum_sha1),
        (ChecksumAlgorithm::Sha256, &named.checksum_sha256),
    ]
    .into_iter()
    .all(|(algorithm, value)| value.is_none() || stored.checksums.get(&algorithm) == value.as_ref())
}

/// The object that the parts make, its body written as one.
fn assemble(disk: &Disk, plan: Plan, parts: &[Part], said: &Said) -> S3Result<(Pending, Object)> {
    let size: u64 = parts.iter().map(|part| part.size).sum();
    if said.size.is_some_and(|said| u64::try_from(said) != Ok(size)) {
        let message = "The provided 'x-amz-mp-object-size' header does not match what was computed.";
        return Err(refuse(S3ErrorCode::InvalidRequest, message));
    }
    let mut description = plan.description;
    let whole = whole_checksum(plan.algorithm, plan.composite, parts);
    description.checksums = whole.map(|value| (plan.algorithm, value)).into_iter().collect();
    for (algorithm, value) in &said.checksums {
        let found =
            description.checksums.get(algorithm).map(|found| found.split('-').next().unwrap_or(found));
        if found != Some(value.split('-').next().unwrap_or(value)) {
            let message =
                format!("The {} you specified did not match the calculated checksum.", algorithm.as_str());
            return Err(S3Error::with_message(S3ErrorCode::BadDigest, message));
        }
    }
    description.parts = parts.iter().map(record).collect();
    let pending = concatenate(disk, parts).map_err(refusal::disk)?;
    let object = Object { blob: pending.id().clone(), size, etag: etag(parts), modified: 0, description };
    Ok((pending, object))
}

fn record(part: &Part) -> PartRecord {
    PartRecord { number: part.number, size: part.size, checksums: part.checksums.clone() }
}

fn whole_checksum(algorithm: ChecksumAlgorithm, composite: bool, parts: &[Part]) -> Option<String> {
    let values: Option<Vec<(&str, u64)>> =
        parts.iter().map(|part| Some((part.checksums.get(&algorithm)?.as_str(), part.size))).collect();
    let values = values?;
    if composite {
        let values: Vec<&str> = values.into_iter().map(|(value, _)| value).collect();
        checksum::composite(algorithm, &values)
    } else {
        checksum::combined(algorithm, &values)
    }
}

/// `md5(md5s)-N`.
fn etag(parts: &[Part]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        for pair in part.etag.as_bytes().chunks(2) {
            let digits = std::str::from_utf8(pair).ok();
            md5.update([digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or_default()]);
        }
    }
    format!("{}-{}", hex(&md5.finalize()), parts.len())
}

fn concatenate(disk: &Disk, parts: &[Part]) -> std::io::Result<Pending> {
    if let [only] = parts {
        return Arc::clone(&disk.blobs).link(&only.blob);
    }
    let mut spool = Spool::create(&disk.blobs, &[])?;
    for part in parts {
        spool.copy_from(&mut disk.blobs.read(&part.blob)?)?;
    }
    spool.finish().map(|stored| stored.pending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: i32, etag: &str, size: u64) -> Part {
        let blob = super::super::blob::BlobId::parse("0000000000000000000000000000").unwrap();
        Part { number, blob, size, etag: etag.to_owned(), modified: 0, checksums: Values::new() }
    }

    fn named(number: i32, etag: &str) -> CompletedPart {
        CompletedPart {
            part_number: Some(number),
            e_tag: Some(ETag::Strong(etag.to_owned())),
            ..CompletedPart::default()
        }
    }

    #[test]
    fn the_etag_hashes_the_digests_of_the_parts() {
        // What S3 answers to parts of `a` × 5 MiB and `b`.
        let parts = [
            part(1, "79b281060d337b9b2b84ccf390adcf74", LEAST_PART),
            part(2, "92eb5ffee6ae2fec3ad71c777531578f", 1),
        ];
        let mut md5 = Md5::new();
        md5.update([
            0x79, 0xb2, 0x81, 0x06, 0x0d, 0x33, 0x7b, 0x9b, 0x2b, 0x84, 0xcc, 0xf3, 0x90, 0xad, 0xcf, 0x74,
        ]);
        md5.update([
            0x92, 0xeb, 0x5f, 0xfe, 0xe6, 0xae, 0x2f, 0xec, 0x3a, 0xd7, 0x1c, 0x77, 0x75, 0x31, 0x57, 0x8f,
        ]);
        assert_eq!(etag(&parts), format!("{}-2", hex(&md5.finalize())));
    }

    #[test]
    fn only_stored_parts_in_order_and_large_enough_are_taken() {
        let stored = || vec![part(1, "a", LEAST_PART), part(2, "b", 7), part(3, "c", 9)];
        let code = |named: &[CompletedPart]| {
            choose(named, stored()).map(|parts| parts.len()).map_err(|error| error.code().clone())
        };
        assert_eq!(code(&[named(1, "a"), named(3, "c")]), Ok(2));
        assert_eq!(code(&[named(2, "b"), named(1, "a")]), Err(S3ErrorCode::InvalidPartOrder));
        assert_eq!(code(&[named(1, "a"), named(1, "a")]), Err(S3ErrorCode::InvalidPartOrder));
        assert_eq!(code(&[named(1, "x")]), Err(S3ErrorCode::InvalidPart));
        assert_eq!(code(&[named(4, "a")]), Err(S3ErrorCode::InvalidPart));
        assert_eq!(code(&[named(2, "b"), named(3, "c")]), Err(S3ErrorCode::EntityTooSmall));
        assert_eq!(code(&[]), Err(S3ErrorCode::MalformedXML));
    }
}
