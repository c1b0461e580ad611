//! GETs of stretches, bodies that break off, and the answers to deletes.

use futures_util::StreamExt as _;
use s3collect::store::retry::Retrying;
use s3collect::store::{ByteRange, GetAnswer, GetRequest, ReadCondition};

use super::*;

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(name).expect("a key")
}

async fn body(answer: GetAnswer) -> Result<String, StoreErrorKind> {
    let GetAnswer::Object(mut download) = answer else { panic!("no object") };
    let mut text = String::new();
    while let Some(piece) = download.pieces.next().await {
        text.push_str(std::str::from_utf8(&piece.map_err(|error| error.kind)?).expect("text"));
    }
    Ok(text)
}

#[tokio::test]
async fn a_body_that_ends_early_is_asked_for_again_from_there() {
    let cut =
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\netag: \"e\"\r\n\r\nbod".to_owned();
    let rest = answer("206 Partial Content", &["etag: \"e\"", "content-range: bytes 3-5/6"], "y{}");
    let script = Script::answering(vec![cut.clone(), rest]).await;
    let store = Retrying::new(store(&script).await, |_| {});
    let answer = store.get(&GetRequest::whole(key("a.css"))).await.expect("an answer");
    assert_eq!(body(answer).await.expect("all of it"), "body{}");
    let seen = script.seen.lock().expect("no panic before").clone();
    assert_eq!(seen[0].line, "GET /acme-assets/a.css?x-id=GetObject HTTP/1.1");
    assert_eq!((seen[0].header("range"), seen[0].header("if-match")), (None, None));
    assert_eq!((seen[1].header("range"), seen[1].header("if-match")), (Some("bytes=3-5"), Some("\"e\"")));

    // Without retries the break is told.
    let script = Script::answering(vec![cut]).await;
    let answer = super::store(&script).await.get(&GetRequest::whole(key("a.css"))).await.expect("an answer");
    assert_eq!(body(answer).await, Err(StoreErrorKind::ConnectionLost));
}

#[tokio::test]
async fn a_server_that_ignores_ranges_is_found_out() {
    let script = Script::answering(vec![answer("200 OK", &["etag: \"e\""], "body{}")]).await;
    let request = GetRequest {
        range: Some(ByteRange { offset: 3, length: Some(3) }),
        condition: Some(ReadCondition::Matches("e".to_owned())),
        ..GetRequest::whole(key("a.css"))
    };
    let error = store(&script).await.get(&request).await.expect_err("not the stretch");
    assert_eq!(
        error.cause.expect("a cause").to_string(),
        "the answer to a GET of a stretch is not that stretch"
    );
}

/// Garage says 412 to a read without a document, as HTTP allows: a `get` of what was replaced meanwhile was told that
/// this is no S3.
#[tokio::test]
async fn a_refused_condition_needs_no_document() {
    let refused = answer("412 Precondition Failed", &["etag: \"e\""], "");
    let page = answer("412 Precondition Failed", &["content-type: text/html"], "<h1>no</h1>");
    let request = GetRequest {
        condition: Some(ReadCondition::Matches("d".to_owned())),
        ..GetRequest::whole(key("a.css"))
    };
    let mut kinds = Vec::new();
    for answer in [refused, page] {
        let script = Script::answering(vec![answer]).await;
        let error = store(&script).await.get(&request).await.expect_err("a refusal");
        kinds.push(without_port(error, script.port).kind);
    }
    let other = StoreErrorKind::NotS3 { endpoint: "http://127.0.0.1:[PORT]".to_owned() };
    assert_eq!(kinds, [StoreErrorKind::PreconditionFailed, other]);
}

#[tokio::test]
async fn the_errors_of_single_keys_are_read_out_of_a_good_answer() {
    let document = "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>\
                    <Error><Key>c</Key><Code>InternalError</Code><Message>We failed.</Message></Error>\
                    <Error><Key>d</Key><Code>NoSuchKey</Code></Error></DeleteResult>";
    let script =
        Script::answering(vec![answer("200 OK", &["content-type: application/xml"], document)]).await;
    let keys = ["a&b", "b", "c", "d"].map(key);
    let failed = store(&script).await.delete(&keys).await.expect("an answer");
    let told: Vec<String> = failed.iter().map(|error| Problem::of(error).message).collect();
    assert_eq!(
        told,
        [
            "S3 refused DeleteObjects `s3://acme-assets/b`: AccessDenied",
            "S3 failed at DeleteObjects `s3://acme-assets/c`"
        ]
    );
    let denied = StoreErrorKind::AccessDenied { permissions: vec!["s3:DeleteObject"] };
    assert_eq!((&failed[0].kind, failed[1].is_retryable()), (&denied, true));
    let request = script.only();
    assert_eq!(request.line, "POST /acme-assets/?delete HTTP/1.1");
    let sent = String::from_utf8(request.body.clone()).expect("XML");
    assert!(sent.contains("<Object><Key>a&amp;b</Key></Object>"), "{sent}");
    assert!(request.header("content-md5").is_some());
    assert_eq!(request.header("x-amz-checksum-crc32"), None);
    assert_eq!(request.header("x-amz-content-sha256").map(str::len), Some(64));
}

#[tokio::test]
async fn one_key_is_one_delete() {
    let script = Script::answering(vec![
        answer("204 No Content", &[], ""),
        refusal("404 Not Found", "NoSuchKey", "The specified key does not exist.", ""),
        refusal("404 Not Found", "NoSuchBucket", "The specified bucket does not exist", ""),
    ])
    .await;
    let store = store(&script).await;
    for _ in 0..2 {
        assert_eq!(store.delete(&[key("a")]).await.expect("deleted").len(), 0);
    }
    assert!(store.delete(&[key("a")]).await.is_err());
    let seen = script.seen.lock().expect("no panic before").clone();
    assert_eq!(seen[0].line, "DELETE /acme-assets/a?x-id=DeleteObject HTTP/1.1");
}

#[tokio::test]
async fn keys_that_may_be_deleted_the_next_time_are() {
    let slow =
        "<DeleteResult><Error><Key>b</Key><Code>SlowDown</Code><Message>x</Message></Error></DeleteResult>";
    let script =
        Script::answering(vec![answer("200 OK", &[], slow), answer("204 No Content", &[], "")]).await;
    let store = Retrying::new(store(&script).await, |_| {});
    assert_eq!(store.delete(&["a", "b"].map(key)).await.expect("deleted").len(), 0);
    let seen = script.seen.lock().expect("no panic before").clone();
    assert_eq!(seen[1].line, "DELETE /acme-assets/b?x-id=DeleteObject HTTP/1.1");
}

/// `rm --recursive` deletes what is listed: a store that pays no heed to `prefix` would have lost the whole bucket.
#[tokio::test]
async fn a_listing_that_is_not_what_was_asked_for_is_refused() {
    let page = |content: &str| {
        let page = format!("<ListBucketResult><Name>acme-assets</Name>{content}</ListBucketResult>");
        answer("200 OK", &[], &page)
    };
    let contents = |key: &str| page(&format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>"));
    let stray = "the listing holds keys that were not asked for";
    for (answer, expected) in [
        (contents("other/site.css"), stray),
        (contents("static"), stray),
        (page("<CommonPrefixes><Prefix>other/</Prefix></CommonPrefixes>"), stray),
        (page("<IsTruncated>true</IsTruncated>"), "the listing is cut off and does not say where it goes on"),
        (
            page("<IsTruncated>true</IsTruncated><NextContinuationToken>here</NextContinuationToken>"),
            "the listing goes on where it began",
        ),
    ] {
        let script = Script::answering(vec![answer]).await;
        let error = store(&script).await.list("static/", Some("here")).await.expect_err("a refusal");
        let (kind, cause) = kind_and_cause(&without_port(error, script.port));
        assert_eq!(kind, StoreErrorKind::NotS3 { endpoint: "http://127.0.0.1:[PORT]".to_owned() });
        assert_eq!(cause, expected);
    }
}
