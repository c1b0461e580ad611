use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::object::{Compression, NoCompression};
use crate::release::{RecordedManifest, ReleaseId};
use crate::testing::parameters;

fn headers(cache: &str) -> HeaderFingerprint {
    let parameters = parameters(&json!({"CacheControl": cache}));
    HeaderFingerprint::of(&parameters, &Compression::None(NoCompression::Off))
}

fn object(role: Role, body: &str, cache: &str) -> RecordedObject {
    RecordedObject {
        role,
        source: body.to_owned(),
        body: body.to_owned(),
        etag: format!("etag-{body}"),
        size: 1,
        headers: headers(cache),
        put_at: 0,
    }
}

fn record(objects: &[(&str, RecordedObject)]) -> Record {
    Record {
        id: ReleaseId::begun(0, 0),
        app: "default".to_owned(),
        order: None,
        restores: None,
        settings: String::new(),
        manifest: Some(RecordedManifest { name: "m.json".to_owned(), document: "{}".to_owned() }),
        objects: objects
            .iter()
            .map(|(name, object)| ((*name).to_owned(), Arc::new(object.clone())))
            .collect(),
    }
}

fn listed(objects: &[(&str, &str)]) -> BTreeMap<String, ListedObject> {
    let entry = |(name, body): &(&str, &str)| {
        let (key, etag) = (format!("static/{name}"), format!("etag-{body}"));
        ((*name).to_owned(), ListedObject { key, size: 1, etag, last_modified: None })
    };
    objects.iter().map(entry).collect()
}

/// The move of the one name `a`.
fn moved(target: &RecordedObject, others: &[(&str, RecordedObject)], listing: &[(&str, &str)]) -> Move {
    let target = record(&[("a", target.clone())]);
    let others: Vec<Record> = others.iter().map(|other| record(std::slice::from_ref(other))).collect();
    let mut memory = Memory::new(&target);
    others.iter().chain([&target]).for_each(|record| memory.add(record));
    memory.plan(&listed(listing)).moves.remove("a").expect("a move")
}

fn from(name: &str, body: &str, reason: PutReason) -> Move {
    let (_, place) = listed(&[(name, body)]).pop_first().expect("one");
    Move::Put { from: BodySource::Object(place), reason }
}

#[test]
fn a_plain_name_is_put_from_wherever_its_body_is() {
    use Role::{Hashed, Plain};
    let old = object(Plain, "1", "old");
    let new = |role, body| object(role, body, "new");
    assert_eq!(moved(&old, &[], &[("a", "1")]), Move::Stay(Arc::new(old.clone())));
    assert_eq!(
        moved(&old, &[("a", new(Plain, "2"))], &[("a", "2")]),
        Move::Lost(Some(Arc::new(new(Plain, "2"))))
    );
    assert_eq!(moved(&old, &[], &[("a", "9")]), Move::Lost(None), "nobody knows what is there");
    assert_eq!(moved(&old, &[], &[]), Move::Lost(None));

    let twin = ("a.1", new(Hashed, "1"));
    let put = from("a.1", "1", PutReason::BodyDiffers);
    assert_eq!(moved(&old, std::slice::from_ref(&twin), &[("a", "2"), ("a.1", "1")]), put);
    assert_eq!(moved(&old, std::slice::from_ref(&twin), &[("a.1", "1")]), from("a.1", "1", PutReason::Gone));
    assert_eq!(moved(&old, &[twin], &[("a.1", "3")]), Move::Lost(None), "the twin is another object by now");
    let rewritten = ("a.2", new(Hashed, "2"));
    assert_eq!(moved(&old, &[rewritten], &[("a.2", "2")]), Move::Lost(None));
}

#[test]
fn headers_alone_are_a_reason_but_not_for_hashed_names() {
    let (old, new) = (object(Role::Plain, "1", "old"), object(Role::Plain, "1", "new"));
    let put = from("a", "1", PutReason::HeadersDiffer(vec!["CacheControl".to_owned()]));
    assert_eq!(moved(&old, &[("a", new)], &[("a", "1")]), put);
    let (old, new) = (object(Role::Hashed, "1", "old"), object(Role::Hashed, "1", "new"));
    assert_eq!(moved(&old, &[("a", new.clone())], &[("a", "1")]), Move::Stay(Arc::new(new)));
}

/// The same body with another ETag, as in other parts.
#[test]
fn another_etag_of_the_same_body_is_known_by_its_record() {
    let old = object(Role::Hashed, "1", "");
    let again = RecordedObject { etag: "etag-parts".to_owned(), ..old.clone() };
    assert_eq!(moved(&old, &[("a", again.clone())], &[("a", "parts")]), Move::Stay(Arc::new(again)));
    assert_eq!(moved(&old, &[], &[("a", "parts")]), Move::Missing);
    assert_eq!(moved(&old, &[], &[]), Move::Missing);
}

#[test]
fn the_manifest_comes_from_the_record() {
    let old = object(Role::Manifest, "1", "");
    let put = |reason| Move::Put { from: BodySource::Record, reason };
    assert_eq!(moved(&old, &[], &[]), put(PutReason::Gone));
    assert_eq!(moved(&old, &[], &[("a", "2")]), put(PutReason::BodyDiffers));
    assert_eq!(moved(&old, &[], &[("a", "1")]), Move::Stay(Arc::new(old)));
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Hashed, Role::Plain, Role::Manifest])
}

proptest! {
    /// What is put has the body that the release had, and what stays has it, too.
    #[test]
    fn every_move_leads_back_to_the_release(
        target in prop::collection::btree_map("[a-d]", (role(), "[1-3]"), 1..5),
        others in prop::collection::vec(prop::collection::btree_map("[a-f]", (role(), "[1-3]"), 0..6), 0..3),
        there in prop::collection::btree_map("[a-f]", "[1-4]", 0..6),
    ) {
        let made = |objects: &BTreeMap<String, (Role, String)>| {
            let objects: Vec<_> = objects.iter()
                .map(|(name, (role, body))| (name.as_str(), object(*role, body, "")))
                .collect();
            record(&objects)
        };
        let (target, others) = (made(&target), others.iter().map(made).collect::<Vec<_>>());
        let mut memory = Memory::new(&target);
        others.iter().chain([&target]).for_each(|record| memory.add(record));
        let bodies: Vec<(&str, &str)> = there.iter().map(|(name, body)| (name.as_str(), body.as_str())).collect();
        let listing = listed(&bodies);
        let plan = memory.plan(&listing);
        prop_assert_eq!(plan.moves.keys().collect::<Vec<_>>(), target.objects.keys().collect::<Vec<_>>());
        for (name, it) in &plan.moves {
            let wanted = &target.objects[name];
            let is_there = there.get(name) == Some(&wanted.body);
            match it {
                Move::Stay(row) => prop_assert!(is_there && row.body == wanted.body),
                Move::Put { from: BodySource::Object(place), .. } => {
                    let name = place.key.trim_start_matches("static/");
                    prop_assert!(wanted.role == Role::Plain && there[name] == wanted.body && !is_there);
                }
                Move::Put { from: BodySource::Record, .. } => prop_assert!(wanted.role == Role::Manifest),
                Move::Put { from: BodySource::Version(_), .. } => prop_assert!(false, "nobody showed any"),
                Move::Lost(_) => {
                    let recorded = others.iter().chain([&target]).flat_map(|record| &record.objects);
                    let mut places = recorded.filter(|(name, row)| {
                        row.body == wanted.body && there.get(*name) == Some(&row.body)
                    });
                    prop_assert!(wanted.role == Role::Plain && places.next().is_none());
                }
                Move::Missing => prop_assert!(wanted.role == Role::Hashed && !is_there),
            }
        }
    }
}
