//! What is told of a plan and of what became of it.

use tokio::task::spawn_blocking;

use crate::apply::{self, Applied, Outcome, TWIN};
use crate::error::Problem;
use crate::object::Role;
use crate::parameters::Parameter;
use crate::plan::{Action, Plan, PutReason, Step, stored_parameters};
use crate::prepare::PreparedManifest;
use crate::report::{ManifestState, ManifestSummary, StepSummary, Summary, count};
use crate::settings::{ManifestSettings, Settings};
use crate::stale::Change;
use crate::tree;

use super::changed::by_put;

/// A dry run's summary.
pub(crate) fn tell(plan: &Plan, summary: &mut Summary) {
    for step in &plan.steps {
        if let (Role::Manifest, Some(manifest)) = (step.asset.role, &mut summary.manifest) {
            manifest.state = if step.is_put() { ManifestState::Due } else { ManifestState::Unchanged };
        }
        let told = StepSummary { change: by_put(step), ..step_summary(step, None) };
        if step.is_put() {
            summary.put += 1;
            summary.bytes_put += told.stored_size.unwrap_or(told.size);
        } else {
            summary.skipped += 1;
        }
        summary.steps.push(told);
    }
}

/// The summary of what was carried out; lets go of each step once it is told.
pub(crate) fn settle(plan: Plan, applied: Applied, summary: &mut Summary) {
    let mut unknown = 0_u64;
    let first = plan
        .steps
        .iter()
        .any(|step| step.asset.role == Role::Manifest && step.action == Action::Put(PutReason::New));
    summary.steps.reserve_exact(plan.steps.len());
    for (step, outcome) in plan.steps.into_iter().zip(applied.outcomes) {
        if let (Role::Manifest, Some(manifest)) = (step.asset.role, &mut summary.manifest) {
            manifest.state = match &outcome {
                None => ManifestState::Unchanged,
                Some(Outcome::Stored(_) | Outcome::Present(_)) => ManifestState::Published,
                Some(Outcome::Failed(_) | Outcome::NotTried) => ManifestState::NotPublished,
                Some(Outcome::Unknown) => ManifestState::Unknown,
            };
        }
        let stored = match outcome {
            None => {
                summary.skipped += 1;
                None
            }
            Some(Outcome::Present(stored)) => {
                summary.skipped += 1;
                let told = step_summary(&step, Some(&stored));
                summary.steps.push(StepSummary { action: "skip", reason: TWIN.to_owned(), ..told });
                continue;
            }
            Some(Outcome::Stored(stored)) => {
                summary.put += 1;
                summary.bytes_put += stored.size;
                Some(stored)
            }
            Some(Outcome::Failed(problem)) => {
                summary.failed += 1;
                summary.errors.push(*problem);
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
        let change = if stored.is_some() { by_put(&step) } else { Change::None };
        summary.steps.push(StepSummary { change, ..step_summary(&step, stored.as_ref()) });
    }
    summary.interrupted = applied.interrupted;
    if summary.failed + summary.not_tried + unknown > 0 {
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
pub(crate) fn manifest_summary(settings: &Settings, manifest: &PreparedManifest) -> ManifestSummary {
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
pub(crate) async fn keep_locally(
    settings: &Settings,
    manifest: Option<PreparedManifest>,
    summary: &mut Summary,
) {
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
    let (body, recorded) = (step.body.as_ref(), step.recorded.as_ref());
    // What a record says of a body that was compressed.
    let remembered = recorded.filter(|object| object.source != object.body).map(|_| "gzip");
    let encoding = match (stored, body) {
        (Some(stored), _) => stored.content_encoding,
        (None, Some(body)) => body.content_encoding,
        (None, None) => remembered,
    };
    let known = stored.map(|stored| (stored.size, stored.etag.clone()));
    let known = known.or_else(|| body.map(|body| (body.digest.size, body.digest.etag.clone())));
    let known = known.or_else(|| recorded.map(|object| (object.size, object.etag.clone())));
    let (stored_size, etag) = known.unzip();
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
        stored_size,
        content_type: header(Parameter::ContentType),
        content_encoding: header(Parameter::ContentEncoding),
        cache_control: header(Parameter::CacheControl),
        etag,
        role: step.asset.role,
        change: Change::None,
    }
}

/// Warns of objects that were stored for their headers alone.
pub(crate) fn headers_alone(settings: &Settings, summary: &Summary) -> Option<Problem> {
    let number = summary.steps.iter().filter(|step| step.change == Change::Headers).count() as u64;
    (number > 0).then(|| {
        let told = count(number, "object has", "objects have");
        let problem = Problem::new(format!(
            "{told} other headers and the same ETag as before: caches that ask by ETag keep the old headers"
        ));
        match settings.invalidation {
            Some(_) => problem,
            None => problem.with_hint(
                "invalidate them in the CDN, where there is one; `--invalidate` does so in CloudFront",
            ),
        }
    })
}
