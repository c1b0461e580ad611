//! The embedded endpoint as the SDK sees it over the wire.

#![expect(clippy::disallowed_types, reason = "tests of the endpoint speak to it directly")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart, Delete, MetadataDirective,
    ObjectAttributes, ObjectCannedAcl, ObjectIdentifier, ObjectLockMode, ServerSideEncryption, StorageClass,
    Tag, Tagging,
};
use s3collect::local::{Effect, Fault, LocalError, Options, Server, When};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::plain_http;

const MIB: usize = 1024 * 1024;

struct Endpoint {
    server: Server,
    client: Client,
    directory: TempDir,
}

fn options(directory: &TempDir) -> Options {
    let mut options = Options::new(directory.path());
    options.create_buckets = vec!["acme".to_owned()];
    options.log = true;
    options
}

fn client(server: &Server, access_key: &str, secret_key: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(server.endpoint_url())
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .http_client(plain_http::client())
        .retry_config(RetryConfig::disabled())
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

async fn serve(change: impl FnOnce(&mut Options)) -> Endpoint {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(&directory);
    change(&mut options);
    let server = Server::start(options).await.unwrap();
    let client = client(&server, "S3COLLECT", "s3collect-local-secret-key");
    Endpoint { server, client, directory }
}

fn code<T, E: aws_sdk_s3::error::ProvideErrorMetadata>(
    result: Result<T, SdkError<E>>,
) -> Option<(u16, String)> {
    let error = result.err()?;
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    Some((status, error.code().unwrap_or_default().to_owned()))
}

fn refusal(status: u16, code: &str) -> Option<(u16, String)> {
    Some((status, code.to_owned()))
}

impl Endpoint {
    async fn put(&self, key: &str, body: &str) -> String {
        let body = ByteStream::from(body.as_bytes().to_vec());
        let answer = self.client.put_object().bucket("acme").key(key).body(body).send().await.unwrap();
        answer.e_tag.unwrap()
    }

    async fn get(&self, key: &str) -> String {
        let answer = self.client.get_object().bucket("acme").key(key).send().await.unwrap();
        String::from_utf8(answer.body.collect().await.unwrap().to_vec()).unwrap()
    }

    /// One request as it stands, on a connection of its own; the answer's head and body.
    async fn raw(&self, head: &str) -> (String, String) {
        self.raw_with_body(head, "").await
    }

    /// Sends everything before it reads, as simple clients do.
    async fn raw_with_body(&self, head: &str, body: &str) -> (String, String) {
        let address = self.server.endpoint_url().replace("http://", "");
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request = format!("{}\r\nConnection: close\r\n\r\n{body}", head.replace("HOST", &address));
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_owned(), body.to_owned())
    }

    async fn status(&self, head: &str) -> String {
        let (head, _) = self.raw(head).await;
        head.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    fn files(&self) -> usize {
        let files = walkdir::WalkDir::new(self.directory.path().join("blobs")).into_iter();
        files.filter(|entry| entry.as_ref().unwrap().file_type().is_file()).count()
    }
}

#[tokio::test]
async fn every_parameter_of_a_put_comes_back() {
    let endpoint = serve(|_| ()).await;
    let when = DateTime::from_secs(1_930_000_000);
    endpoint
        .client
        .put_object()
        .bucket("acme")
        .key("kept")
        .body(ByteStream::from_static(b"x"))
        .content_type("text/css")
        .content_encoding("gzip")
        .content_disposition("inline")
        .content_language("de")
        .cache_control("max-age=60")
        .expires(when)
        .website_redirect_location("/else")
        .storage_class(StorageClass::from("SOME_NEW_CLASS"))
        .server_side_encryption(ServerSideEncryption::AwsKms)
        .ssekms_key_id("key-1")
        .bucket_key_enabled(true)
        .object_lock_mode(ObjectLockMode::Governance)
        .object_lock_retain_until_date(when)
        .metadata("who", "me")
        .tagging("stage=live&team=a%20b")
        .acl(ObjectCannedAcl::PublicRead)
        .send()
        .await
        .unwrap();
    let head = endpoint.client.head_object().bucket("acme").key("kept").send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/css"));
    assert_eq!(head.content_encoding(), Some("gzip"));
    assert_eq!(head.content_disposition(), Some("inline"));
    assert_eq!(head.content_language(), Some("de"));
    assert_eq!(head.cache_control(), Some("max-age=60"));
    assert_eq!(head.expires_string(), Some("Thu, 27 Feb 2031 23:06:40 GMT"));
    assert_eq!(head.website_redirect_location(), Some("/else"));
    assert_eq!(head.storage_class().map(StorageClass::as_str), Some("SOME_NEW_CLASS"));
    assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
    assert_eq!(head.ssekms_key_id(), Some("key-1"));
    assert_eq!(head.bucket_key_enabled(), Some(true));
    assert_eq!(head.object_lock_mode(), Some(&ObjectLockMode::Governance));
    assert_eq!(head.object_lock_retain_until_date(), Some(&when));
    assert_eq!(head.metadata().unwrap()["who"], "me");
    assert_eq!(head.e_tag(), Some("\"9dd4e461268c8034f5c8564e155c67a6\""));
    assert_eq!(head.content_length(), Some(1));
    let tags = endpoint.client.get_object_tagging().bucket("acme").key("kept").send().await.unwrap();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    assert_eq!(tags.tag_set(), [tag("stage", "live"), tag("team", "a b")]);
    let acl = endpoint.client.get_object_acl().bucket("acme").key("kept").send().await.unwrap();
    let uris: Vec<_> = acl.grants().iter().filter_map(|grant| grant.grantee()?.uri()).collect();
    assert_eq!(uris, ["http://acs.amazonaws.com/groups/global/AllUsers"]);
}

#[tokio::test]
async fn tags_and_acl_change_in_place() {
    let endpoint = serve(|_| ()).await;
    let etag = endpoint.put("key", "x").await;
    let tag = Tag::builder().key("a").value("b").build().unwrap();
    let tagging = Tagging::builder().tag_set(tag.clone()).build().unwrap();
    let acme = || (endpoint.client.clone(), "acme", "key");
    let (client, bucket, key) = acme();
    client.put_object_tagging().bucket(bucket).key(key).tagging(tagging).send().await.unwrap();
    let head = client.get_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!((head.tag_count(), head.e_tag()), (Some(1), Some(etag.as_str())));
    client.delete_object_tagging().bucket(bucket).key(key).send().await.unwrap();
    let tags = client.get_object_tagging().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(tags.tag_set(), []);
    assert_eq!(endpoint.status("GET /acme/key HTTP/1.1\r\nHost: HOST").await, "403");
    client.put_object_acl().bucket(bucket).key(key).acl(ObjectCannedAcl::PublicRead).send().await.unwrap();
    assert_eq!(endpoint.status("GET /acme/key HTTP/1.1\r\nHost: HOST").await, "200");
    let missing = client.put_object_acl().bucket(bucket).key("no").acl(ObjectCannedAcl::Private).send().await;
    assert_eq!(code(missing), refusal(404, "NoSuchKey"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_thousand_stop_at_the_prefix() {
    let endpoint = serve(|_| ()).await;
    let keys = (0..1_001).map(|number| format!("static/{number:04}"));
    let others = ["static".to_owned(), "static-old/x".to_owned(), "static0".to_owned()];
    let keys: Vec<String> = keys.chain(others).collect();
    let mut puts = tokio::task::JoinSet::new();
    for some in keys.chunks(keys.len() / 16 + 1).map(<[String]>::to_vec) {
        let client = endpoint.client.clone();
        puts.spawn(async move {
            for key in some {
                let body = ByteStream::from_static(b"x");
                client.put_object().bucket("acme").key(key).body(body).send().await.unwrap();
            }
        });
    }
    puts.join_all().await;
    let list = || endpoint.client.list_objects_v2().bucket("acme").prefix("static/");
    let first = list().send().await.unwrap();
    assert_eq!((first.key_count(), first.is_truncated()), (Some(1000), Some(true)));
    let entry = &first.contents()[999];
    assert_eq!((entry.key(), entry.size()), (Some("static/0999"), Some(1)));
    assert_eq!(entry.e_tag(), Some("\"9dd4e461268c8034f5c8564e155c67a6\""));
    assert_eq!(entry.storage_class().map(|class| class.as_str()), Some("STANDARD"));
    assert!(entry.last_modified().is_some());
    let token = first.next_continuation_token().unwrap();
    let last = list().continuation_token(token).send().await.unwrap();
    let keys: Vec<_> = last.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!((keys, last.is_truncated()), (vec!["static/1000"], Some(false)));
    let exact = list().start_after("static/0000").send().await.unwrap();
    assert_eq!((exact.key_count(), exact.is_truncated()), (Some(1000), Some(false)));
    let old = endpoint.client.list_objects().bucket("acme").prefix("static").delimiter("/").max_keys(2);
    let old = old.send().await.unwrap();
    assert_eq!(old.next_marker(), Some("static-old/"));
    let rest =
        endpoint.client.list_objects().bucket("acme").prefix("static").delimiter("/").marker("static-old/");
    let rest = rest.send().await.unwrap();
    assert_eq!(rest.common_prefixes()[0].prefix(), Some("static/"));
    assert_eq!(rest.contents()[0].key(), Some("static0"));
    let wrong = list().continuation_token("!").send().await;
    assert_eq!(code(wrong), refusal(400, "InvalidArgument"));
}

#[tokio::test]
async fn any_key_is_a_key_and_no_path() {
    let endpoint = serve(|_| ()).await;
    let long = "k".repeat(1024);
    let keys = [
        " lead",
        "%41",
        "+",
        ".",
        "..",
        "../x",
        "/a",
        "a",
        "a/",
        "a/./b",
        "a/../../../x",
        "a//b",
        "a/b",
        "ctl\u{1}\u{1f}\n",
        "e\u{301}",
        "k?x=1#y&<>\"'",
        &long,
        "ü",
        "漢🙂",
    ];
    for key in keys {
        endpoint.put(key, key).await;
    }
    for key in keys {
        assert_eq!(endpoint.get(key).await, key);
    }
    let list =
        endpoint.client.list_objects_v2().bucket("acme").encoding_type("url".into()).send().await.unwrap();
    let listed: Vec<String> = list
        .contents()
        .iter()
        .map(|object| {
            percent_encoding::percent_decode_str(object.key().unwrap()).decode_utf8().unwrap().into_owned()
        })
        .collect();
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    assert_eq!(listed, sorted);
    let too_long = endpoint.client.put_object().bucket("acme").key("k".repeat(1025)).send().await;
    assert_eq!(code(too_long), refusal(400, "KeyTooLongError"));
    let beside: Vec<_> = std::fs::read_dir(endpoint.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(beside.iter().all(|name| ["blobs", "tmp"].iter().any(|own| name == own)
        || name.to_string_lossy().starts_with("index.sqlite3")));
    assert_eq!(endpoint.files(), keys.len());
}

#[tokio::test]
async fn ranges_and_conditions_of_a_get() {
    let endpoint = serve(|_| ()).await;
    let etag = endpoint.put("key", "0123456789").await;
    endpoint.put("empty", "").await;
    let get = || endpoint.client.get_object().bucket("acme").key("key");
    for (range, expected, content_range) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=8-", "89", "bytes 8-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=5-500", "56789", "bytes 5-9/10"),
    ] {
        let part = get().range(range).checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
        assert_eq!(part.content_range(), Some(content_range));
        assert_eq!(part.checksum_crc32(), None);
        assert_eq!(part.body.collect().await.unwrap().to_vec(), expected.as_bytes());
    }
    assert_eq!(code(get().range("bytes=10-").send().await), refusal(416, "InvalidRange"));
    let empty = endpoint.client.get_object().bucket("acme").key("empty").range("bytes=0-0").send().await;
    assert_eq!(code(empty), refusal(416, "InvalidRange"));
    let (past, future) = (DateTime::from_secs(1_000_000_000), DateTime::from_secs(4_000_000_000));
    assert_eq!(code(get().if_match("\"x\"").send().await), refusal(412, "PreconditionFailed"));
    assert_eq!(code(get().if_match(&etag).if_unmodified_since(past).send().await), None);
    assert_eq!(code(get().if_unmodified_since(past).send().await), refusal(412, "PreconditionFailed"));
    assert_eq!(code(get().if_none_match(&etag).send().await), refusal(304, ""));
    assert_eq!(code(get().if_modified_since(future).send().await), refusal(304, ""));
    assert_eq!(code(get().if_none_match("\"x\"").if_modified_since(future).send().await), None);
    let other = get().response_content_type("text/x").response_expires(past).send().await.unwrap();
    assert_eq!(other.content_type(), Some("text/x"));
    assert_eq!(other.expires_string(), Some("Sun, 09 Sep 2001 01:46:40 GMT"));
}

#[tokio::test]
async fn writes_on_conditions() {
    let endpoint = serve(|_| ()).await;
    let put = |body: &'static str| {
        endpoint.client.put_object().bucket("acme").key("key").body(ByteStream::from_static(body.as_bytes()))
    };
    assert_eq!(code(put("1").if_match("\"x\"").send().await), refusal(404, "NoSuchKey"));
    let etag = put("1").if_none_match("*").send().await.unwrap().e_tag.unwrap();
    assert_eq!(code(put("2").if_none_match("*").send().await), refusal(412, "PreconditionFailed"));
    assert_eq!(code(put("2").if_match(&etag).send().await), None);
    assert_eq!(code(put("3").if_match(&etag).send().await), refusal(412, "PreconditionFailed"));
    assert_eq!(endpoint.get("key").await, "2");
    let delete = || endpoint.client.delete_object().bucket("acme").key("key");
    assert_eq!(code(delete().if_match(&etag).send().await), refusal(412, "PreconditionFailed"));
    assert_eq!(code(delete().send().await), None);
    // Whoever lost left no body behind.
    assert_eq!(endpoint.files(), 0);
}

#[tokio::test]
async fn of_many_who_would_be_first_one_is() {
    let endpoint = serve(|_| ()).await;
    let second = Server::start(options(&endpoint.directory)).await.unwrap();
    let other = client(&second, "S3COLLECT", "s3collect-local-secret-key");
    let mut puts = tokio::task::JoinSet::new();
    for number in 0..40 {
        let client = if number % 2 == 0 { &endpoint.client } else { &other };
        let body = ByteStream::from(vec![b'x'; number]);
        let put = client.put_object().bucket("acme").key("first").if_none_match("*").body(body);
        puts.spawn(async move { code(put.send().await) });
    }
    let answers = puts.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == refusal(412, "PreconditionFailed")).count(), 39);
    assert_eq!(endpoint.files(), 1);
    second.stop().await;
}

#[tokio::test]
async fn checksums_are_verified_kept_and_served() {
    let endpoint = serve(|_| ()).await;
    let file = endpoint.directory.path().join(".upload");
    std::fs::File::create(&file).unwrap().set_len(3_000_000).unwrap();
    // The SDK sends a file as `aws-chunked`, with the checksum in a trailer.
    let body = ByteStream::from_path(&file).await.unwrap();
    let put = endpoint.client.put_object().bucket("acme").key("trailer").content_encoding("br").body(body);
    put.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme).send().await.unwrap();
    let sent = endpoint.server.requests();
    assert_eq!(sent.last().unwrap().headers["x-amz-trailer"], "x-amz-checksum-crc64nvme");
    let head = |key: &str| {
        endpoint.client.head_object().bucket("acme").key(key).checksum_mode(ChecksumMode::Enabled).send()
    };
    let trailer = head("trailer").await.unwrap();
    assert_eq!(trailer.content_encoding(), Some("br"));
    assert_eq!(trailer.content_length(), Some(3_000_000));
    assert!(trailer.checksum_crc64_nvme().is_some());
    for algorithm in [ChecksumAlgorithm::Crc32C, ChecksumAlgorithm::Sha1, ChecksumAlgorithm::Sha256] {
        let body = ByteStream::from_static(b"123456789");
        let put = endpoint.client.put_object().bucket("acme").key(algorithm.as_str()).body(body);
        put.checksum_algorithm(algorithm).send().await.unwrap();
    }
    assert_eq!(head("CRC32C").await.unwrap().checksum_crc32_c(), Some("4waSgw=="));
    assert_eq!(head("SHA1").await.unwrap().checksum_sha1(), Some("98O8HYCOBHMq32eZZczDTKeuNEE="));
    let bare = endpoint.client.head_object().bucket("acme").key("SHA1").send().await.unwrap();
    assert_eq!(bare.checksum_sha1(), None);
    let put = || endpoint.client.put_object().bucket("acme").key("wrong").body(ByteStream::from_static(b"x"));
    assert_eq!(code(put().checksum_crc32("AAAAAA==").send().await), refusal(400, "BadDigest"));
    assert_eq!(code(put().content_md5("1B2M2Y8AsgTpgAmY7PhCfg==").send().await), refusal(400, "BadDigest"));
    assert_eq!(code(put().content_md5("?").send().await), refusal(400, "InvalidDigest"));
    assert_eq!(endpoint.files(), 4);
}

#[tokio::test]
async fn a_body_that_is_not_what_was_signed_is_refused() {
    let endpoint = serve(|_| ()).await;
    let config = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let url = endpoint.client.put_object().bucket("acme").key("key").presigned(config).await.unwrap();
    let path = url.uri().replacen(&endpoint.server.endpoint_url(), "", 1);
    let wrong = "0".repeat(64);
    let request =
        format!("PUT {path} HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\nx-amz-content-sha256: {wrong}");
    let (head, body) = endpoint.raw(&request).await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(body.contains("<Code>XAmzContentSHA256Mismatch</Code>"), "{body}");
    let short = format!("PUT {path} HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0");
    assert_eq!(endpoint.status(&short).await, "200");
}

async fn upload(endpoint: &Endpoint, key: &str, sizes: &[usize]) -> (String, Vec<CompletedPart>) {
    let client = &endpoint.client;
    let upload =
        client.create_multipart_upload().bucket("acme").key(key).content_type("video/mp4").send().await;
    let id = upload.unwrap().upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, size) in (1..).zip(sizes) {
        let body = ByteStream::from(vec![b'a' + u8::try_from(number).unwrap(); *size]);
        let part = client.upload_part().bucket("acme").key(key).upload_id(&id).part_number(number).body(body);
        let etag = part.send().await.unwrap().e_tag.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    (id, parts)
}

fn completed(parts: &[CompletedPart]) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts.to_vec())).build()
}

#[tokio::test]
async fn an_object_in_parts() {
    let endpoint = serve(|_| ()).await;
    let (id, parts) = upload(&endpoint, "large", &[5 * MIB, 5 * MIB, 7]).await;
    let complete = |parts: &[CompletedPart]| {
        let request = endpoint.client.complete_multipart_upload().bucket("acme").key("large").upload_id(&id);
        request.multipart_upload(completed(parts))
    };
    let reversed: Vec<_> = parts.iter().rev().cloned().collect();
    assert_eq!(code(complete(&reversed).send().await), refusal(400, "InvalidPartOrder"));
    let wrong = CompletedPart::builder().part_number(1).e_tag("x").build();
    assert_eq!(code(complete(&[wrong]).send().await), refusal(400, "InvalidPart"));
    let listed = endpoint
        .client
        .list_parts()
        .bucket("acme")
        .key("large")
        .upload_id(&id)
        .max_parts(2)
        .send()
        .await
        .unwrap();
    assert_eq!((listed.parts().len(), listed.is_truncated()), (2, Some(true)));
    endpoint.put("large", "in the way").await;
    assert_eq!(code(complete(&parts).if_none_match("*").send().await), refusal(412, "PreconditionFailed"));
    let done = complete(&parts).send().await.unwrap();
    assert_eq!(done.e_tag(), Some("\"f071e985a1b8aff27a3b4113d8af08ce-3\""));
    assert_eq!(endpoint.files(), 1);
    let get = || endpoint.client.get_object().bucket("acme").key("large");
    let whole = get().send().await.unwrap();
    assert_eq!(whole.content_type(), Some("video/mp4"));
    let expected = [vec![b'b'; 5 * MIB], vec![b'c'; 5 * MIB], vec![b'd'; 7]].concat();
    assert!(whole.body.collect().await.unwrap().to_vec() == expected);
    let border = get().range(format!("bytes={}-{}", 5 * MIB - 1, 5 * MIB)).send().await.unwrap();
    assert_eq!(border.body.collect().await.unwrap().to_vec(), b"bc");
    let last = get().part_number(3).send().await.unwrap();
    assert_eq!((last.parts_count(), last.content_length()), (Some(3), Some(7)));
    let attributes = endpoint.client.get_object_attributes().bucket("acme").key("large");
    let attributes = attributes.object_attributes(ObjectAttributes::ObjectParts).send().await.unwrap();
    assert_eq!(attributes.object_parts().unwrap().total_parts_count(), Some(3));
    assert_eq!(code(complete(&parts).send().await), refusal(404, "NoSuchUpload"));
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let endpoint = serve(|_| ()).await;
    let (id, parts) = upload(&endpoint, "small", &[6, 7]).await;
    let request = endpoint.client.complete_multipart_upload().bucket("acme").key("small").upload_id(&id);
    let small = request.multipart_upload(completed(&parts)).send().await;
    assert_eq!(code(small), refusal(400, "EntityTooSmall"));
    let uploads = || endpoint.client.list_multipart_uploads().bucket("acme").send();
    assert_eq!(uploads().await.unwrap().uploads()[0].upload_id(), Some(id.as_str()));
    assert_eq!(endpoint.files(), 2);
    let abort = || endpoint.client.abort_multipart_upload().bucket("acme").key("small").upload_id(&id).send();
    abort().await.unwrap();
    assert_eq!(uploads().await.unwrap().uploads().len(), 0);
    assert_eq!(endpoint.files(), 0);
    assert_eq!(code(abort().await), refusal(404, "NoSuchUpload"));
}

#[tokio::test]
async fn parts_have_checksums_of_their_kind() {
    let endpoint = serve(|_| ()).await;
    for (algorithm, expected) in [
        // base64(sha256(sha256(part) + sha256(part)))-2, and the CRC of the whole.
        (ChecksumAlgorithm::Sha256, ("COMPOSITE", true)),
        (ChecksumAlgorithm::Crc64Nvme, ("FULL_OBJECT", false)),
    ] {
        let client = &endpoint.client;
        let create =
            client.create_multipart_upload().bucket("acme").key("sum").checksum_algorithm(algorithm.clone());
        let id = create.send().await.unwrap().upload_id.unwrap();
        let mut parts = Vec::new();
        for number in 1..=2 {
            let body = ByteStream::from(vec![b'x'; 5 * MIB]);
            let part =
                client.upload_part().bucket("acme").key("sum").upload_id(&id).part_number(number).body(body);
            let part = part.checksum_algorithm(algorithm.clone()).send().await.unwrap();
            let named = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag);
            parts.push(
                named
                    .set_checksum_sha256(part.checksum_sha256)
                    .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
                    .build(),
            );
        }
        let complete = client.complete_multipart_upload().bucket("acme").key("sum").upload_id(&id);
        complete.multipart_upload(completed(&parts)).send().await.unwrap();
        let head = client
            .head_object()
            .bucket("acme")
            .key("sum")
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        assert_eq!(head.checksum_type().map(|kind| kind.as_str()), Some(expected.0));
        let value = head.checksum_sha256().or(head.checksum_crc64_nvme()).unwrap();
        assert_eq!(value.ends_with("-2"), expected.1);
        // The same body in one piece has the same checksum over the whole.
        let body = ByteStream::from(vec![b'x'; 10 * MIB]);
        let whole = client
            .put_object()
            .bucket("acme")
            .key("whole")
            .body(body)
            .checksum_algorithm(algorithm)
            .send()
            .await
            .unwrap();
        assert_eq!(whole.checksum_crc64_nvme(), head.checksum_crc64_nvme());
    }
}

#[tokio::test]
async fn a_copy_keeps_or_replaces() {
    let endpoint = serve(|_| ()).await;
    let client = &endpoint.client;
    let put = client.put_object().bucket("acme").key("from ü").body(ByteStream::from_static(b"x"));
    put.content_type("text/css")
        .metadata("a", "b")
        .tagging("t=1")
        .storage_class(StorageClass::StandardIa)
        .send()
        .await
        .unwrap();
    let copy = || client.copy_object().bucket("acme").key("to").copy_source("acme/from%20%C3%BC");
    copy().send().await.unwrap();
    let head = || client.head_object().bucket("acme").key("to").send();
    let kept = head().await.unwrap();
    assert_eq!((kept.content_type(), kept.storage_class()), (Some("text/css"), None));
    assert_eq!(kept.metadata().unwrap()["a"], "b");
    copy().metadata_directive(MetadataDirective::Replace).content_type("text/x").send().await.unwrap();
    let replaced = head().await.unwrap();
    assert_eq!((replaced.content_type(), replaced.metadata().unwrap().len()), (Some("text/x"), 0));
    let tags = client.get_object_tagging().bucket("acme").key("to").send().await.unwrap();
    assert_eq!(tags.tag_set().len(), 1);
    assert_eq!(code(copy().copy_source_if_match("x").send().await), refusal(412, "PreconditionFailed"));
    let itself = client.copy_object().bucket("acme").key("to").copy_source("acme/to").send().await;
    assert_eq!(code(itself), refusal(400, "InvalidRequest"));
    let missing = client.copy_object().bucket("acme").key("to").copy_source("acme/no").send().await;
    assert_eq!(code(missing), refusal(404, "NoSuchKey"));
    client.delete_object().bucket("acme").key("from ü").send().await.unwrap();
    assert_eq!(endpoint.get("to").await, "x");
}

#[tokio::test]
async fn a_copy_of_parts_is_one_body() {
    let endpoint = serve(|_| ()).await;
    let (id, parts) = upload(&endpoint, "large", &[5 * MIB, 1]).await;
    let complete = endpoint.client.complete_multipart_upload().bucket("acme").key("large").upload_id(id);
    complete.multipart_upload(completed(&parts)).send().await.unwrap();
    let copy = endpoint
        .client
        .copy_object()
        .bucket("acme")
        .key("copy")
        .copy_source("acme/large")
        .send()
        .await
        .unwrap();
    let put = endpoint.client.put_object().bucket("acme").key("put");
    let body = ByteStream::from([vec![b'b'; 5 * MIB], vec![b'c']].concat());
    let put = put.body(body).send().await.unwrap();
    assert_eq!(copy.copy_object_result().unwrap().e_tag(), put.e_tag());
    let (id, _) = upload(&endpoint, "sliced", &[]).await;
    let slice = endpoint.client.upload_part_copy().bucket("acme").key("sliced").upload_id(&id).part_number(1);
    let range = format!("bytes={}-{}", 5 * MIB - 1, 5 * MIB);
    let slice = slice.copy_source("acme/large").copy_source_range(range).send().await.unwrap();
    let part =
        CompletedPart::builder().part_number(1).set_e_tag(slice.copy_part_result.unwrap().e_tag).build();
    let complete = endpoint.client.complete_multipart_upload().bucket("acme").key("sliced").upload_id(id);
    complete.multipart_upload(completed(&[part])).send().await.unwrap();
    assert_eq!(endpoint.get("sliced").await, "bc");
}

#[tokio::test]
async fn many_are_deleted_at_once() {
    let endpoint = serve(|_| ()).await;
    endpoint.put("a", "").await;
    endpoint.put("b", "").await;
    let keys = ["a", "b", "never there"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(keys.to_vec())).build().unwrap();
    let answer = endpoint.client.delete_objects().bucket("acme").delete(delete).send().await.unwrap();
    assert_eq!((answer.deleted().len(), answer.errors().len()), (3, 0));
    assert_eq!(endpoint.files(), 0);
}

#[tokio::test]
async fn buckets_are_made_and_removed() {
    let endpoint = serve(|_| ()).await;
    let client = &endpoint.client;
    client.create_bucket().bucket("second").send().await.unwrap();
    let again = client.create_bucket().bucket("second").send().await;
    assert_eq!(code(again), refusal(409, "BucketAlreadyOwnedByYou"));
    let named = client.list_buckets().send().await.unwrap();
    let names: Vec<_> = named.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, ["acme", "second"]);
    let head = client.head_bucket().bucket("second").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("us-east-1"));
    endpoint.put("key", "").await;
    assert_eq!(code(client.delete_bucket().bucket("acme").send().await), refusal(409, "BucketNotEmpty"));
    assert_eq!(code(client.delete_bucket().bucket("second").send().await), None);
    let gone = client.put_object().bucket("second").key("key").send().await;
    assert_eq!(code(gone), refusal(404, "NoSuchBucket"));
    assert_eq!(code(client.list_objects_v2().bucket("second").send().await), refusal(404, "NoSuchBucket"));
}

#[tokio::test]
async fn only_the_right_keys_open() {
    let endpoint = serve(|_| ()).await;
    let wrong = client(&endpoint.server, "S3COLLECT", "wrong");
    assert_eq!(code(wrong.list_buckets().send().await), refusal(403, "SignatureDoesNotMatch"));
    let nobody = client(&endpoint.server, "NOBODY", "wrong");
    assert_eq!(code(nobody.list_buckets().send().await), refusal(403, "InvalidAccessKeyId"));
    endpoint.put("key", "x").await;
    assert_eq!(endpoint.status("GET /acme/key HTTP/1.1\r\nHost: HOST").await, "403");
    assert_eq!(endpoint.status("GET /acme/key HTTP/1.1\r\nHost: acme.localhost").await, "403");
    let config = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let url = endpoint.client.get_object().bucket("acme").key("key").presigned(config).await.unwrap();
    let path = url.uri().replacen(&endpoint.server.endpoint_url(), "", 1);
    let (_, body) = endpoint.raw(&format!("GET {path} HTTP/1.1\r\nHost: HOST")).await;
    assert_eq!(body, "x");
    let tampered = path.replace("/key", "/kez");
    assert_eq!(endpoint.status(&format!("GET {tampered} HTTP/1.1\r\nHost: HOST")).await, "403");
}

#[tokio::test]
async fn a_site_can_be_looked_at() {
    let endpoint = serve(|options| options.anonymous_read = true).await;
    let put = endpoint.client.put_object().bucket("acme").key("site/<b>.html").content_type("text/html");
    put.body(ByteStream::from_static(b"<p>hello")).cache_control("no-cache").send().await.unwrap();
    let (head, body) = endpoint.raw("GET /acme/site/%3Cb%3E.html HTTP/1.1\r\nHost: HOST").await;
    assert!(
        head.contains("content-type: text/html\r\n") && head.contains("cache-control: no-cache\r\n"),
        "{head}"
    );
    assert_eq!(body, "<p>hello");
    let (_, body) = endpoint.raw("GET /site/%3Cb%3E.html HTTP/1.1\r\nHost: acme.localhost:1").await;
    assert_eq!(body, "<p>hello");
    let (head, _) = endpoint.raw("GET / HTTP/1.1\r\nHost: HOST\r\nAccept: text/html").await;
    assert!(head.starts_with("HTTP/1.1 302 ") && head.contains("location: /_browse/\r\n"), "{head}");
    let (_, body) = endpoint.raw("GET /_browse/ HTTP/1.1\r\nHost: HOST").await;
    assert!(body.contains("<a href=\"/_browse/acme\"><code>acme</code></a>"), "{body}");
    let (_, body) = endpoint.raw("GET /_browse/acme?prefix=site%2F HTTP/1.1\r\nHost: HOST").await;
    let row = "<code>&lt;b&gt;.html</code></a></th><td data-label=\"Size\" class=\"number\">8 bytes</td><td data-label=\"Type\">text/html</td>";
    assert!(body.contains(row), "{body}");
    let (_, body) = endpoint.raw("GET /_browse/acme?object=site/%3Cb%3E.html HTTP/1.1\r\nHost: HOST").await;
    assert!(body.contains("<a href=\"/acme/site/%3Cb%3E.html\">"), "{body}");
    assert_eq!(endpoint.status("GET /_browse/none HTTP/1.1\r\nHost: HOST").await, "404");
    // A foreign page whose name server points here sees nothing.
    assert_eq!(endpoint.status("GET /acme/site/%3Cb%3E.html HTTP/1.1\r\nHost: evil.example").await, "403");
    assert_eq!(endpoint.status("GET /_browse/ HTTP/1.1\r\nHost: evil.example").await, "400");
    assert_eq!(endpoint.status("PUT /acme/key HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0").await, "403");
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let Endpoint { server, client: first, directory } = serve(|_| ()).await;
    first.put_object().bucket("acme").key("key").body(ByteStream::from_static(b"x")).send().await.unwrap();
    drop(server);
    let server = Server::start(options(&directory)).await.unwrap();
    let client = client(&server, "S3COLLECT", "s3collect-local-secret-key");
    let body = client.get_object().bucket("acme").key("key").send().await.unwrap().body;
    assert_eq!(body.collect().await.unwrap().to_vec(), b"x");
    let endpoint = Endpoint { server, client, directory };
    assert_eq!(endpoint.files(), 1);
}

#[tokio::test]
async fn a_stopped_endpoint_leaves_one_index_file() {
    let endpoint = serve(|_| ()).await;
    endpoint.put("key", "x").await;
    let Endpoint { server, directory, .. } = endpoint;
    server.stop().await;
    let entries = std::fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["blobs", "index.sqlite3", "tmp"]);
}

#[tokio::test]
async fn a_reader_keeps_what_it_began_to_read() {
    let endpoint = serve(|_| ()).await;
    endpoint.put("key", &"x".repeat(4 * MIB)).await;
    let answer = endpoint.client.get_object().bucket("acme").key("key").send().await.unwrap();
    endpoint.put("key", "new").await;
    assert_eq!(endpoint.files(), 1);
    let body = answer.body.collect().await.unwrap().to_vec();
    assert!(body == "x".repeat(4 * MIB).into_bytes());
}

#[tokio::test]
async fn a_full_disk_refuses_and_stays_whole() {
    let endpoint = serve(|options| options.max_bytes = Some(10)).await;
    endpoint.put("key", "12345678").await;
    let put = endpoint.client.put_object().bucket("acme").key("more").body(ByteStream::from_static(b"123"));
    assert_eq!(code(put.send().await), refusal(507, "InsufficientStorage"));
    assert_eq!((endpoint.files(), endpoint.get("key").await), (1, "12345678".to_owned()));
}

#[tokio::test]
async fn a_refusal_arrives_though_nobody_wanted_the_body() {
    let endpoint = serve(|_| ()).await;
    let body = "x".repeat(16 * MIB);
    let request = format!("PUT /acme/key HTTP/1.1\r\nHost: HOST\r\nContent-Length: {}", body.len());
    let (head, _) = endpoint.raw_with_body(&request, &body).await;
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
}

#[tokio::test]
async fn it_fails_on_request_and_remembers() {
    let slow = Effect::Answer { status: 503, code: "SlowDown".to_owned(), message: "less".to_owned() };
    let fault = |key: &str, when, effect| Fault {
        operation: Some("PutObject".to_owned()),
        key: Some(key.to_owned()),
        when,
        effect,
    };
    let faults =
        vec![fault("slow/*", When::First(1), slow), fault("gone", When::Always, Effect::HangUpBefore)];
    let endpoint = serve(|options| options.faults = faults).await;
    let put = |key: &str| endpoint.client.put_object().bucket("acme").key(key).send();
    assert_eq!(code(put("slow/a").await), refusal(503, "SlowDown"));
    assert_eq!(code(put("slow/a").await), None);
    assert_eq!(code(put("gone").await), refusal(0, ""));
    endpoint.server.set_faults(vec![fault("done", When::Nth(1), Effect::HangUpAfter)]).unwrap();
    assert_eq!(code(put("done").await), refusal(0, ""));
    assert_eq!(endpoint.get("done").await, "");
    let log: Vec<_> = endpoint
        .server
        .requests()
        .into_iter()
        .map(|request| (request.operation.unwrap(), request.key.unwrap(), request.status))
        .collect();
    let entry = |operation: &str, key: &str, status| (operation.to_owned(), key.to_owned(), status);
    let expected = [
        entry("PutObject", "slow/a", Some(503)),
        entry("PutObject", "slow/a", Some(200)),
        entry("PutObject", "gone", None),
        entry("PutObject", "done", None),
        entry("GetObject", "done", Some(200)),
    ];
    assert_eq!(log, expected);
}

#[tokio::test]
async fn customer_keys_are_asked_for_again() {
    let endpoint = serve(|_| ()).await;
    let (key, md5) = ("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "hRasmdxgYDKV3nvbahU1MA==");
    let put = endpoint.client.put_object().bucket("acme").key("key").sse_customer_algorithm("AES256");
    put.sse_customer_key(key).sse_customer_key_md5(md5).send().await.unwrap();
    let head = || endpoint.client.head_object().bucket("acme").key("key");
    assert_eq!(code(head().send().await).unwrap().0, 400);
    let with_key = head().sse_customer_algorithm("AES256").sse_customer_key(key).sse_customer_key_md5(md5);
    assert_eq!(with_key.send().await.unwrap().sse_customer_key_md5(), Some(md5));
}

#[tokio::test]
async fn what_cannot_be_started() {
    let directory = tempfile::tempdir().unwrap();
    let start = |options: Options| async { Server::start(options).await.err() };
    std::fs::File::create(directory.path().join("index.html")).unwrap();
    assert!(matches!(start(options(&directory)).await, Some(LocalError::NotOurs(_))));
    std::fs::rename(directory.path().join("index.html"), directory.path().join(".hidden")).unwrap();
    let mut wrong = options(&directory);
    wrong.create_buckets = vec!["No".to_owned()];
    assert!(matches!(start(wrong).await, Some(LocalError::BucketName(_))));
    let server = Server::start(options(&directory)).await.unwrap();
    let mut taken = options(&directory);
    taken.port = server.endpoint_url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(matches!(start(taken).await, Some(LocalError::Listen { .. })));
    server.stop().await;
}
