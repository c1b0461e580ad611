//! What a body is made of.

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::EncodeError;
use crate::collect::CollectedFile;
use crate::digest::hex;
use crate::name::AssetName;
use crate::read::SourceFile;

/// A body before it is encoded.
#[derive(Debug, Clone)]
pub enum Material {
    /// A file as it is.
    File(CollectedFile),
    /// A file in which references were replaced.
    Rewritten {
        /// The file.
        file: CollectedFile,
        /// What is stored of it.
        bytes: Bytes,
    },
    /// What was in no static dir: the manifest.
    Made {
        /// What it is called.
        name: AssetName,
        /// What is stored.
        bytes: Bytes,
    },
}

impl Material {
    /// The name of the asset, without a hash.
    #[must_use]
    pub fn name(&self) -> &AssetName {
        match self {
            Self::File(file) | Self::Rewritten { file, .. } => &file.name,
            Self::Made { name, .. } => name,
        }
    }

    /// The file, where there is one.
    #[must_use]
    pub fn file(&self) -> Option<&CollectedFile> {
        match self {
            Self::File(file) | Self::Rewritten { file, .. } => Some(file),
            Self::Made { .. } => None,
        }
    }

    /// The MD5 of the body before compression, in lower-case hex.
    ///
    /// # Errors
    /// Any [`EncodeError`] of reading a file.
    pub fn md5(&self) -> Result<String, EncodeError> {
        let mut digest = Md5::new();
        match self {
            Self::File(file) => SourceFile::from(file).read(|stretch| {
                digest.update(stretch);
                Ok::<(), EncodeError>(())
            })?,
            Self::Rewritten { bytes, .. } | Self::Made { bytes, .. } => digest.update(bytes),
        }
        Ok(hex(&digest.finalize()))
    }

    /// Looks once more whether the file still is what was collected.
    ///
    /// # Errors
    /// [`ReadError::Changed`](crate::read::ReadError::Changed), or that the file is gone.
    pub fn unchanged(&self) -> Result<(), EncodeError> {
        if let Self::File(file) = self {
            SourceFile::from(file).open()?;
        }
        Ok(())
    }

    /// Bytes before compression.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::File(file) => file.stamp.size,
            Self::Rewritten { bytes, .. } | Self::Made { bytes, .. } => bytes.len() as u64,
        }
    }
}
