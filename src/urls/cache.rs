//! What is remembered of manifests in buckets, so that a GET brings nothing when they are the same. A file per manifest:
//! the ETag on the first line, then the document. It can be removed at any time, and what cannot be written is not.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::manifest::Manifest;
use crate::published::Published;

/// What is remembered of one manifest.
#[derive(Debug)]
pub(super) struct Cache {
    file: Option<PathBuf>,
}

/// A manifest as it once was in its bucket.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) etag: String,
    pub(super) manifest: Manifest,
}

impl Cache {
    /// For the manifest at an address: endpoint, bucket and key.
    pub(super) fn of(directory: Option<&Path>, address: &str) -> Self {
        let name: String =
            Sha256::digest(address.as_bytes())[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { file: directory.map(|directory| directory.join("manifests").join(name)) }
    }

    /// What is remembered; `None` also for a file that is damaged.
    #[expect(clippy::disallowed_methods, reason = "the room owns these files")]
    pub(super) fn read(&self) -> Option<Remembered> {
        let text = fs::read_to_string(self.file.as_deref()?).ok()?;
        let (etag, document) = text.split_once('\n')?;
        Some(Remembered { etag: etag.to_owned(), manifest: Manifest::parse(document.as_bytes()).ok()? })
    }

    /// Remembers; a file appears whole or not at all.
    pub(super) fn write(&self, published: &Published) {
        let Some(path) = &self.file else { return };
        let write = || {
            let directory = path.parent().unwrap_or(path);
            fs::create_dir_all(directory)?;
            let mut file = NamedTempFile::new_in(directory)?;
            writeln!(file, "{}", published.etag)?;
            file.write_all(&published.document)?;
            file.persist(path).map_err(|error| error.error)
        };
        // Without it the next run fetches the manifest once more, and that is all.
        let _not_remembered = write();
    }
}
