//! Counts requests by operation, for every store.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Operation;

/// How many requests were sent.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<&'static str, u64>>);

impl Counts {
    /// One more.
    pub(super) fn add(&self, operation: Operation) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(operation.as_str()).or_default() += 1;
    }

    /// All so far.
    pub(super) fn all(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
