//! What a release changed against the one before it, name by name. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::plan::PutReason;
use crate::release::{HeaderFingerprint, Record, RecordedObject};

/// What became of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::local) enum Kind {
    /// The release before had none.
    Added,
    /// Another body, perhaps with other headers.
    Body,
    /// The same body with other headers.
    Headers,
    /// The release names it no more.
    Removed,
    /// It is as it was.
    Same,
}

impl Kind {
    /// Every one of them, in the order in which they are shown.
    pub(super) const ALL: [Self; 5] = [Self::Added, Self::Body, Self::Headers, Self::Removed, Self::Same];

    /// As it stands in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Body => "body",
            Self::Headers => "headers",
            Self::Removed => "removed",
            Self::Same => "same",
        }
    }

    /// For people.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Body => "changed body",
            Self::Headers => "changed headers",
            Self::Removed => "removed",
            Self::Same => "unchanged",
        }
    }
}

/// A name with what the two releases have under it; one of them has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) before: Option<&'a RecordedObject>,
    pub(super) after: Option<&'a RecordedObject>,
}

impl<'a> Change<'a> {
    fn of(name: &'a str, before: Option<&'a RecordedObject>, after: Option<&'a RecordedObject>) -> Self {
        let kind = match (before, after) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            (Some(before), Some(after)) if before.body != after.body => Kind::Body,
            (Some(before), Some(after)) if !headers(before, after).is_empty() => Kind::Headers,
            _ => Kind::Same,
        };
        Self { name, kind, before, after }
    }

    /// Which headers differ, as a push names them; empty where none do.
    pub(super) fn headers(&self) -> String {
        let names = self.before.zip(self.after).map(|(before, after)| headers(before, after));
        match names {
            Some(names) if !names.is_empty() => names_of(names),
            _ => String::new(),
        }
    }
}

fn names_of(names: Vec<String>) -> String {
    let reason = PutReason::HeadersDiffer(names).to_string();
    reason.split_once(": ").map(|(_, names)| names.to_owned()).unwrap_or(reason)
}

/// How a body is compressed is no header, and shows in the body.
fn headers(before: &RecordedObject, after: &RecordedObject) -> Vec<String> {
    HeaderFingerprint::compression_apart(&before.headers.difference(&after.headers)).1
}

/// Every name of the two, in order.
pub(super) fn changes<'a>(before: Option<&'a Record>, after: &'a Record) -> impl Iterator<Item = Change<'a>> {
    let mut before = before.into_iter().flat_map(|record| &record.objects).peekable();
    let mut after = after.objects.iter().peekable();
    std::iter::from_fn(move || {
        let order = match (before.peek(), after.peek()) {
            (Some((old, _)), Some((new, _))) => old.cmp(new),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        let old = if order.is_le() { before.next() } else { None };
        let new = if order.is_ge() { after.next() } else { None };
        let (name, _) = new.or(old)?;
        Some(Change::of(name, old.map(|(_, object)| &**object), new.map(|(_, object)| &**object)))
    })
}

/// How many names each of these became of.
pub(super) fn counts(before: Option<&Record>, after: &Record) -> BTreeMap<Kind, u64> {
    let mut counts = BTreeMap::from(Kind::ALL.map(|kind| (kind, 0)));
    for change in changes(before, after) {
        *counts.entry(change.kind).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::object::Role;
    use crate::release::ReleaseId;

    fn object((body, header): (u8, u8)) -> RecordedObject {
        RecordedObject {
            role: Role::Plain,
            source: String::new(),
            body: body.to_string(),
            etag: String::new(),
            size: 1,
            headers: BTreeMap::from([("CacheControl".to_owned(), header.to_string())]).into(),
            put_at: 0,
        }
    }

    fn record(objects: &BTreeMap<String, (u8, u8)>) -> Record {
        Record {
            id: ReleaseId::new("1").expect("an id"),
            app: "default".to_owned(),
            order: None,
            restores: None,
            settings: String::new(),
            manifest: None,
            objects: objects.iter().map(|(name, bytes)| (name.clone(), Arc::new(object(*bytes)))).collect(),
        }
    }

    #[test]
    fn headers_are_named_as_http_does_and_compression_is_none() {
        let mut gzip = object((1, 1));
        let mut fields = BTreeMap::from(gzip.headers.clone());
        fields.insert("gzip".to_owned(), "9".to_owned());
        gzip.headers = fields.into();
        let plain = object((1, 1));
        assert_eq!(Change::of("a", Some(&plain), Some(&gzip)).kind, Kind::Same);
        let other = object((2, 2));
        let change = Change::of("a", Some(&plain), Some(&other));
        assert_eq!((change.kind, change.headers().as_str()), (Kind::Body, "Cache-Control"));
    }

    proptest! {
        /// The changes, made to the one release, give the other; and each name comes once, in order.
        #[test]
        fn changes_lead_from_one_release_to_the_next(
            before in prop::collection::btree_map("[ab]{1,3}", (0..2_u8, 0..2_u8), 0..9),
            after in prop::collection::btree_map("[ab]{1,3}", (0..2_u8, 0..2_u8), 0..9),
        ) {
            let (old, new) = (record(&before), record(&after));
            let mut made = old.objects.clone();
            let mut names = Vec::new();
            for change in changes(Some(&old), &new) {
                names.push(change.name.to_owned());
                let (is, was) = (after.get(change.name), before.get(change.name));
                let kind = match (was, is) {
                    (None, _) => Kind::Added,
                    (_, None) => Kind::Removed,
                    (was, is) if was == is => Kind::Same,
                    (Some(was), Some(is)) if was.0 == is.0 => Kind::Headers,
                    _ => Kind::Body,
                };
                prop_assert_eq!(change.kind, kind);
                match change.after {
                    Some(object) => made.insert(change.name.to_owned(), Arc::new(object.clone())),
                    None => made.remove(change.name),
                };
            }
            prop_assert!(names.is_sorted_by(|one, other| one < other));
            prop_assert_eq!(&made, &new.objects);
            let counted = counts(Some(&old), &new);
            prop_assert_eq!(counted.values().sum::<u64>(), names.len() as u64);
            prop_assert_eq!(counts(None, &new)[&Kind::Added], after.len() as u64);
        }
    }
}
