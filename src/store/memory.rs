//! The same verbs over a map, able to fail on request: for tests of the rooms above. It keeps what a service
//! keeps and judges conditions as one does; it reads the files of streamed bodies, and nothing else.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use md5::{Digest as _, Md5};
use tokio::time::Instant;

use crate::digest::{Checksum, ChecksumAlgorithm, hex};
use crate::name::ObjectKey;
use crate::parameters::{ObjectParameters, Parameter};

use super::body::BodyReader;
use super::count::Counts;
use super::{
    Body, ByteRange, Condition, Download, GetAnswer, GetRequest, ListPage, ListedObject, MultipartRequest,
    ObjectHead, Operation, Part, PutAnswer, PutRequest, ReadCondition, Store, StoreError, StoreErrorKind,
    StoredChecksum, Target, UploadId, multipart_etag,
};

/// Objects a page of a listing.
const PAGE: usize = 1000;

/// What the clock of a bucket shows when it is made, in seconds since 1970.
const BEGINNING: u64 = 1_800_000_000;

/// Bytes that a body comes in at once.
const PIECE: usize = 64 * 1024;

/// A bucket in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    counts: Counts,
}

#[derive(Debug)]
struct State {
    /// When the bucket was made; its clock goes on from [`BEGINNING`], paused where tokio's is.
    made: Instant,
    objects: BTreeMap<String, StoredObject>,
    modified: HashMap<String, SystemTime>,
    uploads: HashMap<String, BTreeMap<u16, (Part, Bytes)>>,
    begun: u64,
    faults: VecDeque<Fault>,
    breaks: VecDeque<usize>,
}

/// An object as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// As stored.
    pub body: Bytes,
    /// Without quotes.
    pub etag: String,
    /// All that was sent, ACL and tags included.
    pub parameters: ObjectParameters,
    /// Those that were sent.
    pub checksums: Vec<StoredChecksum>,
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

impl StoredObject {
    /// An object that was stored whole: its ETag is the MD5 of its body, unless encryption makes it something else.
    #[must_use]
    pub fn new(body: Bytes, parameters: ObjectParameters, checksums: Vec<StoredChecksum>) -> Self {
        let by_kms = parameters
            .get(Parameter::ServerSideEncryption)
            .is_some_and(|encryption| encryption.starts_with("aws:kms"));
        let is_opaque = by_kms || parameters.get(Parameter::SseCustomerAlgorithm).is_some();
        let etag = if is_opaque { md5_of(md5_of(&body).as_bytes()) } else { md5_of(&body) };
        Self { body, etag, parameters, checksums }
    }
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

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectHead>, StoreError> {
        self.answer(Operation::HeadObject, key.as_str(), |state| {
            Ok(state.objects.get(key.as_str()).map(|object| ObjectHead {
                size: object.body.len() as u64,
                etag: object.etag.clone(),
                parameters: served(&object.parameters),
                checksums: object.checksums.clone(),
                last_modified: state.modified.get(key.as_str()).copied(),
            }))
        })
    }

    async fn get(&self, request: &GetRequest) -> Result<GetAnswer, StoreError> {
        self.answer(Operation::GetObject, request.key.as_str(), |state| {
            let Some(object) = state.objects.get(request.key.as_str()) else {
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
            let body = stretch(&object.body, request.range)?;
            let target = target(request.key.as_str());
            Ok(GetAnswer::Object(Download {
                size: object.body.len() as u64,
                etag: object.etag.clone(),
                content_encoding: object.parameters.get(Parameter::ContentEncoding).map(str::to_owned),
                last_modified: state.modified.get(request.key.as_str()).copied(),
                date: Some(state.now()),
                pieces: pieces(body, state.breaks.pop_front(), target.clone()),
                target,
            }))
        })
    }

    async fn put(&self, request: &PutRequest) -> Result<PutAnswer, StoreError> {
        let key = request.key.as_str();
        let body = read(&request.body, Operation::PutObject, key).await?;
        self.answer(Operation::PutObject, key, |state| {
            state.check(key, request.condition.as_ref())?;
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
            let parts = state.uploads.get_mut(&upload.0).ok_or(StoreErrorKind::NoSuchUpload)?;
            let checksum = request.checksum.map(|algorithm| (algorithm, Checksum::of(algorithm, &body)));
            let part = Part { number, etag: md5_of(&body), checksum };
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

    async fn delete(&self, keys: &[ObjectKey]) -> Result<Vec<StoreError>, StoreError> {
        let operation = if keys.len() > 1 { Operation::DeleteObjects } else { Operation::DeleteObject };
        self.answer(operation, keys.first().map_or("", ObjectKey::as_str), |state| {
            for key in keys {
                state.objects.remove(key.as_str());
            }
            Ok(Vec::new())
        })
    }

    fn requests(&self) -> BTreeMap<&'static str, u64> {
        self.counts.all()
    }
}

impl State {
    /// A page begins after the last entry of the page before.
    fn page(&self, prefix: &str, one_level: bool, continuation: Option<&str>) -> ListPage {
        let after = continuation.unwrap_or_default();
        let mut page = ListPage { date: Some(self.now()), ..ListPage::default() };
        let mut last: Option<String> = None;
        for (key, object) in self.objects.range(prefix.to_owned()..) {
            let Some(rest) = key.strip_prefix(prefix) else { break };
            let slash = rest.find('/').filter(|_| one_level);
            let entry = slash.map_or(key.as_str(), |slash| &key[..=prefix.len() + slash]);
            if entry <= after || last.as_deref() == Some(entry) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == PAGE {
                page.continuation = last;
                break;
            }
            last = Some(entry.to_owned());
            match slash {
                Some(_) => page.prefixes.push(entry.to_owned()),
                None => page.objects.push(self.listed(key, object)),
            }
        }
        page
    }

    fn check(&self, key: &str, condition: Option<&Condition>) -> Result<(), StoreErrorKind> {
        let there = self.objects.get(key).map(|object| &object.etag);
        let holds = match condition {
            None => true,
            Some(Condition::Absent) => there.is_none(),
            Some(Condition::Matches(etag)) => there == Some(etag),
        };
        if holds { Ok(()) } else { Err(StoreErrorKind::PreconditionFailed) }
    }

    fn store(&mut self, key: &str, object: StoredObject) -> PutAnswer {
        let (etag, now) = (object.etag.clone(), self.now());
        self.objects.insert(key.to_owned(), object);
        self.modified.insert(key.to_owned(), now);
        PutAnswer { etag, date: Some(now) }
    }

    fn listed(&self, key: &str, object: &StoredObject) -> ListedObject {
        ListedObject {
            key: key.to_owned(),
            size: object.body.len() as u64,
            etag: object.etag.clone(),
            last_modified: self.modified.get(key).copied(),
        }
    }

    /// What the bucket's clock shows, in whole seconds as HTTP has them.
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(BEGINNING + self.made.elapsed().as_secs())
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            made: Instant::now(),
            objects: BTreeMap::new(),
            modified: HashMap::new(),
            uploads: HashMap::new(),
            begun: 0,
            faults: VecDeque::new(),
            breaks: VecDeque::new(),
        }
    }
}

fn composite(algorithm: ChecksumAlgorithm, parts: &[Part]) -> Option<StoredChecksum> {
    let mut all = Checksum::new(algorithm);
    for part in parts {
        all.update(&STANDARD.decode(&part.checksum.as_ref()?.1).ok()?);
    }
    let count = u32::try_from(parts.len()).ok()?;
    Some(StoredChecksum { algorithm, value: all.finish(), composite_parts: Some(count) })
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

/// What a HEAD shows of what was sent.
fn served(sent: &ObjectParameters) -> ObjectParameters {
    let mut shown = ObjectParameters::default();
    for (parameter, value) in sent.iter().filter(|(parameter, _)| is_served(*parameter)) {
        shown.set(parameter, value);
    }
    for (name, value) in sent.metadata() {
        shown.set_metadata(name.to_ascii_lowercase(), value);
    }
    shown
}

fn is_served(parameter: Parameter) -> bool {
    !matches!(
        parameter,
        Parameter::Acl
            | Parameter::ExpectedBucketOwner
            | Parameter::GrantFullControl
            | Parameter::GrantRead
            | Parameter::GrantReadAcp
            | Parameter::GrantWriteAcp
            | Parameter::RequestPayer
            | Parameter::SseCustomerKey
            | Parameter::SseKmsEncryptionContext
            | Parameter::Tagging
    )
}

fn stretch(body: &Bytes, range: Option<ByteRange>) -> Result<Bytes, StoreErrorKind> {
    let Some(ByteRange { offset, length }) = range else { return Ok(body.clone()) };
    let all = body.len() as u64;
    if offset >= all || length == Some(0) {
        return Err(StoreErrorKind::Refused { status: 416, code: "InvalidRange".to_owned() });
    }
    let end = length.map_or(all, |length| offset.saturating_add(length).min(all));
    let index = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(body.slice(index(offset)..index(end)))
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

fn md5_of(body: &[u8]) -> String {
    hex(&Md5::digest(body))
}
