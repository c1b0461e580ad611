//! What is saved: bytes, a file, or whatever can be read; and a source that can be read again for another name.

use std::fmt;
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

use crate::report::Silent;

use super::Transfer;

/// Bytes of what is read that stay in memory while they wait to be saved; more go to a temporary file.
const HELD: usize = 8 * 1024 * 1024;

/// What is to be saved: Django's `ContentFile` and `File`, and uploads of a form.
///
/// ```
/// use s3collect::storage::Content;
/// # use s3collect::storage::Storage;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// for content in [Content::from("text"), Content::from(vec![0xff, 0xd8]), Content::file("Cargo.toml")] {
///     storage.save("a", content).await?;
/// }
/// // What can become content needs no name.
/// storage.save("a", b"bytes").await?;
/// # Ok(())
/// # }
/// ```
pub struct Content {
    pub(super) source: Source,
    content_type: Option<String>,
    transfer: Option<Transfer>,
}

/// Where the bytes are.
pub(super) enum Source {
    Bytes(Bytes),
    File(PathBuf),
    /// Has no name, so that nothing of it stays whatever ends the process.
    Temporary(std::fs::File),
    Reader(Box<dyn AsyncRead + Send + Unpin>),
}

impl Content {
    /// The bytes of a file of this machine.
    ///
    /// ```
    /// use s3collect::storage::Content;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let saved = storage.save("docs/Cargo.toml", Content::file("Cargo.toml")).await?;
    /// assert_eq!(saved.size, std::fs::metadata("Cargo.toml")?.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::of(Source::File(path.into()))
    }

    /// Whatever a reader gives until its end, however long.
    ///
    /// ```
    /// use s3collect::storage::Content;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let reader = std::io::Cursor::new("whatever is read");
    /// assert_eq!(storage.save("a.txt", Content::reader(reader)).await?.size, 16);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn reader(reader: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self::of(Source::Reader(Box::new(reader)))
    }

    /// The pieces of a stream until its end: the body of a request, for instance.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use futures_util::stream;
    /// use s3collect::storage::Content;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let pieces = stream::iter(["one, ", "two"].map(|piece| Ok(Bytes::from(piece))));
    /// assert_eq!(storage.save("a.txt", Content::stream(pieces)).await?.size, 8);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stream(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self::reader(Pieces { stream: pieces.boxed(), piece: Bytes::new() })
    }

    /// The same with a content type that goes over the one that the name implies, as a form's upload has it.
    /// `ContentType` in the object parameters goes over both.
    ///
    /// ```
    /// use s3collect::parameters::Parameter;
    /// use s3collect::storage::Content;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("avatar", Content::from(vec![0xff, 0xd8]).with_content_type("image/jpeg")).await?;
    /// let head = storage.stat("avatar").await?.expect("it was saved");
    /// assert_eq!(head.parameters.get(Parameter::ContentType), Some("image/jpeg"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into()).filter(|content_type| !content_type.is_empty());
        self
    }

    /// The same with somebody who watches how it is read, and may end that.
    ///
    /// ```
    /// use s3collect::storage::{Content, StorageError, Transfer};
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let transfer = Transfer::default();
    /// transfer.cancel.cancel();
    /// let outcome = storage.save("a.txt", Content::from("hello").watched(transfer)).await;
    /// assert!(matches!(outcome, Err(StorageError::Interrupted)));
    /// assert!(!storage.exists("a.txt").await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn watched(mut self, transfer: Transfer) -> Self {
        self.transfer = Some(transfer);
        self
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The file, where it is one of the caller's.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) => Some(path),
            _ => None,
        }
    }

    fn of(source: Source) -> Self {
        Self { source, content_type: None, transfer: None }
    }

    /// Makes it readable more than once.
    pub(super) async fn keep(&mut self) -> io::Result<()> {
        let Source::Reader(reader) = &mut self.source else { return Ok(()) };
        let transfer = self.transfer.clone().unwrap_or_default();
        let mut reader = Transfer { reporter: Arc::new(Silent), ..transfer }.reading(reader);
        let mut head = Vec::new();
        (&mut reader).take(HELD as u64 + 1).read_to_end(&mut head).await?;
        if head.len() <= HELD {
            self.source = Source::Bytes(head.into());
            return Ok(());
        }
        let mut file = File::from_std(tempfile::tempfile()?);
        file.write_all(&head).await?;
        tokio::io::copy(&mut reader, &mut file).await?;
        file.flush().await?;
        self.source = Source::Temporary(file.into_std().await);
        Ok(())
    }

    /// The bytes from their beginning; a reader gives them once.
    pub(super) async fn open(&mut self) -> io::Result<Box<dyn AsyncRead + Send + Unpin + '_>> {
        let reader: Box<dyn AsyncRead + Send + Unpin + '_> = match &mut self.source {
            Source::Bytes(bytes) => Box::new(&bytes[..]),
            Source::File(path) => Box::new(File::open(path).await?),
            Source::Temporary(file) => {
                file.rewind()?;
                Box::new(File::from_std(file.try_clone()?))
            }
            Source::Reader(reader) => Box::new(reader),
        };
        Ok(match &self.transfer {
            Some(transfer) => Box::new(transfer.reading(reader)),
            None => reader,
        })
    }
}

/// A stream as a reader.
struct Pieces {
    stream: BoxStream<'static, io::Result<Bytes>>,
    piece: Bytes,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.piece.is_empty() {
            match ready!(self.stream.poll_next_unpin(context)) {
                Some(piece) => self.piece = piece?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.piece.len().min(buffer.remaining());
        buffer.put_slice(&self.piece.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Bytes(bytes) => write!(formatter, "Content of {} bytes", bytes.len()),
            Source::File(path) => write!(formatter, "Content of `{}`", path.display()),
            Source::Temporary(_) => formatter.write_str("Content of a temporary file"),
            Source::Reader(_) => formatter.write_str("Content of a reader"),
        }
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::of(Source::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Content {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl<const N: usize> From<&'static [u8; N]> for Content {
    fn from(bytes: &'static [u8; N]) -> Self {
        Bytes::from_static(bytes).into()
    }
}
