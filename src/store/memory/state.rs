//! What the bucket in memory holds, and how it judges conditions and cuts listings into pages.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::time::Instant;

use crate::digest::hex;
use crate::parameters::ObjectParameters;
use crate::store::etag::has_own_keys;
use crate::store::{
    ByteRange, Condition, ListPage, ListedObject, ListedVersion, Operation, Part, PutAnswer, StoreErrorKind,
    StoredChecksum,
};

use super::{Conditions, Fault};

/// Objects a page of a listing.
const PAGE: usize = 1000;

/// What the clock of a bucket shows when it is made, in seconds since 1970.
const BEGINNING: u64 = 1_800_000_000;

/// Objects, uploads under way, and what is to go wrong.
#[derive(Debug)]
pub(super) struct State {
    /// When the bucket was made; its clock goes on from [`BEGINNING`], paused where tokio's is.
    pub(super) made: Instant,
    pub(super) objects: BTreeMap<String, StoredObject>,
    pub(super) modified: HashMap<String, SystemTime>,
    /// Key → what was stored under it, by id, the first first; `None` where no versions are kept.
    pub(super) versions: Option<HashMap<String, Vec<Version>>>,
    pub(super) conditions: Conditions,
    pub(super) uploads: HashMap<String, BTreeMap<u16, (Part, Bytes)>>,
    pub(super) begun: u64,
    pub(super) faults: VecDeque<Fault>,
    pub(super) breaks: VecDeque<usize>,
    pub(super) damages: Vec<Operation>,
}

/// What was stored under a key at some time.
#[derive(Debug)]
pub(super) struct Version {
    id: String,
    object: StoredObject,
    now: SystemTime,
}

/// An object as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// As stored.
    pub body: Bytes,
    /// Without quotes.
    pub etag: String,
    /// All that was sent, ACL and tags included.
    pub parameters: ObjectParameters,
    /// Those that were sent.
    pub checksums: Vec<StoredChecksum>,
}

impl StoredObject {
    /// An object that was stored whole: its ETag is the MD5 of its body, unless encryption makes it something else.
    #[must_use]
    pub fn new(body: Bytes, parameters: ObjectParameters, checksums: Vec<StoredChecksum>) -> Self {
        let etag = if has_own_keys(&parameters) { md5_of(md5_of(&body).as_bytes()) } else { md5_of(&body) };
        Self { body, etag, parameters, checksums }
    }
}

impl State {
    /// A page begins after the last entry of the page before.
    pub(super) fn page(&self, prefix: &str, one_level: bool, continuation: Option<&str>) -> ListPage {
        let after = continuation.unwrap_or_default();
        let mut page = ListPage { date: Some(self.now()), ..ListPage::default() };
        let mut last: Option<String> = None;
        for (key, object) in self.objects.range(prefix.to_owned()..) {
            let Some(rest) = key.strip_prefix(prefix) else { break };
            let slash = rest.find('/').filter(|_| one_level);
            let entry = slash.map_or(key.as_str(), |slash| &key[..=prefix.len() + slash]);
            if entry <= after || last.as_deref() == Some(entry) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == PAGE {
                page.continuation = last;
                break;
            }
            last = Some(entry.to_owned());
            match slash {
                Some(_) => page.prefixes.push(entry.to_owned()),
                None => page.objects.push(self.listed(key, object)),
            }
        }
        page
    }

    pub(super) fn check(&self, key: &str, condition: Option<&Condition>) -> Result<(), StoreErrorKind> {
        match self.conditions {
            Conditions::Ignored => return Ok(()),
            Conditions::Refused if condition.is_some() => {
                return Err(StoreErrorKind::Refused { status: 501, code: "NotImplemented".to_owned() });
            }
            Conditions::Failed if condition.is_some() => return Err(StoreErrorKind::PreconditionFailed),
            _ => {}
        }
        let there = self.objects.get(key).map(|object| &object.etag);
        let holds = match condition {
            None => true,
            Some(Condition::Absent) => there.is_none(),
            Some(Condition::Matches(etag)) => there == Some(etag),
        };
        if holds { Ok(()) } else { Err(StoreErrorKind::PreconditionFailed) }
    }

    pub(super) fn store(&mut self, key: &str, object: StoredObject) -> PutAnswer {
        let (etag, encrypted, now) = (object.etag.clone(), has_own_keys(&object.parameters), self.now());
        if let Some(versions) = &mut self.versions {
            let versions = versions.entry(key.to_owned()).or_default();
            versions.push(Version { id: format!("version-{}", versions.len()), object: object.clone(), now });
        }
        self.objects.insert(key.to_owned(), object);
        self.modified.insert(key.to_owned(), now);
        PutAnswer { etag, encrypted, date: Some(now) }
    }

    /// A body as it arrives.
    pub(super) fn arrived(&mut self, operation: Operation, body: Bytes) -> Bytes {
        let due = self.damages.iter().position(|damage| *damage == operation).filter(|_| !body.is_empty());
        let Some(index) = due else { return body };
        self.damages.remove(index);
        let mut body = body.to_vec();
        body[0] ^= 1;
        body.into()
    }

    /// What is there, or was.
    pub(super) fn object(&self, key: &str, version: Option<&str>) -> Option<&StoredObject> {
        let Some(version) = version else { return self.objects.get(key) };
        let versions = self.versions.as_ref()?.get(key)?;
        versions.iter().find(|kept| kept.id == version).map(|kept| &kept.object)
    }

    /// The versions of a key, the latest first.
    pub(super) fn versions(&self, key: &str) -> Vec<ListedVersion> {
        let Some(kept) = &self.versions else {
            let object = self.objects.get(key).map(|object| self.listed(key, object));
            return object
                .map(|object| ListedVersion { id: "null".to_owned(), object })
                .into_iter()
                .collect();
        };
        let shown = |Version { id, object, now }: &Version| {
            let object = ListedObject { last_modified: Some(*now), ..self.listed(key, object) };
            ListedVersion { id: id.clone(), object }
        };
        kept.get(key).into_iter().flatten().rev().map(shown).collect()
    }

    fn listed(&self, key: &str, object: &StoredObject) -> ListedObject {
        ListedObject {
            key: key.to_owned(),
            size: object.body.len() as u64,
            etag: object.etag.clone(),
            last_modified: self.modified.get(key).copied(),
        }
    }

    /// What the bucket's clock shows, in whole seconds as HTTP has them.
    pub(super) fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(BEGINNING + self.made.elapsed().as_secs())
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            made: Instant::now(),
            objects: BTreeMap::new(),
            modified: HashMap::new(),
            versions: None,
            conditions: Conditions::default(),
            uploads: HashMap::new(),
            begun: 0,
            faults: VecDeque::new(),
            breaks: VecDeque::new(),
            damages: Vec::new(),
        }
    }
}

/// The bytes that were asked for.
pub(super) fn stretch(body: &Bytes, range: Option<ByteRange>) -> Result<Bytes, StoreErrorKind> {
    let Some(ByteRange { offset, length }) = range else { return Ok(body.clone()) };
    let all = body.len() as u64;
    if offset >= all || length == Some(0) {
        return Err(StoreErrorKind::Refused { status: 416, code: "InvalidRange".to_owned() });
    }
    let end = length.map_or(all, |length| offset.saturating_add(length).min(all));
    let index = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(body.slice(index(offset)..index(end)))
}

pub(super) fn md5_of(body: &[u8]) -> String {
    hex(&Md5::digest(body))
}
