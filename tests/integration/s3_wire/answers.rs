//! What comes back, and what it means.

use super::*;

#[tokio::test]
async fn a_listing_is_decoded() {
    let page = "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
        <NextContinuationToken>next</NextContinuationToken><Contents><Key>a%2Bb+c%25</Key><Size>7</Size>\
        <ETag>&quot;e&quot;</ETag></Contents></ListBucketResult>";
    let plain = page.replace("<EncodingType>url</EncodingType>", "").replace("true", "false");
    let script = Script::answering(vec![answer("200 OK", &[], page), answer("200 OK", &[], &plain)]).await;
    let store = store(&script).await;
    let first = store.list("", None).await.expect("a page");
    assert_eq!((first.objects[0].key.as_str(), first.objects[0].size), ("a+b c%", 7));
    assert_eq!((first.objects[0].etag.as_str(), first.continuation.as_deref()), ("e", Some("next")));
    // A store that does not encode says so by not saying that it does.
    let second = store.list("", None).await.expect("a page");
    assert_eq!((second.objects[0].key.as_str(), second.continuation), ("a%2Bb+c%25", None));
}

#[tokio::test]
async fn refusals_mean_what_s3_says() {
    use StoreErrorKind as Kind;
    let bad = |code: &str| Kind::BadCredentials { code: code.to_owned() };
    let region =
        |actual: &str| Kind::WrongRegion { asked: "us-east-1".to_owned(), actual: Some(actual.to_owned()) };
    let cases = [
        ("403 Forbidden", "AccessDenied", "", Kind::AccessDenied { permissions: vec!["s3:PutObject"] }),
        ("403 Forbidden", "InvalidAccessKeyId", "", bad("InvalidAccessKeyId")),
        ("403 Forbidden", "SignatureDoesNotMatch", "", bad("SignatureDoesNotMatch")),
        ("400 Bad Request", "InvalidToken", "", bad("InvalidToken")),
        ("400 Bad Request", "ExpiredToken", "", Kind::ExpiredCredentials),
        ("403 Forbidden", "RequestTimeTooSkewed", "", Kind::ClockSkew),
        (
            "400 Bad Request",
            "AuthorizationHeaderMalformed",
            "<Region>eu-west-1</Region>",
            region("eu-west-1"),
        ),
        ("400 Bad Request", "AccessControlListNotSupported", "", Kind::AclNotSupported),
        ("412 Precondition Failed", "PreconditionFailed", "", Kind::PreconditionFailed),
        ("409 Conflict", "ConditionalRequestConflict", "", Kind::Conflict),
        ("503 Slow Down", "SlowDown", "", Kind::SlowDown),
        ("503 Service Unavailable", "Whatever", "", Kind::SlowDown),
        ("429 Too Many Requests", "Whatever", "", Kind::SlowDown),
        ("500 Internal Server Error", "InternalError", "", Kind::Unavailable),
        ("502 Bad Gateway", "Whatever", "", Kind::Unavailable),
        ("507 Insufficient Storage", "InsufficientStorage", "", Kind::StorageFull),
        ("400 Bad Request", "RequestTimeout", "", Kind::TimedOut),
        ("400 Bad Request", "BadDigest", "", Kind::Damaged),
        (
            "400 Bad Request",
            "InvalidStorageClass",
            "",
            Kind::Refused { status: 400, code: "InvalidStorageClass".to_owned() },
        ),
    ];
    for (status, code, more, expected) in cases {
        let error = put_to(refusal(status, code, "Because.", more)).await.expect_err("a refusal");
        let cause = "Because (request id 4442587FB7D0A2F9)".to_owned();
        assert_eq!(kind_and_cause(&error), (expected, cause), "{status} {code}");
    }
}

/// Whoever had one letter wrong in the secret was sent to look for another access key.
#[tokio::test]
async fn garage_tells_by_its_message_which_key_is_wrong() {
    for (message, code) in [
        ("Forbidden: Invalid signature", "SignatureDoesNotMatch"),
        ("Forbidden: No such key: GKc0ffee0123456789abcdef01", "InvalidAccessKeyId"),
    ] {
        let error =
            put_to(refusal("403 Forbidden", "AccessDenied", message, "")).await.expect_err("a refusal");
        assert_eq!(error.kind, StoreErrorKind::BadCredentials { code: code.to_owned() });
    }
}

#[tokio::test]
async fn a_bucket_elsewhere_is_named_by_the_header() {
    let moved = answer("301 Moved Permanently", &["x-amz-bucket-region: eu-west-1"], "");
    let expected =
        StoreErrorKind::WrongRegion { asked: "us-east-1".to_owned(), actual: Some("eu-west-1".to_owned()) };
    assert_eq!(head_from(moved).await, Err(expected.clone()));
    let odd = answer("400 Bad Request", &["x-amz-bucket-region: eu-west-1"], "");
    assert_eq!(head_from(odd).await, Err(expected.clone()));
    let body = "<Error><Code>PermanentRedirect</Code><Message>Elsewhere</Message></Error>";
    let moved = answer("301 Moved Permanently", &["x-amz-bucket-region: eu-west-1"], body);
    assert_eq!(list_from(moved).await.kind, expected);
}

#[tokio::test]
async fn a_head_has_only_its_status_to_tell() {
    assert_eq!(head_from(answer("404 Not Found", &[], "")).await, Ok(false));
    let denied = StoreErrorKind::AccessDenied { permissions: vec!["s3:GetObject"] };
    assert_eq!(head_from(answer("403 Forbidden", &[], "")).await, Err(denied));
    assert_eq!(head_from(answer("503 Slow Down", &[], "")).await, Err(StoreErrorKind::SlowDown));
    assert_eq!(head_from(answer("200 OK", &[STORED], "")).await, Ok(true));
    let foreign = StoreErrorKind::NotS3 { endpoint: "http://127.0.0.1:[PORT]".to_owned() };
    assert_eq!(head_from(answer("200 OK", &[], "")).await, Err(foreign));
}

#[tokio::test]
async fn what_a_listing_is_refused_with() {
    let error = list_from(refusal("404 Not Found", "NoSuchBucket", "No such bucket", "")).await;
    let missing = StoreErrorKind::NoSuchBucket { endpoint: "http://127.0.0.1:[PORT]".to_owned() };
    assert_eq!(error.kind, missing);
    let error = list_from(refusal("403 Forbidden", "AccessDenied", "Access Denied", "")).await;
    assert_eq!(error.kind, StoreErrorKind::AccessDenied { permissions: vec!["s3:ListBucket"] });
}

#[tokio::test]
async fn a_web_server_is_not_s3() {
    let page = "<!DOCTYPE html><html><body><p>Welcome</body></html>";
    let html = ["content-type: text/html"];
    let foreign = StoreErrorKind::NotS3 { endpoint: "http://127.0.0.1:[PORT]".to_owned() };
    let cases = [
        (answer("200 OK", &html, page), "HTTP status 200, text/html"),
        (answer("404 Not Found", &html, page), "HTTP status 404, text/html"),
        (answer("403 Forbidden", &html, page), "HTTP status 403, text/html"),
        (
            answer("301 Moved Permanently", &["location: https://x.example/login?token=secret"], page),
            "HTTP status 301, to `https://x.example/login`",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_owned(), "invalid HTTP version parsed"),
    ];
    for (answer, cause) in cases {
        let error = list_from(answer).await;
        assert_eq!(kind_and_cause(&error), (foreign.clone(), cause.to_owned()));
    }
    let error = put_to(answer("200 OK", &html, page)).await.expect_err("no ETag");
    assert!(matches!(error.kind, StoreErrorKind::NotS3 { .. }), "{error:?}");
    // A gateway's page says that the service behind it is in trouble.
    let error = list_from(answer("502 Bad Gateway", &html, page)).await;
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn an_error_inside_a_success_is_an_error() {
    let body = "<Error><Code>InternalError</Code><Message>Try again</Message></Error>";
    let script = Script::answering(vec![answer("200 OK", &[], body)]).await;
    let request = MultipartRequest { key: small().key, parameters: css(), checksum: None, condition: None };
    let part = Part { number: 1, etag: "e".to_owned(), encrypted: false, checksum: None };
    let outcome = store(&script).await.complete_multipart(&request, &UploadId("u".to_owned()), &[part]).await;
    assert_eq!(outcome.expect_err("a failure").kind, StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn broken_connections_are_lost_ones() {
    let whole = answer("200 OK", &[], "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>");
    for answer in [String::new(), whole[..20].to_owned(), whole[..whole.len() - 5].to_owned()] {
        assert_eq!(list_from(answer.clone()).await.kind, StoreErrorKind::ConnectionLost, "{answer:?}");
    }
}

/// A port at which nothing listens.
pub(super) async fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn nothing_there() {
    let port = free_port().await;
    let store = connect(&settings(format!("http://user:password@127.0.0.1:{port}/path?x=secret"))).await;
    let error = without_port(store.list("", None).await.expect_err("nothing is there"), port);
    assert_eq!(
        kind_and_cause(&error),
        (
            StoreErrorKind::Unreachable { endpoint: "http://127.0.0.1:[PORT]/path".to_owned() },
            "Connection refused (os error 111)".to_owned()
        )
    );
    let store = connect(&settings("http://nowhere.invalid".to_owned())).await;
    let error = store.list("", None).await.expect_err("no such host");
    assert_eq!(error.kind, StoreErrorKind::Unreachable { endpoint: "http://nowhere.invalid".to_owned() });
}

#[tokio::test]
async fn plain_http_where_tls_is_expected() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.read_buf(&mut Vec::new()).await.expect("a greeting");
        stream.write_all(answer("400 Bad Request", &[], "").as_bytes()).await.expect("an answer");
    });
    let store = connect(&settings(format!("https://127.0.0.1:{port}"))).await;
    let error = store.list("", None).await.expect_err("no TLS");
    let endpoint = "https://127.0.0.1:[PORT]".to_owned();
    assert_eq!(without_port(error, port).kind, StoreErrorKind::NoTls { endpoint });
}

#[tokio::test]
async fn no_endpoint_url() {
    for odd in ["s3.example.com", "ftp://s3.example.com", "http://", "http://a b"] {
        let outcome = S3Store::connect(&settings(odd.to_owned()), &ObjectParameters::default()).await;
        let expected = StoreErrorKind::BadEndpoint { endpoint: odd.to_owned() };
        assert_eq!(outcome.expect_err("no URL").kind, expected);
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_sent() {
    let script = Script::answering(Vec::new()).await;
    let mut put = small();
    put.parameters.set(Parameter::CacheControl, "no-cache\r\nx-evil: 1");
    let error = store(&script).await.put(&put).await.expect_err("no such header");
    assert_eq!(
        kind_and_cause(&error),
        (StoreErrorKind::Unsendable, "the header `cache-control` holds what HTTP cannot carry".to_owned())
    );
}

#[tokio::test]
async fn a_refusal_as_it_is_printed() {
    let message = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: s3:PutObjectAcl";
    let script = Script::answering(vec![refusal("403 Forbidden", "AccessDenied", message, "")]).await;
    let mut put = small();
    put.parameters.set(Parameter::Acl, "public-read");
    let problem = Problem::of(&store(&script).await.put(&put).await.expect_err("a refusal"));
    assert_eq!(problem.message, "S3 refused PutObject `s3://acme-assets/static/css/site.css`: AccessDenied");
    assert_eq!(problem.causes, [format!("{message} (request id 4442587FB7D0A2F9)")]);
    assert_eq!(
        problem.hint.as_deref(),
        Some(
            "it needs `s3:PutObjectAcl` on `arn:aws:s3:::acme-assets/*` because an ACL was sent; most buckets need \
             no `default_acl`"
        )
    );
}

#[tokio::test]
async fn a_profile_that_is_not_there() {
    let script = Script::answering(Vec::new()).await;
    let mut settings = settings(format!("http://127.0.0.1:{}", script.port));
    let profile = "s3collect-test-no-such-profile".to_owned();
    settings.credentials = CredentialSource::Chain { profile: Some(profile) };
    let problem = Problem::of(&connect(&settings).await.list("", None).await.expect_err("no credentials"));
    assert_eq!(problem.message, "no credentials were found for `s3://acme-assets`");
    assert!(problem.causes.is_empty(), "{problem:?}");
    assert_eq!(
        problem.note.as_deref(),
        Some(
            "looked in profile `s3collect-test-no-such-profile` of `~/.aws/config` and `~/.aws/credentials`"
        )
    );
}

/// S3 answers 200 when it begins with what may take long, and says in the body how it ended.
#[tokio::test]
async fn an_error_behind_a_200_is_one() {
    let refused = refusal("200 OK", "InternalError", "We encountered an internal error", "");
    let error = put_to(refused.clone()).await.expect_err("a refusal");
    let told = "We encountered an internal error (request id 4442587FB7D0A2F9)".to_owned();
    assert_eq!(kind_and_cause(&error), (StoreErrorKind::Unavailable, told.clone()));
    assert_eq!(
        kind_and_cause(&list_from(refused.clone()).await),
        (StoreErrorKind::Unavailable, told.clone())
    );
    let keys: Vec<ObjectKey> = ["a", "b"].map(|key| ObjectKey::new(key).expect("a key")).into();
    let script = Script::answering(vec![refused.clone()]).await;
    let error = store(&script).await.delete(&keys).await.expect_err("a refusal");
    assert_eq!(kind_and_cause(&error), (StoreErrorKind::Unavailable, told.clone()));
    let request = MultipartRequest { key: small().key, parameters: css(), checksum: None, condition: None };
    let script = Script::answering(vec![refused]).await;
    let part = Part { number: 1, etag: "e".to_owned(), encrypted: false, checksum: None };
    let upload = UploadId("U".to_owned());
    let completed = store(&script).await.complete_multipart(&request, &upload, &[part]).await;
    assert_eq!(kind_and_cause(&completed.expect_err("a refusal")), (StoreErrorKind::Unavailable, told));
}

/// What the service says of the body is held against what was sent.
#[tokio::test]
async fn a_checksum_in_the_answer_that_is_another_is_told() {
    for (told, expected) in [("4odxWQ==", None), ("AAAAAA==", Some(StoreErrorKind::Damaged))] {
        let headers = [STORED, &format!("x-amz-checksum-crc32: {told}")];
        let script = Script::answering(vec![answer("200 OK", &headers, "")]).await;
        let put = PutRequest { checksum: Some(ChecksumAlgorithm::Crc32), ..small() };
        let answered = store(&script).await.put(&put).await;
        assert_eq!(answered.err().map(|error| error.kind), expected, "{told}");
    }
}

/// With keys of KMS's or the customer's an ETag is no MD5, and says nothing of the body.
#[tokio::test]
async fn answers_tell_whether_their_etag_can_be_an_md5() {
    for (header, encrypted) in [
        ("x-amz-server-side-encryption: AES256", false),
        ("x-amz-server-side-encryption: aws:kms", true),
        ("x-amz-server-side-encryption: aws:kms:dsse", true),
        ("x-amz-server-side-encryption-customer-algorithm: AES256", true),
    ] {
        let script = Script::answering(vec![answer("200 OK", &[STORED, header], "")]).await;
        let answered = store(&script).await.put(&small()).await.expect("an answer");
        assert_eq!(answered.encrypted, encrypted, "{header}");
    }
}
