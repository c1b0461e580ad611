//! Tells a CloudFront distribution what means something else since a release: composes `stale`, `cloudfront` and what
//! verbs know. Nothing is asked of CloudFront where nothing changed, or where a run is dry.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::cloudfront::{CloudFront, CloudFrontError, Invalidation};
use crate::digest::hex;
use crate::error::Problem;
use crate::report::{Event, InvalidationState, InvalidationSummary, Reporter, StepSummary, Summary, count};
use crate::settings::{InvalidationSettings, Settings};
use crate::stale::{self, Change, Scope};

/// How long an invalidation is waited for; most take less than a minute.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// The first pause between two looks, which grow.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How often whoever watches is told that it goes on.
const TOLD_EVERY: Duration = Duration::from_secs(30);
/// The most paths of a command that a hint holds.
const PATHS_IN_HINT: usize = 5;
/// The state after a push or a rollback.
const LIVE: &str = "everything is stored and live";

/// What became of the objects of a location.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Keys of which caches may hold what they no longer mean.
    pub stale: Vec<String>,
    /// Keys that are as they were, which caches had better keep.
    pub fresh: Vec<String>,
}

impl Changes {
    /// Those of a push's steps.
    #[must_use]
    pub fn of(steps: &[StepSummary]) -> Self {
        let mut changes = Self::default();
        for step in steps {
            if step.change.is_stale_in_caches(step.role) {
                changes.stale.push(step.key.clone());
            } else if step.change == Change::None {
                changes.fresh.push(step.key.clone());
            }
        }
        changes
    }
}

/// What became of an invalidation.
#[derive(Debug, Default)]
pub struct Invalidated {
    /// For the summary; `None` where there was nothing to invalidate.
    pub told: Option<InvalidationSummary>,
    /// How many requests were sent, by CloudFront's names for them.
    pub requests: BTreeMap<&'static str, u64>,
    /// What went wrong; the release is live all the same.
    pub problem: Option<Problem>,
}

/// On what occasion CloudFront is told.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The release that changed things, which is asked for once only, however often it is tried; `None` where it is none.
    pub release: Option<&'a str>,
    /// Only say what would be asked for.
    pub dry_run: bool,
    /// The state that things are in, whatever CloudFront says to it: `everything is stored and live`.
    pub state: &'static str,
}

/// Who is told, and who may end it.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    /// Is told of paths and of waits.
    pub reporter: &'a dyn Reporter,
    /// Ends a request and a wait.
    pub cancel: &'a CancellationToken,
}

/// Invalidates what changed, once that is so for everybody. Without a distribution in the settings nothing happens; a dry
/// run says what would.
pub async fn invalidate(
    settings: &Settings,
    occasion: Occasion<'_>,
    changes: &Changes,
    watched: Watched<'_>,
) -> Invalidated {
    let Some(wanted) = &settings.invalidation else { return Invalidated::default() };
    let paths = paths(settings, wanted, changes);
    if paths.is_empty() {
        return Invalidated::default();
    }
    let mut told = InvalidationSummary {
        distribution: wanted.distribution.clone(),
        id: None,
        state: InvalidationState::Due,
        paths,
    };
    if occasion.dry_run {
        return Invalidated { told: Some(told), ..Invalidated::default() };
    }
    let reason = format!("on {}", wanted.distribution);
    for name in &told.paths {
        watched.reporter.event(&Event::Outcome { name, action: "invalidate", reason: &reason });
    }
    told.state = InvalidationState::Failed;
    let mut requests = BTreeMap::new();
    let asking = Asking { settings, wanted, occasion, watched };
    // It holds a whole client, and few runs ever come here: verbs need not have room for it.
    let problem = Box::pin(asking.ask(&mut told, &mut requests)).await.err();
    Invalidated { told: Some(told), requests, problem }
}

/// Invalidates what a push changed, and tells it in its summary; `live` where everything that it changed is there.
pub(crate) async fn after_push(settings: &Settings, summary: &mut Summary, live: bool, watched: Watched<'_>) {
    let Some(wanted) = &settings.invalidation else { return };
    let changes = Changes::of(&summary.steps);
    if !live {
        // With a record the next push knows what changed since the last release.
        if !settings.releases.record && !changes.stale.is_empty() {
            summary.warn(left_over(settings, wanted, &changes));
        }
        return;
    }
    let release = summary.release.clone();
    let occasion = Occasion { release: release.as_deref(), dry_run: summary.dry_run, state: LIVE };
    let Invalidated { told, requests, problem } = invalidate(settings, occasion, &changes, watched).await;
    summary.invalidation = told;
    summary.requests.extend(requests);
    summary.errors.extend(problem);
}

/// One invalidation that is asked for.
struct Asking<'a> {
    settings: &'a Settings,
    wanted: &'a InvalidationSettings,
    occasion: Occasion<'a>,
    watched: Watched<'a>,
}

impl Asking<'_> {
    /// Asks, and waits where that is wanted. An interrupt ends a wait; the invalidation goes on without it.
    ///
    /// # Errors
    /// Why there is no invalidation, or why nothing is known of it.
    async fn ask(
        &self,
        told: &mut InvalidationSummary,
        requests: &mut BTreeMap<&'static str, u64>,
    ) -> Result<(), Problem> {
        let connecting = CloudFront::connect(&self.settings.connection, self.wanted);
        let mut cloudfront = self.answered(connecting, &told.paths).await?;
        let reference = reference(self.occasion.release, &told.paths);
        let created = self.answered(cloudfront.create(&reference, &told.paths), &told.paths).await;
        requests.clone_from(cloudfront.requests());
        let created = created?;
        told.id = Some(created.id.clone());
        told.state = InvalidationState::InProgress;
        let mut completed = Ok(created.is_completed());
        if self.wanted.wait {
            completed = tokio::select! {
                completed = self.completed(&mut cloudfront, created) => completed.map(|()| true),
                () = self.watched.cancel.cancelled() => Ok(false),
            };
            requests.clone_from(cloudfront.requests());
        }
        if completed? {
            told.state = InvalidationState::Completed;
        }
        Ok(())
    }

    /// What CloudFront answers, unless an interrupt comes first.
    async fn answered<T>(
        &self,
        asking: impl Future<Output = Result<T, CloudFrontError>>,
        paths: &[String],
    ) -> Result<T, Problem> {
        let distribution = &self.wanted.distribution;
        tokio::select! {
            biased;
            () = self.watched.cancel.cancelled() => {
                let message = format!("interrupted before CloudFront answered for the distribution `{distribution}`");
                Err(self.to_be_repeated(Problem::new(message), distribution, paths))
            }
            answer = asking => answer.map_err(|error| {
                // Where there is no such distribution, nobody knows which one is meant.
                let distribution = if error.is_about_the_id() { "ID" } else { distribution };
                self.to_be_repeated(Problem::of(&error), distribution, paths)
            }),
        }
    }

    /// What happened, and what to do once that is mended: another run finds nothing changed.
    fn to_be_repeated(&self, problem: Problem, distribution: &str, paths: &[String]) -> Problem {
        let few = match paths.len() <= PATHS_IN_HINT {
            true => paths.to_vec(),
            false => everything(self.settings),
        };
        let command = command(distribution, &few);
        let hint = match &problem.hint {
            Some(first) => format!("{first}; then run {command}"),
            None => format!("run {command}"),
        };
        let state = self.occasion.state;
        let note = format!(
            "{state}, and CloudFront serves what it holds until that expires; another run does not ask again"
        );
        problem.with_note(note).with_hint(hint)
    }

    /// Waits until CloudFront is done.
    async fn completed(&self, cloudfront: &mut CloudFront, created: Invalidation) -> Result<(), Problem> {
        let InvalidationSettings { distribution, .. } = self.wanted;
        let (state, id) = (self.occasion.state, created.id.clone());
        let who = format!("CloudFront's invalidation `{id}`");
        let wait = format!(
            "`aws cloudfront wait invalidation-completed --distribution-id {distribution} --id {id}` waits on"
        );
        let (begun, mut pause, mut told) = (Instant::now(), FIRST_PAUSE, None);
        let mut now = created;
        while !now.is_completed() {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let minutes = PATIENCE.as_secs() / 60;
                let message = format!(
                    "the invalidation `{id}` of `{distribution}` is not completed after {minutes} minutes"
                );
                let note = format!("{state}, and CloudFront goes on with it");
                return Err(Problem::new(message).with_note(note).with_hint(wait));
            }
            if told.is_none_or(|last: Instant| last.elapsed() >= TOLD_EVERY) {
                self.watched.reporter.event(&Event::Waiting { who: &who, left });
                told = Some(Instant::now());
            }
            sleep(pause.min(left)).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            now = cloudfront.get(&id).await.map_err(|error| {
                let problem = Problem::of(&error);
                let hint = problem.hint.clone().unwrap_or_else(|| wait.clone());
                let note =
                    format!("{state}, and the invalidation `{id}` was begun: only waiting for it failed");
                problem.with_note(note).with_hint(hint)
            })?;
        }
        Ok(())
    }
}

/// As the settings want them.
fn paths(settings: &Settings, wanted: &InvalidationSettings, changes: &Changes) -> Vec<String> {
    let prefix = settings.location.prefix();
    let scope = Scope { base: base(settings), prefix: &prefix, budget: wanted.budget };
    let stale: Vec<&str> = changes.stale.iter().map(String::as_str).collect();
    let fresh: Vec<&str> = changes.fresh.iter().map(String::as_str).collect();
    stale::paths(&scope, &stale, &fresh)
}

/// What a custom domain with a path of its own has before the keys.
fn base(settings: &Settings) -> &str {
    let domain = settings.url.custom_domain.as_deref().unwrap_or_default();
    domain.find('/').map_or("", |start| domain[start..].trim_end_matches('/'))
}

/// Everything below the location.
fn everything(settings: &Settings) -> Vec<String> {
    vec![stale::everything(base(settings), &settings.location.prefix())]
}

/// The same for every try of a release, and another one for every other release.
fn reference(release: Option<&str>, paths: &[String]) -> String {
    let digest = hex(&Sha256::digest(paths.join("\n"))[..6]);
    match release {
        Some(release) => format!("s3collect-{release}-{digest}"),
        // Nothing but chance tells this push from one that changed the same names.
        None => format!("s3collect-{:016x}-{digest}", RandomState::new().hash_one(&digest)),
    }
}

/// Nobody will know later what this push changed.
fn left_over(settings: &Settings, wanted: &InvalidationSettings, changes: &Changes) -> Problem {
    let names = count(changes.stale.len() as u64, "name that changed is", "names that changed are");
    let all = everything(settings);
    Problem::new(format!("{names} not invalidated, because this push is not whole")).with_hint(format!(
        "once a push is whole run {}; pushes that are recorded see to it by themselves",
        command(&wanted.distribution, &all)
    ))
}

fn command(distribution: &str, paths: &[String]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("'{}'", path.replace('\'', "'\\''"))).collect();
    format!(
        "`aws cloudfront create-invalidation --distribution-id {distribution} --paths {}`",
        quoted.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_asked_for_once() {
        let paths = ["/a".to_owned()];
        let first = reference(Some("r1"), &paths);
        assert_eq!(first, reference(Some("r1"), &paths));
        assert_eq!(first, "s3collect-r1-6a50dc858413");
        assert_ne!(first, reference(Some("r2"), &paths));
        assert_ne!(reference(None, &paths), reference(None, &paths));
    }

    #[test]
    fn the_command_can_be_pasted() {
        assert_eq!(
            command("E1", &["/it's".to_owned(), "/static/*".to_owned()]),
            "`aws cloudfront create-invalidation --distribution-id E1 --paths '/it'\\''s' '/static/*'`"
        );
    }
}
