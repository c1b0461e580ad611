//! Pushes with hashed names, over a bucket in memory.
#![expect(clippy::disallowed_methods, reason = "the tests write small files and read them back")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::*;
use crate::manifest::Manifest;
use crate::prepare::prepare;
use crate::report::Silent;
use crate::settings::{Backend, NamePattern, RuleSettings};
use crate::store::memory::Fault;
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched, parameters};

const MANIFEST: &str = "static/staticfiles.json";

fn site() -> Site {
    Site::new(&[("css/a.css", b"a{b:url(../img/b.png)}"), ("img/b.png", b"\x89PNG"), ("index.html", b"<p>")])
}

fn settings(site: &Site) -> Settings {
    Settings { backend: Backend::S3ManifestStaticStorage, ..site.settings() }
}

async fn pushed(settings: &Settings, store: &Watched) -> Summary {
    let prepared = prepare(settings, None).expect("assets");
    let (options, cancel) = (PushOptions::default(), CancellationToken::new());
    push(settings, options, prepared, store.clone(), Arc::new(Silent), cancel).await
}

fn keys(store: &Watched) -> Vec<String> {
    store.memory().objects().into_keys().collect()
}

fn manifest(store: &Watched) -> Option<Manifest> {
    let objects = store.memory().objects();
    objects.get(MANIFEST).map(|object| Manifest::parse(&object.body).expect("a manifest"))
}

/// The keys in the order in which their puts ended, and whether each began after all of those before had ended.
fn puts(store: &Watched) -> Vec<(String, bool)> {
    let log = store.traffic().log.clone();
    let put = |began: bool| {
        move |entry: &&(bool, Operation, String)| entry.0 == began && entry.1 == Operation::PutObject
    };
    let ended: Vec<&String> = log.iter().filter(put(false)).map(|(_, _, key)| key).collect();
    ended
        .iter()
        .enumerate()
        .map(|(index, key)| {
            let begin = log.iter().position(|it| put(true)(&it) && it.2 == **key).expect("it began");
            let before = log[..begin].iter().filter(put(false)).count();
            ((*key).clone(), before == index)
        })
        .collect()
}

/// Everything that the manifest of a bucket names is there.
#[track_caller]
fn assert_whole(store: &Watched) {
    let objects = store.memory().objects();
    for stored_name in manifest(store).iter().flat_map(|manifest| manifest.paths().values()) {
        assert!(objects.contains_key(&format!("static/{stored_name}")), "{stored_name} is missing");
    }
}

/// Its compressed body was kept, and still it is seen.
#[tokio::test(start_paused = true)]
async fn a_file_that_changes_between_its_two_names_is_refused() {
    let site = Arc::new(Site::new(&[("a.css", b"a{}"), ("b.css", b"b{}")]));
    let mut settings = settings(&site);
    settings.objects.gzip.enabled = true;
    let writer = Arc::clone(&site);
    let store = Watched::hooked(move |operation, key| {
        if operation == Operation::PutObject && key.starts_with("static/b.") && key != "static/b.css" {
            writer.write("b.css", b"b{c:d}");
        }
    });
    let summary = pushed(&settings, &store).await;
    let messages: Vec<&str> = summary.errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(messages, ["`b.css` changed while it was being read"]);
    assert!(keys(&store).contains(&"static/a.css".to_owned()));
    assert!(manifest(&store).is_none());
}

#[tokio::test(start_paused = true)]
async fn hashed_names_come_first_pages_late_and_the_manifest_last() {
    let (site, store) = (site(), Watched::new());
    let summary = pushed(&settings(&site), &store).await;
    assert!(summary.ok);
    let put = puts(&store);
    let hashed: Vec<&str> = put[..3].iter().map(|(key, _)| key.as_str()).collect();
    for key in
        ["static/css/a.974b6d3e7f4f.css", "static/img/b.3bdaf5969285.png", "static/index.4da1a46ec20c.html"]
    {
        assert!(hashed.contains(&key), "{key} in {hashed:?}");
    }
    assert!(
        put[3..5].iter().all(|(key, _)| ["static/css/a.css", "static/img/b.png"].contains(&key.as_str()))
    );
    assert_eq!(put[5..], [("static/index.html".to_owned(), true), (MANIFEST.to_owned(), true)]);
    let body = |key: &str| store.memory().objects()[key].body.clone();
    assert_eq!(body("static/css/a.974b6d3e7f4f.css"), "a{b:url(\"../img/b.3bdaf5969285.png\")}");
    assert_eq!(body("static/css/a.css"), "a{b:url(../img/b.png)}");
    let told = serde_json::to_value(&summary).expect("a document");
    assert_eq!(
        told["manifest"],
        json!({"key": MANIFEST, "path": null, "hash": manifest(&store).expect("one").hash(), "entries": 3, "published": true})
    );
    assert_eq!((&told["assets"], &told["put"], &told["bytes_source"]), (&json!(3), &json!(7), &json!(29)));
    let cached: BTreeMap<&str, Option<&str>> =
        summary.steps.iter().map(|step| (step.key.as_str(), step.cache_control.as_deref())).collect();
    assert_eq!(cached["static/css/a.974b6d3e7f4f.css"], Some("public, max-age=31536000, immutable"));
    assert_eq!((cached["static/css/a.css"], cached[MANIFEST]), (None, Some("no-cache")));
    let kind = summary.steps.last().and_then(|step| step.content_type.as_deref());
    assert_eq!(kind, Some("application/json"));
    assert!(
        summary
            .to_string()
            .starts_with("3 assets: 7 put (245 bytes), 0 unchanged; manifest published  s3://")
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_push_changes_nothing_and_a_changed_file_leaves_the_old_release_in_place() {
    let (site, store) = (site(), Watched::new());
    let settings = settings(&site);
    pushed(&settings, &store).await;
    let (first, names) = (store.memory().objects(), manifest(&store).expect("one"));
    let second = pushed(&settings, &store).await;
    assert_eq!((second.put, second.skipped), (0, 7));
    assert!(second.to_string().contains("7 unchanged; manifest unchanged"), "{second}");
    assert_eq!(store.memory().objects(), first);

    site.write("img/b.png", b"\x89PNG again");
    let third = pushed(&settings, &store).await;
    let put: Vec<&str> =
        third.steps.iter().filter(|step| step.action == "put").map(|step| step.name.as_str()).collect();
    assert_eq!(put, ["css/a.css", "img/b.png", "img/b.png", "staticfiles.json"]);
    assert_whole(&store);
    for stored_name in names.paths().values() {
        let key = format!("static/{stored_name}");
        assert_eq!(store.memory().objects()[&key], first[&key], "what the old manifest names stays");
    }
    assert_ne!(manifest(&store), Some(names));
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_the_manifest_stays_and_is_whole() {
    let (old, new) = (site(), site());
    new.write("css/a.css", b"c{b:url(../img/b.png)}");
    new.write("img/b.png", b"\x89PNG 2");
    new.write("index.html", b"<b>");
    let first = Watched::new();
    pushed(&settings(&new), &first).await;
    let keys = keys(&first);
    assert_eq!(keys.len(), 7);
    for key in keys {
        for done in [false, true] {
            let store = Watched::new();
            pushed(&settings(&old), &store).await;
            let before = manifest(&store);
            let kind = StoreErrorKind::AccessDenied { permissions: vec!["s3:PutObject"] };
            store.memory().fail(Fault {
                operation: Operation::PutObject,
                key: Some(key.clone()),
                kind,
                done,
            });
            let summary = pushed(&settings(&new), &store).await;
            assert!(!summary.ok, "{key}");
            // A manifest that was stored though the answer to its put was lost is whole, too.
            assert_eq!(manifest(&store) == before, !(key == MANIFEST && done), "{key}");
            assert_whole(&store);
            let note = summary.note.clone().expect("a note");
            assert!(
                note.ends_with(
                    " objects were stored; the manifest was not replaced, so the previous release is intact"
                ),
                "{note}"
            );
            assert!(summary.to_string().contains("; manifest not published  "), "{summary}");
            assert_eq!(
                serde_json::to_value(&summary).expect("a document")["manifest"]["published"],
                Value::Bool(false)
            );
            assert!(pushed(&settings(&new), &store).await.ok, "the next push finishes it");
            assert_eq!(manifest(&store), manifest(&first));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_push_that_fails_publishes_nothing() {
    let (site, store) = (site(), Watched::new());
    let kind = StoreErrorKind::AccessDenied { permissions: vec!["s3:PutObject"] };
    store.memory().fail_next(Operation::PutObject, kind, 1);
    let summary = pushed(&settings(&site), &store).await;
    assert_eq!(
        summary.note.as_deref(),
        Some("2 of 7 objects were stored; no manifest was published, and the next push tries again")
    );
    assert_eq!(manifest(&store), None);
}

/// Whoever looks at any moment of a push finds everything that the manifest names.
#[tokio::test(start_paused = true)]
async fn a_reader_never_finds_half_a_release() {
    let itself: Arc<OnceLock<Watched>> = Arc::default();
    let looking = Arc::clone(&itself);
    let store = Watched::hooked(move |_, _| looking.get().into_iter().for_each(assert_whole));
    itself.set(store.clone()).ok();
    let site = site();
    for round in 0..5 {
        site.write("img/b.png", format!("picture {round}").as_bytes());
        site.write(&format!("js/{round}.js"), b"x");
        assert!(pushed(&settings(&site), &store).await.ok);
    }
    assert_eq!(manifest(&store).expect("one").paths().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_before_the_manifest_leaves_the_previous_one() {
    let cancel = CancellationToken::new();
    let (striking, site) = (cancel.clone(), site());
    let store = Watched::hooked(move |operation, key| {
        if operation == Operation::PutObject && key == "static/index.html" {
            striking.cancel();
        }
    });
    let settings = settings(&site);
    let prepared = prepare(&settings, None).expect("assets");
    let (options, reporter) = (PushOptions::default(), Arc::new(Silent));
    let summary = push(&settings, options, prepared, store.clone(), reporter, cancel).await;
    assert_eq!((summary.ok, summary.interrupted, summary.put, summary.not_tried), (false, true, 6, 1));
    assert_eq!(
        summary.note.as_deref(),
        Some("6 of 7 objects were stored; no manifest was published, and the next push tries again")
    );
    assert_eq!(manifest(&store), None);
}

#[tokio::test(start_paused = true)]
async fn settings_say_what_is_stored_and_how_it_is_cached() {
    let (site, store) = (site(), Watched::new());
    let mut settings = settings(&site);
    settings.manifest.keep_original_files = false;
    settings.objects.gzip.enabled = true;
    settings.objects.gzip.content_types = vec!["application/json".to_owned()];
    settings.objects.rules = vec![RuleSettings {
        pattern: NamePattern::new("*.png").expect("a glob"),
        parameters: parameters(&json!({"CacheControl": "max-age=60"})),
        gzip: None,
        entry: None,
        origin: "the rule".to_owned(),
    }];
    let summary = pushed(&settings, &store).await;
    let told: Vec<_> = summary
        .steps
        .iter()
        .map(|step| (step.key.as_str(), step.cache_control.as_deref(), step.content_encoding.as_deref()))
        .collect();
    let immutable = Some("public, max-age=31536000, immutable");
    assert_eq!(
        told,
        [
            ("static/css/a.974b6d3e7f4f.css", immutable, None),
            ("static/img/b.3bdaf5969285.png", Some("max-age=60"), None),
            ("static/index.4da1a46ec20c.html", immutable, None),
            (MANIFEST, Some("no-cache"), Some("gzip")),
        ]
    );
    let key = ObjectKey::new(MANIFEST).expect("a key");
    let published = crate::published::manifest(&store, "memory", &key, None).await.expect("it can be read");
    assert_eq!(published.expect("it is new").manifest.paths().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_manifest_is_kept_where_it_is_wanted() {
    let (site, beside) = (site(), tempfile::tempdir().expect("a directory"));
    let path = beside.path().join("etc/staticfiles.json");
    for (in_bucket, local) in [(true, true), (false, true), (true, false)] {
        let store = Watched::new();
        let mut settings = settings(&site);
        settings.manifest.in_bucket = in_bucket;
        settings.manifest.local_path = local.then(|| path.clone());
        let first = pushed(&settings, &store).await;
        assert!(first.ok && first.to_string().contains("; manifest published  "), "{first}");
        assert_eq!(keys(&store).contains(&MANIFEST.to_owned()), in_bucket);
        let told = serde_json::to_value(&first).expect("a document")["manifest"].clone();
        assert_eq!(told["key"], if in_bucket { json!(MANIFEST) } else { Value::Null });
        assert_eq!(told["path"], if local { json!(path) } else { Value::Null });
        let second = pushed(&settings, &store).await;
        assert!(second.ok && second.to_string().contains("; manifest unchanged  "), "{second}");
        if local {
            let document = fs::read(&path).expect("it is there");
            assert_eq!(Manifest::parse(&document).expect("a manifest").paths().len(), 3);
            assert_eq!(fs::read_dir(path.parent().expect("a directory")).expect("entries").count(), 1);
        }
        fs::remove_dir_all(beside.path().join("etc")).ok();
    }
}

#[tokio::test(start_paused = true)]
async fn a_local_manifest_is_written_only_when_everything_is_stored() {
    let (site, beside) = (site(), tempfile::tempdir().expect("a directory"));
    let path = beside.path().join("staticfiles.json");
    let mut settings = settings(&site);
    settings.manifest.local_path = Some(path.clone());
    let store = Watched::new();
    let prepared = prepare(&settings, None).expect("assets");
    let dry = PushOptions { dry_run: true, check_headers: false, by: String::new() };
    let cancel = CancellationToken::new();
    let told = push(&settings, dry, prepared, store.clone(), Arc::new(Silent), cancel).await;
    assert!(told.to_string().contains("7 to put (245 bytes), 0 unchanged; manifest to publish  "), "{told}");
    assert!(!path.exists() && keys(&store).is_empty());

    let kind = StoreErrorKind::AccessDenied { permissions: vec!["s3:PutObject"] };
    store.memory().fail(Fault {
        operation: Operation::PutObject,
        key: Some(MANIFEST.to_owned()),
        kind,
        done: false,
    });
    assert!(!pushed(&settings, &store).await.ok);
    assert!(!path.exists());

    fs::create_dir_all(path.join("in the way")).expect("a directory");
    let summary = pushed(&settings, &store).await;
    assert_eq!(summary.errors[0].message, format!("cannot write `{}`", path.display()));
    assert_eq!(summary.note.as_deref(), Some("all objects are stored; the local manifest was not replaced"));
    assert!(!summary.ok && summary.to_string().contains("; manifest published  "), "{summary}");
}

#[test]
fn what_leads_nowhere_is_refused_before_anything_is_sent() {
    let site = Site::new(&[("a.css", b"a{b:url(img)}\nc{d:url(gone.png)}\n"), ("img/b.png", b"\x89PNG")]);
    let errors = prepare(&settings(&site), None).expect_err("two errors");
    let messages: Vec<&str> = errors.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`a.css` line 1 refers to `img`, which is a directory",
            "`a.css` line 2 refers to `gone.png`, which was not collected"
        ]
    );
}
