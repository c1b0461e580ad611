//! Carries out a plan: bounded, adaptive concurrency inside a wave, a barrier between waves. A failing object does
//! not stop the others of its wave, but no later wave begins. May not touch settings or the terminal.

use std::cmp::Reverse;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::digest::{ChecksumAlgorithm, Chunking};
use crate::error::Problem;
use crate::plan::{Plan, Step, Wave};
use crate::report::{Event, Reporter};
use crate::store::{Limit, Store};

mod ahead;
mod budget;
mod failure;
mod kept;
mod multipart;
mod object;
#[cfg(test)]
mod tests;

pub use budget::Budget;
pub use object::Stored;
pub(crate) use object::TWIN;

use ahead::Ready;
use failure::{Cause, Failure};
use kept::Kept;

/// How long requests in flight may go on after an interrupt.
const GRACE: Duration = Duration::from_secs(10);

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// How many requests may be in flight.
    pub limit: Arc<Limit>,
    /// How many bytes of bodies may be in memory.
    pub budget: Budget,
    /// Which additional checksum is sent, if any.
    pub checksum: Option<ChecksumAlgorithm>,
    /// How bodies are cut into parts.
    pub chunking: Chunking,
    /// Whether what is there must still be what the plan saw. A store that has no conditional writes gets none.
    pub conditional: bool,
}

/// What became of a step that stores something.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The object is there, whole.
    Stored(Stored),
    /// Somebody else stored the very same object since the plan was made.
    Present(Stored),
    /// It is not; what was there before still is.
    Failed(Box<Problem>),
    /// A failure or an interrupt came first.
    NotTried,
    /// The run was interrupted while the request was under way: the object is either the new or the old one, whole.
    Unknown,
}

/// What became of a plan.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// One for each step of the plan, in its order; `None` for steps that store nothing.
    pub outcomes: Vec<Option<Outcome>>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// What all tasks of a run share.
struct Context<S> {
    store: Arc<S>,
    options: ApplyOptions,
    /// Whether writes carry conditions, as far as is known.
    conditional: AtomicBool,
    /// Objects since the last one that was stored which the service failed to store.
    in_a_row: AtomicUsize,
    /// Whether it was told why nothing more is tried.
    gave_up: AtomicBool,
    /// Until when what names mean may be changed; unset where nobody has to be heeded.
    until: OnceLock<watch::Receiver<Instant>>,
    /// Compression is for the cores, not for as many threads as there are requests.
    cores: Semaphore,
    kept: Kept,
    reporter: Arc<dyn Reporter>,
    /// The person's wish to end.
    cancel: CancellationToken,
    /// Nothing more is to be begun: `cancel`, or a failure that every other object would meet too.
    stop: CancellationToken,
    plan: Arc<Plan>,
}

/// A plan that is being carried out.
pub struct Application<S> {
    context: Arc<Context<S>>,
    applied: Applied,
    /// Whether all that was tried so far is stored.
    whole: bool,
}

/// Stores what the plan says, wave by wave.
pub async fn apply<S: Store + 'static>(
    plan: Arc<Plan>,
    store: Arc<S>,
    options: ApplyOptions,
    reporter: Arc<dyn Reporter>,
    cancel: CancellationToken,
) -> Applied {
    let mut application = Application::begin(plan, store, options, reporter, cancel);
    application.waves(&Wave::ALL).await;
    application.finish()
}

impl<S: Store + 'static> Application<S> {
    /// Begins with a plan; nothing is stored yet.
    pub fn begin(
        plan: Arc<Plan>,
        store: Arc<S>,
        options: ApplyOptions,
        reporter: Arc<dyn Reporter>,
        cancel: CancellationToken,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let applied = Applied {
            outcomes: plan.steps.iter().map(|step| step.is_put().then_some(Outcome::NotTried)).collect(),
            interrupted: false,
        };
        let puts = plan.steps.iter().filter(|step| step.is_put());
        let (files, bytes) =
            puts.fold((0, 0), |(files, bytes), step| (files + 1, bytes + step.asset.material.size()));
        reporter.event(&Event::Stage { label: "putting", files, bytes });
        let (cores, stop) = (Semaphore::new(cores), cancel.child_token());
        let conditional = AtomicBool::new(options.conditional);
        let until = OnceLock::new();
        let kept = Kept::new(&plan);
        let context = Context {
            store,
            options,
            conditional,
            in_a_row: AtomicUsize::new(0),
            gave_up: AtomicBool::new(false),
            until,
            cores,
            kept,
            reporter,
            cancel,
            stop,
            plan,
        };
        Self { context: Arc::new(context), applied, whole: true }
    }

    /// Stores hashed names that the bucket lacks: nothing refers to them yet, and nothing is replaced. Whether all of them
    /// are stored.
    pub async fn additions(&mut self) -> bool {
        self.whole = self.whole && Context::some(&self.context, Step::is_addition, &mut self.applied).await;
        self.whole
    }

    /// Stores what is left of some waves, one wave after the other; whether all of them are stored, and so were those
    /// before.
    pub async fn waves(&mut self, waves: &[Wave]) -> bool {
        for wave in waves {
            let is_due = |step: &Step| step.wave() == *wave;
            self.whole = self.whole && Context::some(&self.context, is_due, &mut self.applied).await;
        }
        self.whole
    }

    /// From now on writes begin only before the time that is shown: after it they wait for another.
    pub fn lease(&self, until: watch::Receiver<Instant>) {
        self.context.until.get_or_init(|| until);
    }

    /// What ends everything that is under way, as soon as possible.
    #[must_use]
    pub fn stop(&self) -> CancellationToken {
        self.context.stop.clone()
    }

    /// From now on writes carry no conditions.
    pub fn without_conditions(&self) {
        self.context.conditional.store(false, Ordering::Relaxed);
    }

    /// What became of the steps so far.
    #[must_use]
    pub fn outcomes(&self) -> &[Option<Outcome>] {
        &self.applied.outcomes
    }

    /// What became of the plan.
    pub fn finish(mut self) -> Applied {
        self.context.reporter.event(&Event::StageEnd);
        self.applied.interrupted = self.context.cancel.is_cancelled();
        self.applied
    }
}

/// What a task has done.
enum Done {
    /// Bodies are in memory, whose turn comes next.
    Ready(Vec<(usize, Ready)>),
    Object(usize, Result<Outcome, Failure>),
}

impl<S: Store + 'static> Context<S> {
    /// Stores some of the objects that were not tried yet; whether the next ones may begin.
    async fn some(context: &Arc<Self>, is_due: impl Fn(&Step) -> bool, applied: &mut Applied) -> bool {
        let steps = context.plan.steps.iter().zip(&applied.outcomes).enumerate();
        let due =
            steps.filter(|(_, (step, outcome))| matches!(outcome, Some(Outcome::NotTried)) && is_due(step));
        let mut due = due.map(|(index, _)| index).collect::<Vec<_>>();
        // The large ones first, for they take longest, and those of about a size beside each other.
        due.sort_by_key(|index| Reverse(context.plan.steps[*index].asset.material.size().checked_ilog2()));
        let mut waiting = &due[..];
        let most = context.options.limit.most() + 2 * context.cores.available_permits();
        let mut under_way = 0;
        let mut tasks = JoinSet::new();
        let mut whole = true;
        let mut grace = pin!(context.grace());
        loop {
            while under_way < most && !context.stop.is_cancelled() && !waiting.is_empty() {
                let together = context.together(waiting);
                let (next, behind) = waiting.split_at(together.max(1));
                waiting = behind;
                under_way += next.len();
                for index in next {
                    applied.outcomes[*index] = Some(Outcome::Unknown);
                }
                let (context, next) = (Arc::clone(context), next.to_vec());
                if together > 1 {
                    tasks.spawn(async move { Done::Ready(context.ready(next).await) });
                } else {
                    tasks.spawn(context.done(next[0], None));
                }
            }
            let joined = tokio::select! {
                joined = tasks.join_next() => joined,
                () = &mut grace => break,
            };
            let Some(joined) = joined else { break };
            let (index, result) =
                match joined.expect("a task neither panics nor is aborted before the last look") {
                    Done::Object(index, result) => (index, result),
                    Done::Ready(bodies) => {
                        for (index, ready) in bodies {
                            tasks.spawn(Arc::clone(context).done(index, Some(ready)));
                        }
                        continue;
                    }
                };
            under_way -= 1;
            whole &= result.is_ok();
            applied.outcomes[index] = Some(match result {
                Ok(outcome) => outcome,
                Err(Failure { cause: Cause::NotTried, .. }) => Outcome::NotTried,
                Err(failure) => Outcome::Failed(failure.problem),
            });
        }
        whole && !context.stop.is_cancelled()
    }

    async fn done(self: Arc<Self>, index: usize, ready: Option<Ready>) -> Done {
        Done::Object(index, self.object(index, ready).await)
    }

    /// Ends when requests that are still under way after an interrupt are waited for no longer.
    async fn grace(&self) {
        self.cancel.cancelled().await;
        sleep(GRACE).await;
    }
}
