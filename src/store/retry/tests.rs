use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::StreamExt as _;

use super::*;
use crate::parameters::ObjectParameters;
use crate::store::memory::{Fault, MemoryStore};
use crate::store::{ByteRange, Operation};

fn unreachable() -> StoreErrorKind {
    StoreErrorKind::Unreachable { endpoint: "http://127.0.0.1:1".to_owned() }
}

fn request() -> PutRequest {
    PutRequest {
        key: ObjectKey::new("a.css").expect("a key"),
        body: Body::Bytes(Bytes::from_static(b"body")),
        parameters: ObjectParameters::default(),
        checksum: None,
        condition: None,
    }
}

fn multipart() -> MultipartRequest {
    let request = request();
    MultipartRequest { key: request.key, parameters: request.parameters, checksum: None, condition: None }
}

fn failing(operation: Operation, kind: StoreErrorKind, times: usize) -> Retrying<MemoryStore> {
    let store = MemoryStore::new();
    store.fail_next(operation, kind, times);
    Retrying::new(store, |_| {})
}

#[tokio::test(start_paused = true)]
async fn what_may_succeed_is_sent_again() {
    for kind in [
        StoreErrorKind::SlowDown,
        StoreErrorKind::Unavailable,
        StoreErrorKind::Conflict,
        StoreErrorKind::Damaged,
        StoreErrorKind::TimedOut,
        StoreErrorKind::ConnectionLost,
    ] {
        let store = failing(Operation::PutObject, kind.clone(), 5);
        assert!(store.put(&request()).await.is_ok(), "{kind:?}");
        assert_eq!(store.requests()["PutObject"], 6);
    }
}

#[tokio::test(start_paused = true)]
async fn six_tries_are_all() {
    let store = failing(Operation::PutObject, StoreErrorKind::Unavailable, 6);
    let begin = Instant::now();
    let error = store.put(&request()).await.expect_err("it fails six times");
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert_eq!(store.requests()["PutObject"], 6);
    assert!(begin.elapsed() <= FIRST_WAIT * (1 + 2 + 4 + 8 + 16), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_succeed_is_not_sent_again() {
    for kind in [
        StoreErrorKind::AccessDenied { permissions: vec!["s3:PutObject"] },
        StoreErrorKind::Tls { endpoint: "https://s3.example.com".to_owned() },
        StoreErrorKind::PreconditionFailed,
        StoreErrorKind::BodyChanged,
        StoreErrorKind::StorageFull,
    ] {
        let store = failing(Operation::PutObject, kind.clone(), 1);
        assert_eq!(store.put(&request()).await.expect_err("it fails").kind, kind);
        assert_eq!(store.requests()["PutObject"], 1);
    }
}

/// Fails with `Unreachable` after a while each time, as a connect time-out does.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_answered_is_given_up_soon() {
    let store = Retrying::new(MemoryStore::new(), |_| {});
    let begin = Instant::now();
    let outcome: Result<(), _> = store
        .retried(|| async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let target = crate::store::Target { bucket: "b".to_owned(), key: String::new() };
            Err(StoreError::new(Operation::ListObjectsV2, target, unreachable()))
        })
        .await;
    assert_eq!(outcome.expect_err("nothing is there").kind, unreachable());
    assert!(begin.elapsed() >= NEVER_REACHED && begin.elapsed() < NEVER_REACHED * 2, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_answered_once_is_waited_for() {
    let store = failing(Operation::PutObject, unreachable(), 5);
    store.list("", None).await.expect("it answers");
    assert!(store.put(&request()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_observer_hears_of_each_try() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let store = MemoryStore::new();
    store.fail_next(Operation::PutObject, StoreErrorKind::SlowDown, 1);
    store.fail_next(Operation::PutObject, StoreErrorKind::Unavailable, 1);
    let ears = Arc::clone(&heard);
    let store = Retrying::new(store, move |pressure| ears.lock().unwrap().push(pressure));
    store.put(&request()).await.expect("the third try succeeds");
    assert_eq!(*heard.lock().unwrap(), [Pressure::SlowDown, Pressure::Succeeded]);
}

fn holding(body: &[u8]) -> Retrying<MemoryStore> {
    let store = MemoryStore::new();
    store.insert("a.css", body.to_vec(), ObjectParameters::default());
    Retrying::new(store, |_| {})
}

async fn read(store: &Retrying<MemoryStore>, range: Option<ByteRange>) -> Result<Vec<u8>, StoreErrorKind> {
    let get = GetRequest { range, ..GetRequest::whole(request().key) };
    let GetAnswer::Object(mut download) = store.get(&get).await.map_err(|error| error.kind)? else {
        panic!("no object");
    };
    let mut body = Vec::new();
    while let Some(piece) = download.pieces.next().await {
        body.extend_from_slice(&piece.map_err(|error| error.kind)?);
    }
    Ok(body)
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_goes_on() {
    let body: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
    let stretch = ByteRange { offset: 10, length: Some(250_000) };
    for (range, expected) in [(None, &body[..]), (Some(stretch), &body[10..250_010])] {
        let store = holding(&body);
        store.inner().break_off_next(70_001, 3);
        assert_eq!(read(&store, range).await.expect("all of it"), expected);
        assert_eq!(store.requests()["GetObject"], 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_given_up() {
    let store = holding(b"body");
    store.inner().break_off_next(0, 100);
    assert_eq!(read(&store, None).await, Err(StoreErrorKind::ConnectionLost));
    assert_eq!(store.requests()["GetObject"], 6);
}

/// Half of one and half of another would be neither.
#[tokio::test(start_paused = true)]
async fn a_body_that_was_replaced_meanwhile_does_not_go_on() {
    let store = holding(b"body");
    store.inner().break_off_next(2, 1);
    let GetAnswer::Object(mut download) = store.get(&GetRequest::whole(request().key)).await.expect("it")
    else {
        panic!("no object");
    };
    assert_eq!(download.pieces.next().await.expect("a piece").expect("bytes"), "bo");
    store.inner().insert("a.css", "else", ObjectParameters::default());
    let error = download.pieces.next().await.expect("an answer").expect_err("another object");
    assert_eq!(error.kind, StoreErrorKind::PreconditionFailed);
}

#[tokio::test(start_paused = true)]
async fn a_new_object_whose_answer_was_lost_is_recognised() {
    let put = PutRequest { condition: Some(Condition::Absent), ..request() };
    let lost = Fault {
        operation: Operation::PutObject,
        key: None,
        kind: StoreErrorKind::ConnectionLost,
        done: true,
    };
    let store = Retrying::new(MemoryStore::new(), |_| {});
    store.inner().fail(lost);
    assert_eq!(store.put(&put).await.expect("it was done").etag, store.inner().objects()["a.css"].etag);
    // Without a lost answer it is somebody else's, however equal.
    assert_eq!(store.put(&put).await.expect_err("taken").kind, StoreErrorKind::PreconditionFailed);
}

async fn uploaded(store: &Retrying<MemoryStore>) -> (UploadId, Vec<Part>) {
    let upload = store.create_multipart(&multipart()).await.expect("an upload");
    let body = Body::Bytes(Bytes::from_static(b"part"));
    let part = store.upload_part(&multipart(), &upload, 1, &body).await.expect("a part");
    (upload, vec![part])
}

fn lost_completion() -> Fault {
    Fault {
        operation: Operation::CompleteMultipartUpload,
        key: None,
        kind: StoreErrorKind::ConnectionLost,
        done: true,
    }
}

#[tokio::test(start_paused = true)]
async fn a_completion_whose_answer_was_lost_is_recognised() {
    let store = Retrying::new(MemoryStore::new(), |_| {});
    let (upload, parts) = uploaded(&store).await;
    store.inner().fail(lost_completion());
    let answer = store.complete_multipart(&multipart(), &upload, &parts).await.expect("it was done");
    assert_eq!(answer.etag, store.inner().objects()["a.css"].etag);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_object_is_not_taken_for_a_completion() {
    let store = Retrying::new(MemoryStore::new(), |_| {});
    let (upload, parts) = uploaded(&store).await;
    store.abort_multipart(&multipart(), &upload).await.expect("it is gone");
    store.inner().insert("a.css", "theirs", ObjectParameters::default());
    store.inner().fail_next(Operation::CompleteMultipartUpload, StoreErrorKind::ConnectionLost, 1);
    let error = store.complete_multipart(&multipart(), &upload, &parts).await.expect_err("not ours");
    assert_eq!(error.kind, StoreErrorKind::NoSuchUpload);
}

#[test]
fn waits_lie_below_bounds_that_double() {
    for _ in 0..100 {
        let waits: Vec<Duration> = (Waits { attempts: ATTEMPTS }).build().collect();
        assert_eq!(waits.len(), ATTEMPTS - 1);
        for (index, wait) in waits.iter().enumerate() {
            assert!(*wait <= FIRST_WAIT * 2_u32.pow(u32::try_from(index).unwrap()), "{waits:?}");
        }
    }
}
