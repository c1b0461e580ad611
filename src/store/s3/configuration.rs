//! How the bucket is set up: one request for each part of it, which S3 refuses to many who may well push.

use std::future::Future;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    BucketVersioningStatus, ExpirationStatus, LifecycleRule as SdkRule, ObjectOwnership, Tag,
    TransitionStorageClass,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::store::{
    Age, CorsRule, LifecycleRule, Operation, PublicAccessBlock, StoreError, StoreErrorKind, Versioning,
};

use super::S3Store;
use super::headers;
use super::send::Sending;

/// One request about the bucket itself; the SDK's types for each have nothing in common.
macro_rules! ask {
    ($store:expr, $operation:ident, $call:ident) => {{
        let call = $store.client.$call().bucket(&$store.place.bucket).customize();
        let call = call.interceptor($store.wire(headers::of_bucket(&$store.parameters)));
        $store.ask(Operation::$operation, call.send())
    }};
}

impl S3Store {
    /// Who may read across origins; no rules where none were made.
    ///
    /// # Errors
    /// The service refuses, or knows of no such thing.
    pub async fn cors_rules(&self) -> Result<Vec<CorsRule>, StoreError> {
        let answer = present(ask!(self, GetBucketCors, get_bucket_cors).await)?;
        let rules = answer.map(|answer| answer.cors_rules.unwrap_or_default()).unwrap_or_default();
        let rule = |rule: aws_sdk_s3::types::CorsRule| CorsRule {
            origins: rule.allowed_origins,
            methods: rule.allowed_methods,
        };
        Ok(rules.into_iter().map(rule).collect())
    }

    /// The rules that are in force and delete or archive objects.
    ///
    /// # Errors
    /// The service refuses, or knows of no such thing.
    pub async fn lifecycle_rules(&self) -> Result<Vec<LifecycleRule>, StoreError> {
        let asked = ask!(self, GetBucketLifecycleConfiguration, get_bucket_lifecycle_configuration);
        let rules = present(asked.await)?.map(|answer| answer.rules.unwrap_or_default()).unwrap_or_default();
        let enabled = rules.iter().filter(|rule| *rule.status() == ExpirationStatus::Enabled);
        Ok(enabled.map(rule).filter(|rule| rule.deletes.is_some() || rule.archives.is_some()).collect())
    }

    /// What the bucket keeps from being public; nothing where nobody said so. What the account keeps does not show here.
    ///
    /// # Errors
    /// The service refuses, or knows of no such thing.
    pub async fn public_access_block(&self) -> Result<PublicAccessBlock, StoreError> {
        let answer = present(ask!(self, GetPublicAccessBlock, get_public_access_block).await)?;
        let block = answer.and_then(|answer| answer.public_access_block_configuration);
        Ok(block.map_or_else(PublicAccessBlock::default, |block| PublicAccessBlock {
            acls: block.ignore_public_acls == Some(true),
            policy: block.restrict_public_buckets == Some(true),
        }))
    }

    /// Whether the bucket refuses ACLs ("Bucket owner enforced").
    ///
    /// # Errors
    /// The service refuses, or knows of no such thing.
    pub async fn acls_are_off(&self) -> Result<bool, StoreError> {
        let answer = present(ask!(self, GetBucketOwnershipControls, get_bucket_ownership_controls).await)?;
        let rules = answer
            .and_then(|answer| answer.ownership_controls)
            .map(|controls| controls.rules)
            .unwrap_or_default();
        Ok(rules.iter().any(|rule| rule.object_ownership == ObjectOwnership::BucketOwnerEnforced))
    }

    /// Whether the bucket keeps what is replaced.
    ///
    /// # Errors
    /// The service refuses, or knows of no such thing.
    pub async fn versioning(&self) -> Result<Versioning, StoreError> {
        let answer = ask!(self, GetBucketVersioning, get_bucket_versioning).await?;
        Ok(match answer.status {
            Some(BucketVersioningStatus::Enabled) => Versioning::On,
            Some(BucketVersioningStatus::Suspended) => Versioning::Suspended,
            _ => Versioning::Off,
        })
    }

    async fn ask<T, E>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, StoreError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        Sending::new(self, operation, "", &self.parameters).answer(call).await
    }
}

/// S3 answers 404 where there is no configuration of a kind.
fn present<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Err(StoreError { kind: StoreErrorKind::Refused { status: 404, .. }, .. }) => Ok(None),
        answer => answer.map(Some),
    }
}

fn rule(rule: &SdkRule) -> LifecycleRule {
    let filter = rule.filter();
    let and = filter.and_then(|filter| filter.and());
    #[expect(deprecated, reason = "rules that were made long ago have their prefix there")]
    let prefix = rule.prefix();
    let prefix = filter.and_then(|filter| filter.prefix()).or(and.and_then(|and| and.prefix())).or(prefix);
    let tags =
        filter.and_then(|filter| filter.tag()).into_iter().chain(and.into_iter().flat_map(|and| and.tags()));
    let pair = |tag: &Tag| (tag.key().to_owned(), tag.value().to_owned());
    let expiration = rule.expiration();
    // The other classes are read from as quickly as before.
    let slow = [TransitionStorageClass::Glacier, TransitionStorageClass::DeepArchive];
    let transition =
        rule.transitions().iter().find(|to| to.storage_class().is_some_and(|it| slow.contains(it)));
    LifecycleRule {
        id: rule.id().unwrap_or_default().to_owned(),
        prefix: prefix.unwrap_or_default().to_owned(),
        tags: tags.map(pair).collect(),
        deletes: expiration.and_then(|when| age(when.days(), when.date())),
        archives: transition
            .and_then(|to| Some((age(to.days(), to.date())?, to.storage_class()?.to_string()))),
    }
}

fn age(days: Option<i32>, date: Option<&DateTime>) -> Option<Age> {
    let on = || date.and_then(|date| date.fmt(Format::DateTime).ok()).map(Age::On);
    days.map(Age::Days).or_else(on)
}
