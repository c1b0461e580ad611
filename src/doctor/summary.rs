//! What an examination found, as one value: the summary line and the document of `--json`, whose schema stands in
//! `docs/json.md`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::error::{Exit, Problem};
use crate::report::{count, place};
use crate::settings::Settings;

use super::finding::{Check, Finding, State};

/// Why there are few lines.
pub(super) const UNTIL_THEN: &str = "nothing else was looked at: all of it needs what failed";

/// What an examination found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DoctorSummary {
    /// Always `doctor`.
    pub verb: &'static str,
    /// Whether everything was looked at and nothing failed.
    pub ok: bool,
    /// Whether an interrupt ended the run early.
    pub interrupted: bool,
    /// The bucket, once settings told it.
    pub bucket: Option<String>,
    /// The key prefix, once settings told it; empty for the root of the bucket.
    pub location: Option<String>,
    /// Where the service is, once settings told it.
    pub endpoint: Option<String>,
    /// What requests are signed for.
    pub region: Option<String>,
    /// What was looked at, in the order of [`Check`].
    pub checks: Vec<Finding>,
    /// Why nothing more was looked at, where one of these stands in the way of all others.
    pub note: Option<String>,
    /// Keys of objects that were made for the examination and could not be removed.
    pub left: Vec<String>,
    /// How many requests were sent, by S3's operation names, retries included.
    pub requests: BTreeMap<&'static str, u64>,
    /// From the first request to the last answer.
    pub elapsed_seconds: f64,
}

impl DoctorSummary {
    /// Of an examination that begins.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            verb: "doctor",
            bucket: Some(settings.connection.bucket.clone()),
            location: Some(settings.location.to_string()),
            ..Self::default()
        }
    }

    /// Settings that cannot be used: nothing else can be looked at.
    #[must_use]
    pub fn unsettled(warnings: Vec<Problem>, errors: Vec<Problem>) -> Self {
        let summary = Self { verb: "doctor", note: Some(UNTIL_THEN.to_owned()), ..Self::default() };
        let failed = errors.into_iter().map(|problem| Finding::failed(Check::Settings, problem));
        let checks =
            failed.chain(warnings.into_iter().map(|problem| Finding::warning(Check::Settings, problem)));
        Self { checks: checks.collect(), ..summary }.settled()
    }

    /// A store that cannot be opened, for the settings of the way there.
    #[must_use]
    pub fn unopened(settings: &Settings, problem: Problem) -> Self {
        let checks = vec![Finding::failed(Check::Endpoint, problem)];
        Self { checks, note: Some(UNTIL_THEN.to_owned()), ..Self::of(settings) }.settled()
    }

    /// An interrupt came before anything.
    #[must_use]
    pub fn interrupted(settings: &Settings) -> Self {
        Self { interrupted: true, ..Self::of(settings) }
    }

    /// The same with what follows from the findings.
    pub(super) fn settled(mut self) -> Self {
        self.checks = reconciled(self.checks);
        self.checks.sort_by_key(|finding| finding.check);
        self.ok = !self.interrupted && self.number(State::Failed) == 0;
        self
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match (self.interrupted, self.ok) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::Done,
            (false, false) => Exit::Failed,
        }
    }

    fn number(&self, state: State) -> u64 {
        self.checks.iter().filter(|finding| finding.state == state).count() as u64
    }
}

/// What an unsigned request proved needs no other proof, and one cause is told once.
fn reconciled(mut findings: Vec<Finding>) -> Vec<Finding> {
    let state = |check| {
        findings.iter().find(|finding: &&Finding| finding.check == check).map(|finding| finding.state)
    };
    let told = match (state(Check::PublicAccess), state(Check::Urls)) {
        (Some(State::Unknown), Some(_)) => Check::PublicAccess,
        (Some(State::Failed), Some(State::Failed)) => Check::Urls,
        _ => return findings,
    };
    findings.retain(|finding| finding.check != told);
    findings
}

/// The summary line: `19 checks: 16 ok, 1 failed, 1 warning, 1 unknown  s3://acme/static/  0.3 s`.
impl fmt::Display for DoctorSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", count(self.checks.len() as u64, "check", "checks"))?;
        let states = [State::Ok, State::Failed, State::Warning, State::Unknown];
        let found: Vec<String> = states
            .into_iter()
            .map(|state| (self.number(state), state.name()))
            .filter(|(number, _)| *number > 0)
            .map(|(number, state)| match (number, state) {
                (2.., "warning") => format!("{number} warnings"),
                _ => format!("{number} {state}"),
            })
            .collect();
        formatter.write_str(&found.join(", "))?;
        if self.bucket.is_some() {
            write!(formatter, "  {}", place(self.bucket.as_deref(), self.location.as_deref()))?;
        }
        write!(formatter, "  {:.1} s", self.elapsed_seconds)
    }
}
