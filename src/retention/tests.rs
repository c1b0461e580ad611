use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::release::{HeaderFingerprint, RecordedObject};

const DAY: u64 = 24 * 60 * 60;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn id(number: u64) -> ReleaseId {
    ReleaseId::begun(i64::try_from(number).expect("small"), 0)
}

fn app(name: &str) -> AppName {
    AppName::new(name).expect("a name")
}

/// A record of objects, each with the version of its body.
fn record(number: u64, objects: &[(&str, u64)]) -> Record {
    let object = |version: u64| RecordedObject {
        role: Role::Plain,
        source: "s".to_owned(),
        body: "b".to_owned(),
        etag: version.to_string(),
        size: version,
        headers: HeaderFingerprint::default(),
        put_at: number,
    };
    Record {
        id: id(number),
        app: "default".to_owned(),
        order: None,
        restores: None,
        settings: String::new(),
        manifest: None,
        objects: objects
            .iter()
            .map(|(name, version)| ((*name).to_owned(), Arc::new(object(*version))))
            .collect(),
    }
}

/// What a listing shows of a body, stored at a time.
fn listed(name: &str, version: u64, seconds: u64) -> (String, ListedObject) {
    let object = ListedObject {
        key: name.to_owned(),
        size: version,
        etag: version.to_string(),
        last_modified: Some(at(seconds)),
    };
    (name.to_owned(), object)
}

fn names(victims: &[Victim]) -> Vec<&str> {
    victims.iter().map(|victim| victim.name.as_str()).collect()
}

fn dated(releases: &[(u64, Option<u64>)]) -> Vec<Dated> {
    releases.iter().map(|(number, written)| Dated { id: id(*number), written: written.map(at) }).collect()
}

fn superseded(ranked: &[Ranked]) -> Vec<(ReleaseId, Option<SystemTime>)> {
    ranked.iter().map(|release| (release.id.clone(), release.superseded)).collect()
}

#[test]
fn the_newest_are_kept_and_the_published_one_however_old() {
    let releases = dated(&[(1, Some(10)), (3, Some(30)), (2, Some(20)), (4, Some(40))]);
    for (retain, published, expected) in [
        (1, 4, [None, Some(40), Some(30), Some(20)]),
        (2, 4, [None, None, Some(30), Some(20)]),
        (1, 2, [None, Some(40), None, Some(20)]),
        (9, 4, [None; 4]),
    ] {
        let ranked = ranked(releases.clone(), Some(&id(published)), retain);
        let ids = [4, 3, 2, 1].map(id).into_iter();
        let expected: Vec<_> = ids.zip(expected.map(|seconds| seconds.map(at))).collect();
        assert_eq!(superseded(&ranked), expected, "{retain} {published}");
    }
}

#[test]
fn of_two_releases_of_one_second_the_published_one_is_the_newer() {
    let ids = [0, 1, 2].map(|chance| ReleaseId::begun(1, chance));
    let releases = [(0, 20), (1, 10), (2, 10)];
    let releases =
        releases.map(|(index, written)| Dated { id: ids[index].clone(), written: Some(at(written)) });
    for (published, expected) in [(1, [0, 1, 2]), (2, [0, 2, 1])] {
        let ranked = ranked(releases.to_vec(), Some(&ids[published]), 1);
        let order: Vec<&ReleaseId> = ranked.iter().map(|release| &release.id).collect();
        assert_eq!(order, expected.map(|index| &ids[index]));
    }
}

#[test]
fn a_release_whose_successor_has_no_date_is_kept() {
    let ranked = ranked(dated(&[(1, None), (2, None)]), Some(&id(2)), 1);
    assert_eq!(superseded(&ranked), [(id(2), None), (id(1), None)]);
}

/// One object, and everything that keeps it or lets it go.
#[test]
fn each_reason_to_stay() {
    let old = record(1, &[("a", 1)]);
    let plan = |census: &Census, object: (String, ListedObject), now: u64| {
        census.plan(&BTreeMap::from([object]), at(now), Duration::from_secs(30 * DAY))
    };
    let census = |more: &[(&str, Record, Option<u64>)]| {
        let mut census = Census::default();
        census.add(&app("one"), &old, Some(at(100)));
        for (name, record, superseded) in more {
            census.add(&app(name), record, superseded.map(at));
        }
        census
    };
    let late = 100 + 30 * DAY + 1;
    let gone = plan(&census(&[]), listed("a", 1, 100), late);
    assert_eq!((names(&gone.victims), gone.records.len()), (vec!["a"], 1));
    assert_eq!((gone.victims[0].release.clone(), gone.victims[0].superseded), (id(1), at(100)));

    let young = plan(&census(&[]), listed("a", 1, 100), late - 1);
    assert_eq!((young.young, names(&young.victims), young.records.len()), (1, vec![], 0));
    let again = census(&[("one", record(2, &[("a", 1)]), Some(101))]);
    let young = plan(&again, listed("a", 1, 100), late);
    assert_eq!((young.young, young.records.len()), (1, 1), "its last release counts");

    let other = census(&[("two", record(3, &[("a", 9)]), None)]);
    let kept = plan(&other, listed("a", 1, 100), late);
    assert_eq!((kept.kept, names(&kept.victims), kept.records.len()), (1, vec![], 1));

    let mut live = census(&[]);
    live.keep("a");
    live.keep("nobody's");
    let kept = plan(&live, listed("a", 1, 100), late);
    assert_eq!((kept.kept, names(&kept.victims)), (1, vec![]));
    assert_eq!(kept.records, [], "nobody would know of the object without it");

    for changed in [listed("a", 2, 100), listed("a", 1, 101)] {
        let plan = plan(&census(&[]), changed, late);
        assert_eq!((names(&plan.victims), names(&plan.changed)), (vec![], vec!["a"]));
    }
    let mut dateless = listed("a", 1, 100);
    dateless.1.last_modified = None;
    assert_eq!(names(&plan(&census(&[]), dateless, late).victims), [""; 0]);
    let unknown = plan(&census(&[]), listed("b", 1, 1), late);
    assert_eq!(unknown, GcPlan { records: unknown.records.clone(), ..GcPlan::default() });
}

#[test]
fn an_object_is_known_by_any_record_of_it() {
    let mut census = Census::default();
    census.add(&app("one"), &record(1, &[("a", 1)]), Some(at(10)));
    census.add(&app("one"), &record(2, &[("a", 2)]), Some(at(20)));
    for version in [1, 2] {
        let plan = census.plan(&BTreeMap::from([listed("a", version, 5)]), at(30), Duration::ZERO);
        assert_eq!(names(&plan.victims), ["a"]);
        assert_eq!(plan.victims[0].release, id(2));
    }
}

#[test]
fn records_go_with_the_last_object_that_needs_them() {
    let mut census = Census::default();
    census.add(&app("one"), &record(1, &[("a", 1), ("b", 1)]), Some(at(10)));
    census.add(&app("one"), &record(2, &[("b", 1), ("c", 1)]), Some(at(20)));
    let listing = BTreeMap::from([listed("a", 1, 5), listed("b", 1, 5), listed("c", 1, 5)]);
    let plan = census.plan(&listing, at(30), Duration::ZERO);
    let ids = |stayed: &[&str]| -> Vec<ReleaseId> {
        plan.unneeded_records(&stayed.iter().copied().collect()).map(|record| record.id.clone()).collect()
    };
    assert_eq!(ids(&[]), [id(1), id(2)]);
    assert_eq!(ids(&["a"]), [id(2)]);
    assert_eq!(ids(&["b"]), [id(1)]);
    assert_eq!(ids(&["a", "c"]), []);
}

#[test]
fn what_changed_since_is_no_victim_any_more() {
    let mut census = Census::default();
    census.add(&app("one"), &record(1, &[("a", 1), ("b", 1), ("c", 1)]), Some(at(10)));
    let before = BTreeMap::from([listed("a", 1, 5), listed("b", 1, 5), listed("c", 1, 5)]);
    let mut plan = census.plan(&before, at(30), Duration::ZERO);
    assert_eq!(plan.bytes(), 3);
    plan.recheck(&BTreeMap::from([listed("a", 1, 5), listed("c", 1, 29)]));
    assert_eq!((names(&plan.victims), names(&plan.changed)), (vec!["a"], vec!["c"]));
}

#[test]
fn half_of_the_names_is_not_yet_most() {
    let dropped = |before: &[(&str, u64)], after: &[(&str, u64)]| {
        Dropped::between(&record(1, before), &record(2, after))
    };
    let half = dropped(&[("a", 1), ("b", 1)], &[("b", 2), ("c", 1)]);
    assert_eq!((half, half.is_most()), (Dropped { dropped: 1, all: 2 }, false));
    assert!(dropped(&[("a", 1), ("b", 1), ("c", 1)], &[("c", 1)]).is_most());
    assert!(!dropped(&[], &[]).is_most());
}

/// Releases of some apps: what each has, and the seconds until the next.
type Apps = Vec<Vec<(Vec<(u8, u64)>, u64)>>;

fn apps() -> impl Strategy<Value = Apps> {
    let objects = prop::collection::vec((0_u8..8, 0_u64..3), 0..6);
    let releases = prop::collection::vec((objects, 0_u64..40), 1..6);
    prop::collection::vec(releases, 1..4)
}

proptest! {
    #[test]
    fn nothing_that_is_needed_is_ever_a_victim_and_nothing_else_stays(
        apps in apps(),
        published in prop::collection::vec(any::<prop::sample::Index>(), 4),
        objects in prop::collection::btree_map(0_u8..10, (0_u64..3, 0_u64..150), 0..10),
        live in prop::collection::vec(0_u8..10, 0..2),
        (retain, min_age, now) in (1_u64..4, 0_u64..60, 0_u64..300),
    ) {
        let mut census = Census::default();
        // Name → when it was needed for the last time, `None` for still; and what was recorded of it.
        let mut needed: HashMap<String, Option<u64>> = HashMap::new();
        let mut recorded: HashSet<(String, u64)> = HashSet::new();
        for (index, releases) in apps.iter().enumerate() {
            let published = published[index].index(releases.len());
            let mut written = 0;
            let records: Vec<(Record, u64)> = releases.iter().zip(0_u64..).map(|((objects, gap), number)| {
                written += gap;
                let objects: Vec<(String, u64)> =
                    objects.iter().map(|(name, version)| (name.to_string(), *version)).collect();
                let objects: Vec<(&str, u64)> =
                    objects.iter().map(|(name, version)| (name.as_str(), *version)).collect();
                (record(number, &objects), written)
            }).collect();
            let dated = records.iter()
                .map(|(record, written)| Dated { id: record.id.clone(), written: Some(at(*written)) })
                .collect();
            let ranked = ranked(dated, Some(&records[published].0.id), retain);
            for release in &ranked {
                let position = records.iter().position(|(record, _)| record.id == release.id).expect("one");
                let (record, _) = &records[position];
                let app = app(&format!("app-{index}"));
                census.add(&app, record, release.superseded);
                for (name, object) in &record.objects {
                    recorded.insert((name.clone(), object.size));
                    let until = release.superseded.map(|since| {
                        since.duration_since(SystemTime::UNIX_EPOCH).expect("later").as_secs()
                    });
                    let known = needed.entry(name.clone()).or_insert(until);
                    *known = match (*known, until) {
                        (Some(known), Some(until)) => Some(known.max(until)),
                        _ => None,
                    };
                }
            }
            // The first `retain` by time, told apart from the code above, and the published one.
            for (position, (record, _)) in records.iter().enumerate() {
                if position == published || (records.len() - position) as u64 <= retain {
                    let release = ranked.iter().find(|release| release.id == record.id).expect("one");
                    prop_assert_eq!(release.superseded, None);
                }
            }
        }
        for name in &live {
            census.keep(&name.to_string());
            needed.entry(name.to_string()).and_modify(|until| *until = None);
        }
        let listing: BTreeMap<String, ListedObject> = objects.iter()
            .map(|(name, (version, modified))| listed(&name.to_string(), *version, *modified))
            .collect();
        let plan = census.plan(&listing, at(now), Duration::from_secs(min_age));
        for (name, (version, modified)) in &objects {
            let name = name.to_string();
            let expected = match needed.get(&name) {
                None | Some(None) => false,
                Some(Some(until)) => {
                    recorded.contains(&(name.clone(), *version)) && modified <= until && now > until + min_age
                }
            };
            prop_assert_eq!(plan.victims.iter().any(|victim| victim.name == name), expected, "{}", name);
        }
        prop_assert!(plan.victims.iter().all(|victim| listing.contains_key(&victim.name)));
        let told = plan.victims.len() + plan.changed.len();
        let known = listing.keys().filter(|name| needed.contains_key(*name)).count();
        prop_assert_eq!(told as u64 + plan.kept + plan.young, known as u64);
    }
}

/// Where a name is a hashed one for one app and a plain one for another, caches may hold what it no longer means.
#[test]
fn a_name_is_hashed_where_it_is_so_in_all_releases() {
    let role_of = |roles: [Role; 2]| {
        let mut census = Census::default();
        for (number, role) in (1..).zip(roles) {
            let mut record = record(number, &[("a.css", 1)]);
            record.objects.values_mut().for_each(|object| Arc::make_mut(object).role = role);
            census.add(&app("shop"), &record, Some(at(100)));
        }
        let plan = census.plan(&BTreeMap::from([listed("a.css", 1, 50)]), at(1000), Duration::from_secs(1));
        plan.victims[0].role
    };
    for (roles, expected) in [
        ([Role::Hashed, Role::Hashed], Role::Hashed),
        ([Role::Hashed, Role::Plain], Role::Plain),
        ([Role::Plain, Role::Hashed], Role::Plain),
    ] {
        assert_eq!(role_of(roles), expected, "{roles:?}");
    }
}
