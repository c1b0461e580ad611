//! The verb `verify`: holds the bucket against the record of the release that is live. Only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use md5::{Digest as _, Md5};
use tokio_util::sync::CancellationToken;

use crate::digest::hex;
use crate::error::Problem;
use crate::ledger::{AtWork, Ledger, LedgerError, SeenPointer, Who};
use crate::name::{AssetName, ObjectKey};
use crate::parameters::ObjectParameters;
use crate::release::{Record, RecordedObject, ReleaseId};
use crate::report::{Event, Reporter};
use crate::settings::Settings;
use crate::store::retry::Retrying;
use crate::store::{GetAnswer, GetRequest, Limit, Store, StoreError};

mod foreign;
mod judge;
mod summary;
#[cfg(test)]
mod tests;

pub use judge::Difference;
pub use summary::{VerifyStep, VerifySummary};

use judge::{Seen, Verdict, judge};

/// How many keys are asked about at once: enough to hide the way to a far server.
const KEYS_AT_ONCE: usize = 64;

/// What a verification is asked for besides its settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions {
    /// Read every body.
    pub deep: bool,
    /// Objects that no record names are differences, too.
    pub strict: bool,
}

/// One run: what it goes by, and where.
struct Run<'a, S> {
    settings: &'a Settings,
    options: VerifyOptions,
    store: Arc<Retrying<S>>,
    limit: Arc<Limit>,
    reporter: &'a dyn Reporter,
    cancel: CancellationToken,
}

/// What the location has.
#[derive(Default)]
struct Listing {
    /// Names of the release that are there.
    recorded: BTreeSet<String>,
    /// Names of the others, sorted.
    others: BTreeSet<String>,
    /// Whether the listing was given up because there is far more than the release.
    given_up: bool,
}

/// Compares what the last release of an app recorded with what a store has, whatever it is.
pub async fn verify<S: Store + 'static>(
    settings: &Settings,
    options: VerifyOptions,
    store: S,
    reporter: &dyn Reporter,
    cancel: CancellationToken,
) -> VerifySummary {
    let begun = Instant::now();
    let mut summary = VerifySummary::of(settings, options);
    let attempts = settings.connection.client.attempts;
    let (store, limit) = Retrying::limited(store, attempts, settings.transfer.concurrency);
    let run = Run { settings, options, store: Arc::new(store), limit, reporter, cancel };
    let done = run.run(&mut summary).await;
    summary.errors.extend(done.err().unwrap_or_default());
    summary.interrupted = run.cancel.is_cancelled() && summary.errors.is_empty();
    summary.ok = summary.errors.is_empty() && !summary.interrupted && summary.differences() == 0;
    summary.requests = run.store.requests();
    summary.elapsed_seconds = begun.elapsed().as_secs_f64();
    summary
}

impl<S: Store + 'static> Run<'_, S> {
    /// Reads everything and compares.
    ///
    /// # Errors
    /// What kept it from comparing; nothing at all where it was interrupted.
    async fn run(&self, summary: &mut VerifySummary) -> Result<(), Vec<Problem>> {
        let ledger = Ledger::new(self.settings, Arc::clone(&self.store));
        let ledger = ledger.map_err(|error| vec![Problem::of(&error)])?;
        tokio::select! {
            done = self.compare(&ledger, summary) => done,
            () = self.cancel.cancelled() => Err(Vec::new()),
        }
    }

    async fn compare(
        &self,
        ledger: &Ledger<Retrying<S>>,
        summary: &mut VerifySummary,
    ) -> Result<(), Vec<Problem>> {
        let seen = ledger.pointer().await.map_err(refused)?;
        let record = self.record(ledger, &seen).await?;
        summary.release = Some(record.id.clone());
        summary.warnings.extend(self.at_work(&seen));
        let listing = self.list(ledger, &record).await.map_err(refused)?;
        summary.warnings.extend(listing.given_up.then(|| self.gave_up()));
        self.check(&record, &listing, summary).await?;
        let foreign = foreign::foreign(ledger, &record.id, listing.others, summary).await.map_err(refused)?;
        for name in foreign {
            let key = format!("{}{name}", self.settings.location.prefix());
            summary.foreign(name, key);
        }
        summary.steps.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(())
    }

    /// The record of the release that is live.
    async fn record(&self, ledger: &Ledger<Retrying<S>>, seen: &SeenPointer) -> Result<Record, Vec<Problem>> {
        if let Some(damage) = &seen.damage {
            return Err(vec![damage.clone().with_hint("push again; that writes a new one")]);
        }
        let Some(live) = &seen.pointer.published else {
            let apps = ledger.apps().await.map_err(refused)?;
            return Err(vec![ledger.stranger(&apps)]);
        };
        match ledger.record(&live.id).await {
            Ok(Some(record)) => Ok(record),
            Ok(None) => Err(vec![gone(ledger, &live.id)]),
            Err(LedgerError::Store(error)) => Err(refused(error)),
            Err(error) => Err(vec![Problem::of(&error).with_hint("push again; that writes a new one")]),
        }
    }

    /// Whoever changes what names mean while they are looked at.
    fn at_work(&self, seen: &SeenPointer) -> Option<Problem> {
        let AtWork::Live(claim) = seen.at_work(self.settings.releases.claim_timeout) else { return None };
        let problem = Problem::new(format!("{} is at work", Who(claim)));
        Some(problem.with_note("what it changes meanwhile shows as a difference"))
    }

    fn gave_up(&self) -> Problem {
        let location = self.settings.location.prefix();
        Problem::new(format!(
            "`{location}` has far more objects than the release: each of its keys was asked for"
        ))
        .with_note("what no record names was not looked for")
        .with_hint("pass `--strict` to have everything listed")
    }

    /// Lists the location; one that has far more than the release only where every object counts.
    async fn list(&self, ledger: &Ledger<Retrying<S>>, record: &Record) -> Result<Listing, StoreError> {
        let most = crate::compare::page_limit(record.objects.len());
        let prefix = self.settings.location.prefix();
        let mut listing = Listing::default();
        let mut continuation = None;
        for number in 0.. {
            if number == most && !self.options.strict {
                return Ok(Listing { given_up: true, ..Listing::default() });
            }
            let page = self.store.list(&prefix, continuation.as_deref()).await?;
            for object in page.objects {
                let Some(name) = object.key.strip_prefix(&prefix) else { continue };
                if record.objects.contains_key(name) {
                    listing.recorded.insert(name.to_owned());
                } else if !ledger.holds(&object.key) {
                    listing.others.insert(name.to_owned());
                }
            }
            continuation = page.continuation;
            if continuation.is_none() {
                break;
            }
        }
        Ok(listing)
    }

    /// Looks at every object of the release.
    async fn check(
        &self,
        record: &Record,
        listing: &Listing,
        summary: &mut VerifySummary,
    ) -> Result<(), Vec<Problem>> {
        let (files, bytes) = match self.options.deep {
            true => (record.objects.len(), record.objects.values().map(|object| object.size).sum()),
            false => (record.objects.len(), 0),
        };
        self.reporter.event(&Event::Stage { label: "verifying", files: files as u64, bytes });
        let known = self.known();
        let mut looks = stream::iter(&record.objects)
            .map(|(name, object)| {
                let is_there = listing.given_up || listing.recorded.contains(name);
                let look = self.look(name, object, is_there, &known);
                async move { (name, look.await) }
            })
            .buffer_unordered(KEYS_AT_ONCE);
        let mut errors = BTreeMap::new();
        while let Some((name, looked)) = looks.next().await {
            match looked {
                Ok((key, verdict)) => summary.count(name, key, verdict),
                Err(problem) => {
                    _ = errors.insert(name.clone(), Problem { name: Some(name.clone()), ..problem })
                }
            }
        }
        self.reporter.event(&Event::StageEnd);
        if errors.is_empty() { Ok(()) } else { Err(errors.into_values().collect()) }
    }

    /// Asks for one object what it takes to judge it.
    async fn look(
        &self,
        name: &str,
        recorded: &RecordedObject,
        is_there: bool,
        known: &[&ObjectParameters],
    ) -> Result<(ObjectKey, Verdict), Problem> {
        // Whoever wrote the record, it leads nowhere but below the location.
        let key = AssetName::new(name).and_then(|name| self.settings.location.key(&name));
        let key = key.map_err(|error| Problem::of(&error))?;
        let mut seen = Seen { deep: self.options.deep, ..Seen::default() };
        if is_there {
            let _slot = self.limit.slot().await;
            seen.head = self.store.head(&key).await.map_err(|error| Problem::of(&error))?;
        }
        if seen.needs_body(recorded) {
            seen.body = self.md5(&key).await.map_err(|error| Problem::of(&error))?;
        }
        self.reporter.event(&Event::Progress { files: 1, bytes: 0 });
        Ok((key, judge(recorded, &seen, known)))
    }

    /// The MD5 of a body as stored; `None` where it is gone meanwhile.
    async fn md5(&self, key: &ObjectKey) -> Result<Option<String>, StoreError> {
        let _slot = self.limit.slot().await;
        let GetAnswer::Object(mut download) = self.store.get(&GetRequest::whole(key.clone())).await? else {
            return Ok(None);
        };
        let mut digest = Md5::new();
        while let Some(piece) = download.pieces.next().await {
            let piece = piece?;
            digest.update(&piece);
            if self.options.deep {
                self.reporter.event(&Event::Progress { files: 0, bytes: piece.len() as u64 });
            }
        }
        Ok(Some(hex(&digest.finalize())))
    }

    /// Values that headers may have by the settings as they are now.
    fn known(&self) -> Vec<&ObjectParameters> {
        let objects = &self.settings.objects;
        [&objects.parameters].into_iter().chain(objects.rules.iter().map(|rule| &rule.parameters)).collect()
    }
}

fn refused(error: StoreError) -> Vec<Problem> {
    vec![Problem::of(&error)]
}

fn gone<S: Store>(ledger: &Ledger<S>, id: &ReleaseId) -> Problem {
    Problem::new(format!("the record of release `{id}` of app `{}` is gone", ledger.app()))
        .with_note("what the release should be is not known without it")
        .with_hint("push again; that writes a new one")
}
