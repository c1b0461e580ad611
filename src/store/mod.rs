//! The verbs on a bucket as a trait, and their errors named by meaning. [`s3`] speaks to a service,
//! [`memory`] is a map, [`retry`] goes round either; generic callers take any, and share a [`Limit`].

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::time::SystemTime;

use bytes::Bytes;

use crate::name::ObjectKey;
use crate::parameters::ObjectParameters;

mod body;
mod count;
mod error;
mod etag;
mod limit;
pub mod memory;
pub mod retry;
pub mod s3;

pub use crate::digest::{Checksum, ChecksumAlgorithm};
pub use error::{Operation, StoreError, StoreErrorKind, Target, permissions};
pub use etag::multipart_etag;
pub use limit::{Limit, Slot};

/// The verbs on one bucket. Each is one request; nothing is retried here (see [`retry`]).
pub trait Store: Send + Sync {
    /// One page of the objects whose keys start with `prefix`, sorted by key bytes.
    fn list(
        &self,
        prefix: &str,
        continuation: Option<&str>,
    ) -> impl Future<Output = Result<ListPage, StoreError>> + Send;

    /// What the bucket says of an object, its stored checksums included; `None` where there is none.
    fn head(&self, key: &ObjectKey) -> impl Future<Output = Result<Option<ObjectHead>, StoreError>> + Send;

    /// A whole object that fits into memory.
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

    /// How many requests were sent so far, by S3's operation names (`PutObject`), retries included.
    fn requests(&self) -> BTreeMap<&'static str, u64>;
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// At most 1,000 objects.
    pub objects: Vec<ListedObject>,
    /// Where the next page begins; `None` on the last.
    pub continuation: Option<String>,
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

/// One object to fetch whole.
#[derive(Debug, Clone)]
pub struct GetRequest {
    /// Which one.
    pub key: ObjectKey,
    /// Only if its ETag is another one than this, which is known already.
    pub unless: Option<String>,
    /// The most bytes that are taken; more is [`StoreErrorKind::TooLarge`].
    pub most: u64,
}

/// What a GET brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GetAnswer {
    /// There is no such object.
    Absent,
    /// It is the one that is known already.
    Unchanged,
    /// The object.
    Object(Fetched),
}

/// An object that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// As stored: still encoded, where there is an encoding.
    pub body: Bytes,
    /// Without quotes.
    pub etag: String,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
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
    /// The additional checksum as the service gave it, base64.
    pub checksum: Option<(ChecksumAlgorithm, String)>,
}

/// What the service answers to a finished write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAnswer {
    /// Without quotes.
    pub etag: String,
}
