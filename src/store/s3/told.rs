//! What the head of an answer tells and the SDK's outputs leave out, or have in a place of its own for each operation: when
//! it was given, by the one clock that all clients of a bucket share, and what the service knows of the body.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;

use crate::store::ChecksumAlgorithm;

/// What one answer told, once it was there; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<OnceLock<Head>>);

#[derive(Debug)]
struct Head {
    date: Option<SystemTime>,
    encrypted: bool,
    /// By their headers.
    checksums: Vec<(&'static str, String)>,
}

impl Told {
    /// When it was; `None` before the answer, and where that had no date.
    pub(super) fn date(&self) -> Option<SystemTime> {
        self.0.get().and_then(|head| head.date)
    }

    /// Whether the object is encrypted with a key of KMS's or the customer's, which makes its ETag no MD5.
    pub(super) fn encrypted(&self) -> bool {
        self.0.get().is_some_and(|head| head.encrypted)
    }

    /// The checksum that stands in a header.
    pub(super) fn checksum(&self, header: &str) -> Option<&str> {
        let checksums = &self.0.get()?.checksums;
        checksums.iter().find(|(name, _)| *name == header).map(|(_, value)| value.as_str())
    }

    /// Takes what stands in an answer's headers.
    pub(super) fn learn<'a>(&self, header: impl Fn(&str) -> Option<&'a str>) {
        let algorithms = [
            ChecksumAlgorithm::Crc32,
            ChecksumAlgorithm::Crc32c,
            ChecksumAlgorithm::Crc64Nvme,
            ChecksumAlgorithm::Sha1,
            ChecksumAlgorithm::Sha256,
        ];
        let by_kms = header("x-amz-server-side-encryption").is_some_and(|by| by.starts_with("aws:kms"));
        self.0.get_or_init(|| Head {
            date: header("date").and_then(|text| httpdate::parse_http_date(text).ok()),
            encrypted: by_kms || header("x-amz-server-side-encryption-customer-algorithm").is_some(),
            checksums: algorithms
                .iter()
                .filter_map(|algorithm| Some((algorithm.header(), header(algorithm.header())?.to_owned())))
                .collect(),
        });
    }
}

#[dyn_dispatch_hint]
impl Intercept for Told {
    fn name(&self) -> &'static str {
        "s3collect told"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.learn(|name| context.response().headers().get(name));
        Ok(())
    }
}
