//! What a push did, as one value: the summary line and the document of `--json`, whose schema stands in
//! `docs/json.md`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::{Exit, Problem};
use crate::object::Role;
use crate::stale::Change;

/// What a push did, or would do.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Always `push` here.
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
    /// The id of the release that is live now; `None` where none is recorded.
    pub release: Option<String>,
    /// Files that were collected.
    pub assets: u64,
    /// Objects that were stored by this run; with `dry_run`, that would be.
    pub put: u64,
    /// Objects that stayed as they are.
    pub skipped: u64,
    /// Objects that were deleted; a push deletes none.
    pub deleted: u64,
    /// Objects whose put failed.
    pub failed: u64,
    /// Objects that were not tried any more.
    pub not_tried: u64,
    /// Bytes of all files that were collected.
    pub bytes_source: u64,
    /// Bytes of the bodies that were stored; with `dry_run`, that would be.
    pub bytes_put: u64,
    /// How many requests were sent, by S3's operation names, retries included.
    pub requests: BTreeMap<&'static str, u64>,
    /// From the first file looked at to the last answer.
    pub elapsed_seconds: f64,
    /// The manifest; `None` without the manifest backend.
    pub manifest: Option<ManifestSummary>,
    /// What CloudFront was told; `None` where it was told nothing.
    pub invalidation: Option<InvalidationSummary>,
    /// One for each object, sorted by wave, then key.
    pub steps: Vec<StepSummary>,
    /// What deserves a look.
    pub warnings: Vec<Problem>,
    /// What went wrong.
    pub errors: Vec<Problem>,
    /// The state things are in after a failure or an interrupt.
    pub note: Option<String>,
}

/// The manifest of a push.
#[derive(Debug, Clone, Serialize)]
pub struct ManifestSummary {
    /// Its key; `None` where it is kept locally only.
    pub key: Option<String>,
    /// The local file, where there is one.
    pub path: Option<String>,
    /// Django's hash over its paths.
    pub hash: String,
    /// How many names it maps.
    pub entries: u64,
    /// In the document: `published`, whether it is where it is to be read, in the bucket or else in the file.
    #[serde(rename = "published", serialize_with = "is_published")]
    pub state: ManifestState,
}

/// What became of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestState {
    /// It is where it belongs since this run.
    Published,
    /// It was there already.
    Unchanged,
    /// A run that is not dry would publish it.
    Due,
    /// Something failed before, or it did.
    NotPublished,
    /// The run was interrupted while it was on its way.
    Unknown,
}

fn is_published<S: Serializer>(state: &ManifestState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(matches!(state, ManifestState::Published | ManifestState::Unchanged))
}

impl fmt::Display for ManifestState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Published => "manifest published",
            Self::Unchanged => "manifest unchanged",
            Self::Due => "manifest to publish",
            Self::NotPublished => "manifest not published",
            Self::Unknown => "manifest perhaps published",
        })
    }
}

/// One object and what was done about it.
#[derive(Debug, Clone, Serialize)]
pub struct StepSummary {
    /// The asset's name, without a hash.
    pub name: String,
    /// The object's key.
    pub key: String,
    /// `put` or `skip`; a put that failed says so in `errors`.
    pub action: &'static str,
    /// Why.
    pub reason: String,
    /// Bytes before compression.
    pub size: u64,
    /// Bytes as stored, where that is known.
    pub stored_size: Option<u64>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`, that of compression included.
    pub content_encoding: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// As stored, where that is known.
    pub etag: Option<String>,
    /// What it is in a release.
    #[serde(skip)]
    pub role: Role,
    /// What became of it since the last release.
    #[serde(skip)]
    pub change: Change,
}

/// What CloudFront was told of a release.
#[derive(Debug, Clone, Serialize)]
pub struct InvalidationSummary {
    /// The id of the distribution.
    pub distribution: String,
    /// CloudFront's id for it; `None` where it has none.
    pub id: Option<String>,
    /// How far it is.
    pub state: InvalidationState,
    /// What it covers, as CloudFront spells it.
    pub paths: Vec<String>,
}

/// How far an invalidation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidationState {
    /// A run that is not dry would ask for it.
    Due,
    /// CloudFront is at it.
    InProgress,
    /// No cache holds anything of it any more.
    Completed,
    /// CloudFront did not take it.
    Failed,
}

/// `3 paths invalidated on E1ABCDEF2GHIJK (I2J0I21PCUYOIK, in progress)`.
impl fmt::Display for InvalidationSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { distribution, id, state, paths } = self;
        let (verb, state) = match state {
            InvalidationState::Due => ("to invalidate", None),
            InvalidationState::InProgress => ("invalidated", Some("in progress")),
            InvalidationState::Completed => ("invalidated", Some("completed")),
            InvalidationState::Failed => ("not invalidated", None),
        };
        write!(formatter, "{} {verb} on {distribution}", count(paths.len() as u64, "path", "paths"))?;
        match (id, state) {
            (Some(id), Some(state)) => write!(formatter, " ({id}, {state})"),
            _ => Ok(()),
        }
    }
}

impl Summary {
    /// A push of which nothing is known but that it could not begin.
    #[must_use]
    pub fn refused(errors: Vec<Problem>, warnings: Vec<Problem>) -> Self {
        Self { verb: "push", errors, warnings, ..Self::default() }
    }

    /// Adds a warning, unless the very same was given already.
    pub fn warn(&mut self, warning: Problem) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// How the process ends; `differences_fail` is `--exit-code`.
    #[must_use]
    pub fn exit(&self, differences_fail: bool) -> Exit {
        if self.interrupted {
            return Exit::Interrupted;
        }
        if let Some(worst) = self.errors.iter().map(|problem| problem.exit).max() {
            return worst;
        }
        if self.dry_run && differences_fail && self.put > 0 { Exit::Differences } else { Exit::Done }
    }

    /// `s3://bucket/location/`.
    #[must_use]
    pub fn target(&self) -> String {
        place(self.bucket.as_deref(), self.location.as_deref())
    }
}

/// `s3://bucket/location/`.
#[must_use]
pub fn place(bucket: Option<&str>, location: Option<&str>) -> String {
    let bucket = bucket.unwrap_or_default();
    match location {
        None | Some("") => format!("s3://{bucket}/"),
        Some(location) => format!("s3://{bucket}/{location}/"),
    }
}

/// The summary line: `212 assets: 12 put (1.3 MiB), 200 unchanged; manifest published  s3://acme/static/  2.1 s`.
impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let put = if self.dry_run { "to put" } else { "put" };
        write!(formatter, "{}: {} {put}", count(self.assets, "asset", "assets"), self.put)?;
        if self.put > 0 {
            write!(formatter, " ({})", Bytes(self.bytes_put))?;
        }
        write!(formatter, ", {} unchanged", self.skipped)?;
        if self.failed > 0 {
            write!(formatter, ", {} failed", self.failed)?;
        }
        if self.not_tried > 0 {
            write!(formatter, ", {} not tried", self.not_tried)?;
        }
        if let Some(manifest) = &self.manifest {
            write!(formatter, "; {}", manifest.state)?;
        }
        write!(formatter, "  {}  {:.1} s", self.target(), self.elapsed_seconds)
    }
}

/// A number with its noun.
#[must_use]
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A size for people: `1.3 MiB`.
#[derive(Debug, Clone, Copy)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
        if self.0 < 1024 {
            return formatter.write_str(&count(self.0, "byte", "bytes"));
        }
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = 0;
        // Below this, one decimal still rounds to less than 1024.
        while value >= 1023.95 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        write!(formatter, "{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        let shown = |bytes| Bytes(bytes).to_string();
        assert_eq!(shown(0), "0 bytes");
        assert_eq!(shown(1), "1 byte");
        assert_eq!(shown(1023), "1023 bytes");
        assert_eq!(shown(1024), "1.0 KiB");
        assert_eq!(shown(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(shown(u64::MAX), "16384.0 PiB");
    }

    #[test]
    fn the_line_says_what_happened() {
        let summary = Summary {
            bucket: Some("acme-assets".to_owned()),
            location: Some("static".to_owned()),
            assets: 212,
            put: 12,
            skipped: 200,
            bytes_put: 1_363_149,
            elapsed_seconds: 2.1,
            ..Summary::default()
        };
        assert_eq!(
            summary.to_string(),
            "212 assets: 12 put (1.3 MiB), 200 unchanged  s3://acme-assets/static/  2.1 s"
        );
        let failed = Summary { put: 0, failed: 1, not_tried: 11, ..summary };
        assert_eq!(
            failed.to_string(),
            "212 assets: 0 put, 200 unchanged, 1 failed, 11 not tried  s3://acme-assets/static/  2.1 s"
        );
    }
}
