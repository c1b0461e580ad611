//! Keeps records and pointers in the bucket: reads them, whoever wrote them, and swaps a pointer so that of two who
//! read the same one only one gets on. What the documents mean is the room `release`'s matter; may touch no other key.

use std::future::ready;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use crate::digest::hex;
use crate::error::Problem;
use crate::name::{AppName, Location, NameError, ObjectKey};
use crate::parameters::{ObjectParameters, Parameter};
use crate::release::{Pointer, Record, ReleaseId};
use crate::settings::Settings;
use crate::store::{
    Body, Condition, Fetch, Fetched, PutAnswer, PutRequest, Store, StoreError, StoreErrorKind, fetch,
    put_proven,
};

mod claim;
mod error;
mod others;
#[cfg(test)]
mod tests;

pub use claim::{Claimed, Free, Lease, LeftClaim, Who, wait_for_others};
pub use error::LedgerError;
pub use others::AtWork;

/// Where records are kept below a location.
pub const HOME: &str = ".s3collect/";
/// What a pointer is served as.
const POINTER_TYPE: &str = "application/json";
/// The most bytes of a pointer: a gc that deletes a hundred thousand names has them in it.
const MOST_POINTER: u64 = 64 * 1024 * 1024;
/// The most bytes of a record, as stored.
const MOST_RECORD: u64 = 256 * 1024 * 1024;

/// What is kept about the releases of one app.
#[derive(Debug)]
pub struct Ledger<S> {
    store: Arc<S>,
    /// What the keys of all apps begin with, a slash at its end.
    home: String,
    app: AppName,
    parameters: ObjectParameters,
}

impl<S> Clone for Ledger<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            home: self.home.clone(),
            app: self.app.clone(),
            parameters: self.parameters.clone(),
        }
    }
}

/// A pointer as it was in the bucket, or that there was none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenPointer {
    /// What it said; nothing where there was none, or where it could not be read.
    pub pointer: Pointer,
    /// Its ETag; `None` where there was no object.
    pub etag: Option<String>,
    /// When it was last written, by the service's clock.
    pub modified: Option<SystemTime>,
    /// When the service showed it, by the same clock.
    pub date: Option<SystemTime>,
    /// Why it could not be read, where it could not.
    pub damage: Option<Problem>,
}

/// What became of a swap.
#[derive(Debug, Clone)]
pub enum Swap {
    /// The pointer is the new one; holds it as it is now.
    Done(SeenPointer),
    /// Somebody else was there in between, and nothing was written; holds what is there.
    Lost(SeenPointer),
    /// The store refuses conditions, or heeds them wrongly: nobody was there in between, and it did not swap.
    Unconditional,
}

/// A record as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRecord {
    /// Which release.
    pub id: ReleaseId,
    /// Bytes as stored.
    pub size: u64,
    /// When it was written: when its release was published, but for a moment.
    pub written: Option<SystemTime>,
}

/// What the keys of records begin with, a slash at its end.
#[must_use]
pub fn home(location: &Location, prefix: Option<&Location>) -> String {
    match prefix {
        Some(prefix) => prefix.prefix(),
        None => format!("{}{HOME}", location.prefix()),
    }
}

/// An id for a release that begins at a time of the service's clock. It sorts behind that of the release that was live
/// by then, also where both began within a second or the clock was set back.
#[must_use]
pub fn new_id(date: Option<SystemTime>, live: Option<&ReleaseId>) -> ReleaseId {
    let seconds = date.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok());
    let seconds = seconds.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default();
    let earliest = live.and_then(ReleaseId::seconds).map_or(0, |live| live.saturating_add(1));
    // Two pushes of one second have to differ, and nobody has to be kept from guessing.
    let chance = RandomState::new().hash_one(seconds);
    ReleaseId::begun(seconds.max(earliest), u32::try_from(chance >> 32).unwrap_or_default())
}

impl<S: Store> Ledger<S> {
    /// The ledger that settings name.
    ///
    /// # Errors
    /// [`NameError::KeyTooLong`].
    pub fn new(settings: &Settings, store: Arc<S>) -> Result<Self, NameError> {
        let ledger = Self {
            store,
            home: home(&settings.location, settings.releases.prefix.as_ref()),
            app: settings.releases.app.clone(),
            parameters: parameters(&settings.objects.parameters),
        };
        // The longest of its keys; the others can be made then.
        ObjectKey::new(format!("{}releases/{}", ledger.below(), "x".repeat(64)))?;
        Ok(ledger)
    }

    /// Whose releases they are.
    #[must_use]
    pub fn app(&self) -> &AppName {
        &self.app
    }

    /// The ledger of another app at the same place.
    #[must_use]
    pub fn of(&self, app: AppName) -> Self {
        Self { app, ..self.clone() }
    }

    /// Whether a key is one of records and pointers, whoever's.
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        key.starts_with(&self.home)
    }

    /// The pointer as it is now. One that cannot be read says why in it.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn pointer(&self) -> Result<SeenPointer, StoreError> {
        let fetched = match fetch(&*self.store, &self.key("current"), None, MOST_POINTER).await {
            Ok(Fetch::Object(fetched)) => fetched,
            Ok(Fetch::Absent | Fetch::Unchanged) => return Ok(SeenPointer::default()),
            Err(error) => return Err(error),
        };
        let Fetched { body, etag, last_modified, date, .. } = fetched;
        let (pointer, damage) = match Pointer::parse(&body) {
            Ok(pointer) => (pointer, None),
            Err(source) => {
                let error = LedgerError::Pointer { key: self.key("current"), source };
                (Pointer::default(), Some(Problem::of(&error)))
            }
        };
        Ok(SeenPointer { pointer, etag: Some(etag), modified: last_modified, date, damage })
    }

    /// Replaces the pointer, if it still is the one that was seen.
    ///
    /// # Errors
    /// The store refuses, but for the condition.
    pub async fn swap(&self, seen: &SeenPointer, pointer: Pointer) -> Result<Swap, StoreError> {
        let condition = match &seen.etag {
            Some(etag) => Condition::Matches(etag.clone()),
            None => Condition::Absent,
        };
        match self.put_pointer(&pointer, Some(condition)).await {
            Ok(written) => Ok(Swap::Done(written)),
            Err(error) if error.lacks_conditions() => Ok(Swap::Unconditional),
            Err(error) if error.kind == StoreErrorKind::PreconditionFailed => {
                let there = self.pointer().await?;
                Ok(if there.pointer == pointer {
                    // The answer of our own first try was lost.
                    Swap::Done(there)
                } else if there.etag == seen.etag {
                    Swap::Unconditional
                } else {
                    Swap::Lost(there)
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Replaces the pointer whatever is there: for stores without conditional writes.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn overwrite(&self, pointer: &Pointer) -> Result<SeenPointer, StoreError> {
        self.put_pointer(pointer, None).await
    }

    /// Whether the store heeds conditions: the pointer, which is there, is put once more on the condition that it is
    /// not. A store that takes that has replaced it by itself, spelled in another way, since a put that is sent again takes
    /// the very same bytes for what its own first try has left.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn heeds_conditions(&self, seen: &SeenPointer) -> Result<bool, StoreError> {
        let body = Bytes::from(seen.pointer.to_json() + "\n");
        match self.put("current", body, POINTER_TYPE, Some(Condition::Absent)).await {
            Ok(_) => Ok(false),
            Err(error) if error.lacks_conditions() => Ok(false),
            Err(error) if error.kind == StoreErrorKind::PreconditionFailed => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn put_pointer(
        &self,
        pointer: &Pointer,
        condition: Option<Condition>,
    ) -> Result<SeenPointer, StoreError> {
        let body = Bytes::from(pointer.to_json());
        let answer = self.put("current", body, POINTER_TYPE, condition).await?;
        Ok(SeenPointer {
            pointer: pointer.clone(),
            etag: Some(answer.etag),
            modified: answer.date,
            date: answer.date,
            damage: None,
        })
    }

    /// The record of a release; `None` where there is none.
    ///
    /// # Errors
    /// Any [`LedgerError`].
    pub async fn record(&self, id: &ReleaseId) -> Result<Option<Record>, LedgerError> {
        let key = self.record_key(id);
        let fetched = match fetch(&*self.store, &key, None, MOST_RECORD).await? {
            Fetch::Object(fetched) => fetched,
            Fetch::Absent | Fetch::Unchanged => return Ok(None),
        };
        let record = Record::parse(&fetched.body);
        let record = record.map_err(|source| LedgerError::Record { key: key.clone(), source })?;
        if record.id != *id || record.app != self.app.as_str() {
            return Err(LedgerError::Foreign { key, id: record.id, app: record.app });
        }
        Ok(Some(record))
    }

    /// Stores the record of a release.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn put_record(&self, record: &Record) -> Result<(), StoreError> {
        let name = format!("releases/{}", record.id);
        self.put(&name, Bytes::from(record.to_bytes()), "application/gzip", None).await?;
        Ok(())
    }

    /// All releases that were recorded, the last one first.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn records(&self) -> Result<Vec<ListedRecord>, StoreError> {
        let prefix = format!("{}releases/", self.below());
        let mut records = Vec::new();
        let mut continuation = None;
        loop {
            let page = self.store.list(&prefix, continuation.as_deref()).await?;
            records.extend(page.objects.into_iter().filter_map(|object| {
                let id = ReleaseId::new(object.key.strip_prefix(&prefix)?).ok()?;
                Some(ListedRecord { id, size: object.size, written: object.last_modified })
            }));
            continuation = page.continuation;
            if continuation.is_none() {
                break;
            }
        }
        records.sort_by(|left, right| right.id.cmp(&left.id));
        Ok(records)
    }

    /// All apps that have records here, sorted by name.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn apps(&self) -> Result<Vec<AppName>, StoreError> {
        let mut apps = Vec::new();
        let mut continuation = None;
        loop {
            let page = self.store.list_level(&self.home, continuation.as_deref()).await?;
            apps.extend(page.prefixes.iter().filter_map(|prefix| {
                let name = prefix.strip_prefix(&self.home)?.strip_suffix('/')?;
                AppName::new(name).ok()
            }));
            continuation = page.continuation;
            if continuation.is_none() {
                break;
            }
        }
        apps.sort();
        Ok(apps)
    }

    /// The key of the record of a release.
    #[must_use]
    pub fn record_key(&self, id: &ReleaseId) -> ObjectKey {
        self.key(&format!("releases/{id}"))
    }

    async fn put(
        &self,
        name: &str,
        body: Bytes,
        content_type: &str,
        condition: Option<Condition>,
    ) -> Result<PutAnswer, StoreError> {
        let mut parameters = self.parameters.clone();
        parameters.set(Parameter::ContentType, content_type);
        let md5 = hex(&Md5::digest(&body));
        let body = Body::Bytes(body);
        let request = PutRequest { key: self.key(name), body, parameters, checksum: None, condition };
        put_proven(&*self.store, request, ready(Ok(md5))).await
    }

    fn below(&self) -> String {
        format!("{}{}/", self.home, self.app)
    }

    fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::new(format!("{}{name}", self.below()))
            .expect("the longest key was tried when this was made")
    }
}

/// What records and pointers are stored with: nothing that makes them public, and as encrypted as everything else.
pub(crate) fn parameters(objects: &ObjectParameters) -> ObjectParameters {
    const KEPT: [Parameter; 9] = [
        Parameter::BucketKeyEnabled,
        Parameter::ExpectedBucketOwner,
        Parameter::RequestPayer,
        Parameter::ServerSideEncryption,
        Parameter::SseCustomerAlgorithm,
        Parameter::SseCustomerKey,
        Parameter::SseCustomerKeyMd5,
        Parameter::SseKmsEncryptionContext,
        Parameter::SseKmsKeyId,
    ];
    let mut parameters = ObjectParameters::default();
    for parameter in KEPT {
        if let Some(value) = objects.get(parameter) {
            parameters.set(parameter, value);
        }
    }
    parameters.set(Parameter::CacheControl, "no-store");
    parameters
}
