//! What the other apps of a location are at.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Exit, Problem};
use crate::name::AppName;
use crate::release::Claim;
use crate::store::{Store, StoreError};

use super::{Ledger, SeenPointer};

/// Who has a claim on an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtWork<'a> {
    /// Nobody.
    Nobody,
    /// Somebody who gave a sign of life not long ago, or where the service tells no times, so that nobody knows.
    Live(&'a Claim),
    /// Somebody who gave none for too long.
    Dead(&'a Claim),
}

impl SeenPointer {
    /// Who is at work, when a claim without a sign of life counts for dead after `timeout`.
    #[must_use]
    pub fn at_work(&self, timeout: Duration) -> AtWork<'_> {
        let Some(claim) = &self.pointer.claim else { return AtWork::Nobody };
        match (self.date, self.modified) {
            (Some(date), Some(modified)) if date.duration_since(modified).unwrap_or_default() >= timeout => {
                AtWork::Dead(claim)
            }
            _ => AtWork::Live(claim),
        }
    }
}

impl<S: Store> Ledger<S> {
    /// What is said where the app has no releases; the others that have may have been meant.
    pub fn stranger<'a>(&self, others: impl IntoIterator<Item = &'a AppName>) -> Problem {
        // An app that was claimed once and never published is listed, and is no other.
        let others = others.into_iter().filter(|other| *other != self.app());
        let others: Vec<String> = others.map(|other| format!("`{other}`")).collect();
        let problem = Problem::new(format!("app `{}` has no releases here", self.app()));
        match others.as_slice() {
            [] => problem.with_hint("run `s3collect push`; it records a release"),
            others => problem
                .with_hint(format!("name one that has, `--app NAME`: {}", others.join(", ")))
                .with_exit(Exit::Usage),
        }
    }

    /// The pointers of all apps but this one.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn others(&self) -> Result<BTreeMap<AppName, SeenPointer>, StoreError> {
        let mut pointers = BTreeMap::new();
        for app in self.apps().await? {
            if app != *self.app() {
                let seen = self.of(app.clone()).pointer().await?;
                pointers.insert(app, seen);
            }
        }
        Ok(pointers)
    }
}
