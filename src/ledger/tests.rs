//! Swaps, claims and records over a bucket in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::error::{Diagnose as _, Exit};
use crate::release::{Claim, ClaimKind, Published};
use crate::report::{Event, Reporter, Silent};
use crate::store::memory::{Conditions, Fault};
use crate::store::retry::Retrying;
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Site, Watched, parameters};

const POINTER: &str = "static/.s3collect/default/current";
const PATIENCE: Duration = Duration::from_secs(600);

fn ledger(store: &Watched) -> Ledger<Watched> {
    let site = Site::new(&[]);
    Ledger::new(&site.settings(), Arc::new(store.clone())).expect("a ledger")
}

fn id(number: u32) -> ReleaseId {
    ReleaseId::begun(1_800_000_000, number)
}

fn claim(number: u32) -> Claim {
    Claim { id: id(number), kind: ClaimKind::Push, order: None, by: "ci".to_owned(), victims: Vec::new() }
}

fn record(number: u32, app: &str) -> Record {
    Record {
        id: id(number),
        app: app.to_owned(),
        order: None,
        restores: None,
        settings: String::new(),
        manifest: None,
        objects: BTreeMap::new(),
    }
}

async fn leased(ledger: &Ledger<Watched>, seen: &SeenPointer, number: u32) -> Lease<Watched> {
    ours(ledger.claim(seen, None, claim(number), PATIENCE).await.expect("an answer"))
}

#[track_caller]
fn ours(claimed: Claimed<Watched>) -> Lease<Watched> {
    match claimed {
        Claimed::Ours(lease) => lease,
        Claimed::Overtaken(by) => panic!("overtaken by {by}"),
        Claimed::Lost(there) => panic!("lost to {there:?}"),
    }
}

#[track_caller]
fn lost(claimed: Claimed<Watched>) -> SeenPointer {
    match claimed {
        Claimed::Lost(there) => there,
        Claimed::Overtaken(by) => panic!("overtaken by {by}"),
        Claimed::Ours(lease) => panic!("{:?} is ours", lease.pointer()),
    }
}

async fn waited(ledger: &Ledger<Watched>) -> Option<Free> {
    wait_for_others(ledger, PATIENCE, &Silent, &CancellationToken::new()).await.expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn of_two_who_saw_the_same_one_gets_on() {
    let store = Watched::new();
    let ledger = ledger(&store);
    let seen = ledger.pointer().await.expect("an answer");
    assert_eq!(seen, SeenPointer::default(), "there is none");
    let ours = seen.pointer.claimed(claim(1)).expect("nobody is there");
    let Swap::Done(done) = ledger.swap(&seen, ours.clone()).await.expect("an answer") else { panic!() };
    assert_eq!(done, ledger.pointer().await.expect("an answer"), "what is written is what is read");
    let theirs = seen.pointer.claimed(claim(2)).expect("they saw nobody");
    let Swap::Lost(there) = ledger.swap(&seen, theirs).await.expect("an answer") else { panic!() };
    assert_eq!(there, done);

    let seen = done;
    let [one, two] = [Pointer { order: Some(1), ..ours.next() }, Pointer { order: Some(2), ..ours.next() }];
    let Swap::Done(done) = ledger.swap(&seen, one).await.expect("an answer") else { panic!() };
    let Swap::Lost(there) = ledger.swap(&seen, two).await.expect("an answer") else { panic!() };
    assert_eq!((there, done.pointer.order), (done.clone(), Some(1)));
}

/// The answer of a swap that was done is lost, and its next try meets its own work.
#[tokio::test(start_paused = true)]
async fn a_swap_knows_its_own_first_try() {
    let store = Watched::new();
    let ledger = ledger(&store);
    for _ in 0..2 {
        let seen = ledger.pointer().await.expect("an answer");
        let next = seen.pointer.next();
        store.memory().fail(Fault {
            operation: Operation::PutObject,
            key: None,
            kind: StoreErrorKind::Unavailable,
            done: true,
        });
        ledger.swap(&seen, next.clone()).await.expect_err("the answer is lost");
        let Swap::Done(done) = ledger.swap(&seen, next.clone()).await.expect("an answer") else { panic!() };
        assert_eq!(done.pointer, next);
    }
}

#[tokio::test(start_paused = true)]
async fn how_a_store_deals_with_conditions_is_found_out() {
    for (conditions, swaps, heeds) in [
        (Conditions::Heeded, true, true),
        (Conditions::Ignored, true, false),
        (Conditions::Refused, false, false),
        (Conditions::Failed, false, true),
    ] {
        let store = Watched::new();
        store.memory().conditions(conditions);
        let ledger = ledger(&store);
        for _ in 0..2 {
            let seen = ledger.pointer().await.expect("an answer");
            let swap = ledger.swap(&seen, seen.pointer.next()).await.expect("an answer");
            assert_eq!(matches!(swap, Swap::Done(_)), swaps, "{conditions:?}: {swap:?}");
            assert_eq!(matches!(swap, Swap::Unconditional), !swaps, "{conditions:?}: {swap:?}");
            ledger.overwrite(&seen.pointer.next()).await.expect("an answer");
        }
        let seen = ledger.pointer().await.expect("an answer");
        assert_eq!(ledger.heeds_conditions(&seen).await.expect("an answer"), heeds, "{conditions:?}");
        let lease = leased(&ledger, &seen, 1).await;
        assert_eq!(lease.is_conditional(), conditions == Conditions::Heeded, "{conditions:?}");
        assert_eq!(ledger.pointer().await.expect("an answer").pointer, *lease.pointer(), "{conditions:?}");
        let published = lease.pointer().published().expect("a claim");
        assert!(lease.end(published).await.expect("an answer"), "{conditions:?}");
        let there = ledger.pointer().await.expect("an answer").pointer;
        assert_eq!((there.claim, there.published), (None, Some(Published { id: id(1) })), "{conditions:?}");
    }
}

/// Whether the store heeds conditions or not: whoever lost the claim writes nothing.
#[tokio::test(start_paused = true)]
async fn a_claim_that_was_taken_over_ends_nothing() {
    for conditions in [Conditions::Heeded, Conditions::Ignored, Conditions::Refused, Conditions::Failed] {
        let store = Watched::new();
        store.memory().conditions(conditions);
        let ledger = ledger(&store);
        let mut lease = leased(&ledger, &SeenPointer::default(), 1).await;
        let until = *lease.until().borrow();
        let problem = {
            let kept = timeout(PATIENCE, lease.keep()).await;
            assert!(kept.is_err(), "{conditions:?}: it lives");
            assert!(*lease.until().borrow() > until, "{conditions:?}");
            let seen = ledger.pointer().await.expect("an answer");
            let theirs = seen.pointer.passed_over().claimed(claim(2)).expect("nobody is there");
            ledger.overwrite(&theirs).await.expect("an answer");
            lease.keep().await
        };
        let expected = format!(
            "overtaken: the push `{}` by `ci` took over, since this run gave no sign of life for too long",
            id(2)
        );
        assert_eq!((problem.message, problem.exit), (expected, Exit::Overtaken), "{conditions:?}");
        let there = ledger.pointer().await.expect("an answer");
        assert_eq!(there.pointer.claim, Some(claim(2)), "{conditions:?}");
    }
    let store = Watched::new();
    let ledger = ledger(&store);
    let lease = leased(&ledger, &SeenPointer::default(), 1).await;
    let theirs = Pointer { serial: 7, ..Pointer::default() };
    ledger.overwrite(&theirs).await.expect("an answer");
    let published = lease.pointer().published().expect("a claim");
    assert!(!lease.end(published).await.expect("an answer"));
    assert_eq!(ledger.pointer().await.expect("an answer").pointer, theirs);
}

/// A service that answers nothing for as long as a claim lives: the holder gives up when others may begin, not later.
/// Whether conditions are heeded is asked by a put that has to be refused. When that was sent twice, the second one must not
/// take what is there for what the first one did.
#[tokio::test(start_paused = true)]
async fn a_service_that_fails_is_none_without_conditions() {
    let site = Site::new(&[]);
    let store = Arc::new(Retrying::new(Watched::new(), |_| ()));
    let ledger = Ledger::new(&site.settings(), Arc::clone(&store)).expect("a ledger");
    let seen = ledger.overwrite(&Pointer::default()).await.expect("stored");
    for done in [false, true] {
        let kind = StoreErrorKind::ConnectionLost;
        store.inner().memory().fail(Fault { operation: Operation::PutObject, key: None, kind, done });
        assert!(ledger.heeds_conditions(&seen).await.expect("an answer"), "{done}");
    }
    assert_eq!(ledger.pointer().await.expect("an answer").pointer, seen.pointer);
}

/// A push was through while its last sign of life was still on its way, which nobody waited for any more: it is no other
/// run's.
#[tokio::test(start_paused = true)]
async fn a_sign_of_life_whose_answer_nobody_heard_is_ones_own() {
    let store = Watched::new();
    let ledger = ledger(&store);
    let mut lease = leased(&ledger, &SeenPointer::default(), 1).await;
    store.memory().fail(Fault {
        operation: Operation::PutObject,
        key: None,
        kind: StoreErrorKind::ConnectionLost,
        done: true,
    });
    timeout(PATIENCE / 3, lease.keep()).await.expect_err("it still lives");
    let serial = ledger.pointer().await.expect("an answer").pointer.serial;
    assert_eq!(serial, lease.pointer().serial + 1);
    let published = lease.pointer().published().expect("a claim");
    assert!(lease.end(published).await.expect("an answer"));
    let there = ledger.pointer().await.expect("an answer").pointer;
    assert_eq!(
        (there.published, there.claim, there.serial),
        (Some(Published { id: id(1) }), None, serial + 1)
    );
}

/// A pointer that arrives damaged, where the service does not look, is replaced before anybody goes by it; one that is read
/// damaged is read again.
#[tokio::test(start_paused = true)]
async fn a_pointer_is_what_was_written() {
    let store = Watched::new();
    let ledger = ledger(&store);
    store.memory().damage_next(Operation::PutObject, 2);
    let lease = leased(&ledger, &SeenPointer::default(), 1).await;
    assert!(lease.is_conditional());
    store.memory().damage_next(Operation::GetObject, 1);
    let there = ledger.pointer().await.expect("an answer");
    assert_eq!((&there.pointer, there.damage), (lease.pointer(), None));
    store.memory().damage_next(Operation::PutObject, 100);
    let seen = ledger.pointer().await.expect("an answer");
    let error = ledger.swap(&seen, seen.pointer.next()).await.expect_err("it never arrives");
    assert_eq!(error.kind, StoreErrorKind::Damaged);
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_show_life_stops_in_time() {
    let store = Watched::new();
    let ledger = ledger(&store);
    let mut lease = leased(&ledger, &SeenPointer::default(), 1).await;
    let begun = Instant::now();
    store.memory().fail_next(Operation::PutObject, StoreErrorKind::Unavailable, 99);
    let problem = lease.keep().await;
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert!(begun.elapsed() >= PATIENCE / 2, "once is not enough: {:?}", begun.elapsed());
    assert_eq!(problem.note.as_deref(), Some("nobody could be told that this run still lives"));
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_refused_to_whoever_saw_it_or_comes_too_late() {
    let store = Watched::new();
    let ledger = ledger(&store);
    let before = ledger.pointer().await.expect("an answer");
    let _lease = leased(&ledger, &before, 1).await;
    let seen = ledger.pointer().await.expect("an answer");
    for seen_by_them in [&before, &seen] {
        let claimed = ledger.claim(seen_by_them, None, claim(2), PATIENCE).await.expect("an answer");
        let there = lost(claimed);
        assert_eq!(there.pointer.claim, Some(claim(1)));
    }
    // Only the claim that was waited for is passed over.
    let left = LeftClaim { claim: claim(3), seen: None };
    let claimed = ledger.claim(&seen, Some(&left), claim(2), PATIENCE).await.expect("an answer");
    assert_eq!(lost(claimed).pointer, seen.pointer);
    let left = LeftClaim { claim: claim(1), seen: None };
    let claimed = ledger.claim(&seen, Some(&left), claim(2), PATIENCE).await.expect("an answer");
    let lease = ours(claimed);
    assert_eq!(lease.pointer().claim, Some(claim(2)));

    let ordered = |order| Claim { order: Some(order), ..claim(order.try_into().expect("small")) };
    let seen = ledger.overwrite(&Pointer { order: Some(5), ..Pointer::default() }).await.expect("an answer");
    let claimed = ledger.claim(&seen, None, ordered(4), PATIENCE).await.expect("an answer");
    assert!(matches!(claimed, Claimed::Overtaken(5)));
    assert_eq!(ledger.pointer().await.expect("an answer").pointer, seen.pointer, "nothing was written");
}

/// What a reporter is told while it waits.
#[derive(Default)]
struct Told(Mutex<Vec<(String, Duration)>>);

impl Reporter for Told {
    fn event(&self, event: &Event<'_>) {
        if let Event::Waiting { who, left } = event {
            self.0.lock().expect("nobody panics").push(((*who).to_owned(), *left));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_at_work_is_waited_for_until_they_are_silent_for_too_long() {
    let store = Watched::new();
    let ledger = ledger(&store);
    assert_eq!(
        waited(&ledger).await.map(|free| (free.seen, free.left)),
        Some((SeenPointer::default(), None))
    );

    let lease = leased(&ledger, &SeenPointer::default(), 1).await;
    sleep(Duration::from_secs(100)).await;
    let (begun, told) = (Instant::now(), Told::default());
    let free = wait_for_others(&ledger, PATIENCE, &told, &CancellationToken::new()).await;
    let free = free.expect("an answer").expect("no interrupt");
    let left = free.left.expect("it is dead");
    assert_eq!((left.claim, left.seen), (claim(1), free.seen.modified));
    assert!((495..=505).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let told = told.0.into_inner().expect("nobody panics");
    let [(who, rest)] = told.as_slice() else { panic!("it is told once: {told:?}") };
    assert_eq!(*who, format!("the push `{}` by `ci`", id(1)));
    assert!((495..=505).contains(&rest.as_secs()), "{rest:?}");

    // Signs of life keep others waiting; who gives back is followed at once.
    let mut lease = lease;
    let others = async {
        let begun = Instant::now();
        (waited(&ledger).await.expect("no interrupt"), begun.elapsed())
    };
    let owner = async {
        let kept = timeout(PATIENCE * 3, lease.keep()).await;
        assert!(kept.is_err(), "{kept:?}");
        lease.release().await;
    };
    // It was silent, but nobody took over: its next sign counts.
    ledger
        .swap(&ledger.pointer().await.expect("an answer"), free.seen.pointer.clone())
        .await
        .expect("an answer");
    let ((free, waited), ()) = tokio::join!(others, owner);
    assert!(free.left.is_none() && free.seen.pointer.claim.is_none());
    assert!(waited >= PATIENCE * 3 && waited < PATIENCE * 3 + Duration::from_secs(10), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_can_be_interrupted() {
    let store = Watched::new();
    let ledger = ledger(&store);
    let _lease = leased(&ledger, &SeenPointer::default(), 1).await;
    let cancel = CancellationToken::new();
    let interrupt = async {
        sleep(Duration::from_secs(30)).await;
        cancel.cancel();
    };
    let begun = Instant::now();
    let (free, ()) = tokio::join!(wait_for_others(&ledger, PATIENCE, &Silent, &cancel), interrupt);
    assert!(free.expect("an answer").is_none());
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_pointer_that_cannot_be_read_is_told_and_can_be_replaced() {
    let store = Watched::new();
    let ledger = ledger(&store);
    store.memory().insert(POINTER, "{\"s3collect_pointer\": 2}", ObjectParameters::default());
    let seen = ledger.pointer().await.expect("an answer");
    assert_eq!(seen.pointer, Pointer::default());
    let damage = seen.damage.clone().expect("it is told");
    assert_eq!(damage.message, format!("`{POINTER}` is no pointer to a release"));
    assert_eq!(damage.causes, ["its format is version 2, and this is version 1"]);
    let lease = leased(&ledger, &seen, 1).await;
    lease.release().await;
    let seen = ledger.pointer().await.expect("an answer");
    assert_eq!((seen.damage, seen.pointer.claim), (None, None));
}

#[tokio::test(start_paused = true)]
async fn records_are_those_of_their_app_the_last_first() {
    let store = Watched::new();
    let ledger = ledger(&store);
    let other = ledger.of(AppName::new("other").expect("a name"));
    for number in [2, 1, 3] {
        ledger.put_record(&record(number, "default")).await.expect("an answer");
    }
    other.put_record(&record(9, "other")).await.expect("an answer");
    store.memory().insert(
        "static/.s3collect/default/releases/notes.txt",
        "no id",
        ObjectParameters::default(),
    );
    store.memory().insert("static/.s3collect/stray", "no app", ObjectParameters::default());
    let listed = ledger.records().await.expect("an answer");
    assert_eq!(listed.iter().map(|listed| listed.id.clone()).collect::<Vec<_>>(), [id(3), id(2), id(1)]);
    assert_eq!(ledger.record(&id(2)).await.expect("a record"), Some(record(2, "default")));
    assert_eq!(ledger.record(&id(9)).await.expect("an answer"), None);
    let apps = ledger.apps().await.expect("an answer");
    assert_eq!(apps.iter().map(AppName::as_str).collect::<Vec<_>>(), ["default", "other"]);
    assert_eq!(
        ledger.others().await.expect("an answer").into_keys().collect::<Vec<_>>(),
        [other.app().clone()]
    );

    // One that was copied to where it does not belong, and one that is none.
    let body = record(9, "other").to_bytes();
    store.memory().insert(ledger.record_key(&id(4)).as_str(), body, ObjectParameters::default());
    let error = ledger.record(&id(4)).await.expect_err("it is foreign");
    let key = ledger.record_key(&id(4));
    assert_eq!(error.to_string(), format!("`{key}` is the record of release `{}` of `other`", id(9)));
    assert_eq!(error.hint().as_deref(), Some("the next push writes a new one"));
    store.memory().insert(key.as_str(), "none", ObjectParameters::default());
    let error = ledger.record(&id(4)).await.expect_err("it is none");
    assert_eq!(
        (error.to_string(), error.exit()),
        (format!("`{key}` is no record of a release"), Exit::Failed)
    );
}

/// More records than a page of a listing has, and more apps.
#[tokio::test(start_paused = true)]
async fn listings_have_more_than_one_page() {
    let store = Watched::new();
    let ledger = ledger(&store);
    for number in 0..1001 {
        let key = ledger.record_key(&id(number));
        store.memory().insert(key.as_str(), "", ObjectParameters::default());
        let key = format!("static/.s3collect/app-{number}/current");
        store.memory().insert(&key, "", ObjectParameters::default());
    }
    assert_eq!(ledger.records().await.expect("an answer").len(), 1001);
    assert_eq!(ledger.apps().await.expect("an answer").len(), 1002);
}

#[test]
fn records_are_as_encrypted_as_objects_and_never_public() {
    let objects = parameters(&serde_json::json!({
        "ACL": "public-read",
        "CacheControl": "max-age=60",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "key",
        "ExpectedBucketOwner": "123456789012",
        "Tagging": "a=b",
        "Metadata": {"a": "b"},
    }));
    let expected = parameters(&serde_json::json!({
        "CacheControl": "no-store",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "key",
        "ExpectedBucketOwner": "123456789012",
    }));
    assert_eq!(super::parameters(&objects), expected);
}

#[test]
fn a_record_prefix_moves_them_and_keys_have_room() {
    let mut settings = Site::new(&[]).settings();
    let store = || Arc::new(Watched::new());
    let moved = Location::new("records").expect("a location");
    settings.releases.prefix = Some(moved);
    let ledger = Ledger::new(&settings, store()).expect("a ledger");
    assert_eq!(ledger.record_key(&id(1)).as_str(), format!("records/default/releases/{}", id(1)));
    assert!(ledger.holds("records/other/current") && !ledger.holds("static/.s3collect/default/current"));
    settings.releases.prefix = Some(Location::new(&"x".repeat(1000)).expect("a location"));
    assert!(matches!(Ledger::new(&settings, store()), Err(NameError::KeyTooLong { .. })));
}

/// Ids sort behind the live release, whatever the clock does.
#[test]
fn an_id_sorts_behind_that_which_is_live() {
    let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let live = new_id(at(1_800_000_000), None);
    assert_eq!(live.seconds(), Some(1_800_000_000));
    for date in [at(1_800_000_000), at(1_700_000_000), None] {
        let next = new_id(date, Some(&live));
        assert!(next > live, "{next} {live}");
        assert_eq!(next.seconds(), Some(1_800_000_001));
    }
    assert_eq!(new_id(at(1_900_000_000), Some(&live)).seconds(), Some(1_900_000_000));
}

/// Who is at work, as others see it.
#[test]
fn a_claim_without_times_lives() {
    let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let pointer = Pointer::default().claimed(claim(1)).expect("nobody is there");
    let seen =
        |modified, date| SeenPointer { pointer: pointer.clone(), modified, date, ..SeenPointer::default() };
    let live = AtWork::Live(pointer.claim.as_ref().expect("a claim"));
    let dead = AtWork::Dead(pointer.claim.as_ref().expect("a claim"));
    for (modified, date, expected) in [
        (at(0), at(599), live),
        (at(0), at(600), dead),
        (at(900), at(0), live),
        (None, at(600), live),
        (at(0), None, live),
    ] {
        assert_eq!(seen(modified, date).at_work(PATIENCE), expected, "{modified:?} {date:?}");
    }
    assert_eq!(SeenPointer::default().at_work(PATIENCE), AtWork::Nobody);
}
