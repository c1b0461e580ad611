//! Sends again what may succeed the next time, after waits that grow and are spread by chance; and tells
//! whoever adapts the number of requests in flight how the service feels. It knows nothing of what it sends.
//!
//! After a lost answer the request may have been done already. Puts can be repeated, but a *conditional* one then
//! meets its own first try and answers 412. Here a new object is recognised by the MD5 of its body, and a completed
//! upload by the ETag of its parts; who swaps objects compares the ETag that is there with its own body before it
//! believes in somebody else. A body that breaks off goes on from where it was (`resume`).

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable as _};
use md5::{Digest as _, Md5};
use tokio::time::Instant;

use crate::digest::hex;
use crate::name::ObjectKey;

mod resume;

use super::{
    Body, Condition, GetAnswer, GetRequest, Limit, ListPage, ListedVersion, MultipartRequest, ObjectHead,
    Part, PutAnswer, PutRequest, Store, StoreError, StoreErrorKind, Target, UploadId, multipart_etag,
};

/// Tries in all.
const ATTEMPTS: usize = 6;
/// The bound of the first wait.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The bound of any wait.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How long a service that never answered is asked: a wrong endpoint shall be told soon.
const NEVER_REACHED: Duration = Duration::from_secs(3);

/// How the service feels about the number of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// It asked for fewer.
    SlowDown,
    /// It did what it was asked.
    Succeeded,
}

/// A store whose requests are sent again. Clones share the store and what is known of it.
pub struct Retrying<S>(Arc<Core<S>>);

struct Core<S> {
    inner: S,
    observer: Box<dyn Fn(Pressure) + Send + Sync>,
    reached: AtomicBool,
    waits: Waits,
}

impl<S> Clone for Retrying<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: fmt::Debug> fmt::Debug for Retrying<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Retrying").field(&self.0.inner).finish()
    }
}

impl<S: Store> Retrying<S> {
    /// Goes round a store; the observer is called after each try, from whichever task sent it.
    pub fn new(inner: S, observer: impl Fn(Pressure) + Send + Sync + 'static) -> Self {
        Self::with_attempts(inner, None, observer)
    }

    /// The same with another number of tries, the first included.
    pub fn with_attempts(
        inner: S,
        attempts: Option<usize>,
        observer: impl Fn(Pressure) + Send + Sync + 'static,
    ) -> Self {
        let waits = Waits { attempts: attempts.unwrap_or(ATTEMPTS) };
        Self(Arc::new(Core { inner, observer: Box::new(observer), reached: AtomicBool::new(false), waits }))
    }

    /// The same with a limit on the requests in flight that follows how the service feels; of at most `concurrency`,
    /// where that is said.
    pub fn limited(inner: S, attempts: Option<usize>, concurrency: Option<usize>) -> (Self, Arc<Limit>) {
        let limit = Limit::new(concurrency);
        let pressed = Arc::clone(&limit);
        let store = Self::with_attempts(inner, attempts, move |pressure| match pressure {
            Pressure::SlowDown => pressed.shrink(),
            Pressure::Succeeded => pressed.grow(),
        });
        (store, limit)
    }

    /// The store within.
    pub fn inner(&self) -> &S {
        &self.0.inner
    }

    async fn retried<T, F>(&self, request: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.0.retried(request).await
    }
}

impl<S: Store> Core<S> {
    async fn retried<T, F>(&self, request: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let begin = Instant::now();
        let attempt = || async {
            let outcome = request().await;
            self.observe(&outcome);
            outcome
        };
        attempt
            .retry(self.waits)
            .when(|error: &StoreError| error.is_retryable() && !self.is_hopeless(error, begin.elapsed()))
            .await
    }

    fn observe<T>(&self, outcome: &Result<T, StoreError>) {
        match outcome {
            Ok(_) => (self.observer)(Pressure::Succeeded),
            Err(error) if error.kind == StoreErrorKind::SlowDown => (self.observer)(Pressure::SlowDown),
            Err(_) => {}
        }
        if !matches!(outcome, Err(error) if is_unreached(error)) {
            self.reached.store(true, Ordering::Relaxed);
        }
    }

    /// Nothing ever answered there.
    fn is_hopeless(&self, error: &StoreError, elapsed: Duration) -> bool {
        is_unreached(error) && !self.reached.load(Ordering::Relaxed) && elapsed >= NEVER_REACHED
    }
}

/// Whether the request met nobody who could have answered it.
fn is_unreached(error: &StoreError) -> bool {
    matches!(error.kind, StoreErrorKind::Unreachable { .. } | StoreErrorKind::Proxy { .. })
}

/// Waits with full jitter: anything from nothing to a bound that doubles.
#[derive(Debug, Clone, Copy)]
struct Waits {
    /// Tries in all.
    attempts: usize,
}

/// The waits between so many tries, for what is no store.
pub(crate) fn waits(attempts: Option<usize>) -> impl BackoffBuilder {
    Waits { attempts: attempts.unwrap_or(ATTEMPTS) }
}

impl BackoffBuilder for Waits {
    type Backoff = Box<dyn Iterator<Item = Duration> + Send + Sync>;

    fn build(self) -> Self::Backoff {
        let bounds = ExponentialBuilder::new()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(self.attempts.saturating_sub(1));
        // backon's jitter lies between the bound and its double.
        let spread = bounds.with_jitter().build();
        Box::new(spread.zip(bounds.build()).map(|(spread, bound)| spread.saturating_sub(bound)))
    }
}

impl<S: Store + 'static> Store for Retrying<S> {
    async fn list(&self, prefix: &str, continuation: Option<&str>) -> Result<ListPage, StoreError> {
        self.retried(|| self.0.inner.list(prefix, continuation)).await
    }

    async fn list_level(&self, prefix: &str, continuation: Option<&str>) -> Result<ListPage, StoreError> {
        self.retried(|| self.0.inner.list_level(prefix, continuation)).await
    }

    async fn head_version(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<ObjectHead>, StoreError> {
        self.retried(|| self.0.inner.head_version(key, version)).await
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<ListedVersion>, StoreError> {
        self.retried(|| self.0.inner.versions(key)).await
    }

    async fn get(&self, request: &GetRequest) -> Result<GetAnswer, StoreError> {
        Ok(match self.retried(|| self.0.inner.get(request)).await? {
            GetAnswer::Object(download) => GetAnswer::Object(resume::resuming(self, request, download)),
            answer => answer,
        })
    }

    async fn put(&self, request: &PutRequest) -> Result<PutAnswer, StoreError> {
        let tries = AtomicU32::new(0);
        let outcome = self
            .retried(|| {
                tries.fetch_add(1, Ordering::Relaxed);
                self.0.inner.put(request)
            })
            .await;
        match outcome {
            Err(error) if tries.into_inner() > 1 => self.put_before(request, &error).await.ok_or(error),
            outcome => outcome,
        }
    }

    async fn create_multipart(&self, request: &MultipartRequest) -> Result<UploadId, StoreError> {
        self.retried(|| self.0.inner.create_multipart(request)).await
    }

    async fn upload_part(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        number: u16,
        body: &Body,
    ) -> Result<Part, StoreError> {
        self.retried(|| self.0.inner.upload_part(request, upload, number, body)).await
    }

    async fn complete_multipart(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        parts: &[Part],
    ) -> Result<PutAnswer, StoreError> {
        let tries = AtomicU32::new(0);
        let outcome = self
            .retried(|| {
                tries.fetch_add(1, Ordering::Relaxed);
                self.0.inner.complete_multipart(request, upload, parts)
            })
            .await;
        match outcome {
            Err(error) if tries.into_inner() > 1 && may_be_done(&error) => {
                self.completed_before(&request.key, parts).await.ok_or(error)
            }
            outcome => outcome,
        }
    }

    async fn abort_multipart(&self, request: &MultipartRequest, upload: &UploadId) -> Result<(), StoreError> {
        self.retried(|| self.0.inner.abort_multipart(request, upload)).await
    }

    async fn delete(&self, keys: &[ObjectKey]) -> Result<Vec<StoreError>, StoreError> {
        let mut failed = self.retried(|| self.0.inner.delete(keys)).await?;
        for wait in self.0.waits.build() {
            let (again, other): (Vec<_>, Vec<_>) = failed.into_iter().partition(StoreError::is_retryable);
            failed = other;
            let keys: Vec<ObjectKey> =
                again.into_iter().filter_map(|error| ObjectKey::new(error.target.key).ok()).collect();
            if keys.is_empty() {
                break;
            }
            tokio::time::sleep(wait).await;
            failed.extend(self.retried(|| self.0.inner.delete(&keys)).await?);
        }
        Ok(failed)
    }

    fn target(&self, key: &ObjectKey) -> Target {
        self.0.inner.target(key)
    }

    fn requests(&self) -> BTreeMap<&'static str, u64> {
        self.0.inner.requests()
    }
}

/// The answers that a second completion gets when the first one was done.
fn may_be_done(error: &StoreError) -> bool {
    matches!(error.kind, StoreErrorKind::NoSuchUpload | StoreErrorKind::PreconditionFailed)
}

impl<S: Store + 'static> Retrying<S> {
    /// The object, if a put that was to make a new one met what its own first try had made.
    async fn put_before(&self, request: &PutRequest, error: &StoreError) -> Option<PutAnswer> {
        let (Some(Condition::Absent), Body::Bytes(body)) = (&request.condition, &request.body) else {
            return None;
        };
        if error.kind != StoreErrorKind::PreconditionFailed {
            return None;
        }
        let there = self.head(&request.key).await.ok()??;
        (there.etag == hex(&Md5::digest(body))).then(|| PutAnswer {
            encrypted: !there.etag_is_md5(),
            etag: there.etag,
            date: there.last_modified,
        })
    }

    /// The object, if it is the one that these parts make.
    async fn completed_before(&self, key: &ObjectKey, parts: &[Part]) -> Option<PutAnswer> {
        let there = self.head(key).await.ok()??;
        let wanted = multipart_etag(parts)?;
        (there.etag == wanted).then_some(PutAnswer {
            etag: wanted,
            encrypted: false,
            date: there.last_modified,
        })
    }
}

#[cfg(test)]
mod tests;
