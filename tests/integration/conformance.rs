//! What every [`Store`] does, asked of each of them through the trait alone.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use s3collect::name::ObjectKey;
use s3collect::parameters::{ObjectParameters, Parameter};
use s3collect::store::{
    Body, ByteRange, Checksum, ChecksumAlgorithm, Condition, Fetch, Fetched, FileBody, GetAnswer, GetRequest,
    MultipartRequest, Part, PutRequest, ReadCondition, Store, StoreError, StoreErrorKind, StoredChecksum,
    delete_all, fetch,
};
use sha2::{Digest as _, Sha256};

/// What some stores lack; the rest is asked of all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Abilities {
    /// Storage class and encryption come back.
    pub(crate) rare_headers: bool,
    /// The website redirect comes back.
    pub(crate) redirects: bool,
    /// `If-Match` and `If-None-Match` on writes, completion of multipart uploads included.
    pub(crate) conditions: bool,
    /// Checksums are kept, those of parts as checksums of checksums.
    pub(crate) checksums: bool,
    /// Keys that are odd even among odd ones: `a//b`, a backslash, a control character.
    pub(crate) strange_keys: bool,
}

impl Abilities {
    /// What S3 itself can do.
    pub(crate) const ALL: Self =
        Self { rare_headers: true, redirects: true, conditions: true, checksums: true, strange_keys: true };
}

/// All of S3, under keys that start with `conformance/`; the bucket should hold none of these.
pub(crate) async fn conforms<S: Store>(store: &S) {
    conforms_within(store, Abilities::ALL).await;
}

/// As much of S3 as a store has.
pub(crate) async fn conforms_within<S: Store>(store: &S, abilities: Abilities) {
    headers_come_back(store, abilities).await;
    nothing_is_none(store).await;
    bodies_come_back(store).await;
    stretches_come_back(store).await;
    levels_are_listed(store).await;
    what_is_deleted_is_gone(store).await;
    an_empty_body_is_an_object(store).await;
    a_put_replaces_all(store).await;
    odd_keys_come_back(store, abilities).await;
    pages_have_no_gaps(store).await;
    files_are_sent_in_stretches(store).await;
    if abilities.conditions {
        conditions_hold(store).await;
        one_of_many_wins(store).await;
    }
    if abilities.checksums {
        checksums_are_kept(store).await;
    }
    parts_make_an_object(store, abilities).await;
    what_is_given_up_leaves_nothing(store).await;
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(format!("conformance/{name}")).expect("a key")
}

fn of_type(content_type: &str) -> ObjectParameters {
    let mut parameters = ObjectParameters::default();
    parameters.set(Parameter::ContentType, content_type);
    parameters
}

fn request(name: &str, body: &[u8]) -> PutRequest {
    PutRequest {
        key: key(name),
        body: Body::Bytes(Bytes::copy_from_slice(body)),
        parameters: of_type("text/css"),
        checksum: None,
        condition: None,
    }
}

fn multipart(name: &str) -> MultipartRequest {
    let request = request(name, b"");
    MultipartRequest { key: request.key, parameters: request.parameters, checksum: None, condition: None }
}

async fn put<S: Store>(store: &S, name: &str, body: &[u8]) -> String {
    store.put(&request(name, body)).await.expect("a put").etag
}

async fn listed<S: Store>(store: &S, prefix: &str) -> Vec<(String, u64, String)> {
    let mut all = Vec::new();
    let mut continuation = None;
    loop {
        let page =
            store.list(&format!("conformance/{prefix}"), continuation.as_deref()).await.expect("a page");
        assert!(page.objects.len() <= 1000);
        all.extend(page.objects.into_iter().map(|object| {
            let name = object.key.strip_prefix("conformance/").expect("the prefix").to_owned();
            (name, object.size, object.etag)
        }));
        continuation = page.continuation;
        if continuation.is_none() {
            return all;
        }
    }
}

fn kind<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> StoreErrorKind {
    outcome.expect_err("a refusal").kind
}

async fn headers_come_back<S: Store>(store: &S, abilities: Abilities) {
    let mut parameters = of_type("text/css; charset=utf-8");
    parameters.set(Parameter::CacheControl, "public, max-age=31536000, immutable");
    parameters.set(Parameter::ContentDisposition, "attachment; filename=\"a b.css\"");
    parameters.set(Parameter::ContentEncoding, "gzip");
    parameters.set(Parameter::ContentLanguage, "de, en");
    parameters.set(Parameter::Expires, "Thu, 01 Dec 2033 16:00:00 GMT");
    parameters.set_metadata("build", "7 of 9");
    parameters.set_metadata("who", "ci");
    if abilities.rare_headers {
        parameters.set(Parameter::StorageClass, "STANDARD_IA");
        parameters.set(Parameter::ServerSideEncryption, "AES256");
    }
    if abilities.redirects {
        parameters.set(Parameter::WebsiteRedirectLocation, "/elsewhere");
    }
    let request = PutRequest { parameters: parameters.clone(), ..request("headers.css", b"body") };
    let etag = store.put(&request).await.expect("a put").etag;
    let head = store.head(&request.key).await.expect("a head").expect("an object");
    // Only what was sent: some stores show an encryption or a class that nobody asked for.
    for (parameter, value) in parameters.iter() {
        assert_eq!(head.parameters.get(parameter), Some(value), "{parameter:?}");
    }
    assert_eq!(head.parameters.metadata(), parameters.metadata());
    assert_eq!((head.size, head.etag), (4, etag.clone()));
    // The MD5 of "body": an object of one piece that is not encrypted with a customer's key.
    assert_eq!(etag, "841a2d689ad86bd1611447453c22c6fc");
    assert_eq!(listed(store, "headers").await, [("headers.css".to_owned(), 4, etag)]);
}

async fn nothing_is_none<S: Store>(store: &S) {
    assert_eq!(store.head(&key("nothing")).await.expect("a head"), None);
    assert_eq!(listed(store, "nothing").await, []);
}

async fn bodies_come_back<S: Store>(store: &S) {
    let name = key("fetched");
    let get = |unless, most| fetch(store, &name, unless, most);
    let mut compressed = request("fetched", b"not really gzip");
    compressed.parameters.set(Parameter::ContentEncoding, "gzip");
    let stored = store.put(&compressed).await.expect("a put");
    let etag = stored.etag;
    for unless in [None, Some("00000000000000000000000000000000")] {
        let Fetch::Object(fetched) = get(unless, 15).await.expect("a get") else { panic!("no object") };
        let Fetched { body, etag: shown, content_encoding, last_modified, date } = fetched;
        assert_eq!(
            (&*body, shown, content_encoding.as_deref()),
            (&b"not really gzip"[..], etag.clone(), Some("gzip"))
        );
        // All by one clock, in whole seconds; the object was written while its put was under way.
        let (put, written, got) = (stored.date, last_modified, date);
        let second = Duration::from_secs(1);
        assert!(written.expect("a time") <= put.expect("a date") + second, "{written:?} {put:?}");
        assert!(put <= got && got.expect("a date") < put.expect("a date") + 60 * second, "{put:?} {got:?}");
    }
    assert_eq!(get(Some(&etag), 15).await.expect("a get"), Fetch::Unchanged);
    assert_eq!(kind(get(None, 14).await), StoreErrorKind::TooLarge { most: 14 });
    assert_eq!(fetch(store, &key("nothing"), None, 1).await.expect("a get"), Fetch::Absent);
}

async fn stretches_come_back<S: Store>(store: &S) {
    let body: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
    let etag = put(store, "stretches", &body).await;
    let get = |range: Option<(u64, Option<u64>)>, condition| {
        let range = range.map(|(offset, length)| ByteRange { offset, length });
        let request = GetRequest { range, condition, ..GetRequest::whole(key("stretches")) };
        async move { store.get(&request).await }
    };
    for (range, expected) in [
        (None, &body[..]),
        (Some((0, Some(1))), &body[..1]),
        (Some((70_000, Some(70_000))), &body[70_000..140_000]),
        (Some((199_999, None)), &body[199_999..]),
        (Some((199_990, Some(1000))), &body[199_990..]),
    ] {
        let matches = Some(ReadCondition::Matches(etag.clone()));
        let GetAnswer::Object(mut download) = get(range, matches).await.expect("a get") else {
            panic!("no object")
        };
        assert_eq!((download.size, &download.etag), (200_000, &etag), "{range:?}");
        let mut found = Vec::new();
        while let Some(piece) = download.pieces.next().await {
            found.extend_from_slice(&piece.expect("a piece"));
        }
        assert_eq!(found, expected, "{range:?}");
    }
    let other = "00000000000000000000000000000000".to_owned();
    let refused = get(None, Some(ReadCondition::Matches(other.clone()))).await;
    assert_eq!(kind(refused), StoreErrorKind::PreconditionFailed);
    let refused = get(Some((1, None)), Some(ReadCondition::Matches(other.clone()))).await;
    assert_eq!(kind(refused), StoreErrorKind::PreconditionFailed);
    let differs = get(None, Some(ReadCondition::Differs(other))).await.expect("a get");
    assert!(matches!(differs, GetAnswer::Object(_)));
    let same = get(None, Some(ReadCondition::Differs(etag))).await.expect("a get");
    assert!(matches!(same, GetAnswer::Unchanged));
    let outside = kind(get(Some((200_000, None)), None).await);
    assert!(matches!(outside, StoreErrorKind::Refused { status: 416, .. }), "{outside:?}");
}

/// Pages of a level, with what the prefix leaves of keys and common prefixes.
async fn level<S: Store>(store: &S, prefix: &str) -> (Vec<String>, Vec<String>) {
    let prefix = format!("conformance/{prefix}");
    let (mut prefixes, mut names, mut continuation) = (Vec::new(), Vec::new(), None);
    let rest = |key: &str| key.strip_prefix(&prefix).expect("the prefix").to_owned();
    loop {
        let page = store.list_level(&prefix, continuation.as_deref()).await.expect("a page");
        assert!(page.objects.len() + page.prefixes.len() <= 1000);
        prefixes.extend(page.prefixes.iter().map(|common| rest(common)));
        names.extend(page.objects.iter().map(|object| rest(&object.key)));
        continuation = page.continuation;
        if continuation.is_none() {
            return (prefixes, names);
        }
    }
}

async fn levels_are_listed<S: Store>(store: &S) {
    for name in ["level/a b+c/x", "level/a b+c/y/z", "level/é/1", "level/é/2", "level/f.txt", "level/é"] {
        put(store, name, b"x").await;
    }
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(level(store, "level/").await, (owned(&["a b+c/", "é/"]), owned(&["f.txt", "é"])));
    assert_eq!(level(store, "level/a b+c/").await, (owned(&["y/"]), owned(&["x"])));
    assert_eq!(level(store, "level/none/").await, (vec![], vec![]));
    let many: Vec<String> = (0..1005).map(|number| format!("levels/{number:04}/x")).collect();
    for chunk in many.chunks(16) {
        futures_util::future::join_all(chunk.iter().map(|name| put(store, name, b"x"))).await;
    }
    let (prefixes, names) = level(store, "levels/").await;
    assert_eq!(prefixes, (0..1005).map(|number| format!("{number:04}/")).collect::<Vec<_>>());
    assert_eq!(names, Vec::<String>::new());
}

async fn what_is_deleted_is_gone<S: Store>(store: &S) {
    let one = key("deleted/one");
    put(store, "deleted/one", b"x").await;
    for _ in 0..2 {
        assert_eq!(store.delete(std::slice::from_ref(&one)).await.expect("deleted").len(), 0);
        assert_eq!(store.head(&one).await.expect("a head"), None);
    }
    let mut keys: Vec<ObjectKey> = Vec::new();
    for name in ["deleted/a&b<c>", "deleted/é 1", "deleted/+", "deleted/kept"] {
        put(store, name, b"x").await;
        keys.push(key(name));
    }
    keys.pop();
    keys.extend((0..1200).map(|number| key(&format!("deleted/never/{number}"))));
    assert_eq!(delete_all(store, &keys).await.expect("deleted").len(), 0);
    let left: Vec<String> = listed(store, "deleted/").await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(left, ["deleted/kept"]);
}

async fn an_empty_body_is_an_object<S: Store>(store: &S) {
    let etag = put(store, "empty.txt", b"").await;
    assert_eq!(etag, "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(store.head(&key("empty.txt")).await.expect("a head").expect("an object").size, 0);
}

async fn a_put_replaces_all<S: Store>(store: &S) {
    let mut first = request("replaced", b"first");
    first.parameters.set(Parameter::CacheControl, "no-cache");
    first.parameters.set_metadata("one", "1");
    store.put(&first).await.expect("a put");
    put(store, "replaced", b"second").await;
    let head = store.head(&first.key).await.expect("a head").expect("an object");
    assert_eq!(head.size, 6);
    assert_eq!(head.parameters.get(Parameter::CacheControl), None);
    assert!(head.parameters.metadata().is_empty());
}

async fn odd_keys_come_back<S: Store>(store: &S, abilities: Abilities) {
    let mut names = BTreeSet::from([
        "odd/a b",
        "odd/a+b",
        "odd/a%20b",
        "odd/a&b=c",
        "odd/a?b#c",
        "odd/é/ü.css",
        "odd/日本",
        "odd/a'b\"c",
        "odd/a(b)!*~",
        "odd/a<b>",
        "odd/a:b@c$d,e;f",
        "odd/[a]{b}|c^d`",
        "odd/.hidden",
        "odd/😀",
    ]);
    if abilities.strange_keys {
        names.extend(["odd/a//b", "odd/a\\b", "odd/a\u{1}b"]);
    }
    for name in &names {
        put(store, name, name.as_bytes()).await;
    }
    for name in &names {
        let head = store.head(&key(name)).await.expect("a head").unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(head.size, name.len() as u64, "{name}");
    }
    let found: Vec<String> = listed(store, "odd/").await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(found, names.into_iter().collect::<Vec<_>>());
}

async fn pages_have_no_gaps<S: Store>(store: &S) {
    let names: Vec<String> = (0..1003).map(|number| format!("pages/{number:04}")).collect();
    for chunk in names.chunks(16) {
        futures_util::future::join_all(chunk.iter().map(|name| put(store, name, b"x"))).await;
    }
    put(store, "pages-old/0000", b"x").await;
    put(store, "pages0", b"x").await;
    let found: Vec<String> = listed(store, "pages/").await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(found, names);
}

/// A file of 200,000 bytes with a stretch of 150,000 in its middle.
fn stretch(checksum: Option<ChecksumAlgorithm>) -> (tempfile::NamedTempFile, FileBody, Vec<u8>) {
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&bytes).expect("a full file");
    let middle = bytes[25_000..175_000].to_vec();
    let body = FileBody {
        path: file.path().to_owned(),
        offset: 25_000,
        length: 150_000,
        sha256: Sha256::digest(&middle).into(),
        crc64: Checksum::of(ChecksumAlgorithm::Crc64Nvme, &middle),
        checksum: checksum.map(|algorithm| Checksum::of(algorithm, &middle)),
    };
    (file, body, middle)
}

async fn files_are_sent_in_stretches<S: Store>(store: &S) {
    let (file, body, middle) = stretch(None);
    let etag = put(store, "file-in-memory", &middle).await;
    let request = PutRequest { body: Body::File(body.clone()), ..request("file", b"") };
    assert_eq!(store.put(&request).await.expect("a put").etag, etag);

    // What changed since its hash was taken, and what ended early, is never stored.
    let changed = FileBody { crc64: String::new(), ..body.clone() };
    let request = PutRequest { key: key("file-changed"), body: Body::File(changed), ..request };
    assert_eq!(kind(store.put(&request).await), StoreErrorKind::BodyChanged);
    file.as_file().set_len(100_000).expect("a shorter file");
    let request = PutRequest { key: key("file-short"), body: Body::File(body.clone()), ..request };
    assert_eq!(kind(store.put(&request).await), StoreErrorKind::BodyUnreadable);
    drop(file);
    let request = PutRequest { key: key("file-gone"), body: Body::File(body), ..request };
    assert_eq!(kind(store.put(&request).await), StoreErrorKind::BodyUnreadable);
    let found: Vec<String> = listed(store, "file").await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(found, ["file", "file-in-memory"]);
}

async fn conditions_hold<S: Store>(store: &S) {
    let absent = PutRequest { condition: Some(Condition::Absent), ..request("condition", b"first") };
    let first = store.put(&absent).await.expect("nothing is there").etag;
    assert_eq!(kind(store.put(&absent).await), StoreErrorKind::PreconditionFailed);
    let swap = |etag: &str| PutRequest {
        condition: Some(Condition::Matches(etag.to_owned())),
        ..request("condition", b"second")
    };
    assert_eq!(
        kind(store.put(&swap("00000000000000000000000000000000")).await),
        StoreErrorKind::PreconditionFailed
    );
    let second = store.put(&swap(&first)).await.expect("it is what we saw").etag;
    assert_eq!(kind(store.put(&swap(&first)).await), StoreErrorKind::PreconditionFailed);
    let head = store.head(&absent.key).await.expect("a head").expect("an object");
    assert_eq!(head.etag, second);
}

/// Of fifty who make one new object at once, one does.
async fn one_of_many_wins<S: Store>(store: &S) {
    let requests: Vec<PutRequest> = (0..50)
        .map(|number| {
            let body = format!("writer {number}");
            PutRequest { condition: Some(Condition::Absent), ..request("raced", body.as_bytes()) }
        })
        .collect();
    let outcomes = futures_util::future::join_all(requests.iter().map(|request| store.put(request))).await;
    let won: Vec<String> = outcomes.iter().flatten().map(|answer| answer.etag.clone()).collect();
    let refused = outcomes.into_iter().filter_map(Result::err).map(|error| error.kind);
    for kind in refused {
        assert!(matches!(kind, StoreErrorKind::PreconditionFailed | StoreErrorKind::Conflict), "{kind:?}");
    }
    let head = store.head(&key("raced")).await.expect("a head").expect("an object");
    assert_eq!(won, [head.etag]);
}

async fn checksums_are_kept<S: Store>(store: &S) {
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32c,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let (_file, body, middle) = stretch(Some(algorithm));
        let request = PutRequest { checksum: Some(algorithm), ..request("checksum-memory", &middle) };
        store.put(&request).await.expect("a put");
        let file = PutRequest { key: key("checksum-file"), body: Body::File(body), ..request.clone() };
        store.put(&file).await.expect("a put");
        let wanted =
            StoredChecksum { algorithm, value: Checksum::of(algorithm, &middle), composite_parts: None };
        for key in [&request.key, &file.key] {
            let head = store.head(key).await.expect("a head").expect("an object");
            assert!(head.checksums.contains(&wanted), "{:?}", head.checksums);
        }
    }
}

/// The least that S3 takes for a part that is not the last.
const PART: usize = 5 * 1024 * 1024;

async fn upload<S: Store>(store: &S, request: &MultipartRequest) -> (s3collect::store::UploadId, Vec<Part>) {
    let upload = store.create_multipart(request).await.expect("an upload");
    let first = Body::Bytes(Bytes::from(vec![b'a'; PART]));
    let (_file, rest, _) = stretch(request.checksum);
    let mut parts = Vec::new();
    for (number, body) in [(1, first), (2, Body::File(rest))] {
        parts.push(store.upload_part(request, &upload, number, &body).await.expect("a part"));
    }
    (upload, parts)
}

async fn parts_make_an_object<S: Store>(store: &S, abilities: Abilities) {
    let mut request = multipart("parts.bin");
    request.parameters.set(Parameter::CacheControl, "no-cache");
    request.parameters.set_metadata("build", "7");
    request.checksum = abilities.checksums.then_some(ChecksumAlgorithm::Crc32);
    let (id, parts) = upload(store, &request).await;
    let etag = store.complete_multipart(&request, &id, &parts).await.expect("an object").etag;
    let head = store.head(&request.key).await.expect("a head").expect("an object");
    assert_eq!(etag, s3collect::store::multipart_etag(&parts).expect("MD5s"));
    assert_eq!((head.size, &head.etag), (PART as u64 + 150_000, &etag));
    assert_eq!(head.parameters.get(Parameter::ContentType), Some("text/css"));
    assert_eq!(head.parameters.get(Parameter::CacheControl), Some("no-cache"));
    assert_eq!(head.parameters.metadata()["build"], "7");
    if abilities.checksums {
        assert_eq!(head.checksums.iter().map(|sum| sum.composite_parts).collect::<Vec<_>>(), [Some(2)]);
    }
    if abilities.conditions {
        request.condition = Some(Condition::Absent);
        let (id, parts) = upload(store, &request).await;
        assert_eq!(
            kind(store.complete_multipart(&request, &id, &parts).await),
            StoreErrorKind::PreconditionFailed
        );
        store.abort_multipart(&request, &id).await.expect("given up");
    }
}

async fn what_is_given_up_leaves_nothing<S: Store>(store: &S) {
    let request = multipart("given-up");
    let (id, parts) = upload(store, &request).await;
    assert_eq!(store.head(&request.key).await.expect("a head"), None);
    store.abort_multipart(&request, &id).await.expect("given up");
    store.abort_multipart(&request, &id).await.expect("given up already");
    assert!(store.complete_multipart(&request, &id, &parts).await.is_err());
    assert_eq!(store.head(&request.key).await.expect("a head"), None);
}

mod memory {
    use s3collect::store::memory::MemoryStore;

    #[tokio::test]
    async fn the_map_conforms() {
        super::conforms(&MemoryStore::new()).await;
    }
}

/// The client against the embedded endpoint, and against a real server when one is named.
mod server {
    use s3collect::local::{Options, Server};
    use s3collect::name::Location;
    use s3collect::parameters::ObjectParameters;
    use s3collect::settings::{AddressingStyle, ConnectionSettings, SignatureVersion};
    use s3collect::storage::{Storage, StorageOptions};
    use s3collect::store::retry::Retrying;
    use s3collect::store::s3::S3Store;
    use tempfile::TempDir;

    use super::{Abilities, conforms, conforms_within};
    use crate::storage::{fifty_writers, keeping};
    use crate::support::{connection, told};
    use crate::url::{Place, signed_urls_open};

    async fn client(endpoint: String, bucket: &str, access_key: &str, secret_key: &str) -> S3Store {
        connected(connection(endpoint, bucket, access_key, secret_key)).await
    }

    async fn connected(settings: ConnectionSettings) -> S3Store {
        S3Store::connect(&settings, &ObjectParameters::default()).await.expect("a client")
    }

    #[tokio::test]
    async fn the_embedded_endpoint_conforms() {
        let directory = TempDir::new().expect("a directory");
        let options =
            Options { create_buckets: vec!["conformance".to_owned()], ..Options::new(directory.path()) };
        let keys = options.credentials.clone();
        let server = Server::start(options).await.expect("an endpoint");
        conforms(&client(server.endpoint_url(), "conformance", &keys.access_key, &keys.secret_key).await)
            .await;
        server.stop().await;
    }

    /// Every request of every operation, in both styles of addressing.
    #[tokio::test]
    async fn the_embedded_endpoint_conforms_by_version_2_of_signatures() {
        for style in [AddressingStyle::Path, AddressingStyle::Virtual] {
            let directory = TempDir::new().expect("a directory");
            let options =
                Options { create_buckets: vec!["conformance".to_owned()], ..Options::new(directory.path()) };
            let keys = options.credentials.clone();
            let server = Server::start(options).await.expect("an endpoint");
            let endpoint = server.endpoint_url().replace("127.0.0.1", "localhost");
            let mut settings = connection(endpoint, "conformance", &keys.access_key, &keys.secret_key);
            settings.addressing_style = style;
            settings.client.signature_version = SignatureVersion::V2;
            conforms(&connected(settings.clone()).await).await;
            server.stop().await;
        }
    }

    /// What it lacks stands in `S3COLLECT_TEST_LACKS`: any of `rare_headers redirects conditions checksums strange_keys
    /// signatures version_2`; `S3COLLECT_TEST_SIGNATURE_VERSION` is `s3` or `s3v4`.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_real_server_conforms() {
        let Some(place) = Place::told() else { return };
        let lacks = told("LACKS", "");
        let has = |ability| !lacks.contains(ability);
        let abilities = Abilities {
            rare_headers: has("rare_headers"),
            redirects: has("redirects"),
            conditions: has("conditions"),
            checksums: has("checksums"),
            strange_keys: has("strange_keys"),
        };
        let endpoint = place.endpoint.clone();
        let mut settings = connection(endpoint, &place.bucket, &place.access_key, &place.secret_key);
        if told("SIGNATURE_VERSION", "s3v4") == "s3" {
            settings.client.signature_version = SignatureVersion::V2;
        }
        let store = connected(settings).await;
        conforms_within(&store, abilities).await;
        if abilities.conditions {
            let location = Location::new("conformance-writers").expect("a location");
            let options = StorageOptions { location, files: keeping(), ..StorageOptions::default() };
            fifty_writers(&Storage::new(Retrying::new(store, |_| {}), options)).await;
        }
        if has("signatures") {
            let versions: &[&str] = if has("version_2") { &["s3v4", "s3"] } else { &["s3v4"] };
            let open = move || signed_urls_open(&place, versions, &["path"], "de");
            let opened = tokio::task::spawn_blocking(open).await;
            opened.expect("signed URLs are taken");
        }
    }
}
