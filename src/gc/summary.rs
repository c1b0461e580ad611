//! What a `gc` did, as one value: the summary line and the document of `--json`, whose schema stands in `docs/json.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use crate::error::{Exit, Problem};
use crate::invalidation::Changes;
use crate::report::{Bytes, InvalidationSummary, count, place};
use crate::retention::{GcPlan, Victim};
use crate::stale::Change;

/// What a `gc` did, or would do.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GcSummary {
    /// Always `gc`.
    pub verb: &'static str,
    /// Whether everything that was to be done is done.
    pub ok: bool,
    /// Whether nothing was to be done but to tell.
    pub dry_run: bool,
    /// Whether an interrupt ended the run early.
    pub interrupted: bool,
    /// The bucket, once settings told it.
    pub bucket: Option<String>,
    /// The key prefix, once settings told it; empty for the root of the bucket.
    pub location: Option<String>,
    /// The app whose claim it was.
    pub app: Option<String>,
    /// Releases of all apps that are recorded.
    pub releases: u64,
    /// Those of them that are kept, or of whose successors nobody knows when they came.
    pub releases_kept: u64,
    /// Objects that were deleted; with `dry_run`, that would be.
    pub deleted: u64,
    /// Objects that could not be deleted.
    pub failed: u64,
    /// Objects that were not tried any more.
    pub not_tried: u64,
    /// Bytes of the objects that were deleted; with `dry_run`, that would be.
    pub bytes_deleted: u64,
    /// Recorded objects that a kept release or a live manifest needs.
    pub kept: u64,
    /// Recorded objects that are superseded for less than `min_age`.
    pub young: u64,
    /// Objects that no record names.
    pub unrecorded: u64,
    /// Records of releases that were deleted; with `dry_run`, that would be.
    pub records_deleted: u64,
    /// What CloudFront was told; `None` where it was told nothing.
    pub invalidation: Option<InvalidationSummary>,
    /// What that goes by.
    #[serde(skip)]
    pub changes: Changes,
    /// How many requests were sent, by the names of S3 and CloudFront for them, retries included.
    pub requests: BTreeMap<&'static str, u64>,
    /// From the first request to the last answer.
    pub elapsed_seconds: f64,
    /// One for each object that no release needs, sorted by name.
    pub steps: Vec<GcStep>,
    /// What deserves a look.
    pub warnings: Vec<Problem>,
    /// What went wrong.
    pub errors: Vec<Problem>,
    /// The state things are in after a failure or an interrupt.
    pub note: Option<String>,
}

/// An object that no release needs, and what is done about it.
#[derive(Debug, Clone, Serialize)]
pub struct GcStep {
    /// Below the location.
    pub name: String,
    /// The object's key.
    pub key: String,
    /// `delete`, or `keep` where it is another object than was recorded; a deletion that failed says so in `errors`.
    pub action: &'static str,
    /// Why.
    pub reason: String,
    /// Bytes as stored.
    pub size: u64,
    /// As the bucket shows it.
    pub etag: String,
    /// The last release that had the name.
    pub release: String,
    /// Whose that was.
    pub app: String,
    /// Since when it is superseded, RFC 3339.
    pub superseded: String,
}

impl GcSummary {
    /// A run of which nothing is known but that it could not begin.
    #[must_use]
    pub fn refused(errors: Vec<Problem>, warnings: Vec<Problem>) -> Self {
        Self { verb: "gc", errors, warnings, ..Self::default() }
    }

    /// Adds a warning, unless the very same was given already.
    pub(super) fn warn(&mut self, warning: Problem) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.interrupted {
            return Exit::Interrupted;
        }
        self.errors.iter().map(|problem| problem.exit).max().unwrap_or(Exit::Done)
    }

    /// Takes over a plan; nothing of it is done yet.
    pub(super) fn tell(&mut self, plan: &GcPlan) {
        self.kept = plan.kept;
        self.young = plan.young;
        let delete = plan.victims.iter().map(|victim| step(victim, "delete"));
        self.steps = delete.chain(plan.changed.iter().map(|changed| step(changed, "keep"))).collect();
        self.steps.sort_by(|left, right| left.name.cmp(&right.name));
        self.not_tried = plan.victims.len() as u64;
    }

    /// What would be done.
    pub(super) fn tell_dry(&mut self, plan: &GcPlan) {
        self.tell(plan);
        plan.victims.iter().for_each(|victim| self.gone(victim));
        self.deleted = std::mem::take(&mut self.not_tried);
        self.bytes_deleted = plan.bytes();
        self.records_deleted = plan.records.len() as u64;
    }

    /// Notes that an object is gone, or would be.
    pub(super) fn gone(&mut self, victim: &Victim) {
        if Change::Deleted.is_stale_in_caches(victim.role) {
            self.changes.stale.push(victim.object.key.clone());
        }
    }
}

fn step(victim: &Victim, action: &'static str) -> GcStep {
    let Victim { name, object, release, app, superseded, .. } = victim;
    let superseded = instant(*superseded);
    let reason = match action {
        "delete" => format!("last in release `{release}` of app `{app}`, superseded {superseded}"),
        _ => format!("another object than release `{release}` of app `{app}` recorded"),
    };
    GcStep {
        name: name.clone(),
        key: object.key.clone(),
        action,
        reason,
        size: object.size,
        etag: object.etag.clone(),
        release: release.to_string(),
        app: app.to_string(),
        superseded,
    }
}

fn instant(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// The summary line: `12 objects deleted (1.3 MiB), 200 kept, 5 too young, 3 not recorded  s3://acme/static/  2.1 s`.
impl fmt::Display for GcSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deleted = if self.dry_run { "to delete" } else { "deleted" };
        write!(formatter, "{} {deleted}", count(self.deleted, "object", "objects"))?;
        if self.deleted > 0 {
            write!(formatter, " ({})", Bytes(self.bytes_deleted))?;
        }
        for (number, what) in [(self.failed, "failed"), (self.not_tried, "not tried")] {
            if number > 0 {
                write!(formatter, ", {number} {what}")?;
            }
        }
        write!(
            formatter,
            ", {} kept, {} too young, {} not recorded",
            self.kept, self.young, self.unrecorded
        )?;
        if self.records_deleted > 0 {
            let records = count(self.records_deleted, "old record", "old records");
            write!(formatter, "; {records} {deleted}")?;
        }
        let place = place(self.bucket.as_deref(), self.location.as_deref());
        write!(formatter, "  {place}  {:.1} s", self.elapsed_seconds)
    }
}
