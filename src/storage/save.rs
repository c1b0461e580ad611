//! Saving content under a name: the headers, the compression and the keys that django-storages' `_save` gives, in one
//! request or in parts, never over a file that is to be kept.

use std::io::{self, Write as _};
use std::sync::atomic::Ordering;

use flate2::write::GzEncoder;
use flate2::{Compression as Level, GzBuilder};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::encode::UNIX;
use crate::name::{ObjectKey, clean_name};
use crate::object::{Compression, Description};
use crate::parameters::Parameter;
use crate::store::{Condition, Store, StoreErrorKind};

use super::name::{Candidates, truncated, validate};
use super::upload::{Destination, Stored, Upload};
use super::{Content, Storage, StorageError};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A file that was saved.
///
/// ```
/// # use s3collect::storage::Storage;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// let saved = storage.save("./a.txt", "hello").await?;
/// assert_eq!((saved.name.as_str(), saved.size), ("a.txt", 5));
/// assert_eq!(saved.etag, "5d41402abc4b2a76b9719d911017c592");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The name that it has, which may be another than was asked for.
    pub name: String,
    /// The object's key.
    pub key: ObjectKey,
    /// Without quotes.
    pub etag: String,
    /// Bytes as stored.
    pub size: u64,
}

impl<S: Store + 'static> Storage<S> {
    /// Saves content under a name, and says under which: with `file_overwrite = false` a name that is taken gets `_` and
    /// seven random characters before its extensions, and no file is replaced, however many save at once, where the
    /// store has conditional writes.
    ///
    /// # Errors
    /// Names that are refused, content that cannot be read, any refusal of the store. The object is there whole or not at
    /// all.
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
    /// let first = storage.save("cat.jpg", "meow").await?;
    /// let second = storage.save("cat.jpg", "purr").await?;
    /// assert_eq!(first.name, "cat.jpg");
    /// assert!(second.name.starts_with("cat_") && second.name.ends_with(".jpg"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn save(&self, name: &str, content: impl Into<Content>) -> Result<Saved, StorageError> {
        self.save_within(name, content, None).await
    }

    /// The same under a name of at most so many characters, location not counted.
    ///
    /// # Errors
    /// As [`Storage::save`], and [`StorageError::TooLong`].
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// let saved = storage.save_within("photos/a-long-name.jpg", "meow", Some(16)).await?;
    /// assert_eq!(saved.name, "photos/a-lon.jpg");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn save_within(
        &self,
        name: &str,
        content: impl Into<Content>,
        max_length: Option<usize>,
    ) -> Result<Saved, StorageError> {
        let mut content = content.into();
        validate(name)?;
        let clean = clean_name(name);
        if self.options.files.overwrite {
            let name = truncated(&clean, max_length)?;
            validate(&name)?;
            return self.put(&clean_name(&name), &mut content, None).await;
        }
        content.keep().await.map_err(|error| unreadable(name, &content, error))?;
        let mut candidates = Candidates::new(&clean.replace('\\', "/"), max_length)?;
        loop {
            while candidates.is_too_long() || self.exists(candidates.name()).await? {
                candidates.turn()?;
            }
            validate(candidates.name())?;
            let name = clean_name(candidates.name());
            match self.put_new(&name, &mut content).await {
                Err(StorageError::Store(error)) if error.kind == StoreErrorKind::PreconditionFailed => {
                    candidates.turn()?;
                }
                outcome => return outcome,
            }
        }
    }

    /// Puts a file that is not there yet, as far as the store can tell.
    async fn put_new(&self, name: &str, content: &mut Content) -> Result<Saved, StorageError> {
        if self.has_conditional_writes() {
            match self.put(name, content, Some(Condition::Absent)).await {
                Err(StorageError::Store(error)) if is_unknown(&error.kind) => {
                    self.lacks_conditions.store(true, Ordering::Relaxed);
                }
                outcome => return outcome,
            }
        }
        self.put(name, content, None).await
    }

    async fn put(
        &self,
        name: &str,
        content: &mut Content,
        condition: Option<Condition>,
    ) -> Result<Saved, StorageError> {
        let key = self.key(name)?;
        let description = self.describe(&key, content.content_type())?;
        let level = self.level(name, &description, content).await?;
        let mut parameters = description.parameters;
        if level.is_some() {
            parameters.set(Parameter::ContentEncoding, "gzip");
        }
        let size = match content.path() {
            Some(path) => tokio::fs::metadata(path).await.map_or(0, |metadata| metadata.len()),
            None => 0,
        };
        let layout = self.options.chunking.layout(size);
        // What is stored whole is one part that is never filled.
        let part_size =
            if layout.is_multipart() { layout.part_size() } else { layout.part_size().max(size + 1) };
        let part_size = usize::try_from(part_size).unwrap_or(usize::MAX);
        let checksum = self.options.checksum;
        let to = Destination { key: key.clone(), parameters, checksum, condition, part_size };
        let Stored { etag, size } = self.send(name, content, level, to).await?;
        Ok(Saved { name: name.to_owned(), key, etag, size })
    }

    /// How hard the content is compressed, if at all.
    async fn level(
        &self,
        name: &str,
        description: &Description,
        content: &mut Content,
    ) -> Result<Option<u32>, StorageError> {
        let Compression::Gzip { level, if_smaller, .. } = description.compression else { return Ok(None) };
        if if_smaller {
            content.keep().await.map_err(|error| unreadable(name, content, error))?;
            let sizes = {
                let reader = content.open().await;
                match reader {
                    Ok(reader) => sizes(reader, level).await,
                    Err(error) => Err(error),
                }
            };
            let (plain, compressed) = sizes.map_err(|error| unreadable(name, content, error))?;
            return Ok((compressed < plain).then_some(level));
        }
        Ok(Some(level))
    }

    async fn send(
        &self,
        name: &str,
        content: &mut Content,
        level: Option<u32>,
        to: Destination,
    ) -> Result<Stored, StorageError> {
        let mut upload = Upload::new(self, to);
        let outcome = self.fill(&mut upload, content, level).await;
        match outcome {
            Ok(()) => Ok(upload.finish().await?),
            Err(error) => {
                upload.give_up().await;
                Err(match error {
                    Fault::Content(error) => unreadable(name, content, error),
                    Fault::Store(error) => error.into(),
                })
            }
        }
    }

    async fn fill(
        &self,
        upload: &mut Upload<S>,
        content: &mut Content,
        level: Option<u32>,
    ) -> Result<(), Fault> {
        let mut reader = content.open().await?;
        let mut piece = vec![0; PIECE];
        let mut encoder = level.map(encoder);
        loop {
            let count = reader.read(&mut piece).await?;
            match (&mut encoder, count) {
                (Some(encoder), 0) => {
                    encoder.try_finish()?;
                    upload.write(encoder.get_ref()).await?;
                    return Ok(());
                }
                (None, 0) => return Ok(()),
                (Some(encoder), count) => {
                    encoder.write_all(&piece[..count])?;
                    upload.write(encoder.get_ref()).await?;
                    encoder.get_mut().clear();
                }
                (None, count) => upload.write(&piece[..count]).await?,
            }
        }
    }
}

/// Whose fault it is.
#[derive(Debug)]
enum Fault {
    Content(io::Error),
    Store(crate::store::StoreError),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Content(error)
    }
}

impl From<crate::store::StoreError> for Fault {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Store(error)
    }
}

/// The same bytes as `encode` makes, whatever the pieces.
fn encoder(level: u32) -> GzEncoder<Vec<u8>> {
    GzBuilder::new().mtime(0).operating_system(UNIX).write(Vec::new(), Level::new(level))
}

/// Bytes before and after compression.
async fn sizes(mut reader: impl AsyncRead + Unpin, level: u32) -> io::Result<(u64, u64)> {
    let (mut encoder, mut piece) = (encoder(level), vec![0; PIECE]);
    let (mut plain, mut compressed) = (0, 0);
    loop {
        let count = reader.read(&mut piece).await?;
        if count == 0 {
            encoder.try_finish()?;
            return Ok((plain, compressed + encoder.get_ref().len() as u64));
        }
        encoder.write_all(&piece[..count])?;
        plain += count as u64;
        compressed += encoder.get_ref().len() as u64;
        encoder.get_mut().clear();
    }
}

fn unreadable(name: &str, content: &Content, source: io::Error) -> StorageError {
    let interrupted = source.get_ref().and_then(|inner| inner.downcast_ref());
    if matches!(interrupted, Some(StorageError::Interrupted)) {
        return StorageError::Interrupted;
    }
    match content.path() {
        Some(path) => StorageError::Local { verb: "read", path: path.to_owned(), source },
        None => StorageError::Content { name: name.to_owned(), source },
    }
}

/// Whether the store refuses the condition itself.
fn is_unknown(kind: &StoreErrorKind) -> bool {
    matches!(kind, StoreErrorKind::Refused { status, code } if *status == 501 || code == "NotImplemented")
}
