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

use crate::digest::{ChecksumAlgorithm, Chunking};
use crate::name::{AssetName, Location, ObjectKey, StoredName, clean_name};
use crate::object::{Described, Description, Role, describe};
use crate::python::path;
use crate::settings::{FileSettings, ObjectSettings, Settings};
use crate::store::{ListedObject, ObjectHead, Store, StoreError, delete_all};
use crate::url::{SignedUrl, UrlRequest};
use crate::urls::UrlSource;

mod content;
mod download;
mod error;
mod field;
mod name;
mod reader;
mod save;
#[cfg(test)]
mod tests;
mod transfer;
mod upload;
mod writer;

pub use content::Content;
pub use download::Downloaded;
pub use error::StorageError;
pub use field::{Chunks, FieldFile};
pub use name::{generate_filename, get_valid_name};
pub use reader::StorageReader;
pub use save::Saved;
pub use transfer::Transfer;
pub use writer::StorageWriter;

/// What shapes a storage besides the store.
#[derive(Debug, Clone, Default)]
pub struct StorageOptions {
    /// The bucket's name, for messages.
    pub bucket: String,
    /// The prefix of all keys.
    pub location: Location,
    /// What is said about objects.
    pub objects: ObjectSettings,
    /// How files are read and written.
    pub files: FileSettings,
    /// Which additional checksum is sent with bodies.
    pub checksum: Option<ChecksumAlgorithm>,
    /// From which size on a body of known size is cut into parts, and how large these are.
    pub chunking: Chunking,
}

impl From<&Settings> for StorageOptions {
    fn from(settings: &Settings) -> Self {
        Self {
            bucket: settings.connection.bucket.clone(),
            location: settings.location.clone(),
            objects: settings.objects.clone(),
            files: settings.files.clone(),
            checksum: settings.transfer.checksum,
            chunking: settings.transfer.chunking,
        }
    }
}

/// A storage: `S3Storage` of django-storages. Clones are the same storage.
///
/// Names are cleaned as django-storages cleans them, and those that lead out of the location are refused by every
/// operation with [`StorageError::Name`].
#[derive(Debug)]
pub struct Storage<S> {
    store: Arc<S>,
    options: Arc<StorageOptions>,
    lacks_conditions: Arc<AtomicBool>,
    urls: Option<Arc<UrlSource>>,
}

impl<S> Clone for Storage<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            options: Arc::clone(&self.options),
            lacks_conditions: Arc::clone(&self.lacks_conditions),
            urls: self.urls.clone(),
        }
    }
}

/// What lies directly in a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Names of directories, in the order of the bucket.
    pub directories: Vec<String>,
    /// Files, in the order of the bucket.
    pub files: Vec<ListedFile>,
}

impl Listing {
    /// The names of the files.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }
}

/// A file as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Its name, relative to what was listed.
    pub name: String,
    /// The object's key, as the service spells it.
    pub key: String,
    /// Bytes as stored.
    pub size: u64,
    /// Without quotes; empty where the listing has none.
    pub etag: String,
    /// When it was last written, by the service's clock.
    pub last_modified: Option<SystemTime>,
}

impl<S: Store + 'static> Storage<S> {
    /// A storage over a store. [`Retrying`](crate::store::retry::Retrying) is what makes it bear a lost connection.
    #[must_use]
    pub fn new(store: S, options: StorageOptions) -> Self {
        Self {
            store: Arc::new(store),
            options: Arc::new(options),
            lacks_conditions: Arc::new(AtomicBool::new(false)),
            urls: None,
        }
    }

    /// The same with URLs that lead where the source says.
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
    #[expect(clippy::disallowed_methods, reason = "a signature begins when it is made")]
    pub fn url(&self, name: &str) -> Result<String, StorageError> {
        Ok(self.url_with(name, &UrlRequest::at(SystemTime::now().into()))?.url)
    }

    /// The same for another method or time, or with parameters: what is served as which type, under which file name.
    ///
    /// # Errors
    /// As [`Storage::url`].
    pub fn url_with(&self, name: &str, request: &UrlRequest) -> Result<SignedUrl, StorageError> {
        let source = self.urls.as_ref().ok_or(StorageError::NoUrls)?;
        Ok(source.urls()?.url(name, request)?)
    }

    /// The store below.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// What shapes it.
    #[must_use]
    pub fn options(&self) -> &StorageOptions {
        &self.options
    }

    /// The key of the object that a name means.
    ///
    /// # Errors
    /// [`StorageError::Name`] and [`StorageError::NoFileName`].
    pub fn key(&self, name: &str) -> Result<ObjectKey, StorageError> {
        name::key(&self.options.location, name)
    }

    /// What the bucket says of a file; `None` where there is none. One HEAD.
    ///
    /// # Errors
    /// Any refusal: S3 answers 403, not 404, to those who may not list the bucket.
    pub async fn stat(&self, name: &str) -> Result<Option<ObjectHead>, StorageError> {
        Ok(self.store.head(&self.key(name)?).await?)
    }

    /// Whether there is a file of this name. One HEAD.
    ///
    /// # Errors
    /// As [`Storage::stat`]: a 403 is an error, not an absence.
    pub async fn exists(&self, name: &str) -> Result<bool, StorageError> {
        Ok(self.stat(name).await?.is_some())
    }

    /// Bytes of a file as stored: compressed, where it is. One HEAD.
    ///
    /// # Errors
    /// [`StorageError::Absent`], and as [`Storage::stat`].
    pub async fn size(&self, name: &str) -> Result<u64, StorageError> {
        Ok(self.present(name).await?.1.size)
    }

    /// When a file was last written, by the service's clock; `None` where the service does not tell. One HEAD.
    ///
    /// # Errors
    /// [`StorageError::Absent`], and as [`Storage::stat`].
    pub async fn modified_time(&self, name: &str) -> Result<Option<SystemTime>, StorageError> {
        Ok(self.present(name).await?.1.last_modified)
    }

    /// What lies directly in a directory, all pages of it; nothing for a directory that is not there. The object that
    /// some tools make to mark a directory is left out.
    ///
    /// # Errors
    /// [`StorageError::Name`], and any refusal of the store.
    pub async fn listdir(&self, directory: &str) -> Result<Listing, StorageError> {
        let prefix = self.prefix(directory)?;
        let mut listing = Listing::default();
        let mut continuation = None;
        loop {
            let page = self.store.list_level(&prefix, continuation.as_deref()).await?;
            listing.directories.extend(page.prefixes.iter().map(|common| relative(common, &prefix)));
            let files = page.objects.into_iter().filter(|object| object.key != prefix);
            listing.files.extend(files.map(|object| listed(object, &prefix)));
            continuation = page.continuation;
            if continuation.is_none() {
                return Ok(listing);
            }
        }
    }

    /// All files under a directory, however deep, page by page: hands each page on before the next is asked for.
    ///
    /// # Errors
    /// As [`Storage::listdir`], and what `page` returns.
    pub async fn walk<E: From<StorageError>>(
        &self,
        directory: &str,
        mut page: impl FnMut(Vec<ListedFile>) -> Result<(), E>,
    ) -> Result<(), E> {
        let prefix = self.prefix(directory)?;
        let mut continuation = None;
        loop {
            let answer = self.store.list(&prefix, continuation.as_deref()).await;
            let answer = answer.map_err(StorageError::from)?;
            let files = answer.objects.into_iter().filter(|object| object.key != prefix);
            page(files.map(|object| listed(object, &prefix)).collect())?;
            continuation = answer.continuation;
            if continuation.is_none() {
                return Ok(());
            }
        }
    }

    /// Deletes a file; one that is not there is no error.
    ///
    /// # Errors
    /// As [`Storage::stat`].
    pub async fn delete(&self, name: &str) -> Result<(), StorageError> {
        match self.store.delete(&[self.key(name)?]).await?.pop() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// Deletes files, up to a thousand a request. What comes back are the errors; all that none is about are gone.
    ///
    /// # Errors
    /// A name that is refused, before anything is deleted; the first refusal that is not about single files.
    pub async fn delete_all<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<StoreError>, StorageError> {
        let keys = names.iter().map(|name| self.key(name.as_ref())).collect::<Result<Vec<_>, _>>()?;
        Ok(delete_all(&*self.store, &keys).await?)
    }

    /// Deletes what a listing shows, by its keys.
    ///
    /// # Errors
    /// As [`Storage::delete_all`].
    pub async fn delete_listed(&self, files: &[ListedFile]) -> Result<Vec<StoreError>, StorageError> {
        let keys = files.iter().map(|file| ObjectKey::new(file.key.as_str()));
        Ok(delete_all(&*self.store, &keys.collect::<Result<Vec<_>, _>>()?).await?)
    }

    /// The name that [`Storage::save`] would try first: with `file_overwrite` the same, cut to `max_length` characters,
    /// otherwise one that is free now. Whether it still is when the file is saved is another question, which `save` asks.
    ///
    /// # Errors
    /// [`StorageError::TooLong`] and names that are refused; any refusal of the store.
    pub async fn available_name(
        &self,
        name: &str,
        max_length: Option<usize>,
    ) -> Result<String, StorageError> {
        let name = clean_name(name);
        if self.options.files.overwrite {
            return name::truncated(&name, max_length);
        }
        let mut candidates = name::Candidates::new(&name.replace('\\', "/"), max_length)?;
        while candidates.is_too_long() || self.exists(candidates.name()).await? {
            candidates.turn()?;
        }
        Ok(candidates.name().to_owned())
    }

    /// Whether the store can tell a new object from one that replaces another, as far as is known: false once it has
    /// refused a conditional write. Then two writers of one name may meet in spite of `file_overwrite = false`.
    #[must_use]
    pub fn has_conditional_writes(&self) -> bool {
        !self.lacks_conditions.load(Ordering::Relaxed)
    }

    /// A file that has to be there.
    async fn present(&self, name: &str) -> Result<(ObjectKey, ObjectHead), StorageError> {
        let key = self.key(name)?;
        match self.store.head(&key).await? {
            Some(head) => Ok((key, head)),
            None => Err(self.absent(&key)),
        }
    }

    fn absent(&self, key: &ObjectKey) -> StorageError {
        StorageError::Absent { bucket: self.options.bucket.clone(), key: key.to_string() }
    }

    /// What the keys of all files in a directory begin with, a slash at its end; empty for the whole bucket.
    ///
    /// # Errors
    /// [`StorageError::Name`].
    pub fn prefix(&self, directory: &str) -> Result<String, StorageError> {
        let mut prefix = self.options.location.storage_key(directory)?;
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        Ok(prefix)
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

fn listed(object: ListedObject, prefix: &str) -> ListedFile {
    ListedFile {
        name: relative(&object.key, prefix),
        key: object.key,
        size: object.size,
        etag: object.etag,
        last_modified: object.last_modified,
    }
}

/// A key or a common prefix as `posixpath.relpath` tells it.
fn relative(key: &str, prefix: &str) -> String {
    let rest = key.strip_prefix(prefix).unwrap_or(key).trim_start_matches('/');
    path::normpath(rest)
}
