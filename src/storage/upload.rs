//! One object that is stored while its content still comes: whole by one request where it is small, else in parts. The
//! object appears when all of it is there; what is dropped before is given up, so that no parts stay behind.

use std::future::ready;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use md5::{Digest as _, Md5};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::digest::{ChecksumAlgorithm, hex};
use crate::name::ObjectKey;
use crate::parameters::ObjectParameters;
use crate::store::{
    Body, Condition, MultipartRequest, Part, PutRequest, Store, StoreError, UploadId, part_proven, put_proven,
};

use super::Storage;
use super::journal::{Entry, Journal};

/// Parts of one object in flight beside the one that is being filled.
const PARTS_IN_FLIGHT: usize = 4;

/// After so many parts they become twice as large, so that 10,000 are enough for what has no known size.
const PARTS_OF_A_SIZE: u16 = 2_500;

/// Where an upload goes, and how.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    pub(super) key: ObjectKey,
    pub(super) parameters: ObjectParameters,
    pub(super) checksum: Option<ChecksumAlgorithm>,
    pub(super) condition: Option<Condition>,
    /// From how many bytes on it goes in parts, and how large these are.
    pub(super) part_size: usize,
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) etag: String,
    pub(super) size: u64,
}

/// An object that is being stored.
pub(super) struct Upload<S: Store + 'static> {
    store: Arc<S>,
    to: Destination,
    buffer: BytesMut,
    size: u64,
    begun: Option<UploadId>,
    journal: Option<Arc<Journal>>,
    /// What is written down of it, where it could be.
    entry: Option<Entry>,
    sending: JoinSet<Result<Part, StoreError>>,
    last_number: u16,
    parts: Vec<Part>,
}

impl<S: Store + 'static> Upload<S> {
    pub(super) fn new(storage: &Storage<S>, to: Destination) -> Self {
        Self {
            store: Arc::clone(&storage.store),
            journal: storage.journal.clone(),
            entry: None,
            to,
            buffer: BytesMut::new(),
            size: 0,
            begun: None,
            sending: JoinSet::new(),
            last_number: 0,
            parts: Vec::new(),
        }
    }

    /// Takes as many bytes as there is room for in the part, and says how many.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.part_size() - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        self.size += taken as u64;
        taken
    }

    /// Whether the part has to be sent before anything else is taken.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= self.part_size()
    }

    /// Whether nothing has come yet.
    pub(super) fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Makes the object only if.
    pub(super) fn require(&mut self, condition: Condition) {
        self.to.condition = Some(condition);
    }

    fn part_size(&self) -> usize {
        self.to.part_size << (self.last_number / PARTS_OF_A_SIZE)
    }

    /// Takes bytes, however many.
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            let taken = self.fill(bytes);
            bytes = &bytes[taken..];
            if self.is_full() {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    /// Sends what there is of a part; waits only where too many are under way.
    pub(super) async fn send_part(&mut self) -> Result<(), StoreError> {
        let id = match &self.begun {
            Some(id) => id.clone(),
            None => {
                let id = self.store.create_multipart(&self.request()).await?;
                let journal = self.journal.as_ref();
                self.entry = journal.and_then(|journal| journal.begin(&self.to.key, &id).ok());
                self.begun.insert(id).clone()
            }
        };
        while self.sending.len() >= PARTS_IN_FLIGHT {
            self.one_part_is_stored().await?;
        }
        self.last_number += 1;
        let (store, request, number) = (Arc::clone(&self.store), self.request(), self.last_number);
        let body = self.take();
        self.sending.spawn(async move {
            let md5 = hex(&Md5::digest(&body));
            part_proven(&*store, &request, &id, number, &Body::Bytes(body), &md5).await
        });
        Ok(())
    }

    async fn one_part_is_stored(&mut self) -> Result<(), StoreError> {
        match self.sending.join_next().await {
            Some(Ok(part)) => self.parts.push(part?),
            Some(Err(error)) => {
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
            None => {}
        }
        Ok(())
    }

    /// Makes the object.
    pub(super) async fn finish(mut self) -> Result<Stored, StoreError> {
        let finished = self.finish_or_fail().await;
        if finished.is_err() {
            self.give_up().await;
        }
        finished
    }

    async fn finish_or_fail(&mut self) -> Result<Stored, StoreError> {
        if self.begun.is_none() {
            let body = self.take();
            let md5 = hex(&Md5::digest(&body));
            let request = PutRequest {
                key: self.to.key.clone(),
                body: Body::Bytes(body),
                parameters: self.to.parameters.clone(),
                checksum: self.to.checksum,
                condition: self.to.condition.clone(),
            };
            let answer = put_proven(&*self.store, request, ready(Ok::<_, StoreError>(md5))).await?;
            return Ok(Stored { etag: answer.etag, size: self.size });
        }
        if !self.buffer.is_empty() {
            self.send_part().await?;
        }
        while !self.sending.is_empty() {
            self.one_part_is_stored().await?;
        }
        self.parts.sort_by_key(|part| part.number);
        let id = self.begun.clone().unwrap_or(UploadId(String::new()));
        let etag = self.store.complete_multipart(&self.request(), &id, &self.parts).await?.etag;
        self.begun = None;
        settle(self.entry.take());
        Ok(Stored { etag, size: self.size })
    }

    /// Leaves nothing behind. Parts that could not be taken back stay written down.
    pub(super) async fn give_up(&mut self) {
        self.sending.shutdown().await;
        if let Some(id) = self.begun.take()
            && self.store.abort_multipart(&self.request(), &id).await.is_ok()
        {
            settle(self.entry.take());
        }
    }

    fn take(&mut self) -> Bytes {
        self.buffer.split().freeze()
    }

    fn request(&self) -> MultipartRequest {
        MultipartRequest {
            key: self.to.key.clone(),
            parameters: self.to.parameters.clone(),
            checksum: self.to.checksum,
            condition: self.to.condition.clone(),
        }
    }
}

impl<S: Store + 'static> Drop for Upload<S> {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.begun.take(), Handle::try_current()) else { return };
        let (store, request, mut sending) =
            (Arc::clone(&self.store), self.request(), std::mem::take(&mut self.sending));
        let entry = self.entry.take();
        runtime.spawn(async move {
            sending.shutdown().await;
            if store.abort_multipart(&request, &id).await.is_ok() {
                settle(entry);
            }
        });
    }
}

fn settle(entry: Option<Entry>) {
    if let Some(entry) = entry {
        entry.done();
    }
}
