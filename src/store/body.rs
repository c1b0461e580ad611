//! Reads the stretch of a file that a request sends, in pieces, and compares its checksum with that of the first
//! read before the last piece is handed out: what changed meanwhile is never stored whole.

use std::fmt;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeekExt as _, ReadBuf};

use super::{Body, Checksum, ChecksumAlgorithm, FileBody, Operation, StoreError, StoreErrorKind, Target};

/// Bytes that are read at once: small, since there are as many in memory as requests in flight.
const PIECE: usize = 64 * 1024;

/// Why a body could not be handed out.
#[derive(Debug)]
pub(super) enum BodyFault {
    /// The file could not be read; holds what the system says.
    Unreadable(String),
    /// The file is not what it was.
    Changed(String),
}

impl BodyFault {
    /// The error of the request that the body belongs to.
    pub(super) fn into_error(self, operation: Operation, target: Target) -> StoreError {
        let (kind, cause) = match self {
            Self::Unreadable(cause) => (StoreErrorKind::BodyUnreadable, cause),
            Self::Changed(cause) => (StoreErrorKind::BodyChanged, cause),
        };
        StoreError::new(operation, target, kind).because(cause)
    }
}

/// What hands out the pieces of a body.
pub(super) enum BodyReader {
    Bytes(Bytes),
    File(Box<FileReader>),
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BodyReader of {} bytes", self.remaining())
    }
}

impl BodyReader {
    /// Opens a body at its beginning.
    pub(super) async fn open(body: &Body) -> Result<Self, BodyFault> {
        Ok(match body {
            Body::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Body::File(file) => Self::File(Box::new(FileReader::open(file).await?)),
        })
    }

    /// Bytes that were not handed out yet.
    pub(super) fn remaining(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.remaining,
        }
    }

    /// The next piece; `None` at the end.
    pub(super) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyFault>>> {
        match self {
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(bytes.split_to(bytes.len().min(PIECE))))),
            Self::File(file) => file.poll_piece(context),
        }
    }
}

/// A stretch of a file, read in pieces.
pub(super) struct FileReader {
    file: File,
    name: String,
    remaining: u64,
    crc64: Checksum,
    expected: String,
    buffer: Vec<u8>,
}

impl FileReader {
    async fn open(body: &FileBody) -> Result<Self, BodyFault> {
        let name = body.path.display().to_string();
        let unreadable = |error: io::Error| BodyFault::Unreadable(format!("`{name}`: {error}"));
        let mut file = File::open(&body.path).await.map_err(unreadable)?;
        file.seek(SeekFrom::Start(body.offset)).await.map_err(unreadable)?;
        let buffer = vec![0; PIECE.min(usize::try_from(body.length).unwrap_or(PIECE))];
        let crc64 = Checksum::new(ChecksumAlgorithm::Crc64Nvme);
        Ok(Self { file, name, remaining: body.length, crc64, expected: body.crc64.clone(), buffer })
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyFault>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let wanted = self.buffer.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        let mut buffer = ReadBuf::new(&mut self.buffer[..wanted]);
        let outcome = ready!(Pin::new(&mut self.file).poll_read(context, &mut buffer));
        let piece = Bytes::copy_from_slice(buffer.filled());
        Poll::Ready(Some(match outcome {
            Err(error) => Err(BodyFault::Unreadable(format!("`{}`: {error}", self.name))),
            Ok(()) if piece.is_empty() => Err(self.ended_early()),
            Ok(()) => self.checked(piece),
        }))
    }

    fn ended_early(&self) -> BodyFault {
        BodyFault::Unreadable(format!("`{}` is shorter than it was by {} bytes", self.name, self.remaining))
    }

    /// A piece, if the whole is what it was: the last piece is the one that can stop the request.
    fn checked(&mut self, piece: Bytes) -> Result<Bytes, BodyFault> {
        self.crc64.update(&piece);
        self.remaining -= piece.len() as u64;
        if self.remaining == 0 && self.crc64.clone().finish() != self.expected {
            return Err(BodyFault::Changed(format!("`{}` has another checksum than before", self.name)));
        }
        Ok(piece)
    }
}
