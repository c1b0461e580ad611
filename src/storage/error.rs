//! What the storage operations refuse.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnose, Exit};
use crate::name::NameError;
use crate::store::StoreError;
use crate::url::UrlError;

/// Why an operation was not done.
///
/// ```
/// use s3collect::error::{Diagnose, Exit};
/// use s3collect::storage::StorageError;
/// # use s3collect::storage::Storage;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let storage = Storage::in_memory();
/// match storage.size("a.txt").await {
///     Err(StorageError::Absent { key, .. }) => assert_eq!(key, "a.txt"),
///     outcome => panic!("{outcome:?}"),
/// }
/// let error = storage.save("../a.txt", "x").await.expect_err("it is outside");
/// assert_eq!(error.exit(), Exit::Usage);
/// assert_eq!(error.hint().as_deref(), Some("save under a relative name without `..`"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A name to save under is absolute or has `..` in it: Django's `SuspiciousFileOperation`.
    #[error("`{path}` is no name to save under: it is absolute, or has `..` in it")]
    Traversal {
        /// The name, or its folder.
        path: String,
    },
    /// The name of no file: Django's `SuspiciousFileOperation`, or boto3's refusal of an empty key.
    #[error("`{name}` names no file")]
    NoFileName {
        /// The name as given.
        name: String,
    },
    /// A name cannot be cut to its greatest length: Django's `SuspiciousFileOperation`.
    #[error("`{name}` cannot be cut to {max_length} characters")]
    TooLong {
        /// The name.
        name: String,
        /// Characters.
        max_length: usize,
    },
    /// The name leads out of the location, which is Django's `SuspiciousOperation`, or its key is none that S3 takes.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no URL of it.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Nobody told the storage where its URLs lead.
    #[error("this storage knows no URLs")]
    NoUrls,
    /// There is no such object: Python's `FileNotFoundError`.
    #[error("there is no `s3://{bucket}/{key}`")]
    Absent {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// The object says that it is gzip, and is not, or ends early.
    #[error("`{key}` cannot be decompressed")]
    Damaged {
        /// The key.
        key: String,
        /// Why not.
        source: io::Error,
    },
    /// What was downloaded is not what the service keeps a checksum of.
    #[error("what was downloaded of `{key}` has another {checksum} than the object")]
    Mismatch {
        /// The key.
        key: String,
        /// Which checksum: `MD5`, `SHA256`, …
        checksum: String,
    },
    /// A field without a file: Django's `ValueError`, word for word.
    #[error("The '{field}' attribute has no file associated with it.")]
    NoFile {
        /// The field's name.
        field: String,
    },
    /// A file of this machine could not be read or written.
    #[error("cannot {verb} `{}`", path.display())]
    Local {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What is to be saved could not be read to its end, or not be kept in a temporary file.
    #[error("the content for `{name}` could not be read")]
    Content {
        /// The name.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// It was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StorageError {
    /// As an error of the traits that read and write.
    pub(super) fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Absent { .. } => io::ErrorKind::NotFound,
            Self::Damaged { .. } => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }
}

impl Diagnose for StorageError {
    fn name(&self) -> Option<String> {
        match self {
            Self::Name(NameError::OutsideLocation { name, .. })
            | Self::NoFileName { name }
            | Self::TooLong { name, .. }
            | Self::Content { name, .. } => Some(name.clone()),
            Self::Traversal { path } => Some(path.clone()),
            _ => None,
        }
    }

    fn key(&self) -> Option<String> {
        match self {
            Self::Absent { key, .. } | Self::Damaged { key, .. } | Self::Mismatch { key, .. } => {
                Some(key.clone())
            }
            Self::Store(error) => error.key(),
            _ => None,
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.note(),
            Self::Name(error) => error.note(),
            Self::Url(error) => error.note(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Traversal { .. } => "save under a relative name without `..`".to_owned(),
            Self::TooLong { .. } => "allow longer names, or choose a shorter folder".to_owned(),
            Self::Absent { .. } => "`s3collect ls` lists what is there".to_owned(),
            Self::Mismatch { .. } => "download it again".to_owned(),
            Self::Damaged { .. } => "set `gzip = false` to read it as it is stored".to_owned(),
            Self::Store(error) => return error.hint(),
            Self::Name(NameError::KeyTooLong { .. }) => "choose a shorter name".to_owned(),
            Self::Name(error) => return error.hint(),
            Self::Url(error) => return error.hint(),
            Self::NoUrls => "make it with `Storage::with_urls`".to_owned(),
            _ => return None,
        })
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            Self::Interrupted => Exit::Interrupted,
            Self::Name(NameError::OutsideLocation { .. })
            | Self::Traversal { .. }
            | Self::NoFileName { .. }
            | Self::TooLong { .. } => Exit::Usage,
            Self::Url(error) => error.exit(),
            _ => Exit::Failed,
        }
    }
}
