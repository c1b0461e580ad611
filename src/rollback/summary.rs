//! What a rollback did, as one value: the summary line and the document of `--json`, whose schema stands in
//! `docs/json.md`.

use std::fmt;

use serde::Serialize;

use crate::error::Problem;
use crate::release::{Record, ReleaseId};
use crate::report::{Bytes, Summary, count};
use crate::settings::Settings;

use super::RollbackOptions;

/// What a rollback did, or would do.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RollbackSummary {
    /// What a push would tell of it, in the same words.
    #[serde(flatten)]
    pub summary: Summary,
    /// The release that came back; `None` where none was chosen.
    pub restored: Option<ReleaseId>,
    /// Names that are not, or not quite, what they were in it; sorted.
    pub not_restored: Vec<NotRestored>,
}

/// A name that did not come back whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotRestored {
    /// Below the location.
    pub name: String,
    /// Why, in words.
    pub reason: String,
}

impl RollbackSummary {
    /// Of a run that begins.
    pub(super) fn of(settings: &Settings, options: &RollbackOptions) -> Self {
        let summary = Summary {
            verb: "rollback",
            dry_run: options.dry_run,
            bucket: Some(settings.connection.bucket.clone()),
            location: Some(settings.location.to_string()),
            ..Summary::default()
        };
        Self { summary, ..Self::default() }
    }

    /// A run that could not begin.
    #[must_use]
    pub fn refused(settings: Option<(&Settings, &RollbackOptions)>, errors: Vec<Problem>) -> Self {
        let mut refused = settings.map(|(settings, options)| Self::of(settings, options)).unwrap_or_default();
        refused.summary.verb = "rollback";
        refused.summary.errors = errors;
        refused
    }

    /// Says how large things are by the record: what stays was not read. Sizes are those of bodies as stored.
    pub(super) fn sizes(&mut self, target: &Record) {
        for step in &mut self.summary.steps {
            if let Some(object) = target.objects.get(&step.name) {
                (step.size, step.stored_size) = (object.size, Some(object.size));
            }
        }
        let puts = self.summary.steps.iter().filter(|step| step.action == "put");
        if self.summary.dry_run {
            self.summary.bytes_put = puts.map(|step| step.size).sum();
        }
        self.summary.assets = target.objects.len() as u64;
    }

    /// Forgets what a try found that others overtook.
    pub(super) fn begin_again(&mut self) {
        self.not_restored.clear();
    }
}

/// The summary line: `release ID is live again: 12 put back (1.3 MiB), 200 as they were, 3 not restored  s3://acme/static/  0.9 s`.
impl fmt::Display for RollbackSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { summary, restored, not_restored } = self;
        let restored = restored.as_ref().map(ReleaseId::as_str).unwrap_or_default();
        let is = match (summary.dry_run, summary.ok) {
            (true, _) => "would be live again",
            (false, true) => "is live again",
            (false, false) => "is not live again",
        };
        let put = if summary.dry_run { "to put back" } else { "put back" };
        write!(formatter, "release `{restored}` {is}: {} {put}", count(summary.put, "object", "objects"))?;
        if summary.put > 0 {
            write!(formatter, " ({})", Bytes(summary.bytes_put))?;
        }
        write!(formatter, ", {} as they were", summary.skipped)?;
        let failed = (summary.failed, "failed");
        for (number, what) in
            [failed, (summary.not_tried, "not tried"), (not_restored.len() as u64, "not restored")]
        {
            if number > 0 {
                write!(formatter, ", {number} {what}")?;
            }
        }
        write!(formatter, "  {}  {:.1} s", summary.target(), summary.elapsed_seconds)
    }
}
