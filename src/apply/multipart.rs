//! One large object, in parts: all of them or none, so that nothing stays behind.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::task::spawn_blocking;

use crate::digest::LayoutPart;
use crate::encode::Encoded;
use crate::plan::{Step, stored_parameters};
use crate::report::Event;
use crate::store::{
    Condition, MultipartRequest, Part, PutAnswer, Store, UploadId, multipart_etag, part_proven,
};

use super::Context;
use super::failure::{Cause, Failure};
use super::object::{Digesting, failed};

/// How many parts of one object are in flight at once, as boto3's default.
const PARTS_AT_ONCE: usize = 10;

/// What one streamed part holds in memory: a piece that is being read, and one that is being sent.
const STREAM_BUFFERS: u64 = 128 * 1024;

/// A multipart upload that was begun.
struct Upload<'a> {
    step: &'a Step,
    encoded: &'a Arc<Encoded>,
    request: MultipartRequest,
    id: UploadId,
}

impl<S: Store + 'static> Context<S> {
    /// Stores a body in the parts of its layout; aborts the upload when that fails or the run is
    /// interrupted.
    pub(super) async fn put_in_parts(
        self: &Arc<Self>,
        index: usize,
        encoded: &Arc<Encoded>,
        digesting: &mut Digesting,
        condition: Option<Condition>,
    ) -> Result<PutAnswer, Failure> {
        let step = &self.plan.steps[index];
        let request = MultipartRequest {
            key: step.asset.key.clone(),
            parameters: stored_parameters(&step.asset.description.parameters, encoded.content_encoding),
            checksum: self.checksum(step),
            condition,
        };
        let id = {
            let _slot = self.turn().await?;
            self.store.create_multipart(&request).await?
        };
        let upload = Upload { step, encoded, request, id };
        let sent = tokio::select! {
            sent = self.send_proven(&upload, digesting) => sent,
            () = self.stop.cancelled() => Err(Failure::stopped()),
        };
        // A completion under way is waited for: whether it is done could not be known otherwise.
        let finished = match sent {
            Ok(parts) => self.complete(&upload, &parts).await,
            Err(failure) => Err(failure),
        };
        match finished {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.abort(&upload, failure).await),
        }
    }

    /// Sends all parts, and those again that arrived as others: only what was read becomes an object.
    async fn send_proven(
        self: &Arc<Self>,
        upload: &Upload<'_>,
        digesting: &mut Digesting,
    ) -> Result<Vec<Part>, Failure> {
        let mut parts = self.send_parts(upload).await?;
        let etag = &digesting.get().await?.body.etag;
        let agree = |parts: &[Part]| multipart_etag(parts).is_none_or(|arrived| arrived == *etag);
        if !agree(&parts) && !parts.iter().any(|part| part.encrypted) {
            for (part, layout) in parts.iter_mut().zip(upload.encoded.layout().parts()) {
                *part = self.proven(upload, part, layout).await?;
            }
        }
        Ok(parts)
    }

    /// The part as it is, or as it arrives at last.
    async fn proven(
        self: &Arc<Self>,
        upload: &Upload<'_>,
        part: &Part,
        layout: LayoutPart,
    ) -> Result<Part, Failure> {
        let encoded = Arc::clone(upload.encoded);
        let md5 = spawn_blocking(move || encoded.part_md5(&layout));
        let md5 = md5.await.expect("reading does not panic")?;
        if !part.contradicts(&md5) {
            return Ok(part.clone());
        }
        let body = self.body(upload.encoded, layout, upload.request.checksum).await?;
        let _slot = self.turn().await?;
        let part = part_proven(&*self.store, &upload.request, &upload.id, part.number, &body, &md5).await;
        part.map_err(|error| failed(upload.encoded, error.into()))
    }

    async fn send_parts(self: &Arc<Self>, upload: &Upload<'_>) -> Result<Vec<Part>, Failure> {
        let mut parts: Vec<Part> = stream::iter(upload.encoded.layout().parts())
            .map(|part| self.send_part(upload, part))
            .buffer_unordered(PARTS_AT_ONCE)
            .try_collect()
            .await?;
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    async fn complete(&self, upload: &Upload<'_>, parts: &[Part]) -> Result<PutAnswer, Failure> {
        let _slot = self.turn().await?;
        // The last moment at which half-old half-new can still be kept from becoming an object.
        upload.encoded.unchanged()?;
        Ok(self.store.complete_multipart(&upload.request, &upload.id, parts).await?)
    }

    async fn send_part(self: &Arc<Self>, upload: &Upload<'_>, part: LayoutPart) -> Result<Part, Failure> {
        let _buffers = self.options.budget.take(STREAM_BUFFERS).await;
        let body = self.body(upload.encoded, part, upload.request.checksum).await?;
        let slot = self.turn().await?;
        let answer = self.store.upload_part(&upload.request, &upload.id, part.number, &body).await;
        drop(slot);
        let stored = answer.map_err(|error| failed(upload.encoded, error.into()))?;
        // Progress is counted in bytes of the file; those of a compressed one are known only at its end.
        let share =
            part.length.saturating_mul(upload.step.asset.material.size()) / upload.encoded.size.max(1);
        self.reporter.event(&Event::Progress { files: 0, bytes: share });
        Ok(stored)
    }

    /// Gives the upload up; parts that could not be removed are said with the failure.
    async fn abort(&self, upload: &Upload<'_>, mut failure: Failure) -> Failure {
        let Err(error) = self.store.abort_multipart(&upload.request, &upload.id).await else {
            return failure;
        };
        if failure.cause == Cause::NotTried {
            failure.cause = Cause::Object;
            failure.problem.message = format!("the upload of `{}` was given up", upload.request.key);
        }
        failure.problem.note =
            Some(format!("the parts of this upload stay in the bucket until they expire: {error}"));
        failure
    }
}
