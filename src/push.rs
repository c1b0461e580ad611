//! The verb `push`: composes the rooms from the settings to the summary.

use std::sync::Arc;
use std::time::Instant;

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::apply::{self, Applied, ApplyOptions, Budget, Outcome};
use crate::compare::{self, CompareOptions};
use crate::error::Problem;
use crate::name::{Location, ObjectKey};
use crate::object::Role;
use crate::parameters::Parameter;
use crate::plan::{Action, Asset, Plan, PutReason, Step, stored_parameters};
use crate::prepare::{Prepared, PreparedManifest};
use crate::report::{ManifestState, ManifestSummary, Reporter, StepSummary, Summary};
use crate::settings::{ManifestSettings, Settings};
use crate::store::retry::{Pressure, Retrying};
use crate::store::{Limit, Store};
use crate::tree;

/// What a push is asked for besides its settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushOptions {
    /// Make the plan and tell it, change nothing.
    pub dry_run: bool,
    /// Compare headers too, by a HEAD for each key.
    pub check_headers: bool,
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
        assets: prepared.files,
        bytes_source: prepared.bytes,
        manifest: prepared.manifest.as_ref().map(|manifest| manifest_summary(settings, manifest)),
        warnings: prepared.warnings,
        ..Summary::default()
    };
    let limit = Limit::new(settings.transfer.concurrency);
    let pressed = Arc::clone(&limit);
    let attempts = settings.connection.client.attempts;
    let store = Retrying::with_attempts(store, attempts, move |pressure| match pressure {
        Pressure::SlowDown => pressed.shrink(),
        Pressure::Succeeded => pressed.grow(),
    });
    let store = Arc::new(store);
    let how = CompareOptions {
        limit: Arc::clone(&limit),
        check_headers: options.check_headers,
        describe_all: options.dry_run,
        in_flight_bytes: settings.transfer.in_flight_bytes,
        recording: false,
        memory: Arc::default(),
        chunking: settings.transfer.chunking,
    };
    let location = &settings.location;
    match plan(location, how, prepared.assets, &*store, &*reporter, &cancel, &mut summary.warnings).await {
        Ok(plan) if options.dry_run => {
            tell(&plan, &mut summary);
            keep_locally(settings, prepared.manifest, &mut summary).await;
        }
        Ok(plan) => {
            let plan = Arc::new(plan);
            let how = ApplyOptions {
                limit,
                budget: Budget::new(settings.transfer.in_flight_bytes),
                checksum: settings.transfer.checksum,
                chunking: settings.transfer.chunking,
            };
            let done =
                apply::apply(Arc::clone(&plan), Arc::clone(&store), how, reporter, cancel.clone()).await;
            settle(&plan, done, &mut summary);
            keep_locally(settings, prepared.manifest, &mut summary).await;
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
        if let (Role::Manifest, Some(manifest)) = (step.asset.role, &mut summary.manifest) {
            manifest.state = if step.is_put() { ManifestState::Due } else { ManifestState::Unchanged };
        }
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
        if let (Role::Manifest, Some(manifest)) = (step.asset.role, &mut summary.manifest) {
            manifest.state = match &outcome {
                None => ManifestState::Unchanged,
                Some(Outcome::Stored(_)) => ManifestState::Published,
                Some(Outcome::Failed(_) | Outcome::NotTried) => ManifestState::NotPublished,
                Some(Outcome::Unknown) => ManifestState::Unknown,
            };
        }
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
        let first = plan
            .steps
            .iter()
            .any(|step| step.asset.role == Role::Manifest && step.action == Action::Put(PutReason::New));
        summary.note = Some(state(summary, unknown, first));
    }
}

/// The state things are in after a push that did not do everything; `first` where no manifest was there before.
fn state(summary: &Summary, unknown: u64, first: bool) -> String {
    let due = summary.put + summary.failed + summary.not_tried + unknown;
    let mut state = format!("{} of {due} objects were stored; ", summary.put);
    if unknown > 0 {
        state.push_str(&format!("{unknown} may have been; "));
    }
    state.push_str(match summary.manifest.as_ref().map(|manifest| manifest.state) {
        None | Some(ManifestState::Unchanged) => {
            "the others are as they were before, and the next push tries them again"
        }
        Some(ManifestState::Unknown) => {
            "the manifest is either the new or the previous one, and all that either names is there"
        }
        Some(_) if first => "no manifest was published, and the next push tries again",
        Some(_) => "the manifest was not replaced, so the previous release is intact",
    });
    state
}

/// The manifest before anything is done about it.
fn manifest_summary(settings: &Settings, manifest: &PreparedManifest) -> ManifestSummary {
    let ManifestSettings { manifest_name, in_bucket, local_path, .. } = &settings.manifest;
    let key = settings.location.key(manifest_name).ok().filter(|_| *in_bucket);
    ManifestSummary {
        key: key.map(|key| key.to_string()),
        path: local_path.as_ref().map(|path| path.display().to_string()),
        hash: manifest.hash.clone(),
        entries: manifest.entries,
        state: ManifestState::NotPublished,
    }
}

/// Writes the local manifest once everything that it names is in the bucket, or tells whether that is due.
async fn keep_locally(settings: &Settings, manifest: Option<PreparedManifest>, summary: &mut Summary) {
    let (Some(manifest), Some(path)) = (manifest, settings.manifest.local_path.clone()) else { return };
    if summary.failed + summary.not_tried > 0 || summary.interrupted || !summary.errors.is_empty() {
        return;
    }
    let dry_run = summary.dry_run;
    let work = move || match dry_run {
        true => Ok(tree::is_written(&path, &manifest.document)),
        false => tree::write_manifest(&path, &manifest.document).map(|written| !written),
    };
    let unchanged = spawn_blocking(work).await.expect("writing does not panic");
    let state = match unchanged {
        Ok(true) => ManifestState::Unchanged,
        Ok(false) if dry_run => ManifestState::Due,
        Ok(false) => ManifestState::Published,
        Err(error) => {
            summary.errors.push(Problem { note: None, ..Problem::of(&error) });
            summary.note = Some("all objects are stored; the local manifest was not replaced".to_owned());
            ManifestState::NotPublished
        }
    };
    if let Some(told) = summary.manifest.as_mut().filter(|_| !settings.manifest.in_bucket) {
        told.state = state;
    }
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
        name: step.asset.material.name().to_string(),
        key: step.asset.key.to_string(),
        action,
        reason,
        size: step.asset.material.size(),
        stored_size: stored.map(|stored| stored.size).or(body.map(|body| body.digest.size)),
        content_type: header(Parameter::ContentType),
        content_encoding: header(Parameter::ContentEncoding),
        cache_control: header(Parameter::CacheControl),
        etag: stored.map(|stored| stored.etag.clone()).or(body.map(|body| body.digest.etag.clone())),
    }
}

#[cfg(test)]
mod manifest_tests;
#[cfg(test)]
mod tests;
