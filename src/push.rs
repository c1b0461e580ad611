//! The verb `push`: composes the rooms from the settings to the summary.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::apply::{self, Applied, ApplyOptions, Budget};
use crate::compare::{self, CompareOptions, Listing};
use crate::deploy::{Sweeps, headers_alone, keep_locally, manifest_summary, settle, tell};
use crate::error::Problem;
use crate::invalidation::{self, Watched};
use crate::name::ObjectKey;
use crate::plan::{Asset, Plan};
use crate::prepare::Prepared;
use crate::release::RecordedObject;
use crate::report::{Reporter, Summary};
use crate::settings::Settings;
use crate::store::retry::Retrying;
use crate::store::{Limit, Store};

#[cfg(test)]
mod manifest_tests;
mod recorded;
#[cfg(test)]
mod release_tests;
#[cfg(test)]
mod tests;

/// What a push is asked for besides its settings.
#[derive(Debug, Clone, Default)]
pub struct PushOptions {
    /// Make the plan and tell it, change nothing.
    pub dry_run: bool,
    /// Compare headers too, by a HEAD for each key.
    pub check_headers: bool,
    /// Who pushes, as others who wait for it are told; it stands in the bucket for a while, which may be public.
    pub by: String,
}

/// One push: what it goes by, and where.
struct Run<'a, S> {
    settings: &'a Settings,
    options: &'a PushOptions,
    store: Arc<Retrying<S>>,
    limit: Arc<Limit>,
    reporter: Arc<dyn Reporter>,
    cancel: CancellationToken,
    sweeps: Sweeps,
}

/// What is known before the bucket is looked at, by key.
#[derive(Default)]
struct Known {
    /// What the last release recorded.
    memory: HashMap<String, Arc<RecordedObject>>,
    /// The MD5s of sources that may still be what was recorded.
    sources: HashMap<String, String>,
}

/// A plan, and when the listing that it goes by was made, by the service's clock.
struct Planned {
    plan: Plan,
    listed_at: Option<SystemTime>,
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
    let attempts = settings.connection.client.attempts;
    let (store, limit) = Retrying::limited(store, attempts, settings.transfer.concurrency);
    let sweeps = Sweeps::default();
    let run = Run { settings, options: &options, store: Arc::new(store), limit, reporter, cancel, sweeps };
    let done = match settings.releases.record {
        true => run.recorded(prepared.assets, prepared.manifest.as_ref(), &mut summary).await,
        false => run.unrecorded(prepared.assets, &mut summary).await,
    };
    match done {
        Ok(()) => {
            summary.warnings.extend(headers_alone(settings, &summary));
            // An interrupt that comes once everything is there undoes nothing; the note tells of what is not.
            let live = summary.errors.is_empty() && summary.note.is_none();
            keep_locally(settings, prepared.manifest, &mut summary).await;
            let watched = Watched { reporter: &*run.reporter, cancel: &run.cancel };
            invalidation::after_push(settings, &mut summary, live, watched).await;
        }
        Err(problems) => {
            summary.note = Some("nothing was stored".to_owned());
            summary.errors = problems;
        }
    }
    summary.interrupted |= run.cancel.is_cancelled();
    summary.ok = summary.errors.is_empty() && !summary.interrupted;
    summary.requests.extend(run.store.requests());
    summary.elapsed_seconds = begun.elapsed().as_secs_f64();
    summary
}

impl<S: Store + 'static> Run<'_, S> {
    /// Pushes without regard to releases.
    ///
    /// # Errors
    /// Everything that kept it from storing anything.
    async fn unrecorded(&self, assets: Vec<Asset>, summary: &mut Summary) -> Result<(), Vec<Problem>> {
        let listing = self.list(&assets, summary).await?;
        let Planned { plan, .. } = self.plan(assets, listing, Known::default()).await?;
        if self.options.dry_run {
            tell(&plan, summary);
            return Ok(());
        }
        let plan = Arc::new(plan);
        let (store, reporter) = (Arc::clone(&self.store), Arc::clone(&self.reporter));
        let how = self.apply_options();
        let applied: Applied =
            apply::apply(Arc::clone(&plan), store, how, reporter, self.cancel.clone()).await;
        settle(Arc::unwrap_or_clone(plan), applied, summary);
        Ok(())
    }

    /// Lists what the bucket has of the assets.
    async fn list(&self, assets: &[Asset], summary: &mut Summary) -> Result<Listing, Vec<Problem>> {
        let keys: Vec<ObjectKey> = assets.iter().map(|asset| asset.key.clone()).collect();
        let listing = tokio::select! {
            listing = compare::list(&*self.store, &self.settings.location, &keys) => {
                listing.map_err(|error| vec![Problem::of(&error)])?
            }
            () = self.cancel.cancelled() => return Err(Vec::new()),
        };
        if listing.given_up {
            let message = "the location holds far more objects than the sources; asking for each key instead of listing";
            let hint = "a `location` of its own is listed much faster";
            summary.warn(Problem::new(message).with_hint(hint));
        }
        Ok(listing)
    }

    /// Compares with what is remembered, by key, and with what was listed.
    async fn plan(
        &self,
        assets: Vec<Asset>,
        listing: Listing,
        known: Known,
    ) -> Result<Planned, Vec<Problem>> {
        let how = CompareOptions {
            limit: Arc::clone(&self.limit),
            check_headers: self.options.check_headers,
            describe_all: self.options.dry_run,
            in_flight_bytes: self.settings.transfer.in_flight_bytes,
            recording: self.settings.releases.record,
            memory: Arc::new(known.memory),
            sources: Arc::new(known.sources),
            chunking: self.settings.transfer.chunking,
        };
        let listed_at = listing.date;
        let plan =
            compare::compare(assets, listing, &*self.store, how, &*self.reporter, &self.cancel).await?;
        Ok(Planned { plan, listed_at })
    }

    fn apply_options(&self) -> ApplyOptions {
        let transfer = &self.settings.transfer;
        ApplyOptions {
            limit: Arc::clone(&self.limit),
            budget: Budget::new(transfer.in_flight_bytes),
            checksum: transfer.checksum,
            chunking: transfer.chunking,
            conditional: self.settings.releases.record,
        }
    }
}
