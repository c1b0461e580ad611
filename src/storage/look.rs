//! What the bucket says of a file: whether it is there, how large it is, since when; and which name is free.

use std::time::SystemTime;

use crate::name::{ObjectKey, clean_name};
use crate::store::{ObjectHead, Store};

use super::{Storage, StorageError, name};

impl<S: Store + 'static> Storage<S> {
    /// What the bucket says of a file; `None` where there is none. One HEAD.
    ///
    /// # Errors
    /// Any refusal: S3 answers 403, not 404, to those who may not list the bucket.
    ///
    /// ```
    /// use s3collect::parameters::Parameter;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// let head = storage.stat("a.txt").await?.expect("it was saved");
    /// assert_eq!(head.parameters.get(Parameter::ContentType), Some("text/plain"));
    /// assert_eq!(storage.stat("b.txt").await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stat(&self, name: &str) -> Result<Option<ObjectHead>, StorageError> {
        Ok(self.store.head(&self.key(name)?).await?)
    }

    /// Whether there is a file of this name. One HEAD.
    ///
    /// # Errors
    /// As [`Storage::stat`]: a 403 is an error, not an absence.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// assert!(!storage.exists("a.txt").await?);
    /// storage.save("a.txt", "hello").await?;
    /// assert!(storage.exists("a.txt").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn exists(&self, name: &str) -> Result<bool, StorageError> {
        Ok(self.stat(name).await?.is_some())
    }

    /// Bytes of a file as stored: compressed, where it is. One HEAD.
    ///
    /// # Errors
    /// [`StorageError::Absent`], and as [`Storage::stat`].
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.size("a.txt").await?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn size(&self, name: &str) -> Result<u64, StorageError> {
        Ok(self.present(name).await?.1.size)
    }

    /// When a file was last written, by the service's clock; `None` where the service does not tell. One HEAD.
    ///
    /// # Errors
    /// [`StorageError::Absent`], and as [`Storage::stat`].
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("a.txt", "hello").await?;
    /// let first = storage.modified_time("a.txt").await?;
    /// storage.save("a.txt", "hello again").await?;
    /// assert!(storage.modified_time("a.txt").await? >= first);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn modified_time(&self, name: &str) -> Result<Option<SystemTime>, StorageError> {
        Ok(self.present(name).await?.1.last_modified)
    }

    /// The name that [`Storage::save`] would try first: with `file_overwrite` the same, cut to `max_length` characters,
    /// otherwise one that is free now. Whether it still is when the file is saved is another question, which `save` asks.
    ///
    /// # Errors
    /// [`StorageError::TooLong`] and names that are refused; any refusal of the store.
    ///
    /// ```
    /// use s3collect::settings::FileSettings;
    /// use s3collect::storage::{Storage, StorageOptions};
    /// use s3collect::store::memory::MemoryStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let files = FileSettings { overwrite: false, ..FileSettings::default() };
    /// let storage = Storage::new(MemoryStore::new(), StorageOptions { files, ..StorageOptions::default() });
    /// assert_eq!(storage.available_name("a.txt", None).await?, "a.txt");
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.available_name("a.txt", None).await?.len(), "a_1234567.txt".len());
    /// # Ok(())
    /// # }
    /// ```
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

    /// A file that has to be there.
    pub(super) async fn present(&self, name: &str) -> Result<(ObjectKey, ObjectHead), StorageError> {
        let key = self.key(name)?;
        match self.store.head(&key).await? {
            Some(head) => Ok((key, head)),
            None => Err(self.absent(&key)),
        }
    }

    pub(super) fn absent(&self, key: &ObjectKey) -> StorageError {
        StorageError::Absent { bucket: self.options.bucket.clone(), key: key.to_string() }
    }
}
