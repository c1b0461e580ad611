//! Carries out a plan: bounded, adaptive concurrency inside a wave, a barrier between waves. A failing object does
//! not stop the others of its wave, but no later wave begins. May not touch settings or the terminal.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::digest::{ChecksumAlgorithm, Chunking};
use crate::error::Problem;
use crate::plan::{Plan, Wave};
use crate::report::{Event, Reporter};
use crate::store::{Limit, Store};

mod budget;
mod multipart;
mod object;
#[cfg(test)]
mod tests;

pub use budget::Budget;
pub use object::Stored;

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
}

/// What became of a step that stores something.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The object is there, whole.
    Stored(Stored),
    /// It is not; what was there before still is.
    Failed(Problem),
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
    /// Compression is for the cores, not for as many threads as there are requests.
    cores: Semaphore,
    reporter: Arc<dyn Reporter>,
    /// The person's wish to end.
    cancel: CancellationToken,
    /// Nothing more is to be begun: `cancel`, or a failure that every other object would meet too.
    stop: CancellationToken,
    plan: Arc<Plan>,
}

/// Stores what the plan says, wave by wave.
pub async fn apply<S: Store + 'static>(
    plan: Arc<Plan>,
    store: Arc<S>,
    options: ApplyOptions,
    reporter: Arc<dyn Reporter>,
    cancel: CancellationToken,
) -> Applied {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut applied = Applied {
        outcomes: plan.steps.iter().map(|step| step.is_put().then_some(Outcome::NotTried)).collect(),
        interrupted: false,
    };
    let puts = plan.steps.iter().filter(|step| step.is_put());
    let (files, bytes) =
        puts.fold((0, 0), |(files, bytes), step| (files + 1, bytes + step.asset.material.size()));
    reporter.event(&Event::Stage { label: "putting", files, bytes });
    let (cores, stop) = (Semaphore::new(cores), cancel.child_token());
    let context = Arc::new(Context { store, options, cores, reporter, cancel, stop, plan });
    for wave in Wave::ALL {
        if !Context::wave(&context, wave, &mut applied).await {
            break;
        }
    }
    context.reporter.event(&Event::StageEnd);
    applied.interrupted = context.cancel.is_cancelled();
    applied
}

impl<S: Store + 'static> Context<S> {
    /// Stores the objects of a wave; whether the next one may begin.
    async fn wave(context: &Arc<Self>, wave: Wave, applied: &mut Applied) -> bool {
        let mut waiting = context
            .plan
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.is_put() && step.wave() == wave)
            .map(|(index, _)| index);
        let most_tasks = context.options.limit.most() + 2 * context.cores.available_permits();
        let mut tasks = JoinSet::new();
        let mut whole = true;
        let mut grace = pin!(context.grace());
        loop {
            while tasks.len() < most_tasks && !context.stop.is_cancelled() {
                let Some(index) = waiting.next() else { break };
                let context = Arc::clone(context);
                applied.outcomes[index] = Some(Outcome::Unknown);
                tasks.spawn(async move { (index, context.object(index).await) });
            }
            let joined = tokio::select! {
                joined = tasks.join_next() => joined,
                () = &mut grace => break,
            };
            let Some(joined) = joined else { break };
            let (index, result) = joined.expect("a task neither panics nor is aborted before the last look");
            whole &= result.is_ok();
            applied.outcomes[index] = Some(match result {
                Ok(stored) => Outcome::Stored(stored),
                Err(failure) if failure.not_tried => Outcome::NotTried,
                Err(failure) => Outcome::Failed(*failure.problem),
            });
        }
        whole && !context.stop.is_cancelled()
    }

    /// Ends when requests that are still under way after an interrupt are waited for no longer.
    async fn grace(&self) {
        self.cancel.cancelled().await;
        sleep(GRACE).await;
    }
}
