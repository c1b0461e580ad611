//! Deletes what was found, under a claim: looks once more who is at work and what is there, then deletes batch by batch.

use std::collections::HashSet;
use std::mem;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::Problem;
use crate::ledger::{Ledger, SeenPointer};
use crate::name::ObjectKey;
use crate::report::Event;
use crate::retention::Victim;
use crate::store::retry::Retrying;
use crate::store::{Store, delete_all};

use super::find::{Found, refused};
use super::{GcSummary, Run};

/// Objects that go by one request.
const AT_ONCE: usize = 1000;

/// How far a sweep came.
#[derive(Debug, Default)]
pub(super) struct Swept {
    /// Whether anything was deleted, or may have been.
    pub(super) touched: bool,
    /// Whether somebody published since all was read, so that it is to be read again; nothing was deleted then.
    pub(super) stale: bool,
    /// What went wrong besides single objects.
    pub(super) errors: Vec<Problem>,
}

/// Until when deleting may go on, and whether it may at all.
pub(super) struct Permit {
    pub(super) until: watch::Receiver<Instant>,
    pub(super) stop: CancellationToken,
}

impl Permit {
    /// Waits for the right to send a request; whether it is there.
    async fn turn(&mut self) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            shown = self.until.wait_for(|until| *until > Instant::now()) => shown.is_ok(),
        }
    }
}

impl<S: Store + 'static> Run<'_, S> {
    /// Deletes what is still as it was found, unless somebody else has been at work since.
    pub(super) async fn sweep(
        &self,
        ledger: &Ledger<Retrying<S>>,
        found: &mut Found,
        mut permit: Permit,
        summary: &mut GcSummary,
    ) -> Swept {
        match self.is_fresh(ledger, found, summary).await {
            Ok(true) => {}
            Ok(false) => return Swept { stale: true, ..Swept::default() },
            Err(errors) => return Swept { errors, ..Swept::default() },
        }
        let mut swept = Swept::default();
        summary.tell(&found.plan);
        let (files, bytes) = (found.plan.victims.len() as u64, found.plan.bytes());
        self.reporter.event(&Event::Stage { label: "deleting", files, bytes });
        let mut stayed = HashSet::new();
        for victims in found.plan.victims.chunks(AT_ONCE) {
            if !permit.turn().await {
                break;
            }
            swept.touched = true;
            if !self.delete(victims, &mut stayed, &mut swept, summary).await {
                break;
            }
        }
        self.reporter.event(&Event::StageEnd);
        if summary.not_tried == 0 && permit.turn().await {
            self.forget(ledger, found, &stayed, &mut swept, summary).await;
        }
        swept
    }

    /// Whether what was read still holds: nobody is at work, and nobody published since. Takes out victims that changed.
    async fn is_fresh(
        &self,
        ledger: &Ledger<Retrying<S>>,
        found: &mut Found,
        summary: &mut GcSummary,
    ) -> Result<bool, Vec<Problem>> {
        let others = ledger.others().await.map_err(refused)?;
        for (app, seen) in &others {
            self.check_others(app, seen, summary)?;
        }
        let published = |seen: &SeenPointer| seen.pointer.published.clone();
        let same = others.len() == found.others.len()
            && others.iter().all(|(app, seen)| found.others.get(app).map(published) == Some(published(seen)));
        if !same {
            return Ok(false);
        }
        let victims: HashSet<String> = found.plan.victims.iter().map(|victim| victim.name.clone()).collect();
        let listed = self.list(ledger, |name| victims.contains(name)).await?;
        found.plan.recheck(&listed.objects);
        Ok(true)
    }

    /// Deletes one batch; whether the next may follow.
    async fn delete<'a>(
        &self,
        victims: &'a [Victim],
        stayed: &mut HashSet<&'a str>,
        swept: &mut Swept,
        summary: &mut GcSummary,
    ) -> bool {
        let keys: Result<Vec<ObjectKey>, _> =
            victims.iter().map(|victim| ObjectKey::new(victim.object.key.clone())).collect();
        let keys = match keys {
            Ok(keys) => keys,
            Err(error) => {
                swept.errors.push(Problem::of(&error));
                return false;
            }
        };
        summary.not_tried -= victims.len() as u64;
        let failed = match delete_all(&*self.store, &keys).await {
            Ok(failed) => failed,
            Err(error) => {
                summary.failed += victims.len() as u64;
                stayed.extend(victims.iter().map(|victim| victim.name.as_str()));
                swept.errors.extend(refused(error));
                return false;
            }
        };
        let refused: HashSet<&str> = failed.iter().map(|error| error.target.key.as_str()).collect();
        for victim in victims {
            let stays = refused.contains(victim.object.key.as_str());
            if stays {
                stayed.insert(&victim.name);
                summary.failed += 1;
            } else {
                summary.gone(victim);
                summary.deleted += 1;
                summary.bytes_deleted += victim.object.size;
            }
            let (action, reason) = if stays { ("failed", "refused") } else { ("delete", "not needed") };
            self.reporter.event(&Event::Outcome { name: &victim.name, action, reason });
        }
        let bytes = victims.iter().map(|victim| victim.object.size).sum();
        self.reporter.event(&Event::Progress { files: victims.len() as u64, bytes });
        swept.errors.extend(failed.iter().map(Problem::of));
        true
    }

    /// Deletes records that tell nothing any more.
    async fn forget(
        &self,
        ledger: &Ledger<Retrying<S>>,
        found: &Found,
        stayed: &HashSet<&str>,
        swept: &mut Swept,
        summary: &mut GcSummary,
    ) {
        let records = found.plan.unneeded_records(stayed);
        let keys: Vec<ObjectKey> =
            records.map(|record| ledger.of(record.app.clone()).record_key(&record.id)).collect();
        match delete_all(&*self.store, &keys).await {
            Ok(failed) => {
                summary.records_deleted = (keys.len() - failed.len()) as u64;
                swept.errors.extend(failed.iter().map(Problem::of));
            }
            Err(error) => swept.errors.extend(refused(error)),
        }
    }
}

impl GcSummary {
    /// Takes back what a sweep told that is done anew.
    pub(super) fn forget(&mut self) {
        mem::take(&mut self.steps);
        self.not_tried = 0;
    }
}
