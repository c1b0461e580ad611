//! A file that is read: from wherever it is sought to, by ranged GETs of the object that was opened and no other; or,
//! where django-storages decompresses it, out of a temporary copy.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tempfile::SpooledTempFile;
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use crate::name::ObjectKey;
use crate::parameters::Parameter;
use crate::store::{
    ByteRange, GetAnswer, GetRequest, ObjectHead, Operation, ReadCondition, Store, StoreError,
    StoreErrorKind, Target,
};

use super::{Storage, StorageError};

/// A file that is open for reading. Nothing but its head was fetched when it was opened.
///
/// A file that is compressed with gzip is decompressed where the setting `gzip` is on, as in django-storages: into memory
/// up to `max_memory_size` bytes (0 is any number), into a temporary file beyond. All others are read as they are stored, in
/// ranges, and never kept. An object that is replaced meanwhile is an error, never a mixture.
///
/// ```
/// use std::io::SeekFrom;
/// use tokio::io::{AsyncReadExt, AsyncSeekExt};
/// # use s3collect::storage::Storage;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// storage.save("a.txt", "hello, world").await?;
/// let mut file = storage.open("a.txt").await?;
/// file.seek(SeekFrom::End(-5)).await?;
/// let mut text = String::new();
/// file.read_to_string(&mut text).await?;
/// assert_eq!(text, "world");
/// # Ok(())
/// # }
/// ```
pub struct StorageReader<S> {
    store: Arc<S>,
    bucket: String,
    key: ObjectKey,
    head: ObjectHead,
    position: u64,
    /// A seek from the end of what has first to be decompressed.
    from_end: Option<i64>,
    body: Body,
}

enum Body {
    /// As it is stored.
    Plain { piece: Bytes, pieces: Pieces },
    /// Decompressed, once it was read.
    Decoded { most_in_memory: usize, state: Decoded },
}

enum Pieces {
    Closed,
    Opening(BoxFuture<'static, Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError>>),
    Coming(BoxStream<'static, Result<Bytes, StoreError>>),
}

enum Decoded {
    NotYet,
    Coming(BoxFuture<'static, Result<SpooledTempFile, StorageError>>),
    Here(SpooledTempFile),
}

impl<S: Store + 'static> Storage<S> {
    /// Opens a file for reading. One HEAD.
    ///
    /// # Errors
    /// [`StorageError::Absent`], and as [`Storage::stat`].
    ///
    /// ```
    /// use tokio::io::AsyncReadExt;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// let mut text = String::new();
    /// storage.open("a.txt").await?.read_to_string(&mut text).await?;
    /// assert_eq!(text, "hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(&self, name: &str) -> Result<StorageReader<S>, StorageError> {
        let (key, head) = self.present(name).await?;
        let compressed = head.parameters.get(Parameter::ContentEncoding) == Some("gzip");
        let body = if compressed && self.options.objects.gzip.enabled {
            let most = self.options.files.max_memory_size;
            let most_in_memory =
                if most == 0 { usize::MAX } else { usize::try_from(most).unwrap_or(usize::MAX) };
            Body::Decoded { most_in_memory, state: Decoded::NotYet }
        } else {
            Body::Plain { piece: Bytes::new(), pieces: Pieces::Closed }
        };
        let (store, bucket) = (Arc::clone(&self.store), self.options.bucket.clone());
        Ok(StorageReader { store, bucket, key, head, position: 0, from_end: None, body })
    }
}

impl<S: Store + 'static> StorageReader<S> {
    /// Bytes of the object as stored: compressed, where it is.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.open("a.txt").await?.size(), 5);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head.size
    }

    /// What the bucket says of it.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.open("a.txt").await?.head().size, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn head(&self) -> &ObjectHead {
        &self.head
    }

    /// The object's key.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.open("a.txt").await?.key().as_str(), "a.txt");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The body from an offset on.
    fn pieces_from(
        &self,
        offset: u64,
    ) -> BoxFuture<'static, Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError>> {
        let store = Arc::clone(&self.store);
        let request = GetRequest {
            key: self.key.clone(),
            range: (offset > 0).then_some(ByteRange { offset, length: None }),
            condition: Some(ReadCondition::Matches(self.head.etag.clone())),
            version: None,
        };
        let target = Target { bucket: self.bucket.clone(), key: self.key.to_string() };
        Box::pin(async move {
            match store.get(&request).await? {
                GetAnswer::Object(download) => Ok(download.pieces),
                // It was there when the file was opened.
                GetAnswer::Absent | GetAnswer::Unchanged => {
                    Err(StoreError::new(Operation::GetObject, target, StoreErrorKind::PreconditionFailed))
                }
            }
        })
    }

    fn poll_plain(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), StorageError>> {
        loop {
            let (left, position) = (self.head.size.saturating_sub(self.position), self.position);
            let Body::Plain { piece, pieces } = &mut self.body else { return Poll::Ready(Ok(())) };
            if left == 0 || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if !piece.is_empty() {
                let taken = piece.split_to(piece.len().min(buffer.remaining()));
                buffer.put_slice(&taken);
                self.position += taken.len() as u64;
                return Poll::Ready(Ok(()));
            }
            match pieces {
                Pieces::Closed => {
                    let opening = self.pieces_from(position);
                    self.body = Body::Plain { piece: Bytes::new(), pieces: Pieces::Opening(opening) };
                }
                Pieces::Opening(opening) => {
                    let opened = ready!(opening.as_mut().poll(context));
                    *pieces = Pieces::Closed;
                    *pieces = Pieces::Coming(opened?);
                }
                Pieces::Coming(coming) => match ready!(coming.poll_next_unpin(context)) {
                    Some(Ok(next)) => *piece = next,
                    Some(Err(error)) => {
                        *pieces = Pieces::Closed;
                        return Poll::Ready(Err(error.into()));
                    }
                    None => {
                        *pieces = Pieces::Closed;
                        let target = Target { bucket: self.bucket.clone(), key: self.key.to_string() };
                        let kind = StoreErrorKind::ConnectionLost;
                        return Poll::Ready(Err(StoreError::new(Operation::GetObject, target, kind).into()));
                    }
                },
            }
        }
    }

    /// The decompressed copy, made when it is first needed.
    fn poll_copy(&mut self, context: &mut Context<'_>) -> Poll<Result<&mut SpooledTempFile, StorageError>> {
        if matches!(&self.body, Body::Decoded { state: Decoded::NotYet, .. }) {
            let pieces = self.pieces_from(0);
            if let Body::Decoded { most_in_memory, state } = &mut self.body {
                *state = Decoded::Coming(Box::pin(decode(pieces, self.key.clone(), *most_in_memory)));
            }
        }
        let Body::Decoded { state, .. } = &mut self.body else { unreachable!("only called where it is one") };
        if let Decoded::Coming(coming) = state {
            let outcome = ready!(coming.as_mut().poll(context));
            *state = Decoded::NotYet;
            *state = Decoded::Here(outcome?);
        }
        match state {
            Decoded::Here(file) => Poll::Ready(Ok(file)),
            Decoded::NotYet | Decoded::Coming(_) => unreachable!("it was made above"),
        }
    }

    fn poll_decoded(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), StorageError>> {
        let (position, key) = (self.position, self.key.to_string());
        let file = ready!(self.poll_copy(context))?;
        // A private file that was just written: the read is out of memory.
        let read = file.seek(SeekFrom::Start(position)).and_then(|_| file.read(buffer.initialize_unfilled()));
        let count = read.map_err(|source| StorageError::Damaged { key, source })?;
        buffer.advance(count);
        self.position += count as u64;
        Poll::Ready(Ok(()))
    }
}

async fn decode(
    pieces: BoxFuture<'static, Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError>>,
    key: ObjectKey,
    most_in_memory: usize,
) -> Result<SpooledTempFile, StorageError> {
    let damaged = |source| StorageError::Damaged { key: key.to_string(), source };
    let mut pieces = pieces.await?;
    let mut decoder = MultiGzDecoder::new(SpooledTempFile::new(most_in_memory));
    while let Some(piece) = pieces.next().await {
        decoder.write_all(&piece?).map_err(damaged)?;
    }
    decoder.finish().map_err(damaged)
}

impl<S: Store + 'static> AsyncRead for StorageReader<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &self.body {
            Body::Plain { .. } => self.poll_plain(context, buffer),
            Body::Decoded { .. } => self.poll_decoded(context, buffer),
        }
        .map_err(StorageError::into_io)
    }
}

impl<S: Store + 'static> AsyncSeek for StorageReader<S> {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        let sought = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => match &self.body {
                Body::Plain { .. } => self.head.size.checked_add_signed(offset),
                Body::Decoded { .. } => {
                    self.from_end = Some(offset);
                    return Ok(());
                }
            },
        };
        let before_start = || io::Error::new(io::ErrorKind::InvalidInput, "a seek to before the beginning");
        let position = sought.ok_or_else(before_start)?;
        let skipped = position.checked_sub(self.position);
        if let Body::Plain { piece, pieces } = &mut self.body {
            match skipped.and_then(|skipped| usize::try_from(skipped).ok()) {
                Some(skipped) if skipped <= piece.len() => drop(piece.split_to(skipped)),
                _ => {
                    *piece = Bytes::new();
                    *pieces = Pieces::Closed;
                }
            }
        }
        self.position = position;
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if let Some(offset) = self.from_end {
            let copy = ready!(self.poll_copy(context));
            let sought =
                copy.map_err(StorageError::into_io).and_then(|file| file.seek(SeekFrom::End(offset)));
            self.from_end = None;
            self.position = sought?;
        }
        Poll::Ready(Ok(self.position))
    }
}
