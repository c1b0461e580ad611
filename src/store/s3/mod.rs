//! The only module that does network, and the only one that names the AWS crates. One file per operation; how
//! a client is made stands in `client`, what a failure means in `classify`. It may not touch settings layers or
//! the terminal, and reads no environment but through the AWS chain and the proxy variables of the HTTP client.
#![expect(clippy::disallowed_types, reason = "this is the one door to the network")]

use std::collections::BTreeMap;

use crate::name::ObjectKey;
use crate::parameters::ObjectParameters;
use crate::settings::ConnectionSettings;

use super::count::Counts;
use super::{
    Body, GetAnswer, GetRequest, ListPage, ListedVersion, MultipartRequest, ObjectHead, Part, PutAnswer,
    PutRequest, Store, StoreError, Target, UploadId,
};

mod caller;
mod classify;
mod client;
mod configuration;
mod delete;
mod direct;
mod failure;
mod get;
mod head;
mod headers;
mod http;
mod keys;
mod list;
mod multipart;
mod put;
mod send;
mod sign;
mod signing;
mod told;
mod visit;
mod wire;

pub(crate) use caller::{Answer, Caller, Service, region};
pub use signing::{Identity, UrlPlace, identity, url_place};
pub use visit::{Visited, visit};

/// A bucket at an S3 service.
pub struct S3Store {
    client: aws_sdk_s3::Client,
    /// `None` where only the SDK can sign.
    direct: Option<direct::Direct>,
    place: client::Place,
    /// Those that hold for the whole store: HEAD, GET and LIST take them from here.
    parameters: ObjectParameters,
    counts: Counts,
}

impl std::fmt::Debug for S3Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("S3Store").field("place", &self.place).finish_non_exhaustive()
    }
}

impl S3Store {
    /// Makes a client for a bucket; sends nothing yet. HEAD, GET and LIST carry `RequestPayer`, `ExpectedBucketOwner` and
    /// the customer's key out of `parameters`. `settings.local` is for the caller: whoever runs the embedded
    /// endpoint hands its address in as `endpoint_url`.
    ///
    /// With credentials, region and endpoint given, nothing else is consulted. Otherwise the AWS environment
    /// variables and shared files say what is missing, as they do for boto3; a region that nobody names is `us-east-1`.
    ///
    /// # Errors
    /// [`BadEndpoint`](super::StoreErrorKind::BadEndpoint) for an endpoint URL that is none.
    pub async fn connect(
        settings: &ConnectionSettings,
        parameters: &ObjectParameters,
    ) -> Result<Self, StoreError> {
        let client::Connected { client, place, direct } = client::connect(settings).await?;
        Ok(Self { client, direct, place, parameters: parameters.clone(), counts: Counts::default() })
    }

    /// Where the service is, as messages name it: scheme, host, port and path.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.place.endpoint
    }

    /// The region that requests are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.place.region
    }
}

impl Store for S3Store {
    async fn list(&self, prefix: &str, continuation: Option<&str>) -> Result<ListPage, StoreError> {
        list::list(self, prefix, None, continuation).await
    }

    async fn list_level(&self, prefix: &str, continuation: Option<&str>) -> Result<ListPage, StoreError> {
        list::list(self, prefix, Some("/"), continuation).await
    }

    async fn head_version(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<ObjectHead>, StoreError> {
        head::head(self, key, version).await
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<ListedVersion>, StoreError> {
        list::versions(self, key).await
    }

    async fn get(&self, request: &GetRequest) -> Result<GetAnswer, StoreError> {
        get::get(self, request).await
    }

    async fn put(&self, request: &PutRequest) -> Result<PutAnswer, StoreError> {
        put::put(self, request).await
    }

    async fn create_multipart(&self, request: &MultipartRequest) -> Result<UploadId, StoreError> {
        multipart::create(self, request).await
    }

    async fn upload_part(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        number: u16,
        body: &Body,
    ) -> Result<Part, StoreError> {
        multipart::upload_part(self, request, upload, number, body).await
    }

    async fn complete_multipart(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        parts: &[Part],
    ) -> Result<PutAnswer, StoreError> {
        multipart::complete(self, request, upload, parts).await
    }

    async fn abort_multipart(&self, request: &MultipartRequest, upload: &UploadId) -> Result<(), StoreError> {
        multipart::abort(self, request, upload).await
    }

    async fn delete(&self, keys: &[ObjectKey]) -> Result<Vec<StoreError>, StoreError> {
        delete::delete(self, keys).await
    }

    fn target(&self, key: &ObjectKey) -> Target {
        Target { bucket: self.place.bucket.clone(), key: key.to_string() }
    }

    fn requests(&self) -> BTreeMap<&'static str, u64> {
        self.counts.all()
    }
}
