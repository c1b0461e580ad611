//! One object: encode it, then store it whole or in parts.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use crate::digest::{ChecksumAlgorithm, LayoutPart};
use crate::encode::{self, EncodeError, Encoded};
use crate::error::Problem;
use crate::object::Compression;
use crate::parameters::{ObjectParameters, Parameter};
use crate::plan::{Action, Step, stored_parameters};
use crate::report::Event;
use crate::store::{Body, PutRequest, Slot, Store, StoreError, StoreErrorKind};

use super::Context;

/// An object that is in the bucket now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// As the store answered, without quotes.
    pub etag: String,
    /// Bytes as stored.
    pub size: u64,
    /// What compression added, if it did.
    pub content_encoding: Option<&'static str>,
}

/// Why an object is not stored.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Box<Problem>,
    /// Whether every other object would fail the same way.
    pub(super) hopeless: bool,
    /// Whether the run was stopped before the object was touched.
    pub(super) not_tried: bool,
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        Self { problem: Box::new(Problem::of(&error)), hopeless: false, not_tried: false }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let hopeless = matches!(
            error.kind,
            StoreErrorKind::NoSuchBucket { .. }
                | StoreErrorKind::BadCredentials { .. }
                | StoreErrorKind::ExpiredCredentials
                | StoreErrorKind::NoCredentials { .. }
                | StoreErrorKind::CredentialsNotLoaded
                | StoreErrorKind::WrongRegion { .. }
                | StoreErrorKind::SignatureNotSupported
                | StoreErrorKind::ClockSkew
                | StoreErrorKind::Unreachable { .. }
                | StoreErrorKind::Proxy { .. }
                | StoreErrorKind::ProxyAuthentication { .. }
                | StoreErrorKind::Tls { .. }
                | StoreErrorKind::NoTls { .. }
                | StoreErrorKind::NotS3 { .. }
        );
        Self { problem: Box::new(Problem::of(&error)), hopeless, not_tried: false }
    }
}

impl Failure {
    /// The run was stopped before the object was touched.
    pub(super) fn stopped() -> Self {
        Self { problem: Box::new(Problem::new("not tried any more")), hopeless: false, not_tried: true }
    }
}

impl<S: Store + 'static> Context<S> {
    /// Stores the object of a step, and tells what became of it.
    pub(super) async fn object(self: &Arc<Self>, index: usize) -> Result<Stored, Failure> {
        let step = &self.plan.steps[index];
        let asset = &step.asset;
        let result = self.store_step(index).await.map_err(|mut failure| {
            failure.problem.name = Some(asset.material.name().to_string());
            failure.problem.key = Some(asset.key.to_string());
            if failure.hopeless {
                self.stop.cancel();
            }
            failure
        });
        let reason = match (&result, &step.action) {
            (Err(failure), _) => failure.problem.message.clone(),
            (Ok(_), Action::Put(reason)) => reason.to_string(),
            (Ok(_), Action::Skip(reason)) => reason.to_string(),
        };
        let action = if result.is_ok() { "put" } else { "failed" };
        self.reporter.event(&Event::Progress { files: 1, bytes: 0 });
        if !matches!(&result, Err(failure) if failure.not_tried) {
            let name = asset.stored_name.as_str();
            self.reporter.event(&Event::Outcome { name, action, reason: &reason });
        }
        result
    }

    async fn store_step(self: &Arc<Self>, index: usize) -> Result<Stored, Failure> {
        let step = &self.plan.steps[index];
        let hold = encode::HOLD.min(self.options.budget.total());
        let held = self.options.budget.take(step.asset.material.size().min(hold)).await;
        if self.stop.is_cancelled() {
            return Err(Failure::stopped());
        }
        let encoded = Arc::new(self.encode(index, hold).await?);
        let etag = if encoded.layout().is_multipart() {
            drop(held);
            self.put_in_parts(index, &encoded).await?
        } else {
            self.put(step, &encoded, held).await?
        };
        Ok(Stored { etag, size: encoded.size, content_encoding: encoded.content_encoding })
    }

    /// Makes the body that will be stored; compression waits for a core.
    async fn encode(self: &Arc<Self>, index: usize, hold: u64) -> Result<Encoded, Failure> {
        let compressed =
            matches!(self.plan.steps[index].asset.description.compression, Compression::Gzip { .. });
        let core = if compressed { self.cores.acquire().await.ok() } else { None };
        let (plan, chunking) = (Arc::clone(&self.plan), self.options.chunking);
        let encoded = spawn_blocking(move || {
            let asset = &plan.steps[index].asset;
            encode::encode(&asset.material, &asset.description.compression, chunking, hold)
        });
        let encoded = encoded.await.expect("encoding does not panic")?;
        drop(core);
        Ok(encoded)
    }

    /// Stores a body by one request.
    async fn put(
        self: &Arc<Self>,
        step: &Step,
        encoded: &Arc<Encoded>,
        held: OwnedSemaphorePermit,
    ) -> Result<String, Failure> {
        let checksum = self.checksum(step);
        let whole = LayoutPart { number: 1, offset: 0, length: encoded.size };
        let request = PutRequest {
            key: step.asset.key.clone(),
            body: self.body(encoded, whole, checksum).await?,
            parameters: stored_parameters(&step.asset.description.parameters, encoded.content_encoding),
            checksum,
            condition: None,
        };
        let slot = self.turn().await?;
        let answer = self.store.put(&request).await;
        drop(slot);
        let answer = answer.map_err(|error| failed(encoded, error))?;
        drop(held);
        self.reporter.event(&Event::Progress { files: 0, bytes: step.asset.material.size() });
        Ok(answer.etag)
    }

    /// A stretch of a body as something to send: shared where the body is in memory, else hashed now and streamed
    /// later.
    pub(super) async fn body(
        &self,
        encoded: &Arc<Encoded>,
        part: LayoutPart,
        checksum: Option<ChecksumAlgorithm>,
    ) -> Result<Body, Failure> {
        let encoded = Arc::clone(encoded);
        let made = spawn_blocking(move || match encoded.file_body(&part, checksum)? {
            Some(file) => Ok(Body::File(file)),
            None => encoded.part(&part).map(Body::Bytes),
        });
        made.await.expect("reading does not panic").map_err(|error: EncodeError| error.into())
    }

    /// Waits for the right to send a request, which is gone once the run is stopped.
    pub(super) async fn turn(&self) -> Result<Slot, Failure> {
        let slot = self.options.limit.slot().await;
        if self.stop.is_cancelled() { Err(Failure::stopped()) } else { Ok(slot) }
    }

    /// The additional checksum that goes with an object's bodies. S3 takes nothing with a lock on it without one.
    pub(super) fn checksum(&self, step: &Step) -> Option<ChecksumAlgorithm> {
        let is_locked = has_lock(&step.asset.description.parameters);
        self.options.checksum.or(is_locked.then_some(ChecksumAlgorithm::Crc32))
    }
}

fn has_lock(parameters: &ObjectParameters) -> bool {
    let locks = [
        Parameter::ObjectLockLegalHoldStatus,
        Parameter::ObjectLockMode,
        Parameter::ObjectLockRetainUntilDate,
    ];
    locks.into_iter().any(|parameter| parameters.get(parameter).is_some())
}

/// Why a body was not stored: where its file is no longer what was hashed, that is why, whatever the store says.
pub(super) fn failed(encoded: &Encoded, error: StoreError) -> Failure {
    match encoded.unchanged() {
        Ok(()) => error.into(),
        Err(changed) => changed.into(),
    }
}
