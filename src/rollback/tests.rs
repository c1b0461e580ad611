//! Rollbacks over a bucket in memory: what comes back, what cannot, and who is in the way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::ledger::Claimed;
use crate::parameters::Parameter;
use crate::prepare::prepare;
use crate::push::{PushOptions, push};
use crate::report::{Silent, Summary};
use crate::settings::Backend;
use crate::store::memory::{Conditions, Fault, StoredObject};
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched};

fn settings(site: &Site, backend: Backend) -> Settings {
    let mut settings = Settings { backend, ..site.settings() };
    settings.releases.record = true;
    settings.objects.gzip.enabled = true;
    settings
}

async fn pushed(settings: &Settings, store: &Watched) -> Summary {
    let prepared = prepare(settings, None).expect("assets");
    let (options, cancel) = (PushOptions::default(), CancellationToken::new());
    let summary = push(settings, options, prepared, store.clone(), Arc::new(Silent), cancel).await;
    assert!(summary.ok, "{:?}", summary.errors);
    summary
}

async fn rolled_back(settings: &Settings, release: Option<&str>, store: &Watched) -> RollbackSummary {
    let options = RollbackOptions { release: release.map(str::to_owned), ..RollbackOptions::default() };
    rollback(settings, options, store.clone(), Arc::new(Silent), CancellationToken::new()).await
}

/// What the bucket has, records and pointers aside.
fn assets(store: &Watched) -> BTreeMap<String, StoredObject> {
    let objects = store.memory().objects().into_iter();
    objects.filter(|(key, _)| !key.contains(".s3collect/")).collect()
}

fn body(store: &Watched, name: &str) -> String {
    let object = &store.memory().objects()[&format!("static/{name}")];
    String::from_utf8_lossy(&object.body).into_owned()
}

fn lost(rolled: &RollbackSummary) -> Vec<&str> {
    rolled.not_restored.iter().map(|lost| lost.name.as_str()).collect()
}

async fn record(settings: &Settings, store: &Watched, id: &str) -> Record {
    let ledger = Ledger::new(settings, Arc::new(store.clone())).expect("a ledger");
    let id = ReleaseId::new(id).expect("an id");
    ledger.record(&id).await.expect("an answer").expect("a record")
}

/// Two releases with the manifest backend: of the first, its id and what the bucket had.
async fn two_releases(store: &Watched) -> (Site, Settings, String, BTreeMap<String, StoredObject>) {
    let site = Site::new(&[
        ("a.txt", b"a1"),
        ("b.txt", b"b1"),
        ("page.html", b"<p>1"),
        ("c.css", b"c{}c{}c{}c{}c{}c{}"),
    ]);
    let settings = settings(&site, Backend::S3ManifestStaticStorage);
    let first = pushed(&settings, store).await.release.expect("a release");
    let before = assets(store);
    sleep(Duration::from_secs(60)).await;
    site.write("a.txt", b"a2");
    site.write("page.html", b"<p>2");
    site.write("c.css", b"c{d:e}");
    site.write("new.txt", b"new");
    pushed(&settings, store).await;
    sleep(Duration::from_secs(60)).await;
    (site, settings, first, before)
}

#[tokio::test(start_paused = true)]
async fn the_release_before_comes_back_whole() {
    let store = Watched::new();
    let (site, settings, first, before) = two_releases(&store).await;
    let second = assets(&store);
    let rolled = rolled_back(&settings, None, &store).await;
    assert!(rolled.summary.ok, "{:?}", rolled.summary.errors);
    assert_eq!(
        (rolled.restored.as_ref().map(ReleaseId::as_str), rolled.summary.put),
        (Some(first.as_str()), 4)
    );
    assert_eq!(lost(&rolled), [""; 0]);
    // All that the first release had is there as it was, and nothing else was touched.
    let now = assets(&store);
    for (key, object) in &before {
        assert_eq!(now.get(key), Some(object), "{key}");
    }
    assert_eq!(now.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    let third = rolled.summary.release.clone().expect("a release");
    let (old, new) = (record(&settings, &store, &first).await, record(&settings, &store, &third).await);
    assert_eq!(new.restores.as_ref(), Some(&old.id));
    assert_eq!(new.manifest, old.manifest);
    let bare = |record: &Record| {
        let objects = record
            .objects
            .iter()
            .map(|(name, object)| (name.clone(), RecordedObject { put_at: 0, ..(**object).clone() }));
        objects.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(bare(&new), bare(&old));
    // The tree of the first release has nothing to put, that of the second all that was put back.
    site.write("a.txt", b"a1");
    site.write("page.html", b"<p>1");
    site.write("c.css", b"c{}c{}c{}c{}c{}c{}");
    site.remove("new.txt");
    assert_eq!(pushed(&settings, &store).await.put, 0);
}

#[tokio::test(start_paused = true)]
async fn the_one_before_a_rollback_is_the_one_before_what_it_put_back() {
    let store = Watched::new();
    let (site, settings, first, _) = two_releases(&store).await;
    site.write("a.txt", b"a3");
    pushed(&settings, &store).await;
    let rolled = rolled_back(&settings, None, &store).await;
    assert!(rolled.summary.ok, "{:?}", rolled.summary.errors);
    assert_eq!(body(&store, "a.txt"), "a2");
    let rolled = rolled_back(&settings, None, &store).await;
    assert_eq!(rolled.restored.as_ref().map(ReleaseId::as_str), Some(first.as_str()));
    assert_eq!(body(&store, "a.txt"), "a1");
    let none = rolled_back(&settings, None, &store).await;
    assert_eq!(none.summary.errors[0].message, "there is no release before the one that is live");
    assert_eq!(none.summary.note.as_deref(), Some("nothing was changed"));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_not_there_any_more_is_not_touched() {
    let store = Watched::new();
    let (_site, settings, first, before) = two_releases(&store).await;
    let hashed =
        before.keys().find(|key| key.contains("a.") && !key.ends_with("/a.txt")).expect("a hashed name");
    store.delete(&[crate::name::ObjectKey::new(hashed.clone()).expect("a key")]).await.expect("an answer");
    let now = store.memory().objects();
    let rolled = rolled_back(&settings, Some(&first), &store).await;
    let [error] = rolled.summary.errors.as_slice() else { panic!("{:?}", rolled.summary.errors) };
    assert_eq!(
        error.message,
        format!("`{}` of release `{first}` is not there any more", hashed.replace("static/", ""))
    );
    assert_eq!(
        (rolled.summary.exit(false), rolled.summary.note.as_deref()),
        (Exit::Failed, Some("nothing was changed"))
    );
    assert_eq!(store.memory().objects(), now);
}

#[tokio::test(start_paused = true)]
async fn without_a_manifest_what_was_replaced_is_lost_and_told() {
    let store = Watched::new();
    let site = Site::new(&[("a.txt", b"a1"), ("b.txt", b"b1"), ("c.txt", b"a1")]);
    let settings = settings(&site, Backend::S3StaticStorage);
    pushed(&settings, &store).await;
    site.write("a.txt", b"a2");
    site.write("b.txt", b"b2");
    pushed(&settings, &store).await;
    // The body of `a.txt` is that of `c.txt`, which is still there.
    let rolled = rolled_back(&settings, None, &store).await;
    assert!(rolled.summary.ok, "{:?}", rolled.summary.errors);
    assert_eq!(
        (body(&store, "a.txt"), body(&store, "b.txt"), lost(&rolled)),
        ("a1".into(), "b2".into(), vec!["b.txt"])
    );
    // What is there is recorded as it is: the next push of the old tree puts just that.
    site.write("a.txt", b"a1");
    site.write("b.txt", b"b1");
    assert_eq!(pushed(&settings, &store).await.put, 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_bucket_keeps_versions_of_is_never_lost() {
    let store = Watched::new();
    store.memory().keep_versions();
    let site = Site::new(&[
        ("a.txt", b"a1"),
        ("c.css", b"c{}c{}c{}c{}c{}c{}"),
        ("gone.txt", b"gone"),
        ("same.txt", b"same"),
    ]);
    let mut old = settings(&site, Backend::S3StaticStorage);
    old.objects.parameters.set(Parameter::CacheControl, "max-age=60");
    pushed(&old, &store).await;
    let before = assets(&store);
    sleep(Duration::from_secs(60)).await;
    let mut new = old.clone();
    new.objects.parameters.set(Parameter::CacheControl, "max-age=5");
    site.write("a.txt", b"a2");
    site.write("c.css", b"c{d:e}");
    pushed(&new, &store).await;
    store.delete(&[crate::name::ObjectKey::new("static/gone.txt").expect("a key")]).await.expect("an answer");
    let rolled = rolled_back(&new, None, &store).await;
    assert!(rolled.summary.ok, "{:?}", rolled.summary.errors);
    assert_eq!((rolled.summary.put, lost(&rolled)), (4, vec![]), "old headers are those of the versions");
    assert_eq!(assets(&store), before);
    assert!(verified(&new, &store).await);
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_ask_for_versions_goes_without_and_is_told() {
    let store = Watched::new();
    let site = Site::new(&[("a.txt", b"a1"), ("b.txt", b"b1"), ("c.txt", b"a1")]);
    let settings = settings(&site, Backend::S3StaticStorage);
    pushed(&settings, &store).await;
    site.write("a.txt", b"a2");
    site.write("b.txt", b"b2");
    pushed(&settings, &store).await;
    let denied = StoreErrorKind::AccessDenied { permissions: vec!["s3:ListBucketVersions"] };
    store.memory().fail_next(Operation::ListObjectVersions, denied, 1);
    let rolled = rolled_back(&settings, None, &store).await;
    assert_eq!((rolled.summary.ok, lost(&rolled), rolled.summary.warnings.len()), (true, vec!["b.txt"], 1));
}

#[tokio::test(start_paused = true)]
async fn a_release_of_which_nothing_is_left_is_refused() {
    let store = Watched::new();
    let site = Site::new(&[("a.txt", b"a1")]);
    let settings = settings(&site, Backend::S3StaticStorage);
    pushed(&settings, &store).await;
    site.write("a.txt", b"a2");
    pushed(&settings, &store).await;
    let rolled = rolled_back(&settings, None, &store).await;
    assert_eq!(rolled.summary.errors.len(), 1);
    assert!(
        rolled.summary.errors[0].message.ends_with("can be put back: 1 names are lost"),
        "{:?}",
        rolled.summary.errors
    );
}

#[tokio::test(start_paused = true)]
async fn headers_come_back_as_far_as_anybody_knows_them() {
    let store = Watched::new();
    let site = Site::new(&[("a.txt", b"a1"), ("b.txt", b"b1")]);
    let mut old = settings(&site, Backend::S3ManifestStaticStorage);
    old.objects.parameters.set(Parameter::CacheControl, "max-age=60");
    old.objects.parameters.set(Parameter::ContentLanguage, "de");
    old.objects.parameters.set_metadata("team", "web");
    pushed(&old, &store).await;
    let before = assets(&store);
    let mut new = old.clone();
    new.objects.parameters.set(Parameter::CacheControl, "max-age=5");
    site.write("a.txt", b"a2");
    pushed(&new, &store).await;
    // With the old settings all is known.
    let same = store.copied();
    let rolled = rolled_back(&old, None, &same).await;
    assert_eq!((rolled.summary.ok, lost(&rolled)), (true, vec![]));
    // Hashed names stay as they are: what they say is the same.
    let plain = before.iter().filter(|(key, _)| key.matches('.').count() == 1);
    assert_eq!(plain.clone().count(), 3);
    assert_eq!(plain.clone().find(|(key, object)| assets(&same).get(*key) != Some(*object)), None);
    // With the new ones the old value is known from the hashed twin of `a.txt`, which nobody touched.
    let object = &store.memory().objects()["static/a.txt"];
    assert_eq!(object.parameters.get(Parameter::CacheControl), Some("max-age=5"));
    let rolled = rolled_back(&new, None, &store).await;
    let cache = |name: &str| {
        store.memory().objects()[&format!("static/{name}")]
            .parameters
            .get(Parameter::CacheControl)
            .map(str::to_owned)
    };
    assert!(rolled.summary.ok, "{:?}", rolled.summary.errors);
    assert_eq!(body(&store, "a.txt"), "a1");
    assert_eq!(
        (cache("a.txt"), lost(&rolled)),
        (Some("max-age=60".to_owned()), vec!["b.txt", "staticfiles.json"])
    );
    assert_eq!(
        rolled.not_restored[0].reason,
        "its body only; nobody knows what these headers were: Cache-Control"
    );
    assert!(verified(&new, &store).await);
}

/// Whether the bucket is what the live release says.
async fn verified(settings: &Settings, store: &Watched) -> bool {
    use crate::verify::{VerifyOptions, verify};
    let options = VerifyOptions { deep: true, strict: false };
    verify(settings, options, store.clone(), &Silent, CancellationToken::new()).await.ok
}

#[tokio::test(start_paused = true)]
async fn the_order_stays_the_highest_unless_it_is_reset() {
    let store = Watched::new();
    let site = Site::new(&[("a.txt", b"a1")]);
    let mut settings = settings(&site, Backend::S3ManifestStaticStorage);
    settings.releases.order = Some(1);
    pushed(&settings, &store).await;
    site.write("a.txt", b"a2");
    settings.releases.order = Some(2);
    pushed(&settings, &store).await;
    let order = async |store: &Watched| {
        let ledger = Ledger::new(&settings, Arc::new(store.clone())).expect("a ledger");
        ledger.pointer().await.expect("an answer").pointer.order
    };
    let copy = store.copied();
    assert!(rolled_back(&settings, None, &copy).await.summary.ok);
    assert_eq!(order(&copy).await, Some(2));
    let options = RollbackOptions { accept_order: true, ..RollbackOptions::default() };
    let rolled =
        rollback(&settings, options, store.clone(), Arc::new(Silent), CancellationToken::new()).await;
    assert!(rolled.summary.ok, "{:?}", rolled.summary.errors);
    assert_eq!(order(&store).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn wherever_it_fails_another_one_finishes_it() {
    let original = Watched::new();
    let (_site, settings, first, _) = two_releases(&original).await;
    let undisturbed = original.copied();
    assert!(rolled_back(&settings, Some(&first), &undisturbed).await.summary.ok);
    let mut failures = 0;
    for number in 0.. {
        let store = original.copied();
        let keys: Vec<String> = {
            let probe = original.copied();
            rolled_back(&settings, Some(&first), &probe).await;
            let puts = probe.traffic().log.clone();
            puts.iter()
                .filter(|(begun, operation, _)| *begun && *operation == Operation::PutObject)
                .map(|(_, _, key)| key.clone())
                .collect()
        };
        let Some(key) = keys.get(number).filter(|key| !key.contains("/releases/")) else {
            if number < keys.len() {
                continue;
            }
            break;
        };
        let kind = StoreErrorKind::AccessDenied { permissions: vec!["s3:PutObject"] };
        store.memory().fail(Fault {
            operation: Operation::PutObject,
            key: Some(key.clone()),
            kind,
            done: false,
        });
        let rolled = rolled_back(&settings, Some(&first), &store).await;
        failures += u64::from(!rolled.summary.ok);
        sleep(settings.releases.claim_timeout * 2).await;
        let again = rolled_back(&settings, Some(&first), &store).await;
        assert!(again.summary.ok, "{key}: {:?}", again.summary.errors);
        assert_eq!(assets(&store), assets(&undisturbed), "{key}");
        assert!(verified(&settings, &store).await);
    }
    assert!(failures > 4, "{failures}");
}

#[tokio::test(start_paused = true)]
async fn a_store_without_conditions_is_rolled_back_as_well() {
    for conditions in [Conditions::Ignored, Conditions::Refused, Conditions::Failed] {
        let store = Watched::new();
        store.memory().conditions(conditions);
        let (_site, settings, first, before) = two_releases(&store).await;
        let rolled = rolled_back(&settings, Some(&first), &store).await;
        assert!(rolled.summary.ok, "{conditions:?}: {:?}", rolled.summary.errors);
        let warnings: Vec<&str> =
            rolled.summary.warnings.iter().map(|warning| warning.message.as_str()).collect();
        let warning = "this store has no conditional writes: two pushes at the same time can mix";
        assert_eq!(warnings, [warning], "{conditions:?}");
        let after = assets(&store);
        for (key, object) in &before {
            assert_eq!(after.get(key), Some(object), "{conditions:?}: {key}");
        }
        assert!(verified(&settings, &store).await, "{conditions:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_at_work_is_waited_for() {
    let store = Watched::new();
    let (_site, settings, first, _) = two_releases(&store).await;
    let ledger = Ledger::new(&settings, Arc::new(store.clone())).expect("a ledger");
    let seen = ledger.pointer().await.expect("an answer");
    let claim = Claim {
        id: new_id(seen.date, None),
        kind: ClaimKind::Push,
        order: None,
        by: "ci".to_owned(),
        victims: Vec::new(),
    };
    let claimed = ledger.claim(&seen, None, claim, settings.releases.claim_timeout).await.expect("an answer");
    let Claimed::Ours(_lease) = claimed else { panic!("nobody else is there") };
    let begun = tokio::time::Instant::now();
    let rolled = rolled_back(&settings, Some(&first), &store).await;
    assert!(rolled.summary.ok, "{:?}", rolled.summary.errors);
    // The bucket's clock has whole seconds.
    assert!(begun.elapsed() + Duration::from_secs(1) >= settings.releases.claim_timeout);
    assert_eq!(rolled.summary.warnings.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing() {
    let store = Watched::new();
    let (_site, settings, first, _) = two_releases(&store).await;
    let now = store.memory().objects();
    let options = RollbackOptions { release: Some(first), dry_run: true, ..RollbackOptions::default() };
    let rolled =
        rollback(&settings, options, store.clone(), Arc::new(Silent), CancellationToken::new()).await;
    assert_eq!((rolled.summary.ok, rolled.summary.put), (true, 4));
    assert_eq!(store.memory().objects(), now);
    let puts = rolled.summary.steps.iter().filter(|step| step.action == "put");
    assert_eq!(puts.map(|step| step.size).sum::<u64>(), rolled.summary.bytes_put);
}

#[test]
fn releases_are_chosen_by_how_their_ids_begin() {
    let listed: Vec<ListedRecord> = [3, 2, 1]
        .map(|second| ListedRecord { id: ReleaseId::begun(second, 7), size: 1, written: None })
        .to_vec();
    let chosen = |asked| {
        choose(&listed, Some(&listed[0].id), asked)
            .map(|id| id.to_string())
            .map_err(|problem| problem.message)
    };
    assert_eq!(chosen(None).as_deref(), Ok("19700101T000002Z-00000007"));
    assert_eq!(chosen(Some("19700101T000001")).as_deref(), Ok("19700101T000001Z-00000007"));
    assert_eq!(chosen(Some("1970")), Err("3 releases begin with `1970`".to_owned()));
    assert_eq!(chosen(Some("2")), Err("there is no release `2`".to_owned()));
}
