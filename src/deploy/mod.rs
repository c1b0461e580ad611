//! What a push and a rollback have in common: under a claim, and heeding whoever else is at work, they change what names
//! mean wave by wave, record the release and publish it last. Only through `apply` and `ledger`; decides nothing of a plan.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::apply::{Application, Outcome};
use crate::error::{Exit, Problem};
use crate::ledger::{Claimed, Lease, Ledger, LeftClaim, SeenPointer, Who};
use crate::plan::{Plan, Wave};
use crate::release::{Claim, Pointer, Record, ReleaseId};
use crate::report::Reporter;
use crate::store::Store;

pub(crate) mod changed;
mod settle;
mod sweeps;

pub(crate) use settle::{headers_alone, keep_locally, manifest_summary, settle, tell};
pub(crate) use sweeps::Sweeps;

use sweeps::Sweepers;

/// How long giving a claim back may take.
const GRACE: Duration = Duration::from_secs(10);

/// How a try to deploy ended.
pub(crate) enum End {
    /// As far as the outcomes say; nobody else was in the way.
    Through {
        /// The release that is live now, where that is known.
        release: Option<ReleaseId>,
    },
    /// Something failed that is no object's matter.
    Failed(Box<Problem>),
    /// Somebody else came first; holds why, where no outcome tells it.
    Overtaken(Option<Box<Problem>>),
    /// Somebody else was there and changed nothing that this app has published: the comparison is stale.
    Stale,
}

/// One try: what it goes by.
pub(crate) struct Deploy<'a, S> {
    pub(crate) ledger: &'a Ledger<S>,
    /// The pointer that the plan goes by.
    pub(crate) seen: &'a SeenPointer,
    /// The dead claim in it.
    pub(crate) left: Option<&'a LeftClaim>,
    pub(crate) claim: Claim,
    /// How long others are waited for.
    pub(crate) patience: Duration,
    pub(crate) plan: &'a Plan,
    /// When the listing was made that the plan goes by, by the service's clock.
    pub(crate) listed_at: Option<SystemTime>,
    /// What this run knows of others that delete, from its earlier tries.
    pub(crate) sweeps: &'a Sweeps,
    /// The record of what was stored; `None` as long as something is not.
    pub(crate) record: &'a (dyn Fn(&[Option<Outcome>]) -> Option<Record> + Sync),
    /// The pointer is to have this order afterwards, whatever order it had.
    pub(crate) reset_order: Option<Option<u64>>,
    pub(crate) reporter: &'a dyn Reporter,
    pub(crate) cancel: &'a CancellationToken,
}

impl<S: Store + 'static> Deploy<'_, S> {
    /// Claims the app, and goes on once it is ours. Adds what deserves a look to the warnings.
    pub(crate) async fn run(&self, application: &mut Application<S>, warnings: &mut Vec<Problem>) -> End {
        let claimed = self.ledger.claim(self.seen, self.left, self.claim.clone(), self.patience).await;
        let lease = match claimed {
            Ok(Claimed::Ours(lease)) => lease,
            Ok(Claimed::Overtaken(by)) => {
                return End::Failed(Box::new(older(self.claim.order.unwrap_or_default(), by)));
            }
            Ok(Claimed::Lost(there)) => return lost(&self.seen.pointer, &there.pointer),
            Err(error) => return End::Failed(Box::new(Problem::of(&error))),
        };
        if !lease.is_conditional() {
            application.without_conditions();
            if !warnings.contains(&unconditional()) {
                warnings.push(unconditional());
            }
        }
        let sweepers = self.sweepers().await;
        if matches!(sweepers, Ok(Sweepers::None)) {
            return self.change(lease, application).await;
        }
        lease.release().await;
        let waited = match sweepers {
            Ok(Sweepers::Live(app)) => self.wait_for(&app).await,
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match waited {
            Ok(()) => End::Stale,
            Err(error) => End::Failed(Box::new(Problem::of(&error))),
        }
    }

    /// Stores what changes the meaning of names, under a claim; then records and publishes.
    async fn change(&self, mut lease: Lease<S>, application: &mut Application<S>) -> End {
        application.lease(lease.until());
        let stop = application.stop();
        let kept = {
            let mut waves = pin!(application.waves(&Wave::ALL));
            tokio::select! {
                whole = &mut waves => Ok(whole),
                problem = lease.keep() => {
                    stop.cancel();
                    waves.await;
                    Err(problem)
                }
            }
        };
        match kept {
            Err(problem) => return End::Overtaken(Some(Box::new(problem))),
            Ok(true) => {}
            Ok(false) => {
                // An interrupted run has its own bound.
                let _ = timeout(GRACE, lease.release()).await;
                return match overtaken(application.outcomes()) {
                    true => End::Overtaken(None),
                    false => End::Through { release: self.live() },
                };
            }
        }
        let Some(record) = (self.record)(application.outcomes()) else {
            lease.release().await;
            return End::Through { release: self.live() };
        };
        let published = match self.ledger.put_record(&record).await {
            Ok(()) => match self.published(lease.pointer()) {
                Some(pointer) => lease.end(pointer).await,
                None => Ok(false),
            },
            Err(error) => {
                lease.release().await;
                Err(error)
            }
        };
        match published {
            Ok(true) => End::Through { release: Some(record.id) },
            Ok(false) => End::Overtaken(Some(Box::new(unpublished()))),
            Err(error) => {
                let note = "everything is stored and live, but not recorded; the next push records it";
                End::Failed(Box::new(Problem::of(&error).with_note(note)))
            }
        }
    }

    fn published(&self, pointer: &Pointer) -> Option<Pointer> {
        let published = pointer.published()?;
        Some(Pointer { order: self.reset_order.unwrap_or(published.order), ..published })
    }

    fn live(&self) -> Option<ReleaseId> {
        self.seen.pointer.published.as_ref().map(|live| live.id.clone())
    }
}

/// Whether an object is another one than the plan saw.
pub(crate) fn overtaken(outcomes: &[Option<Outcome>]) -> bool {
    let overtaken = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Failed(problem)) if problem.exit == Exit::Overtaken);
    outcomes.iter().any(overtaken)
}

fn lost(before: &Pointer, there: &Pointer) -> End {
    if there.published == before.published && there.claim.is_none() {
        return End::Stale;
    }
    let who = match (&there.claim, &there.published) {
        (Some(claim), _) => format!("{} began", Who(claim)),
        (None, Some(live)) => format!("release `{}` was published", live.id),
        (None, None) => "somebody else was at work".to_owned(),
    };
    End::Overtaken(Some(Box::new(
        Problem::new(format!("overtaken: {who} since this run compared"))
            .with_hint("push again; `--on-conflict retry` does so by itself")
            .with_exit(Exit::Overtaken),
    )))
}

/// Told to whoever has a lower order than somebody before.
pub(crate) fn older(ours: u64, highest: u64) -> Problem {
    Problem::new(format!(
        "a release with the order {highest} is published or under way, and this one has {ours}"
    ))
    .with_hint("nothing is to be done: the newer release stays")
    .with_exit(Exit::Overtaken)
}

fn unpublished() -> Problem {
    Problem::new("overtaken: somebody else took the claim over before this release was published")
        .with_hint("push again")
        .with_exit(Exit::Overtaken)
}

/// A claim that is passed over.
pub(crate) fn left_behind(left: &LeftClaim) -> Problem {
    let since = left.seen.map(|seen| format!(", last seen {}", humantime::format_rfc3339_seconds(seen)));
    Problem::new(format!("{} never ended{}", Who(&left.claim), since.unwrap_or_default()))
        .with_note("it is taken for dead, and this run goes on in its place")
}

fn unconditional() -> Problem {
    Problem::new("this store has no conditional writes: two pushes at the same time can mix")
        .with_hint("let only one push run at a time")
}
