//! What goes out.

use std::io::{Seek as _, SeekFrom};

use super::*;

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn seen(request: &PutRequest) -> Seen {
    let script = Script::answering(vec![answer("200 OK", &[STORED], "")]).await;
    store(&script).await.put(request).await.expect("a put");
    script.only()
}

fn in_file(bytes: &[u8], checksum: Option<ChecksumAlgorithm>) -> (tempfile::NamedTempFile, Body) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("a full file");
    let body = FileBody {
        path: file.path().to_owned(),
        offset: 0,
        length: bytes.len() as u64,
        sha256: Sha256::digest(bytes).into(),
        crc64: Checksum::of(ChecksumAlgorithm::Crc64Nvme, bytes),
        checksum: checksum.map(|algorithm| Checksum::of(algorithm, bytes)),
    };
    (file, Body::File(body))
}

#[tokio::test]
async fn a_put_carries_what_it_must_and_nothing_else() {
    let bytes = vec![b'x'; 300_000];
    let expected = [
        "content-length: 300000".to_owned(),
        "content-type: text/css".to_owned(),
        format!("x-amz-content-sha256: {}", hexadecimal(&Sha256::digest(&bytes))),
    ];
    let memory = seen(&request(Body::Bytes(Bytes::from(bytes.clone())))).await;
    let (_file, body) = in_file(&bytes, None);
    let file = seen(&request(body)).await;
    for put in [memory, file] {
        assert_eq!(put.line, "PUT /acme-assets/static/css/site.css?x-id=PutObject HTTP/1.1");
        assert_eq!(put.told(), expected);
        assert!(put.body == bytes);
        let signed = put.header("authorization").expect("a signature");
        assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signed}");
        let agent = concat!("s3collect/", env!("CARGO_PKG_VERSION"));
        assert_eq!(put.header("user-agent"), Some(agent), "the SDK had nothing to do with it");
    }
}

#[tokio::test]
async fn a_file_that_changed_never_arrives_whole() {
    let bytes = vec![b'x'; 300_000];
    let (mut file, body) = in_file(&bytes, None);
    file.seek(SeekFrom::Start(299_999)).expect("the last byte");
    file.write_all(b"y").expect("another byte");
    let script = Script::answering(vec![answer("200 OK", &[STORED], "")]).await;
    let error = store(&script).await.put(&request(body)).await.expect_err("another file");
    let cause = format!("`{}` has another checksum than before", file.path().display());
    assert_eq!(kind_and_cause(&error), (StoreErrorKind::BodyChanged, cause));
    assert!(script.seen.lock().expect("no panic before").is_empty());
}

#[tokio::test]
async fn an_empty_body_has_a_length() {
    let put = seen(&request(Body::Bytes(Bytes::new()))).await;
    assert_eq!(
        put.told(),
        [
            "content-length: 0",
            "content-type: text/css",
            "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ]
    );
}

#[tokio::test]
async fn a_checksum_that_is_asked_for_is_a_plain_header() {
    let (_file, body) = in_file(b"123456789", Some(ChecksumAlgorithm::Crc32));
    for body in [body, Body::Bytes(Bytes::from_static(b"123456789"))] {
        let put = seen(&PutRequest { checksum: Some(ChecksumAlgorithm::Crc32), ..request(body) }).await;
        assert_eq!(
            put.told(),
            [
                "content-length: 9",
                "content-type: text/css",
                "x-amz-checksum-crc32: y/Q5Jg==",
                "x-amz-content-sha256: 15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
            ]
        );
    }
}

/// All but the content type, and the MD5 that goes with the customer's key.
const PARAMETERS: [(Parameter, &str); 24] = [
    (Parameter::Acl, "public-read"),
    (Parameter::BucketKeyEnabled, "true"),
    (Parameter::CacheControl, "no-cache"),
    (Parameter::ContentDisposition, "inline"),
    (Parameter::ContentEncoding, "gzip"),
    (Parameter::ContentLanguage, "de"),
    (Parameter::ExpectedBucketOwner, "123456789012"),
    (Parameter::Expires, "Thu, 01 Dec 2033 16:00:00 GMT"),
    (Parameter::GrantFullControl, "id=a"),
    (Parameter::GrantRead, "id=b"),
    (Parameter::GrantReadAcp, "id=c"),
    (Parameter::GrantWriteAcp, "id=d"),
    (Parameter::ObjectLockLegalHoldStatus, "ON"),
    (Parameter::ObjectLockMode, "GOVERNANCE"),
    (Parameter::ObjectLockRetainUntilDate, "2033-12-01T16:00:00Z"),
    (Parameter::RequestPayer, "requester"),
    (Parameter::ServerSideEncryption, "aws:kms"),
    (Parameter::SseCustomerAlgorithm, "AES256"),
    (Parameter::SseCustomerKey, "0123456789abcdef0123456789abcdef"),
    (Parameter::SseKmsEncryptionContext, "e30="),
    (Parameter::SseKmsKeyId, "alias/assets"),
    (Parameter::StorageClass, "SOME_NEW_CLASS"),
    (Parameter::Tagging, "a=b&c=d"),
    (Parameter::WebsiteRedirectLocation, "/new"),
];

#[tokio::test]
async fn every_parameter_is_sent_and_signed() {
    let mut put = small();
    for (parameter, value) in PARAMETERS {
        put.parameters.set(parameter, value);
    }
    put.parameters.set_metadata("Build", "7");
    put.condition = Some(Condition::Matches("abc".to_owned()));
    let seen = seen(&put).await;
    assert_eq!(
        seen.told(),
        [
            "cache-control: no-cache",
            "content-disposition: inline",
            "content-encoding: gzip",
            "content-language: de",
            "content-length: 6",
            "content-type: text/css",
            "expires: Thu, 01 Dec 2033 16:00:00 GMT",
            "if-match: \"abc\"",
            "x-amz-acl: public-read",
            "x-amz-content-sha256: [SHA256]",
            "x-amz-expected-bucket-owner: 123456789012",
            "x-amz-grant-full-control: id=a",
            "x-amz-grant-read-acp: id=c",
            "x-amz-grant-read: id=b",
            "x-amz-grant-write-acp: id=d",
            "x-amz-meta-build: 7",
            "x-amz-object-lock-legal-hold: ON",
            "x-amz-object-lock-mode: GOVERNANCE",
            "x-amz-object-lock-retain-until-date: 2033-12-01T16:00:00Z",
            "x-amz-request-payer: requester",
            "x-amz-server-side-encryption-aws-kms-key-id: alias/assets",
            "x-amz-server-side-encryption-bucket-key-enabled: true",
            "x-amz-server-side-encryption-context: e30=",
            "x-amz-server-side-encryption-customer-algorithm: AES256",
            "x-amz-server-side-encryption-customer-key-md5: hRasmdxgYDKV3nvbahU1MA==",
            "x-amz-server-side-encryption-customer-key: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "x-amz-server-side-encryption: aws:kms",
            "x-amz-storage-class: SOME_NEW_CLASS",
            "x-amz-tagging: a=b&c=d",
            "x-amz-website-redirect-location: /new",
        ]
        .map(|line| line.replace("[SHA256]", &hexadecimal(&Sha256::digest(b"body{}"))))
    );
    let signed = seen.header("authorization").expect("a signature");
    let signed = signed.split("SignedHeaders=").nth(1).expect("a list").split(',').next().expect("a list");
    for name in ["x-amz-acl", "x-amz-tagging", "x-amz-meta-build", "if-match", "x-amz-storage-class"] {
        assert!(signed.split(';').any(|known| known == name), "{name} in {signed}");
    }
}

/// Line and headers, without the payload's hash.
fn told(seen: &Seen) -> Vec<String> {
    let headers = seen.told().into_iter().filter(|line| !line.starts_with("x-amz-content-sha256"));
    std::iter::once(seen.line.clone()).chain(headers).collect()
}

/// All four requests of an upload, with one part.
async fn multipart_upload() -> Vec<Seen> {
    let mut parameters = css();
    parameters.set(Parameter::SseCustomerAlgorithm, "AES256");
    parameters.set(Parameter::RequestPayer, "requester");
    parameters.set(Parameter::Tagging, "a=b");
    let request = MultipartRequest {
        key: small().key,
        parameters,
        checksum: Some(ChecksumAlgorithm::Crc32),
        condition: Some(Condition::Absent),
    };
    let created = "<InitiateMultipartUploadResult><UploadId>U/1</UploadId></InitiateMultipartUploadResult>";
    let completed = "<CompleteMultipartUploadResult><ETag>\"e-1\"</ETag></CompleteMultipartUploadResult>";
    let script = Script::answering(vec![
        answer("200 OK", &[], created),
        answer("200 OK", &["etag: \"p\""], ""),
        answer("200 OK", &[], completed),
        answer("204 No Content", &[], ""),
    ])
    .await;
    let store = store(&script).await;
    let upload = store.create_multipart(&request).await.expect("an upload");
    let body = Body::Bytes(Bytes::from_static(b"123456789"));
    let part = store.upload_part(&request, &upload, 1, &body).await.expect("a part");
    let sum = Some((ChecksumAlgorithm::Crc32, "y/Q5Jg==".to_owned()));
    assert_eq!(part, Part { number: 1, etag: "p".to_owned(), encrypted: false, checksum: sum });
    let done = store.complete_multipart(&request, &upload, &[part]).await.expect("an object");
    assert_eq!(done.etag, "e-1");
    store.abort_multipart(&request, &UploadId("U/1".to_owned())).await.expect("given up");

    assert_eq!(
        store.requests().into_iter().collect::<Vec<_>>(),
        [
            ("AbortMultipartUpload", 1),
            ("CompleteMultipartUpload", 1),
            ("CreateMultipartUpload", 1),
            ("UploadPart", 1)
        ]
    );
    let seen = script.seen.lock().expect("no panic before");
    seen.clone()
}

#[tokio::test]
async fn parameters_go_where_s3_wants_them() {
    let seen = multipart_upload().await;
    assert_eq!(
        told(&seen[0]),
        [
            "POST /acme-assets/static/css/site.css?uploads HTTP/1.1",
            "content-length: 0",
            "content-type: text/css",
            "x-amz-checksum-algorithm: CRC32",
            "x-amz-request-payer: requester",
            "x-amz-server-side-encryption-customer-algorithm: AES256",
            "x-amz-tagging: a=b",
        ]
    );
    assert_eq!(
        told(&seen[1]),
        [
            "PUT /acme-assets/static/css/site.css?x-id=UploadPart&partNumber=1&uploadId=U%2F1 HTTP/1.1",
            "content-length: 9",
            "content-type: application/octet-stream",
            "x-amz-checksum-crc32: y/Q5Jg==",
            "x-amz-request-payer: requester",
            "x-amz-server-side-encryption-customer-algorithm: AES256",
        ]
    );
    let xml = String::from_utf8(seen[2].body.clone()).expect("a document");
    assert!(xml.contains("<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32>"), "{xml}");
    assert_eq!(
        told(&seen[2]),
        [
            "POST /acme-assets/static/css/site.css?uploadId=U%2F1 HTTP/1.1".to_owned(),
            format!("content-length: {}", xml.len()),
            "content-type: application/xml".to_owned(),
            "if-none-match: *".to_owned(),
            "x-amz-request-payer: requester".to_owned(),
            "x-amz-server-side-encryption-customer-algorithm: AES256".to_owned(),
        ]
    );
    assert_eq!(
        told(&seen[3]),
        [
            "DELETE /acme-assets/static/css/site.css?x-id=AbortMultipartUpload&uploadId=U%2F1 HTTP/1.1",
            "x-amz-request-payer: requester",
        ]
    );
}

#[tokio::test]
async fn heads_and_listings_carry_the_stores_own_parameters() {
    let mut parameters = css();
    parameters.set(Parameter::ExpectedBucketOwner, "123456789012");
    parameters.set(Parameter::SseCustomerAlgorithm, "AES256");
    let script = Script::answering(vec![
        answer("404 Not Found", &[], ""),
        answer("200 OK", &[], "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"),
    ])
    .await;
    let settings = settings(format!("http://127.0.0.1:{}", script.port));
    let store = S3Store::connect(&settings, &parameters).await.expect("a client");
    assert_eq!(store.head(&small().key).await.expect("an answer"), None);
    store.list("static/", Some("token")).await.expect("a page");
    let seen = script.seen.lock().expect("no panic before").clone();
    let empty = "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(seen[0].line, "HEAD /acme-assets/static/css/site.css HTTP/1.1");
    assert_eq!(
        seen[0].told(),
        [
            "x-amz-checksum-mode: ENABLED",
            empty,
            "x-amz-expected-bucket-owner: 123456789012",
            "x-amz-server-side-encryption-customer-algorithm: AES256",
        ]
    );
    assert_eq!(
        seen[1].line,
        "GET /acme-assets/?list-type=2&encoding-type=url&max-keys=1000&prefix=static%2F&continuation-token=token \
         HTTP/1.1"
    );
    assert_eq!(seen[1].told(), [empty, "x-amz-expected-bucket-owner: 123456789012"]);
}

#[tokio::test]
async fn addressing() {
    let cases = [
        (AddressingStyle::Auto, "localhost", "", "localhost", "/acme-assets/static/css/site.css"),
        (AddressingStyle::Path, "localhost", "/s3", "localhost", "/s3/acme-assets/static/css/site.css"),
        (AddressingStyle::Virtual, "localhost", "", "acme-assets.localhost", "/static/css/site.css"),
        (
            AddressingStyle::Virtual,
            "s3.localhost",
            "/s3/",
            "acme-assets.s3.localhost",
            "/s3/static/css/site.css",
        ),
    ];
    for (style, host, path, expected_host, expected_path) in cases {
        let script = Script::answering(vec![answer("404 Not Found", &[], "")]).await;
        let mut settings = settings(format!("http://{host}:{}{path}", script.port));
        settings.addressing_style = style;
        connect(&settings).await.head(&small().key).await.expect("an answer");
        let seen = script.only();
        assert_eq!(seen.header("host"), Some(format!("{expected_host}:{}", script.port).as_str()));
        assert_eq!(seen.line, format!("HEAD {expected_path} HTTP/1.1"));
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        for _ in 0..3 {
            let mut bytes = Vec::new();
            while whole(&bytes).is_none() {
                stream.read_buf(&mut bytes).await.expect("a request");
            }
            let keep = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{STORED}\r\n\r\n");
            stream.write_all(keep.as_bytes()).await.expect("an answer");
        }
    });
    let store = connect(&settings(format!("http://127.0.0.1:{port}"))).await;
    for _ in 0..3 {
        store.put(&small()).await.expect("a put over the one connection");
    }
    serving.await.expect("three requests");
}
