use std::collections::BTreeMap;
use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::digest::Chunking;
use crate::encode;
use crate::parameters::{ObjectParameters, Parameter};
use crate::prepare::prepare;
use crate::report::Silent;
use crate::settings::{NamePattern, RuleSettings};
use crate::store::memory::{Fault, MemoryStore, StoredObject};
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched, parameters};

const DRY: PushOptions = PushOptions { dry_run: true, check_headers: false, by: String::new() };

async fn pushed(settings: &Settings, options: PushOptions, store: &Watched) -> Summary {
    let prepared = prepare(settings, None).expect("assets");
    push(settings, options, prepared, store.clone(), Arc::new(Silent), CancellationToken::new()).await
}

fn site() -> Site {
    Site::new(&[("css/a.css", b"a{}"), ("img/b.png", b"\x89PNG"), ("index.html", b"<p>")])
}

/// Action, key and reason of each step.
fn steps(summary: &Summary) -> Vec<(&'static str, &str, &str)> {
    summary.steps.iter().map(|step| (step.action, step.key.as_str(), step.reason.as_str())).collect()
}

fn requests(summary: &Summary) -> Vec<(&'static str, u64)> {
    summary.requests.clone().into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn a_first_push_stores_everything_and_says_so() {
    let site = site();
    let mut settings = site.settings();
    settings.objects.parameters = parameters(&json!({"CacheControl": "max-age=60"}));
    let store = Watched::new();
    let summary = pushed(&settings, PushOptions::default(), &store).await;
    let mut document = serde_json::to_value(&summary).expect("a document");
    document["elapsed_seconds"] = json!(0);
    let step = |name: &str, size: u64, content_type: &str, etag: &str| {
        json!({
            "name": name,
            "key": format!("static/{name}"),
            "action": "put",
            "reason": "new",
            "size": size,
            "stored_size": size,
            "content_type": content_type,
            "content_encoding": null,
            "cache_control": "max-age=60",
            "etag": etag,
        })
    };
    assert_eq!(
        document,
        json!({
            "verb": "push",
            "ok": true,
            "dry_run": false,
            "interrupted": false,
            "bucket": "memory",
            "location": "static",
            "release": null,
            "assets": 3,
            "put": 3,
            "skipped": 0,
            "deleted": 0,
            "failed": 0,
            "not_tried": 0,
            "bytes_source": 10,
            "bytes_put": 10,
            "requests": {"ListObjectsV2": 1, "PutObject": 3},
            "elapsed_seconds": 0,
            "manifest": null,
            "invalidation": null,
            "steps": [
                step("css/a.css", 3, "text/css", "307cc22fa7769c09386c1c90fe36bbc6"),
                step("img/b.png", 4, "image/png", "3bdaf5969285188ac756c339f69f5c79"),
                step("index.html", 3, "text/html", "4da1a46ec20cf93ee5c846a51e04f0ed"),
            ],
            "warnings": [],
            "errors": [],
            "note": null,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_push_stores_nothing_and_one_changed_file_one_object() {
    let site = site();
    let (settings, store) = (site.settings(), Watched::new());
    pushed(&settings, PushOptions::default(), &store).await;
    let before = store.memory().objects();

    let second = pushed(&settings, PushOptions::default(), &store).await;
    assert_eq!((second.ok, second.put, second.skipped, second.bytes_put), (true, 0, 3, 0));
    assert_eq!(requests(&second), [("ListObjectsV2", 2), ("PutObject", 3)], "of both pushes");
    assert_eq!(store.memory().objects(), before);

    site.write("css/a.css", b"b{}");
    let third = pushed(&settings, PushOptions::default(), &store).await;
    assert_eq!(
        steps(&third),
        [
            ("put", "static/css/a.css", "body differs"),
            ("skip", "static/img/b.png", "same ETag"),
            ("skip", "static/index.html", "same ETag"),
        ]
    );
    assert_eq!((third.put, third.skipped, third.bytes_put, third.bytes_source), (1, 2, 3, 10));
    assert_eq!(&store.memory().objects()["static/css/a.css"].body[..], b"b{}");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing_and_tells_what_would_be_stored() {
    let site = site();
    let mut settings = site.settings();
    settings.objects.gzip.enabled = true;
    let store = Watched::new();
    let summary = pushed(&settings, DRY, &store).await;
    assert!(store.memory().objects().is_empty());
    assert_eq!(requests(&summary), [("ListObjectsV2", 1)]);
    assert_eq!((summary.ok, summary.dry_run, summary.put, summary.bytes_put), (true, true, 3, 30));
    let told: Vec<_> = summary
        .steps
        .iter()
        .map(|step| (step.key.clone(), step.stored_size, step.content_encoding.clone(), step.etag.clone()))
        .collect();

    let real = pushed(&settings, PushOptions::default(), &store).await;
    let objects = store.memory().objects();
    let stored: Vec<_> = objects
        .iter()
        .map(|(key, object)| {
            let encoding = object.parameters.get(Parameter::ContentEncoding).map(ToOwned::to_owned);
            (key.clone(), Some(object.body.len() as u64), encoding, Some(object.etag.clone()))
        })
        .collect();
    assert_eq!(told, stored, "what was told is what is stored");
    assert_eq!(real.bytes_put, summary.bytes_put);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_with_what_was_stored() {
    let site = site();
    let (settings, store) = (site.settings(), Watched::new());
    store.memory().fail(Fault {
        operation: Operation::PutObject,
        key: Some("static/img/b.png".to_owned()),
        kind: StoreErrorKind::AccessDenied { permissions: vec!["s3:PutObject"] },
        done: false,
    });
    let summary = pushed(&settings, PushOptions::default(), &store).await;
    assert_eq!(
        (summary.ok, summary.put, summary.failed, summary.not_tried, summary.skipped),
        (false, 1, 1, 1, 0)
    );
    assert_eq!(
        summary.note.as_deref(),
        Some(
            "1 of 3 objects were stored; the others are as they were before, and the next push tries them again"
        )
    );
    let errors: Vec<_> = summary.errors.iter().map(|problem| problem.name.as_deref()).collect();
    assert_eq!(errors, [Some("img/b.png")]);
    let etags: Vec<bool> = summary.steps.iter().map(|step| step.etag.is_some()).collect();
    assert_eq!(etags, [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_fails_stores_nothing() {
    let site = site();
    let (settings, store) = (site.settings(), Watched::new());
    store.memory().fail_next(Operation::ListObjectsV2, StoreErrorKind::Unsendable, 1);
    let summary = pushed(&settings, PushOptions::default(), &store).await;
    assert_eq!((summary.ok, summary.put, summary.assets), (false, 0, 3));
    assert_eq!(summary.note.as_deref(), Some("nothing was stored"));
    assert_eq!(summary.errors.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_is_told_with_what_was_stored() {
    let cancel = CancellationToken::new();
    let striking = cancel.clone();
    let store = Watched::hooked(move |operation, key| {
        if operation == Operation::PutObject && key == "static/b.hangs" {
            striking.cancel();
        }
    });
    let site = Site::new(&[("a.css", b"a"), ("b.hangs", b"b"), ("c.html", b"c")]);
    let settings = site.settings();
    let prepared = prepare(&settings, None).expect("assets");
    let summary = push(&settings, PushOptions::default(), prepared, store, Arc::new(Silent), cancel).await;
    assert_eq!((summary.ok, summary.interrupted, summary.put, summary.not_tried), (false, true, 1, 1));
    assert_eq!(
        summary.note.as_deref(),
        Some(
            "1 of 3 objects were stored; 1 may have been; the others are as they were before, and the next push \
             tries them again"
        )
    );
    assert!(summary.errors.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_crowded_location_is_a_warning() {
    let site = site();
    let store = Watched::new();
    for number in 0..20_001 {
        store.memory().insert(&format!("static/0/{number}"), "", ObjectParameters::default());
    }
    let summary = pushed(&site.settings(), PushOptions::default(), &store).await;
    let warnings: Vec<_> = summary.warnings.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        warnings,
        ["the location holds far more objects than the sources; asking for each key instead of listing"]
    );
    assert_eq!(requests(&summary), [("HeadObject", 3), ("ListObjectsV2", 20), ("PutObject", 3)]);
    assert!(summary.ok);
}

/// What the bucket has under the key of a file, before the push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Same,
    /// The same body with other headers, which a push does not look at.
    OtherHeaders,
    OtherBody,
    OtherSize,
    /// The same body, with an ETag that says nothing.
    Opaque,
}

#[derive(Debug, Clone)]
struct File {
    body: Vec<u8>,
    before: Before,
}

fn before() -> impl Strategy<Value = Before> {
    use Before::{Nothing, Opaque, OtherBody, OtherHeaders, OtherSize, Same};
    prop::sample::select(vec![Nothing, Same, OtherHeaders, OtherBody, OtherSize, Opaque])
}

/// Files by name. Those below `vault` are encrypted, so that their ETags always say nothing.
fn tree() -> impl Strategy<Value = BTreeMap<String, File>> {
    let name = "(vault|css|img/deep)/[a-c]\\.(css|html|png|js)";
    let file = (prop::collection::vec(any::<u8>(), 0..200), before());
    prop::collection::btree_map(name, file.prop_map(|(body, before)| File { body, before }), 1..12)
}

fn tree_settings(site: &Site) -> Settings {
    let mut settings = site.settings();
    settings.objects.gzip.enabled = true;
    settings.objects.parameters =
        parameters(&json!({"CacheControl": "max-age=60", "Metadata": {"team": "web"}}));
    settings.objects.rules = vec![RuleSettings {
        pattern: NamePattern::new("vault/**").expect("a glob"),
        parameters: parameters(&json!({"ServerSideEncryption": "aws:kms"})),
        gzip: None,
        entry: None,
        origin: "a rule".to_owned(),
    }];
    settings
}

/// The headers that a file gets by the settings above, said once more.
fn headers(name: &str) -> ObjectParameters {
    let content_type = match name.rsplit('.').next() {
        Some("css") => "text/css",
        Some("html") => "text/html",
        Some("png") => "image/png",
        _ => "text/javascript",
    };
    let mut headers = parameters(&json!({
        "CacheControl": "max-age=60",
        "ContentType": content_type,
        "Metadata": {"team": "web"},
    }));
    if name.starts_with("vault/") {
        headers.set(Parameter::ServerSideEncryption, "aws:kms");
    }
    if content_type == "text/css" {
        headers.set(Parameter::ContentEncoding, "gzip");
    }
    headers
}

/// Fills the bucket as the files say, with objects of others beside them.
fn fill(store: &MemoryStore, files: &BTreeMap<String, File>, assets: &[Asset]) {
    for (asset, (name, file)) in assets.iter().zip(files) {
        let encoded =
            encode::encode(&asset.material, &asset.description.compression, Chunking::default(), u64::MAX)
                .expect("a body");
        let whole = encoded.layout().parts().next().expect("one part");
        let ours = encoded.part(&whole).expect("bytes");
        let mut object = StoredObject::new(ours.clone(), headers(name), Vec::new());
        match file.before {
            Before::Nothing => continue,
            Before::Same => {}
            Before::OtherHeaders => object.parameters.set(Parameter::CacheControl, "no-store"),
            Before::OtherBody => {
                let other: Vec<u8> = ours.iter().map(|byte| byte ^ 1).collect();
                object = StoredObject::new(Bytes::from(other), headers(name), Vec::new());
            }
            Before::OtherSize => {
                let other = [&ours[..], b"more"].concat();
                object = StoredObject::new(Bytes::from(other), headers(name), Vec::new());
            }
            Before::Opaque => object.etag = "0123456789abcdef0123456789abcdef-7".to_owned(),
        }
        store.place(asset.key.as_str(), object);
    }
    for key in ["static/css/z.css", "static/vault", "static-old/css/a.css", "other"] {
        store.insert(key, key.to_owned(), headers("css/z.css"));
    }
}

/// Whether a push puts the file: an empty body is the same whatever is done to its bytes.
fn is_put(name: &str, file: &File) -> bool {
    let is_encrypted = name.starts_with("vault/");
    let is_empty = file.body.is_empty() && !name.ends_with(".css");
    match file.before {
        Before::Nothing | Before::OtherSize | Before::Opaque => true,
        Before::OtherBody => !is_empty || is_encrypted,
        Before::Same | Before::OtherHeaders => is_encrypted,
    }
}

fn unpacked(object: &StoredObject) -> Vec<u8> {
    if object.parameters.get(Parameter::ContentEncoding).is_none() {
        return object.body.to_vec();
    }
    let mut body = Vec::new();
    GzDecoder::new(&object.body[..]).read_to_end(&mut body).expect("gzip");
    body
}

async fn check_tree(files: BTreeMap<String, File>) -> Result<(), TestCaseError> {
    let list: Vec<(&str, &[u8])> = files.iter().map(|(name, file)| (name.as_str(), &file.body[..])).collect();
    let site = Site::new(&list);
    let (settings, store) = (tree_settings(&site), Watched::new());
    fill(store.memory(), &files, &site.assets(&settings));
    let before = store.memory().objects();

    let summary = pushed(&settings, PushOptions::default(), &store).await;
    prop_assert!(summary.ok, "{:?}", summary.errors);
    let after = store.memory().objects();
    for (name, file) in &files {
        let object = &after[&format!("static/{name}")];
        prop_assert!(unpacked(object) == file.body, "the body of {}", name);
        let step = summary.steps.iter().find(|step| step.name == *name).expect("a step");
        prop_assert_eq!(step.action == "put", is_put(name, file), "{}: {}", name, step.reason);
        if is_put(name, file) {
            prop_assert_eq!(&object.parameters, &headers(name), "{}", name);
            prop_assert_eq!(step.etag.as_ref(), Some(&object.etag));
        } else {
            prop_assert_eq!(object, &before[&format!("static/{name}")]);
        }
    }
    let planned = |key: &str| key.strip_prefix("static/").is_some_and(|name| files.contains_key(name));
    let foreign = |objects: &BTreeMap<String, StoredObject>| -> BTreeMap<String, StoredObject> {
        objects.iter().filter(|(key, _)| !planned(key)).map(|(key, it)| (key.clone(), it.clone())).collect()
    };
    prop_assert_eq!(foreign(&after), foreign(&before));

    let second = pushed(&settings, PushOptions::default(), &store).await;
    let put: Vec<_> = second.steps.iter().filter(|step| step.action == "put").collect();
    prop_assert!(put.iter().all(|step| step.name.starts_with("vault/")), "{:?}", put);
    prop_assert_eq!(put.len(), files.keys().filter(|name| name.starts_with("vault/")).count());
    prop_assert_eq!(store.memory().objects(), after);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_push_leaves_what_the_tree_says_and_a_second_one_changes_nothing(files in tree()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(check_tree(files))?;
    }
}
