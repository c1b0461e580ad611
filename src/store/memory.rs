//! The same verbs over a map, able to fail on request: for tests of the rooms above. It keeps what a service
//! keeps and judges conditions as one does; it reads the files of streamed bodies, and nothing else.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use crate::digest::Checksum;
use crate::name::ObjectKey;
use crate::parameters::{ObjectParameters, Parameter};

use super::body::BodyReader;
use super::count::Counts;
use super::etag::has_own_keys;
use super::{
    Body, Download, GetAnswer, GetRequest, ListPage, ListedVersion, MultipartRequest, ObjectHead, Operation,
    Part, PutAnswer, PutRequest, ReadCondition, Store, StoreError, StoreErrorKind, StoredChecksum, Target,
    UploadId, multipart_etag,
};

mod shown;
mod state;

pub use state::StoredObject;

use shown::{composite, served};
use state::{State, md5_of, stretch};

/// Bytes that a body comes in at once.
const PIECE: usize = 64 * 1024;

/// A bucket in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    counts: Counts,
}

/// How a bucket deals with conditions of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conditions {
    /// As S3 does.
    #[default]
    Heeded,
    /// As if there were none.
    Ignored,
    /// 501, as stores that have none.
    Refused,
    /// 412, whatever is there.
    Failed,
}

/// A failure that waits for its request.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which request fails.
    pub operation: Operation,
    /// Only with this key or prefix, or whichever comes first.
    pub key: Option<String>,
    /// What it fails with.
    pub kind: StoreErrorKind,
    /// Whether the request is carried out and only its answer lost.
    pub done: bool,
}

impl MemoryStore {
    /// An empty bucket, `memory`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a coming request fail. Faults wait in line; each strikes once, the first that fits.
    pub fn fail(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Lets the next requests of an operation fail without being carried out.
    pub fn fail_next(&self, operation: Operation, kind: StoreErrorKind, times: usize) {
        for _ in 0..times {
            self.fail(Fault { operation, key: None, kind: kind.clone(), done: false });
        }
    }

    /// Lets the bodies of the next GETs that bring one break off after so many bytes.
    pub fn break_off_next(&self, after: usize, times: usize) {
        self.state().breaks.extend(std::iter::repeat_n(after, times));
    }

    /// Lets the bodies of the next requests of an operation (PutObject, UploadPart, GetObject) arrive with another bit, and
    /// nobody notices.
    pub fn damage_next(&self, operation: Operation, times: usize) {
        self.state().damages.extend(std::iter::repeat_n(operation, times));
    }

    /// All objects, by key.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, StoredObject> {
        self.state().objects.clone()
    }

    /// Puts an object there as if somebody else had.
    pub fn insert(&self, key: &str, body: impl Into<Bytes>, parameters: ObjectParameters) {
        self.place(key, StoredObject::new(body.into(), parameters, Vec::new()));
    }

    /// Puts an object there as it is, whatever its ETag.
    pub fn place(&self, key: &str, object: StoredObject) {
        self.state().store(key, object);
    }

    /// Takes over the objects of another bucket, with their dates and its clock.
    #[cfg(test)]
    pub(crate) fn resemble(&self, other: &Self) {
        let (mut state, other) = (self.state(), other.state());
        state.objects.clone_from(&other.objects);
        state.modified.clone_from(&other.modified);
        state.made = other.made;
    }

    /// Deals with conditions of writes otherwise from now on.
    pub fn conditions(&self, conditions: Conditions) {
        self.state().conditions = conditions;
    }

    /// Keeps every version of what is stored from now on.
    pub fn keep_versions(&self) {
        self.state().versions.get_or_insert_default();
    }

    /// How many multipart uploads were begun and neither completed nor given up.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        self.state().uploads.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, and carries it out unless a fault is in the way.
    fn answer<T>(
        &self,
        operation: Operation,
        key: &str,
        work: impl FnOnce(&mut State) -> Result<T, StoreErrorKind>,
    ) -> Result<T, StoreError> {
        self.counts.add(operation);
        let mut state = self.state();
        let fits = |fault: &Fault| {
            fault.operation == operation && fault.key.as_deref().is_none_or(|wanted| wanted == key)
        };
        let fault = state.faults.iter().position(fits).and_then(|index| state.faults.remove(index));
        let outcome = match fault {
            None => work(&mut state),
            Some(fault) => {
                if fault.done {
                    // The answer is lost, whatever it is.
                    let _ = work(&mut state);
                }
                Err(fault.kind)
            }
        };
        outcome.map_err(|kind| StoreError::new(operation, target(key), kind))
    }
}

impl Store for MemoryStore {
    async fn list(&self, prefix: &str, continuation: Option<&str>) -> Result<ListPage, StoreError> {
        self.answer(Operation::ListObjectsV2, prefix, |state| Ok(state.page(prefix, false, continuation)))
    }

    async fn list_level(&self, prefix: &str, continuation: Option<&str>) -> Result<ListPage, StoreError> {
        self.answer(Operation::ListObjectsV2, prefix, |state| Ok(state.page(prefix, true, continuation)))
    }

    async fn head_version(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<ObjectHead>, StoreError> {
        self.answer(Operation::HeadObject, key.as_str(), |state| {
            Ok(state.object(key.as_str(), version).map(|object| ObjectHead {
                size: object.body.len() as u64,
                etag: object.etag.clone(),
                parameters: served(&object.parameters),
                checksums: object.checksums.clone(),
                last_modified: state.modified.get(key.as_str()).copied(),
            }))
        })
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<ListedVersion>, StoreError> {
        self.answer(Operation::ListObjectVersions, key.as_str(), |state| Ok(state.versions(key.as_str())))
    }

    async fn get(&self, request: &GetRequest) -> Result<GetAnswer, StoreError> {
        self.answer(Operation::GetObject, request.key.as_str(), |state| {
            let Some(object) = state.object(request.key.as_str(), request.version.as_deref()) else {
                return Ok(GetAnswer::Absent);
            };
            match &request.condition {
                Some(ReadCondition::Differs(etag)) if *etag == object.etag => {
                    return Ok(GetAnswer::Unchanged);
                }
                Some(ReadCondition::Matches(etag)) if *etag != object.etag => {
                    return Err(StoreErrorKind::PreconditionFailed);
                }
                _ => {}
            }
            let (object, body) = (object.clone(), stretch(&object.body, request.range)?);
            let body = state.arrived(Operation::GetObject, body);
            let breaks = state.breaks.pop_front();
            let target = target(request.key.as_str());
            Ok(GetAnswer::Object(Download {
                size: object.body.len() as u64,
                etag: object.etag,
                encrypted: has_own_keys(&object.parameters),
                content_encoding: object.parameters.get(Parameter::ContentEncoding).map(str::to_owned),
                last_modified: state.modified.get(request.key.as_str()).copied(),
                date: Some(state.now()),
                pieces: pieces(body, breaks, target.clone()),
                target,
            }))
        })
    }

    async fn put(&self, request: &PutRequest) -> Result<PutAnswer, StoreError> {
        let key = request.key.as_str();
        let body = read(&request.body, Operation::PutObject, key).await?;
        self.answer(Operation::PutObject, key, |state| {
            state.check(key, request.condition.as_ref())?;
            let body = state.arrived(Operation::PutObject, body);
            let checksums = request
                .checksum
                .map(|algorithm| StoredChecksum {
                    algorithm,
                    value: Checksum::of(algorithm, &body),
                    composite_parts: None,
                })
                .into_iter()
                .collect();
            Ok(state.store(key, StoredObject::new(body, request.parameters.clone(), checksums)))
        })
    }

    async fn create_multipart(&self, request: &MultipartRequest) -> Result<UploadId, StoreError> {
        self.answer(Operation::CreateMultipartUpload, request.key.as_str(), |state| {
            state.begun += 1;
            let id = format!("upload-{}", state.begun);
            state.uploads.insert(id.clone(), BTreeMap::new());
            Ok(UploadId(id))
        })
    }

    async fn upload_part(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        number: u16,
        body: &Body,
    ) -> Result<Part, StoreError> {
        let body = read(body, Operation::UploadPart, request.key.as_str()).await?;
        self.answer(Operation::UploadPart, request.key.as_str(), |state| {
            let body = state.arrived(Operation::UploadPart, body);
            let parts = state.uploads.get_mut(&upload.0).ok_or(StoreErrorKind::NoSuchUpload)?;
            let checksum = request.checksum.map(|algorithm| (algorithm, Checksum::of(algorithm, &body)));
            let part = Part { number, etag: md5_of(&body), encrypted: false, checksum };
            parts.insert(number, (part.clone(), body));
            Ok(part)
        })
    }

    async fn complete_multipart(
        &self,
        request: &MultipartRequest,
        upload: &UploadId,
        parts: &[Part],
    ) -> Result<PutAnswer, StoreError> {
        let key = request.key.as_str();
        self.answer(Operation::CompleteMultipartUpload, key, |state| {
            let sent = state.uploads.get(&upload.0).ok_or(StoreErrorKind::NoSuchUpload)?;
            let mut body = BytesMut::new();
            for part in parts {
                match sent.get(&part.number) {
                    Some((known, bytes)) if known.etag == part.etag => body.extend_from_slice(bytes),
                    _ => return Err(invalid_part()),
                }
            }
            state.check(key, request.condition.as_ref())?;
            state.uploads.remove(&upload.0);
            let object = StoredObject {
                body: body.freeze(),
                etag: multipart_etag(parts).ok_or_else(invalid_part)?,
                parameters: request.parameters.clone(),
                checksums: request
                    .checksum
                    .and_then(|algorithm| composite(algorithm, parts))
                    .into_iter()
                    .collect(),
            };
            Ok(state.store(key, object))
        })
    }

    async fn abort_multipart(&self, request: &MultipartRequest, upload: &UploadId) -> Result<(), StoreError> {
        self.answer(Operation::AbortMultipartUpload, request.key.as_str(), |state| {
            state.uploads.remove(&upload.0);
            Ok(())
        })
    }

    /// Among several keys those fail for which a fault of a DeleteObject waits.
    async fn delete(&self, keys: &[ObjectKey]) -> Result<Vec<StoreError>, StoreError> {
        let operation = if keys.len() > 1 { Operation::DeleteObjects } else { Operation::DeleteObject };
        self.answer(operation, keys.first().map_or("", ObjectKey::as_str), |state| {
            let mut failed = Vec::new();
            for key in keys {
                let fits = |fault: &Fault| {
                    fault.operation == Operation::DeleteObject && fault.key.as_deref() == Some(key.as_str())
                };
                match state.faults.iter().position(fits).and_then(|index| state.faults.remove(index)) {
                    Some(fault) => failed.push(StoreError::new(operation, target(key.as_str()), fault.kind)),
                    None => drop(state.objects.remove(key.as_str())),
                }
            }
            Ok(failed)
        })
    }

    fn target(&self, key: &ObjectKey) -> Target {
        target(key.as_str())
    }

    fn requests(&self) -> BTreeMap<&'static str, u64> {
        self.counts.all()
    }
}

async fn read(body: &Body, operation: Operation, key: &str) -> Result<Bytes, StoreError> {
    let fault = |fault: super::body::BodyFault| fault.into_error(operation, target(key));
    let mut reader = BodyReader::open(body).await.map_err(fault)?;
    let mut all = BytesMut::new();
    while let Some(piece) = poll_fn(|context| reader.poll_piece(context)).await {
        all.extend_from_slice(&piece.map_err(fault)?);
    }
    Ok(all.freeze())
}

/// A body in pieces, cut off where it is to break.
fn pieces(
    body: Bytes,
    break_after: Option<usize>,
    target: Target,
) -> BoxStream<'static, Result<Bytes, StoreError>> {
    let whole = body.len();
    let kept = body.slice(..break_after.unwrap_or(whole).min(whole));
    let broken = (kept.len() < whole)
        .then(|| Err(StoreError::new(Operation::GetObject, target, StoreErrorKind::ConnectionLost)));
    let chunks: Vec<Bytes> =
        (0..kept.len()).step_by(PIECE).map(|at| kept.slice(at..kept.len().min(at + PIECE))).collect();
    stream::iter(chunks.into_iter().map(Ok).chain(broken)).boxed()
}

fn target(key: &str) -> Target {
    Target { bucket: "memory".to_owned(), key: key.to_owned() }
}

fn invalid_part() -> StoreErrorKind {
    StoreErrorKind::Refused { status: 400, code: "InvalidPart".to_owned() }
}
