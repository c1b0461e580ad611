//! Django's file storage API over any [`Store`]: open, save, list, delete, under the names and with the headers that
//! django-storages' `S3Storage` gives them. [`FieldFile`] refers to a saved file. May not touch the terminal, settings layers
//! or any network but the store's.
//!
//! ```
//! use s3collect::storage::{Storage, StorageOptions};
//! use s3collect::store::memory::MemoryStore;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let storage = Storage::new(MemoryStore::new(), StorageOptions::default());
//! assert!(!storage.exists("storage_test").await?);
//!
//! let mut file = storage.create("storage_test")?;
//! file.write_all(b"storage contents").await?;
//! file.close().await?;
//!
//! let mut text = String::new();
//! storage.open("storage_test").await?.read_to_string(&mut text).await?;
//! assert_eq!(text, "storage contents");
//! assert_eq!(storage.size("storage_test").await?, 16);
//!
//! storage.save("reports/2026.txt", "a report").await?;
//! let listing = storage.listdir("").await?;
//! assert_eq!(listing.directories, ["reports"]);
//! assert_eq!(listing.names(), ["storage_test"]);
//!
//! storage.delete("storage_test").await?;
//! assert!(!storage.exists("storage_test").await?);
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use crate::name::{AssetName, ObjectKey, StoredName};
use crate::object::{Described, Description, Role, describe};
use crate::session::Endpoint;
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::url::{SignedUrl, UrlRequest};
use crate::urls::UrlSource;

use journal::Journal;

mod connect;
mod content;
mod download;
mod error;
mod field;
mod journal;
mod list;
mod look;
mod name;
mod options;
mod reader;
mod remove;
mod save;
#[cfg(test)]
mod tests;
mod transfer;
mod upload;
mod writer;

pub use connect::S3Storage;
pub use content::Content;
pub use download::Downloaded;
pub use error::StorageError;
pub use field::{Chunks, FieldFile};
pub use list::{ListedFile, Listing};
pub use name::{generate_filename, get_valid_name};
pub use options::StorageOptions;
pub use reader::StorageReader;
pub use save::Saved;
pub use transfer::Transfer;
pub use writer::StorageWriter;

/// A storage: `S3Storage` of django-storages. Clones are the same storage.
///
/// Names are cleaned as django-storages cleans them, and those that lead out of the location are refused by every
/// operation with [`StorageError::Name`].
///
/// ```
/// # use s3collect::storage::Storage;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// storage.save("./photos//cat.jpg", "meow").await?;
/// assert!(storage.exists("photos/cat.jpg").await?);
/// let error = storage.save("../secret", "x").await.expect_err("it is outside");
/// assert_eq!(error.to_string(), "`../secret` is no name to save under: it is absolute, or has `..` in it");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Storage<S> {
    store: Arc<S>,
    options: Arc<StorageOptions>,
    lacks_conditions: Arc<AtomicBool>,
    urls: Option<Arc<UrlSource>>,
    journal: Option<Arc<Journal>>,
    /// Lives as long as the storage.
    endpoint: Option<Arc<Endpoint>>,
}

impl<S> Clone for Storage<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            options: Arc::clone(&self.options),
            lacks_conditions: Arc::clone(&self.lacks_conditions),
            urls: self.urls.clone(),
            journal: self.journal.clone(),
            endpoint: self.endpoint.clone(),
        }
    }
}

impl Storage<MemoryStore> {
    /// A storage in memory, as Django's `InMemoryStorage`: for tests of programs.
    ///
    /// ```
    /// use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.store().objects()["a.txt"].body, "hello");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(MemoryStore::new(), StorageOptions::default())
    }
}

impl<S: Store + 'static> Storage<S> {
    /// A storage over a store. [`Retrying`](crate::store::retry::Retrying) is what makes it bear a lost connection.
    ///
    /// ```
    /// use s3collect::storage::{Storage, StorageOptions};
    /// use s3collect::store::memory::MemoryStore;
    /// use s3collect::store::retry::Retrying;
    ///
    /// let store = Retrying::new(MemoryStore::new(), |_| {});
    /// let storage = Storage::new(store, StorageOptions::default());
    /// assert_eq!(storage.key("a.txt")?.as_str(), "a.txt");
    /// # Ok::<(), s3collect::storage::StorageError>(())
    /// ```
    #[must_use]
    pub fn new(store: S, options: StorageOptions) -> Self {
        Self {
            store: Arc::new(store),
            options: Arc::new(options),
            lacks_conditions: Arc::new(AtomicBool::new(false)),
            urls: None,
            journal: None,
            endpoint: None,
        }
    }

    /// The same with URLs that lead where the source says.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use std::path::Path;
    /// use s3collect::settings::{Given, Needs, load};
    /// use s3collect::storage::Storage;
    /// use s3collect::urls::UrlSource;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let environment = BTreeMap::new();
    /// let sets = ["bucket_name=acme", "location=media", "custom_domain=media.example.com"].map(str::to_owned);
    /// let given = Given { sets: &sets, ..Given::new(&environment, Path::new("/srv/site")) };
    /// let settings = load(given, Needs { bucket: true, sources: false }).expect("fine settings").settings;
    /// let storage = Storage::in_memory().with_urls(UrlSource::open(&settings).await?);
    /// assert_eq!(storage.url("cat 1.jpg")?, "https://media.example.com/media/cat%201.jpg");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_urls(mut self, source: UrlSource) -> Self {
        self.urls = Some(Arc::new(source));
        self
    }

    /// The URL of a file, whether there is one or not: at the custom domain or in the bucket, signed from now on for as
    /// long as the settings say. Sends nothing.
    ///
    /// # Errors
    /// [`StorageError::NoUrls`] without [`Storage::with_urls`], [`StorageError::Url`].
    ///
    /// ```
    /// use s3collect::storage::{Storage, StorageError};
    ///
    /// # fn show(storage: &Storage<s3collect::store::memory::MemoryStore>) -> Result<(), StorageError> {
    /// println!("{}", storage.url("photos/cat.jpg")?);
    /// # Ok(())
    /// # }
    /// // Without `with_urls` it knows none.
    /// assert!(matches!(Storage::in_memory().url("photos/cat.jpg"), Err(StorageError::NoUrls)));
    /// ```
    #[expect(clippy::disallowed_methods, reason = "a signature begins when it is made")]
    pub fn url(&self, name: &str) -> Result<String, StorageError> {
        Ok(self.url_with(name, &UrlRequest::at(SystemTime::now().into()))?.url)
    }

    /// The same for another method or time, or with parameters: what is served as which type, under which file name.
    ///
    /// # Errors
    /// As [`Storage::url`].
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use std::path::Path;
    /// use s3collect::settings::{Given, Needs, load};
    /// use s3collect::storage::Storage;
    /// use s3collect::url::{Instant, UrlRequest};
    /// use s3collect::urls::UrlSource;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let environment = BTreeMap::from([
    /// #     ("AWS_S3_ACCESS_KEY_ID".to_owned(), "AKIDEXAMPLE".to_owned()),
    /// #     ("AWS_S3_SECRET_ACCESS_KEY".to_owned(), "secret".to_owned()),
    /// # ]);
    /// # let sets = ["bucket_name=acme", "region_name=eu-west-1", "backend=S3Storage"].map(str::to_owned);
    /// # let given = Given { sets: &sets, ..Given::new(&environment, Path::new("/srv/site")) };
    /// # let settings = load(given, Needs { bucket: true, sources: false }).expect("fine settings").settings;
    /// let storage = Storage::in_memory().with_urls(UrlSource::open(&settings).await?);
    /// let request = UrlRequest {
    ///     parameters: vec![("ResponseContentDisposition".to_owned(), "attachment".to_owned())],
    ///     expire: Some(60),
    ///     ..UrlRequest::at(Instant::parse("2026-03-04T05:06:07Z").expect("a date"))
    /// };
    /// let signed = storage.url_with("cat.jpg", &request)?;
    /// assert!(signed.url.contains("response-content-disposition=attachment"));
    /// assert_eq!(signed.expires_at, Instant::parse("2026-03-04T05:07:07Z"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn url_with(&self, name: &str, request: &UrlRequest) -> Result<SignedUrl, StorageError> {
        let source = self.urls.as_ref().ok_or(StorageError::NoUrls)?;
        Ok(source.urls()?.url(name, request)?)
    }

    /// The store below.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.store().objects().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// What shapes it.
    ///
    /// ```
    /// let storage = s3collect::storage::Storage::in_memory();
    /// assert!(storage.options().files.overwrite);
    /// ```
    #[must_use]
    pub fn options(&self) -> &StorageOptions {
        &self.options
    }

    /// The key of the object that a name means.
    ///
    /// # Errors
    /// [`StorageError::Name`] and [`StorageError::NoFileName`].
    ///
    /// ```
    /// let storage = s3collect::storage::Storage::in_memory();
    /// assert_eq!(storage.key("photos/./cat.jpg")?.as_str(), "photos/cat.jpg");
    /// # Ok::<(), s3collect::storage::StorageError>(())
    /// ```
    pub fn key(&self, name: &str) -> Result<ObjectKey, StorageError> {
        name::key(&self.options.location, name)
    }

    /// Whether the store can tell a new object from one that replaces another, as far as is known: false once it has
    /// refused a conditional write. Then two writers of one name may meet in spite of `file_overwrite = false`.
    ///
    /// ```
    /// let storage = s3collect::storage::Storage::in_memory();
    /// assert!(storage.has_conditional_writes());
    /// ```
    #[must_use]
    pub fn has_conditional_writes(&self) -> bool {
        !self.lacks_conditions.load(Ordering::Relaxed)
    }

    /// The headers of an object, and whether it is compressed.
    fn describe(&self, key: &ObjectKey, content_type: Option<&str>) -> Result<Description, StorageError> {
        let below = key.as_str().strip_prefix(&self.options.location.prefix()).unwrap_or(key.as_str());
        let name = AssetName::new(below.trim_end_matches('/'))?;
        let stored_name = StoredName::plain(&name)?;
        let object =
            Described { name: &name, stored_name: &stored_name, key, role: Role::Plain, content_type };
        Ok(describe(&self.options.objects, object))
    }
}
