//! Pushes, and what is left of them in time, over a bucket in memory whose clock follows tokio's.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::sleep;

use super::*;
use crate::ledger::SeenPointer;
use crate::name::{AppName, ObjectKey};
use crate::parameters::ObjectParameters;
use crate::prepare::prepare;
use crate::push::{PushOptions, push};
use crate::release::ReleaseId;
use crate::report::Silent;
use crate::settings::{Backend, InvalidationSettings, OnConflict};
use crate::store::memory::{Conditions, Fault, MemoryStore, StoredObject};
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DRY: GcOptions =
    GcOptions { delete: false, max_delete: MAX_DELETE, allow_drop: false, alone: false, by: String::new() };

const DELETE: GcOptions =
    GcOptions { delete: true, max_delete: MAX_DELETE, allow_drop: false, alone: false, by: String::new() };

/// A site with hashed names, of which one release is kept for a day.
fn settings(site: &Site) -> Settings {
    let mut settings = Settings { backend: Backend::S3ManifestStaticStorage, ..site.settings() };
    settings.releases.record = true;
    settings.releases.retain = 1;
    settings.releases.min_age = DAY;
    settings
}

async fn pushed(settings: &Settings, store: &Watched) {
    let prepared = prepare(settings, None).expect("assets");
    let (options, cancel) = (PushOptions::default(), CancellationToken::new());
    let summary = push(settings, options, prepared, store.clone(), Arc::new(Silent), cancel).await;
    assert!(summary.ok, "{:?}", summary.errors);
}

async fn collected(settings: &Settings, options: GcOptions, store: &Watched) -> GcSummary {
    gc(settings, options, store.clone(), Arc::new(Silent), CancellationToken::new()).await
}

/// What the bucket has, records and pointers aside.
fn keys(store: &Watched) -> Vec<String> {
    let keys = store.memory().objects().into_keys();
    keys.filter(|key| !key.contains(".s3collect/")).map(|key| key.replace("static/", "")).collect()
}

fn records(store: &Watched) -> usize {
    store.memory().objects().keys().filter(|key| key.contains("/releases/")).count()
}

fn steps(summary: &GcSummary) -> Vec<(&'static str, &str)> {
    summary.steps.iter().map(|step| (step.action, step.name.as_str())).collect()
}

#[track_caller]
fn refusal(summary: &GcSummary) -> (&str, Exit) {
    assert_eq!(
        (summary.ok, summary.deleted, summary.note.as_deref()),
        (false, 0, Some("nothing was deleted"))
    );
    let [error] = summary.errors.as_slice() else { panic!("{:?}", summary.errors) };
    (&error.message, summary.exit())
}

async fn pointer(settings: &Settings, store: &Watched, app: &str) -> SeenPointer {
    let ledger = Ledger::new(settings, Arc::new(store.clone())).expect("a ledger");
    ledger.of(AppName::new(app).expect("a name")).pointer().await.expect("an answer")
}

/// A bucket with two releases that are a while old: `a.css` changed between them, `b.css` went.
async fn two_releases(store: &Watched) -> (Site, Settings) {
    let site = Site::new(&[("a.css", b"a{}"), ("b.css", b"b{}"), ("c.css", b"c{}")]);
    let settings = settings(&site);
    pushed(&settings, store).await;
    sleep(DAY).await;
    site.write("a.css", b"a{a:b}");
    site.remove("b.css");
    pushed(&settings, store).await;
    sleep(DAY + Duration::from_secs(1)).await;
    (site, settings)
}

const POINTER: &str = "static/.s3collect/default/current";
const OTHER: &str = "static/.s3collect/other/current";
const OLD: [&str; 3] = ["a.307cc22fa776.css", "b.c1f7557b6ebb.css", "b.css"];

#[tokio::test(start_paused = true)]
async fn what_no_release_needs_goes_once_it_is_old_enough() {
    let store = Watched::new();
    let site = Site::new(&[("a.css", b"a{}"), ("b.css", b"b{}"), ("c.css", b"c{}")]);
    let settings = settings(&site);
    pushed(&settings, &store).await;
    sleep(DAY * 100).await;
    store.memory().insert("static/d.css", "d", ObjectParameters::default());
    site.write("a.css", b"a{a:b}");
    site.remove("b.css");
    pushed(&settings, &store).await;
    let both = keys(&store);
    sleep(DAY - Duration::from_secs(10)).await;
    let young = collected(&settings, DELETE, &store).await;
    assert_eq!((young.ok, young.deleted, young.young, young.kept, young.unrecorded), (true, 0, 3, 5, 1));
    assert_eq!((keys(&store), records(&store)), (both.clone(), 2));

    sleep(Duration::from_secs(20)).await;
    let before = store.memory().objects();
    let told = collected(&settings, DRY, &store).await;
    assert_eq!(store.memory().objects(), before, "nothing was written");
    assert_eq!(
        (told.ok, told.dry_run, told.deleted, told.bytes_deleted, told.records_deleted),
        (true, true, 3, 9, 1)
    );
    let all = told.steps.iter().map(|step| (step.action, step.name.as_str())).collect::<Vec<_>>();
    assert_eq!(all, OLD.map(|name| ("delete", name)));
    assert_eq!(
        told.to_string(),
        "3 objects to delete (9 bytes), 5 kept, 0 too young, 1 not recorded; 1 old record to delete  \
         s3://memory/static/  0.0 s"
    );

    let done = collected(&settings, DELETE, &store).await;
    assert_eq!(
        (done.ok, done.deleted, done.failed, done.not_tried, done.records_deleted),
        (true, 3, 0, 0, 1)
    );
    assert_eq!(keys(&store), both.into_iter().filter(|key| !OLD.contains(&key.as_str())).collect::<Vec<_>>());
    assert_eq!(records(&store), 1);
    let after = pointer(&settings, &store, "default").await.pointer;
    assert!(after.claim.is_none() && after.swept.is_some(), "{after:?}");

    let before = store.memory().objects();
    let again = collected(&settings, DELETE, &store).await;
    assert_eq!((again.ok, again.deleted, again.releases, again.releases_kept), (true, 0, 1, 1));
    assert_eq!(store.memory().objects(), before, "nothing was written");
    pushed(&settings, &store).await;
}

#[tokio::test(start_paused = true)]
async fn kept_releases_of_other_apps_and_live_manifests_keep_what_they_name() {
    let store = Watched::new();
    let (site, settings) = two_releases(&store).await;
    // Another app has `b.css`, and collectstatic published a manifest that leads to the old `a.css`.
    let other = Site::new(&[("b.css", b"b{}"), ("z.css", b"z{}")]);
    let mut others = Settings { backend: Backend::S3StaticStorage, ..self::settings(&other) };
    others.releases.app = AppName::new("other").expect("a name");
    pushed(&others, &store).await;
    let manifest = format!("{{\"paths\": {{\"a.css\": \"{}\"}}, \"version\": \"1.0\"}}", OLD[0]);
    store.memory().insert("static/staticfiles.json", manifest, ObjectParameters::default());
    let told = collected(&settings, DRY, &store).await;
    assert_eq!(steps(&told), [("delete", OLD[1])]);
    assert_eq!(told.records_deleted, 0, "nobody would know of `a.css` any more");
    assert_eq!((told.releases, told.releases_kept), (3, 2));

    store.memory().insert("static/staticfiles.json", "<html>", ObjectParameters::default());
    let refused = collected(&settings, DELETE, &store).await;
    assert_eq!(refusal(&refused), ("`s3://memory/static/staticfiles.json` is no manifest", Exit::Failed));
    drop(site);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_stored_under_a_recorded_name_stays() {
    let store = Watched::new();
    let (_site, settings) = two_releases(&store).await;
    store.memory().insert("static/b.css", "theirs", ObjectParameters::default());
    // The very same bytes, and not by a push that was recorded.
    store.memory().insert(&format!("static/{}", OLD[0]), "a{}", ObjectParameters::default());
    let done = collected(&settings, DELETE, &store).await;
    assert_eq!(steps(&done), [("keep", OLD[0]), ("delete", OLD[1]), ("keep", "b.css")]);
    assert_eq!((done.ok, done.deleted), (true, 1));
    assert_eq!(store.memory().objects()["static/b.css"].body, "theirs");
    assert!(done.steps[0].reason.starts_with("another object than release `"), "{}", done.steps[0].reason);
}

#[tokio::test(start_paused = true)]
async fn too_many_victims_and_a_release_that_lost_most_are_refused() {
    let store = Watched::new();
    let (site, settings) = two_releases(&store).await;
    let before = keys(&store);
    let few = GcOptions { max_delete: 2, ..DELETE };
    let refused = collected(&settings, few.clone(), &store).await;
    assert_eq!(refusal(&refused), ("3 objects would be deleted, more than 2", Exit::Failed));
    assert_eq!((refused.not_tried, keys(&store)), (3, before));
    let told = collected(&settings, GcOptions { delete: false, ..few }, &store).await;
    assert_eq!((told.ok, told.warnings.len(), told.deleted), (true, 1, 3));

    site.remove("a.css");
    site.remove("c.css");
    site.write("e.css", b"e{}");
    pushed(&settings, &store).await;
    sleep(DAY * 2).await;
    let before = keys(&store);
    let refused = collected(&settings, DELETE, &store).await;
    assert_eq!(
        refusal(&refused),
        ("the last release of app `default` lacks 4 of the 4 names of the one before", Exit::Failed)
    );
    assert_eq!(keys(&store), before);
    let done = collected(&settings, GcOptions { allow_drop: true, ..DELETE }, &store).await;
    assert_eq!((done.ok, done.deleted), (true, 7));
    assert_eq!(keys(&store), ["e.74dd58da22df.css", "e.css", "staticfiles.json"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_is_in_the_way_as_long_as_it_may_matter() {
    let store = Watched::new();
    let (site, settings) = two_releases(&store).await;
    let mut ids: Vec<String> =
        store.memory().objects().into_keys().filter(|key| key.contains("/releases/")).collect();
    ids.sort();
    let [old, published] = ids.as_slice() else { panic!("{ids:?}") };
    let good = store.memory().objects()[published].clone();
    store.memory().insert(published, "{}", ObjectParameters::default());
    let refused = collected(&settings, DELETE, &store).await;
    assert_eq!(
        refusal(&refused),
        (format!("`{published}` is no record of a release").as_str(), Exit::Failed)
    );
    store.memory().place(published, good);

    // Its writing is what superseded the first one, which is young again by it.
    sleep(DAY * 2).await;
    store.memory().insert(old, "{}", ObjectParameters::default());
    let done = collected(&settings, DELETE, &store).await;
    assert_eq!((done.ok, done.deleted, done.warnings.len()), (true, 0, 1), "nothing is known of its objects");
    assert!(store.memory().objects().contains_key(old));

    site.write("c.css", b"c{c:d}");
    pushed(&settings, &store).await;
    store.memory().insert(published, "{}", ObjectParameters::default());
    let refused = collected(&settings, DELETE, &store).await;
    assert_eq!(
        refusal(&refused),
        (format!("`{published}` is no record of a release").as_str(), Exit::Failed),
        "it may have had an object that was old before"
    );
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_refused_stay_and_so_does_the_record_that_knows_them() {
    let store = Watched::new();
    let (_site, settings) = two_releases(&store).await;
    store.memory().fail(Fault {
        operation: Operation::DeleteObject,
        key: Some("static/b.css".to_owned()),
        kind: StoreErrorKind::AccessDenied { permissions: vec!["s3:DeleteObject"] },
        done: false,
    });
    let done = collected(&settings, DELETE, &store).await;
    assert_eq!((done.ok, done.deleted, done.failed, done.records_deleted), (false, 2, 1, 0));
    let errors: Vec<_> = done.errors.iter().map(|error| error.key.as_deref()).collect();
    assert_eq!(errors, [Some("static/b.css")]);
    assert_eq!(
        done.note.as_deref(),
        Some(
            "2 of 3 objects were deleted; no release needs the others either, and the next `gc` deletes them"
        )
    );
    assert!(pointer(&settings, &store, "default").await.pointer.swept.is_some());
    let again = collected(&settings, DELETE, &store).await;
    assert_eq!((again.ok, steps(&again), again.records_deleted), (true, vec![("delete", "b.css")], 1));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_to_delete_leaves_everything() {
    let store = Watched::new();
    let (_site, settings) = two_releases(&store).await;
    let before = keys(&store);
    let kind = StoreErrorKind::AccessDenied { permissions: vec!["s3:DeleteObject"] };
    store.memory().fail_next(Operation::DeleteObjects, kind, 1);
    let refused = collected(&settings, DELETE, &store).await;
    assert_eq!((refused.ok, refused.deleted, refused.failed, refused.records_deleted), (false, 0, 3, 0));
    assert_eq!((keys(&store), records(&store)), (before, 2));
    assert!(pointer(&settings, &store, "default").await.pointer.claim.is_none());
}

/// A claim of somebody else, put into the pointer of an app.
async fn claim(settings: &Settings, store: &Watched, app: &str, kind: ClaimKind) {
    let ledger = Ledger::new(settings, Arc::new(store.clone())).expect("a ledger");
    let ledger = ledger.of(AppName::new(app).expect("a name"));
    let seen = ledger.pointer().await.expect("an answer");
    let id = ReleaseId::begun(1, 0);
    let claim = Claim { id, kind, order: None, by: "ci".to_owned(), victims: Vec::new() };
    let pointer = seen.pointer.claimed(claim).expect("nobody is there");
    ledger.swap(&seen, pointer).await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_half_way_is_heeded_dead_or_alive() {
    for (app, kind) in
        [("other", ClaimKind::Push), ("other", ClaimKind::Rollback), ("default", ClaimKind::Push)]
    {
        let store = Watched::new();
        let (_site, settings) = two_releases(&store).await;
        let before = keys(&store);
        claim(&settings, &store, app, kind).await;
        if app == "other" {
            let refused = collected(&settings, DELETE, &store).await;
            let (message, exit) = refusal(&refused);
            assert!(message.ends_with("` by `ci` of app `other` is at work"), "{message}");
            assert_eq!(exit, Exit::Overtaken);
            let told = collected(&settings, DRY, &store).await;
            assert_eq!((told.ok, told.deleted, told.warnings.len()), (true, 3, 1));
            sleep(Duration::from_secs(601)).await;
        }
        // That of the app itself is waited for.
        let refused = collected(&settings, DELETE, &store).await;
        let (message, exit) = refusal(&refused);
        assert!(message.ends_with(&format!("` by `ci` of app `{app}` never ended")), "{message}");
        assert_eq!((exit, keys(&store)), (Exit::Failed, before));
    }
}

#[tokio::test(start_paused = true)]
async fn a_gc_that_died_is_passed_over_and_remembered() {
    let store = Watched::new();
    let (_site, settings) = two_releases(&store).await;
    claim(&settings, &store, "default", ClaimKind::Gc).await;
    let done = collected(&settings, DELETE, &store).await;
    assert_eq!((done.ok, done.deleted), (true, 3));

    claim(&settings, &store, "default", ClaimKind::Gc).await;
    sleep(DAY).await;
    pushed(&settings, &store).await;
    let after = pointer(&settings, &store, "default").await.pointer;
    assert_eq!((after.claim, after.swept), (None, Some(ReleaseId::begun(1, 0))));
}

/// A bucket in which something happens once it is armed, when a request of a kind arrives.
struct Trap {
    store: Watched,
    armed: Arc<AtomicBool>,
}

impl Trap {
    fn new(
        operation: Operation,
        key: &'static str,
        strike: impl Fn(&MemoryStore) + Send + Sync + 'static,
    ) -> Self {
        let armed = Arc::new(AtomicBool::new(false));
        let itself: Arc<OnceLock<Watched>> = Arc::default();
        let (arm, within) = (Arc::clone(&armed), Arc::clone(&itself));
        let store = Watched::hooked(move |seen, seen_key| {
            if seen == operation && seen_key == key && arm.swap(false, Ordering::Relaxed) {
                strike(within.get().expect("it was set").memory());
            }
        });
        assert!(itself.set(store.clone()).is_ok());
        Self { store, armed }
    }

    fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
    }
}

/// The pointer of the other app as a push of it would leave it.
fn claimed_pointer() -> StoredObject {
    let claim = Claim {
        id: ReleaseId::begun(1, 0),
        kind: ClaimKind::Push,
        order: None,
        by: "ci".to_owned(),
        victims: Vec::new(),
    };
    let pointer = Pointer { serial: 7, ..Pointer::default() }.claimed(claim).expect("nobody is there");
    StoredObject::new(pointer.to_json().into(), ObjectParameters::default(), Vec::new())
}

/// The claim of a push that appears after everything was read, when the claim of the gc is on its way.
#[tokio::test(start_paused = true)]
async fn a_push_that_claims_at_the_same_time_comes_first() {
    let trap = Trap::new(Operation::PutObject, POINTER, |bucket| bucket.place(OTHER, claimed_pointer()));
    let store = &trap.store;
    let (_site, settings) = two_releases(store).await;
    let before = keys(store);
    trap.arm();
    let refused = collected(&settings, DELETE, store).await;
    let (message, exit) = refusal(&refused);
    assert!(message.ends_with("` by `ci` of app `other` is at work"), "{message}");
    assert_eq!((exit, keys(store)), (Exit::Overtaken, before));
    assert!(pointer(&settings, store, "default").await.pointer.claim.is_none(), "it is given back");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_published_meanwhile_counts() {
    let store = Watched::new();
    let (site, settings) = two_releases(&store).await;
    // The old tree comes back while the gc runs: whichever is first, nothing that is live is missing.
    site.write("a.css", b"a{}");
    site.write("b.css", b"b{}");
    let mut others = settings.clone();
    others.releases.app = AppName::new("other").expect("a name");
    others.releases.on_conflict = OnConflict::Retry;
    for wait in (0..400).step_by(20) {
        let store = store.copied();
        let late = async {
            sleep(Duration::from_millis(wait)).await;
            pushed(&others, &store).await;
        };
        let (done, ()) = tokio::join!(collected(&settings, DELETE, &store), late);
        assert!(done.ok || done.exit() == Exit::Overtaken, "{wait}: {:?}", done.errors);
        for name in OLD {
            assert!(keys(&store).contains(&name.to_owned()), "{wait}: {name}");
        }
    }
}

/// What another app is about to replace is as needed as what it finds: a gc deletes by name, whatever is there by then.
#[tokio::test(start_paused = true)]
async fn a_plain_name_that_is_replaced_meanwhile_stays() {
    let store = Watched::new();
    let (site, settings) = two_releases(&store).await;
    site.write("b.css", b"b{other:one}");
    let mut others = settings.clone();
    others.backend = Backend::S3StaticStorage;
    others.releases.app = AppName::new("other").expect("a name");
    for wait in (0..400).step_by(10) {
        let store = store.copied();
        let late = async {
            sleep(Duration::from_millis(wait)).await;
            pushed(&others, &store).await;
        };
        let (done, ()) = tokio::join!(collected(&settings, DELETE, &store), late);
        assert!(done.ok || done.exit() == Exit::Overtaken, "{wait}: {:?}", done.errors);
        let there = store.memory().objects().get("static/b.css").map(|object| object.body.clone());
        assert_eq!(there.as_deref(), Some(&b"b{other:one}"[..]), "{wait}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_at_once_one_is_told_or_finds_nothing_left() {
    let store = Watched::new();
    let (_site, settings) = two_releases(&store).await;
    let (one, two) = tokio::join!(collected(&settings, DELETE, &store), collected(&settings, DELETE, &store));
    assert_eq!(one.deleted + two.deleted, 3);
    for summary in [&one, &two] {
        assert!(summary.ok || summary.exit() == Exit::Overtaken, "{:?}", summary.errors);
    }
    assert!(pointer(&settings, &store, "default").await.pointer.claim.is_none());
    let third = collected(&settings, DELETE, &store).await;
    assert_eq!((third.ok, third.deleted, keys(&store).len()), (true, 0, 5));
}

const MANY: GcOptions =
    GcOptions { delete: true, max_delete: 9999, allow_drop: true, alone: false, by: String::new() };

/// A bucket with 1,503 objects that nobody needs any more.
async fn many(store: &Watched) -> (Site, Settings) {
    let site = Site::new(&[("a.css", b"a{}")]);
    let settings = settings(&site);
    pushed(&settings, store).await;
    let files: Vec<String> = (0..1500).map(|number| format!("{number}.txt")).collect();
    files.iter().for_each(|file| site.write(file, file.as_bytes()));
    let plain = Settings { backend: Backend::S3StaticStorage, ..settings.clone() };
    pushed(&plain, store).await;
    files.iter().for_each(|file| site.remove(file));
    site.remove("a.css");
    site.write("b.css", b"b");
    pushed(&plain, store).await;
    sleep(DAY * 2).await;
    (site, settings)
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_after_the_batch_and_gives_the_claim_back() {
    for (operation, due) in [(Operation::ListObjectsV2, 0), (Operation::DeleteObjects, 1000)] {
        let cancel = CancellationToken::new();
        let striking = cancel.clone();
        let store = Watched::hooked(move |seen, _| {
            if seen == operation {
                striking.cancel();
            }
        });
        let (_site, settings) = many(&store).await;
        let cancelled = if operation == Operation::ListObjectsV2 { CancellationToken::new() } else { cancel };
        if operation == Operation::ListObjectsV2 {
            cancelled.cancel();
        }
        let done = gc(&settings, MANY, store.clone(), Arc::new(Silent), cancelled).await;
        assert_eq!((done.ok, done.interrupted, done.deleted, done.errors.len()), (false, true, due, 0));
        assert_eq!(done.exit(), Exit::Interrupted);
        let after = pointer(&settings, &store, "default").await.pointer;
        assert_eq!((after.claim, after.swept.is_some()), (None, due > 0));
        let rest = collected(&settings, MANY, &store).await;
        assert_eq!((rest.ok, rest.deleted + due), (true, 1503));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_without_conditions_wants_somebody_to_vouch() {
    for conditions in [Conditions::Ignored, Conditions::Refused, Conditions::Failed] {
        let store = Watched::new();
        store.memory().conditions(conditions);
        let (_site, settings) = two_releases(&store).await;
        let before = keys(&store);
        let told = collected(&settings, DRY, &store).await;
        assert_eq!((told.ok, told.deleted), (true, 3), "{conditions:?}");
        let refused = collected(&settings, DELETE, &store).await;
        let message = "this store has no conditional writes: a push at the same time would not be noticed";
        assert_eq!(refusal(&refused), (message, Exit::Failed), "{conditions:?}");
        assert_eq!(keys(&store), before, "{conditions:?}");
        assert!(pointer(&settings, &store, "default").await.pointer.claim.is_none(), "{conditions:?}");
        let done = collected(&settings, GcOptions { alone: true, ..DELETE }, &store).await;
        assert_eq!((done.ok, done.deleted), (true, 3), "{conditions:?}");
        let after = pointer(&settings, &store, "default").await.pointer;
        assert_eq!((after.claim, after.swept.is_some()), (None, true), "{conditions:?}");
        assert!(OLD.iter().all(|name| !keys(&store).contains(&(*name).to_owned())), "{conditions:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_lost_ends_it() {
    let trap = Trap::new(Operation::DeleteObjects, "static/0.txt", |bucket| {
        bucket.place(POINTER, claimed_pointer());
        // So long that the sign of life is due meanwhile.
        bucket.fail_next(Operation::DeleteObjects, StoreErrorKind::Unavailable, 4);
    });
    let (_site, mut settings) = many(&trap.store).await;
    settings.releases.claim_timeout = Duration::from_secs(4);
    trap.arm();
    let done = collected(&settings, MANY, &trap.store).await;
    assert_eq!((done.ok, done.exit(), done.records_deleted), (false, Exit::Overtaken, 0));
    assert_eq!((done.deleted, done.not_tried), (1000, 503), "the batch that was under way");
    let there = pointer(&settings, &trap.store, "default").await.pointer;
    assert_eq!(
        there.claim.map(|claim| claim.kind),
        Some(ClaimKind::Push),
        "the claim of the other one stays"
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_without_releases_is_told_who_has_some() {
    let store = Watched::new();
    let (_site, mut settings) = two_releases(&store).await;
    settings.releases.app = AppName::new("shop").expect("a name");
    let refused = collected(&settings, DELETE, &store).await;
    assert_eq!(refusal(&refused), ("app `shop` has no releases here", Exit::Usage));
    assert_eq!(refused.errors[0].hint.as_deref(), Some("name one that has, `--app NAME`: `default`"));

    let empty = collected(&settings, DELETE, &Watched::new()).await;
    assert_eq!((empty.ok, empty.deleted, empty.releases), (true, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn records_without_a_pointer_keep_everything() {
    let store = Watched::new();
    let (_site, settings) = two_releases(&store).await;
    store.memory().insert(POINTER, "{}", ObjectParameters::default());
    let refused = collected(&settings, DELETE, &store).await;
    let message = "`static/.s3collect/default/current` is no pointer to a release";
    assert_eq!(refusal(&refused), (message, Exit::Failed));

    store.memory().delete(&[ObjectKey::new(POINTER).expect("a key")]).await.expect("deleted");
    let refused = collected(&settings, DELETE, &store).await;
    assert_eq!(refusal(&refused), ("app `default` has records and no pointer", Exit::Failed));
    assert_eq!(records(&store), 2);
}

#[tokio::test(start_paused = true)]
async fn caches_are_told_of_plain_names_that_are_gone() {
    let store = Watched::new();
    let (_site, mut settings) = two_releases(&store).await;
    settings.invalidation = Some(InvalidationSettings {
        distribution: "E1".to_owned(),
        budget: 9,
        wait: false,
        endpoint_url: None,
    });
    let dry = collected(&settings, DRY, &store).await;
    assert_eq!(steps(&dry), OLD.map(|name| ("delete", name)));
    let told = dry.invalidation.expect("an invalidation");
    assert_eq!((told.state, told.paths), (InvalidationState::Due, vec!["/static/b.css".to_owned()]));
    let fresh = dry.changes.fresh;
    assert_eq!(fresh.len() + OLD.len(), keys(&store).len(), "{fresh:?}");
    assert!(fresh.contains(&"static/a.css".to_owned()), "{fresh:?}");
}
