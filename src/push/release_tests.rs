//! Recorded pushes over a bucket in memory: what they remember, and how they keep out of each other's way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use md5::{Digest as _, Md5};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::*;
use crate::error::Exit;
use crate::ledger::Ledger;
use crate::manifest::Manifest;
use crate::name::AppName;
use crate::parameters::Parameter;
use crate::prepare::prepare;
use crate::release::{Claim, ClaimKind, Pointer, Record, ReleaseId};
use crate::report::Silent;
use crate::settings::{Backend, InvalidationSettings, OnConflict};
use crate::store::memory::{Conditions, Fault, StoredObject};
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched, parameters};

const MANIFEST: &str = "static/staticfiles.json";
const POINTER: &str = "static/.s3collect/default/current";

/// A tree whose every file differs from that of any other number, but for one.
fn tree(number: u32) -> Site {
    let page = format!("<p>{number}");
    let style = format!("a{{b:url(../img/b.png?{number})}}");
    let image = format!("\u{89}PNG{number}");
    Site::new(&[
        ("css/a.css", style.as_bytes()),
        ("img/b.png", image.as_bytes()),
        ("index.html", page.as_bytes()),
        ("same.txt", b"same"),
    ])
}

fn settings(site: &Site) -> Settings {
    let mut settings = Settings { backend: Backend::S3ManifestStaticStorage, ..site.settings() };
    settings.releases.record = true;
    settings
}

async fn pushed(settings: &Settings, store: &Watched) -> Summary {
    let prepared = prepare(settings, None).expect("assets");
    let options = PushOptions { by: "ci".to_owned(), ..PushOptions::default() };
    push(settings, options, prepared, store.clone(), Arc::new(Silent), CancellationToken::new()).await
}

fn ledger(settings: &Settings, store: &Watched) -> Ledger<Watched> {
    Ledger::new(settings, Arc::new(store.clone())).expect("a ledger")
}

async fn pointer(settings: &Settings, store: &Watched) -> Pointer {
    ledger(settings, store).pointer().await.expect("a pointer").pointer
}

/// The record of the release that is live.
async fn record(settings: &Settings, store: &Watched) -> Record {
    let live = pointer(settings, store).await.published.expect("a release");
    ledger(settings, store).record(&live.id).await.expect("a record").expect("a record")
}

/// Everything but records.
fn assets(store: &Watched) -> BTreeMap<String, StoredObject> {
    let mut objects = store.memory().objects();
    objects.retain(|key, _| !key.contains("/.s3collect/"));
    objects
}

/// What an undisturbed push of a tree makes of an empty bucket.
async fn undisturbed(site: &Site) -> BTreeMap<String, StoredObject> {
    let store = Watched::new();
    assert!(pushed(&settings(site), &store).await.ok);
    assets(&store)
}

/// Everything that the manifest of a bucket names is there, if there is one.
#[track_caller]
fn assert_whole(objects: &BTreeMap<String, StoredObject>) {
    let Some(manifest) = objects.get(MANIFEST) else { return };
    for stored_name in Manifest::parse(&manifest.body).expect("a manifest").paths().values() {
        assert!(objects.contains_key(&format!("static/{stored_name}")), "{stored_name} is missing");
    }
}

/// Objects of a plain tree are those of the manifest, and nothing of another release.
#[track_caller]
fn assert_is(store: &Watched, expected: &BTreeMap<String, StoredObject>) {
    let found = assets(store);
    for (key, object) in expected {
        assert_eq!(found.get(key), Some(object), "{key}");
    }
}

fn requests(summary: &Summary) -> Vec<(&'static str, u64)> {
    summary.requests.clone().into_iter().collect()
}

fn told(summary: &Summary) -> Vec<&str> {
    summary.errors.iter().chain(&summary.warnings).map(|problem| problem.message.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_release_is_recorded_and_the_next_push_asks_for_nothing() {
    let (site, store) = (tree(1), Watched::new());
    let settings = settings(&site);
    let first = pushed(&settings, &store).await;
    assert!(first.ok, "{:?}", first.errors);
    // The pointer that is not there; the claim, the probe, the record, the release; and 9 objects.
    assert_eq!(requests(&first), [("GetObject", 1), ("ListObjectsV2", 2), ("PutObject", 13)]);
    let live = pointer(&settings, &store).await;
    assert_eq!((live.claim, live.order, live.serial), (None, None, 2));
    let record = record(&settings, &store).await;
    assert_eq!(first.release, Some(record.id.to_string()));
    let objects = assets(&store);
    assert_eq!(record.objects.len(), 9);
    for (name, recorded) in &record.objects {
        let object = &objects[&format!("static/{name}")];
        assert_eq!((&recorded.etag, recorded.size), (&object.etag, object.body.len() as u64), "{name}");
    }
    let manifest = record.manifest.expect("a manifest");
    assert_eq!(manifest.document.as_bytes(), objects[MANIFEST].body);

    let (before, asked) = (store.memory().objects(), store.memory().requests());
    let second = pushed(&settings, &store).await;
    let more: BTreeMap<&str, u64> =
        second.requests.iter().map(|(operation, number)| (*operation, number - asked[operation])).collect();
    assert_eq!(more, [("GetObject", 2), ("ListObjectsV2", 1), ("PutObject", 0)].into());
    assert_eq!((second.put, second.skipped, second.release), (0, 9, first.release));
    assert_eq!(store.memory().objects(), before, "nothing is written, no record either");
}

#[tokio::test(start_paused = true)]
async fn compressed_bodies_that_are_recorded_are_not_compressed_again() {
    let site = Site::new(&[("a.css", "a{}".repeat(99).as_bytes())]);
    let mut settings = Settings { backend: Backend::S3StaticStorage, ..settings(&site) };
    settings.objects.gzip.enabled = true;
    settings.objects.gzip.content_types = vec!["text/css".to_owned()];
    let store = Watched::new();
    let first = pushed(&settings, &store).await;
    let second = pushed(&settings, &store).await;
    assert_eq!(second.steps[0].reason, "as the last release");
    assert_eq!(second.steps[0].content_encoding.as_deref(), Some("gzip"));
    assert_eq!(
        (second.steps[0].stored_size, &second.steps[0].etag),
        (first.steps[0].stored_size, &first.steps[0].etag)
    );
    let record = record(&settings, &store).await;
    assert_ne!(record.objects["a.css"].source, record.objects["a.css"].body);
}

/// Of the headers that collectstatic or somebody else gave only those count that a HEAD shows.
#[tokio::test(start_paused = true)]
async fn what_others_stored_is_adopted_after_a_look_at_its_headers() {
    let site = Site::new(&[("a.css", b"a{}"), ("b.css", b"b{}"), ("c.css", b"c{}")]);
    let settings = Settings { backend: Backend::S3StaticStorage, ..settings(&site) };
    let store = Watched::new();
    let css = parameters(&json!({"ContentType": "text/css", "ACL": "public-read"}));
    store.memory().insert("static/a.css", "a{}", css);
    store.memory().insert("static/b.css", "b{}", parameters(&json!({"ContentType": "text/plain"})));
    store.memory().insert("static/foreign.css", "f", parameters(&json!({})));
    let first = pushed(&settings, &store).await;
    let reasons: Vec<&str> = first.steps.iter().map(|step| step.reason.as_str()).collect();
    assert_eq!(reasons, ["same ETag and headers", "headers changed: Content-Type", "new"]);
    assert_eq!(first.requests["HeadObject"], 2);
    let names: Vec<String> = record(&settings, &store).await.objects.into_keys().collect();
    assert_eq!(names, ["a.css", "b.css", "c.css"], "nothing is recorded that it has not seen");
    let second = pushed(&settings, &store).await;
    assert_eq!((second.put, second.requests["HeadObject"]), (0, 2), "no more of them");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_changed_is_repaired() {
    let (site, store) = (tree(1), Watched::new());
    let settings = settings(&site);
    pushed(&settings, &store).await;
    let expected = assets(&store);
    let plain = expected["static/css/a.css"].parameters.clone();
    store.memory().insert("static/css/a.css", "hacked", plain);
    sleep(Duration::from_secs(60)).await;
    let same = expected["static/index.html"].body.clone();
    store.memory().insert("static/index.html", same, parameters(&json!({"ContentType": "text/plain"})));
    let summary = pushed(&settings, &store).await;
    let mut reasons: Vec<(&str, &str)> = summary
        .steps
        .iter()
        .filter(|step| step.action == "put")
        .map(|step| (step.key.as_str(), step.reason.as_str()))
        .collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            ("static/css/a.css", "size differs: 6 stored, 24 now"),
            ("static/index.html", "headers changed: Content-Type")
        ]
    );
    assert_eq!(assets(&store), expected);
}

#[tokio::test(start_paused = true)]
async fn documents_that_cannot_be_read_block_nothing() {
    let (site, store) = (tree(1), Watched::new());
    let settings = settings(&site);
    pushed(&settings, &store).await;
    let expected = assets(&store);
    let id = record(&settings, &store).await.id;
    let key = format!("static/.s3collect/default/releases/{id}");
    let newer = "{\"s3collect_pointer\": 9, \"shape\": \"of the future\"}";
    for (key, body, message) in [
        (key.as_str(), "no gzip", format!("`{key}` is no record of a release")),
        (POINTER, "<html>", format!("`{POINTER}` is no pointer to a release")),
        (POINTER, newer, format!("`{POINTER}` is no pointer to a release")),
    ] {
        store.memory().insert(key, body.to_owned(), parameters(&json!({})));
        let summary = pushed(&settings, &store).await;
        assert!(summary.ok, "{:?}", summary.errors);
        assert_eq!((told(&summary), summary.put), (vec![message.as_str()], 0));
        assert_eq!(record(&settings, &store).await.objects.len(), 9, "and are written anew");
    }
    assert_eq!(assets(&store), expected);
}

#[tokio::test(start_paused = true)]
async fn a_later_commit_wins_whatever_the_order_of_finishing() {
    let (old, new, store) = (tree(1), tree(2), Watched::new());
    let ordered = |site: &Site, order| {
        let mut settings = settings(site);
        settings.releases.order = order;
        settings
    };
    assert!(pushed(&ordered(&new, Some(8)), &store).await.ok);
    let live = store.memory().objects();
    let late = pushed(&ordered(&old, Some(7)), &store).await;
    assert_eq!(late.exit(false), Exit::Overtaken);
    assert_eq!(told(&late), ["a release with the order 8 is published or under way, and this one has 7"]);
    assert_eq!(store.memory().objects(), live, "nothing is touched");
    assert!(pushed(&ordered(&new, Some(8)), &store).await.ok, "the same order is a re-run");
    // The same tree with a higher order keeps everything out that lies between.
    assert!(pushed(&ordered(&new, Some(12)), &store).await.ok);
    assert_eq!(pushed(&ordered(&old, Some(10)), &store).await.exit(false), Exit::Overtaken);
    let none = pushed(&ordered(&old, None), &store).await;
    assert_eq!(told(&none), ["the last release has the order 12 and this one has none: it counts as 12"]);
    assert_eq!(pointer(&ordered(&old, None), &store).await.order, Some(12));
}

#[tokio::test(start_paused = true)]
async fn a_push_that_drops_most_names_is_asked_about() {
    let (site, store) = (tree(1), Watched::new());
    pushed(&settings(&site), &store).await;
    let other = Site::new(&[("other.txt", b"o")]);
    let summary = pushed(&settings(&other), &store).await;
    assert_eq!(told(&summary), ["8 of the 8 names of the last release of app `default` are not in this one"]);
    let mut apart = settings(&other);
    apart.releases.app = crate::name::AppName::new("other").expect("a name");
    assert_eq!(told(&pushed(&apart, &store).await), [""; 0], "an app of its own has no last release");
}

/// A claim that somebody left is waited for no longer than they are given, and told.
#[tokio::test(start_paused = true)]
async fn a_claim_that_was_left_is_passed_over_in_time() {
    let (site, store) = (tree(1), Watched::new());
    let settings = settings(&site);
    let ledger = ledger(&settings, &store);
    let seen = ledger.pointer().await.expect("none");
    let id = ReleaseId::begun(0, 7);
    let claim = Claim {
        id: id.clone(),
        kind: ClaimKind::Push,
        order: None,
        by: "job 7".to_owned(),
        victims: Vec::new(),
    };
    let claimed = seen.pointer.claimed(claim).expect("nobody is there");
    ledger.swap(&seen, claimed).await.expect("a swap");
    let begun = tokio::time::Instant::now();
    let summary = pushed(&settings, &store).await;
    let waited = begun.elapsed();
    assert!((600..620).contains(&waited.as_secs()), "{waited:?}");
    assert!(summary.ok);
    let [message] = told(&summary)[..] else { panic!("{:?}", told(&summary)) };
    assert!(
        message.starts_with(&format!("the push `{id}` by `job 7` never ended, last seen 2027-01-15T")),
        "{message}"
    );
}

/// Two pushes of different trees at the same time: one is whole, and the other is told.
#[tokio::test(start_paused = true)]
async fn two_pushes_never_mix() {
    let (one, two) = (tree(1), tree(2));
    let expected = [undisturbed(&one).await, undisturbed(&two).await];
    let mut overtaken = 0;
    for delay in (0..200).step_by(8) {
        let store = Watched::new();
        let (first, second) = (settings(&one), settings(&two));
        let late = async {
            sleep(Duration::from_millis(delay)).await;
            pushed(&second, &store).await
        };
        let (first, second) = tokio::join!(pushed(&first, &store), late);
        for summary in [&first, &second] {
            assert!(summary.ok || summary.exit(false) == Exit::Overtaken, "{delay}: {:?}", summary.errors);
        }
        assert!(first.ok || second.ok, "{delay}");
        overtaken += u32::from(!first.ok) + u32::from(!second.ok);
        let last = if second.ok { 1 } else { 0 };
        assert_is(&store, &expected[last]);
        assert_whole(&store.memory().objects());
        let settings = settings([&one, &two][last]);
        assert_eq!(pushed(&settings, &store).await.put, 0, "{delay}: the record is true");
    }
    assert!(overtaken > 3, "they did meet: {overtaken}");
}

#[tokio::test(start_paused = true)]
async fn who_is_overtaken_can_compare_anew() {
    let (one, two) = (tree(1), tree(2));
    let expected = [undisturbed(&one).await, undisturbed(&two).await];
    for delay in (0..200).step_by(20) {
        let store = Watched::new();
        let patient = |site: &Site| {
            let mut settings = settings(site);
            settings.releases.on_conflict = OnConflict::Retry;
            settings
        };
        let (first, second) = (patient(&one), patient(&two));
        let late = async {
            sleep(Duration::from_millis(delay)).await;
            pushed(&second, &store).await
        };
        let (first, second) = tokio::join!(pushed(&first, &store), late);
        assert!(first.ok && second.ok, "{delay}: {:?} {:?}", first.errors, second.errors);
        assert_eq!((first.put + first.skipped, second.put + second.skipped), (9, 9), "{delay}");
        let is = |expected: &BTreeMap<String, StoredObject>| {
            let found = assets(&store);
            expected.iter().all(|(key, object)| found.get(key) == Some(object))
        };
        assert!(is(&expected[0]) || is(&expected[1]), "{delay}: one of them whole");
    }
}

/// What was put by hand in the middle of a push is not overwritten by it.
#[tokio::test(start_paused = true)]
async fn what_changes_under_a_push_ends_it() {
    let (old, new) = (tree(1), tree(2));
    let store = Watched::hooked(|_, _| ());
    pushed(&settings(&old), &store).await;
    let meddler = async {
        // The claim is there: the plan is made.
        while pointer(&settings(&old), &store).await.claim.is_none() {
            sleep(Duration::from_millis(1)).await;
        }
        store.memory().insert("static/css/a.css", "mine", parameters(&json!({})));
        store.memory().insert("static/img/b.png", "mine", parameters(&json!({})));
    };
    let fresh = settings(&new);
    let (summary, ()) = tokio::join!(pushed(&fresh, &store), meddler);
    assert_eq!(summary.exit(false), Exit::Overtaken, "{:?}", summary.errors);
    assert!(told(&summary)[0].ends_with("is another object now than when this push looked at it"));
    assert_eq!(store.memory().objects()["static/css/a.css"].body, "mine");
    assert_whole(&store.memory().objects());
    assert_eq!(pointer(&fresh, &store).await.claim, None, "the claim is given back");
    assert!(pushed(&fresh, &store).await.ok);
    assert_is(&store, &undisturbed(&new).await);
}

/// A hashed name that somebody else stored meanwhile is looked at: the same object counts as present.
#[tokio::test(start_paused = true)]
async fn a_hashed_name_that_is_there_by_now_is_looked_at() {
    let site = tree(1);
    let expected = undisturbed(&site).await;
    let hashed: Vec<String> = expected.keys().filter(|key| key.matches('.').count() > 1).cloned().collect();
    let (twin, other) = (hashed[0].clone(), hashed[1].clone());
    // What is another object makes the push compare anew.
    for (another, reason) in [(false, "stored by somebody else meanwhile"), (true, "same ETag and headers")] {
        let store = Watched::new();
        let meddler = async {
            // After the listing.
            while !store.memory().requests().contains_key("ListObjectsV2") {
                sleep(Duration::from_millis(1)).await;
            }
            store.memory().place(&twin, expected[&twin].clone());
            if another {
                store.memory().insert(&other, "something else", parameters(&json!({})));
            }
        };
        let settings = settings(&site);
        let (summary, ()) = tokio::join!(pushed(&settings, &store), meddler);
        assert!(summary.ok, "{:?}", summary.errors);
        assert_eq!((summary.put, summary.skipped), (8, 1));
        let step = summary.steps.iter().find(|step| step.key == twin).expect("a step");
        assert_eq!((step.action, step.reason.as_str()), ("skip", reason));
        assert_is(&store, &expected);
        assert_eq!(pushed(&settings, &store).await.put, 0);
    }
}

/// The answers of writes are lost: they meet their own first tries, and know them.
#[tokio::test(start_paused = true)]
async fn lost_answers_are_no_strangers() {
    let (old, new, store) = (tree(1), tree(2), Watched::new());
    pushed(&settings(&old), &store).await;
    for key in ["static/css/a.css", "static/index.html", MANIFEST, POINTER] {
        store.memory().fail(Fault {
            operation: Operation::PutObject,
            key: Some(key.to_owned()),
            kind: StoreErrorKind::ConnectionLost,
            done: true,
        });
    }
    let summary = pushed(&settings(&new), &store).await;
    assert!(summary.ok, "{:?}", summary.errors);
    assert_is(&store, &undisturbed(&new).await);
    assert_eq!(pushed(&settings(&new), &store).await.put, 0);
}

/// A failure anywhere leaves the old release in place, nobody waiting, and the next push ends as if nothing had been.
#[tokio::test(start_paused = true)]
async fn a_refused_put_of_any_object_gives_the_claim_back() {
    let (old, new) = (tree(1), tree(2));
    let expected = undisturbed(&new).await;
    let before = undisturbed(&old).await;
    for key in expected.keys().filter(|key| before.get(*key) != Some(&expected[*key])) {
        let store = Watched::new();
        pushed(&settings(&old), &store).await;
        let kind = StoreErrorKind::AccessDenied { permissions: Vec::new() };
        store.memory().fail(Fault {
            operation: Operation::PutObject,
            key: Some(key.clone()),
            kind,
            done: false,
        });
        let failed = pushed(&settings(&new), &store).await;
        assert!(!failed.ok, "{key}");
        assert_eq!(assets(&store)[MANIFEST], before[MANIFEST], "{key}");
        let left = pointer(&settings(&old), &store).await;
        assert_eq!(
            (left.claim, left.published.map(|live| live.id.to_string())),
            (None, failed.release),
            "{key}"
        );
        assert!(pushed(&settings(&new), &store).await.ok, "{key}");
        assert_is(&store, &expected);
    }
}

/// A push is cut off at any moment, a hundred times, and followed by another one. At every moment whoever follows the
/// manifest finds everything; and what the next push makes of the bucket is what an undisturbed one makes.
#[tokio::test(start_paused = true)]
async fn a_push_that_is_killed_is_finished_by_the_next() {
    let trees = [tree(1), tree(2), tree(3)];
    let expected = [undisturbed(&trees[0]).await, undisturbed(&trees[1]).await, undisturbed(&trees[2]).await];
    let store = Watched::new();
    let mut seed = 0x5eed_u64;
    let mut number = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    for round in 0..100 {
        let (killed, next) = ((number() % 3) as usize, (number() % 3) as usize);
        let moment = Duration::from_millis(number() % 220);
        let mut settings = [0, 1, 2].map(|index| settings(&trees[index]));
        for settings in &mut settings {
            settings.releases.claim_timeout = Duration::ZERO;
        }
        let done = CancellationToken::new();
        let reader = async {
            while !done.is_cancelled() {
                assert_whole(&store.memory().objects());
                sleep(Duration::from_millis(1)).await;
            }
        };
        let writers = async {
            let _killed = timeout(moment, pushed(&settings[killed], &store)).await;
            let summary = pushed(&settings[next], &store).await;
            done.cancel();
            assert!(summary.ok, "{round}: {:?}", summary.errors);
        };
        tokio::join!(reader, writers);
        assert_is(&store, &expected[next]);
        let record = record(&settings[next], &store).await;
        let found = assets(&store);
        for (name, recorded) in &record.objects {
            assert_eq!(found[&format!("static/{name}")].etag, recorded.etag, "{round}: {name}");
        }
        assert_eq!(pushed(&settings[next], &store).await.put, 0, "{round}");
    }
}

/// 50,000 objects take less than 5 MB, as stored.
#[tokio::test(start_paused = true)]
async fn records_are_small_and_hold_no_value_of_a_setting() {
    let (site, store) = (tree(1), Watched::new());
    let mut settings = settings(&site);
    settings.objects.parameters = parameters(&json!({
        "CacheControl": "max-age=31337", "Metadata": {"team": "planted-metadata"}, "ACL": "public-read",
        "SSECustomerAlgorithm": "AES256", "SSECustomerKey": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    }));
    assert!(pushed(&settings, &store).await.ok);
    let record = record(&settings, &store).await;
    let bytes = record.to_bytes();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*bytes), &mut text).expect("gzip");
    for planted in ["31337", "planted-metadata", "public-read", "AES256", "MDEyMzQ1"] {
        assert!(!text.contains(planted), "{planted} in {text}");
    }
    let one = record.objects.values().next().expect("an object").clone();
    let objects = (0..50_000_u32)
        .map(|number| {
            let digest = crate::digest::hex(&Md5::digest(number.to_be_bytes()));
            let object = crate::release::RecordedObject {
                etag: digest.clone(),
                source: digest.clone(),
                body: digest.clone(),
                ..(*one).clone()
            };
            (format!("assets/scripts/module-{number}.{}.js", &digest[..12]), Arc::new(object))
        })
        .collect();
    let size = Record { objects, ..record }.to_bytes().len();
    assert!(size < 5_000_000, "{size}");
}

/// The next push finds nothing changed, so that this one has to say what caches hold.
#[tokio::test(start_paused = true)]
async fn an_interrupt_once_a_release_is_live_tells_what_is_not_invalidated() {
    let (old, new) = (tree(1), tree(2));
    let (armed, cancel) = (Arc::new(AtomicBool::new(false)), CancellationToken::new());
    let (ready, striking) = (Arc::clone(&armed), cancel.clone());
    let store = Watched::hooked(move |operation, key| {
        if ready.load(Ordering::SeqCst) && operation == Operation::PutObject && key.contains("/releases/") {
            striking.cancel();
        }
    });
    pushed(&settings(&old), &store).await;
    armed.store(true, Ordering::SeqCst);
    let mut settings = settings(&new);
    settings.invalidation = Some(InvalidationSettings {
        distribution: "E1".to_owned(),
        budget: 9,
        wait: true,
        endpoint_url: Some("http://127.0.0.1:1".to_owned()),
    });
    let prepared = prepare(&settings, None).expect("assets");
    let options = PushOptions::default();
    let summary = push(&settings, options, prepared, store.clone(), Arc::new(Silent), cancel).await;
    assert_eq!((summary.exit(false), summary.note.as_deref()), (Exit::Interrupted, None));
    let live = pointer(&settings, &store).await.published.map(|live| live.id.to_string());
    assert_eq!(summary.release, live, "it is live");
    assert_eq!(assets(&store)["static/index.html"].body, "<p>2");
    let [error] = summary.errors.as_slice() else { panic!("{:?}", summary.errors) };
    assert_eq!(error.message, "interrupted before CloudFront answered for the distribution `E1`");
    assert_eq!(
        error.hint.as_deref(),
        Some(
            "run `aws cloudfront create-invalidation --distribution-id E1 --paths '/static/css/a.css' \
             '/static/img/b.png' '/static/index.html' '/static/staticfiles.json'`"
        )
    );
}

/// Stores that ignore conditions, refuse them, or answer them wrongly: a push is whole, says so once, and the next one finds
/// nothing to do.
#[tokio::test(start_paused = true)]
async fn a_store_without_conditions_is_served_as_well_as_can_be() {
    for conditions in [Conditions::Ignored, Conditions::Refused, Conditions::Failed] {
        let (site, store) = (tree(1), Watched::new());
        store.memory().conditions(conditions);
        let settings = settings(&site);
        let first = pushed(&settings, &store).await;
        let warning = "this store has no conditional writes: two pushes at the same time can mix";
        assert_eq!((first.ok, told(&first)), (true, vec![warning]), "{conditions:?}");
        assert_is(&store, &undisturbed(&site).await);
        let second = pushed(&settings, &store).await;
        assert_eq!((second.put, told(&second)), (0, vec![]), "{conditions:?}: nothing is claimed");
        let other = tree(2);
        let settings = self::settings(&other);
        let third = pushed(&settings, &store).await;
        assert_eq!((third.ok, told(&third)), (true, vec![warning]), "{conditions:?}");
        assert_is(&store, &undisturbed(&other).await);
        let live = pointer(&settings, &store).await;
        assert_eq!((live.claim, live.published.map(|live| live.id.to_string())), (None, third.release));
        // A claim of somebody else is waited for all the same.
        let ledger = ledger(&settings, &store);
        let seen = ledger.pointer().await.expect("an answer");
        let claim = Claim {
            id: ReleaseId::begun(0, 1),
            kind: ClaimKind::Push,
            order: None,
            by: String::new(),
            victims: Vec::new(),
        };
        ledger.overwrite(&seen.pointer.claimed(claim).expect("nobody is there")).await.expect("an answer");
        let begun = tokio::time::Instant::now();
        site.write("index.html", b"<p>again");
        assert!(pushed(&self::settings(&site), &store).await.ok);
        let waited = begun.elapsed() + Duration::from_secs(1);
        assert!(waited >= settings.releases.claim_timeout, "{conditions:?}: {waited:?}");
    }
}

/// The pointer of another app that a `gc` has something to do with.
async fn other_pointer(settings: &Settings, store: &Watched, change: impl Fn(Pointer) -> Pointer) {
    let other = ledger(settings, store).of(AppName::new("other").expect("a name"));
    let seen = other.pointer().await.expect("an answer");
    other.overwrite(&change(seen.pointer)).await.expect("an answer");
}

/// How often a push compared: it lists the objects each time.
fn compared(summary: &Summary, settings: &Settings, store: &Watched) -> usize {
    assert!(summary.ok, "{:?}", summary.errors);
    let prefix = settings.location.prefix();
    let begun = store.traffic().log.clone();
    begun
        .iter()
        .filter(|(begun, operation, key)| *begun && *operation == Operation::ListObjectsV2 && *key == prefix)
        .count()
}

/// An app that was cleaned some time, and whose pointer was written in the second in which this push lists, does not keep it
/// comparing until that second is over.
#[tokio::test(start_paused = true)]
async fn what_was_swept_is_looked_for_once() {
    let (site, store) = (tree(1), Watched::new());
    let settings = settings(&site);
    let swept = ReleaseId::begun(5, 5);
    other_pointer(&settings, &store, |pointer| Pointer { swept: Some(swept.clone()), ..pointer.next() })
        .await;
    let first = pushed(&settings, &store).await;
    assert_eq!(compared(&first, &settings, &store), 2);
}

/// A `gc` of another app that was killed is in nobody's way once it counts for dead.
#[tokio::test(start_paused = true)]
async fn a_gc_of_another_app_that_died_is_passed_over() {
    let (site, store) = (tree(1), Watched::new());
    let settings = settings(&site);
    assert!(pushed(&settings, &store).await.ok);
    let victims = record(&settings, &store).await.objects.into_keys().collect::<Vec<_>>();
    let claim =
        Claim { id: ReleaseId::begun(5, 5), kind: ClaimKind::Gc, order: None, by: String::new(), victims };
    other_pointer(&settings, &store, |pointer| pointer.claimed(claim.clone()).expect("nobody is there"))
        .await;
    for (number, patience) in [(2, 600), (3, 0)] {
        site.write("index.html", format!("<p>again {number}").as_bytes());
        let begun = tokio::time::Instant::now();
        store.traffic().log.clear();
        let next = pushed(&settings, &store).await;
        assert_eq!(compared(&next, &settings, &store), 2);
        let waited = begun.elapsed().as_secs();
        assert!((patience..patience + 10).contains(&(waited + 1)), "{waited}");
    }
}

/// Two pushes that differ in headers alone meet at hashed names: what is there afterwards is what is recorded.
#[tokio::test(start_paused = true)]
async fn headers_of_hashed_names_never_mix() {
    for behind in (0..200).step_by(10) {
        let (site, store) = (tree(1), Watched::new());
        let mut one = settings(&site);
        one.objects.parameters.set(Parameter::CacheControl, "max-age=1");
        let mut two = settings(&site);
        two.objects.parameters.set(Parameter::CacheControl, "max-age=2");
        let late = async {
            sleep(Duration::from_millis(behind)).await;
            pushed(&two, &store).await
        };
        let (first, second) = tokio::join!(pushed(&one, &store), late);
        assert!(first.ok || second.ok, "{behind}: {first:?} {second:?}");
        let live = pointer(&one, &store).await.published.map(|live| live.id.to_string());
        let winner = if live == first.release && first.ok { &one } else { &two };
        let expected = winner.objects.parameters.get(Parameter::CacheControl);
        for (key, object) in assets(&store) {
            let found = object.parameters.get(Parameter::CacheControl);
            assert_eq!(found, expected, "{behind}: {key}");
        }
    }
}
