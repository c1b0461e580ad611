//! The verbs on a bucket as a trait, and their errors named by meaning. [`s3`] speaks to a service,
//! [`memory`] is a map, [`retry`] goes round either; generic callers take any, and share a [`Limit`].

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::name::ObjectKey;
use crate::parameters::ObjectParameters;

mod body;
mod configuration;
mod count;
mod delete;
mod error;
mod etag;
mod fetch;
mod limit;
pub mod memory;
mod proof;
pub mod retry;
pub mod s3;

pub use crate::digest::{Checksum, ChecksumAlgorithm};
pub use configuration::{Age, CorsRule, LifecycleRule, PublicAccessBlock, Versioning};
pub use delete::delete_all;
pub use error::{Operation, StoreError, StoreErrorKind, Target, permissions};
pub use etag::multipart_etag;
use etag::{has_own_keys, looks_like_md5};
pub use fetch::{Fetch, Fetched, fetch};
pub use limit::{Limit, Slot};
pub use proof::{PROOFS, part_proven, put_proven};

/// The verbs on one bucket. Each is one request; nothing is retried here (see [`retry`]).
pub trait Store: Send + Sync {
    /// One page of the objects whose keys start with `prefix`, sorted by key bytes.
    fn list(
        &self,
        prefix: &str,
        continuation: Option<&str>,
    ) -> impl Future<Output = Result<ListPage, StoreError>> + Send;

    /// One page of what lies directly under `prefix`: objects without a further `/` in their keys, and for the others
    /// the common prefixes up to it. Counts as ListObjectsV2, too.
    fn list_level(
        &self,
        prefix: &str,
        continuation: Option<&str>,
    ) -> impl Future<Output = Result<ListPage, StoreError>> + Send;

    /// What the bucket says of an object, its stored checksums included; `None` where there is none.
    fn head(&self, key: &ObjectKey) -> impl Future<Output = Result<Option<ObjectHead>, StoreError>> + Send {
        self.head_version(key, None)
    }

    /// The same of an earlier version of the object, where the bucket keeps them.
    fn head_version(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> impl Future<Output = Result<Option<ObjectHead>, StoreError>> + Send;

    /// What is and was stored under a key, at most a thousand, the latest first. A bucket that keeps no versions has what is
    /// there now, or refuses.
    fn versions(
        &self,
        key: &ObjectKey,
    ) -> impl Future<Output = Result<Vec<ListedVersion>, StoreError>> + Send;

    /// An object, or a stretch of it, piece by piece; [`fetch()`] takes a small one whole.
    fn get(&self, request: &GetRequest) -> impl Future<Output = Result<GetAnswer, StoreError>> + Send;

    /// Stores a whole object by one request.
    fn put(&self, request: &PutRequest) -> impl Future<Output = Result<PutAnswer, StoreError>> + Send;

    /// Begins a multipart upload; its parameters are the object's.
    fn create_multipart(
        &self,
        request: &MultipartRequest,
    ) -> impl Future<Output = Result<UploadId, StoreError>> + Send;

    /// Sends one part, numbered from 1.
    fn upload_part(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        number: u16,
        body: &Body,
    ) -> impl Future<Output = Result<Part, StoreError>> + Send;

    /// Makes the object out of its parts, in the order of their numbers.
    fn complete_multipart(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        parts: &[Part],
    ) -> impl Future<Output = Result<PutAnswer, StoreError>> + Send;

    /// Gives a multipart upload up, so that no parts stay behind; one that is not there is no error.
    fn abort_multipart(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes up to 1,000 objects; those that are not there count as deleted. One key is a DeleteObject, several are a
    /// DeleteObjects, of whose answer the errors of single keys are what comes back. [`delete_all`] takes any number.
    fn delete(&self, keys: &[ObjectKey]) -> impl Future<Output = Result<Vec<StoreError>, StoreError>> + Send;

    /// A key as messages name it.
    fn target(&self, key: &ObjectKey) -> Target;

    /// How many requests were sent so far, by S3's operation names (`PutObject`), retries included.
    fn requests(&self) -> BTreeMap<&'static str, u64>;
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// At most 1,000 objects, common prefixes included.
    pub objects: Vec<ListedObject>,
    /// Common prefixes with the `/` at their ends; none but from [`Store::list_level`].
    pub prefixes: Vec<String>,
    /// Where the next page begins; `None` on the last.
    pub continuation: Option<String>,
    /// When it was answered, by the service's clock.
    pub date: Option<SystemTime>,
}

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key as the service spells it.
    pub key: String,
    /// Bytes as stored.
    pub size: u64,
    /// Without quotes; empty where the listing has none.
    pub etag: String,
    /// When it was last written, by the service's clock.
    pub last_modified: Option<SystemTime>,
}

/// A version of an object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// What the service calls it.
    pub id: String,
    /// The object as it was.
    pub object: ListedObject,
}

/// An object as a HEAD shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectHead {
    /// Bytes as stored.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// The headers it is served with, as the parameters that made them; ACL and tags are not among them.
    pub parameters: ObjectParameters,
    /// Checksums that the service keeps.
    pub checksums: Vec<StoredChecksum>,
    /// When it was last written, by the service's clock.
    pub last_modified: Option<SystemTime>,
}

impl ObjectHead {
    /// Whether the ETag is the MD5 of the body: it looks like one, and no encryption makes it something else.
    #[must_use]
    pub fn etag_is_md5(&self) -> bool {
        looks_like_md5(&self.etag) && !has_own_keys(&self.parameters)
    }
}

/// A checksum that the service keeps with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChecksum {
    /// Which one.
    pub algorithm: ChecksumAlgorithm,
    /// Base64 as on the wire, without a part count.
    pub value: String,
    /// For a checksum of the parts' checksums, how many parts there were; `None` for one over the whole body.
    pub composite_parts: Option<u32>,
}

/// What to read.
#[derive(Debug, Clone)]
pub struct GetRequest {
    /// Which object.
    pub key: ObjectKey,
    /// Which of its bytes; `None` for all.
    pub range: Option<ByteRange>,
    /// Only if.
    pub condition: Option<ReadCondition>,
    /// Which of its versions; `None` for what is there now.
    pub version: Option<String>,
}

impl GetRequest {
    /// The whole object, whatever it is.
    #[must_use]
    pub fn whole(key: ObjectKey) -> Self {
        Self { key, range: None, condition: None, version: None }
    }
}

/// A stretch of an object; it has to begin inside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte, from 0.
    pub offset: u64,
    /// How many, not 0; `None` for all that follow, and more than there are is no error.
    pub length: Option<u64>,
}

/// On what a read depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadCondition {
    /// It has this ETag still (`If-Match`); [`StoreErrorKind::PreconditionFailed`] otherwise.
    Matches(String),
    /// It has another ETag than this, which is known already (`If-None-Match`).
    Differs(String),
}

/// What a GET brings.
#[derive(Debug)]
pub enum GetAnswer {
    /// There is no such object.
    Absent,
    /// It is the one that is known already.
    Unchanged,
    /// The object.
    Object(Download),
}

/// An object whose body comes.
pub struct Download {
    /// What is read, for messages.
    pub target: Target,
    /// Bytes of the whole object as stored, whatever stretch was asked for.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// Whether the service says that it is encrypted so that its ETag is no MD5.
    pub encrypted: bool,
    /// `Content-Encoding`; the body is still encoded.
    pub content_encoding: Option<String>,
    /// When the object was last written, by the service's clock.
    pub last_modified: Option<SystemTime>,
    /// When it was answered, by the service's clock.
    pub date: Option<SystemTime>,
    /// The body, which may break off with an error.
    pub pieces: BoxStream<'static, Result<Bytes, StoreError>>,
}

impl fmt::Debug for Download {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Download")
            .field("target", &self.target)
            .field("size", &self.size)
            .field("etag", &self.etag)
            .finish_non_exhaustive()
    }
}

/// A body that can be sent more than once.
#[derive(Debug, Clone)]
pub enum Body {
    /// In memory.
    Bytes(Bytes),
    /// A stretch of a file that is streamed while it is sent, and whose hash was taken in a first read.
    File(FileBody),
}

/// A stretch of a file.
#[derive(Debug, Clone)]
pub struct FileBody {
    /// The file.
    pub path: PathBuf,
    /// Where the stretch begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub length: u64,
    /// SHA-256 of the stretch by the first read; the request is signed with it.
    pub sha256: [u8; 32],
    /// CRC-64/NVME of the stretch by the first read, base64. The second is held against it, since it costs a tenth of SHA-256
    /// and sees as well that a file was written to.
    pub crc64: String,
    /// The additional checksum of the stretch, base64, where one is to be sent.
    pub checksum: Option<String>,
}

impl Body {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.length,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// On what a write depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is there (`If-None-Match: *`).
    Absent,
    /// What is there has this ETag (`If-Match`).
    Matches(String),
}

/// One object to store whole.
#[derive(Debug, Clone)]
pub struct PutRequest {
    /// Where.
    pub key: ObjectKey,
    /// What.
    pub body: Body,
    /// With which headers.
    pub parameters: ObjectParameters,
    /// Which additional checksum to send, if any.
    pub checksum: Option<ChecksumAlgorithm>,
    /// Only if.
    pub condition: Option<Condition>,
}

/// One object to store in parts.
#[derive(Debug, Clone)]
pub struct MultipartRequest {
    /// Where.
    pub key: ObjectKey,
    /// With which headers.
    pub parameters: ObjectParameters,
    /// Which additional checksum to send with each part, if any.
    pub checksum: Option<ChecksumAlgorithm>,
    /// Only if, at completion.
    pub condition: Option<Condition>,
}

/// What the service calls a multipart upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadId(pub String);

/// A part that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// From 1 to 10,000.
    pub number: u16,
    /// As the service gave it, without quotes.
    pub etag: String,
    /// Whether the service says that it is encrypted so that its ETag is no MD5.
    pub encrypted: bool,
    /// The additional checksum as the service gave it, base64.
    pub checksum: Option<(ChecksumAlgorithm, String)>,
}

/// What the service answers to a finished write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAnswer {
    /// Without quotes.
    pub etag: String,
    /// Whether the service says that the object is encrypted so that its ETag is no MD5.
    pub encrypted: bool,
    /// When it was answered, by the service's clock.
    pub date: Option<SystemTime>,
}
