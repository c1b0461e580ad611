//! What is wrong with a record or a pointer that is in the bucket.

use crate::error::{Diagnose, Exit};
use crate::name::ObjectKey;
use crate::release::{ReleaseError, ReleaseId};
use crate::store::StoreError;

/// Why a record or a pointer is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The object is no pointer.
    #[error("`{key}` is no pointer to a release")]
    Pointer {
        /// Where it is.
        key: ObjectKey,
        /// Why not.
        source: ReleaseError,
    },
    /// The object is no record.
    #[error("`{key}` is no record of a release")]
    Record {
        /// Where it is.
        key: ObjectKey,
        /// Why not.
        source: ReleaseError,
    },
    /// A record that belongs elsewhere.
    #[error("`{key}` is the record of release `{id}` of `{}`", app.escape_debug())]
    Foreign {
        /// Where it is.
        key: ObjectKey,
        /// The release that it is of.
        id: ReleaseId,
        /// The app that it is of.
        app: String,
    },
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Diagnose for LedgerError {
    fn key(&self) -> Option<String> {
        match self {
            Self::Pointer { key, .. } | Self::Record { key, .. } | Self::Foreign { key, .. } => {
                Some(key.to_string())
            }
            Self::Store(error) => error.key(),
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.note(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Pointer { source, .. } | Self::Record { source, .. } => source.hint(),
            Self::Foreign { .. } => Some("the next push writes a new one".to_owned()),
            Self::Store(error) => error.hint(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            _ => Exit::Failed,
        }
    }
}
