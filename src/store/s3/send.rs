//! Sends one request: counts it, bounds every wait, and turns its failure into ours. Bodies are handed out in
//! pieces, so that the bound is on standing still, not on the whole.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use crate::parameters::ObjectParameters;
use crate::store::body::{BodyFault, BodyReader};
use crate::store::{Body, Operation, PutAnswer, StoreError, StoreErrorKind, Target};

use super::S3Store;
use super::failure::Asked;
use super::told::Told;

/// How long nothing may move: no piece of the body is taken, or no answer comes after the last one.
pub(super) const STANDSTILL: Duration = Duration::from_secs(60);
/// How many times that where the service works before it answers: it puts gigabytes of parts together.
const COMPLETION: u32 = 10;

/// When something last moved, and what went wrong with the body.
#[derive(Debug)]
pub(super) struct Progress {
    moved: Mutex<Instant>,
    fault: Mutex<Option<BodyFault>>,
}

impl Progress {
    fn new() -> Arc<Self> {
        Arc::new(Self { moved: Mutex::new(Instant::now()), fault: Mutex::new(None) })
    }

    fn touch(&self) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn moved(&self) -> Instant {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, fault: BodyFault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn take_fault(&self) -> Option<BodyFault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One request about to be sent.
pub(super) struct Sending<'a> {
    store: &'a S3Store,
    operation: Operation,
    key: &'a str,
    parameters: &'a ObjectParameters,
    progress: Arc<Progress>,
    told: Told,
}

impl<'a> Sending<'a> {
    /// A request about a key, with the parameters that its hints need.
    pub(super) fn new(
        store: &'a S3Store,
        operation: Operation,
        key: &'a str,
        parameters: &'a ObjectParameters,
    ) -> Self {
        Self { store, operation, key, parameters, progress: Progress::new(), told: Told::default() }
    }

    /// The body as the SDK takes it.
    pub(super) async fn body(&self, body: &Body) -> Result<ByteStream, StoreError> {
        let reader = BodyReader::open(body).await.map_err(|fault| self.faulty(fault))?;
        let pieces = Pieces { reader, progress: Arc::clone(&self.progress) };
        Ok(ByteStream::new(SdkBody::from_body_1_x(pieces)))
    }

    /// Sends it.
    pub(super) async fn answer<T, E>(
        &self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, StoreError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.store.counts.add(self.operation);
        let limit = match self.operation {
            Operation::CompleteMultipartUpload => self.store.place.standstill.saturating_mul(COMPLETION),
            _ => self.store.place.standstill,
        };
        let Some(answer) = while_moving(&self.progress, limit, request).await else {
            return Err(self.timed_out(limit));
        };
        answer.map_err(|error| match self.progress.take_fault() {
            Some(fault) => self.faulty(fault),
            None => self.asked().classify(&error),
        })
    }

    fn timed_out(&self, limit: Duration) -> StoreError {
        timed_out(self.operation, self.target(), limit)
    }

    /// What learns what the head of the answer tells.
    pub(super) fn told(&self) -> Told {
        self.told.clone()
    }

    /// Whether an ETag cannot be the MD5 of a body: where it is encrypted by other keys than the service's own, and in a
    /// directory bucket.
    pub(super) fn encrypted(&self) -> bool {
        self.told.encrypted() || self.store.place.bucket.ends_with("--x-s3")
    }

    /// Holds the checksum that was sent against the one in the answer, where there is one.
    pub(super) fn confirm(&self, sent: Option<&(String, String)>) -> Result<(), StoreError> {
        let Some((name, ours)) = sent else { return Ok(()) };
        match self.told.checksum(name) {
            Some(theirs) if theirs != ours => {
                let cause = format!("`{name}` is `{theirs}` in the answer, and was sent as `{ours}`");
                Err(self.error(StoreErrorKind::Damaged).because(cause))
            }
            _ => Ok(()),
        }
    }

    /// How long nothing may move.
    pub(super) fn standstill(&self) -> Duration {
        self.store.place.standstill
    }

    /// An error of this request.
    pub(super) fn error(&self, kind: StoreErrorKind) -> StoreError {
        StoreError::new(self.operation, self.target(), kind)
    }

    /// The answer is S3's only in its status.
    pub(super) fn not_s3(&self, cause: &str) -> StoreError {
        let endpoint = self.store.place.endpoint.clone();
        self.error(StoreErrorKind::NotS3 { endpoint }).because(cause)
    }

    /// The ETag, without which an answer is not S3's.
    pub(super) fn etag(&self, etag: Option<&str>) -> Result<String, StoreError> {
        let missing = || self.not_s3(&format!("the answer to {} has no ETag", self.operation));
        etag.map(unquoted).ok_or_else(missing)
    }

    /// What an answer to a put, or to a completion, says.
    pub(super) fn stored(&self, etag: Option<&str>) -> Result<PutAnswer, StoreError> {
        Ok(PutAnswer { etag: self.etag(etag)?, encrypted: self.encrypted(), date: self.told.date() })
    }

    /// What is told of one thing among several inside a good answer.
    pub(super) fn refused_in_answer(&self, code: &str, message: Option<&str>) -> StoreError {
        self.asked().within_answer(code, message)
    }

    fn faulty(&self, fault: BodyFault) -> StoreError {
        fault.into_error(self.operation, self.target())
    }

    /// What the request is about, as messages name it.
    pub(super) fn target(&self) -> Target {
        Target { bucket: self.store.place.bucket.clone(), key: self.key.to_owned() }
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            operation: self.operation,
            target: self.target(),
            place: &self.store.place,
            parameters: self.parameters,
        }
    }
}

/// The error of a request that stood still.
pub(super) fn timed_out(operation: Operation, target: Target, limit: Duration) -> StoreError {
    let cause = format!("nothing moved for {} seconds", limit.as_secs());
    StoreError::new(operation, target, StoreErrorKind::TimedOut).because(cause)
}

/// Waits for as long as something moves; `None` when nothing did for the limit.
async fn while_moving<T>(
    progress: &Progress,
    limit: Duration,
    request: impl Future<Output = T>,
) -> Option<T> {
    let mut request = std::pin::pin!(request);
    loop {
        let deadline = progress.moved() + limit;
        if let Ok(answer) = tokio::time::timeout_at(deadline, request.as_mut()).await {
            return Some(answer);
        }
        if progress.moved() + limit <= Instant::now() {
            return None;
        }
    }
}

/// A body as hyper takes it.
struct Pieces {
    reader: BodyReader,
    progress: Arc<Progress>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        let piece = self.reader.poll_piece(context);
        if piece.is_ready() {
            self.progress.touch();
        }
        piece.map(|piece| {
            piece.map(|piece| {
                piece.map(Frame::data).map_err(|fault| {
                    self.progress.fail(fault);
                    Interrupted
                })
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.reader.remaining() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.reader.remaining())
    }
}

/// Tells hyper that the body ends here; why stands in [`Progress`].
#[derive(Debug)]
struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the body cannot be sent")
    }
}

impl std::error::Error for Interrupted {}

/// An ETag as it is compared and recorded.
pub(super) fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_no_standstill() {
        let progress = Progress::new();
        let slow = async {
            for _ in 0..10 {
                tokio::time::sleep(STANDSTILL * 9 / 10).await;
                progress.touch();
            }
        };
        assert_eq!(while_moving(&progress, STANDSTILL, slow).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_standstill_ends_the_wait() {
        let begin = Instant::now();
        let never = std::future::pending::<()>();
        assert_eq!(while_moving(&Progress::new(), STANDSTILL, never).await, None);
        assert_eq!(begin.elapsed(), STANDSTILL);
    }
}
