//! The verb `push`: composes the rooms from the settings to the summary.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::apply::{self, Applied, ApplyOptions, Budget, Outcome};
use crate::collect::{self, Collected, Ignored, Shadowed};
use crate::compare::{self, CompareOptions};
use crate::error::Problem;
use crate::name::{Location, ObjectKey};
use crate::object;
use crate::parameters::Parameter;
use crate::plan::{Action, Asset, Plan, Step, stored_parameters};
use crate::report::{Reporter, StepSummary, Summary};
use crate::settings::Settings;
use crate::store::retry::{Pressure, Retrying};
use crate::store::{Limit, Store};

/// What a push is asked for besides its settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushOptions {
    /// Make the plan and tell it, change nothing.
    pub dry_run: bool,
    /// Compare headers too, by a HEAD for each key.
    pub check_headers: bool,
}

/// What the sources hold, described.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Sorted by name.
    pub assets: Vec<Asset>,
    /// Files that an earlier source hides.
    pub shadowed: Vec<Shadowed>,
    /// What ignore patterns left out.
    pub ignored: Vec<Ignored>,
    /// What deserves a look.
    pub warnings: Vec<Problem>,
}

/// Collects the sources and describes every asset, offline.
///
/// # Errors
/// Everything that is wrong with sources, names and rules.
pub fn prepare(settings: &Settings, home: Option<&Path>) -> Result<Prepared, Vec<Problem>> {
    let collected = collect::collect(&settings.collect, &settings.location, home)
        .map_err(|errors| errors.iter().map(Problem::of).collect::<Vec<_>>())?;
    if let Some(local) = &settings.connection.local {
        collect::check_outside(&settings.collect, local).map_err(|error| vec![Problem::of(&error)])?;
    }
    let warnings = warnings(&collected);
    let mut assets = Vec::with_capacity(collected.files.len());
    let mut problems = Vec::new();
    for file in collected.files {
        match settings.location.key(&file.name) {
            Ok(key) => {
                let description = object::describe(&settings.objects, &file.name, &key);
                assets.push(Asset { file, key, description });
            }
            Err(error) => problems.push(Problem::of(&error)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Prepared { assets, shadowed: collected.shadowed, ignored: collected.ignored, warnings })
}

/// Pushes into a store, whatever it is.
pub async fn push<S: Store + 'static>(
    settings: &Settings,
    options: PushOptions,
    prepared: Prepared,
    store: S,
    reporter: Arc<dyn Reporter>,
    cancel: CancellationToken,
) -> Summary {
    let begun = Instant::now();
    let mut summary = Summary {
        verb: "push",
        dry_run: options.dry_run,
        bucket: Some(settings.connection.bucket.clone()),
        location: Some(settings.location.to_string()),
        assets: prepared.assets.len() as u64,
        bytes_source: prepared.assets.iter().map(|asset| asset.file.stamp.size).sum(),
        warnings: prepared.warnings,
        ..Summary::default()
    };
    let limit = Limit::new(settings.transfer.concurrency);
    let pressed = Arc::clone(&limit);
    let store = Arc::new(Retrying::new(store, move |pressure| match pressure {
        Pressure::SlowDown => pressed.shrink(),
        Pressure::Succeeded => pressed.grow(),
    }));
    let how = CompareOptions {
        limit: Arc::clone(&limit),
        check_headers: options.check_headers,
        describe_all: options.dry_run,
        in_flight_bytes: settings.transfer.in_flight_bytes,
    };
    let location = &settings.location;
    match plan(location, how, prepared.assets, &*store, &*reporter, &cancel, &mut summary.warnings).await {
        Ok(plan) if options.dry_run => tell(&plan, &mut summary),
        Ok(plan) => {
            let plan = Arc::new(plan);
            let how = ApplyOptions {
                limit,
                budget: Budget::new(settings.transfer.in_flight_bytes),
                checksum: settings.transfer.checksum,
            };
            let done =
                apply::apply(Arc::clone(&plan), Arc::clone(&store), how, reporter, cancel.clone()).await;
            settle(&plan, done, &mut summary);
        }
        Err(problems) => {
            summary.note = Some("nothing was stored".to_owned());
            summary.errors = problems;
        }
    }
    summary.interrupted |= cancel.is_cancelled();
    summary.ok = summary.errors.is_empty() && !summary.interrupted;
    summary.requests = store.requests();
    summary.elapsed_seconds = begun.elapsed().as_secs_f64();
    summary
}

/// Lists the bucket and compares.
async fn plan<S: Store>(
    location: &Location,
    how: CompareOptions,
    assets: Vec<Asset>,
    store: &S,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
    warnings: &mut Vec<Problem>,
) -> Result<Plan, Vec<Problem>> {
    let keys: Vec<ObjectKey> = assets.iter().map(|asset| asset.key.clone()).collect();
    let listing = tokio::select! {
        listing = compare::list(store, location, &keys) => {
            listing.map_err(|error| vec![Problem::of(&error)])?
        }
        () = cancel.cancelled() => return Err(Vec::new()),
    };
    if listing.given_up {
        let message =
            "the location holds far more objects than the sources; asking for each key instead of listing";
        warnings.push(Problem::new(message).with_hint("a `location` of its own is listed much faster"));
    }
    compare::compare(assets, listing, store, how, reporter, cancel).await
}

/// A dry run's summary.
fn tell(plan: &Plan, summary: &mut Summary) {
    for step in &plan.steps {
        let told = step_summary(step, None);
        if step.is_put() {
            summary.put += 1;
            summary.bytes_put += told.stored_size.unwrap_or(told.size);
        } else {
            summary.skipped += 1;
        }
        summary.steps.push(told);
    }
}

/// The summary of what was carried out.
fn settle(plan: &Plan, applied: Applied, summary: &mut Summary) {
    let mut unknown = 0_u64;
    for (step, outcome) in plan.steps.iter().zip(applied.outcomes) {
        let stored = match outcome {
            None => {
                summary.skipped += 1;
                None
            }
            Some(Outcome::Stored(stored)) => {
                summary.put += 1;
                summary.bytes_put += stored.size;
                Some(stored)
            }
            Some(Outcome::Failed(problem)) => {
                summary.failed += 1;
                summary.errors.push(problem);
                None
            }
            Some(Outcome::NotTried) => {
                summary.not_tried += 1;
                None
            }
            Some(Outcome::Unknown) => {
                unknown += 1;
                None
            }
        };
        summary.steps.push(step_summary(step, stored.as_ref()));
    }
    summary.interrupted = applied.interrupted;
    if summary.failed + summary.not_tried + unknown > 0 {
        summary.note = Some(state(summary, unknown));
    }
}

/// The state things are in after a push that did not do everything.
fn state(summary: &Summary, unknown: u64) -> String {
    let due = summary.put + summary.failed + summary.not_tried + unknown;
    let mut state = format!("{} of {due} objects were stored; ", summary.put);
    if unknown > 0 {
        state.push_str(&format!("{unknown} may have been; "));
    }
    state.push_str("the others are as they were before, and the next push tries them again");
    state
}

fn step_summary(step: &Step, stored: Option<&apply::Stored>) -> StepSummary {
    let body = step.body.as_ref();
    let encoding =
        stored.map_or_else(|| body.and_then(|body| body.content_encoding), |stored| stored.content_encoding);
    let parameters = stored_parameters(&step.asset.description.parameters, encoding);
    let header = |parameter| parameters.get(parameter).map(ToOwned::to_owned);
    let (action, reason) = match &step.action {
        Action::Put(reason) => ("put", reason.to_string()),
        Action::Skip(reason) => ("skip", reason.to_string()),
    };
    StepSummary {
        name: step.asset.file.name.to_string(),
        key: step.asset.key.to_string(),
        action,
        reason,
        size: step.asset.file.stamp.size,
        stored_size: stored.map(|stored| stored.size).or(body.map(|body| body.digest.size)),
        content_type: header(Parameter::ContentType),
        content_encoding: header(Parameter::ContentEncoding),
        cache_control: header(Parameter::CacheControl),
        etag: stored.map(|stored| stored.etag.clone()).or(body.map(|body| body.digest.etag.clone())),
    }
}

/// What a person should know about what was collected.
pub(crate) fn warnings(collected: &Collected) -> Vec<Problem> {
    let shadowed = collected.shadowed.iter().map(|shadowed| Problem {
        name: Some(shadowed.name.to_string()),
        ..Problem::new(format!("`{}` is hidden by `{}`", shadowed.path.display(), shadowed.by.display()))
    });
    let look_alikes = collected.look_alikes.iter().map(|names| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Problem::new(format!("{} differ only by case or Unicode form; all are stored", names.join(", ")))
            .with_hint("some file systems cannot hold them side by side; rename all but one")
    });
    shadowed.chain(look_alikes).collect()
}

#[cfg(test)]
mod tests;
