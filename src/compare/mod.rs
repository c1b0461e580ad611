//! Fetches the evidence that the plan asks for: lists the location once, digests bodies on all cores, sends HEADs
//! in parallel. Decides nothing itself ([`crate::plan::judge`] does) and changes nothing in the bucket.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::digest::Chunking;
use crate::encode::{self, EncodeError, Encoded};
use crate::error::Problem;
use crate::object::{Compression, Description};
use crate::plan::{
    Action, Asset, BodyFacts, Evidence, Memory, Plan, Question, SkipReason, Step, Verdict, judge,
};
use crate::release::{HeaderFingerprint, RecordedObject};
use crate::report::{Event, Reporter};
use crate::store::{Limit, ListedObject, ObjectHead, Store, StoreError, StoredChecksum};

mod listing;
mod sources;

pub(crate) use listing::page_limit;
pub use listing::{Listing, list};
pub(crate) use sources::sources;
#[cfg(test)]
mod tests;

/// How many keys are asked about at once: enough to hide the way to a far server.
const KEYS_AT_ONCE: usize = 64;

/// What a comparison goes by.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// How many requests may be in flight.
    pub limit: Arc<Limit>,
    /// Sends a HEAD for every key whose body is the same, and compares headers.
    pub check_headers: bool,
    /// Digests every body, needed or not, so that the plan can be printed whole.
    pub describe_all: bool,
    /// The most bytes of bodies in memory at once.
    pub in_flight_bytes: u64,
    /// Whether there will be a record of what is compared: then nothing counts as unchanged whose headers nobody saw.
    pub recording: bool,
    /// What the last release recorded, by key.
    pub memory: Arc<HashMap<String, Arc<RecordedObject>>>,
    /// The MD5s of sources that are known already, by key.
    pub sources: Arc<HashMap<String, String>>,
    /// How bodies are cut into parts, which decides their ETags.
    pub chunking: Chunking,
}

/// An object that was written later than this after the date that the server gave to its put was put again: the two
/// dates of one put may differ by a moment.
const SAME_PUT: Duration = Duration::from_secs(5);

/// What all comparisons of a run share.
struct Context<'a, S> {
    store: &'a S,
    options: CompareOptions,
    cores: Arc<Semaphore>,
    body_limit: u64,
    reporter: &'a dyn Reporter,
}

/// Compares assets with the bucket, key by key.
///
/// # Errors
/// Everything that could not be read or asked, one problem a key; empty when `cancel` struck.
pub async fn compare<S: Store>(
    assets: Vec<Asset>,
    mut listing: Listing,
    store: &S,
    options: CompareOptions,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Plan, Vec<Problem>> {
    let cores = available_parallelism().map_or(2, usize::from);
    let context = Context {
        store,
        cores: Arc::new(Semaphore::new(cores)),
        body_limit: (options.in_flight_bytes / cores as u64).min(encode::HOLD),
        options,
        reporter,
    };
    let mut listed = std::mem::take(&mut listing.objects);
    let bytes = assets.iter().map(|asset| asset.material.size()).sum();
    reporter.event(&Event::Stage { label: "comparing", files: assets.len() as u64, bytes });
    // One step for each asset, of which there may be very many: they are gathered only once.
    let mut steps = Vec::with_capacity(assets.len());
    let mut problems = BTreeMap::new();
    let asked = stream::iter(assets).map(|asset| {
        let object = listed.remove(asset.key.as_str());
        context.step(asset, object, listing.given_up)
    });
    let mut outcomes = pin!(asked.buffer_unordered(KEYS_AT_ONCE).take_until(cancel.cancelled()));
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(step) => steps.push(step),
            Err(problem) => {
                problems.insert((problem.key.clone(), problem.name.clone()), problem);
            }
        }
    }
    reporter.event(&Event::StageEnd);
    if cancel.is_cancelled() {
        return Err(Vec::new());
    }
    if problems.is_empty() { Ok(Plan::new(steps)) } else { Err(problems.into_values().collect()) }
}

impl<S: Store> Context<'_, S> {
    /// Answers questions until the key is decided. Each question is asked at most once, so this ends.
    async fn step(&self, asset: Asset, mut listed: Option<ListedObject>, ask: bool) -> Result<Step, Problem> {
        let mut head = None;
        if ask {
            let there = self.head(&asset).await?;
            listed = there.as_ref().map(|head| ListedObject {
                key: asset.key.to_string(),
                size: head.size,
                etag: head.etag.clone(),
                last_modified: head.last_modified,
            });
            head = Some(there);
        }
        let memory = self.memory(&asset, listed.as_ref());
        let unchanged = |memory: &Memory| listed.as_ref().is_some_and(|listed| memory.is_of(listed));
        let seen = memory.as_ref().is_some_and(unchanged);
        let mut evidence = Evidence {
            check_headers: self.options.check_headers || (self.options.recording && !seen),
            memory,
            listed,
            head,
            source_size: asset.material.size(),
            stored_plain: matches!(asset.description.compression, Compression::None(_)),
            parameters: asset.description.parameters.clone(),
            ..Evidence::default()
        };
        if self.options.describe_all {
            evidence.body = Some(self.body(&asset).await?);
        }
        let action = loop {
            match judge(&evidence) {
                Verdict::Decided(action) => break action,
                Verdict::Lacks(Question::Source) => evidence.source = Some(self.source(&asset).await?),
                Verdict::Lacks(Question::Body) => evidence.body = Some(self.body(&asset).await?),
                Verdict::Lacks(Question::Head) => evidence.head = Some(self.head(&asset).await?),
                Verdict::Lacks(Question::Checksum(stored)) => {
                    evidence.checksum = Some(self.checksum(&asset, stored).await?);
                }
            }
        };
        self.reporter.event(&Event::Progress { files: 1, bytes: asset.material.size() });
        if let Action::Skip(reason) = &action {
            let (name, reason) = (asset.stored_name.as_str(), reason.to_string());
            self.reporter.event(&Event::Outcome { name, action: "skip", reason: &reason });
        }
        let recorded = match &action {
            Action::Skip(reason) if self.options.recording => {
                self.recorded(&asset, reason, &evidence).await?
            }
            _ => None,
        };
        let there = evidence.listed.map(|listed| listed.etag);
        Ok(Step { asset, action, body: evidence.body, there, recorded })
    }

    async fn head(&self, asset: &Asset) -> Result<Option<ObjectHead>, Problem> {
        let _slot = self.options.limit.slot().await;
        self.store.head(&asset.key).await.map_err(|error| named(&error, asset))
    }

    /// What the last release recorded of a key.
    fn memory(&self, asset: &Asset, listed: Option<&ListedObject>) -> Option<Memory> {
        let object = Arc::clone(self.options.memory.get(asset.key.as_str())?);
        let put_at = SystemTime::UNIX_EPOCH + Duration::from_secs(object.put_at);
        let written = listed.and_then(|listed| listed.last_modified);
        let ours = HeaderFingerprint::of(&asset.description.parameters, &asset.description.compression);
        Some(Memory {
            put_again: written.is_some_and(|written| written > put_at + SAME_PUT),
            different: ours.difference(&object.headers),
            object,
        })
    }

    /// What a record says of an object that stays: what the last one said, or what was seen of it just now.
    async fn recorded(
        &self,
        asset: &Asset,
        reason: &SkipReason,
        evidence: &Evidence,
    ) -> Result<Option<Arc<RecordedObject>>, Problem> {
        let Some(listed) = &evidence.listed else { return Ok(None) };
        let written = listed.last_modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let put_at = written.map(|at| at.as_secs()).unwrap_or_default();
        let memory = evidence.memory.as_ref().filter(|memory| memory.is_of(listed));
        if let (Some(memory), SkipReason::Recorded) = (memory, reason) {
            let object = match memory.put_again {
                true => Arc::new(RecordedObject { put_at, ..(*memory.object).clone() }),
                false => Arc::clone(&memory.object),
            };
            return Ok(Some(object));
        }
        let Some(body) = &evidence.body else { return Ok(None) };
        let source = match body.content_encoding {
            None => body.digest.md5.clone(),
            Some(_) => self.source(asset).await?,
        };
        let Description { parameters, compression, .. } = &*asset.description;
        let headers = match memory {
            Some(_) => HeaderFingerprint::of(parameters, compression),
            None => HeaderFingerprint::adopted(parameters, compression),
        };
        let (etag, size) = (listed.etag.clone(), listed.size);
        Ok(Some(Arc::new(RecordedObject {
            role: asset.role,
            source,
            body: body.digest.md5.clone(),
            etag,
            size,
            headers,
            put_at,
        })))
    }

    async fn source(&self, asset: &Asset) -> Result<String, Problem> {
        if let Some(md5) = self.options.sources.get(asset.key.as_str()) {
            return Ok(md5.clone());
        }
        let material = asset.material.clone();
        self.on_a_core(asset, move || material.md5()).await
    }

    async fn body(&self, asset: &Asset) -> Result<BodyFacts, Problem> {
        self.of_body(asset, |encoded| {
            Ok(BodyFacts { digest: encoded.digest()?, content_encoding: encoded.content_encoding })
        })
        .await
    }

    async fn checksum(&self, asset: &Asset, stored: StoredChecksum) -> Result<String, Problem> {
        self.of_body(asset, move |encoded| match stored.composite_parts {
            None => encoded.checksum(stored.algorithm),
            Some(_) => encoded.composite_checksum(stored.algorithm),
        })
        .await
    }

    /// Makes a body on one of the cores, finds something out about it and lets go of it.
    async fn of_body<T: Send + 'static>(
        &self,
        asset: &Asset,
        find_out: impl FnOnce(&Encoded) -> Result<T, EncodeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (material, compression) = (asset.material.clone(), asset.description.compression.clone());
        let (chunking, limit) = (self.options.chunking, self.body_limit);
        self.on_a_core(asset, move || find_out(&encode::encode(&material, &compression, chunking, limit)?))
            .await
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        asset: &Asset,
        work: impl FnOnce() -> Result<T, EncodeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.cores).acquire_owned().await.expect("the semaphore is never closed");
        let done = spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await
            .expect("encoding does not panic")
            .map_err(|error| Problem { key: Some(asset.key.to_string()), ..Problem::of(&error) })
    }
}

/// A refusal of the store, with the name of the asset it is about.
fn named(error: &StoreError, asset: &Asset) -> Problem {
    Problem { name: Some(asset.material.name().to_string()), ..Problem::of(error) }
}
