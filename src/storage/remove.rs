//! Files that go, one by one or many a request.

use crate::name::ObjectKey;
use crate::store::{Store, StoreError, delete_all};

use super::{ListedFile, Storage, StorageError};

impl<S: Store + 'static> Storage<S> {
    /// Deletes a file; one that is not there is no error.
    ///
    /// # Errors
    /// As [`Storage::stat`].
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// storage.delete("a.txt").await?;
    /// storage.delete("a.txt").await?;
    /// assert!(!storage.exists("a.txt").await?);
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// let failed = storage.delete_all(&["a.txt", "never.txt"]).await?;
    /// assert!(failed.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_all<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<StoreError>, StorageError> {
        let keys = names.iter().map(|name| self.key(name.as_ref())).collect::<Result<Vec<_>, _>>()?;
        Ok(delete_all(&*self.store, &keys).await?)
    }

    /// Deletes what a listing shows, by its keys.
    ///
    /// # Errors
    /// As [`Storage::delete_all`].
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("photos/cat.jpg", "meow").await?;
    /// let photos = storage.listdir("photos").await?.files;
    /// assert!(storage.delete_listed(&photos).await?.is_empty());
    /// assert!(!storage.exists("photos/cat.jpg").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_listed(&self, files: &[ListedFile]) -> Result<Vec<StoreError>, StorageError> {
        let keys = files.iter().map(|file| ObjectKey::new(file.key.as_str()));
        Ok(delete_all(&*self.store, &keys.collect::<Result<Vec<_>, _>>()?).await?)
    }
}
