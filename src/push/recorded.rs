//! A push that is remembered: goes by the record of the last release, claims the app before it changes what names
//! mean, and records and publishes the new release last. Heeds whoever else is at work at the same time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::apply::{Application, Applied, Outcome, Stored};
use crate::compare::{self, Listing};
use crate::deploy::{Deploy, End, changed, left_behind, older, overtaken, settle, tell};
use crate::digest::hex;
use crate::error::{Exit, Problem};
use crate::ledger::{Free, Ledger, LedgerError, LeftClaim, SeenPointer, Swap, Who, new_id, wait_for_others};
use crate::object::{Description, Role};
use crate::plan::{Action, Asset, Plan, PutReason, Step};
use crate::prepare::PreparedManifest;
use crate::release::{
    Claim, ClaimKind, HeaderFingerprint, Pointer, Record, RecordedManifest, RecordedObject, ReleaseId,
};
use crate::report::Summary;
use crate::settings::{OnConflict, Settings};
use crate::store::retry::Retrying;
use crate::store::{Store, StoreError, StoreErrorKind};

use super::{Known, Planned, Run};

/// How often a push begins anew when others come first.
const ROUNDS: usize = 10;

/// What is known of the app when a push begins.
struct Before {
    seen: SeenPointer,
    left: Option<LeftClaim>,
    record: Option<Record>,
}

/// One try of a push.
struct Tried {
    plan: Arc<Plan>,
    applied: Applied,
    end: End,
}

impl<S: Store + 'static> Run<'_, S> {
    /// Pushes and records the release.
    ///
    /// # Errors
    /// Everything that kept it from storing anything.
    pub(super) async fn recorded(
        &self,
        mut assets: Vec<Asset>,
        manifest: Option<&PreparedManifest>,
        summary: &mut Summary,
    ) -> Result<(), Vec<Problem>> {
        let ledger = Ledger::new(self.settings, Arc::clone(&self.store));
        let ledger = ledger.map_err(|error| vec![Problem::of(&error)])?;
        apart(&ledger, &assets)?;
        // What earlier tries stored, and why.
        let mut earlier = HashMap::new();
        let mut round = 1;
        loop {
            let begun = async {
                let (before, known, listing) = self.before(&ledger, &assets, summary).await?;
                let planned = self.plan(std::mem::take(&mut assets), listing, known).await?;
                Ok((before, planned))
            };
            let (before, planned) = match begun.await {
                Ok(begun) => begun,
                Err(problems) if round == 1 => return Err(problems),
                Err(problems) => {
                    summary.errors.extend(problems);
                    return Ok(());
                }
            };
            summary.release = before.seen.pointer.published.as_ref().map(|live| live.id.to_string());
            self.compare_releases(&before, &planned.plan, summary);
            if self.options.dry_run {
                tell(&planned.plan, summary);
                changed::mark(summary, &changed::since(before.record.as_ref(), &planned.plan));
                return Ok(());
            }
            let Tried { plan, applied, end } = self.once(&ledger, &before, planned, manifest, summary).await;
            let again = match end {
                End::Stale => true,
                End::Overtaken(_) => self.settings.releases.on_conflict == OnConflict::Retry,
                End::Through { .. } | End::Failed(_) => false,
            };
            let mut plan = Arc::unwrap_or_clone(plan);
            if again && round < ROUNDS && !self.cancel.is_cancelled() {
                remember_stored(&mut plan, applied, &mut earlier);
                assets = plan.steps.into_iter().map(|step| step.asset).collect();
                round += 1;
                continue;
            }
            let since = changed::since(before.record.as_ref(), &plan);
            drop(before);
            finish(plan, applied, earlier, end, summary);
            changed::mark(summary, &since);
            return Ok(());
        }
    }

    /// What is known of the app, once nobody else is at work, and what the bucket has of the assets.
    async fn before(
        &self,
        ledger: &Ledger<Retrying<S>>,
        assets: &[Asset],
        summary: &mut Summary,
    ) -> Result<(Before, Known, Listing), Vec<Problem>> {
        let Free { seen, left } = self.free(ledger, summary).await?;
        if let Some(damage) = &seen.damage {
            summary.warn(damage.clone());
        }
        if let Some(left) = &left {
            summary.warn(left_behind(left));
        }
        self.check_order(&seen.pointer, left.as_ref())?;
        let record = async {
            let record = match &seen.pointer.published {
                Some(live) => ledger.record(&live.id).await.map(|record| (Some(live.id.clone()), record)),
                None => Ok((None, None)),
            };
            let memory = self.memory(record.as_ref().ok().and_then(|(_, record)| record.as_ref()));
            let sources = compare::sources(assets, &memory).await;
            (record, Known { memory, sources })
        };
        let (listing, (record, known)) = tokio::join!(self.list(assets, summary), record);
        let record = match record {
            Ok((Some(id), None)) => {
                summary.warn(
                    Problem::new(format!("the record of release `{id}` is gone"))
                        .with_note("this push compares without it and writes a new one"),
                );
                None
            }
            Ok((_, record)) => record,
            Err(LedgerError::Store(error)) => return Err(vec![refused(&error)]),
            Err(error) => {
                summary.warn(Problem::of(&error));
                None
            }
        };
        Ok((Before { seen, left, record }, known, listing?))
    }

    /// The pointer when nobody else is at work; a dry run does not wait.
    async fn free(&self, ledger: &Ledger<Retrying<S>>, summary: &mut Summary) -> Result<Free, Vec<Problem>> {
        if self.options.dry_run {
            let seen = ledger.pointer().await.map_err(|error| vec![refused(&error)])?;
            if let Some(claim) = &seen.pointer.claim {
                summary.warn(Problem::new(format!("{} is at work, or was left behind", Who(claim))));
            }
            return Ok(Free { seen, left: None });
        }
        let patience = self.settings.releases.claim_timeout;
        let free = wait_for_others(ledger, patience, &*self.reporter, &self.cancel).await;
        free.map_err(|error| vec![refused(&error)])?.ok_or_else(Vec::new)
    }

    /// Refuses a push that is older than what is published or under way.
    fn check_order(&self, pointer: &Pointer, left: Option<&LeftClaim>) -> Result<(), Vec<Problem>> {
        let claim = pointer.claim.as_ref().filter(|_| left.is_none());
        let highest = pointer.order.max(claim.and_then(|claim| claim.order));
        match (self.settings.releases.order, highest) {
            (Some(ours), Some(highest)) if ours < highest => Err(vec![older(ours, highest)]),
            _ => Ok(()),
        }
    }

    /// What the last release recorded, by key.
    fn memory(&self, record: Option<&Record>) -> HashMap<String, Arc<RecordedObject>> {
        let prefix = self.settings.location.prefix();
        let objects = record.into_iter().flat_map(|record| &record.objects);
        objects.map(|(name, object)| (format!("{prefix}{name}"), Arc::clone(object))).collect()
    }

    /// Warns of what hints at a mistake.
    fn compare_releases(&self, before: &Before, plan: &Plan, summary: &mut Summary) {
        if let (None, Some(order)) = (self.settings.releases.order, before.seen.pointer.order) {
            summary.warn(
                Problem::new(format!(
                    "the last release has the order {order} and this one has none: it counts as {order}"
                ))
                .with_hint("give each release its number, `--release-order N`"),
            );
        }
        let Some(record) = &before.record else { return };
        let now: HashSet<&str> = plan.steps.iter().map(|step| step.asset.stored_name.as_str()).collect();
        let named = record.objects.iter().filter(|(_, object)| object.role != Role::Manifest);
        let (all, dropped) = named.fold((0_u64, 0_u64), |(all, dropped), (name, _)| {
            (all + 1, dropped + u64::from(!now.contains(name.as_str())))
        });
        if dropped * 2 > all {
            let app = &self.settings.releases.app;
            summary.warn(
                Problem::new(format!(
                    "{dropped} of the {all} names of the last release of app `{app}` are not in this one"
                ))
                .with_note("nothing is deleted, and `gc` will want `--allow-drop`")
                .with_hint("where several sites share a location, tell them apart: `--app NAME`"),
            );
        }
    }

    /// Stores new hashed names, claims the app, stores the rest, records and publishes.
    async fn once(
        &self,
        ledger: &Ledger<Retrying<S>>,
        before: &Before,
        planned: Planned,
        manifest: Option<&PreparedManifest>,
        summary: &mut Summary,
    ) -> Tried {
        let Planned { plan, listed_at } = planned;
        let plan = Arc::new(plan);
        let mut application = Application::begin(
            Arc::clone(&plan),
            Arc::clone(&self.store),
            self.apply_options(),
            Arc::clone(&self.reporter),
            self.cancel.clone(),
        );
        let release = Release {
            id: new_id(listed_at, before.live().as_ref()),
            settings: self.settings,
            begun: listed_at.unwrap_or(SystemTime::UNIX_EPOCH),
            manifest,
        };
        let whole = application.additions().await && !self.cancel.is_cancelled();
        let mutable = plan.steps.iter().any(|step| step.is_put() && !step.is_addition());
        let record = release.record(&plan, application.outcomes());
        let same = record.is_some_and(|record| before.record.as_ref().is_some_and(|old| same(old, &record)));
        let end = if overtaken(application.outcomes()) {
            // Somebody who does not mean the same by that name was first.
            End::Stale
        } else if !whole {
            End::Through { release: before.live() }
        } else if !mutable && same {
            self.unchanged(ledger, before).await
        } else {
            self.claimed(ledger, before, &release, &plan, listed_at, &mut application, summary).await
        };
        Tried { plan, applied: application.finish(), end }
    }

    /// Nothing is to be recorded: at most a dead claim is cleared away, or a higher order noted.
    async fn unchanged(&self, ledger: &Ledger<Retrying<S>>, before: &Before) -> End {
        let pointer = &before.seen.pointer;
        let order = pointer.order.max(self.settings.releases.order);
        if before.left.is_some() || order != pointer.order {
            let next = Pointer { order, ..pointer.passed_over() };
            let swapped = match ledger.swap(&before.seen, next.clone()).await {
                Ok(Swap::Unconditional) => ledger.overwrite(&next).await.map(drop),
                // Somebody else is at work, and sees for themselves.
                swapped => swapped.map(drop),
            };
            if let Err(error) = swapped {
                return End::Failed(Box::new(Problem::of(&error)));
            }
        }
        End::Through { release: before.live() }
    }

    /// Claims the app, and goes on once it is ours.
    #[expect(clippy::too_many_arguments, reason = "the parts of one try, which nothing else has together")]
    async fn claimed(
        &self,
        ledger: &Ledger<Retrying<S>>,
        before: &Before,
        release: &Release<'_>,
        plan: &Plan,
        listed_at: Option<SystemTime>,
        application: &mut Application<Retrying<S>>,
        summary: &mut Summary,
    ) -> End {
        let claim = Claim {
            id: release.id.clone(),
            kind: ClaimKind::Push,
            order: self.settings.releases.order,
            by: self.options.by.clone(),
            victims: Vec::new(),
        };
        let deploy = Deploy {
            ledger,
            seen: &before.seen,
            left: before.left.as_ref(),
            claim,
            patience: self.settings.releases.claim_timeout,
            plan,
            listed_at,
            sweeps: &self.sweeps,
            record: &|outcomes| release.record(plan, outcomes),
            reset_order: None,
            reporter: &*self.reporter,
            cancel: &self.cancel,
        };
        deploy.run(application, &mut summary.warnings).await
    }
}

impl Before {
    fn live(&self) -> Option<ReleaseId> {
        self.seen.pointer.published.as_ref().map(|live| live.id.clone())
    }
}

/// The release that a push makes.
struct Release<'a> {
    id: ReleaseId,
    settings: &'a Settings,
    /// When its listing was made, by the service's clock: for puts whose answers have no date.
    begun: SystemTime,
    manifest: Option<&'a PreparedManifest>,
}

impl Release<'_> {
    /// The record; `None` as long as something is not stored.
    fn record(&self, plan: &Plan, outcomes: &[Option<Outcome>]) -> Option<Record> {
        let mut objects = BTreeMap::new();
        let mut shared = HashMap::new();
        for (step, outcome) in plan.steps.iter().zip(outcomes) {
            let object = match outcome {
                None => step.recorded.clone()?,
                Some(Outcome::Stored(stored)) => self.object(step, stored, false, &mut shared),
                Some(Outcome::Present(stored)) => self.object(step, stored, true, &mut shared),
                Some(_) => return None,
            };
            objects.insert(step.asset.stored_name.to_string(), object);
        }
        let in_bucket = self.manifest.filter(|_| self.settings.manifest.in_bucket);
        Some(Record {
            id: self.id.clone(),
            app: self.settings.releases.app.to_string(),
            order: self.settings.releases.order,
            restores: None,
            settings: shape(self.settings),
            manifest: in_bucket.map(|manifest| RecordedManifest {
                name: self.settings.manifest.manifest_name.to_string(),
                document: String::from_utf8_lossy(&manifest.document).into_owned(),
            }),
            objects,
        })
    }

    fn object<'step>(
        &self,
        step: &'step Step,
        stored: &Stored,
        adopted: bool,
        shared: &mut HashMap<(&'step Description, bool), HeaderFingerprint>,
    ) -> Arc<RecordedObject> {
        let put_at = stored.date.unwrap_or(self.begun).duration_since(SystemTime::UNIX_EPOCH);
        let description = &*step.asset.description;
        let headers = shared.entry((description, adopted)).or_insert_with(|| {
            let of = if adopted { HeaderFingerprint::adopted } else { HeaderFingerprint::of };
            of(&description.parameters, &description.compression)
        });
        Arc::new(RecordedObject {
            role: step.asset.role,
            source: stored.source.clone(),
            body: stored.body.clone(),
            etag: stored.etag.clone(),
            size: stored.size,
            headers: headers.clone(),
            put_at: put_at.map(|since| since.as_secs()).unwrap_or_default(),
        })
    }
}

/// A digest of the settings that decide what bodies and names become.
fn shape(settings: &Settings) -> String {
    let manifest = &settings.manifest;
    let shape = format!(
        "{:?} {:?} {} {} {:?} {:?} {:?} {}",
        settings.backend,
        settings.objects.gzip,
        manifest.static_url,
        manifest.js_modules,
        manifest.lexer,
        manifest.circular_references,
        manifest.exclude_rewrite,
        manifest.keep_original_files,
    );
    hex(&Sha256::digest(shape)[..6])
}

/// Whether a release would be the same as the last one, whatever it is called.
fn same(old: &Record, new: &Record) -> bool {
    old.objects == new.objects && old.manifest == new.manifest
}

/// Refuses assets that would lie among records.
fn apart<S: Store>(ledger: &Ledger<S>, assets: &[Asset]) -> Result<(), Vec<Problem>> {
    let among = assets.iter().filter(|asset| ledger.holds(asset.key.as_str()));
    let problems: Vec<Problem> = among
        .map(|asset| Problem {
            name: Some(asset.material.name().to_string()),
            key: Some(asset.key.to_string()),
            ..Problem::new(format!("`{}` would lie among the records of releases", asset.key))
                .with_hint("leave it out with `--ignore`, or push with `--no-record`")
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Notes what a try stored, and why, for the summary of the last one.
fn remember_stored(plan: &mut Plan, applied: Applied, earlier: &mut HashMap<String, (PutReason, Stored)>) {
    for (step, outcome) in plan.steps.iter_mut().zip(applied.outcomes) {
        if let (Action::Put(reason), Some(Outcome::Stored(stored))) = (&step.action, outcome) {
            earlier.entry(step.asset.key.to_string()).or_insert_with(|| (reason.clone(), stored));
        }
    }
}

/// Tells what became of it all.
fn finish(
    mut plan: Plan,
    mut applied: Applied,
    mut earlier: HashMap<String, (PutReason, Stored)>,
    end: End,
    summary: &mut Summary,
) {
    for (step, outcome) in plan.steps.iter_mut().zip(&mut applied.outcomes) {
        if outcome.is_none()
            && let Some((reason, stored)) = earlier.remove(step.asset.key.as_str())
        {
            step.action = Action::Put(reason);
            *outcome = Some(Outcome::Stored(stored));
        }
    }
    settle(plan, applied, summary);
    match end {
        End::Through { release } => summary.release = release.map(|id| id.to_string()),
        End::Failed(problem) | End::Overtaken(Some(problem)) => summary.errors.push(*problem),
        End::Overtaken(None) => {}
        End::Stale => summary.errors.push(restless()),
    }
}

fn restless() -> Problem {
    Problem::new(format!("others changed the releases {ROUNDS} times while this push compared"))
        .with_hint("push again when it is quieter")
        .with_exit(Exit::Overtaken)
}

/// A refusal that `--no-record` would have avoided.
fn refused(error: &StoreError) -> Problem {
    let problem = Problem::of(error);
    match error.kind {
        StoreErrorKind::AccessDenied { .. } => {
            problem.with_note("releases are recorded in the bucket; `--no-record` does without")
        }
        _ => problem,
    }
}
