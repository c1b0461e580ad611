//! The verb `gc`: deletes what no kept release of any app needs. Only keys that a record names are ever touched, and
//! nothing while anybody changes what names mean.

use std::mem::take;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::error::{Exit, Problem};
use crate::invalidation::{self, Changes, Invalidated, Occasion, Watched};
use crate::ledger::{Claimed, Lease, Ledger, Who, new_id};
use crate::release::{Claim, ClaimKind, Pointer};
use crate::report::{InvalidationState, Reporter, count};
use crate::settings::Settings;
use crate::store::Store;
use crate::store::retry::Retrying;

mod find;
mod summary;
mod sweep;
#[cfg(test)]
mod tests;

pub use summary::{GcStep, GcSummary};

use find::{Found, refused};
use sweep::{Permit, Swept};

/// How often everything is read again because somebody published meanwhile.
const ROUNDS: usize = 3;
/// How long giving a claim back may take.
const GRACE: Duration = Duration::from_secs(10);
/// Objects that are deleted at most where nobody says how many.
pub const MAX_DELETE: u64 = 1000;

/// What a `gc` is asked for besides its settings.
#[derive(Debug, Clone)]
pub struct GcOptions {
    /// Delete; otherwise only tell.
    pub delete: bool,
    /// The most objects that are deleted; if there are more, none is.
    pub max_delete: u64,
    /// Delete though the last release of an app lacks most of what the one before had.
    pub allow_drop: bool,
    /// Whoever runs it vouches for it that nobody pushes meanwhile, which matters where a store heeds no conditions.
    pub alone: bool,
    /// Who runs it, as others who wait for it are told; it stands in the bucket for a while, which may be public.
    pub by: String,
}

impl Default for GcOptions {
    fn default() -> Self {
        Self { delete: false, max_delete: MAX_DELETE, allow_drop: false, alone: false, by: String::new() }
    }
}

/// One run: what it goes by, and where.
struct Run<'a, S> {
    settings: &'a Settings,
    options: &'a GcOptions,
    store: Arc<Retrying<S>>,
    reporter: Arc<dyn Reporter>,
    cancel: CancellationToken,
}

/// Finds what nobody needs in a store, whatever it is, and deletes it where that is asked for.
pub async fn gc<S: Store + 'static>(
    settings: &Settings,
    options: GcOptions,
    store: S,
    reporter: Arc<dyn Reporter>,
    cancel: CancellationToken,
) -> GcSummary {
    let begun = Instant::now();
    let mut summary = GcSummary {
        verb: "gc",
        dry_run: !options.delete,
        bucket: Some(settings.connection.bucket.clone()),
        location: Some(settings.location.to_string()),
        app: Some(settings.releases.app.to_string()),
        ..GcSummary::default()
    };
    let store = Retrying::with_attempts(store, settings.connection.client.attempts, |_| ());
    let run = Run { settings, options: &options, store: Arc::new(store), reporter, cancel };
    let done = run.run(&mut summary).await;
    let ended_early = summary.not_tried > 0 || done.is_err();
    summary.errors.extend(done.err().unwrap_or_default());
    summary.interrupted = run.cancel.is_cancelled() && ended_early && summary.errors.is_empty();
    let whole = summary.errors.is_empty() && !summary.interrupted;
    summary.note = (!whole).then(|| summary.state());
    summary.requests = run.store.requests();
    run.invalidate(&mut summary).await;
    summary.ok = summary.errors.is_empty() && !summary.interrupted;
    summary.elapsed_seconds = begun.elapsed().as_secs_f64();
    summary
}

impl<S: Store + 'static> Run<'_, S> {
    /// Finds, claims, deletes.
    ///
    /// # Errors
    /// What kept it from deleting; nothing at all where it was interrupted.
    async fn run(&self, summary: &mut GcSummary) -> Result<(), Vec<Problem>> {
        let ledger = Ledger::new(self.settings, Arc::clone(&self.store));
        let ledger = ledger.map_err(|error| vec![Problem::of(&error)])?;
        for _ in 0..ROUNDS {
            let mut found = tokio::select! {
                found = self.find(&ledger, summary) => found?,
                () = self.cancel.cancelled() => return Err(Vec::new()),
            };
            summary.changes = Changes { stale: Vec::new(), fresh: take(&mut found.fresh) };
            let refusals = self.refusals(&found);
            if !self.options.delete {
                summary.tell_dry(&found.plan);
                refusals.into_iter().for_each(|refusal| summary.warn(refusal));
                return Ok(());
            }
            summary.tell(&found.plan);
            if found.plan.victims.is_empty() && found.plan.records.is_empty() {
                return Ok(());
            }
            if !refusals.is_empty() {
                return Err(refusals);
            }
            if self.claimed(&ledger, found, summary).await? {
                return Ok(());
            }
            summary.forget();
        }
        Err(vec![
            Problem::new(format!("others published {ROUNDS} times while this run looked"))
                .with_hint("run `gc` again when it is quieter")
                .with_exit(Exit::Overtaken),
        ])
    }

    /// What deleting would be refused for.
    fn refusals(&self, found: &Found) -> Vec<Problem> {
        let mut refusals = Vec::new();
        let (victims, most) = (found.plan.victims.len() as u64, self.options.max_delete);
        if victims > most {
            let told = count(victims, "object", "objects");
            refusals.push(
                Problem::new(format!("{told} would be deleted, more than {most}"))
                    .with_hint(format!("pass `--max-delete {victims}` if that is meant")),
            );
        }
        if self.options.allow_drop || victims == 0 {
            return refusals;
        }
        refusals.extend(found.dropped.iter().map(|(app, dropped)| {
            Problem::new(format!(
                "the last release of app `{app}` lacks {} of the {} names of the one before",
                dropped.dropped, dropped.all
            ))
            .with_note("where several sites share a location, each needs its own `--app`")
            .with_hint("pass `--allow-drop` if they are meant to go")
        }));
        refusals
    }

    /// Tells CloudFront what is gone, whatever else went wrong: no later run knows of it.
    async fn invalidate(&self, summary: &mut GcSummary) {
        let occasion = Occasion { release: None, dry_run: summary.dry_run, state: "the objects are gone" };
        let watched = Watched { reporter: &*self.reporter, cancel: &self.cancel };
        let Invalidated { told, requests, problem } =
            invalidation::invalidate(self.settings, occasion, &summary.changes, watched).await;
        let is_done = told.as_ref().is_none_or(|told| told.state == InvalidationState::Completed);
        summary.interrupted |= !summary.dry_run && !is_done && self.cancel.is_cancelled();
        summary.invalidation = told;
        summary.requests.extend(requests);
        summary.errors.extend(problem);
    }

    /// Claims the app and deletes; `false` where everything has to be read again.
    async fn claimed(
        &self,
        ledger: &Ledger<Retrying<S>>,
        mut found: Found,
        summary: &mut GcSummary,
    ) -> Result<bool, Vec<Problem>> {
        let claim = Claim {
            id: new_id(Some(found.now), None),
            kind: ClaimKind::Gc,
            order: None,
            by: self.options.by.clone(),
            victims: found.plan.victims.iter().map(|victim| victim.name.clone()).collect(),
        };
        let patience = self.settings.releases.claim_timeout;
        let claimed = ledger.claim(&found.own.seen, found.own.left.as_ref(), claim, patience).await;
        let mut lease = match claimed.map_err(refused)? {
            Claimed::Ours(lease) => lease,
            Claimed::Lost(there) => match &there.pointer.claim {
                Some(claim) => return Err(vec![overtaken(&Who(claim).to_string())]),
                None => return Ok(false),
            },
            Claimed::Overtaken(by) => return Err(vec![overtaken(&format!("a release with the order {by}"))]),
        };
        if !lease.is_conditional() && !self.options.alone {
            lease.release().await;
            return Err(vec![unconditional()]);
        }
        let stop = self.cancel.child_token();
        let permit = Permit { until: lease.until(), stop: stop.clone() };
        let (swept, lost) = {
            let mut work = pin!(self.sweep(ledger, &mut found, permit, summary));
            tokio::select! {
                swept = &mut work => (swept, None),
                problem = lease.keep() => {
                    stop.cancel();
                    (work.await, Some(problem))
                }
            }
        };
        let stale = swept.stale;
        self.end(lease, swept, lost, summary).await?;
        Ok(!stale)
    }

    /// Gives the claim back, and says in the pointer whether anything was deleted.
    async fn end(
        &self,
        lease: Lease<Retrying<S>>,
        swept: Swept,
        lost: Option<Problem>,
        summary: &mut GcSummary,
    ) -> Result<(), Vec<Problem>> {
        let Swept { touched, mut errors, .. } = swept;
        let ended = match lost {
            Some(problem) => {
                errors.push(Problem { hint: Some("run `gc` again".to_owned()), ..problem });
                Ok(Ok(true))
            }
            None => {
                let pointer = lease.pointer().swept().filter(|_| touched);
                let pointer = pointer.unwrap_or_else(|| Pointer::without_claim(lease.pointer()));
                timeout(GRACE, lease.end(pointer)).await
            }
        };
        if matches!(ended, Ok(Ok(false))) {
            summary
                .warn(Problem::new("somebody else took the claim of this run over before it was given back"));
        } else if !matches!(ended, Ok(Ok(true))) {
            let patience = humantime::format_duration(self.settings.releases.claim_timeout);
            summary.warn(
                Problem::new("the claim of this run could not be given back")
                    .with_note(format!("the next push of the app waits for it, {patience} at most")),
            );
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

impl GcSummary {
    /// The state things are in after a run that did not do everything.
    fn state(&self) -> String {
        match self.deleted + self.failed {
            0 => "nothing was deleted".to_owned(),
            due => format!(
                "{} of {} were deleted; no release needs the others either, and the next `gc` deletes them",
                self.deleted,
                count(due + self.not_tried, "object", "objects")
            ),
        }
    }
}

fn overtaken(who: &str) -> Problem {
    Problem::new(format!("overtaken: {who} began since this run looked"))
        .with_hint("run `gc` again once it is through")
        .with_exit(Exit::Overtaken)
}

fn unconditional() -> Problem {
    Problem::new("this store has no conditional writes: a push at the same time would not be noticed")
        .with_hint("make sure that nobody pushes, and pass `--alone`")
}
