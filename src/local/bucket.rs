//! Buckets and what is in them: made, removed, listed; objects deleted, one or many at once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OptionalExtension as _, params};
use s3s::dto::{self, CommonPrefix, DeletedObject, ETag};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::blob::BlobId;
use super::index::Change;
use super::list::{self, Entry, Page, Query};
use super::object::{self, Condition, Object, execute};
use super::refusal::{self, refuse};
use super::{Endpoint, acl, clock, upload};

/// The most entries of a page, and keys of one deletion.
const PAGE: usize = 1000;
/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

impl Endpoint {
    pub(super) async fn make_bucket(
        &self,
        request: S3Request<dto::CreateBucketInput>,
    ) -> S3Result<S3Response<dto::CreateBucketOutput>> {
        let input = request.input;
        let constraint = input.create_bucket_configuration.and_then(|made| made.location_constraint);
        let region = constraint.map(|region| region.as_str().to_owned()).unwrap_or_default();
        let location = format!("/{}", input.bucket);
        self.disk
            .change(Vec::new(), move |index| {
                if !create(index, &input.bucket, &region)? {
                    return Err(refuse(
                        S3ErrorCode::BucketAlreadyOwnedByYou,
                        "Your previous request to create the named bucket succeeded and you already own it.",
                    ));
                }
                Ok(Change { value: (), unnamed: Vec::new() })
            })
            .await?;
        Ok(S3Response::new(dto::CreateBucketOutput { location: Some(location) }))
    }

    pub(super) async fn remove_bucket(
        &self,
        request: S3Request<dto::DeleteBucketInput>,
    ) -> S3Result<S3Response<dto::DeleteBucketOutput>> {
        let bucket = request.input.bucket;
        self.disk
            .change(Vec::new(), move |index| Ok(Change { value: (), unnamed: remove(index, &bucket)? }))
            .await?;
        Ok(S3Response::new(dto::DeleteBucketOutput::default()))
    }

    /// The region that a bucket was made in; empty for the first of all.
    pub(super) async fn region(&self, bucket: String) -> S3Result<String> {
        self.disk
            .read(move |index| {
                let sql = "SELECT region FROM bucket WHERE name = ?1";
                let found = index.query_row(sql, [&bucket], |row| row.get(0)).optional();
                found.map_err(refusal::index)?.ok_or_else(refusal::no_such_bucket)
            })
            .await
    }

    pub(super) async fn buckets(&self) -> S3Result<Vec<dto::Bucket>> {
        let named = self.disk.read(names).await?;
        let bucket = |(name, created)| dto::Bucket {
            bucket_region: None,
            creation_date: Some(clock::timestamp(created)),
            name: Some(name),
        };
        Ok(named.into_iter().map(bucket).collect())
    }

    pub(super) async fn list_first(
        &self,
        request: S3Request<dto::ListObjectsInput>,
    ) -> S3Result<S3Response<dto::ListObjectsOutput>> {
        let input = request.input;
        let query =
            query(&input.bucket, &input.prefix, &input.delimiter, input.max_keys, input.marker.clone())?;
        let limit = query.limit;
        let page = self.page(query).await?;
        let encode = Encoding::of(input.encoding_type.as_ref());
        let next = page.entries.last().filter(|_| page.truncated).map(|last| encode.text(last.name()));
        let (contents, common_prefixes) = encode.page(page.entries, true);
        Ok(S3Response::new(dto::ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encode.text(&input.prefix.unwrap_or_default())),
            marker: Some(encode.text(&input.marker.unwrap_or_default())),
            max_keys: i32::try_from(limit).ok(),
            is_truncated: Some(page.truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
            next_marker: next,
            encoding_type: input.encoding_type,
            request_charged: None,
        }))
    }

    pub(super) async fn list_second(
        &self,
        request: S3Request<dto::ListObjectsV2Input>,
    ) -> S3Result<S3Response<dto::ListObjectsV2Output>> {
        let input = request.input;
        let after = match &input.continuation_token {
            Some(token) => Some(after_token(token)?),
            None => input.start_after.clone(),
        };
        let query = query(&input.bucket, &input.prefix, &input.delimiter, input.max_keys, after)?;
        let limit = query.limit;
        let page = self.page(query).await?;
        let encode = Encoding::of(input.encoding_type.as_ref());
        let next =
            page.entries.last().filter(|_| page.truncated).map(|last| URL_SAFE_NO_PAD.encode(last.name()));
        let count = page.entries.len();
        let (contents, common_prefixes) = encode.page(page.entries, input.fetch_owner.unwrap_or(false));
        Ok(S3Response::new(dto::ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encode.text(&input.prefix.unwrap_or_default())),
            max_keys: i32::try_from(limit).ok(),
            key_count: i32::try_from(count).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(page.truncated),
            next_continuation_token: next,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|after| encode.text(&after)),
            request_charged: None,
        }))
    }

    /// One page of a listing.
    pub(super) async fn page(&self, query: Query) -> S3Result<Page> {
        self.disk.read(move |index| list::list(index, &query)).await
    }

    pub(super) async fn remove_object(
        &self,
        request: S3Request<dto::DeleteObjectInput>,
    ) -> S3Result<S3Response<dto::DeleteObjectOutput>> {
        let input = request.input;
        let condition = object::condition_of(&request.headers)?;
        self.disk
            .change(Vec::new(), move |index| {
                object::require_bucket(index, &input.bucket)?;
                let unnamed = object::delete(index, (&input.bucket, &input.key), &condition)?;
                Ok(Change { value: (), unnamed })
            })
            .await?;
        Ok(S3Response::new(dto::DeleteObjectOutput::default()))
    }

    pub(super) async fn remove_objects(
        &self,
        request: S3Request<dto::DeleteObjectsInput>,
    ) -> S3Result<S3Response<dto::DeleteObjectsOutput>> {
        let input = request.input;
        if input.delete.objects.len() > PAGE {
            return Err(refuse(S3ErrorCode::MalformedXML, "A request deletes at most 1,000 objects"));
        }
        let quiet = input.delete.quiet.unwrap_or(false);
        let (mut deleted, errors) = self
            .disk
            .change(Vec::new(), move |index| {
                object::require_bucket(index, &input.bucket)?;
                delete_all(index, &input.bucket, input.delete.objects)
            })
            .await?;
        if quiet {
            deleted.clear();
        }
        let output =
            dto::DeleteObjectsOutput { deleted: Some(deleted), errors: Some(errors), request_charged: None };
        Ok(S3Response::new(output))
    }
}

/// The keys that went and those that did not.
type Deletions = (Vec<DeletedObject>, Vec<dto::Error>);

fn delete_all(
    index: &Connection,
    bucket: &str,
    objects: Vec<dto::ObjectIdentifier>,
) -> S3Result<Change<Deletions>> {
    let (mut deleted, mut errors, mut unnamed) = (Vec::new(), Vec::new(), Vec::new());
    for identifier in objects {
        let condition = identifier
            .e_tag
            .as_ref()
            .map_or(Condition::None, |etag| Condition::Matches(etag.value().to_owned()));
        match object::delete(index, (bucket, &identifier.key), &condition) {
            Ok(bodies) => {
                unnamed.extend(bodies);
                deleted.push(DeletedObject { key: Some(identifier.key), ..DeletedObject::default() });
            }
            Err(refused) if refused.status_code().is_some_and(|status| status.is_client_error()) => {
                errors.push(dto::Error {
                    code: Some(refused.code().as_str().to_owned()),
                    key: Some(identifier.key),
                    message: refused.message().map(str::to_owned),
                    version_id: None,
                });
            }
            Err(failed) => return Err(failed),
        }
    }
    Ok(Change { value: (deleted, errors), unnamed })
}

/// Makes a bucket; says whether there was none.
pub(super) fn create(index: &Connection, bucket: &str, region: &str) -> S3Result<bool> {
    if object::require_bucket(index, bucket).is_ok() {
        return Ok(false);
    }
    let row = params![bucket, clock::milliseconds(), region];
    execute(index, "INSERT INTO bucket VALUES (?1, ?2, ?3)", row).map(|()| true)
}

fn remove(index: &Connection, bucket: &str) -> S3Result<Vec<BlobId>> {
    object::require_bucket(index, bucket)?;
    let sql = "SELECT EXISTS (SELECT 1 FROM object WHERE bucket = ?1)";
    if index.query_row(sql, [bucket], |row| row.get(0)).map_err(refusal::index)? {
        return Err(refuse(S3ErrorCode::BucketNotEmpty, "The bucket you tried to delete is not empty"));
    }
    let mut unnamed = Vec::new();
    for upload in upload::list(index, bucket, "")? {
        unnamed.extend(upload::end(index, &upload.id)?);
    }
    execute(index, "DELETE FROM bucket WHERE name = ?1", params![bucket])?;
    Ok(unnamed)
}

/// All buckets by name, with the time of their making.
pub(super) fn names(index: &Connection) -> S3Result<Vec<(String, i64)>> {
    let query = || {
        let mut statement = index.prepare_cached("SELECT name, created FROM bucket ORDER BY name")?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<_>, _>>()
    };
    query().map_err(refusal::index)
}

fn query(
    bucket: &str,
    prefix: &Option<String>,
    delimiter: &Option<String>,
    most: Option<i32>,
    after: Option<String>,
) -> S3Result<Query> {
    let most = usize::try_from(most.unwrap_or(1000)).map_err(|_| {
        refuse(S3ErrorCode::InvalidArgument, "Argument maxKeys must be an integer between 0 and 2147483647")
    })?;
    Ok(Query {
        bucket: bucket.to_owned(),
        prefix: prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone().unwrap_or_default(),
        after: after.filter(|after| !after.is_empty()),
        limit: most.min(PAGE),
    })
}

fn after_token(token: &str) -> S3Result<String> {
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded
        .ok_or_else(|| refuse(S3ErrorCode::InvalidArgument, "The continuation token provided is incorrect"))
}

/// How keys are written into a listing.
#[derive(Clone, Copy)]
pub(super) struct Encoding {
    url: bool,
}

impl Encoding {
    /// As the request asks for it.
    pub(super) fn of(kind: Option<&dto::EncodingType>) -> Self {
        Self { url: kind.is_some_and(|kind| kind.as_str() == "url") }
    }

    /// One key.
    pub(super) fn text(self, text: &str) -> String {
        if self.url { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() }
    }

    fn page(self, entries: Vec<Entry>, with_owner: bool) -> (Vec<dto::Object>, Vec<CommonPrefix>) {
        let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Object(key, object) => objects.push(listed(self.text(&key), *object, with_owner)),
                Entry::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(self.text(&prefix)) }),
            }
        }
        (objects, prefixes)
    }
}

fn listed(key: String, object: Object, with_owner: bool) -> dto::Object {
    let description = object.description;
    let algorithms =
        description.checksums.keys().map(|algorithm| algorithm.as_str().to_owned().into()).collect();
    dto::Object {
        checksum_algorithm: Some(algorithms),
        checksum_type: Some(description.checksum_type().to_owned().into()),
        e_tag: Some(ETag::Strong(object.etag)),
        key: Some(key),
        last_modified: Some(clock::timestamp(object.modified)),
        owner: with_owner.then(acl::owner),
        restore_status: None,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(description.storage_class().to_owned().into()),
    }
}
