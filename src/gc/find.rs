//! What a `gc` goes by: pointers and records of all apps, the manifests that are live, and a listing. Only reads.

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use futures_util::{StreamExt as _, stream};

use crate::error::{Exit, Problem};
use crate::ledger::{AtWork, Free, Ledger, LedgerError, SeenPointer, Who, wait_for_others};
use crate::name::{AppName, AssetName};
use crate::published::{self, PublishedError};
use crate::release::{Claim, ClaimKind, Record, ReleaseId};
use crate::retention::{Census, Dated, Dropped, GcPlan, Ranked, ranked};
use crate::store::retry::Retrying;
use crate::store::{ListedObject, Store, StoreError};

use super::{GcSummary, Run};

/// Records that are fetched at once: a large one takes tens of megabytes.
const RECORDS_AT_ONCE: usize = 4;

/// What was found.
pub(super) struct Found {
    /// The pointer of the app itself.
    pub(super) own: Free,
    /// The pointers of the other apps.
    pub(super) others: BTreeMap<AppName, SeenPointer>,
    pub(super) plan: GcPlan,
    /// Apps whose published release lacks most of what the one before had.
    pub(super) dropped: Vec<(AppName, Dropped)>,
    /// Keys that stay, where a cache is to be told what does not.
    pub(super) fresh: Vec<String>,
    /// When the listing was made, by the service's clock.
    pub(super) now: SystemTime,
}

/// What is collected on the way.
#[derive(Default)]
struct Evidence {
    census: Census,
    /// Names that live manifests lead to.
    live: HashSet<String>,
    dropped: Vec<(AppName, Dropped)>,
    /// Old records that cannot be read, and since when they do not count.
    unreadable: Vec<(SystemTime, Problem)>,
}

/// The names of a location that are recorded, as it has them.
pub(super) struct Listed {
    pub(super) objects: BTreeMap<String, ListedObject>,
    pub(super) unrecorded: u64,
    pub(super) date: Option<SystemTime>,
}

impl<S: Store + 'static> Run<'_, S> {
    /// Reads everything and plans.
    ///
    /// # Errors
    /// Why nothing may be deleted; nothing at all where it was interrupted.
    pub(super) async fn find(
        &self,
        ledger: &Ledger<Retrying<S>>,
        summary: &mut GcSummary,
    ) -> Result<Found, Vec<Problem>> {
        let own = self.free(ledger, summary).await?;
        let others = ledger.others().await.map_err(refused)?;
        for (app, seen) in &others {
            self.check_others(app, seen, summary)?;
        }
        if own.seen.etag.is_none() && !others.is_empty() && !others.contains_key(ledger.app()) {
            return Err(vec![ledger.stranger(others.keys())]);
        }
        let mut evidence = Evidence::default();
        (summary.releases, summary.releases_kept) = (0, 0);
        let apps = others.iter().chain([(ledger.app(), &own.seen)]);
        for (app, seen) in apps {
            self.count(&ledger.of(app.clone()), seen, &mut evidence, summary).await?;
        }
        for name in &evidence.live {
            evidence.census.keep(name);
        }
        let listed = self.list(ledger, |name| evidence.census.knows(name)).await?;
        summary.unrecorded = listed.unrecorded;
        let Some(now) = listed.date else {
            let problem = Problem::new("the service tells no time, so that no age is known");
            return Err(vec![problem.with_hint("`gc` wants a service that dates its answers")]);
        };
        let min_age = self.settings.releases.min_age;
        for (superseded, problem) in evidence.unreadable {
            if now.duration_since(superseded).is_ok_and(|age| age > min_age) {
                // It only makes fewer names known.
                summary.warn(problem);
            } else {
                return Err(vec![deletable(problem)]);
            }
        }
        let plan = evidence.census.plan(&listed.objects, now, min_age);
        let fresh = match self.settings.invalidation {
            Some(_) => staying(&plan, &listed.objects),
            None => Vec::new(),
        };
        Ok(Found { own, others, plan, dropped: evidence.dropped, fresh, now })
    }

    /// The pointer of the app, when nobody is at work on it; a dry run does not wait.
    async fn free(
        &self,
        ledger: &Ledger<Retrying<S>>,
        summary: &mut GcSummary,
    ) -> Result<Free, Vec<Problem>> {
        let patience = self.settings.releases.claim_timeout;
        if !self.options.delete {
            let seen = ledger.pointer().await.map_err(refused)?;
            self.check_others(ledger.app(), &seen, summary)?;
            return Ok(Free { seen, left: None });
        }
        let free = wait_for_others(ledger, patience, &*self.reporter, &self.cancel).await;
        let free = free.map_err(refused)?.ok_or_else(Vec::new)?;
        match &free.left {
            Some(left) if left.claim.kind != ClaimKind::Gc => Err(vec![half_way(ledger.app(), &left.claim)]),
            _ => Ok(free),
        }
    }

    /// Refuses while somebody changes what names mean, or was killed while doing so: no record says yet what that needs.
    pub(super) fn check_others(
        &self,
        app: &AppName,
        seen: &SeenPointer,
        summary: &mut GcSummary,
    ) -> Result<(), Vec<Problem>> {
        match seen.at_work(self.settings.releases.claim_timeout) {
            AtWork::Live(claim) if claim.kind != ClaimKind::Gc => {
                let problem = at_work(app, claim);
                if self.options.delete {
                    return Err(vec![problem]);
                }
                summary.warn(problem);
                Ok(())
            }
            AtWork::Dead(claim) if claim.kind != ClaimKind::Gc => Err(vec![half_way(app, claim)]),
            _ => Ok(()),
        }
    }

    /// Takes over the releases of one app.
    async fn count(
        &self,
        ledger: &Ledger<Retrying<S>>,
        seen: &SeenPointer,
        evidence: &mut Evidence,
        summary: &mut GcSummary,
    ) -> Result<(), Vec<Problem>> {
        if let Some(damage) = &seen.damage {
            return Err(vec![unreadable(damage.clone())]);
        }
        let app = ledger.app();
        let records = ledger.records().await.map_err(refused)?;
        if seen.etag.is_none() && !records.is_empty() {
            let problem = Problem::new(format!("app `{app}` has records and no pointer"));
            return Err(vec![unreadable(problem)]);
        }
        let published = seen.pointer.published.as_ref().map(|live| &live.id);
        let dated = records.into_iter().map(|record| Dated { id: record.id, written: record.written });
        let ranked = ranked(dated.collect(), published, self.settings.releases.retain);
        if let Some(published) = published.filter(|id| ranked.iter().all(|release| release.id != **id)) {
            return Err(vec![unreadable(gone(app, published))]);
        }
        summary.releases += ranked.len() as u64;
        let fetched = stream::iter(ranked).map(|release| async move {
            let record = ledger.record(&release.id).await;
            (release, record)
        });
        let mut fetched = std::pin::pin!(fetched.buffered(RECORDS_AT_ONCE));
        // The published release, until the one before it comes.
        let mut current: Option<Record> = None;
        while let Some((release, record)) = fetched.next().await {
            if self.cancel.is_cancelled() {
                return Err(Vec::new());
            }
            let Ranked { id, superseded } = release;
            summary.releases_kept += u64::from(superseded.is_none());
            let record = match (record, superseded) {
                (Ok(Some(record)), _) => record,
                (Err(LedgerError::Store(error)), _) => return Err(refused(error)),
                (found, superseded) => {
                    let problem = match found {
                        Err(error) => Problem::of(&error),
                        Ok(_) => gone(app, &id),
                    };
                    let Some(superseded) = superseded else {
                        let is_published = Some(&id) == published;
                        return Err(vec![if is_published {
                            unreadable(problem)
                        } else {
                            deletable(problem)
                        }]);
                    };
                    evidence.unreadable.push((superseded, problem));
                    continue;
                }
            };
            evidence.census.add(app, &record, superseded);
            if let Some(current) = current.take() {
                let dropped = Dropped::between(&record, &current);
                evidence.dropped.extend(dropped.is_most().then(|| (app.clone(), dropped)));
            }
            if Some(&id) == published {
                self.read_manifest(&record, evidence, summary).await?;
                current = Some(record);
            }
        }
        Ok(())
    }

    /// What the manifest that is live leads to, whoever wrote it.
    async fn read_manifest(
        &self,
        record: &Record,
        evidence: &mut Evidence,
        summary: &mut GcSummary,
    ) -> Result<(), Vec<Problem>> {
        let Some(recorded) = &record.manifest else { return Ok(()) };
        let key = AssetName::new(recorded.name.clone()).and_then(|name| self.settings.location.key(&name));
        let key = key.map_err(|error| vec![Problem::of(&error)])?;
        let bucket = &self.settings.connection.bucket;
        match published::manifest(&*self.store, bucket, &key, None).await {
            Ok(published) => {
                let paths =
                    published.into_iter().flat_map(|live| live.manifest.paths().clone().into_values());
                evidence.live.extend(paths);
                Ok(())
            }
            Err(error @ PublishedError::Absent { .. }) => {
                summary.warn(Problem::of(&error));
                Ok(())
            }
            Err(error) => Err(vec![Problem::of(&error)]),
        }
    }

    /// Lists the location, keeping what is known.
    pub(super) async fn list(
        &self,
        ledger: &Ledger<Retrying<S>>,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Listed, Vec<Problem>> {
        let prefix = self.settings.location.prefix();
        let mut listed = Listed { objects: BTreeMap::new(), unrecorded: 0, date: None };
        let mut continuation = None;
        loop {
            let page = tokio::select! {
                page = self.store.list(&prefix, continuation.as_deref()) => page.map_err(refused)?,
                () = self.cancel.cancelled() => return Err(Vec::new()),
            };
            listed.date = listed.date.or(page.date);
            for object in page.objects {
                let Some(name) = object.key.strip_prefix(&prefix) else { continue };
                if ledger.holds(&object.key) {
                    continue;
                }
                if is_known(name) {
                    listed.objects.insert(name.to_owned(), object);
                } else {
                    listed.unrecorded += 1;
                }
            }
            continuation = page.continuation;
            if continuation.is_none() {
                return Ok(listed);
            }
        }
    }
}

/// The keys of what is no victim.
fn staying(plan: &GcPlan, listed: &BTreeMap<String, ListedObject>) -> Vec<String> {
    let victims: HashSet<&str> = plan.victims.iter().map(|victim| victim.name.as_str()).collect();
    let staying = listed.iter().filter(|(name, _)| !victims.contains(name.as_str()));
    staying.map(|(_, object)| object.key.clone()).collect()
}

pub(super) fn refused(error: StoreError) -> Vec<Problem> {
    vec![Problem::of(&error)]
}

fn gone(app: &AppName, id: &ReleaseId) -> Problem {
    Problem::new(format!("the record of release `{id}` of app `{app}` is gone"))
}

/// What stands in the way of knowing what is needed.
fn unreadable(problem: Problem) -> Problem {
    problem
        .with_note("what a release needs is not known without it")
        .with_hint("push that app again; the next `gc` goes by the new record")
}

/// The same of a release that nobody sees any more.
fn deletable(problem: Problem) -> Problem {
    problem
        .with_note("what a release needs is not known without it")
        .with_hint("delete that record if nobody is to roll back to its release")
}

fn at_work(app: &AppName, claim: &Claim) -> Problem {
    Problem::new(format!("{} of app `{app}` is at work", Who(claim)))
        .with_hint("run `gc` again once it is through")
        .with_exit(Exit::Overtaken)
}

fn half_way(app: &AppName, claim: &Claim) -> Problem {
    Problem::new(format!("{} of app `{app}` never ended", Who(claim)))
        .with_note("what it stored may be live, and no record names it")
        .with_hint("push that app again, or roll it back; then run `gc`")
}
