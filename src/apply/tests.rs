use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::*;
use crate::digest::{Chunking, md5_each};
use crate::parameters::ObjectParameters;
use crate::plan::{Action, Asset, PutReason, SkipReason, Step};
use crate::report::Silent;
use crate::store::memory::Fault;
use crate::store::retry::{Pressure, Retrying};
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched, parameters};

mod changing;

const KIB: u64 = 1024;
const MIB: usize = 1024 * 1024;

/// A plan that puts everything.
fn all(site: &Site) -> Plan {
    let steps = site.assets(&site.settings()).into_iter().map(put).collect();
    Plan::new(steps)
}

fn put(asset: Asset) -> Step {
    Step { asset, action: Action::Put(PutReason::New), body: None, there: None, recorded: None }
}

fn options(concurrency: usize, in_flight_bytes: u64) -> ApplyOptions {
    ApplyOptions {
        limit: Limit::new(Some(concurrency)),
        budget: Budget::new(in_flight_bytes),
        checksum: None,
        chunking: Chunking::default(),
        conditional: false,
    }
}

fn usual() -> ApplyOptions {
    options(32, 24 * MIB as u64)
}

/// Applies a plan through retries, as a push does.
async fn run(plan: Plan, store: &Watched, options: ApplyOptions, cancel: &CancellationToken) -> Applied {
    let limit = Arc::clone(&options.limit);
    let retrying = Retrying::new(store.clone(), move |pressure| match pressure {
        Pressure::SlowDown => limit.shrink(),
        Pressure::Succeeded => limit.grow(),
    });
    apply(Arc::new(plan), Arc::new(retrying), options, Arc::new(Silent), cancel.clone()).await
}

async fn applied(plan: Plan, store: &Watched, options: ApplyOptions) -> Applied {
    run(plan, store, options, &CancellationToken::new()).await
}

/// Outcomes in words, in the plan's order.
fn words(applied: &Applied) -> Vec<String> {
    let word = |outcome: &Option<Outcome>| match outcome {
        None => "skipped".to_owned(),
        Some(Outcome::Stored(stored)) => format!("stored {}", stored.size),
        Some(Outcome::Present(stored)) => format!("present {}", stored.size),
        Some(Outcome::Failed(problem)) => format!("failed: {}", problem.message),
        Some(Outcome::NotTried) => "not tried".to_owned(),
        Some(Outcome::Unknown) => "unknown".to_owned(),
    };
    applied.outcomes.iter().map(word).collect()
}

/// Small files of these names, each with its name as body.
fn small(names: &[String]) -> Site {
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    Site::new(&files)
}

fn numbered(count: usize, extension: &str) -> Vec<String> {
    (0..count).map(|number| format!("{number:03}.{extension}")).collect()
}

fn noise(size: usize) -> Vec<u8> {
    let mut state: u32 = 1;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(size)
    .collect()
}

fn fault(operation: Operation, key: &str, kind: StoreErrorKind) -> Fault {
    Fault { operation, key: Some(key.to_owned()), kind, done: false }
}

fn denied() -> StoreErrorKind {
    StoreErrorKind::AccessDenied { permissions: vec!["s3:PutObject"] }
}

#[tokio::test(start_paused = true)]
async fn pages_are_put_when_everything_else_is_there() {
    let site = small(&[numbered(50, "css"), numbered(5, "html")].concat());
    let store = Watched::new();
    let done = applied(all(&site), &store, options(7, 24 * MIB as u64)).await;
    assert!(done.outcomes.iter().all(|outcome| matches!(outcome, Some(Outcome::Stored(_)))), "{done:?}");
    let traffic = store.traffic();
    let page = |(_, _, key): &&(bool, Operation, String)| key.ends_with(".html");
    let first = traffic.log.iter().position(|entry| page(&entry)).expect("a page");
    assert_eq!(first, 100, "50 beginnings and 50 ends");
    assert!(traffic.log[first..].iter().all(|entry| page(&entry)));
}

#[tokio::test(start_paused = true)]
async fn a_failure_leaves_its_wave_alone_and_stops_the_next() {
    let site = small(&["a.css", "b.css", "c.css", "index.html", "other.html"].map(ToOwned::to_owned));
    let store = Watched::new();
    store.memory().insert("static/b.css", "before", ObjectParameters::default());
    store.memory().fail(fault(Operation::PutObject, "static/b.css", denied()));
    let done = applied(all(&site), &store, usual()).await;
    assert_eq!(
        words(&done),
        [
            "stored 5",
            "failed: S3 refused PutObject `s3://memory/static/b.css`: AccessDenied",
            "stored 5",
            "not tried",
            "not tried",
        ]
    );
    let Some(Outcome::Failed(problem)) = &done.outcomes[1] else { panic!("{done:?}") };
    assert_eq!((problem.name.as_deref(), problem.key.as_deref()), (Some("b.css"), Some("static/b.css")));
    let objects = store.memory().objects();
    assert_eq!(objects.keys().collect::<Vec<_>>(), ["static/a.css", "static/b.css", "static/c.css"]);
    assert_eq!(&objects["static/b.css"].body[..], b"before");
}

#[tokio::test(start_paused = true)]
async fn a_failing_page_leaves_the_other_pages_alone() {
    let site = small(&["a.css", "a.html", "b.html"].map(ToOwned::to_owned));
    let store = Watched::new();
    store.memory().fail(fault(Operation::PutObject, "static/a.html", denied()));
    let done = applied(all(&site), &store, usual()).await;
    assert_eq!(
        words(&done),
        ["stored 5", "failed: S3 refused PutObject `s3://memory/static/a.html`: AccessDenied", "stored 6"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_skipped_is_not_touched_and_outcomes_keep_the_plans_order() {
    let site = small(&["a.css", "b.css", "c.html"].map(ToOwned::to_owned));
    let mut plan = all(&site);
    plan.steps[0].action = Action::Skip(SkipReason::SameEtag);
    let store = Watched::new();
    let done = applied(plan, &store, usual()).await;
    assert_eq!(words(&done), ["skipped", "stored 5", "stored 6"]);
    assert_eq!(store.requests().into_iter().collect::<Vec<_>>(), [("PutObject", 2)]);
}

#[tokio::test(start_paused = true)]
async fn what_every_object_would_meet_stops_the_run() {
    let site = small(&numbered(200, "css"));
    let store = Watched::new();
    store.memory().fail_next(Operation::PutObject, StoreErrorKind::ExpiredCredentials, 200);
    let done = applied(all(&site), &store, options(8, 24 * MIB as u64)).await;
    let failed = words(&done).iter().filter(|word| word.starts_with("failed")).count();
    assert_eq!(failed, 1, "it is told once");
    assert_eq!(words(&done).iter().filter(|word| *word == "not tried").count(), 199);
    assert_eq!(store.requests()["PutObject"], 8, "those that were under way");
    assert!(!done.interrupted);
}

/// A service that does not come back is not asked for each of a thousand objects, minutes for each.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_told_of_soon() {
    let site = small(&numbered(200, "css"));
    let store = Watched::new();
    store.memory().fail_next(Operation::PutObject, StoreErrorKind::TimedOut, 2000);
    let done = applied(all(&site), &store, options(8, 24 * MIB as u64)).await;
    let failed = words(&done).iter().filter(|word| word.starts_with("failed")).count();
    assert_eq!(failed, 3);
    assert!(store.requests()["PutObject"] <= 10 * 6, "{:?}", store.requests());
}

/// Three objects that fail between others that do not are three objects.
#[tokio::test(start_paused = true)]
async fn a_few_objects_that_fail_leave_the_others_alone() {
    let names = numbered(30, "css");
    let site = small(&names);
    let store = Watched::new();
    for name in ["005.css", "012.css", "020.css", "027.css"] {
        for _ in 0..6 {
            store.memory().fail(fault(
                Operation::PutObject,
                &format!("static/{name}"),
                StoreErrorKind::ConnectionLost,
            ));
        }
    }
    let done = applied(all(&site), &store, options(1, 24 * MIB as u64)).await;
    let stored = words(&done).iter().filter(|word| word.starts_with("stored")).count();
    assert_eq!(stored, 26, "{:?}", words(&done));
}

/// A service that does not look whether a body is the one that was signed stores what a proxy on the way made of it.
#[tokio::test(start_paused = true)]
async fn a_body_that_arrives_damaged_is_put_again() {
    let site = Site::new(&[("a.css", b"a{}"), ("large.bin", &noise(17 * MIB)), ("mid.bin", &noise(2 * MIB))]);
    for conditional in [false, true] {
        let store = Watched::new();
        store.memory().damage_next(Operation::PutObject, 3);
        store.memory().damage_next(Operation::UploadPart, 2);
        let options = ApplyOptions { conditional, ..usual() };
        let done = applied(all(&site), &store, options).await;
        assert_eq!(words(&done), ["stored 3", "stored 17825792", "stored 2097152"]);
        let objects = store.memory().objects();
        assert_eq!(&objects["static/a.css"].body[..], b"a{}");
        assert!(objects["static/large.bin"].body[..] == noise(17 * MIB));
        assert!(objects["static/mid.bin"].body[..] == noise(2 * MIB));
        let requests = store.requests();
        assert_eq!((requests["PutObject"], requests["GetObject"], requests["UploadPart"]), (5, 3, 5));
    }
}

/// Each time another way: nothing of it is published, and parts are not made an object.
#[tokio::test(start_paused = true)]
async fn bodies_that_always_arrive_damaged_are_told_of() {
    let site = Site::new(&[("large.bin", &noise(9 * MIB)), ("index.html", b"<p>")]);
    let store = Watched::new();
    store.memory().damage_next(Operation::UploadPart, 100);
    let done = applied(all(&site), &store, usual()).await;
    assert_eq!(
        words(&done),
        ["failed: the body of `s3://memory/static/large.bin` was damaged on its way", "not tried"]
    );
    assert!(store.memory().objects().is_empty());
    assert_eq!(store.memory().open_uploads(), 0);

    let (site, store) = (small(&["a.css", "b.html"].map(ToOwned::to_owned)), Watched::new());
    store.memory().damage_next(Operation::PutObject, 100);
    let done = applied(all(&site), &store, usual()).await;
    assert_eq!(
        words(&done),
        ["failed: the body of `s3://memory/static/a.css` was damaged on its way", "not tried"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_counted() {
    let site = small(&["a.css".to_owned()]);
    let store = Watched::new();
    store.memory().fail_next(Operation::PutObject, StoreErrorKind::Unavailable, 2);
    let done = applied(all(&site), &store, usual()).await;
    assert_eq!(words(&done), ["stored 5"]);
    assert_eq!(store.requests()["PutObject"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_slow_downs_shrinks_the_limit_and_everything_arrives() {
    let names = numbered(60, "css");
    let site = small(&names);
    let store = Watched::new();
    for name in &names {
        for _ in 0..3 {
            let key = format!("static/{name}");
            store.memory().fail(fault(Operation::PutObject, &key, StoreErrorKind::SlowDown));
        }
    }
    let options = options(32, 24 * MIB as u64);
    let (limit, least) = (Arc::clone(&options.limit), Arc::new(std::sync::Mutex::new(32)));
    let (watched, seen) = (Arc::clone(&limit), Arc::clone(&least));
    let retrying = Retrying::new(store.clone(), move |pressure| {
        match pressure {
            Pressure::SlowDown => watched.shrink(),
            Pressure::Succeeded => watched.grow(),
        }
        let mut least = seen.lock().unwrap();
        *least = watched.allowed().min(*least);
    });
    let silent = Arc::new(Silent);
    let done =
        apply(Arc::new(all(&site)), Arc::new(retrying), options, silent, CancellationToken::new()).await;
    assert_eq!(words(&done), vec!["stored 7"; 60]);
    assert_eq!(store.requests()["PutObject"], 240);
    assert!(*least.lock().unwrap() <= 16, "{}", *least.lock().unwrap());
}

#[tokio::test(start_paused = true)]
async fn large_files_go_in_parts() {
    let body = noise(17 * MIB);
    let site = Site::new(&[("large.bin", &body), ("one.bin", &body[..8 * MIB])]);
    let store = Watched::new();
    let done = applied(all(&site), &store, usual()).await;
    assert_eq!(words(&done), ["stored 17825792", "stored 8388608"]);
    let objects = store.memory().objects();
    assert!(objects["static/large.bin"].body == body, "the whole body");
    assert!(objects["static/large.bin"].etag.ends_with("-3"));
    assert!(objects["static/one.bin"].etag.ends_with("-1"));
    assert_eq!(store.memory().open_uploads(), 0);
    assert_eq!(
        store.requests().into_iter().collect::<Vec<_>>(),
        [("CompleteMultipartUpload", 2), ("CreateMultipartUpload", 2), ("UploadPart", 4)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_fails_leaves_no_parts() {
    for operation in [Operation::UploadPart, Operation::CompleteMultipartUpload] {
        let body = noise(17 * MIB);
        let site = Site::new(&[("large.bin", &body)]);
        let store = Watched::new();
        store.memory().fail(fault(operation, "static/large.bin", denied()));
        let done = applied(all(&site), &store, usual()).await;
        let message = format!("S3 refused {operation:?} `s3://memory/static/large.bin`: AccessDenied");
        assert_eq!(words(&done), [format!("failed: {message}")]);
        assert_eq!((store.memory().open_uploads(), store.memory().objects().len()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn parts_that_cannot_be_removed_are_said() {
    let site = Site::new(&[("large.bin", &noise(9 * MIB))]);
    let store = Watched::new();
    store.memory().fail_next(Operation::UploadPart, denied(), 1);
    store.memory().fail_next(Operation::AbortMultipartUpload, denied(), 1);
    let done = applied(all(&site), &store, usual()).await;
    let Some(Outcome::Failed(problem)) = &done.outcomes[0] else { panic!("{done:?}") };
    assert_eq!(
        problem.note.as_deref(),
        Some(
            "the parts of this upload stay in the bucket until they expire: S3 refused AbortMultipartUpload \
             `s3://memory/static/large.bin`: AccessDenied"
        )
    );
}

/// A token that is cancelled when a request of this kind arrives.
fn interrupted_at(operation: Operation) -> (CancellationToken, Watched) {
    let cancel = CancellationToken::new();
    let striking = cancel.clone();
    let store = Watched::hooked(move |arrived, _| {
        if arrived == operation {
            striking.cancel();
        }
    });
    (cancel, store)
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_gives_uploads_up() {
    let (cancel, store) = interrupted_at(Operation::UploadPart);
    let site = Site::new(&[("large.bin", &noise(17 * MIB)), ("index.html", b"<p>")]);
    let done = run(all(&site), &store, usual(), &cancel).await;
    assert_eq!(words(&done), ["not tried", "not tried"]);
    assert!(done.interrupted);
    assert_eq!((store.memory().open_uploads(), store.memory().objects().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_completion_under_way_is_waited_for() {
    let (cancel, store) = interrupted_at(Operation::CompleteMultipartUpload);
    let site = Site::new(&[("large.bin", &noise(9 * MIB))]);
    let done = run(all(&site), &store, usual(), &cancel).await;
    assert_eq!(words(&done), ["stored 9437184"]);
    assert_eq!(store.memory().objects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_begins_nothing_more() {
    let (cancel, store) = interrupted_at(Operation::PutObject);
    let site = small(&numbered(100, "css"));
    let done = run(all(&site), &store, options(4, 24 * MIB as u64), &cancel).await;
    let stored = words(&done).iter().filter(|word| *word == "stored 7").count();
    assert_eq!((stored, store.requests()["PutObject"]), (4, 4), "those that were under way");
    assert_eq!(words(&done).iter().filter(|word| *word == "not tried").count(), 96);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_waited_for_ten_seconds() {
    let (cancel, store) = interrupted_at(Operation::PutObject);
    let site = small(&["a.css", "b.hangs", "c.hangs"].map(ToOwned::to_owned));
    let begun = tokio::time::Instant::now();
    let done = run(all(&site), &store, usual(), &cancel).await;
    assert_eq!(words(&done), ["stored 5", "unknown", "unknown"]);
    assert!(done.interrupted);
    let waited = begun.elapsed().as_millis();
    assert!((10_010..10_030).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_between_its_parts_is_never_completed() {
    let body = noise(33 * MIB);
    let site = Site::new(&[("large.bin", &body)]);
    let (path, changed) = (site.path("large.bin"), AtomicBool::new(false));
    let store = Watched::hooked(move |operation, _| {
        if operation == Operation::UploadPart && !changed.swap(true, Ordering::Relaxed) {
            use std::io::Write as _;
            let mut file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
            file.write_all(b"other").expect("written");
        }
    });
    let done = applied(all(&site), &store, options(1, 8 * MIB as u64)).await;
    assert_eq!(words(&done), ["failed: `large.bin` changed while it was being read"]);
    assert_eq!((store.memory().open_uploads(), store.memory().objects().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_after_its_last_part_is_never_completed() {
    let site = Site::new(&[("large.bin", &noise(9 * MIB))]);
    let (path, parts) = (site.path("large.bin"), std::sync::Mutex::new(0));
    let store = Watched::hooked(move |operation, _| {
        let mut parts = parts.lock().unwrap();
        if operation == Operation::UploadPart {
            *parts += 1;
            if *parts == 2 {
                fs::remove_file(&path).expect("it was there");
            }
        }
    });
    let done = applied(all(&site), &store, usual()).await;
    assert_eq!(words(&done), ["failed: `large.bin` vanished before it could be read"]);
    assert_eq!((store.memory().open_uploads(), store.memory().objects().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_body_larger_than_the_budget_is_streamed() {
    let body = noise(300 * KIB as usize);
    let site = Site::new(&[("large.bin", &body)]);
    let store = Watched::new();
    let done = applied(all(&site), &store, options(8, 64 * KIB)).await;
    assert_eq!(words(&done), ["stored 307200"]);
    assert!(store.memory().objects()["static/large.bin"].body == body, "the whole body");
    assert_eq!(store.traffic().most_bytes, 0, "none of it was in memory");
}

#[tokio::test(start_paused = true)]
async fn a_streamed_file_that_changes_is_told_as_that() {
    let site = Site::new(&[("large.bin", &noise(300 * KIB as usize))]);
    let path = site.path("large.bin");
    let store = Watched::hooked(move |_, _| {
        #[expect(clippy::disallowed_methods, reason = "the test changes the file under way")]
        fs::write(&path, noise(300 * KIB as usize - 1)).expect("written");
    });
    let done = applied(all(&site), &store, options(8, 64 * KIB)).await;
    assert_eq!(words(&done), ["failed: `large.bin` changed while it was being read"]);
    assert!(store.memory().objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn bodies_in_memory_stay_within_the_budget() {
    let body = noise(100 * KIB as usize);
    let names = numbered(40, "bin");
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), body.as_slice())).collect();
    let site = Site::new(&files);
    let store = Watched::new();
    applied(all(&site), &store, options(32, 450 * KIB)).await;
    assert_eq!(store.traffic().most_bytes, 400 * KIB, "four at once, and never five");
    assert_eq!(store.memory().objects().len(), 40);
}

/// Among them: one that is empty, two that are read by themselves, one that cannot be read, and more than are read at once.
#[tokio::test(start_paused = true)]
async fn bodies_that_are_read_together_are_stored_each_as_it_is() {
    let mut bodies: Vec<(String, Vec<u8>)> =
        numbered(40, "bin").into_iter().zip((0..40).map(|number| noise(number * 977))).collect();
    bodies[7].1 = noise(300 * KIB as usize);
    bodies[30].1 = noise(MIB + 1);
    let files: Vec<(&str, &[u8])> = bodies.iter().map(|(name, body)| (name.as_str(), &body[..])).collect();
    for budget in [24 * MIB as u64, 64 * KIB] {
        let site = Site::new(&files);
        let plan = all(&site);
        site.write("020.bin", b"changed");
        let store = Watched::new();
        let done = applied(plan, &store, options(32, budget)).await;
        let mut expected: Vec<String> =
            bodies.iter().map(|(_, body)| format!("stored {}", body.len())).collect();
        expected[20] = "failed: `020.bin` changed while it was being read".to_owned();
        assert_eq!(words(&done), expected);
        for ((name, body), outcome) in bodies.iter().zip(&done.outcomes) {
            let Some(Outcome::Stored(stored)) = outcome else { continue };
            assert!(store.memory().objects()[&format!("static/{name}")].body == body[..], "{name}");
            let [md5] = &md5_each(&[body])[..] else { unreachable!("one for each") };
            assert_eq!((&stored.source, &stored.body), (md5, md5), "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn parts_are_streamed() {
    let body = noise(40 * MIB);
    let site = Site::new(&[("a.bin", &body), ("b.bin", &body[..30 * MIB]), ("c.css", b"a{}")]);
    let store = Watched::new();
    let done = applied(all(&site), &store, options(32, 16 * MIB as u64)).await;
    assert_eq!(words(&done), ["stored 41943040", "stored 31457280", "stored 3"]);
    assert_eq!(store.traffic().most_bytes, 3, "only the small body was in memory");
    assert!(store.memory().objects()["static/b.bin"].body == body[..30 * MIB], "the whole body");
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_under_way_than_the_limit_allows() {
    let mut names = numbered(100, "css");
    names.push("large.bin".to_owned());
    let site = small(&names);
    site.write("large.bin", &noise(33 * MIB));
    let store = Watched::new();
    applied(all(&site), &store, options(3, 48 * MIB as u64)).await;
    assert_eq!(store.memory().objects().len(), 101);
    assert_eq!(store.traffic().most_requests, 3);
}

#[tokio::test(start_paused = true)]
async fn a_lock_brings_a_checksum_where_none_is_asked_for() {
    let lock = parameters(
        &json!({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2030-01-01T00:00:00Z"}),
    );
    let hold = parameters(&json!({"ObjectLockLegalHoldStatus": "ON"}));
    let plain = parameters(&json!({"CacheControl": "no-cache"}));
    let (crc32, sha256) = (Some(ChecksumAlgorithm::Crc32), Some(ChecksumAlgorithm::Sha256));
    for (parameters, asked, expected) in [
        (&plain, None, None),
        (&lock, None, crc32),
        (&hold, None, crc32),
        (&lock, sha256, sha256),
        (&plain, sha256, sha256),
    ] {
        let site = Site::new(&[("a.css", b"a{}"), ("large.bin", &noise(9 * MIB))]);
        let mut plan = all(&site);
        for step in &mut plan.steps {
            Arc::make_mut(&mut step.asset.description).parameters = parameters.clone();
        }
        let store = Watched::new();
        applied(plan, &store, ApplyOptions { checksum: asked, ..usual() }).await;
        for (key, parts) in [("static/a.css", None), ("static/large.bin", Some(2))] {
            let stored: Vec<_> = store.memory().objects()[key]
                .checksums
                .iter()
                .map(|checksum| (checksum.algorithm, checksum.composite_parts))
                .collect();
            let expected: Vec<_> = expected.into_iter().map(|algorithm| (algorithm, parts)).collect();
            assert_eq!(stored, expected, "{key} {parameters:?} {asked:?}");
        }
    }
}
