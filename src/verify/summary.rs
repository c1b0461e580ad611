//! What a verification found, as one value: the summary line and the document of `--json`, whose schema stands in
//! `docs/json.md`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::error::{Exit, Problem};
use crate::name::ObjectKey;
use crate::release::ReleaseId;
use crate::report::{count, place};
use crate::settings::Settings;

use super::VerifyOptions;
use super::judge::{Difference, Verdict};

/// What a verification found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct VerifySummary {
    /// Always `verify`.
    pub verb: &'static str,
    /// Whether everything was looked at and nothing differs.
    pub ok: bool,
    /// Whether an interrupt ended the run early.
    pub interrupted: bool,
    /// Whether bodies were read.
    pub deep: bool,
    /// Whether objects that no record names are differences.
    pub strict: bool,
    /// The bucket, once settings told it.
    pub bucket: Option<String>,
    /// The key prefix, once settings told it; empty for the root of the bucket.
    pub location: Option<String>,
    /// Whose release it is.
    pub app: Option<String>,
    /// The release that is live; `None` where that could not be found out.
    pub release: Option<ReleaseId>,
    /// Objects of the release that were looked at.
    pub objects: u64,
    /// Those that are not there.
    pub missing: u64,
    /// Those with another body.
    pub changed: u64,
    /// Those with the same body and other headers.
    pub headers_changed: u64,
    /// Objects that no record names.
    pub foreign: u64,
    /// How many requests were sent, by S3's operation names, retries included.
    pub requests: BTreeMap<&'static str, u64>,
    /// From the first request to the last answer.
    pub elapsed_seconds: f64,
    /// One for each difference and each foreign object, sorted by name.
    pub steps: Vec<VerifyStep>,
    /// What deserves a look.
    pub warnings: Vec<Problem>,
    /// What went wrong.
    pub errors: Vec<Problem>,
}

/// An object that is not as recorded.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyStep {
    /// Below the location.
    pub name: String,
    /// The object's key.
    pub key: String,
    /// `missing`, `body`, `headers` or `foreign`.
    pub difference: &'static str,
    /// In words.
    pub reason: String,
}

impl VerifySummary {
    /// Of a run that begins.
    pub(super) fn of(settings: &Settings, options: VerifyOptions) -> Self {
        Self {
            verb: "verify",
            deep: options.deep,
            strict: options.strict,
            bucket: Some(settings.connection.bucket.clone()),
            location: Some(settings.location.to_string()),
            app: Some(settings.releases.app.to_string()),
            ..Self::default()
        }
    }

    /// A run that could not begin.
    #[must_use]
    pub fn refused(settings: Option<&Settings>, options: VerifyOptions, errors: Vec<Problem>) -> Self {
        let summary = settings.map(|settings| Self::of(settings, options));
        Self { verb: "verify", errors, ..summary.unwrap_or_default() }
    }

    /// How many things are not as they should be.
    #[must_use]
    pub fn differences(&self) -> u64 {
        let foreign = if self.strict { self.foreign } else { 0 };
        self.missing + self.changed + self.headers_changed + foreign
    }

    /// How the process ends. What could not be looked at weighs more than what differs.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.interrupted {
            return Exit::Interrupted;
        }
        let differs = if self.differences() > 0 { Exit::Differences } else { Exit::Done };
        self.errors.iter().map(|problem| problem.exit).max().unwrap_or(differs)
    }

    pub(super) fn count(&mut self, name: &str, key: ObjectKey, verdict: Verdict) {
        self.objects += 1;
        let Some(difference) = verdict else { return };
        match difference {
            Difference::Missing => self.missing += 1,
            Difference::Size { .. } | Difference::Body => self.changed += 1,
            Difference::Headers(_) => self.headers_changed += 1,
        }
        let (word, reason) = (difference.name(), difference.to_string());
        self.steps.push(VerifyStep { name: name.to_owned(), key: key.to_string(), difference: word, reason });
    }

    pub(super) fn foreign(&mut self, name: String, key: String) {
        self.foreign += 1;
        self.steps.push(VerifyStep { name, key, difference: "foreign", reason: "in no record".to_owned() });
    }
}

/// The summary line: `212 objects verified: 1 missing, 2 changed, 1 with other headers; 3 foreign  s3://acme/static/  0.3 s`.
impl fmt::Display for VerifySummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} verified: ", count(self.objects, "object", "objects"))?;
        let found = [
            (self.missing, "missing"),
            (self.changed, "changed"),
            (self.headers_changed, "with other headers"),
        ];
        let found: Vec<String> = found
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        match found.as_slice() {
            [] => formatter.write_str("all as recorded")?,
            found => formatter.write_str(&found.join(", "))?,
        }
        if self.foreign > 0 {
            write!(formatter, "; {} foreign", self.foreign)?;
        }
        let place = place(self.bucket.as_deref(), self.location.as_deref());
        write!(formatter, "  {place}  {:.1} s", self.elapsed_seconds)
    }
}
