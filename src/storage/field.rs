//! Django's `FieldFile`: what a record holds of a file. It knows the name, the storage has the file, and programs keep it
//! as they keep other values.

use std::fmt;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;

use crate::python::path;
use crate::store::Store;

use super::name::validate;
use super::{Content, Storage, StorageError, StorageReader, generate_filename};

/// Django's default for the `max_length` of a `FileField`.
const MAX_LENGTH: usize = 100;

/// A reference to a file that may not be there. Two are equal when all they hold is.
///
/// ```
/// use s3collect::storage::{FieldFile, Storage, StorageOptions};
/// use s3collect::store::memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let storage = Storage::new(MemoryStore::new(), StorageOptions::default());
/// let mut normal = FieldFile::new("normal").upload_to("tests");
/// assert_eq!(normal.to_string(), "<FieldFile: None>");
/// let error = normal.size(&storage).await.expect_err("there is none");
/// assert_eq!(error.to_string(), "The 'normal' attribute has no file associated with it.");
///
/// normal.save(&storage, "django_test.txt", b"content").await?;
/// assert_eq!(normal.to_string(), "<FieldFile: tests/django_test.txt>");
/// assert_eq!(normal.size(&storage).await?, 7);
///
/// let mut chunks = normal.chunks(&storage, 2).await?;
/// let mut pieces = Vec::new();
/// while let Some(chunk) = chunks.next().await? {
///     pieces.push(chunk);
/// }
/// assert_eq!(pieces.join(&b'-'), b"co-nt-en-t");
///
/// let kept = serde_json::to_string(&normal)?;
/// assert_eq!(serde_json::from_str::<FieldFile>(&kept)?, normal);
/// normal.delete(&storage).await?;
/// assert_eq!(normal.name(), None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FieldFile {
    field: String,
    name: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    upload_to: String,
    #[serde(default = "default_length")]
    max_length: usize,
}

fn default_length() -> usize {
    MAX_LENGTH
}

impl FieldFile {
    /// A field of this name without a file; names have up to 100 characters, as in Django.
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    ///
    /// assert_eq!(FieldFile::new("photo").to_string(), "<FieldFile: None>");
    /// ```
    #[must_use]
    pub fn new(field: impl Into<String>) -> Self {
        Self { field: field.into(), name: None, upload_to: String::new(), max_length: MAX_LENGTH }
    }

    /// The same with a folder that files are saved in. It is taken as it is: whoever wants the date in it writes it there.
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut photo = FieldFile::new("photo").upload_to("photos");
    /// photo.save(&storage, "cat.jpg", "meow").await?;
    /// assert_eq!(photo.name(), Some("photos/cat.jpg"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn upload_to(mut self, folder: impl Into<String>) -> Self {
        self.upload_to = folder.into();
        self
    }

    /// The same with another greatest length of names, in characters.
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut photo = FieldFile::new("photo").max_length(12);
    /// photo.save(&storage, "a-long-name.jpg", "meow").await?;
    /// assert_eq!(photo.name(), Some("a-long-n.jpg"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn max_length(mut self, characters: usize) -> Self {
        self.max_length = characters;
        self
    }

    /// The same referring to a file that was saved before.
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// storage.save("cat.jpg", "meow").await?;
    /// assert_eq!(FieldFile::new("photo").with_name("cat.jpg").size(&storage).await?, 4);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into()).filter(|name| !name.is_empty());
        self
    }

    /// The name of the file in its storage, where there is a file.
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    ///
    /// let photo = FieldFile::new("photo");
    /// assert_eq!(photo.name(), None);
    /// assert_eq!(photo.with_name("cat.jpg").name(), Some("cat.jpg"));
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Saves content as a file of its own and refers to that from now on. The file name is made valid as Django does
    /// it (`my file.txt` is `my_file.txt`).
    ///
    /// # Errors
    /// As [`Storage::save_within`]; then it refers to what it referred to.
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut photo = FieldFile::new("photo");
    /// photo.save(&storage, "my cat.jpg", "meow").await?;
    /// assert_eq!(photo.name(), Some("my_cat.jpg"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn save<S: Store + 'static>(
        &mut self,
        storage: &Storage<S>,
        name: &str,
        content: impl Into<Content>,
    ) -> Result<(), StorageError> {
        let name = path::join(&self.upload_to, name);
        validate(&name)?;
        let name = generate_filename(&name)?;
        self.name = Some(storage.save_within(&name, content, Some(self.max_length)).await?.name);
        Ok(())
    }

    /// Deletes the file, if there is one, and refers to none.
    ///
    /// # Errors
    /// As [`Storage::delete`]; then it refers to it still.
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut photo = FieldFile::new("photo");
    /// photo.save(&storage, "cat.jpg", "meow").await?;
    /// photo.delete(&storage).await?;
    /// assert_eq!(photo.name(), None);
    /// assert!(!storage.exists("cat.jpg").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete<S: Store + 'static>(&mut self, storage: &Storage<S>) -> Result<(), StorageError> {
        if let Some(name) = &self.name {
            storage.delete(name).await?;
            self.name = None;
        }
        Ok(())
    }

    /// Bytes as stored.
    ///
    /// # Errors
    /// [`StorageError::NoFile`], and as [`Storage::size`].
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut photo = FieldFile::new("photo");
    /// photo.save(&storage, "cat.jpg", "meow").await?;
    /// assert_eq!(photo.size(&storage).await?, 4);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn size<S: Store + 'static>(&self, storage: &Storage<S>) -> Result<u64, StorageError> {
        storage.size(self.required()?).await
    }

    /// Where it can be fetched from.
    ///
    /// # Errors
    /// [`StorageError::NoFile`], and as [`Storage::url`].
    ///
    /// ```
    /// use s3collect::storage::{FieldFile, Storage};
    ///
    /// let error = FieldFile::new("photo").url(&Storage::in_memory()).expect_err("no file");
    /// assert_eq!(error.to_string(), "The 'photo' attribute has no file associated with it.");
    /// ```
    pub fn url<S: Store + 'static>(&self, storage: &Storage<S>) -> Result<String, StorageError> {
        storage.url(self.required()?)
    }

    /// Opens the file for reading.
    ///
    /// # Errors
    /// [`StorageError::NoFile`], and as [`Storage::open`].
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// use tokio::io::AsyncReadExt;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut photo = FieldFile::new("photo");
    /// photo.save(&storage, "cat.txt", "meow").await?;
    /// let mut text = String::new();
    /// photo.open(&storage).await?.read_to_string(&mut text).await?;
    /// assert_eq!(text, "meow");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open<S: Store + 'static>(
        &self,
        storage: &Storage<S>,
    ) -> Result<StorageReader<S>, StorageError> {
        storage.open(self.required()?).await
    }

    /// Reads the file a little at a time: chunks of so many bytes, the last of which may be shorter.
    ///
    /// # Errors
    /// As [`FieldFile::open`].
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut photo = FieldFile::new("photo");
    /// photo.save(&storage, "cat.txt", "meow!").await?;
    /// let mut chunks = photo.chunks(&storage, 2).await?;
    /// while let Some(chunk) = chunks.next().await? {
    ///     assert!(chunk.len() <= 2);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn chunks<S: Store + 'static>(
        &self,
        storage: &Storage<S>,
        size: usize,
    ) -> Result<Chunks<S>, StorageError> {
        Ok(Chunks { reader: self.open(storage).await?, size: size.max(1) })
    }

    fn required(&self) -> Result<&str, StorageError> {
        self.name().ok_or_else(|| StorageError::NoFile { field: self.field.clone() })
    }
}

/// As Django shows it.
impl fmt::Display for FieldFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<FieldFile: {}>", self.name().unwrap_or("None"))
    }
}

/// A file that is read a little at a time.
///
/// ```
/// use s3collect::storage::FieldFile;
/// # use s3collect::storage::Storage;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// let mut photo = FieldFile::new("photo");
/// photo.save(&storage, "cat.txt", "meow!").await?;
/// let mut chunks = photo.chunks(&storage, 2).await?;
/// let mut count = 0;
/// while chunks.next().await?.is_some() {
///     count += 1;
/// }
/// assert_eq!(count, 3);
/// # Ok(())
/// # }
/// ```
pub struct Chunks<S> {
    reader: StorageReader<S>,
    size: usize,
}

impl<S: Store + 'static> Chunks<S> {
    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// Any refusal of the store, as an error of reading.
    ///
    /// ```
    /// use s3collect::storage::FieldFile;
    /// # use s3collect::storage::Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let mut photo = FieldFile::new("photo");
    /// photo.save(&storage, "cat.txt", "meow!").await?;
    /// let mut chunks = photo.chunks(&storage, 2).await?;
    /// assert_eq!(chunks.next().await?.as_deref(), Some(&b"me"[..]));
    /// assert_eq!(chunks.next().await?.as_deref(), Some(&b"ow"[..]));
    /// assert_eq!(chunks.next().await?.as_deref(), Some(&b"!"[..]));
    /// assert_eq!(chunks.next().await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        let mut chunk = BytesMut::new();
        let mut rest = (&mut self.reader).take(self.size as u64);
        while rest.limit() > 0 && rest.read_buf(&mut chunk).await? > 0 {}
        Ok((!chunk.is_empty()).then(|| chunk.freeze()))
    }
}
