//! Answers of a service: listings, errors, heads, by the client as it is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use s3collect::error::Problem;
use s3collect::name::ObjectKey;
use s3collect::parameters::ObjectParameters;
use s3collect::store::s3::S3Store;
use s3collect::store::{
    Body, GetAnswer, GetRequest, MultipartRequest, Part, PutRequest, Store, StoreError, UploadId,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Outcome, Target};
use crate::script::{answer, refusal};
use crate::support::connection;

const WORDS: [&str; 30] = [
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">]>",
    "&a;",
    "&#0;",
    "&#x1b;",
    "&amp;",
    "<Key>",
    "</Key>",
    "<Error><Code>",
    "<IsTruncated>true</IsTruncated>",
    "<NextContinuationToken>",
    "%1b%5B31m",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 503 x\r\n",
    "\r\n\r\n",
    "content-length: 5\r\n",
    "transfer-encoding: chunked\r\n",
    "etag: \"a\"\r\n",
    "x-amz-bucket-region: \u{1b}\r\n",
    "ffffffffffffffff\r\n",
    "xmlns=\"x\"",
    "2026-11-22T22:15:30.000Z",
    "-1",
    "<Contents>",
];

fn seeds() -> Vec<Vec<u8>> {
    let listing = "<?xml version=\"1.0\"?><ListBucketResult><Name>acme</Name><Prefix>static/</Prefix><KeyCount>2</KeyCount>\
        <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>\
        <Contents><Key>static/a%2Bb+c%25</Key><Size>7</Size><ETag>&quot;e&quot;</ETag>\
        <LastModified>2026-11-22T22:15:30.000Z</LastModified></Contents>\
        <CommonPrefixes><Prefix>static/css/</Prefix></CommonPrefixes></ListBucketResult>";
    let completed = "<CompleteMultipartUploadResult><ETag>\"a-1\"</ETag></CompleteMultipartUploadResult>";
    let deleted = "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>static/b</Key><Code>AccessDenied</Code>\
        <Message>No</Message></Error></DeleteResult>";
    let head = [
        "etag: \"841a2d689ad86bd1611447453c22c6fc\"",
        "date: Sun, 22 Nov 2026 22:15:30 GMT",
        "last-modified: Sun, 22 Nov 2026 22:15:29 GMT",
        "x-amz-meta-a: =?UTF-8?B?w6k=?=",
        "cache-control: no-cache",
    ];
    let upload = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>";
    [
        answer("200 OK", &[], listing),
        answer("200 OK", &head, "body{}"),
        answer("200 OK", &[], completed),
        answer("200 OK", &[], deleted),
        answer("200 OK", &[], upload),
        refusal("403 Forbidden", "AccessDenied", "Because.", "<Region>eu-west-1</Region>"),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect()
}

/// A socket that answers with what it was given last, once it was asked.
async fn serve(listener: TcpListener, answer: Arc<Mutex<Vec<u8>>>) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let mut request = vec![0; 16 * 1024];
            let _ = stream.read(&mut request).await;
            let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
            // What else is sent is read, so that no reset takes the answer away.
            while stream.read(&mut request).await.is_ok_and(|count| count > 0) {}
        });
    }
}

fn key() -> ObjectKey {
    ObjectKey::new("static/css/site.css").expect("a key")
}

async fn list(store: &S3Store) -> Result<(), StoreError> {
    let page = store.list("static/", Some("here")).await?;
    let is_inside = page.objects.iter().all(|object| object.key.starts_with("static/"));
    assert!(is_inside, "{page:?}");
    assert_ne!(page.continuation.as_deref(), Some("here"), "{page:?}");
    store.list_level("static/", None).await.map(drop)
}

/// Every verb, each with the same answer; how many of them went well.
async fn verbs(store: &S3Store) -> Vec<Result<(), StoreError>> {
    let put = PutRequest {
        key: key(),
        body: Body::Bytes(Bytes::from_static(b"body{}")),
        parameters: ObjectParameters::default(),
        checksum: None,
        condition: None,
    };
    let upload = MultipartRequest {
        key: key(),
        parameters: ObjectParameters::default(),
        checksum: None,
        condition: None,
    };
    let id = UploadId("u".to_owned());
    let get = async {
        if let GetAnswer::Object(mut object) = store.get(&GetRequest::whole(key())).await? {
            while let Some(piece) = object.pieces.next().await {
                drop(piece?);
            }
        }
        Ok(())
    };
    vec![
        list(store).await,
        store.head(&key()).await.map(drop),
        get.await,
        store.put(&put).await.map(drop),
        store.create_multipart(&upload).await.map(drop),
        store
            .complete_multipart(
                &upload,
                &id,
                &[Part { number: 1, etag: "a".to_owned(), encrypted: false, checksum: None }],
            )
            .await
            .map(drop),
        store.delete(&[key()]).await.map(drop),
        store.delete(&[key(), ObjectKey::new("static/b").expect("a key")]).await.map(drop),
    ]
}

fn law(results: Vec<Result<(), StoreError>>) -> Outcome {
    let mut taken = false;
    for result in results {
        match result {
            Ok(()) => taken = true,
            Err(error) => {
                let problem = Problem::from(error);
                if problem.message.is_empty() || problem.message.len() > 64 * 1024 {
                    return Err(format!("an error of {} bytes", problem.message.len()));
                }
            }
        }
    }
    Ok(taken)
}

#[test]
fn answers() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let given = Arc::new(Mutex::new(Vec::new()));
    let store = runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(serve(listener, Arc::clone(&given)));
        let settings = connection(format!("http://127.0.0.1:{port}"), "acme", "AKIDEXAMPLE", "verysecret");
        S3Store::connect(&settings, &ObjectParameters::default()).await.expect("a client")
    });
    Target { name: "answers of a service", seeds: seeds(), words: &WORDS }.run(|case| {
        *given.lock().unwrap_or_else(PoisonError::into_inner) = case.to_vec();
        let bounded = async { tokio::time::timeout(Duration::from_secs(8), verbs(&store)).await };
        law(runtime.block_on(bounded).map_err(|_| "no end of waiting".to_owned())?)
    });
}
