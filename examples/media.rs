//! The session that django-storages' documentation shows, in Rust: a storage used directly, and fields that refer to
//! files in it.
//!
//! ```console
//! $ AWS_STORAGE_BUCKET_NAME=acme-media AWS_LOCATION=media cargo run --example media
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use s3collect::error::Problem;
use s3collect::settings::{Given, Needs, Settings, load};
use s3collect::storage::{FieldFile, S3Storage};
use s3collect::urls::UrlSource;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A record with a file, as Django's `models.FileField()` makes it.
pub(crate) struct MyModel {
    /// Refers to the file.
    pub(crate) normal: FieldFile,
}

impl MyModel {
    fn new() -> Self {
        Self { normal: FieldFile::new("normal").upload_to("tests") }
    }
}

/// The settings that a django-storages project has already, from its environment and `s3collect.toml`.
pub(crate) fn settings(
    environment: &BTreeMap<String, String>,
    directory: &Path,
) -> Result<Settings, Box<dyn Error>> {
    let sets = ["backend=S3Storage".to_owned()];
    let given = Given { sets: &sets, ..Given::new(environment, directory) };
    let loaded =
        load(given, Needs { bucket: true, sources: false }).map_err(|errors| Problem::of(&errors[0]))?;
    Ok(loaded.settings)
}

/// Django's `default_storage`.
pub(crate) async fn default_storage(settings: &Settings) -> Result<S3Storage, Problem> {
    Ok(S3Storage::connect(settings).await?.with_urls(UrlSource::open(settings).await?))
}

/// Both sessions of the documentation, line for line.
pub(crate) async fn session(default_storage: &S3Storage) -> Result<(), Box<dyn Error>> {
    // >>> default_storage.exists('storage_test')
    assert!(!default_storage.exists("storage_test").await?);
    // >>> file = default_storage.open('storage_test', 'w')
    let mut file = default_storage.create("storage_test")?;
    // >>> file.write('storage contents')
    file.write_all(b"storage contents").await?;
    // >>> file.close()
    file.close().await?;

    // >>> default_storage.exists('storage_test')
    assert!(default_storage.exists("storage_test").await?);
    // >>> file = default_storage.open('storage_test', 'r')
    let mut file = default_storage.open("storage_test").await?;
    // >>> file.read()
    let mut text = String::new();
    file.read_to_string(&mut text).await?;
    assert_eq!(text, "storage contents");
    // >>> file.close()
    drop(file);

    // >>> default_storage.delete('storage_test')
    default_storage.delete("storage_test").await?;
    // >>> default_storage.exists('storage_test')
    assert!(!default_storage.exists("storage_test").await?);

    // An object without a file has limited functionality:
    // >>> obj1 = MyModel()
    let mut obj1 = MyModel::new();
    // >>> obj1.normal
    assert_eq!(obj1.normal.to_string(), "<FieldFile: None>");
    // >>> obj1.normal.size
    let error = obj1.normal.size(default_storage).await.expect_err("there is no file");
    assert_eq!(error.to_string(), "The 'normal' attribute has no file associated with it.");

    // Saving a file enables full functionality:
    // >>> obj1.normal.save('django_test.txt', ContentFile(b'content'))
    obj1.normal.save(default_storage, "django_test.txt", b"content").await?;
    // >>> obj1.normal
    assert_eq!(obj1.normal.to_string(), "<FieldFile: tests/django_test.txt>");
    // >>> obj1.normal.size
    assert_eq!(obj1.normal.size(default_storage).await?, 7);

    // Files can be read in a little at a time, if necessary:
    // >>> '-'.join(obj1.normal.chunks(chunk_size=2))
    let mut chunks = obj1.normal.chunks(default_storage, 2).await?;
    let mut pieces = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        pieces.push(String::from_utf8(chunk.into())?);
    }
    assert_eq!(pieces.join("-"), "co-nt-en-t");

    // Save another file with the same name:
    // >>> obj2 = MyModel()
    let mut obj2 = MyModel::new();
    // >>> obj2.normal.save('django_test.txt', ContentFile(b'more content'))
    obj2.normal.save(default_storage, "django_test.txt", b"more content").await?;
    // >>> obj2.normal
    assert_eq!(obj2.normal.to_string(), "<FieldFile: tests/django_test.txt>");
    // >>> obj2.normal.size
    assert_eq!(obj2.normal.size(default_storage).await?, 12);

    // Push the objects into the cache to make sure they pickle properly:
    // >>> cache.set('obj1', obj1)
    // >>> cache.set('obj2', obj2)
    let mut cache = BTreeMap::new();
    cache.insert("obj1", serde_json::to_string(&obj1.normal)?);
    cache.insert("obj2", serde_json::to_string(&obj2.normal)?);
    // >>> cache.get('obj2').normal
    let cached: FieldFile = serde_json::from_str(&cache["obj2"])?;
    assert_eq!(cached.to_string(), "<FieldFile: tests/django_test.txt>");

    // Clean up the temporary files:
    // >>> obj1.normal.delete()
    obj1.normal.delete(default_storage).await?;
    // >>> obj2.normal.delete()
    obj2.normal.delete(default_storage).await?;
    assert_eq!(default_storage.listdir("tests").await?.names(), Vec::<&str>::new());
    Ok(())
}

/// Runs it against what the environment names.
#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "a program reads its own surroundings")]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let settings = settings(&std::env::vars().collect(), &std::env::current_dir()?)?;
    session(&default_storage(&settings).await?).await
}
