//! Which objects of a location no record names.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use crate::error::Problem;
use crate::ledger::{Ledger, LedgerError};
use crate::release::ReleaseId;
use crate::store::{Store, StoreError};

use super::VerifySummary;

/// Records that are fetched at once: a large one takes tens of megabytes.
const RECORDS_AT_ONCE: usize = 4;

/// Of the names that the live release does not have, those that no other record has either. Nothing is asked where
/// there are none.
///
/// # Errors
/// The store refuses. A record that cannot be read is a warning.
pub(super) async fn foreign<S: Store>(
    ledger: &Ledger<S>,
    live: &ReleaseId,
    mut names: BTreeSet<String>,
    summary: &mut VerifySummary,
) -> Result<BTreeSet<String>, StoreError> {
    if names.is_empty() {
        return Ok(names);
    }
    for app in ledger.apps().await? {
        let other = ledger.of(app);
        let is_own = other.app() == ledger.app();
        let records = other.records().await?;
        let ids = records.into_iter().map(|record| record.id).filter(|id| !(is_own && id == live));
        let records = stream::iter(ids).map(|id| {
            let other = &other;
            async move { other.record(&id).await }
        });
        let mut records = std::pin::pin!(records.buffered(RECORDS_AT_ONCE));
        while let Some(record) = records.next().await {
            match record {
                Ok(Some(record)) => names.retain(|name| !record.objects.contains_key(name)),
                Ok(None) => {}
                Err(LedgerError::Store(error)) => return Err(error),
                Err(error) => {
                    let problem = Problem::of(&error);
                    summary.warnings.push(problem.with_note("what it names counts as recorded by nobody"));
                }
            }
            if names.is_empty() {
                return Ok(names);
            }
        }
    }
    Ok(names)
}
