//! A file that is written piece by piece: a multipart upload under way, whose object appears when the file is closed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use tokio::io::AsyncWrite;

use crate::name::{ObjectKey, clean_name};
use crate::store::{Condition, Store, StoreErrorKind};

use super::upload::{Destination, Stored, Upload};
use super::{Saved, Storage, StorageError};

/// The least that S3 takes for a part that is not the last.
const LEAST_PART: u64 = 5 * 1024 * 1024;

/// A file that is being written. The object appears, whole, when [`StorageWriter::close`] has succeeded; a writer that is
/// dropped before leaves neither object nor parts.
///
/// ```
/// use tokio::io::AsyncWriteExt;
/// # use s3collect::storage::Storage;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// let mut file = storage.create("a.txt")?;
/// file.write_all(b"hello, ").await?;
/// file.write_all(b"world").await?;
/// assert!(!storage.exists("a.txt").await?);
/// file.close().await?;
/// assert_eq!(storage.size("a.txt").await?, 12);
/// # Ok(())
/// # }
/// ```
pub struct StorageWriter<S: Store + 'static> {
    storage: Storage<S>,
    name: String,
    key: ObjectKey,
    state: State<S>,
}

/// A part on its way, which brings the upload back.
type Sending<S> = BoxFuture<'static, (Box<Upload<S>>, Result<(), StorageError>)>;

enum State<S: Store + 'static> {
    Idle(Box<Upload<S>>),
    Sending(Sending<S>),
    Closing(BoxFuture<'static, Result<Option<Stored>, StorageError>>),
    Closed(Option<Stored>),
    Failed,
}

impl<S: Store + 'static> Storage<S> {
    /// Opens a file for writing; sends nothing yet. It replaces what has this name, also with `file_overwrite = false`,
    /// as in django-storages, and is never compressed.
    ///
    /// # Errors
    /// Names that are refused.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let file = storage.create("empty.txt")?;
    /// assert_eq!(file.close().await?.size, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, name: &str) -> Result<StorageWriter<S>, StorageError> {
        let key = self.key(name)?;
        let part_size = self.options.files.buffer_size.max(LEAST_PART);
        let to = Destination {
            key: key.clone(),
            parameters: self.describe(&key, None)?.parameters,
            checksum: self.options.checksum,
            condition: None,
            part_size: usize::try_from(part_size).unwrap_or(usize::MAX),
        };
        let upload = Box::new(Upload::new(self, to));
        Ok(StorageWriter { storage: self.clone(), name: clean_name(name), key, state: State::Idle(upload) })
    }
}

impl<S: Store + 'static> StorageWriter<S> {
    /// Stores what was written. Without anything written an empty file is made, unless there is one of this name already,
    /// which then stays as it is; that is how django-storages has it.
    ///
    /// # Errors
    /// Any refusal of the store; then neither object nor parts are left.
    ///
    /// ```
    /// use tokio::io::AsyncWriteExt;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut file = storage.create("a.txt")?;
    /// file.write_all(b"hello").await?;
    /// assert_eq!(file.close().await?.name, "a.txt");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn close(mut self) -> Result<Saved, StorageError> {
        let stored = std::future::poll_fn(|context| self.poll_close(context)).await?;
        let (name, key) = (self.name.clone(), self.key.clone());
        match stored {
            Some(Stored { etag, size }) => Ok(Saved { name, key, etag, size }),
            None => match self.storage.store.head(&key).await? {
                Some(head) => Ok(Saved { name, key, etag: head.etag, size: head.size }),
                None => Err(self.storage.absent(&key)),
            },
        }
    }

    /// Leaves neither object nor parts, and returns when that is so; dropping the writer does the same in the
    /// background.
    ///
    /// ```
    /// use tokio::io::AsyncWriteExt;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut file = storage.create("a.txt")?;
    /// file.write_all(b"hello").await?;
    /// file.abort().await;
    /// assert!(!storage.exists("a.txt").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn abort(mut self) {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Idle(mut upload) => upload.give_up().await,
            State::Sending(sending) => sending.await.0.give_up().await,
            State::Closing(_) | State::Closed(_) | State::Failed => {}
        }
    }

    /// Lets what is being sent get as far as it can.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<Result<&mut Box<Upload<S>>, StorageError>> {
        if let State::Sending(sending) = &mut self.state {
            let (upload, outcome) = ready!(sending.as_mut().poll(context));
            self.state = State::Idle(upload);
            if let Err(error) = outcome {
                // Dropping the upload takes its parts back.
                self.state = State::Failed;
                return Poll::Ready(Err(error));
            }
        }
        match &mut self.state {
            State::Idle(upload) => Poll::Ready(Ok(upload)),
            _ => Poll::Ready(Err(not_open(&self.name))),
        }
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Stored>, StorageError>> {
        loop {
            match &mut self.state {
                State::Closing(closing) => {
                    let outcome = ready!(closing.as_mut().poll(context));
                    self.state =
                        outcome.as_ref().map_or(State::Failed, |stored| State::Closed(stored.clone()));
                    return Poll::Ready(outcome);
                }
                State::Closed(stored) => return Poll::Ready(Ok(stored.clone())),
                State::Failed => return Poll::Ready(Err(not_open(&self.name))),
                State::Idle(_) | State::Sending(_) => {
                    ready!(self.poll_idle(context))?;
                    let State::Idle(upload) = std::mem::replace(&mut self.state, State::Failed) else {
                        continue;
                    };
                    let (storage, key) = (self.storage.clone(), self.key.clone());
                    self.state = State::Closing(Box::pin(close(storage, key, *upload)));
                }
            }
        }
    }
}

fn not_open(name: &str) -> StorageError {
    let source = io::Error::new(io::ErrorKind::BrokenPipe, "the file is closed, or writing to it failed");
    StorageError::Content { name: name.to_owned(), source }
}

/// `None` where nothing was written and there is a file already.
async fn close<S: Store + 'static>(
    storage: Storage<S>,
    key: ObjectKey,
    mut upload: Upload<S>,
) -> Result<Option<Stored>, StorageError> {
    if !upload.is_empty() {
        return Ok(Some(upload.finish().await?));
    }
    if storage.store.head(&key).await?.is_some() {
        return Ok(None);
    }
    if storage.has_conditional_writes() {
        upload.require(Condition::Absent);
    }
    match upload.finish().await {
        // Somebody else made one meanwhile.
        Err(error) if error.kind == StoreErrorKind::PreconditionFailed => Ok(None),
        outcome => Ok(Some(outcome?)),
    }
}

impl<S: Store + 'static> AsyncWrite for StorageWriter<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let upload = ready!(self.poll_idle(context)).map_err(StorageError::into_io)?;
        let taken = upload.fill(bytes);
        if upload.is_full()
            && let State::Idle(mut upload) = std::mem::replace(&mut self.state, State::Failed)
        {
            self.state = State::Sending(Box::pin(async move {
                let outcome = upload.send_part().await.map_err(StorageError::from);
                (upload, outcome)
            }));
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What is not a whole part yet cannot be sent.
        self.poll_idle(context).map(|idle| idle.map(|_| ()).map_err(StorageError::into_io))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_close(context).map(|closed| closed.map(|_| ()).map_err(StorageError::into_io))
    }
}
