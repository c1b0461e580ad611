use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::digest::{Checksum, ChecksumAlgorithm};
use crate::name::Location;
use crate::parameters::{ObjectParameters, Parameter};
use crate::report::Silent;
use crate::settings::Settings;
use crate::store::memory::{Fault, StoredObject};
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched, parameters};

const MIB: usize = 1024 * 1024;

fn options() -> CompareOptions {
    CompareOptions {
        limit: Limit::new(None),
        check_headers: false,
        describe_all: false,
        in_flight_bytes: 24 * MIB as u64,
        recording: false,
        memory: Arc::default(),
        sources: Arc::default(),
        chunking: Chunking::default(),
    }
}

/// Lists and compares, as a push does.
async fn plan(
    site: &Site,
    settings: &Settings,
    store: &Watched,
    options: CompareOptions,
) -> Result<Plan, Vec<Problem>> {
    let assets = site.assets(settings);
    let keys: Vec<_> = assets.iter().map(|asset| asset.key.clone()).collect();
    let listing = list(store, &settings.location, &keys).await.expect("a listing");
    compare(assets, listing, store, options, &Silent, &CancellationToken::new()).await
}

/// Name, reason, and whether the body was digested, in the order of the plan.
fn told(plan: &Plan) -> Vec<(String, String, bool)> {
    let reason = |step: &Step| match &step.action {
        Action::Put(reason) => format!("put: {reason}"),
        Action::Skip(reason) => format!("skip: {reason}"),
    };
    plan.steps
        .iter()
        .map(|step| (step.asset.stored_name.to_string(), reason(step), step.body.is_some()))
        .collect()
}

fn row(name: &str, reason: &str, digested: bool) -> (String, String, bool) {
    (name.to_owned(), reason.to_owned(), digested)
}

fn css() -> ObjectParameters {
    parameters(&json!({"ContentType": "text/css"}))
}

fn requests(store: &Watched) -> Vec<(&'static str, u64)> {
    store.requests().into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn bodies_and_heads_are_asked_for_only_where_nothing_less_decides() {
    let site =
        Site::new(&[("changed.css", b"a{}"), ("new.css", b"n"), ("same.css", b"s"), ("size.css", b"12")]);
    let store = Watched::new();
    store.memory().insert("static/changed.css", "b{}", css());
    store.memory().insert("static/same.css", "s", css());
    store.memory().insert("static/size.css", "123", css());
    let plan = plan(&site, &site.settings(), &store, options()).await.expect("a plan");
    assert_eq!(
        told(&plan),
        [
            row("changed.css", "put: body differs", true),
            row("new.css", "put: new", false),
            row("same.css", "skip: same ETag", true),
            row("size.css", "put: size differs: 3 stored, 2 now", false),
        ]
    );
    assert_eq!(requests(&store), [("HeadObject", 1), ("ListObjectsV2", 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_told_whole_has_every_body() {
    let site = Site::new(&[("new.css", b"n"), ("size.css", b"12")]);
    let store = Watched::new();
    store.memory().insert("static/size.css", "123", css());
    let options = CompareOptions { describe_all: true, ..options() };
    let plan = plan(&site, &site.settings(), &store, options).await.expect("a plan");
    assert_eq!(
        told(&plan),
        [row("new.css", "put: new", true), row("size.css", "put: size differs: 3 stored, 2 now", true)]
    );
}

/// An object whose ETag says nothing, with these checksums.
fn opaque(body: &[u8], etag: &str, checksums: Vec<StoredChecksum>) -> StoredObject {
    let body = Bytes::copy_from_slice(body);
    StoredObject { body, etag: etag.to_owned(), parameters: css(), checksums }
}

#[tokio::test(start_paused = true)]
async fn an_object_of_our_own_parts_is_known_by_its_etag() {
    let body = vec![0; 8 * MIB + 1];
    let site = Site::new(&[("large.css", &body)]);
    let store = Watched::new();
    // As in the tests of `digest`.
    let etag = "a5eb57d36bf73a683183c5a0fb4a37ab-2";
    store.memory().place("static/large.css", opaque(&body, etag, Vec::new()));
    let plan = plan(&site, &site.settings(), &store, options()).await.expect("a plan");
    assert_eq!(told(&plan), [row("large.css", "skip: same ETag", true)]);
    assert_eq!(requests(&store), [("ListObjectsV2", 1)]);
}

#[tokio::test(start_paused = true)]
async fn where_the_etag_says_nothing_one_head_and_a_checksum_decide() {
    let body = vec![7; 8 * MIB + 1];
    let checksum = |algorithm, value: String, composite_parts| {
        vec![StoredChecksum { algorithm, value, composite_parts }]
    };
    let whole = |algorithm| checksum(algorithm, Checksum::of(algorithm, &body), None);
    let parts = |count| {
        let sha256 = ChecksumAlgorithm::Sha256;
        let mut all = Checksum::new(sha256);
        for part in body.chunks(8 * MIB) {
            let mut one = Checksum::new(sha256);
            one.update(part);
            all.update(&one.finish_bytes());
        }
        checksum(sha256, all.finish(), Some(count))
    };
    let other = checksum(ChecksumAlgorithm::Crc32, "AAAAAA==".to_owned(), None);
    let nothing = "put: nothing to compare by: opaque ETag, no checksum";
    for (checksums, expected) in [
        (whole(ChecksumAlgorithm::Crc64Nvme), "skip: same CRC64NVME"),
        (whole(ChecksumAlgorithm::Sha256), "skip: same SHA256"),
        (parts(2), "skip: same SHA256"),
        (parts(7), nothing),
        (other, "put: body differs"),
        (Vec::new(), nothing),
    ] {
        let site = Site::new(&[("large.css", &body)]);
        let store = Watched::new();
        let told_by = format!("{checksums:?}");
        let mut object = opaque(&body, "0123456789abcdef0123456789abcdef", checksums);
        object.parameters.set(Parameter::ServerSideEncryption, "aws:kms");
        store.memory().place("static/large.css", object);
        let plan = plan(&site, &site.settings(), &store, options()).await.expect("a plan");
        assert_eq!(told(&plan), [row("large.css", expected, true)], "{told_by}");
        assert_eq!(requests(&store), [("HeadObject", 1), ("ListObjectsV2", 1)], "{told_by}");
    }
}

#[tokio::test(start_paused = true)]
async fn headers_are_compared_where_that_is_wanted() {
    let same = json!({
        "ContentType": "text/css",
        "CacheControl": "max-age=60",
        "Expires": "Thu, 31 Jan 2030 00:00:00 GMT",
        "Metadata": {"Team": "web"},
    });
    let but = |name: &str, value: Value| {
        let mut stored = same.clone();
        stored[name] = value;
        stored
    };
    for (stored, expected) in [
        (same.clone(), "skip: same ETag and headers"),
        (but("Tagging", json!("a=b")), "skip: same ETag and headers"),
        (but("Expires", json!("2030-01-31T01:00:00+01:00")), "skip: same ETag and headers"),
        (but("Expires", json!("2030-01-31T01:00:00Z")), "put: headers changed: Expires"),
        (but("ContentType", json!("text/plain")), "put: headers changed: Content-Type"),
        (but("CacheControl", json!("")), "put: headers changed: Cache-Control"),
        (but("Metadata", json!({"team": "ops"})), "put: headers changed: Metadata"),
        (json!({}), "put: headers changed: Cache-Control, Content-Type, Expires, Metadata"),
    ] {
        let site = Site::new(&[("a.css", b"a{}")]);
        let mut settings = site.settings();
        settings.objects.parameters = parameters(&same);
        settings.objects.parameters.set(Parameter::Tagging, "never=shown");
        let store = Watched::new();
        store.memory().insert("static/a.css", "a{}", parameters(&stored));
        let options = CompareOptions { check_headers: true, ..options() };
        let plan = plan(&site, &settings, &store, options).await.expect("a plan");
        assert_eq!(told(&plan), [row("a.css", expected, true)], "{stored}");
        assert_eq!(requests(&store), [("HeadObject", 1), ("ListObjectsV2", 1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn compressed_bodies_are_compared_as_they_are_stored() {
    let site = Site::new(&[("plain.css", b"a{}"), ("same.css", b"a{}")]);
    let mut settings = site.settings();
    settings.objects.gzip.enabled = true;
    // Python's `gzip.compress(b"a{}", 9, mtime=0)`.
    let compressed = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\x4b\xac\xae\x05\0\xb9\xd5\x2b\x54\x03\0\0\0";
    let store = Watched::new();
    store.memory().insert("static/plain.css", "a{}", css());
    let mut encoded = css();
    encoded.set(Parameter::ContentEncoding, "gzip");
    store.memory().insert("static/same.css", compressed.as_slice(), encoded);
    let options = CompareOptions { check_headers: true, ..options() };
    let plan = plan(&site, &settings, &store, options).await.expect("a plan");
    assert_eq!(
        told(&plan),
        [
            row("plain.css", "put: size differs: 3 stored, 23 now", true),
            row("same.css", "skip: same ETag and headers", true),
        ]
    );
    assert!(plan.steps.iter().all(|step| step.body.as_ref().unwrap().content_encoding == Some("gzip")));
}

/// A bucket with so many objects of others under the location, all before `z`.
fn crowded(foreign: usize) -> Watched {
    let store = Watched::new();
    for number in 0..foreign {
        store.memory().insert(&format!("static/media/{number:06}"), "", ObjectParameters::default());
    }
    store.memory().insert("static/z/same.css", "s", css());
    store
}

#[tokio::test(start_paused = true)]
async fn a_crowded_location_is_listed_for_twenty_pages_and_then_asked_key_by_key() {
    let site = Site::new(&[("z/new.css", b"n"), ("z/same.css", b"s")]);
    for (foreign, expected) in
        [(19_999, vec![("ListObjectsV2", 20)]), (20_000, vec![("HeadObject", 2), ("ListObjectsV2", 20)])]
    {
        let store = crowded(foreign);
        let plan = plan(&site, &site.settings(), &store, options()).await.expect("a plan");
        assert_eq!(
            told(&plan),
            [row("z/new.css", "put: new", false), row("z/same.css", "skip: same ETag", true)]
        );
        assert_eq!(requests(&store), expected, "{foreign}");
    }
    assert_eq!([0, 5_000, 5_250, 100_000].map(listing::page_limit), [20, 20, 21, 400]);
}

#[tokio::test(start_paused = true)]
async fn a_location_ends_at_its_slash() {
    let store = Watched::new();
    for key in ["static", "static-old/a.css", "static.css", "static/a.css", "static/b.css", "statik"] {
        store.memory().insert(key, "x", css());
    }
    let site = Site::new(&[("a.css", b"x")]);
    let assets = site.assets(&site.settings());
    let location = Location::new("static").unwrap();
    let listing = list(&store, &location, &[assets[0].key.clone()]).await.expect("a listing");
    assert_eq!(listing.objects.keys().collect::<Vec<_>>(), ["static/a.css"]);
    assert_eq!((listing.foreign, listing.given_up), (1, false));
    let root = list(&store, &Location::new("").unwrap(), &[assets[0].key.clone()]).await.expect("a listing");
    assert_eq!(root.foreign, 5);
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_wrong_is_told_sorted_by_key() {
    let site = Site::new(&[("a.css", b"a"), ("b.css", b"b"), ("c.css", b"c"), ("d.css", b"d")]);
    let store = Watched::new();
    for name in ["a.css", "b.css", "c.css", "d.css"] {
        store.memory().insert(&format!("static/{name}"), "x", css());
    }
    store.memory().fail(Fault {
        operation: Operation::HeadObject,
        key: Some("static/b.css".to_owned()),
        kind: StoreErrorKind::Unavailable,
        done: false,
    });
    let assets = site.assets(&site.settings());
    site.remove("c.css");
    site.write("a.css", b"longer");
    let keys: Vec<_> = assets.iter().map(|asset| asset.key.clone()).collect();
    let listing = list(&store, &Location::new("static").unwrap(), &keys).await.expect("a listing");
    let problems = compare(assets, listing, &store, options(), &Silent, &CancellationToken::new()).await;
    let problems = problems.expect_err("three are wrong");
    let told: Vec<_> = problems
        .iter()
        .map(|problem| (problem.name.as_deref(), problem.key.as_deref(), problem.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("a.css"), Some("static/a.css"), "`a.css` changed while it was being read"),
            (Some("b.css"), Some("static/b.css"), "S3 failed at HeadObject `s3://memory/static/b.css`"),
            (Some("c.css"), Some("static/c.css"), "`c.css` vanished before it could be read"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_it_at_once() {
    let cancel = CancellationToken::new();
    let striking = cancel.clone();
    let store = Watched::hooked(move |operation, _| {
        if operation == Operation::HeadObject {
            striking.cancel();
        }
    });
    let site = Site::new(&[("a.css", b"a"), ("b.css", b"b")]);
    store.memory().insert("static/a.css", "x", css());
    let assets = site.assets(&site.settings());
    let keys: Vec<_> = assets.iter().map(|asset| asset.key.clone()).collect();
    let listing = list(&store, &Location::new("static").unwrap(), &keys).await.expect("a listing");
    let outcome = compare(assets, listing, &store, options(), &Silent, &cancel).await;
    assert_eq!(outcome.expect_err("interrupted"), []);
}

#[tokio::test(start_paused = true)]
async fn no_more_heads_are_under_way_than_the_limit_allows() {
    let names: Vec<String> = (0..40).map(|number| format!("{number}.css")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x" as &[u8])).collect();
    let site = Site::new(&files);
    let store = Watched::new();
    for name in &names {
        store.memory().insert(&format!("static/{name}"), "x", css());
    }
    let options = CompareOptions { limit: Limit::new(Some(3)), check_headers: true, ..options() };
    let plan = plan(&site, &site.settings(), &store, options).await.expect("a plan");
    assert!(plan.is_empty());
    assert_eq!(requests(&store), [("HeadObject", 40), ("ListObjectsV2", 1)]);
    assert_eq!(store.traffic().most_requests, 3);
}

/// A tree that is as the last release recorded it costs no HEAD and no compression, whoever asks for a record.
#[tokio::test(start_paused = true)]
async fn what_is_recorded_is_believed_as_long_as_the_listing_shows_it() {
    let site = Site::new(&[("a.css", b"a{}"), ("b.css", b"b{}"), ("c.css", b"c{}"), ("d.css", b"d{}")]);
    let (settings, store) = (site.settings(), Watched::new());
    let mut memory = HashMap::new();
    for asset in site.assets(&settings) {
        let key = asset.key.to_string();
        store.memory().insert(&key, format!("another body of {key}"), css());
        let object = store.memory().objects()[&key].clone();
        let recorded = RecordedObject {
            role: asset.role,
            source: asset.material.md5().expect("it can be read"),
            body: object.etag.clone(),
            etag: object.etag,
            size: object.body.len() as u64,
            headers: HeaderFingerprint::of(&asset.description.parameters, &asset.description.compression),
            // When the clock of a store in memory begins.
            put_at: 1_800_000_000,
        };
        memory.insert(key, Arc::new(recorded));
    }
    memory.remove("static/d.css");
    site.write("b.css", b"B{}");
    store.memory().insert("static/c.css", "c{}", ObjectParameters::default());
    let recording = CompareOptions { recording: true, memory: Arc::new(memory), ..options() };
    let plan = plan(&site, &settings, &store, recording).await.expect("a plan");
    assert_eq!(
        told(&plan),
        [
            row("a.css", "skip: as the last release", false),
            row("b.css", "put: body differs", false),
            row("c.css", "put: headers changed: Content-Type", true),
            row("d.css", "put: size differs: 28 stored, 3 now", false),
        ]
    );
    assert_eq!(requests(&store), [("HeadObject", 1), ("ListObjectsV2", 1)]);
}
