//! What is in a directory: level by level as Django's `listdir`, or all of it.

use std::time::SystemTime;

use crate::python::path;
use crate::store::{ListedObject, Store};

use super::{Storage, StorageError};

/// What lies directly in a directory.
///
/// ```
/// # use s3collect::storage::Storage;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// storage.save("photos/cat.jpg", "meow").await?;
/// storage.save("a.txt", "hello").await?;
/// let listing = storage.listdir("").await?;
/// assert_eq!((listing.directories.len(), listing.files.len()), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Names of directories, in the order of the bucket.
    pub directories: Vec<String>,
    /// Files, in the order of the bucket.
    pub files: Vec<ListedFile>,
}

impl Listing {
    /// The names of the files.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.listdir("").await?.names(), ["a.txt"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }
}

/// A file as a listing shows it.
///
/// ```
/// # use s3collect::storage::Storage;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// storage.save("photos/cat.jpg", "meow").await?;
/// let cat = storage.listdir("photos").await?.files.remove(0);
/// assert_eq!((cat.name.as_str(), cat.key.as_str(), cat.size), ("cat.jpg", "photos/cat.jpg", 4));
/// # Ok(())
/// # }
/// ```
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
    /// What lies directly in a directory, all pages of it; nothing for a directory that is not there. The object that
    /// some tools make to mark a directory is left out, records of releases are not.
    ///
    /// # Errors
    /// [`StorageError::Name`], and any refusal of the store.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("photos/cat.jpg", "meow").await?;
    /// storage.save("photos/old/dog.jpg", "wow").await?;
    /// let listing = storage.listdir("photos").await?;
    /// assert_eq!((listing.directories.as_slice(), listing.names()), (&["old".to_owned()][..], vec!["cat.jpg"]));
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// use s3collect::storage::StorageError;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("photos/cat.jpg", "meow").await?;
    /// storage.save("photos/old/dog.jpg", "wow").await?;
    /// let mut bytes = 0;
    /// let walked = storage.walk("photos", |files| {
    ///     bytes += files.iter().map(|file| file.size).sum::<u64>();
    ///     Ok::<(), StorageError>(())
    /// });
    /// walked.await?;
    /// assert_eq!(bytes, 7);
    /// # Ok(())
    /// # }
    /// ```
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

    /// What the keys of all files in a directory begin with, a slash at its end; empty for the whole bucket.
    ///
    /// # Errors
    /// [`StorageError::Name`].
    ///
    /// ```
    /// let storage = s3collect::storage::Storage::in_memory();
    /// assert_eq!(storage.prefix("photos")?, "photos/");
    /// assert_eq!(storage.prefix("")?, "");
    /// # Ok::<(), s3collect::storage::StorageError>(())
    /// ```
    pub fn prefix(&self, directory: &str) -> Result<String, StorageError> {
        let mut prefix = self.options.location.storage_key(directory)?;
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        Ok(prefix)
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
