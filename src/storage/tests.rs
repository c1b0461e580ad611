use std::io::{Read as _, SeekFrom};
use std::time::Duration;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::*;
use crate::error::Problem;
use crate::name::Location;
use crate::parameters::{ObjectParameters, Parameter};
use crate::settings::FileSettings;
use crate::store::memory::{MemoryStore, StoredObject};
use crate::store::retry::Retrying;
use crate::store::{Operation, StoreErrorKind};
use crate::testing::{Watched, parameters};

const PART: usize = 5 * 1024 * 1024;

fn options() -> StorageOptions {
    StorageOptions {
        bucket: "memory".to_owned(),
        location: Location::new("media").expect("a location"),
        ..StorageOptions::default()
    }
}

fn keeping() -> StorageOptions {
    StorageOptions { files: FileSettings { overwrite: false, ..FileSettings::default() }, ..options() }
}

fn compressing() -> StorageOptions {
    let mut options = options();
    options.objects.gzip.enabled = true;
    options
}

fn storage(options: StorageOptions) -> Storage<MemoryStore> {
    Storage::new(MemoryStore::new(), options)
}

fn object(storage: &Storage<MemoryStore>, key: &str) -> StoredObject {
    storage.store().objects().remove(key).unwrap_or_else(|| panic!("no {key}"))
}

fn keys(storage: &Storage<MemoryStore>) -> Vec<String> {
    storage.store().objects().into_keys().collect()
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

async fn read(storage: &Storage<MemoryStore>, name: &str) -> Vec<u8> {
    let mut body = Vec::new();
    storage.open(name).await.expect("open").read_to_end(&mut body).await.expect("read");
    body
}

fn told(error: &StorageError) -> String {
    let problem = Problem::of(error);
    format!("{} | {}", problem.message, problem.hint.unwrap_or_default())
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told() {
    let storage = storage(options());
    assert!(!storage.exists("a.txt").await.expect("an answer"));
    let absent = "there is no `s3://memory/media/a.txt` | `s3collect ls` lists what is there";
    assert_eq!(told(&storage.size("a.txt").await.expect_err("none")), absent);
    assert_eq!(told(&storage.modified_time("a.txt").await.expect_err("none")), absent);
    assert_eq!(told(&storage.open("a.txt").await.err().expect("none")), absent);
    storage.delete("a.txt").await.expect("no error");
}

#[tokio::test]
async fn what_is_forbidden_is_no_absence() {
    let storage = storage(options());
    let denied = StoreErrorKind::AccessDenied { permissions: vec!["s3:GetObject"] };
    storage.store().fail_next(Operation::HeadObject, denied, 1);
    let error = storage.exists("a.txt").await.expect_err("forbidden");
    assert_eq!(Problem::of(&error).message, "S3 refused HeadObject `s3://memory/media/a.txt`: AccessDenied");
}

#[tokio::test]
async fn no_operation_leaves_the_location() {
    let storage = storage(options());
    storage.store().insert("secret", "x", ObjectParameters::default());
    let denied = "`../secret` leads out of the location `media` | \
                  names are relative to `location`, e.g. `css/site.css`";
    assert_eq!(told(&storage.exists("../secret").await.expect_err("denied")), denied);
    assert_eq!(told(&storage.open("../secret").await.err().expect("denied")), denied);
    assert_eq!(told(&storage.create("../secret").err().expect("denied")), denied);
    assert_eq!(told(&storage.delete("../secret").await.expect_err("denied")), denied);
    assert_eq!(told(&storage.listdir("../secret").await.expect_err("denied")), denied);
    assert_eq!(told(&storage.delete_all(&["a", "../secret"]).await.expect_err("denied")), denied);
    let error = storage.save("a/../../secret", "mine").await.expect_err("denied");
    assert_eq!(
        told(&error),
        "`a/../../secret` is no name to save under: it is absolute, or has `..` in it | \
         save under a relative name without `..`"
    );
    let error = storage.save("dir/", "mine").await.expect_err("no file name");
    assert_eq!(told(&error), "`dir/` names no file | ");
    assert_eq!(keys(&storage), ["secret"]);
    assert_eq!(storage.store().requests(), [].into());
}

#[tokio::test]
async fn directories_are_listed_level_by_level() {
    let storage = storage(options());
    for key in ["media/", "media/a.txt", "media/b/", "media/b/c.txt", "media/b/d/e.txt", "media-old/x"] {
        storage.store().insert(key, "x", ObjectParameters::default());
    }
    let listed = async |directory: &str| {
        let listing = storage.listdir(directory).await.expect("a listing");
        let files = listing.names().into_iter().map(str::to_owned).collect::<Vec<_>>();
        (listing.directories, files)
    };
    assert_eq!(listed("").await, (vec!["b".to_owned()], vec!["a.txt".to_owned()]));
    assert_eq!(listed("b").await, (vec!["d".to_owned()], vec!["c.txt".to_owned()]));
    assert_eq!(listed("b/").await, listed("./b").await);
    assert_eq!(listed("none").await, (vec![], vec![]));
    let mut names = Vec::new();
    let walked = storage.walk("b", |files| {
        names.extend(files.into_iter().map(|file| file.name));
        Ok::<(), StorageError>(())
    });
    walked.await.expect("all of it");
    assert_eq!(names, ["c.txt", "d/e.txt"]);
}

#[tokio::test]
async fn listings_have_no_end() {
    let storage = storage(options());
    for number in 0..2500 {
        storage.store().insert(&format!("media/d/{number:04}"), "x", ObjectParameters::default());
        storage.store().insert(&format!("media/{number:04}/x"), "x", ObjectParameters::default());
    }
    let listing = storage.listdir("d").await.expect("a listing");
    let numbers: Vec<String> = (0..2500).map(|number| format!("{number:04}")).collect();
    assert_eq!(listing.names(), numbers);
    assert_eq!(storage.listdir("").await.expect("a listing").directories[..2500], numbers);
    let (mut pages, mut count) = (0, 0);
    let walked = storage.walk("", |files| {
        (pages, count) = (pages + 1, count + files.len());
        Ok::<(), StorageError>(())
    });
    walked.await.expect("all of it");
    assert_eq!((pages, count), (5, 5000));
    assert!(storage.delete_listed(&listing.files).await.expect("deleted").is_empty());
    assert_eq!((storage.store().requests()["DeleteObjects"], keys(&storage).len()), (3, 2500));
}

#[tokio::test]
async fn saved_files_have_django_storages_headers() {
    let mut options = compressing();
    options.objects.parameters = parameters(&serde_json::json!({ "CacheControl": "max-age=86400" }));
    options.objects.default_acl = Some("public-read".to_owned());
    let storage = storage(options);
    let text = "a { color: red }\n".repeat(100);
    storage.save("a.css", text.clone()).await.expect("saved");
    storage.save("a.tar.gz", "x").await.expect("saved");
    storage.save("upload.bin", Content::from("x").with_content_type("image/png")).await.expect("saved");
    storage.save("style", Content::from("x").with_content_type("text/css")).await.expect("saved");
    let headers = |key: &str| {
        let parameters = object(&storage, key).parameters;
        let get = |parameter| parameters.get(parameter).unwrap_or("-").to_owned();
        [Parameter::ContentType, Parameter::ContentEncoding, Parameter::CacheControl, Parameter::Acl].map(get)
    };
    assert_eq!(headers("media/a.css"), ["text/css", "gzip", "max-age=86400", "public-read"]);
    assert_eq!(headers("media/a.tar.gz"), ["application/x-tar", "gzip", "max-age=86400", "public-read"]);
    assert_eq!(headers("media/upload.bin"), ["image/png", "-", "max-age=86400", "public-read"]);
    assert_eq!(headers("media/style"), ["text/css", "gzip", "max-age=86400", "public-read"]);
    let body = object(&storage, "media/a.css").body;
    assert_eq!(body[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3]);
    let mut plain = String::new();
    GzDecoder::new(&body[..]).read_to_string(&mut plain).expect("gzip");
    assert_eq!(plain, text);
    assert_eq!(object(&storage, "media/a.tar.gz").body, "x");
}

#[tokio::test]
async fn gzip_that_does_not_help_is_left_out_where_that_is_set() {
    let mut options = compressing();
    options.objects.gzip.if_smaller = true;
    let storage = storage(options);
    let saved = storage.save("a.css", Content::reader(&b"a"[..])).await.expect("saved");
    assert_eq!((saved.size, object(&storage, "media/a.css").body), (1, "a".into()));
    let saved = storage.save("b.css", Content::reader(&[b'a'; 1000][..])).await.expect("saved");
    assert!(saved.size < 100);
    assert_eq!(object(&storage, "media/b.css").parameters.get(Parameter::ContentEncoding), Some("gzip"));
}

#[tokio::test]
async fn eight_mebibytes_travel_in_parts_wherever_they_come_from() {
    let body = noise((8 << 20) + 5);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file.as_file(), &body).expect("a full file");
    for (name, content) in [
        ("bytes", Content::from(body.clone())),
        ("file", Content::file(file.path())),
        ("reader", Content::reader(std::io::Cursor::new(body.clone()))),
    ] {
        for options in [options(), keeping()] {
            let storage = storage(options);
            let saved = storage.save(name, content_again(&content, &body)).await.expect("saved");
            let object = object(&storage, &format!("media/{name}"));
            assert_eq!((saved.size, &saved.etag), (body.len() as u64, &object.etag), "{name}");
            assert!(saved.etag.ends_with("-2"), "{}", saved.etag);
            assert!(object.body == body, "{name}");
            assert_eq!(storage.store().open_uploads(), 0);
        }
    }
    let storage = storage(options());
    assert!(storage.save("exact", noise(8 << 20)).await.expect("saved").etag.ends_with("-1"));
    assert!(!storage.save("below", noise((8 << 20) - 1)).await.expect("saved").etag.contains('-'));
}

/// A reader can be read once only.
fn content_again(content: &Content, body: &[u8]) -> Content {
    match content.path() {
        Some(path) => Content::file(path),
        None if matches!(content.source, content::Source::Bytes(_)) => body.to_vec().into(),
        None => Content::reader(std::io::Cursor::new(body.to_vec())),
    }
}

#[tokio::test]
async fn a_name_that_is_taken_becomes_another() {
    let storage = storage(keeping());
    let first = storage.save("a.tar.gz", "first").await.expect("saved").name;
    let second = storage.save("a.tar.gz", "second").await.expect("saved").name;
    assert_eq!(first, "a.tar.gz");
    assert!(second.starts_with("a_") && second.ends_with(".tar.gz") && second.len() == 16, "{second}");
    assert_eq!(object(&storage, &format!("media/{second}")).body, "second");
    assert_eq!(storage.available_name("b", None).await.expect("free"), "b");
    let cut = storage.available_name("a.tar.gz", Some(15)).await.err().map(|error| told(&error));
    let too_long = cut.expect("a root of one character cannot be cut");
    assert!(
        too_long.ends_with("cannot be cut to 15 characters | allow longer names, or choose a shorter folder")
    );
    // One request to look, one to store it only if it is free.
    assert_eq!(storage.store().requests()["PutObject"], 2);
}

/// Between the look and the put somebody else is quicker.
#[tokio::test]
async fn a_name_that_is_taken_meanwhile_becomes_another() {
    let storage = storage(keeping());
    storage.store().fail_next(Operation::PutObject, StoreErrorKind::PreconditionFailed, 2);
    let name = storage.save("a.txt", Content::reader(&b"mine"[..])).await.expect("saved").name;
    assert!(name.starts_with("a_"), "{name}");
    assert_eq!(object(&storage, &format!("media/{name}")).body, "mine");
    storage.store().fail_next(Operation::CompleteMultipartUpload, StoreErrorKind::PreconditionFailed, 1);
    let large =
        storage.save("large", Content::reader(std::io::Cursor::new(noise(9 << 20)))).await.expect("saved");
    assert!(large.name.starts_with("large_"), "{}", large.name);
    assert_eq!((storage.store().open_uploads(), storage.has_conditional_writes()), (0, true));
}

#[tokio::test]
async fn a_store_without_conditions_is_remembered() {
    let storage = storage(keeping());
    let kind = StoreErrorKind::Refused { status: 501, code: "NotImplemented".to_owned() };
    storage.store().fail_next(Operation::PutObject, kind, 1);
    assert_eq!(storage.save("a.txt", "x").await.expect("saved").name, "a.txt");
    assert!(!storage.clone().has_conditional_writes());
    storage.save("b.txt", "x").await.expect("saved");
    assert_eq!(storage.store().requests()["PutObject"], 3);
}

#[tokio::test]
async fn content_that_cannot_be_read_leaves_nothing() {
    let storage = storage(options());
    let error = storage.save("a", Content::file("/nonexistent")).await.expect_err("no file");
    assert_eq!(Problem::of(&error).message, "cannot read `/nonexistent`");
    let broken = tokio_test_reader(noise(9 << 20));
    let error = storage.save("a", Content::reader(broken)).await.expect_err("broken");
    assert_eq!(Problem::of(&error).causes, ["the pipe broke"]);
    assert_eq!((keys(&storage), storage.store().open_uploads()), (vec![], 0));
}

/// Gives its bytes, then an error.
fn tokio_test_reader(bytes: Vec<u8>) -> impl tokio::io::AsyncRead + Send + Unpin {
    struct Breaks(std::io::Cursor<Vec<u8>>);
    impl tokio::io::AsyncRead for Breaks {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            if self.0.position() == self.0.get_ref().len() as u64 {
                return std::task::Poll::Ready(Err(std::io::Error::other("the pipe broke")));
            }
            std::pin::Pin::new(&mut self.0).poll_read(context, buffer)
        }
    }
    Breaks(std::io::Cursor::new(bytes))
}

#[tokio::test]
async fn a_written_file_appears_when_it_is_closed() {
    let storage = storage(compressing());
    let mut file = storage.create("a.css").expect("open");
    file.write_all(b"a{}").await.expect("written");
    file.flush().await.expect("flushed");
    assert_eq!(storage.store().requests(), [].into());
    let saved = file.close().await.expect("closed");
    assert_eq!((saved.name.as_str(), saved.size), ("a.css", 3));
    // Never compressed, as in django-storages.
    let object = object(&storage, "media/a.css");
    assert_eq!(
        (&object.body[..], object.parameters.get(Parameter::ContentType)),
        (&b"a{}"[..], Some("text/css"))
    );

    let body = noise(2 * PART + 3);
    let mut file = storage.create("large").expect("open");
    file.write_all(&body).await.expect("written");
    assert!(!storage.exists("large").await.expect("an answer"));
    assert_eq!(storage.store().open_uploads(), 1);
    file.shutdown().await.expect("closed");
    let saved = file.close().await.expect("closed already");
    assert!(saved.etag.ends_with("-3"), "{}", saved.etag);
    assert!(read(&storage, "large").await == body);
}

#[tokio::test]
async fn nothing_written_is_an_empty_file_or_the_one_that_is_there() {
    let storage = storage(options());
    let saved = storage.create("empty").expect("open").close().await.expect("closed");
    assert_eq!((saved.size, object(&storage, "media/empty").body.len()), (0, 0));
    storage.save("there", "something").await.expect("saved");
    let saved = storage.create("there").expect("open").close().await.expect("closed");
    assert_eq!((saved.size, read(&storage, "there").await), (9, b"something".to_vec()));
}

#[tokio::test]
async fn a_writer_that_is_given_up_leaves_nothing() {
    for drops in [true, false] {
        let storage = storage(options());
        let mut file = storage.create("large").expect("open");
        file.write_all(&noise(2 * PART)).await.expect("written");
        assert_eq!(storage.store().open_uploads(), 1);
        if drops {
            drop(file);
            tokio::time::timeout(Duration::from_secs(5), async {
                while storage.store().open_uploads() > 0 {
                    tokio::task::yield_now().await;
                }
            })
            .await
            .expect("the parts are taken back");
        } else {
            file.abort().await;
        }
        assert_eq!((keys(&storage), storage.store().open_uploads()), (vec![], 0));
    }
}

#[tokio::test]
async fn a_writer_whose_part_fails_leaves_nothing() {
    for operation in [Operation::UploadPart, Operation::CompleteMultipartUpload, Operation::PutObject] {
        let storage = storage(options());
        storage.store().fail_next(operation, StoreErrorKind::StorageFull, 1);
        let mut file = storage.create("large").expect("open");
        let length = if operation == Operation::PutObject { 5 } else { 2 * PART };
        let written = file.write_all(&noise(length)).await;
        assert!(written.is_err() || file.close().await.is_err(), "{operation}");
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!((keys(&storage), storage.store().open_uploads()), (vec![], 0), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn memory_holds_a_few_parts() {
    let watched = Watched::new();
    let storage = Storage::new(watched.clone(), options());
    let mut file = storage.create("large").expect("open");
    for _ in 0..12 {
        file.write_all(&vec![7; PART]).await.expect("written");
    }
    file.close().await.expect("closed");
    assert_eq!(watched.memory().objects()["media/large"].body.len(), 12 * PART);
    assert_eq!(watched.traffic().most_bytes, 4 * PART as u64);
}

#[tokio::test]
async fn reading_fetches_what_is_read_and_no_more() {
    let storage = storage(options());
    let body = noise(300_000);
    storage.save("a.bin", body.clone()).await.expect("saved");
    let mut file = storage.open("a.bin").await.expect("open");
    assert_eq!((file.size(), storage.store().requests().get("GetObject")), (300_000, None));
    file.seek(SeekFrom::End(-5)).await.expect("sought");
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).await.expect("read");
    assert_eq!(tail, &body[299_995..]);
    file.seek(SeekFrom::Start(400_000)).await.expect("sought");
    assert_eq!(file.read(&mut [0; 5]).await.expect("read"), 0);
    assert!(file.seek(SeekFrom::End(-300_001)).await.is_err());
    assert_eq!(storage.store().requests()["GetObject"], 1);
    storage.save("empty", "").await.expect("saved");
    assert_eq!(read(&storage, "empty").await, b"");
    assert_eq!(storage.store().requests()["GetObject"], 1);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_no_mixture() {
    let storage = storage(options());
    storage.save("a.txt", "first").await.expect("saved");
    let mut file = storage.open("a.txt").await.expect("open");
    storage.save("a.txt", "other").await.expect("saved");
    let error = file.read(&mut [0; 5]).await.expect_err("another object");
    assert_eq!(error.to_string(), "S3 refused GetObject `s3://memory/media/a.txt`: PreconditionFailed");
    let mut file = storage.open("a.txt").await.expect("open");
    storage.delete("a.txt").await.expect("deleted");
    assert!(file.read(&mut [0; 5]).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_not_seen() {
    let storage = Storage::new(Retrying::new(MemoryStore::new(), |_| {}), options());
    let body = noise(400_000);
    storage.save("a.bin", body.clone()).await.expect("saved");
    storage.store().inner().break_off_next(90_000, 3);
    let mut found = Vec::new();
    storage.open("a.bin").await.expect("open").read_to_end(&mut found).await.expect("all of it");
    assert!(found == body);
}

#[tokio::test]
async fn compressed_files_are_decompressed_where_gzip_is_on() {
    for most in [0, 10, 1_000_000] {
        let mut options = compressing();
        options.files.max_memory_size = most;
        let storage = storage(options);
        let text = "a { color: red }\n".repeat(1000);
        storage.save("a.css", text.clone()).await.expect("saved");
        let mut file = storage.open("a.css").await.expect("open");
        file.seek(SeekFrom::End(-4)).await.expect("sought");
        let mut end = String::new();
        file.read_to_string(&mut end).await.expect("read");
        assert_eq!(end, "d }\n");
        file.rewind().await.expect("sought");
        let mut found = String::new();
        file.read_to_string(&mut found).await.expect("read");
        assert_eq!(found, text);
        assert!(file.size() < 200, "the stored size, as django-storages tells it");
        assert_eq!(storage.store().requests()["GetObject"], 1);

        let plain = Storage::new(MemoryStore::new(), super::tests::options());
        plain.store().place("media/a.css", object(&storage, "media/a.css"));
        assert_eq!(read(&plain, "a.css").await, object(&storage, "media/a.css").body);
    }
}

#[tokio::test]
async fn what_only_claims_to_be_gzip_is_told() {
    let storage = storage(compressing());
    let claims = parameters(&serde_json::json!({ "ContentEncoding": "gzip" }));
    storage.store().insert("media/a.css", "a { color: red }", claims);
    let error = storage.open("a.css").await.expect("open").read(&mut [0; 9]).await.expect_err("no gzip");
    assert_eq!(error.to_string(), "`media/a.css` cannot be decompressed");
}

#[tokio::test]
async fn a_field_refers_to_its_own_file() {
    let storage = storage(keeping());
    let mut first = FieldFile::new("photo").upload_to("photos");
    let mut second = first.clone();
    first.save(&storage, "my photo.jpg", "1").await.expect("saved");
    second.save(&storage, "my photo.jpg", "22").await.expect("saved");
    assert_eq!(first.name(), Some("photos/my_photo.jpg"));
    assert_ne!(second.name(), first.name());
    assert_eq!((first.size(&storage).await.expect("1"), second.size(&storage).await.expect("2")), (1, 2));
    let kept = serde_json::to_value(&first).expect("JSON");
    assert_eq!(
        kept,
        serde_json::json!({ "field": "photo", "name": "photos/my_photo.jpg", "upload_to": "photos", "max_length": 100 })
    );
    first.delete(&storage).await.expect("deleted");
    first.delete(&storage).await.expect("nothing to delete");
    assert_eq!((first.name(), keys(&storage).len()), (None, 1));
    let error = first.chunks(&storage, 2).await.err().expect("no file");
    assert_eq!(error.to_string(), "The 'photo' attribute has no file associated with it.");
    let error = first.save(&storage, "../x", "1").await.expect_err("refused");
    assert!(matches!(error, StorageError::Traversal { .. }));
    let long = format!("{}.jpg", "x".repeat(200));
    first.save(&storage, &long, "1").await.expect("saved");
    assert_eq!(first.name().map(str::len), Some(100));
}

/// Types, functions and methods: whoever reads about one sees it used.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test that reads the sources it is about")]
fn every_public_item_has_an_example() {
    let is_item = |line: &str| {
        let item = line.trim_start().strip_prefix("pub ").map(|item| item.trim_start_matches("async "));
        let words = ["fn ", "struct ", "enum ", "trait ", "type ", "const "];
        item.is_some_and(|item| words.iter().any(|word| item.starts_with(word)))
    };
    let (mut count, mut without) = (0, Vec::new());
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src/storage");
    for entry in walkdir::WalkDir::new(sources).sort_by_file_name() {
        let path = entry.expect("an entry").into_path();
        if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        let lines: Vec<&str> = text.lines().take_while(|line| *line != "mod tests {").collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| is_item(line)) {
            // What stands directly above: its documentation and its attributes.
            let above = lines[..number].iter().rev().map(|line| line.trim());
            let mut above = above.take_while(|line| {
                !line.is_empty() && !line.ends_with(['{', '}', ';']) || line.starts_with("///")
            });
            count += 1;
            if !above.any(|line| line == "/// ```") {
                without.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(count > 60, "{count} items are seen");
    assert_eq!(without, Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is read, from wherever, is what stands there.
    #[test]
    fn reads_and_seeks_agree_with_the_bytes(
        length in 0..200_000_usize,
        compressed in any::<bool>(),
        steps in proptest::collection::vec((0..3_u8, -200_000_i64..200_000, 0..80_000_usize), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let storage = storage(compressing());
            let body = noise(length);
            let name = if compressed { "a.css" } else { "a.bin" };
            storage.save(name, body.clone()).await.expect("saved");
            let mut file = storage.open(name).await.expect("open");
            let mut model = std::io::Cursor::new(body);
            for (whence, offset, count) in steps {
                let to = match whence {
                    0 => SeekFrom::Start(offset.unsigned_abs()),
                    1 => SeekFrom::Current(offset),
                    _ => SeekFrom::End(offset),
                };
                let expected = std::io::Seek::seek(&mut model, to).ok();
                assert_eq!(file.seek(to).await.ok(), expected, "{to:?}");
                let (mut found, mut wanted) = (Vec::new(), Vec::new());
                (&mut file).take(count as u64).read_to_end(&mut found).await.expect("read");
                std::io::Read::take(&mut model, count as u64).read_to_end(&mut wanted).expect("read");
                assert!(found == wanted, "{count} bytes at {to:?}");
            }
        });
    }
}
