//! What the bucket has under the location, as far as a plan is concerned.

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use crate::name::{Location, ObjectKey};
use crate::store::{ListedObject, Store, StoreError};

/// A listing: what it shows of the planned keys.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Objects under planned keys.
    pub objects: BTreeMap<String, ListedObject>,
    /// How many others there are under the location.
    pub foreign: u64,
    /// Whether the listing was given up because the location holds far more than the plan; then nothing above
    /// counts, and each key is to be asked for by a HEAD.
    pub given_up: bool,
    /// When its first page was made, by the service's clock.
    pub date: Option<SystemTime>,
}

/// A location with far more objects than the plan is listed up to this many pages, then given up.
pub(crate) fn page_limit(planned: usize) -> usize {
    (planned * 4 / 1000).max(20)
}

/// Lists the location page by page, keeping what is planned.
///
/// # Errors
/// The first refusal of the store.
pub async fn list<S: Store>(
    store: &S,
    location: &Location,
    planned: &[ObjectKey],
) -> Result<Listing, StoreError> {
    let planned_keys: HashSet<&str> = planned.iter().map(ObjectKey::as_str).collect();
    let prefix = location.prefix();
    let mut listing = Listing::default();
    let mut continuation = None;
    for _ in 0..page_limit(planned.len()) {
        let page = store.list(&prefix, continuation.as_deref()).await?;
        listing.date = listing.date.or(page.date);
        for object in page.objects {
            if planned_keys.contains(object.key.as_str()) {
                listing.objects.insert(object.key.clone(), object);
            } else {
                listing.foreign += 1;
            }
        }
        continuation = page.continuation;
        if continuation.is_none() {
            return Ok(listing);
        }
    }
    Ok(Listing { given_up: true, date: listing.date, ..Listing::default() })
}
