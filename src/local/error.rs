//! What keeps the embedded endpoint from starting.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnose, Exit};

/// Why there is no embedded endpoint. What a request is refused for is answered to the client instead.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The directory cannot be made or written to.
    #[error("cannot use `{}` as a local bucket directory", directory.display())]
    Directory {
        /// As it was given.
        directory: PathBuf,
        /// What the file system says.
        #[source]
        source: io::Error,
    },
    /// The directory holds somebody else's files.
    #[error("`{}` is not empty and is no local bucket directory", .0.display())]
    NotOurs(PathBuf),
    /// The index is there, and cannot be opened.
    #[error("cannot open the index `{}`", index.display())]
    Index {
        /// The database file.
        index: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The index has a layout that this version does not know.
    #[error("the index `{}` was written by a newer version of s3collect", .0.display())]
    Newer(PathBuf),
    /// The port is taken or not allowed.
    #[error("cannot listen on `127.0.0.1:{port}`")]
    Listen {
        /// As it was given; 0 asks for any.
        port: u16,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A name that S3 does not take for a bucket.
    #[error("`{0}` is no bucket name")]
    BucketName(String),
    /// A bucket that is not there could not be made.
    #[error("cannot make the bucket `{bucket}`")]
    Bucket {
        /// Its name.
        bucket: String,
        /// What the index says.
        #[source]
        source: s3s::S3Error,
    },
    /// The pattern of an injected fault is no glob.
    #[error("the key pattern of a fault is no glob")]
    Pattern(#[source] globset::Error),
}

impl Diagnose for LocalError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Directory { .. } => "choose a directory that can be written to",
            Self::NotOurs(_) => "choose an empty directory, or one that does not exist yet",
            Self::Index { .. } => "if another process holds the directory, end it first",
            Self::Newer(_) => "use the newer version, or another directory",
            Self::Listen { .. } => "leave `--port` out to have a free port chosen",
            Self::BucketName(_) => {
                "use 3 to 63 lower-case letters, digits, dots and hyphens, beginning with a letter or digit"
            }
            Self::Bucket { .. } | Self::Pattern(_) => return None,
        };
        Some(text.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NotOurs(_) | Self::BucketName(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
