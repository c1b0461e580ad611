//! One object: encode it, then store it whole or in parts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use crate::digest::{BodyDigest, ChecksumAlgorithm, LayoutPart};
use crate::encode::{self, EncodeError, Encoded, EncodedBody, Material};
use crate::object::Compression;
use crate::parameters::{ObjectParameters, Parameter};
use crate::plan::{Action, BodyFacts, Evidence, Step, Verdict, Wave, judge, stored_parameters};
use crate::report::Event;
use crate::store::{
    Body, Condition, ListedObject, ObjectHead, PutAnswer, PutRequest, Slot, Store, put_proven,
};

use super::ahead::Ready;
use super::failure::{Cause, Failure};
use super::{Context, Outcome};

/// Why an object that somebody else stored meanwhile stays.
pub(crate) const TWIN: &str = "stored by somebody else meanwhile";

/// How often an object that others store at the same time is tried.
const ROUNDS: usize = 3;

/// An object that is in the bucket now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// As the store answered, without quotes.
    pub etag: String,
    /// Bytes as stored.
    pub size: u64,
    /// What compression added, if it did.
    pub content_encoding: Option<&'static str>,
    /// The MD5 of the body before compression.
    pub source: String,
    /// The MD5 of the body as stored.
    pub body: String,
    /// When it was put, by the service's clock.
    pub date: Option<SystemTime>,
}

/// What a body is known by.
#[derive(Debug, Clone)]
pub(super) struct Digests {
    /// The MD5 before compression.
    pub(super) source: String,
    /// As it is stored.
    pub(super) body: BodyDigest,
}

/// Digests that are taken while the body is sent.
pub(super) enum Digesting {
    Done(Digests),
    UnderWay(JoinHandle<Result<Digests, EncodeError>>),
}

impl Digesting {
    pub(super) async fn get(&mut self) -> Result<&Digests, Failure> {
        if let Self::UnderWay(handle) = self {
            *self = Self::Done(handle.await.expect("digesting does not panic")?);
        }
        match self {
            Self::Done(digests) => Ok(digests),
            Self::UnderWay(_) => unreachable!("it was waited for"),
        }
    }
}

impl<S: Store + 'static> Context<S> {
    /// Stores the object of a step, and tells what became of it: stored, or there already.
    pub(super) async fn object(
        self: &Arc<Self>,
        index: usize,
        ready: Option<Ready>,
    ) -> Result<Outcome, Failure> {
        let step = &self.plan.steps[index];
        let asset = &step.asset;
        let result = self.store_step(index, ready).await.map_err(|mut failure| {
            failure.problem.name = Some(asset.material.name().to_string());
            failure.problem.key = Some(asset.key.to_string());
            self.after(failure)
        });
        if result.is_ok() {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
        let reason = match (&result, &step.action) {
            (Err(failure), _) => failure.problem.message.clone(),
            (Ok(Outcome::Present(_)), _) => TWIN.to_owned(),
            (Ok(_), Action::Put(reason)) => reason.to_string(),
            (Ok(_), Action::Skip(reason)) => reason.to_string(),
        };
        let action = match &result {
            Err(_) => "failed",
            Ok(Outcome::Present(_)) => "skip",
            Ok(_) => "put",
        };
        self.reporter.event(&Event::Progress { files: 1, bytes: 0 });
        if !matches!(&result, Err(failure) if failure.cause == Cause::NotTried) {
            let name = asset.stored_name.as_str();
            self.reporter.event(&Event::Outcome { name, action, reason: &reason });
        }
        result
    }

    async fn store_step(self: &Arc<Self>, index: usize, ready: Option<Ready>) -> Result<Outcome, Failure> {
        let step = &self.plan.steps[index];
        let hold = encode::HOLD.min(self.options.budget.total());
        let (held, body) = match ready {
            Some(Ready { held, body }) => (held, Some(body)),
            None => (self.options.budget.take(step.asset.material.size().min(hold)).await, None),
        };
        if self.stop.is_cancelled() {
            return Err(Failure::stopped());
        }
        let (encoded, mut digesting) = match body {
            Some(body) => body.map(|(encoded, digests)| (encoded, Digesting::Done(digests)))?,
            None => self.encode(index, hold).await?,
        };
        // Parts are taken from disk, and paid for one by one.
        let held = (!encoded.layout().is_multipart()).then_some(held);
        let mut condition = self.condition(step.there.clone());
        let mut rounds = 0;
        let answer = loop {
            let sent = match encoded.layout().is_multipart() {
                true => self.put_in_parts(index, &encoded, &mut digesting, condition.clone()).await,
                false => self.put(step, &encoded, &mut digesting, condition.clone()).await,
            };
            let failure = match sent {
                Ok(answer) => break answer,
                Err(failure) => failure,
            };
            match failure.cause {
                Cause::NoConditions if condition.take().is_some() => {
                    self.conditional.store(false, Ordering::Relaxed);
                }
                Cause::Unmet if condition.is_some() && rounds < ROUNDS => {
                    rounds += 1;
                    let head = self.head(step).await?;
                    let digests = digesting.get().await?;
                    if let Some(head) = head.as_ref().filter(|head| is_twin(step, &encoded, digests, head)) {
                        let answer = PutAnswer {
                            etag: head.etag.clone(),
                            encrypted: !head.etag_is_md5(),
                            date: head.last_modified,
                        };
                        return Ok(twin(step, stored(&encoded, answer, digests)));
                    }
                    let now = self.condition(head.map(|head| head.etag));
                    if now == condition && rounds > 1 {
                        // It is met, and the store says again that it is not: it does not know conditions.
                        self.conditional.store(false, Ordering::Relaxed);
                        condition = None;
                    } else if now != condition {
                        return Err(Failure::overtaken(&step.asset.key));
                    }
                }
                _ => return Err(failure),
            }
        };
        drop(held);
        Ok(Outcome::Stored(stored(&encoded, answer, digesting.get().await?)))
    }

    /// What a write depends on: that what is there is what was seen.
    fn condition(&self, there: Option<String>) -> Option<Condition> {
        let condition = there.map_or(Condition::Absent, Condition::Matches);
        self.conditional.load(Ordering::Relaxed).then_some(condition)
    }

    async fn head(&self, step: &Step) -> Result<Option<ObjectHead>, Failure> {
        let _slot = self.turn().await?;
        Ok(self.store.head(&step.asset.key).await?)
    }

    /// Makes the body that will be stored; compression waits for a core. What is in memory is digested at once, what is
    /// on disk while it is sent.
    /// What another step stored already is taken from there, if its file still is what it was.
    async fn encode(self: &Arc<Self>, index: usize, hold: u64) -> Result<(Arc<Encoded>, Digesting), Failure> {
        let compressed =
            matches!(self.plan.steps[index].asset.description.compression, Compression::Gzip { .. });
        let core = if compressed { self.cores.acquire().await.ok() } else { None };
        let context = Arc::clone(self);
        let encoded = spawn_blocking(move || {
            let asset = &context.plan.steps[index].asset;
            if let Some(kept) = context.kept.find(index) {
                asset.material.unchanged()?;
                return Ok(kept);
            }
            let chunking = context.options.chunking;
            let encoded = encode::encode(&asset.material, &asset.description.compression, chunking, hold)?;
            let in_memory = matches!(encoded.body, EncodedBody::Memory(_));
            let digests = in_memory.then(|| digests(&asset.material, &encoded)).transpose()?;
            let encoded = Arc::new(encoded);
            context.kept.keep(index, &encoded, digests.as_ref());
            Ok::<_, EncodeError>((encoded, digests))
        });
        let (encoded, digests) = encoded.await.expect("encoding does not panic")?;
        drop(core);
        let digesting = match digests {
            Some(digests) => Digesting::Done(digests),
            None => {
                let (plan, encoded) = (Arc::clone(&self.plan), Arc::clone(&encoded));
                let work = move || self::digests(&plan.steps[index].asset.material, &encoded);
                Digesting::UnderWay(spawn_blocking(work))
            }
        };
        Ok((encoded, digesting))
    }

    /// Stores a body by one request.
    async fn put(
        self: &Arc<Self>,
        step: &Step,
        encoded: &Arc<Encoded>,
        digesting: &mut Digesting,
        condition: Option<Condition>,
    ) -> Result<PutAnswer, Failure> {
        let checksum = self.checksum(step);
        let whole = LayoutPart { number: 1, offset: 0, length: encoded.size };
        let request = PutRequest {
            key: step.asset.key.clone(),
            body: self.body(encoded, whole, checksum).await?,
            parameters: stored_parameters(&step.asset.description.parameters, encoded.content_encoding),
            checksum,
            condition,
        };
        let slot = self.turn().await?;
        let md5 = async { Ok::<_, Failure>(digesting.get().await?.body.md5.clone()) };
        let answer = put_proven(&*self.store, request, md5).await;
        drop(slot);
        let answer = answer.map_err(|failure| failed(encoded, failure))?;
        self.reporter.event(&Event::Progress { files: 0, bytes: step.asset.material.size() });
        Ok(answer)
    }

    /// A stretch of a body as something to send: shared where the body is in memory, else hashed now and streamed
    /// later.
    pub(super) async fn body(
        &self,
        encoded: &Arc<Encoded>,
        part: LayoutPart,
        checksum: Option<ChecksumAlgorithm>,
    ) -> Result<Body, Failure> {
        if matches!(encoded.body, EncodedBody::Memory(_)) {
            return Ok(Body::Bytes(encoded.part(&part)?));
        }
        let encoded = Arc::clone(encoded);
        let made = spawn_blocking(move || match encoded.file_body(&part, checksum)? {
            Some(file) => Ok(Body::File(file)),
            None => encoded.part(&part).map(Body::Bytes),
        });
        made.await.expect("reading does not panic").map_err(|error: EncodeError| error.into())
    }

    /// Waits for the right to send a request, which is gone once the run is stopped.
    pub(super) async fn turn(&self) -> Result<Slot, Failure> {
        let slot = self.options.limit.slot().await;
        if let Some(until) = self.until.get() {
            let mut until = until.clone();
            tokio::select! {
                // Whoever shows the time is gone only when all is over.
                _ = until.wait_for(|until| *until > Instant::now()) => {}
                () = self.stop.cancelled() => {}
            }
        }
        if self.stop.is_cancelled() { Err(Failure::stopped()) } else { Ok(slot) }
    }

    /// The additional checksum that goes with an object's bodies. S3 takes nothing with a lock on it without one.
    pub(super) fn checksum(&self, step: &Step) -> Option<ChecksumAlgorithm> {
        let is_locked = has_lock(&step.asset.description.parameters);
        self.options.checksum.or(is_locked.then_some(ChecksumAlgorithm::Crc32))
    }
}

fn has_lock(parameters: &ObjectParameters) -> bool {
    let locks = [
        Parameter::ObjectLockLegalHoldStatus,
        Parameter::ObjectLockMode,
        Parameter::ObjectLockRetainUntilDate,
    ];
    locks.into_iter().any(|parameter| parameters.get(parameter).is_some())
}

/// The digests of a body; reads it.
pub(super) fn digests(material: &Material, encoded: &Encoded) -> Result<Digests, EncodeError> {
    let body = encoded.digest()?;
    let source = match encoded.content_encoding {
        None => body.md5.clone(),
        Some(_) => material.md5()?,
    };
    Ok(Digests { source, body })
}

/// Whether what is there is what would be stored, headers included.
fn is_twin(step: &Step, encoded: &Encoded, digests: &Digests, head: &ObjectHead) -> bool {
    let evidence = Evidence {
        listed: Some(ListedObject {
            key: step.asset.key.to_string(),
            size: head.size,
            etag: head.etag.clone(),
            last_modified: head.last_modified,
        }),
        source_size: step.asset.material.size(),
        stored_plain: encoded.content_encoding.is_none(),
        parameters: step.asset.description.parameters.clone(),
        body: Some(BodyFacts { digest: digests.body.clone(), content_encoding: encoded.content_encoding }),
        head: Some(Some(head.clone())),
        check_headers: true,
        ..Evidence::default()
    };
    matches!(judge(&evidence), Verdict::Decided(Action::Skip(_)))
}

/// What became of a put that met its twin. A hashed name may have been put by anybody; of what has a meaning already
/// nobody else has the right to be the author, so that it was our own first try, whose answer was lost.
fn twin(step: &Step, stored: Stored) -> Outcome {
    if step.wave() == Wave::Hashed { Outcome::Present(stored) } else { Outcome::Stored(stored) }
}

fn stored(encoded: &Encoded, answer: PutAnswer, digests: &Digests) -> Stored {
    Stored {
        etag: answer.etag,
        size: encoded.size,
        content_encoding: encoded.content_encoding,
        source: digests.source.clone(),
        body: digests.body.md5.clone(),
        date: answer.date,
    }
}

/// Why a body was not stored: where its file is no longer what was hashed, that is why, whatever the store says.
pub(super) fn failed(encoded: &Encoded, failure: Failure) -> Failure {
    match encoded.unchanged() {
        Ok(()) => failure,
        Err(changed) => changed.into(),
    }
}
