//! What a `gc` of another app may do to a plan: it deletes what nobody had named yet when it looked. Only reads pointers.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::ledger::{AtWork, Free, SeenPointer, wait_for_others};
use crate::name::AppName;
use crate::release::{Claim, ClaimKind, ReleaseId};
use crate::store::{Store, StoreError};

use super::Deploy;

/// The last `gc` of each other app that a run knows to be over, or dead. What it deleted, the listings that are made from
/// then on lack; nobody has to list again because of it.
#[derive(Debug, Default)]
pub(crate) struct Sweeps(Mutex<BTreeMap<AppName, ReleaseId>>);

impl Sweeps {
    /// Takes note of one; whether it was unknown.
    fn note(&self, app: &AppName, id: &ReleaseId) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(app.clone(), id.clone()).as_ref() != Some(id)
    }
}

/// Whether anybody sweeps at the same time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sweepers {
    /// Nobody.
    None,
    /// Somebody did since the listing.
    Done,
    /// Somebody does, for this app.
    Live(AppName),
}

impl<S: Store + 'static> Deploy<'_, S> {
    /// Whether a `gc` of another app may have deleted, or may delete, what is in the bucket by the plan.
    pub(super) async fn sweepers(&self) -> Result<Sweepers, StoreError> {
        let mut found = Sweepers::None;
        for (app, seen) in self.ledger.others().await? {
            match self.sweeper(&app, &seen) {
                Sweepers::None => {}
                Sweepers::Done => found = Sweepers::Done,
                live @ Sweepers::Live(_) => return Ok(live),
            }
        }
        Ok(found)
    }

    /// Waits until a `gc` that is at work for another app is through or counts for dead.
    pub(super) async fn wait_for(&self, app: &AppName) -> Result<(), StoreError> {
        let ledger = self.ledger.of(app.clone());
        let free = wait_for_others(&ledger, self.patience, self.reporter, self.cancel).await?;
        if let Some(Free { left: Some(left), .. }) = free {
            self.sweeps.note(app, &left.claim.id);
        }
        Ok(())
    }

    fn sweeper(&self, app: &AppName, seen: &SeenPointer) -> Sweepers {
        match seen.at_work(self.patience) {
            AtWork::Dead(claim) if claim.kind == ClaimKind::Gc => {
                // It may have died after the listing, and swept until then.
                return if self.sweeps.note(app, &claim.id) { Sweepers::Done } else { Sweepers::None };
            }
            AtWork::Live(claim) if claim.kind == ClaimKind::Gc && self.is_about(claim) => {
                return Sweepers::Live(app.clone());
            }
            _ => {}
        }
        let Some(swept) = &seen.pointer.swept else { return Sweepers::None };
        // Without the times it may have been since.
        let since = |listed| seen.modified.is_none_or(|changed| changed >= listed);
        let since = self.listed_at.is_none_or(since);
        if self.sweeps.note(app, swept) && since { Sweepers::Done } else { Sweepers::None }
    }

    /// Whether a `gc` is about to delete what the plan leaves, stored before the claim, or is to replace.
    fn is_about(&self, claim: &Claim) -> bool {
        let victims: HashSet<&str> = claim.victims.iter().map(String::as_str).collect();
        self.plan.steps.iter().any(|step| victims.contains(step.asset.stored_name.as_str()))
    }
}
