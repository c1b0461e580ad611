//! The verb `rollback`: puts an earlier release back, once all that it needs is known to be there, and records that as a
//! release of its own. Deletes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use futures_util::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use crate::apply::{Application, Applied, ApplyOptions, Budget, Outcome};
use crate::deploy::{
    Deploy, End, Sweeps, headers_alone, keep_locally, left_behind, manifest_summary, settle, tell,
};
use crate::error::{Exit, Problem};
use crate::invalidation::{self, Watched};
use crate::ledger::{Free, Ledger, LedgerError, ListedRecord, Who, new_id, wait_for_others};
use crate::manifest::Manifest;
use crate::name::AssetName;
use crate::plan::{Plan, PutReason};
use crate::prepare::PreparedManifest;
use crate::release::{Claim, ClaimKind, Record, RecordedObject, ReleaseId};
use crate::report::Reporter;
use crate::restore::{BodySource, Memory, Move, Restoration};
use crate::settings::{OnConflict, Settings};
use crate::store::retry::Retrying;
use crate::store::{Limit, ListedObject, Store, StoreError, StoreErrorKind};

mod fetch;
mod summary;
#[cfg(test)]
mod tests;

pub use summary::{NotRestored, RollbackSummary};

/// Records that are fetched at once: a large one takes tens of megabytes.
const RECORDS_AT_ONCE: usize = 4;
/// Names whose versions are asked for at once.
const VERSIONS_AT_ONCE: usize = 32;
/// How often a rollback begins anew when others come first.
const ROUNDS: usize = 10;

/// What a rollback is asked for besides its settings.
#[derive(Debug, Clone, Default)]
pub struct RollbackOptions {
    /// Which release comes back, or how its id begins; `None` for the one before the live one.
    pub release: Option<String>,
    /// Tell what would be done, change nothing.
    pub dry_run: bool,
    /// The order of that release is the highest from now on, so that what came after it may be pushed again.
    pub accept_order: bool,
    /// Who runs it, as others who wait for it are told; it stands in the bucket for a while, which may be public.
    pub by: String,
}

/// One run: what it goes by, and where.
struct Run<'a, S> {
    settings: &'a Settings,
    options: &'a RollbackOptions,
    store: Arc<Retrying<S>>,
    limit: Arc<Limit>,
    reporter: Arc<dyn Reporter>,
    cancel: CancellationToken,
    sweeps: Sweeps,
}

/// What a rollback goes by.
struct Before {
    free: Free,
    target: Record,
    restoration: Restoration,
    /// What the location has under the names that are known.
    listing: BTreeMap<String, ListedObject>,
    listed_at: Option<SystemTime>,
}

/// Puts an earlier release of an app back in a store, whatever it is.
pub async fn rollback<S: Store + 'static>(
    settings: &Settings,
    options: RollbackOptions,
    store: S,
    reporter: Arc<dyn Reporter>,
    cancel: CancellationToken,
) -> RollbackSummary {
    let begun = Instant::now();
    let mut rolled = RollbackSummary::of(settings, &options);
    let attempts = settings.connection.client.attempts;
    let (store, limit) = Retrying::limited(store, attempts, settings.transfer.concurrency);
    let sweeps = Sweeps::default();
    let run = Run { settings, options: &options, store: Arc::new(store), limit, reporter, cancel, sweeps };
    let done = run.run(&mut rolled).await;
    let summary = &mut rolled.summary;
    if done.is_ok() {
        summary.warnings.extend(headers_alone(settings, summary));
        // An interrupt that comes once everything is there undoes nothing; the note tells of what is not.
        let live = summary.errors.is_empty() && summary.note.is_none();
        let watched = Watched { reporter: &*run.reporter, cancel: &run.cancel };
        invalidation::after_push(settings, summary, live, watched).await;
    }
    if let Err(problems) = done {
        summary.interrupted = problems.is_empty();
        summary.errors.extend(problems);
        summary.note.get_or_insert_with(|| "nothing was changed".to_owned());
    }
    for problem in summary.errors.iter_mut().filter(|problem| problem.exit == Exit::Overtaken) {
        problem.hint =
            Some("look at `s3collect releases`, and roll back again if that is still meant".to_owned());
    }
    summary.ok = summary.errors.is_empty() && !summary.interrupted;
    summary.requests.extend(run.store.requests());
    summary.elapsed_seconds = begun.elapsed().as_secs_f64();
    rolled
}

impl<S: Store + 'static> Run<'_, S> {
    /// Finds out, and puts back.
    ///
    /// # Errors
    /// What kept it from changing anything; nothing at all where it was interrupted.
    async fn run(&self, rolled: &mut RollbackSummary) -> Result<(), Vec<Problem>> {
        let ledger = Ledger::new(self.settings, Arc::clone(&self.store));
        let ledger = ledger.map_err(|error| vec![Problem::of(&error)])?;
        for round in 1.. {
            let before = tokio::select! {
                before = self.before(&ledger, rolled) => before?,
                () = self.cancel.cancelled() => return Err(Vec::new()),
            };
            self.judge(&before, rolled)?;
            let directory = tempfile::tempdir().map_err(|error| vec![no_room(&error)])?;
            let plan = self.plan(&before, &directory, rolled).await?;
            let manifest = self.manifest(&before.target);
            rolled.summary.manifest =
                manifest.as_ref().map(|manifest| manifest_summary(self.settings, manifest));
            let live = before.free.seen.pointer.published.as_ref().map(|live| &live.id);
            if self.options.dry_run || (plan.is_empty() && live == Some(&before.target.id)) {
                tell(&plan, &mut rolled.summary);
                rolled.sizes(&before.target);
                keep_locally(self.settings, manifest, &mut rolled.summary).await;
                return Ok(());
            }
            let (plan, applied, end) = self.once(&ledger, &before, plan, rolled).await;
            let again = match end {
                End::Stale => true,
                End::Overtaken(_) => self.settings.releases.on_conflict == OnConflict::Retry,
                End::Through { .. } | End::Failed(_) => false,
            };
            if again && round < ROUNDS && !self.cancel.is_cancelled() {
                rolled.begin_again();
                continue;
            }
            finish(Arc::unwrap_or_clone(plan), applied, end, rolled);
            rolled.sizes(&before.target);
            keep_locally(self.settings, manifest, &mut rolled.summary).await;
            return Ok(());
        }
        Ok(())
    }

    /// What is known once nobody else is at work: which release, and what the bucket has of it.
    async fn before(
        &self,
        ledger: &Ledger<Retrying<S>>,
        rolled: &mut RollbackSummary,
    ) -> Result<Before, Vec<Problem>> {
        let free = self.free(ledger, rolled).await?;
        if let Some(damage) = &free.seen.damage {
            let hint = "push instead: that writes a new pointer";
            return Err(vec![damage.clone().with_hint(hint)]);
        }
        if let Some(left) = &free.left {
            rolled.summary.warn(left_behind(left));
        }
        let published = free.seen.pointer.published.as_ref().map(|live| &live.id);
        rolled.summary.release = published.map(ToString::to_string);
        let listed = ledger.records().await.map_err(refused)?;
        if listed.is_empty() {
            let apps = ledger.apps().await.map_err(refused)?;
            let others = apps.iter().filter(|app| *app != ledger.app());
            return Err(vec![ledger.stranger(others)]);
        }
        let live = self.stands_for(ledger, published).await?;
        let id = choose(&listed, live.as_ref(), self.options.release.as_deref())
            .map_err(|problem| vec![*problem])?;
        rolled.restored = Some(id.clone());
        let target = match ledger.record(&id).await {
            Ok(Some(record)) => record,
            Ok(None) => return Err(vec![Problem::new(format!("the record of release `{id}` is gone"))]),
            Err(error) => return Err(vec![Problem::of(&error).with_hint("choose another release")]),
        };
        let (restoration, listing, listed_at) = self.compare(ledger, &listed, &target, rolled).await?;
        Ok(Before { free, target, restoration, listing, listed_at })
    }

    /// Which release the live one is, whatever it is called: what was put back by a rollback is an earlier one, and the one
    /// before is before that.
    async fn stands_for(
        &self,
        ledger: &Ledger<Retrying<S>>,
        live: Option<&ReleaseId>,
    ) -> Result<Option<ReleaseId>, Vec<Problem>> {
        let Some(live) = live.filter(|_| self.options.release.is_none()) else { return Ok(None) };
        match ledger.record(live).await {
            Ok(Some(Record { restores: Some(earlier), .. })) => Ok(Some(earlier)),
            Err(LedgerError::Store(error)) => Err(refused(error)),
            // A record that cannot be read is told of when all are read.
            Ok(_) | Err(_) => Ok(Some(live.clone())),
        }
    }

    /// The pointer when nobody else is at work; a dry run does not wait.
    async fn free(
        &self,
        ledger: &Ledger<Retrying<S>>,
        rolled: &mut RollbackSummary,
    ) -> Result<Free, Vec<Problem>> {
        if self.options.dry_run {
            let seen = ledger.pointer().await.map_err(refused)?;
            if let Some(claim) = &seen.pointer.claim {
                let problem = Problem::new(format!("{} is at work, or was left behind", Who(claim)));
                rolled.summary.warn(problem);
            }
            return Ok(Free { seen, left: None });
        }
        let patience = self.settings.releases.claim_timeout;
        let free = wait_for_others(ledger, patience, &*self.reporter, &self.cancel).await;
        free.map_err(refused)?.ok_or_else(Vec::new)
    }

    /// Decides each name of the release by all records and a listing.
    async fn compare(
        &self,
        ledger: &Ledger<Retrying<S>>,
        listed: &[ListedRecord],
        target: &Record,
        rolled: &mut RollbackSummary,
    ) -> Result<(Restoration, BTreeMap<String, ListedObject>, Option<SystemTime>), Vec<Problem>> {
        let mut memory = Memory::new(target);
        let ids: Vec<ReleaseId> = listed.iter().map(|record| record.id.clone()).collect();
        let records = stream::iter(ids).map(|id| async move { ledger.record(&id).await });
        let mut records = std::pin::pin!(records.buffered(RECORDS_AT_ONCE));
        while let Some(record) = records.next().await {
            match record {
                Ok(Some(record)) => memory.add(&record),
                Ok(None) => {}
                Err(LedgerError::Store(error)) => return Err(refused(error)),
                Err(error) => rolled.summary.warn(Problem::of(&error)),
            }
        }
        let prefix = self.settings.location.prefix();
        let (mut listing, mut listed_at, mut continuation) = (BTreeMap::new(), None, None::<String>);
        loop {
            let page = self.store.list(&prefix, continuation.as_deref()).await.map_err(refused)?;
            listed_at = listed_at.or(page.date);
            for object in page.objects {
                let Some(name) = object.key.strip_prefix(&prefix) else { continue };
                if memory.knows(name) {
                    listing.insert(name.to_owned(), object);
                }
            }
            continuation = page.continuation;
            if continuation.is_none() {
                break;
            }
        }
        let mut restoration = memory.plan(&listing);
        self.find_versions(target, &mut restoration, &listing, rolled).await?;
        Ok((restoration, listing, listed_at))
    }

    /// Looks among earlier versions of their objects for the names that are lost.
    async fn find_versions(
        &self,
        target: &Record,
        restoration: &mut Restoration,
        listing: &BTreeMap<String, ListedObject>,
        rolled: &mut RollbackSummary,
    ) -> Result<(), Vec<Problem>> {
        let lost: Vec<String> = restoration.lost().into_iter().map(str::to_owned).collect();
        let asked = stream::iter(lost).map(|name| async move {
            let key = AssetName::new(name.as_str()).and_then(|name| self.settings.location.key(&name));
            let key = key.map_err(|error| vec![Problem::of(&error)])?;
            let _slot = self.limit.slot().await;
            Ok::<_, Vec<Problem>>((name, self.store.versions(&key).await))
        });
        let mut asked = std::pin::pin!(asked.buffer_unordered(VERSIONS_AT_ONCE));
        while let Some(answer) = asked.next().await {
            let (name, versions) = answer?;
            let versions = match versions {
                Ok(versions) => versions,
                // Whoever may not ask goes without, and a store without versions has none.
                Err(error) if error.is_retryable() => return Err(refused(error)),
                Err(error) => {
                    let is_denied = matches!(error.kind, StoreErrorKind::AccessDenied { .. });
                    let note = "names whose bodies are lost were not looked for among earlier versions";
                    is_denied.then(|| rolled.summary.warn(Problem::of(&error).with_note(note)));
                    return Ok(());
                }
            };
            let wanted = &target.objects[&name];
            if let Some(version) = fetch::version_of(wanted, versions) {
                let reason = match listing.contains_key(&name) {
                    true => PutReason::BodyDiffers,
                    false => PutReason::Gone,
                };
                restoration.moves.insert(name, Move::Put { from: BodySource::Version(version), reason });
            }
        }
        Ok(())
    }

    /// Refuses a release that is not there any more, and tells what of it cannot come back.
    fn judge(&self, before: &Before, rolled: &mut RollbackSummary) -> Result<(), Vec<Problem>> {
        let Before { target, restoration, .. } = before;
        let missing = restoration.missing();
        if !missing.is_empty() {
            let problem = |name: &&str| Problem {
                name: Some((*name).to_owned()),
                key: Some(format!("{}{name}", self.settings.location.prefix())),
                ..Problem::new(format!("`{name}` of release `{}` is not there any more", target.id))
                    .with_hint("choose another release (`s3collect releases`), or push that tree again")
            };
            return Err(missing.iter().map(problem).collect());
        }
        for name in restoration.lost() {
            let reason = "its body is nowhere in the bucket any more".to_owned();
            rolled.not_restored.push(NotRestored { name: name.to_owned(), reason });
        }
        let puts = restoration.names(|it| matches!(it, Move::Put { .. }));
        if puts.is_empty() && !rolled.not_restored.is_empty() && target.manifest.is_none() {
            let number = rolled.not_restored.len();
            return Err(vec![
                Problem::new(format!(
                    "nothing of release `{}` can be put back: {number} names are lost",
                    target.id
                ))
                .with_note("without a manifest each name has one body, and these were replaced")
                .with_hint("push that tree again"),
            ]);
        }
        Ok(())
    }

    /// Puts back what the plan says, and records and publishes that.
    async fn once(
        &self,
        ledger: &Ledger<Retrying<S>>,
        before: &Before,
        plan: Plan,
        rolled: &mut RollbackSummary,
    ) -> (Arc<Plan>, Applied, End) {
        let plan = Arc::new(plan);
        let mut application = Application::begin(
            Arc::clone(&plan),
            Arc::clone(&self.store),
            self.apply_options(),
            Arc::clone(&self.reporter),
            self.cancel.clone(),
        );
        let live = before.free.seen.pointer.published.as_ref().map(|live| &live.id);
        let id = new_id(before.listed_at, live.max(Some(&before.target.id)));
        let claim = Claim {
            id: id.clone(),
            kind: ClaimKind::Rollback,
            order: None,
            by: self.options.by.clone(),
            victims: Vec::new(),
        };
        let deploy = Deploy {
            ledger,
            seen: &before.free.seen,
            left: before.free.left.as_ref(),
            claim,
            patience: self.settings.releases.claim_timeout,
            plan: &plan,
            listed_at: before.listed_at,
            sweeps: &self.sweeps,
            record: &|outcomes| before.record(&id, &plan, outcomes),
            reset_order: self.options.accept_order.then_some(before.target.order),
            reporter: &*self.reporter,
            cancel: &self.cancel,
        };
        let end = deploy.run(&mut application, &mut rolled.summary.warnings).await;
        (plan, application.finish(), end)
    }

    fn apply_options(&self) -> ApplyOptions {
        let transfer = &self.settings.transfer;
        ApplyOptions {
            limit: Arc::clone(&self.limit),
            budget: Budget::new(transfer.in_flight_bytes),
            checksum: transfer.checksum,
            chunking: transfer.chunking,
            conditional: true,
        }
    }

    /// The manifest of the release, as a push would have prepared it.
    fn manifest(&self, target: &Record) -> Option<PreparedManifest> {
        let document = &target.manifest.as_ref()?.document;
        let manifest = Manifest::parse(document.as_bytes()).ok()?;
        Some(PreparedManifest {
            hash: manifest.hash().to_owned(),
            entries: manifest.paths().len() as u64,
            document: document.clone().into(),
        })
    }
}

impl Before {
    /// The record of the release that comes back; `None` as long as something is not stored.
    fn record(&self, id: &ReleaseId, plan: &Plan, outcomes: &[Option<Outcome>]) -> Option<Record> {
        let mut objects = BTreeMap::new();
        for (name, it) in &self.restoration.moves {
            if let Move::Stay(object) | Move::Lost(Some(object)) = it {
                objects.insert(name.clone(), Arc::clone(object));
            }
        }
        for (step, outcome) in plan.steps.iter().zip(outcomes) {
            let name = step.asset.stored_name.to_string();
            let (Some(outcome), Some(wanted)) = (outcome, self.target.objects.get(&name)) else { continue };
            let (Outcome::Stored(stored) | Outcome::Present(stored)) = outcome else { return None };
            let put_at = stored.date.or(self.listed_at);
            let put_at = put_at.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok());
            let object = RecordedObject {
                body: stored.body.clone(),
                etag: stored.etag.clone(),
                size: stored.size,
                headers: wanted.headers.with(&fetch::unencoded(step, wanted)),
                put_at: put_at.map(|since| since.as_secs()).unwrap_or_default(),
                ..(**wanted).clone()
            };
            objects.insert(name, Arc::new(object));
        }
        let restores = Some(self.target.restores.clone().unwrap_or_else(|| self.target.id.clone()));
        Some(Record { id: id.clone(), restores, objects, ..self.target.clone() })
    }
}

/// Tells what became of it all.
fn finish(plan: Plan, applied: Applied, end: End, rolled: &mut RollbackSummary) {
    let summary = &mut rolled.summary;
    let due = plan.steps.iter().filter(|step| step.is_put()).count();
    settle(plan, applied, summary);
    if summary.failed + summary.not_tried > 0 || summary.interrupted {
        let note = "the others are as they were before; a rollback or a push finishes it";
        summary.note = Some(format!("{} of {due} objects were put back; {note}", summary.put));
    }
    match end {
        End::Through { release } => summary.release = release.map(|id| id.to_string()),
        End::Failed(problem) | End::Overtaken(Some(problem)) => summary.errors.push(*problem),
        End::Overtaken(None) => {}
        End::Stale => summary.errors.push(
            Problem::new(format!("others changed the releases {ROUNDS} times while this run compared"))
                .with_exit(Exit::Overtaken),
        ),
    }
}

/// The release that is meant: the one before the live one, or the one with an id that begins so.
fn choose(
    listed: &[ListedRecord],
    published: Option<&ReleaseId>,
    asked: Option<&str>,
) -> Result<ReleaseId, Box<Problem>> {
    let shown = |ids: &mut dyn Iterator<Item = &ReleaseId>| -> String {
        ids.take(5).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
    };
    let mut ids = listed.iter().map(|record| &record.id);
    let Some(asked) = asked else {
        let before = |id: &&ReleaseId| published.is_none_or(|published| *id < published);
        return ids.find(before).cloned().ok_or_else(|| {
            let problem = Problem::new("there is no release before the one that is live");
            Box::new(problem.with_hint("`s3collect releases` lists what is recorded"))
        });
    };
    let fitting: Vec<&ReleaseId> = ids.clone().filter(|id| id.as_str().starts_with(asked)).collect();
    let problem = match fitting.as_slice() {
        [id] => return Ok((*id).clone()),
        [] => Problem::new(format!("there is no release `{}`", asked.escape_debug()))
            .with_hint(format!("the last ones are {}", shown(&mut ids))),
        several => {
            if let Some(id) = several.iter().find(|id| id.as_str() == asked) {
                return Ok((**id).clone());
            }
            Problem::new(format!("{} releases begin with `{asked}`", several.len()))
                .with_hint(format!("one of {}", shown(&mut several.iter().copied())))
        }
    };
    Err(Box::new(problem.with_exit(Exit::Usage)))
}

fn refused(error: StoreError) -> Vec<Problem> {
    vec![Problem::of(&error)]
}

fn no_room(error: &std::io::Error) -> Problem {
    Problem::new(format!("there is no room for temporary files: {error}"))
        .with_hint("set `TMPDIR` to a directory that can be written")
}
