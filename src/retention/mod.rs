//! Decides what `gc` may delete: which releases are kept, since when the others are superseded, and which objects no
//! release needs any more. Pure: records, listing and time are arguments.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use crate::name::AppName;
use crate::object::Role;
use crate::release::{Record, ReleaseId};
use crate::store::ListedObject;

#[cfg(test)]
mod tests;

/// A release as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// Which.
    pub id: ReleaseId,
    /// When its record was written, by the service's clock.
    pub written: Option<SystemTime>,
}

/// A release and whether it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Which.
    pub id: ReleaseId,
    /// Since when the next release of its app is there; `None` where this one is kept, or nobody can tell.
    pub superseded: Option<SystemTime>,
}

/// Puts the releases of one app into their order, the newest first, and says which are kept: so many of the newest,
/// and the published one.
#[must_use]
pub fn ranked(mut releases: Vec<Dated>, published: Option<&ReleaseId>, retain: u64) -> Vec<Ranked> {
    let is_published = |release: &Dated| Some(&release.id) == published;
    // A release begins after the one before it is published, so that ids tell the order, but within a second.
    releases.sort_by_cached_key(|release| {
        let second = release.id.as_str().split('-').next().unwrap_or_default().to_owned();
        (second, release.written, is_published(release), release.id.clone())
    });
    releases.reverse();
    let mut next = None;
    let mut ranked = Vec::with_capacity(releases.len());
    for (index, release) in releases.into_iter().enumerate() {
        let kept = (index as u64) < retain || is_published(&release);
        let superseded = if kept { None } else { next };
        next = release.written;
        ranked.push(Ranked { id: release.id, superseded });
    }
    ranked
}

/// How many of the names of one release the next one lacks, the manifest aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Names that the later one lacks.
    pub dropped: u64,
    /// Names of the earlier one.
    pub all: u64,
}

impl Dropped {
    /// Compares two releases of an app.
    #[must_use]
    pub fn between(before: &Record, after: &Record) -> Self {
        let named = before.objects.iter().filter(|(_, object)| object.role != Role::Manifest);
        named.fold(Self { dropped: 0, all: 0 }, |Self { dropped, all }, (name, _)| Self {
            dropped: dropped + u64::from(!after.objects.contains_key(name)),
            all: all + 1,
        })
    }

    /// Whether that is more than half of them, so that it looks like a mistake.
    #[must_use]
    pub fn is_most(self) -> bool {
        self.dropped * 2 > self.all
    }
}

/// All names that any release of any app has, and what is known of them. Takes one record after the other, so that
/// only one has to be in memory.
#[derive(Debug, Default)]
pub struct Census {
    names: HashMap<String, Fate>,
    /// The releases that are not kept.
    old: Vec<OldRecord>,
}

/// A release that is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldRecord {
    /// Whose.
    pub app: AppName,
    /// Which.
    pub id: ReleaseId,
    /// Since when the next release of its app is there.
    pub superseded: SystemTime,
}

/// What is known of a name.
#[derive(Debug, Default)]
struct Fate {
    /// A kept release has it.
    released: bool,
    /// A manifest that is live leads to it.
    live: bool,
    /// The release that had it last among those that are not kept: since when it is superseded, and its index.
    last: Option<(SystemTime, usize)>,
    /// ETags and sizes that were recorded of it.
    seen: Vec<(String, u64)>,
    /// What it is; only a name that is a hashed one in all releases is a hashed one.
    role: Option<Role>,
}

impl Census {
    /// Takes over what a release has.
    pub fn add(&mut self, app: &AppName, record: &Record, superseded: Option<SystemTime>) {
        let index = self.old.len();
        if let Some(superseded) = superseded {
            self.old.push(OldRecord { app: app.clone(), id: record.id.clone(), superseded });
        }
        for (name, object) in &record.objects {
            let fate = self.names.entry(name.clone()).or_default();
            fate.role = fate.role.filter(|role| *role != Role::Hashed).or(Some(object.role));
            match superseded {
                None => fate.released = true,
                Some(superseded) => fate.last = fate.last.max(Some((superseded, index))),
            }
            if !fate.seen.iter().any(|(etag, size)| *etag == object.etag && *size == object.size) {
                fate.seen.push((object.etag.clone(), object.size));
            }
        }
    }

    /// Keeps a name to which a live manifest leads.
    pub fn keep(&mut self, name: &str) {
        if let Some(fate) = self.names.get_mut(name) {
            fate.live = true;
        }
    }

    /// Whether any release has the name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Decides, by what the bucket has now under the names.
    #[must_use]
    pub fn plan(
        &self,
        listing: &BTreeMap<String, ListedObject>,
        now: SystemTime,
        min_age: Duration,
    ) -> GcPlan {
        let is_old = |superseded: SystemTime| now.duration_since(superseded).is_ok_and(|age| age > min_age);
        let mut plan = GcPlan::default();
        // Records without which nobody would know how old an object is.
        let mut needed = HashSet::new();
        for (name, object) in listing {
            let Some(fate) = self.names.get(name) else { continue };
            match fate.last {
                Some((_, last)) if fate.live && !fate.released => {
                    needed.insert(last);
                    plan.kept += 1;
                }
                Some((superseded, last)) if !fate.live && !fate.released => {
                    let victim = Victim {
                        name: name.clone(),
                        object: object.clone(),
                        release: self.old[last].id.clone(),
                        app: self.old[last].app.clone(),
                        superseded,
                        role: fate.role.unwrap_or(Role::Plain),
                    };
                    match fate.is_ours(object, superseded) {
                        false => plan.changed.push(victim),
                        true if is_old(superseded) => plan.victims.push(victim),
                        true => plan.young += 1,
                    }
                }
                _ => plan.kept += 1,
            }
        }
        let old = self.old.iter().enumerate();
        let unneeded = old.filter(|(index, record)| is_old(record.superseded) && !needed.contains(index));
        plan.records = unneeded.map(|(_, record)| record.clone()).collect();
        plan.records.sort_by(|left, right| (&left.app, &left.id).cmp(&(&right.app, &right.id)));
        plan
    }
}

impl Fate {
    /// Whether an object is one that was recorded, and that nobody stored again since its last release had a successor:
    /// whoever did that without a record of it needs it.
    fn is_ours(&self, object: &ListedObject, superseded: SystemTime) -> bool {
        let recorded = self.seen.iter().any(|(etag, size)| *etag == object.etag && *size == object.size);
        recorded && object.last_modified.is_some_and(|modified| modified <= superseded)
    }
}

/// What is to be deleted, and what stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcPlan {
    /// Objects that no release needs any more, sorted by name.
    pub victims: Vec<Victim>,
    /// Objects under names that no release needs, which are not those that were recorded: somebody else's.
    pub changed: Vec<Victim>,
    /// Recorded names that a kept release or a live manifest needs.
    pub kept: u64,
    /// Recorded names that were needed too short a time ago.
    pub young: u64,
    /// Records that tell nothing any more once the victims are gone, sorted by app and id.
    pub records: Vec<OldRecord>,
}

/// An object that no release needs any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Victim {
    /// Its name below the location.
    pub name: String,
    /// As the bucket shows it.
    pub object: ListedObject,
    /// The last release that had it.
    pub release: ReleaseId,
    /// Whose that was.
    pub app: AppName,
    /// Since when that is superseded.
    pub superseded: SystemTime,
    /// What it was; a hashed name where it was one in all releases.
    pub role: Role,
}

impl GcPlan {
    /// Bytes of the victims.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.victims.iter().map(|victim| victim.object.size).sum()
    }

    /// Takes out victims that the bucket does not show as it did when they were found; those that are other objects now
    /// are told as such, and those that are gone are as they should be.
    pub fn recheck(&mut self, listing: &BTreeMap<String, ListedObject>) {
        let victims = std::mem::take(&mut self.victims);
        for victim in victims {
            match listing.get(&victim.name) {
                Some(object) if *object == victim.object => self.victims.push(victim),
                Some(object) => self.changed.push(Victim { object: object.clone(), ..victim }),
                None => {}
            }
        }
        self.changed.sort_by(|left, right| left.name.cmp(&right.name));
    }

    /// The records that may go when these names stay though they were victims.
    pub fn unneeded_records<'a>(
        &'a self,
        stayed: &HashSet<&str>,
    ) -> impl Iterator<Item = &'a OldRecord> + use<'a> {
        let victims = self.victims.iter().filter(|victim| stayed.contains(victim.name.as_str()));
        let needed: HashSet<(&AppName, &ReleaseId)> =
            victims.map(|victim| (&victim.app, &victim.release)).collect();
        self.records.iter().filter(move |record| !needed.contains(&(&record.app, &record.id)))
    }
}
