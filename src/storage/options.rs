//! What shapes a storage besides its store.

use crate::digest::{ChecksumAlgorithm, Chunking};
use crate::name::Location;
use crate::settings::{FileSettings, ObjectSettings, Settings};

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
