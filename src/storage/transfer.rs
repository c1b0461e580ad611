//! Who watches a long transfer, and who may end it.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::report::{Event, Reporter, Silent};

use super::StorageError;

/// Who watches a transfer and who may end it; by default nobody.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use s3collect::report::{Event, Reporter};
/// use s3collect::storage::{Content, Transfer};
/// # use s3collect::storage::Storage;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// #[derive(Default)]
/// struct Counter(AtomicU64);
///
/// impl Reporter for Counter {
///     fn event(&self, event: &Event<'_>) {
///         if let Event::Progress { bytes, .. } = event {
///             self.0.fetch_add(*bytes, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let counter = Arc::new(Counter::default());
/// let transfer = Transfer { reporter: counter.clone(), ..Transfer::default() };
/// storage.save("a.txt", Content::from("hello").watched(transfer)).await?;
/// assert_eq!(counter.0.load(Ordering::Relaxed), 5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Transfer {
    /// Hears of bytes that went by.
    pub reporter: Arc<dyn Reporter>,
    /// Ends it, leaving nothing half-done in the bucket.
    pub cancel: CancellationToken,
}

impl Default for Transfer {
    fn default() -> Self {
        Self { reporter: Arc::new(Silent), cancel: CancellationToken::new() }
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transfer").field("cancel", &self.cancel).finish_non_exhaustive()
    }
}

impl Transfer {
    pub(super) fn progress(&self, bytes: usize) {
        self.reporter.event(&Event::Progress { files: 0, bytes: bytes as u64 });
    }

    /// Waits for something unless it is interrupted.
    pub(super) async fn unless_cancelled<T, E: Into<StorageError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, StorageError> {
        tokio::select! {
            outcome = work => outcome.map_err(Into::into),
            () = self.cancel.cancelled() => Err(StorageError::Interrupted),
        }
    }

    /// A reader that is watched, and fails when it is interrupted.
    pub(super) fn reading<R>(&self, inner: R) -> Watched<R> {
        Watched { inner, cancelled: Box::pin(self.cancel.clone().cancelled_owned()), transfer: self.clone() }
    }
}

/// A reader that is watched.
pub(super) struct Watched<R> {
    inner: R,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    transfer: Transfer,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cancelled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(StorageError::Interrupted.into_io()));
        }
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.transfer.progress(buffer.filled().len() - before);
        outcome
    }
}
