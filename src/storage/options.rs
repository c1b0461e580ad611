//! What shapes a storage besides its store.

use crate::digest::{ChecksumAlgorithm, Chunking};
use crate::name::Location;
use crate::settings::{FileSettings, ObjectSettings, Settings};

/// What shapes a storage besides the store.
///
/// ```
/// use s3collect::name::Location;
/// use s3collect::settings::FileSettings;
/// use s3collect::storage::{Storage, StorageOptions};
/// use s3collect::store::memory::MemoryStore;
///
/// let options = StorageOptions {
///     location: Location::new("media")?,
///     files: FileSettings { overwrite: false, ..FileSettings::default() },
///     ..StorageOptions::default()
/// };
/// let storage = Storage::new(MemoryStore::new(), options);
/// assert_eq!(storage.key("cat.jpg")?.as_str(), "media/cat.jpg");
/// # Ok::<(), s3collect::storage::StorageError>(())
/// ```
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
