//! The directory behind the endpoint: bodies and index together, and the threads on which both are used.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use s3s::dto::StreamingBlob;
use s3s::stream::ByteStream as _;
use s3s::{S3Error, S3ErrorCode, S3Result};

use bytes::Bytes;
use futures_util::StreamExt as _;

use super::blob::{self, Blobs, Pending, Spool, Stored};
use super::error::LocalError;
use super::index::{self, Change, Index};
use super::refusal::{self, refuse};
use crate::digest::ChecksumAlgorithm;

/// The name of the index in the directory.
const INDEX: &str = "index.sqlite3";
/// The most bytes of one body, as S3 has it.
pub(super) const LARGEST: u64 = 5 * 1024 * 1024 * 1024;
/// How much of a body waits in memory before it is written.
const CHUNK: usize = 512 * 1024;

/// A directory that is opened for an endpoint.
pub(super) struct Disk {
    pub(super) blobs: Arc<Blobs>,
    index: Index,
    /// The most bytes of bodies that it takes; stands for the size of a disk.
    pub(super) limit: Option<u64>,
}

impl Disk {
    /// Opens the directory, making it where there is none; one with other files in it is refused.
    pub(super) fn open(directory: &Path, limit: Option<u64>) -> Result<Arc<Self>, LocalError> {
        let failed = |source| LocalError::Directory { directory: directory.to_owned(), source };
        blob::make_directory(directory).map_err(failed)?;
        let index = directory.join(INDEX);
        if !index.exists() && holds_files(directory).map_err(failed)? {
            return Err(LocalError::NotOurs(directory.to_owned()));
        }
        let blobs = Arc::new(Blobs::open(directory).map_err(failed)?);
        let index = Index::open(&index, Arc::clone(&blobs))?;
        Ok(Arc::new(Self { blobs, index, limit }))
    }

    /// Runs something that blocks where blocking does no harm.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> S3Result<T> + Send + 'static,
    ) -> S3Result<T> {
        let disk = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&disk))
            .await
            .unwrap_or_else(|error| Err(S3Error::internal_error(error)))
    }

    /// Asks the index.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> S3Result<T> + Send + 'static,
    ) -> S3Result<T> {
        self.run(|disk| disk.query(query)).await
    }

    /// Asks the index; blocks.
    pub(super) fn query<T>(&self, query: impl FnOnce(&Connection) -> S3Result<T>) -> S3Result<T> {
        self.index.read(query)
    }

    /// Changes the index; see [`Index::change`].
    pub(super) async fn change<T: Send + 'static>(
        &self,
        pending: Vec<Pending>,
        change: impl FnOnce(&Connection) -> S3Result<Change<T>> + Send + 'static,
    ) -> S3Result<T> {
        self.index.change(pending, change).await
    }

    /// Takes a body in, hashed by MD5 and these. A body that ends early or is not what was signed is refused.
    pub(super) async fn receive(
        self: &Arc<Self>,
        mut body: StreamingBlob,
        algorithms: Vec<ChecksumAlgorithm>,
    ) -> S3Result<Stored> {
        let announced = body.remaining_length().exact();
        self.check_length(announced.unwrap_or_default())?;
        let mut received = 0;
        let mut spool: Option<Spool> = None;
        loop {
            let (chunks, ended) = gather(&mut body).await?;
            received += chunks.iter().map(Bytes::len).sum::<usize>();
            self.check_length(received)?;
            if ended && announced.is_some_and(|announced| announced != received) {
                return Err(incomplete());
            }
            let algorithms = algorithms.clone();
            let step = self
                .run(move |disk| {
                    let mut spool = match spool {
                        Some(spool) => spool,
                        None => Spool::create(&disk.blobs, &algorithms).map_err(refusal::disk)?,
                    };
                    spool.append(&chunks).map_err(refusal::disk)?;
                    if ended {
                        spool.finish().map(Step::Last).map_err(refusal::disk)
                    } else {
                        Ok(Step::More(Box::new(spool)))
                    }
                })
                .await?;
            match step {
                Step::More(unfinished) => spool = Some(*unfinished),
                Step::Last(stored) => return Ok(stored),
            }
        }
    }

    /// Refuses what no object may have; a limit of our own stands for a disk that is full.
    fn check_length(&self, length: usize) -> S3Result<()> {
        match length as u64 {
            length if length > LARGEST => Err(too_large()),
            length if self.limit.is_some_and(|limit| length > limit) => Err(refusal::full()),
            _ => Ok(()),
        }
    }

    /// Removes what crashes left behind; blocks.
    pub(super) fn sweep(&self) -> S3Result<usize> {
        let named = self.query(index::named_blobs)?;
        self.blobs.sweep(|id| named.contains(id.as_str())).map_err(refusal::disk)
    }
}

/// A body after a stretch of it.
enum Step {
    More(Box<Spool>),
    Last(Stored),
}

/// Hidden files do not count: `.gitignore`, `.gitkeep`.
fn holds_files(directory: &Path) -> std::io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        if !entry?.file_name().as_encoded_bytes().starts_with(b".") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The next stretch of a body, and whether it is the last.
async fn gather(body: &mut StreamingBlob) -> S3Result<(Vec<Bytes>, bool)> {
    let mut chunks = Vec::new();
    let mut length = 0;
    while length < CHUNK {
        match body.next().await {
            None => return Ok((chunks, true)),
            Some(Ok(chunk)) => {
                length += chunk.len();
                chunks.push(chunk);
            }
            Some(Err(error)) => return Err(unsound(&error.to_string())),
        }
    }
    Ok((chunks, false))
}

fn too_large() -> S3Error {
    refuse(S3ErrorCode::EntityTooLarge, "Your proposed upload exceeds the maximum allowed size")
}

fn incomplete() -> S3Error {
    refuse(
        S3ErrorCode::IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
}

/// What is wrong with a body, by the text of `s3s`, whose types for it are private.
fn unsound(text: &str) -> S3Error {
    if text.contains("Sha256Mismatch") {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return refusal::answer(400, "XAmzContentSHA256Mismatch", message.to_owned());
    }
    if text.contains("SignatureMismatch") {
        return refuse(S3ErrorCode::SignatureDoesNotMatch, "The signature of a chunk does not match.");
    }
    incomplete()
}
