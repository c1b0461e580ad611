//! Buckets that are as they were left, and such that are not, in memory.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::error::Exit;
use crate::parameters::Parameter;
use crate::prepare::prepare;
use crate::push::{PushOptions, push};
use crate::report::Silent;
use crate::settings::Backend;
use crate::store::memory::StoredObject;
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched};

const SHALLOW: VerifyOptions = VerifyOptions { deep: false, strict: false };
const DEEP: VerifyOptions = VerifyOptions { deep: true, strict: false };

fn settings(site: &Site) -> Settings {
    let mut settings = Settings { backend: Backend::S3ManifestStaticStorage, ..site.settings() };
    settings.releases.record = true;
    settings.objects.gzip.enabled = true;
    settings
}

async fn pushed(settings: &Settings, store: &Watched) {
    let prepared = prepare(settings, None).expect("assets");
    let (options, cancel) = (PushOptions::default(), CancellationToken::new());
    let summary = push(settings, options, prepared, store.clone(), Arc::new(Silent), cancel).await;
    assert!(summary.ok, "{:?}", summary.errors);
}

async fn verified(settings: &Settings, options: VerifyOptions, store: &Watched) -> VerifySummary {
    verify(settings, options, store.clone(), &Silent, CancellationToken::new()).await
}

/// A bucket with one release: `a.css`, `a.….css`, `b.txt`, `b.….txt` and the manifest.
async fn release() -> (Site, Settings, Watched) {
    let store = Watched::new();
    let site = Site::new(&[("a.css", b"a{color:red}a{color:red}a{color:red}"), ("b.txt", b"b")]);
    let settings = settings(&site);
    pushed(&settings, &store).await;
    (site, settings, store)
}

fn steps(summary: &VerifySummary) -> Vec<(&str, &str, &str)> {
    summary.steps.iter().map(|step| (step.difference, step.name.as_str(), step.reason.as_str())).collect()
}

/// Stores an object again with other bytes or headers, as somebody else would.
fn edit(store: &Watched, name: &str, change: impl FnOnce(&mut StoredObject)) {
    let key = format!("static/{name}");
    let mut object = store.memory().objects()[&key].clone();
    change(&mut object);
    store.memory().place(&key, object);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_as_it_was_left_is_all_right() {
    let (_site, settings, store) = release().await;
    for options in [SHALLOW, DEEP, VerifyOptions { deep: true, strict: true }] {
        let summary = verified(&settings, options, &store.copied()).await;
        assert_eq!((summary.ok, summary.exit(), summary.objects), (true, Exit::Done, 5), "{summary:?}");
        assert!(summary.release.is_some() && summary.warnings.is_empty());
        let gets = if options.deep { 2 + 5 } else { 2 };
        let asked = [
            summary.requests["HeadObject"],
            summary.requests["ListObjectsV2"],
            summary.requests["GetObject"],
        ];
        assert_eq!(asked, [5, 1, gets]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_named() {
    let (_site, settings, store) = release().await;
    edit(&store, "a.css", |object| object.parameters.set(Parameter::CacheControl, "no-store"));
    edit(&store, "b.txt", |object| {
        *object = StoredObject::new("c".into(), object.parameters.clone(), Vec::new())
    });
    edit(&store, "staticfiles.json", |object| {
        *object = StoredObject::new("{}".into(), object.parameters.clone(), Vec::new());
    });
    store.memory().insert("static/foreign.txt", "x", ObjectParameters::default());
    let keys = store.memory().objects().into_keys();
    let is_hashed = |name: &&str| name.starts_with("a.") && *name != "a.css";
    let names: Vec<String> = keys.map(|key| key.replace("static/", "")).collect();
    let hashed = names.iter().map(String::as_str).find(is_hashed).expect("a hashed name").to_owned();
    let key = ObjectKey::new(format!("static/{hashed}")).expect("a key");
    store.delete(&[key]).await.expect("an answer");
    let summary = verified(&settings, SHALLOW, &store).await;
    assert_eq!(
        steps(&summary),
        [
            ("missing", hashed.as_str(), "not there"),
            ("headers", "a.css", "headers changed: Cache-Control"),
            ("body", "b.txt", "body differs"),
            ("foreign", "foreign.txt", "in no record"),
            ("body", "staticfiles.json", "size differs: 2 stored, 115 recorded"),
        ]
    );
    assert_eq!((summary.ok, summary.exit(), summary.differences()), (false, Exit::Differences, 4));
    assert_eq!([summary.missing, summary.changed, summary.headers_changed, summary.foreign], [1, 2, 1, 1]);
    let told = summary.to_string();
    assert!(
        told.starts_with("5 objects verified: 1 missing, 2 changed, 1 with other headers; 1 foreign  s3://"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_changed_under_its_etag_is_found_by_reading_it() {
    let (_site, settings, store) = release().await;
    edit(&store, "b.txt", |object| {
        let etag = object.etag.clone();
        *object =
            StoredObject { etag, ..StoredObject::new("c".into(), object.parameters.clone(), Vec::new()) };
    });
    assert!(verified(&settings, SHALLOW, &store).await.ok);
    let deep = verified(&settings, DEEP, &store).await;
    assert_eq!(steps(&deep), [("body", "b.txt", "body differs")]);
}

#[tokio::test(start_paused = true)]
async fn another_etag_over_the_same_body_is_no_difference() {
    let (_site, settings, store) = release().await;
    edit(&store, "b.txt", |object| object.etag = "d41d8cd98f00b204e9800998ecf8427e-2".to_owned());
    let summary = verified(&settings, SHALLOW, &store.copied()).await;
    assert_eq!((summary.ok, summary.requests["GetObject"]), (true, 3), "{:?}", summary.steps);
}

#[tokio::test(start_paused = true)]
async fn what_an_older_release_has_is_not_foreign() {
    let (site, settings, store) = release().await;
    site.write("b.txt", b"other");
    pushed(&settings, &store).await;
    let mut other = settings.clone();
    other.releases.app = crate::name::AppName::new("other").expect("a name");
    site.write("c.txt", b"c");
    pushed(&other, &store).await;
    let strict = VerifyOptions { strict: true, ..SHALLOW };
    let summary = verified(&settings, strict, &store).await;
    // The other app's manifest took the place of ours.
    assert_eq!(steps(&summary), [("body", "staticfiles.json", steps(&summary)[0].2)]);
    store.memory().insert("static/foreign.txt", "x", ObjectParameters::default());
    assert_eq!(verified(&other, SHALLOW, &store).await.exit(), Exit::Done);
    let summary = verified(&other, strict, &store).await;
    assert_eq!(
        (summary.exit(), steps(&summary)),
        (Exit::Differences, vec![("foreign", "foreign.txt", "in no record")])
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_is_an_error_and_no_difference() {
    let (_site, settings, store) = release().await;
    let denied = StoreErrorKind::AccessDenied { permissions: vec!["s3:GetObject"] };
    store.memory().fail_next(Operation::HeadObject, denied, 2);
    let summary = verified(&settings, SHALLOW, &store).await;
    assert_eq!((summary.exit(), summary.errors.len(), summary.objects), (Exit::Failed, 2, 3));
}

#[tokio::test(start_paused = true)]
async fn without_a_release_there_is_nothing_to_go_by() {
    let store = Watched::new();
    let site = Site::new(&[("b.txt", b"b")]);
    let settings = settings(&site);
    let summary = verified(&settings, SHALLOW, &store).await;
    let [error] = summary.errors.as_slice() else { panic!("{summary:?}") };
    assert_eq!(
        (error.message.as_str(), summary.exit()),
        ("app `default` has no releases here", Exit::Failed)
    );
    pushed(&settings, &store).await;
    let mut other = settings.clone();
    other.releases.app = crate::name::AppName::new("other").expect("a name");
    let summary = verified(&other, SHALLOW, &store).await;
    let [error] = summary.errors.as_slice() else { panic!("{summary:?}") };
    assert_eq!(error.hint.as_deref(), Some("name one that has, `--app NAME`: `default`"));
    let record =
        store.memory().objects().into_keys().find(|key| key.contains("/releases/")).expect("a record");
    store.memory().insert(&record, "rubbish", ObjectParameters::default());
    let summary = verified(&settings, SHALLOW, &store).await;
    assert_eq!((summary.exit(), summary.errors.len()), (Exit::Failed, 1));
}

#[tokio::test(start_paused = true)]
async fn a_location_with_far_more_is_not_listed_to_its_end() {
    let (_site, settings, store) = release().await;
    for number in 0..21_000 {
        store.memory().insert(&format!("static/media/{number}"), "", ObjectParameters::default());
    }
    let summary = verified(&settings, SHALLOW, &store.copied()).await;
    assert_eq!((summary.ok, summary.objects, summary.foreign, summary.warnings.len()), (true, 5, 0, 1));
    assert_eq!(summary.requests["ListObjectsV2"], 20);
    let strict = verified(&settings, VerifyOptions { strict: true, ..SHALLOW }, &store).await;
    assert_eq!((strict.ok, strict.foreign, strict.warnings.len()), (false, 21_000, 0));
}
