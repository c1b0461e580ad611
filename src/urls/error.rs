//! Why a name cannot be looked up, or nobody signs.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnose, Exit};
use crate::manifest::ManifestError;
use crate::name::ObjectKey;

/// Why there are no URLs, besides what is wrong with names themselves.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum LookUpError {
    /// CloudFront's key.
    #[error("the `cloudfront_key_file` `{}` cannot be read", path.display())]
    KeyFile { path: PathBuf, source: io::Error },
    /// URLs of the endpoint inside a process that is about to end.
    #[error("the embedded endpoint of `local` has no address while nobody serves it")]
    NoAddress,
    /// There is no manifest on this machine, and nowhere else to look.
    #[error("no bucket is named, and the manifest is in one")]
    NoBucket,
    /// `manifest_location`.
    #[error("the manifest `{}` cannot be read", path.display())]
    LocalUnreadable { path: PathBuf, source: io::Error },
    /// What is there is something else.
    #[error("the manifest `{}` cannot be understood", path.display())]
    LocalDamaged { path: PathBuf, source: ManifestError },
    /// Django opens the file then, and fails.
    #[error("`{name}` has no entry in the manifest, and the bucket has no `{key}` to take a hash of")]
    Nowhere { name: String, key: ObjectKey },
    /// An object whose content would give its name.
    #[error("`{key}` cannot be decompressed")]
    Undecodable { key: ObjectKey, source: io::Error },
}

impl Diagnose for LookUpError {
    fn name(&self) -> Option<String> {
        match self {
            Self::Nowhere { name, .. } => Some(name.clone()),
            _ => None,
        }
    }

    fn key(&self) -> Option<String> {
        match self {
            Self::Nowhere { key, .. } | Self::Undecodable { key, .. } => Some(key.to_string()),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::KeyFile { .. } => "correct its path, or who may read it",
            Self::NoAddress => {
                "run `s3collect serve --local DIR --port 9000`, and give `--endpoint-url http://127.0.0.1:9000`"
            }
            Self::NoBucket => "give `--bucket NAME`, or `manifest_location` of a manifest on this machine",
            Self::LocalUnreadable { .. } => {
                "`s3collect push --manifest` writes it, once everything that it names is in the bucket"
            }
            Self::LocalDamaged { source, .. } => return source.hint(),
            Self::Nowhere { .. } => "correct the name, or push the file first",
            Self::Undecodable { .. } => return None,
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::KeyFile { .. } | Self::NoAddress | Self::NoBucket => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
