//! A body that breaks off goes on from where it was, by a GET of the rest of the same object: whoever reads it sees
//! one body. Gives up when several tries in a row bring nothing.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use crate::store::{
    ByteRange, Download, GetAnswer, GetRequest, Operation, ReadCondition, Store, StoreError, StoreErrorKind,
};

use super::{ATTEMPTS, Retrying};

/// Where a body is.
struct Reading<S> {
    store: Retrying<S>,
    request: GetRequest,
    download: Download,
    /// Bytes of it that were handed out.
    received: u64,
    /// Breaks since any came.
    barren: usize,
}

/// The same download, going on by itself.
pub(super) fn resuming<S: Store + 'static>(
    store: &Retrying<S>,
    request: &GetRequest,
    mut download: Download,
) -> Download {
    let pieces = std::mem::replace(&mut download.pieces, stream::empty().boxed());
    let inner = Download {
        target: download.target.clone(),
        etag: download.etag.clone(),
        encrypted: download.encrypted,
        content_encoding: download.content_encoding.clone(),
        size: download.size,
        last_modified: download.last_modified,
        date: download.date,
        pieces,
    };
    let reading =
        Reading { store: store.clone(), request: request.clone(), download: inner, received: 0, barren: 0 };
    Download { pieces: pieces_of(reading), ..download }
}

fn pieces_of<S: Store + 'static>(reading: Reading<S>) -> BoxStream<'static, Result<Bytes, StoreError>> {
    stream::unfold(Some(reading), |state| async move {
        let mut reading = state?;
        match reading.next().await {
            Some(Ok(piece)) => Some((Ok(piece), Some(reading))),
            Some(Err(error)) => Some((Err(error), None)),
            None => None,
        }
    })
    .boxed()
}

impl<S: Store + 'static> Reading<S> {
    async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        loop {
            match self.download.pieces.next().await? {
                Ok(piece) => {
                    self.received += piece.len() as u64;
                    self.barren = 0;
                    return Some(Ok(piece));
                }
                Err(error) if error.is_retryable() && self.barren + 1 < ATTEMPTS => {
                    self.barren += 1;
                    match self.resume().await {
                        Ok(Some(download)) => self.download = download,
                        Ok(None) => return None,
                        Err(error) => return Some(Err(error)),
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The rest; `None` where all had come but the end of the connection.
    async fn resume(&mut self) -> Result<Option<Download>, StoreError> {
        let begin = self.request.range.map_or(0, |range| range.offset);
        let wanted = self.request.range.and_then(|range| range.length).unwrap_or(u64::MAX);
        let end = begin.saturating_add(wanted).min(self.download.size);
        let offset = begin + self.received;
        if offset >= end {
            return Ok(None);
        }
        let request = GetRequest {
            range: Some(ByteRange { offset, length: Some(end - offset) }),
            condition: Some(ReadCondition::Matches(self.download.etag.clone())),
            ..self.request.clone()
        };
        match self.store.retried(|| self.store.inner().get(&request)).await? {
            GetAnswer::Object(download) => Ok(Some(download)),
            // Deleted, which is as good as replaced for whoever has one half of it.
            GetAnswer::Absent | GetAnswer::Unchanged => {
                let target = self.download.target.clone();
                Err(StoreError::new(Operation::GetObject, target, StoreErrorKind::PreconditionFailed))
            }
        }
    }
}
