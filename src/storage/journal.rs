//! Multipart uploads that are under way, written down on this machine: a file for each, locked by the process that sends it. A
//! process that is killed outright cannot take its parts back, but its lock is gone with it, which is how a later one
//! knows them from those of a writer that is at work.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::name::ObjectKey;
use crate::store::{MultipartRequest, Store, StoreError, UploadId};

use super::{Storage, StorageError};

/// How files of the journal end.
const SUFFIX: &str = ".upload.json";

/// Where uploads of one bucket are written down, beside those of others.
#[derive(Debug)]
pub(super) struct Journal {
    directory: PathBuf,
    service: String,
    bucket: String,
}

/// What is written down of an upload.
#[derive(Serialize, Deserialize)]
struct Line {
    service: String,
    bucket: String,
    key: String,
    upload: String,
}

/// An upload that is written down; it stays so unless [`Entry::done`] is called.
#[derive(Debug)]
pub(super) struct Entry {
    path: PathBuf,
    upload: UploadId,
    key: ObjectKey,
    /// Locked.
    _file: File,
}

impl Journal {
    pub(super) fn new(directory: PathBuf, service: String, bucket: String) -> Self {
        Self { directory, service, bucket }
    }

    /// Writes an upload down. The file has its name only once it is locked and whole.
    pub(super) fn begin(&self, key: &ObjectKey, upload: &UploadId) -> io::Result<Entry> {
        fs::create_dir_all(&self.directory)?;
        let mut file = tempfile::Builder::new().prefix("").suffix(".begun").tempfile_in(&self.directory)?;
        file.as_file().try_lock()?;
        let line = Line {
            service: self.service.clone(),
            bucket: self.bucket.clone(),
            key: key.to_string(),
            upload: upload.0.clone(),
        };
        file.write_all(serde_json::to_string(&line)?.as_bytes())?;
        let path = file.path().with_extension(&SUFFIX[1..]);
        let file = file.persist_noclobber(&path)?;
        Ok(Entry { path, upload: upload.clone(), key: key.clone(), _file: file })
    }

    /// What others left unfinished in this bucket. Until they are dropped nobody else has these.
    fn left(&self) -> Vec<Entry> {
        let files = fs::read_dir(&self.directory).into_iter().flatten().flatten().map(|entry| entry.path());
        let ours = files.filter(|path| path.to_string_lossy().ends_with(SUFFIX));
        ours.filter_map(|path| self.left_behind(path)).collect()
    }

    fn left_behind(&self, path: PathBuf) -> Option<Entry> {
        let mut file = File::options().read(true).write(true).open(&path).ok()?;
        file.try_lock().ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let line: Line = serde_json::from_str(&text).ok()?;
        if line.service != self.service || line.bucket != self.bucket {
            return None;
        }
        let key = ObjectKey::new(line.key).ok()?;
        Some(Entry { path, upload: UploadId(line.upload), key, _file: file })
    }
}

impl Entry {
    /// Nothing is left of the upload but, perhaps, its object.
    pub(super) fn done(self) {
        // A file that stays is about an upload that is not there, which is no error to whoever takes it back.
        let _ = fs::remove_file(&self.path);
    }
}

impl<S: Store + 'static> Storage<S> {
    /// Takes back the parts that processes of this machine left when they were killed: those that stand in the directory
    /// of [`with_journal`](super::S3Storage::with_journal), for this bucket, by no process that is still at work. Says
    /// of which keys, in their order. Sends nothing where nothing was left.
    ///
    /// # Errors
    /// The first refusal of the store; what it is about is tried again the next time.
    ///
    /// ```
    /// # use s3collect::storage::Storage;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let storage = Storage::in_memory();
    /// // Without a journal nothing is known of others.
    /// assert!(storage.take_back().await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn take_back(&self) -> Result<Vec<ObjectKey>, StorageError> {
        let Some(journal) = &self.journal else { return Ok(Vec::new()) };
        let mut left = journal.left();
        left.sort_by(|one, other| one.key.cmp(&other.key));
        let mut keys = Vec::new();
        for entry in left {
            self.give_back(&entry).await?;
            keys.push(entry.key.clone());
            entry.done();
        }
        Ok(keys)
    }

    async fn give_back(&self, entry: &Entry) -> Result<(), StoreError> {
        let request = MultipartRequest {
            key: entry.key.clone(),
            parameters: self.options.objects.parameters.clone(),
            checksum: None,
            condition: None,
        };
        self.store.abort_multipart(&request, &entry.upload).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::store::memory::MemoryStore;
    use crate::store::{Operation, StoreErrorKind};

    fn storage(directory: &tempfile::TempDir) -> Storage<MemoryStore> {
        let journal = Journal::new(directory.path().join("new"), "memory".to_owned(), "acme".to_owned());
        Storage { journal: Some(Arc::new(journal)), ..Storage::in_memory() }
    }

    fn files(directory: &tempfile::TempDir) -> usize {
        fs::read_dir(directory.path().join("new")).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn parts_that_cannot_be_taken_back_now_are_taken_back_later() {
        let directory = tempfile::tempdir().expect("a directory");
        let storage = storage(&directory);
        let mut file = storage.create("talk.mp4").expect("open");
        file.write_all(&vec![7; 6 << 20]).await.expect("written");
        assert_eq!((files(&directory), storage.take_back().await.expect("nothing").len()), (1, 0), "alive");
        for _ in 0..2 {
            storage.store().fail_next(Operation::AbortMultipartUpload, StoreErrorKind::ConnectionLost, 1);
        }
        file.abort().await;
        assert!(storage.take_back().await.is_err());
        assert_eq!((files(&directory), storage.store().open_uploads()), (1, 1));
        let keys = storage.take_back().await.expect("taken back");
        assert_eq!(keys.iter().map(ObjectKey::as_str).collect::<Vec<_>>(), ["talk.mp4"]);
        assert_eq!((files(&directory), storage.store().open_uploads()), (0, 0));
    }

    #[tokio::test]
    async fn a_finished_upload_is_not_written_down_any_more() {
        let directory = tempfile::tempdir().expect("a directory");
        let storage = storage(&directory);
        storage.save("talk.mp4", vec![7; 9 << 20]).await.expect("saved");
        storage.save("cat.txt", "meow").await.expect("saved");
        assert_eq!((files(&directory), storage.take_back().await.expect("nothing").len()), (0, 0));
    }

    /// What cannot be understood, and what is about another bucket, is left to others.
    #[tokio::test]
    async fn other_files_are_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let other = Journal::new(directory.path().join("new"), "memory".to_owned(), "other".to_owned());
        let key = ObjectKey::new("a").expect("a key");
        drop(other.begin(&key, &UploadId("1".to_owned())).expect("written down"));
        File::create(directory.path().join("new/x.upload.json")).expect("an empty file");
        let storage = storage(&directory);
        assert_eq!((storage.take_back().await.expect("nothing").len(), files(&directory)), (0, 2));
        assert_eq!(storage.store().requests(), [].into());
        assert_eq!(other.left().len(), 1);
    }
}
