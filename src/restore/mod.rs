//! Decides how an earlier release comes back: what is as it was, what is put again and from where, and what cannot be
//! had any more. Pure: records and listing are arguments.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::object::Role;
use crate::plan::PutReason;
use crate::release::{HeaderFingerprint, Record, RecordedObject};
use crate::store::{ListedObject, ListedVersion};

#[cfg(test)]
mod tests;

/// What records tell of a release's names, and of objects that have the bodies of its plain names.
#[derive(Debug)]
pub struct Memory<'a> {
    target: &'a Record,
    /// What was recorded under each name of the release, the newest first.
    rows: HashMap<&'a str, Vec<Arc<RecordedObject>>>,
    /// MD5 of a body as stored → where it was: names and how a listing shows them.
    bodies: HashMap<&'a str, Vec<(String, Arc<RecordedObject>)>>,
    /// Names of these.
    places: HashSet<String>,
}

/// What becomes of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// It is as the release had it; holds what is recorded of it now.
    Stay(Arc<RecordedObject>),
    /// It is put.
    Put {
        /// Where its body is.
        from: BodySource,
        /// Why.
        reason: PutReason,
    },
    /// Its body is nowhere to be had; holds what is recorded of what is there instead.
    Lost(Option<Arc<RecordedObject>>),
    /// A hashed name that is not there, or is another object.
    Missing,
}

/// Where a body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodySource {
    /// In an object.
    Object(ListedObject),
    /// In an earlier version of the name's own object.
    Version(ListedVersion),
    /// In the record: the manifest's document.
    Record,
}

/// What becomes of each name of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restoration {
    /// By name.
    pub moves: BTreeMap<String, Move>,
}

impl<'a> Memory<'a> {
    /// What a release tells of itself.
    #[must_use]
    pub fn new(target: &'a Record) -> Self {
        let mut bodies: HashMap<&str, Vec<_>> = HashMap::new();
        for object in target.objects.values().filter(|object| object.role == Role::Plain) {
            bodies.entry(object.body.as_str()).or_default();
        }
        let rows = target.objects.keys().map(|name| (name.as_str(), Vec::new())).collect();
        Self { target, rows, bodies, places: HashSet::new() }
    }

    /// Takes over what a release recorded; newer ones come before older ones.
    pub fn add(&mut self, record: &Record) {
        for (name, object) in &record.objects {
            if let Some(rows) = self.rows.get_mut(name.as_str()) {
                rows.push(Arc::clone(object));
            }
            if let Some(places) = self.bodies.get_mut(object.body.as_str()) {
                places.push((name.clone(), Arc::clone(object)));
                self.places.insert(name.clone());
            }
        }
    }

    /// Whether an object under the name may be of use.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.rows.contains_key(name) || self.places.contains(name)
    }

    /// Decides, by what the bucket has now; names are below the location.
    #[must_use]
    pub fn plan(&self, listing: &BTreeMap<String, ListedObject>) -> Restoration {
        let decided = self.target.objects.iter().map(|(name, object)| {
            let there = listing.get(name);
            let known = there.and_then(|there| self.rows[name.as_str()].iter().find(|row| shows(there, row)));
            (name.clone(), self.decide(object, there, known, listing))
        });
        Restoration { moves: decided.collect() }
    }

    fn decide(
        &self,
        object: &RecordedObject,
        there: Option<&ListedObject>,
        known: Option<&Arc<RecordedObject>>,
        listing: &BTreeMap<String, ListedObject>,
    ) -> Move {
        let same = known.filter(|known| known.body == object.body);
        let (_, headers) = same.map_or_else(Default::default, |known| {
            HeaderFingerprint::compression_apart(&known.headers.difference(&object.headers))
        });
        let reason = match (there, same) {
            (_, Some(_)) => PutReason::HeadersDiffer(headers.clone()),
            (Some(_), None) => PutReason::BodyDiffers,
            (None, None) => PutReason::Gone,
        };
        match (object.role, same, there) {
            (Role::Hashed, Some(known), _) => Move::Stay(Arc::clone(known)),
            (Role::Hashed, None, _) => Move::Missing,
            (_, Some(known), _) if headers.is_empty() => Move::Stay(Arc::clone(known)),
            (Role::Manifest, ..) => Move::Put { from: BodySource::Record, reason },
            (Role::Plain, Some(_), Some(there)) => {
                Move::Put { from: BodySource::Object(there.clone()), reason }
            }
            (Role::Plain, ..) => match self.elsewhere(object, listing) {
                Some(place) => Move::Put { from: BodySource::Object(place.clone()), reason },
                None => Move::Lost(known.cloned()),
            },
        }
    }

    /// An object that has the body of another one.
    fn elsewhere<'l>(
        &self,
        object: &RecordedObject,
        listing: &'l BTreeMap<String, ListedObject>,
    ) -> Option<&'l ListedObject> {
        let places = self.bodies.get(object.body.as_str())?.iter();
        places.filter_map(|(name, row)| listing.get(name).filter(|there| shows(there, row))).next()
    }
}

/// Whether a listing shows what was recorded.
fn shows(there: &ListedObject, row: &RecordedObject) -> bool {
    there.etag == row.etag && there.size == row.size
}

impl Restoration {
    /// The names of a kind, sorted.
    pub fn names(&self, is_meant: impl Fn(&Move) -> bool) -> Vec<&str> {
        self.moves.iter().filter(|(_, it)| is_meant(it)).map(|(name, _)| name.as_str()).collect()
    }

    /// Hashed names that are not there as the release had them, so that it cannot come back.
    #[must_use]
    pub fn missing(&self) -> Vec<&str> {
        self.names(|it| *it == Move::Missing)
    }

    /// Plain names whose bodies are nowhere to be had.
    #[must_use]
    pub fn lost(&self) -> Vec<&str> {
        self.names(|it| matches!(it, Move::Lost(_)))
    }

    /// Whether nothing is to be put.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.names(|it| matches!(it, Move::Put { .. })).is_empty()
    }
}
