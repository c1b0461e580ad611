//! Records and pointers as the pages read them: from the endpoint's own directory, so many and so large ones at most. What
//! somebody else put there, or what cannot be read, is told and breaks nothing.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::sync::Arc;

use s3s::S3Result;

use crate::error::Problem;
use crate::ledger::{HOME, LedgerError};
use crate::local::disk::Disk;
use crate::local::list::{self, Entry, Query};
use crate::local::object::{self, Object};
use crate::local::refusal;
use crate::name::{AppName, ObjectKey};
use crate::release::{Pointer, Record, RecordedObject, ReleaseError, ReleaseId};
use crate::report::Bytes;

/// The most apps of a location that are looked for.
const APPS: usize = 100;
/// The most releases of an app that a page goes through.
pub(super) const RELEASES: usize = 20;
/// The most bytes of records, as stored, that are read for one page: about 300,000 objects.
const MOST: u64 = 32 * 1024 * 1024;
/// The most bytes of a pointer.
const MOST_POINTER: u64 = 16 * 1024 * 1024;

/// An app that has records at a location.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::local) struct App {
    /// With a slash at its end; empty for the root of the bucket.
    pub(in crate::local) location: String,
    /// What it is called.
    pub(in crate::local) name: AppName,
}

/// A record before it is read.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) id: ReleaseId,
    pub(super) object: Object,
}

/// A release that names an object.
#[derive(Debug, Clone)]
pub(super) struct Naming {
    pub(super) app: App,
    pub(super) id: ReleaseId,
    /// `published`, `superseded` or `unpublished`.
    pub(super) state: &'static str,
    pub(super) recorded: Arc<RecordedObject>,
}

/// Reads for one page.
pub(super) struct Reader<'a> {
    pub(super) disk: &'a Disk,
    pub(super) bucket: &'a str,
    /// Bytes that it may still read.
    left: u64,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
}

impl App {
    fn home(&self) -> String {
        format!("{}{HOME}{}/", self.location, self.name)
    }

    fn releases(&self) -> String {
        format!("{}releases/", self.home())
    }

    /// The name of a key in a release; `None` where it can be in none.
    pub(super) fn name_of<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(&self.location).filter(|name| !name.starts_with(HOME))
    }

    /// Whose record or pointer a key is, and of which release.
    pub(super) fn of_record(key: &str) -> Option<(Self, Option<ReleaseId>)> {
        let (location, rest) = key.split_at(key.find(HOME)?);
        let (name, document) = rest.strip_prefix(HOME)?.split_once('/')?;
        let app = Self { location: location.to_owned(), name: AppName::new(name).ok()? };
        match document.strip_prefix("releases/") {
            Some(id) => Some((app, Some(ReleaseId::new(id).ok()?))),
            None => (document == "current").then_some((app, None)),
        }
    }
}

impl Naming {
    /// Whether the object is what the release stored.
    pub(super) fn is_of(&self, object: &Object) -> bool {
        (&self.recorded.etag, self.recorded.size) == (&object.etag, object.size)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(disk: &'a Disk, bucket: &'a str) -> Self {
        Self { disk, bucket, left: MOST, problems: Vec::new() }
    }

    /// The apps that have records at one of these locations, each with a slash at its end or empty.
    pub(super) fn apps(&self, locations: &BTreeSet<String>) -> S3Result<Vec<App>> {
        let mut apps = Vec::new();
        for location in locations {
            let home = format!("{location}{HOME}");
            let (bucket, delimiter) = (self.bucket.to_owned(), "/".to_owned());
            let query = Query { bucket, prefix: home.clone(), delimiter, after: None, limit: APPS };
            let page = self.disk.query(|index| list::list(index, &query))?;
            let names = page.entries.iter().filter_map(|entry| match entry {
                Entry::Prefix(prefix) => AppName::new(prefix.strip_prefix(&home)?.strip_suffix('/')?).ok(),
                Entry::Object(..) => None,
            });
            apps.extend(names.map(|name| App { location: location.clone(), name }));
            if apps.len() >= APPS {
                break;
            }
        }
        Ok(apps)
    }

    /// The pointer of an app; one without anything where there is none, or none that can be read.
    pub(super) fn pointer(&mut self, app: &App) -> S3Result<Pointer> {
        let key = format!("{}current", app.home());
        let Some(object) = self.disk.query(|index| object::find(index, self.bucket, &key))? else {
            return Ok(Pointer::default());
        };
        let read = self.body(&object, MOST_POINTER).map_err(ReleaseError::Gzip);
        let pointer = read
            .and_then(|body| Pointer::parse(&body))
            .map_err(|source| ObjectKey::new(key).map(|key| LedgerError::Pointer { key, source }));
        match pointer {
            Ok(pointer) => Ok(pointer),
            Err(error) => {
                self.note(error.map_or_else(|error| Problem::of(&error), |error| Problem::of(&error)));
                Ok(Pointer::default())
            }
        }
    }

    /// The last releases of an app that were recorded, the very last first; only those before an id, where one is given.
    pub(super) fn listed(&self, app: &App, before: Option<&str>, limit: usize) -> S3Result<Vec<Listed>> {
        let prefix = app.releases();
        let before = before.map(|id| format!("{prefix}{id}"));
        let last = |index: &rusqlite::Connection| {
            list::last(index, (self.bucket, &prefix), before.as_deref(), limit).map_err(refusal::index)
        };
        let listed = self.disk.query(last)?.into_iter().filter_map(|(key, object)| {
            Some(Listed { id: ReleaseId::new(key.strip_prefix(&prefix)?).ok()?, object })
        });
        Ok(listed.collect())
    }

    /// One release of an app, if it was recorded.
    pub(super) fn find(&self, app: &App, id: &ReleaseId) -> S3Result<Option<Listed>> {
        let key = format!("{}{id}", app.releases());
        let object = self.disk.query(|index| object::find(index, self.bucket, &key))?;
        Ok(object.map(|object| Listed { id: id.clone(), object }))
    }

    /// A record; `None` where it cannot be read, which is noted.
    pub(super) fn record(&mut self, app: &App, listed: &Listed) -> Option<Record> {
        let (id, size) = (&listed.id, listed.object.size);
        if size > self.left {
            let message = format!("the record of release `{id}` was not read: it has {}", Bytes(size));
            let hint = "a page reads no more than so much; `s3collect releases` reads all";
            self.note(Problem::new(message).with_hint(hint));
            return None;
        }
        self.left -= size;
        let read = self.body(&listed.object, size).map_err(ReleaseError::Gzip);
        let checked = match ObjectKey::new(format!("{}{id}", app.releases())) {
            Ok(key) => checked(app, id, key, read).map_err(|error| Problem::of(&error)),
            Err(error) => Err(Problem::of(&error)),
        };
        checked.map_err(|problem| self.note(problem)).ok()
    }

    /// Once, however often it is met.
    fn note(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// For each object the releases that name it. With `all` the last [`RELEASES`] of each app, else the one that is
    /// live, or where that does not name it the last one that does.
    pub(super) fn named(&mut self, apps: &[App], keys: &[&str], all: bool) -> S3Result<Vec<Vec<Naming>>> {
        let mut named = vec![Vec::new(); keys.len()];
        for app in apps {
            let pointer = self.pointer(app)?;
            let mut sought: BTreeSet<usize> =
                (0..keys.len()).filter(|index| app.name_of(keys[*index]).is_some()).collect();
            for listed in self.live_first(app, &pointer)? {
                if sought.is_empty() {
                    break;
                }
                let Some(record) = self.record(app, &listed) else { continue };
                let state = pointer.state(&listed.id);
                let found: Vec<(usize, Arc<RecordedObject>)> = sought
                    .iter()
                    .filter_map(|index| {
                        Some((*index, record.objects.get(app.name_of(keys[*index])?)?.clone()))
                    })
                    .collect();
                for (index, recorded) in found {
                    named[index].push(Naming { app: app.clone(), id: listed.id.clone(), state, recorded });
                    if !all {
                        sought.remove(&index);
                    }
                }
            }
        }
        Ok(named)
    }

    fn live_first(&self, app: &App, pointer: &Pointer) -> S3Result<Vec<Listed>> {
        let mut listed = self.listed(app, None, RELEASES)?;
        listed.sort_by_key(|listed| (pointer.state(&listed.id) != "published", Reverse(listed.id.clone())));
        Ok(listed)
    }

    fn body(&self, object: &Object, most: u64) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.disk.blobs.read(&object.blob)?.take(most).read_to_end(&mut body)?;
        Ok(body)
    }
}

/// The record, if it is the one that its key says.
fn checked(
    app: &App,
    id: &ReleaseId,
    key: ObjectKey,
    read: Result<Vec<u8>, ReleaseError>,
) -> Result<Record, LedgerError> {
    match read.and_then(|body| Record::parse(&body)) {
        Err(source) => Err(LedgerError::Record { key, source }),
        Ok(record) if record.id != *id || record.app != app.name.as_str() => {
            Err(LedgerError::Foreign { key, id: record.id, app: record.app })
        }
        Ok(record) => Ok(record),
    }
}
