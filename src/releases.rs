//! The verb `releases`: lists what was recorded, the last release first. Only reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::error::{Exit, Problem};
use crate::ledger::{AtWork, Ledger, LedgerError, ListedRecord, SeenPointer, Who};
use crate::release::{ClaimKind, Record, ReleaseId};
use crate::settings::Settings;
use crate::store::Store;
use crate::store::retry::Retrying;

/// Records that are fetched at once: a large one takes tens of megabytes.
const RECORDS_AT_ONCE: usize = 4;
/// Releases that are listed where nobody says how many.
pub const SHOWN: usize = 20;

/// What is recorded of an app.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Releases {
    /// Always `releases`.
    pub verb: &'static str,
    /// Whether everything could be read.
    pub ok: bool,
    /// Whether an interrupt ended the run early.
    pub interrupted: bool,
    /// The bucket, once settings told it.
    pub bucket: Option<String>,
    /// The key prefix, once settings told it; empty for the root of the bucket.
    pub location: Option<String>,
    /// Whose releases they are.
    pub app: Option<String>,
    /// How many are recorded.
    pub recorded: u64,
    /// The last ones, the very last first.
    pub releases: Vec<ReleaseLine>,
    /// Who is changing what names mean.
    pub claim: Option<ClaimLine>,
    /// How many requests were sent, by S3's operation names, retries included.
    pub requests: BTreeMap<&'static str, u64>,
    /// From the first request to the last answer.
    pub elapsed_seconds: f64,
    /// What deserves a look.
    pub warnings: Vec<Problem>,
    /// What went wrong.
    pub errors: Vec<Problem>,
}

/// One release.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseLine {
    /// What it is called.
    pub id: ReleaseId,
    /// `published`, `superseded`, or `unpublished` for one that was recorded and did not get so far.
    pub state: &'static str,
    /// When its record was written, RFC 3339; `None` where the service tells no times.
    pub recorded: Option<String>,
    /// Where it stands among the releases of its app, where somebody said so.
    pub order: Option<u64>,
    /// The release that a rollback put back by this one.
    pub restores: Option<ReleaseId>,
    /// How many objects it has, the manifest included; `None` where its record cannot be read.
    pub objects: Option<u64>,
    /// Bytes of these, as stored.
    pub bytes: Option<u64>,
    /// How many names its manifest has; `None` without one.
    pub manifest_entries: Option<u64>,
}

/// A claim that stands.
#[derive(Debug, Clone, Serialize)]
pub struct ClaimLine {
    /// What is being made.
    pub id: ReleaseId,
    /// For what.
    pub kind: ClaimKind,
    /// Who, in words.
    pub by: String,
    /// All of that in one.
    #[serde(skip)]
    pub who: String,
    /// The last sign of life, RFC 3339.
    pub seen: Option<String>,
    /// Whether that is not too long ago.
    pub alive: bool,
}

impl Releases {
    /// A run that could not begin.
    #[must_use]
    pub fn refused(settings: Option<&Settings>, errors: Vec<Problem>) -> Self {
        Self { verb: "releases", errors, ..settings.map(Self::of).unwrap_or_default() }
    }

    fn of(settings: &Settings) -> Self {
        Self {
            verb: "releases",
            bucket: Some(settings.connection.bucket.clone()),
            location: Some(settings.location.to_string()),
            app: Some(settings.releases.app.to_string()),
            ..Self::default()
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
}

/// Lists the last `shown` releases of an app in a store, whatever it is.
pub async fn releases<S: Store + 'static>(
    settings: &Settings,
    shown: usize,
    store: S,
    cancel: CancellationToken,
) -> Releases {
    let begun = Instant::now();
    let mut releases = Releases::of(settings);
    let store = Arc::new(Retrying::with_attempts(store, settings.connection.client.attempts, |_| ()));
    tokio::select! {
        done = read(settings, shown, &store, &mut releases) => releases.errors.extend(done.err()),
        () = cancel.cancelled() => releases.interrupted = true,
    }
    releases.ok = releases.errors.is_empty() && !releases.interrupted;
    releases.requests = store.requests();
    releases.elapsed_seconds = begun.elapsed().as_secs_f64();
    releases
}

async fn read<S: Store>(
    settings: &Settings,
    shown: usize,
    store: &Arc<S>,
    releases: &mut Releases,
) -> Result<(), Problem> {
    let ledger = Ledger::new(settings, Arc::clone(store)).map_err(|error| Problem::of(&error))?;
    let seen = ledger.pointer().await.map_err(|error| Problem::of(&error))?;
    let listed = ledger.records().await.map_err(|error| Problem::of(&error))?;
    if listed.is_empty() && seen.pointer.claim.is_none() {
        let apps = ledger.apps().await.map_err(|error| Problem::of(&error))?;
        if seen.etag.is_none() && !apps.is_empty() {
            return Err(ledger.stranger(&apps));
        }
    }
    releases.recorded = listed.len() as u64;
    releases.claim = claim(&seen, settings.releases.claim_timeout);
    releases.warnings.extend(seen.damage.clone());
    let published = seen.pointer.published.as_ref().map(|live| &live.id);
    if let Some(published) = published.filter(|id| listed.iter().all(|record| record.id != **id)) {
        let problem = Problem::new(format!("the record of release `{published}`, which is live, is gone"));
        releases.warnings.push(problem.with_hint("push again; that writes a new one"));
    }
    let ledger = &ledger;
    let records = stream::iter(listed.into_iter().take(shown))
        .map(|listed| async move { (ledger.record(&listed.id).await, listed) });
    let mut records = std::pin::pin!(records.buffered(RECORDS_AT_ONCE));
    while let Some((record, listed)) = records.next().await {
        let record = match record {
            Ok(record) => record,
            Err(LedgerError::Store(error)) => return Err(Problem::of(&error)),
            Err(error) => {
                releases.warnings.push(Problem::of(&error));
                None
            }
        };
        let state = seen.pointer.state(&listed.id);
        releases.releases.push(line(listed, state, record.as_ref()));
    }
    Ok(())
}

fn line(listed: ListedRecord, state: &'static str, record: Option<&Record>) -> ReleaseLine {
    let manifest = record.and_then(|record| record.manifest.as_ref());
    let manifest =
        manifest.and_then(|manifest| crate::manifest::Manifest::parse(manifest.document.as_bytes()).ok());
    ReleaseLine {
        id: listed.id,
        state,
        recorded: listed.written.map(instant),
        order: record.and_then(|record| record.order),
        restores: record.and_then(|record| record.restores.clone()),
        objects: record.map(|record| record.objects.len() as u64),
        bytes: record.map(|record| record.objects.values().map(|object| object.size).sum()),
        manifest_entries: manifest.map(|manifest| manifest.paths().len() as u64),
    }
}

fn claim(seen: &SeenPointer, timeout: Duration) -> Option<ClaimLine> {
    let claim = seen.pointer.claim.as_ref()?;
    Some(ClaimLine {
        id: claim.id.clone(),
        kind: claim.kind,
        by: claim.by.clone(),
        who: Who(claim).to_string(),
        seen: seen.modified.map(instant),
        alive: matches!(seen.at_work(timeout), AtWork::Live(_)),
    })
}

fn instant(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
